"""The two sites of the provider: each has its own price list in its own currency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..errors import UnknownName
from .files import published


@dataclass(frozen=True, slots=True)
class Site:
    """A site of the provider: its currency and how its bills round (BILL-6)."""

    name: str
    currency: str
    detail_decimals: int
    paid_decimals: int


@cache
def sites() -> dict[str, Site]:
    """The china and the international site."""
    return {
        row["site"]: Site(row["site"], row["currency"], int(row["detail_decimals"]), int(row["paid_decimals"]))
        for row in published("sites.csv")
    }


def site(name: str) -> Site:
    """The site of that name; raises UnknownName."""
    try:
        return sites()[name]
    except KeyError:
        raise UnknownName("site", str(name), sites()) from None


def site_of_currency(currency: str) -> Site:
    """The site that bills in a currency (each has one)."""
    for found in sites().values():
        if found.currency == currency:
            return found
    raise UnknownName("currency", currency, [found.currency for found in sites().values()])
