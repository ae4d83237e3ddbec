"""The tasks of lesson 08: what does a golden-image pipeline cost in a year?"""

from __future__ import annotations

from functools import cache, partial

from ..billing.bill import Bill
from ..catalog.files import sample
from ..stories.story import Story
from .scene import cost_of, licence, machine
from .task import Slip, Task

_REGIONS = ("cn-beijing", "cn-shanghai", "cn-hongkong", "ap-southeast-1")

_ten_hours = partial(licence, hours=10)
"""What the Red Hat licence of an instance type costs in ten hours [CNY]."""


def _stored_gib(versions: int) -> float:
    """What so many versions store, each from a new builder with 10 GiB written [GiB]."""
    cloud, acme, builder = machine("2026-06-01", 10)
    for number in range(versions):
        if number:
            builder = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=10)
        acme.create_image(builder)
    return cloud.freed_gib(tuple(cloud.state.snapshots))


@cache
def _year(kept: int = 12, worker: str = "ecs.g7.xlarge") -> Bill:
    """The bill of the pipeline's year with so many versions kept, the workers on this instance type."""
    text = sample("golden_pipeline").read_text(encoding="utf-8").replace("ecs.g7.xlarge", worker)
    return Story.parse(text, parameters={"keep": kept}).run().bill()


def _storage(*regions: str, kept: int = 12) -> float:
    """What acme's storage in these regions costs in the year [CNY]."""
    return sum(cost_of(_year(kept), region=region, meter="snapshot_standard") for region in regions)


def _of_partner(worker: str) -> float:
    """What partner's bill is in the year [CNY]."""
    return cost_of(_year(worker=worker), account="partner")


TASKS: dict[str, Task] = {
    "08-recall-1": Task(
        "what the Red Hat licence of 12 vCPUs costs in 10 hours",
        "CNY",
        lambda: _ten_hours("ecs.g7.3xlarge"),
        "The number of vCPUs chooses one price, and all of them pay it (LIC-4).",
        Slip(lambda: _ten_hours("ecs.g7.2xlarge") + _ten_hours("ecs.g7.3xlarge") / 3, "One price holds for all vCPUs."),
        Slip(lambda: 6 * _ten_hours("ecs.g7.large"), "That is the price of small instances; 12 vCPUs have another."),
        Slip(lambda: licence("ecs.g7.3xlarge", hours=1), "That is one hour; here are ten."),
        Slip(lambda: _ten_hours("ecs.g7.3xlarge") / 12, "That is one vCPU; the instance has 12."),
        hint="Look up the price by the size of the instance, then multiply by its vCPUs and hours.",
    ),
    "08-recall-2": Task(
        "how many GiB seven versions of seven builders store",
        "GiB",
        lambda: _stored_gib(7),
        "Every new disk begins a chain of its own, whose first snapshot is full (CHAIN-4).",
        Slip(lambda: _stored_gib(1), "That is one version; those of other disks share nothing with it."),
        Slip(lambda: 7 * 40, "That is seven whole disks; blocks never written are not stored."),
        Slip(lambda: _stored_gib(6), "That is six versions; the first one is stored, too."),
        Slip(lambda: 0, "Every version is stored, in full."),
        hint="In how many chains do the versions lie?",
    ),
    "08-small": Task(
        "partner's bill for the year, with the worker on 2 vCPUs",
        "CNY",
        lambda: _of_partner("ecs.g7.large"),
        "The licence counts vCPUs and time, and whoever launches pays it (LIC-4, IBILL-5).",
        Slip(lambda: _of_partner("ecs.g7.xlarge"), "That is with 4 vCPUs; the price is for each vCPU."),
        Slip(lambda: _of_partner("ecs.g7.large") / 4, "That is one fortnight; there are four in the year."),
        Slip(lambda: _of_partner("ecs.g7.large") / 2, "That is one vCPU; the worker has 2."),
        Slip(lambda: licence("ecs.g7.large", hours=365 * 24), "It runs four fortnights, not the whole year."),
        Slip(lambda: 0, "partner owns no image, and still pays for what it launches (IBILL-5)."),
        hint="The table of who pays has it for 4 vCPUs; how does this licence depend on them?",
    ),
    "08-medium": Task(
        "acme's storage in the year, with copies in Shanghai only",
        "CNY",
        lambda: _storage(*_REGIONS[:2]),
        "Every region has its own copies and its own price, so regions simply add up (COPY-10).",
        Slip(lambda: _storage(*_REGIONS[2:]), "That is what is saved; what is left?"),
        Slip(lambda: _storage(_REGIONS[1]), "That is Shanghai alone; the originals stay in Beijing."),
        Slip(lambda: _storage(_REGIONS[0]), "That is Beijing alone; the copies in Shanghai cost too."),
        Slip(lambda: _storage(*_REGIONS), "That is with all three copies; two of them go."),
        Slip(lambda: _storage(*_REGIONS[:3]), "That is with Shanghai and Hong Kong; only Shanghai stays."),
        Slip(lambda: 2 * _storage(_REGIONS[0]), "That takes copies to be incremental; they are full (COPY-2)."),
        Slip(lambda: _storage(*_REGIONS) / 2, "That halves the bill, but home costs less than half of it."),
        hint="Storage stays in two regions; `bill.compare` and `bill.by` show what each costs.",
    ),
    "08-large": Task(
        "acme's storage in the year, with four versions kept everywhere",
        "CNY",
        lambda: _storage(*_REGIONS, kept=4),
        "Copies are full, so almost two thirds of them go; at home the base stays (COPY-2, CHAIN-2).",
        Slip(lambda: _storage(*_REGIONS), "That is with twelve versions: bill the run with `keep` set."),
        Slip(lambda: _storage(*_REGIONS[1:], kept=4), "That is the copies; the originals at home cost too."),
        Slip(lambda: _storage(*_REGIONS) * 2 / 3, "That takes a third away; four of twelve versions stay."),
        Slip(lambda: _storage(*_REGIONS, kept=5), "That keeps five: `keep` is the number that stays."),
        Slip(lambda: _storage(*_REGIONS) - _storage(*_REGIONS, kept=4), "That is what is saved; what is left?"),
        hint="Run the story with `keep` set and read acme's snapshot_standard.",
    ),
}
