"""The grid of targets, and the ways to one of them: controls that ipywidgets lacks.

Buttons for the cells would be a Tab stop each and take ten times as long to redraw; a list of radio buttons of
ipywidgets loses the focus whenever it changes. `grid.js` and `ways.js` say how these behave.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
from traitlets import Dict, Int, List, Unicode

_HERE = Path(__file__).parent


class TargetGrid(anywidget.AnyWidget):
    """Regions by accounts, a cell for each target, one of which can be picked.

    caption: what it is
    rows: names of the regions
    columns: names of the accounts
    cells: `way`, `money` and `kind` of each, row by row; a kind is empty, chosen or refused
    selected: the place of the cell that is picked; -1: none
    """

    _esm = _HERE / "grid.js"
    _css = _HERE / "grid.css"
    caption = Unicode().tag(sync=True)
    rows = List(Unicode()).tag(sync=True)
    columns = List(Unicode()).tag(sync=True)
    cells = List(Dict()).tag(sync=True)
    selected = Int(-1).tag(sync=True)


class WayList(anywidget.AnyWidget):
    """The ways to one target, one of which is chosen.

    title: which target it is
    ways: `way` (its name, empty for the cheapest), `name`, `allowed`, `money`, `who` and `what` of each
    chosen: the name of the way that is chosen
    """

    _esm = _HERE / "ways.js"
    _css = _HERE / "ways.css"
    title = Unicode().tag(sync=True)
    ways = List(Dict()).tag(sync=True)
    chosen = Unicode().tag(sync=True)
