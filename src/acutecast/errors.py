"""The one kind of error a user sees: what, where, how many, an example, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what the user gave.

    Attributes:
        what: the fault, in the user's terms ("age is missing").
        where: the file, table and column, or the path in a scenario ("ip.age").
        count: how many rows or entries have it; None where counting makes no sense.
        example: one offending value or row.
        remedy: what to do about it.
        warning: True where work may go on and the user should only know.
    """

    what: str
    where: str = ""
    count: int | None = None
    example: str = ""
    remedy: str = ""
    warning: bool = False

    def __str__(self) -> str:
        """Give one line: where, what, how many, an example, the remedy."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        details = []
        if self.count is not None:
            details.append(f"{self.count:,} row{'' if self.count == 1 else 's'}")
        if self.example:
            details.append(f"for example {self.example}")
        if details:
            text += f" ({', '.join(details)})"
        return f"{text}. {self.remedy}" if self.remedy else text


class AcutecastError(Exception):
    """Everything wrong with an input, found before any work starts.

    A traceback is for our own faults; this is for the user's files, and front ends
    print its problems without one.
    """

    def __init__(self, problems: Problem | str | Iterable[Problem], title: str = "") -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.title = title
        super().__init__(self.__str__())

    def __str__(self) -> str:
        """Give the title and one line per problem."""
        lines = [str(problem) for problem in self.problems]
        if len(lines) == 1 and not self.title:
            return lines[0]
        title = self.title or f"{len(lines)} problems"
        return "\n".join([f"{title}:", *(f"  - {line}" for line in lines)])


class Cancelled(Exception):
    """The user stopped the work; nothing half-written is left."""


def raise_if_any(problems: Iterable[Problem], title: str = "") -> None:
    """Raise one `AcutecastError` with all the `problems` that are not mere warnings."""
    problems = tuple(problem for problem in problems if not problem.warning)
    if problems:
        raise AcutecastError(problems, title)


def option(name: str, value: object = True) -> str:
    """Name an option in a remedy, as Python writes it: `replace=True`, `years=[2030]`.

    This is its neutral name. The command, which has flags, turns it into its own words
    (`acutecast.cli.wording`).
    """
    return f"{name}={value!r}"


def listed_few(values: Iterable[object], most: int = 12) -> str:
    """List the first values, and how many more there are."""
    found = sorted(map(str, values)) if isinstance(values, set) else [str(v) for v in values]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
