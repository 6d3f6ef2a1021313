"""The queue of runs as people see it: ask for one, look, cancel, delete, open the result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Connection, case, insert, select, true, update

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import claims
from acutecast.workspace.access import Forbidden, Person, demand, may
from acutecast.workspace.claims import CANCELLED, DONE, QUEUED, RUNNING
from acutecast.workspace.content import storable, to_text
from acutecast.workspace.data import provider
from acutecast.workspace.options import checked_options
from acutecast.workspace.queue_limit import check_room
from acutecast.workspace.rows import add_row, is_id, locked_row, of_providers
from acutecast.workspace.scenarios import fitted, read_scenario
from acutecast.workspace.tables import JOB, SCENARIO
from acutecast.workspace.workspace import clock

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from acutecast.results import Run
    from acutecast.workspace.workspace import Workspace


@dataclass(frozen=True)
class JobRow:
    """A run that somebody asked for.

    Attributes:
        id: its name in addresses, and of its folder.
        scenario_id, scenario_name, revision: the scenario, and which state of it was taken.
        dataset, owner, shared: of the scenario; who may see it, may see its runs.
        who: who asked for it.
        state: "queued", "running", "done", "failed" or "cancelled".
        position: its place in the queue, from 1; None unless it waits.
        stage: what is under way ("reading", "compiling", "simulating", "writing", "capacity").
        done, of: how much of the stage is done; runs, where it is "simulating".
        seconds: how long the stage has taken; when "simulating", since its first block was done.
        seconds_left: about how long it still takes; None as long as nobody can tell.
        stopping: whether it was asked to stop, and has not yet.
        message: what went wrong, or what to know of the result; a line each.
        asked_at, started_at, ended_at: in UTC.
        options: "runs", "years", "baseline_year", "capacity", "suppress", as they were taken.
        folder: where the result is, once it is done: a path, or the URL of a store.
    """

    id: str
    scenario_id: str
    scenario_name: str
    revision: int
    dataset: str
    owner: str
    shared: bool
    who: str
    state: str
    position: int | None
    stage: str
    done: int
    of: int
    seconds: float
    seconds_left: float | None
    stopping: bool
    message: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    options: Mapping[str, Any]
    folder: Path | str


_MADE = ("position", "seconds_left", "stopping", "options", "folder")
_STORED = tuple(field.name for field in fields(JobRow) if field.name not in _MADE)
_PROGRESS = ("stage", "done", "of", "seconds")


def submit(
    ws: Workspace,
    person: Person,
    scenario_id: str,
    *,
    runs: int | None = None,
    years: str | Sequence[int] = "all",
    capacity: bool = False,
    suppress: int | None = None,
) -> JobRow:
    """Ask for a run of a scenario as it is now.

    Where the same is waiting or under way already, that is given instead.

    Args:
        ws: the workspace.
        person: who asks.
        scenario_id: the scenario.
        runs: model runs, instead of the scenario's.
        years: "all", "horizon", or a list of years; the horizon is always among them.
        capacity: work out the capacity too.
        suppress: hide baseline counts from 1 to one less than this; the installation's setting
            holds where it hides more.

    Raises:
        Forbidden: where there is no such scenario, or the person may not run it.
        QueueFull: where as many runs of theirs wait already as may.
        AcutecastError: with everything that can be known to be wrong before it is run; where the
            scenario is deleted.
    """
    scenario = read_scenario(ws, person, scenario_id)
    demand(person, "run", scenario)
    options = _options(ws, person, scenario.content, runs, years, capacity, suppress)
    asked = _asked(person, scenario.id, scenario.revision, scenario.content, options)
    same = select(JOB.c.id).where(
        *(JOB.c[name] == asked[name] for name in ("scenario_id", "revision", "options")),
        JOB.c.state.in_((QUEUED, RUNNING)),
        ~JOB.c.stop_asked,
    )
    with ws.writing() as connection:
        # Of two that ask for the same at the same time, the second waits here for the first.
        locked_row(connection, person, "run", scenario_id)
        already = connection.execute(same).scalars().first()
        if already is None:
            _queue(ws, connection, person, asked)
    return read_job(ws, person, already or asked["id"])


def submit_new(
    ws: Workspace,
    person: Person,
    content: Mapping[str, Any],
    dataset: str | None = None,
    name: str | None = None,
    *,
    runs: int | None = None,
    years: str | Sequence[int] = "all",
    capacity: bool = False,
    suppress: int | None = None,
) -> JobRow:
    """Make a scenario and ask for its run: both, or neither.

    Args:
        ws: the workspace.
        person: who asks, and then owns the scenario, which nobody else sees.
        content: as for `create_scenario`; so are `dataset` and `name`.
        dataset: the code of the provider.
        name: what to call it.
        runs: as for `submit`; so are `years`, `capacity` and `suppress`.
        years: the years.
        capacity: whether to work out the capacity.
        suppress: which counts to hide.

    Raises:
        Forbidden: where the person may not make one on this provider.
        QueueFull: where as many runs of theirs wait already as may.
        AcutecastError: with everything wrong with the content, or that can be known to be wrong
            with its run.
    """
    scenario = fitted(ws, person, content, dataset, name)
    options = _options(ws, person, scenario, runs, years, capacity, suppress)
    scenario_id = uuid4().hex
    asked = _asked(person, scenario_id, 1, scenario, options)
    with ws.writing() as connection:
        add_row(connection, person, scenario, "create", scenario_id=scenario_id, shared=False)
        _queue(ws, connection, person, asked)
    return read_job(ws, person, asked["id"])


def _options(
    ws: Workspace,
    person: Person,
    content: Mapping[str, Any],
    runs: int | None,
    years: str | Sequence[int],
    capacity: bool,
    suppress: int | None,
) -> dict[str, Any]:
    """Check a scenario of the workspace and what is asked of its run."""
    data = provider(ws, person, content["dataset"], content.get("baseline_year"))
    hidden = (suppress, ws.settings.suppress)
    return checked_options(content, data, runs, years, capacity, hidden, ws.settings.max_runs)


def _asked(
    person: Person,
    scenario_id: str,
    revision: int,
    content: Mapping[str, Any],
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Give the row of a run that is asked for, without the time."""
    return {
        "id": uuid4().hex,
        "scenario_id": scenario_id,
        "scenario_name": content["name"],
        "dataset": content["dataset"],
        "revision": revision,
        "content": to_text(content),
        "options": to_text(options),
        "who": person.name,
        "state": QUEUED,
        "stage": "",
        "done": 0,
        "of": 1,
        "seconds": 0.0,
        "message": "",
        "attempts": 0,
        "stop_asked": False,
    }


def _queue(ws: Workspace, connection: Connection, person: Person, asked: dict[str, Any]) -> None:
    check_room(ws, connection, person)
    connection.execute(insert(JOB).values(asked | {"asked_at": clock(connection)}))


def list_jobs(ws: Workspace, person: Person, scenario_id: str | None = None) -> list[JobRow]:
    """List the runs that a person may see, newest first; of one scenario, where it is named.

    Runs of a deleted scenario are listed only where it is named, for those who may restore it.
    """
    if scenario_id is not None and not is_id(scenario_id):
        return []
    if scenario_id is not None:
        return _rows(ws, person, JOB.c.scenario_id == scenario_id)
    return _rows(ws, person, SCENARIO.c.deleted_at.is_(None))


def read_job(ws: Workspace, person: Person, job_id: str) -> JobRow:
    """Read one run.

    Raises:
        Forbidden: where there is none, or the person may not see it.
    """
    found = _rows(ws, person, JOB.c.id == job_id) if is_id(job_id) else []
    if not found:
        raise Forbidden()
    return found[0]


def may_stop(person: Person, job: JobRow) -> bool:
    """Tell whether a person may stop or delete a run: theirs, or that of their scenario."""
    return may(person, "delete", job) or may(person, "delete", replace(job, owner=job.who))


def cancel(ws: Workspace, person: Person, job_id: str) -> JobRow:
    """Stop a run: at once where it waits, at the next block of runs where it is under way.

    A run that has ended stays as it is; so does one that ends while it is asked to stop.

    Raises:
        Forbidden: where there is none, or the person may not stop it.
    """
    if not may_stop(person, read_job(ws, person, job_id)):
        raise Forbidden(
            Problem(
                "only who asked for this run, the owner of its scenario or an administrator may "
                "stop or delete it"
            )
        )
    waits, runs = JOB.c.state == QUEUED, JOB.c.state == RUNNING
    with ws.writing() as connection:
        said = {
            "state": case((waits, CANCELLED), else_=JOB.c.state),
            "ended_at": case((waits, clock(connection)), else_=JOB.c.ended_at),
            "stop_asked": case((runs, true()), else_=JOB.c.stop_asked),
            "message": storable(f"Stopped by {person.title or person.name}."),
        }
        connection.execute(update(JOB).where(JOB.c.id == job_id, waits | runs).values(said))
    return read_job(ws, person, job_id)


def delete_job(ws: Workspace, person: Person, job_id: str) -> None:
    """Take a run from the list and remove its results; one under way is stopped first.

    Raises:
        Forbidden: where there is none, or the person may not delete it.
    """
    cancel(ws, person, job_id)
    with ws.writing() as connection:
        gone = update(JOB).where(JOB.c.id == job_id).values(deleted_at=clock(connection))
        connection.execute(gone)
    with ws.reading() as connection:
        state = connection.execute(select(JOB.c.state).where(JOB.c.id == job_id)).scalar()
    # A run under way still writes into its folder; its worker removes it when it ends.
    if state != RUNNING:
        claims.clear_all(ws, job_id)


def open_result(ws: Workspace, person: Person, job_id: str) -> Run:
    """Open the results of a run that is done.

    Raises:
        Forbidden: where there is none, or the person may not see it.
        AcutecastError: where it is not done, or its folder is damaged.
    """
    from acutecast.results import open_run

    job = read_job(ws, person, job_id)
    if job.state != DONE:
        raise AcutecastError(
            Problem(
                f"this run is {job.state}, so it has no results",
                where=job.scenario_name,
                remedy="Wait until it is done." if job.state in (QUEUED, RUNNING) else "Run again.",
            )
        )
    return open_run(job.folder)


def seconds_left(stage: str, done: int, of: int, seconds: float) -> float | None:
    """Guess how long a run still takes; None where there is nothing to go by.

    Simulating takes nearly all of the time, at an even pace after the first block, which compiles
    and so is left out: neither `seconds` nor the first run count.
    """
    if stage in ("writing", "capacity"):
        return 0.0
    if stage != "simulating" or done < 2:
        return None
    return seconds * (of - done) / (done - 1)


def _rows(ws: Workspace, person: Person, *wanted: Any) -> list[JobRow]:
    """Read the runs that are wanted and that the person may see, newest first."""
    columns = [column for column in JOB.c if column.name != "content"]
    found = (
        select(*columns, SCENARIO.c.owner, SCENARIO.c.shared, SCENARIO.c.deleted_at.label("gone"))
        .join(SCENARIO, SCENARIO.c.id == JOB.c.scenario_id)
        .where(JOB.c.deleted_at.is_(None), of_providers(person), *wanted)
        .order_by(JOB.c.asked_at.desc(), JOB.c.id.desc())
    )
    waiting = select(JOB.c.id).where(JOB.c.state == QUEUED, JOB.c.deleted_at.is_(None))
    with ws.reading() as connection:
        rows = connection.execute(found).all()
        places = {}
        if any(row.state == QUEUED for row in rows):
            in_turn = connection.execute(waiting.order_by(JOB.c.asked_at, JOB.c.id)).scalars()
            places = {job: place for place, job in enumerate(in_turn, start=1)}
    jobs = [(_row(ws, row._mapping, places.get(row.id)), row.gone) for row in rows]
    return [job for job, gone in jobs if may(person, "delete" if gone else "see", job)]


def _row(ws: Workspace, row: RowMapping, position: int | None) -> JobRow:
    running = row["state"] == RUNNING
    return JobRow(
        **{name: row[name] for name in _STORED},
        position=position,
        seconds_left=seconds_left(*(row[name] for name in _PROGRESS)) if running else None,
        stopping=running and row["stop_asked"],
        options=json.loads(row["options"]),
        folder=ws.settings.folder_of(claims.folder_name(row["id"], row["attempts"])),
    )
