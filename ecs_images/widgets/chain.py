"""The chain explorer: tick snapshots of a chain, and see what deleting them together frees."""

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
"""Snapshots in a picture; more are no picture but a list."""


class ChainChoice:
    """A snapshot chain as it is now, and what deleting some of its snapshots would free.

    `of` is a chain, disk, instance (its system disk) or snapshot. Nothing is deleted: the question is what
    the chain would store without them, whether or not the service would refuse, as it does for a snapshot
    that an image needs (SDEL-2).
    """

    def __init__(self, cloud: Cloud, of: str, prices: Prices | None = None) -> None:
        self.cloud = cloud.fork()
        self.view = self.cloud.chain(of)
        self._prices = prices or Prices.published()
        behind = _images_by_snapshot(self.cloud)
        self._live = pd.DataFrame(
            {
                "resource_id": list(self.view.snapshots),
                "x_started_at": [self.cloud.snapshot(name).started_at for name in self.view.snapshots],
                "x_images": [" ".join(behind[name]) for name in self.view.snapshots],
                "x_alone_gib": list(self.view.alone_gib().values()),
            }
        )

    def __repr__(self) -> str:
        return f"<ChainChoice {self.view.id}: {pages.counted(len(self.view.snapshots), 'snapshot')}>"

    def labels(self) -> dict[str, str]:
        """For each live snapshot, oldest first: its id, its day, what it frees alone, and who needs it."""
        found = {}
        for row in self._live.to_dict("records"):
            name, day, images = row["resource_id"], show_time(row["x_started_at"])[:10], row["x_images"].split()
            needed = [f"behind {pages.listed(images, 1)}"] if images else []
            found[name] = " · ".join([name, day, f"{row['x_alone_gib']:g} GiB alone", *needed])
        return found

    def table(self, ticked: Sequence[str]) -> pd.DataFrame:
        """Every live snapshot of the chain, oldest first.

        Columns: `resource_id`, `x_started_at`, `x_images` (the images that need it, separated by
        spaces), `x_alone_gib` (freed by deleting it alone) and `x_after_gib` (freed by deleting it
        too, after all that is ticked; 0 for what is ticked) [GiB], and `x_ticked`.
        """
        after = list(self.view.alone_gib(after=ticked).values())
        return self._live.assign(x_after_gib=after, x_ticked=self._live["resource_id"].isin(list(ticked)))

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
        """What is stored, what the ticked snapshots free, and what that saves, in sentences.

        Raises UnknownName for what is no live snapshot of the chain.
        """
        view = self.view
        if not view.snapshots:
            return [f"{view.id} has no live snapshot, and stores nothing. Take one with create_snapshot."]
        live = pages.counted(len(view.snapshots), "live snapshot")
        lines = [f"{view.id} has {live} and stores {view.total_gib:g} GiB."]
        if not ticked:
            return [*lines, "Tick the snapshots that you think of deleting."]
        freed = view.freed_gib(ticked)
        chosen = self._live[self._live["resource_id"].isin(list(ticked))]
        alone = chosen["x_alone_gib"].sum()
        which = pages.listed(list(ticked))
        lines.append(f"Deleting {which} together frees {freed:g} GiB; {view.total_gib - freed:g} GiB stay.")
        if freed > alone:
            lines.append(f"One at a time they hold only {alone:g} GiB alone; the rest is held by several of them.")
        try:
            amount, currency = self.money_per_month(freed)
            lines.append(
                f"Estimate: {pages.amount(amount, currency)} less a month, which is the GiB freed at the price per GiB "
                "of the region; free quotas and tiers of all that is stored make the bill differ."
            )
        except PriceNotFound as error:
            lines.append(f"What that saves is not known: {error}.")
        kept = chosen.loc[chosen["x_images"] != "", "resource_id"].tolist()
        if kept:
            lines.append(
                f"The service refuses to delete {pages.listed(kept)} as long as an image needs it (SDEL-2); "
                "delete the image first."
            )
        return lines

    def picture(self, ticked: Sequence[str]) -> str:
        """The blocks of the chain, hatched what is freed, as HTML; a sentence where nothing is drawn."""
        if not self.view.total_gib:
            return pages.sentence("There are no stored blocks to draw.")
        if len(self.view.snapshots) > _MOST_DRAWN:
            return pages.sentence(f"A picture shows up to {_MOST_DRAWN} snapshots; the table below has them all.")
        text = f"Blocks of {self.view.id} by snapshot; {self.view.freed_gib(ticked):g} GiB are freed."
        return chain_picture(self._blocks, ticked, text)

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
    """The images that need each snapshot; those of one that none needs are an empty list."""
    found: dict[str, list[str]] = defaultdict(list)
    for image in cloud.state.images.values():
        if not image.deleted_at:
            for snapshot in image.snapshots:
                found[snapshot].append(image.id)
    return found


def chain_explorer(cloud: Cloud, of: str, *, prices: Prices | None = None) -> Panel:
    """An explorer of one snapshot chain: tick snapshots, see the GiB and money that deleting them frees.

    The controls are a tick box for each live snapshot, by its id.

    cloud: is looked at as it is now, and is not changed
    of: id of a chain, disk, instance (its system disk) or snapshot
    prices: the published book unless given

    Raises UnknownName for what has no chain.
    """
    model = ChainChoice(cloud, of, prices)

    def shown(values: Mapping[str, Any]) -> Mapping[str, str]:
        return model.render([name for name, ticked in values.items() if ticked])

    ticks = tick_boxes(model.labels())
    panel = Panel(f"chain explorer of {model.view.id}", ticks, PARTS, shown)
    if ticks:
        head = ipw.HTML("<b>Delete snapshots</b> (the day it was taken, what it frees alone, the image that needs it)")
        frame = {"max_height": "16em", "max_width": "44em", "border": "1px solid #ccc"}
        boxes = ipw.VBox(list(ticks.values()), layout=frame)
        panel.box.children = (head, boxes, *panel.parts.values())
    return panel
