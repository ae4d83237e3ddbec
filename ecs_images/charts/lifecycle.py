"""The lives of images and of the snapshots behind them, on a timeline.

As a matplotlib chart, and as the picture that a page redraws for every moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateFormatter, AutoDateLocator, num2date
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Patch

from ..cards import counted
from ..units import show_time
from . import style
from .svg import BESIDE, EDGE, LETTER, MARGIN, Picture, left_of
from .texts import plain_text, shortened, width_of_text, with_fonts

_COLUMNS = ("resource_id", "x_kind", "x_name", "x_image", "x_form", "x_status", "x_start", "x_end", "x_goes_on")
_TALLEST, _MOST_ROWS = 14, 40
"""Greatest height of a chart [inch], and most rows that one shows unless it is told which images to show."""
_ROW, _LINE, _SIGN, _MOST_TICKS, _LONGEST = 30, 20, 5.5, 4, 18
"""Of the picture: height of a row and of a legend line, half the width of a sign [pixel]; most ticks of time; longest
name [letter]."""

# Colour, hatch and name of a status.
_STATUSES: dict[str, tuple[str, str, str]] = {
    "Waiting": ("white", "..", "image Waiting"),
    "Creating": (style.YELLOW, "//", "image Creating"),
    "Available": (style.BLUE, "", "image Available"),
    "Deprecated": (style.PURPLE, "\\\\", "image Deprecated"),
    "CreateFailed": (style.RED, "xx", "image CreateFailed"),
    "progressing": (style.YELLOW, "..", "snapshot progressing"),
    "accomplished": (style.SKY, "", "snapshot stored and billed"),
    "failed": (style.RED, "++", "snapshot failed"),
}
# Sign and colour of what was done, and its distance below the middle of its row [row], so that signs of the
# same moment do not hide each other.
_MARKS: dict[str, tuple[str, str, float]] = {
    "shared": ("^", style.GREEN, -0.28),
    "unshared": ("v", "white", -0.28),
    "published": ("*", style.GREEN, -0.28),
    "unpublished": ("*", "white", -0.28),
    "copied": ("D", style.ORANGE, 0.28),
    "deleted": ("X", style.RED, 0.0),
}
_OTHER_MARK = ("P", "white", 0.0)


class _Lives:
    """The rows of a lifecycle table as drawn: names, spans of time in a status, and marks for what was done."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.zone = table["x_start"].dt.tz
        self.first, self.last = table["x_start"].min(), table["x_end"].max()
        records = table.to_dict("records")
        named = {str(row["resource_id"]): row["x_name"] for row in reversed(records)}
        self.rows = {
            ident: number for number, ident in enumerate(dict.fromkeys(str(r["resource_id"]) for r in records))
        }
        self.called = [shortened(named[ident] or ident, 24) for ident in self.rows]
        pairs = zip(self.rows, self.called, strict=True)
        self.names = [shortened(ident if name == ident else f"{name}  {ident}", 50) for ident, name in pairs]
        self.spans = [row for row in records if row["x_form"] == "span"]
        self.marks = [row for row in records if row["x_form"] == "mark"]
        self.kinds = list(dict.fromkeys((str(span["x_kind"]), str(span["x_status"])) for span in self.spans))
        self.deeds = list(dict.fromkeys(str(mark["x_status"]) for mark in self.marks))


def image_lifecycle(table: pd.DataFrame, *, images: str | Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """The lives of images and snapshots: a row for each, a bar for each status, a sign for what was done.

    A bar ends in an arrow if the status lasts beyond the table. The title says what still exists at its end, and what
    was left out.

    table: what `Cloud.lifecycle` returns, or some of its rows, in the order to draw: columns `resource_id`,
        `x_kind` (image or snapshot), `x_name`, `x_image` (of a snapshot, the image it is behind), `x_form` (span or
        mark), `x_status` (for a mark: what was done), `x_start` and `x_end` (times), and `x_goes_on` (whether the
        status lasts beyond `x_end`)
    images: ids or names of images to show, with the snapshots behind them; unless given, all rows of the table, or if
        they are more than forty, the newest images of it
    ax: the axes to draw on; a new figure unless given

    Raises InputError for an empty table, UnknownName for an image that is not in it.
    """
    style.require(table, _COLUMNS, "lives of images", "cloud.lifecycle()")
    chosen = _chosen(table, images)
    lives = _Lives(chosen)
    ax = style.axes_or_new(ax, 9, min(1.5 + 0.3 * len(lives.rows), _TALLEST))
    for span in lives.spans:
        y, start, end = lives.rows[str(span["resource_id"])], span["x_start"], span["x_end"]
        height = 0.66 if span["x_kind"] == "image" else 0.34
        ax.barh(y, end - start, left=start, height=height, **_bar_look(span["x_kind"], span["x_status"]))
        if span["x_goes_on"]:
            ax.plot(end, y, marker=9, color=style.DARK, markersize=6, clip_on=False, zorder=4)
    handles: list[Any] = [Patch(label=plain_text(_status(*kind)[2], 32), **_bar_look(*kind)) for kind in lives.kinds]
    for deed in lives.deeds:
        marker, colour, off = _MARKS.get(deed, _OTHER_MARK)
        look: dict[str, Any] = {
            "marker": marker,
            "markerfacecolor": colour,
            "markeredgecolor": style.BLACK,
            "markeredgewidth": 0.6,
            "linestyle": "none",
            "label": plain_text(deed, 32),
        }
        done = [mark for mark in lives.marks if mark["x_status"] == deed]
        heights = [lives.rows[str(mark["resource_id"])] + off for mark in done]
        size = 6 if len(lives.rows) <= 40 else 3
        ax.plot([mark["x_start"] for mark in done], heights, markersize=size, zorder=5, **look)
        handles.append(Line2D([], [], markersize=6, **look))
    style.name_rows(ax, lives.names, longest=50)
    locator, formatter = _ticks_of_time(lives.zone, max(3, int(style.width_of(ax) / 1.1)))
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    spare = 0.02 * max(lives.last - lives.first, pd.Timedelta(hours=1))
    ax.set_xlim(lives.first - spare, lives.last + spare)
    ax.set_xlabel(f"time (UTC+8), from {show_time(lives.first)}")
    style.plain(ax, "x")
    style.legend_above(ax, handles)
    left_out = table["resource_id"].nunique() - len(lives.rows)
    which = "" if images is not None else ", which are older"
    more = f"; {counted(left_out, 'other row')} left out{which}" if left_out else ""
    style.headline(ax, f"{_what_exists(chosen)}{more}")
    return with_fonts(ax)


def _chosen(table: pd.DataFrame, images: str | Sequence[str] | None) -> pd.DataFrame:
    """The rows to draw: of these images, or of the newest ones if there are too many rows."""
    own = table[table["x_kind"] == "image"]
    if images is None:
        if table["resource_id"].nunique() <= _MOST_ROWS:
            return table
        rows = table[table["x_image"] != ""].groupby("x_image", sort=False)["resource_id"].nunique()
        known = [name for name, total in rows[::-1].cumsum().items() if total <= _MOST_ROWS]
        return table[table["x_image"].isin(known)]
    return table[table["x_image"].isin(style.chosen_images(images, own["resource_id"], own["x_name"]))]


def _what_exists(table: pd.DataFrame) -> str:
    """How many images and snapshots there are, and how many still exist at the end, as a sentence."""
    # What was made at the very end has no span yet, and what was deleted then has a mark.
    ended = (table["x_form"] == "span") & ~table["x_goes_on"] | (table["x_status"] == "deleted")
    gone = ended.groupby(table["resource_id"]).any() & ~table["x_goes_on"].groupby(table["resource_id"]).any()
    kinds = table.drop_duplicates("resource_id").set_index("resource_id")["x_kind"]
    parts = []
    for kind in ("image", "snapshot"):
        names = kinds.index[kinds == kind]
        parts += [f"{int((~gone[names]).sum())} of {counted(len(names), kind)}"] if len(names) else []
    return f"{' and '.join(parts)} still there at the end"


def life_picture(table: pd.DataFrame, moment: datetime, text: str) -> str:
    """What `image_lifecycle` shows, as SVG for a live page, with a dashed line at a moment.

    table: as for `image_lifecycle`
    moment: the moment of the line; the time axis is extended to include it
    text: the same in words, for readers who do not see the picture
    """
    lives, picture = _Lives(table), Picture(text, BESIDE)
    names = [shortened(name, _LONGEST) for name in lives.called]
    top = _legend(picture, lives) + 10
    foot, left, right = top + _ROW * len(lives.rows), left_of(names), BESIDE - MARGIN - 28
    first, last = min(lives.first, moment), max(lives.last, moment)

    def place(when: datetime) -> float:
        return left + (right - left) * ((when - first) / (last - first) if last > first else 0)

    locator, formatter = _ticks_of_time(lives.zone, _MOST_TICKS)
    numbers = locator.tick_values(first, last)
    moments = num2date(numbers, tz=lives.zone)  # type: ignore[no-untyped-call]
    ticks = [(place(w), formatter(n)) for n, w in zip(numbers, moments, strict=True) if first <= w <= last]
    for x, _ in ticks:
        picture.line(x, top, x, foot, colour=EDGE)
    picture.axis(left, right, foot, f"time (UTC+8), from {show_time(first)}", ticks)
    middles = {ident: top + _ROW * (row + 0.5) for ident, row in lives.rows.items()}
    for y, name in zip(middles.values(), names, strict=True):
        picture.letters(left - 8, y + 4, name, anchor="end")
    for span in lives.spans:
        y, start, end = middles[str(span["resource_id"])], place(span["x_start"]), place(span["x_end"])
        _bar(picture, span["x_kind"], span["x_status"], start, y, end - start)
        if span["x_goes_on"]:
            picture.shape([(end, y - 6), (end + 9, y), (end, y + 6)], style.DARK)
    for mark in lives.marks:
        off = _MARKS.get(mark["x_status"], _OTHER_MARK)[2]
        _sign(picture, mark["x_status"], place(mark["x_start"]), middles[str(mark["resource_id"])] + _ROW * off)
    picture.line(place(moment), top - 4, place(moment), foot + 4, dash="4 3")
    return picture.html(foot + 42)


def _status(kind: str, status: str) -> tuple[str, str, str]:
    return _STATUSES.get(status, ("white", "++", f"{kind} {status}"))


def _bar_look(kind: str, status: str) -> dict[str, Any]:
    """The look of a bar, as keyword arguments of matplotlib."""
    colour, hatch, _ = _status(kind, status)
    return {"facecolor": colour, "hatch": hatch, "edgecolor": style.ink(colour), "linewidth": 0.5}


def _ticks_of_time(zone: Any, most: int) -> tuple[Any, Any]:
    """The locator and the formatter of ticks of time."""
    # A coarser unit begins before the finer one runs out of steps: 30 minutes reach half as many hours, 12 hours days.
    fewest = min(5, (most - 1) // 2)
    locator = AutoDateLocator(tz=zone, minticks=fewest, maxticks=most)  # type: ignore[no-untyped-call]
    return locator, AutoDateFormatter(locator, tz=zone)  # type: ignore[no-untyped-call]


def _legend(picture: Picture, lives: _Lives) -> float:
    """Draw the meaning of bars, signs and the dashed line; returns the bottom of the legend [pixel]."""
    entries = [(kind, status, shortened(_status(kind, status)[2])) for kind, status in lives.kinds]
    entries += [("", deed, shortened(deed)) for deed in lives.deeds]
    x, y = 8.0, 14.0
    for kind, what, label in [*entries, ("", "", "the moment")]:
        width = 40 + LETTER * width_of_text(label)
        if x + width > BESIDE:
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
    """Draw the bar of a status."""
    colour, hatch, _ = _status(kind, status)
    height = 20 if kind == "image" else 11
    for fill in [colour, picture.hatch(hatch, style.ink(colour))] if hatch else [colour]:
        picture.box(x, middle - height / 2, width, height, fill, edge=style.DARK)


def _sign(picture: Picture, what: str, x: float, y: float) -> None:
    """Draw the sign of what was done, in matplotlib's shape."""
    marker, colour, _ = _MARKS.get(what, _OTHER_MARK)
    picture.shape([(x + _SIGN * across, y - _SIGN * up) for across, up in _corners(marker)], colour)


@cache
def _corners(marker: str) -> list[tuple[float, float]]:
    """The corners of a sign (across, up), each from -1 to 1."""
    style = MarkerStyle(marker)
    corners = np.array(style.get_path().transformed(style.get_transform()).to_polygons()[0])
    return [(float(across), float(up)) for across, up in corners / np.abs(corners).max()]
