"""What deliveries add to the bills of those who pay: their use beside what is there, through the one rating engine.

Tiers and free quotas are those of all that a payer uses of a meter in a region, so what is added
costs the whole less what was there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..billing.rating import Curve, Key, Rows, curve_of
from ..catalog.meters import STORAGE
from ..columns import whole_hours
from ..units import SECONDS_PER_HOUR
from .question import Question
from .ways import Delivery


@dataclass(frozen=True)
class Added:
    """What is added to one payer's use of a meter in a region: its cost, or the curve that lacks a price."""

    key: Key
    cost: float
    gap: Curve | None

    @property
    def note(self) -> str:
        """Which price is missing, in words; empty where none is."""
        to = f" to {self.key.item}" if self.key.item else ""
        return f"no price for {self.key.meter}{to} in {self.key.region}" if self.gap else ""


def added(question: Question, delivered: Iterable[Delivery]) -> list[Added]:
    """What some deliveries add together, by payer, region and meter."""
    use: dict[Key, list[Rows]] = {}
    for delivery in delivered:
        for key, rows in _use_of(question, delivery):
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


def _use_of(question: Question, delivery: Delivery) -> Iterable[tuple[Key, Rows]]:
    """What one delivery uses: storage in its region, traffic from home to it (none within the home region)."""
    home, currency = question.situation.home, question.situation.currency(delivery.maker)
    lives = question.lives[delivery.way]
    for meter in dict.fromkeys(lives.meter):
        used = lives.meter == meter
        first, last = whole_hours(lives.start[used], lives.end[used])
        if meter == STORAGE:
            key = Key(delivery.maker, currency, delivery.region, meter, "", 0)
        elif delivery.region == home:
            continue
        else:
            key = Key(delivery.maker, currency, home, meter, delivery.region, 0)
            last = first + SECONDS_PER_HOUR
        yield key, Rows(np.empty(0, np.int64), first, last, lives.size_bytes[used])


def _together(parts: list[Rows]) -> Rows:
    """The rows of all parts; which rows of a table they are is lost."""
    start, end, quantity = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end", "quantity")
    )
    return Rows(np.empty(0, np.int64), start, end, quantity)


def _total(curve: Curve | None) -> float:
    return float(curve.cost.sum()) if curve is not None else 0.0
