"""A second biller, slow and obvious, to check the real one against.

Written from the rule book only. It keeps every block of every disk in a dict, knows which stored
copy each snapshot refers to, and then walks hour by hour in exact fractions. It shares nothing
with `ecs_images.billing` or `ecs_images.cloud.blocks`; of the toolkit it uses the events, the price
rows, and the published tables of sites, regions and units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise, product

from ecs_images.catalog.price_files import PriceRow
from ecs_images.catalog.prices import Prices
from ecs_images.catalog.regions import region
from ecs_images.catalog.sites import sites
from ecs_images.ledger import events as ev
from ecs_images.ledger.ledger import Ledger

HOUR = timedelta(hours=1)
UTC8 = timezone(timedelta(hours=8))
FAR = datetime(2199, 1, 1, tzinfo=UTC)
GIB = 1 << 30

Key = tuple[str, str, str, str, str]
"""account, currency, region, meter, month as YYYY-MM"""


class NoPrice(LookupError):
    """No row of the book prices this."""


# Chains (SNAP-2, CHAIN-2) -------------------------------------------------------------------------


class Blocks:
    """One disk and its snapshots, every block written out.

    `content` is block → version. `held` is, per live snapshot, block → (version, copy): which
    stored copy it refers to. Copies are numbered as they are stored, and never reused.
    """

    def __init__(self, written: int = 0) -> None:
        self.content: dict[int, int] = {}
        self.held: dict[object, dict[int, tuple[int, int]]] = {}
        self._versions = self._copies = 0
        self.write(0, written)

    def write(self, start: int, blocks: int) -> None:
        for block in range(start, start + blocks):
            self._versions += 1
            self.content[block] = self._versions

    def append(self, blocks: int) -> None:
        self.write(len(self.content), blocks)

    def reset(self, written: int) -> None:
        """A wholly new content: re-initialised, rolled back (ROLL-1), or released (0)."""
        self.content.clear()
        self.write(0, written)

    def become(self, content: dict[int, int]) -> None:
        """Take over the versions of another's blocks, as a copy does."""
        self.content = dict(content)

    def snapshot(self, name: object) -> list[int]:
        """Take a snapshot; gives the copies it stores anew: of versions that no live one refers to.

        On a disk a version never returns, so there it is the newest that refers to it, or none.
        """
        there = {(block, kept[0]): kept for held in self.held.values() for block, kept in held.items()}
        taken, stored = {}, []
        for block, version in self.content.items():
            before = there.get((block, version))
            if before is not None:
                taken[block] = before
            else:
                self._copies += 1
                taken[block] = version, self._copies
                stored.append(self._copies)
        self.held[name] = taken
        return stored

    def delete(self, name: object) -> set[int]:
        """Delete a snapshot; gives the copies that this frees."""
        freed = self.freed([name])
        del self.held[name]
        return freed

    def copies(self, names: Iterable[object]) -> set[int]:
        """The copies that any of these snapshots refers to."""
        return {copy for name in names for _, copy in self.held[name].values()}

    def freed(self, names: Iterable[object]) -> set[int]:
        """The copies that only these snapshots refer to."""
        chosen = set(names)
        return self.copies(chosen) - self.copies(set(self.held) - chosen)


# What happened ------------------------------------------------------------------------------------


@dataclass
class Copy:
    """One stored copy: its size, whose it is, and when it was stored and freed."""

    account: str
    region: str
    size: int
    stored: datetime
    freed: datetime = FAR
    holders: list[tuple[str, datetime]] = field(default_factory=list)
    """Snapshots that refer to it, and since when: who stores it, once finished; later ones, once begun."""


@dataclass
class Traffic:
    """What was sent to another region, paid for where it came from: by a copied snapshot or image, or by files."""

    meter: str
    account: str
    region: str
    to: str
    snapshot: str
    image: str
    size: int
    at: datetime


@dataclass
class Files:
    """The files of an exported image in a bucket (EXP-3)."""

    account: str
    region: str
    image: str
    size: int
    start: datetime
    end: datetime = FAR


@dataclass
class Fee:
    """A stretch during which an instance's licence or marketplace fee runs."""

    account: str
    region: str
    meter: str
    item: str
    vcpus: int
    image: str
    start: datetime
    end: datetime


@dataclass
class Machine:
    """A stretch during which an instance computes, or a disk is there; `gib` is 0 for an instance."""

    account: str
    region: str
    meter: str
    item: str
    gib: int
    start: datetime
    end: datetime = FAR


@dataclass
class Paid:
    """Something paid at once for some terms: of a subscription, or a product for good; below 0 what is given back."""

    account: str
    region: str
    meter: str
    item: str
    vcpus: int
    image: str
    term: str
    terms: Fraction
    at: datetime


@dataclass
class Facts:
    """All that costs money, and who backs whom."""

    currency: dict[str, str] = field(default_factory=dict)
    copies: list[Copy] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    files: dict[str, Files] = field(default_factory=dict)
    fees: list[Fee] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    paid: list[Paid] = field(default_factory=list)
    ended: dict[str, datetime] = field(default_factory=dict)
    backed: dict[str, list[tuple[str, datetime, datetime]]] = field(default_factory=lambda: defaultdict(list))


class Reader:
    """Reads a ledger once, in order."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.block_bytes = 0
        self.late_copies_whole = False
        self.disks: dict[str, ev.DiskCreated] = {}
        self.chains: dict[str, Blocks] = {}
        self.chain_of: dict[str, str] = {}
        self.place: dict[str, int] = {}
        self.sizes: dict[str, int] = {}
        self.content: dict[str, int] = {}
        self.chain_of_copies: dict[tuple[str, str], tuple[str, str]] = {}
        self.copy: dict[tuple[str, int], Copy] = {}
        self.running: dict[str, dict[str, object]] = {}
        self.computing: dict[str, Machine] = {}
        self.disk_lives: dict[str, Machine] = {}
        self.subscribed: dict[str, dict[str, object]] = {}
        self.bought: dict[str, ev.ProductBought] = {}
        self.cut: dict[str, datetime] = {}
        self.images: dict[str, ev.ImageCreated] = {}
        self.image_ended: dict[str, datetime] = {}

    def read(self, ledger: Ledger) -> Facts:
        self.prepaid_machines = {
            event.instance: event
            for event in ledger
            if isinstance(event, ev.InstanceLaunched) and event.billing == "subscription"
        }
        self.cut = {event.image: event.at for event in ledger if isinstance(event, ev.ImageDeleted)}
        self.cut |= {event.snapshot: event.at for event in ledger if isinstance(event, ev.SnapshotDeleted)}
        for event in ledger:
            self._happen(event)
        for instance in list(self.running):
            self._stop_fee(instance, FAR)
        for name, image in self.images.items():
            for mapping in image.mappings:
                span = name, image.at, self.image_ended.get(name, FAR)
                self.facts.backed[mapping.snapshot].append(span)
        return self.facts

    def _happen(self, event: ev.Event) -> None:
        self._machines(event)
        match event:
            case ev.CloudStarted():
                self.block_bytes = event.block_bytes
                self.late_copies_whole = dict(event.assume).get("UNK-15") == "whole"
            case ev.AccountOpened():
                self.facts.currency[event.account] = sites()[event.site].currency
            case ev.DiskCreated():
                self.disks[event.disk] = event
                self.chains[event.disk] = Blocks(event.written_blocks)
            case ev.DiskWritten():
                self.chains[event.disk].write(event.start, event.overwritten)
                self.chains[event.disk].append(event.appended)
            case ev.DiskReinitialised():
                self.chains[event.disk].reset(self.disks[event.disk].initial_blocks)
            case ev.DiskRolledBack():
                self.chains[event.disk].reset(self.content[event.snapshot] // self.block_bytes)
            case ev.SnapshotStarted():
                disk = self.disks[event.disk]
                self._snapshot(event.disk, disk.account, disk.region, self.block_bytes, event)
            case ev.SnapshotStored():
                # A copied or imported snapshot is full, in a chain of its own (UNK-11, IMP-6).
                self.chains[event.snapshot] = Blocks(1 if event.content_bytes else 0)
                self._snapshot(event.snapshot, event.account, event.region, event.content_bytes, event)
            case ev.SnapshotCopied():
                self._copied(event)
            case ev.SnapshotDeleted() | ev.SnapshotFailed():
                chain = self.chain_of[event.snapshot]
                self.facts.ended[event.snapshot] = event.at
                for number in self.chains[chain].delete(event.snapshot):
                    self.copy[chain, number].freed = event.at
            case ev.ImageCreated():
                self.images[event.image] = event
            case ev.ImageDeleted():
                self.image_ended[event.image] = event.at
            case ev.ImageCopyStarted():
                # Sent whole, between regions only (COPY-10).
                copy, source = self.images[event.image], self.images[self.images[event.image].source]
                if copy.region != source.region:
                    size = sum(self.content[mapping.snapshot] for mapping in source.mappings)
                    size = self._part(size, event.image, event)
                    self._sent("image_copy_traffic", copy.account, source.region, copy.region, "", copy.image, size,
                               event.at)  # fmt: skip
            case ev.ImageExported():
                size = sum(self.content[mapping.snapshot] for mapping in self.images[event.image].mappings)
                self.facts.files[event.files] = Files(event.account, event.region, event.image, size, event.finishes_at)
            case ev.FilesReplicated():
                there = self.facts.files[event.source]
                self.facts.files[event.files] = Files(there.account, event.to, there.image, there.size,
                                                      event.finishes_at)  # fmt: skip
                self._sent("oss_cross_region_replication", there.account, there.region, event.to, "", there.image,
                           there.size, event.at)  # fmt: skip
            case ev.FilesDeleted():
                self.facts.files[event.files].end = event.at
            case _:
                self._instance(event)

    def _machines(self, event: ev.Event) -> None:
        """Disks are there from creation to release; an instance computes but for economical stops (IBILL-3)."""
        match event:
            case ev.DiskCreated() if event.instance not in self.prepaid_machines:
                self._begin(self.disk_lives, event.disk, Machine(
                    event.account, event.region, "disk", event.category, event.size_gib, event.at))  # fmt: skip
            case ev.DiskReleased() if event.disk in self.disk_lives:
                self.disk_lives.pop(event.disk).end = event.at
            case ev.InstanceLaunched(billing="subscription"):
                self._machine_paid(event, event.periods, event.at)
            case ev.InstanceRenewed():
                self._machine_paid(self.prepaid_machines[event.instance], event.periods, event.at)
            case ev.InstanceLaunched():
                self._begin(self.computing, event.instance, Machine(
                    event.account, event.region, "instance", event.instance_type, 0, event.at))  # fmt: skip
                self.computing[f"as {event.instance}"] = self.computing[event.instance]
            case ev.InstanceStopped(mode="economical") | ev.InstanceReleased() if event.instance in self.computing:
                self.computing.pop(event.instance).end = event.at
            case ev.InstanceStarted() | ev.SystemDiskReplaced() if event.instance not in {
                **self.computing,
                **self.prepaid_machines,
            }:
                again = replace(self.computing[f"as {event.instance}"], start=event.at, end=FAR)
                self._begin(self.computing, event.instance, again)
            case _:
                pass

    def _machine_paid(self, launched: ev.InstanceLaunched, periods: int, at: datetime) -> None:
        """A prepaid machine, its disks included, is paid with its licence."""
        who = launched.account, launched.region, "instance", launched.instance_type, launched.vcpus, launched.image
        self.facts.paid.append(Paid(*who, str(launched.period), Fraction(periods), at))

    def _begin(self, table: dict[str, Machine], name: str, stretch: Machine) -> None:
        table[name] = stretch
        self.facts.machines.append(stretch)

    def _copied(self, event: ev.SnapshotCopied) -> None:
        """The copies of a chain's snapshots in a region are a chain, the first of them full (SCOPY-2).

        A block is the same when both originals refer to the same stored copy of it. A copy of a
        snapshot older than the newest one copied brings what the region lacks, or, if it is supposed to be
        sent whole, begins a chain anew (UNK-15). What is stored was sent (SCOPY-3).
        """
        source = self.chain_of[event.source]
        chain, newest = self.chain_of_copies.get((source, event.to), ("", ""))
        if not chain or (self.late_copies_whole and self.place[event.source] < self.place[newest]):
            chain = event.snapshot
            self.chains[chain] = Blocks()
        self.chain_of_copies[source, event.to] = chain, event.source
        held = self.chains[source].held[event.source]
        self.chains[chain].become({block: copy for block, (_, copy) in held.items()})
        size = self.sizes[source]
        sent = self._snapshot(chain, event.account, event.to, size, event) * size
        sent = self._part(sent, event.snapshot, event)
        self._sent("snapshot_copy_traffic", event.account, event.region, event.to, event.snapshot, "", sent, event.at)

    def _part(self, size: int, copy: str, event: ev.ImageCopyStarted | ev.SnapshotCopied) -> int:
        """Of a copy that goes before it is done, the part of its time that it had, in whole bytes (UNK-14)."""
        end = min(self.cut.get(copy, FAR), event.finishes_at)
        if end == event.finishes_at:
            return size
        return round(Fraction(size * int((end - event.at).total_seconds()),
                              int((event.finishes_at - event.at).total_seconds())))  # fmt: skip

    def _sent(self, *what: object) -> None:
        self.facts.traffic.append(Traffic(*what))

    def _snapshot(
        self,
        chain: str,
        account: str,
        region_id: str,
        size: int,
        event: ev.SnapshotStarted | ev.SnapshotStored | ev.SnapshotCopied,
    ) -> int:
        """What is stored anew exists from the end of the snapshot's creation (BILL-3); gives how many blocks."""
        self.chain_of[event.snapshot] = chain
        self.place[event.snapshot] = len(self.place)
        self.sizes[chain] = size
        self.content[event.snapshot] = len(self.chains[chain].content) * size
        stored = self.chains[chain].snapshot(event.snapshot)
        for number in stored:
            copy = Copy(account, region_id, size, event.finishes_at)
            self.facts.copies.append(copy)
            self.copy[chain, number] = copy
        for number in self.chains[chain].copies([event.snapshot]):
            since = event.finishes_at if number in stored else event.at
            self.copy[chain, number].holders.append((event.snapshot, since))
        return len(stored)

    def _instance(self, event: ev.Event) -> None:
        """Fees run from launch to release (IBILL-2), not during economical stops (IBILL-3)."""
        match event:
            case ev.ProductBought():
                self.bought[event.purchase] = event
                if event.billing == "once":
                    self._pay_once(event.purchase, 1, event.at)
            case ev.PurchaseRefunded():
                self._pay_once(event.purchase, -1, event.at)
            case ev.InstanceLaunched() if event.billing == "subscription":
                self.subscribed[event.instance] = {
                    "who": event, "image": event.image, "lineage": event.lineage, "purchase": event.purchase,
                    "periods": event.periods,
                }  # fmt: skip
                self._prepay(event.instance, Fraction(event.periods), event.at)
            case ev.InstanceRenewed():
                self.subscribed[event.instance]["periods"] += event.periods
                self._prepay(event.instance, Fraction(event.periods), event.at)
            case ev.SystemDiskReplacementStarted() if event.instance in self.subscribed:
                self.subscribed[event.instance]["refunded"] = event.refunded
            case ev.SystemDiskReplaced() if event.instance in self.subscribed:
                self._settle(event)
            case ev.InstanceReleased() if event.instance in self.subscribed:
                pass
            case ev.InstanceStarted() if event.instance in self.subscribed:
                pass
            case ev.InstanceLaunched():
                self.running[event.instance] = {
                    "who": event, "image": event.image, "lineage": event.lineage, "since": event.at,
                    "purchase": event.purchase,
                }  # fmt: skip
            case ev.InstanceStopped(licence_suspended=True):
                self._stop_fee(event.instance, event.at)
                self.running[event.instance]["since"] = None
            case ev.InstanceStarted():
                self.running[event.instance]["since"] = self.running[event.instance]["since"] or event.at
            case ev.SystemDiskReplaced():
                # The old fee stops and the new one runs from the end of the change (OS-6, UNK-5).
                self._stop_fee(event.instance, event.at)
                self.running[event.instance] |= {
                    "image": event.image, "lineage": event.lineage, "since": event.at, "purchase": event.purchase
                }  # fmt: skip
            case ev.InstanceReleased():
                self._stop_fee(event.instance, event.at)
                del self.running[event.instance]
            case _:
                pass

    def _stop_fee(self, instance: str, at: datetime) -> None:
        now = self.running[instance]
        who, lineage, since = now["who"], now["lineage"], now["since"]
        for meter, item in (("os_licence", lineage.charged_system), ("marketplace_fee", lineage.product_code)):
            if meter == "marketplace_fee" and now["purchase"] and self.bought[now["purchase"]].billing == "once":
                continue  # It was paid for good (MKT-3).
            if item and since is not None:
                self.facts.fees.append(
                    Fee(who.account, who.region, meter, item, who.vcpus, now["image"], since, at)
                )  # fmt: skip

    def _pay_once(self, purchase: str, terms: int, at: datetime) -> None:
        bought = self.bought[purchase]
        self.facts.paid.append(Paid(bought.account, bought.region, "marketplace_fee", bought.product, 0,
                                    f"m-{bought.product}", "once", Fraction(terms), at))  # fmt: skip

    def _prepay(self, instance: str, terms: Fraction, at: datetime, meters: str = "os_licence marketplace_fee") -> None:
        """What an instance's system costs for so many of its periods (IBILL-2, MKT-2)."""
        now = self.subscribed[instance]
        who, lineage = now["who"], now["lineage"]
        for meter, item in (("os_licence", lineage.charged_system), ("marketplace_fee", lineage.product_code)):
            bought_before = meter == "marketplace_fee" and now["purchase"]
            if item and meter in meters and not bought_before:
                self.facts.paid.append(Paid(who.account, who.region, meter, item, who.vcpus, now["image"], who.period,
                                            terms, at))  # fmt: skip

    def _settle(self, event: ev.SystemDiskReplaced) -> None:
        """The rest of the time goes to the new system: licences by difference (OS-6), products as MKT-5 says."""
        now = self.subscribed[event.instance]
        who, old = now["who"], now["lineage"]
        ends = [_later(who.at, who.period, number) for number in range(now["periods"] + 1)]
        left = sum(
            (Fraction(int((end - max(begin, event.at)).total_seconds()), int((end - begin).total_seconds()))
             for begin, end in pairwise(ends) if event.at < end),
            Fraction(0),
        )  # fmt: skip
        licence, product = (
            old.charged_system != event.lineage.charged_system,
            old.product_code != event.lineage.product_code,
        )
        if licence:
            self._prepay(event.instance, -left, event.at, "os_licence")
        if product and now["refunded"]:
            self._prepay(event.instance, -left, event.at, "marketplace_fee")
        now |= {"image": event.image, "lineage": event.lineage, "purchase": event.purchase}
        self._prepay(event.instance, left, event.at, "os_licence" * licence + " marketplace_fee" * product)


def _later(start: datetime, period: str, number: int) -> datetime:
    """The same day and time so many weeks, months or years later; the last day of a month that is too short."""
    if period == "week":
        return start + timedelta(days=7 * number)
    months = start.month + number * (12 if period == "year" else 1)
    first = datetime(start.year + (months - 1) // 12, (months - 1) % 12 + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return start.replace(year=first.year, month=first.month, day=min(start.day, last.day))


# Prices -------------------------------------------------------------------------------------------


def price_rows(
    prices: Prices,
    currency: str,
    meter: str,
    item: str,
    region_id: str,
    vcpus: int,
    hour: datetime,
    to: str = "",
    term: str = "",
) -> list[PriceRow]:
    """The rows that hold in an hour: one, or the tiers of storage; with a term, of what is paid for it at once.

    A later row ends an earlier one; a layer goes before the book, then a region's own row before
    a wider scope; of traffic `to` a region, first where it comes from, then where it goes. Days
    are those of UTC+8.
    """
    day = hour.astimezone(UTC8).date()
    pairs = list(product(region(region_id).scopes, region(to).scopes if to else ("",)))
    for layer in sorted({row.layer for row in prices.rows}, reverse=True):
        for pair in pairs:
            known = [
                row
                for row in prices.rows
                if (row.layer, (row.region_id, row.to_region_id), row.currency) == (layer, pair, currency)
                and (row.meter, row.item, row.billing_method)
                == (meter, item, "subscription" if term else "pay_as_you_go")
                and (not term or row.unit.endswith("_activation" if term == "once" else f"_{term}"))
                and row.price is not None
                and row.valid_from <= day
                and (row.quantity_unit != "vCPU" or row.from_quantity <= vcpus < row.to_quantity)
            ]
            latest = max((row.valid_from for row in known), default=None)
            holding = [
                row for row in known if row.valid_from == latest and (row.valid_until is None or day < row.valid_until)
            ]
            if holding:
                first_of_tier = {row.from_quantity: row for row in reversed(holding)}
                return [first_of_tier[low] for low in sorted(first_of_tier)]
    raise NoPrice(f"{meter} {item} {region_id} {to} {day} {currency}")


def per_hour(row: PriceRow) -> Fraction:
    """The price for one hour; a month has 720 (BILL-2)."""
    return Fraction(str(row.price)) / (720 if row.unit.endswith("_month") else 1)


def storage_cost(rows: list[PriceRow], size: int) -> Fraction:
    """One hour of `size` bytes; a tier prices only the part that lies in it."""
    total, gib = Fraction(0), Fraction(size, GIB)
    for row in rows:
        low = Fraction(str(row.from_quantity))
        part = gib - low if row.to_quantity == float("inf") else min(gib, Fraction(str(row.to_quantity))) - low
        total += max(part, Fraction(0)) * per_hour(row)
    return total


# The bill -----------------------------------------------------------------------------------------


class Oracle:
    """The bill of a ledger until a moment, with every share of it.

    `bill` sums by account, currency, region, meter and month. `snapshots` and `images` are shares
    by (name, currency): a copy's cost in an hour is split equally among the snapshots that hold
    it then, a snapshot's share among the images it backs. Traffic of
    a copied snapshot is its own, and no image's; of a copied image the copy's, of files the
    exported image's. `gib_hours` is what was stored. Machines are billed if `machines`.
    What has no price is in `unpriced`, by account, currency, region and meter: GiB-hours, GiB sent or instance-hours.
    """

    def __init__(
        self, ledger: Ledger, prices: Prices, until: datetime, since: datetime | None = None, *, machines: bool = False
    ) -> None:
        self.facts, self.prices = Reader().read(ledger), prices
        self.facts.machines = self.facts.machines if machines else []
        self.facts.paid = [paid for paid in self.facts.paid if machines or paid.meter != "instance"]
        self.unpriced: dict[tuple[str, str, str, str], Fraction] = defaultdict(Fraction)
        self._known: dict[tuple[object, ...], list[PriceRow] | None] = {}
        self.bill: dict[Key, Fraction] = defaultdict(Fraction)
        self.snapshots: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self.images: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
        self.gib_hours = Fraction(0)
        hour = (since or ledger[0].at).replace(minute=0, second=0)
        while hour < until:
            self._store(hour)
            self._send(hour)
            self._keep(hour)
            self._run(hour)
            self._work(hour)
            self._pay(hour)
            hour += HOUR

    def _rows(
        self,
        currency: str,
        meter: str,
        item: str,
        region_id: str,
        vcpus: int,
        hour: datetime,
        to: str = "",
        term: str = "",
    ) -> list[PriceRow] | None:
        """The prices of an hour, looked up once a day; None where there are none."""
        key = currency, meter, item, region_id, vcpus, hour.astimezone(UTC8).date(), to, term
        if key not in self._known:
            try:
                self._known[key] = price_rows(self.prices, currency, meter, item, region_id, vcpus, hour, to, term)
            except NoPrice:
                self._known[key] = None
        return self._known[key]

    def _store(self, hour: datetime) -> None:
        """A copy that lives at any instant of the hour counts for the whole hour (BILL-2)."""
        alive: dict[tuple[str, str], list[Copy]] = defaultdict(list)
        for copy in self.facts.copies:
            if copy.stored < copy.freed and copy.stored < hour + HOUR and copy.freed > hour:
                alive[copy.account, copy.region].append(copy)
        for (account, region_id), copies in alive.items():
            currency = self.facts.currency[account]
            total = sum(copy.size for copy in copies)
            rows = self._rows(currency, "snapshot_standard", "", region_id, 0, hour)
            if rows is None:
                self.unpriced[account, currency, region_id, "snapshot_standard"] += Fraction(total, GIB)
                continue
            cost = storage_cost(rows, total)
            self.bill[account, currency, region_id, "snapshot_standard", _month(hour)] += cost
            self.gib_hours += Fraction(total, GIB)
            for copy in copies:
                self._share(copy, hour, currency, cost * copy.size / total)

    def _share(self, copy: Copy, hour: datetime, currency: str, cost: Fraction) -> None:
        holders = [
            name
            for name, since in copy.holders
            if since < hour + HOUR and since < self._end(name) and self._end(name) > hour
        ]
        for name in holders:
            self.snapshots[name, currency] += cost / len(holders)
            images = [
                image
                for image, start, end in self.facts.backed[name]
                if start < end and start < hour + HOUR and end > hour
            ]
            for image in images or [""]:
                self.images[image, currency] += cost / len(holders) / max(len(images), 1)

    def _end(self, snapshot: str) -> datetime:
        return self.facts.ended.get(snapshot, FAR)

    def _send(self, hour: datetime) -> None:
        """What a copy sends is charged once, in the hour in which it begins (SCOPY-3)."""
        for sent in self.facts.traffic:
            if sent.size and hour <= sent.at < hour + HOUR:
                currency = self.facts.currency[sent.account]
                known = any((row.meter, row.currency) == (sent.meter, currency) for row in self.prices.rows)
                if sent.meter == "image_copy_traffic" and not known:
                    continue  # Not charged for now: nothing, until somebody gives a price (UNK-2).
                rows = self._rows(currency, sent.meter, "", sent.region, 0, hour, sent.to)
                if rows is None:
                    self.unpriced[sent.account, currency, sent.region, sent.meter] += Fraction(sent.size, GIB)
                    continue
                (row,) = rows
                cost = Fraction(str(row.price)) * Fraction(sent.size, GIB)
                self.bill[sent.account, currency, sent.region, sent.meter, _month(hour)] += cost
                if sent.snapshot:
                    self.snapshots[sent.snapshot, currency] += cost
                self.images[sent.image, currency] += cost

    def _keep(self, hour: datetime) -> None:
        """Files are billed like snapshots, by the full hour (ASSUME-7), and belong to the image they hold."""
        alive: dict[tuple[str, str], list[Files]] = defaultdict(list)
        for files in self.facts.files.values():
            if files.size and files.start < files.end and files.start < hour + HOUR and files.end > hour:
                alive[files.account, files.region].append(files)
        for (account, region_id), there in alive.items():
            currency = self.facts.currency[account]
            total = sum(files.size for files in there)
            rows = self._rows(currency, "oss_standard_lrs_storage", "", region_id, 0, hour)
            if rows is None:
                self.unpriced[account, currency, region_id, "oss_standard_lrs_storage"] += Fraction(total, GIB)
                continue
            cost = storage_cost(rows, total)
            self.bill[account, currency, region_id, "oss_standard_lrs_storage", _month(hour)] += cost
            for files in there:
                self.images[files.image, currency] += cost * files.size / total

    def _run(self, hour: datetime) -> None:
        """Fees run by the second (IBILL-2); whoever launched pays them (IBILL-5)."""
        for fee in self.facts.fees:
            seconds = (min(fee.end, hour + HOUR) - max(fee.start, hour)).total_seconds()
            if seconds <= 0:
                continue
            currency = self.facts.currency[fee.account]
            rows = self._rows(currency, fee.meter, fee.item, fee.region, fee.vcpus, hour)
            if rows is None:
                self.unpriced[fee.account, currency, fee.region, fee.meter] += Fraction(int(seconds), 3600)
                continue
            (row,) = rows
            count = fee.vcpus if row.unit.startswith("per_vcpu") else 1
            cost = per_hour(row) * count * Fraction(int(seconds), 3600)
            self.bill[fee.account, currency, fee.region, fee.meter, _month(hour)] += cost
            self.images[fee.image, currency] += cost

    def _work(self, hour: datetime) -> None:
        """Machines run by the second and belong to no image."""
        for machine in self.facts.machines:
            seconds = (min(machine.end, hour + HOUR) - max(machine.start, hour)).total_seconds()
            if seconds <= 0:
                continue
            currency, quantity = self.facts.currency[machine.account], Fraction(int(seconds), 3600) * (machine.gib or 1)
            rows = self._rows(currency, machine.meter, machine.item, machine.region, 0, hour)
            if rows is None:
                self.unpriced[machine.account, currency, machine.region, machine.meter] += quantity
                continue
            (row,) = rows
            self.bill[machine.account, currency, machine.region, machine.meter, _month(hour)] += (
                per_hour(row) * quantity
            )
            self.images["", currency] += per_hour(row) * quantity

    def _pay(self, hour: datetime) -> None:
        """What is paid at once, whole, at the price of the day on which it is paid."""
        for paid in self.facts.paid:
            if hour <= paid.at < hour + HOUR:
                currency = self.facts.currency[paid.account]
                rows = self._rows(currency, paid.meter, paid.item, paid.region, paid.vcpus, hour, term=paid.term)
                if rows is None:
                    self.unpriced[paid.account, currency, paid.region, paid.meter] += paid.terms
                    continue
                (row,) = rows
                count = paid.vcpus if row.unit.startswith("per_vcpu") else 1
                cost = Fraction(str(row.price)) * count * paid.terms
                self.bill[paid.account, currency, paid.region, paid.meter, _month(hour)] += cost
                self.images[paid.image, currency] += cost


def _month(hour: datetime) -> str:
    return f"{hour.astimezone(UTC8):%Y-%m}"
