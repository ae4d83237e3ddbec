"""Custom images: made of an instance or of snapshots, named, counted and changed."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused, stored_gib, unchanged, unusable

from ecs_images import EcsImagesError

DATA = {"size": 200, "written": 122}


# Of an instance -----------------------------------------------------------------------------------


def test_an_image_of_an_instance_holds_a_new_snapshot_of_every_disk(cloud, acme):
    """CREATE-2, STRUCT-1 (G: CreateImage): 12 and 122 GiB written, so storage rises by 134 GiB."""
    web = machine(acme, data_disks=[DATA])
    image = cloud.image(acme.create_image(web, name="golden-v1"))
    assert [(m.device, m.kind, m.size_gib) for m in image.mappings] == [
        ("/dev/xvda", "system", 40),
        ("/dev/xvdb", "data", 200),
    ]
    assert [cloud.snapshot(s).disk for s in image.snapshots] == list(cloud.instance(web).disks)
    assert stored_gib(cloud) == 12 + 122
    assert (image.account, image.region, image.status, image.name) == ("acme", BEIJING, "Available", "golden-v1")
    assert (image.made_from, image.source) == ("instance", web)


def test_the_size_of_an_image_is_that_of_its_system_disk(cloud, acme):
    """ID-3 (G: DescribeImages): GiB of the system disk only."""
    assert cloud.image(acme.create_image(machine(acme, data_disks=[DATA]))).size_gib == 40


def test_an_image_after_an_earlier_snapshot_adds_only_what_changed(cloud, acme):
    """CREATE-2: the data disk has a snapshot and 3 GiB changed since: its increment is 3 GiB."""
    web = machine(acme, data_disks=[DATA])
    (data,) = cloud.instance(web).data_disks
    acme.create_snapshot(data)
    acme.write(data, overwrite=3)
    before = stored_gib(cloud)
    acme.create_image(web)
    assert stored_gib(cloud) - before == 12 + 3


def test_an_image_is_made_of_a_stopped_instance_too(cloud, acme):
    """CREATE-2: Running or Stopped."""
    web = machine(acme)
    acme.stop_instance(web)
    assert cloud.image(acme.create_image(web)).status == "Available"


def test_device_names_run_from_xvda_in_order_of_the_disks(cloud, acme):
    """STRUCT-2 (G: CreateImage.DiskDeviceMapping.Device): seventeen disks, a to q."""
    image = cloud.image(acme.create_image(machine(acme, data_disks=[20] * 16)))
    assert [m.device for m in image.mappings] == [f"/dev/xvd{letter}" for letter in "abcdefghijklmnopq"]


def test_an_image_and_its_instance_do_not_affect_each_other_afterwards(cloud, acme):
    """STRUCT-5 (R: Image FAQ)."""
    web = machine(acme)
    image = acme.create_image(web)
    before = cloud.image(image)
    acme.write(web, new=5)
    acme.release_instance(web, force=True)
    assert cloud.image(image) == before
    again = acme.create_snapshot(machine(acme, image=image))
    assert cloud.chain(again).total_gib == 12


# Of snapshots -------------------------------------------------------------------------------------


def test_an_image_of_snapshots_stores_nothing_more(cloud, acme):
    """CREATE-8, CREATE-5 (R: zh image overview 2021-07-03): it only pins them."""
    web = machine(acme, data_disks=[DATA])
    system, data = (acme.create_snapshot(disk) for disk in cloud.instance(web).disks)
    before = stored_gib(cloud)
    image = cloud.image(acme.create_image(snapshots=[data, system]))
    assert stored_gib(cloud) == before == 134
    assert (image.system_snapshot, image.data_snapshots) == (system, (data,))  # the system disk comes first


def test_an_image_of_one_system_snapshot(cloud, acme):
    """CREATE-5."""
    snapshot = acme.create_snapshot(machine(acme))
    assert cloud.image(acme.create_image(snapshot=snapshot)).snapshots == (snapshot,)


def test_an_instance_outranks_snapshots_and_snapshots_outrank_a_snapshot(cloud, acme):
    """CREATE-1 (G: CreateImage): what ranks lower is ignored, even when it makes no sense."""
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    of_instance = acme.create_image(web, snapshots=["s-nowhere"], snapshot="s-nowhere")
    of_list = acme.create_image(snapshots=[snapshot], snapshot="s-nowhere")
    assert cloud.image(of_instance).made_from == "instance"
    assert cloud.image(of_list).snapshots == (snapshot,)


def test_an_image_of_nothing_is_refused(cloud, acme):
    """CREATE-1."""
    with refused(cloud, "MissingParameter", operation="CreateImage"):
        acme.create_image()


def test_an_image_has_exactly_one_snapshot_of_a_system_disk(cloud, acme):
    """CREATE-5, STRUCT-1."""
    web = machine(acme, data_disks=[20])
    system, data = (acme.create_snapshot(disk) for disk in cloud.instance(web).disks)
    for wrong in ([], [data], [system, system], [system, acme.create_snapshot(web)]):
        with refused(cloud, "OperationDenied", operation="CreateImage"):
            acme.create_image(snapshots=wrong)
    with refused(cloud, "OperationDenied", operation="CreateImage"):
        acme.create_image(snapshot=data)


def test_an_image_has_at_most_sixteen_snapshots_of_data_disks(cloud, acme):
    """STRUCT-1 (G: CreateImage)."""
    web = machine(acme, data_disks=[20])
    system = acme.create_snapshot(web)
    (disk,) = cloud.instance(web).data_disks
    data = [acme.create_snapshot(disk) for _ in range(17)]
    acme.create_image(snapshots=[system, *data[:16]])
    with refused(cloud, "OperationDenied", operation="CreateImage"):
        acme.create_image(snapshots=[system, *data])


def test_an_image_needs_snapshots_of_ones_own_that_exist(cloud, acme, partner):
    web = machine(acme)
    gone, theirs = acme.create_snapshot(web), partner.create_snapshot(machine(partner))
    acme.delete_snapshot(gone)
    for snapshot in (gone, theirs, "s-nowhere"):
        with refused(cloud, "InvalidSnapshotId.NotFound", operation="CreateImage"):
            acme.create_image(snapshot=snapshot)
        with refused(cloud, "InvalidSnapshotId.NotFound", operation="CreateImage"):
            acme.create_image(snapshots=[snapshot])


def test_the_snapshots_of_an_image_lie_in_one_region(cloud, acme):
    """TYPE-3."""
    system = acme.create_snapshot(machine(acme))
    (disk,) = cloud.instance(machine(acme, region=HANGZHOU, data_disks=[20])).data_disks
    away = acme.create_snapshot(disk)
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="CreateImage"):
        acme.create_image(snapshots=[system, away])


def test_snapshots_are_given_as_a_list(cloud, acme):
    snapshot = acme.create_snapshot(machine(acme))
    with unusable(cloud, "snapshots is a list"):
        acme.create_image(snapshots=snapshot)


# Names, families, quotas --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ab", "a" * 128, "a:b_c.d-e1", "黄金镜像"])
def test_a_name_has_2_to_128_characters_and_begins_with_a_letter(cloud, acme, name):
    """CREATE-11 (G: CreateImage), conflict 39: a period is allowed everywhere."""
    assert cloud.image(golden_image(acme, name)).name == name


@pytest.mark.parametrize(
    "name", ["a", "a" * 129, "1abc", "-abc", "a b", "a/b", "http://ab", "HTTPS://ab", "a\n", ".ab", "_ab"]
)
def test_other_names_are_refused(cloud, acme, name):
    """CREATE-11, for every command that takes a name."""
    web, image = machine(acme), golden_image(acme)
    for operation, command in {
        "CreateImage": lambda: acme.create_image(web, name=name),
        "ImportImage": lambda: acme.import_image(region=BEIJING, file=5, name=name),
        "CopyImage": lambda: acme.copy_image(image, to=HANGZHOU, name=name),
        "ModifyImageAttribute": lambda: acme.modify_image(image, name=name),
    }.items():
        with refused(cloud, "InvalidImageName.Malformed", operation=operation):
            command()


@pytest.mark.parametrize("name", ["aliyun-golden", "acs:golden"])
def test_imports_copies_and_renamings_do_not_take_the_services_own_names(cloud, acme, name):
    """CREATE-11: on copy, import and modify a name does not begin with aliyun or acs:."""
    image = golden_image(acme)
    for operation, command in {
        "ImportImage": lambda: acme.import_image(region=BEIJING, file=5, name=name),
        "CopyImage": lambda: acme.copy_image(image, to=HANGZHOU, name=name),
        "ModifyImageAttribute": lambda: acme.modify_image(image, name=name),
    }.items():
        with refused(cloud, "InvalidImageName.Malformed", operation=operation):
            command()


def test_a_name_is_used_once_in_an_account_and_region(cloud, acme, partner):
    """CREATE-11: free again when the image is deleted, and free elsewhere all along."""
    first = golden_image(acme, "golden")
    web, other = machine(acme), golden_image(acme, "other")
    for operation, command in {
        "CreateImage": lambda: acme.create_image(web, name="golden"),
        "ImportImage": lambda: acme.import_image(region=BEIJING, file=5, name="golden"),
        "ModifyImageAttribute": lambda: acme.modify_image(other, name="golden"),
    }.items():
        with refused(cloud, "InvalidImageName.Duplicated", operation=operation):
            command()
    golden_image(partner, "golden")
    acme.import_image(region=HANGZHOU, file=5, name="golden")
    acme.delete_image(first)
    acme.create_image(web, name="golden")


def test_an_image_without_a_name_is_called_by_its_id(cloud, acme):
    image = golden_image(acme)
    assert cloud.image(image).name == image
    assert image.startswith("m-")  # ID-1


def test_an_account_has_at_most_a_hundred_images_in_a_region(cloud, acme):
    """UNK-8, CREATE-10, DEL-5: deleting one frees its place."""
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    images = [acme.create_image(snapshot=snapshot) for _ in range(100)]
    away = golden_image(acme, region=HANGZHOU)
    for operation, command in {
        "CreateImage": lambda: acme.create_image(web),
        "ImportImage": lambda: acme.import_image(region=BEIJING, file=5),
        "CopyImage": lambda: acme.copy_image(away, to=BEIJING),
    }.items():
        with refused(cloud, "QuotaExceed.Image", operation=operation):
            command()
    acme.delete_image(images[0])
    acme.create_image(web)


def test_changes_to_an_image(cloud, acme):
    """STATUS-2, FAM-2: status, name and family change together or not at all."""
    image = golden_image(acme, "golden")
    acme.modify_image(image, status="Deprecated", name="old-golden", family="web")
    changed = cloud.image(image)
    assert (changed.status, changed.name, changed.family) == ("Deprecated", "old-golden", "web")
    with refused(cloud, "InvalidImageName.Malformed", operation="ModifyImageAttribute"):
        acme.modify_image(image, status="Available", name="1")
    acme.modify_image(image, status="Available")
    assert cloud.image(image).status == "Available"


def test_an_image_is_deprecated_once_and_made_available_again_once(cloud, acme):
    """STATUS-2, STATUS-4 (G: ModifyImageAttribute.Status)."""
    image = golden_image(acme)
    with refused(cloud, "ImageStatus.NotDeprecated", operation="ModifyImageAttribute"):
        acme.modify_image(image, status="Available")
    acme.modify_image(image, status="Deprecated")
    with refused(cloud, "ImageStatus.NotAvailable", operation="ModifyImageAttribute"):
        acme.modify_image(image, status="Deprecated")


@pytest.mark.parametrize("status", ["deprecated", "Deleted", "", 1])
def test_an_image_is_set_to_available_or_deprecated_only(cloud, acme, status):
    image = golden_image(acme)
    with unusable(cloud, "Available or Deprecated"):
        acme.modify_image(image, status=status)


def test_only_the_owner_changes_an_image_and_only_while_it_exists(cloud, acme, partner):
    """TYPE-4: nobody edits a public or a shared image."""
    image, gone = golden_image(acme), golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    acme.delete_image(gone)
    public = "aliyun_3_x64_20G_alibase_20251030.vhd"
    for account, which in ((partner, image), (acme, gone), (acme, public), (acme, "m-nowhere")):
        with refused(cloud, "InvalidImageId.NotFound", operation="ModifyImageAttribute"):
            account.modify_image(which, name="mine-now")


def test_a_family_name_can_be_changed_but_not_taken_away(cloud, acme):
    """FAM-2 (R: zh image family overview 2021-07-06)."""
    image = acme.create_image(machine(acme), family="web")
    acme.modify_image(image, family="shop")
    assert cloud.image(image).family == "shop"
    with unchanged(cloud), pytest.raises(EcsImagesError):
        acme.modify_image(image, family="")


@pytest.mark.parametrize("family", ["w", "w" * 129, "aliyun-web", "ACS:web"])
def test_a_family_name_follows_the_services_rules(cloud, acme, family):
    """FAM-2: 2 to 128 characters, not beginning with aliyun or acs: (G: CreateImage)."""
    web = machine(acme)
    image = acme.create_image(web)
    with refused(cloud, "InvalidImageFamily.Malformed", operation="CreateImage"):
        acme.create_image(web, family=family)
    with refused(cloud, "InvalidImageFamily.Malformed", operation="ModifyImageAttribute"):
        acme.modify_image(image, family=family)


def test_a_full_family_and_a_full_region_of_families_leave_their_members_free_to_change(cloud, acme):
    """FAM-2: at most 100 images a family and 100 families a region; an image leaves its own place first.

    A region has no more than 100 images either (UNK-8), so a hundred and first image is refused before.
    """
    snapshot, away = acme.create_snapshot(machine(acme)), acme.create_snapshot(machine(acme, region=HANGZHOU))
    members = [acme.create_image(snapshot=snapshot, family="web") for _ in range(100)]
    with refused(cloud, "QuotaExceed.Image", operation="CreateImage"):
        acme.create_image(snapshot=snapshot, family="web")
    acme.create_image(snapshot=away, family="web")  # the same name in another region is another family
    acme.modify_image(members[0], family="web", name="stays-where-it-is")
    for number, image in enumerate(members):
        acme.modify_image(image, family=f"family-{number}")
    acme.modify_image(members[0], family="renamed")
    assert cloud.image(members[0]).family == "renamed"


def test_a_change_of_nothing_is_refused(cloud, acme):
    image = golden_image(acme)
    with unusable(cloud, "give a status, name, family or licence_type of m-00000001"):
        acme.modify_image(image)
