"""The page about the quality of a hospital's records: findings in words, then pictures and tables.

Pictures are drawings in the page, without scripts: it opens anywhere and prints as it looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa

from acutecast.files import write_text
from acutecast.report.charts import BLUE, DARK_BLUE, ORANGE
from acutecast.report.page import behind, figure, page, table

_RECORDS = {
    "apc": "Admitted patients (episodes)",
    "opa": "Outpatients (appointments)",
    "ecds": "Emergency care (ECDS attendances)",
    "ae": "Emergency care (older A&E attendances)",
}
_SEVERITY = {"fault": "Fault", "warning": "Warning", "note": "Note"}
# More providers than this make the picture of months unreadable; their table has them all.
_MOST_PROVIDERS = 12
_WIDTH = 900


def write_quality_page(tables: dict[str, pa.Table], path: Path, title: str) -> Path:
    """Write the page whole or not at all.

    Args:
        tables: what `acutecast.extract.quality.quality` gave.
        path: the page, ending in .html.
        title: what the records are called.

    Returns:
        The path.
    """
    accounting = tables["accounting"].to_pylist()
    records = [r for r in _RECORDS if any(a["record"] == r for a in accounting)]
    parts = [
        f"<h1>Quality of the records in {escape(title)}</h1>",
        _opening(tables, accounting, records),
        _findings(tables["findings"]),
        _accounting(accounting, records),
        *(_months(tables, record) for record in records),
        *(_completeness(tables["completeness"], record) for record in records),
        _plain("Codes that are not known", tables["unknown_codes"],
               ("Records", "Column", "Value", "Rows"), "Every code is in the data dictionary."),
        _plain("Dates that cannot be", tables["dates"], ("Records", "What", "Rows", "Example"),
               "No date contradicts another."),
        _plain("Duplicates", tables["duplicates"], ("Records", "What", "Rows", "Example"),
               "No key occurs twice."),
    ]  # fmt: skip
    write_text(path, page(f"Quality of the records in {title}", parts))
    return path


def _opening(tables: dict[str, pa.Table], accounting: list[dict], records: list[str]) -> str:
    severities = tables["findings"].column("severity").to_pylist()
    faults, warnings = severities.count("fault"), severities.count("warning")
    rows = sum(a["rows"] or 0 for a in accounting)
    kept = sum(a["rows"] or 0 for a in accounting if a["reason"] == "kept")
    said = (
        f"{rows:,} rows in, {kept:,} kept, {rows - kept:,} set aside, each with a reason. "
        f"{_count(faults, 'fault')} and {_count(warnings, 'warning')}: a fault would make results "
        "wrong; a warning deserves a look."
    )
    return f'<p class="words">{said}</p>'


def _count(n: int, noun: str) -> str:
    return f"{n or 'No'} {noun}{'' if n == 1 else 's'}"


def _findings(findings: pa.Table) -> str:
    if not findings.num_rows:
        return "<h2>Findings</h2><p>Nothing was found that needs attention.</p>"
    rows = [
        "<tr>"
        f'<td class="{f["severity"]}">{_SEVERITY[f["severity"]]}</td>'
        f"<td>{escape(_RECORDS.get(f['record'], f['record'] or '').split(' (')[0])}</td>"
        f"<td>{escape(f['column'])}</td><td>{escape(f['what'])}"
        + (f" (for example {escape(f['example'])})" if f["example"] else "")
        + f'</td><td class="number">{"" if f["n"] is None else format(f["n"], ",")}</td>'
        f"<td>{escape(f['remedy'])}</td></tr>"
        for f in findings.to_pylist()
    ]
    head = "".join(
        f'<th scope="col"{" class=number" if h == "Rows" else ""}>{h}</th>'
        for h in ("", "Records", "Column", "What", "Rows", "What to do")
    )
    return (
        f'<h2>Findings</h2><div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _accounting(accounting: list[dict], records: list[str]) -> str:
    parts = ["<h2>Where every row went</h2>"]
    for record in records:
        reasons: dict[str, int] = {}
        for a in accounting:
            if a["record"] == record:
                reasons[a["reason"]] = reasons.get(a["reason"], 0) + (a["rows"] or 0)
        ordered = sorted(reasons.items(), key=lambda r: (r[0] != "kept", -r[1], r[0]))
        rows = [("Rows in", sum(reasons.values()))]
        rows += [("kept" if r == "kept" else f"set aside: {r}", n) for r, n in ordered]
        parts.append(table(_RECORDS[record], ("", "Rows"), rows))
    return "".join(parts)


def _months(tables: dict[str, pa.Table], record: str) -> str:
    """Draw rows by month and provider; what stands out is marked."""
    import altair as alt

    rows = [r for r in tables["months"].to_pylist() if r["record"] == record]
    if not rows:
        return ""
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row["procode3"]] = sizes.get(row["procode3"], 0) + (row["rows"] or 0)
    shown = sorted(sizes, key=lambda p: (-sizes[p], p))[:_MOST_PROVIDERS]
    marked = [
        s for name in ("steps", "gaps") for s in tables[name].to_pylist() if s["record"] == record
    ]
    x = alt.X("month:T", title=None, axis=alt.Axis(format="%b %Y", labelAngle=0))
    y = alt.Y("rows:Q", title="rows", axis=alt.Axis(format=",d", tickCount=3))
    panels: list[Any] = []
    for provider in shown:
        values, marks = (
            [
                {"month": r["month"].isoformat(), "rows": r.get("rows", 0) or 0}
                for r in source
                if r["procode3"] == provider
            ]
            for source in (rows, marked)
        )
        # A month without a row is a point at none, not a line drawn across it.
        values += [mark for mark in marks if not mark["rows"]]
        line = alt.Chart(alt.InlineData(values=values)).mark_line(point=True, color=BLUE)
        layers: list[Any] = [line.encode(x=x, y=y)]
        if marks:
            point = alt.Chart(alt.InlineData(values=marks)).mark_point(
                color=ORANGE, size=160, strokeWidth=3, shape="diamond"
            )
            layers.append(point.encode(x=x, y=y))
        panels.append(alt.layer(*layers).properties(width=_WIDTH - 120, height=110, title=provider))
    chart = alt.vconcat(*panels)
    more = (
        f"<p>The {_MOST_PROVIDERS} largest of {len(sizes)} providers are drawn.</p>"
        if len(sizes) > _MOST_PROVIDERS
        else ""
    )
    label = f"Rows a month by provider, {_RECORDS[record]}"
    listed = [(r["procode3"], f"{r['month']:%B %Y}", r["rows"]) for r in rows]
    return (
        f"<h2>Rows by month: {escape(_RECORDS[record])}</h2>"
        '<p class="words">A diamond marks a month that stands out from its neighbours, a lasting '
        f"change of level, or a month without any row.</p>{more}{figure(chart, label)}"
        f"{behind(label, ('Provider', 'Month', 'Rows'), listed)}"
    )


def _completeness(completeness: pa.Table, record: str) -> str:
    """Draw how much of each column is filled, by month."""
    import altair as alt

    rows = [r for r in completeness.to_pylist() if r["record"] == record]
    if not rows:
        return ""
    values = [
        {"column": r["column"], "month": r["month"].isoformat(), "share": r["share"]} for r in rows
    ]
    columns = len({r["column"] for r in rows})
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_rect()
        .encode(
            x=alt.X(
                "yearmonth(month):O", title=None, axis=alt.Axis(format="%b %Y", labelAngle=-90)
            ),
            y=alt.Y("column:N", title=None),
            color=alt.Color(
                "share:Q",
                title="filled",
                scale=alt.Scale(domain=[0, 1], range=["#ffffff", DARK_BLUE]),
                legend=alt.Legend(format="%", tickCount=3),
            ),
        )
        .properties(width=_WIDTH - 300, height=15 * columns)
    )
    label = f"Share of rows in which each column is filled, {_RECORDS[record]}"
    totals: dict[str, list[int]] = {}
    for r in rows:
        total = totals.setdefault(r["column"], [0, 0])
        total[0] += r["rows"]
        total[1] += r["filled"] or 0
    listed = [
        (name, rows_, filled, f"{filled / max(rows_, 1):.1%}")
        for name, (rows_, filled) in sorted(totals.items())
    ]
    return (
        f"<h2>How complete: {escape(_RECORDS[record])}</h2>"
        '<p class="words">The darker, the more of the month\'s rows have the column filled. A '
        "column that is white throughout is not in the files.</p>"
        f"{figure(chart, label)}"
        f"{behind(label + ', all months', ('Column', 'Rows', 'Filled', 'Share'), listed)}"
    )


def _plain(title: str, found: pa.Table, head: Sequence[str], nothing: str) -> str:
    if not found.num_rows:
        return f"<h2>{escape(title)}</h2><p>{escape(nothing)}</p>"
    rows = [tuple(row.values()) for row in found.to_pylist()]
    rows = [(_RECORDS[row[0]].split(" (")[0], *row[1:]) for row in rows]
    return f"<h2>{escape(title)}</h2>{table('', head, rows)}"
