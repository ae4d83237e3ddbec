"""Commands on instances and their disks: run, stop, start, release, write, re-initialise, replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..catalog.images import marketplace_images, public_images
from ..catalog.limits import limit
from ..catalog.tables import InstanceType, instance_type
from ..errors import InputError
from ..units import positive_gib, size_gib
from . import events as ev
from .control import Control
from .resources import MARKETPLACE, PROVIDER, Disk, Image, Instance

DataDisk = float | Mapping[str, float]
"""A data disk to create: its size [GiB], or a mapping with `size` and `written` [GiB]."""

STOP_MODES = ("standard", "economical")
_DEFAULT_TYPES = {"arm64": "ecs.g6r.large"}
_DEFAULT_TYPE = "ecs.g6.large"


@dataclass(frozen=True, slots=True)
class _NewDisk:
    kind: str
    size_gib: int
    written_blocks: int
    initial_blocks: int
    image: str | None = None
    snapshot: str | None = None


def run_instance(
    control: Control,
    account: str,
    *,
    region: str,
    image: str,
    instance_type: str | None,
    system_disk: float | None,
    written: float | None,
    data_disks: Sequence[DataDisk],
) -> str:
    operation = "RunInstances"
    region = control.region(region, operation)
    source = control.usable_image(account, image, region, operation)
    machine = _machine(control, source, instance_type, operation)
    assumed = _assumed(source, instance_type, written)
    new_disks = [_system_disk(control, source, system_disk, written, operation)]
    new_disks += _image_data_disks(control, source)
    new_disks += _extra_data_disks(control, data_disks, operation)
    _check_disk_count(control, len(new_disks) - 1, operation)

    (instance_id,) = control.new_ids("instance", 1)
    disk_ids = control.new_ids("disk", len(new_disks))
    control.record(
        *(
            ev.DiskCreated(
                control.now, disk_id, account, region, instance_id, disk.kind, disk.size_gib,
                disk.written_blocks, disk.initial_blocks, disk.image, disk.snapshot,
                source.lineage if disk.kind == "system" else None,
            )
            for disk_id, disk in zip(disk_ids, new_disks, strict=True)
        ),
        ev.InstanceLaunched(
            control.now, instance_id, account, region, machine.name, machine.vcpus, source.id,
            source.lineage, disk_ids[0], tuple(disk_ids[1:]), assumed,
        ),
    )  # fmt: skip
    return instance_id


def stop_instance(control: Control, account: str, instance_id: str, mode: str) -> None:
    operation = "StopInstance"
    if mode not in STOP_MODES:
        raise InputError(f"an instance stops in {' or '.join(STOP_MODES)} mode, not {mode!r}")
    instance = control.own_instance(account, instance_id, operation)
    _check_status(control, instance, ("Running",), operation)
    _fail_images_being_made(control, instance)
    suspended = mode == "economical" and bool(limit("economical_stop_suspends_licence", control.now))
    control.record(ev.InstanceStopped(control.now, instance.id, mode, suspended))


def start_instance(control: Control, account: str, instance_id: str) -> None:
    operation = "StartInstance"
    instance = control.own_instance(account, instance_id, operation)
    _check_status(control, instance, ("Stopped",), operation)
    _fail_images_being_made(control, instance)
    control.record(ev.InstanceStarted(control.now, instance.id))


def release_instance(control: Control, account: str, instance_id: str, force: bool) -> None:
    operation = "DeleteInstance"
    instance = control.own_instance(account, instance_id, operation)
    _check_status(control, instance, ("Stopped", "Running") if force else ("Stopped",), operation)
    _fail_images_being_made(control, instance)
    control.record(
        *(ev.SnapshotFailed(control.now, s) for s in _snapshots_under_way(control, instance.disks)),
        *(ev.DiskReleased(control.now, disk) for disk in instance.disks),
        ev.InstanceReleased(control.now, instance.id),
    )


def write(control: Control, account: str, disk_id: str, *, new: float, overwrite: float, offset: float) -> None:
    new, overwrite, offset = (
        size_gib(new, "new"), size_gib(overwrite, "overwrite"), size_gib(offset, "offset"),
    )  # fmt: skip
    disk = control.own_disk(account, disk_id, "write")
    if not new and not overwrite:
        raise InputError(f"nothing is written to {disk.id}; say how much is new or overwritten")
    chain = control.state.chains[control.state.chain_of_disk(disk.id)]
    appended, start, rewritten = control.blocks(new), control.blocks(offset), control.blocks(overwrite)
    gib_per_block = chain.block_bytes / (1 << 30)
    if rewritten and start + rewritten > chain.written_blocks:
        raise InputError(
            f"{disk.id} has {chain.written_blocks * gib_per_block:g} GiB written; overwriting "
            f"{overwrite:g} GiB from offset {offset:g} goes beyond that"
        )
    if (chain.written_blocks + appended) * gib_per_block > disk.size_gib:
        raise InputError(
            f"{disk.id} is a disk of {disk.size_gib} GiB with {chain.written_blocks * gib_per_block:g} "
            f"written; {new:g} new do not fit"
        )
    control.record(ev.DiskWritten(control.now, disk.id, appended, start, rewritten))


def reinit_disk(control: Control, account: str, disk_id: str) -> None:
    operation = "ReInitDisk"
    disk = control.own_disk(account, disk_id, operation)
    instance = control.state.instances[disk.instance]
    _check_status(control, instance, ("Stopped",), operation)
    _check_no_snapshot_under_way(control, disk, operation)
    if disk.image is not None:
        _check_image_still_usable(control, account, disk, operation)
    if disk.snapshot is not None and control.state.snapshots[disk.snapshot].deleted_at:
        raise control.refusal(
            operation, "InvalidSourceSnapshot",
            f"{disk.snapshot}, which {disk.id} was made from, is deleted", disk=disk.id,
        )  # fmt: skip
    control.record(ev.DiskReinitialised(control.now, disk.id))


def replace_system_disk(
    control: Control,
    account: str,
    instance_id: str,
    image: str,
    *,
    system_disk: float | None,
    written: float | None,
) -> str:
    operation = "ReplaceSystemDisk"
    instance = control.own_instance(account, instance_id, operation)
    source = control.usable_image(account, image, instance.region, operation)
    _check_status(control, instance, ("Stopped",), operation)
    old = control.state.disks[instance.system_disk]
    _check_no_snapshot_under_way(control, old, operation)
    _check_fits(control, source, instance_type(instance.instance_type), operation)
    if system_disk is None:
        system_disk = max(old.size_gib, source.size_gib)
    new = _system_disk(control, source, system_disk, written, operation)
    _fail_images_being_made(control, instance)
    (disk_id,) = control.new_ids("disk", 1)
    started = ev.SystemDiskReplacementStarted(
        control.now, instance.id, source.id, disk_id, new.size_gib, new.written_blocks,
        new.initial_blocks, source.lineage, control.done_at("system_disk_replacement"),
        _assumed(source, instance.instance_type, written),
    )  # fmt: skip
    control.record(started)
    if started.finishes_at == control.now:
        finish_replacement(control, instance.id)
    return disk_id


def finish_replacement(control: Control, instance_id: str) -> None:
    """Swap the system disk: the old one is released, the instance starts by itself (OS-7)."""
    instance = control.state.instances[instance_id]
    started = control.state.replacements[instance_id]
    at = started.finishes_at
    control.record(
        ev.DiskReleased(at, instance.system_disk),
        ev.DiskCreated(
            at, started.disk, instance.account, instance.region, instance.id, "system",
            started.size_gib, started.written_blocks, started.initial_blocks, started.image, None,
            started.lineage,
        ),
        ev.SystemDiskReplaced(at, instance.id, started.image, started.lineage, started.disk),
    )  # fmt: skip


# What an instance is made of ---------------------------------------------------------------------


def _machine(control: Control, image: Image, name: str | None, operation: str) -> InstanceType:
    machine = instance_type(name or _DEFAULT_TYPES.get(image.lineage.architecture, _DEFAULT_TYPE))
    _check_fits(control, image, machine, operation)
    return machine


def _check_fits(control: Control, image: Image, machine: InstanceType, operation: str) -> None:
    """An image's architecture must be the machine's, and 32 bits reach less than 4 GiB (ARCH-1)."""
    architecture = image.lineage.architecture
    on_machine = "x86_64" if architecture == "i386" else architecture
    too_large = architecture == "i386" and machine.memory_gib >= limit("memory_gib_limit_32_bit", control.now)
    if on_machine != machine.architecture or too_large:
        what = f"{machine.memory_gib:g} GiB of memory" if too_large else machine.architecture
        raise control.refusal(
            operation, "ImageNotSupportInstanceType",
            f"{image.id} is for {architecture}; {machine.name} has {what}", image=image.id,
        )  # fmt: skip


def _assumed(image: Image, instance_type: str | None, written: float | None) -> tuple[str, ...]:
    """The assumptions that starting from this image rests on, by id."""
    found = []
    if image.account in (PROVIDER, MARKETPLACE) and written is None:
        found.append("ASSUME-1")
    if instance_type is None and image.lineage.charged_system:
        found.append("ASSUME-2")
    if image.account == MARKETPLACE:
        if not marketplace_images()[image.id].regions:
            found.append("ASSUME-3")
        found.append("ASSUME-4")
    listed = public_images().get(image.id)
    if listed is not None and listed.status == "example":
        found.append(f"example image {image.id}")
    return tuple(found)


def _system_disk(control: Control, image: Image, size: float | None, written: float | None, operation: str) -> _NewDisk:
    """The system disk an image starts, its size checked (STRUCT-6).

    `written` is all that is written on it; without it, what the image holds (for the
    provider's images their nominal size, ASSUME-1).
    """
    if size is None:
        size = max(limit("system_disk_gib_default", control.now), image.size_gib)
    gib = _whole_gib(size, "system_disk")
    low, high = limit("system_disk_gib_min", control.now), limit("system_disk_gib_max", control.now)
    if gib < image.size_gib:
        raise control.refusal(
            operation, "InvalidSystemDiskSize.LessThanImageSize",
            f"a system disk of {gib} GiB is below the {image.size_gib} GiB of {image.id}", image=image.id,
        )  # fmt: skip
    if not low <= gib <= high:
        below, above = (
            ("InvalidSystemDiskSize.LessThanMinSize", "InvalidSystemDiskSize.MoreThanMaxSize")
            if operation == "ReplaceSystemDisk"
            else ("InvalidSystemDiskSize.ValueNotSupported",) * 2
        )
        raise control.refusal(
            operation, below if gib < low else above, f"a system disk has {low} to {high} GiB, not {gib}"
        )
    if image.mappings:
        held = control.blocks(control.state.snapshots[image.system_snapshot].content_bytes / (1 << 30))
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
    return _NewDisk("system", gib, total, held or total, image=image.id)


def _image_data_disks(control: Control, image: Image) -> list[_NewDisk]:
    """A data disk for every data-disk snapshot of the image (STRUCT-4)."""
    disks = []
    for mapping in image.mappings:
        if mapping.kind == "data":
            content = control.state.snapshots[mapping.snapshot].content_bytes
            held = control.blocks(content / (1 << 30))
            disks.append(_NewDisk("data", mapping.size_gib, held, held, snapshot=mapping.snapshot))
    return disks


def _extra_data_disks(control: Control, wanted: Sequence[DataDisk], operation: str) -> list[_NewDisk]:
    if isinstance(wanted, str | Mapping) or not isinstance(wanted, Sequence):
        raise InputError(f"data_disks is a list of sizes or of {{size, written}}, not {wanted!r}")
    low, high = limit("empty_data_disk_gib_min", control.now), limit("empty_data_disk_gib_max", control.now)
    disks = []
    for number, disk in enumerate(wanted, 1):
        fields = dict(disk) if isinstance(disk, Mapping) else {"size": disk}
        unknown = set(fields) - {"size", "written"}
        if unknown or "size" not in fields:
            raise InputError(f"data disk {number} has size and written, not {sorted(fields)}")
        gib = _whole_gib(fields["size"], f"size of data disk {number}")
        written = size_gib(fields.get("written", 0), f"written of data disk {number}")
        if written > gib:
            raise InputError(f"{written:g} GiB written do not fit data disk {number} of {gib} GiB")
        if not low <= gib <= high:
            raise control.refusal(
                operation, "InvalidDataDiskSize.ValueNotSupported", f"a data disk has {low} to {high} GiB, not {gib}"
            )
        disks.append(_NewDisk("data", gib, control.blocks(written), 0))
    return disks


def _check_disk_count(control: Control, data_disks: int, operation: str) -> None:
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


# What must hold ------------------------------------------------------------------------------------


def _check_status(control: Control, instance: Instance, wanted: tuple[str, ...], operation: str) -> None:
    if instance.status not in wanted or instance.replacing_until:
        now = "being given a new system disk" if instance.replacing_until else instance.status
        raise control.refusal(
            operation, "IncorrectInstanceStatus",
            f"{instance.id} is {now}; it must be {' or '.join(wanted)}", instance=instance.id,
        )  # fmt: skip


def _snapshots_under_way(control: Control, disks: Sequence[str]) -> list[str]:
    return [
        snapshot_id
        for snapshot_id in control.state.pending
        if snapshot_id in control.state.snapshots and control.state.snapshots[snapshot_id].disk in disks
    ]


def _check_no_snapshot_under_way(control: Control, disk: Disk, operation: str) -> None:
    under_way = _snapshots_under_way(control, [disk.id])
    if under_way:
        raise control.refusal(
            operation, "DiskCreatingSnapshot", f"{under_way[0]} of {disk.id} is not finished", disk=disk.id
        )


def _fail_images_being_made(control: Control, instance: Instance) -> None:
    """Changing an instance's state fails its snapshots under way, and their images (CREATE-3, SNAP-5)."""
    failing = set(_snapshots_under_way(control, instance.disks))
    images = [
        image.id
        for image in control.state.images.values()
        if image.status == "Creating" and failing & set(image.snapshots)
    ]
    control.record(
        *(ev.ImageFailed(control.now, image) for image in images),
        *(ev.SnapshotFailed(control.now, snapshot) for snapshot in sorted(failing)),
    )


def _check_image_still_usable(control: Control, account: str, disk: Disk, operation: str) -> None:
    """A system disk can go back only to an image its account may still use (REINIT-2, SHARE-9)."""
    image = control.state.images.get(disk.image or "")
    if image is None or control.may_use(account, image):
        return
    why = "is deleted" if image.deleted_at else f"is no longer shared with {account}"
    raise control.refusal(
        operation, "InvalidImageId.NotFound",
        f"{image.id}, which {disk.id} was made from, {why}; replace the system disk instead",
        disk=disk.id, image=image.id,
    )  # fmt: skip
