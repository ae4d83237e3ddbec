"""Rating: usage × price book → charges (BILL-1: price × size × time, per region and category).

Every account, region and meter has a curve: the total level of what is used, as steps over time.
Usage rows become deltas (a level starts, a level ends) in whole numbers, running sums give the
totals that tiers need, and no hour of a row is ever written out. The average price per unit and
hour of the curve also says what any single row costs, so shares of it add up to the bill.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..catalog.meters import METERS, PARTS_OF_A_TERM, units
from ..catalog.price_files import PriceRow
from ..catalog.prices import FIRST_DAY, Epoch, Prices
from ..columns import seconds_of, times_of
from ..errors import InputError, look_up, shown
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR, from_seconds
from .schema import CHARGES, USAGE, WHO_WHERE_WHAT
from .settlement import settlement_borders, settlement_of
from .unpriced import UNPRICED, price_not_found


class Key(NamedTuple):
    """Whose use of what, where: one curve. `vcpus` is 0 for storage, `term` empty but for what is prepaid."""

    account: str
    currency: str
    region: str
    meter: str
    item: str
    vcpus: int
    term: str = ""

    def columns(self) -> dict[str, Any]:
        """The key as columns of a table."""
        return dict(zip(WHO_WHERE_WHAT, self, strict=True))


@dataclass(frozen=True)
class Curve:
    """The level used over time and what it costs.

    Segment k lies between `borders[k]` and `borders[k + 1]` [s since 1970], on which `levels[k]`
    (bytes or instances) and the price table are constant. `lines` hold the cost of each tier, and
    `unpriced` the part of each level that no price covers, which costs nothing here and is no part of
    any total; `known` says in words where there are prices of the same thing, if anything is unpriced.
    """

    key: Key
    borders: np.ndarray
    levels: np.ndarray
    lines: tuple[Line, ...]
    unpriced: np.ndarray
    known: str = ""

    @cached_property
    def cost(self) -> np.ndarray:
        """The cost of each segment."""
        total = np.zeros(len(self.levels))
        for line in self.lines:
            total[line.low : line.high] += line.cost
        return total

    def price_changes(self) -> np.ndarray:
        """The moments [s since 1970] at which the price table, or the mean price over its tiers, changes.

        Example: the first 5 GiB are free, above them a GiB costs 1 an hour. Held are

            from hour   0  1  2  3        levels [GiB]        4  4  10  10
                                          cost                0  0   5   5
                                          mean per GiB-hour   0  0  ½   ½

        The price table is one throughout, so it starts once, at hour 0; the mean changes where the level
        passes 5 GiB, at hour 2. An amount that is cut at 0 and 2 has one price within each piece. Where
        there is no price, from the end of one price table to the start of another, it is cut too.
        """
        used = self.levels != 0
        weight = self.levels * np.diff(self.borders)
        mean = np.divide(self.cost, weight, out=np.zeros(len(weight)), where=used)
        changed = np.flatnonzero(~np.isclose(mean[1:], mean[:-1], rtol=1e-9, atol=0)) + 1
        ends = [line.high for line in self.lines if line.high < len(self.levels)]
        return np.union1d(self.borders[[*(line.low for line in self.lines), *ends]], self.borders[changed])

    def holes(self) -> Curve:
        """The same use with what has no price as its cost: the quantity of each segment [unit-hours].

        Whatever shares out a cost shares out what is missing in the same way.
        """
        hours = np.diff(self.borders) / SECONDS_PER_HOUR
        parts = BYTES_PER_GIB if METERS[self.key.meter].counts == "byte" else PARTS_OF_A_TERM if self.key.term else 1
        quantity = self.unpriced * hours / parts
        line = Line(_NO_PRICE, 0, len(self.levels), quantity, quantity)
        return replace(self, lines=(line,) if self.unpriced.any() else ())

    def unit_cost_until(self, moments: np.ndarray) -> np.ndarray:
        """What one byte (or instance) held from the curve's start until each moment costs.

        0 while nothing is stored; what is prepaid counts as held for the hour of its order, and a refund as
        less than nothing held. Between moments a and b a row of q units costs
        `q × (unit_cost_until(b) - unit_cost_until(a))`.
        """
        used = self.levels != 0
        per_unit = np.divide(self.cost, self.levels, out=np.zeros(len(self.levels)), where=used)
        return np.asarray(np.interp(moments, self.borders, np.append(0.0, np.cumsum(per_unit))))


@dataclass(frozen=True)
class Line:
    """One tier of one price table over segments `low..high`: quantity [unit-hours] and cost."""

    price: PriceRow
    low: int
    high: int
    quantity: np.ndarray
    cost: np.ndarray


_NO_PRICE = PriceRow(meter="none", region_id="all_regions", currency="CNY", valid_from=FIRST_DAY)
"""What stands where a price is missing, so that what has none is shared out as a cost would be."""


def rate(usage: pd.DataFrame, prices: Prices) -> pd.DataFrame:
    """What a usage table costs.

    usage: a `USAGE` table, as `measure` returns it
    prices: the price books

    Returns a `CHARGES` table: one row per account, region, meter, item, settlement and price. Raises
    PriceNotFound with everything that has no price (a bill goes on and lists it instead), InputError for
    what is no usage or no prices. BILL-1.

    >>> ecs.Bill(ecs.rate(ecs.measure(cloud, until="2026-02-14"), ecs.Prices.published()))
    <Bill: 1.44 CNY>
    """
    if not isinstance(prices, Prices):
        raise InputError(f"prices are a Prices object such as Prices.published(), not {shown(prices)}")
    cost_curves = curves(USAGE.check(usage), prices)
    if len(unpriced := unpriced_of(cost_curves)):
        raise price_not_found(unpriced)
    return charges_of(cost_curves, prices)


def charges_of(cost_curves: Sequence[Curve], prices: Prices) -> pd.DataFrame:
    """The charges of some curves that these prices made, as a `CHARGES` table."""
    parts = [
        _charges_of_line(curve, line, used, prices.position[line.price])
        for curve in cost_curves
        for line in curve.lines
        if len(used := np.flatnonzero(line.quantity) + line.low)
    ]
    return CHARGES.check(pd.concat(parts, ignore_index=True)) if parts else CHARGES.frame()


def unpriced_of(cost_curves: Sequence[Curve]) -> pd.DataFrame:
    """The use that no price covers, as an `UNPRICED` table: a row for every unbroken stretch of a curve."""
    rows: list[tuple[object, ...]] = []
    for curve in cost_curves:
        missing = curve.unpriced != 0
        quantity = np.concatenate([line.quantity for line in curve.holes().lines] or [np.zeros(len(missing))])
        first = np.flatnonzero(missing & ~np.concatenate([[False], missing[:-1]]))
        last = np.flatnonzero(missing & ~np.concatenate([missing[1:], [False]]))
        for low, high in zip(first, last + 1, strict=True):
            start, end = from_seconds(int(curve.borders[low])), from_seconds(int(curve.borders[high]))
            unit = METERS[curve.key.meter].consumed_unit(curve.key.term)
            rows.append((*curve.key, start, end, quantity[low:high].sum(), unit, curve.known))
    return UNPRICED.frame(rows)


def curves(usage: pd.DataFrame, prices: Prices) -> list[Curve]:
    """The cost curve of every account, region and meter in a usage table, with what has no price."""
    return [curve_of(key, rows, prices) for key, rows in groups(usage)]


def curve_of(key: Key, rows: Rows, prices: Prices) -> Curve:
    """What some use costs over time, and what of it has no price."""
    book = prices.book(key.currency)
    look_up("meter", key.meter, METERS)
    schedule = book.schedule(key.meter, key.region, key.item, key.vcpus, key.term)
    borders, levels = _steps(rows, schedule)
    if book.assumes_free(key.meter):
        return Curve(key, borders, levels, (), np.zeros(len(levels)))
    lines, unpriced = _price(key, borders, levels, schedule)
    known = book.known(key.meter, key.item, key.term) if unpriced.any() else ""
    return Curve(key, borders, levels, tuple(lines), unpriced, known)


@dataclass(frozen=True, slots=True)
class Rows:
    """The usage rows of one curve: their positions in the table, spans [s] and quantities."""

    positions: np.ndarray
    start: np.ndarray
    end: np.ndarray
    quantity: np.ndarray


def groups(usage: pd.DataFrame) -> Iterator[tuple[Key, Rows]]:
    """The rows of a usage table by curve, in order of their keys."""
    if not len(usage):
        return
    start, end = seconds_of(usage["charge_period_start"]), seconds_of(usage["charge_period_end"])
    quantity = usage["x_quantity"].to_numpy("int64")
    grouped = usage.groupby(WHO_WHERE_WHAT, observed=True, sort=True)
    names: Any
    for names, positions in grouped.indices.items():
        at = np.asarray(positions)
        yield Key(*names), Rows(at, start[at], end[at], quantity[at])


def _steps(rows: Rows, schedule: tuple[Epoch, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Borders and levels: the deltas of the rows, cut where settlements and prices change."""
    ticks = np.concatenate([rows.start, rows.end])
    deltas = np.concatenate([rows.quantity, -rows.quantity])
    order = np.argsort(ticks, kind="stable")
    moments, first = np.unique(ticks[order], return_index=True)
    level_after = np.cumsum(np.add.reduceat(deltas[order], first))
    low, high = moments[0], moments[-1]
    changes = np.array([edge for epoch in schedule for edge in (epoch.start, epoch.end)], dtype=np.int64)
    cuts = np.concatenate([moments, settlement_borders(low, high), changes[(changes > low) & (changes < high)]])
    borders = np.unique(cuts)
    levels = level_after[np.searchsorted(moments, borders[:-1], "right") - 1]
    return borders, levels


def _price(
    key: Key, borders: np.ndarray, levels: np.ndarray, schedule: tuple[Epoch, ...]
) -> tuple[list[Line], np.ndarray]:
    """The lines of a curve, and the part of each level that has no price."""
    hours = np.diff(borders) / SECONDS_PER_HOUR
    in_tiers = METERS[key.meter].bounds == "GiB"  # A band of sizes of instances was chosen with the schedule.
    unpriced = levels.astype(np.float64)
    lines = []
    for epoch in schedule:
        low, high = np.searchsorted(borders[:-1], [epoch.start, epoch.end])
        if low == high:
            continue
        covered = np.zeros(high - low)
        for tier in epoch.tiers:
            unit = units()[tier.unit]
            amount = levels[low:high] * unit.per_quantity(key.vcpus)
            if in_tiers:
                amount = np.clip(amount - tier.from_quantity, 0, tier.to_quantity - tier.from_quantity)
            quantity = amount * hours[low:high]
            assert tier.price is not None
            lines.append(Line(tier, int(low), int(high), quantity, quantity / unit.hours * tier.price))
            covered += amount
        # A tier table may begin above 0 or end below the level; what no tier covers has no price.
        bare = levels[low:high] - covered * BYTES_PER_GIB
        unpriced[low:high] = np.where(in_tiers & (bare > 1e-12 * levels[low:high]), bare, 0)
    return lines, unpriced


def _charges_of_line(curve: Curve, line: Line, used: np.ndarray, price_row: int) -> pd.DataFrame:
    """One row per settlement of a line; `used` are the segments of its curve in which it costs something."""
    unit = units()[line.price.unit]
    settlement = settlement_of(curve.borders[used])
    first = np.flatnonzero(np.diff(settlement, prepend=settlement[0] - 1))
    last = np.append(first[1:], len(used)) - 1
    quantity = np.add.reduceat(line.quantity[used - line.low], first)
    frame = pd.DataFrame(
        {
            "charge_period_start": times_of(curve.borders[used[first]]),
            "charge_period_end": times_of(curve.borders[used[last] + 1]),
            "consumed_quantity": quantity,
            "consumed_unit": unit.consumed,
            "pricing_quantity": quantity / unit.hours,
            "pricing_unit": unit.name,
            "list_unit_price": float(line.price.price or 0),
            "list_cost": np.add.reduceat(line.cost[used - line.low], first),
            "x_price_row": price_row,
        }
    )
    return frame.assign(**curve.key.columns())[CHARGES.names]
