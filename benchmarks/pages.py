"""How fast the application answers: first page, each view of results, the live effect.

    uv run --group extras benchmarks/pages.py [--data DATA] [--runs 256]

Serves the demo region (or DATA), runs a scenario over 20 years with capacity, and clicks through
it in Chromium. Times are from the click to the last card in the page, medians of three rounds;
the first round has new figures, later ones find views kept.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.sync_api import sync_playwright

from acutecast.report import views
from acutecast.synthetic.ambitions import DEMO_SCENARIO
from acutecast.workspace import create_scenario, identify, open_workspace, read_job, submit
from acutecast.workspace.settings import Settings
from app.conftest import CHROMIUM, FLAGS, serve, stop

# Clicks, then waits until the page is no longer busy and its first heading is another one.
_CLICK = """
([key]) => new Promise((done) => {
  const shown = document.getElementById("ac-shown");
  const before = shown.textContent;
  const began = performance.now();
  document.querySelector(`a[data-view='${key}']`).click();
  const look = () => {
    const cards = document.querySelectorAll("#ac-shown .ac-card").length;
    const ready = cards > 0 && !shown.hasAttribute("aria-busy") && shown.textContent !== before;
    if (ready) done(performance.now() - began); else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})
"""


def main() -> None:
    """Serve, run, click and print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--data", default=None)
    asked.add_argument("--runs", type=int, default=256)
    options = asked.parse_args()
    folder = Path(tempfile.mkdtemp())
    more = ["--data", options.data] if options.data else ["--demo-size", "1.0"]
    site = serve(folder / "home", *more)
    data = (options.data,) if options.data else ()
    ws = open_workspace(Settings(home=site.home, data=data))
    person = identify(ws.settings, {})
    scenario = create_scenario(ws, person, dict(DEMO_SCENARIO), "DEMO", "Benchmark")
    job = submit(ws, person, scenario.id, runs=options.runs, capacity=True)
    while read_job(ws, person, job.id).state in ("queued", "running"):
        time.sleep(1)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            firsts = []
            for _ in range(3):
                page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
                began = time.perf_counter()
                page.goto(site.link())
                page.wait_for_function(
                    "window.Shiny && Shiny.shinyapp && Shiny.shinyapp.isConnected()"
                )
                firsts.append(1000 * (time.perf_counter() - began))
            print(f"first page, nothing cached in the browser: {statistics.median(firsts):.0f} ms")
            page.set_default_timeout(120_000)
            page.goto(site.link(f"?page=results&run={job.id}&view=trajectory"))
            page.locator(".ac-card h2").first.wait_for()
            keys = [view.key for view in views.VIEWS]
            times: dict[str, list[float]] = {key: [] for key in keys}
            for _ in range(3):
                for key in keys:
                    times[key].append(page.evaluate(_CLICK, [key]))
                    page.wait_for_timeout(300)
            for key, found in times.items():
                again = statistics.median(found[1:])
                print(f"view {key:14} new {found[0]:6.0f} ms   again {again:6.0f} ms")
            browser.close()
    finally:
        stop(site)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
