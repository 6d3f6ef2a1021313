"""One error type that a user sees: every problem in a line, all at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutecast.errors import AcutecastError, Cancelled, Problem, raise_if_any

FULL = Problem("age is missing", where="ip.age", count=1200, example="row 7", remedy="Fill it in.")


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (FULL, "ip.age: age is missing (1,200 rows, for example row 7). Fill it in."),
        (Problem("age is missing"), "age is missing"),
        (Problem("age is missing", "ip.age"), "ip.age: age is missing"),
        (Problem("age is missing", count=1), "age is missing (1 row)"),
        (Problem("age is missing", count=0), "age is missing (0 rows)"),
        (Problem("age is missing", example="−3"), "age is missing (for example −3)"),
        (Problem("age is missing", remedy="Fill it in."), "age is missing. Fill it in."),
    ],
)
def test_a_problem_is_one_line(problem, line):
    assert str(problem) == line


def test_one_problem_needs_no_title():
    error = AcutecastError(FULL)
    assert str(error) == str(FULL)
    assert error.problems == (FULL,)


def test_a_text_is_a_problem():
    assert AcutecastError("no such file").problems == (Problem("no such file"),)


def test_several_problems_are_a_list():
    error = AcutecastError([Problem("one"), Problem("two")])
    assert str(error) == "2 problems:\n  - one\n  - two"


def test_a_title_stands_above():
    error = AcutecastError(Problem("one"), "The scenario does not fit the data")
    assert str(error) == "The scenario does not fit the data:\n  - one"


@given(st.lists(st.tuples(st.text(min_size=1), st.booleans())))
def test_warnings_alone_raise_nothing(drawn):
    problems = [Problem(what, warning=warning) for what, warning in drawn]
    grave = tuple(problem for problem in problems if not problem.warning)
    if not grave:
        raise_if_any(iter(problems), "title")
        return
    with pytest.raises(AcutecastError) as caught:
        raise_if_any(iter(problems), "title")
    assert caught.value.problems == grave
    assert caught.value.title == "title"


def test_to_cancel_is_no_fault_of_the_input():
    assert not issubclass(Cancelled, AcutecastError)
