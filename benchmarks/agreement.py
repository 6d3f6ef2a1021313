"""Compares two folders of NHP result tables: means and spread over the model runs.

Usage: uv run benchmarks/agreement.py THEIRS OURS

Every row of a table is a cell. z is the difference of its two means in standard errors; where the
two models agree in distribution, z has mean about 0 and standard deviation about 1 (cells of a run
are correlated, as they share the assumptions' draws, so a whole table may lean to one side).
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

TABLES = (
    "default", "step_counts", "sex+age_group", "age", "tretspef", "tretspef+los_group",
    "sex+tretspef_grouped", "avoided_activity", "acuity", "attendance_category",
    "delivery_episode_in_spell",
)  # fmt: skip
ABOUT = ("dataset", "scenario", "app_version", "create_datetime")


def read(folder: Path, table: str) -> tuple[pl.DataFrame, list[str]]:
    frame = pl.read_parquet(folder / f"{table}.parquet").drop(ABOUT, strict=False)
    keys = [name for name in frame.columns if name not in ("model_run", "value")]
    return frame.with_columns(pl.col(keys).cast(pl.String)), keys


def moments(frame: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    value = pl.col("value").cast(pl.Float64)
    runs = frame.filter(pl.col("model_run") > 0)
    return runs.group_by(keys).agg(value.mean().alias("mean"), value.std().alias("sd"), pl.len())


def baselines(a: pl.DataFrame, b: pl.DataFrame, keys: list[str]) -> str:
    """Say whether run 0 of two tables is equal; a row that one of them lacks is a zero there."""
    value = pl.col("value").cast(pl.Float64)
    first, second = (
        f.filter(pl.col("model_run") == 0).group_by(keys).agg(value.sum()) for f in (a, b)
    )
    if not len(first) or not len(second):
        return "no run 0"
    both = first.join(second, on=keys, how="full", coalesce=True, suffix="_b", nulls_equal=True)
    return "yes" if (both["value"].fill_null(0) == both["value_b"].fill_null(0)).all() else "NO"


def main() -> None:
    theirs, ours = map(Path, sys.argv[1:3])
    heads = ("table", "cells", "in one only", "baseline equal", "mean z", "sd of z", "over 4")
    print(f"| {' | '.join(heads)} | sd ratio |")
    print("|---" * 8 + "|")
    largest = []
    for table in TABLES:
        (a, keys), (b, _) = read(theirs, table), read(ours, table)
        both = moments(a, keys).join(moments(b, keys), on=keys, suffix="_b")
        alone = len(moments(a, keys)) + len(moments(b, keys)) - 2 * len(both)
        error = (pl.col("sd") ** 2 / pl.col("len") + pl.col("sd_b") ** 2 / pl.col("len_b")).sqrt()
        both = both.with_columns(((pl.col("mean_b") - pl.col("mean")) / error).alias("z"))
        z = both.filter(pl.col("z").is_finite())["z"]
        wide = both.filter((pl.col("mean").abs() > 20) & (pl.col("sd") > 0) & (pl.col("sd_b") > 0))
        ratio = (wide["sd_b"] / wide["sd"]).median()
        print(
            f"| {table} | {len(both):,} | {alone} | {baselines(a, b, keys)} | {z.mean():+.2f} "
            f"| {z.std():.2f} | {(z.abs() > 4).sum()} | {ratio:.2f} |"
        )
        largest += [
            (abs(row["z"]), table, {k: row[k] for k in keys}, row["mean"], row["mean_b"])
            for row in both.filter(pl.col("z").is_finite()).iter_rows(named=True)
        ]
    print("\nLargest differences:")
    for z, table, keys, mean, mean_b in sorted(largest, key=lambda item: -item[0])[:12]:
        print(f"  {z:5.1f}  {table}: {', '.join(keys.values())}: {mean:,.1f} and {mean_b:,.1f}")


if __name__ == "__main__":
    main()
