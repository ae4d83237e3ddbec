"""Charts: a table in, matplotlib `Axes` out. No model code is used here.

Lines and areas differ in shade, dash and hatch as well as in colour, so that they can be told
apart in grey and by the colour-blind.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, ordered so that neighbours differ in lightness too.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_HATCHES = ("", "//", "..", "xx", "\\\\", "++", "--", "oo")
_DASHES = ("-", "--", "-.", ":")
_MOST = len(_COLOURS)

METER_NAMES = {
    "snapshot_standard": "snapshot storage",
    "snapshot_copy_traffic": "snapshot copy traffic",
    "os_licence": "OS licence",
    "marketplace_fee": "marketplace fee",
}


def cost_over_time(charges: pd.DataFrame, *, by: str = "sku_meter", ax: Axes | None = None) -> Axes:
    """Cost per month as stacked bars, one colour for each value of the column `by`.

    `charges` is a `CHARGES` table in one currency; raises ValueError for two.
    """
    currency = _one_currency(charges)
    month = charges["charge_period_start"].dt.strftime("%Y-%m")
    table = charges.groupby([month, charges[by].astype(str)])["list_cost"].sum().unstack(fill_value=0)
    table = _largest(table[sorted(table.columns, key=_place)])
    ax = ax or _new_axes()
    bottom = pd.Series(0.0, index=table.index)
    for number, name in enumerate(table.columns):
        ax.bar(
            table.index, table[name], bottom=bottom, label=METER_NAMES.get(str(name), str(name) or "(none)"),
            color=_COLOURS[number % _MOST], hatch=_HATCHES[number % _MOST], edgecolor="white", linewidth=0.5,
        )  # fmt: skip
        bottom = bottom + table[name]
    ax.set_xlabel("month (UTC+8)")
    ax.set_ylabel(f"list cost [{currency} per month]")
    _finish(ax, len(table.columns), len(table.index))
    return ax


def capacity_over_time(capacity: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Stored GiB over time as steps, one line for each region, chain or image of the table.

    `capacity` is what `Bill.capacity` gives: a period, a name and the mean GiB.
    """
    period, name, gib = capacity.columns
    table = _largest(capacity.pivot_table(index=period, columns=name, values=gib, aggfunc="sum", fill_value=0.0))
    table = _with_end(table)
    ax = ax or _new_axes()
    for number, column in enumerate(table.columns):
        ax.step(
            table.index, table[column], where="post", label=str(column) or "(no image)",
            color=_COLOURS[number % _MOST], linestyle=_DASHES[number % len(_DASHES)], linewidth=1.8,
        )  # fmt: skip
    ax.set_xlabel("time (UTC+8)")
    ax.set_ylabel("stored [GiB, mean of the period]")
    ax.set_ylim(bottom=0)
    ax.figure.autofmt_xdate()
    _finish(ax, len(table.columns), 0)
    return ax


def _with_end(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its last period drawn out to its end, as long as the one before it."""
    if len(table) == 0:
        return table
    width = table.index[-1] - table.index[-2] if len(table) > 1 else pd.Timedelta(days=1)
    return pd.concat([table, table.iloc[[-1]].set_axis([table.index[-1] + width])])


def _place(name: Hashable) -> tuple[int, str]:
    """Meters in the order of `METER_NAMES`, so that storage lies at the bottom; else by name."""
    order = list(METER_NAMES)
    return (order.index(str(name)) if name in order else len(order)), str(name)


def _new_axes() -> Axes:
    _, ax = plt.subplots(figsize=(8, 4), layout="constrained")
    return ax


def _one_currency(charges: pd.DataFrame) -> str:
    currencies = sorted(set(charges["billing_currency"].astype(str)))
    if len(currencies) != 1:
        found = " and ".join(currencies) if currencies else "no charges"
        raise ValueError(f"a chart of cost needs charges in one currency; this table has {found}")
    return currencies[0]


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """At most eight columns: the largest, and the rest together as "other"."""
    if len(table.columns) <= _MOST:
        return table
    order = table.sum().sort_values(ascending=False, kind="stable").index
    kept = table[order[: _MOST - 1]].copy()
    kept["other"] = table[order[_MOST - 1 :]].sum(axis=1)
    return kept


def _finish(ax: Axes, series: int, labels: int) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    if labels > 8:
        ax.tick_params(axis="x", rotation=45)
    if series > 1:
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=min(series, 4))
    elif series == 1:
        _, names = ax.get_legend_handles_labels()
        ax.set_title(names[0], fontsize="medium")
