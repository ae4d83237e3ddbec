"""Commands on images: create, import, modify and delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from ..catalog.images import is_published
from ..catalog.limits import limit
from ..catalog.rule_book import taken
from ..errors import InputError
from ..ledger import events as ev
from ..ledger.resources import DeviceMapping, Disk, DiskKind, Image, Snapshot
from .arguments import ImageRef, InstanceRef, SnapshotRef, SnapshotRefs, TagMap
from .control import Control
from .naming import check_family, check_image_name, check_new_image
from .request import Caller, Request, command
from .snapshots import check_can_snapshot, snapshot_of
from .tags import tagged


class ImageCommands(Caller):
    """Commands that make, change and delete images."""

    __slots__ = ()

    @command
    def create_image(
        self,
        instance: InstanceRef | None = None,
        *,
        snapshots: SnapshotRefs | None = None,
        snapshot: SnapshotRef | None = None,
        name: str | None = None,
        family: str = "",
        version: str = "",
        image_ignore_data_disks: bool = False,
        tags: TagMap | None = None,
    ) -> ImageRef:
        """Make an image of an instance, of snapshots, or of one snapshot. Returns its id.

        The first of the three that is given counts, the others are ignored (CREATE-1).

        instance: an instance, of whose disks snapshots are taken
        snapshots: finished snapshots, one of a system disk and others of data disks
        snapshot: one finished snapshot of a system disk
        name: what the image is called; its id unless said
        family: the image family it joins
        version: accepted as the service does, and without meaning here (VER-1)
        image_ignore_data_disks: of an instance, take the system disk only, as Packer's option of that name does
        tags: tags of the image, values by key

        >>> acme.create_image(web, name="golden-v2", family="golden")
        'm-00000002'
        """
        request = self._request("CreateImage")
        (image_id,) = request.control.new_ids("image", 1)
        if image_ignore_data_disks and instance is None:
            raise InputError("image_ignore_data_disks goes with an instance; without one, list the snapshots wanted")
        new_tags = tagged(request, [image_id], tags)
        if instance is not None:
            _image_of_instance(request, instance, image_id, name or image_id, family, version, image_ignore_data_disks)
            request.control.record(*new_tags)
            return image_id
        if snapshots is not None:
            parts = [request.own_snapshot(s) for s in snapshots]
            _check_system_and_data(request, parts)
        elif snapshot is not None:
            parts = [request.own_snapshot(snapshot)]
            if parts[0].kind != "system":
                raise request.refusal(
                    "OperationDenied",
                    f"{snapshot} is of a data disk; an image needs the snapshot of a system disk",
                    snapshot=snapshot,
                )
        else:
            raise request.refusal("MissingParameter", "give an instance, snapshots or a snapshot")
        _image_of_snapshots(request, parts, image_id, name or image_id, family)
        request.control.record(*new_tags)
        return image_id

    @command
    def modify_image(
        self,
        image: ImageRef,
        *,
        status: Literal["Available", "Deprecated"] | None = None,
        name: str | None = None,
        family: str | None = None,
        licence_type: str | None = None,
    ) -> None:
        """Set an image Deprecated or Available again, rename it, or move it to another family.

        image: its id
        status: its status from now on (STATUS-4)
        name: its name from now on
        family: its image family from now on; a family can be changed but not taken away
        licence_type: BYOL, for a Windows image whose licence is one's own (IMP-5)

        >>> acme.modify_image(golden, status="Deprecated")
        >>> cloud.image(golden).status
        'Deprecated'
        """
        request = self._request("ModifyImageAttribute")
        own = request.own_image(image)
        if (status, name, family, licence_type) == (None, None, None, None):
            raise InputError(f"give a status, name, family or licence_type of {own.id} to change")
        lineage = own.lineage
        if status is not None:
            _check_status_change(request, own, status)
        if name is not None and name != own.name:
            check_image_name(request, own.region, name)
        if family is not None:
            check_family(request, own.region, family, moving=own.id)
        if licence_type is not None:
            if licence_type != "BYOL" or lineage.platform != "Windows":
                raise request.refusal(
                    "InvalidLicenseType.NotSupported",
                    "only a Windows image can be switched, and only to BYOL (IMP-5)",
                    image=own.id,
                )
            lineage = replace(lineage, charged_system=None)
        after = own._replace(
            name=own.name if name is None else name,
            family=own.family if family is None else family,
            status=status or own.status,
            lineage=lineage,
        )
        if after != own:
            new = {part: getattr(after, part) for part in ("name", "family", "status", "lineage")}
            request.control.record(ev.ImageModified(at=request.now, image=own.id, **new))

    @command
    def delete_image(self, image: ImageRef, *, force: bool = False, with_snapshots: bool = False) -> str | None:
        """Delete an image. Its snapshots stay (DEL-5). Deleting an unknown or deleted image does nothing (DEL-1).

        Returns a sentence that names snapshots which `with_snapshots` left, None where there are none.

        image: its id
        force: delete it even while instances run from it (DEL-2)
        with_snapshots: delete its snapshots too, as the console offers and the API does not; those
            that another image needs, or disks came from, stay (UNK-7)

        >>> acme.delete_image(golden)
        >>> cloud.image(golden)
        <Image m-00000001: acme, cn-beijing, golden-v1, 40 GiB, gone since 2026-01-15>
        >>> cloud.chain(web).total_gib
        12.0
        """
        request = self._request("DeleteImage")
        if is_published(image):
            raise request.refusal(
                "InvalidImageId.NotFound", f"{image} is the provider's; only it may delete it (TYPE-4)", image=image
            )
        if request.nothing_to_delete(request.state.images, image):
            return None
        own = request.own_image(image)
        if own.is_public:  # DEL-6
            raise request.refusal_of(own, "ImageIsPublic", "is a community image; unpublish it first")
        if own.shared_with:  # DEL-3, SHARE-10
            raise request.refusal_of(
                own,
                "ImageUseShared",
                f"is shared with {', '.join(sorted(own.shared_with))}; unshare it first, force does not help",
            )
        stuck = own.status == "CreateFailed" and taken("UNK-10", request.state.assume) == "refused"
        if own.status in ("Creating", "Waiting") or stuck:  # DEL-4, IMP-7, COPY-5
            code = {"import": "ImageIsImporting", "copy": "OperationDenied.ImageCopying"}
            what = f"is being made; {'cancel the copy' if own.made_from == 'copy' else 'wait for it'}"
            why = "failed, and is supposed to stay (UNK-10)" if stuck else what
            raise request.refusal_of(own, code.get(own.made_from, "ImageIsCreating"), why)
        copies = copies_under_way(request.control, own.id)
        if copies:
            raise request.refusal_of(
                own, "OperationDenied.ImageCopying", f"is being copied to {copies[0].id}; wait for it or cancel it"
            )
        written = exports_under_way(request.control, own.id)
        if written:  # EXP-3
            raise request.refusal_of(own, "ImageIsExporting", f"is being exported to {written[0]}; wait for it")
        users = list(request.state.index.instances.of("image", own.id))
        users += [started.instance for started in request.state.replacements.values() if started.image == own.id]
        if users and not force:  # DEL-2
            raise request.refusal(
                "ImageUsingByInstance",
                f"{', '.join(users[:5])} run from {own.id}; with force they run on but cannot be re-initialised",
                image=own.id,
                instance=users[0],
            )
        failed = ("UNK-10",) if own.status == "CreateFailed" else ()
        assumed = (*failed, *(["UNK-7"] if with_snapshots else []))
        # Its snapshots stay (DEL-5).
        request.control.record(ev.ImageDeleted(at=request.now, image=own.id, assumed=assumed))
        return _delete_snapshots_of(request.control, own) if with_snapshots else None


def _image_of_instance(
    request: Request, instance_id: str, image_id: str, name: str, family: str, version: str, system_disk_only: bool
) -> None:
    """A new snapshot of every disk of the instance, or of its system disk; together they are the image (CREATE-2).

    Local disks have no snapshots, so that an instance with such disks has no image of all its disks.
    What happens to one later does not touch the other (STRUCT-5).
    """
    instance = request.own_instance(instance_id)
    request.check_status(instance, "Running", "Stopped")
    if version and instance.lineage.product_code:
        raise request.refusal_of(
            instance, "InvalidImageVersion.Malformed", "runs a marketplace image; leave the version empty (VER-1)"
        )
    if instance.local_disks and not system_disk_only:
        raise request.refusal_of(
            instance,
            "InvalidDiskCategory.CreateImage",
            f"has {instance.local_disks} local disks, which have no snapshots; "
            "take its system disk only: image_ignore_data_disks",
        )
    check_new_image(request, instance.region, name, family)
    wanted = [instance.system_disk] if system_disk_only else instance.disks
    disks = [request.state.disks[disk] for disk in wanted]
    for disk in disks:
        check_can_snapshot(request, disk)
    ids = request.control.new_ids("snapshot", len(disks))
    taken = [snapshot_of(request.control, disk, s) for disk, s in zip(disks, ids, strict=True)]
    mappings = device_mappings([(disk.kind, disk.size_gib, s) for disk, s in zip(disks, ids, strict=True)])
    request.control.record(
        *taken,
        ev.ImageCreated(
            at=request.now,
            image=image_id,
            account=request.account,
            region=instance.region,
            name=name,
            family=family,
            size_gib=disks[0].size_gib,
            lineage=instance.lineage,
            mappings=mappings,
            made_from="instance",
            source=instance.id,
            encrypted=any(disk.encrypted for disk in disks),
            kms_key=_key_of(disks),
            finishes_at=max(event.finishes_at for event in taken),
        ),
    )


def _image_of_snapshots(request: Request, parts: list[Snapshot], image_id: str, name: str, family: str) -> None:
    """Existing snapshots become an image: nothing more is stored, they are only pinned (CREATE-8).

    They must be finished (CREATE-6); of an encrypted one the image is encrypted (CREATE-9).
    """
    for part in parts:
        if part.status != "accomplished":
            raise request.refusal_of(part, "InvalidSnapshotId.NotReady", f"is {part.status}")
    system = next(part for part in parts if part.kind == "system")
    if any(part.region != system.region for part in parts):
        other = next(part for part in parts if part.region != system.region)
        raise request.refusal_of(other, "InvalidSnapshotId.NotFound", f"lies in {other.region}, not in {system.region}")
    assert system.lineage is not None
    check_new_image(request, system.region, name, family)
    ordered = [system, *(part for part in parts if part.kind == "data")]
    request.control.record(
        ev.ImageCreated(
            at=request.now,
            image=image_id,
            account=request.account,
            region=system.region,
            name=name,
            family=family,
            size_gib=system.size_gib,
            lineage=system.lineage,
            mappings=device_mappings([(p.kind, p.size_gib, p.id) for p in ordered]),
            made_from="snapshots",
            source=system.id,
            encrypted=any(p.encrypted for p in parts),
            kms_key=_key_of(parts),
            finishes_at=request.control.done_at("image"),
        )
    )


def _key_of(parts: Sequence[Disk | Snapshot]) -> str | None:
    """The key of one's own that all that is encrypted is encrypted with; None where some is with the service's."""
    keys = {part.kms_key for part in parts if part.encrypted}
    return keys.pop() if len(keys) == 1 else None


def _delete_snapshots_of(control: Control, image: Image) -> str | None:
    """The snapshots of a deleted image go, except what is needed elsewhere; a sentence names those."""
    kept = []
    for snapshot_id in image.snapshots:
        needed = [*control.state.images_of(snapshot_id), *control.state.disks_from(snapshot_id)]
        if needed:
            kept.append(f"{snapshot_id} for {', '.join(needed)}")
        elif snapshot_id in control.state.snapshots and not control.state.snapshots[snapshot_id].deleted_at:
            control.record(ev.SnapshotDeleted(at=control.now, snapshot=snapshot_id))
    return f"kept, since it is needed elsewhere (UNK-7): {'; '.join(kept)}" if kept else None


def copies_under_way(control: Control, image_id: str) -> list[Image]:
    """The copies of an image that are still waiting or being made."""
    return [control.state.images[copy] for copy in control.state.index.images.of("copy of", image_id)]


def exports_under_way(control: Control, image_id: str) -> list[str]:
    """The ids of the files to which an image is being exported."""
    return [files for files in control.state.index.files.of("source", image_id) if files in control.state.pending]


# What must hold ------------------------------------------------------------------------------------


def _check_status_change(request: Request, image: Image, status: str) -> None:
    """Available and Deprecated change into each other; a shared image cannot be deprecated (STATUS-4)."""
    if image.status in ("Waiting", "Creating"):
        raise request.refusal_of(image, "InvalidStatus.ImageIsCreating", "is being made")
    needed, code = {
        "Deprecated": ("Available", "ImageStatus.NotAvailable"),
        "Available": ("Deprecated", "ImageStatus.NotDeprecated"),
    }[status]
    if image.status != needed:
        raise request.refusal_of(image, code, f"is {image.status}, not {needed}")
    if status == "Deprecated" and image.shared_with:
        raise request.refusal_of(
            image, "ImageUseShared", f"is shared with {', '.join(sorted(image.shared_with))}; unshare it first"
        )


def _check_system_and_data(request: Request, parts: list[Snapshot]) -> None:
    """Exactly one system-disk snapshot, at most 16 of data disks (STRUCT-1, CREATE-5)."""
    system = [part.id for part in parts if part.kind == "system"]
    if len(system) != 1:
        count = "no snapshot" if not system else f"{len(system)} snapshots"
        raise request.refusal("OperationDenied", f"the list holds {count} of a system disk; an image has exactly one")
    most = limit("data_disk_snapshots_per_image", request.now)
    if len(parts) - 1 > most:
        raise request.refusal("OperationDenied", f"{len(parts) - 1} data-disk snapshots; an image has at most {most}")


def device_mappings(parts: Sequence[tuple[DiskKind, int, str]]) -> tuple[DeviceMapping, ...]:
    """Device names in order: the system disk is /dev/xvda, data disks follow (STRUCT-2)."""
    return tuple(
        DeviceMapping(f"/dev/xvd{chr(ord('a') + n)}", kind, size, snapshot)
        for n, (kind, size, snapshot) in enumerate(parts)
    )
