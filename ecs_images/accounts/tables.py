"""The neutral form of a real account: a dozen declared tables, whatever the files that they were read from.

Ids are the provider's own. What is not known is empty (NaN for sizes), never 0. Every row knows where it comes
from: `account_id`, `region_id`, `taken_at` (when the answer was saved, empty where nothing says so) and
`source_file`. What has no column of its own is kept in `extra`, as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ..tables import Column, Table

if TYPE_CHECKING:
    import pandas as pd

_PLACE = (
    Column("account_id", "text", "", "the account it belongs to; empty: unplaced"),
    Column("region_id", "text", "", "its region; empty: unplaced, and not billed"),
    Column("taken_at", "time", "", "when the answer was saved; empty: nothing says so"),
    Column("source_file", "text", "", "the file it was read from", True),
)
_EXTRA = Column("extra", "text", "", "fields without a column of their own, as JSON; empty: none")
_TAGS = Column("tags", "text", "", "tags as JSON, values by key; empty: none or not told")
_CREATED = Column("created_at", "time", "", "when it was made")


def _table(name: str, row: str, *columns: Column) -> Table:
    return Table(f"inventory {name}", row, (*_PLACE, *columns, _EXTRA))


IMAGES = _table(
    "images", "an image as an account sees it",
    Column("image_id", "text", "", "its id", True),
    Column("name", "text", "", "its name"),
    Column("owner_alias", "text", "", "self, system, others, marketplace, third-party …, as the service says"),
    Column("owner_id", "text", "", "the account that owns it"),
    _CREATED,
    Column("status", "text", "", "its status"),
    Column("family", "text", "", "its image family"),
    Column("version", "text", "", "its version"),
    Column("is_copied", "text", "", "true, false, or empty where not told"),
    Column("is_shared", "text", "", "whether it is shared with others: true, false, or empty where not told"),
    Column("product_code", "text", "", "the marketplace product it comes from"),
    Column("os", "text", "", "name of the operating system"),
    Column("platform", "text", "", "platform as the service says, such as Aliyun or CentOS"),
    Column("usage", "text", "", "instance where instances run from it, none, or empty where not told"),
    _TAGS,
)  # fmt: skip
IMAGE_DISKS = _table(
    "image_disks", "a disk of an image",
    Column("image_id", "text", "", "the image", True),
    Column("device", "text", "", "its device"),
    Column("type", "text", "", "system or data"),
    Column("size_gib", "number", "GiB", "size of the disk"),
    Column("snapshot_id", "text", "", "the snapshot behind it; empty for public images"),
)  # fmt: skip
SNAPSHOTS = _table(
    "snapshots", "a snapshot",
    Column("snapshot_id", "text", "", "its id", True),
    Column("name", "text", "", "its name"),
    Column("chain_id", "text", "", "the snapshot chain; empty where not told"),
    Column("disk_id", "text", "", "the disk it was taken of, also when that is gone"),
    Column("category", "text", "", "standard or archive"),
    _CREATED,
    Column("status", "text", "", "its status"),
    Column("retention_days", "number", "day", "how long it is kept; empty: for good, or not told"),
    Column("source_disk_gib", "number", "GiB", "size of the disk"),
    Column("full_bytes", "number", "byte", "what a restore of it reads: an upper bound of what it holds"),
    Column("usage", "text", "", "none, image, disk or image_disk, as the service says"),
    Column("automatic", "text", "", "true for one that a policy took, false, or empty where not told"),
    Column("source_snapshot_id", "text", "", "the snapshot it was copied from, where told"),
    Column("source_region_id", "text", "", "the region it was copied from, where told"),
    Column("encrypted", "text", "", "true, false, or empty where not told"),
    Column("kms_key", "text", "", "the key it is encrypted with, where told"),
    Column("product_code", "text", "", "marketplace product of the image behind its disk"),
    _TAGS,
)  # fmt: skip
CHAINS = _table(
    "chains", "the size of a snapshot chain at one time; several rows of a chain are its history",
    Column("chain_id", "text", "", "its id", True),
    Column("disk_id", "text", "", "its disk"),
    Column("category", "text", "", "standard or archive"),
    Column("total_bytes", "number", "byte", "what the chain stores", True),
    Column("snapshot_count", "number", "", "how many snapshots it has"),
)  # fmt: skip
DISKS = _table(
    "disks", "a disk",
    Column("disk_id", "text", "", "its id", True),
    Column("instance_id", "text", "", "the instance it is attached to"),
    Column("type", "text", "", "system or data"),
    Column("category", "text", "", "its category, such as cloud_essd"),
    Column("performance_level", "text", "", "PL0 to PL3, where it has one"),
    Column("size_gib", "number", "GiB", "its size"),
    Column("image_id", "text", "", "the image it was made from"),
    Column("source_snapshot_id", "text", "", "the snapshot it was made from"),
    Column("policy_id", "text", "", "its automatic snapshot policy"),
    Column("delete_auto_snapshot", "text", "", "whether automatic snapshots go with it: true, false, or empty"),
    Column("charge_type", "text", "", "PostPaid or PrePaid"),
    Column("status", "text", "", "its status"),
    _CREATED,
    _TAGS,
)  # fmt: skip
INSTANCES = _table(
    "instances", "an instance",
    Column("instance_id", "text", "", "its id", True),
    Column("name", "text", "", "its name"),
    Column("image_id", "text", "", "the image it runs from"),
    Column("instance_type", "text", "", "its type"),
    Column("charge_type", "text", "", "PostPaid or PrePaid"),
    Column("stopped_mode", "text", "", "StopCharging, KeepCharging or Not-applicable"),
    _CREATED,
    Column("status", "text", "", "Running, Stopped …"),
    _TAGS,
)  # fmt: skip
SHARES = _table(
    "shares", "an account that an image is shared with",
    Column("image_id", "text", "", "the image", True),
    Column("with_account_id", "text", "", "the account it is shared with", True),
    Column("shared_at", "time", "", "since when, where told"),
)  # fmt: skip
POLICIES = _table(
    "policies", "an automatic snapshot policy",
    Column("policy_id", "text", "", "its id", True),
    Column("name", "text", "", "its name"),
    Column("times", "text", "", "hours of the day, by commas"),
    Column("weekdays", "text", "", "days of the week, 1 is Monday, by commas"),
    Column("retention_days", "number", "day", "how long its snapshots are kept; -1: until deleted"),
    Column("copy_region_ids", "text", "", "regions that its snapshots are copied to, by commas"),
    Column("disk_count", "number", "", "how many disks it applies to"),
)  # fmt: skip
USAGE_HOURS = _table(
    "usage_hours", "what was stored in an hour",
    Column("chain_id", "text", "", "the chain; empty: the whole region"),
    Column("hour_start", "time", "", "beginning of the hour", True),
    Column("stored_bytes", "number", "byte", "what was stored", True),
    Column("source", "text", "", "oms, monitor or usage", True, ("oms", "monitor", "usage")),
)  # fmt: skip
LINKS = _table(
    "links", "what something was made from",
    Column("parent", "text", "", "id of what it was made from", True),
    Column("child", "text", "", "id of what was made", True),
    Column("kind", "text", "", "copy, image_of_instance, image_of_snapshot or build", True),
    Column("evidence", "text", "", "where it stands, such as terraform state or packer manifest", True),
    Column("confidence", "text", "", "certain or guess", True, ("certain", "guess")),
)  # fmt: skip
COVERAGE = Table(
    "inventory coverage",
    "one kind of answer for one region, and whether all of it is there",
    (
        Column("account_id", "text", "", "the account; empty: not told"),
        Column("region_id", "text", "", "the region; empty: not told"),
        Column("what", "text", "", "the operation, such as DescribeSnapshots", True),
        Column("files", "integer", "", "files that hold it", True),
        Column("rows", "integer", "", "rows read from them, doubled ones left out", True),
        Column("expected", "number", "", "how many the answers say there are; empty: not told"),
        Column("state", "text", "", "complete, cut off, doubtful, missing, unplaced or kept aside", True),
        Column("why", "text", "", "why that"),
        Column("fetch", "text", "", "the command that would fetch what is missing; empty: nothing is"),
        Column("taken_at", "time", "", "when the newest of them was saved, an empty list too; empty: nothing says so"),
    ),
)
BY_NAME = {
    "images": IMAGES,
    "image_disks": IMAGE_DISKS,
    "snapshots": SNAPSHOTS,
    "chains": CHAINS,
    "disks": DISKS,
    "instances": INSTANCES,
    "shares": SHARES,
    "policies": POLICIES,
    "usage_hours": USAGE_HOURS,
    "links": LINKS,
}
"""The tables of an inventory by what they are called there."""


UNDATED = (
    "nothing says when the answers were saved; name a folder after the day, such as 2026-11-01, or give --taken to "
    "the commands account and reconcile (taken= in Python)"
)
"""What is said where that moment is needed."""


class HasTables(Protocol):
    """An inventory, as functions about one need it: its tables by name, what is missing, and its newest moment."""

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]: ...
    @property
    def coverage(self) -> pd.DataFrame: ...
    @property
    def now(self) -> datetime | None: ...
