"""The layout of a parameter file of the NHP demand model: its names, years and growth groups.

As in the model's published schema (github.com/The-Strategy-Unit/nhp_model).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from acutecast.facts import rows

APP_VERSION = "v5.2"
"""The version of what is written where the scenario does not come from an NHP file."""

START_YEARS = (2023, 2024)
END_YEARS = (2025, 2047)
GROWTH_NAMES = {"variant_2": "primary", "variant_3": "sensitivity", "variant_1": "retired"}
"""What we call the published variants of non-demographic growth, by their NHP names."""

GROWTH_GROUPS = {
    "ip": ("elective", "non-elective", "maternity"),
    "op": ("first", "followup", "procedure"),
    "aae": ("ambulance", "walk-in"),
}
VARIANTS = tuple(row["variant"] for row in rows("population_variants"))[:6]
"""The population variants that NHP has: the subnational projections."""

VALUE_TYPE = "year-on-year-growth"
VARIANT_KEY = "non-demographic_variant"
"""Where a scenario keeps the name of a variant of growth that is not a published one."""

TPMA_SECTIONS = ("activity_avoidance", "efficiencies")
POINT_SECTIONS = ("baseline_adjustment", "waiting_list_adjustment")
_TPMAS = {row["key"]: row for row in rows("tpmas")}


def tpma_parts(section: str, key: str) -> dict[str, Any]:
    """Give what an NHP file says about a TPMA beside its interval."""
    row = _TPMAS.get(key)
    if section != "efficiencies" or row is None or row["activity_type"] != "ip":
        return {}
    facts: dict[str, Any] = {"type": row["efficiency_type"]}
    if row["pre_op_days"]:
        facts["pre-op_days"] = int(row["pre_op_days"])
    return facts


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give the path and value of everything in a tree of objects; an empty object is a value."""
    if isinstance(tree, Mapping) and tree:
        for key, branch in tree.items():
            yield from leaves(branch, (*path, key))
    else:
        yield path, tree


def put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value at a path of a tree of objects."""
    *parents, last = path
    for key in parents:
        tree = tree.setdefault(key, {})
    tree[last] = value
