"""The interactive page of capacity: pick an area, see its charts and its figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from acutecast.report.capacity_charts import (
    detail_panels,
)
from acutecast.report.capacity_look import (
    FIGURE_LABELS,
    FONT,
    IN_PAGE,
    HospitalCapacity,
    check_asked,
    chosen_area,
    in_dress,
    largest_area,
    place_name,
    present_areas,
    source_line,
)
from acutecast.report.capacity_overview import (
    overview_panel,
)
from acutecast.report.capacity_time import (
    paths_by_year,
)
from acutecast.report.charts import (
    BLUE,
    DARK_BLUE,
    DARK_GREY,
    INK,
    PALE_GREY,
    financial_year,
)
from acutecast.report.page import CHART_OPTIONS, chart_library, in_script

_STYLE = f"""
body {{ font: 16px/1.5 {FONT}; color: {INK}; margin: 0; }}
main {{ max-width: 1180px; margin: 0 auto; padding: 16px 24px 48px; }}
h1, h2, h3 {{ color: {DARK_BLUE}; line-height: 1.25; }}
figure {{ margin: 0; overflow-x: auto; }}
figure:focus-visible, select:focus-visible, a:focus-visible, summary:focus-visible {{
  outline: 3px solid #ffeb3b; box-shadow: 0 0 0 6px {INK}; }}
a {{ color: {BLUE}; }}
.charts {{ display: flex; flex-wrap: wrap; gap: 16px; }}
.words {{ max-width: 75ch; }}
table {{ border-collapse: collapse; font-size: 15px; }}
.scroll {{ overflow-x: auto; }}
caption {{ text-align: left; font-weight: bold; padding: 8px 0; }}
th, td {{ padding: 5px 14px 5px 0; border-bottom: 1px solid {PALE_GREY}; text-align: right; }}
thead th {{ vertical-align: bottom; color: {DARK_GREY}; }}
th[scope=row], thead th:first-child {{ text-align: left; font-weight: normal; }}
td {{ font-variant-numeric: tabular-nums; }}
label {{ font-weight: bold; margin-right: 8px; }}
select {{ font: inherit; padding: 6px; border: 2px solid {INK}; max-width: 100%; }}
section[hidden] {{ display: none; }}
summary {{ cursor: pointer; color: {BLUE}; padding: 8px 0; }}
"""

_SCRIPT = """
const store = document.getElementById("charts");
const specs = JSON.parse(store.textContent);
const sections = [...document.querySelectorAll("section")];
const select = document.getElementById("area");
function draw(root) {
  for (const figure of root.querySelectorAll("[data-chart]:not([data-drawn])")) {
    figure.dataset.drawn = "yes";
    vegaEmbed(figure, specs[figure.dataset.chart], options);
  }
}
function show() {
  const asked = decodeURIComponent(location.hash.slice(1));
  const keys = sections.map((section) => section.id);
  const key = keys.includes(asked) ? asked : store.dataset.first;
  for (const section of sections) section.hidden = section.id !== key;
  select.value = key;
  draw(document.getElementById(key));
}
document.getElementById("choice").hidden = false;
select.addEventListener("change", () => { location.hash = select.value; });
window.addEventListener("hashchange", show);
draw(document.querySelector("[data-chart=overview]").parentElement);
show();
"""


def _figure(key: str, spec: dict[str, Any]) -> str:
    """Give the place of a chart, which the script fills; what it shows is said in words too."""
    words = escape(spec["description"])
    return (
        f'<figure tabindex="0" aria-label="{words}"><div data-chart="{escape(key)}"></div></figure>'
    )


def _options(areas: Sequence[dict[str, Any]]) -> str:
    """Give the areas to pick from, by unit."""
    text = []
    for unit in dict.fromkeys(area["unit"] for area in areas):
        mine = "".join(
            f'<option value="{escape(area["area"])}">{escape(area["label"])}</option>'
            for area in areas
            if area["unit"] == unit
        )
        text.append(f'<optgroup label="{escape(unit.capitalize())}">{mine}</optgroup>')
    return "".join(text)


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table; the first cell of a row is its head. Cells are HTML already."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>\n'
        for first, *cells in rows
    )
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n"
    )


def _cell(value: float | None, share: bool = False) -> str:
    """Write a figure; what is unknown is a dash."""
    from acutecast.capacity.explain import number, percent

    if value is None:
        return "–"
    return percent(value) if share else number(value)


def _areas_table(capacity: HospitalCapacity, areas: Sequence[dict[str, Any]]) -> str:
    """Write the figures of all areas, each with a link to its section."""
    then, horizon = financial_year(capacity.baseline_year), financial_year(capacity.horizon)
    heads = ("Area", "Unit", f"Simulated {then}", f"Preset {horizon}", f"Simulated {horizon}",
             "P10", "P90", "Mean occupancy")  # fmt: skip
    rows = []
    for area in areas:
        figures = area["figures"]
        need = figures["simulated"]
        rows.append(
            (
                f'<a href="#{escape(area["area"])}">{escape(area["label"])}</a>',
                escape(area["unit"]),
                *map(_cell, (need["baseline"], figures.get("preset", {}).get("mean"))),
                *(_cell(need[name]) for name in ("mean", "p10", "p90")),
                "booked"
                if area["method"] != "hourly"
                else _cell(figures.get("occupancy", {}).get("mean"), share=True),
            )
        )
    table = _table("Space that every area needs", heads, rows)
    return f"<details><summary>All areas as a table</summary>{table}</details>"


def _section(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, charts: dict[str, Any]
) -> str:
    """Write the part of the page about one area."""
    label = escape(area["label"])
    figures = "".join(_figure(key, spec) for key, spec in charts.items())
    names = ("baseline", "mean", "p10", "median", "p90")
    heads = (financial_year(capacity.baseline_year), "Mean of the runs", "P10", "Median", "P90")
    rows = [
        (
            escape(FIGURE_LABELS.get(figure) or str(figure)),
            *(_cell(row[name], share=figure == "occupancy") for name in names),
        )
        for figure, row in area["figures"].items()
    ]
    caption = f"{area['label']}: {area['unit']} in {financial_year(capacity.horizon)}"
    table = _table(caption, ("Figure", *heads), rows)
    years = [
        (row["label"], escape(FIGURE_LABELS[row["figure"]]), *(_cell(row[n]) for n in names[1:]))
        for row in paths_by_year(capacity, area["area"], site).iter_rows(named=True)
    ]
    by_year = _table(
        f"{area['label']}: {area['unit']} by year", ("Year", "Method", *heads[1:]), years
    )
    return f"""<section id="{escape(area["area"])}" aria-labelledby="{escape(area["area"])}-name">
<h3 id="{escape(area["area"])}-name">{label}</h3>
<p class="words">{escape(capacity.explain(area["area"], site))}</p>
<div class="charts">{figures}</div>
{table}
<details><summary>Every year as a table</summary>{by_year}</details>
</section>
"""


def capacity_page(capacity: HospitalCapacity, site: str = "all") -> str:
    """Write a page of all areas that stands alone: pick an area, see its charts and figures.

    The page needs no network. Without JavaScript it still shows all words and tables.

    Args:
        capacity: the capacity of a run.
        site: a site, where sites are counted apart.

    Returns:
        HTML.

    Raises:
        AcutecastError: where there is no such site.
    """
    import altair as alt
    from altair.utils.schemapi import debug_mode

    check_asked(capacity, site=site)
    areas = [chosen_area(capacity, area, site) for area in present_areas(capacity, site)["area"]]
    sections = []
    # Validating a hundred charts against the schema takes most of the time; the same charts are
    # validated where they are drawn alone, and in the tests.
    with debug_mode(False):
        overview = in_dress(overview_panel(capacity, site), padding=4)
        charts = {"overview": overview.to_dict(validate=False)}
        for area in areas:
            drawn = {}
            for number, chart in enumerate(detail_panels(capacity, area, site, IN_PAGE)):
                dressed = in_dress(chart, padding=4)
                drawn[f"{area['area']}-{number}"] = dressed.to_dict(validate=False)
            charts |= drawn
            sections.append(_section(capacity, area, site, drawn))
    where = escape(place_name(capacity, site))
    title = f"{where}: space the hospital needs in {financial_year(capacity.horizon)}"
    specs = in_script(charts)
    bundle = chart_library(alt.SCHEMA_VERSION.rpartition(".")[0])
    first = escape(largest_area(capacity, site))
    return f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>Scenario: {escape(capacity.name or "without a name")}. {escape(source_line(capacity))}</p>
<noscript><p>The charts need JavaScript. All figures are in the tables.</p></noscript>
<h2>All areas</h2>
{_figure("overview", charts["overview"])}
{_areas_table(capacity, areas)}
<h2>One area</h2>
<p id="choice" hidden><label for="area">Show</label>
<select id="area">{_options(areas)}</select></p>
{"".join(sections)}
</main>
<script type="application/json" id="charts" data-first="{first}">{specs}</script>
<script>{bundle}</script>
<script>const options = {json.dumps(CHART_OPTIONS)};{_SCRIPT}</script>
</body>
</html>
"""
