"""How good a hospital's records are: completeness, codes, dates, duplicates, steps and gaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from acutecast.extract.accounting import accounting, staged_records
from acutecast.extract.faults import find_faults
from acutecast.extract.months import LEAST_ROWS
from acutecast.extract.records import find_column
from acutecast.extract.sql import arrow, named, one_row, quoted
from acutecast.extract.successors import successors_applied
from acutecast.extract.unknown import unknown_notes

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from acutecast.extract.records import RecordColumn

# The day that tells a record's month, and its key.
_DAY = {
    "apc": "coalesce(disdate, admidate)",
    "opa": "apptdate",
    "ecds": "arrival_date",
    "ae": "arrivaldate",
}
_KEY = {"apc": "epikey", "opa": "attendkey", "ecds": "ec_ident", "ae": "aekey"}
_DATES = {
    "apc": ("admidate", "disdate", "epistart", "epiend"),
    "opa": ("apptdate",),
    "ecds": ("arrival_date",),
    "ae": ("arrivaldate",),
}
# A month is a step where it is this far from the median of its neighbours, in share and in
# standard deviations of a Poisson count.
STEP_SHARE, STEP_DEVIATIONS, NEIGHBOURS = 0.30, 4.0, 3
# A level shift: six months before and after a month differ by this much, in the same units.
SHIFT_SHARE, SHIFT_MONTHS = 0.20, 6
# Share filled of a column below which it is a finding, where filling it is usual; and how far a
# month may fall below the others.
_WANTED_FILLED, _FALL = 0.9, 0.25
_WORTH_FILLING = {
    "apc": ("person_id", "diag_01", "dismeth", "sushrg", "imd_decile", "icb", "lad", "sitetret"),
    "opa": ("sushrg", "refsourc", "icb", "sitetret"),
    "ecds": ("person_id", "ec_acuity_snomed_ct", "ec_discharge_status_snomed_ct", "icb"),
    "ae": ("person_id", "aeattenddisp", "icb"),
}
_NUMBERED_SHOWN = ("diag_01", "opertn_01")
_MOST_VALUES = 20


def quality(con: DuckDBPyConnection) -> dict[str, pa.Table]:
    """Report on staged records.

    Args:
        con: the database with `staged_<record>` and the tables that `staging` made.

    Returns:
        By name, each in a fixed order: `findings`, in words, the most important first;
        `accounting`, rows by file and reason, which add up to the rows of the file;
        `completeness` by column and month; `unknown_codes`; `dates` that cannot be; `duplicates`;
        `months`, rows by provider and month; `steps` and level shifts in them; `gaps`.
    """
    records = staged_records(con)
    tables = {
        "accounting": accounting(con),
        "completeness": _completeness(con, records),
        "unknown_codes": _unknown_codes(con, records),
        "dates": _dates(con, records),
        "duplicates": _duplicates(con, records),
        "months": _months(con, records),
    }
    tables["steps"], tables["gaps"] = steps_and_gaps(tables["months"])
    return {"findings": _findings(con, tables), **tables}


def _union(parts: list[str], columns: dict[str, str], order: str) -> str:
    empty = ", ".join(f"NULL::{kind} AS {named(name)}" for name, kind in columns.items())
    parts = [f"SELECT {empty} WHERE false", *parts]
    return f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY {order}"


def _columns(con: DuckDBPyConnection, record: str) -> list[tuple[str, RecordColumn]]:
    """Give the columns of a kind of record that the files had, without the later numbered ones."""
    there = [row[0] for row in con.execute(f"DESCRIBE staged_{record}").fetchall()]
    found = [(name, find_column(record, name)) for name in there]
    return [
        (name, column)
        for name, column in found
        if column is not None and ("NN" not in column.name or name in _NUMBERED_SHOWN)
    ]


def _completeness(con: DuckDBPyConnection, records: list[str]) -> pa.Table:
    parts = []
    for record in records:
        columns = [name for name, _ in _columns(con, record)]
        counts = ", ".join(f"count({named(c)}) AS {named(c)}" for c in columns)
        listed = ", ".join(named(c) for c in columns)
        # One scan a kind of record, whatever the number of columns.
        parts.append(
            f"""SELECT '{record}' AS record, "column", month, rows, filled FROM (
                UNPIVOT (
                    SELECT date_trunc('month', {_DAY[record]})::DATE AS month, count(*) AS rows,
                        {counts} FROM staged_{record}
                    WHERE {_DAY[record]} IS NOT NULL GROUP BY month
                ) ON {listed} INTO NAME "column" VALUE filled)"""
        )
    columns = {"record": "VARCHAR", "column": "VARCHAR", "month": "DATE", "rows": "BIGINT",
               "filled": "BIGINT"}  # fmt: skip
    return arrow(
        con,
        f"SELECT *, round(filled / rows, 4) AS share FROM "
        f"({_union(parts, columns, 'ALL')}) ORDER BY ALL",
    )


def _unknown_codes(con: DuckDBPyConnection, records: list[str]) -> pa.Table:
    parts = []
    for record in records:
        for name, column in _columns(con, record):
            if column.codes:
                known = f"{named(name)}::VARCHAR IN ({', '.join(map(quoted, column.codes))})"
            elif column.pattern:
                known = f"regexp_full_match({named(name)}::VARCHAR, {quoted(column.pattern)})"
            else:
                continue
            parts.append(
                f"""SELECT * FROM (SELECT '{record}' AS record, {quoted(name)} AS "column",
                    {named(name)}::VARCHAR AS value, count(*) AS n FROM staged_{record}
                WHERE {named(name)} IS NOT NULL AND NOT ({known})
                GROUP BY ALL ORDER BY n DESC, value LIMIT {_MOST_VALUES})"""
            )
    columns = {"record": "VARCHAR", "column": "VARCHAR", "value": "VARCHAR", "n": "BIGINT"}
    return arrow(con, _union(parts, columns, 'record, "column", n DESC, value'))


def _dates(con: DuckDBPyConnection, records: list[str]) -> pa.Table:
    parts = []

    def look(record: str, what: str, test: str) -> None:
        parts.append(
            f"SELECT '{record}' AS record, {quoted(what)} AS what, count(*) AS n, "
            f"min({_KEY[record]}) AS example FROM staged_{record} WHERE {test} HAVING count(*) > 0"
        )

    for record in records:
        for column in _DATES[record]:
            look(record, f"{column} is before 1990", f"{column} < DATE '1990-01-01'")
            # The last month with a tenth of the fullest one's rows ends the records.
            look(
                record, f"{column} is later than the records reach",
                f"{column} > (SELECT max(m) + INTERVAL 1 MONTH FROM (SELECT date_trunc('month', "
                f"{_DAY[record]}) AS m, count(*) AS n FROM staged_{record} GROUP BY m QUALIFY "
                "n > 0.1 * max(n) OVER ()))",
            )  # fmt: skip
    if "apc" in records:
        there = {row[0] for row in con.execute("DESCRIBE staged_apc").fetchall()}
        look("apc", "discharge before admission", "disdate < admidate")
        look("apc", "the episode ends before it starts", "epiend < epistart")
        look(
            "apc", "the stay is not the days between admission and discharge",
            "coalesce(epistat, '3') = '3' AND coalesce(epiorder, 1) = 1 AND speldur IS NOT NULL "
            "AND spelend = 'Y' AND speldur <> date_diff('day', admidate, disdate)",
        )  # fmt: skip
        if "opdate_01" in there:
            look(
                "apc", "the procedure is outside the stay",
                "opdate_01 < admidate - 1 OR opdate_01 > disdate + 1",
            )  # fmt: skip
        look("apc", "no date of discharge", "disdate IS NULL AND coalesce(epistat, '3') = '3'")
    columns = {"record": "VARCHAR", "what": "VARCHAR", "n": "BIGINT", "example": "VARCHAR"}
    return arrow(con, _union(parts, columns, "record, what"))


def _duplicates(con: DuckDBPyConnection, records: list[str]) -> pa.Table:
    parts = [
        f"""SELECT '{record}' AS record, 'the key occurs more than once' AS what,
            sum(n - 1)::BIGINT AS n, min(key) AS example FROM (
            SELECT {_KEY[record]} AS key, count(*) AS n FROM staged_{record}
            WHERE {_KEY[record]} IS NOT NULL GROUP BY key HAVING count(*) > 1)
        HAVING sum(n - 1) > 0"""
        for record in records
    ]
    if "apc" in records:
        parts.append(
            """SELECT 'apc', 'the same episode has two keys', sum(n - 1)::BIGINT, min(key) FROM (
                SELECT min(epikey) AS key, count(DISTINCT epikey) AS n FROM staged_apc
                WHERE person_id IS NOT NULL AND coalesce(well_baby_ind, 'N') <> 'Y'
                    AND classpat NOT IN ('3', '4')
                GROUP BY person_id, procode3, admidate, disdate, epiorder, tretspef, epistart,
                    admitime
                HAVING count(DISTINCT epikey) > 1) HAVING sum(n - 1) > 0"""
        )
    columns = {"record": "VARCHAR", "what": "VARCHAR", "n": "BIGINT", "example": "VARCHAR"}
    return arrow(con, _union(parts, columns, "record, what"))


def _months(con: DuckDBPyConnection, records: list[str]) -> pa.Table:
    parts = [
        f"""SELECT '{record}' AS record, procode3,
            date_trunc('month', {_DAY[record]})::DATE AS month, count(*) AS rows
        FROM staged_{record} WHERE {_DAY[record]} IS NOT NULL AND procode3 IS NOT NULL
        GROUP BY ALL"""
        for record in records
    ]
    columns = {"record": "VARCHAR", "procode3": "VARCHAR", "month": "DATE", "rows": "BIGINT"}
    return arrow(con, _union(parts, columns, "record, procode3, month"))


def steps_and_gaps(months: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Find months that stand out, lasting shifts, and months without a row.

    Args:
        months: record, procode3, month and rows.

    Returns:
        `steps` (record, procode3, month, rows, expected, kind: "month" or "shift") and `gaps`
        (record, procode3, month), the months between the first and the last without any row.
    """
    series: dict[tuple[str, str], dict[np.datetime64, int]] = {}
    for row in months.to_pylist():
        month = np.datetime64(row["month"], "M")
        series.setdefault((row["record"], row["procode3"]), {})[month] = row["rows"]
    steps: list[tuple[Any, ...]] = []
    gaps: list[tuple[Any, ...]] = []
    for (record, provider), rows in sorted(series.items()):
        every = np.arange(min(rows), max(rows) + np.timedelta64(1, "M"))
        counts = np.array([rows.get(month, 0) for month in every], dtype=float)
        # The odd row of another year is no series: begin and end where there is a fair month.
        fair = np.flatnonzero(counts >= 0.1 * np.median(counts[counts > 0]))
        every, counts = every[fair[0] : fair[-1] + 1], counts[fair[0] : fair[-1] + 1]
        for i, month in enumerate(every):
            day = month.astype("datetime64[D]").item()
            if not counts[i]:
                gaps.append((record, provider, day))
                continue
            near = np.delete(counts, i)[max(0, i - NEIGHBOURS) : i + NEIGHBOURS]
            near = near[near > 0]
            if len(near) >= 3 and _differs(counts[i], float(np.median(near)), STEP_SHARE):
                steps.append(
                    (record, provider, day, int(counts[i]), float(np.median(near)), "month")
                )
        steps += _shifts(record, provider, every, counts)
    step_names = ("record", "procode3", "month", "rows", "expected", "kind")
    kinds = (pa.string(), pa.string(), pa.date32(), pa.int64(), pa.float64(), pa.string())
    schema = pa.schema(list(zip(step_names, kinds, strict=True)))
    gap_schema = pa.schema(list(zip(step_names[:3], kinds[:3], strict=True)))
    return (
        pa.Table.from_pylist([dict(zip(step_names, s, strict=True)) for s in steps], schema),
        pa.Table.from_pylist([dict(zip(step_names[:3], g, strict=True)) for g in gaps], gap_schema),
    )


def _differs(count: float, expected: float, share: float) -> bool:
    gap = abs(count - expected)
    return gap > share * expected and gap > STEP_DEVIATIONS * np.sqrt(expected)


def _shifts(
    record: str, provider: str, every: np.ndarray, counts: np.ndarray
) -> list[tuple[Any, ...]]:
    """Find where the level changes for good: the clearest month of each run of candidates."""
    found: list[tuple[float, int, float, float]] = []
    for i in range(SHIFT_MONTHS, len(counts) - SHIFT_MONTHS + 1):
        before = float(np.median(counts[i - SHIFT_MONTHS : i]))
        after = float(np.median(counts[i : i + SHIFT_MONTHS]))
        if before > 0 and _differs(after, before, SHIFT_SHARE):
            found.append((abs(after - before), i, before, after))
    result = []
    while found:
        _, i, before, after = max(found, key=lambda f: (f[0], -f[1]))
        result.append(
            (record, provider, every[i].astype("datetime64[D]").item(), int(after), before, "shift")
        )
        found = [f for f in found if abs(f[1] - i) > SHIFT_MONTHS]
    return sorted(result, key=lambda r: r[2])


_SEVERITY = ("fault", "warning", "note")


def _findings(con: DuckDBPyConnection, tables: dict[str, pa.Table]) -> pa.Table:
    """Say what was found, in words, the most important first."""
    rows: list[tuple[str, str, str, str, int | None, str, str]] = []

    def add(severity: str, record: str, column: str, what: str, n: int | None, example: Any,
            remedy: str) -> None:  # fmt: skip
        rows.append((severity, record, column, what, n, str(example or ""), remedy))

    for fault in find_faults(con):
        found = fault.problem
        # A fault of all of a record has no place but the record, which stands in its own column.
        what = found.what if found.where == fault.record else f"{found.where}: {found.what}"
        add("fault", fault.record, fault.column, what, found.count, found.example, found.remedy)
    _gaps(tables, add)
    for s in tables["steps"].to_pylist():
        than = f"{s['rows'] / s['expected'] - 1:+.0%} against {s['expected']:,.0f}"
        if s["kind"] == "month":
            add("warning", s["record"], "", f"{s['procode3']}: {s['month']:%B %Y} stands out, "
                f"{than} in the months around it", s["rows"], "",
                "See whether the month is whole, or is there twice.")  # fmt: skip
        else:
            add("warning", s["record"], "", f"{s['procode3']}: the level changes in "
                f"{s['month']:%B %Y}, {than} before", s["rows"], "",
                "A change of recording or of services? It would count as growth.")  # fmt: skip
    rejected: dict[tuple[str, str], int] = {}
    for a in tables["accounting"].to_pylist():
        if a["reason"].startswith("the line cannot be read"):
            key = (a["record"], a["file"])
            rejected[key] = rejected.get(key, 0) + a["rows"]
    for (record, file), n in rejected.items():
        add("fault", record, "", f"lines of {file} cannot be read", n, "",
            "set_aside.parquet of an extract has their line numbers.")  # fmt: skip
    unreadable = con.execute(
        'SELECT record, "column", source_file, n, example FROM unreadable ORDER BY ALL'
    ).fetchall()
    for record, column, file, n, example in unreadable:
        add("warning", record, column, f"values of {file} cannot be read and count as empty", n,
            example, "Mend them in the export.")  # fmt: skip
    repaired = con.execute(
        "SELECT record, source_file, what, sum(n)::BIGINT, count(*), arg_max(source_column, n), "
        "arg_max(example, n) FROM repaired GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    for record, file, what, n, columns, most, example in repaired:
        where = most if columns == 1 else f"{columns} columns"
        add("note", record, "", f"{file}: {where}: {what}", n, example, "")
    for d in tables["dates"].to_pylist():
        add("warning", d["record"], "", d["what"], d["n"], d["example"], "Look at the records.")
    for d in tables["duplicates"].to_pylist():
        add("warning", d["record"], "", d["what"], d["n"], d["example"],
            "Rows with the same key count once.")  # fmt: skip
    for row in successors_applied(con):
        if row["rows"]:
            add("note", "", "", f"rows of {row['code']} count to {row['successor']}, of which it "
                f"is part now ({row['kind']})", row["rows"], "", "")  # fmt: skip
    for note in unknown_notes(con):
        add("warning", "", "", note.rstrip("."), None, "", "Add the column to the export.")
    _incomplete(tables["completeness"], add)
    codes: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for c in tables["unknown_codes"].to_pylist():
        codes.setdefault((c["record"], c["column"]), []).append(c)
    for (record, column), values in codes.items():
        add("note", record, column, "codes that are not in the data dictionary",
            sum(v["n"] for v in values), values[0]["value"],
            "Map them with [values] in extract.toml, if they mean a known code.")  # fmt: skip
    for record in staged_records(con):
        total = one_row(con, f"SELECT count(*) FROM staged_{record}")[0]
        aside = one_row(con, f"SELECT count(*) FROM staged_{record} WHERE reason IS NOT NULL")[0]
        if aside:
            add("note", record, "", f"rows are set aside, {aside / max(total, 1):.1%} of {total:,}",
                aside, "", "The accounting table says why.")  # fmt: skip
    names = ("severity", "record", "column", "what", "n", "example", "remedy")
    # The worst first: by severity, then by how many rows it is about; gaps are whole months.
    rows.sort(key=lambda r: (_SEVERITY.index(r[0]), r[4] is not None, -(r[4] or 0)))
    kinds = [pa.string()] * 4 + [pa.int64()] + [pa.string()] * 2
    return pa.table(
        {
            name: pa.array([row[i] for row in rows], kind)
            for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
        }
    )


def _gaps(tables: Mapping[str, pa.Table], add: Any) -> None:
    """Say which providers have months without rows, in one line a kind of record and size.

    Where a usual month has few rows an empty one may be chance, which is a note.
    """
    sizes: dict[tuple[str, str], list[int]] = {}
    for row in tables["months"].to_pylist():
        sizes.setdefault((row["record"], row["procode3"]), []).append(row["rows"])
    usual = {key: float(np.median(rows)) for key, rows in sizes.items()}
    gaps: dict[tuple[str, bool], dict[str, list[Any]]] = {}
    for g in tables["gaps"].to_pylist():
        large = usual[g["record"], g["procode3"]] >= LEAST_ROWS
        months = gaps.setdefault((g["record"], large), {}).setdefault(g["procode3"], [])
        months.append(g["month"])
    for (record, large), found in gaps.items():
        lost = {code: usual[record, code] * len(months) for code, months in found.items()}
        worst = max(sorted(lost), key=lambda code: lost[code])
        listed = [f"{month:%B %Y}" for month in found[worst][:3]]
        listed += ["…"] if found[worst][3:] else []
        what = f"{worst} has no rows in {', '.join(listed)}"
        if len(found) > 1:
            size = "at least" if large else "fewer than"
            what = (
                f"{len(found)} providers with {size} {LEAST_ROWS} rows in a usual month have "
                f"months without rows, about {sum(lost.values()):,.0f} rows; the worst: {what}"
            )
        add("fault" if large else "note", record, "", what, None, "",
            "Export the months again; a baseline with a hole counts too little. The table of gaps "
            "has them all.")  # fmt: skip


def _incomplete(completeness: pa.Table, add: Any) -> None:
    """Find columns that are rarely filled, and months in which one is much less than usual."""
    series: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in completeness.to_pylist():
        series.setdefault((row["record"], row["column"]), []).append(row)
    for (record, column), months in sorted(series.items()):
        filled = sum(m["filled"] for m in months) / max(sum(m["rows"] for m in months), 1)
        if column in _WORTH_FILLING[record] and filled < _WANTED_FILLED:
            share = (
                "no row has it" if not filled else f"only {max(filled, 0.001):.1%} of rows have it"
            )
            add("warning", record, column, share, None, "",
                "What rests on it counts too little.")  # fmt: skip
        fullest = max(m["rows"] for m in months)
        for m in months:
            if m["rows"] > 0.1 * fullest and m["share"] < filled - _FALL:
                add("warning", record, column,
                    f"{m['share']:.0%} filled in {m['month']:%B %Y}, usually {filled:.0%}",
                    m["rows"] - m["filled"], "", "Export the month again.")  # fmt: skip


# Counts by table; a small one takes with it what rests on it.
_COUNTS = {
    "findings": ("n", ()),
    "accounting": ("rows", ()),
    "completeness": ("filled", ("share",)),
    "unknown_codes": ("n", ()),
    "dates": ("n", ()),
    "duplicates": ("n", ()),
    "months": ("rows", ()),
    "steps": ("rows", ("expected",)),
}
_ROUNDING = 5


def suppress_small(tables: Mapping[str, pa.Table], below: int) -> dict[str, pa.Table]:
    """Make a report fit for showing to others.

    Counts from 1 to one less than `below` become empty, and so does what rests on them; other
    counts are rounded to 5, so that a total does not give a part away (as NHS England publishes
    hospital episode statistics). Keys of records given as examples go.

    Args:
        tables: what `quality` gave.
        below: the smallest count that may be seen.
    """
    result = dict(tables)
    for name, (column, others) in _COUNTS.items():
        table = tables[name]
        counts = table.column(column).to_pylist()
        small = [n is not None and 0 < n < below for n in counts]
        shown = [
            None if hide or n is None else _ROUNDING * round(n / _ROUNDING)
            for n, hide in zip(counts, small, strict=True)
        ]
        columns = {column: shown} | {
            other: [
                None if hide else value
                for value, hide in zip(table.column(other).to_pylist(), small, strict=True)
            ]
            for other in others
        }
        if name == "completeness":
            rows = table.column("rows").to_pylist()
            columns["rows"] = [_ROUNDING * round(n / _ROUNDING) for n in rows]
        if "example" in table.column_names:
            columns["example"] = [""] * table.num_rows
        for other, values in columns.items():
            place = table.schema.get_field_index(other)
            field = table.schema.field(other)
            table = table.set_column(place, field, pa.array(values, field.type))
        result[name] = table
    return result
