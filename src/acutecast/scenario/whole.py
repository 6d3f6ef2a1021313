"""Whole numbers, also where a program wrote 1234 as 1234.0, as R and spreadsheets do."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator


def whole(value: Any) -> Any:
    """Give a number without a fraction as a whole number; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


AS_WRITTEN = BeforeValidator(whole)
"""Makes a whole number of a field however it is written; stands after its limits."""
