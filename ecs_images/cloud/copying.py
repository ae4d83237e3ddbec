"""Commands that copy an image: to another region, or encrypted within its own; and cancel that.

To reach another account in another region, copy an image there and share the copy (COPY-11).
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice

from ..catalog.images import marketplace_images
from ..catalog.limits import limit
from ..catalog.rule_book import taken
from ..ledger import events as ev
from ..ledger.resources import DeviceMapping, Image
from .arguments import ImageRef, RegionName, TagMap
from .control import Control
from .images import copies_under_way
from .naming import check_image_name, check_image_quota
from .request import Caller, Request, command
from .tags import tagged

_OPERATION = "CopyImage"


class CopyCommands(Caller):
    """Commands that copy an image."""

    __slots__ = ()

    @command
    def copy_image(
        self,
        image: ImageRef,
        *,
        to: RegionName,
        name: str | None = None,
        encrypted: bool = False,
        kms_key: str | None = None,
        tags: TagMap | None = None,
    ) -> ImageRef:
        """Copy an image to another region, or encrypted within its own. Returns the copy's id.

        image: its id
        to: the region to copy to
        name: what the copy is called; as the image in another region, else its id
        encrypted: encrypt the copy
        kms_key: a key of one's own to encrypt it with; the service's unless said (COPY-7)
        tags: the copy's tags, values by key; it has none of the image's

        >>> away = acme.copy_image(golden, to="cn-hangzhou")
        >>> cloud.image(away)
        <Image m-00000002: acme, cn-hangzhou, golden-v1, 40 GiB, Available>
        """
        request = self._request(_OPERATION)
        source = _source(request, image)
        to = request.region(to, "DestinationRegion.NotFound")
        request.check_open(source.region)
        later = _later_rules(request, source, to, encrypted)
        _check_where(request, source, to, encrypted, kms_key)
        if source.status != "Available":
            raise request.refusal_of(source, "IncorrectImageStatus", f"is {source.status}, not Available")
        # Copies to several regions at once go, unless supposed otherwise (UNK-13).
        under_way = copies_under_way(request.control, source.id)
        one_at_a_time = taken("UNK-13", request.state.assume) == "one_at_a_time"
        if in_the_way := [copy for copy in under_way if one_at_a_time or copy.region == to]:
            raise request.refusal_of(
                source,
                "OperationDenied.ImageCopyConflict",
                f"is being copied to {in_the_way[0].region}; wait for {in_the_way[0].id}",
            )
        # Name, family and encryption are what the call says; a key is kept unless one is given (COPY-6, COPY-7).
        (copy_id,) = request.control.new_ids("image", 1)
        if name is None:
            name = source.name if to != source.region else copy_id
        check_image_name(request, to, name)
        check_image_quota(request, to)
        ids = request.control.new_ids("snapshot", len(source.mappings))
        waits = _room(request.control, request.account, to, request.now) <= 0
        mappings = tuple(
            DeviceMapping(m.device, m.kind, m.size_gib, new) for m, new in zip(source.mappings, ids, strict=True)
        )
        request.control.record(
            ev.ImageCreated(
                at=request.now,
                image=copy_id,
                account=request.account,
                region=to,
                name=name,
                family="",
                size_gib=source.size_gib,
                lineage=source.lineage,
                mappings=mappings,
                made_from="copy",
                source=source.id,
                encrypted=encrypted or source.encrypted,
                kms_key=kms_key or (source.kms_key if not encrypted else None),
                finishes_at=None,
                assumed=("UNK-2", "UNK-11", *(["UNK-13"] if under_way else []), *request.doubts(*later)),
            ),
            *tagged(request, [copy_id], tags),
        )
        if not waits:
            _start_copy(request.control, request.state.images[copy_id], request.now)
        return copy_id

    @command
    def cancel_copy_image(self, image: ImageRef) -> None:
        """Cancel a copy under way; the half-made copy is gone (COPY-5).

        image: the copy's id
        """
        request = self._request("CancelCopyImage")
        own = request.own_image(image)
        if own.made_from != "copy":
            raise request.refusal_of(own, "ImageCreatedNotFromCopy", "is not the target of a copy")
        if own.status not in ("Waiting", "Creating"):
            raise request.refusal_of(own, "IncorrectImageStatus", f"is {own.status}; the copy is over")
        started = [s for s in own.snapshots if s in request.state.snapshots]
        request.control.record(
            ev.ImageDeleted(at=request.now, image=own.id),
            *(ev.SnapshotFailed(at=request.now, snapshot=snapshot) for snapshot in started),
        )
        start_waiting_copies(request.control, request.account, own.region, request.now)


def start_waiting_copies(control: Control, account: str, region: str, at: datetime) -> None:
    """Begin copies that wait, oldest first, while the region has room for them (COPY-4)."""
    waiting = control.state.index.images.of("copy", account, region, "Waiting")
    for image in list(islice(waiting, max(_room(control, account, region, at), 0))):
        _start_copy(control, control.state.images[image], at)


def _start_copy(control: Control, image: Image, at: datetime) -> None:
    """The copy's snapshots, full and in chains of their own, come to be (COPY-2, COPY-10, UNK-11)."""
    originals = [control.state.snapshots[s] for s in control.state.images[image.source].snapshots]
    size, home = sum(o.content_bytes for o in originals), control.state.images[image.source].region
    done = at + (control.done_at("image_copy", size) - control.now)
    sent = 0 if home == image.region else size
    control.record(
        *(
            ev.SnapshotStored(
                at=at,
                snapshot=new,
                account=image.account,
                region=image.region,
                kind=original.kind,
                size_gib=original.size_gib,
                content_bytes=original.content_bytes,
                lineage=original.lineage,
                encrypted=image.encrypted,
                kms_key=image.kms_key,
                finishes_at=done,
            )
            for new, original in zip(image.snapshots, originals, strict=True)
        ),
        ev.ImageCopyStarted(
            at=at,
            image=image.id,
            account=image.account,
            region=home,
            to=image.region,
            copied_bytes=sent,
            finishes_at=done,
        ),
    )
    if done == at:
        control.record(ev.ImageFinished(at=at, image=image.id))


def _room(control: Control, account: str, region: str, at: datetime) -> int:
    """How many more copies to a region may run at once."""
    running = control.state.index.images.of("copy", account, region, "Creating")
    return limit("image_copy_tasks_per_region", at) - len(running)


def _source(request: Request, image_id: str) -> Image:
    """The image to copy: one's own, or one shared with the account (COPY-1)."""
    image = request.state.images.get(image_id)
    if image is not None and image.usable_by(request.account):
        if image.is_public:
            raise request.refusal_of(
                image, "OperationDenied.CommunityImage", "is a community image; those cannot be copied"
            )
        return image
    return request.own_image(image_id)


def _later_rules(request: Request, source: Image, to: str, encrypted: bool) -> list[str]:
    """The rules that allow this copy but did not always, by key; refused while one did not yet."""
    later = []
    if source.account != request.account:
        later.append(request.newer_rule("copy_shared_image", source))
    if to == source.region and encrypted:
        later.append(request.newer_rule("copy_within_region", source))
    if to != source.region and (source.encrypted or encrypted):
        later.append(request.newer_rule("copy_encrypted_image", source))
    return later


def _check_where(request: Request, source: Image, to: str, encrypted: bool, kms_key: str | None) -> None:
    """Where an image may be copied to (COPY-3, COPY-8, MKT-7), and that a key needs encryption (COPY-7)."""
    if kms_key is not None and not encrypted:
        raise request.refusal(
            "InvalidParameter.EncryptedIllegal", "a key is given but encrypted is not set", image=source.id
        )
    if source.account != request.account and to != source.region:
        raise request.refusal_of(
            source,
            "OperationDenied.SameRegionOnly",
            f"is shared by {source.account}; only its owner can copy it out of {source.region}",
        )
    if to == source.region and not encrypted:
        raise request.refusal_of(
            source, "IncorrectDestinationRegion", f"is in {to} already; within a region only an encrypted copy is made"
        )
    product = marketplace_images().get(source.lineage.product_code or "")
    if product is not None and not product.offered_in(to):
        raise request.refusal(
            "OperationDenied.NotPublished",
            f"{product.product_code}, which {source.id} comes from, is not offered in {to}",
            image=source.id,
        )
