"""Share or copy: what the workbench shows, as plain functions of what its controls say.

One target is an account that must launch the image in a region. Each has a route, chosen by the
person or the cheapest that the service allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from math import isnan
from typing import Any, NamedTuple

import pandas as pd

from ..catalog.prices import Prices
from ..charts.routes import routes_picture
from ..cloud.cloud import Cloud
from ..decisions.costs import added
from ..decisions.question import Question, Situation
from ..decisions.routes import answer
from ..decisions.updates import Updates
from ..decisions.ways import WAYS, Target, way_named
from ..errors import EcsImagesError, InputError
from ..units import bytes_to_gib
from . import pages

CHEAPEST = "cheapest allowed"
ROUTE_NAMES = (CHEAPEST, *WAYS)
PARTS = ("summary", "totals", "picture", "targets", "refusals")
_COPY_PRICES = 16
"""Prices of image copies whose book is kept."""


@dataclass(frozen=True)
class Settings:
    """What the controls say.

    image: id of the image that is to reach somebody
    accounts: names of the accounts that must launch it
    regions: ids of the regions where they must
    updates: how it lives on
    route: the route of every target that `chosen` does not name, or `CHEAPEST`
    chosen: routes by (account, region)
    copy_price: what a copied image pays for its way, which no source gives (COPY-10) [per GiB]
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
        # A situation keeps what was tried with its image; a slider only changes the updates.
        self._situation = cache(lambda image: Situation(self.cloud, image))

    def __repr__(self) -> str:
        return f"<ShareOrCopy: {pages.counted(len(self.images()), 'image')}>"

    def images(self) -> dict[str, str]:
        """The ids of the images that accounts of the cloud own, by what a person calls them."""
        there = (image for image in self.cloud.state.images.values() if not image.deleted_at)
        return {pages.called(i.name, i.id): i.id for i in there if i.account in self.cloud.state.accounts}

    def written_gib(self, image: str) -> float:
        """What the image's system disk holds, of which an update can write over as much [GiB].

        0 for a copy that still waits, of which nothing is there yet.
        """
        snapshot = self.cloud.state.snapshots.get(self.cloud.image(image).system_snapshot)
        return bytes_to_gib(snapshot.content_bytes) if snapshot else 0.0

    def table(self, settings: Settings) -> pd.DataFrame:
        """Every route to every target as `ecs.routes` returns it, and in `x_chosen` whether it is the one taken.

        Of routes in two currencies, which nothing compares, the cheapest is the cheapest in the
        currency of the image's owner. One with a part that is not counted is taken only where every other has
        such a part too, one without a price only where none has one, and none opens an image to everybody.
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

    def render(self, settings: Settings) -> dict[str, str]:
        """All that is shown, as HTML by part; what cannot be answered is a sentence that says what to change."""
        try:
            found = self._answer(settings)
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}
        return {
            "summary": pages.sentences(self._summary(settings, found)),
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
        situation = self._situation(settings.image)
        question = Question(situation, settings.updates, self._prices(settings.copy_price))
        table = answer(question, situation.targets(settings.accounts, settings.regions))
        # As `to_dict("records")`, which takes ten times as long.
        columns = [table[name].tolist() for name in table]
        rows = [dict(zip(table.columns, values, strict=True)) for values in zip(*columns, strict=True)]
        _choose(rows, settings, situation.currency(situation.owner))
        return _Answer(table.assign(x_chosen=[row["x_chosen"] for row in rows]), rows, _paid(question, rows))

    def _summary(self, settings: Settings, found: _Answer) -> list[str]:
        """What the picture and the tables come to, in sentences."""
        image, updates = self.cloud.image(settings.image), settings.updates
        words = [
            f"{pages.called(image.name, image.id)} of {image.account} lies in {image.region}. It is to reach "
            f"{pages.counted(len(settings.accounts), 'account')} in {pages.counted(len(settings.regions), 'region')}, "
            f"renewed every {pages.counted(round(updates.every_days), 'day')} for {updates.horizon_days:g} days, "
            f"{pages.counted(updates.versions_kept, 'version')} kept."
        ]
        words += [_in_words(paid) for paid in found.paid]
        chosen = [row for row in found.rows if row["x_chosen"]]
        refused = sum(not row["x_allowed"] for row in chosen)
        unreached = len(found.rows) // len(WAYS) - len(chosen)
        if refused:
            words.append(f"For {pages.counted(refused, 'target')} the chosen route is refused; see below why.")
        if unreached:
            words.append(f"For {pages.counted(unreached, 'target')} every route is refused; see below why.")
        return words


class Paid(NamedTuple):
    """What one payer pays for all that is chosen: NaN where nothing of it has a price."""

    payer: str
    currency: str
    cost: float
    unpriced: int


class _Answer(NamedTuple):
    """What some settings come to; `rows` are the records of `table`, a target's routes one after the other."""

    table: pd.DataFrame
    rows: list[dict[str, Any]]
    paid: list[Paid]


def _choose(rows: list[dict[str, Any]], settings: Settings, home_currency: str) -> None:
    """Say in each row whether its route is the one taken for its target: the one wanted, or the cheapest allowed."""

    def order(row: dict[str, Any]) -> tuple[bool, bool, bool, float]:
        unpriced, not_counted = isnan(row["list_cost"]), bool(row["x_not_counted"])
        return unpriced, not_counted, row["billing_currency"] != home_currency, 0.0 if unpriced else row["list_cost"]

    for first in range(0, len(rows), len(WAYS)):
        mine = rows[first : first + len(WAYS)]
        target = mine[0]["billing_account_id"], mine[0]["region_id"]
        wanted = settings.chosen.get(target, settings.route)
        if wanted == CHEAPEST:
            safe = (row for row in mine if row["x_allowed"] and not row["x_opens"])
            taken = min(safe, key=order, default=None)
        else:
            taken = next(row for row in mine if row["route"] == way_named(wanted).name)
        for row in mine:
            row["x_chosen"] = row is taken


def _paid(question: Question, rows: list[dict[str, Any]]) -> list[Paid]:
    """What every payer pays for the routes that are chosen and allowed, all together."""
    taken = [row for row in rows if row["x_chosen"] and row["x_allowed"]]
    ways = {Target(row["billing_account_id"], row["region_id"]): WAYS[row["route"]] for row in taken}
    amounts = added(question, question.deliveries(ways))
    found = []
    for payer, currency in dict.fromkeys((row["x_payer"], row["billing_currency"]) for row in taken):
        mine = [amount for amount in amounts if amount.key.account == payer]
        cost, gaps = sum(amount.cost for amount in mine if not amount.gap), sum(bool(amount.gap) for amount in mine)
        found.append(Paid(payer, currency, float("nan") if gaps and not cost else cost, gaps))
    return found


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
            payer,
            "no price known" if isnan(cost) else pages.amount(cost, currency),
            pages.counted(unpriced, "meter") if unpriced else "",
        ]
        for payer, currency, cost, unpriced in paid
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
        alike.setdefault((region, *(cells[route] for route in WAYS)), []).append(account)
    rows = [[region, pages.listed(accounts), *cells] for (region, *cells), accounts in alike.items()]
    return pages.table("Each route to each target, alone; ✓ is the chosen one", ["region", "account", *WAYS], rows)


def _cell(row: Mapping[Any, Any]) -> str:
    mark = "✓ " if row["x_chosen"] else ""
    if not row["x_allowed"]:
        return f"{mark}refused {row['x_rule']}".rstrip()
    if pd.isna(row["list_cost"]):
        return f"{mark}{row['x_note']}"
    more = f"; {row['x_not_counted']}" if row["x_not_counted"] else ""
    return f"{mark}{pages.amount(row['list_cost'], row['billing_currency'])}{more}"


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
