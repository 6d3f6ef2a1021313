"""The ONS's workbooks: national projections with their components, and life tables."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.errors import AcutecastError, Problem
from acutecast.files import reason, with_folder
from acutecast.population import mortality
from acutecast.population.calibrate import by_age_at_move
from acutecast.population.components import Components
from acutecast.population.layouts import Sheet, area_of, plain_table, years_of
from acutecast.population.people import together_from
from acutecast.untrusted import checked_archive

if TYPE_CHECKING:
    import polars

WORKBOOKS = (".xls", ".xlsx", ".ods")
# The sheets of a national projection that count people; the others hold its components.
_COUNTS = ("population", "births")
_OPEN = 105


def _book(content: bytes, label: str) -> Any:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise AcutecastError(
            Problem(
                "the package that reads workbooks is not installed", label,
                remedy="Install it with: pip install 'acutecast[excel]', or save the sheet as CSV.",
            )
        ) from error  # fmt: skip
    checked_archive(content, label)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, OSError) as error:
        raise AcutecastError(Problem(f"cannot be read: {error}", label)) from error


def _rows(book: Any, name: str, label: str) -> list[list[Any]]:
    """Give the rows of a sheet, as they are."""
    from python_calamine import CalamineError

    try:
        return book.get_sheet_by_name(name).to_python()
    except (CalamineError, ValueError, OSError) as error:
        where = f"{label}, sheet {name}"
        raise AcutecastError(
            Problem(f"cannot be read: {reason(error)}", where, remedy="Save it again.")
        ) from error


def _frame(rows: list[list[Any]]) -> polars.DataFrame | None:
    """Give the table of a sheet, whose header is the first row with an age; None where none is."""
    import polars as pl

    headers = [
        i
        for i, row in enumerate(rows[:30])
        if any(re.match(r"(attained )?age\b", str(cell).strip().lower()) for cell in row)
    ]
    if not headers:
        return None
    at = headers[0]
    names = [_text(cell) for cell in rows[at]]
    kept = [i for i, name in enumerate(names) if name and name not in names[:i]]
    body = [row for row in rows[at + 1 :] if _text(row[kept[1]]) if len(row) > kept[-1]]
    return pl.DataFrame(
        {names[i]: [_text(row[i]) for row in body] for i in kept},
        schema=dict.fromkeys((names[i] for i in kept), pl.String),
    )


def _text(cell: Any) -> str:
    text = repr(cell) if isinstance(cell, float) else str(cell)
    return text.removesuffix(".0").strip()


def population_sheets(content: bytes, label: str, path: str) -> Iterator[Sheet]:
    """Give the sheets of a workbook that count people or births."""
    book = _book(content, label)
    for name in book.sheet_names:
        if name.strip().lower() in _COUNTS:
            frame = _frame(_rows(book, name, label))
            if frame is not None:
                yield Sheet(f"{label}, sheet {name}", path, frame)


def _by_sex(
    frame: polars.DataFrame, label: str, flow: str | None = None
) -> tuple[dict[int, list[str]], dict[int, np.ndarray], tuple[int, ...]]:
    """Ages and numbers (ages, years) by sex, and the years in which the columns end."""
    import polars as pl

    if flow is not None:
        frame = frame.filter(pl.col("Flow").str.to_lowercase() == flow)
    years = years_of(frame)
    ages, values = {}, {}
    for sex, names in ((1, ("1", "males")), (2, ("2", "females"))):
        mine = frame.filter(pl.col("Sex").str.to_lowercase().is_in(names))
        ages[sex] = mine["Age"].to_list()
        try:
            values[sex] = mine.select(pl.col(list(years)).cast(pl.Float64)).to_numpy()
        except pl.exceptions.PolarsError as error:
            raise AcutecastError(Problem("some cells are not numbers", label)) from error
    return ages, values, tuple(years.values())


def read_components(path: str | os.PathLike[str]) -> Components:
    """Read the rates and migration behind a national projection of the ONS.

    Args:
        path: a workbook such as `en_ppp_opendata2018.xls`, with the sheets Population,
            Fertility_assumptions, Mortality_assumptions and Total_migration.

    Returns:
        Components by single year of age 0 to 104 and 105 and over; `project` gives the official
        projection to within rounding.

    Raises:
        AcutecastError: where a sheet is missing or not as published.
    """
    path = Path(path)
    book = _book(path.read_bytes(), with_folder(path))
    sheets = {name.strip().lower(): name for name in book.sheet_names}
    wanted = ("population", "fertility_assumptions", "mortality_assumptions", "total_migration")
    lacking = [name for name in wanted if name not in sheets]
    frames = {
        name: _frame(_rows(book, sheets[name], with_folder(path)))
        for name in wanted
        if name in sheets
    }
    if lacking or any(frame is None for frame in frames.values()):
        raise AcutecastError(
            Problem(
                f"has no sheet {', '.join(lacking) or 'with ages'}", with_folder(path),
                remedy="Give the workbook of a national projection as the ONS published it.",
            )
        )  # fmt: skip

    def stacked(name: str, flow: str | None = None) -> tuple[np.ndarray, tuple[int, ...]]:
        frame = frames[name]
        assert frame is not None
        _, values, years = _by_sex(frame, f"{with_folder(path)}, sheet {sheets[name]}", flow)
        if len(values[1]) != len(values[2]) and len(values[1]):
            raise AcutecastError(
                Problem("the sexes have different ages", f"{with_folder(path)}, {name}")
            )
        both = [v for v in (values[1], values[2]) if len(v)]
        return np.moveaxis(np.stack(both), 2, 0), years

    people, people_years = stacked("population")
    rates, years = stacked("fertility_assumptions")
    deaths, _ = stacked("mortality_assumptions")
    moves, _ = stacked("total_migration", "net")
    joined, exposed = by_age_at_move(together_from(moves, _OPEN))
    first = years[0] - 1
    opening = together_from(people[people_years.index(first)], _OPEN)
    with np.errstate(divide="ignore"):
        hazard = -np.log1p(-np.minimum(deaths / 1e5, 1 - 1e-9))
    mothers = frames["fertility_assumptions"]
    assert mothers is not None
    return Components(
        (area_of(str(path)) or "all",),
        first,
        opening[None],
        rates[:, 0][None] / 1000,
        mortality.together_from(hazard, _OPEN)[None],
        joined[None],
        exposed[None],
        int(mothers["Age"][0]),
    )


def read_life_expectancy(
    path: str | os.PathLike[str],
) -> dict[tuple[str, int], tuple[tuple[int, ...], np.ndarray]]:
    """Read published life expectancies.

    Args:
        path: a workbook of past and projected period and cohort life tables of the ONS, with
            sheets such as "Males period ex".

    Returns:
        By kind ("period" or "cohort") and sex (1 male, 2 female): the years, and life expectancy
        at exact ages, (ages, years).
    """
    import polars as pl

    path = Path(path)
    book = _book(path.read_bytes(), with_folder(path))
    found = {}
    for name in book.sheet_names:
        match = re.match(r"(males|females) (period|cohort) ex", name.strip().lower())
        if not match:
            continue
        frame = _frame(_rows(book, name, with_folder(path)))
        if frame is None:
            continue
        years = years_of(frame)
        age = frame.columns[0]
        rows = frame.filter(pl.col(age).str.contains(r"^\d+$"))
        values = rows.select(pl.col(list(years)).cast(pl.Float64)).to_numpy()
        found[match[2], 1 if match[1] == "males" else 2] = tuple(years.values()), values
    if not found:
        raise AcutecastError(
            Problem("has no sheet such as Males period ex", with_folder(path),
                    remedy="Give the workbook as the ONS published it.")
        )  # fmt: skip
    return found


def read_life_table(path: str | os.PathLike[str], period: str | None = None) -> np.ndarray:
    """Read the hazards of a life table.

    Args:
        path: a national life table of the ONS (a workbook with a sheet a period, columns age, mx,
            qx, lx, dx, ex for males and then females), or a CSV with sex, age and qx.
        period: the sheet, such as "2020-2022"; the first with a table by default.

    Returns:
        Hazards of years that begin at mid-year, (2, 1 + ages), from qx at exact ages.
    """
    import polars as pl

    path = Path(path)
    if path.suffix.lower() in WORKBOOKS:
        by_sex = _life_table_of_book(path, period)
    else:
        frame = plain_table(path)
        names = {name.lower(): name for name in frame.columns}
        if not {"sex", "age", "qx"} <= names.keys():
            raise AcutecastError(
                Problem("needs the columns sex, age and qx", with_folder(path),
                        remedy=f"It has {', '.join(frame.columns)}.")
            )  # fmt: skip
        sex = pl.col(names["sex"]).str.to_lowercase()
        by_sex = [
            frame.filter(sex.is_in(signs))[names["qx"]].cast(pl.Float64, strict=False).to_numpy()
            for signs in (("1", "m", "male", "males"), ("2", "f", "female", "females"))
        ]
    if len(by_sex[0]) != len(by_sex[1]) or len(by_sex[0]) < 2:
        raise AcutecastError(
            Problem("does not have the same ages for both sexes", with_folder(path))
        )
    q = np.stack(by_sex)
    if not ((q >= 0) & (q <= 1)).all():
        raise AcutecastError(
            Problem("qx is not a share between 0 and 1", with_folder(path),
                    count=int((~((q >= 0) & (q <= 1))).sum()))
        )  # fmt: skip
    exact = -np.log1p(-np.minimum(q, 1 - 1e-9))
    # People of an age at mid-year are half a year older than it on average; most deaths of the
    # first year of life come soon after birth.
    between = (exact[:, :-1] + exact[:, 1:]) / 2
    between[:, 0] = 0.15 * exact[:, 0] + exact[:, 1] / 2
    return np.concatenate([0.85 * exact[:, :1], between, exact[:, -1:]], axis=1)


def _life_table_of_book(path: Path, period: str | None) -> list[np.ndarray]:
    book = _book(path.read_bytes(), with_folder(path))
    for name in book.sheet_names:
        if period is not None and name.strip() != period:
            continue
        rows = _rows(book, name, with_folder(path))
        for at, row in enumerate(rows[:30]):
            columns = [i for i, cell in enumerate(row) if str(cell).strip().lower() == "qx"]
            if len(columns) == 2:
                body = [r for r in rows[at + 1 :] if isinstance(r[columns[0]], float)]
                return [np.array([r[i] for r in body]) for i in columns]
    raise AcutecastError(
        Problem("has no sheet with qx of males and females", with_folder(path),
                remedy=f"Its sheets are {', '.join(book.sheet_names)}.")
    )  # fmt: skip
