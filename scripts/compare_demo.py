"""Writes the tables of docs/demo-region.md: the made region beside published figures.

Usage: uv run scripts/compare_demo.py FOLDER_WITH_THE_PUBLISHED_FILES
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.provider import Provider
from acutecast.synthetic import make_demo, people

PAGE = Path(__file__).parents[1] / "docs" / "demo-region.md"
MARK = "<!-- made by scripts/compare_demo.py: below this line nothing is written by hand -->"
BANDS = ((18, 34), (35, 49), (50, 64), (65, 74), (75, 84), (85, 90))
GROUPS = {
    "walkin": ("walk_in", "A&E, walk-in"),
    "amb": ("ambulance", "A&E, ambulance"),
    "emer_n": ("emergency", "Emergency spells"),
    "ordelec_n": ("elective_ordinary", "Elective ordinary spells"),
    "daycase_n": ("daycase", "Day cases"),
    "surg_first": ("op_adult_surgical_first", "Outpatients, surgical, first"),
    "surg_fup": ("op_adult_surgical_followup", "Outpatients, surgical, follow-up"),
    "surg_proc": ("op_adult_surgical_procedure", "Outpatients, surgical, procedure"),
    "non-surg_first": ("op_adult_non-surgical_first", "Outpatients, other, first"),
    "non-surg_fup": ("op_adult_non-surgical_followup", "Outpatients, other, follow-up"),
    "non-surg_proc": ("op_adult_non-surgical_procedure", "Outpatients, other, procedure"),
}


def column(provider: Provider, table: str, name: str) -> np.ndarray:
    """Read a column of a provider table as an array."""
    values = provider.tables[table].column(name)
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    return values.to_numpy(zero_copy_only=False)


def rates(data: Path) -> Iterator[str]:
    """Ratio of the region's curves to the published rates, by age band."""
    heads, made = people.catchment(1.0), people.rates()
    with (data / "england_activity_rates_by_age.csv").open() as file:
        rows = list(csv.DictReader(file))
    yield "| activity | " + " | ".join(f"{a}–{b}" if b < 90 else f"{a}+" for a, b in BANDS) + " |"
    yield "|---" * (len(BANDS) + 1) + "|"
    for group, (name, label) in GROUPS.items():
        cells = []
        for first, last in BANDS:
            ages = [r for r in rows if r["group"] == group and first <= int(r["age"]) <= last]
            weight = np.array([heads[:, int(r["age"])] for r in ages])
            england = np.array([[float(r["male"]), float(r["female"])] for r in ages])
            ours = np.array([made[name][:, int(r["age"])] for r in ages])
            cells.append(f"{(ours * weight).sum() / (england * weight).sum():.2f}")
        yield f"| {label} | " + " | ".join(cells) + " |"


def prevalence(data: Path, demo: Provider) -> Iterator[str]:
    """Share of all spells with each TPMA whose published count is of spells."""
    with (data / "tpma_national_trend.csv").open() as file:
        england = {
            r["strategy"]: float(r["n"]) / float(r["p"])
            for r in csv.DictReader(file)
            if r["year"] == "201920"
        }
    yield "| TPMA | region | England 2019/20 |"
    yield "|---|---|---|"
    known = {r["key"]: r for r in facts.rows("tpmas")}
    n = demo.tables["ip"].num_rows
    for table in ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies"):
        strategy, rate = column(demo, table, "strategy"), column(demo, table, "sample_rate")
        for key in sorted(set(strategy)):
            if known[key]["efficiency_type"] == "all":
                continue
            share = rate[strategy == key].sum() / n
            published = f"{england[key]:.2%}" if key in england else "not published"
            yield f"| {known[key]['name']} | {share:.2%} | {published} |"


def totals(data: Path, demo: Provider) -> Iterator[str]:
    """Totals of the region, and how its emergency care splits over departments."""
    days, emergency = column(demo, "ip", "speldur"), column(demo, "ip", "hsagrp") == "emerg"
    yield "| | region |"
    yield "|---|---|"
    yield f"| spells | {len(days):,} |"
    yield f"| bed days (nights + 1) | {(days + 1).sum():,} |"
    nights, zero = days[emergency].mean(), (days[emergency] == 0).mean()
    yield f"| emergency spells: mean nights, share without a night | {nights:.1f}, {zero:.0%} |"
    seen, heard = (column(demo, "op", f"{kind}attendances").sum() for kind in ("", "tele_"))
    yield f"| outpatient attendances, tele-attendances | {seen:,}, {heard:,} |"
    op_rows, aae_rows = (demo.tables[name].num_rows for name in ("op", "aae"))
    yield f"| rows of outpatients, of emergency care | {op_rows:,}, {aae_rows:,} |"
    yield f"| people in the catchment | {people.catchment(1.0).sum():,.0f} |"
    with (data / "ae_attendances_england_2016_2019.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["period"] >= "2018-04-01"]
    england = {
        kind: sum(float(r["attendances"]) for r in rows if r["type"] == kind)
        for kind in ("1", "2", "other")
    }
    arrivals, pod = column(demo, "aae", "arrivals"), column(demo, "aae", "pod")
    ours = {
        "1": arrivals[np.isin(pod, ("aae_type-01", "aae_type-05"))].sum(),
        "2": arrivals[pod == "aae_type-02"].sum(),
        "other": arrivals[np.isin(pod, ("aae_type-03", "aae_type-04"))].sum(),
    }
    yield ""
    yield "| A&E department | region | England, April 2018 to March 2019 |"
    yield "|---|---|---|"
    for kind, label in (("1", "type 1 (and SDEC)"), ("2", "type 2"), ("other", "types 3 and 4")):
        share = ours[kind] / sum(ours.values()), england[kind] / sum(england.values())
        yield f"| {label} | {share[0]:.1%} | {share[1]:.1%} |"


def main() -> None:
    """Write the tables below the mark."""
    data, demo = Path(sys.argv[1]), make_demo()
    text = PAGE.read_text().split(MARK)[0]
    parts = {
        "Totals at size 1": totals(data, demo),
        "Activity per head: the region's curves divided by England's": rates(data),
        "Share of spells with a TPMA (weighted by sample rate)": prevalence(data, demo),
    }
    body = "\n\n".join(f"## {title}\n\n" + "\n".join(lines) for title, lines in parts.items())
    PAGE.write_text(f"{text}{MARK}\n\n{body}\n")


if __name__ == "__main__":
    main()
