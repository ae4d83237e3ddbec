"""Commands on instances: run, stop, start, release, and replace the system disk."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.images import marketplace_images, public_images
from ..catalog.limits import limit
from ..catalog.tables import InstanceType, instance_type
from ..errors import InputError
from . import events as ev
from .control import Control
from .disks import (
    DataDisk,
    check_disk_count,
    check_no_snapshot_under_way,
    check_status,
    extra_data_disks,
    image_data_disks,
    new_system_disk,
    snapshots_under_way,
)
from .resources import MARKETPLACE, PROVIDER, Image, Instance

STOP_MODES = ("standard", "economical")
_DEFAULT_TYPES = {"arm64": "ecs.g6r.large"}
_DEFAULT_TYPE = "ecs.g6.large"


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
    new_disks = [new_system_disk(control, source, system_disk, written, operation)]
    new_disks += image_data_disks(control, source)
    new_disks += extra_data_disks(control, data_disks, operation)
    check_disk_count(control, len(new_disks) - 1, operation)

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
    check_status(control, instance, ("Running",), operation)
    _fail_images_being_made(control, instance)
    suspended = mode == "economical" and bool(limit("economical_stop_suspends_licence", control.now))
    control.record(ev.InstanceStopped(control.now, instance.id, mode, suspended))


def start_instance(control: Control, account: str, instance_id: str) -> None:
    operation = "StartInstance"
    instance = control.own_instance(account, instance_id, operation)
    check_status(control, instance, ("Stopped",), operation)
    _fail_images_being_made(control, instance)
    control.record(ev.InstanceStarted(control.now, instance.id))


def release_instance(control: Control, account: str, instance_id: str, force: bool) -> None:
    operation = "DeleteInstance"
    instance = control.own_instance(account, instance_id, operation)
    check_status(control, instance, ("Stopped", "Running") if force else ("Stopped",), operation)
    _fail_images_being_made(control, instance)
    # Snapshots that are finished outlive their disks (SNAP-8).
    control.record(
        *(ev.DiskReleased(control.now, disk) for disk in instance.disks),
        ev.InstanceReleased(control.now, instance.id),
    )


def replace_system_disk(
    control: Control,
    account: str,
    instance_id: str,
    image: str,
    *,
    system_disk: float | None,
    written: float | None,
) -> str:
    """A new system disk for a stopped instance; its data disks stay (OS-1)."""
    operation = "ReplaceSystemDisk"
    instance = control.own_instance(account, instance_id, operation)
    source = control.usable_image(account, image, instance.region, operation)
    check_status(control, instance, ("Stopped",), operation)
    old = control.state.disks[instance.system_disk]
    check_no_snapshot_under_way(control, old, operation)
    _check_fits(control, source, instance_type(instance.instance_type), operation)
    if system_disk is None:
        system_disk = max(old.size_gib, source.size_gib)
    # Of an image with data disks only the system disk is used (OS-3); old snapshots stay (OS-4).
    new = new_system_disk(control, source, system_disk, written, operation)
    if new.size_gib < old.size_gib:
        raise control.refusal(
            operation, "InvalidSystemDiskSize.LessThanMinSize",
            f"{new.size_gib} GiB is less than the {old.size_gib} GiB of {old.id} (OS-2)", instance=instance.id,
        )  # fmt: skip
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


def _fail_images_being_made(control: Control, instance: Instance) -> None:
    """Changing an instance's state fails its snapshots under way, and their images (CREATE-3, SNAP-5)."""
    failing = set(snapshots_under_way(control, instance.disks))
    images = [
        image.id
        for image in control.state.images.values()
        if image.status == "Creating" and failing & set(image.snapshots)
    ]
    control.record(
        *(ev.ImageFailed(control.now, image) for image in images),
        *(ev.SnapshotFailed(control.now, snapshot) for snapshot in sorted(failing)),
    )
