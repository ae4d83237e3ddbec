"""What many tasks share: an account with an instance to make images of, and what is asked of it later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from ..billing.bill import Bill, bill
from ..billing.dimensions import DIMENSIONS
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..errors import CloudError
from ..ledger.resources import Durations


def machine(
    start: str, written: float = 12, *, data: Sequence[float] = (), durations: Durations = "instant"
) -> tuple[Cloud, Account, str]:
    """Returns a new cloud, its account acme, and acme's instance in Beijing.

    start: the cloud's first moment
    written: how much is written on the system disk of 40 GiB [GiB]
    data: how much is written on each data disk of 100 GiB [GiB]
    durations: whether tasks are done at once or take their typical time
    """
    cloud = Cloud(start=start, durations=durations)
    acme = cloud.account("acme")
    disks = [{"size": 100, "written": gib} for gib in data]
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=written, data_disks=disks)
    return cloud, acme, web


def snapshots(start: str, written: float, *overwritten: tuple[float, float]) -> tuple[Cloud, tuple[str, ...]]:
    """Returns a new cloud, and a disk's snapshots: one of what is written, and one after each time of overwriting.

    start: the cloud's first moment
    written: how much is written on the disk [GiB]
    overwritten: how much is overwritten before each later snapshot, and from where on the disk [GiB]
    """
    cloud, acme, web = machine(start, written)
    made = [acme.create_snapshot(web)]
    for size, offset in overwritten:
        acme.write(web, overwrite=size, offset=offset)
        made.append(acme.create_snapshot(web))
    return cloud, tuple(made)


def freed_by_the_oldest(count: int, *, of: int, changed: float, written: float) -> float:
    """What deleting the oldest snapshots of a disk frees [GiB].

    count: how many are deleted
    of: how many there are
    changed: how much is overwritten between two of them, each time the same blocks [GiB]
    written: how much is written on the disk [GiB]
    """
    cloud, made = snapshots("2026-06-01", written, *[(changed, 0)] * (of - 1))
    return cloud.freed_gib(made[:count])


def hours_billed(start: str, end: str) -> float:
    """The hours billed for a snapshot of 12 GiB that is stored from one moment of May 11 or 12, 2026 to another."""
    cloud, acme, web = machine(start)
    snapshot = acme.create_snapshot(web)
    cloud.at(end)
    acme.delete_snapshot(snapshot)
    return float(bill(cloud, until="2026-05-13").explain(snapshot).amounts["x_hours"].sum())


def licence(instance_type: str, *, image: str = "rhel_9", hours: int = 24) -> float:
    """What the licence of an instance costs in so many hours [CNY]."""
    cloud = Cloud(start="2026-06-01")
    cloud.account("acme").run_instance(region="cn-beijing", image=image, instance_type=instance_type)
    return bill(cloud, until=cloud.now + timedelta(hours=hours)).total()


def cost_of(whole: Bill, **parts: str) -> float:
    """What part of a bill costs [CNY], such as `meter="os_licence", account="partner"`."""
    table = whole.by(*parts)
    for dimension, value in parts.items():
        table = table[table[DIMENSIONS[dimension].column] == value]
    return float(table["list_cost"].sum())


def refusal(command: Callable[[], object]) -> str:
    """The error code with which a command is refused."""
    try:
        command()
    except CloudError as refused:
        return refused.code
    raise AssertionError("the command was not refused")
