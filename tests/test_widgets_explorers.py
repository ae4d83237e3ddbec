"""The explorers of chains, lives and prices: what they show is what the cloud and the price book say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from helpers import BEIJING, golden_image, machine, unchanged

import ecs_images as ecs
from ecs_images import Account, Cloud, InputError, UnknownName
from ecs_images.units import parse_time
from ecs_images.widgets import chain_explorer, lifecycle_explorer, price_browser
from ecs_images.widgets.chain import ChainChoice
from ecs_images.widgets.lifecycle import ImageLife
from ecs_images.widgets.price_browser import EVERYWHERE, PriceBrowser


@pytest.fixture
def three(cloud: Cloud, acme: Account) -> tuple[str, str, str]:
    """Three snapshots of 12 GiB; the same 3 GiB are written over between them, and 9 are held by all."""
    web = machine(acme)
    first = acme.create_snapshot(web)
    acme.write(web, overwrite=3)
    second = acme.create_snapshot(web)
    acme.write(web, overwrite=3)
    return first, second, acme.create_snapshot(web)


# Chains -------------------------------------------------------------------------------------------


def test_chosen_snapshots_free_what_they_hold_together(cloud: Cloud, three: tuple[str, str, str]) -> None:
    """CHAIN-1: 9 GiB are held by all, 3 by each alone: 18 in all, two free 6, all three free 18."""
    panel = chain_explorer(cloud, three[0])
    assert "has 3 live snapshots and stores 18 GiB" in panel.parts["summary"].value
    assert "Choose the snapshots" in panel.parts["summary"].value
    panel.controls["snapshots"].value = three[:2]
    assert "together frees 6 GiB; 12 GiB stay" in panel.parts["summary"].value
    panel.controls["snapshots"].value = three
    assert "together frees 18 GiB; 0 GiB stay" in panel.parts["summary"].value
    assert "hold only 9 GiB alone" in panel.parts["summary"].value


def test_the_table_says_what_each_further_snapshot_would_free(cloud: Cloud, three: tuple[str, str, str]) -> None:
    table = ChainChoice(cloud, three[0]).table(three[:2])
    assert table["x_alone_gib"].tolist() == [3, 3, 3]
    assert table["x_after_gib"].tolist() == [0, 0, 12]
    assert table["x_ticked"].tolist() == [True, True, False]


def test_money_is_an_estimate_of_freed_gib_at_the_price_of_the_region(
    cloud: Cloud, three: tuple[str, str, str]
) -> None:
    """6 GiB × 0.12 CNY a month; where there are no tiers the bill of 30 days agrees."""
    panel = chain_explorer(cloud, three[0])
    panel.controls["snapshots"].value = three[:2]
    assert "Estimate: 0.72 CNY less a month" in panel.parts["summary"].value
    less = cloud.fork()
    for name in three[:2]:
        less.account("acme").delete_snapshot(name)
    cost = [ecs.bill(c, until="2026-02-14").charges["list_cost"].sum() for c in (cloud, less)]
    model = ChainChoice(cloud, three[0])
    assert cost[0] - cost[1] == pytest.approx(0.72)
    assert model.money_per_month(6) == (pytest.approx(0.72), "CNY")


def test_a_snapshot_that_an_image_needs_is_named(cloud: Cloud, acme: Account) -> None:
    """SDEL-2."""
    snapshot = cloud.image(golden_image(acme)).system_snapshot
    panel = chain_explorer(cloud, snapshot)
    panel.controls["snapshots"].value = (snapshot,)
    assert f"refuses to delete {snapshot} as long as an image needs it" in panel.parts["summary"].value


def test_a_chain_that_lost_its_snapshots_or_never_stored_is_a_sentence(cloud: Cloud, acme: Account) -> None:
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    acme.delete_snapshot(snapshot)
    panel = chain_explorer(cloud, web)
    assert "has no live snapshot" in panel.parts["summary"].value
    assert "<img" not in panel.parts["picture"].value


def test_money_before_the_first_price_is_not_known(cloud: Cloud, acme: Account) -> None:
    snapshot = acme.create_snapshot(machine(acme))
    late = ecs.Prices(
        replace(row, valid_from=date(2030, 1, 1), valid_until=None) for row in ecs.Prices.published().rows
    )
    panel = chain_explorer(cloud, snapshot, prices=late)
    panel.controls["snapshots"].value = (snapshot,)
    assert "What that saves is not known: no CNY price for snapshot_standard" in panel.parts["summary"].value


def test_the_chain_explorer_draws_what_it_says(cloud: Cloud, three: tuple[str, str, str]) -> None:
    with unchanged(cloud):
        panel = chain_explorer(cloud, three[0])
        panel.controls["snapshots"].value = three[1:]
    assert "6 GiB are freed" in panel.parts["picture"].value
    assert "data:image/png;base64," in panel.parts["picture"].value
    assert repr(panel) == f"<chain explorer of {cloud.chain(three[0]).id}>"
    with pytest.raises(UnknownName):
        chain_explorer(cloud, "s-99999999")


# Lives --------------------------------------------------------------------------------------------


@pytest.fixture
def shared(cloud: Cloud, acme: Account, partner: Account) -> str:
    """An image made on 2026-01-15, shared on the 20th, no longer on the 25th, deleted on the 30th."""
    image = golden_image(acme, name="golden")
    cloud.at("2026-01-20")
    acme.share_image(image, with_accounts=[partner])
    cloud.at("2026-01-25")
    acme.unshare_image(image, from_accounts=[partner])
    cloud.at("2026-01-30")
    acme.delete_image(image)
    cloud.at("2026-02-05")
    return image


def test_while_it_is_shared_an_image_cannot_be_deleted(cloud: Cloud, shared: str) -> None:
    """DEL-3: refused on the day it is shared, allowed when it is not, before and after."""
    life = ImageLife(cloud)
    assert life.moments(shared) == ["2026-01-15", "2026-01-20", "2026-01-25", "2026-01-30", "2026-02-05"]
    answers = {}
    for moment in life.moments(shared):
        rows = life.table(shared, "acme", moment).set_index("x_command")
        answers[moment] = rows.loc["delete", "x_allowed"], rows.loc["delete", "x_code"], rows.loc["delete", "x_note"]
    assert answers["2026-01-15"] == answers["2026-01-25"] == (True, "", "")
    assert answers["2026-01-20"][:2] == (False, "ImageUseShared")
    # The service says nothing to the deletion of what is gone already.
    assert answers["2026-01-30"] == answers["2026-02-05"] == (True, "", "changes nothing")


def test_a_receiver_may_launch_and_nothing_else(cloud: Cloud, shared: str) -> None:
    """SHARE-1, SHARE-7."""
    panel = lifecycle_explorer(cloud, shared)
    with panel.together():
        panel.controls["moment"].value = "2026-01-20"
        panel.controls["account"].value = "partner"
    assert "partner is not its owner (acme)" in panel.parts["summary"].value
    assert "partner may: launch an instance." in panel.parts["summary"].value
    panel.controls["moment"].value = "2026-01-25"
    assert "Nothing that partner may do to it has an effect." in panel.parts["summary"].value


def test_what_is_refused_stands_with_its_code_and_why(cloud: Cloud, shared: str) -> None:
    panel = lifecycle_explorer(cloud, shared)
    panel.controls["moment"].value = "2026-01-20"
    assert "ImageUseShared" in panel.parts["commands"].value
    assert "is shared with partner; unshare it first" in panel.parts["commands"].value
    assert "is Available, shared with partner" in panel.parts["summary"].value
    assert f"The line of time of {shared}" in panel.parts["picture"].value


def test_trying_commands_changes_no_cloud(cloud: Cloud, shared: str) -> None:
    with unchanged(cloud):
        lifecycle_explorer(cloud, shared).controls["moment"].value = "2026-01-15"


def test_a_creating_image_cannot_be_launched_until_it_is_done() -> None:
    """STATUS-2: with typical durations the first moment is that of the making."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    image = acme.create_image(machine(acme))
    cloud.wait(image)
    life = ImageLife(cloud)
    first, *_, last = life.moments(image)
    launch = [
        life.table(image, "acme", when).set_index("x_command").loc["launch an instance"] for when in (first, last)
    ]
    assert [row["x_allowed"] for row in launch] == [False, True]
    assert "is Creating" in " ".join(life.summary(image, "acme", first))


def test_another_image_brings_its_own_moments(cloud: Cloud, acme: Account, shared: str) -> None:
    late = golden_image(acme, name="late")
    panel = lifecycle_explorer(cloud, shared)
    panel.controls["image"].value = late
    assert panel.controls["moment"].options == ("2026-02-05",)
    assert "late" in panel.parts["summary"].value
    assert "No time has passed" in panel.parts["picture"].value


def test_a_life_has_no_moment_before_its_image(cloud: Cloud, acme: Account) -> None:
    cloud.at("2026-02-01")
    image = golden_image(acme)
    with pytest.raises(InputError, match="choose a moment from 2026-02-01 on"):
        ImageLife(cloud).table(image, "acme", "2026-01-20")
    with pytest.raises(InputError, match=f"there are {image}"):
        lifecycle_explorer(cloud, "m-99999999")


def test_a_cloud_without_images_has_no_life_to_show(cloud: Cloud, acme: Account) -> None:
    panel = lifecycle_explorer(cloud)
    assert "make one with create_image" in panel.parts["summary"].value
    assert repr(panel) == "<lifecycle explorer>"


# Prices -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["2019-01-01", "2024-06-01", "2026-03-01"])
def test_the_first_prices_listed_are_those_the_bill_takes(day: str) -> None:
    """For every region with snapshot storage in CNY, tier by tier."""
    browser, book = PriceBrowser(), ecs.Prices.published().book("CNY")
    compared = 0
    for region in ecs.regions():
        try:
            taken = [row.price for row in book.at("snapshot_standard", region, parse_time(day))]
        except ecs.PriceNotFound:
            continue
        found = browser.in_force("snapshot_standard", "", region, "CNY", day)
        found = found[found["price"].notna() & (found["billing_method"] == "pay_as_you_go")]
        found = found[found["region_id"] == found["region_id"].iloc[0]]
        assert found.drop_duplicates("from_quantity")["price"].tolist() == taken, region
        compared += 1
    assert compared > 2


def test_a_price_comes_with_its_unit_first_day_and_source(cloud: Cloud) -> None:
    panel = price_browser(day="2026-03-01")
    panel.controls["region"].value = BEIJING
    prices = panel.parts["prices"].value
    expected = ecs.Prices.published().book("CNY").at("snapshot_standard", BEIJING, parse_time("2026-03-01"))[0]
    assert f"{expected.price:g} CNY" in prices
    assert expected.source in prices
    assert f"{expected.valid_from}" in prices
    assert "per gib month" in prices


def test_another_meter_brings_its_own_items() -> None:
    panel = price_browser()
    panel.controls["meter"].value = "os_licence"
    assert panel.controls["item"].value == PriceBrowser().items("os_licence")[0]
    assert "os_licence of" in panel.parts["summary"].value


def test_every_meter_item_and_currency_has_an_answer() -> None:
    browser = PriceBrowser()
    for meter in browser.meters():
        for item in browser.items(meter)[:3]:
            for currency in ("CNY", "USD"):
                found = browser.render(meter, item, EVERYWHERE, currency, "2026-03-01")
                assert found["summary"].startswith("<p>"), (meter, item)


def test_days_that_have_no_price_or_are_none_are_answered() -> None:
    panel = price_browser()
    panel.controls["day"].value = "2010-06-01"
    assert "There is no CNY price of snapshot_standard" in panel.parts["summary"].value
    panel.controls["day"].value = "next week"
    assert panel.parts["summary"].value.startswith("<p>day ")
    assert panel.parts["prices"].value == ""


def test_a_layer_of_ones_own_stands_before_the_published_price(tmp_path: Path) -> None:
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,region_id,unit,currency,price,valid_from\nsnapshot_standard,all_regions,per_gib_month,CNY,0.06,2026-01-01\n",
        encoding="utf-8",
    )
    browser = PriceBrowser(ecs.Prices.published(layer))
    found = browser.in_force("snapshot_standard", "", BEIJING, "CNY", "2026-03-01")
    assert found["price"].tolist()[0] == 0.06


def test_names_that_are_not_in_the_book_are_refused_with_the_nearest() -> None:
    browser = PriceBrowser()
    with pytest.raises(UnknownName, match="snapshot_standard"):
        browser.table("snapshot_standart", "", BEIJING, "CNY")
    with pytest.raises(UnknownName, match="region"):
        browser.table("snapshot_standard", "", "cn-nowhere", "CNY")
    with pytest.raises(UnknownName, match="currency"):
        browser.table("snapshot_standard", "", BEIJING, "EUR")
