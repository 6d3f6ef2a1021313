"""Charts of rates of one TPMA, for setting it: by year, beside other providers.

Trend, funnel and box share their vertical axis, and what is set stands on each as a band: the
share that remains times one's own rate. Everything is a `Shown`, as views of runs are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acutecast.insight import evidence as known
from acutecast.insight.evidence import Chosen, Evidence
from acutecast.insight.evidence_tables import Root
from acutecast.provider import Provider
from acutecast.report.charts import YEAR_LABEL, financial_year, year_ticks
from acutecast.report.evidence_axis import (
    BAND,
    HEIGHT,
    RECT,
    SET,
    Scale,
    fitting,
    kind_of,
    own_rate,
    ribbon,
    ribbon_words,
    scale_of,
    title_of,
)
from acutecast.report.evidence_funnel import funnel_shown
from acutecast.report.evidence_people import age_sex_shown, causes_shown, intervals_shown
from acutecast.report.views.drawing import FILLED, haloed, mark, picture, tips
from acutecast.report.views.look import quickly
from acutecast.report.views.shown import Column, Shown, nothing, table_of

if TYPE_CHECKING:
    import polars

    from acutecast.scenario import Scenario

__all__ = [
    "age_sex_shown", "box_shown", "causes_shown", "funnel_shown", "intervals_shown", "own_rate",
    "scale_of", "tpma_shown", "trend_shown",
]  # fmt: skip


def tpma_shown(
    provider: Provider,
    tpma: Mapping[str, Any],
    scenario: Scenario | None = None,
    evidence_root: Root = None,
) -> tuple[Shown, ...]:
    """Draw everything that is known about one TPMA.

    Args:
        provider: whose it is.
        tpma: its row of `tpma_table`.
        scenario: what is set, with a horizon; nothing if None.
        evidence_root: the folder of assumption tables; beside the provider tables if None.

    Returns:
        In reading order: intervals, trend, funnel, box, age and sex, diagnoses, procedures; and,
        where England's trend is told in another unit than the rates, that trend ("england").
    """
    key, name = tpma["key"], tpma["name"]
    chosen = None if scenario is None else known.chosen(provider, scenario, tpma["path"])
    by_year, rates = (
        known.trend(provider, key, evidence_root),
        known.funnel(provider, key, evidence_root),
    )
    scale = scale_of(by_year, rates, chosen)
    with quickly():
        shown = [
            intervals_shown(tpma),
            trend_shown(by_year, name, scale, chosen),
            funnel_shown(rates, name, scale, chosen),
            box_shown(known.peers_box(provider, key, evidence_root), name, scale, chosen),
            age_sex_shown(known.age_sex(provider, key, evidence_root), name),
            causes_shown(known.top_diagnoses(provider, key, evidence_root), name),
            causes_shown(known.top_procedures(provider, key, evidence_root), name, "procedures"),
        ]
        if by_year.table["own"].all() and not by_year.table.is_empty():
            national = known.trend(provider, key, evidence_root, beside_england=True)
            if not national.table["own"].all():
                beside = trend_shown(national, name, None, chosen)
                title = f"{name}: trend beside England, {title_of(national.unit)}"
                shown.append(replace(beside, key="england", title=title))
    return tuple(shown)


def trend_shown(
    trend: Evidence, name: str, scale: Scale | None = None, chosen: Chosen | None = None
) -> Shown:
    """Draw a TPMA's rate by year, beside England's, and where what is set would lead.

    Args:
        trend: of `acutecast.insight.evidence.trend`.
        name: of the TPMA.
        scale: the common vertical axis; where the unit differs, or None, the chart's own.
        chosen: what is set.
    """
    columns = (
        Column("year", "Year", "year"), Column("series", "Provider"),
        Column("rate", title_of(trend.unit), kind_of(trend.unit)),
    )  # fmt: skip
    title = f"{name}: trend"
    if trend.table.is_empty():
        return nothing("trend", title, columns, trend.notes[0])
    notes = trend.notes
    if scale is None or scale.unit != trend.unit or not _holds(scale, trend):
        if scale is not None:
            notes = (*notes, "The vertical axis is not that of the other charts.")
        rates = trend.table["value"].to_list()
        now = trend.table.filter(trend.table["baseline"])["value"].to_list()
        rates += [now[0] * s for s in (chosen.low, chosen.high)] if chosen and now else []
        scale = fitting(rates, trend.unit)
    rows = trend.table.with_columns((trend.table["value"] * scale.factor).alias("rate"))
    own, england = rows.filter(rows["own"]), rows.filter(~rows["own"])
    now = own.filter(own["baseline"])
    words = "The line is this provider, with the baseline year as a large dot."
    if len(england):
        words += " The dashed line is England."
    if chosen is not None and len(now):
        words += (
            f" The band is where what is set ({chosen.words}) would bring the rate by "
            f"{financial_year(chosen.years[-1])}, P10 to P90, all else equal."
        )
    chart = _trend_chart(rows, scale, chosen if len(now) else None)
    alt = f"{name}, {title_of(trend.unit)}: " + "; ".join(
        _path_words(part, scale) for part in (own, england) if len(part)
    )
    return Shown("trend", title, words, columns, table_of(columns, rows), chart, f"{alt}.", notes)


def _holds(scale: Scale, trend: Evidence) -> bool:
    """Tell whether all rates lie on an axis."""
    low, high = scale.domain
    return trend.table["value"].is_between(low / scale.factor, high / scale.factor).all()


def _path_words(path: polars.DataFrame, scale: Scale) -> str:
    first, last = path.row(0, named=True), path.row(-1, named=True)
    now = f"{scale.said(last['value'])} in {last['label']}"
    if len(path) == 1:
        return f"{last['series']} {now}"
    return f"{last['series']} from {scale.said(first['value'])} in {first['label']} to {now}"


def _trend_chart(rows: polars.DataFrame, scale: Scale, chosen: Chosen | None) -> Any:
    import altair as alt

    years = rows["year"].to_list() + ([chosen.years[-1]] if chosen else [])
    first, last = min(years), max(years)
    x = alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=[first, last], nice=False, padding=16),
        axis=alt.Axis(
            values=year_ticks(first, last, 4), grid=False, labelExpr=YEAR_LABEL, labelFlush=False
        ),
    )
    at = {"x": x, "y": scale.y()}
    dot = at | {
        "tooltip": tips(
            ("label:N", "Year", ""),
            ("series:N", "Provider", ""),
            ("rate:Q", title_of(scale.unit), scale.form),
        )
    }
    layers, band = ([], {}) if chosen is None else _wedge(rows, scale, chosen, x)
    layers += [
        mark("line", "rates", at, "soft", "!datum.own", strokeDash=[6, 4], strokeWidth=2),
        mark("line", "rates", at, "projection", "datum.own", strokeWidth=2.5),
        mark("point", "rates", dot, "soft", "!datum.own", size=24, **FILLED),
        mark("point", "rates", dot, "projection", "datum.own", size=36, **FILLED),
        mark("point", "rates", dot, "strong", "datum.baseline", size=150, **FILLED),
    ]
    name, side = _named(rows)
    if side:
        text = {**at, "text": alt.Text("series:N")}
        here = f"!datum.own && datum.year == {name}"
        layers.append(mark("text", "rates", text, "", here, align=side, dy=-8,
                           dx=7 if side == "left" else -7))  # fmt: skip
    kept = rows.select("year", "label", "series", "own", "baseline", "rate")
    return picture(
        layers, HEIGHT, rates=kept.to_dict(as_series=False), **({"band": band} if band else {})
    )


def _named(rows: polars.DataFrame) -> tuple[int, str]:
    """Give the year at which England's line is named, and how the text is aligned there."""
    england = rows.filter(~rows["own"])
    if england.is_empty():
        return 0, ""
    # Room is right of a point above a falling line, left of it above a rising one.
    falls = england["rate"][-1] < england["rate"][0]
    return int(england["year"][len(england) // 2]), "left" if falls else "right"


def _wedge(
    rows: polars.DataFrame, scale: Scale, chosen: Chosen, x: Any
) -> tuple[list[Any], dict[str, list[Any]]]:
    """Draw where what is set leads from the baseline year on; `rate` is as drawn."""
    import altair as alt

    now = float(rows.filter(rows["baseline"])["rate"][0])
    band: dict[str, list[Any]] = {
        "year": list(chosen.years),
        "low": [now * share for share in chosen.low_by_year],
        "high": [now * share for share in chosen.high_by_year],
        "text": [SET] * len(chosen.years),
    }
    area = {"x": x, "y": scale.y("low"), "y2": alt.Y2("high")}
    said = {"x": x, "y": scale.y("high"), "text": alt.Text("text:N")}
    # Above a line that does not rise there is room to the right of a point.
    half = f"datum.year == {chosen.years[len(chosen.years) // 2]}"
    lines = [
        mark("line", "band", {"x": x, "y": scale.y(name)}, "less", strokeWidth=1.5)
        for name in ("low", "high")
    ]
    text = mark("text", "band", said, "", half, align="left", dx=6, dy=-6, fontSize=11)
    return [mark("area", "band", area, "less", opacity=BAND, clip=True), *lines, text], band


def box_shown(
    box: Evidence, name: str, scale: Scale | None = None, chosen: Chosen | None = None
) -> Shown:
    """Draw the rates of the other providers as a box, with every point and one's own.

    Args:
        box: of `acutecast.insight.evidence.peers_box`.
        name: of the TPMA.
        scale: the common vertical axis; the chart's own if None.
        chosen: what is set; a band of rates.
    """
    columns = (
        Column("provider", "Provider"), Column("rate", title_of(box.unit), kind_of(box.unit))
    )  # fmt: skip
    title = f"{name}: beside other providers"
    if box.table.is_empty():
        return nothing("box", title, columns, box.notes[0])
    if scale is None:
        ends = box.table["rate"].to_list()
        own = box.table.filter(box.table["own"])["rate"].to_list()
        ends += [own[0] * s for s in (chosen.low, chosen.high)] if chosen and own else []
        scale = fitting(ends, box.unit)
    of_peers = ("p10", "p25", "median", "p75", "p90")
    rows = box.table.with_columns(box.table[n] * scale.factor for n in ("rate", *of_peers))
    first = rows.row(0, named=True)
    words = "" if first["median"] is None else (
        "The box holds the middle half of the other providers, its line is their median, the "
        "whiskers are their P10 and P90, dots are providers. The large diamond is this provider."
    )  # fmt: skip
    words += ribbon_words(chosen)
    own = rows.filter(rows["own"])
    alt = f"{name}"
    if len(own):
        alt += f": this provider has {scale.said(float(own['rate'][0]) / scale.factor)}"
    if first["median"] is not None:
        ends = [scale.said(first[n] / scale.factor) for n in ("median", "p10", "p90")]
        alt += f", the median of {len(rows) - len(own)} others is {ends[0]}"
        alt += f", P10 {ends[1]}, P90 {ends[2]}"
    chart = _box_chart(rows, scale, chosen)
    return Shown(
        "box", title, words.strip(), columns, table_of(columns, rows), chart, f"{alt}.", box.notes
    )


def _box_chart(rows: polars.DataFrame, scale: Scale, chosen: Chosen | None) -> Any:
    import altair as alt

    own, others = rows.filter(rows["own"]), rows.filter(~rows["own"])
    some = len(others) > 0
    # Points side by side, so that equal rates are seen; one's own to the right of the box.
    points = {
        "provider": others["provider"].to_list(),
        "rate": others["rate"].to_list(),
        "x": [0.5 + 0.07 * ((i * 2 % 5) - 2) for i in range(len(others))],
    }
    mine = {
        "provider": own["provider"].to_list(), "text": own["provider"].to_list(),
        "rate": own["rate"].to_list(), "x": [0.78 if some else 0.5] * len(own),
    }  # fmt: skip
    axis = alt.Axis(labels=False, ticks=False, domain=False, grid=False, title=None)

    def x(field: str = "x") -> Any:
        return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=axis)

    tooltip = tips(("provider:N", "Provider", ""), ("rate:Q", title_of(scale.unit), scale.form))
    dot = {"x": x(), "y": scale.y(), "tooltip": tooltip}
    layers, band = ribbon(float(own["rate"][0]) if len(own) else None, scale, chosen)
    box = {n: [float(others[n][0])] for n in ("p10", "p25", "median", "p75", "p90")} if some else {}
    if some:
        box |= {"left": [0.38], "middle": [0.5], "right": [0.62]}
        high = {name: alt.Y2(name) for name in ("p75", "p90")}
        wide = {"x": x("left"), "x2": alt.X2("right")}
        layers += [
            mark("rule", "box", {"x": x("middle"), "y": scale.y("p10"), "y2": high["p90"]},
                 "ink", strokeWidth=1.5),
            mark(RECT, "box", {**wide, "y": scale.y("p25"), "y2": high["p75"]}, "interval",
                 opacity=0.45),
            mark("rule", "box", {**wide, "y": scale.y("median")}, "ink", strokeWidth=2.5),
            mark("point", "points", dot, "baseline", size=40, clip=True, **FILLED),
        ]  # fmt: skip
    layers.append(mark("point", "mine", dot, "strong", shape="diamond", size=190, **FILLED))
    layers += haloed("mine", {"x": x(), "y": scale.y()}, dy=-14, fontWeight="bold")
    sources = {"band": band, "box": box, "points": points, "mine": mine}
    return picture(layers, HEIGHT, **{name: data for name, data in sources.items() if data})
