"""What all charts share: colours, hatches and dashes, checks of their tables, and room for text.

Lines and areas differ in lightness, dash and hatch as well as in colour, so that they can be distinguished in
greyscale and by colour-blind readers.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from ..errors import InputError, look_up, shown
from .texts import plain_text, shortened, width_of_text, with_fonts

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
"""How many series can be distinguished."""
OTHER = "other"
"""What the smallest series are called together; it looks pale, however large it is."""

# Columns of charts that hold numbers or times; all others hold text.
_NUMBERS = {"list_cost", "x_before", "x_after", "x_value", "x_first", "x_second", "x_difference"}
_NUMBERS |= {"x_freed_low_cost", "x_freed_high_cost", "x_held_low_gib", "x_held_high_gib"}
_NUMBERS |= {"x_stored_gib", "x_number", "x_first_snapshot", "x_last_snapshot"}
_TIMES = {"charge_period_start", "x_at", "x_start", "x_end"}

# Width of a letter in the default font at 10 points, and of a legend's key, a little generous [inch].
_LETTER, _LEGEND_KEY = 0.085, 0.6


def axes_or_new(ax: Axes | None, width: float = 8, height: float = 4) -> Axes:
    """Returns `ax`, or new axes of that size [inch]; raises InputError if `ax` is not a matplotlib `Axes`."""
    if ax is None:
        ax = plt.subplots(figsize=(width, height), layout="constrained")[1]
    if not isinstance(ax, Axes):
        raise InputError(f"ax must be a matplotlib Axes, such as plt.subplots()[1], not {shown(ax)}")
    return ax


def require(table: Any, columns: Sequence[str], what: str, source: str) -> pd.DataFrame:
    """The table, if a chart can be drawn of it.

    what: what is drawn, in words
    source: what returns such tables

    Raises InputError for anything but a DataFrame with these columns, their kinds and at least one row.
    """
    if not isinstance(table, pd.DataFrame):
        wanted = f" with the columns {_some(columns)}" if columns else ""
        raise InputError(f"a chart of {what} needs a DataFrame{wanted}, as {source} returns it, not {shown(table)}")
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"a chart of {what} needs the columns {_some(missing)}, which this table lacks; see {source}")
    if not len(table):
        raise InputError(f"a chart of {what} needs at least one row; this table has none")
    for name in columns:
        if name in _NUMBERS and not is_numeric_dtype(table[name]):
            raise InputError(f"a chart of {what} needs numbers in the column {name}, not {table[name].dtype}")
        if name in _TIMES and not is_datetime64_any_dtype(table[name]):
            raise InputError(f"a chart of {what} needs times in the column {name}, not {table[name].dtype}")
    return table


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def one_currency(table: pd.DataFrame, what: str) -> str:
    """The currency of a table; raises InputError if it has several."""
    currencies = sorted(set(table["billing_currency"].astype(str)))
    if len(currencies) != 1:
        several = shortened(" and ".join(currencies), 80)
        raise InputError(f"a chart of {what} needs charges in one currency; this table has {several}")
    return plain_text(currencies[0], 12)


def largest(table: pd.DataFrame) -> pd.DataFrame:
    """As many columns as can be distinguished: the largest ones, and the sum of the others as "other"."""
    if len(table.columns) <= MOST:
        return table
    order = table.sum().sort_values(ascending=False, kind="stable").index
    kept = table[order[: MOST - 1]].copy()
    kept[OTHER] = table[order[MOST - 1 :]].sum(axis=1)
    return kept


def chosen_images(images: str | Sequence[str], ids: pd.Series, names: pd.Series) -> list[str]:
    """The ids of the images of a table that are called by id or name.

    ids: the ids of its images
    names: for each its name, empty if it has none

    Raises InputError where none is called, UnknownName for one that is not in the table.
    """
    called = [images] if isinstance(images, str) else list(images)
    if not called:
        raise InputError("images is empty; name an image, or leave it out")
    for image in called:
        look_up("image of this table", image, dict.fromkeys([*names[names != ""], *ids]))
    return [str(ident) for ident, name in zip(ids, names, strict=True) if ident in called or name in called]


def ink(colour: str) -> str:
    """White or nearly black, whichever is readable on a colour."""
    red, green, blue = to_rgb(colour)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.53 else DARK


def bar_look(number: int, name: object = "") -> dict[str, Any]:
    """The colour and hatch of a series of bars."""
    if name == OTHER:
        return {"color": PALE, "hatch": "", "edgecolor": DARK, "linewidth": 0.4}
    colour = COLOURS[number % MOST]
    return {"color": colour, "hatch": HATCHES[number % MOST], "edgecolor": ink(colour), "linewidth": 0.4}


def line_look(number: int, name: object = "") -> dict[str, Any]:
    """The colour and dash of a line."""
    if name == OTHER:
        return {"color": GREY, "linestyle": ":"}
    return {"color": LINES[number % MOST], "linestyle": DASHES[number % len(DASHES)]}


def money(amount: float) -> str:
    """An amount with two decimals, with four below 0.1, with none from 100,000 on."""
    size = abs(amount)
    decimals = 0 if size >= 100_000 else 2 if size >= 0.1 or size == 0 else 4
    return f"{amount:,.{decimals}f}"


def gib(size: float) -> str:
    """A size [GiB] as text, to three decimals without trailing zeros, such as 12 GiB or 0.125 GiB."""
    return f"{size:,.3f}".rstrip("0").rstrip(".") + " GiB"


def width_of(ax: Axes) -> float:
    """Width of the axes after the labels on their left have taken their room [inch]."""
    figure = with_fonts(ax).get_figure(root=True)
    layout = figure.get_layout_engine() if figure else None
    if figure and layout:
        layout.execute(figure)
    return float(ax.get_window_extent().width / ax.figure.dpi)


def row_font(ax: Axes, rows: int, most: float = 9) -> float:
    """Font size that fits into one of so many rows of the axes, at most `most` [point]; 0 if none is readable."""
    height = 72 * ax.get_window_extent().height / ax.figure.dpi / rows
    size = min(most, 0.72 * height)
    return float(size) if size >= 4.5 else 0.0


def two_lines(text: str, at: str = " ", longest: int = 10) -> str:
    """A text, broken into two lines at the separator nearest its middle if it is longer than `longest` letters."""
    places = [place + 1 for place, letter in enumerate(text) if letter == at]
    if len(text) <= longest or not places:
        return text
    middle = min(places, key=lambda place: abs(place - len(text) / 2))
    return f"{text[:middle].rstrip()}\n{text[middle:]}"


def every(labels: int, room: int) -> int:
    """The step between written labels, so that at most `room` of them are written."""
    return max(1, -(-labels // max(room, 1)))


def name_rows(ax: Axes, names: Sequence[str], longest: int = 32) -> None:
    """Rows 0, 1, 2 … from the top, with names on the left; only every second or third name if there are many."""
    step = 1
    while row_font(ax, -(-len(names) // step)) == 0:
        step += 1
    size = row_font(ax, -(-len(names) // step), most=10)
    ax.set_yticks(range(0, len(names), step), [plain_text(name, longest) for name in names[::step]], fontsize=size)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def plain(ax: Axes, grid: Literal["x", "y"] = "y") -> None:
    """No frame at the top and right; thin grid lines for the axis `grid`."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis=grid, alpha=0.3)
    ax.set_axisbelow(True)


def legend_above(ax: Axes, handles: Iterable[object] | None = None) -> None:
    """A legend above the axes, in as many columns as fit, of `handles` or of all that is labelled."""
    keys = list(handles) if handles is not None else ax.get_legend_handles_labels()[0]
    names = [str(key.get_label()) for key in keys]  # type: ignore[attr-defined]
    if names:
        columns, width = 4, width_of(ax)
        while columns > 1 and _legend_width(names, columns) > width:
            columns -= 1
        ax.legend(handles=keys, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=columns)


def _legend_width(names: Sequence[str], columns: int) -> float:
    """Width of a legend of so many columns [inch]; the names run down its columns."""
    parts = [names[k * len(names) // columns : (k + 1) * len(names) // columns] for k in range(columns)]
    return sum(_LETTER * max(map(width_of_text, part), default=0) + _LEGEND_KEY for part in parts)


def name_series(ax: Axes, finding: str = "") -> None:
    """Name a single series in the title, several in a legend; the title says what the chart shows."""
    handles, names = ax.get_legend_handles_labels()
    if len(names) > 1:
        legend_above(ax, handles)
    alone = names[:1] if len(names) == 1 else []
    headline(ax, ": ".join([*alone, *filter(None, [finding])]))


def headline(ax: Axes, finding: str) -> None:
    """A title that says what the chart shows, above the legend if there is one; nothing for an empty text."""
    if not finding:
        return
    lines = textwrap.wrap(finding, max(20, int(width_of(ax) / _LETTER)), break_long_words=False)
    legend, points = ax.get_legend(), 72 / ax.figure.dpi
    above = legend.get_window_extent().height * points if legend else 0.0
    ax.set_title("\n".join(lines), loc="left", fontsize="medium", pad=6 + above)
