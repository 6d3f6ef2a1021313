"""What the derivations had to decide, counted and in words, for those who read the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast.extract.derivation_parts import SITE_AS_PROVIDER
from acutecast.extract.sql import has, one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COUNTED = "is_last AND row_id NOT IN (SELECT row_id FROM set_aside_apc)"


def derivation_notes(con: DuckDBPyConnection) -> list[str]:
    """Say what was decided for records that could be read in more than one way.

    Needs what `derive` made. A note is a sentence with its count; what did not happen has none.
    """
    notes = []
    if has(con, "spell_row"):
        notes += [*_episodes(con), *_past(con)]
    if has(con, "staged_opa"):
        notes += _appointments(con)
    if has(con, "attendance_of_person"):
        notes += _attendances(con)
    return [*notes, *_sites(con)]


def _episodes(con: DuckDBPyConnection) -> list[str]:
    replaced = con.execute(
        f"""SELECT coalesce(last_reason, 'its dates cannot be used'), count(*) FROM spell_row
        WHERE {_COUNTED} AND epikey <> last_epikey GROUP BY 1 ORDER BY 2 DESC, 1"""
    ).fetchall()
    borrowed, at_start = one_row(
        con,
        f"""SELECT count(*) FILTER (WHERE disdate IS DISTINCT FROM discharged),
            count(*) FILTER (WHERE age_at_start) FROM spell_row WHERE {_COUNTED}""",
    )
    notes = []
    if replaced:
        total = sum(n for _, n in replaced)
        why = "; ".join(f"{reason}: {n:,}" for reason, n in replaced)
        notes.append(
            f"{_spells(total)} an earlier episode instead of the last, which is set aside ({why})."
        )
    if borrowed:
        notes.append(
            f"{_spells(borrowed)} no date of discharge in the last episode, or one before "
            "the admission: that of another episode is taken."
        )
    if at_start:
        notes.append(
            f"{_spells(at_start)} no age on admission from 0 to 120: the age at the start of the "
            "episode is taken."
        )
    return notes


def _spells(count: int) -> str:
    return f"{count:,} spell{' has' if count == 1 else 's have'}"


def _past(con: DuckDBPyConnection) -> list[str]:
    (past,) = one_row(
        con, "SELECT count(*) FROM past_stays WHERE rn NOT IN (SELECT rn FROM spells)"
    )
    if not past:
        return []
    return [
        f"{past:,} stay{' is' if past == 1 else 's are'} not counted as activity: readmission and "
        "frailty still look back on what the patient had before."
    ]


def _attendances(con: DuckDBPyConnection) -> list[str]:
    (gathered,) = one_row(con, "SELECT count(*) FROM attendance_of_person")
    kept = sum(
        one_row(
            con,
            f"SELECT count(*) FROM staged_{record} WHERE reason IS NULL AND person_id IS NOT NULL",
        )[0]
        for record in ("ecds", "ae")
        if has(con, f"staged_{record}")
    )
    past = gathered - kept
    if not past:
        return []
    return [
        f"{past:,} attendance{' is' if past == 1 else 's are'} not counted as activity: frequent "
        "attenders are still found with what is in the records of each person."
    ]


def _appointments(con: DuckDBPyConnection) -> list[str]:
    without, total = one_row(
        con,
        "SELECT count(*) FILTER (WHERE sushrg IS NULL), count(*) FROM staged_opa "
        "WHERE reason IS NULL",
    )
    if not without:
        return []
    return [
        f"No HRG in {without:,} of {total:,} appointments: counted as without a procedure, and not "
        "as referred by a consultant."
    ]


def _sites(con: DuckDBPyConnection) -> list[str]:
    there = [record for record in ("apc", "opa", "ecds", "ae") if has(con, f"raw_{record}")]
    if not there:
        return []
    rows = " UNION ALL ".join(f"SELECT procode3 FROM raw_{record}" for record in there)
    count, example = one_row(
        con, f"SELECT count(*), min(procode3) FROM ({rows}) WHERE {SITE_AS_PROVIDER}"
    )
    if not count:
        return []
    return [
        f"{count:,} row{' names' if count == 1 else 's name'} a site as the provider, such as "
        f"{example}: counted to the organisation of its first three characters, {example[:3]}."
    ]
