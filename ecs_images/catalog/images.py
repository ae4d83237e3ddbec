"""Public and marketplace images, as the provider publishes them.

A story names an image by its real id, by an image family (镜像族系, `acs:…`), by a short name
such as `ubuntu_22_04`; a marketplace image by its product code too. Short names and families mean the
newest image released by the day of use, and before the first known one that one (ASSUME-9).

An id that the catalogue lacks is read (ID-1): `ubuntu_22_04_x64_20G_alibase_20221130.vhd` is Ubuntu
for x86_64 with a system disk of 20 GiB, of 30 November 2022. What it says further is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

from .files import published, records


@dataclass(frozen=True, slots=True)
class PublicImage:
    """A public image (公共镜像).

    `fee_kind` is `free`, `fee` or `fee_outside_mainland` (LIC-1, LIC-2); `status` is `published`,
    `example` where no real id is known, `read` where all is known from the id alone, and `family` for
    an image family without a known image. `release_date` is None for those last ones.
    """

    image_id: str
    os_family: str
    os_version: str
    platform: str
    architecture: str
    variant: str
    system_disk_gib: int
    fee_kind: str
    release_date: date | None
    status: str
    note: str


_MARKETPLACE_ID = "m-"
"""What begins the id of a marketplace image, as of every image that is not public (ID-1)."""


@dataclass(frozen=True, slots=True)
class MarketplaceImage:
    """A marketplace product (镜像市场镜像); `regions` and `vendor` are empty where none are published."""

    product_code: str
    name: str
    vendor: str
    site: str
    regions: tuple[str, ...]
    os_family: str
    platform: str
    architecture: str
    system_disk_gib: int

    @property
    def image_id(self) -> str:
        """The id of its image, made of its product code (ASSUME-13): real ids, one a region, are not published."""
        return _MARKETPLACE_ID + self.product_code

    def offered_in(self, region_id: str) -> bool:
        """Whether it is offered in a region; where no regions are published, in any (ASSUME-3)."""
        return not self.regions or region_id in self.regions

    def why_not_sold(self, site: str, region_id: str) -> str:
        """Why nobody of a site can use it in a region (MKT-1); empty where they can."""
        if self.site != site:
            return f"is sold on the {self.site} site only"
        if not self.offered_in(region_id):
            return f"is not offered in {region_id}, only in {', '.join(sorted(self.regions))}"
        return ""

    @property
    def sold_by(self) -> str:
        """Who sells it (MKT-1): Alibaba Cloud, a vendor of software, or that it is not published."""
        if not self.vendor:
            return "not published"
        return self.vendor if self.vendor.startswith("Alibaba") else f"{self.vendor} (ISV)"


@cache
def public_images() -> Mapping[str, PublicImage]:
    """Every public image by id, the example ones included; read-only."""
    return records(PublicImage, "public_images.csv", "example_images.csv")


@cache
def marketplace_images() -> Mapping[str, MarketplaceImage]:
    """Every marketplace product by its product code (商品码); read-only."""
    return records(MarketplaceImage, "marketplace_images.csv")


def marketplace_image(reference: str) -> MarketplaceImage | None:
    """The marketplace image of an id or a product code; None for anything else."""
    return marketplace_images().get(reference.removeprefix(_MARKETPLACE_ID))


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
    """For each public image family, the (release date, image id) pairs of its known members; read-only.

    A system of the list that has no family goes by its short name, such as `rhel_8_4`.
    """
    members: dict[tuple[str, ...], list[tuple[date, str]]] = {}
    for image in published("public_images.csv"):
        member = date.fromisoformat(image["release_date"]), image["image_id"]
        members.setdefault(_system(image), []).append(member)
    return MappingProxyType(
        {_name(row): tuple(sorted(members.get(_system(row), ()))) for row in published("image_families.csv")}
    )


def _name(family: Mapping[str, str]) -> str:
    return family["image_family"] or family["short_name"]


def _system(row: Mapping[str, str]) -> tuple[str, ...]:
    """What images of a family have in common; versions are spelled 2012-R2 or 2012 R2, 12.4 or 12 SP4."""
    version = row["os_version"].lower().replace("-", " ").replace(" sp", ".")
    return row["os_family"], version, row["architecture"], row["variant"], row["language"]


def of_family(name: str) -> PublicImage | None:
    """What stands for an image family without a known image, its name being the image's id; else None."""
    return _of_families().get(name)


@cache
def _of_families() -> Mapping[str, PublicImage]:
    return {
        _name(row): PublicImage(
            image_id=_name(row),
            os_family=row["os_family"],
            os_version=row["os_version"],
            platform="Windows" if row["os_family"].startswith("Windows") else "Linux",
            architecture=row["architecture"],
            variant=row["variant"],
            system_disk_gib=int(row["system_disk_gib"]),
            fee_kind=row["fee_kind"],
            release_date=None,
            status="family",
            note="no image of this family is known",
        )
        for row in published("image_families.csv")
        if not public_families()[_name(row)]
    }


# Ids that are read ---------------------------------------------------------------------------------

_ID = re.compile(
    r"(?P<system>[a-z][a-z0-9_.-]*?)_(?P<gib>\d{1,4})g_([a-z0-9_.-]*_)?(?P<day>\d{8})(\D.*)?", re.IGNORECASE
)
_ARCHITECTURES = {"x64": "x86_64", "64": "x86_64", "x86": "x86_64", "arm64": "arm64", "aarch64": "arm64", "32": "i386"}
"""How ids write them; x86 means 64 bits in every listed id."""


def read_public_id(image_id: str) -> PublicImage | None:
    """What the id of a public image tells by itself (ID-1); None for one not written so, or of no known system."""
    match = _ID.fullmatch(image_id)
    day = own_day(image_id)
    row = _system_of(match["system"].lower()) if match else None
    if match is None or day is None or row is None or not int(match["gib"]):
        return None
    words = match["system"].lower().removeprefix(row["starts_with"]).split("_")
    architecture = next((number for number, word in enumerate(words) if word in _ARCHITECTURES), len(words))
    return PublicImage(
        image_id=image_id,
        os_family=row["os_family"],
        os_version=".".join(word for word in words[:architecture] if word not in ("", row["word"])),
        platform=row["platform"],
        architecture=_ARCHITECTURES[words[architecture]] if architecture < len(words) else "x86_64",
        variant="",
        system_disk_gib=int(match["gib"]),
        fee_kind=row["fee_kind"],
        release_date=day,
        status="read",
        note="not in the catalogue; read from its id",
    )


def _system_of(start: str) -> dict[str, str] | None:
    """The row of `image_id_systems.csv` for the start of an id: the longest that fits, with its word if it has one."""
    words = start.split("_")
    fitting = [
        row
        for row in published("image_id_systems.csv")
        if re.match(rf"{row['starts_with']}(_|\d|$)", start) and row["word"] in ("", *words)
    ]
    return max(fitting, key=lambda row: (len(row["starts_with"]), row["word"]), default=None)


def own_day(image_id: str) -> date | None:
    """The day that stands in the id of a public image; None where none does."""
    match = _ID.fullmatch(image_id)
    try:
        return date.fromisoformat(match["day"]) if match else None
    except ValueError:
        return None


def why_not_read(image_id: str) -> str:
    """Why an id that looks like that of a public image cannot be read; empty for anything else."""
    match = _ID.fullmatch(image_id)
    if match is None or read_public_id(image_id) or image_id in public_images():
        return ""
    if own_day(image_id) is None:
        return f"it is written like the id of a public image, but {match['day']} is no day"
    known = ", ".join(sorted({row["starts_with"] for row in published("image_id_systems.csv")}))
    return f"it is written like the id of a public image, but of no known system; such ids begin with {known}"


# Looking up ----------------------------------------------------------------------------------------


def find_public_image(reference: str, day: date) -> PublicImage | None:
    """The public image that an id, a public family or a short name means on `day`, or None.

    An id means nothing before the day that stands in it.
    """
    image = public_images().get(reference) or read_public_id(reference)
    if image is not None:
        return image if (own_day(reference) or day) <= day else None
    dated = short_names().get(reference) or public_families().get(reference)
    if not dated:
        return of_family(reference)
    released = [image_id for first_day, image_id in dated if first_day <= day]
    return public_images()[released[-1] if released else dated[0][1]]


def public_image(image_id: str) -> PublicImage | None:
    """The public image of an id: a listed one, one that is read, or what stands for a family; else None."""
    return public_images().get(image_id) or read_public_id(image_id) or of_family(image_id)


def taken_for_granted(image_id: str, day: date) -> tuple[str, ...]:
    """The assumption that a public image was there on a day, where no source tells so; else nothing (ASSUME-9)."""
    image = public_image(image_id)
    known = image is None or (image.status != "read" and image.release_date is not None and image.release_date <= day)
    return () if known else ("ASSUME-9",)


def is_published(reference: str) -> bool:
    """Whether a public or marketplace image can be asked for by that name or id."""
    return reference in known_references() or read_public_id(reference) is not None


@cache
def known_references() -> frozenset[str]:
    """Every listed name under which a public or marketplace image can be asked for."""
    ids = {product.image_id for product in marketplace_images().values()}
    return frozenset({*public_images(), *short_names(), *public_families(), *marketplace_images(), *ids})
