"""What all charts share: shades, hatches and dashes, what a table must have, room for text.

Lines and areas differ in shade, dash and hatch as well as in colour, so that they can be told
apart in grey and by the colour-blind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.colors import to_rgb

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, ordered so that neighbours differ in lightness too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
BLUE, ORANGE, GREEN, YELLOW, PURPLE, SKY, RED, BLACK = COLOURS
LINES = (BLUE, ORANGE, GREEN, BLACK, PURPLE, RED, SKY, "#666666")
"""Colours of lines: without yellow, which is lost on white."""
PALE, GREY, DARK = "#E8E8E8", "#8C8C8C", "#333333"
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "--", "oo")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
MOST = len(COLOURS)
"""Series that a chart can tell apart."""

# Of the default font at 10 points, a little generous [inch].
_LETTER, _LEGEND_KEY = 0.085, 0.6


def new_axes(width: float = 8, height: float = 4) -> Axes:
    """Axes of a figure of their own, of that size [inch]."""
    _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return ax


def require(table: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise ValueError for a table without these columns, or without rows."""
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"a chart of {what} needs the columns {', '.join(missing)}, which this table has not")
    if not len(table):
        raise ValueError(f"a chart of {what} needs at least one row; this table has none")


def one_currency(table: pd.DataFrame, what: str = "cost") -> str:
    """The one currency of a table; raises ValueError for two, or for no rows."""
    currencies = sorted(set(table["billing_currency"].astype(str)))
    if len(currencies) != 1:
        found = " and ".join(currencies) if currencies else "no charges"
        raise ValueError(f"a chart of {what} needs charges in one currency; this table has {found}")
    return currencies[0]


def largest(table: pd.DataFrame, most: int = MOST) -> pd.DataFrame:
    """At most that many columns: the largest, and the rest together as "other"."""
    if len(table.columns) <= most:
        return table
    order = table.sum().sort_values(ascending=False, kind="stable").index
    kept = table[order[: most - 1]].copy()
    kept["other"] = table[order[most - 1 :]].sum(axis=1)
    return kept


def ink(colour: str) -> str:
    """White or nearly black, whichever can be read on that colour."""
    red, green, blue = to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.53 else DARK


def money(amount: float) -> str:
    """An amount with as many decimals as its size calls for."""
    size = abs(amount)
    decimals = 0 if size >= 100_000 else 2 if size >= 0.1 or size == 0 else 4
    return f"{amount:,.{decimals}f}"


def gib(size: float) -> str:
    """A size without needless decimals, such as 12 GiB or 0.125 GiB."""
    return f"{size:,.3f}".rstrip("0").rstrip(".") + " GiB"


def width_of(ax: Axes) -> float:
    """Width of the axes [inch]."""
    return float(ax.get_window_extent().width / ax.figure.dpi)


def row_font(ax: Axes, rows: int, most: float = 9) -> float:
    """Size of text [point] that fits one of so many rows that share the height of the axes; 0: none fits."""
    height = 72 * ax.get_window_extent().height / ax.figure.dpi / rows
    size = min(most, 0.72 * height)
    return float(size) if size >= 4.5 else 0.0


def two_lines(text: str, at: str = " ", longest: int = 10) -> str:
    """A text longer than that, broken after the separator nearest its middle."""
    places = [place + 1 for place, letter in enumerate(text) if letter == at]
    if len(text) <= longest or not places:
        return text
    middle = min(places, key=lambda place: abs(place - len(text) / 2))
    return f"{text[:middle].rstrip()}\n{text[middle:]}"


def every(labels: int, room: int) -> int:
    """Every how many-th of so many labels to write, so that no more than `room` are."""
    return max(1, -(-labels // max(room, 1)))


def name_rows(ax: Axes, names: Sequence[str]) -> None:
    """Rows 0, 1, 2 … from the top, with their names at the left; of too many, every second or third."""
    step = 1
    while row_font(ax, -(-len(names) // step)) == 0:
        step += 1
    ax.set_yticks(
        range(0, len(names), step), list(names)[::step], fontsize=row_font(ax, -(-len(names) // step), most=10)
    )
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def plain(ax: Axes, grid: str | None = "y") -> None:
    """No frame at the top and right; thin lines behind, along `grid`."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid == "x":
        ax.grid(axis="x", alpha=0.3)
    elif grid == "y":
        ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)


def legend_above(ax: Axes, handles: Iterable[object] | None = None) -> None:
    """The legend above the axes, in as many columns as the width holds."""
    found = list(handles) if handles is not None else ax.get_legend_handles_labels()[0]
    names = [str(handle.get_label()) for handle in found]  # type: ignore[attr-defined]
    if names:
        columns = 4
        while columns > 1 and _legend_width(names, columns) > width_of(ax):
            columns -= 1
        ax.legend(handles=found, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)


def _legend_width(names: Sequence[str], columns: int) -> float:
    """Width of a legend of so many columns [inch]; the names run down its columns."""
    parts = [names[k * len(names) // columns : (k + 1) * len(names) // columns] for k in range(columns)]
    return sum(_LETTER * max(map(len, part), default=0) + _LEGEND_KEY for part in parts)


def name_series(ax: Axes) -> None:
    """One series is told in the title, several in a legend."""
    handles, names = ax.get_legend_handles_labels()
    if len(names) > 1:
        legend_above(ax, handles)
    elif names:
        ax.set_title(names[0], fontsize="medium")
