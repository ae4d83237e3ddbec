"""The tasks of lesson 02: why is the second snapshot so small?"""

from __future__ import annotations

from ..billing.bill import bill
from ..cloud.cloud import Cloud
from .scene import machine
from .task import Slip, Task

_DISK = 40


def _five_evenings(changed: float, snapshots: int = 5, written: float = 20) -> float:
    """What a chain stores [GiB] when `changed` GiB are overwritten between its snapshots, each time elsewhere."""
    cloud, acme, web = machine("2026-03-02", written)
    acme.create_snapshot(web)
    for evening in range(1, snapshots):
        if changed:
            acme.write(web, overwrite=changed, offset=evening * changed)
        acme.create_snapshot(web)
    return cloud.chain(web).total_gib


def _shop() -> tuple[Cloud, tuple[str, ...]]:
    """The chain of the medium task and its three snapshots."""
    cloud = Cloud(start="2026-05-04")
    owner = cloud.account("owner")
    till = owner.run_instance(region="cn-shanghai", image="aliyun_3", system_disk=_DISK, written=10)
    owner.create_snapshot(till)
    for changed in (2, 4):
        owner.write(till, overwrite=changed)
        owner.create_snapshot(till)
    return cloud, cloud.chain(till).snapshots


def _freed(*numbers: int) -> float:
    """What deleting these snapshots of the medium task together frees [GiB]; 0 is the first."""
    cloud, snapshots = _shop()
    return cloud.freed_gib([snapshots[number] for number in numbers])


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
    "02-small": Task(
        wanted="what the chain stores after the fifth snapshot",
        unit="GiB",
        right=lambda: _five_evenings(0.5),
        because="The first snapshot stores what is written, each of the other four what changed (SNAP-2).",
        slips=(
            Slip(lambda: _DISK * 5, "That is disk size × count; blocks never written are not stored (SNAP-2)."),
            Slip(lambda: _five_evenings(0) * 5, "That counts the same blocks five times; later ones hold changes."),
            Slip(lambda: _five_evenings(0.5, 6), "Between five evenings there are four changes."),
            Slip(lambda: _five_evenings(0), "That is the first snapshot alone; overwriting makes new versions."),
            Slip(lambda: _five_evenings(0.5) - _five_evenings(0), "That is what the later four add; add the first."),
        ),
        hint="Start with what the first snapshot stores, and add what changed before each of the others.",
    ),
    "02-medium": Task(
        wanted="what deleting the first two snapshots together frees",
        unit="GiB",
        right=lambda: _freed(0, 1),
        because="Each frees its own version of the front, and both together what only they hold (CHAIN-2).",
        slips=(
            Slip(lambda: _freed(0) + _freed(1), "That is the sum of each alone; some copies are held by both of them."),
            Slip(lambda: _freed(0, 1) + _freed(2), "That also counts what the third holds alone, and the third stays."),
            Slip(lambda: _freed(0), "That is one of them alone; what do both hold that the third does not?"),
            Slip(lambda: 10 + 2, "That is what they stored when taken; the third still needs part of it."),
        ),
        hint="Draw the table of letters: which copies are in the first or second column but not in the third?",
    ),
    "02-large": Task(
        wanted="what June costs",
        unit="CNY",
        right=lambda: _june(2),
        because="Ten days each of 10, 12 and 12 GiB: what the third adds, deleting the first frees (BILL-2, CHAIN-2).",
        slips=(
            Slip(lambda: _june(2, deletes=False), "That is with all three snapshots kept; the first goes on 21 June."),
            Slip(lambda: _june(2, written=_DISK), "That is with a full disk; 10 of the 40 GiB are written."),
            Slip(lambda: _june(2, snapshots=1, deletes=False), "That is the first snapshot alone, all month."),
            Slip(lambda: _june(10, deletes=False), "That counts every snapshot in full; only 2 GiB change each time."),
        ),
        hint="Add up GiB × days for the three stretches, times 24 hours, times 0.12 / 720; or let the model do it.",
    ),
}
