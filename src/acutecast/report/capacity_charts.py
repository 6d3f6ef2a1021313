"""One page of capacity: all areas, then one of them in detail, with words that explain it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_look import (
    PANEL,
    HospitalCapacity,
    check_asked,
    chosen_area,
    drawn_page,
    largest_area,
    words_drawn,
)
from acutecast.report.capacity_overview import (
    overview_panel,
)
from acutecast.report.capacity_shortage import (
    shortage_panel,
)
from acutecast.report.capacity_time import (
    trajectory_panel,
    week_panel,
)
from acutecast.report.charts import (
    DARK_BLUE,
    INK,
)

if TYPE_CHECKING:
    import altair as alt


def capacity_chart(
    capacity: HospitalCapacity, area: str | None = None, site: str = "all"
) -> alt.VConcatChart:
    """Draw one page: all areas, then one of them in detail, with words that explain it.

    Args:
        capacity: the capacity of a run.
        area: key of the area in detail; the one with the most beds where None.
        site: a site, where sites are counted apart.

    Raises:
        AcutecastError: where there is no such area or site.
    """
    import altair as alt

    check_asked(capacity, site=site)
    chosen = chosen_area(capacity, area or largest_area(capacity, site), site)
    panels = [chart.properties(description="") for chart in detail_panels(capacity, chosen, site)]
    detail = alt.concat(*panels, columns=3, spacing=34).properties(
        title=alt.TitleParams(
            chosen["label"], fontSize=18, color=DARK_BLUE, anchor="start", offset=12
        )
    )
    words = words_drawn(wrap(capacity.explain(chosen["area"], site), 170), 13, INK)
    return drawn_page(capacity, site, [overview_panel(capacity, site), detail, words])


def detail_panels(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int] = PANEL
) -> list[Any]:
    """Draw the charts that an area has; work booked by session has no hours."""
    hourly = (shortage_panel, week_panel) if area["method"] == "hourly" else ()
    return [draw(capacity, area, site, size) for draw in (*hourly, trajectory_panel)]
