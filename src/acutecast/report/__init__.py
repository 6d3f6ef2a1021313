"""How a stored run is shown on paper: pictures made from its summaries."""
