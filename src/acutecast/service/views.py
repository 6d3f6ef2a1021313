"""Addresses of views: what the pages, the workbook and the report show, for the same selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from acutecast.errors import Problem
from acutecast.service import tables
from acutecast.service.caller import Caller, Shared
from acutecast.service.opened import opened, threshold
from acutecast.service.questions import Suppress
from acutecast.service.refusals import Refused, as_json
from acutecast.service.results import NO_RESULTS
from acutecast.service.shapes import RunId, ViewOut, Views
from acutecast.service.tables import Form, Table, as_rows

if TYPE_CHECKING:
    from acutecast.report.views import Selection, Shown

ROUTES = APIRouter(prefix="/runs/{run}/views", tags=["results"], responses=NO_RESULTS)
_LISTED = "joined by commas, a comma inside a value written %2C; else all."
_SITES = f"Sites, {_LISTED}"
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What the view shows: JSON with everything, else one of its tables.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["shown"],
                    "properties": {"shown": {"type": "array", "items": {"type": "object"}}},
                }
            },
            **{tables.MEDIA[name]: {} for name in ("csv", "parquet", "arrow")},
        },
    }
}


def _selection(
    activity: Annotated[str, Query(description="ip, op or aae; else all.")] = "",
    pods: Annotated[str, Query(description=f"Points of delivery, {_LISTED}")] = "",
    measure: Annotated[str, Query(description="What is counted; else the view's own.")] = "",
    ip_sites: Annotated[str, Query(description=_SITES)] = "",
    op_sites: Annotated[str, Query(description=_SITES)] = "",
    aae_sites: Annotated[str, Query(description=_SITES)] = "",
    specialties: Annotated[str, Query(description=f"Grouped specialties, {_LISTED}")] = "",
    ages: Annotated[str, Query(description=f"Age groups, {_LISTED}")] = "",
    year: Annotated[str, Query(description="The year; else the horizon.")] = "",
    area: Annotated[str, Query(description="An area of capacity; else the largest.")] = "",
    site: Annotated[str, Query(description="A site of capacity.")] = "",
    suppress: Suppress = None,
) -> Selection:
    """Read a selection, as it stands in the address of a page."""
    from acutecast.report.views import from_query

    return from_query(
        {
            "activity": activity, "pods": pods, "measure": measure, "ip_sites": ip_sites,
            "op_sites": op_sites, "aae_sites": aae_sites, "specialties": specialties,
            "ages": ages, "year": year, "area": area, "site": site,
            "suppress": "" if suppress is None else str(suppress),
        }
    )  # fmt: skip


Selected = Annotated[Any, Depends(_selection)]


@ROUTES.get("")
def list_views(ws: Shared, person: Caller, run: RunId, selection: Selected) -> Views:
    """List the ways to look at a run, and what can be chosen in each part of a selection."""
    from acutecast.report.views import VIEWS, choices

    _, result = opened(ws, person, run)
    return Views(
        views=[ViewOut.model_validate(view, from_attributes=True) for view in VIEWS],
        choices=choices(result, selection),
    )


@ROUTES.get("/{key}", response_class=Response, responses=_RESPONSES)
def view(
    ws: Shared,
    person: Caller,
    run: RunId,
    key: str,
    form: Form,
    selection: Selected,
    table: Annotated[
        int, Query(ge=0, le=100, description="Of several tables this one, except in JSON.")
    ] = 0,
) -> Response:
    """Show a run in one way: the figures of the page, for the same selection."""
    from dataclasses import replace

    from acutecast.report.views import VIEWS, show

    _, result = opened(ws, person, run)
    if key not in {each.key for each in VIEWS}:
        raise Refused(
            404, Problem("there is no such view", "view", example=key[:80],
                         remedy=f"There are {', '.join(each.key for each in VIEWS)}."),
        )  # fmt: skip
    asked = replace(selection, suppress=threshold(ws, result, selection.suppress))
    seen = show(result, key, asked)
    if form == "json":
        return Response(
            as_json({"shown": [_told(each) for each in seen]}),
            headers={"Vary": "Accept"},
            media_type=tables.MEDIA["json"],
        )
    if table >= len(seen):
        raise Refused(
            422, Problem("the view has no such table", "table", example=str(table),
                         remedy=f"It has {len(seen)}, the first of which is 0."),
        )  # fmt: skip
    return tables.answer(Table(seen[table].table), form, key)


def _told(shown: Shown) -> dict[str, Any]:
    return {
        "key": shown.key,
        "title": shown.title,
        "words": shown.words,
        "columns": [
            {"name": column.name, "label": column.label, "kind": column.kind}
            for column in shown.columns
        ],
        "rows": as_rows(shown.table),
        "alt": shown.alt,
        "notes": list(shown.notes),
    }
