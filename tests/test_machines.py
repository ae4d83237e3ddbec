"""Two meters that bills leave out unless asked: disks by the GiB, and instances by the hour (IBILL-3)."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU
from strategies import price

from ecs_images import Account, Cloud, InputError, Prices, Story, bill, measure
from ecs_images.billing.unpriced import rows_to_fill_in
from ecs_images.catalog.meters import DISK, INSTANCE, METERS, asked_for
from ecs_images.errors import FileProblems

TYPE = "ecs.c6.large"
DISK_1 = price("disk", "all_regions", 1, unit="per_gib_hour", item="cloud_essd_pl0")
TYPE_10 = price("instance", "all_regions", 10, unit="per_instance_hour", item=TYPE)
TOY = Prices([DISK_1, TYPE_10])


@pytest.fixture
def web(acme: Account) -> str:
    return acme.run_instance(region=HANGZHOU, image="aliyun_3", system_disk=40, written=0, instance_type=TYPE)


def by_meter(cloud: Cloud, until: str, meters: object = "all", prices: Prices = TOY) -> dict[str, float]:
    table = bill(cloud, until=until, prices=prices, meters=meters).by("meter")
    return dict(zip(table["sku_meter"], table["list_cost"], strict=True))


def test_a_bill_has_no_machines_unless_it_is_asked_for_them(cloud: Cloud, web: str) -> None:
    assert bill(cloud, until="2026-01-16", prices=TOY).total() == 0
    assert set(measure(cloud, until="2026-01-16")["sku_meter"]) == set()
    assert set(measure(cloud, until="2026-01-16", meters="all")["sku_meter"]) == {DISK, INSTANCE}


def test_a_machine_of_a_day_costs_its_hours_and_its_disk_by_the_whole_size(cloud: Cloud, web: str) -> None:
    """40 GiB × 24 h × 1 = 960, and 24 h × 10 = 240; nothing is written and all is paid."""
    assert by_meter(cloud, "2026-01-16") == {DISK: 960, INSTANCE: 240}
    assert by_meter(cloud, "2026-01-16", "disk") == {DISK: 960}
    assert by_meter(cloud, "2026-01-16", ["instance"]) == {INSTANCE: 240}


def test_an_economical_stop_ends_the_machine_s_hours_to_the_second_and_its_disk_goes_on(
    cloud: Cloud, acme: Account, web: str
) -> None:
    """IBILL-3: it runs from 0:00 to 6:00:36 and from 18:00 to 24:00, 12.01 h × 10."""
    cloud.at("2026-01-15T06:00:36")
    acme.stop_instance(web, mode="economical")
    cloud.at("2026-01-15T18:00")
    acme.start_instance(web)
    assert by_meter(cloud, "2026-01-16") == pytest.approx({DISK: 960, INSTANCE: 120.1}, rel=1e-12)


def test_a_standard_stop_ends_nothing_and_a_release_ends_both(cloud: Cloud, acme: Account, web: str) -> None:
    """Until 6:30: 40 GiB × 6.5 h, and 6.5 h × 10."""
    cloud.at("2026-01-15T02:00")
    acme.stop_instance(web, mode="standard")
    cloud.at("2026-01-15T06:30")
    acme.release_instance(web, force=True)
    assert by_meter(cloud, "2026-01-16") == {DISK: 260, INSTANCE: 65}


def test_in_2021_too_an_economical_stop_ends_the_machine_s_hours_though_not_its_licence() -> None:
    """IBILL-3: what went on being billed then was the image."""
    cloud = Cloud(start="2021-05-15")
    acme = cloud.account("acme")
    base = acme.import_image(region=HANGZHOU, file=1, system_disk=40)
    web = acme.run_instance(region=HANGZHOU, image=base, system_disk=40, instance_type=TYPE)
    cloud.at("2021-05-15T06:00")
    acme.stop_instance(web, mode="economical")
    assert by_meter(cloud, "2021-05-16", "instance") == {INSTANCE: 60}


def test_a_machine_is_rated_by_pay_as_you_go_rows_only(cloud: Cloud, acme: Account) -> None:
    """The book has subscription and SCU prices of disks in Beijing: they are other prices, and never stand in."""
    acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=0, instance_type=TYPE)
    rows = [row for row in Prices.published().rows if (row.meter, row.currency) == ("disk", "CNY")]
    assert any("cn-beijing" in (row.region_id,) or row.region_id == "mainland_china" for row in rows)
    found = bill(cloud, until="2026-01-16", meters="disk")
    assert found.total(priced_only=True) == 0
    (lacking,) = found.unpriced.to_dict("records")
    assert (lacking["x_item"], lacking["consumed_quantity"], lacking["consumed_unit"]) == (
        "cloud_essd_pl0",
        960,
        "GiB-Hour",
    )


def test_machines_belong_to_no_image_and_are_explained_by_their_own_id(cloud: Cloud, acme: Account, web: str) -> None:
    found = bill(cloud, until="2026-01-16", prices=TOY, meters="all")
    assert found.by("image")["x_image_id"].tolist() == [""]
    assert found.explain(web).total == 240
    assert found.explain(cloud.instance(web).system_disk).total == 960
    assert "× 24 h × 10 = 240.000000 CNY" in str(found.explain(web))


@pytest.mark.parametrize(
    ("meters", "message"),
    [
        ("snapshot_standard", "snapshot_standard is billed in any case; meters adds disk, instance or all"),
        (["disk", "disc"], "unknown meter to add 'disc'; did you mean disk"),
        (3, 'meters is "all" or names such as disk and instance, not 3'),
        ([None], "unknown meter to add 'None'"),
    ],
)
def test_a_meter_that_cannot_be_added_is_refused(cloud: Cloud, web: str, meters: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bill(cloud, until="2026-01-16", meters=meters)


def test_asking_for_all_asks_for_every_meter_that_is_left_out_otherwise() -> None:
    assert set(asked_for("all")) == {name for name, meter in METERS.items() if meter.on_request}


STORY = """
start: 2026-01-15
accounts: [acme]
meters: {meters}
steps:
  - run_instance: {{account: acme, region: cn-hangzhou, image: aliyun_3, system_disk: 40, written: 0}}
until: 2026-01-16
"""


def test_a_story_may_ask_for_machines() -> None:
    story = Story.parse(STORY.format(meters="[disk]"))
    assert story.run().bill(prices=TOY).total() == 960
    with pytest.raises(FileProblems, match="line 4: unknown meter to add 'disks'"):
        Story.parse(STORY.format(meters="disks"))


def test_a_prepaid_machine_is_never_rated_by_the_hour() -> None:
    """IBILL-2: of a subscription neither the instance nor the disks it was launched with; both are paid ahead."""
    cloud = Cloud(start="2026-01-15")
    acme = cloud.account("acme")
    prepaid = {"billing": "subscription", "period": "month", "periods": 2}
    acme.run_instance(region=BEIJING, image="ubuntu_24_04", instance_type="ecs.g7.large", data_disks=[20], **prepaid)
    found = bill(cloud, until="2026-01-16", prices=TOY, meters="all")
    assert found.total(priced_only=True) == 0
    (lacking,) = found.unpriced.itertuples()
    assert (lacking.sku_meter, lacking.x_item, lacking.x_term) == (INSTANCE, "ecs.g7.large", "month")
    assert (lacking.consumed_quantity, lacking.consumed_unit) == (2, "Instance-Month")
    assert rows_to_fill_in(found.unpriced).empty
    acme.create_disk(region=BEIJING, size=20)
    assert set(bill(cloud, until="2026-01-16", prices=TOY, meters="all").by("meter")["sku_meter"]) == {DISK}


def test_what_lacks_a_price_is_not_said_to_be_known_in_the_same_place() -> None:
    """A disk's subscription prices in Beijing are none of a disk paid by time there."""
    cloud = Cloud(start="2026-06-01")
    cloud.account("acme").create_disk(region=BEIJING, size=20)
    (lacking,) = bill(cloud, until="2026-06-02", meters="disk").unpriced.itertuples()
    assert BEIJING not in lacking.x_known
