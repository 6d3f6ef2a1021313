"""Episodes of the made-up region, in the form of HES admitted-patient care.

Each spell of `spells` becomes one to three episodes with diagnoses and procedures. People come
again: readmissions within 28 days, and older people's earlier illness, join spells by person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from acutecast.synthetic.columns import pc
from acutecast.synthetic.conditions import MOST_DIAGNOSES, MOST_PROCEDURES, clinical, groups_of
from acutecast.synthetic.draws import stream
from acutecast.synthetic.spells import spell_table

_DAY = np.timedelta64(1, "D")
# Shares of emergency spells that follow on an earlier spell of the person within 28 days, and of
# older people's that follow on one in the two years before.
_WITHIN_28_DAYS = 0.235
_WITHIN_TWO_YEARS = 0.42
_OLD = 65
# Shares of spells of two nights and more with a second and a third episode.
_MORE_EPISODES = (0.11, 0.03)
# What a last episode is for, where there are several: shares of them.
_ENDS_IN_REHABILITATION, _OPERATED_BEFORE = 0.3, 0.5
# Rows that no one should count: healthy newborns for each newborn in care; the others for a
# thousand spells.
_WELL_BABIES = 4.0
_UNFINISHED, _SEX_UNKNOWN, _REPEATED = 0.6, 0.3, 0.2


@dataclass
class History:
    """Spells of a trust so far, of which later ones may be a person's next.

    Attributes:
        cell: sex and year of birth as one number.
        admitted, discharged: days since 1970.
        person: text.
    """

    cell: np.ndarray
    admitted: np.ndarray
    discharged: np.ndarray
    person: np.ndarray

    @staticmethod
    def empty() -> History:
        """Give a history without spells."""
        none = np.zeros(0, dtype=np.int64)
        return History(none, none, none, np.zeros(0, dtype="U24"))


def episodes(
    seed: int, trust: str, size: float, year: int, areas: dict[str, float], history: History
) -> tuple[pa.Table, History]:
    """Make the episodes of a trust's financial year.

    Args:
        seed: the region's seed with the trust's own.
        trust: its code.
        size: its size; 1 is about 100,000 spells.
        year: the calendar year in which the financial year starts.
        areas: share of its patients by local authority.
        history: its spells of the years before.

    Returns:
        The table `apc` and the history with this year's spells.
    """
    name = f"{trust} {year}"
    spells = _columns(spell_table(seed, size, year))
    history = _people(seed, name, spells, history)
    person = history.person[-len(spells["age"]) :]
    found = clinical(seed, name, spells, _of_person(seed, trust, person))
    wide = _rows(seed, trust, year, spells, person, areas)
    for i in range(MOST_DIAGNOSES):
        wide[f"diag_{i + 1:02d}"] = found.diagnoses[:, i]
    for i in range(MOST_PROCEDURES):
        has = found.procedures[:, i] != ""
        wide[f"opertn_{i + 1:02d}"] = found.procedures[:, i]
        days = np.minimum(found.days_to_operation, spells["speldur"])
        dates = spells["admidate"] + days * _DAY
        wide[f"opdate_{i + 1:02d}"] = np.where(has, dates, np.datetime64("NaT"))
    wide["sushrg"] = np.where(found.hrg != "", found.hrg, wide["sushrg"])
    born_dead = groups_of(spells) == "births"
    wide["dismeth"] = np.where(found.died & ~born_dead, "4", "1")
    whole = _with_more_episodes(seed, name, spells, wide)
    return _arrow(_with_what_does_not_count(whole, spells, trust, year)), history


def _columns(table: pa.Table) -> dict[str, np.ndarray]:
    columns = {}
    for name in table.column_names:
        values = table.column(name)
        if pa.types.is_dictionary(values.type):
            values = values.cast(pa.string())
        array = values.to_numpy(zero_copy_only=False)
        columns[name] = array.astype(str) if array.dtype == object and name != "sushrg" else array
    columns["sushrg"] = columns["sushrg"].astype("U5")
    columns["admidate"] = columns["admidate"].astype("datetime64[D]")
    columns["disdate"] = columns["disdate"].astype("datetime64[D]")
    columns["has_procedure"] = columns["has_procedure"].astype(bool)
    return columns


def _people(seed: int, name: str, spells: dict[str, np.ndarray], history: History) -> History:
    """Say whose spells they are: new people's, or a next spell of someone who came before."""
    rng = stream(seed, f"{name} people")
    n = len(spells["age"])
    admitted = spells["admidate"].astype(np.int64)
    discharged = spells["disdate"].astype(np.int64)
    born = spells["admidate"].astype("datetime64[Y]").astype(np.int64) + 1970 - spells["age"]
    cell = born * 2 + (spells["sex"] - 1)
    new = np.char.add(f"{name.replace(' ', '')}P", np.arange(n).astype(str)).astype("U24")
    all_ = History(
        np.concatenate([history.cell, cell]),
        np.concatenate([history.admitted, admitted]),
        np.concatenate([history.discharged, discharged]),
        np.concatenate([history.person, new]),
    )
    emergency = groups_of(spells) == "emergency"
    draw = rng.random(n)
    soon = emergency & (draw < _WITHIN_28_DAYS)
    later = emergency & ~soon & (spells["age"] >= _OLD)
    later &= draw < _WITHIN_28_DAYS + (1 - _WITHIN_28_DAYS) * _WITHIN_TWO_YEARS
    before = np.full(n, -1)
    for mine, nearest, farthest in ((soon, 1, 28), (later, 29, 700)):
        rows = np.flatnonzero(mine)
        before[rows] = _earlier(
            rng, all_, cell[rows], admitted[rows] - farthest, admitted[rows] - nearest
        )
    # Earlier discharge before later admission: following links back ends at a first spell.
    link = np.concatenate([np.full(len(history.cell), -1), before])
    root = np.arange(len(link))
    root = np.where(link >= 0, link, root)
    while True:
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    all_.person = all_.person[root]
    return all_


def _earlier(
    rng: np.random.Generator, all_: History, cell: np.ndarray, first: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Choose a spell of someone of the same sex and year of birth discharged in a time; or -1."""
    span = 1 << 20
    key = all_.cell * span + all_.discharged
    order = np.argsort(key, kind="stable")
    low = np.searchsorted(key[order], cell * span + first)
    high = np.searchsorted(key[order], cell * span + last, side="right")
    found = high > low
    pick = low + (rng.random(len(cell)) * (high - low)).astype(np.int64)
    return np.where(found, order[np.minimum(pick, len(order) - 1)], -1)


def _of_person(seed: int, trust: str, person: np.ndarray) -> np.ndarray:
    """Give each person a number from 0 to 1 that stays with them."""
    distinct, place = np.unique(person, return_inverse=True)
    # The number follows from the name, so that another year's spells get the same one.
    codes = np.frombuffer(
        np.char.ljust(distinct, 24).astype("U24").tobytes(), dtype=np.uint32
    ).reshape(len(distinct), -1)
    mixed = np.full(len(distinct), np.uint64(seed * 2654435761 % (1 << 32) + 1))
    for column in range(codes.shape[1]):
        mixed = (mixed ^ codes[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return ((mixed >> np.uint64(11)).astype(np.float64) / float(1 << 53))[place]


def _rows(
    seed: int, trust: str, year: int, spells: dict[str, np.ndarray], person: np.ndarray,
    areas: dict[str, float],
) -> dict[str, Any]:  # fmt: skip
    """Give the columns of a spell's one or last episode, codes aside."""
    rng = stream(seed, f"{trust} {year} rows")
    n = len(spells["age"])
    number = np.char.zfill(np.arange(1, n + 1).astype(str), 7)
    lads = np.array(list(areas))
    lad = lads[np.searchsorted(np.cumsum(list(areas.values()))[:-1], rng.random(n))]
    delivery = spells["maternity_delivery_in_spell"].astype(bool)
    birth = groups_of(spells) == "births"
    minute = rng.integers(0, 60, (2, n))
    admitted = spells["admihour"] * 60 + minute[0]
    left = np.where(
        spells["speldur"] == 0,
        np.maximum(spells["dishour"] * 60 + minute[1], admitted),
        spells["dishour"] * 60 + minute[1],
    )
    quintile = spells["imd_quintile"].astype(np.int64)
    return {
        "epikey": np.char.add(f"{trust}-{year}-", number),
        "susspellid": np.char.add(f"{trust}-{year}-S", number),
        "person_id": person,
        "procode3": np.full(n, trust),
        "sitetret": _sites(spells["sitetret"], trust),
        "admiage": np.where(birth, 7001, spells["age"]),
        "sex": spells["sex"].astype(str),
        "ethnos": np.array(list("AABCDHJKMNSZ"))[rng.integers(0, 12, n)],
        "classpat": spells["classpat"],
        "mainspef": spells["mainspef"],
        "tretspef": spells["tretspef"],
        "admidate": spells["admidate"],
        "admitime": admitted,
        "epistart": spells["admidate"],
        "epiend": spells["disdate"],
        "disdate": spells["disdate"],
        "distime": left,
        "speldur": spells["speldur"],
        "epitype": np.select([delivery, birth], ["2", "3"], "1"),
        "epistat": np.full(n, "3"),
        "epiorder": np.ones(n, dtype=np.int64),
        "spelend": np.full(n, "Y"),
        "admimeth": spells["admimeth"],
        "well_baby_ind": np.full(n, "N"),
        "lsoa11": np.char.add(
            "E010", np.char.zfill((np.searchsorted(np.unique(lads), lad) * 90
                                   + rng.integers(0, 90, n)).astype(str), 5)
        ),
        "lad": lad,
        "imd_decile": 2 * quintile - rng.integers(0, 2, n),
        "icb": spells["icb"],
        "sushrg": spells["sushrg"],
        "theatre_minutes": spells["theatre_minutes"],
    }  # fmt: skip


def _sites(sites: np.ndarray, trust: str) -> np.ndarray:
    """Give a trust sites of its own; the first trust keeps the demo's."""
    if trust == "DEMO":
        return sites
    return np.array([trust + site[3:] for site in sites.tolist()])


def _with_more_episodes(
    seed: int, name: str, spells: dict[str, np.ndarray], rows: dict[str, Any]
) -> dict[str, Any]:
    """Split some spells into episodes; the last one keeps key and specialty of the spell."""
    rng = stream(seed, f"{name} episodes")
    nights = spells["speldur"]
    draw = rng.random(len(nights))
    emergency = groups_of(spells) == "emergency"
    parts = [rows]
    again = np.ones(len(nights), dtype=np.int64)
    for place, (share, least) in enumerate(zip(_MORE_EPISODES, (2, 4), strict=True), start=1):
        mine = np.flatnonzero(emergency & (nights >= least) & (draw < share))
        again[mine] += 1
        early = {key: values[mine] for key, values in rows.items()}
        early["epikey"] = np.char.add(early["epikey"], f"-{place}")
        early["epiorder"] = np.full(len(mine), place)
        early["spelend"] = np.full(len(mine), "N")
        early["tretspef"] = np.full(len(mine), "326" if place == 1 else "300")
        early["epiend"] = early["admidate"] + np.minimum(place, nights[mine]) * _DAY
        early["epistart"] = early["admidate"] + (place - 1) * _DAY
        # Later episodes see more of what the patient has.
        for i in range(5 + 2 * place, MOST_DIAGNOSES):
            early[f"diag_{i + 1:02d}"] = np.full(len(mine), "")
        parts.append(early)
    # A last episode may be for rehabilitation, and operations are mostly in the first.
    joined = again > 1
    rehabilitated = joined & (rng.random(len(nights)) < _ENDS_IN_REHABILITATION)
    rows["diag_01"] = np.where(rehabilitated, "Z501", rows["diag_01"])
    before = joined & (rng.random(len(nights)) < _OPERATED_BEFORE)
    for i in range(MOST_PROCEDURES):
        rows[f"opertn_{i + 1:02d}"] = np.where(before, "", rows[f"opertn_{i + 1:02d}"])
        none = np.datetime64("NaT")
        rows[f"opdate_{i + 1:02d}"] = np.where(before, none, rows[f"opdate_{i + 1:02d}"])
    rows["epiorder"] = again
    rows["epistart"] = np.where(again > 1, rows["admidate"] + (again - 1) * _DAY, rows["admidate"])
    return {key: np.concatenate([part[key] for part in parts]) for key in rows}


def _with_what_does_not_count(
    rows: dict[str, Any], spells: dict[str, np.ndarray], trust: str, year: int
) -> dict[str, Any]:
    """Add rows as real extracts have them that an extract must set aside."""
    n = len(spells["age"])
    births = np.flatnonzero(np.isin(spells["admimeth"], ("82", "83")))
    thousand = n / 1000
    extra = []
    for word, source, changes in (
        ("B", np.resize(births, round(_WELL_BABIES * len(births))),
         {"well_baby_ind": "Y", "tretspef": "424", "sushrg": "PB03Z", "diag_01": "Z380"}),
        ("U", np.arange(round(_UNFINISHED * thousand)), {"epistat": "1"}),
        ("X", np.arange(round(_SEX_UNKNOWN * thousand)), {"sex": "9"}),
        ("", np.arange(round(_REPEATED * thousand)), {}),
    ):  # fmt: skip
        if not len(source):
            continue
        part = {key: values[source] for key, values in rows.items()}
        number = np.char.zfill(np.arange(1, len(source) + 1).astype(str), 6)
        if word:
            part["epikey"] = np.char.add(f"{trust}-{year}-{word}", number)
            part["susspellid"] = np.char.add(f"{trust}-{year}-{word}S", number)
            part["person_id"] = np.char.add(f"{trust}{year}{word}", number)
        for key, value in changes.items():
            part[key] = np.full(len(source), value)
        extra.append(part)
    return {key: np.concatenate([rows[key], *(p[key] for p in extra)]) for key in rows}


def _arrow(rows: dict[str, Any]) -> pa.Table:
    columns: dict[str, Any] = {}
    for key, values in rows.items():
        if key in ("admitime", "distime"):
            columns[key] = pa.array((values * 60).astype(np.int32), pa.time32("s"))
        elif values.dtype.kind == "U":
            text = pa.array(values)
            columns[key] = pc.if_else(pc.equal(text, ""), None, text)
            if key not in ("epikey", "susspellid", "person_id"):
                columns[key] = columns[key].dictionary_encode()
        elif values.dtype.kind == "f":
            columns[key] = pa.array(values, mask=np.isnan(values)).cast(pa.int32())
        elif values.dtype.kind == "M":
            columns[key] = pa.array(values.astype("datetime64[D]"), pa.date32())
        else:
            columns[key] = pa.array(values.astype(np.int32))
    return pa.table(columns)
