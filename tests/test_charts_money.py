"""Charts of bills against each other and of who pays, read back from their `Axes`."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from ecs_images import InputError, charts


def parts(*rows: tuple[str, float, float], currency: str = "CNY") -> pd.DataFrame:
    """A waterfall table: (part, before, after)."""
    return pd.DataFrame(rows, columns=["x_part", "x_before", "x_after"]).assign(billing_currency=currency)


def paid(*rows: tuple[str, str, float], currency: str = "CNY") -> pd.DataFrame:
    """Amounts by account and meter: (account, meter, cost)."""
    frame = pd.DataFrame(rows, columns=["billing_account_id", "sku_meter", "list_cost"])
    return frame.assign(billing_currency=currency)


def rows(ax: plt.Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def stretches(ax: plt.Axes) -> list[tuple[float, float]]:
    """Every bar as (from, to), rows from the top."""
    bars = sorted((bar for c in ax.containers for bar in c), key=lambda bar: bar.get_y())
    return [(round(bar.get_x(), 9), round(bar.get_x() + bar.get_width(), 9)) for bar in bars]


def texts(ax: plt.Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


# Cost over time -----------------------------------------------------------------------------------


def test_a_month_without_charges_has_its_place():
    """December and February cost, January costs nothing."""
    table = pd.DataFrame(
        {
            "charge_period_start": pd.to_datetime(["2025-12-31", "2026-02-01"]).tz_localize("UTC+08:00"),
            "sku_meter": "snapshot_standard",
            "billing_currency": "CNY",
            "list_cost": [3.0, 4.0],
        }
    )
    ax = charts.cost_over_time(table)
    assert [bar.get_height() for bar in ax.containers[0]] == [3, 0, 4]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2025-12", "2026-01", "2026-02"]


@pytest.mark.slow
def test_of_very_many_months_every_few_are_named():
    """120 months: all have a bar, names stand where there is room."""
    starts = pd.date_range("2016-01-15", periods=120, freq="MS", tz="UTC+08:00")
    table = pd.DataFrame(
        {"charge_period_start": starts, "sku_meter": "os_licence", "billing_currency": "CNY", "list_cost": 1.0}
    )
    ax = charts.cost_over_time(table)
    assert len(ax.containers[0]) == 120
    assert 10 <= len(ax.get_xticks()) <= 40


# Two bills ----------------------------------------------------------------------------------------


def test_the_bars_lead_from_one_bill_to_the_other():
    """10 + 5 = 15 before; storage rises by 6, the licence falls by 4: 15, 21, 17."""
    ax = charts.bill_waterfall(parts(("snapshot_standard", 10, 16), ("os_licence", 5, 1)))
    assert rows(ax) == ["before", "snapshot standard", "OS licence", "after"]
    assert stretches(ax) == [(0, 15), (15, 21), (21, 17), (0, 17)]
    assert texts(ax) == ["15.00", "+6.00", "−4.00", "17.00"]
    assert ax.get_title(loc="left") == "+2.00 CNY in all; most by snapshot standard, +6.00"
    assert ax.get_xlabel() == "list cost [CNY]"


def test_more_and_less_differ_without_colour():
    ax = charts.bill_waterfall(parts(("a", 0, 2), ("b", 1, 0)))
    hatches = [bar.get_hatch() for c in ax.containers for bar in c]
    assert hatches.count("//") == 1


def test_what_does_not_change_is_left_out():
    ax = charts.bill_waterfall(parts(("a", 3, 3), ("b", 1, 2)))
    assert rows(ax) == ["before", "b", "after"]
    same = charts.bill_waterfall(parts(("a", 3, 3)))
    assert (rows(same), same.get_title(loc="left")) == (["before", "after"], "nothing changes")


def test_of_many_changes_the_nine_largest_are_shown_and_the_rest_together():
    """Changes of 1 to 30: 30 to 22 are shown, 21 + 20 + … + 1 = 231 as other."""
    ax = charts.bill_waterfall(parts(*[(f"p{n}", 0, n) for n in range(1, 31)]))
    assert rows(ax) == ["before", *[f"p{n}" for n in range(30, 21, -1)], "other", "after"]
    assert texts(ax)[-2:] == ["+231.00", "465.00"]


# Who pays -----------------------------------------------------------------------------------------


def test_the_owner_comes_first_and_the_meters_are_stacked():
    """acme: storage 4 and licence 1; partner: 7 for licences, twice."""
    ax = charts.who_pays(
        paid(
            ("partner", "os_licence", 3),
            ("acme", "snapshot_standard", 4),
            ("acme", "os_licence", 1),
            ("partner", "os_licence", 4),
        ),
        owner="acme",
    )
    assert rows(ax) == ["acme (owner)", "partner"]
    bars = {c.get_label(): [(bar.get_x(), bar.get_width()) for bar in c] for c in ax.containers}
    assert bars == {"snapshot standard": [(0, 4), (0, 0)], "OS licence": [(4, 1), (0, 7)]}
    assert texts(ax) == ["5.00", "7.00"]
    assert ax.get_title(loc="left") == "acme pays 5.00 of 12.00 CNY (42%) at list prices"
    assert ax.get_xlabel() == "list cost [CNY]"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["snapshot standard", "OS licence"]


def test_a_receiver_who_pays_nothing_is_shown_too():
    """SHARE-8: sharing costs the receiver nothing."""
    ax = charts.who_pays(paid(("acme", "snapshot_standard", 4)), owner="acme", receivers=["partner"])
    assert rows(ax) == ["acme (owner)", "partner"]
    assert texts(ax) == ["4.00", "0.00"]


@pytest.mark.slow
def test_many_receivers_are_put_together():
    """The owner, the ten who pay most, and 20 others who pay 1 to 20: 210."""
    ax = charts.who_pays(
        paid(("acme", "snapshot_standard", 1), *[(f"r{n}", "os_licence", n) for n in range(1, 31)]), owner="acme"
    )
    assert rows(ax) == ["acme (owner)", *[f"r{n}" for n in range(30, 20, -1)], "20 others"]
    assert texts(ax)[-1] == "210.00"


@pytest.mark.parametrize(
    "draw", [charts.bill_waterfall, lambda table, **more: charts.who_pays(table, owner="a", **more)]
)
def test_neither_nothing_nor_two_currencies_are_drawn(draw):
    """Ground rule 10."""
    table = parts(("a", 1, 2)).assign(billing_account_id="a", sku_meter="os_licence", list_cost=1.0)
    with pytest.raises(InputError, match="at least one row"):
        draw(table.iloc[:0])
    with pytest.raises(InputError, match="one currency; this table has CNY and USD"):
        draw(pd.concat([table, table.assign(billing_currency="USD")]))
    with pytest.raises(InputError, match="needs the columns"):
        draw(table.drop(columns="billing_currency"))
    _, ax = plt.subplots()
    assert draw(table, ax=ax) is ax
