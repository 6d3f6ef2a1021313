"""The built-in region beside published figures, and its page."""

import csv
from pathlib import Path

import numpy as np
import pytest

from acutecast.synthetic import make_demo, people
from acutecast.synthetic.compare import (
    column,
    departments,
    made_activity,
    main,
    pages,
    prevalence,
    ratios,
)

ROOT = Path(__file__).parents[2]
DATA = ROOT / "../shared/data"
PAGE = ROOT / "docs/demo-region.md"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the reference data is not here")

# How many times England's activity per head the region has, by kind: the totals asked for are those
# of a large trust, so outpatients and emergency care lie above what its spells go with.
LEVELS = {"emer": 1.0, "ordelec": 1.0, "daycase": 1.0, "walkin": 1.31, "amb": 1.31}
OUTPATIENT_LEVEL = 2.1
TOLERANCE = 0.15


@pytest.fixture(scope="module")
def demo():
    return make_demo()


def level(group: str) -> float:
    return LEVELS.get(group.split("_")[0], OUTPATIENT_LEVEL)


@needs_data
def test_rows_per_head_resemble_england_by_age_band(demo):
    found = ratios(DATA, demo, 1.0)
    for group, ratio in found.items():
        assert ratio[-1] == pytest.approx(level(group), rel=0.06), group
        # Elective stays of the young and very old are longer in England (see the page).
        if group != "ordelec_bds":
            assert ratio[:-1] / level(group) == pytest.approx(1, abs=TOLERANCE), group
    assert len(found) == 13


@needs_data
def test_tpma_prevalence_resembles_england(demo):
    spells, compared = demo.tables["ip"].num_rows, 0
    follows = {r["key"] for r in people.read("tpma_tags") if r["source"] == "England"}
    for key, (ours, england) in prevalence(DATA, demo).items():
        if key in follows:
            # Chance, at most four standard errors of a weighted count, and two-figure rounding.
            assert ours == pytest.approx(
                england, abs=0.05 * england + 4 * (england / spells) ** 0.5
            )
            compared += 1
    assert compared == len(follows) == 52


@needs_data
def test_departments_resemble_england(demo):
    for _, ours, england in departments(DATA, demo):
        assert ours == pytest.approx(england, abs=0.01)


@needs_data
def test_the_page_is_of_this_region(demo):
    assert PAGE.read_text(encoding="utf-8").endswith("\n".join(pages(DATA, demo)) + "\n")


@needs_data
def test_the_curves_follow_no_published_rate_year_by_year():
    """The published rates by single age carry no licence: ours must not stand in for them."""
    with (DATA / "england_activity_rates_by_age.csv").open() as file:
        rows = list(csv.DictReader(file))
    for group, name in {
        "walkin": "walk_in", "amb": "ambulance", "emer_n": "emergency", "daycase_n": "daycase",
        "ordelec_n": "elective_ordinary", "surg_first": "op_adult_surgical_first",
        "non-surg_proc": "op_adult_non-surgical_procedure",
    }.items():  # fmt: skip
        smooth = [[float(r[f"{s}_smooth"]) for s in ("male", "female")] for r in rows
                  if r["group"] == group]  # fmt: skip
        apart = people.rates()[name][:, 18:] / np.array(smooth).T - 1
        assert np.abs(apart).max() > 0.1, group


def test_activity_counts_every_adult_row(demo):
    made = made_activity(demo)
    assert len(made) == 13
    assert made["emer_n"].sum() == (column(demo, "ip", "hsagrp") == "emerg").sum()
    adults = column(demo, "aae", "age") >= 18
    arrivals = column(demo, "aae", "arrivals")[adults].sum()
    assert made["walkin"].sum() + made["amb"].sum() == arrivals


def test_files_that_are_missing_are_named_together(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "england_activity" in said
    assert "tpma_national" in said
    assert main([]) == 2
