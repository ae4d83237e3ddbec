"""Charts: a table in, matplotlib `Axes` out. No model code is used here.

Every chart is `name(table, …, *, ax=None) -> Axes`, says in its docstring which columns it reads,
has units on its axes and the currency of its table, and raises InputError with a sentence where
there is nothing to draw. What a live page draws of the same stands beside its chart, as SVG.
"""

from __future__ import annotations

from .breakeven import break_even, break_even_surface
from .capacity import capacity_over_time
from .chain import chain_block_map
from .cost import bill_waterfall, cost_over_time, who_pays
from .lifecycle import image_lifecycle
from .lineage import lineage_graph
from .routes import routes_compared

__all__ = [
    "bill_waterfall",
    "break_even",
    "break_even_surface",
    "capacity_over_time",
    "chain_block_map",
    "cost_over_time",
    "image_lifecycle",
    "lineage_graph",
    "routes_compared",
    "who_pays",
]
