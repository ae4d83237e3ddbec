"""Copies: to another region or encrypted in the same one, independent of what they were made from."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused, stored_gib

import ecs_images as ecs
from ecs_images import Cloud

QINGDAO = "cn-qingdao"
DATA = {"size": 200, "written": 122}


def test_a_copy_stores_every_disk_in_full_at_the_destination(cloud, acme):
    """COPY-10 (storage), COPY-2, UNK-11: 12 + 122 GiB, Hangzhou to Qingdao; the traffic fee is 0 (UNK-2)."""
    image = cloud.image(golden_image(acme, region=HANGZHOU, data_disks=[DATA]))
    copy = cloud.image(acme.copy_image(image.id, to=QINGDAO, name="golden-copy"))
    assert stored_gib(cloud) == 134 + 134
    assert [cloud.snapshot(s).region for s in copy.snapshots] == [QINGDAO, QINGDAO]
    assert [cloud.chain(s).total_gib for s in copy.snapshots] == [12, 122]
    assert [(m.device, m.kind, m.size_gib) for m in copy.mappings] == [
        (m.device, m.kind, m.size_gib) for m in image.mappings
    ]
    assert (copy.account, copy.region, copy.name, copy.source) == ("acme", QINGDAO, "golden-copy", image.id)


def test_each_copy_is_full_and_in_chains_of_its_own(cloud, acme):
    """COPY-2, UNK-11: even of two versions of one disk."""
    web = machine(acme)
    copies = []
    for _ in range(2):
        copies.append(cloud.image(acme.copy_image(acme.create_image(web), to=HANGZHOU)))
        acme.write(web, overwrite=1)
    assert [cloud.chain(copy.system_snapshot).total_gib for copy in copies] == [12, 12]
    assert cloud.chain(web).total_gib == 12 + 1


def test_a_copy_and_its_source_are_independent(cloud, acme, partner):
    """COPY-2 (R: zh copy an image 2021-03-23; Delete a custom image 2020-12-10)."""
    image = golden_image(acme)
    copy = acme.copy_image(image, to=HANGZHOU)
    acme.share_image(image, with_accounts=[partner])
    assert cloud.image(copy).shared_with == set()
    acme.unshare_image(image, from_accounts=[partner])
    acme.delete_image(image)
    acme.delete_snapshot(cloud.image(image).system_snapshot)
    web = machine(acme, image=copy, region=HANGZHOU)
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 12
    other = golden_image(acme)
    acme.delete_image(acme.copy_image(other, to=HANGZHOU))
    machine(acme, image=other)


def test_a_copy_has_the_name_of_its_source_and_no_family(cloud, acme):
    """COPY-6: what is not given in the call is not carried along."""
    image = acme.create_image(machine(acme), name="golden", family="web")
    copy = cloud.image(acme.copy_image(image, to=HANGZHOU))
    assert (copy.name, copy.family) == ("golden", "")


def test_a_copys_name_is_free_at_the_destination(cloud, acme):
    """CREATE-11 (CopyImage errors)."""
    image = golden_image(acme, "golden")
    golden_image(acme, "taken", region=HANGZHOU)
    with refused(cloud, "InvalidImageName.Duplicated", operation="CopyImage"):
        acme.copy_image(image, to=HANGZHOU, name="taken")


def test_within_a_region_only_an_encrypted_copy_is_made(cloud, acme):
    """COPY-3, conflict 12 (G: CopyImage)."""
    image = golden_image(acme)
    with refused(cloud, "IncorrectDestinationRegion", operation="CopyImage"):
        acme.copy_image(image, to=BEIJING, name="same")
    copy = cloud.image(acme.copy_image(image, to=BEIJING, name="same", encrypted=True))
    assert (copy.region, copy.encrypted) == (BEIJING, True)
    assert all(cloud.snapshot(s).encrypted for s in copy.snapshots)


def test_a_copy_may_add_or_change_encryption_but_never_remove_it(cloud, acme):
    """COPY-7 (CopyImage errors; R: zh image encryption)."""
    plain = golden_image(acme)
    assert not cloud.image(acme.copy_image(plain, to=HANGZHOU, name="plain")).encrypted
    one = acme.copy_image(plain, to=HANGZHOU, name="one", encrypted=True, kms_key="key-1")
    kept = cloud.image(acme.copy_image(one, to=BEIJING, name="kept"))
    assert (kept.encrypted, kept.kms_key) == (True, "key-1")
    changed = cloud.image(acme.copy_image(one, to=BEIJING, name="changed", encrypted=True, kms_key="key-2"))
    assert (changed.encrypted, changed.kms_key) == (True, "key-2")


def test_an_image_of_encrypted_snapshots_is_encrypted(cloud, acme):
    """CREATE-9 (R: Create a custom image from a snapshot 2020-12-23)."""
    copy = cloud.image(acme.copy_image(golden_image(acme), to=HANGZHOU, encrypted=True))
    assert cloud.image(acme.create_image(snapshot=copy.system_snapshot)).encrypted


def test_a_key_is_given_only_with_encryption(cloud, acme):
    """COPY-7: KMSKeyId needs Encrypted=true."""
    image = golden_image(acme)
    with refused(cloud, "InvalidParameter.EncryptedIllegal", operation="CopyImage"):
        acme.copy_image(image, to=HANGZHOU, kms_key="key-1")


def test_a_receiver_copies_within_the_region_only_and_owns_the_copy(cloud, acme, partner):
    """COPY-1, COPY-3, COPY-11, SHARE-7 (G: CopyImage), conflict 11."""
    image = golden_image(acme, "golden")
    with refused(cloud, "InvalidImageId.NotFound", operation="CopyImage"):
        partner.copy_image(image, to=BEIJING, encrypted=True)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "OperationDenied.SameRegionOnly", operation="CopyImage"):
        partner.copy_image(image, to=HANGZHOU, encrypted=True)
    with refused(cloud, "IncorrectDestinationRegion", operation="CopyImage"):
        partner.copy_image(image, to=BEIJING)
    copy = cloud.image(partner.copy_image(image, to=BEIJING, encrypted=True, kms_key="key-1"))
    assert copy.account == "partner"
    assert cloud.snapshot(copy.system_snapshot).account == "partner"
    acme.unshare_image(image, from_accounts=[partner])
    machine(partner, image=copy.id)
    partner.copy_image(copy.id, to=HANGZHOU)


def test_public_and_marketplace_images_are_not_copied(cloud, acme):
    """COPY-1, TYPE-4."""
    for image in ("aliyun_3_x64_20G_alibase_20251030.vhd", "cmjj022644", "m-nowhere"):
        with refused(cloud, "InvalidImageId.NotFound", operation="CopyImage"):
            acme.copy_image(image, to=HANGZHOU)


def test_only_an_available_image_is_copied(cloud, acme):
    """COPY-1: a deprecated one is not."""
    image = golden_image(acme)
    acme.modify_image(image, status="Deprecated")
    with refused(cloud, "IncorrectImageStatus", operation="CopyImage"):
        acme.copy_image(image, to=HANGZHOU)


def test_an_unknown_destination_names_the_nearest_regions(cloud, acme):
    image = golden_image(acme)
    with refused(cloud, "DestinationRegion.NotFound", operation="CopyImage") as caught:
        acme.copy_image(image, to="cn-hangzhu")
    assert HANGZHOU in caught.value.reason


def test_a_marketplace_product_follows_its_copies(cloud, acme):
    """COPY-8, ID-4, MKT-7: without a published list of regions it is offered everywhere (ASSUME-3)."""
    copy = acme.copy_image(golden_image(acme, image="cmjj022644"), to=HANGZHOU)
    assert cloud.image(copy).lineage.product_code == "cmjj022644"
    assert cloud.instance(machine(acme, image=copy, region=HANGZHOU)).lineage.product_code == "cmjj022644"


# While a copy is made -----------------------------------------------------------------------------


@pytest.fixture
def slow() -> Cloud:
    """A cloud whose work takes its typical time: half a minute a GiB for a snapshot or a copy."""
    return Cloud(start="2026-01-15", durations="typical")


def finished_image(cloud, account, **others) -> str:
    image = account.create_image(machine(account, **others))
    cloud.wait(image)
    return image


def test_a_copy_is_creating_until_it_is_done(slow):
    """COPY-1, STATUS-3, ASSUME-5: 12 GiB at half a minute each are 6 minutes."""
    acme = slow.account("acme")
    image = finished_image(slow, acme)
    copy = acme.copy_image(image, to=HANGZHOU)
    assert slow.image(copy).status == "Creating"
    with refused(slow, "OperationDenied.ImageNotValid", operation="RunInstances"):
        machine(acme, image=copy, region=HANGZHOU)
    with refused(slow, "OperationDenied.ImageCopying", operation="DeleteImage"):
        acme.delete_image(copy)
    with refused(slow, "IncorrectImageStatus", operation="CopyImage"):
        acme.copy_image(copy, to=QINGDAO)
    begun = slow.now
    slow.wait(copy)
    assert (slow.now - begun).total_seconds() == 6 * 60
    assert slow.image(copy).status == "Available"


def test_while_it_is_copied_an_image_is_not_deleted_or_copied_again(slow):
    """COPY-5, DEL-4 (R: DeleteImage 2020-09-28; CopyImage, ECS manual)."""
    acme = slow.account("acme")
    image = finished_image(slow, acme)
    copy = acme.copy_image(image, to=HANGZHOU)
    with refused(slow, "OperationDenied.ImageCopying", operation="DeleteImage"):
        acme.delete_image(image, force=True)
    with refused(slow, "OperationDenied.ImageCopyConflict", operation="CopyImage"):
        acme.copy_image(image, to=HANGZHOU, name="again")
    slow.wait(copy)
    acme.copy_image(image, to=HANGZHOU, name="again")


@pytest.mark.parametrize("answer", ["other_regions", "one_at_a_time"])
def test_an_image_goes_to_several_regions_at_once_unless_supposed_otherwise(answer):
    """UNK-13: no source settles it, and the bill names it."""
    slow = Cloud(start="2026-07-20", durations="typical", assume={"UNK-13": answer})
    acme = slow.account("acme")
    image = finished_image(slow, acme)
    acme.copy_image(image, to=HANGZHOU)
    if answer == "one_at_a_time":
        with refused(slow, "OperationDenied.ImageCopyConflict", operation="CopyImage"):
            acme.copy_image(image, to=QINGDAO)
        return
    slow.wait(acme.copy_image(image, to=QINGDAO))
    assert "UNK-13" in set(ecs.bill(slow, until="2026-08-01").assumptions()["assumption"])


def test_a_cancelled_copy_is_gone_and_stores_nothing(slow):
    """COPY-5 (G: CancelCopyImage): the source is unchanged and can be copied again."""
    acme = slow.account("acme")
    image = finished_image(slow, acme)
    before = slow.image(image)
    copy = acme.copy_image(image, to=HANGZHOU, name="golden-copy")
    slow.advance(hours=0.05)
    acme.cancel_copy_image(copy)
    assert slow.image(copy).status == "Deleted"
    assert [slow.snapshot(s).status for s in slow.image(copy).snapshots] == ["failed"]
    assert stored_gib(slow) == 12
    assert slow.image(image) == before
    acme.copy_image(image, to=HANGZHOU, name="golden-copy")


def test_only_a_copy_under_way_is_cancelled_and_only_by_its_owner(slow):
    """COPY-5."""
    acme, partner = slow.account("acme"), slow.account("partner")
    image = finished_image(slow, acme)
    copy = acme.copy_image(image, to=HANGZHOU)
    with refused(slow, "ImageCreatedNotFromCopy", operation="CancelCopyImage"):
        acme.cancel_copy_image(image)
    for account, which in ((partner, copy), (acme, "m-nowhere")):
        with refused(slow, "InvalidImageId.NotFound", operation="CancelCopyImage"):
            account.cancel_copy_image(which)
    slow.wait(copy)
    with refused(slow, "IncorrectImageStatus", operation="CancelCopyImage"):
        acme.cancel_copy_image(copy)


@pytest.mark.parametrize(("start", "at_once"), [("2021-05-31", 1), ("2026-01-15", 5)])
def test_copies_beyond_the_regions_number_wait_their_turn(start, at_once):
    """COPY-4, conflict 10, STATUS-1: 5 at a time (1 in 2021); the oldest that waits is next."""
    cloud = Cloud(start=start, durations="typical")
    acme = cloud.account("acme")
    images = [finished_image(cloud, acme) for _ in range(at_once + 2)]
    copies = [acme.copy_image(image, to=HANGZHOU) for image in images]
    statuses = [cloud.image(copy).status for copy in copies]
    assert statuses == ["Creating"] * at_once + ["Waiting"] * 2
    acme.cancel_copy_image(copies[0])
    assert cloud.image(copies[-2]).status == "Creating"
    cloud.wait(copies[-1])
    assert {cloud.image(copy).status for copy in copies[1:]} == {"Available"}


def test_copies_of_other_regions_and_accounts_do_not_wait_for_each_other():
    """COPY-4: the number is that of one account in one region (1 in 2021)."""
    cloud = Cloud(start="2021-05-31", durations="typical")
    for name in ("acme", "partner"):
        account = cloud.account(name)
        for region in (HANGZHOU, QINGDAO):
            copy = account.copy_image(finished_image(cloud, account), to=region)
            assert cloud.image(copy).status == "Creating"


def test_a_copy_that_waits_can_be_cancelled_and_is_used_by_nobody():
    """COPY-5, STATUS-1."""
    cloud = Cloud(start="2021-05-31", durations="typical")
    acme = cloud.account("acme")
    first, second = (acme.copy_image(image, to=HANGZHOU) for image in [finished_image(cloud, acme) for _ in range(2)])
    with refused(cloud, "OperationDenied.ImageNotValid", operation="RunInstances"):
        machine(acme, image=second, region=HANGZHOU)
    with refused(cloud, "OperationDenied.ImageCopying", operation="DeleteImage"):
        acme.delete_image(second)
    acme.cancel_copy_image(second)
    cloud.wait(first)
    assert (cloud.image(first).status, cloud.image(second).status) == ("Available", "Deleted")
