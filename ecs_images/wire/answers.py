"""The answers of the service's list operations: where the records are, and what each field is called there and here.

One declaration serves both ways: reading a saved answer, and writing one. Fields that are not named here are kept
aside by whoever reads, and left out by whoever writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "truth", "time", "tags", "json_list"]
"""What a value is: `truth` comes as a boolean or as the text "True"; `number` may come as text; `json_list` is a text
that holds a list; `tags` is a list of TagKey and TagValue."""


@dataclass(frozen=True)
class Field:
    """A field of a record.

    api: its name in the service's answers
    ours: its column here
    kind: what its values are
    written: how the service writes it where that is not the usual way of its kind: a number or truth as text, an id
        as a number, a time without seconds
    """

    api: str
    ours: str
    kind: Kind = "text"
    written: Literal["usual", "text", "number", "minute"] = "usual"


@dataclass(frozen=True)
class Listing:
    """A list operation.

    operation: its name
    path: the keys of the answer that lead to the list of records
    table: the table of the records
    key: the field that identifies a record
    fields: its fields
    """

    operation: str
    path: tuple[str, str]
    table: str
    key: str
    fields: tuple[Field, ...]


_CREATED = Field("CreationTime", "created_at", "time")
_TAGS = Field("Tags", "tags", "tags")

LISTINGS = (
    Listing(
        "DescribeImages",
        ("Images", "Image"),
        "images",
        "ImageId",
        (
            Field("ImageId", "image_id"),
            Field("ImageName", "name"),
            Field("ImageOwnerAlias", "owner_alias"),
            Field("ImageOwnerId", "owner_id", written="number"),
            _CREATED,
            Field("Status", "status"),
            Field("ImageFamily", "family"),
            Field("ImageVersion", "version"),
            Field("IsCopied", "is_copied", "truth"),
            Field("IsSelfShared", "is_shared", "truth", written="text"),
            Field("ProductCode", "product_code"),
            Field("OSName", "os"),
            Field("Platform", "platform"),
            Field("Usage", "usage"),
            _TAGS,
        ),
    ),
    Listing(
        "DescribeSnapshots",
        ("Snapshots", "Snapshot"),
        "snapshots",
        "SnapshotId",
        (
            Field("SnapshotId", "snapshot_id"),
            Field("SnapshotName", "name"),
            Field("SnapshotLinkId", "chain_id"),
            Field("SourceDiskId", "disk_id"),
            Field("Category", "category"),
            _CREATED,
            Field("Status", "status"),
            Field("RetentionDays", "retention_days", "number"),
            Field("SourceDiskSize", "source_disk_gib", "number"),
            Field("FullSnapshotSizeInBytes", "full_bytes", "number"),
            Field("Usage", "usage"),
            Field("SourceSnapshotId", "source_snapshot_id"),
            Field("SourceRegionId", "source_region_id"),
            Field("Encrypted", "encrypted", "truth"),
            Field("KMSKeyId", "kms_key"),
            Field("ProductCode", "product_code"),
            _TAGS,
        ),
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
            Field("TotalSize", "total_bytes", "number"),
            Field("TotalCount", "snapshot_count", "number"),
        ),
    ),
    Listing(
        "DescribeDisks",
        ("Disks", "Disk"),
        "disks",
        "DiskId",
        (
            Field("DiskId", "disk_id"),
            Field("InstanceId", "instance_id"),
            Field("Type", "type"),
            Field("Category", "category"),
            Field("PerformanceLevel", "performance_level"),
            Field("Size", "size_gib", "number"),
            Field("ImageId", "image_id"),
            Field("SourceSnapshotId", "source_snapshot_id"),
            Field("AutoSnapshotPolicyId", "policy_id"),
            Field("DeleteAutoSnapshot", "delete_auto_snapshot", "truth"),
            Field("DiskChargeType", "charge_type"),
            Field("Status", "status"),
            _CREATED,
            _TAGS,
        ),
    ),
    Listing(
        "DescribeInstances",
        ("Instances", "Instance"),
        "instances",
        "InstanceId",
        (
            Field("InstanceId", "instance_id"),
            Field("InstanceName", "name"),
            Field("ImageId", "image_id"),
            Field("InstanceType", "instance_type"),
            Field("InstanceChargeType", "charge_type"),
            Field("StoppedMode", "stopped_mode"),
            Field("CreationTime", "created_at", "time", written="minute"),
            Field("Status", "status"),
            _TAGS,
        ),
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
            Field("DiskNums", "disk_count", "number"),
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
        (Field("TimeStamp", "hour_start", "time"), Field("Size", "stored_bytes", "number")),
    ),
)
BY_PATH = {listing.path: listing for listing in LISTINGS}
"""Every list operation by where its records are."""
BY_OPERATION = {listing.operation: listing for listing in LISTINGS}
IMAGE_DISKS = (
    Field("Device", "device"),
    Field("Type", "type"),
    Field("Size", "size_gib", "number", written="text"),
    Field("SnapshotId", "snapshot_id"),
)
"""The fields of `DiskDeviceMappings.DiskDeviceMapping`, the disks of an image, a list inside each record."""
