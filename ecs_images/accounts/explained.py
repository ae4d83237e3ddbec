"""Why an image or a snapshot of an account costs what it does, and what is known of its use, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import InputError, UnknownName, shown
from ..units import bytes_to_gib
from ..wording import amount, listed
from .allocation import allocated
from .bounds import Freed
from .chains import AccountChain
from .costs import AccountBill
from .findings import Uses

if TYPE_CHECKING:
    import pandas as pd


def explain(bill: AccountBill, resource_id: str) -> str:
    """What an image or a snapshot costs in 30 days, what deleting it frees, and what is known of its use.

    bill: the bill of the account
    resource_id: the id of an own image or of a snapshot, or the name of one image

    Raises UnknownName for an id or a name that no list has, and InputError for the name of several images.
    """
    uses = Uses(bill)
    named = [image for image in uses.images.values() if image.name == resource_id]
    if len(named) > 1:
        places = ", ".join(f"{image.image_id} in {image.region_id}" for image in named)
        raise InputError(f"{shown(resource_id)} is the name of {places}; say which by its id")
    resource_id = named[0].image_id if named else resource_id
    image, snapshot = uses.images.get(resource_id), uses.snapshots.get(resource_id)
    if image is None and snapshot is None:
        raise UnknownName("image or snapshot of this account", resource_id, [*uses.images, *uses.snapshots])
    lines = _image(uses, image) if image is not None else _snapshot(uses, snapshot)
    return "\n".join(lines)


def freed_in_words(freed: Freed, currency: str) -> str:
    """What deleting something saves in 30 days, as a sentence's end."""
    if freed.high != freed.high:
        return f"at least {amount(freed.low, currency)}; nothing bounds it above"
    if abs(freed.high - freed.low) < 5e-5:
        return f"exactly {amount(freed.low, currency)}"
    return f"between {amount(freed.low, currency)} and {amount(freed.high, currency)}"


def _image(uses: Uses, image: Any) -> Iterator[str]:
    bill, name = uses.bill, image.image_id
    family = f", family {image.family}" if image.family else ""
    yield f"{name} ({image.name or 'no name'}{family}) in {image.region_id}"
    behind = sorted(uses.backing.snapshots.get(name, ()))
    if not behind:
        yield "  no snapshot is listed behind it, so it stores nothing that is known"
    for snapshot in behind:
        others = sorted(set(uses.backing.images[snapshot]) - {name})
        also = f", also behind {listed(others)}" if others else ""
        yield f"  {snapshot}: {_sizes(bill.chain_of.get(snapshot), snapshot)}{also}"
    shares = allocated(bill)
    yield _allocated(shares.loc[shares["image_id"] == name, "list_cost"], bill.currency)
    freed = bill.saved(uses.backing.only_behind(name))
    yield "  freed by deleting it alone: nothing, its snapshots stay (DEL-5)"
    yield f"  freed with the snapshots that back nothing else: {freed_in_words(freed, bill.currency)}"
    yield from _use(uses.verdict_of_image(image))


def _snapshot(uses: Uses, snapshot: Any) -> Iterator[str]:
    bill, name = uses.bill, snapshot.snapshot_id
    yield f"{name} ({snapshot.name or 'no name'}) of {snapshot.disk_id or 'a disk not told'} in {snapshot.region_id}"
    yield f"  {_sizes(bill.chain_of.get(name), name)}"
    shares = allocated(bill)
    yield _allocated(shares.loc[shares["snapshot_id"] == name, "list_cost"], bill.currency)
    yield f"  freed by deleting it: {freed_in_words(bill.saved([name]), bill.currency)}"
    yield from _use(uses.verdict_of_snapshot(snapshot))


def _allocated(shares: pd.Series[float], currency: str) -> str:
    if not len(shares):
        return "  allocated: not known, for what it stores is in no chain with a total"
    return f"  allocated: {amount(float(shares.sum()), currency)} in 30 days, its share of the region's bill"


def _use(verdict: tuple[str, str, str]) -> Iterator[str]:
    said, seen, settle = verdict
    yield f"  {said}: {seen}"
    if settle:
        yield f"  what would settle it: {settle}"


def _sizes(chain: AccountChain | None, snapshot: str) -> str:
    """What is known of the size of a snapshot and of its chain."""
    if chain is None:
        return "in no list of snapshots"
    full, total = chain.known.full[snapshot], chain.known.total
    size = "full size not told" if full is None else f"full size {bytes_to_gib(full):,.3f} GiB"
    whole = "of a total not told" if total is None else f"of {bytes_to_gib(total):,.3f} GiB"
    count = len(chain.known.full)
    return f"{size}, in the chain {chain.chain_id} {whole} with {count} listed; known by: {chain.known.known_by}"
