"""Public and marketplace images, as the provider publishes them.

A story names an image by its real id, by an image family (镜像族系, `acs:…`), by a short name
such as `ubuntu_22_04`, or by a marketplace product code. Short names and families mean the
newest image released by the day of use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

from .files import published, records


@dataclass(frozen=True, slots=True)
class PublicImage:
    """A public image (公共镜像).

    `fee_kind` is `free`, `fee` or `fee_outside_mainland` (LIC-1, LIC-2); `status` is
    `published`, or `example` where no real id is known.
    """

    image_id: str
    os_family: str
    os_version: str
    platform: str
    architecture: str
    variant: str
    system_disk_gib: int
    fee_kind: str
    release_date: date
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class MarketplaceImage:
    """A marketplace product (镜像市场镜像); `regions` is empty where no list is published."""

    product_code: str
    name: str
    site: str
    regions: tuple[str, ...]
    os_family: str
    platform: str
    architecture: str
    system_disk_gib: int


@cache
def public_images() -> Mapping[str, PublicImage]:
    """Every public image by id, the example ones included; read-only."""
    return records(PublicImage, "public_images.csv", "example_images.csv")


@cache
def marketplace_images() -> Mapping[str, MarketplaceImage]:
    """Every marketplace product by its product code (商品码); read-only."""
    return records(MarketplaceImage, "marketplace_images.csv")


_Dated = tuple[tuple[date, str], ...]
"""Pairs of a first day and an image id, oldest first."""


@cache
def short_names() -> Mapping[str, _Dated]:
    """For each short name, the (first day, image id) pairs it has stood for, oldest first; read-only."""
    dated: dict[str, list[tuple[date, str]]] = {}
    for row in published("image_short_names.csv"):
        dated.setdefault(row["short_name"], []).append((date.fromisoformat(row["valid_from"]), row["image_id"]))
    return MappingProxyType({name: tuple(sorted(pairs)) for name, pairs in dated.items()})


@cache
def public_families() -> Mapping[str, _Dated]:
    """For each public image family, the (release date, image id) pairs of its known members; read-only."""
    members: dict[tuple[str, ...], list[tuple[date, str]]] = {}
    for image in public_images().values():
        system = image.os_family, image.os_version.lower(), image.architecture, image.variant
        members.setdefault(system, []).append((image.release_date, image.image_id))
    families = {}
    for row in published("image_families.csv"):
        if row["image_family"]:
            system = row["os_family"], row["os_version"].lower(), row["architecture"], row["variant"]
            families[row["image_family"]] = tuple(sorted(members.get(system, ())))
    return MappingProxyType(families)


def _dated(reference: str) -> _Dated:
    return short_names().get(reference) or public_families().get(reference) or ()


def find_public_image(reference: str, day: date) -> PublicImage | None:
    """The public image that an id, a public family or a short name means on `day`, or None."""
    image = public_images().get(reference)
    if image is not None:
        return image if image.release_date <= day else None
    released = [image_id for first_day, image_id in _dated(reference) if first_day <= day]
    return public_images()[released[-1]] if released else None


def first_release(reference: str) -> date | None:
    """The day from which a public image, family or short name can be used; None if unknown."""
    image = public_images().get(reference)
    if image is not None:
        return image.release_date
    dated = _dated(reference)
    return dated[0][0] if dated else None


@cache
def known_references() -> frozenset[str]:
    """Every name under which a public or marketplace image can be asked for."""
    return frozenset({*public_images(), *short_names(), *public_families(), *marketplace_images()})
