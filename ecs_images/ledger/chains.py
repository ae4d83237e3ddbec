"""Snapshot chains as set arithmetic over blocks (SNAP-2, CHAIN-1, CHAIN-2).

A snapshot captures the blocks whose version differs from the chain's newest live snapshot, and all
written blocks where no live snapshot is left. Writing, re-initialising and rolling back make new
versions, and an old version never returns. So one stored copy of a block belongs to an unbroken run
of snapshots, first..last, and is freed exactly when every snapshot of that run is deleted. A chain
stores runs, not copies of disks: its size grows with what was written, not with its snapshots.
Only where an older snapshot is copied after a newer one does a run skip numbers (UNK-15).

Example: 12 GiB are written and snapshot 1 is taken; 3 of them are overwritten and snapshot 2 is taken.
    run 1..2   9 GiB, which both hold
    run 1..1   3 GiB, the old content: freed by deleting snapshot 1
    run 2..2   3 GiB, the new content: freed by deleting snapshot 2
The chain stores 15 GiB. Deleting both frees all 15, more than 3 + 3 of deleting each alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from copy import copy
from typing import ClassVar, Self

import numpy as np

from .runs import ChainRuns, RunIndex, Runs

_NOT_STORED = 0


class StoredChain(ABC):
    """The snapshots of a chain, numbered 1, 2, 3 … as they are taken, and what they store.

    Only events may call the methods that change it, on a chain from `State.changing`.
    """

    __slots__ = ("block_bytes", "live", "taken")
    _changing: ClassVar[tuple[str, ...]]
    """The attributes that methods change in place, so a copy needs its own."""

    def __init__(self, block_bytes: int) -> None:
        self.block_bytes = block_bytes
        self.taken = 0
        self.live: list[int] = []

    def copy(self) -> Self:
        """A chain of the same content; changing one does not change the other."""
        twin = copy(self)
        for name in self._changing:
            setattr(twin, name, getattr(self, name).copy())
        return twin

    @abstractmethod
    def runs(self) -> Runs:
        """Every copy ever stored, freed ones included."""

    def delete(self, number: int) -> None:
        """Delete a snapshot, which frees the copies that no other live snapshot holds."""
        del self.live[bisect_left(self.live, number)]

    def held(self, live: Sequence[int] | None = None) -> ChainRuns:
        """What the chain stores for its live snapshots, or would if only those with the numbers in `live` were."""
        return ChainRuns(self.runs(), self.live if live is None else live)

    def total_blocks(self) -> int:
        """Blocks that the chain stores now, which is what is billed."""
        return RunIndex([self.held()]).total

    def freed_blocks(self, numbers: Collection[int]) -> int:
        """Blocks that deleting these snapshots together would free.

        At least the sum of what deleting each alone frees, because copies that only they share are
        freed as well.
        """
        chosen = [place for place, number in enumerate(self.live) if number in numbers]
        return int(RunIndex([self.held()]).freed(chosen, [len(chosen)])[0])

    def exclusive_blocks(self, number: int) -> int:
        """Blocks that this snapshot alone holds."""
        return self.freed_blocks([number])

    def alone_after(self, deleted: Collection[int]) -> dict[int, int]:
        """For each live snapshot, the blocks that it alone holds once `deleted` are deleted; 0 for those."""
        kept = [number for number in self.live if number not in deleted]
        alone = RunIndex([self.held(kept)]).alone()
        return dict.fromkeys(self.live, 0) | dict(zip(kept, map(int, alone), strict=True))

    def shared_blocks(self, one: int, other: int) -> int:
        """Blocks of which both snapshots hold the same copy; 0 where one is not live."""
        if one not in self.live or other not in self.live:
            return 0
        runs = self.runs()
        return int(runs.blocks[runs.held_by(one) & runs.held_by(other)].sum())


class Chain(StoredChain):
    """The snapshots of one disk, and the disk's content."""

    __slots__ = ("_closed", "_ends", "_firsts")
    _changing = ("live", "_closed", "_ends", "_firsts")

    def __init__(self, block_bytes: int, written_blocks: int = 0) -> None:
        super().__init__(block_bytes)
        # The disk from block 0 on: extent k ends before block _ends[k], and snapshot _firsts[k] was
        # the first to store its content (_NOT_STORED: none yet).
        self._ends = [written_blocks] if written_blocks else []
        self._firsts = [_NOT_STORED] if written_blocks else []
        self._closed: dict[tuple[int, int], int] = {}

    @property
    def written_blocks(self) -> int:
        """How many blocks of the disk have been written, from block 0 on."""
        return self._ends[-1] if self._ends else 0

    def append(self, blocks: int) -> None:
        """Write so many blocks for the first time."""
        if not blocks:
            return
        end = self.written_blocks + blocks
        if self._firsts and self._firsts[-1] == _NOT_STORED:
            self._ends[-1] = end
        else:
            self._ends.append(end)
            self._firsts.append(_NOT_STORED)

    def overwrite(self, start: int, blocks: int) -> None:
        """Overwrite `blocks` written blocks, from block `start` on."""
        if not blocks:
            return
        end = start + blocks
        self._split(start)
        self._split(end)
        low, high = bisect_right(self._ends, start), bisect_left(self._ends, end) + 1
        self._close(low, high)
        self._ends[low:high] = [end]
        self._firsts[low:high] = [_NOT_STORED]

    def keep(self, blocks: int) -> None:
        """Keep the first `blocks` written blocks; what lies behind them leaves the disk."""
        self._split(blocks)
        low = bisect_right(self._ends, blocks)
        self._close(low, len(self._ends))
        del self._ends[low:], self._firsts[low:]

    def reset(self, written_blocks: int) -> None:
        """Give the disk entirely new content of that size, as when it is re-initialised or released (0)."""
        self._close(0, len(self._ends))
        self._ends = [written_blocks] if written_blocks else []
        self._firsts = [_NOT_STORED] if written_blocks else []

    def capture(self) -> int:
        """Take a snapshot; returns the number of blocks it adds to what the chain stores."""
        newest = self.live[-1] if self.live else 0
        if newest < self.taken:
            self._forget_copies_after(newest)
        number, stored, k = self.taken + 1, 0, -1
        for _ in range(self._firsts.count(_NOT_STORED)):
            k = self._firsts.index(_NOT_STORED, k + 1)
            stored += self._ends[k] - (self._ends[k - 1] if k else 0)
            self._firsts[k] = number
        self.taken = number
        self.live.append(number)
        return stored

    def runs(self) -> Runs:
        counts = dict(self._closed)
        start = 0
        for end, first in zip(self._ends, self._firsts, strict=True):
            if first != _NOT_STORED:
                run = first, self.taken
                counts[run] = counts.get(run, 0) + end - start
            start = end
        return _as_runs(counts)

    def unstored_blocks(self) -> int:
        """Blocks that a snapshot taken now would add to what the chain stores."""
        newest, start, blocks = self.live[-1] if self.live else 0, 0, 0
        for end, first in zip(self._ends, self._firsts, strict=True):
            if first == _NOT_STORED or first > newest:
                blocks += end - start
            start = end
        return blocks

    # Extents --------------------------------------------------------------------------------

    def _split(self, block: int) -> None:
        k = bisect_right(self._ends, block)
        start = self._ends[k - 1] if k else 0
        if k < len(self._ends) and start < block:
            self._ends.insert(k, block)
            self._firsts.insert(k, self._firsts[k])

    def _close(self, low: int, high: int) -> None:
        """The content of extents low..high-1 leaves the disk, which ends the runs that hold it."""
        start = self._ends[low - 1] if low else 0
        for k in range(low, high):
            end, first = self._ends[k], self._firsts[k]
            if first != _NOT_STORED:
                self._end_run(first, end - start)
            start = end

    def _forget_copies_after(self, newest: int) -> None:
        """The snapshots after `newest` are deleted, so what only they held must be stored again."""
        start = 0
        ends: list[int] = []
        firsts: list[int] = []
        for end, first in zip(self._ends, self._firsts, strict=True):
            if first > newest:
                self._end_run(first, end - start)
                first = _NOT_STORED
            if firsts and firsts[-1] == first:
                ends[-1] = end
            else:
                ends.append(end)
                firsts.append(first)
            start = end
        self._ends, self._firsts = ends, firsts

    def _end_run(self, first: int, blocks: int) -> None:
        run = first, self.taken
        self._closed[run] = self._closed.get(run, 0) + blocks


class CopiedChain(StoredChain):
    """The copies of one chain's snapshots in another region (SCOPY-2).

    A copy shares what the live copies there hold already, so only the first one is full, also where an older
    snapshot is copied after a newer one (UNK-15). What two copies share is read from the runs of the original
    chain, which it keeps even after their snapshots are deleted; content that the original chain had to store
    again counts as changed.
    """

    __slots__ = ("_copied", "original")
    _changing = ("live", "_copied")

    def __init__(self, original: StoredChain) -> None:
        super().__init__(original.block_bytes)
        self.original = original
        # For each copy: the number of its original, and the copies that were live when it was made.
        self._copied: list[tuple[int, tuple[int, ...]]] = []

    @property
    def newest_original(self) -> int:
        """The number of the newest snapshot that was copied."""
        return max(original for original, _ in self._copied)

    def capture(self, original: int) -> None:
        """Copy snapshot `original`."""
        self._copied.append((original, tuple(self.live)))
        self.taken += 1
        self.live.append(self.taken)

    def unstored_blocks(self, original: int) -> int:
        """Blocks that copying snapshot `original` now would send and store."""
        runs = self.original.runs()
        lacking = runs.held_by(original)
        for number in self.live:
            lacking &= ~runs.held_by(self._copied[number - 1][0])
        return int(runs.blocks[lacking].sum())

    def runs(self) -> Runs:
        # Each run of the original that a copy holds becomes stored here: by the copy that brought it, if one that
        # was live then holds the run too, else by the copy itself. `firsts[n][row]` is the copy that first stored
        # run `row` for copy n, 0 where copy n does not hold it. Example: snapshots 1, 2 and 3 were copied as 1, 2,
        # 3; run 1..2 of the original is first stored by copy 1, and copy 2 takes it over: run 1..2 here too. Had
        # copy 1 been deleted before snapshot 2 was copied, copy 2 would have nothing to take over, and there would
        # be two stored copies of it: 1..1, which is freed, and 2..2. Had snapshot 3 been copied before snapshot 2,
        # as copy 2, copies 1 and 3 would hold it: 1..3, which skips 2.
        original = self.original.runs()
        firsts = np.zeros((len(self._copied) + 1, len(original.first)), dtype=np.int64)
        held: dict[tuple[int, int], list[int]] = {}
        for number, (source, live) in enumerate(self._copied, 1):
            holds = original.held_by(source)
            there = firsts[list(live)].max(axis=0, initial=0)
            firsts[number] = np.where(holds, np.where(there > 0, there, number), 0)
            for row in np.flatnonzero(holds).tolist():
                held.setdefault((row, int(firsts[number, row])), []).append(number)
        counts: dict[tuple[int, ...], int] = {}
        for (row, _), holders in held.items():
            run = tuple(holders)
            counts[run] = counts.get(run, 0) + int(original.blocks[row])
        return _as_runs_of(counts)


def _as_runs(counts: dict[tuple[int, int], int]) -> Runs:
    table = np.array([(first, last, blocks) for (first, last), blocks in counts.items()], dtype=np.int64)
    columns = table.reshape(-1, 3)
    return Runs(columns[:, 0], columns[:, 1], columns[:, 2])


def _as_runs_of(counts: dict[tuple[int, ...], int]) -> Runs:
    """Runs by all the numbers that hold them, ascending."""
    table = np.array([(held[0], held[-1], blocks) for held, blocks in counts.items()], dtype=np.int64)
    columns = table.reshape(-1, 3)
    skipped = {
        k: tuple(sorted({*range(held[0], held[-1])}.difference(held)))
        for k, held in enumerate(counts)
        if len(held) <= held[-1] - held[0]
    }
    return Runs(columns[:, 0], columns[:, 1], columns[:, 2], skipped)
