"""Rating: usage × price book → charges (BILL-1: price × size × time, per region and category).

Every account, region and meter has a curve: the total level of what is used, as steps over time.
Running sums of its rises and falls give the totals that tiers need, and no hour of a row is ever
written out. The average price per unit and hour of the curve also says what any single row costs,
so shares of it add up to the bill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..catalog.meters import METERS, PARTS_OF_A_TERM, units
from ..catalog.price_files import PriceRow
from ..catalog.prices import FIRST_DAY, Epoch, Prices
from ..columns import seconds_of, times_of
from ..errors import InputError, look_up, shown
from ..tables import DTYPES, Kind
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR, from_seconds
from .levels import Levels, curves_of, levels_of_table, levels_of_usage, usage_levels
from .schema import CHARGES, KEY_COLUMNS, Key
from .settlement import settlement_borders, settlement_of
from .unpriced import UNPRICED, price_not_found


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

    @cached_property
    def total(self) -> float:
        """The cost of all segments."""
        return float(self.cost.sum())

    @cached_property
    def lacks_a_price(self) -> bool:
        """Whether no price covers a part of it."""
        return bool(self.unpriced.any())

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
    _check_prices(prices)  # Before a long addition, not after it.
    return rate_levels(usage_levels(usage), prices)


def rate_levels(levels: pd.DataFrame, prices: Prices) -> pd.DataFrame:
    """What levels cost: the second half of `rate`, for levels that were added elsewhere.

    levels: a `LEVELS` table, as `usage_levels` returns it, or several of parts of an estate put one below another;
        `x_moment` may have any zone
    prices: the price books

    Returns a `CHARGES` table, equal to what `rate` returns for the usage itself. Raises PriceNotFound with
    everything that has no price, InputError for what is no prices or no levels, or where a level does not come back
    to 0, because a part is missing. BILL-1.

    >>> ecs.Bill(ecs.rate_levels(ecs.usage_levels(ecs.measure(cloud, until="2026-02-14")), ecs.Prices.published()))
    <Bill: 1.44 CNY>
    """
    _check_prices(prices)
    cost_curves = _curves(levels_of_table(levels), prices)
    if len(unpriced := unpriced_of(cost_curves)):
        raise price_not_found(unpriced)
    return charges_of(cost_curves, prices)


def _check_prices(prices: Prices) -> None:
    if not isinstance(prices, Prices):
        raise InputError(f"prices are a Prices object such as Prices.published(), not {shown(prices)}")


def charges_of(cost_curves: Sequence[Curve], prices: Prices) -> pd.DataFrame:
    """The charges of some curves that these prices made: a row for each settlement of each line."""
    lines = [
        (curve, line, used)
        for curve in cost_curves
        for line in curve.lines
        if len(used := np.flatnonzero(line.quantity) + line.low)
    ]
    if not lines:
        return CHARGES.frame()
    start, end, quantity, cost = zip(*(_settled(*of_line) for of_line in lines), strict=True)
    line_of = np.repeat(np.arange(len(lines)), [len(settlements) for settlements in start])
    units_of = [units()[line.price.unit] for _, line, _ in lines]
    consumed = np.concatenate(quantity)

    def each(values: Iterable[Any], kind: Kind) -> Any:
        """What is the same for all settlements of a line."""
        return pd.array(list(values), dtype=DTYPES[kind]).take(line_of)

    keys = zip(*(curve.key for curve, _, _ in lines), strict=True)
    key_columns = {column.name: each(values, column.kind) for column, values in zip(KEY_COLUMNS, keys, strict=True)}
    return CHARGES.frame(
        {
            **key_columns,
            "charge_period_start": times_of(np.concatenate(start)),
            "charge_period_end": times_of(np.concatenate(end)),
            "consumed_quantity": consumed,
            "consumed_unit": each((unit.consumed for unit in units_of), "text"),
            "pricing_quantity": consumed / np.array([unit.hours for unit in units_of], dtype=np.float64)[line_of],
            "pricing_unit": each((unit.name for unit in units_of), "text"),
            "list_unit_price": each((line.price.price or 0 for _, line, _ in lines), "number"),
            "list_cost": np.concatenate(cost),
            "x_price_row": each((prices.position[line.price] for _, line, _ in lines), "integer"),
        }
    )


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
    return _curves(levels_of_usage(usage), prices)


def _curves(levels: Levels, prices: Prices) -> list[Curve]:
    return [curve_of(key, moments, changes, prices) for key, moments, changes in levels.each()]


def curve_of(key: Key, moments: np.ndarray, changes: np.ndarray, prices: Prices) -> Curve:
    """What a level that changes at some moments costs over time, and what of it has no price."""
    book = prices.book(key.currency)
    look_up("meter", key.meter, METERS)
    schedule = book.schedule(key.meter, key.region, key.item, key.vcpus, key.term)
    borders, levels = _steps(moments, changes, schedule)
    if not key.term and levels.min(initial=0) < 0:
        what = f"{key.meter} in {key.region} for {key.account}"
        raise InputError(f"the level of {what} falls below 0, and nothing stores less than nothing")
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
    curve, keys = curves_of(usage)
    start, end = seconds_of(usage["charge_period_start"]), seconds_of(usage["charge_period_end"])
    quantity = usage["x_quantity"].to_numpy("int64")
    order = np.argsort(curve, kind="stable")
    for key, at in zip(keys, np.split(order, np.flatnonzero(np.diff(curve[order])) + 1), strict=False):
        yield key, Rows(at, start[at], end[at], quantity[at])


def _steps(moments: np.ndarray, changes: np.ndarray, schedule: tuple[Epoch, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Borders and levels: a curve cut where settlements and prices change too."""
    low, high = moments[0], moments[-1]
    edges = np.array([edge for epoch in schedule for edge in (epoch.start, epoch.end)], dtype=np.int64)
    cuts = np.concatenate([moments, settlement_borders(low, high), edges[(edges > low) & (edges < high)]])
    cuts.sort(kind="stable")  # Of a few sequences in order, that is a merge.
    borders = cuts[np.diff(cuts, prepend=low - 1) > 0]
    return borders, np.cumsum(changes)[np.searchsorted(moments, borders[:-1], "right") - 1]


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


def _settled(curve: Curve, line: Line, used: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each settlement of a line the start, end, quantity and cost; in `used` segments it costs something."""
    settlement = settlement_of(curve.borders[used])
    first = np.flatnonzero(np.diff(settlement, prepend=settlement[0] - 1))
    last = np.append(first[1:], len(used)) - 1
    quantity, cost = (np.add.reduceat(values[used - line.low], first) for values in (line.quantity, line.cost))
    return curve.borders[used[first]], curve.borders[used[last] + 1], quantity, cost
