"""The chain explorer: tick snapshots of a chain, and see what deleting them together frees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pandas as pd

from .. import charts
from ..billing.schema import STORAGE
from ..catalog.price_files import units
from ..catalog.prices import Prices
from ..catalog.tables import sites
from ..cloud.cloud import Cloud
from ..errors import EcsImagesError, PriceNotFound
from ..units import show_time
from . import pages
from .panel import Panel, choose_many

PARTS = ("summary", "picture", "snapshots")
_REMEMBERED = 64


class ChainChoice:
    """A snapshot chain as it is now, and what deleting some of its snapshots would free.

    `of` is a chain, disk, instance (its system disk) or snapshot. Nothing is deleted: it is asked
    what the chain would store without them, whether or not the service would refuse, as it does
    for a snapshot that an image needs (SDEL-2).
    """

    def __init__(self, cloud: Cloud, of: str, prices: Prices | None = None) -> None:
        self.cloud = cloud.fork()
        self.view = self.cloud.chain(of)
        self._prices = prices or Prices.published()
        self._map = self.cloud.block_map(self.view.id)
        self._picture = lru_cache(maxsize=_REMEMBERED)(self._drawn)

    def __repr__(self) -> str:
        return f"<ChainChoice {self.view.id}: {pages.counted(len(self.view.snapshots), 'snapshot')}>"

    def table(self, ticked: Sequence[str]) -> pd.DataFrame:
        """Every live snapshot of the chain, oldest first.

        Columns: `resource_id`, `x_started_at`, `x_alone_gib` (freed by deleting it alone) and
        `x_after_gib` (freed by deleting it too, after all that is ticked; 0 for what is ticked) [GiB],
        `x_images` (the images that need it, separated by spaces) and `x_ticked`. Raises
        UnknownName for what is no live snapshot of the chain.
        """
        freed = self.view.freed_gib(ticked)
        rows = [
            (
                name,
                self.cloud.snapshot(name).started_at,
                self.view.exclusive_gib(name),
                self.view.freed_gib(list({*ticked, name})) - freed,
                " ".join(self._images(name)),
                name in ticked,
            )
            for name in self.view.snapshots
        ]
        columns = ["resource_id", "x_started_at", "x_alone_gib", "x_after_gib", "x_images", "x_ticked"]
        return pd.DataFrame(rows, columns=columns)

    def money_per_month(self, gib: float) -> tuple[float, str]:
        """An estimate of what storing so many GiB costs in a pricing month: amount and currency.

        GiB × the price of the first tier that is not free, in the chain's region at the cloud's
        present. The bill itself may differ: free quotas, tiers and plans look at all that the
        account stores. Raises PriceNotFound.
        """
        snapshot = self.cloud.snapshot(self.view.snapshots[0])
        currency = sites()[self.cloud.state.accounts[snapshot.account].site].currency
        tiers = self._prices.book(currency).at(STORAGE, snapshot.region, self.cloud.now)
        paid = next((row for row in tiers if row.price), tiers[0])
        hours = units()[paid.unit].hours
        return gib * (paid.price or 0.0) * units()["per_gib_month"].hours / hours, currency

    def summary(self, ticked: Sequence[str]) -> list[str]:
        """What is stored, what the ticked snapshots free, and what that saves, in sentences."""
        view = self.view
        if not view.snapshots:
            return [f"{view.id} has no live snapshot, and stores nothing. Take one with create_snapshot."]
        live = pages.counted(len(view.snapshots), "live snapshot")
        said = [f"{view.id} has {live} and stores {view.total_gib:g} GiB."]
        if not ticked:
            return [*said, "Choose the snapshots that you think of deleting; Ctrl or ⌘ with a click adds one."]
        freed = view.freed_gib(ticked)
        alone = sum(view.exclusive_gib(name) for name in ticked)
        which = pages.listed(list(ticked))
        said.append(f"Deleting {which} together frees {freed:g} GiB; {view.total_gib - freed:g} GiB stay.")
        if freed > alone:
            said.append(f"One at a time they hold only {alone:g} GiB alone; the rest is held by several of them.")
        try:
            amount, currency = self.money_per_month(freed)
            said.append(
                f"Estimate: {pages.amount(amount, currency)} less a month, which is the GiB freed at the price per GiB "
                "of the region; free quotas and tiers of all that is stored make the bill differ."
            )
        except PriceNotFound as error:
            said.append(f"What that saves is not known: {error}.")
        kept = [name for name in ticked if self._images(name)]
        if kept:
            said.append(
                f"The service refuses to delete {pages.listed(kept)} as long as an image needs it (SDEL-2); "
                "delete the image first."
            )
        return said

    def picture(self, ticked: Sequence[str]) -> str:
        """The blocks of the chain, hatched what is freed, as HTML; a sentence where nothing is stored."""
        return self._picture(tuple(name for name in self.view.snapshots if name in ticked))

    def render(self, ticked: Sequence[str]) -> dict[str, str]:
        """All that is shown, as HTML by part."""
        try:
            return {
                "summary": pages.sentences(self.summary(ticked)),
                "picture": self.picture(ticked),
                "snapshots": self._snapshots_page(ticked),
            }
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}

    def _drawn(self, ticked: tuple[str, ...]) -> str:
        if not self.view.total_gib:
            return pages.sentence("There are no stored blocks to draw.")
        text = f"Blocks of {self.view.id} by snapshot; {self.view.freed_gib(ticked):g} GiB are freed."
        return pages.picture(
            lambda ax: charts.chain_block_map(self._map, delete=ticked, ax=ax),
            text,
            height=min(1.7 + 0.34 * len(self.view.snapshots), 12),
        )

    def _snapshots_page(self, ticked: Sequence[str]) -> str:
        rows = [
            [
                f"{'✓ ' if row['x_ticked'] else ''}{row['resource_id']}",
                show_time(row["x_started_at"]),
                f"{row['x_alone_gib']:g}",
                "" if row["x_ticked"] else f"{row['x_after_gib']:g}",
                row["x_images"],
            ]
            for row in self.table(ticked).to_dict("records")
        ]
        heads = ["snapshot", "taken", "frees alone [GiB]", "frees after the ticked [GiB]", "needed by image"]
        return pages.table("Live snapshots; ✓ is ticked", heads, rows)

    def _images(self, snapshot: str) -> list[str]:
        images = self.cloud.state.images.values()
        return [image.id for image in images if snapshot in image.snapshots and not image.deleted_at]


def chain_explorer(cloud: Cloud, of: str, *, prices: Prices | None = None) -> Panel:
    """An explorer of one snapshot chain: tick snapshots, see the GiB and money that deleting them frees.

    `of` is a chain, disk, instance (its system disk) or snapshot; the control is `snapshots`. The
    cloud is looked at as it is now and is not changed. Raises UnknownName for what has no chain.
    """
    model = ChainChoice(cloud, of, prices)

    def shown(values: Mapping[str, Any]) -> Mapping[str, str]:
        return model.render(values["snapshots"])

    ticks = choose_many("Delete snapshots", model.view.snapshots)
    return Panel(f"chain explorer of {model.view.id}", {"snapshots": ticks}, PARTS, shown)
