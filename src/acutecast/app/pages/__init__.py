"""The pages, by their name in the address."""

from __future__ import annotations

from acutecast.app.pages import about, assumptions, compare, home, report, results, runs
from acutecast.app.visit import Page

PAGES: dict[str, Page] = {
    module.PAGE.key: module.PAGE
    for module in (home, assumptions, runs, results, compare, report, about)
}
