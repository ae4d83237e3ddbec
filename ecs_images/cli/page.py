"""The explorers as a web page: a story, a notebook of two cells, and Voilà serving it to one person."""

from __future__ import annotations

import json
import secrets
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..catalog.files import data_path
from ..errors import InputError
from .drawing import visible
from .output import say
from .show import note_lines


def serve_page(story: Path | None, image: str | None, port: int) -> None:
    """Serve the explorers of a story, the share-or-copy workbench first, on this machine until it is stopped.

    story: a story file; None: the golden-image pipeline. It is run once before the page starts, so that its
        problems are reported here
    image: the image shown first, by its id or its name in the story; None: the first
    port: the port to listen on, at 127.0.0.1

    Raises InputError where Voilà or ipywidgets is not installed, or the port cannot be used.
    """
    from ..stories.story import Story

    path = (story or data_path("stories/golden_pipeline.yaml")).resolve()
    loaded = Story.load(path)
    run = loaded.run()
    for line in note_lines((path.name, note) for note in run.notes):
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
        notebook.write_text(json.dumps(_notebook(path, loaded.title, chosen)), encoding="utf-8")
        token = secrets.token_urlsafe()
        serve(notebook, sockets, token, lambda: _announce(f"http://127.0.0.1:{port}/?token={token}"))


def _announce(address: str) -> None:
    say(f"The page is at {address} ; stop it with Ctrl+C.")
    sys.stdout.flush()


def _stop(number: int, frame: object) -> None:
    """Exit as on Ctrl+C, so that the temporary folder is removed."""
    raise KeyboardInterrupt


def _notebook(story: Path, title: str, image: str | None) -> dict[str, object]:
    """A notebook of two code cells: run the story, show the explorers. The template escapes the title."""
    lines = [
        "import ecs_images as ecs",
        "from ecs_images.widgets import explorers",
        f"story = ecs.Story.load({str(story)!r})",
        "cloud, prices = story.run().cloud, ecs.Prices.published(*story.price_layers)",
    ]
    cells = [_code("story", "\n".join(lines)), _code("explorers", f"explorers(cloud, {image!r}, prices=prices)")]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "title": visible(title)},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _code(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source}
