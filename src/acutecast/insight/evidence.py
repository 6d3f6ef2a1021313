"""What is known about every TPMA: how much there is, what is set, what experts and peers suggest.

`tpma_table` has a row for each; `prefill` turns suggestions into edits of a scenario. What the
records tell of one TPMA is in `tpma_rates` and `tpma_people`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.insight.evidence_tables import Evidence, Root, read_evidence
from acutecast.insight.prefill import at, prefill
from acutecast.insight.tpma_people import age_sex, top_diagnoses, top_procedures
from acutecast.insight.tpma_rates import Chosen, chosen, funnel, peers_box, trend
from acutecast.insight.tpma_volumes import Tpma, tpmas_of, volumes
from acutecast.provider import Provider

if TYPE_CHECKING:
    import polars

    from acutecast.scenario import Scenario

__all__ = [
    "Chosen",
    "Evidence",
    "age_sex",
    "chosen",
    "funnel",
    "groups",
    "peers_box",
    "prefill",
    "suggested_by_peers",
    "top_diagnoses",
    "top_procedures",
    "tpma_table",
    "trend",
]

FEWEST_PEERS = 2
_VALID = (0.0, 1.0)
_TEXT = (
    "path", "key", "section", "activity_type", "code", "name", "group", "mechanism", "unit",
    "overlaps", "change", "distribution", "profile", "default_profile", "reason", "rate_unit",
)  # fmt: skip
_COLUMNS = (
    "path", "key", "section", "activity_type", "code", "name", "group", "mechanism",
    "volume", "unit", "share", "cases", "overlap", "overlaps",
    "set", "change", "low", "high", "distribution", "profile", "reason",
    "elicited_mean", "elicited_low", "elicited_high",
    "rate", "rate_unit", "peers", "peer_low", "peer_median", "peer_high",
    "suggested_low", "suggested_high",
    "valid_low", "valid_high", "default_profile",
)  # fmt: skip


def tpma_table(
    provider: Provider,
    evidence_root: Root = None,
    scenario: Scenario | None = None,
) -> polars.DataFrame:
    """Give a row for every TPMA: how much there is, what is set, and what is known about it.

    Args:
        provider: a checked provider.
        evidence_root: the folder of assumption tables; beside the provider tables if None.
        scenario: what is set; nothing if None.

    Returns:
        In reading order (by group), for all standard TPMAs and those that rules of one's own added
        to the data:

        - `path` ("activity_avoidance.ip.falls_related_admissions"), `key`, `section`,
          `activity_type`, `code`, `name`, `group`, `mechanism`;
        - `volume` in the baseline year in the `unit` that it acts on ("spells", counted with their
          sample rate; "nights", of which bed days are one more a spell; "attendances", "face to
          face attendances", "arrivals"), its `share` of the activity type, and `cases`, how many
          spells or contacts have it;
        - `overlap`: the share of its cases that have another TPMA that is set, and `overlaps`: up
          to three of those, joined by "; ";
        - `set`, and what: `change` in words ("5% to 12% fewer"), `low` and `high` (P10 and P90 of
          the share that remains), `distribution`, `profile` in words, `reason`;
        - `elicited_mean`, `elicited_low`, `elicited_high`: of the National Elicitation Exercise,
          the share that remains;
        - `rate` with its `rate_unit`, how many `peers` there are, `peer_low`, `peer_median`,
          `peer_high` (P10, median and P90 of their rates), and what they suggest as the share
          that remains, `suggested_low` to `suggested_high` (see `suggested_by_peers`);
        - `valid_low`, `valid_high` and `default_profile` ("linear") of what may be set.

        Empty where unknown.
    """
    import polars as pl

    stated = _stated(scenario)
    tpmas = tpmas_of(provider)
    measured = volumes(provider, frozenset(t.path for t in tpmas if t.path in stated))
    volume_of = {row["path"]: row for row in measured.to_dicts()}
    rates = _rates(provider, evidence_root)
    order = list(dict.fromkeys(t.fact["group"] for t in tpmas))
    table = [
        _identity(t)
        | volume_of[t.path]
        | stated.get(t.path, {"set": False})
        | _elicited(t)
        | rates.get(t.key, {})
        for t in sorted(tpmas, key=lambda t: order.index(t.fact["group"]))
    ]
    kinds: dict[str, Any] = dict.fromkeys(_TEXT, pl.String)
    kinds |= {"set": pl.Boolean, "peers": pl.Int64}
    schema = {name: kinds.get(name, pl.Float64) for name in _COLUMNS}
    return pl.DataFrame([{n: row.get(n) for n in _COLUMNS} for row in table], schema=schema)


def _identity(tpma: Tpma) -> dict[str, Any]:
    from acutecast.scenario.model import SECTIONS

    default = next(s.profile for s in SECTIONS if s.path == tpma.section)
    assert default is not None
    return {
        "key": tpma.key,
        "section": tpma.section,
        "activity_type": tpma.activity_type,
        **{name: tpma.fact[name] for name in ("code", "name", "group", "mechanism")},
        "valid_low": _VALID[0],
        "valid_high": _VALID[1],
        "default_profile": default.shape,
    }


def _stated(scenario: Scenario | None) -> dict[str, dict[str, Any]]:
    """Give what a scenario says of each assumption, by path."""
    if scenario is None:
        return {}
    from acutecast.scenario import describe

    found = {}
    for assumption, words in zip(scenario.assumptions(), describe(scenario), strict=True):
        low, high = assumption.distribution.quantile(np.array([0.1, 0.9]))
        elsewhere = at(scenario.reasons, assumption.name.split("."))
        reason = words["reason"] or (elsewhere if isinstance(elsewhere, str) else "")
        found[assumption.name] = {
            "set": True,
            **{name: words[name] for name in ("change", "distribution", "profile")},
            "low": float(low),
            "high": float(high),
            "reason": reason,
        }
    return found


def _elicited(tpma: Tpma) -> dict[str, float | None]:
    names = {"elicited_mean": "mean", "elicited_low": "p10", "elicited_high": "p90"}
    return {
        name: float(text) if (text := tpma.fact[f"elicited_{end}"]) else None
        for name, end in names.items()
    }


def _rates(provider: Provider, evidence_root: Root) -> dict[str, dict[str, Any]]:
    """Give each TPMA's own rate, those of peers, and what they suggest."""
    mine = {"year": provider.year, "dataset": provider.dataset}
    activity = read_evidence(provider, "tpma_activity", evidence_root, **mine)
    peers = read_evidence(provider, "tpma_peers", evidence_root, **mine)
    if activity is None:
        return {}
    found: dict[str, dict[str, Any]] = {
        row["strategy"]: {"rate": row["rate_crude"], "rate_unit": row["unit"]}
        for row in activity.select("strategy", "rate_crude", "unit").to_dicts()
    }
    for row in peers.to_dicts() if peers is not None else ():
        of_tpma = found.setdefault(row["strategy"], {})
        of_tpma["peers"] = row["peers"]
        of_tpma |= {f"peer_{n}": row[c] for n, c in
                    (("low", "p10"), ("median", "median"), ("high", "p90"))}  # fmt: skip
        ends = suggested_by_peers(of_tpma.get("rate"), row["p10"], row["p90"], row["peers"])
        if ends is not None:
            of_tpma["suggested_low"], of_tpma["suggested_high"] = ends
    return found


def suggested_by_peers(
    rate: float | None, low: float | None, high: float | None, peers: int
) -> tuple[float, float] | None:
    """Give the share that would remain if one's own rate became that of peers.

    Args:
        rate: one's own.
        low, high: P10 and P90 of the peers' rates.
        peers: how many there are.

    Returns:
        low / rate to high / rate, at most 1. None where a rate is unknown or 0, where there are
        fewer than two peers, and where one's own is at or below the peers' P10 already: they then
        suggest no reduction.
    """
    if not rate or low is None or high is None or peers < FEWEST_PEERS or low >= rate:
        return None
    return max(low / rate, 0.0), min(high / rate, 1.0)


def groups(table: polars.DataFrame) -> polars.DataFrame:
    """Give the groups of TPMAs in reading order.

    Args:
        table: of `tpma_table`.

    Returns:
        `group`, `tpmas` (how many), `present` (how many the data has any of) and `set`.
    """
    import polars as pl

    return table.group_by("group", maintain_order=True).agg(
        pl.len().alias("tpmas"),
        (pl.col("cases") > 0).sum().alias("present"),
        pl.col("set").sum(),
    )
