"""Parts of the change add up, in whatever way they are asked for."""

import numpy as np
import polars as pl
import pytest
from made_projection import PROVIDER, SCENARIO, make_projection

from acutecast.errors import AcutecastError
from acutecast.results.answers import part_sums
from acutecast.results.run import open_run
from acutecast.results.store import save_run

PROJECTION = make_projection(seed=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    save_run(PROJECTION, SCENARIO, PROVIDER, folder)
    return open_run(folder)


def test_parts_add_up_exactly_to_the_change_in_every_run(run):
    for measure in ("admissions", "beddays", "attendances", "tele_attendances", "ambulance"):
        keys, sums = part_sums(
            run.parts("attribution"), ("change_factor",), {"measure": (measure,)}, run.years
        )
        answer = run.values(measure, years=run.years)
        assert len(keys["change_factor"]) == 3
        assert (sums.sum(axis=0) == answer.values[0] - answer.baseline[0]).all()


@pytest.mark.parametrize(
    "by",
    [("change_factor",), ("change_factor", "strategy"), ("pod", "change_factor"), ("strategy",)],
)
def test_means_of_parts_add_up_to_the_total_beside_them(run, by):
    table = run.attribution(by=by, where={"measure": "beddays"}, years=run.years)
    outer = [name for name in by if name == "pod"]
    for part in table.partition_by([*outer, "year"]):
        assert part["baseline"].n_unique() == 1
        total = part["baseline"][0] + part["mean"].sum()
        assert part["total"].to_list() == pytest.approx([total] * len(part))
    summary = run.summary(by=outer, measures="beddays", years=run.years)
    pairs = table.select(*outer, "year", "baseline", "total").unique(maintain_order=True)
    joined = summary.join(pairs, on=[*outer, "year"], suffix="_part")
    assert len(joined) == len(summary)
    assert joined["baseline"].equals(joined["baseline_part"], check_names=False)
    assert np.allclose(joined["mean"], joined["total"])


def test_a_part_has_its_own_interval(run):
    table = run.attribution(where={"measure": "arrivals", "sitetret": "RXX02"})
    source = PROJECTION.attribution
    mine = np.isin(source.keys["measure"], ["walk-in", "ambulance"])
    mine &= source.keys["sitetret"] == "RXX02"
    mine &= source.keys["change_factor"] == "activity_avoidance"
    runs = source.values[-1][:, mine].sum(axis=1)
    row = table.row(by_predicate=pl.col("change_factor") == "activity_avoidance", named=True)
    assert row["mean"] == pytest.approx(runs.mean())
    assert (row["p10"], row["p90"]) == pytest.approx(tuple(np.quantile(runs, [0.1, 0.9])))


def test_a_selected_part_keeps_the_total_of_all_parts(run):
    everything = run.attribution(where={"measure": "beddays"})
    one = run.attribution(where={"measure": "beddays", "change_factor": "activity_avoidance"})
    assert one["total"].to_list() == everything["total"].to_list()[:1]
    assert len(one) == 1


def test_factors_are_in_the_order_of_the_model(run):
    table = run.attribution(where={"measure": "beddays"})
    assert table["change_factor"].to_list() == [
        *("demographic_adjustment", "activity_avoidance", "sampling")
    ]


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ({"by": ("sex",), "where": {"hat": 1}}, "no such column"),
        ({}, "parts of unlike measures"),
        ({"where": {"measure": "nights"}}, "no such value"),
        ({"where": {"measure": "beddays"}, "years": [1999]}, "no such year"),
        ({"where": {"measure": "beddays", "pod": "op_first"}}, "no measure fits"),
    ],
)
def test_what_cannot_be_answered_is_said(run, question, fault):
    with pytest.raises(AcutecastError, match=fault):
        run.attribution(**question)
