"""A request to the service: one command of an account being decided, what it may use, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from ..catalog import images as published
from ..catalog.changes import changes
from ..catalog.regions import region
from ..catalog.rule_book import http_statuses
from ..errors import CloudError, UnknownName, did_you_mean
from ..ledger.resources import (
    MARKETPLACE,
    PROVIDER,
    AutoSnapshotPolicy,
    Disk,
    Image,
    ImageFiles,
    Instance,
    Resource,
    Snapshot,
    gone_at,
    published_lineage,
)
from ..ledger.state import State
from ..units import show_time
from .arguments import arguments_of, result_of
from .control import Control
from .ids import Id

# What to do about an image that cannot start a disk, by its status (STATUS-3).
_WHAT_NEXT = {
    "Waiting": "wait until it is Available",
    "Creating": "wait until it is Available",
    "CreateFailed": "it will never be Available, so delete it and make another",
}

# How operations refuse a region that has closed, the first that an operation has; else as one it does not know.
_REGION_CLOSED = ("RegionNotSupportCopy", "InvalidRegion.NotSupport")

_WORDS = {
    Instance: "instance",
    Disk: "disk",
    Snapshot: "snapshot",
    Image: "image",
    ImageFiles: "files",
    AutoSnapshotPolicy: "policy",
}
"""What an error calls the ids of resources."""

_Method = TypeVar("_Method", bound=Callable[..., Any])
_Resource = TypeVar("_Resource", bound=Resource)


class Request(NamedTuple):
    """One command of an account while it is decided; the next command has a request of its own.

    control: the control plane
    account: who gives the command
    operation: the operation of the service's API that it is
    state: what exists
    now: the moment
    """

    control: Control
    account: str
    operation: str
    state: State
    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    # Rules that changed -------------------------------------------------------------------------

    def newer_holds(self, key: str) -> bool:
        """Whether the newer form of a rule that changed holds today; `key` is one of `catalog.changes`."""
        return changes()[key].newer_holds(self.now, self.state.assume)

    def newer_rule(self, key: str, about: Resource) -> str:
        """The key of a rule that allows this but did not always; refused on a day on which it did not yet."""
        if not self.newer_holds(key):
            rule = changes()[key]
            why = f"is refused: on {self.today} there was no {rule.topic} yet ({rule.rule_id})"
            raise self.refusal_of(about, rule.refused_as, why, rule.http_status)
        return key

    def doubts(self, *keys: str) -> tuple[str, ...]:
        """The assumption made where no source tells which form of some rules holds today (UNK-18)."""
        return ("UNK-18",) if any(changes()[key].in_doubt(self.now) for key in keys) else ()

    # Refusals ---------------------------------------------------------------------------------

    def refusal(self, code: str, message: str, status: int | None = None, **ids: str) -> CloudError:
        """The error to raise when the service would refuse; `status` where a code comes with more than one."""
        statuses = http_statuses()  # 0 where no source gives one (UNK-9)
        if status is None:
            status = statuses.get((self.operation, code), statuses.get(("any", code), 0))
        return CloudError(code, message, operation=self.operation, http_status=status, ids=ids)

    def refusal_of(self, about: Resource, code: str, why: str, status: int | None = None, **others: str) -> CloudError:
        """The refusal of a command about a resource, whose id begins the message and is among the ids.

        about: the resource
        code: the service's own code
        why: what the message says after the id
        status: the HTTP status, where a code comes with more than one
        others: ids of other resources concerned, by their kind
        """
        return self.refusal(code, f"{about.id} {why}", status, **{_WORDS[type(about)]: about.id}, **others)

    def region(self, region_id: str, code: str = "InvalidRegionId.NotFound") -> str:
        """An open region's id, or the operation's refusal with the nearest ids."""
        try:
            region(region_id)
        except UnknownName as error:
            raise self.refusal(code, str(error), region=str(region_id)) from None
        self.check_open(region_id)
        return region_id

    def check_open(self, region_id: str) -> None:
        """Refuse to make anything in a region after its last day of service."""
        known = region(region_id)
        if known.closed(self.today):
            has = http_statuses()
            code = next((code for code in _REGION_CLOSED if (self.operation, code) in has), "InvalidRegionId.NotFound")
            message = f"{region_id} closed; {known.closed_on} was its last day of service; choose another region"
            raise self.refusal(code, message, region=region_id)

    # What exists ------------------------------------------------------------------------------

    def own_instance(self, instance_id: str) -> Instance:
        """An instance of the account that is neither released nor, unless it is to be released, expired (CREATE-4)."""
        found = self._own(self.state.instances, instance_id, "instance", "InvalidInstanceId.NotFound")
        if found.paid_until and found.paid_until <= self.now and self.operation != "DeleteInstance":
            code = "InstanceExpired" if self.operation == "StartInstance" else "InstanceExpiredOrInArrears"
            ended = f"the subscription of {instance_id} ended on {show_time(found.paid_until)} (MKT-2)"
            raise self.refusal(code, f"{ended}; release it; its snapshots and images stay", instance=instance_id)
        return found

    def own_disk(self, disk_id: str) -> Disk:
        """A disk of the account that is not released. An instance's id means its system disk."""
        instance = self.state.instances.get(disk_id)
        if instance is not None and instance.account == self.account:
            disk_id = instance.system_disk
        return self._own(self.state.disks, disk_id, "disk", "InvalidDiskId.NotFound")

    def instance_of(self, disk: Disk) -> Instance | None:
        """The instance that a disk is attached to, None where it is not."""
        return None if disk.instance is None else self.state.instances[disk.instance]

    def own_snapshot(self, snapshot_id: str) -> Snapshot:
        """A snapshot of the account that is not deleted."""
        return self._own(self.state.snapshots, snapshot_id, "snapshot", "InvalidSnapshotId.NotFound")

    def own_image(self, image_id: str) -> Image:
        """An image the account owns and has not deleted (TYPE-4, SHARE-7: only the owner manages it)."""
        found, code = self.state.images.get(image_id), "InvalidImageId.NotFound"
        if found is not None and found.account != self.account and found.usable_by(self.account):
            raise self.refusal_of(found, code, f"belongs to {found.account}; only its owner may do this")
        return self._own(self.state.images, image_id, "image", code)

    def own_files(self, files_id: str, code: str) -> ImageFiles:
        """Files of the account that are written and not deleted; `code` is what the operation says otherwise."""
        found = self._own(self.state.files, files_id, "files", code)
        if files_id in self.state.pending:
            raise self.refusal(code, f"{files_id} are still being written; wait for them", files=files_id)
        return found

    def own_policy(self, policy_id: str) -> AutoSnapshotPolicy:
        """An automatic snapshot policy of the account that is not deleted."""
        return self._own(self.state.policies, policy_id, "policy", "ParameterInvalid")

    def own_resource(self, resource_id: str) -> Resource:
        """Anything of the account that has an id and is not gone."""
        return self._own(self.state.resources, resource_id, "resource", "InvalidResourceId.NotFound")

    def owned(self, table: Mapping[str, Resource]) -> list[str]:
        """The ids of all in a table that the account has and that is not gone."""
        return [name for name, found in table.items() if found.account == self.account and not gone_at(found)]

    def nothing_to_delete(self, table: Mapping[str, Resource], name: str) -> bool:
        """Whether deleting an id does nothing: it never was, or the account's own is gone already."""
        found = table.get(name)
        return found is None or (found.account == self.account and bool(gone_at(found)))

    def _own(self, table: Mapping[str, _Resource], name: str, kind: str, code: str) -> _Resource:
        """The account's own thing of that id, which is not gone."""
        found = table.get(name)
        if found is None or found.account != self.account:
            # An id that exists was not mistyped.
            near = "" if found else did_you_mean(name, self.owned(table))
            raise self.refusal(code, f"you have no {kind} {name}{near}", None, **{kind: str(name)})
        if gone := gone_at(found):
            raise self.refusal_of(found, code, f"is gone since {show_time(gone)}")
        return found

    def check_status(self, instance: Instance, *wanted: str) -> None:
        """Refuse an instance whose status is none of those wanted, or whose system disk is being replaced."""
        if instance.status not in wanted or instance.replacing_until:
            now = "being given a new system disk" if instance.replacing_until else instance.status
            raise self.refusal_of(instance, "IncorrectInstanceStatus", f"is {now}; it must be {' or '.join(wanted)}")

    def check_idle(self, disk: Disk, code: str = "DiskCreatingSnapshot") -> None:
        """Refuse, with the operation's own code, while a snapshot of the disk is under way."""
        if snapshot := self.state.snapshot_under_way(disk.id):
            raise self.refusal(code, f"{snapshot} of {disk.id} is not finished; wait for it", disk=disk.id)

    # Images to start from -----------------------------------------------------------------------

    def usable_image(self, reference: str, region_id: str) -> Image:
        """The image that a reference means for the account in a region, fit to start a disk from.

        A reference is an image id, one of the account's image families, or what
        `catalog.images` knows. Refused when nothing visible in the region answers to it
        (TYPE-3), or when it is not yet Available (STATUS-3, USE-1).
        """
        image = self._custom_image(reference, region_id) or self._provider_image(reference, region_id)
        if image is None:
            why = self._why_no_image(reference, region_id)
            raise self.refusal("InvalidImageId.NotFound", why, image=reference)
        if image.status not in ("Available", "Deprecated"):
            message = f"{image.id} is {image.status}; {_WHAT_NEXT[image.status]}"
            raise self.refusal("OperationDenied.ImageNotValid", message, image=image.id)
        return image

    def _custom_image(self, reference: str, region_id: str) -> Image | None:
        """The image of that id, if the account may use it (TYPE-1, SHARE-7, COMM-1), or the newest of its family."""
        image = self.state.images.get(reference)
        if image is not None:
            return image if image.region == region_id and image.usable_by(self.account) else None
        # The oldest image of a family stands first (FAM-1).
        family = reversed(list(self.state.index.images.of("family", self.account, region_id, reference)))
        images = (self.state.images[name] for name in family)
        return next((image for image in images if image.status == "Available"), None)

    def _provider_image(self, reference: str, region_id: str) -> Image | None:
        found = published.find_public_image(reference, self.today)
        if found is not None:
            return self._listed(found.image_id, PROVIDER, region_id, found.system_disk_gib)
        # A marketplace product is offered on one site, in the regions listed (MKT-1).
        product = published.marketplace_image(reference)
        if product is None or product.why_not_sold(self.state.accounts[self.account].site, region_id):
            return None
        return self._listed(product.image_id, MARKETPLACE, region_id, product.system_disk_gib)

    def _listed(self, image_id: str, owner: str, region_id: str, size_gib: int) -> Image:
        """An image of the catalogue, as a record of the region; `owner` is the provider or the marketplace."""
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

    def _why_no_image(self, reference: str, region_id: str) -> str:
        image = self.state.images.get(reference)
        if image is not None:
            if image.deleted_at:
                return f"{reference} was deleted on {show_time(image.deleted_at)}"
            if image.usable_by(self.account):
                return f"{reference} lies in {image.region}; copy it to {region_id} first"
            return f"{reference} is not shared with {self.account}; ask {image.account} to share it"
        day = published.own_day(reference)
        if day is not None and published.is_published(reference):
            today = self.today
            return f"{reference} is of {day}; it is {today} now, so name an earlier image, a family or a short name"
        if unread := published.why_not_read(reference):
            return f"no image answers to {reference} in {region_id}: {unread}"
        product = published.marketplace_image(reference)
        if product is not None:
            return f"{reference} {product.why_not_sold(self.state.accounts[self.account].site, region_id)}"
        known = [*self.owned(self.state.images), *published.known_references()]
        return f"no image answers to {reference!r} in {region_id}{did_you_mean(reference, known)}"


@dataclass(frozen=True, slots=True, repr=False)
class Caller:
    """An account at the control plane, giving commands."""

    _control: Control
    name: str

    def _request(self, operation: str) -> Request:
        """A command of the account, as an operation of the service's API."""
        return Request(self._control, self.name, operation, self._control.state, self._control.now)


def command(method: _Method) -> _Method:
    """Make a method of a `Caller` a command: its arguments are checked by their kinds, and it runs alone.

    Cloud and accounts may be used from several threads; one command waits for another. A snapshot that is
    kept only because something needs it goes as soon as a command takes that away (SNAP-9). The id that it returns
    knows its kind.
    """
    arguments, makes = arguments_of(method), result_of(method)
    names = tuple(arguments)

    @wraps(method)
    def checked(self: Caller, *given: Any, **named: Any) -> Any:
        values = [arguments[name].check(value) for name, value in zip(names, given, strict=False)]
        by_name = {name: arguments[name].check(value) if name in arguments else value for name, value in named.items()}
        with self._control.lock:
            result = method(self, *values, *given[len(names) :], **by_name)
            self._control.end_retention()
            return Id(result, makes) if makes else result

    return cast(_Method, checked)
