"""Differences between stored runs: paired run by run where they share draws, unpaired otherwise.

Runs of one seed, data and version share their randomness: run 17 of one and run 17 of the other
meet the same luck (common random numbers; Law, Simulation Modeling and Analysis, 5th edition,
section 11.2). Their difference is taken run by run and shows the assumptions. Without shared draws
each run of one is as likely to meet each run of the other, so all pairs count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.results.difference import paired, unpaired
from acutecast.results.questions import (
    ORDERS,
    as_tuple,
    ask,
    choose_tables,
    column,
    display_order,
)
from acutecast.results.summary import INTERVAL, Values, principal, quantile_name

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

# Told by run.json in the terms of a run, so not told again by the scenarios.
_SETTINGS = ("seed", "runs", "dataset", "baseline_year", "horizon_year")


@dataclass(frozen=True)
class Pairing:
    """How one run is compared with the reference.

    Attributes:
        name: the run's name in the comparison.
        run: the run.
        reasons: why it cannot be paired; empty where it is.
        years: the years that both have, ascending.
    """

    name: str
    run: Run
    reasons: tuple[str, ...]
    years: tuple[int, ...]

    @property
    def paired(self) -> bool:
        """Whether both share their draws, so that runs of one number are subtracted."""
        return not self.reasons


@dataclass(frozen=True)
class Comparison:
    """Runs compared with the first of them.

    Attributes:
        reference: the run that the others are compared with.
        name: its name in the comparison.
        pairings: how each other run is compared, in the order given.
        differences: what differs in the inputs; rows with run (the other's name), what, reference
            and other, in words.
    """

    reference: Run
    name: str
    pairings: tuple[Pairing, ...]
    differences: list[dict[str, str]]

    def table(
        self,
        by: Sequence[str] = (),
        measures: str | Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
        years: Sequence[int] | int | None = None,
        interval: tuple[float, float] = INTERVAL,
    ) -> polars.DataFrame:
        """Compare a selection: sums inside each run, then differences, then their summary.

        Groups, and values of `where`, that only one run has count as zero in the other. Means are
        of the runs compared, so differences are differences of the means shown.

        Args:
            by: the columns that split the answer, as in `Run.values`.
            measures: one or several measures; several unlike ones only split by "measure".
            where: the values kept, one or a list by column.
            years: the years; where None, the last that a run shares with the reference. Years
                that only one of them has are left out.
            interval: the ends of the interval of the difference.

        Returns:
            A row per other run, group and year: the columns of `by`, `year`, `reference`, `other`
            (names), `baseline_reference`, `baseline_other` (empty where suppressed),
            `mean_reference`, `mean_other`, `difference` (other less reference), `difference_pct`
            (of the reference, in percent; empty where that is 0), `p10`, `median`, `p90` of the
            difference, `probability_more` (that other is more than reference, ties counted half),
            `standard_error` of the difference (empty with one run), `paired`, and `narrower`: how
            many times narrower pairing made the difference (empty where not paired, or where the
            difference never varies).

        Raises:
            AcutecastError: as `Run.values`; for years that no run has; where no run shares one of
                the years with the reference.
        """
        import polars as pl

        by = tuple(dict.fromkeys(name for name in as_tuple(by) if name != "year"))
        shared = self._shared_years(years)
        sides = {(id(run), asked): run for p, asked in shared for run in (self.reference, p.run)}
        asks = [(run, asked) for (_, asked), run in sides.items()]
        answers = dict(zip(sides, _answers(asks, measures, by, where or {}), strict=True))
        frames = [
            _frame(
                self.name,
                p,
                by,
                answers[id(self.reference), asked],
                answers[id(p.run), asked],
                interval,
            )
            for p, asked in shared
        ]
        return pl.concat(frames)

    def notes(self) -> list[str]:
        """Say how each run was compared and why, and what was left out; a sentence each."""
        notes = []
        for pairing in self.pairings:
            notes += _notes(self.name, self.reference, pairing)
        return notes

    def _shared_years(
        self, years: Sequence[int] | int | None
    ) -> list[tuple[Pairing, tuple[int, ...]]]:
        """Give the runs that can be compared, each with its years."""
        if years is None:
            chosen = [(p, p.years[-1:]) for p in self.pairings]
        else:
            asked = tuple(int(year) for year in ([years] if isinstance(years, int) else years))
            have = {*self.reference.years}.union(*(p.run.years for p in self.pairings))
            unknown = [str(year) for year in asked if year not in have]
            if unknown:
                raise AcutecastError(
                    Problem(
                        "none of the runs has such a year",
                        where="years",
                        example=", ".join(unknown),
                        remedy=f"They have {_span(sorted(have))}.",
                    )
                )
            asked = tuple(dict.fromkeys(asked))
            chosen = [(p, tuple(y for y in asked if y in p.years)) for p in self.pairings]
        chosen = [(pairing, kept) for pairing, kept in chosen if kept]
        if not chosen:
            raise AcutecastError(
                Problem(
                    f"no run shares a year asked for with {self.name}",
                    where="years",
                    remedy="Compare runs with years in common, or ask for one of those.",
                )
            )
        return chosen


def compare(runs: Sequence[Run], *, names: Sequence[str] | None = None) -> Comparison:
    """Compare stored runs with the first of them.

    Two runs are paired where seed, data and version of the package are the same; a draw depends on
    the number of its run, so those of fewer runs are the first of those of more. Scenario, horizon
    and years may differ.

    Args:
        runs: two or more opened runs; the first is the reference.
        names: a name for each; those of the scenarios, numbered where equal, if None.

    Raises:
        AcutecastError: for fewer than two runs, and for names that do not tell them apart.
    """
    named = _distinct(runs) if names is None else as_tuple(names)
    problems = []
    if len(runs) < 2:
        problems.append(
            Problem("a comparison takes at least two runs", "runs", remedy="Name another.")
        )
    if len(named) != len(runs):
        problems.append(
            Problem(
                "the number of names is not the number of runs",
                "names",
                example=f"{len(named)} for {len(runs)}",
                remedy="Give one for each run, or none.",
            )
        )
    twice = [name for name in dict.fromkeys(named) if named.count(name) > 1]
    if twice:
        problems.append(
            Problem(
                "two runs have the same name",
                "names",
                example=", ".join(twice),
                remedy="Give each its own.",
            )
        )
    raise_if_any(problems, "The runs cannot be compared")
    reference, first = runs[0], named[0]
    pairings, differences = [], []
    for run, name in zip(runs[1:], named[1:], strict=True):
        years = tuple(sorted(set(reference.years) & set(run.years)))
        pairings.append(Pairing(name, run, _reasons(first, reference, name, run), years))
        differences += [{"run": name, **row} for row in _differences(reference, run)]
    return Comparison(reference, first, tuple(pairings), differences)


def _distinct(runs: Sequence[Run]) -> tuple[str, ...]:
    """Name runs by their scenarios, with a number where two are equal."""
    names: list[str] = []
    for run in runs:
        name, number = run.name or run.path, 1
        while name in names:
            number += 1
            name = f"{run.name or run.path} ({number})"
        names.append(name)
    return tuple(names)


def _seed(run: Run) -> int:
    """Give the seed, which a scenario that keeps to the default need not state."""
    from acutecast.scenario import load_scenario

    stated = run.info.get("seed")
    return load_scenario(json.loads(run.scenario_json)).seed if stated is None else stated


def _hashes(run: Run) -> dict[str, str]:
    """Give the SHA-256 of each table of the data."""
    return {name: digest for name, digest in run.info["inputs"].items() if name != "scenario"}


def _changed_tables(a: Run, b: Run) -> list[str]:
    ours, theirs = _hashes(a), _hashes(b)
    return [n for n in dict.fromkeys([*ours, *theirs]) if ours.get(n) != theirs.get(n)]


def _reasons(first: str, reference: Run, name: str, run: Run) -> tuple[str, ...]:
    """Say why two runs share no draws; nothing where they do."""
    if reference.path == run.path and reference.info == run.info:
        return ()
    reasons = []
    seeds = (_seed(reference), _seed(run))
    if seeds[0] != seeds[1]:
        reasons.append(f"the seeds differ ({seeds[0]} and {seeds[1]})")
    unknown = [n for n, each in ((first, reference), (name, run)) if not _hashes(each)]
    if unknown:
        reasons.append(f"the data of {' and '.join(unknown)} came from no files")
    elif changed := _changed_tables(reference, run):
        reasons.append(f"the data differ ({', '.join(changed)})")
    versions = [each.info.get("acutecast", "unknown") for each in (reference, run)]
    if versions[0] != versions[1]:
        reasons.append(f"the versions of acutecast differ ({versions[0]} and {versions[1]})")
    return tuple(reasons)


def _differences(reference: Run, other: Run) -> list[dict[str, str]]:
    """List what differs in the inputs of two runs."""
    from acutecast.scenario import diff_scenarios, load_scenario

    told = [_told(run) for run in (reference, other)]
    rows = [
        {"what": what, "reference": told[0][what], "other": told[1][what]}
        for what in told[0]
        if told[0][what] != told[1][what]
    ]
    ours, theirs = _hashes(reference), _hashes(other)
    rows += [
        {
            "what": f"data.{name}",
            "reference": ours.get(name, "not there")[:12],
            "other": theirs.get(name, "not there")[:12],
        }
        for name in _changed_tables(reference, other)
    ]
    texts = (reference.scenario_json, other.scenario_json)
    if texts[0] != texts[1]:
        a, b = (load_scenario(json.loads(text)) for text in texts)
        rows += [
            {"what": row["path"], "reference": row["a"], "other": row["b"]}
            for row in diff_scenarios(a, b)
            if row["path"] not in _SETTINGS
        ]
    return rows


def _told(run: Run) -> dict[str, str]:
    """Give what run.json says of a run's inputs, in words."""
    info = run.info
    return {
        "seed": str(_seed(run)),
        "runs": str(run.runs),
        "years": _span(run.years),
        "dataset": str(info["dataset"]),
        "baseline_year": str(run.baseline_year),
        "horizon_year": str(run.horizon),
        "version": str(info.get("acutecast", "unknown")),
        "suppressed_below": str(info.get("suppressed_below") or "not set"),
    }


def _span(years: Sequence[int]) -> str:
    """Give ascending years in words: "2024 to 2030, 2035"."""
    parts: list[list[int]] = []
    for year in years:
        if parts and year == parts[-1][-1] + 1:
            parts[-1].append(year)
        else:
            parts.append([year])
    texts = [f"{p[0]} to {p[-1]}" if len(p) > 2 else ", ".join(map(str, p)) for p in parts]
    return ", ".join(texts)


def _notes(first: str, reference: Run, pairing: Pairing) -> list[str]:
    """Say how one run is compared with the reference."""
    name, run = pairing.name, pairing.run
    if not pairing.years:
        return [f"{name} and {first} have no year in common and are not compared."]
    notes = []
    if pairing.paired:
        notes.append(
            f"{name} is compared with {first} run by run: seed, data and version are the same, so "
            "runs with the same number share their draws."
        )
        if reference.runs != run.runs:
            (few, short), (many, long) = sorted([(reference.runs, first), (run.runs, name)])
            notes.append(
                f"Of {long} the first {few:,} of {many:,} runs are used, as {short} has no more."
            )
    else:
        notes.append(
            f"{name} is compared with {first} unpaired, every run of one with every run of the "
            f"other ({run.runs:,} × {reference.runs:,}), because {' and '.join(pairing.reasons)}. "
            "The difference includes the chance of both."
        )
    for owner, own in ((first, reference), (name, run)):
        alone = [year for year in own.years if year not in pairing.years]
        if alone:
            notes.append(f"Years only in {owner}, left out: {_span(alone)}.")
    if _changed_tables(reference, run):
        notes.append(f"Groups that only {first} or only {name} has count as zero in the other.")
    return notes


def _answers(
    asks: Sequence[tuple[Run, tuple[int, ...]]],
    measures: str | Sequence[str] | None,
    by: tuple[str, ...],
    where: Mapping[str, Any],
) -> list[Values]:
    """Ask each run; a value of `where` that only another run has is nothing in this one."""
    wanted = {name: as_tuple(value) for name, value in where.items()}
    known = [_known(run, measures, by, wanted, years) for run, years in asks]
    anywhere = {name: set().union(*(names[name] for names in known)) for name in known[0]}
    answers = []
    for (run, years), names in zip(asks, known, strict=True):
        # What no run knows stays, and is an error of the first run asked.
        kept = wanted | {
            name: tuple(v for v in wanted[name] if v in names[name] or v not in anywhere[name])
            for name in names
        }
        if all(kept[name] for name in names):
            answers.append(run.values(measures, by, kept, years))
        else:
            empty = {name: np.empty(0, dtype=object) for name in by}
            nothing = np.zeros((0, len(years), run.runs), dtype=np.int64)
            answers.append(Values(empty, years, np.zeros(0, dtype=np.int64), nothing))
    return answers


def _known(
    run: Run,
    measures: str | Sequence[str] | None,
    by: tuple[str, ...],
    where: Mapping[str, tuple[str, ...]],
    years: tuple[int, ...],
) -> dict[str, set[str]]:
    """Give the values of the columns of a selection that the tables which answer it have."""
    if not where:
        return {}
    question = ask(run.info, measures, by, where, years, "all")
    tables = [run.cube(name) for name in choose_tables(question, run.info["tables"]).values()]
    return {
        name: set(ORDERS.get(name, ())).union(*(column(t.keys, name).names for t in tables))
        for name in question.where
        if name != "activity_type" and where[name]
    }


def _frame(
    first: str,
    pairing: Pairing,
    by: tuple[str, ...],
    reference: Values,
    other: Values,
    interval: tuple[float, float],
) -> polars.DataFrame:
    """Compare the answer of one run with that of the reference."""
    import polars as pl

    groups = _groups(by, reference, other)
    base_r, values_r = _spread(reference, groups)
    base_o, values_o = _spread(other, groups)
    at = (interval[0], 0.5, interval[1])
    if pairing.paired:
        runs = min(values_r.shape[-1], values_o.shape[-1])
        values_r, values_o = values_r[..., :runs], values_o[..., :runs]
        found = paired(values_o, values_r, at)
    else:
        found = unpaired(values_o, values_r, at)
    mean = principal(values_r)
    n_years = len(reference.years)
    columns: dict[str, Any] = {
        name: [group[i] for group in groups for _ in range(n_years)] for i, name in enumerate(by)
    }
    columns |= {
        "year": np.tile(np.asarray(reference.years, np.int32), len(groups)),
        "reference": [first] * mean.size,
        "other": [pairing.name] * mean.size,
        "baseline_reference": np.repeat(base_r, n_years),
        "baseline_other": np.repeat(base_o, n_years),
        "mean_reference": mean.ravel(),
        "mean_other": principal(values_o).ravel(),
        "difference": found.mean.ravel(),
        "difference_pct": 100 * found.mean.ravel() / np.where(mean > 0, mean, np.nan).ravel(),
    }
    for name, line in zip(map(quantile_name, at), found.quantiles, strict=True):
        columns[name] = line.ravel()
    columns |= {
        "probability_more": found.probability.ravel(),
        "standard_error": found.standard_error.ravel(),
        "paired": np.full(mean.size, pairing.paired),
        "narrower": np.where(np.isfinite(found.narrower), found.narrower, np.nan).ravel(),
    }
    text = dict.fromkeys((*by, "reference", "other"), pl.String)
    baselines = [
        pl.when(pl.col(name) >= 0).then(pl.col(name)).alias(name)
        for name in ("baseline_reference", "baseline_other")
    ]
    return pl.DataFrame(columns, schema_overrides=text).with_columns(
        pl.col("difference_pct", "standard_error", "narrower").fill_nan(None), *baselines
    )


def _names(answer: Values) -> list[tuple[str, ...]]:
    """Give the groups of an answer."""
    keys = [values.tolist() for values in answer.keys.values()]
    return list(zip(*keys, strict=True)) if keys else [()] * len(answer.values)


def _groups(by: tuple[str, ...], *answers: Values) -> list[tuple[str, ...]]:
    """Give the groups that any answer has, in display order."""
    if not by:
        return [()]
    groups = list(dict.fromkeys(group for answer in answers for group in _names(answer)))
    keys = {
        name: np.array([group[i] for group in groups], dtype=object) for i, name in enumerate(by)
    }
    return [groups[i] for i in display_order(keys)]


def _spread(answer: Values, groups: Sequence[tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Give baseline (groups,) and values (groups, years, runs), zero for groups it has not."""
    place = {group: i for i, group in enumerate(groups)}
    rows = [place[group] for group in _names(answer)]
    baseline = np.zeros(len(groups), dtype=np.int64)
    values = np.zeros((len(groups), *answer.values.shape[1:]), dtype=np.int64)
    baseline[rows] = answer.baseline
    values[rows] = answer.values
    return baseline, values
