"""A made-up region at record level: hospitals' own extracts, in the form of HES and ECDS.

It holds no real person's record. Every row is drawn at random: who comes from a published
projection of England's people and curves of activity by age, what is wrong with them from the
small tables of this folder, which were written for it. No row, person or hospital stands behind
any of them, and nothing was read from records to make them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from acutecast.errors import Problem, raise_if_any
from acutecast.files import folder_problems, whole_folder
from acutecast.synthetic import factors, people
from acutecast.synthetic.inequalities import QUINTILE_SHARES
from acutecast.synthetic.record_contacts import appointments, attendances
from acutecast.synthetic.record_spells import History, episodes

YEARS = (2021, 2022, 2023)
# Growth of activity from one year to the next, on top of which nothing else differs.
_GROWTH = 1.015
# Trusts after the first are of other sizes, one after the other.
_SIZES = (1.0, 0.7, 1.25, 0.5, 0.9, 1.1)
# Patients of a trust's own three areas, and of each neighbour's nearest.
_OWN_AREAS, _NEXT_AREA = (0.45, 0.28, 0.17), 0.05
MARK = "made-up-region.txt"
_SAYS = """These records are made up. No real person, visit or hospital is behind any row: all was
drawn at random by Acutecast (acutecast synth), seed {seed}.
"""

Tell = Callable[[str, int, int, float], None]


def trust_codes(count: int) -> list[str]:
    """Give made-up provider codes; the first is the demo's."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
    return ["DEMO", *(f"Z{letters[i // 34]}{letters[i % 34]}" for i in range(count - 1))]


def write_records(
    out: Path,
    seed: int = 1,
    trusts: int = 4,
    years: Sequence[int] = YEARS,
    size: float = 1.0,
    format: str = "parquet",
    *,
    emergency_years: Sequence[int] | None = None,
    outpatient_years: Sequence[int] | None = None,
    replace: bool = False,
    tell: Tell | None = None,
) -> dict[str, Path]:
    """Make the region's records and write them, whole or not at all.

    The same arguments give the same bytes, and another trust leaves the others' files as they are.

    Args:
        out: the folder to make: `apc`, `opa` and `ecds` with a file a trust and year, and the
            files `population`, `births`, `deprivation` and `sites`.
        seed: another seed gives another region of the same kind.
        trusts: how many trusts.
        years: financial years by the calendar year in which they start, in a row.
        size: the size of the first trust, 1.0 being about 100,000 spells a year; the others have
            0.5 to 1.25 of it.
        format: "parquet" or "csv".
        emergency_years: years of emergency attendances, where not all.
        outpatient_years: years of appointments, where not all.
        replace: whether a region made earlier may be replaced.
        tell: told of progress: stage, done, of, seconds.

    Returns:
        The files and folders by kind.

    Raises:
        AcutecastError: where an argument cannot be, or `out` has something else in it.
    """
    years = tuple(sorted(years))
    raise_if_any(_problems(out, trusts, years, size, format, replace), "No region can be made")
    began = time.perf_counter()
    codes = trust_codes(trusts)
    steps = trusts * len(years)
    with whole_folder(out) as folder:
        (folder / MARK).write_text(_SAYS.format(seed=seed), encoding="utf-8")
        for i, trust in enumerate(codes):
            own = seed if i == 0 else seed + 7919 * i
            history = History.empty()
            for j, year in enumerate(years):
                big = size * _SIZES[i % len(_SIZES)] * _GROWTH ** (year - people.BASE_YEAR)
                table, history = episodes(own, trust, big, year, _areas(i, trusts), history)
                _write(table, folder / "apc", f"{trust}-{year}", format)
                if outpatient_years is None or year in outpatient_years:
                    table = appointments(own, trust, big, year, _areas(i, trusts))
                    _write(table, folder / "opa", f"{trust}-{year}", format)
                if emergency_years is None or year in emergency_years:
                    table = attendances(own, trust, big, year)
                    _write(table, folder / "ecds", f"{trust}-{year}", format)
                if tell is not None:
                    tell("making", i * len(years) + j + 1, steps, time.perf_counter() - began)
        for name, table in _references(codes, size):
            _write(table, folder, name, "csv")
    kinds = ("apc", "opa", "ecds")
    found = {kind: out / kind for kind in kinds if (out / kind).exists()}
    return found | {path.stem: path for path in sorted(out.glob("*.csv"))}


def _problems(
    out: Path, trusts: int, years: tuple[int, ...], size: float, format: str, replace: bool
) -> Iterator[Problem]:
    if trusts < 1:
        yield Problem("there must be at least one trust", "trusts", example=str(trusts))
    if not (math.isfinite(size) and 0 < size <= 50):
        yield Problem("the size must be above 0 and at most 50", "size", example=str(size))
    if not years or years[0] < people.YEARS[0] - 4 or years[-1] > people.YEARS[-1]:
        yield Problem(
            f"years must be from {people.YEARS[0] - 4} to {people.YEARS[-1]}", "years",
            example=", ".join(map(str, years)) or "none",
        )  # fmt: skip
    if format not in ("parquet", "csv"):
        yield Problem(f'"{format}" is no format', "format", remedy="Write parquet or csv.")
    yield from folder_problems(out, MARK, "a made-up region is there already", replace=replace)


def _area_codes(trust: int) -> list[str]:
    return [f"E0700{3 * trust + k + 1:04d}" for k in range(3)]


def _areas(trust: int, trusts: int) -> dict[str, float]:
    """Give the shares of a trust's patients by area: mostly its own, some of its neighbours'."""
    shares = dict(zip(_area_codes(trust), _OWN_AREAS, strict=True))
    for neighbour in (trust - 1, trust + 1):
        if 0 <= neighbour < trusts:
            shares[_area_codes(neighbour)[0]] = _NEXT_AREA
    total = sum(shares.values())
    return {code: share / total for code, share in shares.items()}


def _references(codes: list[str], size: float) -> Iterator[tuple[str, pa.Table]]:
    """Make people and births of each area, people by deprivation, and names of sites."""
    parts: dict[str, list[pa.Table]] = {"population": [], "births": []}
    for i in range(len(codes)):
        big = size * _SIZES[i % len(_SIZES)]
        tables = {
            "population": factors.demographic_factors(big),
            "births": factors.birth_factors(big),
        }
        for area, share in zip(_area_codes(i), _own_shares(), strict=True):
            for name, table in tables.items():
                years = [c for c in table.column_names if c.isdigit()]
                scaled = {
                    c: np.round(table.column(c).to_numpy() * share, 2) if c in years
                    else table.column(c)
                    for c in table.column_names
                    if c != "sex" or name == "population"
                }  # fmt: skip
                area_column = pa.array([area] * table.num_rows)
                parts[name].append(pa.table({"area": area_column, **scaled}))
    for name, tables in parts.items():
        yield name, pa.concat_tables(tables)
    everyone = sum(
        float(people.catchment(size * _SIZES[i % len(_SIZES)]).sum()) for i in range(len(codes))
    )
    boards = list(people.ICBS)
    yield (
        "deprivation",
        pa.table(
            {
                "icb": np.repeat(boards, 5),
                "imd_quintile": np.tile(np.arange(1, 6), len(boards)),
                "people": np.round(
                    everyone * np.outer(list(people.ICBS.values()), QUINTILE_SHARES).ravel(), 1
                ),
            }
        ),
    )
    names = [
        (site.code if code == "DEMO" else code + site.code[3:], site.name)
        for code in codes
        for site in people.SITES.values()
    ]
    yield "sites", pa.table({"sitetret": [c for c, _ in names], "name": [n for _, n in names]})


def _own_shares() -> np.ndarray:
    shares = np.array(_OWN_AREAS)
    return shares / shares.sum()


def _write(table: pa.Table, folder: Path, name: str, format: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if format == "csv":
        plain = [
            column.cast(column.type.value_type) if pa.types.is_dictionary(column.type)
            else column
            for column in table.columns
        ]  # fmt: skip
        pyarrow.csv.write_csv(
            pa.table(dict(zip(table.column_names, plain, strict=True))),
            folder / f"{name}.csv",
            pyarrow.csv.WriteOptions(quoting_style="needed"),
        )
    else:
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
