"""The share-or-copy workbench: sliders and lists over `ShareOrCopy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as ipw

from ..catalog.prices import Prices
from ..catalog.regions import regions as known_regions
from ..cloud.cloud import Cloud
from ..decisions.question import account_named, region_named
from ..decisions.updates import Updates
from ..errors import InputError
from ..ledger.resources import Image
from . import pages
from .panel import Panel, choose_many, dropdown, slider, whole_slider
from .share_or_copy import PARTS, ROUTE_NAMES, Settings, ShareOrCopy

AS_FOR_ALL = "as for all"
_UPDATES = ("every_days", "versions_kept", "size_gib", "change_gib", "new_gib", "horizon_days")
"""Controls that say how the image lives on, each by its name in `Updates`."""
_MOST_CHOICES = 24
"""Targets with a list of routes of their own; a longer page helps nobody."""
_MOST_REGIONS = 4
"""Regions that are chosen at first."""


def share_or_copy(
    cloud: Cloud,
    image: str | None = None,
    *,
    regions: Sequence[str] = (),
    accounts: Sequence[str] = (),
    prices: Prices | None = None,
) -> Panel:
    """A workbench that compares the routes of an image to accounts and regions, live.

    cloud: the cloud whose images are offered; it is looked at as it is now and not changed
    image: id of the image chosen at first; the newest that is no copy unless said
    regions: ids of the regions chosen at first; those where the image's owner keeps images unless said
    accounts: names of the accounts chosen at first; all but the owner unless said
    prices: the price lists; the published ones unless said

    Controls: image, accounts, regions, route, every_days, versions_kept, size_gib, change_gib, new_gib,
    horizon_days, copy_price, and one list of routes for each of the first targets. Raises InputError for
    an image, account or region that cannot be chosen.
    """
    return _Workbench(ShareOrCopy(cloud, prices), image, tuple(regions), tuple(accounts))


class _Workbench(Panel):
    """The panel, with a list of routes for each target that is selected."""

    def __init__(
        self, model: ShareOrCopy, image: str | None, regions: tuple[str, ...], accounts: tuple[str, ...]
    ) -> None:
        self._model = model
        self.choices: dict[tuple[str, str], Any] = {}
        """The list of routes of each target, by account and region; a choice outlives a change of selection."""
        self._choice_box = ipw.VBox()
        images = list(model.images().items())
        first = _chosen(model.cloud, [ident for _, ident in images], image)
        written, most = _sizes(model, first)
        everyone = tuple(model.cloud.state.accounts)
        default = Updates()
        if first:
            found = model.cloud.image(first)
            regions = regions or _regions_of(model.cloud, found)
            accounts = accounts or tuple(name for name in everyone if name != found.account) or everyone
        accounts = tuple(account_named(model.cloud, account) for account in accounts)
        regions = tuple(map(region_named, regions))
        controls = {
            "image": dropdown("Image", images, first or None),
            "accounts": choose_many("Accounts", everyone, accounts),
            "regions": choose_many("Regions", tuple(known_regions()), regions),
            "route": dropdown("Route for all", ROUTE_NAMES),
            "every_days": whole_slider("New version every [d]", 1, 90, int(default.every_days)),
            "versions_kept": whole_slider("Versions kept", 1, 52, default.versions_kept),
            "size_gib": slider("Written size [GiB]", min(0.5, written), most, written, 0.5),
            "change_gib": slider("Changed each time [GiB]", 0, written, min(default.change_gib, written), 0.5),
            "new_gib": slider("Added each time [GiB]", 0, 5, default.new_gib, 0.25),
            "horizon_days": whole_slider("Horizon [d]", 1, 1095, int(default.horizon_days)),
            "copy_price": slider("Copies pay [per GiB]", 0, 2, 0, 0.05),
        }
        super().__init__("share-or-copy workbench", controls, PARTS, self._pages)
        # Side by side, so that a slider and what it changes are seen at once; below one another where it is narrow.
        left = ipw.VBox([*self.controls.values(), self._choice_box], layout=ipw.Layout(flex="0 0 auto"))
        right = ipw.VBox(
            list(self.parts.values()), layout=ipw.Layout(flex="1 1 0", min_width="46em", padding="0 0 0 1em")
        )
        beside = ipw.Layout(flex_flow="row wrap", align_items="flex-start")
        self.box.children = (ipw.HBox([left, right], layout=beside),)
        self._offer_choices()

    def _changed(self, change: Any) -> None:
        with self.together():
            size = self.controls["size_gib"]
            # A bound beyond the value would move it, so all are right before anything is drawn.
            if change["owner"] is self.controls["image"]:
                written, most = _sizes(self._model, self.controls["image"].value)
                with size.hold_trait_notifications():
                    size.min, size.max, size.value = min(0.5, written), most, written
            self.controls["change_gib"].max = size.value
            if change["owner"] in (self.controls["accounts"], self.controls["regions"]):
                self._offer_choices()

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        written = self._model.written_gib(values["image"]) if values["image"] else 0.0
        ahead = {name: values[name] for name in _UPDATES}
        if ahead["size_gib"] == written:
            ahead["size_gib"] = None
        chosen = {target: choice.value for target, choice in self.choices.items() if choice.value != AS_FOR_ALL}
        image, accounts, regions = values["image"] or "", values["accounts"], values["regions"]
        return self._model.render(
            Settings(image, accounts, regions, Updates(**ahead), values["route"], chosen, values["copy_price"])
        )

    def _offer_choices(self) -> None:
        targets = [(a, r) for r in self.controls["regions"].value for a in self.controls["accounts"].value]
        shown = targets[:_MOST_CHOICES]
        for target in shown:
            if target not in self.choices:
                choice = dropdown(f"{target[0]} in {target[1]}", (AS_FOR_ALL, *ROUTE_NAMES))
                choice.observe(self._changed, names="value")
                self.choices[target] = choice
        self._choice_box.children = tuple(self.choices[target] for target in shown)


def _chosen(cloud: Cloud, known: Sequence[str], wanted: str | None) -> str:
    """The image to begin with: the one asked for, else the newest that is no copy; empty where there is none."""
    if wanted is not None and wanted not in known:
        listed = f"there are {pages.listed(known)}" if known else "this cloud has none"
        raise InputError(f"{wanted!r} is no image that an account owns and that is not deleted; {listed}")
    originals = [ident for ident in known if cloud.image(ident).made_from != "copy"]
    return wanted or next(reversed(originals or list(known)), "")


def _regions_of(cloud: Cloud, image: Image) -> tuple[str, ...]:
    """The image's own region, then others where its owner keeps images."""
    mine = (i.region for i in cloud.state.images.values() if i.account == image.account and not i.deleted_at)
    return tuple(dict.fromkeys([image.region, *mine]))[:_MOST_REGIONS]


def _sizes(model: ShareOrCopy, image: str | None) -> tuple[float, float]:
    """What is written on an image's system disk, and how large the disk is [GiB]."""
    return (model.written_gib(image), float(model.cloud.image(image).size_gib)) if image else (0.0, 0.0)
