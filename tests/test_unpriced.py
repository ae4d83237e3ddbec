"""Use that no price covers: it is listed, hides nothing else, and is never 0; and prices that stand in by name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from helpers import golden_image, machine
from strategies import storage, traffic

import ecs_images as ecs
from ecs_images import Account, Cloud, InputError, PriceNotFound, Prices, bill
from ecs_images.billing.unpriced import UNPRICED
from ecs_images.catalog.regions import nearest_regions, region, regions
from ecs_images.errors import FileProblems
from ecs_images.stories.check import check

BEIJING, SHANGHAI, JAKARTA = "cn-beijing", "cn-shanghai", "ap-southeast-5"
BEIJING_ONLY = Prices([storage(BEIJING, 1)])

ABROAD = """
title: One priced region and one unpriced
start: 2026-06-01T00:00+08:00
accounts: [team]
steps:
  - import_image: {as: base, account: team, region: cn-hangzhou, file: 3, system_disk: 20, name: base}
  - copy_image: {as: far, account: team, image: base, to: ap-southeast-5}
until: 2026-07-01T00:00+08:00
"""


@pytest.fixture
def both(cloud: Cloud, acme: Account) -> ecs.Bill:
    """12 GiB for a day in Beijing, which has a price of 1 a GiB-hour, and in Shanghai, which has none."""
    for place in (BEIJING, SHANGHAI):
        acme.create_snapshot(machine(acme, region=place))
    return bill(cloud, until="2026-01-16", prices=BEIJING_ONLY)


def test_what_has_a_price_is_billed_and_the_rest_is_listed_with_its_quantity(both: ecs.Bill) -> None:
    """12 GiB × 24 h × 1 = 288 in Beijing; in Shanghai 288 GiB-hours are without a price."""
    assert both.by("region").to_dict("records") == [{"region_id": BEIJING, "billing_currency": "CNY", "list_cost": 288}]
    UNPRICED.check(both.unpriced)
    (lacking,) = both.unpriced.to_dict("records")
    assert (lacking["region_id"], lacking["sku_meter"]) == (SHANGHAI, "snapshot_standard")
    assert (lacking["consumed_quantity"], lacking["consumed_unit"]) == (288, "GiB-Hour")
    assert lacking["x_known"] == "known: cn-beijing from 2017-01-01"


def test_a_total_is_refused_while_something_has_no_price_unless_the_priced_part_is_asked_for(both: ecs.Bill) -> None:
    with pytest.raises(PriceNotFound, match="no CNY price for snapshot_standard in cn-shanghai on 2026-01-15"):
        both.total()
    assert both.total(priced_only=True) == 288
    assert both.total("USD") == 0, "nothing in dollars lacks a price"
    with pytest.raises(PriceNotFound):
        ecs.rate(both.usage, BEIJING_ONLY)


def test_shares_invoices_and_capacity_go_on_beside_a_hole(both: ecs.Bill) -> None:
    assert both.by("snapshot")["list_cost"].tolist() == [288]
    assert both.invoice()["billed_cost"].tolist() == [288]
    assert both.capacity("day", "region")["x_stored_gib"].tolist() == [12, 12]
    with pytest.raises(ecs.UnknownName, match="no resource has a tag of that key"):
        both.unpriced_by("tag:team")
    assert both.unpriced_by("snapshot")["consumed_quantity"].tolist() == [288]
    assert "1 without a price" in repr(both)


def test_an_explanation_names_what_of_a_resource_has_no_price(both: ecs.Bill) -> None:
    priced, unpriced = (both.explain(name) for name in ("s-00000001", "s-00000002"))
    assert priced.total == 288
    assert "no price" not in str(priced)
    assert "no price, so not counted: 288 GiB-Hour of snapshot_standard in cn-shanghai" in str(unpriced)
    with pytest.raises(PriceNotFound):
        _ = unpriced.total


def test_an_image_deleted_after_it_was_explained_leaves_a_whole_table_of_what_has_no_price(
    cloud: Cloud, acme: Account
) -> None:
    """Nothing is left behind and nothing lacks a price: the tables are empty, with all their columns."""
    image = golden_image(acme)
    cloud.at("2026-01-16")
    acme.delete_image(image)
    found = bill(cloud, until="2026-01-16T00:00", prices=BEIJING_ONLY).explain(image)
    UNPRICED.check(found.unpriced)
    assert (found.total, found.left_behind) == (288, 0)


def test_a_hole_between_two_prices_leaves_both_sides_billed(cloud: Cloud, acme: Account) -> None:
    """12 GiB: five days at 1 from the 15th, none for five, two days at 2 from the 25th."""
    acme.create_snapshot(machine(acme))
    prices = Prices([storage(BEIJING, 1, until="2026-01-20"), storage(BEIJING, 2, since="2026-01-25")])
    found = bill(cloud, until="2026-01-27", prices=prices)
    assert found.total(priced_only=True) == 12 * 24 * (5 * 1 + 2 * 2)
    (lacking,) = found.unpriced.to_dict("records")
    assert f"{lacking['charge_period_start']:%m-%d} {lacking['charge_period_end']:%m-%d}" == "01-20 01-25"
    assert lacking["consumed_quantity"] == 12 * 24 * 5
    explained = found.explain("s-00000001")
    assert explained.amounts["list_cost"].tolist() == [12 * 24 * 5, 12 * 24 * 2 * 2]


def test_what_lies_beyond_the_last_tier_is_listed_alone(cloud: Cloud, acme: Account) -> None:
    """12 GiB, of which 10 have a price."""
    acme.create_snapshot(machine(acme))
    found = bill(cloud, until="2026-01-15T01:00", prices=Prices([storage(BEIJING, 1, tier=(0, 10))]))
    assert found.total(priced_only=True) == 10
    assert found.unpriced["consumed_quantity"].tolist() == [2]


def test_an_expectation_holds_on_what_is_priced_and_says_what_is_not() -> None:
    expect = """
expect:
  - {where: {region: cn-hangzhou}, cost: 0.36}
  - {where: {region: ap-southeast-5}, cost: 0}
  - {where: {image: far}, cost: 0}
  - {cost: 0.36}
"""
    story = ecs.Story.parse(ABROAD + expect)
    with pytest.raises(FileProblems) as error:
        check(story, story.run())
    assert [problem.line for problem in error.value.problems] == [12, 13, 14]
    assert all("no CNY price for snapshot_standard in ap-southeast-5" in p.message for p in error.value.problems)
    story = ecs.Story.parse(ABROAD + "\n".join(expect.split("\n")[:3]))
    assert [outcome.passed for outcome in check(story, story.run())] == [True]


# By name ------------------------------------------------------------------------------------------


def test_the_nearest_region_is_of_the_same_area_then_of_the_same_country() -> None:
    for name in regions():
        near = [region(other).area == region(name).area for other in nearest_regions(name)]
        assert near == sorted(near, reverse=True)
        assert {name, *nearest_regions(name)} == set(regions())
    assert nearest_regions("us-east-1")[0] == "us-west-1"
    assert nearest_regions("cn-hangzhou")[0] == "cn-shanghai"


@pytest.mark.slow
def test_a_missing_price_is_that_of_the_nearest_region_only_when_asked_for_and_is_marked(both: ecs.Bill) -> None:
    found = bill(both._origin.ledger, until="2026-01-16", prices=BEIJING_ONLY, assume_prices="nearest")
    assert found.total() == 576
    by_region = found.by("region").set_index("region_id")
    assert by_region["x_stand_in_cost"].to_dict() == {BEIJING: 0, SHANGHAI: 288}
    assert found.by("snapshot")["x_stand_in_cost"].sum() == 288
    (listed,) = found.assumptions().query("assumption == 'stand-in'").to_dict("records")
    assert listed["subject"] == "snapshot_standard cn-shanghai"
    assert listed["taken"] == "1 CNY per_gib_hour of cn-beijing"
    assert "in cn-beijing, which stands in for cn-shanghai" in str(found.explain("s-00000002"))
    assert "stands in" not in str(found.explain("s-00000001"))


def test_a_price_never_stands_in_across_currencies_and_a_scope_says_itself_where_it_holds(cloud: Cloud) -> None:
    globex = cloud.account("globex", site="international")
    globex.create_snapshot(machine(globex, region=JAKARTA))
    for prices in (BEIJING_ONLY, Prices([storage("mainland_china", 1, currency="USD")])):
        found = bill(cloud, until="2026-01-16", prices=prices, assume_prices="nearest")
        assert len(found.unpriced) == 1
        assert found.total(priced_only=True) == 0


def test_traffic_is_stood_in_for_between_the_same_two_areas_only(cloud: Cloud, acme: Account) -> None:
    """10 GiB from Beijing: to Shanghai the price to Hangzhou is the nearest, to Jakarta none is known."""
    snapshot = acme.create_snapshot(machine(acme, written=10))
    for to in (SHANGHAI, JAKARTA):
        acme.copy_snapshot(snapshot, to=to)
    prices = Prices([storage("all_regions", 0), traffic(BEIJING, "cn-hangzhou", 2), traffic(BEIJING, "cn-hongkong", 9)])
    found = bill(cloud, until="2026-01-16", prices=prices, assume_prices="nearest")
    assert found.total(priced_only=True) == 20
    assert found.unpriced["x_item"].tolist() == [JAKARTA]


@pytest.mark.parametrize("wrong", ["near", "NEAREST", 1, True])
def test_there_is_no_other_way_to_assume_a_price(cloud: Cloud, acme: Account, wrong: object) -> None:
    golden_image(acme)
    with pytest.raises(InputError, match="assume_prices is 'nearest' or left out"):
        bill(cloud, until="2026-01-16", assume_prices=wrong)


# Free range (UNK-12) ------------------------------------------------------------------------------


def abroad(when: str, **assume: str) -> tuple[dict[str, float], set[str]]:
    """The cost of 4 GiB for 30 days in three regions, and the assumptions named."""
    cloud = Cloud(start=when, assume=assume)
    acme = cloud.account("acme")
    for place in ("cn-hongkong", "ap-southeast-1", "us-west-1"):
        acme.import_image(region=place, file=4, system_disk=20)
    found = bill(cloud, until=cloud.now + timedelta(days=30))
    return found.by("region").set_index("region_id")["list_cost"].to_dict(), set(found.assumptions()["assumption"])


def test_the_free_range_ends_in_every_region_on_one_day_and_the_bill_says_so() -> None:
    """UNK-12: 4 × 0.136 where 2024 has a price, 4 × 0.165 by the table of 2018."""
    costs, named = abroad("2026-06-01")
    assert costs == pytest.approx({"cn-hongkong": 0.544, "ap-southeast-1": 0.544, "us-west-1": 0.66})
    assert "UNK-12" in named


def test_the_free_range_may_be_supposed_as_published() -> None:
    """UNK-12: the README of Singapore has none; the other two tables do."""
    costs, named = abroad("2026-06-01", **{"UNK-12": "as_published"})
    assert costs == pytest.approx({"cn-hongkong": 0, "ap-southeast-1": 0.544, "us-west-1": 0})
    assert "UNK-12" in named


def test_free_gib_is_a_switch_of_one_bill() -> None:
    """UNK-12: 5 GiB as the tables of 2018 print it, or none; a size that no table has is refused."""
    cloud = Cloud(start="2026-06-01")
    cloud.account("acme").import_image(region="cn-hongkong", file=4, system_disk=20)
    until = cloud.now + timedelta(days=30)
    assert [bill(cloud, until=until, free_gib=gib).total() for gib in (0, 5)] == pytest.approx([0.544, 0])
    assert "UNK-12" in set(bill(cloud, until=until, free_gib=5).assumptions()["assumption"])
    with pytest.raises(InputError, match="free_gib is 0 or 5, as published price tables have it, not 3"):
        bill(cloud, until=until, free_gib=3)
    with pytest.raises(InputError, match="free_gib and assume UNK-12 say the same thing"):
        bill(cloud, until=until, free_gib=5, assume={"UNK-12": "none"})


def test_before_the_day_the_free_range_is_free_and_nothing_is_assumed_of_it() -> None:
    costs, named = abroad("2021-05-01")
    assert set(costs.values()) == {0}
    assert "UNK-12" not in named


def test_a_table_of_one_s_own_keeps_its_free_range(cloud: Cloud, acme: Account) -> None:
    acme.create_snapshot(machine(acme))
    prices = Prices([storage(BEIJING, 0, tier=(0, 5)), storage(BEIJING, 1, tier=(5, float("inf")))])
    assert bill(cloud, until="2026-01-15T01:00", prices=prices).total() == 7
