"""What the images of an account cost and hold: what is known, and what is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from . import style
from .svg import BESIDE, LETTER, MARGIN, Picture
from .texts import shortened, with_fonts

_COLUMNS = ("x_name", "x_called", "list_cost", "x_freed_low_cost", "x_freed_high_cost", "billing_currency")
_HELD = ("x_at", "x_name", "x_called", "region_id", "x_held_low_gib", "x_held_high_gib")
_MOST, _HIGH = 20, 0.8
"""How many rows are drawn, and the height of the highest bar in its row."""
_EXACT = 1e-9  # GiB
_TOP, _TALL = 34, 150
"""Top of the live picture's plot, and its height [pixel]."""


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


def held_over_time(table: Any, *, images: str | Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """What images of an account held alone at each moment of which totals were saved: a row of bars for each image.

    A bar is dark up to what the image held at least, and hatched from there to what it held at most. So a bar without
    a hatch is known exactly. Where nothing bounds it, the hatch ends in an arrow. The bars of all rows have one scale.

    table: what `Inventory.held` returns: columns `x_at` (the moment), `x_name` and `x_called` (the image and its name),
        `region_id`, `x_held_low_gib` and `x_held_high_gib` [GiB]
    images: ids or names of the images to draw; None: the twenty that hold the most at their last moment
    ax: where it is drawn; a new figure unless given

    Raises InputError for an empty table, UnknownName for an image that is not in it.
    """
    table = style.require(table, _HELD, "what images hold", "Inventory.held()").sort_values("x_at")
    last = table.drop_duplicates("x_name", keep="last")
    last = last.sort_values(["x_held_high_gib", "x_name"], ascending=[False, True])
    if images is not None:
        last = last[last["x_name"].isin(style.chosen_images(images, last["x_name"], last["x_called"]))]
    last = last.head(_MOST)
    table = table[table["x_name"].isin(last["x_name"])]
    scale = _HIGH / (float(table[["x_held_low_gib", "x_held_high_gib"]].max(axis=None)) or 1.0)
    moments = table["x_at"].drop_duplicates()
    width: Any = 0.7 * min(moments.diff().min(), pd.Timedelta(days=31)) if len(moments) > 1 else pd.Timedelta(days=1)
    ax = style.axes_or_new(ax, height=1.5 + 0.4 * len(last))
    known: dict[str, Any] = {"facecolor": style.BLUE}
    bounded: dict[str, Any] = {"facecolor": "white", "hatch": "////", "edgecolor": style.DARK, "linewidth": 0.6}
    for place, name in enumerate(last["x_name"]):
        row, foot = table[table["x_name"] == name], place + _HIGH / 2
        low, high = scale * row["x_held_low_gib"], scale * row["x_held_high_gib"]
        open_ended = high.isna()
        ax.bar(row["x_at"], -low, width, foot, **known)
        ax.bar(row["x_at"], low - high.fillna(_HIGH), width, foot - low, **bounded)
        ax.plot(row.loc[open_ended, "x_at"], [foot - _HIGH] * open_ended.sum(), "^", color=style.DARK, markersize=5)
        ax.axhline(foot, color=style.GREY, linewidth=0.5)
        end = " " + _range(*row[["x_held_low_gib", "x_held_high_gib"]].iloc[-1])
        ax.annotate(end, (1, place + 0.15), xycoords=("axes fraction", "data"), fontsize=8, va="center")
    names = [called or name for called, name in zip(last["x_called"], last["x_name"], strict=True)]
    places = [f"{shortened(name, 24)} · {region}" for name, region in zip(names, last["region_id"], strict=True)]
    style.name_rows(ax, places, longest=40)
    some = moments.tolist()[:: -style.every(len(moments), 6)]
    ax.set_xticks(some, [f"{moment:%Y-%m-%d}" for moment in some], fontsize=8)
    ax.set_xlabel("when totals were saved (UTC+8)")
    style.plain(ax, grid="x")
    told = ((known, "held at least"), (bounded, "from there to the most: not known how much of it"))
    style.legend_above(ax, [Patch(label=words, **look) for look, words in told])
    exact = (last["x_held_high_gib"] - last["x_held_low_gib"] < _EXACT).sum()
    style.headline(ax, f"{exact} of {len(last)} known exactly at their last moment")
    return with_fonts(ax)


def _range(low: float, high: float) -> str:
    """What is held, as a number where it is known and else as a range."""
    if high != high:
        return f"{style.gib(low)} or more"
    return style.gib(high) if high - low < _EXACT else f"{low:.4g} to {style.gib(high)}"


def saving_picture(steps: pd.DataFrame, text: str) -> str:
    """What is saved after each step of a plan, as SVG for a live page in its colours: at least, and at most (hatched).

    steps: a `STEPS` table of a plan: columns `x_freed_low_cost`, `x_freed_high_cost` (NaN where nothing bounds it:
        the hatch goes to the top) and `billing_currency`
    text: the same in words, for readers who do not see the picture

    Raises InputError for an empty table.
    """
    columns = ("x_freed_low_cost", "x_freed_high_cost", "billing_currency")
    table = style.require(steps, columns, "what a plan saves", "Inventory.clean()")
    currency = style.one_currency(table, "what a plan saves")
    picture, ink = Picture(text, BESIDE, "transparent"), "currentColor"
    low, high = table["x_freed_low_cost"].tolist(), table["x_freed_high_cost"]
    most = float(max(high.max() if high.notna().any() else 0, max(low))) or 1.0
    heights = [tick for tick in MaxNLocator(4).tick_values(0, most) if tick >= 0]
    left, right, foot = 24 + LETTER * max(len(f"{tick:g}") for tick in heights), BESIDE - MARGIN, _TOP + _TALL
    width = (right - left) / len(low)

    def up(cost: float) -> float:
        return foot - _TALL * cost / heights[-1]

    def outline(costs: Sequence[float]) -> list[tuple[float, float]]:
        """The tops of neighbouring steps, from left to right."""
        return [(left + width * (k + side), up(cost)) for k, cost in enumerate(costs) for side in (0, 1)]

    picture.letters(8, 16, f"saved in 30 days after each step [{currency}]", fill=ink, weight="bold")
    for tick in heights:
        picture.line(left, up(tick), right, up(tick), colour=style.GREY, dash="1 4")
        picture.letters(left - 8, up(tick) + 4, f"{tick:g}", anchor="end", fill=ink)
    tops = outline(high.fillna(heights[-1]).tolist())
    picture.shape([*tops, *outline(low)[::-1]], picture.hatch("/", ink), edge=ink)
    picture.shape([(left, foot), *outline(low), (right, foot)], style.BLUE, edge=ink)
    picture.letters(left, foot + 16, "step 1", fill=ink)
    picture.letters(right, foot + 16, f"step {len(low)}", anchor="end", fill=ink)
    picture.letters(8, foot + 36, "filled: at least; hatched: from there to the most", fill=ink)
    return picture.html(foot + 44)
