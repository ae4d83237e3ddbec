"""What exists in the simulated cloud: frozen records, replaced as a whole when something happens.

Deleted and released resources are kept, so that questions about the past can be answered. Those are named tuples
because estates have a hundred thousand of them, and a frozen dataclass costs four times as much to replace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from ..cards import counted, facts_card, line
from ..catalog.images import marketplace_image, public_image
from ..units import bytes_to_gib, show_time
from .terms import Period, end_of_term

PROVIDER = "system"
MARKETPLACE = "marketplace"

Durations = Literal["instant", "typical"]
DiskKind = Literal["system", "data"]
DiskCategory = Literal[
    "cloud",
    "cloud_efficiency",
    "cloud_ssd",
    "cloud_auto",
    "cloud_essd_pl0",
    "cloud_essd_pl1",
    "cloud_essd_pl2",
    "cloud_essd_pl3",
]
Tags = tuple[tuple[str, str], ...]
StopMode = Literal["standard", "economical"]
Billing = Literal["pay_as_you_go", "subscription"]
BoughtAs = Literal["pay_as_you_go", "once"]
InstanceStatus = Literal["Running", "Stopped", "Released"]
SnapshotStatus = Literal["progressing", "accomplished", "failed"]
ImageStatus = Literal["Waiting", "Creating", "Available", "Deprecated", "CreateFailed", "Deleted"]
MadeFrom = Literal["instance", "snapshots", "import", "copy", "provider"]


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """A customer's account; `site` (china or international) decides its price list.

    `quotas` are those it was given instead of the usual ones, by name.
    """

    name: str
    site: str
    opened_at: datetime
    quotas: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an image's system comes from; a fee follows it to every descendant (IBILL-5, ID-4).

    `origin` is the ultimate source: the id of a public or marketplace image, or `import`,
    which an image of a real account has too where nothing tells.
    `charged_system` names the operating system whose licence is charged, None where none is;
    `product_code` (商品码) names the marketplace product, None where there is none.
    """

    origin: str
    os_family: str
    platform: str
    architecture: str
    charged_system: str | None = None
    product_code: str | None = None


def published_lineage(image_id: str) -> Lineage | None:
    """The lineage of a public or marketplace image; None for what is neither.

    Older ledgers have the product code of a marketplace image as its id, and as the origin.
    """
    public, product = public_image(image_id), marketplace_image(image_id)
    if public is not None:
        charged = public.os_family if public.fee_kind != "free" else None
        return Lineage(image_id, public.os_family, public.platform, public.architecture, charged)
    if product is not None:
        return Lineage(
            image_id, product.os_family, product.platform, product.architecture, product_code=product.product_code
        )
    return None


@dataclass(frozen=True, slots=True)
class DeviceMapping:
    """One disk of an image: device name, disk kind, size [GiB], and the snapshot behind it."""

    device: str
    kind: DiskKind
    size_gib: int
    snapshot: str


class Instance(NamedTuple):
    """An instance (实例); `stop_mode` is how it was stopped, None while it is not.

    `vcpus` and `memory_gib` are 0 where they are not known.
    `local_disks` is how many disks of the host it has besides; those have no ids and no snapshots.
    A subscription (包年包月) is prepaid for `periods` of a `period` since its launch (IBILL-2); `purchase` is the
    purchase of its marketplace product where that was a step of its own.
    """

    id: str
    account: str
    region: str
    instance_type: str
    image: str
    lineage: Lineage
    system_disk: str
    data_disks: tuple[str, ...]
    status: InstanceStatus
    stop_mode: StopMode | None
    launched_at: datetime
    released_at: datetime | None = None
    replacing_until: datetime | None = None
    vcpus: int = 0
    memory_gib: float = 0
    local_disks: int = 0
    billing: Billing = "pay_as_you_go"
    period: Period | None = None
    periods: int = 0
    purchase: str | None = None

    @property
    def paid_until(self) -> datetime | None:
        """When its subscription ends; None for pay-as-you-go."""
        return end_of_term(self.launched_at, self.period, self.periods) if self.period else None

    @property
    def disks(self) -> tuple[str, ...]:
        return (self.system_disk, *self.data_disks)

    def __repr__(self) -> str:
        return _line(self, self.instance_type, f"from {self.image}", self.status)

    def _repr_html_(self) -> str:
        return facts_card(self)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A change of an instance's system disk under way, and the disk there will be when it is done (OS-7)."""

    instance: str
    image: str
    disk: str
    size_gib: int
    written_blocks: int
    initial_blocks: int
    lineage: Lineage
    finishes_at: datetime
    encrypted: bool
    kms_key: str | None
    purchase: str | None


class Purchase(NamedTuple):
    """A marketplace product bought in a region for one instance at a time (MKT-1, MKT-3).

    `billing` is pay_as_you_go, which costs nothing until an instance runs, or once, for good. It may be given
    back until `refund_until`, None where the supplier names no such time (MKT-6), while no instance `used` it.
    """

    id: str
    account: str
    region: str
    product: str
    billing: BoughtAs
    bought_at: datetime
    refund_until: datetime | None = None
    used: bool = False
    refunded_at: datetime | None = None

    def __repr__(self) -> str:
        return _line(self, self.product, self.billing)

    def _repr_html_(self) -> str:
        return facts_card(self)


class Disk(NamedTuple):
    """A cloud disk (云盘). `image` or `snapshot` is what it was made from and goes back to.

    `instance` is what it is attached to, None while it is not; `ever_attached` whether it ever was.
    `initial_blocks` is how much of it that source fills; `chain` the id of the chain that its snapshots form;
    `kms_key` a key of one's own it is encrypted with, None for the service's. `category_supposed` is true
    where nobody chose the category (ASSUME-8). Released with its instance is a disk only if
    `delete_with_instance`; with it go its automatic snapshots if `delete_auto_snapshots` (SNAP-8).
    """

    id: str
    account: str
    region: str
    instance: str | None
    kind: DiskKind
    size_gib: int
    initial_blocks: int
    image: str | None
    snapshot: str | None
    lineage: Lineage | None
    chain: str
    created_at: datetime
    category: DiskCategory
    category_supposed: bool
    ever_attached: bool
    delete_with_instance: bool
    delete_auto_snapshots: bool
    encrypted: bool = False
    kms_key: str | None = None
    released_at: datetime | None = None

    def __repr__(self) -> str:
        attached = f"of {self.instance}" if self.instance else "attached to nothing"
        return _line(self, f"{self.kind} disk, {self.size_gib} GiB {self.category}", attached)

    def _repr_html_(self) -> str:
        return facts_card(self)


@dataclass(frozen=True, slots=True)
class FilePart:
    """One disk of exported files: its kind, its size [GiB], and the bytes of its file."""

    kind: DiskKind
    size_gib: int
    file_bytes: int


class ImageFiles(NamedTuple):
    """The files of an exported image, one per disk, in a bucket of a region (EXP-1).

    id: an id of ours for all files of the image; OSS names objects by bucket and key
    account: who owns the files
    region: the region of the bucket
    image: the image that was exported
    source: what they were made from: the image, or the files they are a replica of
    parts: the file of each disk
    lineage: where the image's system comes from
    started_at: when writing began
    finishes_at: when they exist, and are billed, from
    deleted_at: when they were deleted, None before
    """

    id: str
    account: str
    region: str
    image: str
    source: str
    parts: tuple[FilePart, ...]
    lineage: Lineage
    started_at: datetime
    finishes_at: datetime
    deleted_at: datetime | None = None

    @property
    def total_bytes(self) -> int:
        return sum(part.file_bytes for part in self.parts)

    def __repr__(self) -> str:
        return _line(self, f"of {self.image}", f"{bytes_to_gib(self.total_bytes):g} GiB")

    def _repr_html_(self) -> str:
        return facts_card(self)


class Snapshot(NamedTuple):
    """A snapshot (快照): place `number` in its chain, and what it can restore.

    `status` is one of SNAP-1. `disk` is None for copies and imports.
    `content_bytes` is what a restore gives back, not what is stored or billed. `policy` is the automatic
    snapshot policy that took it, None for a manual one (SNAP-1); `retention_days` None for one kept for ever.
    """

    id: str
    account: str
    region: str
    chain: str
    number: int
    disk: str | None
    kind: DiskKind
    size_gib: int
    content_bytes: int
    lineage: Lineage | None
    encrypted: bool
    status: SnapshotStatus
    started_at: datetime
    finishes_at: datetime
    name: str = ""
    kms_key: str | None = None
    deleted_at: datetime | None = None
    policy: str | None = None
    retention_days: int | None = None

    @property
    def kept_until(self) -> datetime | None:
        """When its retention ends, counted from its creation (SNAP-7), but not before it is finished."""
        if self.retention_days is None:
            return None
        return max(self.started_at + timedelta(days=self.retention_days), self.finishes_at)

    def __repr__(self) -> str:
        restores = f"restores {bytes_to_gib(self.content_bytes):g} GiB"
        return _line(self, self.name, f"no. {self.number} of {self.chain}", restores, self.status)

    def _repr_html_(self) -> str:
        return facts_card(self)


class AutoSnapshotPolicy(NamedTuple):
    """An automatic snapshot policy (自动快照策略): when it takes snapshots, of which disks, and for how long (SNAP-7).

    `time_points` are full hours and `weekdays` days from 1 for Monday, both in UTC+8; `retention_days` is None
    for ever.
    """

    id: str
    account: str
    region: str
    name: str
    time_points: tuple[int, ...]
    weekdays: tuple[int, ...]
    retention_days: int | None
    created_at: datetime
    disks: tuple[str, ...] = ()
    deleted_at: datetime | None = None

    def __repr__(self) -> str:
        kept = f"kept {counted(self.retention_days, 'day')}" if self.retention_days else "kept for ever"
        return _line(self, self.name, kept, f"applied to {counted(len(self.disks), 'disk')}")

    def _repr_html_(self) -> str:
        return facts_card(self)


class Image(NamedTuple):
    """An image (镜像; ID-3).

    id: its id
    account: its owner; `system` and `marketplace` own the provider's images
    region: its region
    name: its name
    family: its image family, empty where it has none
    status: its status (STATUS-1)
    size_gib: size of its system disk [GiB]
    lineage: where its system comes from
    mappings: its disks, and the snapshots behind them
    made_from: how it was made
    source: the instance, snapshot, file or image it was made from
    created_at: when it got its id
    finishes_at: when it is Available; None for a copy that waits for its turn
    encrypted: whether its snapshots are encrypted
    kms_key: the owner's key they are encrypted with, None for the service's
    shared_with: the accounts it is shared with
    is_public: whether it is a community image
    deleted_at: when it was deleted, None before
    """

    id: str
    account: str
    region: str
    name: str
    family: str
    status: ImageStatus
    size_gib: int
    lineage: Lineage
    mappings: tuple[DeviceMapping, ...]
    made_from: MadeFrom
    source: str
    created_at: datetime
    finishes_at: datetime | None
    encrypted: bool = False
    kms_key: str | None = None
    shared_with: frozenset[str] = frozenset()
    is_public: bool = False
    deleted_at: datetime | None = None

    def usable_by(self, account: str) -> bool:
        """Whether an account may use it: its own, shared with it, or public (TYPE-1, SHARE-7, COMM-1)."""
        return not self.deleted_at and (self.account == account or account in self.shared_with or self.is_public)

    @property
    def system_snapshot(self) -> str:
        """The id of the snapshot behind the system disk."""
        return next(mapping.snapshot for mapping in self.mappings if mapping.kind == "system")

    @property
    def data_snapshots(self) -> tuple[str, ...]:
        """The ids of the snapshots behind the data disks, in order of device."""
        return tuple(mapping.snapshot for mapping in self.mappings if mapping.kind == "data")

    @property
    def snapshots(self) -> tuple[str, ...]:
        return tuple(mapping.snapshot for mapping in self.mappings)

    def __repr__(self) -> str:
        return _line(self, self.name, f"{self.size_gib} GiB", self.status)

    def _repr_html_(self) -> str:
        return facts_card(self)


Resource = Instance | Disk | Snapshot | Image | ImageFiles | AutoSnapshotPolicy
"""What an account has, and may tag."""


def gone_at(resource: Resource) -> datetime | None:
    """When something was released or deleted; None while it exists."""
    return resource.released_at if isinstance(resource, Instance | Disk) else resource.deleted_at


def _line(thing: Resource | Purchase, *facts: str) -> str:
    """The `repr` of a resource: what it is, whose, where, and since when it is gone."""
    gone = thing.refunded_at if isinstance(thing, Purchase) else gone_at(thing)
    # The status of what was deleted or released says so already.
    told = [fact for fact in facts if not gone or fact not in ("Deleted", "Released")]
    return line(
        f"{type(thing).__name__} {thing.id}",
        thing.account,
        thing.region,
        *told,
        (gone and f"gone since {show_time(gone)}") or "",
    )
