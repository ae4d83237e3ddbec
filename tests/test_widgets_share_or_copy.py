"""The share-or-copy workbench: what it shows is what `ecs.routes`, `ecs.plan` and a played bill say."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, unchanged
from strategies import storage, traffic

import ecs_images as ecs
from ecs_images import Account, Cloud, InputError, Updates
from ecs_images.catalog.meters import METERS
from ecs_images.decisions.compared import cheapest, costs_over_time
from ecs_images.decisions.question import Question, Situation
from ecs_images.decisions.routes import every_route
from ecs_images.decisions.ways import Target
from ecs_images.widgets import Panel, explorers, share_or_copy
from ecs_images.widgets.share_or_copy import Answer, Settings, ShareOrCopy
from ecs_images.widgets.story_of_plan import story_of

SHANGHAI = "cn-shanghai"
A_MONTH = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
"""Three versions, of which two are kept; with 12 GiB at 0.12 CNY for 30 days all can be worked out by hand."""
AWAY = Target("partner", SHANGHAI)


def ask(image: str, regions: tuple[str, ...] = (SHANGHAI,), accounts: tuple[str, ...] = ("partner",)) -> Settings:
    return Settings(image, accounts, regions, A_MONTH)


def answer(cloud: Cloud, settings: Settings, prices: ecs.Prices | None = None) -> Answer:
    return ShareOrCopy(cloud, prices).answer(settings)


def month(cloud: Cloud, *regions: str, **named: object) -> Panel:
    """The workbench over `A_MONTH`."""
    return share_or_copy(cloud, regions=list(regions or [SHANGHAI]), updates=A_MONTH, **named)  # type: ignore[arg-type]


def choose(panel: Panel, way: str, place: str = f"{SHANGHAI} partner") -> None:
    panel.controls["chosen"].value = {**panel.controls["chosen"].value, place: way}


def shown(panel: Panel) -> str:
    """All that a panel shows."""
    return "".join(part.value for part in panel.parts.values())


def payers(panel: Panel) -> str:
    return str(panel.parts["payers"].value)


# The plan ------------------------------------------------------------------------------------------


def test_the_workbench_compares_what_routes_compares(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden_image(acme)
    table = answer(cloud, ask(image, (BEIJING, SHANGHAI), ("partner", "acme"))).table()
    expected = ecs.routes(cloud, image, accounts=["partner", "acme"], regions=[BEIJING, SHANGHAI], updates=A_MONTH)
    pd.testing.assert_frame_equal(table.drop(columns="x_chosen"), expected)


def test_a_moved_slider_changes_what_a_copy_costs(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Copies of 12 GiB for 20 + 20 + 10 days at 0.12 for 30 days: 2.40; with one kept 10 + 10 + 10: 1.44."""
    golden_image(acme)
    panel = month(cloud)
    assert "copy images to cn-shanghai: 2.40 CNY for 30 days" in panel.parts["summary"].value
    assert panel.grid.cells == [{"way": "copy, then share", "money": "2.40", "kind": ""}]
    before = panel.parts["picture"].value
    panel.controls["versions_kept"].value = 1
    assert "1.44 CNY" in panel.parts["summary"].value
    assert panel.parts["picture"].value != before


def test_the_cheapest_allowed_way_is_taken_unless_one_is_chosen(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Copied 2.40. Rebuilt would store for 1.52, but its machine has no price there. At home sharing is free."""
    settings = ask(golden_image(acme), (BEIJING, SHANGHAI))
    found = answer(cloud, settings)
    assert [route.way for route in found.plan.values()] == ["share", "copy, then share"]
    assert found.totals()["list_cost"].tolist() == [pytest.approx(2.40)]
    chosen = answer(cloud, replace(settings, chosen={AWAY: "rebuild there"}))
    assert [route.way for route in chosen.plan.values()] == ["share", "rebuild there"]
    assert chosen.sentences()[0].startswith("This plan: rebuild in cn-shanghai, share at home: 1.5")
    assert "the cheapest, copy images to cn-shanghai, share at home, is 2.40 CNY" in chosen.sentences()[0]
    assert any("Not counted, for want of a price: machine not priced" in words for words in chosen.sentences())


def test_the_cheapest_is_fully_counted_and_opens_nothing_to_everybody(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """SHARE-2, COMM-1: with 50 receivers sharing is full; publishing would be free, and is not taken for that."""
    image = golden_image(acme)
    for first in range(0, 50, 10):
        acme.share_image(image, with_accounts=[cloud.account(f"team-{first + n}") for n in range(10)])
    found = answer(cloud, ask(image, (BEIJING,)))
    table = found.table().set_index("route")
    assert table.loc["publish", "x_allowed"]
    assert list(table.index[table["x_chosen"]]) == ["export and import"]
    assert table.loc["rebuild there", "list_cost"] < table.loc["export and import", "list_cost"]
    assert any(words.startswith("Lower, but not fully counted: rebuild at home") for words in found.sentences())


def test_accounts_that_share_one_copy_pay_it_once_in_the_cheapest_plan(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """COPY-11, SHARE-8: 12 GiB for 30 days at 0.12 is 1.44, as the bill of one copy shared twice says."""
    third, image = cloud.account("third"), golden_image(acme)
    once = Updates(every_days=30, versions_kept=1, change_gib=0, horizon_days=30)
    found = answer(cloud, Settings(image, ("partner", "third"), (SHANGHAI,), once))
    assert found.totals()["list_cost"].tolist() == [pytest.approx(1.44)]
    assert [cell["money"] for cell in found.cells()] == ["1.44", "with partner"]
    copy = acme.copy_image(image, to=SHANGHAI)
    acme.share_image(copy, with_accounts=[partner, third])
    cloud.at("2026-02-14")
    charges = ecs.bill(cloud, until="2026-02-14").by("region").set_index("region_id")["list_cost"]
    assert charges[SHANGHAI] == pytest.approx(found.totals()["list_cost"].iloc[0])


def test_one_copy_for_many_goes_before_ways_that_are_cheaper_for_each_alone(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Alone an image of the receiver's own for 1 is cheaper than a copy for 3; for four receivers it is not."""
    image, names = golden_image(acme), ["partner", *(cloud.account(f"team-{n}").name for n in range(3))]
    situation = Situation(cloud, image)
    prices = {"copy, then share": 3.0, "receiver's own image": 1.0}
    routes = [
        replaced._replace(allowed=True, cost=prices[replaced.way], not_counted="", opens=False, currency="CNY")
        for replaced in every_route(Question(situation, A_MONTH), situation.targets(names, [SHANGHAI]))
        if replaced.way in prices
    ]
    assert {route.way for route in cheapest(routes, "CNY").values()} == {"copy, then share"}
    assert {route.way for route in cheapest(routes[:2], "CNY").values()} == {"receiver's own image"}


def test_who_is_not_decided_yet_takes_part_in_the_copy_that_was_chosen(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """One copy of snapshots, chosen for the partner, serves the third account too: 17.94, not 17.94 and 2.40."""
    cloud.account("third")
    settings = ask(golden_image(acme), (SHANGHAI,), ("partner", "third"))
    found = answer(cloud, replace(settings, chosen={AWAY: "copy snapshots"}))
    assert {route.way for route in found.plan.values()} == {"copy snapshots"}
    alone = ecs.plan(cloud, settings.image, chosen={tuple(AWAY): "copy snapshots"}, updates=A_MONTH)
    assert found.totals()["list_cost"].sum() == pytest.approx(alone["list_cost"].sum(), rel=1e-9)


def test_the_runner_up_is_named_with_the_difference(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Copied 2.40; exported, sent three times 12 GiB at 0.5, and stored alike: 20.40."""
    said = answer(cloud, ask(golden_image(acme))).sentences()[0]
    assert said.startswith("Cheapest fully counted: copy images to cn-shanghai: 2.40 CNY for 30 days; the runner-up, ")
    costs = ecs.routes(cloud, "m-00000001", accounts=["partner"], regions=[SHANGHAI], updates=A_MONTH)
    whole = costs[costs["x_allowed"] & (costs["x_not_counted"] == "")].sort_values("list_cost")
    second = float(whole["list_cost"].iloc[1])
    assert f"is {second:.2f} CNY (+{second - 2.40:.2f})" in said


def test_sharing_alone_says_how_far_it_reaches(cloud: Cloud, acme: Account, partner: Account) -> None:
    """SHARE-1: only at home, so one of two targets."""
    found = answer(cloud, ask(golden_image(acme), (BEIJING, SHANGHAI)))
    assert "Sharing alone reaches 1 of 2 targets." in found.sentences()
    assert "share only, 1 of 2" in found.picture()


def test_a_refused_choice_shows_its_code_and_the_list_of_ways_its_rule_and_why(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """SHARE-1, TYPE-3."""
    found = answer(cloud, replace(ask(golden_image(acme)), chosen={AWAY: "share"}))
    assert found.cells() == [{"way": "share", "money": "InvalidImageId.NotFound", "kind": "refused"}]
    way = next(way for way in found.ways_of(AWAY) if way["way"] == "share")
    assert (way["allowed"], way["money"]) == (False, "InvalidImageId.NotFound")
    assert "TYPE-3" in way["what"]
    assert "copy it to cn-shanghai first" in way["what"]
    assert found.totals().empty
    assert found.sentences()[0] == "Every way chosen is refused; pick a cell to see why."


def test_a_list_of_ways_says_who_pays_what_breaks_and_names_no_meter_by_its_key(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    ways = answer(cloud, ask(golden_image(acme))).ways_of(AWAY)
    copied = next(way for way in ways if way["way"] == "copy, then share")
    assert (copied["money"], copied["who"]) == ("2.40", "acme pays")
    assert "If withdrawn: the original may go" in copied["what"]
    assert [way["allowed"] for way in ways] == sorted((way["allowed"] for way in ways), reverse=True)
    told = json.dumps(ways)
    assert not [name for name in METERS if "_" in name and name in told]


def test_what_is_switched_off_is_not_counted_and_that_is_said(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Without machines rebuilding is whole, and its storage alone: the chain of a builder, 1.5 CNY, beats 2.40."""
    settings = replace(ask(golden_image(acme)), machines=False)
    found = answer(cloud, settings)
    assert [route.way for route in found.plan.values()] == ["rebuild there"]
    assert "Not counted, as you chose: machines." in found.sentences()
    sent = answer(cloud, replace(settings, chosen={AWAY: "export and import"}, traffic=False))
    assert sent.totals()["list_cost"].tolist() == [pytest.approx(2.40)]
    assert "Not counted, as you chose: machines and traffic." in sent.sentences()


# Over time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["copy, then share", "copy snapshots", "export and import"])
def test_the_cost_over_time_ends_at_what_the_plan_costs(
    way: str, cloud: Cloud, acme: Account, partner: Account
) -> None:
    """BILL-1: for plans that are fully priced, to 1e-9; it begins at 0 and never falls."""
    settings = replace(ask(golden_image(acme)), chosen={AWAY: way})
    found = answer(cloud, settings)
    line = costs_over_time(found.question, {"this": tuple(found.plan.values())})
    expected = ecs.plan(cloud, settings.image, chosen={tuple(AWAY): way}, updates=A_MONTH)["list_cost"].sum()
    assert line["list_cost"].iloc[-1] == pytest.approx(expected, rel=1e-9)
    assert line["list_cost"].iloc[0] == 0
    assert line["list_cost"].is_monotonic_increasing
    assert line["x_at"].iloc[0] == pd.Timestamp(cloud.now)


def test_what_is_stored_evenly_costs_a_third_after_a_third_of_the_time(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """One version of 12 GiB at 0.12 for 30 days: 0.48 after 10 days, 1.44 at the end."""
    once = Updates(every_days=30, versions_kept=1, change_gib=0, horizon_days=30)
    found = answer(cloud, replace(ask(golden_image(acme)), updates=once, chosen={AWAY: "copy, then share"}))
    line = costs_over_time(found.question, {"this": tuple(found.plan.values())})["list_cost"]
    assert line.iloc[20] == pytest.approx(0.48)
    assert line.iloc[60] == pytest.approx(1.44)


def test_the_picture_has_a_line_for_each_plan_and_says_where_they_cross(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Snapshots are sent at once and copies stored twice over, so copies are the dearer ones in the end."""
    settings = replace(ask(golden_image(acme)), updates=Updates(), chosen={AWAY: "copy snapshots"})
    picture = answer(cloud, settings).picture()
    assert picture.count("<polyline") == 2 * 4  # a line and its key
    assert "from then on cheaper than copy everything" in picture
    assert 'role="img"' in picture


# Money, currencies, holes --------------------------------------------------------------------------


def test_an_account_of_the_other_site_pays_in_its_own_currency(cloud: Cloud, acme: Account, partner: Account) -> None:
    """SHARE-7: nothing adds CNY and USD, nothing compares them, and there is a picture for each."""
    globex = cloud.account("globex", site="international")
    image = acme.create_image(acme.run_instance(region=HANGZHOU, image="aliyun_3", system_disk=40, written=12))
    panel = share_or_copy(cloud, image, regions=[HANGZHOU, SHANGHAI], accounts=[globex.name, "partner"])
    choose(panel, "receiver's own image", f"{HANGZHOU} globex")
    said = panel.parts["summary"].value
    assert " CNY and " in said
    assert "plans in two currencies are not compared" in said
    assert "USD" in payers(panel)
    assert panel.parts["picture"].value.count("<svg") == 2


def test_a_horizon_before_the_first_price_names_the_price_that_is_missing(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    late = ecs.Prices(
        replace(row, valid_from=date(2030, 1, 1), valid_until=None) for row in ecs.Prices.published().rows
    )
    panel = month(cloud, prices=late)
    choose(panel, "copy, then share")
    assert "no price for snapshot standard in cn-shanghai" in panel.parts["summary"].value
    assert "not known, a price is missing" in payers(panel)
    assert panel.grid.cells[0]["money"] == "no price"


def test_two_ways_of_a_payer_in_a_region_stand_in_the_same_tiers(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Free up to 5 GiB: 12 and 12 GiB of two ways use that up once, as in the bill of the plan."""
    third, image = cloud.account("third"), golden_image(acme)
    free = ecs.Prices(
        [storage(SHANGHAI, 0, tier=(0, 5)), storage(SHANGHAI, 1, tier=(5, float("inf"))),
         traffic(BEIJING, SHANGHAI, 0)]
    )  # fmt: skip
    once = Updates(every_days=30, versions_kept=1, change_gib=0, horizon_days=1)
    chosen = {AWAY: "copy, then share", Target(third.name, SHANGHAI): "copy snapshots"}
    settings = Settings(image, ("partner", "third"), (SHANGHAI,), once, chosen)
    # 24 GiB for 24 hours, less 5: alone each would be 7 × 24, together 19 × 24.
    assert answer(cloud, settings, free).totals()["list_cost"].tolist() == [pytest.approx(19 * 24)]


def test_the_way_of_a_copy_costs_what_one_supposes(cloud: Cloud, acme: Account, partner: Account) -> None:
    """COPY-10, UNK-2: not charged for now; three copies of 12 GiB at 0.5 are 18 more than 2.40."""
    golden_image(acme)
    panel = month(cloud)
    choose(panel, "copy, then share")
    assert "Copying an image costs no transfer fee for now (UNK-2)" in panel.parts["summary"].value
    panel.controls["copy_price"].value = 0.5
    assert "20.40 CNY" in payers(panel)
    assert "UNK-2" not in panel.parts["summary"].value


# The controls --------------------------------------------------------------------------------------


def test_picking_a_cell_opens_its_ways_and_choosing_one_changes_the_plan(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Exported and imported: 2.40 and 36 GiB sent at 0.5."""
    golden_image(acme)
    panel = month(cloud, BEIJING, SHANGHAI)
    assert panel.ways.ways == []
    panel.grid.selected = 1
    assert panel.ways.title == "Ways to partner in cn-shanghai"
    assert panel.ways.ways[0]["name"] == "the cheapest plan (copy, then share)"
    panel.ways.chosen = "export and import"
    assert "20.40 CNY" in payers(panel)
    assert panel.grid.cells[1] == {"way": "export and import", "money": "20.40", "kind": "chosen"}
    panel.ways.chosen = ""
    assert "2.40 CNY" in payers(panel)
    assert panel.state == "{}"


@pytest.mark.parametrize("empty", ["accounts", "regions"])
def test_an_empty_selection_is_answered_with_what_to_choose(
    empty: str, cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud)
    panel.controls[empty].value = ()
    assert ">choose at least one account and one region" in shown(panel)
    assert "<svg" not in shown(panel)
    assert panel.grid.cells == []


def test_a_region_is_added_by_its_name_and_taken_away_by_its_button(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Names that are not there are answered with near ones, and change nothing."""
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[BEIJING])
    chips = panel.controls["regions"]
    chips.entry.value = "cn-shanghay"
    assert "did you mean cn-shanghai" in chips.children[1].value
    assert chips.value == (BEIJING,)
    chips.entry.value = SHANGHAI
    assert panel.grid.rows == [BEIJING, SHANGHAI]
    assert chips.entry.value == ""
    assert SHANGHAI not in chips.entry.options
    chips.children[2].children[1].click()
    assert panel.grid.rows == [SHANGHAI]


def test_regions_stand_grouped_by_mainland_and_outside(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud, regions=["cn-hongkong", BEIJING])
    assert panel.controls["regions"].value == (BEIJING, "cn-hongkong")
    _, _, mainland, outside = panel.controls["regions"].children
    assert [button.description for button in mainland.children[1:]] == [f"{BEIJING} ×"]
    assert [button.description for button in outside.children[1:]] == ["cn-hongkong ×"]


def test_a_cloud_without_images_says_how_to_make_one(cloud: Cloud, acme: Account) -> None:
    assert "make one with create_image" in shown(share_or_copy(cloud))


@pytest.mark.slow
def test_the_ends_of_every_slider_give_an_answer(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    for name in ("every_days", "versions_kept", "size_gib", "change_gib", "new_gib", "horizon_days", "copy_price"):
        slider = panel.controls[name]
        for end in (slider.min, slider.max):
            slider.value = end
            assert "Cheapest fully counted" in panel.parts["summary"].value, name
            assert "<svg" in panel.parts["picture"].value, name


def test_the_workbench_begins_with_the_updates_it_is_given(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Beyond the usual ranges too, and with their machines: rebuilt once, for a day."""
    golden_image(acme)
    long = Updates(every_days=100, versions_kept=60, horizon_days=2000, machines=ecs.Machines(build_minutes=24 * 60))
    panel = share_or_copy(cloud, regions=[SHANGHAI], updates=long)
    assert [panel.controls[name].value for name in ("every_days", "versions_kept", "horizon_days")] == [100, 60, 2000]
    panel.grid.selected = 0
    rebuilt = next(way for way in panel.ways.ways if way["way"] == "rebuild there")
    assert "ready after 24." in rebuilt["what"]


def test_another_image_brings_the_change_down_to_what_it_holds(cloud: Cloud, acme: Account, partner: Account) -> None:
    small = acme.create_image(acme.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=3))
    large = golden_image(acme)
    panel = share_or_copy(cloud, large, regions=[SHANGHAI])
    panel.controls["change_gib"].value = 12
    panel.controls["image"].value = small
    assert panel.controls["change_gib"].value == panel.controls["change_gib"].max == 3
    assert "Cheapest fully counted" in panel.parts["summary"].value


def test_a_supposed_size_costs_what_an_image_of_that_size_costs(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Copies of 20 GiB instead of 12 for 20 + 20 + 10 days at 0.12 for 30 days: 4.00 instead of 2.40."""
    golden_image(acme)
    panel = month(cloud)
    choose(panel, "copy, then share")
    assert panel.controls["size_gib"].value == 12
    panel.controls["size_gib"].value = 20
    assert "4.00 CNY" in payers(panel)
    panel.controls["size_gib"].value = 0.5
    assert panel.controls["change_gib"].value == panel.controls["change_gib"].max == 0.5


def test_the_page_begins_with_the_newest_image_that_is_no_copy(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme, name="first")
    newest = golden_image(acme, name="second")
    acme.copy_image(newest, to=SHANGHAI)
    panel = share_or_copy(cloud)
    assert panel.controls["image"].value == newest
    assert panel.controls["regions"].value == (BEIJING, SHANGHAI)
    assert panel.controls["accounts"].value == ("partner",)
    labels = [label for label, _ in panel.controls["image"].options]
    assert labels[-1].endswith(f"· {SHANGHAI}")


def test_an_image_smaller_than_the_usual_change_has_a_workbench_too(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme, written=0.5)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    assert panel.controls["change_gib"].value == 0.5
    assert "Cheapest fully counted" in panel.parts["summary"].value


@pytest.mark.slow
def test_the_workbench_changes_no_cloud_and_is_not_changed_by_it(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden_image(acme)
    with unchanged(cloud):
        panel = share_or_copy(cloud, regions=[BEIJING, SHANGHAI])
        panel.controls["versions_kept"].value = 3
        panel.story()
    acme.delete_image(image)
    panel.controls["versions_kept"].value = 4
    assert "Cheapest fully counted" in panel.parts["summary"].value


def test_a_copy_that_waits_for_its_turn_is_a_sentence() -> None:
    """COPY-4: the copies into a region take turns; of one that waits nothing is there yet."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    web = acme.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=12)
    images = []
    for _ in range(8):
        images.append(acme.create_image(web))
        cloud.wait(images[-1])
    last = [acme.copy_image(image, to=SHANGHAI) for image in images][-1]
    assert cloud.image(last).status == "Waiting"
    panel = share_or_copy(cloud, last)
    assert f">{last} is Waiting and has no snapshots yet; wait for it first." in panel.parts["summary"].value
    assert "<svg" not in shown(panel)


def test_what_cannot_be_chosen_is_named(cloud: Cloud, acme: Account) -> None:
    image = golden_image(acme)
    with pytest.raises(InputError, match="unknown region 'cn-nowhere'"):
        share_or_copy(cloud, regions=["cn-nowhere"])
    with pytest.raises(InputError, match="unknown account 'nobody'"):
        share_or_copy(cloud, accounts=["nobody"])
    with pytest.raises(InputError, match=f"there are {image}"):
        share_or_copy(cloud, "m-99999999")
    with pytest.raises(InputError, match="updates is an Updates"):
        share_or_copy(cloud, updates="weekly")  # type: ignore[arg-type]


# Links and files -----------------------------------------------------------------------------------


def test_a_state_brings_the_same_workbench_back(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[BEIJING])
    with panel.together():
        panel.controls["regions"].value = (BEIJING, SHANGHAI)
        panel.controls["every_days"].value = 14
        panel.controls["traffic"].value = False
        choose(panel, "copy snapshots")
    other = share_or_copy(cloud, regions=[BEIJING])
    other.link.value = panel.state
    assert other.state == panel.state == panel.frame.state
    assert shown(other) == shown(panel)
    other.restore({})
    assert other.state == "{}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("nonsense", "Expecting value"),
        ("[1]", "a state is a JSON object"),
        ('{"every_days": "soon"}', "soon"),
        ('{"every_days": 1e999}', "every_days cannot be inf"),
        ('{"versions_kept": 100000}', "versions_kept cannot be 100000"),
        ('{"machines": 1}', "machines cannot be 1"),
        ('{"regions": ["cn-nowhere"]}', "unknown region &#x27;cn-nowhere&#x27;"),
        ('{"regions": 5}', "regions cannot be 5"),
        ('{"image": "m-99999999"}', "m-99999999"),
        ('{"chosen": {"cn-beijing partner": "carry"}}', "unknown route &#x27;carry&#x27;"),
        ('{"chosen": {"cn-nowhere partner": "share"}}', "cn-nowhere"),
        ('{"chosen": {"cn-beijing nobody": "share"}}', "unknown account &#x27;nobody&#x27;"),
        ('{"pace": 1}', "unknown control &#x27;pace&#x27;"),
        ('{"every_days": "<b>"}', "&lt;b&gt;"),
    ],
)
def test_a_state_that_cannot_be_is_told_and_changes_nothing(
    state: str, why: str, cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    panel.controls["every_days"].value = 14
    before = shown(panel), panel.state
    panel.frame.asked = state
    assert why in panel.notice.value
    assert (shown(panel), panel.state) == before
    assert panel.link.value == panel.state


def test_the_table_is_saved_as_the_table_that_is_shown(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden_image(acme)
    panel = month(cloud)
    saved = pd.read_csv(io.StringIO(panel.table_csv()))
    expected = ecs.routes(cloud, image, accounts=["partner"], regions=[SHANGHAI], updates=A_MONTH)
    assert saved["list_cost"].tolist() == pytest.approx(expected["list_cost"].tolist(), nan_ok=True)
    assert saved.loc[saved["x_chosen"], "route"].tolist() == ["copy, then share"]


@pytest.mark.slow
@pytest.mark.parametrize("durations", ["instant", "typical"])
@pytest.mark.parametrize("way", ["copy, then share", "copy snapshots", "export and import"])
def test_a_saved_story_plays_the_plan_for_what_it_costs(way: str, durations: str) -> None:
    """The story's bill, less that of the image renewed at home only, is the plan's total."""
    cloud = Cloud(start="2026-01-15", durations=durations)  # type: ignore[arg-type]
    acme, _ = cloud.account("acme"), cloud.account("partner")
    image = golden_image(acme)
    cloud.wait(image)
    found = answer(cloud, replace(ask(image), chosen={AWAY: way}))
    played, alone = (ecs.Story.parse(text).run().cloud for text in (found.story(), story_of(found.question, [])))
    until = A_MONTH.end(cloud.now)
    costs = [float(ecs.bill(one, until=until).charges["list_cost"].sum()) for one in (played, alone)]
    # Copies are counted from when their version is made, and are there minutes later.
    near = {"rel": 1e-9} if durations == "instant" else {"abs": 0.02}
    assert costs[0] - costs[1] == pytest.approx(float(found.totals()["list_cost"].sum()), **near)


# How it is shown -----------------------------------------------------------------------------------


def test_the_page_has_words_for_every_picture_and_control_and_leaves_no_figure_open(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    open_before = plt.get_fignums()
    panel = share_or_copy(cloud, regions=[BEIJING, SHANGHAI])
    panel.controls["versions_kept"].value = 5
    assert plt.get_fignums() == open_before
    assert 'aria-label="Cost over 365 days. Cheapest fully counted' in panel.parts["picture"].value
    assert all(control.description for name, control in panel.controls.items() if name != "chosen")
    assert {type(part).__name__ for part in panel.parts.values()} == {"HTML"}


def test_a_panel_is_shown_by_a_short_and_lasting_name_and_a_picture(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    panel = month(cloud)
    assert repr(panel) == "<share-or-copy workbench>"
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "<share-or-copy workbench>"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "copy, then share: 2.40" in bundle["text/html"]
    assert bundle["text/html"] == month(cloud)._repr_mimebundle_()["text/html"]


def test_an_explorer_is_made_when_its_tab_is_opened(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme)
    shown_all = explorers(cloud)
    assert shown_all.tabs.titles == ("Ways", "Lifecycle", "Prices", "Chain")
    assert list(shown_all.panels) == ["Ways"]
    shown_all.frame.asked = "Prices"
    assert list(shown_all.panels) == ["Ways", "Prices"]
    assert shown_all.frame.state == "Prices"
    shown_all.frame.asked = "Elsewhere"
    assert "There is no tab &#x27;Elsewhere&#x27;" in shown_all.notice.value


def test_what_a_browser_adds_to_a_number_in_the_sixteenth_place_is_no_change(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    panel = month(cloud)
    panel.controls["size_gib"].value *= 1 + 2**-50
    assert panel.state == "{}"


def test_the_chain_that_is_shown_first_is_the_one_with_most_snapshots(cloud: Cloud, acme: Account) -> None:
    """Two versions of one disk share a chain; a copy, made last, has one of its own."""
    instance = machine(acme)
    versions = [acme.create_image(instance, name=name) for name in ("first", "second")]
    acme.copy_image(versions[1], to=SHANGHAI)
    shown_all = explorers(cloud)
    shown_all.frame.asked = "Chain"
    assert "2 live snapshots" in shown_all.panels["Chain"].parts["summary"].value


@pytest.mark.slow
def test_what_earlier_settings_found_out_does_not_leak_into_later_ones(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    images = [golden_image(acme), acme.copy_image(golden_image(acme, name="second"), to=SHANGHAI)]
    model = ShareOrCopy(cloud)
    for image in (*images, images[0]):
        for regions, accounts in (((BEIJING,), ("partner",)), ((SHANGHAI, BEIJING), ("acme", "partner"))):
            for updates in (A_MONTH, Updates(every_days=30, horizon_days=60)):
                table = model.answer(Settings(image, accounts, regions, updates)).table()
                expected = ecs.routes(cloud, image, accounts=accounts, regions=regions, updates=updates)
                pd.testing.assert_frame_equal(table.drop(columns="x_chosen"), expected)
