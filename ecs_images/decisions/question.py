"""What is asked: an image as it is, how it lives on, at which prices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from ..billing.metering import billing_window, in_force, usage_of
from ..billing.rating import Curve, Rows, curve_of, groups
from ..billing.schema import Key
from ..catalog.images import is_published
from ..catalog.meters import IMAGE_TRAFFIC, STORAGE
from ..catalog.prices import PriceBook, Prices
from ..catalog.regions import Region, regions
from ..catalog.regions import region as known_region
from ..catalog.sites import sites
from ..cloud.account import Account
from ..cloud.arguments import ident
from ..cloud.cloud import Cloud
from ..errors import CloudError, InputError, PriceNotFound, UnknownName, shown
from ..ledger.resources import Image
from ..units import LATEST, next_full_hour, to_seconds
from .machines import Machines
from .updates import Sizes, Updates, Versions, updates_or_usual
from .ways import DIRECT_COPY, Case, Delivery, Target, Use, Way, deliveries, let_launch, perform

MOST_THIRD_REGIONS = 3
"""How many third regions are tried for a copy."""


class Refusal(NamedTuple):
    """Why a way is refused for a target: the service's code (empty: it has none for this), the rule, the reason."""

    code: str
    rule: str
    why: str

    def __str__(self) -> str:
        rule = f"({self.rule})" if self.rule else ""
        return f"{' '.join(filter(None, (self.code, rule)))}: {self.why}"


class Part(NamedTuple):
    """One of the uses by which a way serves a region, by its place among them."""

    way: Way
    region: str
    via: str
    number: int


class Situation:
    """An image as it is in a cloud, whatever becomes of it: what the service allows, what is used already.

    cloud: a fork of the cloud that was given; what happens there later changes nothing here
    image: the image's id
    owner: the account that owns it
    home: the region it lies in
    use: what every account uses as things are, to the end of time, by curve
    """

    def __init__(self, cloud: Cloud, image: str | Image) -> None:
        """Raises UnknownName for an image that does not exist, InputError for one that has nothing to ask about."""
        if not isinstance(cloud, Cloud):
            raise InputError(f"give the cloud first, a Cloud, not {shown(cloud)}")
        name = ident(image, "image", "image")
        if is_published(name):
            raise InputError(f"{name} is the provider's, there wherever it is offered; ask about an account's image")
        found = cloud.image(name)
        if found.deleted_at:
            raise InputError(f"{found.id} is deleted; ask about an image that is there")
        if any(mapping.snapshot not in cloud.state.snapshots for mapping in found.mappings):
            raise InputError(f"{found.id} is {found.status} and has no snapshots yet; wait for it first")
        self.cloud, self.image = cloud.fork(), found.id
        self.owner, self.home = found.account, found.region
        # Measured from the state that the cloud has, so that its ledger is not replayed.
        window = billing_window(cloud.ledger, LATEST, None)
        self.use = dict(groups(usage_of(cloud.ledger, cloud.state, window, in_force(cloud.state, None))))
        # The cloud never changes, so each is tried once, however often a slider is moved.
        self.refusal, self._brought = cache(self._refusal), cache(self._bring)
        self.currency = cache(self._currency)

    def _refusal(self, delivery: Delivery, machines: Machines) -> Refusal | None:
        """Try a delivery in a fork: None when it is allowed."""
        way, machines = delivery.way, machines if delivery.way.begin else Machines()
        brought = self._brought(replace(delivery, receivers=()), machines)
        if isinstance(brought, Refusal):
            return brought
        there, image = brought
        try:
            let_launch(there.fork(), image, delivery)
        except (CloudError, InputError) as error:
            return _refused(way, error)
        return None

    def _bring(self, delivery: Delivery, machines: Machines) -> tuple[Cloud, str] | Refusal:
        """The cloud in which a delivery has brought the image to its region, and the image there.

        Its commands do not know who will launch it, so this is the same for every receiver that it serves.
        """
        fork = self.cloud.fork()
        try:
            stage = delivery.stage(fork, Updates(machines=machines), self.image)
            ((_, image),) = perform({delivery: stage}, self.image)
            return fork, image
        except (CloudError, InputError) as error:
            return _refused(delivery.way, error)

    def _currency(self, account: str) -> str:
        """The currency of the price list that an account pays by."""
        return sites()[self.cloud.state.accounts[account].site].currency

    def targets(self, accounts: Sequence[str | Account], regions: Sequence[str | Region]) -> list[Target]:
        """Every account in every region, each once, regions first.

        accounts: names of accounts, or accounts
        regions: ids of regions, or regions

        Raises UnknownName for those that do not exist, InputError for what is no list or an empty one.
        """
        for what, given in (("accounts", accounts), ("regions", regions)):
            if isinstance(given, str) or not isinstance(given, Sequence) or not given:
                raise InputError(f"{what} is a list with at least one name, not {shown(given)}")
        names = dict.fromkeys(account_named(self.cloud, account) for account in accounts)
        return [Target(name, region) for region in dict.fromkeys(map(region_named, regions)) for name in names]

    def target(self, account: str | Account, region: str | Region) -> Target:
        """One account in one region; raises as `targets` does."""
        return Target(account_named(self.cloud, account), region_named(region))


class Question:
    """A situation, how the image lives on in it, and at which prices.

    situation: the image as it is
    updates: how it will be renewed; as `Updates()` unless said
    prices: the price lists; the published ones unless said
    left_out: names of meters that no amount counts
    sizes: the sizes that its versions will have
    """

    def __init__(
        self,
        situation: Situation,
        updates: Updates | None = None,
        prices: Prices | None = None,
        left_out: Collection[str] = (),
    ) -> None:
        """Raises InputError for updates that the image cannot have."""
        if prices is not None and not isinstance(prices, Prices):
            raise InputError(f"prices is a Prices, such as Prices.published(), not {shown(prices)}")
        self.situation, self.updates = situation, updates_or_usual(updates)
        self.prices = (prices or Prices.published()).supposing(situation.cloud.state.assume)
        self.left_out = left_out
        self.sizes = Sizes.of(situation.cloud, situation.image, self.updates)
        # Plans of one question have most of their uses in common.
        self.uses, self.curve = cache(self._uses), cache(self._curve)
        self._versions = Versions.of(self.sizes, self.updates, situation.cloud.now)

    def _uses(self, way: Way, region: str, via: str) -> list[Use]:
        """What a way uses to serve one region."""
        cloud, image = self.situation.cloud, self.situation.cloud.image(self.situation.image)
        return way.uses(Case(cloud, image, self.updates, self.sizes, self._versions, region, via))

    def _curve(self, key: Key, parts: tuple[Part, ...]) -> Curve:
        """What some uses cost beside what is used already."""
        uses = [self.uses(part.way, part.region, part.via)[part.number] for part in parts]
        there = [self.existing[key]] if key in self.existing else []
        start, end, quantity = (
            np.concatenate([getattr(one, name) for one in (*uses, *there)]) for name in ("start", "end", "quantity")
        )
        return curve_of(key, Rows(np.empty(0, np.int64), start, end, quantity), self.prices)

    def tried(self, way: Way, target: Target) -> Delivery | Refusal:
        """The delivery by which a way serves a target, or why it is refused."""
        maker = way.maker(self.situation.owner, target.account)
        if not way.third_region:
            return self._allowed(Delivery(way, target.region, maker, (target.account,)))
        if target.region == self.situation.home:
            return self._allowed(Delivery(way, target.region, maker, (target.account,), target.region))
        direct = self.tried(DIRECT_COPY, target)
        known = self._traffic_price(maker, self.situation.home, target.region)
        at_most = known if isinstance(direct, Delivery) else None
        if at_most == 0:
            return Refusal("", way.rule(""), f"the direct copy to {target.region} is allowed and its way is free")
        tried = [
            self._allowed(Delivery(way, target.region, maker, (target.account,), via))
            for via in self._third_regions(maker, target.region, at_most)
        ]
        none = f"no third region on the way to {target.region} has known prices" + (
            " below those of the direct copy" if at_most else ""
        )
        return next((one for one in tried if isinstance(one, Delivery)), [*tried, Refusal("", way.rule(""), none)][0])

    @property
    def copies_are_free(self) -> bool:
        """Whether the way of a copied image is free by assumption (UNK-2), no price being known."""
        owner = self.situation.owner
        return self.prices.book(self.situation.currency(owner)).assumes_free(IMAGE_TRAFFIC)

    def _allowed(self, delivery: Delivery) -> Delivery | Refusal:
        return self.situation.refusal(delivery, self.updates.machines) or delivery

    def _third_regions(self, maker: str, target: str, below: float | None) -> list[str]:
        """The third regions with the cheapest known way, below that of the direct copy where it has a price."""
        home, book = self.situation.home, self.prices.book(self.situation.currency(maker))
        found = []
        for via in regions():
            stored = _price_now(book, STORAGE, via, self.situation.cloud.now)
            legs = [self._traffic_price(maker, *leg) for leg in ((home, via), (via, target))]
            if via in (home, target) or stored is None or None in legs:
                continue
            price = sum(leg for leg in legs if leg is not None)
            if below is None or price < below:
                found.append((price, stored, via))
        return [via for _, _, via in sorted(found)[:MOST_THIRD_REGIONS]]

    def _traffic_price(self, maker: str, origin: str, to: str) -> float | None:
        """What the way of a copied image costs now, 0 where it is free unless priced [currency per GiB]."""
        book = self.prices.book(self.situation.currency(maker))
        free = book.assumes_free(IMAGE_TRAFFIC)
        return 0.0 if free else _price_now(book, IMAGE_TRAFFIC, origin, self.situation.cloud.now, to)

    def deliveries(self, chosen: Mapping[Target, Way]) -> list[Delivery]:
        """What a way for each target, all of them allowed, comes to."""

        def via(way: Way, target: Target) -> str:
            found = self.tried(way, target) if way.third_region else None
            return found.via if isinstance(found, Delivery) else ""

        return deliveries(chosen, self.situation.owner, via)

    @cached_property
    def existing(self) -> dict[Key, Rows]:
        """What is used already, up to the end of the horizon."""
        end = to_seconds(next_full_hour(self.updates.end(self.situation.cloud.now)))
        return {key: _until(rows, end) for key, rows in self.situation.use.items() if rows.start.min() < end}


def _refused(way: Way, error: CloudError | InputError) -> Refusal:
    code, why = (error.code, error.reason) if isinstance(error, CloudError) else ("", str(error))
    return Refusal(code, way.rule(code), why)


def account_named(cloud: Cloud, given: Any) -> str:
    """The name of an account of a cloud, given by it or as the account; raises InputError for anything else."""
    name = given.name if isinstance(given, Account) else given
    if not isinstance(name, str):
        raise InputError(f"an account is given by its name, not by {shown(given)}")
    if name not in cloud.state.accounts:
        raise UnknownName("account", name, cloud.state.accounts)
    return name


def region_named(given: Any) -> str:
    """The id of a region, given by it or as the region; raises InputError for anything else."""
    region = given.region_id if isinstance(given, Region) else given
    if not isinstance(region, str):
        raise InputError(f"a region is given by its id, such as cn-beijing, not by {shown(given)}")
    return known_region(region).region_id


def _price_now(book: PriceBook, meter: str, region_id: str, when: datetime, item: str = "") -> float | None:
    """The price of the first tier of a meter; None where it has none."""
    try:
        return book.at(meter, region_id, when, item)[0].price
    except PriceNotFound:
        return None


def _until(rows: Rows, end: int) -> Rows:
    """The rows that begin before an end, cut there."""
    inside = rows.start < end
    return Rows(rows.positions[inside], rows.start[inside], np.minimum(rows.end[inside], end), rows.quantity[inside])
