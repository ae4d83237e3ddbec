"""Charts of routes and of where they break even, read back from their `Axes`."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from ecs_images import InputError, charts

NONE = float("nan")


def route(
    name: str,
    cost: float,
    *,
    to: str = "partner",
    region: str = "cn-hangzhou",
    code: str = "",
    rule: str = "",
    note: str = "",
    currency: str = "CNY",
) -> dict:
    """One row of a routes table; a code means refused."""
    return {
        "route": name,
        "billing_account_id": to,
        "region_id": region,
        "x_allowed": not code,
        "x_code": code,
        "x_rule": rule,
        "list_cost": cost,
        "billing_currency": currency,
        "x_note": note,
        "x_payer": "acme",
    }


def rows(ax: plt.Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def texts(ax: plt.Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def cells(ax: plt.Axes) -> dict[tuple[int, int], Rectangle]:
    """The filled cells of a grid by (row, column)."""
    return {
        (round(patch.get_y() + 0.44), round(patch.get_x() + 0.47)): patch
        for patch in ax.patches
        if isinstance(patch, Rectangle) and patch.get_fill()
    }


def framed(ax: plt.Axes) -> set[tuple[int, int]]:
    frames = [patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
    return {(round(patch.get_y() + 0.44), round(patch.get_x() + 0.47)) for patch in frames}


# Routes to one target -----------------------------------------------------------------------------


@pytest.mark.slow
def test_routes_to_one_target_are_bars_from_the_cheapest_to_the_refused():
    ax = charts.routes_compared(
        pd.DataFrame(
            [
                route("share", NONE, code="InvalidImageId.NotFound", rule="SHARE-1"),
                route("rebuild", 30),
                route("copy, then share", 12.5),
                route("export and import", NONE, note="internet traffic"),
            ]
        )
    )
    assert rows(ax) == ["copy, then share", "rebuild", "export and import", "share"]
    assert [bar.get_width() for container in ax.containers for bar in container] == [12.5, 30]
    assert texts(ax) == ["12.50", "30.00", "no price: internet traffic", "refused: InvalidImageId.NotFound (SHARE-1)"]
    assert ax.get_xlabel() == "list cost [CNY]"
    assert ax.get_title(loc="left") == "cheapest to partner in cn-hangzhou: copy, then share, 12.50 CNY"


def test_when_every_route_is_refused_the_reasons_are_drawn():
    ax = charts.routes_compared(pd.DataFrame([route("share", NONE, code="Image.Public", rule="COMM-1")]))
    assert texts(ax) == ["refused: Image.Public (COMM-1)"]


# Routes to several targets ------------------------------------------------------------------------


def two_targets() -> pd.DataFrame:
    """In Beijing sharing is free; in Hangzhou it is refused and copying costs 12."""
    return pd.DataFrame(
        [
            route("share", 0, region="cn-beijing"),
            route("copy", 9, region="cn-beijing"),
            route("share", NONE, code="X", rule="SHARE-1"),
            route("copy", 12),
        ]
    )


def test_an_amount_that_lacks_its_machine_stands_behind_whole_ones_and_says_so():
    lacking = {"x_not_counted": "machine not priced"}
    table = [route("rebuild", 3) | lacking, route("copy", 12) | {"x_not_counted": ""}]
    bars = charts.routes_compared(pd.DataFrame(table))
    assert rows(bars) == ["copy", "rebuild"]
    assert texts(bars) == ["12.00", "3.00, machine not priced"]
    both = pd.DataFrame(table + [row | {"region_id": "cn-beijing"} for row in table])
    grid = charts.routes_compared(both)
    assert texts(grid) == ["3.00 + ?", "12.00"] * 2
    assert framed(grid) == {(0, 1), (1, 1)}
    assert "+ ?: a part, such as a machine, has no price" in [text.get_text() for text in grid.get_legend().get_texts()]


def test_where_every_amount_lacks_a_part_the_cheapest_of_them_is_framed():
    lacking = {"x_not_counted": "machine not priced"}
    pair = [route("rebuild", 3) | lacking, route("relay", 5) | lacking]
    grid = charts.routes_compared(pd.DataFrame(pair + [row | {"region_id": "cn-beijing"} for row in pair]))
    assert framed(grid) == {(0, 0), (1, 0)}


def test_a_route_that_opens_the_image_to_everybody_is_never_the_cheapest():
    """Publishing ties with sharing at 0 in Beijing, and in Hangzhou only a copy of 12 stands beside it."""
    publish = [route("publish", 0, region="cn-beijing"), route("publish", 0)]
    table = [row | {"x_opens": False} for row in two_targets().to_dict("records")]
    opened = pd.DataFrame([row | {"x_opens": True} for row in publish] + table)
    assert framed(charts.routes_compared(opened)) == {(0, 1), (1, 2)}
    bars = charts.routes_compared(opened[opened["region_id"] == "cn-hangzhou"])
    assert rows(bars) == ["copy", "publish", "share"]
    alone = charts.routes_compared(pd.DataFrame([row | {"x_opens": True} for row in publish]))
    assert framed(alone) == set()


def test_routes_to_several_targets_are_a_grid_with_the_cheapest_framed():
    ax = charts.routes_compared(two_targets())
    assert rows(ax) == ["partner, cn-beijing", "partner, cn-hangzhou"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["share", "copy"]
    assert texts(ax) == ["0.00", "9.00", "SHARE-1", "12.00"]
    assert framed(ax) == {(0, 0), (1, 1)}


def test_what_is_refused_is_hatched_and_what_is_dearer_is_darker():
    found = cells(charts.routes_compared(two_targets()))
    assert {place for place, cell in found.items() if cell.get_hatch()} == {(1, 0)}
    light = {place: sum(to_rgb(found[place].get_facecolor())) for place in ((0, 0), (0, 1), (1, 1))}
    assert light[0, 0] > light[0, 1] > light[1, 1]


def test_the_legend_names_the_currency_and_only_what_is_there():
    ax = charts.routes_compared(two_targets())
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "list cost [CNY], darker is dearer",
        "cheapest of its row",
        "refused, by which rule",
    ]


def test_accounts_of_a_region_that_fare_alike_share_a_row():
    """Fifty accounts alike in two regions, and one more for which copying costs 13."""
    table = [
        route("copy", cost, to=f"a{n}", region=region)
        for region, cost in (("cn-beijing", 9), ("cn-hangzhou", 12))
        for n in range(50)
    ]
    ax = charts.routes_compared(pd.DataFrame([*table, route("copy", 13, to="other")]))
    assert rows(ax) == ["50 accounts, cn-beijing", "50 accounts, cn-hangzhou", "other, cn-hangzhou"]
    assert texts(ax) == ["9.00", "12.00", "13.00"]


@pytest.mark.slow
def test_thirty_targets_have_thirty_named_rows():
    ax = charts.routes_compared(pd.DataFrame([route("copy", n, region=f"r{n}") for n in range(30)]))
    assert rows(ax) == [f"partner, r{n}" for n in range(30)]


def test_only_amounts_must_be_in_one_currency():
    """A refused row has no amount, whichever its currency would be."""
    usd = route("own image", NONE, code="X", rule="SHARE-5", currency="USD")
    ax = charts.routes_compared(pd.DataFrame([route("copy", 5), usd]))
    assert ax.get_xlabel() == "list cost [CNY]"
    with pytest.raises(InputError, match="CNY and USD"):
        charts.routes_compared(pd.DataFrame([route("copy", 5), {**usd, "x_allowed": True, "list_cost": 1.0}]))


# Break-even ---------------------------------------------------------------------------------------


def lines_of(values: list[float], currency: str = "CNY", **routes: list[float]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"x_parameter": "horizon [month]", "x_value": values, "route": name, "list_cost": costs})
        for name, costs in routes.items()
    ]
    return pd.concat(parts).assign(billing_currency=currency)


def shaded(ax: plt.Axes) -> list[tuple[float, float]]:
    return [(span.get_x(), span.get_x() + span.get_width()) for span in ax.patches]


def test_each_route_is_a_line_and_the_change_of_the_cheapest_is_shaded():
    """share costs 3 a month; copy 5 and 1 a month: 6 against 7 at 2, 9 against 8 at 3."""
    ax = charts.break_even(lines_of([1, 2, 3, 4], share=[3, 6, 9, 12], copy=[6, 7, 8, 9]))
    drawn = {line.get_label(): list(line.get_ydata()) for line in ax.lines}
    assert drawn == {"share": [3, 6, 9, 12], "copy": [6, 7, 8, 9]}
    assert shaded(ax) == [(2, 3)]
    assert ax.get_xlabel() == "horizon [month]"
    assert ax.get_title(loc="left") == "cheapest: share → copy between 2 and 3"
    assert ax.get_ylabel() == "list cost [CNY]"
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.lines}) == 2


def test_a_route_that_opens_the_image_is_no_cheapest_unless_it_is_the_only_way():
    """publish costs 5 throughout: share (3, 6, 9) would leave to it at 2, and leaves to copy (6, 7, 8) at 3 instead."""
    table = lines_of([1, 2, 3], share=[3, 6, 9], copy=[6, 7, 8], publish=[5, 5, 5])
    ax = charts.break_even(table.assign(x_opens=table["route"] == "publish"))
    assert shaded(ax) == [(2, 3)]
    said = "cheapest: share → copy between 2 and 3; publish opens the image to everybody"
    assert ax.get_title(loc="left").replace("\n", " ") == said
    two_ways_to_open = lines_of([1, 2], publish=[1, 3], give=[2, 2], share=[NONE, NONE])
    alone = charts.break_even(two_ways_to_open.assign(x_opens=two_ways_to_open["route"] != "share"))
    assert shaded(alone) == [(1, 2)]
    assert "cheapest: publish → give between 1 and 2" in alone.get_title(loc="left")


def test_a_tie_changes_nothing_until_another_is_below():
    """Equal at 2, copy is below at 3."""
    ax = charts.break_even(lines_of([1, 2, 3], share=[1, 2, 3], copy=[2, 2, 2]))
    assert shaded(ax) == [(2, 3)]
    touched = charts.break_even(lines_of([1, 2, 3], share=[1, 2, 1], copy=[2, 2, 2]))
    assert shaded(touched) == []
    assert touched.get_title(loc="left") == "cheapest: share throughout"


def test_a_route_without_an_amount_is_named_and_leaves_a_gap():
    """export is refused at 1 and is the cheapest from 2 on; share is refused throughout."""
    ax = charts.break_even(lines_of([1, 2], copy=[5, 5], export=[NONE, 4], share=[NONE, NONE]))
    assert [line.get_label() for line in ax.lines] == ["copy", "export", "share (no amount)"]
    assert np.isnan(ax.lines[1].get_ydata()[0])
    assert shaded(ax) == [(1, 2)]


def test_break_even_needs_an_amount_one_parameter_and_one_currency():
    table = lines_of([1, 2], copy=[5, 5])
    with pytest.raises(InputError, match="every route is refused"):
        charts.break_even(lines_of([1], copy=[NONE]))
    with pytest.raises(InputError, match=r"one parameter; this table has horizon \[month\] and versions"):
        charts.break_even(pd.concat([table, table.assign(x_parameter="versions")]))
    with pytest.raises(InputError, match="CNY and USD"):
        charts.break_even(pd.concat([table, table.assign(billing_currency="USD")]))
    with pytest.raises(InputError, match="at least one row"):
        charts.break_even(table.iloc[:0])


# The surface --------------------------------------------------------------------------------------


def surface(differences: list[list[float]], currency: str = "CNY") -> pd.DataFrame:
    """`differences[j][i]` at the first value i + 1 and the second value 10 (j + 1)."""
    return pd.DataFrame(
        [
            {
                "x_first": i + 1,
                "x_second": 10 * (j + 1),
                "x_difference": value,
                "billing_currency": currency,
                "x_first_name": "horizon [month]",
                "x_second_name": "change [GiB]",
                "x_first_route": "share",
                "x_second_route": "copy",
            }
            for j, row in enumerate(differences)
            for i, value in enumerate(row)
        ]
    )


def test_a_line_parts_the_cells_where_one_route_is_dearer_from_the_others():
    """Only at (1, 10) is a dearer; its borders lie half way to the neighbours, at 1.5 and 15."""
    ax = charts.break_even_surface(surface([[2, -1], [-1, -4]]))
    mesh, hatched, border = ax.collections
    assert mesh.get_array().ravel().tolist() == [2, -1, -1, -4]
    segments = {tuple(map(tuple, segment)) for segment in border.get_segments()}
    assert segments == {((1.5, 5.0), (1.5, 15.0)), ((0.5, 15.0), (1.5, 15.0))}
    assert hatched.get_hatch() == "//"
    assert np.ma.count(hatched.get_array()) == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("horizon [month]", "change [GiB]")
    assert ax.figure.axes[1].get_ylabel() == "share less copy [CNY]"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["share is dearer", "copy is dearer"]


@pytest.mark.slow
def test_the_title_of_a_surface_says_which_route_is_cheaper_where_and_by_how_much():
    """Sharing is dearer by 2 in one cell of four and cheaper by up to 4 in three."""
    ax = charts.break_even_surface(surface([[2, -1], [-1, -4]]))
    said = "share is cheaper in 3 of 4 cells, by up to 4.00 CNY; copy is cheaper in 1 of 4 cells, by up to 2.00 CNY"
    assert ax.get_title(loc="left").replace("\n", " ") == said
    renamed = charts.break_even_surface(surface([[1.0]]), routes=("give", "take"))
    assert renamed.get_title(loc="left") == "take is cheaper in 1 of 1 cells, by up to 1.00 CNY"


def test_where_one_route_is_always_cheaper_there_is_no_line():
    ax = charts.break_even_surface(surface([[1, 2], [3, 4]]))
    assert ax.collections[-1].get_segments() == []
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["share is dearer"]


def test_a_surface_of_one_value_and_of_equal_costs_can_be_drawn():
    ax = charts.break_even_surface(surface([[0.0]]))
    assert ax.get_title(loc="left") == "both cost the same everywhere"


def test_a_cell_without_an_amount_has_no_border():
    ax = charts.break_even_surface(surface([[1, NONE], [1, -1]]))
    assert [tuple(map(tuple, s)) for s in ax.collections[-1].get_segments()] == [((1.5, 15.0), (1.5, 25.0))]


def test_a_surface_needs_an_amount_and_one_currency():
    with pytest.raises(InputError, match="needs an amount"):
        charts.break_even_surface(surface([[NONE]]))
    with pytest.raises(InputError, match="CNY and USD"):
        charts.break_even_surface(pd.concat([surface([[1]]), surface([[1]], "USD")]))
    with pytest.raises(InputError, match="at least one row"):
        charts.break_even_surface(surface([[1]]).iloc[:0])


# What the titles say --------------------------------------------------------------------------------


def test_the_title_of_a_grid_counts_the_rows_in_which_a_route_is_the_cheapest():
    """Sharing in Beijing, copying in Hangzhou."""
    said = charts.routes_compared(two_targets()).get_title(loc="left")
    assert said.replace("\n", " ") == "cheapest: share in 1 of 2 rows, copy in 1 of 2 rows"


def test_where_every_route_is_refused_the_title_says_so():
    alone = charts.routes_compared(pd.DataFrame([route("share", NONE, code="Image.Public", rule="COMM-1")]))
    said = "no route to partner in cn-hangzhou has an amount that it may be chosen by"
    assert alone.get_title(loc="left").replace("\n", " ") == said


def test_an_amount_that_lacks_a_part_says_so_in_the_title():
    row = route("rebuild", 30) | {"x_not_counted": "machine not priced"}
    said = charts.routes_compared(pd.DataFrame([row])).get_title(loc="left")
    assert said.replace("\n", " ").endswith("rebuild, 30.00 CNY, a part not counted")


def plans(**costs: list[float]) -> pd.DataFrame:
    """What plans have cost after none, ten and twenty days."""
    days = pd.to_datetime(["2026-01-01", "2026-01-11", "2026-01-21"]).tz_localize("Etc/GMT-8")
    rows = [(name, day, cost) for name, found in costs.items() for day, cost in zip(days, found, strict=True)]
    table = pd.DataFrame(rows, columns=["x_plan", "x_at", "list_cost"])
    return table.assign(billing_currency="CNY", x_not_counted="")


def test_the_title_of_plans_says_when_one_becomes_dearer_or_which_costs_least():
    """copy is 4 above share after ten days and 4 below after twenty: they meet after fifteen."""
    crossing = charts.plans_over_time(plans(copy=[0, 8, 10], share=[0, 4, 14])).get_title(loc="left")
    assert crossing == "copy, 2026-01-16: from then on cheaper than share"
    apart = charts.plans_over_time(plans(copy=[0, 8, 10], share=[0, 4, 5])).get_title(loc="left")
    assert apart == "share costs least at the end: 5.00"
