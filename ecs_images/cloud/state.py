"""What the cloud looks like after its events: only `apply` changes a `State`.

Replaying a ledger's events in order rebuilds the state exactly.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from . import events as ev
from .blocks import Chain
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
    chains: dict[str, Chain] = field(default_factory=dict)
    chain_snapshots: dict[str, list[str]] = field(default_factory=dict)
    replacements: dict[str, ev.SystemDiskReplacementStarted] = field(default_factory=dict)
    pending: dict[str, datetime] = field(default_factory=dict)
    last_numbers: dict[str, int] = field(default_factory=dict)

    def chain_of_disk(self, disk: str) -> str:
        """The id of the chain that a disk's snapshots form (ID-2: `sl-`)."""
        return "sl-" + disk


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


def _cloud_started(state: State, event: ev.CloudStarted) -> None:
    state.block_bytes, state.durations = event.block_bytes, event.durations


def _account_opened(state: State, event: ev.AccountOpened) -> None:
    state.accounts[event.account] = Account(event.account, event.site, event.at)


def _disk_created(state: State, event: ev.DiskCreated) -> None:
    _use_id(state, event.disk)
    state.disks[event.disk] = Disk(
        id=event.disk,
        account=event.account,
        region=event.region,
        instance=event.instance,
        kind=event.kind,
        size_gib=event.size_gib,
        initial_blocks=event.initial_blocks,
        image=event.image,
        snapshot=event.snapshot,
        lineage=event.lineage,
        created_at=event.at,
    )
    # Every new disk starts a new chain (CHAIN-4).
    state.chains[state.chain_of_disk(event.disk)] = Chain(state.block_bytes, event.written_blocks)


def _disk_written(state: State, event: ev.DiskWritten) -> None:
    chain = state.chains[state.chain_of_disk(event.disk)]
    chain.overwrite(event.start, event.overwritten)
    chain.append(event.appended)


def _disk_reinitialised(state: State, event: ev.DiskReinitialised) -> None:
    state.chains[state.chain_of_disk(event.disk)].reset(state.disks[event.disk].initial_blocks)


def _disk_released(state: State, event: ev.DiskReleased) -> None:
    state.disks[event.disk] = replace(state.disks[event.disk], released_at=event.at)
    state.chains[state.chain_of_disk(event.disk)].reset(0)


def _instance_launched(state: State, event: ev.InstanceLaunched) -> None:
    _use_id(state, event.instance)
    state.instances[event.instance] = Instance(
        id=event.instance,
        account=event.account,
        region=event.region,
        instance_type=event.instance_type,
        image=event.image,
        lineage=event.lineage,
        system_disk=event.system_disk,
        data_disks=event.data_disks,
        status="Running",
        stop_mode=None,
        launched_at=event.at,
    )


def _instance_stopped(state: State, event: ev.InstanceStopped) -> None:
    _change(state.instances, event.instance, status="Stopped", stop_mode=event.mode)


def _instance_started(state: State, event: ev.InstanceStarted) -> None:
    _change(state.instances, event.instance, status="Running", stop_mode=None)


def _instance_released(state: State, event: ev.InstanceReleased) -> None:
    _change(state.instances, event.instance, status="Released", released_at=event.at)


def _replacement_started(state: State, event: ev.SystemDiskReplacementStarted) -> None:
    _use_id(state, event.disk)
    state.replacements[event.instance] = event
    state.pending[event.instance] = event.finishes_at
    _change(state.instances, event.instance, replacing_until=event.finishes_at)


def _system_disk_replaced(state: State, event: ev.SystemDiskReplaced) -> None:
    state.replacements.pop(event.instance)
    state.pending.pop(event.instance)
    _change(
        state.instances,
        event.instance,
        image=event.image,
        lineage=event.lineage,
        system_disk=event.disk,
        status="Running",
        stop_mode=None,
        replacing_until=None,
    )


def _snapshot_started(state: State, event: ev.SnapshotStarted) -> None:
    disk = state.disks[event.disk]
    chain_id = state.chain_of_disk(event.disk)
    chain = state.chains[chain_id]
    content_bytes = chain.written_blocks * chain.block_bytes
    chain.capture()
    _add_snapshot(
        state,
        Snapshot(
            id=event.snapshot,
            account=disk.account,
            region=disk.region,
            chain=chain_id,
            number=chain.taken,
            disk=disk.id,
            kind=disk.kind,
            size_gib=disk.size_gib,
            content_bytes=content_bytes,
            lineage=disk.lineage,
            encrypted=False,
            status="accomplished" if event.finishes_at == event.at else "progressing",
            started_at=event.at,
            finishes_at=event.finishes_at,
            name=event.name,
        ),
    )


def _snapshot_stored(state: State, event: ev.SnapshotStored) -> None:
    chain_id = "sl-" + event.snapshot
    chain = state.chains[chain_id] = Chain(event.content_bytes, 1 if event.content_bytes else 0)
    chain.capture()
    _add_snapshot(
        state,
        Snapshot(
            id=event.snapshot,
            account=event.account,
            region=event.region,
            chain=chain_id,
            number=chain.taken,
            disk=None,
            kind=event.kind,
            size_gib=event.size_gib,
            content_bytes=event.content_bytes,
            lineage=event.lineage,
            encrypted=event.encrypted,
            status="accomplished" if event.finishes_at == event.at else "progressing",
            started_at=event.at,
            finishes_at=event.finishes_at,
        ),
    )


def _add_snapshot(state: State, snapshot: Snapshot) -> None:
    _use_id(state, snapshot.id)
    state.snapshots[snapshot.id] = snapshot
    state.chain_snapshots.setdefault(snapshot.chain, []).append(snapshot.id)
    if snapshot.status == "progressing":
        state.pending[snapshot.id] = snapshot.finishes_at


def _snapshot_finished(state: State, event: ev.SnapshotFinished) -> None:
    state.pending.pop(event.snapshot)
    snapshot = state.snapshots[event.snapshot]
    state.snapshots[event.snapshot] = snapshot._replace(status="accomplished")


def _snapshot_failed(state: State, event: ev.SnapshotFailed) -> None:
    _end_snapshot(state, event.snapshot, status="failed", deleted_at=event.at)


def _snapshot_deleted(state: State, event: ev.SnapshotDeleted) -> None:
    _end_snapshot(state, event.snapshot, deleted_at=event.at)


def _end_snapshot(state: State, snapshot_id: str, **changes: Any) -> None:
    snapshot = state.snapshots[snapshot_id]
    state.chains[snapshot.chain].delete(snapshot.number)
    state.pending.pop(snapshot_id, None)
    state.snapshots[snapshot_id] = snapshot._replace(**changes)


def _image_created(state: State, event: ev.ImageCreated) -> None:
    _use_id(state, event.image)
    for mapping in event.mappings:
        _use_id(state, mapping.snapshot)
    status = {None: "Waiting", event.at: "Available"}.get(event.finishes_at, "Creating")
    state.images[event.image] = Image(
        id=event.image,
        account=event.account,
        region=event.region,
        name=event.name,
        family=event.family,
        status=status,
        size_gib=event.size_gib,
        lineage=event.lineage,
        mappings=event.mappings,
        made_from=event.made_from,
        source=event.source,
        encrypted=event.encrypted,
        kms_key=event.kms_key,
        created_at=event.at,
        finishes_at=event.finishes_at,
    )
    if status == "Creating":
        assert event.finishes_at is not None
        state.pending[event.image] = event.finishes_at


def _image_copy_started(state: State, event: ev.ImageCopyStarted) -> None:
    state.pending[event.image] = event.finishes_at
    _change(state.images, event.image, status="Creating", finishes_at=event.finishes_at)


def _image_finished(state: State, event: ev.ImageFinished) -> None:
    state.pending.pop(event.image)
    _change(state.images, event.image, status="Available")


def _image_failed(state: State, event: ev.ImageFailed) -> None:
    state.pending.pop(event.image, None)
    _change(state.images, event.image, status="CreateFailed")


def _image_shared(state: State, event: ev.ImageShared) -> None:
    image = state.images[event.image]
    _change(state.images, event.image, shared_with=image.shared_with | {event.account})


def _image_unshared(state: State, event: ev.ImageUnshared) -> None:
    image = state.images[event.image]
    _change(state.images, event.image, shared_with=image.shared_with - {event.account})


def _image_published(state: State, event: ev.ImagePublished) -> None:
    _change(state.images, event.image, is_public=True)


def _image_unpublished(state: State, event: ev.ImageUnpublished) -> None:
    _change(state.images, event.image, is_public=False)


def _image_modified(state: State, event: ev.ImageModified) -> None:
    _change(
        state.images,
        event.image,
        name=event.name,
        family=event.family,
        status=event.status,
        lineage=event.lineage,
    )


def _image_deleted(state: State, event: ev.ImageDeleted) -> None:
    state.pending.pop(event.image, None)
    _change(state.images, event.image, status="Deleted", deleted_at=event.at)


def _change(table: dict[str, Any], resource_id: str, **changes: Any) -> None:
    table[resource_id] = replace(table[resource_id], **changes)


def _use_id(state: State, resource_id: str) -> None:
    prefix, _, number = resource_id.partition("-")
    if number.isdigit():
        state.last_numbers[prefix] = max(state.last_numbers.get(prefix, 0), int(number))


_MEANING: dict[type, Callable[[State, Any], None]] = {
    ev.CloudStarted: _cloud_started,
    ev.AccountOpened: _account_opened,
    ev.DiskCreated: _disk_created,
    ev.DiskWritten: _disk_written,
    ev.DiskReinitialised: _disk_reinitialised,
    ev.DiskReleased: _disk_released,
    ev.InstanceLaunched: _instance_launched,
    ev.InstanceStopped: _instance_stopped,
    ev.InstanceStarted: _instance_started,
    ev.InstanceReleased: _instance_released,
    ev.SystemDiskReplacementStarted: _replacement_started,
    ev.SystemDiskReplaced: _system_disk_replaced,
    ev.SnapshotStarted: _snapshot_started,
    ev.SnapshotStored: _snapshot_stored,
    ev.SnapshotFinished: _snapshot_finished,
    ev.SnapshotFailed: _snapshot_failed,
    ev.SnapshotDeleted: _snapshot_deleted,
    ev.ImageCreated: _image_created,
    ev.ImageCopyStarted: _image_copy_started,
    ev.ImageFinished: _image_finished,
    ev.ImageFailed: _image_failed,
    ev.ImageShared: _image_shared,
    ev.ImageUnshared: _image_unshared,
    ev.ImagePublished: _image_published,
    ev.ImageUnpublished: _image_unpublished,
    ev.ImageModified: _image_modified,
    ev.ImageDeleted: _image_deleted,
}
