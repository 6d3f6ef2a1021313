"""Outpatient attendances of the built-in region.

The table counts attendances by cells, as the model-ready data do. The expected count of each age,
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
from acutecast.synthetic.columns import icb_shares, labels, numbered, pc, person, same
from acutecast.synthetic.draws import stream
from acutecast.synthetic.inequalities import HRGS, OUTPATIENT_HRGS, quintile_mix

_AGES = np.arange(facts.MAX_AGE + 1)

# Face to face, at size 1. England's rates would give this catchment a little under half of it: the
# total is that of a large trust, and all rates are scaled alike, so their shape by age remains.
_FACE_TO_FACE = 1_000_000

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
        The table `op` as the contract has it. Procedures of `OUTPATIENT_HRGS` carry their HRG and
        deprivation quintile; `without_other_hrgs` takes away those not listed in `inequalities`.
    """
    specialties = _specialties()
    rates = people.rates()
    scale = _FACE_TO_FACE / sum(
        (expected * (1 - _tele(own, group))).sum()
        for _, group, own, expected in _outpatient_blocks(specialties, rates, 1.0)
    )
    rng = stream(seed, f"op.{year}")
    parts = [
        _outpatient_block(rng, kind, group, own, expected * scale)
        for kind, group, own, expected in _outpatient_blocks(specialties, rates, size)
    ]
    return conform("op", numbered("OP", pa.concat_tables(parts, promote_options="permissive")))


def without_other_hrgs(op: pa.Table, gaps: pa.Table) -> pa.Table:
    """Leave HRG and quintile in the rows of care boards and HRGs that `gaps` lists.

    Other rows lose both and are added up with the rows that then differ in counts alone.
    """
    boards = op.column("icb").cast(pa.string()).to_numpy(zero_copy_only=False)
    hrgs = op.column("sushrg_trimmed").cast(pa.string()).to_numpy(zero_copy_only=False)
    listed = set(zip(gaps["icb"].to_pylist(), gaps["sushrg_trimmed"].to_pylist(), strict=True))
    keeps = np.zeros(op.num_rows, dtype=bool)
    for board, hrg in listed:
        keeps |= (boards == board) & (hrgs == hrg)
    for name in ("sushrg_trimmed", "imd_quintile"):
        place = op.schema.get_field_index(name)
        kept = pc.if_else(keeps, op.column(name), None)
        op = op.set_column(place, op.schema.field(name), kept.cast(op.schema.field(name).type))
    return _added_up(op)


def _added_up(op: pa.Table) -> pa.Table:
    """Add up the rows that differ in counts alone, in the order of their first ones."""
    counts = ("attendances", "tele_attendances")
    names = [name for name in op.column_names if name not in (*counts, "rn")]
    cell = np.zeros(op.num_rows, dtype=np.int64)
    for name in names:
        codes = op.column(name).combine_chunks()
        if not pa.types.is_dictionary(codes.type):
            codes = codes.dictionary_encode(null_encoding="encode")
        elif codes.null_count:
            codes = codes.cast(codes.type.value_type).dictionary_encode(null_encoding="encode")
        cell = cell * len(codes.dictionary) + codes.indices.to_numpy(zero_copy_only=False)
    _, first, group = np.unique(cell, return_index=True, return_inverse=True)
    order = np.argsort(first)
    sums = {
        name: np.bincount(group, weights=op.column(name).to_numpy()).astype(np.int64)[order]
        for name in counts
    }
    table = op.select(names).take(first[order])
    for name, values in sums.items():
        table = table.append_column(name, pa.array(values))
    return conform("op", numbered("OP", table))


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
) -> pa.Table:
    """Draw the rows of one type and group."""
    places = np.array([_PLACES[s.place] for s in own])
    referrals = np.array([share for *_, share in _REFERRALS[group]])
    # Axes: sex, age, specialty, site, care board, kind of referral.
    cells = (
        expected[:, :, :, None, None, None]
        * places[:, :, None, None]
        * icb_shares()[:, None]
        * referrals
    )
    counts = rng.poisson(cells)
    sex, age, specialty, site, icb, referral = np.nonzero(counts)
    count = counts[sex, age, specialty, site, icb, referral]
    tele = rng.binomial(count, _tele(own, group)[specialty])
    row, face, hrg, quintile = _by_hrg(
        rng, group, [s.tretspef for s in own], specialty, count - tele
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
            "icb": labels(icb[row], list(people.ICBS)),
            "is_main_icb": icb[row] == 0,
            "is_wla": np.ones(len(row), dtype=bool),
            "is_first": is_first,
            "has_procedures": np.full(len(row), group == "procedure"),
            "is_gp_ref": is_gp_ref,
            "is_cons_cons_ref": is_cons_cons_ref,
            "imd_quintile": pa.array(quintile, mask=quintile == 0),
            "sushrg_trimmed": hrg,
            "sitetret": labels(site[row], list(people.SITES)),
            "attendances": face,
            "tele_attendances": tele[row],
        }
    )


def _by_hrg(
    rng: np.random.Generator,
    group: str,
    codes: list[str],
    specialty: np.ndarray,
    face: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, pa.Array, np.ndarray]:
    """Split rows of procedures by HRG and quintile where a specialty has such HRGs.

    Returns:
        For each row after the split: the row before, attendances face to face, the HRG (null
        where none is kept), and the quintile (0 where none is kept).
    """
    row, count = [np.arange(len(face))], [face.copy()]
    which = [np.full(len(face), -1)]
    quintile = [np.zeros(len(face), dtype=np.int64)]
    for i, code in enumerate(codes):
        if group != "procedure" or code not in OUTPATIENT_HRGS:
            continue
        hrgs = OUTPATIENT_HRGS[code]
        shares = np.concatenate([share * quintile_mix(hrg) for hrg, share in hrgs.items()])
        rows = np.flatnonzero(specialty == i)
        split = rng.multinomial(face[rows], np.append(shares, 1 - shares.sum()))
        count[0][rows] = split[:, -1]
        at, cell = np.nonzero(split[:, :-1])
        row.append(rows[at])
        count.append(split[at, cell])
        which.append(np.array([HRGS.index(hrg) for hrg in hrgs])[cell // 5])
        quintile.append(cell % 5 + 1)
    rows, counts = np.concatenate(row), np.concatenate(count)
    # Rows that the split emptied go; those of calls alone stay, and procedures have no calls.
    there = (counts > 0) | (group != "procedure")
    hrg = labels(np.concatenate(which)[there], list(HRGS))
    return rows[there], counts[there], hrg, np.concatenate(quintile)[there]
