"""The machines that ways of bringing an image need: which they are, how long they run for a version, what stays."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import get_args

from ..catalog.instance_types import InstanceType, instance_type
from ..catalog.limits import constant, limit, setting
from ..catalog.rule_book import taken
from ..cloud.arguments import Choice, Text
from ..cloud.cloud import Cloud
from ..errors import InputError, shown
from ..ledger.resources import DiskCategory, Image

_LONGEST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Machines:
    """The machine on which a builder, a receiver or a relay makes its image, billed as it goes.

    instance_type: its type; None: ecs.c6.large, for images of arm64 ecs.g6r.large
    category: the category of its system disk; None: what is supposed, cloud_essd_pl0, as of data disks (ASSUME-8)
    build_minutes: how long it runs to make one version, at most a day; None: 20 minutes [minute]
    keep_builder: whether the owner's builder in another region is stopped economically between versions, so
        that its disks go on (IBILL-3) and versions share what does not change; else each version has a
        machine that is released, and is full

    Raises InputError for a value that makes no sense, UnknownName for what is no instance type.
    """

    instance_type: str | None = None
    category: DiskCategory | None = None
    build_minutes: float | None = None
    keep_builder: bool = True

    def __post_init__(self) -> None:
        if self.instance_type is not None:
            instance_type(Text().check(self.instance_type, "instance_type"))
        if self.category is not None:
            Choice(get_args(DiskCategory)).check(self.category, "category")
        minutes = self.build_minutes
        number = isinstance(minutes, Real) and not isinstance(minutes, bool)
        if minutes is not None and not (number and 0 < minutes <= _LONGEST_MINUTES):
            raise InputError(f"build_minutes is a number of minutes above 0, at most a day, not {shown(minutes)}")
        if not isinstance(self.keep_builder, bool):
            raise InputError(f"keep_builder is True or False, not {shown(self.keep_builder)}")

    @property
    def minutes(self) -> float:
        """How long a machine runs to make one version [minute]."""
        return constant("build_minutes") if self.build_minutes is None else self.build_minutes

    @property
    def seconds(self) -> int:
        """The same in whole seconds [s]."""
        return max(1, round(self.minutes * 60))

    def type_for(self, image: Image) -> InstanceType:
        """The instance type on which an image is built."""
        suffix = "_arm64" if image.lineage.architecture == "arm64" else ""
        return instance_type(self.instance_type or setting(f"build_instance_type{suffix}"))


def system_disk_gib(cloud: Cloud, image: Image) -> int:
    """The size of a machine's system disk: the image's, or the least there may be [GiB]."""
    return max(image.size_gib, limit("system_disk_gib_min", cloud.now))


def disks_gib(cloud: Cloud, image: Image, machines: Machines) -> dict[str, int]:
    """The disks of a machine that an image is built on, by category [GiB]."""
    supposed = taken("ASSUME-8", cloud.state.assume)
    found = {machines.category or supposed: system_disk_gib(cloud, image)}
    data = sum(mapping.size_gib for mapping in image.mappings if mapping.kind == "data")
    return found | ({supposed: found.get(supposed, 0) + data} if data else {})
