"""One output of a stored run: a number per run, of activity or of capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from acutecast.capacity import open_capacity
from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    from acutecast.results import Run

KEYS = ("activity_type", "pod", "sitetret")
"""What an output of expected activity can be selected by."""


@dataclass(frozen=True)
class Output:
    """What is asked about.

    Attributes:
        measure: a measure of activity ("beddays"), or a figure of capacity ("simulated") where an
            area is given.
        where: values kept, one or several by column; of activity only.
        year: the year; the horizon where None.
        area: an area of capacity; "" for activity.
        site: of the area, where sites are counted apart.
    """

    measure: str = "beddays"
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    year: int | None = None
    area: str = ""
    site: str | None = None

    @property
    def label(self) -> str:
        """What it is, in words."""
        if self.area:
            return f"{self.measure} of {self.area}" + (f" at {self.site}" if self.site else "")
        kept = [f"{k} {v if isinstance(v, str) else '+'.join(v)}" for k, v in self.where.items()]
        return ", ".join([self.measure, *kept])

    @property
    def is_expected(self) -> bool:
        """Whether it can be worked out on expected activity."""
        return not self.area and set(self.where) <= set(KEYS)

    def of(self, run: Run) -> np.ndarray:
        """Give its value in every run, float64 (runs,).

        Raises:
            AcutecastError: where the run does not hold it.
        """
        year = self.year_of(run)
        if not self.area:
            found = run.values(self.measure, where=dict(self.where), years=[year])
            return found.values[:, 0].sum(axis=0).astype(float)
        capacity = open_capacity(run)
        if capacity is None:
            raise AcutecastError(
                Problem(
                    "the run has no capacity yet",
                    where=run.path,
                    remedy="Work it out first: ac.capacity_of(run).",
                )
            )
        return capacity.values(self.area, self.measure, self.site)[run.years.index(year)]

    def year_of(self, run: Run) -> int:
        """Give the year asked for.

        Raises:
            AcutecastError: where the run does not have it.
        """
        year = run.horizon if self.year is None else self.year
        if year not in run.years:
            raise AcutecastError(
                Problem(
                    f"year {year} was not simulated",
                    where="year",
                    remedy=f"Choose among {', '.join(map(str, run.years))}.",
                )
            )
        return year

    def selected(self, keys: Mapping[str, np.ndarray]) -> np.ndarray:
        """Tell which totals of expected activity belong to it, a mask."""
        measures = ("walk-in", "ambulance") if self.measure == "arrivals" else (self.measure,)
        keep = np.isin(keys["measure"].astype(str), measures)
        for name, wanted in self.where.items():
            values = [wanted] if isinstance(wanted, str) else list(wanted)
            keep &= np.isin(keys[name].astype(str), values)
        return keep
