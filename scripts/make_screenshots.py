"""Takes the pictures of the application's pages in docs/images, with Debian's Chromium.

    uv run --group extras scripts/make_screenshots.py [--data DATA] [--size 1.0]

It serves the demo region from a folder of its own, makes two scenarios, runs both with capacity,
and shows every page once.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from playwright.sync_api import Page, sync_playwright

from acutecast.synthetic.ambitions import DEMO_SCENARIO
from acutecast.workspace import create_scenario, identify, open_workspace, read_job, submit
from acutecast.workspace.settings import Settings
from app.conftest import CHROMIUM, FLAGS, serve, stop

IMAGES = Path(__file__).parents[1] / "docs" / "images"
TPMA = "falls_related_admissions"
FEWER = {"activity_avoidance": {"ip": {TPMA: [0.6, 0.8], "frail_elderly_high": [0.7, 0.9]}}}


def shoot(page: Page, name: str, height: int = 900) -> None:
    """Take one picture, once charts are drawn and nothing is under way."""
    page.set_viewport_size({"width": 1280, "height": height})
    page.wait_for_function(
        "!document.querySelector('[aria-busy=true], .recalculating') && "
        "![...document.querySelectorAll('.ac-chart')].some(c => !c.dataset.drawn && "
        "c.getBoundingClientRect().top < innerHeight)"
    )
    page.screenshot(path=IMAGES / f"app-{name}.png")


def main() -> None:
    """Take every picture."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--data", default=None)
    asked.add_argument("--size", default="1.0")
    options = asked.parse_args()
    folder = Path(tempfile.mkdtemp())
    more = ["--data", options.data] if options.data else ["--demo-size", options.size]
    site = serve(folder / "home", *more)
    data = (options.data,) if options.data else ()
    ws = open_workspace(Settings(home=site.home, data=data))
    person = identify(ws.settings, {})
    first = create_scenario(ws, person, dict(DEMO_SCENARIO), "DEMO", "Care closer to home")
    bolder = {**DEMO_SCENARIO, "activity_avoidance": FEWER["activity_avoidance"]}
    second = create_scenario(ws, person, bolder, "DEMO", "Bolder on falls and frailty")
    jobs = [submit(ws, person, s.id, runs=256, capacity=True) for s in (first, second)]
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            # Playwright waits by scripts of its own, which pages refuse.
            size = {"width": 1280, "height": 900}
            page = browser.new_page(viewport=size, bypass_csp=True)
            page.set_default_timeout(600_000)

            def go(query: str) -> None:
                page.goto(site.link(query))
                page.wait_for_function(
                    "window.Shiny && Shiny.shinyapp && Shiny.shinyapp.isConnected()"
                )

            of = f"&scenario={first.id}"
            go(f"?page=runs{of}")
            page.get_by_role("progressbar").first.wait_for()
            shoot(page, "runs", 700)
            go(f"?page=assumptions{of}&section=tpmas")
            page.locator("[data-cell=effect]:not(:empty)").first.wait_for(state="attached")
            shoot(page, "tpmas")
            go(f"?page=assumptions{of}&section=tpmas&tpma={TPMA}")
            page.locator(".ac-chart[data-drawn]").first.wait_for()
            shoot(page, "tpma", 1200)
            for section in ("overview", "population", "expat", "history"):
                go(f"?page=assumptions{of}&section={section}")
                page.locator("#ac-body").wait_for()
                page.wait_for_timeout(1500)
                shoot(page, section)
            page.wait_for_timeout(100)
            while any(read_job(ws, person, j.id).state in ("queued", "running") for j in jobs):
                page.wait_for_timeout(1000)
            go("")
            shoot(page, "home", 700)
            for view in ("summary", "trajectory", "impact", "distribution", "capacity", "shortage"):
                go(f"?page=results&run={jobs[0].id}&view={view}")
                page.locator(".ac-chart[data-drawn]").first.wait_for()
                shoot(page, "results" if view == "summary" else view, 1100)
            go(f"?page=compare&runs={jobs[0].id},{jobs[1].id}")
            page.locator(".ac-chart[data-drawn]").first.wait_for()
            shoot(page, "compare", 1100)
            go(f"?page=report&run={jobs[0].id}")
            shoot(page, "report")
            browser.close()
    finally:
        stop(site)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
