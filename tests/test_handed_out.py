"""What a cloud hands out cannot be changed by whoever holds it, and threads may share a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from threading import Barrier

import pytest
from helpers import golden_image, machine
from strategies import fingerprint, tables

from ecs_images import Account, Cloud
from ecs_images.ledger.chains import Chain
from ecs_images.ledger.state import State


def tables_of(state: State) -> dict[str, Mapping[object, object]]:
    values = {part.name: getattr(state, part.name) for part in fields(state) if not part.name.startswith("_")}
    return {name: value for name, value in values.items() if isinstance(value, Mapping)}


def test_no_table_of_a_cloud_s_state_can_be_changed(cloud: Cloud, acme: Account) -> None:
    """Design ground rule 1: only commands and the clock change a cloud."""
    golden_image(acme)
    before = fingerprint(cloud)
    found = tables_of(cloud.state)
    assert {"images", "snapshots", "chains", "accounts", "pending", "last_numbers", "assume"} < found.keys()
    for table in found.values():
        with pytest.raises(TypeError):
            table["m-1"] = "mine"  # type: ignore[index]
        for method in ("clear", "pop", "update", "setdefault", "popitem"):
            assert not hasattr(table, method)
    assert fingerprint(cloud) == before


def test_no_record_of_a_cloud_s_state_can_be_changed(cloud: Cloud, acme: Account) -> None:
    image = cloud.image(golden_image(acme))
    state = cloud.state
    tables = state.accounts, state.disks, state.instances, state.snapshots, state.images
    for record in (record for table in tables for record in table.values()):
        with pytest.raises((AttributeError, TypeError)):
            record.region = "cn-hangzhou"  # type: ignore[misc, union-attr]
    assert isinstance(image.shared_with, frozenset)


def test_a_chain_of_a_cloud_s_state_is_a_copy(cloud: Cloud, acme: Account) -> None:
    """CHAIN-1: whatever is done to it, the cloud's own still stores 12 GiB."""
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    acme.copy_snapshot(snapshot, to="cn-shanghai")
    before = fingerprint(cloud)
    for chain in cloud.state.chains.values():
        chain.delete(1)
        if isinstance(chain, Chain):
            chain.append(100)
    assert fingerprint(cloud) == before
    assert cloud.chain(web).total_gib == 12


def test_a_state_of_the_past_that_was_handed_out_changes_nothing_for_who_asks_next(cloud: Cloud, acme: Account) -> None:
    """Not by its tables, nor by a chain or a list of snapshots, which are copies."""
    snapshot = acme.create_snapshot(machine(acme))
    before = tables(cloud.ledger.state_at(cloud.now))
    state = cloud.ledger.state_at(cloud.now)
    for table in tables_of(state).values():
        with pytest.raises(TypeError):
            table["m-1"] = "mine"  # type: ignore[index]
    chain = state.snapshots[snapshot].chain
    state.chains[chain].delete(1)
    state.chain_snapshots[chain].append("s-mine")
    assert tables(cloud.ledger.state_at(cloud.now)) == before


def test_the_snapshots_of_a_chain_are_handed_out_as_a_copy(cloud: Cloud, acme: Account) -> None:
    """Neither who holds the list nor a fork that takes one more changes what the cloud has: one snapshot."""
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    (chain,) = cloud.state.chain_snapshots
    twin = cloud.fork()
    cloud.state.chain_snapshots[chain].append("s-mine")
    more = twin.account("acme").create_snapshot(web)
    assert list(cloud.state.chain_snapshots[chain]) == [snapshot]
    assert list(twin.state.chain_snapshots[chain]) == [snapshot, more]


def test_a_ledger_of_a_cloud_cannot_be_changed(cloud: Cloud, acme: Account) -> None:
    golden_image(acme)
    ledger, before = cloud.ledger, list(cloud.ledger)
    for method in ("append", "extend", "insert", "pop", "clear", "sort", "reverse"):
        assert not hasattr(ledger, method)
    with pytest.raises(TypeError):
        ledger[0] = ledger[1]  # type: ignore[index]
    with pytest.raises(TypeError):
        del ledger[0]  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        ledger[0].at = ledger[1].at  # type: ignore[misc]
    assert list(cloud.ledger) == before


def test_eight_threads_make_as_many_snapshots_as_ids(cloud: Cloud, acme: Account) -> None:
    """A command waits until the one before it is done."""
    machines = [machine(acme) for _ in range(8)]
    start = Barrier(8)

    def snapshots(web: str) -> list[str]:
        start.wait()
        made = []
        for _ in range(40):
            acme.write(web, overwrite=1)
            made.append(acme.create_snapshot(web))
        return made

    with ThreadPoolExecutor(8) as pool:
        made = [snapshot for found in pool.map(snapshots, machines) for snapshot in found]
    assert len(made) == len(set(made)) == len(cloud.state.snapshots) == 8 * 40
    assert [cloud.chain(web).total_gib for web in machines] == [12 + 39] * 8
    assert tables(cloud.ledger.replay()) == tables(cloud.state)


def test_threads_that_fork_and_command_one_cloud_do_not_disturb_each_other(cloud: Cloud, acme: Account) -> None:
    """A fork taken while others command is whole: it is what its own ledger says."""
    machines = [machine(acme) for _ in range(4)]

    def fork_and_go_on(web: str) -> list[Cloud]:
        forks = []
        for _ in range(10):
            acme.create_snapshot(web)
            forks.append(cloud.fork())
            forks[-1].account("acme").create_snapshot(web)
        return forks

    with ThreadPoolExecutor(4) as pool:
        forks = [fork for found in pool.map(fork_and_go_on, machines) for fork in found]
    assert len(cloud.state.snapshots) == 40
    for one in (cloud, *forks):
        assert tables(one.ledger.replay()) == tables(one.state)
