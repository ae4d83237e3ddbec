"""Rules that one word of code decides: which key, which device, from when, compared with what."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import BEIJING, HANGZHOU, ROOT, golden_image, machine, refused, unchanged

import ecs_images
from ecs_images import Account, Cloud, Prices, bill, measure, routes
from ecs_images.billing.rating import curves
from ecs_images.ledger import events as ev
from ecs_images.units import BYTES_PER_GIB, parse_time, to_seconds

QINGDAO, SHANGHAI = "cn-qingdao", "cn-shanghai"

# Copies -------------------------------------------------------------------------------------------

COPY_A_PRODUCT = """
from ecs_images import Cloud, CloudError
cloud = Cloud(start="2026-01-15")
acme = cloud.account("acme")
web = acme.run_instance(region="cn-beijing", image="cmjj022644", written=12)
image = acme.create_image(web)
acme.copy_image(image, to="cn-shanghai")
try:
    acme.copy_image(image, to="cn-hangzhou")
except CloudError as error:
    print(error.code, error)
"""


@pytest.mark.slow
def test_a_marketplace_image_is_not_copied_to_where_its_product_is_not_offered(tmp_path: Path) -> None:
    """COPY-8, MKT-7: no product's regions are published yet; the toolkit runs on data in which one has two."""
    package = Path(ecs_images.__file__).parent
    shutil.copytree(package, tmp_path / "ecs_images", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("stories"))
    table = tmp_path / "data" / "marketplace_images.csv"
    listed = table.read_text(encoding="utf-8").replace(
        "cmjj022644,(name not stated),,china,,", "cmjj022644,(name not stated),,china,cn-beijing;cn-shanghai,"
    )
    table.write_text(listed, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", COPY_A_PRODUCT], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith("OperationDenied.NotPublished OperationDenied.NotPublished: cmjj022644")
    assert "is not offered in cn-hangzhou" in done.stdout


def test_a_copy_encrypted_with_the_services_key_does_not_keep_the_owners(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """COPY-6, COPY-7, SHARE-6: encryption is what the call says; under the service's key the copy cannot be shared."""
    locked = acme.copy_image(golden_image(acme), to=HANGZHOU, encrypted=True, kms_key="key-1")
    copy = acme.copy_image(locked, to=BEIJING, name="service-key", encrypted=True)
    assert (cloud.image(copy).encrypted, cloud.image(copy).kms_key) == (True, None)
    with refused(cloud, "OperationDeined.EncryptedSnapshot", operation="ModifyImageSharePermission"):
        acme.share_image(copy, with_accounts=[partner])


def test_an_encrypted_copy_beside_its_source_is_called_by_its_id(cloud: Cloud, acme: Account) -> None:
    """COPY-3, CREATE-11: the name of the source is taken in its own region."""
    copy = acme.copy_image(golden_image(acme, "golden"), to=BEIJING, encrypted=True)
    assert cloud.image(copy).name == copy


def test_a_copy_within_a_region_sends_no_bytes_and_pays_no_traffic(cloud: Cloud, acme: Account, tmp_path: Path) -> None:
    """COPY-3, COPY-10: with a price of 0.5 a GiB for image traffic everywhere, 12 GiB to Hangzhou are 6."""
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,region_id,to_region_id,unit,currency,price,valid_from\n"
        "image_copy_traffic,all_regions,all_regions,per_gib,CNY,0.5,2026-01-01\n"
    )
    image = golden_image(acme)
    for region, cost in ((BEIJING, 0.0), (HANGZHOU, 6.0)):
        acme.copy_image(image, to=region, encrypted=True)
        started = [event for event in cloud.ledger if isinstance(event, ev.ImageCopyStarted)][-1]
        assert started.copied_bytes == (12 << 30 if cost else 0)
        charges = bill(cloud, until="2026-01-16", prices=Prices.published(layer)).charges
        paid = charges[charges["sku_meter"] == "image_copy_traffic"]["list_cost"].sum()
        assert paid == pytest.approx(cost)


def test_a_snapshot_is_copied_against_the_newest_copy_that_is_still_there(cloud: Cloud, acme: Account) -> None:
    """SCOPY-2: 100 GiB, then 10 and 5 written over in other places; the copy of the 10 is gone before the last is made.

    15 GiB are sent, not 5, and for the ten days between the two copies only 100 GiB lie there.
    """
    web = acme.run_instance(region=HANGZHOU, image="aliyun_3", written=1, data_disks=[{"size": 200, "written": 100}])
    disk = cloud.instance(web).data_disks[0]
    first = acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    acme.write(disk, overwrite=10)
    second = acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    acme.delete_snapshot(second)
    cloud.advance(days=10)
    acme.write(disk, overwrite=5, offset=50)
    third = acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    sent = [event.copied_bytes >> 30 for event in cloud.ledger if isinstance(event, ev.SnapshotCopied)]
    assert sent == [100, 10, 15]
    assert (cloud.chain(first).total_gib, cloud.chain(first).exclusive_gib(third)) == (115, 15)
    charges = bill(cloud, until="2026-01-25").charges
    there = charges[(charges["region_id"] == QINGDAO) & (charges["sku_meter"] == "snapshot_standard")]
    assert there["list_cost"].sum() == pytest.approx(100 * 0.12 / 30 * 10)


# Images of snapshots ------------------------------------------------------------------------------


def test_an_image_of_snapshots_is_encrypted_when_one_of_them_is(cloud: Cloud, acme: Account) -> None:
    """CREATE-9."""
    data = [{"size": 20, "written": 3}]
    plain = cloud.image(golden_image(acme, region=HANGZHOU, data_disks=data))
    locked = cloud.image(acme.copy_image(golden_image(acme, data_disks=data), to=HANGZHOU, encrypted=True))
    for system, disk, encrypted in ((plain, plain, False), (plain, locked, True), (locked, plain, True)):
        image = acme.create_image(snapshots=[system.system_snapshot, disk.data_snapshots[0]])
        assert cloud.image(image).encrypted is encrypted


def test_the_system_disk_comes_first_in_whichever_order_snapshots_are_given(cloud: Cloud, acme: Account) -> None:
    """STRUCT-2: the system disk is /dev/xvda."""
    made = cloud.image(golden_image(acme, data_disks=[{"size": 20, "written": 3}]))
    system, data = made.system_snapshot, made.data_snapshots[0]
    for order in ([system, data], [data, system]):
        image = cloud.image(acme.create_image(snapshots=order))
        found = [(mapping.device, mapping.kind, mapping.snapshot) for mapping in image.mappings]
        assert found == [("/dev/xvda", "system", system), ("/dev/xvdb", "data", data)]
        assert (image.size_gib, image.source) == (40, system)


# Sharing ------------------------------------------------------------------------------------------


def full_of_images(owner: Account, receiver: Account, region: str = BEIJING) -> str:
    """Let an account receive 100 images, the most there may be; returns the first of them."""
    images = []
    for place in (region, HANGZHOU):
        snapshot = owner.create_snapshot(machine(owner, region=place))
        images += [owner.create_image(snapshot=snapshot) for _ in range(50)]
    for image in images:
        owner.share_image(image, with_accounts=[receiver])
    return images[0]


def test_sharing_again_is_no_further_image_for_an_account_that_has_the_most(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """SHARE-3: one who receives 100 images has the shared one already; another account still gets it."""
    image = full_of_images(acme, partner)
    with unchanged(cloud):
        acme.share_image(image, with_accounts=[partner])
    acme.share_image(image, with_accounts=[partner, cloud.account("newcomer")])
    assert cloud.image(image).shared_with == {"partner", "newcomer"}


def test_sharing_again_is_no_further_account_for_an_image_that_has_fifty(cloud: Cloud, acme: Account) -> None:
    """SHARE-2."""
    image = golden_image(acme)
    names = [cloud.account(f"other{number}").name for number in range(50)]
    for name in names:
        acme.share_image(image, with_accounts=[name])
    with unchanged(cloud):
        acme.share_image(image, with_accounts=names[:10])


# Files, fees and shares ---------------------------------------------------------------------------


def test_exported_files_are_billed_from_when_they_are_written() -> None:
    """EXP-3, BILL-2: begun at 00:57, written at 01:03; until 02:00 they lay there in one hour, not in two."""
    cloud = Cloud(start="2026-02-01", durations="typical")
    acme = cloud.account("acme")
    image = acme.create_image(machine(acme))
    cloud.at("2026-02-01T00:57")
    files = acme.export_image(image)
    cloud.wait(files)
    assert f"{cloud.now:%H:%M}" == "01:03"
    assert bill(cloud, until="2026-02-01T02:00").explain(files).total == pytest.approx(12 * 0.12 / 720)


def test_what_is_sent_to_replicate_files_is_a_cost_of_their_image(cloud: Cloud, acme: Account) -> None:
    """EXP-3, ground rule 6: 12 GiB at 0.5, sent once."""
    image = golden_image(acme)
    acme.replicate_files(acme.export_image(image), to=SHANGHAI)
    shares = bill(cloud, until="2026-01-16").attribute("image")
    sent = shares[shares["sku_meter"] == "oss_cross_region_replication"]
    assert list(sent["x_image_id"]) == [image]
    assert sent["list_cost"].sum() == pytest.approx(12 * 0.5)


def test_while_nothing_is_stored_a_byte_costs_nothing_more(cloud: Cloud, acme: Account) -> None:
    """Ground rule 6: 12 GiB for 10 days, nothing for 10 days, 6 GiB for 10 days, at 0.12 per GiB and 30 days."""
    kept = []
    for written in (12, 6):
        kept.append(acme.create_snapshot(machine(acme, written=written)))
        cloud.advance(days=10)
        acme.delete_snapshot(kept[-1])
        cloud.advance(days=10)
    usage = measure(cloud.ledger, until="2026-02-20")
    (curve,) = curves(usage, Prices.published())
    days = "2026-01-15", "2026-01-25", "2026-02-04", "2026-02-14"
    found = [curve.unit_cost_until(to_seconds(parse_time(day))) * BYTES_PER_GIB for day in days]
    assert found == pytest.approx([0, 0.04, 0.04, 0.08])
    shares = bill(cloud, until="2026-02-20").attribute("snapshot")
    assert dict(zip(shares["x_snapshot_id"], shares["list_cost"], strict=True)) == pytest.approx(
        {kept[0]: 12 * 0.04, kept[1]: 6 * 0.04}
    )


# Routes -------------------------------------------------------------------------------------------


def allowed(cloud: Cloud, image: str, route: str, accounts: list[str], region: str) -> dict[str, tuple[bool, str]]:
    """For each account whether a route is allowed and the code where it is not; the same in every order."""
    answers = []
    for order in itertools.permutations(accounts):
        table = routes(cloud, image, accounts=list(order), regions=[region])
        rows = table[table["route"] == route]
        codes = zip(rows["x_allowed"], rows["x_code"], strict=True)
        answers.append(dict(zip(rows["billing_account_id"], codes, strict=True)))
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


def test_a_receiver_who_has_the_most_images_cannot_be_sent_another_and_a_newcomer_can(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """SHARE-3: what one account receives already says nothing of the other."""
    full_of_images(cloud.account("giver"), partner)
    cloud.account("newcomer")
    found = allowed(cloud, golden_image(acme), "share", ["partner", "newcomer"], BEIJING)
    assert found == {"partner": (False, "QuotaExceed.ShareImage"), "newcomer": (True, "")}


@pytest.mark.parametrize(("route", "full"), [("receiver's own image", "partner"), ("copy, then share", "acme")])
def test_a_full_quota_of_images_stops_whoever_makes_the_image(
    cloud: Cloud, acme: Account, partner: Account, route: str, full: str
) -> None:
    """UNK-8, SHARE-7: the receiver makes its own image at home, the owner the copy in Shanghai."""
    image = golden_image(acme)
    region = BEIJING if full == "partner" else SHANGHAI
    maker = cloud.account(full)
    snapshot = maker.create_snapshot(machine(maker, region=region))
    for _ in range(100):
        maker.create_image(snapshot=snapshot)
    cloud.account("newcomer")
    found = allowed(cloud, image, route, ["partner", "newcomer"], region)
    stopped = (False, "QuotaExceed.Image")
    assert found == {"partner": stopped, "newcomer": stopped if full == "acme" else (True, "")}
