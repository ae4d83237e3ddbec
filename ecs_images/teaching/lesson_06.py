"""The tasks of lesson 06: how many versions should I keep?"""

from __future__ import annotations

from ..billing.bill import bill
from ..cloud.cloud import Cloud
from .scene import machine
from .task import Slip, Task

_FIRST_BUILD, _WEEKS = "2026-01-05T09:00", 52
_YEAR_END = "2027-01-04T09:00"


def _versions(count: int, changed: float = 0.5, written: float = 20) -> Cloud:
    """A cloud with `count` images of one builder; between two of them the same `changed` GiB are overwritten."""
    cloud, acme, builder = machine("2026-06-01", written)
    for number in range(count):
        if number and changed:
            acme.write(builder, overwrite=changed)
        acme.create_image(builder)
    return cloud


def _stored_gib(count: int, changed: float = 0.5) -> float:
    """What these versions store [GiB]."""
    cloud = _versions(count, changed)
    return cloud.freed_gib(tuple(cloud.state.snapshots))


def _freed_gib(count: int) -> float:
    """What deleting the oldest `count` of ten versions frees [GiB]."""
    cloud = _versions(10)
    return cloud.freed_gib(tuple(cloud.state.snapshots)[:count])


def _month(gib: float) -> float:
    """What GiB in Beijing cost in June, a month of 720 hours [CNY]."""
    cloud = Cloud(start="2026-06-01")
    acme = cloud.account("acme")
    acme.create_snapshot(acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=400, written=gib))
    return bill(cloud, until="2026-07-01").total()


def _year(kept: int, snapshots_too: bool = True) -> float:
    """What the year of the lesson's pipeline costs when it keeps so many versions [CNY]."""
    cloud, acme, builder = machine(_FIRST_BUILD)
    made: list[str] = []
    for week in range(_WEEKS):
        if week:
            cloud.advance(days=7)
        made.append(acme.create_image(builder))
        acme.write(builder, overwrite=1, new=0.25)
        if week >= kept:
            old = cloud.image(made[week - kept])
            acme.delete_image(old.id)
            if snapshots_too:
                acme.delete_snapshot(old.snapshots[0])
    return bill(cloud, until=_YEAR_END).total()


TASKS: dict[str, Task] = {
    "06-small": Task(
        wanted="what the ten versions store",
        unit="GiB",
        right=lambda: _stored_gib(10),
        because="One base, and for each further version what changed (SNAP-2, CHAIN-1).",
        slips=(
            Slip(lambda: 40 * 10, "That is disk size × count; blocks never written are not stored (SNAP-2)."),
            Slip(lambda: 20 * 10, "That stores every version in full; they come from one disk, so they share a chain."),
            Slip(lambda: _stored_gib(11), "Between ten versions there are nine changes."),
            Slip(lambda: _stored_gib(10) - _stored_gib(1), "That is what the later nine add; add the first version."),
            Slip(lambda: _stored_gib(1), "That is the first version alone; each change is stored beside it."),
        ),
        hint="What is written at first, and 0.5 GiB for each change between two versions.",
    ),
    "06-medium": Task(
        wanted="what deleting the other six saves in a month",
        unit="CNY",
        right=lambda: _month(_freed_gib(6)),
        because="Each of the six alone holds 0.5 GiB; those that stay need the base (CHAIN-2).",
        slips=(
            Slip(lambda: _month(_stored_gib(10)) * 6 / 10, "That is in proportion; those that stay need most of it."),
            Slip(lambda: _month(6 * 20), "That is what the six restore; what does nobody else hold?"),
            Slip(lambda: _freed_gib(6), "That is in GiB; how much is it in money?"),
            Slip(lambda: _month(_freed_gib(4)), "That is for four deleted; four stay, six go."),
            Slip(lambda: _month(_stored_gib(4)), "That is what is still paid; how much less is it than before?"),
            Slip(lambda: 0, "That is for the images alone; here their snapshots are deleted too (DEL-5)."),
        ),
        hint="How many GiB do the six hold that none of the newest four holds? Times 0.12.",
    ),
    "06-large": Task(
        wanted="how much more keeping five versions costs in the year than keeping four",
        unit="CNY",
        right=lambda: _year(5) - _year(4),
        because="48 deletions of 1 GiB each come 168 hours later (BILL-2, CHAIN-2).",
        slips=(
            Slip(lambda: _month(1) * 168 * 52 / 720, "That is all 52 weeks; in the first four, nothing is deleted."),
            Slip(lambda: _month(1) * 168 * 47 / 720, "With `week-5` 47 go; one more is also kept a week longer."),
            Slip(lambda: _year(4) / 4, "That is in proportion; the base is paid once, however many versions stay."),
            Slip(lambda: _year(5), "That is the year with five versions; how much more than with four?"),
            Slip(lambda: _year(5, snapshots_too=False) - _year(4), "That keeps the snapshots; change both deletions."),
        ),
        hint="Each of the 48 deleted versions stays a week longer: 48 × 1 GiB × 168 h × 0.12 / 720.",
    ),
}
