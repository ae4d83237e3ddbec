"""The cloud as a person commands it: `Cloud` keeps the clock, `Account` gives the commands.

cloud = Cloud(start="2026-01-15")
acme = cloud.account("acme")
web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=12)
golden = acme.create_image(web, name="golden-v1")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from ..catalog.limits import constant
from ..catalog.tables import site as known_site
from ..errors import InputError, UnknownName
from ..units import BYTES_PER_MIB, Time, parse_time, show_time
from . import copying, disks, images, importing, instances, sharing, snapshots
from . import events as ev
from .chains import ChainView, chain_view, freed_gib
from .control import DURATIONS, Control
from .disks import DataDisk
from .ledger import Ledger
from .resources import MARKETPLACE, PROVIDER, Disk, Image, Instance, Snapshot
from .state import State

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
        """Move the clock until an image, snapshot or instance is done with what it is doing."""
        if resource not in {**self.state.images, **self.state.snapshots, **self.state.instances}:
            known = [*self.state.images, *self.state.snapshots, *self.state.instances]
            raise UnknownName("image, snapshot or instance", str(resource), known)
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

    def chain(self, of: str) -> ChainView:
        """The snapshot chain of a disk, an instance's system disk, a snapshot, or of its own id."""
        return chain_view(self.state, of)

    def freed_gib(self, snapshots: Sequence[str]) -> float:
        """GiB that deleting these snapshots together would free, over all their chains."""
        return freed_gib(self.state, snapshots)

    def _waits(self, resource: str) -> bool:
        image = self.state.images.get(resource)
        return image is not None and image.status == "Waiting"

    def _finish(self, names: Sequence[str]) -> None:
        control = self._control
        for name in names:
            at = self.state.pending[name]
            if name in self.state.snapshots:
                control.record(ev.SnapshotFinished(at, name))
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


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """An account and what it may command.

    Resources are named by their ids. What the real service would refuse raises `CloudError`
    with its code, a value that makes no sense `InputError`; neither changes anything.
    """

    _control: Control
    name: str

    def __repr__(self) -> str:
        return f"<Account: {self.name}, {self._control.state.accounts[self.name].site} site>"

    def run_instance(
        self,
        *,
        region: str,
        image: str,
        instance_type: str | None = None,
        system_disk: float | None = None,
        written: float | None = None,
        data_disks: Sequence[DataDisk] = (),
    ) -> str:
        """Launch an instance and pay its fees; gives its id.

        `image` is an id, an image family or a short name; `system_disk` its size and `written`
        what is written on it in all [GiB]; each data disk is a size [GiB] or `{size, written}`.
        """
        return instances.run_instance(
            self._control, self.name, region=region, image=image, instance_type=instance_type,
            system_disk=system_disk, written=written, data_disks=data_disks,
        )  # fmt: skip

    def stop_instance(self, instance: str, *, mode: str = "standard") -> None:
        """Stop a running instance; in `economical` mode its licence fee stops too (IBILL-3)."""
        instances.stop_instance(self._control, self.name, instance, mode)

    def start_instance(self, instance: str) -> None:
        """Start a stopped instance."""
        instances.start_instance(self._control, self.name, instance)

    def release_instance(self, instance: str, *, force: bool = False) -> None:
        """Release a stopped instance, or with `force` a running one; its disks go with it."""
        instances.release_instance(self._control, self.name, instance, force)

    def write(self, disk: str, *, new: float = 0, overwrite: float = 0, offset: float = 0) -> None:
        """Write to a disk (an instance means its system disk).

        `overwrite` GiB are written over what lies from `offset` GiB on, then `new` GiB where
        nothing was written yet. Parts of a block take the whole block.
        """
        disks.write(self._control, self.name, disk, new=new, overwrite=overwrite, offset=offset)

    def reinit_disk(self, disk: str) -> None:
        """Put a disk of a stopped instance back to its image or snapshot, or to empty (REINIT-1)."""
        disks.reinit_disk(self._control, self.name, disk)

    def replace_system_disk(
        self, instance: str, image: str, *, system_disk: float | None = None, written: float | None = None
    ) -> str:
        """Change the operating system of a stopped instance; gives the new disk's id (OS-1)."""
        return instances.replace_system_disk(
            self._control, self.name, instance, image, system_disk=system_disk, written=written
        )

    def create_snapshot(self, disk: str, *, name: str = "") -> str:
        """Take a snapshot of a disk (an instance means its system disk); gives its id."""
        return snapshots.create_snapshot(self._control, self.name, disk, name)

    def delete_snapshot(self, snapshot: str, *, force: bool = False) -> None:
        """Delete a snapshot; `force` also when disks came from it, never when images did (SDEL-2)."""
        snapshots.delete_snapshot(self._control, self.name, snapshot, force)

    def create_image(
        self,
        instance: str | None = None,
        *,
        snapshots: Sequence[str] | None = None,
        snapshot: str | None = None,
        name: str | None = None,
        family: str = "",
        version: str = "",
    ) -> str:
        """Make an image of an instance, of snapshots (one system, others data), or of one snapshot."""
        return images.create_image(
            self._control, self.name, instance=instance, snapshots=snapshots, snapshot=snapshot,
            name=name, family=family, version=version,
        )  # fmt: skip

    def import_image(
        self,
        *,
        region: str,
        file: float,
        system_disk: float = 40,
        data_files: Sequence[importing.DataFile] = (),
        platform: str = "Linux",
        architecture: str = "x86_64",
        licence_type: str = "Aliyun",
        name: str | None = None,
        family: str = "",
    ) -> str:
        """Make an image of a file of `file` GiB; that size is what is billed (IMP-6).

        `data_files` are `{file, size}` [GiB]; `licence_type` is Aliyun or BYOL and matters for
        Windows only (IMP-5).
        """
        return importing.import_image(
            self._control, self.name, region=region, file=file, system_disk=system_disk,
            data_files=data_files, platform=platform, architecture=architecture,
            licence_type=licence_type, name=name, family=family,
        )  # fmt: skip

    def modify_image(
        self,
        image: str,
        *,
        status: str | None = None,
        name: str | None = None,
        family: str | None = None,
        licence_type: str | None = None,
    ) -> None:
        """Set an image Deprecated or Available again, rename it, or move it to another family."""
        images.modify_image(
            self._control, self.name, image, status=status, name=name, family=family,
            licence_type=licence_type,
        )  # fmt: skip

    def delete_image(self, image: str, *, force: bool = False) -> None:
        """Delete an image, with `force` even while instances run from it. Its snapshots stay."""
        images.delete_image(self._control, self.name, image, force)

    def share_image(self, image: str, *, with_accounts: Sequence[str | Account]) -> None:
        """Let other accounts use an image in its region (SHARE-1)."""
        sharing.share_image(self._control, self.name, image, _names(with_accounts))

    def unshare_image(self, image: str, *, from_accounts: Sequence[str | Account]) -> None:
        """Stop sharing: nothing new starts from it there; what runs, runs on (SHARE-9)."""
        sharing.unshare_image(self._control, self.name, image, _names(from_accounts))

    def publish_image(self, image: str) -> None:
        """Open an image to every account of its region, as a community image (COMM-1)."""
        sharing.publish_image(self._control, self.name, image)

    def unpublish_image(self, image: str) -> None:
        """Make a community image an ordinary custom image again."""
        sharing.unpublish_image(self._control, self.name, image)

    def copy_image(
        self,
        image: str,
        *,
        to: str,
        name: str | None = None,
        encrypted: bool = False,
        kms_key: str | None = None,
    ) -> str:
        """Copy an image to another region, or encrypted within its own; gives the copy's id."""
        return copying.copy_image(
            self._control, self.name, image, to=to, name=name, encrypted=encrypted, kms_key=kms_key
        )

    def cancel_copy_image(self, image: str) -> None:
        """Cancel a copy under way; the half-made copy is gone (COPY-5)."""
        copying.cancel_copy_image(self._control, self.name, image)


def _names(accounts: Sequence[str | Account]) -> list[str]:
    if isinstance(accounts, str | Account) or not isinstance(accounts, Sequence):
        raise InputError(f"give a list of accounts, not {accounts!r}")
    return [account.name if isinstance(account, Account) else account for account in accounts]
