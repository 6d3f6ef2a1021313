"""What can be taken away, and how each file is made."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from acutecast.app.background import Progress
from acutecast.app.opened import names_of, opened, ruled
from acutecast.app.visit import Visit
from acutecast.compute import Event
from acutecast.errors import AcutecastError, Problem
from acutecast.files import write_text
from acutecast.workspace import read_job

if TYPE_CHECKING:
    from acutecast.compute import Watch
    from acutecast.report.views import Selection
    from acutecast.results import Run


@dataclass(frozen=True)
class Wish:
    """What somebody wants to take away.

    Attributes:
        run: the run.
        selection: which part of it, and which counts are hidden.
        others: runs to compare it with.
        names: a name for each run, its own first.
    """

    run: Run
    selection: Selection
    others: Sequence[Run]
    names: Sequence[str]


Make = Callable[[Wish, Path, "Watch"], None]


@dataclass(frozen=True)
class Form:
    """A form in which results can be taken away.

    Attributes:
        key: its name in addresses.
        title: what people call it.
        words: what is in it.
        ending: of the file.
        options: what applies to it: "part" (year and sites), "others" (runs to compare with),
            "suppress" (hidden small numbers).
        make: writes the file.
    """

    key: str
    title: str
    words: str
    ending: str
    options: tuple[str, ...]
    make: Make

    @property
    def limits(self) -> str:
        """What of the page does not apply to it, in words; "" where all does."""
        left = [words for name, words in _OPTIONS.items() if name not in self.options]
        return f"Not affected by: {', '.join(left)}." if left else ""


def _report(wish: Wish, path: Path, watch: Watch) -> None:
    from acutecast.report.documents import write_report

    write_report(wish.run, path, wish.selection, wish.others, names=wish.names, watch=watch)


def _scenario(wish: Wish, path: Path, watch: Watch) -> None:
    write_text(path, wish.run.scenario_json)


def _figures(wish: Wish, path: Path, watch: Watch) -> None:
    from acutecast.report import views

    # Filters that the page of reports does not show apply to none of its files.
    selection = replace(
        wish.selection, activity="", pods=(), measure="", specialties=(), ages=(), area=""
    )
    shown = []
    for done, view in enumerate(views.VIEWS):
        watch(Event("figures", done, len(views.VIEWS), 0.0))
        try:
            shown += views.show(wish.run, view.key, selection)
        except AcutecastError as error:
            shown.append(str(error))
    content = {
        "run": wish.run.info,
        "selection": views.to_query(selection),
        "figures": [
            {
                "view": each.key,
                "title": each.title,
                "notes": each.notes,
                "columns": [asdict(column) for column in each.columns],
                "rows": each.table.to_dicts(),
            }
            for each in shown
            if not isinstance(each, str)
        ],
        "left_out": [each for each in shown if isinstance(each, str)],
    }
    write_text(path, json.dumps(content, ensure_ascii=False, allow_nan=False))


def _nhp(wish: Wish, path: Path, watch: Watch) -> None:
    from acutecast.results import export_nhp

    folder = path.with_suffix("")
    export_nhp(wish.run, folder, suppress=wish.selection.suppress)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))


_OPTIONS = {
    "part": "year and sites",
    "others": "runs to compare with",
    "suppress": "hiding small numbers",
}
_ALL = ("part", "others", "suppress")
FORMS: tuple[Form, ...] = (
    Form(
        "xlsx",
        "Excel workbook",
        "Every table of this run, for the trust and by site, with a dictionary of its columns. "
        "Numbers are numbers, ready for your own sums.",
        "xlsx",
        _ALL,
        _report,
    ),
    Form(
        "docx",
        "Word report",
        "A report to edit and to send: assumptions with their reasons, results with charts, "
        "capacity, comparison, method and limits.",
        "docx",
        _ALL,
        _report,
    ),
    Form(
        "html",
        "Report as a web page",
        "The same report as one file that any browser opens, without a network.",
        "html",
        _ALL,
        _report,
    ),
    Form(
        "json",
        "Scenario file",
        "The assumptions exactly as they were run (JSON). Uploaded again, it gives the same "
        "figures on the same data.",
        "json",
        (),
        _scenario,
    ),
    Form(
        "figures",
        "Figures for programs",
        "Every table that the results show, with its columns and notes, in one JSON file.",
        "json",
        ("part", "suppress"),
        _figures,
    ),
    Form(
        "nhp",
        "Tables of the NHP model",
        "Eleven Parquet tables in one zip, with the names and columns that programs for the NHP "
        "demand model read.",
        "zip",
        ("suppress",),
        _nhp,
    ),
)


@dataclass(frozen=True)
class Made:
    """A file that was made.

    Attributes:
        form: what it is.
        path: where it is.
        name: how it is called when it is taken away.
    """

    form: Form
    path: Path
    name: str


def form_of(key: str) -> Form:
    """Give a form by its key.

    Raises:
        AcutecastError: where there is none.
    """
    for form in FORMS:
        if form.key == key:
            return form
    raise AcutecastError(
        Problem("choose what to take", remedy=f"There are {', '.join(f.title for f in FORMS)}.")
    )


def make(
    visit: Visit,
    job_ids: Sequence[str],
    form: Form,
    selection: Selection,
    folder: Path,
    progress: Progress,
) -> Made:
    """Make a file; permission is checked first, for every run.

    Args:
        visit: who asks.
        job_ids: the run, then those that it is compared with.
        form: what to make.
        selection: which part, and which counts are hidden.
        folder: where the file goes.
        progress: is told how far it is, and may stop it.

    Raises:
        AcutecastError: everything that is wrong with what was asked.
        Cancelled: where it was stopped.
    """
    asked = job_ids if "others" in form.options else job_ids[:1]
    jobs = [read_job(visit.workspace, visit.person, job_id) for job_id in asked]
    runs = [opened(visit.workspace, visit.person, job.id) for job in jobs]
    wish = Wish(runs[0], ruled(visit.workspace, selection), runs[1:], names_of(jobs))
    path = folder / f"{form.key}.{form.ending}"
    form.make(wish, path, progress.watch)
    return Made(form, path, f"acutecast-{_plain(jobs[0].scenario_name)}.{form.ending}")


def read_threshold(text: str) -> int | None:
    """Read the threshold for small numbers, as it was typed.

    Raises:
        AcutecastError: where it is no whole number of at least 2.
    """
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 2 <= int(text) <= 1000):
        raise AcutecastError(
            Problem(
                f'"{text}" is no whole number from 2 to 1,000',
                "Hide small numbers below",
                remedy="Write a number such as 5, or leave the field empty.",
            )
        )
    return int(text)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or "run"
