"""Population: reading official projections, making one's own, comparing and drawing them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.compute import Watch
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import folder_problems, local, local_only, safe_table, whole_folder, write_text

if TYPE_CHECKING:
    import polars

    from acutecast.population.people import Population
    from acutecast.population.projected import Projected
    from acutecast.provider import Provider
    from acutecast.scenario import Scenario

Source = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
_MARK, _SHARES = "projection.json", "catchment.csv"
POPULATION_PLOTS = ("fan", "pyramid", "flows", "life-expectancy")
"""The pictures of a projection."""


@dataclass(frozen=True)
class PopulationProjection:
    """A projection of one's own beside the published ones.

    Attributes:
        projected: the projection, in every draw.
        variants: the published variants, continued to the same years.
        weights: share of each area's people who count in the totals; None where all do.
        about: what it was made from, and what should be known about it.
    """

    projected: Projected
    variants: Mapping[str, Population]
    weights: np.ndarray | None
    about: Mapping[str, Any]
    _stored: dict[str, Any] = field(default_factory=dict, repr=False)

    def people(self) -> polars.DataFrame:
        """Give people by variant, area, age group and year, with P10, P50 and P90."""
        from acutecast.population.tables import by_group

        return by_group(self.projected, self.variants, self.weights)

    def accounts(self) -> polars.DataFrame:
        """Give opening people, births, deaths, net migration and closing people by area, year."""
        from acutecast.population.tables import accounts

        return accounts(self.projected)

    def life_expectancy(self) -> polars.DataFrame:
        """Give period and cohort life expectancy by sex, age and year."""
        from acutecast.population.tables import life_expectancy

        return life_expectancy(self.projected)


def read_population(
    source: Source = "england", *, variant: str | None = None, areas: Iterable[str] | None = None
) -> dict[str, Population]:
    """Read official or plain population files.

    Args:
        source: files, folders or zips: the ONS's subnational or national projections, mid-year
            estimates, the NHP model's factor tables, plain CSV; the root of provider tables;
            "england" for the built-in national projection.
        variant: the variant of files that do not state one; else told from their names.
        areas: the areas to keep; by default local authorities where there are any, else all.

    Returns:
        Populations by variant: `people` by area, year, sex and age; `births` by area, year and
        age of the mother.

    Raises:
        AcutecastError: with everything wrong in the files.
    """
    from acutecast.population.source import open_population

    return open_population(source, variant=variant, areas=areas)


def project_population(
    source: Source = "england",
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    base: str | None = None,
    first: int | None = None,
    last: int | None = None,
    areas: Iterable[str] | None = None,
    catchment: str | os.PathLike[str] | None = None,
    provider: str | None = None,
    draws: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    watch: Watch | None = None,
) -> PopulationProjection:
    """Project population by cohort components, with the rates of one's own.

    The components (fertility, England's mortality, and as net migration what is left) are those
    that give the base variant back; the scenario's `population.own` changes them.

    Args:
        source: as in `read_population`; a folder of `write_population` without a scenario gives
            its projection again.
        scenario: a scenario whose `population.own` holds the projection; None for the base.
        name: which of its projections; may be left out where there is one.
        base: the variant to depart from where the scenario does not say.
        first, last: the years to project; those of the base variant by default. Later years than
            it has are continued.
        areas: the areas to project, each on its own.
        catchment: a file of shares by area (and sex, age), to weight the totals with.
        provider: whose shares, where the file has several providers'.
        draws: how many; the scenario's runs by default. The draws of a run and of a projection
            with the same seed are the same.
        seed: the scenario's by default.
        threads: how many threads; the numbers do not depend on it.
        watch: is told of progress.

    Raises:
        AcutecastError: with everything wrong in the files, the scenario or how they fit.
    """
    from acutecast.api.runs import load_scenario
    from acutecast.population.calibrate import calibrated, extended
    from acutecast.population.projected import project_draws
    from acutecast.population.reading import by_name
    from acutecast.scenario import Scenario, draw_assumptions
    from acutecast.scenario.own_population import OWN, POPULATION, OwnLevels, OwnPopulation

    stored = _stored_in(source) if scenario is None else None
    if stored is not None:
        scenario, name = stored["scenario"], name or stored["name"]
        base = base or stored["base"]
        first, last = first or stored["years"][0], last or stored["years"][1]
        catchment = catchment or stored["shares"]
        provider = provider or stored["catchment"]
    if scenario is None:
        loaded = Scenario(name="Projection")
    else:
        loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    name, own = _own_of(loaded, name, OwnPopulation(), f"{OWN}projection")
    changes: dict[str, Any] = {
        "population": {"variants": {name: 1.0}, "own": {name: own.model_dump(exclude_unset=True)}}
    }
    changes |= {k: v for k, v in (("runs", draws), ("seed", seed)) if v is not None}
    drawn_from = Scenario(**(loaded.model_dump() | {"correlations": []} | changes))
    catchments = None if catchment is None else _shares(catchment, provider)
    if catchments is not None and areas is None:
        areas = catchments.areas
    known = read_population(source, areas=areas)
    wanted = base or (own.base if "base" in own.model_fields_set or own.base in known else None)
    base_name, chosen = by_name(known, wanted)
    first = chosen.years[0] if first is None else first
    end = chosen.years[-1] if last is None else last
    notes = []
    if end > chosen.years[-1]:
        notes.append(
            f"{base_name} ends in {chosen.years[-1]}; later years continue with the last "
            "fertility, the mean migration of the last five years and England's falling mortality"
        )
    variants = {
        variant: extended(population, end).of_years(first, end)
        for variant, population in known.items()
        if variant != name and population.years[0] <= first < population.years[-1]
    }
    raise_if_any(_year_problems(base_name, chosen.years, first, end, base_name in variants))
    start = variants[base_name]
    names, values, _, _ = draw_assumptions(drawn_from)
    levels = OwnLevels(
        own, name, drawn_from.assumptions(), start.years, start.areas, start.last_age
    )
    weights = None if catchments is None else catchments.weights(start.last_age)
    projected = project_draws(
        name, calibrated(start), levels(values), weights=weights, threads=threads, watch=watch
    )
    about = {
        "name": name,
        "base": base_name,
        "source": stored["source"] if stored else _label(source),
        "years": [start.years[0], start.years[-1]],
        "areas": len(start.areas),
        "catchment": None if catchments is None else catchments.name,
        "draws": len(values),
        "seed": drawn_from.seed,
        "assumptions": [path for path in names if path.startswith(f"{POPULATION}.")],
        "notes": notes,
    }
    return PopulationProjection(
        projected, variants, weights, about,
        {"name": loaded.name, "runs": drawn_from.runs, "seed": drawn_from.seed, **changes},
    )  # fmt: skip


def population_folder_problems(
    out: str | os.PathLike[str], *, replace: bool = False
) -> list[Problem]:
    """Say what keeps a projection from being written to a folder; arguments as `write_population`.

    Raises:
        AcutecastError: for URLs.
    """
    local_only(out, "a projection is")
    return folder_problems(out, _MARK, "the folder holds a projection already", replace=replace)


def write_population(
    projection: PopulationProjection, out: str | os.PathLike[str], *, replace: bool = False
) -> dict[str, Path]:
    """Write a projection: tables, a page, and a scenario that uses it.

    Args:
        projection: what `project_population` gave.
        out: the folder to make, whole or not at all.
        replace: whether a projection made earlier may be replaced.

    Returns:
        The files by what they are: `population` and `births` (every variant, in the layout that
        `acutecast extract` reads), `ranges` (age groups with P10, P50, P90), `accounts`,
        `life_expectancy`, `scenario`, `page`.
    """
    from acutecast import __version__
    from acutecast.population import tables
    from acutecast.report.population_page import write_population_page
    from acutecast.scenario import Scenario, dump_scenario

    raise_if_any(population_folder_problems(out, replace=replace))
    root = local(out)
    p = projection
    every = {**p.variants, p.projected.name: p.projected.mean}
    with whole_folder(out) as folder:
        for file, frame in (
            ("population.csv", tables.wide(every)),
            ("births.csv", tables.wide_births(every)),
            ("ranges.csv", _rounded(p.people())),
            ("accounts.csv", _rounded(p.accounts())),
            ("life_expectancy.csv", _rounded(p.life_expectancy(), 3)),
        ):
            safe_table(frame).write_csv(folder / file)
        write_text(folder / "scenario.json", dump_scenario(Scenario(**p._stored)))
        if p.weights is not None:
            shares = tables.shares(p.weights, p.projected.mean.areas, p.about["catchment"])
            safe_table(shares).write_csv(folder / _SHARES)
        write_population_page(p, folder / "population.html")
        about = {**p.about, "acutecast": __version__}
        write_text(folder / _MARK, json.dumps(about, indent=2, default=str) + "\n")
    return {
        "population": root / "population.csv", "births": root / "births.csv",
        "ranges": root / "ranges.csv", "accounts": root / "accounts.csv",
        "life_expectancy": root / "life_expectancy.csv", "scenario": root / "scenario.json",
        "page": root / "population.html",
    }  # fmt: skip


def compare_populations(
    reference: Source,
    other: Source,
    *,
    variants: tuple[str | None, str | None] = (None, None),
    every: int = 5,
) -> polars.DataFrame:
    """Compare two populations by year and age group.

    Args:
        reference, other: as in `read_population`.
        variants: which variant of each; the principal one by default, or one's own where a folder
            holds one.
        every: years between the rows.

    Returns:
        `year`, `age_group`, people of each, `difference`, `difference_pct` of the reference.
    """
    from acutecast.population.reading import by_name
    from acutecast.population.tables import compared

    chosen = []
    for source, variant in zip((reference, other), variants, strict=True):
        known = read_population(source)
        own = [name for name in known if name.startswith("own_")]
        chosen.append(by_name(known, variant or (own[0] if len(own) == 1 else None)))
    (a, first), (b, second) = chosen
    return compared(first, second, (a, b), every)


def plot_population(
    projection: PopulationProjection,
    out: str | os.PathLike[str],
    kind: str = "fan",
    year: int | None = None,
) -> Path:
    """Draw a projection.

    Args:
        projection: what `project_population` gave.
        out: a file that ends in .png, .svg or .html.
        kind: "fan" (age groups by year, with their range), "pyramid", "flows" (births, deaths,
            net migration) or "life-expectancy".
        year: the year of the pyramid beside the first; the last by default.

    Raises:
        AcutecastError: for another kind or ending, or a year that is not projected.
    """
    from acutecast.report import check_picture, save_chart
    from acutecast.report.population_charts import life_chart
    from acutecast.report.population_page import fan_of, flows_of, pyramid_of

    if kind not in POPULATION_PLOTS:
        raise AcutecastError(
            Problem(f'"{kind}" is no kind of picture', "kind",
                    remedy=f"Choose among {', '.join(POPULATION_PLOTS)}.")
        )  # fmt: skip
    path = local_only(out, "pictures are")
    check_picture(path)
    years = projection.projected.years
    if year is not None and year not in years:
        raise AcutecastError(
            Problem(f"{year} is not projected", "year",
                    remedy=f"Choose among {years[0]} to {years[-1]}.")
        )  # fmt: skip
    if kind == "pyramid":
        chart = pyramid_of(projection, year)
    elif kind == "life-expectancy":
        chart = life_chart(projection.life_expectancy(), "Life expectancy")
    else:
        chart = fan_of(projection) if kind == "fan" else flows_of(projection)
    save_chart(chart, path)
    return path


def plot_health_status(
    out: str | os.PathLike[str],
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    baseline: int | None = None,
    year: int | None = None,
    dataset: str | None = None,
) -> Path:
    """Explain the health status adjustment in pictures.

    Args:
        out: a file that ends in .png, .svg or .html.
        data: a provider or the root of its tables, for its activity by age; None to do without.
        baseline: the baseline year; that of the data, or 2023.
        year: the year looked at; 20 years after the baseline by default.
        dataset: the provider's code, where the data holds several.
    """
    from acutecast.demand.health import activity_by_age
    from acutecast.provider import Provider, read_provider
    from acutecast.report import check_picture, health_status_chart, save_chart

    path = local_only(out, "pictures are")
    check_picture(path)
    activity = None
    if data is not None:
        if not isinstance(data, Provider):
            data = read_provider(data, dataset, baseline)
        groups, by_age = activity_by_age(data.tables["hsa_activity_tables"])
        activity = dict(zip(groups, by_age, strict=True))
        baseline = data.year
    start = 2023 if baseline is None else baseline
    save_chart(health_status_chart(start, start + 20 if year is None else year, activity), path)
    return path


def _label(source: Source) -> str:
    if isinstance(source, str | os.PathLike):
        return str(source)
    return ", ".join(str(path) for path in source)


def _stored_in(source: Source) -> dict[str, Any] | None:
    """Give what a folder of `write_population` was made from; None for anything else."""
    if not isinstance(source, str | os.PathLike) or not (Path(source) / _MARK).exists():
        return None
    folder = Path(source)
    about = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    shares = folder / _SHARES
    return {
        **about,
        "scenario": folder / "scenario.json",
        "shares": shares if shares.exists() else None,
    }


def _own_of(scenario: Scenario, name: str | None, none: Any, unnamed: str) -> tuple[str, Any]:
    """Choose one of a scenario's projections of one's own."""
    own = scenario.population.own
    if name is None and len(own) <= 1:
        return next(iter(own.items()), (unnamed, none))
    if name in own:
        return name, own[name]
    raise AcutecastError(
        Problem(
            f"the scenario has no projection {name}" if name else "there are several projections",
            "population.own",
            remedy=f"Choose among {', '.join(own) or 'none: define one'}.",
        )
    )


def _year_problems(
    base: str, years: tuple[int, ...], first: int, last: int, there: bool
) -> list[Problem]:
    if there and last > first:
        return []
    return [
        Problem(
            f"{first} to {last} does not begin within {base}", "years",
            remedy=f"It has {years[0]} to {years[-1]}; begin in one of them and end later.",
        )
    ]  # fmt: skip


def _shares(path: str | os.PathLike[str], provider: str | None) -> Any:
    from acutecast.population.catchment import read_catchments

    found = read_catchments(path)
    if provider is None and len(found) == 1:
        return next(iter(found.values()))
    if provider in found:
        return found[provider]
    raise AcutecastError(
        Problem(
            f"has no provider {provider}" if provider else "has several providers", str(path),
            remedy=f"Choose among {', '.join(sorted(found))}.",
        )
    )  # fmt: skip


def _rounded(frame: polars.DataFrame, digits: int = 1) -> polars.DataFrame:
    import polars as pl

    return frame.with_columns(pl.col(pl.Float64).round(digits))
