"""The funnel of one TPMA: every provider's rate by size, with the limits that chance explains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.insight.evidence import Chosen, Evidence
from acutecast.report.evidence_axis import (
    HEIGHT,
    Scale,
    kind_of,
    ribbon,
    ribbon_words,
    scale_of,
    title_of,
)
from acutecast.report.views.drawing import FILLED, haloed, mark, number_axis, picture, tips
from acutecast.report.views.shown import Column, Shown, nothing, table_of

if TYPE_CHECKING:
    import polars

_MOST_LABELS = 14
_DENOMINATORS = {
    "per 1,000 people": "People, thousands",
    "mean nights": "Spells",
    "per 1,000 elective spells": "Elective spells, thousands",
    "share of contacts": "Contacts",
    "follow-ups per first attendance": "First attendances",
}


def funnel_shown(
    funnel: Evidence, name: str, scale: Scale | None = None, chosen: Chosen | None = None
) -> Shown:
    """Draw every provider's rate by size, with the limits that chance explains.

    Args:
        funnel: of `acutecast.insight.evidence.funnel`.
        name: of the TPMA.
        scale: the common vertical axis; the chart's own if None.
        chosen: what is set; a band of rates.
    """
    unit = funnel.unit
    columns = (
        Column("provider", "Provider"),
        Column("denominator", _DENOMINATORS.get(unit, "Size"), "decimal"),
        *(
            Column(n, label, kind_of(unit))
            for n, label in (
                ("rate", title_of(unit)), ("centre", "All together"),
                ("low_2", "Lower limit, 2 SD"), ("high_2", "Upper limit, 2 SD"),
                ("low_3", "Lower limit, 3 SD"), ("high_3", "Upper limit, 3 SD"),
            )
        ),
    )  # fmt: skip
    title = f"{name}: beside other providers, by size"
    if funnel.table.is_empty():
        return nothing("funnel", title, columns, funnel.notes[0])
    scale = scale or scale_of(None, funnel, chosen)
    rates = ("rate", "centre", "low_2", "high_2", "low_3", "high_3")
    rows = funnel.table.with_columns(funnel.table[n] * scale.factor for n in rates)
    own = rows.filter(rows["own"])
    alone = len(rows) < 2
    words = "" if alone else (
        "The large diamond is this provider, small dots are the others. Between the dashed lines "
        "(2 standard deviations) and the solid ones (3), differences are no more than chance and "
        "the usual variety explain."
    )  # fmt: skip
    words += ribbon_words(chosen)
    alt = f"{name}: {len(rows)} provider{'' if alone else 's'}"
    if len(own):
        row = own.row(0, named=True)
        alt += f"; this one has {scale.said(row['rate'] / scale.factor)}"
        if not alone:
            alt += f", all together {scale.said(row['centre'] / scale.factor)}{_outside(row)}"
    chart = _funnel_chart(rows, scale, chosen)
    return Shown(
        "funnel", title, words.strip(), columns, table_of(columns, rows), chart, f"{alt}.",
        funnel.notes,
    )  # fmt: skip


def _outside(row: dict[str, Any]) -> str:
    for side, word in (("high", "above"), ("low", "below")):
        for width in (3, 2):
            beyond = row["rate"] - row[f"{side}_{width}"]
            if (beyond > 0) if side == "high" else (beyond < 0):
                return f", {word} the limit of {width} standard deviations"
    return ", within the limits"


def _funnel_chart(rows: polars.DataFrame, scale: Scale, chosen: Chosen | None) -> Any:
    import altair as alt

    own, others = rows.filter(rows["own"]), rows.filter(~rows["own"])
    least, most = float(rows["denominator"].min()), float(rows["denominator"].max())  # type: ignore[arg-type]
    room = 0.08 * (most - least) or 0.2 * most
    ends = max(least - room, most / 1000), most + room
    size = _DENOMINATORS.get(scale.unit, "Size")
    x = alt.X(
        "denominator:Q",
        title=size,
        scale=alt.Scale(domain=list(ends), nice=False),
        axis=number_axis(",.0f" if most >= 20 else ",.1f", grid=False, titleAnchor="middle"),
    )
    at = {"x": x, "y": scale.y()}
    dot = at | {
        "tooltip": tips(
            ("provider:N", "Provider", ""),
            ("rate:Q", title_of(scale.unit), scale.form),
            ("denominator:Q", size, ",.1f"),
            ("z:Q", "Standard deviations from all", ".1f"),
        )
    }
    layers, band = ribbon(float(own["rate"][0]) if len(own) else None, scale, chosen)
    halo, code = haloed("named", at, dy=-10, fontSize=11)
    own_halo, own_code = haloed("mine", at, dy=-14, fontWeight="bold")
    small: dict[str, Any] = {"size": 45, "clip": True, **FILLED}
    large: dict[str, Any] = {"shape": "diamond", "size": 190, **FILLED}
    sources = {"mine": _points(own)}
    if len(rows) > 1:
        sources |= {"others": _points(others), "named": _points(_named(others, len(rows), scale))}
        sources["limits"] = _limits(rows, ends)
        line = {**at, "detail": alt.Detail("limit:N")}
        layers += [
            mark("line", "limits", line, "baseline", f"abs(datum.limit) == {width}", clip=True,
                 strokeDash=dash, strokeWidth=1.2)
            for width, dash in ((0, [1, 0]), (2, [5, 4]), (3, [1, 0]))
        ]  # fmt: skip
        # Halos first: they may hide lines, but no point.
        layers += [halo, mark("point", "others", dot, "baseline", **small), code]
    layers += [own_halo, mark("point", "mine", dot, "strong", **large), own_code]
    return picture(layers, HEIGHT, **(sources | ({"band": band} if band else {})))


def _points(rows: polars.DataFrame) -> dict[str, list[Any]]:
    names = ("provider", "denominator", "rate", "z")
    return {name: rows[name].to_list() for name in names} | {"text": rows["provider"].to_list()}


def _named(others: polars.DataFrame, providers: int, scale: Scale) -> polars.DataFrame:
    """Give the others whose code is written: all where they are few, else those that stand out."""
    low, high = scale.domain
    named = others.filter(others["rate"].is_between(low, high))
    if providers <= _MOST_LABELS:
        return named
    return named.filter((named["rate"] > named["high_3"]) | (named["rate"] < named["low_3"]))


def _limits(rows: polars.DataFrame, ends: tuple[float, float]) -> dict[str, list[Any]]:
    """Give the rate of all together (0) and the limits about it (±2, ±3), for any size."""
    size = np.linspace(*ends, 60)
    first = rows.row(0, named=True)
    # From the spread at one size that at any other follows: it falls with the root.
    spread = (first["high_2"] - first["centre"]) / 2 * np.sqrt(first["denominator"] / size)
    limits = (-3, -2, 0, 2, 3)
    rates = [np.maximum(first["centre"] + limit * spread, 0.0) for limit in limits]
    return {
        "limit": np.repeat(limits, len(size)).tolist(),
        "denominator": np.tile(size, len(limits)).tolist(),
        "rate": np.concatenate(rates).tolist(),
    }
