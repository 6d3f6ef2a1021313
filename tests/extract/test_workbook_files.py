"""Workbooks as files of records."""

from datetime import date

import pytest
import xlsxwriter

from acutecast.errors import AcutecastError
from extract.small_records import rows_of, staged


def workbook(path, sheets):
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(path))
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for i, row in enumerate(rows):
            for j, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(i, j, cell, day)
                else:
                    sheet.write(i, j, cell)
    book.close()


def test_the_sheet_with_the_records_is_read(tmp_path):
    rows = [r | {"admidate": date(2023, 5, 1)} for r in rows_of("apc", {}, {"sex": "F"})]
    table = [["A title"], list(rows[0]), *(list(r.values()) for r in rows)]
    workbook(tmp_path / "r" / "apc.xlsx", {"Notes": [["Made by us"]], "Data": table})
    con = staged(tmp_path / "r", tmp_path / "s")
    found = con.execute("SELECT epikey, admidate, sex, source_file FROM raw_apc").fetchall()
    assert found == [
        ("E1", date(2023, 5, 1), "1", "apc.xlsx: Data"),
        ("E2", date(2023, 5, 1), "2", "apc.xlsx: Data"),
    ]


def test_a_workbook_without_records_names_its_sheets(tmp_path):
    workbook(tmp_path / "apc.xlsx", {"Notes": [["x"]], "More": [["y"]]})
    with pytest.raises(AcutecastError, match=r"apc\.xlsx: no sheet has columns .* Notes, More"):
        staged(tmp_path, tmp_path / "s")
