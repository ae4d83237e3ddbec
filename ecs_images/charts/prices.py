"""The history of a price, as the picture that a page redraws for every region and meter."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from matplotlib.ticker import MaxNLocator

from . import style
from .svg import BESIDE, EDGE, LETTER, MARGIN, Picture
from .texts import shortened, width_of_text

_COLUMNS = ("x_series", "x_start", "x_end", "x_price", "x_unit")
_TOP, _HIGH, _LINE = 12, 180, 20
"""Top of the plot without a legend, its height, and the height of a line of the legend [pixel]."""
# Dashes of SVG in the order of `style.DASHES`.
_DASHES = ("", "6 3", "6 3 1 3", "1 3")


def price_picture(table: pd.DataFrame, day: datetime, text: str) -> str:
    """A price over time as a line of steps, one for each tier or size, with a dashed line at a day.

    table: a row for each span of time with one price: columns `x_series` (the tier or size), `x_start` and `x_end`
        (times), `x_price`, and `x_unit` (currency and what it is for); a time without a row is a gap in the line
    day: the day of the dashed line; the time axis is extended to include it
    text: the same in words, for readers who do not see the picture

    Raises InputError for an empty table.
    """
    style.require(table, _COLUMNS, "a price", "PriceBrowser.history()")
    names = list(dict.fromkeys(table["x_series"].astype(str)))
    picture, right = Picture(text, BESIDE), BESIDE - MARGIN - 4
    top = _TOP + _legend(picture, names)
    foot, highest = top + _HIGH, float(table["x_price"].max()) or 1.0
    heights = [tick for tick in MaxNLocator(4).tick_values(0, highest) if tick >= 0]
    left = 24 + LETTER * max(len(f"{tick:g}") for tick in heights)
    first, last = min(_year(table["x_start"].min()), _year(day)), max(_year(table["x_end"].max()), _year(day))

    def across(year: float) -> float:
        return left + (right - left) * (year - first) / (last - first or 1)

    def up(price: float) -> float:
        return foot - _HIGH * price / heights[-1]

    picture.letters(8, top - 10, f"[{table['x_unit'].iloc[0]}]")
    for tick in heights:
        picture.line(left, up(tick), right, up(tick), colour=EDGE)
        picture.letters(left - 8, up(tick) + 4, f"{tick:g}", anchor="end")
    years = [year for year in MaxNLocator(6, integer=True).tick_values(first, last) if first <= year <= last]
    picture.axis(left, right, foot, "year (UTC+8)", [(across(year), f"{year:.0f}") for year in years])
    for number, name in enumerate(names[: style.MOST]):
        runs: list[list[tuple[float, float]]] = []
        for row in table[table["x_series"] == name].sort_values("x_start").to_dict("records"):
            start, end, y = across(_year(row["x_start"])), across(_year(row["x_end"])), up(row["x_price"])
            if not runs or start > runs[-1][-1][0]:
                runs.append([])
            runs[-1] += [(start, y), (end, y)]
        for points in runs:
            picture.curve(points, style.LINES[number], dash=_DASHES[number % len(_DASHES)])
    x = across(_year(day))
    picture.line(x, top, x, foot + 4, dash="4 3")
    return picture.html(foot + 42)


def _legend(picture: Picture, names: list[str]) -> float:
    """Draw the meaning of the lines where there are several; returns the height of the legend [pixel]."""
    x, y = 8.0, 14.0
    shown = [
        *names[: style.MOST],
        *([f"{len(names) - style.MOST} more in the table"] if len(names) > style.MOST else []),
    ]
    for number, name in enumerate(shown if len(names) > 1 else ()):
        label = shortened(name, 30)
        width = 44 + LETTER * width_of_text(label)
        if x + width > BESIDE:
            x, y = 8.0, y + _LINE
        if number < style.MOST:
            picture.curve([(x, y), (x + 24, y)], style.LINES[number], dash=_DASHES[number % len(_DASHES)])
        picture.letters(x + 30, y + 4, label)
        x += width
    return y + 24 if len(names) > 1 else 10


def _year(when: datetime) -> float:
    """A moment as a year with its fraction."""
    return when.year + (when.timetuple().tm_yday - 1) / 366
