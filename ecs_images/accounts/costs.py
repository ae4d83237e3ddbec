"""What an account costs: the next 30 days at today's rate, and the month so far where hours of it were saved.

Storage is exact, because totals of chains are. "Today" is the newest moment at which an answer was saved; 30 days
are a pricing month of 720 hours (BILL-2). What cannot be billed is listed with its reason, and is in no amount.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..billing.bill import Bill
from ..billing.rating import charges_of, curves, unpriced_of
from ..billing.schema import USAGE
from ..billing.unpriced import price_not_found
from ..catalog.instance_types import instance_type
from ..catalog.limits import constant
from ..catalog.meters import DISK, INSTANCE, MARKETPLACE_FEE, OS_LICENCE, STORAGE, asked_for, units
from ..catalog.prices import Prices
from ..catalog.regions import regions
from ..catalog.schemas import TABLES
from ..catalog.sites import site as site_of
from ..columns import seconds_of, times_of
from ..errors import InputError, PriceNotFound, UnknownName
from ..ledger.resources import published_lineage
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR, Time, bytes_to_gib, parse_time, to_seconds
from ..wording import amount
from .bounds import NOTHING, Freed
from .chains import AccountChain, chains_of, records
from .tables import UNDATED, HasTables

if TYPE_CHECKING:
    import pandas as pd

NOT_BILLED = TABLES["not billed"]
MONTH_SO_FAR = TABLES["month so far"]


@dataclass(frozen=True)
class Rates:
    """The price of snapshot storage in each region, at one moment."""

    prices: Prices
    currency: str
    at: datetime
    _tiers: dict[str, list[tuple[float, float, float]] | None] = field(default_factory=dict, repr=False)

    def month(self, region_id: str, size_bytes: float) -> float:
        """What so many bytes cost for 30 days in a region, by its tiers; NaN where there is no price."""
        if region_id not in self._tiers:
            self._tiers[region_id] = self._tiers_of(region_id)
        tiers, gib = self._tiers[region_id], bytes_to_gib(size_bytes)
        if tiers is None:
            return float("nan")
        return sum(min(max(gib - first, 0), last - first) * price for first, last, price in tiers)

    def _tiers_of(self, region_id: str) -> list[tuple[float, float, float]] | None:
        """Where each tier begins and ends [GiB], and what a GiB in it costs for 30 days."""
        try:
            tiers = self.prices.book(self.currency).at(STORAGE, region_id, self.at)
        except (PriceNotFound, UnknownName):
            return None
        hours = constant("pricing_month_hours")
        return [
            (tier.from_quantity, tier.to_quantity, hours / units()[tier.unit].hours * (tier.price or 0))
            for tier in tiers
        ]


@dataclass(frozen=True, repr=False)
class AccountBill:
    """What an account costs in the 30 days from `at`, if everything stays as it was then.

    inventory: the account
    at: the moment
    currency: the currency of its site
    prices: the price books
    chains: its snapshot chains
    usage: what is billed, a `USAGE` table
    not_billed: what is in no amount, a `NOT_BILLED` table
    """

    inventory: HasTables
    at: datetime
    currency: str
    prices: Prices
    chains: tuple[AccountChain, ...]
    usage: pd.DataFrame
    not_billed: pd.DataFrame

    def __repr__(self) -> str:
        lacking = len(self.unpriced)
        rest = f", {lacking} without a price" if lacking else ""
        cost = amount(self.total(priced_only=True), self.currency)
        return f"<AccountBill: {cost} in 30 days from {self.at:%Y-%m-%d}{rest}>"

    @cached_property
    def _curves(self) -> list[Any]:
        return curves(self.usage, self.prices)

    @cached_property
    def charges(self) -> pd.DataFrame:
        """What is charged, a `CHARGES` table."""
        return charges_of(self._curves, self.prices)

    @cached_property
    def unpriced(self) -> pd.DataFrame:
        """Use that no price covers, an `UNPRICED` table: it is in no amount."""
        return unpriced_of(self._curves)

    def total(self, *, priced_only: bool = False) -> float:
        """The list cost in all.

        priced_only: leave out what has no price, which `unpriced` lists

        Raises PriceNotFound while something has no price.
        """
        if len(self.unpriced) and not priced_only:
            raise price_not_found(self.unpriced)
        return float(self.charges["list_cost"].sum())

    def by(self, *dimensions: str) -> pd.DataFrame:
        """The list cost by dimensions such as region, meter or account, as `Bill.by`."""
        return Bill(self.charges).by(*dimensions)

    @cached_property
    def rates(self) -> Rates:
        return Rates(self.prices, self.currency, self.at)

    @cached_property
    def stored_bytes(self) -> dict[tuple[str, str], int]:
        """What each account stores in each region in standard snapshots [byte]."""
        return _by_place(self.usage, "x_quantity")

    @cached_property
    def storage_cost(self) -> dict[tuple[str, str], float]:
        """What each account pays in each region for standard snapshots [currency]."""
        return _by_place(self.charges, "list_cost")

    def saved(self, deleted: Iterable[str]) -> Freed:
        """What deleting these snapshots saves in 30 days, at least and at most [currency].

        What is freed comes off the top of the region's tiers. NaN where a price is missing or nothing bounds it, as for
        snapshots in no list, or in a chain without a total or of archive storage.
        """
        gone = frozenset(deleted)
        touched = {self.chain_of[name].key: self.chain_of[name] for name in gone if name in self.chain_of}
        saved = self.money((chain, chain.known.freed(gone)) for chain in touched.values())
        return saved if gone <= self.chain_of.keys() else Freed(saved.low, float("nan"))

    @cached_property
    def chain_of(self) -> dict[str, AccountChain]:
        """The chain of each listed snapshot."""
        return {snapshot: chain for chain in self.chains for snapshot in chain.known.full}

    def saved_chains(self, chain_ids: Collection[str]) -> Freed:
        """What deleting whole chains saves in 30 days [currency]; exact, also where their snapshots are not listed."""
        whole = [chain for chain in self.chains if chain.chain_id in chain_ids]
        totals = [float("nan") if chain.known.total is None else chain.known.total for chain in whole]
        return self.money((chain, Freed(size, size)) for chain, size in zip(whole, totals, strict=True))

    def money(self, freed: Iterable[tuple[AccountChain, Freed]]) -> Freed:
        """What freeing so much of some chains saves; it is taken off what their region stores."""
        places: dict[tuple[str, str], Freed] = {}
        in_doubt = False
        for chain, size in freed:
            place = chain.account_id, chain.region_id
            if chain.category == "standard" and chain.known.total is not None and place in self.stored_bytes:
                places[place] = places.get(place, NOTHING) + size
            else:
                in_doubt = True
        low = high = 0.0
        for (account, region), size in sorted(places.items()):  # sums of floats follow their order
            total = self.stored_bytes[account, region]
            cost = self.rates.month(region, total)
            low += cost - self.rates.month(region, total - min(size.low, total))
            high += cost - self.rates.month(region, total - min(size.high, total))
        return Freed(low, float("nan") if in_doubt else high)

    @cached_property
    def month_so_far(self) -> pd.DataFrame:
        """Snapshot storage since the month began, a `MONTH_SO_FAR` table: known where every hour was saved.

        It is empty in the first hour of a month.
        """
        month = self.at.replace(day=1, hour=0, minute=0, second=0)
        hours = int((self.at - month).total_seconds() // SECONDS_PER_HOUR)
        moments = range(to_seconds(month), to_seconds(month) + hours * SECONDS_PER_HOUR, SECONDS_PER_HOUR)
        saved = stored_by_hour(self.inventory.tables["usage_hours"])
        rows: list[tuple[object, ...]] = []
        for place, stored in sorted(self.stored_bytes.items()) if hours else ():
            account, region = place
            at_rate = self.rates.month(region, stored) * hours / constant("pricing_month_hours")
            cost, known = float("nan"), "hours of it were not saved, so it is not known"
            if saved.get(place, {}).keys() >= set(moments):
                hourly = ((account, self.currency, region, saved[place][moment], moment, 1) for moment in moments)
                made = curves(stored_usage(hourly), self.prices)
                if not len(unpriced_of(made)):
                    cost, known = float(sum(curve.cost.sum() for curve in made)), "every hour, as saved"
                else:
                    known = "there is no price"
            rows.append((account, region, self.currency, cost, at_rate, known))
        return MONTH_SO_FAR.frame(rows)


def bill(
    inventory: HasTables,
    *,
    site: str = "china",
    prices: Prices | None = None,
    meters: str | Iterable[str] | None = None,
    at: Time | None = None,
) -> AccountBill:
    """What an account costs in the 30 days from now, if everything stays as it is: storage, licences and products.

    inventory: the account
    site: its site, china or international, which decides the price list
    prices: the price books; None: `Prices.published()`
    meters: what to bill beside: "all", or names such as disk and instance; None: nothing
    at: the moment, where no answer says when it was saved; None: the newest such moment

    Returns an `AccountBill`. Raises InputError where nothing says when the answers were saved. CHAIN-1, IBILL-5.
    """
    moment = parse_time(at, "at") if at is not None else inventory.now
    if moment is None:
        raise InputError(UNDATED)
    currency, wanted = site_of(site).currency, asked_for(meters)
    prices = prices or Prices.published()
    start = to_seconds(moment) // SECONDS_PER_HOUR * SECONDS_PER_HOUR
    chains = tuple(chains_of(inventory))
    rows: list[tuple[object, ...]] = []
    aside: list[tuple[object, ...]] = []
    hours = int(constant("pricing_month_hours"))
    for found in _found(inventory, chains, prices, wanted):
        if isinstance(found, _Aside):
            aside.append((found.resource_id, found.meter, found.why))
        elif found.region_id not in regions():
            why = f"its region {found.region_id} is not known" if found.region_id else "nothing says its region"
            aside.append((found.resource_id, found.meter, why))
        else:
            what = found.account_id, currency, found.region_id, found.meter, found.item, found.resource_id
            rows.append((*what, found.image_id, found.vcpus, found.quantity, start, hours))
    return AccountBill(inventory, moment, currency, prices, chains, _usage_rows(rows), NOT_BILLED.frame(aside))


@dataclass(frozen=True)
class _Use:
    """Something that is metered now."""

    account_id: str
    region_id: str
    meter: str
    resource_id: str
    quantity: int
    item: str = ""
    image_id: str = ""
    vcpus: int = 0


@dataclass(frozen=True)
class _Aside:
    """Something that is not billed, and why."""

    resource_id: str
    meter: str
    why: str


def _usage_rows(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """A `USAGE` table of rows that end with their start [s since 1970] and how long they last [hour]."""
    *_, starts, lengths = zip(*rows, strict=True) if rows else [[], []]
    start = np.array(starts, dtype="int64")
    end = start + np.array(lengths, dtype="int64") * SECONDS_PER_HOUR
    names = "billing_account_id billing_currency region_id sku_meter x_item resource_id x_image_id x_vcpus x_quantity"
    given = {name: [row[place] for row in rows] for place, name in enumerate(names.split())}
    same: dict[str, Any] = {"x_term": "", "x_first_snapshot": 0, "x_last_snapshot": 0, "x_skipped_snapshots": ""}
    same = {name: [value] * len(rows) for name, value in same.items()}
    return USAGE.frame(given | same | {"charge_period_start": times_of(start), "charge_period_end": times_of(end)})


def _by_place(table: pd.DataFrame, column: str) -> dict[tuple[str, str], Any]:
    """A column of the rows about storage, added up by account and region."""
    storage = table[table["sku_meter"] == STORAGE]
    sums: Any = storage.groupby(["billing_account_id", "region_id"], observed=True, sort=False)[column].sum()
    return dict(sums.items())


def stored_usage(rows: Iterable[tuple[str, str, str, int, int, int]]) -> pd.DataFrame:
    """A `USAGE` table of what regions stored.

    rows: account, currency, region, size [byte], beginning [s since 1970] and how long it was so [hour]
    """
    return _usage_rows(
        [(*where, STORAGE, "", where[2], "", 0, size, start, hours) for *where, size, start, hours in rows if size]
    )


def _found(
    inventory: HasTables, chains: Iterable[AccountChain], prices: Prices, wanted: frozenset[str]
) -> Iterator[_Use | _Aside]:
    """Everything that is metered now."""
    for chain in chains:
        if chain.known.total is None:
            why = "what the chain stores is not told; save DescribeSnapshotLinks of its region"
            yield _Aside(chain.chain_id, STORAGE, why)
        elif chain.category != "standard":
            yield _Aside(chain.chain_id, f"snapshot_{chain.category}", "archive storage is not modelled")
        else:
            yield _Use(chain.account_id, chain.region_id, STORAGE, chain.chain_id, chain.known.total)
    fees = Fees(inventory, prices)
    for row in records(inventory, "instances"):
        yield from _instance(row, fees, wanted)
    if DISK in wanted:
        for row in records(inventory, "disks"):
            if row.charge_type == "PrePaid" or row.size_gib != row.size_gib:
                yield _Aside(row.disk_id, DISK, "it is prepaid" if row.charge_type == "PrePaid" else "no size is told")
            else:
                size = int(row.size_gib * BYTES_PER_GIB)
                yield _Use(row.account_id, row.region_id, DISK, row.disk_id, size, category_of(row))


def _instance(row: Any, fees: Fees, wanted: frozenset[str]) -> Iterator[_Use | _Aside]:
    """The fees of an instance, and the machine itself where that is asked for (IBILL-5)."""
    charged = [(OS_LICENCE, fees.system_of(row.image_id)), (MARKETPLACE_FEE, fees.product_of(row.image_id))]
    found = [(meter, item) for meter, item in charged if item != ""]
    found += [(INSTANCE, row.instance_type)] if INSTANCE in wanted else []
    if row.status == "Stopped" and row.stopped_mode == "StopCharging":
        return
    for meter, item in found:
        vcpus = vcpus_of(row.instance_type)
        if item is None:
            yield _Aside(row.instance_id, meter, f"the system of its image {row.image_id} is not told")
        elif row.charge_type == "PrePaid":
            yield _Aside(row.instance_id, meter, f"it is prepaid: {item}")
        elif vcpus is None:
            yield _Aside(row.instance_id, meter, f"how many vCPUs {row.instance_type} has is not known")
        else:
            yield _Use(
                row.account_id, row.region_id, meter, row.instance_id, 1, item, row.image_id,
                0 if meter == INSTANCE else vcpus,
            )  # fmt: skip


def category_of(disk: Any) -> str:
    """The category of a disk as price lists have it, with its level of performance where it has one."""
    return f"{disk.category}_{disk.performance_level.lower()}" if disk.performance_level else str(disk.category)


def vcpus_of(type_name: str) -> int | None:
    """How many vCPUs an instance type has; None where that is not known."""
    try:
        return instance_type(type_name).vcpus
    except UnknownName:
        return None


class Fees:
    """Which fees follow the images of an account: by lineage as far as it is told, else by what the image says."""

    def __init__(self, inventory: HasTables, prices: Prices) -> None:
        self._images: dict[str, Any] = {row.image_id: row for row in records(inventory, "images")}
        self._parents = {row.child: row.parent for row in records(inventory, "links") if row.kind == "copy"}
        systems = {row.item for row in prices.rows if row.meter == OS_LICENCE}
        self._systems = sorted(systems, key=len, reverse=True)

    def product_of(self, image_id: str) -> str:
        """The marketplace product of an image; empty where it has none."""
        image, lineage = self._images.get(image_id), published_lineage(image_id)
        return (image.product_code if image is not None else "") or (lineage and lineage.product_code) or ""

    def origin_of(self, image_id: str) -> str:
        """The id of the image that it is a copy of in the end, as far as that is told."""
        seen = {image_id}
        while image_id in self._parents and self._parents[image_id] not in seen:
            image_id = self._parents[image_id]
            seen.add(image_id)
        return image_id

    def system_of(self, image_id: str) -> str | None:
        """The system whose licence is charged; empty where none is, None where the system is not told."""
        image_id = self.origin_of(image_id)
        lineage = published_lineage(image_id)
        if lineage is not None:
            return lineage.charged_system or ""
        image = self._images.get(image_id)
        said = " ".join(f"{image.os or image.platform}".split()) if image is not None else ""
        charged = (system for system in self._systems if said.lower().startswith(system.lower()))
        return next(charged, "" if said else None)


def stored_by_hour(table: pd.DataFrame, unplaced: str = "") -> dict[tuple[str, str], dict[int, int]]:
    """What was stored by account, region and hour [byte; s since 1970]: in the chains, else in the region as a whole.

    table: the hours that were saved
    unplaced: the account of hours that name none

    Within an hour the most counts, because a started hour counts whole (BILL-2).
    """
    found: dict[tuple[str, str], dict[int, int]] = {}
    hours = table[table["source"].isin(["oms", "monitor"])]
    hours = hours.assign(hour=seconds_of(hours["hour_start"]) // SECONDS_PER_HOUR * SECONDS_PER_HOUR)
    keys = ["account_id", "region_id", "hour", "source"]
    most = hours.groupby([*keys, "chain_id"], as_index=False)["stored_bytes"].max()
    sums: Any = most.groupby(keys, as_index=False)["stored_bytes"].sum().sort_values("source")
    for row in sums.itertuples(index=False):  # "oms" comes last and overwrites "monitor"
        found.setdefault((row.account_id or unplaced, row.region_id), {})[int(row.hour)] = int(row.stored_bytes)
    return found
