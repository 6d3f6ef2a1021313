"""Addresses of files: the stored tables of a run, its scenario, and the reports made of it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import anyio
from anyio import to_thread
from fastapi import APIRouter, Query, Response
from starlette.responses import FileResponse

from acutecast.errors import AcutecastError
from acutecast.files import is_url, joined, read_bytes
from acutecast.scratch import scratch_folder
from acutecast.service.caller import Caller, Shared
from acutecast.service.opened import check_given, given_files, opened, threshold
from acutecast.service.questions import Suppress, parts
from acutecast.service.results import NO_RESULTS
from acutecast.service.shapes import FileOut, Files, RunId
from acutecast.service.tables import MEDIA
from acutecast.service.views import Selected
from acutecast.workspace import Forbidden, Person, Workspace

if TYPE_CHECKING:
    from acutecast.report.views import Selection

ROUTES = APIRouter(prefix="/runs/{run}", tags=["files"], responses=NO_RESULTS)
_OFFICE = "application/vnd.openxmlformats-officedocument"
REPORTS = {
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
}
"""The media type of each form of a report, by its ending."""

_MOST_COMPARED = 6
# Each takes a processor for seconds; whoever comes later waits without keeping others waiting.
_MAKING = anyio.CapacityLimiter(2)
Ending = Literal["xlsx", "docx", "html"]


def _a_file(media: str) -> dict[int | str, dict[str, Any]]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "The file.", "content": {media: binary}}}


@ROUTES.get("/files")
def list_files(ws: Shared, person: Caller, run: RunId) -> Files:
    """List the stored tables of a run; `docs/reference/run-folder.md` says what is in them.

    Where small numbers are hidden, those that would give them back are left out.
    """
    _, result = opened(ws, person, run)
    return Files(
        files=[
            FileOut(name=name, rows=about["rows"], bytes=about["bytes"])
            for name, about in given_files(ws, result).items()
        ]
    )


@ROUTES.get("/files/{name:path}", response_class=Response, responses=_a_file(MEDIA["parquet"]))
def stored_file(ws: Shared, person: Caller, run: RunId, name: str) -> Response:
    """Fetch a stored table of a run, as Parquet."""
    job, result = opened(ws, person, run)
    check_given(ws, result, name)
    path, called = joined(job.folder, name), name.rsplit("/", 1)[-1]
    try:
        if is_url(path):
            return _download(read_bytes(path), MEDIA["parquet"], called)
        if Path(path).is_file():
            return FileResponse(path, media_type=MEDIA["parquet"], filename=called)
    except FileNotFoundError:
        pass
    # The run was deleted in this moment.
    raise Forbidden()


@ROUTES.get(
    "/scenario",
    response_class=Response,
    responses={200: {"description": "The file.", "content": {"application/json": {}}}},
)
def scenario_as_run(ws: Shared, person: Caller, run: RunId) -> Response:
    """Fetch the scenario as it was run, every default written out; it runs again as it is."""
    _, result = opened(ws, person, run)
    return _download(result.scenario_json.encode(), "application/json", "scenario.json")


@ROUTES.get(
    "/report.{ending}",
    response_class=Response,
    responses={
        200: {
            "description": "The report.",
            "content": {
                media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for media in REPORTS.values()
            },
        }
    },
)
async def report(
    ws: Shared,
    person: Caller,
    run: RunId,
    ending: Ending,
    selection: Selected,
    compare: Annotated[
        str | None, Query(description="Ids of runs to compare it with, joined by commas.")
    ] = None,
) -> Response:
    """Make a report: an Excel workbook, or a document in Word or HTML. It takes some seconds."""
    make = partial(_report, ws, person, run, ending, selection, parts(compare))
    name, content = await to_thread.run_sync(make, limiter=_MAKING)
    return _download(content, REPORTS[ending], name)


@ROUTES.get("/nhp.zip", response_class=Response, responses=_a_file("application/zip"))
async def nhp_tables(ws: Shared, person: Caller, run: RunId, suppress: Suppress = None) -> Response:
    """Make the eleven tables of the NHP demand model, as Parquet in one archive."""
    make: Callable[[], bytes] = partial(_nhp, ws, person, run, suppress)
    content = await to_thread.run_sync(make, limiter=_MAKING)
    return _download(content, "application/zip", "nhp.zip")


def _report(
    ws: Workspace,
    person: Person,
    run: str,
    ending: str,
    selection: Selection,
    compare: tuple[str, ...],
) -> tuple[str, bytes]:
    from acutecast.report.documents import write_report

    job, result = opened(ws, person, run)
    if len(compare) > _MOST_COMPARED:
        raise AcutecastError(f"a report compares with at most {_MOST_COMPARED} runs")
    others = [opened(ws, person, other)[1] for other in compare]
    rules = [threshold(ws, each, selection.suppress) for each in (result, *others)]
    shown = replace(selection, suppress=max((rule for rule in rules if rule), default=None))
    plain = re.sub(r"[^a-z0-9]+", "-", job.scenario_name.lower()).strip("-")[:60] or "run"
    with scratch_folder("report") as folder:
        path = folder / f"report.{ending}"
        write_report(result, path, shown, others)
        return f"acutecast-{plain}.{ending}", path.read_bytes()


def _nhp(ws: Workspace, person: Person, run: str, suppress: int | None) -> bytes:
    from acutecast.results import export_nhp

    _, result = opened(ws, person, run)
    archive = BytesIO()
    with scratch_folder("nhp") as scratch:
        folder = scratch / "nhp"
        export_nhp(result, folder, suppress=threshold(ws, result, suppress))
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                packed.write(file, file.relative_to(folder))
    return archive.getvalue()


def _download(content: bytes, media: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=media)
