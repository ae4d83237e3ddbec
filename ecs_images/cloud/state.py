"""What the cloud looks like after its events: only `apply` changes a `State`.

Replaying a ledger's events in order rebuilds the state exactly.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import effects
from . import events as ev
from .blocks import Chain, CopiedChain, StoredChain
from .resources import Account, Disk, Image, Instance, Snapshot

# Ids as the service's look: a prefix and a number (ID-1, ID-2).
ID_PREFIXES = {"instance": "i", "disk": "d", "snapshot": "s", "image": "m"}


@dataclass(slots=True)
class State:
    """Everything that exists or existed, by id. Read it freely; only `apply` writes."""

    block_bytes: int = 0
    durations: str = "instant"
    accounts: dict[str, Account] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
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


def replay(events: Iterable[ev.Event]) -> State:
    """The state after these events."""
    state = State()
    with _cycle_search_paused():
        for event in events:
            apply(state, event)
    return state


@contextmanager
def _cycle_search_paused() -> Iterator[None]:
    """Records hold no cycles, and searching a large ledger for some takes a third of a replay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def apply(state: State, event: ev.Event) -> None:
    """Let one event happen to the state."""
    _MEANING[type(event)](state, event)


_MEANING: dict[type, Callable[[State, Any], None]] = {
    ev.CloudStarted: effects.cloud_started,
    ev.AccountOpened: effects.account_opened,
    ev.DiskCreated: effects.disk_created,
    ev.DiskWritten: effects.disk_written,
    ev.DiskReinitialised: effects.disk_reinitialised,
    ev.DiskReleased: effects.disk_released,
    ev.InstanceLaunched: effects.instance_launched,
    ev.InstanceStopped: effects.instance_stopped,
    ev.InstanceStarted: effects.instance_started,
    ev.InstanceReleased: effects.instance_released,
    ev.SystemDiskReplacementStarted: effects.replacement_started,
    ev.SystemDiskReplaced: effects.system_disk_replaced,
    ev.SnapshotStarted: effects.snapshot_started,
    ev.SnapshotStored: effects.snapshot_stored,
    ev.SnapshotCopied: effects.snapshot_copied,
    ev.SnapshotFinished: effects.snapshot_finished,
    ev.SnapshotFailed: effects.snapshot_failed,
    ev.SnapshotDeleted: effects.snapshot_deleted,
    ev.ImageCreated: effects.image_created,
    ev.ImageCopyStarted: effects.image_copy_started,
    ev.ImageFinished: effects.image_finished,
    ev.ImageFailed: effects.image_failed,
    ev.ImageShared: effects.image_shared,
    ev.ImageUnshared: effects.image_unshared,
    ev.ImagePublished: effects.image_published,
    ev.ImageUnpublished: effects.image_unpublished,
    ev.ImageModified: effects.image_modified,
    ev.ImageDeleted: effects.image_deleted,
}
