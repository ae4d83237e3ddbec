"""What has happened: one short frozen record per fact, `at` first, in the past tense.

Facts carry everything that metering needs, so a ledger of them can be billed years later without
asking the simulator again. What each one means for the state is said once, in `state.apply`.
`assumed` names the assumptions a fact rests on (`catalog.assumptions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .image_events import (
    FilesDeleted,
    FilesFinished,
    FilesReplicated,
    ImageCopyStarted,
    ImageCreated,
    ImageDeleted,
    ImageExported,
    ImageFailed,
    ImageFinished,
    ImageModified,
    ImagePublished,
    ImageShared,
    ImageUnpublished,
    ImageUnshared,
)
from .resources import Lineage


@dataclass(frozen=True, slots=True)
class CloudStarted:
    """A simulation began. `block_bytes`: size of a chain's block (UNK-1); `durations`: instant or typical."""

    at: datetime
    block_bytes: int
    durations: str


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """A customer appeared, on the china or the international site."""

    at: datetime
    account: str
    site: str


@dataclass(frozen=True, slots=True)
class DiskCreated:
    """A disk began its life with `written_blocks` written.

    `initial_blocks` of them come from `image` or `snapshot`, to which it can be re-initialised.
    """

    at: datetime
    disk: str
    account: str
    region: str
    instance: str
    kind: str
    size_gib: int
    written_blocks: int
    initial_blocks: int
    image: str | None
    snapshot: str | None
    lineage: Lineage | None


@dataclass(frozen=True, slots=True)
class DiskWritten:
    """Blocks were written: `appended` new ones, and `overwritten` ones from block `start` on."""

    at: datetime
    disk: str
    appended: int
    start: int
    overwritten: int


@dataclass(frozen=True, slots=True)
class DiskReinitialised:
    """A disk went back to its image, its snapshot or to empty (REINIT-1)."""

    at: datetime
    disk: str


@dataclass(frozen=True, slots=True)
class DiskReleased:
    """A disk and its content are gone; its manual snapshots stay (SNAP-8)."""

    at: datetime
    disk: str


@dataclass(frozen=True, slots=True)
class InstanceLaunched:
    """An instance began to run. Whoever launches pays the fees of the lineage (IBILL-5)."""

    at: datetime
    instance: str
    account: str
    region: str
    instance_type: str
    vcpus: int
    image: str
    lineage: Lineage
    system_disk: str
    data_disks: tuple[str, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstanceStopped:
    """An instance stopped. `licence_suspended`: the stop also stops its licence fee (IBILL-3)."""

    at: datetime
    instance: str
    mode: str
    licence_suspended: bool


@dataclass(frozen=True, slots=True)
class InstanceStarted:
    """A stopped instance runs again."""

    at: datetime
    instance: str


@dataclass(frozen=True, slots=True)
class InstanceReleased:
    """An instance is gone; its disks are released with it."""

    at: datetime
    instance: str


@dataclass(frozen=True, slots=True)
class SystemDiskReplacementStarted:
    """A change of operating system began; `disk` is the id the new system disk will have."""

    at: datetime
    instance: str
    image: str
    disk: str
    size_gib: int
    written_blocks: int
    initial_blocks: int
    lineage: Lineage
    finishes_at: datetime
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SystemDiskReplaced:
    """An instance now runs from another image on a new system disk (OS-1, OS-7)."""

    at: datetime
    instance: str
    image: str
    lineage: Lineage
    disk: str


@dataclass(frozen=True, slots=True)
class SnapshotStarted:
    """A snapshot was taken of a disk as it is now; it is stored and billed from `finishes_at` on."""

    at: datetime
    snapshot: str
    disk: str
    name: str
    finishes_at: datetime


@dataclass(frozen=True, slots=True)
class SnapshotStored:
    """A snapshot came to be without a disk: behind a copied or imported image, in a chain of its own.

    `content_bytes` are stored (a first snapshot is full, UNK-11; an import is its file, IMP-6).
    """

    at: datetime
    snapshot: str
    account: str
    region: str
    kind: str
    size_gib: int
    content_bytes: int
    lineage: Lineage | None
    encrypted: bool
    finishes_at: datetime


@dataclass(frozen=True, slots=True)
class SnapshotCopied:
    """A snapshot was copied to another region (SCOPY-1); `copied_bytes` were sent and are stored there.

    The first copy of a chain to a region is full, later ones bring what the newest there lacks.
    """

    at: datetime
    snapshot: str
    source: str
    account: str
    region: str
    to: str
    name: str
    copied_bytes: int
    finishes_at: datetime


@dataclass(frozen=True, slots=True)
class SnapshotFinished:
    """A snapshot that took time is accomplished."""

    at: datetime
    snapshot: str


@dataclass(frozen=True, slots=True)
class SnapshotFailed:
    """A snapshot under way came to nothing; nothing it would have stored was ever billed."""

    at: datetime
    snapshot: str


@dataclass(frozen=True, slots=True)
class SnapshotDeleted:
    """A snapshot is gone; copies that no other snapshot of its chain holds are freed (CHAIN-2)."""

    at: datetime
    snapshot: str


Event = (
    CloudStarted
    | AccountOpened
    | DiskCreated
    | DiskWritten
    | DiskReinitialised
    | DiskReleased
    | InstanceLaunched
    | InstanceStopped
    | InstanceStarted
    | InstanceReleased
    | SystemDiskReplacementStarted
    | SystemDiskReplaced
    | SnapshotStarted
    | SnapshotStored
    | SnapshotCopied
    | SnapshotFinished
    | SnapshotFailed
    | SnapshotDeleted
    | ImageCreated
    | ImageCopyStarted
    | ImageFinished
    | ImageFailed
    | ImageExported
    | FilesReplicated
    | FilesFinished
    | FilesDeleted
    | ImageShared
    | ImageUnshared
    | ImagePublished
    | ImageUnpublished
    | ImageModified
    | ImageDeleted
)
"""Every kind of event."""
