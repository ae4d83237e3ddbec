"""The cloud as a person sees it: the clock, the accounts, and what exists.

cloud = Cloud(start="2026-01-15")
acme = cloud.account("acme")
web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=12)
golden = acme.create_image(web, name="golden-v1")
"""

from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from heapq import heapify, heapreplace
from numbers import Real
from typing import Any, TypeVar, overload

import pandas as pd

from ..cards import card, counted
from ..catalog.limits import constant
from ..catalog.rule_book import supposed
from ..catalog.sites import site as known_site
from ..errors import InputError, UnknownName, shown
from ..ledger.automatic import next_act, next_slot
from ..ledger.chain_view import ChainView, Listed, block_map, chain_view, freed_gib, is_many
from ..ledger.events import AccountOpened, CloudStarted, FilesFinished, ImageFinished, QuotaSet, SnapshotFinished
from ..ledger.ledger import Ledger
from ..ledger.lifecycle import lifecycle
from ..ledger.lineage import lineage
from ..ledger.resources import (
    MARKETPLACE,
    PROVIDER,
    AutoSnapshotPolicy,
    Disk,
    Durations,
    Image,
    ImageFiles,
    Instance,
    Snapshot,
    gone_at,
)
from ..ledger.state import State
from ..units import BYTES_PER_MIB, Time, parse_time, show_time
from . import copying, instances, policies
from .account import Account
from .arguments import Text, ident, idents, listed
from .control import DURATIONS, Control
from .naming import QUOTAS

_T = TypeVar("_T")


class Cloud:
    """A simulated cloud.

    start: its first moment
    durations: instant, and work is done at once; typical, and it takes the time it usually takes while
        `wait` moves the clock
    block_size_mib: block size of snapshot chains; 2 MiB unless said (SNAP-3, UNK-1) [MiB]
    assume: what to suppose instead of a default, by the id of an assumption: `{"UNK-10": "refused"}`

    Threads may share a cloud: a command or a move of the clock waits until the one before it is done.
    """

    def __init__(
        self,
        start: Time,
        *,
        durations: Durations = "instant",
        block_size_mib: float | None = None,
        assume: Mapping[str, str] | None = None,
    ) -> None:
        if Text().check(durations, "durations") not in DURATIONS:
            raise UnknownName("kind of durations", durations, DURATIONS)
        size = constant("block_size_mib") if block_size_mib is None else block_size_mib
        check_block_size(size)
        began = CloudStarted(
            at=parse_time(start, "start"),
            block_bytes=int(size * BYTES_PER_MIB),
            durations=durations,
            assume=tuple(sorted(supposed(assume).items())),
        )
        self._control = Control([], State(), began.at)
        self._control.record(began)

    @classmethod
    def from_ledger(cls, ledger: Ledger) -> Cloud:
        """A cloud in which all events of the ledger have happened; the ledger stays as it is.

        >>> ecs.Cloud.from_ledger(cloud.ledger).image(golden) == cloud.image(golden)
        True
        """
        if not isinstance(ledger, Ledger):
            raise InputError(f"a cloud is made from a Ledger, not from {shown(ledger)}")
        if not ledger or not isinstance(ledger[0], CloudStarted):
            raise InputError("this ledger does not begin with the start of a cloud")
        events = list(ledger)
        return cls._of(Control(events, Ledger.growing(events).replay(), events[-1].at))

    @classmethod
    def _of(cls, control: Control) -> Cloud:
        cloud = cls.__new__(cls)
        cloud._control = control
        return cloud

    def fork(self) -> Cloud:
        """An independent cloud with the same past; what exists is shared until one of the two changes it.

        >>> what_if = cloud.fork()
        >>> what_if.account("acme").delete_image(golden)
        >>> cloud.image(golden).status
        'Available'
        """
        return Cloud._of(self._control.fork())

    def as_of(self, when: Time) -> Cloud:
        """An independent cloud, as this one was at a moment of the past, after all that happened at that moment.

        when: the moment, from the start of the cloud up to now

        Raises InputError for any other moment: what is to come is tried by moving the clock of a fork.

        >>> cloud.at("2026-02-14")
        >>> cloud.account("acme").delete_image(golden)
        >>> cloud.as_of("2026-01-20").image(golden).status
        'Available'
        """
        moment, begin = parse_time(when, "when"), self.ledger[0].at
        if not begin <= moment <= self.now:
            raise InputError(
                f"the cloud was not there on {show_time(moment)}, only from {show_time(begin)} to "
                f"{show_time(self.now)}; for the future, fork it and move the clock"
            )
        return Cloud._of(self._control.as_of(moment))

    def __repr__(self) -> str:
        accounts = counted(len(self._control.state.accounts), "account")
        return f"<Cloud: {show_time(self.now)}, {accounts}, {counted(len(self.ledger), 'event')}>"

    def _repr_html_(self) -> str:
        """In a notebook: what each account has now."""
        state = self._control.state
        heads = ("account", "site", "images", "snapshots", "instances", "disks")
        tables = (state.images, state.snapshots, state.instances, state.disks)
        held = [Counter(thing.account for thing in table.values() if not gone_at(thing)) for table in tables]
        rows = [(name, account.site, *(of[name] for of in held)) for name, account in state.accounts.items()]
        return card(self, {}, heads, rows)

    @property
    def now(self) -> datetime:
        """The present moment of the simulation."""
        return self._control.now

    @property
    def ledger(self) -> Ledger:
        """Everything that has happened."""
        return self._control.ledger

    @property
    def state(self) -> State:
        """Everything that exists or existed, to be looked at; only commands and the clock change it."""
        return self._control.state.read_only()

    def account(self, name: str, site: str | None = None, *, quotas: Mapping[str, int] | None = None) -> Account:
        """The account of that name, opened now if it is new.

        name: its name
        site: china or international, which decides the currency of its bill; china for a new one unless said
        quotas: how much it may have from now on where that is not the usual: `{"images": 500}` for the
            custom images it may have in a region (UNK-8)

        >>> cloud.account("partner", site="international")
        <Account: partner, international site>
        """
        check_account_name(name)
        quotas = {} if quotas is None else quotas
        check_quotas(quotas)
        wanted = None if site is None else known_site(site).name
        with self._control.lock:
            known = self._control.state.accounts.get(name)
            if known is None:
                opened = AccountOpened(at=self.now, account=name, site=wanted or "china")
                self._control.record(opened)
            elif wanted not in (None, known.site):
                raise InputError(f"account {shown(name)} is on the {known.site} site, not {wanted}")
            state = self._control.state
            for quota, value in quotas.items():
                held = Counter(i.region for i in state.images.values() if i.account == name and not i.deleted_at)
                region, most = max(held.items(), key=lambda item: item[1], default=("", 0))
                if value < most:
                    raise InputError(f"{shown(name)} has {most} {quota} in {region}; a quota of {value} is below that")
                if dict(state.accounts[name].quotas).get(quota) != value:
                    self._control.record(QuotaSet(at=self.now, account=name, quota="images", value=value))
        return Account(self._control, name)

    def at(self, when: Time) -> None:
        """Move the clock to `when`; what is due by then happens on the way, in order of time. Time never runs back.

        At one moment first work under way is finished, then snapshots go whose retention ends, then
        automatic snapshots are taken (SNAP-7).

        >>> cloud.at("2026-02-14T10:00")
        >>> print(cloud.now)
        2026-02-14 10:00:00+08:00
        """
        moment = parse_time(when, "at")
        control = self._control
        with control.lock:
            if moment < control.now:
                raise InputError(f"the clock is at {show_time(self.now)}; it cannot go back to {show_time(moment)}")
            applied = [policy for policy in control.state.policies.values() if policy.disks]
            slots = [(next_slot(policy, control.now), policy.id) for policy in applied]
            heapify(slots)
            while (due := self._next_due(slots)) is not None and due <= moment:
                control.now = due
                self._finish(list(control.state.index.pending.of("due", due)))
                control.end_retention()
                while slots and slots[0][0] == due:
                    policy = control.state.policies[slots[0][1]]
                    policies.take_snapshots(control, policy)
                    heapreplace(slots, (next_slot(policy, due), policy.id))
            control.now = moment

    def advance(self, *, days: float = 0, hours: float = 0) -> None:
        """Move the clock forward by that much."""
        numbers = all(isinstance(part, int | float) and not isinstance(part, bool) for part in (days, hours))
        try:
            moment = self.now + timedelta(seconds=round(days * 86400 + hours * 3600)) if numbers else None
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            raise InputError(f"the clock cannot advance by {shown(days)} days and {shown(hours)} hours")
        self.at(moment)

    @property
    def next_act(self) -> datetime | None:
        """When an automatic snapshot policy or the end of a retention acts next; None for never."""
        return next_act(self._control.state, self.now)

    def wait(self, resource: str) -> None:
        """Move the clock until an image, snapshot, instance or exported files are done with what they are doing."""
        state, name = self._control.state, ident(resource, "image, snapshot, instance or files")
        tables: tuple[Any, ...] = state.images, state.snapshots, state.instances, state.files
        known = ChainMap(*tables)
        if name not in known:
            raise UnknownName("image, snapshot, instance or files", name, known)
        while name in state.pending or self._waits(name):
            due = state.pending.get(name) or self._control.next_due
            assert due is not None
            self.at(due)

    def image(self, image_id: str) -> Image:
        """The image of that id as it is now, a deleted one too.

        >>> cloud.image(golden)
        <Image m-00000001: acme, cn-beijing, golden-v1, 40 GiB, Available>
        """
        return _known("image", image_id, self._control.state.images)

    def snapshot(self, snapshot_id: str) -> Snapshot:
        """The snapshot of that id as it is now, a deleted one too."""
        return _known("snapshot", snapshot_id, self._control.state.snapshots)

    def instance(self, instance_id: str) -> Instance:
        """The instance of that id as it is now, a released one too."""
        return _known("instance", instance_id, self._control.state.instances)

    def disk(self, disk_id: str) -> Disk:
        """The disk of that id as it is now, a released one too."""
        return _known("disk", disk_id, self._control.state.disks)

    def policy(self, policy_id: str) -> AutoSnapshotPolicy:
        """The automatic snapshot policy of that id as it is now, a deleted one too."""
        return _known("policy", policy_id, self._control.state.policies)

    def files(self, files_id: str) -> ImageFiles:
        """The files of an exported image as they are now, deleted ones too."""
        return _known("files of an image", files_id, self._control.state.files)

    def chain(self, of: str) -> ChainView:
        """The snapshot chain of a disk, an instance's system disk, a snapshot, or of its own id.

        >>> cloud.chain(web)
        <Chain sl-d-00000001: 1 live snapshot, 12 GiB>
        """
        return chain_view(self._control.state, ident(of, "chain, disk, instance or snapshot"))

    @overload
    def freed_gib(self, snapshots: Sequence[str]) -> float: ...
    @overload
    def freed_gib(self, snapshots: Sequence[Listed]) -> list[float]: ...
    def freed_gib(self, snapshots: Any) -> Any:
        """GiB that deleting these snapshots together would free, over all their chains.

        snapshots: ids of live snapshots; one that is named twice counts once. A list of such lists asks for many sets
            at once, each as if only it were deleted. An empty list is one set of none

        Returns a number; for a list of lists, a list of numbers in the same order. Raises UnknownName for an id that
        is not a live snapshot. CHAIN-2.

        >>> cloud.freed_gib(cloud.image(golden).snapshots)
        12.0
        >>> cloud.freed_gib([cloud.image(golden).snapshots, []])
        [12.0, 0.0]
        """
        state = self._control.state
        if not is_many(listed(snapshots, "snapshots", "list of ids")):
            return freed_gib(state, [idents(snapshots, "snapshots")])[0]
        # There may be a million ids, so a set of texts only is not looked through here.
        sets = [one if {*map(type, one)} == {str} else idents(one, "snapshots") for one in snapshots]
        return freed_gib(state, sets)

    def block_map(self, of: str) -> pd.DataFrame:
        """Which live snapshots hold which blocks of a chain, as a table for a chart; `of` as for `chain`."""
        return block_map(self._control.state, ident(of, "chain, disk, instance or snapshot"))

    def lifecycle(self) -> pd.DataFrame:
        """What became of every image and snapshot up to now, as a table for a chart."""
        return lifecycle(self.ledger, self.now)

    def lineage(self, of: str | None = None) -> pd.DataFrame:
        """Where images come from and where they went, as a table for a chart.

        With `of`, only what an image, snapshot, instance or account comes from, and what came of it.
        """
        return lineage(self.ledger, of if of is None else ident(of, "image, snapshot, instance or account"))

    def _waits(self, resource: str) -> bool:
        image = self._control.state.images.get(resource)
        return image is not None and image.status == "Waiting"

    def _next_due(self, slots: Sequence[tuple[datetime, str]]) -> datetime | None:
        """When something is due next: work under way, an end of retention, or a slot of a policy."""
        moments = [moment for moment in (self._control.next_due, self._control.next_end) if moment]
        if slots:
            moments.append(slots[0][0])
        return max(min(moments), self._control.now) if moments else None

    def _finish(self, names: Sequence[str]) -> None:
        """Let work be done that is due now; snapshots before the images they are behind."""
        control, state, at = self._control, self._control.state, self.now
        for name in sorted(names, key=lambda name: (not name.startswith("s-"), name)):
            if name in state.snapshots:
                control.record(SnapshotFinished(at=at, snapshot=name))
            elif name in state.files:
                control.record(FilesFinished(at=at, files=name))
            elif name in state.images:
                control.record(ImageFinished(at=at, image=name))
                image = state.images[name]
                if image.made_from == "copy":
                    copying.start_waiting_copies(control, image.account, image.region, at)
            else:
                instances.finish_replacement(control, name)


def check_account_name(name: object) -> None:
    """Raise InputError for what cannot be an account's name."""
    if not isinstance(name, str) or not name.strip() or name in (PROVIDER, MARKETPLACE):
        raise InputError(f"an account needs a name of its own, not {shown(name)}")
    Text().check(name, "the name of an account")


def check_block_size(size: Any) -> None:
    """Raise InputError for what cannot be the block size of snapshot chains [MiB]."""
    number = isinstance(size, Real) and not isinstance(size, bool)
    if not number or not 0 < size < 1 << 20 or size * BYTES_PER_MIB % 1:
        raise InputError(f"block_size_mib must be a number of MiB above 0 that is whole bytes, not {shown(size)}")


def check_quotas(quotas: object) -> None:
    """Raise InputError for what cannot be the quotas of an account."""
    if not isinstance(quotas, Mapping):
        raise InputError(f"quotas are a mapping such as {{images: 500}}, not {shown(quotas)}")
    for quota, value in quotas.items():
        if quota not in QUOTAS:
            raise UnknownName("quota", str(quota), QUOTAS)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
            raise InputError(f"a quota of {quota} is a whole number from 1 to 1,000,000, not {shown(value)}")


def _known(kind: str, name: str, table: dict[str, _T]) -> _T:
    found = ident(name, kind)
    if found not in table:
        raise UnknownName(kind, found, table)
    return table[found]
