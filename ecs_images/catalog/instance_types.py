"""Instance types: what licence fees and compatibility depend on.

A type that the list lacks is read from its name: `ecs.<family>.<size>`. The size gives the vCPUs
(`large` 2, `xlarge` 4, `3xlarge` 3 × 4), the family's letter the memory of each: `ecs.c9a.3xlarge`
has 12 vCPU and, `c` being 2 GiB per vCPU, 24 GiB. What the name does not tell is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from ..errors import InputError, UnknownName, shown
from .files import published

_NAME = re.compile(r"ecs\.(?P<family>[a-z][a-z0-9]*(-[a-z0-9]+)*)\.(?P<size>(?P<times>[2-9]|[1-9]\d{1,2})?[a-z]+)")
_FAMILY = re.compile(r"(?P<letters>[a-z]+)(?P<generation>\d*)(?P<suffix>[a-z0-9]*)")
_RATIO = re.compile(r"l?c(?P<vcpus>\d+)m(?P<gib>\d+)")


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type: what licence fees and compatibility depend on.

    name: `ecs.<family>.<size>`
    vcpus: its processors [vCPU]; None: not known
    memory_gib: its memory [GiB]; None: not known
    architecture: x86_64 or arm64; empty: not known
    listed: whether it is in `instance_types.csv`, and not read from its name or given
    """

    name: str
    vcpus: int | None
    memory_gib: float | None
    architecture: str
    listed: bool = True


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """Every listed instance type by name; read-only."""
    return MappingProxyType(
        {
            row["instance_type"]: InstanceType(
                row["instance_type"], int(row["vcpus"]), float(row["memory_gib"]), row["architecture"]
            )
            for row in published("instance_types.csv")
        }
    )


def instance_type(name: str, vcpus: int | None = None, memory_gib: float | None = None) -> InstanceType:
    """The instance type of that name, listed or not.

    name: `ecs.<family>.<size>`
    vcpus: its processors, for a type whose name does not tell them [vCPU]
    memory_gib: its memory, likewise [GiB]

    Raises UnknownName for what is not the name of a type, InputError for what a listed type contradicts.
    """
    known = instance_types().get(name) if isinstance(name, str) else None
    if known is None:
        read = read_name(name)
        return replace(
            read,
            vcpus=read.vcpus if vcpus is None else vcpus,
            memory_gib=read.memory_gib if memory_gib is None else memory_gib,
        )
    for given, value, unit in ((vcpus, known.vcpus, "vCPU"), (memory_gib, known.memory_gib, "GiB of memory")):
        if given not in (None, value):
            raise InputError(f"{name} has {value:g} {unit}, not {given:g}")
    return known


def read_name(name: str) -> InstanceType:
    """What the name of a type tells by the naming convention; raises UnknownName for what is not such a name."""
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    size = match["size"].removeprefix(match["times"] or "") if match else ""
    if match is None or size not in _words("size") or (match["times"] and size != "xlarge"):
        hint = "a type is written ecs.<family>.<size>, such as ecs.g6.large"
        raise UnknownName("instance type", name if isinstance(name, str) else shown(name, 40), instance_types(), hint)
    family, per_size = match["family"], _words("size")[size]
    if family in _words("series_before"):
        return InstanceType(name, None, None, "", listed=False)
    vcpus = int(per_size) * int(match["times"] or 1) if per_size else None
    per_vcpu, architecture = _by_family(family)
    memory = vcpus * per_vcpu if vcpus and per_vcpu else None
    return InstanceType(name, vcpus, memory, architecture, listed=False)


def _by_family(family: str) -> tuple[float | None, str]:
    """The memory of a vCPU [GiB] and the architecture that a family's name tells."""
    first, *rest = family.split("-")
    match = _FAMILY.fullmatch(first)
    ratio = next(filter(None, map(_RATIO.fullmatch, rest)), None)
    if ratio and int(ratio["vcpus"]):
        return int(ratio["gib"]) / int(ratio["vcpus"]), "x86_64"
    newer = match is not None and int(match["generation"] or 0) >= int(_words("generation")["first"])
    if match is None or not newer or match["letters"] not in _words("memory"):
        return None, ""
    architecture = "arm64" if match["suffix"] in _words("arm64") else "x86_64"
    return float(_words("memory")[match["letters"]]), architecture


@cache
def _words(part: str) -> Mapping[str, str]:
    """The words of one part of a type's name, each with the number it stands for."""
    rows = published("instance_type_names.csv")
    return MappingProxyType({row["word"]: row["value"] for row in rows if row["part"] == part})
