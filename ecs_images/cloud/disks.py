"""Disks: what they are made of, and the commands that create, attach, write to, turn back and release them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ..catalog.limits import limit
from ..catalog.rule_book import taken
from ..errors import InputError
from ..ledger import events as ev
from ..ledger.automatic import is_needed
from ..ledger.resources import Disk, DiskCategory, DiskKind, Image, Lineage, Snapshot
from ..units import positive_gib, size_gib
from .arguments import Choice, DiskRef, Gib, GibAboveZero, InstanceRef, RegionName, SnapshotRef, TagMap, Text
from .control import Control
from .request import Caller, Request, command
from .tags import tagged

_SYSTEM_FLOORS = {
    "cloud_auto": "system_disk_gib_min_essd_autopl",
    "cloud_essd_pl0": "system_disk_gib_min_essd_pl0",
    "cloud_essd_pl2": "system_disk_gib_min_essd_pl2",
    "cloud_essd_pl3": "system_disk_gib_min_essd_pl3",
}
"""The smallest system disk of a category, where that is another than of most (STRUCT-6)."""


@dataclass(frozen=True, slots=True)
class NewDisk:
    """A disk about to be created.

    kind: system or data
    size_gib: its size [GiB]
    written_blocks: how many of its blocks are written
    initial_blocks: how many of these come back when it is re-initialised
    image: id of the image that it starts from, if any
    snapshot: id of the snapshot that it is made from, if any
    encrypted: whether it is encrypted
    kms_key: a key of the account's own that it is encrypted with; None: the service's
    category: its category; None where nobody chose one (ASSUME-8)
    """

    kind: DiskKind
    size_gib: int
    written_blocks: int
    initial_blocks: int
    image: str | None = None
    snapshot: str | None = None
    encrypted: bool = False
    kms_key: str | None = None
    category: DiskCategory | None = None


class DiskCommands(Caller):
    """Commands on disks."""

    __slots__ = ()

    @command
    def create_disk(
        self,
        *,
        region: RegionName,
        size: GibAboveZero | None = None,
        snapshot: SnapshotRef | None = None,
        category: DiskCategory | None = None,
        written: Gib | None = None,
        tags: TagMap | None = None,
    ) -> DiskRef:
        """Create a data disk of its own, empty or made from a snapshot. Returns its id.

        It starts a chain of its own (CHAIN-4), and is encrypted as its snapshot is (UNK-16). Nothing can be
        written to it, and no snapshot taken of it, before it is attached (SNAP-5).

        region: where it is
        size: its size; that of the snapshot unless said, and no less [GiB]
        snapshot: a finished snapshot to make it from, of a data or a system disk
        category: its category; ESSD PL0 is supposed unless said (ASSUME-8)
        written: what is written on it in all; what the snapshot holds, else nothing, unless said [GiB]
        tags: its tags, values by key

        >>> acme.create_disk(region="cn-beijing", size=100)
        'd-00000002'
        """
        request = self._request("CreateDisk")
        region = request.region(region)
        if size is None and snapshot is None:
            raise request.refusal("MissingParameter", "give a size, or a snapshot to make the disk from")
        behind = None if snapshot is None else _snapshot_for_disk(request, region, snapshot)
        new = _new_data_disk(request, behind, size, written, category, "a data disk")
        (disk_id,) = request.control.new_ids("disk", 1)
        created = disk_created(request.control, disk_id, request.account, region, None, new)
        request.control.record(created, *tagged(request, [disk_id], tags))
        return disk_id

    @command
    def attach_disk(self, disk: DiskRef, instance: InstanceRef, *, delete_with_instance: bool = False) -> None:
        """Attach a data disk that is free to an instance of its region.

        disk: its id
        instance: the instance's id, running or stopped
        delete_with_instance: release the disk when the instance is released
        """
        request = self._request("AttachDisk")
        own, target = request.own_disk(disk), request.own_instance(instance)
        _check_detached(request, own)
        request.check_status(target, "Running", "Stopped")
        if own.region != target.region:
            raise request.refusal_of(
                own, "ResourcesNotInSameZone", f"is in {own.region}, {target.id} in {target.region}", instance=target.id
            )
        most = limit("data_disks_per_instance", request.now)
        if len(target.data_disks) >= most:
            raise request.refusal_of(
                target, "InstanceDiskLimitExceeded", f"has {most} data disks, the most there may be"
            )
        request.control.record(
            ev.DiskAttached(at=request.now, disk=own.id, instance=target.id, delete_with_instance=delete_with_instance)
        )

    @command
    def detach_disk(self, disk: DiskRef) -> None:
        """Detach a data disk from its instance; it lives on when that is released.

        disk: its id
        """
        request = self._request("DetachDisk")
        own = request.own_disk(disk)
        _check_data_disk(request, own)
        instance = request.instance_of(own)
        if instance is None:
            raise request.refusal_of(own, "InvalidDisk.AlreadyDetached", "is attached to nothing")
        request.check_status(instance, "Running", "Stopped")
        request.check_idle(own, "IncorrectDiskStatus")
        request.control.record(ev.DiskDetached(at=request.now, disk=own.id))

    @command
    def modify_disk(
        self, disk: DiskRef, *, delete_with_instance: bool | None = None, delete_auto_snapshots: bool | None = None
    ) -> None:
        """Set what is released or deleted together with what.

        disk: its id, or an instance's, which means its system disk
        delete_with_instance: release this data disk with its instance, as disks launched with it are unless this is set
        delete_auto_snapshots: delete its automatic snapshots when it is released; true unless this is set (SNAP-8)
        """
        request = self._request("ModifyDiskAttribute")
        own = request.own_disk(disk)
        if delete_with_instance is not None and (own.kind == "system" or own.instance is None):
            raise InputError(f"delete_with_instance goes with an attached data disk, which {own.id} is not")
        with_instance = own.delete_with_instance if delete_with_instance is None else delete_with_instance
        snapshots = own.delete_auto_snapshots if delete_auto_snapshots is None else delete_auto_snapshots
        if (with_instance, snapshots) == (own.delete_with_instance, own.delete_auto_snapshots):
            raise InputError(f"nothing of {own.id} would change")
        request.control.record(
            ev.DiskModified(
                at=request.now, disk=own.id, delete_with_instance=with_instance, delete_auto_snapshots=snapshots
            )
        )

    @command
    def release_disk(self, disk: DiskRef) -> None:
        """Release a detached data disk; its manual snapshots stay (SNAP-8). A released or unknown one is ignored.

        disk: its id
        """
        request = self._request("DeleteDisk")
        if disk not in request.state.instances and request.nothing_to_delete(request.state.disks, disk):
            return
        own = request.own_disk(disk)
        _check_data_disk(request, own)
        _check_detached(request, own)
        request.check_idle(own)
        request.control.record(*disk_released(request.control, own))

    @command
    def write(self, disk: DiskRef, *, new: Gib = 0, overwrite: Gib = 0, offset: Gib = 0) -> None:
        """Write to a disk. Parts of a block take the whole block.

        disk: its id, or an instance's, which means its system disk
        new: written where nothing was written yet [GiB]
        overwrite: written over what lies from `offset` on [GiB]
        offset: where the overwriting begins [GiB]

        >>> acme.write(web, new=2, overwrite=1)
        >>> cloud.snapshot(acme.create_snapshot(web))
        <Snapshot s-00000002: acme, cn-beijing, no. 2 of sl-d-00000001, restores 14 GiB, accomplished>
        """
        request = self._request("write")
        own = request.own_disk(disk)
        if own.instance is None:
            raise InputError(f"{own.id} is attached to no instance, and nothing else can write to it; attach it first")
        if not new and not overwrite:
            raise InputError(f"nothing is written to {own.id}; say how much is new or overwritten")
        if offset and not overwrite:
            raise InputError(f"offset says where the overwriting begins; nothing of {own.id} is overwritten")
        chain = request.state.disk_chain(own.id)
        gib_per_block = chain.block_bytes / (1 << 30)
        appended, start = request.control.blocks(new), int(offset / gib_per_block)
        rewritten = request.control.blocks(offset + overwrite) - start if overwrite else 0
        if rewritten and start + rewritten > chain.written_blocks:
            raise InputError(
                f"{own.id} has {chain.written_blocks * gib_per_block:g} GiB written; overwriting "
                f"{overwrite:g} GiB from offset {offset:g} goes beyond that"
            )
        if (chain.written_blocks + appended) * gib_per_block > own.size_gib:
            raise InputError(
                f"{own.id} is a disk of {own.size_gib} GiB with {chain.written_blocks * gib_per_block:g} "
                f"written; {new:g} new do not fit"
            )
        request.control.record(
            ev.DiskWritten(at=request.now, disk=own.id, appended=appended, start=start, overwritten=rewritten)
        )

    @command
    def reinit_disk(self, disk: DiskRef) -> None:
        """Put a disk of a stopped instance back to its image or snapshot, or to empty (REINIT-1).

        disk: its id, or an instance's, which means its system disk
        """
        request = self._request("ReInitDisk")
        own = request.own_disk(disk)
        instance = request.instance_of(own)
        if instance is None:
            raise request.refusal_of(own, "IncorrectDiskStatus", "is attached to nothing; attach it first")
        request.check_status(instance, "Stopped")
        request.check_idle(own)
        if own.image is not None:
            _check_image_still_usable(request, own)
        if own.snapshot is not None and request.state.snapshots[own.snapshot].deleted_at:
            raise request.refusal(
                "InvalidSourceSnapshot", f"{own.snapshot}, which {own.id} was made from, is deleted", disk=own.id
            )
        request.control.record(ev.DiskReinitialised(at=request.now, disk=own.id))

    @command
    def rollback_disk(self, disk: DiskRef, snapshot: SnapshotRef) -> None:
        """Put a disk back to one of its own snapshots, in content and size; that cannot be undone (ROLL-1).

        All its blocks are new versions from then on, so that its next snapshot stores them anew.

        disk: its id, or a stopped instance's, which means its system disk
        snapshot: a finished snapshot of that very disk
        """
        request = self._request("ResetDisk")
        own = request.own_disk(disk)
        source = request.own_snapshot(snapshot)
        if source.disk != own.id:
            raise request.refusal_of(
                source,
                "InvalidParameter.Mismatch",
                f"was not taken of {own.id}" + (f" but of {source.disk}" if source.disk else ""),
                disk=own.id,
            )
        instance = request.instance_of(own)
        if instance is not None:
            request.check_status(instance, "Stopped")
        request.check_idle(own, "IncorrectDiskStatus")
        request.control.record(ev.DiskRolledBack(at=request.now, disk=own.id, snapshot=source.id))


# New disks ------------------------------------------------------------------------------------------


def new_system_disk(
    request: Request, image: Image, size: float | None, written: float | None, category: DiskCategory | None = None
) -> NewDisk:
    """The system disk an image starts, its size checked (STRUCT-6, OS-2, USE-1).

    `written` is all that is written on it; without it, what the image holds (for the
    provider's images their nominal size, ASSUME-1).
    """
    if size is None:
        size = max(limit("system_disk_gib_default", request.now), image.size_gib)
    gib = _whole_gib(size, "system_disk")
    low = limit(_SYSTEM_FLOORS.get(category or "", "system_disk_gib_min"), request.now)
    high = limit("system_disk_gib_max_basic" if category == "cloud" else "system_disk_gib_max", request.now)
    if gib < image.size_gib:
        raise request.refusal(
            "InvalidSystemDiskSize.LessThanImageSize",
            f"a system disk of {gib} GiB is below the {image.size_gib} GiB of {image.id}",
            image=image.id,
        )
    if not low <= gib <= high:
        below, above = (
            ("InvalidSystemDiskSize.LessThanMinSize", "InvalidSystemDiskSize.MoreThanMaxSize")
            if request.operation == "ReplaceSystemDisk"
            else ("InvalidSystemDiskSize.ValueNotSupported",) * 2
        )
        of = f" of {category}" if category else ""
        raise request.refusal(below if gib < low else above, f"a system disk{of} has {low} to {high} GiB, not {gib}")
    behind = request.state.snapshots[image.system_snapshot] if image.mappings else None
    if behind is not None:
        held = request.control.blocks(behind.content_bytes / (1 << 30))
    else:
        held = request.control.blocks(image.size_gib) if written is None else 0
    total = _written_blocks(request.control, held, written, gib, image.id, "a system disk")
    # A disk made from what is encrypted is encrypted under the same key (UNK-16).
    key = (behind.encrypted, behind.kms_key) if behind else (False, None)
    return NewDisk("system", gib, total, held or total, image.id, None, *key, category)


def image_data_disks(control: Control, image: Image) -> list[NewDisk]:
    """A data disk for every data-disk snapshot of the image (STRUCT-4)."""
    disks = []
    for mapping in image.mappings:
        if mapping.kind == "data":
            behind = control.state.snapshots[mapping.snapshot]
            held = control.blocks(behind.content_bytes / (1 << 30))
            disks.append(
                NewDisk("data", mapping.size_gib, held, held, None, behind.id, behind.encrypted, behind.kms_key)
            )
    return disks


def extra_data_disks(request: Request, region: str, wanted: Sequence[float | Mapping[str, Any]]) -> list[NewDisk]:
    """Data disks asked for at a launch: empty ones, or made from snapshots of data disks (STRUCT-3)."""
    known = {"size", "written", "snapshot", "category"}
    disks = []
    for number, disk in enumerate(wanted, 1):
        fields, what = dict(disk) if isinstance(disk, Mapping) else {"size": disk}, f"data disk {number}"
        if set(fields) - known or not {"size", "snapshot"} & set(fields):
            raise InputError(f"{what} has size or snapshot, and may have written and category, not {sorted(fields)}")
        category: Any = fields.get("category")
        if category is not None:
            Choice(get_args(DiskCategory)).check(category, f"category of {what}")
        behind = None
        if "snapshot" in fields:
            snapshot = getattr(fields["snapshot"], "id", fields["snapshot"])
            snapshot = Text().check(snapshot, f"snapshot of {what}")
            behind = _snapshot_for_disk(request, region, snapshot)
            if behind.kind == "system":
                raise request.refusal_of(
                    behind,
                    "InvalidSnapshotId.NotDataDiskSnapshot",
                    "is of a system disk; make a disk from it with create_disk and attach that",
                )
        size, written = fields.get("size"), fields.get("written")
        disks.append(_new_data_disk(request, behind, size, written, category, what))
    return disks


def _new_data_disk(
    request: Request,
    behind: Snapshot | None,
    size: float | None,
    written: float | None,
    category: DiskCategory | None,
    what: str,
) -> NewDisk:
    """A data disk, empty in the range of its category (STRUCT-3), or as large as its snapshot at least."""
    gib = behind.size_gib if size is None and behind else _whole_gib(size, f"size of {what}")
    if behind is not None and gib < behind.size_gib:
        raise request.refusal(
            "InvalidDiskSize.TooSmall",
            f"{what} of {gib} GiB is below the {behind.size_gib} GiB of {behind.id}",
            snapshot=behind.id,
        )
    basic = "basic_" if category == "cloud" else ""
    low = 1 if behind else limit(f"empty_{basic}data_disk_gib_min", request.now)
    high = limit(f"empty_{basic}data_disk_gib_max", request.now)
    if not low <= gib <= high:
        raise request.refusal(
            "InvalidDataDiskSize.ValueNotSupported",
            f"a data disk{f' of {category}' if category else ''} has {low} to {high} GiB, not {gib}",
        )
    held = request.control.blocks(behind.content_bytes / (1 << 30)) if behind else 0
    total = _written_blocks(request.control, held, written, gib, behind.id if behind else "", what)
    if behind is None:
        return NewDisk("data", gib, total, held, category=category)
    return NewDisk("data", gib, total, held, None, behind.id, behind.encrypted, behind.kms_key, category)


def _written_blocks(control: Control, held: int, written: float | None, size: int, holder: str, what: str) -> int:
    """All that is written on a new disk that holds so many blocks from the start."""
    if written is None:
        return held
    total = control.blocks(size_gib(written, f"written of {what}"))
    if total < held:
        raise InputError(
            f"written {written:g} GiB is less than the {held * control.state.block_bytes / (1 << 30):g} GiB "
            f"that {holder} already holds"
        )
    if written > size:
        raise InputError(f"{written:g} GiB written do not fit {what} of {size} GiB")
    return total


def _snapshot_for_disk(request: Request, region: str, snapshot: str) -> Snapshot:
    """A finished snapshot of the account in a region, to make a disk from."""
    own = request.own_snapshot(snapshot)
    if own.status != "accomplished":
        raise request.refusal_of(own, "InvalidSnapshotId.NotReady", f"is {own.status}; wait for it")
    if own.region != region:
        raise request.refusal_of(own, "InvalidSnapshotId.NotFound", f"lies in {own.region}; copy it to {region} first")
    return own


def disk_created(
    control: Control,
    disk_id: str,
    account: str,
    region: str,
    instance: str | None,
    new: NewDisk,
    lineage: Lineage | None = None,
) -> ev.DiskCreated:
    """The event of a new disk; a category that nobody chose is supposed (ASSUME-8)."""
    category: Any = new.category or taken("ASSUME-8", control.state.assume)
    return ev.DiskCreated(
        at=control.now,
        disk=disk_id,
        account=account,
        region=region,
        instance=instance,
        kind=new.kind,
        size_gib=new.size_gib,
        written_blocks=new.written_blocks,
        initial_blocks=new.initial_blocks,
        image=new.image,
        snapshot=new.snapshot,
        lineage=lineage,
        encrypted=new.encrypted,
        kms_key=new.kms_key,
        category=category,
        category_supposed=new.category is None,
        assumed=("UNK-16",) if new.encrypted and instance is None else (),
    )


def disk_released(control: Control, disk: Disk) -> list[ev.Event]:
    """The events of a disk's end: where it is so set, automatic snapshots that nothing needs go with it (SNAP-8)."""
    live = control.state.live_snapshots(disk.chain) if disk.delete_auto_snapshots else []
    gone = [s.id for s in live if s.policy and not is_needed(control.state, s.id)]
    deleted = [ev.SnapshotDeleted(at=control.now, snapshot=snapshot) for snapshot in gone]
    return [*deleted, ev.DiskReleased(at=control.now, disk=disk.id)]


# What must hold -------------------------------------------------------------------------------------


def check_disk_count(request: Request, data_disks: int) -> None:
    """Refuse more data disks than an instance may have."""
    most = limit("data_disks_per_instance", request.now)
    if data_disks > most:
        raise request.refusal(
            "InstanceDiskCategoryLimitExceed", f"an instance has at most {most} data disks, not {data_disks}"
        )


def _whole_gib(value: object, what: str) -> int:
    gib = positive_gib(value, what)
    if gib != int(gib):
        raise InputError(f"{what} is a whole number of GiB, not {value}")
    return int(gib)


def _check_data_disk(request: Request, disk: Disk) -> None:
    if disk.kind == "system":
        raise request.refusal_of(
            disk, "DiskTypeViolation", f"is the system disk of {disk.instance}; this is for data disks"
        )


def _check_detached(request: Request, disk: Disk) -> None:
    if disk.instance is not None:
        message = f"{disk.id} is attached to {disk.instance}; detach it first"
        raise request.refusal("IncorrectDiskStatus", message, disk=disk.id)


def _check_image_still_usable(request: Request, disk: Disk) -> None:
    """A system disk can go back only to an image its account may still use (REINIT-2, SHARE-9).

    A deprecated image still serves (REINIT-3).
    """
    image = request.state.images.get(disk.image or "")
    if image is None or image.usable_by(request.account):
        return
    why = "is deleted" if image.deleted_at else f"is no longer shared with {request.account}"
    raise request.refusal(
        "InvalidImageId.NotFound",
        f"{image.id}, which {disk.id} was made from, {why}; replace the system disk instead",
        disk=disk.id,
        image=image.id,
    )
