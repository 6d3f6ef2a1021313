"""Assumptions of capacity: defaults with their sources, what a user states instead, and draws."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from acutecast import streams
from acutecast.capacity.areas import Area, areas, table_rows
from acutecast.errors import AcutecastError, Problem
from acutecast.files import read_bytes
from acutecast.scenario.reading import read_json

if TYPE_CHECKING:
    from acutecast.scenario import Stated

_TABLES = ("assumptions", "simulation", "diagnostics_workforce")
_MINUTES = "specialty_minutes"
_LONGEST_MINUTES = 10080
_REMEDY = "Write numbers or intervals by area and name, as in [ward_child] and occupancy = 0.85."


@dataclass(frozen=True)
class Default:
    """One assumption as we make it.

    Attributes:
        area: an area, or an item of the diagnostics and workforce table.
        name: what is assumed of it ("minutes").
        value: the value, in `unit`.
        unit: the unit ("hours a year").
        low, high: the range that a value may lie in, both included.
        source: where the value comes from.
    """

    area: str
    name: str
    value: float
    unit: str
    low: float
    high: float
    source: str


@cache
def defaults() -> dict[tuple[str, str], Default]:
    """Give the default assumptions by (area, name), in the order of the tables."""
    return {
        (row["area"], row["name"]): Default(
            row["area"],
            row["name"],
            float(row["value"]),
            row["unit"],
            float(row["valid_low"]),
            float(row["valid_high"]),
            row["source"],
        )
        for table in _TABLES
        for row in table_rows(table)
    }


@dataclass(frozen=True)
class Assumptions:
    """The assumptions in force.

    Attributes:
        stated: the distributions that a user stated, by (area, name); the rest are defaults.
        specialty_minutes: minutes of a case or appointment by (area, treatment specialty), where a
            user stated them; they go before minutes in the data.
    """

    stated: Mapping[tuple[str, str], Stated] = field(default_factory=dict)
    specialty_minutes: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def value(self, area: str, name: str) -> float:
        """Give the value of an assumption: the default, or the mean of what is stated.

        Raises:
            KeyError: where there is no such assumption.
        """
        default = defaults()[area, name].value
        return self.stated[area, name].mean() if (area, name) in self.stated else default

    def over(self, others: Assumptions) -> Assumptions:
        """Give the assumptions of both; where both state one, ours."""
        return Assumptions(
            {**others.stated, **self.stated},
            {**others.specialty_minutes, **self.specialty_minutes},
        )

    def table(self) -> list[dict[str, Any]]:
        """Give all assumptions as rows to show: the value, whether stated, range and source."""
        return [
            {
                "area": d.area,
                "name": d.name,
                "value": self.value(d.area, d.name),
                "unit": d.unit,
                "valid_low": d.low,
                "valid_high": d.high,
                "source": self._source(d),
            }
            for d in defaults().values()
        ]

    def _source(self, default: Default) -> str:
        stated = self.stated.get((default.area, default.name))
        if stated is None:
            return default.source
        return f"stated by the user: {stated.reason}" if stated.reason else "stated by the user"


def load_assumptions(
    source: str | os.PathLike[str] | Mapping[str, Any], section: str = ""
) -> Assumptions:
    """Read what a user assumes instead of the defaults.

    Args:
        source: the path or URL of a TOML or JSON file, or its content: {area: {name: value}}. A
            value is a number, an interval [P10, P90] or a distribution as in scenarios. The key
            "specialty_minutes" holds {area: {tretspef: minutes}}.
        section: where the content stands in a larger file ("capacity" of a scenario).

    Raises:
        AcutecastError: with every unknown area or name and every value outside its range at once.
    """
    from pydantic import ValidationError

    from acutecast.scenario.faults import problems_of

    where = "The assumptions" if isinstance(source, Mapping) else str(source)
    content = dict(source) if isinstance(source, Mapping) else _read(source)
    model = _model()
    try:
        read = model.model_validate(content)
    except ValidationError as error:
        problems = problems_of(error, model)
        if section:
            problems = [replace(p, where=f"{section}.{p.where}") for p in problems]
            where = "The scenario"
        raise AcutecastError(problems, where) from None
    stated = {
        (area, name): getattr(getattr(read, area), name)
        for area in read.model_fields_set - {_MINUTES}
        for name in getattr(read, area).model_fields_set
    }
    by_specialty = getattr(read, _MINUTES)
    minutes = {
        (area, tretspef): value
        for area in sorted(by_specialty.model_fields_set)
        for tretspef, value in sorted(getattr(by_specialty, area).items())
    }
    timed = [
        Problem("an assumption of capacity has no time profile", f"{a}.{n}", remedy="Remove it.")
        for (a, n), distribution in stated.items()
        if distribution.profile is not None
    ]
    if timed:
        raise AcutecastError(timed, where)
    return Assumptions({key: stated[key] for key in defaults() if key in stated}, minutes)


def draw(assumptions: Assumptions, seed: int, runs: int) -> dict[tuple[str, str], np.ndarray]:
    """Draw every assumption for every run.

    A draw depends on the seed, the assumption's name and the run only.

    Returns:
        float64, (runs,), by (area, name); runs are numbered from 1. Defaults are the same in
        every run.
    """
    numbers = np.arange(1, runs + 1)
    values = {}
    for (area, name), default in defaults().items():
        stated = assumptions.stated.get((area, name))
        if stated is None:
            values[area, name] = np.full(runs, default.value)
        else:
            u = streams.uniforms(streams.key(seed, "capacity", area, name), numbers)
            values[area, name] = stated.quantile(u)
    return values


@cache
def _model() -> Any:
    """Make the model of an override file from the table of defaults."""
    from pydantic import ConfigDict, Field, create_model

    from acutecast.scenario.distributions import Distribution
    from acutecast.scenario.shorthand import Within

    @dataclass(frozen=True)
    class Range(Within):
        def _hint(self, value: float) -> str:
            if self.high == 1 and 1 < value <= 100:
                return f"Write a share: {value / 100:g} for {value:g}%."
            return ""

    config = ConfigDict(extra="forbid", strict=True, protected_namespaces=())
    by_area: dict[str, dict[str, Any]] = {}
    for d in defaults().values():
        kind = Annotated[Distribution, Range(d.low, d.high)]
        by_area.setdefault(d.area, {})[d.name] = (kind, None)
    by_name: dict[str, Any] = {
        area: (create_model(area, __config__=config, **names), None)
        for area, names in by_area.items()
    }
    specialty = Annotated[str, Field(pattern=r"^\d{3}$")]
    minutes = dict[specialty, Annotated[float, Field(ge=1, le=_LONGEST_MINUTES)]]
    timed: dict[str, Any] = {
        area.key: (minutes, Field(default_factory=dict)) for area in booked_areas()
    }
    by_specialty = create_model(_MINUTES, __config__=config, **timed)
    by_name[_MINUTES] = (by_specialty, Field(default_factory=by_specialty))
    return create_model("Assumptions", __config__=config, **by_name)


def booked_areas() -> tuple[Area, ...]:
    """Give the areas whose cases or appointments may have minutes by specialty."""
    return tuple(a for a in areas() if a.family in ("procedure", "outpatient", "virtual"))


def _read(source: str | os.PathLike[str]) -> dict[str, Any]:
    where = str(source)
    try:
        content = read_bytes(source).decode("utf-8-sig")
        # JSON as of scenarios: no key twice.
        read = read_json(source) if where.endswith(".json") else tomllib.loads(content)
    except FileNotFoundError:
        raise AcutecastError(
            Problem("there is no such file", where, remedy="Check the path.")
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise AcutecastError(
            Problem(f"the file is not valid TOML: {error}", where, remedy=_REMEDY)
        ) from None
    except RecursionError:
        raise AcutecastError(Problem("the file nests too deeply", where, remedy=_REMEDY)) from None
    except (OSError, ValueError) as error:
        raise AcutecastError(Problem(f"the file cannot be read ({error})", where)) from None
    if not isinstance(read, dict):
        raise AcutecastError(Problem("the file holds no areas", where, remedy=_REMEDY))
    return read
