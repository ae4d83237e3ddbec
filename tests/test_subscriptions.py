"""Fees that are prepaid: licences and products by the term, products bought once, changes and refunds."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from helpers import HANGZHOU, machine, refused, unusable
from test_billing_fees import RED_HAT, SUSE, toy

import ecs_images as ecs
from ecs_images.catalog.price_files import PriceRow, read_price_file
from ecs_images.ledger.ledger import Ledger
from ecs_images.ledger.terms import end_of_term, periods_left
from ecs_images.units import parse_time

PRODUCT, OTHER_PRODUCT, FOREIGN = "cmjj028448", "cmjj029781", "sgcmjj00024846"


def term_price(meter: str, item: str, amount: float, unit: str, **fields: object) -> PriceRow:
    return toy(meter, item, amount, unit, billing_method="subscription", **fields)


TOY = ecs.Prices(
    [
        toy("snapshot_standard", "", 0, "per_gib_hour"),
        toy("os_licence", RED_HAT, 1, "per_vcpu_hour"),
        toy("os_licence", SUSE, 2),
        term_price("os_licence", RED_HAT, 100, "per_vcpu_month"),
        term_price("os_licence", RED_HAT, 1000, "per_vcpu_year"),
        term_price("os_licence", SUSE, 300, "per_instance_month"),
        toy("marketplace_fee", PRODUCT, 1),
        term_price("marketplace_fee", PRODUCT, 70, "per_instance_week"),
        term_price("marketplace_fee", PRODUCT, 280, "per_instance_month"),
        term_price("marketplace_fee", PRODUCT, 900, "per_activation"),
        term_price("marketplace_fee", OTHER_PRODUCT, 310, "per_instance_month"),
    ]
)


@pytest.fixture
def cloud() -> ecs.Cloud:
    return ecs.Cloud(start="2026-07-01")


@pytest.fixture
def acme(cloud: ecs.Cloud) -> ecs.Account:
    return cloud.account("acme")


def paid(cloud: ecs.Cloud, until: str = "2027-12-01", prices: ecs.Prices = TOY) -> dict[str, float]:
    """What was paid on each day on which anything was."""
    by_day = ecs.bill(cloud, until=until, prices=prices).by("day")
    return {day: cost for day, cost in zip(by_day["x_day"], by_day["list_cost"], strict=True) if cost}


def subscribed(account: ecs.Account, image: str = "rhel_9", **more: object) -> str:
    """A subscription instance of 2 vCPUs in Hangzhou."""
    wanted = {"region": HANGZHOU, "image": image, "instance_type": "ecs.g6.large", "billing": "subscription", **more}
    return account.run_instance(**wanted)


# Terms ---------------------------------------------------------------------------------------------


def test_a_month_ends_on_the_day_it_began_and_where_there_is_none_on_the_last() -> None:
    """IBILL-2: months are those of the calendar, each counted from the beginning."""
    start = parse_time("2027-01-31T10:30")
    ends = [f"{end_of_term(start, 'month', number):%Y-%m-%d %H:%M}" for number in (1, 2, 3, 13)]
    assert ends == ["2027-02-28 10:30", "2027-03-31 10:30", "2027-04-30 10:30", "2028-02-29 10:30"]
    assert f"{end_of_term(parse_time('2028-02-29'), 'year', 1):%Y-%m-%d}" == "2029-02-28"
    assert f"{end_of_term(start, 'week', 2):%Y-%m-%d %H:%M}" == "2027-02-14 10:30"


def test_of_a_month_under_way_the_part_by_time_is_left() -> None:
    start, noon = parse_time("2027-01-01"), parse_time("2027-02-15T12:00")
    # 14.5 of February's 28 days have gone; 13.5 are left, and all of March.
    assert periods_left(start, "month", 3, noon) == 1 + Fraction(27, 56)
    assert periods_left(start, "month", 3, start) == 3
    assert periods_left(start, "month", 3, parse_time("2027-04-01")) == 0


# Official figures -----------------------------------------------------------------------------------


def test_red_hat_on_32_vcpus_costs_what_the_official_example_says() -> None:
    """LIC-4: 24 h pay-as-you-go are 32 × 0.0781 × 24 = 59.9808 CNY, a year prepaid is 32 × 549.36 = 17,579.52 CNY."""
    cloud = ecs.Cloud(start="2026-06-01")
    by_time, by_year = cloud.account("by_time"), cloud.account("by_year")
    wanted = {"region": HANGZHOU, "image": "rhel_9", "instance_type": "ecs.g6.8xlarge"}
    by_time.run_instance(**wanted)
    by_year.run_instance(**wanted, billing="subscription", period="year")
    table = ecs.bill(cloud, until="2026-06-02").by("account").set_index("billing_account_id")["list_cost"]
    assert f"{table['by_time']:.4f}" == "59.9808"
    assert f"{table['by_year']:.2f}" == "17579.52"


# Subscribe and renew --------------------------------------------------------------------------------


def test_a_subscription_is_paid_whole_when_it_begins_and_when_it_is_renewed(cloud, acme) -> None:
    """IBILL-2: 3 months × 2 vCPUs × 100; renewed for 2 more, 2 × 2 × 100. Nothing runs by the hour beside."""
    web = subscribed(acme, period="month", periods=3)
    assert cloud.instance(web).paid_until == parse_time("2026-10-01")
    cloud.at("2026-09-15")
    acme.renew_instance(web, periods=2)
    assert cloud.instance(web).paid_until == parse_time("2026-12-01")
    assert paid(cloud) == {"2026-07-01": 600, "2026-09-15": 400}


def test_a_renewal_is_paid_at_the_price_of_its_day(cloud, acme) -> None:
    dearer = term_price("os_licence", RED_HAT, 130, "per_vcpu_month", valid_from=date(2026, 8, 1))
    web = subscribed(acme)
    cloud.at("2026-07-31")
    acme.renew_instance(web)
    cloud.at("2026-08-01")
    acme.renew_instance(web)
    assert paid(cloud, prices=ecs.Prices([*TOY.rows, dearer])) == {
        "2026-07-01": 200, "2026-07-31": 200, "2026-08-01": 260
    }  # fmt: skip


@pytest.mark.parametrize(("period", "periods", "cost"), [("week", 2, 140), ("month", 3, 840)])
def test_a_product_is_prepaid_by_the_week_or_the_month(cloud, acme, period, periods, cost) -> None:
    """MKT-2: 2 × 70; 3 × 280."""
    subscribed(acme, PRODUCT, period=period, periods=periods)
    assert paid(cloud) == {"2026-07-01": cost}


def test_a_subscription_without_a_price_for_its_term_is_not_free(cloud, acme) -> None:
    subscribed(acme, PRODUCT, period="year", periods=2)
    found = ecs.bill(cloud, until="2027-12-01", prices=TOY)
    (lacking,) = found.unpriced.itertuples()
    assert (lacking.consumed_quantity, lacking.consumed_unit, lacking.x_term) == (2, "Instance-Year", "year")
    with pytest.raises(
        ecs.PriceNotFound, match=f"{PRODUCT} by the year .* sold by the month, by the week, by time, once"
    ):
        found.total()


def test_whoever_launches_a_descendant_subscribes_anew_at_the_original_price(cloud, acme) -> None:
    """MKT-4: from a custom image, from its copy in another region, and by another account that it is shared with."""
    partner = cloud.account("partner")
    web = subscribed(acme, PRODUCT)
    golden = acme.create_image(web, name="golden")
    away = acme.copy_image(golden, to="cn-beijing")
    acme.share_image(golden, with_accounts=[partner])
    cloud.at("2026-09-02")  # The original subscription has ended.
    subscribed(acme, golden)
    subscribed(acme, away, region="cn-beijing")
    subscribed(partner, golden)
    table = ecs.bill(cloud, until="2026-10-01", prices=TOY).by("account", "region")
    costs = {(row.billing_account_id, row.region_id): row.list_cost for row in table.itertuples() if row.list_cost}
    assert costs == {("acme", HANGZHOU): 560, ("acme", "cn-beijing"): 280, ("partner", HANGZHOU): 280}


@pytest.mark.slow
def test_subscriptions_are_explained_attributed_and_kept_in_a_ledgers_file(cloud, acme, tmp_path: Path) -> None:
    web = subscribed(acme, periods=3)
    bought = acme.buy_product(PRODUCT, region=HANGZHOU, billing="once", refund_days=5)
    found = ecs.bill(cloud, until="2026-08-01", prices=TOY)
    assert found.explain(bought).total == found.explain(PRODUCT).total == 900
    assert found.explain(bought).about == f"purchase of {PRODUCT} by acme in {HANGZHOU}"
    assert "6 vCPU-Month × 100 = 600.000000 CNY" in str(found.explain(web))
    assert found.attribute("image")["list_cost"].sum() == pytest.approx(found.total()) == 1500
    cloud.ledger.save(tmp_path / "ledger.jsonl")
    again = Ledger.load(tmp_path / "ledger.jsonl")
    assert list(again) == list(cloud.ledger)
    assert ecs.bill(again, until="2026-08-01", prices=TOY).total() == 1500


# Change of system -----------------------------------------------------------------------------------


def changed(cloud: ecs.Cloud, account: ecs.Account, instance: str, image: str, at: str = "2026-08-16T12:00") -> None:
    cloud.at(at)
    account.stop_instance(instance)
    account.replace_system_disk(instance, image)


def test_a_change_of_licence_settles_the_difference_for_the_rest_of_the_time(cloud, acme) -> None:
    """OS-6: 15.5 of August's 31 days and September are left, 1.5 months: 1.5 × 300 for SUSE, less 1.5 × 2 × 100."""
    web = subscribed(acme, periods=3)
    changed(cloud, acme, web, "sles_15")
    assert paid(cloud) == {"2026-07-01": 600, "2026-08-16": pytest.approx(450 - 300)}
    assert {"ASSUME-12", "UNK-5"} <= set(ecs.bill(cloud, until="2026-10-01", prices=TOY).assumptions()["assumption"])


def test_a_change_to_another_product_is_charged_for_the_rest_of_the_time_and_nothing_comes_back(cloud, acme) -> None:
    """MKT-5, UNK-17: 1.5 months of the new product at 310; for the old one nothing unless its supplier pays back."""
    web = subscribed(acme, PRODUCT, periods=3)
    changed(cloud, acme, web, OTHER_PRODUCT)
    assert paid(cloud) == {"2026-07-01": 840, "2026-08-16": pytest.approx(465)}


def test_where_suppliers_pay_back_the_rest_of_the_old_product_is_credited() -> None:
    """UNK-17=by_usage: 1.5 × 310 less 1.5 × 280 = 45."""
    cloud = ecs.Cloud(start="2026-07-01", assume={"UNK-17": "by_usage"})
    acme = cloud.account("acme")
    web = subscribed(acme, PRODUCT, periods=3)
    changed(cloud, acme, web, OTHER_PRODUCT)
    assert paid(cloud) == {"2026-07-01": 840, "2026-08-16": pytest.approx(45)}


def test_a_change_to_the_same_product_or_a_reset_costs_nothing(cloud, acme) -> None:
    """MKT-5."""
    web = subscribed(acme, PRODUCT, periods=3)
    golden = acme.create_image(web, name="golden")
    changed(cloud, acme, web, golden)
    changed(cloud, acme, web, PRODUCT, at="2026-08-17")
    assert paid(cloud) == {"2026-07-01": 840}


# Bought once ----------------------------------------------------------------------------------------


def test_a_product_bought_once_costs_no_more_and_goes_to_the_next_instance(cloud, acme) -> None:
    """MKT-3: renewing costs nothing for it; after release it is used again; a second instance at once pays by time."""
    acme.buy_product(PRODUCT, region=HANGZHOU, billing="once")
    first = machine(acme, region=HANGZHOU, image=PRODUCT)
    second = machine(acme, region=HANGZHOU, image=PRODUCT)
    cloud.advance(hours=10)
    acme.release_instance(second, force=True)
    acme.release_instance(first, force=True)
    machine(acme, region=HANGZHOU, image=PRODUCT)
    assert paid(cloud) == {"2026-07-01": 900 + 10}
    web = subscribed(cloud.account("partner"), PRODUCT)
    cloud.account("partner").renew_instance(web)
    assert sum(paid(cloud).values()) == 910 + 2 * 280


def test_a_subscription_with_a_product_bought_once_renews_for_nothing(cloud, acme) -> None:
    acme.buy_product(PRODUCT, region=HANGZHOU, billing="once")
    acme.renew_instance(subscribed(acme, PRODUCT), periods=2)
    assert paid(cloud) == {"2026-07-01": 900}


def test_a_story_may_ask_that_a_product_is_bought_before_it_is_launched() -> None:
    """MKT-1: one purchase for one instance, in its region; a descendant needs one too."""
    cloud = ecs.Cloud(start="2026-07-01", assume={"ASSUME-4": "bought_before"})
    acme = cloud.account("acme")
    with refused(cloud, "QuotaExceed.BuyImage", operation="RunInstances"):
        machine(acme, region=HANGZHOU, image=PRODUCT)
    acme.buy_product(PRODUCT, region="cn-beijing")
    with refused(cloud, "QuotaExceed.BuyImage"):
        machine(acme, region=HANGZHOU, image=PRODUCT)
    acme.buy_product(PRODUCT, region=HANGZHOU)
    web = machine(acme, region=HANGZHOU, image=PRODUCT)
    golden = acme.create_image(web, name="golden")
    with refused(cloud, "QuotaExceed.BuyImage"):
        machine(acme, region=HANGZHOU, image=golden)
    acme.release_instance(web, force=True)
    machine(acme, region=HANGZHOU, image=golden)


def test_what_was_bought_once_is_given_back_unused_in_its_time_and_no_later(cloud, acme) -> None:
    """MKT-6: 900 paid and 900 back."""
    kept, returned, used, plain = (
        acme.buy_product(PRODUCT, region=HANGZHOU, billing="once", **more)
        for more in ({"refund_days": 5}, {"refund_days": 5}, {"refund_days": 5}, {})
    )
    launched = cloud.instance(machine(acme, region=HANGZHOU, image=PRODUCT)).purchase
    cloud.at("2026-07-06")
    with unusable(cloud, "was used"):
        acme.refund_product(launched)
    with unusable(cloud, "no agreed time"):
        acme.refund_product(plain)
    acme.refund_product(returned)
    with unusable(cloud, "was given back on 2026-07-06"):
        acme.refund_product(returned)
    cloud.at("2026-07-06T00:00:01")
    with unusable(cloud, "could be given back until 2026-07-06"):
        acme.refund_product(used if launched != used else kept)
    assert paid(cloud) == {"2026-07-01": 4 * 900, "2026-07-06": -900}


# Refused ----------------------------------------------------------------------------------------------


def test_what_no_subscription_can_be_is_refused_in_a_sentence(cloud, acme) -> None:
    for periods in (0, -1, 1.5, True, "3", 601):
        with unusable(cloud, "periods is a whole number from 1"):
            subscribed(acme, periods=periods)
    with unusable(cloud, "period is week or month or year, not 'day'"):
        subscribed(acme, period="day")
    with unusable(cloud, "billing=subscription"):
        machine(acme, period="month")
    with unusable(cloud, "refund_days is for billing=once"):
        acme.buy_product(PRODUCT, region=HANGZHOU, refund_days=5)
    with unusable(cloud, "billing is pay_as_you_go or once"):
        acme.buy_product(PRODUCT, region=HANGZHOU, billing="subscription")


def test_a_product_that_is_not_sold_there_is_refused(cloud, acme) -> None:
    with refused(cloud, "InvalidMarketImage.NotFound") as caught:
        acme.buy_product("cmjj02844", region=HANGZHOU)
    assert "did you mean cmjj028448" in str(caught.value)
    with refused(cloud, "InvalidMarketImage.NotFound") as caught:
        acme.buy_product(FOREIGN, region=HANGZHOU)
    assert "international site only" in str(caught.value)


def test_the_service_refuses_what_the_billing_method_forbids(cloud, acme) -> None:
    web, by_time = subscribed(acme), machine(acme)
    with refused(cloud, "ChargeTypeViolation", operation="DeleteInstance"):
        acme.release_instance(web, force=True)
    with refused(cloud, "ChargeTypeViolation", operation="StopInstance"):
        acme.stop_instance(web, mode="economical")
    with refused(cloud, "ChargeTypeViolation", operation="RenewInstance"):
        acme.renew_instance(by_time)


def test_a_subscription_that_has_ended_does_nothing_more_but_can_be_released(cloud, acme) -> None:
    """MKT-2, CREATE-4."""
    web = subscribed(acme)
    cloud.at("2026-08-01")
    for command in (acme.renew_instance, acme.create_image, acme.stop_instance):
        with refused(cloud, "InstanceExpiredOrInArrears"):
            command(web)
    acme.release_instance(web)
    assert paid(cloud) == {"2026-07-01": 200}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("archive_snapshot", "archive snapshots are not modelled"),
        ("buy_storage_plan", "storage plans are not modelled"),
        ("buy_scu", "storage capacity units are not modelled"),
        ("pay_debt", "overdue payment is not modelled"),
    ],
)
def test_what_is_not_built_is_refused_by_name_with_what_is_not_counted(tmp_path: Path, command, words) -> None:
    story = tmp_path / "story.yaml"
    story.write_text(
        f"title: t\nstart: 2026-01-01\naccounts: [acme]\nsteps:\n  - {command}: {{account: acme}}\nuntil: 2026-02-01\n"
    )
    with pytest.raises(ecs.FileProblems, match=words):
        ecs.Story.load(story)


# Prices of one's own -----------------------------------------------------------------------------------


def test_a_monthly_price_of_ones_own_is_read_with_or_without_its_billing_method(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "meter,item,region_id,unit,currency,price,valid_from\n"
        f"marketplace_fee,{PRODUCT},all_regions,per_instance_month,CNY,55,2026-01-01\n"
    )
    assert [row.billing_method for row in read_price_file(path, 1)] == ["subscription"]
    cloud = ecs.Cloud(start="2026-07-01")
    subscribed(cloud.account("acme"), PRODUCT, periods=2)
    assert paid(cloud, prices=ecs.Prices.published(path)) == {"2026-07-01": 110}


def test_a_term_price_that_is_said_to_run_by_time_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    head = "meter,item,region_id,billing_method,unit,currency,price,valid_from\n"
    for method, unit, words in (
        ("pay_as_you_go", "per_instance_month", "is prepaid"),
        ("subscription", "per_instance_hour", "is not of a subscription"),
        ("scu_pack", "per_instance_month", "storage capacity units are not modelled"),
    ):
        path.write_text(f"{head}marketplace_fee,{PRODUCT},all_regions,{method},{unit},CNY,55,2026-01-01\n")
        with pytest.raises(ecs.FileProblems, match=words):
            read_price_file(path, 1)


# Copies cut short (UNK-14) -------------------------------------------------------------------------------


@pytest.mark.parametrize(("assume", "cost"), [({}, 3), ({"UNK-14": "whole"}, 12)])
def test_a_cancelled_copy_is_charged_for_the_part_of_its_time_or_whole(assume, cost) -> None:
    """UNK-14: 12 GiB take 6 minutes; cancelled after 1 minute and a half, a quarter at 1 CNY a GiB."""
    cloud = ecs.Cloud(start="2026-07-01", durations="typical")
    acme = cloud.account("acme")
    image = acme.create_image(machine(acme), name="golden")
    cloud.wait(image)
    copy = acme.copy_image(image, to=HANGZHOU)
    begun = cloud.now
    cloud.advance(hours=1 / 40)
    acme.cancel_copy_image(copy)
    assert (cloud.now - begun).seconds == 90
    prices = TOY.changed("image_copy_traffic", price=1)
    found = ecs.bill(cloud, until="2026-07-03", prices=prices, assume=assume)
    assert found.total() == pytest.approx(cost, rel=1e-9)
    assert "UNK-14" in set(found.assumptions()["assumption"])


# Fees of an image ------------------------------------------------------------------------------------------


def test_fees_say_what_follows_a_shared_copy_of_red_hat_and_from_how_many_hours_a_term_pays(cloud, acme) -> None:
    """IBILL-5: 70.43 a month by 0.1041 an hour is 676.56 hours; 732.48 a year is 7,036.3 hours."""
    golden = acme.create_image(machine(acme, image="rhel_9"), name="golden")
    away = acme.copy_image(golden, to=HANGZHOU)
    table = ecs.fees(cloud, away)
    assert list(table["sku_meter"]) == ["snapshot_standard", "os_licence", "os_licence", "os_licence"]
    assert list(table["list_unit_price"])[1:] == [0.1041, 70.43, 732.48]
    assert list(table["x_stated_by"])[1:] == ["official, 2026-05-27"] * 3
    assert list(table["x_break_even_hours"])[2:] == pytest.approx([70.43 / 0.1041, 732.48 / 0.1041])
    assert table["x_payer"][0] == "its owner, acme"
    assert set(table["x_payer"][1:]) == {"whoever launches it"}
    assert "rhel_9" in table["x_follows_from"][1]


def test_fees_tell_the_vendor_of_a_product_where_it_is_published() -> None:
    """MKT-1: 9 of 27 products have one."""
    cloud = ecs.Cloud(start="2026-07-01")
    cloud.account("acme"), cloud.account("globex", site="international")
    (ours,) = set(ecs.fees(cloud, PRODUCT, account="acme", region=HANGZHOU)["x_sold_by"])
    (theirs,) = set(ecs.fees(cloud, FOREIGN, account="globex", region="cn-hongkong")["x_sold_by"])
    assert (ours, theirs) == ("not published", "LiteSpeed (ISV)")


def test_fees_of_a_free_system_are_its_storage_alone(cloud, acme) -> None:
    golden = acme.create_image(machine(acme), name="golden")
    assert list(ecs.fees(cloud, golden)["sku_meter"]) == ["snapshot_standard"]
    with pytest.raises(ecs.InputError, match="say which account launches it"):
        ecs.fees(cloud, "rhel_9_x64_40G_example.vhd")
    by_name = ecs.fees(cloud, "rhel_9", account="acme", region=HANGZHOU, instance_type="ecs.g6.8xlarge")
    assert list(by_name["list_unit_price"]) == [0.0781, 52.82, 549.36]  # 32 vCPUs lie in the band of 9 to 127
    for wrong in (5, None, ["m-1"]):
        with pytest.raises(ecs.InputError, match="an image is given by its id"):
            ecs.fees(cloud, wrong)
    with pytest.raises(ecs.UnknownName):
        ecs.fees(cloud, "m-99999999")
