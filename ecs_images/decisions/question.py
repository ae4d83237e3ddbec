"""What is asked: an image as it is, how it lives on, at which prices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from ..billing.levels import Levels, levels_of_spans
from ..billing.metering import billing_window, in_force, usage_of
from ..billing.rating import Curve, Rows, curve_of, groups
from ..billing.schema import Key
from ..catalog.images import is_published
from ..catalog.meters import IMAGE_TRAFFIC, STORAGE, goes_to_a_region
from ..catalog.prices import Prices
from ..catalog.regions import Region, regions
from ..catalog.regions import region as known_region
from ..catalog.rule_book import rules_behind
from ..catalog.sites import sites
from ..cloud.account import Account
from ..cloud.arguments import ident
from ..cloud.cloud import Cloud
from ..errors import CloudError, InputError, UnknownName, shown
from ..ledger.resources import Image, OpenedAccount
from ..units import LATEST, next_full_hour, to_seconds
from .machines import Machines
from .updates import Sizes, Updates, Versions, updates_or_usual
from .ways import DIRECT_COPY, Case, Delivery, Target, Use, Way, deliveries, let_launch, perform

MOST_THIRD_REGIONS = 3
"""How many third regions are tried for a copy."""
_THERE, _BETWEEN = "there", "between"
"""Stand for a region away from home and for a third region."""


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
        # The cloud never changes, so each is tried once, however often a slider is moved.
        self.refusal, self._brought = cache(self._refusal), cache(self._bring)
        self.currency = cache(self._currency)

    @cached_property
    def use(self) -> dict[Key, Rows]:
        """What every account uses as things are, to the end of time, by curve."""
        # Measured from the state that the cloud has, so that its ledger is not replayed.
        ledger, state = self.cloud.ledger, self.cloud.state
        return dict(groups(usage_of(ledger, state, billing_window(ledger, LATEST, None), in_force(state, None))))

    def _refusal(self, delivery: Delivery, machines: Machines) -> Refusal | None:
        """Why a delivery to one account is refused; None when it is allowed."""
        (account,), first = delivery.receivers, self.alike[delivery.receivers[0]]
        if first == account:
            return self._tried(delivery, machines if delivery.way.begin else Machines())
        maker = first if delivery.maker == account else delivery.maker
        found = self.refusal(delivery._replace(maker=maker, receivers=(first,)), machines)
        # A reason that names the other account is not this one's.
        return self._tried(delivery, machines) if found and first in found.why else found

    def _tried(self, delivery: Delivery, machines: Machines) -> Refusal | None:
        """Try a delivery in a fork: None when it is allowed."""
        brought = self._brought(delivery._replace(receivers=()), machines)
        if isinstance(brought, Refusal):
            return brought
        there, image = brought
        try:
            let_launch(there.fork(), image, delivery)
        except (CloudError, InputError) as error:
            return _refused(delivery.way, error)
        return None

    @cached_property
    def alike(self) -> dict[str, str]:
        """For each account the first one that no command tells from it, which may be itself.

        Two are alike when they were opened on the same terms and nothing else in the cloud names either: exchange
        their names and the cloud is the same, so every command does for one what it does for the other.
        """
        state, first = self.cloud.state, dict[OpenedAccount, str]()
        tables: list[Mapping[str, Any]] = [state.instances, state.disks, state.snapshots, state.images, state.files]
        tables += [state.policies, state.purchases]
        named = {thing.account for table in tables for thing in table.values()}
        named.update(*(image.shared_with for image in state.images.values()))
        return {
            name: name if name in named else first.setdefault(replace(account, name=""), name)
            for name, account in state.accounts.items()
        }

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
        self.situation, self.updates = situation, updates_or_usual(updates)
        self.sizes = Sizes.of(situation.cloud, situation.image, self.updates)
        # Plans of one question have most of their uses in common, and those often the same pieces.
        self.uses, self._uses_at = cache(self._uses), cache(self._template)
        self._pieces: dict[bytes, np.ndarray] = {}
        self._levels: dict[tuple[object, ...], Levels] = {}
        self._versions = Versions.of(self.sizes, self.updates, situation.cloud.now)
        # What has all its prices, by its use and its price tables, so that it holds at other prices too.
        self._curves: dict[tuple[object, ...], Curve] = {}
        self._ask(prices, left_out)

    def at(self, prices: Prices | None, left_out: Collection[str] = ()) -> Question:
        """The same question at other prices; what is used, and what that costs as before, is not found out again."""
        twin = copy(self)
        twin._ask(prices, left_out)
        return twin

    def _ask(self, prices: Prices | None, left_out: Collection[str]) -> None:
        self.prices, self.left_out = prices_or_published(prices, self.situation.cloud), left_out
        self.curve, self._third_regions, self._price = cache(self._curve), cache(self._thirds), cache(self._price_now)
        # What lacks a price says where these prices have one.
        self._lacking: dict[tuple[object, ...], Curve] = {}

    def _uses(self, way: Way, region: str, via: str) -> list[Use]:
        """What a way uses to serve one region."""
        home = self.situation.home
        names = {_THERE: region, _BETWEEN: via}
        return [
            use._replace(region=names.get(use.region, use.region), item=names.get(use.item, use.item))
            for use in self._uses_at(way, home if region == home else _THERE, via and _BETWEEN)
        ]

    def _template(self, way: Way, region: str, via: str) -> list[Use]:
        """What a way uses at home or away, which but for its names is the same in every region."""
        cloud, image = self.situation.cloud, self.situation.cloud.image(self.situation.image)
        found = []
        for use in way.uses(Case(cloud, image, self.updates, self.sizes, self._versions, region, via)):
            start, end, quantity = (self._pieces.setdefault(span.tobytes(), span) for span in _spans(use))
            found.append(use._replace(start=start, end=end, quantity=quantity))
        return found

    def _curve(self, key: Key, parts: tuple[Part, ...]) -> Curve:
        """What some uses cost beside what is used already; the curve's own key is that of the first such use."""
        uses = [self.uses(part.way, part.region, part.via)[part.number] for part in parts]
        pieces = tuple(id(span) for use in uses for span in _spans(use)), key if key in self.existing else None
        schedule = self.prices.book(key.currency).schedule(key.meter, key.region, key.item, key.vcpus)
        # The same use by the same price tables costs the same, in whatever region it is, or is sent to.
        same = key.meter, "" if goes_to_a_region(key.meter) else key.item, key.vcpus, schedule, pieces
        found = self._curves.get(same) or self._lacking.get(same)
        if found:
            return found
        if pieces not in self._levels:
            there: list[Use | Rows] = [self.existing[key]] if key in self.existing else []
            start, end, quantity = map(np.concatenate, zip(*(_spans(one) for one in [*uses, *there]), strict=True))
            self._levels[pieces] = levels_of_spans(np.zeros(len(start), np.int64), [key], start, end, quantity)
        levels = self._levels[pieces]
        found = curve_of(key, levels.moment, levels.change, self.prices)
        kept = self._curves if schedule and not found.lacks_a_price else self._lacking
        kept[same] = found
        return found

    def tried(self, way: Way, target: Target) -> Delivery | Refusal:
        """The delivery by which a way serves a target, or why it is refused."""
        maker = way.maker(self.situation.owner, target.account)
        if not way.third_region:
            return self._allowed(Delivery(way, target.region, maker, (target.account,)))
        if target.region == self.situation.home:
            return self._allowed(Delivery(way, target.region, maker, (target.account,), target.region))
        direct = self.tried(DIRECT_COPY, target)
        currency = self.situation.currency(maker)
        known = self._price(currency, IMAGE_TRAFFIC, self.situation.home, target.region)
        at_most = known if isinstance(direct, Delivery) else None
        if at_most == 0:
            return Refusal("", way.rule, f"the direct copy to {target.region} is allowed and its way is free")
        tried = [
            self._allowed(Delivery(way, target.region, maker, (target.account,), via))
            for via in self._third_regions(currency, target.region, at_most)
        ]
        none = f"no third region on the way to {target.region} has known prices" + (
            " below those of the direct copy" if at_most else ""
        )
        return next((one for one in tried if isinstance(one, Delivery)), [*tried, Refusal("", way.rule, none)][0])

    @property
    def copies_are_free(self) -> bool:
        """Whether the way of a copied image is free, as it is for now (UNK-2), no price being given."""
        owner = self.situation.owner
        return self.prices.book(self.situation.currency(owner)).assumes_free(IMAGE_TRAFFIC)

    def _allowed(self, delivery: Delivery) -> Delivery | Refusal:
        return self.situation.refusal(delivery, self.updates.machines) or delivery

    def _thirds(self, currency: str, target: str, below: float | None) -> list[str]:
        """The third regions with the cheapest known way, below that of the direct copy where it has a price."""
        home, found = self.situation.home, []
        for via in regions():
            there, stored = self._price(currency, IMAGE_TRAFFIC, home, via), self._price(currency, STORAGE, via)
            if via in (home, target) or there is None or stored is None or (below is not None and there >= below):
                continue
            on = self._price(currency, IMAGE_TRAFFIC, via, target)
            if on is not None and (below is None or there + on < below):
                found.append((there + on, stored, via))
        return [via for _, _, via in sorted(found)[:MOST_THIRD_REGIONS]]

    def _price_now(self, currency: str, meter: str, region_id: str, item: str = "") -> float | None:
        """The price of a meter's first tier, 0 of what is free unless priced; None where it has none [per GiB]."""
        book, now = self.prices.book(currency), to_seconds(self.situation.cloud.now)
        if book.assumes_free(meter):
            return 0.0
        epochs = (epoch for epoch in book.schedule(meter, region_id, item) if epoch.start <= now < epoch.end)
        return next((epoch.tiers[0].price for epoch in epochs), None)

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

    @cached_property
    def busy(self) -> frozenset[str]:
        """The accounts that use something already."""
        return frozenset(key.account for key in self.existing)


def _refused(way: Way, error: CloudError | InputError) -> Refusal:
    if isinstance(error, CloudError):
        return Refusal(error.code, rules_behind(error.operation, error.code), error.reason)
    return Refusal("", way.rule, str(error))


def prices_or_published(prices: Prices | None, cloud: Cloud) -> Prices:
    """The prices given, the published ones for none, as a cloud supposes them; raises InputError for anything else."""
    if prices is not None and not isinstance(prices, Prices):
        raise InputError(f"prices is a Prices, such as Prices.published(), not {shown(prices)}")
    return (prices or Prices.published()).supposing(cloud.state.assume)


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


def _spans(of: Use | Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """When what is used begins and ends, and how much it is."""
    return of.start, of.end, of.quantity


def _until(rows: Rows, end: int) -> Rows:
    """The rows that begin before an end, cut there."""
    inside = rows.start < end
    return Rows(rows.positions[inside], rows.start[inside], np.minimum(rows.end[inside], end), rows.quantity[inside])
