"""Outpatient and emergency attendances of the built-in region.

Both tables count attendances by cells, as the model-ready data do. The expected count of each age,
sex and group comes from the region's rates; shares spread it over specialties, sites and the like;
each cell's count is Poisson, which is a multinomial split of a Poisson total.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.facts.specialties import specialty_group
from acutecast.provider import conform
from acutecast.synthetic import people
from acutecast.synthetic.columns import labels, numbered, person, same
from acutecast.synthetic.draws import stream
from acutecast.synthetic.inequalities import OUTPATIENT_HRGS, inequalities, keeps_hrg, quintile_mix

_AGES = np.arange(facts.MAX_AGE + 1)
_MAIN_ICB_SHARE = 0.87

# At size 1; the region's rates are scaled to these.
_FACE_TO_FACE = 1_000_000
_ARRIVALS = 120_000

_GROUPS = ("first", "followup", "procedure")
_PODS = {"first": "op_first", "followup": "op_follow-up", "procedure": "op_procedure"}

# Shares of the three sites (main hospital, elective and urgent care site, community hospital).
_PLACES = {
    "main": (0.80, 0.16, 0.04),
    "spread": (0.55, 0.31, 0.14),
    "elective": (0.34, 0.56, 0.10),
    "eye": (0.66, 0.14, 0.20),
    "community": (0.38, 0.27, 0.35),
}

# is_first, is_gp_ref, is_cons_cons_ref and the share of such attendances in a group. Referral
# sources count on first attendances alone; a procedure may happen at the first one.
_REFERRALS = {
    "first": (
        (True, True, False, 0.55),
        (True, False, True, 0.12),
        (True, False, False, 0.33),
    ),
    "followup": ((False, False, False, 1.0),),
    "procedure": (
        (False, False, False, 0.68),
        (True, True, False, 0.20),
        (True, False, False, 0.12),
    ),
}

# Outpatient attendances of pregnancy for each maternity spell, and their split over the groups.
_PER_MATERNITY_SPELL = 4.5
_MATERNITY_SPLIT = {"first": 0.16, "followup": 0.68, "procedure": 0.16}

# Arrivals by department type: England 2018/19 (NHS England, monthly A&E attendances) has 63.2% type
# 1, 2.3% type 2 and 34.5% others. A part of type 1 counts as same day emergency care (5).
_TYPE_SHARES = {"01": 0.617, "02": 0.023, "03": 0.335, "04": 0.010, "05": 0.015}
_AMBULANCE_SDEC = 0.02
# Department type, site, share of the type at the site.
_DEPARTMENTS = (
    ("01", 0, 0.62),
    ("01", 1, 0.38),
    ("02", 0, 1.0),
    ("03", 1, 0.55),
    ("03", 2, 0.45),
    ("04", 2, 1.0),
    ("05", 0, 1.0),
)

_ACUITIES = ("immediate-resuscitation", "very-urgent", "urgent", "standard", "non-urgent", None)
_ACUITY = {
    "ambulance": (0.030, 0.260, 0.510, 0.170, 0.015, 0.015),
    "01": (0.003, 0.080, 0.420, 0.440, 0.040, 0.017),
    "02": (0.0, 0.010, 0.200, 0.700, 0.070, 0.020),
    "03": (0.0, 0.004, 0.090, 0.720, 0.160, 0.026),
    "04": (0.0, 0.0, 0.040, 0.700, 0.230, 0.030),
    "05": (0.0, 0.060, 0.540, 0.380, 0.010, 0.010),
}
_CATEGORIES = ("1", "2", "3", "4")
_CATEGORY = {
    "ambulance": (0.985, 0.012, 0.003, 0.0),
    "01": (0.945, 0.035, 0.005, 0.015),
    "02": (0.800, 0.060, 0.010, 0.130),
    "03": (0.930, 0.025, 0.005, 0.040),
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
_END = {
    "ambulance": (0.006, 0.016, 0.050, 0.010, 0.012),
    "walk-in": (0.010, 0.040, 0.142, 0.032, 0.010),
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


@dataclass(frozen=True)
class _Specialty:
    """One line of outpatient_specialties.csv, which explains the fields."""

    type: str
    tretspef: str
    weight: float
    age: float
    spread: float
    floor: float
    female: float
    procedure: float
    tele: float
    place: str

    def weights(self) -> np.ndarray:
        """Give its weight by sex and age, (2, 91)."""
        by_age = self.floor + np.exp(-0.5 * ((_AGES - self.age) / self.spread) ** 2)
        return self.weight * by_age * np.array([[2.0], [2.0 * self.female]]) / (1 + self.female)


def outpatients(seed: int, size: float, year: int) -> pa.Table:
    """Make the outpatient table: at size 1 about a million attendances face to face.

    Args:
        seed: the seed of the region.
        size: the size of the region relative to the usual one.
        year: the year in which the baseline year starts; it changes the draws only.

    Returns:
        The table `op` as the contract has it. Outpatient procedures of the groups in
        `inequalities` carry their HRG and deprivation quintile.
    """
    specialties = _specialties()
    rates = people.rates()
    scale = _FACE_TO_FACE / sum(
        (expected * (1 - _tele(own, group))).sum()
        for _, group, own, expected in _outpatient_blocks(specialties, rates, 1.0)
    )
    rng = stream(seed, f"op.{year}")
    gaps = inequalities(seed=seed)
    parts = [
        _outpatient_block(rng, kind, group, own, expected * scale, gaps)
        for kind, group, own, expected in _outpatient_blocks(specialties, rates, size)
    ]
    return conform("op", numbered("OP", pa.concat_tables(parts, promote_options="permissive")))


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


def _specialties() -> list[_Specialty]:
    words = {"type", "tretspef", "place"}
    return [
        _Specialty(**{k: v if k in words else float(v) for k, v in row.items()})  # type: ignore[arg-type]
        for row in people.read("outpatient_specialties")
    ]


def _outpatient_blocks(
    specialties: list[_Specialty], rates: dict[str, np.ndarray], size: float
) -> list[tuple[str, str, list[_Specialty], np.ndarray]]:
    """Give type, group, specialties and unscaled expected attendances (2, 91, specialties)."""
    heads = people.catchment(size)
    blocks = []
    for kind, group in product(dict.fromkeys(s.type for s in specialties), _GROUPS):
        own = [s for s in specialties if s.type == kind]
        mix = np.stack(
            [s.weights() * (s.procedure if group == "procedure" else 1.0) for s in own], axis=2
        )
        if kind == "maternity":
            rate = rates["maternity"] * _PER_MATERNITY_SPELL * _MATERNITY_SPLIT[group]
        else:
            rate = rates[f"op_{kind}_{group}"]
        expected = (heads * rate)[:, :, None] * mix / mix.sum(axis=2, keepdims=True)
        blocks.append((kind, group, own, expected))
    return blocks


def _tele(own: list[_Specialty], group: str) -> np.ndarray:
    """Give the share by telephone or video by specialty: first attendances have it less."""
    factor = {"first": 0.98, "followup": 1.38, "procedure": 0.0}[group]
    return np.array([s.tele for s in own]) * factor


def _outpatient_block(
    rng: np.random.Generator,
    kind: str,
    group: str,
    own: list[_Specialty],
    expected: np.ndarray,
    gaps: pa.Table,
) -> pa.Table:
    """Draw the rows of one type and group."""
    places = np.array([_PLACES[s.place] for s in own])
    referrals = np.array([share for *_, share in _REFERRALS[group]])
    # Axes: sex, age, specialty, site, care board, kind of referral.
    cells = (
        expected[:, :, :, None, None, None]
        * places[:, :, None, None]
        * _icb_shares()[:, None]
        * referrals
    )
    counts = rng.poisson(cells)
    sex, age, specialty, site, icb, referral = np.nonzero(counts)
    count = counts[sex, age, specialty, site, icb, referral]
    tele = rng.binomial(count, _tele(own, group)[specialty])
    row, face, hrg, quintile = _by_hrg(
        rng, group, [s.tretspef for s in own], specialty, icb, count - tele, gaps
    )
    is_first, is_gp_ref, is_cons_cons_ref = (
        np.array([case[i] for case in _REFERRALS[group]], dtype=bool)[referral[row]]
        for i in range(3)
    )
    codes = [s.tretspef for s in own]
    return pa.table(
        person(sex[row], age[row])
        | {
            "type": same(kind, len(row)),
            "group": same(group, len(row)),
            "ndggrp": same(group, len(row)),
            "demog_type": same("births" if kind == "maternity" else "demographics", len(row)),
            "hsagrp": same(f"op_{kind}_{group}", len(row)),
            "pod": same(_PODS[group], len(row)),
            "tretspef": labels(specialty[row], codes),
            "tretspef_grouped": labels(specialty[row], [specialty_group(c) for c in codes]),
            "icb": labels(icb[row], _icbs()),
            "is_main_icb": icb[row] == 0,
            "is_wla": np.ones(len(row), dtype=bool),
            "is_first": is_first,
            "has_procedures": np.full(len(row), group == "procedure"),
            "is_gp_ref": is_gp_ref,
            "is_cons_cons_ref": is_cons_cons_ref,
            "imd_quintile": pa.array(quintile, mask=quintile == 0),
            "sushrg_trimmed": hrg,
            "sitetret": labels(site[row], _sites()),
            "attendances": face,
            "tele_attendances": tele[row],
        }
    )


def _by_hrg(
    rng: np.random.Generator,
    group: str,
    codes: list[str],
    specialty: np.ndarray,
    icb: np.ndarray,
    face: np.ndarray,
    gaps: pa.Table,
) -> tuple[np.ndarray, np.ndarray, pa.Array, np.ndarray]:
    """Split rows of procedures by HRG and quintile where the table of inequalities has them.

    Returns:
        For each row after the split: the row before, attendances face to face, the HRG (null
        where not kept), and the quintile (0 where not kept).
    """
    hrgs = sorted({hrg for by_hrg in OUTPATIENT_HRGS.values() for hrg in by_hrg})
    row, count = [np.arange(len(face))], [face]
    which = [np.full(len(face), -1)]
    quintile = [np.zeros(len(face), dtype=np.int64)]
    places = [(i, code) for i, code in enumerate(codes) if code in OUTPATIENT_HRGS]
    for (i, code), (b, board) in product(places, enumerate(_icbs())):
        kept = {h: p for h, p in OUTPATIENT_HRGS[code].items() if keeps_hrg(gaps, board, h)}
        if group != "procedure" or not kept:
            continue
        shares = np.concatenate([p * quintile_mix(gaps, board, h) for h, p in kept.items()])
        rows = np.flatnonzero((specialty == i) & (icb == b))
        split = rng.multinomial(face[rows], np.append(shares, 1 - shares.sum()))
        count[0] = count[0].copy()
        count[0][rows] = split[:, -1]
        at, cell = np.nonzero(split[:, :-1])
        row.append(rows[at])
        count.append(split[at, cell])
        which.append(np.array([hrgs.index(h) for h in kept])[cell // 5])
        quintile.append(cell % 5 + 1)
    rows, counts = np.concatenate(row), np.concatenate(count)
    # Rows that the split emptied go; those of calls alone stay, and procedures have no calls.
    there = (counts > 0) | (group != "procedure")
    hrg = labels(np.concatenate(which)[there], hrgs)
    return rows[there], counts[there], hrg, np.concatenate(quintile)[there]


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
        * _icb_shares()[:, None, None, None]
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
            "icb": labels(icb, _icbs()),
            "is_main_icb": icb == 0,
            "is_ambulance": np.full(n, not walk_in),
            "is_frequent_attender": frequent == 1,
            "is_left_before_treatment": left,
            "is_low_cost_referred_or_discharged": low_cost,
            "is_discharged_no_treatment": untreated,
            "acuity": labels(np.where(acuity == 5, -1, acuity), list(_ACUITIES[:5])),
            "attendance_category": labels(category, list(_CATEGORIES)),
            "sitetret": labels(np.array([s for _, s, _ in departments])[department], _sites()),
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
    """Give the share of frequent attenders by sex and age: most at 20 to 50 and in old age."""
    adults = 0.035 + 0.035 * np.exp(-0.5 * ((_AGES - 34) / 12) ** 2)
    share = np.where(_AGES >= 18, adults, 0.015)
    return np.tile(share * (1.05 if walk_in else 1.7), (2, 1))


def _icb_shares() -> np.ndarray:
    return np.array([_MAIN_ICB_SHARE, 1 - _MAIN_ICB_SHARE])


def _icbs() -> list[str]:
    return list(people.ICBS)


def _sites() -> list[str]:
    return list(people.SITES)
