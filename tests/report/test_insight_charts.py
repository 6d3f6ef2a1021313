"""Pictures of comparisons, drivers, sensitivity, back-tests and precision."""

import polars as pl
import pytest

from acutecast.errors import AcutecastError
from acutecast.report import (
    backtest_chart,
    comparison_chart,
    convergence_chart,
    save_chart,
    sensitivity_chart,
    why_chart,
    within_run_chart,
)
from acutecast.report.insight_charts import words

FALLS = "activity_avoidance.ip.falls_related_admissions"
COMPARISON = pl.DataFrame(
    {
        "pod": ["ip_elective_admission", "ip_elective_daycase"],
        "measure": ["beddays", "beddays"],
        "year": [2043, 2043],
        "reference": ["Base", "Base"],
        "other": ["Other", "Other"],
        "mean_reference": [1000.0, 200.0],
        "mean_other": [900.0, 210.0],
        "difference": [-100.0, 10.0],
        "difference_pct": [-10.0, 5.0],
        "p10": [-150.0, 0.0],
        "p90": [-50.0, 20.0],
        "probability_more": [0.01, 0.9],
    }
)
WHY = pl.DataFrame(
    {
        "measure": ["beddays"] * 3,
        "part": [FALLS, "chance", "difference"],
        "mean": [-90.0, 1.0, -89.0],
        "p10": [-120.0, -5.0, -119.0],
        "p90": [-60.0, 6.0, -58.0],
        "share": [1.01, -0.01, 1.0],
        "standard_error": [0.0, 0.0, 0.0],
        "reference": [1000.0, 1000.0, 1000.0],
    }
)
PARTS = pl.DataFrame(
    {
        "change_factor": ["demographic_adjustment", "activity_avoidance"],
        "strategy": ["-", "falls_related_admissions"],
        "year": [2043, 2043],
        "mean": [500.0, -40.0],
        "p10": [450.0, -60.0],
        "p90": [550.0, -20.0],
        "baseline": [1000, 1000],
        "total": [1460.0, 1460.0],
    }
)
SHARES = pl.DataFrame(
    {
        "assumption": [FALLS, "health_status_adjustment", "not explained"],
        "share": [0.7, 0.2, 0.1],
        "standard_error": [0.02, 0.01, 0.03],
        "total": [0.75, None, None],
    },
    schema_overrides={"total": pl.Float64},
)
SWINGS = pl.DataFrame(
    {
        "assumption": [FALLS, "health_status_adjustment"],
        "at_low": [900.0, 1010.0],
        "at_high": [1100.0, 990.0],
        "change": [200.0, -20.0],
    }
)
SCORED = pl.DataFrame(
    {
        "pod": ["ip_elective_admission", "ip_elective_daycase"],
        "measure": ["admissions", "admissions"],
        "year": [2028, 2028],
        "truth": [100, 0],
        "p10": [90.0, 0.0],
        "p90": [120.0, 1.0],
        "bias_pct": [5.0, None],
        "inside": [True, True],
    }
)
PRECISION = pl.DataFrame(
    {
        "figure": ["Daycase Admission, admissions"],
        "relative_error": [0.004],
        "runs_for_precision": [164.0],
    }
)


def drawn(chart) -> list[dict]:
    """Give all rows of data of a chart, which is checked against the schema on the way."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def test_figures_are_those_of_the_tables():
    rows = [row for row in drawn(comparison_chart(COMPARISON, "T")) if "mean" in row]
    elective, daycase = rows[:2]
    assert elective["mean"] == -10
    assert (elective["low"], elective["high"]) == pytest.approx((-15, -5))
    assert daycase["text"] == "+10 (5.0%), P(more) 90%"
    rows = [row for row in drawn(why_chart(WHY, "T", "Base", "Other")) if "whole" in row]
    assert [row["label"] for row in rows] == ["Falls Related Admissions", "Chance", "Difference"]
    assert rows[0]["text"] == "−90 (−120 to −60)"
    rows = [row for row in drawn(within_run_chart(PARTS, "Base")) if "text" in row]
    assert {row["label"] for row in rows} == {"Population size and age", "Falls Related Admissions"}
    rows = [row for row in drawn(sensitivity_chart(SHARES, SWINGS, "T", "bed days"))
            if "share" in row]  # fmt: skip
    assert [row["share"] for row in rows] == pytest.approx([70, 20, 10])
    rows = [row for row in drawn(backtest_chart(SCORED, "T")) if "mean" in row]
    assert len({row["label"] for row in rows}) == 1  # nothing to compare with where nobody was
    assert (rows[0]["low"], rows[0]["high"]) == pytest.approx((-10, 20))
    rows = [row for row in drawn(convergence_chart(PRECISION)) if "mean" in row]
    assert rows[0]["text"] == "164 runs"


def test_what_is_not_drawn_is_said_and_is_the_smallest():
    many = pl.concat([PARTS.tail(1)] * 60).with_columns(
        pl.Series("mean", [float(n) for n in range(1, 61)]),
        pl.Series("strategy", [f"own_{n}" for n in range(60)]),
    )
    chart = within_run_chart(many, "Base")
    rows = [row for row in drawn(chart) if "text" in row]
    assert [row["mean"] for row in rows] == [float(n) for n in range(60, 20, -1)]
    assert "The largest 40 of 60 rows" in str(chart.to_dict()["title"])
    assert "The first 40 of 80 rows" in str(
        comparison_chart(pl.concat([COMPARISON] * 40), "T").to_dict()["title"]
    )


def test_every_group_that_is_drawn_has_its_sum():
    whole, parts = WHY.tail(1), pl.concat([WHY.head(1)] * 12)
    parts = parts.with_columns(pl.Series("part", [f"{FALLS}_{n}" for n in range(12)]))
    groups = [
        pl.concat([parts, whole]).with_columns(pl.lit(f"m{n}").alias("measure"), pl.col("mean") - n)
        for n in range(9)
    ]
    chart = why_chart(pl.concat(groups), "T", "Base", "Other")
    rows = [row for row in drawn(chart) if row.get("whole")]
    assert len(rows) == 8
    assert "The first 8 of 9 groups" in str(chart.to_dict()["title"])


def test_rows_that_begin_alike_stay_apart():
    followups = ["followup_reduction_adult_surgical", "followup_reduction_adult_non-surgical"]
    shares = SHARES.head(2).with_columns(
        pl.Series("assumption", [f"activity_avoidance.op.{key}" for key in followups])
    )
    chart = sensitivity_chart(shares, SWINGS.head(0), "T", "attendances")
    assert len({row["label"] for row in drawn(chart) if "share" in row}) == 2
    long = COMPARISON.with_columns(
        pl.lit("A scenario whose name is long, as names of scenarios are now and then").alias("a")
    ).select("a", *COMPARISON.columns)
    years = pl.concat([long, long.with_columns(pl.lit(2033, pl.Int64).alias("year"))])
    labels = [row["label"] for row in drawn(comparison_chart(years, "T")) if "mean" in row]
    assert len(set(labels)) == 4
    assert labels[0].endswith("2043/44")


def test_the_form_is_said():
    for form, word in (("exact", "add up"), ("isolated", "interaction term")):
        assert word in str(within_run_chart(PARTS, "Base", form).to_dict()["title"])


def test_names_in_words():
    assert words("health_status_adjustment") == "Health status of older people"
    assert words("expat.ip.elective.100") == "Activity moved to other providers: ip elective 100"
    assert words("falls_related_admissions") == "Falls Related Admissions"
    assert words("chance") == "Chance"


def test_nothing_to_draw_is_said():
    for draw in (
        lambda: comparison_chart(COMPARISON.head(0), "T"),
        lambda: why_chart(WHY.head(0), "T"),
        lambda: within_run_chart(PARTS.head(0), "T"),
        lambda: sensitivity_chart(SHARES.head(0), SWINGS, "T", ""),
        lambda: backtest_chart(SCORED.head(0), "T"),
        lambda: convergence_chart(PRECISION.head(0)),
    ):
        with pytest.raises(AcutecastError, match="nothing to draw"):
            draw()


def test_files(tmp_path):
    save_chart(comparison_chart(COMPARISON, "T"), tmp_path / "c.png")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    save_chart(sensitivity_chart(SHARES, SWINGS, "T", "bed days"), tmp_path / "s.html")
    assert "Falls Related Admissions" in (tmp_path / "s.html").read_text()
