"""Snapshots: taking them, their chain, and what may be deleted when."""

from __future__ import annotations

import pytest
from helpers import golden_image, machine, refused, unchanged

from ecs_images import Cloud


def test_the_first_snapshot_of_a_disk_stores_what_was_ever_written(cloud, acme):
    """SNAP-1, SNAP-2, SNAP-EX-9 (R: Incremental snapshots 2020-11-10): 122 GiB of a 200 GiB disk."""
    web = machine(acme, data_disks=[{"size": 200, "written": 122}])
    (data,) = cloud.instance(web).data_disks
    snapshot = cloud.snapshot(acme.create_snapshot(data, name="first"))
    assert cloud.chain(data).total_gib == 122
    assert (snapshot.disk, snapshot.kind, snapshot.size_gib, snapshot.name) == (data, "data", 200, "first")
    assert (snapshot.account, snapshot.status, snapshot.number) == ("acme", "accomplished", 1)


def test_a_snapshot_of_an_unchanged_disk_stores_nothing_more(cloud, acme):
    """SNAP-2."""
    web = machine(acme)
    acme.create_snapshot(web)
    second = acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 12
    assert cloud.snapshot(second).content_bytes == 12 * 2**30  # yet it can restore all


def test_snapshots_of_different_disks_form_different_chains(cloud, acme):
    """CHAIN-1, ID-2: a chain holds the snapshots of one disk; its id begins with sl-."""
    web = machine(acme, data_disks=[{"size": 20, "written": 3}])
    system, data = (acme.create_snapshot(disk) for disk in cloud.instance(web).disks)
    assert cloud.chain(system).snapshots == (system,)
    assert cloud.chain(data).snapshots == (data,)
    assert cloud.chain(system).id.startswith("sl-")


def test_an_instance_from_an_image_starts_a_chain_of_its_own(cloud, acme):
    """CHAIN-4: its first snapshot is full, though the image's snapshot holds the same."""
    web = machine(acme, image=golden_image(acme))
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 12


def test_deleting_a_middle_snapshot_frees_what_no_other_needs(cloud, acme):
    """CHAIN-2 (R: Incremental snapshots): S1 A B C D; S2 B1 C1; S3 B2. 7 blocks, then 6.

    A block is taken as 1 GiB here.
    """
    web = machine(acme, written=4)
    acme.create_snapshot(web)
    acme.write(web, overwrite=2, offset=1)
    second = acme.create_snapshot(web)
    acme.write(web, overwrite=1, offset=1)
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 7
    acme.delete_snapshot(second)
    assert cloud.chain(web).total_gib == 6


def test_a_disk_has_at_most_256_snapshots_taken_by_hand(cloud, acme):
    """SNAP-6, CREATE-10 (R: Limits 2021-07-12); an image of the instance needs one more as well."""
    web = machine(acme)
    first, *_ = [acme.create_snapshot(web) for _ in range(256)]
    with refused(cloud, "QuotaExceed.Snapshot", operation="CreateSnapshot"):
        acme.create_snapshot(web)
    with refused(cloud, "QuotaExceed.Snapshot", operation="CreateImage"):
        acme.create_image(web)
    acme.delete_snapshot(first)
    acme.create_snapshot(web)


def test_before_august_2019_a_disk_had_at_most_64():
    """SNAP-6, conflict 23 (R: Limits history)."""
    cloud = Cloud(start="2019-07-31")
    acme = cloud.account("acme")
    web = machine(acme, image="aliyun_2")
    for _ in range(64):
        acme.create_snapshot(web)
    with refused(cloud, "QuotaExceed.Snapshot"):
        acme.create_snapshot(web)
    cloud.at("2019-08-01")
    acme.create_snapshot(web)


@pytest.mark.parametrize("name", ["x", "x" * 129, "http://x", "https://x", "auto-1", "AUTO"])
def test_a_snapshot_name_follows_the_services_rules(cloud, acme, name):
    """2 to 128 characters, not beginning with http://, https:// or auto (R: CreateSnapshot)."""
    web = machine(acme)
    acme.create_snapshot(web, name="xx")
    acme.create_snapshot(web, name="x" * 128)
    with refused(cloud, "InvalidSnapshotName.Malformed", operation="CreateSnapshot"):
        acme.create_snapshot(web, name=name)


def test_nobody_snapshots_a_disk_that_is_not_theirs(cloud, acme, partner):
    web = machine(acme)
    for disk in (web, cloud.instance(web).system_disk, "d-nowhere"):
        with refused(cloud, "InvalidDiskId.NotFound", operation="CreateSnapshot"):
            partner.create_snapshot(disk)


def test_a_stopped_instance_can_be_snapshotted(cloud, acme):
    """SNAP-5 (G: CreateSnapshot): Running or Stopped."""
    web = machine(acme)
    acme.stop_instance(web)
    assert cloud.snapshot(acme.create_snapshot(web)).status == "accomplished"


# Deleting -----------------------------------------------------------------------------------------


def test_a_deleted_snapshot_is_gone_and_its_storage_with_it(cloud, acme):
    snapshot = acme.create_snapshot(machine(acme))
    acme.delete_snapshot(snapshot)
    assert cloud.snapshot(snapshot).deleted_at == cloud.now
    assert cloud.chain(cloud.snapshot(snapshot).chain).total_gib == 0


def test_deleting_an_unknown_snapshot_or_one_gone_already_is_ignored(cloud, acme):
    """SDEL-1 (G: DeleteSnapshot)."""
    snapshot = acme.create_snapshot(machine(acme))
    acme.delete_snapshot(snapshot)
    with unchanged(cloud):
        acme.delete_snapshot(snapshot)
        acme.delete_snapshot("s-never-was")


def test_nobody_deletes_a_snapshot_that_is_not_theirs(cloud, acme, partner):
    snapshot = acme.create_snapshot(machine(acme))
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="DeleteSnapshot"):
        partner.delete_snapshot(snapshot)


def test_not_even_a_receiver_of_the_image_deletes_its_snapshot(cloud, acme, partner):
    """SHARE-7: what is shared is the image, to use."""
    image = golden_image(acme)
    acme.share_image(image, with_accounts=[partner])
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="DeleteSnapshot"):
        partner.delete_snapshot(cloud.image(image).system_snapshot, force=True)


@pytest.mark.parametrize("force", [False, True])
def test_a_snapshot_behind_an_image_cannot_go_before_the_image(cloud, acme, force):
    """SDEL-2, STRUCT-7 (G: DeleteSnapshot): not even by force."""
    image = golden_image(acme, data_disks=[{"size": 20, "written": 3}])
    for snapshot in cloud.image(image).snapshots:
        with refused(cloud, "SnapshotCreatedImage", operation="DeleteSnapshot") as caught:
            acme.delete_snapshot(snapshot, force=force)
        assert caught.value.ids == {"snapshot": snapshot, "image": image}
    acme.delete_image(image)
    for snapshot in cloud.image(image).snapshots:
        acme.delete_snapshot(snapshot, force=force)


def test_a_snapshot_behind_two_images_waits_for_both(cloud, acme):
    """SDEL-2: until every such image is deleted."""
    snapshot = acme.create_snapshot(machine(acme))
    images = [acme.create_image(snapshot=snapshot) for _ in range(2)]
    for image in images:
        with refused(cloud, "SnapshotCreatedImage"):
            acme.delete_snapshot(snapshot)
        acme.delete_image(image)
    acme.delete_snapshot(snapshot)


def test_a_snapshot_that_made_disks_goes_only_by_force(cloud, acme):
    """SDEL-3 (G: DeleteSnapshot)."""
    image = golden_image(acme, data_disks=[{"size": 20, "written": 3}])
    web = machine(acme, image=image)
    (data,) = cloud.image(image).data_snapshots
    acme.delete_image(image, force=True)
    with refused(cloud, "SnapshotCreatedDisk", operation="DeleteSnapshot") as caught:
        acme.delete_snapshot(data)
    assert caught.value.ids == {"snapshot": data, "disk": cloud.instance(web).data_disks[0]}
    acme.delete_snapshot(data, force=True)
    assert cloud.instance(web).status == "Running"


def test_a_snapshot_whose_disks_are_released_needs_no_force(cloud, acme):
    """SDEL-3."""
    image = golden_image(acme, data_disks=[{"size": 20, "written": 3}])
    acme.release_instance(machine(acme, image=image), force=True)
    (data,) = cloud.image(image).data_snapshots
    acme.delete_image(image)
    acme.delete_snapshot(data)
