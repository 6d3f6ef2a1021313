"""England's national projection, as the facts hold it: what stands in where no file is given."""

from __future__ import annotations

from functools import cache

import numpy as np

from acutecast import facts
from acutecast.facts import MAX_AGE
from acutecast.population.people import FIRST_MOTHER, LAST_MOTHER, Population

CODE = "E92000001"
VARIANT = "migration_category"


@cache
def england() -> Population:
    """Give England's people 2022-2047 by age 0-90, and births of all but the last year.

    The ONS's 2022-based national projection, rounded to hundreds of people and tens of births.
    """
    rows = facts.rows("england_population")
    years = tuple(int(name) for name in rows[0] if name.isdigit())
    people = np.zeros((1, len(years), 2, MAX_AGE + 1))
    for row in rows:
        counts = [100.0 * int(row[str(year)]) for year in years]
        people[0, :, int(row["sex"]) - 1, int(row["age"])] = counts
    births = np.full((1, len(years) - 1, LAST_MOTHER - FIRST_MOTHER + 1), np.nan)
    for row in facts.rows("england_births"):
        for y, year in enumerate(years[1:]):
            if str(year) in row:
                births[0, y, int(row["age"]) - FIRST_MOTHER] = 10.0 * int(row[str(year)])
    return Population((CODE,), years, people, births)
