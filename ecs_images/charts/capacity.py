"""Stored GiB over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .style import DASHES, LINES, MOST, largest, name_series, new_axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def capacity_over_time(capacity: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Stored GiB over time as steps, one line for each region, chain or image of the table.

    `capacity` is what `Bill.capacity` gives: a period, a name and the mean GiB. Of more than eight
    names the smallest go together as "other". Raises ValueError for an empty table.
    """
    if len(capacity.columns) != 3 or not len(capacity):
        raise ValueError(
            "a chart of capacity needs a period, a name and GiB in at least one row; "
            "here nothing is stored in the time looked at"
        )
    period, name, gib = capacity.columns
    table = largest(capacity.pivot_table(index=period, columns=name, values=gib, aggfunc="sum", fill_value=0.0))
    table = _with_end(table)
    ax = ax or new_axes()
    for number, column in enumerate(table.columns):
        ax.step(
            table.index, table[column], where="post", label=str(column) or "(no image)",
            color=LINES[number % MOST], linestyle=DASHES[number % len(DASHES)],
            # Thinner ones lie on top, so that lines that coincide show all; dashes repeat after four.
            linewidth=3.2 - 0.3 * number,
        )  # fmt: skip
    ax.set_xlabel("time (UTC+8)")
    ax.set_ylabel("stored [GiB, mean of the period]")
    ax.set_ylim(bottom=0)
    ax.tick_params(axis="x", rotation=30)
    for label in ax.get_xticklabels():
        label.set_horizontalalignment("right")
    plain(ax)
    name_series(ax)
    return ax


def _with_end(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its last period drawn out to its end, as long as the one before it."""
    width = table.index[-1] - table.index[-2] if len(table) > 1 else pd.Timedelta(days=1)
    return pd.concat([table, table.iloc[[-1]].set_axis([table.index[-1] + width])])
