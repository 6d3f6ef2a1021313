"""The command that writes documents of a run: an Excel workbook, a Word or an HTML report."""

from __future__ import annotations

from typing import Annotated

import typer

from acutecast.cli import show
from acutecast.cli.options import Json, parts_of
from acutecast.cli.progress import work_in_progress
from acutecast.files import check_file_place

Sites = Annotated[str, typer.Option(help="Only these sites, comma separated.", metavar="SITES")]
SitesOf = Annotated[
    str, typer.Option(help="Only these sites of this activity type.", metavar="SITES")
]


def report(
    run: Annotated[str, typer.Argument(help="A run folder or URL.")],
    out: Annotated[
        list[str],
        typer.Option(help="A file that ends in .xlsx, .docx or .html; repeatable."),
    ],
    compare: Annotated[
        list[str] | None,
        typer.Option(help="Compare with this run, a folder or URL; repeatable.", metavar="RUN"),
    ] = None,
    sites: Sites = "",
    ip_sites: SitesOf = "",
    op_sites: SitesOf = "",
    aae_sites: SitesOf = "",
    year: Annotated[
        int | None, typer.Option(help="The year that tables of one year show; the horizon.")
    ] = None,
    suppress: Annotated[
        int | None,
        typer.Option(min=2, help="Leave baseline counts from 1 to one less than this empty."),
    ] = None,
    json: Json = False,
) -> None:
    """Write a run as an Excel workbook, a Word report or an HTML report."""
    from acutecast import api
    from acutecast.report.documents import check_endings

    check_endings(out)
    for path in out:
        check_file_place(path)
    opened = api.open_run(run)
    others = [api.open_run(path) for path in compare or ()]
    lists = {
        "sites": parts_of(sites),
        "ip_sites": parts_of(ip_sites),
        "op_sites": parts_of(op_sites),
        "aae_sites": parts_of(aae_sites),
    }
    with work_in_progress(quiet=json) as (watch, _):
        for path in out:
            api.write_report(
                opened, path, compare=others, year=year, suppress=suppress, watch=watch, **lists
            )
    if json:
        show.print_json({"files": [str(path) for path in out]})
        return
    for path in out:
        typer.echo(f"Report    {path}")
