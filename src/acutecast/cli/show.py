"""What the command prints: tables for people, JSON for machines."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from acutecast.cli.wording import error_for_command, for_command
from acutecast.errors import AcutecastError, Problem
from acutecast.files import local, safe_table, write_text

if TYPE_CHECKING:
    import polars
    from rich.table import Table

    from acutecast.provider import Provider
    from acutecast.results import Run
    from acutecast.scenario import Scenario

T = TypeVar("T")
_SHARES = (
    "coverage",
    "coverage_low",
    "coverage_high",
    "skill",
    "share",
    "total",
    "total_error",
    "share_error",
    "P(more)",
    "relative_error",
)


def print_json(content: Any) -> None:
    """Print JSON for machines."""
    typer.echo(json_module.dumps(content, indent=2, default=str))


def console():
    """Give the terminal that tables are printed on."""
    from rich.console import Console

    # A pipe or a file has no width; a table cut to 80 columns would lose figures.
    return Console(width=None if sys.stdout.isatty() else 120)


def table_of(title: str, columns: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """Make an empty table; columns among `numbers` are set to the right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, title_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def error(fault: AcutecastError, json: bool) -> None:
    """Print what is wrong with the input, on standard error (JSON: on standard output)."""
    fault = error_for_command(fault)
    if json:
        print_json(
            {"error": fault.title or "error", "problems": [_plain(p) for p in fault.problems]}
        )
        return
    typer.echo(f"Error: {fault}" if not fault.title else str(fault), err=True)


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        name: getattr(problem, name)
        for name in ("where", "what", "count", "example", "remedy", "warning")
    }


def summary(run: Run, json: bool, files: Mapping[str, str | Path]) -> None:
    """Print the closing summary of a run: baseline, principal projection, range, files.

    Capacity stored with the run is part of it.
    """
    from acutecast.capacity import open_capacity
    from acutecast.cli import show_capacity
    from acutecast.results import headline

    table = headline(run)
    capacity = open_capacity(run)
    if json:
        print_json(
            {
                "scenario": run.name,
                "dataset": run.info["dataset"],
                "baseline_year": run.baseline_year,
                "horizon_year": run.horizon,
                "model_runs": run.runs,
                "summary": table.to_dicts(),
                "capacity": [] if capacity is None else capacity.needs().to_dicts(),
                "files": {name: str(path) for name, path in files.items()},
                "warnings": run.info.get("warnings", []),
                **_by_provider(run),
                "seconds": run.timings,
            }
        )
        return
    terminal = console()
    title = (
        f"{run.name} · {run.info['dataset']} · "
        f"{run.baseline_year}/{(run.baseline_year + 1) % 100:02d} to "
        f"{run.horizon}/{(run.horizon + 1) % 100:02d} · {run.runs} model runs"
    )
    numbers = ("Baseline", "Principal", "Change", "P10", "P90")
    shown = table_of(title, ("Point of delivery", "Counted", *numbers), numbers)
    last = ""
    for row in table.iter_rows(named=True):
        pod = row["point of delivery"]
        change = row["change_pct"]
        shown.add_row(
            pod if pod != last else "",
            row["counted"],
            _whole(row["baseline"]),
            _whole(row["principal"]),
            "" if change is None else f"{change:+.1f}%",
            _whole(row["p10"]),
            _whole(row["p90"]),
        )
        last = pod
    terminal.print(shown)
    terminal.print(
        "Principal: mean of the model runs. P10 to P90: eight runs in ten lie between.",
        style="dim",
        highlight=False,
    )
    if capacity is not None:
        show_capacity.table(capacity)
    for warning in run.info.get("warnings", []):
        typer.echo(f"Note: {for_command(Problem(**warning))}", err=True)
    for name, path in files.items():
        terminal.print(f"{name.capitalize():<9} {path}", highlight=False, soft_wrap=True)


def _by_provider(run: Run) -> dict[str, Any]:
    """Give the notes of each provider of a sum, as far as there are any."""
    key = "notes_by_provider"
    return {key: run.info[key]} if key in run.info else {}


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def table(
    run: Run,
    by: tuple[str, ...],
    where: dict[str, list[str]],
    measures: tuple[str, ...] | None,
    years: str | list[int],
    suppress: int | None,
    json: bool,
    csv: str | None = None,
) -> None:
    """Print any summary of a stored run, or write it as CSV."""
    from acutecast.results import hide_small_counts

    named = {"horizon": [run.horizon], "all": list(run.years)}
    wanted = named[years] if isinstance(years, str) else years
    keys = tuple(dict.fromkeys((*by, "measure")))
    frame = run.summary(by=keys, where=where, measures=measures, years=wanted)
    if suppress is not None:
        frame = hide_small_counts(frame, threshold=suppress)
    if csv is not None:
        content = safe_table(frame).write_csv()
        if csv == "-":
            typer.echo(content, nl=False)
        else:
            write_text(csv, content)
        return
    if json:
        print_json(frame.to_dicts())
        return
    print_frame(frame, f"{run.name} · {run.runs} model runs")


def print_frame(frame: polars.DataFrame, title: str) -> None:
    """Print a table of any columns."""
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric() and name != "year"]
    shown = table_of(title, frame.columns, numbers)
    for row in frame.iter_rows(named=True):
        shown.add_row(*(_cell(name, value) for name, value in row.items()))
    console().print(shown)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in ("change_pct", "difference_pct", "bias_pct"):
        return f"{value:+.1f}%"
    if name in _SHARES:
        return f"{100 * value:.1f}%"
    if name == "narrower":
        return f"{value:.1f}×"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}"
    if isinstance(value, int) and name != "year":
        return f"{value:,}"
    return str(value)


def nhp_tables(out: str, notes: Sequence[Problem], json: bool) -> None:
    """Say which NHP tables were written, and what there is to know of the run."""
    names = sorted(path.name for path in local(out).iterdir() if path.suffix == ".parquet")
    if json:
        warnings = [_plain(note) for note in notes]
        print_json({"out": str(out), "tables": names, "warnings": warnings})
        return
    for note in notes:
        typer.echo(f"Note: {note}", err=True)
    typer.echo(f"{len(names)} tables in {out}: {', '.join(names)}")


def check(provider: Provider, problems: Sequence[Problem], json: bool) -> None:
    """Print the result of checking a provider's tables."""
    faults = [p for p in problems if not p.warning]
    if json:
        print_json(
            {
                "dataset": provider.dataset,
                "year": provider.year,
                "rows": {name: table.num_rows for name, table in provider.tables.items()},
                "problems": [_plain(p) for p in problems],
            }
        )
        return
    for problem in problems:
        typer.echo(f"{'Note' if problem.warning else 'Fault'}: {for_command(problem)}")
    rows = sum(table.num_rows for table in provider.tables.values())
    verdict = f"{len(faults)} faults" if faults else "ready to run"
    tables = f"{len(provider.tables)} tables, {rows:,} rows"
    typer.echo(f"{provider.dataset} {provider.year}: {tables}, {verdict}")


def describe(content: Mapping[str, Any], json: bool) -> None:
    """Print what a provider's tables hold."""
    if json:
        print_json(content)
        return
    _print_tree(content, 0)


def _print_tree(content: Mapping[str, Any], depth: int) -> None:
    for name, value in content.items():
        indent = "  " * depth
        if isinstance(value, Mapping) and value:
            typer.echo(f"{indent}{name}:")
            _print_tree(value, depth + 1)
        else:
            text = f"{value:,}" if isinstance(value, int) and value > 9999 else value
            text = ", ".join(map(str, text)) if isinstance(text, list | tuple) else text
            typer.echo(f"{indent}{name}: {text}")


def scenario_checked(scenario: Scenario, json: bool) -> None:
    """Say that a scenario is in order, and what of it does not count as it is written."""
    from acutecast.scenario import scenario_notes

    count, notes = len(scenario.assumptions()), scenario_notes(scenario)
    if json:
        problems = [_plain(note) for note in notes]
        print_json({"name": scenario.name, "assumptions": count, "problems": problems})
        return
    for note in notes:
        typer.echo(f"Note: {note}")
    typer.echo(f"{scenario.name}: in order, {count} assumptions")


def scenario(content: Scenario, json: bool) -> None:
    """Print in words what a scenario assumes."""
    from acutecast.scenario import describe as in_words

    rows = in_words(content)
    if json:
        print_json(rows)
        return
    # The dotted path is what a scenario file needs, so it is never cut short.
    _print_rows(
        content.name,
        [
            {
                "Assumption": f"{row['label']}\n{row['name']}",
                "Change at the horizon": row["change"],
                "Factor": row["remaining"],
                "Comes": row["profile"],
                "Reason": row["reason"],
            }
            for row in rows
        ],
    )


def differences(rows: Sequence[Mapping[str, Any]], first: str, second: str, json: bool) -> None:
    """Print in what two scenarios differ."""
    if json:
        print_json(list(rows))
        return
    if not rows:
        typer.echo("The scenarios do not differ.")
        return
    names = {"path": "Assumption", "a": Path(first).name, "b": Path(second).name}
    _print_rows("Differences", [{names.get(k, k): v for k, v in row.items()} for row in rows])


def _print_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    shown = table_of(title, list(rows[0]) if rows else ["nothing"])
    for row in rows:
        shown.add_row(*("" if value is None else str(value) for value in row.values()))
    console().print(shown)
