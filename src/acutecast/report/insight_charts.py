"""Pictures of comparisons, of what drives them, of sensitivity, back-tests and precision.

Every chart is rows: a label, a bar or dot with its interval around zero, and the figures in print.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from acutecast import facts
from acutecast.errors import AcutecastError, Problem
from acutecast.report.charts import (
    BLUE,
    DARK_GREY,
    FACTOR_LABELS,
    FONT,
    GREY,
    INK,
    LIGHT_BLUE,
    ORANGE,
    PALE_GREY,
    financial_year,
)

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

MOST_ROWS = 40
_LABELS, _PLOT = 330, 420
_ROW = 22
_MOST_SHARES = 14
_MOST_PANELS = 8
_FORMS = {
    "exact": "Exact: in every run the parts add up to the change; overlapping TPMAs share fairly.",
    "isolated": "Isolated, as the NHP model reports: each effect as if it acted alone, and an "
    "interaction term for what that leaves.",
}


@cache
def _tpmas() -> dict[str, str]:
    return {row["key"]: row["name"] for row in facts.rows("tpmas")}


def words(name: str) -> str:
    """Give the words for an assumption, change factor or TPMA: its label, or its own parts."""
    if name in FACTOR_LABELS:
        return FACTOR_LABELS[name]
    section, *rest = name.split(".")
    if rest and rest[-1] in _tpmas():
        return _tpmas()[rest[-1]]
    if name in _tpmas():
        return _tpmas()[name]
    if section in FACTOR_LABELS:
        return f"{FACTOR_LABELS[section]}: {' '.join(rest)}"
    return name.replace("_", " ").capitalize()


def comparison_chart(table: pl.DataFrame, title: str, subtitle: str = "") -> alt.LayerChart:
    """Draw the difference of every row of a comparison, in percent of the reference.

    Args:
        table: of `Comparison.table` or `compare_capacity`.
        title: what is compared.
        subtitle: said below it.

    Raises:
        AcutecastError: where the table is empty.
    """
    import polars as pl

    table, more = _drawn(_some(table, "difference_pct"))
    ends = {"low": "p10", "high": "p90"}
    share = 100 / pl.col("mean_reference")
    rows = table.select(
        _row_label(table).alias("label"),
        pl.col("difference_pct").alias("mean"),
        *((pl.col(old) * share).alias(new) for new, old in ends.items()),
        pl.format(
            "{} ({}), P(more) {}%",
            _signed(pl.col("difference")),
            pl.col("difference_pct").round(1).cast(pl.String) + "%",
            (100 * pl.col("probability_more")).round(0).cast(pl.Int64),
        ).alias("text"),
    )  # fmt: skip
    note = "Dot: mean difference in percent of the reference · bar: 80% of the differences"
    return _look(_dots(rows, title, [line for line in (subtitle, note, *more) if line], "%"))


def why_chart(
    table: pl.DataFrame, title: str, reference_name: str = "", other_name: str = ""
) -> alt.VConcatChart:
    """Draw the parts of the difference between two runs, one panel per group, up to eight.

    Args:
        table: of `Why.table`.
        title: what is explained.
        reference_name, other_name: the runs.

    Raises:
        AcutecastError: where the table is empty.
    """
    import altair as alt

    table = _some(table, "mean")
    known = {"part", "mean", "share", "standard_error", "reference"}
    keys = [name for name in table.columns if (name not in known and name[0] != "p")
            or name == "pod"]  # fmt: skip
    low, high = (name for name in table.columns if name[0] == "p" and name[1:].isdigit())
    panels = []
    groups = table.partition_by(keys, maintain_order=True)
    for group in groups[:_MOST_PANELS]:
        rows, more = _parts(group, "part", low, high, "difference")
        names = ", ".join(str(group[name][0]) for name in keys)
        panels.append(_bars(rows, names, more, group["reference"][0]))
    notes = [f"From {reference_name} to {other_name}"] if reference_name else []
    notes.append("Whiskers: 80% of the runs")
    if len(groups) > _MOST_PANELS:
        notes.append(f"The first {_MOST_PANELS} of {len(groups)} groups; the table has all.")
    return _look(alt.vconcat(*panels, spacing=18).properties(title=_title(title, notes)))


def within_run_chart(parts: pl.DataFrame, title: str, form: str = "exact") -> alt.LayerChart:
    """Draw what the change of one run is made of, with an interval on every bar.

    Args:
        parts: of `Run.attribution`, by change factor or TPMA.
        title: the run.
        form: "exact" or "isolated".

    Raises:
        AcutecastError: where the table is empty.
    """
    import polars as pl

    table = _some(parts, "mean")
    if "strategy" in table.columns:
        name = pl.when(pl.col("strategy") == "-").then(pl.col("change_factor"))
        table = table.with_columns(name.otherwise(pl.col("strategy")).alias("change_factor"))
    low, high = (name for name in table.columns if name[0] == "p" and name[1:].isdigit())
    rows, more = _parts(table, "change_factor", low, high, "")
    return _look(_bars(rows, title, [_FORMS[form], *more], None))


def sensitivity_chart(
    shares: pl.DataFrame, swings: pl.DataFrame, title: str, unit: str
) -> alt.HConcatChart:
    """Draw the shares of the variance beside the tornado.

    Args:
        shares: of `Sensitivity.table`.
        swings: of `Swings.frame`.
        title: the output.
        unit: what it counts.

    Raises:
        AcutecastError: where the table is empty.
    """
    import altair as alt
    import polars as pl

    table = _some(shares, "share")
    rest = pl.col("assumption") == "not explained"
    table = pl.concat([table.filter(~rest).head(_MOST_SHARES), table.filter(rest)])
    order = table["assumption"].to_list()
    labels = list(map(words, order))
    rows = table.select(
        pl.Series("label", labels),
        (100 * pl.col("share")).alias("share"),
        (100 * (pl.col("share") - pl.col("standard_error"))).alias("low"),
        (100 * (pl.col("share") + pl.col("standard_error"))).alias("high"),
        (100 * pl.col("total")).alias("total"),
    )
    y = alt.Y("label:N", sort=labels, title=None, axis=alt.Axis(labelLimit=_LABELS, ticks=False))
    x_title = "Share of the variance, %"
    base = alt.Chart(rows).encode(y=y)
    tip = [alt.Tooltip("label:N"), alt.Tooltip("share:Q", format=".1f")]
    left = alt.layer(
        base.mark_bar(color=LIGHT_BLUE).encode(
            x=alt.X("share:Q", title=x_title), tooltip=tip
        ),
        base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q"),
        base.transform_filter("isValid(datum.total)")
        .mark_point(color=ORANGE, filled=False, size=60, strokeWidth=2)
        .encode(x="total:Q"),
    ).properties(
        width=300,
        height=alt.Step(_ROW),
        title=_title("What the uncertainty is made of",
                     ["Bar: alone, ± one standard error · ring: with its interactions"]),
    )  # fmt: skip
    swings = swings.filter(pl.col("assumption").is_in(order))
    names = dict(zip(order, labels, strict=True))
    moved = swings.with_columns(pl.col("assumption").replace(names).alias("label"))
    right = (
        alt.Chart(moved)
        .mark_bar(height={"band": 0.6})
        .encode(
            y=alt.Y("label:N", sort=labels, title=None, axis=None),
            x=alt.X("at_low:Q", title=unit, scale=alt.Scale(zero=False),
                    axis=alt.Axis(format=",.0f", tickCount=4)),
            x2="at_high:Q",
            color=alt.condition("datum.change >= 0", alt.value(BLUE), alt.value(ORANGE)),
            tooltip=["label:N", alt.Tooltip("at_low:Q", format=",.0f"),
                     alt.Tooltip("at_high:Q", format=",.0f")],
        )
        .properties(
            width=300,
            height=alt.Step(_ROW),
            title=_title("From its P10 to its P90",
                         ["Mean output, others as drawn · blue: rises, orange: falls"]),
        )
    )  # fmt: skip
    both = alt.hconcat(left, right, spacing=30).resolve_scale(y="independent")
    return _look(both.properties(title=_title(title, [])))


def backtest_chart(table: pl.DataFrame, title: str) -> alt.LayerChart:
    """Draw the projection of every group against what happened, which is 0%.

    Args:
        table: of `Scored.table`.
        title: what was projected.

    Raises:
        AcutecastError: where the table is empty.
    """
    import polars as pl

    table, more = _drawn(_some(table.filter(pl.col("truth") > 0), "bias_pct"))
    low, high = (name for name in table.columns if name[0] == "p" and name[1:].isdigit())
    against = 100 / pl.col("truth")
    rows = table.select(
        _row_label(table).alias("label"),
        pl.col("bias_pct").alias("mean"),
        (pl.col(low) * against - 100).alias("low"),
        (pl.col(high) * against - 100).alias("high"),
        pl.when(pl.col("inside")).then(pl.lit("inside")).otherwise(pl.lit("outside")).alias("text"),
    )
    note = "Dot: projection in percent of the truth (0) · bar: 80% of the runs"
    return _look(_dots(rows, title, [note, *more], "%"))


def convergence_chart(table: pl.DataFrame) -> alt.LayerChart:
    """Draw the relative standard error of every headline figure, with the runs it would take.

    Args:
        table: of `acutecast.precision`.

    Raises:
        AcutecastError: where the table is empty.
    """
    import polars as pl

    table, more = _drawn(_some(table, "relative_error"))
    rows = table.select(
        pl.col("figure").alias("label"),
        (100 * pl.col("relative_error")).alias("mean"),
        pl.lit(0.0).alias("low"),
        (100 * pl.col("relative_error")).alias("high"),
        pl.format("{} runs", pl.col("runs_for_precision").cast(pl.Int64)).alias("text"),
    )
    return _look(_dots(rows, "Standard error of the headline figures", more, "%"))


def _some(table: pl.DataFrame, needed: str) -> pl.DataFrame:
    """Give the rows that have a figure; refuse a table without any."""
    import polars as pl

    kept = table.filter(pl.col(needed).is_not_null() & pl.col(needed).is_finite())
    if kept.is_empty():
        raise AcutecastError(Problem("there is nothing to draw", where="chart"))
    return kept


def _drawn(table: pl.DataFrame, which: str = "first") -> tuple[pl.DataFrame, list[str]]:
    """Give as many rows as a chart can show, and say so where there are more."""
    if len(table) <= MOST_ROWS:
        return table, []
    note = f"The {which} {MOST_ROWS} of {len(table)} rows; the table has all."
    return table.head(MOST_ROWS), [note]


def _row_label(table: pl.DataFrame) -> Any:
    """Join what tells a row of a comparison from the others; the axis cuts what is too long."""
    import polars as pl

    pods = facts.pod_labels()
    numbers = {name for name, kind in table.schema.items() if kind.is_numeric()}
    skip = {"reference", "unit", "area"}
    if "other" in table.columns and table["other"].n_unique() == 1:
        skip.add("other")
    names = [
        name
        for name, kind in table.schema.items()
        if name not in numbers | skip and kind == pl.String
    ]
    parts = [pl.col(name).replace(pods) if name == "pod" else pl.col(name) for name in names]
    if "year" in table.columns and table["year"].n_unique() > 1:
        parts.append(pl.col("year").map_elements(financial_year, return_dtype=pl.String))
    return pl.concat_str(parts, separator=" · ")


def _signed(number: Any) -> Any:
    import polars as pl

    return number.map_elements(lambda n: f"{n:+,.0f}".replace("-", "−"), return_dtype=pl.String)


def _parts(
    table: pl.DataFrame, name: str, low: str, high: str, last: str
) -> tuple[pl.DataFrame, list[str]]:
    """Give the rows of a chart of parts, largest first, the whole last, and what is left out."""
    import polars as pl

    rows = table.select(
        pl.col(name).map_elements(words, return_dtype=pl.String).alias("label"),
        "mean",
        pl.col(low).alias("low"),
        pl.col(high).alias("high"),
        (pl.col(name) == last).alias("whole"),
    ).filter((pl.col("mean") != 0) | pl.col("whole") | (pl.col("low") != pl.col("high")))
    parts = rows.filter(~pl.col("whole")).sort(-pl.col("mean").abs(), maintain_order=True)
    parts, more = _drawn(parts, "largest")
    text = pl.format("{} ({} to {})", *(_signed(pl.col(c)) for c in ("mean", "low", "high")))
    rows = pl.concat([parts, rows.filter("whole")]).with_columns(text.alias("text"))
    return rows, more


def _bars(rows: pl.DataFrame, title: str, notes: list[str], reference: float | None) -> Any:
    import altair as alt
    import polars as pl

    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=_LABELS, ticks=False))
    x_axis = alt.Axis(format=",.0f", tickCount=5)
    rows = rows.with_columns(
        pl.when("whole")
        .then(pl.lit(GREY))
        .when(pl.col("mean") >= 0)
        .then(pl.lit(BLUE))
        .otherwise(pl.lit(ORANGE))
        .alias("colour")
    )
    base = alt.Chart(rows).encode(y=y)
    if reference is not None:
        notes = [*notes, f"Reference: {reference:,.0f}"]
    return alt.layer(
        base.mark_bar(height={"band": 0.65}).encode(
            x=alt.X("mean:Q", title=None, axis=x_axis),
            color=alt.Color("colour:N", scale=None),
            tooltip=["label:N", "text:N"],
        ),
        base.mark_rule(color=INK, strokeWidth=1.5).encode(x="low:Q", x2="high:Q"),
        _print(base),
    ).properties(width=_PLOT, height=alt.Step(_ROW), title=_title(title, notes))


def _dots(rows: pl.DataFrame, title: str, notes: list[str], unit: str) -> Any:
    import altair as alt

    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelLimit=_LABELS, ticks=False))
    base = alt.Chart(rows).encode(y=y)
    return alt.layer(
        base.mark_rule(color=LIGHT_BLUE, strokeWidth=6).encode(
            x=alt.X("low:Q", title=unit), x2="high:Q"
        ),
        base.mark_point(color=BLUE, filled=True, size=55, opacity=1).encode(
            x="mean:Q", tooltip=["label:N", "text:N", alt.Tooltip("mean:Q", format="+.1f")]
        ),
        alt.Chart(rows.head(1)).mark_rule(color=DARK_GREY).encode(x=alt.datum(0)),
        _print(base),
    ).properties(width=_PLOT, height=alt.Step(_ROW), title=_title(title, notes))


def _print(base: Any) -> Any:
    """Print the figures to the right of the plot."""
    import altair as alt

    return base.mark_text(align="left", color=INK, fontSize=11).encode(
        x=alt.value(_PLOT + 12), text="text:N"
    )


def _title(text: str, notes: list[str]) -> Any:
    import altair as alt

    return alt.TitleParams(text, subtitle=notes, anchor="start", subtitleFontSize=12, offset=8)


def _look(chart: Any) -> Any:
    return (
        chart.properties(padding={"left": 16, "right": 24, "top": 14, "bottom": 12})
        .configure(font=FONT, background="white")
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, labelColor=INK, titleColor=DARK_GREY,
                        gridColor=PALE_GREY, domainColor=GREY)
        .configure_title(fontSize=14, color=INK, subtitleColor=DARK_GREY)
    )  # fmt: skip
