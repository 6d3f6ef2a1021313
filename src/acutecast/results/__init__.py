"""The stored run, and the one place where summaries, differences and attributions are computed."""
