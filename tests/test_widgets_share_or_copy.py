"""The share-or-copy workbench: what it shows is what `ecs.routes` says, and what a played bill says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from helpers import BEIJING, HANGZHOU, golden_image, unchanged
from strategies import storage, traffic

import ecs_images as ecs
from ecs_images import Account, Cloud, InputError, Updates
from ecs_images.widgets import Panel, share_or_copy
from ecs_images.widgets.share_or_copy import CHEAPEST, Settings, ShareOrCopy

SHANGHAI = "cn-shanghai"
A_MONTH = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
"""Three versions, of which two are kept; with 12 GiB at 0.12 CNY for 30 days all can be worked out by hand."""


def ask(image: str, regions: tuple[str, ...] = (SHANGHAI,), accounts: tuple[str, ...] = ("partner",)) -> Settings:
    return Settings(image, accounts, regions, A_MONTH)


def set_a_month(panel: Panel) -> None:
    """The sliders of `A_MONTH`."""
    with panel.together():
        panel.controls["every_days"].value = 10
        panel.controls["versions_kept"].value = 2
        panel.controls["change_gib"].value = 1
        panel.controls["horizon_days"].value = 30


def shown(panel: Panel) -> str:
    """All that a panel shows."""
    return "".join(part.value for part in panel.parts.values())


def test_the_workbench_compares_what_routes_compares(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden_image(acme)
    table = ShareOrCopy(cloud).table(ask(image, (BEIJING, SHANGHAI), ("partner", "acme")))
    expected = ecs.routes(cloud, image, accounts=["partner", "acme"], regions=[BEIJING, SHANGHAI], updates=A_MONTH)
    pd.testing.assert_frame_equal(table.drop(columns="x_chosen"), expected)


def test_a_moved_slider_changes_what_a_copy_costs(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Copies of 12 GiB for 20 + 20 + 10 days at 0.12 for 30 days: 2.40; with one kept 10 + 10 + 10: 1.44."""
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    set_a_month(panel)
    panel.controls["route"].value = "copy, then share"
    assert "acme pays 2.40 CNY." in panel.parts["summary"].value
    assert "✓ 2.40 CNY" in panel.parts["targets"].value
    before = panel.parts["picture"].value
    panel.controls["versions_kept"].value = 1
    assert "acme pays 1.44 CNY." in panel.parts["summary"].value
    assert panel.parts["picture"].value != before


def test_the_cheapest_allowed_route_is_taken_unless_one_is_chosen(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Copied 2.40. Rebuilt would store for 1.52, but its machine has no price there. At home sharing is free."""
    image = golden_image(acme)
    settings = ask(image, (BEIJING, SHANGHAI))
    model = ShareOrCopy(cloud)
    table = model.table(settings)
    assert list(table.loc[table["x_chosen"], "route"]) == ["share", "copy, then share"]
    assert model.totals(settings)["list_cost"].tolist() == [pytest.approx(2.40)]
    chosen = model.table(replace(settings, chosen={("partner", SHANGHAI): "rebuild there"}))
    assert list(chosen.loc[chosen["x_chosen"], "route"]) == ["share", "rebuild there"]


def test_the_cheapest_is_fully_counted_and_opens_nothing_to_everybody(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """SHARE-2, COMM-1: with 50 receivers sharing is full; publishing would be free, and is not taken for that."""
    image = golden_image(acme)
    for first in range(0, 50, 10):
        acme.share_image(image, with_accounts=[cloud.account(f"team-{first + n}") for n in range(10)])
    table = ShareOrCopy(cloud).table(ask(image, (BEIJING,))).set_index("route")
    assert table.loc["publish", "x_allowed"]
    assert list(table.index[table["x_chosen"]]) == ["export and import"]
    partly = table[table["x_not_counted"] != ""]
    assert set(partly.index[partly["x_allowed"]]) == {"rebuild there"}
    assert partly.loc["rebuild there", "list_cost"] < table.loc["export and import", "list_cost"]


def test_a_list_for_one_target_goes_before_the_route_for_all(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[BEIJING, SHANGHAI])
    set_a_month(panel)
    assert "acme pays 2.40 CNY." in panel.parts["summary"].value
    panel.choices["partner", SHANGHAI].value = "export and import"  # 36 GiB sent at 0.5 besides
    assert "acme pays 20.40 CNY." in panel.parts["summary"].value
    panel.choices["partner", SHANGHAI].value = CHEAPEST
    assert "acme pays 2.40 CNY." in panel.parts["summary"].value


def test_a_copy_that_two_accounts_share_is_paid_once(cloud: Cloud, acme: Account, partner: Account) -> None:
    """COPY-11, SHARE-8: 12 GiB for 30 days at 0.12 is 1.44, as the bill of one copy shared twice says."""
    third, image = cloud.account("third"), golden_image(acme)
    once = Updates(every_days=30, versions_kept=1, change_gib=0, horizon_days=30)
    settings = Settings(image, ("partner", "third"), (SHANGHAI,), once, "copy, then share")
    paid = ShareOrCopy(cloud).totals(settings)
    assert paid["list_cost"].tolist() == [pytest.approx(1.44)]
    copy = acme.copy_image(image, to=SHANGHAI)
    acme.share_image(copy, with_accounts=[partner, third])
    cloud.at("2026-02-14")
    charges = ecs.bill(cloud, until="2026-02-14").by("region").set_index("region_id")["list_cost"]
    assert charges[SHANGHAI] == pytest.approx(paid["list_cost"].iloc[0])


def test_a_refused_route_shows_its_code_its_rule_and_why(cloud: Cloud, acme: Account, partner: Account) -> None:
    """SHARE-1, TYPE-3."""
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    panel.controls["route"].value = "share"
    refusals = panel.parts["refusals"].value
    assert "InvalidImageId.NotFound" in refusals
    assert "TYPE-3" in refusals
    assert "copy it to cn-shanghai first" in refusals
    assert "For 1 target the chosen route is refused" in panel.parts["summary"].value
    assert panel.parts["totals"].value == ""


@pytest.mark.parametrize("empty", ["accounts", "regions"])
def test_an_empty_selection_is_answered_with_what_to_choose(
    empty: str, cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud)
    panel.controls[empty].value = ()
    assert ">choose at least one account and one region" in shown(panel)
    assert "<svg" not in shown(panel)


def test_a_cloud_without_images_says_how_to_make_one(cloud: Cloud, acme: Account) -> None:
    assert "make one with create_image" in shown(share_or_copy(cloud))


def test_the_ends_of_every_slider_give_an_answer(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    for name in ("every_days", "versions_kept", "size_gib", "change_gib", "new_gib", "horizon_days", "copy_price"):
        slider = panel.controls[name]
        for end in (slider.min, slider.max):
            slider.value = end
            assert "acme pays" in panel.parts["summary"].value, name
            assert "<svg" in panel.parts["picture"].value, name


def test_an_account_of_the_other_site_pays_in_its_own_currency(cloud: Cloud, acme: Account, partner: Account) -> None:
    """SHARE-7: nothing adds CNY and USD, and there is a picture for each."""
    globex = cloud.account("globex", site="international")
    image = acme.create_image(acme.run_instance(region=HANGZHOU, image="aliyun_3", system_disk=40, written=12))
    panel = share_or_copy(cloud, image, regions=[HANGZHOU, SHANGHAI], accounts=[globex.name, "partner"])
    with panel.together():
        panel.controls["route"].value = "copy, then share"
        panel.choices["globex", HANGZHOU].value = "receiver's own image"
    said = panel.parts["summary"].value
    assert "globex pays" in said
    assert " USD, and what has no price (1 meter)." in said
    assert "acme pays" in said
    assert panel.parts["picture"].value.count("<svg") == 2


def test_a_horizon_before_the_first_price_names_the_price_that_is_missing(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    late = ecs.Prices(
        replace(row, valid_from=date(2030, 1, 1), valid_until=None) for row in ecs.Prices.published().rows
    )
    panel = share_or_copy(cloud, regions=[SHANGHAI], prices=late)
    panel.controls["route"].value = "copy, then share"
    assert "What acme pays is not known, because a price is missing." in panel.parts["summary"].value
    told = panel.parts["targets"].value.replace("<wbr>", "")
    assert "no price for snapshot_standard in cn-shanghai" in told
    assert "<svg" not in panel.parts["picture"].value
    assert "There is nothing to draw" in panel.parts["picture"].value


def test_another_image_brings_the_change_down_to_what_it_holds(cloud: Cloud, acme: Account, partner: Account) -> None:
    small = acme.create_image(acme.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=3))
    large = golden_image(acme)
    panel = share_or_copy(cloud, large, regions=[SHANGHAI])
    panel.controls["change_gib"].value = 12
    panel.controls["image"].value = small
    assert panel.controls["change_gib"].value == panel.controls["change_gib"].max == 3
    assert small in panel.parts["summary"].value
    assert "acme pays" in panel.parts["summary"].value


def test_a_supposed_size_costs_what_an_image_of_that_size_costs(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Copies of 20 GiB instead of 12 for 20 + 20 + 10 days at 0.12 for 30 days: 4.00 instead of 2.40."""
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    set_a_month(panel)
    panel.controls["route"].value = "copy, then share"
    assert panel.controls["size_gib"].value == 12
    panel.controls["size_gib"].value = 20
    assert "acme pays 4.00 CNY." in panel.parts["summary"].value
    panel.controls["size_gib"].value = 0.5
    assert panel.controls["change_gib"].value == panel.controls["change_gib"].max == 0.5


def test_the_way_of_a_copy_costs_what_one_supposes(cloud: Cloud, acme: Account, partner: Account) -> None:
    """COPY-10: no source tells; three copies of 12 GiB at 0.5 are 18 more than 2.40."""
    golden_image(acme)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    set_a_month(panel)
    panel.controls["route"].value = "copy, then share"
    panel.controls["copy_price"].value = 0.5
    assert "acme pays 20.40 CNY." in panel.parts["summary"].value


def test_two_routes_of_a_payer_in_a_region_stand_in_the_same_tiers(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Free up to 5 GiB: 12 and 11 GiB of two routes use that up once, as in the bill of the plan."""
    third, image = cloud.account("third"), golden_image(acme)
    free = ecs.Prices(
        [storage(SHANGHAI, 0, tier=(0, 5)), storage(SHANGHAI, 1, tier=(5, float("inf"))),
         traffic(BEIJING, SHANGHAI, 0)]
    )  # fmt: skip
    once = Updates(every_days=30, versions_kept=1, change_gib=0, horizon_days=1)
    chosen = {("partner", SHANGHAI): "copy, then share", (third.name, SHANGHAI): "copy snapshots"}
    settings = Settings(image, ("partner", "third"), (SHANGHAI,), once, chosen=chosen)
    # 24 GiB for 24 hours, less 5: alone each would be 7 × 24, together 19 × 24.
    assert ShareOrCopy(cloud, free).totals(settings)["list_cost"].tolist() == [pytest.approx(19 * 24)]


def test_the_page_begins_with_the_newest_image_that_is_no_copy(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden_image(acme, name="first")
    newest = golden_image(acme, name="second")
    acme.copy_image(newest, to=SHANGHAI)
    panel = share_or_copy(cloud)
    assert panel.controls["image"].value == newest
    assert panel.controls["regions"].value == (BEIJING, SHANGHAI)
    assert panel.controls["accounts"].value == ("partner",)


def test_an_image_smaller_than_the_usual_change_has_a_workbench_too(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Half a GiB for 20 + 20 + 10 days at 0.12 for 30 days, of which no more than that can change: 0.10."""
    golden_image(acme, written=0.5)
    panel = share_or_copy(cloud, regions=[SHANGHAI])
    set_a_month(panel)
    panel.controls["route"].value = "copy, then share"
    assert panel.controls["change_gib"].value == 0.5
    assert "acme pays 0.10 CNY." in panel.parts["summary"].value


def test_the_workbench_changes_no_cloud_and_is_not_changed_by_it(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden_image(acme)
    with unchanged(cloud):
        panel = share_or_copy(cloud, regions=[BEIJING, SHANGHAI])
        panel.controls["versions_kept"].value = 3
    acme.delete_image(image)
    panel.controls["versions_kept"].value = 4
    assert "acme pays" in panel.parts["summary"].value


def test_many_targets_are_chosen_for_all_at_once(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Thirteen regions and two accounts are 26 targets; the first 24 have a list of their own."""
    golden_image(acme)
    panel = share_or_copy(cloud, regions=list(ecs.regions()["region_id"])[:13], accounts=["acme", "partner"])
    assert len(panel.choices) == 24
    assert "2 accounts in 13 regions" in panel.parts["summary"].value


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


def test_the_page_has_words_for_every_picture_and_control_and_leaves_no_figure_open(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    golden_image(acme)
    open_before = plt.get_fignums()
    panel = share_or_copy(cloud, regions=[BEIJING, SHANGHAI])
    panel.controls["versions_kept"].value = 5
    assert plt.get_fignums() == open_before
    assert 'aria-label="What each route costs for 2 targets in CNY' in panel.parts["picture"].value
    everything = [*panel.controls.values(), *panel.choices.values()]
    assert all(control.description for control in everything)
    assert {type(part).__name__ for part in panel.parts.values()} == {"HTML"}


def test_a_panel_is_shown_by_a_short_and_lasting_name(cloud: Cloud, acme: Account) -> None:
    panel = share_or_copy(cloud)
    assert repr(panel) == "<share-or-copy workbench>"
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "<share-or-copy workbench>"
    assert "application/vnd.jupyter.widget-view+json" in bundle


@pytest.mark.slow
def test_what_earlier_settings_found_out_does_not_leak_into_later_ones(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    images = [golden_image(acme), acme.copy_image(golden_image(acme, name="second"), to=SHANGHAI)]
    model = ShareOrCopy(cloud)
    for image in (*images, images[0]):
        for regions, accounts in (((BEIJING,), ("partner",)), ((SHANGHAI, BEIJING), ("acme", "partner"))):
            for updates in (A_MONTH, Updates(every_days=30, horizon_days=60)):
                table = model.table(Settings(image, accounts, regions, updates))
                expected = ecs.routes(cloud, image, accounts=accounts, regions=regions, updates=updates)
                pd.testing.assert_frame_equal(table.drop(columns="x_chosen"), expected)
