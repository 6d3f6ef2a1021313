"""Values as files bring them: read where they mean one thing alone, counted, and never guessed."""

import csv
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.errors import AcutecastError
from acutecast.extract.mapping import read_mapping
from acutecast.extract.moments import order_of
from acutecast.extract.records import find_column
from acutecast.extract.values import EMPTY, WORDS, code_meant
from extract.small_records import EPISODE, derived, staged, write

SHARED = Path(__file__).parents[3] / "shared"
CODES = SHARED / "data/real/hes_codes.csv"
CASES = SHARED / "cases"


def values(con, column, record="apc"):
    sql = f"SELECT {column} FROM raw_{record} ORDER BY source_file, source_row"
    return [row[0] for row in con.execute(sql).fetchall()]


def repaired(con):
    rows = con.execute('SELECT "column", what, n FROM repaired ORDER BY ALL').fetchall()
    return {(column, what): n for column, what, n in rows}


@pytest.fixture
def read(tmp_path):
    """Read the records of given changes, with an `extract.toml` of the given text."""

    def go(*changes, record="apc", toml=""):
        write(tmp_path / "records", record, *changes)
        if toml:
            (tmp_path / "records" / "extract.toml").write_text(toml)
        return staged(tmp_path / "records", tmp_path / "scratch")

    return go


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("sex", "M", "1"), ("sex", "female", "2"), ("sex", "1.0", "1"), ("sex", "02", "2"),
        ("sex", "U", "0"), ("classpat", "2.00", "2"), ("epistat", "03", "3"),
        ("dismeth", "1.0", "1"), ("spelend", "TRUE", "Y"), ("admimeth", "21.0", "21"),
        ("mainspef", "300.0", "300"), ("ethnos", "3.0", "3"), ("admimeth", "77.0", "77"),
    ],
)  # fmt: skip
def test_a_code_written_in_another_way(name, written, meant):
    assert code_meant(written, find_column("apc", name))[0] == meant


@pytest.mark.parametrize(
    ("record", "name", "written", "meant"),
    [
        ("opa", "refsourc", "3", "03"), ("ae", "aeattenddisp", "2.0", "02"),
        ("ae", "invest2_01", "6", "06"), ("ae", "aedepttype", "1.0", "1"),
    ],
)  # fmt: skip
def test_a_zero_that_a_spreadsheet_lost(record, name, written, meant):
    assert code_meant(written, find_column(record, name))[0] == meant


@pytest.mark.parametrize(
    ("name", "text"),
    [("admimeth", "1"), ("admimeth", "2A"), ("sex", "1"), ("sex", "man?"), ("tretspef", "30")],
)
def test_a_text_that_may_mean_several_things_is_left(name, text):
    assert code_meant(text, find_column("apc", name)) is None


def test_no_published_code_is_taken_for_nothing():
    if not CODES.exists():
        pytest.skip("the published code lists are not here")
    with CODES.open(encoding="utf-8") as file:
        codes = {row["code"] for row in csv.DictReader(file)}
    # "Null" says that there is nothing; "-" that there was no operation.
    assert {code for code in codes if code.upper() in EMPTY} == {"Null", "null", "-"}


def test_words_stand_for_codes_that_the_column_knows():
    for name, words in WORDS.items():
        assert set(words.values()) <= set(find_column("apc", name).codes)


def test_texts_for_nothing_are_nothing_in_every_column(read):
    columns = [name for name in EPISODE if name not in ("epikey", "susspellid")]
    con = read(*(dict.fromkeys(columns, text) for text in EMPTY), {}, {"sex": "null "})
    for name in columns:
        assert values(con, name)[: len(EMPTY)] == [None] * len(EMPTY), name
    assert repaired(con)["sex", "texts that stand for nothing"] == len(EMPTY) + 1
    assert repaired(con)["opertn_01", "texts that stand for nothing"] == len(EMPTY)
    assert con.execute("SELECT count(*) FROM unreadable").fetchall() == [(0,)]


def test_a_text_for_nothing_that_the_user_maps_is_what_the_user_says(read):
    con = read({"admimeth": "NA"}, {"admimeth": "NULL"}, toml='[values.apc.admimeth]\nNA = "21"\n')
    assert values(con, "admimeth") == ["21", None]


def test_numbers(read):
    con = read(
        {"speldur": "1,234"}, {"speldur": "12.0"}, {"speldur": "3.7"}, {"speldur": "1,5"},
        {"imd_decile": "3.7", "speldur": "-1"},
    )  # fmt: skip
    assert values(con, "speldur") == [1234, 12, 3, None, -1]
    assert values(con, "imd_decile")[4] is None  # a code has no fraction
    assert repaired(con) == {
        ("speldur", "numbers with commas between thousands"): 1,
        ("speldur", "numbers with a fraction, rounded down"): 1,
    }
    rows = con.execute('SELECT "column", n, filled, example FROM unreadable ORDER BY 1').fetchall()
    assert rows == [("imd_decile", 1, 5, "3.7"), ("speldur", 1, 5, "1,5")]


def test_keys_lose_a_tail_only_where_all_have_it(read):
    con = read({"person_id": "12.0", "epikey": "7.0"}, {"person_id": "X", "epikey": "8.0"})
    assert values(con, "epikey") == ["7", "8"]
    assert values(con, "person_id") == ["12.0", "X"]


@pytest.mark.parametrize(
    "written",
    [
        "01-Apr-23", "01APR2023", "1 April 2023", "01/04/2023 10:00", "01.04.2023", "1/4/2023",
        "2023-04-01T23:59:59+01:00", "01APR2023:00:00:00", "Apr  1 2023 12:00AM", "45017",
        "45017.0", "45017.75", "2023/04/01",
    ],
)  # fmt: skip
def test_forms_of_a_date(read, written):
    con = read({"admidate": written})
    assert values(con, "admidate") == [date(2023, 4, 1)]
    assert con.execute("SELECT count(*) FROM unreadable").fetchall() == [(0,)]


def test_unusual_forms_and_undecided_days_are_counted(read):
    con = read(
        {"admidate": "01-Apr-23", "disdate": "03/04/2023"},
        {"admidate": "45017", "disdate": "04/04/2023"},
        {"admidate": "2023-04-01", "disdate": "05/04/2023"},
    )
    assert values(con, "disdate") == [date(2023, 4, d) for d in (3, 4, 5)]
    assert repaired(con) == {
        ("admidate", "dates written as 01-Apr-23"): 1,
        ("admidate", "dates written as 45017, as Excel counts days"): 1,
        # 04/04/2023 is the same either way.
        ("disdate", "dates in which nothing tells day from month, read with the day first"): 2,
    }


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("9:05", time(9, 5)), ("905", time(9, 5)), ("905.0", time(9, 5)), ("0905", time(9, 5)),
        ("9:05 PM", time(21, 5)), ("10:05:01 PM", time(22, 5, 1)), ("09:05:00.000", time(9, 5)),
        ("2023-04-01 09:05:00", time(9, 5)), ("01/04/2023 09:05", time(9, 5)), ("5", time(0, 5)),
    ],
)  # fmt: skip
def test_forms_of_a_time(read, written, read_as):
    con = read({"arrival_time": written}, record="ecds")
    assert values(con, "arrival_time", "ecds") == [read_as]


MONTH_FIRST = [{"admidate": d, "disdate": "06/07/2023"} for d in ("04/13/2023", "04/05/2023")]


def unclear(con):
    return con.execute('SELECT "column", fault, n FROM unclear_dates ORDER BY 1').fetchall()


def test_the_month_first_is_a_fault_of_every_column_of_the_file(read):
    con = read(*MONTH_FIRST)
    assert unclear(con) == [("admidate", "month first", 2), ("disdate", "month first", 2)]
    assert values(con, "admidate") == [date(2023, 4, 13), date(2023, 4, 5)]
    assert values(con, "disdate") == [date(2023, 6, 7)] * 2  # one order in the whole file


@pytest.mark.parametrize(
    "toml",
    [
        'dates = "month first"', '[dates]\napc = "month first"', '[dates]\n"a*.csv" = "%m/%d/%Y"',
        '[dates.apc]\nadmidate = "month first"\ndisdate = "month first"',
    ],
)  # fmt: skip
def test_what_is_stated_is_done(read, toml):
    con = read(*MONTH_FIRST, toml=toml)
    assert values(con, "admidate") == [date(2023, 4, 13), date(2023, 4, 5)]
    assert values(con, "disdate") == [date(2023, 6, 7)] * 2
    assert unclear(con) == []


def dates_of(admidate, disdate, n):
    return [{"admidate": admidate.format(i), "disdate": disdate.format(i)} for i in range(1, n + 1)]


@pytest.mark.parametrize(
    ("admidate", "disdate", "n", "faults"),
    [
        # Nothing in the file tells; more than a few are a fault, however they are read.
        ("01/0{}/2023", "01/0{}/2023", 6, [("admidate", "neither", 5), ("disdate", "neither", 5)]),
        ("01/0{}/2023", "01/0{}/2023", 5, []),
        # The other column tells for both.
        ("01/0{}/2023", "25/0{}/2023", 6, []),
        # Others that disagree tell nothing.
        ("01/0{}/2023", "2023-0{}-25", 6, [("admidate", "neither", 5)]),
    ],
)  # fmt: skip
def test_what_nothing_tells_is_a_fault_beyond_a_few(read, admidate, disdate, n, faults):
    con = read(*dates_of(admidate, disdate, n))
    assert unclear(con) == faults
    assert values(con, "admidate") == [date(2023, i, 1) for i in range(1, n + 1)]
    stated = read(*dates_of(admidate, disdate, n), toml='dates = "day first"')
    assert unclear(stated) == []


def test_a_column_of_which_nothing_is_stated_has_the_order_stated_for_the_other(read):
    toml = '[dates.apc]\nadmidate = "month first"'
    con = read(*MONTH_FIRST, toml=toml)
    assert values(con, "disdate") == [date(2023, 6, 7)] * 2
    assert unclear(con) == []
    assert any("month first, as the file's others" in what for _, what in repaired(con))


def test_both_orders_in_one_column_are_a_fault_and_never_mixed(read):
    con = read(*({"admidate": d} for d in ("13/04/2023", "04/13/2023", "14/04/2023")))
    assert unclear(con) == [("admidate", "both", 3)]
    assert values(con, "admidate") == [date(2023, 4, 13), None, date(2023, 4, 14)]


def test_what_is_stated_is_checked(tmp_path):
    write(tmp_path, "apc", {})
    (tmp_path / "extract.toml").write_text('[dates]\napc = "US"\n[dates.opa]\nsex = "day first"\n')
    with pytest.raises(AcutecastError) as fault:
        read_mapping(tmp_path)
    assert "this is no order of day and month" in str(fault.value)
    assert '"sex" is no column of dates' in str(fault.value)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_order_is_told_by_what_is_there(day_first, month_first):
    order, fault = order_of(day_first, month_first, None)
    slips = min(day_first, month_first) / max(1, day_first + month_first)
    assert (order == "month first") == (month_first > day_first)
    assert fault == ("both" if slips > 0.01 else order if order == "month first" else "")


@pytest.mark.parametrize("case", ["half_sex", "pandas_floats", "us_dates"])
def test_cases_read_what_is_there(tmp_path, case):
    if not CASES.exists():
        pytest.skip("the shared cases are not here")
    con = derived(CASES / case, tmp_path / "scratch")
    rows = con.execute("SELECT count(*) FILTER (WHERE reason IS NULL), count(*) FROM staged_apc")
    assert rows.fetchall() == [(1986, 2479)]
    # "NULL" is neither a procedure nor an HRG, and "NA" no method of admission.
    odd = "SELECT count(*) FROM spells WHERE sushrg = 'NULL' OR admimeth = 'NA'"
    assert con.execute(odd).fetchall() == [(0,)]
    assert con.execute(
        "SELECT count(*) FROM spell_procedures WHERE procedure_code IN ('NULL', 'NA')"
    ).fetchall() == [(0,)]
    assert (case == "us_dates") == bool(unclear(con))


# The same value in forms that mean one thing alone.
_SEX = st.sampled_from(["{}", "{}.0", "0{}", " {} ", "letter", "word"])
_CODE = st.sampled_from(["{}", "{}.0", "{}.00", " {}"])
_DAY = st.sampled_from(
    ["%Y-%m-%d", "%d/%m/%Y", "%d-%b-%y", "%d%b%Y", "%Y%m%d", "%Y-%m-%dT%H:%M:%S", "serial"]
)
_NONE = st.sampled_from(["", *EMPTY])


@st.composite
def _episodes(draw):
    """Give episodes as they are and as somebody may write them."""
    plain, written = [], []
    for i in range(draw(st.integers(1, 6))):
        sex = draw(st.sampled_from(["1", "2"]))
        day = date(2022, 1, 13) + timedelta(days=draw(st.integers(0, 14)))
        age = draw(st.integers(0, 100))
        filled = draw(st.booleans())
        plain.append(
            {"sex": sex, "admidate": day.isoformat(), "disdate": day.isoformat(), "admiage": age,
             "classpat": "1", "opertn_01": "W371" if filled else "", "person_id": f"P{i}"}
        )  # fmt: skip
        form = draw(_SEX)
        words = {"letter": "MF"[int(sex) - 1], "word": ("Male", "FEMALE")[int(sex) - 1]}
        as_written = draw(_DAY)
        serial = str((day - date(1899, 12, 30)).days)
        written.append(
            plain[-1]
            | {
                "sex": words.get(form, form.format(sex)),
                "admidate": serial if as_written == "serial" else day.strftime(as_written),
                "admiage": draw(st.sampled_from([f"{age}", f"{age}.0"])),
                "classpat": draw(_CODE).format("1"),
                "opertn_01": "W37.1" if filled else draw(_NONE),
            }
        )
    return plain, written


@settings(max_examples=25, deadline=None)
@given(_episodes())
def test_one_set_of_records_in_any_clear_form_gives_the_same_tables(tmp_path_factory, episodes):
    found = []
    for i, changes in enumerate(episodes):
        folder = tmp_path_factory.mktemp(f"form-{i}")
        write(folder / "records", "apc", *changes)
        con = derived(folder / "records", folder / "scratch")
        found.append(
            [con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in
             ("spells", "spell_procedures", "set_aside_apc")]
        )  # fmt: skip
    assert found[0] == found[1]
