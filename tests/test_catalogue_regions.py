"""Regions that closed: nothing new after their last day of service, and what stays is billed until it goes."""

from __future__ import annotations

import pytest
from helpers import BEIJING, machine, refused

from ecs_images import Account, Cloud, bill

MUMBAI = "ap-south-1"
"""Closed; 2024-07-15 was its last day of service."""
LAYER = """meter,region_id,unit,currency,price,valid_from
snapshot_standard,ap-south-1,per_gib_month,CNY,0.72,2024-01-01
"""


@pytest.fixture
def cloud() -> Cloud:
    return Cloud(start="2024-07-15T12:00")


@pytest.fixture
def kept(cloud: Cloud, acme: Account) -> dict[str, str]:
    """On the last day: an instance, an image of it in Mumbai, and one in Beijing."""
    web = machine(acme, region=MUMBAI, written=10)
    golden = acme.create_image(web, name="golden")
    home = acme.create_image(machine(acme), name="home")
    found = {"web": web, "golden": golden, "home": home, "snapshot": cloud.image(golden).system_snapshot}
    found |= {"files": acme.export_image(home), "old_files": acme.export_image(golden)}
    found["off"] = machine(acme, region=MUMBAI)
    acme.stop_instance(found["off"])
    cloud.at("2024-07-16")
    return found


def test_on_its_last_day_a_region_still_works(cloud: Cloud, acme: Account) -> None:
    machine(acme, region=MUMBAI)
    cloud.at("2024-07-15T23:59")
    machine(acme, region=MUMBAI)


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("InvalidRegion.NotSupport", lambda acme, kept: machine(acme, region=MUMBAI)),
        ("InvalidRegion.NotSupport", lambda acme, kept: acme.import_image(region=MUMBAI, file=10)),
        ("RegionNotSupportCopy", lambda acme, kept: acme.copy_image(kept["home"], to=MUMBAI)),
        ("RegionNotSupportCopy", lambda acme, kept: acme.copy_image(kept["golden"], to=BEIJING)),
        ("InvalidRegionId.NotFound", lambda acme, kept: acme.create_image(kept["web"])),
        ("InvalidRegionId.NotFound", lambda acme, kept: acme.create_snapshot(kept["web"])),
        ("InvalidRegionId.NotFound", lambda acme, kept: acme.copy_snapshot(kept["snapshot"], to=BEIJING)),
        ("InvalidRegion.NotSupport", lambda acme, kept: acme.export_image(kept["golden"])),
        ("InvalidRegion.NotSupport", lambda acme, kept: acme.replicate_files(kept["files"], to=MUMBAI)),
        ("InvalidRegion.NotSupport", lambda acme, kept: acme.replicate_files(kept["old_files"], to=BEIJING)),
        ("InvalidRegionId.NotFound", lambda acme, kept: acme.replace_system_disk(kept["off"], kept["golden"])),
    ],
)
def test_from_the_day_after_nothing_is_made_there(cloud, acme, kept, code, command) -> None:
    with refused(cloud, code) as caught:
        command(acme, kept)
    assert "2024-07-15 was its last day of service" in caught.value.reason


def test_a_policy_takes_no_snapshot_there_from_the_day_after(cloud: Cloud, acme: Account) -> None:
    web = machine(acme, region=MUMBAI)
    nightly = {"time_points": [23], "repeat_weekdays": range(1, 8), "retention_days": 30}
    acme.create_auto_snapshot_policy(region=MUMBAI, disks=[web], **nightly)
    cloud.at("2024-07-20")
    assert [one.started_at.day for one in cloud.state.snapshots.values()] == [15]


def test_what_stays_is_billed_until_it_is_deleted_and_the_bill_says_so(cloud, acme, kept, tmp_path) -> None:
    """10 GiB at 0.72 a GiB-month, 0.01 an hour: 12 hours of the last day and 10 of the next are 0.22."""
    layer = tmp_path / "mumbai.csv"
    layer.write_text(LAYER, encoding="utf-8")
    cloud.at("2024-07-16T10:00")
    acme.release_instance(kept["web"], force=True)
    acme.delete_image(kept["golden"], with_snapshots=True)
    from ecs_images import Prices

    found = bill(cloud, until="2024-07-17", prices=Prices.published(layer))
    assert found.by("region").set_index("region_id")["list_cost"][MUMBAI] == pytest.approx(0.22)
    assert "ASSUME-11" in set(found.assumptions()["assumption"])
    before = bill(cloud, until="2024-07-16", prices=Prices.published(layer))
    assert "ASSUME-11" not in set(before.assumptions()["assumption"])
