"""Share or copy: what the workbench shows, as plain functions of what its controls say.

One target is an account that must launch the image in a region. Each has a route, chosen by the
person or the cheapest that the service allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from math import isnan
from typing import Any, NamedTuple

import pandas as pd

from ..catalog.prices import Prices
from ..catalog.sites import sites
from ..cloud.cloud import Cloud
from ..decisions.costs import added
from ..decisions.question import Question, ask, check_targets
from ..decisions.routes import answer
from ..decisions.scripts import ROUTES, Target, deliveries
from ..decisions.updates import Updates
from ..errors import EcsImagesError, InputError
from ..units import bytes_to_gib
from . import pages
from .route_picture import routes_picture

CHEAPEST = "cheapest allowed"
ROUTE_NAMES = (CHEAPEST, *ROUTES)
PARTS = ("summary", "totals", "picture", "targets", "refusals")
_COPY_PRICES = 16
"""Prices of image copies whose book is kept."""


@dataclass(frozen=True)
class Settings:
    """What the controls say: the image, who must launch it where, how it lives on, the routes.

    `route` is for every target that `chosen` does not name by (account, region). `copy_price` is
    what a copied image pays for its way [per GiB], which no source tells (COPY-10).
    """

    image: str
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    updates: Updates = field(default_factory=Updates)
    route: str = CHEAPEST
    chosen: Mapping[tuple[str, str], str] = field(default_factory=dict)
    copy_price: float = 0


class ShareOrCopy:
    """Routes of the images of a cloud as it is now; what happens in the cloud later changes nothing here."""

    def __init__(self, cloud: Cloud, prices: Prices | None = None) -> None:
        self.cloud = cloud.fork()
        self._prices = lru_cache(maxsize=_COPY_PRICES)(
            lambda copy_price: _with_copy_price(prices or Prices.published(), copy_price)
        )
        # Asking once for each image keeps what was tried; a slider only changes the updates. Nothing
        # changed suits every image, however small.
        self._first = lru_cache(maxsize=None)(lambda image: ask(self.cloud, image, Updates(change_gib=0), prices))

    def __repr__(self) -> str:
        return f"<ShareOrCopy: {pages.counted(len(self.images()), 'image')}>"

    def images(self) -> dict[str, str]:
        """The images that accounts of the cloud own, by what a person calls them."""
        there = (image for image in self.cloud.state.images.values() if not image.deleted_at)
        return {pages.called(i.name, i.id): i.id for i in there if i.account in self.cloud.state.accounts}

    def written_gib(self, image: str) -> float:
        """What the image's system disk holds, of which an update can write over as much [GiB].

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
        return self._answer(settings).table

    def totals(self, settings: Settings) -> pd.DataFrame:
        """What each payer pays for the chosen routes together over the horizon, as `ecs.plan` says.

        Columns: `x_payer`, `billing_currency`, `list_cost` (NaN where nothing chosen has a price) and
        `x_unpriced`, the number of prices that are missing and left out. A chosen route that is
        refused is left out too. Raises as `table` does.
        """
        paid = self._answer(settings).paid
        return pd.DataFrame(paid, columns=["x_payer", "billing_currency", "list_cost", "x_unpriced"])

    def summary(self, settings: Settings) -> list[str]:
        """What the picture and the tables come to, in sentences; raises as `table` does."""
        return self._said(settings, self._answer(settings))

    def render(self, settings: Settings) -> dict[str, str]:
        """All that is shown, as HTML by part; what cannot be answered is a sentence that says what to change."""
        try:
            found = self._answer(settings)
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}
        return {
            "summary": pages.sentences(self._said(settings, found)),
            "totals": _totals_page(found.paid),
            "picture": _picture(found.table),
            "targets": _targets_page(found.rows),
            "refusals": _refusals_page(found.rows),
        }

    def _answer(self, settings: Settings) -> _Answer:
        if not settings.image:
            raise InputError("this cloud has no image of an account's own; make one with create_image")
        if not settings.accounts or not settings.regions:
            raise InputError("choose at least one account and one region; nothing is compared until then")
        if self.cloud.image(settings.image).system_snapshot not in self.cloud.state.snapshots:
            raise InputError(
                f"{settings.image} is a copy that waits for its turn; wait for it, or choose another image"
            )
        check_targets(self.cloud, settings.accounts, settings.regions)
        asked = self._first(settings.image).changed(settings.updates, self._prices(settings.copy_price))
        return _Answer(asked, settings)

    def _said(self, settings: Settings, found: _Answer) -> list[str]:
        image, updates = self.cloud.image(settings.image), settings.updates
        said = [
            f"{pages.called(image.name, image.id)} of {image.account} lies in {image.region}. It is to reach "
            f"{pages.counted(len(settings.accounts), 'account')} in {pages.counted(len(settings.regions), 'region')}, "
            f"renewed every {pages.counted(round(updates.every_days), 'day')} for {updates.horizon_days:g} days, "
            f"{pages.counted(updates.versions_kept, 'version')} kept."
        ]
        said += [_in_words(paid) for paid in found.paid]
        chosen = [row for row in found.rows if row["x_chosen"]]
        refused = sum(not row["x_allowed"] for row in chosen)
        unreached = len(settings.accounts) * len(settings.regions) - len(chosen)
        if refused:
            said.append(f"For {pages.counted(refused, 'target')} the chosen route is refused; see below why.")
        if unreached:
            said.append(f"For {pages.counted(unreached, 'target')} every route is refused; see below why.")
        return said


class Paid(NamedTuple):
    """What one payer pays for all that is chosen: NaN where nothing of it has a price."""

    payer: str
    currency: str
    cost: float
    unpriced: int


@dataclass(frozen=True)
class _Answer:
    """What some settings come to; `rows` are the records of `table`."""

    asked: Question
    settings: Settings

    @cached_property
    def table(self) -> pd.DataFrame:
        table = answer(self.asked, self.settings.accounts, self.settings.regions)
        return table.assign(x_chosen=self._chosen(table))

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        # As `to_dict("records")`, which takes ten times as long.
        columns = [self.table[name].tolist() for name in self.table]
        return [dict(zip(self.table.columns, values, strict=True)) for values in zip(*columns, strict=True)]

    @cached_property
    def paid(self) -> list[Paid]:
        taken = {
            Target(row["billing_account_id"], row["region_id"]): row["route"]
            for row in self.rows
            if row["x_chosen"] and row["x_allowed"]
        }
        sums = {self.asked.payer(route, target.account): [0.0, 0] for target, route in taken.items()}
        for amount in added(self.asked, deliveries(taken)):
            if amount.gap:
                sums[amount.key.account, amount.key.currency][1] += 1
            else:
                sums[amount.key.account, amount.key.currency][0] += amount.cost
        return [
            Paid(payer, currency, float("nan") if gaps and not cost else cost, int(gaps))
            for (payer, currency), (cost, gaps) in sums.items()
        ]

    def _chosen(self, table: pd.DataFrame) -> list[bool]:
        """Of every target the route taken: the one wanted, or the cheapest allowed."""
        owner = self.asked.cloud.state.accounts[self.asked.owner]
        home_currency = sites()[owner.site].currency
        columns = ["billing_account_id", "region_id", "route", "x_allowed", "billing_currency", "list_cost"]
        best: dict[tuple[str, str], tuple[Any, int]] = {}
        taken = set()
        for place, (account, region, route, allowed, currency, cost) in enumerate(
            zip(*(table[name].tolist() for name in columns), strict=True)
        ):
            wanted = self.settings.chosen.get((account, region), self.settings.route)
            if wanted == route:
                taken.add(place)
            elif wanted == CHEAPEST and allowed:
                order = (cost != cost, currency != home_currency, cost if cost == cost else 0.0)
                best.setdefault((account, region), (order, place))
                best[account, region] = min(best[account, region], (order, place))
        taken.update(place for _, place in best.values())
        return [place in taken for place in range(len(table))]


def _with_copy_price(prices: Prices, copy_price: float) -> Prices:
    """The books, with one price for the way of a copied image where it is not 0 (COPY-10, UNK-2)."""
    return prices.changed("image_copy_traffic", price=copy_price) if copy_price else prices


def _picture(table: pd.DataFrame) -> str:
    """The routes compared, one picture for each currency; a sentence where nothing has a price."""
    allowed, priced = table["x_allowed"].astype(bool), table["list_cost"].notna()
    if not priced.any():
        missing = list(dict.fromkeys(table.loc[allowed, "x_note"]))
        why = f"no allowed route has a price: {pages.listed(missing)}" if missing else "every route is refused"
        return pages.sentence(f"There is nothing to draw, because {why}. See the tables.")
    targets = pages.counted(len(set(zip(table["billing_account_id"], table["region_id"], strict=True))), "target")
    currencies = list(dict.fromkeys(table.loc[priced, "billing_currency"].astype(str)))
    found = []
    for currency in currencies:
        text = f"What each route costs for {targets} in {currency}; the table says the same."
        # What has no price belongs to no currency; it is drawn once, with the first.
        shown = (table["billing_currency"] == currency) | (~priced if currency == currencies[0] else False)
        found.append(routes_picture(table[shown], currency, text))
    if len(currencies) > 1:
        found.append(pages.sentence("There is a picture for each currency; a blank cell is paid in the other one."))
    return "".join(found)


def _in_words(paid: Paid) -> str:
    if isnan(paid.cost):
        return f"What {paid.payer} pays is not known, because a price is missing."
    more = f", and what has no price ({pages.counted(paid.unpriced, 'meter')})" if paid.unpriced else ""
    return f"{paid.payer} pays {pages.amount(paid.cost, paid.currency)}{more}."


def _totals_page(paid: Sequence[Paid]) -> str:
    rows = [
        [
            one.payer,
            "no price known" if isnan(one.cost) else pages.amount(one.cost, one.currency),
            pages.counted(one.unpriced, "meter") if one.unpriced else "",
        ]
        for one in paid
    ]
    caption = "Who pays for all chosen routes, shared copies counted once"
    return pages.table(caption, ["payer", "list cost over the horizon", "without a price"], rows)


def _targets_page(table: list[dict[Any, Any]]) -> str:
    """A row for each target; accounts of a region for which all is alike share one."""
    by_target: dict[tuple[str, str], dict[str, str]] = {}
    for row in table:
        by_target.setdefault((row["region_id"], row["billing_account_id"]), {})[row["route"]] = _cell(row)
    alike: dict[tuple[str, ...], list[str]] = {}
    for (region, account), cells in by_target.items():
        alike.setdefault((region, *(cells[route] for route in ROUTES)), []).append(account)
    rows = [[region, pages.listed(accounts), *cells] for (region, *cells), accounts in alike.items()]
    return pages.table("Each route to each target, alone; ✓ is the chosen one", ["region", "account", *ROUTES], rows)


def _cell(row: Mapping[Any, Any]) -> str:
    mark = "✓ " if row["x_chosen"] else ""
    if not row["x_allowed"]:
        return f"{mark}refused {row['x_rule']}".rstrip()
    if pd.isna(row["list_cost"]):
        return f"{mark}{row['x_note']}"
    return f"{mark}{pages.amount(row['list_cost'], row['billing_currency'])}"


def _refusals_page(table: list[dict[Any, Any]]) -> str:
    """Refusals that differ only in their accounts stand together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in table:
        if not row["x_allowed"]:
            what = tuple(str(row[name]) for name in ("route", "region_id", "x_code", "x_rule", "x_note"))
            alike.setdefault(what, []).append(row["billing_account_id"])
    rows = [
        [route, region, pages.listed(who), code, rule, why] for (route, region, code, rule, why), who in alike.items()
    ]
    return pages.table("What is refused, and why", ["route", "region", "account", "code", "rule", "reason"], rows)
