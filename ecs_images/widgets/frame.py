"""What every panel needs of the page and ipywidgets lacks; `frame.js` says what and why."""

from __future__ import annotations

from pathlib import Path

import anywidget
from traitlets import Dict, Unicode

_HERE = Path(__file__).parent


class Frame(anywidget.AnyWidget):
    """A hidden child of a panel: its keys stay in it, its sliders have names, its answer is spoken.

    panel: the name of the panel in the address of a page
    state: what the address keeps of the panel, as JSON
    asked: what the address asked for when the page was opened
    file: a file to save in the browser: `name`, `text` and a `number` that is new for each
    """

    _esm = _HERE / "frame.js"
    _css = _HERE / "frame.css"

    panel = Unicode().tag(sync=True)
    state = Unicode("{}").tag(sync=True)
    asked = Unicode().tag(sync=True)
    file = Dict().tag(sync=True)

    def __init__(self, panel: str) -> None:
        super().__init__(panel=panel, layout={"height": "0", "margin": "0"})
