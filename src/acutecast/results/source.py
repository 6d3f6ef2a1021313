"""The data and the scenario that a stored run was made from, for what simulates it again."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from acutecast.errors import AcutecastError, Problem, option
from acutecast.provider import Provider, read_provider
from acutecast.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from acutecast.results.run import Run


def scenario_of(run: Run) -> Scenario:
    """Give the scenario as it was run, every default written out."""
    return load_scenario(json.loads(run.scenario_json))


def provider_of(run: Run, data: Provider | str | os.PathLike[str] | None = None) -> Provider:
    """Read the data of a run, and refuse other data.

    Args:
        run: a stored run.
        data: the provider or the root of its tables; where the run says they were, if None.

    Raises:
        AcutecastError: where the tables are not there, or not those of the run.
    """
    if isinstance(data, Provider):
        provider = data
    else:
        source = data or run.timings.get("source", "")
        try:
            provider = read_provider(source, run.info["dataset"], run.baseline_year)
        except AcutecastError as error:
            if data is not None:
                raise
            missing = Problem(
                "this needs the provider tables that the run was made from",
                where=str(source) or run.path,
                remedy=f"Say where they are: {option('data', 'FOLDER')}.",
            )
            raise AcutecastError((missing, *error.problems), error.title) from None
    known = {name: digest for name, digest in run.info["inputs"].items() if name != "scenario"}
    # What was made in memory has no hashes; a table may have come or gone since.
    both = {*known, *provider.hashes} if known and provider.hashes else set()
    changed = sorted(name for name in both if known.get(name) != provider.hashes.get(name))
    if changed:
        raise AcutecastError(
            Problem(
                "the tables are not those that the run was made from",
                where=provider.source,
                example=", ".join(changed),
                remedy="Run the scenario again on them, or name the tables of the run.",
            )
        )
    return provider
