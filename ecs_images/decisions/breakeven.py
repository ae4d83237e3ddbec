"""Break-even: where two routes cost the same, along one parameter or over two.

found = break_even(cloud, golden, account="partner", region="cn-shanghai", along="change_gib", between=(0, 12))
found.crossings[0].value

The costs are those of `routes`; nothing here knows how a route is charged.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..billing.rating import unpriced_of
from ..billing.unpriced import price_not_found
from ..catalog.meters import COPY_TRAFFIC
from ..catalog.prices import Prices
from ..catalog.regions import Region
from ..catalog.schemas import TABLES
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..errors import InputError, UnknownName, shown
from ..ledger.resources import Image
from ..tables import answers
from ..units import BYTES_PER_GIB
from .costs import Sum, added, sum_of
from .question import Question, Refusal, Situation
from .updates import Updates, updates_or_usual
from .ways import BESIDE, Delivery, Way, way_named

TOLERANCE = 1e-9
"""How near a crossing is found, relative to the higher value it was looked for below."""

_SAME = 1e-12  # Costs nearer to each other than this, relatively, differ by rounding only.
_POINTS, _MOST_VERSIONS = 25, 1000
"""How many values are tried within `between`; of versions every whole number, up to so many."""
_NAMES = {
    "change_gib": "changed per version [GiB]",
    "new_gib": "added per version [GiB]",
    "size_gib": "written on the system disk [GiB]",
    "versions_kept": "versions kept",
    "every_days": "days between versions [day]",
    "horizon_days": "horizon [day]",
    "price": "price of {meter} [× list]",
}

COSTS_TABLE = TABLES["break_even"]
SURFACE_TABLE = TABLES["break_even_surface"]


@dataclass(frozen=True)
class Crossing:
    """Where the cheaper of two routes changes.

    One of `BreakEven.opens` may cost less than the other and still not be a cheap way to serve one account.

    low: the last value found at which `cheaper_below` is the cheaper route
    high: the first value found at which it no longer is
    value: where they cost the same; None where values come in whole steps
    cheaper_below: the route that costs less at `low`
    cheaper_above: the route that costs less beyond `high`

    Versions come in whole steps, so low and high are neighbours there and `value` is None. Sizes are
    stored in whole blocks, so there low and high are one block apart, and `value` is where the straight
    line between them meets 0. Other parameters are followed to `TOLERANCE`.
    """

    low: float
    high: float
    value: float | None
    cheaper_below: str
    cheaper_above: str


@dataclass(frozen=True, eq=False)
class BreakEven:
    """What two routes cost along a parameter, and where they cross.

    costs: one row for every value and route; `ecs.break_even.columns` says what its columns mean
    crossings: where the cheaper of the two changes, in ascending order
    not_counted: what a route needs and has no price, such as its machine, in words; its costs lack that, so
        that it is dearer than they say
    opens: the routes among the two that open the image to everybody, as "publish" does
    """

    costs: pd.DataFrame
    crossings: tuple[Crossing, ...]
    not_counted: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()


@answers(COSTS_TABLE)
def break_even(
    cloud: Cloud,
    image: str | Image,
    *,
    account: str | Account,
    region: str | Region,
    along: str,
    routes: tuple[str, str] = ("copy, then share", "copy snapshots"),
    values: Sequence[float] | None = None,
    between: tuple[float, float] | None = None,
    updates: Updates | None = None,
    prices: Prices | None = None,
    meter: str | None = None,
) -> BreakEven:
    """Where two routes for one target cost the same along a parameter of the updates, or a price.

    cloud: the cloud the image lies in; it is looked at as it is now and not changed
    image: the image's id
    account: name of the account that must be able to launch it
    region: id of the region where it must be able to
    along: change_gib, new_gib, size_gib, versions_kept, every_days or horizon_days, as of `Updates`; or price:
        every price of `meter` is multiplied by the value
    routes: the names of the two routes
    values: the values to know the costs at, in any order; or else
    between: a low and a higher value, between which 25 evenly spaced ones are taken, of versions every one
    updates: how the image will be renewed over which horizon; as `Updates()` unless said
    prices: the price lists; the published ones unless said
    meter: the meter whose price is followed, for `price` only; snapshot_copy_traffic unless said

    Each change of sign between two neighbouring values is narrowed down. Two changes between neighbours
    cancel out and are not seen. Every version sent and every hour begun is paid whole, so along a time
    a crossing may be a jump.

    Raises InputError for a refused route, for routes paid in two currencies and for values that
    make no sense, UnknownName for names, and PriceNotFound where a value has no price.
    """
    tried = _values(along, values, between)
    pair = _paired(cloud, image, account, region, routes, {along: tried[0]}, updates, prices, meter)
    at = {value: pair.sums({along: value}) for value in tried}
    rows, not_counted = list[tuple[object, ...]](), dict[str, None]()
    for value, sums in at.items():
        for way, one in zip(pair.ways, sums, strict=True):
            rows.append((pair.name(along), float(value), way.name, one.cost, pair.currency, way.opens))
            if one.not_counted:
                not_counted[f"{way.name}: {one.not_counted}"] = None
    # Where both cost the same it is not known yet which way it will go.
    parted = [value for value, sums in at.items() if _difference(sums)]
    crossings = [
        _narrowed(pair, along, low, high)
        for low, high in pairwise(parted)
        if _difference(at[low]) * _difference(at[high]) < 0
    ]
    opens = tuple(way.name for way in pair.ways if way.opens)
    return BreakEven(COSTS_TABLE.frame(rows), tuple(crossings), tuple(not_counted), opens)


@answers(SURFACE_TABLE)
def break_even_surface(
    cloud: Cloud,
    image: str | Image,
    *,
    account: str | Account,
    region: str | Region,
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    routes: tuple[str, str] = ("copy, then share", "copy snapshots"),
    updates: Updates | None = None,
    prices: Prices | None = None,
    meter: str | None = None,
) -> pd.DataFrame:
    """By how much the first route is dearer than the second over two parameters.

    first: a parameter that `break_even` can follow, and its values
    second: another one and its values

    The other parameters are those of `break_even`. Returns one row for every pair of values;
    `ecs.break_even_surface.columns` says what its columns mean. Raises as `break_even` does.
    """
    for what, given in (("first", first), ("second", second)):
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise InputError(f"{what} is a parameter and its values, ('change_gib', [0, 1]), not {shown(given)}")
    (one, across), (other, up) = ((along, _values(along, values, None)) for along, values in (first, second))
    if one == other:
        raise InputError(f"a surface has two different parameters, not {one} twice")
    begun = {one: across[0], other: up[0]}
    pair = _paired(cloud, image, account, region, routes, begun, updates, prices, meter)
    names = pair.name(one), pair.name(other), *(way.name for way in pair.ways)
    return SURFACE_TABLE.frame(
        (float(x), float(y), _difference(pair.sums({one: x, other: y})), *names, pair.currency)
        for x, y in product(across, up)
    )


class _Pair(NamedTuple):
    """Two routes for one target, both allowed and paid in one currency.

    question: what is asked where the parameters begin
    deliveries: what each route brings
    currency: of whoever pays
    meter: the meter whose price is followed
    """

    question: Question
    deliveries: tuple[Delivery, Delivery]
    currency: str
    meter: str

    @property
    def ways(self) -> tuple[Way, Way]:
        """The two ways."""
        return self.deliveries[0].way, self.deliveries[1].way

    def sums(self, values: Mapping[str, float]) -> tuple[Sum, Sum]:
        """What the routes come to with some parameters changed; raises PriceNotFound where what is brought has none."""
        question, prices = self.question, self.question.prices
        if "price" in values:
            prices = prices.changed(self.meter, factor=values["price"])
        if values.keys() == {"price"}:
            question = question.at(prices)
        else:
            question = Question(question.situation, _renewed(question.updates, values), prices)
        first, second = (added(question, [delivery]) for delivery in self.deliveries)
        gaps = [replace(one.gap, key=one.key) for one in (*first, *second) if one.gap and one.key.meter not in BESIDE]
        if gaps:
            raise price_not_found(unpriced_of(gaps))
        return sum_of(first), sum_of(second)

    def name(self, along: str) -> str:
        """A parameter in words, with its unit."""
        return _NAMES[along].format(meter=self.meter)

    def step(self, along: str) -> float:
        """The step a parameter comes in; 0 where it has none."""
        if along in ("change_gib", "new_gib", "size_gib"):
            return self.question.situation.cloud.state.block_bytes / BYTES_PER_GIB
        return 1 if along == "versions_kept" else 0


def _paired(
    cloud: Cloud,
    image: str | Image,
    account: str | Account,
    region: str | Region,
    routes: tuple[str, str],
    begun: Mapping[str, float],
    updates: Updates | None,
    prices: Prices | None,
    meter: str | None,
) -> _Pair:
    """Two routes to compare.

    begun: where the parameters begin that are followed: what else the updates say of them plays no part
    """
    if isinstance(routes, str) or not isinstance(routes, Sequence):
        raise InputError(f"routes is two names of routes, not {shown(routes)}")
    ways = [way_named(route) for route in routes]
    if len(ways) != 2 or ways[0] is ways[1]:
        raise InputError(f"a break-even is between two different routes, not {' and '.join(w.name for w in ways)}")
    if meter is not None and "price" not in begun:
        raise InputError(f"meter says whose price is followed; along {' and '.join(begun)} it has no effect")
    question = Question(Situation(cloud, image), _renewed(updates, begun), prices)
    target = question.situation.target(account, region)
    first, second = tried = [question.tried(way, target) for way in ways]
    if isinstance(first, Refusal) or isinstance(second, Refusal):
        way, why = next((way, one) for way, one in zip(ways, tried, strict=True) if isinstance(one, Refusal))
        raise InputError(
            f"{way.name!r} for {target.account} in {target.region} is refused, so it has no break-even; {why}"
        )
    currency, other = (question.situation.currency(delivery.maker) for delivery in (first, second))
    if currency != other:
        raise InputError(
            f"{ways[0].name!r} is paid by {first.maker} in {currency}, {ways[1].name!r} by {second.maker} in "
            f"{other}; nothing converts between them, so they have no break-even"
        )
    return _Pair(question, (first, second), currency, COPY_TRAFFIC if meter is None else meter)


def _values(along: str, values: Sequence[float] | None, between: tuple[float, float] | None) -> list[float]:
    """The values to know the costs at, ascending and each once; checks the parameter too."""
    if not isinstance(along, str) or along not in _NAMES:
        raise UnknownName("parameter", str(along), _NAMES)
    if (values is None) == (between is None):
        raise InputError("give either values=[…] or between=(low, high)")
    given = values if values is not None else between
    if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray) or not len(given):
        raise InputError(f"give at least one value of {along} in a list, not {shown(given)}")
    for value in given:
        if isinstance(value, bool) or not isinstance(value, Real) or not abs(value) <= sys.float_info.max:
            raise InputError(f"values of {along} are numbers, not {shown(value)}")
    whole = along == "versions_kept"
    if values is None:
        if len(given) != 2 or not given[0] < given[1]:
            raise InputError(f"between is a low and a higher value, not {shown(given)}")
        points = _POINTS if not whole else min(round(given[1] - given[0]) + 1, _MOST_VERSIONS)
        given = [round(value) if whole else value for value in np.linspace(given[0], given[1], points)]
    return sorted({int(value) if whole and float(value).is_integer() else float(value) for value in given})


def _difference(sums: tuple[Sum, Sum]) -> float:
    """The first cost less the second, 0 where only rounding parts them."""
    first, second = (one.cost for one in sums)
    return 0.0 if math.isclose(first, second, rel_tol=_SAME, abs_tol=0) else first - second


def _narrowed(pair: _Pair, along: str, low: float, high: float) -> Crossing:
    """The crossing between two values whose differences have opposite signs, by bisection."""
    step = pair.step(along)
    if step:
        low, high = _whole(low, step), _whole(high, step)
    below, above = (_difference(pair.sums({along: value})) for value in (low, high))
    cheaper = [way.name for way in (pair.ways if below < 0 else pair.ways[::-1])]
    near = step or TOLERANCE * high
    while (gap := high - low) > near:
        middle = low + (gap / step // 2 * step if step else gap / 2)
        found = _difference(pair.sums({along: int(middle) if along == "versions_kept" else middle}))
        if found * below > 0:
            low, below = middle, found
        else:
            high, above = middle, found
    if along == "versions_kept":
        return Crossing(int(low), int(high), None, *cheaper)
    return Crossing(low, high, low + gap * below / (below - above), *cheaper)


def _whole(value: float, step: float) -> float:
    """A parameter rounded up to whole steps, to the byte as sizes are."""
    if step == 1:
        return int(value)
    return -(-round(value * BYTES_PER_GIB) // round(step * BYTES_PER_GIB)) * step


def _renewed(updates: Updates | None, values: Mapping[str, float]) -> Updates:
    """The updates with other values of some parameters; a price is none of theirs."""
    changed: dict[str, Any] = {name: value for name, value in values.items() if name != "price"}
    return replace(updates_or_usual(updates), **changed)
