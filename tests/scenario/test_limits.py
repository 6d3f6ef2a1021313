"""Files that are larger, deeper or wronger than any scenario: told in few words."""

import json

import pytest

from acutecast.errors import AcutecastError
from acutecast.scenario import load_scenario
from acutecast.scenario.faults import MOST_PROBLEMS, dotted, nearest
from acutecast.scenario.reading import MAX_DEPTH, MAX_ENTRIES, read_json


def problems(content):
    with pytest.raises(AcutecastError) as caught:
        load_scenario(content)
    return caught.value.problems


@pytest.mark.parametrize("more", [1, 300])
def test_of_very_many_problems_the_worst_are_told_and_the_others_counted(more):
    unknown = {f"name_{i}": 1 for i in range(MOST_PROBLEMS + more)}
    found = problems({**unknown, "name": "Base", "runs": 0})
    assert len(found) == MOST_PROBLEMS + 1
    assert found[0].where == "runs"
    assert found[-1].what == f"there are {more + 1:,} further problems"
    assert len(problems({"name": "Base", "a": 1, "b": 1})) == 2


def test_keys_that_stand_twice_are_counted_too(tmp_path):
    pairs = ",".join(f'"k{i}":1,"k{i}":1' for i in range(MOST_PROBLEMS + 7))
    file = tmp_path / "scenario.json"
    file.write_text(f"{{{pairs}}}")
    found = problems(file)
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1].what == "there are 7 further problems"


@pytest.mark.parametrize(
    "content",
    [
        {f"k{i}": 1 for i in range(MAX_ENTRIES + 1)},
        {"correlations": [1] * (MAX_ENTRIES + 1)},
        {"dataset": "a", "params_version": "v4", "x": [[1] * 1000] * 200},
    ],
    ids=["names", "list", "nhp"],
)
def test_what_has_too_many_entries_is_no_scenario(content, tmp_path):
    (problem,) = problems({"name": "Base", **content})
    assert problem.what == "has more than 100,000 entries, too many for a scenario"
    file = tmp_path / "capacity.json"
    file.write_text(json.dumps(content))
    with pytest.raises(AcutecastError, match="too many for a scenario"):
        read_json(file)


def test_what_nests_too_deeply_is_no_scenario():
    content = 1
    for _ in range(MAX_DEPTH + 1):
        content = {"a": content}
    assert "nests too deeply" in problems(content)[0].what


def test_long_names_are_cut_and_nothing_is_looked_for_near_them():
    long = "x" * 10_000_000
    (problem,) = problems({"name": "Base", long: 1})
    assert len(str(problem)) < 600
    assert dotted(["a", long, 0]) == f"a.{'x' * 100}…[0]"
    assert nearest(long, ["name", "names"] * 20) == ""
