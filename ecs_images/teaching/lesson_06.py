"""The tasks of lesson 06: how many versions should I keep?"""

from __future__ import annotations

from datetime import timedelta

from ..billing.bill import bill
from ..cloud.cloud import Cloud
from .scene import cost_of, freed_by_the_oldest, machine
from .task import Slip, Task

_FIRST_BUILD, _WEEKS = "2026-01-05T09:00", 52
_MONTH = 720  # hours
_YEAR_END = "2027-01-04T09:00"


def _stored_gib(count: int) -> float:
    """What so many versions store, and so what deleting them all frees [GiB]."""
    return _freed_gib(count, of=count)


def _freed_gib(count: int, of: int = 10) -> float:
    """What deleting the oldest versions frees [GiB]."""
    return freed_by_the_oldest(count, of=of, changed=0.5, written=20)


def _copied(targets: int) -> float:
    """What the storage of a copy for accounts in Shanghai costs in April, each of them alone [CNY]."""
    cloud, acme, web = machine("2026-04-01", 30)
    copy = acme.copy_image(acme.create_image(web), to="cn-shanghai")
    acme.share_image(copy, with_accounts=[cloud.account(f"partner-{number}") for number in range(3)])
    return targets * cost_of(bill(cloud, until="2026-05-01"), region="cn-shanghai")


def _stored(gib: float, hours: int) -> float:
    """What a snapshot in Beijing costs for so many hours [CNY]."""
    cloud = Cloud(start="2026-06-01")
    acme = cloud.account("acme")
    acme.create_snapshot(acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=400, written=gib))
    return bill(cloud, until=cloud.now + timedelta(hours=hours)).total()


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
    "06-recall-1": Task(
        "what the storage in Shanghai costs in the month",
        "CNY",
        lambda: _copied(1),
        "One copy serves every account of its region, and sharing stores nothing (COPY-11, SHARE-8).",
        Slip(lambda: _copied(3), "One copy serves all accounts of its region; targets do not add up."),
        Slip(lambda: _copied(2), "Beijing is not asked for; count Shanghai alone."),
        Slip(lambda: 0, "Sharing is free, but the copy it is made from is stored."),
        Slip(lambda: 30, "That is in GiB; how much is it in money?"),
        hint="How many full images lie in Shanghai? Times 30 GiB, times the price of a month.",
    ),
    "06-recall-2": Task(
        "what 50 GiB stored for 36 hours cost",
        "CNY",
        lambda: _stored(50, 36),
        "GiB × hours × price / 720 (BILL-2).",
        Slip(lambda: _stored(50, 720), "That is a whole month of 720 hours."),
        Slip(lambda: _stored(50, 24), "That is one day; 36 hours are one and a half."),
        Slip(lambda: _stored(50, 48), "That is two days; hours are billed."),
        Slip(lambda: 720 * _stored(50, 36), "The price is for a month of 720 hours, not for an hour."),
        hint="A price of a month is for 720 hours; what part of them are 36?",
    ),
    "06-small": Task(
        "what the ten versions store",
        "GiB",
        lambda: _stored_gib(10),
        "One base, and for each further version what changed (SNAP-2, CHAIN-1).",
        Slip(lambda: 40 * 10, "That is disk size × count; blocks never written are not stored (SNAP-2)."),
        Slip(lambda: 20 * 10, "That stores every version in full; they come from one disk, so they share a chain."),
        Slip(lambda: _stored_gib(11), "Between ten versions there are nine changes."),
        Slip(lambda: _stored_gib(10) - _stored_gib(1), "That is what the later nine add; add the first version."),
        Slip(lambda: _stored_gib(1), "That is the first version alone; each change is stored beside it."),
        hint="What does the first version store, and what does each later one add? How many later ones are there?",
    ),
    "06-medium": Task(
        "what deleting the other six saves in a month",
        "CNY",
        lambda: _stored(_freed_gib(6), _MONTH),
        "Each of the six alone holds 0.5 GiB; those that stay need the base (CHAIN-2).",
        Slip(
            lambda: _stored(_stored_gib(10), _MONTH) * 6 / 10, "That is in proportion; those that stay need most of it."
        ),
        Slip(lambda: _stored(6 * 20, _MONTH), "That is what the six restore; what does nobody else hold?"),
        Slip(lambda: _freed_gib(6), "That is in GiB; how much is it in money?"),
        Slip(lambda: _stored(_freed_gib(4), _MONTH), "That is for four deleted; four stay, six go."),
        Slip(lambda: _stored(_stored_gib(4), _MONTH), "That is what is still paid; how much less is it than before?"),
        Slip(lambda: 0, "That is for the images alone; here their snapshots are deleted too (DEL-5)."),
        hint="How many GiB do the six hold that none of the newest four holds? What do these cost in a month?",
    ),
    "06-large": Task(
        "how much more keeping five versions costs in the year than keeping four",
        "CNY",
        lambda: _year(5) - _year(4),
        "48 deletions of 1 GiB each come 168 hours later (BILL-2, CHAIN-2).",
        Slip(lambda: _stored(1, 168 * 52), "That is all 52 weeks; in the first four, nothing is deleted."),
        Slip(lambda: _stored(1, 168 * 47), "With `week-5` 47 go; one more is also kept a week longer."),
        Slip(lambda: _stored(1, 168), "That is one version for one week; how often does it happen?"),
        Slip(lambda: _stored(12, 168 * 52), "That is a version in full; one more holds only what changed."),
        Slip(lambda: 48, "That is in GiB and weeks; how much is it in money?"),
        Slip(lambda: _year(4) / 4, "That is in proportion; the base is paid once, however many versions stay."),
        Slip(lambda: _year(5), "That is the year with five versions; how much more than with four?"),
        Slip(lambda: _year(5, snapshots_too=False) - _year(4), "That keeps the snapshots; change both deletions."),
        hint="How many versions are deleted a week later than before, and what does one GiB cost for a week?",
    ),
}
