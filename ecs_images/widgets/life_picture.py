"""The life of an image and its snapshots, for a live page: what `charts.image_lifecycle` shows, with the
moment that is looked at."""

from __future__ import annotations

from datetime import datetime
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.dates import AutoDateFormatter, AutoDateLocator, num2date
from matplotlib.markers import MarkerStyle

from ..charts.lifecycle import mark_look, row_names, status_look
from ..charts.style import DARK, ink
from ..units import show_time
from .svg import EDGE, LETTER, WIDTH, Picture

_ROW, _LINE, _SIGN = 30, 20, 5.5
"""Height of a row and of a line of the legend, half the width of a sign [pixel]."""
_HEIGHTS = {"image": 20, "snapshot": 11}
"""Height of a bar [pixel]."""
_MOST_TICKS = 8


def life_picture(table: pd.DataFrame, moment: datetime, text: str) -> str:
    """The line of time of some rows of `Cloud.lifecycle`, with `text` for those who do not see it.

    A dashed line stands at `moment`, within or beside what the table tells.
    """
    picture = Picture(text)
    names = list(dict.fromkeys(table["resource_id"].astype(str)))
    top = _legend(picture, table) + 10
    foot = top + _ROW * len(names)
    shown = row_names(table, names)
    time = _Time(
        min(table["x_start"].min(), moment), max(table["x_end"].max(), moment), 20 + LETTER * max(map(len, shown))
    )
    time.draw(picture, top, foot)
    middles = {name: top + _ROW * (row + 0.5) for row, name in enumerate(names)}
    for name, words in zip(names, shown, strict=True):
        picture.letters(time.left - 8, middles[name] + 4, words, anchor="end")
    for row in table[table["x_form"] == "span"].to_dict("records"):
        y, start, end = middles[row["resource_id"]], time.place(row["x_start"]), time.place(row["x_end"])
        _bar(picture, row["x_kind"], row["x_status"], start, y, end - start)
        if row["x_goes_on"]:
            picture.shape([(end, y - 6), (end + 9, y), (end, y + 6)], DARK)
    for row in table[table["x_form"] == "mark"].to_dict("records"):
        off = mark_look(row["x_status"])[2]
        _sign(picture, row["x_status"], time.place(row["x_start"]), middles[row["resource_id"]] + _ROW * off)
    picture.line(time.place(moment), top - 4, time.place(moment), foot + 4, dash="4 3")
    return picture.html(foot + 42)


class _Time:
    """The axis of time, from the first moment at the left to the last."""

    def __init__(self, first: datetime, last: datetime, left: float) -> None:
        self.first, self.last, self.left, self.right = first, last, left, WIDTH - 40

    def place(self, when: datetime) -> float:
        """Where a moment stands [pixel]."""
        whole = (self.last - self.first).total_seconds()
        return self.left + (self.right - self.left) * ((when - self.first).total_seconds() / whole if whole else 0)

    def draw(self, picture: Picture, top: float, foot: float) -> None:
        """The axis below the rows, and thin lines behind them."""
        zone = self.first.tzinfo
        locator = AutoDateLocator(tz=zone, maxticks=_MOST_TICKS)  # type: ignore[no-untyped-call]
        name = AutoDateFormatter(locator, tz=zone)  # type: ignore[no-untyped-call]
        for tick in locator.tick_values(self.first, self.last):  # type: ignore[no-untyped-call]
            when = num2date(tick, tz=zone)  # type: ignore[no-untyped-call]
            if self.first <= when <= self.last:
                picture.line(self.place(when), top, self.place(when), foot + 4, colour=EDGE)
                picture.letters(self.place(when), foot + 17, name(tick), anchor="middle")
        picture.line(self.left, foot, self.right, foot)
        middle, words = (self.left + self.right) / 2, f"time (UTC+8), from {show_time(self.first)}"
        picture.letters(middle, foot + 36, words, anchor="middle")


def _legend(picture: Picture, table: pd.DataFrame) -> float:
    """What the bars, the signs and the dashed line mean; gives where that ends [pixel]."""
    spans, marks = (table[table["x_form"] == form] for form in ("span", "mark"))
    bars = dict.fromkeys(zip(spans["x_kind"].astype(str), spans["x_status"].astype(str), strict=True))
    entries = [(kind, status, status_look(kind, status)[2]) for kind, status in bars]
    entries += [("", what, what) for what in dict.fromkeys(marks["x_status"].astype(str))]
    x, y = 8.0, 14.0
    for kind, what, label in [*entries, ("", "", "the moment")]:
        width = 40 + LETTER * len(label)
        if x + width > WIDTH:
            x, y = 8.0, y + _LINE
        if kind:
            _bar(picture, kind, what, x, y, 20)
        elif what:
            _sign(picture, what, x + 10, y)
        else:
            picture.line(x + 10, y - 9, x + 10, y + 9, dash="4 3")
        picture.letters(x + 26, y + 4, label)
        x += width
    return y + _LINE / 2


def _bar(picture: Picture, kind: str, status: str, x: float, middle: float, width: float) -> None:
    """A stretch of time in one status."""
    colour, hatch, _ = status_look(kind, status)
    height = _HEIGHTS[kind]
    for fill in [colour, picture.hatch(hatch, ink(colour))] if hatch else [colour]:
        picture.box(x, middle - height / 2, width, height, fill, edge=DARK)


def _sign(picture: Picture, what: str, x: float, y: float) -> None:
    """The sign of what was done, as matplotlib shapes it."""
    marker, colour, _ = mark_look(what)
    picture.shape([(x + _SIGN * across, y - _SIGN * up) for across, up in _corners(marker)], colour)


@cache
def _corners(marker: str) -> list[tuple[float, float]]:
    """The corners of a sign within -1 to 1, across and up."""
    style = MarkerStyle(marker)
    corners = np.array(style.get_path().transformed(style.get_transform()).to_polygons()[0])
    return [(float(across), float(up)) for across, up in corners / np.abs(corners).max()]
