"""Who moves in: the ages of migrants and of the people of new dwellings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from acutecast import facts
from acutecast.facts import MAX_AGE

HALF = 0.5
"""Share of men, and of women, among the people of a dwelling where nothing says otherwise."""


@cache
def migrants_by_age() -> np.ndarray:
    """Give the shares of those who move to England by sex and age 0-90, summing to 1, (2, 91)."""
    shares = np.zeros((2, MAX_AGE + 1))
    for row in facts.rows("arrivals_by_age"):
        ages = slice(int(row["from_age"]), int(row["to_age"]) + 1)
        width = ages.stop - ages.start
        shares[int(row["sex"]) - 1, ages] = float(row["people"]) / width
    return shares / shares.sum()


@cache
def people_per_dwelling() -> dict[str, float]:
    """Give people per new dwelling by age group ("25-34"), a marked assumption."""
    return {
        f"{row['from_age']}-{row['to_age']}": float(row["people"])
        for row in facts.rows("people_per_dwelling")
    }


def ages_of_group(group: str) -> range:
    """Give the ages of a group: "25-34", "90" or "80+".

    Raises:
        ValueError: where it is none of them, or ends before it begins.
    """
    text = group.strip()
    if text.endswith("+"):
        ages = range(int(text[:-1]), MAX_AGE + 1)
    else:
        first, _, last = text.partition("-")
        ages = range(int(first), min(int(last or first), MAX_AGE) + 1)
    if not ages or ages.start < 0:
        raise ValueError(group)
    return ages


def by_age(groups: Mapping[str, float]) -> np.ndarray:
    """Spread people by age group over sexes and single years of age 0-90, (2, 91).

    Args:
        groups: people by age group; the sexes are alike.
    """
    people = np.zeros((2, MAX_AGE + 1))
    for group, number in groups.items():
        ages = ages_of_group(group)
        people[:, ages.start : ages.stop] += HALF * number / len(ages)
    return people


def to_last_age(shares: np.ndarray, last: int) -> np.ndarray:
    """Give shares by age 0-90 with another last age; nobody of those who move is older than 90."""
    if last <= MAX_AGE:
        older = shares[..., last:].sum(axis=-1, keepdims=True)
        return np.concatenate([shares[..., :last], older], axis=-1)
    more = np.zeros((*shares.shape[:-1], last - MAX_AGE))
    return np.concatenate([shares, more], axis=-1)
