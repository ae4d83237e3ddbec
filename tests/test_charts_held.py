"""The chart of what images hold: a bar is known up to its filled end, and bounded where it is hatched."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ecs_images import InputError, UnknownName, charts

NAN = float("nan")


def table(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Rows of (day, image, least, most)."""
    days, names, low, high = zip(*rows, strict=True)
    at = pd.to_datetime(list(days)).tz_localize("Asia/Shanghai")
    frame = pd.DataFrame({"x_at": at, "x_name": names, "x_held_low_gib": low, "x_held_high_gib": high})
    return frame.assign(x_called="", region_id="cn-beijing")


def heights(ax: Axes) -> list[tuple[bool, float]]:
    """Of each bar whether it is hatched, and its height as a part of the highest there may be."""
    bars = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    return [(bool(bar.get_hatch()), round(abs(bar.get_height()) / 0.8, 6)) for bar in bars]


def rows(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def written(ax: Axes) -> list[str]:
    return [text.get_text().strip() for text in ax.texts]


@pytest.mark.slow
def test_what_is_known_is_filled_and_what_is_bounded_is_hatched_above_it() -> None:
    """Of the largest, 8 GiB: 2 are a quarter, and from 2 to 6 a half."""
    ax = charts.held_over_time(table(("2026-05-01", "m-1", 8, 8), ("2026-05-01", "m-2", 2, 6)))
    assert heights(ax) == [(False, 1), (True, 0), (False, 0.25), (True, 0.5)]
    assert written(ax) == ["8 GiB", "2 to 6 GiB"]
    assert ax.get_title(loc="left") == "1 of 2 known exactly at their last moment"


def test_each_moment_has_a_bar_and_a_moment_without_a_row_none() -> None:
    days = "2026-03-01", "2026-04-01", "2026-05-01"
    ax = charts.held_over_time(table((days[0], "m-1", 4, 4), (days[2], "m-1", 4, 4), (days[1], "m-2", 1, 1)))
    assert [part for part in heights(ax) if not part[0]] == [(False, 1), (False, 1), (False, 0.25)]


def test_what_nothing_bounds_is_hatched_to_the_top_and_has_an_arrow() -> None:
    ax = charts.held_over_time(table(("2026-05-01", "m-1", 2, NAN), ("2026-05-01", "m-2", 4, 4)))
    assert (True, 0.5) in heights(ax)
    assert [list(line.get_ydata()) for line in ax.lines if line.get_marker() == "^" and len(line.get_xdata())] == [
        [pytest.approx(1 + 0.4 - 0.8)]
    ]
    assert "2 GiB or more" in written(ax)


def test_those_that_hold_the_most_come_first_and_twenty_are_drawn() -> None:
    many = [("2026-05-01", f"m-{number:02}", number, number) for number in range(1, 26)]
    names = rows(charts.held_over_time(table(*many)))
    assert len(names) == 20
    assert (names[0], names[-1]) == ("m-25 · cn-beijing", "m-06 · cn-beijing")


def test_images_are_chosen_by_id_or_name() -> None:
    both = table(("2026-05-01", "m-1", 8, 8), ("2026-05-01", "m-2", 2, 6)).assign(x_called=["web", "db"])
    assert rows(charts.held_over_time(both, images="db")) == ["db · cn-beijing"]
    assert rows(charts.held_over_time(both, images=["m-1"])) == ["web · cn-beijing"]
    with pytest.raises(UnknownName, match="'m-9'"):
        charts.held_over_time(both, images=["m-9"])


def test_an_empty_table_and_another_one_are_refused() -> None:
    with pytest.raises(InputError, match="at least one row"):
        charts.held_over_time(table(("2026-05-01", "m-1", 8, 8)).head(0))
    with pytest.raises(InputError, match=r"x_held_low_gib, as Inventory.held\(\)|needs the columns"):
        charts.held_over_time(pd.DataFrame({"x_name": ["m-1"]}))
