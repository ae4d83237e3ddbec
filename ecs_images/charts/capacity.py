"""Stored GiB over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from ..errors import InputError
from .style import OTHER, axes_or_new, bar_look, largest, line_look, name_series, plain, require
from .style import gib as size
from .texts import plain_text, with_fonts


def capacity_over_time(
    capacity: Any, *, names: Mapping[str, str] | None = None, stacked: bool = True, ax: Axes | None = None
) -> Axes:
    """Stored GiB over time as steps, one area for each region, chain or image of the table.

    If there are more than eight, the smallest are added up as "other".

    capacity: a bill, of which the GiB of each region are drawn month by month, or what `Bill.capacity` returns, three
        columns: the start of a period (time), a name (region, chain or image), and the mean of what was stored [GiB]
    names: what to call each in place of its id, such as `bill.names("image")`; None: as in the table
    stacked: whether the names lie on top of one another, as areas whose top is what is stored in all; False: a line
        for each, for names that stand for the same thing in different scenarios
    ax: the axes to draw on; a new figure unless given

    Raises InputError for an empty table.
    """
    if not isinstance(capacity, pd.DataFrame) and hasattr(capacity, "capacity"):
        capacity = capacity.capacity()
    require(capacity, (), "capacity", "bill.capacity()")
    if len(capacity.columns) != 3:
        raise InputError("a chart of capacity needs three columns: a period, a name and GiB; see bill.capacity()")
    period, name, gib = capacity.columns
    if not is_datetime64_any_dtype(capacity[period]) or not is_numeric_dtype(capacity[gib]):
        raise InputError("a chart of capacity needs times in its first column and GiB in its last")
    if names is not None:
        capacity = capacity.assign(**{name: capacity[name].astype(str).map(lambda found: names.get(found, found))})
    table = capacity.pivot_table(index=period, columns=name, values=gib, aggfunc="sum", fill_value=0.0)
    count = len(table.columns)
    table = _with_end(largest(table))
    ax = axes_or_new(ax)
    bottom = pd.Series(0.0, index=table.index)
    for number, column in enumerate(table.columns):
        named = plain_text(column) or "(no image)"
        if stacked:
            look = bar_look(number, column)
            look["facecolor"] = look.pop("color")
            top = bottom + table[column]
            ax.fill_between(table.index, bottom, top, step="post", label=named, **look)
            bottom = top
            continue
        # Later lines are thinner and on top, so lines that coincide are all visible; dashes repeat after four.
        look = {**line_look(number, column), "linewidth": 3.2 - 0.3 * number}
        ax.step(table.index, table[column], where="post", label=named, **look)
    ax.set_xlabel("time (UTC+8)")
    ax.set_ylabel("stored [GiB, mean of the period]")
    ax.set_ylim(bottom=0)
    ax.tick_params(axis="x", rotation=30)
    for label in ax.get_xticklabels():
        label.set_horizontalalignment("right")
    plain(ax)
    alone = table.drop(columns=OTHER, errors="ignore")
    stored = table.sum(axis=1) if stacked else alone[alone.max().idxmax()]
    which = f"; the {len(alone.columns)} largest of {count} are named" if count > len(table.columns) else ""
    name_series(ax, _growth(stored, len(table.columns), stacked) + which)
    return with_fonts(ax)


def _growth(stored: pd.Series, lines: int, stacked: bool) -> str:
    """From what size to what size the storage in all, or the largest line, went, and its greatest if that is larger."""
    first, last, most = (size(round(amount, 1)) for amount in (stored.iloc[0], stored.iloc[-1], stored.max()))
    who = "" if stacked or lines == 1 else f"{plain_text(stored.name) or '(no image)'}, the largest: "
    peak = f", at most {most} in the period from {stored.idxmax():%Y-%m-%d}" if most not in (first, last) else ""
    return f"{who}from {first} to {last}{peak}"


def _with_end(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a last row at the end of the last period, taken to be as long as the one before it."""
    width = table.index[-1] - table.index[-2] if len(table) > 1 else pd.Timedelta(days=1)
    return pd.concat([table, table.iloc[[-1]].set_axis([table.index[-1] + width])])
