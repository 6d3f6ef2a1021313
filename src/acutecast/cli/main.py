"""The command line: argument parsing only; the work is in `acutecast.api` and the rooms."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from acutecast.cli import extract, insight, limited, population, report, serve, show, worker
from acutecast.cli.options import By, Data, Json, Threads, Where, conditions, parts_of
from acutecast.cli.progress import work_in_progress
from acutecast.cli.stopping import sigterm_raises
from acutecast.compute import left_behind, timed
from acutecast.errors import AcutecastError, Cancelled, Problem
from acutecast.files import folder_problems, in_words, removed_if_new

app = typer.Typer(
    name="acutecast",
    help="Projects the activity of acute hospitals over the next 20 years, by simulation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Look at a provider's data.", no_args_is_help=True)
scenario_app = typer.Typer(help="Look at scenarios.", no_args_is_help=True)
deploy_app = typer.Typer(help="Put the application on a server.", no_args_is_help=True)
token_app = typer.Typer(help="Tokens of programs that use the service.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(scenario_app, name="scenario")
app.add_typer(population.app, name="population")
app.add_typer(deploy_app, name="deploy")
app.add_typer(token_app, name="token")

USER_ERROR, STOPPED = 2, 130

Runs = Annotated[
    str | None,
    typer.Option(
        help="Model runs, instead of the scenario's; 'auto' for as many as --precision takes.",
        metavar="RUNS",
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed, instead of the scenario's.")]
Years = Annotated[
    str, typer.Option(help="'all', 'horizon', or years such as 2030,2035.", metavar="YEARS")
]
Dataset = Annotated[str | None, typer.Option(help="Provider code, where the data holds several.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace a run that is there already.")]
Suppress = Annotated[
    int | None,
    typer.Option(
        min=2,
        help="Leave baseline counts from 1 to one less than this empty in everything written.",
    ),
]


@app.callback(invoke_without_command=True)
def version(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Say the version."""
    if show_version:
        from acutecast import __version__

        typer.echo(f"acutecast {__version__}")
        raise typer.Exit


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for data, results and picture.")] = Path(
        "acutecast-demo"
    ),
    runs: Annotated[int, typer.Option(min=1, help="Model runs.")] = 256,
    size: Annotated[
        float, typer.Option(min=0.001, max=50, help="Size of the trust; 1 is 100,000 spells.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the region and of the draws.")] = 1,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Make the built-in region's records, extract them, project 20 years, and show the results."""
    from acutecast import api
    from acutecast.cli.demo import write_demo
    from acutecast.synthetic.ambitions import DEMO_SCENARIO
    from acutecast.synthetic.records import MARK as MADE_UP

    # A demo of an earlier time is ours to replace; anything else in the folder is not.
    problems = folder_problems(out, "run/run.json", "", replace=True)
    if problems and folder_problems(out, f"records/{MADE_UP}", "", replace=True):
        raise AcutecastError(problems)
    with removed_if_new(out), work_in_progress(quiet=json) as (watch, cancelled):
        api.synth(
            out / "records", trusts=1, size=size, seed=seed, outpatient_years=(2023,),
            emergency_years=(2022, 2023), replace=True, watch=watch,
        )  # fmt: skip
        api.extract_records(
            out / "records", out / "data", threads=threads, replace=True, watch=watch
        )
        provider = api.read_provider(out / "data")
        scenario = DEMO_SCENARIO | {"runs": runs, "seed": seed}
        run = api.run(
            scenario,
            provider,
            out / "run",
            threads=threads,
            replace=True,
            # A small region may lack rows for a rare TPMA.
            empty_tpmas="warn",
            watch=watch,
            cancelled=cancelled,
        )
        pictures = timed(watch, "drawing", lambda: write_demo(run, scenario, out))
    files = {"records": out / "records", "data": out / "data", "results": out / "run", **pictures}
    show.summary(run, json=json, files=files)


@app.command()
def run(
    scenario: Annotated[
        str, typer.Argument(help="A scenario: ours, or an NHP params.json; a path or URL.")
    ],
    data: Annotated[
        str,
        typer.Option(
            help="Root of the provider tables: a path or URL. Where it holds several years, "
            "baseline_year of the scenario says which one the run starts from."
        ),
    ],
    out: Annotated[str, typer.Option(help="Folder (or URL) for the results.")],
    runs: Runs = None,
    precision: Annotated[
        float, typer.Option(help="Relative standard error for --runs auto; 0.005 is 0.5%.")
    ] = 0.005,
    years: Annotated[
        str | None,
        typer.Option(
            help="Years to simulate: 'all' up to the scenario's horizon_year (the default), "
            "'horizon' for that one alone (the default with --providers), or years such as "
            "2030,2035.",
            metavar="YEARS",
        ),
    ] = None,
    seed: Seed = None,
    threads: Threads = None,
    dataset: Dataset = None,
    format: Annotated[
        str,
        typer.Option(help="'acutecast' for a run folder, 'nhp' for the NHP model's eleven tables."),
    ] = "acutecast",
    suppress: Suppress = None,
    replace: Replace = False,
    skip_empty_tpmas: Annotated[
        bool,
        typer.Option(
            "--skip-empty-tpmas", help="Go on where no row of the data has a TPMA that is set."
        ),
    ] = False,
    capacity: Annotated[
        bool, typer.Option("--capacity", help="Work out beds and other space in the same pass.")
    ] = False,
    providers: Annotated[
        str | None,
        typer.Option(
            help="Run many providers and add them up: 'all' of the data, or codes, comma "
            "separated. The scenario may be a national one. Goes on where it was stopped.",
            metavar="all|CODES",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes, with --providers; threads are shared out.")
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler, with --providers.", metavar="tcp://HOST:PORT"),
    ] = None,
    json: Json = False,
) -> None:
    """Simulate a scenario on a provider's data, or on many providers', and store the results."""
    from acutecast import api
    from acutecast.capacity import options

    if providers is not None:
        with work_in_progress(quiet=json) as (watch, cancelled):
            nation = api.run_national(
                scenario, data, out,
                providers="all" if providers == "all" else parts_of(providers),
                years=_years(years or "horizon"), workers=workers,
                scheduler=scheduler, threads=threads, suppress=suppress, replace=replace,
                watch=watch, cancelled=cancelled,
            )  # fmt: skip
        show.summary(nation.nation(), json=json, files={"results": out})
        return

    if format not in ("acutecast", "nhp"):
        raise AcutecastError(
            Problem(f'"{format}" is no format', "--format", remedy="Write acutecast or nhp.")
        )
    empty = "warn" if skip_empty_tpmas else "auto"
    with work_in_progress(quiet=json) as (watch, cancelled):
        if format == "nhp":
            notes = api.run_nhp(
                scenario, data, out, runs=_number_of_runs(runs), seed=seed, threads=threads,
                dataset=dataset, suppress=suppress, empty_tpmas=empty, watch=watch,
                cancelled=cancelled,
            )  # fmt: skip
        else:
            stored = api.run(
                scenario, data, out, runs="auto" if runs == "auto" else _number_of_runs(runs),
                precision=precision, years=_years(years or "all"), seed=seed, threads=threads,
                dataset=dataset, suppress=suppress, replace=replace, empty_tpmas=empty,
                capacity=options() if capacity else None, watch=watch, cancelled=cancelled,
            )  # fmt: skip
    if format == "nhp":
        show.nhp_tables(out, notes, json=json)
    else:
        show.summary(stored, json=json, files={"results": out})


@app.command()
def summary(
    run: Annotated[str, typer.Argument(help="A run folder or URL.")],
    by: By = "pod",
    where: Where = None,
    measure: Annotated[
        str | None, typer.Option(help="Measures, comma separated: beddays,admissions,…")
    ] = None,
    years: Annotated[
        str,
        typer.Option(
            help="Years to show, of those that were run: 'horizon', 'all', or years such as "
            "2030,2035.",
            metavar="YEARS",
        ),
    ] = "horizon",
    suppress: Suppress = None,
    csv: Annotated[
        str | None,
        typer.Option(
            help="Write the table as CSV instead: to this file, or - for standard output.",
            metavar="FILE|-",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Summarise a stored run: baseline, principal projection, and P10 to P90."""
    from acutecast import api

    stored = api.open_run(run)
    wanted = _years(years)
    plain = csv is None and suppress is None
    if plain and by == "pod" and not where and measure is None and wanted == "horizon":
        show.summary(stored, json=json, files={"results": run})
        return
    show.table(
        stored,
        by=parts_of(by),
        where=conditions(where),
        measures=None if measure is None else tuple(measure.split(",")),
        years=wanted,
        suppress=suppress,
        json=json,
        csv=csv,
    )


@app.command()
def capacity(
    run: Annotated[str, typer.Argument(help="A run folder or URL.")],
    risk: Annotated[
        float, typer.Option(help="Share of open hours in which demand may exceed the space.")
    ] = 0.01,
    area: Annotated[
        list[str] | None,
        typer.Option(help="Show only this area, such as ward_child; repeatable.", metavar="AREA"),
    ] = None,
    assumptions: Annotated[
        str | None,
        typer.Option(help="TOML or JSON file of assumptions, instead of the defaults."),
    ] = None,
    data: Data = None,
    by_site: Annotated[bool, typer.Option("--by-site", help="Count each site apart.")] = False,
    elective_days: Annotated[
        int,
        typer.Option(help="Spread elective admissions over 5, 6 or 7 days; 0 leaves their days."),
    ] = 0,
    diagnostics: Annotated[
        bool, typer.Option("--diagnostics", help="Go on to tests and scanners.")
    ] = False,
    workforce: Annotated[bool, typer.Option("--workforce", help="Go on to nurses.")] = False,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Work out the beds, theatres, rooms and spaces that a stored run needs."""
    from acutecast import api
    from acutecast.cli import show_capacity

    areas = tuple(area or ())
    with work_in_progress(quiet=json) as (watch, cancelled):
        worked_out = api.capacity_of(
            run, data, risk=risk, areas=areas, assumptions=assumptions, by_site=by_site,
            elective_days=elective_days, diagnostics=diagnostics, workforce=workforce,
            threads=threads, watch=watch, cancelled=cancelled,
        )  # fmt: skip
        pictures = timed(watch, "drawing", lambda: show_capacity.draw(worked_out, areas))
    show_capacity.capacity(worked_out, areas, json=json, files=pictures)


@data_app.command("check")
def data_check(
    path: Annotated[str, typer.Argument(help="Root of the provider tables: a path or URL.")],
    dataset: Dataset = None,
    year: Annotated[int | None, typer.Option(help="Start year of the baseline.")] = None,
    json: Json = False,
) -> None:
    """Check a provider's tables and report everything that is wrong with them."""
    from acutecast.provider import check_provider, read_provider

    provider = read_provider(path, dataset, year, check=False)
    told = {note.where for note in provider.notes}
    problems = [p for p in check_provider(provider) if not (p.warning and p.where in told)]
    problems = [*provider.notes, *problems]
    show.check(provider, problems, json=json)
    if any(not problem.warning for problem in problems):
        raise typer.Exit(USER_ERROR)


@data_app.command("describe")
def data_describe(
    path: Annotated[str, typer.Argument(help="Root of the provider tables: a path or URL.")],
    dataset: Dataset = None,
    year: Annotated[int | None, typer.Option(help="Start year of the baseline.")] = None,
    json: Json = False,
) -> None:
    """Say what a provider's tables hold."""
    from acutecast.provider import describe_provider, read_provider

    show.describe(describe_provider(read_provider(path, dataset, year)), json=json)


@scenario_app.command("check")
def scenario_check(
    path: Annotated[str, typer.Argument(help="A scenario or an NHP params.json.")],
    json: Json = False,
) -> None:
    """Check a scenario and report everything that is wrong with it."""
    from acutecast import api

    show.scenario_checked(api.load_scenario(path), json=json)


@scenario_app.command("show")
def scenario_show(
    path: Annotated[str, typer.Argument(help="A scenario or an NHP params.json.")],
    json: Json = False,
) -> None:
    """Say in words what a scenario assumes."""
    from acutecast import api

    show.scenario(api.load_scenario(path), json=json)


@scenario_app.command("schema")
def scenario_schema() -> None:
    """Print the JSON Schema of scenario files."""
    import json

    from acutecast.scenario import schema

    typer.echo(json.dumps(schema(), indent=2))


@scenario_app.command("diff")
def scenario_diff(
    first: Annotated[str, typer.Argument(help="A scenario or an NHP params.json.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    json: Json = False,
) -> None:
    """Say in what two scenarios differ."""
    from acutecast import api
    from acutecast.scenario import diff_scenarios

    rows = diff_scenarios(api.load_scenario(first), api.load_scenario(second))
    show.differences(rows, first, second, json=json)


app.command()(extract.synth)
app.command()(extract.extract)
data_app.command("report")(extract.report)
app.command()(insight.compare)
app.command()(insight.why)
app.command()(insight.sensitivity)
app.command()(insight.precision)
app.command()(insight.backtest)
app.command()(report.report)
app.command("app")(serve.app)
app.command("serve")(serve.service)
app.command()(worker.worker)
token_app.command("new")(serve.new_token)
deploy_app.command("connect")(serve.connect)


def _number_of_runs(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 100_000:
        raise AcutecastError(
            Problem(
                f'"{text}" is no number of runs',
                where="--runs",
                remedy="Write a number from 1 to 100000.",
            )
        )
    return int(text)


def _years(text: str) -> str | list[int]:
    if text in ("all", "horizon"):
        return text
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise AcutecastError(
            Problem(
                f'"{text}" is not a list of years',
                where="--years",
                remedy="Write all, horizon, or years such as 2030,2035.",
            )
        ) from None


def main(arguments: list[str] | None = None) -> None:
    """Run the command; every fault of the input ends in one message and exit code 2."""
    if limited.address_space() is not None:
        code = limited.end_of_child()
        problem = limited.short_of_memory()
        if code is not None and problem is not None and limited.died_of_memory(code):
            show.error(AcutecastError(problem), json="--json" in (arguments or sys.argv))
            sys.exit(USER_ERROR)
        if code is not None:
            sys.exit(code if code >= 0 else 128 - code)
    _main(arguments)


def _main(arguments: list[str] | None) -> None:
    try:
        with sigterm_raises(KeyboardInterrupt()):
            app(args=arguments, standalone_mode=True)
    except AcutecastError as error:
        show.error(error, json="--json" in (arguments or sys.argv))
        sys.exit(USER_ERROR)
    except (Cancelled, KeyboardInterrupt):
        typer.echo("Stopped; nothing half-written was left.", err=True)
        if left_behind():
            # Python would wait for the compiler, or end while it works.
            sys.stdout.flush()
            os._exit(STOPPED)
        sys.exit(STOPPED)
    except BrokenPipeError:
        sys.exit(0)
    except BaseException as error:
        # The last resort: what no code below turned into words with a path.
        problem = None
        if not isinstance(error, SystemExit):
            problem = limited.short_of_memory(error) or in_words(error)
        if problem is None:
            raise
        json = _output_works() and "--json" in (arguments or sys.argv)
        show.error(AcutecastError(problem), json=json)
        sys.exit(USER_ERROR)


def _output_works() -> bool:
    """Tell whether standard output takes what it holds; let go of it where not.

    Python would try once more at its end, and complain.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
