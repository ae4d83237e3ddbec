"""Commands on snapshots: create, copy, modify and delete."""

from __future__ import annotations

from ..catalog.limits import limit
from ..catalog.regions import region
from ..errors import InputError, shown
from ..ledger import events as ev
from ..ledger.resources import Disk
from .arguments import DiskRef, RegionName, SnapshotRef, TagMap, Whole
from .control import Control
from .naming import check_plain_name
from .request import Caller, Request, command
from .tags import tagged


class SnapshotCommands(Caller):
    """Commands on snapshots."""

    __slots__ = ()

    @command
    def create_snapshot(
        self, disk: DiskRef, *, name: str = "", retention_days: Whole | None = None, tags: TagMap | None = None
    ) -> SnapshotRef:
        """Take a snapshot of a disk. Returns its id.

        disk: its id, or an instance's, which means its system disk
        name: what the snapshot is called, empty for no name
        retention_days: after how many days it is deleted, unless an image or a disk still needs it then, and
            else as soon as none does (SNAP-7, SNAP-9); it is kept for ever unless said [day]
        tags: its tags, values by key

        >>> acme.write(web, overwrite=3)
        >>> acme.create_snapshot(web, name="daily")
        's-00000002'
        >>> cloud.chain(web)
        <Chain sl-d-00000001: 2 live snapshots, 15 GiB>
        """
        request = self._request("CreateSnapshot")
        own = request.own_disk(disk)
        if not own.ever_attached:
            raise request.refusal_of(
                own, "IncorrectDiskStatus.NeverAttached", "was never attached; attach it to an instance first"
            )
        check_can_snapshot(request, own)
        _check_name(request, name)
        _check_retention(request, retention_days)
        (snapshot_id,) = request.control.new_ids("snapshot", 1)
        taken = snapshot_of(request.control, own, snapshot_id, name, retention_days)
        request.control.record(taken, *tagged(request, [snapshot_id], tags))
        return snapshot_id

    @command
    def modify_snapshot(
        self, snapshot: SnapshotRef, *, name: str | None = None, retention_days: Whole | None = None
    ) -> None:
        """Rename a snapshot, or keep it for longer (SNAP-7).

        snapshot: its id
        name: its name from now on
        retention_days: how long it is kept, counted from its creation, and no shorter than now [day]
        """
        request = self._request("ModifySnapshotAttribute")
        own = request.own_snapshot(snapshot)
        if name is None and retention_days is None:
            raise request.refusal("NoAttributeToModify", "give a name or retention_days", snapshot=own.id)
        if name is not None:
            _check_name(request, name)
        _check_retention(request, retention_days)
        if retention_days is not None and (own.retention_days is None or retention_days <= own.retention_days):
            kept = "for ever" if own.retention_days is None else f"for {own.retention_days} days"
            raise request.refusal_of(
                own,
                "InvalidRetentionDays.Malformed",
                f"is kept {kept}; that can be extended only, not set to {retention_days} days",
            )
        request.control.record(
            ev.SnapshotModified(
                at=request.now,
                snapshot=own.id,
                name=own.name if name is None else name,
                retention_days=own.retention_days if retention_days is None else retention_days,
            )
        )

    @command
    def copy_snapshot(
        self, snapshot: SnapshotRef, *, to: RegionName, name: str = "", tags: TagMap | None = None
    ) -> SnapshotRef:
        """Copy a finished snapshot to another region, incrementally after the first (SCOPY-1, SCOPY-2, UNK-15).

        The data sent is charged once (SCOPY-3). This is also the way for images too large to copy
        whole (COPY-9). Returns the copy's id.

        snapshot: its id
        to: the region to copy to
        name: what the copy is called, empty for no name
        tags: its tags, values by key

        >>> acme.copy_snapshot(cloud.image(golden).system_snapshot, to="cn-hangzhou")
        's-00000002'
        """
        request = self._request("CopySnapshot")
        source = request.own_snapshot(snapshot)
        to = request.region(to)
        request.check_open(source.region)
        if source.status != "accomplished":
            raise request.refusal_of(source, "InvalidSnapshotId.NotReady", f"is {source.status}")
        if to == source.region:
            raise InputError(f"{source.id} is in {to} already; only encrypted copies stay within a region")
        _check_name(request, name)
        later = []
        if source.encrypted:
            later.append(request.newer_rule("copy_encrypted_snapshot", source))
        if (region(source.region).area == "mainland_china") != (region(to).area == "mainland_china"):
            # SCOPY-4: until 2021 there were two groups of regions, of which the mainland was one.
            later.append(request.newer_rule("copy_snapshot_out_of_the_mainland", source))
        late = ["UNK-15"] if request.state.follows_newer(source, to) else []
        copied_bytes = request.state.bytes_to_copy(source, to)
        (copy_id,) = request.control.new_ids("snapshot", 1)
        request.control.record(
            ev.SnapshotCopied(
                at=request.now,
                snapshot=copy_id,
                source=source.id,
                account=request.account,
                region=source.region,
                to=to,
                name=name,
                copied_bytes=copied_bytes,
                finishes_at=request.control.done_at("snapshot_copy", copied_bytes),
                assumed=(*late, *request.doubts(*later)),
            ),
            *tagged(request, [copy_id], tags),
        )
        return copy_id

    @command
    def delete_snapshot(self, snapshot: SnapshotRef, *, force: bool = False) -> None:
        """Delete a snapshot. Deleting an unknown or deleted one does nothing (SDEL-1).

        snapshot: its id
        force: delete it even if disks came from it; never if images did (SDEL-2)
        """
        request = self._request("DeleteSnapshot")
        if request.nothing_to_delete(request.state.snapshots, snapshot):
            return
        own = request.own_snapshot(snapshot)
        # What is behind an image stays, even by force (SDEL-2, STRUCT-7).
        pinning = request.state.images_of(snapshot)
        if pinning:
            raise request.refusal(
                "SnapshotCreatedImage",
                f"{snapshot} is behind {', '.join(pinning)}; delete the image first, force does not help",
                snapshot=snapshot,
                image=pinning[0],
            )
        # What made disks goes by force only (SDEL-3).
        made = request.state.disks_from(snapshot)
        if made and not force:
            raise request.refusal(
                "SnapshotCreatedDisk",
                f"{', '.join(made)} came from {snapshot}; with force they can no longer be re-initialised",
                snapshot=snapshot,
                disk=made[0],
            )
        request.control.record(ev.SnapshotDeleted(at=request.now, snapshot=own.id))


def _check_name(request: Request, name: str) -> None:
    check_plain_name(request, "snapshot", name, "InvalidSnapshotName.Malformed", "auto")


def _check_retention(request: Request, days: int | None) -> None:
    """Days of retention are in the range of the service (SNAP-7)."""
    low, high = limit("retention_days_min", request.now), limit("retention_days_max", request.now)
    if days is not None and not low <= days <= high:
        raise request.refusal("InvalidRetentionDays.Malformed", f"retention_days is {low} to {high}, not {shown(days)}")


def check_can_snapshot(request: Request, disk: Disk) -> None:
    """One snapshot at a time per disk, at most so many manual ones (SNAP-5, SNAP-6, CREATE-10).

    Until 2019-07 a disk had one cap for manual and automatic ones together (conflict 23).
    """
    request.check_open(disk.region)
    request.check_idle(disk, "IncorrectDiskStatus.CreatingSnapshot")
    instance = request.instance_of(disk)
    if instance is not None:
        request.check_status(instance, "Running", "Stopped")
    live = request.state.live_snapshots(disk.chain)
    manual = sum(not snapshot.policy for snapshot in live)
    quota, in_all = limit("manual_snapshots_per_disk", request.now), limit("snapshots_per_chain", request.now)
    if manual >= quota or len(live) >= in_all:
        raise request.refusal_of(
            disk,
            "QuotaExceed.Snapshot",
            f"has {manual} of {quota} manual snapshots, {len(live)} of {in_all} in all; delete some first",
        )


def snapshot_of(
    control: Control,
    disk: Disk,
    snapshot_id: str,
    name: str = "",
    retention_days: int | None = None,
    policy: str | None = None,
) -> ev.SnapshotStarted:
    """The event of a snapshot of a disk taken now."""
    chain = control.state.disk_chain(disk.id)
    stored = chain.unstored_blocks() * chain.block_bytes
    return ev.SnapshotStarted(
        at=control.now,
        snapshot=snapshot_id,
        disk=disk.id,
        name=name,
        finishes_at=control.done_at("snapshot", stored),
        policy=policy,
        retention_days=retention_days,
    )
