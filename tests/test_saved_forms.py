"""Saved answers in the forms that people have them in: other wrappings, spellings, tables, and what is no answer."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ecs_images.accounts.inventory import Inventory
from ecs_images.errors import InputError

IMAGE: dict[str, Any] = {
    "ImageId": "m-1", "ImageName": "golden", "ImageOwnerAlias": "self", "Usage": "none",
    "DiskDeviceMappings": {"DiskDeviceMapping": [{"Device": "/dev/xvda", "Size": "40", "SnapshotId": "s-1"}]},
}  # fmt: skip
SNAPSHOT = {"SnapshotId": "s-1", "SourceDiskId": "d-1", "CreationTime": "2026-01-05T12:40:52Z"}
ANSWER = {"RequestId": "0", "RegionId": "cn-beijing", "TotalCount": 1, "Images": {"Image": [IMAGE]}}
SNAPSHOTS = {"RequestId": "0", "TotalCount": 1, "Snapshots": {"Snapshot": [SNAPSHOT]}}


def read(folder: Path, content: str | bytes, name: str = "cn-beijing/a.txt") -> Inventory:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Inventory.read(folder)


def coverage(inventory: Inventory, what: str) -> tuple[str, str]:
    (row,) = inventory.coverage[inventory.coverage["what"] == what].to_dict("records")
    return row["state"], row["why"]


XML = """<?xml version='1.0' encoding='UTF-8'?>
<DescribeImagesResponse><TotalCount>2</TotalCount><RegionId>cn-beijing</RegionId><Images><Image>
<ImageId>m-1</ImageId><ImageName>golden</ImageName><ImageOwnerAlias>self</ImageOwnerAlias><Usage>none</Usage><Tags/>
<DiskDeviceMappings><DiskDeviceMapping><Device>/dev/xvda</Device><Size>40</Size><SnapshotId>s-1</SnapshotId>
</DiskDeviceMapping></DiskDeviceMappings></Image></Images></DescribeImagesResponse>"""
YAML = """Images:
  Image:
  - ImageId: m-1
    ImageName: golden
    ImageOwnerAlias: self
    Usage: none
    DiskDeviceMappings:
      DiskDeviceMapping:
      - {Device: /dev/xvda, Size: '40', SnapshotId: s-1}
RegionId: cn-beijing
"""
SNAKE = {
    "image_id": "m-1", "image_name": "golden", "image_owner_alias": "self", "usage": "none",
    "disk_device_mappings": [{"device": "/dev/xvda", "size": "40", "snapshot_id": "s-1"}],
}  # fmt: skip
STEAMPIPE = SNAKE | {"name": "golden", "region": "cn-beijing", "account_id": "42", "tags": {"a": "b"}}
CAMEL = {
    "imageId": "m-1", "imageName": "golden", "imageOwnerAlias": "self", "usage": "none",
    "diskDeviceMappings": [{"device": "/dev/xvda", "size": "40", "snapshotId": "s-1"}],
}  # fmt: skip
ONE = IMAGE | {"DiskDeviceMappings": {"DiskDeviceMapping": IMAGE["DiskDeviceMappings"]["DiskDeviceMapping"][0]}}
"""As converters of XML leave a list of one."""
CSV = (
    "image_id,image_name,image_owner_alias,usage,disk_device_mappings\n"
    'm-1,golden,self,none,"[{""Device"": ""/dev/xvda"", ""Size"": ""40"", ""SnapshotId"": ""s-1""}]"\n'
)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"statusCode": 200, "body": json.dumps(ANSWER)}),
        repr({"headers": {}, "statusCode": 200, "body": ANSWER}),
        f"// saved by hand\n{{ /* images */ {json.dumps(ANSWER)[1:-1]},\n}}",
        f"$ aliyun ecs DescribeImages\n{json.dumps(ANSWER, indent=2)}\n$ exit",
        json.dumps(IMAGE) + "\n" + json.dumps(IMAGE),
        XML,
        YAML,
        json.dumps({"images": [CAMEL], "regionId": "cn-beijing", "requestId": "0"}),
        json.dumps({"columns": [{"name": "image_id"}], "rows": [STEAMPIPE]}),
        json.dumps({"RegionId": "cn-beijing", "Images": {"Image": ONE}}),
        CSV,
        gzip.compress(json.dumps(ANSWER).encode(), mtime=0),
    ],
)
def test_an_image_reads_the_same_whatever_its_answer_was_saved_as(tmp_path: Path, content: str | bytes) -> None:
    inventory = read(tmp_path, content)
    (image,) = inventory.images.to_dict("records")
    assert [image[name] for name in ("image_id", "name", "owner_alias", "usage", "region_id")] == [
        "m-1", "golden", "self", "none", "cn-beijing",
    ]  # fmt: skip
    (disk,) = inventory.image_disks.to_dict("records")
    assert (disk["device"], disk["size_gib"], disk["snapshot_id"]) == ("/dev/xvda", 40, "s-1")


def test_an_answer_in_xml_counts_its_records_and_may_be_empty(tmp_path: Path) -> None:
    inventory = read(tmp_path, XML)
    assert coverage(inventory, "DescribeImages") == ("cut off", "the answers say 2 and 1 are here")
    inventory = read(
        tmp_path, "<DescribeDisksResponse><Disks></Disks><TotalCount>0</TotalCount></DescribeDisksResponse>"
    )
    assert coverage(inventory, "DescribeDisks") == ("complete", "")


def test_answers_added_to_one_file_one_after_another_are_all_read(tmp_path: Path) -> None:
    inventory = read(tmp_path, json.dumps(ANSWER, indent=2) + "\n" + json.dumps(SNAPSHOTS, indent=2))
    assert (len(inventory.images), len(inventory.snapshots)) == (1, 1)


def test_what_stands_before_the_damage_of_a_file_is_read(tmp_path: Path) -> None:
    inventory = read(tmp_path, json.dumps(ANSWER) + "\n" + json.dumps(SNAPSHOTS)[:60])
    assert (len(inventory.images), len(inventory.snapshots)) == (1, 0)
    (why,) = inventory.coverage.loc[inventory.coverage["state"] == "kept aside", "why"]
    assert "what begins in line 2 is not whole; what stands before it was read" in why


def test_the_places_of_records_count_before_those_of_files(tmp_path: Path) -> None:
    rows = [STEAMPIPE, STEAMPIPE | {"image_id": "m-2", "region": "华东1（杭州）", "account_id": "43"}]
    images = read(tmp_path, json.dumps(rows), "cn-shanghai/a.json").images
    assert images[["account_id", "region_id"]].to_numpy().tolist() == [["42", "cn-beijing"], ["43", "cn-hangzhou"]]
    assert images["tags"].tolist() == ['{"a": "b"}'] * 2


@pytest.mark.parametrize("size", ["1e999", f"1{'0' * 400}", f"1{'0' * 25}", "NaN", "true"])
def test_a_size_that_no_chain_can_have_is_not_told(tmp_path: Path, size: str) -> None:
    chain = f'{{"SnapshotLinkId": "sl-1", "TotalSize": {size}, "TotalCount": 1}}'
    found = read(tmp_path, f'{{"SnapshotLinks": {{"SnapshotLink": [{chain}]}}}}')
    assert found.bill(at="2026-11-01").not_billed["resource_id"].tolist() == ["sl-1"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_moment_that_no_snapshot_can_have_is_not_told(tmp_path: Path, moment: str) -> None:
    found = read(tmp_path, json.dumps(SNAPSHOTS | {"Snapshots": {"Snapshot": [SNAPSHOT | {"CreationTime": moment}]}}))
    assert found.snapshots["created_at"].isna().all()


def test_answers_under_the_names_of_regions_are_placed_there(tmp_path: Path) -> None:
    other = {"Snapshots": [SNAPSHOT | {"SnapshotId": "s-2"}]}
    found = read(tmp_path, json.dumps({"cn-beijing": SNAPSHOTS, "cn-shanghai": other}), "a.json").snapshots
    assert found[["snapshot_id", "region_id"]].to_numpy().tolist() == [["s-1", "cn-beijing"], ["s-2", "cn-shanghai"]]


def test_a_disk_of_steampipe_keeps_what_its_columns_are_called_there(tmp_path: Path) -> None:
    row = {"name": "x", "disk_id": "d-1", "category": "cloud_essd", "size": 40, "billing_method": "PostPaid"}
    row |= {"attachments": [{"InstanceId": "i-1"}], "image_id": "m-1", "source_snapshot_id": ""}
    (disk,) = read(tmp_path, json.dumps([row])).disks.to_dict("records")
    assert (disk["instance_id"], disk["size_gib"], disk["charge_type"]) == ("i-1", 40, "PostPaid")


def test_the_table_of_a_command_line_is_read_and_what_it_lacks_is_said(tmp_path: Path) -> None:
    inventory = read(
        tmp_path, "InstanceId | InstanceType | Status\n---------- | ---- | ---\ni-1 | ecs.g6.large | Running\n"
    )
    assert inventory.instances[["instance_id", "status"]].to_numpy().tolist() == [["i-1", "Running"]]
    # Without their images nobody can say which image is used.
    assert coverage(inventory, "DescribeInstances") == ("doubtful", "the records lack ImageId")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_table_exported_from_the_console_is_read_in_chinese(tmp_path: Path, encoding: str) -> None:
    table = "快照ID,快照名称,云盘ID,创建时间,状态,地域\ns-1,nightly,d-1,2026/3/6 14:04:04,成功,华北2（北京）\n"
    (found,) = read(tmp_path, table.encode(encoding), "a.csv").snapshots.to_dict("records")
    assert (found["snapshot_id"], found["name"], found["disk_id"]) == ("s-1", "nightly", "d-1")
    assert (found["status"], found["region_id"]) == ("accomplished", "cn-beijing")
    assert found["created_at"].isoformat() == "2026-03-06T14:04:04+08:00"


def test_one_record_by_itself_may_be_one_of_many(tmp_path: Path) -> None:
    inventory = read(tmp_path, json.dumps({"RequestId": "0", "Image": IMAGE}))
    assert coverage(inventory, "DescribeImages")[0] == "doubtful"


def test_a_group_of_snapshots_is_not_the_list_of_all(tmp_path: Path) -> None:
    group = {"SnapshotGroups": {"SnapshotGroup": [{"Snapshots": {"Snapshot": [SNAPSHOT, SNAPSHOT]}}]}}
    assert coverage(read(tmp_path, json.dumps(group)), "DescribeSnapshots")[0] == "doubtful"


def test_pages_are_whole_in_whatever_order_their_files_come(tmp_path: Path) -> None:
    first, last = SNAPSHOTS | {"NextToken": "abc"}, SNAPSHOTS | {"NextToken": ""}
    read(tmp_path, json.dumps(last), "cn-beijing/10.json")
    assert coverage(read(tmp_path, json.dumps(first), "cn-beijing/2.json"), "DescribeSnapshots")[0] == "complete"


STATE = {
    "alicloud_image": {"id": "m-7", "image_name": "web", "disk_device_mapping": [{"snapshot_id": "s-7", "size": 40}]},
    "alicloud_ecs_disk": {"id": "d-7", "category": "cloud_essd", "payment_type": "Subscription", "snapshot_id": "s-6"},
    "alicloud_instance": {"id": "i-7", "image_id": "m-7", "password": "hidden"},
    "alicloud_copy_image": {"id": "m-8", "source_image_id": "m-7"},
}
PULLED = {
    "version": 4, "terraform_version": "1.5.0", "serial": 1,
    "resources": [
        {"mode": "managed", "type": kind, "instances": [{"attributes": attributes}]}
        for kind, attributes in STATE.items()
    ],
}  # fmt: skip
OLDER = {
    "version": 3, "terraform_version": "0.11.14", "serial": 1,
    "modules": [{"resources": {
        f"{kind}.x": {"type": kind, "primary": {"id": attributes["id"], "attributes": attributes}}
        for kind, attributes in STATE.items()
    }}],
}  # fmt: skip
SHOWN = {
    "format_version": "1.0", "terraform_version": "1.5.0",
    "values": {"root_module": {"child_modules": [{"resources": [
        {"mode": "managed", "type": kind, "values": attributes} for kind, attributes in STATE.items()
    ]}]}},
}  # fmt: skip


@pytest.mark.parametrize("state", [PULLED, OLDER, SHOWN], ids=["pulled", "older", "shown"])
def test_a_state_tells_what_no_answer_does(tmp_path: Path, state: object) -> None:
    inventory = read(tmp_path, json.dumps(state), "a.tfstate")
    assert inventory.links[["parent", "child"]].to_numpy().tolist() == [["m-7", "m-8"]]
    assert inventory.images["image_id"].tolist() == ["m-7", "m-8"]
    assert inventory.image_disks["snapshot_id"].tolist() == ["s-7"]
    (disk,) = inventory.disks.to_dict("records")
    assert (disk["charge_type"], disk["source_snapshot_id"]) == ("PrePaid", "s-6")
    assert "hidden" not in str(inventory.instances.to_dict("records"))


def test_a_state_adds_nothing_to_a_list_that_was_saved(tmp_path: Path) -> None:
    # What Terraform made may be gone since; the service's own list knows.
    read(tmp_path, json.dumps(PULLED), "a.tfstate")
    inventory = read(tmp_path, json.dumps(ANSWER))
    assert inventory.images["image_id"].tolist() == ["m-1"]
    assert inventory.instances["instance_id"].tolist() == ["i-7"]


def test_an_archive_of_a_folder_is_read_with_the_names_inside(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry, content = tarfile.TarInfo("cn-hangzhou/a.json"), json.dumps(SNAPSHOTS).encode()
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    assert read(tmp_path, packed.getvalue(), "saved.tgz").snapshots["region_id"].tolist() == ["cn-hangzhou"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('{"RequestId": "1", "Code": "Forbidden.RAM", "Message": "not authorized"}', "refused: 'Forbidden.RAM'"),
        ("<Error><Code>Throttling</Code><Message>slow</Message></Error>", "refused: 'Throttling'"),
        ("ERROR: SDK.ServerError\nErrorCode: Forbidden.RAM\nRequestId: 1\n", "refused: 'Forbidden.RAM'"),
        ('{"Images": [{"ImageId": "ami-1", "ImageOwnerAlias": "self"}]}', "the id 'ami-1' is of another provider"),
        ('{"ImageSet": [{"ImageId": "img-1", "ImageName": "x"}]}', "the id 'img-1' is of another provider"),
        ('{"Code": "Success", "Message": "", "Data": [{"PretaxAmount": 1}]}', "an answer of the billing API"),
        ('{"Data": {"OmsData": "[{"}}', "OmsData is damaged or cut off"),
        (
            '{"Images": {"Image": [{"ImageId": "m-1", "Size": 40, "Size": 20}]}}',
            "the key 'Size' stands twice in an object",
        ),
        ("<!DOCTYPE html><html></html>", "a page for a browser"),
        ("<Images><Image>", "the file is damaged or cut off"),
        ("a: [1\nb: 2\n", "it is neither JSON nor whole YAML"),
        ("实例ID,实例规格,应付金额\ni-1,ecs.g6.large,1\n", "if it is a bill, ecs-images reconcile reads it"),
        (b"PK\x03\x04 [Content_Types].xml", "it is a workbook; save its sheet as CSV"),
        (gzip.compress(b"{}", mtime=0)[:-9], "it cannot be unpacked"),
    ],
)  # fmt: skip
def test_what_is_no_answer_says_what_it_is(tmp_path: Path, content: str | bytes, why: str) -> None:
    with pytest.raises(InputError, match="no file holds a saved answer") as caught:
        read(tmp_path, content)
    assert why in str(caught.value)


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cn-beijing/a.json", content)
    return packed.getvalue()


def huge_in_a_tar() -> bytes:
    """A file of 8 GiB that is all hole, as tar keeps one: its size, and a list of no parts."""
    part = tarfile.TarInfo("cn-beijing/a.json")
    part.size = 512
    sparse = {"major": "1", "minor": "0", "realsize": str(1 << 33), "name": part.name}
    part.pax_headers = {f"GNU.sparse.{key}": value for key, value in sparse.items()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(part, io.BytesIO(b"0\n".ljust(512, b"\0")))
    return packed.getvalue()


NESTED_NAMES = "Images:\n  Image:\n  - ImageId: m-1\n    ImageName: golden\n    a: &a [x, x]\n    b: &b [*a, *a]\n"
DAMAGED = {
    "packed content that is damaged": (zipped(b"0123456789" * 50)[:45] + b"\xff" * 8, "cannot be unpacked"),
    "more than there can be": (huge_in_a_tar(), "too large"),
    "names for parts": (NESTED_NAMES.encode(), "save it as JSON"),
    "a state of odd parts": (b'{"serial": 1, "modules": [{"resources": {"x": 5}}], "resources": 5}', ""),
    "an unclosed text of many quotes": (b'{"a": ' + b'"\\' * 100_000, "damaged or cut off"),
    "a number of 5,000 digits": (b'{"a": ' + b"9" * 5000 + b"}", "thousands of digits"),
}


@pytest.mark.parametrize(("content", "why"), DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_or_meant_to_hurt_stands_aside_and_the_rest_is_read(
    tmp_path: Path, content: bytes, why: str
) -> None:
    read(tmp_path, json.dumps(ANSWER))
    inventory = read(tmp_path, content, "cn-beijing/b.txt")
    assert list(inventory.images["image_id"]) == ["m-1"]
    assert any(why in reason for reason in inventory.coverage["why"])


def test_half_a_character_is_marked_and_a_whole_one_stays(tmp_path: Path) -> None:
    images = [IMAGE | {"ImageName": "a\ud800"}, IMAGE | {"ImageId": "m-2", "ImageName": "\U0001f600"}]
    assert list(read(tmp_path, json.dumps(images)).images["name"]) == ["a\ufffd", "\U0001f600"]


def test_a_record_without_an_id_is_left_out_and_said(tmp_path: Path) -> None:
    inventory = read(tmp_path, json.dumps(ANSWER | {"Images": {"Image": [IMAGE, IMAGE | {"ImageId": ""}]}}))
    assert len(inventory.images) == 1
    assert coverage(inventory, "DescribeImages")[0] == "doubtful"


def test_a_line_of_a_table_with_too_few_fields_is_said(tmp_path: Path) -> None:
    text = "ImageId,ImageName,ImageOwnerAlias\nm-1,golden,self\nm-2,silv"
    inventory = read(tmp_path, text)
    assert len(inventory.images) == 1
    assert any("1 lines have more or fewer fields" in why for why in inventory.coverage["why"])


@pytest.mark.parametrize("size", [-5, "NaN", 1e400, "9" * 300])
def test_a_size_that_cannot_be_is_not_known(tmp_path: Path, size: object) -> None:
    chain = {"SnapshotLinkId": "sl-1", "SourceDiskId": "d-1", "TotalSize": size, "TotalCount": 1}
    whole = chain | {"SnapshotLinkId": "sl-2", "TotalSize": 7}
    answer = ANSWER | {"SnapshotLinks": {"SnapshotLink": [chain, whole]}, "TotalCount": 2}
    inventory = read(tmp_path, json.dumps({key: answer[key] for key in answer if key != "Images"}))
    assert inventory.chains["total_bytes"].isna().tolist() == [True, False]
    assert coverage(inventory, "DescribeSnapshotLinks") == ("doubtful", "the records lack TotalSize")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2300-01-01T00:00:00Z"])
def test_a_moment_that_cannot_be_is_not_known(tmp_path: Path, moment: str) -> None:
    one = json.dumps(SNAPSHOTS | {"Snapshots": {"Snapshot": [SNAPSHOT | {"CreationTime": moment}]}})
    assert read(tmp_path, one).snapshots["created_at"].isna().all()


def test_totals_of_last_month_beside_newer_answers_are_doubtful(tmp_path: Path) -> None:
    read(tmp_path, json.dumps(ANSWER), "cn-beijing/2026-10-01/a.json")
    inventory = read(tmp_path, json.dumps(SNAPSHOTS), "cn-beijing/2026-11-01/b.json")
    why = "the newest is of 2026-10-01, and other answers are of 2026-11-01"
    assert coverage(inventory, "DescribeImages") == ("doubtful", why)
    assert coverage(inventory, "DescribeSnapshots") == ("complete", "")
