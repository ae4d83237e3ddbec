"""The chain explorer: tick snapshots of a chain to see what deleting them one by one frees and saves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import ipywidgets as ipw
import pandas as pd

from ..catalog.meters import STORAGE, units
from ..catalog.price_files import PriceRow
from ..catalog.prices import Prices, stated_by
from ..catalog.sites import sites
from ..charts.chain import Blocks, chain_picture
from ..cloud.cloud import Cloud
from ..errors import PriceNotFound
from ..units import show_time
from . import pages
from .panel import Panel, dropdown, tick_boxes

PARTS = ("summary", "picture", "snapshots")
ORDERS = "as ticked", "oldest first", "newest first"
"""The orders in which ticked snapshots may be deleted."""
_MOST_DRAWN = 64
"""Most snapshots that a picture shows; more would be unreadable."""


class ChainChoice:
    """A snapshot chain as it is now, and what deleting some of its snapshots one after the other would free.

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
                "x_images": [", ".join(images[name]) for name in self.view.snapshots],
                "x_alone_gib": list(self.view.alone_gib().values()),
            }
        )

    def __repr__(self) -> str:
        return f"<ChainChoice {self.view.id}: {pages.counted(len(self.view.snapshots), 'snapshot')}>"

    def labels(self) -> dict[str, str]:
        """For each live snapshot, oldest first: its id, its day, what it holds alone, and the images that need it."""
        labels = {}
        for row in self._live.to_dict("records"):
            name, day, images = row["resource_id"], show_time(row["x_started_at"])[:10], row["x_images"]
            parts = [
                name,
                day,
                f"{row['x_alone_gib']:g} GiB",
                *([pages.listed(images.split(", "), 1)] if images else []),
            ]
            labels[name] = " · ".join(parts)
        return labels

    def table(self, order: Sequence[str]) -> pd.DataFrame:
        """Every live snapshot of the chain, oldest first.

        order: ids of the snapshots that are to be deleted, the first one first

        Returns a frame with the columns `resource_id`, `x_started_at`, `x_images` (names of the images that need it,
        with commas between), `x_alone_gib` (what it alone holds, which deleting only it frees [GiB]), `x_step` (its
        place in the order, from 1; 0 for those that stay) and `x_frees_gib` (freed by its step [GiB]; for those that
        stay, by deleting it as the next step). The steps add up to what deleting all of them together frees.
        """
        # What a step frees is what all up to it free together, less what all before it do.
        together = self.view.freed_gib([list(order[:step]) for step in range(len(order) + 1)])
        frees = self.view.alone_gib(after=order)
        frees |= {name: after - before for name, (before, after) in zip(order, pairwise(together), strict=True)}
        steps = {name: step for step, name in enumerate(order, 1)}
        names = self._live["resource_id"]
        return self._live.assign(x_step=[steps.get(name, 0) for name in names], x_frees_gib=names.map(frees))

    def money_per_month(self, gib: float) -> tuple[float, str]:
        """What storing a size costs in a pricing month at list price: amount and currency.

        gib: the size [GiB]

        The size is multiplied by the price of the first tier that is not free, in the chain's region and at the
        cloud's present time. The bill may differ, because free quotas, tiers and plans depend on all that the
        account stores. Raises PriceNotFound where the region has no price.
        """
        row = self._price
        hours = units()[row.unit].hours
        return gib * (row.price or 0.0) * units()["per_gib_month"].hours / hours, row.currency

    def summary(self, order: Sequence[str]) -> list[str]:
        """What the chosen snapshots free and save a month, and what to know about that, as sentences.

        order: ids of the snapshots that are to be deleted, the first one first

        Raises UnknownName for an id that is not a live snapshot of the chain.
        """
        view = self.view
        if not view.snapshots:
            return [f"{view.id} has no live snapshot, and stores nothing. Take one with create_snapshot."]
        freed = view.freed_gib(order)
        try:
            less = " less" if order else ""
            amount = pages.amount(*self.money_per_month(freed if order else view.total_gib))
            money = f"{amount}{less} a month at list price"
            price = [self._price_in_words()]
        except PriceNotFound as error:
            money, price = "what that costs a month is not known", [f"Not known: {error}."]
        if not order:
            live = pages.counted(len(view.snapshots), "live snapshot")
            gib, name = max(zip(self._live["x_alone_gib"], self._live["resource_id"], strict=True))
            alone = f"Deleting only {name} frees the most that one alone does: {gib:g} GiB."
            stored = f"{live} store{'s' if len(view.snapshots) == 1 else ''} {view.total_gib:g} GiB: {money}."
            return [stored, f"{alone} Tick the snapshots that you may delete.", *price]
        lines = [f"Deleting {pages.listed(list(order))} frees {freed:g} of {view.total_gib:g} GiB: {money}."]
        chosen = self._live[self._live["resource_id"].isin(list(order))]
        alone_gib = chosen["x_alone_gib"].sum()
        if freed > alone_gib:
            lines.append(
                f"Alone they hold only {alone_gib:g} GiB; the other {freed - alone_gib:g} GiB are shared among them "
                "and go with the last that holds them."
            )
        needed = chosen.loc[chosen["x_images"] != "", "resource_id"].tolist()
        if needed:
            refused = f"The service refuses to delete {pages.listed(needed)} as long as an image needs it (SDEL-2)"
            lines.append(f"{refused}; delete the image first.")
        return [*lines, *price]

    def picture(self, order: Sequence[str]) -> str:
        """The blocks of the chain as HTML, with what is freed hatched; a sentence where nothing can be drawn."""
        if not self.view.total_gib:
            return pages.sentence("There are no stored blocks to draw.")
        if len(self.view.snapshots) > _MOST_DRAWN:
            return pages.sentence(f"A picture shows up to {_MOST_DRAWN} snapshots; the table below has them all.")
        text = f"Blocks of {self.view.id} by snapshot; {self.view.freed_gib(order):g} GiB are freed."
        return chain_picture(self._blocks, order, text)

    def render(self, order: Sequence[str]) -> dict[str, str]:
        """Everything that is shown, as HTML by part."""
        return {
            "summary": pages.sentences(self.summary(order)),
            "picture": self.picture(order),
            "snapshots": self._snapshots_page(order),
        }

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(self.cloud.block_map(self.view.id))

    @cached_property
    def _price(self) -> PriceRow:
        """The price of the first tier that is not free."""
        snapshot = self.cloud.snapshot(self.view.snapshots[0])
        currency = sites()[self.cloud.state.accounts[snapshot.account].site].currency
        tiers = self._prices.book(currency).at(STORAGE, snapshot.region, self.cloud.now)
        return next((row for row in tiers if row.price), tiers[0])

    def _price_in_words(self) -> str:
        row, region = self._price, self.cloud.snapshot(self.view.snapshots[0]).region
        price = f"{row.price:g} {row.currency} per {units()[row.unit].name}"
        return (
            f"List price in {region} on {show_time(self.cloud.now)[:10]}: {price} ({stated_by(row)}). "
            "The bill may differ, as free quotas and tiers count all that the account stores."
        )

    def _snapshots_page(self, order: Sequence[str]) -> str:
        if not self.view.snapshots:
            return ""
        try:
            _, currency = self.money_per_month(0)
        except PriceNotFound:
            currency = ""

        def freed(gib: float, step: int = 1) -> list[str]:
            texts = [f"{gib:g}", pages.number(self.money_per_month(gib)[0]) if currency else "not known"]
            return texts if step else [f"({text})" for text in texts]

        rows = [
            [
                str(row["x_step"] or ""),
                row["resource_id"],
                show_time(row["x_started_at"])[:10],
                f"{row['x_alone_gib']:g}",
                *freed(row["x_frees_gib"], row["x_step"]),
                row["x_images"],
            ]
            for row in self.table(order).to_dict("records")
        ]
        if order:
            rows.append(["", "all steps", "", "", *freed(self.view.freed_gib(order)), ""])
        saves = f"saves a month [{currency or 'no price'}]"
        heads = ["step", "snapshot", "taken", "holds alone [GiB]", "frees [GiB]", saves, "needed by image"]
        return pages.table("What each step frees; in brackets, what a further snapshot would free", heads, rows)


def _images_by_snapshot(cloud: Cloud) -> dict[str, list[str]]:
    """The names of the images that need each snapshot; an empty list for a snapshot that none needs."""
    images: dict[str, list[str]] = defaultdict(list)
    for image in cloud.state.images.values():
        if not image.deleted_at:
            for snapshot in image.snapshots:
                images[snapshot].append(image.name or image.id)
    return images


def chain_explorer(cloud: Cloud, of: str, *, prices: Prices | None = None) -> Panel:
    """An explorer of one snapshot chain: tick snapshots to see the GiB and money that deleting them saves.

    The controls are a tick box for each live snapshot, by its id, and `order`: in which order the ticked ones are
    deleted. A chain without live snapshots has no controls.

    cloud: the cloud as it is now; it is not changed
    of: id of a chain, a disk, an instance (its system disk) or a snapshot
    prices: the price book; the published one unless given

    Returns a panel with the parts in `PARTS`. Raises UnknownName for an id without a chain.
    """
    return _ChainPanel(ChainChoice(cloud, of, prices))


class _ChainPanel(Panel):
    """The panel, which remembers in which order the boxes were ticked."""

    def __init__(self, model: ChainChoice) -> None:
        self._model, self._ticked = model, list[str]()
        ticks = tick_boxes(model.labels())
        order = {"order": dropdown("Delete them", ORDERS)} if ticks else {}
        super().__init__(f"chain explorer of {model.view.id}", order | ticks, PARTS, self._pages)
        if ticks:
            head = ipw.HTML("<b>Snapshots to delete</b> (day taken · held alone · image that needs it)")
            boxes = ipw.VBox(list(ticks.values()), layout={"max_height": "16em", "border": "1px solid #ccc"})
            self.controls_box.children = (self.controls["order"], head, boxes)

    def _changed(self, change: Any) -> None:
        name = next(name for name, control in self.controls.items() if control is change["owner"])
        if name != "order":
            self._ticked = [*(n for n in self._ticked if n != name), *([name] if change["new"] else [])]
        self.redraw()

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        oldest_first = [name for name in self._model.view.snapshots if name in self._ticked]
        orders = dict(zip(ORDERS, [self._ticked, oldest_first, oldest_first[::-1]], strict=True))
        return self._model.render(orders[values["order"]] if values else [])
