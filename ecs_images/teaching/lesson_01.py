"""The tasks of lesson 01: what is an image, and who owns it?"""

from __future__ import annotations

from ..billing.bill import bill
from ..cloud.cloud import Cloud
from .scene import machine
from .task import Slip, Task

_BEIJING, _HANGZHOU = "cn-beijing", "cn-hangzhou"
_MARCH, _APRIL, _MAY = "2026-03-01", "2026-04-01", "2026-05-01"


def _stored_gib(system: float, data: float) -> float:
    """What an image of a system disk and a data disk stores [GiB], by what is written on each [GiB]."""
    cloud, acme, web = machine(_MARCH, system, data=[data])
    return cloud.freed_gib(cloud.image(acme.create_image(web)).snapshots)


def _licence_in_march(instance_type: str, users: int = 1) -> float:
    """What users of a shared Red Hat image pay together for the system in March [CNY]."""
    cloud = Cloud(start=_MARCH)
    owner = cloud.account("owner")
    image = owner.create_image(owner.run_instance(region=_BEIJING, image="rhel_9", written=20))
    owner.release_instance(cloud.image(image).source, force=True)
    for number in range(users):
        user = cloud.account(f"user {number}")
        owner.share_image(image, with_accounts=[user])
        user.run_instance(region=_BEIJING, image=image, instance_type=instance_type)
    meters = bill(cloud, until=_APRIL).by("meter")
    return float(meters.loc[meters["sku_meter"] == "os_licence", "list_cost"].sum())


def _storage_in_april(*, copied: bool) -> float:
    """What the owner of golden-v1 pays for storage in April [CNY], with a copy in Hangzhou or without."""
    cloud, acme, web = machine(_APRIL, data=[30])
    golden = acme.create_image(web, name="golden-v1")
    if copied:
        acme.copy_image(golden, to=_HANGZHOU)
    return bill(cloud, until=_MAY).total()


TASKS: dict[str, Task] = {
    "01-small": Task(
        wanted="what golden-v1 stores when the data disk has 50 GiB written instead of 30",
        unit="GiB",
        right=lambda: _stored_gib(12, 50),
        because="Only what is written counts, on every disk of the image (SNAP-2, STRUCT-1).",
        slips=(
            Slip(lambda: 40 + 100, "That is how large the disks are; how much is written on them?"),
            Slip(lambda: _stored_gib(0, 50), "That is the data disk; an image has the system disk too."),
            Slip(lambda: _stored_gib(12, 30), "That is what it stored before; run the cells from the start again."),
            Slip(lambda: 50 - 30, "That is how much more it stores; how much is it in all?"),
        ),
        hint="Add up what is written on the system disk and on the data disk.",
    ),
    "01-medium": Task(
        wanted="what each of two users pays in March for the system of hardened-v1, on an ecs.g7.2xlarge of their own",
        unit="CNY",
        right=lambda: _licence_in_march("ecs.g7.2xlarge"),
        because="Each user pays for their own instance, by its vCPUs and seconds (LIC-4, IBILL-5).",
        slips=(
            Slip(lambda: 0, "The owner of the image does not pay for its system; whoever launches it pays."),
            Slip(lambda: _licence_in_march("ecs.g7.large"), "That is for ecs.g7.large; a 2xlarge has more vCPUs."),
            Slip(lambda: _licence_in_march("ecs.g7.2xlarge", 2), "That is both users together; what does one pay?"),
        ),
        hint="Launch hardened-v1 as user with instance_type ecs.g7.2xlarge, and bill March by account and meter.",
    ),
    "01-large": Task(
        wanted="acme's storage in April, when partner needs golden-v1 in Hangzhou too from the first of April on",
        unit="CNY",
        right=lambda: _storage_in_april(copied=True),
        because="Sharing ends at the region; the copy there has snapshots of its own, full ones (COPY-2, COPY-10).",
        slips=(Slip(lambda: _storage_in_april(copied=False), "That is one region; a share stays in it (SHARE-1)."),),
        hint="Set the clock to 2026-04-01, copy the image to cn-hangzhou, share the copy, and bill acme's April.",
    ),
}
