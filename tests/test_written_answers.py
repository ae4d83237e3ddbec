"""A simulated cloud written as saved answers: shaped like the service's own, and read back without loss."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers import golden_image, machine
from hypothesis import given, settings
from strategies import STARTS, Story, play, stories

import ecs_images as ecs
from ecs_images.accounts.inventory import Inventory
from ecs_images.accounts.written import account_numbers, write_answers
from ecs_images.billing.metering import measure
from ecs_images.units import BYTES_PER_GIB

SHAPES = json.loads((Path(__file__).parent / "answer_shapes.json").read_text())
"""The fields, and the types of their values, of real answers of 2023 and 2024 and of the manual's examples."""
NOT_NAMED = {"ImageOptions", "HibernationOptions", "MetadataOptions", "CpuOptions", "PrivateDnsNameOptions",
             "VpcAttributes", "EcsCapacityReservationAttr", "IOPS", "Throughput", "StoragePoolId"}  # fmt: skip
"""What the service leaves out of some answers, and what would have to be invented."""


def differing(shape: object, value: object, place: str = "") -> list[str]:
    """Where a value lacks a field of a shape, or has one of another type."""
    match shape:
        case dict():
            if not isinstance(value, dict):
                return [f"{place}: {type(value).__name__}"]
            lacking = [f"{place}/{key}: missing" for key in shape.keys() - value.keys() - NOT_NAMED]
            return lacking + [
                line
                for key in shape.keys() & value.keys()
                for line in differing(shape[key], value[key], f"{place}/{key}")
            ]
        case list():
            if not isinstance(value, list):
                return [f"{place}: {type(value).__name__}"]
            return [line for part in value for line in differing(shape[0], part, place)] if shape else []
        case _:
            return [] if type(value).__name__ == shape else [f"{place}: {type(value).__name__}, not {shape}"]


@pytest.fixture
def cloud() -> ecs.Cloud:
    cloud = ecs.Cloud(start="2026-01-15T10:00")
    acme, partner = cloud.account("acme"), cloud.account("partner")
    web = machine(acme, data_disks=[{"size": 20, "written": 3}])
    golden = acme.create_image(web, name="golden-v1", family="golden")
    cloud.at("2026-02-03T09:30:15")
    acme.share_image(golden, with_accounts=[partner])
    acme.tag_resource(golden, tags={"team": "base"})
    partner.run_instance(region="cn-beijing", image=golden)
    cloud.at("2026-03-01")
    return cloud


def answers(folder: Path, operation: str) -> list[dict[str, object]]:
    named = (file for file in sorted(folder.rglob("*.json")) if file.stem.partition("-")[0] == operation)
    return [json.loads(file.read_text()) for file in named]


@pytest.mark.parametrize("operation", SHAPES)
def test_an_answer_has_every_field_of_the_services_own_and_the_same_types(
    cloud: ecs.Cloud, tmp_path: Path, operation: str
) -> None:
    write_answers(cloud, tmp_path)
    written = answers(tmp_path, operation)
    assert written
    for answer in written:
        shape = dict(SHAPES[operation])
        shape.pop("ShareGroups", None)  # an image that nobody shares with a group has an empty list there
        assert differing(shape, answer) == []


def test_times_are_utc_and_those_of_instances_have_no_seconds(cloud: ecs.Cloud, tmp_path: Path) -> None:
    write_answers(cloud, tmp_path)
    (shares,) = answers(tmp_path, "DescribeImageSharePermission")
    assert shares["Accounts"]["Account"] == [{"AliyunId": "1000000000000002", "SharedTime": "2026-02-03T01:30:15Z"}]
    web = answers(tmp_path / "1000000000000001", "DescribeInstances")[0]["Instances"]["Instance"][0]
    assert web["CreationTime"] == "2026-01-15T02:00Z"
    assert web["ExpiredTime"] == "2099-12-31T15:59Z"


def test_a_shared_image_is_its_owners_own_and_the_receivers_of_others(cloud: ecs.Cloud, tmp_path: Path) -> None:
    write_answers(cloud, tmp_path)
    images = Inventory.read(tmp_path).images
    seen = {row.account_id: (row.owner_alias, row.owner_id) for row in images.itertuples()}
    assert seen == {
        "1000000000000001": ("self", "1000000000000001"),
        "1000000000000002": ("others", "1000000000000001"),
    }


def test_several_days_are_a_history_of_the_chain(tmp_path: Path) -> None:
    """12 GiB from January on; 2 of them are written anew and captured on the 10th of February: 14 GiB."""
    cloud = ecs.Cloud(start="2026-01-05T10:00")
    acme = cloud.account("acme")
    web = machine(acme)
    acme.create_snapshot(cloud.state.instances[web].system_disk)
    cloud.at("2026-02-10T03:00")
    disk = cloud.state.instances[web].system_disk
    acme.write(disk, overwrite=2, offset=1)
    acme.create_snapshot(disk)
    cloud.at("2026-03-01T15:00")
    last = write_answers(cloud, tmp_path, taken=["2026-02-01", "2026-03-01"])
    chains = Inventory.read(tmp_path).chains.sort_values("taken_at")
    assert (chains["total_bytes"] / BYTES_PER_GIB).tolist() == [12, 14]
    assert chains["taken_at"].iloc[-1] == last


def test_a_cloud_is_written_the_same_way_twice(cloud: ecs.Cloud, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_answers(cloud, tmp_path / name)
    files = {
        name: {str(file.relative_to(tmp_path / name)): file.read_bytes() for file in (tmp_path / name).rglob("*.json")}
        for name in ("one", "two")
    }
    assert files["one"] == files["two"]


def test_a_long_list_has_pages_of_a_hundred(tmp_path: Path) -> None:
    cloud = ecs.Cloud(start="2026-01-05T10:00")
    acme = cloud.account("acme")
    disk = cloud.state.instances[machine(acme)].system_disk
    for _ in range(101):
        acme.create_snapshot(disk)
    cloud.at("2026-01-06")
    write_answers(cloud, tmp_path)
    first, second = answers(tmp_path, "DescribeSnapshots")
    assert (len(first["Snapshots"]["Snapshot"]), len(second["Snapshots"]["Snapshot"])) == (100, 1)
    assert first["TotalCount"] == second["TotalCount"] == 101


@pytest.mark.parametrize(
    ("day", "words"),
    [("2026-03-02", "yet to come"), ("2026-01-15", "nothing yet"), ("2026-02-01T12:00", "beginning of a day")],
)
def test_a_day_that_cannot_be_written_is_refused_and_nothing_is(
    cloud: ecs.Cloud, tmp_path: Path, day: str, words: str
) -> None:
    with pytest.raises(ecs.InputError, match=words):
        write_answers(cloud, tmp_path, taken=["2026-02-01", day])
    assert list(tmp_path.iterdir()) == []


def test_an_account_called_by_a_number_keeps_it() -> None:
    assert account_numbers(["acme", "5432109876543210"]) == {
        "acme": "1000000000000001",
        "5432109876543210": "5432109876543210",
    }


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(story=stories(starts=STARTS[:2]))
def test_whatever_happened_is_read_back(story: Story) -> None:
    played = play(story)
    cloud = played.cloud
    cloud.at((cloud.now + timedelta(days=1)).replace(hour=0, minute=0, second=0))
    with TemporaryDirectory() as folder:
        last = write_answers(cloud, folder)
        found = Inventory.read(folder)
    state, numbers = cloud.state, account_numbers(cloud.state.accounts)
    assert found.now == last
    assert set(found.coverage["state"]) == {"complete"}
    images = [one for one in state.images.values() if one.account in numbers and not one.deleted_at]
    seen = {(numbers[who], one.id) for one in images for who in (one.account, *one.shared_with)}
    listed = found.images[found.images["taken_at"] == last]
    assert set(zip(listed["account_id"], listed["image_id"], strict=True)) == seen
    shares = {(one.id, numbers[who]) for one in images for who in one.shared_with}
    assert set(zip(found.shares["image_id"], found.shares["with_account_id"], strict=True)) == shares
    for table, key, things in (
        ("snapshots", "snapshot_id", [s.id for s in state.snapshots.values() if not s.deleted_at]),
        ("disks", "disk_id", [d.id for d in state.disks.values() if not d.released_at]),
        ("instances", "instance_id", [i.id for i in state.instances.values() if not i.released_at]),
        ("policies", "policy_id", [p.id for p in state.policies.values() if not p.deleted_at]),
    ):
        assert sorted(found.tables[table][key]) == sorted(things)
    _check_hours(cloud, found, last)


def _check_hours(cloud: ecs.Cloud, found: Inventory, last: object) -> None:
    """Bytes × hours of each account and region are those that are metered."""
    numbers = account_numbers(cloud.state.accounts)
    usage = measure(cloud, until=last)
    metered: dict[tuple[str, str], int] = defaultdict(int)
    for row in usage[usage["sku_meter"] == "snapshot_standard"].itertuples():
        hours = (row.charge_period_end - row.charge_period_start) / timedelta(hours=1)
        metered[numbers[row.billing_account_id], row.region_id] += int(row.x_quantity * hours)
    hours = found.usage_hours[found.usage_hours["source"] == "monitor"]
    told = hours.groupby(["account_id", "region_id"])["stored_bytes"].sum()
    assert {key: int(size) for key, size in told.items()} == dict(metered)


def test_the_saved_total_of_a_region_is_that_of_its_chains(cloud: ecs.Cloud, tmp_path: Path) -> None:
    write_answers(cloud, tmp_path, taken=["2026-03-01"])
    found = Inventory.read(tmp_path)
    now = found.usage_hours[found.usage_hours["source"] == "usage"]
    assert now.set_index("account_id")["stored_bytes"].to_dict() == {
        "1000000000000001": found.chains["total_bytes"].sum(),
        "1000000000000002": 0,
    }


def test_a_copied_snapshot_says_what_it_was_copied_from(tmp_path: Path) -> None:
    cloud = ecs.Cloud(start="2026-01-05T10:00")
    acme = cloud.account("acme")
    golden_image(acme)
    source = next(iter(cloud.state.snapshots))
    copy = acme.copy_snapshot(source, to="cn-hangzhou")
    cloud.at("2026-01-06")
    write_answers(cloud, tmp_path)
    rows = Inventory.read(tmp_path).snapshots.set_index("snapshot_id")
    assert rows.loc[copy, ["source_snapshot_id", "source_region_id", "disk_id"]].tolist() == [source, "cn-beijing", ""]


def test_a_region_that_has_been_emptied_costs_nothing(tmp_path: Path) -> None:
    """12 GiB in Beijing and 12 in Hangzhou in February; those of Hangzhou are deleted before March."""
    cloud = ecs.Cloud(start="2026-01-05T10:00")
    acme = cloud.account("acme")
    golden_image(acme)
    gone = acme.create_snapshot(cloud.state.instances[machine(acme, region="cn-hangzhou")].system_disk)
    cloud.at("2026-02-10")
    acme.delete_snapshot(gone)
    cloud.at("2026-03-02")
    write_answers(cloud, tmp_path)
    bill = Inventory.read(tmp_path).bill()
    assert bill.by("region")["region_id"].tolist() == ["cn-beijing"]
