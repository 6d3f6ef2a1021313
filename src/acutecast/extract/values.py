"""What values mean that files write in another way: texts for nothing, words, codes, numbers.

Each rule holds only where a text can mean one thing alone. What was read so is counted, and said.
Sources: codes are the NHS Data Dictionary's, as `records.csv` lists them; "Null" and "-" stand for
nothing in NHS England's HES technical output specification (Open Government Licence v3.0); the
other forms are what R, pandas, Excel and SQL Server write for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from acutecast.extract.records import RecordColumn
from acutecast.extract.sql import named, quoted

# Upper case; no column of HES or ECDS has one of them as a code that says something.
EMPTY = (
    "NULL", "(NULL)", "NA", "N/A", "#N/A", "<NA>", "-", "NONE", "NAN", "NAT", "\\N",
)  # fmt: skip
_YES_NO = {"YES": "Y", "TRUE": "Y", "T": "Y", "1": "Y", "NO": "N", "FALSE": "N", "F": "N", "0": "N"}
# Words for codes by column; upper case.
WORDS: Mapping[str, Mapping[str, str]] = {
    "sex": {
        "M": "1", "MALE": "1", "F": "2", "FEMALE": "2", "U": "0", "UNKNOWN": "0",
        "NOT KNOWN": "0", "I": "9", "INDETERMINATE": "9", "NOT SPECIFIED": "9",
    },
    "well_baby_ind": _YES_NO,
    "spelend": _YES_NO,
}  # fmt: skip
# Keys are kept letter by letter.
KEYS = ("epikey", "susspellid", "person_id", "attendkey", "ec_ident", "aekey")
# Codes are written with dots, dashes and daggers or without; four characters count.
CODES_WITH_DOTS = ("diag_", "opertn_", "diagnosis", "procedure_code")
_TAIL = re.compile(r"(\d+)\.0+")
_THOUSANDS = r"[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?"


def known(code: str, column: RecordColumn) -> bool:
    """Tell whether a code is one that the column may hold."""
    if column.codes:
        return code in column.codes
    return not column.pattern or re.fullmatch(column.pattern, code) is not None


def code_meant(value: str, column: RecordColumn) -> tuple[str, str] | None:
    """Find the code that a text means which is none itself.

    Args:
        value: the text, blanks around it or not, any case.
        column: what column it is in.

    Returns:
        The code, and in what way it was written; None where the text is left as it is.
    """
    text = value.strip().upper()
    word = WORDS.get(column.name, {}).get(text)
    if word is not None and not known(text, column):
        return word, "words or letters for codes"
    tail = _TAIL.fullmatch(text)
    whole = tail[1] if tail else text
    how = 'codes with ".0" behind them'
    if not whole.isdigit():
        return None
    if not known(whole, column):
        padded = {c for c in column.codes if c.lstrip("0") == whole.lstrip("0")}
        if not column.codes and column.pattern == r"\d{2}" and len(whole) == 1:
            padded = {whole.zfill(2)}
        if len(padded) == 1:
            how = "codes with other leading zeros" if tail is None else how
            return padded.pop(), how
    return (whole, how) if tail else None


def is_empty_sql(text: str, mapped: Mapping[str, str]) -> str:
    """Give the SQL that tells whether a text stands for nothing; not what the user maps."""
    own = {str(old).strip().upper() for old in mapped}
    return f"upper({text}) IN ({', '.join(quoted(word) for word in EMPTY if word not in own)})"


def plain_text_sql(column: str, stored: str) -> str:
    """Give the SQL of a value as trimmed text, null where there is nothing in it.

    Args:
        column: its name in the table as read, in which texts are so already.
        stored: its type there; bytes that are no UTF-8 are null as well.
    """
    if stored == "VARCHAR":
        return named(column)
    text = f"try(decode({named(column)}))" if stored == "BLOB" else f"{named(column)}::VARCHAR"
    return f"nullif(trim({text}), '')"


def text_sql(column: str, text: str, codes: Mapping[str, str]) -> str:
    """Give the SQL of a column of texts.

    Args:
        column: its canonical name.
        text: the SQL of the value as trimmed text.
        codes: the code by what the file writes, in upper case.
    """
    if codes:
        cases = " ".join(f"WHEN {quoted(old)} THEN {quoted(new)}" for old, new in codes.items())
        text = f"CASE upper({text}) {cases} ELSE {text} END"
    if column.startswith(CODES_WITH_DOTS):
        code = f"left(regexp_replace(upper({text}), '[^A-Z0-9]', '', 'g'), 4)"
        if column.startswith("diag"):
            # A three-character category has X in the fourth place.
            code = f"CASE WHEN length({code}) = 3 THEN {code} || 'X' ELSE {code} END"
        return f"nullif({code}, '')"
    if column in KEYS:
        return text
    if column.endswith("_all"):
        return f"replace({text}, ' ', '')"
    return f"upper({text})"


def number_sql(text: str, column: RecordColumn, commas: bool) -> str:
    """Give the SQL of a column of whole numbers.

    Ages and lengths with a fraction are rounded down, as an age in years is; codes with one are
    no codes.
    """
    if commas:
        text = (
            f"CASE WHEN regexp_full_match({text}, {quoted(_THOUSANDS)}) "
            f"THEN replace({text}, ',', '') ELSE {text} END"
        )
    number = f"try_cast({text} AS DOUBLE)"
    whole = f"try_cast(floor({number}) AS BIGINT)"
    return f"CASE WHEN {number} = floor({number}) THEN {whole} END" if column.codes else whole


def strange_sql(name: str, text: str, column: RecordColumn) -> str:
    """Give the SQL that tells whether a value may be written in another way; never null.

    It is one test a value, as every value of every file goes through it.
    """
    words = is_empty_sql(text, {})
    if column.kind == "int":
        number = f"try_cast({text} AS DOUBLE)"
        return f"{text} IS NOT NULL AND coalesce({number} <> floor({number}), true)"
    if column.kind != "text" or name.startswith(CODES_WITH_DOTS):
        return f"coalesce({words}, false)"
    if column.codes:
        return f"coalesce(upper({text}) NOT IN ({', '.join(map(quoted, column.codes))}), false)"
    tail = f"{text} LIKE '%.0' OR {text} LIKE '%.00'"
    if name in KEYS:
        tail = f"({text} LIKE '%.0' AND regexp_full_match({text}, '[0-9]+[.]0+'))"
    elif column.pattern == r"\d{2}":
        tail = f"length({text}) <> 2"
    return f"coalesce({words} OR {tail}, false)"


def has_commas_sql(text: str) -> str:
    """Give the SQL that tells whether a number has commas between its thousands."""
    return f"({text} LIKE '%,%' AND regexp_full_match({text}, {quoted(_THOUSANDS)}))"
