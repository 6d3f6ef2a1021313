"""Several providers' runs added up inside each run: a system, a region, a nation.

A roll-up is a run folder like any other, whose sites are the providers (or systems) it is made of,
so that everything that reads runs reads it. Counts of a model run are added before any quantile
is taken; what all providers share (assumptions of one name and seed) was drawn once, so its
uncertainty stays, and only chance averages out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from acutecast.demand.cube import Draws
from acutecast.errors import Problem, raise_if_any
from acutecast.files import whole_folder
from acutecast.results.cells import Cells, Labels, combine, group_baseline, group_sums
from acutecast.results.provider_notes import by_note, gather
from acutecast.results.run import Run, open_run
from acutecast.results.store import FORMAT, FORMAT_VERSION, write_cells, write_draws

PLACE = "sitetret"
# Bits of a row's number that each column takes; 7 where not named. Together they fit in 63.
_BITS = {PLACE: 12, "tretspef": 12, "strategy": 10, "sex": 3, "measure": 4, "pod": 6, "year": 8}


@dataclass
class _Sum:
    """A table being added up: rows by number, ascending.

    Attributes:
        number: int64, (rows,); the labels and the year of a row as one number.
        baseline: int64, (rows,); -1 where one of the counts is suppressed; None for parts.
        values: (rows, runs).
    """

    number: np.ndarray
    baseline: np.ndarray | None
    values: np.ndarray


class _Names:
    """The names of every column met so far, each with its code."""

    def __init__(self) -> None:
        self.codes: dict[str, dict[str, int]] = {}

    def of(self, column: str, names: Sequence[str]) -> np.ndarray:
        known = self.codes.setdefault(column, {})
        return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int64)


@dataclass(frozen=True)
class Addend:
    """One run of a sum.

    Attributes:
        path: its folder.
        place: what to call the place it counts in; None to keep its sites.
        taken: whether it is taken away rather than added.
    """

    path: str | os.PathLike[str]
    place: str | None = None
    taken: bool = False


def roll_up(
    addends: Sequence[Addend],
    target: str | os.PathLike[str],
    dataset: str,
    scenario_json: str,
    draws: Draws,
) -> Run:
    """Add up runs and store the sum as a run, whole or not at all.

    Where every addend has a place, tables are written place by place, so that in memory there is
    never more than one table of one place.

    Args:
        addends: the runs; they have the same seed, years and number of runs.
        target: the folder to make, a path or an fsspec URL; an earlier one is replaced.
        dataset: what the sum is called.
        scenario_json: the national scenario as its file holds it.
        draws: what each run used of the national assumptions.

    Raises:
        AcutecastError: where the runs differ in what they must share.
    """
    opened = [(addend, open_run(addend.path)) for addend in addends]
    _check(opened)
    groups = _by_place(opened)
    names = list(dict.fromkeys(name for _, run in opened for name in run.info["tables"]))
    tables: dict[str, dict[str, Any]] = {}
    with whole_folder(target) as folder:
        (folder / "cube").mkdir()
        for name in sorted(names):
            if name == "draws.parquet":
                rows = write_draws(folder / name, draws)
                about: dict[str, Any] = {"assumptions": len(draws.names)}
            else:
                first = next(run for _, run in opened if name in run.info["tables"])
                about = dict(first.info["tables"][name])
                rows = write_cells(folder / name, _sums(name, groups, about["years"]))
            about = {key: about[key] for key in about if key not in ("rows", "bytes")}
            tables[name] = {"rows": rows, "bytes": (folder / name).stat().st_size} | about
        (folder / "scenario.json").write_text(scenario_json, encoding="utf-8")
        _write_about(folder, opened, dataset, scenario_json, tables)
    return open_run(target)


def _check(opened: Sequence[tuple[Addend, Run]]) -> None:
    keys = ("runs", "seed", "years", "baseline_year", "horizon_year", "suppressed_below")
    first = opened[0][1]
    raise_if_any(
        [
            Problem(
                f"its {key.replace('_', ' ')} is {run.info[key]}, and that of "
                f"{first.info['dataset']} is {first.info[key]}",
                where=run.path,
                remedy="Run them in one national run.",
            )
            for _, run in opened
            for key in keys
            if run.info[key] != first.info[key]
        ],
        "These runs cannot be added up",
    )


def _by_place(opened: Sequence[tuple[Addend, Run]]) -> list[list[tuple[Addend, Run]]]:
    """Group addends whose rows may meet: those of one place, or all where one keeps its sites."""
    if any(addend.place is None for addend, _ in opened):
        return [list(opened)]
    groups: dict[str, list[tuple[Addend, Run]]] = {}
    for addend, run in opened:
        groups.setdefault(addend.place or "", []).append((addend, run))
    return [groups[place] for place in sorted(groups)]


def _sums(
    name: str, groups: Sequence[Sequence[tuple[Addend, Run]]], years: Sequence[int]
) -> Iterator[Cells]:
    for group in groups:
        having = [(addend, run) for addend, run in group if name in run.info["tables"]]
        if having:
            yield _add_up(name, having, years)


def _add_up(name: str, opened: Sequence[tuple[Addend, Run]], years: Sequence[int]) -> Cells:
    """Add up one table of runs; one run's table is in memory at a time."""
    names, total, columns = _Names(), None, None
    for addend, run in opened:
        # Not through the run's own memory, which would keep every table.
        cells = Run(run.path, run.info)._table(name)
        columns = columns or tuple(cells.keys)
        part = _numbered(cells, columns, addend, names, years)
        total = part if total is None else _plus(total, part)
    assert total is not None
    assert columns is not None
    return _cells(name, total, columns, names)


def _numbered(
    cells: Cells, columns: Sequence[str], addend: Addend, names: _Names, years: Sequence[int]
) -> _Sum:
    """Give one run's table with the place instead of its sites, summed and numbered."""
    keys = dict(cells.keys)
    if addend.place is not None:
        place = addend.place
        keys[PLACE] = keys[PLACE].renamed(lambda _: place)
    year = Labels(np.searchsorted(years, cells.year).astype(np.int32), tuple(map(str, years)))
    labels = [*(keys[name] for name in columns), year]
    group, codes = combine(labels, len(cells.year))
    n_groups = len(codes[0]) if codes else 0
    number = np.zeros(n_groups, dtype=np.int64)
    for name, label, code in zip((*columns, "year"), labels, codes, strict=True):
        own = names.of(name, label.names)
        bits = _BITS.get(name, 7)
        assert len(names.codes[name]) <= 1 << bits, name
        number = (number << bits) | own[code]
    order = np.argsort(number)
    values = group_sums(cells.values, group, n_groups)[order]
    baseline = None
    if "change_factor" not in columns:
        baseline = group_baseline(cells.baseline, group, n_groups)[order]
    return _Sum(number[order], baseline, -values if addend.taken else values)


def _plus(total: _Sum, part: _Sum) -> _Sum:
    """Add a part to a sum, in place where it has no rows of its own."""
    at = np.searchsorted(total.number, part.number)
    inside = np.minimum(at, max(0, len(total.number) - 1))
    known = len(total.number) > 0 and bool(np.all(total.number[inside] == part.number))
    if not known:
        number = np.union1d(total.number, part.number)
        wider = _Sum(
            number,
            None if total.baseline is None else np.zeros(len(number), dtype=np.int64),
            np.zeros((len(number), part.values.shape[1]), dtype=total.values.dtype),
        )
        _add_into(wider, total)
        total, inside = wider, np.searchsorted(number, part.number)
    _add_into(total, part, inside)
    return total


def _add_into(total: _Sum, part: _Sum, at: np.ndarray | None = None) -> None:
    at = np.searchsorted(total.number, part.number) if at is None else at
    total.values[at] += part.values
    if total.baseline is not None:
        assert part.baseline is not None
        hidden = (total.baseline[at] < 0) | (part.baseline < 0)
        total.baseline[at] = np.where(hidden, -1, total.baseline[at] + part.baseline)


def _cells(name: str, total: _Sum, columns: Sequence[str], names: _Names) -> Cells:
    """Turn numbers back into labels, rows by year."""
    number, keys = total.number.copy(), {}
    year = number & ((1 << _BITS["year"]) - 1)
    year_of_code = np.array([int(text) for text in names.codes["year"]], dtype=np.int32)
    number >>= _BITS["year"]
    for column in reversed(columns):
        bits = _BITS.get(column, 7)
        code = (number & ((1 << bits) - 1)).astype(np.int32)
        keys[column] = Labels(code, tuple(names.codes[column]))
        number >>= bits
    year = year_of_code[year]
    order = np.argsort(year, kind="stable")
    return Cells(
        Path(name).stem,
        {column: keys[column].only(order) for column in columns},
        year[order],
        np.zeros(0, dtype=np.int64) if total.baseline is None else total.baseline[order],
        total.values[order],
    )


def _write_about(
    folder: Path,
    opened: Sequence[tuple[Addend, Run]],
    dataset: str,
    scenario_json: str,
    tables: Mapping[str, Any],
) -> None:
    first = opened[0][1].info
    inputs = {
        f"{run.info['dataset']} {addend.place or ''}".strip(): hashlib.sha256(
            json.dumps(run.info["inputs"], sort_keys=True).encode()
        ).hexdigest()
        for addend, run in opened
    }
    rows: dict[str, int] = {}
    for addend, run in opened:
        if addend.taken:
            continue
        for key, count in run.info["rows"].items():
            rows[key] = rows.get(key, 0) + count
    rolled_up = sorted(
        {name for _, run in opened for name in run.info.get("rolled_up", [run.info["dataset"]])}
    )
    notes = gather(run.info for addend, run in opened if not addend.taken)
    # What keeps its sites is one provider, with what moved to it from others.
    alone = any(addend.place is None for addend, _ in opened)
    same = ("acutecast", "baseline_year", "horizon_year", "years", "runs", "seed")
    about = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "scenario": json.loads(scenario_json).get("name", ""),
        "dataset": dataset,
        **{key: first[key] for key in same},
        "inputs": inputs | {"scenario": hashlib.sha256(scenario_json.encode()).hexdigest()},
        "tpma_rules": _common(run.info["tpma_rules"] for _, run in opened),
        "rows": rows,
        "suppressed_below": first["suppressed_below"],
        "warnings": by_note(notes, [dataset] if alone else rolled_up, first["suppressed_below"]),
        "notes_by_provider": notes,
        "rolled_up": rolled_up,
        "tables": dict(tables),
    }
    timings = {"created": opened[0][1].timings["created"], "source": "", "seconds": {}}
    for name, content in (("timings.json", timings), ("run.json", about)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _common(values: Any) -> str:
    found = sorted(set(values))
    return found[0] if len(found) == 1 else "several"
