"""Who may do what, and that nothing else can be done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from acutecast.errors import AcutecastError
from acutecast.workspace import (
    Edit,
    Forbidden,
    Person,
    content_at,
    copy_scenario,
    create_scenario,
    datasets,
    delete_scenario,
    differences,
    edit,
    evidence_root,
    export_scenario,
    history,
    list_scenarios,
    may,
    provider,
    read_scenario,
    rename_scenario,
    restore_scenario,
    revert_to,
    share_scenario,
    undo,
    upload_scenario,
)
from acutecast.workspace.access_file import parse_access, read_access


@dataclass(frozen=True)
class Thing:
    dataset: str
    owner: str
    shared: bool


ACTIONS = ("see", "edit", "run", "share", "delete")
MINE, SHARED, PRIVATE = (
    Thing("RXX", "me", False),
    Thing("RXX", "other", True),
    Thing("RXX", "other", False),
)


@pytest.mark.parametrize(
    ("role", "thing", "allowed"),
    [
        ("reader", MINE, "see"),
        ("reader", SHARED, "see"),
        ("reader", PRIVATE, ""),
        ("analyst", MINE, "see edit run share delete"),
        ("analyst", SHARED, "see edit run"),
        ("analyst", PRIVATE, ""),
        ("admin", MINE, "see edit run share delete"),
        ("admin", SHARED, "see edit run share delete"),
        ("admin", PRIVATE, "see edit run share delete"),
        ("reader", "RXX", "see"),
        ("analyst", "RXX", "see edit run share delete"),
    ],
)
def test_the_rule(role, thing, allowed):
    person = Person("me", "Me", role, ("RXX",))
    assert [a for a in ACTIONS if may(person, a, thing)] == allowed.split()
    everywhere = replace(person, providers=("*",))
    assert [a for a in ACTIONS if may(everywhere, a, thing)] == allowed.split()
    # Whoever has no access to the provider can do nothing, whatever the role and the owner.
    for providers in ((), ("RYY",)):
        assert not any(may(replace(person, providers=providers), a, thing) for a in ACTIONS)


def test_who_administers():
    assert may(Person("a", "A", "admin", ("*",)), "administer")
    assert not may(Person("a", "A", "admin", ("RXX",)), "administer")
    assert may(Person("a", "A", "admin", ("RXX",)), "administer", PRIVATE)
    assert not may(Person("a", "A", "analyst", ("*",)), "administer", SHARED)
    # Nothing is allowed on nothing.
    assert not any(may(Person("a", "A", "admin", ("*",)), a) for a in ACTIONS)


def everything(ws: Any, person: Person, scenario_id: str) -> dict[str, Any]:
    """All that can be asked about one scenario."""
    return {
        "read": lambda: read_scenario(ws, person, scenario_id),
        "history": lambda: history(ws, person, scenario_id),
        "content_at": lambda: content_at(ws, person, scenario_id, 1),
        "export": lambda: export_scenario(ws, person, scenario_id),
        "export nhp": lambda: export_scenario(ws, person, scenario_id, "nhp"),
        "differences": lambda: differences(ws, person, scenario_id, scenario_id),
        "edit": lambda: edit(ws, person, scenario_id, 1, [Edit(("runs",), 2)]),
        "edit nothing": lambda: edit(ws, person, scenario_id, 99, []),
        "undo": lambda: undo(ws, person, scenario_id, 2),
        "revert": lambda: revert_to(ws, person, scenario_id, 1),
        "rename": lambda: rename_scenario(ws, person, scenario_id, "Mine now"),
        "share": lambda: share_scenario(ws, person, scenario_id),
        "copy": lambda: copy_scenario(ws, person, scenario_id),
        "create a copy": lambda: create_scenario(
            ws, person, {"name": "x"}, "RXX", copied_from=scenario_id
        ),
        "delete": lambda: delete_scenario(ws, person, scenario_id),
        "restore": lambda: restore_scenario(ws, person, scenario_id),
    }


def test_what_may_not_be_seen_is_as_if_it_were_not(any_ws, anna, ben, rita, olaf):
    private = create_scenario(any_ws, anna, None, "RXX", "Secret").id
    edit(any_ws, anna, private, 1, [Edit(("runs",), 512)])
    nobody = Person("nobody", "Nobody")
    told = set()
    for person in (ben, rita, olaf, nobody):
        for scenario_id in (private, "0" * 32, "", "x' OR '1'='1", private.upper(), "\0", "\ud800"):
            for name, ask in everything(any_ws, person, scenario_id).items():
                with pytest.raises(Forbidden) as raised:
                    ask()
                told.add((str(raised.value), raised.value.title))
                assert "Secret" not in str(raised.value), name
        assert list_scenarios(any_ws, person) == []
    assert len(told) == 1
    assert read_scenario(any_ws, anna, private).revision == 2


def test_a_shared_scenario_is_seen_by_those_of_the_provider_alone(ws, anna, ben, rita, ada, olaf):
    shared = create_scenario(ws, anna, None, "RXX", "Ours", shared=True).id
    for person in (anna, ben, rita, ada):
        assert [row.id for row in list_scenarios(ws, person)] == [shared]
        assert read_scenario(ws, person, shared).owner == anna.name
    assert list_scenarios(ws, olaf) == []
    with pytest.raises(Forbidden):
        read_scenario(ws, olaf, shared)


def test_a_reader_changes_nothing(ws, anna, rita, tmp_path):
    shared = create_scenario(ws, anna, None, "RXX", "Ours", shared=True)
    edit(ws, anna, shared.id, 1, [Edit(("runs",), 512)])
    asked = everything(ws, rita, shared.id)
    for name in ("edit", "edit nothing", "undo", "revert", "rename", "share", "copy", "delete"):
        with pytest.raises(Forbidden, match="your role, reader"):
            asked[name]()
    with pytest.raises(Forbidden, match="your role, reader"):
        create_scenario(ws, rita, None, "RXX", "Hers")
    file = tmp_path / "scenario.json"
    file.write_text('{"name": "Hers"}')
    with pytest.raises(Forbidden, match="your role, reader"):
        upload_scenario(ws, rita, file, "RXX")
    assert read_scenario(ws, anna, shared.id).revision == 2


def test_an_analyst_edits_what_is_shared_and_leaves_its_sharing_to_the_owner(ws, anna, ben, ada):
    shared = create_scenario(ws, anna, None, "RXX", "Ours", shared=True).id
    assert edit(ws, ben, shared, 1, [Edit(("runs",), 512)]).row.changed_by == ben.name
    for do in (share_scenario, delete_scenario, restore_scenario):
        with pytest.raises(Forbidden, match="owner"):
            do(ws, ben, shared)
    assert not share_scenario(ws, ada, shared, False).shared
    with pytest.raises(Forbidden):
        read_scenario(ws, ben, shared)
    assert delete_scenario(ws, ada, shared).deleted_at is not None


def test_data_of_others(ws, anna, olaf):
    assert {found.code for found in datasets(ws, anna)} == {"RXX"}
    for ask in (
        lambda: provider(ws, olaf, "RXX"),
        lambda: evidence_root(ws, olaf, "RXX"),
        lambda: create_scenario(ws, olaf, None, "RXX", "x"),
        lambda: create_scenario(ws, olaf, {"name": "x", "dataset": "RXX"}),
        lambda: provider(ws, olaf, "RZZ"),
    ):
        with pytest.raises(Forbidden, match="does not exist, or you may not see it"):
            ask()
    mine = create_scenario(ws, olaf, None, "RYY", "x").id
    with pytest.raises(Forbidden):
        copy_scenario(ws, olaf, mine, dataset="RXX")


def test_highest_role_and_all_providers_of_person_and_groups():
    access = parse_access(
        """
        [people."Anna@x.nhs.uk"]
        role = "reader"
        providers = ["RXX"]
        [groups."Planners"]
        role = "analyst"
        providers = ["RYY"]
        [groups.board]
        providers = ["*"]
        """,
        "access.toml",
    )
    anna = access.of("anna@X.nhs.uk", ("planners", "unknown"))
    assert (anna.role, anna.providers) == ("analyst", ("RXX", "RYY"))
    assert access.of("bob", ("board",)).providers == ("*",)
    assert access.of("bob", ("board",)).role == "reader"
    # Whom nothing names sees nothing.
    assert access.of("bob", ()).providers == ()


def test_default_is_for_everybody():
    access = parse_access(
        '[default]\nproviders = ["RXX"]\n[people.bob]\nproviders = ["RYY"]', "access.toml"
    )
    assert access.of("eve", ()).providers == ("RXX",)
    assert access.of("bob", ()).providers == ("RXX", "RYY")


def test_everything_wrong_with_the_file_is_said_at_once():
    with pytest.raises(AcutecastError) as raised:
        parse_access(
            """
            [person."bob"]
            role = "reader"
            [people.anna@x.nhs.uk]
            role = "reader"
            """.replace("anna@x", "anna"),
            "access.toml",
        )
    assert [p.where for p in raised.value.problems] == [
        "person",
        'people."anna".nhs',
    ]
    with pytest.raises(AcutecastError) as raised:
        parse_access(
            """
            default = 1
            groups = []
            [people.bob]
            role = "king"
            providers = "RXX"
            [people.Bob]
            providers = [""]
            """,
            "access.toml",
        )
    assert [p.where for p in raised.value.problems] == [
        "default",
        'people."bob".role',
        'people."bob".providers',
        'people."Bob"',
        'people."Bob".providers',
        "groups",
    ]
    with pytest.raises(AcutecastError, match="not valid TOML"):
        parse_access("[people", "access.toml")


def test_the_file_is_read_again_when_it_changes(tmp_path: Path):
    file = tmp_path / "access.toml"
    file.write_text('[people.bob]\nproviders = ["RXX"]')
    assert read_access(file) is read_access(file)
    file.write_text('[people.bob]\nproviders = ["RXX", "RYY"]')
    assert read_access(file).of("bob", ()).providers == ("RXX", "RYY")
    file.unlink()
    with pytest.raises(AcutecastError, match="cannot be read"):
        read_access(file)
