"""The page about a projection of one's own: what it says, beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from acutecast.files import write_text
from acutecast.report.page import behind, figure, page, table
from acutecast.report.population_charts import (
    fan_chart,
    flows_chart,
    life_chart,
    name_of,
    pyramid_chart,
)

if TYPE_CHECKING:
    import polars as pl

    from acutecast.population.people import Population
    from acutecast.population.projected import Projected

_ALL = "all"
_HEADLINES = ("all", "0-15", "16-64", "65-74", "75-84", "85+")


class Projection(Protocol):
    """What the page asks of a projection (`acutecast.api.population.PopulationProjection`)."""

    @property
    def projected(self) -> Projected:
        """The projection."""
        ...

    @property
    def variants(self) -> Mapping[str, Population]:
        """The published ones."""
        ...

    @property
    def weights(self) -> np.ndarray | None:
        """Shares of a catchment."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """What it was made from."""
        ...

    def people(self) -> pl.DataFrame:
        """By variant, area, age group, year."""
        ...

    def accounts(self) -> pl.DataFrame:
        """By area and year."""
        ...

    def life_expectancy(self) -> pl.DataFrame:
        """By kind, sex, age, year."""
        ...


def pyramid_of(projection: Projection, year: int | None = None) -> Any:
    """Draw the pyramid of the first year with one's own and the base projection of another.

    Args:
        projection: the projection.
        year: the other year; the last by default.
    """
    from acutecast.population.tables import weighted_total

    own, about = projection.projected, projection.about
    year = own.years[-1] if year is None else year
    at = own.years.index(year)
    base = weighted_total(projection.variants[about["base"]], projection.weights)
    mean = own.total.mean(axis=0)
    lines = [(f"{name_of(own.name)}, {year}", mean[at])]
    if not np.allclose(mean[at], base[at], rtol=1e-6):
        lines.append((f"{name_of(about['base'])}, {year}", base[at]))
    return pyramid_chart((str(own.years[0]), mean[0]), lines, f"People by age, {_where(about)}")


def fan_of(projection: Projection) -> Any:
    """Draw the ranges of age groups by year."""
    import polars as pl

    people = projection.people().filter(pl.col("area") == _ALL)
    return fan_chart(
        people, projection.projected.name, f"People by year, {_where(projection.about)}"
    )


def flows_of(projection: Projection) -> Any:
    """Draw births, deaths and net migration."""
    accounts = projection.accounts()
    first = accounts.filter(accounts["area"] == accounts["area"][0])
    return flows_chart(first, "What changes the number of people")


def write_population_page(projection: Projection, path: Path) -> Path:
    """Write the page whole or not at all."""
    import polars as pl

    own, about = projection.projected, projection.about
    title = f"{name_of(own.name)}: population of {_where(about)}"
    people = projection.people().filter(pl.col("area") == _ALL)
    accounts = projection.accounts()
    accounts = accounts.filter(accounts["area"] == accounts["area"][0])
    life = projection.life_expectancy()
    first, last = own.years[0], own.years[-1]
    notes = "".join(f"<p>{escape(note[0].upper() + note[1:])}.</p>" for note in about["notes"])
    flows = [
        (r["year"], *(round(r[k]) for k in ("opening", "births", "deaths", "net_migration",
                                            "closing")))
        for r in accounts.to_dicts()
    ]  # fmt: skip
    listed = [
        (name_of(r["variant"]), _group(r["age_group"]), str(r["year"]), round(r["people"]),
         None if r["p10"] is None else round(r["p10"]),
         None if r["p90"] is None else round(r["p90"]))
        for r in people.to_dicts()
        if (r["year"] - first) % 5 == 0 or r["year"] == last
    ]  # fmt: skip
    years = sorted({*range(own.years[0], last, 5), own.years[-2]})
    lives = [
        (r["kind"], r["sex"], r["age"], str(r["year"]), f"{r['p50']:.1f}",
         f"{r['p10']:.1f} to {r['p90']:.1f}")
        for r in life.to_dicts()
        if r["year"] in years
    ]  # fmt: skip
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="words">{escape(_opening(projection, people))}</p>{notes}',
        _headline(projection, people),
        "<h2>By year</h2>",
        figure(fan_of(projection), "People of each age group by year, with their range"),
        behind("People every five years",
               ("Projection", "Age", "Year", "People", "P10", "P90"), listed),
        "<h2>By age</h2>",
        figure(pyramid_of(projection), f"People by sex and age in {first} and {last}"),
        "<h2>Births, deaths and migration</h2>",
        '<p class="words">Opening people plus births less deaths plus net migration are the '
        "closing people, in every year and area. Net migration is what is left of the base "
        "projection's change of each cohort at England's mortality, with the projection's own "
        "migrants and residents of new dwellings.</p>",
        figure(flows_of(projection), "Births, deaths and net migration by year"),
        behind("In the twelve months to the middle of each year, all areas",
               ("Year", "Opening", "Births", "Deaths", "Net migration", "Closing"),
               [(str(f[0]), *f[1:]) for f in flows]),
        "<h2>Life expectancy</h2>",
        '<p class="words">Period life expectancy is at the mortality of one year; cohort life '
        "expectancy follows people as mortality changes.</p>",
        figure(life_chart(life), "Life expectancy at birth and at 65"),
        behind("Life expectancy", ("Kind", "Sex", "Age", "From mid-", "Years", "P10 to P90"),
               lives),
    ]  # fmt: skip
    write_text(path, page(title, parts))
    return path


def _where(about: Mapping[str, Any]) -> str:
    if about.get("catchment"):
        return f"the catchment of {about['catchment']}"
    source = "England" if about["source"] == "england" else Path(str(about["source"])).name
    return source if about["areas"] == 1 else f"{about['areas']} areas of {source}"


def _group(name: str) -> str:
    return "all ages" if name == _ALL else name


def _opening(projection: Projection, people: pl.DataFrame) -> str:
    import polars as pl

    own, about = projection.projected, projection.about
    first, last = own.years[0], own.years[-1]
    mine = people.filter((pl.col("variant") == own.name) & (pl.col("age_group") == _ALL))
    then = mine.filter(pl.col("year") == last).row(0, named=True)
    start = mine.filter(pl.col("year") == first)["people"][0]
    text = (
        f"From {start:,.0f} people in the middle of {first} to {then['people']:,.0f} in {last} "
        f"({then['people'] / start - 1:+.1%})"
    )
    if then["p90"] - then["p10"] > 0.5:
        text += f", eight draws in ten between {then['p10']:,.0f} and {then['p90']:,.0f}"
    base = people.filter(
        (pl.col("variant") == about["base"]) & (pl.col("age_group") == _ALL)
        & (pl.col("year") == last)
    )["people"][0]  # fmt: skip
    return f"{text}. {name_of(about['base'])}, from which it departs, has {base:,.0f}."


def _headline(projection: Projection, people: pl.DataFrame) -> str:
    import polars as pl

    own, about = projection.projected, projection.about
    first, last = own.years[0], own.years[-1]

    def value(variant: str, group: str, year: int, what: str = "people") -> float:
        return float(
            people.filter(
                (pl.col("variant") == variant) & (pl.col("age_group") == group)
                & (pl.col("year") == year)
            )[what][0]
        )  # fmt: skip

    rows: list[Sequence[Any]] = []
    for group in _HEADLINES:
        start, end = value(own.name, group, first), value(own.name, group, last)
        base = value(about["base"], group, last)
        low, high = (value(own.name, group, last, p) for p in ("p10", "p90"))
        span = f"{low:,.0f} to {high:,.0f}"
        rows.append(
            (_group(group), round(start), round(end), span, f"{end / start - 1:+.1%}",
             round(base), f"{end / base - 1:+.2%}")
        )  # fmt: skip
    head = (
        "Age", str(first), str(last), "P10 to P90", "Change", f"{name_of(about['base'])}, {last}",
        "Difference",
    )  # fmt: skip
    return table(f"People by age, {first} and {last}", head, rows)
