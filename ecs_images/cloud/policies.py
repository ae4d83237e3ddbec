"""Automatic snapshot policies: commands on them, and the snapshots they take (SNAP-6, SNAP-7, OS-4)."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.limits import limit
from ..errors import InputError, shown
from ..ledger import events as ev
from ..ledger.automatic import is_free, is_needed
from ..ledger.resources import AutoSnapshotPolicy, Disk
from ..units import BILLING_CLOCK
from .arguments import DiskRefs, PolicyRef, RegionName, TagMap, Whole, WholeNumbers
from .control import Control
from .naming import check_plain_name
from .request import Caller, Request, command
from .snapshots import snapshot_of
from .tags import tagged

_HOURS, _WEEKDAYS = range(24), range(1, 8)


class PolicyCommands(Caller):
    """Commands on automatic snapshot policies."""

    __slots__ = ()

    @command
    def create_auto_snapshot_policy(
        self,
        *,
        region: RegionName,
        time_points: WholeNumbers,
        repeat_weekdays: WholeNumbers,
        retention_days: Whole,
        disks: DiskRefs = (),
        name: str = "",
        tags: TagMap | None = None,
    ) -> PolicyRef:
        """Let snapshots of disks be taken at fixed hours of fixed weekdays (SNAP-7). Returns the policy's id.

        Snapshots are taken as the clock moves on. A slot is skipped while an earlier snapshot of the disk is
        still being made, and for a disk that was never attached; at the cap of automatic snapshots the oldest
        one goes (SNAP-6).

        region: the region of its disks
        time_points: the hours, each from 0 to 23, in UTC+8
        repeat_weekdays: the weekdays, each from 1 for Monday to 7
        retention_days: how long each snapshot is kept; -1 for ever [day]
        disks: the disks it applies to, by their ids, or instances', which mean their system disks
        name: what it is called, empty for no name
        tags: its tags, values by key

        >>> nightly = acme.create_auto_snapshot_policy(
        ...     region="cn-beijing", time_points=[1], repeat_weekdays=range(1, 8), retention_days=7, disks=[web]
        ... )
        >>> cloud.at("2026-01-18")
        >>> len(cloud.chain(web).snapshots)  # that of the image, and those of three nights
        4
        """
        request = self._request("CreateAutoSnapshotPolicy")
        region = request.region(region)
        _check_numbers(request, time_points, "time_points", _HOURS)
        _check_numbers(request, repeat_weekdays, "repeat_weekdays", _WEEKDAYS)
        low = limit("automatic_retention_days_min", request.now)
        high = limit("automatic_retention_days_max", request.now)
        for_ever = limit("automatic_retention_days_for_ever", request.now)
        if retention_days != for_ever and not low <= retention_days <= high:
            raise request.refusal(
                "ParameterInvalid",
                f"retention_days is {low} to {high}, or {for_ever} for ever, not {shown(retention_days)}",
            )
        check_plain_name(request, "policy", name, "ParameterInvalid")
        most = limit("automatic_snapshot_policies_per_region", request.now)
        if len(request.state.index.policies.of("region", request.account, region)) >= most:
            raise request.refusal(
                "AutoSnapshotPolicy.QuotaExceed",
                f"{request.account} has {most} policies in {region}, the most there may be; delete one first",
            )
        (policy_id,) = request.control.new_ids("policy", 1)
        created = ev.PolicyCreated(
            at=request.now,
            policy=policy_id,
            account=request.account,
            region=region,
            name=name,
            time_points=tuple(sorted(time_points)),
            weekdays=tuple(sorted(repeat_weekdays)),
            retention_days=None if retention_days == for_ever else retention_days,
        )
        applied = _applied(request._replace(operation="ApplyAutoSnapshotPolicy"), policy_id, region, disks)
        request.control.record(created, *applied, *tagged(request, [policy_id], tags))
        return policy_id

    @command
    def apply_auto_snapshot_policy(self, policy: PolicyRef, *, disks: DiskRefs) -> None:
        """Let a policy apply to more disks. Where a disk may have one policy only, it replaces that (SNAP-7).

        policy: its id
        disks: the disks, by their ids, or instances', which mean their system disks
        """
        request = self._request("ApplyAutoSnapshotPolicy")
        own = request.own_policy(policy)
        if not disks:
            raise InputError("disks names no disk to apply the policy to")
        request.control.record(*_applied(request, own.id, own.region, disks))

    @command
    def cancel_auto_snapshot_policy(self, *, disks: DiskRefs, policy: PolicyRef | None = None) -> None:
        """Let a policy no longer apply to disks; the snapshots it took stay.

        disks: the disks, by their ids, or instances', which mean their system disks
        policy: the policy; all policies of the disks unless said
        """
        request = self._request("CancelAutoSnapshotPolicy")
        wanted = None if policy is None else request.own_policy(policy).id
        if not disks:
            raise InputError("disks names no disk")
        cancelled = []
        for disk in _own_disks(request, disks):
            found = [p.id for p in policies_of(request.control, disk.id) if wanted in (None, p.id)]
            if not found:
                raise InputError(f"{wanted or 'no policy'} {'does not apply' if wanted else 'applies'} to {disk.id}")
            cancelled += [ev.PolicyCancelled(at=request.now, policy=p, disk=disk.id) for p in found]
        request.control.record(*cancelled)

    @command
    def delete_auto_snapshot_policy(self, policy: PolicyRef) -> None:
        """Delete a policy; the snapshots it took stay as long as they are kept.

        policy: its id
        """
        request = self._request("DeleteAutoSnapshotPolicy")
        own = request.own_policy(policy)
        request.control.record(ev.PolicyDeleted(at=request.now, policy=own.id))


def take_snapshots(control: Control, policy: AutoSnapshotPolicy) -> None:
    """A slot of a policy: a snapshot of each of its disks, where one can be taken."""
    day = control.now.astimezone(BILLING_CLOCK)
    for name in policy.disks:
        disk = control.state.disks[name]
        if not is_free(control.state, name, control.now) or not _has_room(control, disk):
            continue
        (snapshot_id,) = control.new_ids("snapshot", 1)
        called = f"auto2.0_{day:%Y%m%d}_{policy.id}"
        control.record(snapshot_of(control, disk, snapshot_id, called, policy.retention_days, policy.id))


def _has_room(control: Control, disk: Disk) -> bool:
    """Whether a disk can have one more automatic snapshot, the oldest making room for it (SNAP-6).

    One that an image or a disk needs cannot go (SNAP-9); then the next oldest does.
    """
    live = control.state.live_snapshots(disk.chain)
    automatic = [snapshot.id for snapshot in live if snapshot.policy]
    over = max(
        len(automatic) + 1 - limit("automatic_snapshots_per_disk", control.now),
        len(live) + 1 - limit("snapshots_per_chain", control.now),
    )
    if over > 0:
        spare = [snapshot for snapshot in automatic if not is_needed(control.state, snapshot)]
        if len(spare) < over:
            return False
        control.record(*(ev.SnapshotDeleted(at=control.now, snapshot=snapshot) for snapshot in spare[:over]))
    return True


def policies_of(control: Control, disk: str) -> list[AutoSnapshotPolicy]:
    """The policies that apply to a disk, oldest first."""
    return [control.state.policies[policy] for policy in control.state.index.policies.of("disk", disk)]


def _applied(request: Request, policy: str, region: str, disks: Sequence[str]) -> list[ev.Event]:
    """The events that let a policy apply to disks: added to their others, or in their place (conflict 43)."""
    most = limit("automatic_policies_per_disk", request.now)
    found: list[ev.Event] = []
    for disk in _own_disks(request, disks):
        others = [other.id for other in policies_of(request.control, disk.id)]
        if policy in others:
            raise InputError(f"{policy} is applied to {disk.id} already")
        if disk.region != region:
            raise request.refusal_of(disk, "ParameterInvalid", f"is in {disk.region}, the policy in {region}")
        if most == 1:
            found += [ev.PolicyCancelled(at=request.now, policy=other, disk=disk.id) for other in others]
        elif len(others) >= most:
            raise request.refusal_of(
                disk, "AutoSnapshotPolicy.QuotaExceed", f"has {most} policies, the most there may be; cancel one first"
            )
        found.append(ev.PolicyApplied(at=request.now, policy=policy, disk=disk.id))
    return found


def _own_disks(request: Request, disks: Sequence[str]) -> list[Disk]:
    """Disks of the account, each once."""
    found = [request.own_disk(disk) for disk in disks]
    for place, disk in enumerate(found):
        if disk in found[:place]:
            raise InputError(f"disks names {disk.id} twice")
    return found


def _check_numbers(request: Request, given: Sequence[int], what: str, among: range) -> None:
    """Some numbers of a range, none of them twice."""
    wrong = [number for number in given if number not in among]
    if wrong or not given or len(set(given)) < len(given):
        amiss = shown(wrong[0] if wrong else list(given))
        raise request.refusal(
            "ParameterInvalid", f"{what} is at least one number from {among[0]} to {among[-1]}, none twice, not {amiss}"
        )
