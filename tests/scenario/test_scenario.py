"""Scenario files: reading, writing, and what is refused."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_samples import scenarios

from acutecast import facts
from acutecast.errors import AcutecastError
from acutecast.scenario import Scenario, dump_scenario, load_scenario, resolve, schema

BASE = {
    "name": "Base",
    "activity_avoidance": {"ip": {"falls_related_admissions": [0.7, 0.9]}},
}


def refusal(source) -> AcutecastError:
    with pytest.raises(AcutecastError) as error:
        load_scenario(source)
    assert "pydantic" not in str(error.value).lower()
    assert "Input should" not in str(error.value)
    return error.value


def places(content: dict) -> dict[str, str]:
    """The problems of a scenario: where → what and remedy."""
    problems = refusal(content).problems
    return {p.where: f"{p.what}. {p.remedy}" for p in problems}


def test_the_shortest_scenario_is_complete():
    scenario = load_scenario(BASE)
    assert (scenario.runs, scenario.seed, scenario.health_status) == (256, 1, True)
    assert scenario.population.variants == {"migration_category": 1}
    falls, *growth = scenario.assumptions()
    assert falls.name == "activity_avoidance.ip.falls_related_admissions"
    assert (falls.section, falls.activity) == ("activity_avoidance", "ip")
    assert falls.keys == ("falls_related_admissions",)
    assert (falls.valid, falls.profile.shape) == ((0, 1), "linear")
    assert [a.section for a in growth] == ["non-demographic_adjustment"] * 8
    assert all(a.profile is None for a in growth)


def test_names_are_the_paths_of_nhp():
    scenario = load_scenario(
        {
            "name": "x",
            "non_demographic_growth": {"ip": {"elective": [1, 1.01]}},
            "expat": {"ip": {"elective": {"100": 0.9}}, "op": {"100": 0.9}, "aae": {"walk-in": 1}},
            "repat_local": {"ip": {"maternity": {"Other (Medical)": 1.2}}},
            "waiting_list": {"op": {"100": 2}},
            "baseline_adjustment": {"aae": {"walk-in": 1.1}, "op": {"first": {"100": 1.1}}},
            "efficiencies": {"op": {"convert_to_tele_adult_surgical": [0.8, 0.9]}},
        }
    )
    found = {a.name: (a.keys, a.valid) for a in scenario.assumptions()}
    assert found == {
        "baseline_adjustment.aae.walk-in": (("walk-in",), (0, 5)),
        "baseline_adjustment.op.first.100": (("first", "100"), (0, 5)),
        "efficiencies.op.convert_to_tele_adult_surgical": (
            ("convert_to_tele_adult_surgical",),
            (0, 1),
        ),
        "expat.aae.walk-in": (("walk-in",), (0, 1)),
        "expat.ip.elective.100": (("elective", "100"), (0, 1)),
        "expat.op.100": (("100",), (0, 1)),
        "non-demographic_adjustment.ip.elective": (("elective",), (0, 5)),
        "repat_local.ip.maternity.Other (Medical)": (("maternity", "Other (Medical)"), (1, 5)),
        "waiting_list_adjustment.op.100": (("100",), (0, 5)),
    }
    profiles = {a.section: a.profile for a in scenario.assumptions()}
    assert profiles["baseline_adjustment"].shape == "immediate"


@settings(max_examples=60, deadline=None)
@given(scenarios(), st.booleans())
def test_what_is_written_reads_back_the_same(content, full):
    scenario = load_scenario(content)
    text = dump_scenario(scenario, full=full)
    assert load_scenario(json.loads(text)) == scenario
    assert load_scenario(json.loads(text)).assumptions() == scenario.assumptions()


def test_written_form_is_short_and_on_disk(tmp_path):
    text = dump_scenario(load_scenario(BASE))
    assert text.splitlines() == [
        "{",
        '  "schema_version": 1,',
        '  "name": "Base",',
        '  "activity_avoidance": {',
        '    "ip": {',
        '      "falls_related_admissions": [0.7, 0.9]',
        "    }",
        "  }",
        "}",
    ]
    path = tmp_path / "base.json"
    # Notepad puts a byte-order mark in front; an editor's schema reference does no harm.
    path.write_text(text.replace("{", '{"$schema": "x",', 1), encoding="utf-8-sig")
    assert load_scenario(path) == load_scenario(str(path)) == load_scenario(path.as_uri())
    full = json.loads(dump_scenario(load_scenario(BASE), full=True))
    assert set(full) == set(Scenario.model_fields)


def test_every_problem_at_once_with_path_and_fix():
    found = places(
        {
            "name": "",
            "runs": 0,
            "seed": 1.5,
            "baseline_year": 2024,
            "horizon_year": 2024,
            "horizon": 2040,
            "population": {"variants": {"migration_category": -1, "migration": 1}},
            "non_demographic_growth": {"ip": {"elective": {"value": 1, "profile": "linear"}}},
            "expat": {
                "ip": {"electiv": {}},
                "op": {
                    "100": [0.9, 0.7],
                    "101": 95,
                    "999": 0.9,
                    "110": True,
                    "120": [0.1],
                    "130": {},
                },
            },
            "repat_local": {"op": {"100": [0.9, 1.1]}},
            "waiting_list": {"op": {"100": float("nan")}},
            "efficiencies": {
                "ip": {"smoking": 0.9, "raid_ip": {"distribution": "gamma", "k": 1}},
                "op": {"convert_to_tele_adult_surgical": {"distribution": "pert", "lo": 0}},
            },
            "inequalities": {"level_up": ["HN22"], "level_down": ["HN22"], "zero_sum": ["HN22"]},
            "correlations": [{"name": "a", "assumptions": ["expat.*"], "rho": 2}],
        }
    )
    tele = "efficiencies.op.convert_to_tele_adult_surgical"
    expected = {
        "name": "is empty",
        "runs": "is 0; it must be at least 1",
        "seed": "whole number, not 1.5",
        "horizon_year": "Write 2025 or later",
        "horizon": "Did you mean horizon_year?",
        "population.variants.migration_category": "at least 0",
        "population.variants.migration": "Did you mean zero_net_migration?",
        "non_demographic_growth.ip.elective": "no time profile",
        "expat.ip.electiv": "Did you mean elective?",
        "expat.op.100": "Write [0.7, 0.9]",
        "expat.op.101": "0.95 for 5% fewer",
        "expat.op.999": 'no specialty group "999"',
        "expat.op.110": "not true",
        "expat.op.120": "two numbers",
        "expat.op.130": "which distribution",
        "repat_local.op.100": "valid range, 1 to 5",
        "waiting_list.op.100": "finite number",
        "efficiencies.ip.smoking": "Move it to activity_avoidance.ip",
        "efficiencies.ip.raid_ip": "no distribution 'gamma'",
        f"{tele}.low": "is missing",
        f"{tele}.mode": "is missing",
        f"{tele}.high": "is missing",
        f"{tele}.lo": "Did you mean low?",
        "inequalities": "level_up and in zero_sum and in level_down",
        "correlations[0].rho": "at most 1",
    }
    assert found.keys() == expected.keys()
    for where, words in expected.items():
        assert words in found[where], (where, found[where])


@pytest.mark.parametrize(
    ("part", "where", "words"),
    [
        ({"population": {"variants": {}}}, "population.variants", "sum to 0"),
        ({"population": {"variants": {"low_fertility": 0}}}, "population.variants", "sum to 0"),
        ({"non_demographic_growth": "high"}, "non_demographic_growth", '"primary", "sens'),
        ({"non_demographic_growth": 1}, "non_demographic_growth", "curly brackets"),
        ({"inequalities": {"zero_sum": ["HN221"]}}, "inequalities.zero_sum[0]", "four characters"),
        ({"inequalities": {"zero_sum": ["HN22"] * 2}}, "inequalities", "once"),
        ({"expat": []}, "expat", "curly brackets"),
        ({"runs": True}, "runs", "whole number"),
        ({"runs": "256"}, "runs", "whole number, not '256'"),
        ({"runs": 10**9}, "runs", "at most 65536"),
        ({"health_status": "yes"}, "health_status", "true or false"),
        ({"dataset": 5}, "dataset", "text in quotes"),
        ({"name": "\ud800"}, "name", "not valid text"),
        ({"expat": {"op": {"100": 10**400}}}, "expat.op.100", "finite number"),
        ({"expat": {"op": {"100": "0.9"}}}, "expat.op.100", "not '0.9'"),
        ({"expat": {"op": {"100": None}}}, "expat.op.100", "null"),
        ({"expat": {"op": {"100": {"value": 0.9, "why": ""}}}}, "expat.op.100", "distribution"),
        (
            {"expat": {"op": {"100": {"distribution": "point", "value": 0.9, "why": ""}}}},
            "expat.op.100.why",
            "not a known name",
        ),
        (
            {"expat": {"op": {"100": {"distribution": "uniform", "low": 1, "high": 0}}}},
            "expat.op.100",
            "Swap",
        ),
        (
            {
                "expat": {
                    "op": {"100": {"distribution": "pert", "low": 0, "mode": 0.9, "high": 0.5}}
                }
            },
            "expat.op.100",
            "mode (0.9) lies outside",
        ),
        ({"schema_version": 2}, "schema_version", "Update Acutecast"),
        ({"schema_version": "1"}, "schema_version", "not a version"),
        ({"schema_version": -1}, "schema_version", "not a version"),
    ],
)
def test_one_problem(part, where, words):
    found = places({"name": "x", **part})
    assert list(found) == [where]
    assert words in found[where]


def test_correlation_groups():
    three = {"op": {key: [0.9, 0.95] for key in ("100", "101", "110")}}
    found = places(
        {
            "name": "x",
            "expat": three,
            "correlations": [
                {"name": "a", "assumptions": ["expat.*"], "rho": -0.6},
                {"name": "b", "assumptions": ["expat.op.100"], "rho": 0.5},
                {"name": "a", "assumptions": ["expat.op.1000"], "rho": 0.5},
            ],
        }
    )
    assert found.keys() == {
        "correlations[0].rho",
        "correlations[1].assumptions",
        "correlations[2].name",
        "correlations[2].assumptions[0]",
    }
    assert "not positive definite" in found["correlations[0].rho"]
    assert 'already in the group "a"' in found["correlations[1].assumptions"]
    assert "Did you mean expat.op.100?" in found["correlations[2].assumptions[0]"]


HOSTILE = {
    "empty": (b"", "empty"),
    "blank": (b" \n", "empty"),
    "list": (b"[1, 2]", "this is a list"),
    "number": (b"3", "curly brackets"),
    "null": (b"null", "null"),
    "nothing": (b"{}", "is missing"),
    "truncated": (b'{"name": "x", "runs": ', "ends too early"),
    "cut text": (b'{"name": "x', "ends too early"),
    "comma": (b'{"name": "x",}', "not valid JSON"),
    "latin": ('{"name": "Münster"}'.encode("latin-1"), "not UTF-8"),
    "utf-16": ('{"name": "x"}'.encode("utf-16"), "not UTF-8"),
    "twice": (b'{"name": "x", "expat": {"op": {"100": 1, "100": 0.5}}}', "100: stands twice"),
    "deep lists": (
        b'{"name": "x", "reasons": {"a": ' + b"[" * 5_000_000 + b"]" * 5_000_000 + b"}}",
        "too deeply",
    ),
    "deep objects": (b'{"a":' * 2_000_000 + b"1" + b"}" * 2_000_000, "too deeply"),
    "quite deep": (b'{"name": "x", "reasons": {"a":' + b"[" * 60 + b"]" * 60 + b"}}", "too deeply"),
    "digits": (b'{"name": "x", "seed": ' + b"9" * 5000 + b"}", "thousands of digits"),
    "binary": (bytes(range(256)), ""),
    "big": (b" " * (64 * 2**20 + 1), "too many"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files(tmp_path, case):
    content, words = HOSTILE[case]
    path = tmp_path / "scenario.json"
    path.write_bytes(content)
    error = refusal(path)
    assert len(error.problems) == 1
    assert words in str(error)
    assert str(path) in str(error)


def test_missing_file_and_folder(tmp_path):
    assert "no such file" in str(refusal(tmp_path / "none.json"))
    assert "folder" in str(refusal(tmp_path))
    assert "no-such-protocol" in str(refusal("no-such-protocol://x/y.json"))


def test_deep_and_odd_dictionaries():
    deep: dict = {"name": "x"}
    for _ in range(100_000):
        deep = {"a": deep}
    assert "too deeply" in str(refusal(deep))
    assert "not text" in str(refusal({"name": "x", 5: 1}))
    assert "not text" in str(refusal({"name": "x", "expat": {"op": {100: 0.9}}}))


JARGON = re.compile(r"pydantic|Input should|validation error", re.IGNORECASE)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*Scenario.model_fields, "start_year", "x"]), json_values))
def test_any_json_gives_a_scenario_or_a_clear_refusal(content):
    try:
        scenario = load_scenario(content)
    except AcutecastError as error:
        refused = error.problems
    else:
        refused = None
        assert load_scenario(json.loads(dump_scenario(scenario))) == scenario
    if refused is not None:
        assert refused
        assert all(problem.what and not JARGON.search(str(problem)) for problem in refused)


def test_first_layout_is_migrated():
    old = {
        "schema_version": 0,
        "scenario": "Old",
        "start_year": 2023,
        "end_year": 2041,
        "model_runs": 512,
        "demographic_factors": {"migration_category": 0.6, "var_proj_zero_net_migration": 0.4},
        "waiting_list_adjustment": {"ip": {"100": 1.1}},
    }
    new = load_scenario(old)
    assert (new.schema_version, new.name, new.runs) == (1, "Old", 512)
    assert (new.baseline_year, new.horizon_year) == (2023, 2041)
    assert new.population.variants["var_proj_zero_net_migration"] == 0.4
    assert "waiting_list_adjustment.ip.100" in [a.name for a in new.assumptions()]


def test_resolve_fills_what_the_data_says():
    scenario = resolve(load_scenario(BASE), "RXX", 2023, 2047)
    assert (scenario.dataset, scenario.baseline_year, scenario.horizon_year) == ("RXX", 2023, 2043)
    assert resolve(load_scenario(BASE), "RXX", 2023, 2040).horizon_year == 2040
    assert resolve(scenario, "RXX", 2023, 2047) == scenario
    # Years beyond the data's projections are continued where they are asked for.
    assert resolve(load_scenario({**BASE, "horizon_year": 2060}), "RXX", 2023, 2047)
    assert scenario.assumptions() == load_scenario(BASE).assumptions()


@pytest.mark.parametrize(
    ("part", "where", "words"),
    [
        ({"dataset": "RYY"}, "dataset", "RYY"),
        ({"baseline_year": 2024}, "baseline_year", "2023"),
        ({"horizon_year": 2078}, "horizon_year", "2047"),
        ({"horizon_year": 2023}, "horizon_year", "2024 to 2047"),
        (
            {"expat": {"op": {"100": {"value": 0.9, "profile": {"step": 2050}}}}},
            "expat.op.100",
            "2050",
        ),
    ],
)
def test_resolve_refuses_contradictions(part, where, words):
    scenario = load_scenario({**BASE, **part})
    with pytest.raises(AcutecastError, match=words) as error:
        resolve(scenario, "RXX", 2023, 2047)
    assert [p.where for p in error.value.problems] == [where]


def test_resolve_names_all_contradictions_at_once():
    scenario = load_scenario({**BASE, "dataset": "RYY", "horizon_year": 2078})
    with pytest.raises(AcutecastError) as error:
        resolve(scenario, "RXX", 2023, 2047)
    assert len(error.value.problems) == 2
    with pytest.raises(AcutecastError, match="ends in 2023"):
        resolve(load_scenario(BASE), "RXX", 2023, 2023)


def test_a_scenario_does_not_change():
    scenario = load_scenario(BASE)
    with pytest.raises(Exception, match="frozen"):
        scenario.runs = 5


def test_published_schema_is_up_to_date():
    path = Path(__file__).parents[2] / "docs" / "scenario.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == schema(), (
        "write docs/scenario.schema.json anew from acutecast.scenario.schema()"
    )


def test_schema_covers_every_field_and_tpma():
    published = schema()
    assert set(published["properties"]) == {*Scenario.model_fields, "$schema"}
    assert all(p["description"] for p in published["properties"].values())
    names = {
        name
        for part in ("Avoidance", "Efficiencies")
        for tree in published["$defs"][part]["properties"].values()
        for part in tree["propertyNames"].get("anyOf", [tree["propertyNames"]])
        for name in part.get("enum", ())
    }
    assert names == {row["key"] for row in facts.rows("tpmas")}
    text = json.dumps(published)
    references = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
    assert references <= set(published["$defs"])
