"""Groups of assumptions that move together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from acutecast.errors import Problem
from acutecast.scenario.faults import nearest


class Correlation(BaseModel):
    """A group of assumptions of which every two have the same correlation.

    The correlation is that of the normal scores of a Gaussian copula.

    Attributes:
        name: the group's name.
        assumptions: names of assumptions, or patterns such as "activity_avoidance.ip.smok*".
        rho: the correlation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1)]
    assumptions: Annotated[list[str], Field(min_length=1)]
    rho: Annotated[float, Field(ge=-1, le=1)]

    def members(self, names: Iterable[str]) -> list[str]:
        """Give those of the `names` that belong to the group, in their order."""
        return [name for name in names if any(fnmatchcase(name, p) for p in self.assumptions)]


def correlation_problems(groups: Sequence[Correlation], names: Sequence[str]) -> list[Problem]:
    """Find what is wrong with the groups of a scenario that has assumptions of these names."""
    problems = []
    group_of: dict[str, str] = {}
    seen = set()
    for index, group in enumerate(groups):
        where = f"[{index}]"
        if group.name in seen:
            problems.append(
                Problem(
                    f'two groups have the name "{group.name}"',
                    f"{where}.name",
                    remedy="Give each group a name of its own.",
                )
            )
        seen.add(group.name)
        for position, pattern in enumerate(group.assumptions):
            if not any(fnmatchcase(name, pattern) for name in names):
                problems.append(
                    Problem(
                        f'"{pattern}" matches no assumption of the scenario',
                        f"{where}.assumptions[{position}]",
                        remedy=nearest(pattern, names),
                    )
                )
        members = group.members(names)
        problems += [
            Problem(
                f"{name} is already in the group {group_of[name]}",
                f"{where}.assumptions",
                remedy="An assumption can be in one group: take it out of one of them.",
            )
            for name in members
            if name in group_of
        ]
        group_of.update(dict.fromkeys(members, f'"{group.name}"'))
        lowest = -1 / (len(members) - 1) if len(members) > 1 else -1.0
        if group.rho < lowest - 1e-12:
            problems.append(
                Problem(
                    f"{len(members)} assumptions cannot all have a correlation of {group.rho:g} "
                    "with each other (the matrix is not positive definite)",
                    f"{where}.rho",
                    remedy=f"Write {lowest:.3f} or more, or take assumptions out of the group.",
                )
            )
    return problems


def spread(own: np.ndarray, rho: float) -> np.ndarray:
    """Give independent normal scores a negative correlation `rho`, the same for every two.

    Multiplies by the symmetric square root of (1 - rho) I + rho J, which treats all members alike.

    Args:
        own: standard normal scores, (runs, members).
        rho: a correlation of at least -1 / (members - 1).
    """
    members = own.shape[1]
    apart = np.sqrt(1 - rho)
    together = np.sqrt(max(0.0, 1 + (members - 1) * rho))
    return apart * own + (together - apart) * own.mean(axis=1, keepdims=True)
