"""What deliveries add to the bills of those who pay: their use beside what is there, through the one rating engine.

Tiers and free quotas are those of all that a payer uses of a meter in a region, so what is added
costs the whole less what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..billing.rating import Curve
from ..billing.schema import Key
from ..catalog.meters import item_in_words
from .question import Part, Question
from .ways import BESIDE, Delivery


class Added(NamedTuple):
    """What is added to one payer's use of a meter in a region: all of it with what is added, and as it was before.

    key: whose use it is, of what, where
    whole: all of it; its own key is that of any use which costs the same
    before: without what is added; None where nothing was used
    gap: the one of the two that lacks a price; None where none does
    cost: what is added in all; NaN where a price is missing
    """

    key: Key
    whole: Curve
    before: Curve | None
    gap: Curve | None
    cost: float

    @property
    def note(self) -> str:
        """Which price is missing, in words; empty where none is."""
        what = " ".join(filter(None, (self.key.meter, item_in_words(self.key.meter, self.key.item))))
        return f"no price for {what} in {self.key.region}" if self.gap else ""

    def cost_until(self, moments: np.ndarray) -> np.ndarray:
        """What of that is added up to each moment [s since 1970]; within an hour it grows evenly."""
        return _until(self.whole, moments) - (_until(self.before, moments) if self.before else 0)


@dataclass(frozen=True)
class Sum:
    """What some amounts come to.

    cost: all that has a price; NaN where what is brought has none
    unpriced: which prices of what is brought are missing, in words
    not_counted: what is needed beside, such as a machine, and has no price, in words
    """

    cost: float
    unpriced: str
    not_counted: str


def sum_of(amounts: Sequence[Added]) -> Sum:
    """The sum of some amounts of one currency, with what is missing from it."""
    unpriced, beside, total = [], dict[str, list[str]](), 0.0
    for one in amounts:
        if not one.gap:
            total += one.cost
        elif one.key.meter in BESIDE:
            beside.setdefault(BESIDE[one.key.meter], []).append(one.note)
        else:
            unpriced.append(one.note)
    not_counted = [f"{what} not priced: {', '.join(notes)}" for what, notes in beside.items()]
    return Sum(float("nan") if unpriced else total, "; ".join(unpriced), "; ".join(not_counted))


def added(question: Question, delivered: Iterable[Delivery]) -> list[Added]:
    """What some deliveries add together, by payer, region and meter."""
    use: dict[Key, list[Part]] = {}
    for delivery in delivered:
        currency = question.situation.currency(delivery.maker)
        book = question.prices.book(currency)
        for number, used in enumerate(question.uses(delivery.way, delivery.region, delivery.via)):
            counted = len(used.quantity) and used.meter not in question.left_out
            if counted and not book.assumes_free(used.meter):
                key = Key(delivery.maker, currency, used.region, used.meter, used.item, used.vcpus)
                use.setdefault(key, []).append(Part(delivery.way, delivery.region, delivery.via, number))
    found, same = [], dict[tuple[Key, tuple[Part, ...]], Added]()
    for key, parts in use.items():
        # Whose it is changes nothing where nothing else is used, so that all such payers share one amount.
        there = key in question.existing
        shared = key if there else key._replace(account=""), tuple(parts)
        if shared not in same:
            same[shared] = _amount(key, question.curve(*shared), question.curve(key, ()) if there else None)
        found.append(same[shared]._replace(key=key))
    return found


def _amount(key: Key, whole: Curve, before: Curve | None) -> Added:
    """What the whole costs less what was there."""
    gap = next((curve for curve in (whole, before) if curve and curve.lacks_a_price), None)
    cost = float("nan") if gap else whole.total - (before.total if before else 0)
    return Added(key, whole, before, gap, cost)


def _until(curve: Curve, moments: np.ndarray) -> np.ndarray:
    return np.asarray(np.interp(moments, curve.borders, np.append(0.0, np.cumsum(curve.cost))))
