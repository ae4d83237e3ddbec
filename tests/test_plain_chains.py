"""Plain chains are computed over columns, and store exactly what the state says (CHAIN-1, CHAIN-2, design rule 4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import play, stories

from ecs_images import Ledger, measure
from ecs_images.billing.metering import billing_window, usage_of
from ecs_images.ledger import events as ev
from ecs_images.ledger.plain_chains import PlainChains, plain_chains
from ecs_images.units import parse_time

START = parse_time("2026-01-15T10:00")
DISKS = "d-1", "d-2"
FIRST = ev.CloudStarted(at=START, block_bytes=1 << 30, durations="instant")
OPENED = ev.AccountOpened(at=START, account="acme", site="china")

Step = tuple[str, int, int, int]


def created(disk: str, written: int = 6) -> ev.DiskCreated:
    return ev.DiskCreated(
        at=START,
        disk=disk,
        account="acme",
        region="cn-beijing",
        instance=None,
        kind="data",
        size_gib=200,
        written_blocks=written,
        initial_blocks=0,
    )


def snapshot(name: str, disk: str = "d-1", **more: object) -> ev.SnapshotStarted:
    taken = ev.SnapshotStarted(at=START, snapshot=name, disk=disk, name="", finishes_at=START)
    return replace(taken, **more)  # type: ignore[arg-type]


BEGUN = FIRST, OPENED, created("d-1")
OVERWRITTEN = ev.DiskWritten(at=START, disk="d-1", appended=0, start=2, overwritten=3)
AGAIN = replace(OVERWRITTEN, start=4, overwritten=2)
DELETED = ev.SnapshotDeleted(at=START, snapshot="s-1")


def told(steps: list[Step]) -> Ledger:
    """The ledger of two disks of 6 blocks to which these steps happen, an hour apart."""
    events: list[ev.Event] = [FIRST, OPENED, *map(created, DISKS)]
    written, live, taken = dict.fromkeys(DISKS, 6), {disk: list[str]() for disk in DISKS}, 0
    for number, (kind, which, a, b) in enumerate(steps, 1):
        disk, at = DISKS[which], START + timedelta(hours=number)
        match kind:
            case "write":
                start = a % written[disk]
                blocks = b % (written[disk] - start + 1)
                events.append(ev.DiskWritten(at=at, disk=disk, appended=a % 3, start=start, overwritten=blocks))
                written[disk] += a % 3
            case "snapshot":
                taken += 1
                live[disk].append(f"s-{taken}")
                events.append(ev.SnapshotStarted(at=at, snapshot=f"s-{taken}", disk=disk, name="", finishes_at=at))
            case "delete" if live[disk]:
                events.append(ev.SnapshotDeleted(at=at, snapshot=live[disk].pop(a % len(live[disk]))))
            case _:
                pass
    return Ledger(events)


def runs_of(chains: PlainChains) -> dict[str, Counter[tuple[int, int]]]:
    """The blocks of each run, by disk."""
    found = {disk: Counter[tuple[int, int]]() for disk in chains.disks}
    for chain, first, last, blocks in zip(chains.chain, chains.first, chains.last, chains.blocks, strict=True):
        found[chains.disks[chain]][int(first), int(last)] += int(blocks)
    return found


def by_copy(usage: pd.DataFrame) -> pd.DataFrame:
    """A usage table in an order that does not depend on how it was made, text as text."""
    texts = {name: usage[name].astype(str) for name in usage if usage[name].dtype == "category"}
    return usage.assign(**texts).sort_values([*usage.columns], ignore_index=True)


def assert_measured_as_by_the_state(ledger: Ledger, until: object) -> None:
    window = billing_window(ledger, until, None)
    by_state = usage_of(ledger, ledger.replay(), window, {})
    pd.testing.assert_frame_equal(by_copy(measure(ledger, until=until)), by_copy(by_state))


def test_what_a_write_overwrites_is_held_until_the_newest_snapshot_before_it() -> None:
    """The example of the module: blocks 2..5 and then 4..6 of a disk of 6 are overwritten."""
    ledger = Ledger([*BEGUN, snapshot("s-1"), OVERWRITTEN, snapshot("s-2"), AGAIN, snapshot("s-3")])
    chains, state = plain_chains(ledger)
    assert runs_of(chains) == {"d-1": {(1, 3): 2, (1, 2): 1, (1, 1): 3, (2, 3): 2, (2, 2): 1, (3, 3): 2}}
    assert not state.snapshots
    assert state.disks == ledger.replay().disks


def test_a_snapshot_after_the_newest_one_was_deleted_makes_a_chain_that_the_state_keeps() -> None:
    """Snapshot 2 stores all 6 blocks again, which snapshot 1 alone held."""
    chains, state = plain_chains(Ledger([*BEGUN, snapshot("s-1"), DELETED, snapshot("s-2")]))
    assert chains.disks == []
    assert list(state.snapshots) == ["s-1", "s-2"]


@pytest.mark.parametrize(
    "events",
    [
        [replace(OVERWRITTEN, disk="d-9")],
        [snapshot("s-1", disk="d-9")],
        [DELETED],
        [DELETED, snapshot("s-1")],
        [snapshot("s-1"), DELETED, DELETED],
        [snapshot("s-1"), snapshot("s-1"), OVERWRITTEN],
        [snapshot("s-1"), created("d-1"), snapshot("s-2")],
        [created("d-2"), created("d-2"), snapshot("s-1", disk="d-2")],
        [snapshot("s-1"), ev.SnapshotFinished(at=START, snapshot="s-1")],
        [snapshot("s-1", finishes_at=START + timedelta(hours=1)), ev.SnapshotFinished(at=START, snapshot="s-1")],
        [snapshot("s-1"), ev.SnapshotFailed(at=START, snapshot="s-1"), OVERWRITTEN],
        [ev.DiskReleased(at=START, disk="d-1"), snapshot("s-1")],
        [snapshot("s-1"), replace(OVERWRITTEN, start=5), snapshot("s-2")],
        [snapshot("s-1"), replace(OVERWRITTEN, overwritten=-1), snapshot("s-2")],
        [snapshot("s-1"), ev.DiskRolledBack(at=START, disk="d-1", snapshot="s-1"), snapshot("s-2")],
    ],
)
def test_what_cannot_have_happened_is_measured_as_by_the_state_or_fails_as_it_does(events: list[ev.Event]) -> None:
    """Events in memory are trusted; those that fit no chain are left to the state, whatever it makes of them."""
    ledger, until = Ledger([*BEGUN, *events]), START + timedelta(days=1)
    try:
        ledger.replay()
    except (KeyError, ValueError, IndexError) as error:
        with pytest.raises(type(error)):
            measure(ledger, until=until)
    else:
        assert_measured_as_by_the_state(ledger, until)


steps = st.lists(
    st.tuples(
        st.sampled_from(("write", "write", "snapshot", "snapshot", "delete")),
        st.integers(0, 1),
        st.integers(0, 11),
        st.integers(0, 11),
    ),
    max_size=40,
)


@pytest.mark.slow
@settings(max_examples=200)
@given(steps)
def test_random_chains_store_what_the_state_says_they_do(chosen: list[Step]) -> None:
    """Chains whose newest snapshot is deleted before the next one are not plain, and none is lost or told twice."""
    ledger = told(chosen)
    chains, state = plain_chains(ledger)
    whole = ledger.replay()
    for disk in DISKS:
        chain = whole.chains[f"sl-{disk}"]
        runs = chain.runs()
        pairs = zip(runs.first.tolist(), runs.last.tolist(), strict=True)
        expected = Counter(dict(zip(pairs, runs.blocks.tolist(), strict=True)))
        is_there = f"sl-{disk}" in state.chain_snapshots
        assert is_there + (disk in chains.disks) == bool(chain.taken)
        if disk in chains.disks:
            assert runs_of(chains)[disk] == expected
        else:
            assert state.chain_snapshots.get(f"sl-{disk}") == whole.chain_snapshots.get(f"sl-{disk}")
    if chains.disks or state.chain_snapshots:
        assert_measured_as_by_the_state(ledger, START + timedelta(days=30))


@pytest.mark.slow
@settings(max_examples=100)
@given(stories())
def test_whatever_happens_in_a_story_is_measured_as_by_the_state(story: object) -> None:
    played = play(story)  # type: ignore[arg-type]
    assert_measured_as_by_the_state(played.cloud.ledger, played.until)
