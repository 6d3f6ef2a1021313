"""What the expected activity of every run would be without one assumption.

Most assumptions are factors, which are left out one at a time (`leave_one_out`). An efficiency may
be more: of those that the scenario sets, a spell has one, and ordinary spells with none fall to
general length-of-stay reduction. Without it its spells are shared out anew. Those spells alone,
with and without its tags, are compiled beside each other for all such efficiencies at once.
Projections of one's own are asked again with a value that does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from acutecast.demand.expected import Drawn, Expectation, Expected
from acutecast.insight.expected_runs import compiled, drawn, expected
from acutecast.insight.figures import Figure
from acutecast.insight.tpma_volumes import kept_with, tagged
from acutecast.provider import Provider
from acutecast.scenario.own_population import POPULATION

if TYPE_CHECKING:
    from acutecast.scenario import Scenario

Way = Callable[["Provider", "Scenario", Sequence[str], Sequence[Figure]], np.ndarray]
_EFFICIENCY = "efficiencies.ip."
_STRATEGIES = ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies")


def effects(
    provider: Provider, scenario: Scenario, names: Sequence[str], figures: Sequence[Figure]
) -> np.ndarray:
    """Give what each assumption does to each figure at the horizon, all others as drawn.

    Args:
        provider: a checked provider.
        scenario: of `expected_runs.ready`.
        names: assumptions of the scenario.
        figures: what is counted.

    Returns:
        With the assumption less without it, (names, figures, runs).
    """
    crowded = crowded_efficiencies(provider, scenario)
    ways: dict[Way, list[int]] = {_by_factor: [], _by_spells: [], _by_value: []}
    for i, name in enumerate(names):
        own = name.startswith(f"{POPULATION}.")
        way = _by_value if own else _by_spells if name in crowded else _by_factor
        ways[way].append(i)
    found = np.zeros((len(names), len(figures), scenario.runs))
    for way, mine in ways.items():
        if mine:
            found[mine] = way(provider, scenario, [names[i] for i in mine], figures)
    return found


def crowded_efficiencies(provider: Provider, scenario: Scenario) -> frozenset[str]:
    """Name the efficiencies whose absence differs from a value that does nothing.

    They share spells with another that is set, or take them from general reduction of stays.
    """
    chosen = {a.name for a in scenario.assumptions() if a.name.startswith(_EFFICIENCY)}
    found = tagged(provider)["ip"]
    is_set = np.array([t.path in chosen for t in found.tpmas])
    mine = is_set[found.tpma]
    row, tpma = found.row[mine], found.tpma[mine]
    others = np.bincount(row, minlength=len(found.contacts))
    for k, free in found.general.items():
        if is_set[k]:
            others[free] += 1
    return frozenset(found.tpmas[k].path for k in np.unique(tpma[others[row] > 1]))


def _neutral(scenario: Scenario, name: str) -> float:
    """Give the value at which an assumption of a projection of one's own does nothing."""
    own, *_, last = name.removeprefix(f"{POPULATION}.").split(".")
    if last == "people_per_dwelling":
        # A site's name may have dots of its own.
        site = name.removeprefix(f"{POPULATION}.{own}.housing.").rpartition(".")[0]
        return sum(scenario.population.own[own].housing[site].groups().values())
    return 0.0 if last == "extra_migrants" else 1.0


def _horizon(scenario: Scenario) -> tuple[int]:
    assert scenario.horizon_year is not None
    return (scenario.horizon_year,)


def _by_factor(
    provider: Provider, scenario: Scenario, names: Sequence[str], figures: Sequence[Figure]
) -> np.ndarray:
    """Leave the factors of the compiled scenario out one at a time."""
    whole, base = compiled(provider, scenario, _horizon(scenario)), drawn(scenario)
    each = whole.without_each(base)
    keys = expected(provider, scenario, _horizon(scenario)).keys
    mine = [base.names.index(name) for name in names]
    return np.stack([each[mine][:, f.selected(keys)].sum(axis=1) for f in figures], axis=1)


def _by_value(
    provider: Provider, scenario: Scenario, names: Sequence[str], figures: Sequence[Figure]
) -> np.ndarray:
    """Ask the compiled scenario once, its runs repeated with one assumption neutral at a time."""
    whole, base = compiled(provider, scenario, _horizon(scenario)), drawn(scenario)
    runs, times = len(base.values), len(names)
    values = np.tile(base.values, (times, 1))
    for i, name in enumerate(names):
        values[i * runs : (i + 1) * runs, base.names.index(name)] = _neutral(scenario, name)
    repeated = Drawn(base.names, values, np.tile(base.variants, times), np.tile(base.health, times))
    with_it, without = expected(provider, scenario, _horizon(scenario)), whole(repeated)
    return np.stack(
        [f.of(with_it)[-1] - f.of(without)[-1].reshape(times, runs) for f in figures], axis=1
    )


def _by_spells(
    provider: Provider, scenario: Scenario, names: Sequence[str], figures: Sequence[Figure]
) -> np.ndarray:
    """Compile the spells of each efficiency twice, with its tags and without them."""
    keys = [name.removeprefix(_EFFICIENCY) for name in names]
    found = Expectation(_twice(provider, keys), scenario, _horizon(scenario))(drawn(scenario))
    result = np.empty((len(names), len(figures), scenario.runs))
    for i in range(len(names)):
        parts = [_at_site(found, f"{i}{sign}") for sign in "+-"]
        for f, figure in enumerate(figures):
            result[i, f] = figure.of(parts[0])[-1] - figure.of(parts[1])[-1]
    return result


def _at_site(found: Expected, site: str) -> Expected:
    mine = found.keys["sitetret"].astype(str) == site
    return Expected(
        {name: values[mine] for name, values in found.keys.items()},
        found.years,
        found.baseline[mine],
        found.values[:, :, mine],
    )


def _rows_of_tags(provider: Provider) -> dict[str, np.ndarray]:
    """Give the row of the spell of each tag, by strategy table; -1 for none."""
    import pyarrow.compute

    pc: Any = pyarrow.compute
    rn = provider.tables["ip"].column("rn").cast(pa.string())
    found = {}
    for name in _STRATEGIES:
        of_tag = provider.tables[name].column("rn").cast(pa.string())
        found[name] = pc.fill_null(pc.index_in(of_tag, value_set=rn), -1).to_numpy()
    return found


def _twice(provider: Provider, keys: Sequence[str]) -> Provider:
    """Make a provider of the spells of each efficiency, with ("0+") and without it ("0-").

    Sites are named so, that their activity can be told apart; there are no other contacts.
    """
    places = kept_with(provider, "rows of tags", _rows_of_tags)
    ip, count = provider.tables["ip"], 0
    strategy = provider.tables[_STRATEGIES[1]].column("strategy").cast(pa.string()).to_numpy()
    rows, sites = [], []
    tag_rows: dict[str, list[np.ndarray]] = {name: [] for name in _STRATEGIES}
    tag_ids: dict[str, list[np.ndarray]] = {name: [] for name in _STRATEGIES}
    for i, key in enumerate(keys):
        own = strategy == key
        mine = np.unique(places[_STRATEGIES[1]][own])
        mine = mine[mine >= 0]
        for sign in range(2):
            # One place more, for tags of no spell: their row is -1.
            number = np.full(ip.num_rows + 1, -1)
            number[mine] = count + np.arange(len(mine))
            count += len(mine)
            rows.append(mine)
            sites.append(np.full(len(mine), 2 * i + sign))
            for name in _STRATEGIES:
                tagged_here = number[places[name]] >= 0
                if sign == 1 and name == _STRATEGIES[1]:
                    tagged_here &= ~own
                tag_rows[name].append(np.flatnonzero(tagged_here))
                tag_ids[name].append(number[places[name][tagged_here]])
    names = [f"{i}{sign}" for i in range(len(keys)) for sign in "+-"]
    codes = pa.array(np.concatenate(sites).astype(np.int32))
    spells = _replaced(ip.take(np.concatenate(rows)), "rn", _numbered(np.arange(count)))
    tables = dict(provider.tables)
    tables["ip"] = _replaced(
        spells, "sitetret", pa.DictionaryArray.from_arrays(codes, pa.array(names))
    )
    for name in _STRATEGIES:
        table = tables[name].take(np.concatenate(tag_rows[name]))
        tables[name] = _replaced(table, "rn", _numbered(np.concatenate(tag_ids[name])))
    for name in ("op", "aae"):
        tables[name] = tables[name].slice(0, 0)
    return replace(provider, tables=tables)


def _numbered(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers.astype(str).tolist(), pa.string())


def _replaced(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)
