"""Seeing results and taking them away: a chart, a workbook, a report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acutecast.compute import Watch
from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    from acutecast.results import Run

_OVERVIEW = "projection"


def plot(
    run: Run | str | os.PathLike[str],
    what: str = _OVERVIEW,
    out: str | os.PathLike[str] | None = None,
    *,
    measure: str = "",
    pods: Sequence[str] = (),
    sites: Sequence[str] = (),
    year: int | None = None,
    suppress: int | None = None,
) -> Any:
    """Draw a run; a notebook shows what comes back.

    Args:
        run: a stored run, or one of `sweep`, or a folder or URL.
        what: "projection" for the main measures year by year on one page; or a view of the web
            application: "summary", "trajectory", "distribution", "sensitivity", "impact", "tpmas",
            "stays", "pyramid", "specialty", "acuity"; of a run with capacity also "capacity",
            "shortage", "week", "beds".
        out: a file to write the picture to as well; it ends in .png, .svg or .html.
        measure: of a view, "beddays", "admissions", …; its own choice if empty.
        pods: of a view, only these points of delivery.
        sites: of a view, only these sites.
        year: of a view, the year; the horizon where None.
        suppress: of a view, hide baseline counts from 1 to one less than this.

    Returns:
        An Altair chart.

    Raises:
        AcutecastError: for views, measures, sites and years that the run does not have, and where
            there is nothing to draw.
    """
    from acutecast.api.questions import _opened
    from acutecast.report import projection_chart, save_chart

    opened = _opened(run)
    if what == _OVERVIEW:
        chart = projection_chart(opened)
    else:
        chart = _chart_of_view(opened, what, measure, pods, sites, year, suppress)
    if out is not None:
        save_chart(chart, out)
    return chart


def _chart_of_view(
    run: Run,
    what: str,
    measure: str,
    pods: Sequence[str],
    sites: Sequence[str],
    year: int | None,
    suppress: int | None,
) -> Any:
    """Draw a view, as it is printed."""
    from acutecast.report.documents import site_lists
    from acutecast.report.views import VIEWS, Selection, for_print, show

    known = (_OVERVIEW, *(view.key for view in VIEWS))
    if what not in known:
        raise AcutecastError(
            Problem(f'"{what}" is no picture', "what", remedy=f"Choose among {', '.join(known)}.")
        )
    chosen = site_lists(run, sites, (), (), ())
    selection = replace(
        Selection(measure=measure, pods=tuple(pods), year=year, suppress=suppress), **chosen
    )
    shown = show(run, what, selection)
    charts = [for_print(part.chart, title=part.title) for part in shown if part.chart is not None]
    if not charts:
        notes = " ".join(note for part in shown for note in part.notes)
        raise AcutecastError(Problem("there is nothing to draw", what, remedy=notes))
    if len(charts) == 1:
        return charts[0]
    return _below_each_other([chart.to_dict() for chart in charts])


def _below_each_other(specs: list[dict[str, Any]]) -> Any:
    """Make one chart of the specifications of several; what they share stands once, at its top."""
    import altair as alt

    whole = {"vconcat": specs, "spacing": 36, "datasets": {}}
    for found in specs:
        whole["datasets"] |= found.pop("datasets", {})
        for name in ("$schema", "config", "background", "padding"):
            whole[name] = found.pop(name)
    return alt.Chart.from_dict(whole)


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
