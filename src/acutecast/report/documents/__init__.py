"""Documents made of results: an Excel workbook, and a report in Word or HTML.

Every figure comes from `acutecast.report.views.show` or from the results, so documents, pages and
the Python functions say the same.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.report.documents.document import write_document
    from acutecast.report.documents.subject import site_lists
    from acutecast.report.documents.workbook import write_workbook
    from acutecast.report.documents.written import check_endings, write_report

_HOMES = {
    "check_endings": "written",
    "site_lists": "subject",
    "write_document": "document",
    "write_report": "written",
    "write_workbook": "workbook",
}

__all__ = [
    "check_endings",
    "site_lists",
    "write_document",
    "write_report",
    "write_workbook",
]


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
