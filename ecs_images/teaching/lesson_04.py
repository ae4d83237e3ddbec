"""The tasks of lesson 04: how does a day become a charge?"""

from __future__ import annotations

from ..billing.bill import Bill, bill
from ..cloud.cloud import Cloud
from .scene import machine
from .task import Slip, Task

_BEIJING, _HONGKONG = "cn-beijing", "cn-hongkong"


def _hours(start: str, end: str) -> float:
    """The hours billed for a snapshot that is stored between two moments [hour]."""
    cloud, acme, web = machine(start, 30)
    snapshot = acme.create_snapshot(web)
    cloud.at(end)
    acme.delete_snapshot(snapshot)
    kept = bill(cloud, until="2026-05-13").explain(snapshot).amounts
    return float(kept["x_hours"].sum())


def _beijing(start: str, end: str, written: float = 30) -> float:
    """What a snapshot costs in Beijing from one day to another [CNY]."""
    cloud, acme, web = machine(start, written)
    acme.create_snapshot(web)
    return bill(cloud, until=end).total()


def _hongkong(*written: float, region: str = _HONGKONG) -> Bill:
    """The bill of April for one snapshot of each disk, by what is written on them [GiB]; 5 GiB are free."""
    cloud = Cloud(start="2026-04-01", assume={"UNK-12": "as_published"})
    acme = cloud.account("acme")
    for gib in written:
        acme.create_snapshot(acme.run_instance(region=region, image="aliyun_3", system_disk=40, written=gib))
    return bill(cloud, until="2026-05-01")


def _paid(april: Bill) -> float:
    return float(april.invoice()["billed_cost"].sum())


TASKS: dict[str, Task] = {
    "04-small": Task(
        wanted="how many hours are billed for a snapshot stored from 23:50 to 00:10",
        unit="hours",
        right=lambda: _hours("2026-05-11T23:50", "2026-05-12T00:10"),
        because="It touches two clock hours, and each of them counts as a whole hour (BILL-2).",
        slips=(
            Slip(lambda: 20 / 60, "That is the time that passed; whole clock hours are billed."),
            Slip(lambda: _hours("2026-05-11T23:00", "2026-05-12"), "Which clock hours are touched, even partly?"),
            Slip(lambda: _hours("2026-05-11", "2026-05-12T01:00"), "Days do not matter here; count the clock hours."),
        ),
        hint="Write down the clock hours in which the snapshot exists, even for a minute.",
    ),
    "04-medium": Task(
        wanted="what 30 GiB stored all July cost in Beijing, before rounding",
        unit="CNY",
        right=lambda: _beijing("2026-07-01", "2026-08-01"),
        because="July has 744 hours, a pricing month 720 (BILL-2).",
        slips=(
            Slip(lambda: _beijing("2026-06-01", "2026-07-01"), "That is 720 hours; July has 31 days."),
            Slip(lambda: _beijing("2026-07-01", "2026-08-01", 40), "That is for 40 GiB; only what is written counts."),
        ),
        hint="GiB × hours × price / 720, with the hours of 31 days.",
    ),
    "04-large": Task(
        wanted="what is paid for April in Hong Kong, snapshots of two disks with 10 and 4 GiB written, as invoiced",
        unit="CNY",
        right=lambda: _paid(_hongkong(10, 4)),
        because="14 GiB less the first 5 of the region, and each day is truncated separately (BILL-1, BILL-6).",
        slips=(
            Slip(lambda: _hongkong(10, 4).total(), "That is the list cost; what is paid is truncated, day by day."),
            Slip(lambda: _hongkong(10).total() + _hongkong(4).total(), "The free part is per region, not per disk."),
            Slip(lambda: _paid(_hongkong(10, 4, region=_BEIJING)), "That is Beijing's price, not Hong Kong's tiers."),
        ),
        hint="Make both snapshots on 2026-04-01, bill until 2026-05-01, and add up billed_cost of the invoice.",
    ),
}
