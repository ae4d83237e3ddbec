"""Commands on snapshots: create, copy and delete."""

from __future__ import annotations

from ..catalog.limits import limit
from ..errors import InputError
from . import events as ev
from .blocks import CopiedChain
from .control import Control
from .resources import Disk


def create_snapshot(control: Control, account: str, disk_id: str, name: str) -> str:
    operation = "CreateSnapshot"
    disk = control.own_disk(account, disk_id, operation)
    check_can_snapshot(control, disk, operation)
    _check_name(control, name, operation)
    (snapshot_id,) = control.new_ids("snapshot", 1)
    control.record(snapshot_of(control, disk, snapshot_id, name))
    return snapshot_id


def delete_snapshot(control: Control, account: str, snapshot_id: str, force: bool) -> None:
    operation = "DeleteSnapshot"
    known = control.state.snapshots.get(snapshot_id)
    if known is None or (known.account == account and known.deleted_at):
        # An id that never was, or is gone already, is ignored (SDEL-1). A near miss of the
        # person's own spelling would be ignored by the service too.
        return
    snapshot = control.own_snapshot(account, snapshot_id, operation)
    # What is behind an image stays, even by force (SDEL-2, STRUCT-7).
    pinning = [
        image.id
        for image in control.state.images.values()
        if snapshot_id in image.snapshots and not image.deleted_at and image.status != "CreateFailed"
    ]
    if pinning:
        raise control.refusal(
            operation, "SnapshotCreatedImage",
            f"{snapshot_id} is behind {', '.join(pinning)}; delete the image first, force does not help",
            snapshot=snapshot_id, image=pinning[0],
        )  # fmt: skip
    # What made disks goes by force only (SDEL-3).
    made = [d.id for d in control.state.disks.values() if d.snapshot == snapshot_id and not d.released_at]
    if made and not force:
        raise control.refusal(
            operation, "SnapshotCreatedDisk",
            f"{', '.join(made)} came from {snapshot_id}; with force they can no longer be re-initialised",
            snapshot=snapshot_id, disk=made[0],
        )  # fmt: skip
    control.record(ev.SnapshotDeleted(control.now, snapshot.id))


def copy_snapshot(control: Control, account: str, snapshot_id: str, *, to: str, name: str) -> str:
    """Copy a finished snapshot to another region, incrementally after the first (SCOPY-1, SCOPY-2).

    This is also the way for images too large to copy whole (COPY-9).
    """
    operation = "CopySnapshot"
    source = control.own_snapshot(account, snapshot_id, operation)
    to = control.region(to, operation)
    if source.status != "accomplished":
        raise control.refusal(
            operation, "InvalidSnapshotId.NotReady", f"{source.id} is {source.status}", snapshot=source.id
        )
    if to == source.region:
        raise InputError(f"{source.id} is in {to} already; only encrypted copies stay within a region")
    _check_name(control, name, operation)
    chain = control.state.chains[source.chain]
    joins = control.state.copies_chain(source, to)
    blocks = joins[1].unstored_blocks(source.number) if joins else CopiedChain(chain).unstored_blocks(source.number)
    copied_bytes = blocks * chain.block_bytes
    (copy_id,) = control.new_ids("snapshot", 1)
    control.record(
        ev.SnapshotCopied(
            control.now, copy_id, source.id, account, source.region, to, name, copied_bytes,
            control.done_at("snapshot_copy", copied_bytes),
        )
    )  # fmt: skip
    return copy_id


def _check_name(control: Control, name: str, operation: str) -> None:
    """A snapshot may go without a name; one it has keeps the service's rules."""
    reserved = ("http://", "https://", "auto")
    if not isinstance(name, str) or (name and (name.lower().startswith(reserved) or not 2 <= len(name) <= 128)):
        raise control.refusal(
            operation, "InvalidSnapshotName.Malformed",
            f"snapshot name {name!r}: 2 to 128 characters, not beginning with http://, https:// or auto",
        )  # fmt: skip


def check_can_snapshot(control: Control, disk: Disk, operation: str) -> None:
    """One snapshot at a time per disk, at most the quota of manual ones (SNAP-5, SNAP-6, CREATE-10)."""
    chain_id = control.state.chain_of_disk(disk.id)
    for snapshot_id in control.state.pending:
        snapshot = control.state.snapshots.get(snapshot_id)
        if snapshot is not None and snapshot.chain == chain_id:
            raise control.refusal(
                operation, "IncorrectDiskStatus.CreatingSnapshot",
                f"{snapshot_id} of {disk.id} is not finished; one snapshot at a time", disk=disk.id,
            )  # fmt: skip
    if control.state.instances[disk.instance].replacing_until:
        raise control.refusal(
            operation, "IncorrectInstanceStatus",
            f"{disk.instance} is being given a new system disk", disk=disk.id,
        )  # fmt: skip
    quota = limit("manual_snapshots_per_disk", control.now)
    if len(control.state.chains[chain_id].live) >= quota:
        raise control.refusal(
            operation, "QuotaExceed.Snapshot",
            f"{disk.id} has {quota} snapshots, the most there may be; delete some first", disk=disk.id,
        )  # fmt: skip


def snapshot_of(control: Control, disk: Disk, snapshot_id: str, name: str = "") -> ev.SnapshotStarted:
    """The event of a snapshot of a disk taken now."""
    chain = control.state.disk_chain(disk.id)
    stored = chain.unstored_blocks() * chain.block_bytes
    return ev.SnapshotStarted(control.now, snapshot_id, disk.id, name, control.done_at("snapshot", stored))
