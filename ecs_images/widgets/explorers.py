"""All explorers of a cloud, or of a real account, one behind each tab."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import ipywidgets as ipw

from ..accounts.inventory import Inventory
from ..catalog.prices import Prices
from ..cloud.cloud import Cloud
from ..errors import shown
from . import pages
from .chain import chain_explorer
from .frame import Frame
from .inventory import InventoryExplorer
from .lifecycle import lifecycle_explorer
from .panel import Panel
from .price_browser import price_browser
from .workbench import share_or_copy


class Explorers:
    """Tabs with an explorer each, which is made when its tab is first opened. Displaying it shows the first.

    makers: what makes each explorer, by the title of its tab
    """

    def __init__(self, makers: dict[str, Callable[[], Panel]]) -> None:
        self._makers = makers
        self.panels: dict[str, Panel] = {}
        """The explorers that were opened, by the titles of their tabs."""
        self.frame, self.notice = Frame(panel="tab"), ipw.HTML()
        self.tabs = ipw.Tab([ipw.VBox() for _ in makers], titles=tuple(makers), selected_index=0)
        self.tabs.add_class("ecs-tabs")
        self.box = ipw.VBox([self.frame, self.notice, self.tabs])
        self.box.add_class("ecs-panel")
        self.tabs.observe(self._open, names="selected_index")
        self.frame.observe(self._asked, names="asked")
        self._open(None)

    def __repr__(self) -> str:
        return "<explorers>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return {**self.box._repr_mimebundle_(**options), "text/plain": repr(self)}

    def _open(self, change: Any) -> None:
        place = self.tabs.selected_index or 0
        title = list(self._makers)[place]
        if title not in self.panels:
            self.panels[title] = self._makers[title]()
            self.tabs.children[place].children = [self.panels[title].box]
        self.frame.state = title if place else "{}"

    def _asked(self, change: Any) -> None:
        titles = list(self._makers)
        if change["new"] in titles:
            self.tabs.selected_index = titles.index(change["new"])
        else:
            there = pages.listed(titles)
            self.notice.value = pages.sentence(f"There is no tab {shown(change['new'])}; there are {there}.")


def explorers(cloud: Cloud, image: str | None = None, *, prices: Prices | None = None) -> Explorers:
    """All explorers of a cloud, behind tabs: share or copy, lifecycle, prices, snapshot chain.

    cloud: the cloud as it is now; it is not changed
    image: id of the image that is chosen at first; the newest that is no copy unless given
    prices: the price lists; the published ones unless given

    Raises InputError for an image that no account owns.
    """
    makers: dict[str, Callable[[], Panel]] = {
        "Ways": lambda: share_or_copy(cloud, image, prices=prices),
        "Lifecycle": lambda: lifecycle_explorer(cloud, image),
        "Prices": lambda: price_browser(prices),
    }
    state = cloud.state  # one view of it for all images
    chains = [found for found in state.images.values() if found.snapshots and image in (None, found.id)]
    if chains:
        # A chain of several snapshots has something to tell; of a copied image it has one.
        lengths = Counter(snapshot.chain for snapshot in state.snapshots.values())
        fullest = max(reversed(chains), key=lambda found: lengths[state.snapshots[found.system_snapshot].chain])
        makers["Chain"] = lambda: chain_explorer(cloud, fullest.system_snapshot, prices=prices)
    return Explorers(makers)


def account_explorers(
    inventory: Inventory, image: str | None = None, *, site: str = "china", prices: Prices | None = None
) -> Explorers:
    """All explorers of a real account, behind tabs: what it costs and what may go, share or copy, lifecycle, prices.

    There is none of snapshot chains: what the snapshots of a real account share is supposed (ASSUME-14), so what one
    of them holds alone is not known. The first tab has what deleting them saves, as ranges.

    inventory: the account
    image: id of the image that is chosen at first; the newest that is no copy unless given
    site: the site of the account, china or international, which decides its price list
    prices: the price lists; the published ones unless given

    Raises InputError for an image that no account owns, and where nothing says when the answers were saved.
    """
    cloud = inventory.cloud(site=site)
    makers: dict[str, Callable[[], Panel]] = {
        "Inventory": lambda: InventoryExplorer(inventory, prices, site=site),
        "Ways": lambda: share_or_copy(cloud, image, prices=prices),
        "Lifecycle": lambda: lifecycle_explorer(cloud, image),
        "Prices": lambda: price_browser(prices),
    }
    return Explorers(makers)
