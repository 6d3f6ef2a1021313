"""Flows: activity that moves from one provider, or site, to another, and is lost to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from acutecast.facts import ACTIVITY_TYPES
from acutecast.scenario.distributions import Point
from acutecast.scenario.draw import uniforms_of
from acutecast.scenario.model import Share, Specialty
from acutecast.scenario.profiles import Profile

GROUPS = {
    "ip": ("elective", "non-elective", "maternity"),
    "op": ("first", "followup", "procedure"),
    "aae": ("ambulance", "walk-in"),
}
_DEFAULT = Profile(shape="linear")


class Flow(BaseModel):
    """What moves from where to where, and how much of it by the horizon.

    Attributes:
        origin: code of the provider whose activity it is ("from" in a file). A new hospital, or a
            new service, borrows its activity from this one.
        to: code of the provider that it goes to, which the data need not have yet.
        site: the site where it counts there; the code of the provider where left out.
        activity: "ip", "op" or "aae".
        group: one of the activity type's groups (elective, …); all where left out.
        specialty: one specialty group; all where left out. Emergency care has none.
        from_site: the site it leaves; all of the provider's where left out.
        share: the share that moves, of what is there after all other assumptions.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True
    )

    origin: Annotated[str, Field(min_length=1, alias="from")]
    to: Annotated[str, Field(min_length=1)]
    site: str = ""
    activity: Literal["ip", "op", "aae"]
    group: str = ""
    specialty: Specialty | None = None
    from_site: str = ""
    share: Share

    @property
    def name(self) -> str:
        """The name of its draws."""
        parts = (self.origin, self.to, self.place, self.activity, self.group, self.specialty or "")
        return ".".join(("flows", *parts, self.from_site))

    @property
    def place(self) -> str:
        """The site where it counts at its destination."""
        return self.site or self.to

    def weights(self, years: Sequence[int], baseline: int, horizon: int) -> np.ndarray:
        """Give the part of `share` that has moved in each year, (years,)."""
        return (self.share.profile or _DEFAULT).weights(years, baseline, horizon)


def flow_problems(flows: Sequence[Flow]) -> list[tuple[int, str, str]]:
    """Say what is wrong with flows beside their fields: (number, what, remedy)."""
    found, seen = [], set()
    for i, flow in enumerate(flows):
        known = GROUPS[flow.activity]
        if flow.group and flow.group not in known:
            label = ACTIVITY_TYPES[flow.activity].label.lower()
            found.append((i, f'{label} have no group "{flow.group}"', f"Use {', '.join(known)}."))
        if flow.activity == "aae" and flow.specialty:
            found.append((i, "emergency care has no specialty", "Remove it."))
        if flow.origin == flow.to and flow.place in ("", flow.origin, flow.from_site):
            found.append((i, "goes nowhere", "Name another provider, or another site."))
        if flow.name in seen:
            found.append((i, "stands twice", "Keep one of the two."))
        seen.add(flow.name)
    return found


def draw_flows(flows: Sequence[Flow], seed: int, runs: int) -> np.ndarray:
    """Draw the share of every flow at the horizon, (runs, flows), keyed by name as ever."""
    counters = np.arange(1, runs + 1)
    values = np.empty((runs, len(flows)))
    for column, flow in enumerate(flows):
        stated = flow.share
        if isinstance(stated, Point):
            values[:, column] = stated.value
        else:
            values[:, column] = stated.quantile(uniforms_of(flow.name, seed, counters))
    return values
