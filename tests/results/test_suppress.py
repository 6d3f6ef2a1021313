"""Small baseline counts are hidden where a summary is shared."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutecast.errors import AcutecastError
from acutecast.results.suppress import hide_small, hide_small_counts, is_small


@given(st.lists(st.integers(0, 30)), st.integers(2, 20))
def test_exactly_the_counts_below_the_threshold_are_hidden(counts, threshold):
    shown = hide_small(np.array(counts, dtype=np.int64), threshold).to_pylist()
    assert shown == [None if 1 <= n < threshold else n for n in counts]


def test_without_a_threshold_all_is_shown():
    assert hide_small(np.array([0, 1, 4]), None).to_pylist() == [0, 1, 4]


def test_a_summary_hides_what_would_give_the_count_back():
    frame = pl.DataFrame(
        {
            "pod": ["a", "b", "c"],
            "baseline": [0, 4, 5],
            "mean": [1.0, 6.0, 6.0],
            "change": [1.0, 2.0, 1.0],
            "change_pct": [None, 50.0, 20.0],
        }
    )
    hidden = hide_small_counts(frame)
    assert hidden["baseline"].to_list() == [0, None, 5]
    assert hidden["change"].to_list() == [1.0, None, 1.0]
    assert hidden["change_pct"].to_list() == [None, None, 20.0]
    assert hidden["mean"].equals(frame["mean"])
    assert hide_small_counts(frame, text=True)["baseline"].to_list() == ["0", "<5", "5"]
    assert hide_small_counts(frame, 7)["baseline"].to_list() == [0, None, None]


def test_what_is_hidden_already_stays_hidden():
    frame = pl.DataFrame({"baseline": [None, 3, 9]})
    assert hide_small_counts(frame)["baseline"].to_list() == [None, None, 9]


def test_a_threshold_that_hides_nothing_is_an_error():
    with pytest.raises(AcutecastError, match="at least 2"):
        is_small(np.array([1]), 1)
