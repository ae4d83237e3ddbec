"""What each route comes to for each target: the cells that a picture of routes is made of."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import Colormap, to_hex

COLUMNS = ("route", "billing_account_id", "region_id", "x_allowed", "x_code", "x_rule", "list_cost", "billing_currency")
"""What a table of routes needs for a picture."""


class Cell(NamedTuple):
    """What a route comes to for a target: an amount, or why there is none. `mark` is the short form.

    Without an amount `cost` is the one object `np.nan`, so that cells alike are equal.
    """

    cost: float
    allowed: bool
    reason: str
    mark: str


def cells_by_target(table: pd.DataFrame) -> tuple[list[str], dict[str, tuple[Cell, ...]]]:
    """The routes of a table, and for each row of a picture its cells in the order of the routes.

    A row is a target; accounts of a region for which every route comes to the same share one.
    """
    notes = table["x_note"] if "x_note" in table else [""] * len(table)
    columns = [table[name].tolist() for name in COLUMNS[:-1]]
    routes = list(dict.fromkeys(map(str, columns[0])))
    targets: dict[tuple[str, str], dict[str, Cell]] = {}
    for route, account, region, allowed, code, rule, cost, note in zip(*columns, notes, strict=True):
        cell = _cell(bool(allowed), str(code or ""), str(rule or ""), float(cost), str(note or ""))
        targets.setdefault((str(account), str(region)), {})[str(route)] = cell
    alike: dict[tuple[str, tuple[Cell, ...]], list[str]] = {}
    nothing = Cell(np.nan, True, "", "")
    for (account, region), cells in targets.items():
        key = region, tuple(cells.get(route, nothing) for route in routes)
        alike.setdefault(key, []).append(account)
    named: dict[str, tuple[Cell, ...]] = {}
    for (region, fares), accounts in alike.items():
        who = accounts[0] if len(accounts) == 1 else f"{len(accounts)} accounts"
        name = f"{who}, {region}"
        # Two groups of as many accounts in one region are told apart by their first account.
        named[name if name not in named else f"{accounts[0]} and {len(accounts) - 1} more, {region}"] = fares
    return routes, named


def shade(fraction: float) -> str:
    """The colour of a cost, 0 the cheapest and 1 the dearest; it darkens evenly in grey too."""
    return to_hex(_shades()(0.15 + 0.7 * fraction))


@cache
def _shades() -> Colormap:
    """The colours, whose table is made once."""
    return mpl.colormaps["YlGnBu"]


def _cell(allowed: bool, code: str, rule: str, cost: float, note: str) -> Cell:
    if not allowed:
        why = f"{code} ({rule})" if code and rule else code or rule
        return Cell(np.nan, False, f"refused: {why}", rule or "refused")
    if np.isfinite(cost):
        return Cell(cost, True, "", "")
    return Cell(np.nan, True, f"no price: {note or 'not known'}", "no price")
