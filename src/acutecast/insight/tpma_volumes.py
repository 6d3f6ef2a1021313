"""How much of each TPMA a provider has, in the unit that it acts on, and how TPMAs overlap.

What depends on the provider alone is worked out once and kept as long as the provider is.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast import facts
from acutecast.demand import columns, tags
from acutecast.facts import ACTIVITY_TYPES, OWN_TPMA
from acutecast.provider import Provider

if TYPE_CHECKING:
    import polars

SPELLS, NIGHTS, ATTENDANCES, FACE_TO_FACE, ARRIVALS = (
    "spells", "nights", "attendances", "face to face attendances", "arrivals",
)  # fmt: skip
_MOST_NAMED = 3
_STRATEGIES = {
    "activity_avoidance": "ip_activity_avoidance_strategies",
    "efficiencies": "ip_efficiencies_strategies",
}


@dataclass(frozen=True)
class Tpma:
    """One TPMA.

    Attributes:
        path: its name in draws ("activity_avoidance.ip.falls_related_admissions").
        section: "activity_avoidance" or "efficiencies".
        activity_type: "ip", "op" or "aae".
        key: its key.
        fact: its row of the facts, with code, name, group; made up for TPMAs of one's own rules.
    """

    path: str
    section: str
    activity_type: str
    key: str
    fact: Mapping[str, str]

    @property
    def unit(self) -> str:
        """What it acts on."""
        effect = self.fact["efficiency_type"]
        if self.activity_type == "ip":
            return NIGHTS if effect in ("all", "pre-op") else SPELLS
        if self.activity_type == "op":
            return FACE_TO_FACE if effect == "tele" else ATTENDANCES
        return ARRIVALS


@dataclass(frozen=True)
class Tagged:
    """The rows of one activity type and their TPMAs; entries are pairs of a row and a TPMA.

    Attributes:
        tpmas: the TPMAs.
        row, tpma: row and index into `tpmas` of each entry.
        amount: what an entry adds to the volume of its TPMA, in its unit.
        contacts: spells (1), attendances or arrivals of each row.
        totals: all of the activity type, by unit.
        general: rows that general length-of-stay reduction may have, by index into `tpmas`; it
            has those that no other efficiency of the scenario covers.
        nights: of each row; only for inpatients.
    """

    tpmas: tuple[Tpma, ...]
    row: np.ndarray
    tpma: np.ndarray
    amount: np.ndarray
    contacts: np.ndarray
    totals: Mapping[str, float]
    general: Mapping[int, np.ndarray]
    nights: np.ndarray


_KEPT: dict[int, tuple[weakref.ref[Provider], dict[str, Any]]] = {}


def kept_with(provider: Provider, name: str, make: Callable[[Provider], Any]) -> Any:
    """Give what `make` makes of a provider, made once and forgotten with the provider."""
    number = id(provider)
    found = _KEPT.get(number)
    if found is None or found[0]() is not provider:
        found = (weakref.ref(provider, lambda _: _KEPT.pop(number, None)), {})
        _KEPT[number] = found
    if name not in found[1]:
        found[1][name] = make(provider)
    return found[1][name]


@cache
def _known() -> tuple[Tpma, ...]:
    return tuple(
        Tpma(
            f"{row['kind']}.{row['activity_type']}.{row['key']}",
            row["kind"],
            row["activity_type"],
            row["key"],
            row,
        )
        for row in facts.rows("tpmas")
    )


def tpmas_of(provider: Provider) -> tuple[Tpma, ...]:
    """Give all TPMAs: the standard ones, and those that rules of one's own added to the data."""
    return kept_with(provider, "tpmas", lambda p: (*_known(), *_own(p)))


def _own(provider: Provider) -> list[Tpma]:
    found = []
    for section, table in _STRATEGIES.items():
        keys = columns.text(provider.tables[table], "strategy").categories
        for key in sorted(k for k in keys if k.startswith(OWN_TPMA)):
            fact = dict.fromkeys(facts.rows("tpmas")[0], "") | {
                "key": key,
                "name": key.removeprefix(OWN_TPMA).replace("_", " ").capitalize(),
                "group": "Rules of one's own",
                "efficiency_type": "all" if section == "efficiencies" else "",
            }
            found.append(Tpma(f"{section}.ip.{key}", section, "ip", key, fact))
    return found


def tagged(provider: Provider) -> dict[str, Tagged]:
    """Give the rows of each activity type with all their TPMAs, whatever is set."""
    return kept_with(
        provider, "tagged", lambda p: {"ip": _spells(p), "op": _outpatients(p), "aae": _arrivals(p)}
    )


def _of(provider: Provider, activity: str) -> tuple[Tpma, ...]:
    return tuple(t for t in tpmas_of(provider) if t.activity_type == activity)


def _spells(provider: Provider) -> Tagged:
    table = provider.tables["ip"]
    nights = columns.numbers(table, "speldur", np.int64)
    tpmas = _of(provider, "ip")
    parts, amounts = [], []
    for section, name in _STRATEGIES.items():
        # Those of the other section keep their numbers, but no entry can have them.
        entries = tags.spells(
            provider, name,
            tags.offered(provider, [t.key if t.section == section else "" for t in tpmas]),
        )  # fmt: skip
        parts.append(entries)
        amounts.append(_amount(entries, tpmas, section, nights))
    entries = tags.Entries.join(parts)
    general_keys = [t.key for t in tpmas]
    free = tags.general_length_of_stay(table, tags.Entries.join([]), general_keys)
    return Tagged(
        tpmas,
        entries.row,
        entries.tpma,
        np.concatenate(amounts),
        np.ones(len(nights)),
        {SPELLS: float(len(nights)), NIGHTS: float(nights.sum())},
        {int(k): free.row[free.tpma == k] for k in np.unique(free.tpma)},
        nights,
    )


def _amount(
    entries: tags.Entries, tpmas: tuple[Tpma, ...], section: str, nights: np.ndarray
) -> np.ndarray:
    """Give what each entry of a spell adds to its TPMA: its sample rate, or nights."""
    if section == "activity_avoidance":
        return entries.rate
    # A pre-operative TPMA can take one or two nights off, the others all of them.
    most = [
        int(t.fact["pre_op_days"] or 0) if t.fact["efficiency_type"] == "pre-op" else np.inf
        for t in tpmas
    ]
    in_nights = np.array([t.unit == NIGHTS for t in tpmas])[entries.tpma]
    days = np.minimum(nights[entries.row], np.array(most)[entries.tpma])
    return np.where(in_nights, days, 1.0)


def _outpatients(provider: Provider) -> Tagged:
    table = provider.tables["op"]
    tpmas = _of(provider, "op")
    keys = tags.offered(provider, [t.key for t in tpmas])
    face, tele = (columns.numbers(table, n, np.float64) for n in ACTIVITY_TYPES["op"].counts)
    avoided = tags.outpatients(table, keys)
    by_phone = tags.tele_attendances(table, keys)
    rows = np.flatnonzero(by_phone >= 0)
    both = face + tele
    return Tagged(
        tpmas,
        np.concatenate([avoided.row, rows]),
        np.concatenate([avoided.tpma, by_phone[rows]]),
        np.concatenate([both[avoided.row], face[rows]]),
        both,
        {ATTENDANCES: float(both.sum()), FACE_TO_FACE: float(face.sum())},
        {},
        np.zeros(0),
    )


def _arrivals(provider: Provider) -> Tagged:
    table = provider.tables["aae"]
    tpmas = _of(provider, "aae")
    arrivals = columns.numbers(table, "arrivals", np.float64)
    entries = tags.emergency(table, tags.offered(provider, [t.key for t in tpmas]))
    return Tagged(
        tpmas, entries.row, entries.tpma, arrivals[entries.row], arrivals,
        {ARRIVALS: float(arrivals.sum())}, {}, np.zeros(0),
    )  # fmt: skip


def volumes(provider: Provider, chosen: frozenset[str] = frozenset()) -> polars.DataFrame:
    """Give how much of each TPMA there is in the baseline year, and how it overlaps.

    Spells count with their sample rate, as avoidance acts on them. General length-of-stay
    reduction has the nights of the ordinary spells that no other chosen efficiency covers.

    Args:
        provider: a checked provider.
        chosen: paths of the TPMAs that the scenario sets.

    Returns:
        `path`, `volume`, `unit`, `share` of all of the activity type in that unit (empty where
        there is none), `cases` (how many spells, attendances or arrivals have it), `overlap` (the
        share of the cases that have another chosen TPMA) and `overlaps` (up to three of those,
        most frequent first, names joined by "; ").
    """
    import polars as pl

    parts: dict[str, list[Any]] = {
        n: [] for n in ("path", "volume", "unit", "share", "cases", "overlap", "overlaps")
    }
    for found in tagged(provider).values():
        row, tpma, amount = _with_general(found, chosen)
        n = len(found.tpmas)
        contacts = found.contacts[row]
        volume, cases = np.bincount(tpma, amount, n), np.bincount(tpma, contacts, n)
        is_set = np.array([t.path in chosen for t in found.tpmas])
        others = np.bincount(row[is_set[tpma]], minlength=len(found.contacts))[row] - is_set[tpma]
        shared = np.bincount(tpma, contacts * (others > 0), n)
        named = _overlapping(found, row, tpma, contacts, np.flatnonzero(is_set))
        for k, known in enumerate(found.tpmas):
            whole = found.totals[known.unit]
            parts["path"].append(known.path)
            parts["volume"].append(float(volume[k]))
            parts["unit"].append(known.unit)
            parts["share"].append(float(volume[k]) / whole if whole else None)
            parts["cases"].append(float(cases[k]))
            parts["overlap"].append(float(shared[k] / cases[k]) if cases[k] else None)
            parts["overlaps"].append("; ".join(named[k]))
    kinds = {"path": pl.String, "unit": pl.String, "overlaps": pl.String}
    return pl.DataFrame(parts, schema={name: kinds.get(name, pl.Float64) for name in parts})


def _with_general(
    found: Tagged, chosen: frozenset[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the entries with general length-of-stay reduction on what nothing chosen covers."""
    if not found.general:
        return found.row, found.tpma, found.amount
    covers = [t.section == "efficiencies" and t.path in chosen for t in found.tpmas]
    covered = np.zeros(len(found.contacts), dtype=bool)
    covered[found.row[np.array(covers)[found.tpma]]] = True
    rows = {k: free[~covered[free]] for k, free in found.general.items()}
    return (
        np.concatenate([found.row, *rows.values()]),
        np.concatenate([found.tpma, *(np.full(len(r), k) for k, r in rows.items())]),
        np.concatenate([found.amount, *(found.nights[r] for r in rows.values())]),
    )


def _overlapping(
    found: Tagged, row: np.ndarray, tpma: np.ndarray, contacts: np.ndarray, chosen: np.ndarray
) -> list[list[str]]:
    """Name, for each TPMA, the chosen ones that most of its cases have too."""
    n = len(found.tpmas)
    common = np.zeros((len(chosen), n))
    for i, other in enumerate(chosen):
        has = np.zeros(len(found.contacts), dtype=bool)
        has[row[tpma == other]] = True
        common[i] = np.bincount(tpma, contacts * has[row], n)
        common[i, other] = 0.0
    order = np.argsort(-common, axis=0, kind="stable")[:_MOST_NAMED]
    return [
        [found.tpmas[chosen[i]].fact["name"] for i in order[:, k] if common[i, k] > 0]
        for k in range(n)
    ]
