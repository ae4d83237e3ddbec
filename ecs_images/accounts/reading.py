"""From the pages of saved answers to the rows of an inventory: what each field is here, and where it belongs."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..units import BILLING_CLOCK, EARLIEST, LATEST
from ..wire.answers import BY_OPERATION, IMAGE_DISKS, SAYINGS, Field, Kind, Listing, respelt
from .answers import MANIFEST, OMS, STATE, USAGE, Page
from .files import region_named

Row = dict[str, Any]
_LARGEST_EXACT = 2**53
_MOST = 1 << 60
"""No size or count is so large, and sums of such would not fit 64 bits; so nothing is told by it."""


@dataclass(frozen=True)
class Place:
    """Where a page belongs, as far as anything says so: its own words first, then names of files, then options."""

    account: str
    region: str
    taken: datetime | None
    file: str


@dataclass
class Rows:
    """Rows read so far, by table; `tags` and doubts beside them.

    tables: rows by the name of their table
    told: rows that only a Terraform state tells, likewise; used where no answer of their kind is there
    tags: tags by resource id, from ListTagResources
    rounded: ids that came as numbers too large to be exact
    """

    tables: dict[str, list[Row]] = field(default_factory=dict)
    told: dict[str, list[Row]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    rounded: set[str] = field(default_factory=set)

    def add(self, table: str, row: Row) -> None:
        self.tables.setdefault(table, []).append(row)


def add_page(rows: Rows, page: Page, place: Place, image: str = "") -> int:
    """Add the records of a page to some rows; returns how many there were.

    image: the image that a list of shares is of, where only the file's name says so
    """
    if page.what in (STATE, MANIFEST):
        return _add_links(rows, page, place)
    if page.what in (USAGE, OMS):
        return _add_usage(rows, page, place)
    listing = page.listing
    assert listing is not None
    for record in page.records:
        if listing.table == "tags":
            key, value = str(record.get("TagKey", "")), str(record.get("TagValue", ""))
            rows.tags.setdefault(str(record.get("ResourceId", "")), {})[key] = value
        elif listing.table == "shares":
            shared_image = str(page.around.get("ImageId") or image)
            rows.add("shares", _row(rows, record, place, listing) | {"image_id": shared_image})
        else:
            _add_record(rows, record, place, listing, rows.tables)
    return len(page.records)


def is_usable(record: Any, page: Page) -> bool:
    """Whether a record of a page says which thing it is of, and how much was stored where it is of an hour."""
    listing = page.listing
    size = {USAGE: "SnapshotSize", OMS: "Size", "DescribeSnapshotMonitorData": "Size"}.get(page.what)
    if page.what in (STATE, MANIFEST):
        return True
    if not isinstance(record, dict) or (listing and not value_of(record.get(listing.key), "text")):
        return False
    return size is None or not math.isnan(value_of(record.get(size), "size"))


def _add_record(
    rows: Rows, record: dict[str, Any], place: Place, listing: Listing, tables: dict[str, list[Row]]
) -> None:
    """Add a record to some tables, with the disks of an image."""
    row = _row(rows, record, place, listing)
    if listing.table == "images":
        for disk in _inner(record, "DiskDeviceMappings", "DiskDeviceMapping"):
            mine = {"image_id": row["image_id"], **_fields(respelt(disk, IMAGE_DISKS), IMAGE_DISKS, rows)}
            tables.setdefault("image_disks", []).append(_placed(record, place) | mine | {"extra": ""})
    elif listing.table == "snapshots":
        kind = str(record.get("SnapshotType", ""))
        row["automatic"] = {"auto": "true", "timer": "true", "user": "false"}.get(kind, "")
    elif listing.table == "disks" and not row["instance_id"]:
        attached = [respelt(part, listing.fields) for part in _inner(record, "Attachments", "Attachment")]
        row["instance_id"] = next((str(part.get("InstanceId", "")) for part in attached), "")
    elif listing.table == "usage_hours":
        row |= {"chain_id": "", "source": "monitor"}
    tables.setdefault(listing.table, []).append(row)


def _row(rows: Rows, record: dict[str, Any], place: Place, listing: Listing) -> Row:
    row = _placed(record, place) | _fields(record, listing.fields, rows)
    known = {item.api for item in listing.fields} | {"RegionId", "AccountId"}
    known |= {"DiskDeviceMappings"} if listing.table == "images" else set()
    rest = {key: value for key, value in record.items() if key not in known and value not in ("", None, {}, [])}
    return row | {"extra": json.dumps(rest, ensure_ascii=False, sort_keys=True, default=str) if rest else ""}


def place_of(record: Any, place: Place) -> tuple[str, str]:
    """The account and the region of a record: its own, else those of its page."""
    region, account = (record.get("RegionId"), record.get("AccountId")) if isinstance(record, dict) else ("", "")
    return (
        str(account) if account and isinstance(account, str | int) else place.account,
        region_named(region) if isinstance(region, str) and region else place.region,
    )


def _placed(record: Mapping[str, Any], place: Place) -> Row:
    account, region = place_of(record, place)
    return {"account_id": account, "region_id": region, "taken_at": place.taken, "source_file": place.file}


def _fields(record: Mapping[str, Any], fields: tuple[Field, ...], rows: Rows) -> Row:
    found: Row = {}
    for item in fields:
        value = record.get(item.api)
        if item.kind == "text" and isinstance(value, int | float) and abs(value) >= _LARGEST_EXACT:
            rows.rounded.add(item.ours)
        found[item.ours] = value_of(value, item.kind)
    return found


def value_of(value: Any, kind: Kind) -> Any:
    """A value of an answer as the inventory has it: empty text, NaN or None where nothing is told."""
    if kind in ("number", "size"):
        with suppress(TypeError, ValueError, OverflowError):
            if not isinstance(value, bool) and abs(float(value)) < _MOST and (kind == "number" or float(value) >= 0):
                return float(value)
        return math.nan
    if kind == "truth":
        word = str(value).lower()
        return word if word in ("true", "false") else ""
    if kind == "time":
        return time_of(value)
    if kind == "tags":
        value = _unfolded(value)
        if isinstance(value, dict) and "Tag" not in value:
            value = [{"Key": key, "Value": value[key]} for key in value]
        pairs = _inner({"": value}, "", "Tag")
        tags = {str(p.get("TagKey", p.get("Key", ""))): str(p.get("TagValue", p.get("Value", ""))) for p in pairs}
        return json.dumps(tags, ensure_ascii=False, sort_keys=True) if tags else ""
    if kind == "json_list":
        value = _unfolded(value)
        return ",".join(map(str, value)) if isinstance(value, list) else str(value or "")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None or isinstance(value, dict | list) else SAYINGS.get(text := str(value), text)


def time_of(value: Any) -> datetime | None:
    """A moment of an answer, which is in UTC to the second or the minute; None where there is none that can be.

    A console's table has no zone: it is on the billing clock, as a date is everywhere here.
    """
    if not isinstance(value, str) or not value:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"^(\d{4})[/年](\d{1,2})[/月](\d{1,2})日?", _iso_day, value.strip()))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=BILLING_CLOCK)
    return moment if EARLIEST <= moment <= LATEST else None


def _iso_day(found: re.Match[str]) -> str:
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}"


def _unfolded(value: Any) -> Any:
    """A value that a table holds as JSON text; any other as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def _inner(record: Mapping[str, Any], outer: str, inner: str) -> list[dict[str, Any]]:
    """A list inside a record, `{outer: {inner: [...]}}`; also where the middle, or the list around one, is left out."""
    value = _unfolded(record.get(outer))
    value = value.get(inner) if isinstance(value, dict) else value
    value = [value] if isinstance(value, dict) else value
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _add_usage(rows: Rows, page: Page, place: Place) -> int:
    """Hours of storage: a region's as of now, or those of every chain (QueryUserOmsData, table EcsSnapshot)."""
    count = 0
    for record in page.records:
        if page.what == USAGE:
            hour = place.taken and place.taken.replace(minute=0, second=0, microsecond=0)
            found = {"chain_id": "", "hour_start": hour, "stored_bytes": value_of(record["SnapshotSize"], "size")}
            source = "usage"
        else:
            hour = next((time_of(record[key]) for key in ("StartTime", "Time", "EndTime") if key in record), None)
            found = {"chain_id": str(record.get("LinkId", "")), "hour_start": hour}
            found["stored_bytes"] = value_of(record.get("Size"), "size")
            source = "oms"
        if found["hour_start"] is None:
            continue
        region = str(record.get("Region") or place.region)
        row = _placed({"RegionId": region}, place) | found | {"source": source, "extra": ""}
        rows.add("usage_hours", row)
        count += 1
    return count


_STATE_LINKS = {
    "alicloud_image_copy": (("source_image_id", "copy"),),
    "alicloud_copy_image": (("source_image_id", "copy"),),
    "alicloud_image": (("instance_id", "image_of_instance"), ("snapshot_id", "image_of_snapshot")),
}
_STATE_RECORDS = {
    "alicloud_image": "DescribeImages",
    "alicloud_image_copy": "DescribeImages",
    "alicloud_copy_image": "DescribeImages",
    "alicloud_image_import": "DescribeImages",
    "alicloud_snapshot": "DescribeSnapshots",
    "alicloud_ecs_snapshot": "DescribeSnapshots",
    "alicloud_disk": "DescribeDisks",
    "alicloud_ecs_disk": "DescribeDisks",
    "alicloud_instance": "DescribeInstances",
}
_SHARE = "alicloud_image_share_permission"
"""Types of resources of Terraform, older names too: what links them to others, and what their attributes are here."""


def _add_links(rows: Rows, page: Page, place: Place) -> int:
    count = 0
    for parent, child, kind, evidence, confidence in _links(page):
        row = {"account_id": place.account, "region_id": "", "taken_at": place.taken, "source_file": place.file}
        row |= {"parent": parent, "child": child, "kind": kind, "evidence": evidence, "confidence": confidence}
        rows.add("links", row | {"extra": ""})
        count += 1
    for kind, attributes in page.records if page.what == STATE else ():
        if kind == _SHARE:
            image, account = str(attributes.get("image_id", "")), str(attributes.get("account_id", ""))
            row = _placed({}, place) | {"image_id": image, "with_account_id": account, "shared_at": None, "extra": ""}
            rows.add("shares", row)
            count += 1
        elif kind in _STATE_RECORDS and attributes.get("id"):
            listing = BY_OPERATION[_STATE_RECORDS[kind]]
            told = {key: value for key, value in attributes.items() if key not in _SECRET}
            _add_record(rows, respelt(told, listing.fields), place, listing, rows.told)
            count += 1
    return count


_SECRET = {"password", "user_data", "kms_encrypted_password", "kms_encryption_context"}
"""Attributes of a state that nobody wants to find in a table."""


def _links(page: Page) -> Iterator[tuple[str, str, str, str, str]]:
    if page.what == STATE:
        for kind, attributes in page.records:
            for name, link in _STATE_LINKS.get(kind, ()):
                if attributes.get(name) and attributes.get("id"):
                    yield str(attributes[name]), str(attributes["id"]), link, "terraform state", "certain"
        return
    for build in page.records:
        made = str(build.get("artifact_id", "")) if isinstance(build, dict) else ""
        images = [part.partition(":")[2] for part in made.split(",") if ":" in part]
        # The ids are sorted by their text, so which of them the others were copied from is not marked.
        for other in images[1:]:
            yield images[0], other, "build", "packer manifest", "guess"
