"""The Word and the HTML report, written by the ending of their name."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Problem
from acutecast.files import write_bytes
from acutecast.report.documents.subject import missing, subject_of
from acutecast.report.documents.whole_file import local_file
from acutecast.report.views.selection import Selection

if TYPE_CHECKING:
    from acutecast.results.run import Run

ENDINGS = (".docx", ".html")
_PARTS = 20
"""Parts in which progress is told."""


def write_document(
    run: Run,
    path: str | os.PathLike[str],
    selection: Selection = Selection(),  # noqa: B008  # frozen
    others: Sequence[Run] = (),
    *,
    names: Sequence[str] | None = None,
    watch: Watch | None = None,
) -> None:
    """Write a report of a run: assumptions with reasons, results, capacity, method and limits.

    Figures are those that `show` gives for the same selection. The same run gives the same bytes.

    Args:
        run: a stored run.
        path: the file to write, whole or not at all: `.docx`, or `.html`, which needs no network.
        selection: sites by activity type, year, and the smallest baseline count shown. Other
            filters are put aside: a report goes through all of those.
        others: runs to compare it with.
        names: a name for each run, its own first; those of the scenarios where None.
        watch: is told of progress.

    Raises:
        AcutecastError: for another ending, where the extra is not installed, and for a selection
            that does not fit.
    """
    file = local_file(path)
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise AcutecastError(
            Problem(
                "documents cannot be written in this form",
                where=str(path),
                example=ending or "no ending",
                remedy=f"Name a file that ends in {' or '.join(ENDINGS)}.",
            )
        )
    word = ending == ".docx"
    if word:
        try:
            from acutecast.report.documents.word import word_bytes
        except ModuleNotFoundError as error:
            raise missing(error) from error
    from acutecast.report.documents.content import report_content

    subject = subject_of(run, selection, others, names)
    stage, began = "Word report" if word else "HTML report", time.perf_counter()

    def tell(share: float) -> None:
        if watch is not None:
            watch(Event(stage, round(_PARTS * share), _PARTS, time.perf_counter() - began))

    # Looking everything up takes about as long as drawing it.
    content = report_content(subject, lambda share: tell(share / 2))
    if word:
        written = word_bytes(content, subject.created, lambda share: tell((1 + share) / 2))
    else:
        from acutecast.report.documents.html import html_text

        written = html_text(content, lambda share: tell((1 + share) / 2)).encode()
    write_bytes(file, written)
