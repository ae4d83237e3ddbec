"""The routes of an image to accounts and regions, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, to_hex
from matplotlib.patches import Patch, Rectangle

from . import style
from .svg import EDGE
from .texts import plain_text, shortened, width_of_text, with_fonts

_COLUMNS = (
    "route",
    "billing_account_id",
    "region_id",
    "x_allowed",
    "x_code",
    "x_rule",
    "list_cost",
    "billing_currency",
)


class Cell(NamedTuple):
    """The cost of a route to a target, or why it has none.

    cost: the list cost; None if it has none
    allowed: whether the service allows the route
    reason: why it has no cost, as a sentence; empty if it has one
    mark: the reason in one or two words
    lacks: what the cost lacks, such as a machine without a price; empty where it is whole
    opens: whether it opens the image to everybody, and so is never the cheapest
    """

    cost: float | None
    allowed: bool
    reason: str
    mark: str
    lacks: str = ""
    opens: bool = False

    @property
    def words(self) -> str:
        """The amount, with a mark where it lacks something, or in short why there is none."""
        return self.mark if self.cost is None else f"{style.money(self.cost)}{' + ?' if self.lacks else ''}"

    @property
    def place(self) -> tuple[bool, bool, bool, bool, float]:
        """Where it stands among the ways to one target: whole amounts, others, what opens it, no amount, refused."""
        return not self.allowed, self.cost is None, self.opens, bool(self.lacks), self.cost or 0.0

    def colour(self, dearest: float) -> str:
        """Its colour, darker if dearer; without a cost white, or grey if it is refused."""
        if self.cost is None:
            return "white" if self.allowed else style.PALE
        return _shade(self.cost / dearest)


_LACKING = "+ ?: a part, such as a machine, has no price"
_NOTHING = Cell(None, True, "", "")
"""A route of which a table says nothing."""


def routes_compared(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What each route costs for each target, and which are refused and why.

    For one target: a bar for each route, the cheapest at the top. For several: a grid with a row for each
    target, where darker is dearer, a frame marks the cheapest of a row, and hatched cells are refused.
    Accounts in a region with the same result for every route share a row.

    table: what `ecs_images.routes` returns, a row for each route to each target: columns `route`,
        `billing_account_id` and `region_id` (the receiving account and where it launches), `x_allowed`, `x_code`
        and `x_rule` (why it is refused), `list_cost` (NaN where refused or without a price) and
        `billing_currency`; `x_note` (which price is missing), `x_not_counted` (what an amount lacks) and `x_opens`
        (whether it opens the image to everybody) are read if they are there. An amount that lacks a part is
        marked and stands behind whole ones; what opens the image stands behind both and is never the cheapest
    ax: where it is drawn; a new figure unless given

    Raises InputError for amounts in two currencies or an empty table.
    """
    style.require(table, _COLUMNS, "routes", "ecs_images.routes()")
    priced = table[table["list_cost"].notna()]
    # A refused route has no cost, so its currency does not matter.
    currency = style.one_currency(priced if len(priced) else table, "routes")
    routes, rows = _cells_by_target(table)
    if len(table[["billing_account_id", "region_id"]].drop_duplicates()) == 1:
        first = table.iloc[0]
        name = f"{shortened(first['billing_account_id'])} in {first['region_id']}"
        return _bars(name, _in_order(routes, next(iter(rows.values()))), currency, ax)
    return _grid(routes, rows, currency, ax)


def _cells_by_target(table: pd.DataFrame) -> tuple[list[str], dict[str, tuple[Cell, ...]]]:
    """The routes of a table, and for each row of a grid its cells in the order of the routes.

    A row is a target; accounts of a region for which every route comes to the same share one.
    """
    notes, lacking = (table[name] if name in table else [""] * len(table) for name in ("x_note", "x_not_counted"))
    opening = table["x_opens"] if "x_opens" in table else [False] * len(table)
    columns = [table[name].tolist() for name in _COLUMNS[:-1]]
    routes = list(dict.fromkeys(map(str, columns[0])))
    targets: dict[tuple[str, str], dict[str, Cell]] = {}
    for route, account, region, allowed, code, rule, cost, note, lacks, opens in zip(
        *columns, notes, lacking, opening, strict=True
    ):
        cell = _cell(bool(allowed), str(code or ""), str(rule or ""), float(cost), str(note or ""), str(lacks or ""))
        targets.setdefault((str(account), str(region)), {})[str(route)] = cell._replace(opens=bool(opens))
    alike: dict[tuple[str, tuple[Cell, ...]], list[str]] = {}
    for (account, region), cells in targets.items():
        key = region, tuple(cells.get(route, _NOTHING) for route in routes)
        alike.setdefault(key, []).append(account)
    rows: dict[str, tuple[Cell, ...]] = {}
    for (region, row_cells), accounts in alike.items():
        who = shortened(accounts[0], 24) if len(accounts) == 1 else f"{len(accounts)} accounts"
        name = f"{who}, {region}"
        # Two groups of the same number of accounts in one region need different names.
        rows[name if name not in rows else f"{accounts[0]} and {len(accounts) - 1} more, {region}"] = row_cells
    return routes, rows


def _cell(allowed: bool, code: str, rule: str, cost: float, note: str, lacks: str) -> Cell:
    if not allowed:
        why = f"{code} ({rule})" if code and rule else code or rule
        return Cell(None, False, f"refused: {why}", rule or "refused")
    if np.isfinite(cost):
        return Cell(cost, True, f"{style.money(cost)}, {lacks}" if lacks else "", "", lacks)
    return Cell(None, True, f"no price: {note or 'not known'}", "no price")


@cache
def _shades() -> Colormap:
    """The colour map of costs; making it takes time, so it is made once."""
    return mpl.colormaps["YlGnBu"]


def _shade(fraction: float) -> str:
    """The colour of a cost as a fraction of the dearest one."""
    return to_hex(_shades()(0.15 + 0.7 * fraction))


def _in_order(routes: Sequence[str], cells: Sequence[Cell]) -> list[tuple[str, Cell]]:
    """The routes to one target, the cheapest first; then those that lack a part or a price, then those refused."""
    pairs = zip(routes, cells, strict=True)
    return sorted(pairs, key=lambda pair: pair[1].place)


def _are_cheapest(cells: Sequence[Cell]) -> list[bool]:
    """Which are of the cheapest amount: one that lacks a part only where all do, what opens the image never."""
    safe = [cell for cell in cells if cell.cost is not None and not cell.opens]
    least = min(safe, key=lambda cell: cell.place, default=_NOTHING).cost
    return [cell in safe and cell.cost == least for cell in cells]


def _finding(routes: Sequence[str], rows: Sequence[Sequence[Cell]], currency: str, target: str = "") -> str:
    """Which route is the cheapest: for one target with its amount, else for how many rows of the grid."""
    wins = Counter(
        route for cells in rows for route, cheapest in zip(routes, _are_cheapest(cells), strict=True) if cheapest
    )
    if not wins:
        return f"no route{f' to {target}' if target else ''} has an amount that it may be chosen by"
    if not target:
        counts = [f"{plain_text(route)} in {number} of {len(rows)} rows" for route, number in wins.most_common(3)]
        return f"cheapest: {', '.join(counts)}{', …' if len(wins) > 3 else ''}"
    cell = next(cell for cell, cheapest in zip(rows[0], _are_cheapest(rows[0]), strict=True) if cheapest)
    amount = f"{style.money(cell.cost or 0.0)} {currency}{', a part not counted' if cell.lacks else ''}"
    return f"cheapest to {target}: {' or '.join(map(plain_text, wins))}, {amount}"


def _dearest(cells: Sequence[Cell]) -> float:
    """The largest amount, for a scale; 1 if there is none above 0."""
    return max((cell.cost for cell in cells if cell.cost is not None), default=0.0) or 1.0


def _bars(name: str, order: Sequence[tuple[str, Cell]], currency: str, ax: Axes | None) -> Axes:
    """One target: a bar for each route, and below them those without a cost, with the reason."""
    ax = style.axes_or_new(ax, 8, 1.2 + 0.42 * len(order))
    style.name_rows(ax, [route for route, _ in order])
    letters, size = max(12, int(style.width_of(ax) / 0.08)), style.row_font(ax, len(order))
    dearest = _dearest([cell for _, cell in order])
    for row, (_, cell) in enumerate(order):
        if cell.cost is not None:
            ax.barh(row, cell.cost, color=style.SKY, edgecolor=style.DARK, linewidth=0.4, height=0.6)
        if size:
            text = plain_text(cell.reason, letters) or cell.words
            slant = "normal" if cell.allowed else "italic"
            ax.text((cell.cost or 0.0) + 0.01 * dearest, row, text, va="center", fontsize=size, style=slant)
    ax.set_xlim(0, 1.16 * dearest)
    ax.set_xlabel(f"list cost [{currency}]")
    style.plain(ax, "x")
    routes, cells = zip(*order, strict=True)
    style.headline(ax, _finding(routes, [cells], currency, plain_text(name, 80)))
    return with_fonts(ax)


def _grid(routes: Sequence[str], rows: dict[str, tuple[Cell, ...]], currency: str, ax: Axes | None) -> Axes:
    """Several targets: a row for each, and a column for each route."""
    ax = style.axes_or_new(ax, max(6.0, 2.2 + 1.15 * len(routes)), 1.7 + 0.3 * len(rows))
    style.name_rows(ax, list(rows), longest=50)
    cells = [cell for fares in rows.values() for cell in fares]
    dearest, column = _dearest(cells), style.width_of(ax) / len(routes)
    size = min(style.row_font(ax, len(rows)), 100 * column / max(1, *(width_of_text(cell.words) for cell in cells)))
    for y, fares in enumerate(rows.values()):
        for x, (cell, cheapest) in enumerate(zip(fares, _are_cheapest(fares), strict=True)):
            colour, place = cell.colour(dearest), (x - 0.47, y - 0.44)
            hatch = "" if cell.allowed else "///"
            ax.add_patch(Rectangle(place, 0.94, 0.88, facecolor=colour, edgecolor=EDGE, lw=0.4, hatch=hatch))
            if cheapest:
                ax.add_patch(Rectangle(place, 0.94, 0.88, fill=False, edgecolor=style.DARK, lw=2))
            if size >= 4.5:
                back = None if cell.allowed else {"facecolor": style.PALE, "edgecolor": "none", "pad": 0.8}
                look: dict[str, Any] = {"fontsize": size, "color": style.ink(colour), "bbox": back}
                ax.text(x, y, plain_text(cell.words), ha="center", va="center", **look)
    ax.set_xlim(-0.55, len(routes) - 0.45)
    names = [style.two_lines(plain_text(route, 24)) for route in routes]
    slanted = 0.085 * max(width_of_text(line) for name in names for line in name.split("\n")) > column
    turn: dict[str, Any] = {"rotation": 35, "ha": "right"} if slanted else {"rotation": 0, "ha": "center"}
    ax.set_xticks(range(len(routes)), names, rotation_mode="anchor", **turn)
    ax.tick_params(axis="x", length=0)
    ax.set_xlabel("route")
    ax.spines[:].set_visible(False)
    handles = [
        Patch(facecolor=_shade(0.5), label=f"list cost [{currency}], darker is dearer"),
        Patch(fill=False, edgecolor=style.DARK, linewidth=2, label="cheapest of its row"),
    ]
    if any(not cell.allowed for cell in cells):
        handles.append(Patch(facecolor=style.PALE, edgecolor=EDGE, hatch="///", label="refused, by which rule"))
    if any(cell.allowed and cell.cost is None for cell in cells):
        handles.append(Patch(facecolor="white", edgecolor=EDGE, label="allowed, but a price is not known"))
    if any(cell.lacks for cell in cells):
        handles.append(Patch(fill=False, edgecolor="none", label=_LACKING))
    style.legend_above(ax, handles)
    style.headline(ax, _finding(routes, list(rows.values()), currency))
    return with_fonts(ax)
