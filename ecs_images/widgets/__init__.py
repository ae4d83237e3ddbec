"""Widgets for notebooks: sliders and lists that control what the toolkit computes.

Each is a function that returns a `Panel`; display it to use it. Needs ipywidgets and anywidget. Plain functions make
what is shown, so it can be tested and printed without a browser.
"""

from __future__ import annotations

from ..errors import InputError

try:
    from .chain import chain_explorer
    from .explorers import account_explorers, explorers
    from .inventory import InventoryExplorer
    from .lifecycle import lifecycle_explorer
    from .panel import Panel
    from .price_browser import price_browser
    from .workbench import share_or_copy
except ModuleNotFoundError as missing:
    raise InputError(f"widgets need {missing.name}; install the extra: pip install 'ecs-images[lab]'") from None

__all__ = [
    "InventoryExplorer",
    "Panel",
    "account_explorers",
    "chain_explorer",
    "explorers",
    "lifecycle_explorer",
    "price_browser",
    "share_or_copy",
]
