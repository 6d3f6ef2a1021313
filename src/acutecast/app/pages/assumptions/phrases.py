"""How an uncertain value is put to people: as a change, where scenarios hold multipliers.

"At least 5% fewer, at most 12% fewer" is the interval [0.88, 0.95].
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from acutecast.errors import AcutecastError, Problem

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


@dataclass(frozen=True)
class Phrase:
    """One way of putting values.

    Attributes:
        unit: what stands after a number ("% fewer").
        origin: the value that is 0 in what people type.
        step: how much the value changes by 1 in what people type.
        low, high: the valid range of what people type.
        least, most: how the two ends of an interval are asked for.
        outside: what is wrong with a number out of the range, in words.
    """

    unit: str
    origin: float
    step: float
    low: float
    high: float
    least: str
    most: str
    outside: str

    def value(self, typed: float) -> float:
        """Give the scenario's value of a typed number."""
        return round(self.origin + self.step * typed, 10)

    def typed(self, value: float) -> str:
        """Give what people would type for a value."""
        return number_text((value - self.origin) / self.step)

    @property
    def falling(self) -> bool:
        """Whether a greater number means a lower value."""
        return self.step < 0


FEWER = Phrase(
    "% fewer", 1.0, -0.01, 0, 100, "At least", "At most",
    "Write how many percent fewer, from 0 (no change) to 100 (none left).",
)  # fmt: skip
MORE = Phrase(
    "% more", 1.0, 0.01, 0, 400, "At least", "At most",
    "Write how many percent more, from 0 (no change) to 400 (five times as much).",
)  # fmt: skip
CHANGE = Phrase(
    "%", 1.0, 0.01, -100, 400, "From", "To",
    "Write the change in percent, from −100 (nothing left) to 400 (five times as much).",
)  # fmt: skip
YEARLY = Phrase(
    "% a year", 1.0, 0.01, -100, 400, "From", "To",
    "Write the change a year in percent, such as 0.5 or −0.5.",
)  # fmt: skip


def plain(unit: str, low: float, high: float) -> Phrase:
    """Give the way of putting values that are typed as they are stored."""
    return Phrase(
        unit, 0.0, 1.0, low, high, "From", "To",
        f"Write a number from {number_text(low)} to {number_text(high)}.",
    )  # fmt: skip


def percent(unit: str, low: float, high: float) -> Phrase:
    """Give the way of putting shares that are typed in percent."""
    return Phrase(
        unit, 0.0, 0.01, low, high, "From", "To",
        f"Write a percentage from {number_text(low)} to {number_text(high)}.",
    )  # fmt: skip


def number_text(number: float) -> str:
    """Write a number without the noise of floats: 12, 7.5, 0.53."""
    text = f"{round(number, 6):.6f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text.replace("-", "−")


def read_number(text: str, what: str = "") -> float:
    """Read a number as people write it: "5", "7.5 %", "−0.5", "1,200".

    Raises:
        AcutecastError: where it is none.
    """
    bare = text.strip().replace("−", "-").replace("–", "-").replace(" ", "").removesuffix("%")
    # Who writes 7,5 for seven and a half does not mean 75.
    if _THOUSANDS.fullmatch(bare):
        bare = bare.replace(",", "")
    try:
        number = float(bare)
    except ValueError:
        number = float("nan")
    if number != number or abs(number) > 1e15:
        raise AcutecastError(
            Problem(f'"{text.strip()}" is not a number', what, remedy="Write digits, such as 7.5.")
        )
    return number
