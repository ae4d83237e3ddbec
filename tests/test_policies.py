"""Automatic snapshot policies: when they act, on which disks, and what they leave (SNAP-6 to SNAP-9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from helpers import BEIJING, HANGZHOU, machine, refused, unusable
from strategies import local, tables

import ecs_images as ecs
from ecs_images import Cloud, Story
from ecs_images.ledger import events as ev
from ecs_images.ledger.automatic import next_slot

DAILY = range(1, 8)


def policy(acme, disks=(), *, hours=(3,), weekdays=DAILY, days=-1, region=BEIJING, **others):
    return acme.create_auto_snapshot_policy(
        region=region,
        time_points=list(hours),
        repeat_weekdays=list(weekdays),
        retention_days=days,
        disks=list(disks),
        **others,
    )


def taken(cloud, disk):
    """When the automatic snapshots of a disk were taken that live."""
    found = [s for s in cloud.state.snapshots.values() if s.policy and not s.deleted_at]
    return [s.started_at for s in found if s.disk == disk or cloud.state.disks[s.disk].instance == disk]


# Slots ------------------------------------------------------------------------------------------------


def test_a_policy_takes_snapshots_at_its_hours_of_its_weekdays_in_utc8(cloud, acme):
    """SNAP-7. The 15th of January 2026 is a Thursday; Monday is 1, and the 19th."""
    web = machine(acme)
    policy(acme, [web], hours=(15, 3), weekdays=(1, 4))
    cloud.at("2026-01-20")
    assert taken(cloud, web) == [local(2026, 1, day, hour) for day in (15, 19) for hour in (3, 15)]
    assert cloud.now == local(2026, 1, 20)


def test_the_next_slot_may_be_a_week_away(cloud, acme):
    found = cloud.policy(policy(acme, hours=(0,), weekdays=(4,)))
    assert next_slot(found, local(2026, 1, 15)) == local(2026, 1, 22)
    assert next_slot(found, local(2026, 1, 15) - timedelta(seconds=1)) == local(2026, 1, 15)


def test_midnight_of_another_zone_is_not_midnight_of_the_billing_clock(acme, cloud):
    """SNAP-7: hour 0 in UTC+8 is 16:00 of the day before in UTC."""
    web = machine(acme)
    policy(acme, [web], hours=(0,))
    cloud.at("2026-01-15T15:59:00+00:00")
    assert taken(cloud, web) == []
    cloud.at("2026-01-15T16:00:00+00:00")
    assert taken(cloud, web) == [local(2026, 1, 16)]


def test_a_slot_at_which_the_clock_stands_is_not_taken_twice(cloud, acme):
    web = machine(acme)
    policy(acme, [web])
    cloud.at("2026-01-15T03:00")
    cloud.at("2026-01-15T03:00")
    assert len(taken(cloud, web)) == 1


def test_a_policy_made_at_the_hour_of_a_slot_begins_with_the_next(cloud, acme):
    web = machine(acme)
    cloud.at("2026-01-15T03:00")
    policy(acme, [web])
    cloud.at("2026-01-16T03:00")
    assert taken(cloud, web) == [local(2026, 1, 16, 3)]


def test_a_slot_is_skipped_while_the_snapshot_before_it_is_still_made():
    """SNAP-7, the rule's own example: 9, 10, 11, 12; what starts at 9 takes 80 minutes (160 GiB); next is 11."""
    cloud = Cloud(start="2026-01-15T08:00", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme, system_disk=200, written=160)
    policy(acme, [web], hours=(9, 10, 11, 12))
    cloud.at("2026-01-15T10:30")
    assert taken(cloud, web) == [local(2026, 1, 15, 9)]
    assert cloud.snapshot("s-00000001").finishes_at == local(2026, 1, 15, 10) + timedelta(minutes=20)
    cloud.at("2026-01-15T12:30")
    assert taken(cloud, web) == [local(2026, 1, 15, hour) for hour in (9, 11, 12)]


def test_a_snapshot_by_hand_that_is_under_way_skips_a_slot_too_and_the_other_way_round():
    """SNAP-5: one at a time per disk."""
    cloud = Cloud(start="2026-01-15T02:30", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme, system_disk=200, written=160)
    acme.create_snapshot(web)
    policy(acme, [web], hours=(3, 4))
    cloud.at("2026-01-15T03:30")
    assert taken(cloud, web) == []
    acme.write(web, overwrite=100)
    cloud.at("2026-01-15T04:10")
    with refused(cloud, "IncorrectDiskStatus.CreatingSnapshot"):
        acme.create_snapshot(web)
    assert taken(cloud, web) == [local(2026, 1, 15, 4)]


def test_a_policy_serves_several_disks_and_a_disk_several_policies(cloud, acme):
    """SNAP-7, conflict 43: since 2026-02-10 a disk may have ten."""
    cloud.at("2026-02-10")
    web, other = machine(acme), machine(acme)
    policy(acme, [web, other], hours=(3,))
    policy(acme, [web], hours=(4,))
    cloud.at("2026-02-11")
    assert taken(cloud, web) == [local(2026, 2, 10, 3), local(2026, 2, 10, 4)]
    assert taken(cloud, other) == [local(2026, 2, 10, 3)]


def test_before_february_2026_a_new_policy_of_a_disk_replaced_its_old_one(cloud, acme):
    """SNAP-7, conflict 43 (R: Snapshot FAQ 2021-03-23)."""
    web = machine(acme)
    old, new = policy(acme, [web], hours=(3,)), policy(acme, [web], hours=(4,))
    disk = cloud.instance(web).system_disk
    assert (cloud.policy(old).disks, cloud.policy(new).disks) == ((), (disk,))
    cloud.at("2026-01-16")
    assert taken(cloud, web) == [local(2026, 1, 15, 4)]


def test_a_disk_has_at_most_ten_policies(cloud, acme):
    """SNAP-7, conflict 43 (W: doc-detail/25457 2026-02-10)."""
    cloud.at("2026-02-10")
    web = machine(acme)
    for hour in range(10):
        policy(acme, [web], hours=(hour,))
    eleventh = policy(acme)
    with refused(cloud, "AutoSnapshotPolicy.QuotaExceed", operation="ApplyAutoSnapshotPolicy"):
        acme.apply_auto_snapshot_policy(eleventh, disks=[web])


def test_automatic_snapshots_say_which_policy_took_them(cloud, acme):
    """SNAP-1."""
    web = machine(acme)
    by_hand = acme.create_snapshot(web)
    made = policy(acme, [web], days=5)
    cloud.at("2026-01-15T03:00")
    automatic = cloud.snapshot("s-00000002")
    assert (cloud.snapshot(by_hand).policy, automatic.policy, automatic.retention_days) == (None, made, 5)
    assert automatic.name == f"auto2.0_20260115_{made}"


def test_a_disk_that_was_never_attached_has_no_automatic_snapshots(cloud, acme):
    """SNAP-5."""
    disk = acme.create_disk(region=BEIJING, size=40)
    policy(acme, [disk])
    assert cloud.next_act is None
    cloud.at("2026-01-20")
    acme.attach_disk(disk, machine(acme))
    cloud.at("2026-01-21")
    assert taken(cloud, disk) == [local(2026, 1, 20, 3)]


# What it leaves and costs -----------------------------------------------------------------------------


def test_a_year_of_daily_snapshots_kept_a_week_stores_seven(cloud, acme):
    """SNAP-7: from the eighth day on one goes as one comes."""
    web = machine(acme)
    policy(acme, [web], days=7)
    cloud.at("2026-01-21T12:00")
    assert len(taken(cloud, web)) == 7
    cloud.at("2027-01-15")
    assert taken(cloud, web) == [local(2027, 1, day, 3) for day in range(8, 15)]


def test_daily_snapshots_of_an_unchanged_disk_cost_what_one_costs():
    """SNAP-7: 10 GiB from June 1st at 3:00 to July 1st, 717 h: 10 × 0.12 / 720 × 717 = 1.195 CNY."""
    story = Story.parse("""
        start: 2026-06-01
        accounts: [team]
        steps:
          - run_instance: {as: vm, account: team, region: cn-hangzhou, image: ubuntu_24_04, system_disk: 40,
                           written: 10}
          - create_auto_snapshot_policy: {as: daily, account: team, region: cn-hangzhou, time_points: [3],
                repeat_weekdays: [1, 2, 3, 4, 5, 6, 7], retention_days: 7, disks: [vm]}
        until: 2026-07-01
        expect:
          - {where: {meter: snapshot_standard}, cost: 1.195}
          - {stored_gib: 10}
        """)
    run = story.run()
    assert run.cloud.now == local(2026, 7, 1)
    assert len(run.cloud.chain(run.ids["vm"]).snapshots) == 7
    assert ecs.bill(run.cloud, until="2026-07-01").total() == pytest.approx(1.195, rel=1e-12)


def test_a_policy_is_the_same_as_the_snapshots_by_hand_that_it_stands_for():
    """Three weekly snapshots with two GiB written before each, by a policy and by hand, bill alike."""
    totals = []
    for automatic in (True, False):
        cloud = Cloud(start="2026-01-15", durations="typical")
        acme = cloud.account("acme")
        web = machine(acme)
        if automatic:
            policy(acme, [web], hours=(3,), weekdays=(1,), days=20)
        for day in ("2026-01-19", "2026-01-26", "2026-02-02"):
            cloud.at(f"{day}T02:00")
            acme.write(web, new=1, overwrite=1)
            cloud.at(f"{day}T03:00")
            if not automatic:
                acme.create_snapshot(web, retention_days=20)
        cloud.at("2026-02-09T02:00")
        totals.append(ecs.bill(cloud, until="2026-02-09T02:00").total())
    assert totals[0] == totals[1] > 0


def test_at_the_cap_the_oldest_automatic_snapshot_goes(cloud, acme):
    """SNAP-6: 1000 of a disk; hourly, the 1001st and 1002nd make the first two go, and none by hand."""
    web = machine(acme)
    by_hand = acme.create_snapshot(web)
    policy(acme, [web], hours=range(24))
    cloud.advance(hours=1000)
    assert taken(cloud, web)[0] == local(2026, 1, 15, 1)
    cloud.advance(hours=2)
    assert len(taken(cloud, web)) == 1000
    assert taken(cloud, web)[0] == local(2026, 1, 15, 3)
    assert cloud.snapshot(by_hand).deleted_at is None


def test_an_automatic_snapshot_that_an_image_needs_is_passed_over_at_the_cap(cloud, acme):
    """SNAP-6, SNAP-9."""
    web = machine(acme)
    policy(acme, [web], hours=range(24))
    cloud.advance(hours=1)
    acme.create_image(snapshot="s-00000001")
    cloud.advance(hours=1000)
    assert taken(cloud, web)[:2] == [local(2026, 1, 15, 1), local(2026, 1, 15, 3)]
    assert len(taken(cloud, web)) == 1000


def test_before_august_2019_manual_and_automatic_snapshots_shared_64():
    """SNAP-6, conflict 23: with 60 by hand only four automatic ones fit, and no 61st by hand."""
    cloud = Cloud(start="2019-07-01")
    acme = cloud.account("acme")
    web = machine(acme, image="aliyun_2")
    for _ in range(60):
        acme.create_snapshot(web)
    policy(acme, [web], hours=range(24))
    cloud.advance(hours=10)
    assert taken(cloud, web) == [local(2019, 7, 1, hour) for hour in (7, 8, 9, 10)]
    with refused(cloud, "QuotaExceed.Snapshot"):
        acme.create_snapshot(web)


# The end of a disk or a policy ------------------------------------------------------------------------


def test_automatic_snapshots_follow_their_disk_unless_it_is_decided_otherwise(cloud, acme):
    """SNAP-8."""
    for keep in (False, True):
        web = machine(acme)
        disk = cloud.instance(web).system_disk
        policy(acme, [web], days=30)
        cloud.advance(days=1)
        by_hand = acme.create_snapshot(web)
        if keep:
            acme.modify_disk(web, delete_auto_snapshots=False)
        acme.release_instance(web, force=True)
        assert len(taken(cloud, disk)) == keep
        assert cloud.snapshot(by_hand).deleted_at is None
    cloud.advance(days=31)
    assert taken(cloud, disk) == []  # its retention went on


def test_an_automatic_snapshot_behind_an_image_outlives_its_disk(cloud, acme):
    """SNAP-8, SNAP-9."""
    web = machine(acme)
    policy(acme, [web], days=3)
    cloud.advance(days=1)
    acme.create_image(snapshot="s-00000001", name="golden")
    acme.release_instance(web, force=True)
    assert cloud.snapshot("s-00000001").deleted_at is None


def test_a_new_system_disk_has_no_policy_any_more(cloud, acme):
    """OS-4 (W: 2025-09-16): set it anew; automatic snapshots of the old disk go with it, manual ones stay."""
    web = machine(acme)
    made, old = policy(acme, [web]), cloud.instance(web).system_disk
    cloud.advance(days=1)
    by_hand = acme.create_snapshot(web)
    acme.stop_instance(web)
    acme.replace_system_disk(web, "ubuntu_22_04", written=5)
    assert (cloud.policy(made).disks, taken(cloud, old)) == ((), [])
    assert cloud.snapshot(by_hand).deleted_at is None
    cloud.advance(days=3)
    assert taken(cloud, cloud.instance(web).system_disk) == []


def test_a_re_initialised_or_rolled_back_disk_keeps_its_policy(cloud, acme):
    """REINIT-1."""
    web = machine(acme)
    made = policy(acme, [web])
    snapshot = acme.create_snapshot(web)
    acme.stop_instance(web)
    acme.reinit_disk(web)
    acme.rollback_disk(web, snapshot)
    assert cloud.policy(made).disks == (cloud.instance(web).system_disk,)


def test_a_cancelled_or_deleted_policy_leaves_what_it_took(cloud, acme):
    """SNAP-7: each snapshot keeps its own retention."""
    web, other = machine(acme), machine(acme)
    first, second = policy(acme, [web], days=5), policy(acme, [other], days=5)
    cloud.advance(days=1)
    acme.cancel_auto_snapshot_policy(disks=[web])
    acme.delete_auto_snapshot_policy(second)
    cloud.advance(days=2)
    assert taken(cloud, web) == taken(cloud, other) == [local(2026, 1, 15, 3)]
    assert (cloud.policy(first).deleted_at, cloud.policy(second).disks) == (None, ())
    cloud.advance(days=3)
    assert taken(cloud, web) == taken(cloud, other) == []


def test_one_of_several_policies_of_a_disk_can_be_cancelled(cloud, acme):
    cloud.at("2026-02-10")
    web = machine(acme)
    first, second = policy(acme, [web]), policy(acme, [web])
    acme.cancel_auto_snapshot_policy(disks=[web], policy=first)
    assert (cloud.policy(first).disks, len(cloud.policy(second).disks)) == ((), 1)


# Bills, forks, ledgers --------------------------------------------------------------------------------


def test_a_bill_past_the_clock_is_refused_while_a_policy_would_act(cloud, acme):
    """SNAP-7, by a cloud as by its ledger."""
    web = machine(acme)
    policy(acme, [web])
    for source in (cloud, cloud.ledger):
        with unusable(cloud, "move the clock first"):
            ecs.bill(source, until="2026-02-01")
    assert ecs.bill(cloud, until="2026-02-01", as_it_is=True).total() == 0
    ecs.bill(cloud, until="2026-01-15T03:00")  # the slot at the end is no part of it
    cloud.at("2026-02-01")
    assert ecs.bill(cloud, until="2026-02-01").total() > 0
    assert ecs.bill(cloud.ledger, until="2026-02-01").total() > 0


def test_a_story_whose_policy_acts_after_its_last_step_runs_to_its_end():
    text = """
        start: 2026-06-01
        accounts: [team]
        steps:
          - run_instance: {as: vm, account: team, region: cn-hangzhou, image: ubuntu_24_04, written: 10}
        until: 2026-07-01
        """
    assert Story.parse(text).run().cloud.now == local(2026, 6, 1)
    kept = "          - create_snapshot: {account: team, disk: vm, retention_days: 10}\n        until"
    run = Story.parse(text.replace("        until", kept, 1)).run()
    assert run.cloud.now == local(2026, 7, 1)
    assert run.cloud.snapshot("s-00000001").deleted_at == local(2026, 6, 11)


@pytest.mark.parametrize("durations", ["instant", "typical"])
def test_forks_and_replays_agree_however_the_clock_is_moved(durations, tmp_path):
    """Days at once, hour by hour in a fork, and again from the ledger's file halfway."""
    cloud = Cloud(start="2026-02-10", durations=durations)
    acme = cloud.account("acme")
    web = machine(acme, system_disk=200, written=160, data_disks=[{"size": 40, "written": 30}])
    policy(acme, [web, cloud.instance(web).data_disks[0]], hours=range(0, 24, 2), days=2)
    policy(acme, [web], hours=(5, 6), days=1)
    stepwise, halfway = cloud.fork(), cloud.fork()
    cloud.at("2026-02-15")
    while stepwise.now < cloud.now:
        stepwise.advance(hours=0.5)
    halfway.at("2026-02-12T05:30")
    halfway.ledger.save(tmp_path / "ledger.jsonl")
    again = Cloud.from_ledger(ecs.Ledger.load(tmp_path / "ledger.jsonl"))
    again.at("2026-02-15")
    assert list(stepwise.ledger) == list(cloud.ledger) == list(again.ledger)
    assert tables(cloud.state) == tables(cloud.ledger.replay()) == tables(again.state)
    assert [event.at for event in cloud.ledger] == sorted(event.at for event in cloud.ledger)


def test_a_fork_takes_snapshots_of_its_own(cloud, acme):
    web = machine(acme)
    policy(acme, [web], days=2)
    fork = cloud.fork()
    fork.at("2026-01-20")
    assert (len(taken(fork, web)), taken(cloud, web)) == (2, [])


def test_waiting_for_an_image_takes_the_slots_on_the_way():
    cloud = Cloud(start="2026-01-15T02:30", durations="typical")
    acme = cloud.account("acme")
    web, other = machine(acme, system_disk=200, written=160), machine(acme)
    policy(acme, [other])
    cloud.wait(acme.create_image(web))
    assert taken(cloud, other) == [local(2026, 1, 15, 3)]


def test_stopping_an_instance_fails_the_automatic_snapshot_under_way():
    """SNAP-5: do not change the instance's state meanwhile."""
    cloud = Cloud(start="2026-01-15T02:30", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme)
    policy(acme, [web])
    cloud.at("2026-01-15T03:01")
    acme.stop_instance(web)
    assert cloud.snapshot("s-00000001").status == "failed"


# Bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": ()},
        {"hours": (24,)},
        {"hours": (-1,)},
        {"hours": (3, 3)},
        {"weekdays": ()},
        {"weekdays": (0,)},
        {"weekdays": (8,)},
        {"days": 0},
        {"days": -2},
        {"days": 65536},
        {"name": "x"},
        {"name": "x" * 129},
        {"name": "http://x"},
    ],
)
def test_hours_weekdays_and_retention_outside_their_ranges_are_refused(cloud, acme, wrong):
    """SNAP-7 (R: CreateAutoSnapshotPolicy 2021-04-21)."""
    policy(acme, hours=range(24), days=65535)
    with refused(cloud, "ParameterInvalid", operation="CreateAutoSnapshotPolicy"):
        policy(acme, **wrong)


@pytest.mark.parametrize("hours", ["3", [3.0], [True], ["3"], 3, [None]])
def test_hours_are_whole_numbers(cloud, acme, hours):
    with unusable(cloud, "time_points"):
        acme.create_auto_snapshot_policy(
            region=BEIJING, time_points=hours, repeat_weekdays=[1], retention_days=1, disks=[]
        )


@pytest.mark.parametrize("days", [1.5, "7", True, None])
def test_retention_of_a_policy_is_a_whole_number(cloud, acme, days):
    with unusable(cloud, "retention_days"):
        policy(acme, days=days)


def test_a_policy_applies_to_disks_of_its_account_in_its_region(cloud, acme, partner):
    web, there = machine(acme), machine(acme, region=HANGZHOU)
    made = policy(acme)
    with refused(cloud, "ParameterInvalid", operation="ApplyAutoSnapshotPolicy"):
        acme.apply_auto_snapshot_policy(made, disks=[there])
    with refused(cloud, "ParameterInvalid", operation="ApplyAutoSnapshotPolicy"):
        policy(acme, [web, there])
    with refused(cloud, "InvalidDiskId.NotFound", operation="ApplyAutoSnapshotPolicy"):
        policy(partner, [web])
    for act in (
        lambda: partner.apply_auto_snapshot_policy(made, disks=[web]),
        lambda: partner.delete_auto_snapshot_policy(made),
        lambda: acme.delete_auto_snapshot_policy("sp-nowhere"),
    ):
        with refused(cloud, "ParameterInvalid"):
            act()


def test_applying_or_cancelling_without_effect_is_refused(cloud, acme):
    web, without = machine(acme), machine(acme)
    made = policy(acme, [web])
    for act in (
        lambda: acme.apply_auto_snapshot_policy(made, disks=[web]),
        lambda: acme.apply_auto_snapshot_policy(made, disks=[]),
        lambda: policy(acme, [web, cloud.instance(web).system_disk]),
        lambda: acme.cancel_auto_snapshot_policy(disks=[without]),
        lambda: acme.cancel_auto_snapshot_policy(disks=[without], policy=made),
        lambda: acme.cancel_auto_snapshot_policy(disks=[]),
        lambda: acme.cancel_auto_snapshot_policy(disks=[web, web]),
    ):
        with unusable(cloud):
            act()


def test_an_account_has_at_most_100_policies_in_a_region(cloud, acme):
    """SNAP-6; deleted ones do not count."""
    first, *_ = [policy(acme) for _ in range(100)]
    with refused(cloud, "AutoSnapshotPolicy.QuotaExceed", operation="CreateAutoSnapshotPolicy"):
        policy(acme)
    policy(acme, region=HANGZHOU)
    acme.delete_auto_snapshot_policy(first)
    policy(acme)


def test_a_deleted_policy_can_no_longer_be_used(cloud, acme):
    made = policy(acme)
    acme.delete_auto_snapshot_policy(made)
    web = machine(acme)
    with refused(cloud, "ParameterInvalid"):
        acme.delete_auto_snapshot_policy(made)
    with refused(cloud, "ParameterInvalid"):
        acme.apply_auto_snapshot_policy(made, disks=[web])


def test_policies_that_cannot_have_been_are_found_in_an_edited_ledger(cloud, acme):
    web = machine(acme)
    made = policy(acme, [web])
    disk, state = cloud.instance(web).system_disk, cloud.ledger.replay()
    wrong = [
        ev.PolicyApplied(at=cloud.now, policy=made, disk=disk),
        ev.PolicyApplied(at=cloud.now, policy="sp-9", disk=disk),
        ev.PolicyCancelled(at=cloud.now, policy=made, disk="d-9"),
        ev.PolicyCreated(
            at=cloud.now, policy="sp-2", account="acme", region=BEIJING, name="", time_points=(24,), weekdays=(1,)
        ),
        ev.PolicyCreated(
            at=cloud.now, policy="sp-2", account="acme", region=BEIJING, name="", time_points=(1,), weekdays=()
        ),
    ]
    assert [bool(ev.problems(event, state)) for event in wrong] == [True] * len(wrong)
    acme.delete_auto_snapshot_policy(made)
    assert ev.problems(ev.PolicyDeleted(at=cloud.now, policy=made), cloud.ledger.replay())


def test_an_automatic_snapshot_that_its_policy_never_took_is_found_in_an_edited_ledger(cloud, acme):
    """SNAP-7: at another hour, kept for longer, of another disk, under another's name."""
    web, other = machine(acme), machine(acme)
    made = policy(acme, [web], days=5)
    disk, state = cloud.instance(web).system_disk, cloud.ledger.replay()
    slot = local(2026, 1, 15, 3)
    right = {
        "at": slot,
        "snapshot": "s-1",
        "disk": disk,
        "name": "auto2.0",
        "finishes_at": slot,
        "policy": made,
        "retention_days": 5,
    }
    later = slot + timedelta(hours=1)
    assert ev.problems(ev.SnapshotStarted(**right), state) == []
    for wrong in (
        {"at": later, "finishes_at": later},
        {"retention_days": 6},
        {"disk": cloud.instance(other).system_disk},
        {"name": "by hand"},
        {"policy": None},
    ):
        assert ev.problems(ev.SnapshotStarted(**right | wrong), state), wrong
