"""Commands on images as files in OSS: write one (EXP-1), take its files elsewhere, delete them, import one (IMP-1).

ECS charges nothing for an export; OSS charges the files for as long as they lie in a bucket, and what
is sent between regions (EXP-3). Buckets have no names here: every region has one for each account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..catalog.images import marketplace_image
from ..catalog.limits import limit
from ..catalog.regions import region
from ..errors import InputError, shown
from ..ledger import events as ev
from ..ledger.resources import DiskKind, FilePart, Image, ImageFiles, Lineage
from ..units import gib_to_bytes, positive_gib
from .arguments import DataFiles, FileRef, FilesRef, GibAboveZero, ImageRef, RegionName, TagMap
from .images import device_mappings, exports_under_way
from .naming import check_new_image
from .request import Caller, Request, command
from .tags import tagged

_OPERATION = "ExportImage"
_BAD_REQUEST = 400
"""The status of an image that is unfit by what it holds; of a marketplace image itself it is 403 (EXP-2)."""


class FileCommands(Caller):
    """Commands on the files of images: export, replicate, delete, import."""

    __slots__ = ()

    @command
    def export_image(self, image: ImageRef, *, tags: TagMap | None = None) -> FilesRef:
        """Write an image as files to a bucket of its region, one for each disk (EXP-1). Returns the files' id.

        The export itself is free; the files, as large as what is written on the disks (ASSUME-6), are
        billed by OSS until they are deleted (EXP-3).

        image: its id
        tags: tags of the files, values by key

        >>> cloud.files(acme.export_image(golden))
        <ImageFiles f-00000001: acme, cn-beijing, of m-00000001, 12 GiB>
        """
        request = self._request(_OPERATION)
        if marketplace_image(image):
            raise request.refusal(
                "ImageNotSupported", f"{image} is a marketplace image; those cannot be exported", image=image
            )
        own = request.own_image(image)
        request.check_open(own.region)
        _check_kind(request, own)
        if own.status != "Available":
            raise request.refusal_of(own, "IncorrectImageStatus", f"is {own.status}, not Available")
        under_way = exports_under_way(request.control, own.id)
        if under_way:
            raise request.refusal_of(own, "ImageIsExporting", f"is being exported to {under_way[0]}; wait for it")
        _check_disks(request, own)
        parts = tuple(
            FilePart(mapping.kind, mapping.size_gib, request.state.snapshots[mapping.snapshot].content_bytes)
            for mapping in own.mappings
        )
        (files_id,) = request.control.new_ids("files", 1)
        done = request.control.done_at("image_export", sum(part.file_bytes for part in parts))
        request.control.record(
            ev.ImageExported(
                at=request.now,
                files=files_id,
                image=own.id,
                account=request.account,
                region=own.region,
                parts=parts,
                lineage=own.lineage,
                finishes_at=done,
                assumed=("ASSUME-6",),
            ),
            *tagged(request, [files_id], tags),
        )
        return files_id

    @command
    def replicate_files(self, files: FilesRef, *, to: RegionName, tags: TagMap | None = None) -> FilesRef:
        """Replicate an image's files to a bucket in another region; they stay where they are too.

        Returns the id of the files there.

        files: their id
        to: the region to send them to
        tags: tags of the files there, values by key
        """
        request = self._request(_OPERATION)
        source = request._replace(operation="GetObject").own_files(files, "NoSuchKey")
        to = region(to).region_id
        request.check_open(source.region)
        request.check_open(to)
        if to == source.region:
            raise InputError(f"{files} lies in {to} already; replicate it to another region")
        (copy_id,) = request.control.new_ids("files", 1)
        done = request.control.done_at("file_replication", source.total_bytes)
        request.control.record(
            ev.FilesReplicated(
                at=request.now,
                files=copy_id,
                source=files,
                account=request.account,
                region=source.region,
                to=to,
                copied_bytes=source.total_bytes,
                finishes_at=done,
                assumed=("ASSUME-7",),
            ),
            *tagged(request, [copy_id], tags),
        )
        return copy_id

    @command
    def delete_files(self, files: FilesRef) -> None:
        """Delete an image's files from their bucket; images imported from them stay.

        files: their id
        """
        request = self._request("GetObject")
        request.own_files(files, "NoSuchKey")
        request.control.record(ev.FilesDeleted(at=request.now, files=files))

    @command
    def import_image(
        self,
        *,
        region: RegionName,
        file: FileRef,
        system_disk: GibAboveZero | None = None,
        data_files: DataFiles = (),
        platform: str | None = None,
        architecture: str | None = None,
        licence_type: str | None = None,
        name: str | None = None,
        family: str = "",
        tags: TagMap | None = None,
    ) -> ImageRef:
        """Make an image of files in a bucket of the region; what is billed is their size (IMP-1, IMP-6).

        Returns the image's id.

        region: where the files are, and the image will be
        file: size of the system disk's file [GiB]; or the id of exported files, which say all about their disks
        system_disk: size of the system disk; 40 GiB unless said [GiB]
        data_files: files of data disks, each `{file, size}`; beyond the sixteenth they are ignored (IMP-3) [GiB]
        platform: Linux or Windows; Linux unless said
        architecture: i386, x86_64 or arm64; x86_64 unless said
        licence_type: Aliyun or BYOL, which matters for Windows only; Aliyun unless said, and Auto while
            that was there and the default (IMP-5)
        name: what the image is called; its id unless said
        family: the image family it joins
        tags: tags of the image, values by key

        >>> acme.import_image(region="cn-hangzhou", file=4, system_disk=40)
        'm-00000002'
        """
        request = self._request("ImportImage")
        region = request.region(region)
        if platform not in (None, *PLATFORMS):
            raise request.refusal(
                "InvalidPlatform.Malformed", f"platform is {' or '.join(PLATFORMS)}, not {shown(platform)}"
            )
        # Auto: the provider's licence where there is one for the system, which there is for Windows.
        auto = not request.newer_holds("import_licence_auto")
        if licence_type not in (None, *LICENCE_TYPES) and not (auto and licence_type == "Auto"):
            raise request.refusal(
                "InvalidLicenseType.NotSupported",
                f"licence type is {' or '.join(LICENCE_TYPES)}{' or Auto' if auto else ''}, not {shown(licence_type)}",
            )
        if architecture not in (None, *ARCHITECTURES):
            raise request.refusal(
                "InvalidArchitecture.Malformed", f"architecture {shown(architecture)} is not i386, x86_64 or arm64"
            )
        if isinstance(file, str):
            found = _exported(request, region, file)
            if system_disk is not None or data_files or platform or architecture:
                raise InputError(
                    f"the disks and the system of {file} are known; leave out system_disk, data_files, platform "
                    "and architecture"
                )
            files, source = found.parts, found.id
            platform, architecture = found.lineage.platform, found.lineage.architecture
        else:
            platform, architecture = platform or "Linux", architecture or "x86_64"
            # Files beyond the seventeenth disk are ignored (IMP-3).
            counted = list(data_files)[: limit("import_disks", request.now) - 1]
            system = {"file": file, "size": _SYSTEM_DISK_GIB if system_disk is None else system_disk}
            data = (_import_file(request, "data", one) for one in counted)
            files, source = (_import_file(request, "system", system), *data), "file"
        (image_id,) = request.control.new_ids("image", 1)
        check_new_image(request, region, name or image_id, family)
        # Only Windows without a licence of its own pays (IMP-5, LIC-5).
        charged = "Windows Server" if platform == "Windows" and licence_type != "BYOL" else None
        lineage = Lineage("import", f"imported {platform}", platform, architecture, charged)
        done = request.control.done_at("image_import", sum(part.file_bytes for part in files))
        ids = request.control.new_ids("snapshot", len(files))
        request.control.record(
            *(
                ev.SnapshotStored(
                    at=request.now,
                    snapshot=snapshot_id,
                    account=request.account,
                    region=region,
                    kind=part.kind,
                    size_gib=part.size_gib,
                    content_bytes=part.file_bytes,
                    lineage=lineage if part.kind == "system" else None,
                    encrypted=False,
                    finishes_at=done,
                )
                for snapshot_id, part in zip(ids, files, strict=True)
            ),
            ev.ImageCreated(
                at=request.now,
                image=image_id,
                account=request.account,
                region=region,
                name=name or image_id,
                family=family,
                size_gib=files[0].size_gib,
                lineage=lineage,
                mappings=device_mappings([(part.kind, part.size_gib, s) for s, part in zip(ids, files, strict=True)]),
                made_from="import",
                source=source,
                finishes_at=done,
            ),
            *tagged(request, [image_id], tags),
        )
        return image_id


def _check_kind(request: Request, image: Image) -> None:
    """Neither community, marketplace, encrypted nor licensed images can be exported (EXP-2, MKT-7)."""
    unfit = ""
    if image.is_public:
        unfit = "is a community image; unpublish it first"
    elif image.lineage.product_code:
        unfit = f"comes from marketplace product {image.lineage.product_code}"
    elif image.encrypted:
        unfit = "holds encrypted snapshots"
    if unfit:
        raise request.refusal_of(image, "ImageNotSupported", f"{unfit}; such images cannot be exported", _BAD_REQUEST)
    system = "Windows Server" if image.lineage.platform == "Windows" else image.lineage.charged_system
    if system:
        raise request.refusal_of(
            image, "InvalidImageLicense.NotSupported", f"holds {system}, whose licence forbids the export"
        )


def _check_disks(request: Request, image: Image) -> None:
    """At most so many data disks, none of them too large (EXP-2)."""
    sizes = [mapping.size_gib for mapping in image.mappings if mapping.kind == "data"]
    most, largest = limit("export_data_disk_snapshots_max", request.now), limit("export_data_disk_gib_max", request.now)
    if len(sizes) > most or max(sizes, default=0) > largest:
        raise request.refusal_of(
            image,
            "InvalidImage.DiskAmountOrSize",
            f"has {len(sizes)} data disks, the largest of {max(sizes)} GiB; "
            f"an export has at most {most}, of up to {largest} GiB each",
        )


LICENCE_TYPES = ("Aliyun", "BYOL")
PLATFORMS = ("Linux", "Windows")
ARCHITECTURES = ("i386", "x86_64", "arm64")
_SYSTEM_DISK_GIB = 40


def _exported(request: Request, region: str, files_id: str) -> ImageFiles:
    """Files of an export, which must lie in a bucket of the region (IMP-1)."""
    found = request.own_files(files_id, "InvalidOSSObject.NotFound")
    if found.region != region:
        raise request.refusal(
            "InvalidOSSBucket.NotFound",
            f"{files_id} lies in {found.region}; replicate it to a bucket in {region} first",
            files=files_id,
        )
    return found


def _import_file(request: Request, kind: DiskKind, given: Mapping[str, Any]) -> FilePart:
    """One file of a person's own to import."""
    if not isinstance(given, Mapping) or set(given) != {"file", "size"}:
        raise InputError(f"a file to import has file and size [GiB], not {shown(given)}")
    stored, size = positive_gib(given["file"], "file"), positive_gib(given["size"], "size")
    low = limit(f"import_{kind}_disk_gib_min", request.now)
    high = limit(f"import_{kind}_disk_gib_max", request.now)
    if not low <= size <= high or size != int(size) or stored > size:
        code = "InvalidImageSize" if kind == "system" else "InvalidDataDiskSize"
        raise request.refusal(
            code,
            f"a {kind} disk has {low} to {high} whole GiB and holds its file; not {size:g} for a file of {stored:g}",
        )
    return FilePart(kind, int(size), gib_to_bytes(stored))
