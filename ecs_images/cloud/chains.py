"""What a snapshot chain stores, in GiB: in all, for one snapshot alone, and what deletions free.

GiB here are what is stored; tiers and free quotas bend the money.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

from ..errors import InputError, UnknownName
from ..units import bytes_to_gib
from .blocks import StoredChain
from .state import State


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
        chain_id = state.chain_of_disk(state.instances[of].system_disk)
    else:
        chain_id = of if of in state.chains else state.chain_of_disk(of)
    if chain_id not in state.chains:
        raise UnknownName("chain, disk, instance or snapshot", of, [*state.chains, *state.disks, *state.snapshots])
    chain = state.chains[chain_id]
    members = (state.snapshots[s] for s in state.chain_snapshots.get(chain_id, ()))
    numbers = {snapshot.id: snapshot.number for snapshot in members if not snapshot.deleted_at}
    return ChainView(chain_id, tuple(numbers), numbers, deepcopy(chain))


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
