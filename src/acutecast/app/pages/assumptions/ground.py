"""What the data say: the provider's tables, and activity by the assumption that acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from acutecast.app.pages.assumptions.small import count_text, is_small
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError
from acutecast.insight.tpma_volumes import kept_with
from acutecast.workspace import evidence_root, provider

if TYPE_CHECKING:
    import polars

    from acutecast.provider import Provider


@dataclass(frozen=True)
class Ground:
    """What the data say.

    Attributes:
        provider: the tables; None where they cannot be read.
        evidence: the folder with what is known about each assumption; None for none.
        error: why the tables cannot be read.
        least: the smallest count that is shown; None for all.
    """

    provider: Provider | None
    evidence: str | None = None
    error: AcutecastError | None = None
    least: int | None = None

    @property
    def _counted(self) -> Mapping[Path, float]:
        return {} if self.provider is None else kept_with(self.provider, "by path", by_path)

    @cached_property
    def baseline(self) -> Mapping[Path, float]:
        """Baseline activity by the path of the assumption that acts on it, as far as it is shown.

        A new count is worked out with these, so that none gives a small one away.
        """
        return {p: n for p, n in self._counted.items() if not is_small(n, self.least)}

    def has(self, path: Path) -> bool:
        """Tell whether an assumption acts on any activity."""
        return bool(self._counted.get(path))

    def count_text(self, path: Path) -> str:
        """Write how much activity an assumption acts on."""
        return count_text(self._counted.get(path), self.least)


def find_ground(visit: Visit, content: Mapping[str, Any]) -> Ground:
    """Read the tables that a scenario is for; slow the first time."""
    ws, person, code = visit.workspace, visit.person, visit.scenario.dataset
    try:
        found = provider(ws, person, code, content.get("baseline_year"))
        return Ground(found, evidence_root(ws, person, code), least=ws.settings.suppress)
    except AcutecastError as error:
        return Ground(None, error=error)


def by_path(found: Provider) -> dict[Path, float]:
    """Count the baseline year's activity that each assumption by group and specialty acts on.

    Spells, attendances of both kinds, arrivals. Repatriation acts on residents of the main
    integrated care board (local) or of others, and the waiting list on what comes from it.
    """
    import polars as pl

    n: dict[Path, float] = {}
    of = ["group", "tretspef_grouped", "is_main_icb"]
    ip = _frame(found, "ip", [*of, "is_wla"]).with_columns(pl.lit(1).alias("n"))
    op = _frame(found, "op", [*of, "is_wla", "attendances", "tele_attendances"])
    op = op.with_columns((pl.col("attendances") + pl.col("tele_attendances")).alias("n"))
    aae = _frame(found, "aae", ["group", "is_main_icb", "arrivals"]).rename({"arrivals": "n"})
    for section, kept in _KEPT.items():
        for activity, frame in (("ip", ip), ("op", op), ("aae", aae)):
            keys = _KEYS[section].get(activity)
            if keys is None:
                continue
            rows = frame if kept is None else frame.filter(pl.col(kept[0]) == kept[1])
            for *path, count in rows.group_by(keys).agg(pl.col("n").sum()).iter_rows():
                n[(section, activity, *path)] = float(count)
    return n


_BOTH = ["group", "tretspef_grouped"]
_MOVES = {"ip": _BOTH, "op": ["tretspef_grouped"], "aae": ["group"]}
_KEYS: dict[str, dict[str, list[str]]] = {
    "expat": _MOVES,
    "repat_local": _MOVES,
    "repat_nonlocal": _MOVES,
    "baseline_adjustment": {"ip": _BOTH, "op": _BOTH, "aae": ["group"]},
    "waiting_list": {"ip": ["tretspef_grouped"], "op": ["tretspef_grouped"]},
    "non_demographic_growth": {"ip": ["group"], "op": ["group"], "aae": ["group"]},
}
_KEPT: dict[str, tuple[str, bool] | None] = {
    "expat": None,
    "repat_local": ("is_main_icb", True),
    "repat_nonlocal": ("is_main_icb", False),
    "baseline_adjustment": None,
    "waiting_list": ("is_wla", True),
    "non_demographic_growth": None,
}


def _frame(found: Provider, table: str, columns: list[str]) -> polars.DataFrame:
    import polars as pl

    frame = pl.from_arrow(found.tables[table].select(columns))
    assert isinstance(frame, pl.DataFrame)
    texts = [name for name in columns if name in ("group", "tretspef_grouped")]
    return frame.with_columns(pl.col(texts).cast(pl.String))


def people_by_variant(ground: Ground, snapshot: Snapshot) -> dict[str, tuple[float, float]]:
    """Give the people of the catchment in the baseline and the horizon year, by variant."""
    from acutecast.demand.people import last_year
    from acutecast.scenario.resolution import DEFAULT_SPAN

    found = ground.provider
    if found is None:
        return {}
    last = last_year(found.tables, found.year)
    horizon = snapshot.scenario.horizon_year or found.year + DEFAULT_SPAN
    return kept_with(
        found, f"people {min(horizon, last)}", lambda p: _people(p, min(horizon, last))
    )


def _people(found: Provider, horizon: int) -> dict[str, tuple[float, float]]:
    import polars as pl

    years = [str(found.year), str(horizon)]
    frame = pl.from_arrow(found.tables["demographic_factors"].select(["variant", *years]))
    assert isinstance(frame, pl.DataFrame)
    totals = frame.with_columns(pl.col("variant").cast(pl.String)).group_by("variant").sum()
    return {row["variant"]: (row[years[0]], row[years[1]]) for row in totals.to_dicts()}


@dataclass(frozen=True)
class Treatment:
    """What the data say of one HRG's rates by deprivation.

    Attributes:
        hrg: its first four characters.
        activity: elective spells and outpatient procedures of it in the baseline year.
        rates: per 1,000 people by quintile of deprivation, 1 (most deprived) to 5; None where
            unknown.
        boards: integrated care boards that have rates of it; those shown are of the first.
    """

    hrg: str
    activity: float
    rates: tuple[float | None, ...]
    boards: int


def treatments(ground: Ground) -> list[Treatment]:
    """Give the HRGs that the data have rates by deprivation of, the most frequent first."""
    if ground.provider is None:
        return []
    return kept_with(ground.provider, "treatments", _treatments)


def _treatments(found: Provider) -> list[Treatment]:
    import polars as pl

    columns = ["icb", "sushrg_trimmed", "imd_quintile"]
    table = found.tables["inequalities"]
    known = "activity_rate" in table.column_names
    frame = pl.from_arrow(table.select([*columns, *(["activity_rate"] if known else [])]))
    assert isinstance(frame, pl.DataFrame)
    frame = frame.with_columns(pl.col("icb", "sushrg_trimmed").cast(pl.String)).drop_nulls(
        "sushrg_trimmed"
    )
    ip = _hrgs(found, "ip", "elective").with_columns(pl.lit(1).alias("n"))
    op = _hrgs(found, "op", "procedure")
    counted = pl.concat([part.select("hrg", pl.col("n").cast(pl.Float64)) for part in (ip, op)])
    activity = dict(counted.group_by("hrg").agg(pl.col("n").sum()).iter_rows())
    made = []
    for (hrg,), rows in frame.group_by("sushrg_trimmed", maintain_order=True):
        boards = rows["icb"].unique(maintain_order=True).to_list()
        first = rows.filter(pl.col("icb").eq_missing(boards[0]))
        rates: dict[int, float | None] = {}
        if known:
            rates = dict(first.select("imd_quintile", "activity_rate").iter_rows())
        shown = tuple(None if rates.get(q) is None else 1000 * rates[q] for q in range(1, 6))  # type: ignore[operator]
        made.append(Treatment(str(hrg), activity.get(hrg, 0.0), shown, len(boards)))
    return sorted(made, key=lambda t: (-t.activity, t.hrg))


def _hrgs(found: Provider, table: str, group: str) -> polars.DataFrame:
    import polars as pl

    counts = ["attendances", "tele_attendances"] if table == "op" else []
    frame = pl.from_arrow(found.tables[table].select(["group", "sushrg_trimmed", *counts]))
    assert isinstance(frame, pl.DataFrame)
    frame = frame.with_columns(pl.col("group", "sushrg_trimmed").cast(pl.String))
    frame = frame.filter(pl.col("group") == group).rename({"sushrg_trimmed": "hrg"})
    return frame.with_columns(pl.sum_horizontal(counts).alias("n")) if counts else frame
