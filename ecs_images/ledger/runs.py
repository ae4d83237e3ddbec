"""Stored copies of blocks by run: which snapshots hold them, and what deleting any of those frees (CHAIN-2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain as in_turn
from typing import NamedTuple

import numpy as np

_NUMBERS = 1 << 32
"""More than the snapshots of any chain, so that chain × this + number is in order of both."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Stored copies by run: snapshots `first[k]` to `last[k]`, but for `skipped[k]`, hold the same `blocks[k]` blocks.

    `skipped` has an entry for runs that skip a number only.
    """

    first: np.ndarray
    last: np.ndarray
    blocks: np.ndarray
    skipped: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def held_by(self, number: int) -> np.ndarray:
        """For each run, whether this snapshot holds it."""
        held = (self.first <= number) & (number <= self.last)
        held[[k for k, skipped in self.skipped.items() if number in skipped]] = False
        return np.asarray(held)

    def skipped_texts(self) -> np.ndarray:
        """For each run, the numbers that it skips as a text such as 2,5; empty for none."""
        texts = np.full(len(self.first), "", dtype=object)
        for k, skipped in self.skipped.items():
            texts[k] = ",".join(map(str, skipped))
        return texts


class ChainRuns(NamedTuple):
    """What one chain stores: its runs, the numbers of its live snapshots, ascending, and the size of its blocks."""

    runs: Runs
    live: Sequence[int]
    block_size: int = 1


class RunIndex:
    """Of some chains, which live snapshots hold what is stored, made to say at once what deleting many sets frees.

    A live snapshot is known by its place: those of the first chain have the places 0, 1, 2 …, oldest first, those of
    the second chain follow. Sizes are in the unit of the chains' block sizes.

    A run lies between the places of its oldest and its newest live holder. A set of snapshots falls into stretches of
    neighbours, and frees a run exactly when one stretch has both ends. So the runs are put in order of both places,
    with the sum of all sizes before each: those that begin at a member of a set and end within its stretch are
    neighbours, and what they store is a difference of two sums. Only of a run that skips a live snapshot (UNK-15)
    the members of a set that hold it are counted.

    Example: places 0, 1, 2 and runs 0–0 of 3, 0–1 of 9, 1–1 of 3 and 2–2 of 5. The set {0, 2} has the stretches 0–0
    and 2–2; it frees the runs 0–0 and 2–2, 8 in all. The set {0, 1} frees the first three, 15.
    """

    def __init__(self, chains: Iterable[ChainRuns]) -> None:
        of = list(chains)
        live = [len(one.live) for one in of]
        counts = [len(one.runs.first) for one in of]
        chain = np.repeat(np.arange(len(of)), counts)
        first, last, blocks = (_joined([getattr(one.runs, name) for one in of]) for name in ("first", "last", "blocks"))
        size = blocks * np.repeat(np.array([one.block_size for one in of], dtype=np.int64), counts)
        numbers = np.fromiter(in_turn.from_iterable(one.live for one in of), np.int64, sum(live))
        numbers += np.repeat(np.arange(len(of)), live) * _NUMBERS
        oldest = np.searchsorted(numbers, chain * _NUMBERS + first)
        newest = np.searchsorted(numbers, chain * _NUMBERS + last, "right") - 1
        held = oldest <= newest

        self.count = len(numbers)
        skipping: list[tuple[int, list[int]]] = []
        run = place = 0
        for one, snapshots, copies in zip(of, live, counts, strict=True):
            for k, skipped in one.runs.skipped.items():
                places = range(oldest[run + k], newest[run + k] + 1)
                holders = [p for p in places if one.live[p - place] not in skipped]
                held[run + k] = bool(holders)
                if holders:
                    oldest[run + k], newest[run + k] = holders[0], holders[-1]
                    if len(holders) <= holders[-1] - holders[0]:
                        held[run + k] = False
                        skipping.append((int(size[run + k]), holders))
            run, place = run + copies, place + snapshots
        order = np.lexsort((newest[held], oldest[held]))
        oldest, newest, size = (values[held][order] for values in (oldest, newest, size))
        self._ends = oldest * self.count + newest
        self._begins = np.searchsorted(oldest, np.arange(self.count))
        self._before = np.append(0, np.cumsum(size))
        self._ends_alone = self._runs_up_to(np.arange(self.count), np.arange(self.count))
        # Of the runs that skip a live snapshot: their sizes and numbers of holders; each holder, ascending, with the
        # run that it holds.
        self._sizes = np.array([size for size, _ in skipping], dtype=np.int64)
        self._holders = np.array([len(holders) for _, holders in skipping], dtype=np.int64)
        pairs = sorted((place, k) for k, (_, holders) in enumerate(skipping) for place in holders)
        self._holder, self._skipping = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    @property
    def total(self) -> int:
        """What is stored in all."""
        return int(self._before[-1] + self._sizes.sum())

    def freed(self, places: Sequence[int] | np.ndarray, lengths: Sequence[int] | np.ndarray) -> np.ndarray:
        """For each of some sets of snapshots, what deleting just these together frees.

        places: the places of the first set, then those of the second …; one named twice in a set counts once
        lengths: how many of them belong to each set
        """
        # One more than there are places, so that the last of a set and the first of the next are no neighbours.
        sets, apart = len(lengths), self.count + 1
        members = np.sort(np.repeat(np.arange(sets), lengths) * apart + np.asarray(places, dtype=np.int64))
        members = members[np.diff(members, prepend=-1) > 0]
        of, place = np.divmod(members, apart)
        ends = np.flatnonzero(np.diff(members, append=members[-1:] + 2) > 1)
        end = np.repeat(place[ends], np.diff(ends, prepend=-1))
        # Most members of sets from anywhere have no neighbour, and what such a one frees is known.
        last, further = self._ends_alone[place], np.flatnonzero(end > place)
        last[further] = self._runs_up_to(place[further], end[further])
        upto = np.append(0, np.cumsum(self._before[last] - self._before[self._begins[place]]))
        freed = np.diff(upto[np.searchsorted(of, np.arange(sets + 1))])

        low = np.searchsorted(self._holder, place)
        held = np.searchsorted(self._holder, place, "right") - low
        pairs = np.repeat(of, held) * len(self._sizes) + self._skipping[ranges(low, held)]
        found, there = np.unique(pairs, return_counts=True)
        of, run = np.divmod(found, max(len(self._sizes), 1))
        whole = there == self._holders[run]
        np.add.at(freed, of[whole], self._sizes[run[whole]])
        return freed

    def _runs_up_to(self, place: np.ndarray, end: np.ndarray) -> np.ndarray:
        """How many runs begin before each place, or at it and end by `end`."""
        return np.asarray(np.searchsorted(self._ends, place * self.count + end, "right"))

    def alone(self) -> np.ndarray:
        """For each place, what its snapshot alone holds, which deleting only it frees."""
        return self.freed(np.arange(self.count), np.ones(self.count, dtype=np.int64))


def ranges(low: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`low[k], low[k] + 1, …`, `counts[k]` numbers for each k, end to end."""
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(np.repeat(low, counts) + np.arange(counts.sum()) - before)


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0, np.int64), *parts])
