"""What each image, snapshot or chain costs: its allocated share beside what deleting it would free.

No bill and no list names the cost of an image. Its *allocated* share is a fair division that sums to the bill: a
region's amount by the bytes of its chains, a chain's by the full sizes of its snapshots (alike where one is not
told), a snapshot's alike over the images that it backs. What is *freed* is another question and has another answer,
which is known as a range only (`bounds`); it does not sum to anything.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..catalog.schemas import TABLES
from ..errors import look_up
from .chains import own_images, records
from .costs import AccountBill
from .tables import HasTables

if TYPE_CHECKING:
    import pandas as pd

NO_IMAGE = "(no image)"
NOT_LISTED = "(snapshots not listed)"

ALLOCATED = TABLES["allocated"]
COSTS = TABLES["costs of an account"]
BY = {"image": "image_id", "snapshot": "snapshot_id", "chain": "chain_id", "region": "region_id"}
BY |= {"account": "billing_account_id", "family": "family"}


class Backing:
    """Which snapshots are behind which images, as far as both are listed now.

    inventory: the account
    """

    def __init__(self, inventory: HasTables) -> None:
        self.images: dict[str, list[str]] = defaultdict(list)
        """For each snapshot the images that it backs."""
        self.snapshots: dict[str, list[str]] = defaultdict(list)
        """For each image the snapshots behind it."""
        listed_now = {row.image_id for row in records(inventory, "images")}
        row: Any
        for row in inventory.tables["image_disks"].drop_duplicates(["snapshot_id", "image_id"]).itertuples(index=False):
            if row.snapshot_id and row.image_id in listed_now:
                self.images[row.snapshot_id].append(row.image_id)
                self.snapshots[row.image_id].append(row.snapshot_id)

    def only_behind(self, *images: str) -> frozenset[str]:
        """The snapshots that back some of these images and no others."""
        chosen = frozenset(images)
        some = {snapshot for image in chosen for snapshot in self.snapshots.get(image, ())}
        return frozenset(snapshot for snapshot in some if chosen.issuperset(self.images[snapshot]))


def allocated(bill: AccountBill) -> pd.DataFrame:
    """The storage of a bill, divided over snapshots and images: an `ALLOCATED` table that sums to it."""
    backing = Backing(bill.inventory)
    rows: list[tuple[object, ...]] = []
    for chain in bill.chains:
        place = chain.account_id, chain.region_id
        if chain.known.total is None or chain.category != "standard" or not bill.stored_bytes.get(place):
            continue
        of_chain = bill.storage_cost.get(place, 0.0) * chain.known.total / bill.stored_bytes[place]
        for snapshot, share in _by_size(chain.known.full).items():
            images = backing.images.get(snapshot) or [NO_IMAGE]
            each = of_chain * share / len(images)
            rows += [(*place, chain.chain_id, snapshot, image, bill.currency, each) for image in images]
    return ALLOCATED.frame(rows)


def _by_size(full: Mapping[str, int | None]) -> dict[str, float]:
    """The share of each snapshot of a chain."""
    if not full:
        return {NOT_LISTED: 1.0}
    sizes = np.array([size or 0 for size in full.values()], dtype=float)
    told = None not in full.values() and sizes.sum() > 0
    shares = sizes / sizes.sum() if told else np.full(len(full), 1 / len(full))
    return dict(zip(full, map(float, shares), strict=True))


def costs(bill: AccountBill, by: str = "image") -> pd.DataFrame:
    """What images, or other parts of an account, cost in 30 days: allocated, and freed as a range.

    bill: the bill of the account
    by: image, snapshot, chain, family (where there are several accounts, of each account), region, account, or a tag
        of images such as tag:team

    Deleting an image means it and the snapshots that back no other; its own deletion alone frees nothing (DEL-5).
    Returns a `COSTS` table, the largest share first. Raises UnknownName for another `by`.
    """
    tag = by[4:] if isinstance(by, str) and by.startswith("tag:") else None
    if tag is None:
        look_up("costs by", by, BY, f"one of {', '.join(BY)} or a tag such as tag:team")
    images = {row.image_id: row for row in records(bill.inventory, "images")}
    table, backing = allocated(bill), Backing(bill.inventory)
    with_cost = set(table["image_id"])
    if by == "family" or tag is not None:
        named = {image: row.family if tag is None else _tags(row).get(tag, "") for image, row in images.items()}
        # A tag may mean the same in several accounts; a family belongs to one.
        apart = tag is None and table["billing_account_id"].nunique() > 1

        def group(image: str, account: str) -> str:
            if name := named.get(image):
                return f"{name} of account {account}" if apart else name
            return image if image == NO_IMAGE else f"(no {by})"

        table["family"] = list(map(group, table["image_id"], table["billing_account_id"]))
    column = BY.get(by, "family")
    called = {name: row.name for name, row in images.items()}
    called |= {row.snapshot_id: row.name for row in records(bill.inventory, "snapshots")}
    known = {chain.chain_id: chain.known.known_by for chain in bill.chains}
    of_images = by in ("image", "family") or tag is not None
    parts: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    amounts: dict[str, float] = defaultdict(float)
    columns = [table[of].tolist() for of in ("region_id", "chain_id", "snapshot_id", "image_id")]
    for name, amount, *part in zip(table[column].tolist(), table["list_cost"].tolist(), *columns, strict=True):
        parts[name].append(tuple(part))
        amounts[name] += amount
    rows: list[tuple[object, ...]] = []
    for name, part in parts.items():
        in_regions, in_chains, snapshots, its_images = map(frozenset, zip(*part, strict=True))
        if of_images and name != NO_IMAGE:
            snapshots = backing.only_behind(*its_images)
        if of_images or by == "snapshot":
            freed = bill.saved(snapshots)
            why = "; ".join(sorted({known[chain] for chain in in_chains}))
        else:
            freed = bill.saved_chains(in_chains)
            why = "exact: whole chains"
        where = ",".join(sorted(in_regions))
        rows.append((name, called.get(name, ""), where, bill.currency, amounts[name], freed.low, freed.high, why))
    if by == "image":
        nan = float("nan")
        for row in own_images(bill.inventory):
            if row.image_id not in with_cost:
                told = bill.chain_of.keys() & backing.snapshots.get(row.image_id, ())
                why = f"its snapshots are in no {'standard chain with a total' if told else 'list'}"
                rows.append((row.image_id, row.name, row.region_id, bill.currency, nan, 0.0, nan, why))
    return COSTS.frame(rows).sort_values(["list_cost", "x_name"], ascending=[False, True], ignore_index=True)


def _tags(row: Any) -> dict[str, str]:
    return dict(json.loads(row.tags)) if row.tags else {}
