"""The blocks of a snapshot chain: which snapshot holds what, and what deletions free."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex

from .style import DARK, gib, ink, name_rows, new_axes, require, row_font, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("x_snapshot_id", "x_number", "x_first_snapshot", "x_last_snapshot", "x_stored_gib")


class _Group(NamedTuple):
    """Stored blocks with the same live holders: where they lie [GiB], their births, their holders."""

    left: float
    width: float
    births: tuple[int, int]
    holders: frozenset[str]


def chain_block_map(table: pd.DataFrame, *, delete: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """What the live snapshots of a chain hold: a row for each, a column for blocks held by the same ones.

    `table` is what `Cloud.block_map` gives: `x_snapshot_id`, `x_number`, `x_first_snapshot`,
    `x_last_snapshot` and `x_stored_gib` of each run that a snapshot holds. A column is as wide as
    what it stores, once for all who hold it, so the width of all is what is billed. Darker blocks
    were born later; above stands the number of the snapshot that first stored them. Hatched is
    what deleting the snapshots `delete` together frees. Raises ValueError for an empty table, a
    chain that stores nothing, or a snapshot to delete that is not in it.
    """
    require(table, _COLUMNS, "a snapshot chain")
    snapshots = dict(zip(table["x_snapshot_id"].astype(str), table["x_number"].astype(int), strict=True))
    unknown = [name for name in delete if name not in snapshots]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is no live snapshot of this chain; it has {', '.join(snapshots)}")
    groups = _groups(table)
    total = sum(group.width for group in groups)
    if not total:
        raise ValueError("a chart of a snapshot chain needs stored blocks; the snapshots of this one hold none")
    ax = ax or new_axes(8, 1.7 + 0.34 * len(snapshots))
    chosen, freed = frozenset(delete), 0.0
    births = sorted({group.births[0] for group in groups})
    shades = dict(zip(births, _shades(len(births)), strict=True))
    for group in groups:
        goes = group.holders <= chosen
        freed += group.width if goes else 0.0
        colour = shades[group.births[0]]
        rows = [row for row, name in enumerate(snapshots) if name in group.holders]
        # One artist for all blocks of a group: a long chain has tens of thousands of them.
        blocks = PolyCollection(
            [_block(group, row) for row in rows], facecolor=colour, edgecolor=ink(colour) if goes else "white",
            linewidth=0.6, hatch="xxx" if goes else None,
        )  # fmt: skip
        ax.add_collection(blocks, autolim=False)
        # The size stands once, where the blocks appear first.
        _write_size(ax, group, rows[0], len(snapshots), total, colour, goes)
    name_rows(ax, [f"{name}{'  ✕' if name in chosen else ''}  no. {n}" for name, n in snapshots.items()])
    ax.set_xlim(0, total)
    ax.set_xlabel("stored blocks [GiB]")
    ax.spines[["top", "right", "left"]].set_visible(False)
    _name_births(ax, groups, total)
    said = f"{gib(total)} stored"
    if chosen:
        which = ", ".join(dict.fromkeys(delete)) if len(chosen) <= 3 else f"{len(chosen)} snapshots"
        said += f"; deleting {which} frees {gib(freed)} (hatched)" if freed else f"; deleting {which} frees nothing"
    ax.set_title(said, loc="left", fontsize="medium")
    return ax


def _groups(table: pd.DataFrame) -> list[_Group]:
    """Runs with the same holders side by side as one, in order of birth."""
    runs: dict[tuple[int, int], tuple[float, list[str]]] = {}
    for row in table.itertuples():
        if row.x_stored_gib:
            key = int(row.x_first_snapshot), int(row.x_last_snapshot)  # type: ignore[arg-type]
            runs.setdefault(key, (float(row.x_stored_gib), []))[1].append(str(row.x_snapshot_id))  # type: ignore[arg-type]
    by_holders: dict[frozenset[str], list[tuple[int, float]]] = {}
    for (first, _), (size, holders) in sorted(runs.items()):
        by_holders.setdefault(frozenset(holders), []).append((first, size))
    groups, left = [], 0.0
    for held_by, parts in by_holders.items():
        width = sum(size for _, size in parts)
        groups.append(_Group(left, width, (parts[0][0], parts[-1][0]), held_by))
        left += width
    return groups


def _shades(births: int) -> list[str]:
    """From pale to dark blue-green in order of birth."""
    shades = mpl.colormaps["YlGnBu"](0.2 + 0.65 * np.arange(births) / max(births - 1, 1))
    return [to_hex(shade) for shade in shades]


def _block(group: _Group, row: int) -> list[tuple[float, float]]:
    """The corners of a group's blocks in a row."""
    left, right, top, bottom = group.left, group.left + group.width, row - 0.4, row + 0.4
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _write_size(ax: Axes, group: _Group, row: int, rows: int, total: float, colour: str, goes: bool) -> bool:
    text, size = gib(group.width), row_font(ax, rows, most=8)
    needed = 0.0095 * max(size, 4.5) * len(text)
    if not size or needed > width_of(ax) * group.width / total:
        return False
    back = {"facecolor": colour, "edgecolor": "none", "pad": 1.0} if goes else None
    ax.text(
        group.left + group.width / 2, row, text, ha="center", va="center", fontsize=size, color=ink(colour), bbox=back
    )
    return True


def _name_births(ax: Axes, groups: Sequence[_Group], total: float) -> None:
    """Above the columns, the number of the snapshot that first stored them, where there is room."""
    top = ax.secondary_xaxis("top")
    places, names, free = [], [], 0.0
    for (low, high), alike in groupby(groups, key=lambda group: group.births):
        columns = list(alike)
        name = str(low) if low == high else f"{low}–{high}"
        middle = (columns[0].left + columns[-1].left + columns[-1].width) / 2
        half = 0.5 * total * (0.09 * len(name) + 0.06) / width_of(ax)
        if middle - half >= free:
            places.append(middle)
            names.append(name)
            free = middle + half
    top.set_xticks(places, names)
    top.tick_params(length=0, labelcolor=DARK)
    top.spines["top"].set_visible(False)
    top.set_xlabel("first stored by snapshot no.")
