"""Comparison of runs: paired differences, how likely more, what differs, and why."""

from __future__ import annotations

from acutecast.app.pages.compare.answering import server
from acutecast.app.pages.compare.layout import content
from acutecast.app.visit import Page

PAGE = Page("compare", "Compare", content, server)
