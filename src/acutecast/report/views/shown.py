"""What a view gives: a table, a chart and words; and how their figures are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acutecast.report.charts import financial_year
from acutecast.report.views.selection import Selection

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

GROUPS = ("Activity", "Uncertainty", "What drives it", "People and stays", "Capacity")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its name in the table.
        label: its head.
        kind: "text", "count", "decimal", "percent" (12.3 means 12.3%) or "year" (2023 means
            2023/24).
    """

    name: str
    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Shown:
    """One thing to see, of a view.

    Attributes:
        key: the view's.
        title: what it is, with the years.
        words: what the reader sees and how to read it, in a sentence or two.
        columns: of the table, in order.
        table: exactly these columns; numbers as numbers, empty where not shown.
        chart: an Altair chart as wide as its container; None where there is only a table.
        alt: what the chart shows, for people who cannot see it.
        notes: which selection it is, what was left out and why.
    """

    key: str
    title: str
    words: str
    columns: tuple[Column, ...]
    table: polars.DataFrame
    chart: Any | None
    alt: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A way to look at a run.

    Attributes:
        key: its name in an address.
        title: what people call it.
        group: the kind of question it answers, one of `GROUPS`.
        filters: the fields of a selection that it uses; "sites" stands for the three lists.
        needs: "capacity" where the run must have it; else "".
        make: gives what is seen of a run and a selection that fits.
        activities: the activity types it can show.
    """

    key: str
    title: str
    group: str
    filters: tuple[str, ...]
    needs: str
    make: Callable[[Run, Selection], tuple[Shown, ...]]
    activities: tuple[str, ...] = ("ip", "op", "aae")


_KINDS = {"text": "String", "year": "Int32"}


def table_of(
    columns: Sequence[Column], rows: Mapping[str, Sequence[Any]] | polars.DataFrame
) -> polars.DataFrame:
    """Give a table of exactly these columns, numbers as numbers.

    Args:
        columns: the columns, in order.
        rows: values by column name; more columns than wanted are left out.
    """
    import polars as pl

    if isinstance(rows, pl.DataFrame):
        series = [rows[column.name] for column in columns]
    else:
        series = [pl.Series(c.name, list(rows[c.name]), strict=False) for c in columns]
    kinds = [getattr(pl, _KINDS.get(column.kind, "Float64")) for column in columns]
    return pl.DataFrame([s.cast(kind) for s, kind in zip(series, kinds, strict=True)])


def as_text(value: Any, kind: str) -> str:
    """Write a figure of a table for people: thousands, a true minus, a dash where empty."""
    if value is None:
        return "–"
    if kind == "text":
        return str(value)
    if kind == "year":
        return financial_year(int(value))
    form = {"count": ",.0f", "decimal": ",.1f", "percent": ",.1f"}[kind]
    text = f"{value:{form}}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "−") + ("%" if kind == "percent" else "")


def small(text: str) -> str:
    """Give words that begin a line as they stand inside one: "bed days", "A&E arrivals"."""
    return text if text[:2].isupper() else text[0].lower() + text[1:]


def signed(number: float, form: str = ",.0f") -> str:
    """Write a change with its sign, a true minus, and 0 without one: "+1,200", "−3", "0"."""
    text = f"{number:+{form}}".replace("-", "−")
    return text if text.strip("+−0.,") else "0"


def nothing(
    key: str, title: str, columns: Sequence[Column], note: str, alt: str = "Nothing to draw."
) -> Shown:
    """Give what is seen of a selection without activity: no rows, no blank chart, but why."""
    table = table_of(columns, {column.name: [] for column in columns})
    return Shown(key, title, "", tuple(columns), table, None, alt, (note,))
