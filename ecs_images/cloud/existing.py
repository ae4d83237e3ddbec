"""Everything that exists or existed, by id. Read it freely; only `state.apply` writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from . import events as ev
from .blocks import Chain, CopiedChain, StoredChain
from .resources import Account, Disk, Image, ImageFiles, Instance, Snapshot

# Ids look as the service's do: a prefix and a number (ID-1, ID-2).
ID_PREFIXES = {"instance": "i", "disk": "d", "snapshot": "s", "image": "m", "files": "f"}


@dataclass(slots=True)
class State:
    """Accounts, instances, disks, snapshots, images, their files and chains by id, deleted ones included."""

    block_bytes: int = 0
    durations: str = "instant"
    accounts: dict[str, Account] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    files: dict[str, ImageFiles] = field(default_factory=dict)
    chains: dict[str, StoredChain] = field(default_factory=dict)
    copies: dict[tuple[str, str], str] = field(default_factory=dict)
    chain_snapshots: dict[str, list[str]] = field(default_factory=dict)
    replacements: dict[str, ev.SystemDiskReplacementStarted] = field(default_factory=dict)
    pending: dict[str, datetime] = field(default_factory=dict)
    last_numbers: dict[str, int] = field(default_factory=dict)

    def disk_chain(self, disk: str) -> Chain:
        """The chain of a disk, with the disk's content."""
        chain = self.chains[self.chain_of_disk(disk)]
        assert isinstance(chain, Chain)
        return chain

    def chain_of_disk(self, disk: str) -> str:
        """The id of the chain that a disk's snapshots form (ID-2: `sl-`)."""
        return "sl-" + disk

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
