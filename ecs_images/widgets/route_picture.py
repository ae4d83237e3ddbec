"""Routes compared, for a live page: what `charts.routes_compared` shows, from the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from textwrap import shorten

import pandas as pd

from ..charts.route_cells import Cell, cells_by_target, shade
from ..charts.style import DARK, PALE, SKY, ink, money, two_lines
from .svg import EDGE, LETTER, WIDTH, Picture

_ROW = 28
"""Height of a row [pixel]."""


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
    left = 20 + LETTER * max(map(len, routes))
    longest = max((cell.cost for cell in cells if isfinite(cell.cost)), default=0.0) or 1.0
    room = WIDTH - left - 110
    picture = Picture(text)
    picture.letters(8, 18, f"{name}, list cost [{currency}]", weight="bold")
    for place, k in enumerate(order):
        cell, middle = cells[k], 30 + _ROW * (place + 0.5)
        picture.letters(left - 8, middle + 4, routes[k], anchor="end")
        if isfinite(cell.cost):
            width = room * cell.cost / longest
            picture.box(left, middle - 8, width, 16, SKY, edge=DARK)
            picture.letters(left + width + 6, middle + 4, money(cell.cost))
        else:
            words = shorten(cell.reason, int((WIDTH - left) / LETTER), placeholder=" …")
            picture.letters(left + 6, middle + 4, words, style="italic")
    foot = 30 + _ROW * len(order)
    picture.line(left, 30, left, foot)
    return picture.html(foot + 8)


def _grid(routes: Sequence[str], rows: dict[str, tuple[Cell, ...]], currency: str, text: str) -> str:
    left = 20 + LETTER * max(map(len, rows))
    column = (WIDTH - left - 8) / len(routes)
    amounts = [cell.cost for cells in rows.values() for cell in cells if isfinite(cell.cost)]
    dearest = max(amounts, default=0.0) or 1.0
    picture = Picture(text)
    picture.letters(8, 18, f"list cost [{currency}]: darker is dearer, framed the cheapest of its row, hatched refused")
    for number, (name, cells) in enumerate(rows.items()):
        top = 28 + _ROW * number
        picture.letters(left - 8, top + _ROW / 2 + 4, name, anchor="end")
        cheapest = min((cell.cost for cell in cells if isfinite(cell.cost)), default=None)
        for place, cell in enumerate(cells):
            x, priced = left + column * place + 2, isfinite(cell.cost)
            colour = shade(cell.cost / dearest) if priced else "white" if cell.allowed else PALE
            best = priced and cell.cost == cheapest
            edge, line = (DARK, 2.0) if best else (EDGE, 0.6)
            picture.box(x, top + 2, column - 4, _ROW - 4, colour, edge=edge, line=line)
            if not cell.allowed:
                picture.box(x, top + 2, column - 4, _ROW - 4, picture.hatch("/", EDGE))
            words = money(cell.cost) if priced else cell.mark
            halo = "" if cell.allowed else PALE
            picture.letters(x + column / 2 - 2, top + _ROW / 2 + 4, words, anchor="middle", fill=ink(colour), halo=halo)
    foot = 28 + _ROW * len(rows)
    for place, route in enumerate(routes):
        for line, words in enumerate(two_lines(route).split("\n")):
            picture.letters(left + column * (place + 0.5), foot + 16 + 14 * line, words, anchor="middle")
    return picture.html(foot + 40)


def _or_infinite(cost: float) -> float:
    return cost if isfinite(cost) else float("inf")
