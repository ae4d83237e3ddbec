"""The answers of the service's list operations: where the records are, and what each field is called there and here.

One declaration serves both ways: reading a saved answer, and writing one. Fields that are not named here are kept
aside by whoever reads, and left out by whoever writes. SDKs, Terraform, Steampipe and exported tables spell the same
fields in other ways: `respelt` puts the service's names in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any, Literal

Kind = Literal["text", "number", "size", "truth", "time", "tags", "json_list"]
"""What a value is: `truth` comes as a boolean or as the text "True"; `number` may come as text; `size` is one that is
never below 0; `json_list` is a text that holds a list; `tags` is a list of TagKey and TagValue."""


@dataclass(frozen=True)
class Field:
    """A field of a record.

    api: its name in the service's answers
    ours: its column here
    kind: what its values are
    written: how the service writes it where that is not the usual way of its kind: a number or truth as text, an id
        as a number, a time without seconds
    also: what others call it, where more than case, blanks and underscores differ
    """

    api: str
    ours: str
    kind: Kind = "text"
    written: Literal["usual", "text", "number", "minute"] = "usual"
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A list operation.

    operation: its name
    path: the keys of the answer that lead to the list of records
    table: the table of the records
    key: the field that identifies a record
    fields: its fields
    needed: fields without which its records do not say enough to judge what is used
    """

    operation: str
    path: tuple[str, str]
    table: str
    key: str
    fields: tuple[Field, ...]
    needed: tuple[str, ...] = ()


_CREATED = Field("CreationTime", "created_at", "time", also=("create_time", "created_at", "创建时间"))
_TAGS = Field("Tags", "tags", "tags", also=("tags_src", "标签"))
_CHARGED = ("billing_method", "payment_type", "付费类型", "付费方式")
_STATUS = Field("Status", "status", also=("状态",))

LISTINGS = (
    Listing(
        "DescribeImages",
        ("Images", "Image"),
        "images",
        "ImageId",
        (
            Field("ImageId", "image_id", also=("镜像ID", "id")),
            Field("ImageName", "name", also=("name", "镜像名称")),
            Field("ImageOwnerAlias", "owner_alias"),
            Field("ImageOwnerId", "owner_id", written="number"),
            _CREATED,
            _STATUS,
            Field("ImageFamily", "family", also=("镜像族系",)),
            Field("ImageVersion", "version"),
            Field("IsCopied", "is_copied", "truth"),
            Field("IsSelfShared", "is_shared", "truth", written="text"),
            Field("ProductCode", "product_code"),
            Field("OSName", "os", also=("操作系统",)),
            Field("Platform", "platform"),
            Field("Usage", "usage"),
            _TAGS,
        ),
        ("DiskDeviceMappings",),
    ),
    Listing(
        "DescribeSnapshots",
        ("Snapshots", "Snapshot"),
        "snapshots",
        "SnapshotId",
        (
            Field("SnapshotId", "snapshot_id", also=("快照ID", "id")),
            Field("SnapshotName", "name", also=("name", "快照名称")),
            Field("SnapshotLinkId", "chain_id"),
            Field("SourceDiskId", "disk_id", also=("disk_id", "云盘ID", "磁盘ID")),
            Field("Category", "category"),
            _CREATED,
            _STATUS,
            Field("RetentionDays", "retention_days", "number"),
            Field("SourceDiskSize", "source_disk_gib", "size"),
            Field("FullSnapshotSizeInBytes", "full_bytes", "size"),
            Field("Usage", "usage"),
            Field("SourceSnapshotId", "source_snapshot_id"),
            Field("SourceRegionId", "source_region_id"),
            Field("Encrypted", "encrypted", "truth"),
            Field("KMSKeyId", "kms_key"),
            Field("ProductCode", "product_code"),
            _TAGS,
        ),
        ("SourceDiskId",),
    ),
    Listing(
        "DescribeSnapshotLinks",
        ("SnapshotLinks", "SnapshotLink"),
        "chains",
        "SnapshotLinkId",
        (
            Field("SnapshotLinkId", "chain_id"),
            Field("SourceDiskId", "disk_id"),
            Field("Category", "category"),
            Field("TotalSize", "total_bytes", "size"),
            Field("TotalCount", "snapshot_count", "size"),
        ),
        ("TotalSize",),
    ),
    Listing(
        "DescribeDisks",
        ("Disks", "Disk"),
        "disks",
        "DiskId",
        (
            Field("DiskId", "disk_id", also=("云盘ID", "磁盘ID", "id")),
            Field("InstanceId", "instance_id", also=("实例ID",)),
            Field("Type", "type"),
            Field("Category", "category", also=("云盘种类", "云盘类型")),
            Field("PerformanceLevel", "performance_level"),
            Field("Size", "size_gib", "size"),
            Field("ImageId", "image_id"),
            Field("SourceSnapshotId", "source_snapshot_id", also=("snapshot_id",)),
            Field("AutoSnapshotPolicyId", "policy_id"),
            Field("DeleteAutoSnapshot", "delete_auto_snapshot", "truth"),
            Field("DiskChargeType", "charge_type", also=_CHARGED),
            _STATUS,
            _CREATED,
            _TAGS,
        ),
        ("ImageId", "SourceSnapshotId"),
    ),
    Listing(
        "DescribeInstances",
        ("Instances", "Instance"),
        "instances",
        "InstanceId",
        (
            Field("InstanceId", "instance_id", also=("实例ID", "id")),
            Field("InstanceName", "name", also=("name", "实例名称")),
            Field("ImageId", "image_id", also=("镜像ID",)),
            Field("InstanceType", "instance_type", also=("实例规格",)),
            Field("InstanceChargeType", "charge_type", also=_CHARGED),
            Field("StoppedMode", "stopped_mode"),
            replace(_CREATED, written="minute"),
            _STATUS,
            _TAGS,
        ),
        ("ImageId",),
    ),
    Listing(
        "DescribeAutoSnapshotPolicyEx",
        ("AutoSnapshotPolicies", "AutoSnapshotPolicy"),
        "policies",
        "AutoSnapshotPolicyId",
        (
            Field("AutoSnapshotPolicyId", "policy_id"),
            Field("AutoSnapshotPolicyName", "name"),
            Field("TimePoints", "times", "json_list"),
            Field("RepeatWeekdays", "weekdays", "json_list"),
            Field("RetentionDays", "retention_days", "number"),
            Field("TargetCopyRegions", "copy_region_ids", "json_list"),
            Field("DiskNums", "disk_count", "size"),
        ),
    ),
    Listing(
        "DescribeImageSharePermission",
        ("Accounts", "Account"),
        "shares",
        "AliyunId",
        (Field("AliyunId", "with_account_id"), Field("SharedTime", "shared_at", "time")),
    ),
    Listing(
        "ListTagResources",
        ("TagResources", "TagResource"),
        "tags",
        "ResourceId",
        (Field("ResourceId", "resource_id"), Field("TagKey", "key"), Field("TagValue", "value")),
    ),
    Listing(
        "DescribeSnapshotMonitorData",
        ("MonitorData", "DataPoint"),
        "usage_hours",
        "TimeStamp",
        (Field("TimeStamp", "hour_start", "time"), Field("Size", "stored_bytes", "size")),
    ),
)
BY_OPERATION = {listing.operation: listing for listing in LISTINGS}
IMAGE_DISKS = (
    Field("Device", "device"),
    Field("Type", "type", also=("disk_type",)),
    Field("Size", "size_gib", "size", written="text"),
    Field("SnapshotId", "snapshot_id"),
)
"""The fields of `DiskDeviceMappings.DiskDeviceMapping`, the disks of an image, a list inside each record."""
WHERE = (Field("RegionId", "region_id", also=("region", "地域")), Field("AccountId", "account_id"))
"""What a record may say of its own place."""
_INSIDE = (
    Field("DiskDeviceMappings", "", also=("disk_device_mapping",)),
    Field("Attachments", ""),
    Field("SnapshotType", "", also=("type",)),
)
"""Fields that have no column, but are read."""
KNOWN_BY = tuple(
    (BY_OPERATION[operation], frozenset(names.split()))
    for operation, names in (
        ("DescribeSnapshotLinks", "SnapshotLinkId TotalSize"),
        ("DescribeSnapshots", "SnapshotId SourceDiskId"),
        ("DescribeDisks", "DiskId Category"),
        ("DescribeDisks", "DiskId InstanceId"),
        ("DescribeSnapshots", "SnapshotId CreationTime"),
        ("DescribeInstances", "InstanceId InstanceType"),
        ("DescribeInstances", "InstanceId ImageId"),
        ("DescribeImages", "ImageId ImageOwnerAlias"),
        ("DescribeImages", "ImageId ImageName"),
        ("DescribeAutoSnapshotPolicyEx", "AutoSnapshotPolicyId TimePoints"),
    )
)
"""Fields by which a record is known without its list; the first that are all there count."""
SAYINGS: Mapping[str, str] = {
    "可用": "Available",
    "成功": "accomplished",
    "运行中": "Running",
    "已停止": "Stopped",
    "系统盘": "system",
    "数据盘": "data",
    "按量付费": "PostPaid",
    "包年包月": "PrePaid",
    "PayAsYouGo": "PostPaid",
    "Subscription": "PrePaid",
}
"""Values that Terraform and tables exported from the console have, beside the service's own."""


def squashed(name: str) -> str:
    """A name as it is compared with another spelling of it: without case, blanks, hyphens and underscores."""
    return name.translate(_SEPARATORS).lower()


def count_of(value: object) -> int | None:
    """The count that an answer or a bill tells, as a number or a text; None where it tells none."""
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 19 else None


_SEPARATORS = str.maketrans("", "", " _-\t")


@lru_cache(4096)
def known_as(names: frozenset[str]) -> Listing | None:
    """The list operation whose records have fields of these names, in any spelling; None for no known one."""
    by_strict = {squashed(name) for name in names}
    for listing, needed in KNOWN_BY:
        if all(by_strict & strict for strict in _strict(listing, needed)):
            return listing
    return None


@cache
def _strict(listing: Listing, needed: frozenset[str]) -> tuple[frozenset[str], ...]:
    """For each needed field its spellings; words such as name or id may mean another field and do not count."""
    return tuple(
        frozenset(squashed(name) for name in (item.api, *item.also) if name == item.api or not name.isascii())
        for item in listing.fields
        if item.api in needed
    )


def respelt(record: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """A record with the service's names of these fields, and of where it belongs, in place of other spellings."""
    names = _respelling(tuple(record), (*fields, *_INSIDE, *WHERE))
    return {names.get(name, name): value for name, value in record.items()}


@lru_cache(4096)
def _respelling(names: tuple[str, ...], fields: tuple[Field, ...]) -> dict[str, str]:
    """The service's names by those of a record. Its own spelling goes before what others call a field."""
    by_squashed = {squashed(name): name for name in reversed(names)}
    found: dict[str, str] = {}
    for item in fields:
        for name in (item.api, *item.also):
            given = by_squashed.get(squashed(name))
            if given is not None and given not in found:
                found[given] = item.api
                break
    return found
