"""The tasks of lesson 02: why is the second snapshot so small?"""

from __future__ import annotations

from ..billing.bill import bill
from .scene import machine, snapshots
from .task import Slip, Task

_DISK = 40


def _five_evenings(changed: float, count: int = 5, written: float = 20) -> float:
    """What a chain stores [GiB] when `changed` GiB are overwritten between its snapshots, each time elsewhere."""
    changes = [(changed, evening * changed) for evening in range(1, count)]
    cloud, made = snapshots("2026-03-02", written, *changes)
    return cloud.freed_gib(made)


def _freed(*numbers: int) -> float:
    """What deleting these of the four snapshots of the medium task together frees [GiB]; 0 is the first."""
    cloud, made = snapshots("2026-05-04", 20, (6, 0), (8, 4), (9, 1))
    return cloud.freed_gib([made[number] for number in numbers])


def _shared_in_april(users: int) -> float:
    """What the owner of a shared image of 30 GiB pays for storage in April [CNY], by users."""
    cloud, acme, web = machine("2026-04-01", 30)
    image = acme.create_image(web)
    for number in range(users):
        user = cloud.account(f"user {number}")
        acme.share_image(image, with_accounts=[user])
        user.run_instance(region="cn-beijing", image=image)
    return bill(cloud, until="2026-05-01").total()


def _image_of(*data: float) -> float:
    """What an image of a system disk with 9 GiB written and these data disks stores [GiB]."""
    cloud, acme, web = machine("2026-04-01", 9, data=data)
    return cloud.freed_gib(cloud.image(acme.create_image(web)).snapshots)


def _june(changed: float, *, written: float = 10, deletes: bool = True, snapshots: int = 3) -> float:
    """What the chain of the large task costs in June [CNY]."""
    cloud, acme, web = machine("2026-06-01", written)
    first = acme.create_snapshot(web)
    for day in ("2026-06-11", "2026-06-21")[: snapshots - 1]:
        cloud.at(day)
        if changed:
            acme.write(web, overwrite=changed)
        acme.create_snapshot(web)
    if deletes:
        acme.delete_snapshot(first)
    return bill(cloud, until="2026-07-01").total()


TASKS: dict[str, Task] = {
    "02-recall-1": Task(
        "what acme pays in April for the storage of the shared image of 30 GiB",
        "CNY",
        lambda: _shared_in_april(2),
        "The owner pays the snapshots once, whoever uses the image (SHARE-8).",
        Slip(lambda: 0, "Sharing hands nothing over: the snapshots are still the owner's."),
        Slip(lambda: _shared_in_april(2) * 3, "Sharing stores nothing; the snapshots are there once."),
        Slip(lambda: _shared_in_april(2) * 2, "Its users add no storage; the snapshots are there once."),
        Slip(lambda: _shared_in_april(2) / 3, "The receivers do not share the bill; who owns the snapshots?"),
        Slip(lambda: _shared_in_april(2) / 2, "The receivers do not pay for the storage; who owns the snapshots?"),
        Slip(lambda: 30 * 0.12 * 744 / 720, "That is for 744 hours; April has 720."),
        Slip(lambda: 30, "That is the GiB; multiply them by the price."),
        hint="GiB × price of a month × hours / 720, for whoever owns the snapshots.",
    ),
    "02-recall-2": Task(
        "what an image of the two disks stores",
        "GiB",
        lambda: _image_of(50),
        "An image holds a snapshot of each disk, and each holds what is written (STRUCT-1, SNAP-2).",
        Slip(lambda: 40 + 200, "That is how large the disks are; how much is written on them?"),
        Slip(lambda: _image_of(), "That is the system disk; the image holds the data disk too."),
        Slip(lambda: _image_of(50) - _image_of(), "That is the data disk; the image holds the system disk too."),
        Slip(lambda: 40, "That is the size the service shows, of the system disk alone (ID-3)."),
        Slip(lambda: 40 + 50, "Of the system disk too only what is written is stored."),
        hint="Add up what is written on each disk.",
    ),
    "02-small": Task(
        "what the chain stores after the fifth snapshot",
        "GiB",
        lambda: _five_evenings(0.5),
        "The first snapshot stores what is written, each of the other four what changed (SNAP-2).",
        Slip(lambda: _DISK * 5, "That is disk size × count; blocks never written are not stored (SNAP-2)."),
        Slip(lambda: _five_evenings(0.5, 1) * 5, "That counts the same blocks five times; later ones hold changes."),
        Slip(lambda: _five_evenings(0.5, 6), "Between five evenings there are four changes."),
        Slip(lambda: _five_evenings(0.5, 1), "That is the first snapshot alone; overwriting makes new versions."),
        Slip(lambda: _five_evenings(0.5, written=_DISK), "That is a full disk; 20 of the 40 GiB are written."),
        Slip(lambda: _five_evenings(0.5, 2), "That is after the second snapshot; there are five."),
        Slip(lambda: _five_evenings(0.5) - _five_evenings(0.5, 1), "That is what the later four add; add the first."),
        hint="Start with what the first snapshot stores, and add what changed before each of the others.",
    ),
    "02-medium": Task(
        "what deleting the second and the third snapshot together frees",
        "GiB",
        lambda: _freed(1, 2),
        "Each frees its own versions, and both together also what only these two hold (CHAIN-2).",
        Slip(lambda: _freed(1) + _freed(2), "That is the sum of each alone; some copies are held by both of them."),
        Slip(lambda: _freed(1), "That is the second alone; what does the third hold, and what do both?"),
        Slip(lambda: _freed(2), "That is the third alone; what does the second hold, and what do both?"),
        Slip(lambda: _freed(1, 2) - _freed(1) - _freed(2), "That is what both hold; add what each holds alone."),
        Slip(lambda: 6 + 8, "That is what they stored when taken; the first or the fourth needs part of it."),
        Slip(lambda: 0, "Nothing would be so if the first or the fourth held all of it; do they?"),
        Slip(lambda: 20, "That is what each of them restores; the first and the fourth need most of it."),
        hint="Draw the table of letters: which copies are in the second or third column and in no other?",
    ),
    "02-large": Task(
        "what June costs",
        "CNY",
        lambda: _june(2),
        "Ten days each of 10, 12 and 12 GiB: what the third adds, deleting the first frees (BILL-2, CHAIN-2).",
        Slip(lambda: _june(2, deletes=False), "That is with all three snapshots kept; the first goes on 21 June."),
        Slip(lambda: _june(2, written=_DISK), "That is with a full disk; 10 of the 40 GiB are written."),
        Slip(lambda: _june(2, snapshots=1, deletes=False), "That is the first snapshot alone, all month."),
        Slip(lambda: _june(2) * 744 / 720, "That is for a month of 31 days; June has 30."),
        Slip(lambda: 34, "Those are GiB × stretches; each of them lasts ten days, which is a third of June."),
        Slip(lambda: _june(10, deletes=False), "That counts every snapshot in full; only 2 GiB change each time."),
        hint="Add up GiB × days for the three stretches, times 24 hours, times 0.12 / 720; or let the model do it.",
    ),
}
