"""What plans cost as time goes on, and when one becomes dearer than another.

As a matplotlib chart, and as the picture that a page redraws with every change of a control.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..units import from_seconds
from . import style
from .svg import LETTER, Picture
from .texts import plain_text, shortened, width_of_text, with_fonts

_COLUMNS = ("x_plan", "x_at", "billing_currency", "list_cost", "x_not_counted")
_LOOKS = (("currentColor", ""), (style.BLUE, "7 3"), (style.RED, "2 3"), (style.GREEN, "9 3 2 3"))
"""Colour and dash of each line; the first has the colour of the page's text."""
_WIDTH, _TOP, _FOOT, _LEFT, _LINE = 440, 34, 194, 52, 14
"""Width of the picture, top, foot and left of the drawing, and height of a line of text [pixel]."""


class Line(NamedTuple):
    """A plan: its name, moments [s since 1970], costs up to them, and what of it has no price."""

    name: str
    seconds: np.ndarray
    costs: np.ndarray
    not_counted: str

    @property
    def lack(self) -> str:
        """A mark where a part has no price."""
        return " + ?" if self.not_counted else ""


class _Crossing(NamedTuple):
    """Where the first plan and another cost the same for the last time; `dearer`: the first one from then on."""

    other: str
    seconds: float
    cost: float
    dearer: bool


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
    lines = lines_of(table)
    for number, line in enumerate(lines):
        look = style.line_look(number - 1) if number else {"color": style.BLACK, "linewidth": 3}
        moments: Any = [from_seconds(int(second)) for second in line.seconds]
        ax.plot(moments, line.costs, label=f"{plain_text(line.name)}{line.lack}", **look)
    crossings = _crossings(lines)
    for crossing in crossings:
        at: Any = from_seconds(int(crossing.seconds))
        ax.plot([at], [crossing.cost], "o", markersize=9, markerfacecolor="none", color=style.DARK)
        ax.annotate(_day(crossing.seconds), (at, crossing.cost), (6, -12), textcoords="offset points")
    ax.set_ylabel(f"list cost up to then [{currency}]")
    ax.set_xlabel("time (UTC+8)")
    style.plain(ax)
    found = "; ".join(f"{shortened(lines[0].name)}, {_said(crossing)}" for crossing in crossings) or _cheapest(lines)
    style.name_series(ax, plain_text(found, 300))
    return with_fonts(ax)


def plans_picture(lines: Sequence[Line], currency: str, text: str) -> str:
    """What `plans_over_time` shows, as SVG for a live page, in the colours of the page.

    lines: the plans; the first is compared with the others
    currency: that of their costs
    text: the same in words, for readers who do not see the picture
    """
    labels = [(shortened(line.name, 20), f"{style.money(line.costs[-1])}{line.lack}") for line in lines]
    right = _WIDTH - 20 - LETTER * max(width_of_text(words) for label in labels for words in label)
    first, last = lines[0].seconds[0], lines[0].seconds[-1]
    highest = max(float(line.costs.max()) for line in lines)
    dearest = max(1e-9, highest)
    picture, ink = Picture(text, _WIDTH, "transparent"), "currentColor"

    def across(seconds: Any) -> Any:
        return _LEFT + (right - _LEFT) * (seconds - first) / max(last - first, 1)

    def up(costs: Any) -> Any:
        return _FOOT - (_FOOT - _TOP) * costs / dearest

    picture.letters(4, 16, f"list cost up to then [{shortened(currency, 12)}]", fill=ink, weight="bold")
    for cost in (0.0, dearest / 2, dearest) if highest else (0.0,):
        picture.line(_LEFT, up(cost), right, up(cost), colour=style.GREY, dash="1 4" if cost else "")
        picture.letters(_LEFT - 6, up(cost) + 4, f"{cost:,.{2 if dearest < 10 else 0}f}", anchor="end", fill=ink)
    looks = [(line, _LOOKS[number % len(_LOOKS)]) for number, line in enumerate(lines)]
    for line, (colour, dash) in reversed(looks):  # so that the first lies above the others
        points = zip(across(line.seconds).tolist(), up(line.costs).tolist(), strict=True)
        picture.curve(list(points), colour, dash=dash, width=2 if dash else 4)
    heights = _spread([up(line.costs[-1]) for line in lines])
    for label, y, (_, (colour, dash)) in zip(labels, heights, looks, strict=True):
        picture.curve([(right + 2, y), (right + 14, y)], colour, dash=dash and "3 2", width=2 if dash else 4)
        for row, words in enumerate(label):
            picture.letters(right + 18, y + 4 + _LINE * row, words, fill=ink)
    for seconds, anchor in ((first, "start"), (last, "end")):
        picture.letters(across(seconds), _FOOT + 16, _day(seconds), anchor=anchor, fill=ink)
    found = _crossings(lines)
    for number, crossing in enumerate(found):
        picture.ring(across(crossing.seconds), up(crossing.cost), ink)
        words = shortened(f"○ {_said(crossing)}", int(_WIDTH / LETTER))
        picture.letters(4, _FOOT + 34 + _LINE * number, words, fill=ink)
    return picture.html(_FOOT + 24 + _LINE * len(found))


def lines_of(table: pd.DataFrame) -> list[Line]:
    """The lines of a table of one currency, in its order."""
    names, lacks = table["x_plan"].tolist(), table["x_not_counted"].tolist()
    seconds = table["x_at"].to_numpy("datetime64[s]").astype("int64")
    costs, places = table["list_cost"].to_numpy("float64"), dict[str, list[int]]()
    for place, name in enumerate(names):
        places.setdefault(str(name), []).append(place)
    return [Line(name, seconds[at], costs[at], lacks[at[0]]) for name, at in places.items()]


def _crossings(lines: Sequence[Line]) -> list[_Crossing]:
    """Where the first line and each other meet for the last time, in the order of time.

    Both run straight from moment to moment. Lines that begin together and part later do not cross.
    """
    mine, *others = lines
    found, same = [], 1e-9 * max(1.0, float(np.abs(mine.costs).max()))
    for other in others:
        ahead = mine.costs - other.costs
        parted = np.flatnonzero(np.abs(ahead) > same)
        changes = np.flatnonzero(np.diff(np.sign(ahead[parted])))
        if len(changes):
            low, high = parted[changes[-1]], parted[changes[-1] + 1]
            part = ahead[low] / (ahead[low] - ahead[high])
            seconds, cost = ((1 - part) * row[low] + part * row[high] for row in (mine.seconds, mine.costs))
            found.append(_Crossing(other.name, float(seconds), float(cost), bool(ahead[high] > 0)))
    return sorted(found, key=lambda crossing: crossing.seconds)


def _said(crossing: _Crossing) -> str:
    """A crossing in words."""
    order = "dearer" if crossing.dearer else "cheaper"
    return f"{_day(crossing.seconds)}: from then on {order} than {shortened(crossing.other)}"


def _cheapest(lines: Sequence[Line]) -> str:
    """Which plan costs least in the end, as far as all its parts have a price."""
    whole = [line for line in lines if not line.lack]
    least = min(whole, key=lambda line: float(line.costs[-1]), default=None)
    return (
        f"{shortened(least.name)} costs least at the end: {style.money(least.costs[-1])}"
        if least and len(lines) > 1
        else ""
    )


def _day(seconds: float) -> str:
    """The day of a moment on the billing clock."""
    return f"{from_seconds(int(seconds)):%Y-%m-%d}"


def _spread(heights: Sequence[float]) -> list[float]:
    """Heights of labels of two lines so that none covers another, each near where it belongs [pixel]."""
    found, step = list(heights), 2 * _LINE + 2
    order = sorted(range(len(found)), key=lambda number: found[number])
    for upper, lower in pairwise(reversed(order)):
        found[lower] = min(found[lower], found[upper] - step)
    found[order[0]] = max(found[order[0]], _TOP)
    for upper, lower in pairwise(order):
        found[lower] = max(found[lower], found[upper] + step)
    return found
