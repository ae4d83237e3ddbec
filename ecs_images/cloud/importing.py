"""The command that imports an image from files (IMP-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalog.limits import limit
from ..errors import InputError
from ..units import gib_to_bytes, positive_gib
from . import events as ev
from .control import Control
from .images import device_mappings
from .naming import check_new_image
from .resources import FilePart, ImageFiles, Lineage

DataFile = Mapping[str, float]
"""A data-disk file to import: `file` is its size [GiB], `size` that of the disk [GiB]."""

LICENCE_TYPES = ("Aliyun", "BYOL")
PLATFORMS = ("Linux", "Windows")
ARCHITECTURES = ("i386", "x86_64", "arm64")
_SYSTEM_DISK_GIB = 40


def import_image(
    control: Control,
    account: str,
    *,
    region: str,
    file: float | str,
    system_disk: float | None,
    data_files: Sequence[DataFile],
    platform: str,
    architecture: str,
    licence_type: str,
    name: str | None,
    family: str,
) -> str:
    """Files in a bucket of the region become an image; what is billed is their size (IMP-1, IMP-6)."""
    operation = "ImportImage"
    region = control.region(region, operation)
    if platform not in PLATFORMS:
        raise control.refusal(
            operation, "InvalidPlatform.Malformed", f"platform is {' or '.join(PLATFORMS)}, not {platform!r}"
        )
    if licence_type not in LICENCE_TYPES:
        raise control.refusal(
            operation,
            "InvalidLicenseType.NotSupported",
            f"licence type is {' or '.join(LICENCE_TYPES)}, not {licence_type!r}",
        )
    if architecture not in ARCHITECTURES:
        raise control.refusal(
            operation, "InvalidArchitecture.Malformed", f"architecture {architecture!r} is not i386, x86_64 or arm64"
        )
    if isinstance(file, str):
        found = _exported(control, account, region, file, operation)
        if system_disk is not None or data_files:
            raise InputError(f"the disks of {file} are known; leave out system_disk and data_files")
        files, source = found.parts, found.id
        platform, architecture = found.lineage.platform, found.lineage.architecture
    else:
        if isinstance(data_files, str | Mapping) or not isinstance(data_files, Sequence):
            raise InputError(f"data_files is a list of {{file, size}}, not {data_files!r}")
        # Files beyond the seventeenth disk are ignored (IMP-3).
        counted = list(data_files)[: limit("import_disks", control.now) - 1]
        system: DataFile = {"file": file, "size": _SYSTEM_DISK_GIB if system_disk is None else system_disk}
        given = [("system", system), *(("data", data) for data in counted)]
        files, source = tuple(_import_file(control, kind, one, operation) for kind, one in given), "file"
    (image_id,) = control.new_ids("image", 1)
    check_new_image(control, account, region, name or image_id, family, operation)
    # Only Windows without a licence of its own pays (IMP-5, LIC-5).
    charged = "Windows Server" if platform == "Windows" and licence_type == "Aliyun" else None
    lineage = Lineage("import", f"imported {platform}", platform, architecture, charged)
    done = control.done_at("image_import", sum(part.file_bytes for part in files))
    ids = control.new_ids("snapshot", len(files))
    control.record(
        *(
            ev.SnapshotStored(
                control.now, snapshot_id, account, region, part.kind, part.size_gib, part.file_bytes,
                lineage if part.kind == "system" else None, False, done,
            )
            for snapshot_id, part in zip(ids, files, strict=True)
        ),
        ev.ImageCreated(
            control.now, image_id, account, region, name or image_id, family, files[0].size_gib, lineage,
            device_mappings([(part.kind, part.size_gib, s) for s, part in zip(ids, files, strict=True)]),
            "import", source, False, None, done, (),
        ),
    )  # fmt: skip
    return image_id


def _exported(control: Control, account: str, region: str, files_id: str, operation: str) -> ImageFiles:
    """Files of an export, which must lie in a bucket of the region (IMP-1)."""
    found = control.own_files(account, files_id, operation, "InvalidOSSObject.NotFound")
    if found.region != region:
        raise control.refusal(
            operation, "InvalidOSSBucket.NotFound",
            f"{files_id} lies in {found.region}; replicate it to a bucket in {region} first", files=files_id,
        )  # fmt: skip
    return found


def _import_file(control: Control, kind: str, given: DataFile, operation: str) -> FilePart:
    """One file of a person's own to import."""
    if not isinstance(given, Mapping) or set(given) != {"file", "size"}:
        raise InputError(f"a file to import has file and size [GiB], not {given!r}")
    stored, size = positive_gib(given["file"], "file"), positive_gib(given["size"], "size")
    low = limit(f"import_{kind}_disk_gib_min", control.now)
    high = limit(f"import_{kind}_disk_gib_max", control.now)
    if not low <= size <= high or size != int(size) or stored > size:
        code = "InvalidImageSize" if kind == "system" else "InvalidDataDiskSize"
        raise control.refusal(
            operation, code,
            f"a {kind} disk has {low} to {high} whole GiB and holds its file; not {size:g} for a file of {stored:g}",
        )  # fmt: skip
    return FilePart(kind, int(size), gib_to_bytes(stored))
