"""What deliveries add to the bills of those who pay: their use beside what is there, through the one rating engine.

Tiers and free quotas are those of all that a payer uses of a meter in a region, so what is added
costs the whole less what was there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..billing.rating import Curve, Gap, Key, Rows, curve_of
from ..catalog.meters import STORAGE
from ..columns import whole_hours
from ..units import SECONDS_PER_HOUR
from .question import Question
from .scripts import Delivery


@dataclass(frozen=True)
class Added:
    """What is added to one payer's use of a meter in a region: its cost, or the gap in the price book."""

    key: Key
    cost: float
    gap: Gap | None


def added(asked: Question, delivered: Iterable[Delivery]) -> list[Added]:
    """What some deliveries add together, by payer, region and meter."""
    use: dict[Key, list[Rows]] = {}
    for delivery in delivered:
        for key, rows in _use_of(asked, delivery):
            use.setdefault(key, []).append(rows)
    found = []
    for key, parts in use.items():
        there = asked.existing.get(key)
        there = there if there is not None and len(there.start) else None
        both = curve_of(key, _together([*parts, there] if there else parts), asked.prices)
        if isinstance(both, Curve) and not both.lines:
            continue  # Free unless priced (COPY-10).
        before = curve_of(key, there, asked.prices) if there else None
        gap = next((curve for curve in (both, before) if isinstance(curve, Gap)), None)
        cost = _total(both) - _total(before) if gap is None else float("nan")
        found.append(Added(key, cost, gap))
    return found


def what_is_missing(amounts: Iterable[Added]) -> str:
    """The prices that are missing among some amounts, in words; empty where none is."""
    missing = [amount.key for amount in amounts if amount.gap]
    return "; ".join(
        f"no price for {key.meter}{f' to {key.item}' if key.item else ''} in {key.region}" for key in missing
    )


def _use_of(asked: Question, delivery: Delivery) -> Iterable[tuple[Key, Rows]]:
    """What one delivery uses: storage in its region, traffic from home to it (none within the home region)."""
    payer, currency = asked.payer(delivery.route, delivery.accounts[0])
    lives = asked.lives[delivery.route]
    for meter in dict.fromkeys(lives.meter):
        used = lives.meter == meter
        first, last = whole_hours(lives.start[used], lives.end[used])
        if meter == STORAGE:
            key = Key(payer, currency, delivery.region, meter, "", 0)
        elif delivery.region == asked.home:
            continue
        else:
            key = Key(payer, currency, asked.home, meter, delivery.region, 0)
            last = first + SECONDS_PER_HOUR
        yield key, Rows(np.empty(0, np.int64), first, last, lives.size_bytes[used])


def _together(parts: list[Rows]) -> Rows:
    """The rows of all parts; which rows of a table they are is lost."""
    start, end, quantity = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end", "quantity")
    )
    return Rows(np.empty(0, np.int64), start, end, quantity)


def _total(curve: Curve | Gap | None) -> float:
    return float(curve.cost.sum()) if isinstance(curve, Curve) else 0.0
