"""The contract is data; this checks that the data says what it can mean."""

import re

import pytest

from acutecast import facts
from acutecast.provider import TABLES, columns_of, contract
from small_provider import small_provider


def test_every_row_is_well_formed():
    for column in contract():
        assert column.table in TABLES
        assert column.kind in ("text", "int", "float", "bool", "date"), column
        assert column.unknown in ("error", "warning"), column
        assert column.meaning, column
        assert not (column.codes and column.pattern), column
        re.compile(column.pattern)
        if column.kind == "int":
            assert all(code.isdigit() for code in column.codes)
        if column.kind in ("bool", "date"):
            assert not column.codes
            assert column.low is column.high is None
        if not column.required and column.name != "rn":
            assert column.nullable, column


def test_names_are_unique_in_a_table():
    names = [(column.table, column.name) for column in contract()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("table", "used"), [("ip", 22), ("op", 23), ("aae", 19)])
def test_required_columns_are_those_that_the_projection_reads(table, used):
    # The NHP model reads 22, 24 and 20; of op and aae the key can be made from the position.
    assert sum(column.required for column in columns_of(table)) == used


def test_codes_come_from_the_facts():
    by_name = {(column.table, column.name): column for column in contract()}
    assert by_name["ip", "age_group"].codes == facts.AGE_GROUPS
    assert by_name["op", "pod"].codes == ("op_first", "op_follow-up", "op_procedure")
    assert by_name["ip", "tretspef_grouped"].codes == facts.SPECIALTY_GROUPS
    avoidance = by_name["ip_activity_avoidance_strategies", "strategy"].codes
    efficiencies = by_name["ip_efficiencies_strategies", "strategy"].codes
    assert "smoking" in avoidance
    assert "emergency_elderly" in efficiencies
    assert not set(avoidance) & set(efficiencies)


def test_the_small_provider_has_every_column_that_is_required():
    for name, table in small_provider(40).tables.items():
        required = {c.name for c in columns_of(name) if c.required and c.name != "yyyy"}
        assert required <= set(table.column_names)
