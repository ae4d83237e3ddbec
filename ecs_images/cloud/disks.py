"""Disks: what an instance's disks are made of, and the commands that write to and re-initialise them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..catalog.limits import limit
from ..errors import InputError, shown
from ..ledger import events as ev
from ..ledger.resources import Disk, DiskKind, Image, Instance
from ..units import positive_gib, size_gib
from .arguments import DiskRef, Gib
from .control import Caller, Control, command


@dataclass(frozen=True, slots=True)
class NewDisk:
    """A disk about to be created: what it will be, and how much of it is written and can be gone back to."""

    kind: DiskKind
    size_gib: int
    written_blocks: int
    initial_blocks: int
    image: str | None = None
    snapshot: str | None = None
    encrypted: bool = False
    kms_key: str | None = None


class DiskCommands(Caller):
    """Commands on disks."""

    __slots__ = ()

    @command
    def write(self, disk: DiskRef, *, new: Gib = 0, overwrite: Gib = 0, offset: Gib = 0) -> None:
        """Write to a disk. Parts of a block take the whole block.

        disk: its id, or an instance's, which means its system disk
        new: written where nothing was written yet [GiB]
        overwrite: written over what lies from `offset` on [GiB]
        offset: where the overwriting begins [GiB]
        """
        control, account = self._control, self.name
        own = control.own_disk(account, disk, "write")
        if not new and not overwrite:
            raise InputError(f"nothing is written to {own.id}; say how much is new or overwritten")
        chain = control.state.disk_chain(own.id)
        gib_per_block = chain.block_bytes / (1 << 30)
        appended, start = control.blocks(new), int(offset / gib_per_block)
        rewritten = control.blocks(offset + overwrite) - start if overwrite else 0
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
        control.record(
            ev.DiskWritten(at=control.now, disk=own.id, appended=appended, start=start, overwritten=rewritten)
        )

    @command
    def reinit_disk(self, disk: DiskRef) -> None:
        """Put a disk of a stopped instance back to its image or snapshot, or to empty (REINIT-1).

        disk: its id, or an instance's, which means its system disk
        """
        control, account = self._control, self.name
        operation = "ReInitDisk"
        own = control.own_disk(account, disk, operation)
        instance = control.state.instances[own.instance]
        check_status(control, instance, ("Stopped",), operation)
        check_no_snapshot_under_way(control, own, operation)
        if own.image is not None:
            _check_image_still_usable(control, account, own, operation)
        if own.snapshot is not None and control.state.snapshots[own.snapshot].deleted_at:
            raise control.refusal(
                operation,
                "InvalidSourceSnapshot",
                f"{own.snapshot}, which {own.id} was made from, is deleted",
                disk=own.id,
            )
        control.record(ev.DiskReinitialised(at=control.now, disk=own.id))


def new_system_disk(
    control: Control, image: Image, size: float | None, written: float | None, operation: str
) -> NewDisk:
    """The system disk an image starts, its size checked (STRUCT-6, OS-2, USE-1).

    `written` is all that is written on it; without it, what the image holds (for the
    provider's images their nominal size, ASSUME-1).
    """
    if size is None:
        size = max(limit("system_disk_gib_default", control.now), image.size_gib)
    gib = _whole_gib(size, "system_disk")
    low, high = limit("system_disk_gib_min", control.now), limit("system_disk_gib_max", control.now)
    if gib < image.size_gib:
        raise control.refusal(
            operation,
            "InvalidSystemDiskSize.LessThanImageSize",
            f"a system disk of {gib} GiB is below the {image.size_gib} GiB of {image.id}",
            image=image.id,
        )
    if not low <= gib <= high:
        below, above = (
            ("InvalidSystemDiskSize.LessThanMinSize", "InvalidSystemDiskSize.MoreThanMaxSize")
            if operation == "ReplaceSystemDisk"
            else ("InvalidSystemDiskSize.ValueNotSupported",) * 2
        )
        raise control.refusal(
            operation, below if gib < low else above, f"a system disk has {low} to {high} GiB, not {gib}"
        )
    behind = control.state.snapshots[image.system_snapshot] if image.mappings else None
    if behind is not None:
        held = control.blocks(behind.content_bytes / (1 << 30))
    else:
        held = control.blocks(image.size_gib) if written is None else 0
    total = held if written is None else control.blocks(size_gib(written, "written"))
    if written is not None and total < held:
        raise InputError(
            f"written {written:g} GiB is less than the {held * control.state.block_bytes / (1 << 30):g} GiB "
            f"that {image.id} already holds"
        )
    if written is not None and written > gib:
        raise InputError(f"{written:g} GiB written do not fit a system disk of {gib} GiB")
    # A disk made from what is encrypted is encrypted under the same key (UNK-16).
    key = (behind.encrypted, behind.kms_key) if behind else (False, None)
    return NewDisk("system", gib, total, held or total, image.id, None, *key)


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


def extra_data_disks(control: Control, wanted: Sequence[float | Mapping[str, Any]], operation: str) -> list[NewDisk]:
    """Data disks asked for at a launch, in the range of empty ones (STRUCT-3)."""
    low, high = limit("empty_data_disk_gib_min", control.now), limit("empty_data_disk_gib_max", control.now)
    disks = []
    for number, disk in enumerate(wanted, 1):
        fields = dict(disk) if isinstance(disk, Mapping) else {"size": disk}
        unknown = set(fields) - {"size", "written"}
        if unknown or "size" not in fields:
            raise InputError(f"data disk {number} has size and written, not {shown(disk)}")
        gib = _whole_gib(fields["size"], f"size of data disk {number}")
        written = size_gib(fields.get("written", 0), f"written of data disk {number}")
        if written > gib:
            raise InputError(f"{written:g} GiB written do not fit data disk {number} of {gib} GiB")
        if not low <= gib <= high:
            raise control.refusal(
                operation, "InvalidDataDiskSize.ValueNotSupported", f"a data disk has {low} to {high} GiB, not {gib}"
            )
        disks.append(NewDisk("data", gib, control.blocks(written), 0))
    return disks


def check_disk_count(control: Control, data_disks: int, operation: str) -> None:
    most = limit("data_disks_per_instance", control.now)
    if data_disks > most:
        raise control.refusal(
            operation, "InstanceDiskCategoryLimitExceed", f"an instance has at most {most} data disks, not {data_disks}"
        )


def _whole_gib(value: object, what: str) -> int:
    gib = positive_gib(value, what)
    if gib != int(gib):
        raise InputError(f"{what} is a whole number of GiB, not {value}")
    return int(gib)


def check_status(control: Control, instance: Instance, wanted: tuple[str, ...], operation: str) -> None:
    if instance.status not in wanted or instance.replacing_until:
        now = "being given a new system disk" if instance.replacing_until else instance.status
        raise control.refusal(
            operation,
            "IncorrectInstanceStatus",
            f"{instance.id} is {now}; it must be {' or '.join(wanted)}",
            instance=instance.id,
        )


def snapshots_under_way(control: Control, disks: Sequence[str]) -> list[str]:
    return [
        snapshot_id
        for snapshot_id in control.state.pending
        if snapshot_id in control.state.snapshots and control.state.snapshots[snapshot_id].disk in disks
    ]


def check_no_snapshot_under_way(control: Control, disk: Disk, operation: str) -> None:
    under_way = snapshots_under_way(control, [disk.id])
    if under_way:
        raise control.refusal(
            operation, "DiskCreatingSnapshot", f"{under_way[0]} of {disk.id} is not finished", disk=disk.id
        )


def _check_image_still_usable(control: Control, account: str, disk: Disk, operation: str) -> None:
    """A system disk can go back only to an image its account may still use (REINIT-2, SHARE-9).

    A deprecated image still serves (REINIT-3).
    """
    image = control.state.images.get(disk.image or "")
    if image is None or image.usable_by(account):
        return
    why = "is deleted" if image.deleted_at else f"is no longer shared with {account}"
    raise control.refusal(
        operation,
        "InvalidImageId.NotFound",
        f"{image.id}, which {disk.id} was made from, {why}; replace the system disk instead",
        disk=disk.id,
        image=image.id,
    )
