"""What a selection means to a run that lacks some of its values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acutecast.report.views.asked import known
from acutecast.report.views.selection import Selection

if TYPE_CHECKING:
    from acutecast.results.run import Run


def own_selection(run: Run, selection: Selection, activity: str) -> Selection | None:
    """Give a selection with only the values that a run has; None where a filter has none left.

    A site or specialty that only another run has is no activity in this one, not an error.
    """
    have = known(run).get(activity)
    if have is None:
        return None
    fields = {
        "pods": have.pods,
        f"{activity}_sites": have.sites,
        "specialties": have.specialties,
        "ages": have.ages,
    }
    kept = {}
    for field, values in fields.items():
        asked = getattr(selection, field)
        if field == "pods":
            asked = tuple(pod for pod in asked if pod.startswith(f"{activity}_"))
        if field == "specialties" and activity == "aae":
            continue
        kept[field] = tuple(value for value in asked if value in values)
        if asked and not kept[field]:
            return None
    return replace(selection, **kept)
