"""Every way to look at a run: a table, a chart and words of one selection.

Pages, workbooks, documents and the Python functions all call `show`, so their figures are equal.
"""

from __future__ import annotations

from acutecast.report.views.asked import NotStored
from acutecast.report.views.choosing import choices
from acutecast.report.views.compare import comparison
from acutecast.report.views.explained import explained
from acutecast.report.views.look import colours, for_print, png, spec, svg, theme
from acutecast.report.views.registry import VIEWS, show, view
from acutecast.report.views.selection import Selection, from_query, to_query
from acutecast.report.views.shown import GROUPS, Column, Shown, View, as_text

__all__ = [
    "GROUPS",
    "VIEWS",
    "Column",
    "NotStored",
    "Selection",
    "Shown",
    "View",
    "as_text",
    "choices",
    "colours",
    "comparison",
    "explained",
    "for_print",
    "from_query",
    "png",
    "show",
    "spec",
    "svg",
    "theme",
    "to_query",
    "view",
]
