"""Routes: how an image can reach accounts in regions, what each way adds to the bill, and who pays.

routes(cloud, golden, accounts=["partner"], regions=["cn-shanghai"], updates=Updates())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import pandas as pd

from ..billing.metering import measure
from ..billing.rating import curves
from ..billing.schema import COPY_TRAFFIC, STORAGE
from ..catalog.images import marketplace_images
from ..catalog.limits import limit
from ..catalog.prices import Prices
from ..catalog.regions import region as known_region
from ..catalog.tables import duration_seconds, sites
from ..cloud.cloud import Cloud
from ..errors import CloudError, InputError, PriceNotFound, UnknownName
from ..tables import Column, Table
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR
from .lives import Sizes, lives_of, sizes_of, usage_of
from .scripts import ROUTES, Plan, Target, Version
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
    "InvalidImageId.NotFound": "TYPE-3",
    "IncorrectDestinationRegion": "COPY-3",
    "OperationDenied.SameRegionOnly": "COPY-3",
    "InvalidImageId.BidMismatch": "SHARE-5",
    "OperationDeined.EncryptedSnapshot": "SHARE-6",
    "OperationDenied.InvalidImageStatus": "STATUS-4",
    "IncorrectImageStatus": "COPY-1",
    "OperationDenied.NotPublished": "COPY-8",
    "OperationDenied.CommunityImage": "COMM-1",
    "Image.Public": "COMM-1",
    "QuotaExceed.ShareImageUser": "SHARE-2",
    "QuotaExceed.ShareImage": "SHARE-3",
    "QuotaExceed.Image": "UNK-8",
}
_RULES_WITHOUT_CODE = {"copy snapshots": "SCOPY-1"}
"""The rule of a route that is refused without a code of the service's."""
_IF_WITHDRAWN = {
    "share": "nothing new starts; what runs cannot be re-initialised (SHARE-9)",
    "copy, then share": "the original may go; if the copy is withdrawn, as with sharing (COPY-2, SHARE-9)",
    "copy snapshots": "the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
    "receiver's own image": "nothing: the receiver owns its image (SHARE-7)",
    "rebuild there": "the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
}
_TASKS = {
    "copy, then share": "image_copy",
    "copy snapshots": "snapshot_copy",
    "receiver's own image": "snapshot",
    "rebuild there": "snapshot",
}


Refusals = dict[tuple[object, ...], tuple[str, str, str] | None]
"""By case: None when the route is allowed, else its code, why, and where it was tried."""


@dataclass(frozen=True)
class Question:
    """All that the costs of routes depend on."""

    cloud: Cloud
    image: str
    updates: Updates
    prices: Prices
    start: datetime
    sizes: Sizes
    existing: pd.DataFrame
    refusals: Refusals = field(default_factory=dict)
    """What was found out by trying; it holds for other updates and prices too, as long as the cloud stays."""

    @cached_property
    def storing(self) -> frozenset[str]:
        """The accounts that use anything already."""
        return frozenset(self.existing["billing_account_id"].unique())

    @property
    def owner(self) -> str:
        return self.cloud.image(self.image).account

    @property
    def home(self) -> str:
        return self.cloud.image(self.image).region

    def payer(self, route: str, account: str) -> tuple[str, str]:
        """Who pays for a route to an account, and the currency of its list."""
        payer = account if route == "receiver's own image" else self.owner
        return payer, sites()[self.cloud.state.accounts[payer].site].currency

    def changed(self, updates: Updates, prices: Prices) -> Question:
        """The same question with other updates and prices."""
        end = updates.end(self.start)
        same = end == self.updates.end(self.start)
        existing = self.existing if same else measure(self.cloud.ledger, until=end)
        sizes = sizes_of(self.cloud, self.image, updates)
        return replace(self, updates=updates, prices=prices, sizes=sizes, existing=existing)


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
    return answer(
        ask(cloud, image, accounts=accounts, regions=regions, updates=updates, prices=prices), accounts, regions
    )


def answer(asked: Question, accounts: Sequence[str], regions: Sequence[str]) -> pd.DataFrame:
    """The `ROUTES_TABLE` of a question."""
    costs: dict[tuple[str, str, str], tuple[float, str]] = {}
    rows = [
        _row(asked, route, Target(account, region), costs)
        for region in dict.fromkeys(regions)
        for account in dict.fromkeys(accounts)
        for route in ROUTES
    ]
    return ROUTES_TABLE.check(pd.DataFrame(rows, columns=ROUTES_TABLE.names))


def ask(
    cloud: Cloud,
    image: str,
    *,
    accounts: Sequence[str],
    regions: Sequence[str],
    updates: Updates | None,
    prices: Prices | None,
) -> Question:
    """The question about an image, its names checked; raises as `routes` does."""
    found = cloud.image(image)
    if found.deleted_at:
        raise InputError(f"{image} is deleted; ask about an image that is there")
    if any(mapping.snapshot not in cloud.state.snapshots for mapping in found.mappings):
        raise InputError(f"{image} is {found.status} and has no snapshots yet; wait for it first")
    for name, known in ((accounts, cloud.state.accounts), (regions, None)):
        if isinstance(name, str) or not name:
            raise InputError(f"accounts and regions are lists with at least one name, not {name!r}")
        for one in name:
            if known is not None and one not in known:
                raise UnknownName("account", str(one), known)
            if known is None:
                known_region(one)
    updates, prices = updates or Updates(), prices or Prices.published()
    existing = measure(cloud.ledger, until=updates.end(cloud.now))
    return Question(cloud, image, updates, prices, cloud.now, sizes_of(cloud, image, updates), existing)


def _row(
    asked: Question,
    route: str,
    target: Target,
    costs: dict[tuple[str, str, str], tuple[float, str]],
) -> tuple[object, ...]:
    payer, currency = asked.payer(route, target.account)
    case = _case(asked, route, target)
    if case not in asked.refusals:
        asked.refusals[case] = refusal(asked, route, target)
    refused = asked.refusals[case]
    if refused is not None:
        code, why, tried = refused
        rule = _RULES.get(code, "") if code else _RULES_WITHOUT_CODE.get(route, "")
        cost, note, hours = float("nan"), why.replace(tried, target.region), float("nan")
    else:
        code, rule, hours = "", "", _hours_to_launch(asked, route)
        # Payers who store nothing yet differ only in their currency.
        beside = payer if payer in asked.storing else currency
        if (route, target.region, beside) not in costs:
            costs[route, target.region, beside] = _cost_or_note(asked, route, target)
        cost, note = costs[route, target.region, beside]
    return (
        route, target.account, target.region, refused is None, code, rule, cost, currency, payer,
        hours, _IF_WITHDRAWN[route] if refused is None else "", note,
    )  # fmt: skip


def _case(asked: Question, route: str, target: Target) -> tuple[object, ...]:
    """What decides whether a route is allowed: targets alike in this are tried once."""
    product = marketplace_images().get(asked.cloud.image(asked.image).lineage.product_code or "")
    offered = not product or not product.regions or target.region in product.regions
    receiver = asked.cloud.state.accounts[target.account]
    images = [image for image in asked.cloud.state.images.values() if not image.deleted_at]
    received = sum(target.account in image.shared_with for image in images)
    payer = target.account if route == "receiver's own image" else asked.owner
    held = sum((image.account, image.region) == (payer, target.region) for image in images)
    full = held >= limit("custom_images_per_region", asked.start)
    return route, target.region == asked.home, offered, receiver.site, target.account == asked.owner, received, full


def refusal(asked: Question, route: str, target: Target) -> tuple[str, str, str] | None:
    """Try the route in a fork: None when it is allowed, else its code, why, and where it was tried."""
    cloud = asked.cloud.fork()
    try:
        ROUTES[route](Plan(cloud, cloud.account(asked.owner), asked.updates), Version(asked.image, 0), target)
    except CloudError as error:
        return error.code, error.reason, target.region
    except InputError as error:
        return "", str(error), target.region
    return None


def _cost_or_note(asked: Question, route: str, target: Target) -> tuple[float, str]:
    """What a route adds; NaN without a price, and which one is missing."""
    try:
        return added_cost(asked, route, target), ""
    except PriceNotFound as error:
        return float("nan"), "; ".join(
            f"no price for {m}{f' {i}' if i else ''} in {r}" for m, i, r, *_ in error.missing
        )


def added_cost(asked: Question, route: str, target: Target) -> float:
    """What the route adds to the payer's bill, tiers and free quotas included; raises PriceNotFound."""
    payer, currency = asked.payer(route, target.account)
    lives = lives_of(route, asked.sizes, asked.updates, asked.start)
    added = usage_of(lives, account=payer, currency=currency, home=asked.home, region=target.region)
    if not len(added):
        return 0.0
    there = asked.existing
    stored = (there["sku_meter"] == STORAGE) & (there["region_id"] == target.region)
    on_the_way = (there["region_id"] == asked.home) & (there["x_item"] == target.region)
    sent = on_the_way & (there["sku_meter"] == COPY_TRAFFIC)
    beside = there[(there["billing_account_id"] == payer) & (stored | sent)]
    if not len(beside):
        return _cost(added, asked.prices)
    beside = _plain(beside)
    return _cost(pd.concat([beside, added], ignore_index=True), asked.prices) - _cost(beside, asked.prices)


def _cost(usage: pd.DataFrame, prices: Prices) -> float:
    """What some usage costs in all, without the table of its charges."""
    return float(sum(curve.cost.sum() for curve in curves(usage, prices)))


def _plain(usage: pd.DataFrame) -> pd.DataFrame:
    """Usage with its categories as plain text, so that it can stand beside other usage."""
    text = dict.fromkeys(usage.columns[usage.dtypes == "category"], "str")
    return usage.astype(text)


def _hours_to_launch(asked: Question, route: str) -> float:
    """The typical time until the first version can be launched (CREATE-13)."""
    if route not in _TASKS:
        return 0.0
    fixed, per_gib = duration_seconds(_TASKS[route])
    return (fixed + per_gib * asked.sizes.content(0) / BYTES_PER_GIB) / SECONDS_PER_HOUR
