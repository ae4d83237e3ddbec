"""What each image of an account held over time, as far as totals of its chains were saved on several days.

At each moment of which totals were saved, a chain had those of its present snapshots that were taken by then. What
is deleted since is in no list, so a chain that had more snapshots then is known by its total only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import inf, nan
from typing import TYPE_CHECKING

from ..catalog.schemas import TABLES
from ..units import bytes_to_gib
from .allocation import Backing
from .bounds import NOTHING
from .chains import chains_of, own_images
from .tables import HasTables

if TYPE_CHECKING:
    import pandas as pd

HELD = TABLES["held by images"]


def held(inventory: HasTables) -> pd.DataFrame:
    """What each image of an account, with the snapshots that back no other, held alone over time: a `HELD` table.

    inventory: the account, with the answers of several days side by side

    Deleting it at that moment would have freed just that (CHAIN-2). Only images that are still there have rows, and
    only standard storage counts.
    """
    backing, moments = Backing(inventory), sorted(inventory.tables["chains"]["taken_at"].dropna().unique())
    images = own_images(inventory)
    mine = {row.image_id: backing.only_behind(row.image_id) for row in images}
    rows: list[tuple[object, ...]] = []
    for at in moments:
        then = _then(inventory, at)
        read = set(inventory.tables["chains"].loc[inventory.tables["chains"]["taken_at"] == at, "region_id"])
        chains = [chain for chain in chains_of(then) if chain.region_id in read and chain.category == "standard"]
        chain_of = {snapshot: chain.known for chain in chains for snapshot in chain.known.full}
        for row in images:
            if row.region_id in read and not row.created_at > at and mine[row.image_id] <= chain_of.keys():
                known = {id(chain_of[name]): chain_of[name] for name in mine[row.image_id]}
                freed = sum((chain.freed(mine[row.image_id]) for chain in known.values()), NOTHING)
                sizes = bytes_to_gib(freed.low), bytes_to_gib(freed.high) if freed.high < inf else nan
                rows.append((at, row.region_id, row.image_id, row.name, *sizes))
    return HELD.frame(rows)


@dataclass(frozen=True)
class _Then:
    """An inventory as it would have been saved at an earlier moment, as far as the snapshots of now tell."""

    tables: Mapping[str, pd.DataFrame]
    coverage: pd.DataFrame
    now: datetime


def _then(inventory: HasTables, at: datetime) -> _Then:
    chains, snapshots = inventory.tables["chains"], inventory.tables["snapshots"]
    earlier = {"chains": chains[chains["taken_at"] <= at], "snapshots": snapshots[~(snapshots["created_at"] > at)]}
    # What the coverage says of lists of chains is of the newest one.
    others = inventory.coverage[inventory.coverage["what"] != "DescribeSnapshotLinks"]
    return _Then({**inventory.tables, **earlier}, others, at)
