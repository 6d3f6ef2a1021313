"""What an installation that hides small numbers does not show on the page of assumptions."""

import re
from dataclasses import replace

import polars as pl
import pytest

from acutecast.app.live import html
from acutecast.app.pages.assumptions import bodies, detail, inequalities, tpmas
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.ground import Ground, treatments
from acutecast.app.pages.assumptions.sections import BY_KEY
from acutecast.app.pages.assumptions.small import count_text, hide_counts, hide_rates, hide_tpmas
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError
from acutecast.insight.evidence import Evidence
from acutecast.workspace import Person, Settings, create_scenario, open_workspace
from app.test_beside_the_page import DEMO
from small_provider import small_provider

LEAST = 8


@pytest.fixture(scope="module")
def ground() -> Ground:
    return Ground(small_provider(60), least=LEAST)


@pytest.fixture(scope="module")
def visit(tmp_path_factory) -> Visit:
    home = tmp_path_factory.mktemp("home")
    home.joinpath(*DEMO).mkdir(parents=True)
    (home.joinpath(*DEMO) / "0.parquet").touch()
    ws = open_workspace(Settings(home=home))
    person = Person("anna", "Anna", "analyst", ("*",))
    id = create_scenario(ws, person, {"name": "x"}, "DEMO").id
    return Visit(ws, person, {"scenario": id})


def cells(made: str) -> list[int]:
    """Read the numbers in cells of counts."""
    found = re.findall(r'<td class="ac-number"[^>]*>\s*([\d,]+)\s*[<\n]', made)
    return [int(number.replace(",", "")) for number in found]


@pytest.mark.parametrize(
    "section", ["baseline", "expat", "repat_local", "waiting", "growth", "inequalities", "tpmas"]
)
def test_no_section_shows_a_small_count(visit, ground, section):
    seen = Snapshot({"name": "x", "baseline_year": 2023}, 1)
    plain, hidden = (
        html(bodies.body(visit, seen, one, BY_KEY[section]))
        for one in (replace(ground, least=None), ground)
    )
    assert [n for n in cells(hidden) if 0 < n < LEAST] == []
    if section != "tpmas":  # few spells may have many nights, which are then hidden with them
        assert [n for n in cells(plain) if n >= LEAST] == [n for n in cells(hidden) if n >= LEAST]
    if any(0 < n < LEAST for n in cells(plain)):
        assert f"below {LEAST}" in hidden or "too few to show" in hidden


def test_a_new_count_does_not_give_a_small_one_away(ground):
    small = next(p for p, n in ground._counted.items() if p[0] == "baseline_adjustment" and n < 8)
    seen = Snapshot({"name": "x"}, 1, ground.baseline)
    with pytest.raises(AcutecastError, match="is not known here"):
        entry(small).write(seen, {"count": "16", "value": "", "reason": ""}, "count")
    edits = entry(small).write(seen, {"count": "", "value": "10", "reason": ""}, "value")
    assert edits == [(small, 1.1)]
    assert entry(small).read(seen.with_values(edits))["count"] == ""


def test_rare_tpmas_and_hrgs_tell_nothing_of_how_many_they_are(ground):
    known = tpmas.table_of(ground, Snapshot({"name": "x"}, 1))
    rare = known.filter((pl.col("cases") > 0) & (pl.col("cases") < LEAST))
    assert len(rare)
    for row in rare.to_dicts():
        assert row["volume"] is row["share"] is row["overlap"] is row["suggested_low"] is None
        assert tpmas.volume_words(row) == ["too few to show"]
        assert "too few to show" in html(detail._facts(row))
    assert hide_tpmas(known, None) is known
    few = next(t for t in treatments(ground) if 0 < t.activity < LEAST)
    made = html(inequalities._row(Snapshot({"name": "x"}, 1), few, True, LEAST))
    assert made.count("–") == 5
    assert [count_text(n, LEAST) for n in (0.0, 3.0, 8.0, None)] == ["0", "below 8", "8", "–"]


def test_evidence_leaves_out_small_counts():
    people = Evidence("k", pl.DataFrame({"n": [3.0, 20.0], "share": [0.1, 0.9]}))
    hidden = hide_counts(people, LEAST)
    assert hidden.table.rows() == [(None, None), (20.0, 0.9)]
    assert hidden.notes == ("Counts below 8 are hidden.",)
    assert hide_counts(people, None) is people
    assert hide_counts(Evidence("k", people.table.head(1)), LEAST).table.is_empty()
    rates = Evidence("k", pl.DataFrame({"rate": [2.0, 2.0], "denominator": [1.0, 300.0]}))
    assert len(hide_rates(rates, LEAST).table) == 1
