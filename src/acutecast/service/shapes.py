"""What is sent and answered, as the description says it. Times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt

from acutecast.workspace import ChangeRow, Conflict, Dataset, JobRow, Person, ScenarioRow

ID = "^[0-9a-f]{32}$"
ScenarioId = Annotated[str, Path(pattern=ID, description="The scenario.")]
RunId = Annotated[str, Path(pattern=ID, description="The run.")]
Time = Annotated[datetime, AfterValidator(lambda time: time.replace(tzinfo=UTC))]
State = Literal["queued", "running", "done", "failed", "cancelled"]
Content = dict[str, Any]
"""A scenario as in its file: ours, or an NHP parameter file."""


class Sent(BaseModel):
    """What is sent: nothing else may be in it."""

    model_config = ConfigDict(extra="forbid")


class ProblemOut(BaseModel):
    """One thing that is wrong."""

    where: str = Field(description="The path in the scenario, or what was sent.")
    what: str = Field(description="The fault.")
    count: int | None = Field(description="How many rows or entries have it.")
    example: str
    remedy: str = Field(description="What to do about it.")


class Problems(BaseModel):
    """Why a request was refused: everything at once."""

    model_config = ConfigDict(extra="allow")

    title: str
    status: int
    problems: list[ProblemOut]


class Health(BaseModel):
    """Whether the service can do its work."""

    ok: bool
    version: str
    problems: list[str] = Field(description="What is wrong, in words; empty where nothing is.")


class Me(BaseModel):
    """Who asks, and what they may do."""

    name: str
    title: str
    role: Literal["reader", "analyst", "admin"]
    providers: list[str] = Field(description='Codes of providers; ["*"] for all.')
    groups: list[str]

    @classmethod
    def of(cls, person: Person) -> Me:
        """Say who somebody is."""
        return cls.model_validate(person, from_attributes=True)


class ProviderOut(BaseModel):
    """One provider's baseline year."""

    code: str
    year: int = Field(description="The calendar year in which the financial year starts.")
    label: str

    @classmethod
    def of(cls, dataset: Dataset) -> ProviderOut:
        """Say what data there is."""
        return cls(code=dataset.code, year=dataset.year, label=dataset.label)


class Providers(BaseModel):
    """The providers whose data may be seen."""

    providers: list[ProviderOut]


class Checked(BaseModel):
    """A scenario that is in order."""

    name: str
    provider: str | None
    form: Literal["acutecast", "nhp"]
    assumptions: int = Field(description="How many assumptions it states.")
    problems: list[ProblemOut] = Field(description="Nothing.")


class LastRunOut(BaseModel):
    """The newest run of a scenario."""

    id: str
    state: State
    asked_at: Time
    revision: int


class ScenarioOut(BaseModel):
    """A scenario, without its content."""

    id: str
    name: str
    provider: str
    owner: str
    shared: bool
    revision: int = Field(description="How often the content changed, from 1; also the ETag.")
    copied_from: str | None
    created_at: Time
    changed_at: Time
    changed_by: str
    deleted_at: Time | None
    assumptions: int = Field(description="How many assumptions it states.")
    last_run: LastRunOut | None

    @classmethod
    def of(cls, row: ScenarioRow) -> ScenarioOut:
        """Describe a scenario."""
        return cls(**_described(row))


class ScenarioWhole(ScenarioOut):
    """A scenario with its content."""

    content: Content

    @classmethod
    def of(cls, row: ScenarioRow) -> ScenarioWhole:
        """Give a scenario."""
        return cls(**_described(row), content=row.content)


class Scenarios(BaseModel):
    """Scenarios, the newest change first."""

    scenarios: list[ScenarioOut]


class EditIn(Sent):
    """One edit."""

    path: list[str] = Field(
        min_length=1,
        max_length=20,
        description="Where in the scenario file.",
        examples=[["activity_avoidance", "ip", "falls_related_admissions"]],
    )
    value: Any = Field(
        None, description="What to put there; null removes what is there.", examples=[[0.75, 0.92]]
    )


class Edits(Sent):
    """Edits, all made or none."""

    edits: list[EditIn] = Field(min_length=1, max_length=10_000)
    reason: str = Field("", description="Why; it is kept in the history.")
    force: StrictBool = Field(
        False, description="Make them also where somebody else has changed the same since."
    )


class ConflictOut(BaseModel):
    """An edit in whose place somebody else has put another value since."""

    path: list[str]
    label: str
    mine: Any
    theirs: Any
    mine_words: str
    theirs_words: str
    who: str
    when: Time

    @classmethod
    def of(cls, conflict: Conflict) -> ConflictOut:
        """Describe a conflict."""
        return cls.model_validate(conflict, from_attributes=True)


class Sharing(Sent):
    """Who sees a scenario."""

    shared: StrictBool = Field(description="Whether all who may see the provider may see it.")


class ChangeOut(BaseModel):
    """One thing that changed; a revision may have several."""

    revision: int
    kind: str
    path: list[str]
    label: str
    words: str
    before: Any
    after: Any
    reason: str
    who: str
    at: Time

    @classmethod
    def of(cls, change: ChangeRow) -> ChangeOut:
        """Describe a change."""
        return cls.model_validate(change, from_attributes=True)


class History(BaseModel):
    """What changed, newest first."""

    changes: list[ChangeOut]


class RunIn(Sent):
    """A run that is asked for."""

    scenario: Annotated[str, Field(pattern=ID)] | Content = Field(
        description="The id of a scenario, or one as in its file, which then is kept as yours."
    )
    provider: str | None = Field(
        None, description="Of a scenario that is sent: the provider's code, unless it says it."
    )
    name: str | None = Field(None, description="Of a scenario that is sent: what to call it.")
    runs: StrictInt | None = Field(None, description="Model runs, instead of the scenario's.")
    years: Literal["all", "horizon"] | list[StrictInt] = Field(
        "all", description="The horizon is always among them."
    )
    capacity: StrictBool = Field(False, description="Work out beds and other space too.")
    suppress: StrictInt | None = Field(
        None, description="Hide baseline counts from 1 to one less than this."
    )


class RunOut(BaseModel):
    """A run."""

    id: str
    scenario_id: str
    scenario_name: str
    revision: int = Field(description="Which revision of the scenario it is of.")
    provider: str
    who: str = Field(description="Who asked for it.")
    state: State
    position: int | None = Field(description="Its place in the queue, from 1, while it waits.")
    stage: str = Field(description="What is under way, while it runs.")
    done: int = Field(description="How much of the stage is done.")
    of: int
    seconds: float = Field(description="How long the stage has taken.")
    seconds_left: float | None = Field(description="About how long; null where nobody can tell.")
    stopping: bool
    message: str = Field(description="What went wrong, or what to know of the result.")
    asked_at: Time
    started_at: Time | None
    ended_at: Time | None
    options: dict[str, Any]

    @classmethod
    def of_job(cls, job: JobRow) -> RunOut:
        """Describe a run."""
        given = {name: getattr(job, name) for name in cls.model_fields if name != "provider"}
        return cls(**given, provider=job.dataset)


class Runs(BaseModel):
    """Runs, newest first."""

    runs: list[RunOut]


class ViewOut(BaseModel):
    """A way to look at a run."""

    key: str
    title: str
    group: str
    filters: list[str] = Field(description="The parts of a selection that it uses.")
    needs: str = Field(description='"capacity" where the run must have it.')


class Views(BaseModel):
    """The ways to look at a run, and what can be chosen."""

    views: list[ViewOut]
    choices: dict[str, list[tuple[str, str]]] = Field(
        description="For each part of a selection the values there are, and the words for them."
    )


class FileOut(BaseModel):
    """A stored table of a run."""

    name: str
    rows: int
    bytes: int


class Files(BaseModel):
    """The stored tables of a run."""

    files: list[FileOut]


def _described(row: ScenarioRow) -> dict[str, Any]:
    names = ("provider", "assumptions", "last_run")
    given = {name: getattr(row, name) for name in ScenarioOut.model_fields if name not in names}
    last = row.last_run
    shown = None if last is None else LastRunOut.model_validate(last, from_attributes=True)
    return {**given, "provider": row.dataset, "assumptions": row.set, "last_run": shown}
