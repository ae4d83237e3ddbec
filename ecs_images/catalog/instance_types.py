"""Instance types: what licence fees and compatibility depend on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..errors import UnknownName
from .files import published


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type: what licence fees and compatibility depend on."""

    name: str
    vcpus: int
    memory_gib: float
    architecture: str


@cache
def instance_types() -> dict[str, InstanceType]:
    """Every instance type by name."""
    return {
        row["instance_type"]: InstanceType(
            row["instance_type"], int(row["vcpus"]), float(row["memory_gib"]), row["architecture"]
        )
        for row in published("instance_types.csv")
    }


def instance_type(name: str) -> InstanceType:
    """The instance type of that name; raises UnknownName with the nearest ones."""
    try:
        return instance_types()[name]
    except KeyError:
        raise UnknownName("instance type", str(name), instance_types()) from None
