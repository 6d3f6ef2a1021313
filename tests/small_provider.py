"""A small, valid, made-up provider for tests of every room."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.provider import Provider

DATASET = "RXX"
YEAR = 2023
YEARS = tuple(range(2022, 2048))
VARIANTS = (
    "migration_category",
    "var_proj_10_year_migration",
    "var_proj_5_year_migration",
    "var_proj_high_intl_migration",
    "var_proj_low_intl_migration",
    "var_proj_zero_net_migration",
)
HSA_GROUPS = (
    "reg",
    "emerg",
    "transfer",
    "ordelec",
    "daycase",
    *(
        f"op_adult_{kind}_{group}"
        for kind in ("surgical", "non-surgical")
        for group in ("first", "followup", "procedure")
    ),
    "aae_adult_ambulance",
    "aae_adult_walk-in",
)
AVOIDANCE = (
    "alcohol_partially_attributable_chronic",
    "smoking",
    "ambulatory_care_conditions_acute",
    "readmission_within_28_days",
    "zero_los_no_procedure_adult",
    "falls_related_admissions",
)
FRACTIONAL = ("alcohol_partially_attributable_chronic", "smoking")
SURGICAL = ("100", "101", "110", "120", "130", "502")
MEDICAL = ("300", "301", "320", "340", "400", "430")
ICBS = ("QHM", "QOQ", "QWO")


def small_provider(spells: int = 200, seed: int = 0) -> Provider:
    """Make a provider with all nine tables that meets the contract.

    Args:
        spells: rows of `ip`, at least 40 (so that every kind of spell and TPMA occurs); `op` has
            as many rows and `aae` half as many.
        seed: another seed gives other rows.
    """
    rng = np.random.default_rng(seed)
    ip = _inpatients(rng, spells)
    op = _outpatients(rng, spells)
    tables = {
        "ip": _table(ip),
        "op": _table(op),
        "aae": _table(_emergency(rng, max(spells // 2, 10))),
        "ip_activity_avoidance_strategies": _table(_avoidance(rng, ip)),
        "ip_efficiencies_strategies": _table(_efficiencies(rng, ip)),
        "demographic_factors": _table(_population()),
        "birth_factors": _table(_births()),
        "hsa_activity_tables": _table(_activity_by_age()),
        "inequalities": _table(_inequalities()),
    }
    return Provider(DATASET, YEAR, tables)


def column(values, nulls: np.ndarray | None = None) -> pa.Array:
    """Make an Arrow column with the types of the contract."""
    values = np.asarray(values)
    if values.dtype.kind in "UO":
        plain = pa.array(values.tolist(), pa.string(), mask=nulls)
        names = sorted(set(plain.drop_null().to_pylist()))
        place = {name: i for i, name in enumerate(names)}
        codes = [None if value is None else place[value] for value in plain.to_pylist()]
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(names))
    if values.dtype.kind == "M":
        return pa.array(values.astype("datetime64[D]"), pa.date32(), mask=nulls)
    kind = {"b": pa.bool_(), "i": pa.int32(), "f": pa.float64()}[values.dtype.kind]
    return pa.array(values, kind, mask=nulls)


def _table(columns: dict) -> pa.Table:
    arrays = {
        name: values
        if isinstance(values, pa.Array)
        else pa.array(values.tolist(), pa.string())
        if name == "rn"
        else column(values)
        for name, values in columns.items()
    }
    return pa.table(arrays)


def _age_groups(age: np.ndarray) -> np.ndarray:
    return np.array(facts.age_group_of_age())[age]


def _specialty_group(tretspef: np.ndarray) -> np.ndarray:
    return np.where(np.isin(tretspef, facts.SPECIALTY_GROUPS), tretspef, "Other (Medical)")


def _inpatients(rng: np.random.Generator, n: int) -> dict:
    kind = rng.choice(
        ["emergency", "elective", "daycase", "maternity", "newborn", "regular", "transfer"],
        n,
        p=[0.4, 0.16, 0.22, 0.1, 0.05, 0.05, 0.02],
    )
    # Every kind occurs, however few the spells; the first two are the oldest and longest.
    kind[:7] = ["emergency", "elective", "daycase", "maternity", "newborn", "regular", "transfer"]
    kind[7] = "emergency"
    maternity, newborn = kind == "maternity", kind == "newborn"
    age = np.clip(rng.normal(58, 24, n).round(), 0, 90).astype(int)
    age = np.where(maternity, rng.integers(17, 45, n), np.where(newborn, 0, age))
    age[0] = 82
    sex = np.where(maternity, 2, rng.integers(1, 3, n))
    planned = np.isin(kind, ["elective", "daycase", "regular"])
    waiting = planned & (rng.random(n) < 0.7)
    admimeth = np.select(
        [waiting, planned, maternity, newborn, kind == "transfer"],
        ["11", "13", "31", "82", "81"],
        "21",
    )
    classpat = np.select([kind == "daycase", kind == "regular"], ["2", "3"], "1")
    speldur = np.where(classpat == "1", rng.geometric(0.25, n) - rng.integers(0, 2, n), 0)
    speldur[[0, 1, 7]] = [9, 4, 1]
    group = np.select([maternity, planned], ["maternity", "elective"], "non-elective")
    hsagrp = np.select(
        [
            classpat == "3",
            newborn,
            maternity,
            admimeth == "21",
            admimeth == "81",
            classpat == "2",
        ],
        ["reg", "birth", "maternity", "emerg", "transfer", "daycase"],
        "ordelec",
    )
    pod = np.select(
        [classpat == "2", classpat == "3"],
        ["ip_elective_daycase", "ip_regular_day_attender"],
        np.char.add(np.char.add("ip_", group), "_admission"),
    )
    tretspef = np.where(planned, rng.choice(SURGICAL, n), rng.choice(MEDICAL, n))
    tretspef = np.select([maternity, newborn], ["501", "424"], tretspef)
    tretspef[1] = "110"
    icb = rng.choice(ICBS, n, p=[0.8, 0.15, 0.05])
    start = np.datetime64(datetime.date(YEAR, 4, 1))
    admidate = start + rng.integers(0, 365, n)
    return {
        "rn": np.char.add("s", np.arange(n).astype(str)),
        "age": age,
        "age_group": _age_groups(age),
        "sex": sex,
        "admimeth": admimeth,
        "classpat": classpat,
        "speldur": speldur,
        "group": group,
        "ndggrp": np.where(newborn, "maternity", group),
        "demog_type": np.where(maternity | newborn, "births", "demographics"),
        "hsagrp": hsagrp,
        "pod": pod,
        "tretspef": tretspef,
        "tretspef_grouped": _specialty_group(tretspef),
        "icb": icb,
        "is_main_icb": icb == ICBS[0],
        "is_wla": admimeth == "11",
        "has_procedure": planned | (rng.random(n) < 0.2),
        "maternity_delivery_in_spell": maternity & (rng.random(n) < 0.6),
        "imd_quintile": column(rng.integers(1, 6, n), rng.random(n) < 0.05),
        "sushrg_trimmed": column(_hrg(rng, n), rng.random(n) < 0.02),
        "sitetret": rng.choice(["RXX01", "RXX02"], n, p=[0.7, 0.3]),
        "admidate": admidate,
        "disdate": admidate + speldur,
        "admihour": rng.integers(0, 24, n),
        "dishour": rng.integers(8, 20, n),
        "theatre_minutes": column(
            rng.integers(15, 180, n), ~np.isin(kind, ["elective", "daycase"])
        ),
        "procode3": np.full(n, DATASET),
    }


def _hrg(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.choice(["BZ34", "FE22", "HN22", "JC43", "WJ06"], n)


def _outpatients(rng: np.random.Generator, n: int) -> dict:
    age = np.clip(rng.normal(52, 22, n).round(), 0, 90).astype(int)
    sex = rng.integers(1, 3, n)
    tretspef = rng.choice([*SURGICAL, *MEDICAL, "501"], n)
    age = np.where(tretspef == "501", rng.integers(18, 43, n), age)
    sex = np.where(tretspef == "501", 2, sex)
    procedure = rng.random(n) < 0.2
    first = rng.random(n) < 0.35
    surgical = np.isin(tretspef, SURGICAL)
    adult = np.where(age >= 18, "adult_", "child_")
    kind = np.char.add(adult, np.where(surgical, "surgical", "non-surgical"))
    kind = np.where(tretspef == "501", "maternity", kind)
    group = np.select([procedure, first], ["procedure", "first"], "followup")
    pod = np.select([procedure, first], ["op_procedure", "op_first"], "op_follow-up")
    icb = rng.choice(ICBS, n, p=[0.8, 0.15, 0.05])
    unequal = procedure & (rng.random(n) < 0.5)
    return {
        "rn": np.char.add("o", np.arange(n).astype(str)),
        "age": age,
        "age_group": _age_groups(age),
        "sex": sex,
        "type": kind,
        "group": group,
        "ndggrp": group,
        "demog_type": np.where(tretspef == "501", "births", "demographics"),
        "hsagrp": np.char.add(np.char.add(np.char.add("op_", kind), "_"), group),
        "pod": pod,
        "tretspef": tretspef,
        "tretspef_grouped": _specialty_group(tretspef),
        "icb": icb,
        "is_main_icb": icb == ICBS[0],
        "is_wla": np.ones(n, dtype=bool),
        "is_first": first,
        "has_procedures": procedure,
        "is_gp_ref": first & (rng.random(n) < 0.5),
        "is_cons_cons_ref": first & (rng.random(n) < 0.1),
        "imd_quintile": column(rng.integers(1, 6, n), ~unequal),
        "sushrg_trimmed": column(_hrg(rng, n), ~unequal),
        "sitetret": column(rng.choice(["RXX01", "RXX02"], n), rng.random(n) < 0.02),
        "attendances": rng.poisson(8, n) + 1,
        "tele_attendances": np.where(procedure, 0, rng.poisson(2, n)),
    }


def _emergency(rng: np.random.Generator, n: int) -> dict:
    age = rng.integers(0, 91, n)
    ambulance = rng.random(n) < 0.3
    group = np.where(ambulance, "ambulance", "walk-in")
    adult = np.where(age >= 18, "aae_adult_", "aae_child_")
    icb = rng.choice(ICBS, n, p=[0.8, 0.15, 0.05])
    acuity = rng.choice([a for a in facts.ACUITIES if a != "unknown"], n)
    return {
        "rn": np.char.add("a", np.arange(n).astype(str)),
        "age": age,
        "age_group": _age_groups(age),
        "sex": rng.integers(1, 3, n),
        "group": group,
        "ndggrp": group,
        "demog_type": np.full(n, "demographics"),
        "hsagrp": np.char.add(adult, group),
        "pod": np.where(ambulance, "aae_type-01", rng.choice(["aae_type-01", "aae_type-03"], n)),
        "tretspef_grouped": np.full(n, "Other"),
        "icb": icb,
        "is_main_icb": icb == ICBS[0],
        "is_ambulance": ambulance,
        "is_frequent_attender": rng.random(n) < 0.1,
        "is_left_before_treatment": rng.random(n) < 0.05,
        "is_low_cost_referred_or_discharged": rng.random(n) < 0.2,
        "is_discharged_no_treatment": rng.random(n) < 0.1,
        "acuity": column(acuity, rng.random(n) < 0.05),
        "attendance_category": column(rng.choice(["1", "2", "4"], n), rng.random(n) < 0.05),
        "sitetret": np.full(n, "RXX01"),
        "arrivals": rng.poisson(10, n) + 1,
        "arrival_hour": rng.integers(0, 24, n),
    }


def _avoidance(rng: np.random.Generator, ip: dict) -> dict:
    names = np.array(AVOIDANCE)
    tagged = rng.random((len(ip["rn"]), len(names))) < 0.2
    tagged &= (ip["group"] == "non-elective")[:, None]
    tagged[0] = True
    row, strategy = np.nonzero(tagged)
    rate = np.where(
        np.isin(names[strategy], FRACTIONAL), rng.uniform(0.1, 0.9, len(row)).round(3), 1.0
    )
    return {"rn": ip["rn"][row], "strategy": names[strategy], "sample_rate": rate}


def _efficiencies(rng: np.random.Generator, ip: dict) -> dict:
    emergency = (ip["group"] == "non-elective") & (ip["classpat"] == "1")
    elective = (ip["group"] == "elective") & (ip["classpat"] == "1")
    daycase = ip["classpat"] == "2"
    rules = {
        "emergency_elderly": emergency & (ip["age"] >= 75),
        "stroke_early_supported_discharge": emergency & (ip["speldur"] > 3),
        "enhanced_recovery_hip": elective & (ip["tretspef"] == "110"),
        "same_day_emergency_care_high": emergency & (ip["speldur"] <= 2),
        "same_day_emergency_care_low": emergency & (ip["speldur"] <= 1),
        "pre-op_los_1-day": elective & (ip["speldur"] >= 1),
        "pre-op_los_2-day": elective & (ip["speldur"] >= 2),
        "day_procedures_usually_dc": elective,
        "day_procedures_occasionally_dc": elective,
        "day_procedures_usually_op": daycase,
        "day_procedures_occasionally_op": daycase | elective,
    }
    rows, names = [], []
    for name, may in rules.items():
        tagged = np.flatnonzero(may)
        # The first spell that may have a TPMA has it, so that each occurs.
        keep = rng.random(len(tagged)) < 0.4
        keep[:1] = True
        rows.append(tagged[keep])
        names += [name] * int(keep.sum())
    row = np.concatenate(rows)
    return {"rn": ip["rn"][row], "strategy": np.array(names), "sample_rate": np.ones(len(row))}


def _by_year(start: np.ndarray, growth: np.ndarray) -> dict:
    return {str(year): (start * growth ** (year - YEARS[0])).round(3) for year in YEARS}


def _population() -> dict:
    variant, age, sex = (
        part.ravel()
        for part in np.meshgrid(np.arange(len(VARIANTS)), np.arange(91), [1, 2], indexing="ij")
    )
    people = 4000.0 - 28.0 * np.maximum(age - 30, 0) + 20.0 * (sex == 2) + 900.0 * (age == 90)
    growth = 1 + 0.002 * (variant - 2) / 2 + 0.012 * (age / 90) ** 2
    keys = {"variant": np.array(VARIANTS)[variant], "age": age, "sex": sex}
    return keys | _by_year(people, growth)


def _births() -> dict:
    variant, age = (
        part.ravel()
        for part in np.meshgrid(np.arange(len(VARIANTS)), np.arange(15, 45), indexing="ij")
    )
    births = 250.0 * np.exp(-(((age - 31) / 6.0) ** 2)) + 2.0
    growth = 0.998 + 0.001 * variant
    keys = {"variant": np.array(VARIANTS)[variant], "age": age, "sex": np.full(len(age), 2)}
    return keys | _by_year(births, growth)


def _activity_by_age() -> dict:
    group, sex, age = (
        part.ravel()
        for part in np.meshgrid(np.arange(len(HSA_GROUPS)), [1, 2], np.arange(101), indexing="ij")
    )
    activity = (0.02 + 0.01 * group) * np.exp(age / 45.0) * (1 + 0.05 * (sex == 2))
    names = np.array(HSA_GROUPS)[group]
    return {"hsagrp": names, "sex": sex, "age": age, "activity": activity.round(6)}


def _inequalities() -> dict:
    icb, hrg, quintile = (
        part.ravel()
        for part in np.meshgrid(ICBS[:2], ["BZ34", "FE22", "HN22"], np.arange(1, 6), indexing="ij")
    )
    fitted = 0.010 + 0.001 * quintile
    rate = fitted * (1 + 0.02 * np.where(quintile % 2, 1, -1))
    return {
        "icb": icb,
        "sushrg_trimmed": hrg,
        "imd_quintile": quintile.astype(int),
        "activity_rate": rate.round(6),
        "fitted_line": fitted.round(6),
        "level_up": np.where(quintile == 5, 1.0, 0.015 / rate).round(6),
        "level_down": np.where(quintile == 1, 1.0, 0.011 / rate).round(6),
        "zero_sum": (0.013 / rate).round(6),
    }
