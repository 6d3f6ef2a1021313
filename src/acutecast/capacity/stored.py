"""Capacity of a stored run, opened: what every area needs, and the risk of running short."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from acutecast.capacity.areas import Area, areas
from acutecast.capacity.explain import Figures, explanation
from acutecast.capacity.spaces import is_hourly
from acutecast.capacity.tables import read_about, read_table
from acutecast.errors import AcutecastError, Problem
from acutecast.results.summary import INTERVAL, quantile_name, quantiles

if TYPE_CHECKING:
    import polars

    from acutecast.results import Run

_ITEMS = {
    "ct": "CT", "mri": "MRI", "ultrasound": "Ultrasound", "xray": "X-ray",
    "endoscopy_tests": "Endoscopy", "pathology": "Pathology",
}  # fmt: skip
_CHAIN_UNITS = {"tests": "tests a year", "scanners": "rooms", "nurses": "WTE"}


class Capacity:
    """The capacity of a stored run; tables are read when first asked for.

    Attributes:
        run: the run.
        about: the content of `capacity.json`: options, assumptions with their sources, warnings.
    """

    def __init__(self, run: Run, about: dict[str, Any]) -> None:
        self.run = run
        self.about = about

    @property
    def info(self) -> dict[str, Any]:
        """The content of the run's `run.json`."""
        return dict(self.run.info)

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.run.name

    @property
    def dataset(self) -> str:
        """The provider."""
        return self.run.info["dataset"]

    @property
    def baseline_year(self) -> int:
        """The calendar year in which the baseline financial year starts."""
        return self.run.baseline_year

    @property
    def years(self) -> tuple[int, ...]:
        """The years simulated, ascending."""
        return self.run.years

    @property
    def horizon(self) -> int:
        """The horizon year."""
        return self.run.horizon

    @property
    def runs(self) -> int:
        """The number of runs."""
        return self.run.runs

    @property
    def risk(self) -> float:
        """The share of open hours that may be short."""
        return self.about["options"]["risk"]

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites counted apart; "all" alone where they share their space."""
        return tuple(self.about["sites"])

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What the data lacked and what was assumed instead."""
        return self.about["warnings"]

    @property
    def _areas(self) -> list[Area]:
        return [area for area in areas() if area.key in self.about["areas"]]

    @cached_property
    def _needs(self) -> pa.Table:
        return read_table(self.run, "needs")

    @cached_property
    def _hours(self) -> pa.Table:
        return read_table(self.run, "hours")

    @cached_property
    def _week(self) -> pa.Table:
        return read_table(self.run, "week")

    @cached_property
    def _months(self) -> pa.Table:
        return read_table(self.run, "months")

    def areas(self) -> polars.DataFrame:
        """Give the areas that anybody uses.

        Returns:
            `area`, `label`, `functional_area`, `unit` and `method`: "hourly" where patients are
            counted hour by hour, "sessions" where work is booked.
        """
        import polars as pl

        columns = ("area", "label", "functional_area", "unit", "method")
        rows = [
            (a.key, a.label, a.functional_area, a.unit, "hourly" if is_hourly(a) else "sessions")
            for a in self._areas
        ]
        return pl.DataFrame(rows, schema=list(columns), orient="row")

    def needs(
        self,
        areas: Sequence[str] | None = None,
        years: Sequence[int] | str | None = None,
        interval: tuple[float, float] = INTERVAL,
    ) -> polars.DataFrame:
        """Say what every area needs.

        Args:
            areas: keys of areas; all where None.
            years: "all", a list of years, or None for the horizon.
            interval: ends of the prediction interval.

        Returns:
            A row per area, site, year and figure: `area`, `label`, `unit`, `site`, `year`,
            `figure`, `baseline` (the baseline year by the same method), `mean` over the runs,
            lower end, `median` and upper end of the interval. Figures: `preset` (fixed target
            occupancy), `simulated` (beds or spaces with which demand exceeds them in at most
            `risk` of the open hours; rooms by session calendar for booked work), `worst_week` (so
            that not even the worst week is short for longer), `mean_occupied` (over
            open hours), `peak_occupied`,
            `peak_month` (mean of the busiest month), `occupancy` (mean occupied / simulated);
            `tests`, `scanners` and `nurses` where asked for.
        """
        import polars as pl

        self._check_areas(areas or ())
        table = self._needs
        wanted = self._years(years)
        keep = np.isin(_column(table, "year"), wanted)
        if areas is not None:
            keep &= np.isin(_column(table, "area"), list(areas))
        table = table.filter(pa.array(keep))
        names, units = self._labels()
        area, figure = _column(table, "area"), _column(table, "figure")
        values = _values(table)
        low, high = interval
        at = (low, 0.5, high)
        frame = {
            "area": area.tolist(),
            "label": [names.get(key, key) for key in area],
            "unit": [
                _CHAIN_UNITS.get(f, "share" if f == "occupancy" else units.get(key, ""))
                for key, f in zip(area, figure, strict=True)
            ],
            "site": _column(table, "site").tolist(),
            "year": _column(table, "year"),
            "figure": figure.tolist(),
            "baseline": pl.Series(table.column("baseline").to_pylist(), dtype=pl.Float64),
            "mean": values.mean(axis=1),
        }
        for name, value in zip(map(quantile_name, at), quantiles(values, at), strict=True):
            frame[name] = value
        return pl.DataFrame(frame)

    def values(self, area: str, figure: str, site: str | None = None) -> np.ndarray:
        """Give one figure of an area in every run, float64 (years, runs)."""
        table = self._rows(self._needs, area, site, figure=figure)
        return _values(table)

    def beds(self, area: str, risk: float | None = None, site: str | None = None) -> np.ndarray:
        """Give the beds that keep another risk than the stored one, in every run.

        Args:
            area: an area simulated by the hour.
            risk: share of open hours that may be short; the stored one where None.
            site: a site, where sites are counted apart.

        Returns:
            int64, (years, runs).
        """
        risk = self.risk if risk is None else risk
        allowed = risk * self._open_hours(area)
        by_year = [self._above(area, site, year) for year in self.years]
        enough = [(above > allowed).sum(axis=0) for above in by_year]
        return np.stack([np.maximum(n, a[0] > 0) for n, a in zip(enough, by_year, strict=True)])

    def shortage(
        self,
        area: str,
        site: str | None = None,
        year: int | None = None,
        interval: tuple[float, float] = INTERVAL,
    ) -> polars.DataFrame:
        """Give the shortage curve of an area: how often N beds would be too few.

        Returns:
            A row per number of beds: `beds`; `mean` and the interval over runs of the share of
            open hours in which demand exceeds them; `suffice`, the share of runs in which they
            keep the stated risk.
        """
        import polars as pl

        share = self._above(area, site, year) / self._open_hours(area)
        share = np.minimum(share, 1.0)
        low, high = quantiles(share, interval)
        return pl.DataFrame(
            {
                "beds": np.arange(len(share)),
                "mean": share.mean(axis=1),
                quantile_name(interval[0]): low,
                quantile_name(interval[1]): high,
                "suffice": (share <= self.risk).mean(axis=1),
            }
        )

    def week(
        self, area: str, site: str | None = None, interval: tuple[float, float] = INTERVAL
    ) -> polars.DataFrame:
        """Give the typical week at the horizon: mean occupancy by weekday and hour.

        Returns:
            168 rows: `weekday` (0 is Monday), `hour`, `baseline`, `mean` and interval over runs.
        """
        self._hourly(area)
        return _frame(self._rows(self._week, area, site), ("weekday", "hour"), interval)

    def months(
        self,
        area: str,
        site: str | None = None,
        year: int | None = None,
        interval: tuple[float, float] = INTERVAL,
    ) -> polars.DataFrame:
        """Give the mean occupancy of every month: `month`, `baseline`, `mean` and interval."""
        self._hourly(area)
        year = self.horizon if year is None else self._years([year])[0]
        return _frame(self._rows(self._months, area, site, year=year), ("month",), interval)

    def explain(self, area: str, site: str | None = None) -> str:
        """Say in a paragraph what an area needs at the horizon, and why the methods differ."""
        wanted = self._area(area)
        table = self._rows(self._needs, area, site, year=self.horizon)
        runs = dict(zip(_column(table, "figure"), _values(table), strict=True))
        assumed = {
            row["name"]: row["value"] for row in self.about["assumptions"] if row["area"] == area
        }
        short = None
        if is_hourly(wanted):
            curve = self.shortage(area, site)["mean"].to_numpy()
            preset = int(np.ceil(runs["preset"].mean() - 1e-9))
            short = float(curve[preset]) if preset < len(curve) else 0.0
        return explanation(wanted, Figures(runs, assumed, self.risk, short))

    def _labels(self) -> tuple[dict[str, str], dict[str, str]]:
        return {a.key: a.label for a in areas()} | _ITEMS, {a.key: a.unit for a in areas()}

    def _years(self, years: Sequence[int] | str | None) -> list[int]:
        if years is None or years == "horizon":
            return [self.horizon]
        if years == "all":
            return list(self.years)
        unknown = [year for year in years if year not in self.years]
        if unknown:
            raise AcutecastError(
                Problem(
                    f"year {unknown[0]} was not simulated",
                    where="years",
                    remedy=f"Choose among {', '.join(map(str, self.years))}.",
                )
            )
        return [int(year) for year in years]

    def _area(self, key: str) -> Area:
        self._check_areas([key])
        return next(area for area in areas() if area.key == key)

    def _check_areas(self, keys: Sequence[str]) -> None:
        known = set(_column(self._needs, "area").tolist())
        unknown = [key for key in keys if key not in known]
        if unknown:
            raise AcutecastError(
                Problem(
                    f'the run has no area "{unknown[0]}"',
                    where="areas",
                    remedy=f"Choose among {', '.join(sorted(known))}.",
                )
            )

    def _hourly(self, key: str) -> None:
        if not is_hourly(self._area(key)):
            raise AcutecastError(
                Problem(
                    f"{key} is booked by session, so it has no occupancy by the hour",
                    where="areas",
                    remedy="Ask needs() for it.",
                )
            )

    def _open_hours(self, key: str) -> float:
        self._hourly(key)
        return self.about["open_hours"][key]

    def _above(self, area: str, site: str | None, year: int | None) -> np.ndarray:
        """Hours above 0, 1, … beds, (beds, runs)."""
        self._hourly(area)
        year = self.horizon if year is None else self._years([year])[0]
        return _values(self._rows(self._hours, area, site, year=year))

    def _rows(self, table: pa.Table, area: str, site: str | None, **where: Any) -> pa.Table:
        self._check_areas([area])
        site = self.sites[0] if site is None and len(self.sites) == 1 else site
        if site not in self.sites:
            raise AcutecastError(
                Problem(
                    f'"{site}" is no site counted apart' if site else "the sites are counted apart",
                    where="site",
                    remedy=f"Choose among {', '.join(self.sites)}.",
                )
            )
        keep = (_column(table, "area") == area) & (_column(table, "site") == site)
        for name, value in where.items():
            keep &= _column(table, name) == value
        if not keep.any():
            raise AcutecastError(Problem(f"nobody uses {area} at {site}", where="site"))
        return table.filter(pa.array(keep))


def _column(table: pa.Table, name: str) -> np.ndarray:
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        whole = column.unify_dictionaries().combine_chunks()
        whole = whole if isinstance(whole, pa.DictionaryArray) else whole.chunk(0)
        names = np.array(whole.dictionary.to_pylist(), dtype=object)
        codes = whole.indices.to_numpy(zero_copy_only=False)
        return names[codes] if len(codes) else np.zeros(0, dtype=object)
    return column.to_numpy()


def _values(table: pa.Table) -> np.ndarray:
    """Give the values of all runs, float64 (rows, runs)."""
    column = table.column("values").combine_chunks()
    arrays = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    width = table.schema.field("values").type.list_size
    parts = [a.flatten().to_numpy(zero_copy_only=False).reshape(-1, width) for a in arrays]
    return np.concatenate(parts).astype(float) if parts else np.zeros((0, width))


def _frame(
    table: pa.Table, labels: tuple[str, ...], interval: tuple[float, float]
) -> polars.DataFrame:
    import polars as pl

    values = _values(table)
    low, high = quantiles(values, interval)
    frame: dict[str, Any] = {name: _column(table, name) for name in labels}
    frame["baseline"] = pl.Series(table.column("baseline").to_pylist(), dtype=pl.Float64)
    frame["mean"] = values.mean(axis=1)
    frame[quantile_name(interval[0])] = low
    frame[quantile_name(interval[1])] = high
    return pl.DataFrame(frame)


def open_capacity(run: Run) -> Capacity | None:
    """Open the capacity stored with a run; None where it has none."""
    about = read_about(run)
    return None if about is None else Capacity(run, about)
