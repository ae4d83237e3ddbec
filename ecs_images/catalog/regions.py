"""Regions, and the scopes under which a price may be published for several of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from ..errors import look_up
from .files import records

_SCOPES_OF_AREA = {
    "mainland_china": ("mainland_china", "all_regions"),
    "hongkong": ("hongkong", "hongkong_and_overseas", "all_regions"),
    "overseas": ("overseas", "hongkong_and_overseas", "all_regions"),
}
SCOPES = frozenset(scope for scopes in _SCOPES_OF_AREA.values() for scope in scopes)


@dataclass(frozen=True, slots=True)
class Region:
    """A region (地域): its id, names, and the area that decides licence fees (LIC-2).

    `closed_on` is its last day of service, None while it has none.
    """

    region_id: str
    name_en: str
    name_zh: str
    area: str
    status: str
    closed_on: date | None

    def closed(self, day: date) -> bool:
        """Whether its last day of service lies before a day."""
        return self.closed_on is not None and self.closed_on < day

    @property
    def scopes(self) -> tuple[str, ...]:
        """Where to look for its prices: its own id first, then ever wider scopes."""
        return (self.region_id, *_SCOPES_OF_AREA[self.area])


@cache
def regions() -> Mapping[str, Region]:
    """Every region by id; read-only."""
    return records(Region, "regions.csv")


def region(region_id: str) -> Region:
    """The region of that id; raises UnknownName with the nearest ids."""
    return look_up("region", region_id, regions())


@dataclass(frozen=True, slots=True)
class _Near:
    region_id: str
    nearest: tuple[str, ...]


@cache
def nearest_regions(region_id: str) -> tuple[str, ...]:
    """All other regions, the nearest first: same area, then same country, then in the order of the table."""
    return look_up("region", region_id, records(_Near, "nearest_regions.csv")).nearest


@cache
def covered(place: str) -> frozenset[str]:
    """The ids of the regions that a region or a scope stands for."""
    return frozenset(name for name, found in regions().items() if place in found.scopes)
