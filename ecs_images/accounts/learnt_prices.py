"""List prices that a real bill was made with, as a price layer: they fill the holes of the book for that account."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import groupby

import pandas as pd

from ..catalog.meters import STORAGE
from .bill_arithmetic import NOTHING, Line, is_rounded, lines_of, unit_price
from .bill_files import RealBill
from .bill_forms import text_of


def learnt_prices(bill: RealBill) -> pd.DataFrame:
    """The list prices of snapshot storage that a real bill states, region by region.

    bill: what `read_bill` returned

    Returns a price layer: written as CSV it is read by `Prices.published(FILE)` and `--prices FILE`. `price` is the
    list price of a GiB-hour as text, from the first day the bill has it; `note` says the discount that the bill takes
    off it. Learnt are only prices with which the list cost of every line comes out; a region whose lines of a day
    have several prices, as under tiers, is left out.
    """
    places: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines_of(bill.lines):
        if line.meter == STORAGE and line.kind == "usage" and line.quantity and line.gross > 0 and line.day:
            places[line.region, line.currency].append(line)
    rows = []
    for (region, currency), lines in sorted(places.items()):
        by_day = {day: _price_of(list(group)) for day, group in groupby(sorted(lines, key=_day), key=_day)}
        if not region or not currency or None in by_day.values():
            continue
        share = sum((line.discount for line in lines), NOTHING) / sum((line.gross for line in lines), NOTHING)
        note = f"the bill takes {text_of(round(share * 100, 2))} % off" if share else ""
        for price, days in groupby(by_day, key=by_day.__getitem__):
            first = next(days)
            rows.append((STORAGE, region, "per_gib_hour", currency, text_of(price or NOTHING), first, _SOURCE, note))
    columns = ["meter", "region_id", "unit", "currency", "price", "valid_from", "source", "note"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


_SOURCE = "your own bill"


def _day(line: Line) -> str:
    return line.day


def _price_of(lines: list[Line]) -> Decimal | None:
    """The one price that all these lines have; None where they have several or their list costs say otherwise."""
    prices = {unit_price(line, None) for line in lines}
    if len(prices) != 1:
        return None
    (price,) = prices
    exact = all(is_rounded(line.gross, price * (line.quantity or NOTHING), line.currency) for line in lines)
    return price if exact else None
