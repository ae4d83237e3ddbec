"""The workbench as a web page: a story, a notebook of two cells, and Voilà serving it on loopback.

The page asks nothing of the network: its template is that of the installed Voilà without the
lines that fetch icons from elsewhere.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from ..catalog.files import data_path
from ..errors import InputError

_TEMPLATE = "ecs_images"
_OUTSIDE = re.compile(r"^.*https?://.*\n", re.MULTILINE)


def serve_page(story: Path | None, image: str | None, port: int) -> int:
    """Serve the share-or-copy workbench of a story until it is stopped; gives Voilà's exit code.

    The story is run once before, so that what is wrong with it is told here. Raises InputError
    when Voilà or ipywidgets is not installed.
    """
    from ..stories.story import Story, resolve

    path = (story or data_path("stories/golden_pipeline.yaml")).resolve()
    loaded = Story.load(path)
    run = loaded.run()
    chosen = resolve(run.cloud, run.ids, image) if image is not None else None
    if chosen is not None:
        run.cloud.image(chosen)
    for needed in ("voila", "ipywidgets"):
        if find_spec(needed) is None:
            raise InputError(f"the page needs {needed}; install the extra: pip install 'ecs-images[lab]'")
    with TemporaryDirectory(prefix="ecs_images_") as folder:
        notebook = Path(folder) / "workbench.ipynb"
        notebook.write_text(json.dumps(_notebook(path, loaded.title, chosen)), encoding="utf-8")
        environment = {**os.environ, "JUPYTER_PATH": _template_path(Path(folder))}
        print(f"The page is at http://127.0.0.1:{port}/ ; stop it with Ctrl+C.", flush=True)
        options = ["--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}", f"--template={_TEMPLATE}"]
        try:
            return subprocess.run([sys.executable, "-m", "voila", str(notebook), *options], env=environment).returncode
        except KeyboardInterrupt:
            return 0


def _notebook(story: Path, title: str, image: str | None) -> dict[str, object]:
    """Two code cells below a title: run the story, show the workbench."""
    lines = [
        "import ecs_images as ecs",
        "from ecs_images.widgets import share_or_copy",
        f"story = ecs.Story.load({str(story)!r})",
        "cloud, prices = story.run().cloud, ecs.Prices.published(*story.price_layers)",
    ]
    aim = "Choose regions and accounts, and see what is allowed, what it adds, and who pays."
    head = f"# Share or copy?\n\n{title}. {aim}"
    cells: list[dict[str, object]] = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": head},
        _code("story", "\n".join(lines)),
        _code("workbench", f"share_or_copy(cloud, {image!r}, prices=prices)"),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _code(name: str, source: str) -> dict[str, object]:
    return {"cell_type": "code", "id": name, "metadata": {}, "execution_count": None, "outputs": [], "source": source}


def _template_path(folder: Path) -> str:
    """A Jupyter path below `folder` with the installed page template, less what it fetches from outside."""
    from jupyter_core.paths import jupyter_path

    for place in jupyter_path("voila", "templates", "lab"):
        original = Path(place) / "index.html.j2"
        if original.is_file():
            template = folder / "jupyter" / "voila" / "templates" / _TEMPLATE
            template.mkdir(parents=True)
            page = _OUTSIDE.sub("", original.read_text(encoding="utf-8"))
            (template / "index.html.j2").write_text(page, encoding="utf-8")
            (template / "conf.json").write_text('{"base_template": "lab"}', encoding="utf-8")
            return os.pathsep.join(filter(None, [str(folder / "jupyter"), os.environ.get("JUPYTER_PATH")]))
    raise InputError("the installed Voilà has no page template; install the extra again: pip install 'ecs-images[lab]'")
