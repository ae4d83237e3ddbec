"""What a bill costs: over time, against another bill, and by who pays."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from ..cards import counted
from ..errors import InputError, UnknownName
from ..units import in_words
from . import style
from .texts import plain_text, with_fonts

_COST_COLUMNS = ("charge_period_start", "list_cost", "billing_currency")
_PAYER_COLUMNS = ("billing_account_id", "sku_meter", "list_cost", "billing_currency")
_FEWEST_MONTHS, _MOST_ACCOUNTS, _MOST_PARTS, _MOST_UNPRICED = 6, 12, 10, 4


def cost_over_time(charges: Any, *, by: str = "sku_meter", ax: Axes | None = None) -> Axes:
    """Cost per month as stacked bars, one colour for each value of the column `by`.

    Months without charges are shown as gaps. Meters are stacked in reverse alphabetical order, so that snapshot
    storage is at the bottom. If there are more than eight values, the smallest are added up as "other".

    charges: a bill in one currency, of which what has no price is named below the axis, or its `charges`: columns
        `charge_period_start` (time), `list_cost`, `billing_currency` and the one that `by` names
    by: a column, such as sku_meter, region_id or billing_account_id
    ax: the axes to draw on; a new figure unless given

    Raises InputError for charges in two currencies, no charges, or an unknown column.
    """
    bill, charges = charges, style.require(_charges(charges), _COST_COLUMNS, "cost", "bill.charges")
    currency = style.one_currency(charges, "cost")
    if by not in charges.columns:
        raise UnknownName("column of charges", str(by), map(str, charges.columns))
    start = charges["charge_period_start"]
    month = start.dt.year * 12 + start.dt.month - 1
    table = charges.groupby([month, charges[by].astype(str)])["list_cost"].sum().unstack(fill_value=0)
    table = table.reindex(range(month.min(), month.max() + 1), fill_value=0)
    table = style.largest(table[sorted(table.columns, reverse=by == "sku_meter")])
    ax = style.axes_or_new(ax)
    bottom = pd.Series(0.0, index=table.index)
    positions = range(len(table))
    for number, name in enumerate(table.columns):
        label = in_words(str(name)) if by == "sku_meter" else str(name)
        ax.bar(
            positions, table[name], bottom=bottom, label=plain_text(label) or "(none)", **style.bar_look(number, name)
        )
        bottom = bottom + table[name]
    ax.set_xlabel(f"month (UTC+8){_not_counted(bill, ax)}")
    ax.set_ylabel(f"list cost [{currency} per month]")
    names = [f"{number // 12}-{number % 12 + 1:02d}" for number in table.index]
    width = style.width_of(ax)
    slanted, step = len(names) > width / 0.8, style.every(len(names), int(width / 0.22))
    turn: dict[str, Any] = {"rotation": 45, "ha": "right"} if slanted else {"rotation": 0, "ha": "center"}
    ax.set_xticks(positions[::step], names[::step], rotation_mode="anchor", **turn)
    totals = table.sum(axis=1)
    if len(names) <= style.width_of(ax) / 0.5:
        for place, month_total in zip(positions, totals, strict=True):
            ax.text(place, month_total, style.money(month_total), ha="center", va="bottom", fontsize=7.5)
    # A few months must not fill the whole width with thick bars.
    spare = max(0.0, (_FEWEST_MONTHS - len(names)) / 2)
    ax.set_xlim(-0.6 - spare, len(names) - 0.4 + spare)
    style.plain(ax)
    whole, most = f"{style.money(totals.sum())} {currency} at list prices", names[totals.argmax()]
    peak = f", most in {most}: {style.money(totals.max())}" if len(names) > 1 and totals.max() > 0 else f" in {most}"
    style.name_series(ax, f"{whole}{peak}{_supposed(bill)}")
    return with_fonts(ax)


def bill_waterfall(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What makes the bill of one scenario into that of another: a bar for each part that changes.

    The largest changes come first; beyond ten the rest go together as "other".

    table: what `Bill.compare` returns, a row for each part: columns `x_part` (such as a meter),
        `x_before` and `x_after` (its list cost in either scenario) and `billing_currency`
    ax: the axes to draw on; a new figure unless given

    Raises InputError for two currencies or an empty table.
    """
    columns = ("x_part", "x_before", "x_after", "billing_currency")
    table = style.require(table, columns, "two bills", "bill.compare(…)")
    currency = style.one_currency(table, "two bills")
    parts = table.groupby(table["x_part"].astype(str))[["x_before", "x_after"]].sum()
    change = _largest_changes(parts["x_after"] - parts["x_before"])
    before, after = float(parts["x_before"].sum()), float(parts["x_after"].sum())
    ends = before + change.cumsum()
    ax = style.axes_or_new(ax, 8, 1.6 + 0.36 * (len(change) + 2))
    rows = len(change) + 2
    size = style.row_font(ax, rows)
    room = max(before, after, ends.max() if rows > 2 else 0.0) or 1.0
    ax.barh([0, rows - 1], [before, after], color=style.GREY, height=0.6, label="total")
    for row, (amount, end) in enumerate(zip(change, ends, strict=True), 1):
        colour, hatch = (style.ORANGE, "//") if amount > 0 else (style.BLUE, "")
        ax.barh(row, amount, left=end - amount, color=colour, hatch=hatch, edgecolor=style.ink(colour), height=0.6)
    # Thin lines connect each level with the next bar.
    for row, level in enumerate([before, *ends]):
        ax.plot([level, level], [row - 0.3, row + 1.3], color=style.DARK, linewidth=0.7)
    amounts = [style.money(before), *map(_signed, change), style.money(after)]
    tops = [before, *(max(end, end - amount) for amount, end in zip(change, ends, strict=True)), after]
    for row, (text, top) in enumerate(zip(amounts, tops, strict=True)):
        if size:
            ax.text(top + 0.01 * room, row, text, va="center", fontsize=size)
    style.name_rows(ax, ["before", *(in_words(part) or "(none)" for part in change.index), "after"], longest=44)
    ax.set_xlim(min(0.0, 1.05 * ends.min() if rows > 2 else 0.0), 1.16 * room)
    ax.set_xlabel(f"list cost [{currency}]")
    title = "nothing changes"
    if len(change):
        most = f"; most by {plain_text(in_words(change.index[0])) or '(none)'}, {_signed(change.iloc[0])}"
        title = f"{_signed(after - before)} {currency} in all{most if len(change) > 1 else ''}"
    style.plain(ax, "x")
    style.headline(ax, title)
    return with_fonts(ax)


def who_pays(charges: Any, *, owner: str, receivers: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """What the owner of images pays and what their receivers pay, as bars stacked by meter.

    The owner comes first, the others follow by amount. If there are more than twelve accounts, the smallest are
    added up.

    charges: a bill, of which what has no price is named below the axis, its `charges`, or what
        `Bill.by("account", "meter")` returns: columns `billing_account_id`, `sku_meter`, `list_cost` and
        `billing_currency`
    owner: the account that owns the images
    receivers: accounts that are shown even when they pay nothing
    ax: the axes to draw on; a new figure unless given

    Raises InputError for two currencies or no charges.
    """
    bill, charges = charges, style.require(_charges(charges), _PAYER_COLUMNS, "who pays", "bill.charges")
    receivers = [receivers] if isinstance(receivers, str) else receivers
    currency = style.one_currency(charges, "who pays")
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
    rows = style.largest(rows[sorted(rows.columns, reverse=True)])
    ax = style.axes_or_new(ax, 8, 1.4 + 0.36 * len(rows))
    left = pd.Series(0.0, index=rows.index)
    for number, meter in enumerate(rows.columns):
        label = plain_text(in_words(str(meter))) or "(none)"
        ax.barh(range(len(rows)), rows[meter], left=left, label=label, height=0.6, **style.bar_look(number, meter))
        left = left + rows[meter]
    size, room = style.row_font(ax, len(rows)), float(left.max()) or 1.0
    for row, amount in enumerate(left):
        if size:
            ax.text(amount + 0.01 * room, row, style.money(amount), va="center", fontsize=size)
    style.name_rows(ax, list(rows.index))
    ax.set_xlim(0, 1.16 * room)
    ax.set_xlabel(f"list cost [{currency}]{_not_counted(bill, ax)}")
    style.plain(ax, "x")
    style.legend_above(ax)
    own, whole = float(table.loc[owner].sum()), float(table.sum(axis=None))
    share = f" ({own / whole:.0%})" if whole else ""
    paid = f"{style.money(own)} of {style.money(whole)} {currency}{share} at list prices{_supposed(bill)}"
    style.headline(ax, f"{plain_text(owner)} pays {paid}")
    return with_fonts(ax)


def _charges(bill: Any) -> Any:
    """The charges of a bill; anything else is returned as it is."""
    return bill if isinstance(bill, pd.DataFrame) else getattr(bill, "charges", bill)


def _supposed(bill: Any) -> str:
    """How many assumptions a bill makes; empty for charges alone, which do not say."""
    with suppress(InputError, AttributeError):
        return f"; {counted(len(bill.assumptions()), 'assumption')}"
    return ""


def _not_counted(bill: Any, ax: Axes) -> str:
    """Lines below an axis that name what of a bill has no price; empty for charges alone, which do not say."""
    unpriced = None
    with suppress(InputError):
        unpriced = getattr(bill, "unpriced", None)
    if unpriced is None or not len(unpriced):
        return ""
    pairs = zip(unpriced["sku_meter"].astype(str), unpriced["region_id"].astype(str), strict=True)
    names = list(dict.fromkeys(f"{plain_text(in_words(meter))} in {plain_text(region)}" for meter, region in pairs))
    more = [f"{len(names) - _MOST_UNPRICED} more"] if len(names) > _MOST_UNPRICED else []
    note = f"+ ?, not counted: {', '.join(names[:_MOST_UNPRICED] + more)}"
    return "\n" + textwrap.fill(note, max(20, int(style.width_of(ax) / 0.08)), break_long_words=False)


def _signed(amount: float) -> str:
    return f"{'+' if amount > 0 else '−'}{style.money(abs(amount))}"


def _largest_changes(change: pd.Series) -> pd.Series:
    """Changes other than 0, the largest first; if there are more than ten, the smallest are added up as "other"."""
    change = change[change.abs() > 1e-9]
    change = change.loc[change.abs().sort_values(ascending=False, kind="stable").index]
    if len(change) <= _MOST_PARTS:
        return change
    kept = change.iloc[: _MOST_PARTS - 1].copy()
    kept["other"] = change.iloc[_MOST_PARTS - 1 :].sum()
    return kept
