"""Break-even: where two routes cost the same, along one parameter or over two.

found = break_even(cloud, golden, account="partner", region="cn-shanghai", along="change_gib", between=(0, 12))
found.crossings[0].value

The costs are those of `routes`; nothing here knows how a route is charged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from ..catalog.meters import COPY_TRAFFIC
from ..catalog.prices import Prices
from ..cloud.cloud import Cloud
from ..errors import InputError, UnknownName
from ..tables import Column, Table
from ..units import BYTES_PER_GIB
from .question import Question, ask, check_targets
from .routes import added_cost, refusal
from .scripts import ROUTES, Target
from .updates import Updates

TOLERANCE = 1e-9
"""How near a crossing is found, relative to the higher value it was looked for below."""

_SAME = 1e-12  # Costs nearer to each other than this, relatively, differ by the noise of adding only.
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

COSTS_TABLE = Table(
    "break_even",
    "what one route costs at one value of a parameter",
    (
        Column("x_parameter", "text", "", "the parameter, with its unit", True),
        Column("x_value", "number", "as in x_parameter", "its value", True),
        Column("route", "text", "", "the way", True),
        Column("list_cost", "number", "currency", "what the target adds over the horizon", True),
        Column("billing_currency", "text", "", "currency of whoever pays", True),
    ),
)
SURFACE_TABLE = Table(
    "break_even_surface",
    "by how much one route is dearer than another at one pair of values",
    (
        Column("x_first", "number", "as in x_first_name", "value of the first parameter", True),
        Column("x_second", "number", "as in x_second_name", "value of the second parameter", True),
        Column("x_difference", "number", "currency", "cost of the first route less that of the second", True),
        Column("x_first_name", "text", "", "the first parameter, with its unit", True),
        Column("x_second_name", "text", "", "the second parameter, with its unit", True),
        Column("billing_currency", "text", "", "currency of whoever pays", True),
    ),
)


@dataclass(frozen=True)
class Crossing:
    """Where the cheaper of two routes changes.

    At `low` the route `cheaper_below` is the cheaper one, at `high` it no longer is. Versions come
    in whole steps, so these are neighbours and `value` is None. Sizes are stored in whole blocks,
    so these are one block apart, and `value` is where the straight line between them meets 0.
    Other parameters are followed to `TOLERANCE`.
    """

    low: float
    high: float
    value: float | None
    cheaper_below: str
    cheaper_above: str


@dataclass(frozen=True, eq=False)
class BreakEven:
    """What two routes cost along a parameter (`costs`, a `COSTS_TABLE`), and where they cross."""

    costs: pd.DataFrame
    crossings: tuple[Crossing, ...]


def break_even(
    cloud: Cloud,
    image: str,
    *,
    account: str,
    region: str,
    along: str,
    routes: tuple[str, str] = ("copy, then share", "copy snapshots"),
    values: Sequence[float] | None = None,
    between: tuple[float, float] | None = None,
    updates: Updates | None = None,
    prices: Prices | None = None,
    meter: str = COPY_TRAFFIC,
) -> BreakEven:
    """Where two routes for one target cost the same along a parameter of the updates, or a price.

    `along` is change_gib, new_gib, size_gib, versions_kept, every_days, horizon_days, or price: then every
    price of `meter` is multiplied by the value. Costs are told at `values`, or from
    `between[0]` to `between[1]` at 25 evenly spaced values, of versions at every one; each change of
    sign between two neighbours is then narrowed down. Two changes between neighbours cancel out and
    are not seen. Every version sent and every hour begun is paid whole, so along a time a crossing may
    be a jump.

    Raises InputError for a refused route, for routes paid in two currencies and for values that
    make no sense, UnknownName for names, and PriceNotFound where a value has no price.
    """
    tried = _values(along, values, between)
    begun = _renewed(updates or Updates(), {along: tried[0]})
    compared = _compare(cloud, image, routes, account, region, begun, prices, meter)
    name = _NAMES[along].format(meter=meter)
    at = {value: compared.costs({along: value}) for value in tried}
    rows = [
        (name, float(value), route, cost, compared.currency)
        for value, costs in at.items()
        for route, cost in zip(routes, costs, strict=True)
    ]
    crossings, before = [], None
    for value, costs in at.items():
        if not _difference(costs):
            continue
        if before is not None and _difference(costs) * _difference(at[before]) < 0:
            crossings.append(_narrowed(compared, along, before, value))
        before = value
    table = COSTS_TABLE.frame(rows)
    return BreakEven(table, tuple(crossings))


def break_even_surface(
    cloud: Cloud,
    image: str,
    *,
    account: str,
    region: str,
    first: tuple[str, Sequence[float]],
    second: tuple[str, Sequence[float]],
    routes: tuple[str, str] = ("copy, then share", "copy snapshots"),
    updates: Updates | None = None,
    prices: Prices | None = None,
    meter: str = COPY_TRAFFIC,
) -> pd.DataFrame:
    """By how much the first route is dearer than the second over two parameters: a `SURFACE_TABLE`.

    `first` and `second` are each a parameter of `break_even` and its values. Raises as that does.
    """
    one, other = first[0], second[0]
    across, up = _values(*first, None), _values(*second, None)
    if one == other:
        raise InputError(f"a surface has two different parameters, not {one} twice")
    begun = _renewed(updates or Updates(), {one: across[0], other: up[0]})
    compared = _compare(cloud, image, routes, account, region, begun, prices, meter)
    names = [_NAMES[along].format(meter=meter) for along in (one, other)]
    rows = [
        (float(x), float(y), _difference(compared.costs({one: x, other: y})), *names, compared.currency)
        for x, y in product(across, up)
    ]
    return SURFACE_TABLE.frame(rows)


@dataclass(frozen=True)
class _Comparison:
    """Two routes for one target, both allowed and paid in one currency."""

    asked: Question
    routes: tuple[str, str]
    target: Target
    currency: str
    meter: str

    def costs(self, values: Mapping[str, float]) -> tuple[float, float]:
        """What the routes cost with some parameters changed."""
        prices = self.asked.prices
        if "price" in values:
            prices = prices.changed(self.meter, factor=values["price"])
        asked = self.asked.changed(_renewed(self.asked.updates, values), prices)
        first, second = (added_cost(asked, route, self.target) for route in self.routes)
        return first, second

    def step(self, along: str) -> float:
        """The step a parameter comes in; 0 where it has none."""
        if along in ("change_gib", "new_gib", "size_gib"):
            return self.asked.cloud.state.block_bytes / BYTES_PER_GIB
        return 1 if along == "versions_kept" else 0


def _compare(
    cloud: Cloud,
    image: str,
    routes: tuple[str, str],
    account: str,
    region: str,
    updates: Updates,
    prices: Prices | None,
    meter: str,
) -> _Comparison:
    """The comparison asked for, once it is sure to have an answer."""
    check_targets(cloud, [account], [region])
    asked = ask(cloud, image, updates, prices)
    target = Target(account, region)
    for route in routes:
        if route not in ROUTES:
            raise UnknownName("route", str(route), ROUTES)
    if len(set(routes)) != 2 or len(routes) != 2:
        raise InputError(f"a break-even is between two different routes, not {' and '.join(routes)}")
    meters = {row.meter for row in asked.prices.rows}
    if meter not in meters:
        raise UnknownName("meter", str(meter), meters)
    for route in routes:
        refused = refusal(asked, route, target)
        if refused:
            why = ": ".join(part for part in refused[:2] if part)
            raise InputError(f"{route!r} for {account} in {region} is refused, so it has no break-even; {why}")
    (payer, currency), (other, others) = (asked.payer(route, account) for route in routes)
    if currency != others:
        raise InputError(
            f"{routes[0]!r} is paid by {payer} in {currency}, {routes[1]!r} by {other} in {others}; "
            "nothing converts between them, so they have no break-even"
        )
    return _Comparison(asked, routes, target, currency, meter)


def _values(along: str, values: Sequence[float] | None, between: tuple[float, float] | None) -> list[float]:
    """The values to tell the costs at, ascending and each once; checks the parameter too."""
    if along not in _NAMES:
        raise UnknownName("parameter", str(along), _NAMES)
    if (values is None) == (between is None):
        raise InputError("give either values=[…] or between=(low, high)")
    given: list[float] = list(values if values is not None else between or ())
    for value in given:
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise InputError(f"values of {along} are numbers, not {value!r}")
    if not given:
        raise InputError(f"give at least one value of {along}")
    if values is None:
        if len(given) != 2 or not given[0] < given[1]:
            raise InputError(f"between is a low and a higher value, not {given}")
        points = _POINTS if along != "versions_kept" else min(round(given[1] - given[0]) + 1, _MOST_VERSIONS)
        given = [float(value) for value in np.linspace(given[0], given[1], points)]
        if along == "versions_kept":
            given = [float(round(value)) for value in given]
    whole = along == "versions_kept"
    return sorted({int(value) if whole and float(value).is_integer() else float(value) for value in given})


def _difference(costs: tuple[float, float]) -> float:
    """The first cost less the second, 0 where only the noise of adding parts them."""
    first, second = costs
    return 0.0 if math.isclose(first, second, rel_tol=_SAME, abs_tol=0) else first - second


def _narrowed(compared: _Comparison, along: str, low: float, high: float) -> Crossing:
    """The crossing between two values whose differences have opposite signs, by bisection."""
    step = compared.step(along)
    if step:
        low, high = _whole(low, step), _whole(high, step)
    below, above = (_difference(compared.costs({along: value})) for value in (low, high))
    cheaper = compared.routes if below < 0 else compared.routes[::-1]
    near = step or TOLERANCE * high
    while (gap := high - low) > near:
        middle = low + (gap / step // 2 * step if step else gap / 2)
        found = _difference(compared.costs({along: int(middle) if along == "versions_kept" else middle}))
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


def _renewed(updates: Updates, values: Mapping[str, float]) -> Updates:
    """The updates with other values of some parameters; a price is none of theirs."""
    changed: dict[str, Any] = {name: value for name, value in values.items() if name != "price"}
    return replace(updates, **changed)
