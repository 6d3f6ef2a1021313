"""Addresses of scenarios: check, make, read, edit, share, delete, take away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Query, Request, Response

from acutecast.errors import AcutecastError, Problem
from acutecast.service.caller import Caller, Shared
from acutecast.service.refusals import Refused
from acutecast.service.shapes import (
    ChangeOut,
    Checked,
    ConflictOut,
    Content,
    Edits,
    History,
    Problems,
    ScenarioId,
    ScenarioOut,
    Scenarios,
    ScenarioWhole,
    Sharing,
)
from acutecast.workspace import (
    Edit,
    Edited,
    ScenarioRow,
    content_at,
    copy_scenario,
    create_scenario,
    delete_scenario,
    edit,
    export_scenario,
    history,
    list_scenarios,
    provider,
    read_scenario,
    restore_scenario,
    share_scenario,
)
from acutecast.workspace.content import changes, parsed
from acutecast.workspace.content import plain as plain_content
from acutecast.workspace.options import checked_options

ROUTES = APIRouter(prefix="/scenarios", tags=["scenarios"])
_LONGEST_REVISION = 9

IfMatch = Annotated[
    str | None,
    Header(
        description='The ETag that was read, such as "7"; "*" to edit whatever there is. '
        "Edits of what others have changed since are refused with 409, all others are made."
    ),
]
_EDITED: dict[int | str, dict[str, Any]] = {
    409: {"model": Problems, "description": "Somebody else changed the same; see `conflicts`."},
    412: {"model": Problems, "description": "There is no such revision."},
    428: {"model": Problems, "description": "If-Match is missing."},
}


@ROUTES.post("/check")
def check_scenario(
    ws: Shared,
    person: Caller,
    content: Annotated[Content, Body(description="A scenario of ours, or NHP parameters.")],
    provider_code: Annotated[
        str | None,
        Query(alias="provider", description="Check that it fits this provider's data too."),
    ] = None,
) -> Checked:
    """Check a scenario; everything that is wrong with it comes back at once, with status 422."""
    scenario = parsed(content)
    if provider_code is not None:
        stated = scenario.baseline_year
        data = provider(ws, person, provider_code, stated)
        checked_options(
            plain_content(scenario), data, None, "all", bool(scenario.capacity), (),
            ws.settings.max_runs,
        )  # fmt: skip
    return Checked(
        name=scenario.name,
        provider=provider_code or scenario.dataset,
        form="acutecast" if scenario.nhp is None else "nhp",
        assumptions=len(scenario.assumptions()),
        problems=[],
    )


@ROUTES.get("")
def list_of_scenarios(
    ws: Shared,
    person: Caller,
    provider_code: Annotated[
        str | None, Query(alias="provider", description="Only of this provider.")
    ] = None,
    deleted: Annotated[
        bool, Query(description="Those that are deleted and may be restored.")
    ] = False,
) -> Scenarios:
    """List the scenarios that you may see, the newest change first."""
    found = list_scenarios(ws, person, deleted)
    kept = [row for row in found if provider_code in (None, row.dataset)]
    return Scenarios(scenarios=[ScenarioOut.of(row) for row in kept])


@ROUTES.post("", status_code=201)
def create(
    ws: Shared,
    person: Caller,
    request: Request,
    response: Response,
    content: Annotated[
        Content | None,
        Body(description="A scenario of ours, or NHP parameters; nothing for an empty one."),
    ] = None,
    provider_code: Annotated[
        str | None, Query(alias="provider", description="Its provider; else what the file says.")
    ] = None,
    name: Annotated[str | None, Query(description="Its name; else what the file says.")] = None,
    shared: Annotated[
        bool, Query(description="Whether all who may see the provider may see it.")
    ] = False,
) -> ScenarioWhole:
    """Make a scenario, or upload one. It is yours."""
    row = create_scenario(ws, person, content, provider_code, name, shared)
    return _made(request, response, row)


@ROUTES.get("/{scenario}")
def read(
    ws: Shared,
    person: Caller,
    response: Response,
    scenario: ScenarioId,
    revision: Annotated[
        int | None, Query(ge=1, le=10**9, description="With the content of this revision.")
    ] = None,
) -> ScenarioWhole:
    """Read a scenario. Its ETag is the revision."""
    row = read_scenario(ws, person, scenario)
    if revision is not None:
        row = replace(row, content=content_at(ws, person, scenario, revision), revision=revision)
    return _given(response, row)


@ROUTES.patch("/{scenario}", responses=_EDITED)
def change(
    ws: Shared,
    person: Caller,
    response: Response,
    scenario: ScenarioId,
    edits: Edits,
    if_match: IfMatch = None,
) -> ScenarioWhole:
    """Edit some paths of a scenario. What others changed elsewhere in it since stands."""
    row = read_scenario(ws, person, scenario)
    base, force = _base(row, if_match)
    wanted = [Edit(tuple(one.path), one.value) for one in edits.edits]
    edited = edit(
        ws, person, scenario, base, wanted, edits.reason, force=force or edits.force, whole=True
    )
    return _edited(response, edited)


@ROUTES.put("/{scenario}", responses=_EDITED)
def put(
    ws: Shared,
    person: Caller,
    response: Response,
    scenario: ScenarioId,
    content: Annotated[Content, Body(description="The whole scenario, as in its file.")],
    if_match: IfMatch = None,
    reason: Annotated[str, Query(description="Why; it is kept in the history.")] = "",
) -> ScenarioWhole:
    """Put a whole scenario in the place of what you read; only what differs is edited."""
    row = read_scenario(ws, person, scenario)
    base, force = _base(row, if_match)
    seen = content_at(ws, person, scenario, base)
    wanted = {"dataset": row.dataset} | plain_content(parsed(content))
    differing = [Edit(path, after) for path, _, after in changes(seen, wanted)]
    edited = edit(ws, person, scenario, base, differing, reason, force=force, whole=True)
    return _edited(response, edited)


@ROUTES.delete("/{scenario}", status_code=204)
def delete(ws: Shared, person: Caller, scenario: ScenarioId) -> None:
    """Delete a scenario; it can be restored."""
    delete_scenario(ws, person, scenario)


@ROUTES.post("/{scenario}/restore")
def restore(ws: Shared, person: Caller, response: Response, scenario: ScenarioId) -> ScenarioWhole:
    """Restore a scenario that was deleted."""
    return _given(response, restore_scenario(ws, person, scenario))


@ROUTES.post("/{scenario}/copy", status_code=201)
def copy(
    ws: Shared,
    person: Caller,
    request: Request,
    response: Response,
    scenario: ScenarioId,
    name: Annotated[str | None, Query(description="What to call the copy.")] = None,
    provider_code: Annotated[
        str | None, Query(alias="provider", description="Another provider.")
    ] = None,
    shared: Annotated[bool, Query(description="As for a new one.")] = False,
) -> ScenarioWhole:
    """Copy a scenario; the copy is yours."""
    return _made(
        request, response, copy_scenario(ws, person, scenario, name, provider_code, shared)
    )


@ROUTES.put("/{scenario}/shared")
def share(
    ws: Shared, person: Caller, response: Response, scenario: ScenarioId, sharing: Sharing
) -> ScenarioWhole:
    """Say who sees a scenario: all who may see the provider, or nobody but you and admins."""
    return _given(response, share_scenario(ws, person, scenario, sharing.shared))


@ROUTES.get("/{scenario}/history")
def changes_of(
    ws: Shared,
    person: Caller,
    scenario: ScenarioId,
    limit: Annotated[int | None, Query(ge=1, le=100_000, description="At most so many.")] = None,
) -> History:
    """List what changed, newest first, with who, when and why."""
    return History(changes=[ChangeOut.of(row) for row in history(ws, person, scenario, limit)])


@ROUTES.get(
    "/{scenario}/export",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}, "description": "The file."}},
)
def export(
    ws: Shared,
    person: Caller,
    scenario: ScenarioId,
    form: Annotated[
        Literal["acutecast", "nhp"], Query(description="Ours, or an NHP parameter file.")
    ] = "acutecast",
) -> Response:
    """Take a scenario away as a file."""
    text = export_scenario(ws, person, scenario, form)
    name = "scenario" if form == "acutecast" else "params"
    headers = {"Content-Disposition": f'attachment; filename="{name}.json"'}
    return Response(text, headers=headers, media_type="application/json")


def _base(row: ScenarioRow, if_match: str | None) -> tuple[int, bool]:
    """Give the revision that an edit was made on, and whether it counts whatever there is now."""
    if if_match is None:
        raise Refused(
            428,
            Problem(
                "the request does not say which revision it is about", "If-Match",
                remedy='Send the ETag that you read, such as If-Match: "7".',
            ),
        )  # fmt: skip
    text = if_match.strip()
    if text == "*":
        return row.revision, True
    digits = text.removeprefix("W/").strip('"')
    known = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_REVISION
    if not known or not 1 <= int(digits) <= row.revision:
        raise Refused(
            412,
            Problem(
                "the scenario has no such revision", "If-Match", example=text[:40],
                remedy="Read it again.",
            ),
        )  # fmt: skip
    return int(digits), False


def _edited(response: Response, edited: Edited) -> ScenarioWhole:
    if edited.conflicts:
        raise _conflicting(edited)
    return _given(response, edited.row)


def _conflicting(edited: Edited) -> AcutecastError:
    problems: Sequence[Problem] = [
        Problem(
            f"{conflict.who} changed this since",
            ".".join(conflict.path),
            example=f"{conflict.theirs_words} (theirs), {conflict.mine_words} (yours)",
            remedy="Read the scenario again, and decide.",
        )
        for conflict in edited.conflicts
    ]
    told = [ConflictOut.of(conflict).model_dump(mode="json") for conflict in edited.conflicts]
    return Refused(
        409, problems, "Nothing was changed, because others changed the same",
        headers={"ETag": _tag(edited.row)},
        more={"revision": edited.row.revision, "conflicts": told},
    )  # fmt: skip


def _made(request: Request, response: Response, row: ScenarioRow) -> ScenarioWhole:
    prefix = request.scope.get("root_path", "")
    response.headers["Location"] = f"{prefix}/v1/scenarios/{row.id}"
    return _given(response, row)


def _given(response: Response, row: ScenarioRow) -> ScenarioWhole:
    response.headers["ETag"] = _tag(row)
    return ScenarioWhole.of(row)


def _tag(row: ScenarioRow) -> str:
    return f'"{row.revision}"'
