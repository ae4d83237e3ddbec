"""Plans over time: what is drawn is what the table says, with the moments at which lines cross."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pandas as pd
import pytest

from ecs_images import InputError, charts
from ecs_images.charts.plans import lines_of, plans_picture

START = pd.Timestamp("2026-01-15", tz="UTC+08:00")
DAY = pd.Timedelta(days=1)


def table(**plans: tuple[list[float], str]) -> pd.DataFrame:
    """Plans by name: what they cost after 0, 1, 2 … tens of days, and what of them has no price."""
    return pd.concat(
        pd.DataFrame({"x_plan": name, "x_at": [START + 10 * n * DAY for n in range(len(costs))], "list_cost": costs})
        .assign(billing_currency="CNY", x_not_counted=lacks)
        for name, (costs, lacks) in plans.items()
    )  # fmt: skip


# Paid at once 6, against 4 for ten days: level after 15 days.
CROSSING = table(once=([6.0, 6.0, 6.0], ""), monthly=([0.0, 4.0, 8.0], "machine"))


def picture(table: pd.DataFrame) -> str:
    return plans_picture(lines_of(table), "CNY", "")


def words(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_a_line_for_each_plan_reads_as_the_table_says() -> None:
    ax = charts.plans_over_time(CROSSING)
    once, monthly = ax.lines[:2]
    assert list(once.get_ydata()) == [6, 6, 6]
    assert list(monthly.get_ydata()) == [0, 4, 8]
    assert [once.get_label(), monthly.get_label()] == ["once", "monthly + ?"]
    assert ax.get_ylabel() == "list cost up to then [CNY]"


def test_the_crossing_is_marked_where_both_cost_the_same() -> None:
    """After 15 of 20 days, at 6; on the page from then on the first one is cheaper."""
    (mark,) = charts.plans_over_time(CROSSING).lines[2:]
    assert list(mark.get_ydata()) == [pytest.approx(6)]
    assert f"{mark.get_xdata()[0]:%Y-%m-%d}" == "2026-01-30"
    assert "○ 2026-01-30: from then on cheaper than monthly" in words(picture(CROSSING))


def test_lines_that_begin_together_or_are_the_same_do_not_cross() -> None:
    same = table(a=([0.0, 1.0, 2.0], ""), b=([0.0, 2.0, 4.0], ""), c=([0.0, 1.0, 2.0], ""))
    assert len(charts.plans_over_time(same).lines) == 3
    assert not [text for text in words(picture(same)) if text.startswith("○")]


def test_the_page_says_each_plan_with_its_amount_and_what_lacks_a_price() -> None:
    told = words(picture(CROSSING))
    assert told.index("6.00") == told.index("once") + 1
    assert told.index("8.00 + ?") == told.index("monthly") + 1


def test_labels_of_plans_that_cost_the_same_lie_apart() -> None:
    svg = picture(table(a=([0.0, 9.0], ""), b=([0.0, 9.0], ""), c=([0.0, 9.0], ""), d=([0.0, 0.0], "")))
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    heights = sorted(float(text.get("y", "")) for text in texts if text.text in ("a", "b", "c", "d"))
    assert min(upper - lower for lower, upper in pairwise(heights)) >= 28
    assert heights[0] > 0


def test_beside_plans_that_cost_nothing_the_axis_has_nothing_but_zero() -> None:
    told = words(picture(table(share=([0.0, 0.0], ""), publish=([0.0, 0.0], ""))))
    assert told.count("0.00") == 1 + 2  # the axis, and what each plan costs


def test_amounts_in_two_currencies_are_not_drawn_together() -> None:
    usd = CROSSING.assign(billing_currency="USD")
    with pytest.raises(InputError, match="in one currency"):
        charts.plans_over_time(pd.concat([CROSSING, usd]))
