"""Commands about population: projecting, comparing and drawing it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from acutecast.cli import show
from acutecast.cli.options import Json, Threads, parts_of, picture
from acutecast.cli.progress import work_in_progress
from acutecast.compute import timed
from acutecast.errors import AcutecastError, Problem, raise_if_any

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        help="Population files, folders or zips, or the root of provider tables; 'england' is "
        "built in.",
        show_default="england",
    ),
]
ScenarioFile = Annotated[
    str | None,
    typer.Option("--scenario", help="A scenario whose population.own holds the projection."),
]
Name = Annotated[
    str | None, typer.Option(help="Name of the projection, such as own_new_town.", metavar="NAME")
]
Base = Annotated[
    str | None, typer.Option(help="Published variant to depart from.", metavar="VARIANT")
]
Rate = Annotated[
    str | None,
    typer.Option(
        help="A multiplier by the last year: one number, or P10,P90.", metavar="X or LOW,HIGH"
    ),
]
Extra = Annotated[
    str | None,
    typer.Option(
        help="More net migrants a year per 1,000 residents by the last year, likewise.",
        metavar="X or LOW,HIGH",
    ),
]
First = Annotated[
    int | None, typer.Option("--from", help="First year; the file's by default.", metavar="YEAR")
]
Last = Annotated[
    int | None,
    typer.Option("--to", help="Last year; later ones than the file's are continued.",
                 metavar="YEAR"),
]  # fmt: skip
Areas = Annotated[str | None, typer.Option(help="Codes of areas, comma separated; all by default.")]
Catchment = Annotated[
    str | None,
    typer.Option(help="File with a provider's share of each area (area, share, and sex, age)."),
]
ProviderCode = Annotated[
    str | None, typer.Option(help="Whose shares, where the file has several.", metavar="CODE")
]
Draws = Annotated[int | None, typer.Option(min=1, help="How many draws; 256 by default.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the draws.")]

app = typer.Typer(help="Project, compare and draw population.", no_args_is_help=True)


@app.command()
def project(
    out: Annotated[str, typer.Option(help="Folder for the projection.")],
    source: Sources = None,
    scenario: ScenarioFile = None,
    name: Name = None,
    base: Base = None,
    fertility: Rate = None,
    mortality: Rate = None,
    migration: Rate = None,
    extra_migrants: Extra = None,
    first: First = None,
    last: Last = None,
    areas: Areas = None,
    catchment: Catchment = None,
    provider: ProviderCode = None,
    draws: Draws = None,
    seed: Seed = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a projection that is there already.")
    ] = False,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Project population by cohort components, with rates, migrants and dwellings of one's own."""
    from acutecast import api
    from acutecast.api.population import population_folder_problems

    # Before the work; writing asks again.
    raise_if_any(population_folder_problems(out, replace=replace))
    rates = {
        "fertility": fertility, "mortality": mortality, "migration": migration,
        "extra_migrants": extra_migrants,
    }  # fmt: skip
    with work_in_progress(quiet=json) as (watch, _):
        made = api.project_population(
            _source(source), _scenario(scenario, name, base, rates), name=name, base=base,
            first=first, last=last, areas=None if areas is None else parts_of(areas),
            catchment=catchment, provider=provider, draws=draws, seed=seed, threads=threads,
            watch=watch,
        )  # fmt: skip
        files = timed(watch, "writing", lambda: api.write_population(made, out, replace=replace))
    _show(made, files, json)


@app.command()
def compare(
    reference: Annotated[str, typer.Argument(help="A population file or projection folder.")],
    other: Annotated[str, typer.Argument(help="Another.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(help="Variant of the first, then of the second.", metavar="VARIANT"),
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Years between the rows.")] = 5,
    json: Json = False,
) -> None:
    """Compare two populations by year and age group."""
    from acutecast import api

    named = [*(variant or []), None, None]
    table = api.compare_populations(reference, other, variants=(named[0], named[1]), every=every)
    if json:
        show.print_json(table.to_dicts())
        return
    columns = table.columns
    drawn = show.table_of(
        "People", ("Year", "Age", *columns[2:4], "Difference", "%"),
        numbers=(*columns[2:4], "Difference", "%"),
    )  # fmt: skip
    for row in table.iter_rows():
        percent = "" if row[5] is None else f"{row[5]:+.2f}"
        drawn.add_row(str(row[0]), row[1], *(f"{v:,.0f}" for v in row[2:4]), f"{row[4]:+,.0f}",
                      percent)  # fmt: skip
    show.console().print(drawn)


@app.command()
def plot(
    out: Annotated[
        str, typer.Option(help="Picture that ends in .png, .svg or .html.", callback=picture)
    ],
    source: Sources = None,
    kind: Annotated[
        str,
        typer.Option(
            help="'fan', 'pyramid', 'flows', 'life-expectancy', or 'health-status', which takes "
            "the root of provider tables."
        ),
    ] = "fan",
    year: Annotated[
        int | None, typer.Option(help="Year of the pyramid or of health status.")
    ] = None,
    scenario: ScenarioFile = None,
    name: Name = None,
    base: Base = None,
    last: Last = None,
    areas: Areas = None,
    catchment: Catchment = None,
    provider: ProviderCode = None,
    draws: Draws = None,
    seed: Seed = None,
    threads: Threads = None,
) -> None:
    """Draw a projection: a pyramid, a fan, what changes it, life expectancy, health status."""
    from acutecast import api

    if kind == "health-status":
        data = None if not source or source == ["england"] else source[0]
        typer.echo(str(api.plot_health_status(out, data, year=year, dataset=provider)))
        return
    with work_in_progress(quiet=False) as (watch, _):
        made = api.project_population(
            _source(source), scenario, name=name, base=base, last=last,
            areas=None if areas is None else parts_of(areas), catchment=catchment,
            provider=provider, draws=draws, seed=seed, threads=threads, watch=watch,
        )  # fmt: skip
        drawn = timed(watch, "drawing", lambda: api.plot_population(made, out, kind, year))
    typer.echo(str(drawn))


def _source(sources: list[str] | None) -> str | list[str]:
    if not sources:
        return "england"
    return sources[0] if len(sources) == 1 else sources


def _scenario(
    path: str | None, name: str | None, base: str | None, rates: dict[str, str | None]
) -> Any:
    """Make the scenario that the options describe; a file says it all itself."""
    stated = {key: _rate(key, text) for key, text in rates.items() if text is not None}
    if path is not None:
        if stated:
            options = ", ".join(f"--{key.replace('_', '-')}" for key in stated)
            raise AcutecastError(
                Problem(f"the scenario says what changes, and so does {options}", "--scenario",
                        remedy="Write the rates in the scenario, or leave it out.")
            )  # fmt: skip
        return path
    if not stated and name is None:
        return None
    named = name or "own_projection"
    own = stated | ({} if base is None else {"base": base})
    return {"name": named.removeprefix("own_").replace("_", " ").capitalize(),
            "population": {"variants": {named: 1.0}, "own": {named: own}}}  # fmt: skip


def _rate(name: str, text: str) -> float | list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (1, 2):
        raise AcutecastError(
            Problem(f'"{text}" is no number and no pair of numbers', f"--{name.replace('_', '-')}",
                    remedy="Write 0.95, or P10 and P90 as 0.9,1.05.")
        )  # fmt: skip
    return values[0] if len(values) == 1 else values


def _show(made: Any, files: dict[str, Path], json: bool) -> None:
    import polars as pl

    people = made.people().filter(pl.col("area") == "all")
    own, first, last = made.projected.name, made.projected.years[0], made.projected.years[-1]
    base = made.about["base"]
    rows = people.filter((pl.col("variant") == own) & pl.col("year").is_in([first, last]))
    if json:
        show.print_json(
            {
                **made.about,
                "people": rows.to_dicts(),
                "files": {k: str(v) for k, v in files.items()},
            }
        )
        return
    title = f"{own} · {first} to {last} · {made.about['draws']} draws"
    columns = ("Age", str(first), str(last), "Change", "P10", "P90", base)
    drawn = show.table_of(title, columns, numbers=columns[1:])
    for group in rows["age_group"].unique(maintain_order=True):
        mine = rows.filter(pl.col("age_group") == group)
        start, end = mine.to_dicts()
        published = people.filter(
            (pl.col("variant") == base) & (pl.col("age_group") == group) & (pl.col("year") == last)
        )["people"][0]
        drawn.add_row(
            group, f"{start['people']:,.0f}", f"{end['people']:,.0f}",
            f"{end['people'] / max(start['people'], 1e-9) - 1:+.1%}", f"{end['p10']:,.0f}",
            f"{end['p90']:,.0f}", f"{published:,.0f}",
        )  # fmt: skip
    show.console().print(drawn)
    for note in made.about["notes"]:
        typer.echo(f"Note: {note}")
    for name, path in files.items():
        typer.echo(f"  {name.replace('_', ' '):16}{path}")
