"""Same scenario, same data: the same bytes; and what is not touched does not move."""

import os
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hand_made import CONTACT, HORIZON, SPELL, cells_where, project, provider_of
from hashing import hash_of, hash_of_cube, hash_of_parts
from rich_scenario import RICH

from acutecast.demand.views import VIEWS
from acutecast.facts import ACTIVITY_TYPES
from acutecast.provider import Provider
from small_provider import small_provider


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(provider, rich, threads):
    assert hash_of(project(provider, RICH, "all", threads)) == hash_of(rich)


def run_hashing(compiled: bool, *arguments: int) -> str:
    answer = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("hashing.py")),
            *(str(argument) for argument in arguments),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NUMBA_DISABLE_JIT": "0" if compiled else "1"},
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


@pytest.mark.parametrize("compiled", [True, False])
def test_another_process_gives_the_same(compiled):
    """Also without the compiler: the kernels are plain Python with the same arithmetic."""
    here = project(small_provider(40, 1), {**RICH, "runs": 2}, [2030, HORIZON])
    assert run_hashing(compiled, 40, 2, 2, 2030, HORIZON) == hash_of(here)


def test_the_number_of_runs_changes_no_run(provider, rich):
    fewer = project(provider, {**RICH, "runs": 5}, "all")
    for name, cube in fewer.cubes.items():
        assert np.array_equal(cube.values, rich.cubes[name].values[:, :5])
    assert np.array_equal(fewer.attribution.values, rich.attribution.values[:, :5])
    assert np.array_equal(fewer.draws.values, rich.draws.values[:5])
    assert np.array_equal(fewer.draws.variants, rich.draws.variants[:5])
    more = of_rows(rich.step_counts)
    assert of_rows(fewer.step_counts).keys() <= more.keys()
    for key, values in of_rows(fewer.step_counts).items():
        assert np.array_equal(values, more[key][:, :5])


def of_rows(parts) -> dict[tuple[str, ...], np.ndarray]:
    keys = zip(*parts.keys.values(), strict=True)
    return {key: parts.values[:, :, i] for i, key in enumerate(keys)}


@pytest.mark.parametrize("years", ["horizon", [2025, 2037]])
def test_other_years_change_no_year(provider, rich, years):
    some = project(provider, RICH, years)
    assert some.years[-1] == HORIZON
    at = [rich.years.index(year) for year in some.years]
    for view in VIEWS:
        mine, whole = some.cubes[view.name], rich.cubes[view.name]
        expected = whole.values if view.horizon_only else whole.values[at]
        assert np.array_equal(mine.values, expected)
        assert np.array_equal(mine.baseline, whole.baseline)
    assert np.array_equal(some.attribution.values, rich.attribution.values[at])
    assert hash_of_parts(some.step_counts) == hash_of_parts(rich.step_counts)


def test_another_seed_changes_every_run(provider, rich):
    other = project(provider, {**RICH, "seed": 12}, "all")
    mine = other.cubes["ip_people"].values
    assert not np.any(np.all(mine == rich.cubes["ip_people"].values, axis=(0, 2, 3)))


# --- assumptions more ------------------------------------------------------------------------

ELSEWHERE = "RXX09"


def touched_by(provider: Provider, where: dict[str, str]) -> Provider:
    """Move the rows of an activity type with the given values, or TPMA, to a site of their own."""
    tables = dict(provider.tables)
    name = where["table"]
    table = tables[name]
    if "strategy" in where:
        tags = tables[f"ip_{where['tags']}_strategies"]
        mine = np.array(tags.column("strategy").to_pylist()) == where["strategy"]
        rn = set(np.array(tags.column("rn").to_pylist())[mine])
        moved = np.array([key in rn for key in table.column("rn").to_pylist()])
    else:
        wanted = {k: v for k, v in where.items() if k != "table"}
        moved = np.all(
            [np.array(table.column(k).to_pylist(), str) == v for k, v in wanted.items()], axis=0
        )
    assert 3 < moved.sum() < len(moved) - 3
    site = np.where(moved, ELSEWHERE, np.array(table.column("sitetret").to_pylist(), object))
    place = table.column_names.index("sitetret")
    column = pa.array(site.tolist(), pa.string()).dictionary_encode()
    tables[name] = table.set_column(place, "sitetret", column)
    return replace(provider, tables=tables)


ADDED = {
    "avoidance of spells": (
        ("activity_avoidance", "ip", {"falls_related_admissions": [0.2, 0.5]}),
        {"table": "ip", "tags": "activity_avoidance", "strategy": "falls_related_admissions"},
    ),
    "efficiency of spells": (
        ("efficiencies", "ip", {"raid_ip": [0.2, 0.5]}),
        {"table": "ip", "tags": "efficiencies", "strategy": "raid_ip"},
    ),
    "expatriation of spells": (
        ("expat", "ip", {"non-elective": {"320": [0.4, 0.6]}}),
        {"table": "ip", "group": "non-elective", "tretspef_grouped": "320"},
    ),
    "waiting lists of outpatients": (
        ("waiting_list", "op", {"120": [1.2, 1.6]}),
        {"table": "op", "tretspef_grouped": "120"},
    ),
    "avoidance of outpatients": (
        ("activity_avoidance", "op", {"followup_reduction_adult_non-surgical": [0.3, 0.5]}),
        {"table": "op", "type": "adult_non-surgical", "group": "followup"},
    ),
    "tele-attendances": (
        ("efficiencies", "op", {"convert_to_tele_child_surgical": 0.4}),
        {"table": "op", "type": "child_surgical", "has_procedures": "False"},
    ),
    "avoidance of emergency care": (
        ("activity_avoidance", "aae", {"frequent_attenders_adult_ambulance": 0.3}),
        {"table": "aae", "is_frequent_attender": "True", "hsagrp": "aae_adult_ambulance"},
    ),
}


def merge(tree: dict, added: dict) -> None:
    for key, value in added.items():
        if isinstance(value, dict) and key in tree:
            merge(tree[key], value)
        else:
            tree[key] = value


@pytest.fixture(scope="module")
def large():
    """Many rows, and some spells with a TPMA that the rich scenario does not set."""
    provider = small_provider(700, 5)
    tables = dict(provider.tables)
    tags = tables["ip_efficiencies_strategies"]
    # Every tenth tag of emergency stays becomes one of mental health comorbidity.
    names = np.array(tags.column("strategy").to_pylist(), object)
    names[np.flatnonzero(names == "emergency_elderly")[::3]] = "raid_ip"
    column = pa.array(names.tolist(), pa.string()).dictionary_encode()
    tables["ip_efficiencies_strategies"] = tags.set_column(1, "strategy", column)
    return replace(provider, tables=tables)


@pytest.mark.parametrize("name", ADDED)
def test_an_added_assumption_moves_only_its_own_rows(large, name):
    (section, activity, added), where = ADDED[name]
    provider = touched_by(large, where)
    without = {**RICH, "runs": 6}
    with_it = deepcopy(without)
    merge(with_it[section].setdefault(activity, {}), added)
    before = project(provider, without, [2033])
    after = project(provider, with_it, [2033])

    common = [after.draws.names.index(name) for name in before.draws.names]
    assert len(common) < len(after.draws.names)
    assert np.array_equal(after.draws.values[:, common], before.draws.values)
    assert np.array_equal(after.draws.variants, before.draws.variants)
    moved = 0
    for view, cube in after.cubes.items():
        mine = cells_where(cube.keys, sitetret=ELSEWHERE)
        old = before.cubes[view]
        stays = ~cells_where(old.keys, sitetret=ELSEWHERE)
        assert np.array_equal(cube.values[:, :, ~mine], old.values[:, :, stays]), view
        moved += cube.activity == activity and mine.any()
    assert moved
    changed = f"{activity}_people"
    assert hash_of_cube(after.cubes[changed]) != hash_of_cube(before.cubes[changed])


# --- the order and form of the data ----------------------------------------------------------


def shuffled(provider: Provider, seed: int) -> Provider:
    rng = np.random.default_rng(seed)
    tables = {
        name: table.take(pa.array(rng.permutation(table.num_rows)))
        for name, table in provider.tables.items()
    }
    return replace(provider, tables=tables)


def renumbered(provider: Provider) -> Provider:
    """Other keys for outpatient and emergency rows, as rebuilt data would have."""
    tables = dict(provider.tables)
    for name in ("op", "aae"):
        keys = pa.array([f"new{i}" for i in range(tables[name].num_rows)], pa.string())
        tables[name] = tables[name].set_column(tables[name].column_names.index("rn"), "rn", keys)
    return replace(provider, tables=tables)


def chunked(provider: Provider) -> Provider:
    """Tables of several pieces, one empty, whose texts have dictionaries of their own."""
    tables = {}
    for name, table in provider.tables.items():
        third = table.num_rows // 3
        pieces = [table.slice(0, third), table.slice(third, 0), table.slice(third)]
        tables[name] = pa.concat_tables([own_dictionaries(piece) for piece in pieces])
    return replace(provider, tables=tables)


def own_dictionaries(table: pa.Table) -> pa.Table:
    for i, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            plain = table.column(i).cast(pa.string())
            table = table.set_column(i, field.name, plain.dictionary_encode().cast(field.type))
    return table


def sliced(provider: Provider) -> Provider:
    """Tables that are windows on longer ones."""
    tables = {
        name: pa.concat_tables([table.slice(0, 2), table]).combine_chunks().slice(2)
        for name, table in provider.tables.items()
    }
    return replace(provider, tables=tables)


def plain_text(provider: Provider) -> Provider:
    """Text columns without dictionaries."""
    tables = {}
    for name, table in provider.tables.items():
        types = [pa.string() if pa.types.is_dictionary(f.type) else f.type for f in table.schema]
        fields = [f.with_type(t) for f, t in zip(table.schema, types, strict=True)]
        tables[name] = table.cast(pa.schema(fields))
    return replace(provider, tables=tables)


def more_columns(provider: Provider) -> Provider:
    tables = {
        name: table.append_column("note", pa.array([f"n{i}" for i in range(table.num_rows)]))
        for name, table in provider.tables.items()
    }
    return replace(provider, tables=tables)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_the_data_changes_nothing(provider, seed):
    assumed = {**RICH, "runs": 4}
    expected = project(provider, assumed, [2033])
    found = project(shuffled(provider, seed), assumed, [2033])
    for name, cube in expected.cubes.items():
        assert hash_of_cube(found.cubes[name]) == hash_of_cube(cube), name
    assert hash_of_parts(found.attribution) == hash_of_parts(expected.attribution)
    # Step counts are sums of fractions in the order of the rows.
    assert np.allclose(found.step_counts.values, expected.step_counts.values, rtol=0, atol=1e-9)


@pytest.mark.parametrize("change", [renumbered, chunked, sliced, plain_text, more_columns])
def test_the_form_of_the_data_changes_nothing(provider, change):
    assumed = {**RICH, "runs": 4}
    expected = project(provider, assumed, [2033])
    assert hash_of(project(change(provider), assumed, [2033])) == hash_of(expected)


@pytest.mark.parametrize("activity", ["op", "aae"])
def test_a_row_split_in_two_is_the_same_row(provider, activity):
    """Nothing tells the halves apart, so they are merged and draw as one."""
    counts = ACTIVITY_TYPES[activity].counts
    table = provider.tables[activity]
    halves = []
    for half in (0, 1):
        piece = table
        for name in counts:
            count = table.column(name).to_numpy()
            part = count // 2 if half == 0 else count - count // 2
            place = piece.column_names.index(name)
            piece = piece.set_column(place, name, pa.array(part, pa.int32()))
        halves.append(piece)
    split = replace(provider, tables={**provider.tables, activity: pa.concat_tables(halves)})
    assumed = {**RICH, "runs": 4}
    expected, found = project(provider, assumed, [2033]), project(split, assumed, [2033])
    assert hash_of(found) == hash_of(expected)
    assert found.rows == expected.rows


def test_rows_that_differ_are_not_merged():
    rows = [CONTACT, {**CONTACT, "age": 41}, {**CONTACT, "is_main_icb": False}]
    assert project(provider_of(op=rows), {"runs": 1}).rows["op"] == 3


def test_equal_spells_are_two_spells():
    provider = provider_of(ip=[(2, SPELL)])
    projection = project(provider, {"runs": 1})
    assert projection.rows["ip"] == 2
    assert projection.cubes["ip_people"].baseline[:, 0].sum() == 2
