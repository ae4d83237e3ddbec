"""A real account as a simulated cloud: its own ids, its totals to the byte, and what rests on a supposition said."""

from __future__ import annotations

import shutil
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from accounts_told import GIB, account, chain, image, snapshot
from hypothesis import given, settings
from strategies import Story, play, stories

import ecs_images as ecs
from ecs_images.accounts.bounds import KnownChain
from ecs_images.accounts.chains import records
from ecs_images.accounts.inventory import Inventory
from ecs_images.accounts.simulated import layout
from ecs_images.accounts.written import write_answers
from ecs_images.cli import main
from ecs_images.cli.page import notebook_of, serve_page
from ecs_images.ledger.events import problems
from ecs_images.ledger.state import State


def golden(*, total: float = 16, count: int = 2, **more: object) -> Inventory:
    """Snapshots of 12 and 13 GiB behind m-1 and m-2 in a chain of 16 GiB."""
    images, disks = zip(image("m-1", "a", family="web"), image("m-2", "b", **more), strict=True)
    return account(
        images=list(images),
        image_disks=[disk for some in disks for disk in some],
        snapshots=[snapshot("a", "sl-1", 12), snapshot("b", "sl-1", 13, day=2)],
        chains=[chain("sl-1", total, count)],
    )


def stored(cloud: ecs.Cloud) -> dict[str, int]:
    chains = cloud.state.chains
    sizes = {name: chains[name].total_blocks() * chains[name].block_bytes for name in chains}
    return {name: size for name, size in sizes.items() if size}


def saved_totals(inventory: Inventory) -> dict[str, int]:
    return {row.chain_id: int(row.total_bytes) for row in records(inventory, "chains") if row.total_bytes}


def test_a_chain_stores_its_total_and_each_snapshot_restores_its_full_size() -> None:
    """12 + 13 − 16 = 9 GiB are shared: deleting m-1's snapshot frees 12 − 9 = 3, m-2's 13 − 9 = 4."""
    cloud = golden().cloud()
    assert stored(cloud) == {"sl-1": 16 * GIB}
    assert [cloud.snapshot(name).content_bytes for name in "ab"] == [12 * GIB, 13 * GIB]
    assert [cloud.freed_gib([name]) for name in "ab"] == [3, 4]


def test_images_have_their_ids_times_and_families_and_lie_over_their_snapshots() -> None:
    first = golden().cloud().image("m-1")
    assert (first.account, first.region, first.family, first.snapshots) == ("1", "cn-beijing", "web", ("a",))
    assert f"{first.created_at:%Y-%m-%d %H:%M}" == "2026-05-01 08:00"


def test_the_clock_stands_at_the_newest_answer() -> None:
    inventory = golden()
    assert inventory.cloud().now == inventory.now


def test_what_was_made_on_the_day_that_a_folder_is_named_after_is_in_it() -> None:
    """The answers are of June 1, 08:00; the snapshot was taken an hour later."""
    late = snapshot("a", "sl-1", 12, created_at="2026-06-01T01:00:00Z")
    cloud = account(snapshots=[late], chains=[chain("sl-1", 12, 1)]).cloud()
    assert f"{cloud.now:%m-%d %H:%M}" == f"{cloud.snapshot('a').started_at:%m-%d %H:%M}" == "06-01 09:00"


def test_a_snapshot_under_way_and_an_image_of_another_account_are_left_out() -> None:
    row, disks = image("m-9", "z", owner_alias="others")
    going = snapshot("a", "sl-1", status="progressing")
    left_out = account(images=[row], image_disks=disks, snapshots=[going], chains=[chain("sl-1", 0, 0)]).left_out()
    assert left_out == [
        "snapshot a: it is progressing",
        "images of the provider and of other accounts (1): their snapshots are not listed",
    ]


def test_a_shared_image_is_shared_with_the_same_accounts() -> None:
    told = golden()
    shares = account(shares=[{"image_id": "m-1", "with_account_id": "2"}]).shares
    cloud = Inventory({**told.tables, "shares": shares}, told.coverage).cloud()
    assert cloud.image("m-1").shared_with == {"2"}


def test_sizes_that_are_not_told_are_those_of_a_neighbour_or_as_large_as_can_be() -> None:
    """4 + 4 + 6 − 7 = 7 are shared, of 4 that each pair of neighbours can share; 3 × 7 − 7 = 14 are all there are."""
    names = ["a", "b", "c"]
    neighbour = KnownChain({"a": 4, "b": None, "c": 6}, total=7)
    assert layout(neighbour, names) == [(4, 0), (4, 3), (6, 4)]
    nothing = KnownChain(dict.fromkeys(names), most=dict.fromkeys(names, 40), total=7)
    assert layout(nothing, names) == [(7, 0), (7, 7), (7, 7)]


def test_a_chain_whose_disk_is_smaller_than_its_total_still_comes_out() -> None:
    """Three snapshots of a disk of 4 that store 10: each is taken for full, and 2 of 12 are shared, one by each."""
    names = ["a", "b", "c"]
    chain = KnownChain(dict.fromkeys(names), most=dict.fromkeys(names, 4), total=10)
    assert layout(chain, names) == [(4, 0), (4, 1), (4, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("total", [26, 12.5])
def test_a_total_that_full_sizes_contradict_leaves_the_chain_and_its_images_out_and_says_so(total: float) -> None:
    """Together they hold 25 GiB, and one of them alone 13: a total above or below is of another time."""
    inventory = golden(total=total)
    assert stored(inventory.cloud()) == {}
    assert inventory.left_out() == [
        "chain sl-1 of cn-beijing: the sizes of its snapshots and its total contradict each other",
        "image m-1: not all its snapshots are in this cloud",
        "image m-2: not all its snapshots are in this cloud",
    ]


def test_a_chain_with_snapshots_that_no_list_has_is_left_out() -> None:
    assert "chain sl-1 of cn-beijing: not all its snapshots are listed" in golden(count=3).left_out()


def test_snapshots_of_which_nothing_tells_the_chain_are_counted() -> None:
    lost = [snapshot(name, "", 12, disk_id="") for name in ("a", "b")]
    assert account(snapshots=lost).left_out() == ["snapshots (2) of cn-beijing: nothing tells their chain"]


def test_an_image_that_failed_is_left_out() -> None:
    assert "image m-2: it is CreateFailed" in golden(status="CreateFailed").left_out()


def test_an_account_whose_answers_have_no_date_has_no_now_for_a_cloud() -> None:
    told = golden()
    undated = {name: table.assign(taken_at=pd.NaT) for name, table in told.tables.items()}
    with pytest.raises(ecs.InputError, match="nothing says when the answers were saved"):
        Inventory(undated, told.coverage).cloud()


def test_the_bill_and_the_routes_say_what_they_suppose() -> None:
    cloud = golden().cloud()
    cloud.advance(days=30)
    assert "ASSUME-14" in ecs.bill(cloud, until=cloud.now).assumptions()["assumption"].tolist()
    found = ecs.routes(cloud, "m-1", accounts=["1"], regions=["cn-shanghai"])
    assert "ASSUME-14" in dict(found.attrs["frame"])["supposed"]


def test_its_ledger_can_be_checked_record_by_record_and_kept(tmp_path: Path) -> None:
    cloud, state = golden().cloud(), State()
    for event in cloud.ledger:
        assert problems(event, state) == []
        event.apply(state)
    cloud.ledger.save(tmp_path / "account.jsonl")
    assert ecs.Ledger.load(tmp_path / "account.jsonl") == cloud.ledger


@pytest.mark.slow
def test_the_sample_account_stores_what_its_lists_say_and_every_image_has_its_ways() -> None:
    inventory = Inventory.read(ecs.sample("shop") / "inventory")
    cloud = inventory.cloud()
    assert stored(cloud) == saved_totals(inventory)
    own = {row.image_id for row in records(inventory, "images") if row.owner_alias == "self"}
    assert set(cloud.state.images) == own
    for name in sorted(own)[:3]:
        assert len(ecs.routes(cloud, name, accounts=["1000000000000001"], regions=["cn-shanghai"])) > 0


@pytest.mark.slow
def test_a_month_of_the_cloud_costs_what_the_account_is_said_to_cost() -> None:
    """The storage of 30 days; the only instance whose system has a fee is stopped economically."""
    inventory = Inventory.read(ecs.sample("shop") / "inventory")
    cloud = inventory.cloud()
    bill = ecs.bill(cloud, since="2026-11-01T00:00", until="2026-12-01T00:00", as_it_is=True)
    assert bill.total() == pytest.approx(inventory.bill().total(), rel=1e-9)


def running(**more: object) -> Inventory:
    """The images of `golden`; an instance runs from m-1 on d-1, with d-2 beside it that was made from snapshot b."""
    tables = dict(golden().tables)
    system = {"disk_id": "d-1", "type": "system", "size_gib": 40, "instance_id": "i-1", "policy_id": "sp-1"}
    data = {"disk_id": "d-2", "type": "data", "size_gib": 20, "instance_id": "i-1", "source_snapshot_id": "b"}
    told = account(
        disks=[disk | {"category": "cloud_essd", "performance_level": "PL0"} for disk in (system, data)],
        instances=[
            {"instance_id": "i-1", "image_id": "m-1", "instance_type": "ecs.g7.large", "status": "Running"} | more
        ],
        policies=[{"policy_id": "sp-1", "times": "3", "weekdays": "1,2,3,4,5,6,7", "retention_days": 2}],
    )
    tables |= {name: told.tables[name] for name in ("disks", "instances", "policies")}
    return Inventory(tables, golden().coverage)


def test_an_image_that_an_instance_runs_from_and_a_snapshot_that_made_a_disk_are_in_use() -> None:
    owner = running().cloud().account("1")
    with pytest.raises(ecs.CloudError) as refused:
        owner.delete_image("m-1")
    assert (refused.value.code, refused.value.ids) == ("ImageUsingByInstance", {"image": "m-1", "instance": "i-1"})
    owner.delete_image("m-2")
    with pytest.raises(ecs.CloudError) as refused:
        owner.delete_snapshot("b")
    assert refused.value.code == "SnapshotCreatedDisk"


def test_a_disk_holds_what_it_was_made_from_and_a_system_disk_its_image() -> None:
    """m-1 is behind snapshot a of 12 GiB, and d-2 was made from b of 13: their first snapshots are full."""
    cloud = running().cloud()
    taken = [cloud.account("1").create_snapshot(disk) for disk in ("d-1", "d-2")]
    assert [cloud.chain(name).total_gib for name in taken] == [12, 13]


def test_a_disk_goes_on_in_its_chain_and_has_not_changed_since_its_newest_snapshot() -> None:
    """The disk of chain sl-1 has snapshots of 12 and 13 GiB, 16 in all; one more of the same content adds nothing."""
    tables = dict(golden().tables)
    tables["disks"] = account(disks=[{"disk_id": "d-sl-1", "type": "data", "size_gib": 40}]).tables["disks"]
    cloud = Inventory(tables, golden().coverage).cloud()
    snapshot = cloud.account("1").create_snapshot("d-sl-1")
    assert (cloud.snapshot(snapshot).content_bytes, stored(cloud)) == (13 * GIB, {"sl-1": 16 * GIB})
    assert "ASSUME-15" in ecs.bill(cloud, until="2026-07-01").assumptions()["assumption"].tolist()


def test_a_policy_goes_on_and_takes_no_snapshot_of_the_past() -> None:
    """Every night at 3, kept for two days: after three nights there are two, of a disk of which there was none."""
    cloud = running().cloud()
    assert len(cloud.state.snapshots) == 2
    cloud.advance(days=3)
    assert len(cloud.chain("d-1").snapshots) == 2


@pytest.mark.slow
def test_a_stopped_instance_is_stopped_and_a_prepaid_one_is_paid_until_it_ends() -> None:
    stopped = running(status="Stopped", stopped_mode="StopCharging").cloud().instance("i-1")
    assert (stopped.status, stopped.stop_mode) == ("Stopped", "economical")
    ends = {
        "created_at": "2026-05-20T00:00:00Z",
        "charge_type": "PrePaid",
        "extra": '{"ExpiredTime": "2026-08-20T00:00Z"}',
    }
    prepaid = running(**ends).cloud().instance("i-1")
    assert (prepaid.billing, f"{prepaid.paid_until:%m-%d %H:%M}") == ("subscription", "08-20 08:00")


def of_product(**more: object) -> Inventory:
    """The instance of `running`, from an image of a marketplace product."""
    told = running(**more)
    images = told.images.assign(product_code="cmjj028448")
    return Inventory({**told.tables, "images": images}, told.coverage)


def test_what_runs_in_an_account_goes_on_to_cost_its_fee_and_its_disks() -> None:
    """For the hour after the newest answer: one instance of the product, and disks of 40 and 20 GiB."""
    cloud = of_product().cloud()
    usage = ecs.measure(cloud, since=cloud.now, until=cloud.now + timedelta(hours=1), meters="all")
    used = usage[usage["sku_meter"] != "snapshot_standard"]
    found = sorted(zip(used["sku_meter"], used["resource_id"], used["x_quantity"].tolist(), strict=True))
    assert found == [
        ("disk", "d-1", 40 * GIB),
        ("disk", "d-2", 20 * GIB),
        ("instance", "i-1", 1),
        ("marketplace_fee", "i-1", 1),
    ]


@pytest.mark.slow
def test_the_next_thirty_days_cost_in_the_cloud_what_the_account_says() -> None:
    """Storage, disks and machines of the sample account, by two ways: from its lists, and from events."""
    inventory = Inventory.read(ecs.sample("shop") / "inventory")
    told, cloud = inventory.bill(meters="all").by("meter"), inventory.cloud()
    end = cloud.now + timedelta(days=30)
    played = ecs.bill(cloud, since=cloud.now, until=end, meters="all", as_it_is=True).by("meter")
    assert set(told["sku_meter"]) == {"disk", "instance", "snapshot_standard"}
    pd.testing.assert_frame_equal(told, played, rtol=1e-12)


@pytest.mark.parametrize("cpu", ['"two"', "-3", "[4]", "null"])
def test_an_instance_of_an_unknown_type_without_a_count_of_vcpus_says_which_fees_lack_it(cpu: str) -> None:
    told = of_product(instance_type="ecs.unheard.of", extra=f'{{"Cpu": {cpu}, "Memory": "much"}}')
    assert "fees of instance i-1 that go by its vCPUs, which are not told" in told.left_out()
    assert told.cloud().instance("i-1").vcpus == 0


def test_an_instance_whose_system_disk_is_in_no_list_is_left_out_and_its_disks_are_there() -> None:
    told = running()
    disks = told.disks[told.disks["type"] != "system"].reset_index(drop=True)
    inventory = Inventory({**told.tables, "disks": disks}, told.coverage)
    assert "instance i-1: its system disk is not listed" in inventory.left_out()
    assert inventory.cloud().disk("d-2").instance is None


def test_tags_are_those_of_the_lists_so_that_a_bill_can_go_by_them() -> None:
    tables = dict(golden().tables)
    tables["images"] = tables["images"].assign(tags='{"team": "web"}')
    cloud = Inventory(tables, golden().coverage).cloud()
    assert cloud.state.tags["m-1"] == (("team", "web"),)


def test_break_even_and_what_if_run_on_it() -> None:
    cloud = golden().cloud()
    ways = ecs.break_even(cloud, "m-1", account="1", region="cn-shanghai", along="versions_kept", values=[1, 2])
    assert len(ways.costs) == 4
    cloud.account("1").delete_image("m-1")
    cloud.account("1").delete_snapshot("a")
    assert stored(cloud) == {"sl-1": 13 * GIB}
    assert len(cloud.lifecycle()) > 0


@pytest.mark.slow
@settings(max_examples=25)
@given(stories())
def test_any_story_written_as_answers_and_read_stores_the_same_to_the_byte(story: Story) -> None:
    """Snapshots under way and failed images have no place; everything else has its id, and its ledger holds."""
    cloud = play(story).cloud
    cloud.advance(days=2)
    with TemporaryDirectory() as folder:
        write_answers(cloud, folder, taken=[f"{cloud.now:%Y-%m-%d}"])
        inventory = Inventory.read(folder)
    seen = inventory.cloud()
    assert stored(seen) == saved_totals(inventory)
    fit = {row.image_id for row in records(inventory, "images") if row.status in ("Available", "Deprecated")}
    own = {row.image_id for row in records(inventory, "images") if row.owner_alias == "self"}
    assert set(seen.state.images) == fit & own
    assert {name: seen.snapshot(name).content_bytes for name in seen.state.snapshots} == {
        row.snapshot_id: row.full_bytes for row in records(inventory, "snapshots") if row.status == "accomplished"
    }
    for kind in ("disk", "instance", "policy"):
        rows = records(inventory, {"policy": "policies"}.get(kind, f"{kind}s"))
        assert set(getattr(seen.state, {"policy": "policies"}.get(kind, f"{kind}s"))) == {
            getattr(row, f"{kind}_id") for row in rows
        }
    there = seen.state.resources
    assert dict(seen.state.tags) == {
        name: tags for name, tags in cloud.state.tags.items() if name in there and tags and not name.startswith("sp-")
    }
    state = State()
    for event in seen.ledger:
        assert problems(event, state) == []
        event.apply(state)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["ecs-images", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.slow
def test_routes_accepts_a_folder_of_saved_answers_and_says_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = ecs.sample("shop") / "inventory"
    assert run(monkeypatch, "routes", folder, "--image", "m-00000002", "--regions", "cn-shanghai") == 0
    printed = capsys.readouterr().out
    assert "ASSUME-14" in printed
    assert "CNY" in printed
    assert "left out" not in printed
    shutil.copytree(folder, tmp_path / "few", ignore=shutil.ignore_patterns("DescribeSnapshotLinks*"))
    assert run(monkeypatch, "routes", tmp_path / "few", "--image", "m-00000002") == 2
    why = "nothing can be asked about image m-00000002: not all its snapshots are in this cloud"
    assert why in capsys.readouterr().err
    shutil.copytree(folder, tmp_path / "lacking", ignore=shutil.ignore_patterns("DescribeDisks*"))
    assert run(monkeypatch, "routes", tmp_path / "lacking", "--image", "m-00000002", "--regions", "cn-shanghai") == 0
    assert "left out: instance i-00000001: its system disk is not listed" in capsys.readouterr().out
    abroad = "--regions", "cn-shanghai", "--site", "international"
    assert run(monkeypatch, "routes", folder, "--image", "m-00000002", *abroad) == 0
    assert "CNY" not in capsys.readouterr().out


@pytest.mark.slow
def test_the_page_of_an_account_has_a_tab_for_all_but_its_chains_whose_inside_is_not_known() -> None:
    folder = ecs.sample("shop") / "inventory"
    notebook: Any = notebook_of(folder, "shop", "m-00000002", "china")
    assert notebook["metadata"]["heading"] == "What the images of an account cost"
    first, second, _ = (cell["source"] for cell in notebook["cells"])
    scope: dict[str, Any] = {}
    exec(first, scope)
    page = eval(second, scope)
    assert page.tabs.titles == ("Inventory", "Ways", "Lifecycle", "Prices")
    for place in range(4):
        page.tabs.selected_index = place
    assert page.panels["Ways"].controls["image"].value == "m-00000002"
    with pytest.raises(ecs.InputError, match="--site is for a folder"):
        serve_page(ecs.sample("golden_pipeline"), None, 8866, "international")


def test_a_folder_has_no_parameters_a_story_no_site_and_one_without_answers_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = ecs.sample("shop") / "inventory"
    assert run(monkeypatch, "routes", folder, "--image", "m-00000002", "--set", "keep=8") != 0
    assert "has no parameters" in capsys.readouterr().err
    story = ecs.sample("golden_pipeline")
    assert run(monkeypatch, "routes", story, "--image", "golden-1", "--site", "international") != 0
    assert "--site is for a folder" in capsys.readouterr().err
    (tmp_path / "holiday.json").write_text("[]")
    assert run(monkeypatch, "routes", tmp_path, "--image", "m-1") != 0
    assert "Traceback" not in capsys.readouterr().err
