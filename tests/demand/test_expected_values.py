"""Every step and every TPMA has, over many runs, the mean that its formula says.

One tiny provider each. Assumptions are points, so the mean of a count is the product of factors;
it is checked halfway, where a linear profile has half its effect, and at the horizon.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hand_made import (
    ARRIVAL,
    CONTACT,
    ELECTIVE,
    HALFWAY,
    HORIZON,
    SPELL,
    counted,
    part,
    project,
    provider_of,
)

from acutecast.provider import check_provider

RUNS = 250
TIMES = (0.5, 1.0)  # share of the time gone at HALFWAY and HORIZON
N = 200  # spells of a kind

DAYCASE = {**ELECTIVE, "classpat": "2", "speldur": 0, "pod": "ip_elective_daycase"}
MOTHER = {**SPELL, "age": 30, "sex": 2, "demog_type": "births", "pod": "ip_maternity_admission"}
NONLOCAL = {"is_main_icb": False, "icb": "QWO"}

IP = ("ip_people", "admissions")
DAYS = ("ip_people", "beddays")
OP = ("op_people", "attendances")
TELE = ("op_people", "tele_attendances")
WALK_IN = ("aae_people", "walk-in")
AMBULANCE = ("aae_people", "ambulance")


@dataclass(frozen=True)
class Case:
    """A provider, what is assumed, and the means.

    Attributes:
        rows: arguments of `provider_of`.
        assumed: sections of the scenario.
        means: by (view, measure), optionally with pod and site, the mean as a function of t.
    """

    rows: dict[str, Any]
    assumed: dict[str, Any]
    means: dict[tuple[str, ...], Any] = field(default_factory=dict)


LOCAL_AND_OTHER = {
    "ip": [(N, ELECTIVE), (N, {**ELECTIVE, **NONLOCAL, "sitetret": "RXX02"})],
    "op": [CONTACT, {**CONTACT, **NONLOCAL, "sitetret": "RXX02"}],
    "aae": [ARRIVAL, {**ARRIVAL, **NONLOCAL, "sitetret": "RXX02"}],
}  # fmt: skip
LISTED_AND_NOT = {
    "ip": [(N, ELECTIVE), (N, {**ELECTIVE, "is_wla": False, "sitetret": "RXX02"})],
    "op": [CONTACT, {**CONTACT, "is_wla": False, "sitetret": "RXX02"}],
}
UNEQUAL = {
    "ip": [
        (N, {**ELECTIVE, "sushrg_trimmed": "HN22", "imd_quintile": 1}),
        (N, {**ELECTIVE, "sushrg_trimmed": "HN22", "imd_quintile": 2, "sitetret": "RXX02"}),
        (N, {**SPELL, "sushrg_trimmed": "HN22"}),
    ],
    "op": [
        {**CONTACT, "sushrg_trimmed": "HN22", "group": "procedure", "pod": "op_procedure"},
        {**CONTACT, "sushrg_trimmed": "HN22"},
    ],
    "inequalities": {
        "icb": ["QHM", "QHM", "QHM", "QWO"],
        "sushrg_trimmed": ["HN22", "HN22", "BZ34", "HN22"],
        "imd_quintile": [1, 2, 1, 1],
        "activity_rate": [0.01, 0.02, 0.01, 0.01],
        "fitted_line": [0.01, 0.02, 0.01, 0.01],
        "level_up": [1.5, 1.25, 3.0, 3.0],
        "level_down": [3.0, 3.0, 3.0, 3.0],
        "zero_sum": [3.0, 3.0, 3.0, 3.0],
    },
}
STEPS = {
    "nothing": Case(
        {},
        {},
        {OP: lambda t: 1000, TELE: lambda t: 200, WALK_IN: lambda t: 1000, IP: lambda t: 1},
    ),
    "people": Case(
        {
            "ip": [(N, SPELL), (N, MOTHER), (N, {**SPELL, "demog_type": "other", "pod": "x"})],
            "population": {HALFWAY: 1.1, HORIZON: 1.4},
            "births": {HALFWAY: 0.9, HORIZON: 0.7},
        },
        {},
        {
            (*IP, "ip_non-elective_admission"): lambda t: N * (1.1 if t < 1 else 1.4),
            (*DAYS, "ip_non-elective_admission"): lambda t: 6 * N * (1.1 if t < 1 else 1.4),
            (*IP, "ip_maternity_admission"): lambda t: N * (0.9 if t < 1 else 0.7),
            (*IP, "x"): lambda t: N,
            OP: lambda t: 1000 * (1.1 if t < 1 else 1.4),
            TELE: lambda t: 200 * (1.1 if t < 1 else 1.4),
            WALK_IN: lambda t: 1000 * (1.1 if t < 1 else 1.4),
        },
    ),
    "mothers outside the births table": Case(
        {
            "ip": [(N, {**MOTHER, "age": 50}), (N, {**MOTHER, "age": 13})],
            "births": {HALFWAY: 2.0, HORIZON: 3.0},
        },
        {},
        {IP: lambda t: 2 * N * (2 if t < 1 else 3)},
    ),
    "newborn babies grow with all births": Case(
        {
            "ip": [(N, {**MOTHER, "age": 0, "sex": sex}) for sex in (1, 2)],
            "births": {HALFWAY: 2.0, HORIZON: 3.0},
        },
        {},
        {IP: lambda t: 2 * N * (2 if t < 1 else 3)},
    ),
    "expatriation": Case(
        {"ip": [(N, ELECTIVE), (N, SPELL)]},
        {
            "expat": {
                "ip": {"elective": {"110": 0.6}},
                "op": {"110": 0.7},
                "aae": {"walk-in": 0.8},
            }
        },
        {
            (*IP, "ip_elective_admission"): lambda t: N * (1 - 0.4 * t),
            (*DAYS, "ip_elective_admission"): lambda t: 6 * N * (1 - 0.4 * t),
            (*IP, "ip_non-elective_admission"): lambda t: N,
            OP: lambda t: 1000 * (1 - 0.3 * t),
            TELE: lambda t: 200 * (1 - 0.3 * t),
            WALK_IN: lambda t: 1000 * (1 - 0.2 * t),
        },
    ),
    "repatriation of residents": Case(
        LOCAL_AND_OTHER,
        {
            "repat_local": {
                "ip": {"elective": {"110": 1.4}},
                "op": {"110": 1.3},
                "aae": {"walk-in": 1.2},
            }
        },
        {
            (*IP, "", "RXX01"): lambda t: N * (1 + 0.4 * t),
            (*IP, "", "RXX02"): lambda t: N,
            (*OP, "", "RXX01"): lambda t: 1000 * (1 + 0.3 * t),
            (*OP, "", "RXX02"): lambda t: 1000,
            (*WALK_IN, "", "RXX01"): lambda t: 1000 * (1 + 0.2 * t),
            (*WALK_IN, "", "RXX02"): lambda t: 1000,
        },
    ),
    "repatriation of others": Case(
        LOCAL_AND_OTHER,
        {
            "repat_nonlocal": {
                "ip": {"elective": {"110": 1.4}},
                "op": {"110": 1.3},
                "aae": {"walk-in": 1.2},
            }
        },
        {
            (*IP, "", "RXX01"): lambda t: N,
            (*IP, "", "RXX02"): lambda t: N * (1 + 0.4 * t),
            (*OP, "", "RXX01"): lambda t: 1000,
            (*OP, "", "RXX02"): lambda t: 1000 * (1 + 0.3 * t),
            (*WALK_IN, "", "RXX01"): lambda t: 1000,
            (*WALK_IN, "", "RXX02"): lambda t: 1000 * (1 + 0.2 * t),
        },
    ),
    "waiting lists": Case(
        LISTED_AND_NOT,
        {"waiting_list": {"ip": {"110": 1.5}, "op": {"110": 0.6}}},
        {
            (*IP, "", "RXX01"): lambda t: N * (1 + 0.5 * t),
            (*IP, "", "RXX02"): lambda t: N,
            (*OP, "", "RXX01"): lambda t: 1000 * (1 - 0.4 * t),
            (*OP, "", "RXX02"): lambda t: 1000,
        },
    ),
    "correction of the baseline": Case(
        {"ip": [(N, ELECTIVE), (N, SPELL)]},
        {
            "baseline_adjustment": {
                "ip": {"elective": {"110": 1.5}},
                "op": {"followup": {"110": 0.7}, "first": {"110": 3.0}},
                "aae": {"walk-in": 1.2},
            }
        },
        {
            (*IP, "ip_elective_admission"): lambda t: 1.5 * N,
            (*IP, "ip_non-elective_admission"): lambda t: N,
            OP: lambda t: 700,
            TELE: lambda t: 140,
            WALK_IN: lambda t: 1200,
        },
    ),
    "growth a year": Case(
        {"ip": [(N, ELECTIVE), (N, SPELL)]},
        {
            "non_demographic_growth": {
                "ip": {"elective": 1.03},
                "op": {"followup": 0.97},
                "aae": {"walk-in": 1.01},
            }
        },
        {
            (*IP, "ip_elective_admission"): lambda t: N * 1.03 ** (20 * t),
            (*IP, "ip_non-elective_admission"): lambda t: N,
            OP: lambda t: 1000 * 0.97 ** (20 * t),
            WALK_IN: lambda t: 1000 * 1.01 ** (20 * t),
        },
    ),
    "inequalities": Case(
        UNEQUAL,
        {"inequalities": {"level_up": ["HN22"]}},
        {
            (*IP, "ip_elective_admission", "RXX01"): lambda t: N * (1 + 0.5 * t),
            (*IP, "ip_elective_admission", "RXX02"): lambda t: N * (1 + 0.25 * t),
            (*IP, "ip_non-elective_admission"): lambda t: N,
            (*OP, "op_procedure"): lambda t: 1000 * (1 + 0.5 * t),
            (*OP, "op_follow-up"): lambda t: 1000,
        },
    ),
    "all together": Case(
        {"ip": [(N, ELECTIVE)], "population": {HALFWAY: 1.1, HORIZON: 1.2}},
        {
            "expat": {"ip": {"elective": {"110": 0.8}}},
            "repat_local": {"ip": {"elective": {"110": 1.2}}},
            "waiting_list": {"ip": {"110": 1.3}},
            "baseline_adjustment": {"ip": {"elective": {"110": 0.9}}},
            "non_demographic_growth": {"ip": {"elective": 1.01}},
        },
        {
            IP: lambda t: (
                N * (1 + 0.2 * t) * (1 - 0.2 * t) * (1 + 0.2 * t) * (1 + 0.3 * t) * 0.9
                * 1.01 ** (20 * t)
            )
        },
    ),
    "profiles": Case(
        {"ip": [(N, ELECTIVE)]},
        {
            "expat": {
                "ip": {"elective": {"110": {"value": 0.5, "profile": "front_loaded"}}},
                "op": {"110": {"value": 0.5, "profile": {"step": 2040}}},
                "aae": {"walk-in": {"value": 0.5, "profile": {"table": {"2033": 0.2, "2040": 1}}}},
            }
        },
        {
            IP: lambda t: N * (1 - 0.5 * (1 - (1 - t) ** 2)),
            OP: lambda t: 1000 if t < 1 else 500,
            WALK_IN: lambda t: 900 if t < 1 else 500,
        },
    ),
}  # fmt: skip

LONG = {**SPELL, "speldur": 10}
TPMAS = {
    "avoidance": Case(
        {
            "ip": [(N, SPELL), (N, {**SPELL, "sitetret": "RXX02"})],
            "avoidance": {0: {"smoking": 1.0}},
        },
        {"activity_avoidance": {"ip": {"smoking": 0.4}}},
        {
            (*IP, "", "RXX01"): lambda t: N * (1 - 0.6 * t),
            (*DAYS, "", "RXX01"): lambda t: 6 * N * (1 - 0.6 * t),
            (*IP, "", "RXX02"): lambda t: N,
        },
    ),
    "avoidance by a sample rate": Case(
        {"ip": [(N, SPELL)], "avoidance": {0: {"smoking": 0.3}}},
        {"activity_avoidance": {"ip": {"smoking": 0.4}}},
        {IP: lambda t: N * (1 - 0.3 * 0.6 * t)},
    ),
    "avoidance of two kinds": Case(
        {"ip": [(N, SPELL)], "avoidance": {0: {"smoking": 0.3, "falls_related_admissions": 0.8}}},
        {"activity_avoidance": {"ip": {"smoking": 0.4, "falls_related_admissions": 0.5}}},
        {IP: lambda t: N * (1 - 0.3 * 0.6 * t) * (1 - 0.8 * 0.5 * t)},
    ),
    "avoidance of a kind that the scenario lacks": Case(
        {"ip": [(N, SPELL)], "avoidance": {0: {"smoking": 1.0, "falls_related_admissions": 1.0}}},
        {"activity_avoidance": {"ip": {"smoking": 0.4}}},
        {IP: lambda t: N * (1 - 0.6 * t)},
    ),
    "avoidance of outpatients": Case(
        {
            "op": [
                {**CONTACT, "sitetret": "follow-up"},
                {**CONTACT, "sitetret": "procedure", "has_procedures": True},
                {**CONTACT, "sitetret": "first", "is_first": True},
                {**CONTACT, "sitetret": "GP", "is_first": True, "is_gp_ref": True},
                {**CONTACT, "sitetret": "GP later", "is_gp_ref": True},
                {**CONTACT, "sitetret": "consultant", "is_cons_cons_ref": True, "is_first": True},
                {**CONTACT, "sitetret": "other type", "type": "child_surgical"},
            ]
        },
        {
            "activity_avoidance": {
                "op": {
                    "followup_reduction_adult_surgical": 0.5,
                    "gp_referred_first_attendance_reduction_adult_surgical": 0.6,
                    "consultant_to_consultant_reduction_adult_surgical": 0.7,
                }
            }
        },
        {
            (*OP, "", "follow-up"): lambda t: 1000 * (1 - 0.5 * t),
            (*TELE, "", "follow-up"): lambda t: 200 * (1 - 0.5 * t),
            (*OP, "", "procedure"): lambda t: 1000,
            (*OP, "", "first"): lambda t: 1000,
            (*OP, "", "GP"): lambda t: 1000 * (1 - 0.4 * t),
            (*OP, "", "GP later"): lambda t: 1000 * (1 - 0.5 * t),
            (*OP, "", "consultant"): lambda t: 1000 * (1 - 0.3 * t),
            (*OP, "", "other type"): lambda t: 1000,
        },
    ),
    "avoidance of emergency care": Case(
        {
            "aae": [
                {**ARRIVAL, "sitetret": "none"},
                {**ARRIVAL, "sitetret": "often", "is_frequent_attender": True},
                {**ARRIVAL, "sitetret": "left", "is_left_before_treatment": True},
                {**ARRIVAL, "sitetret": "low", "is_low_cost_referred_or_discharged": True},
                {**ARRIVAL, "sitetret": "untreated", "is_discharged_no_treatment": True},
                {
                    **ARRIVAL,
                    "sitetret": "both",
                    "is_frequent_attender": True,
                    "is_left_before_treatment": True,
                },
                {
                    **ARRIVAL,
                    "sitetret": "ambulance",
                    "is_frequent_attender": True,
                    "is_ambulance": True,
                    "group": "ambulance",
                    "hsagrp": "aae_adult_ambulance",
                },
            ]
        },
        {
            "activity_avoidance": {
                "aae": {
                    "frequent_attenders_adult_walk-in": 0.5,
                    "left_before_seen_adult_walk-in": 0.6,
                    "low_cost_discharged_adult_walk-in": 0.7,
                    "discharged_no_treatment_adult_walk-in": 0.8,
                    "frequent_attenders_adult_ambulance": 0.2,
                }
            }
        },
        {
            (*WALK_IN, "", "none"): lambda t: 1000,
            (*WALK_IN, "", "often"): lambda t: 1000 * (1 - 0.5 * t),
            (*WALK_IN, "", "left"): lambda t: 1000 * (1 - 0.4 * t),
            (*WALK_IN, "", "low"): lambda t: 1000 * (1 - 0.3 * t),
            (*WALK_IN, "", "untreated"): lambda t: 1000 * (1 - 0.2 * t),
            (*WALK_IN, "", "both"): lambda t: 1000 * (1 - 0.5 * t) * (1 - 0.4 * t),
            (*WALK_IN, "", "ambulance"): lambda t: 0,
            (*AMBULANCE, "", "ambulance"): lambda t: 1000 * (1 - 0.8 * t),
        },
    ),
    "shorter stays": Case(
        {"ip": [(N, LONG)], "efficiencies": {0: ["emergency_elderly"]}},
        {"efficiencies": {"ip": {"emergency_elderly": 0.7}}},
        {IP: lambda t: N, DAYS: lambda t: N * (1 + 10 * (1 - 0.3 * t))},
    ),
    "stays shortened by one of two": Case(
        {"ip": [(N, LONG)], "efficiencies": {0: ["emergency_elderly", "raid_ip"]}},
        {"efficiencies": {"ip": {"emergency_elderly": 0.7, "raid_ip": 0.2}}},
        {IP: lambda t: N, DAYS: lambda t: N * (1 + 10 * (1 - (0.3 + 0.8) / 2 * t))},
    ),
    "same day emergency care": Case(
        {
            "ip": [(N, {**SPELL, "speldur": 2})],
            "efficiencies": {0: ["same_day_emergency_care_high"]},
        },
        {"efficiencies": {"ip": {"same_day_emergency_care_high": 0.3}}},
        {
            IP: lambda t: N * (1 - 0.7 * t),
            DAYS: lambda t: 3 * N * (1 - 0.7 * t),
            (*WALK_IN, "aae_type-05"): lambda t: 0.7 * t * N,
            (*AMBULANCE, "aae_type-05"): lambda t: 0,
            (*WALK_IN, "aae_type-01"): lambda t: 1000,
        },
    ),
    "days before surgery, no more than there are": Case(
        {
            "ip": [
                (N, {**ELECTIVE, "speldur": days, "sitetret": f"{tpma} of {days}"})
                for tpma in (1, 2)
                for days in (0, 1, 2, 5)
            ],
            "efficiencies": {
                number: [f"pre-op_los_{1 + number // 4}-day"] for number in range(8)
            },
        },
        {"efficiencies": {"ip": {"pre-op_los_1-day": 0.6, "pre-op_los_2-day": 0.3}}},
        {
            **{
                (*DAYS, "", f"1 of {days}"): lambda t, d=days: N * (1 + d - 0.4 * t * min(d, 1))
                for days in (0, 1, 2, 5)
            },
            **{
                (*DAYS, "", f"2 of {days}"): lambda t, d=days: N * (1 + d - 0.7 * t * min(d, 2))
                for days in (0, 1, 2, 5)
            },
            IP: lambda t: 8 * N,
        },
    ),
    "day procedures, at the rates asked": Case(
        {
            "ip": [(N, ELECTIVE), (N, DAYCASE)],
            "op": [],
            "efficiencies": {
                0: ["day_procedures_usually_dc", "day_procedures_occasionally_op"],
                1: ["day_procedures_usually_op"],
            },
        },
        {
            "efficiencies": {
                "ip": {
                    "day_procedures_usually_dc": 0.6,
                    "day_procedures_occasionally_op": 0.1,
                    "day_procedures_usually_op": 0.3,
                }
            }
        },
        {
            (*IP, "ip_elective_admission"): lambda t: N * (1 - (0.4 + 0.9) / 2 * t),
            (*DAYS, "ip_elective_admission"): lambda t: 6 * N * (1 - (0.4 + 0.9) / 2 * t),
            (*IP, "ip_elective_daycase"): lambda t: N * (0.4 / 2 * t + 1 - 0.7 * t),
            (*DAYS, "ip_elective_daycase"): lambda t: N * (0.4 / 2 * t + 1 - 0.7 * t),
            (*OP, "op_procedure"): lambda t: N * (0.9 / 2 + 0.7) * t,
        },
    ),
    "tele-attendances": Case(
        {
            "op": [
                CONTACT,
                {**CONTACT, "sitetret": "procedure", "has_procedures": True},
                {**CONTACT, "sitetret": "other type", "type": "adult_non-surgical"},
            ]
        },
        {"efficiencies": {"op": {"convert_to_tele_adult_surgical": 0.7}}},
        {
            (*OP, "", "RXX01"): lambda t: 1000 * (1 - 0.3 * t),
            (*TELE, "", "RXX01"): lambda t: 200 + 1000 * 0.3 * t,
            (*OP, "", "procedure"): lambda t: 1000,
            (*TELE, "", "procedure"): lambda t: 200,
            (*OP, "", "other type"): lambda t: 1000,
        },
    ),
    "tele-attendances of those not avoided": Case(
        {"op": [CONTACT]},
        {
            "expat": {"op": {"110": 0.9}},
            "activity_avoidance": {"op": {"followup_reduction_adult_surgical": 0.6}},
            "efficiencies": {"op": {"convert_to_tele_adult_surgical": 0.7}},
        },
        {
            OP: lambda t: 1000 * (1 - 0.1 * t) * (1 - 0.4 * t) * (1 - 0.3 * t),
            TELE: lambda t: (200 + 1000 * 0.3 * t) * (1 - 0.1 * t) * (1 - 0.4 * t),
        },
    ),
    "general stays, where nothing else is chosen": Case(
        {
            "ip": [
                (N, {**LONG, "sitetret": "free"}),
                (N, {**LONG, "sitetret": "other TPMA"}),
                (N, {**LONG, "sitetret": "TPMA not in the scenario"}),
                (N, {**LONG, "sitetret": "no night", "speldur": 0}),
                (N, {**LONG, "sitetret": "day case", "classpat": "2"}),
                (N, {**LONG, "sitetret": "elective", "admimeth": "12"}),
                (N, {**LONG, "sitetret": "maternity", "admimeth": "31"}),
                (N, {**LONG, "sitetret": "avoidable"}),
            ],
            "avoidance": {7: {"smoking": 1.0}},
            "efficiencies": {1: ["emergency_elderly"], 2: ["raid_ip"]},
        },
        {
            "activity_avoidance": {"ip": {"smoking": 0.5}},
            "efficiencies": {
                "ip": {
                    "emergency_elderly": 0.9,
                    "general_los_reduction_emergency": 0.6,
                    "general_los_reduction_elective": 0.3,
                }
            },
        },
        {
            (*DAYS, "", "free"): lambda t: N * (1 + 10 * (1 - 0.4 * t)),
            (*DAYS, "", "other TPMA"): lambda t: N * (1 + 10 * (1 - 0.1 * t)),
            (*DAYS, "", "TPMA not in the scenario"): lambda t: N * (1 + 10 * (1 - 0.4 * t)),
            (*DAYS, "", "no night"): lambda t: N,
            (*DAYS, "", "day case"): lambda t: 11 * N,
            (*DAYS, "", "elective"): lambda t: N * (1 + 10 * (1 - 0.7 * t)),
            (*DAYS, "", "maternity"): lambda t: 11 * N,
            (*DAYS, "", "avoidable"): lambda t: N * (1 + 10 * (1 - 0.4 * t)) * (1 - 0.5 * t),
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [*STEPS, *TPMAS])
def test_mean(name):
    case = {**STEPS, **TPMAS}[name]
    projection = project(provider_of(**case.rows), {"runs": RUNS, **case.assumed}, [HALFWAY])
    for key, mean in case.means.items():
        view, measure, pod, site = (*key, "", "")[:4]
        where = {k: v for k, v in (("pod", pod), ("sitetret", site)) if v}
        found = counted(projection, view, measure, **where)
        for y, t in enumerate(TIMES):
            expected = mean(t)
            error = found[y].std() / np.sqrt(RUNS)
            if expected == 0:
                assert not found[y].any(), key
            else:
                assert abs(found[y].mean() - expected) < 4.5 * error, (key, t, expected)
                # The check can fail: chance is small beside the effect.
                assert error < 0.03 * expected or expected < N / 2, (key, error)


@pytest.mark.parametrize("name", ["nothing", "inequalities", "same day emergency care"])
def test_providers_made_by_hand_meet_the_contract(name):
    case = {**STEPS, **TPMAS}[name]
    assert [p for p in check_provider(provider_of(**case.rows)) if not p.warning] == []


def test_the_baseline_is_what_the_rows_say():
    projection = project(provider_of(ip=[(N, {**LONG, "has_procedure": True})]), {"runs": 1})
    assert projection.cubes["ip_people"].baseline.tolist() == [[N, 11 * N, N]]
    assert projection.cubes["op_people"].baseline.tolist() == [[1000, 200]]
    assert projection.cubes["aae_people"].baseline.tolist() == [[1000, 0]]


def test_each_run_grows_with_its_own_population():
    """Runs differ by population variant, in the shares asked; their counts follow it."""
    provider = provider_of()
    table = provider.tables["demographic_factors"]
    variant = np.array(table.column("variant").to_pylist())
    high = variant == "var_proj_high_intl_migration"
    for year, factor in ((HALFWAY, 1.5), (HORIZON, 2.0)):
        people = pa.array(np.where(high, 1000 * factor, 1000.0))
        table = table.set_column(table.column_names.index(str(year)), str(year), people)
    provider = replace(provider, tables={**provider.tables, "demographic_factors": table})
    weights = {"migration_category": 3.0, "var_proj_high_intl_migration": 1.0}
    assumed = {"runs": 400, "population": {"variants": weights}}
    projection = project(provider, assumed, [HALFWAY])
    mine = projection.draws.variants == "var_proj_high_intl_migration"
    assert abs(mine.mean() - 0.25) < 4.5 * np.sqrt(0.25 * 0.75 / 400)
    growth = part(projection, change_factor="demographic_adjustment", measure="attendances")
    for y, factor in enumerate((1.5, 2.0)):
        mean = np.where(mine, 1000 * factor, 1000)
        z = (counted(projection, *OP)[y] - mean) / np.sqrt(mean)
        assert np.abs(z).max() < 5
        assert np.array_equal(growth[y], mean - 1000)


def test_counts_spread_as_poisson():
    """The spread is that of independent contacts, at any place in the chain of steps."""
    assumed = {
        "runs": 2000,
        "activity_avoidance": {"op": {"followup_reduction_adult_surgical": 0.6}},
        "efficiencies": {"op": {"convert_to_tele_adult_surgical": 0.7}},
    }
    projection = project(provider_of(ip=[(50, SPELL)]), assumed)
    for view, measure, mean in ((*OP, 420), (*TELE, 300), (*IP, 50)):
        found = counted(projection, view, measure)[-1]
        # The variance of a sample variance is about 2 / runs of its square.
        assert abs(found.var() / mean - 1) < 4.5 * np.sqrt(2 / 2000)


def test_conversions_do_not_follow_what_stays():
    """Splitting a Poisson count gives independent counts."""
    assumed = {
        "runs": 2000,
        "efficiencies": {"op": {"convert_to_tele_adult_surgical": 0.7}},
    }
    projection = project(provider_of(), assumed)
    stays, moves = (counted(projection, *measure)[-1] for measure in (OP, TELE))
    assert abs(np.corrcoef(stays, moves)[0, 1]) < 4.5 / np.sqrt(2000)
