"""What the images of an account cost, and what deleting each would free."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from . import style
from .texts import with_fonts

_COLUMNS = ("x_name", "x_called", "list_cost", "x_freed_low_cost", "x_freed_high_cost", "billing_currency")
_MOST = 20


def account_costs(table: Any, *, ax: Axes | None = None) -> Axes:
    """The dearest images of an account: a bar of what is allocated to each, and a line for what deleting it frees.

    The line goes from what is freed at least to what is freed at most. Where nothing bounds it, it is an arrow.

    table: a row for each image, as `Inventory.costs` returns them: columns `x_name`, `x_called` (its name),
        `list_cost`, `x_freed_low_cost`, `x_freed_high_cost` and `billing_currency`; the first twenty are drawn
    ax: where it is drawn; a new figure unless given

    Raises InputError for amounts in two currencies or an empty table.
    """
    table = style.require(table, _COLUMNS, "the costs of an account", "Inventory.costs()").head(_MOST)
    currency = style.one_currency(table, "the costs of an account")
    ax = style.axes_or_new(ax, height=1.4 + 0.32 * len(table))
    places = range(len(table))
    ax.barh(places, table["list_cost"], height=0.6, label="allocated", **style.bar_look(0))
    low, high = table["x_freed_low_cost"].fillna(0), table["x_freed_high_cost"]
    widest = max(float(table["list_cost"].max()), float(high.fillna(low).max()))
    for place, least, most in zip(places, low, high, strict=True):
        end = most if most == most else max(least, widest)
        ax.plot([least, end], [place, place], color=style.DARK, linewidth=2.5, marker="|", markersize=11)
        if most != most:
            ax.plot([end], [place], color=style.DARK, marker=">", markersize=8)
    ax.plot([], [], color=style.DARK, linewidth=2.5, marker="|", markersize=11, label="freed by deleting it: from, to")
    names = [called or name for called, name in zip(table["x_called"], table["x_name"], strict=True)]
    style.name_rows(ax, names)
    ax.set_xlabel(f"list cost in 30 days [{currency}]")
    style.plain(ax, grid="x")
    style.legend_above(ax)
    return with_fonts(ax)
