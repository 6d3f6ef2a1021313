"""Any document of a run, by the ending of its name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from acutecast.compute import Watch
from acutecast.errors import Problem, raise_if_any
from acutecast.report.documents.document import ENDINGS as DOCUMENTS
from acutecast.report.documents.document import write_document
from acutecast.report.documents.workbook import write_workbook
from acutecast.report.views.selection import Selection

if TYPE_CHECKING:
    from acutecast.results.run import Run

ENDINGS = (".xlsx", *DOCUMENTS)


def check_endings(paths: Sequence[str | os.PathLike[str]]) -> None:
    """Refuse files that cannot be written in their form; all problems at once.

    Raises:
        AcutecastError: with the endings there are.
    """
    raise_if_any(
        [
            Problem(
                "reports cannot be written in this form",
                where=str(path),
                example=Path(path).suffix or "no ending",
                remedy=f"Name a file that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.",
            )
            for path in paths
            if Path(path).suffix.lower() not in ENDINGS
        ]
    )


def write_report(
    run: Run,
    path: str | os.PathLike[str],
    selection: Selection = Selection(),  # noqa: B008  # frozen
    others: Sequence[Run] = (),
    *,
    names: Sequence[str] | None = None,
    watch: Watch | None = None,
) -> None:
    """Write a run as an Excel workbook or a report, by the ending of the name.

    Arguments are those of `write_document`; `path` ends in .xlsx, .docx or .html.

    Raises:
        AcutecastError: as `write_document` and `write_workbook`.
    """
    check_endings([path])
    write = write_workbook if Path(path).suffix.lower() == ".xlsx" else write_document
    write(run, path, selection, others, names=names, watch=watch)
