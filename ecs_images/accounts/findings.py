"""What in an account may be superfluous, with evidence, money, and what can be known about its use from here.

Three verdicts. *In use* names by what. *Proved unused* says that complete lists of images, disks and instances have
nothing that needs it; so it is said of snapshots only. Of an image it is never said: launch templates, scaling
groups, other accounts and people's plans are in no list, so it *cannot be known from here*, and the finding says
what would settle it.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from shlex import quote
from typing import TYPE_CHECKING, Any

from ..cards import counted
from ..catalog.images import public_images
from ..catalog.limits import constant
from ..catalog.meters import OS_LICENCE
from ..catalog.schemas import TABLES
from ..catalog.sites import site_of_currency
from ..cloud.cloud import Cloud
from ..wire.answers import BY_OPERATION
from ..wording import listed
from .allocation import Backing, allocated
from .answers import fetching
from .bounds import Freed
from .chains import AccountChain, complete, own_images, records
from .costs import AccountBill, Fees
from .simulated import simulated
from .tables import HasTables

if TYPE_CHECKING:
    import pandas as pd

IN_USE, UNUSED, UNKNOWN = "in use", "proved unused", "cannot be known from here"
VERDICTS = (UNUSED, UNKNOWN, IN_USE)
"""What may go stands before what is not known, and that before what may not."""
KINDS = {
    "left_behind": "snapshots that a deleted image left behind, as an older list of images shows",
    "released_disk": "snapshots of a released disk that back no image and no disk",
    "never_launched": "images from which nothing here runs",
    "copied_and_unused": "copies of images from which nothing here runs",
    "old_version": "images with newer ones in their family or naming series",
    "shared": "images shared with accounts whose use is not seen",
    "carries_a_fee": "images that charge a fee to whoever launches them",
    "service_key": "snapshots encrypted under a key of the service, whose images cannot be shared",
    "chain_without_use": "chains of which no snapshot has any use",
    "kept_for_good": "automatic snapshots without retention",
    "regions_without_use": "the same build in regions where nothing runs",
}
"""The kinds of findings, in words."""

FINDINGS = TABLES["findings"]
_VERSION = re.compile(r"[-_.]?v?\d[\d.:_TZ-]*$")
"""The part of a name that tells versions apart: web-2026-05-01 and web-2026-06-01 are a series."""
_NEEDED = ("DescribeImages", "DescribeSnapshots", "DescribeDisks", "DescribeInstances")
"""The lists without which nothing is proved."""
_NOT_ALL = "not all lists of its region are here, whole and of one time"
_RELEASED = "its disk is released, and no image and no disk comes from it; the service says none too"


@dataclass(frozen=True)
class Finding:
    """One finding, before its money.

    kind: a key of `KINDS`
    account_id, region_id: where it is
    resources: ids of images, or of snapshots
    snapshots: the snapshots that go if it is followed
    verdict: `IN_USE`, `UNUSED` or `UNKNOWN`
    evidence: what was seen
    settle: what would settle it; empty for a verdict that is settled
    """

    kind: str
    account_id: str
    region_id: str
    resources: tuple[str, ...]
    snapshots: frozenset[str]
    verdict: str
    evidence: str
    settle: str = ""


@dataclass(frozen=True)
class Uses:
    """What uses the images and snapshots of an account, as far as its lists tell.

    bill: the bill of the account
    """

    bill: AccountBill

    @cached_property
    def images(self) -> dict[str, Any]:
        """The account's own images by id."""
        return {row.image_id: row for row in own_images(self.bill.inventory)}

    @cached_property
    def snapshots(self) -> dict[str, Any]:
        return {row.snapshot_id: row for row in records(self.bill.inventory, "snapshots")}

    @cached_property
    def disks(self) -> dict[str, Any]:
        return {row.disk_id: row for row in records(self.bill.inventory, "disks")}

    @cached_property
    def backing(self) -> Backing:
        """Which snapshots are behind which images."""
        return Backing(self.bill.inventory)

    @cached_property
    def without_snapshots(self) -> set[str]:
        """The images behind which no snapshot is told, so that what they store is not known."""
        return set(self.images) - self.backing.snapshots.keys()

    @cached_property
    def shares(self) -> dict[str, list[str]]:
        """The accounts that each image is shared with."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.bill.inventory.tables["shares"].itertuples(index=False):
            found[str(row.image_id)].append(str(row.with_account_id))
        return dict(found)

    @cached_property
    def of_image(self) -> dict[str, list[str]]:
        """What here was made from each image: instances, and disks whose instance is not listed as such."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in records(self.bill.inventory, "instances"):
            found[row.image_id].append(row.instance_id)
        for row in self.disks.values():
            if row.image_id and row.instance_id not in found[row.image_id]:
                found[row.image_id].append(row.disk_id)
        return {image: uses for image, uses in found.items() if uses}

    @cached_property
    def of_snapshot(self) -> dict[str, list[str]]:
        """The images and disks that need each snapshot."""
        found: dict[str, list[str]] = defaultdict(list)
        for snapshot, images in self.backing.images.items():
            found[snapshot] += images
        for row in self.disks.values():
            if row.source_snapshot_id:
                found[row.source_snapshot_id].append(row.disk_id)
        return dict(found)

    def shared(self, image: Any) -> bool:
        return image.is_shared == "true" or image.image_id in self.shares

    def shares_line(self, image: Any) -> str:
        """The command that would say whom an image is shared with."""
        # With --pager the tool loses one of the two lists of this answer.
        of = f"--RegionId {quote(image.region_id)} --ImageId {quote(image.image_id)}"
        return f"aliyun ecs DescribeImageSharePermission {of} --PageSize {constant('page_size_max'):g}"

    @cached_property
    def newest(self) -> set[str]:
        """The newest image of each family of an account in a region, which a launch by family takes."""
        newest: dict[tuple[str, str, str], Any] = {}
        for row in self.images.values():
            key = row.account_id, row.region_id, row.family
            if row.family and (key not in newest or moment(row) > moment(newest[key])):
                newest[key] = row
        return {row.image_id for row in newest.values()}

    @cached_property
    def missing(self) -> dict[str, str]:
        """For each region without all its lists, or with lists of different times, the operation to ask again."""
        found: dict[str, str] = {}
        places = {(row.account_id, row.region_id) for row in [*self.images.values(), *self.snapshots.values()]}
        for account, region in sorted(places):
            lacking = [what for what in _NEEDED if not complete(self.bill.inventory, what, region)]
            dates = {what: _newest(self.bill.inventory, what, account, region) for what in _NEEDED}
            told = {what: date for what, date in dates.items() if date is not None}
            oldest = [what for what in told if told[what] < max(told.values())]
            if lacking or oldest:
                found[region] = (lacking or oldest)[0]
        return found

    @cached_property
    def copied_now(self) -> dict[str, str]:
        """For each snapshot that is being copied, the copy."""
        rows = self.snapshots.values()
        return {row.source_snapshot_id: row.snapshot_id for row in rows if row.status == "progressing"}

    @cached_property
    def cloud(self) -> Cloud:
        """The account as a simulated cloud, to ask it what the service would refuse; fork it first."""
        return simulated(self.bill.inventory, site_of_currency(self.bill.currency).name, self.bill.at).cloud

    @cached_property
    def fees(self) -> Fees:
        return Fees(self.bill.inventory, self.bill.prices)

    @cached_property
    def charged_systems(self) -> set[str]:
        """The systems whose licence is charged somewhere, as the catalogue or the price book says (LIC-1, LIC-2)."""
        priced = {row.item for row in self.bill.prices.rows if row.meter == OS_LICENCE and row.price}
        return priced | {public.os_family for public in public_images().values() if public.fee_kind != "free"}

    @cached_property
    def once_behind(self) -> dict[str, set[str]]:
        """For each snapshot the images that older lists show it behind, and that are gone now."""
        found: dict[str, set[str]] = defaultdict(set)
        listed_now = {row.image_id for row in records(self.bill.inventory, "images")}
        for row in self.bill.inventory.tables["image_disks"].itertuples(index=False):
            if row.image_id not in listed_now:
                found[str(row.snapshot_id)].add(str(row.image_id))
        return dict(found)

    def verdict_of_image(self, image: Any) -> tuple[str, str, str]:
        """The verdict on an image, what was seen, and what would settle it."""
        by = self.of_image.get(image.image_id, [])
        if by:
            return IN_USE, f"{listed(by)} run{'s' if len(by) == 1 else ''} from it or can be re-initialised to it", ""
        if image.usage == "instance":
            return IN_USE, "the service says that instances run from it", ""
        if image.region_id in self.missing:
            return UNKNOWN, _NOT_ALL, fetching(self.missing[image.region_id], image.region_id)
        if self.shared(image):
            who = listed(self.shares.get(image.image_id, [])) if image.image_id in self.shares else "other accounts"
            ask = f"ask {who} whether they launch it" if image.image_id in self.shares else self.shares_line(image)
            return UNKNOWN, f"nothing here runs from it, but {who} may", ask
        seen = "no instance and no disk here comes from it"
        if image.image_id in self.newest:
            seen += f"; it is the newest of the family {image.family}, which a launch by family takes"
        templates = f"aliyun ecs DescribeLaunchTemplateVersions --RegionId {quote(image.region_id)}"
        return UNKNOWN, seen, f"{templates}, and scaling configurations"

    def verdict_of_snapshot(self, snapshot: Any) -> tuple[str, str, str]:
        """The verdict on a snapshot, what was seen, and what would settle it."""
        by = self.of_snapshot.get(snapshot.snapshot_id, [])
        if by:
            return IN_USE, f"{listed(by)} need{'s' if len(by) == 1 else ''} it", ""
        if snapshot.usage not in ("", "none"):
            return IN_USE, f"the service says that it is used: {snapshot.usage}", ""
        if snapshot.snapshot_id in self.copied_now:
            return IN_USE, f"it is being copied to {self.copied_now[snapshot.snapshot_id]}", ""
        if snapshot.region_id in self.missing:
            return UNKNOWN, _NOT_ALL, fetching(self.missing[snapshot.region_id], snapshot.region_id)
        if snapshot.status != "accomplished":
            return UNKNOWN, f"status {snapshot.status or 'not told'}", fetching("DescribeSnapshots", snapshot.region_id)
        if not snapshot.usage:
            return UNKNOWN, "its answer does not tell its use", fetching("DescribeSnapshots", snapshot.region_id)
        if not snapshot.disk_id:
            return UNKNOWN, "nothing tells the disk it was taken of", f"ask who copied or made {snapshot.snapshot_id}"
        if snapshot.source_snapshot_id or snapshot.source_region_id not in ("", snapshot.region_id):
            source = snapshot.source_snapshot_id or f"a snapshot in {snapshot.source_region_id}"
            return UNKNOWN, f"a copy of {source}, kept here perhaps as a backup", f"ask who copies {source}"
        if snapshot.disk_id in self.disks:
            return UNKNOWN, f"a backup of the disk {snapshot.disk_id}", f"ask who runs {snapshot.disk_id}"
        if snapshot.tags:
            tags = listed([f"{key}={value}" for key, value in json.loads(snapshot.tags).items()])
            return UNKNOWN, f"{_RELEASED}; somebody tagged it {tags}", f"ask who set {tags}"
        return UNUSED, _RELEASED, ""


def findings(bill: AccountBill) -> pd.DataFrame:
    """What may be superfluous in an account, with its money for 30 days: a `FINDINGS` table, the dearest first.

    bill: the bill of the account

    An amount may stand in several findings, so they do not add up.
    """
    uses = Uses(bill)
    shares = allocated(bill)
    of_image = shares.groupby("image_id", observed=True)["list_cost"].sum().to_dict()
    of_snapshot = shares.groupby("snapshot_id", observed=True)["list_cost"].sum().to_dict()
    rows: list[tuple[object, ...]] = []
    for one in _found(uses):
        cost = sum((of_image if name in uses.images else of_snapshot).get(name, float("nan")) for name in one.resources)
        freed = bill.saved(one.snapshots)
        if uses.without_snapshots.intersection(one.resources):
            freed = Freed(0, float("nan"))
        where = one.kind, one.account_id, one.region_id, ",".join(one.resources)
        rows.append((*where, one.verdict, one.evidence, one.settle, bill.currency, cost, freed.low, freed.high))
    order = ["list_cost", "x_kind", "x_resources"]
    return FINDINGS.frame(rows).sort_values(order, ascending=[False, True, True], ignore_index=True)


def _found(uses: Uses) -> Iterator[Finding]:
    newer, elsewhere = _newer_versions(uses), _runs_elsewhere(uses)
    for name, image in uses.images.items():
        yield from _of_image(uses, image, newer.get(name, ""), elsewhere.get(name, []))
    for chain in uses.bill.chains:
        yield from _of_chain(uses, chain)


def _of_image(uses: Uses, image: Any, newer: str, elsewhere: list[str]) -> Iterator[Finding]:
    """What may be superfluous about an image.

    newer: how many newer images its family or naming series has, in words; empty: it is the newest, or in none
    elsewhere: the regions where an image of its name runs, if its own is none of them
    """
    verdict, seen, settle = uses.verdict_of_image(image)
    mine = uses.backing.only_behind(image.image_id)

    def finding(kind: str, evidence: str, settle: str = settle) -> Finding:
        return Finding(kind, image.account_id, image.region_id, (image.image_id,), mine, verdict, evidence, settle)

    if verdict != IN_USE:
        yield finding("copied_and_unused" if image.is_copied == "true" else "never_launched", seen)
    if uses.shared(image):
        names = uses.shares.get(image.image_id, [])
        told = f"shared with {listed(names)}" if names else "shared; with whom is not told"
        ask = f"ask {listed(names)} whether they launch it" if names else uses.shares_line(image)
        yield finding("shared", f"{told}; a share itself costs nothing", "" if verdict == IN_USE else ask)
    product, system = uses.fees.product_of(image.image_id), uses.fees.system_of(image.image_id)
    system = system if system in uses.charged_systems else ""
    if product or system:
        who = " and ".join(filter(None, (system, product and f"the product {product}")))
        yield finding("carries_a_fee", f"whoever launches it pays for {who}")
    if newer:
        yield finding("old_version", f"{newer}; {seen}")
    if elsewhere:
        yield finding("regions_without_use", f"the same name runs in {listed(elsewhere)}; {seen}")


def _newer_versions(uses: Uses) -> dict[str, str]:
    """For each image how many newer ones its family, or naming series, has in its account and region, in words."""
    series: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for image in uses.images.values():
        group = image.family or series_of(image.name)
        if group:
            series[image.account_id, image.region_id, group].append(image)
    return {
        image.image_id: f"{counted(newer, 'newer image')} of {name}"
        for (*_, name), images in series.items()
        for newer, image in enumerate(sorted(images, key=moment, reverse=True))
        if newer
    }


def _runs_elsewhere(uses: Uses) -> dict[str, list[str]]:
    """For each image of a region where none of its name runs, the regions where one does, if any."""
    running: dict[tuple[str, str], set[str]] = defaultdict(set)
    for image in uses.images.values():
        if uses.of_image.get(image.image_id):
            running[image.account_id, image.name].add(image.region_id)
    found = {}
    for name, image in uses.images.items():
        there = running.get((image.account_id, image.name), set())
        if image.name and image.region_id not in there:
            found[name] = sorted(there)
    return found


def _of_chain(uses: Uses, chain: AccountChain) -> Iterator[Finding]:
    snapshots = [uses.snapshots[name] for name in chain.known.full]
    verdicts = {row.snapshot_id: uses.verdict_of_snapshot(row) for row in snapshots}
    for row in snapshots:
        verdict, seen, settle = verdicts[row.snapshot_id]
        place = row.account_id, row.region_id, (row.snapshot_id,), frozenset([row.snapshot_id])
        if row.snapshot_id in uses.once_behind and verdict != IN_USE:
            told = f"it was behind {listed(sorted(uses.once_behind[row.snapshot_id]))}, deleted since; {seen}"
            yield Finding("left_behind", *place, verdict, told, settle)
        elif seen.startswith(_RELEASED):
            yield Finding("released_disk", *place, verdict, seen, settle)
        if row.automatic == "true" and row.retention_days != row.retention_days:
            yield Finding("kept_for_good", *place, verdict, f"taken by a policy, without an end; {seen}", settle)
        if row.encrypted == "true" and not row.kms_key:
            told = f"encrypted under the service's key, so what it backs cannot be shared (SHARE-6); {seen}"
            yield Finding("service_key", *place, verdict, told, settle)
    unused = [row for row in snapshots if verdicts[row.snapshot_id][0] == UNUSED]
    if unused and len(unused) == len(snapshots) and chain.known.listed_whole:
        names = tuple(row.snapshot_id for row in unused)
        told = f"none of its {counted(len(names), 'snapshot')} has any use, and the disk is released"
        some = unused[0]
        yield Finding("chain_without_use", some.account_id, some.region_id, names, frozenset(names), UNUSED, told)


def series_of(name: str) -> str:
    """The naming series of a name that ends in a version or a date, such as web…; empty for another name."""
    stem = _VERSION.sub("", name)
    return f"{stem}…" if stem and stem != name else ""


def moment(row: Any) -> tuple[float, str]:
    """When something was made, to order by; what is not told comes first."""
    return (float(row.created_at.timestamp()) if row.created_at == row.created_at else 0.0), row.image_id


def _newest(inventory: HasTables, what: str, account_id: str, region_id: str) -> Any:
    """When a list was saved last, also one that was empty then; None where nothing says so."""
    found = []
    for table in (inventory.tables[BY_OPERATION[what].table], inventory.coverage[inventory.coverage["what"] == what]):
        here = table[(table["account_id"] == account_id) & (table["region_id"] == region_id)]
        found += [here["taken_at"].max()] if here["taken_at"].notna().any() else []
    return max(found, default=None)
