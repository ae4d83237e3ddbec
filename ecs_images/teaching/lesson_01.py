"""The tasks of lesson 01: what is an image, and who owns it?"""

from __future__ import annotations

from ..billing.bill import bill
from ..cloud.cloud import Cloud
from .scene import cost_of, machine
from .task import Slip, Task

_BEIJING, _HANGZHOU = "cn-beijing", "cn-hangzhou"
_MARCH, _APRIL, _MAY = "2026-03-01", "2026-04-01", "2026-05-01"
_LARGE, _2XLARGE = "ecs.g7.large", "ecs.g7.2xlarge"


def _left_behind(*, with_snapshots: bool = False, until: str = _MAY, written: float = 35) -> float:
    """What the snapshot of a deleted image costs from April on [CNY], by what is written on its disk [GiB]."""
    cloud, acme, web = machine(_APRIL, written)
    acme.delete_image(acme.create_image(web), with_snapshots=with_snapshots)
    return bill(cloud, until=until).total()


def _commands_that_end_a_bill(data: int = 0) -> int:
    """How many deletions end the bill of an image of a system disk and so many data disks."""
    cloud, acme, web = machine(_APRIL, data=[1] * data)
    image = acme.create_image(web)
    acme.delete_image(image)
    snapshots = cloud.image(image).snapshots
    for snapshot in snapshots:
        acme.delete_snapshot(snapshot)
    return 1 + len(snapshots)


def _stored_gib(system: float, data: float) -> float:
    """What an image of a system disk and a data disk stores [GiB], by what is written on each [GiB]."""
    cloud, acme, web = machine(_MARCH, system, data=[data])
    return cloud.freed_gib(cloud.image(acme.create_image(web)).snapshots)


def _in_march(meter: str, instance_type: str = _2XLARGE, users: int = 1, until: str = _APRIL) -> float:
    """What users of a shared Red Hat image pay together for the system in March, or its owner for storage [CNY]."""
    cloud = Cloud(start=_MARCH)
    owner = cloud.account("owner")
    image = owner.create_image(owner.run_instance(region=_BEIJING, image="rhel_9", written=20))
    owner.release_instance(cloud.image(image).source, force=True)
    for number in range(users):
        user = cloud.account(f"user {number}")
        owner.share_image(image, with_accounts=[user])
        user.run_instance(region=_BEIJING, image=image, instance_type=instance_type)
    return cost_of(bill(cloud, until=until), meter=meter)


def _storage_in_april(*, copies: int, data: float = 30) -> float:
    """What the owner of golden-v1 pays for storage in April [CNY], with so many copies in Hangzhou."""
    cloud, acme, web = machine(_APRIL, data=[data] if data else [])
    golden = acme.create_image(web, name="golden-v1")
    for number in range(copies):
        acme.copy_image(golden, to=_HANGZHOU, name=f"copy-{number}")
    return bill(cloud, until=_MAY).total()


TASKS: dict[str, Task] = {
    "01-recall-1": Task(
        "what the forgotten snapshot of 35 GiB costs in April",
        "CNY",
        _left_behind,
        "A snapshot outlives its image and is billed until it is deleted itself (DEL-5).",
        Slip(lambda: _left_behind(with_snapshots=True), "The image is gone; is its snapshot gone too?"),
        Slip(lambda: _left_behind(written=40), "That is the whole disk; the snapshot holds 35 GiB."),
        Slip(lambda: _left_behind(until="2026-04-02"), "That is one day; April has 30 of them."),
        Slip(lambda: 35 * 0.12 * 744 / 720, "That is for 744 hours; April has 720."),
        Slip(lambda: 35, "That is the GiB; multiply them by the price."),
        hint="GiB × price of a month × hours / 720.",
    ),
    "01-recall-2": Task(
        "how many commands of the API end the bill of an image with one disk",
        "commands",
        _commands_that_end_a_bill,
        "First the image is deleted, then the snapshot behind it (DEL-5, SDEL-2).",
        Slip(lambda: 1, "Deleting the image leaves its snapshot; only the console takes both in one step."),
        Slip(lambda: 0, "An image costs nothing, but its snapshot is billed until it is deleted."),
        Slip(lambda: _commands_that_end_a_bill(1), "The instance and its disk need not go; what is billed here?"),
        hint="What did lesson 00 delete in March, and what in April?",
    ),
    "01-small": Task(
        "what golden-v1 stores when the data disk has 50 GiB written instead of 30",
        "GiB",
        lambda: _stored_gib(12, 50),
        "Only what is written counts, on every disk of the image (SNAP-2, STRUCT-1).",
        Slip(lambda: 40 + 100, "That is how large the disks are; how much is written on them?"),
        Slip(lambda: _stored_gib(0, 50), "That is the data disk; an image has the system disk too."),
        Slip(lambda: _stored_gib(12, 30), "That is what it stored before; run the cells from the start again."),
        Slip(lambda: 50 - 30, "That is how much more it stores; how much is it in all?"),
        Slip(lambda: 12, "That is the system disk; the image holds the data disk too."),
        Slip(lambda: 40, "That is the size the service shows, of the system disk alone (ID-3)."),
        Slip(lambda: 40 + 50, "Of the system disk too only what is written is stored."),
        hint="Add up what is written on the system disk and on the data disk.",
    ),
    "01-medium": Task(
        "what each of two users pays in March for the system of hardened-v1, on an ecs.g7.2xlarge of their own",
        "CNY",
        lambda: _in_march("os_licence"),
        "Each user pays for their own instance, by its vCPUs and its time (LIC-4, IBILL-5).",
        Slip(lambda: 0, "Whose instance runs? The fee is paid by whoever launches, here each user."),
        Slip(lambda: _in_march("os_licence", _LARGE), "That is for ecs.g7.large; how many vCPUs has a 2xlarge?"),
        Slip(lambda: _in_march("os_licence", users=2), "That is both users together; what does one pay?"),
        Slip(
            lambda: _in_march("os_licence") / 2,
            "The fee is not shared between the users, and all 8 vCPUs of a machine count.",
        ),
        Slip(lambda: _in_march("os_licence", until="2026-03-31"), "That is 720 hours; March has 744."),
        Slip(lambda: _in_march("os_licence", _LARGE) / 2, "That is for one vCPU; an ecs.g7.2xlarge has 8."),
        Slip(lambda: _in_march("snapshot_standard"), "That is the storage, which the owner pays."),
        hint="Launch hardened-v1 as user with instance_type ecs.g7.2xlarge, and bill March by account and meter.",
    ),
    "01-large": Task(
        "acme's storage in April, when partner needs golden-v1 in Hangzhou too from the first of April on",
        "CNY",
        lambda: _storage_in_april(copies=1),
        "Sharing ends at the region; the copy there has snapshots of its own, full ones (COPY-2, COPY-10).",
        Slip(lambda: _storage_in_april(copies=0), "That is one region; a share stays in it (SHARE-1)."),
        Slip(lambda: _storage_in_april(copies=1) * 744 / 720, "That is for 744 hours; April has 720."),
        Slip(lambda: _storage_in_april(copies=2), "One copy is enough: it can be shared in Hangzhou."),
        Slip(lambda: _storage_in_april(copies=1, data=0), "That is the system disk alone; a copy takes all disks."),
        Slip(lambda: 2 * (40 + 100) * 0.12, "That is how large the disks are; only what is written is stored."),
        Slip(lambda: 2 * (12 + 50) * 0.12, "That is with 50 GiB on the data disk; set it back to 30."),
        Slip(lambda: 0, "partner pays nothing for storage, acme does: also for the copy that it shares."),
        hint="Set the clock to 2026-04-01, copy the image to cn-hangzhou, share the copy, and bill acme's April.",
    ),
}
