"""Charts: a table in, matplotlib `Axes` out. No model code is used here.

Every chart is `name(table, …, *, ax=None) -> Axes`. Its docstring lists the columns it reads; its axes
have units and the currency of the table; it raises InputError if there is nothing to draw. The SVG
picture that a live page draws of the same table is in the same module.
"""

from __future__ import annotations

from .account import account_costs, held_over_time
from .breakeven import break_even, break_even_surface
from .capacity import capacity_over_time
from .chain import chain_block_map
from .cost import bill_waterfall, cost_over_time, who_pays
from .lifecycle import image_lifecycle
from .lineage import lineage_graph
from .plans import plans_over_time
from .routes import routes_compared
from .sweep import cost_by_value

__all__ = [
    "account_costs",
    "bill_waterfall",
    "break_even",
    "break_even_surface",
    "capacity_over_time",
    "chain_block_map",
    "cost_by_value",
    "cost_over_time",
    "held_over_time",
    "image_lifecycle",
    "lineage_graph",
    "plans_over_time",
    "routes_compared",
    "who_pays",
]


def __dir__() -> list[str]:
    """What completion offers: the charts, not the modules they are in."""
    return __all__
