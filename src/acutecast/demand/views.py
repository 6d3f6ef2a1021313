"""The count tables of a projection: which keys each has, and for which years.

The horizon year has the fullest detail; the years before it keep fewer keys, so that 20 years of
256 runs stay small. `results` answers a question from the smallest table that has all its keys.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """One count table.

    Attributes:
        name: its name in the run folder.
        activity: "ip", "op" or "aae".
        keys: its key columns, after `pod` and `sitetret`.
        horizon_only: True where it exists for the horizon year only.
        rows: which activity it counts: "all" of what remains, only spells with a "delivery",
            what was "avoided", or spells "converted" to same day emergency care.
    """

    name: str
    activity: str
    keys: tuple[str, ...]
    horizon_only: bool
    rows: str = "all"


VIEWS: tuple[View, ...] = (
    View("ip_full", "ip", ("sex", "age_group", "tretspef", "los_group"), True),
    View("ip_age", "ip", ("age",), True),
    View("ip_delivery", "ip", (), True, "delivery"),
    View("ip_avoided", "ip", ("sex", "age_group"), True, "avoided"),
    View("ip_people", "ip", ("sex", "age_group"), False),
    View("ip_specialty", "ip", ("tretspef_grouped", "los_group"), False),
    View("op_full", "op", ("sex", "age_group", "tretspef"), True),
    View("op_age", "op", ("age",), True),
    View("op_avoided", "op", ("sex", "age_group"), True, "avoided"),
    View("op_people", "op", ("sex", "age_group"), False),
    View("op_specialty", "op", ("tretspef_grouped",), False),
    View("aae_full", "aae", ("sex", "age_group", "acuity", "attendance_category"), True),
    View("aae_age", "aae", ("age",), True),
    View("sdec_converted", "aae", ("sex",), True, "converted"),
    View("aae_avoided", "aae", ("sex", "age_group"), True, "avoided"),
    View("aae_people", "aae", ("sex", "age_group"), False),
    View("aae_acuity", "aae", ("acuity", "attendance_category"), False),
)
