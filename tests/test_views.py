"""Views of a cloud as tables: the blocks of a chain, the lives of images, where images come from."""

from __future__ import annotations

import pandas as pd
import pytest
from helpers import HANGZHOU, golden_image, machine

from ecs_images import Cloud, InputError, UnknownName
from ecs_images.ledger.chain_view import BLOCK_MAP
from ecs_images.ledger.lifecycle import LIFECYCLE
from ecs_images.ledger.lineage import LINEAGE


def runs(table: pd.DataFrame) -> dict[tuple[int, int], tuple[float, int]]:
    """(first, last) of each run: its GiB and how many live snapshots hold it."""
    return {(r.x_first_snapshot, r.x_last_snapshot): (r.x_stored_gib, r.x_holders) for r in table.itertuples()}


def spans(table: pd.DataFrame, name: str) -> list[tuple[str, str, str, bool]]:
    """The stretches of an image or snapshot: status, first day, last day, whether it goes on."""
    chosen = table[(table["resource_id"] == name) & (table["x_form"] == "span")]
    return [(r.x_status, f"{r.x_start:%m-%d}", f"{r.x_end:%m-%d}", r.x_goes_on) for r in chosen.itertuples()]


def marks(table: pd.DataFrame, name: str) -> list[tuple[str, str, str]]:
    """What was done to an image or snapshot: what, with whom or where to, on which day."""
    chosen = table[(table["resource_id"] == name) & (table["x_form"] == "mark")]
    return [(r.x_status, r.x_detail, f"{r.x_start:%m-%d}") for r in chosen.itertuples()]


def steps(table: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(zip(table["x_source"], table["x_relation"], table["x_target"], strict=True))


# Chains -------------------------------------------------------------------------------------------


def test_a_chain_looked_at_stays_as_it_was_when_a_snapshot_is_deleted(cloud, acme):
    web, snapshots = three_snapshots(cloud, acme)
    before = cloud.chain(web)
    was = (len(before.snapshots), before.total_gib, before.exclusive_gib(snapshots[0]))
    acme.delete_snapshot(snapshots[0])
    assert (len(before.snapshots), before.total_gib, before.exclusive_gib(snapshots[0])) == was
    after = cloud.chain(web)
    assert len(after.snapshots) == len(before.snapshots) - 1
    assert after.total_gib == before.total_gib - was[2]
    with pytest.raises(UnknownName):
        after.exclusive_gib(snapshots[0])


# Blocks -------------------------------------------------------------------------------------------


def three_snapshots(cloud, acme) -> tuple[str, list[str]]:
    """12 GiB; then GiB 1 to 3 are written over and 1 is added; then GiB 2 to 5 are written over."""
    web = machine(acme)
    taken = [acme.create_snapshot(web)]
    acme.write(web, overwrite=2, offset=1, new=1)
    taken.append(acme.create_snapshot(web))
    acme.write(web, overwrite=3, offset=2)
    return web, [*taken, acme.create_snapshot(web)]


def test_each_run_of_blocks_tells_who_holds_it(cloud, acme):
    """CHAIN-1: of the first 12 GiB, 2 go with snapshot 2 and 2 more with 3; 8 are held by all three.

    Of the 3 GiB that snapshot 2 stores, 1 is written over before 3; that one stores 3 of its own.
    """
    web, taken = three_snapshots(cloud, acme)
    table = cloud.block_map(web)
    assert runs(table) == {
        (1, 1): (2, 1),
        (1, 2): (2, 2),
        (1, 3): (8, 3),
        (2, 2): (1, 1),
        (2, 3): (2, 2),
        (3, 3): (3, 1),
    }
    held = table.groupby("x_snapshot_id")["x_stored_gib"].sum()
    assert [held[snapshot] for snapshot in taken] == [12, 13, 13]
    assert set(table["resource_id"]) == {cloud.chain(web).id}


def test_the_runs_of_a_chain_add_up_to_what_it_stores(cloud, acme):
    web, _ = three_snapshots(cloud, acme)
    assert sum(gib for gib, _ in runs(cloud.block_map(web)).values()) == cloud.chain(web).total_gib == 18


def test_a_deleted_snapshot_holds_nothing_and_what_it_alone_held_is_gone(cloud, acme):
    """CHAIN-2: without snapshot 2, the 2 GiB it shared with 1 are held by 1 alone."""
    web, taken = three_snapshots(cloud, acme)
    acme.delete_snapshot(taken[1])
    table = cloud.block_map(web)
    assert list(dict.fromkeys(table["x_snapshot_id"])) == [taken[0], taken[2]]
    assert runs(table) == {(1, 1): (2, 1), (1, 2): (2, 1), (1, 3): (8, 2), (2, 3): (2, 1), (3, 3): (3, 1)}


def test_a_chain_may_be_named_by_its_disk_its_instance_or_a_snapshot(cloud, acme):
    web, taken = three_snapshots(cloud, acme)
    whole = cloud.block_map(web)
    for name in (cloud.chain(web).id, cloud.instance(web).system_disk, taken[2]):
        assert cloud.block_map(name).equals(whole)


def test_a_snapshot_of_an_empty_disk_has_a_row_without_blocks(cloud, acme):
    web = machine(acme, data_disks=[{"size": 20, "written": 0}])
    (data,) = cloud.instance(web).data_disks
    acme.create_snapshot(data)
    assert runs(cloud.block_map(data)) == {(0, 0): (0, 1)}


def test_a_chain_without_live_snapshots_has_no_rows_and_an_unknown_one_is_refused(cloud, acme):
    web = machine(acme)
    acme.delete_snapshot(acme.create_snapshot(web))
    assert list(cloud.block_map(web).columns) == BLOCK_MAP.names
    assert len(cloud.block_map(web)) == 0
    with pytest.raises(UnknownName, match="unknown chain"):
        cloud.block_map("s-99999999")


# Lives --------------------------------------------------------------------------------------------


def test_an_image_goes_and_its_snapshot_stays(cloud, acme):
    """DEL-5."""
    image = golden_image(acme, name="golden-v1")
    snapshot = cloud.image(image).system_snapshot
    cloud.at("2026-02-01")
    acme.delete_image(image)
    cloud.at("2026-03-01")
    table = cloud.lifecycle()
    assert list(table.columns) == LIFECYCLE.names
    assert spans(table, image) == [("Available", "01-15", "02-01", False)]
    assert spans(table, snapshot) == [("accomplished", "01-15", "03-01", True)]
    assert marks(table, image) == [("deleted", "", "02-01")]
    assert marks(table, snapshot) == []
    assert set(table.loc[table["resource_id"] == image, "x_name"]) == {"golden-v1"}


def test_what_was_done_to_an_image_is_marked_with_whom_and_where_to(cloud, acme, partner):
    image = golden_image(acme)
    cloud.at("2026-01-16")
    acme.share_image(image, with_accounts=["partner"])
    cloud.at("2026-01-17")
    copy = acme.copy_image(image, to=HANGZHOU)
    cloud.at("2026-01-18")
    acme.unshare_image(image, from_accounts=["partner"])
    acme.publish_image(image)
    cloud.at("2026-01-19")
    acme.unpublish_image(image)
    table = cloud.lifecycle()
    assert marks(table, image) == [
        ("shared", "partner", "01-16"), ("copied", HANGZHOU, "01-17"), ("unshared", "partner", "01-18"),
        ("published", "", "01-18"), ("unpublished", "", "01-19"),
    ]  # fmt: skip
    assert marks(table, copy) == []
    assert spans(table, copy) == [("Available", "01-17", "01-19", True)]


def test_a_deprecated_image_has_two_stretches(cloud, acme):
    """STATUS-1."""
    image = golden_image(acme)
    cloud.at("2026-01-20")
    acme.modify_image(image, status="Deprecated")
    cloud.at("2026-01-25")
    assert spans(cloud.lifecycle(), image) == [
        ("Available", "01-15", "01-20", False), ("Deprecated", "01-20", "01-25", True),
    ]  # fmt: skip


def test_time_under_way_is_a_stretch_of_its_own():
    """CREATE-13: with typical durations an image is Creating until its snapshot is done."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    image = acme.create_image(machine(acme))
    cloud.wait(image)
    done = cloud.now
    cloud.at("2026-01-16")
    table = cloud.lifecycle()
    for name, statuses in ((image, ["Creating", "Available"]),
                           (cloud.image(image).system_snapshot, ["progressing", "accomplished"])):  # fmt: skip
        life = table[table["resource_id"] == name]
        assert list(life["x_status"]) == statuses
        assert life["x_end"].iloc[0] == life["x_start"].iloc[1] == done


def test_an_image_is_followed_by_its_snapshots_and_the_rest_comes_last(cloud, acme):
    web = machine(acme)
    alone = acme.create_snapshot(web)
    first, second = acme.create_image(web), acme.create_image(web)
    cloud.at("2026-01-16")
    order = list(dict.fromkeys(cloud.lifecycle()["resource_id"]))
    assert order == [
        first, cloud.image(first).system_snapshot, second, cloud.image(second).system_snapshot, alone,
    ]  # fmt: skip


def test_a_cloud_without_images_has_no_lives_and_no_lineage(cloud):
    assert list(cloud.lifecycle().columns) == LIFECYCLE.names
    assert list(cloud.lineage().columns) == LINEAGE.names
    assert len(cloud.lifecycle()) == len(cloud.lineage()) == 0


# Lineage ------------------------------------------------------------------------------------------


def travelled(cloud, acme, partner) -> tuple[str, str, str, str]:
    """An image made in Beijing, shared with partner, copied; partner runs it: web, image, copy, worker."""
    web = machine(acme)
    image = acme.create_image(web, name="golden-v1")
    acme.share_image(image, with_accounts=["partner"])
    copy = acme.copy_image(image, to=HANGZHOU, name="golden-away")
    return web, image, copy, machine(partner, image=image)


def test_every_step_of_an_image_is_told(cloud, acme, partner):
    web, image, copy, worker = travelled(cloud, acme, partner)
    public = cloud.instance(web).image
    table = cloud.lineage()
    assert steps(table) == {
        (public, "runs from", web), (web, "made from", image), (image, "shared with", "partner"),
        (image, "copied to", copy), (image, "runs from", worker),
    }  # fmt: skip
    kinds = {**dict(zip(table["x_source"], table["x_source_kind"], strict=True)),
             **dict(zip(table["x_target"], table["x_target_kind"], strict=True))}  # fmt: skip
    assert kinds == {public: "public image", web: "instance", image: "image", copy: "image",
                     "partner": "account", worker: "instance"}  # fmt: skip
    of_copy = table[table["x_target"] == copy].iloc[0]
    assert (of_copy["x_target_name"], of_copy["billing_account_id"], of_copy["region_id"]) == (
        "golden-away", "acme", HANGZHOU,
    )  # fmt: skip
    assert not table["x_gone"].any()


def test_what_happened_at_one_moment_is_told_in_the_order_in_which_it_was_done(cloud, acme):
    """In every process: sets of texts have another order in each."""
    web = machine(acme)
    snapshots = [acme.create_snapshot(web) for _ in range(8)]
    for snapshot in reversed(snapshots):
        acme.copy_snapshot(snapshot, to=HANGZHOU)
    table = cloud.lineage()
    assert list(table[table["x_relation"] == "made from"]["x_target"]) == snapshots


def test_the_lineage_of_one_thing_is_what_it_comes_from_and_what_came_of_it(cloud, acme, partner):
    """A second image of the same instance is neither before nor after the first."""
    web, image, copy, worker = travelled(cloud, acme, partner)
    second = acme.create_image(web)
    assert second not in set(cloud.lineage(image)["x_target"])
    assert second in set(cloud.lineage(web)["x_target"])
    assert set(cloud.lineage(copy)["x_target"]) == {web, image, copy}
    assert set(cloud.lineage("partner")["x_target"]) == {web, image, "partner"}
    assert set(cloud.lineage(worker)["x_target"]) == {web, image, worker}
    with pytest.raises(UnknownName, match="m-00000099"):
        cloud.lineage("m-00000099")


def test_what_is_gone_is_told_as_gone(cloud, acme, partner):
    _, image, copy, worker = travelled(cloud, acme, partner)
    acme.unshare_image(image, from_accounts=["partner"])
    acme.delete_image(copy)
    partner.release_instance(worker, force=True)
    table = cloud.lineage()
    assert set(table.loc[table["x_gone"], "x_target"]) == {"partner", copy, worker}


def test_a_copied_snapshot_and_the_image_made_from_it_are_steps(cloud, acme):
    """SCOPY-1: the way of an image over its snapshot."""
    web = machine(acme)
    snapshot = acme.create_snapshot(web)
    away = acme.copy_snapshot(snapshot, to=HANGZHOU)
    image = acme.create_image(snapshot=away)
    assert steps(cloud.lineage(image)) == {
        (cloud.instance(web).image, "runs from", web), (web, "made from", snapshot),
        (snapshot, "copied to", away), (away, "made from", image),
    }  # fmt: skip
    assert marks(cloud.lifecycle(), snapshot) == [("copied", HANGZHOU, "01-15")]


def test_an_instance_that_changed_its_image_runs_from_both(cloud, acme):
    """OS-1: the instance was launched from one image and now runs from another."""
    web = machine(acme)
    image = golden_image(acme)
    before = cloud.instance(web).image
    acme.stop_instance(web)
    acme.replace_system_disk(web, image=image)
    found = steps(cloud.lineage())
    assert {(before, "runs from", web), (image, "runs from", web)} <= found


def test_views_refuse_what_is_not_a_name(cloud):
    for view in (cloud.block_map, cloud.lineage):
        with pytest.raises(InputError):
            view("nobody")
