"""Instance types: what licence fees and compatibility depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from ..errors import look_up
from .files import published


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type: what licence fees and compatibility depend on."""

    name: str
    vcpus: int
    memory_gib: float
    architecture: str


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """Every instance type by name; read-only."""
    return MappingProxyType(
        {
            row["instance_type"]: InstanceType(
                row["instance_type"], int(row["vcpus"]), float(row["memory_gib"]), row["architecture"]
            )
            for row in published("instance_types.csv")
        }
    )


def instance_type(name: str) -> InstanceType:
    """The instance type of that name; raises UnknownName with the nearest ones."""
    return look_up("instance type", name, instance_types())
