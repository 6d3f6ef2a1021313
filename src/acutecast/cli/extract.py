"""Commands about records: making a region of them, extracting, reporting on their quality."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acutecast.cli import show_extract
from acutecast.cli.options import Json, Threads
from acutecast.cli.progress import work_in_progress
from acutecast.compute import timed
from acutecast.errors import AcutecastError, Problem
from acutecast.files import check_file_place

PARTIAL = 3
"""Exit code where some providers were written and others could not be."""

Mapping = Annotated[
    str | None,
    typer.Option(help="TOML file that says which file and column is which."),
]
Memory = Annotated[
    float, typer.Option("--memory", min=0.5, help="Most memory of the database, in GB.")
]
Rules = Annotated[
    str | None, typer.Option(help="Folder of TPMA rules that change or add to the built-in ones.")
]


def extract(
    records: Annotated[str, typer.Argument(help="Folder of a hospital's records.")],
    out: Annotated[
        str | None,
        typer.Option(help="Folder (or URL) for the provider tables; needed but with --init."),
    ] = None,
    init: Annotated[
        bool,
        typer.Option(
            "--init",
            help="Only write a first extract.toml into the folder, from the files' headers.",
        ),
    ] = False,
    mapping: Mapping = None,
    years: Annotated[
        str | None,
        typer.Option(
            help="Baseline years, such as 2023 or 2022,2023; the last whole one by default."
        ),
    ] = None,
    provider: Annotated[
        list[str] | None, typer.Option(help="Only this provider; repeatable.", metavar="CODE")
    ] = None,
    rules: Rules = None,
    codes: Annotated[
        str,
        typer.Option(
            help="'spell' for the codes of all episodes, 'last episode' as the NHP model."
        ),
    ] = "spell",
    hours: Annotated[
        bool, typer.Option("--hours", help="Keep emergency arrivals apart by hour.")
    ] = False,
    suppress: Annotated[
        int | None,
        typer.Option(
            min=2, help="Leave counts from 1 to one less than this empty in the assumption tables."
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace an extract (with --init: a mapping) that is there already."
        ),
    ] = False,
    accept_faults: Annotated[
        bool,
        typer.Option(
            "--accept-faults",
            help="Go on in spite of faults of the records that would make results wrong.",
        ),
    ] = False,
    memory: Memory = 3.0,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Make provider tables, and what setting assumptions needs, from a hospital's records.

    While it works, the records lie in the system's temporary folder; TMPDIR names another.
    """
    from acutecast import api

    if init:
        show_extract.started(api.start_mapping(records, replace=replace), records, json=json)
        return
    if out is None:
        raise AcutecastError(
            Problem(
                "no place for the provider tables is named", "--out",
                remedy="Add --out FOLDER, or --init to write a first extract.toml.",
            )
        )  # fmt: skip
    if codes not in ("spell", "last episode"):
        raise AcutecastError(
            Problem(f'"{codes}" is no choice', "--codes", remedy='Write spell or "last episode".')
        )
    with work_in_progress(quiet=json) as (watch, _):
        made = api.extract_records(
            records, out, mapping=mapping, years=_years(years), providers=provider, rules=rules,
            codes="spell" if codes == "spell" else "last episode", hours=hours, suppress=suppress,
            replace=replace, accept_faults=accept_faults, memory_gb=memory, threads=threads,
            watch=watch,
        )  # fmt: skip
    show_extract.extracted(made, json=json)
    if made.failed:
        raise typer.Exit(PARTIAL)


def synth(
    out: Annotated[str, typer.Argument(help="Folder for the records.")],
    trusts: Annotated[int, typer.Option(min=1, max=200, help="How many trusts.")] = 4,
    years: Annotated[
        str, typer.Option(help="Financial years by their start, such as 2021,2022,2023.")
    ] = "2021,2022,2023",
    size: Annotated[
        float, typer.Option(min=0.001, max=50, help="Size of a trust; 1 is 100,000 spells a year.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed gives another region.")] = 1,
    format: Annotated[str, typer.Option(help="'parquet' or 'csv'.")] = "parquet",
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a made-up region that is there already.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a region of made-up trusts at record level: episodes, appointments, attendances."""
    from acutecast import api

    chosen = _years(years)
    with work_in_progress(quiet=json) as (watch, _):
        files = api.synth(
            out, trusts=trusts, years=tuple(chosen or ()), size=size, seed=seed, format=format,
            replace=replace, watch=watch,
        )  # fmt: skip
    show_extract.made(out, files, json=json)


def report(
    records: Annotated[str, typer.Argument(help="Folder of a hospital's records.")],
    out: Annotated[Path, typer.Option(help="Page to write; tables go beside it.")] = Path(
        "data-report.html"
    ),
    mapping: Mapping = None,
    rules: Rules = None,
    suppress: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Leave counts from 1 to one less than this empty, and round the others to 5.",
        ),
    ] = None,
    memory: Memory = 3.0,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Report on the quality of records: completeness, codes, dates, duplicates, steps and gaps."""
    from acutecast import api

    check_file_place(out)
    with work_in_progress(quiet=json) as (watch, _):
        tables = api.data_report(
            records, mapping=mapping, rules=rules, suppress=suppress, memory_gb=memory,
            threads=threads, watch=watch,
        )  # fmt: skip
        files = timed(watch, "drawing", lambda: api.write_data_report(tables, out, records))
    show_extract.report(tables, files, json=json)


def _years(text: str | None) -> list[int] | None:
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise AcutecastError(
            Problem(
                f'"{text}" is not a list of years', "--years",
                remedy="Write years such as 2022,2023.",
            )
        ) from None  # fmt: skip
