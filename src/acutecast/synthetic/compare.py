"""Writes the region beside published figures, as the tables of docs/demo-region.md.

Usage: python -m acutecast.synthetic.compare FOLDER_WITH_THE_PUBLISHED_FILES

Counts are those of the rows that were made, not of the curves behind them. The published files are
not part of Acutecast; docs/demo-region.md says where they come from.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.provider import Provider
from acutecast.synthetic import people
from acutecast.synthetic.region import make_demo

BANDS = ((18, 34), (35, 49), (50, 64), (65, 74), (75, 84), (85, 90))
ACTIVITY = {
    "walkin": "A&E, walk-in",
    "amb": "A&E, ambulance",
    "emer_n": "Emergency spells",
    "emer_bds": "Emergency bed days",
    "ordelec_n": "Elective ordinary spells",
    "ordelec_bds": "Elective ordinary bed days",
    "daycase_n": "Day cases",
    "surg_first": "Outpatients, surgical, first",
    "surg_fup": "Outpatients, surgical, follow-up",
    "surg_proc": "Outpatients, surgical, procedure",
    "non-surg_first": "Outpatients, other, first",
    "non-surg_fup": "Outpatients, other, follow-up",
    "non-surg_proc": "Outpatients, other, procedure",
}
_RATES, _TAGS, _ATTENDANCES = (
    "england_activity_rates_by_age.csv",
    "tpma_national_trend.csv",
    "ae_attendances_england_2016_2019.csv",
)
_YEAR = "201920"


def column(provider: Provider, table: str, name: str) -> np.ndarray:
    """Give a column of a provider's table as an array; text as str."""
    values = provider.tables[table].column(name)
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    return values.to_numpy(zero_copy_only=False)


def _read(data: Path, name: str) -> list[dict[str, str]]:
    with (data / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def made_activity(demo: Provider) -> dict[str, np.ndarray]:
    """Count the rows made: by group of `ACTIVITY`, (2, 91) by sex (male first) and age."""
    measures = {
        "ip": ("n", "bds"),
        "op": ("",),
        "aae": ("",),
    }
    groups = {
        "ip": {"emerg": "emer_", "ordelec": "ordelec_", "daycase": "daycase_"},
        "op": {
            f"op_adult_{kind}_{group}": f"{short}_{end}"
            for kind, short in (("surgical", "surg"), ("non-surgical", "non-surg"))
            for group, end in (("first", "first"), ("followup", "fup"), ("procedure", "proc"))
        },
        "aae": {"aae_adult_walk-in": "walkin", "aae_adult_ambulance": "amb"},
    }
    result = {}
    for table, names in groups.items():
        age, sex = column(demo, table, "age"), column(demo, table, "sex")
        health = column(demo, table, "hsagrp")
        for measure in measures[table]:
            weight = _weight(demo, table, measure)
            for name, short in names.items():
                if short + measure in ACTIVITY:
                    mine = health == name
                    counts = np.zeros((2, facts.MAX_AGE + 1))
                    np.add.at(counts, (sex[mine] - 1, age[mine]), weight[mine])
                    result[short + measure] = counts
    return result


def _weight(demo: Provider, table: str, measure: str) -> np.ndarray:
    if table == "op":
        return column(demo, "op", "attendances") + column(demo, "op", "tele_attendances")
    if table == "aae":
        return column(demo, "aae", "arrivals")
    nights = column(demo, "ip", "speldur")
    return nights + 1 if measure == "bds" else np.ones(len(nights))


def ratios(data: Path, demo: Provider, size: float) -> dict[str, np.ndarray]:
    """Divide activity per head of the catchment by England's.

    Returns:
        By group, (7,): the age bands, then ages 18 to 90 together. England's rates are applied
        to the catchment's own people, so that its age and sex play no part.
    """
    heads, made = people.catchment(size), made_activity(demo)
    published = np.zeros((2, facts.MAX_AGE + 1))
    rows, result = _read(data, _RATES), {}
    for group in ACTIVITY:
        for row in rows:
            if row["group"] == group:
                published[:, int(row["age"])] = float(row["male"]), float(row["female"])
        expected = (heads * published).sum(axis=0)
        ours = made[group].sum(axis=0)
        ages = [slice(first, last + 1) for first, last in (*BANDS, (18, facts.MAX_AGE))]
        result[group] = np.array([ours[a].sum() / expected[a].sum() for a in ages])
    return result


def prevalence(data: Path, demo: Provider) -> dict[str, tuple[float, float | None]]:
    """Give by TPMA its share of all spells, weighted by sample rate: made, and England 2019/20.

    England's is the published number of spells over all spells; None where there is none. The
    TPMAs of stays publish days over spells (`d`), the others spells (`n`).
    """
    trend = {row["strategy"]: row for row in _read(data, _TAGS) if row["year"] == _YEAR}
    everyone = max(float(row["p"]) for row in trend.values())
    by_days = {row["key"]: row["efficiency_type"] == "all" for row in facts.rows("tpmas")}
    # The region's own table leaves the name empty where it does not follow the published figure.
    older_names = {row["key"]: row["published"] or row["key"] for row in people.read("tpma_tags")}
    spells, result = demo.tables["ip"].num_rows, {}
    for table in ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies"):
        strategy, rate = column(demo, table, "strategy"), column(demo, table, "sample_rate")
        for key in sorted(set(strategy)):
            row = trend.get(older_names[key])
            published = row and float(row["d" if by_days[key] else "n"]) / everyone
            result[key] = (float(rate[strategy == key].sum() / spells), published)
    return result


def departments(data: Path, demo: Provider) -> list[tuple[str, float, float]]:
    """Give the shares of arrivals by department type: made, and England 2018/19."""
    rows = [row for row in _read(data, _ATTENDANCES) if row["period"] >= "2018-04-01"]
    arrivals, pod = column(demo, "aae", "arrivals"), column(demo, "aae", "pod")
    kinds = (("1", "type 1 (and SDEC)", "15"), ("2", "type 2", "2"), ("other", "others", "34"))
    england = [sum(float(r["attendances"]) for r in rows if r["type"] == k) for k, *_ in kinds]
    made = [arrivals[np.isin(pod, [f"aae_type-0{p}" for p in pods])].sum() for *_, pods in kinds]
    return [
        (label, float(ours / sum(made)), theirs / sum(england))
        for (_, label, _), ours, theirs in zip(kinds, made, england, strict=True)
    ]


def pages(data: Path, demo: Provider, size: float = 1.0) -> Iterator[str]:
    """Give the lines of the tables in Markdown."""
    yield from _totals(demo, size)
    yield from ("", "## Emergency care by department", "")
    yield from ("| A&E department | region | England, April 2018 to March 2019 |", "|---|---|---|")
    yield from (f"| {label} | {a:.1%} | {b:.1%} |" for label, a, b in departments(data, demo))
    yield from ("", "## Activity per head of the catchment, divided by England's", "")
    bands = [f"{a}–{b}" if b < facts.MAX_AGE else f"{a}+" for a, b in BANDS]
    yield f"| activity | {' | '.join(bands)} | 18+ |"
    yield "|---" * (len(BANDS) + 2) + "|"
    for group, ratio in ratios(data, demo, size).items():
        yield f"| {ACTIVITY[group]} | {' | '.join(f'{r:.2f}' for r in ratio)} |"
    yield from ("", "## Spells with a TPMA, weighted by sample rate", "")
    yield from ("| TPMA | region | England 2019/20 |", "|---|---|---|")
    names = {row["key"]: row["name"] for row in facts.rows("tpmas")}
    for key, (ours, england) in prevalence(data, demo).items():
        yield f"| {names[key]} | {ours:.2%} | {'–' if england is None else f'{england:.2%}'} |"


def _totals(demo: Provider, size: float) -> Iterator[str]:
    nights, health = column(demo, "ip", "speldur"), column(demo, "ip", "hsagrp")
    stays = nights[health == "emerg"]
    calls = column(demo, "op", "tele_attendances").sum()
    yield from (f"## Totals at size {size:g}", "", "| | region |", "|---|---|")
    yield f"| spells | {len(nights):,} |"
    for kind in ("elective_admission", "elective_daycase", "non-elective_admission",
                 "maternity_admission", "regular_day_attender"):  # fmt: skip
        share = (column(demo, "ip", "pod") == f"ip_{kind}").mean()
        yield f"| of which ip_{kind} | {share:.1%} |"
    yield f"| bed days (nights + 1) | {(nights + 1).sum():,} |"
    yield f"| emergency spells: mean nights | {stays.mean():.1f} |"
    yield f"| emergency spells without a night | {(stays == 0).mean():.0%} |"
    yield f"| outpatient attendances face to face | {column(demo, 'op', 'attendances').sum():,} |"
    yield f"| tele-attendances | {calls:,} |"
    yield f"| emergency arrivals | {column(demo, 'aae', 'arrivals').sum():,} |"
    for table in ("op", "aae"):
        yield f"| rows of `{table}` | {demo.tables[table].num_rows:,} |"
    yield f"| people in the catchment | {people.catchment(size).sum():,.0f} |"


def main(arguments: list[str]) -> int:
    """Print the tables; give the exit status."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    data = Path(arguments[0])
    try:
        raise_if_any(
            Problem("the published file is missing", str(data / name))
            for name in (_RATES, _TAGS, _ATTENDANCES)
            if not (data / name).exists()
        )
    except AcutecastError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(pages(data, make_demo())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
