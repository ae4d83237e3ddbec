"""The tasks of lesson 03b: how is an image made, and where is it used?"""

from __future__ import annotations

from ..billing.bill import bill
from ..catalog.files import sample
from ..catalog.prices import Prices
from .lesson_03 import minutes_to_available
from .scene import cost_of, machine
from .task import Slip, Task


def _after_reinit(*, full_again: bool = True) -> float:
    """What a snapshot of 25 GiB stores [GiB], with one more after going back to an image of 11 GiB or without."""
    cloud, acme, web = machine("2026-03-02", 11)
    acme.write(web, new=14)
    acme.create_snapshot(web)
    acme.stop_instance(web)
    acme.reinit_disk(web)
    if full_again:
        acme.create_snapshot(web)
    return cloud.chain(web).total_gib


def _two_images(new: float) -> float:
    """What an image of snapshots and a later one of the instance store [GiB], by what is written between [GiB]."""
    cloud, acme, web = machine("2026-03-02", data=[30])
    snapshots = [acme.create_snapshot(disk) for disk in cloud.instance(web).disks]
    first = acme.create_image(snapshots=snapshots)
    acme.write(web, new=new)
    second = acme.create_image(web)
    return cloud.freed_gib([*cloud.image(first).snapshots, *cloud.image(second).snapshots])


def _product(since: str, until: str) -> float:
    """What a product at the example price costs in March [CNY], from one change of system to the next."""
    cloud, acme, web = machine("2026-03-01")
    for day, image in ((since, "cmjj028448"), (until, "aliyun_3")):
        cloud.at(day)
        acme.stop_instance(web)
        acme.replace_system_disk(web, image, written=12)
    march = bill(cloud, until="2026-04-01", prices=Prices.published(sample("example_prices_china")))
    return cost_of(march, meter="marketplace_fee")


def _three_images(*kept: int) -> float:
    """What those of the three images of the large task store together [GiB]; 0 is the first."""
    cloud, acme, web = machine("2026-03-02")
    images = [acme.create_image(web)]
    acme.write(web, new=7)
    images.append(acme.create_image(web))
    acme.stop_instance(web)
    acme.replace_system_disk(web, "ubuntu_22_04", written=30)
    images.append(acme.create_image(web))
    return cloud.freed_gib([snapshot for number in kept for snapshot in cloud.image(images[number]).snapshots])


TASKS: dict[str, Task] = {
    "03b-recall-1": Task(
        "how long the first image takes, with 26 of the 40 GiB written",
        "minutes",
        lambda: minutes_to_available(26),
        "20 minutes for 40 GiB, in proportion to what is written, as we suppose (CREATE-13).",
        Slip(lambda: minutes_to_available(40), "That is for a full disk; 26 GiB are written."),
        Slip(lambda: 0, "The id comes at once, the image when its snapshots are done."),
        Slip(lambda: 26, "That is a minute for each GiB; 40 GiB take 20 minutes."),
        Slip(lambda: minutes_to_available(14), "That is the part that is not written."),
        Slip(lambda: minutes_to_available(12), "That is for the 12 GiB of lesson 03."),
        hint="20 minutes for 40 GiB: how many for 26?",
    ),
    "03b-recall-2": Task(
        "what the two snapshots store together",
        "GiB",
        _after_reinit,
        "A chain counts what is written, and going back to the image writes all of it (SNAP-2, REINIT-1).",
        Slip(lambda: _after_reinit(full_again=False), "That is the first alone; what was written after it?"),
        Slip(lambda: 11, "That is what the second stores; the first is still there."),
        Slip(lambda: 2 * 25, "The second holds the content of the image, 11 GiB."),
        Slip(lambda: 25 - 11, "Going back to the image frees nothing in the chain; it adds."),
        Slip(lambda: 40, "That is how large the disk is; only what is written is stored."),
        hint="What does the first store, and what is written between the two?",
    ),
    "03b-small": Task(
        "what the image of the snapshots and the later image of the instance store together",
        "GiB",
        lambda: _two_images(4),
        "The first pins snapshots that are there; the second adds only what is new (CREATE-8, SNAP-2).",
        Slip(lambda: 12 + 30, "That is the first image; 4 GiB are written before the second."),
        Slip(lambda: 2 * (12 + 30) + 4, "That counts both in full; the second adds only what is new."),
        Slip(lambda: 2 * (12 + 30), "That is the first image twice; what does the second add?"),
        Slip(lambda: 4, "That is what the second adds; the first is stored too."),
        Slip(lambda: 12 + 4, "The images hold the data disk too."),
        Slip(lambda: 40 + 100, "That is how large the disks are; only what is written is stored."),
        hint="Ask cloud.freed_gib for the snapshots of both images together.",
    ),
    "03b-medium": Task(
        "what the product costs in March, from the change on the 11th to the change back on the 26th",
        "CNY",
        lambda: _product("2026-03-11", "2026-03-26"),
        "The fee begins with the change to the product and ends with the change away from it (OS-6).",
        Slip(lambda: _product("2026-03-11", "2026-04-01"), "The change back ends the fee."),
        Slip(lambda: _product("2026-03-01", "2026-04-01"), "Before the 11th and from the 26th on it does not run."),
        Slip(lambda: _product("2026-03-26", "2026-04-01"), "That is after the change back; the fee has ended."),
        Slip(lambda: _product("2026-03-01", "2026-03-11"), "That is before the change; no product runs yet."),
        Slip(lambda: _product("2026-03-11", "2026-03-27"), "From the 11th to the 26th are 15 days."),
        Slip(lambda: 15 * 24, "That is the hours; multiply them by the price."),
        Slip(lambda: 0, "The instance was started from a free image; which one runs on the 12th?"),
        hint="Days × 24 × price of an hour, for the days on which the product runs.",
    ),
    "03b-large": Task(
        "what the three images store together",
        "GiB",
        lambda: _three_images(0, 1, 2),
        "The second adds what is new; a new disk has a new chain, and old snapshots stay (OS-4, CHAIN-4).",
        Slip(lambda: 12 + 19 + 30, "That counts every version in full; the second adds only what is new on its disk."),
        Slip(lambda: _three_images(2), "That is the third alone; the old snapshots stay."),
        Slip(lambda: _three_images(0, 1), "That is the first two; the new disk has a chain of its own."),
        Slip(lambda: 12 + 30, "Between the first and the second image 7 GiB are written."),
        Slip(lambda: 7 + 30, "The first image is stored too."),
        Slip(lambda: 3 * 40, "That is how large the disks are; only what is written is stored."),
        hint="Ask cloud.freed_gib for the snapshots of all three together.",
    ),
}
