"""Acutecast plans acute hospitals."""

__version__ = "0.1.0"
