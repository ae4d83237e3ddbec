"""Everything that exists or existed, by id. Read it freely; only events write (`events.Event.apply`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .blocks import Chain, CopiedChain, StoredChain
from .resources import (
    Account,
    AutoSnapshotPolicy,
    Disk,
    Durations,
    Image,
    ImageFiles,
    Instance,
    Replacement,
    Snapshot,
    Tags,
)

# Ids look as the service's do: a prefix and a number (ID-1, ID-2).
ID_PREFIXES = {"instance": "i", "disk": "d", "snapshot": "s", "image": "m", "files": "f", "policy": "sp"}


@dataclass(slots=True)
class State:
    """Accounts and resources by id, deleted ones included.

    `chains` are by id, `copies` the chain of the copies of a chain by (chain, region), `copied_to` all
    chains that copy from a chain, `chain_snapshots` the snapshots of a chain, oldest first.
    `pending` says when what is under way will be done, `expiring` when the retention of a snapshot ends;
    `assume` what is supposed instead of a default. `tags` are those a resource has now, by its id.
    """

    block_bytes: int = 0
    durations: Durations = "instant"
    assume: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    files: dict[str, ImageFiles] = field(default_factory=dict)
    policies: dict[str, AutoSnapshotPolicy] = field(default_factory=dict)
    tags: dict[str, Tags] = field(default_factory=dict)
    chains: dict[str, StoredChain] = field(default_factory=dict)
    copies: dict[tuple[str, str], str] = field(default_factory=dict)
    copied_to: dict[str, tuple[str, ...]] = field(default_factory=dict)
    chain_snapshots: dict[str, tuple[str, ...]] = field(default_factory=dict)
    replacements: dict[str, Replacement] = field(default_factory=dict)
    pending: dict[str, datetime] = field(default_factory=dict)
    expiring: dict[str, datetime] = field(default_factory=dict)
    last_numbers: dict[str, int] = field(default_factory=dict)
    _own_chains: set[str] = field(default_factory=set, compare=False, repr=False)

    def fork(self) -> State:
        """A state of its own with the same content, so that nothing done to one is seen in the other.

        Records are frozen and shared; a chain is shared until one of the two changes it.
        """
        twin = self._with_tables(dict)
        self._own_chains, twin._own_chains = set(), set()
        return twin

    def read_only(self) -> State:
        """The same state, to be looked at only: its tables follow what happens and cannot be changed.

        Chains, which change in place, are handed out as copies.
        """
        twin = self._with_tables(MappingProxyType)
        twin.chains = _Copies(self.chains)  # type: ignore[assignment]
        return twin

    def _with_tables(self, made: Callable[[Any], Any]) -> State:
        twin = copy(self)
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, dict):
                setattr(twin, part.name, made(value))
        return twin

    def images_of(self, snapshot: str) -> list[str]:
        """The images that need a snapshot."""
        return [
            image.id
            for image in self.images.values()
            if snapshot in image.snapshots and not image.deleted_at and image.status != "CreateFailed"
        ]

    def disks_from(self, snapshot: str) -> list[str]:
        """The disks that were made from a snapshot and go back to it."""
        return [disk.id for disk in self.disks.values() if disk.snapshot == snapshot and not disk.released_at]

    def live_snapshots(self, chain_id: str) -> list[Snapshot]:
        """The snapshots of a chain that are not deleted, oldest first."""
        members = self.chain_snapshots.get(chain_id, ())
        return [self.snapshots[members[number - 1]] for number in self.chains[chain_id].live]

    def disk_chain(self, disk: str) -> Chain:
        """The chain of a disk, with the disk's content."""
        chain = self.chains[self.disks[disk].chain]
        assert isinstance(chain, Chain)
        return chain

    def changing(self, chain_id: str) -> StoredChain:
        """A chain about to be changed: this state's own, copied first if it is shared with a fork."""
        if chain_id not in self._own_chains:
            self.add_chain(chain_id, self.chains[chain_id].copy())
            # Chains of copies read what they share off their original, so they follow it.
            for name in self.copied_to.get(chain_id, ()):
                copied = self.changing(name)
                assert isinstance(copied, CopiedChain)
                copied.original = self.chains[chain_id]
        return self.chains[chain_id]

    def add_chain(self, chain_id: str, chain: StoredChain) -> None:
        """Let a chain be this state's own."""
        self.chains[chain_id] = chain
        self._own_chains.add(chain_id)

    def copies_chain(self, source: Snapshot, region: str) -> tuple[str, CopiedChain] | None:
        """The chain in a region that a copy of this snapshot joins: that of the copies of its chain.

        None when there is none yet, or when a newer snapshot was copied already: an older one
        then begins a chain of its own.
        """
        chain_id = self.copies.get((source.chain, region))
        chain = self.chains[chain_id] if chain_id else None
        if chain_id is None or not isinstance(chain, CopiedChain) or source.number < chain.newest_original:
            return None
        return chain_id, chain

    def bytes_to_copy(self, source: Snapshot, region: str) -> int:
        """What copying a snapshot to a region would send and store there [byte] (SCOPY-2)."""
        chain = self.chains[source.chain]
        joins = self.copies_chain(source, region)
        copied = joins[1] if joins else CopiedChain(chain)
        return copied.unstored_blocks(source.number) * chain.block_bytes


class _Copies(Mapping[str, StoredChain]):
    """Chains by id, each of them copied when it is asked for."""

    def __init__(self, chains: Mapping[str, StoredChain]) -> None:
        self._chains = chains

    def __getitem__(self, chain_id: str) -> StoredChain:
        return self._chains[chain_id].copy()

    def __iter__(self) -> Iterator[str]:
        return iter(self._chains)

    def __len__(self) -> int:
        return len(self._chains)
