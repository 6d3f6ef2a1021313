"""What the commands print and draw of capacity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acutecast.cli import show
from acutecast.cli.wording import for_command
from acutecast.errors import Problem
from acutecast.files import is_url, local

if TYPE_CHECKING:
    import polars

    from acutecast.capacity import Capacity

_CHAIN = {"tests": "Tests a year", "scanners": "Scanners and rooms", "nurses": "Nurses (WTE)"}


def draw(capacity: Capacity, areas: Sequence[str]) -> dict[str, Path]:
    """Write the pictures and the page beside the stored capacity; a URL gets none."""
    from acutecast.files import write_text
    from acutecast.report import capacity_chart, capacity_page, save_chart

    if is_url(capacity.run.path):
        return {}
    folder = local(capacity.run.path) / "capacity"
    paths = {"picture": folder / "capacity.png", "page": folder / "capacity.html"}
    site = capacity.sites[0]
    chart = capacity_chart(capacity, area=areas[0] if areas else None, site=site)
    save_chart(chart, paths["picture"])
    write_text(paths["page"], capacity_page(capacity, site=site))
    return paths


def capacity(
    found: Capacity, areas: Sequence[str], json: bool, files: Mapping[str, str | Path]
) -> None:
    """Print what every area needs at the horizon; of named areas also why, and the years."""
    needs = found.needs(areas or None)
    if json:
        show.print_json(
            {
                "scenario": found.name,
                "dataset": found.dataset,
                "horizon_year": found.horizon,
                "model_runs": found.runs,
                "risk": found.risk,
                "needs": found.needs(areas or None, years="all").to_dicts(),
                "explanations": {
                    f"{key}.{site}" if len(found.sites) > 1 else key: found.explain(key, site)
                    for key, site in _places(needs)
                },
                "files": {name: str(path) for name, path in files.items()},
                "warnings": found.warnings,
            }
        )
        return
    table(found, areas)
    for key, site in _places(needs) if areas else []:
        typer.echo(f"\n{found.explain(key, site)}")
        _print_years(found, key, site)
    for warning in found.warnings:
        typer.echo(f"Note: {for_command(Problem(**warning))}", err=True)
    for name, path in files.items():
        show.console().print(f"{name.capitalize():<9} {path}", highlight=False, soft_wrap=True)


def table(found: Capacity, areas: Sequence[str] = ()) -> None:
    """Print what every area, or some areas, need at the horizon."""
    needs = found.needs(areas or None)
    for site in found.sites:
        _print_site(found, needs, site)
    _print_chain(found.needs())


def _places(needs: polars.DataFrame) -> list[tuple[str, str]]:
    """Give the areas and sites of a table of needs, in its order."""
    import polars as pl

    rows = needs.filter(pl.col("figure") == "simulated").select("area", "site")
    return list(dict.fromkeys(rows.iter_rows()))


def _print_site(found: Capacity, needs: polars.DataFrame, site: str) -> None:
    """Print the table of one site."""
    by_area: dict[str, dict[str, Any]] = {}
    for row in needs.iter_rows(named=True):
        if row["site"] == site and row["figure"] not in _CHAIN:
            by_area.setdefault(row["area"], {"label": row["label"]})[row["figure"]] = row
    columns = ("Base-\nline", "Preset", "Enough", "P10 to P90", "Worst\nweek", "In\nuse", "Full")
    place = "" if site == "all" else f" · {site}"
    year = f"{found.horizon}/{(found.horizon + 1) % 100:02d}"
    title = f"{found.name} · {found.dataset}{place} · {year} · {found.runs} model runs"
    shown = show.table_of(title, ("Area", "Of", *columns), columns)
    shown.columns[0].no_wrap = shown.columns[1].no_wrap = True
    for row in by_area.values():
        simulated, full = row["simulated"], row.get("occupancy")
        shown.add_row(
            row["label"],
            simulated["unit"],
            _number(simulated["baseline"]),
            _number(row["preset"]["mean"]),
            _number(simulated["mean"]),
            f"{_number(simulated['p10'])} to {_number(simulated['p90'])}",
            _number(row["worst_week"]["mean"]) if "worst_week" in row else "",
            _number(row["mean_occupied"]["mean"]) if "mean_occupied" in row else "",
            f"{100 * full['mean']:.0f}%" if full else "booked",
        )
    show.console().print(shown)
    show.console().print(
        f"Preset: fixed target occupancy. Enough: demand exceeds it in at most "
        f"{100 * found.risk:g}% of the open hours of a year (mean over the runs; P10 to P90: eight "
        "runs in ten lie between). Worst week: so that no week is short for longer. In use: mean "
        "over open hours. Booked work follows its session calendar.",
        style="dim",
        highlight=False,
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 10 else f"{value:,.1f}"


def _print_chain(needs: polars.DataFrame) -> None:
    """Print tests, scanners and nurses, where they were asked for."""
    import polars as pl

    chain = needs.filter(pl.col("figure").is_in(list(_CHAIN)))
    if chain.is_empty():
        return
    columns = ("Mean", "P10", "P90")
    shown = show.table_of("Diagnostics and workforce", ("Of", "Counted", *columns), columns)
    for row in chain.iter_rows(named=True):
        numbers = (_number(row[name]) for name in ("mean", "p10", "p90"))
        shown.add_row(row["label"], _CHAIN[row["figure"]], *numbers)
    show.console().print(shown)


def _print_years(found: Capacity, key: str, site: str) -> None:
    import polars as pl

    rows = found.needs([key], years="all").filter(
        (pl.col("site") == site) & pl.col("figure").is_in(["preset", "simulated"])
    )
    columns = ("Preset", "Enough", "P10", "P90")
    shown = show.table_of("By year", ("Year", *columns), columns)
    years: dict[int, dict[str, dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        years.setdefault(row["year"], {})[row["figure"]] = row
    first = next(iter(years.values()))
    begun = found.baseline_year
    shown.add_row(
        f"{begun}/{(begun + 1) % 100:02d}",
        _number(first["preset"]["baseline"]),
        _number(first["simulated"]["baseline"]),
    )
    for year, row in years.items():
        simulated = row["simulated"]
        shown.add_row(
            f"{year}/{(year + 1) % 100:02d}",
            _number(row["preset"]["mean"]),
            *(_number(simulated[name]) for name in ("mean", "p10", "p90")),
        )
    show.console().print(shown)
