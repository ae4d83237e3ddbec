"""The tasks of lesson 10: does a bill match what an account keeps?"""

from __future__ import annotations

from functools import cache

from ..accounts.bill_files import read_bill
from ..accounts.inventory import Inventory
from ..accounts.reconcile import Reconciliation, reconcile
from ..billing.bill import bill
from ..catalog.files import sample
from .scene import machine
from .task import Slip, Task

_SHOP, _OCTOBER = "1000000000000001", "*_202610_*"
_OLD, _NEW, _PRICE = 163.5, 178.75, 0.12
"""What Shanghai stores before and after the copy of 19 October [GiB], and the price [CNY per GiB and 720 hours]."""


@cache
def _reconciled(files: str) -> Reconciliation:
    """The sample account beside those of its bills."""
    bills = sorted((sample("shop") / "bill").glob(files))
    return reconcile(Inventory.read(sample("shop") / "inventory"), read_bill(*bills))


def _sum(files: str, column: str, **where: str) -> float:
    """A column of a reconciliation by account, region and day, added up [CNY]."""
    table = _reconciled(files).by("account_id", "region_id", "day")
    for name, value in where.items():
        table = table[table[name] == value]
    return float(table[column].replace("", "0").astype(float).sum())


def _shanghai(column: str) -> float:
    """A column of the year in Shanghai [CNY]."""
    return _sum("*", column, region_id="cn-shanghai")


def _day(old_hours: float) -> float:
    """The cost of a day with so many hours before the copy [CNY]."""
    return (old_hours * _OLD + (24 - old_hours) * _NEW) * _PRICE / 720


def _hours_of_a_night() -> float:
    """How many hours a snapshot costs that is there from 22:20 to 01:10."""
    cloud, acme, web = machine("2026-03-31T22:20", 18)
    snapshot = acme.create_snapshot(web)
    cloud.at("2026-04-01T01:10")
    acme.delete_snapshot(snapshot)
    return round(bill(cloud, until="2026-05-01").total() / (18 * _PRICE / 720), 9)


def _stored_with_two_copies() -> float:
    """What an image and its copies in two regions store [GiB]."""
    cloud, acme, web = machine("2026-03-02", 16.5)
    image = acme.create_image(web)
    copies = [acme.copy_image(image, to=region) for region in ("cn-shanghai", "ap-southeast-1")]
    return sum(cloud.chain(cloud.image(one).system_snapshot).total_gib for one in (image, *copies))


TASKS: dict[str, Task] = {
    "10-recall-1": Task(
        "how many hours of the snapshot are billed",
        "",
        _hours_of_a_night,
        "Every hour of the clock that is touched counts whole: two before midnight, two after (BILL-2).",
        Slip(lambda: 3, "That is the time that passed, rounded up; count the hours of the clock."),
        Slip(lambda: 2 + 50 / 60, "The time that passed is not what counts."),
        Slip(lambda: 2, "That is one of the two days."),
        Slip(lambda: 5, "The hour that begins at 02:00 is not touched."),
        hint="Which hours of the clock does it touch, even by a minute?",
    ),
    "10-recall-2": Task(
        "how many GiB are stored in all three regions",
        "GiB",
        _stored_with_two_copies,
        "Each copy is full and has a chain of its own (COPY-2).",
        Slip(lambda: 16.5, "A copy is no link: what does it store in its own region?"),
        Slip(lambda: 2 * 16.5, "There are two copies, and the source stays."),
        Slip(lambda: 3 * 40, "Blocks never written are not stored."),
        hint="What does one copy store?",
    ),
    "10-small": Task(
        "what the line of that day says",
        "CNY",
        lambda: _sum(_OCTOBER, "billed", region_id="cn-shanghai", day="2026-10-19"),
        "Nine hours cost the old size, fifteen the new one, each at 1/720 of the price of a month (BILL-2).",
        Slip(lambda: _day(24), "That is the day before; the copy counts from 09:00 on."),
        Slip(lambda: _day(0), "That is the day after: until 09:00 there was no copy."),
        Slip(lambda: _day(15), "It is the other way round: nine hours without the copy."),
        Slip(lambda: _day(12), "The day is not cut in the middle."),
        Slip(lambda: _NEW * _PRICE, "That is a whole month."),
        Slip(lambda: 9 * _OLD + 15 * _NEW, "Those are GiB-hours; times the price of an hour."),
        hint="Add GiB times hours, before and after 09:00, and divide the month's price by 720.",
    ),
    "10-medium": Task(
        "how much the discount takes off",
        "CNY",
        lambda: 0.15 * _sum(_OCTOBER, "modelled", account_id=_SHOP),
        "It is taken off the list cost of this account, before decimals are cut (BILL-6).",
        Slip(lambda: 0.15 * _sum(_OCTOBER, "modelled"), "That has both accounts; the contract is of one."),
        Slip(
            lambda: 0.15 * _sum(_OCTOBER, "billed", account_id=_SHOP),
            "That is of what was paid; the discount is of the list cost, from which nothing is cut yet.",
        ),
        Slip(lambda: 0.15 * _sum(_OCTOBER, "billed"), "One account only, and its list cost."),
        Slip(lambda: 0.85 * _sum(_OCTOBER, "modelled", account_id=_SHOP), "That is what is left to pay."),
        Slip(lambda: _sum(_OCTOBER, "modelled", account_id=_SHOP), "That is the list cost itself."),
        hint='Reconcile October by "account_id": the list cost is what is modelled.',
    ),
    "10-large": Task(
        "how much of the year in Shanghai is outside the model",
        "CNY",
        lambda: _shanghai("outside the model"),
        "Without hours a day is modelled by the last total before it; what came later in the month is outside.",
        Slip(lambda: _shanghai("difference"), "That is the difference; it has another cause in it, with a minus."),
        Slip(lambda: _shanghai("billed") - _shanghai("modelled"), "Part of that is not compared at all."),
        Slip(lambda: _sum("*", "outside the model"), "Those are all regions."),
        Slip(lambda: _shanghai("not_compared"), "Of that the inventory knows nothing; it is no cause."),
        Slip(lambda: abs(_shanghai("round-down")), "Those are the decimals that were cut."),
        Slip(lambda: 0, "Only October has hours; what is known of a day in June?"),
        hint='Reconcile the whole folder of bills by "region_id", and read the column of that cause.',
    ),
}
