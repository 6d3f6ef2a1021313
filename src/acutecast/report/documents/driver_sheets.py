"""The sheets of what drives change and uncertainty: parts of the change, TPMAs, sensitivity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acutecast.report.charts import financial_year
from acutecast.report.documents.sheets import Sheet, in_order, labelled
from acutecast.report.documents.subject import Subject
from acutecast.report.views.asked import where
from acutecast.report.views.assumptions import assumption_label
from acutecast.report.views.figures import hidden
from acutecast.report.views.parts import MITIGATION
from acutecast.report.views.summary import COUNTED
from acutecast.results.sensitivity import FEWEST_RUNS

if TYPE_CHECKING:
    import polars

MEASURES = {
    "ip": ("beddays", "admissions"),
    "op": ("attendances", "tele_attendances"),
    "aae": ("arrivals",),
}

_COLUMNS = (
    "activity", "sitetret", "pod_label", "counted", "factor", "tpma", "tpma_code",
    "financial_year", "part", "part_p10", "part_p90", "baseline", "projected", "pod", "measure",
    "change_factor", "strategy", "year",
)  # fmt: skip
_SENSITIVITY = (
    "output", "assumption_label", "variance_share", "share_error", "at_low", "at_high",
    "assumption", "measure",
)  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """A way to split a change.

    Attributes:
        name: of the sheet; at most 23 characters, so that " by site" fits.
        what: the title, to which years are added.
        words: how to read it.
        by: the columns that split it.
        tpmas: whether only parts of TPMAs are kept.
        form: "exact" or "isolated" (see `Run.attribution`).
    """

    name: str
    what: str
    words: str
    by: tuple[str, ...]
    tpmas: bool = False
    form: str = "exact"


_EXACT = "In every run the parts of a measure add up exactly to its change; so do their means."
PARTS = (
    Parts("Change", "What changes activity", _EXACT, ("change_factor",)),
    Parts("Change by POD", "What changes activity, by point of delivery", _EXACT,
          ("pod", "change_factor")),
    Parts("TPMAs", "What each TPMA changes",
          "TPMAs that overlap share what they do together, so they add up.",
          ("change_factor", "strategy"), tpmas=True),
    Parts("Isolated effects", "Each effect as if alone, as the NHP model reports it",
          "They do not add up; the model interaction term is what is left. Horizon year only.",
          ("change_factor", "strategy"), form="isolated"),
)  # fmt: skip


def driver_sheets(subject: Subject) -> Iterator[Sheet]:
    """Give the sheets of parts, each of all sites together and then by site; then sensitivity."""
    for split in PARTS:
        apart, gone = _table(subject, split, by_site=True)
        together, _ = _table(subject, split, by_site=False)
        together = _without(together, gone)
        horizon = split.form == "isolated"
        last = financial_year(subject.run.horizon if horizon else subject.year)
        years = f"{financial_year(subject.run.baseline_year)} to {last}"
        for table, name, words in (
            (together, split.name, ""),
            (apart, f"{split.name} by site", ", by site"),
        ):
            yield Sheet(
                name, "What drives it", f"{split.what}{words}, {years}", split.words,
                in_order(labelled(table), _COLUMNS),
            )  # fmt: skip
    found = sensitivity_table(subject)
    if found is not None:
        yield Sheet(
            "Sensitivity",
            "What drives it",
            f"What the uncertainty comes from, {financial_year(subject.year)}",
            "How much of the variance over the runs each assumption explains alone, and the mean "
            "output at its P10 and P90.",
            found,
        )


def _table(
    subject: Subject, split: Parts, *, by_site: bool
) -> tuple[polars.DataFrame, polars.DataFrame]:
    """Give the parts of every measure, and the groups that are left out.

    Parts add up to the change, so they would give back a baseline that is hidden; groups with one
    are left out.
    """
    import polars as pl

    frames = []
    sites = ("sitetret",) if by_site else ()
    for activity in subject.activities:
        for measure in MEASURES[activity]:
            table = _ask(subject, split, activity, measure, (*sites, *split.by))
            frames.append(
                table.with_columns(
                    pl.lit(activity).alias("activity_type"), pl.lit(measure).alias("measure")
                )
            )
    every = pl.concat(frames)
    kept = hidden(subject.run, subject.selection, every)
    small = kept["baseline"].is_null()
    keys = [name for name in ("sitetret", "pod", "measure") if name in kept.columns]
    zero = (pl.col("mean") == 0) & (pl.col("p10") == 0) & (pl.col("p90") == 0)
    gone = kept.filter(small).select(keys).unique()
    shown = kept.filter(~small).filter(~zero)
    names = {"mean": "part", "p10": "part_p10", "p90": "part_p90", "total": "projected"}
    return shown.rename(names), gone


def _ask(
    subject: Subject, split: Parts, activity: str, measure: str, by: Sequence[str]
) -> polars.DataFrame:
    """Ask for the parts of one measure."""
    import polars as pl

    run = subject.run
    table = run.parts("attribution" if split.form == "exact" else "step_counts")
    rows = where(subject.selection, activity)
    rows |= {"activity_type": (activity,), "measure": (measure,)}
    rows = {
        name: tuple(v for v in values if v in table.keys[name].names or v == "arrivals")
        for name, values in rows.items()
    }
    year = subject.year if split.form == "exact" else run.horizon
    if not all(rows.values()):
        return _none(by)
    found = run.attribution(by, rows, year, form=split.form)
    if split.tpmas:
        found = found.filter(pl.col("change_factor").is_in(MITIGATION))
    return found


def _none(by: Sequence[str]) -> polars.DataFrame:
    """Give a table without rows."""
    import polars as pl

    numbers = {"mean": pl.Float64, "p10": pl.Float64, "p90": pl.Float64, "baseline": pl.Int64}
    return pl.DataFrame(
        schema=dict.fromkeys(by, pl.String) | {"year": pl.Int32} | numbers | {"total": pl.Float64}
    )


def _without(table: polars.DataFrame, gone: polars.DataFrame) -> polars.DataFrame:
    """Leave out groups of which a site is left out, since the others would give it back."""
    keys = [name for name in gone.columns if name in table.columns]
    return table if gone.is_empty() else table.join(gone.select(keys).unique(), on=keys, how="anti")


def sensitivity_table(subject: Subject) -> polars.DataFrame | None:
    """Give what the uncertainty of each main measure is made of; None with too few runs."""
    import polars as pl

    from acutecast.insight.outputs import Output
    from acutecast.insight.sensitivity import sensitivity

    if subject.run.runs < FEWEST_RUNS:
        return None
    frames = []
    for activity in subject.activities:
        for measure in MEASURES[activity]:
            output = Output(measure, where(subject.selection, activity), subject.year)
            table = sensitivity(subject.run, output).table()
            names = {key: assumption_label(key) for key in table["assumption"].to_list()}
            frames.append(
                table.with_columns(
                    pl.lit(COUNTED[measure]).alias("output"),
                    pl.lit(measure).alias("measure"),
                    pl.col("assumption").replace(names).alias("assumption_label"),
                )
            )
    every = pl.concat(frames)
    every = every.rename({"share": "variance_share", "standard_error": "share_error"})
    return in_order(every, _SENSITIVITY)
