"""Pictures that explain the health status adjustment to a clinician."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from acutecast.facts import SEXES
from acutecast.population.health_status import (
    AGES,
    FIRST_AGE,
    REFERENCE_AGE,
    Younger,
    free_of_disability,
    younger,
)
from acutecast.report.capacity_look import in_dress
from acutecast.report.charts import BLUE, DARK_BLUE, DARK_GREY, GREY, ORANGE

# How finely the distribution is walked through.
_POINTS = 399
_PANEL = (400, 230)
# The person whom the picture of activity follows.
_EXAMPLE_AGE = 80
_GROUPS = {
    "emerg": "Emergency admissions",
    "ordelec": "Elective admissions",
    "daycase": "Day cases",
    "aae_adult_ambulance": "Ambulance arrivals",
}


def health_status_chart(
    baseline_year: int,
    horizon_year: int,
    activity: Mapping[str, np.ndarray] | None = None,
) -> Any:
    """Draw what was elicited, what it means at each age, and what it does to activity.

    Args:
        baseline_year: the year of the data.
        horizon_year: the year looked at.
        activity: activity per head by health group, (2, ages 0-100); without it the last row of
            pictures is left out.

    Raises:
        AcutecastError: where a year is outside the elicited distribution.
    """
    import altair as alt

    u = (np.arange(_POINTS) + 0.5) / _POINTS
    years = tuple(range(baseline_year + 1, horizon_year + 1))
    gains = younger(u, baseline_year, years)
    ages = np.array([gains.adjusted_ages(run) for run in range(_POINTS)])
    last = ages[:, -1]
    panels = [
        _elicited(horizon_year), _gained(gains, ages), _by_age(last, horizon_year), _ages(last),
    ]  # fmt: skip
    if activity:
        known = {name: activity[name] for name in _GROUPS if name in activity} or activity
        panels += [_example(known, last, horizon_year), _factors(known, last, horizon_year)]
    rows = [
        # Panels tell different things by colour.
        alt.hconcat(*panels[i : i + 2], spacing=36).resolve_scale(color="independent")
        for i in range(0, len(panels), 2)
    ]
    title = alt.TitleParams(
        text=f"Health status: people who live longer in good health, {baseline_year} to "
        f"{horizon_year}",
        subtitle=[
            "People of an age are expected to use hospitals as somewhat younger people do now. "
            "Bands: eight of ten values.",
        ],
    )
    rows_together = alt.vconcat(*rows, spacing=26).resolve_scale(color="independent")
    return in_dress(rows_together.properties(title=title))


def _colour(legend: bool = False) -> Any:
    import altair as alt

    return alt.Color(
        "sex:N", title=None, scale=alt.Scale(domain=list(SEXES.values()), range=[BLUE, ORANGE]),
        legend=alt.Legend(orient="bottom") if legend else None,
    )  # fmt: skip


def _elicited(year: int) -> Any:
    """The density of what was elicited."""
    import altair as alt

    u = np.linspace(0.005, 0.995, 200)
    values = []
    for s, sex in SEXES.items():
        q = free_of_disability(year, s, u)
        density = np.diff(u) / np.diff(q)
        middles = (q[1:] + q[:-1]) / 2
        values += [
            {"percent": float(x), "density": float(d), "sex": sex}
            for x, d in zip(middles, density, strict=True)
        ]
    chart = alt.Chart(alt.InlineData(values=values)).mark_area(opacity=0.35, line=True)
    return chart.encode(
        x=alt.X("percent:Q", title="percent of life expectancy at 65 free of disability"),
        y=alt.Y("density:Q", title=None, axis=None, stack=None),
        color=_colour(legend=True),
    ).properties(
        width=_PANEL[0], height=_PANEL[1], title=f"1  What experts expect for {year}"
    )  # fmt: skip


def _gained(gains: Younger, ages: np.ndarray) -> Any:
    at = REFERENCE_AGE - FIRST_AGE
    shift = REFERENCE_AGE - ages[:, :, :, at]
    rows = [
        _row(shift[:, y, s - 1], year=year, sex=sex)
        for y, year in enumerate(gains.years)
        for s, sex in SEXES.items()
    ]
    title = "2  Years younger at 65, year by year"
    return _band(rows, "year", "years younger", title, format_="d")


def _by_age(ages: np.ndarray, year: int) -> Any:
    shift = AGES - ages
    rows = [
        _row(shift[:, s - 1, i], age=int(age), sex=sex)
        for i, age in enumerate(AGES)
        for s, sex in SEXES.items()
    ]
    return _band(rows, "age", "years younger", f"3  Years younger at each age in {year}")


def _ages(ages: np.ndarray) -> Any:
    rows = [
        _row(ages[:, s - 1, i], age=int(age), sex=sex)
        for i, age in enumerate(AGES)
        for s, sex in SEXES.items()
    ]
    return _band(rows, "age", "as if of age", "4  The age as which people use hospitals")


def _row(values: np.ndarray, **keys: Any) -> dict[str, Any]:
    low, high = np.quantile(values, (0.1, 0.9))
    return {**keys, "mean": float(values.mean()), "low": float(low), "high": float(high)}


def _band(
    rows: list[dict[str, Any]], along: str, label: str, title: str, format_: str = "d"
) -> Any:
    import altair as alt

    base = alt.Chart(alt.InlineData(values=rows))
    x = alt.X(f"{along}:Q", title=None if along == "year" else along, scale=alt.Scale(nice=False),
              axis=alt.Axis(format=format_, grid=False))  # fmt: skip
    scale = alt.Scale(zero=False)
    area = base.mark_area(opacity=0.25).encode(
        x=x, y=alt.Y("low:Q", title=label, scale=scale), y2="high:Q", color=_colour()
    )
    line = base.mark_line(strokeWidth=2).encode(
        x=x, y=alt.Y("mean:Q", title=label, scale=scale), color=_colour()
    )
    return alt.layer(area, line).properties(width=_PANEL[0], height=_PANEL[1], title=title)


def _example(activity: Mapping[str, np.ndarray], ages: np.ndarray, year: int) -> Any:
    """One group's activity by age, with the step that people of one age take along it."""
    import altair as alt

    name, curve = next(iter(activity.items()))
    mean = ages[:, :, _EXAMPLE_AGE - FIRST_AGE].mean(axis=0)
    values = [
        {"age": age, "activity": float(curve[s - 1, age]), "sex": sex}
        for s, sex in SEXES.items()
        for age in range(FIRST_AGE - 5, 96)
    ]
    steps = []
    for s, sex in SEXES.items():
        at = float(mean[s - 1])
        level = float(np.interp(at, np.arange(101), curve[s - 1]))
        steps += [
            {"age": _EXAMPLE_AGE, "activity": float(curve[s - 1, _EXAMPLE_AGE]), "sex": sex,
             "who": "now"},
            {"age": at, "activity": level, "sex": sex, "who": str(year)},
        ]  # fmt: skip
    x = alt.X("age:Q", scale=alt.Scale(nice=False), axis=alt.Axis(grid=False))
    y = alt.Y("activity:Q", title="a year per head")
    line = alt.Chart(alt.InlineData(values=values)).mark_line().encode(x=x, y=y, color=_colour())
    moved = alt.Chart(alt.InlineData(values=steps))
    dots = moved.mark_point(filled=True, size=80, opacity=1).encode(
        x=x, y=y,
        color=alt.Color("who:N", title=f"people of {_EXAMPLE_AGE}",
                        scale=alt.Scale(domain=["now", str(year)], range=[DARK_GREY, DARK_BLUE]),
                        legend=alt.Legend(orient="bottom")),
    )  # fmt: skip
    link = moved.mark_line(strokeDash=[3, 2], color=GREY).encode(x=x, y=y, detail="sex:N")
    title = f"5  {_GROUPS.get(name, name)}: people of {_EXAMPLE_AGE}"
    layered = alt.layer(line, link, dots).resolve_scale(color="independent")
    return layered.properties(width=_PANEL[0], height=_PANEL[1], title=title)


def _factors(activity: Mapping[str, np.ndarray], ages: np.ndarray, year: int) -> Any:
    """The mean effect on each group by age, both sexes at the same weight."""
    import altair as alt

    whole = np.arange(101)
    values = []
    for name, curve in activity.items():
        for i, age in enumerate(AGES):
            changes = [
                np.interp(ages[:, s, i], whole, curve[s]).mean() / curve[s, age] - 1
                for s in (0, 1)
                if curve[s, age] > 0
            ]
            if changes:
                label = _GROUPS.get(name, name)
                values.append(
                    {"age": int(age), "change": 100 * float(np.mean(changes)), "group": label}
                )
    chart = alt.Chart(alt.InlineData(values=values)).mark_line(strokeWidth=2)
    # Not the colours of the sexes.
    tones = alt.Scale(range=[DARK_BLUE, "#AE2573", "#006747", GREY])
    return chart.encode(
        x=alt.X("age:Q", scale=alt.Scale(nice=False), axis=alt.Axis(grid=False)),
        y=alt.Y("change:Q", title="percent"),
        color=alt.Color("group:N", title=None, scale=tones,
                        legend=alt.Legend(orient="bottom", columns=2)),
    ).properties(
        width=_PANEL[0], height=_PANEL[1],
        title=f"6  Change of activity per head in {year}",
    )  # fmt: skip
