"""The bill: charges, and every question about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from ..catalog.meters import OS_LICENCE, STORAGE
from ..catalog.prices import Prices, assumption_frame
from ..catalog.regions import region
from ..catalog.rule_book import assumptions as named_assumptions
from ..catalog.sites import site_of_currency
from ..errors import InputError, MixedCurrencies, look_up, shown
from ..ledger import events as ev
from ..ledger.automatic import next_act
from ..ledger.ledger import Ledger
from ..ledger.state import State
from ..units import Time, parse_time, show_time, to_seconds
from .attribution import attribute
from .capacity import capacity
from .dimensions import chosen, split_over
from .explain import Explanation, Resource, explain
from .invoice import invoice
from .metering import HasLedger, billing_window, cut_short, in_force, ledger_of, usage_of
from .rating import Curve, charges_of, curves
from .schema import CHARGES

ATTRIBUTED = {"snapshot": "x_snapshot_id", "image": "x_image_id", "account": "billing_account_id"}
_PERIODS = {"x_month": "%Y-%m", "x_day": "%Y-%m-%d"}


def bill(
    cloud: HasLedger | Ledger,
    *,
    until: Time,
    since: Time | None = None,
    prices: Prices | None = None,
    assume: Mapping[str, str] | None = None,
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
    as_it_is: let what exists go on as it is, as if no policy and no retention acted

    Raises PriceNotFound naming everything that has no price, and InputError for a time or an assumption
    that cannot be used.
    """
    ledger = ledger_of(cloud)
    if not isinstance(prices, Prices | None):
        raise InputError(f"prices are a Prices object such as Prices.published(), not {shown(prices)}")
    prices = prices or Prices.published()
    window, state = billing_window(ledger, until, since), ledger.replay()
    if not as_it_is:
        _check_nothing_acts(state, getattr(cloud, "now", ledger[-1].at), parse_time(until, "until"))
    assumed = in_force(state, assume)
    origin = Origin(usage_of(ledger, state, window, assumed), ledger, state, prices, window, assumed)
    return Bill(charges_of(origin.curves, prices), origin)


@dataclass(frozen=True)
class Origin:
    """What the charges of a bill follow from.

    usage: the usage that is rated
    ledger: what happened
    state: the state after the ledger
    prices: the price books
    window: the time that is billed, `[first, end)` [s since 1970]
    assume: what is supposed instead of a default
    """

    usage: pd.DataFrame
    ledger: Ledger
    state: State
    prices: Prices
    window: tuple[int, int]
    assume: Mapping[str, str]

    @cached_property
    def curves(self) -> list[Curve]:
        """What each account, region and meter costs over time."""
        return curves(self.usage, self.prices)


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

    `Bill(charges)` alone can sum and invoice; to attribute and explain it needs the rest. Tables that
    a bill hands out are the caller's: changing one changes neither the bill nor another table.
    """

    def __init__(self, charges: pd.DataFrame | Bill, origin: Origin | None = None) -> None:
        """A bill of a `CHARGES` table; raises InputError for any other table."""
        table = charges.charges if isinstance(charges, Bill) else charges
        self._charges = CHARGES.check(table).copy(deep=False)
        self._made_from: Origin | None = charges._made_from if isinstance(charges, Bill) else origin

    def __repr__(self) -> str:
        sums = self._charges.groupby("billing_currency", observed=True)["list_cost"].sum()
        return f"<Bill: {' and '.join(f'{cost:.2f} {currency}' for currency, cost in sums.items()) or 'empty'}>"

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

    def total(self, currency: str | None = None) -> float:
        """The list cost in all.

        currency: count only what is billed in this one; None: everything

        Raises MixedCurrencies where that would add two, UnknownName for a currency of neither site.
        """
        known = sorted(set(self._charges["billing_currency"].astype(str)))
        if currency is not None:
            site_of_currency(currency)
        elif len(known) > 1:
            raise MixedCurrencies(known)
        wanted = self._charges["billing_currency"] == currency
        return float((self._charges if currency is None else self._charges[wanted])["list_cost"].sum())

    def by(self, *dimensions: str) -> pd.DataFrame:
        """The list cost, grouped.

        dimensions: any of month, day, account, region, meter, item and currency; or image or snapshot,
            with account, region, meter and currency. Names of columns are taken too.

        Returns a table with the column of each dimension, `billing_currency` in any case, since amounts
        of different currencies stay apart, and `list_cost`. Raises UnknownName for a dimension that is not
        known, InputError for dimensions that do not go together.
        """
        found = chosen(dimensions)
        columns = list(dict.fromkeys([*(dimension.column for dimension in found), "billing_currency"]))
        split = split_over(found)
        frame = self.attribute(split) if split else self._charges
        for column in _PERIODS.keys() & columns:
            frame = frame.assign(**{column: _period(frame["charge_period_start"], _PERIODS[column])})
        return frame.groupby(columns, as_index=False, observed=True, sort=True)[["list_cost"]].sum()

    def invoice(self) -> pd.DataFrame:
        """What is paid, rounded per settlement as the site rounds (BILL-6): an `INVOICE` table."""
        return invoice(self._charges)

    def capacity(self, freq: str = "month", by: str = "region") -> pd.DataFrame:
        """Mean GiB stored per period.

        freq: hour, day, week or month
        by: region, account, chain, snapshot or image

        Returns a table with `x_period_start`, the column of `by`, and `x_stored_gib`. The mean runs over
        the part of a period that is billed: in the month a story begins, from its beginning.
        """
        origin = self._origin
        return capacity(origin.usage, origin.state, origin.window, freq, by)

    def attribute(self, to: str) -> pd.DataFrame:
        """The bill as shares, which add up to the bill.

        to: snapshot, image or account

        Returns account, currency, region, meter, the column of `to`, and `list_cost`; a snapshot or image
        is empty where the cost belongs to none.
        """
        look_up("attribution to", to, ATTRIBUTED, f"one of {', '.join(ATTRIBUTED)}")
        if to == "account":
            return self.by("account", "region", "meter")
        origin = self._origin
        return attribute(origin.usage, origin.state, origin.curves, to)

    def explain(self, resource: Resource) -> Explanation:
        """Why something costs what it costs: every amount, with its price, its rules and what happened.

        resource: an image, snapshot, chain, disk, instance or files of an image, by its id or its record

        Raises UnknownName for an id that the ledger does not know.
        """
        origin = self._origin
        return explain(resource, origin.usage, origin.ledger, origin.state, origin.curves)

    def assumptions(self) -> pd.DataFrame:
        """What this bill takes for granted: unknowns of the rule book that it touches, and weak prices.

        Returns a table with `assumption` (an id, or price), `subject`, `taken` (what is supposed, and
        whether it was chosen) and `why`.
        """
        prices = self._origin.prices
        rows = [_named(name, self._origin.assume) for name in self._assumed()]
        used = [prices.rows[position] for position in sorted(set(self._charges["x_price_row"]))]
        for row in assumption_frame(used).to_dict("records"):
            subject = " ".join(filter(None, (row["meter"], row["item"], row["region_id"])))
            taken = f"{row['price']:g} {row['currency']} {row['unit']} from {row['valid_from']}"
            rows.append(("price", subject, taken, f"{row['x_why']} [{row['source']}]"))
        return pd.DataFrame(rows, columns=["assumption", "subject", "taken", "why"], dtype="str")

    def _assumed(self) -> list[str]:
        """The ids of the unknowns that the bill touches."""
        until, meters = self._origin.window[1], set(self._charges["sku_meter"])
        happened = [event for event in self._origin.ledger if to_seconds(event.at) <= until]
        names = {name for event in happened for name in getattr(event, "assumed", ())}
        if STORAGE in meters:
            names.add("UNK-1")
        if OS_LICENCE in meters and any(isinstance(event, ev.SystemDiskReplacementStarted) for event in happened):
            names.add("UNK-5")
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


def _named(name: str, assume: Mapping[str, str]) -> tuple[str, str, str, str]:
    known = named_assumptions().get(name)
    if known is None:
        return "example", name, "an id standing for a real one", "no real id is published"
    taken = f"{assume[name]} (chosen; the default is {known.value})" if name in assume else known.default
    return name, known.subject, taken, known.why
