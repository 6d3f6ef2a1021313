"""How charts of views look: light and dark themes, and their forms for page, print and picture.

Charts name roles ("projection", "baseline"), never colours; a theme says what the roles look like.
So one chart reads well on a light page, a dark page and paper. Roles differ in form as well as in
colour (filled and hollow, solid and dashed), so that nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from acutecast.report.charts import BLUE, DARK_BLUE, DARK_GREY, FONT, GREY, INK, PALE_GREY

PRINT_WIDTH = 640
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 4])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")

# Text has 4.5:1 and drawing 3:1 against its ground (WCAG 2.2, 1.4.3 and 1.4.11). The series are
# told apart by people with any colour vision: blue, orange, plum, teal, purple, ink.
_LIGHT = {
    "ground": "#FFFFFF",
    "ink": INK,
    "soft": DARK_GREY,
    "line": PALE_GREY,
    "axis": GREY,
    "projection": BLUE,
    "strong": DARK_BLUE,
    "interval": "#41B6E6",
    "baseline": "#5C6B77",
    "less": "#B85C00",
    "series": (BLUE, "#B85C00", "#7C2855", "#00796B", "#5B2C9F", INK),
}
_DARK = {
    "ground": "#1B2329",
    "ink": "#F0F4F5",
    "soft": "#C8D2D9",
    "line": "#37434C",
    "axis": "#8A9AA6",
    "projection": "#6CB8FF",
    "strong": "#A8D4FF",
    "interval": "#3D7FB8",
    "baseline": "#B0BCC5",
    "less": "#FFB55A",
    "series": ("#6CB8FF", "#FFB55A", "#F0A3C8", "#4FD1C5", "#C3A6FF", "#F0F4F5"),
}


def colours(dark: bool = False) -> dict[str, Any]:
    """Give the colour of each role in a theme; "series" is the colours by position."""
    return dict(_DARK if dark else _LIGHT)


def theme(dark: bool = False) -> dict[str, Any]:
    """Give the Vega-Lite config of the light or the dark theme.

    Pages pass it to Vega-Embed beside `spec(chart)`; the page is the ground. Pictures and print
    have it built in, with a ground of its own.
    """
    c = colours(dark)
    label = {"labelColor": c["soft"], "titleColor": c["soft"]}
    label |= {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {
            **label,
            "gridColor": c["line"],
            "domainColor": c["axis"],
            "tickColor": c["axis"],
            "labelLimit": 240,
        },
        # At its end a title longer than the plot stays on the picture, below the labels of rows.
        "axisX": {"titleAnchor": "end"},
        "legend": {
            **label,
            "orient": "top",
            "columns": 1,
            "title": None,
            "labelLimit": 270,
            "symbolSize": 110,
        },
        "title": {
            "anchor": "start",
            "fontSize": 16,
            "color": c["ink"],
            "subtitleColor": c["soft"],
            "subtitleFontSize": 12,
            "subtitleLineHeight": 16,
            "frame": "bounds",
            "offset": 12,
        },
        "range": {"category": list(c["series"])},
        "text": {"color": c["ink"], "fontSize": 12},
        "rule": {"color": c["ink"]},
        "style": {
            "projection": {"color": c["projection"]},
            "strong": {"color": c["strong"]},
            "interval": {"color": c["interval"]},
            "baseline": {"color": c["baseline"]},
            "less": {"color": c["less"]},
            "soft": {"color": c["soft"]},
            "ink": {"color": c["ink"]},
            "line": {"color": c["line"]},
            **{f"series-{n}": {"color": colour} for n, colour in enumerate(c["series"])},
            "rim": {"stroke": c["ground"]},
            "halo": {"color": c["ground"], "stroke": c["ground"], "strokeWidth": 4},
        },
    }


def quickly() -> AbstractContextManager[None]:
    """Build Altair charts without checking each part against the schema, which takes most time.

    Every chart is checked once in the tests, where it is drawn.
    """
    from altair.utils.schemapi import debug_mode

    return debug_mode(False)


def spec(chart: Any) -> dict[str, Any]:
    """Give a chart as a Vega-Lite specification with its data, without a theme."""
    with quickly():
        found = chart.to_dict(validate=False)
    found.pop("config", None)
    return found


def _print_spec(
    chart: Any, width: int, title: str, subtitle: Sequence[str], dark: bool
) -> dict[str, Any]:
    found = spec(chart)
    if found.get("width", "container") == "container":
        found["width"] = width
    if title:
        found["title"] = {"text": _lines([title], width, 16), "offset": 12}
        if subtitle:
            found["title"]["subtitle"] = _lines(subtitle, width, 12)
    found["config"] = theme(dark)
    found["background"] = colours(dark)["ground"]
    found["padding"] = 12
    return found


def _lines(texts: Sequence[str], width: int, size: int) -> list[str]:
    """Break texts into lines that fit; a letter of Arial is about half as wide as it is high."""
    from textwrap import wrap

    return [line for text in texts for line in wrap(text, max(20, int(width / (0.52 * size))))]


def for_print(
    chart: Any, width: int = PRINT_WIDTH, title: str = "", subtitle: Sequence[str] = ()
) -> Any:
    """Give a chart for paper: of fixed width, on white, in the light theme.

    Args:
        chart: of `Shown.chart`.
        width: of the plot in pixels.
        title: written above it; documents that have a caption leave it out.
        subtitle: lines below the title.
    """
    import altair as alt

    with quickly():
        return alt.Chart.from_dict(_print_spec(chart, width, title, subtitle, False))


def png(
    chart: Any,
    dark: bool = False,
    width: int = PRINT_WIDTH,
    title: str = "",
    subtitle: Sequence[str] = (),
) -> bytes:
    """Give a chart as a picture, twice the size of the screen; arguments as in `for_print`."""
    import vl_convert

    found = _print_spec(chart, width, title, subtitle, dark)
    return vl_convert.vegalite_to_png(found, scale=2, vl_version=_version())


def svg(
    chart: Any,
    dark: bool = False,
    width: int = PRINT_WIDTH,
    title: str = "",
    subtitle: Sequence[str] = (),
) -> str:
    """Give a chart as SVG, the same text every time; arguments as in `for_print`."""
    import vl_convert

    from acutecast.report.page import own_ids

    found = _print_spec(chart, width, title, subtitle, dark)
    return own_ids(vl_convert.vegalite_to_svg(found, vl_version=_version()))


def _version() -> str:
    import altair as alt

    return alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
