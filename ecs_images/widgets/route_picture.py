"""Routes compared, as an SVG that the browser draws: what `charts.routes_compared` shows, for a live page.

A slider must be answered within a tenth of a second, and drawing letters on a canvas alone takes
longer. The cells are those of the chart; only the strokes are made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import isfinite
from textwrap import shorten

import pandas as pd

from ..charts.route_cells import Cell, cells_by_target, shade
from ..charts.style import DARK, PALE, SKY, ink, money, two_lines

_WIDTH, _ROW, _LETTER = 860, 28, 7.2
"""Width of the picture, height of a row and width of a letter [pixel]."""
_EDGE = "#B0B0B0"
_FONT = "font-family:'DejaVu Sans',Verdana,sans-serif;font-size:12px"
_HATCH = (
    '<pattern id="refused" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="7" height="7" fill="{PALE}"/><rect width="1.2" height="7" fill="{_EDGE}"/></pattern>'
)


def routes_picture(table: pd.DataFrame, currency: str, text: str) -> str:
    """The routes of a table in one currency, with `text` for those who do not see it.

    For one target a bar for each route, the cheapest at the top; for several a grid, one row a
    target: darker is dearer, a frame marks the cheapest of a row, hatched is refused.
    """
    routes, rows = cells_by_target(table)
    if len(rows) == 1:
        ((name, cells),) = rows.items()
        return _bars(name, routes, cells, currency, text)
    return _grid(routes, rows, currency, text)


def _bars(name: str, routes: Sequence[str], cells: Sequence[Cell], currency: str, text: str) -> str:
    order = sorted(range(len(routes)), key=lambda k: (not cells[k].allowed, _or_infinite(cells[k].cost)))
    left = 20 + _LETTER * max(map(len, routes))
    longest = max((cell.cost for cell in cells if isfinite(cell.cost)), default=0.0) or 1.0
    room = _WIDTH - left - 110
    parts = [_letters(8, 18, f"{name}, list cost [{currency}]", weight="bold")]
    for place, k in enumerate(order):
        cell, middle = cells[k], 30 + _ROW * (place + 0.5)
        parts.append(_letters(left - 8, middle + 4, routes[k], anchor="end"))
        if isfinite(cell.cost):
            width = room * cell.cost / longest
            parts.append(_box(left, middle - 8, width, 16, SKY, DARK, 0.5))
            parts.append(_letters(left + width + 6, middle + 4, money(cell.cost)))
        else:
            words = shorten(cell.reason, int((_WIDTH - left) / _LETTER), placeholder=" …")
            parts.append(_letters(left + 6, middle + 4, words, style="italic"))
    height = 30 + _ROW * len(order) + 8
    axis = f'<line x1="{left:g}" x2="{left:g}" y1="30" y2="{height - 8}" stroke="{DARK}"/>'
    return _svg(height, text, [*parts, axis])


def _grid(routes: Sequence[str], rows: dict[str, tuple[Cell, ...]], currency: str, text: str) -> str:
    left = 20 + _LETTER * max(map(len, rows))
    column = (_WIDTH - left - 8) / len(routes)
    amounts = [cell.cost for cells in rows.values() for cell in cells if isfinite(cell.cost)]
    dearest = max(amounts, default=0.0) or 1.0
    parts = [
        _letters(8, 18, f"list cost [{currency}]: darker is dearer, framed the cheapest of its row, hatched refused")
    ]
    for number, (name, cells) in enumerate(rows.items()):
        top = 28 + _ROW * number
        parts.append(_letters(left - 8, top + _ROW / 2 + 4, name, anchor="end"))
        cheapest = min((cell.cost for cell in cells if isfinite(cell.cost)), default=None)
        for place, cell in enumerate(cells):
            x, priced = left + column * place + 2, isfinite(cell.cost)
            colour = shade(cell.cost / dearest) if priced else "white"
            best = priced and cell.cost == cheapest
            fill = colour if cell.allowed else "url(#refused)"
            parts.append(_box(x, top + 2, column - 4, _ROW - 4, fill, DARK if best else _EDGE, 2 if best else 0.6))
            words = money(cell.cost) if priced else cell.mark
            parts.append(_letters(x + column / 2 - 2, top + _ROW / 2 + 4, words, anchor="middle", fill=ink(colour)))
    foot = 28 + _ROW * len(rows)
    for place, route in enumerate(routes):
        for line, words in enumerate(two_lines(route).split("\n")):
            middle = left + column * (place + 0.5)
            parts.append(_letters(middle, foot + 16 + 14 * line, words, anchor="middle"))
    return _svg(foot + 40, text, [f"<defs>{_HATCH}</defs>", *parts])


def _svg(height: float, text: str, parts: Sequence[str]) -> str:
    """The picture: an image with a name, on white whatever the page's theme."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {height:g}"'
    look = f'style="max-width:{_WIDTH}px;width:100%;background:white;{_FONT}"'
    return f'{head} aria-label="{escape(text)}" {look}><title>{escape(text)}</title>{"".join(parts)}</svg>'


def _box(x: float, y: float, width: float, height: float, fill: str, edge: str, line: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{fill}" stroke="{edge}" stroke-width="{line:g}"/>'
    )


def _letters(
    x: float, y: float, words: str, *, anchor: str = "start", fill: str = DARK, weight: str = "", style: str = ""
) -> str:
    look = (f' font-weight="{weight}"' if weight else "") + (f' font-style="{style}"' if style else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{look}>{escape(words)}</text>'


def _or_infinite(cost: float) -> float:
    return cost if isfinite(cost) else float("inf")
