"""Charts of who and what a TPMA is: people by age and sex, causes, and the intervals beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from acutecast import facts
from acutecast.insight.evidence import Evidence
from acutecast.report.views.drawing import FILLED, mark, number_axis, picture, tips
from acutecast.report.views.shown import Column, Shown, nothing, table_of

if TYPE_CHECKING:
    import polars

_ROW = 26
_CAUSES = {
    "diagnoses": ("primary diagnoses", "Diagnosis (ICD-10)"),
    "procedures": ("main procedures", "Procedure (OPCS-4)"),
}
# What the share that does not remain turns into, as a heading of an axis.
_GOES = {
    "": "Fewer, %",
    "all": "Shorter stays, %",
    "pre-op": "Without the days before the operation, %",
    "sdec": "Moved to same day emergency care, %",
    "day_procedures_daycase": "Moved to day case, %",
    "day_procedures_outpatients": "Moved to outpatients, %",
    "tele": "By telephone or video, %",
}


def age_sex_shown(people: Evidence, name: str) -> Shown:
    """Draw a TPMA's activity by age and sex, men to the left, women to the right.

    Args:
        people: of `acutecast.insight.evidence.age_sex`.
        name: of the TPMA.
    """
    columns = (
        Column("age", "Age"), Column("sex", "Sex"), Column("n", "In the baseline year", "count"),
        Column("percent", "Share", "percent"),
    )  # fmt: skip
    title = f"{name}: age and sex"
    if people.table.is_empty():
        return nothing("age-sex", title, columns, people.notes[0])
    rows = people.table.with_columns((100 * people.table["share"]).alias("percent"))
    most = rows.drop_nulls("n").sort("n", descending=True).row(0, named=True)
    total = float(rows["n"].sum())
    women = float(rows.filter(rows["sex"] == "Female")["n"].sum())
    share = f"{100 * women / total:.0f}%" if total else "none"
    alt = (
        f"{name} by five-year age band and sex: {total:,.0f} in all, {share} of them of women; "
        f"most at ages {most['age']} ({most['sex'].lower()}, {most['n']:,.0f})."
    )
    words = "Activity in the baseline year by five-year age band: men left, women right."
    chart = _pyramid(rows)
    return Shown(
        "age-sex", title, words, columns, table_of(columns, rows), chart, alt, people.notes
    )


def _pyramid(rows: polars.DataFrame) -> Any:
    import altair as alt

    ages = rows.sort("from_age", descending=True)["age"].unique(maintain_order=True).to_list()
    most = float(rows["n"].max() or 1.0)  # type: ignore[arg-type]
    people = {name: rows[name].to_list() for name in ("age", "sex", "n", "percent")}
    people["signed"] = [
        n if n is None or sex == "Female" else -n for n, sex in rows.select("n", "sex").iter_rows()
    ]
    # Counts to the left are no negative numbers.
    axis = number_axis(labelExpr="format(abs(datum.value), ',.0f')", titleAnchor="middle")
    scale = alt.Scale(domain=[-most, most], nice=True)
    x = alt.X("signed:Q", title="Men to the left, women to the right", axis=axis, scale=scale)
    y = alt.Y("age:N", sort=ages, title="Age", axis=alt.Axis(ticks=False, domain=False))
    tooltip = tips(
        ("age:N", "Age", ""),
        ("sex:N", "Sex", ""),
        ("n:Q", "Activity", ",.0f"),
        ("percent:Q", "Share, %", ".1f"),
    )
    bars = [
        mark("bar", "people", {"x": x, "y": y, "tooltip": tooltip}, style,
             f"datum.sex == '{sex}'", height={"band": 0.82})
        for sex, style in (("Male", "baseline"), ("Female", "projection"))
    ]  # fmt: skip
    zero = mark("rule", "people", {"x": alt.XDatum(0)}, "ink")
    return picture([*bars, zero], alt.Step(17), people=people)


def causes_shown(causes: Evidence, name: str, what: str = "diagnoses") -> Shown:
    """Draw the most frequent diagnoses or procedures of a TPMA's spells.

    Args:
        causes: of `top_diagnoses` or `top_procedures` of `acutecast.insight.evidence`.
        name: of the TPMA.
        what: "diagnoses" or "procedures".
    """
    noun, head = _CAUSES[what]
    columns = (
        Column("label", head), Column("n", "Spells", "count"), Column("percent", "Share", "percent")
    )  # fmt: skip
    title = f"{name}: most frequent {noun}"
    if causes.table.is_empty():
        return nothing(what, title, columns, causes.notes[0])
    rows = causes.table.with_columns((100 * causes.table["share"]).alias("percent"))
    named = rows.filter(rows["code"] != "").drop_nulls("n")
    listed = ", ".join(f"{r['label']} {r['percent']:.0f}%" for r in named.head(3).to_dicts())
    alt = f"{name}, {noun}: {listed or 'none named'}."
    words = f"The six most frequent {noun} of its spells in the baseline year, and all others."
    chart = _bars(rows)
    return Shown(what, title, words, columns, table_of(columns, rows), chart, alt, causes.notes)


def _bars(rows: polars.DataFrame) -> Any:
    import altair as alt

    rows = rows.drop_nulls("n")
    most = float(rows["n"].max() or 1.0)  # type: ignore[arg-type]
    spells = {name: rows[name].to_list() for name in ("label", "code", "n", "percent")}
    spells["text"] = [
        f"{n:,.0f} ({percent:.0f}%)" for n, percent in rows.select("n", "percent").iter_rows()
    ]
    axis = number_axis(titleAnchor="middle", grid=False)
    scale = alt.Scale(domain=[0, 1.25 * most], nice=False)
    at = {
        "x": alt.X("n:Q", title="Spells", axis=axis, scale=scale),
        "y": alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False)),
    }
    tooltip = tips(("label:N", "Code", ""), ("n:Q", "Spells", ",.0f"),
                   ("percent:Q", "Share, %", ".1f"))  # fmt: skip
    bars = [
        mark("bar", "spells", {**at, "tooltip": tooltip}, style, test, height={"band": 0.68})
        for test, style in (("datum.code != ''", "projection"), ("datum.code == ''", "baseline"))
    ]
    said = {**at, "text": alt.Text("text:N")}
    text = mark("text", "spells", said, align="left", dx=6, fontSize=11)
    return picture([*bars, text], alt.Step(_ROW), spells=spells)


def intervals_shown(tpma: Mapping[str, Any]) -> Shown:
    """Draw what is set beside what experts and peers suggest, as how much less there would be.

    Args:
        tpma: a row of `tpma_table`.
    """
    columns = (
        Column("source", "Source"),
        Column("least", "Change, from %", "percent"), Column("most", "Change, to %", "percent"),
        Column("remaining_low", "Remaining, P10", "percent"),
        Column("remaining_high", "Remaining, P90", "percent"),
    )  # fmt: skip
    title = f"{tpma['name']}: what is set, beside experts and peers"
    rows = interval_rows(tpma)
    if rows.is_empty():
        note = "Nothing is set, and neither experts nor peers suggest an interval."
        return nothing("intervals", title, columns, note)
    axis = _axis_of(tpma)
    said = [
        f"{r['source']}: {_plain(r['least'])}% to {_plain(r['most'])}%" for r in rows.to_dicts()
    ]
    alt = f"{tpma['name']}, {axis.removesuffix(', %').lower()}: {'; '.join(said)}."
    words = (
        "Bars go from P10 to P90; the dot is the mean of the experts or the median of the peers. "
        "What remains is 100% less this."
    )
    notes = () if tpma["set"] else ("Nothing is set yet.",)
    chart = _intervals(rows, axis)
    return Shown("intervals", title, words, columns, table_of(columns, rows), chart, alt, notes)


def interval_rows(tpma: Mapping[str, Any]) -> polars.DataFrame:
    """Give the intervals that are known of a TPMA, as changes in percent and as what remains.

    Args:
        tpma: a row of `tpma_table`.

    Returns:
        `source`, `kind` ("set", "elicited", "peers"), `least`, `most` and `middle` of the change in
        percent, `remaining_low` and `remaining_high` in percent.
    """
    import polars as pl

    rate, median = tpma["rate"], tpma["peer_median"]
    middle_of_peers = min(median / rate, 1.0) if rate and median is not None else None
    known = (
        ("What is set", "set", tpma["low"], tpma["high"], None),
        ("Experts (elicited)", "elicited", tpma["elicited_low"], tpma["elicited_high"],
         tpma["elicited_mean"]),
        (f"Peers ({tpma['peers'] or 0})", "peers", tpma["suggested_low"], tpma["suggested_high"],
         middle_of_peers),
    )  # fmt: skip
    rows = [
        (source, kind, 100 * (1 - high), 100 * (1 - low),
         None if middle is None else 100 * (1 - middle), 100 * low, 100 * high)
        for source, kind, low, high, middle in known if low is not None
    ]  # fmt: skip
    numbers = ("least", "most", "middle", "remaining_low", "remaining_high")
    schema = {"source": pl.String, "kind": pl.String, **dict.fromkeys(numbers, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _axis_of(tpma: Mapping[str, Any]) -> str:
    fact = next((row for row in facts.rows("tpmas") if row["key"] == tpma["key"]), None)
    effect = fact["efficiency_type"] if fact else ""
    return _GOES["all" if fact is None and tpma["section"] == "efficiencies" else effect]


def _intervals(rows: polars.DataFrame, title: str) -> Any:
    import altair as alt

    known = {name: rows[name].to_list() for name in rows.columns}
    known["text"] = [
        f"{_plain(low)}% to {_plain(high)}%" if high - low >= 0.05 else f"{_plain(low)}%"
        for low, high in rows.select("least", "most").iter_rows()
    ]
    # With room for the words behind the longest bar.
    end = min(100, 20 * math.ceil(1.2 * float(rows["most"].max() or 1.0) / 20))  # type: ignore[arg-type]
    axis = number_axis(titleAnchor="middle", ticks=max(end // 20, 2))
    y = alt.Y(
        "source:N", sort=None, title=None,
        axis=alt.Axis(ticks=False, domain=False, labelPadding=14),
    )  # fmt: skip

    def x(field: str) -> Any:
        scale = alt.Scale(domain=[0, end], nice=False)
        return alt.X(f"{field}:Q", title=title, axis=axis, scale=scale)

    tooltip = tips(
        ("source:N", "Source", ""),
        ("text:N", title.removesuffix(", %"), ""),
        ("remaining_low:Q", "Remaining, % (P10)", ".1f"),
        ("remaining_high:Q", "Remaining, % (P90)", ".1f"),
    )
    wide = {"x": x("least"), "x2": alt.X2("most"), "y": y, "tooltip": tooltip}
    bars = [
        mark("bar", "known", wide, style, f"datum.kind == '{kind}'", height={"band": band})
        for kind, style, band in (
            ("set", "less", 0.6), ("elicited", "interval", 0.5), ("peers", "baseline", 0.5)
        )
    ]  # fmt: skip
    there = "isValid(datum.middle)"
    dots = [
        mark("point", "known", {"x": x("middle"), "y": y}, style, there, size=size, **FILLED)
        for style, size in (("halo", 110), ("ink", 70))
    ]
    said = {"x": x("most"), "y": y, "text": alt.Text("text:N")}
    text = mark("text", "known", said, align="left", dx=10, fontSize=11)
    return picture([*bars, *dots, text], alt.Step(34), known=known)


def _plain(percent: float) -> str:
    return f"{percent:.1f}".removesuffix(".0")
