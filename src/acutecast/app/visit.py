"""One visit of a page: who came, what the address says, and what they may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from acutecast.workspace import (
    Person,
    ScenarioRow,
    Workspace,
    open_result,
    read_job,
    read_scenario,
)

if TYPE_CHECKING:
    from acutecast.results import Run
    from acutecast.workspace import JobRow


def parse_query(search: str) -> dict[str, str]:
    """Read the part of an address after "?"; the last of several values counts."""
    return dict(parse_qsl(search.removeprefix("?"), keep_blank_values=False))


def link(page: str, /, **query: Any) -> str:
    """Give the address of a page, relative to wherever the application is mounted."""
    kept = {name: str(value) for name, value in query.items() if value not in (None, "", ())}
    return "?" + urlencode({"page": page} | kept)


@dataclass(frozen=True)
class Visit:
    """A page being shown to somebody.

    Attributes:
        workspace: what people share.
        person: who came; known from the server's side alone, never from the page.
        query: what the address says, by name.
    """

    workspace: Workspace
    person: Person
    query: Mapping[str, str]

    @property
    def page(self) -> str:
        """The key of the page asked for."""
        return self.query.get("page", "home")

    @cached_property
    def scenario_id(self) -> str:
        """The scenario that the address names, itself or by one of its runs; "" for none."""
        named = self.query.get("scenario", "")
        return named or (self.job.scenario_id if self.query.get("run") else "")

    @cached_property
    def scenario(self) -> ScenarioRow:
        """The scenario that the address names; an error where the person may not see it."""
        return read_scenario(self.workspace, self.person, self.scenario_id)

    @cached_property
    def job(self) -> JobRow:
        """The queued or finished run that the address names; an error as for `scenario`."""
        return read_job(self.workspace, self.person, self.query.get("run", ""))

    @cached_property
    def result(self) -> Run:
        """The stored run that the address names; an error as for `scenario`."""
        return open_result(self.workspace, self.person, self.query.get("run", ""))

    def link(self, page: str, /, **query: Any) -> str:
        """Give the address of a page, keeping the scenario unless told otherwise."""
        same = {"scenario": self.query.get("scenario")}
        return link(page, **(same | query))


async def remember(session: Any, **query: Any) -> None:
    """Write into the address what the page shows, so that it can be sent as a link.

    A value of None or "" takes the name out of the address.
    """
    said = {name: "" if value is None else str(value) for name, value in query.items()}
    await session.send_custom_message("acutecast-address", said)


PageUi = Callable[[Visit], Any]
PageServer = Callable[[Any, Any, Any, Visit], None]


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        key: its name in the address.
        title: what the browser's tab and its first heading say.
        ui: makes its content.
        server: answers it.
        needs: "scenario" or "run" where the address must name one, and "" otherwise.
    """

    key: str
    title: str
    ui: PageUi
    server: PageServer
    needs: str = ""
