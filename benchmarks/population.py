"""Time projections, and hold them against official ones.

Usage:
    uv run benchmarks/population.py                        # 300 areas x 256 draws x 25 years
    uv run benchmarks/population.py en_ppp_opendata2018.xls …   # national projections of the ONS

With workbooks of the ONS's national projections (2018-based and later, principal or variant), the
published rates and net migration of each are projected, and the error against its published people
is printed by age group and year. `engppp18ex.xls` and the like (past and projected life tables)
after a workbook are held against life expectancy from that workbook's mortality.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time

import numpy as np

from acutecast.population import mortality
from acutecast.population.calibrate import calibrated, extended
from acutecast.population.components import project
from acutecast.population.england import england
from acutecast.population.levels import Levels
from acutecast.population.people import Population
from acutecast.population.projected import project_draws
from acutecast.population.reading import read_population
from acutecast.population.workbooks import read_components, read_life_expectancy

AREAS, DRAWS = 300, 256
GROUPS = ((0, 14), (15, 44), (45, 64), (65, 84), (85, 200))
AHEAD = (1, 5, 10, 25, 50)


def errors(found: np.ndarray, known: np.ndarray, first: int, years: tuple[int, ...]) -> None:
    """Print the error by year and age group, in people and percent of the published."""
    names = [f"{a}–{b}" if b < 200 else f"{a}+" for a, b in GROUPS]
    print(f"| year | all ages | {' | '.join(names)} |")
    for year in years:
        y = year - first
        cells = []
        for a, b in ((0, 200), *GROUPS):
            there = known[y][:, a : b + 1].sum()
            wrong = found[y][:, a : b + 1].sum() - there
            cells.append(f"{wrong:+,.0f} ({100 * wrong / there:+.4f}%)")
        print(f"| {year} | {' | '.join(cells)} |")


def speed() -> None:
    """Print the time of all areas and draws."""
    whole = england()
    people = np.repeat(whole.people / AREAS, AREAS, axis=0)
    births = np.repeat(whole.births / AREAS, AREAS, axis=0)
    names = tuple(f"A{i:03}" for i in range(AREAS))
    components = calibrated(Population(names, whole.years, people, births))
    n_years = components.n_years
    r = np.random.default_rng(1)

    def drawn(low: float, high: float) -> np.ndarray:
        return r.uniform(low, high, (DRAWS, n_years))

    levels = Levels(
        drawn(0.9, 1.1), drawn(0.9, 1.0), drawn(0.8, 1.2), drawn(0, 0.001),
        np.zeros((DRAWS, 0, n_years)), np.zeros(0, np.int64), np.zeros((0, 2, 91)),
        np.full((2, 91), 1 / 182),
    )  # fmt: skip
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        project_draws("own_all", components, levels)
        seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{AREAS} areas x 91 ages x 2 sexes x {n_years} years x {DRAWS} draws, with accounts and "
        f"ranges: first {seconds[0]:.1f} s, then median {statistics.median(seconds[1:]):.1f} s; "
        f"{peak:.2f} GB"
    )


def held_out() -> None:
    """Print how far the continuation of 2022-2032 is from the published 2033-2047."""
    known = england()
    made = extended(known.of_years(2022, 2032), 2047)
    print("\nContinued from 2032, England, 2022-based, against the published:")
    errors(made.people[0], known.people[0], 2022, (2033, 2037, 2042, 2047))


def official(path: str, published: str | None) -> None:
    """Hold a workbook's own rates against its people, and its mortality against life tables."""
    [(variant, known)] = read_population(path).items()
    components = read_components(path)
    made = project(components)
    first = made.years[0]
    print(f"\n{path}, {variant}, from {first}:")
    errors(made.people[0], known.people[0], first, tuple(first + n for n in AHEAD))
    most = np.abs(made.people - known.people)[:, :51].max()
    print(f"most in an age and sex: {most:.1f} in 50 years")
    if published is None:
        return
    period = mortality.period_life_expectancy(components.hazard[0])
    for (kind, sex), (years, table) in read_life_expectancy(published).items():
        worst = []
        for year in (first + 2, first + 12, first + 30):
            if kind == "period":
                found = period[year - first - 1]
            else:
                found = mortality.cohort_life_expectancy(components.hazard[0], at=year - first)
            ages = slice(0 if kind == "period" else 40, 91)
            gap = found[sex - 1, ages] - table[ages, years.index(year)]
            worst.append(f"{year} {np.abs(gap).max():.3f}")
        print(f"life expectancy, {kind}, sex {sex}, greatest error in years: {', '.join(worst)}")


if __name__ == "__main__":
    files = sys.argv[1:]
    books = [f for f in files if "ex." not in f]
    for book in books:
        at = files.index(book) + 1
        official(book, files[at] if at < len(files) and "ex." in files[at] else None)
    if not books:
        speed()
        held_out()
