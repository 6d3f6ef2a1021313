"""Results of a run: every view of it, with filters that all views share."""

from __future__ import annotations

from acutecast.app.pages.results.answering import server
from acutecast.app.pages.results.layout import content
from acutecast.app.visit import Page

PAGE = Page("results", "Results", content, server)
