"""The assumptions of a scenario: seen, set, explained, and their effect at once."""

from __future__ import annotations

from acutecast.app.pages.assumptions.page import make, serve
from acutecast.app.visit import Page

PAGE = Page("assumptions", "Assumptions", make, serve, needs="scenario")
