"""The question that routes answer: an image, how it lives on, at which prices, beside what is there already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from ..billing.metering import measure
from ..billing.rating import Key, Rows, groups
from ..catalog.prices import Prices
from ..catalog.regions import region as known_region
from ..catalog.tables import sites
from ..cloud.cloud import Cloud
from ..errors import InputError, UnknownName
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
    """All that the costs of routes depend on; `existing` is the use that is there already."""

    cloud: Cloud
    image: str
    updates: Updates
    prices: Prices
    start: datetime
    sizes: Sizes
    existing: dict[Key, Rows]
    refusals: Refusals = field(default_factory=dict)
    """What was found out by trying; it holds for other updates and prices too, as long as the cloud stays."""

    @cached_property
    def storing(self) -> frozenset[str]:
        """The accounts that use anything already."""
        return frozenset(key.account for key in self.existing)

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
        end = updates.end(self.start)
        same = end == self.updates.end(self.start)
        existing = self.existing if same else _use(self.cloud, end)
        sizes = sizes_of(self.cloud, self.image, updates)
        return replace(self, updates=updates, prices=prices, sizes=sizes, existing=existing)


def ask(
    cloud: Cloud,
    image: str,
    *,
    accounts: Sequence[str],
    regions: Sequence[str],
    updates: Updates | None,
    prices: Prices | None,
) -> Question:
    """The question about an image, its names checked.

    Raises UnknownName for accounts, regions or an image that do not exist, and InputError for an
    image that has nothing to ask about, an empty list, or updates that the image cannot have.
    """
    found = cloud.image(image)
    if found.deleted_at:
        raise InputError(f"{image} is deleted; ask about an image that is there")
    if any(mapping.snapshot not in cloud.state.snapshots for mapping in found.mappings):
        raise InputError(f"{image} is {found.status} and has no snapshots yet; wait for it first")
    for name, known in ((accounts, cloud.state.accounts), (regions, None)):
        if isinstance(name, str) or not name:
            raise InputError(f"accounts and regions are lists with at least one name, not {name!r}")
        for one in name:
            if known is not None and one not in known:
                raise UnknownName("account", str(one), known)
            if known is None:
                known_region(one)
    updates, prices = updates or Updates(), prices or Prices.published()
    sizes = sizes_of(cloud, image, updates)
    return Question(cloud, image, updates, prices, cloud.now, sizes, _use(cloud, updates.end(cloud.now)))


def _use(cloud: Cloud, end: datetime) -> dict[Key, Rows]:
    """What a cloud uses from its beginning to an end, by curve."""
    return dict(groups(measure(cloud.ledger, until=end)))
