"""The blocks of a snapshot chain: which snapshot holds what, and what deletions free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.collections import PolyCollection

from .chain_blocks import Group, births_of, groups_of_blocks, snapshot_numbers, what_is_freed
from .style import DARK, gib, ink, name_rows, new_axes, row_font, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def chain_block_map(table: pd.DataFrame, *, delete: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """What the live snapshots of a chain hold: a row for each, a column for blocks held by the same ones.

    `table` is what `Cloud.block_map` gives: `x_snapshot_id`, `x_number`, `x_first_snapshot`,
    `x_last_snapshot` and `x_stored_gib` of each run that a snapshot holds. A column is as wide as
    what it stores, once for all who hold it, so the width of all is what is billed. Darker blocks
    were born later; above stands the number of the snapshot that first stored them. Hatched is
    what deleting the snapshots `delete` together frees. Raises ValueError for an empty table, a
    chain that stores nothing, or a snapshot to delete that is not in it.
    """
    snapshots = snapshot_numbers(table, delete)
    groups = groups_of_blocks(table)
    total, chosen = sum(group.width for group in groups), frozenset(delete)
    ax = ax or new_axes(8, 1.7 + 0.34 * len(snapshots))
    for group in groups:
        goes = group.holders <= chosen
        rows = [row for row, name in enumerate(snapshots) if name in group.holders]
        # One artist for all blocks of a group: a long chain has tens of thousands of them.
        blocks = PolyCollection(
            [_block(group, row) for row in rows], facecolor=group.colour, linewidth=0.6,
            edgecolor=ink(group.colour) if goes else "white", hatch="xxx" if goes else None,
        )  # fmt: skip
        ax.add_collection(blocks, autolim=False)
        # The size stands once, where the blocks appear first.
        _write_size(ax, group, rows[0], len(snapshots), total, goes)
    name_rows(ax, [f"{name}{'  ✕' if name in chosen else ''}  no. {n}" for name, n in snapshots.items()])
    ax.set_xlim(0, total)
    ax.set_xlabel("stored blocks [GiB]")
    ax.spines[["top", "right", "left"]].set_visible(False)
    _name_births(ax, groups, total)
    ax.set_title(what_is_freed(groups, delete), loc="left", fontsize="medium")
    return ax


def _block(group: Group, row: int) -> list[tuple[float, float]]:
    """The corners of a group's blocks in a row."""
    left, right, top, bottom = group.left, group.left + group.width, row - 0.4, row + 0.4
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _write_size(ax: Axes, group: Group, row: int, rows: int, total: float, goes: bool) -> None:
    """The group's size in a row, where there is room."""
    text, size = gib(group.width), row_font(ax, rows, most=8)
    needed = 0.0095 * max(size, 4.5) * len(text)
    if size and needed <= width_of(ax) * group.width / total:
        back = {"facecolor": group.colour, "edgecolor": "none", "pad": 1.0} if goes else None
        middle, colour = group.left + group.width / 2, ink(group.colour)
        ax.text(middle, row, text, ha="center", va="center", fontsize=size, color=colour, bbox=back)


def _name_births(ax: Axes, groups: Sequence[Group], total: float) -> None:
    """Above the columns, the number of the snapshot that first stored them, where there is room."""
    top = ax.secondary_xaxis("top")
    places, names, free = [], [], 0.0
    for name, middle in births_of(groups):
        half = 0.5 * total * (0.09 * len(name) + 0.06) / width_of(ax)
        if middle - half >= free:
            places.append(middle)
            names.append(name)
            free = middle + half
    top.set_xticks(places, names)
    top.tick_params(length=0, labelcolor=DARK)
    top.spines["top"].set_visible(False)
    top.set_xlabel("first stored by snapshot no.")
