"""A real browser, and servers on loopback for it to look at. Needs Playwright and Debian's Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
collect_ignore_glob = [] if find_spec("playwright") and find_spec("voila") and CHROMIUM.exists() else ["*"]

QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
QUIET += ["--disable-background-networking", "--disable-component-update"]
_HARMLESS = ("shared module is not a function",)
"""Module federation of Voilà says this on every page it serves."""
_LAB_SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@dataclass
class Watched:
    """A page, what its console says is wrong, and which requests leave this machine."""

    page: object
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """An empty page of Chromium, watched."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=str(CHROMIUM), args=QUIET, viewport={"width": 1280, "height": 1400}
        )
        page = context.pages[0]
        page.set_default_timeout(90_000)
        found = Watched(page)

        def say(message: object) -> None:
            text = message.text
            if message.type == "error" and not any(harmless in text for harmless in _HARMLESS):
                found.errors.append(text)

        def note(request: object) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:")):
                found.outside.append(request.url)

        page.on("console", say)
        page.on("request", note)
        yield found
        context.close()


@pytest.fixture(scope="module")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the workbench as `ecs-images app` serves it."""
    with served_page(tmp_path_factory.mktemp("voila")) as page:
        yield page.address


@dataclass
class Served:
    """A page that a process of ours serves: its port, and its address with the token."""

    server: subprocess.Popen[bytes]
    port: int
    address: str


# A page that a test leaves keeps its kernel for a minute, and a quick machine opens more than ten in that time.
_MANY_PAGES = "from ecs_images.cli import serving; serving.MOST_PAGES = 50"


@contextmanager
def served_page(home: Path, *arguments: object, code: str = _MANY_PAGES) -> Iterator[Served]:
    """`ecs-images app` with its settings and temporary files in a folder; `code` runs before."""
    port = free_port()
    begin = f"{code}\nfrom ecs_images.cli import main\nmain()"
    command = [sys.executable, "-c", begin, "app", *map(str, arguments), "--port", str(port)]
    with _served(command, port, home) as server:
        found = re.search(rf"http://127.0.0.1:{port}/\?token=\S+", (home / "server.log").read_text())
        assert found
        yield Served(server, port, found[0])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab over a copy of the lessons, in which every cell is on the page."""
    home, port = tmp_path_factory.mktemp("lab"), free_port()
    shutil.copytree(ROOT / "notebooks", home / "notebooks")
    for extension, settings in _LAB_SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{extension}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token="]
    options += [f"--ServerApp.root_dir={home / 'notebooks'}", "--LabApp.expose_app_in_browser=True"]
    with _served([sys.executable, "-m", "jupyter", "lab", *options], port, home):
        yield f"http://127.0.0.1:{port}/lab"


@contextmanager
def _served(command: Sequence[str], port: int, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a group of its own, with settings of nobody's, until it is no longer needed."""
    own = {f"JUPYTER_{name}_DIR": str(home / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {"IPYTHONDIR": str(home / "ipython"), "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "HOME": str(home)}
    own["TMPDIR"] = str(home / "temporary")
    (home / "temporary").mkdir()
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _answers(server, port, home / "server.log")
            yield server
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _answers(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the server listens."""
    from urllib3 import PoolManager
    from urllib3.util import Retry

    tries = Retry(total=9, connect=9, backoff_factor=0.2, backoff_max=10)
    PoolManager(retries=tries).request("GET", f"http://127.0.0.1:{port}/static/favicon.ico")
    assert server.poll() is None, log.read_text()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
