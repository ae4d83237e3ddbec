"""Share or copy: what the workbench shows, as plain functions of what its controls say.

One target is an account that must launch the image in a region. Each has a route, chosen by the
person or the cheapest that the service allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any

import pandas as pd

from .. import charts
from ..catalog.prices import Prices
from ..catalog.tables import sites
from ..cloud.cloud import Cloud
from ..decisions.question import Refusals, ask
from ..decisions.routes import answer
from ..decisions.scripts import ROUTES
from ..decisions.updates import Updates
from ..errors import EcsImagesError, InputError
from ..units import bytes_to_gib
from . import pages

CHEAPEST = "cheapest allowed"
ROUTE_NAMES = (CHEAPEST, *ROUTES)
PARTS = ("summary", "totals", "targets", "picture", "refusals")
_REMEMBERED = 64
"""Settings whose routes are kept, so that going back and forth with a slider costs nothing."""


@dataclass(frozen=True)
class Settings:
    """What the controls say: the image, who must launch it where, how it lives on, the routes.

    `route` is for every target that `chosen` does not name by (account, region).
    """

    image: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    updates: Updates = field(default_factory=Updates)
    route: str = CHEAPEST
    chosen: Mapping[tuple[str, str], str] = field(default_factory=dict)


class ShareOrCopy:
    """Routes of the images of a cloud as it is now; what happens in the cloud later changes nothing here."""

    def __init__(self, cloud: Cloud, prices: Prices | None = None) -> None:
        self.cloud = cloud.fork()
        tried: dict[str, Refusals] = {}

        @lru_cache(maxsize=_REMEMBERED)
        def found(
            image: str, accounts: tuple[str, ...], regions: tuple[str, ...], updates: Updates
        ) -> tuple[pd.DataFrame, Callable[[], str]]:
            asked = ask(self.cloud, image, accounts=accounts, regions=regions, updates=updates, prices=prices)
            asked = replace(asked, refusals=tried.setdefault(image, {}))
            table = answer(asked, accounts, regions)
            return table, cache(lambda: _picture(table))

        self._found = found

    def __repr__(self) -> str:
        return f"<ShareOrCopy: {pages.counted(len(self.images()), 'image')}>"

    def images(self) -> dict[str, str]:
        """The images that accounts of the cloud own, by what a person calls them."""
        there = (image for image in self.cloud.state.images.values() if not image.deleted_at)
        return {pages.called(i.name, i.id): i.id for i in there if i.account in self.cloud.state.accounts}

    def changeable_gib(self, image: str) -> float:
        """What the image's system disk holds, the most that an update can write over [GiB].

        0 for a copy that still waits, of which nothing is there yet.
        """
        snapshot = self.cloud.state.snapshots.get(self.cloud.image(image).system_snapshot)
        return bytes_to_gib(snapshot.content_bytes) if snapshot else 0.0

    def table(self, settings: Settings) -> pd.DataFrame:
        """Every route to every target as `ecs.routes` gives it, and in `x_chosen` whether it is the one taken.

        Of routes in two currencies, which nothing compares, the cheapest is the cheapest in the
        currency of the image's owner. A route without a price is taken only where none has one.
        Raises InputError for a selection or a setting that cannot be used.
        """
        table, _ = self._ask(settings)
        owner = self.cloud.state.accounts[self.cloud.image(settings.image).account]
        home_currency = sites()[owner.site].currency
        taken: set[object] = set()
        for (region, account), rows in table.groupby(["region_id", "billing_account_id"], sort=False, observed=True):
            wanted = settings.chosen.get((str(account), str(region)), settings.route)
            if wanted == CHEAPEST:
                allowed = rows[rows["x_allowed"].astype(bool)]
                order = pd.DataFrame(
                    {
                        "unpriced": allowed["list_cost"].isna(),
                        "foreign": allowed["billing_currency"] != home_currency,
                        "cost": allowed["list_cost"],
                    }
                ).sort_values(["unpriced", "foreign", "cost"], kind="stable")
                taken.update(order.index[:1])
            else:
                taken.update(rows.index[rows["route"] == wanted])
        return table.assign(x_chosen=table.index.isin(list(taken)))

    def summary(self, settings: Settings) -> list[str]:
        """What the picture and the tables come to, in sentences; raises InputError as `table` does."""
        table = self.table(settings)
        return self._said(settings, table, totals(table))

    def picture(self, settings: Settings) -> str:
        """The routes compared, one picture for each currency, as HTML; a sentence where nothing has a price."""
        return self._ask(settings)[1]()

    def render(self, settings: Settings) -> dict[str, str]:
        """All that is shown, as HTML by part; what cannot be answered is a sentence that says what to change."""
        try:
            table = self.table(settings)
            paid = totals(table)
            return {
                "summary": pages.sentences(self._said(settings, table, paid)),
                "totals": _totals_page(paid),
                "targets": _targets_page(table),
                "picture": self.picture(settings),
                "refusals": _refusals_page(table),
            }
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}

    def _ask(self, settings: Settings) -> tuple[pd.DataFrame, Callable[[], str]]:
        if not settings.image:
            raise InputError("this cloud has no image of an account's own; make one with create_image")
        if not settings.accounts or not settings.regions:
            raise InputError("choose at least one account and one region; nothing is compared until then")
        if self.cloud.image(settings.image).system_snapshot not in self.cloud.state.snapshots:
            raise InputError(
                f"{settings.image} is a copy that waits for its turn; wait for it, or choose another image"
            )
        return self._found(settings.image, settings.accounts, settings.regions, settings.updates)

    def _said(self, settings: Settings, table: pd.DataFrame, paid: pd.DataFrame) -> list[str]:
        image, updates = self.cloud.image(settings.image), settings.updates
        said = [
            f"{pages.called(image.name, image.id)} of {image.account} lies in {image.region}. It is to reach "
            f"{pages.counted(len(settings.accounts), 'account')} in {pages.counted(len(settings.regions), 'region')}, "
            f"renewed every {pages.counted(round(updates.every_days), 'day')} for {updates.horizon_days:g} days, "
            f"{pages.counted(updates.versions_kept, 'version')} kept."
        ]
        said += [_paid(row) for row in paid.to_dict("records")]
        chosen = table[table["x_chosen"]]
        refused = int((~chosen["x_allowed"].astype(bool)).sum())
        unreached = len(settings.accounts) * len(settings.regions) - len(chosen)
        if refused:
            said.append(f"For {pages.counted(refused, 'target')} the chosen route is refused; see below why.")
        if unreached:
            said.append(f"For {pages.counted(unreached, 'target')} every route is refused; see below why.")
        return said


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """What each payer pays for the chosen routes of `ShareOrCopy.table` over the horizon.

    Columns: `x_payer`, `billing_currency`, `list_cost` (NaN where nothing chosen has a price) and
    `x_unpriced`, the number of routes left out for want of a price. What a payer brings to a
    region by one route is there once, however many accounts it is shared with. Free quotas and
    tiers that two different routes of a payer would share are not taken together.
    """
    paid = table[table["x_chosen"] & table["x_allowed"].astype(bool)]
    once = paid.drop_duplicates(["x_payer", "region_id", "route"])
    rows = [
        (payer, currency, part["list_cost"].sum(min_count=1), int(part["list_cost"].isna().sum()))
        for (payer, currency), part in once.groupby(["x_payer", "billing_currency"], sort=False, observed=True)
    ]
    return pd.DataFrame(rows, columns=["x_payer", "billing_currency", "list_cost", "x_unpriced"])


def _picture(table: pd.DataFrame) -> str:
    allowed, priced = table["x_allowed"].astype(bool), table["list_cost"].notna()
    if not priced.any():
        missing = list(dict.fromkeys(table.loc[allowed, "x_note"]))
        why = f"no allowed route has a price: {pages.listed(missing)}" if missing else "every route is refused"
        return pages.sentence(f"There is nothing to draw, because {why}. See the tables.")
    currencies = list(dict.fromkeys(table.loc[priced, "billing_currency"].astype(str)))
    # What has no price belongs to no currency; it is drawn once, with the first.
    found = [_compared(table[(table["billing_currency"] == currencies[0]) | ~priced], currencies[0])]
    found += [_compared(table[table["billing_currency"] == other], other) for other in currencies[1:]]
    if len(currencies) > 1:
        found.append(pages.sentence("There is a picture for each currency; a blank cell is paid in the other one."))
    return "".join(found)


def _paid(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["list_cost"]):
        return f"What {row['x_payer']} pays is not known, because a price is missing."
    more = f", and what has no price ({pages.counted(row['x_unpriced'], 'route')})" if row["x_unpriced"] else ""
    return f"{row['x_payer']} pays {pages.amount(row['list_cost'], row['billing_currency'])}{more}."


def _compared(table: pd.DataFrame, currency: str) -> str:
    targets = table[["billing_account_id", "region_id"]].drop_duplicates()
    text = f"What each route costs for {pages.counted(len(targets), 'target')} in {currency}; the table says the same."
    height = 3.2 if len(targets) == 1 else min(1.9 + 0.3 * len(targets), 12)
    return pages.picture(lambda ax: charts.routes_compared(table, ax=ax), text, height=height)


def _totals_page(paid: pd.DataFrame) -> str:
    rows = [
        [
            str(row["x_payer"]),
            "no price known" if pd.isna(row["list_cost"])
            else pages.amount(row["list_cost"], row["billing_currency"]),
            pages.counted(row["x_unpriced"], "route") if row["x_unpriced"] else "",
        ]
        for row in paid.to_dict("records")
    ]  # fmt: skip
    caption = "Who pays for the chosen routes (a copy that several accounts share counts once)"
    return pages.table(caption, ["payer", "list cost over the horizon", "without a price"], rows)


def _targets_page(table: pd.DataFrame) -> str:
    names = list(ROUTES)
    rows = []
    for (region, account), part in table.groupby(["region_id", "billing_account_id"], sort=False, observed=True):
        by_route = {str(row["route"]): row for row in part.to_dict("records")}
        rows.append([str(account), str(region), *(_cell(by_route[name]) for name in names)])
    return pages.table("Each route to each target, alone; ✓ is the chosen one", ["account", "region", *names], rows)


def _cell(row: Mapping[Any, Any]) -> str:
    mark = "✓ " if row["x_chosen"] else ""
    if not row["x_allowed"]:
        return f"{mark}refused {row['x_rule']}".rstrip()
    if pd.isna(row["list_cost"]):
        return f"{mark}{row['x_note']}"
    return f"{mark}{pages.amount(row['list_cost'], row['billing_currency'])}"


def _refusals_page(table: pd.DataFrame) -> str:
    """Refusals that differ only in their accounts stand together."""
    refused = table[~table["x_allowed"].astype(bool)]
    keys = ["route", "region_id", "x_code", "x_rule", "x_note"]
    rows: list[Sequence[str]] = []
    for (route, region, code, rule, why), part in refused.groupby(keys, sort=False, observed=True, dropna=False):
        who = pages.listed(list(part["billing_account_id"].astype(str)))
        rows.append([str(route), str(region), who, str(code), str(rule), str(why)])
    return pages.table("What is refused, and why", ["route", "region", "account", "code", "rule", "reason"], rows)
