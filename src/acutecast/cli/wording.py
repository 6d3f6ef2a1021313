"""What a remedy says, in the command's words: flags instead of options of functions.

Rooms name an option as Python writes it (`acutecast.errors.option`) and a function as
`ac.name(…)`. What has no flag stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from acutecast.errors import AcutecastError, Problem

FLAGS = {
    "accept_faults": "--accept-faults",
    "data": "--data",
    "dataset": "--dataset",
    "memory_gb": "--memory",
    "replace": "--replace",
    "threads": "--threads",
    "years": "--years",
}
"""Flags that take the value of the option."""
SWITCHES = {'empty_tpmas="warn"': "--skip-empty-tpmas", "empty_tpmas='warn'": "--skip-empty-tpmas"}
"""Options with a value that is a flag of its own."""
COMMANDS = {
    "ac.capacity_of(run)": "acutecast capacity RUN",
    "ac.data_report(records)": "acutecast data report RECORDS",
    "ac.extract_records(records, out)": "acutecast extract RECORDS --out OUT",
}
"""Functions, as remedies call them, and the commands that do the same."""

_VALUE = r"True|\[[^\]]*\]|'[^']*'|\"[^\"]*\"|-?[\d.]*\d|None"
_OPTION = re.compile(rf"(?<![\w.`])({'|'.join(FLAGS)})=({_VALUE})(?!\w)")


def in_command_words(text: str) -> str:
    """Turn options and functions in a text into flags and commands."""
    for written, words in (SWITCHES | COMMANDS).items():
        text = text.replace(written, words)
    return _OPTION.sub(_flag, text)


def _flag(found: re.Match[str]) -> str:
    name, value = found.groups()
    if value == "True":
        return FLAGS[name]
    return f"{FLAGS[name]} {value.strip('[]').replace(', ', ',').strip(chr(39) + chr(34))}"


def for_command(problem: Problem) -> Problem:
    """Give a problem as the command says it."""
    return replace(
        problem,
        where=in_command_words(problem.where),
        remedy=in_command_words(problem.remedy),
    )


def error_for_command(fault: AcutecastError) -> AcutecastError:
    """Give an error as the command says it."""
    problems = [for_command(problem) for problem in fault.problems]
    return AcutecastError(problems, in_command_words(fault.title))
