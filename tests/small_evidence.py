"""Assumption tables of four made-up providers, small enough to work out by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl

FALLS, ELDERLY = "falls_related_admissions", "emergency_elderly"
FOLLOW_UPS, AMBULATORY = "followup_reduction_adult_surgical", "ambulatory_care_conditions_acute"
YEAR = 2023
# Rates of the baseline year: RXX is the one whose evidence it is.
RATES = {"RXX": 10.0, "AAA": 8.0, "BBB": 9.0, "CCC": 12.0}
UNITS = {
    FALLS: ("ip", "activity_avoidance", "per 1,000 people"),
    ELDERLY: ("ip", "efficiencies", "mean nights"),
    FOLLOW_UPS: ("op", "activity_avoidance", "follow-ups per first attendance"),
    # Of this one the provider is below all others.
    AMBULATORY: ("ip", "activity_avoidance", "per 1,000 people"),
}
SIZES = {"RXX": 300.0, "AAA": 100.0, "BBB": 200.0, "CCC": 400.0}
CENTRE, SIGMA = 9.0, 2.0


def write_evidence(folder: Path, providers: tuple[str, ...] = tuple(RATES)) -> Path:
    """Write the tables of some of the providers; give the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "tpma_activity": [
            {
                "fyear": year, "procode3": code, "strategy": key, "activity_type": activity,
                "kind": kind, "n": 100.0, "unit": unit, "denominator": SIZES[code],
                "rate_crude": rate_of(key, code) + (YEAR - year),
            }
            for key, (activity, kind, unit) in UNITS.items()
            for code in providers for year in (2021, 2022, 2023)
        ],
        "tpma_peers": [
            _peers(key, code, [rate_of(key, c) for c in providers if c != code])
            for key in UNITS for code in providers
        ],
        "tpma_funnel": [_limits(key, code) for key in UNITS for code in providers],
        "tpma_trend": [
            {"fyear": year, "procode3": code, "strategy": key,
             "share_of_spells": 0.02 if activity == "ip" else None,
             "mean_nights": 8.0 if key == ELDERLY else None,
             "rate": 1.5 if activity == "op" else None}
            for key, (activity, *_) in UNITS.items()
            for code, years in ((providers[0], (2021, 2022, 2023)), ("England", (2018, 2019)))
            for year in years
        ],
        "tpma_age_sex": [
            {"fyear": YEAR, "procode3": "RXX", "strategy": FALLS, "sex": sex, "age_band": band,
             "n": n}
            for sex, band, n in ((1, 70, 10.0), (2, 70, 20.0), (2, 80, None), (1, 90, 10.0))
        ],
        "tpma_diagnoses": [
            {"fyear": YEAR, "procode3": "RXX", "strategy": FALLS, "rank": rank, "diagnosis": code,
             "n": n}
            for rank, code, n in ((1, "S720", 60), (2, "S220", 30), (7, "other", 10))
        ],
        "tpma_procedures": [
            {"fyear": YEAR, "procode3": "RXX", "strategy": FALLS, "rank": rank, "procedure": code,
             "n": n}
            for rank, code, n in ((1, "none", 70), (2, "W461", 20), (7, "other", 10))
        ],
    }  # fmt: skip
    for name, rows in tables.items():
        frame = pl.DataFrame(rows, infer_schema_length=None)
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def rate_of(key: str, code: str) -> float:
    return 5.0 if (key, code) == (AMBULATORY, "RXX") else RATES[code]


def _peers(key: str, code: str, others: list[float]) -> dict:
    at = {"p10": 0.1, "median": 0.5, "p90": 0.9}
    ends = {n: pl.Series(others, dtype=pl.Float64).quantile(q, "linear") for n, q in at.items()}
    return {"fyear": YEAR, "procode3": code, "strategy": key, "peers": len(others), **ends}


def _limits(key: str, code: str) -> dict:
    spread = SIGMA * (CENTRE / SIZES[code]) ** 0.5
    return {
        "fyear": YEAR, "strategy": key, "procode3": code, "denominator": SIZES[code],
        "rate": rate_of(key, code), "centre": CENTRE, "sigma_z": SIGMA,
        "low_2": CENTRE - 2 * spread, "high_2": CENTRE + 2 * spread,
        "low_3": CENTRE - 3 * spread, "high_3": CENTRE + 3 * spread,
    }  # fmt: skip
