"""The live effect: what a scenario, an edit or one assumption does to the headline figures.

Previews are expected activity, without chance in the counts, of the first runs of a full run of
the same seed: their means agree with it, and what an edit changes is told run by run from the same
draws, so that small effects show with few runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.errors import AcutecastError, Problem
from acutecast.insight.expected_runs import (
    RUNS,
    compile_now,
    drawn,
    expected,
    forget,
    ready,
    years_of,
)
from acutecast.insight.figures import (
    FIGURES,
    HEADLINES,
    Figure,
    difference_words,
    main_figure,
)
from acutecast.insight.hybrid import possible_correlations
from acutecast.insight.prefill import at
from acutecast.insight.without import effects
from acutecast.provider import Provider
from acutecast.results.summary import Values, quantiles, summary_frame
from acutecast.scenario import Scenario, dump_scenario
from acutecast.scenario.model import SECTIONS
from acutecast.scenario.own_population import POPULATION

if TYPE_CHECKING:
    import polars

    from acutecast.demand.expected import Expected

__all__ = [
    "FIGURES",
    "HEADLINES",
    "RUNS",
    "effect",
    "effect_of_one",
    "effects_of_all",
    "forget",
    "headline",
]

Given = Scenario | Mapping[str, Any]
# What stands for "without" where taking a setting out of a scenario would give its default.
_WITHOUT: dict[tuple[str, ...], Any] = {
    ("non_demographic_growth",): "none",
    ("health_status",): False,
}
# Sums in another order differ by less than this share, which is no effect.
_NOTHING = 1e-9


def headline(
    provider: Provider,
    scenario: Given,
    runs: int = RUNS,
    years: str | Sequence[int] = "horizon",
) -> polars.DataFrame:
    """Give the expected headline figures of a scenario.

    Args:
        provider: a checked provider.
        scenario: a scenario, or what its file holds.
        runs: how many runs; the first of a full run.
        years: "horizon", "all" or a list of years; the horizon is always among them.

    Returns:
        A row per figure and year: `figure`, `label`, `year`, `baseline`, `mean`, `p10`, `median`,
        `p90`, `change` and `change_pct`. Figures without any activity are left out.

    Raises:
        AcutecastError: where the scenario is wrong or does not fit the data.
    """
    import polars as pl

    scenario = ready(provider, scenario, runs)
    found = expected(provider, scenario, years_of(provider, scenario, years))
    table = summary_frame(
        Values(
            {
                "figure": np.array([f.key for f in HEADLINES], dtype=object),
                "label": np.array([f.label for f in HEADLINES], dtype=object),
            },
            found.years,
            np.array([f.baseline(found) for f in HEADLINES]),
            np.stack([f.of(found) for f in HEADLINES]),
        )
    )
    return table.filter((pl.col("baseline") != 0) | (pl.col("mean") > 0))


def effect(provider: Provider, before: Given, after: Given, runs: int = RUNS) -> polars.DataFrame:
    """Give what an edit does to the headline figures at the horizon, run by run.

    Both use the seed of `before`, so that runs of one number share their draws.

    Args:
        provider: a checked provider.
        before, after: scenarios, or what their files hold, with one horizon.
        runs: how many runs.

    Returns:
        A row per headline figure: `figure`, `label`, `year`, `before` and `after` (means), `mean`,
        `p10` and `p90` of the difference, `pct` of the mean before (empty where that is 0), and
        `words` ("1,240 fewer bed days a year by 2043/44 (P10–P90: 800 to 1,700 fewer), 0.5%").

    Raises:
        AcutecastError: where a scenario is wrong or does not fit, or the horizons differ.
    """
    first, second = ready(provider, before, runs), ready(provider, after, runs)
    if first.horizon_year != second.horizon_year:
        raise AcutecastError(
            Problem(
                f"the horizons differ: {first.horizon_year} and {second.horizon_year}",
                where="horizon_year",
                remedy="Compare scenarios of one horizon.",
            )
        )
    second = second.model_copy(update={"seed": first.seed})
    years = years_of(provider, first, "horizon")
    a, b = expected(provider, first, years), expected(provider, second, years)
    return _differences(HEADLINES, years[-1], _values(a, HEADLINES), _values(b, HEADLINES))


def effect_of_one(
    provider: Provider, scenario: Given, path: Sequence[str] | str, runs: int = RUNS
) -> polars.DataFrame:
    """Give what one assumption does: the scenario with it against the scenario without it.

    All other assumptions stay as drawn. Without an efficiency of inpatients its spells fall to the
    other efficiencies that they have, or to general length-of-stay reduction; that is not the same
    as an efficiency of which all remains, so an efficiency can have the effect of less than
    nothing where the others do more.

    Args:
        provider: a checked provider.
        scenario: a scenario, or what its file holds.
        path: where it stands in the scenario's file ("activity_avoidance", "ip",
            "falls_related_admissions"), or its name in draws; also a whole part or setting
            ("efficiencies",) or ("health_status",).
        runs: how many runs.

    Returns:
        As `effect`, with `before` as without it and `after` as with it, and `main`: the figure
        that it acts on, which comes first, also where it is no headline figure.

    Raises:
        AcutecastError: where the scenario does not set it.
    """
    import polars as pl

    scenario = ready(provider, scenario, runs)
    name = _name_of(path)
    main = main_figure(name)
    figures = (main, *(f for f in HEADLINES if f.key != main.key))
    years = years_of(provider, scenario, "horizon")
    with_it = _values(expected(provider, scenario, years), figures)
    if name in {a.name for a in scenario.assumptions()}:
        difference = effects(provider, scenario, [name], figures)[0]
        without = with_it - difference
    else:
        parts = tuple(path.split(".")) if isinstance(path, str) else tuple(path)
        without = _values(_without_part(provider, scenario, parts, years), figures)
    table = _differences(figures, years[-1], without, with_it)
    return table.with_columns((pl.col("figure") == main.key).alias("main"))


def effects_of_all(provider: Provider, scenario: Given, runs: int = RUNS) -> polars.DataFrame:
    """Give what each assumption of a scenario does to the figure that it acts on.

    Each is the scenario with it against the scenario without it, all others as drawn; effects of
    assumptions on the same activity do not add up. Growth steps, avoidance and tele-attendances
    are factors, and left out of the compiled scenario. An efficiency of inpatients that shares
    spells with another that is set, or takes them from general length-of-stay reduction, is
    different when absent from one of which all remains: of the efficiencies present one is chosen
    for each spell. Its spells are compiled with and without it, as in `effect_of_one`.

    Args:
        provider: a checked provider.
        scenario: a scenario, or what its file holds.
        runs: how many runs.

    Returns:
        A row per assumption, by name: `name`, `figure`, `label`, `year`, `before` (without it) and
        `after` (means), `mean`, `p10`, `p90`, `pct` and `words`.
    """
    import polars as pl

    scenario = ready(provider, scenario, runs)
    years = years_of(provider, scenario, "horizon")
    names = [a.name for a in scenario.assumptions()]
    figures = tuple(FIGURES.values())
    with_it = _values(expected(provider, scenario, years), figures)
    differences = effects(provider, scenario, names, figures)
    mains = [main_figure(name) for name in names]
    at_main = [figures.index(figure) for figure in mains]
    after = with_it[at_main]
    own = differences[np.arange(len(names)), at_main]
    table = _differences(mains, years[-1], after - own, after)
    return table.insert_column(0, pl.Series("name", names, pl.String))


def _values(found: Expected, figures: Sequence[Figure]) -> np.ndarray:
    """Give figures at the horizon, (figures, runs)."""
    return np.stack([figure.of(found)[-1] for figure in figures])


def _differences(
    figures: Sequence[Figure], year: int, before: np.ndarray, after: np.ndarray
) -> polars.DataFrame:
    """Give a row per figure from values of every run, (figures, runs)."""
    import polars as pl

    difference = after - before
    difference[np.abs(difference) <= _NOTHING * np.abs(before)] = 0.0
    mean, start = difference.mean(axis=1), before.mean(axis=1)
    low, high = quantiles(difference, (0.1, 0.9))
    return pl.DataFrame(
        {
            "figure": [f.key for f in figures],
            "label": [f.label for f in figures],
            "year": pl.Series([year] * len(figures), dtype=pl.Int32),
            "before": start,
            "after": start + mean,
            "mean": mean,
            "p10": low,
            "p90": high,
            "pct": [100 * m / s if s > 0 else None for m, s in zip(mean, start, strict=True)],
            "words": [
                difference_words(mean[i], low[i], high[i], start[i], f.noun, year)
                for i, f in enumerate(figures)
            ],
        },
        schema_overrides={"figure": pl.String, "label": pl.String, "words": pl.String,
                          "pct": pl.Float64},
    )  # fmt: skip


def _name_of(path: Sequence[str] | str) -> str:
    """Give the name in draws of what stands at a path; the path itself for a part or setting."""
    if isinstance(path, str):
        return path
    field, *keys = path
    if field == POPULATION and keys[:1] == ["own"]:
        return ".".join((POPULATION, *keys[1:]))
    section = next((s.path for s in SECTIONS if s.field == field), field)
    return ".".join((section, *keys))


def _is_empty(value: Any) -> bool:
    """Tell whether a part of a scenario holds nothing."""
    if isinstance(value, Mapping):
        return all(map(_is_empty, value.values()))
    return value is None or value == []


def _without_part(
    provider: Provider, scenario: Scenario, path: tuple[str, ...], years: tuple[int, ...]
) -> Expected:
    """Give the expected activity without a whole part of a scenario, other draws as they are."""
    plain = json.loads(dump_scenario(scenario, full=True))
    if _is_empty(at(plain, path)):
        raise AcutecastError(
            Problem(
                "the scenario sets nothing there",
                where=".".join(path),
                remedy="Name an assumption or a part that it has.",
            )
        )
    branch = plain
    for key in path[:-1]:
        branch = branch[key]
    if path in _WITHOUT:
        branch[path[-1]] = _WITHOUT[path]
    else:
        del branch[path[-1]]
    plain["correlations"] = possible_correlations(plain)
    without, base = Scenario(**plain), drawn(scenario)
    expectation = compile_now(provider, without, years)
    kept = [base.names.index(name) for name in expectation.drawn.names]
    return expectation(
        replace(
            expectation.drawn,
            values=base.values[:, kept],
            variants=expectation.drawn.variants if path[0] == POPULATION else base.variants,
            health=base.health,
        )
    )
