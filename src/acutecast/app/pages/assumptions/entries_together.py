"""Entries that are stored together with others: weights of projections, choices of HRGs."""

from __future__ import annotations

from collections.abc import Mapping

from acutecast.app.pages.assumptions.entry_kinds import Edits, Entry
from acutecast.app.pages.assumptions.names import variant_label
from acutecast.app.pages.assumptions.phrases import number_text, read_number
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.pages.assumptions.values import Parts
from acutecast.errors import AcutecastError, Problem

INEQUALITY_CHOICES = (
    ("", "No change"),
    ("level_up", "Level up"),
    ("zero_sum", "Zero sum"),
    ("level_down", "Level down"),
)


def weight(variant: str) -> Entry:
    """Make the entry of the weight of a population projection."""
    path = ("population", "variants", variant)

    def weights(snapshot: Snapshot) -> dict[str, float]:
        return dict(snapshot.scenario.population.variants)

    def read(snapshot: Snapshot) -> Parts:
        mine = weights(snapshot).get(variant, 0)
        return {"weight": number_text(100 * mine) if mine else ""}

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        text = parts["weight"].strip()
        typed = read_number(text, "weight") if text else 0.0
        if not 0 <= typed <= 1e6:
            raise AcutecastError(
                Problem(f"{number_text(typed)} is no weight", "weight", remedy="Write 0 or more.")
            )
        changed_to = weights(snapshot) | {variant: round(typed / 100, 10)}
        kept = {name: value for name, value in changed_to.items() if value > 0}
        if not kept:
            raise AcutecastError(
                Problem(
                    "no projection would be left", "weight",
                    remedy="Give another one a weight first.",
                )
            )  # fmt: skip
        return [(("population", "variants"), kept)]

    def words(snapshot: Snapshot) -> str:
        kept = weights(snapshot)
        share = kept.get(variant, 0) / sum(kept.values())
        return f"{number_text(round(100 * share, 1))}% of the runs" if share else ""

    return Entry(path, variant_label(variant), read, write, words, together=True)


def inequality(hrg: str) -> Entry:
    """Make the entry of the choice for one HRG."""

    def now(snapshot: Snapshot) -> str:
        lists = snapshot.at(("inequalities",)) or {}
        return next((name for name, hrgs in lists.items() if hrg in hrgs), "")

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        return choose_inequalities(snapshot, {hrg: parts["choice"]})

    def words(snapshot: Snapshot) -> str:
        return dict(INEQUALITY_CHOICES)[now(snapshot)] if now(snapshot) else ""

    return Entry(
        ("inequalities", hrg), f"HRG {hrg}", lambda snapshot: {"choice": now(snapshot)}, write,
        words, together=True,
    )  # fmt: skip


def choose_inequalities(snapshot: Snapshot, choices: Mapping[str, str]) -> Edits:
    """Give what to store so that HRGs have a choice each; the others stay."""
    stored = snapshot.at(("inequalities",)) or {}
    edits: Edits = []
    for name, _ in INEQUALITY_CHOICES[1:]:
        before = list(stored.get(name, ()))
        after = sorted(
            {hrg for hrg in before if hrg not in choices}
            | {hrg for hrg, choice in choices.items() if choice == name}
        )
        if after != sorted(before):
            edits.append((("inequalities", name), after or None))
    return edits
