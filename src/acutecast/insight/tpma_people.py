"""Who and what the activity of one TPMA is: people by age and sex, diagnoses, procedures."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from acutecast import facts
from acutecast.facts import OWN_TPMA
from acutecast.insight.evidence_tables import (
    HIDDEN,
    NOTHING,
    Evidence,
    Root,
    empty,
    read_evidence,
    why_nothing,
)
from acutecast.provider import Provider

if TYPE_CHECKING:
    import polars

_PLURAL = {"diagnosis": "diagnoses", "procedure": "procedures"}


def age_sex(provider: Provider, key: str, evidence_root: Root = None) -> Evidence:
    """Give a TPMA's activity in the baseline year by five-year age band and sex.

    Args:
        provider: whose it is.
        key: the TPMA's key.
        evidence_root: the folder of assumption tables; beside the provider tables if None.

    Returns:
        `from_age`, `age` ("75–79"), `sex` ("Female", "Male"), `n` (spells count with their sample
        rate) and `share` of all, every band from the first to the last with any.
    """
    import polars as pl

    schema = {"from_age": pl.Int32, "age": pl.String, "sex": pl.String, "n": pl.Float64,
              "share": pl.Float64}  # fmt: skip
    found = _own_rows(provider, "tpma_age_sex", key, evidence_root)
    if found is None or found.is_empty():
        return empty(key, schema, why_nothing(key, found, NOTHING))
    hidden = found["n"].null_count() > 0
    bands = range(int(found["age_band"].min()), int(found["age_band"].max()) + 1, 5)  # type: ignore[arg-type]
    every = pl.DataFrame(
        [(band, sex) for band in bands for sex in facts.SEXES],
        schema={"age_band": pl.Int32, "sex": pl.Int32},
        orient="row",
    )
    table = every.join(
        found.select(pl.col("age_band", "sex").cast(pl.Int32), "n"), on=["age_band", "sex"],
        how="left", maintain_order="left",
    )  # fmt: skip
    # A band without a row has nobody; one with an empty count is hidden.
    there = set(found.filter(pl.col("n").is_null()).select("age_band", "sex").iter_rows())
    counts = [
        n if n is not None or (band, sex) in there else 0.0
        for band, sex, n in table.select("age_band", "sex", "n").iter_rows()
    ]
    total = sum(n for n in counts if n is not None)
    table = pl.DataFrame(
        {
            "from_age": table["age_band"],
            "age": [f"{b}–{b + 4}" if b < facts.MAX_AGE else f"{b}+" for b in table["age_band"]],
            "sex": [facts.SEXES[sex] for sex in table["sex"]],
            "n": counts,
            "share": [n / total if n is not None and total else None for n in counts],
        },
        schema=schema,
    )
    return Evidence(key, table, "", (HIDDEN,) if hidden else ())


def top_diagnoses(provider: Provider, key: str, evidence_root: Root = None) -> Evidence:
    """Give the six most frequent primary diagnoses of a TPMA's spells, and the others together.

    Args:
        provider: whose it is.
        key: the TPMA's key.
        evidence_root: the folder of assumption tables; beside the provider tables if None.

    Returns:
        `rank`, `code` (ICD-10; "" for the others), `label` (the code and its chapter), `n` spells
        and `share` of them.
    """
    return _top(provider, key, evidence_root, "diagnosis", "No diagnosis")


def top_procedures(provider: Provider, key: str, evidence_root: Root = None) -> Evidence:
    """Give the six most frequent main procedures of a TPMA's spells, as `top_diagnoses`.

    Args:
        provider: whose it is.
        key: the TPMA's key.
        evidence_root: the folder of assumption tables; beside the provider tables if None.

    Returns:
        `rank`, `code` (OPCS-4; "" for none and for the others), `label`, `n` and `share`.
    """
    return _top(provider, key, evidence_root, "procedure", "No procedure")


def _top(provider: Provider, key: str, evidence_root: Root, what: str, none: str) -> Evidence:
    import polars as pl

    schema = {"rank": pl.Int32, "code": pl.String, "label": pl.String, "n": pl.Float64,
              "share": pl.Float64}  # fmt: skip
    found = _own_rows(provider, f"tpma_{_PLURAL[what]}", key, evidence_root)
    if found is None or found.is_empty():
        of_spells = _activity_of(key) == "ip"
        why = NOTHING if of_spells else (
            f"Outpatient and emergency records are not counted by {what}."
        )  # fmt: skip
        return empty(key, schema, why_nothing(key, found, why))
    words = {"none": none, "other": "All others"}
    codes = found[what].to_list()
    total = float(found["n"].sum())
    table = pl.DataFrame(
        {
            "rank": found["rank"],
            "code": ["" if code in words else code for code in codes],
            "label": [words.get(code) or code_words(what, code) for code in codes],
            "n": found["n"],
            "share": found["n"] / total if total else None,
        },
        schema=schema,
        strict=False,
    ).sort("rank")
    return Evidence(key, table, "", (HIDDEN,) if table["n"].null_count() else ())


@cache
def _chapters() -> tuple[dict[str, str], ...]:
    text = files("acutecast.insight").joinpath("code_chapters.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(csv.DictReader(lines))


def code_words(what: str, code: str) -> str:
    """Give a code with the chapter that it belongs to: "S720 (injury or poisoning)".

    Args:
        what: "diagnosis" (ICD-10) or "procedure" (OPCS-4).
        code: the code; alone where no chapter has it.
    """
    for row in _chapters():
        mine = code[: len(row["first"])].upper()
        if row["scheme"] == what and row["first"] <= mine <= row["last"]:
            return f"{code} ({row['chapter']})"
    return code


def _own_rows(
    provider: Provider, name: str, key: str, evidence_root: Root
) -> polars.DataFrame | None:
    return read_evidence(
        provider, name, evidence_root, key=key, year=provider.year, dataset=provider.dataset
    )


def _activity_of(key: str) -> str:
    if key.startswith(OWN_TPMA):
        return "ip"
    return next((r["activity_type"] for r in facts.rows("tpmas") if r["key"] == key), "")
