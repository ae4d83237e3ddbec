"""The pictures of live pages, read back from their SVG: lengths stand for what the tables say."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree

import pandas as pd
import pytest
from helpers import golden_image, machine

from ecs_images import Account, Cloud
from ecs_images.charts.account import saving_picture
from ecs_images.charts.chain import Blocks, chain_picture
from ecs_images.charts.lifecycle import life_picture
from ecs_images.charts.prices import price_picture
from ecs_images.units import parse_time

TAG = "{http://www.w3.org/2000/svg}"


def strokes(svg: str, kind: str) -> list[ElementTree.Element]:
    """The strokes of a kind; what hatches are made of is none."""
    return [element for element in ElementTree.fromstring(svg) if element.tag == TAG + kind]


def words(svg: str) -> list[str]:
    return [element.text or "" for element in strokes(svg, "text")]


def blocks(svg: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """Of each group of blocks its fill, and where each block begins and how wide it is [pixel]."""
    found = []
    for path in strokes(svg, "path"):
        places = re.findall(r"M([\d.]+),[\d.]+h([\d.]+)", path.get("d", ""))
        found.append((path.get("fill", ""), [(float(x), float(width)) for x, width in places]))
    return found


@pytest.fixture
def three(cloud: Cloud, acme: Account) -> list[str]:
    """Three snapshots of 12 GiB: 9 GiB held by all, 3 by each alone, 18 in all."""
    web = machine(acme)
    taken = [acme.create_snapshot(web)]
    for _ in range(2):
        acme.write(web, overwrite=3)
        taken.append(acme.create_snapshot(web))
    return taken


def test_the_width_of_blocks_is_what_they_store_once_for_all_who_hold_them(cloud: Cloud, three: list[str]) -> None:
    """CHAIN-1."""
    svg = chain_picture(Blocks(cloud.block_map(three[0])), (), "words")
    groups = [places for _, places in blocks(svg)]
    assert sorted(len(places) for places in groups) == [1, 1, 1, 3]
    whole = sum(places[0][1] for places in groups)
    assert sorted(places[0][1] / whole for places in groups) == pytest.approx(
        [3 / 18, 3 / 18, 3 / 18, 9 / 18], abs=1e-3
    )
    assert "18 GiB stored" in words(svg)
    assert {"9 GiB", "3 GiB"} <= set(words(svg))


def test_what_a_deletion_frees_is_hatched_and_marked(cloud: Cloud, three: list[str]) -> None:
    """CHAIN-2: two of three free what each held alone; all three free the blocks of all as well."""
    chain = Blocks(cloud.block_map(three[0]))

    def hatched(*delete: str) -> float:
        drawn = blocks(chain_picture(chain, delete, "words"))
        solid = sum(places[0][1] for fill, places in drawn if not fill.startswith("url"))
        return sum(places[0][1] for fill, places in drawn if fill.startswith("url")) / solid

    assert hatched() == 0
    assert hatched(*three[1:]) == pytest.approx(6 / 18, abs=1e-3)
    assert hatched(*three) == pytest.approx(1)
    assert f"{three[1]}  ✕  no. 2" in words(chain_picture(chain, three[1:], "words"))


def test_a_picture_is_an_image_with_a_name_that_is_escaped(cloud: Cloud, three: list[str]) -> None:
    root = ElementTree.fromstring(chain_picture(Blocks(cloud.block_map(three[0])), (), '<b> & "quoted"'))
    assert (root.get("role"), root.get("aria-label")) == ("img", '<b> & "quoted"')


def test_bars_and_signs_stand_where_their_time_is(cloud: Cloud, acme: Account, partner: Account) -> None:
    """An image made on the 15th, shared half-way, deleted ten days after; looked at on the second day."""
    image = golden_image(acme, name="golden")
    cloud.at("2026-01-20")
    acme.share_image(image, with_accounts=[partner])
    acme.unshare_image(image, from_accounts=[partner])
    cloud.at("2026-01-25")
    acme.delete_image(image)
    lives = cloud.lifecycle()
    lives = lives[lives["resource_id"] == image]
    svg = life_picture(lives, parse_time("2026-01-17", "moment"), "words")
    # After those of the legend.
    bar = strokes(svg, "rect")[-1]
    left, width = float(bar.get("x", 0)), float(bar.get("width", 0))
    (moment,) = [line for line in strokes(svg, "line")[1:] if line.get("stroke-dasharray")]
    assert (float(moment.get("x1", 0)) - left) / width == pytest.approx(0.2, abs=1e-3)
    middles = []
    for shape in strokes(svg, "polygon")[3:]:
        across = [float(point.split(",")[0]) for point in shape.get("points", "").split()]
        middles.append(((min(across) + max(across)) / 2 - left) / width)
    assert middles == pytest.approx([0.5, 0.5, 1], abs=2e-3)
    assert {"shared", "unshared", "deleted", "the moment", "golden"} <= set(words(svg))


def test_a_moment_beside_all_that_happened_widens_the_axis(cloud: Cloud, acme: Account) -> None:
    image = golden_image(acme)
    cloud.at("2026-01-20")
    lives = cloud.lifecycle()
    lives = lives[lives["resource_id"] == image]
    svg = life_picture(lives, cloud.now + timedelta(days=5), "words")
    bar = strokes(svg, "rect")[-1]
    (moment,) = [line for line in strokes(svg, "line")[1:] if line.get("stroke-dasharray")]
    left, width = float(bar.get("x", 0)), float(bar.get("width", 0))
    assert (float(moment.get("x1", 0)) - left) / width == pytest.approx(2, abs=1e-3)


@pytest.mark.parametrize("hours", [0.3, 1.7, 4.8, 40, 100, 960, 9600])
def test_the_times_below_a_life_stay_apart_whatever_its_length(cloud: Cloud, acme: Account, hours: float) -> None:
    image = golden_image(acme)
    cloud.advance(hours=hours)
    lives = cloud.lifecycle()
    svg = life_picture(lives[lives["resource_id"] == image], cloud.now, "words")
    times = [word for word in words(svg) if re.fullmatch(r"[\d:. -]{4,}", word)]
    assert 1 <= len(times) <= 5


def test_a_price_is_a_line_of_steps_and_a_time_without_one_a_gap() -> None:
    """Twice the price for a year, then none for half a year, then the first price again."""
    times = pd.to_datetime(["2020-01-01", "2021-01-01", "2022-01-01", "2022-07-02", "2024-01-01"])
    table = pd.DataFrame(
        {
            "x_series": "from 0 GiB",
            "x_start": [times[0], times[1], times[3]],
            "x_end": [times[1], times[2], times[4]],
            "x_price": [0.1, 0.2, 0.1],
            "x_unit": "CNY per GiB-Month",
        }
    )
    svg = price_picture(table, times[1], "words")
    lines = [
        [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        for line in strokes(svg, "polyline")
    ]
    (up, alone) = lines
    assert [x for x, _ in up] == [up[0][0], up[1][0], up[1][0], up[3][0]], "a step goes straight up"
    assert up[0][1] == up[1][1] == alone[0][1] == alone[1][1] > up[2][1] == up[3][1]
    whole, begins = alone[1][0] - up[0][0], up[0][0]
    places = [(x - begins) / whole for x in (up[1][0], up[3][0], alone[0][0])]
    assert places == pytest.approx([0.25, 0.5, 0.625], abs=2e-3), "one, two, and two and a half of four years"
    (day,) = [line for line in strokes(svg, "line") if line.get("stroke-dasharray")]
    assert float(day.get("x1", 0)) == up[1][0]
    assert {"[CNY per GiB-Month]", "2020", "2024"} <= set(words(svg))


# What a plan saves ----------------------------------------------------------------------------------


def plan_steps(*saved: tuple[float, float]) -> pd.DataFrame:
    low, high = zip(*saved, strict=True)
    return pd.DataFrame({"x_freed_low_cost": low, "x_freed_high_cost": high, "billing_currency": "CNY"})


def tops(svg: str) -> list[list[tuple[float, float]]]:
    """The corners of each polygon: first what is between the bounds, then what is saved at least."""
    shapes = [shape.get("points", "").split() for shape in strokes(svg, "polygon")]
    return [[(float(x), float(y)) for x, y in (corner.split(",") for corner in shape)] for shape in shapes]


def test_each_step_of_a_plan_is_as_high_as_what_is_saved_by_then_at_least_and_hatched_up_to_the_most() -> None:
    """The axis goes to 4: 1 and 2 of 4 are a quarter and a half of its height."""
    between, least = tops(saving_picture(plan_steps((0, 0), (1, 2), (4, 4)), "words"))
    foot, top = least[0][1], least[-2][1]
    assert [(foot - y) / (foot - top) for _, y in least[1:-1:2]] == pytest.approx([0, 1 / 4, 1], abs=1e-2)
    assert [(foot - y) / (foot - top) for _, y in between[:6:2]] == pytest.approx([0, 2 / 4, 1], abs=1e-2)


def test_what_nothing_bounds_is_hatched_to_the_top() -> None:
    between, least = tops(saving_picture(plan_steps((1, 1), (1, float("nan")), (4, 4)), "words"))
    assert between[2][1] == between[4][1] == least[-2][1] < between[0][1], "as high as the highest, which is 4"
