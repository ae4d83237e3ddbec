"""Retention of snapshots: when they go, and what holds that up (SNAP-7, SNAP-9)."""

from __future__ import annotations

import pytest
from helpers import BEIJING, HANGZHOU, golden_image, machine, refused, stored_gib, unusable
from strategies import local

import ecs_images as ecs
from ecs_images import Cloud
from ecs_images.ledger import events as ev
from ecs_images.units import parse_time


@pytest.fixture
def web(acme):
    return machine(acme)


def test_a_snapshot_goes_when_its_days_are_over_counted_from_its_creation(cloud, acme, web):
    """SNAP-7: to the second."""
    cloud.at("2026-01-15T10:30:15")
    snapshot = acme.create_snapshot(web, retention_days=3)
    cloud.at("2026-01-18T10:30:14")
    assert (cloud.snapshot(snapshot).deleted_at, stored_gib(cloud)) == (None, 12)
    cloud.at("2026-01-20")
    assert cloud.snapshot(snapshot).deleted_at == parse_time("2026-01-18T10:30:15")
    assert stored_gib(cloud) == 0


def test_a_snapshot_without_days_is_kept_for_ever(cloud, acme, web):
    snapshot = acme.create_snapshot(web)
    cloud.at("2036-01-15")
    assert cloud.snapshot(snapshot).deleted_at is None


def test_what_is_stored_is_billed_until_the_retention_ends(cloud, acme, web):
    """12 GiB for 30 days of 24 h, the 720 h of a month: 12 × 0.12 = 1.44 CNY, however long the bill."""
    acme.create_snapshot(web, retention_days=30)
    cloud.at("2026-06-01")
    assert ecs.bill(cloud, until="2026-06-01").total() == pytest.approx(1.44, rel=1e-12)
    assert ecs.bill(cloud, until="2026-01-30").total() == pytest.approx(1.44 / 2, rel=1e-12)


def test_retentions_end_in_order_of_time_between_other_things(cloud, acme, web):
    """Each at its own moment, whatever the order in which they were given."""
    days = (5, 2, 9, 2, 7)
    for number in days:
        acme.create_snapshot(web, retention_days=number)
    cloud.at("2026-02-01")
    gone = [event.at for event in cloud.ledger if isinstance(event, ev.SnapshotDeleted)]
    assert gone == [local(2026, 1, 15 + number) for number in sorted(days)]


def test_a_snapshot_that_takes_longer_than_it_is_kept_goes_when_it_is_finished():
    """3000 GiB take 1500 minutes, an hour more than a day."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme, data_disks=[{"size": 3000, "written": 3000}])
    snapshot = acme.create_snapshot(cloud.instance(web).data_disks[0], retention_days=1)
    cloud.at("2026-01-16T00:30")
    assert cloud.snapshot(snapshot).status == "progressing"
    cloud.at("2026-01-17")
    assert cloud.snapshot(snapshot).deleted_at == local(2026, 1, 16, 1)


# What needs it ----------------------------------------------------------------------------------------


def test_a_snapshot_behind_an_image_goes_as_soon_as_the_image_does(cloud, acme, web):
    """SNAP-9."""
    snapshot = acme.create_snapshot(web, retention_days=3)
    image = acme.create_image(snapshot=snapshot)
    cloud.at("2026-01-25")
    assert cloud.snapshot(snapshot).deleted_at is None
    acme.delete_image(image)
    assert cloud.snapshot(snapshot).deleted_at == local(2026, 1, 25)


def test_a_snapshot_behind_two_images_waits_for_both(cloud, acme, web):
    """SNAP-9."""
    snapshot = acme.create_snapshot(web, retention_days=1)
    images = [acme.create_image(snapshot=snapshot) for _ in range(2)]
    cloud.at("2026-01-20")
    acme.delete_image(images[0])
    assert cloud.snapshot(snapshot).deleted_at is None
    acme.delete_image(images[1])
    assert cloud.snapshot(snapshot).deleted_at == cloud.now


def test_a_snapshot_that_a_disk_came_from_goes_as_soon_as_the_disk_does(cloud, acme, web):
    """SNAP-9, SDEL-3: a disk goes back to it; one that is released does not."""
    snapshot = acme.create_snapshot(web, retention_days=1)
    disk = acme.create_disk(region=BEIJING, snapshot=snapshot)
    cloud.at("2026-01-20")
    assert cloud.snapshot(snapshot).deleted_at is None
    acme.release_disk(disk)
    assert cloud.snapshot(snapshot).deleted_at == cloud.now


def test_an_image_deleted_before_the_days_are_over_changes_nothing_yet(cloud, acme, web):
    snapshot = acme.create_snapshot(web, retention_days=9)
    acme.delete_image(acme.create_image(snapshot=snapshot))
    assert cloud.snapshot(snapshot).deleted_at is None
    cloud.at("2026-01-24")
    assert cloud.snapshot(snapshot).deleted_at == cloud.now


def test_a_refused_command_ends_no_retention(cloud, acme, partner, web):
    """SNAP-9."""
    snapshot = acme.create_snapshot(web, retention_days=1)
    image = acme.create_image(snapshot=snapshot)
    acme.share_image(image, with_accounts=[partner])
    cloud.at("2026-01-20")
    with refused(cloud, "ImageUseShared"):
        acme.delete_image(image)
    assert cloud.snapshot(snapshot).deleted_at is None


def test_a_fork_and_a_replay_hold_a_retention_up_as_the_cloud_does(cloud, acme, web):
    """SNAP-9: what is over but needed goes there too, when the image does."""
    snapshot = acme.create_snapshot(web, retention_days=1)
    image = acme.create_image(snapshot=snapshot)
    cloud.at("2026-01-20")
    acme.write(web, new=1)
    for other in (cloud.fork(), Cloud.from_ledger(cloud.ledger)):
        other.at("2026-01-22")
        assert other.snapshot(snapshot).deleted_at is None
        other.account("acme").delete_image(image)
        assert other.snapshot(snapshot).deleted_at == local(2026, 1, 22)
    assert cloud.snapshot(snapshot).deleted_at is None


def test_a_copy_has_no_retention_of_its_original(cloud, acme, web):
    away = acme.copy_snapshot(acme.create_snapshot(web, retention_days=2), to=HANGZHOU)
    cloud.at("2026-03-01")
    assert (cloud.snapshot(away).retention_days, cloud.snapshot(away).deleted_at) == (None, None)


def test_a_bill_past_the_clock_ignores_a_retention_that_an_image_holds_up(cloud, acme, web):
    """SNAP-9: nothing acts, so nothing is refused."""
    snapshot = acme.create_snapshot(web, retention_days=1)
    with unusable(cloud, "end of a retention acts on 2026-01-16"):
        ecs.bill(cloud, until="2026-02-01")
    acme.create_image(snapshot=snapshot)
    assert ecs.bill(cloud, until="2026-02-14").total() == pytest.approx(1.44, rel=1e-12)


# Changing it ------------------------------------------------------------------------------------------


def test_a_retention_can_be_extended(cloud, acme, web):
    """SNAP-7: still counted from the creation."""
    snapshot = acme.create_snapshot(web, retention_days=3)
    cloud.at("2026-01-17")
    acme.modify_snapshot(snapshot, retention_days=10)
    cloud.at("2026-02-01")
    assert cloud.snapshot(snapshot).deleted_at == local(2026, 1, 25)


@pytest.mark.parametrize("days", [3, 2])
def test_a_retention_is_not_shortened_nor_set_to_what_it_is(cloud, acme, web, days):
    """SNAP-7."""
    snapshot = acme.create_snapshot(web, retention_days=3)
    with refused(cloud, "InvalidRetentionDays.Malformed", operation="ModifySnapshotAttribute"):
        acme.modify_snapshot(snapshot, retention_days=days)


def test_a_snapshot_kept_for_ever_cannot_be_given_days(cloud, acme, web):
    """SNAP-7: that would shorten it."""
    snapshot = acme.create_snapshot(web)
    with refused(cloud, "InvalidRetentionDays.Malformed"):
        acme.modify_snapshot(snapshot, retention_days=65536)


def test_a_snapshot_can_be_renamed(cloud, acme, web):
    snapshot = acme.create_snapshot(web, name="before", retention_days=4)
    acme.modify_snapshot(snapshot, name="after")
    assert (cloud.snapshot(snapshot).name, cloud.snapshot(snapshot).retention_days) == ("after", 4)
    with refused(cloud, "InvalidSnapshotName.Malformed", operation="ModifySnapshotAttribute"):
        acme.modify_snapshot(snapshot, name="auto")
    with refused(cloud, "NoAttributeToModify", operation="ModifySnapshotAttribute"):
        acme.modify_snapshot(snapshot)


@pytest.mark.parametrize("days", [0, -1, 65537])
def test_days_outside_the_range_are_refused(cloud, acme, web, days):
    """SNAP-7: 1 to 65536."""
    acme.create_snapshot(web, retention_days=65536)
    with refused(cloud, "InvalidRetentionDays.Malformed", operation="CreateSnapshot"):
        acme.create_snapshot(web, retention_days=days)


@pytest.mark.parametrize("days", [1.5, "3", True])
def test_days_are_a_whole_number(cloud, acme, web, days):
    with unusable(cloud, "retention_days is a whole number"):
        acme.create_snapshot(web, retention_days=days)


def test_nobody_modifies_the_snapshot_of_another_or_one_that_is_gone(cloud, acme, partner, web):
    snapshot = acme.create_snapshot(web, retention_days=1)
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="ModifySnapshotAttribute"):
        partner.modify_snapshot(snapshot, name="mine")
    cloud.at("2026-01-17")
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="ModifySnapshotAttribute"):
        acme.modify_snapshot(snapshot, retention_days=5)


def test_an_image_made_on_the_day_its_snapshot_would_go_is_in_time_only_before(cloud, acme, web):
    """SNAP-7: at the very moment the snapshot is gone."""
    snapshot = acme.create_snapshot(web, retention_days=1)
    cloud.at("2026-01-16")
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="CreateImage"):
        acme.create_image(snapshot=snapshot)


def test_deleting_an_image_with_its_snapshots_deletes_each_once(cloud, acme):
    """UNK-7 beside SNAP-9."""
    image = golden_image(acme)
    (snapshot,) = cloud.image(image).snapshots
    acme.create_image(snapshot=snapshot)
    acme.delete_image(image, with_snapshots=True)
    assert cloud.snapshot(snapshot).deleted_at is None
