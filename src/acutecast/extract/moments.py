"""How dates and times are written, and which of day and month comes first.

Forms of date differ so much that no text is two dates at once, but for one pair: 03/04/2023 is the
third of April in Britain and the fourth of March in America. What a column holds decides: a 13 or
more in one place says which place is the day. The two are never mixed in one column, and never
taken for each other in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from acutecast.extract.sql import one_row, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DAY_FIRST, MONTH_FIRST = "day first", "month first"
# Of the dates that tell, this share may tell the other order and count as slips of the pen.
SLIPS = 0.01
# HES writes these for "none" and "not valid" (HES technical output specification).
_NO_DATES = ("1800-01-01", "1801-01-01", "1582-10-15", "1600-01-01")
# Rows at the beginning that show which form is the commonest.
_LOOKED_AT = 2000


class Form(NamedTuple):
    """One way to write a date.

    Attributes:
        example: the first of April 2023 written so.
        sql: SQL of the date, `{0}` for the text; null where it is not of this form.
        common: whether it is so usual that it is not worth a note.
    """

    example: str
    sql: str
    common: bool


_PLAIN = "translate({0}, '.-', '//')"
_JOINED = "translate({0}, ' -/.,', '')"
_SLASHED = {
    DAY_FIRST: f"try_strptime({_PLAIN}, ['%d/%m/%y', '%d/%m/%Y'])",
    MONTH_FIRST: f"try_strptime({_PLAIN}, ['%m/%d/%y', '%m/%d/%Y'])",
}
# Excel counts days from the end of 1899 (with a 29 February 1900, long before any record); the
# numbers are those of 1954 to 2063.
_SERIAL = """CASE WHEN regexp_full_match({0}, '[2-5][0-9]{{4}}([.][0-9]+)?')
    THEN DATE '1899-12-30' + floor(try_cast({0} AS DOUBLE))::INTEGER END"""
_ISO, _SLASH = "2023-04-01", "01/04/2023"
FORMS = (
    Form(_ISO, "try_cast({0} AS DATE)", True),
    Form(_SLASH, _SLASHED[DAY_FIRST], True),
    Form("20230401", "CASE WHEN length({0}) = 8 THEN try_strptime({0}, '%Y%m%d') END", True),
    Form("01-Apr-2023", f"try_strptime({_JOINED}, ['%d%b%Y', '%d%B%Y'])", True),
    Form("01042023", "CASE WHEN length({0}) = 8 THEN try_strptime({0}, '%d%m%Y') END", True),
    Form("01-Apr-23", f"try_strptime({_JOINED}, ['%d%b%y', '%d%B%y'])", False),
    Form("Apr 1 2023", "try_strptime(translate({0}, ',', ''), ['%b %d %Y', '%B %d %Y'])", False),
    Form("45017, as Excel counts days", _SERIAL, False),
)
TIME_FORMATS = (
    "%H:%M:%S", "%H:%M", "%H%M", "%H%M%S", "%I:%M %p", "%I:%M%p", "%I:%M:%S %p",
)  # fmt: skip


@dataclass(frozen=True)
class Dates:
    """How one column of dates is read.

    Attributes:
        sql: SQL of the date.
        unusual: how many dates are in each form that deserves a note.
        fault: what makes the column unsafe to read; "" where nothing does.
        affected: how many dates the fault is about.
        undecided: dates read with the day first where nothing in the column tells.
        order: the order that the column or the user tells; "" where nothing does.
        example: a date that shows the fault, or that may be read either way.
    """

    sql: str
    unusual: Mapping[str, int]
    fault: str = ""
    affected: int = 0
    undecided: int = 0
    order: str = ""
    example: str = ""


def order_of(day_first: int, month_first: int, stated: str | None) -> tuple[str, str]:
    """Decide whether the day or the month comes first in a column.

    Args:
        day_first: dates that only make sense with the day first (13/04/2023).
        month_first: dates that only make sense with the month first (04/13/2023).
        stated: what the user says; None for nothing.

    Returns:
        The order to read with, and the fault: "month first", "both", or "".
    """
    if stated is not None:
        return stated, ""
    told = day_first + month_first
    likely = MONTH_FIRST if month_first > day_first else DAY_FIRST
    if min(day_first, month_first) > SLIPS * told:
        return likely, "both"
    return likely, "month first" if likely == MONTH_FIRST else ""


def day_sql(text: str) -> str:
    """Give the SQL of a date without the time behind it, which says nothing of the date.

    "2023-04-01 00:00:00", "01APR2023:00:00:00" and the like.
    """
    cut = f"regexp_replace({text}, '([T ]+|:)[0-9]{{1,2}}:[0-9]{{2}}.*$', '')"
    return f"CASE WHEN length({text}) > 10 THEN {cut} ELSE {text} END"


def clock_sql(text: str) -> str:
    """Give the SQL of a time without date, parts of a second and zone, which say nothing of it."""
    bare = f"regexp_replace({text}, '^[0-9]{{1,4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,4}}[T ]+', '')"
    bare = f"regexp_replace({bare}, '([.][0-9]+)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?$', '')"
    return f"CASE WHEN length({text}) > 8 THEN {bare} ELSE {text} END"


def date_sql(con: DuckDBPyConnection, table: str, text: str, stated: str | None) -> Dates:
    """Find how a column of dates is written, and give the SQL that reads it.

    Args:
        con: the database.
        table: the table with the column.
        text: the column, what `day_sql` gives, null where there is nothing in it.
        stated: "day first", "month first", or a format such as "%m/%d/%y"; None to find out.
    """
    forms = list(FORMS)
    if stated is not None and "%" in stated:
        forms = [forms[0], Form(stated, f"try_strptime({{0}}, {quoted(stated)})", True)]
        stated = DAY_FIRST
    # A year far off is one of two digits, read as one of four.
    tries = {
        f.example: f"CASE WHEN year({t}) BETWEEN 1500 AND 2200 THEN {t} END"
        for f in forms
        for t in [f"({f.sql.format(text)})"]
    }
    found = one_row(
        con,
        f"SELECT {', '.join(f'count({sql})' for sql in tries.values())} FROM "
        f"(SELECT * FROM {table} WHERE {text} IS NOT NULL LIMIT {_LOOKED_AT})",
    )
    names = list(tries)
    order = [names[i] for i in sorted(range(len(names)), key=lambda i: (-found[i], i))]
    best = tries[order[0]]
    # The other forms cost more than all else; most columns have one form throughout.
    others = one_row(
        con, f"SELECT count(*) FROM {table} WHERE {text} IS NOT NULL AND {best} IS NULL"
    )
    fault, affected, undecided, order_told, example = "", 0, 0, "", ""
    if _SLASH in tries and (others[0] or order[0] == _SLASH):
        month = _SLASHED[MONTH_FIRST].format(text)
        month = f"CASE WHEN year({month}) BETWEEN 1500 AND 2200 THEN {month} END"
        only_day, only_month, either, example = one_row(
            con,
            "SELECT count(*) FILTER (WHERE m IS NULL), count(*) FILTER (WHERE d IS NULL), "
            "count(*) FILTER (WHERE d <> m), "
            "coalesce(min(t) FILTER (WHERE d IS NULL), min(t) FILTER (WHERE d <> m)) "
            f"FROM (SELECT {text} AS t, {tries[_SLASH]} AS d, {month} AS m "
            f"FROM {table} WHERE {text} IS NOT NULL) WHERE coalesce(d, m) IS NOT NULL",
        )
        wanted, fault = order_of(only_day, only_month, stated)
        affected = only_day + only_month + either
        if only_day or only_month or stated is not None:
            order_told = wanted
        else:
            undecided = either
        if wanted == MONTH_FIRST:
            tries[_SLASH] = month
            others = (1,)
    every = [tries[name] for name in order]
    moment = f"CAST(coalesce({', '.join(every)}) AS DATE)" if others[0] else f"CAST({best} AS DATE)"
    none = ", ".join(f"DATE {quoted(day)}" for day in _NO_DATES)
    sql = f"CASE WHEN {moment} NOT IN ({none}) THEN {moment} END"
    unusual = _unusual(con, table, forms, tries, order) if others[0] or order[0] != _ISO else {}
    return Dates(sql, unusual, fault, affected, undecided, order_told, example or "")


def _unusual(
    con: DuckDBPyConnection, table: str, forms: list[Form], tries: dict[str, str], order: list[str]
) -> dict[str, int]:
    """Count the dates that are in a form which deserves a note."""
    unusual = [form.example for form in forms if not form.common]
    if not unusual:
        return {}
    before: list[str] = []
    counts = []
    for name in order:
        if name in unusual:
            earlier = f" AND coalesce({', '.join(before)}) IS NULL" if before else ""
            counts.append(f"count(*) FILTER (WHERE {tries[name]} IS NOT NULL{earlier})")
        before.append(tries[name])
    row = one_row(con, f"SELECT {', '.join(counts)} FROM {table}")
    named = [name for name in order if name in unusual]
    return {name: n for name, n in zip(named, row, strict=True) if n}


def no_date_sql(text: str) -> str:
    """Give the SQL that tells whether a text is one of the dates that stand for none."""
    return f"left({text}, 10) IN ({', '.join(map(quoted, _NO_DATES))})"


def time_sql(con: DuckDBPyConnection, table: str, text: str) -> str:
    """Give the SQL of a column of times; the formats that read most of the column come first."""
    attempts = [f"try_strptime({text}, {quoted(f)})" for f in TIME_FORMATS]
    # Spreadsheets and pandas drop the zero before 9:05, and leave one behind the point.
    digits = f"regexp_extract({text}, '^([0-9]{{1,4}})([.]0)?$', 1)"
    attempts.append(f"try_strptime(lpad(nullif({digits}, ''), 4, '0'), '%H%M')")
    counts = ", ".join(f"count({attempt})" for attempt in attempts)
    row: tuple[Any, ...] = one_row(
        con,
        f"SELECT {counts} FROM (SELECT * FROM {table} WHERE {text} IS NOT NULL LIMIT {_LOOKED_AT})",
    )
    order = sorted(range(len(attempts)), key=lambda i: (-row[i], i))
    best = attempts[order[0]]
    others = one_row(
        con, f"SELECT count(*) FROM {table} WHERE {text} IS NOT NULL AND ({best}) IS NULL"
    )
    tries = ", ".join(attempts[i] for i in order) if others[0] else best
    return f"CAST(coalesce({tries}) AS TIME)"
