"""Which pool of space each row of a provider uses: an area, of the whole trust or of one site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from acutecast.capacity.areas import NONE, OVERNIGHT, ZERO, Area, area_of_rows, areas, families
from acutecast.capacity.calendar import Stays
from acutecast.capacity.occupancy import NON_ELECTIVE, PLANNED_CAESAREAN, SpellPlaces
from acutecast.demand import columns
from acutecast.demand.rows import count_rows, spell_keys
from acutecast.errors import AcutecastError, Problem
from acutecast.facts import ACTIVITY_TYPES
from acutecast.provider import Provider

ALL_SITES = "all"
# Places that a patient holds hour by hour; the rest is booked in sessions.
_HOURLY_FAMILIES = ("bed", "assessment", "critical_care", "birth", "recovery", "emergency")
EMERGENCY_THEATRES = ("theatre_adult_non_elective", "theatre_child_non_elective",
                      "theatre_obstetric")  # fmt: skip


def is_hourly(area: Area) -> bool:
    """Tell whether an area is simulated by the hour; the others run by session."""
    return area.family in _HOURLY_FAMILIES or area.key in EMERGENCY_THEATRES


@dataclass(frozen=True)
class Pools:
    """The space that is counted apart: every area, of the trust or of each site.

    Attributes:
        sites: "all", or the sites counted apart.
        area: index into `areas()` of each pool, (pools,).
        site: index into `sites` of each pool, (pools,).
        slot: place among the pools that are simulated by the hour, -1 for the others; int32.
    """

    sites: tuple[str, ...]
    area: np.ndarray
    site: np.ndarray
    slot: np.ndarray

    def __len__(self) -> int:
        """Give the number of pools."""
        return len(self.area)

    @property
    def hourly(self) -> np.ndarray:
        """The pools simulated by the hour, in the order of their slots."""
        return np.flatnonzero(self.slot >= 0)


def pools_of(provider: Provider, by_site: bool) -> Pools:
    """Lay out the pools of a provider.

    Args:
        provider: the provider.
        by_site: whether each site's space is counted apart; else all share it.
    """
    sites: tuple[str, ...] = (ALL_SITES,)
    if by_site:
        found = {
            site
            for spec in ACTIVITY_TYPES.values()
            for site in columns.text(provider.tables[spec.table], "sitetret").categories
        }
        sites = tuple(sorted(found))
    known = areas()
    area = np.tile(np.arange(len(known)), len(sites))
    site = np.repeat(np.arange(len(sites)), len(known))
    hourly = np.array([is_hourly(a) for a in known])[area]
    slot = np.where(hourly, np.cumsum(hourly) - 1, -1).astype(np.int32)
    return Pools(sites, area, site, slot)


def _site_offset(table: pa.Table, pools: Pools) -> np.ndarray:
    """Give the first pool of each row's site."""
    n_areas = len(areas())
    if pools.sites == (ALL_SITES,):
        return np.zeros(table.num_rows, dtype=np.int32)
    site = columns.text(table, "sitetret")
    index = [pools.sites.index(name) if name in pools.sites else -1 for name in site.categories]
    offset = np.array(index, dtype=np.int32)[site.codes] * n_areas
    if (offset < 0).any():
        raise AcutecastError(Problem("rows of a site that the pools lack", where="sitetret"))
    return offset


def pool_of_rows(table: pa.Table, activity: str, family: str, pools: Pools) -> np.ndarray:
    """Give the pool of one family that each row uses, int32; shapes as `area_of_rows` gives."""
    area = area_of_rows(table, activity, family)
    offset = _site_offset(table, pools)
    offset = offset[:, None] if area.ndim == 2 else offset
    return np.where(area >= 0, area + offset, NONE).astype(np.int32)


def _first_of(*codes: np.ndarray) -> np.ndarray:
    """Take the first code that is not `NONE`."""
    result = codes[0]
    for code in codes[1:]:
        result = np.where(result >= 0, result, code)
    return result.astype(np.int32)


def spell_places(
    provider: Provider,
    stays: Stays,
    pools: Pools,
    specialty_minutes: dict[tuple[str, str], float],
) -> SpellPlaces:
    """Lay out where and when the spells of a provider are.

    Args:
        provider: the provider.
        stays: when they came and went.
        pools: the space.
        specialty_minutes: minutes of a case by (area, tretspef), instead of the data's.
    """
    table = provider.tables["ip"]

    def pool(family: str, of: pa.Table = table) -> np.ndarray:
        return pool_of_rows(of, "ip", family, pools)

    # What an efficiency turns into a day case or an outpatient procedure.
    daycase = _with_pod(table, "ip_elective_daycase")
    outpatient = _with_pod(table, "op_procedure")
    sdec = _with_pod(table, "aae_type-05")
    procedure = pool("procedure")
    return SpellPlaces(
        key=spell_keys(table),
        day=stays.day,
        hour=stays.hour,
        nights=columns.numbers(table, "speldur"),
        leave=stays.leave,
        same_day=stays.same_day,
        bed=_first_of(pool("bed"), pool("recovery")),
        first=_first_of(pool("assessment"), pool("birth")),
        critical=pool("critical_care"),
        procedure=procedure,
        minutes=_own_minutes(table, procedure[:, OVERNIGHT], pools, specialty_minutes),
        flag=_flags(table),
        day_bed=_first_of(pool("bed", daycase), pool("recovery", daycase))[:, ZERO].copy(),
        day_procedure=pool("procedure", daycase)[:, ZERO].copy(),
        sdec=pool_of_rows(sdec, "aae", "emergency", pools),
        outpatient=pool_of_rows(outpatient, "op", "outpatient", pools),
    )


def _with_pod(table: pa.Table, pod: str) -> pa.Table:
    """Give the columns that areas look at, with another point of delivery."""
    index = table.schema.get_field_index("pod")
    return table.set_column(index, "pod", pa.array([pod] * table.num_rows).dictionary_encode())


def _flags(table: pa.Table) -> np.ndarray:
    pod = columns.text(table, "pod")
    flag = np.where(pod.is_in("ip_non-elective_admission"), NON_ELECTIVE, 0)
    group = columns.text(table, "sushrg_trimmed")
    planned = np.array([value.startswith("NZ50") for value in group.categories], dtype=bool)
    return np.where(planned[group.codes], PLANNED_CAESAREAN, flag).astype(np.int8)


def _own_minutes(
    table: pa.Table,
    procedure: np.ndarray,
    pools: Pools,
    specialty_minutes: dict[tuple[str, str], float],
) -> np.ndarray:
    """Give the minutes of each case: stated by specialty, else its own, else its specialty's mean.

    The mean is that of the cases of the same area and specialty whose minutes are known.
    """
    n = table.num_rows
    own = np.full(n, np.nan)
    if "theatre_minutes" in table.column_names:
        own = np.asarray(table.column("theatre_minutes").cast(pa.float64()).to_numpy(), float)
        own = np.where(own > 0, own, np.nan)
    area = np.where(procedure >= 0, pools.area[procedure], -1)
    specialty = columns.text(table, "tretspef")
    kind = area * len(specialty.categories) + specialty.codes
    used = area >= 0
    kinds, index = np.unique(kind[used], return_inverse=True)
    timed = ~np.isnan(own[used])
    cases = np.bincount(index[timed], minlength=len(kinds))
    total = np.bincount(index[timed], own[used][timed], minlength=len(kinds))
    mean = np.divide(total, cases, out=np.full(len(kinds), np.nan), where=cases > 0)
    result = np.where(np.isnan(own[used]), mean[index], own[used])
    for (key, tretspef), stated in specialty_minutes.items():
        mine = (area[used] == _index(key)) & specialty[used].is_in(tretspef)
        result[mine] = stated
    minutes = np.full(n, -1, dtype=np.int32)
    minutes[used] = np.where(np.isnan(result), -1, np.rint(result))
    return minutes


def _index(key: str) -> int:
    return [area.key for area in areas()].index(key)


@dataclass(frozen=True)
class CountPlaces:
    """The pools of outpatient or emergency rows, as the engine merges them.

    Attributes:
        activity: "op" or "aae".
        pool: of each row and measure, int32 (n, measures).
        minutes: stated minutes of each row's contacts, -1 where none; int32 (n, measures).
        baseline: contacts at baseline, int64 (n, measures).
    """

    activity: str
    pool: np.ndarray
    minutes: np.ndarray
    baseline: np.ndarray


def count_places(
    provider: Provider,
    activity: str,
    pools: Pools,
    specialty_minutes: dict[tuple[str, str], float],
) -> CountPlaces:
    """Lay out which pools outpatient or emergency rows use, by measure."""
    rows = count_rows(provider, activity)
    measures = ACTIVITY_TYPES[activity].measures
    by_family = {family: pool_of_rows(rows.table, activity, family, pools)
                 for family in families(activity)}  # fmt: skip
    counted = {area.family: area.counts for area in areas() if area.activity == activity}
    pool = np.full((len(rows), len(measures)), NONE, dtype=np.int32)
    minutes = np.full(pool.shape, -1, dtype=np.int32)
    for m, measure in enumerate(measures):
        for family, code in by_family.items():
            # Emergency areas count every arrival, however it came.
            if counted[family] in (measure, "arrivals"):
                pool[:, m] = code
    for (key, tretspef), stated in specialty_minutes.items():
        if activity == "op":
            mine = (pools.area[pool] == _index(key)) & (pool >= 0)
            mine &= rows.columns["tretspef"].is_in(tretspef)[:, None]
            minutes[mine] = round(stated)
    return CountPlaces(activity, pool, minutes, rows.measures)


def arrival_hours(provider: Provider) -> dict[int, np.ndarray]:
    """Give arrivals by hour of the day of each emergency area, where the data have hours.

    Returns:
        By index into `areas()`: float64 (24,); empty where the data have none.
    """
    table = provider.tables["aae"]
    if "arrival_hour" not in table.column_names:
        return {}
    area = area_of_rows(table, "aae", families("aae")[0])
    arrivals = columns.numbers(table, "arrivals", np.float64)
    column = table.column("arrival_hour")
    known = np.asarray(column.is_valid())
    hour = np.asarray(column.fill_null(0), dtype=np.int64)
    return {
        int(index): np.bincount(hour[mine], arrivals[mine], minlength=24)
        for index in np.unique(area[(area >= 0) & known])
        if (mine := (area == index) & known).any()
    }


def occupied_sites(pools: Pools, tally: np.ndarray) -> Sequence[int]:
    """Give the pools that anybody uses in any year; `tally` is (Y, pools, tallies)."""
    return np.flatnonzero(tally[:, :, 0].sum(axis=0) > 0).tolist()
