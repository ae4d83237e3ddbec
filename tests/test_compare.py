"""Two bills side by side."""

from __future__ import annotations

import pandas as pd
import pytest
from helpers import HANGZHOU, machine
from strategies import storage

from ecs_images import Bill, Cloud, Prices, UnknownName, bill
from ecs_images.billing.compare import COMPARISON

# 1 for a GiB and hour: 12 GiB cost 288 a day.
TOY = Prices([storage("all_regions", 1), storage("all_regions", 1, currency="USD")])


def stored(days: int, *, copied: bool = False, site: str = "china") -> Bill:
    """The bill of 12 GiB in Beijing for some days of January, with a copy in Hangzhou or not."""
    cloud = Cloud(start="2026-01-15")
    acme = cloud.account("acme", site)
    image = acme.create_image(machine(acme))
    if copied:
        acme.copy_image(image, to=HANGZHOU)
    return bill(cloud, until=f"2026-01-{15 + days}", prices=TOY)


def rows(table: pd.DataFrame) -> dict[str, tuple[float, float]]:
    return {r.x_part: (round(r.x_before, 6), round(r.x_after, 6)) for r in table.itertuples()}


def test_the_same_meter_of_two_bills_stands_in_one_row():
    table = stored(5).compare(stored(10))
    assert list(table.columns) == COMPARISON.names
    assert table["x_change"].tolist() == [5 * 288]
    assert rows(table) == {"snapshot_standard": (5 * 288, 10 * 288)}


def test_a_part_that_only_one_bill_has_is_0_in_the_other():
    table = stored(5).compare(stored(5, copied=True), "region")
    assert rows(table) == {"cn-beijing": (1440, 1440), HANGZHOU: (0, 1440)}


@pytest.mark.slow
def test_the_amounts_add_up_to_the_totals_of_the_bills():
    before, after = stored(5), stored(9, copied=True)
    for by in ("meter", "region", "account", "month", "day", "currency"):
        table = before.compare(after, by)
        assert table["x_before"].sum() == pytest.approx(before.total())
        assert table["x_after"].sum() == pytest.approx(after.total())


def test_currencies_stay_apart():
    """Ground rule 10: nothing converts between CNY and USD."""
    table = stored(5).compare(stored(5, site="international"))
    amounts = zip(table["billing_currency"], table["x_before"], table["x_after"], strict=True)
    assert list(amounts) == [("CNY", 1440, 0), ("USD", 0, 1440)]


def test_bills_are_split_by_what_a_bill_knows():
    with pytest.raises(UnknownName, match="unknown dimension 'colour'"):
        stored(1).compare(stored(2), "colour")


def test_two_empty_bills_make_an_empty_table():
    cloud = Cloud(start="2026-01-15")
    nothing = bill(cloud, until="2026-01-20", prices=TOY)
    assert len(nothing.compare(nothing)) == 0


def test_images_of_two_bills_are_matched_by_their_names():
    table = stored(5).compare(stored(10, copied=True), "image", "region")
    (at_home, away) = rows(table)
    assert at_home == "m-00000001, cn-beijing"  # it has no name, so its id stands for it
    assert rows(table) == {at_home: (1440, 2880), away: (0, 2880)}


def test_parts_of_several_dimensions_are_named_by_all_of_them():
    table = stored(5).compare(stored(10), "month", "meter")
    assert rows(table) == {"2026-01, snapshot_standard": (1440, 2880)}
