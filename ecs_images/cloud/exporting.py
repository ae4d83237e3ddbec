"""Commands that write an image as files to OSS (EXP-1), take them to another region, and delete them.

ECS charges nothing for an export; OSS charges the files for as long as they lie in a bucket, and what
is sent between regions (EXP-3). Buckets have no names here: every region has one for each account.
"""

from __future__ import annotations

from ..catalog.images import marketplace_images
from ..catalog.limits import limit
from ..catalog.regions import region
from ..errors import InputError
from . import events as ev
from .control import Control
from .images import exports_under_way
from .resources import FilePart, Image

_OPERATION = "ExportImage"
_NOT_THERE = "GetObject", "NoSuchKey"
"""What OSS says of an object that is not there."""
_BAD_REQUEST = 400
"""The status of an image that is unfit by what it holds; of a marketplace image itself it is 403 (EXP-2)."""


def export_image(control: Control, account: str, image_id: str) -> str:
    """A file for each disk, as large as what is written on it (ASSUME-6)."""
    if image_id in marketplace_images():
        raise control.refusal(
            _OPERATION, "ImageNotSupported", f"{image_id} is a marketplace image; those cannot be exported",
            image=image_id,
        )  # fmt: skip
    image = control.own_image(account, image_id, _OPERATION)
    _check_kind(control, image)
    if image.status != "Available":
        raise control.refusal(
            _OPERATION, "IncorrectImageStatus", f"{image.id} is {image.status}, not Available", image=image.id
        )
    under_way = exports_under_way(control, image.id)
    if under_way:
        raise control.refusal(
            _OPERATION, "ImageIsExporting", f"{image.id} is being exported to {under_way[0]}; wait for it",
            image=image.id,
        )  # fmt: skip
    _check_disks(control, image)
    parts = tuple(
        FilePart(mapping.kind, mapping.size_gib, control.state.snapshots[mapping.snapshot].content_bytes)
        for mapping in image.mappings
    )
    (files_id,) = control.new_ids("files", 1)
    done = control.done_at("image_export", sum(part.file_bytes for part in parts))
    control.record(
        ev.ImageExported(
            control.now, files_id, image.id, account, image.region, parts, image.lineage, done, ("ASSUME-6",)
        )
    )
    return files_id


def replicate_files(control: Control, account: str, files_id: str, *, to: str) -> str:
    """Every file is sent whole to a bucket of the region, and stays where it is too."""
    source = control.own_files(account, files_id, *_NOT_THERE)
    to = region(to).region_id
    if to == source.region:
        raise InputError(f"{files_id} lies in {to} already; replicate it to another region")
    (copy_id,) = control.new_ids("files", 1)
    done = control.done_at("file_replication", source.total_bytes)
    control.record(
        ev.FilesReplicated(
            control.now, copy_id, files_id, account, source.region, to, source.total_bytes, done, ("ASSUME-7",)
        )
    )
    return copy_id


def delete_files(control: Control, account: str, files_id: str) -> None:
    """The files are gone at once; what was imported from them is independent of them."""
    control.own_files(account, files_id, *_NOT_THERE)
    control.record(ev.FilesDeleted(control.now, files_id))


def _check_kind(control: Control, image: Image) -> None:
    """Neither community, marketplace, encrypted nor licensed images can be exported (EXP-2, MKT-7)."""
    unfit = ""
    if image.is_public:
        unfit = "is a community image; unpublish it first"
    elif image.lineage.product_code:
        unfit = f"comes from marketplace product {image.lineage.product_code}"
    elif image.encrypted:
        unfit = "holds encrypted snapshots"
    if unfit:
        raise control.refusal(
            _OPERATION, "ImageNotSupported", f"{image.id} {unfit}; such images cannot be exported",
            _BAD_REQUEST, image=image.id,
        )  # fmt: skip
    system = "Windows Server" if image.lineage.platform == "Windows" else image.lineage.charged_system
    if system:
        raise control.refusal(
            _OPERATION, "InvalidImageLicense.NotSupported",
            f"{image.id} holds {system}, whose licence forbids the export", image=image.id,
        )  # fmt: skip


def _check_disks(control: Control, image: Image) -> None:
    """At most so many data disks, none of them too large (EXP-2)."""
    sizes = [mapping.size_gib for mapping in image.mappings if mapping.kind == "data"]
    most, largest = limit("export_data_disk_snapshots_max", control.now), limit("export_data_disk_gib_max", control.now)
    if len(sizes) > most or max(sizes, default=0) > largest:
        raise control.refusal(
            _OPERATION, "InvalidImage.DiskAmountOrSize",
            f"{image.id} has {len(sizes)} data disks, the largest of {max(sizes)} GiB; "
            f"an export has at most {most}, of up to {largest} GiB each", image=image.id,
        )  # fmt: skip
