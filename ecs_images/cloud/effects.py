"""What each kind of event means for a state. Only `state.apply` calls these."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import events as ev
from .blocks import Chain, CopiedChain
from .existing import State
from .resources import Account, Disk, Image, ImageFiles, Instance, Snapshot


def cloud_started(state: State, event: ev.CloudStarted) -> None:
    state.block_bytes, state.durations = event.block_bytes, event.durations


def account_opened(state: State, event: ev.AccountOpened) -> None:
    state.accounts[event.account] = Account(event.account, event.site, event.at)


def disk_created(state: State, event: ev.DiskCreated) -> None:
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


def disk_written(state: State, event: ev.DiskWritten) -> None:
    chain = state.disk_chain(event.disk)
    chain.overwrite(event.start, event.overwritten)
    chain.append(event.appended)


def disk_reinitialised(state: State, event: ev.DiskReinitialised) -> None:
    state.disk_chain(event.disk).reset(state.disks[event.disk].initial_blocks)


def disk_released(state: State, event: ev.DiskReleased) -> None:
    state.disks[event.disk] = replace(state.disks[event.disk], released_at=event.at)
    state.disk_chain(event.disk).reset(0)


def instance_launched(state: State, event: ev.InstanceLaunched) -> None:
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


def instance_stopped(state: State, event: ev.InstanceStopped) -> None:
    _change(state.instances, event.instance, status="Stopped", stop_mode=event.mode)


def instance_started(state: State, event: ev.InstanceStarted) -> None:
    _change(state.instances, event.instance, status="Running", stop_mode=None)


def instance_released(state: State, event: ev.InstanceReleased) -> None:
    _change(state.instances, event.instance, status="Released", released_at=event.at)


def replacement_started(state: State, event: ev.SystemDiskReplacementStarted) -> None:
    _use_id(state, event.disk)
    state.replacements[event.instance] = event
    state.pending[event.instance] = event.finishes_at
    _change(state.instances, event.instance, replacing_until=event.finishes_at)


def system_disk_replaced(state: State, event: ev.SystemDiskReplaced) -> None:
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


def snapshot_started(state: State, event: ev.SnapshotStarted) -> None:
    disk = state.disks[event.disk]
    chain_id = state.chain_of_disk(event.disk)
    chain = state.disk_chain(event.disk)
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


def snapshot_stored(state: State, event: ev.SnapshotStored) -> None:
    chain_id = "sl-" + event.snapshot
    chain = Chain(event.content_bytes, 1 if event.content_bytes else 0)
    state.chains[chain_id] = chain
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


def snapshot_copied(state: State, event: ev.SnapshotCopied) -> None:
    source = state.snapshots[event.source]
    found = state.copies_chain(source, event.to)
    if found is None:
        found = "sl-" + event.snapshot, CopiedChain(state.chains[source.chain])
        state.chains[found[0]] = found[1]
        state.copies[source.chain, event.to] = found[0]
    chain_id, chain = found
    chain.capture(source.number)
    _add_snapshot(
        state,
        source._replace(
            id=event.snapshot,
            region=event.to,
            chain=chain_id,
            number=chain.taken,
            disk=None,
            status="accomplished" if event.finishes_at == event.at else "progressing",
            started_at=event.at,
            finishes_at=event.finishes_at,
            name=event.name,
        ),
    )


def _add_snapshot(state: State, snapshot: Snapshot) -> None:
    _use_id(state, snapshot.id)
    state.snapshots[snapshot.id] = snapshot
    state.chain_snapshots.setdefault(snapshot.chain, []).append(snapshot.id)
    if snapshot.status == "progressing":
        state.pending[snapshot.id] = snapshot.finishes_at


def snapshot_finished(state: State, event: ev.SnapshotFinished) -> None:
    state.pending.pop(event.snapshot)
    snapshot = state.snapshots[event.snapshot]
    state.snapshots[event.snapshot] = snapshot._replace(status="accomplished")


def snapshot_failed(state: State, event: ev.SnapshotFailed) -> None:
    _end_snapshot(state, event.snapshot, status="failed", deleted_at=event.at)


def snapshot_deleted(state: State, event: ev.SnapshotDeleted) -> None:
    _end_snapshot(state, event.snapshot, deleted_at=event.at)


def _end_snapshot(state: State, snapshot_id: str, **changes: Any) -> None:
    snapshot = state.snapshots[snapshot_id]
    state.chains[snapshot.chain].delete(snapshot.number)
    state.pending.pop(snapshot_id, None)
    state.snapshots[snapshot_id] = snapshot._replace(**changes)


def image_created(state: State, event: ev.ImageCreated) -> None:
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


def image_copy_started(state: State, event: ev.ImageCopyStarted) -> None:
    state.pending[event.image] = event.finishes_at
    _change(state.images, event.image, status="Creating", finishes_at=event.finishes_at)


def image_finished(state: State, event: ev.ImageFinished) -> None:
    state.pending.pop(event.image)
    _change(state.images, event.image, status="Available")


def image_failed(state: State, event: ev.ImageFailed) -> None:
    state.pending.pop(event.image, None)
    _change(state.images, event.image, status="CreateFailed")


def image_shared(state: State, event: ev.ImageShared) -> None:
    image = state.images[event.image]
    _change(state.images, event.image, shared_with=image.shared_with | {event.account})


def image_unshared(state: State, event: ev.ImageUnshared) -> None:
    image = state.images[event.image]
    _change(state.images, event.image, shared_with=image.shared_with - {event.account})


def image_published(state: State, event: ev.ImagePublished) -> None:
    _change(state.images, event.image, is_public=True)


def image_unpublished(state: State, event: ev.ImageUnpublished) -> None:
    _change(state.images, event.image, is_public=False)


def image_modified(state: State, event: ev.ImageModified) -> None:
    _change(
        state.images,
        event.image,
        name=event.name,
        family=event.family,
        status=event.status,
        lineage=event.lineage,
    )


def image_deleted(state: State, event: ev.ImageDeleted) -> None:
    state.pending.pop(event.image, None)
    _change(state.images, event.image, status="Deleted", deleted_at=event.at)


def image_exported(state: State, event: ev.ImageExported) -> None:
    _add_files(
        state,
        ImageFiles(
            id=event.files,
            account=event.account,
            region=event.region,
            image=event.image,
            source=event.image,
            parts=event.parts,
            lineage=event.lineage,
            started_at=event.at,
            finishes_at=event.finishes_at,
        ),
    )


def files_replicated(state: State, event: ev.FilesReplicated) -> None:
    files = replace(
        state.files[event.source],
        id=event.files,
        region=event.to,
        source=event.source,
        started_at=event.at,
        finishes_at=event.finishes_at,
    )
    _add_files(state, files)


def _add_files(state: State, files: ImageFiles) -> None:
    _use_id(state, files.id)
    state.files[files.id] = files
    if files.finishes_at != files.started_at:
        state.pending[files.id] = files.finishes_at


def files_finished(state: State, event: ev.FilesFinished) -> None:
    state.pending.pop(event.files)


def files_deleted(state: State, event: ev.FilesDeleted) -> None:
    _change(state.files, event.files, deleted_at=event.at)


def _change(table: dict[str, Any], resource_id: str, **changes: Any) -> None:
    table[resource_id] = replace(table[resource_id], **changes)


def _use_id(state: State, resource_id: str) -> None:
    prefix, _, number = resource_id.partition("-")
    if number.isdigit():
        state.last_numbers[prefix] = max(state.last_numbers.get(prefix, 0), int(number))
