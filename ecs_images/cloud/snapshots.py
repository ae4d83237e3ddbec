"""Commands on snapshots: create, copy and delete."""

from __future__ import annotations

from ..catalog.limits import limit
from ..errors import InputError, shown
from ..ledger import events as ev
from ..ledger.resources import Disk
from .arguments import DiskRef, RegionName, SnapshotRef
from .control import Caller, Control, command


class SnapshotCommands(Caller):
    """Commands on snapshots."""

    __slots__ = ()

    @command
    def create_snapshot(self, disk: DiskRef, *, name: str = "") -> SnapshotRef:
        """Take a snapshot of a disk. Returns its id.

        disk: its id, or an instance's, which means its system disk
        name: what the snapshot is called, empty for no name
        """
        control, account = self._control, self.name
        operation = "CreateSnapshot"
        own = control.own_disk(account, disk, operation)
        check_can_snapshot(control, own, operation)
        _check_name(control, name, operation)
        (snapshot_id,) = control.new_ids("snapshot", 1)
        control.record(snapshot_of(control, own, snapshot_id, name))
        return snapshot_id

    @command
    def copy_snapshot(self, snapshot: SnapshotRef, *, to: RegionName, name: str = "") -> SnapshotRef:
        """Copy a finished snapshot to another region, incrementally after the first (SCOPY-1, SCOPY-2).

        The data sent is charged once (SCOPY-3). This is also the way for images too large to copy
        whole (COPY-9). Returns the copy's id.

        snapshot: its id
        to: the region to copy to
        name: what the copy is called, empty for no name
        """
        control, account = self._control, self.name
        operation = "CopySnapshot"
        source = control.own_snapshot(account, snapshot, operation)
        to = control.region(to, operation)
        control.check_open(source.region, operation)
        if source.status != "accomplished":
            raise control.refusal(
                operation, "InvalidSnapshotId.NotReady", f"{source.id} is {source.status}", snapshot=source.id
            )
        if to == source.region:
            raise InputError(f"{source.id} is in {to} already; only encrypted copies stay within a region")
        _check_name(control, name, operation)
        later = ["copy_encrypted_snapshot"] if source.encrypted else []
        if later and not control.newer_holds(later[0]):
            raise control.refusal(
                operation,
                "InvalidUser.NotInWhiteList",
                f"{source.id} is encrypted; on {control.today} such snapshots could not be copied",
                snapshot=source.id,
            )
        copied_bytes = control.state.bytes_to_copy(source, to)
        (copy_id,) = control.new_ids("snapshot", 1)
        control.record(
            ev.SnapshotCopied(
                at=control.now,
                snapshot=copy_id,
                source=source.id,
                account=account,
                region=source.region,
                to=to,
                name=name,
                copied_bytes=copied_bytes,
                finishes_at=control.done_at("snapshot_copy", copied_bytes),
                assumed=control.doubts(*later),
            )
        )
        return copy_id

    @command
    def delete_snapshot(self, snapshot: SnapshotRef, *, force: bool = False) -> None:
        """Delete a snapshot. Deleting an unknown or deleted one does nothing (SDEL-1).

        snapshot: its id
        force: delete it even if disks came from it; never if images did (SDEL-2)
        """
        control, account = self._control, self.name
        operation = "DeleteSnapshot"
        known = control.state.snapshots.get(snapshot)
        if known is None or (known.account == account and known.deleted_at):
            return
        own = control.own_snapshot(account, snapshot, operation)
        # What is behind an image stays, even by force (SDEL-2, STRUCT-7).
        pinning = images_of(control, snapshot)
        if pinning:
            raise control.refusal(
                operation,
                "SnapshotCreatedImage",
                f"{snapshot} is behind {', '.join(pinning)}; delete the image first, force does not help",
                snapshot=snapshot,
                image=pinning[0],
            )
        # What made disks goes by force only (SDEL-3).
        made = disks_from(control, snapshot)
        if made and not force:
            raise control.refusal(
                operation,
                "SnapshotCreatedDisk",
                f"{', '.join(made)} came from {snapshot}; with force they can no longer be re-initialised",
                snapshot=snapshot,
                disk=made[0],
            )
        control.record(ev.SnapshotDeleted(at=control.now, snapshot=own.id))


def images_of(control: Control, snapshot_id: str) -> list[str]:
    """The images that need a snapshot."""
    return [
        image.id
        for image in control.state.images.values()
        if snapshot_id in image.snapshots and not image.deleted_at and image.status != "CreateFailed"
    ]


def disks_from(control: Control, snapshot_id: str) -> list[str]:
    """The disks that were made from a snapshot and go back to it."""
    return [disk.id for disk in control.state.disks.values() if disk.snapshot == snapshot_id and not disk.released_at]


def _check_name(control: Control, name: str, operation: str) -> None:
    """A snapshot may go without a name; one it has keeps the service's rules."""
    reserved = ("http://", "https://", "auto")
    if not isinstance(name, str) or (name and (name.lower().startswith(reserved) or not 2 <= len(name) <= 128)):
        raise control.refusal(
            operation,
            "InvalidSnapshotName.Malformed",
            f"snapshot name {shown(name)}: 2 to 128 characters, not beginning with http://, https:// or auto",
        )


def check_can_snapshot(control: Control, disk: Disk, operation: str) -> None:
    """One snapshot at a time per disk, at most the quota of manual ones (SNAP-5, SNAP-6, CREATE-10)."""
    control.check_open(disk.region, operation)
    chain_id = disk.chain
    for snapshot_id in control.state.pending:
        snapshot = control.state.snapshots.get(snapshot_id)
        if snapshot is not None and snapshot.chain == chain_id:
            raise control.refusal(
                operation,
                "IncorrectDiskStatus.CreatingSnapshot",
                f"{snapshot_id} of {disk.id} is not finished; one snapshot at a time",
                disk=disk.id,
            )
    if control.state.instances[disk.instance].replacing_until:
        raise control.refusal(
            operation, "IncorrectInstanceStatus", f"{disk.instance} is being given a new system disk", disk=disk.id
        )
    quota = limit("manual_snapshots_per_disk", control.now)
    if len(control.state.chains[chain_id].live) >= quota:
        raise control.refusal(
            operation,
            "QuotaExceed.Snapshot",
            f"{disk.id} has {quota} snapshots, the most there may be; delete some first",
            disk=disk.id,
        )


def snapshot_of(control: Control, disk: Disk, snapshot_id: str, name: str = "") -> ev.SnapshotStarted:
    """The event of a snapshot of a disk taken now."""
    chain = control.state.disk_chain(disk.id)
    stored = chain.unstored_blocks() * chain.block_bytes
    return ev.SnapshotStarted(
        at=control.now, snapshot=snapshot_id, disk=disk.id, name=name, finishes_at=control.done_at("snapshot", stored)
    )
