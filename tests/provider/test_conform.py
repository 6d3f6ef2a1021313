"""The same data in any usual form becomes the same table."""

import datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.provider import columns_of, conform
from acutecast.provider.conform import converted, misfits
from small_provider import small_provider

SMALL = small_provider(60)
INT32 = st.integers(-(2**31), 2**31 - 1)
INT_FORMS = {
    "int64": lambda v: pa.array(v, pa.int64()),
    "float": lambda v: pa.array(v, pa.float64()),
    "nan": lambda v: pa.array([np.nan if x is None else float(x) for x in v]),
    "text": lambda v: pa.array([None if x is None else str(x) for x in v], pa.string()),
    "decimal text": lambda v: pa.array([None if x is None else f" {x}.0 " for x in v], pa.string()),
    "categories": lambda v: pa.array(v, pa.int64()).dictionary_encode(),
    "large text": lambda v: pa.array([None if x is None else str(x) for x in v], pa.large_string()),
}


@given(st.lists(st.none() | INT32, min_size=1), st.sampled_from(sorted(INT_FORMS)))
def test_whole_numbers_survive_every_form(values, form):
    column = converted(pa.chunked_array([INT_FORMS[form](values)]), "int")
    assert column is not None
    assert column.type == pa.int32()
    assert column.to_pylist() == values


@given(st.lists(st.none() | st.text(max_size=4)), st.integers(1, 4))
def test_text_becomes_codes_with_sorted_used_values(values, parts):
    tables = [pa.table({"icb": pa.array(part, pa.string())}) for part in _split(values, parts)]
    column = conform("ip", tables).column("icb")
    assert column.to_pylist() == values
    assert column.type == pa.dictionary(pa.int32(), pa.string())
    used = sorted({v.encode() for v in values if v is not None})
    assert [v.encode() for v in column.combine_chunks().dictionary.to_pylist()] == used


def _split(values: list, parts: int) -> list[list]:
    size = -(-len(values) // parts) or 1
    return [values[i : i + size] for i in range(0, len(values), size)] or [[]]


@given(
    st.lists(
        st.none()
        | st.integers(-99, 99).map(str)
        | st.sampled_from(["", "x", "1.5", "1e3", "3e9", "nan", "--1", " 7 ", "2.0"])
    )
)
def test_misfits_are_exactly_what_stops_a_conversion(values):
    column = pa.chunked_array([pa.array(values, pa.string())])
    wrong = misfits(column, "int")
    fitting = [value for value, bad in zip(values, wrong, strict=True) if not bad]
    assert converted(pa.chunked_array([pa.array(fitting, pa.string())]), "int") is not None
    for value, bad in zip(values, wrong, strict=True):
        alone = converted(pa.chunked_array([pa.array([value], pa.string())]), "int")
        assert (alone is None) == bool(bad), value


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("bool", pa.array([0, 1, None]), [False, True, None]),
        ("bool", pa.array([0.0, 1.0]), [False, True]),
        ("bool", pa.array(["true", "0"]), [True, False]),
        ("bool", pa.array([1, 2]), None),
        ("text", pa.array([100, None]), ["100", None]),
        ("text", pa.array([100.0, np.nan]), ["100", None]),
        ("text", pa.array([1.5]), None),
        ("text", pa.array([b"ab"]), ["ab"]),
        ("int", pa.array([1.5]), None),
        ("int", pa.array([2**31]), None),
        ("int", pa.array([True]), None),
        ("float", pa.array(["0.5", None]), [0.5, None]),
        ("float", pa.array([3]), [3.0]),
        ("date", pa.array(["2023-04-01", "2023-04-01T10:30"]), [datetime.date(2023, 4, 1)] * 2),
        ("date", pa.array([datetime.datetime(2023, 4, 1, 23)]), [datetime.date(2023, 4, 1)]),
        ("date", pa.array(["01/04/2023"]), None),
        ("date", pa.array([20230401]), None),
        ("date", pa.nulls(1), [None]),
    ],
)
def test_kinds(kind, values, expected):
    column = converted(pa.chunked_array([values]), kind)
    assert (None if column is None else column.to_pylist()) == expected
    wrong = misfits(pa.chunked_array([values]), kind)
    assert wrong.any() == (expected is None)


@pytest.mark.parametrize("name", SMALL.tables)
def test_conforming_twice_changes_nothing(name):
    once = conform(name, SMALL.tables[name])
    assert conform(name, once).equals(once)
    for column in once.column_names:
        assert once.column(column).equals(SMALL.tables[name].column(column)), column


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(SMALL.tables)), st.lists(st.integers(0, 60), max_size=4))
def test_parts_make_the_same_table_as_the_whole(name, cuts):
    table = SMALL.tables[name]
    edges = [0, *sorted(cut for cut in cuts if cut < table.num_rows), table.num_rows]
    parts = [table.slice(a, b - a) for a, b in pairwise(edges)]
    assert conform(name, parts).equals(conform(name, table))


def test_parts_that_disagree_on_a_type_are_one_column():
    parts = [
        pa.table({"age": pa.array([1, 2]), "note": pa.array(["a", "b"])}),
        pa.table({"age": pa.array(["3", "old"]), "note": pa.array([[1], None])}),
    ]
    table = conform("ip", parts)
    assert table["age"].to_pylist() == ["1", "2", "3", "old"]
    assert table["note"].to_pylist() == ["a", "b", "[1]", None]
    assert misfits(table["age"], "int").tolist() == [False, False, False, True]


def test_columns_come_in_the_order_of_the_contract_then_the_others():
    table = conform("ip", pa.table({"z": [1], "sex": [1], "fyear": [2023], "rn": ["a"]}))
    assert table.column_names == ["rn", "sex", "z"]
    factors = pa.table({"2024": [1.0], "2023": [1.0], "note": ["x"], "variant": ["v"]})
    names = conform("demographic_factors", factors).column_names
    assert names == ["variant", "2023", "2024", "note"]


@pytest.mark.parametrize("name", ["op", "aae"])
def test_keys_are_renamed_or_made_across_parts(name):
    parts = [pa.table({"age": [1, 2]}), pa.table({"age": [3]})]
    assert conform(name, parts)["rn"].to_pylist() == ["0", "1", "2"]
    assert conform(name, pa.table({"index": [7]}))["rn"].to_pylist() == ["7"]
    kept = conform(name, pa.table({"index": [7], "rn": ["a"]}))
    assert kept["rn"].to_pylist() == ["a"]
    assert kept["index"].to_pylist() == [7]


@pytest.mark.parametrize("header", ["strategy", "mitigator", "tpma"])
def test_the_strategy_is_the_first_column_beside_the_key(header):
    table = pa.table({"fyear": [1], "sample_rate": [1.0], "rn": [5], header: ["smoking"]})
    table = conform("ip_activity_avoidance_strategies", table)
    assert table.column_names == [c.name for c in columns_of("ip_activity_avoidance_strategies")]
    assert table["strategy"].to_pylist() == ["smoking"]
    assert table["rn"].to_pylist() == ["5"]
