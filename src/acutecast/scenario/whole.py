"""Whole numbers, also where a program wrote 1234 as 1234.0, as R and spreadsheets do."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator

_EXACT = 2**53


def whole(value: Any) -> Any:
    """Give a number without a fraction as a whole number; anything else as it is.

    So are numbers so large that a float may have lost digits of what was written.
    """
    exact = isinstance(value, float) and abs(value) <= _EXACT and value.is_integer()
    return int(value) if exact else value


AS_WRITTEN = BeforeValidator(whole)
"""Makes a whole number of a field however it is written; stands after its limits."""
