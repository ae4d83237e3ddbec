"""Disks: writing to them, putting them back to where they began, and replacing a system disk."""

from __future__ import annotations

import pytest
from helpers import BEIJING, golden_image, machine, refused, stored_gib, unusable

from ecs_images import Cloud, CloudError

MIB = 1 / 1024  # GiB


def stopped(account, **others) -> str:
    instance = machine(account, **others)
    account.stop_instance(instance)
    return instance


# Writing ------------------------------------------------------------------------------------------


def test_new_and_overwritten_blocks_are_what_the_next_snapshot_stores(cloud, acme):
    """SNAP-2 (W: how-do-snapshots-work 2025-11-10): 12 first, then 3 new and 2 changed."""
    web = machine(acme)
    acme.create_snapshot(web)
    acme.write(web, new=3, overwrite=2, offset=5)
    second = acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 12 + 3 + 2
    assert cloud.chain(web).exclusive_gib(second) == 5


def test_writing_the_same_place_twice_between_two_snapshots_counts_once(cloud, acme):
    """SNAP-2."""
    web = machine(acme)
    acme.create_snapshot(web)
    acme.write(web, overwrite=2)
    acme.write(web, overwrite=2)
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 12 + 2


def test_a_disk_id_and_its_instance_id_mean_the_same_system_disk(cloud, acme):
    web = machine(acme, written=1)
    acme.write(cloud.instance(web).system_disk, new=1)
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 2


def test_a_part_of_a_block_takes_the_whole_block(cloud, acme):
    """SNAP-3, UNK-1: blocks have 2 MiB, so 1 MiB written takes 2."""
    web = machine(acme, written=1)
    acme.write(web, new=1 * MIB)
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 1 + 2 * MIB


def test_overwriting_across_the_border_of_two_blocks_takes_both(cloud, acme):
    """SNAP-2, SNAP-3: of blocks of 2 MiB, the bytes from 1 to 3 MiB lie in the first and the second."""
    web = machine(acme, written=4 * MIB)  # 2 blocks
    acme.create_snapshot(web)
    acme.write(web, overwrite=2 * MIB, offset=1 * MIB)
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == (4 + 4) * MIB


def test_the_block_size_is_a_parameter():
    """SNAP-3, UNK-1: with blocks of 1 GiB, 1 MiB takes 1 GiB."""
    cloud = Cloud(start="2026-01-15", block_size_mib=1024)
    acme = cloud.account("acme")
    web = machine(acme, written=1)
    acme.write(web, new=1 * MIB)
    acme.create_snapshot(web)
    assert cloud.chain(web).total_gib == 2


@pytest.mark.parametrize("field", ["new", "overwrite", "offset"])
@pytest.mark.parametrize("size", [-1, float("nan"), float("inf"), "1", None, True])
def test_what_is_written_is_a_size(cloud, acme, field, size):
    web = machine(acme)
    with unusable(cloud, field):
        acme.write(web, **{"new": 1, "overwrite": 1, field: size})


def test_writing_nothing_is_an_input_error(cloud, acme):
    web = machine(acme)
    with unusable(cloud, "offset says where the overwriting begins"):
        acme.write(web, new=1, offset=3)
    with unusable(cloud, "nothing is written"):
        acme.write(web)


def test_writing_stays_on_the_disk(cloud, acme):
    web = machine(acme)  # 12 of 40 GiB
    acme.write(web, overwrite=12)
    with unusable(cloud, "beyond"):
        acme.write(web, overwrite=12, offset=1)
    acme.write(web, new=28)
    with unusable(cloud, "do not fit"):
        acme.write(web, new=1)


def test_nobody_writes_to_a_disk_that_is_not_theirs(cloud, acme, partner):
    web = machine(acme)
    for disk in (web, cloud.instance(web).system_disk, "d-nowhere"):
        with refused(cloud, "InvalidDiskId.NotFound"):
            partner.write(disk, new=1)


# Re-initialising ----------------------------------------------------------------------------------


def test_a_system_disk_goes_back_to_its_image(cloud, acme):
    """REINIT-1 (G: ReInitDisk): same disk id, old snapshots stay, all its blocks are new."""
    image = golden_image(acme)
    web = stopped(acme, image=image, written=15)
    first, disk = acme.create_snapshot(web), cloud.instance(web).system_disk
    acme.reinit_disk(web)
    second = acme.create_snapshot(disk)
    assert cloud.instance(web).system_disk == disk
    assert cloud.chain(disk).snapshots == (first, second)
    assert cloud.chain(disk).exclusive_gib(second) == 12
    assert cloud.chain(disk).total_gib == 15 + 12


def test_a_data_disk_goes_back_to_its_snapshot_or_to_empty(cloud, acme):
    """REINIT-1."""
    image = golden_image(acme, data_disks=[{"size": 20, "written": 3}])
    web = stopped(acme, image=image, data_disks=[{"size": 20, "written": 5}])
    from_snapshot, born_empty = cloud.instance(web).data_disks
    acme.write(from_snapshot, new=4)
    for disk in (from_snapshot, born_empty):
        acme.reinit_disk(disk)
        acme.create_snapshot(disk)
    assert cloud.chain(from_snapshot).total_gib == 3
    assert cloud.chain(born_empty).total_gib == 0


def test_a_disk_of_a_running_instance_is_not_re_initialised(cloud, acme):
    """REINIT-1: the instance must be Stopped."""
    web = machine(acme)
    with refused(cloud, "IncorrectInstanceStatus", operation="ReInitDisk"):
        acme.reinit_disk(web)


def test_nobody_re_initialises_a_disk_that_is_not_theirs_or_is_gone(cloud, acme, partner):
    web = stopped(acme)
    gone = cloud.instance(stopped(acme)).system_disk
    acme.release_instance(cloud.disk(gone).instance)
    for account, disk in ((partner, web), (acme, gone), (acme, "d-nowhere")):
        with refused(cloud, "InvalidDiskId.NotFound", operation="ReInitDisk"):
            account.reinit_disk(disk)


def test_a_disk_whose_image_is_deleted_is_not_re_initialised(cloud, acme):
    """REINIT-2, DEL-2 (G: DeleteImage): the instance goes on, starts and stops."""
    image = golden_image(acme)
    web = stopped(acme, image=image)
    acme.delete_image(image, force=True)
    with refused(cloud, "InvalidImageId.NotFound", operation="ReInitDisk"):
        acme.reinit_disk(web)
    acme.start_instance(web)
    assert cloud.instance(web).status == "Running"


def test_a_disk_whose_image_is_deprecated_can_be_re_initialised(cloud, acme):
    """REINIT-3."""
    image = golden_image(acme)
    web = stopped(acme, image=image)
    acme.modify_image(image, status="Deprecated")
    acme.reinit_disk(web)


def test_a_data_disk_whose_snapshot_is_deleted_is_not_re_initialised(cloud, acme):
    """REINIT-2, SDEL-3 (G: DeleteSnapshot)."""
    image = golden_image(acme, data_disks=[{"size": 20, "written": 3}])
    web = stopped(acme, image=image)
    (data,) = cloud.image(image).data_snapshots
    acme.delete_image(image, force=True)
    acme.delete_snapshot(data, force=True)
    with refused(cloud, "InvalidSourceSnapshot", operation="ReInitDisk"):
        acme.reinit_disk(cloud.instance(web).data_disks[0])


# Replacing a system disk --------------------------------------------------------------------------


def test_replacing_the_system_disk_gives_a_new_disk_and_releases_the_old(cloud, acme):
    """OS-1, OS-7 (G: ReplaceSystemDisk; W: replace-the-operating-system 2025-09-16)."""
    web = stopped(acme)
    old = cloud.instance(web).system_disk
    new = acme.replace_system_disk(web, "ubuntu_22_04", written=5)
    instance = cloud.instance(web)
    assert (instance.system_disk, instance.status) == (new, "Running")
    assert instance.image == cloud.disk(new).image == "ubuntu_22_04_x64_20G_alibase_20240601.vhd"
    assert cloud.disk(old).released_at == cloud.now
    assert cloud.disk(new).size_gib == 40  # the old size when none is given


def test_old_snapshots_stay_and_the_new_disk_starts_a_new_chain(cloud, acme):
    """OS-4, CHAIN-4 (R: Replace a system disk 2020-11-12): the first snapshot is full again."""
    web = stopped(acme)
    old = acme.create_snapshot(web)
    acme.replace_system_disk(web, "ubuntu_22_04", written=5)
    new = acme.create_snapshot(web)
    assert cloud.chain(old).id != cloud.chain(new).id
    assert (cloud.chain(old).total_gib, cloud.chain(new).total_gib) == (12, 5)


def test_a_replacement_uses_only_the_system_disk_of_an_image_with_data_disks(cloud, acme):
    """OS-3 (W: faq-about-replacing-the-operating-system 2024-08-19): data disks stay as they are."""
    image = golden_image(acme, data_disks=[{"size": 20, "written": 3}])
    web = stopped(acme, data_disks=[30])
    before = cloud.instance(web).data_disks
    acme.replace_system_disk(web, image)
    assert cloud.instance(web).data_disks == before
    assert cloud.instance(web).image == image


def test_linux_is_replaced_by_windows_and_back(cloud, acme):
    """OS-1."""
    web = stopped(acme)
    acme.replace_system_disk(web, "windows_2022", written=20)
    assert cloud.instance(web).lineage.platform == "Windows"
    acme.stop_instance(web)
    acme.replace_system_disk(web, "aliyun_3", written=2)
    assert cloud.instance(web).lineage.platform == "Linux"


def test_a_running_instance_keeps_its_system_disk(cloud, acme):
    """OS-1: the instance must be Stopped."""
    web = machine(acme)
    with refused(cloud, "IncorrectInstanceStatus", operation="ReplaceSystemDisk"):
        acme.replace_system_disk(web, "ubuntu_22_04")


def test_a_replacement_fits_the_image_and_the_range_of_sizes(cloud, acme):
    """OS-2, STRUCT-6 (G: ReplaceSystemDisk.SystemDisk.Size)."""
    large = acme.import_image(region=BEIJING, file=5, system_disk=60)
    web = stopped(acme)
    with refused(cloud, "InvalidSystemDiskSize.LessThanImageSize", operation="ReplaceSystemDisk"):
        acme.replace_system_disk(web, large, system_disk=59)
    with refused(cloud, "InvalidSystemDiskSize.MoreThanMaxSize", operation="ReplaceSystemDisk"):
        acme.replace_system_disk(web, large, system_disk=2049)
    assert cloud.disk(acme.replace_system_disk(web, large)).size_gib == 60


def test_a_replacement_has_at_least_twenty_gib(cloud, acme):
    """STRUCT-6."""
    small = acme.import_image(region=BEIJING, file=5, system_disk=10)
    web = stopped(acme, system_disk=20)
    with refused(cloud, "InvalidSystemDiskSize.LessThanMinSize", operation="ReplaceSystemDisk"):
        acme.replace_system_disk(web, small, system_disk=10)


def test_a_replacement_is_never_smaller_than_the_old_system_disk(cloud, acme):
    """OS-2 (G: ReplaceSystemDisk): the new size is not below that of the old disk."""
    web = stopped(acme, system_disk=100)
    with pytest.raises(CloudError, match="InvalidSystemDiskSize"):
        acme.replace_system_disk(web, "ubuntu_22_04", system_disk=99)


def test_a_replacement_needs_an_image_of_the_machines_architecture(cloud, acme):
    """ARCH-1, USE-1."""
    web = stopped(acme)
    with refused(cloud, "ImageNotSupportInstanceType", operation="ReplaceSystemDisk"):
        acme.replace_system_disk(web, "aliyun_3_arm64")


@pytest.mark.parametrize("size", [-1, 0, float("nan"), float("inf"), "40", 40.5, True])
def test_a_replacements_size_is_a_whole_number_above_zero(cloud, acme, size):
    web = stopped(acme)
    with unusable(cloud, "system_disk"):
        acme.replace_system_disk(web, "aliyun_3", system_disk=size)


def test_a_replacement_by_a_deleted_or_unknown_image_is_refused(cloud, acme):
    web, image = stopped(acme), golden_image(acme)
    acme.delete_image(image)
    for reference in (image, "m-nowhere", "plan9"):
        with refused(cloud, "InvalidImageId.NotFound", operation="ReplaceSystemDisk"):
            acme.replace_system_disk(web, reference)
    assert stored_gib(cloud) == 12
