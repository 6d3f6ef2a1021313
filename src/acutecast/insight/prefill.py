"""From suggestions to edits: TPMAs set from the elicitation, from peers, or from a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Literal

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.facts import rows

if TYPE_CHECKING:
    import polars

Source = Literal["elicitation", "peers", "scenario", "bulk"]
Path = tuple[str, ...]
ELICITATION = "National Elicitation Exercise, P10 to P90 of what experts expect by 2039/40"
_DIGITS = 4


def prefill(
    content: Mapping[str, Any],
    keys: Sequence[str],
    source: Source,
    *,
    table: polars.DataFrame | None = None,
    other: Mapping[str, Any] | None = None,
    interval: tuple[float, float] | None = None,
    reason: str = "",
    replace: bool = False,
) -> list[tuple[Path, Any]]:
    """Give the edits that set TPMAs from a source; what is set already stays, unless told.

    Args:
        content: the scenario as its file holds it.
        keys: TPMAs, by key ("falls_related_admissions") or path
            ("activity_avoidance.ip.falls_related_admissions").
        source: "elicitation" (P10 to P90 of the National Elicitation Exercise), "peers" (what
            `tpma_table` says that they suggest), "scenario" (what another scenario states) or
            "bulk" (one interval for all).
        table: of `tpma_table`; needed for peers, and for TPMAs of one's own rules by key.
        other: the other scenario as its file holds it.
        interval: P10 and P90 of the share that remains, for "bulk".
        reason: why, instead of naming the source.
        replace: whether to replace what is set already.

    Returns:
        (path in the scenario's file, value) for each TPMA of which the source has something that
        is not set yet, in the order of `keys`.

    Raises:
        AcutecastError: for unknown TPMAs, a source without what it needs, a wrong interval.
    """
    known = _paths(table)
    problems = [
        Problem(f'there is no TPMA "{key}"', where="keys", remedy="Choose among those listed.")
        for key in keys
        if key not in known
    ]
    raise_if_any([*problems, *_lacking(source, table, other, interval)], "Nothing was filled in")
    suggested = _suggestions(source, table, other, interval, reason)
    edits = []
    for path in dict.fromkeys(known[key] for key in keys):
        value = suggested(path)
        if value is not None and (replace or at(content, path) is None):
            edits.append((path, value))
    return edits


def at(tree: Any, path: Sequence[str]) -> Any:
    """Give what stands at a path of a scenario's file; None for nothing."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def _paths(table: polars.DataFrame | None) -> dict[str, Path]:
    """Give the path of each TPMA by its key and by its path in words."""
    found = {(r["kind"], r["activity_type"], r["key"]) for r in rows("tpmas")}
    if table is not None:
        found |= set(table.select("section", "activity_type", "key").iter_rows())
    by_key = {path[-1]: path for path in sorted(found)}
    return by_key | {".".join(path): path for path in found}


def _lacking(
    source: Source,
    table: polars.DataFrame | None,
    other: Mapping[str, Any] | None,
    interval: tuple[float, float] | None,
) -> list[Problem]:
    if source == "peers" and table is None:
        return [Problem("the rates of peers are not given", "table", remedy="Pass tpma_table(…).")]
    if source == "scenario" and other is None:
        return [Problem("the other scenario is not given", "other", remedy="Name a scenario.")]
    if source != "bulk":
        return []
    if interval is None:
        return [Problem("no interval is given", "interval", remedy="For example (0.85, 0.95).")]
    low, high = interval
    if not 0 <= low <= high <= 1:
        return [
            Problem(
                "the interval must be two shares that remain, P10 first",
                "interval",
                example=f"{low:g} to {high:g}",
                remedy="Write (0.85, 0.95) for 5% to 15% fewer.",
            )
        ]
    return []


def _suggestions(
    source: Source,
    table: polars.DataFrame | None,
    other: Mapping[str, Any] | None,
    interval: tuple[float, float] | None,
    reason: str,
) -> Any:
    """Give a function from a path to the value that the source suggests; None for nothing."""
    if source == "scenario":
        return lambda path: _restated(at(other, path), reason)
    if source == "bulk":
        assert interval is not None
        return lambda _: written(*interval, reason)
    found: dict[Path, Any] = {}
    if source == "elicitation":
        for row in rows("tpmas"):
            if row["elicited_p10"]:
                path = (row["kind"], row["activity_type"], row["key"])
                ends = float(row["elicited_p10"]), float(row["elicited_p90"])
                found[path] = written(*ends, reason or ELICITATION)
        return found.get
    if source == "peers":
        assert table is not None
        columns = ("section", "activity_type", "key", "suggested_low", "suggested_high", "peers")
        for *path, low, high, peers in table.select(columns).iter_rows():
            if low is not None:
                said = f"P10 to P90 of the rates of {peers} other providers, over our own"
                found[tuple(path)] = written(low, high, reason or said)
        return found.get
    raise AcutecastError(
        Problem(
            f'there is no source "{source}"',
            where="source",
            remedy='Choose "elicitation", "peers", "scenario" or "bulk".',
        )
    )


def written(low: float, high: float, reason: str = "") -> Any:
    """Write P10 and P90 of the share that remains as a scenario's file has it."""
    low, high = round(low, _DIGITS), round(high, _DIGITS)
    if not reason:
        return low if low == high else [low, high]
    ends = {"value": low} if low == high else {"p10": low, "p90": high}
    return ends | {"reason": reason}


def _restated(value: Any, reason: str) -> Any:
    """Give an assumption of another scenario, with another reason where one is told."""
    if value is None or not reason:
        return deepcopy(value)
    if isinstance(value, Mapping):
        return deepcopy(dict(value)) | {"reason": reason}
    low, high = value if isinstance(value, list | tuple) else (value, value)
    return written(low, high, reason)
