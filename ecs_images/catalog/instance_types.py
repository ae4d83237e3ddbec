"""Instance types: what licence fees and compatibility depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..errors import look_up
from .files import records


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type: what licence fees and compatibility depend on."""

    instance_type: str
    vcpus: int
    memory_gib: float
    architecture: str

    @property
    def name(self) -> str:
        return self.instance_type


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """Every instance type by name; read-only."""
    return records(InstanceType, "instance_types.csv")


def instance_type(name: str) -> InstanceType:
    """The instance type of that name; raises UnknownName with the nearest ones."""
    return look_up("instance type", name, instance_types())
