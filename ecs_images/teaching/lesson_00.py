"""The tasks of lesson 00: what does keeping an image cost me?"""

from __future__ import annotations

from ..billing.bill import bill
from .scene import machine
from .task import Slip, Task

_MARCH, _APRIL, _MAY = "2026-03-01", "2026-04-01", "2026-05-01"


def _february(written: float) -> float:
    """What golden-v1 costs in February [CNY], by what is written on its disk [GiB]."""
    cloud, acme, web = machine("2026-02-01", written)
    acme.create_image(web)
    return bill(cloud, until=_MARCH).total()


def _april(*, copied: bool = False, third: bool = False) -> float:
    """What April costs [CNY] with golden-v2 alone, with its copy in Hangzhou, or with a third image."""
    cloud, acme, web = machine(_APRIL)
    second = acme.create_image(web, name="golden-v2")
    cloud.wait(second)
    if copied:
        acme.copy_image(second, to="cn-hangzhou")
    if third:
        acme.write(web, new=3)
        acme.create_image(web, name="golden-v3")
    return bill(cloud, until=_MAY).total()


TASKS: dict[str, Task] = {
    "00-small": Task(
        "what golden-v1 costs in February when 30 GiB are written instead of 12",
        "CNY",
        lambda: _february(30),
        "Only what is written counts; the other 10 GiB of the disk cost nothing (SNAP-2, BILL-2).",
        Slip(lambda: _february(40), "That is for the whole disk; how much of it is written?"),
        Slip(lambda: _february(12), "That is what it cost before; run the cells from the start again."),
        Slip(lambda: 30 * 0.12, "That is for 720 hours; February has 28 days."),
        Slip(lambda: _february(30) - _february(12), "That is what it costs more; how much is it in all?"),
        Slip(lambda: 30 * 0.12 * 744 / 720, "That is March; read the row of 2026-02."),
        Slip(lambda: 30, "That is the GiB; the bill has the cost in CNY."),
        Slip(lambda: 0, "An image costs nothing, but the snapshot behind it does."),
        hint="Read the row of 2026-02 in the bill by month and meter.",
    ),
    "00-medium": Task(
        "what April costs when golden-v2 is copied to Hangzhou as soon as it is made",
        "CNY",
        lambda: _april(copied=True),
        "A copy is a full one: it stores again what the original stores (COPY-2, BILL-2).",
        Slip(lambda: _april(), "That is without the copy; the copy has snapshots of its own in Hangzhou."),
        Slip(lambda: 0, "An image costs nothing, but what is behind the copy does."),
        Slip(lambda: 2 * 40 * 0.12, "That is for the whole disks; only what is written is stored."),
        Slip(lambda: 2 * 12 * 0.12 * 744 / 720, "That is for 744 hours; April has 720."),
        Slip(lambda: 2 * 30 * 0.12, "That is with 30 GiB written; set it back to 12 and run all cells again."),
        Slip(lambda: 3 * 12 * 0.12, "That is three copies; golden-v1 and its snapshot are gone by April."),
        Slip(lambda: 24, "That is the GiB; the bill has the cost in CNY."),
        hint="Copy it in a new cell, and read the row of 2026-04 in the bill by month and meter.",
    ),
    "00-large": Task(
        "what April costs with golden-v2 and golden-v3 and without the copy",
        "CNY",
        lambda: _april(third=True),
        "golden-v3 stores only the 3 GiB that golden-v2 does not have yet (SNAP-2, CHAIN-1).",
        Slip(lambda: _april(), "That is golden-v2 alone; what is new on the disk is stored too."),
        Slip(lambda: (12 + 15) * 0.12, "That pays the first 12 GiB twice; the second image adds only what is new."),
        Slip(lambda: 3 * 0.12, "That is what golden-v3 adds; golden-v2 is on the bill too."),
        Slip(lambda: _april(third=True) * 744 / 720, "That is for 744 hours; April has 720."),
        Slip(lambda: 2 * 40 * 0.12, "That is for two whole disks; only what is written is stored."),
        Slip(lambda: 15, "That is the GiB; times the price of a month."),
        hint="How many GiB do the snapshots of the two images store together? Times 0.12.",
    ),
}
