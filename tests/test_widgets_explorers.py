"""The explorers of chains, lives and prices: what they show is what the cloud and the price book say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from itertools import combinations, product
from pathlib import Path

import ipywidgets as ipw
import pytest
from helpers import BEIJING, golden_image, machine, unchanged

import ecs_images as ecs
from ecs_images import Account, Cloud, InputError, UnknownName
from ecs_images.catalog.meters import METERS, goes_to_a_region
from ecs_images.catalog.price_files import PriceRow
from ecs_images.units import parse_time
from ecs_images.widgets import Panel, chain_explorer, lifecycle_explorer, price_browser
from ecs_images.widgets.chain import ChainChoice
from ecs_images.widgets.lifecycle import ImageLife
from ecs_images.widgets.price_browser import PriceBrowser


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


def tick(panel: Panel, *snapshots: str) -> None:
    """Tick the boxes of these snapshots, in this order, and no others."""
    with panel.together():
        for name in [*set(panel.controls) - {"order", *snapshots}, *snapshots]:
            panel.controls[name].value = name in snapshots


def steps(panel: Panel) -> list[list[str]]:
    """The cells of each row of the panel's table of snapshots."""
    rows = re.findall("<tr>(.*?)</tr>", panel.parts["snapshots"].value)
    return [re.findall("<td[^>]*>(.*?)</td>", row) for row in rows[1:]]


def test_every_live_snapshot_has_a_tick_box_that_says_what_it_is(
    cloud: Cloud, acme: Account, three: tuple[str, str, str]
) -> None:
    (web,) = cloud.state.instances
    acme.delete_snapshot(three[1])
    cloud.at("2026-01-20T10:00")
    image = acme.create_image(web)
    last = cloud.image(image).system_snapshot
    panel = chain_explorer(cloud, three[0])
    ticks = {name: box for name, box in panel.controls.items() if name != "order"}
    assert {name: box.description for name, box in ticks.items()} == {
        three[0]: f"{three[0]} · 2026-01-15 · 3 GiB",
        three[2]: f"{three[2]} · 2026-01-15 · 0 GiB",
        last: f"{last} · 2026-01-20 · 0 GiB · {cloud.image(image).name or image}",
    }
    assert all(isinstance(box, ipw.Checkbox) and not box.value for box in ticks.values())


def test_the_tick_boxes_scroll_beside_the_picture(cloud: Cloud, three: tuple[str, str, str]) -> None:
    panel = chain_explorer(cloud, three[0])
    order, _, boxes = panel.controls_box.children
    assert [order, *boxes.children] == list(panel.controls.values())
    assert boxes.layout.max_height


def test_ticked_snapshots_free_what_they_hold_together(cloud: Cloud, three: tuple[str, str, str]) -> None:
    """CHAIN-1: 9 GiB are held by all, 3 by each alone: 18 in all, two free 6, all three free 18."""
    panel = chain_explorer(cloud, three[0])
    assert "3 live snapshots store 18 GiB: 2.16 CNY a month at list price" in panel.parts["summary"].value
    assert "Tick the snapshots" in panel.parts["summary"].value
    panel.controls[three[0]].value = panel.controls[three[1]].value = True
    assert (
        f"Deleting {three[0]} and {three[1]} frees 6 of 18 GiB: 0.72 CNY less a month" in panel.parts["summary"].value
    )
    panel.controls[three[2]].value = True
    assert "frees 18 of 18 GiB: 2.16 CNY less a month" in panel.parts["summary"].value
    assert "Alone they hold only 9 GiB; the other 9 GiB are shared among them" in panel.parts["summary"].value


def test_the_steps_of_an_order_add_up_to_what_all_free_together(cloud: Cloud, three: tuple[str, str, str]) -> None:
    """CHAIN-2: the first two free 3 GiB each; the last step frees its own 3 GiB and the 9 that all held."""
    model = ChainChoice(cloud, three[0])
    table = model.table([three[2], three[0], three[1]])
    assert table["x_alone_gib"].tolist() == [3, 3, 3]
    assert table["x_step"].tolist() == [2, 3, 1]
    assert table["x_frees_gib"].tolist() == [3, 12, 3]
    assert model.table(three[:2])["x_frees_gib"].tolist() == [3, 3, 12], "the third, if it went next"


def test_snapshots_go_in_the_order_they_were_ticked_unless_another_is_chosen(
    cloud: Cloud, three: tuple[str, str, str]
) -> None:
    """The last step frees 12 GiB for 1.44 CNY a month at 0.12 CNY, whichever snapshot it is."""
    panel = chain_explorer(cloud, three[0])
    tick(panel, three[1], three[2], three[0])
    assert [row[0] for row in steps(panel)] == ["3", "1", "2", ""]
    assert steps(panel)[0][4:6] == ["12", "1.44"]
    assert steps(panel)[-1][4:6] == ["18", "2.16"]
    panel.controls["order"].value = "oldest first"
    assert [row[0] for row in steps(panel)] == ["1", "2", "3", ""]
    panel.controls["order"].value = "newest first"
    assert [row[0] for row in steps(panel)] == ["3", "2", "1", ""]
    panel.controls["order"].value = "as ticked"
    panel.controls[three[1]].value = False
    assert [row[0] for row in steps(panel)] == ["2", "", "1", ""]
    assert steps(panel)[1][4:6] == ["(12)", "(1.44)"]


def test_what_a_further_snapshot_would_free_is_what_the_chain_says(cloud: Cloud, acme: Account) -> None:
    """CHAIN-1, CHAIN-2: for every choice of five snapshots with overlapping changes, one of them gone."""
    web = machine(acme)
    taken = [acme.create_snapshot(web)]
    for offset in (1, 2, 0, 4, 3):
        acme.write(web, overwrite=2, offset=offset, new=0.5)
        taken.append(acme.create_snapshot(web))
    acme.delete_snapshot(taken.pop(2))
    model, chain = ChainChoice(cloud, web), cloud.chain(web)
    for size in range(6):
        for ticked in combinations(taken, size):
            freed = chain.freed_gib(ticked)
            expected = [chain.freed_gib([*ticked, name]) - freed for name in taken]
            table = model.table(ticked)
            assert table.loc[table["x_step"] == 0, "x_frees_gib"].tolist() == [
                g for g, n in zip(expected, taken, strict=True) if n not in ticked
            ], ticked
            assert table.loc[table["x_step"] > 0, "x_frees_gib"].sum() == freed, ticked
    assert model.table(())["x_alone_gib"].tolist() == [chain.exclusive_gib(name) for name in taken]


def test_money_is_an_estimate_of_freed_gib_at_the_price_of_the_region(
    cloud: Cloud, three: tuple[str, str, str]
) -> None:
    """6 GiB × 0.12 CNY a month; where there are no tiers the bill of 30 days agrees."""
    panel = chain_explorer(cloud, three[0])
    tick(panel, *three[:2])
    assert "frees 6 of 18 GiB: 0.72 CNY less a month at list price" in panel.parts["summary"].value
    assert "List price in cn-beijing on 2026-01-15: 0.12 CNY per GiB-Month" in panel.parts["summary"].value
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
    tick(panel, snapshot)
    assert f"refuses to delete {snapshot} as long as an image needs it" in panel.parts["summary"].value


def test_a_chain_that_lost_its_snapshots_or_never_stored_is_a_sentence(cloud: Cloud, acme: Account) -> None:
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    acme.delete_snapshot(snapshot)
    panel = chain_explorer(cloud, web)
    assert panel.controls == {}
    assert "has no live snapshot" in panel.parts["summary"].value
    assert "<svg" not in panel.parts["picture"].value


def test_money_before_the_first_price_is_not_known(cloud: Cloud, acme: Account) -> None:
    snapshot = acme.create_snapshot(machine(acme))
    late = ecs.Prices(
        replace(row, valid_from=date(2030, 1, 1), valid_until=None) for row in ecs.Prices.published().rows
    )
    panel = chain_explorer(cloud, snapshot, prices=late)
    tick(panel, snapshot)
    assert "frees 12 of 12 GiB: what that costs a month is not known" in panel.parts["summary"].value
    assert "Not known: no CNY price for snapshot_standard in cn-beijing" in panel.parts["summary"].value
    assert steps(panel)[0][4:6] == ["12", "not known"]


def test_the_chain_explorer_draws_what_it_says(cloud: Cloud, three: tuple[str, str, str]) -> None:
    with unchanged(cloud):
        panel = chain_explorer(cloud, three[0])
        tick(panel, *three[1:])
    assert "6 GiB are freed" in panel.parts["picture"].value
    assert "18 GiB stored; 6 GiB of them freed (hatched)" in panel.parts["picture"].value
    assert repr(panel) == f"<chain explorer of {cloud.chain(three[0]).id}>"
    with pytest.raises(UnknownName):
        chain_explorer(cloud, "s-99999999")
    with pytest.raises(UnknownName, match="live snapshot"):
        ChainChoice(cloud, three[0]).summary(["s-99999999"])


def test_a_chain_too_long_for_a_picture_has_all_its_tick_boxes(cloud: Cloud, acme: Account) -> None:
    web = machine(acme)
    for _ in range(65):
        last = acme.create_snapshot(web)
    panel = chain_explorer(cloud, web)
    tick(panel, last)
    assert len(panel.controls) == 65 + 1
    assert "up to 64 snapshots" in panel.parts["picture"].value
    assert steps(panel)[64][:2] == ["1", last]


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
    assert "partner may launch an instance." in panel.parts["summary"].value
    panel.controls["moment"].value = "2026-01-25"
    assert "partner may do nothing that changes it." in panel.parts["summary"].value


def test_what_is_refused_stands_with_its_code_and_why(cloud: Cloud, shared: str) -> None:
    panel = lifecycle_explorer(cloud, shared)
    panel.controls["moment"].value = "2026-01-20"
    assert "ImageUseShared" in panel.parts["commands"].value
    assert "DEL-3 SHARE-10" in panel.parts["commands"].value
    assert "is shared with partner; unshare it first" in panel.parts["commands"].value
    assert f"On 2026-01-20 golden ({shared}) is Available: acme may launch an instance" in panel.parts["summary"].value
    assert "in cn-beijing, shared with partner; then it was shared with partner." in panel.parts["summary"].value
    assert f"The timeline of {shared}" in panel.parts["picture"].value


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
    with pytest.raises(InputError, match=f"known: {image}"):
        lifecycle_explorer(cloud, "m-99999999")


def test_the_newest_image_that_still_lives_is_chosen_at_first(cloud: Cloud, acme: Account, shared: str) -> None:
    older = golden_image(acme, name="older")
    cloud.at("2026-02-06")
    living, gone = golden_image(acme, name="living"), golden_image(acme, name="gone")
    acme.delete_image(gone)
    panel = lifecycle_explorer(cloud)
    assert panel.controls["image"].value == living
    assert [label for label, _ in panel.controls["image"].options] == [
        f"living ({living}) · cn-beijing",
        f"older ({older}) · cn-beijing",
        f"gone ({gone}) · cn-beijing · deleted",
        f"golden ({shared}) · cn-beijing · deleted",
    ]


def test_the_slider_stops_at_what_happened_to_this_image_and_at_the_present(
    cloud: Cloud, acme: Account, shared: str
) -> None:
    """Neither the other image nor what is done to it is a moment of the first; its snapshot's end is."""
    golden_image(acme, name="late")
    cloud.at("2026-02-10")
    acme.delete_snapshot(cloud.image(shared).system_snapshot)
    cloud.at("2026-02-20")
    moments = ["2026-01-15", "2026-01-20", "2026-01-25", "2026-01-30", "2026-02-10", "2026-02-20"]
    life = ImageLife(cloud)
    assert life.moments(shared) == moments
    done = [["made"], ["shared with partner"], ["unshared from partner"], ["deleted"], [], []]
    assert [life.happened(shared, moment) for moment in moments] == done
    assert isinstance(lifecycle_explorer(cloud, shared).controls["moment"], ipw.SelectionSlider)


def test_a_refusal_names_its_rule_and_commands_with_the_same_answer_share_a_row(cloud: Cloud, shared: str) -> None:
    """DEL-3, SHARE-10: while it is shared, neither way of deleting it is open."""
    table = ImageLife(cloud).table(shared, "acme", "2026-01-20")
    assert (table.loc[~table["x_allowed"], "x_rules"] != "").all()
    panel = lifecycle_explorer(cloud, shared)
    panel.controls["moment"].value = "2026-01-20"
    assert ">delete, delete with force<" in panel.parts["commands"].value


def test_a_cloud_without_images_has_no_life_to_show(cloud: Cloud, acme: Account) -> None:
    panel = lifecycle_explorer(cloud)
    assert "make one with create_image" in panel.parts["summary"].value
    assert repr(panel) == "<lifecycle explorer>"


# Prices -------------------------------------------------------------------------------------------


DAYS = ("2017-01-01", "2018-06-01", "2018-06-02", "2021-06-01", "2026-06-01")
SIZES = (1, 2, 4, 16, 128)


def asked_items(meter: str) -> list[str]:
    """The items of a meter with the most rows; of traffic, regions in each area."""
    if goes_to_a_region(meter):
        return ["cn-qingdao", "cn-hongkong", "us-west-1"]
    browser = PriceBrowser()
    return sorted(browser.items(meter), key=lambda item: -len(browser.rows(meter, item, "CNY")))[:3]


def in_force_for(browser: PriceBrowser, vcpus: int, *asked: str) -> tuple[PriceRow, ...]:
    """What the browser calls in force for an instance of that size: what stands from the nearest size below."""
    fit = [one for one in browser.in_force(*asked) if one.vcpus <= vcpus and not one.term]
    rows = [one.row for one in fit if one.vcpus == max(other.vcpus for other in fit)]
    return tuple(row for row in rows if row.quantity_unit != "vCPU" or vcpus < row.to_quantity)


@pytest.mark.slow
@pytest.mark.parametrize("meter", METERS)
def test_what_is_in_force_is_what_the_price_book_says(meter: str) -> None:
    """Every row of every region on several days; where the book has no price, the browser says so."""
    browser = PriceBrowser()
    for currency, item, region, day in product(("CNY", "USD"), asked_items(meter), ecs.regions()["region_id"], DAYS):
        asked = meter, item, region, currency, day
        for vcpus in SIZES if meter == "os_licence" else (1,):
            try:
                expected = browser.prices.book(currency).at(meter, region, parse_time(day), item, vcpus)
            except ecs.PriceNotFound:
                expected = ()
            assert in_force_for(browser, vcpus, *asked) == expected, (asked, vcpus)
        none = not browser.in_force(*asked)
        assert browser.summary(*asked)[0].startswith("No ") == none, asked


def test_what_came_before_and_what_follows_stand_beside_what_is_in_force() -> None:
    """Beijing: 0.148 CNY to 2018-06-02, then 0.12; the first day of the newest row is assumed."""
    panel = price_browser(day="2018-06-01")
    prices, history = panel.parts["prices"].value, panel.parts["history"].value
    assert "Snapshot standard in cn-beijing costs 0.148 CNY per GiB-Month on 2018-06-01" in panel.parts["summary"].value
    assert ">0.148<" in prices
    assert "2017-03-28 to 2018-06-02" in prices
    assert ">0.12<" not in prices
    assert ">0.12<" in history
    assert "2018-06-02 to 2024-12-26" in history
    assert "2024-12-26 (assumed)" in history
    assert "with 2018-06-01 marked" in panel.parts["picture"].value
    panel.controls["day"].value = "2018-06-02"
    assert ">0.12<" in panel.parts["prices"].value
    assert ">0.148<" in panel.parts["history"].value


def test_all_tiers_of_a_price_are_shown_with_where_they_begin() -> None:
    prices = PriceBrowser().render("snapshot_standard", "", "cn-hongkong", "CNY", "2020-01-01")["prices"]
    for begins in ("0 GiB", "5 GiB", "51,200 GiB", "512,000 GiB", "5,120,000 GiB"):
        assert f">{begins}<" in prices


def test_a_licence_is_shown_by_size_of_instance_once_where_sizes_are_alike() -> None:
    """SUSE was free for all sizes until 2024-09-05; since 2026-05-27 larger ones pay more (LIC-1)."""
    asked = "os_licence", "SUSE Linux Enterprise Server", BEIJING, "CNY"
    browser = PriceBrowser()
    assert [(one.vcpus, one.row.price) for one in browser.in_force(*asked, "2021-06-01")] == [(1, 0)]
    assert [one.vcpus for one in browser.in_force(*asked, "2026-06-01") if not one.term] == [1, 3, 5]
    found = browser.render(*asked, "2026-06-01")
    assert ">3 vCPU<" in found["prices"]
    assert "per Instance-Hour by size of the instance" in found["summary"]
    assert "It is also sold in 2 other ways" in found["summary"], "by the month and by the year"


def test_a_price_for_some_sizes_only_stands_between_those_of_the_others(tmp_path: Path) -> None:
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,item,region_id,unit,currency,price,valid_from,from_quantity,to_quantity,quantity_unit\n"
        "os_licence,Red Hat Enterprise Linux,all_regions,per_vcpu_hour,CNY,0.05,2026-01-01,16,32,vCPU\n",
        encoding="utf-8",
    )
    browser, asked = PriceBrowser(ecs.Prices.published(layer)), ("os_licence", "Red Hat Enterprise Linux", BEIJING)
    found = [(one.vcpus, one.row.price) for one in browser.in_force(*asked, "CNY", "2026-03-01") if not one.term]
    assert found == [(1, 0.1041), (9, 0.0781), (16, 0.05), (32, 0.0781), (128, 0.0694)]


def test_traffic_is_asked_for_by_the_region_it_goes_to() -> None:
    panel = price_browser(day="2026-03-01")
    panel.controls["meter"].value = "snapshot_copy_traffic"
    assert panel.controls["item"].options == tuple(ecs.regions()["region_id"])
    panel.controls["item"].value = "cn-hongkong"
    assert "Snapshot copy traffic (to cn-hongkong) in cn-beijing" in panel.parts["summary"].value


def test_what_is_free_by_assumption_is_not_called_a_missing_price() -> None:
    """COPY-10, UNK-2: as bills, which take an image's way to another region as free until it is priced."""
    said = PriceBrowser().summary("image_copy_traffic", "cn-hongkong", BEIJING, "CNY", "2026-03-01")
    assert said == [
        "No fee is charged for image copy traffic for now; bills treat it as free until you price it (COPY-10, UNK-2)."
    ]


def test_what_bills_do_not_meter_is_listed_as_it_stands() -> None:
    found = PriceBrowser().render("snapshot_archive", "", "cn-hangzhou", "CNY", "2026-03-01")
    assert "Bills do not meter snapshot archive" in found["summary"]
    assert found["prices"] == found["picture"] == ""
    assert ">0.06<" in found["history"]
    assert "minimum 60 days" in found["history"]


def test_a_price_comes_with_its_unit_first_day_and_source(cloud: Cloud) -> None:
    panel = price_browser(day="2026-03-01")
    panel.controls["region"].value = BEIJING
    expected = ecs.Prices.published().book("CNY").at("snapshot_standard", BEIJING, parse_time("2026-03-01"))[0]
    assert f">{expected.price:g}<" in panel.parts["prices"].value
    assert f"{expected.valid_from}" in panel.parts["prices"].value
    assert ">per GiB-Month<" in panel.parts["prices"].value
    assert f"Source: {expected.source}" in panel.parts["summary"].value


def test_one_region_is_shown_at_a_time() -> None:
    panel = price_browser(day="2026-03-01")
    panel.controls["region"].value = "cn-hongkong"
    shown = "".join(part.value for part in panel.parts.values())
    assert ">cn-hongkong<" in shown
    assert ">cn-hangzhou<" not in shown


def test_without_a_price_the_nearest_known_one_is_named_and_not_taken() -> None:
    """In Hong Kong storage has had a price since 2018-06-07; Fuzhou has none, and Hangzhou is near."""
    early = PriceBrowser().render("snapshot_standard", "", "cn-hongkong", "CNY", "2017-01-01")
    assert "No CNY price for snapshot standard in cn-hongkong on 2017-01-01" in early["summary"]
    assert "The nearest known in time: 0 CNY per GiB-Month, 2018-06-07 to 2021-07-01" in early["summary"]
    assert early["prices"] == ""
    nowhere = PriceBrowser().render("snapshot_standard", "", "cn-fuzhou", "CNY", "2026-03-01")
    assert "The nearest known in place: 0.12 CNY per GiB-Month in cn-hangzhou" in nowhere["summary"]
    assert nowhere["prices"] == nowhere["picture"] == nowhere["history"] == ""


def test_traffic_goes_to_another_region_than_it_comes_from() -> None:
    panel = price_browser(day="2026-03-01")
    panel.controls["meter"].value = "snapshot_copy_traffic"
    assert panel.controls["item"].value != panel.controls["region"].value
    panel.controls["item"].value = panel.controls["region"].value = "cn-hangzhou"
    assert "No snapshot copy traffic within cn-hangzhou" in panel.parts["summary"].value


def test_another_meter_brings_its_own_items() -> None:
    panel = price_browser()
    panel.controls["meter"].value = "os_licence"
    assert panel.controls["item"].value == PriceBrowser().items("os_licence")[0]
    assert f"OS licence ({panel.controls['item'].value})" in panel.parts["summary"].value
    assert (panel.controls["item"].description, panel.controls["item"].layout.display) == ("Operating system", None)
    panel.controls["meter"].value = "snapshot_standard"
    assert panel.controls["item"].layout.display == "none", "a meter without items has no list of them"


@pytest.mark.slow
def test_every_meter_item_and_currency_has_an_answer() -> None:
    browser = PriceBrowser()
    for meter in browser.meters():
        for item in browser.items(meter)[:3]:
            for currency in ("CNY", "USD"):
                found = browser.render(meter, item, BEIJING, currency, "2026-03-01")
                assert found["summary"].startswith("<p "), (meter, item)


def test_days_that_have_no_price_or_are_none_are_answered() -> None:
    panel = price_browser()
    panel.controls["day"].value = "2010-06-01"
    assert "No CNY price for snapshot standard in cn-beijing on 2010-06-01" in panel.parts["summary"].value
    assert "0.148 CNY per GiB-Month, 2017-03-28 to 2018-06-02" in panel.parts["summary"].value, "the nearest in time"
    panel.controls["day"].value = "next week"
    assert ">day " in panel.parts["summary"].value
    assert panel.parts["prices"].value == ""


def test_a_layer_of_ones_own_is_in_force_instead_of_the_published_price(tmp_path: Path) -> None:
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,region_id,unit,currency,price,valid_from\nsnapshot_standard,all_regions,per_gib_month,CNY,0.06,2026-01-01\n",
        encoding="utf-8",
    )
    browser = PriceBrowser(ecs.Prices.published(layer))
    found = browser.in_force("snapshot_standard", "", BEIJING, "CNY", "2026-03-01")
    assert [one.row.price for one in found] == [0.06]


def test_names_that_are_not_in_the_book_are_refused_with_the_nearest() -> None:
    browser = PriceBrowser()
    with pytest.raises(UnknownName, match="snapshot_standard"):
        browser.taken("snapshot_standart", "", BEIJING, "CNY")
    with pytest.raises(UnknownName, match="region"):
        browser.taken("snapshot_standard", "", "cn-nowhere", "CNY")
    with pytest.raises(UnknownName, match="currency"):
        browser.taken("snapshot_standard", "", BEIJING, "EUR")


# States -------------------------------------------------------------------------------------------


def test_an_explorer_can_be_brought_back_to_what_it_showed(
    cloud: Cloud, acme: Account, three: tuple[str, str, str], shared: str
) -> None:
    """A link keeps the state; the order in which boxes were ticked is kept as oldest first."""
    golden_image(acme, name="late")

    def shows(panel: Panel) -> dict[str, str]:
        return {name: part.value for name, part in panel.parts.items()}

    chain = chain_explorer(cloud, three[0])
    tick(chain, three[0], three[2])
    life = lifecycle_explorer(cloud)
    life.controls["image"].value = shared
    life.controls["moment"].value = "2026-01-20"
    life.controls["account"].value = "partner"
    price = price_browser(day="2026-03-01")
    price.controls["meter"].value = "os_licence"
    price.controls["item"].value = "SUSE Linux Enterprise Server"
    price.controls["day"].value = "2021-06-01"
    makers = (
        (lambda: chain_explorer(cloud, three[0])),
        (lambda: lifecycle_explorer(cloud)),
        (lambda: price_browser(day="2026-03-01")),
    )
    for panel, make in zip((chain, life, price), makers, strict=True):
        again = make()
        again.restore(json.loads(panel.state))
        assert shows(again) == shows(panel)
