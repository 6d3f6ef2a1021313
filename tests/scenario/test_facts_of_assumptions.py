"""The facts that scenarios are checked against, beside the published sources."""

import json
from pathlib import Path

import pytest

from acutecast.facts import rows

DATA = Path(__file__).parents[2] / "../shared/data"


def published(name: str):
    path = DATA / name
    if not path.exists():
        pytest.skip("the reference data is not beside the repository")
    return json.loads(path.read_text(encoding="utf-8"))


def test_tpmas_are_complete_and_consistent():
    tpmas = rows("tpmas")
    assert len(tpmas) == len({row["key"] for row in tpmas}) == len({row["code"] for row in tpmas})
    assert len(tpmas) == 92
    for row in tpmas:
        assert (row["efficiency_type"] != "") == (row["kind"] == "efficiencies")
        assert (row["pre_op_days"] != "") == (row["efficiency_type"] == "pre-op")
        elicited = [row[f"elicited_{part}"] for part in ("p10", "mean", "p90")]
        if any(elicited):
            assert 0 < float(elicited[0]) < float(elicited[1]) < float(elicited[2]) < 1
    assert sum(bool(row["elicited_mean"]) for row in tpmas) == 70


def test_tpmas_are_those_of_the_nhp_schema():
    schema = published("nhp-params-schema.json")["properties"]
    theirs = {
        (kind, activity, key)
        for kind in ("activity_avoidance", "efficiencies")
        for activity, tree in schema[kind]["properties"].items()
        for key in tree["properties"]
    }
    ours = {(row["kind"], row["activity_type"], row["key"]) for row in rows("tpmas")}
    assert ours == theirs


def test_population_variants_have_the_published_life_tables():
    lookup = published("variant_lookup.json")
    known = {row["variant"]: row["life_table"] for row in rows("population_variants")}
    assert {variant: known[variant] for variant in lookup} == lookup
    # Variants that the lookup does not have go with the principal life table.
    assert {known[variant] for variant in known.keys() - lookup.keys()} == {"ppp"}
