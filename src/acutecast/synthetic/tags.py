"""Types of potentially mitigable activity that the built-in region's spells carry."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.provider import conform
from acutecast.synthetic import people
from acutecast.synthetic.draws import stream

# Sample rates: shares of a spell that a cause explains. A short list of each, within the range of
# the public attributable fractions (alcohol: Public Health England 2020; smoking: Royal College of
# Physicians 2018; obesity: National Audit Office 2001).
_SAMPLE_RATES = {
    "acute_alcohol": (0.08, 0.14, 0.2, 0.26, 0.33, 0.4),
    "chronic_alcohol": (0.05, 0.1, 0.18, 0.25, 0.35, 0.5, 0.67),
    "smoking": (0.07, 0.12, 0.2, 0.27, 0.35, 0.5, 0.65, 0.8),
    "obesity": (0.06, 0.13, 0.18, 0.29, 0.36, 0.47),
}
_METHODS = {"emergency": "2", "elective": "1"}


def tag_tables(seed: int, spells: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Tag spells.

    Args:
        seed: the region's seed; each TPMA has a stream of its own.
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
    for rule in people.read("tpma_tags"):
        rows, rate = _tagged(seed, rule, columns)
        found[kinds[rule["key"]]].append((rule["key"], rows, rate))
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
        may &= np.char.startswith(spells["admimeth"].astype(str), _METHODS[rule["method"]])
    if rule["sex"]:
        may &= spells["sex"] == int(rule["sex"])
    if rule["specialties"]:
        may &= np.isin(spells["tretspef"], rule["specialties"].split("|"))
    if rule["procedure"]:
        may &= spells["procedure"] == (rule["procedure"] == "yes")
    return may


def _tagged(
    seed: int, rule: dict[str, str], spells: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the rows that carry a TPMA, and their sample rates."""
    rng = stream(seed, f"tpma {rule['key']}")
    may = np.flatnonzero(_may_carry(rule, spells))
    wanted = float(rule["share"]) * len(spells["age"])
    # Poorer areas carry more: the chance falls evenly from the first to the fifth quintile.
    lean = 1.0 + float(rule["poorer"]) * (3 - spells["imd_quintile"][may]) / 2
    chance = np.minimum(lean * wanted / max(lean.sum(), 1.0), 1.0)
    rows = may[rng.random(len(may)) < chance]
    if not rule["rates"]:
        return rows, np.ones(len(rows))
    return rows, rng.choice(_SAMPLE_RATES[rule["rates"]], len(rows))


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
