"""The answer about routes in a sentence: the cheapest way to targets that are alike, and why they cannot just share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from math import isnan
from typing import NamedTuple

from ..wording import amount, listed
from .compared import cheapest
from .question import Question
from .routes import Route
from .ways import WAYS, Target


class Alike(NamedTuple):
    """Accounts for which every way to a region is the same.

    region: the region
    accounts: their names
    routes: every way to the first of them, the cheapest first, those without a price and the refused ones last
    answer: the cheapest way, what it adds for all of them together, and what is against sharing, as a sentence
    """

    region: str
    accounts: tuple[str, ...]
    routes: tuple[Route, ...]
    answer: str

    @property
    def place(self) -> str:
        """Where, and for whom."""
        return f"{self.region} for {listed(self.accounts)}"


def payer(route: Route) -> str:
    """Who pays a way, in words that hold for every account that takes it."""
    return "each receiver" if WAYS[route.way].receivers_make_their_own else route.payer


def money(cost: float, currency: str, not_counted: str = "") -> str:
    """What a way adds; "+ ?" says that a part of it is not counted."""
    return "no price" if isnan(cost) else f"{amount(cost, currency)}{' + ?' if not_counted else ''}"


def alike(question: Question, routes: Iterable[Route]) -> list[Alike]:
    """The answers to a question, each for the accounts for which it is the same.

    question: the image, its updates and the prices
    routes: every route to every target, as `every_route` returns them
    """
    by_target: dict[Target, list[Route]] = {}
    for route in routes:
        by_target.setdefault(route.target, []).append(route)
    groups: dict[tuple[str, ...], list[Target]] = {}
    for target, ways in by_target.items():
        same = (str(way._replace(account="", payer=payer(way), cost=round(way.cost, 6))) for way in ways)
        groups.setdefault((target.region, *same), []).append(target)
    home = question.situation.currency(question.situation.owner)
    best = cheapest(chain.from_iterable(by_target.values()), home)
    found = []
    for targets in groups.values():
        ways = sorted(by_target[targets[0]], key=lambda way: (not way.allowed, isnan(way.cost), way.cost))
        group = Alike(targets[0].region, tuple(target.account for target in targets), tuple(ways), "")
        taken = [best[target] for target in targets if target in best]
        found.append(group._replace(answer=_answer(group, taken, question.updates.horizon_days)))
    return found


def _answer(group: Alike, taken: Sequence[Route], days: float) -> str:
    """The sentence: `taken` are the cheapest routes to the accounts, empty where none is allowed."""
    share = next(way for way in group.routes if way.way == "share")
    against = "" if share.allowed else f"; sharing is refused: {share.note}"
    if not taken:
        return f"No way to {group.place} is allowed, but to open the image to everybody{against}."
    first = taken[0]
    kind, lacks, lower = "Cheapest fully counted way", first.not_counted, ""
    if isnan(first.cost):
        kind, lacks = "No way has a price; one that is allowed", first.note
    elif lacks:
        kind = "Cheapest way, though not fully counted,"
    else:
        partly = [way for way in group.routes if way.not_counted and way.currency == first.currency]
        lower = "".join(
            f"; lower, but not fully counted: {way.way}, {money(way.cost, way.currency, way.not_counted)}"
            for way in partly[:1]
            if way.cost < first.cost
        )
    # What one account pays for all is one amount, however many share it.
    paid = {(route.way, route.payer): route.cost for route in taken}
    total = f"{money(sum(paid.values()), first.currency, first.not_counted)}{' together' if len(paid) > 1 else ''}"
    why = f" ({lacks})" if lacks else ""
    return f"{kind} to {group.place}: {first.way}, {total} for {days:g} days{why}{lower}{against}."
