"""Saved answers of a real account: recognised by content, placed, counted, and what is missing of them said."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ecs_images.accounts.inventory import Inventory
from ecs_images.errors import InputError

IMAGE = {
    "ImageId": "m-1", "ImageName": "golden", "ImageOwnerAlias": "self", "ImageOwnerId": 1234567890123456,
    "IsSelfShared": "True", "IsCopied": False, "CreationTime": "2026-03-06T06:04:04Z", "Status": "Available",
    "Usage": "none", "ImageFamily": "", "Architecture": "x86_64",
    "Tags": {"Tag": [{"TagKey": "team", "TagValue": "web"}]},
    "DiskDeviceMappings": {"DiskDeviceMapping": [
        {"Device": "/dev/xvda", "Type": "system", "Size": "40", "SnapshotId": "s-1"}]},
}  # fmt: skip
CHAIN = {"SnapshotLinkId": "sl-1", "SourceDiskId": "d-1", "TotalSize": 12 << 30, "TotalCount": 3, "RegionId": ""}
DISK = {
    "DiskId": "d-1", "Category": "cloud_essd", "PerformanceLevel": "PL1", "Size": 40, "Type": "system",
    "DiskChargeType": "PostPaid", "ExpiredTime": "2999-09-08T16:00Z", "InstanceId": "",
    "Attachments": {"Attachment": [{"InstanceId": "i-1"}]}, "DeleteAutoSnapshot": False,
}  # fmt: skip


def snapshot(number: int, **more: Any) -> dict[str, Any]:
    made = {"SnapshotId": f"s-{number}", "SourceDiskId": "d-1", "SnapshotLinkId": "sl-1", "SnapshotType": "auto"}
    return made | {"CreationTime": "2026-01-05T12:40:52Z", "SourceDiskSize": "40", "RetentionDays": 30} | more


def answer(path: str, *records: dict[str, Any] | None, **around: Any) -> dict[str, Any]:
    outer, inner = path.split(".")
    return (
        {"RequestId": "0", "RegionId": "cn-beijing", "TotalCount": len(records)} | around | {outer: {inner: [*records]}}
    )


@pytest.fixture
def saved(tmp_path: Path):
    def save(name: str, value: object, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = value if isinstance(value, str) else json.dumps(value)
        path.write_bytes(text.encode(encoding))
        return path

    return save


def state(inventory: Inventory, what: str) -> str:
    rows = inventory.coverage[inventory.coverage["what"] == what]
    return " | ".join(rows["state"])


def test_an_image_has_its_fields_its_disks_and_the_rest_is_kept(saved) -> None:
    inventory = Inventory.read(saved("a.json", answer("Images.Image", IMAGE)))
    (image,) = inventory.images.to_dict("records")
    assert (image["image_id"], image["name"], image["owner_id"]) == ("m-1", "golden", "1234567890123456")
    assert (image["is_shared"], image["is_copied"], image["tags"]) == ("true", "false", '{"team": "web"}')
    assert f"{image['created_at']:%Y-%m-%d %H:%M}" == "2026-03-06 14:04"
    assert json.loads(image["extra"]) == {"Architecture": "x86_64"}
    (disk,) = inventory.image_disks.to_dict("records")
    assert (disk["size_gib"], disk["snapshot_id"], disk["region_id"]) == (40, "s-1", "cn-beijing")


def test_what_is_not_told_is_empty_and_never_zero(saved) -> None:
    inventory = Inventory.read(saved("a.json", answer("Snapshots.Snapshot", snapshot(1, SourceDiskSize=""))))
    (found,) = inventory.snapshots.to_dict("records")
    assert found["full_bytes"] != found["full_bytes"]
    assert found["source_disk_gib"] != found["source_disk_gib"]
    assert (found["encrypted"], found["usage"], found["automatic"]) == ("", "", "true")


def test_a_disk_of_minute_precision_and_no_end_is_read(saved) -> None:
    (disk,) = Inventory.read(saved("a.json", answer("Disks.Disk", DISK))).disks.to_dict("records")
    assert (disk["instance_id"], disk["size_gib"], disk["delete_auto_snapshot"]) == ("i-1", 40, "false")


def test_pages_are_joined_and_doubled_rows_left_out(saved, tmp_path: Path) -> None:
    saved("1.json", answer("Snapshots.Snapshot", snapshot(1), snapshot(2), TotalCount=3))
    saved("2.json", answer("Snapshots.Snapshot", snapshot(2), snapshot(3), TotalCount=3))
    inventory = Inventory.read(tmp_path)
    assert inventory.snapshots["snapshot_id"].tolist() == ["s-1", "s-2", "s-3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_consoles_are_read(saved, encoding: str) -> None:
    assert len(Inventory.read(saved("a.json", answer("Images.Image", IMAGE), encoding)).images) == 1


def test_answers_come_in_many_wrappings(saved, tmp_path: Path) -> None:
    one, two = answer("Snapshots.Snapshot", snapshot(1)), answer("Snapshots.Snapshot", snapshot(2))
    saved("lines.json", f"{json.dumps(one)}\n{json.dumps(two)}\n")
    saved("array.json", [answer("Snapshots.Snapshot", snapshot(3)), answer("Snapshots.Snapshot", snapshot(4))])
    saved("to_map.json", {"headers": {}, "statusCode": 200, "body": answer("Snapshots.Snapshot", snapshot(5))})
    saved("rows.json", [snapshot(6), snapshot(7)])
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("cn-beijing/8.json", json.dumps(answer("Snapshots.Snapshot", snapshot(8))))
    found = Inventory.read(tmp_path).snapshots
    assert sorted(found["snapshot_id"]) == [f"s-{number}" for number in range(1, 9)]


def test_an_empty_list_may_be_null(saved) -> None:
    inventory = Inventory.read(saved("cn-beijing/a.json", {"Images": {"Image": None}}))
    assert (len(inventory.images), state(inventory, "DescribeImages")) == (0, "complete")


def test_region_account_and_date_come_from_names_where_the_answer_lacks_them(saved, tmp_path: Path) -> None:
    saved("1234567890123456/2026-11-01/cn-beijing/links.json", {"SnapshotLinks": {"SnapshotLink": [CHAIN]}})
    saved("1234567890123456/2026-11-02/cn-beijing/links.json", {"SnapshotLinks": {"SnapshotLink": [CHAIN]}})
    inventory = Inventory.read(tmp_path)
    chains = inventory.chains
    assert set(chains["account_id"]) == {"1234567890123456"}
    assert set(chains["region_id"]) == {"cn-beijing"}
    # Totals of several dates are a history; now is the newest of them.
    assert [f"{taken:%m-%d}" for taken in chains["taken_at"]] == ["11-01", "11-02"]
    assert inventory.now is not None
    assert f"{inventory.now:%Y-%m-%d}" == "2026-11-02"


def test_options_say_what_neither_answers_nor_names_do(saved) -> None:
    path = saved("a.json", {"SnapshotLinks": {"SnapshotLink": [CHAIN]}})
    assert state(Inventory.read(path), "DescribeSnapshotLinks") == "unplaced"
    (chain,) = Inventory.read(path, region="cn-hangzhou", account_id="42", taken="2026-11-01").chains.to_dict("records")
    assert (chain["region_id"], chain["account_id"], f"{chain['taken_at']:%Y-%m-%d}") == (
        "cn-hangzhou",
        "42",
        "2026-11-01",
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (answer("Snapshots.Snapshot", snapshot(1), TotalCount=7), "cut off"),
        (answer("Snapshots.Snapshot", snapshot(1), NextToken="abc"), "cut off"),
        ({"Snapshots": {"Snapshot": [snapshot(number, RegionId="cn-beijing") for number in range(10)]}}, "doubtful"),
        ({"Snapshots": {"Snapshot": [snapshot(number, RegionId="cn-beijing") for number in range(11)]}}, "complete"),
        (answer("Snapshots.Snapshot", *(snapshot(number) for number in range(10))), "complete"),
    ],
)
def test_a_list_that_is_or_may_be_cut_off_is_said_to_be(saved, value: object, said: str) -> None:
    inventory = Inventory.read(saved("a.json", value))
    assert state(inventory, "DescribeSnapshots") == said
    (fetch,) = inventory.coverage.loc[inventory.coverage["what"] == "DescribeSnapshots", "fetch"]
    assert bool(fetch) == (said != "complete")


def test_what_was_not_saved_for_a_region_is_missing_with_the_line_that_fetches_it(saved) -> None:
    coverage = Inventory.read(saved("a.json", answer("Images.Image", IMAGE))).coverage.set_index("what")
    assert coverage.loc["DescribeSnapshotLinks", "state"] == "missing"
    line = "aliyun ecs DescribeSnapshotLinks --RegionId cn-beijing --PageSize 100 --pager"
    assert coverage.loc["DescribeSnapshotLinks", "fetch"] == line


def test_shares_name_their_image_themselves_or_by_the_name_of_their_file(saved, tmp_path: Path) -> None:
    saved("a.json", answer("Accounts.Account", {"AliyunId": "42"}, ImageId="m-1"))
    saved("shares_of_m-2.json", {"Accounts": {"Account": [{"AliyunId": "43"}]}})
    saved("nameless.json", {"Accounts": {"Account": [{"AliyunId": "44"}]}})
    inventory = Inventory.read(tmp_path)
    assert dict(zip(inventory.shares["with_account_id"], inventory.shares["image_id"], strict=True)) == {
        "42": "m-1", "43": "m-2",
    }  # fmt: skip
    assert "does not say of which image" in " ".join(inventory.coverage["why"])


def test_hours_of_storage_come_from_three_answers(saved, tmp_path: Path) -> None:
    points = {"DataPoint": [{"TimeStamp": "2019-05-10T01:00:00Z", "Size": 243036848128}]}
    saved("cn-beijing/m.json", {"MonitorData": points})
    saved("cn-beijing/2026-11-01/u.json", {"SnapshotCount": "5", "SnapshotSize": "122", "RequestId": "0"})
    hours = [{"Region": "cn-beijing", "LinkId": "sl-1", "Size": "1024", "StartTime": "2026-11-01T00:00:00Z"}]
    saved("o.json", {"Data": {"Marker": "", "OmsData": json.dumps(hours)}})
    found = Inventory.read(tmp_path).usage_hours.set_index("source")
    assert found["stored_bytes"].to_dict() == {"monitor": 243036848128, "usage": 122, "oms": 1024}
    assert (found.loc["oms", "chain_id"], found.loc["monitor", "chain_id"]) == ("sl-1", "")


def test_tags_of_a_list_of_their_own_join_those_of_the_resource(saved, tmp_path: Path) -> None:
    saved("a.json", answer("Images.Image", IMAGE))
    saved("b.json", answer("TagResources.TagResource", {"ResourceId": "m-1", "TagKey": "env", "TagValue": "prod"}))
    assert Inventory.read(tmp_path).images["tags"].tolist() == ['{"env": "prod", "team": "web"}']


def test_terraform_state_and_packer_manifests_tell_where_images_come_from(saved, tmp_path: Path) -> None:
    copy = {"source_image_id": "m-1", "source_region_id": "cn-beijing", "id": "m-9"}
    share = {"image_id": "m-1", "account_id": "42", "id": "m-1:42"}
    resources = [
        {"mode": "managed", "type": "alicloud_image_copy", "instances": [{"attributes": copy}]},
        {"mode": "managed", "type": "alicloud_image_share_permission", "instances": [{"attributes": share}]},
        {"mode": "data", "type": "alicloud_images", "instances": [{"attributes": {"id": "x"}}]},
    ]
    saved("terraform.tfstate", {"version": 4, "terraform_version": "1.9.0", "serial": 3, "resources": resources})
    build = {"artifact_id": "cn-beijing:m-5,cn-shanghai:m-6", "builder_type": "alicloud-ecs"}
    saved("manifest.json", {"builds": [build], "last_run_uuid": "0"})
    inventory = Inventory.read(tmp_path)
    links = inventory.links[["parent", "child", "kind", "confidence"]]
    assert links.to_numpy().tolist() == [["m-5", "m-6", "build", "guess"], ["m-1", "m-9", "copy", "certain"]]
    assert inventory.shares[["image_id", "with_account_id"]].to_numpy().tolist() == [["m-1", "42"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("main.tf", 'provider "alicloud" {}', "Terraform's source is not read; save its state"),
        ("half.json", '{"Images": {"Image": [', "the file is damaged or cut off"),
        ("bill.csv", "a,b\n1,2\n", "if it is a bill, ecs-images reconcile reads it"),
        ("holiday.jpg", "\xff\xd8", "it is not JSON"),
        ("empty.json", "", "it is empty"),
        ("number.json", '{"Images": {"Image": 5}}', "Images.Image is 5, not a list"),
        ("other.json", '{"a": 1}', "no saved answer is known that looks like this"),
        ("deep.json", "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_answer_is_kept_aside_with_why_and_the_rest_is_read(saved, tmp_path, name, content, why):
    saved("a.json", answer("Images.Image", IMAGE))
    saved(name, content)
    inventory = Inventory.read(tmp_path)
    assert len(inventory.images) == 1
    aside = inventory.coverage[inventory.coverage["state"] == "kept aside"]
    assert [name in what and why in said for what, said in zip(aside["what"], aside["why"], strict=True)] == [True]


def test_an_archive_that_cannot_be_unpacked_is_kept_aside_and_the_rest_is_read(saved, tmp_path: Path) -> None:
    saved("a.json", answer("Images.Image", IMAGE))
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as archive:
        archive.writestr("b.json", json.dumps(answer("Snapshots.Snapshot", snapshot(1))))
    packed = (tmp_path / "whole.zip").read_bytes()
    (tmp_path / "half.zip").write_bytes(packed[: len(packed) // 2])
    # The lowest bit of the flags of a file, here and in the archive's list of them, says that it has a password.
    locked = packed.replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
    listed = locked.rindex(b"PK\x01\x02")
    (tmp_path / "locked.zip").write_bytes(locked[: listed + 8] + b"\x01" + locked[listed + 9 :])
    inventory = Inventory.read(tmp_path)
    assert (len(inventory.images), len(inventory.snapshots)) == (1, 1)
    aside = inventory.coverage[inventory.coverage["state"] == "kept aside"]
    assert sorted(Path(name).name for name in aside["what"]) == ["half.zip", "locked.zip"]
    assert all(why.startswith("it cannot be unpacked (") for why in aside["why"])


def test_a_folder_without_any_answer_is_refused_in_a_sentence(saved, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder has no file"):
        Inventory.read(tmp_path)
    saved("holiday.jpg", "no picture")
    with pytest.raises(InputError, match="no file holds a saved answer of the service"):
        Inventory.read(tmp_path)


def test_numbers_too_large_to_be_exact_are_said_to_be_rounded(saved) -> None:
    inventory = Inventory.read(saved("a.json", answer("Images.Image", IMAGE | {"ImageOwnerId": 1.2345678901234568e16})))
    assert "rounded numbers" in inventory.coverage["why"].iloc[0]


def test_a_table_that_is_handed_out_is_the_callers(saved) -> None:
    inventory = Inventory.read(saved("a.json", answer("Images.Image", IMAGE)))
    mine = inventory.images
    mine["name"] = "changed"
    assert inventory.images["name"].tolist() == ["golden"]
    with pytest.raises(AttributeError):
        _ = inventory.picture


def test_own_images_of_two_accounts_in_one_are_said_to_be_mixed_and_in_folders_of_their_own_they_are_not(
    saved, tmp_path: Path
) -> None:
    """No finding and no plan rests on a list that is doubtful."""
    mine, other = IMAGE, IMAGE | {"ImageId": "m-2", "ImageOwnerId": 9234567890123456}
    saved("mixed/cn-beijing/a.json", answer("Images.Image", mine))
    saved("mixed/cn-shanghai/b.json", answer("Images.Image", other, RegionId="cn-shanghai"))
    mixed = Inventory.read(tmp_path / "mixed")
    assert state(mixed, "DescribeImages") == "doubtful | doubtful"
    assert "1234567890123456 and 9234567890123456" in mixed.coverage["why"].iloc[0]
    saved("apart/1234567890123456/a.json", answer("Images.Image", mine))
    saved("apart/9234567890123456/b.json", answer("Images.Image", other))
    assert state(Inventory.read(tmp_path / "apart"), "DescribeImages") == "complete | complete"
    saved("wrong/9234567890123456/a.json", answer("Images.Image", mine))
    assert state(Inventory.read(tmp_path / "wrong"), "DescribeImages") == "doubtful"
