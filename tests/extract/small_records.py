"""Records by hand, a few rows of each kind, as files."""

import csv
import io
from pathlib import Path
from typing import Any

import duckdb

from acutecast.extract.accounting import check_nothing_is_lost
from acutecast.extract.derive import derive
from acutecast.extract.mapping import read_mapping
from acutecast.extract.provider_tables import derived_views
from acutecast.extract.references import read_references
from acutecast.extract.rules import RuleSet, read_rules
from acutecast.extract.staging import stage

RULES = read_rules()

EPISODE: dict[str, Any] = {
    "epikey": "E1",
    "susspellid": "S1",
    "person_id": "P1",
    "procode3": "RXX",
    "sitetret": "RXX01",
    "admiage": 70,
    "sex": 1,
    "classpat": 1,
    "mainspef": 300,
    "tretspef": 300,
    "admidate": "2023-05-01",
    "disdate": "2023-05-05",
    "epiorder": 1,
    "epistat": 3,
    "admimeth": "21",
    "dismeth": 1,
    "imd_decile": 3,
    "icb": "QD1",
    "sushrg": "HE11G",
    "diag_01": "S720",
    "diag_02": "W190",
    "diag_03": "",
    "opertn_01": "",
    "opdate_01": "",
}
APPOINTMENT: dict[str, Any] = {
    "attendkey": "A1",
    "person_id": "P1",
    "procode3": "RXX",
    "sitetret": "RXX01",
    "apptdate": "2023-06-01",
    "apptage": 40,
    "sex": 2,
    "atentype": 2,
    "firstatt": 2,
    "refsourc": "03",
    "tretspef": "100",
    "icb": "QD1",
    "sushrg": "WF01A",
    "imd_quintile": 2,
    "opertn_01": "",
}
ATTENDANCE: dict[str, Any] = {
    "ec_ident": "C1",
    "person_id": "P1",
    "procode3": "RXX",
    "sitetret": "RXX01",
    "arrival_date": "2023-07-01",
    "arrival_time": "13:45",
    "age_at_arrival": 30,
    "sex": 1,
    "ec_attendancecategory": "1",
    "ec_department_type": "01",
    "ec_acuity_snomed_ct": "1077241000000103",
    "ec_arrival_mode_snomed_ct": "1048061000000105",
    "ec_discharge_status_snomed_ct": "182992009",
    "discharge_follow_up_snomed_ct": "",
    "der_ec_investigation_all": "",
    "der_ec_treatment_all": "183964008",
    "sushrg": "VB09Z",
    "icb": "QD1",
}
KEYS = {"apc": "epikey", "opa": "attendkey", "ecds": "ec_ident"}
BASE = {"apc": EPISODE, "opa": APPOINTMENT, "ecds": ATTENDANCE}


def rows_of(record: str, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Give a row for each set of changes; keys are numbered where they are not changed."""
    key = KEYS[record]
    letter = str(BASE[record][key])[0]
    rows = [BASE[record] | {key: f"{letter}{i}"} | change for i, change in enumerate(changes, 1)]
    if record == "apc":
        for i, (row, change) in enumerate(zip(rows, changes, strict=True), 1):
            row.setdefault("susspellid", f"S{i}")
            if "susspellid" not in change:
                row["susspellid"] = f"S{i}"
    return rows


def text_of(rows: list[dict[str, Any]], delimiter: str = ",", line_end: str = "\n") -> str:
    """Give rows as delimited text with a header."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write(folder: Path, record: str, *changes: dict[str, Any], **form: str) -> Path:
    """Write the rows of one kind of record as `<record>.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record}.csv"
    path.write_text(text_of(rows_of(record, *changes), **form), encoding="utf-8")
    return path


def staged(folder: Path, scratch: Path, mapping: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Read a folder of records into a database."""
    scratch.mkdir(exist_ok=True)
    con = duckdb.connect()
    stage(con, read_mapping(folder, mapping), scratch)
    return con


def derived(
    folder: Path, scratch: Path, rules: RuleSet = RULES, codes: Any = "spell"
) -> duckdb.DuckDBPyConnection:
    """Read a folder of records and derive spells and contacts."""
    con = staged(folder, scratch)
    read_references(con, read_mapping(folder))
    derive(con, rules, codes=codes, hours=False)
    check_nothing_is_lost(con)
    derived_views(con)
    return con
