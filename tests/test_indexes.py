"""What the state finds by an index is what a look at every record finds, in the same order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from strategies import Played, Story, commands, go_on, play, stories

from ecs_images import Account, Cloud
from ecs_images.ledger.state import State

Groups = dict[tuple[object, ...], list[str]]


def found_by_looking_at_all(state: State) -> Groups:
    """The groups that commands ask for, by table and key, from every record that ever was."""
    groups: Groups = {}

    def add(name: str, *key: object) -> None:
        groups.setdefault(key, []).append(name)

    for image in state.images.values():
        there = image.account, image.region
        if not image.deleted_at:
            add(image.id, "images", "region", *there)
            add(image.id, "images", "name", *there, image.name)
            if image.family:
                add(image.id, "images", "family", *there, image.family)
            for receiver in image.shared_with:
                add(image.id, "images", "receiver", receiver)
            for snapshot in image.snapshots if image.status != "CreateFailed" else ():
                add(image.id, "images", "snapshot", snapshot)
        if image.made_from == "copy" and image.status in ("Waiting", "Creating"):
            add(image.id, "images", "copy of", image.source)
            add(image.id, "images", "copy", *there, image.status)
    for disk in state.disks.values():
        if disk.snapshot and not disk.released_at:
            add(disk.id, "disks", "snapshot", disk.snapshot)
    for snapshot in state.snapshots.values():
        if snapshot.id in state.pending and snapshot.disk:
            add(snapshot.id, "snapshots", "under way", snapshot.disk)
    for instance in state.instances.values():
        if instance.status != "Released":
            add(instance.id, "instances", "image", instance.image)
            if instance.purchase:
                add(instance.id, "instances", "purchase", instance.purchase)
    for files in state.files.values():
        add(files.id, "files", "source", files.source)
    for bought in state.purchases.values():
        if not bought.refunded_at:
            add(bought.id, "purchases", "product", bought.account, bought.region, bought.product)
    for policy in state.policies.values():
        if not policy.deleted_at:
            add(policy.id, "policies", "region", policy.account, policy.region)
        for applied in policy.disks:
            add(policy.id, "policies", "disk", applied)
    for name, due in state.pending.items():
        add(name, "pending", "due", due)
    return groups


def assert_indexes_are_true(cloud: Cloud) -> None:
    """Each group of every index, in order; and none beside those."""
    for state in cloud.state, cloud.ledger.replay():
        state.index.build()
        expected = found_by_looking_at_all(state)
        found = {
            (table, *key): list(getattr(state.index, table).of(*key))
            for table in state.index.__slots__
            for key in getattr(state.index, table)._groups
        }
        assert found == expected
        families = {key[2:4] for key in expected if key[1] == "family"}
        for there in families:
            names = {key[4] for key in expected if key[1:4] == ("family", *there)}
            assert state.index.images.count_within("family", *there) == len(names)


@pytest.mark.slow
@settings(max_examples=60)
@given(stories(20), commands(8), commands(8))
def test_every_index_is_what_a_look_at_all_records_finds(story: Story, one: object, other: object) -> None:
    """After any story, and on both sides of a fork that went on for itself."""
    played = play(story)
    twin = Played(played.cloud.fork(), played.names)
    go_on(played, one)
    go_on(twin, other)
    assert_indexes_are_true(played.cloud)
    assert_indexes_are_true(twin.cloud)


def test_an_image_that_joins_a_family_late_is_no_newer_for_that(cloud: Cloud, acme: Account) -> None:
    """FAM-1: the newest image of a family is the one created last, whenever it joined."""
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", written=12)
    old = acme.create_image(web)
    new = acme.create_image(web, family="golden")
    acme.modify_image(old, family="golden")
    assert list(cloud.state.index.images.of("family", "acme", "cn-beijing", "golden")) == [old, new]
    started = acme.run_instance(region="cn-beijing", image="golden")
    assert cloud.instance(started).image == new
    assert_indexes_are_true(cloud)


def test_a_fork_that_deletes_an_image_leaves_the_others_index(cloud: Cloud, acme: Account) -> None:
    """CREATE-11: the name is free in the fork, and still taken in the cloud."""
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", written=12)
    golden = acme.create_image(web, name="golden")
    fork = cloud.fork()
    fork.account("acme").delete_image(golden)
    assert list(cloud.state.index.images.of("name", "acme", "cn-beijing", "golden")) == [golden]
    assert list(fork.state.index.images.of("name", "acme", "cn-beijing", "golden")) == []
    assert_indexes_are_true(cloud)
    assert_indexes_are_true(fork)
