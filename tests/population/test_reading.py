"""Reading population files: every layout, real files, and everything that can be wrong."""

import csv
import gzip
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import xlsxwriter
from made_up import MOTHERS, population

from acutecast.errors import AcutecastError
from acutecast.population.catchment import read_catchments
from acutecast.population.components import project
from acutecast.population.people import Population
from acutecast.population.reading import population_rows, read_population
from acutecast.population.source import open_population
from acutecast.population.tables import shares, wide, wide_births
from acutecast.population.workbooks import (
    read_components,
    read_life_expectancy,
    read_life_table,
)

SHARED = Path(__file__).parents[3] / "shared" / "data"
KNOWN = population(areas=2, years=3)


def same(found: Population, known: Population = KNOWN, digits: float = 1e-9) -> bool:
    return (
        found.areas == known.areas
        and found.years == known.years
        and np.allclose(found.people, known.people, atol=digits)
        and np.allclose(found.births, known.births, atol=digits)
    )


def write_plain(folder: Path, known: Population = KNOWN, variant: str = "principal") -> Path:
    folder.mkdir(exist_ok=True)
    wide({variant: known}, digits=12).write_csv(folder / "population.csv")
    wide_births({variant: known}, digits=12).write_csv(folder / "births.csv")
    return folder


def subnational(known: Population, what: str, sex: int, extra: bool = True) -> str:
    """A CSV file of the ONS's subnational projections of one sex, with totals and a region."""
    years = known.years if what == "Population" else known.years[1:]
    lines = [
        ",".join(["AREA_CODE", "AREA_NAME", "COMPONENT", "SEX", "AGE_GROUP", *map(str, years)])
    ]
    for i, area in enumerate(known.areas):
        if what == "Population":
            table = known.people[i, :, sex - 1].T
            ages = [str(a) for a in range(len(table) - 1)] + ["90 and over"]
        else:
            # Babies of one sex by age of the mother; half are boys here.
            table = known.births[i].T / 2
            ages = [str(a + 15) for a in range(MOTHERS)]
        name = "males" if sex == 1 else "females"
        for age, row in zip(ages, table, strict=True):
            lines.append(",".join([area, "Somewhere", what, name, age, *map(repr, row.tolist())]))
        if extra:
            total = ",".join(map(repr, table.sum(axis=0).tolist()))
            lines.append(f"{area},Somewhere,{what},{name},All ages,{total}")
            lines.append(f"E12000001,A region,{what},{name},0,{','.join('1' for _ in years)}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("edition", ["2018", "2022"])
def test_subnational_projections_as_published(tmp_path, edition):
    folder = tmp_path / f"{edition}snpp_var_proj_high_intl_migration"
    folder.mkdir()
    for what in ("Population", "Births"):
        with zipfile.ZipFile(folder / f"{edition}snpp{what.lower()}highmig.zip", "w") as archive:
            for sex, name in ((1, "males"), (2, "females")):
                text = "\ufeff" + subnational(KNOWN, what, sex)
                archive.writestr(f"{edition} SNPP {what} {name}.csv", text)
            archive.writestr("read me.txt", "nothing")
    made = read_population(folder)
    assert list(made) == ["var_proj_high_intl_migration"]
    assert same(made["var_proj_high_intl_migration"])


def test_variants_stand_in_folders(tmp_path):
    for folder in ("migcat", "5year"):
        (tmp_path / folder).mkdir()
        for sex, name in ((1, "males"), (2, "females")):
            path = tmp_path / folder / f"2022 SNPP Population {name}.csv"
            path.write_text(subnational(KNOWN, "Population", sex))
    made = read_population(tmp_path)
    assert list(made) == ["migration_category", "var_proj_5_year_migration"]
    assert np.isnan(made["migration_category"].births).all()
    regions = read_population(tmp_path / "migcat", areas=["E07000001"])
    assert regions["migration_category"].areas == ("E07000001",)


def test_plain_files_wide_and_long(tmp_path):
    folder = write_plain(tmp_path / "plain")
    assert same(open_population(folder)["principal"])
    frame = pl.read_csv(folder / "population.csv")
    years = [name for name in frame.columns if name.isdigit()]
    long = frame.unpivot(on=years, index=["area", "sex", "age"], variable_name="year",
                         value_name="people")  # fmt: skip
    long = long.with_columns(pl.col("sex").replace_strict({1: "male", 2: "F"}))
    long.write_parquet(tmp_path / "long.parquet")
    made = read_population(tmp_path / "long.parquet", variant="own_mine")
    assert np.allclose(made["own_mine"].people, KNOWN.people)
    with gzip.open(tmp_path / "packed.csv.gz", "wt") as file:
        file.write((folder / "population.csv").read_text())
    assert list(read_population(tmp_path / "packed.csv.gz")) == ["principal"]


def test_mid_year_estimates(tmp_path):
    path = tmp_path / "MYEB1_detailed_population_estimates_series_UK_(2023).csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ladcode23", "laname23", "country", "sex", "age", "population_2022",
                       "population_2023", "population_2024"])  # fmt: skip
        for i, area in enumerate(KNOWN.areas):
            for s, sex in enumerate("MF"):
                for age in range(91):
                    rows.writerow([area, "x", "E", sex, age, *KNOWN.people[i, :, s, age]])
    made = read_population(path)
    assert list(made) == ["estimate"]
    assert np.allclose(made["estimate"].people, KNOWN.people)


def test_the_provider_tables_of_nhp(tmp_path):
    one = KNOWN.of_areas(["E07000000"])
    root = tmp_path / "data"
    for name, frame in (
        ("demographic_factors", wide({"migration_category": one}, 12)),
        ("birth_factors", wide_births({"migration_category": one}, 12).with_columns(sex=2)),
    ):
        leaf = root / name / "fyear=2023" / "dataset=RXX"
        leaf.mkdir(parents=True)
        frame.drop("area").write_parquet(leaf / "0.parquet")
    made = open_population(root)["migration_category"]
    assert made.areas == ("all",)
    assert np.allclose(made.people, one.people)
    assert np.allclose(made.births, one.births)


def national(path: Path, spelt: bool) -> None:
    """A workbook of a national projection, made of our own components with published layout."""
    from acutecast.population.components import Components

    r = np.random.default_rng(4)
    years, ages = 3, 106
    net = r.normal(0, 50, (years, 2, ages))
    joined = net / 2
    joined[..., 1:] += net[..., :-1] / 2
    joined[..., -1] += net[..., -1] / 2
    hazard = r.uniform(0.001, 0.2, (1, years, 2, ages + 1))
    c = Components(("E92000001",), 2022, r.uniform(900, 1000, (1, 2, ages)),
                   r.uniform(0, 0.1, (1, years, 32)), hazard, joined[None], net[None])  # fmt: skip
    made = project(c)
    book = xlsxwriter.Workbook(path)

    def sheet(name: str, head: list, rows: list) -> None:
        target = book.add_worksheet(name)
        if name == "Population":
            target.write_row(0, 0, ["A title that no reader needs"])
        first = 2 if name == "Population" else 0
        for i, row in enumerate([head, *rows]):
            target.write_row(first + i, 0, row)

    label = {1: "Males", 2: "Females"} if spelt else {1: 1, 2: 2}
    mid = list(made.years)
    ends = [f"{y} - {y + 1}" for y in mid[:-1]]
    names = [f"{a:>12}" for a in range(105)]
    # The oldest come in two groups, of which the second is empty here.
    sheet("Population", ["Sex", "Age", *mid],
          [[label[s], name, *made.people[0, :, s - 1, a]] for s in (1, 2)
           for a, name in enumerate([*names, "105 - 109"])]
          + [[label[s], "110 and over", *[0.0] * 4] for s in (1, 2)])  # fmt: skip
    sheet("Births", ["Sex", "Age", *ends],
          [[label[2], 15 + m, *made.births[0, :, m]] for m in range(32)])  # fmt: skip
    sheet("Fertility_assumptions", ["Sex", "Age", *ends],
          [[label[2], 15 + m, *(1000 * c.fertility[0, :, m])] for m in range(32)])  # fmt: skip
    q = -np.expm1(-hazard[0]) * 1e5
    sheet("Mortality_assumptions", ["Sex", "Age", *ends],
          [[label[s], "Birth" if a == 0 else a - 1, *q[:, s - 1, a]] for s in (1, 2)
           for a in range(ages + 1)])  # fmt: skip
    sheet("Total_migration", ["Sex", "Age", "Flow", *ends],
          [[label[s], "105+" if a == 105 else a, flow, *(net[:, s - 1, a] * sign)]
           for flow, sign in (("In", 9.0), ("Net", 1.0)) for s in (1, 2)
           for a in range(ages)])  # fmt: skip
    book.close()


@pytest.mark.parametrize(("name", "spelt"), [("en_ppp_opendata2018", False), ("ppp", True)])
def test_a_national_projection_comes_out_of_its_own_rates(tmp_path, name, spelt):
    path = tmp_path / f"{name}.xlsx"
    national(path, spelt)
    made = read_population(path)
    assert list(made) == ["principal"]
    read = made["principal"]
    assert read.people.shape == (1, 4, 2, 106)
    assert read.areas == (("E92000001",) if name.startswith("en") else ("all",))
    found = project(read_components(path))
    assert np.allclose(found.people, read.people, rtol=1e-9)
    assert np.allclose(found.births, read.births, rtol=1e-9)


def test_life_tables(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "engppp20ex.xlsx")
    for name in ("males period ex", "females cohort ex"):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, ["Expectations of life"])
        sheet.write_row(3, 0, ["age", 2022, 2023])
        sheet.write_row(4, 0, [0, 80.1, 80.2])
        sheet.write_row(5, 0, [1, 79.3, 79.4])
    book.close()
    found = read_life_expectancy(tmp_path / "engppp20ex.xlsx")
    assert set(found) == {("period", 1), ("cohort", 2)}
    years, values = found["period", 1]
    assert years == (2022, 2023)
    assert values.tolist() == [[80.1, 80.2], [79.3, 79.4]]

    book = xlsxwriter.Workbook(tmp_path / "nlt.xlsx")
    sheet = book.add_worksheet("2020-2022")
    sheet.write_row(5, 0, ["age", "mx", "qx", "lx", "dx", "ex", "", "age", "mx", "qx"])
    for age in range(101):
        sheet.write_row(6 + age, 0, [age, 0.1, 0.01, 1, 1, 1, "", age, 0.1, 0.02])
    book.close()
    hazard = read_life_table(tmp_path / "nlt.xlsx")
    assert hazard.shape == (2, 102)
    assert hazard[0, 2:100] == pytest.approx(-np.log(0.99))
    assert hazard[1, 2:100] == pytest.approx(-np.log(0.98))
    plain = tmp_path / "q.csv"
    plain.write_text(
        "sex,age,qx\n" + "".join(f"{s},{a},0.0{s}\n" for s in (1, 2) for a in range(9))
    )
    assert read_life_table(plain)[1, 3] == pytest.approx(-np.log(0.98))
    plain.write_text("sex,age,qx\n1,0,2\n1,1,0\n2,0,0\n2,1,0\n")
    with pytest.raises(AcutecastError, match="not a share between 0 and 1"):
        read_life_table(plain)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace("E07000000,1,5,", "E07000000,1,five,"), r"age is not a number .1 row"),
        (lambda t: t.replace(",1,7,", ",man?,7,"), r"the sex is not known .2 rows.*man\?"),
        (lambda t: t.replace("E07000001,2,9,", "E07000001,2,9,-"), "the count is negative"),
        (lambda t: t.replace("E07000001,2,9,", "E07000001,2,9,x"), "the count is not a number"),
        (lambda t: "\n".join(line for line in t.splitlines() if ",2,33," not in line),
         r"is missing .6 rows, for example E07000000, females, age 33, 2022"),
        (lambda t: t + t.splitlines()[-1] + "\n", "is there more than once"),
        (lambda t: t.replace("sex", "kind of person"), "no people by sex and age"),
        (lambda t: t.replace("age,", "years,"), "holds no table of people"),
    ],
)  # fmt: skip
def test_faults_are_named(tmp_path, change, words):
    folder = write_plain(tmp_path / "bad")
    path = folder / "population.csv"
    path.write_text(change(path.read_text()))
    with pytest.raises(AcutecastError, match=words):
        read_population(path)


def test_all_faults_at_once(tmp_path):
    folder = write_plain(tmp_path / "bad")
    path = folder / "population.csv"
    text = path.read_text().replace(",1,7,", ",man?,7,").replace(",2,9,", ",2,nine,")
    path.write_text(text)
    with pytest.raises(AcutecastError) as error:
        read_population([path, tmp_path / "nowhere.csv"])
    said = str(error.value)
    assert all(words in said for words in ("sex is not known", "age is not", "no such file"))


def test_areas_that_are_not_there(tmp_path):
    folder = write_plain(tmp_path / "plain")
    with pytest.raises(AcutecastError, match="no such areas"):
        open_population(folder, areas=["E07000009"])


def test_rows_for_other_rooms(tmp_path):
    folder = write_plain(tmp_path / "plain")
    people = population_rows([folder], "people")
    assert people["value"].sum() == pytest.approx(KNOWN.people.sum())
    births = population_rows([folder], "births")
    assert births["value"].sum() == pytest.approx(KNOWN.births.sum())


def test_the_real_national_projection_exactly():
    if not SHARED.is_dir():
        pytest.skip("the reference data is not there")
    paths = [SHARED / f"national_{name}_factors.csv" for name in ("demographic", "birth")]
    made = read_population(paths)["migration_category"]
    total = dict.fromkeys(made.years, 0.0)
    with paths[0].open() as file:
        for row in csv.DictReader(file):
            for year in total:
                total[year] += float(row[str(year)])
            i = int(row["age"])
            assert made.people[0, 0, int(row["sex"]) - 1, i] == float(row["2022"])
    assert list(total.values()) == pytest.approx(made.people.sum(axis=(0, 2, 3)).tolist())
    with paths[1].open() as file:
        born = sum(float(row["2030"]) for row in csv.DictReader(file))
    assert made.births[0, made.years.index(2030) - 1].sum() == pytest.approx(born)


def test_real_mid_year_estimates():
    if not SHARED.is_dir():
        pytest.skip("the reference data is not there")
    made = read_population(SHARED / "ons_uk_population_2023.csv", areas=["E92000001"])
    [england] = made.values()
    assert (list(made), england.years) == (["estimate"], (2023,))
    built_in = open_population("england")["migration_category"]
    at = built_in.years.index(2023)
    # The projection from 2022 is close to the later estimate for 2023.
    assert england.people.sum() == pytest.approx(built_in.people[0, at].sum(), rel=0.01)


def test_catchments(tmp_path):
    share = np.random.default_rng(1).uniform(0, 1, (2, 2, 91))
    shares(share, KNOWN.areas, "RXX").write_csv(tmp_path / "shares.csv")
    mine = read_catchments(tmp_path / "shares.csv")["RXX"]
    assert np.allclose(mine.share, share)
    served = mine.people(KNOWN)
    assert np.allclose(served.people[0], (KNOWN.people * share[:, None]).sum(axis=0))
    mothers = share[:, None, 1, 15 : 15 + MOTHERS]
    assert np.allclose(served.births[0], (KNOWN.births * mothers).sum(axis=0))
    (tmp_path / "flat.csv").write_text("area,share\nE07000000,0.25\nE07000001,1\n")
    flat = read_catchments(tmp_path / "flat.csv")["all"]
    assert flat.people(KNOWN).people.sum() == pytest.approx(
        0.25 * KNOWN.people[0].sum() + KNOWN.people[1].sum()
    )
    for text, words in (
        ("area,part\nA,1\n", "columns are missing"),
        ("area,share\nA,1.2\nB,x\n", r"not between 0 and 1 .2 rows"),
    ):
        (tmp_path / "bad.csv").write_text(text)
        with pytest.raises(AcutecastError, match=words):
            read_catchments(tmp_path / "bad.csv")
