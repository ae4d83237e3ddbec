"""What has happened to images and to the files they are exported to; a part of `events`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .resources import DeviceMapping, FilePart, Lineage


@dataclass(frozen=True, slots=True)
class ImageCreated:
    """An image got its id. Without `finishes_at` it waits for its turn (COPY-4).

    `made_from`: instance, snapshots, import or copy; `source`: the instance, snapshot, file or
    image it was made from.
    """

    at: datetime
    image: str
    account: str
    region: str
    name: str
    family: str
    size_gib: int
    lineage: Lineage
    mappings: tuple[DeviceMapping, ...]
    made_from: str
    source: str
    encrypted: bool
    kms_key: str | None
    finishes_at: datetime | None
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageCopyStarted:
    """A copy's turn has come; its snapshots will be finished when it is.

    `copied_bytes` are sent from `region` to the region `to`, 0 within a region (COPY-10).
    """

    at: datetime
    image: str
    account: str
    region: str
    to: str
    copied_bytes: int
    finishes_at: datetime


@dataclass(frozen=True, slots=True)
class ImageFinished:
    """An image that took time is Available."""

    at: datetime
    image: str


@dataclass(frozen=True, slots=True)
class ImageFailed:
    """The creation of an image failed (STATUS-2)."""

    at: datetime
    image: str


@dataclass(frozen=True, slots=True)
class ImageExported:
    """An image is written as files to a bucket of its region, one a disk (EXP-1)."""

    at: datetime
    files: str
    image: str
    account: str
    region: str
    parts: tuple[FilePart, ...]
    lineage: Lineage
    finishes_at: datetime
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilesReplicated:
    """Files of an image are replicated to a bucket in the region `to`; `copied_bytes` are sent."""

    at: datetime
    files: str
    source: str
    account: str
    region: str
    to: str
    copied_bytes: int
    finishes_at: datetime
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FilesFinished:
    """Files that took time to write are there."""

    at: datetime
    files: str


@dataclass(frozen=True, slots=True)
class FilesDeleted:
    """Files of an image are gone from their bucket; images imported from them stay."""

    at: datetime
    files: str


@dataclass(frozen=True, slots=True)
class ImageShared:
    """An account may use an image from now on (SHARE-1)."""

    at: datetime
    image: str
    account: str


@dataclass(frozen=True, slots=True)
class ImageUnshared:
    """An account may no longer use an image (SHARE-9)."""

    at: datetime
    image: str
    account: str


@dataclass(frozen=True, slots=True)
class ImagePublished:
    """An image became a community image (COMM-1)."""

    at: datetime
    image: str


@dataclass(frozen=True, slots=True)
class ImageUnpublished:
    """A community image became an ordinary custom image again (COMM-1)."""

    at: datetime
    image: str


@dataclass(frozen=True, slots=True)
class ImageModified:
    """An image's name, family, status (Available or Deprecated) or lineage was changed."""

    at: datetime
    image: str
    name: str
    family: str
    status: str
    lineage: Lineage


@dataclass(frozen=True, slots=True)
class ImageDeleted:
    """An image is gone; its snapshots stay and go on billing (DEL-5)."""

    at: datetime
    image: str
