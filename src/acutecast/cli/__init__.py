"""The command `acutecast`: how people and scripts run the model from a terminal."""

from acutecast.cli.main import main

__all__ = ["main"]
