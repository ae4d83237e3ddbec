"""The cloud as a person sees it: the clock, the accounts, and what exists.

cloud = Cloud(start="2026-01-15")
acme = cloud.account("acme")
web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=12)
golden = acme.create_image(web, name="golden-v1")
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import pandas as pd

from ..catalog.limits import constant
from ..catalog.tables import site as known_site
from ..errors import InputError, UnknownName
from ..units import BYTES_PER_MIB, Time, parse_time, show_time
from . import copying, instances
from . import events as ev
from .account import Account
from .chains import ChainView, chain_view, freed_gib
from .control import DURATIONS, Control
from .ledger import Ledger
from .lineage import lineage
from .resources import MARKETPLACE, PROVIDER, Disk, Image, ImageFiles, Instance, Snapshot
from .state import State
from .views import block_map, lifecycle

_T = TypeVar("_T")


class Cloud:
    """A simulated cloud.

    `start` is its first moment. With `durations="instant"` work is done at once; with
    `"typical"` it takes the time it usually takes, and `wait` moves the clock.
    `block_size_mib` is the block size of snapshot chains [MiB] (SNAP-3, UNK-1).
    """

    def __init__(self, start: Time, *, durations: str = "instant", block_size_mib: float | None = None) -> None:
        if durations not in DURATIONS:
            raise UnknownName("kind of durations", str(durations), DURATIONS)
        if block_size_mib is None:
            block_size_mib = constant("block_size_mib")
        block_bytes = block_size_mib * BYTES_PER_MIB
        if not 0 < block_bytes < float("inf") or block_bytes != int(block_bytes):
            raise InputError(f"block_size_mib must be above 0 and whole bytes, not {block_size_mib}")
        ledger = Ledger([ev.CloudStarted(parse_time(start, "start"), int(block_bytes), durations)])
        self._control = Control(ledger)

    @classmethod
    def from_ledger(cls, ledger: Ledger) -> Cloud:
        """A cloud in which all events of the ledger have happened; the ledger is copied."""
        if not len(ledger) or not isinstance(ledger[0], ev.CloudStarted):
            raise InputError("this ledger does not begin with the start of a cloud")
        cloud = cls.__new__(cls)
        cloud._control = Control(Ledger(ledger))
        return cloud

    def fork(self) -> Cloud:
        """An independent cloud with the same past."""
        cloud = Cloud.from_ledger(self.ledger)
        cloud._control.now = self.now
        return cloud

    def __repr__(self) -> str:
        return f"<Cloud: {show_time(self.now)}, {len(self.ledger)} events>"

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
        """Everything that exists or existed."""
        return self._control.state

    def account(self, name: str, site: str | None = None) -> Account:
        """The account of that name, opened now if it is new; `site` is china (the default) or
        international, and decides the currency of its bill."""
        if not isinstance(name, str) or not name.strip() or name in (PROVIDER, MARKETPLACE):
            raise InputError(f"an account needs a name of its own, not {name!r}")
        known = self.state.accounts.get(name)
        if known is None:
            self._control.record(ev.AccountOpened(self.now, name, known_site(site or "china").name))
        elif site is not None and known.site != site:
            raise InputError(f"account {name!r} is on the {known.site} site, not {site!r}")
        return Account(self._control, name)

    def at(self, when: Time) -> None:
        """Move the clock to `when`; work due by then is done on the way. Time never runs back."""
        moment = parse_time(when, "at")
        if moment < self.now:
            raise InputError(f"the clock is at {show_time(self.now)}; it cannot go back to {show_time(moment)}")
        while True:
            due = [(at, name) for name, at in self.state.pending.items() if at <= moment]
            if not due:
                break
            at = min(due)[0]
            self._finish(sorted((name for t, name in due if t == at), key=_order))
        self._control.now = moment

    def advance(self, *, days: float = 0, hours: float = 0) -> None:
        """Move the clock forward by that much."""
        try:
            self.at(self.now + timedelta(seconds=round(days * 86400 + hours * 3600)))
        except (ValueError, OverflowError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"the clock cannot advance by {days} days and {hours} hours") from None

    def wait(self, resource: str) -> None:
        """Move the clock until an image, snapshot, instance or exported files are done with what they are doing."""
        known = [*self.state.images, *self.state.snapshots, *self.state.instances, *self.state.files]
        if resource not in known:
            raise UnknownName("image, snapshot, instance or files", str(resource), known)
        while resource in self.state.pending or self._waits(resource):
            self.at(self.state.pending.get(resource) or min(self.state.pending.values()))

    def image(self, image_id: str) -> Image:
        """The image of that id as it is now, a deleted one too."""
        return _known("image", image_id, self.state.images)

    def snapshot(self, snapshot_id: str) -> Snapshot:
        """The snapshot of that id as it is now, a deleted one too."""
        return _known("snapshot", snapshot_id, self.state.snapshots)

    def instance(self, instance_id: str) -> Instance:
        """The instance of that id as it is now, a released one too."""
        return _known("instance", instance_id, self.state.instances)

    def disk(self, disk_id: str) -> Disk:
        """The disk of that id as it is now, a released one too."""
        return _known("disk", disk_id, self.state.disks)

    def files(self, files_id: str) -> ImageFiles:
        """The files of an exported image as they are now, deleted ones too."""
        return _known("files of an image", files_id, self.state.files)

    def chain(self, of: str) -> ChainView:
        """The snapshot chain of a disk, an instance's system disk, a snapshot, or of its own id."""
        return chain_view(self.state, of)

    def freed_gib(self, snapshots: Sequence[str]) -> float:
        """GiB that deleting these snapshots together would free, over all their chains."""
        return freed_gib(self.state, snapshots)

    def block_map(self, of: str) -> pd.DataFrame:
        """Which live snapshots hold which blocks of a chain, as a table for a chart; `of` as for `chain`."""
        return block_map(self.state, of)

    def lifecycle(self) -> pd.DataFrame:
        """What became of every image and snapshot up to now, as a table for a chart."""
        return lifecycle(self.ledger, self.now)

    def lineage(self, of: str | None = None) -> pd.DataFrame:
        """Where images come from and where they went, as a table for a chart.

        With `of`, only what an image, snapshot, instance or account comes from, and what came of it.
        """
        return lineage(self.ledger, of)

    def _waits(self, resource: str) -> bool:
        image = self.state.images.get(resource)
        return image is not None and image.status == "Waiting"

    def _finish(self, names: Sequence[str]) -> None:
        control = self._control
        for name in names:
            at = self.state.pending[name]
            if name in self.state.snapshots:
                control.record(ev.SnapshotFinished(at, name))
            elif name in self.state.files:
                control.record(ev.FilesFinished(at, name))
            elif name in self.state.images:
                control.record(ev.ImageFinished(at, name))
                image = self.state.images[name]
                if image.made_from == "copy":
                    copying.start_waiting_copies(control, image.account, image.region, at)
            else:
                instances.finish_replacement(control, name)


def _order(name: str) -> tuple[bool, str]:
    """Snapshots are done before the images they are behind."""
    return not name.startswith("s-"), name


def _known(kind: str, name: str, table: dict[str, _T]) -> _T:
    try:
        return table[name]
    except KeyError:
        raise UnknownName(kind, str(name), table) from None
