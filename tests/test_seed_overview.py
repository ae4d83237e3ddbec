"""What the provider's overview of images said of fees in 2019, statement by statement.

The page names four kinds of image and what each costs. Each statement is billable here, or the test
says in one line which price no source publishes.
"""

from __future__ import annotations

import pytest
from helpers import HANGZHOU, ROOT, golden_image, machine, read_csv

from ecs_images import Account, Cloud, PriceNotFound, Prices, bill
from ecs_images.catalog.files import data_path

PRODUCT = "cmjj028448"
HONG_KONG = "cn-hongkong"


@pytest.fixture
def then() -> Cloud:
    return Cloud(start="2019-09-01")


def paid(cloud: Cloud, until: str, prices: Prices | None = None) -> dict[str, float]:
    """What a bill lists by meter."""
    found = bill(cloud, until=until, prices=prices).by("meter")
    return dict(zip(found["sku_meter"], found["list_cost"], strict=True))


def examples() -> Prices:
    """The book with the made-up example prices: 0.50 an hour for the product, 0.25 a vCPU-hour for Windows."""
    return Prices.published(data_path("examples/example_prices_china.csv"))


def test_public_images_other_than_windows_and_red_hat_are_free(then: Cloud) -> None:
    """LIC-1: of all listed systems, SUSE among them, ten hours cost nothing."""
    team = then.account("team")
    systems: dict[str, str] = {}
    for row in read_csv(ROOT / "data" / "image_families.csv"):
        systems.setdefault(row["os_family"], row["image_family"] or row["short_name"])
    charged = {"Windows Server", "Red Hat Enterprise Linux"}
    later = {"Alibaba Cloud Linux Pro", "SUSE Linux Enterprise Server for SAP"}
    for system in systems.keys() - charged - later:
        machine(team, region=HANGZHOU, image=systems[system])
    assert bill(then, until="2019-09-01T10:00").total() == 0


@pytest.mark.parametrize(
    ("image", "system"), [("windows_2019", "Windows Server"), ("rhel_8", "Red Hat Enterprise Linux")]
)
def test_windows_and_red_hat_are_charged_and_no_amount_of_2019_is_published(then, image, system) -> None:
    """LIC-1. Missing: the fee of Red Hat before 2024-07-31 and that of Windows before 2021-05-11."""
    machine(then.account("team"), region=HANGZHOU, image=image)
    with pytest.raises(PriceNotFound, match=f"{system} in cn-hangzhou on 2019-09-01"):
        bill(then, until="2019-09-01T10:00").total()


def test_the_example_of_red_hat_from_2020_is_billed_when_a_story_asks_for_it() -> None:
    """LIC-EX-1: 0.43 CNY an hour, and USD 0.089; ten hours are 4.30 and 0.89."""
    for site, day, cost in (("china", "2020-11-20", 4.30), ("international", "2020-12-02", 0.89)):
        cloud = Cloud(start=day)
        machine(cloud.account("team", site=site), region=HANGZHOU, image="rhel_8")
        with pytest.raises(PriceNotFound):
            bill(cloud, until=f"{day}T10:00").total()
        prices = Prices.published(data_path(f"examples/red_hat_2020_{site}.csv"))
        assert bill(cloud, until=f"{day}T10:00", prices=prices).total() == pytest.approx(cost)


def test_red_hat_is_charged_by_the_size_of_the_instance(cloud: Cloud, acme: Account) -> None:
    """LIC-4, as published since 2024-07-31: an hour of 2 vCPU is 0.2082, of 16 it is 16 × 0.0781 = 1.2496."""
    machine(acme, image="rhel_9", instance_type="ecs.g7.large")
    machine(acme, image="rhel_9", instance_type="ecs.g7.4xlarge")
    assert paid(cloud, "2026-01-15T01:00") == {"os_licence": pytest.approx(0.2082 + 1.2496)}


def test_windows_is_charged_by_the_size_of_the_instance(cloud: Cloud, acme: Account) -> None:
    """LIC-3. Missing: every amount abroad; with 0.25 a vCPU-hour made up, 2 and 16 vCPU are 4.50 an hour."""
    machine(acme, region=HONG_KONG, image="windows_2022", instance_type="ecs.g7.large")
    machine(acme, region=HONG_KONG, image="windows_2022", instance_type="ecs.g7.4xlarge")
    with pytest.raises(PriceNotFound, match="Windows Server in cn-hongkong"):
        bill(cloud, until="2026-01-15T01:00").total()
    assert paid(cloud, "2026-01-15T01:00", examples()) == {"os_licence": pytest.approx(4.5)}


def test_a_custom_image_costs_the_capacity_of_its_snapshots(then: Cloud) -> None:
    """12 GiB at 0.12 a GiB-month for 720 hours: 1.44; nothing for the image itself."""
    golden_image(then.account("team"), region=HANGZHOU)
    assert paid(then, "2019-10-01") == {"snapshot_standard": pytest.approx(1.44)}


def test_an_instance_from_a_custom_image_of_a_free_one_costs_no_more_than_its_snapshots(then: Cloud) -> None:
    team = then.account("team")
    golden = golden_image(team, region=HANGZHOU)
    machine(team, region=HANGZHOU, image=golden)
    assert paid(then, "2019-10-01") == {"snapshot_standard": pytest.approx(1.44)}


def test_an_instance_from_a_custom_image_of_a_product_costs_the_product_and_the_snapshots(then: Cloud) -> None:
    """Missing: the price of every paid product; with 0.50 an hour made up, 720 hours are 360, and storage 1.44."""
    team = then.account("team")
    golden = golden_image(team, region=HANGZHOU, image=PRODUCT)
    machine(team, region=HANGZHOU, image=golden)
    with pytest.raises(PriceNotFound, match=PRODUCT):
        bill(then, until="2019-10-01").total()
    expected = {"marketplace_fee": pytest.approx(360), "snapshot_standard": pytest.approx(1.44)}
    assert paid(then, "2019-10-01", examples()) == expected


def test_a_shared_image_of_a_product_costs_its_receiver_what_the_vendor_asks(then: Cloud) -> None:
    """IBILL-5, MKT-4: who launches pays the 360; who shares pays the storage."""
    team, friend = then.account("team"), then.account("friend")
    golden = golden_image(team, region=HANGZHOU, image=PRODUCT)
    team.share_image(golden, with_accounts=[friend])
    machine(friend, region=HANGZHOU, image=golden)
    found = bill(then, until="2019-10-01", prices=examples()).by("account", "meter")
    assert {(row.billing_account_id, row.sku_meter): row.list_cost for row in found.itertuples()} == {
        ("friend", "marketplace_fee"): pytest.approx(360),
        ("team", "snapshot_standard"): pytest.approx(1.44),
    }


def test_a_marketplace_image_costs_what_its_vendor_asks(then: Cloud) -> None:
    """MKT-4. Missing: all paid prices, and the seller of 18 of 27 products; 0.50 an hour made up, for ten hours."""
    machine(then.account("team"), region=HANGZHOU, image=PRODUCT)
    assert paid(then, "2019-09-01T10:00", examples()) == {"marketplace_fee": pytest.approx(5)}
