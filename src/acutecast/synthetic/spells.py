"""Inpatient spells of the built-in region, one row each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from acutecast.facts import MAX_AGE
from acutecast.facts.specialties import specialty_group
from acutecast.provider import conform
from acutecast.synthetic import people
from acutecast.synthetic.columns import labels, person, same
from acutecast.synthetic.draws import stream
from acutecast.synthetic.inequalities import HRGS, quintile_mix
from acutecast.synthetic.tags import tag_tables

_AGES = np.arange(MAX_AGE + 1)
_DAY = np.timedelta64(1, "D")

# Which rate each group of spells is drawn from.
_RATES = {
    "emergency": "emergency",
    "ordinary": "elective_ordinary",
    "daycase": "daycase",
    "regular": "regular",
    "transfer": "transfer",
    "maternity": "maternity",
    "births": "births",
}
# Admission methods (HES admimeth) of each group and their shares: assumptions.
_METHODS = {
    "emergency": {"21": 0.76, "22": 0.08, "23": 0.04, "24": 0.02, "28": 0.07, "2A": 0.03},
    "ordinary": {"11": 0.62, "12": 0.24, "13": 0.14},
    "daycase": {"11": 0.52, "12": 0.18, "13": 0.30},
    "regular": {"13": 1.0},
    "transfer": {"81": 1.0},
    "maternity": {"31": 0.72, "32": 0.28},
    "births": {"82": 0.96, "83": 0.04},
}
# Shares of the three sites by kind of specialty.
_PLACES = {
    "main": (0.72, 0.28, 0.0),
    "spread": (0.60, 0.40, 0.0),
    "elective": (0.30, 0.62, 0.08),
    "day": (0.38, 0.38, 0.24),
    "eye": (0.55, 0.10, 0.35),
    "children": (0.82, 0.18, 0.0),
    "birth": (0.86, 0.14, 0.0),
}
# Share of maternity spells that hold a delivery: assumption, after HES maternity statistics.
_DELIVERIES = 0.48
# Chance of no night, falling with age, and the spread of longer stays (log-normal).
_ZERO_NIGHTS = {"emergency": (0.56, 0.0046), "ordinary": (0.10, 0.0), "transfer": (0.02, 0.0)}
_STAY_SPREAD = {"emergency": 1.08, "ordinary": 0.75, "transfer": 0.9}
_LONGEST = 360

# Weights of weekdays (Monday first) and of months (April first) for admissions: assumptions, after
# the shape of NHS England's hospital activity statistics.
_WEEKDAYS = {
    "emergency": (1.10, 1.05, 1.03, 1.02, 1.02, 0.90, 0.88),
    "ordinary": (1.15, 1.2, 1.2, 1.15, 1.05, 0.18, 0.22),
    "daycase": (1.2, 1.25, 1.25, 1.2, 1.05, 0.12, 0.03),
    "regular": (1.15, 1.15, 1.15, 1.15, 1.15, 0.6, 0.1),
    "transfer": (1.1, 1.1, 1.1, 1.1, 1.2, 0.7, 0.6),
    "maternity": (1.05, 1.05, 1.05, 1.05, 1.05, 0.9, 0.85),
    "births": (1.05, 1.05, 1.05, 1.05, 1.05, 0.9, 0.85),
}
_MONTHS = {
    "emergency": (0.98, 0.98, 0.97, 0.96, 0.94, 0.97, 1.0, 1.03, 1.08, 1.06, 1.03, 1.02),
    "ordinary": (0.96, 1.0, 1.04, 1.03, 0.94, 1.03, 1.06, 1.06, 0.86, 0.98, 1.0, 1.04),
}
# Hour of admission: mean and spread; hour of discharge after a night.
_HOURS = {
    "emergency": (16.0, 5.0),
    "ordinary": (8.0, 1.6),
    "daycase": (9.5, 2.2),
    "regular": (9.5, 2.8),
    "transfer": (15.0, 3.0),
    "maternity": (12.0, 6.0),
    "births": (12.0, 6.5),
}
_DISCHARGE_HOUR = (15.2, 2.9)
# Chance that a discharge due at a weekend waits until Monday.
_WAITS_FOR_MONDAY = 0.35
_WAITLESS = ("daycase", "regular")


@dataclass(frozen=True)
class Specialty:
    """One line of inpatient_specialties.csv, which explains the fields."""

    group: str
    tretspef: str
    zero: float
    nights: float
    procedure: float
    minutes: float
    place: str
    hrg: tuple[str, ...]
    weight: np.ndarray  # (2, 91), by sex (male first) and age


def specialties() -> list[Specialty]:
    """Read the mix of specialties."""
    result = []
    for row in people.read("inpatient_specialties"):
        age = (_AGES - float(row["age"])) / float(row["spread"])
        weight = float(row["weight"]) * (0.03 + np.exp(-0.5 * age**2))
        weight = np.where((int(row["from"]) <= _AGES) & (int(row["to"]) >= _AGES), weight, 0.0)
        female = float(row["female"])
        result.append(
            Specialty(
                row["group"],
                row["tretspef"],
                float(row["zero"]),
                float(row["nights"]),
                float(row["procedure"]),
                float(row["minutes"]),
                row["place"],
                tuple(row["hrg"].split("|")),
                np.stack([weight * (1 - female), weight * female]) * 2,
            )
        )
    return result


def inpatients(seed: int, size: float, year: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Make the spells and their TPMA tags.

    Returns:
        `ip`, `ip_activity_avoidance_strategies` and `ip_efficiencies_strategies`.
    """
    table = spell_table(seed, size, year)
    return (table, *tag_tables(seed, table))


def spell_table(seed: int, size: float, year: int) -> pa.Table:
    """Make the spells alone, the table `ip` of the contract."""
    mix = specialties()
    spells = _who_comes(seed, size, mix)
    spells |= _how_long(seed, mix, spells)
    spells |= _when(seed, year, spells)
    return _table(seed, mix, spells)


def _who_comes(seed: int, size: float, mix: list[Specialty]) -> dict[str, np.ndarray]:
    """Draw the number of spells of every specialty, sex and age, and expand them to rows."""
    rng = stream(seed, "spells")
    catchment, rates = people.catchment(size), people.rates()
    total = {g: sum(s.weight for s in mix if s.group == g) for g in _RATES}
    which, sex, age = [], [], []
    for i, specialty in enumerate(mix):
        whole = total[specialty.group]
        share = np.divide(specialty.weight, whole, out=np.zeros_like(whole), where=whole > 0)
        count = rng.poisson(catchment * rates[_RATES[specialty.group]] * share)
        s, a = np.nonzero(count)
        which.append(np.full(count.sum(), i))
        sex.append(np.repeat(s, count[s, a]))
        age.append(np.repeat(a, count[s, a]))
    order = rng.permutation(sum(len(part) for part in which))
    columns = {"specialty": which, "sex": sex, "age": age}
    return {name: np.concatenate(parts)[order] for name, parts in columns.items()}


def _how_long(
    seed: int, mix: list[Specialty], spells: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Draw nights, procedures and deliveries."""
    rng = stream(seed, "stays")
    of = spells["specialty"]
    n = len(of)
    group = np.array([s.group for s in mix])[of]
    age = spells["age"]
    nights = np.zeros(n, dtype=np.int64)
    # Mean nights of an emergency rise with the square of age; of an elective slowly.
    mean = {
        "emergency": 0.7 + 0.00115 * age**2,
        "ordinary": 2.3 + 0.016 * age,
        "transfer": 6.0 + 0.08 * age,
    }
    for name, usual in mean.items():
        mine = np.flatnonzero(group == name)
        start, fall = _ZERO_NIGHTS[name]
        zero = (start - fall * age[mine]) * np.array([s.zero for s in mix])[of[mine]]
        zero = np.clip(zero, 0.0, 0.97)
        target = usual[mine] * np.array([s.nights for s in mix])[of[mine]]
        # A night is 1 + a log-normal rounded down, whose mean is about the log-normal's + 1/2.
        longer = np.maximum(target / (1 - np.minimum(zero, 0.7)) - 0.5, 0.25)
        spread = _STAY_SPREAD[name]
        draw = np.exp(np.log(longer) - spread**2 / 2 + spread * rng.standard_normal(len(mine)))
        stay = np.minimum(1 + draw.astype(np.int64), _LONGEST)
        nights[mine] = np.where(rng.random(len(mine)) < zero, 0, stay)
    mine = np.flatnonzero(group == "maternity")
    delivery = np.zeros(n, dtype=bool)
    delivery[mine] = rng.random(len(mine)) < _DELIVERIES
    nights[mine] = np.where(
        delivery[mine],
        np.maximum(rng.poisson(1.6, len(mine)), rng.random(len(mine)) < 0.8),
        np.where(rng.random(len(mine)) < 0.62, 0, 1 + rng.poisson(0.6, len(mine))),
    )
    mine = np.flatnonzero(group == "births")
    nights[mine] = rng.geometric(1 / 5.5, len(mine))
    chance = np.array([s.procedure for s in mix])[of]
    chance = np.where((group == "maternity") & ~delivery, 0.08, chance)
    procedure = rng.random(n) < chance
    return {"group": group, "nights": nights, "delivery": delivery, "procedure": procedure}


def _when(seed: int, year: int, spells: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Draw days and hours; discharges lie in the financial year."""
    rng = stream(seed, "days")
    first, last = np.datetime64(f"{year}-04-01"), np.datetime64(f"{year + 1}-03-31")
    days = np.arange(first, last + _DAY)
    weekday = (days.astype("datetime64[D]").view(np.int64) + 3) % 7  # Monday is 0
    month = (days.astype("datetime64[M]").view(np.int64) % 12 - 3) % 12  # April is 0
    n = len(spells["nights"])
    admitted = np.zeros(n, dtype=np.int64)
    hour = np.zeros(n)
    for group, by_weekday in _WEEKDAYS.items():
        mine = np.flatnonzero(spells["group"] == group)
        by_month = np.array(
            _MONTHS["emergency" if group in ("emergency", "transfer") else "ordinary"]
        )
        if group in ("maternity", "births", "regular"):
            by_month = np.ones(12)
        weight = np.array(by_weekday)[weekday] * by_month[month]
        admitted[mine] = rng.choice(len(days), len(mine), p=weight / weight.sum())
        mean, spread = _HOURS[group]
        hour[mine] = (mean + spread * rng.standard_normal(len(mine))) % 24
    nights = spells["nights"].copy()
    patient = ~np.isin(spells["group"], _WAITLESS) & (nights > 0)
    due = (weekday[0] + admitted + nights) % 7
    waits = patient & (due >= 5) & (rng.random(n) < _WAITS_FOR_MONDAY)
    nights += np.where(waits, 7 - due, 0)
    discharged = admitted + nights
    # Whole weeks back keep the weekday; such spells began before the year did.
    late = discharged >= len(days)
    admitted = np.where(late, admitted - 364, admitted)
    late = admitted + nights >= len(days)
    admitted = np.where(late, admitted - 364, admitted)
    admission_hour = hour.astype(np.int64)
    mean, spread = _DISCHARGE_HOUR
    by_day = np.clip(mean + spread * rng.standard_normal(n), 7, 22).astype(np.int64)
    same_day = np.minimum(admission_hour + 2 + rng.geometric(0.3, n), 23)
    return {
        "nights": nights,
        "admidate": first + admitted * _DAY,
        "disdate": first + (admitted + nights) * _DAY,
        "admihour": admission_hour,
        "dishour": np.where(nights > 0, by_day, np.maximum(same_day, admission_hour)),
    }


def _choose(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    """Choose a column of each row of `shares` (rows, options)."""
    bounds = np.cumsum(shares, axis=1)
    bounds /= bounds[:, [-1]]
    return (rng.random((len(shares), 1)) > bounds).sum(axis=1)


def _table(seed: int, mix: list[Specialty], spells: dict[str, np.ndarray]) -> pa.Table:
    """Derive the contract's columns, by the rules of the NHP model-ready data."""
    rng = stream(seed, "places")
    of, group, age, sex = (spells[name] for name in ("specialty", "group", "age", "sex"))
    n = len(of)
    methods = sorted({m for shares in _METHODS.values() for m in shares})
    by_group = np.array([[_METHODS[s.group].get(m, 0.0) for m in methods] for s in mix])
    method = np.array(methods)[_choose(rng, by_group[of])]
    night_attender = (group == "regular") & (rng.random(n) < 0.03)
    classpat = np.select(
        [group == "daycase", night_attender, group == "regular"], ["2", "4", "3"], "1"
    )
    tretspef = np.array([s.tretspef for s in mix])[of]
    main_specialty = np.where(tretspef == "422", "420", tretspef)
    mother = (sex == 1) & (age >= 13) & (age <= 55)
    pregnant = mother & (np.isin(tretspef, ("501", "560")) | np.char.startswith(method, "3"))
    newborn = np.isin(method, ("82", "83")) & (age == 0)
    kind = np.select(
        [pregnant, np.char.startswith(method, "1")], ["maternity", "elective"], "non-elective"
    )
    pod = np.select(
        [classpat == "2", classpat == "3", classpat == "4"],
        ["ip_elective_daycase", "ip_regular_day_attender", "ip_regular_night_attender"],
        np.char.add(np.char.add("ip_", kind), "_admission"),
    )
    health = np.select(
        [
            np.isin(classpat, ("3", "4")), np.isin(method, ("82", "83")), main_specialty == "420",
            pregnant, np.char.startswith(method, "2"), method == "81", classpat == "1",
        ],
        ["reg", "birth", "paeds", "maternity", "emerg", "transfer", "ordelec"],
        "daycase",
    )  # fmt: skip
    icbs = list(people.ICBS)
    icb = _choose(rng, np.tile(list(people.ICBS.values()), (n, 1)))
    site = _choose(rng, np.array([_PLACES[s.place] for s in mix])[of])
    minutes = np.array([s.minutes for s in mix])[of] * np.exp(0.45 * rng.standard_normal(n) - 0.1)
    operated = spells["procedure"] & (minutes > 0)
    hrg = _hrg(rng, mix, of)
    return conform(
        "ip",
        pa.table(
            {
                "rn": pa.array(
                    np.char.add("DEMO-", np.char.zfill(np.arange(1, n + 1).astype(str), 7))
                ),
                **person(sex, age),
                "admimeth": method,
                "classpat": classpat,
                "speldur": spells["nights"],
                "group": kind,
                "ndggrp": np.where(newborn, "maternity", kind),
                "demog_type": np.where(pregnant | newborn, "births", "demographics"),
                "hsagrp": health,
                "pod": pod,
                "tretspef": tretspef,
                "mainspef": main_specialty,
                "tretspef_grouped": np.array([specialty_group(s.tretspef) for s in mix])[of],
                "icb": labels(icb, icbs),
                "is_main_icb": icb == 0,
                "is_wla": method == "11",
                "has_procedure": spells["procedure"],
                "maternity_delivery_in_spell": spells["delivery"],
                "imd_quintile": _quintiles(rng, hrg, np.char.startswith(method, "1")),
                "sushrg": np.char.add(hrg, np.array(list("ABCDE"))[rng.integers(0, 5, n)]),
                "sushrg_trimmed": hrg,
                "sitetret": labels(site, list(people.SITES)),
                "procode3": same("DEMO", n),
                "admidate": spells["admidate"],
                "disdate": spells["disdate"],
                "admihour": spells["admihour"],
                "dishour": spells["dishour"],
                "theatre_minutes": pa.array(minutes.round(0), mask=~operated),
            }
        ),
    )


def _hrg(rng: np.random.Generator, mix: list[Specialty], of: np.ndarray) -> np.ndarray:
    """Give each spell a healthcare resource group (four characters) of its specialty's chapters.

    Within a chapter the first ones are common, as in practice a few groups make up most spells.
    """
    by_chapter = {row["chapter"]: row["hrgs"].split("|") for row in people.read("hrgs")}
    longest = max(len(hrgs) for hrgs in by_chapter.values())
    place = np.minimum(rng.geometric(0.3, len(of)), longest) - 1
    # A chapter shorter than the place drawn starts again.
    table = np.array([(hrgs * longest)[:longest] for hrgs in by_chapter.values()])
    names = list(by_chapter)
    chapters = np.array([[names.index(c) for c in (s.hrg * 3)[:3]] for s in mix])
    return table[chapters[of, rng.integers(0, 3, len(of))], place]


def _quintiles(rng: np.random.Generator, hrg: np.ndarray, elective: np.ndarray) -> np.ndarray:
    """Give deprivation quintiles: of the population, but for elective care with a gradient."""
    shares = np.stack([quintile_mix(""), *(quintile_mix(name) for name in HRGS)])
    which = np.zeros(len(hrg), dtype=np.int64)
    for i, name in enumerate(HRGS):
        which[elective & (hrg == name)] = i + 1
    return 1 + _choose(rng, shares[which])
