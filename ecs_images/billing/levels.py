"""Levels: usage → what each curve rises or falls by, moment by moment.

A row of usage raises the level of its account, region and meter when it begins and lowers it when it ends.
Bytes are whole numbers, so levels of parts of an estate add up exactly, in any order and on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..catalog.schemas import TABLES
from ..columns import seconds_of, times_of
from ..errors import InputError
from ..units import BILLING_CLOCK, SECONDS_PER_HOUR
from .schema import KEY_COLUMNS, USAGE, WHO_WHERE_WHAT, Key

LEVELS = TABLES["levels"]
_CELLS_PER_CHANGE = 8
"""An array with a cell for every hour of every curve is faster than sorting, and up to so many cells it is small."""
_LARGEST = 1 << 60
"""A quantity of more is a mistake, and sums of such would not fit into 64 bits."""
_AT_ONCE = 1 << 20
"""How many changes are added at once: what fits into caches is several times faster."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels as arrays, in order of curves and moments.

    keys: whose use of what each curve is
    curve: the position in `keys` that each change belongs to
    moment: when it is [s since 1970], each once a curve
    change: what the level rises by
    """

    keys: Sequence[Key]
    curve: np.ndarray
    moment: np.ndarray
    change: np.ndarray

    def each(self) -> Iterator[tuple[Key, np.ndarray, np.ndarray]]:
        """Each curve's key, moments [s since 1970] and changes."""
        borders = np.searchsorted(self.curve, np.arange(len(self.keys) + 1))
        for key, low, high in zip(self.keys, borders, borders[1:], strict=False):
            yield key, self.moment[low:high], self.change[low:high]

    def table(self) -> pd.DataFrame:
        """The same as a `LEVELS` table."""
        if not self.keys:
            return LEVELS.frame()
        content: dict[str, object] = {}
        for column, values in zip(KEY_COLUMNS, zip(*self.keys, strict=True), strict=True):
            codes, names = pd.factorize(np.array(values, dtype=object if column.kind == "text" else np.int64))
            if column.kind == "text":
                kind = pd.CategoricalDtype(pd.Index(names, dtype="str"))
                content[column.name] = pd.Categorical.from_codes(codes[self.curve], dtype=kind)
            else:
                content[column.name] = np.asarray(values)[self.curve]
        return LEVELS.frame({**content, "x_moment": times_of(self.moment), "x_change": self.change})


def usage_levels(usage: pd.DataFrame) -> pd.DataFrame:
    """When the levels of a usage table rise and fall, and by how much.

    usage: a `USAGE` table, as `measure` returns it

    Returns a `LEVELS` table, in order of its keys and of time. Levels of parts of a usage table, put one below
    another in any order, are levels of the whole. Raises InputError for what is no usage. BILL-1.

    >>> ecs.usage_levels(ecs.measure(cloud, until="2026-02-14"))[["region_id", "x_change"]]
        region_id     x_change
    0  cn-beijing  12884901888
    1  cn-beijing -12884901888
    """
    return levels_of_usage(USAGE.check(usage)).table()


def levels_of_usage(usage: pd.DataFrame) -> Levels:
    """The levels of a usage table."""
    curve, keys = curves_of(usage)
    start, end = seconds_of(usage["charge_period_start"]), seconds_of(usage["charge_period_end"])
    return levels_of_spans(curve, keys, start, end, usage["x_quantity"].to_numpy("int64"))


def levels_of_table(levels: pd.DataFrame) -> Levels:
    """The levels of a `LEVELS` table, whose rows may be in any order, repeat a moment, and tell it in any zone.

    Raises InputError for another table, where a moment is missing, and where a level does not come back to 0.
    """
    if isinstance(levels, pd.DataFrame) and isinstance(levels.dtypes.get("x_moment"), pd.DatetimeTZDtype):
        levels = levels.assign(x_moment=levels["x_moment"].dt.tz_convert(BILLING_CLOCK))  # engines have zones of theirs
    curve, keys = curves_of(LEVELS.check(levels))
    moment, change = seconds_of(levels["x_moment"]), levels["x_change"].to_numpy("int64")
    if missing := np.sum(moment < 0):
        raise InputError(f"not a levels table: x_moment is missing in {missing:,} rows")
    found = _added(keys, [(curve, moment, change)])
    for key, _, changes in found.each():
        if left := changes.sum():
            where = f"{key.meter} in {key.region} for {key.account}"
            raise InputError(f"levels of {where} end at {left:,}, not at 0; a part of them is missing")
    return found


def added(parts: Sequence[Levels]) -> Levels:
    """The levels of all parts together."""
    keys = sorted({key for part in parts for key in part.keys})
    place = {key: number for number, key in enumerate(keys)}
    places = [np.array([place[key] for key in part.keys], dtype=np.int64) for part in parts]
    return _added(keys, [(at[part.curve], part.moment, part.change) for at, part in zip(places, parts, strict=True)])


def levels_of_spans(
    curve: np.ndarray, keys: Sequence[Key], start: np.ndarray, end: np.ndarray, quantity: np.ndarray
) -> Levels:
    """The levels of some spans.

    curve: the position in `keys` of each
    keys: the key of each curve, in order
    start: when each begins [s since 1970]
    end: when each ends [s since 1970]
    quantity: what each holds

    Raises InputError where one ends before it begins, or a moment is missing.
    """
    if wrong := np.sum((start < 0) | (end < start)):
        raise InputError(f"in {wrong:,} rows charge_period_start is missing, or charge_period_end is or lies before it")
    return _added(keys, [(curve, start, quantity), (curve, end, -quantity)])


def curves_of(table: pd.DataFrame) -> tuple[np.ndarray, list[Key]]:
    """The curve that each row belongs to, and the keys of the curves in order."""
    coded = []
    for name in WHO_WHERE_WHAT:
        values = table[name].astype("category") if table[name].dtype != "category" else table[name]
        coded.append((values.cat.codes.to_numpy(), values.cat.categories.to_list()))
    return curves_of_codes(coded, len(table))


def curves_of_codes(coded: Sequence[tuple[np.ndarray, list[str | int]]], rows: int) -> tuple[np.ndarray, list[Key]]:
    """The curve that each row belongs to, and the keys of the curves in order.

    coded: for each column of a key the position of every row's value, and the values
    rows: how many there are
    """
    curve, values = np.zeros(rows, np.int64), []
    for name, (codes, names) in zip(WHO_WHERE_WHAT, coded, strict=True):
        if rows and codes.min() < 0:
            raise InputError(
                f"{name} is missing in {np.sum(codes < 0):,} rows; where it says nothing, it is empty text"
            )
        order = np.argsort(np.array(names, dtype=object), kind="stable")
        values.append([names[place] for place in order])
        if len(names) > 1:
            place_of = np.empty(len(names), np.int64)
            place_of[order] = np.arange(len(names))
            curve = curve * len(names) + place_of[codes]
    # Of what could be combined, few combinations are there.
    curve, there = pd.factorize(curve, sort=True)
    places = np.unravel_index(there, [max(len(names), 1) for names in values])
    keys = [Key(*(names[place] for names, place in zip(values, one, strict=True))) for one in zip(*places, strict=True)]
    return curve, keys


def _added(keys: Sequence[Key], changes: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Levels:
    """Changes (curve, moment, amount) as levels: those of one curve at one moment are added.

    What lies on whole hours is added in an array with a cell for every hour of every curve, if that has not too
    many cells; the rest, and then all that is left, is put in order.
    """
    if not keys:
        return Levels(keys, *[np.empty(0, np.int64)] * 3)
    if any(change.max(initial=0) > _LARGEST or change.min(initial=0) < -_LARGEST for _, _, change in changes):
        raise InputError(f"a quantity is larger than {_LARGEST:,}, which is more than anything the service stores")
    low = min(int(moment.min()) for _, moment, _ in changes if len(moment)) // SECONDS_PER_HOUR * SECONDS_PER_HOUR
    hours = (max(int(moment.max()) for _, moment, _ in changes if len(moment)) - low) // SECONDS_PER_HOUR + 1
    if len(keys) * hours > _CELLS_PER_CHANGE * sum(len(moment) for _, moment, _ in changes):
        return _in_order(keys, changes)
    level, reached = np.zeros(len(keys) * hours, np.int64), np.zeros(len(keys) * hours, bool)
    between: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for curve, moment, change in changes:
        for at in range(0, len(curve), _AT_ONCE):
            piece = slice(at, at + _AT_ONCE)
            second = moment[piece] - low
            hour = second // SECONDS_PER_HOUR
            whole = hour * SECONDS_PER_HOUR == second
            cell, amount = curve[piece] * hours + hour, change[piece]
            if not whole.all():
                between.append((curve[piece][~whole], moment[piece][~whole], amount[~whole]))
                cell, amount = cell[whole], amount[whole]
            np.add.at(level, cell, amount)
            reached[cell] = True
    found = np.flatnonzero(reached)
    on_hours = found // hours, low + found % hours * SECONDS_PER_HOUR, level[found]
    return _in_order(keys, [on_hours, *between]) if between else Levels(keys, *on_hours)


def _in_order(keys: Sequence[Key], changes: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> Levels:
    """Changes (curve, moment, amount) as levels, by sorting them."""
    curve, moment, change = (np.concatenate(parts) for parts in zip(*changes, strict=True))
    low, span = moment.min(), np.ptp(moment) + 1
    place = curve * span + (moment - low)
    order = np.argsort(place)
    place = place[order]
    first = np.flatnonzero(np.diff(place, prepend=-1))
    place = place[first]
    return Levels(keys, place // span, low + place % span, np.add.reduceat(change[order], first))
