"""A run in a line, and as a small table for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError

if TYPE_CHECKING:
    from acutecast.results.run import Run

_HEADS = ("Point of delivery", "Counted", "Baseline", "Principal", "Change", "P10", "P90")


def financial_years(run: Run) -> str:
    """Give the years that a run goes from and to: "2023/24 to 2041/42"."""
    first, last = (f"{year}/{(year + 1) % 100:02d}" for year in (run.baseline_year, run.horizon))
    return f"{first} to {last}"


def line(run: Run) -> str:
    """Say in a line which run it is: scenario, provider, years, number of model runs, place."""
    name = run.name or "without a name"
    runs = f"{run.runs:,} model run{'' if run.runs == 1 else 's'}"
    return f"<Run {name!r}: {run.info['dataset']}, {financial_years(run)}, {runs}, {run.path}>"


def html(run: Run) -> str:
    """Give the headline figures as a table in HTML; every text is escaped.

    What a run stored with suppression hides is a dash. A run whose files are damaged says so.
    """
    from acutecast.results.summary import headline

    try:
        rows = headline(run).to_dicts()
    except AcutecastError as error:
        return f"<p>{escape(line(run))}</p><p>{escape(str(error))}</p>"
    head = "".join(
        f'<th style="text-align:{"left" if i < 2 else "right"}">{name}</th>'
        for i, name in enumerate(_HEADS)
    )
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    caption = (
        f"{run.name or 'Without a name'} · {run.info['dataset']} · {financial_years(run)} · "
        f"{run.runs:,} model runs"
    )
    below = "Principal: mean of the model runs. P10 to P90: eight runs in ten lie between."
    if run.info.get("suppressed_below"):
        below += f" Baseline counts below {run.info['suppressed_below']} are hidden (–)."
    return (
        f'<table><caption style="text-align:left">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{below}</p>"
    )


def _cells(row: dict[str, Any]) -> str:
    change = row["change_pct"]
    figures = [row["baseline"], row["principal"], row["p10"], row["p90"]]
    texts = ["–" if figure is None else f"{figure:,.0f}" for figure in figures]
    texts.insert(2, "–" if change is None else f"{change:+.1f}%".replace("-", "−"))
    words = (row["point of delivery"], row["counted"])
    return "".join(f"<td>{escape(str(word))}</td>" for word in words) + "".join(
        f'<td style="text-align:right">{text}</td>' for text in texts
    )
