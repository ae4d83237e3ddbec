"""The lives of images and of the snapshots behind them, on a line of time."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.dates import AutoDateFormatter, AutoDateLocator
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from .style import (
    BLACK,
    BLUE,
    DARK,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    YELLOW,
    ink,
    legend_above,
    name_rows,
    new_axes,
    plain,
    require,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("resource_id", "x_kind", "x_name", "x_form", "x_status", "x_start", "x_end", "x_goes_on")

_STATUSES: dict[str, tuple[str, str, str]] = {
    "Waiting": ("white", "..", "image Waiting"),
    "Creating": (YELLOW, "//", "image Creating"),
    "Available": (BLUE, "", "image Available"),
    "Deprecated": (PURPLE, "\\\\", "image Deprecated"),
    "CreateFailed": (RED, "xx", "image CreateFailed"),
    "progressing": (YELLOW, "..", "snapshot progressing"),
    "accomplished": (SKY, "", "snapshot stored and billed"),
    "failed": (RED, "++", "snapshot failed"),
}
# What was done stands off the middle of its row, so that what was done in one moment can be told apart.
_MARKS: dict[str, tuple[str, str, float]] = {
    "shared": ("^", GREEN, -0.28),
    "unshared": ("v", "white", -0.28),
    "published": ("*", GREEN, -0.28),
    "unpublished": ("*", "white", -0.28),
    "copied": ("D", ORANGE, 0.28),
    "deleted": ("X", RED, 0.0),
}
_TALLEST = 14


def image_lifecycle(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """What became of images and snapshots: a row for each, a bar for each status, a sign for what was done.

    `table` is what `Cloud.lifecycle` gives, or some of its rows: `resource_id`, `x_kind`,
    `x_name`, `x_form` (span or mark), `x_status`, `x_start`, `x_end` and `x_goes_on`. Rows keep the order of
    the table. A bar that goes on ends in an arrow. Raises ValueError for an empty table.
    """
    require(table, _COLUMNS, "lives of images")
    names = list(dict.fromkeys(table["resource_id"].astype(str)))
    row_of = {name: row for row, name in enumerate(names)}
    ax = ax or new_axes(9, min(1.5 + 0.3 * len(names), _TALLEST))
    zone: tzinfo | None = table["x_start"].dt.tz
    used: dict[str, Any] = {}
    first, last = table["x_start"].min(), table["x_end"].max()
    for row in table[table["x_form"] == "span"].to_dict("records"):
        colour, hatch, label = status_look(row["x_kind"], row["x_status"])
        start, end = row["x_start"], row["x_end"]
        y = row_of[str(row["resource_id"])]
        height = 0.66 if row["x_kind"] == "image" else 0.34
        look: dict[str, Any] = {"facecolor": colour, "hatch": hatch, "edgecolor": ink(colour), "linewidth": 0.5}
        ax.barh(y, end - start, left=start, height=height, **look)
        if row["x_goes_on"]:
            ax.plot(end, y, marker=9, color=DARK, markersize=6, clip_on=False, zorder=4)
        used.setdefault(label, Patch(label=label, **look))
    marks = table[table["x_form"] == "mark"]
    small = 6 if len(names) <= 40 else 3
    for what, some in marks.groupby("x_status", sort=False):
        marker, colour, off = mark_look(str(what))
        look = {"marker": marker, "markerfacecolor": colour, "markeredgecolor": BLACK, "markeredgewidth": 0.6}
        ax.plot(
            some["x_start"], [row_of[str(name)] + off for name in some["resource_id"]],
            linestyle="none", markersize=small, label=str(what), zorder=5, **look,
        )  # fmt: skip
        used[str(what)] = Line2D([], [], linestyle="none", markersize=6, label=str(what), **look)
    name_rows(ax, row_names(table, names))
    locator = AutoDateLocator(tz=zone, maxticks=max(3, int(width_of(ax) / 0.85)))  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(AutoDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]
    spare = 0.02 * max(last - first, pd.Timedelta(hours=1))
    ax.set_xlim(first - spare, last + spare)
    ax.set_xlabel("time (UTC+8)")
    plain(ax, "x")
    legend_above(ax, used.values())
    return ax


def status_look(kind: str, status: str) -> tuple[str, str, str]:
    """Colour and hatch of an image's or snapshot's status, and how it is called."""
    return _STATUSES.get(status, ("white", "++", f"{kind} {status}"))


def mark_look(what: str) -> tuple[str, str, float]:
    """Sign and colour of what was done, and how far below the middle of its row it stands [row]."""
    return _MARKS.get(what, ("P", "white", 0.0))


def row_names(table: pd.DataFrame, names: list[str]) -> list[str]:
    """Each row's name: that of an image with its id; a snapshot's, set in, with its id."""
    first = table.drop_duplicates("resource_id").set_index("resource_id")
    found = []
    for name in names:
        called = str(first.loc[name, "x_name"] or "")
        found.append(f"{called}  {name}" if called and called != name else name)
    return found
