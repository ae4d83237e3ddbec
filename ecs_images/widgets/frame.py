"""What every panel needs of the page and ipywidgets lacks; `frame.js` says what and why."""

from __future__ import annotations

from pathlib import Path

import anywidget

_HERE = Path(__file__).parent


class Frame(anywidget.AnyWidget):
    """A hidden child of a panel: its keys stay in it, its sliders have names, its answer is spoken."""

    _esm = _HERE / "frame.js"
    _css = _HERE / "frame.css"

    def __init__(self) -> None:
        super().__init__(layout={"height": "0", "margin": "0"})
