"""The bill: charges, and every question about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from ..cards import card, counted, line
from ..catalog.limits import turning_day
from ..catalog.meters import DISK, OS_LICENCE, STORAGE, asked_for, item_in_words
from ..catalog.price_files import PriceRow
from ..catalog.prices import FREE_RANGE, Prices, assumption_frame, stands_in, stated_by
from ..catalog.regions import region
from ..catalog.rule_book import assumptions as named_assumptions
from ..catalog.sites import site_of_currency
from ..columns import seconds_of
from ..errors import InputError, MixedCurrencies, look_up, shown
from ..ledger import events as ev
from ..ledger.automatic import next_act
from ..ledger.ledger import Ledger
from ..ledger.plain_chains import plain_chains
from ..ledger.resources import Image, Snapshot
from ..ledger.state import State
from ..units import BYTES_PER_MIB, Time, day_start_seconds, from_seconds, parse_time, show_time, to_seconds
from .attribution import attribute
from .capacity import capacity, period_edges
from .compare import comparison
from .dimensions import TAG, Dimension, chosen, split_over, tag
from .explain import Explanation, Resource, explain
from .focus import focus
from .invoice import invoice
from .metering import HasLedger, billing_window, cut_short, in_force, ledger_of, usage_of
from .rating import Curve, charges_of, curves, unpriced_of
from .schema import CHARGES, Key
from .unpriced import UNPRICED, in_words, price_not_found

ATTRIBUTED = {
    "snapshot": "x_snapshot_id",
    "image": "x_image_id",
    "resource": "x_resource_id",
    "account": "billing_account_id",
}
_NO_TAG = "no resource has a tag of that key"
_PERIODS = {"x_month": "%Y-%m", "x_day": "%Y-%m-%d"}


def bill(
    cloud: HasLedger | Ledger,
    *,
    until: Time,
    since: Time | None = None,
    prices: Prices | None = None,
    assume: Mapping[str, str] | None = None,
    meters: str | Iterable[str] | None = None,
    assume_prices: str | None = None,
    free_gib: float | None = None,
    as_it_is: bool = False,
) -> Bill:
    """The bill of a cloud, or of a ledger, up to a moment.

    cloud: what happened; after its last event everything goes on as it is. Where it would not, because an
        automatic snapshot policy or the end of a retention acts between the cloud's clock (of a ledger: its
        last event) and `until`, the bill is refused: move the clock first
    until: the end, taken to the next full hour
    since: the beginning, a full hour; None: the hour of the first event
    prices: the price books; None: `Prices.published()`
    assume: for assumptions that bills read, such as `{"UNK-5": "start"}`, the value to suppose; None:
        what the cloud supposes, or the default
    meters: what to bill beside images and their fees: "all", or names such as disk (each by its category) and
        instance (each by its type); None: nothing
    assume_prices: "nearest", to take a price that is missing in a region from the nearest region that has one,
        in the same currency; `assumptions` lists each, `by` says how much of a cost it is; None: it stays missing
    free_gib: GiB of snapshot storage that are free in each region since 2021-07-01, in place of `assume` for
        UNK-12: 0, or 5 as the tables of 2018 print it; None: as supposed, which is 0 unless chosen
    as_it_is: let what exists go on as it is, as if no policy and no retention acted

    Use that no price covers is listed in `Bill.unpriced`. Raises InputError for a time, an assumption or
    a meter that cannot be used.

    >>> ecs.bill(cloud, until="2026-02-14")
    <Bill: 1.44 CNY, acme, 2026-01-15 to 2026-02-14>
    """
    ledger = ledger_of(cloud)
    if not isinstance(prices, Prices | None):
        raise InputError(f"prices are a Prices object such as Prices.published(), not {shown(prices)}")
    window = billing_window(ledger, until, since)
    plain, state = plain_chains(ledger)
    if not as_it_is:
        _check_nothing_acts(state, getattr(cloud, "now", ledger[-1].at), parse_time(until, "until"))
    prices = prices or Prices.published()
    if free_gib is not None:
        if assume and FREE_RANGE in assume:
            raise InputError(f"free_gib and assume {FREE_RANGE} say the same thing; give one of them")
        assume = {**(assume or {}), FREE_RANGE: prices.free_range(free_gib)}
    assumed = in_force(state, assume)
    prices = prices.supposing(assumed, assume_prices=assume_prices)
    usage = usage_of(ledger, state, window, assumed, asked_for(meters), plain)
    origin = Origin(usage, ledger, prices, window, assumed)
    return Bill(charges_of(origin.curves, prices), origin)


@dataclass(frozen=True)
class Origin:
    """What the charges of a bill follow from.

    usage: the usage that is rated
    ledger: what happened
    prices: the price books
    window: the time that is billed, `[first, end)` [s since 1970]
    assume: what is supposed instead of a default
    """

    usage: pd.DataFrame
    ledger: Ledger
    prices: Prices
    window: tuple[int, int]
    assume: Mapping[str, str]

    @cached_property
    def state(self) -> State:
        """The state after the ledger."""
        return self.ledger.replay()

    @cached_property
    def curves(self) -> list[Curve]:
        """What each account, region and meter costs over time."""
        return curves(self.usage, self.prices)

    @cached_property
    def unpriced(self) -> pd.DataFrame:
        """What of the usage has no price."""
        return unpriced_of(self.curves)


def _check_nothing_acts(state: State, now: datetime, until: datetime) -> None:
    """Refuse a bill past the clock when something would act by itself before its end (SNAP-7)."""
    act = next_act(state, now) if now < until else None
    if act is not None and act < until:
        raise InputError(
            f"an automatic snapshot policy or the end of a retention acts on {show_time(act)}, before "
            f"{show_time(until)}; move the clock first with cloud.at(…), or ask for what exists now as it is: "
            "as_it_is=True"
        )


class Bill:
    """Charges and, when made by `bill`, what they follow from.

    `total` and `by` add them up, `explain` and `attribute` say what they are for, `compare` says what changes, and
    `unpriced` and `assumptions` say how far to trust them. `Bill(charges)` alone can sum and invoice; for the rest
    it needs what `bill` gives it. Tables that a bill hands out are the caller's: changing one changes neither the
    bill nor another table.

    >>> bill
    <Bill: 1.44 CNY, acme, 2026-01-15 to 2026-02-14>
    """

    def __init__(self, charges: pd.DataFrame | Bill, origin: Origin | None = None) -> None:
        """A bill of a `CHARGES` table; raises InputError for any other table."""
        table = charges.charges if isinstance(charges, Bill) else charges
        self._charges = CHARGES.check(table).copy(deep=False)
        self._made_from: Origin | None = charges._made_from if isinstance(charges, Bill) else origin

    def __repr__(self) -> str:
        sums = self._charges.groupby("billing_currency", observed=True)["list_cost"].sum()
        costs = " and ".join(f"{cost:.2f} {currency}" for currency, cost in sums.items()) or "empty"
        if self._made_from is None:
            return line("Bill", costs)
        accounts = [opened.account for opened in self._made_from.ledger.of(ev.AccountOpened)]
        lacking = len(self._made_from.unpriced)
        whose = " and ".join(accounts) if len(accounts) < 3 else counted(len(accounts), "account")
        return line(
            "Bill",
            costs,
            whose,
            " to ".join(map(show_time, self.period)),
            f"{lacking} without a price" if lacking else "",
        )

    def _repr_html_(self) -> str:
        """In a notebook: the bill by meter, what it supposes, and what it does not count."""
        facts: dict[str, object] = {}
        if self._made_from is not None:
            supposed = counted(len(self.assumptions()), "assumption")
            facts = {"at": f"list prices, {supposed}", "without a price": in_words(self._made_from.unpriced)}
        return card(self, facts, ("meter", "currency", "list cost"), self.by("meter").itertuples(index=False))

    # Frames are copied shallowly: pandas copies a column when somebody writes to it, and not before.

    @property
    def charges(self) -> pd.DataFrame:
        """What is charged, a `CHARGES` table."""
        return self._charges.copy(deep=False)

    @property
    def usage(self) -> pd.DataFrame:
        """The usage that the charges rate, a `USAGE` table."""
        return self._origin.usage.copy(deep=False)

    @property
    def prices(self) -> Prices:
        """The price books that the usage was rated with."""
        return self._origin.prices

    @property
    def unpriced(self) -> pd.DataFrame:
        """Use that no price covers, an `UNPRICED` table: it is in no amount of this bill."""
        return self._origin.unpriced.copy(deep=False)

    def unpriced_by(self, to: str) -> pd.DataFrame:
        """The quantities that no price covers as shares, as `attribute` shares costs.

        to: snapshot, image or resource, or a tag such as tag:team

        Returns account, currency, region, meter, the column of `to`, and `consumed_quantity`, in the unit of
        `Meter.consumed_unit`.
        """
        tagged = tag(to) if isinstance(to, str) else None
        split = tagged.split if tagged else to
        look_up("attribution to", split, ATTRIBUTED, f"one of {', '.join(ATTRIBUTED)}")
        origin = self._origin
        shares = attribute(origin.usage, origin.state, [curve.holes() for curve in origin.curves], split)
        shares = self._tagged(shares, [tagged] if tagged else [])
        shares = shares.rename(columns={"list_cost": "consumed_quantity"})
        return shares[shares["consumed_quantity"] != 0].reset_index(drop=True)

    def total(self, currency: str | None = None, *, priced_only: bool = False) -> float:
        """The list cost in all.

        currency: count only what is billed in this one; None: everything
        priced_only: leave out what has no price, which `unpriced` lists

        Raises PriceNotFound while something that counts has no price, MixedCurrencies where two currencies
        would be added, UnknownName for a currency of neither site.

        >>> round(bill.total(), 4)
        1.44
        """
        known = sorted(set(self._charges["billing_currency"].astype(str)))
        unpriced = UNPRICED.frame() if self._made_from is None or priced_only else self._made_from.unpriced
        if currency is not None:
            site_of_currency(currency)
            unpriced = unpriced[unpriced["billing_currency"] == currency]
        elif len(known) > 1:
            raise MixedCurrencies(known)
        if len(unpriced):
            raise price_not_found(unpriced)
        wanted = self._charges["billing_currency"] == currency
        return float((self._charges if currency is None else self._charges[wanted])["list_cost"].sum())

    def by(self, *dimensions: str) -> pd.DataFrame:
        """The list cost, grouped.

        dimensions: any of month, day, account, region, meter, item and currency; or image, snapshot, or tags
            such as tag:team, with all of these but item. Names of columns are taken too. A tag is that
            of the billed resource at the end: snapshot, instance, disk, files, or copy; empty where it has none.

        Returns a table with the column of each dimension, `billing_currency` in any case, since amounts
        of different currencies stay apart, and `list_cost`; where prices of other regions stand in for missing
        ones, also `x_stand_in_cost`, the part of it at such prices. Raises UnknownName for a dimension that is not
        known or a tag that no resource has, InputError for dimensions that do not go together.

        >>> bill.by("month", "meter").round(4)
           x_month          sku_meter billing_currency  list_cost
        0  2026-01  snapshot_standard              CNY      0.816
        1  2026-02  snapshot_standard              CNY      0.624
        """
        found = chosen(dimensions)
        columns = list(dict.fromkeys([*(dimension.column for dimension in found), "billing_currency"]))
        split = split_over(found)
        periods = "" if not _PERIODS.keys() & columns else "day" if "x_day" in columns else "month"
        frame = self._tagged(self._amounts(split, periods), found)
        amounts = [column for column in ("list_cost", "x_stand_in_cost") if column in frame]
        for column in _PERIODS.keys() & columns:
            frame = frame.assign(**{column: _period(frame["charge_period_start"], _PERIODS[column])})
        return frame.groupby(columns, as_index=False, observed=True, sort=True)[amounts].sum()

    def _tagged(self, frame: pd.DataFrame, dimensions: list[Dimension]) -> pd.DataFrame:
        """The shares of resources, with a column of each tag that is asked for."""
        for column in (dimension.column for dimension in dimensions if dimension.split == "resource"):
            key, tags = column.removeprefix(TAG), self._origin.state.tags
            look_up("tag", key, {known: None for pairs in tags.values() for known, _ in pairs}, _NO_TAG)
            values = {resource: dict(pairs).get(key, "") for resource, pairs in tags.items()}
            frame = frame.assign(**{column: frame["x_resource_id"].astype(str).map(values).fillna("")})
        return frame

    def _amounts(self, split: str, periods: str) -> pd.DataFrame:
        """The charges, or the shares of them, and how much of each amount is at a price that stands in for another.

        split: what bears the shares; empty: the charges themselves
        periods: month or day, where shares are to be told apart by it; else empty
        """
        edges = period_edges(self._origin.window, periods) if split and periods else None
        frame = self._shares(split, self._origin.curves, edges) if split else self._charges
        if self._made_from is None or not (stand_ins := self._stand_ins()):
            return frame
        origin = self._made_from
        part = [
            replace(curve, lines=tuple(line for line in curve.lines if (curve.key, line.price) in stand_ins))
            for curve in origin.curves
        ]
        of = self._shares(split, part, edges) if split else charges_of(part, origin.prices)
        of = of.assign(x_stand_in_cost=of["list_cost"], list_cost=0.0)
        return pd.concat([frame.assign(x_stand_in_cost=0.0), of], ignore_index=True)

    def _stand_ins(self) -> set[tuple[Key, PriceRow]]:
        """The prices of other regions that stand in for missing ones, each with whose use of what it prices."""
        curves = self._origin.curves
        used = {(curve.key, line.price) for curve in curves for line in curve.lines if line.quantity.any()}
        return {(key, row) for key, row in used if stands_in(row, key.region, key.item)}

    def compare(self, other: Bill | pd.DataFrame, *dimensions: str) -> pd.DataFrame:
        """What changes from this bill to another.

        other: the other bill, or its charges
        dimensions: what both are split by, as for `by`; meter unless given. Images and snapshots are matched by
            their names, and by their ids where they have none

        Returns a `COMPARISON` table: `x_part`, `x_before` (this bill), `x_after` (the other), `x_change` and
        `billing_currency`. Each column of amounts adds up to its bill; currencies stay apart. What has no price is in
        neither: see `unpriced` of both. Raises as `by` does.

        >>> bill.compare(ecs.bill(cloud, until="2026-03-16")).round(4)
                      x_part  x_before  x_after  x_change billing_currency
        0  snapshot_standard      1.44     2.88      1.44              CNY
        """
        found = chosen(dimensions or ("meter",))
        columns = [dimension.column for dimension in found if dimension.column != "billing_currency"]
        tables = []
        for bill in (self, Bill(other)):
            table = bill.by(*columns)[[*columns, "billing_currency", "list_cost"]]
            for column, of in (("x_image_id", "image"), ("x_snapshot_id", "snapshot")):
                if column in table:
                    table[column] = table[column].map(bill.names(of))
            tables.append(table)
        return comparison(*tables)

    def names(self, of: str) -> dict[str, str]:
        """What to call images or snapshots before people: the name of each by its id, its id where it has none.

        of: image or snapshot; what belongs to none of them is "" and has words too. Raises UnknownName
        """
        state = self._origin.state
        things: Mapping[str, Image | Snapshot] = look_up(
            "kind of names", of, {"image": state.images, "snapshot": state.snapshots}, "image or snapshot"
        )
        nothing = "behind no image" if of == "image" else "of no snapshot"
        return {"": nothing, **{ident: thing.name or ident for ident, thing in things.items()}}

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The time that is billed: its first moment, and the first after it."""
        start, end = self._origin.window
        return from_seconds(start), from_seconds(end)

    def invoice(self) -> pd.DataFrame:
        """What is paid, rounded per settlement as the site rounds (BILL-6): an `INVOICE` table."""
        return invoice(self._charges)

    def focus(self) -> pd.DataFrame:
        """The charges in the columns of FOCUS 1.2, for other tools: a `FOCUS` table. Costs are list costs."""
        return focus(self._charges)

    def capacity(self, freq: str = "month", by: str = "region") -> pd.DataFrame:
        """Mean GiB stored per period.

        freq: hour, day, week or month
        by: region, account, chain, snapshot or image

        Returns a table with `x_period_start`, the column of `by`, and `x_stored_gib`. The mean runs over
        the part of a period that is billed: in the month a story begins, from its beginning.

        >>> bill.capacity()[["region_id", "x_stored_gib"]]
            region_id  x_stored_gib
        0  cn-beijing          12.0
        1  cn-beijing          12.0
        """
        origin = self._origin
        return capacity(origin.usage, origin.state, origin.window, freq, by)

    def attribute(self, to: str) -> pd.DataFrame:
        """The bill as shares, which add up to the bill.

        to: snapshot, image, account, or resource: the snapshot, instance, disk, purchase, files or copy that is billed

        Returns account, currency, region, meter, the column of `to`, and `list_cost`; a snapshot or image
        is empty where the cost belongs to none.

        >>> bill.attribute("image")[["region_id", "x_image_id", "list_cost"]].round(4)
            region_id   x_image_id  list_cost
        0  cn-beijing   m-00000001       1.44
        """
        look_up("attribution to", to, ATTRIBUTED, f"one of {', '.join(ATTRIBUTED)}")
        if to == "account":
            return self.by("account", "region", "meter")
        return self._shares(to, self._origin.curves)

    def _shares(self, to: str, cost_curves: list[Curve], edges: np.ndarray | None = None) -> pd.DataFrame:
        return attribute(self._origin.usage, self._origin.state, cost_curves, to, edges)

    def explain(self, resource: Resource) -> Explanation:
        """Why something costs what it costs: every amount, with its price, its rules and what happened.

        resource: an image, snapshot, chain, disk, instance, purchase or files of an image, by its id or its record

        Raises UnknownName for an id that the ledger does not know.

        >>> bill.explain(golden)
        <Explanation of m-00000001: image golden-v1 of acme in cn-beijing, made from i-00000001, 1.440000 CNY>
        """
        origin = self._origin
        return explain(resource, origin.usage, origin.ledger, origin.state, origin.curves, origin.unpriced)

    def assumptions(self) -> pd.DataFrame:
        """What this bill takes for granted: unknowns of the rule book that it touches, and weak prices.

        Returns a table with `assumption` (an id, price, or stand-in), `subject`, `taken` (what is supposed, and
        whether it was chosen), `why`, and of prices `stated_by` (who says it, and when, and who else another).
        """
        prices = self._origin.prices
        rows = [(*_named(name, self._origin), "") for name in self._assumed()]
        for key, row in sorted(self._stand_ins(), key=lambda pair: (pair[0], prices.position[pair[1]])):
            to = f" to {row.to_region_id}" if row.to_region_id else ""
            subject = f"{key.meter} {item_in_words(key.meter, key.item)} {key.region}".replace("  ", " ")
            taken = f"{row.price:g} {row.currency} {row.unit} of {row.region_id}{to}"
            why = "no price is known there; the nearest region's was asked for"
            rows.append(("stand-in", subject, taken, why, stated_by(row)))
        used = [prices.rows[position] for position in sorted(set(self._charges["x_price_row"]))]
        for weak in assumption_frame(used, prices.otherwise).to_dict("records"):
            subject = " ".join(filter(None, (weak["meter"], weak["item"], weak["region_id"])))
            price = f"{weak['price']:g} {weak['currency']} {weak['unit']}"
            stated = f"{weak['x_stated_by']}{weak['x_otherwise']}"
            why = f"{weak['x_why']} [{weak['source']}]"
            rows.append(("price", subject, f"{price} from {weak['valid_from']}", why, stated))
        return pd.DataFrame(rows, columns=["assumption", "subject", "taken", "why", "stated_by"], dtype="str")

    def _assumed(self) -> list[str]:
        """The ids of the unknowns that the bill touches."""
        until, meters = self._origin.window[1], set(self._charges["sku_meter"])
        happened = [event for event in self._origin.ledger if to_seconds(event.at) <= until]
        names = {name for event in happened for name in event.assumed}
        if STORAGE in meters:
            names.add("UNK-1")
        usage, disks = self._origin.usage, self._origin.state.disks
        if any(disks[name].category_supposed for name in usage["resource_id"][usage["sku_meter"] == DISK]):
            names.add("ASSUME-8")
        if OS_LICENCE in meters and any(isinstance(event, ev.SystemDiskReplacementStarted) for event in happened):
            names.add("UNK-5")
        if self._free_range_in_doubt():
            names.add(FREE_RANGE)
        ends = self._charges.groupby(self._charges["region_id"].astype(str))["charge_period_end"].max()
        if any(region(str(place)).closed((end - timedelta(seconds=1)).date()) for place, end in ends.items()):
            names.add("ASSUME-11")
        for event in happened:
            match event:
                case ev.SnapshotCopied() if cut_short(event, self._origin.state.snapshots[event.snapshot].deleted_at):
                    names.add("UNK-14")
                case ev.ImageCopyStarted() if cut_short(event, self._origin.state.images[event.image].deleted_at):
                    names.add("UNK-14")
                case _:
                    pass
        return sorted(names)

    def _free_range_in_doubt(self) -> bool:
        """Whether storage is billed since the day of UNK-12 at a price that depends on it."""
        prices, day = self._origin.prices, turning_day("free_snapshot_range_ends")
        since = self._charges[seconds_of(self._charges["charge_period_end"]) > day_start_seconds(day)]
        used = [prices.rows[position] for position in set(since["x_price_row"])]
        return any(
            row.supposes or (row.valid_from < day and (*row.band, row.currency) in prices.free_range_in_doubt)
            for row in used
        )

    @property
    def _origin(self) -> Origin:
        if self._made_from is None:
            raise InputError("this bill was made of charges alone; make it with ecs_images.bill to ask that")
        return self._made_from


def _period(times: pd.Series, form: str) -> pd.Series:
    """The month or day of each moment, as text."""
    codes, days = pd.factorize(times.dt.normalize())
    names = np.array([f"{day:{form}}" for day in days], dtype=object)
    return pd.Series(names[codes], index=times.index, dtype="str")


def _named(name: str, origin: Origin) -> tuple[str, str, str, str]:
    known, assume = named_assumptions().get(name), origin.assume
    if known is None:
        return "example", name, "an id standing for a real one", "no real id is published"
    taken = f"{assume[name]} (chosen; the default is {known.value})" if name in assume else known.default
    if name == "UNK-1" and (in_use := f"{origin.state.block_bytes / BYTES_PER_MIB:g} MiB") != known.default:
        taken = f"{in_use} (chosen; the default is {known.default})"
    return name, known.subject, taken, known.why
