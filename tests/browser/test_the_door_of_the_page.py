"""The page of `ecs-images app`: who is let in, that a story runs nothing in it, and that all ends with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from conftest import ROOT, Served, served_page

EVIL = """\
title: "<img src=x onerror='window.seized=1'><script>window.seized=2</script> {{ 7 * 7 }} [x](javascript:1) \\e[31m"
start: 2026-01-15
until: 2026-02-14
accounts: ["<img src=x onerror='window.seized=3'>", partner]
steps:
  - import_image: {as: golden, account: "<img src=x onerror='window.seized=3'>", region: cn-beijing, file: 10}
"""


class Answer(NamedTuple):
    status: int
    headers: Message
    text: str


def get(page: Served, path: str = "/", **headers: str) -> Answer:
    """The answer to a request, read to its end; `Host` and others as given."""
    with closing(HTTPConnection("127.0.0.1", page.port, timeout=90)) as connection:
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())


def cookie_of(page: Served) -> str:
    """The cookie that the address with the token sets."""
    entered = get(page, page.address.partition(str(page.port))[2])
    assert (entered.status, entered.headers["Location"]) == (302, "/")
    kept = entered.headers["Set-Cookie"]
    assert "HttpOnly" in kept
    return kept.partition(";")[0]


def kernels(page: Served) -> list[psutil.Process]:
    return psutil.Process(page.server.pid).children()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    with served_page(tmp_path_factory.mktemp("page")) as found:
        yield found


def test_only_who_has_the_token_is_let_in(page: Served) -> None:
    """The page, its files and its kernels; the address one ends at is without the token."""
    for path in ("/", "/?token=guess", "/voila/static/voila.js", "/api/kernels/0-0-0-0-0", "/login"):
        refused = get(page, path, Cookie=f"ecs_images_{page.port}=guess")
        assert (refused.status, refused.text.count("\n")) == (403, 1), path
        assert "open the address that the command printed" in refused.text
    assert kernels(page) == []
    assert get(page, "/voila/templates/lab/static/voila.js", Cookie=cookie_of(page)).status == 200


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}"])
def test_a_foreign_name_that_points_to_this_machine_is_refused(page: Served, host: str) -> None:
    """DNS rebinding: even with the cookie."""
    refused = get(page, Host=host.format(port=page.port), Cookie=cookie_of(page))
    assert (refused.status, refused.text) == (403, "403: this page answers to 127.0.0.1 and localhost only\n")
    assert kernels(page) == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}"])
def test_a_request_from_another_page_is_refused(page: Served, origin: str) -> None:
    refused = get(page, "/?x", Origin=origin.format(port=page.port), Cookie=cookie_of(page))
    assert refused.status == 403
    assert kernels(page) == []


def test_what_a_story_says_is_text_in_the_page(watched, tmp_path: Path) -> None:
    """HTML, Markdown and templates in the title and in the name of an account run nothing."""
    (tmp_path / "evil.yaml").write_text(EVIL, encoding="utf-8")
    with served_page(tmp_path, tmp_path / "evil.yaml") as served:
        browser = watched.page
        browser.goto(served.address)
        browser.locator("svg[role=img]").first.wait_for()
        assert browser.evaluate("window.seized") is None
        assert browser.get_by_role("main").count() == 1
        shown = browser.locator("header p").inner_text()
        assert shown.startswith("<img src=x onerror='window.seized=1'><script>window.seized=2</script> {{ 7 * 7 }} [x]")
        assert "\x1b" not in shown
        assert "token" not in browser.url
        assert (watched.errors, watched.outside) == ([], [])


def test_a_kernel_ends_with_its_page(watched, page: Served) -> None:
    watched.page.goto(page.address)
    watched.page.locator("svg[role=img]").first.wait_for()
    begun = kernels(page)
    assert len(begun) == 1
    watched.page.goto("about:blank")
    assert psutil.wait_procs(begun, timeout=90)[1] == []


def test_pages_that_no_browser_opens_are_few_and_end_by_themselves(tmp_path: Path) -> None:
    """With at most two pages: five requests at once start two kernels; the others get a sentence."""
    with served_page(tmp_path, code="from ecs_images.cli import serving; serving.MOST_PAGES = 2") as served:
        cookie = cookie_of(served)
        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda _: get(served, Cookie=cookie), range(5)))
        assert sorted(answer.status for answer in answers) == [200, 200, 503, 503, 503]
        assert all("close one, wait a minute" in answer.text for answer in answers if answer.status == 503)
        begun = kernels(served)
        assert len(begun) == 2
        assert psutil.wait_procs(begun, timeout=120)[1] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_and_leaves_no_folder(tmp_path: Path, number: signal.Signals) -> None:
    with served_page(tmp_path) as served:
        assert get(served, Cookie=cookie_of(served)).status == 200
        begun = kernels(served)
        assert len(begun) == 1
        served.server.send_signal(number)
        assert served.server.wait(60) == 0
        assert psutil.wait_procs(begun, timeout=30)[1] == []
        assert os.listdir(tmp_path / "temporary") == []
        assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_a_port_in_use_is_an_error_before_anything_is_announced(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "ecs_images.cli", "app", "--port", str(port)]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    said = f"error: port {port} cannot be used (Address already in use); choose another with --port\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", said)
    assert os.listdir(tmp_path) == []
