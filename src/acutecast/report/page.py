"""Pages that stand alone: of words, drawings and tables without scripts; of one chart with one."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape
from io import StringIO
from typing import Any

from acutecast.report.capacity_look import FONT, in_dress
from acutecast.report.charts import BLUE, DARK_BLUE, DARK_GREY, INK, PALE_GREY

CHART_OPTIONS = {
    "renderer": "svg",
    "actions": {"export": True, "source": False, "compiled": False, "editor": False},
}
"""How Vega-Embed draws a chart of ours: sharp at any size, with a menu to keep it as a picture."""

_MOST_ROWS = 400
_ID = re.compile(r'\bid="([^"]+)"')
_STYLE = f"""
:root {{ color-scheme: light dark; --ink: {INK}; --soft: {DARK_GREY}; --line: {PALE_GREY};
  --head: {DARK_BLUE}; --link: {BLUE}; --ground: white; }}
@media (prefers-color-scheme: dark) {{ :root {{ --ink: #f0f4f5; --soft: #c8d2d9;
  --line: #425563; --head: #a8cdf5; --link: #a8cdf5; --ground: {INK}; }} }}
body {{ font: 16px/1.5 {FONT}; color: var(--ink); background: var(--ground); margin: 0; }}
main {{ max-width: 1100px; margin: 0 auto; padding: 16px 24px 48px; }}
h1, h2, h3 {{ color: var(--head); line-height: 1.25; }}
h2 {{ margin-top: 2.2em; }}
figure {{ margin: 0; overflow-x: auto; background: white; }}
figure svg {{ max-width: none; }}
a, summary {{ color: var(--link); }}
summary {{ cursor: pointer; padding: 8px 0; }}
summary:focus-visible, a:focus-visible, .scroll:focus-visible {{ outline: 3px solid #ffeb3b;
  box-shadow: 0 0 0 6px {INK}; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 15px; }}
caption {{ text-align: left; font-weight: bold; padding: 8px 0; }}
th, td {{ padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }}
td.number, th.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.fault, .warning, .note {{ font-weight: bold; white-space: nowrap; }}
.words {{ max-width: 75ch; }}
"""


def page(title: str, parts: Sequence[str], style: str = "") -> str:
    """Put a page together; `style` is what it has beside the look of all pages."""
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def figure(chart: Any, label: str) -> str:
    """Put a chart into a page as a drawing with a label, which no other drawing of the page has."""
    content = StringIO()
    in_dress(chart).save(content, format="svg")
    drawing = own_ids(content.getvalue(), re.sub(r"\W+", "-", f"{label.lower()}-"))
    return f'<figure role="img" aria-label="{escape(label)}">{drawing}</figure>'


def own_ids(drawing: str, prefix: str = "part-") -> str:
    """Number the names inside a drawing from 0, after a prefix.

    The library that draws counts on as long as it runs, so that the same chart would have other
    bytes a second time; and the drawings of a page must not share names.
    """
    names = {name: str(n) for n, name in enumerate(dict.fromkeys(_ID.findall(drawing)))}
    if not names:
        return drawing
    known = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    place = re.compile(rf'(\bid="|url\(#|href="#)({known})(?=["\)])')
    return place.sub(lambda found: f"{found[1]}{prefix}{names[found[2]]}", drawing)


def chart_page(chart: Any) -> str:
    """Give a page of one chart, drawn by a script in it; it needs no network."""
    import altair as alt

    spec = chart.to_dict()
    title = spec.get("title", "")
    title = title["text"] if isinstance(title, dict) else title
    title = " ".join(title) if isinstance(title, list) else title
    draw = (
        'vegaEmbed("#chart", JSON.parse(document.getElementById("spec").textContent), '
        f"{json.dumps(CHART_OPTIONS)});"
    )
    version = alt.SCHEMA_VERSION.rpartition(".")[0]
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title></head><body>"
        f'<main id="chart" aria-label="{escape(title)}"></main>'
        "<noscript><p>The chart needs JavaScript.</p></noscript>"
        f'<script type="application/json" id="spec">{in_script(spec)}</script>'
        f"<script>{chart_library(version)}</script><script>{draw}</script></body></html>\n"
    )


def in_script(content: Any) -> str:
    """Write JSON that an element `script` can hold: "<" would end it early."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")


def chart_library(version: str) -> str:
    """Give the script that draws charts, for a version of Vega-Lite ("v5.20")."""
    from vl_convert import javascript_bundle

    return javascript_bundle("window.vegaEmbed = vegaEmbed;", version)


def behind(caption: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Put the figures of a picture behind it."""
    more = ""
    if len(rows) > _MOST_ROWS:
        more = f"<p>The first {_MOST_ROWS} of {len(rows):,} rows; the CSV file has all.</p>"
    shown = table(caption, head, rows[:_MOST_ROWS])
    return f"<details><summary>The figures behind the picture</summary>{more}{shown}</details>"


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Make a table; columns of whole numbers are set to the right."""
    numeric = [
        bool(rows) and all(isinstance(row[i], int | None) for row in rows) for i in range(len(head))
    ]
    names = "".join(
        f'<th scope="col"{" class=number" if number else ""}>{escape(name)}</th>'
        for name, number in zip(head, numeric, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="number">{"–" if value is None else format(value, ",")}</td>'
            if number
            else f"<td>{escape(str(value))}</td>"
            for value, number in zip(row, numeric, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    said = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="scroll" tabindex="0"><table>{said}<thead><tr>{names}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
