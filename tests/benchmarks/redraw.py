"""How soon the lessons' widgets answer, measured in the browser: `python tests/benchmarks/redraw.py [WORD …]`.

Words choose the rows whose page and control have all of them, as in `redraw.py "12 × 10" copies`; without any, all are
measured.
From the press of a key to the frame that follows the last change in what the widget shows, for the
controls of the lessons and of the page that `ecs-images app` shows. The target is under 100 ms for
95 of 100, and under 250 ms for a workbench of 12 regions and 10 accounts. Needs the extra `browser` and
Debian's Chromium.
"""

from __future__ import annotations

import json
import os
import re
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
from urllib.parse import quote

from playwright.sync_api import Locator, Page, sync_playwright

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
STEPS = 40
LESSONS, PAGE = 8898, 8899
"""Ports."""
ACCOUNTS = [f"team-{number}" for number in range(10)]
REGIONS = [
    "cn-beijing",
    "cn-shanghai",
    "cn-hongkong",
    "ap-southeast-1",
    "cn-hangzhou",
    "cn-shenzhen",
    "cn-qingdao",
    "cn-zhangjiakou",
    "cn-chengdu",
    "us-west-1",
    "eu-central-1",
    "ap-northeast-1",
]
STORY = f"""\
title: An image for many
start: 2026-01-15
until: 2026-02-14
accounts: [acme, {", ".join(ACCOUNTS)}]
steps:
  - run_instance: {{as: web, account: acme, region: cn-beijing, image: aliyun_3, system_disk: 40, written: 12}}
  - create_image: {{as: golden, account: acme, instance: web}}
"""


def workbench(regions: int, accounts: int) -> str:
    """The address of the page with a workbench of so many targets."""
    state = json.dumps({"regions": REGIONS[:regions], "accounts": ACCOUNTS[:accounts]})
    return f"?share-or-copy-workbench={quote(state)}"


SMALL, LARGE = workbench(4, 3), workbench(12, 10)
WATCH = """() => {
    const parts = document.querySelectorAll('.widget-html, .ecs-grid')
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


SLIDERS = ("every", "versions kept", "period", "written", "changed", "added", "copies")
CONTROLS = (
    slider("03_lifecycle", "Moment"),
    *(dropdown("03_lifecycle", name) for name in ("Who asks", "Image")),
    *(dropdown("04_from_events_to_a_bill", name) for name in ("Region", "Meter")),
    *(slider("05_share_or_copy", name) for name in SLIDERS),
    Control("06_how_many_versions", "a tick box", ("Space",), ".widget-checkbox input"),
    *(slider(SMALL, name) for name in SLIDERS),
    *(slider(LARGE, name) for name in SLIDERS),
)
NAMES = {SMALL: "the page, 4 × 3", LARGE: "the page, 12 × 10"}


@contextmanager
def served(*command: str) -> Iterator[str]:
    """A server on loopback, from when it says its address, which is returned."""
    whole = [sys.executable, "-u", "-m", *command]
    server = subprocess.Popen(
        whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        found = (re.search(r"http://\S+", line) for line in server.stdout or ())
        yield next(address[0] for address in found if address)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def address(page: str) -> str:
    shown = page in NAMES
    return f"http://127.0.0.1:{PAGE}/{page}" if shown else f"http://127.0.0.1:{LESSONS}/voila/render/{page}.ipynb"


def redraws(page: Page, control: Locator, keys: Sequence[str]) -> list[float]:
    """How long each step takes [ms]; a key that changes nothing is left out."""
    control.focus()
    times = []
    for key in islice(cycle(keys), STEPS):
        page.evaluate(WATCH)
        page.keyboard.press(key)
        times.append(page.evaluate("() => window.drawn"))
    return sorted(time for time in times if time is not None)


def chosen(words: Sequence[str]) -> list[Control]:
    """The controls whose page and name have all the words."""
    found = [one for one in CONTROLS if all(word in f"{NAMES.get(one.page, one.page)} {one.name}" for word in words)]
    if not found:
        sys.exit(f"no control of any page has {' and '.join(words)} in its name")
    return found


def main() -> None:
    controls = chosen(sys.argv[1:])
    with ExitStack() as open_now:
        profile = open_now.enter_context(tempfile.TemporaryDirectory())
        story = Path(profile) / "many.yaml"
        story.write_text(STORY, encoding="utf-8")
        options = ("--no-browser", f"--port={LESSONS}", "--VoilaExecutor.allow_errors=True")
        open_now.enter_context(served("voila", str(NOTEBOOKS), *options))
        entrance = open_now.enter_context(served("ecs_images.cli", "app", str(story), f"--port={PAGE}"))
        context = open_now.enter_context(sync_playwright()).chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        open_now.callback(context.close)
        page, shown = context.pages[0], None
        page.goto(entrance)  # whose token is kept in a cookie
        print(f"{'page':<26}{'control':<20}{'steps':>6}{'median':>8}{'95 %':>6}{'longest':>9}  [ms]")
        for place, name, keys, where in controls:
            if place != shown:
                page.goto(address(place))
                shown = place
            control = page.locator(where).first
            control.wait_for(timeout=60_000)
            if place in NAMES:
                page.locator(f"[role=gridcell] >> nth={11 if place == SMALL else 119}").wait_for(timeout=60_000)
            times = redraws(page, control, keys)
            high = times[int(0.95 * (len(times) - 1))]
            figures = f"{len(times):>6}{statistics.median(times):>8.0f}{high:>6.0f}{times[-1]:>9.0f}"
            print(f"{NAMES.get(place, place):<26}{name:<20}{figures}", flush=True)


if __name__ == "__main__":
    main()
