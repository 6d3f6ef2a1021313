"""Emergency attendances of the built-in region.

The table counts arrivals by cells, as the model-ready data do; each cell's count is Poisson.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.provider import conform
from acutecast.synthetic import people
from acutecast.synthetic.columns import icb_shares, labels, numbered, person, same
from acutecast.synthetic.draws import stream

_AGES = np.arange(facts.MAX_AGE + 1)

# At size 1. England's rates would give this catchment three quarters of it; all rates are scaled
# alike, so their shape by age remains.
_ARRIVALS = 120_000

# Arrivals by department type: England 2018/19 (NHS England, monthly A&E attendances) has 63.2% type
# 1, 2.3% type 2 and 34.5% others. A part of type 1 counts as same day emergency care (5).
_TYPE_SHARES = {"01": 0.617, "02": 0.023, "03": 0.335, "04": 0.010, "05": 0.015}
_AMBULANCE_SDEC = 0.02
# Department type, site, share of the type at the site.
_DEPARTMENTS = (
    ("01", 0, 0.62),
    ("01", 1, 0.38),
    ("02", 0, 1.0),
    ("03", 0, 0.25),
    ("03", 1, 0.35),
    ("03", 2, 0.40),
    ("04", 2, 1.0),
    ("05", 0, 0.7),
    ("05", 1, 0.3),
)

_ACUITIES = ("immediate-resuscitation", "very-urgent", "urgent", "standard", "non-urgent", None)
_ACUITY = {
    "ambulance": (0.030, 0.260, 0.510, 0.170, 0.015, 0.015),
    "01": (0.004, 0.100, 0.400, 0.390, 0.080, 0.026),
    "02": (0.0, 0.010, 0.200, 0.700, 0.070, 0.020),
    "03": (0.0, 0.010, 0.140, 0.580, 0.230, 0.040),
    "04": (0.0, 0.0, 0.040, 0.700, 0.230, 0.030),
    "05": (0.0, 0.060, 0.540, 0.380, 0.010, 0.010),
}
_CATEGORIES = ("1", "2", "3", "4")
_CATEGORY = {
    "ambulance": (0.985, 0.012, 0.003, 0.0),
    "01": (0.930, 0.042, 0.008, 0.020),
    "02": (0.800, 0.060, 0.010, 0.130),
    "03": (0.885, 0.035, 0.010, 0.070),
    "04": (0.940, 0.025, 0.005, 0.030),
    "05": (0.800, 0.040, 0.010, 0.150),
}
# How an attendance ends: left before treatment, low-cost and sent home, neither investigated nor
# treated (which overlaps both); shares by arrival, and how they vary with acuity (same order).
_ENDS = (
    (False, False, False),
    (True, False, False),
    (True, False, True),
    (False, True, False),
    (False, True, True),
    (False, False, True),
)
# Left before treatment and low cost: England 2019/20 by arrival (trend data of the NHP elicitation
# tool, MIT), adults and children together, rounded; neither investigated nor treated: assumption.
_END = {
    "ambulance": (0.006, 0.014, 0.085, 0.050, 0.090),
    "walk-in": (0.004, 0.012, 0.225, 0.160, 0.080),
}
_END_BY_ACUITY = np.array(
    [
        (0.0, 0.2, 0.7, 1.3, 1.8, 1.5),
        (0.0, 0.2, 0.7, 1.3, 1.8, 1.5),
        (0.0, 0.1, 0.5, 1.4, 2.0, 1.0),
        (0.0, 0.1, 0.5, 1.4, 2.0, 1.0),
        (0.1, 0.4, 0.9, 1.2, 1.4, 1.2),
    ]
)


def emergency(seed: int, size: float, year: int) -> pa.Table:
    """Make the table of emergency attendances: at size 1 about 120,000 arrivals.

    Args:
        seed: the seed of the region.
        size: the size of the region relative to the usual one.
        year: the year in which the baseline year starts; it changes the draws only.

    Returns:
        The table `aae` as the contract has it.
    """
    rng = stream(seed, f"aae.{year}")
    rates = people.rates()
    usual = people.catchment(1.0)
    ambulance, walk_in = (float((usual * rates[k]).sum()) for k in ("ambulance", "walk_in"))
    scale = _ARRIVALS / (ambulance + walk_in)
    by_ambulance = ambulance / (ambulance + walk_in)
    heads = people.catchment(size) * scale
    parts = [
        _emergency_block(rng, "ambulance", heads * rates["ambulance"], by_ambulance),
        _emergency_block(rng, "walk-in", heads * rates["walk_in"], by_ambulance),
    ]
    return conform("aae", numbered("AE", pa.concat_tables(parts, promote_options="permissive")))


def _emergency_block(
    rng: np.random.Generator, group: str, expected: np.ndarray, by_ambulance: float
) -> pa.Table:
    """Draw the rows of one arrival group; `expected` is arrivals by sex and age."""
    walk_in = group == "walk-in"
    departments = [
        (kind, site, share * _type_share(kind, by_ambulance, walk_in=walk_in))
        for kind, site, share in _DEPARTMENTS
        if walk_in or kind in ("01", "05")
    ]
    kinds = [kind if walk_in or kind == "05" else "ambulance" for kind, *_ in departments]
    ends = np.stack([_ends(group, kind) for kind in kinds])
    cells = (
        np.array([share for *_, share in departments])[:, None, None, None, None]
        * icb_shares()[:, None, None, None]
        * np.array([_ACUITY[kind] for kind in kinds])[:, None, :, None, None]
        * np.array([_CATEGORY[kind] for kind in kinds])[:, None, None, :, None]
        * ends[:, None, :, None, :]
    )
    # Only unplanned first attendances (category 1) can be a frequent attender's.
    often = _frequent(walk_in=walk_in)[:, :, None, None, None, None, None]
    often = often * np.array([1.0, 0, 0, 0])[:, None]
    everyone = expected[:, :, None, None, None, None, None] * cells
    counts = rng.poisson(np.stack([everyone * (1 - often), everyone * often], axis=-1))
    place = np.nonzero(counts)
    sex, age, department, icb, acuity, category, end, frequent = place
    types = [kind for kind, *_ in departments]
    left, low_cost, untreated = (np.array(_ENDS)[:, i][end] for i in range(3))
    adult = (age >= 18).astype(np.int64)
    sites = np.array([site for _, site, _ in departments])
    n = len(age)
    return pa.table(
        person(sex, age)
        | {
            "group": same(group, n),
            "ndggrp": same(group, n),
            "demog_type": same("demographics", n),
            "hsagrp": labels(adult, [f"aae_child_{group}", f"aae_adult_{group}"]),
            "pod": labels(department, [f"aae_type-{kind}" for kind in types]),
            "aedepttype": labels(department, types),
            "tretspef_grouped": same("Other", n),
            "icb": labels(icb, list(people.ICBS)),
            "is_main_icb": icb == 0,
            "is_ambulance": np.full(n, not walk_in),
            "is_frequent_attender": frequent == 1,
            "is_left_before_treatment": left,
            "is_low_cost_referred_or_discharged": low_cost,
            "is_discharged_no_treatment": untreated,
            "acuity": labels(np.where(acuity == 5, -1, acuity), list(_ACUITIES[:5])),
            "attendance_category": labels(category, list(_CATEGORIES)),
            "sitetret": labels(sites[department], list(people.SITES)),
            "arrivals": counts[place],
        }
    )


def _type_share(kind: str, by_ambulance: float, *, walk_in: bool) -> float:
    """Give a department type's share of one arrival group, so that all arrivals have the shares."""
    ambulance = {"01": 1 - _AMBULANCE_SDEC, "05": _AMBULANCE_SDEC}.get(kind, 0.0)
    if not walk_in:
        return ambulance
    return max(_TYPE_SHARES[kind] - by_ambulance * ambulance, 0.0) / (1 - by_ambulance)


def _ends(group: str, kind: str) -> np.ndarray:
    """Give the shares of how attendances end by acuity, (acuities, ends), with given totals."""
    acuity = np.array(_ACUITY[kind])
    relative = _END_BY_ACUITY / (_END_BY_ACUITY * acuity).sum(axis=1, keepdims=True)
    # Same day emergency care and planned clinics hardly see people leave or go home untouched.
    shares = np.array(_END[group]) * (0.1 if kind == "05" else 1.0)
    special = (relative * shares[:, None]).T
    return np.column_stack([1 - special.sum(axis=1), special])


def _frequent(*, walk_in: bool) -> np.ndarray:
    """Give the share of frequent attenders by sex and age: most at 20 to 50.

    Levels as in England 2019/20 (trend data of the NHP elicitation tool, MIT): about 0.27 of adults
    and 0.16 of children brought by ambulance, 0.12 of others.
    """
    adult, child = (0.105, 0.117) if walk_in else (0.235, 0.163)
    adults = adult * (1 + 0.35 * np.exp(-0.5 * ((_AGES - 34) / 14) ** 2))
    return np.tile(np.where(_AGES >= 18, adults, child), (2, 1))
