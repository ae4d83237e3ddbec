"""Share or copy: what the workbench shows, as plain functions of what its controls say.

One target is an account that must launch the image in a region. Each has a way, chosen by the person or, for all
others, the ways that together are the cheapest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from math import isnan
from typing import Any, NamedTuple

import pandas as pd

from ..catalog.meters import COPY_TRAFFIC, FILE_TRAFFIC, IMAGE_TRAFFIC, METERS
from ..catalog.prices import Prices
from ..catalog.sites import sites
from ..charts.plans import Line, plans_picture
from ..cloud.cloud import Cloud
from ..decisions.compared import amounts_of, cheapest, line_of, moments_of
from ..decisions.costs import Added, Sum, sum_of
from ..decisions.question import Question, Situation, prices_or_published
from ..decisions.routes import ROUTES_TABLE, Route, every_route
from ..decisions.updates import Updates
from ..decisions.ways import BESIDE, WAYS, Target, way_named
from ..errors import InputError
from ..units import bytes_to_gib
from . import pages
from .story_of_plan import story_of

MACHINES = frozenset(meter for meter, what in BESIDE.items() if what == "machine")
TRAFFIC = frozenset((COPY_TRAFFIC, FILE_TRAFFIC, IMAGE_TRAFFIC))
_SHARED = ("share", "community")
"""Ways that make nothing: a compared plan takes them wherever they are allowed."""
_COMPARED = {"share only": "", "copy everything": "copy, then share", "rebuild": "rebuild there"}
"""Plans whose lines are drawn beside that of the plan chosen: their way for what sharing does not reach."""
_VERBS = {
    "share": ("share", "in"),
    "community": ("launch the community image", "in"),
    "copy, then share": ("copy images", "to"),
    "copy snapshots": ("copy snapshots", "to"),
    "copy via third region": ("copy images through a third region", "to"),
    "receiver's own image": ("let receivers make their own images", "in"),
    "rebuild there": ("rebuild", "in"),
    "relay": ("let receivers copy their own images", "to"),
    "export and import": ("export files and import them", "in"),
}
"""Ways in a sentence: what is done, and the word before its regions."""
_COPY_PRICES = 16
"""Prices of image copies whose book is kept."""


@dataclass(frozen=True)
class Settings:
    """What the controls say.

    image: id of the image that is to reach somebody
    accounts: names of the accounts that must launch it
    regions: ids of the regions where they must
    updates: how it lives on
    chosen: the way of each target that has one of its own, by its name
    copy_price: what a copied image pays for its way, which is not charged for now (COPY-10) [currency per GiB]
    machines: whether machines that build images are counted, with their disks and licences
    traffic: whether what is sent between regions is counted
    """

    image: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    updates: Updates = field(default_factory=Updates)
    chosen: Mapping[Target, str] = field(default_factory=dict)
    copy_price: float = 0
    machines: bool = True
    traffic: bool = True

    @property
    def left_out(self) -> frozenset[str]:
        """The meters that are not counted."""
        return (frozenset() if self.machines else MACHINES) | (frozenset() if self.traffic else TRAFFIC)


class ShareOrCopy:
    """Ways of the images of a cloud as it is now; what happens in the cloud later changes nothing here."""

    def __init__(self, cloud: Cloud, prices: Prices | None = None) -> None:
        self.cloud = cloud.fork()
        supposed = prices_or_published(prices, self.cloud)
        self._prices = lru_cache(maxsize=_COPY_PRICES)(lambda copy_price: _with_copy_price(supposed, copy_price))
        # A situation keeps what was tried with its image; a slider only changes the updates, or else only prices.
        self._situation = cache(lambda image: Situation(self.cloud, image))
        self._question = lru_cache(maxsize=1)(lambda image, updates: Question(self._situation(image), updates))

    def __repr__(self) -> str:
        return f"<ShareOrCopy: {pages.counted(len(self.images()), 'image')}>"

    def images(self) -> dict[str, str]:
        """The ids of the images that accounts of the cloud own, by what a person calls them, with their regions."""
        state = self.cloud.state
        there = (image for image in state.images.values() if not image.deleted_at)
        mine = [image for image in there if image.account in state.accounts]
        return {f"{pages.called(image.name, image.id)} · {image.region}": image.id for image in mine}

    def written_gib(self, image: str) -> float:
        """What the image's system disk holds, of which an update can write over as much [GiB].

        0 for a copy that still waits, of which nothing is there yet.
        """
        snapshot = self.cloud.state.snapshots.get(self.cloud.image(image).system_snapshot)
        return bytes_to_gib(snapshot.content_bytes) if snapshot else 0.0

    def currency(self, account: str) -> str:
        """The currency of the price list that an account pays by."""
        return sites()[self.cloud.state.accounts[account].site].currency

    def answer(self, settings: Settings) -> Answer:
        """What some settings come to; raises EcsImagesError for what cannot be answered."""
        if not settings.image:
            raise InputError("this cloud has no image of an account's own; make one with create_image")
        if not settings.accounts or not settings.regions:
            raise InputError("choose at least one account and one region; nothing is compared until then")
        question = self._question(settings.image, settings.updates)
        targets = question.situation.targets(settings.accounts, settings.regions)
        return Answer(settings, question.at(self._prices(settings.copy_price), settings.left_out), targets)


class Whole(NamedTuple):
    """A plan, the routes in the order of their targets, with what it adds and comes to, by currency."""

    plan: tuple[Route, ...]
    amounts: Sequence[Added]
    sums: Mapping[str, Sum]

    @property
    def lacks(self) -> list[str]:
        """What of it has no price."""
        return [text for one in self.sums.values() for text in (one.unpriced, one.not_counted) if text]


class Answer:
    """What some settings come to.

    settings: what was asked
    question: the same, as decisions read it
    routes: every way to every target
    plan: the routes that are taken, those chosen and otherwise the cheapest; without those that are refused
    refused: the routes that were chosen and are refused
    """

    def __init__(self, settings: Settings, question: Question, targets: Sequence[Target]) -> None:
        self.settings, self.question, self._targets = settings, question, targets
        self.routes = every_route(question, targets)
        self._home = question.situation.currency(question.situation.owner)
        ways = iter(self.routes)
        self._by_target = {target: dict(zip(WAYS, ways, strict=False)) for target in targets}
        self._known: dict[str, Whole] = {}
        self._best = self._cheapest()
        wanted = {target: way_named(way).name for target, way in settings.chosen.items() if target in self._by_target}
        picked = {target: self._by_target[target][way] for target, way in wanted.items()}
        self.refused = {target: route for target, route in picked.items() if not route.allowed}
        allowed = {target: route for target, route in picked.items() if route.allowed}
        self._best_ways = {route.target: route for route in self._best.plan}
        taken = cheapest(self.routes, self._home, allowed) if picked else self._best_ways
        self.plan = {target: taken[target] for target in targets if target in taken and target not in self.refused}

    @cached_property
    def mine(self) -> Whole:
        """The plan with what it comes to."""
        plan = tuple(self.plan.values())
        return self._best if plan == self._best.plan else self._whole(plan)

    def cheapest_way(self, target: Target) -> str:
        """The way of a target in the cheapest plan; empty where every way is refused."""
        return self._best_ways[target].way if target in self._best_ways else ""

    def table(self) -> pd.DataFrame:
        """Every way to every target as `ecs.routes` returns it, and in `x_chosen` whether it is the one taken."""
        taken = {*self.plan.values(), *self.refused.values()}
        return ROUTES_TABLE.frame(self.routes).assign(x_chosen=[route in taken for route in self.routes])

    def totals(self) -> pd.DataFrame:
        """What each payer pays for the plan over the horizon, as `ecs.plan` says.

        Columns: `x_payer`, `billing_currency`, `list_cost` (NaN where nothing of it has a price) and `x_unpriced`, the
        number of prices that are missing and left out.
        """
        return pd.DataFrame(self._paid(), columns=["x_payer", "billing_currency", "list_cost", "x_unpriced"])

    def _paid(self) -> list[tuple[str, str, float, int]]:
        found, by_payer = [], dict[str, list[Added]]()
        for one in self.mine.amounts:
            by_payer.setdefault(one.key.account, []).append(one)
        for payer, currency in dict.fromkeys((route.payer, route.currency) for route in self.plan.values()):
            mine = by_payer.get(payer, [])
            cost, gaps = sum(one.cost for one in mine if not one.gap), sum(bool(one.gap) for one in mine)
            found.append((payer, currency, float("nan") if gaps and not cost else cost, gaps))
        return found

    def sentences(self) -> list[str]:
        """The answer, which compares the plan with the runner-up, and what it holds for."""
        words = [self._compared, *self._reach()]
        if not self.settings.machines or not self.settings.traffic:
            parts = (("machines", self.settings.machines), ("traffic", self.settings.traffic))
            words.append(f"Not counted, as you chose: {' and '.join(name for name, counted in parts if not counted)}.")
        if self.settings.traffic and self.question.copies_are_free:
            words.append("Copying an image costs no transfer fee for now (UNK-2).")
        return words

    def cells(self) -> list[dict[str, str]]:
        """What stands in each cell of the grid, regions by accounts: the way, its money or code, and its kind."""
        found, served = [], dict[tuple[str, str, str], str]()
        for target in self._targets:
            route, mark = self.plan.get(target), "chosen" if target in self.settings.chosen else ""
            if route is None:
                refused = self.refused.get(target) or next(iter(self._by_target[target].values()))
                way = refused.way if target in self.refused else "no way"
                found.append({"way": way, "money": refused.code or refused.rule, "kind": "refused"})
                continue
            first = served.setdefault((route.way, route.region, route.payer), target.account)
            money = f"with {first}" if first != target.account and route.cost else self._money(route)
            found.append({"way": route.way, "money": money, "kind": mark})
        return found

    def ways_of(self, target: Target) -> list[dict[str, Any]]:
        """The ways to a target, those that are allowed first."""
        routes = sorted(self._by_target[target].values(), key=lambda route: not route.allowed)
        return [
            {
                "way": route.way,
                "name": route.way,
                "allowed": route.allowed,
                "money": self._money(route) if route.allowed else route.code or "does not apply",
                "who": f"{route.payer} pays" if route.allowed else "",
                "what": _meters_in_words(_means(route) if route.allowed else _why(route)),
            }
            for route in routes
        ]

    def story(self) -> str:
        """The text of a story file that plays the plan; raises CloudError for one that is refused as a whole."""
        ways = {target: WAYS[route.way] for target, route in self.plan.items()}
        return story_of(self.question, self.question.deliveries(ways))

    def picture(self) -> str:
        """The cost of the plan and of others over time, one picture for each currency."""
        plans = {"this plan": self.mine} | {name: self._sharing_first(way) for name, way in _COMPARED.items()}
        count, moments, by_currency = len(self._targets), moments_of(self.question), dict[str, list[Line]]()
        for name, whole in plans.items():
            reached = len(whole.plan)
            called = name if reached == count else f"{name}, {reached} of {count}"
            for currency in whole.sums:
                line = Line(called, moments, *line_of(whole.amounts, currency, moments))
                by_currency.setdefault(currency, []).append(line)
        text = f"Cost over {self.settings.updates.horizon_days:g} days. {self._compared}"
        return "".join(plans_picture(lines, currency, text) for currency, lines in by_currency.items())

    def payers(self) -> str:
        """Who pays how much, as a table with bars."""
        rows, paid = [], self._paid()
        for payer, currency, cost, unpriced in paid:
            known = "not known, a price is missing" if isnan(cost) else pages.amount(cost, currency)
            dearest = max((one[2] for one in paid if one[1] == currency and not isnan(one[2])), default=0)
            share = 0.0 if isnan(cost) or not dearest else cost / dearest
            rows.append((payer, f"{known}{' + ?' if unpriced and not isnan(cost) else ''}", share))
        return pages.bars(f"Who pays over {self.settings.updates.horizon_days:g} days", rows)

    def _whole(self, plan: tuple[Route, ...]) -> Whole:
        amounts = amounts_of(self.question, plan)
        currencies = dict.fromkeys(route.currency for route in plan) or [self._home]
        return Whole(plan, amounts, {c: sum_of([one for one in amounts if one.key.currency == c]) for c in currencies})

    def _sharing_first(self, way: str) -> Whole:
        """The plan that shares wherever that is allowed and takes one way for all other targets it can reach."""
        if way not in self._known:
            plan = tuple(
                shared or ways[way]
                for ways, shared in zip(self._by_target.values(), self._shared, strict=True)
                if shared or (way and ways[way].allowed)
            )
            # Where two ways reach nothing more, their plans are the same.
            known = (one for one in self._known.values() if one.plan == plan)
            self._known[way] = next(known, None) or self._whole(plan)
        return self._known[way]

    @cached_property
    def _shared(self) -> list[Route | None]:
        """For each target how sharing reaches it; None where it does not."""
        reached = ((ways[name] for name in _SHARED if ways[name].allowed) for ways in self._by_target.values())
        return [next(one, None) for one in reached]

    @cached_property
    def _others(self) -> list[Whole]:
        """Plans of one way for all that sharing does not reach; none opens the image to everybody."""
        plans = [self._sharing_first(name) for name, way in WAYS.items() if not way.opens]
        return list({id(plan): plan for plan in plans}.values())

    def _cheapest(self) -> Whole:
        """The cheapest of all plans that reach most targets; tiers can make one way for all cheaper than it seems."""
        found = cheapest(self.routes, self._home)
        best = self._whole(tuple(found[target] for target in self._targets if target in found))
        return min((best, *self._comparable(best)), key=self._cost)

    def _comparable(self, plan: Whole) -> list[Whole]:
        """The other plans that reach as many targets, are fully counted, and are paid in the same one currency."""
        same = [one for one in self._others if len(one.plan) >= len(plan.plan) and one.sums.keys() == plan.sums.keys()]
        return [one for one in same if len(one.sums) == 1 and not one.lacks and one.plan != plan.plan]

    def _cost(self, plan: Whole) -> tuple[bool, float]:
        """What puts plans of one currency in order: those fully counted first, then what is known of them."""
        return bool(plan.lacks), sum(0.0 if isnan(one.cost) else one.cost for one in plan.sums.values())

    @cached_property
    def _compared(self) -> str:
        """The plan, and the runner-up or what is cheaper, in one sentence."""
        mine, best, days = self.mine, self._best, f"for {self.settings.updates.horizon_days:g} days"
        if not mine.plan:
            what = "Every way chosen" if self.refused else "Every way to every target"
            return f"{what} is refused; pick a cell to see why."
        is_best = mine.plan == best.plan
        if any(isnan(one.cost) for one in mine.sums.values()):
            head = "No plan has all its prices" if is_best else "This plan lacks a price"
        elif not is_best:
            head = "This plan"
        else:
            head = "Cheapest, but not fully counted" if mine.lacks else "Cheapest fully counted"
        said = f"{head}: {self._in_words(mine)}: {_amounts(mine)} {days}"
        if len(mine.sums) > 1:
            return f"{said}; plans in two currencies are not compared."
        known = self._comparable(mine)
        if not is_best and len(best.plan) >= len(mine.plan) and best.sums.keys() == mine.sums.keys():
            known.append(best)
        if not known:
            return f"{said}; no other plan compared is fully counted and reaches as many."
        other = min(known, key=self._cost)
        ((currency, theirs),), ((_, ours),) = other.sums.items(), mine.sums.items()
        name = "the runner-up" if is_best else "the cheapest" if other.plan == best.plan else "the next best"
        name += ", not fully counted" if other.lacks else ""
        gap = "" if isnan(ours.cost) else f" ({theirs.cost - ours.cost:+,.2f})"
        return f"{said}; {name}, {self._in_words(other)}, is {pages.amount(theirs.cost, currency)}{gap}."

    def _reach(self) -> list[str]:
        """How far sharing goes, what is out of reach, and what seems cheaper only because a part is not counted."""
        count, alone = len(self._targets), len(self._sharing_first("").plan)
        words = []
        if alone < count:
            words.append(f"Sharing alone reaches {alone} of {pages.counted(count, 'target')}.")
        if self.refused:
            words.append(
                f"The way chosen is refused for {pages.counted(len(self.refused), 'target')}; the cell says why."
            )
        if unreached := count - len(self.plan) - len(self.refused):
            words.append(f"No way reaches {pages.counted(unreached, 'target')}; pick the cell to see why.")
        (_, cost), whole = self._cost(self.mine), not self.mine.lacks
        partly = [one for one in self._others if one.lacks and len(one.plan) >= len(self.plan)]
        priced = [one for one in partly if not any(isnan(paid.cost) for paid in one.sums.values())]
        lower = [one for one in priced if one.sums.keys() == self.mine.sums.keys() and self._cost(one)[1] < cost]
        if whole and lower:
            one = min(lower, key=self._cost)
            words.append(f"Lower, but not fully counted: {self._in_words(one)}: {_amounts(one)}.")
        if not whole:
            words.append(
                f"Not counted, for want of a price: {_meters_in_words('; '.join(dict.fromkeys(self.mine.lacks)))}."
            )
        return words

    def _in_words(self, plan: Whole) -> str:
        """A plan as its ways and where each is taken."""
        where: dict[str, dict[str, None]] = {}
        for route in sorted(plan.plan, key=lambda route: route.region == self.question.situation.home):
            where.setdefault(route.way, {})[route.region] = None
        words = []
        for way, names in where.items():
            verb, to = _VERBS.get(way, (way, "for"))
            places = pages.listed(list(names)) if len(names) <= 2 else pages.counted(len(names), "region")
            at_home = list(names) == [self.question.situation.home]
            words.append(f"{verb} at home" if at_home else f"{verb} {to} {places}")
        return ", ".join(words)

    def _money(self, route: Route) -> str:
        """What a route costs alone, with its currency where it is not that of the image's owner."""
        if isnan(route.cost):
            return "no price"
        amount = pages.number(route.cost) if route.currency == self._home else pages.amount(route.cost, route.currency)
        return f"{amount}{' + ?' if route.not_counted else ''}"


def _amounts(plan: Whole) -> str:
    known = [
        f"{'an unknown amount of' if isnan(one.cost) else pages.number(one.cost)} {currency}"
        for currency, one in plan.sums.items()
    ]
    return f"{pages.listed(known)}{' + ?' if plan.lacks else ''}"


def _means(route: Route) -> str:
    """What a way means beside its money: what it lacks, what withdrawing breaks, how long it takes."""
    lacks = "; ".join(filter(None, (route.not_counted, route.note)))
    hours = f"ready after {route.hours_to_launch:.1f} h" if route.hours_to_launch else "ready at once"
    return f"{f'{lacks}. ' if lacks else ''}If withdrawn: {route.if_withdrawn}; {hours}"


def _why(route: Route) -> str:
    """Why a way is refused, with the rule."""
    return f"{route.note}{f' ({route.rule})' if route.rule else ''}"


def _meters_in_words(text: str) -> str:
    """A text without names that only price files and bills know."""
    for meter in METERS.values():
        text = text.replace(meter.name, meter.label) if "_" in meter.name else text
    return text


def _with_copy_price(prices: Prices, copy_price: float) -> Prices:
    """The books, with one price for the way of a copied image where it is not 0 (COPY-10, UNK-2)."""
    return prices.changed("image_copy_traffic", price=copy_price) if copy_price else prices
