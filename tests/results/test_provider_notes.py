"""Notes of many providers: nothing lost, nothing small told."""

from dataclasses import asdict

from acutecast.errors import Problem
from acutecast.results.provider_notes import by_note, gather


def info(code: str, *counts: int | None) -> dict:
    notes = [
        Problem("rows lack it", f"op.{i}", count=n, warning=True) for i, n in enumerate(counts)
    ]
    return {"dataset": code, "warnings": [asdict(note) for note in notes]}


def test_notes_of_sums_are_those_of_their_providers():
    system = {"dataset": "A", "warnings": [], "notes_by_provider": gather([info("R2", 7)])}
    notes = gather([info("R3", 1), system, info("R1", None, 4), info("R4")])
    assert list(notes) == ["R1", "R2", "R3"]
    assert [note["count"] for note in notes["R1"]] == [None, 4]
    assert gather([{"dataset": "N", "notes_by_provider": notes}, info("R1", None)]) == notes


def test_counts_are_added_where_all_are_known_and_none_is_small():
    notes = gather([info("R1", 7, 2, 5), info("R2", 8, 9, None)])
    told = by_note(notes, ["R1", "R2", "R3"], None)
    assert [(note["where"], note["count"]) for note in told] == [
        ("op.0", 15),
        ("op.1", 11),
        ("op.2", None),
    ]
    hidden = by_note(notes, ["R1", "R2", "R3"], 5)
    assert [note["count"] for note in hidden] == [15, None, None]
    assert told[0]["what"] == "rows lack it (2 of 3 providers: R1, R2)"


def test_the_notes_of_one_provider_stay_as_they_are():
    one = info("R1", 3)
    assert by_note(gather([one]), ["R1"], None) == one["warnings"]


def test_a_long_list_of_providers_is_cut():
    infos = [info(f"R{i:02}", 1) for i in range(30)]
    (note,) = by_note(gather(infos), [f"R{i:02}" for i in range(40)], None)
    assert "(30 of 40 providers: R00, R01" in note["what"]
    assert note["what"].endswith("R19 and 10 more)")
