"""The inventory explorer: what the images of a real account cost, what may go, and a plan of what is ticked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..accounts.inventory import Inventory
from ..catalog.prices import Prices
from . import pages
from .panel import Panel

PARTS = ("summary", "picture", "findings", "steps", "commands")


class InventoryExplorer(Panel):
    """An explorer of an account: tick findings to see the steps that delete them, and what each saves.

    inventory: the account
    prices: the price lists; the published ones unless given
    """

    def __init__(self, inventory: Inventory, prices: Prices | None = None) -> None:
        self._bill = inventory.bill(prices=prices)
        super().__init__("inventory explorer", {}, PARTS, self._pages)

    def _pages(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        cost = pages.amount(self._bill.total(priced_only=True), self._bill.currency)
        return {"summary": pages.sentence(f"The images of this account cost {cost} in 30 days at list price.")}
