"""Plain chains: what the disks of an estate stored, for all of them at once, over columns of events.

Most chains are plain: of their disk, only writes, snapshots and deletions of snapshots are told, and no snapshot was
taken after the newest one before it was deleted. Then no stored copy is ever lost and stored again while its content
stays on the disk, and the runs of a chain (`blocks`) follow from its writes alone: what one writes is first stored by
the next snapshot, and last held by the newest snapshot before the next write of the same blocks. All other chains
are left to the state, event by event.

Example: 6 blocks are written, snapshot 1 is taken, blocks 2..5 are overwritten, snapshot 2, blocks 4..6, snapshot 3.
    The borders of what was written cut the disk into the pieces 0..2, 2..4, 4..5 and 5..6.
    piece   written before snapshot   so its runs are
    0..2    1                         1..3 of 2 blocks
    2..4    1 and 2                   1..1 and 2..3 of 2
    4..5    1, 2 and 3                1..1, 2..2 and 3..3 of 1
    5..6    1 and 3                   1..2 and 3..3 of 1
    Runs of the same snapshots count together: 1..3 has 2 blocks, 1..2 1, 1..1 3, 2..3 2, 2..2 1 and 3..3 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from ..columns import FOR_EVER
from . import events as ev
from .ledger import Ledger
from .state import State

_READ_HERE = ev.DiskWritten, ev.SnapshotStarted, ev.SnapshotFinished, ev.SnapshotDeleted

_LEAVES_CHAINS = (
    ev.DiskAttached,
    ev.DiskCreated,
    ev.DiskDetached,
    ev.DiskModified,
    ev.DiskReleased,
    ev.ImageCreated,
    ev.InstanceLaunched,
    ev.PolicyApplied,
    ev.PolicyCancelled,
    ev.SystemDiskReplaced,
    ev.SystemDiskReplacementStarted,
    ev.TagsSet,
)
"""Kinds that name disks or snapshots and neither read nor change what their chains store. One that is forgotten here
costs time only: a disk or a snapshot that it names is not of a plain chain."""

_PIECES_A_WRITE = 64
"""A chain whose writes are cut into more pieces each, on average, is done sooner write by write."""

_PIECES_AT_ONCE = 1 << 18
"""So many pieces are worked on at a time: what fits into caches is faster, and takes little memory."""


@dataclass(frozen=True, slots=True)
class PlainChains:
    """The snapshots of the plain chains of a ledger, laid end to end, and the runs of all copies that they stored.

    Snapshot `number` of chain k stands at `offsets[k] + number - 1`. All times are seconds since 1970.

    disks: the disk of each chain, by which its id is `sl-` and the disk
    offsets: where the snapshots of each chain begin
    stored: for each snapshot, when it is accomplished
    ended: for each snapshot, when it was deleted; `FOR_EVER` while it lives
    chain: for each run, the number of its chain, from 0; runs are in order of chain, first and last snapshot
    first: for each run, the number of the first snapshot that holds it
    last: for each run, the number of the last one
    blocks: for each run, its size [block]
    """

    disks: list[str]
    offsets: np.ndarray
    stored: np.ndarray
    ended: np.ndarray
    chain: np.ndarray
    first: np.ndarray
    last: np.ndarray
    blocks: np.ndarray


_Columns = dict[str, Any]


def plain_chains(ledger: Ledger) -> tuple[PlainChains, State]:
    """The plain chains of a ledger, and the state after all its events but those that only concern them.

    ledger: what happened

    In the state the disks of plain chains are as they were created, without writes and snapshots; all else is as
    `Ledger.replay` makes it.
    """
    told = _Told(ledger)
    plain = _are_plain(told)
    extents = _extents(told, plain)
    sizes = _cut(extents)
    pieces = _sums(extents["chain"], extents["pieces"], len(plain))
    plain &= pieces <= _PIECES_A_WRITE * np.bincount(extents["chain"], minlength=len(plain))
    _keep(extents, plain[extents["chain"]])
    runs = _runs(extents, sizes, told.taken)
    others = np.ones(len(ledger), dtype=bool)
    for events in (told.written, told.started, told.finished, told.deleted):
        others[events["place"][plain[events["chain"]]]] = False
    state = State()
    for event in ledger.take(np.flatnonzero(others)):
        event.apply(state)
    return _laid_end_to_end(told, plain, runs), state


# What is told of disks and snapshots --------------------------------------------------------------


class _Told:
    """What a ledger tells of disks and their snapshots, in columns; `place` is where an event stands in the ledger.

    Chains are numbered as their disks were created. Writes and snapshots are in order of chain, then of time, and
    `snapshot` is where a snapshot stands there; -1 for one that is there twice. What is told of unknown disks and
    snapshots, or of such that are there twice, is left out. `named_disks` and `named_snapshots` are those that other
    events name, or -1.
    """

    def __init__(self, ledger: Ledger) -> None:
        named = pd.array(list(_named(ledger)), dtype="str")
        self.created = ledger.columns(ev.DiskCreated, "disk", "chain", "written_blocks")
        of_disks = [
            ledger.columns(ev.DiskWritten, "disk", "appended", "start", "overwritten"),
            ledger.columns(ev.SnapshotStarted, "disk", "snapshot", "at", "finishes_at", "retention_days"),
            ledger.columns(ev.DiskReleased, "disk"),
        ]
        # Numbers replace names as soon as possible: a million names take much memory.
        _, *chains, self.named_disks = _places(
            self.created["disk"], *(events.pop("disk") for events in of_disks), named
        )
        for events, chain in zip(of_disks, chains, strict=True):
            events["chain"] = chain
            _keep(events, np.argsort(chain, kind="stable")[np.count_nonzero(chain < 0) :])
        self.written, self.started, self.released = of_disks
        self.taken = np.bincount(self.started["chain"], minlength=len(self.created["disk"])).astype(np.int32)
        self.offsets = np.cumsum(self.taken) - self.taken

        of_snapshots = [ledger.columns(kind, "snapshot", "at") for kind in (ev.SnapshotFinished, ev.SnapshotDeleted)]
        snapshots = self.started["snapshot"]
        names = [events["snapshot"] for events in of_snapshots]
        self.started["snapshot"], *numbers, self.named_snapshots = _places(snapshots, *names, named)
        for events, number in zip(of_snapshots, numbers, strict=True):
            events["snapshot"] = number
            _keep(events, number >= 0)
            events["chain"] = self.started["chain"][events["snapshot"]]
        self.finished, self.deleted = of_snapshots
        # What of its disk was written before each write.
        chain, appended = self.written["chain"], self.written["appended"]
        so_far = np.append(0, np.cumsum(appended))
        first = np.searchsorted(chain, np.arange(len(self.taken)))
        self.written["before"] = self.created["written_blocks"][chain] + so_far[:-1] - so_far[first][chain]


def _keep(events: _Columns, which: np.ndarray) -> None:
    """Keep these rows, in this order; column by column, since all at once would be in memory twice."""
    for name, column in events.items():
        events[name] = column[which]


def _places(*columns: Any) -> list[np.ndarray]:
    """For each name of some columns, where it stands in the first one; -1 for one that does not, or does so twice."""
    codes, _ = pd.factorize(pd.concat([pd.Series(names) for names in columns]))
    first, *_ = by_column = np.split(codes, np.cumsum([len(names) for names in columns[:-1]]))
    places = np.full(codes.max(initial=-1) + 1, -1, dtype=np.int32)
    places[first] = np.arange(len(first))
    places[np.flatnonzero(np.bincount(first) > 1)] = -1
    return [places[names] for names in by_column]


def _sums(chain: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """For each chain, the sum of values that are in order of chain."""
    so_far = np.append(0, np.cumsum(values))
    first = np.searchsorted(chain, np.arange(count + 1))
    return np.asarray(np.diff(so_far[first]))


def _named(ledger: Ledger) -> set[str]:
    """Whatever is named by events that may change what a chain stores, and are not read here; a disk by its chain."""
    kinds = set(ev.KINDS.values()).difference(_READ_HERE, _LEAVES_CHAINS)
    texts = {text for event in ledger.of(*kinds) for text in _texts(event)}
    return texts | {text.removeprefix("sl-") for text in texts}


def _texts(value: object) -> Iterator[str]:
    """The texts in a field, or in the fields of a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | frozenset):
        for part in value:
            yield from _texts(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _are_plain(told: _Told) -> np.ndarray:
    """For each chain, whether it is plain, and nothing that is told of it is impossible."""
    written, started, finished, deleted = told.written, told.started, told.finished, told.deleted
    plain = np.asarray(told.created["chain"] == "")
    plain[told.named_disks[told.named_disks >= 0]] = False

    def rule_out(events: _Columns, where: np.ndarray) -> None:
        plain[events["chain"][where]] = False

    released = _first_places(told.released, "chain", len(plain))
    for events in (written, started):
        chain, place = events["chain"], events["place"]
        rule_out(events, (place < told.created["place"][chain]) | (place > released[chain]))
    rule_out(written, np.minimum.reduce([written[name] for name in ("start", "overwritten", "appended")]) < 0)
    rule_out(written, written["start"] + written["overwritten"] > written["before"])
    rule_out(started, started["snapshot"] < 0)
    rule_out(started, told.named_snapshots[told.named_snapshots >= 0])
    # A retention is part of the state, where one looks for what happens next.
    rule_out(started, pd.notna(started["retention_days"]))
    begun, count = started["place"], len(started["place"])
    ended, done = _first_places(deleted, "snapshot", count), _first_places(finished, "snapshot", count)
    for events in (finished, deleted):
        once = np.bincount(events["snapshot"], minlength=count) == 1
        rule_out(events, ~once[events["snapshot"]] | (events["place"] < begun[events["snapshot"]]))
    of = finished["snapshot"]
    rule_out(finished, (finished["at"] != started["finishes_at"][of]) | (finished["place"] > ended[of]))
    takes_time = started["at"] != started["finishes_at"]
    rule_out(started, np.where(takes_time, np.minimum(done, ended) == FOR_EVER, done < FOR_EVER))
    # The next snapshot after the newest one was deleted stores again what only that one held.
    alike = started["chain"][:-1] == started["chain"][1:]
    rule_out(started, np.append(alike & (ended[:-1] < begun[1:]), np.zeros(min(count, 1), dtype=bool)))
    return plain


def _first_places(events: _Columns, of: str, count: int) -> np.ndarray:
    """For each chain or snapshot, the place of its first event of a kind; `FOR_EVER` where it has none."""
    places = np.full(count, FOR_EVER, dtype=np.int64)
    np.minimum.at(places, events[of], events["place"])
    return places


# Runs ---------------------------------------------------------------------------------------------


def _extents(told: _Told, plain: np.ndarray) -> _Columns:
    """What was written to the disks of plain chains, in order of chain, then of time; disks are laid end to end.

    Each has `start` and `end` [block], and `epoch`, the number of snapshots that were taken before it.
    """
    written, content = told.written, told.created["written_blocks"]
    chain, before = written["chain"], written["before"]
    begin = np.append(0, np.cumsum(np.where(plain, content + _sums(chain, written["appended"], len(plain)), 0)))
    # Events of two kinds are put in order by keys: by chain, then by place.
    captures, writes = (events["chain"] * np.int64(FOR_EVER) + events["place"] for events in (told.started, written))
    epoch = (np.searchsorted(captures, writes) - told.offsets[chain]).astype(np.int32)
    start, none = begin[chain] + written["start"], np.zeros(len(plain), dtype=np.int32)
    # A disk's first content, then write by write what is overwritten and what is appended.
    parts = {
        "chain": (np.arange(len(plain), dtype=np.int32), chain, chain),
        "start": (begin[:-1], start, begin[chain] + before),
        "end": (begin[:-1] + content, start + written["overwritten"], begin[chain] + before + written["appended"]),
        "epoch": (none, epoch, epoch),
    }
    extents = {
        name: np.concatenate([first, np.column_stack(of_writes).ravel()]) for name, (first, *of_writes) in parts.items()
    }
    there = np.flatnonzero((extents["start"] < extents["end"]) & plain[extents["chain"]])
    _keep(extents, there[np.argsort(extents["chain"][there], kind="stable")])
    return extents


def _cut(extents: _Columns) -> np.ndarray:
    """Cut extents at each other's borders: `low`, the first piece, and `pieces`, how many, replace `start` and `end`.

    Returns the size of each piece [block].
    """
    start, end = extents.pop("start"), extents.pop("end")
    borders = np.sort(np.concatenate([start, end]))
    borders = borders[np.append(np.ones(min(len(borders), 1), dtype=bool), np.diff(borders) > 0)]
    extents["low"] = np.searchsorted(borders, start)
    extents["pieces"] = np.searchsorted(borders, end) - extents["low"]
    return np.diff(borders)


def _runs(extents: _Columns, sizes: np.ndarray, taken: np.ndarray) -> _Columns:
    """The runs of all chains, in order of chain, first and last snapshot; some chains at a time."""
    before = np.cumsum(extents["pieces"]) - extents["pieces"]
    part = before[np.searchsorted(extents["chain"], extents["chain"])] // _PIECES_AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1), len(part)]
    found = [
        _runs_of({name: column[low:high] for name, column in extents.items()}, sizes, taken)
        for low, high in pairwise(edges)
    ]
    return {name: np.concatenate([runs.pop(name) for runs in found]) for name in tuple(found[0])}


def _runs_of(extents: _Columns, sizes: np.ndarray, taken: np.ndarray) -> _Columns:
    pieces = extents["pieces"]
    extent = np.repeat(np.arange(len(pieces)), pieces)
    piece = np.arange(len(extent)) - np.repeat(np.cumsum(pieces) - pieces - extents["low"], pieces)
    order = np.argsort(piece, kind="stable")  # by piece, then by time
    extent, piece = extent[order], piece[order]
    chain, first = extents["chain"][extent], extents["epoch"][extent] + 1
    last = taken[chain]
    again = np.flatnonzero(piece[:-1] == piece[1:])
    last[again] = extents["epoch"][extent[again + 1]]
    stored = last >= first
    chain, first, last, blocks = chain[stored], first[stored], last[stored], sizes[piece[stored]]
    order = np.lexsort((last, first, chain))
    chain, first, last, blocks = chain[order], first[order], last[order], blocks[order]
    new = np.append(True, (np.diff(chain) != 0) | (np.diff(first) != 0) | (np.diff(last) != 0))[: len(chain)]
    places = np.flatnonzero(new)
    together = np.add.reduceat(blocks, places) if len(places) else blocks
    return {"chain": chain[places], "first": first[places], "last": last[places], "blocks": together}


def _laid_end_to_end(told: _Told, plain: np.ndarray, runs: _Columns) -> PlainChains:
    """The plain chains that have snapshots, numbered anew."""
    kept = np.flatnonzero(plain & (told.taken > 0))
    ended = np.full(len(told.started["at"]), FOR_EVER, dtype=np.int64)
    ended[told.deleted["snapshot"]] = told.deleted["at"]
    there = plain[told.started["chain"]]
    taken = told.taken[kept]
    return PlainChains(
        disks=list(told.created["disk"][kept]),
        offsets=np.cumsum(taken) - taken,
        stored=told.started["finishes_at"][there],
        ended=ended[there],
        chain=np.asarray(np.searchsorted(kept, runs["chain"]), dtype=np.int32),
        first=runs["first"],
        last=runs["last"],
        blocks=runs["blocks"],
    )
