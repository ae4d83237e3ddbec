"""Laws of snapshot chains, against a model that writes out every block (SNAP-2, CHAIN-1, CHAIN-2, design rule 4)."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Blocks, Reader
from strategies import chain_steps, play, stories

from ecs_images import Cloud
from ecs_images.ledger.chains import Chain

many = settings(max_examples=150)


class Both:
    """The chain of the toolkit and the brute-force model, to which the same happens."""

    def __init__(self, steps: list[tuple[str, int, int]]) -> None:
        self.chain, self.blocks = Chain(1, 3), Blocks(3)
        self.ever_held: dict[int, set[int]] = {}
        for step in steps:
            self.do(*step)

    def do(self, kind: str, a: int, b: int) -> None:
        written = len(self.blocks.content)
        match kind:
            case "append":
                self.chain.append(a % 4)
                self.blocks.append(a % 4)
            case "overwrite":
                start = a % (written + 1)
                blocks = b % (written - start + 1)
                self.chain.overwrite(start, blocks)
                self.blocks.write(start, blocks)
            case "reset":
                self.chain.reset(a % 6)
                self.blocks.reset(a % 6)
            case "snapshot":
                promised, number = self.chain.unstored_blocks(), self.chain.taken + 1
                stored = self.blocks.snapshot(number)
                assert self.chain.capture() == promised == len(stored)
                for copy in self.blocks.copies([number]):
                    self.ever_held.setdefault(copy, set()).add(number)
            case "delete" if self.chain.live:
                self.delete(self.chain.live[a % len(self.chain.live)])

    def delete(self, number: int) -> None:
        self.chain.delete(number)
        self.blocks.delete(number)

    def subset(self, mask: int) -> list[int]:
        """Some of the live snapshots, by the bits of a number."""
        return [number for k, number in enumerate(self.chain.live) if mask >> k & 1]


chains = chain_steps().map(Both)
masks = st.integers(0, 2**12 - 1)


@pytest.mark.slow
@many
@given(chains)
def test_a_chain_stores_what_a_count_of_every_block_says(both: Both) -> None:
    """CHAIN-1: the total of a chain, and what each snapshot stores, by counting distinct copies."""
    assert both.chain.live == list(both.blocks.held)
    assert both.chain.written_blocks == len(both.blocks.content)
    assert both.chain.total_blocks() == len(both.blocks.copies(both.blocks.held))


@pytest.mark.slow
@many
@given(chains)
def test_every_copy_belongs_to_one_unbroken_run_of_snapshots(both: Both) -> None:
    """Design rule 4: the runs are those of the copies, and no copy skips a snapshot and comes back."""
    expected: Counter[tuple[int, int]] = Counter()
    for held in both.ever_held.values():
        first, last = min(held), max(held)
        assert held == set(range(first, last + 1))
        expected[first, last] += 1
    runs = both.chain.runs()
    found: Counter[tuple[int, int]] = Counter()
    for first, last, blocks in zip(runs.first, runs.last, runs.blocks, strict=True):
        found[int(first), int(last)] += int(blocks)
    assert found == expected


@pytest.mark.slow
@many
@given(chains)
def test_every_live_snapshot_restores_its_whole_disk(both: Both) -> None:
    """SNAP-2: the copies whose runs reach over a snapshot are exactly its content."""
    runs = both.chain.runs()
    for number, content in both.blocks.held.items():
        reached = (runs.first <= number) & (number <= runs.last)
        assert runs.blocks[reached].sum() == len(content)


@pytest.mark.slow
@many
@given(chains)
def test_a_chain_is_no_smaller_than_its_largest_snapshot_and_no_larger_than_all_together(both: Both) -> None:
    """CHAIN-1: shared blocks are stored once."""
    contents = [len(content) for content in both.blocks.held.values()]
    assert max(contents, default=0) <= both.chain.total_blocks() <= sum(contents)


@pytest.mark.slow
@many
@given(chains, masks)
def test_what_deleting_a_set_frees_is_what_only_the_set_holds(both: Both, mask: int) -> None:
    """CHAIN-2: a copy is freed exactly when every snapshot of its run is gone."""
    chosen = both.subset(mask)
    assert both.chain.freed_blocks(chosen) == len(both.blocks.freed(chosen))
    assert both.chain.freed_blocks([]) == 0
    assert both.chain.freed_blocks(both.chain.live) == both.chain.total_blocks()


@pytest.mark.slow
@many
@given(chains, masks, masks)
def test_deleting_more_frees_no_less_and_together_no_less_than_apart(both: Both, one: int, other: int) -> None:
    """CHAIN-2: what a set frees is monotone, and superadditive over sets that do not meet."""
    freed = both.chain.freed_blocks
    assert freed(both.subset(one)) <= freed(both.subset(one | other))
    apart = freed(both.subset(one)) + freed(both.subset(other & ~one))
    assert apart <= freed(both.subset(one | other))


@pytest.mark.slow
@many
@given(chains)
def test_what_a_snapshot_holds_alone_is_what_deleting_it_alone_frees(both: Both) -> None:
    """CHAIN-2: exclusive is freed of one."""
    for number in both.chain.live:
        alone = len(both.blocks.freed([number]))
        assert both.chain.exclusive_blocks(number) == both.chain.freed_blocks([number]) == alone


@pytest.mark.slow
@many
@given(chains)
def test_what_two_snapshots_share_is_the_copies_that_both_refer_to(both: Both) -> None:
    """Design rule 4: shared content, by set arithmetic."""
    for one, other in itertools.product(both.chain.live, repeat=2):
        common = both.blocks.copies([one]) & both.blocks.copies([other])
        assert both.chain.shared_blocks(one, other) == len(common)


@pytest.mark.slow
@many
@given(chains, masks, st.randoms(use_true_random=False))
def test_deleting_a_set_in_any_order_drops_the_total_by_what_it_was_said_to_free(both: Both, mask: int, random) -> None:
    """CHAIN-2: the sum of what goes step by step is what the set frees, whatever the order."""
    chosen = both.subset(mask)
    before, freed = both.chain.total_blocks(), both.chain.freed_blocks(chosen)
    random.shuffle(chosen)
    for number in chosen:
        alone, total = both.chain.exclusive_blocks(number), both.chain.total_blocks()
        both.delete(number)
        assert both.chain.total_blocks() == total - alone
    assert both.chain.total_blocks() == before - freed


@pytest.mark.slow
@many
@given(chains, st.integers(1, 5))
def test_a_snapshot_taken_twice_stores_nothing_the_second_time(both: Both, times: int) -> None:
    """SNAP-2: only what changed since the newest snapshot is stored."""
    both.do("snapshot", 0, 0)
    total = both.chain.total_blocks()
    for _ in range(times):
        assert both.chain.unstored_blocks() == 0
        both.do("snapshot", 0, 0)
    assert both.chain.total_blocks() == total


@pytest.mark.slow
@given(stories())
def test_the_chains_of_a_story_store_what_a_count_of_every_block_says(story) -> None:
    """CHAIN-1, CHAIN-4: every chain of a cloud, imports and copies too, as read from the ledger alone."""
    cloud = play(story).cloud
    reader = Reader()
    reader.read(cloud.ledger)
    for chain_id in cloud.state.chain_snapshots:
        blocks = reader.chains[chain_id.removeprefix("sl-")]
        view = cloud.chain(chain_id)
        assert list(view.snapshots) == list(blocks.held)
        size = cloud.state.chains[chain_id].block_bytes / (1 << 30)
        assert view.total_gib == len(blocks.copies(blocks.held)) * size
        for snapshot in view.snapshots:
            assert view.exclusive_gib(snapshot) == len(blocks.freed([snapshot])) * size


@pytest.mark.slow
@given(stories(), masks)
def test_deleting_snapshots_of_a_story_drops_what_is_stored_by_what_the_cloud_foretold(story, mask: int) -> None:
    """CHAIN-2, SDEL-2: over several chains at once; snapshots behind images stay out of it."""
    cloud = play(story).cloud
    pinned = {s for image in cloud.state.images.values() if not image.deleted_at for s in image.snapshots}
    free = [s for s in cloud.state.snapshots.values() if not s.deleted_at and s.id not in pinned]
    chosen = [snapshot for k, snapshot in enumerate(free) if mask >> k % 12 & 1]
    before, freed = _stored(cloud), cloud.freed_gib([snapshot.id for snapshot in chosen])
    for snapshot in chosen:
        cloud.account(snapshot.account).delete_snapshot(snapshot.id, force=True)
    assert _stored(cloud) == before - freed


@pytest.mark.slow
@given(stories(), st.lists(masks, min_size=1, max_size=6))
def test_each_of_many_sets_frees_what_a_count_of_every_block_says(story, chosen: list[int]) -> None:
    """CHAIN-2: many sets asked for at once, over several chains; each as if only it were deleted."""
    cloud = play(story).cloud
    reader = Reader()
    reader.read(cloud.ledger)
    live = [snapshot for snapshot in cloud.state.snapshots.values() if not snapshot.deleted_at]
    sets = [[snapshot for k, snapshot in enumerate(live) if mask >> k % 12 & 1] for mask in chosen]
    counted = []
    for one in sets:
        size_bytes = 0
        for chain_id in {snapshot.chain for snapshot in one}:
            gone = [snapshot.id for snapshot in one if snapshot.chain == chain_id]
            freed = reader.chains[chain_id.removeprefix("sl-")].freed(gone)
            size_bytes += len(freed) * cloud.state.chains[chain_id].block_bytes
        counted.append(size_bytes / (1 << 30))
    assert cloud.freed_gib([[snapshot.id for snapshot in one] for one in sets]) == counted


def _stored(cloud: Cloud) -> float:
    return sum(cloud.chain(chain).total_gib for chain in cloud.state.chain_snapshots)


def test_a_disk_reinitialised_between_snapshots_is_stored_again_in_full() -> None:
    """REINIT-1, design rule 4: re-initialisation makes new versions, though the bytes may be the same."""
    cloud = Cloud(start="2026-01-15", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=12)
    stored = []
    for _ in range(3):
        acme.create_snapshot(web)
        stored.append(cloud.chain(web).total_gib)
        acme.stop_instance(web)
        acme.reinit_disk(web)
        acme.start_instance(web)
    # 12 GiB each time, nothing of it shared: 12, 24, 36.
    assert stored == [12, 24, 36]
    first, second, third = cloud.chain(web).snapshots
    assert cloud.chain(web).shared_gib(first, second) == 0
    assert cloud.chain(web).freed_gib([first, third]) == 24
    sets = [[first, third], [second], [], [third, third]]
    assert cloud.freed_gib(sets) == cloud.chain(web).freed_gib(sets) == [24, 12, 0, 12]


def test_content_captured_again_after_all_snapshots_went_is_a_new_copy() -> None:
    """Design rule 4: with no live snapshot the next one stores every written block."""
    both = Both([("snapshot", 0, 0), ("snapshot", 0, 0)])
    both.delete(1)
    both.delete(2)
    assert both.chain.total_blocks() == 0
    # 3 blocks are on the disk.
    assert both.chain.unstored_blocks() == 3
    both.do("snapshot", 0, 0)
    assert both.chain.total_blocks() == 3
    assert both.chain.shared_blocks(3, 3) == 3


@pytest.mark.parametrize(("deleted", "left"), [(1, 5), (2, 6), (3, 6)])
def test_the_page_s_chain_of_seven_blocks_keeps_what_the_next_snapshot_needs(deleted: int, left: int) -> None:
    """CHAIN-2, CHAIN-EX-1: S1 = A,B,C,D; S2 = B1,C1; S3 = B2, seven blocks in all; one of the three is deleted."""
    both = Both([("append", 1, 0), ("snapshot", 0, 0)])
    for step in (("overwrite", 1, 2), ("snapshot", 0, 0), ("overwrite", 1, 1), ("snapshot", 0, 0)):
        both.do(*step)
    assert both.chain.total_blocks() == 7
    both.delete(deleted)
    assert both.chain.total_blocks() == len(both.blocks.copies(both.blocks.held)) == left
