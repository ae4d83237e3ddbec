"""The bill: charges, and every question about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from ..catalog.prices import Prices, assumption_frame
from ..catalog.rule_book import assumptions as named_assumptions
from ..catalog.sites import site_of_currency
from ..errors import InputError, MixedCurrencies, UnknownName, shown
from ..ledger.ledger import Ledger
from ..units import SECONDS_PER_HOUR, Time, to_seconds
from .attribution import attribute
from .capacity import capacity
from .explain import Explanation, explain
from .invoice import invoice
from .metering import billing_window, measure
from .rating import rate
from .schema import CHARGES, STORAGE

DIMENSIONS = {
    "account": "billing_account_id",
    "region": "region_id",
    "meter": "sku_meter",
    "item": "x_item",
    "month": "x_month",
    "day": "x_day",
    "currency": "billing_currency",
}
ATTRIBUTED = ("snapshot", "image", "account")
_MONTH, _DAY = "%Y-%m", "%Y-%m-%d"


class HasLedger(Protocol):
    """Something that has happened, such as a cloud."""

    @property
    def ledger(self) -> Ledger: ...


def bill(cloud: HasLedger | Ledger, *, until: Time, since: Time | None = None, prices: Prices | None = None) -> Bill:
    """The bill of a cloud, or of a ledger, up to a moment (taken to the next full hour).

    What exists after the last event goes on as it is. Raises PriceNotFound naming what has no
    price; `prices` defaults to the published book.
    """
    ledger = cloud if isinstance(cloud, Ledger) else getattr(cloud, "ledger", None)
    if not isinstance(ledger, Ledger):
        raise InputError(f"a bill is made of a cloud or a ledger, not of {shown(cloud)}")
    prices = prices or Prices.published()
    usage = measure(ledger, until=until, since=since)
    window = billing_window(ledger, until, since)
    if since is None:
        window = to_seconds(ledger[0].at) // SECONDS_PER_HOUR * SECONDS_PER_HOUR, window[1]
    return Bill(rate(usage, prices), usage=usage, ledger=ledger, prices=prices, window=window)


class Bill:
    """Charges and, when made by `bill`, the usage, ledger and prices they follow from.

    `Bill(charges)` alone can sum and invoice; to attribute and explain it needs the rest.
    """

    def __init__(
        self,
        charges: pd.DataFrame,
        *,
        usage: pd.DataFrame | None = None,
        ledger: Ledger | None = None,
        prices: Prices | None = None,
        window: tuple[int, int] | None = None,
    ) -> None:
        self.charges = CHARGES.check(charges)
        self._usage, self._ledger, self._prices, self._window = usage, ledger, prices, window

    def __repr__(self) -> str:
        sums = self.charges.groupby("billing_currency", observed=True)["list_cost"].sum()
        return f"<Bill: {' and '.join(f'{cost:.2f} {currency}' for currency, cost in sums.items()) or 'empty'}>"

    @property
    def prices(self) -> Prices:
        """The price books it was rated with."""
        return self._need()[2]

    @property
    def usage(self) -> pd.DataFrame:
        """The usage the charges rate, a `USAGE` table."""
        return self._need()[0]

    def total(self, currency: str | None = None) -> float:
        """The list cost in all; raises MixedCurrencies over two, unless one is asked for."""
        known = sorted(set(self.charges["billing_currency"].astype(str)))
        if currency is not None:
            site_of_currency(currency)
        if currency is None and len(known) > 1:
            raise MixedCurrencies(known)
        chosen = self.charges if currency is None else self.charges[self.charges["billing_currency"] == currency]
        return float(chosen["list_cost"].sum())

    def by(self, *dimensions: str) -> pd.DataFrame:
        """The list cost by any of month, day, account, region, meter, item, currency.

        Amounts of different currencies stay apart: `billing_currency` is always a column.
        """
        columns = [self._dimension(name) for name in dimensions]
        if "billing_currency" not in columns:
            columns.append("billing_currency")
        frame = self.charges
        for column, form in (("x_month", _MONTH), ("x_day", _DAY)):
            if column in columns:
                frame = frame.assign(**{column: _period(frame["charge_period_start"], form)})
        return frame.groupby(columns, as_index=False, observed=True, sort=True)[["list_cost"]].sum()

    def invoice(self) -> pd.DataFrame:
        """What is paid, rounded per settlement as the site rounds (BILL-6): an `INVOICE` table."""
        return invoice(self.charges)

    def capacity(self, freq: str = "month", by: str = "region") -> pd.DataFrame:
        """Mean GiB stored per hour, day, week or month, by region, account, chain, snapshot or image.

        The mean runs over the part of a period that is billed: in the month a story begins, from
        its beginning.
        """
        usage, ledger, _, window = self._need()
        return capacity(usage, ledger.replay(), window, freq, by)

    def attribute(self, to: str) -> pd.DataFrame:
        """The bill as shares of snapshots, images or accounts; the shares add up to the bill."""
        if to not in ATTRIBUTED:
            raise UnknownName("attribution to", str(to), ATTRIBUTED, f"one of {', '.join(ATTRIBUTED)}")
        if to == "account":
            return self.by("account", "region", "meter")
        usage, ledger, prices, _ = self._need()
        return attribute(usage, ledger.replay(), prices, to)

    def explain(self, resource: str) -> Explanation:
        """Why an image, snapshot, chain, disk, instance or files of an image cost what they cost."""
        usage, ledger, prices, _ = self._need()
        return explain(resource, usage, ledger, prices)

    def assumptions(self) -> pd.DataFrame:
        """What this bill takes for granted: columns `assumption`, `subject`, `taken`, `why`.

        Named unknowns of the rule book that the story touches, and prices on thin ground.
        """
        _, ledger, prices, _ = self._need()
        rows = [_named(name) for name in self._assumed(ledger)]
        used = [prices.rows[position] for position in sorted(set(self.charges["x_price_row"]))]
        for row in assumption_frame(used).to_dict("records"):
            subject = " ".join(filter(None, (row["meter"], row["item"], row["region_id"])))
            taken = f"{row['price']:g} {row['currency']} {row['unit']} from {row['valid_from']}"
            rows.append(("price", subject, taken, f"{row['x_why']} [{row['source']}]"))
        return pd.DataFrame(rows, columns=["assumption", "subject", "taken", "why"], dtype="str")

    def _assumed(self, ledger: Ledger) -> Sequence[str]:
        until = self._need()[3][1]
        names = {name for event in ledger if to_seconds(event.at) <= until for name in getattr(event, "assumed", ())}
        if (self.charges["sku_meter"] == STORAGE).any():
            names.add("UNK-1")
        return sorted(names)

    def _dimension(self, name: str) -> str:
        if name in DIMENSIONS:
            return DIMENSIONS[name]
        if name in DIMENSIONS.values():
            return name
        hint = f"one of {', '.join(DIMENSIONS)}"
        if name in ("image", "snapshot"):
            hint = f"the bill of storage names no {name}; attribute(to={name!r}) splits it"
        raise UnknownName("dimension", str(name), DIMENSIONS, hint)

    def _need(self) -> tuple[pd.DataFrame, Ledger, Prices, tuple[int, int]]:
        if self._usage is None or self._ledger is None or self._prices is None or self._window is None:
            raise InputError("this bill was made of charges alone; make it with ecs_images.bill to ask that")
        return self._usage, self._ledger, self._prices, self._window


def _period(times: pd.Series, form: str) -> pd.Series:
    """The month or day of each moment, as text."""
    codes, days = pd.factorize(times.dt.normalize())
    names = np.array([f"{day:{form}}" for day in days], dtype=object)
    return pd.Series(names[codes], index=times.index, dtype="str")


def _named(name: str) -> tuple[str, str, str, str]:
    known = named_assumptions().get(name)
    if known is None:
        return "example", name, "an id standing for a real one", "no real id is published"
    return name, known.subject, known.default, known.why
