"""What deleting snapshots frees, as proven bounds: no list of the service says what one snapshot holds.

Known are a chain's total T and, since 2026-03, the full size f(s) of each snapshot: what a restore of it reads
(SNAP-11, taken to be exactly that). Deleting D and keeping K frees what no kept snapshot holds (CHAIN-2), so it lies

    between  max(0, T − Σ f(K))  and  min(T − max f(K), Σ f(D)),

and is exact where one snapshot is kept, or none. That holds for any sets of blocks. A chain of one disk is more
than that: a stored copy belongs to an unbroken run of its snapshots (SNAP-2), so it is enough to bound the overlap
o(i) of each snapshot with the one before it. Each is at most the smaller of both full sizes, and all of them sum
to Σ f − T. Where totals saved earlier tell how much the chain grew with a snapshot, its overlap is known exactly:
full size less growth. Between kept snapshots D falls into stretches p..q of neighbours, and one stretch frees

    at least  Σ f(p..q) − Σ o(p..q+1),  and never less than 0, when old content goes first, and
    at most   that + min o(p..q+1),     when what is new goes first and old content passes through.

`KnownChain.freed` takes the least and the greatest of these sums over all overlaps that are possible.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from ..cards import counted


class Freed(NamedTuple):
    """What deleting something frees [byte]: at least `low`, at most `high`; infinity where nothing bounds it."""

    low: float
    high: float

    def __add__(self, other: object) -> Freed:
        assert isinstance(other, Freed)
        return Freed(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Freed) -> Freed:
        return Freed(self.low - other.low, self.high - other.high)


NOTHING = Freed(0, 0)


@dataclass(frozen=True)
class KnownChain:
    """What is known of one snapshot chain.

    full: for each of its snapshots that is listed, oldest first, its full size [byte], None where that is not told
    most: likewise, a size that it cannot exceed where its full size is not told, such as that of its disk [byte]
    total: what the chain stores [byte]; None: not told
    listed_whole: whether `full` has every snapshot of the chain
    in_runs: whether its snapshots are in order and of one disk, so that each stored copy lies in an unbroken run
    growth: for some numbers of oldest snapshots, what the chain stored when it had just those [byte]
    one_moment: whether its snapshots and its total were seen at one time
    """

    full: Mapping[str, int | None]
    most: Mapping[str, float] = field(default_factory=dict)
    total: int | None = None
    listed_whole: bool = True
    in_runs: bool = True
    growth: Mapping[int, int] = field(default_factory=dict)
    one_moment: bool = True

    def freed(self, deleted: Collection[str]) -> Freed:
        """What deleting these snapshots frees; those of other chains play no part."""
        gone = [name in deleted for name in self.full]
        if not any(gone):
            return NOTHING
        if self._contradicts:
            return Freed(0, math.inf if self.total is None else self.total)
        return self._of_runs(gone) if self._shared else self._of_sets(gone)

    @property
    def known_by(self) -> str:
        """What the bounds rest on, in words."""
        if self._contradicts:
            return "sizes that contradict each other: the lists were saved at different times"
        if self.total is None:
            return "the total of the chain is not known"
        if not self.listed_whole:
            return "not all snapshots of the chain are listed"
        if len(self.full) == 1:
            return "exact: the only snapshot"
        if None in self.full.values():
            return "the chain's total only, full sizes are missing"
        return f"full sizes and {counted(len(self.growth), 'earlier total')}" if self.growth else "full sizes"

    @cached_property
    def _sizes(self) -> list[tuple[float, float]]:
        """For each snapshot the least and the greatest full size that it can have."""
        whole = math.inf if self.total is None else self.total
        alone = self.listed_whole and len(self.full) == 1 and self.total is not None
        return [
            (size, size) if size is not None else (whole if alone else 0, min(whole, self.most.get(name, math.inf)))
            for name, size in self.full.items()
        ]

    @cached_property
    def _shared(self) -> list[tuple[range, int]]:
        """Of neighbours whose growth together is known, their places and the sum of their overlaps; empty: unknown."""
        full = [size for size in self.full.values() if size is not None]
        if self.total is None or not full or len(full) < len(self.full) or not (self.listed_whole and self.in_runs):
            return []
        known = sorted({1: full[0], **self.growth, len(full): self.total}.items())
        return [(range(1), full[0] - known[0][1])] + [
            (range(first, last), sum(full[first:last]) - (after - before))
            for (first, before), (last, after) in pairwise(known)
        ]

    @cached_property
    def _contradicts(self) -> bool:
        """Whether the sizes cannot be those of one moment."""
        if self.total is None:
            return False
        most = sum(high for _, high in self._sizes) if self.listed_whole else math.inf
        greatest = [min(pair) for pair in pairwise([0, *(low for low, _ in self._sizes)])]
        return (
            not self.one_moment
            or max((low for low, _ in self._sizes), default=0) > self.total
            or most < self.total
            or any(not 0 <= shared <= sum(greatest[i] for i in among) for among, shared in self._shared)
        )

    def _of_sets(self, gone: Sequence[bool]) -> Freed:
        """The bounds that hold for any sets of blocks."""
        deleted = [size for size, goes in zip(self._sizes, gone, strict=True) if goes]
        kept = [size for size, goes in zip(self._sizes, gone, strict=True) if not goes]
        most = sum(high for _, high in deleted)
        if self.total is None:
            return Freed(0, most)
        if not kept and self.listed_whole:
            return Freed(self.total, self.total)
        at_least_kept = max((low for low, _ in kept), default=0)
        at_most_kept = sum(high for _, high in kept) if self.listed_whole else math.inf
        return Freed(max(0, self.total - at_most_kept), min(self.total - at_least_kept, most))

    def _of_runs(self, gone: Sequence[bool]) -> Freed:
        """The bounds for unbroken runs, from the least and the greatest overlap of each snapshot with the one before.

        The least sum is reached by overlaps that lie in stretches as far as they free less; the greatest by overlaps
        between kept snapshots, and then by those that raise all overlaps of a stretch alike, in the shortest first:
        such a rise of k overlaps lets one unit of old content pass through, so it costs k − 1 units and not k.
        """
        assert self.total is not None
        full, least, greatest = self._overlaps
        within = [range(first, last + 2) for first, last in _stretches(gone)]

        spare = sum(full) - self.total - sum(least)
        used = [sum(least[i] for i in stretch) for stretch in within]
        sizes = [sum(full[i] for i in stretch[:-1]) for stretch in within]
        room = [sum(greatest[i] for i in stretch) for stretch in within]
        outside = sum(greatest) - sum(least) - sum(room) + sum(used)
        freed = sum(sizes)
        counting = sum(min(u, size) for u, size in zip(used, sizes, strict=True))
        more = sum(max(0, min(r, size) - u) for r, size, u in zip(room, sizes, used, strict=True))
        low = freed - counting - min(spare, more)

        forced = max(0, spare - outside)
        passing: float = sum(min(least[i] for i in stretch) for stretch in within)
        rises = sorted(rise for stretch in within for rise in _rises(least, greatest, stretch))
        left = forced
        for overlaps, height in rises:
            taken = min(left, overlaps * height)
            passing += taken / overlaps
            left -= taken
        high = freed - sum(used) - forced + passing
        return Freed(max(0, low), min(self.total, math.ceil(high)))

    @cached_property
    def _overlaps(self) -> tuple[list[int], list[int], list[int]]:
        """Full sizes, and the least and the greatest overlap of each with the one before it, with 0 at either end."""
        full = [int(size) for size, _ in self._sizes]
        greatest = [min(pair) for pair in pairwise([0, *full, 0])]
        least = [0] * len(greatest)
        for among, shared in self._shared:
            room = sum(greatest[i] for i in among)
            for i in among:
                least[i] = max(0, shared - (room - greatest[i]))
            for i in among:
                greatest[i] = min(greatest[i], shared)
        return full, least, greatest


def _stretches(gone: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The first and the last place of every unbroken stretch of deleted snapshots."""
    start = None
    for place, goes in enumerate([*gone, False]):
        if goes and start is None:
            start = place
        elif not goes and start is not None:
            yield start, place - 1
            start = None


def _rises(least: Sequence[int], greatest: Sequence[int], stretch: Sequence[int]) -> Iterator[tuple[int, int]]:
    """How the smallest overlap of a stretch rises: how many overlaps rise together, and by how much, step by step."""
    top = min(greatest[i] for i in stretch)
    steps = sorted(least[i] for i in stretch if least[i] < top)
    for count, (level, following) in enumerate(pairwise([*steps, top]), 1):
        if following > level:
            yield count, following - level
