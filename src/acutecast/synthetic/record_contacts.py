"""Outpatient appointments and emergency attendances of the made-up region, one record each.

The counts of `outpatients` and `emergency` are spread over single contacts, with the codes from
which an extract works the same flags out again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from acutecast.synthetic import emergency, outpatients
from acutecast.synthetic.columns import labels, pc, same
from acutecast.synthetic.draws import stream
from acutecast.synthetic.inequalities import QUINTILE_SHARES

# Appointments that were not attended, for each attended one: assumption, after NHS England's
# outpatient statistics.
_MISSED = 0.07
# Procedures in outpatients (OPCS): the ones that day cases and wards do too are at the front.
_PROCEDURES = (
    "S065", "S091", "Q181", "M459", "W903", "E251", "S701", "C821", "M434", "A577",
    "S061", "Q101", "F091", "E253", "D071", "C873", "S571", "X481", "Y981", "N241",
)  # fmt: skip
_PROCEDURE_SHARES = np.array(
    [0.10, 0.03, 0.07, 0.06, 0.09, 0.06, 0.03, 0.04, 0.04, 0.10,
     0.0009, 0.0009, 0.0009, 0.10, 0.06, 0.07, 0.06, 0.03, 0.02, 0.03]
)  # fmt: skip

_AMBULANCE = ("1048031000000100", "1048041000000109", "1048021000000102")
_WALKED = ("1048061000000105", "1048071000000103")
_ACUITY = {
    "immediate-resuscitation": "1064891000000107",
    "very-urgent": "1064911000000105",
    "urgent": "1064901000000108",
    "standard": "1077241000000103",
    "non-urgent": "1077251000000100",
}
_LEFT, _WENT_HOME = "1066301000000103", "182992009"
_NO_FOLLOW_UP, _GENERAL_PRACTICE, _CLINIC = "3780001", "989501000000106", "1066331000000109"
_NO_TEST, _NO_TREATMENT = "1088291000000101", "183964008"
_TESTS, _TREATMENTS = ("27171005", "167252002", "53115007"), ("413334001", "281790008")
_CHEAP_HRGS, _OTHER_HRGS = ("VB09Z", "VB11Z", "VB06Z"), ("VB08Z", "VB07Z", "VB05Z", "VB04Z")
# Times that people who come often come in a year, and arrivals by hour of the day: assumptions.
_TIMES_A_YEAR = 9
_HOURS = np.array(
    [2.6, 2.1, 1.8, 1.6, 1.5, 1.6, 2.0, 2.9, 4.2, 5.4, 6.0, 6.1,
     5.9, 5.8, 5.7, 5.7, 5.8, 5.9, 5.8, 5.4, 4.9, 4.3, 3.7, 3.2]
)  # fmt: skip


def appointments(
    seed: int, trust: str, size: float, year: int, areas: dict[str, float]
) -> pa.Table:
    """Make the outpatient appointments of a trust's financial year, the table `opa`."""
    cells = outpatients.outpatients(seed, size, year)
    rng = stream(seed, f"{trust} {year} appointments")
    face = cells.column("attendances").to_numpy()
    tele = cells.column("tele_attendances").to_numpy()
    row = np.concatenate([np.repeat(np.arange(len(face)), face),
                          np.repeat(np.arange(len(face)), tele)])  # fmt: skip
    by_phone = np.arange(len(row)) >= face.sum()
    missed = rng.integers(0, len(row), round(_MISSED * len(row)))
    not_there = np.concatenate([np.zeros(len(row), dtype=bool), np.ones(len(missed), dtype=bool)])
    row, by_phone = np.concatenate([row, row[missed]]), np.concatenate([by_phone, by_phone[missed]])
    n = len(row)
    first, gp, consultant, procedure = (
        cells.column(name).to_numpy(zero_copy_only=False)[row].astype(bool)
        for name in ("is_first", "is_gp_ref", "is_cons_cons_ref", "has_procedures")
    )
    # Codes of the attendance: 1 first, 2 follow-up, 3 and 4 the same by telephone.
    code = np.where(first, 1, 2) + 2 * by_phone
    hrg4 = cells.column("sushrg_trimmed").cast(pa.string()).combine_chunks().take(pa.array(row))
    with_letter = pc.binary_join_element_wise(hrg4, "A", "")
    plain = labels(
        np.where(procedure, 2 + rng.integers(0, 2, n), np.where(first, 0, 1)),
        ["WF01B", "WF01A", "YX99Z", "QZ15A"],
    ).cast(pa.string())
    own_quintile = cells.column("imd_quintile").fill_null(0).to_numpy()[row]
    drawn = np.searchsorted(np.cumsum(QUINTILE_SHARES)[:-1], rng.random(n)) + 1
    quintile = np.where(own_quintile > 0, own_quintile, drawn)
    operation = np.searchsorted(
        np.cumsum(_PROCEDURE_SHARES / _PROCEDURE_SHARES.sum())[:-1], rng.random(n)
    )
    taken = cells.take(pa.array(row)).select(["age", "sex", "tretspef", "icb"])
    return pa.table(
        {
            "attendkey": _keys(f"{trust}-{year}-A", n),
            "person_id": _keys(f"{trust}P", n, rng.integers(0, max(n // 4, 1), n)),
            "procode3": same(trust, n),
            "sitetret": _site(cells, row, trust),
            "apptdate": _weekdays(rng, year, n),
            "apptage": taken.column("age").cast(pa.int32()),
            "sex": taken.column("sex").cast(pa.string()),
            "atentype": labels(
                np.where(not_there, 4, code - 1), ["1", "2", "21", "22", "3"]
            ),
            "attended": labels(not_there.astype(np.int64), ["5", "3"]),
            "firstatt": labels(code - 1, ["1", "2", "3", "4"]),
            # A referral counts where it began the attendance; the rest were referred some way.
            "refsourc": labels(
                np.select([gp, consultant], [0, 1], 2 + rng.integers(0, 3, n)),
                ["03", "05", "97", "92", "10"],
            ),
            "tretspef": taken.column("tretspef"),
            "lad": _areas(rng, areas, n),
            "imd_decile": (2 * quintile - rng.integers(0, 2, n)).astype(np.int32),
            "icb": taken.column("icb"),
            "sushrg": pc.coalesce(with_letter, plain),
            "opertn_01": labels(np.where(procedure, operation, -1), list(_PROCEDURES)),
        }
    )  # fmt: skip


def attendances(seed: int, trust: str, size: float, year: int) -> pa.Table:
    """Make the emergency attendances of a trust's financial year, the table `ecds`."""
    cells = emergency.emergency(seed, size, year)
    rng = stream(seed, f"{trust} {year} arrivals")
    row = np.repeat(np.arange(cells.num_rows), cells.column("arrivals").to_numpy())
    n = len(row)
    age, sex = cells.column("age").to_numpy()[row], cells.column("sex").to_numpy()[row]
    often, left, cheap, untouched = (
        cells.column(name).to_numpy(zero_copy_only=False)[row].astype(bool)
        for name in (
            "is_frequent_attender", "is_left_before_treatment",
            "is_low_cost_referred_or_discharged", "is_discharged_no_treatment",
        )
    )  # fmt: skip
    ambulance = cells.column("is_ambulance").to_numpy(zero_copy_only=False)[row].astype(bool)
    acuity = cells.column("acuity").cast(pa.string()).to_pylist()
    snomed = pa.array([_ACUITY.get(a or "") for a in acuity]).dictionary_encode()
    minutes = rng.choice(24, n, p=_HOURS / _HOURS.sum()) * 60 + rng.integers(0, 60, n)
    days = (np.datetime64(f"{year + 1}-04-01") - np.datetime64(f"{year}-04-01")).astype(int)
    tested = ~untouched
    return pa.table(
        {
            "ec_ident": _keys(f"{trust}-{year}-C", n),
            "person_id": _attenders(rng, trust, year, age, sex, often),
            "procode3": same(trust, n),
            "sitetret": _site(cells, row, trust),
            "arrival_date": np.datetime64(f"{year}-04-01") + rng.integers(0, days, n),
            "arrival_time": pa.array((minutes * 60).astype(np.int32), pa.time32("s")),
            "age_at_arrival": age.astype(np.int32),
            "sex": pa.array(sex).cast(pa.string()),
            "ec_attendancecategory": cells.column("attendance_category").take(pa.array(row)),
            "ec_department_type": cells.column("aedepttype").take(pa.array(row)),
            "ec_acuity_snomed_ct": snomed.take(pa.array(row)),
            "ec_arrival_mode_snomed_ct": labels(
                np.where(ambulance, rng.integers(0, 3, n), 3 + rng.integers(0, 2, n)),
                [*_AMBULANCE, *_WALKED],
            ),
            "ec_discharge_status_snomed_ct": labels(left.astype(np.int64), [_WENT_HOME, _LEFT]),
            "discharge_follow_up_snomed_ct": labels(
                np.where(cheap, rng.integers(0, 2, n), rng.integers(0, 4, n) - 1),
                [_NO_FOLLOW_UP, _GENERAL_PRACTICE, _CLINIC],
            ),
            "der_ec_investigation_all": labels(
                np.where(tested, 1 + rng.integers(0, 3, n), rng.integers(0, 2, n) - 1),
                [_NO_TEST, *_TESTS],
            ),
            "der_ec_treatment_all": labels(
                np.where(tested, 1 + rng.integers(0, 2, n), rng.integers(0, 2, n) - 1),
                [_NO_TREATMENT, *_TREATMENTS],
            ),
            "sushrg": labels(
                np.where(cheap, rng.integers(0, 3, n), 3 + rng.integers(0, 4, n)),
                [*_CHEAP_HRGS, *_OTHER_HRGS],
            ),
            "icb": cells.column("icb").take(pa.array(row)),
        }
    )


def _keys(prefix: str, count: int, numbers: np.ndarray | None = None) -> Any:
    """Make a text column of a prefix and numbers, by default from 1 on.."""
    values = np.arange(1, count + 1) if numbers is None else numbers
    return pc.binary_join_element_wise(
        prefix, pc.utf8_lpad(pa.array(values).cast(pa.string()), 8, "0"), ""
    )


def _site(cells: pa.Table, row: np.ndarray, trust: str) -> Any:
    """Give the site of each contact; the first trust keeps the demo's codes."""
    site = cells.column("sitetret").cast(pa.string())
    if trust != "DEMO":
        site = pc.binary_join_element_wise(trust, pc.utf8_slice_codeunits(site, 3), "")
    return site.combine_chunks().dictionary_encode().take(pa.array(row))


def _areas(rng: np.random.Generator, areas: dict[str, float], count: int) -> Any:
    place = np.searchsorted(np.cumsum(list(areas.values()))[:-1], rng.random(count))
    return labels(place, list(areas))


def _weekdays(rng: np.random.Generator, year: int, count: int) -> np.ndarray:
    first, last = np.datetime64(f"{year}-04-01"), np.datetime64(f"{year + 1}-04-01")
    days = np.arange(first, last)
    open_ = days[np.is_busday(days)]
    return open_[rng.integers(0, len(open_), count)]


def _attenders(
    rng: np.random.Generator, trust: str, year: int, age: np.ndarray, sex: np.ndarray,
    often: np.ndarray,
) -> Any:  # fmt: skip
    """Give people to attendances: those who come often are few, and the same year after year."""
    # Few enough of one sex and year of birth that each comes often.
    cell = (year - age) * 2 + sex
    people_of = {}
    cells, counts = np.unique(cell[often], return_counts=True)
    for value, count in zip(cells.tolist(), counts.tolist(), strict=True):
        people_of[value] = max(1, round(count / _TIMES_A_YEAR))
    most = np.array([people_of.get(value, 1) for value in cell.tolist()])
    regular = cell * 10_000 + (rng.random(len(cell)) * most).astype(np.int64)
    other = rng.integers(0, 40 * max(len(cell), 1), len(cell)) + year * 10_000_000_000
    return _keys(f"{trust}E", len(cell), np.where(often, regular, other))
