"""The chain explorer: tick snapshots of a chain to see what deleting them together frees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import ipywidgets as ipw
import pandas as pd

from ..catalog.meters import STORAGE, units
from ..catalog.prices import Prices
from ..catalog.sites import sites
from ..charts.chain import Blocks, chain_picture
from ..cloud.cloud import Cloud
from ..errors import EcsImagesError, PriceNotFound
from ..units import show_time
from . import pages
from .panel import Panel, tick_boxes

PARTS = ("summary", "picture", "snapshots")
_MOST_DRAWN = 64
"""Most snapshots that a picture shows; more would be unreadable."""


class ChainChoice:
    """A snapshot chain as it is now, and what deleting some of its snapshots would free.

    cloud: the cloud; it is not changed
    of: id of a chain, a disk, an instance (its system disk) or a snapshot
    prices: the price book; the published one unless given

    Nothing is deleted: it computes what the chain would store without them, even where the service would
    refuse to delete, as for a snapshot that an image needs (SDEL-2). Raises UnknownName for an id without a chain.
    """

    def __init__(self, cloud: Cloud, of: str, prices: Prices | None = None) -> None:
        self.cloud = cloud.fork()
        self.view = self.cloud.chain(of)
        self._prices = prices or Prices.published()
        images = _images_by_snapshot(self.cloud)
        self._live = pd.DataFrame(
            {
                "resource_id": list(self.view.snapshots),
                "x_started_at": [self.cloud.snapshot(name).started_at for name in self.view.snapshots],
                "x_images": [" ".join(images[name]) for name in self.view.snapshots],
                "x_alone_gib": list(self.view.alone_gib().values()),
            }
        )

    def __repr__(self) -> str:
        return f"<ChainChoice {self.view.id}: {pages.counted(len(self.view.snapshots), 'snapshot')}>"

    def labels(self) -> dict[str, str]:
        """For each live snapshot, oldest first: its id, its day, what it frees alone, and what needs it."""
        labels = {}
        for row in self._live.to_dict("records"):
            name, day, images = row["resource_id"], show_time(row["x_started_at"])[:10], row["x_images"].split()
            needed = [f"behind {pages.listed(images, 1)}"] if images else []
            labels[name] = " · ".join([name, day, f"{row['x_alone_gib']:g} GiB alone", *needed])
        return labels

    def table(self, ticked: Sequence[str]) -> pd.DataFrame:
        """Every live snapshot of the chain, oldest first.

        ticked: ids of the snapshots that are to be deleted

        Returns a frame with the columns `resource_id`, `x_started_at`, `x_images` (the images that need it, separated
        by spaces), `x_alone_gib` (freed by deleting it alone [GiB]), `x_after_gib` (freed by deleting it after the
        ticked ones; 0 for these [GiB]) and `x_ticked`.
        """
        after = list(self.view.alone_gib(after=ticked).values())
        return self._live.assign(x_after_gib=after, x_ticked=self._live["resource_id"].isin(list(ticked)))

    def money_per_month(self, gib: float) -> tuple[float, str]:
        """An estimate of what storing a size costs in a pricing month: amount and currency.

        gib: the size [GiB]

        The size is multiplied by the price of the first tier that is not free, in the chain's region and at the
        cloud's present time. The bill may differ, because free quotas, tiers and plans depend on all that the
        account stores. Raises PriceNotFound where the region has no price.
        """
        snapshot = self.cloud.snapshot(self.view.snapshots[0])
        currency = sites()[self.cloud.state.accounts[snapshot.account].site].currency
        tiers = self._prices.book(currency).at(STORAGE, snapshot.region, self.cloud.now)
        paid = next((row for row in tiers if row.price), tiers[0])
        hours = units()[paid.unit].hours
        return gib * (paid.price or 0.0) * units()["per_gib_month"].hours / hours, currency

    def summary(self, ticked: Sequence[str]) -> list[str]:
        """What is stored, what the ticked snapshots free, and what that saves, as sentences.

        Raises UnknownName for an id that is not a live snapshot of the chain.
        """
        view = self.view
        if not view.snapshots:
            return [f"{view.id} has no live snapshot, and stores nothing. Take one with create_snapshot."]
        live = pages.counted(len(view.snapshots), "live snapshot")
        lines = [f"{view.id} has {live} and stores {view.total_gib:g} GiB."]
        if not ticked:
            return [*lines, "Tick the snapshots that you may delete."]
        freed = view.freed_gib(ticked)
        chosen = self._live[self._live["resource_id"].isin(list(ticked))]
        alone = chosen["x_alone_gib"].sum()
        which = pages.listed(list(ticked))
        lines.append(f"Deleting {which} together frees {freed:g} GiB; {view.total_gib - freed:g} GiB stay.")
        if freed > alone:
            lines.append(f"Each for itself they hold only {alone:g} GiB; the rest is shared among them.")
        try:
            amount, currency = self.money_per_month(freed)
            lines.append(
                f"Estimate: {pages.amount(amount, currency)} less a month, which is the freed GiB times the region's "
                "price; the bill may differ because of free quotas and tiers."
            )
        except PriceNotFound as error:
            lines.append(f"The saving is not known: {error}.")
        needed = chosen.loc[chosen["x_images"] != "", "resource_id"].tolist()
        if needed:
            refused = f"The service refuses to delete {pages.listed(needed)} as long as an image needs it (SDEL-2)"
            lines.append(f"{refused}; delete the image first.")
        return lines

    def picture(self, ticked: Sequence[str]) -> str:
        """The blocks of the chain as HTML, with what is freed hatched; a sentence where nothing can be drawn."""
        if not self.view.total_gib:
            return pages.sentence("There are no stored blocks to draw.")
        if len(self.view.snapshots) > _MOST_DRAWN:
            return pages.sentence(f"A picture shows up to {_MOST_DRAWN} snapshots; the table below has them all.")
        text = f"Blocks of {self.view.id} by snapshot; {self.view.freed_gib(ticked):g} GiB are freed."
        return chain_picture(self._blocks, ticked, text)

    def render(self, ticked: Sequence[str]) -> dict[str, str]:
        """Everything that is shown, as HTML by part."""
        try:
            return {
                "summary": pages.sentences(self.summary(ticked)),
                "picture": self.picture(ticked),
                "snapshots": self._snapshots_page(ticked),
            }
        except EcsImagesError as error:
            return {"summary": pages.sentence(f"{error}.")}

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(self.cloud.block_map(self.view.id))

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


def _images_by_snapshot(cloud: Cloud) -> dict[str, list[str]]:
    """The ids of the images that need each snapshot; an empty list for a snapshot that none needs."""
    images: dict[str, list[str]] = defaultdict(list)
    for image in cloud.state.images.values():
        if not image.deleted_at:
            for snapshot in image.snapshots:
                images[snapshot].append(image.id)
    return images


def chain_explorer(cloud: Cloud, of: str, *, prices: Prices | None = None) -> Panel:
    """An explorer of one snapshot chain: tick snapshots to see the GiB and money that deleting them saves.

    The controls are a tick box for each live snapshot, by its id.

    cloud: the cloud as it is now; it is not changed
    of: id of a chain, a disk, an instance (its system disk) or a snapshot
    prices: the price book; the published one unless given

    Returns a panel with the parts in `PARTS`. Raises UnknownName for an id without a chain.
    """
    model = ChainChoice(cloud, of, prices)

    def shown(values: Mapping[str, Any]) -> Mapping[str, str]:
        return model.render([name for name, ticked in values.items() if ticked])

    ticks = tick_boxes(model.labels())
    panel = Panel(f"chain explorer of {model.view.id}", ticks, PARTS, shown)
    if ticks:
        head = ipw.HTML("<b>Delete snapshots</b> (the day it was taken, what it frees alone, the image that needs it)")
        frame = {"max_height": "16em", "border": "1px solid #ccc"}
        boxes = ipw.VBox(list(ticks.values()), layout=frame)
        panel.controls_box.children = (head, boxes)
    return panel
