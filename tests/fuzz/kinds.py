"""The kinds of file that users bring: a good one of each, its damage, and what reads it.

A kind is made in a folder of its own, in which one file is then damaged; reading goes as far as a
command would before the long work.
"""

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from acutecast import api
from acutecast.capacity import load_assumptions
from acutecast.extract.mapping import read_mapping
from acutecast.extract.pipeline import opened_records
from acutecast.extract.rules import read_rules
from acutecast.population.catchment import read_catchments
from acutecast.population.workbooks import read_life_table
from acutecast.provider import read_provider, write_provider
from acutecast.results import open_run
from acutecast.scenario import dump_scenario, load_scenario, to_nhp
from acutecast.scenario.national import load_national
from acutecast.service.tokens import read_tokens
from acutecast.workspace.access_file import read_access
from demand.rich_scenario import RICH
from extract import small_records
from fuzz.mutations import JSON, PARQUET, TEXT, ZIP, Mutation
from small_provider import small_provider


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        make: writes a good one, and what belongs to it, into a folder.
        file: the file that is damaged, from the folder; * stands for any.
        read: reads it, given the folder and the file.
        mutations: the damage that fits.
        few, many: how many cases run with all tests, and in `long`.
    """

    make: Callable[[Path], None]
    file: str
    read: Callable[[Path, Path], Any]
    mutations: Sequence[Mutation]
    few: int = 10
    many: int = 300


def _text(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: void((folder / name).write_text(text, encoding="utf-8"))


def void(_: Any) -> None:
    """Forget what a writer gives back."""


@cache
def _made(what: str) -> Path:
    """Make once what is slow to make; it lies there until the tests end."""
    keeper = TemporaryDirectory(prefix="acutecast-fuzz-")
    _KEPT.append(keeper)
    root = Path(keeper.name) / what
    if what == "provider":
        write_provider(small_provider(60), root)
    else:
        api.run({"name": "x", "runs": 4, "horizon_year": 2026}, small_provider(60), root)
        api.capacity_of(root, small_provider(60))
    return root


_KEPT: list[TemporaryDirectory] = []


def _copy(what: str) -> Callable[[Path], None]:
    return lambda folder: void(shutil.copytree(_made(what), folder / what))


def _records(folder: Path) -> None:
    for record in small_records.BASE:
        small_records.write(folder, record, {}, {"sex": 2}, {"person_id": "P2"})


def _opened(folder: Path, _: Path) -> None:
    with opened_records(folder, rules=small_records.RULES, threads=1):
        pass


def _asked(folder: Path, _: Path) -> None:
    run = open_run(folder / "run")
    run.summary()
    run.attribution(where={"measure": "beddays"})
    run.draws()
    load_scenario(json.loads(run.scenario_json))
    api.open_capacity(run).needs()


def _people() -> str:
    rows = ["area,sex,age,2023,2024,2025"]
    rows += [f"E06000001,{s},{a},{90 - a},{91 - a},{92 - a}" for s in (1, 2) for a in range(91)]
    return "\n".join(rows) + "\n"


def _zip(folder: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("population_migcat.csv", _people())
    (folder / "people.zip").write_bytes(packed.getvalue())


def _workbook(folder: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(folder / "en_ppp_opendata2022.xlsx")
    sheet = book.add_worksheet("Population")
    for i, line in enumerate(("Sex,Age,2023,2024", "1,0,5,6", "1,1,5,6", "2,0,5,6", "2,1,5,6")):
        sheet.write_row(i, 0, line.split(","))
    book.close()


def _life_table() -> str:
    return "sex,age,qx\n" + "".join(f"{s},{a},0.0{a}1\n" for s in (1, 2) for a in range(9))


def _rules(folder: Path) -> None:
    built_in = files("acutecast.extract").joinpath("rules")
    for name in ("end_of_life.toml", "emergency.toml"):
        (folder / name).write_bytes(built_in.joinpath(name).read_bytes())


_MAPPING = """preset = "hes"
encoding = "utf-8"

[files]
apc = "apc*.csv"
opa = ["opa.csv"]

[columns.apc]
epikey = "epikey"

[values.apc.sex]
M = "1"
"""
_NATIONAL = {
    "scenario": {"name": "n", "runs": 4, "activity_avoidance": {"ip": {"smoking": [0.8, 0.9]}}},
    "systems": {"RXX": "QAA", "RYY": "QAA"},
    "providers": {"RXX": {"activity_avoidance": {"ip": {"smoking": 0.7}}}},
    "flows": [],
}
_CAPACITY = "[ae_minor_adult]\nminutes = [50, 70]\nutilisation = 0.6\n"
_ACCESS = """[default]
role = "reader"

[people."anna@trust.nhs.uk"]
role = "analyst"
providers = ["RXX"]

[groups.planners]
providers = ["*"]
"""
_CATCHMENT = "area,share,sex,age,provider\nE06000001,0.5,1,30,RXX\nE06000001,1,2,30,RXX\n"
_TOKENS = f'[tokens]\n"{"0a" * 32}" = {{ person = "Anna", groups = ["x"], expires = 2030-01-31 }}\n'

KINDS: dict[str, Kind] = {
    "scenario": Kind(
        _text("s.json", json.dumps(RICH, indent=1)), "s.json",
        lambda _, file: api.load_scenario(file), JSON,
    ),
    "full scenario": Kind(
        _text("s.json", dump_scenario(load_scenario(RICH), full=True)), "s.json",
        lambda _, file: dump_scenario(api.load_scenario(file), full=True), JSON,
    ),
    "NHP parameters": Kind(
        _text("p.json", json.dumps(to_nhp(load_scenario(
            {"name": "x", "dataset": "RXX", "baseline_year": 2023, "horizon_year": 2030,
             "activity_avoidance": {"ip": {"smoking": [0.8, 0.9]}}})))), "p.json",
        lambda _, file: api.load_scenario(file), JSON,
    ),
    "national scenario": Kind(
        _text("n.json", json.dumps(_NATIONAL, indent=1)), "n.json",
        lambda _, file: load_national(file), JSON,
    ),
    "capacity in TOML": Kind(
        _text("c.toml", _CAPACITY), "c.toml", lambda _, file: load_assumptions(file), TEXT,
    ),
    "capacity in JSON": Kind(
        _text("c.json", '{"ae_minor_adult": {"minutes": [50, 70], "utilisation": 0.6}}'), "c.json",
        lambda _, file: load_assumptions(file), JSON,
    ),
    "extract.toml": Kind(
        lambda folder: (_records(folder), _text("extract.toml", _MAPPING)(folder))[1],
        "extract.toml", lambda folder, _: read_mapping(folder), TEXT,
    ),
    "rules": Kind(_rules, "*.toml", lambda folder, _: read_rules(folder), TEXT),
    "file of roles": Kind(
        _text("access.toml", _ACCESS), "access.toml", lambda _, file: read_access(file), TEXT
    ),
    "file of tokens": Kind(
        _text("tokens.toml", _TOKENS), "tokens.toml", lambda _, file: read_tokens(file), TEXT
    ),
    **{
        f"records {record}": Kind(_records, f"{record}.csv", _opened, TEXT, 1, 60)
        for record in small_records.BASE
    },
    "provider tables": Kind(
        _copy("provider"), "provider/*/*/*/*.parquet",
        lambda folder, _: read_provider(folder / "provider"), PARQUET,
    ),
    "people": Kind(
        _text("people.csv", _people()), "people.csv",
        lambda _, file: api.read_population(file), TEXT,
    ),
    "people in a zip": Kind(
        _zip, "people.zip", lambda _, file: api.read_population(file), ZIP
    ),
    "people in a workbook": Kind(
        _workbook, "*.xlsx", lambda _, file: api.read_population(file), ZIP
    ),
    "catchment": Kind(
        _text("c.csv", _CATCHMENT),
        "c.csv", lambda _, file: read_catchments(file), TEXT,
    ),
    "life table": Kind(
        _text("l.csv", _life_table()), "l.csv", lambda _, file: read_life_table(file), TEXT
    ),
    "run.json": Kind(_copy("run"), "run/run.json", _asked, JSON, 4),
    "scenario of a run": Kind(_copy("run"), "run/scenario.json", _asked, JSON, 4),
    "tables of a run": Kind(_copy("run"), "run/**/*.parquet", _asked, PARQUET, 4),
    "capacity.json": Kind(_copy("run"), "run/capacity/capacity.json", _asked, JSON, 4),
}  # fmt: skip
