"""Which group a treatment specialty falls in."""

from __future__ import annotations

from functools import cache

from acutecast.facts import SPECIALTY_GROUPS

_SURGICAL_CODES_OF_PHYSICIANS = ("180", "190", "192")
_MEDICAL_PATHOLOGY = ("831", "833", "834")


@cache
def specialty_group(tretspef: str) -> str:
    """Give the group of a treatment specialty code (HES `tretspef`).

    Eighteen large specialties are their own group. Of the others, codes that start with 1 are
    surgical, except emergency medicine, anaesthetics and critical care (180, 190, 192), which
    count as medical with all that start with 2, 3, 4, 5 or 6 and three pathology codes; midwifery
    (560) and the rest are "Other". Source: data of the NHP demand model 5.2 (MIT licence).
    """
    if tretspef in SPECIALTY_GROUPS:
        return tretspef
    if tretspef in _SURGICAL_CODES_OF_PHYSICIANS or tretspef in _MEDICAL_PATHOLOGY:
        return "Other (Medical)"
    if len(tretspef) != 3 or not tretspef.isdigit() or tretspef == "560":
        return "Other"
    if tretspef[0] == "1":
        return "Other (Surgical)"
    return "Other (Medical)" if tretspef[0] in "23456" else "Other"
