"""Types of potentially mitigable activity that the built-in region's spells carry."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.provider import conform
from acutecast.synthetic import people
from acutecast.synthetic.draws import stream

# Sample rates: shares of a spell that a cause explains, from low to high. A short list of each,
# within the range of the public attributable fractions (alcohol: Public Health England 2020;
# smoking: Royal College of Physicians 2018; obesity: National Audit Office 2001).
_SAMPLE_RATES = {
    "acute_alcohol": (0.02, 0.05, 0.07, 0.12, 0.18, 0.24, 0.33),
    "chronic_alcohol": (0.03, 0.08, 0.12, 0.18, 0.25, 0.37, 0.65),
    "smoking": (0.02, 0.06, 0.08, 0.1, 0.13, 0.18, 0.5),
    "obesity": (0.02, 0.06, 0.12, 0.18, 0.29, 0.36, 0.75),
}
# Alcohol explains most in middle age and in men; smoking more with age. Weight of the person in
# the place of the rate within its list; the rest is chance.
_PERSON = 0.5
_METHODS = {"emergency": ("2",), "direct": ("21", "22", "23"), "elective": ("1",)}


def tag_tables(seed: int, spells: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Tag spells.

    Args:
        seed: the region's seed; each cohort of TPMAs has a stream of its own.
        spells: the table `ip`.

    Returns:
        `ip_activity_avoidance_strategies` and `ip_efficiencies_strategies`.
    """
    columns = {
        name: np.asarray(spells.column(name).cast(pa.string() if text else pa.int64()))
        for name, text in (
            ("admimeth", True), ("classpat", True), ("tretspef", True), ("age", False),
            ("sex", False), ("speldur", False), ("imd_quintile", False),
        )
    }  # fmt: skip
    columns["procedure"] = np.asarray(spells.column("has_procedure"))
    kinds = {row["key"]: row["kind"] for row in facts.rows("tpmas")}
    found: dict[str, list[tuple[str, np.ndarray, np.ndarray]]] = {
        "activity_avoidance": [],
        "efficiencies": [],
    }
    # Where on (0, 1) the next TPMA of a kind and cohort begins: intervals of one spell that do not
    # overlap make TPMAs exclude each other.
    taken: dict[tuple[str, str], np.ndarray] = {}
    for rule in people.read("tpma_tags"):
        kind, cohort = kinds[rule["key"]], rule["cohort"] or rule["key"]
        begin = taken.setdefault((kind, cohort), np.zeros(len(spells)))
        rate = _sample_rates(seed, rule, columns)
        end = begin + _chance(rule, columns, rate)
        draw = stream(seed, f"tpma cohort {cohort}").random(len(spells))
        rows = np.flatnonzero((begin <= draw) & (draw < end))
        found[kind].append((rule["key"], rows, rate[rows]))
        taken[kind, cohort] = end
    rn = np.asarray(spells.column("rn"))
    avoidance, efficiencies = (_table(kind, rn, found[kind]) for kind in found)
    return avoidance, efficiencies


def _may_carry(rule: dict[str, str], spells: dict[str, np.ndarray]) -> np.ndarray:
    """Tell which spells may carry a TPMA."""
    age, nights = spells["age"], spells["speldur"]
    may = (age >= int(rule["from"])) & (age <= int(rule["to"]))
    may &= (nights >= int(rule["nights_from"])) & (nights <= int(rule["nights_to"]))
    may &= np.isin(spells["classpat"], rule["classes"].split("|"))
    if rule["method"] in _METHODS:
        method = spells["admimeth"].astype(str)
        may &= np.any([np.char.startswith(method, m) for m in _METHODS[rule["method"]]], axis=0)
    if rule["sex"]:
        may &= spells["sex"] == int(rule["sex"])
    if rule["specialties"]:
        may &= np.isin(spells["tretspef"], rule["specialties"].split("|"))
    if rule["procedure"]:
        may &= spells["procedure"] == (rule["procedure"] == "yes")
    return may


def _chance(rule: dict[str, str], spells: dict[str, np.ndarray], rate: np.ndarray) -> np.ndarray:
    """Give each spell's chance of a TPMA: its share of all spells, leaning to the poor and old."""
    may = _may_carry(rule, spells)
    lean = 1.0 + float(rule["poorer"]) * (3 - spells["imd_quintile"]) / 2
    lean = may * lean * np.exp(float(rule["older"]) * (spells["age"] - 60) / 10)
    wanted = float(rule["share"]) * len(may)
    chance = np.zeros(len(may))
    # A chance of more than 1 is cut; a few rounds give what is cut to the others.
    for _ in range(8):
        open_ = chance < 1
        missing = wanted - (chance * rate).sum()
        room = (lean * rate)[open_].sum()
        if missing <= 0 or room <= 0:
            break
        chance = np.minimum(chance + np.where(open_, lean * missing / room, 0.0), 1.0)
    return chance


def _sample_rates(seed: int, rule: dict[str, str], spells: dict[str, np.ndarray]) -> np.ndarray:
    """Give the sample rate each spell would have: more by age, sex and deprivation, and chance."""
    n = len(spells["age"])
    if not rule["rates"]:
        return np.ones(n)
    age = spells["age"]
    middle = np.exp(-0.5 * ((age - 52) / 16) ** 2) * np.where(spells["sex"] == 1, 1.0, 0.6)
    rising = np.clip((age - 30) / 50, 0, 1)
    by_age = {"smoking": rising, "obesity": np.full(n, 0.5)}.get(rule["rates"], middle)
    person = 0.7 * by_age + 0.3 * (5 - spells["imd_quintile"]) / 4
    draw = stream(seed, f"tpma rate {rule['key']}").random(n)
    rates = np.array(_SAMPLE_RATES[rule["rates"]])
    place = (len(rates) * (_PERSON * person + (1 - _PERSON) * draw)).astype(np.int64)
    return rates[np.minimum(place, len(rates) - 1)]


def _table(kind: str, rn: np.ndarray, tags: list[tuple[str, np.ndarray, np.ndarray]]) -> pa.Table:
    keys = [key for key, _, _ in tags]
    code = np.repeat(np.arange(len(tags)), [len(rows) for _, rows, _ in tags]).astype(np.int32)
    row = np.concatenate([rows for _, rows, _ in tags])
    rate = np.concatenate([rates for _, _, rates in tags])
    order = np.lexsort((code, row))
    return conform(
        f"ip_{kind}_strategies",
        pa.table(
            {
                "rn": pa.array(rn[row[order]]),
                "strategy": pa.DictionaryArray.from_arrays(pa.array(code[order]), pa.array(keys)),
                "sample_rate": rate[order],
            }
        ),
    )
