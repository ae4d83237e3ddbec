"""What a story costs over the values of one of its parameters."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from . import style
from .texts import plain_text, with_fonts


def cost_by_value(table: pd.DataFrame, parameter: str, *, ax: Axes | None = None) -> Axes:
    """A bar for each value of a parameter, its total above it.

    table: rows with columns of `parameter`, `list_cost` and `billing_currency`, as `ecs-images sweep` prints them
    parameter: the column of values, in the order of which the bars stand
    ax: the axes to draw on; a new figure unless given

    Raises InputError for two currencies or an empty table.
    """
    table = style.require(table, (parameter, "list_cost", "billing_currency"), "a sweep", "ecs-images sweep")
    currency = style.one_currency(table, "a sweep")
    totals = table.groupby(table[parameter].astype(str), sort=False)["list_cost"].sum()
    ax = style.axes_or_new(ax, 8, 4)
    bars = ax.bar(range(len(totals)), totals, color=style.BLUE, edgecolor=style.ink(style.BLUE), width=0.6)
    ax.bar_label(bars, [style.money(cost) for cost in totals], padding=2, fontsize="small")
    ax.set_xticks(range(len(totals)), [value or "(none)" for value in totals.index])
    ax.set_xlabel(parameter.replace("_", " "))
    ax.set_ylabel(f"list cost [{currency}]")
    ax.set_ylim(0, 1.12 * (totals.max() or 1.0))
    style.plain(ax)
    lowest = f"lowest with {parameter} = {totals.idxmin() or 'none'}: {style.money(totals.min())} {currency}"
    style.headline(ax, plain_text(lowest, 150))
    return with_fonts(ax)
