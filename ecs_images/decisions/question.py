"""The question that routes answer: an image, how it lives on, at which prices, beside what is there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from ..billing.metering import measure
from ..billing.rating import Key, Rows, groups
from ..catalog.prices import Prices
from ..catalog.regions import region as known_region
from ..catalog.sites import sites
from ..cloud.cloud import Cloud
from ..errors import InputError, UnknownName
from ..units import LATEST, next_full_hour, to_seconds
from .lives import Lives, Sizes, Versions, lives_of, sizes_of
from .scripts import RECEIVERS_OWN, ROUTES
from .updates import Updates

Refusals = dict[tuple[object, ...], tuple[str, str, str] | None]
"""By case: None when the route is allowed, else its code, why, and where it was tried."""


@dataclass(frozen=True)
class Counts:
    """How many images each account received, and how many it holds in each region."""

    received: Counter[str]
    held: Counter[tuple[str, str]]


@dataclass(frozen=True)
class Question:
    """All that the costs of routes depend on; `use` is what the cloud uses as it is, to the end of time."""

    cloud: Cloud
    image: str
    updates: Updates
    prices: Prices
    start: datetime
    sizes: Sizes
    use: dict[Key, Rows]
    refusals: Refusals = field(default_factory=dict)
    """What was found out by trying; it holds for other updates and prices too, as long as the cloud stays."""

    @cached_property
    def storing(self) -> frozenset[str]:
        """The accounts that use anything already."""
        return frozenset(key.account for key in self.use)

    @cached_property
    def existing(self) -> dict[Key, Rows]:
        """The use that is there already, up to the end of the horizon."""
        end = to_seconds(next_full_hour(self.updates.end(self.start)))
        return {key: _until(rows, end) for key, rows in self.use.items()}

    @cached_property
    def lives(self) -> dict[str, Lives]:
        """What each route stores and sends to serve one region."""
        versions = Versions.of(self.sizes, self.updates, self.start)
        return {route: lives_of(route, self.sizes, versions) for route in ROUTES}

    @cached_property
    def counts(self) -> Counts:
        """What quotas of images look at."""
        images = [image for image in self.cloud.state.images.values() if not image.deleted_at]
        received = Counter(account for image in images for account in image.shared_with)
        return Counts(received, Counter((image.account, image.region) for image in images))

    @property
    def owner(self) -> str:
        return self.cloud.image(self.image).account

    @property
    def home(self) -> str:
        return self.cloud.image(self.image).region

    def payer(self, route: str, account: str) -> tuple[str, str]:
        """Who pays for a route to an account, and the currency of its list."""
        payer = account if route == RECEIVERS_OWN else self.owner
        return payer, sites()[self.cloud.state.accounts[payer].site].currency

    def changed(self, updates: Updates, prices: Prices) -> Question:
        """The same question with other updates and prices."""
        return replace(self, updates=updates, prices=prices, sizes=sizes_of(self.cloud, self.image, updates))


def ask(cloud: Cloud, image: str, updates: Updates | None = None, prices: Prices | None = None) -> Question:
    """The question about an image.

    Raises UnknownName for an image that does not exist, and InputError for one that has nothing to
    ask about, or for updates that it cannot have.
    """
    found = cloud.image(image)
    if found.deleted_at:
        raise InputError(f"{image} is deleted; ask about an image that is there")
    if any(mapping.snapshot not in cloud.state.snapshots for mapping in found.mappings):
        raise InputError(f"{image} is {found.status} and has no snapshots yet; wait for it first")
    updates, prices = updates or Updates(), prices or Prices.published()
    use = dict(groups(measure(cloud.ledger, until=LATEST)))
    return Question(cloud, image, updates, prices, cloud.now, sizes_of(cloud, image, updates), use)


def check_targets(cloud: Cloud, accounts: Sequence[str], regions: Sequence[str]) -> None:
    """Raise UnknownName for accounts or regions that do not exist, InputError for an empty list."""
    for names in (accounts, regions):
        if isinstance(names, str) or not names:
            raise InputError(f"accounts and regions are lists with at least one name, not {names!r}")
    for account in accounts:
        if account not in cloud.state.accounts:
            raise UnknownName("account", str(account), cloud.state.accounts)
    for region in regions:
        known_region(region)


def _until(rows: Rows, end: int) -> Rows:
    """The rows that begin before an end, cut there."""
    inside = rows.start < end
    return Rows(rows.positions[inside], rows.start[inside], np.minimum(rows.end[inside], end), rows.quantity[inside])
