"""What images, snapshots and policies may be called, and how many images there may be."""

from __future__ import annotations

import re
from collections.abc import Set

from ..catalog.limits import limit
from ..errors import shown
from .control import Control
from .request import Request

QUOTAS = {"images": "custom_images_per_region"}
"""Quotas that an account may have of its own, and the limit that holds for those without."""

_NAME = re.compile(r"[^\W\d_][\w:.\-]*")
LINKS = ("http://", "https://")
RESERVED = ("aliyun", "acs:")
"""How no name, family or tag begins: as a link, or as the service's own."""


def check_new_image(request: Request, region: str, name: str, family: str) -> None:
    """Refuse a new image of that name and family when the account may not have it, or the region has closed."""
    request.check_open(region)
    check_image_name(request, region, name)
    check_image_quota(request, region)
    if family:
        check_family(request, region, family)


def check_image_name(request: Request, region: str, name: str) -> None:
    """Refuse a malformed or reserved name, or one already used in the region (CREATE-11)."""
    low, high = limit("image_name_length_min", request.now), limit("image_name_length_max", request.now)
    good = low <= len(name) <= high and _NAME.fullmatch(name)
    reserved = LINKS if request.operation == "CreateImage" else (*LINKS, *RESERVED)
    if not good or name.lower().startswith(reserved):
        raise request.refusal(
            "InvalidImageName.Malformed",
            f"image name {shown(name, 40)}: {low} to {high} letters, digits, ':', '_', '.' or '-', "
            f"a letter first; not beginning with {', '.join(reserved)}",
        )
    for image in request.state.index.images.of("name", request.account, region, name):
        raise request.refusal(
            "InvalidImageName.Duplicated", f"{shown(name)} is already the name of {image} in {region}", image=image
        )


def check_plain_name(request: Request, what: str, name: str, code: str, *kept: str) -> None:
    """Refuse a malformed name of a snapshot or a policy, which may also go without one.

    what: snapshot or policy
    name: its name; empty for none
    code: how the operation refuses it
    kept: beginnings that the service keeps for itself, besides links
    """
    low, high = limit("snapshot_name_length_min", request.now), limit("snapshot_name_length_max", request.now)
    beginnings = (*LINKS, *kept)
    if name and (not low <= len(name) <= high or name.lower().startswith(beginnings)):
        *others, last = beginnings
        raise request.refusal(
            code,
            f"{what} name {shown(name)}: {low} to {high} characters, not beginning with {', '.join(others)} or {last}",
        )


def quota_of(control: Control, account: str, quota: str) -> int:
    """A quota of an account: its own, or the usual one of the day."""
    return dict(control.state.accounts[account].quotas).get(quota) or limit(QUOTAS[quota], control.now)


def check_image_quota(request: Request, region: str) -> None:
    """Refuse when the account's custom images in the region are used up (UNK-8, CREATE-10)."""
    quota = quota_of(request.control, request.account, "images")
    used = len(request.state.index.images.of("region", request.account, region))
    if used >= quota:
        raise request.refusal(
            "QuotaExceed.Image",
            f"{request.account} has {used} of {quota} custom images in {region}; delete some first, or give the "
            f"account a larger quota: quotas {{images: {2 * quota}}}",
        )


def check_family(request: Request, region: str, family: str, moving: str | None = None) -> None:
    """Refuse a malformed family, or one that has no room for an image (FAM-2).

    A family has at most 100 images, and a region 100 families; `moving` is an image that has a
    family already and does not count.
    """
    low, high = limit("image_family_name_length_min", request.now), limit("image_family_name_length_max", request.now)
    if not low <= len(family) <= high or family.lower().startswith(RESERVED):
        raise request.refusal(
            "InvalidImageFamily.Malformed",
            f"image family {shown(family, 40)}: {low} to {high} characters, not beginning with "
            f"{' or '.join(RESERVED)}; a family can be changed but not taken away",
        )
    images = request.state.index.images
    members: Set[str] = images.of("family", request.account, region, family)
    families = images.count_within("family", request.account, region)
    if moving is not None:
        before = request.state.images[moving].family
        alone = images.of("family", request.account, region, before) == {moving}
        members, families = members - {moving}, families - alone
    full, too_many = (
        ("ImageQuotaFull.ImageFamily", "ImageFamilyQuotaFull")
        if request.operation == "ModifyImageAttribute"
        else ("ImageQuotaExceed.ImageFamily", "ImageFamilyQuotaExceed")
    )
    if len(members) >= limit("images_per_family", request.now):
        raise request.refusal(full, f"family {shown(family)} is full")
    if not members and families >= limit("image_families_per_region", request.now):
        raise request.refusal(too_many, f"{region} has no room for another family")
