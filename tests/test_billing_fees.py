"""What running an image costs: licence and marketplace fees, by the second, paid by whoever launches.

Real prices where the rule book states them; `EXAMPLE` figures come from the layers in `data/examples`.
"""

import math
from datetime import date

import pytest
from helpers import HANGZHOU, machine

from ecs_images import Bill, Cloud, PriceNotFound, Prices, bill
from ecs_images.catalog.files import data_path
from ecs_images.catalog.price_files import PriceRow

HONG_KONG = "cn-hongkong"
RED_HAT_UP_TO_8_VCPUS = 0.1041  # CNY per vCPU-hour, os_licence_prices.csv (2024-07-31)


def toy(meter: str, item: str, amount: float, unit: str = "per_instance_hour", **fields: object) -> PriceRow:
    """A toy price of a fee, everywhere and since 2019; storage is priced per GiB-hour."""
    return PriceRow(
        **{
            "meter": meter,
            "item": item,
            "region_id": "all_regions",
            "to_region_id": "",
            "billing_method": "pay_as_you_go",
            "from_quantity": 0.0,
            "to_quantity": math.inf,
            "quantity_unit": "",
            "unit": unit,
            "currency": "CNY",
            "price": amount,
            "valid_from": date(2019, 1, 1),
            "valid_until": None,
            "valid_from_basis": "stated",
            "source": "toy",
            "source_date": "2026-01-01",
            "confidence": "official",
            "status": "current",
            "note": "",
            **fields,
        }
    )


RED_HAT, SUSE, WINDOWS = "Red Hat Enterprise Linux", "SUSE Linux Enterprise Server", "Windows Server"
# 3600 CNY an instance-hour is 1 CNY a second.
PER_SECOND = Prices(
    [
        toy("os_licence", RED_HAT, 3600),
        toy("os_licence", SUSE, 7200),
        toy("marketplace_fee", "cmjj028448", 3600),
        toy("snapshot_standard", "", 0, "per_gib_hour"),
    ]
)


def fees(found: Bill) -> float:
    """All but storage."""
    table = found.by("meter")
    return float(table.loc[table["sku_meter"] != "snapshot_standard", "list_cost"].sum())


def payers(found: Bill) -> dict[str, float]:
    """The licence fees by account."""
    table = found.by("account", "meter")
    table = table[table["sku_meter"] == "os_licence"]
    return dict(zip(table["billing_account_id"], table["list_cost"], strict=True))


# Rates and bands -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instance_type", "cost_per_day"),
    [
        ("ecs.g7.large", 24 * 2 * 0.1041),
        ("ecs.g7.2xlarge", 24 * 8 * 0.1041),
        ("ecs.g7.3xlarge", 24 * 12 * 0.0781),
        ("ecs.g7.8xlarge", 59.9808),  # 32 vCPU × 0.0781 × 24 h
        ("ecs.g7.32xlarge", 24 * 128 * 0.0694),
    ],
)
def test_red_hat_is_charged_per_vcpu_by_the_size_of_the_instance(cloud, acme, instance_type, cost_per_day):
    """LIC-4, IBILL-2."""
    acme.run_instance(region=HANGZHOU, image="rhel_9", instance_type=instance_type)
    assert bill(cloud, until="2026-01-16").total() == pytest.approx(cost_per_day, rel=1e-9)


def test_instances_of_different_size_do_not_add_up_to_a_band(cloud, acme):
    """LIC-4: the band goes by the instance: two of 8 vCPUs stay at 0.1041."""
    for _ in range(2):
        acme.run_instance(region=HANGZHOU, image="rhel_9", instance_type="ecs.g7.2xlarge")
    assert bill(cloud, until="2026-01-15T01:00").total() == pytest.approx(16 * 0.1041)


@pytest.mark.parametrize(
    ("instance_type", "rate"), [("ecs.g7.large", 0.41), ("ecs.g7.xlarge", 0.82), ("ecs.g7.2xlarge", 0.99)]
)
def test_suse_is_charged_per_instance_by_bands_since_2026_05_27(instance_type, rate):
    """LIC-1, LIC-4: 1–2, 3–4 and 5 vCPUs on, per instance and hour (W: ecs/images 2026-05-27)."""
    cloud = Cloud(start="2026-05-27")
    cloud.account("acme").run_instance(region=HANGZHOU, image="sles_15", instance_type=instance_type)
    assert bill(cloud, until="2026-05-28").total() == pytest.approx(24 * rate)


@pytest.mark.parametrize(("vcpus", "rate"), [(2, 0.41), (3, 0.82), (4, 0.82), (5, 0.99)])
def test_the_suse_bands_change_at_3_and_5_vcpus(vcpus, rate):
    """LIC-4. No instance type has 3 or 5 vCPUs, so the book is asked itself."""
    epoch = Prices.published().book("CNY").schedule("os_licence", HANGZHOU, SUSE, vcpus)[-1]
    assert [row.price for row in epoch.tiers] == [rate]


def test_suse_has_no_known_price_in_2025():
    """Conflict 5: free to 2024-09 at the latest known, paid from 2026-05-27; between them nothing is known."""
    cloud = Cloud(start="2025-03-01")
    cloud.account("acme").run_instance(region=HANGZHOU, image="sles_15")
    with pytest.raises(PriceNotFound) as error:
        bill(cloud, until="2025-03-02").total()
    assert error.value.missing == (("os_licence", SUSE, HANGZHOU, "2025-03-01", "CNY"),)


def test_suse_was_free_in_2021():
    """LIC-1: in 2019–21 only Windows and Red Hat were paid."""
    cloud = Cloud(start="2021-03-01")
    cloud.account("acme").run_instance(region=HANGZHOU, image="sles_15")
    assert bill(cloud, until="2021-04-01").total() == 0


def test_a_free_system_makes_no_charge_at_all(cloud, acme):
    """LIC-1: Alibaba Cloud Linux, Ubuntu and the others are free."""
    for image in ("aliyun_3", "ubuntu_22_04", "debian_10", "centos_7_9"):
        acme.run_instance(region=HANGZHOU, image=image)
    assert len(bill(cloud, until="2026-02-01").charges) == 0


# Windows -------------------------------------------------------------------------------------------


def test_windows_is_free_on_the_mainland(cloud, acme):
    """LIC-2. The charge of 0 is on the bill, since a price of 0 is known."""
    acme.run_instance(region=HANGZHOU, image="windows_2022")
    found = bill(cloud, until="2026-01-16")
    assert found.total() == 0
    assert list(found.charges["x_item"]) == [WINDOWS]


@pytest.mark.parametrize("region", [HONG_KONG, "ap-southeast-1", "us-east-1"])
def test_windows_outside_the_mainland_has_no_published_price(cloud, acme, region):
    """LIC-2, LIC-3, UNK-4: the fee is charged, its amount must be supplied."""
    acme.run_instance(region=region, image="windows_2022")
    with pytest.raises(PriceNotFound, match=f"Windows Server in {region} on 2026-01-15"):
        bill(cloud, until="2026-01-16").total()


def test_windows_outside_the_mainland_with_a_layer_of_ones_own(cloud, acme):
    """LIC-3, UNK-4: EXAMPLE 0.25 CNY per vCPU-hour; 4 vCPUs for 10 hours cost 10 CNY."""
    acme.run_instance(region=HONG_KONG, image="windows_2022", instance_type="ecs.g7.xlarge")
    acme.run_instance(region=HANGZHOU, image="windows_2022", instance_type="ecs.g7.xlarge")
    prices = Prices.published(data_path("examples/example_prices_china.csv"))
    assert bill(cloud, until="2026-01-15T10:00", prices=prices).total() == 10


@pytest.mark.parametrize(("licence_type", "charged"), [("Aliyun", True), ("BYOL", False)])
def test_an_imported_windows_pays_unless_the_licence_is_ones_own(cloud, acme, licence_type, charged):
    """LIC-5, IMP-5: with Aliyun the fee is in the instance's bill, with BYOL there is none."""
    image = acme.import_image(region=HONG_KONG, file=10, platform="Windows", licence_type=licence_type)
    acme.run_instance(region=HONG_KONG, image=image, instance_type="ecs.g7.large")
    prices = Prices([toy("os_licence", WINDOWS, 1), toy("snapshot_standard", "", 0, "per_gib_hour")])
    assert fees(bill(cloud, until="2026-01-15T03:00", prices=prices)) == (3 if charged else 0)


def test_an_imported_linux_pays_no_licence(cloud, acme):
    """LIC-5: non-Windows imports pay no OS licence."""
    image = acme.import_image(region=HANGZHOU, file=10)
    acme.run_instance(region=HANGZHOU, image=image)
    assert fees(bill(cloud, until="2026-01-16")) == 0


def test_an_image_switched_to_byol_pays_no_licence_for_what_starts_later(cloud, acme):
    """IMP-5: an image can be switched to BYOL; what runs already was launched with the fee."""
    image = acme.import_image(region=HONG_KONG, file=10, platform="Windows")
    acme.run_instance(region=HONG_KONG, image=image)
    acme.modify_image(image, licence_type="BYOL")
    acme.run_instance(region=HONG_KONG, image=image)
    prices = Prices([toy("os_licence", WINDOWS, 1), toy("snapshot_standard", "", 0, "per_gib_hour")])
    assert fees(bill(cloud, until="2026-01-15T01:00", prices=prices)) == 1


# Seconds -------------------------------------------------------------------------------------------


def test_fees_run_by_the_second_and_are_settled_on_the_clock():
    """IBILL-2, IBILL-4 (zh pay-as-you-go): 10:59:30 to 11:50:30 is 30 s in one hour, 3030 s in the next."""
    cloud = Cloud(start="2020-06-01T10:59:30")
    acme = cloud.account("acme")
    web = machine(acme, image="rhel_9", written=None)
    cloud.at("2020-06-01T11:50:30")
    acme.release_instance(web, force=True)
    charges = bill(cloud, until="2020-06-02", prices=PER_SECOND).charges
    assert list(charges["list_cost"]) == pytest.approx([30, 3030])
    assert [f"{start:%H:%M:%S}" for start in charges["charge_period_start"]] == ["10:59:30", "11:00:00"]
    assert [f"{end:%H:%M:%S}" for end in charges["charge_period_end"]] == ["11:00:00", "11:50:30"]


def test_a_launch_within_the_last_hour_is_billed_to_its_end(cloud, acme):
    """`until` is taken to the next full hour, for fees too: 23:10 to 24:00 are 3000 s."""
    cloud.at("2026-01-15T23:10")
    acme.run_instance(region=HANGZHOU, image="rhel_9")
    assert bill(cloud, until="2026-01-15T23:20", prices=PER_SECOND).total() == pytest.approx(3000)


def test_an_instance_released_at_once_costs_nothing(cloud, acme):
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    acme.release_instance(web, force=True)
    assert bill(cloud, until="2026-01-16", prices=PER_SECOND).total() == 0


def run_with_a_stop(start: str, mode: str) -> float:
    """Fees of an instance that runs an hour, is stopped for two, and runs an hour: in hours."""
    cloud = Cloud(start=start)
    acme = cloud.account("acme")
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    cloud.advance(hours=1)
    acme.stop_instance(web, mode=mode)
    cloud.advance(hours=2)
    acme.start_instance(web)
    cloud.advance(hours=1)
    acme.release_instance(web, force=True)
    return bill(cloud, until=cloud.now, prices=PER_SECOND).total() / 3600


@pytest.mark.parametrize(
    ("start", "mode", "hours"),
    [
        ("2025-06-10", "economical", 2),
        ("2025-06-09", "economical", 4),
        ("2025-06-10", "standard", 4),
        ("2021-06-09", "standard", 4),
    ],
)
def test_only_an_economical_stop_since_2025_06_10_suspends_the_fee(start, mode, hours):
    """IBILL-3, conflict 7."""
    assert run_with_a_stop(start, mode) == pytest.approx(hours)


def test_a_fee_suspended_for_ever_ends_with_the_stop(cloud, acme):
    """IBILL-3: one hour runs, then nothing more, also after the release."""
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    cloud.at("2026-01-15T01:00")
    acme.stop_instance(web, mode="economical")
    cloud.at("2026-01-15T05:00")
    acme.release_instance(web)
    assert bill(cloud, until="2026-01-16", prices=PER_SECOND).total() == pytest.approx(3600)


# Lineage -------------------------------------------------------------------------------------------


def test_the_fee_follows_custom_and_shared_and_copied_images_to_whoever_launches(cloud, acme, partner):
    """IBILL-5, LIC-EX-2, SHARE-8: Red Hat at 2 × 0.1041 an hour.

    acme runs its own machine (1), one from its custom image (2) and one from a copy (3);
    partner runs one from the shared image and pays that (1).
    """
    web = machine(acme, image="rhel_9", written=40)
    custom = acme.create_image(web)
    acme.share_image(custom, with_accounts=[partner])
    machine(acme, image=custom, written=None)
    machine(acme, image=acme.copy_image(custom, to=HANGZHOU), region=HANGZHOU, written=None)
    machine(partner, image=custom, written=None)
    found = payers(bill(cloud, until="2026-01-15T01:00"))
    hour = 2 * RED_HAT_UP_TO_8_VCPUS
    assert found == {"acme": pytest.approx(3 * hour), "partner": pytest.approx(hour)}


def test_a_paid_image_that_is_never_launched_costs_storage_only(cloud, acme):
    """IBILL-6, DEL-5."""
    web = machine(acme, image="rhel_9", written=40)
    acme.create_image(web)
    acme.release_instance(web, force=True)
    found = bill(cloud, until="2026-01-16")
    assert list(found.by("meter")["sku_meter"]) == ["snapshot_standard"]


def test_the_fee_goes_on_after_the_image_is_unshared_and_deleted(cloud, acme, partner):
    """SHARE-9: what runs keeps running and billing. 2 hours of 3600 s."""
    web = machine(acme, image="rhel_9", written=40)
    custom = acme.create_image(web)
    acme.release_instance(web, force=True)
    acme.share_image(custom, with_accounts=[partner])
    machine(partner, image=custom, written=None)
    cloud.at("2026-01-15T01:00")
    acme.unshare_image(custom, from_accounts=[partner])
    acme.delete_image(custom, force=True)
    assert payers(bill(cloud, until="2026-01-15T02:00", prices=PER_SECOND)) == {"partner": pytest.approx(7200)}


def test_replacing_the_system_disk_switches_the_licence_when_it_is_done():
    """UNK-5, OS-6, OS-7: ten minutes. Red Hat to 01:10 (4200 s at 1), SUSE to 02:00 (3000 s at 2)."""
    cloud = Cloud(start="2026-06-01", durations="typical")
    acme = cloud.account("acme")
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    cloud.at("2026-06-01T01:00")
    acme.stop_instance(web)
    acme.replace_system_disk(web, "sles_15")
    table = bill(cloud, until="2026-06-01T01:00", prices=PER_SECOND).by("item")
    assert list(table["list_cost"]) == pytest.approx([3600])
    cloud.wait(web)
    table = bill(cloud, until="2026-06-01T02:00", prices=PER_SECOND).by("item")
    assert dict(zip(table["x_item"], table["list_cost"], strict=True)) == pytest.approx({RED_HAT: 4200, SUSE: 6000})


def replaced(durations: str, **settings: object) -> Cloud:
    """Red Hat from 00:00; from 01:00 its system is changed to SUSE, which takes ten minutes."""
    cloud = Cloud(start="2026-06-01", durations=durations, **settings)
    acme = cloud.account("acme")
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    cloud.at("2026-06-01T01:00")
    acme.stop_instance(web)
    acme.replace_system_disk(web, "sles_15")
    if durations == "typical":
        cloud.wait(web)
    return cloud


def by_system(found: Bill) -> dict[str, float]:
    table = found.by("item")
    return dict(zip(table["x_item"], table["list_cost"], strict=True))


def test_the_new_licence_may_be_supposed_to_run_from_the_start_of_the_change():
    """UNK-5: Red Hat to 01:00 (3600 s at 1), SUSE to 02:00 (3600 s at 2), whoever supposes it."""
    from_start = {RED_HAT: 3600, SUSE: 7200}
    asked = bill(replaced("typical"), until="2026-06-01T02:00", prices=PER_SECOND, assume={"UNK-5": "start"})
    assert by_system(asked) == pytest.approx(from_start)
    cloud = replaced("typical", assume={"UNK-5": "start"})
    assert by_system(bill(cloud, until="2026-06-01T02:00", prices=PER_SECOND)) == pytest.approx(from_start)
    back = bill(cloud, until="2026-06-01T02:00", prices=PER_SECOND, assume={"UNK-5": "completion"})
    assert by_system(back) == pytest.approx({RED_HAT: 4200, SUSE: 6000})


def test_a_change_that_takes_no_time_costs_the_same_under_both_suppositions():
    """UNK-5: it starts and ends at 01:00."""
    for assume in ({"UNK-5": "start"}, {"UNK-5": "completion"}):
        found = bill(replaced("instant"), until="2026-06-01T02:00", prices=PER_SECOND, assume=assume)
        assert by_system(found) == pytest.approx({RED_HAT: 3600, SUSE: 7200})


def test_a_bill_says_which_supposition_is_in_force_and_whether_it_was_chosen():
    def taken(**chosen: object) -> str:
        table = bill(replaced("typical"), until="2026-06-01T02:00", prices=PER_SECOND, **chosen).assumptions()
        return table.loc[table["assumption"] == "UNK-5", "taken"].item()

    assert taken() == "the new licence runs from the end of the change"
    assert taken(assume={"UNK-5": "start"}) == "start (chosen; the default is completion)"


def test_replacing_the_disk_of_an_economically_stopped_machine_starts_the_new_fee_only(cloud, acme):
    """IBILL-3, OS-6, OS-7: Red Hat for the first hour; SUSE at 2 from 03:00, when the machine starts again."""
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    cloud.at("2026-01-15T01:00")
    acme.stop_instance(web, mode="economical")
    cloud.at("2026-01-15T03:00")
    acme.replace_system_disk(web, "sles_15")
    table = bill(cloud, until="2026-01-15T04:00", prices=PER_SECOND).by("item")
    assert dict(zip(table["x_item"], table["list_cost"], strict=True)) == pytest.approx({RED_HAT: 3600, SUSE: 7200})


def test_changing_to_a_free_system_ends_the_fee(cloud, acme):
    """OS-6."""
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    cloud.at("2026-01-15T01:00")
    acme.stop_instance(web)
    acme.replace_system_disk(web, "aliyun_3")
    assert bill(cloud, until="2026-01-15T05:00", prices=PER_SECOND).total() == pytest.approx(3600)


# Marketplace and the other site --------------------------------------------------------------------


def test_a_marketplace_fee_without_a_published_price_raises(cloud, acme):
    """Ground rule 8: prices of most products stand only on live pages."""
    acme.run_instance(region=HANGZHOU, image="cmjj028448")
    with pytest.raises(PriceNotFound, match="marketplace_fee of cmjj028448"):
        bill(cloud, until="2026-01-16").total()


def test_a_marketplace_fee_from_a_layer_follows_the_custom_image(cloud, acme, partner):
    """MKT-4, ID-4: EXAMPLE 0.50 CNY an instance-hour, for the machine and for the sharee's."""
    web = acme.run_instance(region=HANGZHOU, image="cmjj028448")
    custom = acme.create_image(web)
    acme.share_image(custom, with_accounts=[partner])
    partner.run_instance(region=HANGZHOU, image=custom)
    prices = Prices.published(data_path("examples/example_prices_china.csv"))
    table = bill(cloud, until="2026-01-15T04:00", prices=prices).by("account", "meter")
    table = table[table["sku_meter"] == "marketplace_fee"]
    assert dict(zip(table["billing_account_id"], table["list_cost"], strict=True)) == {"acme": 2, "partner": 2}


def test_a_free_product_is_on_the_bill_with_0(cloud, acme):
    """MKT-1: a product may cost 0.00."""
    acme.run_instance(region=HANGZHOU, image="cmjj015205")
    found = bill(cloud, until="2026-01-16")
    assert found.total() == 0
    assert list(found.charges["x_item"]) == ["cmjj015205"]


def test_the_international_site_has_no_red_hat_price_of_its_own():
    """Ground rule 10, UNK-4: the CNY price is not converted."""
    cloud = Cloud(start="2026-01-15")
    cloud.account("globex", "international").run_instance(region=HANGZHOU, image="rhel_9")
    with pytest.raises(PriceNotFound, match="no USD price for os_licence of Red Hat Enterprise Linux"):
        bill(cloud, until="2026-01-16").total()
    # EXAMPLE: 2 vCPUs × USD 0.0144 × 10 h
    prices = Prices.published(data_path("examples/example_prices_international.csv"))
    assert bill(cloud, until="2026-01-15T10:00", prices=prices).total("USD") == pytest.approx(0.288)
