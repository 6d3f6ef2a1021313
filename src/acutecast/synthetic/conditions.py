"""What is wrong with the people of the made-up region: diagnoses, procedures and how spells end.

Spells come from `spells`, which says who comes, when, for how long and to which specialty. Here
each gets a presentation of `conditions.csv` that fits it, at random, other diagnoses by age and
frailty, and codes that say nothing where no presentation fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from acutecast.synthetic import people
from acutecast.synthetic.draws import stream

MOST_DIAGNOSES = 14
MOST_PROCEDURES = 3
# What says nothing: no TPMA rule is about these codes.
_QUIET = {
    "emergency": ("R609", "D649", "K566", "K579", "B029", "L509", "M549", "H811", "M796", "I878"),
    "child": ("R509", "B084", "R11X", "L509"),
    "elective": ("Z098", "N838", "D360", "K429", "M205", "H026", "L723", "D172", "Z512", "G560"),
    "maternity": ("O800", "O420", "O365", "O600", "Z349"),
    "births": ("P599", "P220", "P369", "P704"),
}
# Operations that are nowhere in the rules, done where their group says.
_QUIET_OPERATIONS = {
    "emergency": ("T423", "S572", "M473", "G459", "K756", "J381"),
    "ordinary": ("W581", "L291", "J573", "V254", "M023", "T413", "F291", "E142", "A021"),
    "daycase": ("T203", "C791", "X352", "A651", "T244", "D058", "P279", "J121", "C223", "B303"),
    "maternity": ("R249", "R182"),
    "births": ("X581",),
}
# What is no operation, such as imaging: chance by group among spells without one, set so that
# spells without any procedure are as many as in England.
_NO_OPERATION = ("U212", "U051", "U202", "X712", "U071")
_IMAGED = {"emergency": 0.36, "child": 0.15, "elective": 0.4}
# Chance of death on an emergency spell: level, and rise of its logarithm per year of age beyond 60.
_DEATH, _DEATH_BY_AGE = 0.022, 0.042
# Chance that an operation was one or two days after an elective admission with that many nights.
_LATER = (0.10, 0.042)
# Shares of people of 65 and over by frailty: none, some, much; and its part of the chances.
_FRAILTY = ((0.42, 0.04), (0.20, 0.5), (0.38, 1.7))
_PLANNED = 0.6


@dataclass(frozen=True)
class Presentation:
    """One line of conditions.csv, which explains the fields."""

    name: str
    group: str
    tretspef: tuple[str, ...]
    ages: tuple[int, int]
    sex: int
    nights: tuple[int, int]
    operation: str
    share: float
    diagnosis: tuple[str, ...]
    also: tuple[tuple[str, float], ...]
    procedures: tuple[tuple[str, ...], ...]
    hrg: tuple[str, ...]


@dataclass(frozen=True)
class Clinical:
    """Codes of spells.

    Attributes:
        diagnoses: (spells, MOST_DIAGNOSES) text, "" where there is none; the first is primary.
        procedures: (spells, MOST_PROCEDURES) text.
        days_to_operation: days from admission to the primary procedure, (spells,).
        hrg: text, "" where the spell keeps its own.
        died: (spells,) bool.
    """

    diagnoses: np.ndarray
    procedures: np.ndarray
    days_to_operation: np.ndarray
    hrg: np.ndarray
    died: np.ndarray


@cache
def presentations() -> tuple[Presentation, ...]:
    """Read the presentations."""
    return tuple(
        Presentation(
            row["name"],
            row["group"],
            tuple(filter(None, row["tretspef"].split("|"))),
            (int(row["from"]), int(row["to"])),
            int(row["sex"] or 0),
            (int(row["nights_from"]), int(row["nights_to"])),
            row["operation"],
            float(row["share"]),
            tuple(row["diagnosis"].split("|")),
            tuple(
                (part.split(":")[0], float(part.split(":")[1]))
                for part in filter(None, row["also"].split("|"))
            ),
            tuple(tuple(part.split("+")) for part in filter(None, row["procedures"].split("|"))),
            tuple(filter(None, row["hrg"].split("|"))),
        )
        for row in people.read("conditions")
    )


def groups_of(spells: dict[str, np.ndarray]) -> np.ndarray:
    """Give the group of each spell: emergency, ordinary, daycase, maternity, births or other."""
    method = spells["admimeth"]
    return np.select(
        [
            np.char.startswith(method, "2"),
            np.char.startswith(method, "3"),
            np.isin(method, ("82", "83")),
            np.char.startswith(method, "1") & (spells["classpat"] == "1"),
            np.char.startswith(method, "1") & (spells["classpat"] == "2"),
        ],
        ["emergency", "maternity", "births", "ordinary", "daycase"],
        "other",
    )


def clinical(seed: int, name: str, spells: dict[str, np.ndarray], frailty: np.ndarray) -> Clinical:
    """Give each spell its codes.

    Args:
        seed: the seed of the region.
        name: names the streams of random numbers: trust and year.
        spells: columns of the table `ip` by name.
        frailty: a number from 0 to 1 that stays with a person, (spells,); the highest are frail.
    """
    group = groups_of(spells)
    chosen = _choose(seed, name, spells, group)
    diagnoses, primary_also = _diagnoses(seed, name, spells, group, chosen)
    _comorbidities(seed, name, spells, group, frailty, diagnoses, primary_also)
    procedures, days = _procedures(seed, name, spells, group, chosen)
    rng = stream(seed, f"{name} hrg")
    hrg = np.full(len(group), "", dtype="U5")
    for i, presentation in enumerate(presentations()):
        mine = np.flatnonzero(chosen == i)
        if presentation.hrg and len(mine):
            hrg[mine] = np.array(presentation.hrg)[
                rng.integers(0, len(presentation.hrg), len(mine))
            ]
    # A stroke's HRG without a stroke would be one to the rules.
    stray = (hrg == "") & np.isin(spells["sushrg_trimmed"], _STROKE_HRGS)
    hrg[stray & (group == "emergency")] = "AA33C"
    return Clinical(diagnoses, procedures, days, hrg, _deaths(seed, name, spells, group))


_STROKE_HRGS = ("AA22", "AA23", "AA35")


def _choose(seed: int, name: str, spells: dict[str, np.ndarray], group: np.ndarray) -> np.ndarray:
    """Choose a presentation for each spell; -1 where none falls on it."""
    draw = stream(seed, f"{name} presentations").random(len(group))
    begin = np.zeros(len(group))
    chosen = np.full(len(group), -1)
    # The narrow ones choose first, so that the wide ones do not take their spells.
    fits = [(i, _fits(p, spells, group)) for i, p in enumerate(presentations())]
    for i, fit in sorted(fits, key=lambda pair: pair[1].sum()):
        room = np.where(fit, 1 - begin, 0.0)
        total = room.sum()
        if not total:
            continue
        chance = min(presentations()[i].share * len(group) / total, 1.0) * room
        chosen[(draw >= begin) & (draw < begin + chance)] = i
        begin += chance
    return chosen


def _fits(p: Presentation, spells: dict[str, np.ndarray], group: np.ndarray) -> np.ndarray:
    groups = ("ordinary", "daycase") if p.group == "elective" else (p.group,)
    fit = np.isin(group, groups)
    fit &= (spells["age"] >= p.ages[0]) & (spells["age"] <= p.ages[1])
    fit &= (spells["speldur"] >= p.nights[0]) & (spells["speldur"] <= p.nights[1])
    if p.sex:
        fit &= spells["sex"] == p.sex
    if p.tretspef:
        fit &= np.isin(spells["tretspef"], p.tretspef)
    if p.operation:
        fit &= spells["has_procedure"] == (p.operation == "yes")
    return fit


def _diagnoses(
    seed: int, name: str, spells: dict[str, np.ndarray], group: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give primary diagnoses and those that belong to them, and how many each spell has."""
    rng = stream(seed, f"{name} diagnoses")
    count = np.ones(len(group), dtype=np.int64)
    diagnoses = np.full((len(group), MOST_DIAGNOSES), "", dtype="U4")
    child = (group == "emergency") & (spells["age"] < 18)
    quiet = np.where(child, "child", group)
    for kind, codes in (
        *_QUIET.items(), ("ordinary", _QUIET["elective"]), ("daycase", _QUIET["elective"]),
        ("other", _QUIET["elective"]),
    ):  # fmt: skip
        mine = np.flatnonzero(quiet == kind)
        diagnoses[mine, 0] = np.array(codes)[rng.integers(0, len(codes), len(mine))]
    for i, p in enumerate(presentations()):
        mine = np.flatnonzero(chosen == i)
        diagnoses[mine, 0] = np.array(p.diagnosis)[rng.integers(0, len(p.diagnosis), len(mine))]
        if p.also:
            # One of several external causes; what may come with anything comes by its chance.
            total = sum(chance for _, chance in p.also)
            draw = rng.random(len(mine)) * max(total, 1.0)
            bounds = np.cumsum([chance for _, chance in p.also])
            which = np.searchsorted(bounds, draw, side="right")
            has = which < len(p.also)
            codes = np.array([code for code, _ in p.also])
            diagnoses[mine[has], 1] = codes[which[has]]
            count[mine[has]] = 2
    return diagnoses, count


def _comorbidities(
    seed: int, name: str, spells: dict[str, np.ndarray], group: np.ndarray, frailty: np.ndarray,
    diagnoses: np.ndarray, count: np.ndarray,
) -> None:  # fmt: skip
    """Add other diagnoses by age, and for the frail, in place."""
    ages = np.array([18, 45, 65, 75, 85])
    band = np.searchsorted(ages, spells["age"], side="right") - 1
    planned = np.where(group == "emergency", 1.0, _PLANNED)
    planned = np.where(np.isin(group, ("maternity", "births", "other")), 0.2, planned)
    bounds = np.cumsum([share for share, _ in _FRAILTY])
    level = np.minimum(np.searchsorted(bounds, frailty, side="right"), len(_FRAILTY) - 1)
    frail = np.array([factor for _, factor in _FRAILTY])[level]
    for row in people.read("comorbidities"):
        chances = np.array([0.0, *(float(row[str(age)]) for age in ages)])[band + 1]
        chances = chances * planned * (frail if row["frail"] else 1.0)
        has = stream(seed, f"{name} {row['code']}").random(len(group)) < chances
        has &= (diagnoses[:, 0] != row["code"]) & (count < MOST_DIAGNOSES)
        mine = np.flatnonzero(has)
        diagnoses[mine, count[mine]] = row["code"]
        count[mine] += 1


def _procedures(
    seed: int, name: str, spells: dict[str, np.ndarray], group: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give procedures, and days from admission to the first."""
    rng = stream(seed, f"{name} procedures")
    procedures = np.full((len(group), MOST_PROCEDURES), "", dtype="U4")
    operated = spells["has_procedure"]
    for kind, codes in (*_QUIET_OPERATIONS.items(), ("other", _QUIET_OPERATIONS["daycase"])):
        mine = np.flatnonzero((group == kind) & operated)
        procedures[mine, 0] = np.array(codes)[rng.integers(0, len(codes), len(mine))]
    child = (group == "emergency") & (spells["age"] < 18)
    kinds = np.where(child, "child", np.where(group == "emergency", "emergency", "elective"))
    chance = np.select([kinds == k for k in _IMAGED], list(_IMAGED.values()), 0.0)
    # Who goes home on the day is mostly looked at in the emergency department.
    day_only = (group == "emergency") & (spells["speldur"] == 0)
    imaged = ~operated & ~day_only & (rng.random(len(group)) < chance)
    mine = np.flatnonzero(imaged)
    procedures[mine, 0] = np.array(_NO_OPERATION)[rng.integers(0, len(_NO_OPERATION), len(mine))]
    for i, p in enumerate(presentations()):
        mine = np.flatnonzero((chosen == i) & operated)
        if p.procedures and len(mine):
            which = rng.integers(0, len(p.procedures), len(mine))
            procedures[mine] = ""
            for place in range(MOST_PROCEDURES):
                codes = np.array([(*option, "", "", "")[place] for option in p.procedures])
                procedures[mine, place] = codes[which]
    planned = np.isin(group, ("ordinary",)) & operated
    days = np.zeros(len(group), dtype=np.int64)
    draw = rng.random(len(group))
    for number, later in enumerate(_LATER, start=1):
        low = sum(_LATER[: number - 1])
        fits = planned & (spells["speldur"] >= number) & (low <= draw) & (draw < low + later)
        days[fits] = number
    days[(group == "emergency") & (spells["speldur"] > 0) & operated] = 1
    return procedures, days


def _deaths(seed: int, name: str, spells: dict[str, np.ndarray], group: np.ndarray) -> np.ndarray:
    """Draw who dies: chance by age, on emergencies with more than a day's illness likelier."""
    rng = stream(seed, f"{name} deaths")
    chance = _DEATH * np.exp(_DEATH_BY_AGE * (spells["age"] - 60.0))
    chance = np.where(spells["speldur"] == 0, 0.25 * chance, chance)
    chance = np.where(
        group == "emergency", chance, np.where(group == "ordinary", 0.02, 0.0) * chance
    )
    return rng.random(len(group)) < np.minimum(chance, 0.5)
