"""Who may do what: the one rule, which every read and write of the workspace asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from acutecast.errors import AcutecastError, Problem

ROLES = ("reader", "analyst", "admin")
"""From who may do least to who may do most."""

EVERY = "*"
"""Stands for every provider."""

Action = Literal["see", "edit", "run", "share", "delete", "administer"]
_LEAST_ROLE: dict[str, str] = {
    "see": "reader",
    "edit": "analyst",
    "run": "analyst",
    "share": "analyst",
    "delete": "analyst",
    "administer": "admin",
}


_MISSING = Problem(
    "this does not exist, or you may not see it",
    remedy="Check the address, or ask whoever sent it to share it with you.",
)


class Forbidden(AcutecastError):
    """What somebody asked for does not exist, or they may not have it: the words are the same."""

    kind = "no permission"

    def __init__(
        self, problems: Problem | str | Iterable[Problem] = _MISSING, title: str = ""
    ) -> None:
        super().__init__(problems, title)


@dataclass(frozen=True)
class Person:
    """Somebody who uses the workspace.

    Attributes:
        name: who they are, in small letters; unique.
        title: how to call them.
        role: "reader", "analyst" or "admin".
        providers: codes of the providers whose data they may see; ("*",) for all, () for none.
        groups: the groups that they belong to, as whoever identified them says.
    """

    name: str
    title: str
    role: str = "reader"
    providers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Thing(Protocol):
    """What permission is asked for: a scenario, or what belongs to one."""

    @property
    def dataset(self) -> str:
        """The code of the provider."""
        ...

    @property
    def owner(self) -> str:
        """The name of the person who made it."""
        ...

    @property
    def shared(self) -> bool:
        """Whether everybody who may see the provider may see it."""
        ...


def may(person: Person, action: Action, thing: Thing | str | None = None) -> bool:
    """Tell whether a person may do something.

    - A reader sees what is shared, of their providers.
    - An analyst also makes, edits and runs: what they own, and what is shared.
    - An admin does everything, of their providers, with what is private and not theirs too.
    - Who shares a scenario or deletes it is its owner or an admin.

    Args:
        person: who asks.
        action: "see", "edit" (also to make), "run", "share" (also to make private), "delete" (also
            to restore) or "administer".
        thing: a scenario, or anything with its `dataset`, `owner` and `shared`; the code of a
            provider, for making or running something on its data; None for the installation,
            which only an admin of all providers administers.
    """
    if ROLES.index(person.role) < ROLES.index(_LEAST_ROLE[action]):
        return False
    if thing is None:
        return action == "administer" and EVERY in person.providers
    dataset = thing if isinstance(thing, str) else thing.dataset
    if EVERY not in person.providers and dataset not in person.providers:
        return False
    if isinstance(thing, str) or person.role == "admin" or thing.owner == person.name:
        return True
    return thing.shared and action in ("see", "edit", "run")


def demand(person: Person, action: Action, thing: Thing | str) -> None:
    """Raise `Forbidden` where a person may not do something.

    Raises:
        Forbidden: as for what does not exist, where they may not even see it; else saying what
            they lack.
    """
    if may(person, action, thing):
        return
    if not may(person, "see", thing):
        raise Forbidden()
    if ROLES.index(person.role) < ROLES.index(_LEAST_ROLE[action]):
        raise Forbidden(
            Problem(
                f"your role, {person.role}, does not let you {_WORDS[action]}",
                remedy="Ask whoever looks after this installation.",
            )
        )
    raise Forbidden(
        Problem(
            f"only its owner or an administrator may {_WORDS[action]}",
            remedy="Make a copy, which is yours.",
        )
    )


_WORDS: dict[str, str] = {
    "see": "see this",
    "edit": "change this",
    "run": "start runs",
    "share": "say who sees this",
    "delete": "delete or restore this",
    "administer": "administer this",
}
