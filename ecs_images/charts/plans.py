"""What plans cost as time goes on, and when one becomes dearer than another.

As a matplotlib chart, and as the picture that a page redraws with every change of a control.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from . import style
from .svg import LETTER, Picture
from .texts import plain_text, shortened, width_of_text, with_fonts

_COLUMNS = ("x_plan", "x_at", "billing_currency", "list_cost", "x_not_counted")
_LOOKS = (("currentColor", ""), (style.BLUE, "7 3"), (style.RED, "2 3"), (style.GREEN, "9 3 2 3"))
"""Colour and dash of each line; the first has the colour of the page's text."""
_WIDTH, _TOP, _FOOT, _LEFT, _LINE = 440, 30, 190, 52, 15
"""Width of the picture, top, foot and left of the drawing, and height of a line of text [pixel]."""


class Crossing(NamedTuple):
    """Where the first plan and another cost the same for the last time."""

    other: str
    at: pd.Timestamp
    cost: float
    dearer: bool
    """Whether the first plan is the dearer one from then on."""


def plans_over_time(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What each of several plans has cost up to each moment, and where the first one crosses another.

    table: a row for each plan and moment, as `costs_over_time` returns them: columns `x_plan`, `x_at`,
        `billing_currency`, `list_cost` (what was added up to then) and `x_not_counted` (what of the plan has no
        price; such a line is marked "+ ?"). The first plan is drawn thick and compared with the others
    ax: where it is drawn; a new figure unless given

    Raises InputError for amounts in two currencies or an empty table.
    """
    style.require(table, _COLUMNS, "plans over time", "costs_over_time()")
    currency = style.one_currency(table, "plans over time")
    ax = style.axes_or_new(ax)
    for number, (name, line) in enumerate(_lines(table).items()):
        look = style.line_look(number - 1) if number else {"color": style.BLACK, "linewidth": 3}
        label = f"{plain_text(name)}{_lack(line)}"
        ax.plot(line["x_at"], line["list_cost"], label=label, **look)
    for crossing in crossings(table):
        ax.plot([crossing.at], [crossing.cost], "o", markersize=9, markerfacecolor="none", color=style.DARK)
        ax.annotate(f"{crossing.at:%Y-%m-%d}", (crossing.at, crossing.cost), (4, -14), textcoords="offset points")  # type: ignore[arg-type]
    ax.set_ylabel(f"list cost up to then [{currency}]")
    ax.set_xlabel("time (UTC+8)")
    style.plain(ax)
    style.name_series(ax)
    return with_fonts(ax)


def plans_picture(table: pd.DataFrame, text: str) -> str:
    """What `plans_over_time` shows, as SVG for a live page, in the colours of the page.

    table: as for `plans_over_time`
    text: the same in words, for readers who do not see the picture
    """
    lines, currency = _lines(table), table["billing_currency"].iloc[0]
    labels = _labels(lines)
    right = _WIDTH - 12 - LETTER * max(width_of_text(words) for words, _ in labels)
    times = table["x_at"]
    first, span = times.min(), (times.max() - times.min()) / pd.Timedelta(1) or 1
    dearest = max(float(np.nanmax(table["list_cost"])), 1e-9)
    picture = Picture(text, _WIDTH, "transparent")

    def place(at: pd.Timestamp, cost: float) -> tuple[float, float]:
        return _LEFT + (right - _LEFT) * ((at - first) / pd.Timedelta(1) / span), _FOOT - (_FOOT - _TOP) * cost / dearest

    ink = "currentColor"
    picture.letters(4, 16, f"list cost up to then [{currency}]", fill=ink, weight="bold")
    for cost in (0.0, dearest / 2, dearest):
        _, y = place(first, cost)
        picture.line(_LEFT, y, right, y, colour=style.GREY, dash="" if cost == 0 else "1 4")
        picture.letters(_LEFT - 6, y + 4, style.money(cost) if dearest < 100 else f"{cost:,.0f}", anchor="end", fill=ink)
    for (_, line), (colour, dash) in zip(reversed(lines.items()), reversed(_LOOKS[: len(lines)]), strict=True):
        points = [place(at, cost) for at, cost in zip(line["x_at"], line["list_cost"], strict=True)]
        picture.curve(points, colour, dash=dash, width=2 if dash else 4)
    found = crossings(table)
    for crossing in found:
        picture.ring(*place(crossing.at, crossing.cost), ink)
    heights = _spread([place(first, cost)[1] for _, cost in labels])
    for (words, _), y, (colour, _) in zip(labels, heights, _LOOKS, strict=False):
        picture.letters(right + 8, y + 4, words, fill=ink)
        picture.line(right + 1, y, right + 6, y, colour=colour)
    for at, anchor in ((first, "start"), (times.max(), "end")):
        picture.letters(place(at, 0)[0], _FOOT + 16, f"{at:%Y-%m-%d}", anchor=anchor, fill=ink)
    for number, crossing in enumerate(found):
        words = f"○ {crossing.at:%Y-%m-%d}: from here on {'dearer' if crossing.dearer else 'cheaper'} than {crossing.other}"
        picture.letters(4, _FOOT + 34 + _LINE * number, shortened(words, int(_WIDTH / LETTER)), fill=ink)
    return picture.html(_FOOT + 24 + _LINE * len(found))


def crossings(table: pd.DataFrame) -> list[Crossing]:
    """Where the first plan of a table and each other cost the same for the last time, in the order of time.

    Both grow evenly between two moments of the table. Plans that cost the same at first and part later do not cross.
    """
    (_, mine), *others = _lines(table).items()
    costs, found = mine["list_cost"].to_numpy(), []
    for name, other in others:
        ahead = costs - other["list_cost"].to_numpy()
        ahead[np.abs(ahead) < 1e-9 * max(1.0, float(np.abs(costs).max()))] = 0
        parted = np.flatnonzero(ahead)
        changes = np.flatnonzero(np.diff(np.sign(ahead[parted])))
        if len(changes):
            low, high = parted[changes[-1]], parted[changes[-1] + 1]
            part = ahead[low] / (ahead[low] - ahead[high])
            at = mine["x_at"].iloc[low] + part * (mine["x_at"].iloc[high] - mine["x_at"].iloc[low])
            cost = costs[low] + part * (costs[high] - costs[low])
            found.append(Crossing(name, at.round("s"), float(cost), bool(ahead[high] > 0)))
    return sorted(found, key=lambda crossing: crossing.at)


def _lines(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): line for name, line in table.groupby("x_plan", sort=False, observed=True)}


def _lack(line: pd.DataFrame) -> str:
    return " + ?" if line["x_not_counted"].iloc[0] else ""


def _labels(lines: dict[str, pd.DataFrame]) -> list[tuple[str, float]]:
    """What stands at the end of each line, with its amount."""
    ends = [(name, float(line["list_cost"].iloc[-1]), _lack(line)) for name, line in lines.items()]
    return [(f"{shortened(name, 22)} {style.money(cost)}{lack}", cost) for name, cost, lack in ends]


def _spread(heights: Sequence[float]) -> list[float]:
    """Heights of labels so that none covers another, each near where it belongs [pixel]."""
    found = list(heights)
    order = sorted(range(len(found)), key=lambda number: found[number], reverse=True)
    for lower, upper in zip(order, order[1:], strict=False):
        found[upper] = min(found[upper], found[lower] - _LINE)
    return found
