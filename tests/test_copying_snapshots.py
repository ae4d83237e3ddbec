"""Copying snapshots to another region: what is sent, what is stored there, what it costs (SCOPY-1 to SCOPY-3)."""

from __future__ import annotations

import pytest
from helpers import HANGZHOU, refused, unusable
from hypothesis import given, settings
from hypothesis import strategies as st

from ecs_images import Account, Cloud, PriceNotFound, bill
from ecs_images.charts.chain import Blocks
from ecs_images.ledger import events as ev
from ecs_images.ledger.chains import Chain, CopiedChain

QINGDAO = "cn-qingdao"


def data_disk(cloud: Cloud, account: Account, written: float) -> str:
    """A data disk of 200 GiB in Hangzhou."""
    disks = [{"size": 200, "written": written}]
    instance = account.run_instance(region=HANGZHOU, image="aliyun_3", written=12, data_disks=disks)
    return cloud.instance(instance).data_disks[0]


def test_a_copy_costs_its_traffic_once_and_then_its_storage(cloud: Cloud, acme: Account) -> None:
    """SNAP-EX-8, SCOPY-3: 100 GiB from Hangzhou to Qingdao at 0.5, kept 30 days at 0.12 there and here."""
    original = acme.create_snapshot(data_disk(cloud, acme, 100))
    copy = acme.copy_snapshot(original, to=QINGDAO)
    found = bill(cloud, until="2026-02-14")
    costs = {(row.region_id, row.sku_meter): row.list_cost for row in found.by("region", "meter").itertuples()}
    assert costs == {
        (HANGZHOU, "snapshot_copy_traffic"): pytest.approx(50),
        (HANGZHOU, "snapshot_standard"): pytest.approx(12),
        (QINGDAO, "snapshot_standard"): pytest.approx(12),
    }
    assert found.explain(copy).total == pytest.approx(62)
    assert found.attribute("snapshot")["list_cost"].sum() == pytest.approx(found.total())


def test_the_first_copy_is_full_and_later_ones_bring_what_changed(cloud: Cloud, acme: Account) -> None:
    """SCOPY-2: 100 GiB, then 7 overwritten and 3 new: 10 GiB are sent and the copies store 110."""
    disk = data_disk(cloud, acme, 100)
    first = acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    acme.write(disk, overwrite=7, new=3)
    second = acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    chain = cloud.chain(second)
    assert chain.snapshots == (first, second)
    assert (chain.total_gib, chain.shared_gib(first, second)) == (110, 93)
    assert (chain.exclusive_gib(first), chain.exclusive_gib(second)) == (7, 10)
    traffic = bill(cloud, until="2026-02-14").by("meter").set_index("sku_meter")["list_cost"]
    assert traffic["snapshot_copy_traffic"] == pytest.approx(110 * 0.5)


@pytest.mark.parametrize(
    ("day", "to", "allowed"),
    [
        ("2021-07-05", "cn-hongkong", False),
        ("2021-07-05", QINGDAO, True),
        ("2023-01-01", "cn-hongkong", True),  # between the sightings the newer is taken, and named (UNK-18)
        ("2025-11-21", "cn-hongkong", True),
    ],
)
def test_a_snapshot_could_not_always_leave_the_mainland(day: str, to: str, allowed: bool) -> None:
    """SCOPY-4: in 2021 copies were made inside the mainland, or among regions outside it."""
    cloud = Cloud(start=day)
    acme = cloud.account("acme")
    snapshot = acme.create_snapshot(acme.run_instance(region=HANGZHOU, image="aliyun_3", written=12))
    if not allowed:
        with refused(cloud, "InvalidUser.NotInWhiteList", operation="CopySnapshot"):
            acme.copy_snapshot(snapshot, to=to)
        return
    acme.copy_snapshot(snapshot, to=to)
    assert (("UNK-18" in cloud.ledger[-1].assumed), day == "2023-01-01") in [(True, True), (False, False)]


def test_a_copy_does_not_need_its_original_any_more(cloud: Cloud, acme: Account) -> None:
    """SCOPY-1: a copy has its own id and life; only what the newest live copy holds is not sent again."""
    disk = data_disk(cloud, acme, 100)
    original = acme.create_snapshot(disk)
    copy = acme.copy_snapshot(original, to=QINGDAO)
    acme.delete_snapshot(original)
    assert cloud.chain(copy).total_gib == 100
    acme.delete_snapshot(copy)
    again = acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    assert cloud.chain(again).total_gib == 100


def newer_then_older(cloud: Cloud) -> tuple[str, str]:
    """Copies of a snapshot of 100 GiB and of an older one, from which 10 overwritten GiB differ."""
    acme = cloud.account("acme")
    disk = data_disk(cloud, acme, 100)
    older = acme.create_snapshot(disk)
    acme.write(disk, overwrite=10)
    newer = acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    return newer, acme.copy_snapshot(older, to=QINGDAO)


def sent_gib(cloud: Cloud) -> list[int]:
    return [event.copied_bytes >> 30 for event in cloud.ledger if isinstance(event, ev.SnapshotCopied)]


def test_an_older_snapshot_copied_late_sends_what_the_region_lacks() -> None:
    """UNK-15: of 100 GiB the region lacks the 10 that were overwritten; both copies share 90."""
    cloud = Cloud(start="2026-01-15")
    newer, late = newer_then_older(cloud)
    assert sent_gib(cloud) == [100, 10]
    chain = cloud.chain(late)
    assert chain.snapshots == (newer, late)
    assert (chain.total_gib, chain.shared_gib(newer, late)) == (110, 90)
    assert (chain.exclusive_gib(newer), chain.exclusive_gib(late)) == (10, 10)
    found = bill(cloud, until="2026-02-14")
    traffic = found.by("meter").set_index("sku_meter")["list_cost"]
    assert traffic["snapshot_copy_traffic"] == pytest.approx(110 * 0.5)
    assert "UNK-15" in set(found.assumptions()["assumption"])
    cloud.account("acme").delete_snapshot(newer)
    assert cloud.chain(late).total_gib == 100


def test_an_older_snapshot_copied_late_is_sent_whole_if_that_is_supposed() -> None:
    """UNK-15: the other reading; it begins a chain of its own, so 100 GiB are sent and stored twice."""
    cloud = Cloud(start="2026-01-15", assume={"UNK-15": "whole"})
    newer, late = newer_then_older(cloud)
    assert sent_gib(cloud) == [100, 100]
    assert cloud.snapshot(late).chain != cloud.snapshot(newer).chain
    assert cloud.chain(newer).total_gib == cloud.chain(late).total_gib == 100
    assert "UNK-15" in set(bill(cloud, until="2026-02-14").assumptions()["assumption"])


def test_copies_in_order_of_the_disk_do_not_rest_on_the_open_question(cloud: Cloud, acme: Account) -> None:
    """UNK-15 is named where an older one comes after a newer one only."""
    disk = data_disk(cloud, acme, 100)
    for _ in range(2):
        acme.copy_snapshot(acme.create_snapshot(disk), to=QINGDAO)
    assert "UNK-15" not in set(bill(cloud, until="2026-02-14").assumptions()["assumption"])


def first_third_second(cloud: Cloud) -> list[str]:
    """Of a disk of 100 GiB whose first 10, then first 30 are overwritten: copies of snapshots 1, 3 and 2."""
    acme = cloud.account("acme")
    disk = data_disk(cloud, acme, 100)
    taken = [acme.create_snapshot(disk)]
    for changed in (10, 30):
        acme.write(disk, overwrite=changed)
        taken.append(acme.create_snapshot(disk))
    return [acme.copy_snapshot(taken[n], to=QINGDAO) for n in (0, 2, 1)]


def test_what_the_region_lacks_is_looked_for_in_all_its_copies() -> None:
    """UNK-15: snapshot 2 has 10 GiB of its own, 20 of snapshot 1 that 3 lacks, and 70 of both: 10 are sent."""
    cloud = Cloud(start="2026-01-15")
    first, third, second = first_third_second(cloud)
    assert sent_gib(cloud) == [100, 30, 10]
    chain = cloud.chain(second)
    assert chain.total_gib == 140
    assert [chain.shared_gib(first, second), chain.shared_gib(third, second)] == [90, 70]
    assert chain.shared_gib(first, third) == 70
    assert [chain.exclusive_gib(name) for name in (first, third, second)] == [10, 30, 10]
    assert chain.alone_gib(after=[first]) == {first: 0, third: 30, second: 30}
    assert chain.freed_gib([first, second]) == 40
    table = cloud.block_map(second)
    skipping = table[table["x_skipped_snapshots"] == "2"]
    assert skipping[["x_snapshot_id", "x_stored_gib", "x_holders"]].values.tolist() == [[first, 20, 2], [second, 20, 2]]
    # Two runs go from copy 1 to copy 3, and one of them skips copy 2; the picture keeps them apart.
    groups = {group.holders: group.width for group in Blocks(table).groups}
    assert groups[frozenset({first, second})] == 20
    assert groups[frozenset({first, second, third})] == 70


def test_what_two_copies_share_is_paid_until_both_are_deleted_and_not_by_the_one_between() -> None:
    """UNK-15: 140 GiB in the first hour; snapshot 1 goes, which frees 10; snapshot 2 goes, which frees 30 more."""
    cloud = Cloud(start="2026-01-15T10:00")
    first, third, second = first_third_second(cloud)
    acme = cloud.account("acme")
    for name in (first, second):
        cloud.advance(hours=1)
        acme.delete_snapshot(name)
    cloud.advance(hours=1)
    found = bill(cloud, until="2026-01-15T13:00").capacity("hour", "snapshot")
    hours = [rows.set_index("x_snapshot_id")["x_stored_gib"] for _, rows in found.groupby("x_period_start")]
    # Snapshot 1: 10 alone, half of 20 and a third of 70; snapshot 2 the same; snapshot 3: 30 alone and a third of 70.
    assert [hours[0][name] for name in (first, third, second)] == pytest.approx([20 + 70 / 3, 30 + 70 / 3, 20 + 70 / 3])
    # Without snapshot 1, snapshot 2 has 10 + 20 alone and half of 70.
    assert [hours[1][name] for name in (first, third, second)] == pytest.approx([0, 65, 65])
    assert [hours[2][name] for name in (first, third, second)] == pytest.approx([0, 100, 0])


def test_copied_snapshots_make_an_image_in_the_other_region(cloud: Cloud, acme: Account) -> None:
    """COPY-9, CREATE-8: the image only pins the copies; nothing more is stored."""
    web = acme.run_instance(region=HANGZHOU, image="aliyun_3", system_disk=40, written=12)
    copy = acme.copy_snapshot(acme.create_snapshot(web), to=QINGDAO)
    image = acme.create_image(snapshot=copy, name="from-copy")
    assert cloud.image(image).region == QINGDAO
    assert cloud.chain(copy).total_gib == 12
    with refused(cloud, "SnapshotCreatedImage", operation="DeleteSnapshot"):
        acme.delete_snapshot(copy)


def test_what_is_not_finished_or_not_ones_own_is_not_copied() -> None:
    """SCOPY-1: the source must be finished; another account's is unknown."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme, bob = cloud.account("acme"), cloud.account("bob")
    snapshot = acme.create_snapshot(data_disk(cloud, acme, 100))
    with refused(cloud, "InvalidSnapshotId.NotReady", operation="CopySnapshot"):
        acme.copy_snapshot(snapshot, to=QINGDAO)
    cloud.wait(snapshot)
    with refused(cloud, "InvalidSnapshotId.NotFound", operation="CopySnapshot"):
        bob.copy_snapshot(snapshot, to=QINGDAO)
    with refused(cloud, "InvalidRegionId.NotFound", operation="CopySnapshot"):
        acme.copy_snapshot(snapshot, to="cn-qingdoa")
    with unusable(cloud):
        acme.copy_snapshot(snapshot, to=HANGZHOU)
    copy = acme.copy_snapshot(snapshot, to=QINGDAO)
    assert cloud.snapshot(copy).status == "progressing"
    cloud.wait(copy)
    assert cloud.snapshot(copy).status == "accomplished"


def test_a_pair_of_regions_without_a_price_is_named(cloud: Cloud, acme: Account) -> None:
    """Ground rule 8: from Hangzhou a price is known to Qingdao only."""
    acme.copy_snapshot(acme.create_snapshot(data_disk(cloud, acme, 100)), to="cn-shanghai")
    with pytest.raises(PriceNotFound, match="snapshot_copy_traffic to cn-shanghai in cn-hangzhou on 2026-01-15"):
        bill(cloud, until="2026-02-14").total()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 5), st.integers(1, 4)),
        st.tuples(st.just("snapshot"), st.just(0), st.just(0)),
        st.tuples(st.just("copy"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("delete"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("delete copy"), st.integers(0, 9), st.just(0)),
    ),
    max_size=30,
)


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=200)
@given(steps)
def test_the_copies_of_a_chain_agree_with_whole_block_maps(played: list[tuple[str, int, int]]) -> None:
    """SCOPY-2, design rule 4, against a dictionary of blocks for every snapshot and copy."""
    disk, chain = dict.fromkeys(range(4), 0), Chain(1, 4)
    copies, version = CopiedChain(chain), 0
    # For each original: block -> (version, the snapshot that stored it), by rule 4.
    originals: dict[int, dict[int, tuple[int, int]]] = {}
    stored: dict[int, dict[int, tuple[tuple[int, int], int]]] = {}  # copy -> block -> (that, the copy that brought it)
    for what, number, size in played:
        if what == "write":
            version += 1
            start = min(number, 4 - 1)
            size = min(size, 4 - start)
            disk |= dict.fromkeys(range(start, start + size), version)
            chain.overwrite(start, size)
        elif what == "snapshot":
            newest = originals[chain.live[-1]] if chain.live else {}
            taken = chain.taken + 1
            originals[taken] = {
                block: newest[block] if block in newest and newest[block][0] == seen else (seen, taken)
                for block, seen in disk.items()
            }
            chain.capture()
        elif what == "delete" and chain.live:
            chain.delete(chain.live[number % len(chain.live)])
        elif what == "delete copy" and copies.live:
            gone = copies.live[number % len(copies.live)]
            copies.delete(gone)
            del stored[gone]
        elif what == "copy" and chain.live:
            original = chain.live[number % len(chain.live)]
            there = {(block, copy[0]): copy for blocks in stored.values() for block, copy in blocks.items()}
            taken = copies.taken + 1
            held = {block: there.get((block, seen), (seen, taken)) for block, seen in originals[original].items()}
            sent = sum(brought == taken for _, brought in held.values())
            assert copies.unstored_blocks(original) == sent
            copies.capture(original)
            stored[taken] = held
        kept = {(block, *copy) for blocks in stored.values() for block, copy in blocks.items()}
        assert copies.total_blocks() == len(kept)
        for one in copies.live:
            others = {(b, *c) for n, blocks in stored.items() if n != one for b, c in blocks.items()}
            alone = {(b, *c) for b, c in stored[one].items()} - others
            assert copies.exclusive_blocks(one) == copies.alone_after(())[one] == len(alone)
            # Of a run with a gap several holders must be counted: all but one free what that one does not hold.
            assert copies.freed_blocks(set(copies.live) - {one}) == len(kept) - len(stored[one])
            for other in copies.live:
                assert copies.shared_blocks(one, other) == len(stored[one].items() & stored[other].items())
