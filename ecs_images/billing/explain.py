"""Explain a resource's cost: what happened to it, and every amount down to the price's source."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from ..cards import card, line
from ..catalog.images import marketplace_image
from ..catalog.limits import constant
from ..catalog.meters import STORAGE
from ..errors import InputError, MixedCurrencies, UnknownName, shown
from ..ledger import events as ev
from ..ledger.chain_view import ChainView
from ..ledger.ledger import Ledger
from ..ledger.resources import Disk, Image, ImageFiles, Instance, Purchase, Snapshot
from ..ledger.state import State
from ..units import show_time
from .amounts import fee_amounts, storage_amounts
from .rating import Curve
from .schema import WHO_WHERE_WHAT
from .unpriced import in_words, price_not_found

_SHOWN = {
    "charge_period_start": "from",
    "charge_period_end": "to",
    "sku_meter": "meter",
    "resource_id": "of",
    "x_amount": "amount",
    "x_unit": "unit",
    "x_hours": "hours",
    "list_unit_price": "list price",
    "pricing_unit": "per",
    "list_cost": "list cost",
    "billing_currency": "currency",
    "x_stated_by": "price stated by",
}
"""The columns of the amounts that a notebook shows, and what they are called there."""


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why something costs what it costs.

    `amounts` is an `AMOUNTS` table, `events` has columns `at` and `what`. `left_behind` is what the
    snapshots of a deleted image have cost since, while they back no other. `unpriced` is an `UNPRICED`
    table of the accounts' whole use, of which some is this resource's: it is in no amount here.
    """

    resource_id: str
    about: str
    amounts: pd.DataFrame
    events: pd.DataFrame
    left_behind: float
    unpriced: pd.DataFrame

    @property
    def totals(self) -> dict[str, float]:
        """The cost of what has a price, by currency."""
        sums = self.amounts.groupby("billing_currency")["list_cost"].sum()
        return {str(currency): float(cost) for currency, cost in sums.items()}

    @property
    def total(self) -> float:
        """The cost in all; raises PriceNotFound where some of it has no price, MixedCurrencies over two."""
        if len(self.unpriced):
            raise price_not_found(self.unpriced)
        if len(self.totals) > 1:
            raise MixedCurrencies(list(self.totals))
        return sum(self.totals.values())

    def __str__(self) -> str:
        lines = [f"{self.resource_id}: {self.about}"]
        lines += [f"total {cost:.6f} {currency}" for currency, cost in self.totals.items()]
        if self.left_behind:
            currency = " ".join(self.totals)
            lines.append(f"and {self.left_behind:.6f} {currency} since, for the snapshots it left behind (DEL-5)")
        lines.append("")
        happened = zip(self.events["at"], self.events["what"], strict=True)
        lines += [f"  {show_time(at)}  {what}" for at, what in happened]
        lacking = [f"  no price, so not counted: {sentence}" for sentence in in_words(self.unpriced)]
        if not len(self.amounts):
            nothing = "  nothing was charged; compute and disks are metered only when asked for"
            return "\n".join([*lines, "", *(lacking or [nothing])])
        lines += ["", *(f"  {_sentence(row)}" for row in self.amounts.to_dict("records")), ""]
        lines += [f"  price: {text}" for text in dict.fromkeys(self.amounts["x_price_source"])]
        if (self.amounts["sku_meter"] == STORAGE).any():
            lines.append("  GiB: a stored block that n snapshots hold, or n images use, counts the nth part for each")
        rules = dict.fromkeys(rule for text in self.amounts["x_rules"] for rule in text.split())
        return "\n".join([*lines, f"  rules: {' '.join(rules)}", *lacking])

    def __repr__(self) -> str:
        costs = [f"{cost:.6f} {currency}" for currency, cost in self.totals.items()] or ["nothing charged"]
        return line(
            f"Explanation of {self.resource_id}",
            self.about,
            *costs,
            "not all has a price" if len(self.unpriced) else "",
        )

    def _repr_html_(self) -> str:
        facts = {
            "left behind since": f"{self.left_behind:.6f} {' '.join(self.totals)}" if self.left_behind else "",
            "not counted": in_words(self.unpriced),
        }
        return card(self, facts, _SHOWN.values(), self.amounts[list(_SHOWN)].itertuples(index=False))


def _sentence(row: dict[Hashable, Any]) -> str:
    start, end = (show_time(row[name]) for name in ("charge_period_start", "charge_period_end"))
    month = f" / {constant('pricing_month_hours'):g}" if str(row["pricing_unit"]).endswith("GiB-Month") else ""
    hours = "" if row["pricing_unit"] == row["x_unit"] else f" × {row['x_hours']:g} h"
    return (
        f"{row['sku_meter']} {row['resource_id']} {start} to {end}: "
        f"{row['x_amount']:g} {row['x_unit']}{hours} × {row['list_unit_price']:g}{month} "
        f"= {row['list_cost']:.6f} {row['billing_currency']} ({row['list_unit_price']:g}: {row['x_stated_by']})"
    )


Resource = str | Image | Snapshot | Instance | Disk | ImageFiles | Purchase | ChainView


def explain(
    resource: Resource,
    usage: pd.DataFrame,
    ledger: Ledger,
    state: State,
    cost_curves: list[Curve],
    unpriced: pd.DataFrame,
) -> Explanation:
    """What an image, snapshot, chain, disk, instance, purchase or files of an image cost, and why.

    resource: its id, or its record
    usage: the usage that is billed
    ledger: what happened
    state: the state after the ledger
    cost_curves: the curves of the usage
    unpriced: what of the usage has no price

    An image is explained by its share of the snapshots behind it and by the fees of the instances that
    run from it. Raises UnknownName.
    """
    if not isinstance(resource, Resource):
        kinds = "an image, snapshot, chain, disk, instance, purchase or files"
        raise InputError(f"what can be explained is {kinds}, given by its id or record, not {shown(resource)}")
    name = resource if isinstance(resource, str) else resource.id
    names = _names_of(name)
    snapshots, about = _snapshots_of(name, state)
    image = name if name in state.images or not names.isdisjoint(usage["x_image_id"]) else None
    concerned = usage["x_image_id"].isin(names) if image else usage["resource_id"].isin([name, *snapshots])
    parts = [
        storage_amounts(usage, state, cost_curves, snapshots, image),
        fee_amounts(usage, cost_curves, concerned.to_numpy()),
    ]
    found = [part for part in parts if len(part)]
    amounts = pd.concat(found or parts[:1], ignore_index=True)
    amounts = amounts.sort_values(["charge_period_start", "resource_id"], kind="stable", ignore_index=True)
    left = _left_behind(name, usage, state, cost_curves)
    lacking = unpriced[_touched(unpriced, usage[concerned | usage["resource_id"].isin(_chains(state, snapshots))])]
    happened = _events(ledger, {*names, *snapshots})
    return Explanation(name, about, amounts, happened, left, lacking.reset_index(drop=True))


def _names_of(resource: str) -> set[str]:
    """An id, and with that of a marketplace image its product code, by which purchases and older ledgers name it."""
    product = marketplace_image(resource)
    return {product.image_id, product.product_code} if product else {resource}


def _chains(state: State, snapshots: Collection[str]) -> set[str]:
    return {state.snapshots[snapshot].chain for snapshot in snapshots}


def _touched(unpriced: pd.DataFrame, usage: pd.DataFrame) -> np.ndarray:
    """For each row without a price: whether some of this usage is in it."""
    touched = [
        bool(
            (
                (usage[WHO_WHERE_WHAT].astype(object) == list(row[: len(WHO_WHERE_WHAT)])).all(axis=1)
                & (usage["charge_period_start"] < row.charge_period_end)
                & (usage["charge_period_end"] > row.charge_period_start)
            ).any()
        )
        for row in unpriced.itertuples(index=False)
    ]
    return np.array(touched, dtype=bool)


def _left_behind(resource: str, usage: pd.DataFrame, state: State, cost_curves: list[Curve]) -> float:
    """What the snapshots of a deleted image have cost since its deletion, backing no image (DEL-5)."""
    image = state.images.get(resource)
    if image is None or image.deleted_at is None:
        return 0.0
    unbacked = storage_amounts(usage, state, cost_curves, image.snapshots, "")
    since = unbacked["charge_period_start"] >= image.deleted_at
    return float(np.sum(unbacked["list_cost"][since]))


def _snapshots_of(resource: str, state: State) -> tuple[tuple[str, ...], str]:
    """The snapshots whose storage a resource stands for, and a few words about it."""
    if resource in state.images:
        image = state.images[resource]
        gone = f", deleted {show_time(image.deleted_at)}" if image.deleted_at else ""
        words = f"image {image.name} of {image.account} in {image.region}, made from {image.source}{gone}"
        return image.snapshots, words
    if resource in state.snapshots:
        snapshot = state.snapshots[resource]
        gone = f", deleted {show_time(snapshot.deleted_at)}" if snapshot.deleted_at else ""
        return (resource,), f"snapshot {snapshot.number} of {snapshot.chain} in {snapshot.region}{gone}"
    if resource in state.instances:
        instance = state.instances[resource]
        return (), f"{instance.instance_type} of {instance.account} in {instance.region}, from {instance.image}"
    if resource in state.files:
        files = state.files[resource]
        gone = f", deleted {show_time(files.deleted_at)}" if files.deleted_at else ""
        return (), f"files of image {files.image} of {files.account} in {files.region}{gone}"
    if resource in state.purchases:
        bought = state.purchases[resource]
        gone = f", given back {show_time(bought.refunded_at)}" if bought.refunded_at else ""
        return (), f"purchase of {bought.product} by {bought.account} in {bought.region}{gone}"
    chain = state.disks[resource].chain if resource in state.disks else resource
    members = tuple(state.chain_snapshots.get(chain, ()))
    if not members and resource not in state.disks:
        launched = [instance.image for instance in state.instances.values()]
        if not _names_of(resource).isdisjoint([*launched, *(bought.product for bought in state.purchases.values())]):
            return (), "image of the provider"
        known = [*state.images, *state.snapshots, *state.instances, *state.disks, *state.chain_snapshots, *state.files]
        known += state.purchases
        raise UnknownName("image, snapshot, chain, disk, instance, purchase or files", resource, known)
    return members, f"snapshot chain {chain} of {len(members)} snapshots"


def _events(ledger: Ledger, names: Collection[str]) -> pd.DataFrame:
    """The events that concern any of these resources, in words."""
    in_words = [(event.at, _in_words(event)) for event in ledger if _concerns(event, names)]
    return pd.DataFrame(in_words, columns=["at", "what"])


def _concerns(event: ev.Event, names: Collection[str]) -> bool:
    return any(value in names for field in fields(event) if isinstance(value := getattr(event, field.name), str))


def _in_words(event: ev.Event) -> str:
    """An event in words: its kind, and its short facts."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(event).__name__).strip()
    facts = [
        f"{field.name} {value}"
        for field in fields(event)
        if field.name != "at"
        and isinstance(value := getattr(event, field.name), str | int)
        and value not in ("", False, field.default)
    ]
    return f"{words}: {', '.join(facts)}"
