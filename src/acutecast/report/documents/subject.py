"""What a report is about: the run, which part of it, and the runs it is compared with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.facts import ACTIVITY_TYPES
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import known, listed, threshold
from acutecast.report.views.fitting import check_selection
from acutecast.report.views.selection import Selection

if TYPE_CHECKING:
    from acutecast.capacity import Capacity
    from acutecast.results.run import Run
    from acutecast.scenario import Scenario

_ASIDE = {
    "activity": "activity type",
    "pods": "point of delivery",
    "measure": "measure",
    "specialties": "specialty",
    "ages": "age",
}
"""Filters that a report leaves out, because it goes through all of these."""


@dataclass(frozen=True)
class Subject:
    """What a report is about.

    Attributes:
        run: the run.
        selection: which part of it: sites by activity type, year, area and site of capacity, and
            the smallest baseline count shown. All other fields are at their default.
        others: runs that it is compared with.
        names: a name for each run, its own first; they tell the runs apart.
        aside: a sentence on filters that a report does not have; "" where there are none.
    """

    run: Run
    selection: Selection
    others: tuple[Run, ...]
    names: tuple[str, ...]
    aside: str = ""

    @property
    def year(self) -> int:
        """The year that tables of one year show."""
        return self.run.horizon if self.selection.year is None else self.selection.year

    @property
    def years(self) -> str:
        """Baseline and year in words: "2023/24 to 2043/44"."""
        return f"{financial_year(self.run.baseline_year)} to {financial_year(self.year)}"

    @property
    def activities(self) -> tuple[str, ...]:
        """The activity types that the run has."""
        return tuple(known(self.run))

    @property
    def threshold(self) -> int | None:
        """The smallest baseline count that is shown; None for all."""
        return threshold(self.run, self.selection)

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario as it was run."""
        from acutecast.scenario import load_scenario

        return load_scenario(json.loads(self.run.scenario_json))

    @cached_property
    def capacity(self) -> Capacity | None:
        """The capacity stored with the run; None where there is none."""
        from acutecast.capacity import open_capacity

        return open_capacity(self.run)

    @property
    def created(self) -> datetime:
        """When the run was made; documents bear this date, so that one run gives the same bytes."""
        return datetime.fromisoformat(self.run.timings["created"]).replace(tzinfo=None)

    @property
    def chosen_sites(self) -> dict[str, tuple[str, ...]]:
        """The sites chosen, by activity type that the run has; () for all of them."""
        return {activity: self.selection.sites(activity) for activity in self.activities}

    @property
    def place(self) -> str:
        """What the figures are about, for sentences: "the trust" or "the sites chosen"."""
        return "the sites chosen" if any(self.chosen_sites.values()) else "the trust"

    @property
    def sites_words(self) -> str:
        """The sites that the figures are about, in words."""
        lists = self.chosen_sites
        if not any(lists.values()):
            return "All sites"
        if len(set(lists.values())) == 1:
            return ", ".join(next(iter(lists.values())))
        return "; ".join(
            f"{ACTIVITY_TYPES[activity].label.lower()}: {', '.join(sites) or 'all sites'}"
            for activity, sites in lists.items()
        )

    def sites(self, activity: str) -> tuple[str, ...]:
        """Give the sites of an activity type that the figures are about."""
        return self.selection.sites(activity) or known(self.run)[activity].sites


def subject_of(
    run: Run,
    selection: Selection = Selection(),  # noqa: B008  # frozen
    others: Sequence[Run] = (),
    names: Sequence[str] | None = None,
) -> Subject:
    """Check what a report is asked to be about.

    Args:
        run: the run.
        selection: which part of it. A report goes through all activity types, points of delivery,
            measures, specialties and ages, so filters by those are put aside.
        others: runs to compare it with.
        names: a name for each run, its own first; those of the scenarios where None.

    Raises:
        AcutecastError: for sites and years that the run does not have, and names that do not fit.
    """
    aside = [words for name, words in _ASIDE.items() if getattr(selection, name)]
    neutral = replace(selection, activity="", pods=(), measure="", specialties=(), ages=())
    check_selection([run], neutral)
    _check_site(run, neutral)
    told = ""
    if aside:
        told = f"A report shows all of them, so the filter by {listed(aside)} is not applied."
    named = tuple(names) if names is not None else _names([run, *others])
    _check_names(named, 1 + len(others))
    return Subject(run, neutral, tuple(others), named, told)


def _check_site(run: Run, selection: Selection) -> None:
    """Refuse a site of capacity that is not counted apart."""
    from acutecast.report.views.space import capacity_of

    if selection.site == "all":
        return
    capacity = capacity_of(run)
    have = () if capacity is None else capacity.sites
    if selection.site not in have:
        raise AcutecastError(
            Problem(
                "capacity does not count this site apart",
                where="site",
                example=selection.site,
                remedy=f"Choose among {', '.join(have)}." if have else "Leave it out.",
            )
        )


def site_lists(
    run: Run,
    sites: Sequence[str] = (),
    ip_sites: Sequence[str] = (),
    op_sites: Sequence[str] = (),
    aae_sites: Sequence[str] = (),
) -> dict[str, tuple[str, ...]]:
    """Give the three lists of sites of a selection.

    Args:
        run: the run.
        sites: for every activity type that has no list of its own.
        ip_sites: of inpatients.
        op_sites: of outpatients.
        aae_sites: of emergency care.

    Raises:
        AcutecastError: for sites that the run does not have, and where `sites` leave an activity
            type without any: no list would stand for all of its sites.
    """
    own = {"ip": tuple(ip_sites), "op": tuple(op_sites), "aae": tuple(aae_sites)}
    have = {activity: found.sites for activity, found in known(run).items()}
    anywhere = sorted({site for found in have.values() for site in found})
    unknown = [site for site in sites if site not in anywhere]
    problems = []
    if unknown:
        problems.append(
            Problem("the run has no such site", "sites", example=", ".join(unknown),
                    remedy=f"There are {', '.join(anywhere)}.")
        )  # fmt: skip
    for activity, found in have.items():
        label = ACTIVITY_TYPES[activity].label.lower()
        missed = [site for site in own[activity] if site not in found]
        if missed:
            problems.append(
                Problem(f"there is no such site of {label}", f"{activity}_sites",
                        example=", ".join(missed), remedy=f"There are {', '.join(found)}.")
            )  # fmt: skip
        if sites and not unknown and not own[activity]:
            own[activity] = tuple(site for site in sites if site in found)
            if not own[activity]:
                problems.append(
                    Problem(f"there is no {label} at these sites", f"{activity}_sites",
                            example=", ".join(sites),
                            remedy=f"Say which sites to show of it: {', '.join(found)}.")
                )  # fmt: skip
    raise_if_any(problems, "The report cannot be made")
    return {f"{activity}_sites": listed for activity, listed in own.items()}


def _names(runs: Sequence[Run]) -> tuple[str, ...]:
    """Name runs by their scenarios, with a number where two are equal."""
    names: list[str] = []
    for run in runs:
        name, number = run.name, 1
        while name in names:
            number += 1
            name = f"{run.name} ({number})"
        names.append(name)
    return tuple(names)


def _check_names(names: Sequence[str], runs: int) -> None:
    problems = []
    if len(names) != runs:
        problems.append(
            Problem("the number of names is not the number of runs", "names",
                    example=f"{len(names)} for {runs}", remedy="Give one for each run, or none.")
        )  # fmt: skip
    if len(set(names)) != len(names):
        problems.append(
            Problem("two runs have the same name", "names", remedy="Give each its own.")
        )
    raise_if_any(problems, "The report cannot be made")


def missing(error: ModuleNotFoundError) -> AcutecastError:
    """Say that the extra for documents is not installed."""
    return AcutecastError(
        Problem(
            f"documents need a package that is not installed ({error.name})",
            remedy="Install it with: pip install 'acutecast[report]'.",
        )
    )
