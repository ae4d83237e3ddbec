"""The routes of an image to accounts and regions, side by side."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.patches import Patch, Rectangle

from .route_cells import COLUMNS, cells_by_target, shade
from .style import (
    DARK,
    PALE,
    SKY,
    ink,
    legend_above,
    money,
    name_rows,
    new_axes,
    one_currency,
    plain,
    require,
    row_font,
    two_lines,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def routes_compared(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What each route costs for each target, and which are refused and why.

    One row of `table` is a route to a target: `route`, `billing_account_id` and `region_id` (the
    receiving account and where it launches), `x_allowed`, `x_code` and `x_rule` (why it is
    refused), `list_cost` (NaN where refused or without a price), `billing_currency`, and, if
    there is one, `x_note` (what is missing).

    For one target there is a bar for each route, the cheapest at the top. For several there is a
    grid, one row a target: darker is dearer, a frame marks the cheapest of a row, hatched cells
    are refused. Accounts of a region for which every route comes to the same share a row.
    Raises ValueError for two currencies or an empty table.
    """
    require(table, COLUMNS, "routes")
    priced = table[table["list_cost"].notna()]
    # What is refused costs nothing in any currency.
    currency = one_currency(priced if len(priced) else table, "routes")
    targets = table[["billing_account_id", "region_id"]].drop_duplicates()
    if len(targets) == 1:
        return _bars(table, currency, ax)
    return _grid(table, currency, ax)


def _bars(table: pd.DataFrame, currency: str, ax: Axes | None) -> Axes:
    """One target: a bar for each route, those without an amount below with their reason."""
    routes, rows = cells_by_target(table)
    cells = dict(zip(routes, next(iter(rows.values())), strict=True))
    order = sorted(cells, key=lambda route: (not cells[route].allowed, np.nan_to_num(cells[route].cost, nan=np.inf)))
    ax = ax or new_axes(8, 1.2 + 0.42 * len(order))
    room = float(np.nanmax([0.0, *(cell.cost for cell in cells.values())])) or 1.0
    size = row_font(ax, len(order))
    for row, route in enumerate(order):
        cell = cells[route]
        text = shorten(cell.reason, int(width_of(ax) / 0.08), placeholder=" …")
        if np.isfinite(cell.cost):
            ax.barh(row, cell.cost, color=SKY, edgecolor=DARK, linewidth=0.4, height=0.6, label=route)
            text = money(cell.cost)
        if size:
            ax.text(
                np.nan_to_num(cell.cost) + 0.01 * room, row, text, va="center", fontsize=size,
                style="normal" if cell.allowed else "italic",
            )  # fmt: skip
    name_rows(ax, order)
    ax.set_xlim(0, 1.16 * room)
    ax.set_xlabel(f"list cost [{currency}]")
    first = table.iloc[0]
    ax.set_title(f"{first['billing_account_id']} in {first['region_id']}", loc="left", fontsize="medium")
    plain(ax, "x")
    return ax


def _grid(table: pd.DataFrame, currency: str, ax: Axes | None) -> Axes:
    """Several targets: one row each, one column a route."""
    routes, rows = cells_by_target(table)
    costs = np.array([[cell.cost for cell in cells] for cells in rows.values()])
    ax = ax or new_axes(max(6.0, 2.2 + 1.15 * len(routes)), 1.7 + 0.3 * len(rows))
    known = costs[np.isfinite(costs)]
    scale = Normalize(0, max(float(known.max()), 1e-12) if len(known) else 1.0)
    texts = [money(cell.cost) if np.isfinite(cell.cost) else cell.mark for cells in rows.values() for cell in cells]
    cell_width = width_of(ax) / len(routes)
    size = min(row_font(ax, len(rows)), 100 * cell_width / max(1, *map(len, texts)))
    for row, cells in enumerate(rows.values()):
        cheapest = min((cell.cost for cell in cells if np.isfinite(cell.cost)), default=None)
        for column, cell in enumerate(cells):
            priced = bool(np.isfinite(cell.cost))
            colour = shade(scale(cell.cost)) if priced else "white" if cell.allowed else PALE
            ax.add_patch(
                Rectangle(
                    (column - 0.47, row - 0.44), 0.94, 0.88, facecolor=colour, edgecolor="#B0B0B0",
                    linewidth=0.4, hatch="" if cell.allowed else "///",
                )
            )  # fmt: skip
            if priced and cell.cost == cheapest:
                ax.add_patch(Rectangle((column - 0.47, row - 0.44), 0.94, 0.88, fill=False, edgecolor=DARK, lw=2))
            if size >= 4.5:
                back = {"facecolor": PALE, "edgecolor": "none", "pad": 0.8} if not cell.allowed else None
                ax.text(
                    column, row, money(cell.cost) if priced else cell.mark, ha="center", va="center",
                    fontsize=size, color=ink(colour), bbox=back,
                )  # fmt: skip
    name_rows(ax, list(rows))
    ax.set_xlim(-0.55, len(routes) - 0.45)
    names = [two_lines(route) for route in routes]
    slanted = 0.085 * max(len(line) for name in names for line in name.split("\n")) > cell_width
    ax.set_xticks(
        range(len(routes)), names, rotation=35 if slanted else 0, ha="right" if slanted else "center",
        rotation_mode="anchor",
    )  # fmt: skip
    ax.tick_params(axis="x", length=0)
    ax.set_xlabel("route")
    ax.spines[:].set_visible(False)
    handles = [
        Patch(facecolor=shade(0.5), label=f"list cost [{currency}], darker is dearer"),
        Patch(fill=False, edgecolor=DARK, linewidth=2, label="cheapest of its row"),
    ]
    if any(not cell.allowed for cells in rows.values() for cell in cells):
        handles.append(Patch(facecolor=PALE, edgecolor="#B0B0B0", hatch="///", label="refused, by which rule"))
    if any(cell.allowed and not np.isfinite(cell.cost) for cells in rows.values() for cell in cells):
        handles.append(Patch(facecolor="white", edgecolor="#B0B0B0", label="allowed, but a price is not known"))
    legend_above(ax, handles)
    return ax
