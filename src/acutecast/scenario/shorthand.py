"""How an assumption is written: a number, an interval [P10, P90], or an object."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from acutecast.scenario.distributions import CLASSES, Normal, Point, Stated
from acutecast.scenario.faults import fault, nearest, shown

_WRITING = 'Write a number, an interval such as [0.7, 0.9], or {"distribution": …}.'
# The parameters that say by themselves which distribution is meant.
_TELLING = {
    frozenset({"value"}): "point",
    frozenset({"p10", "p90"}): "normal",
    frozenset({"quantiles"}): "metalog",
}
TOLD_BY_PARAMETERS = frozenset(_TELLING.values())
"""The distributions that need not be named, since their parameters tell which they are."""


def expand(value: Any) -> Any:
    """Turn what a user wrote into the object form of a distribution."""
    if isinstance(value, Stated):
        return value
    if _is_number(value):
        _check_finite(value)
        return {"distribution": "point", "value": value}
    if isinstance(value, list | tuple):
        if len(value) != 2 or not all(map(_is_number, value)):
            raise fault("an interval is two numbers, [P10, P90]", _WRITING)
        _check_finite(*value)
        if value[0] == value[1]:
            return {"distribution": "point", "value": value[0]}
        return {"distribution": "normal", "p10": value[0], "p90": value[1]}
    if not isinstance(value, dict):
        raise fault(f"must be an assumption, not {shown(value)}", _WRITING)
    name = value.get("distribution")
    if name is None:
        name = _TELLING.get(frozenset(value) - {"profile", "reason"})
        if name is None:
            raise fault("does not say which distribution it is", f'Add "distribution". {_WRITING}')
        return {"distribution": name, **value}
    if not isinstance(name, str) or name not in CLASSES:
        raise fault(f"there is no distribution {shown(name)}", nearest(str(name), list(CLASSES)))
    return value


def shorten(stated: Stated) -> Any:
    """Write a distribution in the shortest form that reads back the same."""
    if stated.profile is None and not stated.reason:
        if isinstance(stated, Point):
            return stated.value
        if isinstance(stated, Normal) and stated.p10 != stated.p90:
            return [stated.p10, stated.p90]
    written = stated.model_dump(mode="json", exclude_defaults=True)
    return {"distribution": getattr(stated, "distribution", ""), **written}


@dataclass(frozen=True)
class Within:
    """The valid range of an assumption, and whether it may have a time profile.

    Stands in a field's type: Annotated[Distribution, Within(0, 1)].
    """

    low: float
    high: float
    timed: bool = True

    def _check(self, stated: Stated) -> Stated:
        outside = [x for x in stated.stated_values() if not self.low <= x <= self.high]
        if outside:
            raise fault(
                f"{outside[0]:g} lies outside the valid range, {self.low:g} to {self.high:g}",
                self._hint(outside[0]),
            )
        if stated.profile is not None and not self.timed:
            raise fault(
                "this assumption has no time profile",
                "Remove it: the value applies every year.",
            )
        return stated.within(self.low, self.high)

    def _hint(self, value: float) -> str:
        if self.high == 1 and 2 <= value <= 100:
            return f"Write the share that remains: 0.95 for 5% fewer, not {value:g}."
        if self.low == 1 and 0 <= value < 1:
            return "Write a multiplier of at least 1: 1.05 for 5% more."
        return ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Expand before, check the range after, shorten on writing."""
        checked = core_schema.no_info_after_validator_function(self._check, handler(source))
        return core_schema.no_info_before_validator_function(
            expand,
            checked,
            serialization=core_schema.plain_serializer_function_ser_schema(shorten),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Offer the two short forms beside the object."""
        number = {"type": "number", "minimum": self.low, "maximum": self.high}
        interval = {
            "type": "array",
            "description": "P10 and P90",
            "items": number,
            "minItems": 2,
            "maxItems": 2,
        }
        # The mark by which `schema` finds this node, to define it once.
        mark = f"Assumption {self.low:g} to {self.high:g}"
        return {"$comment": mark, "anyOf": [number, interval, handler(schema)]}


def one_of(
    noun: str, known: Sequence[str], elsewhere: dict[str, str] | None = None, own: str = ""
) -> Any:
    """Make the check of a key that must be one of the `known` names.

    Args:
        noun: what the key is, in a message ("specialty").
        known: the names allowed.
        elsewhere: for a name that belongs to another part of the scenario, the path of that part.
        own: the beginning of names that users may add; "" where they may add none.
    """

    def check(key: str) -> str:
        if key in known or (own and key.startswith(own)):
            return key
        if elsewhere and key in elsewhere:
            raise fault(f'"{key}" does not belong here', f"Move it to {elsewhere[key]}.")
        raise fault(f'there is no {noun} "{key}"', nearest(key, known))

    return _Key(check, tuple(known), own)


@dataclass(frozen=True)
class _Key(AfterValidator):
    """A check of a key that also lists the keys in the JSON Schema."""

    known: tuple[str, ...] = ()
    own: str = ""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        listed: JsonSchemaValue = {"type": "string", "enum": list(self.known)}
        if not self.own:
            return listed
        ours: JsonSchemaValue = {"pattern": f"^{self.own}"}
        return {"type": "string", "anyOf": [{"enum": list(self.known)}, ours]}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_finite(*values: float) -> None:
    # Written as a comparison because a whole number may be too large for a float.
    if not all(abs(value) <= sys.float_info.max for value in values):
        raise fault("is not a finite number", _WRITING)
