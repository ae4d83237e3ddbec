"""Whole plans compared: which ways together are the cheapest, and what plans cost as time goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from operator import itemgetter

import numpy as np
import pandas as pd

from ..catalog.schemas import TABLES
from ..columns import times_of
from ..units import next_full_hour, to_seconds
from .costs import Added, added, sum_of
from .question import Question
from .routes import Route
from .ways import WAYS, Target

OVER_TIME_TABLE = TABLES["costs_over_time"]
_Ranked = tuple[tuple[bool, bool, bool, float], Route]
"""A route, and first whether it has no price, is not counted whole and is of another currency, and what is paid."""
_POINTS = 61
"""Moments of a line; what is billed by the hour grows evenly between two, what is sent does not."""


def amounts_of(question: Question, plan: Iterable[Route]) -> list[Added]:
    """What the routes of a plan, all of them allowed, add together, by payer, region and meter."""
    # Who launches it costs nothing, so one route stands for all that one payer keeps; a third region is in the note.
    kept = {(route.way, route.region, route.payer, route.note): route for route in plan}
    return added(question, question.deliveries({route.target: WAYS[route.way] for route in kept.values()}))


def cheapest(
    routes: Iterable[Route], home_currency: str, chosen: Mapping[Target, Route] | None = None
) -> dict[Target, Route]:
    """A route for each target that can be reached, which together are the cheapest of those compared.

    routes: every route to every target, as `every_route` returns them
    home_currency: the currency that goes first, since nothing compares two
    chosen: the routes of targets that are decided already

    In each region two plans are compared: every target by its own cheapest route, and one way for all that it can
    serve, so that accounts which share one copy pay it once. A route without a price is taken only where none has
    one, one with a part that is not counted only where every other has such a part, and none that opens the image
    to everybody.
    """
    fixed, by_region = chosen or {}, dict[str, dict[str, dict[str, _Ranked]]]()

    def ranked(route: Route) -> _Ranked:
        unpriced = isnan(route.cost)
        cost = 0.0 if unpriced else route.cost
        return (unpriced, bool(route.not_counted), route.currency != home_currency, cost), route

    def price(plan: Sequence[_Ranked]) -> tuple[int, int, int, float]:
        """How many have no price, are not counted whole and are of another currency, and what is paid."""
        unpriced, partly, foreign, _ = zip(*(rank for rank, _ in plan), strict=True)
        paid = {(route.way, route.payer): rank[3] for rank, route in plan}  # what is shared, once
        return sum(unpriced), sum(partly), sum(foreign), sum(paid.values())

    for route in routes:
        if route.allowed and not route.opens and not (fixed and route.target in fixed):
            by_region.setdefault(route.region, {}).setdefault(route.account, {})[route.way] = ranked(route)
    found = dict(fixed)
    for region, by_account in by_region.items():
        here = by_account.values()
        alone = [min(ways.values(), key=itemgetter(0)) for ways in here]
        names = [name for name in WAYS if any(name in ways for ways in here)]
        plans = [alone, *([w.get(name, own) for w, own in zip(here, alone, strict=True)] for name in names)]
        beside = [ranked(route) for target, route in fixed.items() if target.region == region]
        best = min(plans, key=lambda plan: price([*beside, *plan]))
        found |= {route.target: route for _, route in best}
    return found


def costs_over_time(question: Question, plans: Mapping[str, Sequence[Route]]) -> pd.DataFrame:
    """What each of several plans has added to all bills, from now to the end of the horizon.

    question: the image, its updates and the prices
    plans: the routes of each plan, all of them allowed, by the name of the plan

    Returns an `OVER_TIME_TABLE`: a row for each plan, currency and moment, the last of which is the end of the
    horizon, when the amounts are those of `ecs_images.plan`.
    """
    home, moments = question.situation.currency(question.situation.owner), moments_of(question)
    parts = [
        (name, currency, *line_of(amounts, currency, moments))
        for name, plan in plans.items()
        for amounts in [amounts_of(question, plan)]
        for currency in dict.fromkeys(route.currency for route in plan) or [home]
    ]
    names, currencies, totals, lacking = zip(*parts, strict=True)
    columns = {
        "x_plan": np.repeat(names, _POINTS),
        "x_at": np.tile(times_of(moments.astype(np.int64)).to_numpy(), len(parts)),
        "billing_currency": np.repeat(currencies, _POINTS),
        "list_cost": np.concatenate(totals),
        "x_not_counted": np.repeat(lacking, _POINTS),
    }
    return OVER_TIME_TABLE.frame(columns)


def moments_of(question: Question) -> np.ndarray:
    """The moments of a line, from now to the end of the horizon [s since 1970]."""
    now = question.situation.cloud.now
    return np.linspace(to_seconds(now), to_seconds(next_full_hour(question.updates.end(now))), _POINTS).round()


def line_of(amounts: Sequence[Added], currency: str, moments: np.ndarray) -> tuple[np.ndarray, str]:
    """What the amounts of a plan in one currency have added up to some moments, and what of them has no price."""
    mine = [one for one in amounts if one.key.currency == currency]
    total = sum((one.cost_until(moments) for one in mine if not one.gap), np.zeros(len(moments)))
    gaps = sum_of(mine)
    return total, "; ".join(filter(None, (gaps.unpriced, gaps.not_counted)))
