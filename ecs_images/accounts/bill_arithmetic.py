"""A line of a real bill, ready for arithmetic: what is metered, the use, and the price its list cost was made with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import NamedTuple

import pandas as pd

from ..catalog.files import published
from ..catalog.limits import constant
from ..catalog.sites import sites
from ..units import SECONDS_PER_DAY, SECONDS_PER_HOUR

NOT_MODELLED = "not modelled"
FINEST = Decimal(1).scaleb(-int(constant("bill_amount_decimals")))
"""The last decimal of a real bill's amounts, to which it rounds half up."""
NOTHING = Decimal(0)


class Line(NamedTuple):
    """A line of a bill, ready for arithmetic; amounts in its currency."""

    account: str
    account_name: str
    currency: str
    region: str
    meter: str
    label: str
    day: str
    month: str
    kind: str
    before: Decimal | None
    deducted: Decimal
    quantity: Decimal | None
    price: Decimal | None
    gross: Decimal
    discount: Decimal
    coupon: Decimal
    payable: Decimal
    resource: str
    unit: str

    @classmethod
    def of(cls, row: Mapping[str, str]) -> Line:
        def amount(name: str) -> Decimal | None:
            return _decimal(row[name]) if row[name] else None

        quantity, deducted = amount("quantity"), amount("quantity_deducted") or NOTHING
        if quantity is None and row["duration"]:  # lines of machines may say no use but how long it lasted
            seconds = _seconds(row["duration_unit"])
            quantity = None if seconds is None else _decimal(row["duration"]) * seconds / SECONDS_PER_HOUR
        before = amount("quantity_before")
        payable, discount, coupon = (amount(name) or NOTHING for name in ("payable", "discount", "coupon"))
        gross = amount("gross")
        commodity, item = row["commodity_code"] or row["product_code"], row["item_code"] or row["item_name"]
        return cls(
            account=row["account_id"],
            account_name=row["account_name"],
            currency=row["currency"],
            region=row["region_id"],
            meter=_meters().get((commodity, item)) or _meters().get((commodity, "any")) or NOT_MODELLED,
            label="/".join(filter(None, (commodity, item))) or "a line without a code",
            day=row["day"],
            month=row["month"],
            # A kind that no source lists: less than nothing is no use.
            kind=_kinds().get(row["fee_kind"]) or ("refund" if payable < 0 else "usage"),
            before=before if before is not None else None if quantity is None else quantity + deducted,
            deducted=deducted,
            quantity=None if _is_by_month(row["unit"]) else quantity,
            price=amount("list_price"),
            gross=payable + discount + coupon if gross is None else gross,
            discount=discount,
            coupon=coupon,
            payable=payable,
            resource=row["resource_id"],
            unit=row["unit"],
        )

    @property
    def net(self) -> Decimal:
        """What should be paid by the line's own figures."""
        return self.gross - self.discount - self.coupon


def lines_of(table: pd.DataFrame) -> list[Line]:
    """The lines of a `BILL_LINES` table."""
    texts = [table[name].to_numpy(dtype="object").tolist() for name in _READ]
    return [Line.of(dict(zip(_READ, row, strict=True))) for row in zip(*texts, strict=True)]


_READ = (
    *("account_id", "account_name", "currency", "region_id", "day", "month", "fee_kind", "product_code"),
    *("commodity_code", "item_code", "item_name", "resource_id", "unit", "quantity_before", "quantity_deducted"),
    *("duration", "duration_unit", "quantity", "list_price", "gross", "discount", "coupon", "payable"),
)
"""The columns of a bill that a line is made of."""


_decimal = lru_cache(1 << 16)(Decimal)


@cache
def _seconds(unit: str) -> int | None:
    """How long a unit of time lasts [s]; None for a month, or what is no time."""
    words = {
        "秒": 1,
        "s": 1,
        "小时": SECONDS_PER_HOUR,
        "h": SECONDS_PER_HOUR,
        "天": SECONDS_PER_DAY,
        "d": SECONDS_PER_DAY,
    }
    return next((seconds for word, seconds in words.items() if unit.strip().lower().startswith(word)), None)


@cache
def _is_by_month(unit: str) -> bool:
    return bool(re.search("月|month", unit.lower()))


@cache
def _meters() -> Mapping[tuple[str, str], str]:
    return {(row["commodity_code"], row["item"]): row["meter"] for row in published("bill_codes.csv")}


@cache
def _kinds() -> Mapping[str, str]:
    return {row["fee_kind"]: row["means"] for row in published("bill_fee_kinds.csv")}


@cache
def last_decimal(currency: str, *, paid: bool = False) -> Decimal:
    """The last decimal of a bill's detail, or of what is paid, on the site of a currency (BILL-6)."""
    site = next((site for site in sites().values() if site.currency == currency), None)
    decimals = 2 if site is None else site.paid_decimals if paid else site.detail_decimals
    return Decimal(1).scaleb(-decimals)


def is_rounded(amount: Decimal, exact: Decimal, currency: str) -> bool:
    """Whether an amount on a bill is an exact one, rounded to ten decimals or to those of the site's detail."""
    return any(amount == exact.quantize(unit, ROUND_HALF_UP) for unit in (FINEST, last_decimal(currency)))


def unit_price(line: Line, book: Decimal | None) -> Decimal:
    """The price of a unit that the list cost of a line was made with.

    The line may name the price of an hour, of a month of 720 hours, or one that is printed rounded; that with which
    its own list cost comes out is taken. `book` is the model's mean price.
    """
    hours = Decimal(constant("pricing_month_hours"))
    printed = line.price or None
    candidates = [] if printed is None else [printed, printed / hours]
    if book is not None and (printed is None or book.quantize(printed, ROUND_HALF_UP) == printed):
        candidates.append(book)
    for price in candidates:
        if line.quantity and is_rounded(line.gross, price * line.quantity, line.currency):
            return price
    if not line.quantity:  # a plan took all of it, and free lines often say a price of 0
        return printed or book or NOTHING
    return line.gross / line.quantity if printed is None else printed
