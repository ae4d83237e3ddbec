"""The tasks of lesson 07: who pays for a licence I never bought?"""

from __future__ import annotations

from ..billing.bill import bill
from ..cloud.cloud import Cloud
from ..ledger.resources import StopMode
from .scene import cost_of, freed_by_the_oldest, licence, machine, refusal
from .task import Slip, Task

_BEIJING = "cn-beijing"
_DAY, _NEXT_DAY = "2026-06-01", "2026-06-02"


def _freed(count: int) -> float:
    """What deleting the oldest of the ten versions of the first question frees [GiB]."""
    return freed_by_the_oldest(count, of=10, changed=0.75, written=15)


def _refusal_of_a_receiver() -> str:
    """The error code with which an account is refused to copy a shared image to another region."""
    cloud, acme, web = machine("2026-06-01")
    partner, image = cloud.account("partner"), acme.create_image(web)
    acme.share_image(image, with_accounts=[partner])
    return refusal(lambda: partner.copy_image(image, to="cn-shanghai"))


def _of_partner(instances: int, instance_type: str = "ecs.g7.xlarge") -> float:
    """What partner pays for ten hours of instances from an image of acme's [CNY]."""
    cloud = Cloud(start=_DAY)
    acme, partner = cloud.account("acme"), cloud.account("partner")
    builder = acme.run_instance(region=_BEIJING, image="rhel_9", instance_type="ecs.g7.large", written=10)
    golden = acme.create_image(builder)
    acme.release_instance(builder, force=True)
    acme.share_image(golden, with_accounts=[partner])
    for _ in range(instances):
        partner.run_instance(region=_BEIJING, image=golden, instance_type=instance_type)
    return _fees(cloud, "2026-06-01T10:00", "partner")


def _with_stops(first: StopMode, second: StopMode) -> float:
    """What the licence costs on a day with a stop from 12:00 to 18:00 and one from 18:00 on [CNY]."""
    cloud = Cloud(start=_DAY)
    acme = cloud.account("acme")
    web = acme.run_instance(region=_BEIJING, image="sles_15", instance_type="ecs.g7.xlarge")
    cloud.at("2026-06-01T12:00")
    acme.stop_instance(web, mode=first)
    cloud.at("2026-06-01T18:00")
    acme.start_instance(web)
    acme.stop_instance(web, mode=second)
    return _fees(cloud, _NEXT_DAY)


def _fees(cloud: Cloud, until: str, account: str = "acme") -> float:
    return cost_of(bill(cloud, until=until), account=account, meter="os_licence")


TASKS: dict[str, Task] = {
    "07-recall-1": Task(
        "how many GiB are freed when the oldest six go",
        "GiB",
        lambda: _freed(6),
        "Each of the six alone holds what was overwritten after it; the base stays (CHAIN-2).",
        Slip(lambda: 6 * 15, "That is what the six restore; most of it is needed by those that stay."),
        Slip(lambda: _freed(10) * 6 / 10, "That is in proportion; what all have in common stays."),
        Slip(lambda: _freed(4), "That is for four deleted; here six go."),
        Slip(lambda: _freed(5), "That is for five deleted; the oldest, too, holds something alone."),
        Slip(lambda: 0, "Their snapshots are deleted too, and each holds something alone."),
        hint="What does one old version hold that no other holds? Times how many go.",
    ),
    "07-recall-2": Task(
        "the error code",
        "",
        _refusal_of_a_receiver,
        "Across regions only the owner copies (SHARE-7).",
        Slip(lambda: "InvalidImageId.NotFound", "partner does see the image; it may only not take it elsewhere."),
        Slip(lambda: "IncorrectDestinationRegion", "That is for a copy into the region where the image is."),
        Slip(lambda: "ImageUseShared", "That is for deleting what is shared."),
        hint="Lesson 05 tries it; the refusal begins with the code.",
    ),
    "07-small": Task(
        "what the Red Hat licence of an ecs.g7.4xlarge, 16 vCPUs, costs on one day",
        "CNY",
        lambda: licence("ecs.g7.4xlarge"),
        "The number of vCPUs decides the price of each vCPU (LIC-4).",
        Slip(lambda: 8 * licence("ecs.g7.large"), "That is the price of small instances; 16 vCPUs have another."),
        Slip(lambda: licence("ecs.g7.2xlarge") + licence("ecs.g7.4xlarge") / 2, "One price holds for all vCPUs."),
        Slip(lambda: licence("ecs.g7.4xlarge", hours=1), "That is one hour; a day has 24."),
        Slip(lambda: licence("ecs.g7.4xlarge") / 16, "That is one vCPU; the instance has 16."),
        Slip(lambda: 30 * licence("ecs.g7.4xlarge"), "That is a month of 30 days; one day is asked for."),
        Slip(lambda: licence("ecs.g7.3xlarge"), "That is for 12 vCPUs; the instance has 16."),
        hint="vCPUs × price of their tier × 24 hours; or launch rhel_9 on it and bill the day.",
    ),
    "07-medium": Task(
        "what partner pays for the licences of three ecs.g7.xlarge, ten hours each",
        "CNY",
        lambda: _of_partner(3),
        "Every launch pays, whoever owns the image (IBILL-5).",
        Slip(lambda: 0, "acme pays the storage of its image; the licence is paid by whoever launches (IBILL-5)."),
        Slip(lambda: _of_partner(1), "That is one instance; each launch pays again."),
        Slip(lambda: _of_partner(3, "ecs.g7.large"), "That is for 2 vCPUs each; an xlarge has 4."),
        Slip(lambda: _of_partner(3) / 10, "That is one hour; they run ten."),
        Slip(lambda: _of_partner(3) * 24 / 10, "That is a whole day; they run ten hours."),
        Slip(lambda: _of_partner(3) / 4, "That is one vCPU of each; an xlarge has 4."),
        hint="Instances × vCPUs × hours × price of the tier of 4 vCPUs.",
    ),
    "07-large": Task(
        "what the SUSE licence costs on that day",
        "CNY",
        lambda: _with_stops("economical", "standard"),
        "Only the economical stop suspends the licence; the standard one does not (IBILL-3).",
        Slip(lambda: _with_stops("standard", "standard"), "That is 24 hours; an economical stop suspends the fee."),
        Slip(lambda: _with_stops("economical", "economical"), "That is 12 hours; a standard stop saves nothing."),
        Slip(lambda: 4 * _with_stops("economical", "standard"), "SUSE is priced per instance, in bands by size."),
        Slip(lambda: licence("ecs.g7.large", image="sles_15", hours=18), "That is 2 vCPUs; an xlarge has 4."),
        Slip(lambda: licence("ecs.g7.xlarge", image="sles_15", hours=1), "That is one hour."),
        Slip(lambda: licence("ecs.g7.xlarge", image="sles_15", hours=6), "That is what is saved; what is paid?"),
        Slip(lambda: licence("ecs.g7.xlarge", hours=18), "That is Red Hat; this system is SUSE."),
        hint="Count the hours in which the fee runs, times the price of the band of 4 vCPUs.",
    ),
}
