"""The people a provider serves: its share of each area's people by age and sex."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acutecast.errors import Problem, raise_if_any
from acutecast.facts import MAX_AGE
from acutecast.files import with_folder
from acutecast.population.layouts import plain_table
from acutecast.population.people import Population, listed

_COLUMNS = ("area", "sex", "age", "share")


@dataclass(frozen=True)
class Catchment:
    """A provider's shares.

    Attributes:
        name: the provider's code.
        areas: codes of the areas that it serves.
        share: of the people of each area who are the provider's, (areas, 2, ages 0-90).
    """

    name: str
    areas: tuple[str, ...]
    share: np.ndarray

    def weights(self, last_age: int) -> np.ndarray:
        """Give the shares for people of ages to `last_age`; beyond 90, the share at 90."""
        more = last_age - MAX_AGE
        if more <= 0:
            return self.share[..., : last_age + 1]
        return np.concatenate([self.share, np.repeat(self.share[..., -1:], more, axis=-1)], axis=-1)

    def people(self, population: Population) -> Population:
        """Give the people of the catchment as one area, by age 0-90.

        Births follow the share of the mothers.

        Raises:
            AcutecastError: naming areas that the population lacks.
        """
        mine = population.to_last_age(MAX_AGE).of_areas(self.areas)
        mothers = np.arange(mine.births.shape[2]) + mine.first_mother
        people = np.einsum("iysa,isa->ysa", mine.people, self.share)
        births = np.einsum("iym,im->ym", mine.births, self.share[:, 1, mothers])
        return Population((self.name,), mine.years, people[None], births[None], mine.first_mother)


def read_catchments(path: str | os.PathLike[str]) -> dict[str, Catchment]:
    """Read catchments: the columns area, share and, where there are any, provider, sex and age.

    A table without sex or age has one share for all of them.

    Args:
        path: CSV or Parquet; `acutecast extract` writes `catchment_shares`.

    Returns:
        By provider ("all" where the table does not say).

    Raises:
        AcutecastError: with every fault.
    """
    import polars as pl

    path = Path(path)
    frame = plain_table(path)
    names = {name.lower(): name for name in frame.columns}
    for name in ("dataset", "procode3"):
        if name in names:
            names["provider"] = names[name]
    lacking = [name for name in ("area", "share") if name not in names]
    raise_if_any(
        [Problem("columns are missing", f"{with_folder(path)}: {', '.join(lacking)}",
                 remedy=f"It needs {', '.join(_COLUMNS)}; it has {listed(tuple(frame.columns))}.")]
        if lacking else [],
        "The catchment cannot be used",
    )  # fmt: skip
    numbers = [name for name in ("share", "sex", "age", "fyear") if name in names]
    frame = frame.with_columns(
        pl.col(names[name]).cast(pl.Float64, strict=False) for name in numbers
    )
    problems = []
    for name, fits, what, remedy in (
        ("area", pl.col(names["area"]).str.len_chars() > 0, "an area has no code",
         "Write the code of the area in every row."),
        ("share", pl.col(names["share"]).is_between(0, 1), "a share is not between 0 and 1",
         "Write shares, such as 0.85 for 85% of an area's people."),
        *(
            (name, pl.col(names[name]).is_between(low, high) & (pl.col(names[name]) % 1 == 0), what,
             remedy)
            for name, low, high, what, remedy in (
                ("sex", 1, 2, "a sex is not known", "Write 1 for males and 2 for females."),
                ("age", 0, 150, "an age is no whole number of years", "Write single years."),
                ("fyear", 1900, 2200, "a year is none", "Write the year in which it begins."),
            )
            if name in names
        ),
    ):  # fmt: skip
        wrong = frame.select((~fits.fill_null(False)).sum()).item()
        if wrong:
            where = f"{with_folder(path)}: {name}"
            problems.append(Problem(what, where, count=wrong, remedy=remedy))
    raise_if_any(problems, "The catchment cannot be used")
    if "fyear" in names:
        # An extract of several years: the last is the nearest to what is planned.
        frame = frame.filter(pl.col(names["fyear"]) == pl.col(names["fyear"]).max())
    by = pl.col(names["provider"]).cast(pl.String) if "provider" in names else pl.lit("all")
    frame = frame.with_columns(by.alias("provider_"))
    return {str(name[0]): _of(str(name[0]), mine, names) for name, mine in
            sorted(frame.group_by("provider_"))}  # fmt: skip


def _of(name: str, frame, names: dict[str, str]) -> Catchment:
    areas = tuple(sorted(frame[names["area"]].cast(str).unique()))
    share = np.zeros((len(areas), 2, MAX_AGE + 1))
    index = {area: i for i, area in enumerate(areas)}
    at = np.array([index[a] for a in frame[names["area"]].cast(str)])
    value = frame[names["share"]].cast(float).to_numpy()
    sexes = frame[names["sex"]].cast(int).to_numpy() - 1 if "sex" in names else None
    ages = np.minimum(frame[names["age"]].cast(int).to_numpy(), MAX_AGE) if "age" in names else None
    if sexes is None and ages is None:
        share[at] = value[:, None, None]
    elif sexes is None:
        share[at, :, ages] = value[:, None]
    elif ages is None:
        share[at, sexes] = value[:, None]
    else:
        share[at, sexes, ages] = value
    return Catchment(name, areas, share)
