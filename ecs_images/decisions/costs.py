"""What deliveries add to the bills of those who pay: their use beside what is there, through the one rating engine.

Tiers and free quotas are those of all that a payer uses of a meter in a region, so what is added
costs the whole less what was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..billing.rating import Curve, Key, Rows, curve_of
from ..catalog.meters import item_in_words
from .question import Question
from .ways import BESIDE, Delivery


@dataclass(frozen=True)
class Added:
    """What is added to one payer's use of a meter in a region: its cost, or the curve that lacks a price."""

    key: Key
    cost: float
    gap: Curve | None

    @property
    def note(self) -> str:
        """Which price is missing, in words; empty where none is."""
        what = " ".join(filter(None, (self.key.meter, item_in_words(self.key.meter, self.key.item))))
        return f"no price for {what} in {self.key.region}" if self.gap else ""


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
    unpriced, beside = [], dict[str, list[str]]()
    for one in amounts:
        if one.gap and one.key.meter in BESIDE:
            beside.setdefault(BESIDE[one.key.meter], []).append(one.note)
        elif one.gap:
            unpriced.append(one.note)
    cost = float("nan") if unpriced else sum(one.cost for one in amounts if not one.gap)
    not_counted = [f"{what} not priced: {', '.join(notes)}" for what, notes in beside.items()]
    return Sum(cost, "; ".join(unpriced), "; ".join(not_counted))


def added(question: Question, delivered: Iterable[Delivery]) -> list[Added]:
    """What some deliveries add together, by payer, region and meter."""
    use: dict[Key, list[Rows]] = {}
    for delivery in delivered:
        currency = question.situation.currency(delivery.maker)
        for used in question.uses(delivery.way, delivery.region, delivery.via):
            if len(used.quantity):
                key = Key(delivery.maker, currency, used.region, used.meter, used.item, used.vcpus)
                rows = Rows(np.empty(0, np.int64), used.start, used.end, used.quantity)
                use.setdefault(key, []).append(rows)
    found = []
    for key, parts in use.items():
        there = question.existing.get(key)
        both = curve_of(key, _together([*parts, there] if there else parts), question.prices)
        if not both.lines and not both.unpriced.any():
            continue  # Free unless priced (COPY-10).
        before = curve_of(key, there, question.prices) if there else None
        gap = next((curve for curve in (both, before) if curve is not None and curve.unpriced.any()), None)
        cost = _total(both) - _total(before) if gap is None else float("nan")
        found.append(Added(key, cost, gap))
    return found


def _together(parts: list[Rows]) -> Rows:
    """The rows of all parts; which rows of a table they are is lost."""
    start, end, quantity = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end", "quantity")
    )
    return Rows(np.empty(0, np.int64), start, end, quantity)


def _total(curve: Curve | None) -> float:
    return float(curve.cost.sum()) if curve is not None else 0.0
