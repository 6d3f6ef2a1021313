"""Distributions: what a user states about one uncertain value.

Each is a frozen model whose fields are the parameters as written, with `quantile(u)` and `mean()`.
Its valid range is that of the section of the scenario where it stands; no value lies outside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from statistics import NormalDist
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, PrivateAttr, Tag, model_validator

from acutecast.scenario import metalog
from acutecast.scenario.beta import beta_quantile
from acutecast.scenario.faults import fault, tag
from acutecast.scenario.profiles import Profile

_STANDARD = NormalDist()
P10_TO_P90 = 2 * _STANDARD.inv_cdf(0.9)
"""The distance from P10 to P90 of a normal distribution, in standard deviations (2.563103)."""

_PERT_WEIGHT = 4
_DEGENERATE = "Write a plain number for a value that is certain."


def normal_quantile(u: np.ndarray) -> np.ndarray:
    """Give the standard normal quantiles at `u` in (0, 1), any shape (Wichura's AS 241)."""
    u = np.asarray(u, dtype=np.float64)
    values = map(_STANDARD.inv_cdf, u.ravel().tolist())
    return np.fromiter(values, np.float64, u.size).reshape(u.shape)


def normal_cdf(z: np.ndarray) -> np.ndarray:
    """Give the standard normal distribution function at `z`, any shape."""
    z = np.asarray(z, dtype=np.float64)
    values = (math.erfc(-x * math.sqrt(0.5)) / 2 for x in z.ravel().tolist())
    return np.fromiter(values, np.float64, z.size).reshape(z.shape)


class Stated(BaseModel):
    """What every distribution has: its valid range, a time profile, a reason.

    Attributes:
        profile: the time profile; None for the default of its section.
        reason: why the user assumes this; free text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    # The parameters that are values of the variable, in the order in which they must ascend.
    ascending: ClassVar[tuple[str, ...]] = ()

    profile: Profile | None = None
    reason: str = ""
    _valid: tuple[float, float] = PrivateAttr(default=(-math.inf, math.inf))

    @property
    def valid(self) -> tuple[float, float]:
        """The lowest and the highest value that the variable can take."""
        return self._valid

    def within(self, low: float, high: float) -> Self:
        """Give the same distribution with the valid range [low, high]."""
        copy = self.model_copy()
        copy._valid = (float(low), float(high))
        return copy

    def stated_values(self) -> list[float]:
        """Give the parameters that are values of the variable, ascending."""
        return [float(getattr(self, name)) for name in self.ascending]

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give the quantiles at `u`, probabilities in (0, 1) of any shape, as float64."""
        raise NotImplementedError

    def mean(self) -> float:
        """Give the mean of what `quantile` gives, within the valid range."""
        raise NotImplementedError

    def _clip(self, values: np.ndarray) -> np.ndarray:
        return np.clip(values, *self._valid)


class Point(Stated):
    """A value that is certain."""

    ascending: ClassVar = ("value",)

    distribution: Literal["point"] = "point"
    value: float

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give `value` for every `u`."""
        return np.full(np.shape(u), float(self.value))

    def mean(self) -> float:
        """Give `value`."""
        return float(self.value)


class _Interval(Stated):
    """A normal distribution with the given P10 and P90."""

    ascending: ClassVar = ("p10", "p90")

    p10: float
    p90: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.p10 > self.p90:
            raise fault(
                f"the interval is reversed: P10 is {self.p10:g} and P90 is {self.p90:g}",
                f"Write [{self.p90:g}, {self.p10:g}].",
            )
        return self

    @property
    def centre(self) -> float:
        """The mean of the normal distribution before its tails are dealt with."""
        return (self.p10 + self.p90) / 2

    @property
    def spread(self) -> float:
        """Its standard deviation."""
        return (self.p90 - self.p10) / P10_TO_P90

    def _edges(self) -> tuple[float, float]:
        """The valid range in standard deviations from the centre."""
        low, high = ((edge - self.centre) / self.spread for edge in self._valid)
        return low, high


class Normal(_Interval):
    """A normal distribution with the given P10 and P90, clipped to the valid range.

    Values outside the range are set to its edge, as in the NHP model.
    """

    distribution: Literal["normal"] = "normal"

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give the quantiles, clipped to the valid range."""
        return self._clip(self.centre + self.spread * normal_quantile(u))

    def mean(self) -> float:
        """Give the mean after clipping."""
        if self.spread == 0:
            return self.centre
        low, high = self._edges()
        below, above = _STANDARD.cdf(low), _STANDARD.cdf(-high)
        inside = self.centre * (1 - below - above)
        inside += self.spread * (_STANDARD.pdf(low) - _STANDARD.pdf(high))
        tails = [
            edge * weight
            for edge, weight in zip(self._valid, (below, above), strict=True)
            if weight > 0
        ]
        return inside + sum(tails)


class TruncatedNormal(_Interval):
    """A normal distribution cut off at the valid range and rescaled.

    P10 and P90 are those of the normal distribution before the cut.
    """

    distribution: Literal["truncated_normal"] = "truncated_normal"

    @model_validator(mode="after")
    def _spread_out(self) -> Self:
        if self.p10 == self.p90:
            raise fault("P10 and P90 are the same", _DEGENERATE)
        return self

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give the quantiles of the part inside the valid range."""
        low, high = (_STANDARD.cdf(edge) for edge in self._edges())
        share = np.clip(low + np.asarray(u) * (high - low), 1e-300, 1 - 2.0**-53)
        return self._clip(self.centre + self.spread * normal_quantile(share))

    def mean(self) -> float:
        """Give the mean of the part inside the valid range."""
        low, high = self._edges()
        mass = _STANDARD.cdf(high) - _STANDARD.cdf(low)
        return self.centre + self.spread * (_STANDARD.pdf(low) - _STANDARD.pdf(high)) / mass


class _Peaked(Stated):
    """A distribution from `low` to `high` with its peak at `mode`."""

    ascending: ClassVar = ("low", "mode", "high")

    low: float
    mode: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise fault(f"low ({self.low:g}) is above high ({self.high:g})", "Swap the two values.")
        if self.low == self.high:
            raise fault("low and high are the same", _DEGENERATE)
        if not self.low <= self.mode <= self.high:
            raise fault(
                f"mode ({self.mode:g}) lies outside low to high ({self.low:g} to {self.high:g})",
                "Write a mode between the two.",
            )
        return self


class Triangular(_Peaked):
    """A triangular distribution."""

    distribution: Literal["triangular"] = "triangular"

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give the quantiles: a square root on either side of the mode."""
        u = np.asarray(u, dtype=np.float64)
        width = self.high - self.low
        left = self.low + np.sqrt(u * width * (self.mode - self.low))
        right = self.high - np.sqrt((1 - u) * width * (self.high - self.mode))
        return self._clip(np.where(u <= (self.mode - self.low) / width, left, right))

    def mean(self) -> float:
        """Give (low + mode + high) / 3."""
        return (self.low + self.mode + self.high) / 3


class Pert(_Peaked):
    """A PERT distribution: a beta distribution with mean (low + 4 mode + high) / 6."""

    distribution: Literal["pert"] = "pert"

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give the quantiles."""
        width = self.high - self.low
        a = 1 + _PERT_WEIGHT * (self.mode - self.low) / width
        b = 1 + _PERT_WEIGHT * (self.high - self.mode) / width
        return self._clip(self.low + width * beta_quantile(u, a, b))

    def mean(self) -> float:
        """Give (low + 4 mode + high) / 6."""
        return (self.low + _PERT_WEIGHT * self.mode + self.high) / (_PERT_WEIGHT + 2)


class Uniform(Stated):
    """Every value from `low` to `high` equally likely."""

    ascending: ClassVar = ("low", "high")

    distribution: Literal["uniform"] = "uniform"
    low: float
    high: float

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise fault(f"low ({self.low:g}) is above high ({self.high:g})", "Swap the two values.")
        if self.low == self.high:
            raise fault("low and high are the same", _DEGENERATE)
        return self

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give low + u (high - low)."""
        return self._clip(self.low + np.asarray(u, dtype=np.float64) * (self.high - self.low))

    def mean(self) -> float:
        """Give the midpoint."""
        return (self.low + self.high) / 2


class Metalog(Stated):
    """A smooth distribution through stated quantiles, bounded by the valid range.

    Attributes:
        quantiles: values by probability, as text: {"0.1": 0.7, "0.5": 0.85, "0.9": 0.95}.
    """

    distribution: Literal["metalog"] = "metalog"
    quantiles: dict[str, float]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for text in self.quantiles:
            if not 0 < _probability(text) < 1:
                raise fault(f'"{text}" is not a probability between 0 and 1')
        pairs = self._pairs()
        if len({probability for probability, _ in pairs}) < 3:
            raise fault(
                "a metalog needs three or more quantiles", 'For example "0.1", "0.5", "0.9".'
            )
        for (p, value), (q, following) in pairwise(pairs):
            if p == q or value >= following:
                raise fault(
                    f"the quantiles do not rise: {value:g} at {p:g}, {following:g} at {q:g}",
                    "Write a higher value for each higher probability.",
                )
        return self

    def within(self, low: float, high: float) -> Self:
        """Give the same distribution with the valid range [low, high], if there is one."""
        first, *_, last = self.stated_values()
        if low <= first and last <= high:
            if first == low or last == high:
                raise fault(
                    f"a quantile lies on the edge of the valid range, {low:g} to {high:g}",
                    "Write quantiles strictly inside it.",
                )
            if not metalog.is_feasible(_fit(self._pairs(), low, high)):
                raise fault(
                    "no smooth distribution goes through these quantiles",
                    "State three quantiles, or space them more evenly.",
                )
        return super().within(low, high)

    def stated_values(self) -> list[float]:
        """Give the quantiles, ascending."""
        return [value for _, value in self._pairs()]

    def quantile(self, u: np.ndarray) -> np.ndarray:
        """Give the quantiles of the fitted curve."""
        if not all(map(math.isfinite, self._valid)):
            raise ValueError("a metalog has bounds: give it a valid range with within(low, high)")
        return self._clip(metalog.quantile(u, _fit(self._pairs(), *self._valid), *self._valid))

    def mean(self) -> float:
        """Give the mean, by Gauss-Legendre integration of the quantiles."""
        nodes, weights = np.polynomial.legendre.leggauss(200)
        return float(self.quantile((nodes + 1) / 2) @ weights / 2)

    def _pairs(self) -> list[tuple[float, float]]:
        return sorted((_probability(text), value) for text, value in self.quantiles.items())


def _probability(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _fit(pairs: Iterable[tuple[float, float]], low: float, high: float) -> np.ndarray:
    probabilities, values = np.array(list(pairs), dtype=np.float64).T
    return metalog.fit(probabilities, values, low, high)


CLASSES: dict[str, type[Stated]] = {
    "point": Point,
    "normal": Normal,
    "truncated_normal": TruncatedNormal,
    "triangular": Triangular,
    "pert": Pert,
    "uniform": Uniform,
    "metalog": Metalog,
}


def kind_of(stated: Stated) -> str:
    """Give the name of a distribution in words: "truncated normal"."""
    return next(name for name, c in CLASSES.items() if type(stated) is c).replace("_", " ")


def _branch(value: Any) -> str | None:
    name = value["distribution"] if isinstance(value, dict) else value.distribution
    return tag(name)


Distribution = Annotated[
    Annotated[Point, Tag("<point>")]
    | Annotated[Normal, Tag("<normal>")]
    | Annotated[TruncatedNormal, Tag("<truncated_normal>")]
    | Annotated[Triangular, Tag("<triangular>")]
    | Annotated[Pert, Tag("<pert>")]
    | Annotated[Uniform, Tag("<uniform>")]
    | Annotated[Metalog, Tag("<metalog>")],
    Discriminator(_branch),
]
