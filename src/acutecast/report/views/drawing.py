"""Parts of charts that several views share: axes, rows with intervals, fans."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal

from acutecast.report.charts import YEAR_LABEL, year_ticks

if TYPE_CHECKING:
    import altair as alt

Kind = Literal["area", "bar", "circle", "line", "point", "rule", "text"]
ROW = 24
_LINE, _NARROW_LINE = 42, 21
# A page is narrow on a phone, beside another or at a zoom of 400%. Pictures have no container and
# are never narrow; `width` is named so that the test is made again when the page changes.
NARROW = "(width >= 0 && containerSize()[0] < 560)"
INTERVAL_WORDS = "80% of the runs (P10–P90)"


def mark(
    kind: Kind,
    source: str,
    encoding: Mapping[str, Any],
    style: str | list[str] = "",
    test: str = "",
    **look: Any,
) -> alt.Chart:
    """Give one layer of a picture.

    Built from its parts, since Altair's `mark_` and `encode` copy the chart and look each text up
    in the schema: a layer takes 1 ms this way, and 5 to 20 ms that way.

    Args:
        kind: "bar", "rule", "point", "line", "area", "text", …
        source: the name of its data in `picture`.
        encoding: Altair channels by name.
        style: the role that the theme colours; see `look`.
        test: only the rows of the data for which it is true, an expression of Vega.
        look: properties of the mark that are no colour.
    """
    import altair as alt

    if style:
        look["style"] = style
    some: dict[str, Any] = {"transform": [alt.FilterTransform(filter=test)]} if test else {}
    return alt.Chart(
        data=alt.NamedData(name=source),
        mark=alt.MarkDef(type=kind, **look),
        encoding=alt.FacetedEncoding(**encoding),
        **some,
    )


def picture(layers: Sequence[Any], height: Any, **sources: Mapping[str, Any]) -> Any:
    """Lay marks over each other, as wide as the page lets them.

    Args:
        layers: marks, the first at the back.
        height: in pixels, or a step for each row.
        sources: the data by name: columns of equal length, lists or arrays.
    """
    import altair as alt

    rows = {name: _records(columns) for name, columns in sources.items()}
    chart = alt.LayerChart(layer=[], datasets=rows, width="container", height=height)
    # Given at once, every layer would be copied several times to look for what layers share.
    chart.layer = list(layers)
    return chart


def _records(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Turn columns into rows that JSON can hold."""
    plain = [v.tolist() if hasattr(v, "tolist") else list(v) for v in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]


def gathered(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Turn rows into columns."""
    columns: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    return columns


def row_axis(labels: Sequence[str], heads: Collection[int] = ()) -> alt.Y:
    """Give an axis with a label for each row; `heads` are rows that head a group.

    Rows are numbered, since two of them may have the same label. Long labels take two lines, sooner
    on a narrow page; what does not fit is cut, and tooltips and the table have it whole.
    """
    import altair as alt

    weight: Any = "normal"
    if heads:
        test = f"indexof({json.dumps(sorted(heads))}, datum.value) >= 0"
        weight = {"condition": {"test": test, "value": "bold"}, "value": "normal"}
    wide, narrow = ([_lines(label, most) for label in labels] for most in (_LINE, _NARROW_LINE))
    double = [json.dumps([n for n, line in enumerate(lines) if isinstance(line, list)])
              for lines in (narrow, wide)]  # fmt: skip
    shift: Any = {
        "condition": {
            "test": f"indexof({NARROW} ? {double[0]} : {double[1]}, datum.value) >= 0",
            "value": -6,
        },
        "value": 0,
    }
    texts = [json.dumps(lines, ensure_ascii=False) for lines in (narrow, wide)]
    return alt.Y(
        "row:O",
        title=None,
        scale=alt.Scale(domain=list(range(len(labels)))),
        axis=alt.Axis(
            labelExpr=f"({NARROW} ? {texts[0]} : {texts[1]})[datum.value]",
            labelFontWeight=weight,
            labelFontSize=alt.ExprRef(f"{NARROW} ? 11 : 12"),
            labelLimit=alt.ExprRef(f"{NARROW} ? 125 : 250"),
            labelLineHeight=12,
            labelOffset=shift,
            ticks=False,
            domain=False,
            labelPadding=8,
        ),
    )


def _lines(label: str, most: int) -> str | list[str]:
    """Break a label that is longer than a line into two; the second may be too long."""
    if len(label) <= most:
        return label
    first, *rest = wrap(label, most, break_on_hyphens=False)
    return [first, " ".join(rest)]


def row_step(labels: Sequence[str]) -> alt.Step:
    """Give the height of rows: more where some label takes two lines."""
    import altair as alt

    return alt.Step(ROW + 6 if any(len(label) > _LINE for label in labels) else ROW)


def beside(source: str, y: Any, test: str = "") -> Any:
    """Write the figures of rows (`text`) to the right of the plot; not on a narrow page."""
    import altair as alt

    text = alt.Text("text:N", condition={"test": NARROW, "value": ""})
    encoding = {"x": alt.XValue("width"), "y": y, "text": text}
    return mark("text", source, encoding, "soft", test, align="left", dx=10, fontSize=11)


def number_axis(form: str = ",.0f", ticks: int = 5, **more: Any) -> alt.Axis:
    """Give an axis of numbers; a step below 1 is not drawn for whole numbers."""
    import altair as alt

    whole: dict[str, Any] = {"tickMinStep": 1} if form.endswith(".0f") else {}
    return alt.Axis(format=form, tickCount=ticks, domain=False, ticks=False, **whole, **more)


def year_axis(first: int, last: int, years: Sequence[int] = ()) -> alt.X:
    """Give an axis of financial years from the first to the last, with up to four labels."""
    import altair as alt

    ticks = [first, last] if len(years) == 1 else year_ticks(first, last)
    return alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=[first, last], nice=False, padding=14),
        axis=alt.Axis(values=ticks, grid=False, labelExpr=YEAR_LABEL, labelFlush=False),
    )


def tips(*fields: tuple[str, str, str]) -> list[alt.Tooltip]:
    """Give the lines of a tooltip: field with type, title and format of D3 ("" for text)."""
    import altair as alt

    return [
        alt.Tooltip(name, title=title, format=form) if form else alt.Tooltip(name, title=title)
        for name, title, form in fields
    ]


def figure_tips(form: str = ",.0f", baseline: bool = True) -> list[alt.Tooltip]:
    """Give baseline, projection and interval as lines of a tooltip."""
    first = [("baseline:Q", "Baseline", form)] if baseline else []
    return tips(
        *first,
        ("principal:Q", "Principal projection", form),
        ("p10:Q", "P10", form),
        ("p90:Q", "P90", form),
    )


def haloed(source: str, encoding: Mapping[str, Any], **look: Any) -> list[Any]:
    """Write text (`text`) that lines behind it don't cross."""
    import altair as alt

    encoding = {**encoding, "text": alt.Text("text:N")}
    return [mark("text", source, encoding, style, **look) for style in ("halo", "ink")]


def interval(source: str, y: Any, title: str, test: str = "", ends: str = "low high") -> Any:
    """Draw the interval of each row as a thick bar."""
    import altair as alt

    low, high = ends.split()
    encoding = {"x": alt.X(f"{low}:Q", title=title), "x2": alt.X2(high), "y": y}
    return mark("rule", source, encoding, "interval", test, strokeWidth=7)


def whisker(source: str, y: Any, title: str, style: str = "ink", ends: str = "low high") -> Any:
    """Draw the interval of each row as a thin line."""
    import altair as alt

    low, high = ends.split()
    encoding = {"x": alt.X(f"{low}:Q", title=title), "x2": alt.X2(high), "y": y}
    return mark("rule", source, encoding, style, strokeWidth=1.75)


FILLED: dict[str, Any] = {"filled": True, "opacity": 1}
HOLLOW: dict[str, Any] = {"filled": False, "opacity": 1, "strokeWidth": 2.5}
