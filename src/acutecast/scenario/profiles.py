"""Time profiles: how much of an assumption's full effect is reached in each year."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from acutecast.scenario.faults import fault, nearest, shown
from acutecast.scenario.whole import whole

# The share of the effect after the share t of the time from baseline to horizon.
_SHAPES = {
    "linear": lambda t: t,
    "front_loaded": lambda t: 1 - (1 - t) ** 2,
    "back_loaded": lambda t: t**2,
    "s_curve": lambda t: t**2 * (3 - 2 * t),
    "immediate": lambda t: np.ones_like(t),
}
SHAPES = tuple(_SHAPES)
_WRITING = 'Write one of {}, {{"step": 2030}} or {{"table": {{"2030": 0.4, "2041": 1}}}}.'.format(
    ", ".join(f'"{shape}"' for shape in SHAPES)
)


class Profile(BaseModel):
    """How an assumption comes into effect between the baseline and the horizon year.

    In a file: a shape's name, {"step": year} for all at once in a year, or {"table": {year:
    share}} with straight lines between the years; a table starts from 0 in the baseline year and
    ends at 1.

    Attributes:
        shape: linear, front_loaded (1 − (1 − t)²), back_loaded (t²), s_curve (3t² − 2t³), with t
            the share of the time gone; immediate (1 in every year); step; table.
        year: the year of a step.
        table: the (year, share) pairs of a table, ascending.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    shape: Literal["linear", "front_loaded", "back_loaded", "s_curve", "immediate", "step", "table"]
    year: int | None = None
    table: tuple[tuple[int, float], ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            if value not in _SHAPES:
                raise fault(f'there is no time profile "{value}"', nearest(value, SHAPES))
            return {"shape": value}
        if isinstance(value, dict) and set(value) == {"step"}:
            year = whole(value["step"])
            if type(year) is not int:
                raise fault(f"the year of a step must be a whole number, not {shown(year)}")
            return {"shape": "step", "year": year}
        if isinstance(value, dict) and set(value) == {"table"}:
            return {"shape": "table", "table": _read_table(value["table"])}
        if isinstance(value, cls) or (isinstance(value, dict) and "shape" in value):
            return value
        raise fault(f"{shown(value)} is not a time profile", _WRITING)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.year is not None) != (self.shape == "step"):
            raise fault("a step has a year, and nothing else has", _WRITING)
        if (self.table is not None) != (self.shape == "table"):
            raise fault("a table of years goes with the shape table", _WRITING)
        return self

    @model_serializer
    def _write(self) -> str | dict[str, Any]:
        if self.table is not None:
            return {"table": {str(year): share for year, share in self.table}}
        return {"step": self.year} if self.shape == "step" else self.shape

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describe what stands in a file, not the fields of this class."""
        share = {"type": "number", "minimum": 0, "maximum": 1}
        table = {"type": "object", "additionalProperties": share, "minProperties": 1}
        return {
            "title": "Profile",
            "description": "How an assumption comes into effect from baseline to horizon.",
            "anyOf": [
                {"enum": list(SHAPES)},
                _object("step", {"type": "integer"}),
                _object("table", table),
            ],
        }

    def weights(self, years: Iterable[int], baseline: int, horizon: int) -> np.ndarray:
        """Give the share of the full effect in each year.

        Args:
            years: calendar years, in any order.
            baseline: the baseline year.
            horizon: the horizon year, after the baseline.

        Returns:
            Shares in [0, 1], float64, one a year; 1 at the horizon and after it.
        """
        years = np.asarray(list(years), dtype=np.float64)
        if self.shape == "step":
            weights = (years >= float(self.year or 0)).astype(np.float64)
        elif self.table is not None:
            points = dict(self.table)
            points.setdefault(baseline, 0.0)
            known = sorted(points)
            weights = np.interp(years, known, [points[year] for year in known])
        else:
            t = np.clip((years - baseline) / (horizon - baseline), 0, 1)
            weights = _SHAPES[self.shape](t)
        return np.where(years >= horizon, 1.0, weights)

    def years(self) -> tuple[int, ...]:
        """Give the years that the profile names; empty for a shape without any."""
        if self.table is not None:
            return tuple(year for year, _ in self.table)
        return () if self.year is None else (self.year,)


def _object(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: value},
        "required": [name],
        "additionalProperties": False,
    }


def _read_table(table: Any) -> tuple[tuple[int, float], ...]:
    if not isinstance(table, dict) or not table:
        raise fault("the table of a time profile names no year", _WRITING)
    pairs = {}
    for year, share in table.items():
        if not str(year).isascii() or not str(year).isdigit() or len(str(year)) != 4:
            raise fault(f"{shown(year)} is not a year", _WRITING)
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not 0 <= share <= 1:
            raise fault(f"the share in {year} is {shown(share)}", "Write a number from 0 to 1.")
        pairs[int(year)] = float(share)
    last = max(pairs)
    if pairs[last] != 1:
        raise fault(
            f"the table ends at {pairs[last]:g} in {last}", f"Write 1 for its last year, {last}."
        )
    return tuple(sorted(pairs.items()))
