"""Runs the command: `python -m acutecast`."""

from acutecast.cli import main

main()
