"""A service with five people on made-up data of one provider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from in_process import Client

from acutecast.service.application import make_service
from acutecast.service.tokens import new_token, today
from acutecast.workspace import Settings, Workspace, open_workspace, work_once

CONTENT: dict[str, Any] = {
    "name": "Closer to home",
    "horizon_year": 2033,
    "runs": 8,
    "activity_avoidance": {"ip": {"falls_related_admissions": [0.75, 0.92]}},
}
ACCESS = """
[people."anna"]
role = "analyst"
providers = ["DEMO"]
[people."ben"]
role = "analyst"
providers = ["DEMO"]
[groups."readers"]
providers = ["DEMO"]
[people."olaf"]
role = "analyst"
providers = ["RYY"]
[people."ada"]
role = "admin"
providers = ["*"]
"""
PEOPLE = ("anna", "ben", "rita", "olaf", "ada")


@dataclass
class Service:
    """A service, and those who use it.

    Attributes:
        ws: its workspace.
        app: the application.
        tokens: of each person.
    """

    ws: Workspace
    app: Any
    tokens: dict[str, str]

    def by(self, person: str | None, **more: Any) -> Client:
        """Give a client of somebody; None for somebody without a token."""
        headers = {} if person is None else {"Authorization": f"Bearer {self.tokens[person]}"}
        return Client(self.app, headers, **more)

    def scenario(self, person: str = "anna", *, shared: bool = True, **content: Any) -> str:
        """Make a scenario and give its id."""
        query = {"provider": "DEMO", "shared": shared}
        made = self.by(person).post("/v1/scenarios", CONTENT | content, query=query)
        assert made.status == 201, made.body
        return made.json()["id"]

    def run(self, scenario: str | None = None, person: str = "anna", **options: Any) -> str:
        """Ask for a run and give its id; of a scenario of its own where none is named."""
        asked = {"scenario": scenario or self.scenario(person), "years": "horizon"} | options
        answer = self.by(person).post("/v1/runs", asked)
        assert answer.status == 202, answer.body
        return answer.json()["id"]

    def finished(self, **options: Any) -> str:
        """Ask for a run, have it done, and give its id."""
        run = self.run(**options)
        while self.by("anna").get(f"/v1/runs/{run}").json()["state"] == "queued":
            assert work_once(self.ws, "worker")
        return run


def people_and_tokens(folder: Path) -> tuple[Path, Path, dict[str, str]]:
    """Write the files of roles and tokens, and give them with the tokens."""
    access, file, tokens, lines = folder / "access.toml", folder / "tokens.toml", {}, ["[tokens]"]
    access.write_text(ACCESS)
    for person in PEOPLE:
        groups = ("readers",) if person == "rita" else ()
        tokens[person], token = new_token(person, groups, today() + timedelta(days=1))
        lines.append(token.line())
    file.write_text("\n".join(lines))
    return access, file, tokens


def make(folder: Path, data: Path, **settings: Any) -> Service:
    """Make a service in an empty folder."""
    access, file, tokens = people_and_tokens(folder)
    stated = Settings(folder / "home", data=(str(data),), access=access, tokens=file, threads=1)
    workspace = open_workspace(replace(stated, **settings))
    return Service(workspace, make_service(workspace), tokens)
