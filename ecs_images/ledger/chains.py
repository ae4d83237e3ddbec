"""What a snapshot chain stores, in GiB: in all, for one snapshot alone, and what deletions free.

GiB here are what is stored; tiers and free quotas bend the money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..errors import InputError, UnknownName
from ..tables import Column, Table
from ..units import BYTES_PER_GIB, bytes_to_gib
from .blocks import StoredChain
from .state import State

BLOCK_MAP = Table(
    "block map",
    "one live snapshot of a chain and one run of stored blocks that it holds",
    (
        Column("resource_id", "text", "", "the chain", True),
        Column("x_snapshot_id", "text", "", "the live snapshot", True),
        Column("x_number", "integer", "", "its number in the chain", True),
        Column("x_first_snapshot", "integer", "", "number of the snapshot that first stored the run; 0: holds nothing"),
        Column("x_last_snapshot", "integer", "", "number of the last one to hold the run, be it live or not; 0: none"),
        Column("x_stored_gib", "number", "GiB", "size of the run, which is stored once for all its holders", True),
        Column("x_holders", "integer", "", "how many live snapshots hold the run", True),
    ),
)


@dataclass(frozen=True, repr=False)
class ChainView:
    """A snapshot chain (快照链) as it was when asked for; `snapshots` are the live ones, oldest first.

    What happens to the chain afterwards does not change it, so a before and an after can be compared.
    """

    id: str
    snapshots: tuple[str, ...]
    _numbers: dict[str, int]
    _chain: StoredChain

    def __repr__(self) -> str:
        return f"<Chain {self.id}: {len(self.snapshots)} live snapshots, {self.total_gib:g} GiB>"

    @property
    def total_gib(self) -> float:
        """What the chain stores, and what is billed (CHAIN-1)."""
        return self._gib(self._chain.total_blocks())

    def exclusive_gib(self, snapshot: str) -> float:
        """What this snapshot alone holds, and so what deleting it alone frees."""
        return self._gib(self._chain.exclusive_blocks(self._number(snapshot)))

    def alone_gib(self, after: Sequence[str] = ()) -> dict[str, float]:
        """What deleting each snapshot alone would free, when those of `after` are deleted before; 0 for these."""
        alone = self._chain.alone_after({self._number(s) for s in after})
        return {name: self._gib(alone[number]) for name, number in self._numbers.items()}

    def freed_gib(self, snapshots: Sequence[str]) -> float:
        """What deleting these snapshots together frees."""
        return self._gib(self._chain.freed_blocks([self._number(s) for s in snapshots]))

    def shared_gib(self, one: str, other: str) -> float:
        """What both snapshots hold in the same stored copy."""
        return self._gib(self._chain.shared_blocks(self._number(one), self._number(other)))

    def _gib(self, blocks: int) -> float:
        return bytes_to_gib(blocks * self._chain.block_bytes)

    def _number(self, snapshot: str) -> int:
        try:
            return self._numbers[snapshot]
        except KeyError:
            raise UnknownName(f"live snapshot of chain {self.id}", snapshot, self._numbers) from None


def chain_view(state: State, of: str) -> ChainView:
    """The chain of a disk, of an instance's system disk, of a snapshot, or of that id."""
    if of in state.snapshots:
        chain_id = state.snapshots[of].chain
    elif of in state.instances:
        chain_id = state.disks[state.instances[of].system_disk].chain
    else:
        chain_id = state.disks[of].chain if of in state.disks else of
    if chain_id not in state.chains:
        raise UnknownName("chain, disk, instance or snapshot", of, [*state.chains, *state.disks, *state.snapshots])
    chain = state.chains[chain_id]
    members = (state.snapshots[s] for s in state.chain_snapshots.get(chain_id, ()))
    numbers = {snapshot.id: snapshot.number for snapshot in members if not snapshot.deleted_at}
    return ChainView(chain_id, tuple(numbers), numbers, chain.copy())


def freed_gib(state: State, snapshots: Sequence[str]) -> float:
    """What deleting these snapshots together frees, over all their chains."""
    if isinstance(snapshots, str):
        raise InputError(f"give a list of snapshots, such as [{snapshots!r}]")
    by_chain: dict[str, list[str]] = {}
    for snapshot in dict.fromkeys(snapshots):
        if snapshot not in state.snapshots:
            image = state.images.get(snapshot)
            hint = f"{snapshot} is an image; its snapshots: {', '.join(image.snapshots)}" if image else ""
            raise UnknownName("snapshot", snapshot, state.snapshots, hint)
        by_chain.setdefault(state.snapshots[snapshot].chain, []).append(snapshot)
    return sum(chain_view(state, chain).freed_gib(members) for chain, members in by_chain.items())


def block_map(state: State, of: str) -> pd.DataFrame:
    """Which live snapshots of a chain hold which stored blocks, as a `BLOCK_MAP` table.

    `of` is a chain, disk, instance (its system disk) or snapshot. Runs come in order of birth,
    snapshots oldest first; a snapshot of an empty disk has one row of 0 GiB. A run is freed
    exactly when all its rows' snapshots are deleted. Raises UnknownName for what has no chain.
    """
    view = chain_view(state, of)
    chain = state.chains[view.id]
    runs = chain.runs()
    live = np.array(chain.live, dtype=np.int64)
    order = np.lexsort((runs.last, runs.first))
    first, last, size_bytes = runs.first[order], runs.last[order], runs.blocks[order] * chain.block_bytes
    held = (first <= live[:, None]) & (live[:, None] <= last)
    # A snapshot that holds nothing has a row too: a run of no blocks, which only it holds.
    empty = np.flatnonzero(~held.any(axis=1))
    snapshot, run = np.nonzero(held)
    found = pd.DataFrame(
        {
            "resource_id": view.id,
            "x_snapshot_id": np.array(view.snapshots, dtype=object)[np.r_[snapshot, empty]],
            "x_number": live[np.r_[snapshot, empty]],
            "x_first_snapshot": np.r_[first[run], 0 * empty],
            "x_last_snapshot": np.r_[last[run], 0 * empty],
            "x_stored_gib": np.r_[size_bytes[run], 0 * empty] / BYTES_PER_GIB,
            "x_holders": np.r_[held.sum(axis=0)[run], 0 * empty + 1],
        }
    ).sort_values("x_number", kind="stable", ignore_index=True)
    return BLOCK_MAP.frame(found)
