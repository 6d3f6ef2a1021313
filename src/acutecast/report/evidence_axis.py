"""The vertical axis that the rates of one TPMA share, and what is set as a band on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acutecast.insight.evidence import Chosen, Evidence
from acutecast.insight.tpma_rates import SHARE_OF_SPELLS
from acutecast.report.charts import financial_year
from acutecast.report.views.drawing import mark, number_axis, tips

HEIGHT = 280
BAND = 0.28
SET = "What is set"
# A kind of mark that views of runs have no use for.
RECT: Any = "rect"
_SMALL, _FAR = 0.05, 4.0
_ROOM = 0.06
# How many times as long England may make the axis.
_STRETCH = 1.6
_PERCENT = ("share of contacts", SHARE_OF_SPELLS)
_TITLES = {
    "per 1,000 people": "Spells per 1,000 people",
    "mean nights": "Nights a spell",
    "per 1,000 elective spells": "Spells per 1,000 elective spells",
    "share of contacts": "% of contacts",
    "follow-ups per first attendance": "Follow-ups per first attendance",
    SHARE_OF_SPELLS: "% of all spells",
}


def title_of(unit: str) -> str:
    """Give what a rate counts, as a heading."""
    return _TITLES.get(unit, "Rate")


def kind_of(unit: str) -> str:
    """Give the kind of a table's column of rates."""
    return "percent" if unit in _PERCENT else "decimal"


def factor_of(unit: str) -> float:
    """Give what turns a rate into what is shown: shares are shown in percent."""
    return 100.0 if unit in _PERCENT else 1.0


@dataclass(frozen=True)
class Scale:
    """How rates of one TPMA are drawn.

    Attributes:
        unit: as the evidence tells it.
        domain: of the vertical axis, as drawn.
    """

    unit: str
    domain: tuple[float, float]

    @property
    def factor(self) -> float:
        """From a rate to what is drawn: shares are drawn in percent."""
        return factor_of(self.unit)

    @property
    def form(self) -> str:
        """The format of D3 of a rate."""
        return ",.1f" if self.factor > 1 or self.domain[1] >= 10 else ",.2f"

    def said(self, rate: float) -> str:
        """Write a rate for people."""
        text = f"{rate * self.factor:{self.form}}"
        return f"{text}%" if self.factor > 1 else text

    def y(self, field: str = "rate") -> Any:
        """Give a field of the data on the vertical axis."""
        import altair as alt

        return alt.Y(
            f"{field}:Q",
            title=title_of(self.unit),
            axis=number_axis(self.form, titleAnchor="middle"),
            scale=alt.Scale(domain=list(self.domain), nice=False, zero=False),
        )


def scale_of(trend: Evidence | None, funnel: Evidence, chosen: Chosen | None = None) -> Scale:
    """Give the vertical axis that trend, funnel and box share.

    Rates that rest on little (a denominator under 5% of the largest) or lie four or more standard
    deviations from all do not stretch it, nor does England much; one's own always does.

    Args:
        trend: of `trend`; None to leave it out.
        funnel: of `funnel`.
        chosen: what is set; its rates are within the axis.
    """
    by_year = None if trend is None or trend.table.is_empty() else trend.table
    unit = funnel.unit or (trend.unit if trend is not None else "")
    if trend is not None and trend.unit != unit:
        by_year = None
    rates: list[float] = []
    table = funnel.table
    if len(table) > 1:
        large = table["denominator"] >= _SMALL * float(table["denominator"].max())  # type: ignore[operator]
        near = (table["z"].abs() < _FAR).fill_null(True)
        usual = table.filter((large & near) | table["own"])
        rates += usual["rate"].to_list()
        # Limits count where providers are; of the smallest they would be the whole axis.
        rates += usual.select(low=usual["low_2"], high=usual["high_2"]).to_numpy().ravel().tolist()
    if by_year is not None:
        rates += by_year.filter(by_year["own"])["value"].to_list()
    own = own_rate(trend, funnel)
    if own is not None:
        rates += [own] if chosen is None else [own, own * chosen.low, own * chosen.high]
    if by_year is not None and rates:
        england = by_year.filter(~by_year["own"])["value"].to_list()
        both = [*rates, *england]
        if max(both) - min(both) <= _STRETCH * (max(rates) - min(rates)):
            rates = both
    return fitting(rates, unit)


def fitting(rates: Sequence[float], unit: str) -> Scale:
    """Give an axis that holds some rates, with room around them; not below 0."""
    if not rates:
        return Scale(unit, (0.0, 1.0))
    low, high = (end * factor_of(unit) for end in (min(rates), max(rates)))
    room = _ROOM * (high - low) or 0.1 * high or 1.0
    return Scale(unit, (max(low - room, 0.0), high + room))


def own_rate(trend: Evidence | None, funnel: Evidence) -> float | None:
    """Give the provider's own rate of the baseline year; None where it is unknown."""
    if len(funnel.table):
        own = funnel.table.filter(funnel.table["own"])
        if len(own):
            return float(own["rate"][0])
    if trend is None:
        return None
    now = trend.table.filter(trend.table["baseline"])
    return float(now["value"][0]) if len(now) else None


def ribbon_words(chosen: Chosen | None) -> str:
    """Say what the band is; "" without one."""
    if chosen is None:
        return ""
    return (
        f" The band is what is set ({chosen.words}) on this provider's rate, P10 to P90, by "
        f"{financial_year(chosen.years[-1])}."
    )


def ribbon(
    rate: float | None, scale: Scale, chosen: Chosen | None
) -> tuple[list[Any], dict[str, list[Any]]]:
    """Draw what is set as a band over the whole width.

    Args:
        rate: one's own, as drawn.
        scale: the axis.
        chosen: what is set.

    Returns:
        Marks and their data, named "band".
    """
    import altair as alt

    if chosen is None or rate is None:
        return [], {}
    low, high = rate * chosen.low, rate * chosen.high
    band = {"low": [low], "high": [high], "middle": [(low + high) / 2], "text": [SET]}
    tooltip = tips(("low:Q", "Set, P10", scale.form), ("high:Q", "Set, P90", scale.form))
    wide = {"y": scale.y("low"), "y2": alt.Y2("high"), "tooltip": tooltip}
    said = {"x": alt.value(0), "y": scale.y("middle"), "text": alt.Text("text:N")}
    lines = [
        mark("rule", "band", {"y": scale.y(end)}, "less", strokeWidth=1.5)
        for end in ("low", "high")
    ]
    text = mark("text", "band", said, align="left", dx=6, fontSize=11)
    return [mark(RECT, "band", wide, "less", opacity=BAND), text, *lines], band
