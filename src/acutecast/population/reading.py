"""Reading projections, estimates and births from official files and from plain ones."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import numpy as np

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import reason, with_folder
from acutecast.population.layouts import LONG, Sheet, is_population, to_long
from acutecast.population.people import FIRST_MOTHER, LAST_MOTHER, Population, listed
from acutecast.population.workbooks import WORKBOOKS, population_sheets
from acutecast.untrusted import ARCHIVE_ERRORS, MOST_UNPACKED, unpacked_members, unpacking

if TYPE_CHECKING:
    import polars

_TITLE = "The population files cannot be used"
_TABLES = (".csv", ".parquet", ".gz", *WORKBOOKS, ".zip")
# Local authorities: England, Wales, Scotland, Northern Ireland.
_LOCAL = r"^(E0[6-9]|W06|S12|N09)"


def read_population(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    variant: str | None = None,
    area: str | None = None,
    areas: Iterable[str] | None = None,
) -> dict[str, Population]:
    """Read population files into a projection a variant.

    Known are the ONS's subnational projections (2018- and 2022-based, people and births, CSV or
    the zip as published), its national ones (workbooks, 2018-, 2020- and 2022-based), mid-year
    estimates (the "detailed" CSV), the NHP model's `demographic_factors` and `birth_factors`
    (CSV or Parquet), and plain tables with the columns area, sex, age and either a column a year
    or year and people (or births); variant is optional.

    Args:
        paths: files, folders or zips; together they make the projections.
        variant: the variant of files that do not state one; else told from their names.
        area: likewise the area.
        areas: the areas to keep; by default local authorities where there are any, else all.

    Returns:
        By variant, in the order of their names.

    Raises:
        AcutecastError: with every fault of every file: what is missing, doubled, negative or no
            number, with how many rows and an example.
    """
    long = _long(paths, variant, area)
    return _assembled(long, None if areas is None else tuple(areas))


def population_rows(
    paths: Iterable[str | os.PathLike[str]], kind: str, variant: str | None = None
) -> polars.DataFrame:
    """Read people, or births, of every area and variant as rows.

    Args:
        paths: as in `read_population`.
        kind: "people" or "births".
        variant: the variant of files that do not state one.

    Returns:
        `variant`, `area`, `sex` (people only), `age`, `year`, `value`; areas as in
        `read_population`.

    Raises:
        AcutecastError: with every fault of every file.
    """
    import polars as pl

    long = _of_areas(_long(paths, variant, None), None).filter(pl.col("kind") == kind)
    if kind == "births":
        return _births(long)
    return long.filter(pl.col("sex") > 0).drop("kind")


def _long(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    variant: str | None,
    area: str | None,
) -> polars.DataFrame:
    import polars as pl

    one = isinstance(paths, str | os.PathLike)
    given = [Path(paths)] if one else [Path(path) for path in paths]  # type: ignore[arg-type]
    problems: list[Problem] = []
    frames = []
    for path in given:
        if not path.exists():
            problems.append(Problem("there is no such file or folder", str(path)))
            continue
        found = False
        for sheet in _sheets(path, problems):
            if not is_population(sheet):
                continue
            found = True
            frame, wrong = to_long(sheet, variant, area)
            problems += wrong
            if frame is not None:
                frames.append(frame)
        if not found and not problems:
            problems.append(
                Problem(
                    "holds no table of people or births by age", str(path),
                    remedy="It needs the columns area, sex and age, and a column a year.",
                )
            )  # fmt: skip
    raise_if_any(problems, _TITLE)
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(LONG, pl.String))


def _sheets(path: Path, problems: list[Problem]) -> Iterator[Sheet]:
    """Give every table of a file, or of the files of a folder or zip."""
    if path.is_dir():
        for inner in sorted(path.rglob("*")):
            if inner.is_file() and inner.suffix.lower() in _TABLES:
                yield from _sheets(inner, problems)
        return
    if path.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                names = sorted(archive.namelist())
                names = [name for name in names if PurePath(name).suffix.lower() in _TABLES]
                size = path.stat().st_size
                for name, content in unpacked_members(archive, path.name, size, names):
                    at = str(path.with_suffix("") / name)
                    yield from _tables(content, f"{path.name}/{name}", at, problems)
        except AcutecastError as error:
            problems += error.problems
        except ARCHIVE_ERRORS as error:
            problems.append(Problem(f"cannot be read: {error}", with_folder(path)))
        return
    yield from _tables(path.read_bytes(), with_folder(path), str(path), problems)


_GZIP = b"\x1f\x8b"
# zstd; zlib at its usual levels.
_OTHERS_PACKED = (b"\x28\xb5\x2f\xfd", b"x\x9c", b"x\x01", b"x\xda")


def _tables(content: bytes, label: str, path: str, problems: list[Problem]) -> Iterator[Sheet]:
    import polars as pl

    suffix = PurePath(path).suffix.lower()
    try:
        if suffix in WORKBOOKS:
            yield from population_sheets(content, label, path)
        elif suffix == ".parquet":
            yield Sheet(label, path, pl.read_parquet(io.BytesIO(content)))
        else:
            if content.startswith(_GZIP):
                # Polars unpacks by itself, whatever that comes to.
                with gzip.open(io.BytesIO(content)) as packed:
                    pieces = unpacking(packed, label, len(content), most=MOST_UNPACKED)  # type: ignore[arg-type]
                    content = b"".join(pieces)
            elif content.startswith(_OTHERS_PACKED):
                raise AcutecastError(Problem("is packed", label, remedy="Unpack it first."))
            frame = pl.read_csv(io.BytesIO(content), infer_schema=False, encoding="utf8-lossy")
            yield Sheet(label, path, frame)
    except AcutecastError as error:
        problems += error.problems
    except (pl.exceptions.PolarsError, *ARCHIVE_ERRORS) as error:
        first = reason(error)
        problems.append(
            Problem(f"cannot be read: {first}", label, remedy="Write it as CSV with commas.")
        )


def _assembled(long: polars.DataFrame, areas: tuple[str, ...] | None) -> dict[str, Population]:
    """Make arrays of the long table, once it is whole."""
    import polars as pl

    long = _of_areas(long, areas)
    # Where a file has the sexes apart, their sum is superfluous.
    people = long.filter((pl.col("kind") == "people") & (pl.col("sex") > 0))
    births = _births(long.filter(pl.col("kind") == "births"))
    problems: list[Problem] = []
    if not people.height:
        raise AcutecastError(
            Problem("they have no people by sex and age", remedy="Give males and females apart."),
            _TITLE,
        )
    made = {}
    for (variant,), mine in sorted(people.group_by("variant")):
        name = str(variant)
        made[name] = _population(name, mine, births.filter(pl.col("variant") == name), problems)
    for name in sorted(set(births["variant"]) - set(made)):
        problems.append(
            Problem("has births and no people", f"variant {name}", remedy="Add its people.")
        )
    raise_if_any(problems, _TITLE)
    return made


def _of_areas(long: polars.DataFrame, areas: tuple[str, ...] | None) -> polars.DataFrame:
    """Keep the areas wanted; where none are named, local authorities if there are any."""
    import polars as pl

    if areas is None:
        local = pl.col("area").str.contains(_LOCAL)
        return long.filter(local) if long["area"].str.contains(_LOCAL).any() else long
    there = sorted(long["area"].unique())
    lacking = sorted(set(areas) - set(there))
    if lacking:
        raise AcutecastError(
            Problem(
                "the files have no such areas", count=len(lacking), example=lacking[0],
                remedy=f"They have {listed(there)}.",
            ),
            _TITLE,
        )  # fmt: skip
    return long.filter(pl.col("area").is_in(areas))


def _births(births: polars.DataFrame) -> polars.DataFrame:
    """Add up the sexes of the newborn; the age is the mother's.

    Sex in a table of births is the baby's (ONS) or always the mother's (NHP); a table may also
    have the total of both.
    """
    import polars as pl

    keys = ["variant", "area", "age", "year"]
    apart = births.filter(pl.col("sex") > 0).group_by(keys).agg(pl.col("value").sum())
    both = births.filter(pl.col("sex") == 0).select(*keys, "value")
    return pl.concat([apart, both.join(apart, on=keys, how="anti")])


def _population(
    variant: str, people: polars.DataFrame, births: polars.DataFrame, problems: list[Problem]
) -> Population:
    import polars as pl

    where = f"variant {variant}"
    areas = tuple(sorted(people["area"].unique()))
    first, last = int(people["year"].min()), int(people["year"].max())  # type: ignore[arg-type]
    years = tuple(range(first, last + 1))
    oldest = int(people["age"].max())  # type: ignore[arg-type]
    # Groups beyond 105 of the national projections count at 105.
    people = people.with_columns(pl.col("age").clip(upper_bound=min(oldest, 105)))
    groups = oldest > 105
    oldest = min(oldest, 105)
    shape = (len(areas), len(years), 2, oldest + 1)
    at = (
        people["area"].replace_strict(areas, range(len(areas)), return_dtype=pl.Int64).to_numpy(),
        people["year"].to_numpy() - first,
        people["sex"].to_numpy().astype(np.int64) - 1,
        people["age"].to_numpy(),
    )
    flat = np.ravel_multi_index(at, shape)
    filled = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape)
    counts = np.bincount(flat, people["value"].to_numpy(), filled.size).reshape(shape)
    of_once = filled[..., :105] if groups else filled
    for wrong, what, remedy in (
        (filled == 0, "is missing", "Give every area, sex, age and year."),
        (of_once > 1, "is there more than once", "Keep one row for each."),
    ):
        if wrong.any():
            i, y, s, a = (int(k[0]) for k in np.nonzero(wrong))
            example = f"{areas[i]}, {('males', 'females')[s]}, age {a}, {years[y]}"
            problems.append(
                Problem(f"an area, sex, age and year {what}", where, count=int(wrong.sum()),
                        example=example, remedy=remedy)
            )  # fmt: skip
    youngest, born = _births_array(where, areas, years, births, problems)
    return Population(areas, years, counts, born, youngest)


def _births_array(
    where: str,
    areas: tuple[str, ...],
    years: tuple[int, ...],
    births: polars.DataFrame,
    problems: list[Problem],
) -> tuple[int, np.ndarray]:
    """Births by area, year and age of the mother; NaN for years without any."""
    import polars as pl

    births = births.filter(pl.col("year").is_between(years[0] + 1, years[-1]))
    births = births.filter(pl.col("area").is_in(areas))
    ages = births["age"]
    youngest = int(ages.min()) if births.height else FIRST_MOTHER  # type: ignore[arg-type]
    oldest = int(ages.max()) if births.height else LAST_MOTHER  # type: ignore[arg-type]
    born = np.full((len(areas), len(years) - 1, oldest - youngest + 1), np.nan)
    if births.height:
        index = {area: i for i, area in enumerate(areas)}
        i = births["area"].replace_strict(index, return_dtype=pl.Int64).to_numpy()
        born[i, births["year"].to_numpy() - years[0] - 1, ages.to_numpy() - youngest] = births[
            "value"
        ].to_numpy()
        some = np.isfinite(born).any(axis=(0, 2))
        gaps = ~np.isfinite(born[:, some])
        if gaps.any():
            a = int(np.nonzero(gaps)[0][0])
            problems.append(
                Problem("births are missing in some areas or ages", where, count=int(gaps.sum()),
                        example=areas[a], remedy="Give every area and age of the mother.")
            )  # fmt: skip
    return youngest, born


def by_name(made: Mapping[str, Population], variant: str | None) -> tuple[str, Population]:
    """Choose a variant: the one named, the principal one, or the only one."""
    names = ("migration_category", "principal") if variant is None else (variant,)
    for name in names:
        if name in made:
            return name, made[name]
    if variant is None and len(made) == 1:
        return next(iter(made.items()))
    raise AcutecastError(
        Problem(
            f"there is no variant {variant}" if variant else "there are several variants",
            remedy=f"Choose among {listed(tuple(made))}.",
        )
    )
