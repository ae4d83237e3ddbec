"""The share-or-copy workbench: a grid of targets, sliders and a picture over `ShareOrCopy`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as ipw
from traitlets import Dict, HasTraits, validate

from ..catalog.prices import Prices
from ..catalog.regions import regions as known_regions
from ..cloud.cloud import Cloud
from ..decisions.question import account_named, region_named
from ..decisions.updates import Updates, updates_or_usual
from ..decisions.ways import Target, way_named
from ..errors import EcsImagesError, InputError
from ..ledger.resources import Image
from . import pages
from .chips import Chips
from .grid import TargetGrid, WayList
from .panel import BESIDE, Panel, dropdown, same, slider, tick_boxes, whole_slider
from .share_or_copy import Answer, Settings, ShareOrCopy

PARTS = ("summary", "picture", "payers")
_UPDATES = ("every_days", "versions_kept", "size_gib", "change_gib", "new_gib", "horizon_days")
"""Controls that say how the image lives on, each by its name in `Updates`."""
_MOST_REGIONS = 4
"""Regions that are chosen at first."""


def share_or_copy(
    cloud: Cloud,
    image: str | None = None,
    *,
    regions: Sequence[str] = (),
    accounts: Sequence[str] = (),
    updates: Updates | None = None,
    prices: Prices | None = None,
) -> Panel:
    """A workbench that finds the cheapest ways of an image to accounts and regions, and compares others, live.

    cloud: the cloud whose images are offered; it is looked at as it is now and not changed
    image: id of the image chosen at first; the newest that is no copy unless said
    regions: ids of the regions chosen at first; those where the image's owner keeps images unless said
    accounts: names of the accounts chosen at first; all but the owner unless said
    updates: how the image lives on at first, and which machines build it; as `Updates()` unless said
    prices: the price lists; the published ones unless said

    Controls: image, machines and traffic (whether they are counted), every_days, versions_kept, size_gib, change_gib,
    new_gib, horizon_days, copy_price, regions, accounts, and chosen (the way of each target that has one of its own).
    Raises InputError for an image, account or region that cannot be chosen; updates that the image cannot have are
    answered with a sentence.
    """
    usual = updates_or_usual(updates)
    return _Workbench(ShareOrCopy(cloud, prices), image, tuple(regions), tuple(accounts), usual)


class _Choices(HasTraits):
    """The ways that were chosen by hand: the name of a way by region and account, as `cn-beijing partner`."""

    value = Dict()

    def __init__(self, cloud: Cloud) -> None:
        super().__init__()
        self._cloud = cloud

    @validate("value")
    def _known(self, proposal: Any) -> dict[str, str]:
        found = {}
        for place, way in proposal["value"].items():
            region, _, account = place.partition(" ")
            found[f"{region_named(region)} {account_named(self._cloud, account)}"] = way_named(way).name
        return found


class _Workbench(Panel):
    """The panel, with the grid of targets and the ways to the one that is picked."""

    def __init__(
        self,
        model: ShareOrCopy,
        image: str | None,
        regions: tuple[str, ...],
        accounts: tuple[str, ...],
        updates: Updates,
    ) -> None:
        self._model, self._updates = model, updates
        self.grid, self.ways = TargetGrid(), WayList()
        self._answer: Answer | None = None
        images = list(model.images().items())
        first = _chosen(model.cloud, [ident for _, ident in images], image)
        written, most = _sizes(model, first)
        everyone = tuple(model.cloud.state.accounts)
        if first:
            found = model.cloud.image(first)
            regions = regions or _regions_of(model.cloud, found)
            accounts = accounts or tuple(name for name in everyone if name != found.account) or everyone
        size = written if updates.size_gib is None else updates.size_gib
        change = updates.change_gib if updates != Updates() else min(updates.change_gib, size)
        counted = tick_boxes({"machines": "machines counted", "traffic": "traffic counted"})
        for box in counted.values():
            box.value = True
        controls = {
            "image": dropdown("Image", images, first or None),
            **counted,
            "every_days": slider("every [d]", 1, max(90, updates.every_days), updates.every_days, 1),
            "versions_kept": whole_slider("versions kept", 1, max(52, updates.versions_kept), updates.versions_kept),
            "horizon_days": slider("period [d]", 1, max(1095, updates.horizon_days), updates.horizon_days, 1),
            "size_gib": slider("written [GiB]", min(0.5, size), max(most, size), size, 0.5),
            "change_gib": slider("changed [GiB]", 0, max(size, change), change, 0.5),
            "new_gib": slider("added [GiB]", 0, max(5, updates.new_gib), updates.new_gib, 0.25),
            "copy_price": slider("copies [per GiB]", 0, 2, 0, 0.05),
            "regions": Chips("region", _areas(), tuple(map(region_named, regions))),
            "accounts": Chips(
                "account",
                dict.fromkeys(everyone, "accounts"),
                tuple(account_named(model.cloud, account) for account in accounts),
            ),
            "chosen": _Choices(model.cloud),
        }
        self._reset, self._table, self._story = (
            ipw.Button(description=words, layout={"width": "auto"})
            for words in ("reset", "save the table (CSV)", "save the plan as a story")
        )
        super().__init__("share-or-copy workbench", controls, PARTS, self._pages)
        self._lay_out()
        self.grid.observe(self._show_ways, names="selected")
        self.ways.observe(self._choose, names="chosen")
        self._reset.on_click(lambda _: self.restore({}))
        self._table.on_click(lambda _: self.save("share_or_copy.csv", self.table_csv))
        self._story.on_click(lambda _: self.save("plan.yaml", self.story))

    def table_csv(self) -> str:
        """Every way to every target as CSV, as the answer stands now; empty where there is no answer."""
        return str(self._answer.table().to_csv(index=False)) if self._answer else ""

    def story(self) -> str:
        """The text of a story file that plays the plan; empty where there is no answer."""
        return self._answer.story() if self._answer else ""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        # What shows no widgets, such as a saved notebook on a web page, shows the answer as it was at first.
        return {**super()._repr_mimebundle_(**options), "text/html": self._static()}

    def _static(self) -> str:
        cells = [f"{cell['way']}: {cell['money']}" for cell in self.grid.cells]
        width = len(self.grid.columns)
        rows = [[name, *cells[k * width : (k + 1) * width]] for k, name in enumerate(self.grid.rows)]
        table = pages.table(self.grid.caption, ["region", *self.grid.columns], rows)
        return "".join([self.parts["summary"].value, table, self.parts["picture"].value, self.parts["payers"].value])

    def _lay_out(self) -> None:
        controls, beside = self.controls, ipw.Layout(grid_template_columns=BESIDE, grid_gap="0 16px")
        sliders = [control for name, control in controls.items() if name in (*_UPDATES, "copy_price")]
        three = ipw.Layout(grid_template_columns="repeat(auto-fit, minmax(min(100%, 19em), 1fr))", grid_gap="0 16px")
        row = ipw.Layout(flex_flow="row wrap", align_items="center")
        head = ipw.HBox([controls["image"], controls["machines"], controls["traffic"]], layout=row)
        for control in sliders:
            control.style.description_width = "9em"
        controls["image"].layout = {"width": "26em", "max_width": "100%"}
        controls["image"].style = {"description_width": "auto"}
        right = ipw.VBox([self.parts["picture"], self.parts["payers"]])
        self.box.children = (
            self.frame,
            head,
            self.parts["summary"],
            ipw.GridBox([self.grid, right], layout=beside),
            ipw.GridBox(sliders, layout=three),
            self.ways,
            ipw.GridBox([controls["regions"], controls["accounts"]], layout=beside),
            ipw.HBox([self._reset, self._table, self._story], layout=row),
            self.link,
            self.notice,
        )

    def _changed(self, change: Any) -> None:
        with self.together():
            size = self.controls["size_gib"]
            # A bound beyond the value would move it, so all are right before anything is drawn.
            if change["owner"] is self.controls["image"]:
                written, most = _sizes(self._model, self.controls["image"].value)
                with size.hold_trait_notifications():
                    size.min, size.max, size.value = min(0.5, written), most, written
            self.controls["change_gib"].max = size.value

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        written = self._model.written_gib(values["image"]) if values["image"] else 0.0
        ahead = {name: values[name] for name in _UPDATES}
        if same(ahead["size_gib"], written):
            ahead["size_gib"] = None
        try:
            chosen = {
                Target(place.partition(" ")[2], place.partition(" ")[0]): w for place, w in values["chosen"].items()
            }
            settings = Settings(
                values["image"] or "",
                values["accounts"],
                values["regions"],
                replace(self._updates, **ahead),
                chosen,
                values["copy_price"],
                values["machines"],
                values["traffic"],
            )
            self._answer = self._model.answer(settings)
        except EcsImagesError as error:
            self._answer, self.grid.cells, self.ways.ways = None, [], []
            return {"summary": pages.sentence(f"{error}.")}
        owner = self._model.cloud.image(settings.image).account
        currency = self._model.currency(owner)
        self.controls["copy_price"].description = f"copies [{currency}/GiB]"
        with self.grid.hold_sync():
            if (self.grid.rows, self.grid.columns) != (list(settings.regions), list(settings.accounts)):
                self.grid.selected = -1
            self.grid.rows, self.grid.columns = list(settings.regions), list(settings.accounts)
            self.grid.caption = f"Way and cost alone, for {settings.updates.horizon_days:g} days [{currency}]"
            self.grid.cells = self._answer.cells()
        self._show_ways(None)
        found = {"summary": pages.sentences(self._answer.sentences()), "picture": self._answer.picture()}
        return {**found, "payers": self._answer.payers()}

    @property
    def _target(self) -> Target | None:
        """The target that is picked."""
        place, width = self.grid.selected, len(self.grid.columns)
        inside = self._answer is not None and 0 <= place < len(self.grid.cells)
        return Target(self.grid.columns[place % width], self.grid.rows[place // width]) if inside else None

    def _show_ways(self, change: Any) -> None:
        target = self._target
        with self.ways.hold_sync():
            if target is None or self._answer is None:
                self.ways.title, self.ways.ways, self.ways.chosen = "", [], ""
                return
            best = self._answer.cheapest_way(target)
            automatic = {"way": "", "name": f"the cheapest plan ({best or 'none is allowed'})", "allowed": True}
            automatic |= dict.fromkeys(("money", "who", "what"), "")
            self.ways.title = f"Ways to {target.account} in {target.region}"
            self.ways.ways = [automatic, *self._answer.ways_of(target)]
            self.ways.chosen = self.controls["chosen"].value.get(f"{target.region} {target.account}", "")

    def _choose(self, change: Any) -> None:
        if (target := self._target) is None:
            return
        place, choices = f"{target.region} {target.account}", dict(self.controls["chosen"].value)
        if change["new"] == choices.pop(place, ""):
            return
        self.controls["chosen"].value = choices | ({place: change["new"]} if change["new"] else {})


def _areas() -> dict[str, str]:
    """Every region with the heading it stands under, mainland China first."""
    areas = {
        name: "mainland China" if region.area == "mainland_china" else "outside"
        for name, region in known_regions().items()
    }
    return dict(sorted(areas.items(), key=lambda item: item[1]))


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
