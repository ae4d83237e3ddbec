"""Disks of their own: created, attached, detached, turned back, released; categories and local disks."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, NOT_A_SIZE, golden_image, machine, refused, stored_gib, unchanged, unusable

import ecs_images as ecs
from ecs_images import Cloud, Story


@pytest.fixture
def web(acme):
    return machine(acme, data_disks=[{"size": 40, "written": 10}])


def own_disk(acme, size=40, **others):
    return acme.create_disk(region=BEIJING, size=size, **others)


def stopped(acme, **others):
    instance = machine(acme, **others)
    acme.stop_instance(instance)
    return instance


# Creating ---------------------------------------------------------------------------------------------


def test_a_disk_of_its_own_is_an_empty_data_disk(cloud, acme):
    """STRUCT-3: 20 to 32768 GiB."""
    disk = cloud.disk(own_disk(acme, 20))
    assert (disk.kind, disk.size_gib, disk.instance, disk.image, disk.snapshot) == ("data", 20, None, None, None)
    assert cloud.chain(disk).total_gib == 0
    own_disk(acme, 32768)
    for size in (19, 32769):
        with refused(cloud, "InvalidDataDiskSize.ValueNotSupported", operation="CreateDisk"):
            own_disk(acme, size)


def test_a_basic_disk_has_5_to_2000_gib(cloud, acme):
    """STRUCT-3, at a launch as well."""
    assert cloud.disk(own_disk(acme, 5, category="cloud")).category == "cloud"
    own_disk(acme, 2000, category="cloud")
    for size in (4, 2001):
        with refused(cloud, "InvalidDataDiskSize.ValueNotSupported"):
            own_disk(acme, size, category="cloud")
        with refused(cloud, "InvalidDataDiskSize.ValueNotSupported", operation="RunInstances"):
            machine(acme, data_disks=[{"size": size, "category": "cloud"}])


@pytest.mark.parametrize("kind", ["system", "data"])
def test_a_disk_from_a_snapshot_holds_what_that_holds_in_a_chain_of_its_own(cloud, acme, web, kind):
    """CHAIN-4: of a snapshot of 12 GiB of a system disk, or 10 of a data disk; its first snapshot is full."""
    source = cloud.instance(web).disks[kind == "data"]
    held = 10 if kind == "data" else 12
    snapshot = acme.create_snapshot(source)
    disk = acme.create_disk(region=BEIJING, snapshot=snapshot)
    assert (cloud.disk(disk).size_gib, cloud.disk(disk).snapshot, cloud.disk(disk).kind) == (40, snapshot, "data")
    acme.attach_disk(disk, web)
    acme.create_snapshot(disk)
    assert cloud.chain(disk).id != cloud.chain(snapshot).id
    assert cloud.chain(disk).total_gib == held


def test_a_disk_from_a_snapshot_may_be_larger_and_hold_more(cloud, acme, web):
    snapshot = acme.create_snapshot(cloud.instance(web).data_disks[0])
    disk = acme.create_disk(region=BEIJING, snapshot=snapshot, size=60, written=25)
    acme.attach_disk(disk, web)
    acme.create_snapshot(disk)
    assert (cloud.disk(disk).size_gib, cloud.chain(disk).total_gib) == (60, 25)


def test_a_disk_is_no_smaller_than_its_snapshot_and_holds_no_less(cloud, acme, web):
    """STRUCT-3."""
    snapshot = acme.create_snapshot(cloud.instance(web).data_disks[0])
    with refused(cloud, "InvalidDiskSize.TooSmall", operation="CreateDisk"):
        acme.create_disk(region=BEIJING, snapshot=snapshot, size=39)
    with refused(cloud, "InvalidDiskSize.TooSmall", operation="RunInstances"):
        machine(acme, data_disks=[{"snapshot": snapshot, "size": 39}])
    with unusable(cloud, "less than the 10 GiB"):
        acme.create_disk(region=BEIJING, snapshot=snapshot, written=9)
    with unusable(cloud, "do not fit"):
        acme.create_disk(region=BEIJING, snapshot=snapshot, written=41)


def test_a_disk_needs_a_size_or_a_finished_snapshot_of_the_account_in_its_region(acme, partner, cloud, web):
    snapshot = acme.create_snapshot(web)
    with refused(cloud, "MissingParameter", operation="CreateDisk"):
        acme.create_disk(region=BEIJING)
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="CreateDisk"):
        acme.create_disk(region=HANGZHOU, snapshot=snapshot)
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="CreateDisk"):
        partner.create_disk(region=BEIJING, snapshot=snapshot)
    with refused(cloud, "InvalidRegionId.NotFound", operation="CreateDisk"):
        acme.create_disk(region="cn-atlantis", size=20)


def test_no_disk_is_made_of_an_unfinished_snapshot():
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    snapshot = acme.create_snapshot(machine(acme))
    with refused(cloud, "InvalidSnapshotId.NotReady", operation="CreateDisk"):
        acme.create_disk(region=BEIJING, snapshot=snapshot)


@pytest.mark.parametrize("size", [size for size in NOT_A_SIZE if size is not None] + [20.5])
def test_a_disks_size_is_a_whole_number_above_zero(cloud, acme, size):
    with unusable(cloud, "size"):
        own_disk(acme, size)


@pytest.mark.parametrize("category", ["cloud_essd", "local_ssd", 3])
def test_an_unknown_category_is_named(cloud, acme, category):
    with unusable(cloud, "category"):
        own_disk(acme, category=category)
    with unusable(cloud, "category"):
        machine(acme, data_disks=[{"size": 20, "category": category}])
    with unusable(cloud, "category"):
        machine(acme, system_disk_category=category)


def test_a_disk_from_an_encrypted_snapshot_is_encrypted_under_its_key(cloud, acme):
    """UNK-16, a named assumption of the disk."""
    image = acme.copy_image(golden_image(acme), to=HANGZHOU, encrypted=True, kms_key="key-1")
    disk = cloud.disk(acme.create_disk(region=HANGZHOU, snapshot=cloud.image(image).system_snapshot))
    assert (disk.encrypted, disk.kms_key) == (True, "key-1")
    assert cloud.ledger[-1].assumed == ("UNK-16",)


# Categories -------------------------------------------------------------------------------------------


def test_the_category_of_a_disk_is_essd_pl0_unless_chosen(acme, cloud):
    """ASSUME-8."""
    system, data = (cloud.disk(disk) for disk in cloud.instance(machine(acme, data_disks=[20])).disks)
    assert (system.category, system.category_supposed) == ("cloud_essd_pl0", True)
    assert (data.category, data.category_supposed) == ("cloud_essd_pl0", True)
    chosen = cloud.disk(own_disk(acme, category="cloud_essd_pl0"))
    assert (chosen.category, chosen.category_supposed) == ("cloud_essd_pl0", False)


def test_another_category_can_be_supposed():
    cloud = Cloud(start="2026-01-15", assume={"ASSUME-8": "cloud_essd_pl1"})
    assert cloud.disk(machine_disk(cloud)).category == "cloud_essd_pl1"
    with pytest.raises(ecs.InputError, match="ASSUME-8 is cloud or"):
        Cloud(start="2026-01-15", assume={"ASSUME-8": "floppy"})


def machine_disk(cloud):
    return cloud.instance(machine(cloud.account("acme"))).system_disk


@pytest.mark.parametrize(
    ("category", "least"), [("cloud_essd_pl2", 461), ("cloud_essd_pl3", 1261), ("cloud_ssd", 20), ("cloud", 20)]
)
def test_the_smallest_system_disk_goes_by_its_category(cloud, acme, category, least):
    """STRUCT-6 (G: ReplaceSystemDisk.SystemDisk.Size)."""
    small = acme.import_image(region=BEIJING, file=1, system_disk=1)
    launch = {"image": small, "written": 1, "system_disk_category": category}
    machine(acme, system_disk=least, **launch)
    with refused(cloud, "InvalidSystemDiskSize.ValueNotSupported", operation="RunInstances"):
        machine(acme, system_disk=least - 1, **launch)


def test_a_system_disk_of_pl0_by_choice_may_have_one_gib(cloud, acme):
    """STRUCT-6: what is only supposed keeps to what holds for all, 20 GiB."""
    small = acme.import_image(region=BEIJING, file=1, system_disk=1)
    machine(acme, image=small, system_disk=1, written=1, system_disk_category="cloud_essd_pl0")
    with refused(cloud, "InvalidSystemDiskSize.ValueNotSupported"):
        machine(acme, image=small, system_disk=1, written=1)


def test_a_basic_system_disk_has_500_gib_at_most(cloud, acme):
    """STRUCT-6."""
    machine(acme, system_disk=500, system_disk_category="cloud")
    with refused(cloud, "InvalidSystemDiskSize.ValueNotSupported"):
        machine(acme, system_disk=501, system_disk_category="cloud")


def test_a_new_system_disk_keeps_the_category_of_the_old_one(cloud, acme):
    """OS-1."""
    web = stopped(acme, system_disk_category="cloud_ssd")
    acme.replace_system_disk(web, "ubuntu_22_04", written=5)
    new = cloud.disk(cloud.instance(web).system_disk)
    assert (new.category, new.category_supposed) == ("cloud_ssd", False)


# Launching with disks from snapshots ------------------------------------------------------------------


def test_a_snapshot_that_made_a_disk_goes_by_force_only():
    """SDEL-3, as a story: a second machine launched with a disk from the first one's snapshot."""
    story = Story.parse("""
        start: 2026-06-01
        accounts: [team]
        steps:
          - run_instance: {as: vm, account: team, region: cn-hangzhou, image: ubuntu_24_04, written: 5,
                           data_disks: [{size: 100, written: 30}]}
          - create_snapshot: {as: s, account: team, disk: vm.data_disk_1}
          - run_instance: {as: vm2, account: team, region: cn-hangzhou, image: ubuntu_24_04, written: 5,
                           data_disks: [{snapshot: s, category: cloud_essd_pl1}]}
          - delete_snapshot: {account: team, snapshot: s}
            refused: SnapshotCreatedDisk
          - delete_snapshot: {account: team, snapshot: s, force: true}
          - stop_instance: {account: team, instance: vm2}
          - reinit_disk: {account: team, disk: vm2.data_disk_1}
            refused: InvalidSourceSnapshot
        """)
    run = story.run()
    assert all(outcome.passed for outcome in run.outcomes)
    (disk,) = run.cloud.instance(run.ids["vm2"]).data_disks
    assert (run.cloud.disk(disk).size_gib, run.cloud.disk(disk).category) == (100, "cloud_essd_pl1")


@pytest.mark.slow
def test_a_story_that_names_an_unknown_snapshot_for_a_disk_is_told_before_it_runs():
    with pytest.raises(ecs.FileProblems, match="unknown snapshot 'sn'"):
        Story.parse("""
            start: 2026-06-01
            accounts: [team]
            steps:
              - run_instance: {account: team, region: cn-hangzhou, image: ubuntu_24_04, data_disks: [{snapshot: sn}]}
            """)


def test_a_launch_takes_snapshots_of_data_disks_only(cloud, acme, web):
    """R: RunInstances; a disk created from a system disk's snapshot can be attached instead."""
    snapshot = acme.create_snapshot(web)
    with refused(cloud, "InvalidSnapshotId.NotDataDiskSnapshot", operation="RunInstances"):
        machine(acme, data_disks=[{"snapshot": snapshot}])


@pytest.mark.parametrize("disk", [{}, {"written": 3}, {"size": 20, "colour": "red"}, {"snapshot": 3}, {"size": "20"}])
def test_a_data_disk_at_a_launch_says_its_size_or_its_snapshot(cloud, acme, disk):
    with unusable(cloud, "data disk 1"):
        machine(acme, data_disks=[disk])


# Attaching and detaching ------------------------------------------------------------------------------


def test_an_attached_disk_belongs_to_its_instance_and_its_images(cloud, acme, web):
    """CREATE-2: an image of the instance has a snapshot of it too: 12 + 10 + 4 GiB."""
    disk = own_disk(acme)
    acme.attach_disk(disk, web)
    acme.write(disk, new=4)
    assert cloud.instance(web).data_disks[-1] == disk
    image = acme.create_image(web)
    assert len(cloud.image(image).data_snapshots) == 2
    assert stored_gib(cloud) == 26


def test_a_disk_is_in_one_place_only(cloud, acme, web):
    disk, other = own_disk(acme), machine(acme)
    acme.attach_disk(disk, web)
    for instance in (web, other):
        with refused(cloud, "IncorrectDiskStatus", operation="AttachDisk"):
            acme.attach_disk(disk, instance)
    acme.detach_disk(disk)
    acme.attach_disk(disk, other)
    assert (cloud.disk(disk).instance, len(cloud.instance(web).data_disks)) == (other, 1)


def test_a_disk_is_attached_in_its_region(cloud, acme):
    disk, there = own_disk(acme), machine(acme, region=HANGZHOU)
    with refused(cloud, "ResourcesNotInSameZone", operation="AttachDisk"):
        acme.attach_disk(disk, there)


def test_a_detached_disk_lives_on_when_its_instance_is_released(cloud, acme, web):
    """G: DetachDisk, DeleteInstance."""
    (kept,) = cloud.instance(web).data_disks
    acme.detach_disk(kept)
    acme.release_instance(web, force=True)
    assert (cloud.disk(kept).instance, cloud.disk(kept).released_at) == (None, None)
    acme.create_snapshot(kept)
    assert cloud.chain(kept).total_gib == 10


def test_launched_disks_go_with_their_instance_and_disks_attached_later_stay(cloud, acme, web):
    """SNAP-8; G: AttachDisk, DeleteWithInstance is false unless asked for."""
    (launched,) = cloud.instance(web).data_disks
    stays, goes = own_disk(acme), own_disk(acme)
    acme.attach_disk(stays, web)
    acme.attach_disk(goes, web, delete_with_instance=True)
    acme.release_instance(web, force=True)
    gone = {disk: cloud.disk(disk).released_at for disk in (launched, stays, goes)}
    assert gone == {launched: cloud.now, stays: None, goes: cloud.now}
    assert cloud.disk(stays).instance is None


def test_what_goes_with_an_instance_can_be_decided_anew(cloud, acme, web):
    (launched,) = cloud.instance(web).data_disks
    acme.modify_disk(launched, delete_with_instance=False)
    acme.release_instance(web, force=True)
    assert cloud.disk(launched).released_at is None


def test_a_decision_without_effect_is_refused(cloud, acme, web):
    (launched,) = cloud.instance(web).data_disks
    alone = own_disk(acme)
    for disk, decided in (
        (web, {}),
        (launched, {"delete_with_instance": True}),
        (web, {"delete_with_instance": False}),
        (alone, {"delete_with_instance": True}),
    ):
        with unusable(cloud):
            acme.modify_disk(disk, **decided)


def test_a_system_disk_is_neither_detached_nor_released(cloud, acme, web):
    for act in (acme.detach_disk, acme.release_disk):
        for disk in (web, cloud.instance(web).system_disk):
            with refused(cloud, "DiskTypeViolation"):
                act(disk)


def test_an_instance_has_at_most_16_data_disks(cloud, acme):
    full = machine(acme, data_disks=[20] * 16)
    disk = own_disk(acme)
    with refused(cloud, "InstanceDiskLimitExceeded", operation="AttachDisk"):
        acme.attach_disk(disk, full)


def test_a_disk_on_its_own_is_neither_written_to_nor_re_initialised_nor_detached(cloud, acme):
    disk = own_disk(acme)
    with unusable(cloud, "attached to no instance"):
        acme.write(disk, new=1)
    with refused(cloud, "IncorrectDiskStatus", operation="ReInitDisk"):
        acme.reinit_disk(disk)
    with refused(cloud, "InvalidDisk.AlreadyDetached", operation="DetachDisk"):
        acme.detach_disk(disk)


def test_a_disk_that_was_never_attached_has_no_snapshots(cloud, acme, web):
    """SNAP-5 (R: CreateSnapshot): Available, but attached before."""
    disk = own_disk(acme)
    with refused(cloud, "IncorrectDiskStatus.NeverAttached", operation="CreateSnapshot"):
        acme.create_snapshot(disk)
    acme.attach_disk(disk, web)
    acme.detach_disk(disk)
    assert cloud.snapshot(acme.create_snapshot(disk)).status == "accomplished"


def test_a_disk_being_snapshotted_is_neither_detached_nor_rolled_back_nor_released():
    """SNAP-5: 10 GiB take 5 minutes."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    web = stopped(acme, data_disks=[{"size": 40, "written": 10}])
    (disk,) = cloud.instance(web).data_disks
    first = acme.create_snapshot(disk)
    cloud.wait(first)
    acme.write(disk, overwrite=10)
    acme.create_snapshot(disk)
    with refused(cloud, "IncorrectDiskStatus", operation="DetachDisk"):
        acme.detach_disk(disk)
    with refused(cloud, "IncorrectDiskStatus", operation="ResetDisk"):
        acme.rollback_disk(disk, first)
    cloud.advance(hours=1)
    acme.detach_disk(disk)
    acme.rollback_disk(disk, first)  # whose next snapshot is full, and takes 5 minutes
    acme.create_snapshot(disk)
    with refused(cloud, "DiskCreatingSnapshot", operation="DeleteDisk"):
        acme.release_disk(disk)


def test_nobody_touches_the_disks_of_another(cloud, acme, partner, web):
    disk = own_disk(acme)
    for act in (
        lambda: partner.attach_disk(disk, web),
        lambda: partner.detach_disk(disk),
        lambda: partner.release_disk(disk),
        lambda: partner.modify_disk(disk, delete_auto_snapshots=False),
    ):
        with refused(cloud, "InvalidDiskId.NotFound"):
            act()


# Releasing --------------------------------------------------------------------------------------------


def test_a_released_disk_leaves_its_manual_snapshots(cloud, acme, web):
    """SNAP-8."""
    (disk,) = cloud.instance(web).data_disks
    acme.create_snapshot(disk)
    with refused(cloud, "IncorrectDiskStatus", operation="DeleteDisk"):
        acme.release_disk(disk)
    acme.detach_disk(disk)
    acme.release_disk(disk)
    assert cloud.disk(disk).released_at == cloud.now
    assert cloud.chain(disk).total_gib == 10


def test_releasing_an_unknown_or_released_disk_does_nothing(cloud, acme):
    """G: DeleteDisk."""
    disk = own_disk(acme)
    acme.release_disk(disk)
    with unchanged(cloud):
        acme.release_disk(disk)
        acme.release_disk("d-never-was")


# Rolling back -----------------------------------------------------------------------------------------


def test_a_rolled_back_disk_holds_what_its_snapshot_holds_in_new_versions(cloud, acme):
    """ROLL-1: 12 GiB, 5 more, back to 12. The next snapshot stores all 12 anew: 12 + 5 + 12."""
    web = stopped(acme)
    first = acme.create_snapshot(web)
    acme.write(web, new=5)
    acme.create_snapshot(web)
    acme.rollback_disk(web, first)
    last = acme.create_snapshot(web)
    assert cloud.snapshot(last).content_bytes == 12 * 2**30
    assert cloud.chain(web).total_gib == 29


def test_a_rollback_frees_nothing_and_stores_nothing_by_itself(cloud, acme):
    """ROLL-1."""
    web = stopped(acme)
    first = acme.create_snapshot(web)
    acme.rollback_disk(web, first)
    assert cloud.chain(web).total_gib == 12


def test_a_rollback_costs_from_the_next_snapshot_on(cloud, acme):
    """12 GiB for 720 hours at 0.12 CNY a GiB and month (720 h); 24 GiB after a rollback and a snapshot."""
    web = stopped(acme)
    first = acme.create_snapshot(web)
    cloud.advance(days=30)
    acme.rollback_disk(web, first)
    acme.create_snapshot(web)
    cloud.advance(days=30)
    assert ecs.bill(cloud, until=cloud.now).total() == pytest.approx(12 * 0.12 + 24 * 0.12, rel=1e-12)


def test_a_snapshot_of_another_disk_rolls_nothing_back(cloud, acme):
    """ROLL-1, OS-4: of another machine, of the replaced system disk, or a copy."""
    web, other = stopped(acme), stopped(acme)
    of_old = acme.create_snapshot(web)
    away = acme.copy_snapshot(of_old, to=HANGZHOU)
    acme.replace_system_disk(web, "ubuntu_22_04", written=5)
    acme.stop_instance(web)
    for snapshot in (of_old, away, acme.create_snapshot(other)):
        with refused(cloud, "InvalidParameter.Mismatch", operation="ResetDisk"):
            acme.rollback_disk(web, snapshot)


def test_only_a_stopped_instances_disk_is_rolled_back_and_a_detached_one(cloud, acme, web):
    """ROLL-1 (G: ResetDisk): In_use on a Stopped instance, or Available."""
    (disk,) = cloud.instance(web).data_disks
    snapshot = acme.create_snapshot(disk)
    with refused(cloud, "IncorrectInstanceStatus", operation="ResetDisk"):
        acme.rollback_disk(disk, snapshot)
    acme.detach_disk(disk)
    acme.rollback_disk(disk, snapshot)
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="ResetDisk"):
        acme.rollback_disk(disk, "s-nowhere")


# The system disk alone, and local disks ---------------------------------------------------------------


def test_an_image_can_take_the_system_disk_only(cloud, acme, web):
    """What Packer's image_ignore_data_disks does: 12 GiB, not 22."""
    image = cloud.image(acme.create_image(web, image_ignore_data_disks=True))
    assert (len(image.mappings), stored_gib(cloud)) == (1, 12)


def test_ignoring_data_disks_of_snapshots_has_no_effect_and_is_refused(cloud, acme, web):
    snapshot = acme.create_snapshot(web)
    for source in ({"snapshot": snapshot}, {"snapshots": [snapshot]}):
        with unusable(cloud, "image_ignore_data_disks"):
            acme.create_image(**source, image_ignore_data_disks=True)


def test_an_instance_with_local_disks_has_no_image_of_all_its_disks(cloud, acme):
    """SNAP-5, R: CreateImage: of its system disk alone it has one."""
    game = machine(acme, local_disks=1)
    with refused(cloud, "InvalidDiskCategory.CreateImage", operation="CreateImage"):
        acme.create_image(game)
    acme.create_image(game, image_ignore_data_disks=True)
    assert (cloud.instance(game).local_disks, stored_gib(cloud)) == (1, 12)


@pytest.mark.parametrize("count", [-1, 1.0, "1", True, 1001])
def test_local_disks_are_a_count(cloud, acme, count):
    with unusable(cloud, "local_disks is a whole number from 0 to 1000"):
        machine(acme, local_disks=count)


# What was kept ----------------------------------------------------------------------------------------


def test_the_lineage_names_the_instance_a_moved_disk_was_on(cloud, acme, web):
    """A snapshot taken while the disk was on the first machine comes from there, wherever the disk is now."""
    (disk,) = cloud.instance(web).data_disks
    snapshot = acme.create_snapshot(disk)
    acme.copy_snapshot(snapshot, to=HANGZHOU)
    acme.detach_disk(disk)
    acme.attach_disk(disk, machine(acme))
    made = cloud.lineage().query("x_relation == 'made from'")
    assert made["x_source"].tolist() == [web]


def test_a_ledger_with_moved_and_turned_back_disks_replays_from_its_file(cloud, acme, web, tmp_path):
    disk = own_disk(acme, category="cloud_ssd", tags={"team": "web"})
    acme.attach_disk(disk, web, delete_with_instance=True)
    acme.write(disk, new=3)
    snapshot = acme.create_snapshot(disk, retention_days=9)
    acme.modify_disk(disk, delete_auto_snapshots=False)
    acme.detach_disk(disk)
    acme.rollback_disk(disk, snapshot)
    acme.release_disk(disk)
    path = tmp_path / "ledger.jsonl"
    cloud.ledger.save(path)
    again = Cloud.from_ledger(ecs.Ledger.load(path))
    assert again.ledger == cloud.ledger
    assert again.disk(disk) == cloud.disk(disk)
    assert again.state.expiring == cloud.state.expiring
