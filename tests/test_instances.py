"""Instances: what starts them, how large their disks may be, and how they stop and go."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, NOT_A_SIZE, golden_image, machine, refused, unusable

from ecs_images import Cloud, UnknownName

X86_32 = "win2008_32_std_sp2_zh-cn_40G_alibase_20190517.vhd"


def test_an_instance_runs_from_its_image_on_a_new_system_disk(cloud, acme):
    web = cloud.instance(machine(acme))
    disk = cloud.disk(web.system_disk)
    assert (web.account, web.region, web.status, web.data_disks) == ("acme", BEIJING, "Running", ())
    assert web.image == disk.image == "aliyun_3_x64_20G_alibase_20251030.vhd"
    assert (disk.kind, disk.size_gib, disk.instance) == ("system", 40, web.id)
    assert web.launched_at == cloud.now


def test_an_instance_type_not_given_is_a_small_one_of_the_right_architecture(cloud, acme):
    """ASSUME-2."""
    intel, arm = machine(acme), machine(acme, image="aliyun_3_arm64")
    assert cloud.instance(intel).instance_type == "ecs.g6.large"
    assert cloud.instance(arm).instance_type == "ecs.g6r.large"


def test_a_system_disk_not_given_has_forty_gib_or_the_size_of_the_image(cloud, acme):
    """STRUCT-6 (R: Limits 2021-07-12; G: ReplaceSystemDisk): max(40, image size)."""
    large = acme.import_image(region=BEIJING, file=5, system_disk=60)
    for image, size in (("aliyun_3", 40), (large, 60)):  # aliyun_3 has 20 GiB
        instance = acme.run_instance(region=BEIJING, image=image)
        assert cloud.disk(cloud.instance(instance).system_disk).size_gib == size


def test_a_system_disk_is_never_smaller_than_its_image(cloud, acme):
    """STRUCT-6, USE-1 (R: RunInstances errors): aliyun_3 has 20 GiB."""
    machine(acme, system_disk=20)
    with refused(cloud, "InvalidSystemDiskSize.LessThanImageSize", operation="RunInstances"):
        machine(acme, system_disk=19)


@pytest.mark.parametrize(("start", "largest"), [("2021-07-12", 500), ("2026-01-15", 2048)])
def test_the_largest_system_disk_depends_on_the_year(start, largest):
    """STRUCT-6, conflict 32: 500 GiB in 2021, 2048 GiB today."""
    cloud = Cloud(start=start)
    acme = cloud.account("acme")
    machine(acme, system_disk=largest)
    with refused(cloud, "InvalidSystemDiskSize.ValueNotSupported", operation="RunInstances"):
        machine(acme, system_disk=largest + 1)


def test_a_system_disk_has_at_least_twenty_gib_even_for_a_smaller_image(cloud, acme):
    """STRUCT-6 (G: ReplaceSystemDisk.SystemDisk.Size)."""
    small = acme.import_image(region=BEIJING, file=5, system_disk=10)
    with refused(cloud, "InvalidSystemDiskSize.ValueNotSupported", operation="RunInstances"):
        acme.run_instance(region=BEIJING, image=small, system_disk=10)


@pytest.mark.parametrize("size", [*NOT_A_SIZE[:-1], 40.5])
def test_a_system_disk_size_is_a_whole_number_above_zero(cloud, acme, size):
    with unusable(cloud, "system_disk"):
        machine(acme, system_disk=size)


@pytest.mark.parametrize("written", [-1, float("nan"), float("inf"), "12", 40.001])
def test_what_is_written_is_a_size_that_fits_the_disk(cloud, acme, written):
    with unusable(cloud, "written"):
        machine(acme, written=written)


def test_what_is_written_includes_what_the_image_holds(cloud, acme):
    golden = golden_image(acme)  # 12 GiB
    with unusable(cloud, "already holds"):
        machine(acme, image=golden, written=11)
    assert cloud.chain(machine(acme, image=golden, written=15)).total_gib == 0  # no snapshot yet


def test_data_disks_are_sizes_or_sizes_with_what_is_written(cloud, acme):
    web = machine(acme, data_disks=[20, {"size": 200}, {"size": 300, "written": 122}])
    disks = [cloud.disk(disk) for disk in cloud.instance(web).data_disks]
    assert [(disk.kind, disk.size_gib) for disk in disks] == [("data", 20), ("data", 200), ("data", 300)]
    acme.create_snapshot(disks[2].id)
    assert cloud.chain(disks[2].id).total_gib == 122


@pytest.mark.parametrize("size", [19, 32769])
def test_a_data_disk_has_20_to_32768_gib(cloud, acme, size):
    """STRUCT-3 (G: CreateImage.DiskDeviceMapping.Size): the same range holds at a launch."""
    machine(acme, data_disks=[20, 32768])
    with refused(cloud, "InvalidDataDiskSize.ValueNotSupported", operation="RunInstances"):
        machine(acme, data_disks=[size])


@pytest.mark.parametrize(
    "data_disks",
    [
        *([size] for size in NOT_A_SIZE),
        [20.5],
        [{"written": 1}],
        [{"size": 20, "name": "x"}],
        [{"size": 20, "written": 21}],
        [{"size": 20, "written": -1}],
        [{"size": 20, "written": float("nan")}],
        "20",
        {"size": 20},
        20,
    ],
)
def test_data_disks_that_make_no_sense_are_input_errors(cloud, acme, data_disks):
    with unusable(cloud, "data"):
        machine(acme, data_disks=data_disks)


def test_an_instance_has_at_most_sixteen_data_disks(cloud, acme):
    assert len(cloud.instance(machine(acme, data_disks=[20] * 16)).data_disks) == 16
    with refused(cloud, "InstanceDiskCategoryLimitExceed", operation="RunInstances"):
        machine(acme, data_disks=[20] * 17)


def test_an_image_with_data_disks_brings_them_along(cloud, acme):
    """STRUCT-4 (R: Create an ECS instance by using a custom image 2020-10-24)."""
    image = golden_image(acme, data_disks=[{"size": 200, "written": 122}])
    web = machine(acme, image=image, data_disks=[50])
    brought, extra = (cloud.disk(disk) for disk in cloud.instance(web).data_disks)
    assert (brought.size_gib, brought.snapshot) == (200, cloud.image(image).data_snapshots[0])
    assert (extra.size_gib, extra.snapshot) == (50, None)
    acme.create_snapshot(brought.id)
    assert cloud.chain(brought.id).total_gib == 122
    with refused(cloud, "InstanceDiskCategoryLimitExceed"):  # 1 + 16
        machine(acme, image=image, data_disks=[20] * 16)


def test_an_unknown_region_names_the_nearest_ones(cloud, acme):
    with refused(cloud, "InvalidRegionId.NotFound", operation="RunInstances") as caught:
        machine(acme, region="cn-bejing")
    assert "cn-beijing" in caught.value.reason


def test_an_unknown_instance_type_names_the_nearest_ones(cloud, acme):
    with unusable(cloud, "unknown instance type") as caught:
        machine(acme, instance_type="ecs.g6.largest")
    assert isinstance(caught.value, UnknownName)
    assert "ecs.g6.large" in caught.value.nearest


@pytest.mark.parametrize(
    ("image", "instance_type"), [("aliyun_3", "ecs.g6r.large"), ("aliyun_3_arm64", "ecs.g6.large")]
)
def test_an_image_runs_only_on_its_architecture(cloud, acme, image, instance_type):
    """ARCH-1, USE-1 (R: RunInstances errors)."""
    with refused(cloud, "ImageNotSupportInstanceType", operation="RunInstances"):
        machine(acme, image=image, instance_type=instance_type)


def test_a_32_bit_image_runs_below_four_gib_of_memory_only(cloud, acme):
    """ARCH-1 (R: Limits 2021-07-12): not on types with 4 GiB or more."""
    machine(acme, image=X86_32, instance_type="ecs.t6-c1m1.large")  # 2 GiB
    with refused(cloud, "ImageNotSupportInstanceType"):
        machine(acme, image=X86_32, instance_type="ecs.c5.large")  # 4 GiB


def test_an_instance_stops_starts_and_stops_again(cloud, acme):
    web = machine(acme)
    acme.stop_instance(web)
    assert (cloud.instance(web).status, cloud.instance(web).stop_mode) == ("Stopped", "standard")
    acme.start_instance(web)
    assert (cloud.instance(web).status, cloud.instance(web).stop_mode) == ("Running", None)


def test_an_instance_stops_only_when_it_runs_and_starts_only_when_it_is_stopped(cloud, acme):
    web = machine(acme)
    with refused(cloud, "IncorrectInstanceStatus", operation="StartInstance"):
        acme.start_instance(web)
    acme.stop_instance(web)
    with refused(cloud, "IncorrectInstanceStatus", operation="StopInstance"):
        acme.stop_instance(web)


def test_an_instance_stops_in_standard_or_economical_mode(cloud, acme):
    web = machine(acme)
    with unusable(cloud, "standard or economical"):
        acme.stop_instance(web, mode="cheap")


@pytest.mark.parametrize(("start", "suspended"), [("2021-06-04", False), ("2025-06-10", True)])
def test_an_economical_stop_suspends_the_licence_today_but_not_in_2021(start, suspended):
    """IBILL-3, conflict 7 (W: economical-mode 2025-06-10)."""
    cloud = Cloud(start=start)
    acme = cloud.account("acme")
    modes = []
    for mode in ("economical", "standard"):
        acme.stop_instance(machine(acme), mode=mode)
        modes.append(cloud.ledger[len(cloud.ledger) - 1].licence_suspended)
    assert modes == [suspended, False]


def test_a_running_instance_is_released_only_by_force(cloud, acme):
    web = machine(acme)
    with refused(cloud, "IncorrectInstanceStatus", operation="DeleteInstance"):
        acme.release_instance(web)
    acme.release_instance(web, force=True)
    assert cloud.instance(web).status == "Released"
    assert cloud.instance(web).released_at == cloud.now


def test_releasing_an_instance_releases_its_disks_but_not_their_snapshots(cloud, acme):
    """SNAP-8 (R: Snapshot FAQ)."""
    web = machine(acme, data_disks=[{"size": 20, "written": 3}])
    disks = cloud.instance(web).disks
    snapshots = [acme.create_snapshot(disk) for disk in disks]
    acme.stop_instance(web)
    acme.release_instance(web)
    assert all(cloud.disk(disk).released_at for disk in disks)
    assert [cloud.chain(snapshot).total_gib for snapshot in snapshots] == [12, 3]
    with refused(cloud, "InvalidDiskId.NotFound", operation="CreateSnapshot"):
        acme.create_snapshot(disks[0])


COMMANDS = {
    "StopInstance": lambda account, instance: account.stop_instance(instance),
    "StartInstance": lambda account, instance: account.start_instance(instance),
    "DeleteInstance": lambda account, instance: account.release_instance(instance, force=True),
    "ReplaceSystemDisk": lambda account, instance: account.replace_system_disk(instance, "aliyun_3"),
    "CreateImage": lambda account, instance: account.create_image(instance),
}


@pytest.mark.parametrize("operation", COMMANDS)
def test_nobody_commands_an_instance_that_is_not_theirs_or_is_gone(cloud, acme, partner, operation):
    """CREATE-4 (R: Create a custom image from an instance): a released instance is no source either."""
    web, gone = machine(acme), machine(acme)
    acme.release_instance(gone, force=True)
    for account, instance in ((partner, web), (acme, gone), (acme, "i-nowhere")):
        with refused(cloud, "InvalidInstanceId.NotFound", operation=operation):
            COMMANDS[operation](account, instance)


def test_instances_in_two_regions_do_not_meet(cloud, acme):
    machine(acme, region=BEIJING)
    away = machine(acme, region=HANGZHOU)
    assert cloud.instance(away).region == cloud.disk(cloud.instance(away).system_disk).region == HANGZHOU
