"""The description counts what the tables hold."""

import json
from dataclasses import replace

import pyarrow as pa

from acutecast.provider import describe_provider
from small_provider import VARIANTS, YEARS, small_provider

SMALL = small_provider()


def test_counts_agree_with_the_tables():
    description = describe_provider(SMALL)
    json.dumps(description)
    ip, op, aae = (SMALL.tables[name] for name in ("ip", "op", "aae"))
    for split in ("activity", "sites"):
        totals: dict[str, int] = {}
        for counts in description[split].values():
            for measure, count in counts.items():
                totals[measure] = totals.get(measure, 0) + count
        assert totals == {
            "admissions": ip.num_rows,
            "beddays": sum(ip["speldur"].to_pylist()) + ip.num_rows,
            "attendances": sum(op["attendances"].to_pylist()),
            "tele_attendances": sum(op["tele_attendances"].to_pylist()),
            "arrivals": sum(aae["arrivals"].to_pylist()),
        }
    day_cases = ip["pod"].to_pylist().count("ip_elective_daycase")
    assert description["activity"]["ip_elective_daycase"]["admissions"] == day_cases
    assert description["sites"]["unknown"].keys() == {"attendances", "tele_attendances"}
    strategies = SMALL.tables["ip_efficiencies_strategies"]["strategy"].to_pylist()
    tagged = description["tpmas"]["ip_efficiencies_strategies"]
    assert tagged == {name: strategies.count(name) for name in sorted(set(strategies))}


def test_years_dates_and_columns():
    description = describe_provider(SMALL)
    population = description["population"]["demographic_factors"]
    assert population == {"variants": sorted(VARIANTS), "years": list(YEARS)}
    assert description["dates"]["first"] >= "2023-04-01"
    assert description["dates"]["last"] >= "2024-03"
    assert "theatre_minutes" in description["optional_columns"]["ip"]
    assert description["other_columns"]["ip"] == []


def test_missing_counts_count_nothing():
    ip = SMALL.tables["ip"]
    place = ip.column_names.index("speldur")
    ip = ip.set_column(place, "speldur", pa.nulls(ip.num_rows, pa.int32()))
    sites = describe_provider(replace(SMALL, tables={"ip": ip}))["sites"]
    assert sum(site["beddays"] for site in sites.values()) == ip.num_rows


def test_a_provider_that_lacks_things_is_described_as_far_as_it_goes():
    ip = SMALL.tables["ip"].drop_columns(["admidate", "disdate", "speldur"])
    ip = ip.append_column("note", pa.array(["x"] * ip.num_rows))
    description = describe_provider(replace(SMALL, tables={"ip": ip}))
    assert description["rows"] == {"ip": ip.num_rows}
    assert description["dates"] is None
    assert description["activity"] == {}
    assert description["other_columns"]["ip"] == ["note"]
