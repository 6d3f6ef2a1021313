"""The scenario: what a user assumes, typed and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from acutecast.errors import AcutecastError, Problem
from acutecast.facts import OWN_TPMA, SPECIALTY_GROUPS, rows
from acutecast.scenario.correlation import Correlation, correlation_problems
from acutecast.scenario.distributions import Distribution, Stated
from acutecast.scenario.faults import fault, faults, problems_of, shown
from acutecast.scenario.own_population import OWN as OWN_POPULATION
from acutecast.scenario.own_population import POPULATION, OwnPopulation
from acutecast.scenario.profiles import Profile
from acutecast.scenario.shorthand import Within, one_of
from acutecast.scenario.whole import AS_WRITTEN

SCHEMA_VERSION = 1
MAX_RUNS = 65_536
HEALTH = "health_status_adjustment"
"""The name under which the health status draw can be correlated."""

VARIANTS = tuple(row["variant"] for row in rows("population_variants"))

Share = Annotated[Distribution, Within(0, 1)]
Multiplier = Annotated[Distribution, Within(1, 5)]
Factor = Annotated[Distribution, Within(0, 5)]
AnnualGrowth = Annotated[Distribution, Within(0, 5, timed=False)]

_TPMA_PLACES = {row["key"]: f"{row['kind']}.{row['activity_type']}" for row in rows("tpmas")}


def _tpmas(kind: str, activity: str) -> Any:
    place = f"{kind}.{activity}"
    keys = [key for key, where in _TPMA_PLACES.items() if where == place]
    return one_of("TPMA", keys, _TPMA_PLACES, OWN_TPMA if activity == "ip" else "")


Specialty = Annotated[str, one_of("specialty group", SPECIALTY_GROUPS)]
InpatientGroup = Annotated[
    str, one_of("group of inpatients", ("elective", "non-elective", "maternity"))
]
OutpatientGroup = Annotated[str, one_of("group of outpatients", ("first", "followup", "procedure"))]
Arrival = Annotated[str, one_of("arrival mode", ("ambulance", "walk-in"))]


def _hrg(code: str) -> str:
    if not re.fullmatch("[A-Za-z0-9]{4}", code):
        raise fault(f"{shown(code)} is not an HRG of four characters", 'For example "HN22".')
    return code


Hrg = Annotated[str, AfterValidator(_hrg), Field(json_schema_extra={"pattern": "^[A-Za-z0-9]{4}$"})]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Variant = Annotated[str, one_of("population variant", VARIANTS, own=OWN_POPULATION)]


class Population(_Part):
    """Which population projections the runs use.

    Attributes:
        variants: weights by variant.
        own: projections of one's own by name ("own_new_town"), which `variants` may name.
    """

    variants: dict[Variant, Annotated[float, Field(ge=0)]] = {"migration_category": 1.0}
    own: dict[
        Annotated[str, one_of("projection of one's own", (), own=OWN_POPULATION)], OwnPopulation
    ] = {}

    @field_validator("variants")
    @classmethod
    def _some_weight(cls, variants: dict[str, float]) -> dict[str, float]:
        if not sum(variants.values()) > 0:
            raise fault("the weights sum to 0", 'For example {"migration_category": 1}.')
        return variants

    @model_validator(mode="after")
    def _on_published(self) -> Self:
        on_own = [name for name, own in self.own.items() if own.base in self.own]
        if on_own:
            raise faults(
                [
                    Problem(
                        f"{name} departs from {self.own[name].base}, which is one's own too",
                        f"own.{name}.base",
                        remedy="Name a variant of the data.",
                    )
                    for name in on_own
                ]
            )
        return self


class Expatriation(_Part):
    """The share of activity that stays when some moves to other providers."""

    ip: dict[InpatientGroup, dict[Specialty, Share]] = {}
    op: dict[Specialty, Share] = {}
    aae: dict[Arrival, Share] = {}


class Repatriation(_Part):
    """The multiplier of activity of residents when some moves here from other providers."""

    ip: dict[InpatientGroup, dict[Specialty, Multiplier]] = {}
    op: dict[Specialty, Multiplier] = {}
    aae: dict[Arrival, Multiplier] = {}


class BaselineAdjustment(_Part):
    """The multiplier that corrects the baseline year, at once unless a profile says otherwise."""

    ip: dict[InpatientGroup, dict[Specialty, Factor]] = {}
    op: dict[OutpatientGroup, dict[Specialty, Factor]] = {}
    aae: dict[Arrival, Factor] = {}


class WaitingList(_Part):
    """The multiplier of activity from waiting lists."""

    ip: dict[Specialty, Factor] = {}
    op: dict[Specialty, Factor] = {}


class Growth(_Part):
    """Non-demographic growth: the multiplier of activity per year."""

    ip: dict[InpatientGroup, AnnualGrowth] = {}
    op: dict[OutpatientGroup, AnnualGrowth] = {}
    aae: dict[Arrival, AnnualGrowth] = {}


class Avoidance(_Part):
    """The share of activity that remains, by TPMA."""

    ip: dict[Annotated[str, _tpmas("activity_avoidance", "ip")], Share] = {}
    op: dict[Annotated[str, _tpmas("activity_avoidance", "op")], Share] = {}
    aae: dict[Annotated[str, _tpmas("activity_avoidance", "aae")], Share] = {}


class Efficiencies(_Part):
    """The share that remains as it was (days, or spells not converted), by TPMA."""

    ip: dict[Annotated[str, _tpmas("efficiencies", "ip")], Share] = {}
    op: dict[Annotated[str, _tpmas("efficiencies", "op")], Share] = {}


class Inequalities(_Part):
    """The HRGs (four characters) whose activity rates by deprivation are brought together."""

    level_up: list[Hrg] = []
    zero_sum: list[Hrg] = []
    level_down: list[Hrg] = []

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        places: dict[str, list[str]] = {}
        for name in type(self).model_fields:
            for hrg in getattr(self, name):
                places.setdefault(hrg, []).append(name)
        twice = [
            Problem(
                f"HRG {hrg} stands in {' and in '.join(names)}",
                remedy="Keep it in one of the lists, once.",
            )
            for hrg, names in places.items()
            if len(names) > 1
        ]
        if twice:
            raise faults(twice)
        return self


@dataclass(frozen=True)
class Assumption:
    """One assumption, ready to draw.

    Attributes:
        name: its dotted path in the terms of the NHP model ("expat.ip.elective.100").
        section: the first part of the path ("non-demographic_adjustment").
        activity: "ip", "op" or "aae"; "" for population, which all have in common.
        keys: the rest of the path (("elective", "100")).
        distribution: what its value at the horizon is.
        valid: the lowest and the highest value it can take.
        profile: how it comes into effect; None for annual growth, which has no profile.
        reason: why; free text.
    """

    name: str
    section: str
    activity: str
    keys: tuple[str, ...]
    distribution: Stated
    valid: tuple[float, float]
    profile: Profile | None
    reason: str


@dataclass(frozen=True)
class Section:
    """One section of assumptions.

    Attributes:
        field: its name in a scenario.
        path: its name in assumptions, as in the NHP model.
        profile: the default time profile; None where there is none.
    """

    field: str
    path: str
    profile: Profile | None


_LINEAR, _IMMEDIATE = Profile(shape="linear"), Profile(shape="immediate")
SECTIONS = (
    Section("expat", "expat", _LINEAR),
    Section("repat_local", "repat_local", _LINEAR),
    Section("repat_nonlocal", "repat_nonlocal", _LINEAR),
    Section("baseline_adjustment", "baseline_adjustment", _IMMEDIATE),
    Section("waiting_list", "waiting_list_adjustment", _LINEAR),
    Section("non_demographic_growth", "non-demographic_adjustment", None),
    Section("activity_avoidance", "activity_avoidance", _LINEAR),
    Section("efficiencies", "efficiencies", _LINEAR),
)

GrowthName = Literal["primary", "sensitivity", "retired", "none"]


class Scenario(_Part):
    """What a user assumes about one provider's future.

    Building one with wrong values raises an AcutecastError with every problem.

    Attributes:
        schema_version: the version of this layout.
        name: the scenario's name.
        description: free text.
        dataset: the provider's code; None to take it from the data.
        baseline_year: the calendar year in which the baseline financial year starts; None to
            take it from the data.
        horizon_year: the last year to project; None for 20 years on, as far as the data goes.
        seed: the seed of all draws.
        runs: the number of model runs.
        population: weights of the population variants, and projections of one's own.
        health_status: whether people of an age become healthier as life expectancy rises.
        non_demographic_growth: the name of a published variant, or values.
        expat: activity that moves to other providers.
        repat_local: activity of local residents that moves here.
        repat_nonlocal: activity of other residents that moves here.
        baseline_adjustment: corrections of the baseline year.
        waiting_list: activity from waiting lists.
        inequalities: HRGs whose rates by deprivation are brought together.
        activity_avoidance: the share of activity that remains, by TPMA.
        efficiencies: the share of days or settings that remains, by TPMA.
        correlations: groups of assumptions that move together.
        capacity: assumptions of capacity by area and name, instead of their defaults; they are
            checked where capacity is known (`acutecast.capacity.load_assumptions`).
        reasons: free text by any path.
        nhp: what an NHP parameter file held beside the above, kept for writing it back.
    """

    schema_version: Annotated[int, Field(ge=SCHEMA_VERSION, le=SCHEMA_VERSION), AS_WRITTEN] = (
        SCHEMA_VERSION
    )
    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    dataset: Annotated[str, Field(min_length=1)] | None = None
    baseline_year: Annotated[int, Field(ge=1990, le=2100), AS_WRITTEN] | None = None
    horizon_year: Annotated[int, Field(ge=1990, le=2150), AS_WRITTEN] | None = None
    seed: Annotated[int, AS_WRITTEN] = 1
    runs: Annotated[int, Field(ge=1, le=MAX_RUNS), AS_WRITTEN] = 256
    population: Population = Population()
    health_status: bool = True
    non_demographic_growth: Annotated[
        Annotated[GrowthName, Tag("<name>")] | Annotated[Growth, Tag("<values>")],
        Discriminator(lambda value: "<name>" if isinstance(value, str) else "<values>"),
    ] = "primary"
    expat: Expatriation = Expatriation()
    repat_local: Repatriation = Repatriation()
    repat_nonlocal: Repatriation = Repatriation()
    baseline_adjustment: BaselineAdjustment = BaselineAdjustment()
    waiting_list: WaitingList = WaitingList()
    inequalities: Inequalities = Inequalities()
    activity_avoidance: Avoidance = Avoidance()
    efficiencies: Efficiencies = Efficiencies()
    correlations: list[Correlation] = []
    capacity: dict[str, dict[str, JsonValue]] = {}
    reasons: dict[str, JsonValue] = {}
    nhp: dict[str, JsonValue] | None = None

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise AcutecastError(problems_of(error, type(self)), "The scenario") from None

    @field_validator("horizon_year")
    @classmethod
    def _after_baseline(cls, horizon: int | None, info: ValidationInfo) -> int | None:
        baseline = info.data.get("baseline_year")
        if horizon is not None and baseline is not None and horizon <= baseline:
            raise fault(
                f"is {horizon}, not after the baseline year {baseline}",
                f"Write {baseline + 1} or later.",
            )
        return horizon

    @field_validator("correlations")
    @classmethod
    def _consistent(cls, groups: list[Correlation], info: ValidationInfo) -> list[Correlation]:
        needed = {"population", *(section.field for section in SECTIONS)}
        if needed <= info.data.keys():
            known = [assumption.name for assumption in _flatten(info.data)]
            problems = correlation_problems(groups, [*known, HEALTH])
            if problems:
                raise faults(problems)
        return groups

    def assumptions(self) -> tuple[Assumption, ...]:
        """Give every assumption of the scenario, sorted by name."""
        fields = {section.field: getattr(self, section.field) for section in SECTIONS}
        fields["population"] = self.population
        return tuple(sorted(_flatten(fields), key=lambda assumption: assumption.name))


def growth_variant(name: str) -> Growth:
    """Give the published non-demographic growth of a variant; nothing for "none"."""
    values: dict[str, dict[str, Any]] = {"ip": {}, "op": {}, "aae": {}}
    for row in rows("non_demographic_growth"):
        if row["variant"] == name:
            interval = [float(row["p10"]), float(row["p90"])]
            values[row["activity_type"]][row["ndggrp"]] = interval
    return Growth(**values)


def _flatten(fields: Mapping[str, Any]) -> Iterator[Assumption]:
    yield from _of_population(fields["population"])
    for section in SECTIONS:
        part = fields[section.field]
        if isinstance(part, str):
            part = growth_variant(part)
        for activity in type(part).model_fields:
            for keys, stated in _leaves(getattr(part, activity), ()):
                yield Assumption(
                    name=".".join((section.path, activity, *keys)),
                    section=section.path,
                    activity=activity,
                    keys=keys,
                    distribution=stated,
                    valid=stated.valid,
                    profile=stated.profile or section.profile,
                    reason=stated.reason,
                )


def _of_population(population: Population) -> Iterator[Assumption]:
    """Give what projections of one's own state, where any run may use them."""
    for name, own in population.own.items():
        if population.variants.get(name, 0) > 0:
            for keys, stated, profile in own.stated():
                yield Assumption(
                    name=".".join((POPULATION, name, *keys)),
                    section=POPULATION,
                    activity="",
                    keys=(name, *keys),
                    distribution=stated,
                    valid=stated.valid,
                    profile=stated.profile or profile,
                    reason=stated.reason,
                )


def _leaves(tree: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Stated]]:
    if isinstance(tree, Stated):
        yield keys, tree
    else:
        for key, branch in tree.items():
            yield from _leaves(branch, (*keys, key))
