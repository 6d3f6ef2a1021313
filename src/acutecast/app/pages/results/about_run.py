"""What a run is: scenario, when, runs, seed, data, what was hidden and warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shiny import ui

from acutecast.app.opened import ended, finished
from acutecast.app.visit import Visit
from acutecast.app.widgets import notice, pressed
from acutecast.errors import AcutecastError
from acutecast.workspace import JobRow, may, read_scenario

if TYPE_CHECKING:
    from acutecast.results import Run


def facts_of(visit: Visit, job: JobRow, run: Run) -> Any:
    """Say in a line which run this is, and fold the rest away."""
    from acutecast.report.charts import financial_year

    info = run.info
    facts = {
        "Scenario": f"{job.scenario_name}, version {job.revision}",
        "Finished": ui.TagList(ended(job), _who(visit, job)),
        "Model runs": f"{run.runs:,}, seed {info.get('seed', 'of the scenario')}",
        "Years": _years(run),
        "Data": f"{job.dataset}, baseline {financial_year(run.baseline_year)} "
        f"({_rows(info.get('rows', {}))})",
        "Small numbers": _suppression(visit, info.get("suppressed_below")),
        "Rules of TPMAs": info.get("tpma_rules") or "not stated by the data",
        "Made with": f"Acutecast {info.get('acutecast', '')}",
    }
    # The worker wrote the run's notes there, without counts that are too small to tell.
    warnings = job.message.splitlines()
    line = (
        f": {run.runs:,} model runs, {financial_year(run.baseline_year)} to "
        f"{financial_year(run.horizon)}, data of {job.dataset}."
    )
    return ui.TagList(
        ui.tags.p(
            ui.tags.strong(job.scenario_name), ", run of ", ended(job), line, class_="ac-words"
        ),
        ui.tags.details(
            ui.tags.summary("About this run" + (" (with warnings)" if warnings else "")),
            ui.tags.dl(
                *(part for k, v in facts.items() for part in (ui.tags.dt(k), ui.tags.dd(v))),
                class_="ac-facts",
            ),
            _warned(warnings),
            _others(visit, job),
            class_="ac-about-run",
        ),
    )


def ways_on(visit: Visit, job: JobRow) -> Any:
    """Give what can be done with a run; the selection goes along."""

    def to(page: str, words: str, **query: Any) -> Any:
        address = visit.link(page, scenario=job.scenario_id, **query)
        return ui.tags.a(words, href=address, class_="ac-quiet ac-way", data_carry="")

    return ui.tags.div(
        ui.tags.button("Copy link", type="button", class_="ac-quiet", data_copy_link=""),
        to("compare", "Compare with other runs", runs=job.id),
        to("report", "Take away: Excel, Word", run=job.id),
        class_="ac-row ac-ways",
    )


def stale(visit: Visit, job: JobRow) -> Any:
    """Say that the scenario has changed since the run, where it has."""
    try:
        scenario = read_scenario(visit.workspace, visit.person, job.scenario_id)
    except AcutecastError:
        return None
    if scenario.revision == job.revision:
        return None
    newer = [
        other
        for other in finished(visit.workspace, visit.person, job.scenario_id)
        if other.revision > job.revision
    ]
    said = ["The scenario has changed since this run; what is shown here is from before. "]
    if newer:
        address = visit.link("results", scenario=job.scenario_id, run=newer[0].id)
        said += [ui.tags.a("See its newest run", href=address, data_carry=""), ". "]
    row = [ui.tags.span(*said)]
    if not (newer and newer[0].revision == scenario.revision) and may(
        visit.person, "run", scenario
    ):
        row.append(pressed("run_again", "yes", "Run again with the changes"))
    return notice(ui.tags.div(*row, class_="ac-row"), kind="warning")


def _who(visit: Visit, job: JobRow) -> str:
    """Name who asked for a run; one person alone needs no telling."""
    local = visit.workspace.settings.identity == "local"
    return "" if local else f", asked for by {job.who}"


def _years(run: Run) -> str:
    from acutecast.report.charts import financial_year

    if len(run.years) == 1:
        return f"the horizon, {financial_year(run.horizon)}, alone"
    return f"{financial_year(run.years[0])} to {financial_year(run.horizon)}"


def _rows(rows: Any) -> str:
    names = {"ip": "spells", "op": "outpatient rows", "aae": "emergency rows"}
    return ", ".join(f"{count:,} {names.get(table, table)}" for table, count in rows.items())


def _suppression(visit: Visit, stored: int | None) -> str:
    rule = max((r for r in (stored, visit.workspace.settings.suppress) if r), default=None)
    if rule is None:
        return "all counts are shown"
    return f"baseline counts from 1 to {rule - 1} are not shown"


def _warned(warnings: list[str]) -> Any:
    if not warnings:
        return None
    return ui.TagList(
        ui.tags.p("What the run warned of:"),
        ui.tags.ul(*(ui.tags.li(warning) for warning in warnings)),
    )


def _others(visit: Visit, job: JobRow) -> Any:
    others = [
        other
        for other in finished(visit.workspace, visit.person, job.scenario_id)
        if other.id != job.id
    ][:5]
    if not others:
        return None
    return ui.tags.p(
        "Other runs of this scenario: ",
        *(
            part
            for other in others
            for part in (
                ui.tags.a(
                    ended(other),
                    href=visit.link("results", scenario=job.scenario_id, run=other.id),
                    data_carry="",
                ),
                "; ",
            )
        ),
        ui.tags.a("all runs", href=visit.link("runs", scenario=job.scenario_id)),
        ".",
    )
