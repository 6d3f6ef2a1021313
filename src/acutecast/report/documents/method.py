"""What a document says about the method: how to read it, the method in short, limits, sources."""

from __future__ import annotations

READING = (
    "The baseline is one financial year as it was. The model projects it under the assumptions of "
    "the scenario many times; each time is a model run, with its own draw of every uncertain "
    "assumption and its own chance.",
    "The principal projection is the mean of the model runs. Eight runs in ten lie between P10 and "
    "P90, one in ten below and one in ten above.",
    "Sums are taken inside each run before the mean and the quantiles. So figures of sites or "
    "points of delivery add up in the principal projection, but their P10, median and P90 do not.",
    "A bed day is a night in hospital plus one day for each stay. Years are financial years, from "
    "April to March.",
)
"""How to read figures, a paragraph each."""

METHOD = (
    "Each model run starts from the records of the baseline year. Every record is multiplied by "
    "the factors that apply to it: population by age and sex, births, health status of older "
    "people, activity that moves to or from other providers, waiting lists, corrections of the "
    "baseline, growth beyond demography, and inequalities. The number of copies that results is "
    "drawn at random, so that chance is part of every figure.",
    "Types of potentially mitigable activity (TPMAs) then take activity away (avoidance), shorten "
    "stays or move care to another setting (efficiencies). Each concerns the records that its rule "
    "selects.",
    "All years of a run are one path: the same draws move through the years, so a trajectory shows "
    "the assumptions and not noise from year to year. Scenarios with the same seed share their "
    "draws, so their difference shows what they assume differently.",
    "The change of each run is split over its causes by Shapley values. TPMAs that overlap share "
    "what they do together. The parts add up to the change exactly, with one part for chance.",
)
"""The method in short."""

CAPACITY_METHOD = (
    "The simulated need places each patient of each run on a calendar, with the hour of arrival "
    "and the length of stay, and counts patients hour by hour. The need is the number of beds or "
    "spaces that demand exceeds in no more than the stated share of open hours. Occupancy is what "
    "comes out, not a target.",
    "The preset is the conventional conversion: activity times minutes or days, over hours, at a "
    "fixed target occupancy or utilisation for each area.",
)
"""The method of capacity in short."""

LIMITS = (
    "A projection says what follows from its assumptions. It is not a forecast of what will "
    "happen, and futures outside the assumptions are not in the interval.",
    "The baseline year is taken as it was recorded; what was unusual in it is carried forward "
    "unless the scenario corrects it.",
    "Where patients come from stays as in the baseline, but for activity that the scenario moves.",
    "Demand is what people would need. It does not stop where beds, theatres or staff run out.",
    "Assumptions are independent of each other unless the scenario says that they move together.",
)
"""What the figures do not say."""

CAPACITY_LIMITS = (
    "Nobody is turned away, waits or is sent home sooner because a ward is full; the shortage is "
    "what that would have to solve.",
    "Wards of one area share their beds. Many small wards need more.",
    "Turnover time between two patients in a bed is not counted.",
)
"""What figures of capacity do not say."""

SOURCES = (
    "Activity: the provider's own records of the baseline year, in the tables named below by their "
    "hashes.",
    "Method of activity: the demand model of the New Hospital Programme, NHS England "
    "(github.com/The-Strategy-Unit/nhp_model, MIT licence), reimplemented; differences are in the "
    "documentation of Acutecast.",
    "Population: Office for National Statistics, subnational population projections, as far as the "
    "provider's tables hold them; Open Government Licence v3.0.",
    "Health status: elicited change of disability-free life expectancy with ONS life tables.",
    "Published growth beyond demography and the list of TPMAs: inputs application of the New "
    "Hospital Programme (github.com/The-Strategy-Unit/nhp_inputs, MIT licence).",
)
"""Where data and method come from."""

CAPACITY_SOURCE = (
    "Assumptions of capacity: the assumptions register of OpenPlan "
    "(github.com/The-Strategy-Unit/open-plan-docs) where the scenario states no others; the source "
    "of each is in the workbook."
)
"""Where the defaults of capacity come from."""
