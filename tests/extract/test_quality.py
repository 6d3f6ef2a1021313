"""The report on records: what was broken on purpose is found, and what is whole is not."""

import pytest

from acutecast.extract.quality import quality, suppress_small
from acutecast.report.quality_page import write_quality_page
from extract.small_records import derived, write

MONTHS = [f"{y}-{m:02d}-15" for y in (2022, 2023) for m in range(1, 13)]


def report(tmp_path, **records):
    for record, changes in records.items():
        write(tmp_path / "records", record, *changes)
    return quality(derived(tmp_path / "records", tmp_path / "scratch"))


def steady(months=MONTHS, count=40):
    return [
        {"arrival_date": day, "person_id": f"P{day}{i}"} for day in months for i in range(count)
    ]


@pytest.fixture
def whole(tmp_path):
    return report(tmp_path, ecds=steady())


def test_whole_records_have_nothing_to_say(whole):
    assert whole["steps"].num_rows == whole["gaps"].num_rows == 0
    assert whole["dates"].num_rows == whole["duplicates"].num_rows == 0
    assert set(whole["findings"].column("severity").to_pylist()) <= {"note"}


def test_a_month_missing_doubled_and_a_lasting_change(tmp_path):
    changes = [c for c in steady() if c["arrival_date"] != "2022-06-15"]
    changes += steady(["2022-11-15"]) + steady(MONTHS[15:], 30)
    found = report(tmp_path, ecds=changes)
    (gap,) = found["gaps"].to_pylist()
    assert (gap["record"], gap["procode3"], f"{gap['month']}") == ("ecds", "RXX", "2022-06-01")
    steps = found["steps"].to_pylist()
    assert [f"{s['month']}" for s in steps if s["kind"] == "month"] == ["2022-11-01"]
    (shift,) = [s for s in steps if s["kind"] == "shift"]
    # Medians of six months tell it to within two months.
    assert "2023-02-01" <= f"{shift['month']}" <= "2023-06-01"
    assert shift["rows"] == 70
    said = [f["what"] for f in found["findings"].to_pylist()]
    assert said[0] == "RXX has no rows in June 2022"
    assert any("November 2022 stands out, +100% against 40" in what for what in said)


def test_codes_dates_and_duplicates(tmp_path):
    found = report(
        tmp_path,
        apc=[
            {},
            {"admimeth": "77"},
            {"diag_01": "?12"},
            {"disdate": "2023-04-01"},
            {"epikey": "E1"},
            {"opertn_01": "W371", "opdate_01": "2022-01-01"},
            {"disdate": "2023-05-09", "speldur": 3, "spelend": "Y"},
            {"admidate": "1899-01-01"},
        ],
    )
    codes = {(r["column"], r["value"]): r["n"] for r in found["unknown_codes"].to_pylist()}
    assert codes == {
        ("admimeth", "77"): 1,
        ("diag_01", "12X" if ("diag_01", "12X") in codes else "12"): 1,
    }
    dates = {r["what"]: (r["n"], r["example"]) for r in found["dates"].to_pylist()}
    assert dates["discharge before admission"] == (1, "E4")
    assert dates["the procedure is outside the stay"] == (1, "E6")
    assert dates["the stay is not the days between admission and discharge"] == (1, "E7")
    assert dates["admidate is before 1990"] == (1, "E8")
    duplicates = {r["what"]: r["n"] for r in found["duplicates"].to_pylist()}
    assert duplicates["the key occurs more than once"] == 1
    assert duplicates["the same episode has two keys"] >= 1


def test_completeness_and_a_month_in_which_it_falls(tmp_path):
    changes = [c | ({"icb": ""} if c["arrival_date"] == "2023-02-15" else {}) for c in steady()]
    found = report(tmp_path, ecds=changes)
    row = [
        r
        for r in found["completeness"].to_pylist()
        if r["column"] == "icb" and f"{r['month']}" == "2023-02-01"
    ]
    assert [(r["rows"], r["filled"], r["share"]) for r in row] == [(40, 0, 0.0)]
    assert any("0% filled in February 2023" in f["what"] for f in found["findings"].to_pylist())


def test_accounting_adds_up(tmp_path):
    found = report(tmp_path, apc=[{}, {"sex": 9}, {"sex": 9}], opa=[{}, {"atentype": 3}])
    rows = {(r["record"], r["reason"]): r["rows"] for r in found["accounting"].to_pylist()}
    assert rows == {
        ("apc", "kept"): 1,
        ("apc", "sex is not 1 or 2"): 2,
        ("opa", "kept"): 1,
        ("opa", "not attended, or not known whether first or follow-up"): 1,
    }


def test_the_page_has_words_pictures_and_figures(tmp_path, whole):
    path = write_quality_page(whole, tmp_path / "page.html", "St <Elsewhere>")
    page = path.read_text(encoding="utf-8")
    assert "St &lt;Elsewhere&gt;" in page
    assert "<Elsewhere>" not in page
    assert "960 rows in, 960 kept, 0 set aside" in page
    assert page.count("<svg") == 2
    assert page.count("<details>") == 2
    assert "<script" not in page
    assert "http://www.w3.org" in page
    assert page.count("src=") == 0  # nothing is fetched


def test_a_report_for_others_has_no_small_number_and_no_key(tmp_path):
    found = report(
        tmp_path, ecds=[*steady(), {"sex": 9}, {"arrival_date": "1899-01-01"}, {"ec_ident": "C1"}]
    )
    shown = suppress_small(found, 6)
    for name, column in (("accounting", "rows"), ("months", "rows"), ("completeness", "filled")):
        counts = [n for n in shown[name].column(column).to_pylist() if n is not None]
        assert counts
        assert all(n % 5 == 0 for n in counts)
        assert all(n == 0 or n >= 5 for n in counts)
    assert shown["dates"].to_pylist()[0] | {"what": ""} == {
        "record": "ecds", "what": "", "n": None, "example": "",
    }  # fmt: skip
    reasons = {r["reason"]: r["rows"] for r in shown["accounting"].to_pylist()}
    assert reasons["sex is not 1 or 2"] is None
    assert reasons["kept"] == 960
    page = write_quality_page(shown, tmp_path / "page.html", "x").read_text(encoding="utf-8")
    assert "C1" not in page


def test_gaps_are_one_line_a_size_of_provider_and_those_of_tiny_ones_a_note(tmp_path):
    changes = []
    for code, count in (("RAA", 25), ("RBB", 40), ("RCC", 2), ("RDD", 3)):
        lacking = {"2022-06-15", "2023-02-15"} if code == "RBB" else {"2022-07-15"}
        rows = steady([day for day in MONTHS if day not in lacking], count)
        changes += [row | {"procode3": code} for row in rows]
    findings = report(tmp_path, ecds=changes)["findings"].to_pylist()
    about = [(f["severity"], f["what"]) for f in findings if "no rows in" in f["what"]]
    assert [severity for severity, _ in about] == ["fault", "note"]
    assert about[0][1].startswith("2 providers with at least 20 rows")
    assert about[0][1].endswith("the worst: RBB has no rows in June 2022, February 2023")
    assert about[1][1].startswith("2 providers with fewer than 20 rows")
    assert findings[0]["what"] == about[0][1]


def test_a_finding_about_all_records_is_on_the_page_too(tmp_path):
    write(tmp_path / "records", "apc", {})
    path = tmp_path / "records" / "apc.csv"
    # Without dates of operations some TPMAs cannot be told.
    path.write_text(path.read_text().replace("opdate_01", "other"))
    tables = quality(derived(tmp_path / "records", tmp_path / "scratch"))
    assert "" in tables["findings"].column("record").to_pylist()
    page = write_quality_page(tables, tmp_path / "page.html", "records")
    assert "cannot" in page.read_text() or "not known" in page.read_text()
