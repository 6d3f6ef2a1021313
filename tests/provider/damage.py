"""Ways in which a provider's tables can be wrong, each with what its report must say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from acutecast.provider import Provider, conform


@dataclass(frozen=True)
class Defect:
    """One way to break a provider.

    Attributes:
        name: for the test's name.
        table: the table that it breaks.
        apply: makes the broken table.
        where: what the report names.
        says: a part of what the report says.
        count: how many rows the report counts.
        warning: True where it is no error.
    """

    name: str
    table: str
    apply: Callable[[pa.Table], pa.Table]
    where: str
    says: str
    count: int | None = 1
    warning: bool = False


def broken(provider: Provider, defects: Iterable[Defect]) -> Provider:
    """Apply defects to a provider, one after the other, and conform it as reading would."""
    tables = dict(provider.tables)
    for defect in defects:
        tables[defect.table] = defect.apply(tables[defect.table])
    return replace(provider, tables={name: conform(name, t) for name, t in tables.items()})


def setting(name: str, *values: object, row: int = 3) -> Callable[[pa.Table], pa.Table]:
    """Change a column from `row` on to `values`."""

    def change(table: pa.Table) -> pa.Table:
        plain = table.column(name).to_pylist()
        plain[row : row + len(values)] = values
        kinds = {type(value) for value in plain if value is not None}
        if len(kinds) > 1 and str in kinds:
            plain = [None if value is None else str(value) for value in plain]
        elif kinds == {bool, int}:
            plain = [int(value) for value in plain]
        return table.set_column(table.column_names.index(name), name, pa.array(plain))

    return change


def adding(row: int) -> Callable[[pa.Table], pa.Table]:
    """Repeat a row at the end."""
    return lambda table: pa.concat_tables([table, table.slice(row, 1)]).combine_chunks()


def dropping(*names: str) -> Callable[[pa.Table], pa.Table]:
    """Take columns out."""
    return lambda table: table.drop_columns(list(names))


def without_rows(keep: Callable[[pa.Table], np.ndarray]) -> Callable[[pa.Table], pa.Table]:
    """Keep some rows only."""
    return lambda table: table.filter(pa.array(keep(table)))


def wrong_age_group(table: pa.Table) -> pa.Table:
    """Give the first adult the age group of babies."""
    adult = int(np.argmax(table.column("age").to_numpy() > 20))
    return setting("age_group", "0", row=adult)(table)


def _not_age(age: int, sex: int) -> Callable[[pa.Table], np.ndarray]:
    return lambda t: ~((t["age"].to_numpy() == age) & (t["sex"].to_numpy() == sex))


AVOIDANCE = "ip_activity_avoidance_strategies"
EFFICIENCIES = "ip_efficiencies_strategies"
POPULATION = "demographic_factors"
HSA = "hsa_activity_tables"

# The rows that these touch differ, so that all of them together still count what each counts.
DEFECTS = (
    Defect("no column", "ip", dropping("admimeth"), "ip.admimeth", "missing", None),
    Defect("no column in op", "op", dropping("is_gp_ref"), "op.is_gp_ref", "missing", None),
    Defect("age above 90", "ip", setting("age", 91, 120), "ip.age", "out of range", 2),
    Defect("negative stay", "ip", setting("speldur", -1, row=5), "ip.speldur", "out of range"),
    Defect("unknown sex", "ip", setting("sex", 9, 0, row=6), "ip.sex", "unknown values 0, 9", 2),
    Defect("classpat", "ip", setting("classpat", "7"), "ip.classpat", "unknown value 7"),
    Defect("group", "ip", setting("group", "emergency"), "ip.group", "unknown value emergency"),
    Defect("pod", "ip", setting("pod", "op_first"), "ip.pod", "unknown value op_first"),
    Defect("demog_type", "ip", setting("demog_type", "x"), "ip.demog_type", "unknown value x"),
    Defect("no site in ip", "ip", setting("sitetret", None, None), "ip.sitetret", "missing", 2),
    Defect("key twice", "ip", adding(20), "ip.rn", "more than once"),
    Defect("age group", "ip", wrong_age_group, "ip.age_group", "not that of the age"),
    Defect(
        "specialty",
        "ip",
        setting("tretspef_grouped", "999"),
        "ip.tretspef_grouped",
        "unknown value 999",
        warning=True,
    ),
    Defect("unknown age group", "op", setting("age_group", "90+"), "op.age_group", "value 90+"),
    Defect(
        "text for counts", "op", setting("attendances", "many"), "op.attendances", "not a whole"
    ),
    Defect(
        "negative counts",
        "op",
        setting("tele_attendances", -2, -1, -1),
        "op.tele_attendances",
        "out of range",
        3,
    ),
    Defect("op group", "op", setting("group", "x"), "op.group", "unknown value x"),
    Defect("no hsagrp", "op", setting("hsagrp", None), "op.hsagrp", "missing"),
    Defect("two for yes", "op", setting("is_first", 1, 2), "op.is_first", "not true or false", 1),
    Defect("key of op twice", "op", adding(30), "op.rn", "more than once", warning=True),
    Defect("half an arrival", "aae", setting("arrivals", 0.5), "aae.arrivals", "not a whole"),
    Defect("aae pod", "aae", setting("pod", "aae_type-1"), "aae.pod", "unknown value aae_type-1"),
    Defect(
        "acuity", "aae", setting("acuity", "red"), "aae.acuity", "unknown value red", warning=True
    ),
    Defect(
        "category",
        "aae",
        setting("attendance_category", "9", "9"),
        "aae.attendance_category",
        "unknown value 9",
        2,
        warning=True,
    ),
    Defect("no sex", "aae", setting("sex", None), "aae.sex", "missing"),
    Defect(
        "hour",
        "aae",
        setting("arrival_hour", 24),
        "aae.arrival_hour",
        "out of range",
        warning=True,
    ),
    Defect("rate 0", AVOIDANCE, setting("sample_rate", 0.0), f"{AVOIDANCE}.sample_rate", "range"),
    Defect(
        "rate above 1",
        EFFICIENCIES,
        setting("sample_rate", 1.5, 2.0),
        f"{EFFICIENCIES}.sample_rate",
        "range",
        2,
    ),
    Defect("no such spell", AVOIDANCE, setting("rn", "zz", row=9), f"{AVOIDANCE}.rn", "no spell"),
    Defect("tag twice", EFFICIENCIES, adding(0), f"{EFFICIENCIES}.strategy", "the same TPMA"),
    Defect(
        "unknown TPMA",
        EFFICIENCIES,
        setting("strategy", "magic"),
        f"{EFFICIENCIES}.strategy",
        "unknown value magic",
        warning=True,
    ),
    Defect(
        "negative people",
        POPULATION,
        setting("2040", -1.0),
        f"{POPULATION}.2040",
        "out of range",
    ),
    Defect(
        "infinite people",
        POPULATION,
        setting("2041", float("inf")),
        f"{POPULATION}.2041",
        "out of range",
    ),
    Defect("people twice", POPULATION, adding(60), f"{POPULATION}.sex", "more than once"),
    Defect("gap of years", POPULATION, dropping("2030"), f"{POPULATION}.2030", "no column", None),
    Defect(
        "variant without births",
        "birth_factors",
        without_rows(
            lambda t: np.array([v != "migration_category" for v in t["variant"].to_pylist()])
        ),
        f"{POPULATION}.variant",
        "not in birth_factors",
        None,
    ),
    Defect("births twice", "birth_factors", adding(2), "birth_factors.sex", "more than once"),
    Defect(
        "no baseline",
        "birth_factors",
        dropping("2023"),
        "birth_factors.2023",
        "baseline year 2023 has no column",
        None,
    ),
    Defect("activity twice", HSA, adding(7), f"{HSA}.age", "more than once"),
    Defect(
        "no activity at 90",
        HSA,
        without_rows(_not_age(90, 2)),
        f"{HSA}.age",
        "ages are missing",
        13,
    ),
    Defect("no activity rate", HSA, setting("activity", None), f"{HSA}.activity", "missing"),
    Defect(
        "inequalities twice",
        "inequalities",
        adding(1),
        "inequalities.imd_quintile",
        "more than once",
    ),
)
