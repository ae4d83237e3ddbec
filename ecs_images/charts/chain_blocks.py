"""The blocks of a snapshot chain in groups that the same snapshots hold: what its pictures are made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from .style import gib, require

COLUMNS = ("x_snapshot_id", "x_number", "x_first_snapshot", "x_last_snapshot", "x_stored_gib")
"""What a block map needs for a picture."""


class Group(NamedTuple):
    """Stored blocks with the same live holders: where they lie [GiB], the first and last number of a
    snapshot that first stored some of them, their holders, and their colour."""

    left: float
    width: float
    births: tuple[int, int]
    holders: frozenset[str]
    colour: str


def snapshot_numbers(table: pd.DataFrame, delete: Collection[str]) -> dict[str, int]:
    """The number of each live snapshot of a block map, oldest first.

    Raises ValueError for a table without rows, and for a snapshot to delete that is not in it.
    """
    require(table, COLUMNS, "a snapshot chain")
    numbers = dict(zip(table["x_snapshot_id"].astype(str), table["x_number"].astype(int), strict=True))
    if unknown := [name for name in delete if name not in numbers]:
        raise ValueError(f"{', '.join(unknown)} is no live snapshot of this chain; it has {', '.join(numbers)}")
    return numbers


def groups_of_blocks(table: pd.DataFrame) -> list[Group]:
    """Runs with the same holders side by side as one group, in order of birth, darker the later they were born.

    Raises ValueError for a chain that stores nothing.
    """
    runs: dict[tuple[int, int], tuple[float, list[str]]] = {}
    for first, last, size, name in zip(
        table["x_first_snapshot"].tolist(), table["x_last_snapshot"].tolist(), table["x_stored_gib"].tolist(),
        table["x_snapshot_id"].astype(str), strict=True,
    ):  # fmt: skip
        if size:
            runs.setdefault((first, last), (size, []))[1].append(name)
    by_holders: dict[frozenset[str], list[tuple[int, float]]] = {}
    for (first, _), (size, holders) in sorted(runs.items()):
        by_holders.setdefault(frozenset(holders), []).append((first, size))
    if not by_holders:
        raise ValueError("a chart of a snapshot chain needs stored blocks; the snapshots of this one hold none")
    births = sorted({parts[0][0] for parts in by_holders.values()})
    colours = dict(zip(births, _shades(len(births)), strict=True))
    groups, left = [], 0.0
    for held_by, parts in by_holders.items():
        width = sum(size for _, size in parts)
        groups.append(Group(left, width, (parts[0][0], parts[-1][0]), held_by, colours[parts[0][0]]))
        left += width
    return groups


def births_of(groups: Sequence[Group]) -> list[tuple[str, float]]:
    """For groups born alike, which lie side by side: the number of their first snapshot, and their middle [GiB]."""
    found = []
    for (low, high), alike in groupby(groups, key=lambda group: group.births):
        columns = list(alike)
        middle = (columns[0].left + columns[-1].left + columns[-1].width) / 2
        found.append((str(low) if low == high else f"{low}–{high}", middle))
    return found


def what_is_freed(groups: Sequence[Group], delete: Sequence[str]) -> str:
    """What the chain stores, and what deleting the snapshots together frees, in words."""
    total, chosen = sum(group.width for group in groups), frozenset(delete)
    said = f"{gib(total)} stored"
    if not chosen:
        return said
    freed = sum(group.width for group in groups if group.holders <= chosen)
    which = ", ".join(dict.fromkeys(delete)) if len(chosen) <= 3 else f"{len(chosen)} snapshots"
    return (
        f"{said}; deleting {which} frees {gib(freed)} (hatched)" if freed else f"{said}; deleting {which} frees nothing"
    )


def _shades(births: int) -> list[str]:
    """From pale to dark blue-green in order of birth."""
    shades = mpl.colormaps["YlGnBu"](0.2 + 0.65 * np.arange(births) / max(births - 1, 1))
    return [to_hex(shade) for shade in shades]
