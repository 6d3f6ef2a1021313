"""What the demo shows: a scenario with a few ambitions, and a picture of its projection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acutecast import files

if TYPE_CHECKING:
    from acutecast.results import Run


def write_demo(run: Run, scenario: dict[str, Any], out: Path) -> dict[str, Path]:
    """Write the demo's scenario and picture beside its results; give the files by name."""
    from acutecast.report import projection_chart, save_chart

    paths = {
        "scenario": out / "scenario.json",
        "picture": out / "projection.png",
        "page": out / "projection.html",
    }
    files.write_text(paths["scenario"], json.dumps(scenario, indent=2) + "\n")
    chart = projection_chart(run)
    save_chart(chart, paths["picture"])
    save_chart(chart, paths["page"])
    return paths
