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
    "elective": [[6, 2, 3, 4, 3], [3, 1, 2, 2, 3]],
    "day cases": [[2, 2, 2, 2, 0], [3, 3, 3, 4, 0]],
    "emergency": [[4, 1, 6, 4, 3], [4, 1, 6, 3, 2]],
    "bed days": [[62, 18, 54, 49, 34], [43, 12, 45, 31, 27]],
    "attendances": [[28, 25, 27, 22, 32], [22, 18, 22, 21, 27]],
    "by phone": [[9, 13, 9, 6, 8], [13, 21, 13, 7, 12]],
    "arrivals": [[13, 6, 7, 11, 5], [13, 6, 7, 11, 5]],
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
