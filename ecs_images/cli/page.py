"""The explorers as a web page: a story or an account, a notebook of two cells, and Voilà serving it to one person."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..catalog.files import data_path
from ..errors import InputError
from .drawing import visible
from .opening import open_account
from .output import say
from .show import note_lines

if TYPE_CHECKING:
    from ..stories.run import Run


def serve_page(place: Path | None, image: str | None, port: int, site: str | None) -> None:
    """Serve the explorers of a story or an account on this machine until it is stopped.

    place: a story file, or a folder of saved answers of an account; None: the golden-image pipeline. It is run or read
        once before the page starts, so that its problems are reported here
    image: the image shown first, by its id or its name in the story; None: the first
    port: the port to listen on, at 127.0.0.1
    site: the site of the account in a folder; None: china

    Raises InputError where Voilà or ipywidgets is not installed, or the port cannot be used.
    """
    path = (place or data_path("stories/golden_pipeline.yaml")).resolve()
    run, lines = _opened(path, image, site)
    for line in lines:
        say(line)
    chosen = run.id_of(image) if image is not None else None
    if chosen is not None:
        run.cloud.image(chosen)
    for needed in ("voila", "ipywidgets", "anywidget"):
        if find_spec(needed) is None:
            raise InputError(f"the page needs {needed}; install the extra: pip install 'ecs-images[lab]'")
    from tornado.netutil import bind_sockets

    from .serving import STOPS, serve

    try:
        sockets = bind_sockets(port, "127.0.0.1")
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"port {port} cannot be used ({reason}); choose another with --port") from None
    for number in STOPS:
        signal.signal(number, _stop)
    with TemporaryDirectory(prefix="ecs_images_") as folder:
        notebook = Path(folder) / "workbench.ipynb"
        notebook.write_text(json.dumps(notebook_of(path, run.title, chosen, site or "china")), encoding="utf-8")
        token = secrets.token_urlsafe()
        serve(notebook, sockets, token, lambda: _announce(f"http://127.0.0.1:{port}/?token={token}"))


def _announce(address: str) -> None:
    say(f"The page is at {address} ; stop it with Ctrl+C.")
    sys.stdout.flush()


def _stop(number: int, frame: object) -> None:
    """Exit as on Ctrl+C, so that the temporary folder is removed."""
    raise KeyboardInterrupt


def _opened(path: Path, image: str | None, site: str | None) -> tuple[Run, list[str]]:
    """A story that was run, or an account, and what there is to say about it."""
    from ..stories.story import Story

    if path.is_dir():
        return open_account(path, site or "china", image)
    if site is not None:
        raise InputError(f"--site is for a folder of saved answers; the accounts of {path} have theirs")
    run = Story.load(path).run()
    return run, note_lines((path.name, note) for note in run.notes)


def notebook_of(place: Path, title: str, image: str | None, site: str) -> dict[str, object]:
    """A notebook of code cells: run the story or read the account, show the explorers, and keep the page quick.

    place: the story, or the folder of an account
    title: what the page is called; the template escapes it
    image: the id of the image shown first; None: the first
    site: the site of the account
    """
    if place.is_dir():
        heading = "What the images of an account cost"
        lines = [f"account = ecs.Inventory.read({str(place)!r})"]
        show = f"ecs.widgets.account_explorers(account, {image!r}, site={site!r})"
    else:
        heading = "Share or copy?"
        lines = [
            f"story = ecs.Story.load({str(place)!r})",
            "cloud, prices = story.run().cloud, ecs.Prices.published(*story.price_layers)",
        ]
        show = f"ecs.widgets.explorers(cloud, {image!r}, prices=prices)"
    # What is there now stays as long as the page: looked through for garbage it would hold up a slider now and then.
    settle = "import gc\n\ngc.collect()\ngc.freeze()"
    opened = "\n".join(["import ecs_images as ecs", *lines])
    cells = [_code("opened", opened), _code("explorers", show), _code("settled", settle)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "title": visible(title), "heading": heading},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _code(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source}
