"""Saved answers of the service, told apart by what they hold: pages of a list, one table, or what is kept aside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError, shown
from ..wire.answers import BY_OPERATION, LISTINGS, Listing
from .files import Source

USAGE, OMS, STATE, MANIFEST = "DescribeSnapshotsUsage", "QueryUserOmsData", "terraform state", "packer manifest"
_ROWS = (
    ("DescribeSnapshotLinks", {"SnapshotLinkId", "TotalSize"}),
    ("DescribeSnapshots", {"SnapshotId", "SourceDiskId"}),
    ("DescribeSnapshots", {"SnapshotId", "CreationTime"}),
    ("DescribeDisks", {"DiskId", "Category"}),
    ("DescribeInstances", {"InstanceId", "InstanceType"}),
    ("DescribeImages", {"ImageId", "ImageOwnerAlias"}),
    ("DescribeImages", {"ImageId", "ImageName"}),
    ("DescribeAutoSnapshotPolicyEx", {"AutoSnapshotPolicyId", "TimePoints"}),
)
"""Fields by which a bare record is known."""
_DEEPEST = 3


@dataclass(frozen=True)
class Page:
    """Some records of one kind.

    what: the operation, or `STATE` or `MANIFEST`
    records: the records as they stand
    around: the fields beside the list, such as RegionId, TotalCount and NextToken; empty for bare records
    """

    what: str
    records: list[Any]
    around: Mapping[str, Any] = field(default_factory=dict)

    @property
    def listing(self) -> Listing | None:
        return BY_OPERATION.get(self.what)


def pages_of(source: Source) -> list[Page]:
    """The pages of a saved file: one answer, several as JSON lines or in an array, or bare records.

    Raises InputError, with why, for a file that holds none.
    """
    text = source.text().strip()
    if not text:
        raise InputError(f"{source.name}: it is empty")
    found = [page for value in _values(source.name, text) for page in _pages(value, 0)]
    if not found:
        raise InputError(f"{source.name}: no saved answer is known that looks like this")
    return found


def _values(name: str, text: str) -> Iterator[Any]:
    """The JSON values of a text: one, or one a line."""
    if text[0] not in "[{":
        if 'resource "alicloud_' in text or 'provider "alicloud"' in text:
            raise InputError(f"{name}: Terraform's source is not read; save its state: terraform state pull")
        if "," in text.partition("\n")[0]:
            raise InputError(f"{name}: a table, not an answer; if it is a bill, ecs-images reconcile reads it")
        raise InputError(f"{name}: it is not JSON")
    try:
        yield json.loads(text)
        return
    except RecursionError:
        raise InputError(f"{name}: it is nested too deeply") from None
    except ValueError as error:
        whole = str(error)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                where = f"line {number} is not JSON" if number > 1 else whole
                raise InputError(f"{name}: the file is damaged or cut off: {where}") from None


def _pages(value: Any, depth: int) -> Iterator[Page]:
    if isinstance(value, list):
        yield from _array(value, depth)
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    if "resources" in value and ("terraform_version" in value or "serial" in value):
        yield Page(STATE, value["resources"] if isinstance(value["resources"], list) else [])
        return
    if "builds" in value and "last_run_uuid" in value:
        yield Page(MANIFEST, value["builds"] if isinstance(value["builds"], list) else [])
        return
    if "SnapshotSize" in value and "SnapshotCount" in value:
        yield Page(USAGE, [value], value)
        return
    if isinstance(value.get("Data"), dict) and "OmsData" in value["Data"]:
        rows = value["Data"]["OmsData"]
        rows = json.loads(rows) if isinstance(rows, str) and rows.startswith("[") else rows
        yield Page(OMS, rows if isinstance(rows, list) else [], value["Data"])
        return
    known = [listing for listing in LISTINGS if isinstance(value.get(listing.path[0]), dict)]
    for listing in known:
        inner = value[listing.path[0]]
        if listing.path[1] in inner or not inner:
            # `null` is what the service's own command line writes for an empty list.
            rows = inner.get(listing.path[1]) or []
            if not isinstance(rows, list):
                raise InputError(f"{'.'.join(listing.path)} is {shown(rows)}, not a list")
            yield Page(listing.operation, rows, value)
    if not known:
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _pages(inner, depth + 1)


def _array(values: list[Any], depth: int) -> Iterator[Page]:
    """An array of answers, or of bare records of one kind."""
    rows = [value for value in values if isinstance(value, dict)]
    for operation, needed in _ROWS:
        if rows and all(needed <= row.keys() for row in rows):
            yield Page(operation, rows)
            return
    if depth <= _DEEPEST:
        for value in values:
            yield from _pages(value, depth + 1)
