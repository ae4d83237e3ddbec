"""A real account as a simulated cloud, with its own ids, so that every question of the toolkit can be asked of it.

No list tells what the snapshots of a chain share, so that is supposed (ASSUME-14), while the total of each chain, and
the full size of each snapshot that is told, come out to the byte. Example: snapshots of 12 and 13 GiB in a chain of
16 GiB. Both hold 25 GiB and 16 are stored, so the second keeps 9 GiB of the first and brings 4 of its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal, NamedTuple, cast, get_args

from ..catalog.instance_types import instance_type, instance_types
from ..catalog.limits import limit
from ..catalog.prices import Prices
from ..catalog.regions import regions
from ..catalog.sites import site as site_of
from ..cloud.cloud import Cloud
from ..errors import InputError
from ..ledger import events as ev
from ..ledger.ledger import Ledger
from ..ledger.resources import DeviceMapping, DiskCategory, DiskKind, Lineage, published_lineage
from ..ledger.terms import end_of_term
from ..units import BYTES_PER_GIB
from ..wire.answers import count_of
from .bounds import KnownChain
from .chains import UNPLACED, AccountChain, chains_of, complete, own_images, records
from .costs import Fees, category_of
from .reading import time_of
from .tables import UNDATED, HasTables

SHARED, ON_DISKS = ("ASSUME-14",), ("ASSUME-15",)
"""What is supposed of snapshots, and of disks."""
_NO_NUMBER = "unnamed account"
"""What an account is called of which nothing tells the number."""
_BLOCK_BYTES = 1
"""Sizes of real chains are kept to the byte."""


class Simulated(NamedTuple):
    """A simulated cloud of a real account, and a sentence for everything that is not in it."""

    cloud: Cloud
    left_out: list[str]


def simulated(inventory: HasTables, site: str, at: datetime | None = None) -> Simulated:
    """What accounts have as a cloud; see `Inventory.cloud`. `at` is now where no answer says when it was saved."""
    now = inventory.now or at
    if now is None:
        raise InputError(UNDATED)
    making = _Making(inventory, now)
    making.add_chains()
    making.add_images()
    making.add_disks()
    making.add_instances()
    making.add_policies()
    making.add_tags()
    making.say_what_else_is_left_out()
    happened = sorted(making.events, key=lambda event: event.at)
    start = happened[0].at if happened else making.now
    opened = [ev.AccountOpened(at=start, account=name, site=site_of(site).name) for name in sorted(making.accounts)]
    began = ev.CloudStarted(at=start, block_bytes=_BLOCK_BYTES, durations="instant")
    cloud = Cloud.from_ledger(Ledger([began, *opened, *happened]))
    cloud.at(making.now)
    return Simulated(cloud, making.left_out)


class _Role(NamedTuple):
    """What a disk of an image tells about the snapshot behind it."""

    kind: DiskKind
    size_gib: float
    lineage: Lineage


class _Making:
    """Adds up what was seen, in order of kind: snapshots, the images that they are behind, disks, their instances …"""

    def __init__(self, inventory: HasTables, now: datetime) -> None:
        self._inventory = inventory
        made = [inventory.tables[name]["created_at"].dropna() for name in ("snapshots", "images", "disks", "instances")]
        self._oldest = min((times.min().to_pydatetime() for times in made if len(times)), default=now)
        # A folder is named after a day, so what was made on that day is newer than its beginning.
        self.now = max((times.max().to_pydatetime() for times in made if len(times)), default=now)
        self.now = max(self.now, now)
        self.events: list[ev.Event] = []
        self.left_out: list[str] = []
        self.accounts: set[str] = set()
        self._fees = Fees(inventory, Prices.published())
        self._images = own_images(inventory)
        self._disks: dict[tuple[str, str], list[Any]] = defaultdict(list)
        for row in records(inventory, "image_disks"):
            self._disks[row.account_id, row.image_id].append(row)
        self._lineages = {row.image_id: self._lineage(row) for row in records(inventory, "images")}
        self._roles = dict(self._roles_of_snapshots())
        self._placed: dict[str, ev.SnapshotSeen] = {}
        self._systems: dict[str, ev.SnapshotSeen] = {}
        self._instances = {_place(row): row for row in records(inventory, "instances")}
        self._attached: dict[tuple[str, str, str], list[ev.DiskSeen]] = defaultdict(list)
        self._policies = {row.disk_id: row.policy_id for row in records(inventory, "disks") if row.policy_id}

    def add_chains(self) -> None:
        """Add the snapshots of every chain whose total and members are known; say which chains are not."""
        listed = {row.snapshot_id: row for row in records(self._inventory, "snapshots")}
        counts = {(row.region_id, row.chain_id): row.snapshot_count for row in records(self._inventory, "chains")}
        for chain in chains_of(self._inventory):
            members = [listed[name] for name in chain.known.full if listed[name].status in ("accomplished", "")]
            why = self._why_not(chain, len(members), counts.get(chain.key))
            sizes = None if why else layout(chain.known, [row.snapshot_id for row in members])
            if sizes is None:
                why = why or "the sizes of its snapshots and its total contradict each other"
                what = f"chain {chain.chain_id}" if chain.chain_id != UNPLACED else f"snapshots ({len(members)})"
                self.left_out.append(f"{what} of {chain.region_id or 'no region'}: {why}")
                continue
            for row, (content, kept) in zip(members, sizes, strict=True):
                self._add_snapshot(chain, row, content, kept)

    def _why_not(self, chain: AccountChain, members: int, count: float | None) -> str:
        """Why a chain cannot be placed; empty if nothing speaks against it."""
        if chain.region_id not in regions():
            return "its region is not known"
        if chain.chain_id == UNPLACED:
            return "nothing tells their chain"
        if chain.category != "standard":
            return "archive storage is not modelled"
        if chain.known.total is None:
            return "what it stores is not told"
        told = count is not None and count == count
        if count != members if told else not complete(self._inventory, "DescribeSnapshots", chain.region_id):
            return "not all its snapshots are listed"
        return ""

    def _add_snapshot(self, chain: AccountChain, row: Any, content: int, kept: int) -> None:
        role = self._roles.get(row.snapshot_id)
        kind = role.kind if role else json.loads(row.extra or "{}").get("SourceDiskType")
        told = max((gib for gib in (row.source_disk_gib, role and role.size_gib) if gib and gib == gib), default=1)
        seen = ev.SnapshotSeen(
            at=self._moment(row.created_at),
            assumed=SHARED,
            snapshot=row.snapshot_id,
            account=self._account(chain.account_id),
            region=chain.region_id,
            chain=chain.chain_id,
            disk=row.disk_id or None,
            kind="system" if kind == "system" else "data",
            size_gib=max(int(told), -(-content // BYTES_PER_GIB)),
            content_blocks=content,
            kept_blocks=kept,
            name=row.name,
            lineage=role.lineage if role and role.kind == "system" else None,
            encrypted=row.encrypted == "true",
            kms_key=row.kms_key or None,
            retention_days=self._retention(row),
            policy=self._policies.get(row.disk_id, "of a policy") if row.automatic == "true" else None,
        )
        self._placed[seen.snapshot] = seen
        self.events.append(seen)

    def add_images(self) -> None:
        """Add every own image whose snapshots are placed, with its shares; say which images are not."""
        shares: dict[str, list[Any]] = defaultdict(list)
        for row in records(self._inventory, "shares"):
            shares[row.image_id].append(row)
        for row in self._images:
            disks = self._disks[row.account_id, row.image_id]
            behind = [self._placed[disk.snapshot_id] for disk in disks if disk.snapshot_id in self._placed]
            if row.status not in ("Available", "Deprecated", ""):
                self.left_out.append(f"image {row.image_id}: it is {row.status}")
            elif not disks or len(behind) < len(disks) or "system" not in {one.kind for one in behind}:
                self.left_out.append(f"image {row.image_id}: not all its snapshots are in this cloud")
            else:
                self._add_image(row, disks, behind)
                self._add_shares(row, shares[row.image_id])

    def _add_image(self, row: Any, disks: list[Any], behind: list[ev.SnapshotSeen]) -> None:
        system, lineage = next(one for one in behind if one.kind == "system"), self._lineages[row.image_id]
        self._systems[row.image_id] = system
        at = max(self._moment(row.created_at), *(one.at for one in behind))
        self.events.append(
            ev.ImageCreated(
                at=at,
                image=row.image_id,
                account=self._account(row.account_id),
                region=system.region,
                name=row.name,
                family=row.family,
                size_gib=system.size_gib,
                lineage=lineage,
                mappings=tuple(
                    DeviceMapping(disk.device, one.kind, one.size_gib, one.snapshot)
                    for disk, one in zip(disks, behind, strict=True)
                ),
                made_from="snapshots",
                source=system.snapshot,
                finishes_at=at,
                encrypted=any(one.encrypted for one in behind),
                kms_key=system.kms_key,
            )
        )
        if row.status == "Deprecated":
            changed = ev.ImageModified(
                at=self.now, image=row.image_id, name=row.name, family=row.family, status="Deprecated", lineage=lineage
            )
            self.events.append(changed)
        if not lineage.os_family:
            self.left_out.append(f"the fees of image {row.image_id}: its system is not told")

    def _add_shares(self, row: Any, shares: list[Any]) -> None:
        receivers = {share.with_account_id for share in shares} - {row.account_id}
        for receiver in sorted(receivers):
            self.events.append(ev.ImageShared(at=self.now, image=row.image_id, account=self._account(receiver)))
        if row.is_shared == "true" and not receivers:
            self.left_out.append(f"the shares of image {row.image_id}: with whom it is shared is not told")
        if is_public(row):
            self.events.append(ev.ImagePublished(at=self.now, image=row.image_id))

    def add_disks(self) -> None:
        """Add every disk, with what is supposed to be on it (ASSUME-15); an instance needs its system disk."""
        chains = {(one.region, one.disk): one.chain for one in sorted(self._placed.values(), key=lambda one: one.at)}
        rows = list(records(self._inventory, "disks"))
        self._instances = {
            place: row
            for place, row in self._instances.items()
            if place in {_place(disk) for disk in rows if disk.type == "system"}
        }
        for row in rows:
            if row.region_id not in regions() or row.size_gib != row.size_gib:
                why = "its size is not told" if row.region_id in regions() else "its region is not known"
                self.left_out.append(f"disk {row.disk_id}: {why}")
                self._instances.pop(_place(row), None)
        for row in rows:
            if row.region_id in regions() and row.size_gib == row.size_gib:
                self._add_disk(row, chains.get((row.region_id, row.disk_id)))

    def _add_disk(self, row: Any, chain: str | None) -> None:
        machine, more = self._instances.get(_place(row)), json.loads(row.extra or "{}")
        system = row.type == "system"
        image = (machine.image_id if machine else row.image_id) if system else None
        source = self._systems.get(image or "") if system else self._placed.get(row.source_snapshot_id)
        size = max(int(row.size_gib), source.size_gib if source else 0)
        category = category_of(row)
        known = category in get_args(DiskCategory)
        seen = ev.DiskSeen(
            at=max(self._moment(row.created_at), source.at if source else self._oldest),
            assumed=ON_DISKS,
            disk=row.disk_id,
            account=self._account(row.account_id),
            region=row.region_id,
            instance=machine.instance_id if machine else None,
            kind="system" if system else "data",
            size_gib=size,
            written_blocks=source.content_blocks if source else size * BYTES_PER_GIB,
            initial_blocks=source.content_blocks if source else 0,
            image=image,
            snapshot=source.snapshot if source and not system else None,
            lineage=self._lineage_of(machine) if machine and system else None,
            chain=chain or f"sl-{row.disk_id}",
            encrypted=more.get("Encrypted") is True,
            kms_key=more.get("KMSKeyId") or None,
            category=cast(DiskCategory, category if known else "cloud_essd_pl0"),
            category_supposed=not known,
            delete_with_instance=more.get("DeleteWithInstance") is True,
            delete_auto_snapshots=row.delete_auto_snapshot == "true",
        )
        self.events.append(seen)
        self._attached[_place(row)].append(seen)
        if not known:
            self.left_out.append(f"the price of disk {row.disk_id}: its category is not known")

    def add_instances(self) -> None:
        """Add every instance whose system disk is there; say which are not."""
        for row in records(self._inventory, "instances"):
            if _place(row) in self._instances:
                self._add_instance(row, self._attached[_place(row)])
            else:
                self.left_out.append(f"instance {row.instance_id}: its system disk is not listed")

    def _add_instance(self, row: Any, disks: list[ev.DiskSeen]) -> None:
        more, prepaid = json.loads(row.extra or "{}"), row.charge_type == "PrePaid"
        at = max(self._moment(row.created_at), *(disk.at for disk in disks))
        kind = instance_type(row.instance_type) if row.instance_type in instance_types() else None
        system = next(disk for disk in disks if disk.kind == "system")
        lineage = self._lineage_of(row)
        vcpus = (kind and kind.vcpus) or count_of(more.get("Cpu")) or 0
        if not vcpus and (lineage.charged_system or lineage.product_code):
            self.left_out.append(f"fees of instance {row.instance_id} that go by its vCPUs, which are not told")
        self.events.append(
            ev.InstanceSeen(
                at=at,
                instance=row.instance_id,
                account=self._account(row.account_id),
                region=row.region_id,
                instance_type=row.instance_type,
                vcpus=vcpus,
                memory_gib=(kind and kind.memory_gib) or (count_of(more.get("Memory")) or 0) / 1024,
                image=row.image_id,
                lineage=lineage,
                system_disk=system.disk,
                data_disks=tuple(disk.disk for disk in disks if disk is not system),
                billing="subscription" if prepaid else "pay_as_you_go",
                period="month" if prepaid else None,
                periods=_months(at, time_of(more.get("ExpiredTime")) or self.now) if prepaid else 0,
            )
        )
        if row.status == "Stopped":
            economical = row.stopped_mode == "StopCharging"
            self.events.append(
                ev.InstanceStopped(
                    at=self.now,
                    instance=row.instance_id,
                    mode="economical" if economical else "standard",
                    licence_suspended=economical and bool(limit("economical_stop_suspends_licence", self.now)),
                )
            )
        if self._fees.system_of(row.image_id) is None:
            self.left_out.append(f"the fees of instance {row.instance_id}: the system of its image is not told")

    def _lineage_of(self, machine: Any) -> Lineage:
        """Where the system of an instance comes from; its image may be in no list any more."""
        known = self._lineages.get(machine.image_id) or published_lineage(machine.image_id)
        system = json.loads(machine.extra or "{}").get("OSName") or ""
        charged, product = self._fees.system_of(machine.image_id), self._fees.product_of(machine.image_id)
        return known or Lineage("import", system, system, "x86_64", charged or None, product or None)

    def add_policies(self) -> None:
        """Add the automatic snapshot policies, with the disks that they apply to from now on."""
        for row in records(self._inventory, "policies"):
            hours, days = (
                sorted({int(part) for part in text.split(",") if part.strip().isdecimal()})
                for text in (row.times, row.weekdays)
            )
            if not hours or not days or row.region_id not in regions():
                self.left_out.append(f"policy {row.policy_id}: when it takes snapshots is not told")
                continue
            kept = int(row.retention_days) if row.retention_days > 0 else None
            account = self._account(row.account_id)
            created = ev.PolicyCreated(
                at=self.now,
                policy=row.policy_id,
                account=account,
                region=row.region_id,
                name=row.name,
                time_points=tuple(hours),
                weekdays=tuple(days),
                retention_days=kept,
            )
            disks = [disk for disks in self._attached.values() for disk in disks]
            self.events += [created] + [
                ev.PolicyApplied(at=self.now, policy=row.policy_id, disk=disk.disk)
                for disk in disks
                if self._policies.get(disk.disk) == row.policy_id
                and (disk.account, disk.region) == (account, row.region_id)
            ]
            if row.copy_region_ids:
                self.left_out.append(f"the copies of policy {row.policy_id} to {row.copy_region_ids}: not modelled")

    def add_tags(self) -> None:
        """Add the tags of everything that is there."""
        there = {name for event in self.events for name in (getattr(event, kind, None) for kind in _TAGGED) if name}
        for table, kind in zip(("images", "snapshots", "disks", "instances"), _TAGGED, strict=True):
            for row in records(self._inventory, table):
                name = getattr(row, f"{kind}_id")
                if row.tags and name in there:
                    tags = tuple(sorted(json.loads(row.tags).items()))
                    self.events.append(ev.TagsSet(at=self.now, resource=name, tags=tags))

    def say_what_else_is_left_out(self) -> None:
        """Say what is not an own image or a finished snapshot."""
        for row in records(self._inventory, "snapshots"):
            if row.status not in ("accomplished", ""):
                self.left_out.append(f"snapshot {row.snapshot_id}: it is {row.status}")
        if count := len(self._lineages) - len(self._images):
            self.left_out.append(
                f"images of the provider and of other accounts ({count}): their snapshots are not listed"
            )

    def _account(self, account_id: str) -> str:
        name = account_id or _NO_NUMBER
        self.accounts.add(name)
        return name

    def _moment(self, time: Any) -> datetime:
        """When something was made; what has no time is taken to have been there when the oldest thing was made."""
        return time.to_pydatetime() if time == time else self._oldest

    def _retention(self, row: Any) -> int | None:
        """How long a snapshot is kept; one that has outlived that is kept for good."""
        days = row.retention_days
        if days != days or days <= 0 or self._moment(row.created_at) + timedelta(days=days) <= self.now:
            return None
        return int(days)

    def _roles_of_snapshots(self) -> Iterator[tuple[str, _Role]]:
        for image in self._images:
            disks = self._disks[image.account_id, image.image_id]
            for place, disk in enumerate(disks):
                kind = disk.type or ("data" if place else "system")
                yield disk.snapshot_id, _Role(cast(DiskKind, kind), disk.size_gib, self._lineages[image.image_id])

    def _lineage(self, row: Any) -> Lineage:
        """Where the system of an image comes from, as far as that is told."""
        known = published_lineage(self._fees.origin_of(row.image_id)) or published_lineage(row.product_code)
        if known is not None:
            return known
        architecture = json.loads(row.extra or "{}").get("Architecture") or "x86_64"
        charged = self._fees.system_of(row.image_id) or None
        system = row.os or row.platform
        return Lineage("import", system, row.platform or system, architecture, charged, row.product_code or None)


def is_public(image: Any) -> bool:
    """Whether an image is open to everybody, as its row tells."""
    return json.loads(image.extra or "{}").get("IsPublic") is True


def _place(row: Any) -> tuple[str, str, str]:
    """The instance that a row is of, or that the disk of a row is attached to."""
    return row.account_id, row.region_id, row.instance_id


_TAGGED = "image", "snapshot", "disk", "instance"


def _months(since: datetime, until: datetime) -> int:
    """How many months of prepayment reach from one moment to another, at least one."""
    months = (until.year - since.year) * 12 + until.month - since.month
    return min(max(months + (end_of_term(since, "month", max(months, 1)) < until), 1), ev.MOST_PERIODS)


def layout(chain: KnownChain, names: list[str]) -> list[tuple[int, int]] | None:
    """What each snapshot of a chain holds, and how much of it the one before holds too (ASSUME-14).

    chain: the chain; its total is known
    names: its snapshots, oldest first

    Returns the content, and what is kept of the one before, of each [byte]; None where the total cannot come out.
    """
    total = chain.total or 0
    for unknown in ("neighbour", "largest"):
        sizes = _full_sizes(chain, names, cast(Any, unknown))
        shareable = [min(pair) for pair in pairwise(sizes)]
        # What all hold together, less what they share, is the total.
        shared = sum(sizes) - total
        if 0 <= shared <= sum(shareable):
            kept, passed = [0], 0
            for size in shareable:
                before, passed = passed, passed + size
                kept.append(_part(shared, passed, shareable) - _part(shared, before, shareable))
            return list(zip(sizes, kept, strict=False))
    return None


def _part(shared: int, passed: int, shareable: list[int]) -> int:
    return shared * passed // (sum(shareable) or 1)


def _full_sizes(chain: KnownChain, names: list[str], unknown: Literal["neighbour", "largest"]) -> list[int]:
    """The full size of each snapshot [byte]; where it is not told, that of a neighbour, or the largest possible."""
    largest = [int(min(chain.most.get(name, chain.total or 0), chain.total or 0)) for name in names]
    told = [chain.full[name] for name in names]
    if unknown == "neighbour":
        nearest = next((size for size in told if size is not None), None)
        for place, size in enumerate(told):
            nearest = told[place] = nearest if size is None else size
    return [most if size is None else size for size, most in zip(told, largest, strict=True)]
