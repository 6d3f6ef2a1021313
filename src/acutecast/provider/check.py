"""Checking a provider: everything that would stop a projection or make it wrong, found at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast import facts
from acutecast.errors import Problem
from acutecast.provider.absent import MEANING
from acutecast.provider.check_column import (
    MISSING,
    check_columns,
    faulty_rows,
    numbers,
    text,
    typed,
)
from acutecast.provider.contract import FACTOR_TABLES, STRATEGY_TABLES, TABLES, is_year
from acutecast.provider.provider import Provider

# Its functions are made at run time, so a type checker knows none of them.
pc: Any = pyarrow.compute

_ACTIVITY_TABLES = ("ip", "op", "aae")
_UNIQUE = {
    "demographic_factors": ("variant", "age", "sex"),
    "birth_factors": ("variant", "age", "sex"),
    "hsa_activity_tables": ("hsagrp", "sex", "age"),
    "inequalities": ("icb", "sushrg_trimmed", "imd_quintile"),
}
_AGES_OF_ACTIVITY_TABLE = 101

Tables = Mapping[str, pa.Table]


def check_provider(provider: Provider) -> list[Problem]:
    """Check a provider's tables against the contract and against each other.

    What the projection can work with is no error: other columns, other groups of the health status
    adjustment, missing sites of outpatients. What is likely a slip but harms no result
    (`Problem.warning`) is listed too.

    Args:
        provider: the provider, with tables as `read_provider` or `conform` make them.

    Returns:
        All problems, in the order of the tables; empty where there are none.
    """
    tables = provider.tables
    problems: list[Problem] = []
    for name in TABLES:
        table = tables.get(name)
        if table is None:
            problems.append(Problem("the table is missing", name, remedy="All nine are needed."))
            continue
        problems += check_columns(name, table)
        if name in _ACTIVITY_TABLES:
            problems += _age_groups(name, table)
            problems += _repeated_rows(name, table)
        if name in STRATEGY_TABLES:
            problems += _tags(name, table, tables.get("ip"))
        if name in _UNIQUE:
            problems += _repeated_keys(name, table, _UNIQUE[name])
        if name in FACTOR_TABLES:
            problems += _years(name, table, provider.year)
    problems += _no_rows(tables)
    problems += _unknown(provider.unknown)
    problems += _variants(tables)
    problems += _population(tables, str(provider.year))
    problems += _activity_ages(tables)
    return problems


def _age_groups(name: str, table: pa.Table) -> Iterator[Problem]:
    """Find rows whose age group is not that of their age."""
    if not typed(table, name, "age", "age_group"):
        return
    age = numbers(table, "age")
    codes, groups = text(table, "age_group")
    place = {group: i for i, group in enumerate(groups)}
    right = np.array([place.get(group, -2) for group in facts.age_group_of_age()])
    known = np.append(np.isin(groups, facts.AGE_GROUPS), False)[codes]
    wrong = known & _in_life(age)
    wrong &= right[np.where(_in_life(age), age, 0)] != codes
    yield from faulty_rows(
        wrong,
        table,
        f"{name}.age_group",
        "the age group is not that of the age",
        f"Derive it from {name}.age.",
    )


def _in_life(age: np.ndarray) -> np.ndarray:
    return (age >= 0) & (age <= facts.MAX_AGE)


def _repeated_rows(name: str, table: pa.Table) -> Iterator[Problem]:
    """Find keys that occur twice; only spells are looked up by key."""
    if not typed(table, name, "rn"):
        return
    keys = table.column("rn")
    if pc.count_distinct(keys).as_py() == table.num_rows - keys.null_count:
        return
    codes, _ = text(table, "rn")
    yield from faulty_rows(
        _repeats(codes) & (codes >= 0),
        table,
        f"{name}.rn",
        "the key occurs more than once",
        "Leave each row once (is a file there twice?).",
        warning=name != "ip",
    )


def _repeats(keys: np.ndarray) -> np.ndarray:
    """Mark every occurrence of a key after its first."""
    again = np.ones(len(keys), dtype=bool)
    again[np.unique(keys, return_index=True)[1]] = False
    return again


def _tags(name: str, table: pa.Table, spells: pa.Table | None) -> Iterator[Problem]:
    """Find TPMA tags of spells that are not there, and tags given twice."""
    if not typed(table, name, "rn"):
        return
    codes, keys = text(table, "rn")
    if spells is not None and typed(spells, "ip", "rn"):
        known = pc.is_in(pa.array(keys, pa.string()), spells.column("rn").combine_chunks())
        there = np.append(np.asarray(known, dtype=bool), True)[codes]
        yield from faulty_rows(
            ~there,
            table,
            f"{name}.rn",
            "there is no spell with this key in ip",
            "Take the rows out, or add the spells.",
        )
    if not typed(table, name, "strategy"):
        return
    strategy, strategies = text(table, "strategy")
    pairs = codes.astype(np.int64) * (len(strategies) + 1) + strategy
    yield from faulty_rows(
        _repeats(pairs) & (codes >= 0) & (strategy >= 0),
        table,
        f"{name}.strategy",
        "the spell has the same TPMA more than once",
        "Leave each pair of rn and strategy once.",
    )


def _repeated_keys(name: str, table: pa.Table, columns: tuple[str, ...]) -> Iterator[Problem]:
    """Find rows of a table of factors with the same key as an earlier row."""
    if not typed(table, name, *columns) or not table.num_rows:
        return
    key = np.zeros(table.num_rows, dtype=np.int64)
    filled = np.ones(table.num_rows, dtype=bool)
    for column in columns:
        whole = pa.types.is_integer(table.column(column).type)
        values = numbers(table, column) if whole else text(table, column)[0]
        filled &= values != (MISSING if whole else -1)
        distinct, codes = np.unique(values, return_inverse=True)
        key = key * len(distinct) + codes
    yield from faulty_rows(
        _repeats(key) & filled,
        table,
        f"{name}.{columns[-1]}",
        f"the same {', '.join(columns)} occurs more than once",
        "Leave each once.",
    )


def _years(name: str, table: pa.Table, baseline: int) -> Iterator[Problem]:
    """Find missing years: the baseline, which factors are relative to, and gaps after it."""
    years = {int(column) for column in table.column_names if is_year(column)}
    if baseline not in years:
        yield Problem(
            f"the baseline year {baseline} has no column",
            f"{name}.{baseline}",
            example=f"years {min(years)} to {max(years)}" if years else "no column is a year",
            remedy="Add it: growth is measured from it.",
        )
    gaps = [year for year in range(baseline, max(years, default=baseline)) if year not in years]
    gaps = [year for year in gaps if year != baseline]
    if gaps:
        yield Problem(
            f"{len(gaps)} year{'s have' if gaps[1:] else ' has'} no column",
            f"{name}.{gaps[0]}",
            example=", ".join(str(year) for year in gaps[:3]),
            remedy=f"Add a column for every year from {baseline} to {max(years)}.",
        )


def _no_rows(tables: Tables) -> Iterator[Problem]:
    """Find empty tables that a projection needs."""
    for name in FACTOR_TABLES:
        if name in tables and not tables[name].num_rows:
            yield Problem("the table has no rows", name, remedy="Fill it.")
    name = "hsa_activity_tables"
    if name in tables and not tables[name].num_rows:
        yield Problem(
            f"the table has no rows, so {MEANING[name]}",
            name,
            remedy="Fill it if people over 55 come to the provider.",
            warning=True,
        )
    empty = [name for name in _ACTIVITY_TABLES if name in tables and not tables[name].num_rows]
    nothing = len(empty) == len(_ACTIVITY_TABLES)
    for name in empty:
        yield Problem(
            f"the table has no rows, so {MEANING[name]}",
            name,
            remedy="Fill it." if nothing else "Fill it if that is not so.",
            warning=not nothing,
        )


def _unknown(unknown: Mapping[str, str]) -> Iterator[Problem]:
    """Say in one line which TPMAs the records do not tell, and why."""
    if not unknown:
        return
    keys, reasons = sorted(unknown), sorted(set(unknown.values()))
    more = f"; {len(reasons) - 1} more reasons" if reasons[1:] else ""
    yield Problem(
        f"{len(keys)} TPMA{'s are' if keys[1:] else ' is'} not known, as {reasons[0]}{more}",
        "TPMAs",
        example=", ".join(keys[:3]),
        remedy="Extract again from records that have these columns to set them; extract.json of "
        "the extract lists them.",
        warning=True,
    )


def _variants(tables: Tables) -> Iterator[Problem]:
    """Find population variants without births."""
    population, births = (tables.get(name) for name in FACTOR_TABLES)
    # An empty table of births is a matter of its own.
    if population is None or births is None or not births.num_rows:
        return
    if not all(typed(tables[name], name, "variant") for name in FACTOR_TABLES):
        return
    codes, variants = text(population, "variant")
    born = np.append(np.isin(variants, text(births, "variant")[1]), True)
    yield from faulty_rows(
        ~born[codes],
        population,
        "demographic_factors.variant",
        "the variant is not in birth_factors",
        "Add its births, or take the variant out.",
    )


def _population(tables: Tables, baseline: str) -> Iterator[Problem]:
    """Find activity of an age and sex for which some variant has no people in the baseline year."""
    population = tables.get("demographic_factors")
    keys = ("variant", "age", "sex", baseline)
    if population is None or not typed(population, "demographic_factors", *keys):
        return
    codes, variants = text(population, "variant")
    cell, valid = _cells(population)
    people = pc.fill_null(population.column(baseline), 0).to_numpy() > 0
    rows = valid & people & (codes >= 0)
    there = np.zeros((len(variants), 3 * (facts.MAX_AGE + 1)), dtype=bool)
    there[codes[rows], cell[rows]] = True
    for name in _ACTIVITY_TABLES:
        table = tables.get(name)
        if table is None or not typed(table, name, "age", "sex", "demog_type"):
            continue
        demog_type, kinds = text(table, "demog_type")
        grows = np.append(np.array(kinds, dtype=object) == "demographics", False)[demog_type]
        cells, in_range = _cells(table)
        missing = np.flatnonzero(~there.all(axis=0))
        wrong = grows & in_range & np.isin(cells, missing)
        first = cells[np.argmax(wrong)] if wrong.any() else 0
        without = [v for v, has in zip(variants, there[:, first], strict=True) if not has]
        yield from faulty_rows(
            wrong,
            table,
            f"{name}.age",
            f"there are no people of this age and sex (age {first // 3}, sex {first % 3}) in "
            f"demographic_factors in {baseline}",
            f"Add the age and sex for {', '.join(without) or 'every variant'}.",
        )


def _cells(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Number each row's age and sex (3 × age + sex), and tell where both are valid."""
    age, sex = numbers(table, "age"), numbers(table, "sex")
    valid = _in_life(age) & ((sex == 1) | (sex == 2))
    return np.where(valid, 3 * age + sex, 0), valid


def _activity_ages(tables: Tables) -> Iterator[Problem]:
    """Find groups of the health status adjustment that lack an age from 0 to 100."""
    name = "hsa_activity_tables"
    table = tables.get(name)
    if table is None or not typed(table, name, "hsagrp", "sex", "age") or not table.num_rows:
        return
    codes, groups = text(table, "hsagrp")
    sex, age = numbers(table, "sex"), numbers(table, "age")
    valid = (codes >= 0) & ((sex == 1) | (sex == 2)) & (age >= 0) & (age < _AGES_OF_ACTIVITY_TABLE)
    there = np.zeros((len(groups), 3, _AGES_OF_ACTIVITY_TABLE), dtype=bool)
    there[codes[valid], sex[valid], age[valid]] = True
    # A group that has a sex at all needs all its ages.
    lacking = there.any(axis=2, keepdims=True) & ~there
    if lacking.any():
        group, sex_of, age_of = np.argwhere(lacking)[0]
        yield Problem(
            "ages are missing",
            f"{name}.age",
            count=int(lacking.sum()),
            example=f"hsagrp {groups[group]}, sex {sex_of}: age {age_of}",
            remedy="Give the activity rate at every age from 0 to 100.",
        )
