"""The tasks of lesson 04: how does a day become a charge?"""

from __future__ import annotations

from ..billing.bill import Bill, bill
from ..cloud.cloud import Cloud
from .scene import hours_billed, machine, refusal, snapshots
from .task import Slip, Task

_BEIJING, _HONGKONG = "cn-beijing", "cn-hongkong"


def _two_snapshots(overwritten: float) -> float:
    """What two snapshots of a disk with 20 GiB written store, some of it overwritten between them [GiB]."""
    cloud, both = snapshots("2026-05-11", 20, (overwritten, 0))
    return cloud.freed_gib(both)


def _refusal_while_shared() -> str:
    """The error code with which the deletion of a shared image is refused."""
    cloud, acme, web = machine("2026-05-11")
    image = acme.create_image(web)
    acme.share_image(image, with_accounts=[cloud.account("partner")])
    return refusal(lambda: acme.delete_image(image))


def _beijing(start: str, end: str, written: float = 30) -> float:
    """What a snapshot costs in Beijing from one day to another [CNY]."""
    cloud, acme, web = machine(start, written)
    acme.create_snapshot(web)
    return bill(cloud, until=end).total()


def _hongkong(*written: float, region: str = _HONGKONG, free: str = "as_published") -> Bill:
    """The bill of April for one snapshot of each disk, by what is written on them [GiB]; 5 GiB are free."""
    cloud = Cloud(start="2026-04-01", assume={"UNK-12": free})
    acme = cloud.account("acme")
    for gib in written:
        acme.create_snapshot(acme.run_instance(region=region, image="aliyun_3", system_disk=40, written=gib))
    return bill(cloud, until="2026-05-01")


def _paid(april: Bill) -> float:
    return float(april.invoice()["billed_cost"].sum())


TASKS: dict[str, Task] = {
    "04-recall-1": Task(
        "how many GiB both snapshots store",
        "GiB",
        lambda: _two_snapshots(2),
        "The first stores all that is written, the second what changed since (SNAP-2, CHAIN-1).",
        Slip(lambda: 40, "That is the disk, or both in full; the second shares what did not change."),
        Slip(lambda: 42, "That is both in full; the second stores only what changed since the first."),
        Slip(lambda: 80, "That is two whole disks; blocks never written are not stored."),
        Slip(lambda: 20, "The 2 GiB overwritten are stored twice: as they were, and as they are."),
        hint="What does the first snapshot store, and what does the second add? Lesson 02 has it.",
    ),
    "04-recall-2": Task(
        "the error code",
        "",
        _refusal_while_shared,
        "An image is unshared before it is deleted; force does not help (DEL-3).",
        Slip(lambda: "ImageUsingByInstance", "That is for an image that instances use, where force helps."),
        Slip(lambda: "InvalidImageId.NotFound", "Its owner does find it; what stands in the way is the sharing."),
        Slip(lambda: "ImageIsCreating", "That is for an image that is not ready yet."),
        hint="Lesson 03 deletes an image that is shared; its refusal begins with the code.",
    ),
    "04-small": Task(
        "how many hours are billed",
        "hours",
        lambda: hours_billed("2026-05-11T20:50", "2026-05-12T02:05"),
        "It touches the clock hours from 20 to 2, seven of them, and each counts as a whole hour (BILL-2).",
        Slip(lambda: 5.25, "That is the time that passed; whole clock hours are billed."),
        Slip(lambda: 6, "One clock hour too few: the first and the last both count, though touched only partly."),
        Slip(lambda: 5, "That leaves out the clock hours that are touched only partly; they count whole."),
        Slip(lambda: 48, "Days do not matter here; count the clock hours."),
        hint="Write down the clock hours in which the snapshot exists, even for a minute.",
    ),
    "04-medium": Task(
        "what 30 GiB stored all July cost in Beijing, before rounding",
        "CNY",
        lambda: _beijing("2026-07-01", "2026-08-01"),
        "July has 744 hours, a pricing month 720 (BILL-2).",
        Slip(lambda: _beijing("2026-06-01", "2026-07-01"), "That is 720 hours; July has 31 days."),
        Slip(lambda: _beijing("2026-07-01", "2026-08-01", 40), "That is for 40 GiB; 30 are stored."),
        Slip(lambda: _beijing("2026-07-01", "2026-07-02"), "That is one day; July has 31."),
        Slip(lambda: 30, "That is in GiB; how much is it in money?"),
        Slip(
            lambda: 720 * _beijing("2026-07-01", "2026-08-01"),
            "The price is for a month of 720 hours, not for an hour.",
        ),
        hint="GiB × hours × price / 720, with the hours of 31 days.",
    ),
    "04-large": Task(
        "what is paid for April in Hong Kong for the snapshots of both disks, as invoiced",
        "CNY",
        lambda: _paid(_hongkong(11, 7)),
        "18 GiB less the first 5 of the region, and each day is truncated separately (BILL-1, BILL-6).",
        Slip(lambda: _hongkong(11, 7).total(), "That is the list cost; what is paid is truncated, day by day."),
        Slip(lambda: 30 * 0.06, "That rounds each day; what is paid is cut off."),
        Slip(lambda: _hongkong(11).total() + _hongkong(7).total(), "The free part is per region, not per disk."),
        Slip(lambda: _paid(_hongkong(11)) + _paid(_hongkong(7)), "Bill both disks at once: tiers count a region."),
        Slip(lambda: _hongkong(11, 7, free="none").total(), "The first 5 GiB of the region are free, as published."),
        Slip(lambda: _paid(_hongkong(11, 7, free="none")), "That has no free part; suppose it as published."),
        Slip(lambda: _paid(_hongkong(11, 7, region=_BEIJING)), "That is Beijing's price, not Hong Kong's tiers."),
        hint="Make both snapshots on 2026-04-01, bill until 2026-05-01, and add up billed_cost of the invoice.",
    ),
}
