"""The blocks of a snapshot chain, for a live page: what `charts.chain_block_map` shows, from the same groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.ticker import MaxNLocator

from ..charts.chain_blocks import Group, births_of, groups_of_blocks, snapshot_numbers, what_is_freed
from ..charts.style import gib, ink
from .svg import LETTER, WIDTH, Picture

_ROW, _TOP = 22, 48
"""Height of a row, and where the first begins [pixel]."""


class ChainPicture:
    """A chain's blocks, of which each choice of snapshots to delete is another picture.

    `block_map` is what `Cloud.block_map` gives. Raises ValueError for a chain that stores nothing.
    """

    def __init__(self, block_map: pd.DataFrame) -> None:
        self._numbers = snapshot_numbers(block_map, ())
        self._groups = groups_of_blocks(block_map)

    def drawn(self, delete: Sequence[str], text: str) -> str:
        """The picture, hatched what deleting the snapshots together frees, with `text` in its place for
        those who do not see it."""
        names = [f"{name}{' ✕' if name in delete else ''} no. {n}" for name, n in self._numbers.items()]
        left = 20 + LETTER * max(map(len, names))
        scale = (WIDTH - left - 12) / sum(group.width for group in self._groups)
        picture = Picture(text)
        picture.letters(8, 16, what_is_freed(self._groups, delete), weight="bold")
        picture.letters(left - 8, 40, "first stored by no.", anchor="end")
        _name_births(picture, self._groups, left, scale)
        for row, name in enumerate(names):
            picture.letters(left - 8, _TOP + _ROW * (row + 0.5) + 4, name, anchor="end")
        rows = {name: row for row, name in enumerate(self._numbers)}
        for group in self._groups:
            _draw(picture, group, rows, left, scale, group.holders <= set(delete))
        foot = _TOP + _ROW * len(names) + 4
        _axis(picture, left, foot, scale)
        return picture.html(foot + 40)


def _draw(picture: Picture, group: Group, rows: Mapping[str, int], left: float, scale: float, goes: bool) -> None:
    """A group's blocks, held by one snapshot after the other, with its size where there is room."""
    held = sorted(rows[name] for name in group.holders)
    x, width, colour = left + scale * group.left, scale * group.width, ink(group.colour)
    places = [(x, _TOP + _ROW * row + 2, width, _ROW - 4) for row in held]
    picture.boxes(places, group.colour, edge="white")
    if goes:
        picture.boxes(places, picture.hatch("x", colour), edge=colour)
    size = gib(group.width)
    if LETTER * len(size) + 8 < width:
        halo = group.colour if goes else ""
        middle = _TOP + _ROW * (held[0] + 0.5) + 4
        picture.letters(x + width / 2, middle, size, anchor="middle", fill=colour, halo=halo)


def _name_births(picture: Picture, groups: Sequence[Group], left: float, scale: float) -> None:
    """Above the columns, the number of the snapshot that first stored them, where there is room."""
    free = left
    for name, middle in births_of(groups):
        x, half = left + scale * middle, LETTER * len(name) / 2 + 2
        if x - half >= free:
            picture.letters(x, 40, name, anchor="middle")
            free = x + half


def _axis(picture: Picture, left: float, foot: float, scale: float) -> None:
    """The axis of stored blocks [GiB], below the rows."""
    right = WIDTH - 12
    picture.line(left, foot, right, foot)
    for tick in MaxNLocator(8).tick_values(0, (right - left) / scale):
        x = left + scale * tick
        if x <= right + 0.5:
            picture.line(x, foot, x, foot + 4)
            picture.letters(x, foot + 17, f"{tick:g}", anchor="middle")
    picture.letters((left + right) / 2, foot + 34, "stored blocks [GiB]", anchor="middle")
