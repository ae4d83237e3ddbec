"""Forks share what exists until one of the two changes it; nothing done to one is ever seen in the other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Command, Played, Story, commands, fingerprint, go_on, play, stories, tables

from ecs_images import Account, Cloud
from ecs_images.ledger.chains import CopiedChain

Moves = list[tuple[bool, int, tuple[Command, ...]]]
"""Whether to fork first, whose turn it is, and what is commanded."""

moves: st.SearchStrategy[Moves] = st.lists(st.tuples(st.booleans(), st.integers(0, 9), commands(8)), max_size=6)


def assert_is_its_ledger(cloud: Cloud) -> None:
    """Every table, every chain's runs, and what each chain of copies reads its runs off."""
    state = cloud.state
    assert tables(cloud.ledger.replay()) == tables(state)
    copies = {name: chain for name, chain in state.chains.items() if isinstance(chain, CopiedChain)}
    of = {name: original for original, names in state.copied_to.items() for name in names}
    assert copies.keys() == of.keys()
    for name, chain in copies.items():
        runs, expected = chain.original.runs(), state.chains[of[name]].runs()
        assert [*map(list, (runs.first, runs.last, runs.blocks))] == [
            *map(list, (expected.first, expected.last, expected.blocks))
        ]


@pytest.mark.slow
@settings(max_examples=40)
@given(stories(20), moves)
def test_each_of_many_forks_is_what_its_own_ledger_says(story: Story, moves: Moves) -> None:
    """Design ground rule 1: after forks of forks at random points and more commands on all sides."""
    clouds = [play(story)]
    for fork_first, whose, more in moves:
        turn = clouds[whose % len(clouds)]
        if fork_first:
            clouds.append(Played(turn.cloud.fork(), turn.names))
        others = [(other, fingerprint(other.cloud)) for other in clouds if other is not turn]
        go_on(turn, more)
        assert turn.changed_by_refusal == []
        assert [other for other, before in others if fingerprint(other.cloud) != before] == []
    for played in clouds:
        assert_is_its_ledger(played.cloud)


def test_copies_made_in_a_fork_follow_the_forks_own_original(cloud: Cloud, acme: Account) -> None:
    """SCOPY-2: 12 GiB copied, then each side writes and copies its own: 2 and 5 GiB more."""
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", written=12)
    first = acme.copy_snapshot(acme.create_snapshot(web), to="cn-shanghai")
    sides = [(cloud, 2), (cloud.fork(), 5)]
    for side, gib in sides:
        owner = side.account("acme")
        owner.write(web, overwrite=gib)
        owner.copy_snapshot(owner.create_snapshot(web), to="cn-shanghai")
    for side, gib in sides:
        assert side.chain(web).total_gib == side.chain(first).total_gib == 12 + gib
        assert_is_its_ledger(side)


def test_a_fork_of_a_fork_does_not_change_what_both_share(cloud: Cloud, acme: Account) -> None:
    """Three clouds over one chain: whoever writes first copies it, and the other two go on sharing."""
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", written=12)
    acme.create_snapshot(web)
    clouds = [cloud, cloud.fork()]
    clouds.append(clouds[1].fork())
    for number, one in enumerate(clouds, 1):
        owner = one.account("acme")
        owner.write(web, overwrite=number)
        owner.create_snapshot(web)
    assert [one.chain(web).total_gib for one in clouds] == [13, 14, 15]
