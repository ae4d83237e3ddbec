"""A simulated cloud written as the saved answers of its accounts: one folder an account, region and day.

    1000000000000001/cn-beijing/2026-11-01/DescribeImages.json

They are what a person would have saved who asked the service at the beginning of that day, with every status of
images asked for, so that `Inventory.read` reads them like those of a real account.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from ..billing.metering import measure
from ..catalog.meters import STORAGE
from ..cloud.cloud import Cloud
from ..columns import seconds_of
from ..errors import InputError, look_up
from ..ledger import events as ev
from ..ledger.ledger import Ledger
from ..ledger.resources import AutoSnapshotPolicy, Disk, Image, ImageFiles, Instance, Lineage, Snapshot, gone_at
from ..ledger.state import State
from ..saving import path_of, save_in_folder
from ..units import (
    BILLING_CLOCK,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    Time,
    day_start_seconds,
    from_seconds,
    parse_time,
    show_time,
    to_seconds,
)
from ..wire.answers import BY_OPERATION, IMAGE_DISKS, Field
from ..wire.other_fields import AROUND, OTHER_FIELDS

PAGE_SIZE = 100
"""The most records that the service puts on a page."""
_MONITORED_DAYS, _MONITORED_HOURS = 30, 240
"""How far back the service keeps the hours of a region's storage, and how many of them a file here has."""
_NUMBER = re.compile(r"\d{12,19}")
_FIRST_NUMBER = 10**15 + 1
_EVERY_REGION = (
    "DescribeImages",
    "DescribeSnapshots",
    "DescribeSnapshotLinks",
    "DescribeDisks",
    "DescribeInstances",
    "DescribeAutoSnapshotPolicyEx",
)
"""The lists that are written for every region of an account, the empty ones too."""
_HISTORY = ("DescribeImages", "DescribeSnapshotLinks")
"""What of them is written for the days before the last: the sizes of chains, and which images there were."""

Record = dict[str, Any]
Place = tuple[str, str]
"""An account and a region."""


def account_numbers(accounts: Iterable[str]) -> dict[str, str]:
    """The number of each account, as the service would have given it one.

    accounts: names, in the order in which they were opened. A name that is such a number stays as it is.
    """
    return {
        name: name if _NUMBER.fullmatch(name) else str(_FIRST_NUMBER + place) for place, name in enumerate(accounts)
    }


def write_answers(
    cloud: Cloud, folder: str | Path, *, taken: Sequence[Time] = (), accounts: Sequence[str] = ()
) -> datetime:
    """Write the answers that the service would give about the accounts of a cloud.

    cloud: the cloud
    folder: where to; files that are there and have the same names are replaced
    taken: the days at whose beginning (UTC+8) the answers were saved; the first of every month and the last day that
        the cloud's clock has seen the beginning of, unless given. All lists are written for the last of them, for the
        others those of images and chains, which are their history
    accounts: the names of the accounts whose answers were saved; all unless given

    Returns the moment of the last answers. Raises UnknownName for an account that the cloud does not have, InputError
    for a day that the clock has not reached or that lies before the beginning, and where a file cannot be written.
    """
    home = path_of(folder, "the folder of an account")
    days = _days(cloud, taken)
    numbers = account_numbers(cloud.state.accounts)
    for account in accounts:
        look_up("account", account, numbers)
    state, place, ledger = State(), 0, cloud.ledger
    for day in days:
        while place < len(ledger) and ledger[place].at <= day:
            ledger[place].apply(state)
            place += 1
        for (account, region), lists in _lists(state, numbers, _told(ledger, day)).items():
            if accounts and account not in accounts:
                continue
            where = home / numbers[account] / region / f"{day.astimezone(BILLING_CLOCK):%Y-%m-%d}"
            for name, answer in _answers(lists, region, None if day == days[-1] else _HISTORY):
                _write(where / f"{name}.json", answer, home)
    for (account, region), points in _hours(cloud, days[-1]).items():
        if accounts and account not in accounts:
            continue
        where = home / numbers[account] / region / f"{days[-1].astimezone(BILLING_CLOCK):%Y-%m-%d}"
        for number, start in enumerate(range(0, len(points), _MONITORED_HOURS), 1):
            part = {"MonitorData": {"DataPoint": points[start : start + _MONITORED_HOURS]}}
            _write(where / f"DescribeSnapshotMonitorData-{number}.json", part, home)
    return days[-1]


def _days(cloud: Cloud, taken: Sequence[Time]) -> list[datetime]:
    """The days in order, each once, as the moments at which they begin."""
    today = cloud.now.astimezone(BILLING_CLOCK).replace(hour=0, minute=0, second=0, microsecond=0)
    days = sorted({parse_time(day, "taken") for day in taken} or {today})
    month = today.replace(day=1)
    while not taken and len(cloud.ledger) and month >= cloud.ledger[0].at:
        days = [month, *days] if month < days[0] else days
        month = (month - timedelta(days=1)).replace(day=1)
    for day in days:
        if (to_seconds(day) - day_start_seconds(day.astimezone(BILLING_CLOCK).date())) % SECONDS_PER_DAY:
            raise InputError(f"answers are saved at the beginning of a day, not at {show_time(day)}")
        if day > cloud.now:
            raise InputError(f"the cloud's clock is at {show_time(cloud.now)}, and {show_time(day)} is yet to come")
        if not len(cloud.ledger) or day < cloud.ledger[0].at:
            raise InputError(
                f"there is nothing yet at {show_time(day)}, the beginning of a day; let the story last longer"
            )
    return days


class _Told(NamedTuple):
    """What events told that the state does not keep.

    sources: of a copied snapshot, the one it was copied from and its region
    shared_at: when an image was shared with an account
    attached_at: when a disk was attached
    """

    sources: dict[str, tuple[str, str]]
    shared_at: dict[tuple[str, str], datetime]
    attached_at: dict[str, datetime]


def _told(ledger: Ledger, day: datetime) -> _Told:
    """What the events up to a day told."""
    return _Told(
        {event.snapshot: (event.source, event.region) for event in ledger.of(ev.SnapshotCopied)},
        {(event.image, event.account): event.at for event in ledger.of(ev.ImageShared) if event.at <= day},
        {event.disk: event.at for event in ledger.of(ev.DiskAttached) if event.at <= day},
    )


# Records ------------------------------------------------------------------------------------------


def _lists(state: State, numbers: Mapping[str, str], told: _Told) -> dict[Place, dict[str, list[Record]]]:
    """The records of every list, by account and region, then by operation; a list of shares also by its image.

    A region where something was once has its lists, if only empty ones.
    """
    found: dict[Place, dict[str, list[Record]]] = {}
    for thing in state.resources.values():
        if thing.account in numbers and not isinstance(thing, ImageFiles):
            found.setdefault((thing.account, thing.region), {name: [] for name in _EVERY_REGION})
    for account, region, operation, record in _records(state, numbers, told):
        lists = found.setdefault((account, region), {name: [] for name in _EVERY_REGION})
        lists.setdefault(operation, []).append(record)
    return found


def _records(state: State, numbers: Mapping[str, str], told: _Told) -> Iterator[tuple[str, str, str, Record]]:
    """Everything that exists: the account and the region that list it, in which list, and the record."""
    policies = [policy for policy in state.policies.values() if not policy.deleted_at]
    instances = [instance for instance in state.instances.values() if not instance.released_at]
    runs = {instance.image for instance in instances}
    for image in state.images.values():
        if image.account in numbers and not image.deleted_at:
            receivers = sorted(image.shared_with)
            for account in (image.account, *receivers):
                record = _image(state, image, account, numbers, image.id in runs)
                yield account, image.region, "DescribeImages", record
            for account in receivers:
                row = {"with_account_id": numbers[account], "shared_at": told.shared_at.get((image.id, account))}
                share = _record("DescribeImageSharePermission", row)
                yield image.account, image.region, f"DescribeImageSharePermission {image.id}", share
    used = _snapshots_used(state)
    for snapshot in state.snapshots.values():
        if not snapshot.deleted_at:
            record = _snapshot(state, snapshot, used, told)
            yield snapshot.account, snapshot.region, "DescribeSnapshots", record
    for chain_id in state.chains:
        if members := state.live_snapshots(chain_id):
            record = _chain(state, chain_id, members)
            yield members[0].account, members[0].region, "DescribeSnapshotLinks", record
    policy_of = {disk: policy.id for policy in policies for disk in policy.disks}
    for disk in state.disks.values():
        if not disk.released_at:
            record = _disk(state, disk, policy_of.get(disk.id, ""), told)
            yield disk.account, disk.region, "DescribeDisks", record
    for instance in instances:
        yield instance.account, instance.region, "DescribeInstances", _instance(state, instance)
    for policy in policies:
        yield policy.account, policy.region, "DescribeAutoSnapshotPolicyEx", _policy(state, policy)
    for ident, pairs in state.tags.items():
        resource = state.resources[ident]
        kind = {Image: "image", Snapshot: "snapshot", Disk: "disk", Instance: "instance"}.get(type(resource), "")
        for key, value in pairs if kind and not gone_at(resource) else ():
            record = _record(
                "ListTagResources", {"resource_id": ident, "key": key, "value": value}, {"ResourceType": kind}
            )
            yield resource.account, resource.region, "ListTagResources", record


def _record(operation: str, row: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> Record:
    """A record as the service writes it.

    row: what is known of the fields of `wire.answers`, by their columns here
    more: what is known of other fields, by the service's names
    """
    return {**OTHER_FIELDS.get(operation, {}), **_written(BY_OPERATION[operation].fields, row), **(more or {})}


def _written(fields: tuple[Field, ...], row: Mapping[str, Any]) -> Record:
    """The declared fields; a number that is not known is left out, as the service does."""
    found = {}
    for item in fields:
        value = row.get(item.ours)
        if value is None and item.kind in ("number", "size", "truth", "tags"):
            continue
        found[item.api] = _value(item, value)
    return found


def _value(item: Field, value: Any) -> object:
    match item.kind, item.written:
        case "time", "minute":
            return _minute(value)
        case "time", _:
            return _second(value)
        case "json_list", _:
            return json.dumps([str(part) for part in value])
        case _, "text":
            return str(value)
        case _, "number":
            return int(value)
        case _:
            return "" if value is None else value


def _second(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _minute(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if moment else ""


def _tags(state: State, ident: str) -> Record:
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in state.tags.get(ident, ())]}


def _system(lineage: Lineage | None) -> Record:
    """The operating system, as images and instances name it."""
    if lineage is None:
        return {}
    windows = lineage.platform.lower().startswith("windows")
    return {"OSName": lineage.os_family, "OSNameEn": lineage.os_family, "OSType": "windows" if windows else "linux"}


def _image(state: State, image: Image, account: str, numbers: Mapping[str, str], runs: bool) -> Record:
    """An image as an account sees it, its own or one that is shared with it."""
    own = account == image.account
    row = {
        "image_id": image.id,
        "name": image.name,
        "owner_alias": "self" if own else "others",
        "owner_id": numbers[image.account],
        "created_at": image.created_at,
        "status": image.status,
        "family": image.family,
        "is_copied": image.made_from == "copy",
        "is_shared": own and bool(image.shared_with),
        "product_code": image.lineage.product_code,
        "platform": image.lineage.platform,
        "usage": "instance" if runs else "none",
    }
    disks = [
        {
            **OTHER_FIELDS["DiskDeviceMapping"],
            **_written(
                IMAGE_DISKS,
                {"device": one.device, "type": one.kind, "size_gib": one.size_gib, "snapshot_id": one.snapshot},
            ),
        }
        for one in image.mappings
    ]
    more = {
        **_system(image.lineage),
        "Architecture": image.lineage.architecture,
        "DiskDeviceMappings": {"DiskDeviceMapping": disks},
        "IsPublic": image.is_public,
        "Progress": "100%" if image.status in ("Available", "Deprecated") else "0%",
        "Size": image.size_gib,
        "Tags": _tags(state, image.id if own else ""),
    }
    return _record("DescribeImages", row, more)


def _snapshots_used(state: State) -> dict[str, str]:
    """What snapshots are used for, as the service words it; those that nothing uses are left out."""
    images = {
        name
        for image in state.images.values()
        if not image.deleted_at and image.status != "CreateFailed"
        for name in image.snapshots
    }
    disks = {disk.snapshot for disk in state.disks.values() if disk.snapshot and not disk.released_at}
    both = dict.fromkeys(images & disks, "image_disk")
    return {**dict.fromkeys(images, "image"), **dict.fromkeys(disks, "disk"), **both}


def _snapshot(state: State, snapshot: Snapshot, used: Mapping[str, str], told: _Told) -> Record:
    source, source_region = told.sources.get(snapshot.id, ("", ""))
    done = snapshot.status == "accomplished"
    row = {
        "snapshot_id": snapshot.id,
        "name": snapshot.name,
        "chain_id": snapshot.chain,
        "disk_id": snapshot.disk,
        "category": "standard",
        "created_at": snapshot.started_at,
        "status": snapshot.status,
        "retention_days": snapshot.retention_days,
        "source_disk_gib": snapshot.size_gib,
        "full_bytes": snapshot.content_bytes if done else None,
        "usage": used.get(snapshot.id, "none"),
        "source_snapshot_id": source,
        "source_region_id": source_region,
        "encrypted": snapshot.encrypted,
        "kms_key": snapshot.kms_key,
        "product_code": snapshot.lineage.product_code if snapshot.lineage else "",
    }
    more = {
        "Available": done,
        "LastModifiedTime": _second(snapshot.started_at),
        "Progress": "100%" if done else "0%",
        "RegionId": snapshot.region,
        "SnapshotType": "auto" if snapshot.policy else "user",
        "SourceDiskType": snapshot.kind,
        "Tags": _tags(state, snapshot.id),
    }
    return _record("DescribeSnapshots", row, more)


def _chain(state: State, chain_id: str, members: list[Snapshot]) -> Record:
    """A chain; a snapshot is stored, and counts, once it is accomplished (BILL-3)."""
    chain = state.chains[chain_id]
    under_way = [snapshot.number for snapshot in members if snapshot.status != "accomplished"]
    blocks = chain.total_blocks() - chain.freed_blocks(under_way)
    disk = state.disks.get(members[0].disk or "")
    row = {
        "chain_id": chain_id,
        "disk_id": members[0].disk,
        "category": "standard",
        "total_bytes": blocks * chain.block_bytes,
        "snapshot_count": len(members) - len(under_way),
    }
    more = {
        "InstanceId": disk.instance or "" if disk else "",
        "RegionId": members[0].region,
        "SourceDiskSize": members[0].size_gib,
        "SourceDiskType": members[0].kind,
    }
    return _record("DescribeSnapshotLinks", row, more)


def _disk(state: State, disk: Disk, policy: str, told: _Told) -> Record:
    instance = state.instances.get(disk.instance or "")
    category, _, level = disk.category.partition("_pl")
    prepaid = instance is not None and instance.paid_until is not None and disk.id == instance.system_disk
    row = {
        "disk_id": disk.id,
        "instance_id": disk.instance,
        "type": disk.kind,
        "category": category,
        "performance_level": f"PL{level}" if level else "",
        "size_gib": disk.size_gib,
        "image_id": disk.image,
        "source_snapshot_id": disk.snapshot,
        "policy_id": policy,
        "delete_auto_snapshot": disk.delete_auto_snapshots,
        "charge_type": "PrePaid" if prepaid else "PostPaid",
        "status": "In_use" if disk.instance else "Available",
        "created_at": disk.created_at,
    }
    more = {
        "DeleteWithInstance": disk.delete_with_instance,
        "EnableAutomatedSnapshotPolicy": bool(policy),
        "Encrypted": disk.encrypted,
        "KMSKeyId": disk.kms_key or "",
        "Portable": disk.kind == "data",
        "ProductCode": (disk.lineage.product_code if disk.lineage else "") or "",
        "RegionId": disk.region,
        "Tags": _tags(state, disk.id),
    }
    if instance:
        device = f"/dev/xvd{chr(ord('a') + instance.disks.index(disk.id))}" if disk.id in instance.disks else ""
        since = _second(told.attached_at.get(disk.id, disk.created_at))
        attachment = {"AttachedTime": since, "InstanceId": instance.id, "Device": device}
        more |= {"AttachedTime": since, "Attachments": {"Attachment": [attachment]}, "Device": device}
    if prepaid and instance:
        more["ExpiredTime"] = _minute(instance.paid_until)
    return _record("DescribeDisks", row, more)


def _instance(state: State, instance: Instance) -> Record:
    row = {
        "instance_id": instance.id,
        "name": instance.id,
        "image_id": instance.image,
        "instance_type": instance.instance_type,
        "charge_type": "PrePaid" if instance.paid_until else "PostPaid",
        "stopped_mode": {"economical": "StopCharging", "standard": "KeepCharging"}.get(
            instance.stop_mode or "", "Not-applicable"
        ),
        "created_at": instance.launched_at,
        "status": instance.status,
    }
    more = {
        **_system(instance.lineage),
        "Cpu": instance.vcpus,
        "InstanceTypeFamily": instance.instance_type.rpartition(".")[0],
        "Memory": round(instance.memory_gib * 1024),
        "RegionId": instance.region,
        "StartTime": _minute(instance.launched_at),
        "Tags": _tags(state, instance.id),
    }
    if instance.paid_until:
        more["ExpiredTime"] = _minute(instance.paid_until)
    return _record("DescribeInstances", row, more)


def _policy(state: State, policy: AutoSnapshotPolicy) -> Record:
    row = {
        "policy_id": policy.id,
        "name": policy.name,
        "times": policy.time_points,
        "weekdays": policy.weekdays,
        "retention_days": policy.retention_days or -1,
        "copy_region_ids": (),
        "disk_count": len(policy.disks),
    }
    more = {"CreationTime": _minute(policy.created_at), "RegionId": policy.region, "Tags": _tags(state, policy.id)}
    return _record("DescribeAutoSnapshotPolicyEx", row, more)


# Answers ------------------------------------------------------------------------------------------


def _answers(
    lists: Mapping[str, list[Record]], region: str, only: Sequence[str] | None
) -> Iterator[tuple[str, Record]]:
    """The pages of a region's lists, each with the name of its file."""
    for key, records in lists.items():
        operation, _, image = key.partition(" ")
        if only is not None and operation not in only:
            continue
        name = f"{operation}-{image}" if image else operation
        pages = [records[start : start + PAGE_SIZE] for start in range(0, len(records), PAGE_SIZE)] or [[]]
        for number, page in enumerate(pages, 1):
            answer = _page(operation, region, image, page, number, len(pages), len(records))
            yield (f"{name}-{number:03}" if len(pages) > 1 else name), answer
    chains = lists["DescribeSnapshotLinks"]
    stored, count = (sum(chain[key] for chain in chains) for key in ("TotalSize", "TotalCount"))
    yield "DescribeSnapshotsUsage", {"SnapshotCount": str(count), "SnapshotSize": str(stored)}


def _page(operation: str, region: str, image: str, page: list[Record], number: int, pages: int, total: int) -> Record:
    outer, inner = BY_OPERATION[operation].path
    listed = {outer: {inner: page}}
    if operation == "ListTagResources":
        token = f"{number:032x}" if number < pages else ""
        return {**listed, "NextToken": token}
    known = {key: {"RegionId": region, "ImageId": image}.get(key, empty) for key, empty in AROUND[operation].items()}
    return {**listed, **known, "PageNumber": number, "PageSize": PAGE_SIZE, "TotalCount": total}


def _hours(cloud: Cloud, until: datetime) -> dict[Place, list[Record]]:
    """What each region that stored something had in each of the last hours, as DescribeSnapshotMonitorData tells it."""
    usage = measure(cloud, until=until)
    usage = usage[usage["sku_meter"].astype(str) == STORAGE]
    first = max(to_seconds(until - timedelta(days=_MONITORED_DAYS)), to_seconds(cloud.ledger[0].at)) // SECONDS_PER_HOUR
    found: dict[Place, list[Record]] = {}
    for key, rows in usage.groupby(["billing_account_id", "region_id"], observed=True):
        account, region = map(str, key)
        starts = seconds_of(rows["charge_period_start"]) // SECONDS_PER_HOUR
        ends = -(-seconds_of(rows["charge_period_end"]) // SECONDS_PER_HOUR)
        stored = np.zeros(to_seconds(until) // SECONDS_PER_HOUR - first + 1, dtype=np.int64)
        sizes = rows["x_quantity"].to_numpy(dtype=np.int64)
        np.add.at(stored, np.clip(starts - first, 0, len(stored) - 1), sizes)
        np.subtract.at(stored, np.clip(ends - first, 0, len(stored) - 1), sizes)
        found[account, region] = [
            {"TimeStamp": _second(from_seconds((first + hour) * SECONDS_PER_HOUR)), "Size": int(size)}
            for hour, size in enumerate(np.cumsum(stored)[:-1])
        ]
    return found


def _write(path: Path, answer: Record, home: Path) -> None:
    """Write an answer; the id of its request follows from its file's name, so that writing it again changes nothing."""
    request = str(uuid5(NAMESPACE_URL, path.relative_to(home).as_posix())).upper()
    text = json.dumps({**answer, "RequestId": request}, ensure_ascii=False, separators=(",", ":"))
    save_in_folder(path, f"{text}\n")
