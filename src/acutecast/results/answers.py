"""Answers from a stored run: a question is checked, a table chosen, its rows summed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.errors import AcutecastError, Problem
from acutecast.results.cells import Cells, Labels, combine, group_baseline, group_sums
from acutecast.results.questions import (
    ORDERS,
    UNITS,
    Question,
    as_tuple,
    ask,
    check_years,
    choose_tables,
    column,
    display_order,
)
from acutecast.results.summary import Values, principal, quantile_name, quantiles

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

_FORMS = {"exact": "attribution", "isolated": "step_counts"}
_PART_COLUMNS = ("activity_type", "pod", "sitetret", "measure", "change_factor", "strategy")


def values(
    run: Run,
    measures: str | Sequence[str] | None,
    by: Sequence[str],
    where: Mapping[str, Any],
    years: Sequence[int] | int | None,
    of: str,
) -> Values:
    """Answer `Run.values`."""
    question = ask(run.info, measures, by, where, years, of)
    chosen = choose_tables(question, run.info["tables"])
    tables = {activity: run.cube(name) for activity, name in chosen.items()}
    _check_values(question, list(tables.values()))
    answers = [_sum(question, activity, table) for activity, table in tables.items()]
    # Unlike measures are never added, so the groups of two activity types are never the same.
    keys = {name: np.concatenate([answer.keys[name] for answer in answers]) for name in question.by}
    baseline = np.concatenate([answer.baseline for answer in answers])
    sums = np.concatenate([answer.values for answer in answers])
    order = display_order(keys)
    return Values(
        {name: labels[order] for name, labels in keys.items()},
        question.years,
        baseline[order],
        sums[order],
    )


def _sum(question: Question, activity: str, table: Cells) -> Values:
    """Sum the selected rows of one table by group and year."""
    keep = table.keys["measure"].among(question.measures) & np.isin(table.year, question.years)
    for name, wanted in question.where.items():
        if name != "activity_type":
            keep &= column(table.keys, name).among(wanted)
    rows = np.flatnonzero(keep)
    labels = [_group_column(question, table, activity, name).only(rows) for name in question.by]
    group, codes = combine(labels, len(rows))
    n_groups = len(codes[0]) if codes else 1
    years = np.array(question.years)
    order = np.argsort(years)
    year = order[np.searchsorted(years, table.year[rows], sorter=order)]
    n_years = len(years)
    whole = None if len(rows) == len(table.year) else rows
    sums = group_sums(table.values, group * n_years + year, n_groups * n_years, whole)
    first = year == 0
    return Values(
        {
            name: np.array(label.names, dtype=object)[code]
            for name, label, code in zip(question.by, labels, codes, strict=True)
        },
        question.years,
        group_baseline(table.baseline[rows[first]], group[first], n_groups),
        sums.reshape(n_groups, n_years, table.values.shape[1]),
    )


def _group_column(question: Question, table: Cells, activity: str, name: str) -> Labels:
    """Give the column that splits an answer."""
    if name == "activity_type":
        return Labels(np.zeros(len(table.year), dtype=np.int32), (activity,))
    labels = column(table.keys, name)
    if name == "measure" and question.merged:
        return labels.renamed(lambda old: "arrivals" if UNITS.get(old) == "arrivals" else old)
    return labels


def _check_values(question: Question, tables: Sequence[Cells]) -> None:
    """Report selected values that no table has; a typing error must not read as zero."""
    problems = []
    for name, wanted in question.where.items():
        if name == "activity_type":
            known = set(ORDERS[name])
        else:
            known = {*ORDERS.get(name, ())}.union(*(column(t.keys, name).names for t in tables))
        unknown = [value for value in wanted if value not in known]
        if unknown:
            some = ", ".join(sorted(known)[:40])
            problems.append(
                Problem(
                    "no such value", name, example=", ".join(unknown), remedy=f"There are {some}."
                )
            )
    if problems:
        raise AcutecastError(problems, "The question cannot be answered")


def trajectory(
    run: Run, measure: str | Sequence[str], where: Mapping[str, Any]
) -> polars.DataFrame:
    """Answer `Run.trajectory`."""
    import polars as pl

    answer = values(run, measure, (), where, run.years, "all")
    at = (0.1, 0.5, 0.9)
    base = None if answer.baseline[0] < 0 else float(answer.baseline[0])
    columns: dict[str, list] = {"year": [run.baseline_year, *run.years]}
    columns["mean"] = [base, *principal(answer.values[0]).tolist()]
    for name, line in zip(map(quantile_name, at), quantiles(answer.values[0], at), strict=True):
        columns[name] = [base, *line.tolist()]
    return pl.DataFrame(columns, schema_overrides={"year": pl.Int32})


def part_sums(
    table: Cells, by: Sequence[str], where: Mapping[str, tuple[str, ...]], years: Sequence[int]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Sum parts inside each run.

    Returns:
        The group columns, and float64 (groups, years, runs).
    """
    keep = np.isin(table.year, years)
    for name, wanted in where.items():
        keep &= table.keys[name].among(wanted)
    rows = np.flatnonzero(keep)
    labels = [table.keys[name].only(rows) for name in by]
    group, codes = combine(labels, len(rows))
    n_groups = len(codes[0]) if codes else 1
    position = {year: i for i, year in enumerate(years)}
    year = np.array([position[y] for y in table.year[rows].tolist()], dtype=np.int64)
    sums = group_sums(table.values, group * len(years) + year, n_groups * len(years), rows)
    keys = {
        name: np.array(label.names, dtype=object)[code]
        for name, label, code in zip(by, labels, codes, strict=True)
    }
    order = display_order(keys)
    keys = {name: key[order] for name, key in keys.items()}
    return keys, sums.reshape(n_groups, len(years), table.values.shape[1])[order]


def attribution(
    run: Run,
    by: Sequence[str],
    where: Mapping[str, Any],
    years: Sequence[int] | int | None,
    interval: tuple[float, float],
    form: str = "exact",
) -> polars.DataFrame:
    """Answer `Run.attribution`."""
    import polars as pl

    by = tuple(dict.fromkeys(name for name in as_tuple(by) if name != "year"))
    kept = {name: as_tuple(value) for name, value in where.items()}
    if form not in _FORMS:
        raise AcutecastError(
            Problem(f'there is no form "{form}"', "form", remedy="Write exact or isolated.")
        )
    table = run.parts(_FORMS[form])
    # The isolated form has rows of the baseline, which are no part of the change.
    names = table.keys["change_factor"].names
    changes = {"change_factor": tuple(name for name in names if name != "baseline")}
    kept = changes | kept
    if "measure" in kept:
        kept["measure"] = _apart(kept["measure"], table.keys["measure"].names)
    _check_parts(table, by, kept)
    asked = check_years(years, run.info)
    keys, sums = part_sums(table, by, kept, asked)
    # What the parts belong to: the same selection, not split by part.
    outer = tuple(name for name in by if name not in ("change_factor", "strategy"))
    around = {k: v for k, v in kept.items() if k not in ("change_factor", "strategy")}
    around_parts = around | changes
    outer_keys, totals = part_sums(table, outer, around_parts, asked)
    base = _baselines(run, outer, around)
    at = dict(zip(map(quantile_name, interval), quantiles(sums, interval), strict=True))
    names = list(zip(*(keys[name].tolist() for name in outer), strict=True))
    names = names or [()] * len(sums)
    outer_names = list(zip(*(outer_keys[name].tolist() for name in outer), strict=True)) or [()]
    change = {name: principal(totals[i]) for i, name in enumerate(outer_names)}
    n_years = len(asked)
    columns: dict[str, Any] = {name: np.repeat(key, n_years).tolist() for name, key in keys.items()}
    columns["year"] = np.tile(np.array(asked, dtype=np.int32), len(sums))
    columns["mean"] = principal(sums).ravel()
    columns |= {name: value.ravel() for name, value in at.items()}
    counts = [base.get(name, 0) for name in names]
    columns["baseline"] = [count for count in counts for _ in asked]
    columns["total"] = [
        None if count is None else count + float(change[name][y])
        for name, count in zip(names, counts, strict=True)
        for y in range(n_years)
    ]
    text = dict.fromkeys(by, pl.String)
    return pl.DataFrame(
        columns, schema_overrides=text | {"baseline": pl.Int64, "total": pl.Float64}
    )


def _apart(measures: Sequence[str], have: Sequence[str]) -> tuple[str, ...]:
    """Put the two ways of arriving in the place of "arrivals", where a table has them apart."""
    ways = {} if "arrivals" in have else {"arrivals": ("walk-in", "ambulance")}
    return tuple(dict.fromkeys(way for name in measures for way in ways.get(name, (name,))))


def _baselines(
    run: Run, by: tuple[str, ...], where: Mapping[str, tuple[str, ...]]
) -> dict[tuple[str, ...], int | None]:
    """Give the baseline count of each group; None where suppressed."""
    names = where.get("measure") or run.parts("attribution").keys["measure"].names
    answer = values(run, names, by, where, None, "all")
    groups = list(zip(*(answer.keys[name].tolist() for name in by), strict=True)) or [()]
    counts = answer.baseline.tolist()
    return {g: None if n < 0 else n for g, n in zip(groups, counts, strict=True)}


def _check_parts(table: Cells, by: tuple[str, ...], where: Mapping[str, tuple[str, ...]]) -> None:
    """Report everything wrong with a question about parts."""
    problems = [
        Problem(
            "parts of the change have no such column",
            where="by" if name in by else "where",
            example=name,
            remedy=f"They have {', '.join(_PART_COLUMNS)}.",
        )
        for name in dict.fromkeys((*by, *where))
        if name not in _PART_COLUMNS
    ]
    for name, wanted in where.items():
        names = table.keys[name].names if name in table.keys else ()
        unknown = [value for value in wanted if name in table.keys and value not in names]
        if unknown:
            have = ", ".join(sorted(names)[:40])
            problems.append(
                Problem(
                    "no such value", name, example=", ".join(unknown), remedy=f"There are {have}."
                )
            )
    if not problems and "measure" not in by:
        keep = np.ones(len(table.year), dtype=bool)
        for name, wanted in where.items():
            keep &= table.keys[name].among(wanted)
        found = [
            table.keys["measure"].names[i] for i in np.unique(table.keys["measure"].codes[keep])
        ]
        if len({UNITS.get(name, name) for name in found}) > 1:
            problems.append(
                Problem(
                    "parts of unlike measures cannot be added",
                    where="measure",
                    example=", ".join(sorted(found)),
                    remedy='Name one in `where`, or split by "measure".',
                )
            )
    if problems:
        raise AcutecastError(problems, "The question cannot be answered")
