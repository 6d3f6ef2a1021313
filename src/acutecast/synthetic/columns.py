"""Columns of the built-in region's tables, made without a loop over rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast import facts
from acutecast.synthetic import people

# Its functions are made at run time, so a type checker knows none of them.
pc: Any = pyarrow.compute


def person(sex: np.ndarray, age: np.ndarray) -> dict[str, Any]:
    """Make the columns age, age_group and sex; `sex` is 0 for male and 1 for female."""
    group = np.array(facts.age_group_of_age())
    codes = np.searchsorted(np.unique(group), group)
    return {
        "age": age,
        "age_group": labels(codes[age], np.unique(group).tolist()),
        "sex": sex + 1,
    }


def labels(codes: np.ndarray, values: list[str]) -> pa.DictionaryArray:
    """Make a text column from codes, where -1 stands for a missing value."""
    distinct = list(dict.fromkeys(values))
    place = np.append([distinct.index(value) for value in values], -1)[codes]
    index = pa.array(place.astype(np.int32), mask=place < 0)
    return pa.DictionaryArray.from_arrays(index, pa.array(distinct, pa.string()))


def same(value: str, count: int) -> pa.DictionaryArray:
    """Make a text column with one value."""
    return labels(np.zeros(count, dtype=np.int64), [value])


def numbered(prefix: str, table: pa.Table) -> pa.Table:
    """Give the rows keys: the prefix and their position."""
    place = pc.utf8_lpad(pa.array(np.arange(1, table.num_rows + 1)).cast(pa.string()), 6, "0")
    return table.add_column(0, "rn", pc.binary_join_element_wise(prefix, place, "-"))


def icb_shares() -> np.ndarray:
    """Give the shares of the integrated care boards, in the order of `people.ICBS`."""
    return np.array(list(people.ICBS.values()))
