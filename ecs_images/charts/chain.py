"""The blocks of a snapshot chain: which snapshot holds what, and what deletions free.

As a matplotlib chart, and as the picture that a page redraws with every tick.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from ..errors import InputError, UnknownName
from .style import DARK, axes_or_new, gib, ink, name_rows, require, row_font, width_of
from .svg import BESIDE, LETTER, MARGIN, Picture, left_of
from .texts import plain_text, shortened, width_of_text, with_fonts

_COLUMNS = ("x_snapshot_id", "x_number", "x_first_snapshot", "x_last_snapshot", "x_skipped_snapshots", "x_stored_gib")
_ROW, _TOP = 22, 48
"""Height of a row of the picture, and top of the first one [pixel]."""


class Group(NamedTuple):
    """Stored blocks that the same live snapshots hold: a column of the chart.

    left: its left edge in the chart [GiB]
    width: its size [GiB]
    births: the lowest and the highest number of a snapshot that first stored part of it
    holders: the ids of the snapshots that hold it
    colour: darker for blocks that were stored later
    """

    left: float
    width: float
    births: tuple[int, int]
    holders: frozenset[str]
    colour: str


class Blocks:
    """The stored blocks of a chain, side by side in groups that the same snapshots hold.

    block_map: what `cloud.block_map()` returns

    Example: three snapshots of 12 GiB, with the same 3 GiB overwritten between them. The 9 GiB that all three hold
    are one group, and the 3 GiB that each holds alone are three more; 18 GiB in total. Raises InputError for a
    chain that stores nothing.
    """

    def __init__(self, block_map: pd.DataFrame) -> None:
        table = require(block_map, _COLUMNS, "a snapshot chain", "cloud.block_map()")
        snapshots, numbers, firsts, lasts, skipped, sizes = (table[name].tolist() for name in _COLUMNS)
        self.numbers = dict(zip(map(str, snapshots), map(int, numbers), strict=True))
        """The number of each live snapshot, oldest first."""
        runs: dict[tuple[int, int, str], tuple[float, list[str]]] = {}
        for name, first, last, skips, size in zip(snapshots, firsts, lasts, skipped, sizes, strict=True):
            if size:
                runs.setdefault((first, last, skips), (size, []))[1].append(str(name))
        by_holders: dict[frozenset[str], list[tuple[int, float]]] = {}
        for (first, *_), (size, holders) in sorted(runs.items()):
            by_holders.setdefault(frozenset(holders), []).append((first, size))
        if not by_holders:
            raise InputError("a chart of a snapshot chain needs stored blocks; the snapshots of this one hold none")
        births = sorted({parts[0][0] for parts in by_holders.values()})
        shades = mpl.colormaps["YlGnBu"](0.2 + 0.65 * np.arange(len(births)) / max(len(births) - 1, 1))
        colours = dict(zip(births, map(to_hex, shades), strict=True))
        self.groups: list[Group] = []
        self.total = 0.0
        """What the chain stores: the width of all groups together [GiB]."""
        for held_by, parts in by_holders.items():
            width, first, last = sum(size for _, size in parts), parts[0][0], parts[-1][0]
            self.groups.append(Group(self.total, width, (first, last), held_by, colours[first]))
            self.total += width

    def births(self) -> list[tuple[str, float]]:
        """For neighbouring groups first stored by the same snapshots: their numbers, and the groups' centre [GiB]."""
        labels = []
        for (low, high), neighbours in groupby(self.groups, key=lambda group: group.births):
            columns = list(neighbours)
            middle = (columns[0].left + columns[-1].left + columns[-1].width) / 2
            labels.append((str(low) if low == high else f"{low}–{high}", middle))
        return labels

    def row_names(self, delete: Sequence[str]) -> list[str]:
        """Each snapshot's id, with a cross if it is to be deleted, and its number."""
        return [
            f"{shortened(name, 24)}{'  ✕' if name in delete else ''}  no. {number}"
            for name, number in self.numbers.items()
        ]

    def freed_gib(self, delete: Sequence[str]) -> float:
        """What deleting these snapshots together frees [GiB]."""
        return sum(group.width for group in self.groups if group.holders <= set(delete))

    def title(self, delete: Sequence[str]) -> str:
        """What the chain stores and what deleting these snapshots together frees, as a text."""
        if not delete:
            return f"{gib(self.total)} stored"
        freed = self.freed_gib(delete)
        chosen = list(dict.fromkeys(delete))
        which = ", ".join(shortened(name, 24) for name in chosen) if len(chosen) <= 3 else f"{len(chosen)} snapshots"
        frees = f"{gib(freed)} (hatched)" if freed else "nothing"
        return f"{gib(self.total)} stored; deleting {which} frees {frees}"


def chain_block_map(table: pd.DataFrame, *, delete: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """What the live snapshots of a chain hold: a row for each, and a column for blocks held by the same ones.

    A column is as wide as the blocks that it stores once for all its holders, so all columns together are as wide
    as what is billed (CHAIN-1). Darker blocks were stored later; the number above is the snapshot that first
    stored them.

    table: what `Cloud.block_map` returns, a row for each run of blocks and each snapshot that holds it: columns
        `x_snapshot_id`, `x_number` (1 for the chain's first), `x_first_snapshot` and `x_last_snapshot` (numbers
        between which the run is held), `x_skipped_snapshots` (those between that do not hold it) and
        `x_stored_gib` [GiB]
    delete: ids of snapshots; what deleting them together frees is hatched (CHAIN-2)
    ax: the axes to draw on; a new figure unless given

    Raises InputError for an empty table, a chain that stores nothing, or a snapshot to delete that is not in it.
    """
    blocks, chosen = Blocks(table), [delete] if isinstance(delete, str) else list(delete)
    for name in chosen:
        if name not in blocks.numbers:
            raise UnknownName("live snapshot of this chain", str(name), blocks.numbers)
    rows = list(blocks.numbers)
    ax = axes_or_new(ax, 8, 1.7 + 0.34 * len(rows))
    name_rows(ax, blocks.row_names(chosen), longest=50)
    inches_per_gib, size = width_of(ax) / blocks.total, row_font(ax, len(rows), most=8)
    for group in blocks.groups:
        goes, colour = group.holders <= set(chosen), ink(group.colour)
        held = [row for row, name in enumerate(rows) if name in group.holders]
        left, right = group.left, group.left + group.width
        # One artist for all blocks of a group: a long chain has tens of thousands of them.
        corners = [[(left, y - 0.4), (right, y - 0.4), (right, y + 0.4), (left, y + 0.4)] for y in held]
        drawn = PolyCollection(corners, facecolor=group.colour, edgecolor=colour if goes else "white", linewidth=0.6)
        drawn.set_hatch("xxx" if goes else "")
        ax.add_collection(drawn, autolim=False)
        # The size is written once, in the first row that has the blocks, if there is room.
        text = gib(group.width)
        if size and 0.0095 * size * len(text) <= inches_per_gib * group.width:
            back = {"facecolor": group.colour, "edgecolor": "none", "pad": 1.0} if goes else None
            place = (left + right) / 2, held[0]
            ax.text(*place, text, ha="center", va="center", fontsize=size, color=colour, bbox=back)
    ax.set_xlim(0, blocks.total)
    ax.set_xlabel("stored blocks [GiB]")
    ax.spines[["top", "right", "left"]].set_visible(False)
    top = ax.secondary_xaxis("top")
    shown = _with_room(blocks.births(), inches_per_gib, letter=0.09, spare=0.06)
    top.set_xticks([middle for _, middle in shown], [name for name, _ in shown])
    top.tick_params(length=0, labelcolor=DARK)
    top.spines["top"].set_visible(False)
    top.set_xlabel("first stored by snapshot no.")
    ax.set_title(plain_text(blocks.title(chosen), longest=150), loc="left", fontsize="medium")
    return with_fonts(ax)


def chain_picture(blocks: Blocks, delete: Sequence[str], text: str) -> str:
    """What `chain_block_map` shows, as SVG for a live page.

    delete: ids of snapshots; what deleting them together frees is hatched
    text: the same in words, for readers who do not see the picture
    """
    names, picture = blocks.row_names(delete), Picture(text, BESIDE)
    left, right, foot = left_of(names), BESIDE - MARGIN, _TOP + _ROW * len(names) + 4
    scale = (right - left) / blocks.total
    hatched = f"; {gib(blocks.freed_gib(delete))} of them freed (hatched)" if delete else ""
    picture.letters(8, 16, f"{gib(blocks.total)} stored{hatched}", weight="bold")
    picture.letters(left - 8, 40, "first stored by no.", anchor="end")
    for name, middle in _with_room(blocks.births(), scale, letter=LETTER, spare=4):
        picture.letters(left + scale * middle, 40, name, anchor="middle")
    for row, name in enumerate(names):
        picture.letters(left - 8, _TOP + _ROW * (row + 0.5) + 4, name, anchor="end")
    for group in blocks.groups:
        held = [row for row, name in enumerate(blocks.numbers) if name in group.holders]
        x, width, colour = left + scale * group.left, scale * group.width, ink(group.colour)
        places = [(x, _TOP + _ROW * row + 2, width, _ROW - 4) for row in held]
        picture.boxes(places, group.colour, edge="white")
        goes = group.holders <= set(delete)
        if goes:
            picture.boxes(places, picture.hatch("x", colour), edge=colour)
        size, middle = gib(group.width), _TOP + _ROW * (held[0] + 0.5) + 4
        if LETTER * len(size) + 8 < width:
            halo = group.colour if goes else ""
            picture.letters(x + width / 2, middle, size, anchor="middle", fill=colour, halo=halo)
    ticks = [tick for tick in MaxNLocator(6).tick_values(0, blocks.total) if tick <= blocks.total * (1 + 1e-9)]
    picture.axis(left, right, foot, "stored blocks [GiB]", [(left + scale * tick, f"{tick:g}") for tick in ticks])
    return picture.html(foot + 40)


def _with_room(names: list[tuple[str, float]], scale: float, letter: float, spare: float) -> list[tuple[str, float]]:
    """The (name, centre) pairs whose names do not overlap the one before; `scale` is the width of one unit."""
    shown, free = [], 0.0
    for name, middle in names:
        half = (letter * width_of_text(name) + spare) / 2
        if scale * middle - half >= free:
            shown.append((name, middle))
            free = scale * middle + half
    return shown
