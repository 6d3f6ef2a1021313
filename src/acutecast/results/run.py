"""A stored run, opened: what it is, and answers to questions about it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import is_url, joined, local, read_bytes, sizes
from acutecast.results import answers, brief
from acutecast.results.cells import Cells, read_cells
from acutecast.results.shape import RUN, faults
from acutecast.results.store import FORMAT, FORMAT_VERSION
from acutecast.results.summary import INTERVAL, Values, summary_frame

if TYPE_CHECKING:
    import polars


class Run:
    """A stored run. Tables are read when first asked for, and kept.

    Attributes:
        path: the folder or URL it was opened from.
        info: the content of `run.json`.
    """

    def __init__(self, path: str, info: Mapping[str, Any]) -> None:
        self.path = path
        self.info = info
        self._tables: dict[str, Cells] = {}

    def __repr__(self) -> str:
        return brief.line(self)

    def _repr_html_(self) -> str:
        """Give the headline figures, for notebooks."""
        return brief.html(self)

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.info["scenario"]

    @property
    def baseline_year(self) -> int:
        """The calendar year in which the baseline financial year starts."""
        return self.info["baseline_year"]

    @property
    def horizon(self) -> int:
        """The horizon year."""
        return self.info["horizon_year"]

    @property
    def years(self) -> tuple[int, ...]:
        """The years simulated, ascending; without the baseline."""
        return tuple(self.info["years"])

    @property
    def runs(self) -> int:
        """The number of runs."""
        return self.info["runs"]

    @property
    def views(self) -> tuple[str, ...]:
        """The names of the stored count tables."""
        return tuple(Path(name).stem for name in self.info["tables"] if name.startswith("cube/"))

    @property
    def scenario_json(self) -> str:
        """The scenario, as its file held it."""
        text = _read_text(self.path, "scenario.json")
        _object(text, self.path, "scenario.json")
        return text

    @property
    def timings(self) -> dict[str, Any]:
        """When the run was made, from where, and how many seconds each stage took."""
        return _object(_read_text(self.path, "timings.json"), self.path, "timings.json")

    def draws(self) -> polars.DataFrame:
        """Give what each run used: `model_run`, `variant`, and a column per assumption."""
        import polars as pl

        with _readable(self.path, "draws.parquet", self._bytes("draws.parquet")) as source:
            return pl.read_parquet(source).with_columns(pl.col("variant").cast(pl.String))

    def cube(self, view: str) -> Cells:
        """Give a count table ("ip_full", …) with the values of all runs."""
        return self._table(f"cube/{view}.parquet")

    def parts(self, name: str) -> Cells:
        """Give the table of parts "attribution" or "step_counts"."""
        return self._table(f"{name}.parquet")

    def values(
        self,
        measures: str | Sequence[str] | None = None,
        by: Sequence[str] = (),
        where: Mapping[str, Any] | None = None,
        years: Sequence[int] | int | None = None,
        of: str = "all",
    ) -> Values:
        """Sum a selection inside each run.

        Args:
            measures: one or several measures ("beddays"; "arrivals" is walk-in and ambulance);
                all where None. Unlike measures can only be asked for split by "measure".
            by: the columns that split the answer: pod, sitetret, measure, activity_type, sex,
                age_group, age, tretspef, tretspef_grouped, los_group, acuity,
                attendance_category.
            where: the values kept, one or a list by column; any site where left out.
            years: the years asked for; the horizon where None.
            of: "all" of the activity; or only "avoided", with a "delivery", or "converted".

        Raises:
            AcutecastError: for unknown columns, measures, values or years, and where no stored
                table has all the columns for a year (the horizon year has most).
        """
        return answers.values(self, measures, by, where or {}, years, of)

    def summary(
        self,
        by: Sequence[str] = ("pod", "measure"),
        where: Mapping[str, Any] | None = None,
        years: Sequence[int] | int | None = None,
        interval: tuple[float, float] = INTERVAL,
        measures: str | Sequence[str] | None = None,
        of: str = "all",
    ) -> polars.DataFrame:
        """Summarise a selection: sums inside each run, then mean and quantiles over runs.

        Args:
            by: as in `values`.
            where: as in `values`.
            years: as in `values`.
            interval: the ends of the prediction interval.
            measures: as in `values`.
            of: as in `values`.

        Returns:
            A row per group and year: the columns of `by`, `year`, `baseline`, `mean` (the
            principal projection), `p10`, `median`, `p90`, `change`, `change_pct`.
        """
        return summary_frame(self.values(measures, by, where, years, of), interval)

    def trajectory(
        self, measure: str | Sequence[str], where: Mapping[str, Any] | None = None
    ) -> polars.DataFrame:
        """Give the path of a selection from the baseline to the horizon, for a fan chart.

        Returns:
            A row per year, the baseline first: `year`, `mean`, `p10`, `median`, `p90`.
        """
        return answers.trajectory(self, measure, where or {})

    def attribution(
        self,
        by: Sequence[str] = ("change_factor",),
        where: Mapping[str, Any] | None = None,
        years: Sequence[int] | int | None = None,
        interval: tuple[float, float] = INTERVAL,
        form: str = "exact",
    ) -> polars.DataFrame:
        """Say what the change from the baseline is made of.

        Args:
            by: the columns that split the answer: change_factor, strategy, pod, sitetret,
                measure, activity_type.
            where: the values kept; must name one measure unless `by` has "measure".
            years: the years asked for; the horizon where None.
            interval: the ends of the prediction interval of each part.
            form: "exact", Shapley parts that add up in every run, TPMAs that overlap sharing
                fairly; or "isolated", each effect as if alone, as the NHP model reports it with an
                interaction term for what that leaves, at the horizon only.

        Returns:
            A row per part and year: the columns of `by`, `year`, `mean`, `p10`, `p90`, and beside
            them `baseline` and `total` (the principal projection) of what the part belongs to.
            In each run the exact parts add up exactly to the change; so do the means, to rounding.
        """
        return answers.attribution(self, by, where or {}, years, interval, form)

    def _table(self, file: str) -> Cells:
        if file not in self.info["tables"]:
            have = ", ".join((*self.views, "attribution", "step_counts"))
            raise AcutecastError(
                Problem(
                    "the run has no such table", self.path, example=file, remedy=f"It has {have}."
                )
            )
        if file not in self._tables:
            with _readable(self.path, file, self._bytes(file)) as source:
                self._tables[file] = read_cells(source, Path(file).stem, self.runs)
        return self._tables[file]

    def _bytes(self, file: str) -> int | None:
        return self.info["tables"].get(file, {}).get("bytes")


class _readable:
    """Open a file of a run; a fault of the file is an error that names it.

    One that has not its size any more is of another run, which replaced this one.
    """

    def __init__(self, path: str, file: str, size: int | None = None) -> None:
        self.path, self.file, self.size = path, file, size

    def __enter__(self) -> Any:
        try:
            if is_url(self.path):
                # One request; what reads it goes to and fro.
                self.handle = BytesIO(read_bytes(joined(self.path, self.file)))
            else:
                self.handle = Path(joined(self.path, self.file)).open("rb")
        except OSError as error:
            raise _damaged(self.path, self.file, error) from error
        there = self.handle.seek(0, os.SEEK_END)
        self.handle.seek(0)
        if self.size not in (None, there):
            self.handle.close()
            raise AcutecastError(
                Problem(
                    "the run was replaced after it was opened",
                    where=f"{self.path}/{self.file}",
                    remedy="Open it again.",
                )
            )
        return self.handle

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self.handle.close()
        # Arrow's errors are OSError and ValueError; polars has its own base, also seen here only
        # while a stored file is decoded.
        if isinstance(error, Exception) and not isinstance(error, AcutecastError):
            raise _damaged(self.path, self.file, error) from error


def _damaged(path: str, file: str, error: Exception) -> AcutecastError:
    return AcutecastError(
        Problem(
            "the file is missing or damaged",
            where=f"{path}/{file}",
            example=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy="Run the scenario again; the same seed gives the same results.",
        )
    )


def _read_text(path: str, file: str) -> str:
    with _readable(path, file) as source:
        return source.read().decode("utf-8")


def _object(text: str, path: str, file: str) -> dict[str, Any]:
    """Read the JSON object of a file of a run."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("it is no object")
    except (ValueError, RecursionError) as error:
        raise _damaged(path, file, error) from error
    return content


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder; only `run.json` is read now.

    Args:
        path: a folder or an fsspec URL.

    Raises:
        AcutecastError: where there is no run, its format is newer than this version knows, or
            files are missing or cut short.
    """
    root = str(path) if is_url(path) else str(local(path))
    there = sizes(root)
    if "run.json" not in there:
        what = "the folder holds no run" if there else "there is no such folder"
        raise AcutecastError(
            Problem(what, where=root, remedy="Name a folder with a run.json, as `run` writes it.")
        )
    info = _object(_read_text(root, "run.json"), root, "run.json")
    try:
        known = info["format"] == FORMAT
        version = int(info["format_version"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise _damaged(root, "run.json", error) from error
    if not known:
        raise AcutecastError(
            Problem("run.json is not one of ours", where=root, example=str(info["format"]))
        )
    if version > FORMAT_VERSION:
        raise AcutecastError(
            Problem(
                f"the run was written by a newer version (acutecast {info.get('acutecast', '?')})",
                where=root,
                remedy="Install that version or a later one.",
            )
        )
    for fault in faults(info, RUN):
        raise _damaged(root, "run.json", ValueError(fault))
    raise_if_any(
        [
            Problem(
                "the file is missing" if name not in there else "the file is cut short or changed",
                where=f"{root}/{name}",
                remedy="Run the scenario again; the same seed gives the same results.",
            )
            for name, size in _expected(info)
            if name not in there or (size is not None and there[name] != size)
        ],
        "The run is not whole",
    )
    return Run(root, info)


def _expected(info: Mapping[str, Any]) -> list[tuple[str, int | None]]:
    """List the files of a run with their sizes where known."""
    tables = [(name, about["bytes"]) for name, about in info["tables"].items()]
    return [*tables, ("scenario.json", None)]
