"""Charts, read back from their `Axes`: heights, labels with currency and unit, and what they refuse."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from helpers import machine
from matplotlib.colors import to_hex

from ecs_images import InputError, bill, charts


def costs(*rows: tuple[str, str, float], currency: str = "CNY") -> pd.DataFrame:
    """A table with the columns a cost chart reads: (day, meter or region, cost)."""
    days, names, amounts = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "charge_period_start": pd.to_datetime(days).tz_localize("UTC+08:00"),
            "sku_meter": names,
            "region_id": names,
            "billing_currency": currency,
            "list_cost": pd.Series(amounts, dtype=float),
        }
    )


def stored(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """A table as `Bill.capacity` gives it: (day, region, GiB)."""
    days, names, gib = zip(*rows, strict=True)
    moments = pd.to_datetime(days).tz_localize("UTC+08:00")
    return pd.DataFrame({"x_period_start": moments, "region_id": names, "x_stored_gib": pd.Series(gib, dtype=float)})


def bars(ax: plt.Axes) -> dict[str, list[tuple[float, float]]]:
    """For each series its bars as (bottom, height), in order of months."""
    return {c.get_label(): [(bar.get_y(), bar.get_height()) for bar in c] for c in ax.containers}


def lines(ax: plt.Axes) -> dict[str, list[float]]:
    return {line.get_label(): list(line.get_ydata()) for line in ax.lines}


def months(ax: plt.Axes) -> list[str]:
    return [label.get_text() for label in ax.get_xticklabels()]


# Cost ----------------------------------------------------------------------------------------------


def test_costs_are_added_by_month_and_stacked():
    """January: storage 1 + 2, licence 5 on top; February: storage 4 alone."""
    ax = charts.cost_over_time(
        costs(
            ("2026-01-15", "os_licence", 5),
            ("2026-01-15", "snapshot_standard", 1),
            ("2026-01-31", "snapshot_standard", 2),
            ("2026-02-01", "snapshot_standard", 4),
        )
    )  # fmt: skip
    assert bars(ax) == {"snapshot standard": [(0, 3), (0, 4)], "OS licence": [(3, 5), (4, 0)]}
    assert months(ax) == ["2026-01", "2026-02"]


@pytest.mark.parametrize("currency", ["CNY", "USD"])
def test_the_axes_name_the_currency_and_the_clock(currency):
    """Ground rules 7 and 10: money has a currency, months are those of UTC+8."""
    ax = charts.cost_over_time(costs(("2026-01-15", "snapshot_standard", 1), currency=currency))
    assert ax.get_ylabel() == f"list cost [{currency} per month]"
    assert ax.get_xlabel() == "month (UTC+8)"


def test_two_currencies_make_no_chart():
    """Ground rule 10."""
    both = pd.concat([costs(("2026-01-15", "a", 1)), costs(("2026-01-15", "a", 1), currency="USD")])
    with pytest.raises(InputError, match="one currency; this table has CNY and USD"):
        charts.cost_over_time(both)


def test_no_charges_make_no_chart():
    with pytest.raises(InputError, match="at least one row"):
        charts.cost_over_time(costs(("2026-01-15", "a", 1)).iloc[:0])


@pytest.mark.slow
def test_a_chart_of_one_series_is_titled_and_of_several_has_a_legend():
    one = charts.cost_over_time(costs(("2026-01-15", "snapshot_standard", 1)))
    assert one.get_title(loc="left") == "snapshot standard: 1.00 CNY at list prices in 2026-01"
    assert one.get_legend() is None
    two = charts.cost_over_time(costs(("2026-01-15", "cn-a", 1), ("2026-01-15", "cn-b", 1)), by="region_id")
    assert [text.get_text() for text in two.get_legend().get_texts()] == ["cn-a", "cn-b"]


def test_what_belongs_to_none_is_labelled():
    """Storage has no item: the empty name is shown as (none)."""
    ax = charts.cost_over_time(costs(("2026-01-15", "", 1), ("2026-01-15", "Red Hat", 2)), by="region_id")
    assert set(bars(ax)) == {"(none)", "Red Hat"}


def test_at_most_eight_series_are_shown_and_the_smallest_go_together():
    """Ten series of 1 to 10: the seven largest are 10 to 4, the others 3 + 2 + 1 = 6."""
    ax = charts.cost_over_time(costs(*[("2026-01-15", f"r{n}", n) for n in range(1, 11)]), by="region_id")
    heights = {name: height for name, [(_, height)] in bars(ax).items()}
    assert heights == {**{f"r{n}": n for n in range(4, 11)}, "other": 6}


def test_eight_series_are_all_shown():
    ax = charts.cost_over_time(costs(*[("2026-01-15", f"r{n}", n) for n in range(8)]), by="region_id")
    assert "other" not in bars(ax)
    assert len(bars(ax)) == 8


@pytest.mark.slow
def test_series_differ_without_colour_too():
    ax = charts.cost_over_time(costs(*[("2026-01-15", f"r{n}", 1) for n in range(8)]), by="region_id")
    assert len({container[0].get_hatch() for container in ax.containers}) == 8


def test_a_chart_may_be_drawn_on_given_axes():
    _, (left, right) = plt.subplots(1, 2)
    assert charts.cost_over_time(costs(("2026-01-15", "a", 1)), ax=left) is left
    assert charts.capacity_over_time(stored(("2026-01-15", "a", 1)), ax=right) is right


def test_the_title_says_the_sum_and_the_dearest_month_and_each_bar_its_total():
    """January 1 + 2, February nothing, March 5: 8 in all."""
    ax = charts.cost_over_time(
        costs(("2026-01-15", "cn-a", 1), ("2026-01-15", "cn-b", 2), ("2026-03-15", "cn-a", 5)), by="region_id"
    )
    assert ax.get_title(loc="left") == "8.00 CNY at list prices, most in 2026-03: 5.00"
    assert [text.get_text() for text in ax.texts] == ["3.00", "0.00", "5.00"]


# Stored GiB ----------------------------------------------------------------------------------------


def test_stacked_areas_reach_what_is_stored_in_all():
    """12 + 5 GiB, then 14 + 0."""
    table = stored(("2026-01-15", "cn-a", 12), ("2026-01-15", "cn-b", 5), ("2026-01-16", "cn-a", 14))
    ax = charts.capacity_over_time(table)
    assert max(y for area in ax.collections for path in area.get_paths() for y in path.vertices[:, 1]) == 17
    assert ax.get_title(loc="left") == "from 17 GiB to 14 GiB"
    of_lines = charts.capacity_over_time(table, stacked=False).get_title(loc="left")
    assert of_lines == "cn-a, the largest: from 12 GiB to 14 GiB"


def test_stored_gib_are_steps_of_one_line_a_region():
    ax = charts.capacity_over_time(
        stored(("2026-01-15", "cn-a", 12), ("2026-01-15", "cn-b", 5), ("2026-01-16", "cn-a", 14)), stacked=False
    )
    found = lines(ax)
    assert found["cn-a"][:2] == [12, 14]
    assert found["cn-b"][:2] == [5, 0]
    assert {line.get_drawstyle() for line in ax.lines} == {"steps-post"}
    assert ax.get_ylabel() == "stored [GiB, mean of the period]"
    assert ax.get_xlabel() == "time (UTC+8)"
    assert ax.get_ylim()[0] == 0


def test_the_title_says_when_the_most_was_stored():
    table = stored(("2026-01-15", "cn-a", 12), ("2026-01-16", "cn-a", 20), ("2026-01-17", "cn-a", 5))
    said = charts.capacity_over_time(table, stacked=False).get_title(loc="left")
    assert said == "cn-a: from 12 GiB to 5 GiB, at most 20 GiB in the period from 2026-01-16"


def test_lines_that_follow_one_another_are_dashed_differently():
    ax = charts.capacity_over_time(stored(*[("2026-01-15", f"r{n}", 1) for n in range(4)]), stacked=False)
    assert len({line.get_linestyle() for line in ax.lines}) == 4


def test_at_most_eight_lines_are_shown():
    """Nine regions of 1 to 9 GiB: 9 to 3, and 2 + 1 as other."""
    ax = charts.capacity_over_time(stored(*[("2026-01-15", f"r{n}", n) for n in range(1, 10)]), stacked=False)
    found = {name: values[0] for name, values in lines(ax).items()}
    assert found == {**{f"r{n}": n for n in range(3, 10)}, "other": 3}


def test_what_backs_no_image_is_labelled():
    ax = charts.capacity_over_time(stored(("2026-01-15", "", 1), ("2026-01-15", "m-1", 1)), stacked=False)
    assert set(lines(ax)) == {"(no image)", "m-1"}


def test_images_are_called_by_their_names(cloud, acme):
    """Two images of 12 GiB, of which one has no name."""
    acme.create_image(machine(acme), name="golden-1")
    nameless = acme.create_image(machine(acme))
    found = bill(cloud, until="2026-01-20")
    ax = charts.capacity_over_time(found.capacity(by="image"), names=found.names("image"), stacked=False)
    assert set(lines(ax)) == {"golden-1", nameless}


def test_a_time_without_storage_is_drawn_as_nothing_stored(cloud, acme):
    """12 GiB on the 15th, nothing on the 16th and 17th, 12 GiB on the 18th and 19th.

    The line must not stay at 12 across the two empty days.
    """
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    cloud.at("2026-01-16")
    acme.delete_snapshot(snapshot)
    cloud.at("2026-01-18")
    acme.create_snapshot(web)
    ax = charts.capacity_over_time(bill(cloud, until="2026-01-20").capacity("day"), stacked=False)
    (line,) = ax.lines
    drawn = {f"{when:%m-%d}": gib for when, gib in zip(line.get_xdata(), line.get_ydata(), strict=True)}
    assert drawn["01-15"] == 12
    assert drawn["01-18"] == 12
    assert drawn.get("01-16") == 0


# From a bill ---------------------------------------------------------------------------------------


def test_the_charts_of_a_bill_show_its_amounts(cloud, acme):
    """12 GiB at 0.12 a month of 720 h (BILL-2): 17 days of January cost 0.816, 28 of February 1.344."""
    acme.create_snapshot(machine(acme))
    found = bill(cloud, until="2026-03-01")
    heights = [height for _, height in bars(charts.cost_over_time(found.charges))["snapshot standard"]]
    assert heights == pytest.approx([12 * 0.12 / 720 * 24 * 17, 12 * 0.12 / 720 * 24 * 28])
    assert heights == pytest.approx([0.816, 1.344])
    (values,) = lines(charts.capacity_over_time(found.capacity(), stacked=False)).values()
    assert values[:2] == pytest.approx([12, 12])


@pytest.mark.slow
def test_other_is_pale_and_the_title_says_how_many_are_named():
    """Ten regions of 1 to 10 GiB: seven have names, the other three lie on top of them in pale grey."""
    table = stored(*[("2026-01-15", f"r{n}", n) for n in range(1, 11)])
    ax = charts.capacity_over_time(table)
    assert to_hex(ax.collections[-1].get_facecolor()[0]).upper() == "#E8E8E8"
    assert ax.get_title(loc="left") == "from 55 GiB to 55 GiB; the 7 largest of 10 are named"
    assert charts.capacity_over_time(table, stacked=False).get_title(loc="left").startswith("r10, the largest: ")


def test_completion_of_charts_offers_the_charts_and_no_modules():
    assert dir(charts) == charts.__all__
    assert {getattr(charts, name).__name__ for name in dir(charts)} == set(charts.__all__)
