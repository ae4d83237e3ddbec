"""Everything that exists or existed, by id. Read it freely; only events write (`events.Event.apply`)."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ..catalog.rule_book import taken
from .chains import Chain, CopiedChain, StoredChain
from .index import Index, Key, Table
from .resources import (
    AutoSnapshotPolicy,
    Disk,
    Durations,
    Image,
    ImageFiles,
    Instance,
    OpenedAccount,
    Purchase,
    Replacement,
    Resource,
    Snapshot,
    Tags,
)

# Ids look like the service's: a prefix and a number (ID-1, ID-2).
ID_PREFIXES = {
    "instance": "i",
    "disk": "d",
    "snapshot": "s",
    "image": "m",
    "files": "f",
    "policy": "sp",
    "purchase": "p",
}


class Indexes:
    """What of some tables is found by what it has in common; the functions below say by which keys."""

    __slots__ = ("disks", "files", "images", "instances", "pending", "policies", "purchases", "snapshots")

    def __init__(self) -> None:
        self.disks: Index[Disk] = Index(_disk_keys)
        self.files: Index[ImageFiles] = Index(_files_keys)
        self.images: Index[Image] = Index(_image_keys)
        self.instances: Index[Instance] = Index(_instance_keys)
        self.pending: Index[datetime] = Index(_pending_keys)
        self.policies: Index[AutoSnapshotPolicy] = Index(_policy_keys)
        self.purchases: Index[Purchase] = Index(_purchase_keys)
        self.snapshots: Index[Snapshot] = Index(_snapshot_keys)

    def build(self) -> None:
        """Build all of them now, where several threads may ask later."""
        for name in self.__slots__:
            getattr(self, name).build()

    def fork(self) -> Indexes:
        """Indexes of the same content; changes of one are not seen in the other."""
        twin = Indexes()
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name).fork())
        return twin


def _image_keys(image: Image) -> list[Key]:
    """An image that is not deleted, by region, name, family, receiver and snapshot; and copies under way.

    A failed image needs its snapshots no more.
    """
    if image.deleted_at:
        return []
    whose = image.account, image.region
    keys: list[Key] = [("region", *whose), ("name", *whose, image.name)]
    if image.family:
        keys.append(("family", *whose, image.family))
    keys += [("receiver", account) for account in image.shared_with]
    if image.status != "CreateFailed":
        keys += [("snapshot", snapshot) for snapshot in image.snapshots]
    if image.made_from == "copy" and image.status in ("Waiting", "Creating"):
        keys += [("copy of", image.source), ("copy", *whose, image.status)]
    return keys


def _snapshot_keys(snapshot: Snapshot) -> list[Key]:
    """A snapshot of a disk that is under way."""
    under_way = snapshot.status == "progressing" and not snapshot.deleted_at
    return [("under way", snapshot.disk)] if under_way and snapshot.disk else []


def _disk_keys(disk: Disk) -> list[Key]:
    """A disk that is not released, by the snapshot that it was made from and goes back to."""
    return [("snapshot", disk.snapshot)] if disk.snapshot and not disk.released_at else []


def _instance_keys(instance: Instance) -> list[Key]:
    """An instance that is not released, by the image that it runs from and the purchase that it uses."""
    if instance.released_at:
        return []
    return [("image", instance.image), *([("purchase", instance.purchase)] if instance.purchase else [])]


def _purchase_keys(bought: Purchase) -> list[Key]:
    """A purchase that was not given back, by region and product."""
    return [] if bought.refunded_at else [("product", bought.account, bought.region, bought.product)]


def _files_keys(files: ImageFiles) -> list[Key]:
    """Files of an image by what they were made from."""
    return [("source", files.source)]


def _policy_keys(policy: AutoSnapshotPolicy) -> list[Key]:
    """A policy by the disks that it applies to and, while it is not deleted, by its region."""
    kept: list[Key] = [] if policy.deleted_at else [("region", policy.account, policy.region)]
    return kept + [("disk", disk) for disk in policy.disks]


def _pending_keys(due: datetime) -> list[Key]:
    """What is under way, by when it is due."""
    return [("due", due)]


@dataclass(slots=True)
class State:
    """Accounts and resources by id, deleted ones included.

    block_bytes: size of a chain's block [byte]; 0 before the cloud has started
    assume: values of assumptions, by id, where they are not the default
    chains: snapshot chains by id
    copies: the chain of the copies of a chain, by (chain, region)
    copied_to: all chains of copies of a chain
    chain_snapshots: the snapshots of a chain, oldest first
    replacements: changes of a system disk under way, by instance
    pending: when what is under way will be done, by id
    expiring: when the retention of a snapshot ends, by id
    tags: the present tags of resources, by id
    last_numbers: the highest number used in ids of a kind
    index: what is found by what it has in common
    """

    block_bytes: int = 0
    durations: Durations = "instant"
    assume: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, OpenedAccount] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    files: dict[str, ImageFiles] = field(default_factory=dict)
    policies: dict[str, AutoSnapshotPolicy] = field(default_factory=dict)
    tags: dict[str, Tags] = field(default_factory=dict)
    purchases: dict[str, Purchase] = field(default_factory=dict)
    chains: dict[str, StoredChain] = field(default_factory=dict)
    copies: dict[tuple[str, str], str] = field(default_factory=dict)
    copied_to: dict[str, tuple[str, ...]] = field(default_factory=dict)
    chain_snapshots: dict[str, list[str]] = field(default_factory=dict)
    replacements: dict[str, Replacement] = field(default_factory=dict)
    pending: dict[str, datetime] = field(default_factory=dict)
    expiring: dict[str, datetime] = field(default_factory=dict)
    last_numbers: dict[str, int] = field(default_factory=dict)
    index: Indexes = field(default_factory=Indexes, compare=False, repr=False)
    _own_chains: set[str] = field(default_factory=set, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in Indexes.__slots__:
            records = getattr(self, name)
            if isinstance(records, dict):
                setattr(self, name, Table(records, getattr(self.index, name)))

    def fork(self) -> State:
        """A state with the same content; changes of one are not seen in the other.

        Records are frozen, so both share them; a chain, with the list of its snapshots, is shared until one of the
        two changes it.
        """
        twin = self._with_tables(_copied, self.index.fork())
        self._own_chains, twin._own_chains = set(), set()
        return twin

    def read_only(self) -> State:
        """A read-only view of this state, which follows its changes.

        Chains and the lists of their snapshots, which change in place, are handed out as copies.
        """
        twin = self._with_tables(MappingProxyType, self.index)
        twin.chains = _Copies(self.chains)  # type: ignore[assignment]
        twin.chain_snapshots = _Copies(self.chain_snapshots)  # type: ignore[assignment]
        return twin

    def _with_tables(self, made: Callable[[Any], Any], index: Indexes) -> State:
        values = {name: getattr(self, name) for name in _PARTS}
        tables = {name: made(value) if isinstance(value, dict) else value for name, value in values.items()}
        return State(**tables, index=index)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """Everything that may have tags, by id."""
        tables: tuple[Any, ...] = self.instances, self.disks, self.snapshots, self.images, self.files, self.policies
        return ChainMap(*tables)

    def images_of(self, snapshot: str) -> list[str]:
        """The images that need a snapshot, oldest first."""
        return list(self.index.images.of("snapshot", snapshot))

    def disks_from(self, snapshot: str) -> list[str]:
        """The disks that were made from a snapshot and go back to it."""
        return list(self.index.disks.of("snapshot", snapshot))

    def snapshot_under_way(self, disk: str) -> str | None:
        """The snapshot of a disk that is being taken; None where none is."""
        return next(iter(self.index.snapshots.of("under way", disk)), None)

    def live_snapshots(self, chain_id: str) -> list[Snapshot]:
        """The snapshots of a chain that are not deleted, oldest first."""
        return [self.snapshots[snapshot] for snapshot in self.live_ids(chain_id)]

    def live_ids(self, chain_id: str) -> list[str]:
        """The ids of the snapshots of a chain that are not deleted, oldest first."""
        members = self.chain_snapshots.get(chain_id, [])
        return [members[number - 1] for number in self.chains[chain_id].live]

    def disk_chain(self, disk: str) -> Chain:
        """The chain of a disk, with the disk's content."""
        chain = self.chains[self.disks[disk].chain]
        assert isinstance(chain, Chain)
        return chain

    def changing(self, chain_id: str) -> StoredChain:
        """A chain about to be changed; first it, and the list of its snapshots, is copied if a fork shares it."""
        if chain_id not in self._own_chains:
            self.add_chain(chain_id, self.chains[chain_id].copy())
            if chain_id in self.chain_snapshots:
                self.chain_snapshots[chain_id] = self.chain_snapshots[chain_id].copy()
            # Chains of copies read from their original what they share, so they must follow the copy of it.
            for name in self.copied_to.get(chain_id, ()):
                copied = self.changing(name)
                assert isinstance(copied, CopiedChain)
                copied.original = self.chains[chain_id]
        return self.chains[chain_id]

    def add_chain(self, chain_id: str, chain: StoredChain) -> None:
        """Add a chain, which from now on belongs to this state alone."""
        self.chains[chain_id] = chain
        self._own_chains.add(chain_id)

    def copies_chain(self, source: Snapshot, region: str) -> tuple[str, CopiedChain] | None:
        """The id and the chain of copies in a region that a copy of this snapshot would join.

        None if the copy begins a new chain: it is the first one there, or a newer snapshot was copied before and
        an older one is supposed to be sent whole (UNK-15).
        """
        chain_id = self.copies.get((source.chain, region))
        chain = self.chains[chain_id] if chain_id else None
        if chain_id is None or not isinstance(chain, CopiedChain):
            return None
        if source.number < chain.newest_original and taken("UNK-15", self.assume) == "whole":
            return None
        return chain_id, chain

    def follows_newer(self, source: Snapshot, region: str) -> bool:
        """Whether a newer snapshot of the same chain was copied to a region before (UNK-15)."""
        chain = self.chains.get(self.copies.get((source.chain, region), ""))
        return isinstance(chain, CopiedChain) and source.number < chain.newest_original

    def bytes_to_copy(self, source: Snapshot, region: str) -> int:
        """How much copying a snapshot to a region would send and store there [byte] (SCOPY-2)."""
        chain = self.chains[source.chain]
        joins = self.copies_chain(source, region)
        copied = joins[1] if joins else CopiedChain(chain)
        return copied.unstored_blocks(source.number) * chain.block_bytes


def _copied(table: dict[str, Any]) -> dict[str, Any]:
    """A table of its own; one with an index is copied where its twin gets the index."""
    return table if isinstance(table, Table) else dict(table)


_PARTS = tuple(part.name for part in fields(State) if part.name not in ("index", "_own_chains"))


class _Copies(Mapping[str, Any]):
    """What changes in place, by the id of its chain; looking one up returns a copy."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def __getitem__(self, chain_id: str) -> Any:
        return self._table[chain_id].copy()

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
