"""Attribution: whose share of the bill each snapshot, image or account is.

A stored copy's cost in an hour is split equally among the snapshots that hold it in that hour,
and a snapshot's share equally among the images it backs then; a snapshot behind no image keeps
its share. Fees belong to the image the instance runs from. All shares add up to the bill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd

from ..catalog.meters import COPY_TRAFFIC, STORAGE
from ..columns import FOR_EVER, pieces, seconds_of, split, times_of, whole_hours
from ..ledger.runs import ranges
from ..ledger.state import State
from ..memory import without_cycle_collector
from ..units import to_seconds
from .metering import SnapshotLives, numbers_of, snapshot_lives
from .rating import Curve, groups

_WHERE = ["billing_account_id", "billing_currency", "region_id", "sku_meter"]
_ONE_PERIOD = np.empty(0, np.int64)
"""No border between periods."""
_AT_ONCE = 1 << 20
"""Most pieces of parts that are in memory at once, more or less."""


@dataclass(frozen=True)
class Holdings:
    """Stored copies split into parts, one for each snapshot that holds a copy while one set of images is behind it.

    Part k is a share of usage row `row[k]` for snapshot `snapshot[k]` (its position in the
    lives), from `start[k]` to `end[k]` [s since 1970], while `images[k]` images are backed;
    `backing[k]` is its position in `image_sets`.
    """

    row: np.ndarray
    snapshot: np.ndarray
    start: np.ndarray
    end: np.ndarray
    backing: np.ndarray
    image_sets: tuple[tuple[str, ...], ...]
    lives: SnapshotLives

    def names(self, to: str) -> np.ndarray:
        """The ids of what parts are attributed to, by code; to: snapshot, or image, where "" is no image."""
        return np.array(self.lives.ids if to == "snapshot" else self._images[1], dtype=object)

    def named(self, part: np.ndarray, to: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What some parts are attributed to: the places in `part`, the codes of its names, and among how many it is.

        A part is there once for its snapshot, or once for every image it backs, and once with "" for no image.
        """
        if to == "snapshot":
            return np.arange(len(part)), self.snapshot[part], np.ones(len(part))
        codes, _, sizes = self._images
        backing = self.backing[part]
        counts = sizes[backing]
        place = np.repeat(np.arange(len(part)), counts)
        return place, codes[ranges((np.cumsum(sizes) - sizes)[backing], counts)], counts[place]

    @cached_property
    def _images(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The codes of the images of all sets end to end, their ids by code, and the sizes of the sets."""
        sets = [images or ("",) for images in self.image_sets]
        codes, ids = pd.factorize(np.array([name for images in sets for name in images], dtype=object))
        return codes, ids, np.array([len(images) for images in sets])


@without_cycle_collector()
def holdings(usage: pd.DataFrame, state: State) -> Holdings:
    """Which snapshot holds each stored copy when, and which images it backs meanwhile.

    Example: three snapshots of a chain are taken at hours 0, 1 and 2. A copy of 9 GiB belongs to the run
    1–3, one of 3 GiB to snapshot 1 alone (what overwrote it is left out here). Image A is made of
    snapshot 1 at hour 0, image B of snapshot 3 at hour 2; snapshot 2 backs none. Until hour 3 the parts are

        row    snapshot  start  end  images    of the copy's cost in each hour
        9 GiB  1         0      3    A         all in hour 0, ½ in hour 1, ⅓ in hour 2
        9 GiB  2         1      3    –         ½ in hour 1, ⅓ in hour 2
        9 GiB  3         2      3    B         ⅓ in hour 2
        3 GiB  1         0      3    A         all

    Were B made of snapshot 1 too, its parts would be cut at hour 2, with A behind the first piece and A
    and B behind the second. `split_among_holders` makes the fractions of these parts.
    """
    lives = snapshot_lives(state)
    stored = (usage["sku_meter"] == STORAGE).to_numpy()
    rows = np.flatnonzero(stored)
    first = usage["x_first_snapshot"].to_numpy("int64")[rows]
    last = usage["x_last_snapshot"].to_numpy("int64")[rows]
    offset_of = dict(zip(lives.chains, lives.offsets, strict=True))
    offsets = usage["resource_id"][stored].map(offset_of).to_numpy("int64")
    low, counts = offsets + first - 1, last - first + 1
    row = np.repeat(rows, counts)
    snapshot = ranges(low, counts)
    holds, before = np.ones(len(row), dtype=bool), np.cumsum(counts) - counts
    skipped = usage["x_skipped_snapshots"].to_numpy(object)[rows]
    for k in np.flatnonzero(skipped != ""):
        holds[before[k] + np.array(numbers_of(skipped[k])) - first[k]] = False
    # The first snapshot of a copy stores it; later ones hold it as soon as they are begun.
    begun = np.where(snapshot == np.repeat(low, counts), lives.stored[snapshot], lives.started[snapshot])
    row, snapshot, begun = row[holds], snapshot[holds], begun[holds]

    pieces = _image_pieces(state, lives)
    counts = pieces.counts[snapshot]
    piece = ranges(pieces.offsets[snapshot], counts)
    row, snapshot, begun = (np.repeat(values, counts) for values in (row, snapshot, begun))
    start, end = whole_hours(begun, lives.ended[snapshot])
    window_start = seconds_of(usage["charge_period_start"])
    window_end = seconds_of(usage["charge_period_end"])
    begins = np.maximum.reduce([start, pieces.start[piece], window_start[row]])
    ends = np.minimum.reduce([end, pieces.end[piece], window_end[row]])
    held = (begins < ends) & (begun < lives.ended[snapshot])
    return Holdings(
        row[held], snapshot[held], begins[held], ends[held], pieces.backing[piece[held]], pieces.sets, lives
    )


@dataclass(frozen=True)
class _Pieces:
    """The life of every snapshot cut where the set of images it backs changes."""

    offsets: np.ndarray
    counts: np.ndarray
    start: np.ndarray
    end: np.ndarray
    backing: np.ndarray
    sets: tuple[tuple[str, ...], ...]


def _image_pieces(state: State, lives: SnapshotLives) -> _Pieces:
    images = list(state.images.values())
    created = np.array([to_seconds(image.created_at) for image in images], dtype=np.int64)
    gone = [FOR_EVER if image.deleted_at is None else to_seconds(image.deleted_at) for image in images]
    hours = (moments.tolist() for moments in whole_hours(created, np.array(gone, dtype=np.int64)))
    backed: dict[str, list[tuple[int, int, str]]] = {}
    for image, born, deleted, start, end in zip(images, created.tolist(), gone, *hours, strict=True):
        for snapshot in image.snapshots if born < deleted else ():
            backed.setdefault(snapshot, []).append((start, end, image.id))
    sets: dict[tuple[str, ...], int] = {(): 0}
    counts, starts, ends, backing = [], [], [], []
    for snapshot in lives.ids:
        spans = backed.get(snapshot, ())
        cuts = sorted({0, FOR_EVER, *(t for start, end, _ in spans for t in (start, end))})
        counts.append(len(cuts) - 1)
        for start, end in pairwise(cuts):
            behind = tuple(name for low, high, name in spans if low <= start and end <= high)
            starts.append(start)
            ends.append(end)
            backing.append(sets.setdefault(behind, len(sets)))
    sizes = np.array(counts, dtype=np.int64)
    cut_at, until, set_of = (np.array(values, dtype=np.int64) for values in (starts, ends, backing))
    return _Pieces(np.cumsum(sizes) - sizes, sizes, cut_at, until, set_of, tuple(sets))


def held_cost(usage: pd.DataFrame, held: Holdings, cost_curves: list[Curve]) -> np.ndarray:
    """The cost of each part of some holdings: its copy's cost, split among all that hold it."""
    cost = np.zeros(len(held.row))
    quantity = usage["x_quantity"].to_numpy("int64")
    for number, parts in _parts_by_curve(usage, held):
        for share in shares(held, parts, cost_curves[number].unit_cost_until):
            cost[share.part] = share.borne * quantity[held.row[share.part]]
    return cost


def _parts_by_curve(usage: pd.DataFrame, held: Holdings) -> Iterator[tuple[int, np.ndarray]]:
    """The parts of the rows of each cost curve that has some, by its number."""
    curve_of_row = np.full(len(usage), -1)
    for number, (_, rows) in enumerate(groups(usage)):
        curve_of_row[rows.positions] = number
    curve = curve_of_row[held.row]
    order = np.argsort(curve, kind="stable")
    numbers, first = np.unique(curve[order], return_index=True)
    yield from zip(numbers.tolist(), np.split(order, first[1:]), strict=True) if len(order) else ()


@dataclass(frozen=True)
class Shares:
    """What one byte of a part bears in a period: parts, numbers of periods, and amounts, side by side."""

    part: np.ndarray
    period: np.ndarray
    borne: np.ndarray


def shares(
    held: Holdings, parts: np.ndarray, until: Callable[[np.ndarray], np.ndarray], borders: np.ndarray = _ONE_PERIOD
) -> Iterator[Shares]:
    """What one byte of each part bears in each period it touches, when one byte held up to a moment bears `until(it)`.

    held: the holdings
    parts: all parts of some copies
    until: what one byte that is held from the beginning up to each of some moments [s since 1970] bears
    borders: moments between periods [s since 1970], ascending; without any there is one period

    Between two changes of a copy's holders a and b there is `until(b) - until(a)` to bear, and
    each of n holders bears the nth part. Summed per copy this gives a curve of its own, from
    which a part reads off its share, also up to a border that lies between two changes.

    Returns the shares piece by piece, so that many periods of many parts are never in memory at once.
    """
    if not len(parts):
        return
    row = np.concatenate([held.row[parts], held.row[parts]])
    moment = np.concatenate([held.start[parts], held.end[parts]])
    change = np.concatenate([np.ones(len(parts), np.int64), np.full(len(parts), -1)])
    order = np.lexsort((moment, row))
    row, moment = row[order], moment[order]
    holders = np.cumsum(change[order])
    reached = until(moment)
    step = np.diff(reached, append=reached[-1:])
    # A copy is held without a break, so between its moments there is a holder; after its last
    # moment there is none, and the step across to the next copy counts for nobody.
    share = np.divide(step, holders, out=np.zeros(len(step)), where=holders > 0)
    # Only differences within a copy are read off, so each copy begins at 0; long sums need the longer digits first.
    summed = np.cumsum(share, dtype=np.longdouble) - share
    first = np.flatnonzero(np.diff(row, prepend=-1))
    borne = (summed - np.repeat(summed[first], np.diff(first, append=len(row)))).astype(np.float64)
    earliest, seconds = moment.min(), moment.max() - moment.min() + 1
    changes = row * seconds + moment - earliest

    def borne_until(row: np.ndarray, at: np.ndarray) -> np.ndarray:
        place = np.searchsorted(changes, row * seconds + at - earliest, "right") - 1
        since = np.divide(until(at) - reached[place], holders[place], out=np.zeros(len(at)), where=holders[place] > 0)
        return np.asarray(borne[place] + since)

    most = _AT_ONCE // (len(borders) + 1) + 1
    for some in (parts[first : first + most] for first in range(0, len(parts), most)):
        piece, period, start, end = pieces(held.start[some], held.end[some], borders)
        row = held.row[some][piece]
        begins = borne_until(row, start)
        # A piece ends where the next one of its part begins.
        ends, last = np.append(begins[1:], 0.0), np.flatnonzero(np.diff(piece, append=len(some)))
        ends[last] = borne_until(row[last], end[last])
        yield Shares(some[piece], period, ends - begins)


def attribute(
    usage: pd.DataFrame, state: State, cost_curves: list[Curve], to: str, edges: np.ndarray | None = None
) -> pd.DataFrame:
    """The bill split over snapshots, images or billed resources.

    usage: what is billed
    state: the state after the ledger
    cost_curves: what each of the groups of `usage` costs over time
    to: snapshot, image or resource
    edges: borders of periods [s since 1970], the first and the last moment included; None: one for all

    Returns account, currency, region, meter, `x_…_id` (empty for what belongs to none) and `list_cost`; with `edges`
    also `charge_period_start`, the beginning of the period.
    """
    # What has no price at all bears nothing and is no row of 0; a bill lists it as unpriced.
    parted = zip(groups(usage), cost_curves, strict=True)
    costly = [rows.positions for (_, rows), curve in parted if curve.lines]
    usage = usage.iloc[np.sort(np.concatenate([np.empty(0, np.int64), *costly]))].reset_index(drop=True)
    cost_curves = [curve for curve in cost_curves if curve.lines]
    column = f"x_{to}_id"
    borders = _ONE_PERIOD if edges is None else edges[1:-1]
    stored = _stored_costs(usage, state, cost_curves, "image" if to == "image" else "snapshot", borders)
    parts = [*stored, _fee_costs(usage, cost_curves, to, borders)]
    table = pd.concat(parts, ignore_index=True).rename(columns={"name": column})
    keys = [*_WHERE, column]
    if edges is not None:
        table["charge_period_start"] = times_of(edges[table["period"].to_numpy("int64")])
        keys = ["charge_period_start", *keys]
    return table.groupby(keys, observed=True, as_index=False, sort=True)[["list_cost"]].sum()


def _stored_costs(
    usage: pd.DataFrame, state: State, cost_curves: list[Curve], to: str, borders: np.ndarray
) -> Iterator[pd.DataFrame]:
    """What storage costs by period and name, a table a curve; sums go by numbers, so names are written out once."""
    held = holdings(usage, state)
    names, quantity = held.names(to), usage["x_quantity"].to_numpy("int64")
    for number, parts in _parts_by_curve(usage, held):
        found = []
        for share in shares(held, parts, cost_curves[number].unit_cost_until, borders):
            place, code, among = held.named(share.part, to)
            cost = (share.borne * quantity[held.row[share.part]])[place] / among
            found.append(pd.Series(cost).groupby(share.period[place] * len(names) + code).sum())
        by_key = pd.concat(found).groupby(level=0).sum()
        period, code = np.divmod(by_key.index.to_numpy("int64"), len(names))
        whose = {name: str(value) for name, value in cost_curves[number].key.columns().items() if name in _WHERE}
        yield pd.DataFrame({**whose, "period": period, "name": names[code], "list_cost": by_key.to_numpy()})


def _fee_costs(usage: pd.DataFrame, cost_curves: list[Curve], to: str, borders: np.ndarray) -> pd.DataFrame:
    """What fees cost by curve, period and name."""
    fees = usage[(usage["sku_meter"] != STORAGE).to_numpy()].reset_index(drop=True)
    fees = split(fees, borders)
    by_key, cost = {curve.key: curve for curve in cost_curves}, np.zeros(len(fees))
    for key, found in groups(fees):
        until = by_key[key].unit_cost_until
        cost[found.positions] = (until(found.end) - until(found.start)) * found.quantity
    if to == "image":
        names = fees["x_image_id"].astype(str)
    else:
        own = (fees["sku_meter"] == COPY_TRAFFIC) | (to == "resource")
        names = fees["resource_id"].astype(str).where(own, "")
    period = np.searchsorted(borders, seconds_of(fees["charge_period_start"]), "right")
    return fees[_WHERE].astype(str).assign(period=period, name=names, list_cost=cost)
