"""A check finds every fault at once: where, how many and which; it spares what is harmless."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from damage import DEFECTS, Defect, broken, dropping, setting, without_rows
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.errors import Problem
from acutecast.provider import Provider, check_provider, conform
from small_provider import small_provider

SMALL = small_provider()


def reported(problems: list[Problem], defect: Defect) -> Problem | None:
    return next(
        (
            problem
            for problem in problems
            if problem.where == defect.where
            and defect.says in problem.what
            and problem.warning == defect.warning
        ),
        None,
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spells", [40, 300])
def test_a_valid_provider_has_no_problem(spells, seed):
    assert check_provider(small_provider(spells, seed)) == []


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_each_defect_alone_is_found(defect):
    problems = check_provider(broken(SMALL, [defect]))
    problem = reported(problems, defect)
    assert problem is not None, problems
    if defect.count is not None:
        assert problem.count == defect.count
        assert problem.example
    assert problem.remedy
    # Nothing else is blamed, beyond what the defect brings with it.
    assert {p.where.split(".")[0] for p in problems} <= {defect.table, defect.where.split(".")[0]}


@settings(max_examples=15, deadline=None)
@given(st.sets(st.sampled_from(range(len(DEFECTS))), min_size=2))
def test_defects_do_not_hide_each_other(chosen):
    defects = [DEFECTS[i] for i in sorted(chosen)]
    problems = check_provider(broken(SMALL, defects))
    assert [d.name for d in defects if reported(problems, d) is None] == []


def test_all_defects_together_are_found_with_their_counts():
    problems = check_provider(broken(SMALL, DEFECTS))
    for defect in DEFECTS:
        problem = reported(problems, defect)
        assert problem is not None, defect.name
        # The rows they touch differ, so no count is changed by another defect.
        if defect.count is not None:
            assert problem.count == defect.count, defect.name


def test_the_example_names_the_row_and_the_value():
    problems = check_provider(broken(SMALL, [DEFECTS[2]]))
    assert problems[0].example == "rn s3: 91"
    people = Defect("", "demographic_factors", setting("2040", -1.0, row=0), "", "")
    problems = check_provider(broken(SMALL, [people]))
    assert problems[0].example == "variant migration_category, age 0, sex 1: -1.0"


def test_activity_of_an_age_without_people_is_an_error():
    def keep(table: pa.Table) -> np.ndarray:
        variant = np.array(table["variant"].to_pylist())
        age = table["age"].to_numpy()
        return ~((variant == "var_proj_5_year_migration") & (age == 82))

    gone = Defect("", "demographic_factors", without_rows(keep), "", "")
    problems = check_provider(broken(SMALL, [gone]))
    ip = SMALL.tables["ip"]
    expected = sum(
        age == 82 and kind == "demographics"
        for age, kind in zip(ip["age"].to_pylist(), ip["demog_type"].to_pylist(), strict=True)
    )
    found = {problem.where: problem for problem in problems}
    assert found["ip.age"].count == expected
    assert "var_proj_5_year_migration" in found["ip.age"].remedy
    assert "migration_category" not in found["ip.age"].remedy.replace("5_year_migration", "")


def test_a_population_of_zero_in_the_baseline_is_no_population():
    row = 2 * 82  # the first variant, age 82, male
    zero = Defect("", "demographic_factors", setting("2023", 0.0, 0.0, row=row), "", "")
    assert "ip.age" in {p.where for p in check_provider(broken(SMALL, [zero]))}


def test_births_need_no_population():
    ip = SMALL.tables["ip"]
    births = np.array(ip["demog_type"].to_pylist()) == "births"
    ages = set(ip["age"].to_numpy()[births].tolist())
    only = ages - set(ip["age"].to_numpy()[~births].tolist())
    assert only, "the small provider has ages of births only"
    gone = Defect(
        "",
        "demographic_factors",
        without_rows(lambda t: ~np.isin(t["age"].to_numpy(), list(only))),
        "",
        "",
    )
    where = {p.where for p in check_provider(broken(SMALL, [gone]))}
    assert "ip.age" not in where


@pytest.mark.parametrize(
    "harmless",
    [
        Defect("", "ip", setting("hsagrp", "unknown", "paeds"), "", ""),
        Defect("", "ip", setting("icb", None), "", ""),
        Defect("", "ip", setting("imd_quintile", None), "", ""),
        Defect("", "op", setting("sitetret", None), "", ""),
        Defect("", "aae", setting("sitetret", None), "", ""),
        Defect("", "aae", setting("acuity", None), "", ""),
        Defect("", "aae", setting("pod", "aae_type-06"), "", ""),
        Defect("", "ip", setting("ndggrp", "other"), "", ""),
        Defect("", "ip", setting("sex", "1"), "", ""),
        Defect("", "ip", dropping("admidate", "disdate", "theatre_minutes"), "", ""),
        Defect("", "ip_efficiencies_strategies", lambda t: t.slice(0, 0), "", ""),
        Defect("", "inequalities", lambda t: t.slice(0, 0), "", ""),
    ],
)
def test_what_the_model_can_work_with_is_no_problem(harmless):
    assert check_provider(broken(SMALL, [harmless])) == []


def test_a_provider_without_inequalities_has_one_empty_row():
    names = SMALL.tables["inequalities"].column_names
    empty = pa.table({name: pa.nulls(1) for name in names})
    provider = replace(
        SMALL, tables={**SMALL.tables, "inequalities": conform("inequalities", empty)}
    )
    assert check_provider(provider) == []


def test_every_missing_table_is_named():
    problems = check_provider(Provider("RXX", 2023, {}))
    assert [problem.where for problem in problems] == list(SMALL.tables)


def test_no_activity_at_all_is_an_error_but_one_empty_table_is_a_warning():
    one = {**SMALL.tables, "aae": SMALL.tables["aae"].slice(0, 0)}
    problems = check_provider(replace(SMALL, tables=one))
    assert [(p.where, p.warning) for p in problems] == [("aae", True)]
    empty = {name: table.slice(0, 0) for name, table in SMALL.tables.items()}
    problems = check_provider(replace(SMALL, tables=empty))
    errors = {problem.where for problem in problems if not problem.warning}
    assert errors == {"ip", "op", "aae", "demographic_factors", "birth_factors"}


def test_a_table_with_other_types_is_told_how_to_get_the_right_ones():
    ip = SMALL.tables["ip"]
    place = ip.column_names.index("age")
    ip = ip.set_column(place, "age", ip["age"].cast(pa.int64()))
    problems = check_provider(replace(SMALL, tables={**SMALL.tables, "ip": ip}))
    assert [problem.where for problem in problems] == ["ip.age"]
    assert "conform" in problems[0].remedy


def test_a_column_of_another_nature_is_a_problem_and_no_crash():
    ip = SMALL.tables["ip"]
    for name in ip.column_names:
        lists = pa.array([[1]] * ip.num_rows)
        table = ip.set_column(ip.column_names.index(name), name, lists)
        table = conform("ip", table)
        problems = check_provider(replace(SMALL, tables={**SMALL.tables, "ip": table}))
        assert f"ip.{name}" in {problem.where for problem in problems}, name
