"""Rules that changed: on a day before the change the older holds, between the sightings UNK-18 is named."""

from __future__ import annotations

from datetime import date

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused

import ecs_images as ecs
from ecs_images import Cloud, InputError
from ecs_images.catalog.changes import changes
from ecs_images.catalog.rule_book import rules
from ecs_images.units import parse_time

OWN_KEY = {"encrypted": True, "kms_key": "key-1"}


def assumed(cloud: Cloud) -> set[str]:
    return set(ecs.bill(cloud, until="2027-01-01").assumptions()["assumption"])


@pytest.mark.parametrize("change", changes().values(), ids=lambda change: change.key)
def test_each_change_names_a_rule_and_was_seen_first_the_one_way_then_the_other(change):
    assert change.rule_id in rules()
    assert date(2017, 1, 1) < change.older_last_seen < change.newer_first_seen <= date(2026, 7, 16)
    on = [parse_time(day, "day") for day in (change.older_last_seen, change.newer_first_seen)]
    assert [change.newer_holds(when, {}) for when in on] == [False, True]
    assert [change.in_doubt(when) for when in on] == [False, False]
    between = parse_time(date.fromordinal(change.older_last_seen.toordinal() + 1), "day")
    assert change.in_doubt(between)
    assert [change.newer_holds(between, {"UNK-18": answer}) for answer in ("newer", "older")] == [True, False]


@pytest.mark.parametrize(
    ("day", "allowed", "named"), [("2021-07-19", False, False), ("2023-06-01", True, True), ("2026-07-16", True, False)]
)
def test_a_shared_image_could_not_always_be_copied(day, allowed, named):
    """COPY-3, conflict 11: never in 2021; within its region since, encrypted."""
    cloud = Cloud(start=day)
    acme, partner = cloud.account("acme"), cloud.account("partner")
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    if not allowed:
        with refused(cloud, "InvalidImageId.NotFound", operation="CopyImage") as caught:
            partner.copy_image(image, to=BEIJING, encrypted=True)
        assert (
            "on 2021-07-19 there was no copy of an image that another account shares yet (COPY-3)"
            in caught.value.reason
        )
        return
    partner.copy_image(image, to=BEIJING, encrypted=True)
    assert ("UNK-18" in assumed(cloud)) == named


def test_what_is_supposed_decides_between_the_sightings():
    """UNK-18: the newer unless the older is supposed."""
    cloud = Cloud(start="2023-06-01", assume={"UNK-18": "older"})
    acme, partner = cloud.account("acme"), cloud.account("partner")
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "InvalidImageId.NotFound", operation="CopyImage"):
        partner.copy_image(image, to=BEIJING, encrypted=True)


@pytest.mark.parametrize(("day", "allowed"), [("2021-04-21", False), ("2026-07-16", True)])
def test_an_encrypted_copy_within_a_region_could_not_always_be_made(day, allowed):
    """COPY-3, conflict 12."""
    cloud = Cloud(start=day)
    acme = cloud.account("acme")
    image = golden_image(acme)
    if allowed:
        acme.copy_image(image, to=BEIJING, encrypted=True)
    else:
        with refused(cloud, "IncorrectDestinationRegion", operation="CopyImage"):
            acme.copy_image(image, to=BEIJING, encrypted=True)


@pytest.mark.parametrize(("day", "allowed"), [("2021-05-31", False), ("2026-07-16", True)])
def test_an_encrypted_image_could_not_always_leave_its_region(day, allowed):
    """COPY-7, conflict 14."""
    cloud = Cloud(start=day)
    acme = cloud.account("acme")
    image = golden_image(acme)
    if allowed:
        acme.copy_image(image, to=HANGZHOU, **OWN_KEY)
    else:
        with refused(cloud, "OperationDeined.EncryptedSnapshot", operation="CopyImage"):
            acme.copy_image(image, to=HANGZHOU, **OWN_KEY)


def test_an_encrypted_image_could_not_always_be_shared():
    """SHARE-6, conflict 14: before the day, no encrypted image could be made either."""
    for day, named in (("2022-12-30", True), ("2026-07-16", False)):
        cloud = Cloud(start=day)
        acme, partner = cloud.account("acme"), cloud.account("partner")
        acme.share_image(acme.copy_image(golden_image(acme), to=BEIJING, **OWN_KEY), with_accounts=[partner])
        assert ("UNK-18" in assumed(cloud)) == named


@pytest.mark.parametrize(("day", "allowed"), [("2020-12-02", False), ("2026-07-16", True)])
def test_nothing_could_always_be_shared_between_the_sites(day, allowed):
    """SHARE-5, conflict 15."""
    cloud = Cloud(start=day)
    acme, abroad = cloud.account("acme"), cloud.account("abroad", "international")
    image = acme.import_image(region=BEIJING, file=5)
    if allowed:
        acme.share_image(image, with_accounts=[abroad])
    else:
        with refused(cloud, "InvalidImageId.BidMismatch", operation="ModifyImageSharePermission"):
            acme.share_image(image, with_accounts=[abroad])


@pytest.mark.parametrize(("day", "allowed"), [("2023-01-01", False), ("2024-08-19", True)])
def test_a_system_could_not_always_be_changed_to_an_image_with_data_disks(day, allowed):
    """OS-3, conflict 8."""
    cloud = Cloud(start=day)
    acme = cloud.account("acme")
    with_data = golden_image(acme, data_disks=[20])
    web = machine(acme)
    acme.stop_instance(web)
    if allowed:
        acme.replace_system_disk(web, with_data)
    else:
        with refused(cloud, "OperationDenied", operation="ReplaceSystemDisk"):
            acme.replace_system_disk(web, with_data)


@pytest.mark.parametrize(
    ("day", "region", "allowed"),
    [("2021-01-01", "ap-southeast-1", False), ("2021-01-01", BEIJING, True), ("2025-09-16", "ap-southeast-1", True)],
)
def test_linux_could_not_always_become_windows_outside_the_mainland(day, region, allowed):
    """OS-5, conflict 9."""
    cloud = Cloud(start=day)
    acme = cloud.account("acme")
    web = acme.run_instance(region=region, image=acme.import_image(region=region, file=5))
    windows = acme.import_image(region=region, file=6, platform="Windows", licence_type="BYOL")
    acme.stop_instance(web)
    if allowed:
        acme.replace_system_disk(web, windows)
    else:
        with refused(cloud, "OperationDenied", operation="ReplaceSystemDisk"):
            acme.replace_system_disk(web, windows)


@pytest.mark.parametrize(
    ("day", "licence", "charged"),
    [
        ("2025-10-17", "Auto", True),
        ("2025-10-17", None, True),
        ("2025-10-17", "BYOL", False),
        ("2026-07-16", "Aliyun", True),
        ("2026-07-16", None, True),
    ],
)
def test_the_licence_of_an_import_was_auto_while_that_was_the_default(day, licence, charged):
    """IMP-5, conflict 29: the provider's licence where it has one for the system, as it has for Windows."""
    cloud = Cloud(start=day)
    image = cloud.account("acme").import_image(region=BEIJING, file=5, platform="Windows", licence_type=licence)
    assert (cloud.image(image).lineage.charged_system == "Windows Server") == charged


def test_auto_is_gone_today():
    cloud = Cloud(start="2026-07-16")
    acme = cloud.account("acme")
    with refused(cloud, "InvalidLicenseType.NotSupported", operation="ImportImage"):
        acme.import_image(region=BEIJING, file=5, platform="Windows", licence_type="Auto")


# Encryption ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["key-1", None])
def test_what_comes_of_an_encrypted_image_is_encrypted_under_the_same_key(key):
    """UNK-16: the disks, their snapshots and the images made of either; the bill names it."""
    cloud = Cloud(start="2026-08-01")
    acme, partner = cloud.account("acme"), cloud.account("partner")
    secret = acme.copy_image(golden_image(acme, data_disks=[20]), to=HANGZHOU, encrypted=True, kms_key=key)
    web = acme.run_instance(region=HANGZHOU, image=secret)
    disks = [cloud.disk(disk) for disk in cloud.instance(web).disks]
    assert [(disk.encrypted, disk.kms_key) for disk in disks] == [(True, key)] * 2
    snapshot = cloud.snapshot(acme.create_snapshot(web))
    assert (snapshot.encrypted, snapshot.kms_key) == (True, key)
    images = [acme.create_image(web), acme.create_image(snapshot=snapshot)]
    assert [(cloud.image(image).encrypted, cloud.image(image).kms_key) for image in images] == [(True, key)] * 2
    assert "UNK-16" in assumed(cloud)
    for image in images:
        with refused(cloud, "OperationDeined.EncryptedSnapshot", operation="ModifyImageSharePermission"):
            acme.publish_image(image)
        with refused(cloud, "ImageNotSupported", operation="ExportImage"):
            acme.export_image(image)
        if key:
            acme.share_image(image, with_accounts=[partner])
        else:
            with refused(cloud, "OperationDeined.EncryptedSnapshot", operation="ModifyImageSharePermission"):
                acme.share_image(image, with_accounts=[partner])


def test_a_new_system_disk_is_encrypted_as_its_image_is():
    """UNK-16, OS-1."""
    cloud = Cloud(start="2026-08-01")
    acme = cloud.account("acme")
    secret = acme.copy_image(golden_image(acme), to=HANGZHOU, **OWN_KEY)
    web = machine(acme, region=HANGZHOU)
    assert not cloud.disk(cloud.instance(web).system_disk).encrypted
    acme.stop_instance(web)
    disk = cloud.disk(acme.replace_system_disk(web, secret))
    assert (disk.encrypted, disk.kms_key) == (True, "key-1")


# Quotas --------------------------------------------------------------------------------------------


def test_an_account_may_have_a_quota_of_its_own(cloud):
    """UNK-8: 100 images in a region unless the account has another quota."""
    acme = cloud.account("acme", quotas={"images": 2})
    acme.import_image(region=BEIJING, file=1)
    acme.import_image(region=BEIJING, file=1)
    with refused(cloud, "QuotaExceed.Image") as caught:
        acme.import_image(region=BEIJING, file=1)
    assert "2 of 2 custom images" in caught.value.reason
    assert "quotas {images: 4}" in caught.value.reason
    acme.import_image(region=HANGZHOU, file=1)
    cloud.account("acme", quotas={"images": 3})
    acme.import_image(region=BEIJING, file=1)
    assert cloud.ledger.replay().accounts["acme"].quotas == (("images", 3),)


@pytest.mark.parametrize("quotas", [{"images": 0}, {"images": "5"}, {"images": True}, {"image": 5}, 5, {"images": 1.5}])
def test_a_quota_is_a_whole_number_of_something_there_is_a_quota_of(cloud, quotas):
    with pytest.raises(InputError):
        cloud.account("acme", quotas=quotas)
    assert "acme" not in cloud.state.accounts


def test_a_quota_below_what_an_account_has_is_refused(cloud, acme):
    for _ in range(3):
        acme.import_image(region=BEIJING, file=1)
    count = len(cloud.ledger)
    with pytest.raises(InputError, match="'acme' has 3 images in cn-beijing; a quota of 2 is below that"):
        cloud.account("acme", quotas={"images": 2})
    assert len(cloud.ledger) == count


# What is not refused but not done ------------------------------------------------------------------


def test_accounts_beyond_the_tenth_of_a_call_are_named_as_ignored(cloud, acme):
    """SHARE-2."""
    image = golden_image(acme)
    names = [cloud.account(f"a{n}").name for n in range(1, 13)]
    said = acme.share_image(image, with_accounts=names)
    assert said == "ignored, since a call names at most 10 accounts (SHARE-2): a11, a12"
    assert cloud.image(image).shared_with == set(names[:10])
    assert acme.unshare_image(image, from_accounts=names[:2]) is None


def test_the_console_deletes_an_image_with_its_snapshots_but_for_those_needed_elsewhere(cloud, acme):
    """DEL-5, UNK-7, conflict 18."""
    web = machine(acme, data_disks=[{"size": 20, "written": 5}])
    first = acme.create_image(web, name="first")
    system, data = cloud.image(first).snapshots
    second = acme.create_image(snapshots=[system], name="second")
    said = acme.delete_image(first, with_snapshots=True)
    assert said == f"kept, since it is needed elsewhere (UNK-7): {system} for {second}"
    assert cloud.snapshot(data).deleted_at is not None
    assert cloud.snapshot(system).deleted_at is None
    assert acme.delete_image(second, with_snapshots=True) is None
    assert cloud.snapshot(system).deleted_at is not None


def test_an_image_that_failed_is_not_worth_waiting_for():
    """STATUS-3."""
    cloud = Cloud(start="2026-08-01", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme)
    failed = acme.create_image(web)
    acme.stop_instance(web)
    with refused(cloud, "OperationDenied.ImageNotValid", operation="RunInstances") as caught:
        acme.run_instance(region=BEIJING, image=failed)
    assert caught.value.reason == f"{failed} is CreateFailed; it will never be Available, so delete it and make another"
