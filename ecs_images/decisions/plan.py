"""A whole plan: a route for each target, and what they add together to the bills of those who pay.

plan(cloud, golden, chosen={("partner", "cn-shanghai"): "copy, then share"}, updates=Updates())
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..catalog.prices import Prices
from ..cloud.cloud import Cloud
from ..errors import InputError, UnknownName
from ..tables import Column, Table
from .costs import added, what_is_missing
from .question import Question, ask, check_targets
from .routes import refusal, rule_of
from .scripts import ROUTES, Plan, Target, Version, deliveries
from .updates import Updates

PLAN_TABLE = Table(
    "plan",
    "what a plan adds to one payer's use of one meter in a region",
    (
        Column("billing_account_id", "text", "", "the account that pays", True),
        Column("billing_currency", "text", "", "currency of its site's price list", True),
        Column("region_id", "text", "", "region of what is used", True),
        Column("sku_meter", "text", "", "what is metered", True),
        Column("x_item", "text", "", "region that traffic goes to; empty for storage"),
        Column("list_cost", "number", "currency", "what the plan adds over the horizon; empty: a price is missing"),
        Column("x_note", "text", "", "which price is missing"),
    ),
)


def plan(
    cloud: Cloud,
    image: str,
    *,
    chosen: Mapping[tuple[str, str], str],
    updates: Updates | None = None,
    prices: Prices | None = None,
) -> pd.DataFrame:
    """What a route for each (account, region) adds to everybody's bill, as a `PLAN_TABLE`.

    A plan is not the sum of its targets: the accounts of a region that are served by the same route
    share one copy, and all that a payer uses of a meter in a region stands in the same tiers. Raises
    InputError naming every target whose route is refused, CloudError for a plan that is refused only
    as a whole (by a quota, say), and UnknownName for names.
    """
    if not chosen:
        raise InputError("a plan needs a route for at least one target: {(account, region): route}")
    for route in chosen.values():
        if route not in ROUTES:
            raise UnknownName("route", str(route), ROUTES)
    targets = {Target(account, region): route for (account, region), route in chosen.items()}
    accounts, regions = ([getattr(target, name) for target in targets] for name in ("account", "region"))
    check_targets(cloud, accounts, regions)
    asked = ask(cloud, image, updates, prices)
    _check(asked, targets)
    rows = [
        (key.account, key.currency, key.region, key.meter, key.item, amount.cost, what_is_missing([amount]))
        for amount in added(asked, deliveries(targets))
        for key in [amount.key]
    ]
    return PLAN_TABLE.frame(sorted(rows))


def _check(asked: Question, targets: Mapping[Target, str]) -> None:
    """Every route of a plan must be allowed, by itself and with the others."""
    refused = []
    for target, route in targets.items():
        found = refusal(asked, route, target)
        if found:
            code, why, _ = found
            rule = rule_of(route, code)
            refused.append(f"{route!r} for {target.account} in {target.region}: {code} ({rule}): {why}")
    if refused:
        raise InputError(f"{len(refused)} of {len(targets)} targets are refused; " + "; ".join(refused))
    cloud = asked.cloud.fork()
    whole = Plan(cloud, cloud.account(asked.owner), asked.updates)
    for to in deliveries(targets):
        ROUTES[to.route](whole, Version(asked.image, 0), to)
