"""Writes a run as the eleven tables of the NHP demand model, so that its readers go on working.

Same file names, column names and order, types, labels, order of rows and zero-filling as version
5.2 of that model writes to a local folder, with three differences: `value` is always int64 where
that model gives float64 whenever it filled a gap, text is dictionary-encoded on disk, and step
counts are as it writes them since (no run 0, rows without a site kept).
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.errors import AcutecastError, Problem
from acutecast.files import local_only, whole_folder
from acutecast.results.cells import Cells, Labels, combine, group_baseline, group_sums
from acutecast.results.long_table import sorted_labels, write_long
from acutecast.results.questions import column
from acutecast.results.store import PLACE_OF_PARTS
from acutecast.results.suppress import is_small

if TYPE_CHECKING:
    from acutecast.results.run import Run

_METADATA = ("dataset", "scenario", "app_version", "create_datetime")
_STEP_KEYS = ("activity_type", "sitetret", "pod", "change_factor", "strategy", "measure")
_SDEC_POD = "aae_type-05"


@dataclass(frozen=True)
class Source:
    """A stored table that adds to an NHP table.

    Attributes:
        view: its name.
        measures: the measures taken; all where empty.
        constants: columns it has not, with the value all its rows get.
        filled_like: a view whose baseline says which keys are listed even where all is zero: that
            model lists outpatient and emergency keys because rows exist, not because they count.
        pairs: whether both of its measures are listed wherever one is.
    """

    view: str
    measures: tuple[str, ...] = ()
    constants: tuple[tuple[str, str], ...] = ()
    filled_like: str = ""
    pairs: bool = False


@dataclass(frozen=True)
class Table:
    """One NHP table of counts.

    Attributes:
        keys: its key columns in order.
        sources: where its counts come from.
        sdec_fill: the value of its last key column with which every type 5 department and measure
            is listed, as converted same-day emergency care counts there.
    """

    keys: tuple[str, ...]
    sources: tuple[Source, ...]
    sdec_fill: str = ""


def _all(ip: str, op: str, aae: str) -> tuple[Source, ...]:
    return (Source(ip), Source(op, filled_like=op, pairs=True), Source(aae, filled_like=aae))


_CONVERTED = (("tretspef", "Other"),)
TABLES: dict[str, Table] = {
    "default": Table(("pod", "sitetret", "measure"), _all("ip_people", "op_people", "aae_people")),
    "sex+age_group": Table(
        ("pod", "sitetret", "sex", "age_group", "measure"),
        _all("ip_people", "op_people", "aae_people"),
    ),
    "age": Table(("pod", "sitetret", "age", "measure"), _all("ip_age", "op_age", "aae_age")),
    "sex+tretspef_grouped": Table(
        ("pod", "sitetret", "sex", "tretspef_grouped", "measure"),
        (
            Source("ip_full"),
            Source("op_full", filled_like="op_full", pairs=True),
            Source("sdec_converted", ("walk-in",), _CONVERTED),
        ),
    ),
    "tretspef": Table(
        ("pod", "sitetret", "tretspef", "measure"),
        (
            Source("ip_full"),
            Source("op_full", filled_like="op_full", pairs=True),
            Source("sdec_converted", ("walk-in",), _CONVERTED),
        ),
    ),
    "tretspef+los_group": Table(
        ("pod", "sitetret", "tretspef", "los_group", "measure"), (Source("ip_full"),)
    ),
    "delivery_episode_in_spell": Table(("pod", "sitetret", "measure"), (Source("ip_delivery"),)),
    "acuity": Table(
        ("pod", "sitetret", "measure", "acuity"), (Source("aae_acuity"),), sdec_fill="standard"
    ),
    "attendance_category": Table(
        ("pod", "sitetret", "measure", "attendance_category"),
        (Source("aae_acuity"),),
        sdec_fill="1",
    ),
    "avoided_activity": Table(
        ("pod", "sitetret", "sex", "age_group", "measure"),
        (
            Source("ip_avoided"),
            Source("op_avoided", filled_like="op_people", pairs=True),
            Source("aae_avoided", filled_like="aae_people"),
        ),
    ),
}


def export_nhp(
    run: Run,
    out: str | os.PathLike[str],
    params: Mapping[str, Any] | None = None,
    *,
    suppress: int | None = None,
) -> None:
    """Write the horizon year of a run as the result files of the NHP demand model.

    Args:
        run: the stored run.
        out: the folder that then holds the eleven tables as `<name>.parquet`, `params.json` and
            `variants.json`; replaced if it exists.
        params: the NHP parameters of the scenario. They go to `params.json` and give the columns
            `dataset`, `scenario`, `app_version` and `create_datetime`; what they lack comes from
            the run.
        suppress: where given, baseline counts (run 0) from 1 to one less than it are left empty.
    """
    about = _metadata(run, params or {})
    with whole_folder(local_only(out, "the NHP layout is")) as folder:
        for name, table in TABLES.items():
            _write_counts(folder / f"{name}.parquet", run, table, about, suppress)
        _write_steps(folder / "step_counts.parquet", run, about, suppress)
        content = dict(params) if params is not None else about | _own_params(run)
        _write_json(folder / "params.json", content, indent=2)
        _write_json(folder / "variants.json", _variants(run, params or {}))


def _write_json(path: Path, content: Any, indent: int | None = None) -> None:
    path.write_text(json.dumps(content, indent=indent), encoding="utf-8")


def _own_params(run: Run) -> dict[str, Any]:
    """Give the parameters that any scenario has, where there is no NHP file."""
    return {
        "seed": run.info["seed"],
        "model_runs": run.runs,
        "start_year": run.baseline_year,
        "end_year": run.horizon,
    }


def _metadata(run: Run, params: Mapping[str, Any]) -> dict[str, str]:
    """Give the four columns that say where a table comes from."""
    created = run.timings["created"].translate(str.maketrans("T", "_", "-:"))[:15]
    own = {
        "dataset": run.info["dataset"],
        "scenario": run.name,
        "app_version": f"acutecast {run.info['acutecast']}",
        "create_datetime": created,
    }
    return {name: str(params.get(name, own[name])) for name in _METADATA}


def _variants(run: Run, params: Mapping[str, Any]) -> list[str]:
    """Give the most probable variant, then the variant of each run."""
    drawn = run.draws()["variant"].to_list()
    weights = params.get("demographic_factors", {}).get("variant_probabilities")
    weights = weights or dict(sorted(Counter(drawn).items()))
    return [max(weights, key=lambda name: weights[name]), *drawn]


def _write_counts(
    path: Path, run: Run, table: Table, about: Mapping[str, str], suppress: int | None
) -> None:
    """Write one table of counts."""
    keys, baseline, values = count_table(run, table)
    if (baseline < 0).any():
        raise AcutecastError(
            Problem(
                "the stored run has suppressed baseline counts",
                where=run.path,
                remedy="Export from a run stored without suppression, with suppression on export.",
            )
        )
    hidden = None
    if suppress is not None:
        hidden = np.zeros((len(baseline), run.runs + 1), dtype=bool)
        hidden[:, 0] = is_small(baseline, suppress)
    write_long(path, keys, baseline, values, about, hidden)


def count_table(run: Run, table: Table) -> tuple[dict[str, Labels], np.ndarray, np.ndarray]:
    """Give one NHP table of counts, wide: a row per key, in no order.

    Returns:
        The key columns, names sorted; baseline counts, (keys,); counts by run, (keys, runs).
    """
    pieces = [_piece(run, table, source) for source in table.sources]
    columns, baseline, values = pieces[0]
    if len(pieces) > 1:
        columns = {
            name: np.concatenate([piece[0][name] for piece in pieces]) for name in table.keys
        }
        baseline = np.concatenate([piece[1] for piece in pieces])
        values = np.concatenate([piece[2] for piece in pieces])
    if table.sdec_fill:
        columns, baseline, values = _fill_sdec(table, columns, baseline, values)
    return {name: sorted_labels(name, columns[name]) for name in table.keys}, baseline, values


def _piece(
    run: Run, table: Table, source: Source
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Give what one stored view adds to a table: the keys with any activity."""
    cells = _at_horizon(run, source)
    labels = [_key(cells, source, name) for name in table.keys]
    group, codes = combine(labels, len(cells.year))
    n_groups = len(codes[0])
    baseline = group_baseline(cells.baseline, group, n_groups)
    values = group_sums(cells.values, group, n_groups)
    names = {
        name: np.array(label.names, dtype=object)[code]
        for name, label, code in zip(table.keys, labels, codes, strict=True)
    }
    shown = (baseline != 0) | (values != 0).any(axis=1)
    if not shown.all():
        names = {name: column[shown] for name, column in names.items()}
        baseline, values = baseline[shown], values[shown]
    if not source.filled_like:
        return names, baseline, values
    extra = _missing(names, _listed(run, table, source))
    names = {name: np.concatenate([names[name], extra[name]]) for name in table.keys}
    zeros = len(next(iter(extra.values())))
    baseline = np.concatenate([baseline, np.zeros(zeros, dtype=baseline.dtype)])
    return names, baseline, np.concatenate([values, np.zeros((zeros, run.runs), values.dtype)])


def _at_horizon(run: Run, source: Source) -> Cells:
    """Give the rows of a view at the horizon, of the measures taken."""
    cells = run.cube(source.view)
    keep = cells.year == run.horizon
    if source.measures:
        keep &= cells.keys["measure"].among(source.measures)
    if keep.all():
        return cells
    rows = np.flatnonzero(keep)
    return Cells(
        cells.name,
        {name: labels.only(rows) for name, labels in cells.keys.items()},
        cells.year[rows],
        cells.baseline[rows],
        cells.values[rows],
    )


def _key(cells: Cells, source: Source, name: str) -> Labels:
    """Give a key column of a source, constant where the source has it not."""
    constants = {
        key: Labels(np.zeros(len(cells.year), dtype=np.int32), (value,))
        for key, value in source.constants
    }
    return column(constants | dict(cells.keys), name)


def _listed(run: Run, table: Table, source: Source) -> set[tuple[str, ...]]:
    """Give the keys that are listed because baseline rows have them."""
    like = Source(source.filled_like)
    cells = _at_horizon(run, like)
    rows = np.flatnonzero(cells.baseline != 0)
    labels = [_key(cells, like, name).only(rows) for name in table.keys]
    _, codes = combine(labels, len(rows))
    names = [[label.names[i] for i in code] for label, code in zip(labels, codes, strict=True)]
    listed = set(zip(*names, strict=True))
    if not source.pairs:
        return listed
    place = table.keys.index("measure")
    measures = cells.keys["measure"].names
    return {(*key[:place], m, *key[place + 1 :]) for key in listed for m in measures}


def _missing(
    names: Mapping[str, np.ndarray], listed: set[tuple[str, ...]]
) -> dict[str, np.ndarray]:
    """Give the listed keys that are not among the rows."""
    have = set(zip(*(column.tolist() for column in names.values()), strict=True))
    missing = sorted(listed - have)
    return {
        name: np.array([key[i] for key in missing], dtype=object) for i, name in enumerate(names)
    }


def _fill_sdec(
    table: Table, names: dict[str, np.ndarray], baseline: np.ndarray, values: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """List every type 5 department and measure with the value that conversions have."""
    *outer, last = table.keys
    rows = np.flatnonzero(names["pod"] == _SDEC_POD)
    listed = {
        (*key, table.sdec_fill)
        for key in zip(*(names[name][rows].tolist() for name in outer), strict=True)
    }
    extra = _missing({name: names[name][rows] for name in (*outer, last)}, listed)
    zeros = len(extra[last])
    names = {name: np.concatenate([names[name], extra[name]]) for name in table.keys}
    baseline = np.concatenate([baseline, np.zeros(zeros, dtype=baseline.dtype)])
    return (
        names,
        baseline,
        np.concatenate([values, np.zeros((zeros, values.shape[1]), dtype=values.dtype)]),
    )


def _write_steps(path: Path, run: Run, about: Mapping[str, str], suppress: int | None) -> None:
    """Write the step counts: of runs 1 to N, as their baseline is a change factor.

    Version 5.2 of the NHP model has rows of zeros for run 0, which made means of runs too small; it
    dropped them since (its issue 684). Rows without a site count as "unknown" (its issue 663).
    """
    cells = run.parts("step_counts")
    rows = np.flatnonzero(cells.year == run.horizon)
    keys = {
        name: sorted_labels(name, np.array(cells.keys[name].names)[cells.keys[name].codes[rows]])
        for name in _STEP_KEYS
    }
    values = cells.values[rows]
    hidden = None
    if suppress is not None:
        small = is_small(values.max(axis=1), suppress)
        small &= keys["change_factor"].among(("baseline",))
        # What a small baseline becomes, less its parts, would give it back.
        place, codes = combine([keys[name] for name in PLACE_OF_PARTS], len(values))
        of_place = np.zeros(len(codes[0]) if codes else 0, dtype=bool)
        of_place[place[small]] = True
        small = of_place[place]
        hidden = np.repeat(small[:, None], run.runs, axis=1)
    write_long(path, keys, None, values, about, hidden)
