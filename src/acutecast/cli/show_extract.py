"""What the commands about records print."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from acutecast.cli.show import console, print_json, table_of
from acutecast.errors import listed_few
from acutecast.files import joined

if TYPE_CHECKING:
    import pyarrow

    from acutecast.errors import Problem
    from acutecast.extract import Extracted
    from acutecast.extract.starter import Starter

_RECORDS = {
    "apc": "Episodes",
    "opa": "Appointments",
    "ecds": "Emergency attendances",
    "ae": "A&E attendances",
}
_MOST_FINDINGS = 20
_MOST_OF_PROVIDERS = 12


def extracted(made: Extracted, json: bool) -> None:
    """Print what an extract made: every row in, kept and set aside, and where things are."""
    if json:
        print_json({"root": str(made.root), **made.info})
        return
    table = table_of("Rows", ("Records", "", "Rows"), numbers=("Rows",))
    for record, label in _RECORDS.items():
        rows: dict[str, int] = {}
        for line in made.info["accounting"]:
            if line["record"] == record:
                rows[line["reason"]] = rows.get(line["reason"], 0) + line["rows"]
        if not rows:
            continue
        table.add_row(label, "rows in", f"{sum(rows.values()):,}")
        for reason, n in sorted(rows.items(), key=lambda r: (r[0] != "kept", -r[1], r[0])):
            said = reason if reason == "kept" else f"set aside: {reason}"
            table.add_row("", said, f"{n:,}")
    console().print(table)
    for fault in made.info["accepted_faults"]:
        typer.echo(f"Fault: {fault}")
    told = [
        (note, f"{of['dataset']} {of['year']}")
        for of in made.info["provider_notes"]
        for note in of["notes"]
        if note not in made.info["accepted_faults"]
    ]
    for line in _of_providers(told):
        typer.echo(f"Note: {line}")
    for file in made.info["files"]:
        if file["note"]:
            typer.echo(f"Note: {file['file']}: {file['note']}")
    for line in _repairs(made.info["repaired_values"]):
        typer.echo(f"Note: {line}")
    for value in made.info["unreadable_values"]:
        typer.echo(
            f"Note: {value['file']}: {value['source_column']}: values that cannot be read count as "
            f"empty ({value['n']:,})"
        )
    for note in made.info["notes"]:
        typer.echo(f"Note: {note}")
    for line in _of_providers(_without_provider(made.problems)):
        typer.echo(f"Note: {line}")
    for problems in made.failed.values():
        for problem in problems:
            typer.echo(f"Not written: {problem}", err=True)
    codes = listed_few(f"{code} {year}" for code, year in made.providers)
    rules = made.info["rules"]
    typer.echo(f"Provider tables of {codes}, TPMA rules {rules['name']} {rules['version']}")
    if made.failed:
        several = len(made.failed) > 1
        typer.echo(
            f"Partial: {len(made.failed)} provider{'s were' if several else ' was'} not written: "
            + listed_few(f"{code} {year}" for code, year in made.failed)
        )
    typer.echo(f"  data          {made.root}")
    typer.echo(f"  assumptions   {joined(made.root, 'assumptions')}")
    typer.echo(f"  set aside     {joined(made.root, 'set_aside.parquet')}")


def started(made: Starter, records: str, json: bool) -> None:
    """Print what a first mapping was made of, what is missing, and what to do next."""
    if json:
        print_json(
            {
                "path": str(made.path),
                "preset": made.preset,
                "found": [asdict(each) for each in made.found],
                "unclear": [{"file": file, "reason": why} for file, why in made.unclear],
            }
        )
        return
    for each in made.found:
        files = listed_few([*each.named, *each.alike])
        typer.echo(f"{each.record}: {len(each.matched):,} columns are known, in {files}")
        if each.alike:
            typer.echo(f"  To do: say under [files] that {listed_few(each.alike)} is {each.record}")
        for lacking in each.missing:
            guesses = listed_few(dict.fromkeys(theirs for _, theirs in lacking.guesses))
            nearest = f"; nearest: {guesses}" if guesses else ""
            typer.echo(f"  Missing: {' or '.join(lacking.options)}{nearest}")
        if each.sexes:
            typer.echo(f"  To do: say which sex {listed_few(each.sexes)} is")
        if each.month_first:
            typer.echo(f"  To do: the month comes first in {listed_few(each.month_first)}; say so")
        if each.unknown:
            typer.echo(f"  Not known, so not read: {listed_few(each.unknown)}")
    for file, why in made.unclear:
        typer.echo(f"Not used: {file}: {why}")
    typer.echo(f"  mapping       {made.path}")
    if any(e.alike or e.missing or e.sexes or e.month_first for e in made.found):
        typer.echo("Next: take the # from the lines that are right in it, then")
    else:
        typer.echo("Next:")
    typer.echo(f"  acutecast data report {shlex.quote(records)}")


def _without_provider(problems: Sequence[Problem]) -> list[tuple[str, str]]:
    """Give each problem of a provider's tables without the provider, and the provider."""
    result = []
    for problem in problems:
        provider, _, place = problem.where.partition(": ")
        result.append((str(replace(problem, where=place)), provider))
    return result


def _of_providers(told: Sequence[tuple[str, str]]) -> list[str]:
    """Say what is the same of several providers once; of many things, the first.

    Args:
        told: what is said, and the provider and year that it is said of; what matters most of each
            provider is first.
    """
    together: dict[str, list[str]] = {}
    for note, provider in told:
        together.setdefault(note, []).append(provider)
    lines = [f"{listed_few(providers)}: {note}" for note, providers in together.items()]
    more = len(lines) - _MOST_OF_PROVIDERS
    if more > 0:
        lines[_MOST_OF_PROVIDERS:] = [
            f"{more:,} more note{'' if more == 1 else 's'} on single providers: "
            "acutecast data check has those of each"
        ]
    return lines


def _repairs(values: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what was read in another way, a line for each file and way."""
    together: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for value in values:
        together.setdefault((value["file"], value["what"]), []).append(value)
    lines = []
    for (file, what), found in together.items():
        most = max(found, key=lambda value: value["n"])
        where = most["source_column"] if len(found) == 1 else f"{len(found)} columns"
        example = f", for example {most['example']}" if most["example"] else ""
        n = sum(value["n"] for value in found)
        lines.append(f"{file}: {where}: {what} ({n:,}{example})")
    return lines


def made(out: str, files: Mapping[str, Path], json: bool) -> None:
    """Print which files of a made-up region there are."""
    if json:
        print_json({name: str(path) for name, path in files.items()})
        return
    typer.echo("Made-up records; no real person is behind any of them:")
    for name, path in files.items():
        typer.echo(f"  {name:<12}  {path}")


def report(tables: Mapping[str, pyarrow.Table], files: Mapping[str, Path], json: bool) -> None:
    """Print what was found in records, the most important first."""
    findings = tables["findings"].to_pylist()
    if json:
        print_json({"findings": findings, "files": {k: str(v) for k, v in files.items()}})
        return
    for finding in findings[:_MOST_FINDINGS]:
        where = " ".join(str(finding[k]) for k in ("record", "column") if finding[k])
        count = f" ({finding['n']:,})" if finding["n"] is not None else ""
        where = f"{where}: " if where else ""
        typer.echo(f"{finding['severity'].capitalize()}: {where}{finding['what']}{count}")
    if len(findings) > _MOST_FINDINGS:
        typer.echo(f"… and {len(findings) - _MOST_FINDINGS} more on the page")
    if not findings:
        typer.echo("Nothing was found that needs attention.")
    for name, path in files.items():
        typer.echo(f"  {name:<12}  {path}")
