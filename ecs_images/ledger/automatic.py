"""What happens by itself as time goes by: slots of automatic snapshot policies, and ends of retention (SNAP-7).

A slot is an hour of a weekday in UTC+8. A policy of the hours 3 and 15 on Mondays (1) has two slots a week;
after Monday 2026-06-01 10:00 the next is that day at 15:00, and after that the one of 2026-06-08 at 3:00.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from ..catalog.regions import region
from ..units import BILLING_CLOCK
from .resources import AutoSnapshotPolicy
from .state import State


def next_slot(policy: AutoSnapshotPolicy, after: datetime) -> datetime:
    """The first slot of a policy later than a moment."""
    today = after.astimezone(BILLING_CLOCK).date()
    slots = (
        datetime.combine(today + timedelta(days=days), time(hour), BILLING_CLOCK)
        for days in range(8)
        if (today + timedelta(days=days)).isoweekday() in policy.weekdays
        for hour in sorted(policy.time_points)
    )
    return next(slot for slot in slots if slot > after)


def is_free(state: State, disk: str, at: datetime) -> bool:
    """Whether a slot at a moment takes a snapshot of a disk.

    It does of one that was attached before and is done with the snapshot before, in a region that has not closed.
    """
    known = state.disks[disk]
    instance = state.instances.get(known.instance or "")
    under_way = state.snapshot_under_way(disk)
    return (
        known.ever_attached
        and not region(known.region).closed(at.date())
        and not (instance and instance.replacing_until)
        and (under_way is None or state.pending[under_way] <= at)
    )


def is_needed(state: State, snapshot: str) -> bool:
    """Whether an image or a disk needs a snapshot, so that the end of its retention must wait (SNAP-9)."""
    return bool(state.images_of(snapshot) or state.disks_from(snapshot))


def next_act(state: State, after: datetime) -> datetime | None:
    """When a policy or a retention acts next if nothing else is done; None for never."""
    moments = [_first_act(state, policy, after) for policy in state.policies.values()]
    ends = sorted((until, name) for name, until in state.expiring.items())
    moments.append(next((max(until, after) for until, name in ends if not is_needed(state, name)), None))
    return min((moment for moment in moments if moment), default=None)


def _first_act(state: State, policy: AutoSnapshotPolicy, after: datetime) -> datetime | None:
    """The first slot of a policy at which one of its disks is free; None where none of them will be."""
    last = max([after, *state.pending.values()])
    slot = after
    while policy.disks and slot <= last:
        slot = next_slot(policy, slot)
        if any(is_free(state, disk, slot) for disk in policy.disks):
            return slot
    return None
