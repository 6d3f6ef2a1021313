"""What moves to other providers: a share of a run's own contacts, counted where they go.

A provider is simulated as if nothing moved. Of what came out, each copy of a spell has one uniform
that says whether it moves and where; of the contacts of an outpatient or emergency row a binomial
share moves. Both grow with the share, so a path through the years stays one path. What is added
at a destination is taken from the origin, contact for contact, in every run and year: nothing is
lost or made. Avoided activity stays where it was avoided.
"""

# Inside compiled code an element of an array is a number, which the stubs of NumPy do not know.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acutecast import streams
from acutecast.compute.compiling import kernel
from acutecast.demand import columns
from acutecast.demand.cells import LOS_GROUP_OF_DAYS, by_place
from acutecast.demand.cube import PART_UNIT, Cube, Draws, Parts, Projection
from acutecast.demand.kernels import _COPY_STEP, _add_converted, _add_spell
from acutecast.demand.keyed import scramble, unit
from acutecast.demand.layout import ConversionCells, SpellRecord, SpellRows, ViewCells
from acutecast.demand.plan import Plan
from acutecast.demand.quantiles import binomial_quantile
from acutecast.demand.rows import Rows, count_rows, spell_rows
from acutecast.errors import Problem
from acutecast.facts import ACTIVITY_TYPES
from acutecast.provider import Provider
from acutecast.scenario.flows import Flow

FLOWS = "flows"
"""The change factor of what moves."""


@dataclass(frozen=True)
class _Moving:
    """Which rows of an activity type can move, and where.

    Attributes:
        rows: the rows that can move, ascending.
        set_of_row: for each row of the type its set of flows, -1 for none, int32.
        flows: for each set the flows in it, -1 where there are no more, (sets, most).
        destination: for each set the destination of each, (sets, most).
    """

    rows: np.ndarray
    set_of_row: np.ndarray
    flows: np.ndarray
    destination: np.ndarray


class FlowCounter:
    """Counts what moves, run by run; `observe` is told of every spell and row."""

    def __init__(
        self,
        provider: Provider,
        plan: Plan,
        flows: Sequence[Flow],
        values: np.ndarray,
        seed: int,
        horizon: int,
    ) -> None:
        """Prepare.

        Args:
            provider: the provider whose activity moves.
            plan: its plan; the simulation's own, or one compiled alike.
            flows: the flows that leave it.
            values: the share of each at the horizon, (runs, flows).
            seed: of the scenario.
            horizon: the horizon year.
        """
        self.plan, self.flows = plan, tuple(flows)
        self.destinations = tuple(dict.fromkeys((flow.to, flow.place) for flow in flows))
        rows = {"ip": spell_rows(provider)}
        rows |= {key: count_rows(provider, key) for key in ("op", "aae")}
        self._moving = {key: self._which(rows[key]) for key in rows}
        weights = np.array([f.weights(plan.years, plan.baseline_year, horizon) for f in self.flows])
        # (runs, flows, years)
        self._share = values[:, :, None] * weights
        self._streams = {
            key: streams.key(seed, provider.dataset, key, "moves") for key in self._moving
        }
        shape = (len(self.destinations), len(values), plan.size)
        self.out = np.zeros(shape, dtype=np.int32)

    def _which(self, rows: Rows) -> _Moving:
        """Find the rows of each flow; rows of the same flows are one set."""
        mine = [i for i, flow in enumerate(self.flows) if flow.activity == rows.activity]
        hit = np.zeros((len(rows), len(mine)), dtype=bool)
        for j, i in enumerate(mine):
            hit[:, j] = _selected(rows, self.flows[i])
        sets, of_row = np.unique(hit, axis=0, return_inverse=True)
        of_row = of_row.reshape(-1).astype(np.int32)
        most = max(1, int(sets.sum(axis=1).max(initial=0)))
        flows = np.full((len(sets), most), -1, dtype=np.int32)
        destination = np.zeros((len(sets), most), dtype=np.int32)
        for s, chosen in enumerate(sets):
            found = [mine[j] for j in np.flatnonzero(chosen)]
            flows[s, : len(found)] = found
            destination[s, : len(found)] = [
                self.destinations.index((self.flows[i].to, self.flows[i].place)) for i in found
            ]
        nothing = np.flatnonzero(~sets.any(axis=1))
        of_row[np.isin(of_row, nothing)] = -1
        return _Moving(np.flatnonzero(of_row >= 0), of_row, flows, destination)

    def notes(self) -> tuple[Problem, ...]:
        """Say which flows ask for more than there is, in how many runs."""
        notes = []
        for key, moving in self._moving.items():
            for flows in moving.flows:
                mine = [int(flow) for flow in flows if flow >= 0]
                over = (self._share[:, mine].sum(axis=1) > 1 + 1e-9).any(axis=1).sum()
                if over:
                    names = ", ".join(self.flows[i].to for i in mine)
                    notes.append(
                        Problem(
                            f"the shares of {key} that go to {names} are more than there is, in "
                            f"{over} of {len(self._share)} runs; each gets its part of it all",
                            "flows",
                            warning=True,
                        )
                    )
        return tuple(dict.fromkeys(notes))

    def observe(self, run: int, key: str, record: Any) -> None:
        """Count what moves of one activity type in one run."""
        moving = self._moving[key]
        if not len(moving.rows):
            return
        activity = self.plan.activities[key]
        # The upper ends of the parts of (0, 1) that go to each destination, (sets, most, years).
        shares = np.where(
            moving.flows[:, :, None] >= 0, self._share[run][np.maximum(moving.flows, 0)], 0.0
        )
        ends = np.cumsum(shares, axis=1)
        # More than everything cannot move: then each gets its part of it.
        ends /= np.maximum(1.0, ends[:, -1:, :])
        stream = streams.bits(self._streams[key], np.array(run + 1))
        if isinstance(activity.rows, SpellRows):
            assert activity.conversion is not None
            _move_spells(
                activity.rows.key, activity.rows.procedure, moving.set_of_row, ends,
                moving.destination, stream, record, activity.view_cells, activity.conversion,
                LOS_GROUP_OF_DAYS, self.out[:, run],
            )  # fmt: skip
        else:
            _move_contacts(
                activity.rows.key, moving.rows, moving.set_of_row, ends, moving.destination,
                stream, record, activity.view_cells, self.out[:, run],
            )  # fmt: skip

    def projection(self, destination: int, draws: Draws) -> Projection:
        """Give what moved to one destination, at the sites that it left; its baseline is 0."""
        plan, cubes = self.plan, {}
        for name, layout in plan.views.items():
            spec = ACTIVITY_TYPES[layout.view.activity]
            years = plan.years[-1:] if layout.view.horizon_only else plan.years
            baseline = np.zeros_like(plan.baselines[name])
            values = counts_of_view(self.out[destination], plan, name)
            cubes[name] = Cube(name, spec.key, layout.keys, spec.measures, years, baseline, values)
        return Projection(
            cubes=cubes,
            attribution=self._parts("attribution", cubes),
            step_counts=self._parts("step_counts", cubes),
            draws=draws,
            years=plan.years,
            runs=self.out.shape[1],
            rows={key: len(moving.rows) for key, moving in self._moving.items()},
            timings={},
        )

    def _parts(self, name: str, cubes: dict[str, Cube]) -> Parts:
        """Give what moved as parts of a change, all of it by flows."""
        steps = name == "step_counts"
        keys: dict[str, list[str]] = {
            k: []
            for k in ("activity_type", "pod", "sitetret", "measure", "change_factor", "strategy")
        }
        values = []
        for key, activity in self.plan.activities.items():
            cube = cubes[f"{key}_people"]
            counts = by_place(dict(cube.keys), activity.cells, cube.values)
            measures = list(cube.measures)
            if steps:
                measures = list(ACTIVITY_TYPES[key].steps_measures)
                if measures == ["arrivals"]:
                    counts = counts.sum(axis=-1, keepdims=True)
                counts = counts[-1:, :, :, : len(measures)]
            places = zip(activity.cells["pod"], activity.cells["sitetret"], strict=True)
            for pod, site in places:
                for measure in measures:
                    row = (key, pod, site, measure, FLOWS, "-")
                    for column, text in zip(keys, row, strict=True):
                        keys[column].append(text)
            values.append(counts.reshape(*counts.shape[:2], -1))
        together = np.concatenate(values, axis=2).astype(np.float64)
        years = self.plan.years[-1:] if steps else self.plan.years
        labels = {column: np.array(texts, dtype=object) for column, texts in keys.items()}
        assert np.all(together % PART_UNIT == 0)
        return Parts(name, labels, years, together)


def _selected(rows: Rows, flow: Flow) -> np.ndarray:
    """Tell which rows a flow takes a share of, (rows,)."""
    keep = np.ones(len(rows), dtype=bool)
    wanted = {
        "group": flow.group,
        "tretspef_grouped": flow.specialty or "",
        "sitetret": flow.from_site,
    }
    for name, value in wanted.items():
        if value:
            keep &= columns.text(rows.table, name).is_in(value)
    return keep


def counts_of_view(out: np.ndarray, plan: Plan, name: str) -> np.ndarray:
    """Give the counts of a view as (years, runs, cells, measures), without copying.

    Args:
        out: counts of all views, (runs, plan.size).
        plan: the plan that laid them out.
        name: the view.
    """
    layout = plan.views[name]
    n_measures = len(ACTIVITY_TYPES[layout.view.activity].measures)
    offset = plan.offsets[name]
    offset = offset[offset >= 0]
    size = layout.size * n_measures
    counts = out[:, offset[0] : offset[0] + size * len(offset)]
    counts = counts.reshape(len(out), len(offset), layout.size, n_measures)
    return counts.transpose(1, 0, 2, 3)


@kernel
def _move_spells(
    keys: np.ndarray,
    procedure: np.ndarray,
    set_of_row: np.ndarray,
    ends: np.ndarray,
    destination: np.ndarray,
    stream: np.uint64,
    record: SpellRecord,
    views: ViewCells,
    conversion: ConversionCells,
    los_group_of_days: np.ndarray,
    out: np.ndarray,
) -> None:
    """Add the copies that move to the counts of their destinations, (destinations, size)."""
    code, los_start, los_cell = views.code, views.los_start, views.los_cell
    offset, views_in_year = views.offset, views.views_in_year
    of_row = conversion.of_row
    sdec, sdec_offset = conversion.sdec, conversion.sdec_offset
    daycase, daycase_offset = conversion.daycase, conversion.daycase_offset
    outpatient, outpatient_offset = conversion.outpatient, conversion.outpatient_offset
    longest = len(los_group_of_days) - 1
    for y in range(len(record.count)):
        for c in range(record.count[y]):
            i = record.row[y, c]
            s = set_of_row[i]
            if s < 0:
                continue
            copy = np.uint64(record.copy[y, c])
            u = unit(scramble((keys[i] ^ stream) + copy * _COPY_STEP))
            for j in range(ends.shape[1]):
                if u >= ends[s, j, y]:
                    continue
                target = out[destination[s, j]]
                kind = record.kind[y, c]
                if kind == 0:
                    stay = record.days[y, c]
                    group = los_group_of_days[min(stay, longest)]
                    _add_spell(
                        code, los_start, los_cell, offset, views_in_year[y], y, i, stay, group,
                        procedure[i], target,
                    )  # fmt: skip
                elif kind == 2:
                    _add_converted(sdec, sdec_offset, of_row[i], y, 2, procedure[i], target)
                elif kind == 4:
                    _add_converted(daycase, daycase_offset, of_row[i], y, 3, procedure[i], target)
                else:
                    _add_converted(
                        outpatient, outpatient_offset, of_row[i], y, 2, procedure[i], target
                    )
                break


@kernel
def _move_contacts(
    keys: np.ndarray,
    rows: np.ndarray,
    set_of_row: np.ndarray,
    ends: np.ndarray,
    destination: np.ndarray,
    stream: np.uint64,
    record: np.ndarray,
    views: ViewCells,
    out: np.ndarray,
) -> None:
    """Add the contacts that move to the counts of their destinations, (destinations, size)."""
    code, offset, views_in_year = views.code, views.offset, views.views_in_year
    n_measures = views.n_measures
    for i in rows:
        s = set_of_row[i]
        for measure in range(record.shape[2]):
            x = scramble((keys[i] ^ stream) + np.uint64(measure + 1) * _COPY_STEP)
            for y in range(record.shape[0]):
                left = record[y, i, measure]
                before = 0.0
                draw = x
                for j in range(ends.shape[1]):
                    if left == 0:
                        break
                    draw = scramble(draw + _COPY_STEP)
                    share = ends[s, j, y] - before
                    if share <= 0.0:
                        continue
                    part = min(1.0, share / (1.0 - before)) if before < 1.0 else 1.0
                    moved = binomial_quantile(unit(draw), left, part)
                    before = ends[s, j, y]
                    left -= moved
                    target = out[destination[s, j]]
                    for v in range(views_in_year[y]):
                        target[offset[v, y] + code[i, v] * n_measures + measure] += moved
