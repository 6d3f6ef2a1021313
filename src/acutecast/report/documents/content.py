"""The content of a report, whatever its form: what it says, in which order."""

from __future__ import annotations

from collections.abc import Callable

from acutecast.report.documents import about
from acutecast.report.documents.blocks import (
    Block,
    Chapter,
    Document,
    Head,
    Points,
    Table,
    Words,
)
from acutecast.report.documents.chapters import CHAPTERS, shown
from acutecast.report.documents.method import (
    CAPACITY_LIMITS,
    CAPACITY_METHOD,
    CAPACITY_SOURCE,
    LIMITS,
    METHOD,
    READING,
    SOURCES,
)
from acutecast.report.documents.sentences import drivers, main_rows, projected, spaces
from acutecast.report.documents.subject import Subject
from acutecast.report.views.shown import Column
from acutecast.report.views.summary import OF_THE_CHART

MAIN_COLUMNS = ("counted", "baseline", "principal", "p10", "p90", "change_pct")
_SETTINGS = (Column("setting", "Setting"), Column("value", "Value"), Column("reason", "Reason"))
_SPACES = (
    Column("area_label", "Area"), Column("amount_name", "Assumption"),
    Column("amount", "Value", "decimal"), Column("unit", "Unit"), Column("source", "Reason"),
)  # fmt: skip


def report_content(
    subject: Subject, tell: Callable[[float], None] = lambda share: None
) -> Document:
    """Put a report together.

    Args:
        subject: what it is about.
        tell: is told which share of the work is done.
    """
    makers = (_in_short, _assumptions, *CHAPTERS, _method, _limits, _sources, _citation)
    chapters = []
    for number, make in enumerate(makers, start=1):
        chapter = make(subject)
        if chapter is not None:
            chapters.append(chapter)
        tell(number / len(makers))
    run = subject.run
    return Document(
        run.name or "Projected hospital activity",
        f"Hospital activity of {run.info['dataset']}, {subject.years}",
        tuple(about.facts(subject)),
        tuple(chapters),
        f"{run.name} · Acutecast {run.info['acutecast']}, seed {run.info['seed']}",
    )


def _in_short(subject: Subject) -> Chapter:
    """Say the main figures, what drives them and what space they take."""
    summary = shown(subject, "summary")[0]
    rows = main_rows(summary)
    blocks: list[Block] = []
    blocks.append(Points(tuple(projected(subject, row) for row in rows)))
    columns = [column for column in summary.columns if column.name in MAIN_COLUMNS]
    cells = tuple(tuple(row[column.name] for column in columns) for row in rows)
    caption = f"Main figures, {subject.years}"
    notes = tuple(note for note in summary.notes if note not in OF_THE_CHART)
    blocks.append(Table(caption, tuple(columns), cells, notes))
    told = drivers(shown(subject, "impact", measure="beddays")[0])
    if told and "ip" in subject.activities:
        blocks += [Head("What drives bed days"), Words(told)]
    if subject.capacity is not None and _site(subject):
        needs = tuple(spaces(subject, shown(subject, "capacity", site=_site(subject))[0]))
        if needs:
            blocks += [Head("Beds"), Points(needs)]
            if any(subject.chosen_sites.values()) and _site(subject) == "all":
                blocks.append(Words("Beds are those of all sites, which share them here."))
    blocks += [Head("How to read the figures"), *(Words(text) for text in READING)]
    if subject.threshold is not None:
        blocks.append(Words(f"{about.small_numbers(subject)}, nor what would give them back."))
    if subject.aside:
        blocks.append(Words(subject.aside))
    return Chapter("In short", tuple(blocks))


def _site(subject: Subject) -> str:
    """Give the site of capacity that sentences are about; "" where sites are counted apart."""
    assert subject.capacity is not None
    return subject.selection.site if subject.selection.site in subject.capacity.sites else ""


def _assumptions(subject: Subject) -> Chapter:
    """Give everything that is assumed, by section, with reasons."""
    settings = about.settings(subject)
    blocks: list[Block] = [
        Words(
            "Changes are those at the horizon, from P10 to P90 where they are uncertain. The share "
            "that remains, or the multiplier, stands beside them: 0.88 means 12% fewer, 1.05 means "
            "5% more."
        ),
        Head("The scenario as a whole"),
        Table("Settings of the scenario", *_without_empty(_SETTINGS, settings)),
    ]
    stated = about.stated_spaces(subject)
    if subject.capacity is not None and not stated:
        text = "Capacity uses the default assumptions of every area; the workbook lists them."
        blocks.insert(1, Words(text))
    rows = list(about.assumption_table(subject).iter_rows(named=True))
    for section in dict.fromkeys(row["section"] for row in rows):
        mine = [row for row in rows if row["section"] == section]
        cells = [
            (row["assumption_label"], row["activity"], row["change_words"], _remaining(row),
             row["profile"], row["reason"])
            for row in mine
        ]  # fmt: skip
        columns = (
            Column("label", "Assumption"), Column("activity", "Activity"),
            Column("change", "Change at the horizon"), Column("remaining", "Share or multiplier"),
            Column("profile", "How it comes"), Column("reason", "Reason"),
        )  # fmt: skip
        notes = () if any(row["reason"] for row in mine) else ("No reasons are recorded.",)
        blocks += [
            Head(section),
            Table(section, *_without_empty(columns, cells), notes=notes, whole=True),
        ]
    if stated:
        cells = [tuple(row[column.name] for column in _SPACES) for row in stated]
        blocks += [
            Head("Capacity"),
            Table("Assumptions of capacity other than the defaults", _SPACES, tuple(cells)),
        ]
    return Chapter("What is assumed", tuple(blocks), wide=True)


def _without_empty(
    columns: tuple[Column, ...], rows: list[tuple]
) -> tuple[tuple[Column, ...], tuple[tuple, ...]]:
    """Leave out a last column that is empty throughout."""
    if any(row[-1] for row in rows):
        return columns, tuple(rows)
    return columns[:-1], tuple(row[:-1] for row in rows)


def _remaining(row: dict) -> str:
    """Give the share or multiplier, P10 to P90."""
    low, high = (
        f"{row[name]:.4f}".rstrip("0").rstrip(".") for name in ("remaining_low", "remaining_high")
    )
    return low if low == high else f"{low} to {high}"


def _method(subject: Subject) -> Chapter:
    texts = (*METHOD, *(CAPACITY_METHOD if subject.capacity is not None else ()))
    return Chapter("The method in short", tuple(Words(text) for text in texts))


def _limits(subject: Subject) -> Chapter:
    texts = (*LIMITS, *(CAPACITY_LIMITS if subject.capacity is not None else ()))
    return Chapter("Limits", (Points(texts),), new_page=False)


def _sources(subject: Subject) -> Chapter:
    texts = (*SOURCES, *((CAPACITY_SOURCE,) if subject.capacity is not None else ()))
    return Chapter("Sources", (Points(texts),), new_page=False)


def _citation(subject: Subject) -> Chapter:
    """Say how to cite the run, and what it takes to make it again."""
    info = subject.run.info
    text = (
        f"{subject.run.name}. Projection of {info['dataset']}, {subject.years}. Acutecast "
        f"{info['acutecast']}, seed {info['seed']}, {info['runs']:,} model runs, made "
        f"{about.date_words(subject)}. Scenario {info['inputs']['scenario'][:16]}."
    )
    columns = (Column("table", "Table"), Column("hash", "SHA-256"))
    hashes = tuple(sorted(info["inputs"].items()))
    blocks: list[Block] = [
        Words("Cite the run as:"),
        Words(text, "lead"),
        Words(
            "The same scenario, data, seed and version give the same figures. These hashes tell "
            "whether they are the same."
        ),
        Table("Inputs of the run", columns, hashes),
    ]
    if info.get("tpma_rules"):
        blocks.append(Words(f"The rules that tagged the records: {info['tpma_rules']}."))
    for warning in info.get("warnings", []):
        blocks.append(Words(f"Note of the run: {_problem_words(warning)}", "note"))
    return Chapter("How to cite and repeat the run", tuple(blocks), new_page=False)


def _problem_words(warning: dict) -> str:
    from acutecast.errors import Problem

    return str(Problem(**warning))
