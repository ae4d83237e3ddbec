"""What a bill costs: over time, against another bill, and by who pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..units import in_words
from .style import (
    BLUE,
    COLOURS,
    DARK,
    GREY,
    HATCHES,
    MOST,
    ORANGE,
    every,
    ink,
    largest,
    legend_above,
    money,
    name_rows,
    name_series,
    new_axes,
    one_currency,
    plain,
    require,
    row_font,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FEWEST_MONTHS, _MOST_ACCOUNTS, _MOST_PARTS = 6, 12, 10


def cost_over_time(charges: pd.DataFrame, *, by: str = "sku_meter", ax: Axes | None = None) -> Axes:
    """Cost per month as stacked bars, one colour for each value of the column `by`.

    Meters are stacked from the end of the alphabet, so that snapshot storage lies at the bottom.

    `charges` is a `CHARGES` table in one currency; raises ValueError for two, and for no charges.
    Months without charges have their place too.
    """
    currency = one_currency(charges)
    start = charges["charge_period_start"]
    month = start.dt.year * 12 + start.dt.month - 1
    table = charges.groupby([month, charges[by].astype(str)])["list_cost"].sum().unstack(fill_value=0)
    table = table.reindex(range(month.min(), month.max() + 1), fill_value=0)
    table = largest(table[sorted(table.columns, reverse=by == "sku_meter")])
    ax = ax or new_axes()
    bottom = pd.Series(0.0, index=table.index)
    positions = range(len(table))
    for number, name in enumerate(table.columns):
        colour = COLOURS[number % MOST]
        ax.bar(
            positions, table[name], bottom=bottom, label=_series(by, str(name)),
            color=colour, hatch=HATCHES[number % MOST], edgecolor=ink(colour), linewidth=0.4,
        )  # fmt: skip
        bottom = bottom + table[name]
    ax.set_xlabel("month (UTC+8)")
    ax.set_ylabel(f"list cost [{currency} per month]")
    names = [f"{number // 12}-{number % 12 + 1:02d}" for number in table.index]
    slanted = len(names) > width_of(ax) / 0.8
    step = every(len(names), int(width_of(ax) / 0.22))
    ax.set_xticks(
        positions[::step], names[::step], rotation=45 if slanted else 0, ha="right" if slanted else "center",
        rotation_mode="anchor",
    )  # fmt: skip
    # A bar of one month does not fill the whole width.
    spare = max(0.0, (_FEWEST_MONTHS - len(names)) / 2)
    ax.set_xlim(-0.6 - spare, len(names) - 0.4 + spare)
    plain(ax)
    name_series(ax)
    return ax


def bill_waterfall(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What makes the bill of one scenario into that of another: a bar for each part that changes.

    Columns: `x_part` (such as a meter), `x_before` and `x_after` (its list cost in either
    scenario), `billing_currency`. The largest changes come first; beyond ten the rest go together
    as "other". Raises ValueError for two currencies or an empty table.
    """
    require(table, ("x_part", "x_before", "x_after", "billing_currency"), "two bills")
    currency = one_currency(table, "two bills")
    parts = table.groupby(table["x_part"].astype(str))[["x_before", "x_after"]].sum()
    change = _largest_changes(parts["x_after"] - parts["x_before"])
    before, after = float(parts["x_before"].sum()), float(parts["x_after"].sum())
    ends = before + change.cumsum()
    ax = ax or new_axes(8, 1.6 + 0.36 * (len(change) + 2))
    rows = len(change) + 2
    size = row_font(ax, rows)
    room = max(before, after, ends.max() if rows > 2 else 0.0) or 1.0
    ax.barh([0, rows - 1], [before, after], color=GREY, height=0.6, label="total")
    for row, (amount, end) in enumerate(zip(change, ends, strict=True), 1):
        colour, hatch = (ORANGE, "//") if amount > 0 else (BLUE, "")
        ax.barh(row, amount, left=end - amount, color=colour, hatch=hatch, edgecolor=ink(colour), height=0.6)
    # Thin lines carry each level down to the next bar.
    for row, level in enumerate([before, *ends]):
        ax.plot([level, level], [row - 0.3, row + 1.3], color=DARK, linewidth=0.7)
    amounts = [money(before), *(f"{'+' if amount > 0 else '−'}{money(abs(amount))}" for amount in change), money(after)]
    tops = [before, *(max(end, end - amount) for amount, end in zip(change, ends, strict=True)), after]
    for row, (text, top) in enumerate(zip(amounts, tops, strict=True)):
        if size:
            ax.text(top + 0.01 * room, row, text, va="center", fontsize=size)
    name_rows(ax, ["before", *(in_words(part) or "(none)" for part in change.index), "after"])
    ax.set_xlim(min(0.0, 1.05 * ends.min() if rows > 2 else 0.0), 1.16 * room)
    ax.set_xlabel(f"list cost [{currency}]")
    total = after - before
    said = "nothing changes" if not len(change) else f"{'+' if total > 0 else '−'}{money(abs(total))} {currency} in all"
    ax.set_title(said, loc="left", fontsize="medium")
    plain(ax, "x")
    return ax


def who_pays(
    charges: pd.DataFrame, *, owner: str, receivers: Sequence[str] = (), ax: Axes | None = None
) -> Axes:  # fmt: skip
    """What the owner of images pays, and what those who receive them pay, as bars stacked by meter.

    `charges` is a `CHARGES` table, or what `Bill.by("account", "meter")` gives: columns
    `billing_account_id`, `sku_meter`, `list_cost`, `billing_currency`. The owner comes first;
    then everyone else by amount, and `receivers` also when they pay nothing. Beyond twelve
    accounts the rest go together. Raises ValueError for two currencies or no charges.
    """
    require(charges, ("billing_account_id", "sku_meter", "list_cost", "billing_currency"), "who pays")
    currency = one_currency(charges, "who pays")
    keys = [charges["billing_account_id"].astype(str), charges["sku_meter"].astype(str)]
    table = charges.groupby(keys)["list_cost"].sum().unstack(fill_value=0)
    others = [name for name in dict.fromkeys([*table.index, *receivers]) if name != owner]
    table = table.reindex([owner, *others], fill_value=0.0)
    others = sorted(others, key=lambda name: (-table.loc[name].sum(), name))
    rest = others[_MOST_ACCOUNTS - 2 :] if len(others) >= _MOST_ACCOUNTS else []
    names = [f"{owner} (owner)", *others[: len(others) - len(rest)]]
    rows = table.loc[[owner, *others[: len(others) - len(rest)]]].set_axis(names)
    if rest:
        rows = pd.concat([rows, table.loc[rest].sum().to_frame(f"{len(rest)} others").T])
    rows = largest(rows[sorted(rows.columns, reverse=True)])
    ax = ax or new_axes(8, 1.4 + 0.36 * len(rows))
    left = pd.Series(0.0, index=rows.index)
    for number, meter in enumerate(rows.columns):
        colour = COLOURS[number % MOST]
        ax.barh(
            range(len(rows)), rows[meter], left=left, label=in_words(str(meter)), height=0.6,
            color=colour, hatch=HATCHES[number % MOST], edgecolor=ink(colour), linewidth=0.4,
        )  # fmt: skip
        left = left + rows[meter]
    size, room = row_font(ax, len(rows)), float(left.max()) or 1.0
    for row, amount in enumerate(left):
        if size:
            ax.text(amount + 0.01 * room, row, money(amount), va="center", fontsize=size)
    name_rows(ax, list(rows.index))
    ax.set_xlim(0, 1.16 * room)
    ax.set_xlabel(f"list cost [{currency}]")
    plain(ax, "x")
    legend_above(ax)
    return ax


def _series(by: str, name: str) -> str:
    if not name:
        return "(none)"
    return in_words(name) if by == "sku_meter" else name


def _largest_changes(change: pd.Series) -> pd.Series:
    """Changes other than 0, the largest first, and those beyond the tenth together."""
    change = change[change.abs() > 1e-9]
    change = change.loc[change.abs().sort_values(ascending=False, kind="stable").index]
    if len(change) <= _MOST_PARTS:
        return change
    kept = change.iloc[: _MOST_PARTS - 1].copy()
    kept["other"] = change.iloc[_MOST_PARTS - 1 :].sum()
    return kept
