"""What has happened: one frozen record per fact, named in the past tense, and how it changes the state.

Events contain everything that metering needs, so a ledger can be billed years later without the
simulator. Only `apply` changes a state: replaying the events of a ledger in order rebuilds it exactly.

Every event has a docstring that says what happened, then a line for each of its fields with its
unit in brackets. `at` is the moment it happened; `assumed` holds the ids of the
assumptions that the event rests on (`catalog.rule_book`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache
from inspect import signature
from itertools import islice
from typing import Any, Literal, TypeVar, get_args, get_type_hints

from ..catalog.images import marketplace_images
from ..catalog.instance_types import instance_type
from ..catalog.limits import limit
from ..catalog.rule_book import supposed
from ..errors import InputError, shown
from ..units import show_time
from .automatic import next_slot
from .chains import Chain, CopiedChain
from .fields import (
    AccountName,
    DiskId,
    Existing,
    FilesId,
    ImageId,
    InstanceId,
    LiveDiskId,
    LiveFilesId,
    LiveImageId,
    LivePolicyId,
    LiveSnapshotId,
    New,
    NewAccount,
    NewDisk,
    NewFiles,
    NewImage,
    NewInstance,
    NewPolicy,
    NewPurchase,
    NewSnapshot,
    PolicyId,
    ProductCode,
    Published,
    PurchaseId,
    RegionId,
    Rule,
    SiteName,
    SnapshotId,
)
from .resources import (
    AutoSnapshotPolicy,
    Billing,
    BoughtAs,
    DeviceMapping,
    Disk,
    DiskCategory,
    DiskKind,
    Durations,
    FilePart,
    Image,
    ImageFiles,
    ImageStatus,
    Instance,
    Lineage,
    MadeFrom,
    OpenedAccount,
    Purchase,
    Replacement,
    Snapshot,
    StopMode,
    Tags,
    published_lineage,
)
from .state import State
from .terms import Period

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(ABC):
    """Something that happened."""

    at: datetime
    assumed: tuple[str, ...] = ()

    @abstractmethod
    def apply(self, state: State) -> None:
        """Change the state as the event says; it must be the state in which the event happened."""

    def conflicts(self, state: State) -> Iterator[str]:
        """Why the event cannot have happened in this state, besides what the kinds of its fields require.

        Only the first reason is used, so each check may rely on those before it.
        """
        return iter(())


def problems(event: Event, state: State) -> list[str]:
    """Why an event cannot follow on a state, as texts; empty if it can.

    This checks an edited file record by record. Quantities must be 0 or more, nothing may end before it begins or
    be overdue, and ids must exist, or be new, as the kinds of the fields require.
    """
    found = [f"{name} was to be done by {show_time(due)}" for name, due in state.pending.items() if due < event.at]
    for name, rules in _rules(type(event)).items():
        value = getattr(event, name)
        if isinstance(value, int) and not 0 <= value <= _LARGEST.get(name, 1 << 60):
            found.append(f"{name} is {shown(value)}, {'which is negative' if value < 0 else 'more than there can be'}")
        elif name == "finishes_at" and value is not None and value < event.at:
            found.append(f"{name} {show_time(value)} is before {show_time(event.at)}")
        elif value is not None:
            found += [why for rule in rules if (why := rule.problem(name, value, state))]
    return found or list(islice(event.conflicts(state), 1))


def unfinished(state: State, at: datetime) -> Iterator[str]:
    """What is incomplete when a ledger ends at `at`, because a record that belongs to it is missing.

    A launch, for example, consists of the records of its disks and one of the instance; without the last one, the
    disks belong to an instance that never existed.
    """
    for name, due in state.pending.items():
        if due <= at:
            yield f"{name} was to be done by {show_time(due)}"
    for disk in state.disks.values():
        if disk.instance is None:
            continue
        instance = state.instances.get(disk.instance)
        if instance is None:
            yield f"{disk.id} is a disk of {shown(disk.instance)}, which was never launched"
        elif bool(disk.released_at) == (disk.id in instance.disks and not instance.released_at):
            yield f"{disk.id} is {'released' if disk.released_at else 'there'}, but not so for its {instance.id}"
    used = {name for image in state.images.values() if image.status != "Waiting" for name in image.snapshots}
    for snapshot in state.snapshots.values():
        if snapshot.disk is None and isinstance(state.chains[snapshot.chain], Chain) and snapshot.id not in used:
            yield f"{snapshot.id} is of no disk and of no image"
    for image in state.images.values():
        statuses = {state.snapshots[name].status for name in image.snapshots if name in state.snapshots}
        amiss = {"Creating": "failed", "CreateFailed": "progressing", "Deleted": "progressing"}.get(image.status)
        if amiss in statuses:
            yield f"{image.id} is {image.status}, but a snapshot of it is {amiss}"


MOST_PERIODS = 600
"""Of a subscription; fifty years of months end before the clock does."""

_LARGEST = {"size_gib": 1 << 30}
"""The largest quantities whose sums fit 64 bits; 2**60 for fields that are not listed."""


@cache
def _rules(kind: type[Event]) -> dict[str, tuple[Rule, ...]]:
    """For each field of a kind of event, the rules of its annotation."""
    hints = get_type_hints(kind, include_extras=True)
    found = {}
    for part in fields(kind):
        marks = [mark for hint in (hints[part.name], *get_args(hints[part.name])) for mark in _marks(hint)]
        found[part.name] = tuple(marks)
    return found


def _marks(hint: Any) -> tuple[Rule, ...]:
    return tuple(mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Existing | New | Published))


# The cloud and its accounts -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudStarted(Event):
    """A simulation began; always the first event.

    block_bytes: size of a chain's block (UNK-1) [byte]
    durations: whether tasks are done at once or take their typical time
    assume: assumptions that are not the default, as (id, value)
    """

    block_bytes: int
    durations: Durations
    assume: tuple[tuple[str, str], ...] = ()

    def apply(self, state: State) -> None:
        state.block_bytes, state.durations, state.assume = self.block_bytes, self.durations, dict(self.assume)

    def conflicts(self, state: State) -> Iterator[str]:
        if state.block_bytes:
            yield "a cloud starts once"
        if not self.block_bytes:
            yield "block_bytes is 0"
        try:
            supposed(dict(self.assume))
        except InputError as error:
            yield str(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened(Event):
    """An account was opened.

    account: its name
    site: the site it buys on, which decides its price list
    """

    account: NewAccount
    site: SiteName

    def apply(self, state: State) -> None:
        state.accounts[self.account] = OpenedAccount(self.account, self.site, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaSet(Event):
    """An account was given a quota of its own (UNK-8).

    account: the account
    quota: what it limits, such as images in a region
    value: the most there may be
    """

    account: AccountName
    quota: Literal["images"]
    value: int

    def apply(self, state: State) -> None:
        account = state.accounts[self.account]
        quotas = dict(account.quotas) | {self.quota: self.value}
        state.accounts[self.account] = replace(account, quotas=tuple(sorted(quotas.items())))


# Disks --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskCreated(Event):
    """A disk began its life, and with it a new chain (CHAIN-4).

    disk: its id
    account: who owns it
    region: where it is
    instance: the instance it is attached to, None for one that is created on its own
    kind: system or data
    size_gib: its size [GiB]
    written_blocks: how much of it is written [block]
    initial_blocks: how much of it its image or snapshot fills; a re-initialisation goes back to this [block]
    image: the image it was made from, None for a data disk
    snapshot: the snapshot it was made from, None for an empty disk and a system disk
    lineage: where its system comes from, None for a data disk
    chain: the id of its chain where one is given, else `sl-` and the id of the disk
    encrypted: whether it is encrypted, as what it was made from is (UNK-16)
    kms_key: the owner's key it is encrypted with, None for the service's
    category: its category
    category_supposed: whether nobody chose that category (ASSUME-8)
    """

    disk: NewDisk
    account: AccountName
    region: RegionId
    instance: str | None
    kind: DiskKind
    size_gib: int
    written_blocks: int
    initial_blocks: int
    image: str | None = None
    snapshot: SnapshotId | None = None
    lineage: Lineage | None = None
    chain: str = ""
    encrypted: bool = False
    kms_key: str | None = None
    category: DiskCategory = "cloud_essd_pl0"
    category_supposed: bool = True

    def apply(self, state: State) -> None:
        _use_id(state, self.disk)
        chain, launched = self.chain or f"sl-{self.disk}", self.instance is not None
        state.disks[self.disk] = _record(
            Disk,
            self,
            id=self.disk,
            chain=chain,
            created_at=self.at,
            ever_attached=launched,
            delete_with_instance=launched,
            delete_auto_snapshots=True,
        )
        state.add_chain(chain, Chain(state.block_bytes, self.written_blocks))

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _does_not_fit(state, self)
        yield from _chain_is_there(state, self.chain or f"sl-{self.disk}")
        if self.instance is None and self.kind == "system":
            yield "a system disk is created with its instance"
        if self.initial_blocks and not (self.image or self.snapshot):
            yield f"{self.disk} is of no image and no snapshot, which fill {self.initial_blocks} blocks of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSeen(DiskCreated):
    """A disk of a real account was found in its lists; what is on it is supposed (ASSUME-15).

    Its chain may be there already. `written_blocks` is what is on it while no snapshot of it tells more.

    delete_with_instance: whether it is released with its instance
    delete_auto_snapshots: whether its automatic snapshots are deleted with it (SNAP-8)
    """

    delete_with_instance: bool = False
    delete_auto_snapshots: bool = False

    def apply(self, state: State) -> None:
        _use_id(state, self.disk)
        state.disks[self.disk] = _record(Disk, self, id=self.disk, created_at=self.at, ever_attached=True)
        if self.chain not in state.chains:
            state.add_chain(self.chain, Chain(state.block_bytes, self.written_blocks))

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _does_not_fit(state, self)
        if not isinstance(state.chains.get(self.chain, Chain(state.block_bytes)), Chain):
            yield f"the chain {self.chain} is one of copies"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskWritten(Event):
    """Blocks of a disk were written.

    disk: the disk
    appended: blocks written for the first time [block]
    start: the first block that was overwritten
    overwritten: blocks overwritten, from `start` on [block]
    """

    disk: LiveDiskId
    appended: int
    start: int
    overwritten: int

    def apply(self, state: State) -> None:
        chain = state.changing(state.disks[self.disk].chain)
        assert isinstance(chain, Chain)
        chain.overwrite(self.start, self.overwritten)
        chain.append(self.appended)

    def conflicts(self, state: State) -> Iterator[str]:
        chain, disk = state.disk_chain(self.disk), state.disks[self.disk]
        if self.overwritten and self.start + self.overwritten > chain.written_blocks:
            yield f"overwritten goes beyond the {chain.written_blocks} blocks written"
        if (chain.written_blocks + self.appended) * state.block_bytes > disk.size_gib << 30:
            yield f"appended does not fit {disk.size_gib} GiB"
        if not self.appended and not self.overwritten:
            yield "nothing is written"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskReinitialised(Event):
    """A disk was reset to its image or snapshot, or emptied (REINIT-1).

    disk: the disk
    """

    disk: LiveDiskId

    def apply(self, state: State) -> None:
        _rewrite(state, self.disk, state.disks[self.disk].initial_blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRolledBack(Event):
    """A disk went back to one of its snapshots, in content and size (ROLL-1).

    All its blocks are new versions, so its next snapshot stores them again.

    disk: the disk
    snapshot: the snapshot, taken of that very disk
    """

    disk: LiveDiskId
    snapshot: LiveSnapshotId

    def apply(self, state: State) -> None:
        snapshot = state.snapshots[self.snapshot]
        _change(state.disks, self.disk, size_gib=snapshot.size_gib)
        _rewrite(state, self.disk, snapshot.content_bytes // state.block_bytes)

    def conflicts(self, state: State) -> Iterator[str]:
        if state.snapshots[self.snapshot].disk != self.disk:
            yield f"{self.snapshot} is not of {self.disk}"
        if state.snapshots[self.snapshot].status != "accomplished":
            yield f"{self.snapshot} is {state.snapshots[self.snapshot].status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskAttached(Event):
    """A data disk was attached to an instance.

    disk: the disk
    instance: the instance, in the region of the disk
    delete_with_instance: whether it is released with the instance
    """

    disk: LiveDiskId
    instance: InstanceId
    delete_with_instance: bool = False

    def apply(self, state: State) -> None:
        disks = state.instances[self.instance].data_disks
        _change(state.instances, self.instance, data_disks=(*disks, self.disk))
        with_instance = self.delete_with_instance
        _change(state.disks, self.disk, instance=self.instance, ever_attached=True, delete_with_instance=with_instance)

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _not_in_status(state.instances, self.instance, "Running", "Stopped")
        disk, instance = state.disks[self.disk], state.instances[self.instance]
        if disk.instance is not None:
            yield f"{self.disk} is attached to {disk.instance}"
        if (disk.account, disk.region) != (instance.account, instance.region):
            yield f"{self.instance} is of {instance.account} in {instance.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskDetached(Event):
    """A data disk was detached from its instance, and still exists.

    disk: the disk
    """

    disk: LiveDiskId

    def apply(self, state: State) -> None:
        instance = state.disks[self.disk].instance
        assert instance is not None
        kept = tuple(disk for disk in state.instances[instance].data_disks if disk != self.disk)
        _change(state.instances, instance, data_disks=kept)
        _change(state.disks, self.disk, instance=None, delete_with_instance=False)

    def conflicts(self, state: State) -> Iterator[str]:
        instance = state.instances.get(state.disks[self.disk].instance or "")
        if instance is None or self.disk not in instance.data_disks:
            yield f"{self.disk} is no data disk of an instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskModified(Event):
    """What is released or deleted together with a disk or its instance was changed.

    disk: the disk
    delete_with_instance: whether it is released with its instance
    delete_auto_snapshots: whether its automatic snapshots are deleted with it (SNAP-8)
    """

    disk: LiveDiskId
    delete_with_instance: bool
    delete_auto_snapshots: bool

    def apply(self, state: State) -> None:
        with_instance, snapshots = self.delete_with_instance, self.delete_auto_snapshots
        _change(state.disks, self.disk, delete_with_instance=with_instance, delete_auto_snapshots=snapshots)

    def conflicts(self, state: State) -> Iterator[str]:
        if self.delete_with_instance and state.disks[self.disk].instance is None:
            yield f"{self.disk} is attached to no instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskReleased(Event):
    """A disk and its content are gone, and no policy applies to it any more (OS-4); its snapshots stay (SNAP-8).

    disk: the disk
    """

    disk: LiveDiskId

    def apply(self, state: State) -> None:
        _change(state.disks, self.disk, released_at=self.at)
        _rewrite(state, self.disk, 0)
        for policy in list(state.index.policies.of("disk", self.disk)):
            _take_from_policy(state, policy, self.disk)

    def conflicts(self, state: State) -> Iterator[str]:
        attached_to = state.disks[self.disk].instance
        instance = state.instances.get(attached_to or "")
        if attached_to is not None and (instance is None or self.disk not in instance.disks):
            yield f"{self.disk} is no disk of an instance"


def _rewrite(state: State, disk: str, written_blocks: int) -> None:
    """Give a disk entirely new content of that size."""
    chain = state.changing(state.disks[disk].chain)
    assert isinstance(chain, Chain)
    chain.reset(written_blocks)


# Instances ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLaunched(Event):
    """An instance began to run. Whoever launches pays the fees of the lineage (IBILL-5).

    instance: its id
    account: who launched it
    region: where it runs
    instance_type: its type
    vcpus: processors of that type, on which fees depend; 0: not known, and no fee depends on them [vCPU]
    memory_gib: its memory; 0: not known, or an older file [GiB]
    image: the image it started from
    lineage: where its system comes from
    system_disk: its system disk
    data_disks: its data disks, in order of device
    local_disks: how many disks of the host it has besides, which have no ids
    billing: pay_as_you_go, or subscription, whose fees are prepaid (IBILL-1, IBILL-2)
    period: of a subscription, what it is prepaid by
    periods: of a subscription, for how many periods
    purchase: the purchase of its marketplace product that it uses, None where launching it bought it
    """

    instance: NewInstance
    account: AccountName
    region: RegionId
    instance_type: str
    vcpus: int
    image: str
    lineage: Lineage
    system_disk: DiskId
    data_disks: tuple[str, ...]
    billing: Billing = "pay_as_you_go"
    period: Period | None = None
    periods: int = 0
    purchase: PurchaseId | None = None
    memory_gib: float = 0
    local_disks: int = 0

    def apply(self, state: State) -> None:
        _use_id(state, self.instance)
        _use_purchase(state, self.purchase)
        state.instances[self.instance] = _record(
            Instance, self, id=self.instance, status="Running", stop_mode=None, launched_at=self.at
        )

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _cannot_use(state, self.image, self.account, self.region, self.lineage)
        try:
            known = instance_type(self.instance_type)
        except InputError as error:
            yield str(error)
            return
        if known.listed:
            memory_gib = self.memory_gib or known.memory_gib  # older files lack it
            yield from _differing(vcpus=(self.vcpus, known.vcpus), memory_gib=(memory_gib, known.memory_gib))
        elif not self.vcpus and (self.lineage.charged_system or self.lineage.product_code):
            yield f"vcpus are not known, but a fee of {self.image} goes by them"
        disks = (self.system_disk, *self.data_disks)
        if len(set(disks)) < len(disks):
            yield "a disk is named twice"
        for name in disks:
            kind: DiskKind = "system" if name == self.system_disk else "data"
            yield from _not_made_for(state, name, kind, self)
        prepaid = self.billing == "subscription"
        if prepaid != bool(self.period) or prepaid != (0 < self.periods <= MOST_PERIODS):
            yield "a subscription is prepaid for 1 period or more, and nothing else is"
        yield from _cannot_use_purchase(state, self.purchase, self.account, self.region, self.lineage)
        if self.purchase and prepaid and state.purchases[self.purchase].billing != "once":
            yield f"{self.purchase} is pay-as-you-go, which a subscription is not"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSeen(InstanceLaunched):
    """An instance of a real account was found in its lists, running when it was seen first.

    Its image need not be in the ledger, nor its type in the catalogue.
    """

    def conflicts(self, state: State) -> Iterator[str]:
        for name in (self.system_disk, *self.data_disks):
            yield from _not_made_for(state, name, "system" if name == self.system_disk else "data", self)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRenewed(Event):
    """A subscription was prepaid for longer, with the fees of its system (MKT-2).

    instance: the instance
    periods: how many more of its periods
    """

    instance: InstanceId
    periods: int

    def apply(self, state: State) -> None:
        _change(state.instances, self.instance, periods=state.instances[self.instance].periods + self.periods)

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _not_in_status(state.instances, self.instance, "Running", "Stopped")
        instance = state.instances[self.instance]
        if instance.paid_until is None or instance.paid_until <= self.at:
            yield f"{self.instance} has no subscription to renew"
        if not 0 < self.periods <= MOST_PERIODS - instance.periods:
            yield f"periods is {self.periods}; a subscription has 1 to {MOST_PERIODS} in all"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStopped(Event):
    """An instance stopped.

    instance: the instance
    mode: economical or standard; an economical stop also stops its licence fee (IBILL-3)
    licence_suspended: whether the stop also stops its licence fee
    """

    instance: InstanceId
    mode: StopMode
    licence_suspended: bool

    def apply(self, state: State) -> None:
        _change(state.instances, self.instance, status="Stopped", stop_mode=self.mode)

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _not_changeable(state, self.instance, "Running")
        stops = self.mode == "economical" and bool(limit("economical_stop_suspends_licence", self.at))
        yield from _differing(licence_suspended=(self.licence_suspended, stops))


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStarted(Event):
    """A stopped instance was started again.

    instance: the instance
    """

    instance: InstanceId

    def apply(self, state: State) -> None:
        _change(state.instances, self.instance, status="Running", stop_mode=None)

    def conflicts(self, state: State) -> Iterator[str]:
        return _not_changeable(state, self.instance, "Stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceReleased(Event):
    """An instance was released; its disks were released or detached just before.

    instance: the instance
    """

    instance: InstanceId

    def apply(self, state: State) -> None:
        _change(state.instances, self.instance, status="Released", released_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _not_changeable(state, self.instance, "Running", "Stopped")
        for disk in state.instances[self.instance].disks:
            if not state.disks[disk].released_at:
                yield f"its disk {disk} is not released"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDiskReplacementStarted(Event):
    """A change of operating system began (OS-1).

    instance: the instance
    image: the image it will run from
    disk: the id that the new system disk will have
    size_gib: size of that disk [GiB]
    written_blocks: how much of it will be written [block]
    initial_blocks: how much of it the image fills [block]
    lineage: where the new system comes from
    finishes_at: when the change is done
    encrypted: whether that disk will be encrypted, as the image is (UNK-16)
    kms_key: the owner's key it will be encrypted with, None for the service's
    purchase: the purchase of its marketplace product that it will use
    refunded: whether the supplier of the product before gives back what is prepaid (MKT-5, UNK-17)
    """

    instance: InstanceId
    image: str
    disk: NewDisk
    size_gib: int
    written_blocks: int
    initial_blocks: int
    lineage: Lineage
    finishes_at: datetime
    encrypted: bool = False
    kms_key: str | None = None
    purchase: PurchaseId | None = None
    refunded: bool = False

    def apply(self, state: State) -> None:
        _use_id(state, self.disk)
        _use_purchase(state, self.purchase)
        state.replacements[self.instance] = _record(Replacement, self)
        state.pending[self.instance] = self.finishes_at
        _change(state.instances, self.instance, replacing_until=self.finishes_at)

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _not_changeable(state, self.instance, "Stopped")
        yield from _does_not_fit(state, self)
        instance = state.instances[self.instance]
        yield from _cannot_use(state, self.image, instance.account, instance.region, self.lineage)
        if self.purchase != instance.purchase:
            yield from _cannot_use_purchase(state, self.purchase, instance.account, instance.region, self.lineage)
        if self.refunded and (instance.billing != "subscription" or not instance.lineage.product_code):
            yield f"{self.instance} has prepaid no product"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDiskReplaced(Event):
    """An instance now runs from another image on a new system disk (OS-1, OS-7).

    instance: the instance
    image: the image it runs from
    lineage: where its system comes from
    disk: its system disk
    purchase: the purchase of its marketplace product that it uses
    """

    instance: InstanceId
    image: str
    lineage: Lineage
    disk: DiskId
    purchase: PurchaseId | None = None

    def apply(self, state: State) -> None:
        del state.replacements[self.instance], state.pending[self.instance]
        _change(
            state.instances,
            self.instance,
            purchase=self.purchase,
            image=self.image,
            lineage=self.lineage,
            system_disk=self.disk,
            status="Running",
            stop_mode=None,
            replacing_until=None,
        )

    def conflicts(self, state: State) -> Iterator[str]:
        begun, instance = state.replacements.get(self.instance), state.instances[self.instance]
        if begun is None:
            yield f"{self.instance} is not being given a new system disk"
            return
        yield from _not_due(state, self.instance, self.at)
        disk, written = state.disks[self.disk], state.disk_chain(self.disk).written_blocks
        wanted = (begun.image, begun.lineage, begun.disk, begun.size_gib, begun.written_blocks, begun.initial_blocks)
        found = (self.image, self.lineage, self.disk, disk.size_gib, written, disk.initial_blocks)
        if found != wanted or self.purchase != begun.purchase:
            yield f"another change of the system of {self.instance} was begun"
        yield from _not_made_for(state, self.disk, "system", instance._replace(image=self.image, lineage=self.lineage))
        if not state.disks[instance.system_disk].released_at:
            yield f"the system disk before, {instance.system_disk}, is not released"


# Purchases of marketplace products ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductBought(Event):
    """A marketplace product was bought in a region, for one instance at a time (MKT-1).

    purchase: the id of the purchase, which is ours
    account: who bought it
    region: where it may be used
    product: its product code
    billing: pay_as_you_go, whose fee runs with an instance, or once, for good (MKT-3)
    refund_until: until when it may be given back unused, None where that is not agreed (MKT-6)
    """

    purchase: NewPurchase
    account: AccountName
    region: RegionId
    product: ProductCode
    billing: BoughtAs
    refund_until: datetime | None = None

    def apply(self, state: State) -> None:
        _use_id(state, self.purchase)
        state.purchases[self.purchase] = _record(Purchase, self, id=self.purchase, bought_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        product, site = marketplace_images()[self.product], state.accounts[self.account].site
        yield from _differing(site=(site, product.site))
        if not product.offered_in(self.region):
            yield f"{self.product} is not offered in {self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseRefunded(Event):
    """A product bought for good was given back unused, and what it cost is paid back (MKT-6).

    purchase: the purchase
    """

    purchase: PurchaseId

    def apply(self, state: State) -> None:
        _change(state.purchases, self.purchase, refunded_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        bought = state.purchases[self.purchase]
        if bought.billing != "once" or bought.used or bought.refunded_at:
            yield f"{self.purchase} was not bought for good, was used, or was given back before"
        elif bought.refund_until is None or self.at > bought.refund_until:
            yield f"{self.purchase} can no longer be given back"


# Snapshots ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotStarted(Event):
    """A snapshot was taken of a disk as it is now; it is stored and billed from `finishes_at` on (BILL-3).

    snapshot: its id
    disk: the disk
    name: its name, empty where it has none
    finishes_at: when it is accomplished
    policy: the automatic snapshot policy that took it, None for a manual one
    retention_days: how long it is kept from now on, None for ever [day]
    """

    snapshot: NewSnapshot
    disk: LiveDiskId
    name: str
    finishes_at: datetime
    policy: PolicyId | None = None
    retention_days: int | None = None

    def apply(self, state: State) -> None:
        disk = state.disks[self.disk]
        chain = state.changing(disk.chain)
        assert isinstance(chain, Chain)
        content_bytes = chain.written_blocks * chain.block_bytes
        chain.capture()
        snapshot = Snapshot(
            id=self.snapshot,
            account=disk.account,
            region=disk.region,
            chain=disk.chain,
            number=chain.taken,
            disk=disk.id,
            kind=disk.kind,
            size_gib=disk.size_gib,
            content_bytes=content_bytes,
            lineage=disk.lineage,
            encrypted=disk.encrypted,
            kms_key=disk.kms_key,
            status="accomplished",
            started_at=self.at,
            finishes_at=self.finishes_at,
            name=self.name,
            policy=self.policy,
            retention_days=self.retention_days,
        )
        _add_snapshot(state, snapshot)

    def conflicts(self, state: State) -> Iterator[str]:
        # An automatic snapshot is one that its policy takes, and is kept as long; only such are named auto…
        if self.name.lower().startswith("auto") != (self.policy is not None):
            yield f"name {shown(self.name)} is {'not ' if self.policy else ''}that of an automatic snapshot"
        if self.policy is not None:
            policy = state.policies[self.policy]
            slot = next_slot(policy, self.at - timedelta(seconds=1))
            if self.disk not in policy.disks or slot != self.at or self.retention_days != policy.retention_days:
                yield f"{self.policy} takes no such snapshot of {self.disk}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotStored(Event):
    """A snapshot was created without a disk, in a chain of its own: it is behind a copied or imported image.

    snapshot: its id
    account: who owns it
    region: where it lies
    kind: the kind of the disk: system or data
    size_gib: size of that disk [GiB]
    content_bytes: what it restores, and also stores, as a full copy (UNK-11) or an imported file (IMP-6) [byte]
    lineage: where its system comes from, None for a data disk
    encrypted: whether it is encrypted
    finishes_at: when it is accomplished
    chain: the id of its chain where one is given, else `sl-` and the id of the snapshot
    kms_key: the owner's key it is encrypted with, None for the service's
    """

    snapshot: NewSnapshot
    account: AccountName
    region: RegionId
    kind: DiskKind
    size_gib: int
    content_bytes: int
    finishes_at: datetime
    lineage: Lineage | None = None
    encrypted: bool = False
    chain: str = ""
    kms_key: str | None = None

    def apply(self, state: State) -> None:
        chain_id = self.chain or f"sl-{self.snapshot}"
        chain = Chain(self.content_bytes, 1 if self.content_bytes else 0)
        state.add_chain(chain_id, chain)
        chain.capture()
        snapshot = _record(
            Snapshot,
            self,
            id=self.snapshot,
            chain=chain_id,
            number=chain.taken,
            disk=None,
            status="accomplished",
            started_at=self.at,
        )
        _add_snapshot(state, snapshot)

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _chain_is_there(state, self.chain or f"sl-{self.snapshot}")
        if self.content_bytes > self.size_gib << 30:
            yield f"content_bytes {self.content_bytes} do not fit {self.size_gib} GiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSeen(Event):
    """A snapshot of a real account was found in its lists; what it shares with the one before is supposed (ASSUME-14).

    snapshot: its id
    account: who owns it
    region: where it lies
    chain: the id of its chain; the snapshots of a chain follow each other as they were taken
    disk: the disk it was taken of, which need not be in the ledger; None where that is not told
    kind: the kind of that disk: system or data
    size_gib: size of that disk [GiB]
    content_blocks: what it restores [block]
    kept_blocks: how much of that it shares with the snapshot before [block]
    name: its name, empty where it has none
    lineage: where its system comes from, None for a data disk
    encrypted: whether it is encrypted
    kms_key: the owner's key it is encrypted with, None for the service's
    retention_days: how long it is kept from its creation, None for ever [day]
    policy: the automatic snapshot policy that took it, which need not be in the ledger; None for a manual one
    """

    snapshot: NewSnapshot
    account: AccountName
    region: RegionId
    chain: str
    disk: str | None
    kind: DiskKind
    size_gib: int
    content_blocks: int
    kept_blocks: int
    name: str = ""
    lineage: Lineage | None = None
    encrypted: bool = False
    kms_key: str | None = None
    retention_days: int | None = None
    policy: str | None = None

    def apply(self, state: State) -> None:
        if self.chain not in state.chains:
            state.add_chain(self.chain, Chain(state.block_bytes))
        chain = state.changing(self.chain)
        assert isinstance(chain, Chain)
        chain.keep(self.kept_blocks)
        chain.append(self.content_blocks - self.kept_blocks)
        chain.capture()
        snapshot = _record(
            Snapshot,
            self,
            id=self.snapshot,
            number=chain.taken,
            content_bytes=self.content_blocks * state.block_bytes,
            status="accomplished",
            started_at=self.at,
            finishes_at=self.at,
        )
        _add_snapshot(state, snapshot)

    def conflicts(self, state: State) -> Iterator[str]:
        chain = state.chains.get(self.chain, Chain(state.block_bytes))
        if not isinstance(chain, Chain):
            yield f"the chain {self.chain} is one of copies"
        elif self.kept_blocks > min(self.content_blocks, chain.written_blocks):
            yield f"kept_blocks {self.kept_blocks} is more than it or the snapshot before has"
        if self.content_blocks * state.block_bytes > self.size_gib << 30:
            yield f"{self.content_blocks} blocks do not fit {self.size_gib} GiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotCopied(Event):
    """A snapshot was copied to another region (SCOPY-1).

    The first copy of a chain to a region is full; later ones add what the copies there lack (SCOPY-2, UNK-15).

    snapshot: the id of the copy
    source: the snapshot copied
    account: who copied it, and owns both
    region: the region of the source
    to: the region of the copy
    name: name of the copy, empty where it has none
    copied_bytes: what was sent, and is stored there [byte]
    finishes_at: when the copy is accomplished
    """

    snapshot: NewSnapshot
    source: LiveSnapshotId
    account: AccountName
    region: RegionId
    to: RegionId
    name: str
    copied_bytes: int
    finishes_at: datetime

    def apply(self, state: State) -> None:
        source = state.snapshots[self.source]
        joins = state.copies_chain(source, self.to)
        chain_id = joins[0] if joins else f"sl-{self.snapshot}"
        if not joins:
            state.add_chain(chain_id, CopiedChain(state.chains[source.chain]))
            state.copies[source.chain, self.to] = chain_id
            state.copied_to[source.chain] = (*state.copied_to.get(source.chain, ()), chain_id)
        chain = state.changing(chain_id)
        assert isinstance(chain, CopiedChain)
        chain.capture(source.number)
        snapshot = source._replace(
            id=self.snapshot,
            region=self.to,
            chain=chain_id,
            number=chain.taken,
            disk=None,
            status="accomplished",
            started_at=self.at,
            finishes_at=self.finishes_at,
            name=self.name,
            policy=None,
            retention_days=None,
        )
        _add_snapshot(state, snapshot)

    def conflicts(self, state: State) -> Iterator[str]:
        source = state.snapshots[self.source]
        yield from _differing(account=(self.account, source.account), region=(self.region, source.region))
        if self.to == self.region:
            yield f"{self.source} is in {self.to} already"
        if self.copied_bytes != (needed := state.bytes_to_copy(source, self.to)):
            yield f"copied_bytes is {self.copied_bytes}, but {needed} bytes are lacking in {self.to}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotModified(Event):
    """A snapshot was renamed, or is kept for longer (SNAP-7).

    snapshot: the snapshot
    name: its name since
    retention_days: how long it is kept, counted from its creation, None for ever [day]
    """

    snapshot: LiveSnapshotId
    name: str
    retention_days: int | None = None

    def apply(self, state: State) -> None:
        snapshot = state.snapshots[self.snapshot]
        state.snapshots[self.snapshot] = snapshot._replace(name=self.name, retention_days=self.retention_days)
        _note_retention(state, self.snapshot)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFinished(Event):
    """A snapshot that took time is accomplished.

    snapshot: the snapshot
    """

    snapshot: SnapshotId

    def apply(self, state: State) -> None:
        del state.pending[self.snapshot]
        state.snapshots[self.snapshot] = state.snapshots[self.snapshot]._replace(status="accomplished")

    def conflicts(self, state: State) -> Iterator[str]:
        return _not_due(state, self.snapshot, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFailed(Event):
    """A snapshot failed before it was accomplished; it was never billed.

    snapshot: the snapshot
    """

    snapshot: SnapshotId

    def apply(self, state: State) -> None:
        _end_snapshot(state, self.snapshot, status="failed", deleted_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        if self.snapshot not in state.pending:
            yield f"{self.snapshot} is not under way"


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDeleted(Event):
    """A snapshot was deleted, which frees blocks that no other snapshot of its chain holds (CHAIN-2).

    snapshot: the snapshot
    """

    snapshot: LiveSnapshotId

    def apply(self, state: State) -> None:
        _end_snapshot(state, self.snapshot, deleted_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        if state.pending.get(self.snapshot) == self.at:
            yield f"{self.snapshot} is done at that moment, before it can be deleted"
        for image in state.images_of(self.snapshot):
            yield f"{self.snapshot} is behind {image}"


def _add_snapshot(state: State, snapshot: Snapshot) -> None:
    """Add a snapshot to its chain; it is accomplished at once, or progressing until it finishes."""
    _use_id(state, snapshot.id)
    if snapshot.finishes_at != snapshot.started_at:
        snapshot = snapshot._replace(status="progressing")
        state.pending[snapshot.id] = snapshot.finishes_at
    state.snapshots[snapshot.id] = snapshot
    _note_retention(state, snapshot.id)
    state.chain_snapshots.setdefault(snapshot.chain, []).append(snapshot.id)  # the caller owns the chain


def _note_retention(state: State, snapshot_id: str) -> None:
    kept_until = state.snapshots[snapshot_id].kept_until
    if kept_until is not None:
        state.expiring[snapshot_id] = kept_until


def _end_snapshot(state: State, snapshot_id: str, **changes: Any) -> None:
    snapshot = state.snapshots[snapshot_id]
    state.changing(snapshot.chain).delete(snapshot.number)
    _no_longer_pending(state, snapshot_id)
    state.expiring.pop(snapshot_id, None)
    state.snapshots[snapshot_id] = snapshot._replace(**changes)


# Automatic snapshot policies ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCreated(Event):
    """An account has an automatic snapshot policy, which applies to no disk yet (SNAP-7).

    policy: its id
    account: who owns it
    region: the region of its disks
    name: its name, empty where it has none
    time_points: the hours at which it takes snapshots, in UTC+8 [hour]
    weekdays: the days on which it does, 1 for Monday
    retention_days: how long each of its snapshots is kept, None for ever [day]
    """

    policy: NewPolicy
    account: AccountName
    region: RegionId
    name: str
    time_points: tuple[int, ...]
    weekdays: tuple[int, ...]
    retention_days: int | None = None

    def apply(self, state: State) -> None:
        _use_id(state, self.policy)
        state.policies[self.policy] = _record(AutoSnapshotPolicy, self, id=self.policy, created_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        for name, given, among in (
            ("time_points", self.time_points, range(24)),
            ("weekdays", self.weekdays, range(1, 8)),
        ):
            if not given or list(given) != sorted(set(given) & set(among)):
                yield f"{name} are numbers from {among[0]} to {among[-1]} in order, each once"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyApplied(Event):
    """A policy takes snapshots of a disk from now on.

    policy: the policy
    disk: the disk
    """

    policy: LivePolicyId
    disk: LiveDiskId

    def apply(self, state: State) -> None:
        _change(state.policies, self.policy, disks=(*state.policies[self.policy].disks, self.disk))

    def conflicts(self, state: State) -> Iterator[str]:
        policy, disk = state.policies[self.policy], state.disks[self.disk]
        if self.disk in policy.disks:
            yield f"{self.policy} applies to {self.disk} already"
        if (disk.account, disk.region) != (policy.account, policy.region):
            yield f"{self.policy} is of {policy.account} in {policy.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCancelled(Event):
    """A policy takes no more snapshots of a disk; those it took stay.

    policy: the policy
    disk: the disk
    """

    policy: PolicyId
    disk: DiskId

    def apply(self, state: State) -> None:
        _take_from_policy(state, self.policy, self.disk)

    def conflicts(self, state: State) -> Iterator[str]:
        if self.disk not in state.policies[self.policy].disks:
            yield f"{self.policy} does not apply to {self.disk}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDeleted(Event):
    """A policy is gone; the snapshots it took stay as long as they are kept.

    policy: the policy
    """

    policy: LivePolicyId

    def apply(self, state: State) -> None:
        _change(state.policies, self.policy, disks=(), deleted_at=self.at)


def _take_from_policy(state: State, policy: str, disk: str) -> None:
    kept = tuple(other for other in state.policies[policy].disks if other != disk)
    _change(state.policies, policy, disks=kept)


# Tags ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsSet(Event):
    """A resource has these tags from now on, and no others. A bill goes by the tags in force at its end.

    resource: the id of an instance, disk, snapshot, image, policy, or files of an image
    tags: all its tags, as (key, value), in order of their keys
    """

    resource: str
    tags: Tags

    def apply(self, state: State) -> None:
        state.tags[self.resource] = self.tags

    def conflicts(self, state: State) -> Iterator[str]:
        if self.resource not in state.resources:
            yield f"resource {self.resource!r} does not exist"
        if len(dict(self.tags)) != len(self.tags):
            yield "a key stands twice in tags"


# Images -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCreated(Event):
    """An image was created, or its creation began.

    image: its id
    account: who owns it
    region: where it lies
    name: its name
    family: its image family, empty where it has none
    size_gib: size of its system disk [GiB]
    lineage: where its system comes from
    mappings: its disks, and the snapshots behind them
    made_from: how it was made
    source: the instance, snapshot, file or image it was made from
    encrypted: whether its snapshots are encrypted
    kms_key: the owner's key they are encrypted with, None for the service's
    finishes_at: when it is Available; None for a copy that waits for its turn (COPY-4)
    """

    image: NewImage
    account: AccountName
    region: RegionId
    name: str
    family: str
    size_gib: int
    lineage: Lineage
    mappings: tuple[DeviceMapping, ...]
    made_from: MadeFrom
    source: str
    finishes_at: datetime | None
    encrypted: bool = False
    kms_key: str | None = None

    def apply(self, state: State) -> None:
        _use_id(state, self.image)
        for mapping in self.mappings:
            _use_id(state, mapping.snapshot)
        done = self.finishes_at
        if done is not None and done != self.at:
            state.pending[self.image] = done
        status = "Waiting" if done is None else "Available" if done == self.at else "Creating"
        state.images[self.image] = _record(Image, self, id=self.image, status=status, created_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        if (self.finishes_at is None) != (self.made_from == "copy"):
            yield "finishes_at is empty for a copy, and for nothing else"
        system = [mapping.size_gib for mapping in self.mappings if mapping.kind == "system"]
        if system != [self.size_gib]:
            yield f"mappings need exactly one system disk, of {self.size_gib} GiB"
        yield from self._source_conflicts(state) if self.made_from == "copy" else self._snapshot_conflicts(state)

    def _source_conflicts(self, state: State) -> Iterator[str]:
        """Check that a copy agrees with its source, and that its snapshots do not exist before its turn."""
        source = state.images.get(self.source)
        if source is None or not source.usable_by(self.account):
            yield f"source {shown(self.source)} is no image that {self.account} may copy"
            return
        disks, copied = ([(m.kind, m.size_gib) for m in mappings] for mappings in (source.mappings, self.mappings))
        yield from _differing(lineage=(self.lineage, source.lineage), mappings=(copied, disks))
        if source.encrypted and not self.encrypted:
            yield "a copy of an encrypted image is encrypted"
        for mapping in self.mappings:
            if mapping.snapshot in state.snapshots:
                yield f"snapshot {mapping.snapshot!r} is there already"

    def _snapshot_conflicts(self, state: State) -> Iterator[str]:
        """Check that an image that is not a copy agrees with the snapshots behind it."""
        missing = [m.snapshot for m in self.mappings if m.snapshot not in state.snapshots]
        if missing:
            yield f"snapshot {shown(missing[0])} is not among the snapshots"
            return
        behind = [state.snapshots[mapping.snapshot] for mapping in self.mappings]
        for mapping, one in zip(self.mappings, behind, strict=True):
            whose = (self.account, self.region, mapping.kind, mapping.size_gib)
            if whose != (one.account, one.region, one.kind, one.size_gib):
                yield f"snapshot {one.id} is not of a {mapping.kind} disk of {mapping.size_gib} GiB of {self.account}"
        system = next(one for one in behind if one.kind == "system")
        encrypted = any(one.encrypted for one in behind)
        yield from _differing(lineage=(self.lineage, system.lineage), encrypted=(self.encrypted, encrypted))
        if self.made_from == "instance":
            instance, disks = state.instances.get(self.source), [one.disk for one in behind]
            # An image may leave out the data disks.
            if instance is None or disks not in ([instance.system_disk], list(instance.disks)):
                yield f"its snapshots are not those of the disks of {shown(self.source)}"
        elif self.source != system.id if self.made_from == "snapshots" else self.source not in ("file", *state.files):
            yield f"source {shown(self.source)} is not what it was made from"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCopyStarted(Event):
    """A waiting copy began; its snapshots are finished when it is.

    image: the copy
    account: who makes it
    region: the region of the source
    to: the region of the copy
    copied_bytes: what is sent, 0 within a region (COPY-10) [byte]
    finishes_at: when it is Available
    """

    image: ImageId
    account: AccountName
    region: RegionId
    to: RegionId
    copied_bytes: int
    finishes_at: datetime

    def apply(self, state: State) -> None:
        state.pending[self.image] = self.finishes_at
        _change(state.images, self.image, status="Creating", finishes_at=self.finishes_at)

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _not_in_status(state.images, self.image, "Waiting")
        image = state.images[self.image]
        source = state.images[image.source]
        yield from _differing(
            account=(self.account, image.account), region=(self.region, source.region), to=(self.to, image.region)
        )
        sent = 0
        for name, original_name in zip(image.snapshots, source.snapshots, strict=True):
            original = state.snapshots[original_name]
            copied = state.snapshots.get(name)
            if copied is None or copied != copied._replace(
                account=image.account,
                region=image.region,
                encrypted=image.encrypted,
                kind=original.kind,
                size_gib=original.size_gib,
                content_bytes=original.content_bytes,
                lineage=original.lineage,
            ):
                yield f"its snapshot {name} is not the copy of {original_name}"
            sent += original.content_bytes
        yield from _differing(copied_bytes=(self.copied_bytes, 0 if self.region == self.to else sent))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFinished(Event):
    """An image that took time is Available.

    image: the image
    """

    image: ImageId

    def apply(self, state: State) -> None:
        del state.pending[self.image]
        _change(state.images, self.image, status="Available")

    def conflicts(self, state: State) -> Iterator[str]:
        return _not_due(state, self.image, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFailed(Event):
    """The creation of an image failed (STATUS-2).

    image: the image
    """

    image: ImageId

    def apply(self, state: State) -> None:
        _no_longer_pending(state, self.image)
        _change(state.images, self.image, status="CreateFailed")

    def conflicts(self, state: State) -> Iterator[str]:
        return _not_in_status(state.images, self.image, "Creating")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageShared(Event):
    """An account may use an image from now on (SHARE-1).

    image: the image
    account: the account that may use it
    """

    image: LiveImageId
    account: AccountName

    def apply(self, state: State) -> None:
        shared = state.images[self.image].shared_with
        _change(state.images, self.image, shared_with=shared | {self.account})

    def conflicts(self, state: State) -> Iterator[str]:
        image = state.images[self.image]
        if self.account in image.shared_with or self.account == image.account:
            yield f"{self.account} may use {self.image} already"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUnshared(Event):
    """An account may no longer use an image (SHARE-9).

    image: the image
    account: the account that could use it
    """

    image: LiveImageId
    account: AccountName

    def apply(self, state: State) -> None:
        shared = state.images[self.image].shared_with
        _change(state.images, self.image, shared_with=shared - {self.account})

    def conflicts(self, state: State) -> Iterator[str]:
        if self.account not in state.images[self.image].shared_with:
            yield f"{self.image} is not shared with {self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePublished(Event):
    """An image became a community image (COMM-1).

    image: the image
    """

    image: LiveImageId

    def apply(self, state: State) -> None:
        _change(state.images, self.image, is_public=True)

    def conflicts(self, state: State) -> Iterator[str]:
        if state.images[self.image].is_public:
            yield f"{self.image} is public already"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUnpublished(Event):
    """A community image became an ordinary custom image again (COMM-1).

    image: the image
    """

    image: LiveImageId

    def apply(self, state: State) -> None:
        _change(state.images, self.image, is_public=False)

    def conflicts(self, state: State) -> Iterator[str]:
        if not state.images[self.image].is_public:
            yield f"{self.image} is not public"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageModified(Event):
    """An image was renamed, moved to another family, deprecated or made available, or switched to BYOL.

    image: the image
    name: its new name
    family: its new image family
    status: its new status; an image still being made keeps Waiting or Creating
    lineage: where its system comes from, with the licence that is charged from now on
    """

    image: LiveImageId
    name: str
    family: str
    status: ImageStatus
    lineage: Lineage

    def apply(self, state: State) -> None:
        _change(state.images, self.image, name=self.name, family=self.family, status=self.status, lineage=self.lineage)

    def conflicts(self, state: State) -> Iterator[str]:
        image = state.images[self.image]
        if self.status != image.status and {self.status, image.status} != {"Available", "Deprecated"}:
            yield f"status {image.status} does not change to {self.status}"
        if image == image._replace(name=self.name, family=self.family, status=self.status, lineage=self.lineage):
            yield f"nothing of {self.image} changes"
        yield from _differing(
            lineage=(self.lineage, replace(image.lineage, charged_system=self.lineage.charged_system))
        )
        if self.lineage.charged_system not in (None, image.lineage.charged_system):
            yield f"{self.lineage.charged_system} is no licence of {self.image}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDeleted(Event):
    """An image was deleted; its snapshots stay (DEL-5).

    image: the image
    """

    image: LiveImageId

    def apply(self, state: State) -> None:
        _no_longer_pending(state, self.image)
        _change(state.images, self.image, status="Deleted", deleted_at=self.at)

    def conflicts(self, state: State) -> Iterator[str]:
        image = state.images[self.image]
        if image.shared_with or image.is_public:
            yield f"others may use {self.image}"
        if image.status == "Creating" and image.made_from != "copy":
            yield f"{self.image} is being made"
        if image.status == "Waiting" and any(name in state.snapshots for name in image.snapshots):
            yield f"the copy {self.image} was not begun, but its snapshots are there"


# Files of images ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageExported(Event):
    """An export of an image to files in a bucket of its region began, one file per disk (EXP-1).

    files: the id of its files, which is ours
    image: the image
    account: who owns both
    region: where both are
    parts: a file for each disk
    lineage: where its system comes from
    finishes_at: when the files are written
    """

    files: NewFiles
    image: ImageId
    account: AccountName
    region: RegionId
    parts: tuple[FilePart, ...]
    lineage: Lineage
    finishes_at: datetime

    def apply(self, state: State) -> None:
        _add_files(state, _record(ImageFiles, self, id=self.files, source=self.image, started_at=self.at))

    def conflicts(self, state: State) -> Iterator[str]:
        yield from _not_in_status(state.images, self.image, "Available")
        image = state.images[self.image]
        disks = [(mapping.kind, mapping.size_gib) for mapping in image.mappings]
        yield from _differing(
            account=(self.account, image.account),
            region=(self.region, image.region),
            parts=([(part.kind, part.size_gib) for part in self.parts], disks),
            lineage=(self.lineage, image.lineage),
        )
        if any(not 0 <= part.file_bytes <= part.size_gib << 30 for part in self.parts):
            yield "a file is as large as its disk at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesReplicated(Event):
    """Replication of an image's files to a bucket in another region began; the source files stay.

    files: the id of the files there
    source: the files replicated
    account: who owns both
    region: the region of the source
    to: the region they are sent to
    copied_bytes: what is sent [byte]
    finishes_at: when they are there
    """

    files: NewFiles
    source: LiveFilesId
    account: AccountName
    region: RegionId
    to: RegionId
    copied_bytes: int
    finishes_at: datetime

    def apply(self, state: State) -> None:
        source = state.files[self.source]
        files = source._replace(
            id=self.files, region=self.to, source=self.source, started_at=self.at, finishes_at=self.finishes_at
        )
        _add_files(state, files)

    def conflicts(self, state: State) -> Iterator[str]:
        source = state.files[self.source]
        yield from _differing(
            account=(self.account, source.account),
            region=(self.region, source.region),
            copied_bytes=(self.copied_bytes, source.total_bytes),
        )
        if self.to == self.region:
            yield f"{self.source} is in {self.to} already"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesFinished(Event):
    """Files that took time to write are complete.

    files: the files
    """

    files: FilesId

    def apply(self, state: State) -> None:
        del state.pending[self.files]

    def conflicts(self, state: State) -> Iterator[str]:
        return _not_due(state, self.files, self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesDeleted(Event):
    """Files of an image were deleted from their bucket; images imported from them stay.

    files: the files
    """

    files: LiveFilesId

    def apply(self, state: State) -> None:
        _change(state.files, self.files, deleted_at=self.at)


def _add_files(state: State, files: ImageFiles) -> None:
    _use_id(state, files.id)
    state.files[files.id] = files
    if files.finishes_at != files.started_at:
        state.pending[files.id] = files.finishes_at


# What many events need ----------------------------------------------------------------------------


def _record(kind: Callable[..., _Record], event: Event, **others: Any) -> _Record:
    """The record of what an event made: its fields of the same names, and others."""
    return kind(**({name: getattr(event, name) for name in _shared_names(kind, type(event))} | others))


@cache
def _shared_names(kind: Callable[..., Any], event: type[Event]) -> tuple[str, ...]:
    names = signature(kind).parameters
    return tuple(part.name for part in fields(event) if part.name in names)


def _change(table: dict[str, Any], resource_id: str, **changes: Any) -> None:
    table[resource_id] = table[resource_id]._replace(**changes)


def _no_longer_pending(state: State, resource_id: str) -> None:
    if resource_id in state.pending:
        del state.pending[resource_id]


def _use_id(state: State, resource_id: str) -> None:
    """Note a used number, so that the counter never produces an id that was given."""
    prefix, _, number = resource_id.partition("-")
    if number.isdecimal():
        state.last_numbers[prefix] = max(state.last_numbers.get(prefix, 0), int(number))


def _use_purchase(state: State, purchase: str | None) -> None:
    if purchase:
        _change(state.purchases, purchase, used=True)


def _cannot_use_purchase(state: State, name: str | None, account: str, region: str, lineage: Lineage) -> Iterator[str]:
    """Why an instance of an account cannot use a purchase."""
    if name:
        bought = state.purchases[name]
        if (bought.account, bought.region, bought.product) != (account, region, lineage.product_code):
            yield f"{name} is a purchase of {bought.product} by {bought.account} in {bought.region}"
        elif bought.refunded_at or purchase_in_use(state, name):
            yield f"{name} is used, or was given back"


def purchase_in_use(state: State, purchase: str) -> bool:
    """Whether an instance uses a purchase, or will when its system disk is replaced."""
    replacing = (change.purchase for change in state.replacements.values())
    return bool(state.index.instances.of("purchase", purchase)) or purchase in replacing


def _not_changeable(state: State, instance: str, *wanted: str) -> Iterator[str]:
    """Why the status of an instance cannot change: it has another one, or work on its disks is under way."""
    yield from _not_in_status(state.instances, instance, *wanted)
    if instance in state.replacements:
        yield f"{instance} is being given a new system disk"
    for disk in state.instances[instance].disks:
        if name := state.snapshot_under_way(disk):
            yield f"{name} of {instance} is under way, and would have failed"


def _not_in_status(table: dict[str, Any], resource_id: str, *wanted: str) -> Iterator[str]:
    if table[resource_id].status not in wanted:
        yield f"{resource_id} is {table[resource_id].status}, not {' or '.join(wanted)}"


def _differing(**known: tuple[object, object]) -> Iterator[str]:
    """A text for each field that contradicts earlier records: `name=(value, wanted)`."""
    for name, (value, wanted) in known.items():
        if isinstance(value, Lineage) and isinstance(wanted, Lineage):
            parts = [part.name for part in fields(Lineage)]
            yield from _differing(**{f"{name}.{part}": (getattr(value, part), getattr(wanted, part)) for part in parts})
        elif value != wanted:
            yield f"{name} is {shown(value)}, not {shown(wanted)}"


def _cannot_use(state: State, image_id: str, account: str, region: str, lineage: Lineage) -> Iterator[str]:
    """Why an account cannot start an instance from an image in a region, or not with this lineage."""
    image = state.images.get(image_id)
    known = image.lineage if image else published_lineage(image_id)
    if known is None:
        yield f"image {shown(image_id)} is neither among the images nor published"
    elif image and (image.region != region or image.status not in _STARTABLE or not image.usable_by(account)):
        yield f"{account} cannot start {image_id} in {region}"
    else:
        yield from _differing(lineage=(lineage, known))


_STARTABLE = "Available", "Deprecated"


def _not_made_for(state: State, name: str, kind: DiskKind, machine: InstanceLaunched | Instance) -> Iterator[str]:
    """Why a disk is not the one made for an instance."""
    disk = state.disks.get(name)
    instance = machine.id if isinstance(machine, Instance) else machine.instance
    wanted = (instance, machine.account, machine.region, kind)
    if disk is None or (disk.instance, disk.account, disk.region, disk.kind) != wanted:
        yield f"{name} is no {kind} disk made for {instance} of {machine.account} in {machine.region}"
    elif (disk.image, disk.lineage) != ((machine.image, machine.lineage) if kind == "system" else (None, None)):
        yield f"{name} is not made from {machine.image}"


def _does_not_fit(state: State, disk: DiskCreated | SystemDiskReplacementStarted) -> Iterator[str]:
    if disk.written_blocks * state.block_bytes > disk.size_gib << 30:
        yield f"{disk.written_blocks} blocks do not fit {disk.size_gib} GiB"
    if disk.initial_blocks > disk.written_blocks:
        yield f"initial_blocks {disk.initial_blocks} is more than written_blocks {disk.written_blocks}"


def _chain_is_there(state: State, chain: str) -> Iterator[str]:
    if chain in state.chains:
        yield f"the chain {chain} is there already"


def _not_due(state: State, resource_id: str, at: datetime) -> Iterator[str]:
    due = state.pending.get(resource_id)
    if due != at:
        yield f"{resource_id} is {f'done on {show_time(due)}' if due else 'not under way'}"


KINDS: dict[str, type[Event]] = {
    name: kind
    for name, kind in list(globals().items())
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
"""Every kind of event by its name."""
