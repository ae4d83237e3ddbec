"""The tasks of lesson 03: what may I do to an image, and when?"""

from __future__ import annotations

from collections.abc import Callable

from ..billing.bill import bill
from ..cloud.cloud import Cloud
from ..errors import CloudError
from .scene import cost_of, machine, snapshots
from .task import Slip, Task


def _freed_by_the_middle_one() -> float:
    """What deleting the second of the three snapshots of the first question frees [GiB]."""
    cloud, (_, middle, _) = snapshots("2026-03-02", 20, (8, 0), (10, 3))
    return cloud.freed_gib([middle])


def _licence(hours: int) -> float:
    """What partner pays for the system of acme's Red Hat image [CNY], on an instance of 2 vCPUs, by hours."""
    cloud = Cloud(start="2026-03-02")
    acme, partner = cloud.account("acme"), cloud.account("partner")
    image = acme.create_image(acme.run_instance(region="cn-beijing", image="rhel_9", written=20))
    acme.release_instance(cloud.image(image).source, force=True)
    acme.share_image(image, with_accounts=[partner])
    desk = partner.run_instance(region="cn-beijing", image=image, instance_type="ecs.g7.large")
    cloud.advance(hours=hours)
    partner.release_instance(desk, force=True)
    return cost_of(bill(cloud, until="2026-04-01"), meter="os_licence")


def minutes_to_available(written: float) -> float:
    """How long the first image of a system disk of 40 GiB takes [minutes], by what is written [GiB]."""
    cloud, acme, web = machine("2026-03-02T09:00", written, durations="typical")
    cloud.wait(acme.create_image(web))
    return (cloud.now - cloud.instance(web).launched_at).total_seconds() / 60


def _minutes_of_copies(copies: int, *, written: float = 24) -> float:
    """How long copies to one region, ordered together, take until the last is Available [minutes]."""
    cloud, acme, web = machine("2021-06-01T09:00", written, durations="typical")
    images = []
    for number in range(copies):
        images.append(acme.create_image(web, name=f"image-{number}"))
        cloud.wait(images[-1])
    asked = cloud.now
    for copy in [acme.copy_image(image, to="cn-hangzhou") for image in images]:
        cloud.wait(copy)
    return (cloud.now - asked).total_seconds() / 60


def _refused() -> int:
    """How many of the eight commands of the large task are refused."""
    cloud, acme, web = machine("2026-03-02")
    partner, image = cloud.account("partner"), acme.create_image(web)
    refused = 0
    commands: tuple[Callable[[], object], ...] = (
        lambda: acme.share_image(image, with_accounts=[partner]),
        lambda: acme.modify_image(image, status="Deprecated"),
        lambda: acme.delete_image(image, force=True),
        lambda: acme.unshare_image(image, from_accounts=[partner]),
        lambda: acme.modify_image(image, status="Deprecated"),
        lambda: acme.copy_image(image, to="cn-hangzhou"),
        lambda: acme.share_image(image, with_accounts=[partner]),
        lambda: acme.delete_image(image),
    )
    for command in commands:
        try:
            command()
        except CloudError:
            refused += 1
    return refused


TASKS: dict[str, Task] = {
    "03-recall-1": Task(
        "what deleting the second of the three snapshots frees",
        "GiB",
        _freed_by_the_middle_one,
        "From 3 to 8 GiB only the second holds the version that it stored (CHAIN-2).",
        Slip(lambda: 0, "That was Tuesday's snapshot; here the third overwrites what the second stored."),
        Slip(lambda: 20, "That is what it restores; most of it is held by another snapshot too."),
        Slip(lambda: 8, "That is what it stored when taken; the third still needs the first 3 GiB."),
        Slip(lambda: 3, "That is what the third needs of it; what does only the second hold?"),
        Slip(lambda: 10, "That is what the third stored; what did the second?"),
        Slip(lambda: 8 + 10, "That is what two snapshots stored when taken; only one of them is deleted."),
        hint="Draw the table of letters: which copies stand in the second column alone?",
    ),
    "03-recall-2": Task(
        "what partner pays for the system in 100 hours",
        "CNY",
        lambda: _licence(100),
        "The fee follows the lineage, and whoever launches pays it, by vCPUs and time (IBILL-5, LIC-4).",
        Slip(lambda: 0, "acme owns the image and pays its storage; who pays for its system?"),
        Slip(lambda: _licence(100) / 2, "That is for one vCPU; the instance has 2."),
        Slip(lambda: _licence(1), "That is one hour; the instance runs for 100."),
        Slip(lambda: 100 * 2 * 0.12, "0.12 is the price of storage; the system costs 0.1041 per vCPU and hour."),
        Slip(lambda: 100 * 2, "That is vCPUs × hours; multiply by the price."),
        hint="vCPUs × hours × price.",
    ),
    "03-small": Task(
        "how long the first image of an instance takes, with 30 of the 40 GiB of its only disk written",
        "minutes",
        lambda: minutes_to_available(30),
        "The time depends on what the snapshot has to store (CREATE-13); in proportion, we suppose.",
        Slip(lambda: minutes_to_available(40), "That is for a full disk; only what is written is stored."),
        Slip(lambda: 0, "The id comes at once; wait for the image and read the clock."),
        Slip(lambda: minutes_to_available(12), "That is for the 12 GiB of the lesson."),
        Slip(lambda: 30, "That is a minute for each GiB; 40 GiB take 20 minutes."),
        Slip(lambda: minutes_to_available(10), "That is the part that is not written."),
        Slip(lambda: 0.25, "That is in hours; write it in minutes."),
        hint="Start a new cloud with durations typical, make the image, wait for it, and subtract the times.",
    ),
    "03-medium": Task(
        "after how many minutes the last of three copies of 24 GiB is Available, ordered together in 2021",
        "minutes",
        lambda: _minutes_of_copies(3),
        "One copy runs at a time in a region, and each of them is a full one (COPY-2, COPY-4).",
        Slip(lambda: _minutes_of_copies(1), "That is one copy; in 2021 the others wait for it."),
        Slip(lambda: _minutes_of_copies(2), "That is when the second is done; there is a third."),
        Slip(lambda: _minutes_of_copies(3, written=40), "That is for full disks; 24 GiB of each are written."),
        Slip(lambda: 3 * 24, "That is a minute for each GiB; 40 GiB take 20 minutes."),
        Slip(lambda: _minutes_of_copies(3, written=10), "That is for the 10 GiB of the lesson."),
        Slip(lambda: 0, "The ids come at once; a copy is Available when its snapshots are."),
        hint="How long does one copy take, and how many run at the same time?",
    ),
    "03-large": Task(
        "how many of the eight commands are refused",
        "commands",
        _refused,
        "Deprecating and deleting while it is shared, and copying and sharing while it is Deprecated.",
        Slip(lambda: 0, "Look at the columns Available and shared, and Deprecated, of the table."),
        Slip(lambda: _refused() - 3, "There are more: read the rows share and copy, and the column shared."),
        Slip(lambda: _refused() - 2, "Two are missing: what does sharing forbid, and what Deprecated?"),
        Slip(lambda: _refused() - 1, "One is missing: try each alone. Does force help against sharing?"),
        Slip(lambda: _refused() + 1, "One too many: a Deprecated image that nobody shares can be deleted."),
        Slip(lambda: _refused() + 2, "Two too many: after a refusal the image is as it was before."),
        Slip(lambda: 8, "Sharing an Available image, at least, is allowed; go on from there."),
        hint="Write the status after each command; a refused one changes nothing. Then read the table.",
    ),
}
