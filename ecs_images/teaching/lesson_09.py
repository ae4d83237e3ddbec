"""The tasks of lesson 09: what in an account may go, and what would that save?"""

from __future__ import annotations

from functools import cache

from ..accounts.cleaning import Cleaning
from ..accounts.costs import AccountBill
from ..accounts.inventory import Inventory
from ..billing.bill import bill
from ..catalog.files import sample
from .scene import machine, snapshots
from .task import Slip, Task

_RED_HAT, _BEFORE, _AFTER = ("s-00000022", "s-00000087"), "s-00000033", "s-00000039"
_PER_NAME = "newest 2 per name, anything in use"


@cache
def _account() -> tuple[Inventory, AccountBill]:
    """The sample account and its bill."""
    inventory = Inventory.read(sample("shop") / "inventory")
    return inventory, inventory.bill()


@cache
def _plan(keep: str) -> Cleaning:
    inventory, bill_now = _account()
    return inventory.clean(keep, bill=bill_now)


def _deleted(keep: str) -> int:
    """How many images a policy deletes."""
    return int((_plan(keep).decisions["x_decision"] == "delete").sum())


def _saved_at_least(keep: str) -> float:
    """What a policy saves in 30 days at least [CNY]."""
    return float(_plan(keep).steps["x_freed_low_cost"].iloc[-1])


def _saved(*snapshots: str) -> float:
    """What deleting some snapshots whose savings are exact saves in 30 days [CNY]."""
    return _account()[1].saved(snapshots).low


def _allocated(column: str, *names: str) -> float:
    """What is allocated to some images or snapshots in 30 days [CNY]."""
    inventory, bill_now = _account()
    costs = inventory.costs(column, bill=bill_now)
    return float(costs.loc[costs["x_name"].isin(names), "list_cost"].sum())


def _allocated_to_deleted(keep: str) -> float:
    """What is allocated to the images that a policy deletes [CNY]."""
    decisions = _plan(keep).decisions
    return _allocated("image", *decisions.loc[decisions["x_decision"] == "delete", "x_image_id"])


def _freed_by_the_first_two() -> float:
    """What deleting the first two of three frees [GiB]; other blocks are overwritten before each later one."""
    cloud, made = snapshots("2026-03-02", 20, (3.5, 0), (4.25, 3.5))
    return cloud.freed_gib(made[:2])


def _after_the_image() -> float:
    """What a deleted image's snapshot costs in the 720 hours of April [CNY]."""
    cloud, acme, web = machine("2026-03-02", 37.5)
    readers = [cloud.account(f"reader-{number}") for number in range(4)]
    image = acme.create_image(web)
    acme.share_image(image, with_accounts=readers)
    acme.unshare_image(image, from_accounts=readers)
    acme.delete_image(image, force=True)
    months = bill(cloud, until="2026-05-01").by("month")
    return float(months.loc[months["x_month"] == "2026-04", "list_cost"].sum())


TASKS: dict[str, Task] = {
    "09-recall-1": Task(
        "how many GiB deleting the first two snapshots frees",
        "GiB",
        _freed_by_the_first_two,
        "It is all that was overwritten since: the third needs none of it (CHAIN-2).",
        Slip(lambda: 2 * 20, "That is what they restore; most of it the third snapshot needs, too."),
        Slip(lambda: 0, "The third does not need the old content of what was overwritten."),
        Slip(lambda: 3.5, "That is what the first alone frees; what only the first two need goes, too."),
        Slip(lambda: 4.25, "What was overwritten before the second snapshot counts, too."),
        Slip(lambda: 20 + 3.5, "That is what the first two store together; part of it the third needs."),
        hint="Which blocks of the first two does the third snapshot not need?",
    ),
    "09-recall-2": Task(
        "what acme pays for storage in the next 720 hours",
        "CNY",
        _after_the_image,
        "The snapshot outlives the image and is billed on (DEL-5); sharing never cost anything (SHARE-8).",
        Slip(lambda: 0, "The image is gone; is its snapshot?"),
        Slip(lambda: 40 * 0.12, "That is the whole disk; blocks never written are not stored."),
        Slip(lambda: 5 * 37.5 * 0.12, "Sharing stores nothing in the other accounts."),
        Slip(lambda: 37.5, "That is the GiB; times the price of a month."),
        hint="What is left when an image was deleted, and nothing else?",
    ),
    "09-small": Task(
        "how many images the policy deletes",
        "",
        lambda: _deleted("newest 1 per family, anything in use"),
        "Of 21 images in the family two stay: the newest, and golden-24, from which an instance runs.",
        Slip(lambda: _deleted("newest 1 per family"), "One that is older than the newest is in use; it stays."),
        Slip(lambda: _deleted("newest 3 per family"), "That keeps three; here it is one, and what is in use."),
        Slip(lambda: 59, "The newest of each family: and what becomes of images in no family?"),
        Slip(lambda: _deleted("anything in use"), "That keeps only what is in use; the other rule keeps more."),
        hint="Of 21 images in the one family: which stay by the first rule, and which by the second?",
    ),
    "09-medium": Task(
        "what deleting the three snapshots saves in 30 days",
        "CNY",
        lambda: _saved(*_RED_HAT, _BEFORE),
        "The Red Hat chain goes whole; of the trial's chain only what trial-after does not need (CHAIN-2).",
        Slip(lambda: _allocated("snapshot", *_RED_HAT, _BEFORE), "Those are shares; trial-after keeps part of one."),
        Slip(lambda: sum(map(_saved, (*_RED_HAT, _BEFORE))), "Each alone: but the Red Hat two go together."),
        Slip(lambda: (9 + 9 + 10) * 0.12, "That is what they restore; shared blocks are stored once."),
        Slip(lambda: _saved(*_RED_HAT), "That is the Red Hat pair; trial-before frees something, too."),
        Slip(lambda: _saved(*_RED_HAT, _BEFORE, _AFTER), "That is with trial-after, which stays."),
        hint="Take the two chains apart, and ask of each which blocks nobody needs any more.",
    ),
    "09-large": Task(
        "what the policy saves in 30 days at least",
        "CNY",
        lambda: _saved_at_least(_PER_NAME),
        "Nearly all of it is whole chains: the copies, each of which is full (COPY-2).",
        Slip(lambda: float(_plan(_PER_NAME).steps["x_freed_high_cost"].iloc[-1]), "That is what it saves at most."),
        Slip(lambda: _allocated_to_deleted(_PER_NAME), "That is their share of the bill, not what it saves."),
        Slip(lambda: _saved_at_least("newest 2 per name"), "That deletes what is in use, too."),
        Slip(lambda: _saved_at_least("newest 3 per name, anything in use"), "That keeps three of each series."),
        Slip(lambda: _saved_at_least("newest 2 per family, anything in use"), "That is per family, not per name."),
        Slip(
            lambda: float(_plan(_PER_NAME).steps["x_freed_low_cost"].sum()),
            "The column is a running total: read its last row only.",
        ),
        hint="Make the plan as above with this policy, and read the last row of its steps.",
    ),
}
