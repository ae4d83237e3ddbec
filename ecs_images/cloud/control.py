"""The control plane: the clock, the events so far, and what every command needs to decide.

A command first checks everything and raises a `CloudError`, or else hands its events to
`record`. Nothing else adds events, so a refused command changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from heapq import heapify, heappop, heappush
from threading import RLock
from typing import Any, TypeVar, cast, get_args

from ..catalog import images as published
from ..catalog.changes import changes
from ..catalog.limits import duration_seconds
from ..catalog.regions import region
from ..catalog.rule_book import http_statuses
from ..errors import CloudError, UnknownName, did_you_mean
from ..ledger.automatic import is_needed
from ..ledger.events import (
    DiskReleased,
    Event,
    ImageDeleted,
    ImageFailed,
    SnapshotDeleted,
    SnapshotModified,
    SnapshotStarted,
)
from ..ledger.ledger import Ledger
from ..ledger.resources import (
    MARKETPLACE,
    PROVIDER,
    Disk,
    Durations,
    Image,
    ImageFiles,
    Instance,
    Snapshot,
    published_lineage,
)
from ..ledger.state import ID_PREFIXES, State
from ..units import bytes_to_gib, show_time
from .arguments import arguments_of

DURATIONS: tuple[Durations, ...] = get_args(Durations)

# What to do about an image that cannot start a disk, by its status (STATUS-3).
_WHAT_NEXT = {
    "Waiting": "wait until it is Available",
    "Creating": "wait until it is Available",
    "CreateFailed": "it will never be Available, so delete it and make another",
}

# How operations refuse a region that has closed, the first that an operation has; else as one it does not know.
_REGION_CLOSED = ("RegionNotSupportCopy", "InvalidRegion.NotSupport")

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Control:
    """State, events and clock of one simulated cloud.

    `lock` is held by whoever gives a command or moves the clock, so that threads wait for each other.
    """

    def __init__(self, events: list[Event], state: State, now: datetime) -> None:
        self._events, self.state, self.now = events, state, now
        self.lock = RLock()
        # Ends of retention to look at, earliest first. One that an image or a disk holds up is left out when its
        # time comes, and comes back, already over, when the image or the disk goes.
        self._ends = [(until, name) for name, until in state.expiring.items()]
        heapify(self._ends)

    def fork(self) -> Control:
        """An independent control plane with the same past."""
        with self.lock:
            return Control(list(self._events), self.state.fork(), self.now)

    @property
    def ledger(self) -> Ledger:
        """What has happened up to now."""
        return Ledger.growing(self._events)

    @property
    def today(self) -> date:
        return self.now.date()

    def record(self, *events: Event) -> None:
        """Let events happen: the only way in."""
        for event in events:
            event.apply(self.state)
            self._events.append(event)
            for snapshot in _retention_to_look_at(event, self.state):
                if snapshot in self.state.expiring:
                    heappush(self._ends, (self.state.expiring[snapshot], snapshot))

    @property
    def next_end(self) -> datetime | None:
        """When an end of retention is to be looked at next."""
        return self._ends[0][0] if self._ends else None

    def end_retention(self) -> None:
        """Delete snapshots whose retention is over, unless an image or a disk still needs them (SNAP-7, SNAP-9)."""
        while self._ends and self._ends[0][0] <= self.now:
            until, snapshot = heappop(self._ends)
            if self.state.expiring.get(snapshot) == until and not is_needed(self.state, snapshot):
                self.record(SnapshotDeleted(at=self.now, snapshot=snapshot))

    # Rules that changed -------------------------------------------------------------------------

    def newer_holds(self, key: str) -> bool:
        """Whether the newer form of a rule that changed holds today; `key` is one of `catalog.changes`."""
        return changes()[key].newer_holds(self.now, self.state.assume)

    def doubts(self, *keys: str) -> tuple[str, ...]:
        """The assumption made where no source tells which form of some rules holds today (UNK-18)."""
        return ("UNK-18",) if any(changes()[key].in_doubt(self.now) for key in keys) else ()

    # Refusals ---------------------------------------------------------------------------------

    def refusal(self, operation: str, code: str, message: str, status: int | None = None, **ids: str) -> CloudError:
        """The error to raise when the service would refuse; `status` where a code comes with more than one."""
        statuses = http_statuses()  # 0 where no source gives one (UNK-9)
        if status is None:
            status = statuses.get((operation, code), statuses.get(("any", code), 0))
        return CloudError(code, message, operation=operation, http_status=status, ids=ids)

    def region(self, region_id: str, operation: str, code: str = "InvalidRegionId.NotFound") -> str:
        """An open region's id, or the operation's refusal with the nearest ids."""
        try:
            region(region_id)
        except UnknownName as error:
            raise self.refusal(operation, code, str(error), region=str(region_id)) from None
        self.check_open(region_id, operation)
        return region_id

    def check_open(self, region_id: str, operation: str) -> None:
        """Refuse to make anything in a region after its last day of service."""
        known = region(region_id)
        if known.closed(self.today):
            has = http_statuses()
            code = next((code for code in _REGION_CLOSED if (operation, code) in has), "InvalidRegionId.NotFound")
            message = f"{region_id} closed; {known.closed_on} was its last day of service; choose another region"
            raise self.refusal(operation, code, message, region=region_id)

    # What exists ------------------------------------------------------------------------------

    def own_instance(self, account: str, instance_id: str, operation: str) -> Instance:
        """An instance of the account that is neither released nor, unless it is to be released, expired (CREATE-4)."""
        found = self.state.instances.get(instance_id)
        if found is None or found.account != account or found.status == "Released":
            was = "was released" if found and found.account == account else "is not an instance of yours"
            raise self.refusal(
                operation,
                "InvalidInstanceId.NotFound",
                f"{instance_id} {was}{did_you_mean(instance_id, self._instances_of(account))}",
                instance=instance_id,
            )
        if found.paid_until and found.paid_until <= self.now and operation != "DeleteInstance":
            code = "InstanceExpired" if operation == "StartInstance" else "InstanceExpiredOrInArrears"
            ended = f"the subscription of {instance_id} ended on {show_time(found.paid_until)} (MKT-2)"
            what_next = "release it; its snapshots and images stay"
            raise self.refusal(operation, code, f"{ended}; {what_next}", instance=instance_id)
        return found

    def own_disk(self, account: str, disk_id: str, operation: str) -> Disk:
        """A disk of the account that is not released. An instance's id means its system disk."""
        instance = self.state.instances.get(disk_id)
        if instance is not None and instance.account == account:
            disk_id = instance.system_disk
        found = self.state.disks.get(disk_id)
        if found is None or found.account != account or found.released_at:
            was = "was released" if found and found.account == account else "is not a disk of yours"
            mine = [d.id for d in self.state.disks.values() if d.account == account and not d.released_at]
            raise self.refusal(
                operation, "InvalidDiskId.NotFound", f"{disk_id} {was}{did_you_mean(disk_id, mine)}", disk=disk_id
            )
        return found

    def instance_of(self, disk: Disk) -> Instance | None:
        """The instance that a disk is attached to, None where it is not."""
        return None if disk.instance is None else self.state.instances[disk.instance]

    def own_snapshot(self, account: str, snapshot_id: str, operation: str) -> Snapshot:
        """A snapshot of the account that is not deleted."""
        found = self.state.snapshots.get(snapshot_id)
        if found is None or found.account != account or found.deleted_at:
            was = "is gone" if found and found.account == account else "is not a snapshot of yours"
            mine = [s.id for s in self.state.snapshots.values() if s.account == account and not s.deleted_at]
            raise self.refusal(
                operation,
                "InvalidSnapshotId.NotFound",
                f"{snapshot_id} {was}{did_you_mean(snapshot_id, mine)}",
                snapshot=snapshot_id,
            )
        return found

    def own_image(self, account: str, image_id: str, operation: str) -> Image:
        """An image the account owns and has not deleted (TYPE-4, SHARE-7: only the owner manages it)."""
        found = self.state.images.get(image_id)
        if found is None or found.account != account or found.deleted_at:
            if found and found.account == account:
                was = f"was deleted on {show_time(found.deleted_at or self.now)}"
            elif found and found.usable_by(account):
                was = f"belongs to {found.account}; only its owner may do this"
            else:
                was = "is not an image of yours"
            raise self.refusal(
                operation,
                "InvalidImageId.NotFound",
                # An id that exists was not mistyped.
                f"{image_id} {was}{'' if found else did_you_mean(image_id, self._images_of(account))}",
                image=image_id,
            )
        return found

    def own_files(self, account: str, files_id: str, operation: str, code: str) -> ImageFiles:
        """Files of the account that are written and not deleted; `code` is what the operation says otherwise."""
        found = self.state.files.get(files_id)
        if found is None or found.account != account or found.deleted_at or files_id in self.state.pending:
            was = "are not files of yours"
            if found and found.account == account:
                was = "are gone" if found.deleted_at else "are still being written; wait for them"
            others = [f for f in self.state.files.values() if f.account == account and f.id != files_id]
            mine = [files.id for files in others if not files.deleted_at]
            message = f"{files_id} {was}{did_you_mean(files_id, mine)}"
            raise self.refusal(operation, code, message, files=str(files_id))
        return found

    def usable_image(self, account: str, reference: str, region_id: str, operation: str) -> Image:
        """The image that a reference means for an account in a region, fit to start a disk from.

        A reference is an image id, one of the account's image families, or what
        `catalog.images` knows. Refused when nothing visible in the region answers to it
        (TYPE-3), or when it is not yet Available (STATUS-3, USE-1).
        """
        image = self._custom_image(account, reference, region_id)
        if image is None:
            image = self._provider_image(account, reference, region_id)
        if image is None:
            raise self.refusal(
                operation, "InvalidImageId.NotFound", self._why_no_image(account, reference, region_id), image=reference
            )
        if image.status not in ("Available", "Deprecated"):
            raise self.refusal(
                operation,
                "OperationDenied.ImageNotValid",
                f"{image.id} is {image.status}; {_WHAT_NEXT[image.status]}",
                image=image.id,
            )
        return image

    def _custom_image(self, account: str, reference: str, region_id: str) -> Image | None:
        """The image of that id, if the account may use it (TYPE-1, SHARE-7, COMM-1), or the newest of its family."""
        image = self.state.images.get(reference)
        if image is not None:
            return image if image.region == region_id and image.usable_by(account) else None
        family = [
            image
            for image in self.state.images.values()
            if image.family == reference
            and (image.account, image.region, image.status) == (account, region_id, "Available")
        ]
        # The state keeps images in the order of their creation: the last is the newest (FAM-1).
        return family[-1] if reference and family else None

    def _provider_image(self, account: str, reference: str, region_id: str) -> Image | None:
        found = published.find_public_image(reference, self.today)
        if found is not None:
            return self._listed(found.image_id, PROVIDER, region_id, found.system_disk_gib)
        # A marketplace product is offered on one site, in the regions listed (MKT-1).
        product = published.marketplace_images().get(reference)
        site = self.state.accounts[account].site
        if product is None or product.site != site or (product.regions and region_id not in product.regions):
            return None
        return self._listed(product.product_code, MARKETPLACE, region_id, product.system_disk_gib)

    def _listed(self, image_id: str, owner: str, region_id: str, size_gib: int) -> Image:
        lineage = published_lineage(image_id)
        assert lineage is not None
        return Image(
            id=image_id,
            account=owner,
            region=region_id,
            name=image_id,
            family="",
            status="Available",
            size_gib=size_gib,
            lineage=lineage,
            mappings=(),
            made_from="provider",
            source=image_id,
            created_at=self.now,
            finishes_at=None,
        )

    def _why_no_image(self, account: str, reference: str, region_id: str) -> str:
        image = self.state.images.get(reference)
        if image is not None:
            if image.deleted_at:
                return f"{reference} was deleted on {show_time(image.deleted_at)}"
            if image.usable_by(account):
                return f"{reference} lies in {image.region}; copy it to {region_id} first"
            return f"{reference} is not shared with {account}; ask {image.account} to share it"
        day = published.own_day(reference)
        if day is not None and published.is_published(reference):
            return (
                f"{reference} is of {day}; it is {self.today} now, so name an earlier image, a family or a short name"
            )
        if unread := published.why_not_read(reference):
            return f"no image answers to {reference} in {region_id}: {unread}"
        product = published.marketplace_images().get(reference)
        if product is not None and product.site != self.state.accounts[account].site:
            return f"{reference} is sold on the {product.site} site only"
        if product is not None:
            return f"{reference} is not offered in {region_id}, only in {', '.join(sorted(product.regions))}"
        known = [*self._images_of(account), *published.known_references()]
        return f"no image answers to {reference!r} in {region_id}{did_you_mean(reference, known)}"

    def _instances_of(self, account: str) -> list[str]:
        return [i.id for i in self.state.instances.values() if i.account == account and i.status != "Released"]

    def _images_of(self, account: str) -> list[str]:
        return [i.id for i in self.state.images.values() if i.account == account and not i.deleted_at]

    # Ids and time -------------------------------------------------------------------

    def new_ids(self, kind: str, count: int) -> list[str]:
        """Ids the next resources of a kind will get; used up only when an event carries them."""
        prefix = ID_PREFIXES[kind]
        last = self.state.last_numbers.get(prefix, 0)
        return [f"{prefix}-{last + n:08d}" for n in range(1, count + 1)]

    def done_at(self, task: str, stored_bytes: int = 0) -> datetime:
        """When a task that begins now is done: now, or after its typical duration (CREATE-13)."""
        if self.state.durations == "instant":
            return self.now
        fixed, per_gib = duration_seconds(task)
        return self.now + timedelta(seconds=-(-(fixed + per_gib * bytes_to_gib(stored_bytes)) // 1))

    def blocks(self, gib: float) -> int:
        """Whole blocks that a written size takes; a part of a block takes all of it."""
        return -(-round(gib * (1 << 30)) // self.state.block_bytes)


def _retention_to_look_at(event: Event, state: State) -> tuple[str, ...]:
    """The snapshots whose retention an event begins or changes, or no longer holds up."""
    match event:
        case SnapshotStarted() | SnapshotModified():
            return (event.snapshot,)
        case ImageDeleted() | ImageFailed():
            return state.images[event.image].snapshots
        case DiskReleased():
            return (state.disks[event.disk].snapshot or "",)
    return ()


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """An account at the control plane, giving commands."""

    _control: Control
    name: str


def command(method: _Method) -> _Method:
    """Make a method of a `Caller` a command: its arguments are checked by their kinds, and it runs alone.

    Cloud and accounts may be used from several threads; one command waits for the other. A snapshot that is
    kept only because something needs it goes as soon as a command takes that away (SNAP-9).
    """
    arguments = arguments_of(method)
    order = tuple(arguments)

    @wraps(method)
    def checked(self: Caller, *given: Any, **named: Any) -> Any:
        values = [arguments[name].check(value) for name, value in zip(order, given, strict=False)]
        by_name = {name: arguments[name].check(value) if name in arguments else value for name, value in named.items()}
        with self._control.lock:
            result = method(self, *values, *given[len(order) :], **by_name)
            self._control.end_retention()
            return result

    return cast(_Method, checked)
