"""The two sites of the provider: each has its own price list in its own currency."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..errors import look_up
from .files import records


@dataclass(frozen=True, slots=True)
class Site:
    """A site of the provider: its currency and how its bills round (BILL-6)."""

    site: str
    currency: str
    detail_decimals: int
    paid_decimals: int

    @property
    def name(self) -> str:
        return self.site


@cache
def sites() -> Mapping[str, Site]:
    """The china and the international site, by name; read-only."""
    return records(Site, "sites.csv")


def site(name: str) -> Site:
    """The site of that name; raises UnknownName."""
    return look_up("site", name, sites())


def site_of_currency(currency: str) -> Site:
    """The site that bills in a currency (each has one); raises UnknownName."""
    return look_up("currency", currency, {found.currency: found for found in sites().values()})
