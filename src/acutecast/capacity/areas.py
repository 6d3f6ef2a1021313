"""Functional areas: what a hospital is divided into, and which activity uses which area."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import combinations

import numpy as np
import pyarrow as pa

from acutecast.demand.columns import UNKNOWN, Column, constant, numbers, text
from acutecast.errors import Problem
from acutecast.provider import Provider

NONE = -1
"""The index of a row that uses no area of a family."""

ZERO, OVERNIGHT = 0, 1
"""The columns of `area_of_rows` for inpatients: as a zero-day stay, as an overnight stay."""

# Treatment specialties (HES tretspef) that operate: 1xx but emergency medicine (180), anaesthetics
# (190) and critical care (192); surgery of children (211 to 222); gynaecology (502, 503).
SURGICAL = frozenset(map(str, (*range(100, 180), 191, *range(211, 223), 502, 503)))

_DELIVERY_ROOTS = ("NZ3", "NZ4", "NZ50", "NZ51")


@dataclass(frozen=True)
class Members:
    """A rule for who belongs to an area: all conditions hold. An empty one always does.

    Attributes:
        activity: the activity type, "ip", "op" or "aae".
        pods: points of delivery.
        ages: the youngest and the oldest age in years.
        specialty: "surgical", "medical" or "".
        tretspef, tretspef_not: treatment specialties.
        hrg, hrg_not: how the healthcare resource group starts.
        hsagrp_not: groups of the health status adjustment.
        acuity: acuities of emergency arrivals.
        stay: "zero", "overnight" or "".
        with_procedure, delivery: True, False or None for no condition.
    """

    activity: str
    pods: tuple[str, ...]
    ages: tuple[int, int] = (0, 90)
    specialty: str = ""
    tretspef: tuple[str, ...] = ()
    tretspef_not: tuple[str, ...] = ()
    hrg: tuple[str, ...] = ()
    hrg_not: tuple[str, ...] = ()
    hsagrp_not: tuple[str, ...] = ()
    acuity: tuple[str, ...] = ()
    stay: str = ""
    with_procedure: bool | None = None
    delivery: bool | None = None


@dataclass(frozen=True)
class Area:
    """Space of one kind that is sized apart.

    Attributes:
        key: its name in assumptions and results ("ward_child").
        functional_area: which of the 22 functional areas it is part of ("ward").
        label: the name people read.
        archetype: the formula: flow, recovery, bed, time, appointment or session.
        unit: what is counted: beds, theatres, rooms, ….
        family: a row uses at most one area of a family.
        counts: the measure that uses it: spells, arrivals, attendances or tele_attendances.
        members: alternative rules for who belongs.
    """

    key: str
    functional_area: str
    label: str
    archetype: str
    unit: str
    family: str
    counts: str
    members: tuple[Members, ...] = field(default=(), repr=False)

    @property
    def activity(self) -> str:
        """The activity type whose rows use the area."""
        return self.members[0].activity


@cache
def areas() -> tuple[Area, ...]:
    """Give all areas, in the order in which tables show them."""
    members: dict[str, list[Members]] = {}
    for row in table_rows("area_members"):
        members.setdefault(row["area"], []).append(_members(row))
    return tuple(
        Area(
            key=row["area"],
            functional_area=row["functional_area"],
            label=row["label"],
            archetype=row["archetype"],
            unit=row["unit"],
            family=row["family"],
            counts=row["counts"],
            members=tuple(members[row["area"]]),
        )
        for row in table_rows("areas")
    )


def families(activity: str) -> tuple[str, ...]:
    """Give the families of areas that rows of an activity type use, in order."""
    return tuple(dict.fromkeys(a.family for a in areas() if a.activity == activity))


def table_rows(name: str) -> tuple[dict[str, str], ...]:
    """Read a data table of this room as rows of text, without its '#' lines."""
    content = files("acutecast.capacity").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    lines = (line for line in content.splitlines() if not line.startswith("#"))
    return tuple(csv.DictReader(lines))


def area_of_rows(table: pa.Table, activity: str, family: str) -> np.ndarray:
    """Tell which area of a family each row of a provider table uses.

    Args:
        table: the table "ip", "op" or "aae" of a provider.
        activity: its activity type.
        family: a family of areas ("bed", "procedure", …); see `families`.

    Returns:
        int32, index into `areas()`, `NONE` (-1) where none: (n, 2) for inpatients, by whether the
        spell turns out a zero-day stay (column `ZERO`) or an overnight stay (column `OVERNIGHT`),
        since a run may change that; (n,) for the others. Where two areas claim a row, the first
        has it; `check_areas` reports that as an error.
    """
    known = _Rows(table, activity)
    stays = ("zero", "overnight") if activity == "ip" else ("",)
    result = np.full((known.n, len(stays)), NONE, dtype=np.int32)
    for index, area in reversed(list(enumerate(areas()))):
        if area.family == family and area.activity == activity:
            for column, stay in enumerate(stays):
                result[_belongs(known, area, stay), column] = index
    return result if activity == "ip" else result[:, 0]


def check_areas(
    provider: Provider, of: Iterable[Area] | None = None, asked: Iterable[str] = ()
) -> list[Problem]:
    """Check that the areas fit a provider: all faults together.

    Errors: two areas of one family claim the same row; an area that was asked for has nobody.
    Warnings: another area that nobody belongs to, rows that no area takes, and membership that
    rests on healthcare resource groups which the data lack.

    Args:
        provider: the provider.
        of: areas to check; all by default.
        asked: keys of the areas that the user named, in assumptions or to be reported.
    """
    of = areas() if of is None else tuple(of)
    problems: list[Problem] = []
    for activity in dict.fromkeys(area.activity for area in of):
        known = _Rows(provider.tables[activity], activity)
        mine = [area for area in of if area.activity == activity]
        stays = _own_stays(known, activity)
        claims = {(area.key, s): _belongs(known, area, s) for area in mine for s in stays}
        uses = {
            area.key: np.any([claims[area.key, s] & at for s, at in stays.items()], axis=0)
            for area in mine
        }
        for a, b in combinations(mine, 2):
            if a.family == b.family:
                problems += _overlap(a, b, [claims[a.key, s] & claims[b.key, s] for s in stays])
        problems += _empty(mine, uses, frozenset(asked))
        problems += _left_out(known, activity, np.any(list(uses.values()), axis=0))
    return problems + _missing_groups(provider)


def _overlap(a: Area, b: Area, both: list[np.ndarray]) -> list[Problem]:
    count = int(np.any(both, axis=0).sum())
    if not count:
        return []
    return [
        Problem(
            f"{a.key} and {b.key} both claim rows, but are of one family ({a.family})",
            where=f"areas.{b.key}",
            count=count,
            remedy="Change who belongs, so that a row uses one area of the family.",
        )
    ]


def _empty(
    mine: Iterable[Area], uses: Mapping[str, np.ndarray], asked: frozenset[str]
) -> list[Problem]:
    return [
        Problem(
            "nobody in the baseline belongs to this area",
            where=f"areas.{area.key}",
            remedy="Leave it out."
            if area.key in asked
            else "It needs no space unless the data miss what tells its patients.",
            warning=area.key not in asked,
        )
        for area in mine
        if not uses[area.key].any()
    ]


def _left_out(known: _Rows, activity: str, used: np.ndarray) -> list[Problem]:
    """Say by point of delivery which rows use no area at all."""
    counts = np.bincount(known.pod.codes[~used], minlength=len(known.pod.categories))
    totals = np.bincount(known.pod.codes, minlength=len(known.pod.categories))
    return [
        Problem(
            f"{_share(count / total)} of the rows with pod {pod} use no area",
            where=activity,
            count=int(count),
            remedy="They are in none of the functional areas and need no space here.",
            warning=True,
        )
        for pod, count, total in zip(known.pod.categories, counts, totals, strict=True)
        if count
    ]


def _share(share: float) -> str:
    return "fewer than 1%" if share < 0.01 else f"{share:.0%}"


def _missing_groups(provider: Provider) -> list[Problem]:
    """Say where areas told apart by healthcare resource group can't be."""
    known = _Rows(provider.tables["ip"], "ip")
    procedure = known.yes("has_procedure")
    unknown = known.column("sushrg_trimmed").is_in(UNKNOWN, "")
    found = []
    if (procedure & unknown).any():
        found.append(
            Problem(
                "procedures have no healthcare resource group; those in gastroenterology and "
                "hepatology count as endoscopy, those in cardiology as cardiac catheter cases, "
                "others in surgery as theatre cases",
                where="ip.sushrg_trimmed",
                count=int((procedure & unknown).sum()),
                warning=True,
            )
        )
    delivery = known.yes("maternity_delivery_in_spell")
    kind = known.starts(_DELIVERY_ROOTS)
    if (delivery & ~kind).any():
        found.append(
            Problem(
                "deliveries have a healthcare resource group that does not tell how; "
                "they count as normal deliveries",
                where="ip.sushrg_trimmed",
                count=int((delivery & ~kind).sum()),
                warning=True,
            )
        )
    return found


def _own_stays(known: _Rows, activity: str) -> dict[str, np.ndarray]:
    """Give the stays that rows can have, and which rows have each in the baseline."""
    if activity != "ip":
        return {"": np.ones(known.n, dtype=bool)}
    nights = numbers(known.table, "speldur")
    return {"zero": nights == 0, "overnight": nights > 0}


class _Rows:
    """The columns of one table that rules look at, each read once."""

    def __init__(self, table: pa.Table, activity: str) -> None:
        self.table, self.n, self.activity = table, table.num_rows, activity
        self._columns: dict[str, Column] = {}
        self.age = numbers(table, "age")
        self.pod = self.column("pod")

    def column(self, name: str) -> Column:
        if name not in self._columns:
            known = name in self.table.column_names
            self._columns[name] = text(self.table, name) if known else constant(UNKNOWN, self.n)
        return self._columns[name]

    def yes(self, name: str) -> np.ndarray:
        return numbers(self.table, name) != 0

    def starts(self, roots: tuple[str, ...]) -> np.ndarray:
        return self._by_category(
            "sushrg_trimmed", lambda value: (value or UNKNOWN).startswith(roots)
        )

    def surgical(self) -> np.ndarray:
        return self._by_category("tretspef", lambda value: value in SURGICAL)

    def _by_category(self, name: str, holds) -> np.ndarray:
        column = self.column(name)
        return np.array([holds(value) for value in column.categories], dtype=bool)[column.codes]


def _belongs(rows: _Rows, area: Area, stay: str) -> np.ndarray:
    """Tell which rows belong to an area if they have the given stay."""
    result = np.zeros(rows.n, dtype=bool)
    for rule in area.members:
        if not rule.stay or rule.stay == stay:
            result |= _meets(rows, rule)
    return result


def _meets(rows: _Rows, rule: Members) -> np.ndarray:
    """Tell which rows meet a rule, whatever their stay."""
    low, high = rule.ages
    meets = rows.pod.is_in(*rule.pods) & (rows.age >= low) & (rows.age <= high)
    if rule.specialty:
        meets &= rows.surgical() == (rule.specialty == "surgical")
    for name, values in (("tretspef", rule.tretspef), ("acuity", rule.acuity)):
        if values:
            meets &= rows.column(name).is_in(*values)
    for name, values in (("tretspef", rule.tretspef_not), ("hsagrp", rule.hsagrp_not)):
        if values:
            meets &= ~rows.column(name).is_in(*values)
    if rule.hrg:
        meets &= rows.starts(rule.hrg)
    if rule.hrg_not:
        meets &= ~rows.starts(rule.hrg_not)
    if rule.with_procedure is not None:
        meets &= rows.yes("has_procedure") == rule.with_procedure
    if rule.delivery is not None:
        meets &= rows.yes("maternity_delivery_in_spell") == rule.delivery
    return meets


def _members(row: Mapping[str, str]) -> Members:
    def values(name: str) -> tuple[str, ...]:
        return tuple(row[name].split("|")) if row[name] else ()

    def yes_or_no(name: str) -> bool | None:
        return {"yes": True, "no": False, "": None}[row[name]]

    low, _, high = (row["ages"] or "0-90").partition("-")
    return Members(
        activity=row["activity_type"],
        pods=values("pods"),
        ages=(int(low), int(high)),
        specialty=row["specialty"],
        tretspef=values("tretspef"),
        tretspef_not=values("tretspef_not"),
        hrg=values("hrg"),
        hrg_not=values("hrg_not"),
        hsagrp_not=values("hsagrp_not"),
        acuity=values("acuity"),
        stay=row["stay"],
        with_procedure=yes_or_no("with_procedure"),
        delivery=yes_or_no("delivery"),
    )
