"""A run that is in memory and in no folder: it answers what a stored one answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.demand.cube import Cube, Draws, Parts, Projection
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import folder_problems
from acutecast.results.cells import Cells, Labels
from acutecast.results.run import Run, open_run
from acutecast.results.store import about_run, describe_table, save_run, tables_of, timings_of
from acutecast.results.suppress import is_small

if TYPE_CHECKING:
    import polars


class MemoryRun(Run):
    """A run in memory; `save` stores it, with the bytes that `run` would have stored."""

    def __init__(
        self,
        projection: Projection,
        scenario_json: str,
        provider_info: Mapping[str, Any],
        suppress: int | None = None,
    ) -> None:
        """Keep a projection, in as few bytes as its counts need; arguments as in `save_run`."""
        self._suppress = suppress
        self._projection = changed(
            projection, cubes={name: _small(cube) for name, cube in projection.cubes.items()}
        )
        self._scenario_json, self._provider_info = scenario_json, dict(provider_info)
        self._content = tables_of(self._projection, suppress)
        tables = {
            name: {"rows": _rows(table)} | describe_table(table)
            for name, table in sorted(self._content.items())
        }
        info = about_run(projection, scenario_json, provider_info, suppress, tables)
        super().__init__("in memory", info)

    @property
    def scenario_json(self) -> str:
        """The scenario, as its file would hold it."""
        return self._scenario_json

    @property
    def timings(self) -> dict[str, Any]:
        """Where the data are from, and how many seconds each stage took."""
        return timings_of(self._projection, self._provider_info)

    def draws(self) -> polars.DataFrame:
        """Give what each run used: `model_run`, `variant`, and a column per assumption."""
        import polars as pl

        draws = self._projection.draws
        numbers = np.arange(1, self.runs + 1, dtype=np.int32)
        columns: dict[str, Any] = {"model_run": numbers, "variant": draws.variants.tolist()}
        columns |= {name: draws.values[:, i] for i, name in enumerate(draws.names)}
        return pl.DataFrame(columns)

    def save(self, out: str | os.PathLike[str], *, replace: bool = False) -> Run:
        """Store the run in a folder or at a URL; give it as stored.

        Args:
            out: the run folder to make.
            replace: whether an existing run there may be replaced.
        """
        already = "the folder holds a run already"
        raise_if_any(folder_problems(out, "run.json", already, replace=replace))
        cubes = {
            name: changed(cube, values=cube.values.astype(np.int32))
            for name, cube in self._projection.cubes.items()
        }
        whole = changed(self._projection, cubes=cubes)
        save_run(whole, self._scenario_json, self._provider_info, out, suppress=self._suppress)
        return open_run(out)

    def _table(self, file: str) -> Cells:
        table = self._content.get(file)
        if table is None or isinstance(table, Draws):
            have = ", ".join((*self.views, "attribution", "step_counts"))
            raise AcutecastError(
                Problem(
                    "the run has no such table", self.path, example=file, remedy=f"It has {have}."
                )
            )
        if file not in self._tables:
            if isinstance(table, Cube):
                self._tables[file] = _cells_of_cube(table, self._suppress)
            else:
                self._tables[file] = _cells_of_parts(table)
        return self._tables[file]


def _rows(table: Cube | Parts | Draws) -> int:
    """Count the rows that a table has where it is stored."""
    if isinstance(table, Draws):
        return len(table.variants)
    if isinstance(table, Parts):
        return len(table.years) * table.values.shape[2]
    counted = (table.values != 0).any(axis=1) | (table.baseline != 0)
    return int(counted.sum())


def _small(cube: Cube) -> Cube:
    """Keep counts in two bytes where they fit, and apart from the arrays of the simulation."""
    fits = cube.values.size == 0 or int(cube.values.max()) <= np.iinfo(np.uint16).max
    return changed(cube, values=cube.values.astype(np.uint16 if fits else np.int32))


def _cells_of_cube(cube: Cube, suppress: int | None) -> Cells:
    """Give what reading the stored cube gives: rows that are zero throughout are left out."""
    n_cells, n_measures = cube.baseline.shape
    runs = cube.values.shape[1]
    baseline = np.ascontiguousarray(cube.baseline, dtype=np.int64).ravel()
    rows, values, years = [], [], []
    for y, year in enumerate(cube.years):
        of_year = cube.values[y].reshape(runs, n_cells * n_measures)
        index = np.flatnonzero((of_year != 0).any(axis=0) | (baseline != 0))
        rows.append(index)
        values.append(np.ascontiguousarray(of_year[:, index].T).astype(np.int32))
        years.append(np.full(len(index), year, dtype=np.int32))
    at = np.concatenate(rows)
    cell, measure = np.divmod(at, n_measures)
    keys = {name: _labels(column).only(cell) for name, column in cube.keys.items()}
    keys["measure"] = Labels(measure.astype(np.int32), tuple(cube.measures))
    shown = baseline if suppress is None else np.where(is_small(baseline, suppress), -1, baseline)
    return Cells(cube.name, keys, np.concatenate(years), shown[at], np.concatenate(values))


def _cells_of_parts(parts: Parts) -> Cells:
    """Give what reading stored parts gives."""
    n = parts.values.shape[2]
    rows = np.tile(np.arange(n), len(parts.years))
    keys = {name: _labels(column).only(rows) for name, column in parts.keys.items()}
    values = np.concatenate([np.ascontiguousarray(year.T) for year in parts.values])
    years = np.repeat(np.array(parts.years, dtype=np.int32), n)
    return Cells(parts.name, keys, years, np.zeros(0, dtype=np.int64), values)


def _labels(column: np.ndarray) -> Labels:
    names, codes = np.unique(np.asarray(column, dtype=str), return_inverse=True)
    return Labels(codes.astype(np.int32), tuple(names.tolist()))
