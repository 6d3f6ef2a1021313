"""What the uncertainty of an output is made of."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from acutecast import streams
from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Cancelled, Problem
from acutecast.insight.outputs import KEYS, Output
from acutecast.provider import Provider
from acutecast.results.sensitivity import Shares, Swings, TotalShares, total_shares, variance_shares
from acutecast.results.sensitivity import tornado as tornado_of
from acutecast.results.source import provider_of, scenario_of
from acutecast.scenario import Scenario, draw_assumptions
from acutecast.scenario.model import HEALTH

if TYPE_CHECKING:
    import polars

    from acutecast.demand.expected import Drawn, Expectation
    from acutecast.results import Run

VARIANT = "population_variant"


@dataclass(frozen=True)
class Sensitivity:
    """What an output's variance is made of.

    Attributes:
        output: what was asked about.
        mean, deviation: of the output over the runs.
        first: first-order shares, from the stored draws.
        total: total-order shares in the order of `first.names`; None where not asked for.
        swings: the change from each assumption's P10 to its P90.
    """

    output: Output
    mean: float
    deviation: float
    first: Shares
    total: TotalShares | None
    swings: Swings

    def table(self) -> polars.DataFrame:
        """Give a row per assumption, the largest share first, and "not explained" last.

        Returns:
            `assumption`, `share` of the variance alone, `standard_error`, `total` share with its
            interactions and `total_error` (empty where not asked for), `at_low` and `at_high`: the
            mean output at the assumption's P10 and P90, others as drawn.
        """
        import polars as pl

        frame = self.first.frame()
        if self.total is None:
            empty = pl.lit(None, pl.Float64)
            frame = frame.with_columns(empty.alias("total"), empty.alias("total_error"))
        else:
            totals = pl.DataFrame(
                {
                    "assumption": self.first.names,
                    "total": self.total.share,
                    "total_error": self.total.standard_error,
                }
            )
            frame = frame.join(totals, on="assumption", how="left", maintain_order="left")
        swings = self.swings.frame().select("assumption", "at_low", "at_high")
        frame = frame.join(swings, on="assumption", how="left", maintain_order="left")
        rest = pl.DataFrame(
            {
                "assumption": ["not explained"],
                "share": [self.first.not_explained],
                "standard_error": [self.first.not_explained_error],
            }
        )
        return pl.concat([frame, rest], how="diagonal")


def sensitivity(
    run: Run,
    output: Output = Output(),  # noqa: B008  # frozen
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    total: bool = False,
    threads: int | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sensitivity:
    """Say how much of the variance of an output each assumption explains.

    First-order shares and the tornado come from the stored draws alone. Total-order shares need
    the runs again with one assumption redrawn at a time; they are worked out on expected activity,
    so they leave out chance, which the first-order shares count as not explained.

    Args:
        run: a stored run of at least 8 runs.
        output: what to ask about.
        data: the provider or the root of its tables, for `total`; where the run says, if None.
        total: whether to work out total-order shares.
        threads, watch, cancelled: as in `acutecast.run`.

    Raises:
        AcutecastError: where the run does not hold the output, or total-order shares of it cannot
            be worked out.
    """
    values = output.of(run)
    scenario = scenario_of(run)
    names, drawn, variants, health = draw_assumptions(scenario)
    inputs = np.column_stack([drawn, health]) if scenario.health_status else drawn
    columns = [*names, HEALTH] if scenario.health_status else [*names]
    groups = _groups(scenario, columns)
    categories = {VARIANT: variants}
    first = variance_shares(inputs, groups, values, categories)
    swings = tornado_of(inputs, groups, values, categories=categories)
    shares = None
    if total:
        check_expected(output)
        from acutecast.demand.expected import Expectation

        expectation = Expectation(provider_of(run, data), scenario, (output.year_of(run),))
        shares = _totals(
            expectation, output, first.names, columns, groups, scenario, threads, watch, cancelled
        )
    return Sensitivity(
        output, float(values.mean()), float(values.std(ddof=1)), first, shares, swings
    )


def _groups(scenario: Scenario, columns: list[str]) -> list[str]:
    """Name each column: a correlated group has one name, because its members share draws."""
    named = list(columns)
    for group in scenario.correlations:
        members = set(group.members(tuple(columns)))
        if len(members) > 1 and group.rho != 0:
            named = [group.name if c in members else n for c, n in zip(columns, named, strict=True)]
    return named


def check_expected(output: Output) -> None:
    """Refuse outputs that expected activity does not have."""
    if output.is_expected:
        return
    lacking = "capacity" if output.area else ", ".join(k for k in output.where if k not in KEYS)
    raise AcutecastError(
        Problem(
            f"this is worked out on expected activity, which has no {lacking}",
            where="output",
            remedy=f"Ask about activity by {', '.join(KEYS)}.",
        )
    )


def _totals(
    expectation: Expectation,
    output: Output,
    names: tuple[str, ...],
    columns: list[str],
    groups: list[str],
    scenario: Scenario,
    threads: int | None,
    watch: Watch | None,
    cancelled: Callable[[], bool] | None,
) -> TotalShares:
    """Redraw one group at a time."""
    # Another seed that nobody states: the stream of the name, not a number next to it.
    seed = int(streams.key(scenario.seed, "redrawn") >> np.uint64(1))
    _, values, variants, health = draw_assumptions(scenario, seed=seed)
    own = expectation.drawn
    base = expected_output(expectation, output, own, threads)
    again = np.empty((len(names), len(base)))
    for i, name in enumerate(names):
        if cancelled is not None and cancelled():
            raise Cancelled("stopped by the user")
        mine = [c for c, group in zip(columns, groups, strict=True) if group == name]
        redrawn = own.values.copy()
        for column in mine:
            if column in own.names:
                at = own.names.index(column)
                redrawn[:, at] = values[:, at]
        other = replace(
            own,
            values=redrawn,
            variants=variants if name == VARIANT else own.variants,
            health=health if HEALTH in mine else own.health,
        )
        moved = name == VARIANT or HEALTH in mine or not np.array_equal(redrawn, own.values)
        again[i] = expected_output(expectation, output, other, threads) if moved else base
        if watch is not None:
            watch(Event("redrawing", i + 1, len(names), 0.0))
    return total_shares(base, again)


def expected_output(
    expectation: Expectation, output: Output, drawn: Drawn, threads: int | None
) -> np.ndarray:
    """Give an output of expected activity in every run, (runs,)."""
    found = expectation(drawn, threads)
    return found.values[0][:, output.selected(found.keys)].sum(axis=1)
