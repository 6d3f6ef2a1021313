"""All tables of a projection are sums of the same activity, in every run and year."""

import numpy as np
import pytest
from hand_made import ELECTIVE, HORIZON, by_place, cells_where, counted, part, project, provider_of
from rich_scenario import RICH

from acutecast.demand.cells import LOS_GROUP_OF_DAYS
from acutecast.demand.views import VIEWS
from acutecast.facts import (
    ACTIVITY_TYPES,
    ACUITIES,
    AGE_GROUPS,
    LOS_GROUPS,
    age_group_of_age,
    rows,
)
from acutecast.facts.specialties import specialty_group


@pytest.mark.parametrize("activity", ACTIVITY_TYPES)
def test_every_view_has_the_same_totals(rich, activity):
    views = [v.name for v in VIEWS if v.activity == activity and v.rows == "all"]
    assert len(views) >= 4
    whole = by_place(rich.cubes[f"{activity}_people"])
    for name in views:
        mine = by_place(rich.cubes[name])
        assert mine.keys() == whole.keys()
        at = [rich.years.index(year) for year in rich.cubes[name].years]
        for place, (baseline, counts) in mine.items():
            assert baseline == whole[place][0]
            assert np.array_equal(counts, whole[place][1][at]), (name, place)


COARSER = {
    "age_group": lambda keys: np.array(age_group_of_age())[keys["age"].astype(int)],
    "tretspef_grouped": lambda keys: np.array([specialty_group(t) for t in keys["tretspef"]]),
}
FINER = {"age_group": "age", "tretspef_grouped": "tretspef"}


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ("ip_full", "ip_people"),
        ("ip_age", "ip_people"),
        ("ip_full", "ip_specialty"),
        ("op_full", "op_people"),
        ("op_full", "op_specialty"),
        ("op_age", "op_people"),
        ("aae_full", "aae_people"),
        ("aae_full", "aae_acuity"),
        ("aae_age", "aae_people"),
    ],
)
def test_fine_cells_sum_to_coarse_cells(rich, fine, coarse):
    """Split by the keys that both have, or can have, two views agree cell by cell."""
    keys = [
        {
            **rich.cubes[name].keys,
            **{
                key: make(rich.cubes[name].keys)
                for key, make in COARSER.items()
                if key not in rich.cubes[name].keys and FINER[key] in rich.cubes[name].keys
            },
        }
        for name in (fine, coarse)
    ]
    shared = sorted(keys[0].keys() & keys[1].keys())
    assert len(shared) >= 3
    sums = []
    for name, labels in zip((fine, coarse), keys, strict=True):
        cube = rich.cubes[name]
        totals: dict = {}
        for i, label in enumerate(zip(*(labels[key] for key in shared), strict=True)):
            totals[label] = totals.get(label, 0) + cube.values[-1, :, i].astype(np.int64)
        sums.append(totals)
    assert sums[0].keys() == sums[1].keys()
    for label, values in sums[0].items():
        assert np.array_equal(values, sums[1][label]), label


def test_cells_are_told_apart_by_their_keys(rich):
    for cube in rich.cubes.values():
        labels = list(zip(*cube.keys.values(), strict=True))
        assert len(set(labels)) == len(labels) == cube.values.shape[2]


def test_labels_are_those_of_the_facts(rich):
    for cube in rich.cubes.values():
        for key, known in (
            ("age_group", AGE_GROUPS),
            ("los_group", LOS_GROUPS),
            ("acuity", ACUITIES),
            ("sex", ("1", "2")),
        ):
            assert set(cube.keys.get(key, ())) <= set(known)


def test_los_groups_are_those_of_the_facts():
    starts = [int(row["from_days"]) for row in rows("los_groups")]
    for days, group in enumerate(LOS_GROUP_OF_DAYS):
        assert starts[group] <= days
        assert group == len(starts) - 1 or days < starts[group + 1]
    assert LOS_GROUP_OF_DAYS[-1] == len(LOS_GROUPS) - 1


@pytest.mark.parametrize("view", ["ip_full", "ip_specialty"])
def test_bed_days_fit_the_length_of_stay(rich, view):
    """Bed days are nights + 1, so a group's admissions bound its bed days."""
    starts = [int(row["from_days"]) for row in rows("los_groups")]
    cube = rich.cubes[view]
    seen = 0
    for group, first, following in zip(LOS_GROUPS, starts, [*starts[1:], None], strict=True):
        mine = cells_where(cube.keys, los_group=group)
        admissions, beddays, procedures = np.moveaxis(cube.values[:, :, mine], 3, 0)
        assert np.all(beddays >= admissions * (first + 1))
        if following is not None:
            assert np.all(beddays <= admissions * following)
        assert np.all(procedures <= admissions)
        seen += bool(admissions.any())
    assert seen >= 6


def test_bed_days_sum_over_length_of_stay(rich):
    by_group = sum(
        counted(rich, "ip_specialty", "beddays", los_group=group) for group in LOS_GROUPS
    )
    assert np.array_equal(by_group, counted(rich, "ip_people", "beddays"))


def test_deliveries_are_spells(rich):
    whole = by_place(rich.cubes["ip_people"])
    deliveries = by_place(rich.cubes["ip_delivery"])
    assert deliveries
    for place, (baseline, counts) in deliveries.items():
        assert baseline <= whole[place][0]
        assert np.all(counts <= whole[place][1][-1])
    assert sum(counts for _, counts in deliveries.values()).any()


def test_converted_spells_are_the_only_same_day_emergency_care(rich):
    """The provider has no type 5 at the baseline, so its arrivals are all converted spells."""
    found = counted(rich, "sdec_converted", "walk-in")
    assert found.any()
    assert np.array_equal(found[-1], counted(rich, "aae_people", "walk-in", pod="aae_type-05")[-1])
    for sex in ("1", "2"):
        mine = {"sex": sex, "pod": "aae_type-05"}
        assert np.array_equal(
            counted(rich, "sdec_converted", "walk-in", sex=sex)[-1],
            counted(rich, "aae_people", "walk-in", **mine)[-1],
        )
    assert not counted(rich, "sdec_converted", "ambulance").any()


def test_what_is_avoided_and_what_remains_is_what_there_was(provider):
    """The same draws without avoidance: the difference is the avoided activity."""
    certain = {**RICH, "efficiencies": {}, "runs": 8}
    with_it = project(provider, certain)
    without = project(provider, {**certain, "activity_avoidance": {}})
    for measure in ("admissions", "beddays", "procedures"):
        lost = counted(without, "ip_people", measure) - counted(with_it, "ip_people", measure)
        assert np.array_equal(lost, counted(with_it, "ip_avoided", measure))
        assert lost.any()


def test_a_delivery_made_a_day_case_is_none():
    """Day cases have no delivery: conversions never add to the view of deliveries."""
    provider = provider_of(
        ip=[(30, {**ELECTIVE, "maternity_delivery_in_spell": True})],
        efficiencies={0: ["day_procedures_usually_dc"]},
    )
    assumed = {"runs": 5, "efficiencies": {"ip": {"day_procedures_usually_dc": 0.4}}}
    projection = project(provider, assumed)
    deliveries = projection.cubes["ip_delivery"]
    assert set(deliveries.keys["pod"]) == {"ip_elective_admission"}
    left = counted(projection, "ip_people", "admissions", pod="ip_elective_admission")
    assert np.array_equal(counted(projection, "ip_delivery", "admissions"), left)


def test_the_rows_are_counted(provider, rich):
    assert rich.rows["ip"] == provider.tables["ip"].num_rows
    assert 0 < rich.rows["op"] <= provider.tables["op"].num_rows
    assert rich.years == tuple(range(2024, HORIZON + 1))
    assert rich.runs == 24
    for activity, spec in ACTIVITY_TYPES.items():
        for name in spec.counts:
            total = sum(provider.tables[activity].column(name).to_pylist())
            cube = rich.cubes[f"{activity}_people"]
            measured = cube.baseline.sum(axis=0)
            expected = measured.sum() if activity == "aae" else measured[spec.counts.index(name)]
            assert total == expected
    assert part(rich, change_factor="sampling").any()
