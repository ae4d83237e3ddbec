"""The answers of the service's list operations: where the records are, and what each field is called there and here.

One declaration serves both ways: reading a saved answer, and writing one. Fields that are not named here are kept
aside by whoever reads, and left out by whoever writes. SDKs, Terraform, Steampipe and exported tables spell the same
fields in other ways: `respelt` puts the service's names in their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, Literal, cast

from ..catalog.files import published

Kind = Literal["text", "number", "size", "truth", "time", "tags", "json_list"]
"""What a value is: `truth` comes as a boolean or as the text "True"; `number` may come as text; `size` is one that is
never below 0; `json_list` is a text that holds a list; `tags` is a list of TagKey and TagValue."""

Written = Literal["usual", "text", "number", "minute"]


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
    kind: Kind
    written: Written
    also: tuple[str, ...]


@dataclass(frozen=True)
class Listing:
    """A list operation.

    operation: its name
    path: the keys of the answer that lead to the list of records
    table: the table of the records
    key: the field that identifies a record
    needed: fields without which its records do not say enough to judge what is used
    """

    operation: str
    path: tuple[str, str]
    table: str
    key: str
    needed: tuple[str, ...] = ()

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The fields of its records."""
        return _fields(self.operation)


def _fields(of: str) -> tuple[Field, ...]:
    """The fields of a list's records, which are rows of `data/answer_fields.csv`."""
    return tuple(
        Field(
            row["field"],
            row["column"],
            cast(Kind, row["kind"]),
            cast(Written, row["written"]),
            tuple(filter(None, row["also"].split(";"))),
        )
        for row in published("answer_fields.csv")
        if row["list"] == of
    )


LISTINGS = (
    Listing("DescribeImages", ("Images", "Image"), "images", "ImageId", ("DiskDeviceMappings",)),
    Listing("DescribeSnapshots", ("Snapshots", "Snapshot"), "snapshots", "SnapshotId", ("SourceDiskId",)),
    Listing("DescribeSnapshotLinks", ("SnapshotLinks", "SnapshotLink"), "chains", "SnapshotLinkId", ("TotalSize",)),
    Listing("DescribeDisks", ("Disks", "Disk"), "disks", "DiskId", ("ImageId", "SourceSnapshotId")),
    Listing("DescribeInstances", ("Instances", "Instance"), "instances", "InstanceId", ("ImageId",)),
    Listing(
        "DescribeAutoSnapshotPolicyEx",
        ("AutoSnapshotPolicies", "AutoSnapshotPolicy"),
        "policies",
        "AutoSnapshotPolicyId",
    ),
    Listing("DescribeImageSharePermission", ("Accounts", "Account"), "shares", "AliyunId"),
    Listing("ListTagResources", ("TagResources", "TagResource"), "tags", "ResourceId"),
    Listing("DescribeSnapshotMonitorData", ("MonitorData", "DataPoint"), "usage_hours", "TimeStamp"),
)
BY_OPERATION = {listing.operation: listing for listing in LISTINGS}
IMAGE_DISKS = _fields("DiskDeviceMapping")
"""The fields of `DiskDeviceMappings.DiskDeviceMapping`, the disks of an image, a list inside each record."""
WHERE = _fields("every list")
"""What a record may say of its own place."""
_INSIDE = _fields("inside")
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
