"""Pictures of population: pyramid, ranges by age, what changes it, life expectancy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.facts import SEXES, rows
from acutecast.report.capacity_look import in_dress
from acutecast.report.charts import BLUE, DARK_BLUE, DARK_GREY, GREY, LIGHT_BLUE, ORANGE

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

_SIDE, _PANEL = (330, 420), (285, 150)
_GROUPS = {
    "all": "Everyone",
    "0-15": "Children, 0 to 15",
    "16-64": "16 to 64",
    "65-74": "65 to 74",
    "75-84": "75 to 84",
    "85+": "85 and over",
}
_FLOWS = {"births": "Births", "deaths": "Deaths", "net_migration": "Net migration"}
_COMPACT = "datum.value >= 1e6 ? format(datum.value / 1e6, '.3~r') + 'm' : format(datum.value, ',')"


def name_of(variant: str) -> str:
    """Give the words for a variant: its label, or its own name."""
    labels = {row["variant"]: row["label"] for row in rows("population_variants")}
    own = variant.removeprefix("own_").replace("_", " ")
    return labels.get(variant, own.capitalize())


def pyramid_chart(
    first: tuple[str, np.ndarray], then: Sequence[tuple[str, np.ndarray]], title: str = ""
) -> alt.HConcatChart:
    """Draw people by sex and single year of age.

    Args:
        first: a name and people drawn as bars, (2, ages); the last age is left out of the curve
            and told in the subtitle, because it stands for many.
        then: names and people drawn as lines over them.
        title: what is shown.
    """
    import altair as alt

    last = first[1].shape[1] - 1
    everything = [first, *then]
    most = max(float(people[:, :last].max()) for _, people in everything)
    names = [name for name, _ in everything]
    colours = alt.Scale(domain=names, range=[LIGHT_BLUE, DARK_BLUE, ORANGE, GREY][: len(names)])
    y = alt.Y(
        "age:Q", title="age", scale=alt.Scale(domain=[0, last], nice=False),
        axis=alt.Axis(values=list(range(0, last + 1, 10))),
    )  # fmt: skip
    sides: list[Any] = []
    for s, sex in SEXES.items():
        domain = [most, 0.0] if s == 1 else [0.0, most]
        x = alt.X(
            "people:Q", title=f"{sex.lower()}s of an age", scale=alt.Scale(domain=domain),
            axis=alt.Axis(labelExpr=_COMPACT, tickCount=4),
        )  # fmt: skip
        rows_ = [
            {"age": age, "people": float(people[s - 1, age]), "who": name}
            for name, people in everything
            for age in range(last)
        ]
        layers: list[Any] = []
        for i, (name, _) in enumerate(everything):
            data = alt.InlineData(values=[row for row in rows_ if row["who"] == name])
            chart = alt.Chart(data)
            if i == 0:
                mark = chart.mark_bar(size=_SIDE[1] / last - 0.6, orient="horizontal")
            else:
                mark = chart.mark_line(strokeWidth=2, strokeDash=[5, 3] if i > 1 else [1, 0])
            layers.append(
                mark.encode(
                    x=x, y=y, order=alt.Order("age:Q"),
                    color=alt.Color("who:N", title=None, scale=colours,
                                    legend=alt.Legend(orient="top", labelLimit=320)),
                )
            )  # fmt: skip
        sides.append(
            alt.layer(*layers).properties(width=_SIDE[0], height=_SIDE[1], title=f"{sex}s")
        )
    oldest = "; ".join(f"{name}: {people[:, last].sum():,.0f}" for name, people in everything)
    heading = alt.TitleParams(text=title, subtitle=[f"{last} and over, both sexes: {oldest}"])
    return in_dress(alt.hconcat(*sides, spacing=4).properties(title=heading))


def fan_chart(people: pl.DataFrame, own: str, title: str = "") -> alt.ConcatChart:
    """Draw the people of each age group by year: own projection with its range, others as lines.

    Args:
        people: `variant`, `age_group`, `year`, `people`, `p10`, `p90` of one area.
        own: the variant drawn with its range.
        title: what is shown.
    """
    import altair as alt
    import polars as pl

    mine = people.filter(pl.col("variant") == own)
    others = people.filter(pl.col("variant") != own)
    variants = [name_of(own), *(name_of(v) for v in others["variant"].unique(maintain_order=True))]
    tones = [BLUE, ORANGE, DARK_GREY, GREY, LIGHT_BLUE, DARK_BLUE, "#7C2855", "#AE2573", "#006747"]
    scale = alt.Scale(domain=variants, range=tones[: len(variants)])
    x = alt.X("year:Q", title=None, axis=alt.Axis(format="d", tickCount=5, grid=False),
              scale=alt.Scale(nice=False))  # fmt: skip
    panels = []
    for group, label in _GROUPS.items():
        band = mine.filter(pl.col("age_group") == group)
        values = [
            {"year": r["year"], "low": r["p10"], "high": r["p90"], "people": r["people"],
             "who": name_of(own)}
            for r in band.to_dicts()
        ]  # fmt: skip
        lines = [
            {"year": r["year"], "people": r["people"], "who": name_of(r["variant"])}
            for r in others.filter(pl.col("age_group") == group).to_dicts()
        ]
        y = alt.Y("people:Q", title=None, scale=alt.Scale(zero=False),
                  axis=alt.Axis(labelExpr=_COMPACT, tickCount=4, minExtent=52))  # fmt: skip
        legend = alt.Legend(orient="bottom", columns=3, labelLimit=320)
        colour = alt.Color("who:N", title=None, scale=scale, legend=legend)
        base = alt.Chart(alt.InlineData(values=values))
        layers: list[Any] = [
            base.mark_area(opacity=0.25, color=BLUE).encode(
                x=x, y=alt.Y("low:Q", title=None, scale=alt.Scale(zero=False)), y2="high:Q"
            ),
            base.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour),
        ]
        if lines:
            drawn = alt.Chart(alt.InlineData(values=lines))
            layers.insert(
                1,
                drawn.mark_line(strokeWidth=1.4, strokeDash=[4, 2]).encode(
                    x=x, y=y, color=colour, detail="who:N"
                ),
            )
        panels.append(alt.layer(*layers).properties(width=_PANEL[0], height=_PANEL[1], title=label))
    heading = alt.TitleParams(
        text=title,
        subtitle=["Line: mean of the draws · band: eight draws in ten · dashed: published"],
    )
    return in_dress(alt.concat(*panels, columns=3, spacing=18).properties(title=heading))


def flows_chart(accounts: pl.DataFrame, title: str = "") -> alt.LayerChart:
    """Draw births, deaths and net migration of each year.

    Args:
        accounts: `year`, `births`, `deaths`, `net_migration` of one area.
        title: what is shown.
    """
    import altair as alt

    values = [
        {"year": row["year"], "flow": label, "people": row[name]}
        for row in accounts.to_dicts()
        for name, label in _FLOWS.items()
    ]
    chart = alt.Chart(alt.InlineData(values=values)).mark_line(strokeWidth=2.5)
    colours = alt.Scale(domain=list(_FLOWS.values()), range=[BLUE, DARK_GREY, ORANGE])
    drawn = chart.encode(
        x=alt.X("year:Q", title=None, axis=alt.Axis(format="d", grid=False),
                scale=alt.Scale(nice=False)),
        y=alt.Y("people:Q", title="people a year", axis=alt.Axis(labelExpr=_COMPACT)),
        color=alt.Color("flow:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
    )  # fmt: skip
    return in_dress(alt.layer(drawn).properties(width=620, height=240, title=title))


def life_chart(table: pl.DataFrame, title: str = "", ages: Sequence[int] = (0, 65)) -> Any:
    """Draw life expectancy by year, period and cohort, at some ages.

    Args:
        table: `kind`, `sex`, `age`, `year`, `p10`, `p50`, `p90`.
        title: what is shown.
        ages: the ages drawn.
    """
    import altair as alt
    import polars as pl

    panels = []
    for age in ages:
        values = [
            {**row, "who": f"{row['sex']}, {row['kind']}"}
            for row in table.filter(pl.col("age") == age).to_dicts()
        ]
        base = alt.Chart(alt.InlineData(values=values))
        colour = alt.Color(
            "sex:N", title=None, legend=alt.Legend(orient="bottom"),
            scale=alt.Scale(domain=list(SEXES.values()), range=[DARK_BLUE, ORANGE]),
        )  # fmt: skip
        x = alt.X("year:Q", title=None, axis=alt.Axis(format="d", grid=False, tickCount=6),
                  scale=alt.Scale(nice=False))  # fmt: skip
        low = alt.Y("p10:Q", title="years", scale=alt.Scale(zero=False))
        band = base.mark_area(opacity=0.2).encode(
            x=x, y=low, y2="p90:Q", color=colour, detail="who:N"
        )
        line = base.mark_line(strokeWidth=2).encode(
            x=x, y=alt.Y("p50:Q", title="years", scale=alt.Scale(zero=False)), color=colour,
            strokeDash=alt.StrokeDash("kind:N", title=None, legend=alt.Legend(orient="bottom"),
                                      scale=alt.Scale(domain=["period", "cohort"],
                                                      range=[[1, 0], [5, 3]])),
        )  # fmt: skip
        panels.append(
            alt.layer(band, line).properties(
                width=420, height=220,
                title="At birth" if age == 0 else f"At {age}",
            )
        )  # fmt: skip
    return in_dress(alt.hconcat(*panels, spacing=26).properties(title=title))
