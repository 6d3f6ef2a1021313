"""The draws themselves are a contract: a stored result of a seed stays what it is."""

from hand_made import (
    ARRIVAL,
    CONTACT,
    ELECTIVE,
    HALFWAY,
    SPELL,
    counted,
    part,
    project,
    provider_of,
)

ASSUMED = {
    "seed": 7,
    "runs": 5,
    "expat": {"ip": {"elective": {"110": [0.6, 0.9]}}},
    "activity_avoidance": {"ip": {"smoking": 0.5}},
    "efficiencies": {
        "ip": {"emergency_elderly": 0.7, "day_procedures_usually_dc": 0.5},
        "op": {"convert_to_tele_adult_surgical": [0.6, 0.9]},
    },
}
PROVIDER = provider_of(
    ip=[(6, ELECTIVE), (6, SPELL)],
    op=[{**CONTACT, "attendances": 30, "tele_attendances": 4}],
    aae=[{**ARRIVAL, "arrivals": 9}],
    avoidance={1: {"smoking": 0.5}},
    efficiencies={0: ["day_procedures_usually_dc"], 1: ["emergency_elderly"]},
)

GOLDEN = {
    "elective": [[4, 5, 3, 2, 5], [3, 2, 0, 2, 2]],
    "day cases": [[0, 3, 1, 1, 1], [0, 5, 3, 1, 1]],
    "emergency": [[3, 8, 5, 4, 3], [2, 8, 4, 4, 3]],
    "bed days": [[41, 72, 46, 33, 46], [29, 49, 23, 30, 27]],
    "attendances": [[27, 16, 23, 20, 18], [21, 11, 18, 19, 15]],
    "by phone": [[9, 15, 9, 2, 10], [15, 23, 15, 2, 15]],
    "arrivals": [[10, 13, 6, 12, 6], [10, 13, 6, 12, 6]],
}
DRAWS = [
    [0.5, 0.5, 0.7, 0.6018, 0.6561],
    [0.5, 0.5, 0.7, 0.5788, 0.6745],
    [0.5, 0.5, 0.7, 0.6664, 0.7393],
    [0.5, 0.5, 0.7, 0.8986, 0.6138],
    [0.5, 0.5, 0.7, 0.7084, 0.6705],
]
EXPATRIATED = [
    [-1.03125, -0.9765625, -0.7822265625, -1.158203125, -0.9892578125],
    [-2.0634765625, -1.953125, -1.5634765625, -2.31640625, -1.9775390625],
]


def test_counts_of_a_seed():
    """Change these figures only with a version that says that its draws differ."""
    projection = project(PROVIDER, ASSUMED, [HALFWAY])
    found = {
        "elective": counted(projection, "ip_people", "admissions", pod="ip_elective_admission"),
        "day cases": counted(projection, "ip_people", "admissions", pod="ip_elective_daycase"),
        "emergency": counted(
            projection, "ip_people", "admissions", pod="ip_non-elective_admission"
        ),
        "bed days": counted(projection, "ip_people", "beddays"),
        "attendances": counted(projection, "op_people", "attendances"),
        "by phone": counted(projection, "op_people", "tele_attendances"),
        "arrivals": counted(projection, "aae_people", "walk-in"),
    }
    assert {name: counts.tolist() for name, counts in found.items()} == GOLDEN
    assert projection.draws.values.round(4).tolist() == DRAWS
    expatriated = part(projection, change_factor="expat", measure="admissions")
    assert expatriated.tolist() == EXPATRIATED
