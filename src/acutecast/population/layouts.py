"""Layouts of population files: which columns say what, and the names that agencies use.

Every layout is brought to one long table with the columns of `LONG`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from acutecast.errors import AcutecastError, Problem
from acutecast.files import reason, with_folder

if TYPE_CHECKING:
    import polars

_PLAIN_REMEDY = "Write it as CSV with commas and a header, in UTF-8, or as Parquet."

LONG = ("kind", "variant", "area", "sex", "age", "year", "value")
"""kind is "people" or "births"; sex 1 male, 2 female; births have the age of the mother."""

# Names that columns have, by what they hold; lower case, letters and digits only.
_NAMES = {
    "variant": ("variant", "projection"),
    "area": (
        "area", "areacode", "code", "ladcode", "ladcode18", "ladcode20", "ladcode21", "ladcode22",
        "ladcode23", "ladcode24", "lad2014code", "lad2018code", "lad2020code", "geographycode",
    ),
    "sex": ("sex", "gender"),
    "age": ("age", "agegroup"),
    "year": ("year",),
    "component": ("component",),
    "people": ("people", "population", "count", "persons"),
    "births": ("births",),
    "value": ("value", "obsvalue", "n"),
}  # fmt: skip
_SEXES = {
    "1": 1, "m": 1, "male": 1, "males": 1, "2": 2, "f": 2, "female": 2, "females": 2,
    "3": 0, "p": 0, "persons": 0, "all": 0, "total": 0,
}  # fmt: skip


def plain_table(path: str | os.PathLike[str]) -> polars.DataFrame:
    """Read a CSV or Parquet file with every value as text.

    Raises:
        AcutecastError: where it is not there or is neither.
    """
    import polars as pl

    file = Path(path)
    if not file.is_file():
        raise AcutecastError(Problem("there is no such file", str(path)))
    try:
        if file.suffix.lower() == ".parquet":
            return pl.read_parquet(file).cast(pl.String)
        return pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise AcutecastError(
            Problem(f"cannot be read: {reason(error)}", with_folder(file), remedy=_PLAIN_REMEDY)
        ) from error


# Variants of national projections by their letters, in the order fertility, life expectancy,
# migration; p is principal, h high, l low, n none, c constant, r replacement, z zero net.
NATIONAL_VARIANTS = {
    "ppp": "principal", "hhh": "high_population", "lll": "low_population",
    "hpp": "high_fertility", "lpp": "low_fertility", "php": "high_life_expectancy",
    "plp": "low_life_expectancy", "pnp": "no_mortality_improvement", "ppz": "zero_net_migration",
    "hlh": "young_age_structure", "lhl": "old_age_structure", "rpp": "replacement_fertility",
    "pph": "high_intl_migration", "ppl": "low_intl_migration", "cpp": "constant_fertility",
    "cnp": "constant_fertility_no_mortality_improvement",
}  # fmt: skip
# What the names of subnational files and of their folders hold, the longer first.
_SUBNATIONAL = (
    ("migcat", "migration_category"), ("migration_category", "migration_category"),
    ("10year", "var_proj_10_year_migration"), ("10yr", "var_proj_10_year_migration"),
    ("10_year", "var_proj_10_year_migration"), ("5year", "var_proj_5_year_migration"),
    ("5yr", "var_proj_5_year_migration"), ("5_year", "var_proj_5_year_migration"),
    ("highmig", "var_proj_high_intl_migration"), ("high_intl", "var_proj_high_intl_migration"),
    ("lowmig", "var_proj_low_intl_migration"), ("low_intl", "var_proj_low_intl_migration"),
    ("zeronet", "var_proj_zero_net_migration"), ("zero_net", "var_proj_zero_net_migration"),
    ("alt_internal", "var_proj_alt_internal_migration"),
)  # fmt: skip
_COUNTRIES = {
    "en": "E92000001", "eng": "E92000001", "wa": "W92000004", "sc": "S92000003",
    "ni": "N92000002", "uk": "K02000001", "gb": "K03000001", "ew": "K04000001",
}  # fmt: skip
ESTIMATE = "estimate"
"""The variant of mid-year estimates, which are no projection."""
PLAIN = "principal"
# The number of a row in its file; a row has a cell a year.
_ROW = "row in file"


@dataclass(frozen=True)
class Sheet:
    """One table as it was found: a CSV or Parquet file, or a sheet of a workbook.

    Attributes:
        label: the file, and the sheet of a workbook, for messages.
        path: where it was found; its parts may tell variant, area, sex or year.
        frame: the cells, all text where they come from CSV or a workbook.
    """

    label: str
    path: str
    frame: polars.DataFrame


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _columns(frame: polars.DataFrame) -> dict[str, str]:
    """The columns that are known, by what they hold."""
    found: dict[str, str] = {}
    for name in frame.columns:
        for what, names in _NAMES.items():
            if _plain(name) in names and what not in found:
                found[what] = name
    return found


def years_of(frame: polars.DataFrame) -> dict[str, int]:
    """Give the columns that are years, with the year in which they end.

    "2023", "population_2023" and "2018 - 2019" are years, the last one 2019.
    """
    found = {}
    for name in frame.columns:
        match = re.fullmatch(r"(?:[a-z]+_)?(\d{4})(?:\s*[-–]\s*(\d{4}))?(?:\.0)?", name.lower())
        if match:
            found[name] = int(match[2] or match[1])
    return found


def variant_of(path: str) -> str | None:
    """Tell the variant from the names of a file and its folders; None where they do not say."""
    parts = [part.lower() for part in PurePath(path).parts[-3:]]
    for part in reversed(parts):
        for sign, variant in _SUBNATIONAL:
            if sign in part:
                return variant
        stem = part.split(".")[0]
        national = re.fullmatch(r"(?:en|eng|uk|wa|sc|ni|gb|ew)?_?([a-z]{3})(?:_?\w*)?", stem)
        if national and national[1] in NATIONAL_VARIANTS:
            return NATIONAL_VARIANTS[national[1]]
    return None


def area_of(path: str) -> str | None:
    """Tell the country of a national file from its name; None where it does not say."""
    match = re.match(
        r"(en|eng|uk|wa|sc|ni|gb|ew)(?:_|[a-z]{3}(?:_|opendata|18|20|22))", _stem(path)
    )
    return _COUNTRIES[match[1]] if match else None


def _stem(path: str) -> str:
    return PurePath(path).stem.lower()


def is_population(sheet: Sheet) -> bool:
    """Tell whether a table may hold people or births at all: it has ages, and years or counts."""
    known = _columns(sheet.frame)
    counted = {"people", "births", "value"} & known.keys()
    return "age" in known and bool(years_of(sheet.frame) or counted)


def to_long(
    sheet: Sheet, variant: str | None, area: str | None
) -> tuple[polars.DataFrame | None, list[Problem]]:
    """Bring a table to the long form.

    Args:
        sheet: the table.
        variant: its variant where the table has no such column; told from its name if None.
        area: likewise the area.

    Returns:
        The long table, or None where it cannot be made; and what is wrong.
    """
    import polars as pl

    frame, label = sheet.frame, sheet.label
    known, years = _columns(frame), years_of(frame)
    counted = next((w for w in ("people", "births", "value") if w in known), None)
    estimate = any(name.lower().startswith("population_") for name in years)
    if not years and "year" not in known:
        match = re.search(r"(?<!\d)((?:19|20)\d{2})(?!\d)", _stem(sheet.path))
        if match is None:
            problem = Problem(
                "no column and nothing in the file's name says the year", label,
                remedy="Add a column year, or a column a year such as 2023.",
            )  # fmt: skip
            return None, [problem]
        frame = frame.with_columns(pl.lit(int(match[1])).alias("year"))
        known["year"] = "year"
        estimate = True
    frame = frame.with_row_index(_ROW)
    if years:
        keep = [_ROW] + [
            known[w] for w in ("variant", "area", "sex", "age", "component") if w in known
        ]
        # A flow of migration is no count of people.
        frame = frame.unpivot(on=list(years), index=keep, variable_name="year", value_name="value")
        frame = frame.with_columns(pl.col("year").replace_strict(years, return_dtype=pl.Int32))
        known |= {"year": "year", "value": "value"}
        counted = "value"
    assert counted is not None
    kind = _kind(sheet, frame, known, counted)
    named = variant or variant_of(sheet.path) or (ESTIMATE if estimate else PLAIN)
    where = area or area_of(sheet.path) or "all"
    sex = pl.col(known["sex"]).cast(pl.String) if "sex" in known else pl.lit(_sex_of_name(sheet))
    text = sex.str.strip_chars().str.to_lowercase().str.replace(r"\.0$", "")
    long = frame.select(
        _ROW,
        kind.alias("kind"),
        (pl.col(known["variant"]).cast(pl.String) if "variant" in known else pl.lit(named)).alias(
            "variant"
        ),
        (pl.col(known["area"]).cast(pl.String) if "area" in known else pl.lit(where)).alias("area"),
        text.replace_strict(_SEXES, default=None, return_dtype=pl.Int8).alias("sex"),
        pl.col(known["age"]).cast(pl.String).str.strip_chars().alias("age_text"),
        pl.col(known["year"]).cast(pl.Float64, strict=False).cast(pl.Int32).alias("year"),
        pl.col(known[counted]).cast(pl.Float64, strict=False).alias("value"),
        pl.col(known[counted]).cast(pl.String).alias("value_text"),
        text.alias("sex_text"),
    )
    return _typed(long, label)


def _kind(sheet: Sheet, frame: polars.DataFrame, known: dict[str, str], counted: str):
    """An expression for "people" or "births"."""
    import polars as pl

    if "component" in known:
        births = pl.col(known["component"]).cast(pl.String).str.to_lowercase().str.contains("birth")
        return pl.when(births).then(pl.lit("births")).otherwise(pl.lit("people"))
    path = PurePath(sheet.path)
    # The folder of NHP's table is birth_factors/fyear=2023/dataset=RXX.
    names = [path.name, sheet.label.rpartition("/")[2]]
    births = counted == "births" or any("birth" in name.lower() for name in names)
    births = births or "birth_factors" in path.parts
    return pl.lit("births" if births else "people")


def _sex_of_name(sheet: Sheet) -> str:
    name = PurePath(sheet.path).name.lower()
    for sign in ("females", "males", "persons"):
        if sign in name:
            return sign
    return "persons"


def _typed(long: polars.DataFrame, label: str) -> tuple[polars.DataFrame | None, list[Problem]]:
    """Read ages and leave totals out; find what is neither."""
    import polars as pl

    total = pl.col("age_text").str.to_lowercase().str.contains("all|total")
    long = long.filter(~total)
    # "90 and over", "105+", "105 - 109": the age at which it begins.
    long = long.with_columns(
        pl.col("age_text").str.extract(r"^(\d+)").cast(pl.Int32, strict=False).alias("age")
    )
    # Persons are the two sexes together; births are those of both wherever they are not by sex.
    births = pl.col("kind") == "births"
    # Tables of births have empty cells in years that some variants lack.
    long = long.filter(~(births & pl.col("value_text").fill_null("").str.strip_chars().eq("")))
    long = long.with_columns(
        pl.when(births & (pl.col("sex").fill_null(0) == 0)).then(0).otherwise(pl.col("sex"))
        .cast(pl.Int8).alias("sex")
    )  # fmt: skip
    problems = []
    for bad, what, text, remedy in (
        (pl.col("age").is_null(), "the age is not a number", "age_text",
         "Write single years of age; the last may be 90 and over."),
        (pl.col("sex").is_null(), "the sex is not known", "sex_text",
         "Write 1 or male, 2 or female."),
        (pl.col("year").is_null(), "the year is not a number", "year",
         "Write calendar years such as 2023."),
        (pl.col("value").is_null() | ~pl.col("value").is_finite(), "the count is not a number",
         "value_text", "Write plain numbers."),
        (pl.col("value") < 0, "the count is negative", "value_text",
         "Write counts of people, not changes."),
    ):  # fmt: skip
        wrong = long.filter(bad)
        if wrong.height:
            example = str(wrong[text][0])
            problems.append(
                Problem(what, label, count=wrong[_ROW].n_unique(),
                        example=example or "an empty cell", remedy=remedy)
            )  # fmt: skip
    return (None if problems else long.select(LONG)), problems
