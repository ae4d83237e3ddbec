"""Where two routes cost the same: along one parameter, and over two."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ..errors import InputError, shown
from . import style
from .texts import plain_text, shortened, with_fonts

_FEW_VALUES, _FEW_TICKS = 40, 12
_SAME = 1e-9


def break_even(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The cost of each route along a parameter, and the values between which the cheapest route changes.

    Each interval in which another route becomes the cheapest is shaded, and named in the title. A route that
    opens the image to everybody is taken for the cheapest only where no other has an amount.

    table: what `ecs_images.break_even` returns, a row for each value and route: columns `x_parameter` (its name
        with its unit, like `horizon [month]`), `x_value`, `route`, `list_cost` (NaN where it has no amount: a gap in
        the line) and `billing_currency`; `x_opens` (whether the route opens the image to everybody) if it is there
    ax: the axes to draw on; a new figure unless given

    Raises InputError for two currencies, two parameters, or a table without an amount.
    """
    columns = ("x_parameter", "x_value", "route", "list_cost", "billing_currency")
    style.require(table, columns, "break-even", "ecs_images.break_even()")
    currency = style.one_currency(table, "break-even")
    names = sorted(set(table["x_parameter"].astype(str)))
    if len(names) > 1:
        several = shortened(" and ".join(names), 80)
        raise InputError(f"a chart of break-even follows one parameter; this table has {several}")
    _once_each(table, ["x_value", "route"], "break-even")
    order = list(dict.fromkeys(table["route"].astype(str)))
    routes = table["route"].astype(str)
    costs = table.assign(route=routes).set_index(["x_value", "route"])["list_cost"].unstack().sort_index()[order]
    if not costs.notna().any(axis=None):
        raise InputError("a chart of break-even needs an amount; here every route is refused or has no price")
    ax = style.axes_or_new(ax)
    for number, route in enumerate(order):
        amounts = costs[route]
        label = plain_text(route) if amounts.notna().any() else f"{plain_text(route)} (no amount)"
        marker = style.MARKERS[number % len(style.MARKERS)] if len(costs) <= _FEW_VALUES else None
        look = style.line_look(number)
        ax.plot(costs.index, amounts, label=label, linewidth=1.8, marker=marker, markersize=4, **look)
    opening = set(routes[table["x_opens"].astype(bool)]) if "x_opens" in table else set()
    others = [route for route in order if route not in opening and costs[route].notna().any()]
    changes = _shade_changes(ax, costs[others or order])
    changes[0] = f"cheapest: {changes[0]}"
    changes += [f"{plain_text(route)} opens the image to everybody" for route in order if route in opening]
    ax.set_ylim(bottom=min(0.0, float(np.nanmin(costs.to_numpy("float64")))))
    _ticks(ax.xaxis, costs.index.to_numpy("float64"))
    ax.set_xlabel(plain_text(names[0]))
    ax.set_ylabel(f"list cost [{currency}]")
    style.plain(ax)
    style.name_series(ax, "; ".join(changes))
    return with_fonts(ax)


def _shade_changes(ax: Axes, costs: pd.DataFrame) -> list[str]:
    """Shade each interval between two values in which the cheapest route changes; returns the changes in words."""
    priced = costs.dropna(how="all")
    amounts, values = priced.to_numpy("float64"), priced.index.to_numpy("float64")
    now, lines = int(np.nanargmin(amounts[0])), []
    for row in range(1, len(amounts)):
        # The cheapest route stays the cheapest until another is below it; a tie changes nothing.
        if amounts[row, now] <= np.nanmin(amounts[row]) * (1 + _SAME):
            continue
        before, now = now, int(np.nanargmin(amounts[row]))
        low, high = values[row - 1], values[row]
        ax.axvspan(low, high, color=style.PALE, zorder=0)
        change = " → ".join(plain_text(priced.columns[column], 36) for column in (before, now))
        lines.append(f"{change} between {low:g} and {high:g}")
    if not lines:
        return [f"{plain_text(priced.columns[now], 36)} throughout"]
    return lines if len(lines) <= 3 else [*lines[:2], f"and {len(lines) - 2} more changes"]


def break_even_surface(table: pd.DataFrame, *, routes: tuple[str, str] | None = None, ax: Axes | None = None) -> Axes:
    """The difference in cost of two routes over two parameters, and where they cost the same.

    Each cell shows the pair of values at its centre; it is hatched if a is dearer. A thick line separates the cells
    where a is dearer from those where b is.

    table: what `ecs_images.break_even_surface` returns, a row for each pair of values: columns `x_first` and
        `x_second` (the values), `x_first_name` and `x_second_name` (the parameters with their units),
        `x_difference` (the cost of route a less that of route b; NaN where one has no amount), `x_first_route` and
        `x_second_route` (the names of a and b) and `billing_currency`
    routes: other names of a and b
    ax: the axes to draw on; a new figure unless given

    Raises InputError for two currencies, two pairs of parameters, or a table without an amount.
    """
    names = ("x_first_name", "x_second_name", "x_first_route", "x_second_route")
    columns = ("x_first", "x_second", "x_difference", *names, "billing_currency")
    style.require(table, columns, "a break-even surface", "ecs_images.break_even_surface()")
    if routes is None:
        routes = str(table["x_first_route"].iloc[0]), str(table["x_second_route"].iloc[0])
    if not isinstance(routes, tuple | list) or len(routes) != 2:
        raise InputError(f"routes must be the names of two routes, not {shown(routes)}")
    a, b = (plain_text(route) for route in routes)
    currency = style.one_currency(table, "a break-even surface")
    _once_each(table, ["x_first", "x_second"], "a break-even surface")
    grid = table.pivot(index="x_second", columns="x_first", values="x_difference").sort_index().sort_index(axis=1)
    difference = grid.to_numpy("float64")
    if not np.isfinite(difference).any():
        raise InputError("a break-even surface needs an amount; here one route is refused or has no price everywhere")
    across, up = _edges(grid.columns.to_numpy("float64")), _edges(grid.index.to_numpy("float64"))
    ax = style.axes_or_new(ax, 7.5, 4.8)
    reach = float(np.nanmax(np.abs(difference))) or 1.0
    ax.set_facecolor("white")
    mesh = ax.pcolormesh(across, up, difference, cmap="PuOr_r", norm=TwoSlopeNorm(0, -reach, reach), alpha=0.85)
    dearer = np.where(difference > 0, 1.0, np.nan)
    if np.isfinite(dearer).any():
        hatched = np.ma.masked_invalid(dearer)
        ax.pcolor(across, up, hatched, facecolor="none", edgecolor=style.DARK, hatch="//", linewidth=0)
    border = _border(difference, across, up)
    ax.add_collection(LineCollection(border, colors=style.BLACK, linewidths=2.5), autolim=False)
    bar = ax.figure.colorbar(mesh, ax=ax)
    bar.set_label(f"{a} less {b} [{currency}]")
    first, second = table.iloc[0][["x_first_name", "x_second_name"]]
    _ticks(ax.xaxis, grid.columns.to_numpy("float64"))
    _ticks(ax.yaxis, grid.index.to_numpy("float64"))
    ax.set_xlabel(plain_text(first))
    ax.set_ylabel(plain_text(second))
    dear, cheap = np.nanmax(difference) > 0, np.nanmin(difference) < 0
    handles = []
    if dear:
        handles.append(Patch(facecolor="#FDD9AE", edgecolor=style.DARK, hatch="//", label=f"{a} is dearer"))
    if cheap:
        handles.append(Patch(facecolor="#CFCBE2", edgecolor=style.DARK, label=f"{b} is dearer"))
    style.legend_above(ax, handles)
    style.headline(ax, _cheaper(difference, a, b, currency))
    return with_fonts(ax)


def _cheaper(difference: np.ndarray, a: str, b: str, currency: str) -> str:
    """Which route is cheaper in how many cells, and by how much at most, as a sentence."""
    cells = int(np.isfinite(difference).sum())
    wins = [(a, int((difference < 0).sum()), -float(np.nanmin(difference)))]
    wins += [(b, int((difference > 0).sum()), float(np.nanmax(difference)))]
    said = [
        f"{name} is cheaper in {count} of {cells} cells, by up to {style.money(by)} {currency}"
        for name, count, by in sorted(wins, key=lambda win: -win[1])
        if count
    ]
    return "; ".join(said) or "both cost the same everywhere"


def _once_each(table: pd.DataFrame, columns: list[str], what: str) -> None:
    """Raise InputError if two rows have the same values, because only one of them could be drawn."""
    if table.duplicated(columns).any():
        raise InputError(f"a chart of {what} needs one row for each {' and '.join(columns)}; this table has more")


def _ticks(axis: Axis, values: np.ndarray) -> None:
    """A tick at each value if there are few; never between two neighbouring whole numbers."""
    if len(values) <= _FEW_TICKS:
        axis.set_ticks(values, [f"{value:g}" for value in values])
    elif (values == np.round(values)).all():
        axis.set_major_locator(MaxNLocator(integer=True))


def _edges(values: np.ndarray) -> np.ndarray:
    """The borders of the cells around values: halfway between neighbours."""
    if len(values) == 1:
        return np.array([values[0] - 0.5, values[0] + 0.5])
    middle = (values[1:] + values[:-1]) / 2
    return np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])


def _border(difference: np.ndarray, across: np.ndarray, up: np.ndarray) -> list[list[tuple[float, float]]]:
    """The edges between neighbouring cells of which one is above 0 and the other is not."""
    sign = np.where(np.isfinite(difference), difference > 0, np.nan)
    lines = []
    for row, column in zip(*np.nonzero(np.abs(np.diff(sign, axis=1)) == 1), strict=True):
        lines.append([(across[column + 1], up[row]), (across[column + 1], up[row + 1])])
    for row, column in zip(*np.nonzero(np.abs(np.diff(sign, axis=0)) == 1), strict=True):
        lines.append([(across[column], up[row + 1]), (across[column + 1], up[row + 1])])
    return lines
