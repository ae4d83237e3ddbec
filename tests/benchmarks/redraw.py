"""How soon the lessons' widgets answer, measured in the browser: `python tests/benchmarks/redraw.py`.

From the press of a key to the frame that follows the last change in what the widget shows, for the
controls of the lessons and of the page that `ecs-images app` shows. The target is under 100 ms for
95 of 100. Needs the extra `browser` and Debian's Chromium.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Locator, Page, sync_playwright

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
STEPS = 40
LESSONS, PAGE = 8898, 8899
"""Ports."""
SERVED = {
    LESSONS: ["voila", str(NOTEBOOKS), "--no-browser", f"--port={LESSONS}", "--VoilaExecutor.allow_errors=True"],
    PAGE: ["ecs_images.cli", "app", f"--port={PAGE}"],
}
WATCH = """() => {
    const parts = document.querySelectorAll('.widget-html')
    window.drawn = new Promise(done => {
        const start = performance.now()
        let last = null, quiet = setTimeout(() => done(null), 1000)
        const observer = new MutationObserver(() => requestAnimationFrame(() => {
            last = performance.now() - start
            clearTimeout(quiet)
            quiet = setTimeout(() => { observer.disconnect(); done(last) }, 200)
        }))
        parts.forEach(part => observer.observe(part, {childList: true, subtree: true, characterData: true}))
    })
}"""

# There and back again, so that no slider stays at its end and no two steps draw the same.
SLIDE = ("ArrowRight", "ArrowRight", "ArrowLeft")
CHOOSE = ("ArrowDown", "ArrowDown", "ArrowUp")


class Control(NamedTuple):
    """What is pressed: the page, what it is called there, the keys, and where they go."""

    page: str
    name: str
    keys: Sequence[str]
    where: str


def slider(page: str, name: str) -> Control:
    return Control(page, name, SLIDE, f".widget-slider:has-text('{name}') .noUi-handle")


def dropdown(page: str, name: str) -> Control:
    return Control(page, name, CHOOSE, f".widget-dropdown:has-text('{name}') select")


SLIDERS = ("New version every", "Versions kept", "Written size", "Changed each", "Added each", "Horizon", "Copies pay")
CONTROLS = (
    *(dropdown("03_lifecycle", name) for name in ("Moment", "Who asks", "Image")),
    *(dropdown("04_from_events_to_a_bill", name) for name in ("Region", "Meter")),
    *(slider("05_share_or_copy", name) for name in SLIDERS),
    Control("06_how_many_versions", "a tick box", ("Space",), ".widget-checkbox input"),
    *(slider("", name) for name in SLIDERS),
    dropdown("", "Route for all"),
)


@contextmanager
def served(port: int) -> Iterator[None]:
    """Voilà on loopback, from when it listens."""
    command = [sys.executable, "-m", *SERVED[port]]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        for line in server.stderr or ():
            if "is running at" in line:
                break
        yield
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def address(page: str) -> str:
    return f"http://127.0.0.1:{LESSONS}/voila/render/{page}.ipynb" if page else f"http://127.0.0.1:{PAGE}/"


def redraws(page: Page, control: Locator, keys: Sequence[str]) -> list[float]:
    """How long each step takes [ms]; a key that changes nothing is left out."""
    control.focus()
    times = []
    for key in islice(cycle(keys), STEPS):
        page.evaluate(WATCH)
        page.keyboard.press(key)
        times.append(page.evaluate("() => window.drawn"))
    return sorted(time for time in times if time is not None)


def main() -> None:
    with ExitStack() as open_now:
        for port in SERVED:
            open_now.enter_context(served(port))
        profile = open_now.enter_context(tempfile.TemporaryDirectory())
        context = open_now.enter_context(sync_playwright()).chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        open_now.callback(context.close)
        page, shown = context.pages[0], None
        print(f"{'page':<26}{'control':<20}{'steps':>6}{'median':>8}{'95 %':>6}{'longest':>9}  [ms]")
        for place, name, keys, where in CONTROLS:
            if place != shown:
                page.goto(address(place))
                shown = place
            control = page.locator(where).first
            control.wait_for(timeout=60_000)
            times = redraws(page, control, keys)
            high = times[int(0.95 * (len(times) - 1))]
            figures = f"{len(times):>6}{statistics.median(times):>8.0f}{high:>6.0f}{times[-1]:>9.0f}"
            print(f"{place or 'the page':<26}{name:<20}{figures}", flush=True)


if __name__ == "__main__":
    main()
