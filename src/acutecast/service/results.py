"""Addresses of results: the figures of a run, summed and hidden as everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from acutecast.errors import AcutecastError, Problem
from acutecast.service import tables
from acutecast.service.caller import Caller, Shared
from acutecast.service.opened import opened, threshold
from acutecast.service.questions import (
    By,
    Measures,
    Suppress,
    Where,
    Years,
    conditions,
    parts,
    years_of,
)
from acutecast.service.refusals import Refused
from acutecast.service.shapes import Problems, RunId
from acutecast.service.tables import RESPONSES, Form, Table
from acutecast.workspace.notes import told

if TYPE_CHECKING:
    import polars

    from acutecast.results import Run
    from acutecast.results.summary import Values

NO_RESULTS: dict[int | str, dict[str, Any]] = {
    409: {"model": Problems, "description": "The run has no results, or not yet."},
    406: {"model": Problems, "description": "There is no such format."},
}
ROUTES = APIRouter(prefix="/runs/{run}", tags=["results"], responses=NO_RESULTS)
_NO_SPACES = (
    "No space of the baseline is shown: the run was stored without hiding such small numbers."
)
_HIDDEN = "Baseline counts of 1 to {most}, and figures that would give them back, are not shown."
Of = Annotated[
    Literal["all", "avoided", "delivery", "converted"],
    Query(description="All of the activity, or only a part of it."),
]


@ROUTES.get("/summary", response_class=Response, responses=RESPONSES)
def summary(
    ws: Shared,
    person: Caller,
    run: RunId,
    form: Form,
    by: By = "pod",
    where: Where = None,
    measures: Measures = None,
    years: Years = "horizon",
    of: Of = "all",
    suppress: Suppress = None,
) -> Response:
    """Baseline, principal projection, P10, median, P90 and change; always split by measure too."""
    _, result = opened(ws, person, run)
    keys = tuple(dict.fromkeys((*parts(by), "measure")))
    wanted = parts(measures) or None
    frame = result.summary(keys, conditions(where), years_of(result, years), measures=wanted, of=of)
    rule = threshold(ws, result, suppress)
    return _answer(frame, _without_baselines, rule, form, "summary")


@ROUTES.get("/trajectory", response_class=Response, responses=RESPONSES)
def trajectory(
    ws: Shared,
    person: Caller,
    run: RunId,
    form: Form,
    measure: Annotated[
        str, Query(description='What is counted: beddays, admissions, …; "arrivals" is both ways.')
    ],
    where: Where = None,
    suppress: Suppress = None,
) -> Response:
    """The path of one measure from the baseline to the horizon, for a fan chart."""
    _, result = opened(ws, person, run)
    frame = result.trajectory(parts(measure) or measure, conditions(where))
    rule = threshold(ws, result, suppress)
    return _answer(frame, _without_first_year, rule, form, "trajectory")


@ROUTES.get("/attribution", response_class=Response, responses=RESPONSES)
def attribution(
    ws: Shared,
    person: Caller,
    run: RunId,
    form: Form,
    by: By = "change_factor",
    where: Where = None,
    measures: Measures = None,
    years: Years = "horizon",
    parts_form: Annotated[
        Literal["exact", "isolated"],
        Query(alias="form", description="Parts that add up, or each as if alone (horizon only)."),
    ] = "exact",
    suppress: Suppress = None,
) -> Response:
    """What the change from the baseline is made of. Name one measure, or split by measure."""
    _, result = opened(ws, person, run)
    rows = conditions(where)
    if parts(measures):
        rows["measure"] = parts(measures)
    keys, asked = parts(by), years_of(result, years)
    frame = result.attribution(keys, rows, asked, form=parts_form)
    rule = threshold(ws, result, suppress)
    return _answer(frame, _without_parts, rule, form, "attribution")


@ROUTES.get("/values", response_class=Response, responses=RESPONSES)
def values(
    ws: Shared,
    person: Caller,
    run: RunId,
    form: Form,
    by: By = "pod",
    where: Where = None,
    measures: Measures = None,
    years: Years = "horizon",
    of: Of = "all",
    suppress: Suppress = None,
) -> Response:
    """The sum in every single run, run 1 first: a list, in CSV a column for each run."""
    _, result = opened(ws, person, run)
    keys = tuple(dict.fromkeys((*parts(by), "measure")))
    asked = years_of(result, years)
    found = result.values(parts(measures) or None, keys, conditions(where), asked, of)
    if found.values.size > tables.MOST_NUMBERS:
        raise AcutecastError(
            Problem(
                f"the answer would have {found.values.size:,} numbers", "values",
                remedy=f"Ask for at most {tables.MOST_NUMBERS:,}, or fetch the files of the run.",
            )
        )  # fmt: skip
    rule = threshold(ws, result, suppress)
    return _answer(_frame_of(found), _without_baselines, rule, form, "values")


@ROUTES.get("/capacity/needs", response_class=Response, responses=RESPONSES)
def needs(
    ws: Shared,
    person: Caller,
    run: RunId,
    form: Form,
    areas: Annotated[
        str | None, Query(description="Keys of areas, joined by commas; else all.")
    ] = None,
    years: Years = "horizon",
    suppress: Suppress = None,
) -> Response:
    """What space every area needs, by both methods, with its interval."""
    from acutecast.capacity import open_capacity

    _, result = opened(ws, person, run)
    capacity = open_capacity(result)
    if capacity is None:
        raise _no_capacity(result)
    frame = capacity.needs(parts(areas) or None, years_of(result, years))
    rule = threshold(ws, result, suppress)
    notes = told(capacity.warnings, rule)
    if (rule or 0) <= (result.info.get("suppressed_below") or 0):
        return tables.answer(Table(frame, notes), form, "needs")
    # The run was not stored with this rule, and its spaces do not say of how many patients they
    # are; so none of them is shown as it was.
    frame = frame.with_columns(frame["baseline"].clear(len(frame)))
    return tables.answer(Table(frame, [*notes, _NO_SPACES]), form, "needs")


def _no_capacity(run: Run) -> Refused:
    problem = Problem(
        "the run has no capacity", run.name, remedy='Ask for a run with "capacity": true.'
    )
    return Refused(409, problem)


def _frame_of(found: Values) -> polars.DataFrame:
    """Give the values of all runs as a table: the keys, year, baseline, and a list of runs."""
    import numpy as np
    import polars as pl

    groups, n_years, runs = found.values.shape
    baseline = np.repeat(found.baseline, n_years)
    columns = {
        name: pl.Series(name, np.repeat(labels, n_years).tolist(), pl.String)
        for name, labels in found.keys.items()
    }
    columns["year"] = pl.Series("year", np.tile(np.asarray(found.years, np.int32), groups))
    columns["baseline"] = pl.Series("baseline", baseline)
    listed = pl.Series("values", np.ascontiguousarray(found.values.reshape(-1, runs)))
    frame = pl.DataFrame({**columns, "values": listed.cast(pl.List(pl.Int64))})
    shown = pl.when(pl.col("baseline") >= 0).then(pl.col("baseline"))
    return frame.with_columns(shown.alias("baseline"))


def _answer(
    frame: polars.DataFrame,
    hide: Callable[[polars.DataFrame, int], polars.DataFrame],
    rule: int | None,
    form: str,
    name: str,
) -> Response:
    """Give figures as an answer, hidden where there is a rule for small numbers."""
    if rule is None:
        return tables.answer(Table(frame), form, name)
    notes = [_HIDDEN.format(most=rule - 1)]
    return tables.answer(Table(hide(frame, rule), notes), form, name)


def _without_baselines(frame: polars.DataFrame, rule: int) -> polars.DataFrame:
    """Empty small counts, and what would give them back in their row."""
    from acutecast.results import hide_small_counts

    return hide_small_counts(frame, rule)


def _without_first_year(frame: polars.DataFrame, rule: int) -> polars.DataFrame:
    """Empty the first year of a path, the baseline, where its count is small."""
    import polars as pl

    from acutecast.results.suppress import is_small

    first = frame["mean"][0]
    if first is None or not is_small(frame["mean"].head(1).to_numpy(), rule)[0]:
        return frame
    figures = [name for name in frame.columns if name != "year"]
    hidden = pl.lit(None, pl.Float64)
    later = pl.int_range(pl.len()) > 0
    return frame.with_columns(
        pl.when(later).then(pl.col(name)).otherwise(hidden).alias(name) for name in figures
    )


def _without_parts(frame: polars.DataFrame, rule: int) -> polars.DataFrame:
    """Leave out the parts of small counts, which would give those back."""
    import polars as pl

    shown = _without_baselines(frame, rule)["baseline"].is_not_null()
    return frame.filter(pl.Series(shown))
