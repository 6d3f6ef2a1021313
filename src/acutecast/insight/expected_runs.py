"""Expected activity of a scenario's own runs, quickly again after an edit.

Two things are kept: compiled scenarios, which an edit of a value leaves as they are (only what
is assumed of which rows matters, not how much), and what the last scenarios gave. Both hold the
provider, so that its identity can be their key; the oldest give way.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from acutecast.demand.engine import years_to_simulate
from acutecast.demand.expected import Drawn, Expected
from acutecast.demand.people import last_year
from acutecast.insight.leave_one_out import Ablation
from acutecast.insight.light_provider import light
from acutecast.insight.tpma_volumes import kept_with
from acutecast.provider import Provider
from acutecast.scenario import Scenario, draw_assumptions, load_scenario, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNS = 64
"""Runs of a preview: the first of those that a full run has."""

T = TypeVar("T")
_MOST_COMPILED, _MOST_ANSWERS = 4, 32
# What changes no number of activity.
_WORDS = {"name", "description", "reasons", "capacity", "nhp"}


class _Recent(Generic[T]):
    """The last things made, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Made outside the lock: two that ask at once make it twice, and nobody waits for others.
        made = make()
        with self._lock:
            self._kept[key] = made
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


_COMPILED: _Recent[tuple[Provider, Ablation]] = _Recent(_MOST_COMPILED)
_ANSWERS: _Recent[tuple[Provider, Expected]] = _Recent(_MOST_ANSWERS)


def forget() -> None:
    """Let go of everything kept, and of the providers with it."""
    _COMPILED.clear()
    _ANSWERS.clear()


def ready(provider: Provider, scenario: Scenario | Mapping[str, Any], runs: int = RUNS) -> Scenario:
    """Give a scenario as it will be run on a provider, with fewer runs.

    Args:
        provider: a checked provider.
        scenario: a scenario, or what its file holds.
        runs: how many runs; their draws are those of the first runs of a full run.

    Raises:
        AcutecastError: where the scenario is wrong or does not fit the data.
    """
    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario)
    end = last_year(provider.tables, provider.year)
    return resolve(scenario, provider.dataset, provider.year, end).model_copy(update={"runs": runs})


def years_of(provider: Provider, scenario: Scenario, years: str | Sequence[int]) -> tuple[int, ...]:
    """Give the years asked for, with the horizon, which effects are worked out from."""
    assert scenario.horizon_year is not None
    return years_to_simulate(years, provider.year, scenario.horizon_year)


def compiled(provider: Provider, scenario: Scenario, years: tuple[int, ...]) -> Ablation:
    """Give a scenario compiled, to be asked with the draws of any that differs in values alone.

    Args:
        provider: a checked provider.
        scenario: of `ready`.
        years: of `years_of`.
    """
    key = (id(provider), years, _structure(scenario))
    return _COMPILED.get(key, lambda: (provider, compile_now(provider, scenario, years)))[1]


def compile_now(provider: Provider, scenario: Scenario, years: tuple[int, ...]) -> Ablation:
    """Compile a scenario for totals by point of delivery; see `light_provider`."""
    unequal = any(scenario.inequalities.model_dump().values())
    lighter = kept_with(provider, f"light {unequal}", lambda p: light(p, unequal))
    return Ablation(lighter, scenario, years)


def drawn(scenario: Scenario) -> Drawn:
    """Give what the runs of a scenario use."""
    return Drawn(*draw_assumptions(scenario))


def expected(provider: Provider, scenario: Scenario, years: tuple[int, ...]) -> Expected:
    """Give the expected activity of every run, by total.

    Args:
        provider: a checked provider.
        scenario: of `ready`.
        years: of `years_of`.
    """
    key = (id(provider), years, scenario.model_dump_json(exclude=_WORDS))

    def ask() -> tuple[Provider, Expected]:
        return provider, compiled(provider, scenario, years)(drawn(scenario))

    return _ANSWERS.get(key, ask)[1]


def _structure(scenario: Scenario) -> str:
    """Write what compiling depends on: which assumptions there are, not their values."""
    plain = scenario.model_dump(
        mode="json", include={"horizon_year", "health_status", "inequalities", "population"}
    )
    weights = plain["population"]["variants"]
    plain["population"]["variants"] = sorted(n for n, weight in weights.items() if weight > 0)
    plain["assumptions"] = [
        (a.name, a.profile.model_dump(mode="json") if a.profile else None)
        for a in scenario.assumptions()
    ]
    return json.dumps(plain, sort_keys=True)
