"""What deleting snapshots frees lies inside the bounds that an inventory allows, and they are narrow (SNAP-11)."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chain_steps

from ecs_images.accounts.bounds import Freed, KnownChain
from ecs_images.ledger.chains import Chain

CHAINS, SEED = 2000, 20261127


def random_chain(chance: random.Random) -> tuple[Chain, list[int]]:
    """A chain, and its total after each snapshot.

    The published generator: 2 to 12 snapshots of a disk of 2,000 blocks, of which 300 to 1,200 are written before the
    first; between two a normal number of writes (mean 10, 50, 150 or 400, deviation a third), each to any block.
    """
    first, mean, count = chance.randint(300, 1200), chance.choice([10, 50, 150, 400]), chance.randint(2, 12)
    chain, totals = Chain(1, first), []
    for number in range(count):
        for _ in range(max(0, round(chance.gauss(mean, mean / 3))) if number else 0):
            block = chance.randrange(2000)
            if block < chain.written_blocks:
                chain.overwrite(block, 1)
            else:
                chain.append(1)
        chain.capture()
        totals.append(chain.total_blocks())
    return chain, totals


def full_sizes(chain: Chain) -> dict[str, int | None]:
    runs = chain.runs()
    return {str(number): int(runs.blocks[runs.held_by(number)].sum()) for number in chain.live}


def simple(total: int, full: dict[str, int | None], deleted: set[str]) -> Freed:
    """The bounds that hold for any sets, as the docstring states them."""
    kept = [size or 0 for name, size in full.items() if name not in deleted]
    gone = [size or 0 for name, size in full.items() if name in deleted]
    return Freed(max(0, total - sum(kept)), min(total - max(kept, default=0), sum(gone)))


@pytest.mark.slow
def test_over_2000_random_chains_the_truth_lies_inside_and_the_widths_are_no_worse_than_published() -> None:
    """Published for one snapshot: 14 to 16 % of the chain with full sizes; with growth 0.65 %, 90 % of them 6.8 %."""
    chance, plain, grown = random.Random(SEED), [], []
    for _ in range(CHAINS):
        chain, totals = random_chain(chance)
        full, total, live = full_sizes(chain), chain.total_blocks(), chain.live
        known = KnownChain(full, total=total)
        with_growth = KnownChain(full, total=total, growth=dict(enumerate(totals, 1)))
        one, half = [chance.choice(live)], chance.sample(live, len(live) // 2)
        for numbers in (one, live[: len(live) // 2], half, live[:-1], live):
            truth, deleted = chain.freed_blocks(numbers), {str(number) for number in numbers}
            wide, tight, outer = known.freed(deleted), with_growth.freed(deleted), simple(total, full, deleted)
            assert outer.low <= wide.low <= tight.low <= truth <= tight.high <= wide.high <= outer.high
            if numbers is one:
                plain.append((wide.high - wide.low) / total)
                grown.append((tight.high - tight.low) / total)
    assert median(plain) < 0.14
    assert median(grown) < 0.0065
    assert sorted(grown)[CHAINS * 9 // 10] < 0.068


@pytest.mark.slow
@settings(max_examples=300)
@given(chain_steps(), st.integers(min_value=0), st.randoms(use_true_random=False))
def test_the_truth_lies_inside_where_snapshots_were_deleted_rolled_back_and_disks_reset_before(
    steps: list[tuple[str, int, int]], mask: int, chance: random.Random
) -> None:
    """And where only some of the earlier totals, or none of the full sizes, are known."""
    chain, readings = Chain(1, 3), {}
    for kind, a, b in steps:
        written = chain.written_blocks
        match kind:
            case "append":
                chain.append(a % 4)
            case "overwrite":
                chain.overwrite(a % (written + 1), b % (written - a % (written + 1) + 1))
            case "reset":
                chain.reset(a % 6)
            case "snapshot":
                chain.capture()
                readings[tuple(chain.live)] = chain.total_blocks()
            case "delete" if chain.live:
                chain.delete(chain.live[a % len(chain.live)])
    live = chain.live
    numbers = [number for place, number in enumerate(live) if mask >> place & 1]
    growth = {
        len(then): total
        for then, total in readings.items()
        if list(then) == live[: len(then)] and chance.random() < 0.5
    }
    full, total, deleted = full_sizes(chain), chain.total_blocks(), {str(number) for number in numbers}
    unknown: dict[str, int | None] = dict.fromkeys(full)
    truth = chain.freed_blocks(numbers)
    for known in (
        KnownChain(full, total=total),
        KnownChain(full, total=total, growth=growth),
        KnownChain(full, total=total, in_runs=False),
        KnownChain(full, total=total, listed_whole=False),
        KnownChain(full),
        KnownChain(unknown, total=total),
    ):
        assert "contradict" not in known.known_by
        assert known.freed(deleted).low <= truth <= known.freed(deleted).high


def test_deleting_a_whole_chain_frees_its_total() -> None:
    assert KnownChain({"a": None, "b": None}, total=15).freed(["a", "b"]) == Freed(15, 15)


def test_the_only_snapshot_of_a_chain_frees_its_total_without_a_full_size() -> None:
    assert KnownChain({"a": None}, total=15).freed(["a"]) == Freed(15, 15)


def test_keeping_one_snapshot_frees_the_total_less_its_full_size() -> None:
    """12 GiB, of which 3 are overwritten: the chain stores 15, and the newest snapshot alone would be 12."""
    assert KnownChain({"a": 12, "b": 12}, total=15).freed(["a"]) == Freed(3, 3)


def test_a_total_alone_bounds_one_snapshot_between_nothing_and_everything() -> None:
    assert KnownChain({"a": None, "b": None}, total=15).freed(["a"]) == Freed(0, 15)


def test_the_disk_bounds_a_snapshot_whose_full_size_is_not_told() -> None:
    assert KnownChain({"a": None, "b": None}, {"a": 4, "b": 4}, total=6).freed(["a"]) == Freed(2, 4)


def test_growth_makes_the_middle_of_three_snapshots_nearly_exact() -> None:
    """10; then 4 rewritten, total 14; then 1 more, total 15: at most that 1 of the middle's own 4 is overwritten."""
    sizes: dict[str, int | None] = {"a": 10, "b": 10, "c": 10}
    assert KnownChain(sizes, total=15, growth={2: 14}).freed(["b"]) == Freed(0, 1)
    assert KnownChain(sizes, total=15, growth={2: 14}).freed(["c"]) == Freed(1, 1)


def test_snapshots_that_are_not_listed_may_hold_everything() -> None:
    assert KnownChain({"a": 12}, total=15, listed_whole=False).freed(["a"]) == Freed(0, 12)


def test_without_a_total_or_a_size_nothing_bounds_what_is_freed() -> None:
    assert KnownChain({"a": None}).freed(["a"]) == Freed(0, math.inf)


@pytest.mark.parametrize(
    "known",
    [
        KnownChain({"a": 20, "b": 3}, total=15),
        KnownChain({"a": 5, "b": 5}, total=15),
        KnownChain({"a": 12, "b": 12}, total=15, growth={1: 11}),
        KnownChain({"a": 12, "b": 12}, total=15, one_moment=False),
    ],
    ids=["one is larger than the total", "all are smaller", "the first grew otherwise", "other times"],
)
def test_sizes_that_contradict_each_other_prove_no_more_than_the_total(known: KnownChain) -> None:
    assert known.freed(["a"]) == Freed(0, 15)
    assert "contradict" in known.known_by


def test_snapshots_of_other_chains_free_nothing_here() -> None:
    assert KnownChain({"a": 12}, total=12).freed(["z"]) == Freed(0, 0)
