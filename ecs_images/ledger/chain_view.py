"""What a snapshot chain stores [GiB]: in total, for one snapshot alone, and what deletions free.

Money does not follow GiB exactly: tiers and free quotas depend on all that an account stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain as in_turn
from operator import itemgetter
from typing import Any, overload

import numpy as np
import pandas as pd

from ..cards import card, counted
from ..catalog.schemas import TABLES
from ..errors import UnknownName
from ..units import BYTES_PER_GIB, bytes_to_gib
from .chains import StoredChain
from .runs import RunIndex
from .state import State

Listed = list[str] | tuple[str, ...]
BLOCK_MAP = TABLES["block map"]


@dataclass(frozen=True, repr=False)
class ChainView:
    """A snapshot chain (快照链) at the moment it was asked for; later changes of the chain do not show in it.

    id: the id of the chain
    snapshots: the ids of its live snapshots, oldest first
    """

    id: str
    snapshots: tuple[str, ...]
    _numbers: dict[str, int]
    _chain: StoredChain

    def __repr__(self) -> str:
        return f"<Chain {self.id}: {counted(len(self.snapshots), 'live snapshot')}, {self.total_gib:g} GiB>"

    def _repr_html_(self) -> str:
        return card(self, {}, ("live snapshot", "it alone holds [GiB]"), self.alone_gib().items())

    @property
    def total_gib(self) -> float:
        """What the chain stores, which is what is billed [GiB] (CHAIN-1)."""
        return self._gib(self._chain.total_blocks())

    def exclusive_gib(self, snapshot: str) -> float:
        """What this live snapshot alone holds, which is what deleting it alone frees [GiB] (CHAIN-2)."""
        return self._gib(self._chain.exclusive_blocks(self._number(snapshot)))

    def alone_gib(self, after: Sequence[str] = ()) -> dict[str, float]:
        """For each live snapshot, what deleting it alone frees once those of `after` are deleted [GiB]; 0 for those."""
        alone = self._chain.alone_after({self._number(s) for s in after})
        return {name: self._gib(alone[number]) for name, number in self._numbers.items()}

    @overload
    def freed_gib(self, snapshots: Sequence[str]) -> float: ...
    @overload
    def freed_gib(self, snapshots: Sequence[Listed]) -> list[float]: ...
    def freed_gib(self, snapshots: Any) -> Any:
        """What deleting these live snapshots together frees [GiB]; of a list of lists, a list of what each frees."""
        if not is_many(snapshots):
            return self._gib(self._chain.freed_blocks({self._number(s) for s in snapshots}))
        places = {name: place for place, name in enumerate(self._numbers)}
        named = [places[s] if s in places else self._number(s) for s in in_turn.from_iterable(snapshots)]
        freed = RunIndex([self._chain.held()]).freed(named, [len(one) for one in snapshots])
        return [self._gib(int(blocks)) for blocks in freed]

    def shared_gib(self, one: str, other: str) -> float:
        """What both live snapshots hold in the same stored copy [GiB]."""
        return self._gib(self._chain.shared_blocks(self._number(one), self._number(other)))

    def _gib(self, blocks: int) -> float:
        return bytes_to_gib(blocks * self._chain.block_bytes)

    def _number(self, snapshot: str) -> int:
        try:
            return self._numbers[snapshot]
        except KeyError:
            raise UnknownName(f"live snapshot of chain {self.id}", snapshot, self._numbers) from None


def chain_view(state: State, of: str) -> ChainView:
    """A snapshot chain as it is now.

    state: the state to look in
    of: id of a chain, a disk, an instance (its system disk) or a snapshot

    Raises UnknownName for an id that has no chain.
    """
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


def is_many(snapshots: Any) -> bool:
    """Whether a list is one of lists of snapshots; an empty list is one set of none, and a record of one is no list."""
    return bool(snapshots) and all(type(one) in (list, tuple) for one in snapshots)


def freed_gib(state: State, sets: Sequence[Sequence[str]]) -> list[float]:
    """For each set of snapshots, what deleting just these together frees, over all their chains [GiB].

    state: the state to look in
    sets: ids of live snapshots; one that is named twice in a set counts once

    Raises UnknownName for an id that is not a live snapshot.
    """
    # There may be a million ids in the sets, so nothing is done with each of them in a loop.
    named = list(in_turn.from_iterable(sets))
    distinct = set(named)
    if not distinct <= state.snapshots.keys():
        unknown = next(snapshot for snapshot in named if snapshot not in state.snapshots)
        image = state.images.get(unknown)
        hint = f"{unknown} is an image; its snapshots: {', '.join(image.snapshots)}" if image else ""
        raise UnknownName("snapshot", unknown, state.snapshots, hint)
    chains = {state.snapshots[snapshot].chain for snapshot in distinct}
    live = {chain_id: state.live_ids(chain_id) for chain_id in chains}
    place_of = {snapshot: place for place, snapshot in enumerate(in_turn.from_iterable(live.values()))}
    if not distinct <= place_of.keys():
        deleted = next(snapshot for snapshot in named if snapshot not in place_of)
        chain_id = state.snapshots[deleted].chain
        raise UnknownName(f"live snapshot of chain {chain_id}", deleted, live[chain_id])
    # `itemgetter` returns no tuple for fewer than two names, so two more are asked for.
    places = itemgetter(*named[:1] * 2, *named)(place_of)[2:] if named else ()
    stored = [state.chains[chain_id] for chain_id in chains]
    index = RunIndex(one.held()._replace(block_size=one.block_bytes) for one in stored)
    freed: list[float] = (index.freed(places, [len(one) for one in sets]) / BYTES_PER_GIB).tolist()
    return freed


def block_map(state: State, of: str) -> pd.DataFrame:
    """Which live snapshots of a chain hold which stored blocks.

    state: the state to look in
    of: id of a chain, a disk, an instance (its system disk) or a snapshot

    Returns a `BLOCK_MAP` table: snapshots oldest first, for each the runs it holds by their first snapshot. A
    run is freed exactly when the snapshots of all its rows are deleted. A snapshot that holds nothing has one
    row of 0 GiB. Raises UnknownName for an id that has no chain.
    """
    view = chain_view(state, of)
    chain = state.chains[view.id]
    runs = chain.runs()
    live = np.array(chain.live, dtype=np.int64)
    order = np.lexsort((runs.last, runs.first))
    first, last, size_bytes = runs.first[order], runs.last[order], runs.blocks[order] * chain.block_bytes
    held = np.array([runs.held_by(number)[order] for number in chain.live], dtype=bool).reshape(len(live), len(order))
    snapshot, run = np.nonzero(held)
    rows = pd.DataFrame(
        {
            "resource_id": view.id,
            "x_snapshot_id": np.array(view.snapshots, dtype=object)[snapshot],
            "x_number": live[snapshot],
            "x_first_snapshot": first[run],
            "x_last_snapshot": last[run],
            "x_skipped_snapshots": runs.skipped_texts()[order][run],
            "x_stored_gib": size_bytes[run] / BYTES_PER_GIB,
            "x_holders": held.sum(axis=0)[run],
        }
    )
    # A snapshot that holds nothing has a row too: a run of no blocks, which only it holds.
    empty = [
        (view.id, view.snapshots[place], live[place], 0, 0, "", 0.0, 1) for place in np.flatnonzero(~held.any(axis=1))
    ]
    rows = pd.concat([rows, BLOCK_MAP.frame(empty)]) if empty else rows
    return BLOCK_MAP.frame(rows.sort_values("x_number", kind="stable", ignore_index=True))
