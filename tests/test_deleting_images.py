"""Deleting images: what stays, what must end first, and who may do it."""

from __future__ import annotations

import pytest
from helpers import HANGZHOU, golden_image, machine, refused, stored_gib, unchanged

import ecs_images as ecs
from ecs_images import Cloud, InputError

DATA = {"size": 200, "written": 122}


def test_deleting_an_image_leaves_its_snapshots_and_their_storage(cloud, acme):
    """DEL-5 (R: Delete a custom image; G): 12 + 122 GiB stay until both snapshots go."""
    image = golden_image(acme, data_disks=[DATA])
    acme.delete_image(image)
    assert (cloud.image(image).status, cloud.image(image).deleted_at) == ("Deleted", cloud.now)
    assert stored_gib(cloud) == 134
    for snapshot in cloud.image(image).snapshots:
        acme.delete_snapshot(snapshot)
    assert stored_gib(cloud) == 0


def test_nothing_new_starts_from_a_deleted_image(cloud, acme, partner):
    """DEL-2, SHARE-9: for nobody."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    acme.unshare_image(image, from_accounts=[partner])
    acme.delete_image(image)
    for account in (acme, partner):
        with refused(cloud, "InvalidImageId.NotFound", operation="RunInstances"):
            machine(account, image=image)
    with refused(cloud, "InvalidImageId.NotFound", operation="CopyImage"):
        acme.copy_image(image, to=HANGZHOU)


def test_an_image_in_use_is_deleted_only_by_force(cloud, acme):
    """DEL-2 (G; W: DeleteImage 2026-06-18): its instances run on."""
    image = golden_image(acme)
    web = machine(acme, image=image)
    with refused(cloud, "ImageUsingByInstance", operation="DeleteImage") as caught:
        acme.delete_image(image)
    assert caught.value.ids == {"image": image, "instance": web}
    acme.delete_image(image, force=True)
    assert cloud.instance(web).status == "Running"


def test_an_image_whose_instances_moved_on_needs_no_force(cloud, acme):
    """DEL-2."""
    image = golden_image(acme)
    web = machine(acme, image=image)
    acme.stop_instance(web)
    acme.replace_system_disk(web, "aliyun_3")
    acme.delete_image(image)


@pytest.mark.parametrize("force", [False, True])
def test_a_shared_image_is_not_deleted_before_it_is_unshared(cloud, acme, partner, force):
    """DEL-3, SHARE-10 (R: Delete a custom image 2020-12-10): not even by force."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "ImageUseShared", operation="DeleteImage"):
        acme.delete_image(image, force=force)
    acme.unshare_image(image, from_accounts=[partner])
    acme.delete_image(image)


@pytest.mark.parametrize("force", [False, True])
def test_a_community_image_is_unpublished_before_it_is_deleted(cloud, acme, force):
    """DEL-6, COMM-1."""
    image = golden_image(acme)
    acme.publish_image(image)
    with refused(cloud, "ImageIsPublic", operation="DeleteImage"):
        acme.delete_image(image, force=force)
    acme.unpublish_image(image)
    acme.delete_image(image)


def test_deleting_an_unknown_image_or_one_gone_already_is_ignored(cloud, acme):
    """DEL-1, conflict 17 (G: DeleteImage)."""
    image = golden_image(acme)
    acme.delete_image(image)
    with unchanged(cloud):
        acme.delete_image(image)
        acme.delete_image("m-never-was")


def test_only_the_owner_deletes_an_image(cloud, acme, partner):
    """TYPE-4, SHARE-7, conflict 17."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "InvalidImageId.NotFound", operation="DeleteImage"):
        partner.delete_image(image, force=True)


@pytest.mark.parametrize("answer", ["allowed", "refused"])
def test_whether_an_image_that_failed_may_go_is_an_assumption(answer):
    """UNK-10: no page says; both are allowed unless supposed otherwise, and the bill names it."""
    cloud = Cloud(start="2026-01-15", durations="typical", assume={"UNK-10": answer})
    acme = cloud.account("acme")
    web = machine(acme)
    failed = acme.create_image(web)
    acme.stop_instance(web)  # which fails the snapshots under way
    assert cloud.image(failed).status == "CreateFailed"
    if answer == "refused":
        with refused(cloud, "ImageIsCreating", operation="DeleteImage"):
            acme.delete_image(failed)
    else:
        acme.delete_image(failed)
        assert "UNK-10" in set(ecs.bill(cloud, until="2026-02-01").assumptions()["assumption"])


@pytest.mark.parametrize(
    "assume", [{"ASSUME-0": "x"}, {"UNK-10": "maybe"}, {"UNK-11": "full"}, "UNK-10", {10: "refused"}]
)
def test_only_what_no_source_settles_and_has_several_answers_can_be_supposed(assume):
    with pytest.raises(InputError):
        Cloud(start="2026-01-15", assume=assume)
