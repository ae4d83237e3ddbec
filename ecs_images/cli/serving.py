"""A page for one person on one machine: Voilà on the loopback interface, behind a door.

    request ─▶ door: by our name? from our page? with the token? ─▶ Voilà ─▶ a kernel for the page

A kernel ends when its page is closed, or if no browser ever opened the page; there are at most `MOST_PAGES`.
This module is imported only where Voilà is installed.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from hmac import compare_digest
from pathlib import Path
from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.routing import Router
from tornado.web import Application, HTTPError, RequestHandler
from traitlets import TraitError
from traitlets.config import Config
from voila.app import Voila

MOST_PAGES = 10
_FULL = f"{MOST_PAGES} pages are open, and no more are possible; close one, wait a minute, and reload this"
_NO_TOKEN = "403: open the address that the command printed; it ends with a token"
_NOT_US = "403: this page answers to 127.0.0.1 and localhost only"
_ONLY_US = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'none'"
STOPS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def serve(notebook: Path, sockets: Sequence[socket.socket], token: str, announce: Callable[[], None]) -> None:
    """Serve a notebook as a page until a signal stops it; its kernels end with it.

    notebook: the file; temporary files of its kernels go to its folder
    sockets: the sockets to listen on, already bound
    token: the secret that lets a browser in
    announce: called once, when the page can be opened
    """
    config = Config()
    config.VoilaConfiguration.update(
        allow_template_override="NO", allow_theme_override="NO", file_allowlist=[], multi_kernel_manager_class=_Kernels
    )
    # A kernel without a page is of no use; a minute is enough for a slow browser to load the page.
    config.MappingKernelManager.update(cull_idle_timeout=60, cull_interval=5)
    # Encrypted where the library can, so that other users of the machine cannot listen to a kernel.
    config.KernelManager.transport_encryption = "auto"
    page = _Page(sockets, token, announce, config=config, config_file_paths=[], log_level="ERROR")
    page.connection_dir_root = str(notebook.parent)
    headers = {"Content-Security-Policy": _ONLY_US, "Referrer-Policy": "no-referrer"}
    page.tornado_settings = {"headers": headers, "ws_ping_interval": 0}
    page.initialize([str(notebook)])
    page.start()


class _Kernels(AsyncMappingKernelManager):
    """Kernels of pages: at most `MOST_PAGES`, however fast the pages are requested."""

    _starting = 0

    async def start_kernel(self, **options: Any) -> str:
        if len(self) + self._starting >= MOST_PAGES:
            raise HTTPError(503, reason=_FULL)
        self._starting += 1
        try:
            kernel: str = await super().start_kernel(**options)
            return kernel
        finally:
            self._starting -= 1

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        with suppress(TraitError):  # a kernel that is still starting has no time of last activity
            await super().cull_kernel_if_idle(kernel_id)


class _Page(Voila):
    """Voilà with our template, on sockets that are already bound, behind the door."""

    def __init__(self, sockets: Sequence[socket.socket], token: str, announce: Callable[[], None], **options: Any):
        super().__init__(**options)
        self._sockets, self._token, self._announce = sockets, token, announce

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(Path(__file__).parent / "template"))

    def listen(self) -> None:
        self.ioloop = IOLoop.current()
        for number in STOPS:
            signal.signal(number, self._handle_signal_stop)
        server = HTTPServer(_Door(self.app, self._sockets[0].getsockname()[1], self._token))
        server.add_sockets(self._sockets)
        try:
            self._announce()
            self.ioloop.start()
        finally:
            for number in STOPS:  # a second Ctrl+C must not leave kernels behind
                signal.signal(number, signal.SIG_IGN)
            server.stop()
            self.stop()


class _Door(Router):
    """Lets in requests to our own name and port, from our own page or from none, that bring the token.

    The token comes with the first address and is kept in a cookie, so the address that people share does not
    contain it. The name is checked because another site can let its own name point to this machine.
    """

    def __init__(self, page: Application, port: int, token: str) -> None:
        self._page, self._token = page, token.encode()
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._cookie = f"ecs_images_{port}"  # cookies are shared between the ports of a machine

    def find_handler(self, request: Any, **options: Any) -> Any:
        ours = f"http://{request.host}"
        if request.host not in self._hosts or request.headers.get("Origin", ours) != ours:
            return self._answer(request, 403, _NOT_US)
        if compare_digest(request.query_arguments.get("token", [b""])[-1], self._token):
            keep = f"{self._cookie}={self._token.decode()}; Path=/; HttpOnly; SameSite=Lax"
            return self._answer(request, 302, "", {"Location": "/", "Set-Cookie": keep, "Cache-Control": "no-store"})
        kept = request.cookies.get(self._cookie)
        if kept is None or not compare_digest(kept.value.encode(), self._token):
            return self._answer(request, 403, _NO_TOKEN)
        return self._page.find_handler(request, **options)

    def _answer(self, request: Any, status: int, text: str, headers: dict[str, str] | None = None) -> Any:
        options = {"status": status, "text": text, "headers": headers or {}}
        return self._page.get_handler_delegate(request, _Answer, options)


class _Answer(RequestHandler):
    """A line of text, or a redirect."""

    def initialize(self, status: int, text: str, headers: dict[str, str]) -> None:
        self._line = status, text, headers

    def prepare(self) -> None:
        status, text, headers = self._line
        self.set_status(status)
        for name, value in {"Content-Type": "text/plain; charset=utf-8", **headers}.items():
            self.set_header(name, value)
        self.finish(f"{text}\n")
