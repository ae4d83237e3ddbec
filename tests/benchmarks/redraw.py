"""How soon the page of the workbench answers a slider, measured in the browser.

    ecs-images app                      # in one terminal
    python tests/benchmarks/redraw.py   # in another; or with the page's address

From the press of an arrow key to the frame that follows the new picture in the page, for each
slider. The target is under 100 ms for 95 of 100. Needs Playwright and Debian's Chromium.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from itertools import cycle

from playwright.sync_api import Page, sync_playwright

SLIDERS = ("New version every", "Versions kept", "Written size", "Changed each", "Added each", "Horizon", "Copies pay")
STEPS = 40
# There and back again, so that no slider stands at its end; two steps never draw the same twice.
KEYS = ("ArrowRight", "ArrowRight", "ArrowLeft")
WATCH = """() => {
    const part = document.querySelector('svg[role=img]').closest('.widget-html')
    window.drawn = new Promise(done => {
        const start = performance.now()
        const observer = new MutationObserver(() => {
            observer.disconnect()
            requestAnimationFrame(() => done(performance.now() - start))
        })
        observer.observe(part, {childList: true, subtree: true})
        setTimeout(() => done(null), 1000)
    })
}"""


def redraws(page: Page, slider: str) -> list[float]:
    """How long each step of a slider takes [ms]; a step that changes nothing in the picture is left out."""
    page.locator(f".widget-slider:has-text('{slider}') .noUi-handle").first.focus()
    times = []
    for _, key in zip(range(STEPS), cycle(KEYS), strict=False):
        page.evaluate(WATCH)
        page.keyboard.press(key)
        times.append(page.evaluate("() => window.drawn"))
    return sorted(time for time in times if time is not None)


def main(address: str = "http://127.0.0.1:8866/") -> None:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        page = context.pages[0]
        page.goto(address)
        page.locator("svg[role=img]").first.wait_for(timeout=60_000)
        print(f"{'slider':<20}{'steps':>7}{'median':>9}{'95 %':>7}{'longest':>9}  [ms]")
        for slider in SLIDERS:
            times = redraws(page, slider)
            if times:
                high = times[int(0.95 * (len(times) - 1))]
                print(f"{slider:<20}{len(times):>7}{statistics.median(times):>9.0f}{high:>7.0f}{times[-1]:>9.0f}")
            else:
                print(f"{slider:<20}{0:>7}   the picture did not change")
        context.close()


if __name__ == "__main__":
    main(*sys.argv[1:2])
