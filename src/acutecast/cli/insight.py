"""The commands that ask about stored runs: compare, why, sensitivity, precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from acutecast.cli import show
from acutecast.cli.options import By, Chart, Data, Json, Threads, Where, conditions, parts_of
from acutecast.cli.progress import work_in_progress
from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    import polars

RunPath = Annotated[str, typer.Argument(help="A run folder or URL.")]
Year = Annotated[
    int | None, typer.Option(help="The year, one of those that were run; the horizon by default.")
]
Area = Annotated[
    str, typer.Option(help="Ask about this area of capacity, such as ward_child.", metavar="AREA")
]


def compare(
    runs: Annotated[list[str], typer.Argument(help="Two or more run folders or URLs.")],
    by: By = "pod",
    where: Where = None,
    measure: Annotated[
        str | None, typer.Option(help="Measures, comma separated: beddays,admissions,…")
    ] = None,
    year: Year = None,
    area: Annotated[
        list[str] | None,
        typer.Option(help="Compare what this area needs instead; repeatable.", metavar="AREA"),
    ] = None,
    chart: Chart = None,
    json: Json = False,
) -> None:
    """Compare runs with the first: difference, interval, how likely more, what differs."""
    from acutecast import api

    found = api.compare(*runs)
    years = None if year is None else [year]
    if area:
        from acutecast.insight.capacity_difference import compare_capacity

        opened = [api.open_capacity(run) for run in runs]
        names = [found.name, *(pairing.name for pairing in found.pairings)]
        table = compare_capacity(opened, names=names, areas=area, years=years)
    else:
        measures = None if measure is None else tuple(parts_of(measure))
        keys = tuple(dict.fromkeys((*parts_of(by), "measure")))
        table = found.table(keys, measures, conditions(where), years)
    if json:
        show.print_json(
            {
                "differences": found.differences,
                "notes": found.notes(),
                "table": table.to_dicts(),
            }
        )
    else:
        _print_inputs(found.differences)
        several = len(found.pairings) > 1
        shown = ", ".join(map(str, table["year"].unique(maintain_order=True)))
        _print(_compact(table, several), f"Compared with {found.name}, {shown}")
        for note in found.notes():
            typer.echo(note)
    if chart:
        from acutecast.report import comparison_chart, save_chart

        save_chart(comparison_chart(table, f"Compared with {found.name}"), chart)


def why(
    runs: Annotated[
        list[str],
        typer.Argument(help="One run: what its change is made of. Two: what their difference is."),
    ],
    by: Annotated[
        str, typer.Option(help="Split also by: activity_type, pod, sitetret; comma separated.")
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep only, e.g. measure=admissions or pod=ip_elective_daycase; also sitetret and "
            "activity_type; repeatable."
        ),
    ] = None,
    year: Year = None,
    tpmas: Annotated[bool, typer.Option("--tpmas", help="One run: show each TPMA.")] = False,
    form: Annotated[
        str,
        typer.Option(help="One run: 'exact' parts, or 'isolated' effects as the NHP model's."),
    ] = "exact",
    data: Data = None,
    threads: Threads = None,
    chart: Chart = None,
    json: Json = False,
) -> None:
    """Say what a change, or the difference between two runs, is made of; parts add up."""
    from acutecast import api

    kept = conditions(where)
    if len(runs) == 1:
        kept.setdefault("measure", ["beddays"])
        run = api.open_run(runs[0])
        part = ("change_factor", "strategy") if tpmas else ("change_factor",)
        years = None if year is None else [year]
        table = run.attribution((*parts_of(by), *part), kept, years, form=form)
        title = f"{run.name}: what changes {', '.join(kept['measure'])} ({form})"
        _tell(table, title, json)
        if chart:
            from acutecast.report import save_chart, within_run_chart

            save_chart(within_run_chart(table, run.name, form), chart)
        return
    if len(runs) != 2:
        raise AcutecastError(
            Problem("the difference is that of two runs", "RUNS", remedy="Name one or two runs.")
        )
    first, second = (api.open_run(run) for run in runs)
    with work_in_progress(quiet=json) as (watch, cancelled):
        found = api.why(
            first, second, data, by=parts_of(by), where=kept, year=year, threads=threads,
            watch=watch, cancelled=cancelled,
        )  # fmt: skip
    title = f"Why {second.name} differs from {first.name}"
    _tell(found.table(), title, json)
    if not json and not found.exact:
        typer.echo("More than 6 assumptions differ, so orders were sampled: see standard_error.")
    if chart:
        from acutecast.report import save_chart, why_chart

        save_chart(why_chart(found.table(), title, first.name, second.name), chart)


def sensitivity(
    run: RunPath,
    measure: Annotated[
        str | None,
        typer.Option(help="The output: beddays by default; of an area, simulated beds."),
    ] = None,
    where: Where = None,
    year: Year = None,
    area: Area = "",
    site: Annotated[str | None, typer.Option(help="Of the area, if sites are apart.")] = None,
    total: Annotated[
        bool, typer.Option("--total", help="Total-order shares too; needs the data.")
    ] = False,
    target: Annotated[
        float | None, typer.Option(help="Find where the mean output is this; see --assumption.")
    ] = None,
    assumption: Annotated[
        str | None, typer.Option(help="The assumption that would have to be otherwise.")
    ] = None,
    data: Data = None,
    threads: Threads = None,
    chart: Chart = None,
    json: Json = False,
) -> None:
    """Say what the uncertainty of an output is made of, or what a target would take."""
    from acutecast import api

    name = measure or ("simulated" if area else "beddays")
    asked: dict[str, Any] = {
        "where": conditions(where), "year": year, "area": area, "site": site, "threads": threads,
    }  # fmt: skip
    if (target is None) != (assumption is None):
        raise AcutecastError(
            Problem("--target and --assumption go together", "--target", remedy="Give both.")
        )
    if target is not None and assumption is not None:
        found = api.target(run, assumption, target, name, data, **asked)
        if json:
            told = {k: v for k, v in vars(found).items() if k != "output"}
            show.print_json(told | {"output": found.output.label})
        else:
            typer.echo(found.words())
        return
    with work_in_progress(quiet=json) as (watch, cancelled):
        split = api.sensitivity(
            run, name, data, total=total, watch=watch, cancelled=cancelled, **asked
        )
    title = f"{split.output.label}: mean {split.mean:,.0f}, standard deviation"
    title += f" {split.deviation:,.0f} over the runs"
    table = split.table()
    if json:
        show.print_json({"output": split.output.label, "mean": split.mean,
                         "deviation": split.deviation, "table": table.to_dicts()})  # fmt: skip
    else:
        _print(table.rename({"standard_error": "share_error"}), title)
    if chart:
        from acutecast.report import save_chart, sensitivity_chart

        shares, swings = table, split.swings.frame()
        save_chart(sensitivity_chart(shares, swings, title, split.output.label), chart)


def precision(
    run: RunPath,
    wanted: Annotated[
        float, typer.Option(help="Relative standard error of the means; 0.005 is 0.5%.")
    ] = 0.005,
    chart: Chart = None,
    json: Json = False,
) -> None:
    """Give the standard error of every headline figure, and the runs that a precision takes."""
    from acutecast import api

    table = api.precision(run, wanted)
    shown = table.drop("pod", "measure", "counts")
    _tell(shown, f"Precision at the horizon; runs for {100 * wanted:g}%", json)
    if chart:
        from acutecast.report import convergence_chart, save_chart

        save_chart(convergence_chart(table), chart)


def backtest(
    run: RunPath,
    later: Annotated[
        str, typer.Argument(help="Root of the provider tables of a later year: a path or URL.")
    ],
    by: By = "pod",
    later_year: Annotated[
        int | None, typer.Option(help="Which year, where the later tables hold several.")
    ] = None,
    chart: Chart = None,
    json: Json = False,
) -> None:
    """Score a projection from an earlier baseline against the later year itself."""
    from acutecast import api

    found = api.backtest(run, later, by=parts_of(by), year=later_year)
    table, summary = found.table(), found.summary()
    if json:
        show.print_json({"summary": summary.to_dicts(), "table": table.to_dicts(),
                         "meaning": found.meaning()})  # fmt: skip
    else:
        _print(_compact(table.drop("crps", "persistence", "pit"), True), "Projection and truth")
        _print(summary, "Scores")
        for sentence in found.meaning():
            typer.echo(f"- {sentence}")
    if chart:
        from acutecast.report import backtest_chart, save_chart

        save_chart(backtest_chart(table, f"{found.year} as projected and as it was"), chart)


def _tell(table: polars.DataFrame, title: str, json: bool) -> None:
    if json:
        show.print_json(table.to_dicts())
    else:
        _print(table, title)


def _print(table: polars.DataFrame, title: str) -> None:
    show.print_frame(table, title)


def _compact(table: polars.DataFrame, several: bool) -> polars.DataFrame:
    """Keep of a comparison what fits a terminal: labels of pods, no repeated names."""
    import polars as pl

    from acutecast.facts import pod_labels

    hidden = {"baseline_reference", "baseline_other", "reference", "median", "standard_error",
              "label", "paired"}  # fmt: skip
    hidden |= set() if several else {"other", "year"}
    table = table.drop([name for name in table.columns if name in hidden])
    if "pod" in table.columns:
        table = table.with_columns(pl.col("pod").replace(pod_labels()))
    short = {"mean_reference": "before", "mean_other": "after", "difference_pct": "change_pct",
             "probability_more": "P(more)"}  # fmt: skip
    return table.rename({old: new for old, new in short.items() if old in table.columns})


def _print_inputs(differences: list[dict[str, str]]) -> None:
    import polars as pl

    if not differences:
        typer.echo("Their inputs do not differ.")
        return
    show.print_frame(pl.DataFrame(differences), "What differs in the inputs")
