"""A whole plan: a way for each target, and what they add together to the bills of those who pay.

plan(cloud, golden, chosen={("partner", "cn-shanghai"): "copy, then share"}, updates=Updates())
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..catalog.prices import Prices
from ..catalog.schemas import TABLES
from ..cloud.cloud import Cloud
from ..errors import InputError, shown
from ..ledger.resources import Image
from ..tables import answers
from .costs import added
from .question import Question, Refusal, Situation
from .updates import Updates
from .ways import perform, way_named

PLAN_TABLE = TABLES["plan"]


@answers(PLAN_TABLE)
def plan(
    cloud: Cloud,
    image: str | Image,
    *,
    chosen: Mapping[tuple[str, str], str],
    updates: Updates | None = None,
    prices: Prices | None = None,
) -> pd.DataFrame:
    """What a way for each of several targets adds to everybody's bill.

    cloud: the cloud the image lies in; it is looked at as it is now and not changed
    image: the image's id
    chosen: for each target, a pair of an account's name and a region's id, the name of its way
    updates: how the image will be renewed over which horizon; as `Updates()` unless said
    prices: the price lists; the published ones unless said

    A plan is not the sum of its targets: the accounts of a region that are served by the same way
    share one copy, and all that a payer uses of a meter in a region stands in the same tiers.

    Returns one row for every payer, region and meter; `ecs.plan.columns` says what its columns mean. Raises
    InputError naming every target whose way is refused, CloudError for a plan that is refused only
    as a whole (by a quota, say), and UnknownName for names.
    """
    situation = Situation(cloud, image)
    if not isinstance(chosen, Mapping) or not chosen:
        raise InputError(f"chosen is a route for at least one (account, region), not {shown(chosen)}")
    if wrong := [target for target in chosen if not isinstance(target, tuple) or len(target) != 2]:
        raise InputError(f"a target is a pair (account, region), not {shown(wrong[0])}")
    ways = {situation.target(*target): way_named(name) for target, name in chosen.items()}
    if len(ways) < len(chosen):
        raise InputError("chosen names an account in a region twice; each has one route")
    question = Question(situation, updates, prices)
    tried = {target: question.tried(way, target) for target, way in ways.items()}
    refused = [
        f"{ways[target].name!r} for {target.account} in {target.region}: {why}"
        for target, why in tried.items()
        if isinstance(why, Refusal)
    ]
    if refused:
        raise InputError(f"{len(refused)} of {len(ways)} targets are refused; {'; '.join(refused)}")
    whole, fork = question.deliveries(ways), situation.cloud.fork()
    stages = {each: each.stage(fork, question.updates, situation.image) for each in whole}
    for _ in perform(stages, situation.image):
        pass  # A plan that is refused as a whole raises here.
    return PLAN_TABLE.frame(
        sorted(
            (key.account, key.currency, key.region, key.meter, key.item, amount.cost, amount.note)
            for amount in added(question, whole)
            for key in [amount.key]
        )
    )
