"""Taking results away: a workbook or a report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from acutecast.compute import Watch

if TYPE_CHECKING:
    from acutecast.results import Run


def write_report(
    run: Run | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    compare: Sequence[Run | str | os.PathLike[str]] = (),
    names: Sequence[str] | None = None,
    sites: Sequence[str] = (),
    ip_sites: Sequence[str] = (),
    op_sites: Sequence[str] = (),
    aae_sites: Sequence[str] = (),
    year: int | None = None,
    suppress: int | None = None,
    watch: Watch | None = None,
) -> None:
    """Write a run as an Excel workbook, a Word report or an HTML report.

    Figures are those that the web application and `Run.summary` give for the same selection. The
    same run gives the same bytes.

    Args:
        run: a stored run, or its folder or URL.
        path: the file to write, whole or not at all; it ends in .xlsx, .docx or .html.
        compare: runs to compare it with.
        names: a name for each run, its own first; those of the scenarios where None.
        sites: only these sites, for every activity type without a list of its own; all if empty.
        ip_sites: only these sites of inpatients.
        op_sites: only these sites of outpatients.
        aae_sites: only these sites of emergency care.
        year: the year that tables of one year show; the horizon where None.
        suppress: leave baseline counts from 1 to one less than this empty.
        watch: is told of progress.

    Raises:
        AcutecastError: for another ending, sites and years that the run does not have, and where
            the extra `report` is not installed.
    """
    from acutecast.api.questions import _opened
    from acutecast.report.documents import check_endings, site_lists, write_report
    from acutecast.report.views import Selection

    check_endings([path])
    opened = _opened(run)
    chosen = site_lists(opened, sites, ip_sites, op_sites, aae_sites)
    selection = replace(Selection(year=year, suppress=suppress), **chosen)
    others = [_opened(other) for other in compare]
    write_report(opened, path, selection, others, names=names, watch=watch)
