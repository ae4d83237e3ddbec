"""Routes: how an image can reach accounts in regions, what each way adds to the bill, and who pays.

routes(cloud, golden, accounts=["partner"], regions=["cn-shanghai"], updates=Updates())
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..billing.rating import price_not_found
from ..catalog.images import marketplace_images
from ..catalog.limits import duration_seconds, limit
from ..catalog.prices import Prices
from ..cloud.cloud import Cloud
from ..errors import CloudError, InputError
from ..tables import Column, Table
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR
from .costs import added, what_is_missing
from .question import Question, ask, check_targets
from .scripts import ROUTES, Delivery, Plan, Target, Version
from .updates import Updates

ROUTES_TABLE = Table(
    "routes",
    "one way to let one account launch the image in one region",
    (
        Column("route", "text", "", "the way", True),
        Column("billing_account_id", "text", "", "the account that must be able to launch", True),
        Column("region_id", "text", "", "where it must be able to", True),
        Column("x_allowed", "truth", "", "whether the service lets it be done", True),
        Column("x_code", "text", "", "the service's error code where it does not"),
        Column("x_rule", "text", "", "the rule behind that"),
        Column(
            "list_cost",
            "number",
            "currency",
            "what this target alone adds over the horizon; empty: refused or no price",
        ),
        Column("billing_currency", "text", "", "currency of whoever pays"),
        Column("x_payer", "text", "", "the account that pays the storage and traffic"),
        Column("x_hours_to_launch", "number", "hour", "typical time until the first version can be launched"),
        Column("x_if_withdrawn", "text", "", "what breaks when the owner later deletes or unshares"),
        Column("x_note", "text", "", "why it is refused, or which price is missing"),
    ),
)

_RULES = {
    ("", "InvalidImageId.NotFound"): "TYPE-3",
    ("", "IncorrectDestinationRegion"): "COPY-3",
    ("", "OperationDenied.SameRegionOnly"): "COPY-3",
    ("", "InvalidImageId.BidMismatch"): "SHARE-5",
    ("", "OperationDeined.EncryptedSnapshot"): "SHARE-6",
    ("", "OperationDenied.InvalidImageStatus"): "STATUS-4",
    ("", "OperationDenied.ImageNotValid"): "STATUS-3",
    ("", "IncorrectImageStatus"): "COPY-1",
    ("", "OperationDenied.NotPublished"): "COPY-8",
    ("", "OperationDenied.CommunityImage"): "COMM-1",
    ("", "Image.Public"): "COMM-1",
    ("", "QuotaExceed.ShareImageUser"): "SHARE-2",
    ("", "QuotaExceed.ShareImage"): "SHARE-3",
    ("", "QuotaExceed.Image"): "UNK-8",
    ("", "ImageNotSupported"): "EXP-2",
    ("", "InvalidImageLicense.NotSupported"): "EXP-2",
    ("", "InvalidImage.DiskAmountOrSize"): "EXP-2",
    ("export and import", "IncorrectImageStatus"): "EXP-2",
    ("copy snapshots", ""): "SCOPY-1",  # refused without a code of the service's
}
"""The rule behind an error code, for one route or, without a route, for all."""
_IF_WITHDRAWN = {
    "share": "nothing new starts; what runs cannot be re-initialised (SHARE-9)",
    "copy, then share": "the original may go; if the copy is withdrawn, as with sharing (COPY-2, SHARE-9)",
    "copy snapshots": "the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
    "receiver's own image": "nothing: the receiver owns its image (SHARE-7)",
    "rebuild there": "the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
    "export and import": "the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
}
_TASKS = {
    "copy, then share": ("image_copy",),
    "copy snapshots": ("snapshot_copy",),
    "receiver's own image": ("snapshot",),
    "rebuild there": ("snapshot",),
    "export and import": ("image_export", "file_replication", "image_import"),
}


def routes(
    cloud: Cloud,
    image: str,
    *,
    accounts: Sequence[str],
    regions: Sequence[str],
    updates: Updates | None = None,
    prices: Prices | None = None,
) -> pd.DataFrame:
    """Every route for every account and region, as a `ROUTES_TABLE`.

    The image is the owner's own, Available or not; `updates` say how it will be renewed. The
    money of a row is what that target alone would add to the bill of whoever pays, beside what
    is there already. Raises UnknownName for accounts, regions or images that do not exist.
    """
    check_targets(cloud, accounts, regions)
    return answer(ask(cloud, image, updates, prices), accounts, regions)


def answer(asked: Question, accounts: Sequence[str], regions: Sequence[str]) -> pd.DataFrame:
    """The `ROUTES_TABLE` of a question."""
    costs: dict[tuple[str, str, str], tuple[float, str]] = {}
    rows = [
        _row(asked, route, Target(account, region), costs)
        for region in dict.fromkeys(regions)
        for account in dict.fromkeys(accounts)
        for route in ROUTES
    ]
    return ROUTES_TABLE.frame(rows)


def _row(
    asked: Question, route: str, target: Target, costs: dict[tuple[str, str, str], tuple[float, str]]
) -> tuple[object, ...]:
    payer, currency = asked.payer(route, target.account)
    case = _case(asked, route, target)
    if case not in asked.refusals:
        asked.refusals[case] = refusal(asked, route, target)
    refused = asked.refusals[case]
    if refused is not None:
        code, why, tried = refused
        rule = rule_of(route, code)
        cost, note, hours = float("nan"), why.replace(tried, target.region), float("nan")
    else:
        code, rule, hours = "", "", _hours_to_launch(asked, route, target.region)
        # Payers who store nothing yet differ only in their currency.
        beside = payer if payer in asked.storing else currency
        if (route, target.region, beside) not in costs:
            costs[route, target.region, beside] = _cost_and_note(asked, route, target)
        cost, note = costs[route, target.region, beside]
    return (
        route, target.account, target.region, refused is None, code, rule, cost, currency, payer,
        hours, _IF_WITHDRAWN[route] if refused is None else "", note,
    )  # fmt: skip


def _case(asked: Question, route: str, target: Target) -> tuple[object, ...]:
    """What decides whether a route is allowed: targets alike in this are tried once."""
    state, images = asked.cloud.state, asked.counts
    product = marketplace_images().get(state.images[asked.image].lineage.product_code or "")
    offered = not product or not product.regions or target.region in product.regions
    payer, _ = asked.payer(route, target.account)
    full = images.held[payer, target.region] >= limit("custom_images_per_region", asked.start)
    return (
        route, target.region == asked.home, offered, state.accounts[target.account].site,
        target.account == asked.owner, images.received[target.account], full,
    )  # fmt: skip


def refusal(asked: Question, route: str, target: Target) -> tuple[str, str, str] | None:
    """Try the route in a fork: None when it is allowed, else its code, why, and where it was tried."""
    cloud = asked.cloud.fork()
    to = Delivery(route, target.region, (target.account,))
    try:
        ROUTES[route](Plan(cloud, cloud.account(asked.owner), asked.updates), Version(asked.image, 0), to)
    except CloudError as error:
        return error.code, error.reason, target.region
    except InputError as error:
        return "", str(error), target.region
    return None


def rule_of(route: str, code: str) -> str:
    """The rule behind a refusal; empty where none is known."""
    return _RULES.get((route, code)) or _RULES.get(("", code), "")


def added_cost(asked: Question, route: str, target: Target) -> float:
    """What the route adds to the payer's bill, tiers and free quotas included; raises PriceNotFound."""
    amounts = added(asked, [Delivery(route, target.region, (target.account,))])
    gaps = [amount.gap for amount in amounts if amount.gap]
    if gaps:
        raise price_not_found(gaps)
    return sum(amount.cost for amount in amounts)


def _cost_and_note(asked: Question, route: str, target: Target) -> tuple[float, str]:
    """What a route adds; NaN without a price, and which one is missing."""
    amounts = added(asked, [Delivery(route, target.region, (target.account,))])
    return sum(amount.cost for amount in amounts), what_is_missing(amounts)


def _hours_to_launch(asked: Question, route: str, region: str) -> float:
    """The typical time until the first version can be launched (CREATE-13)."""
    tasks = [task for task in _TASKS.get(route, ()) if task != "file_replication" or region != asked.home]
    gib = asked.sizes.content(0) / BYTES_PER_GIB
    return sum(fixed + per_gib * gib for fixed, per_gib in map(duration_seconds, tasks)) / SECONDS_PER_HOUR
