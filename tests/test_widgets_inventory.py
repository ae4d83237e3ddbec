"""The explorer of an account: its answer, what may be ticked, and the plan that follows from what is."""

from __future__ import annotations

import json
import re
from time import perf_counter

import pytest
from accounts_told import account, chain, image, snapshot

import ecs_images as ecs
from ecs_images import InputError
from ecs_images.accounts.inventory import Inventory
from ecs_images.widgets import InventoryExplorer

pytestmark = pytest.mark.slow  # Each draws the explorer of an account.

LEFT, GONE = "s-2,s-3", "s-1"


def told(*, missing: tuple[str, ...] = ()) -> Inventory:
    """An image of 10 GiB that runs, and two snapshots of a released disk, 20 GiB with 5 rewritten."""
    row, disks = image("m-1", "s-1", name="web")
    old, old_disks = image("m-2", "s-4", name="old")
    return account(
        images=[row, old],
        image_disks=[*disks, *old_disks],
        snapshots=[
            snapshot("s-1", "sl-1", 10, usage="image"),
            snapshot("s-2", "sl-2", 20, day=2),
            snapshot("s-3", "sl-2", 20, day=3),
            snapshot("s-4", "sl-4", 8, usage="image"),
        ],
        chains=[chain("sl-1", 10, 1), chain("sl-2", 25, 2), chain("sl-4", 8, 1)],
        disks=[{"disk_id": "d-sl-1", "image_id": "m-1", "instance_id": "i-1"}],
        instances=[{"instance_id": "i-1", "image_id": "m-1", "instance_type": "ecs.g7.large"}],
        missing=missing,
    )


def summary(panel: InventoryExplorer) -> list[str]:
    return re.findall("<p[^>]*>(.*?)</p>", panel.parts["summary"].value)


def steps(panel: InventoryExplorer) -> list[list[str]]:
    rows = re.findall("<tr>(.*?)</tr>", panel.parts["steps"].value)
    return [re.findall("<td[^>]*>(.*?)</td>", row) for row in rows[1:]]


def test_the_answer_says_what_the_images_cost_and_what_may_go() -> None:
    """43 GiB at 0.12 CNY are 5.16; the released disk's 25 GiB are 3.00, and the image that nothing runs from 0.96."""
    first, *_ = summary(InventoryExplorer(told()))
    assert "5.16 CNY in 30 days at list price" in first
    assert "proved unused saves 3.00 CNY" in first
    assert "if nobody needs it, 3.96 CNY" in first


def test_an_account_whose_storage_costs_nothing_has_bars_of_no_length() -> None:
    free = ecs.Prices.published().changed("snapshot_standard", price=0, unit="per_gib_month")
    panel = InventoryExplorer(told(), free)
    assert "0.00 CNY in 30 days at list price" in summary(panel)[0]
    assert re.findall(r"width:([0-9.]+%);border", panel.parts["picture"].value) == ["0.0%"]


def test_each_thing_has_one_tick_box_with_its_name_its_verdict_and_what_it_saves() -> None:
    """Two snapshots of 20 GiB store 25: either alone frees 5 GiB, 0.60 CNY."""
    panel = InventoryExplorer(told())
    assert {name: box.description for name, box in panel.controls.items() if name != "show"} == {
        "s-2,s-3": "s-2 and s-3 · cn-beijing · proved unused · saves 3.00 CNY",
        "s-2": "s-2 · cn-beijing · proved unused · saves 0.60 CNY",
        "s-3": "s-3 · cn-beijing · proved unused · saves 0.60 CNY",
        "m-2": "old (m-2) · cn-beijing · use not known · saves 0.96 CNY",
    }


def test_what_is_ticked_becomes_steps_with_a_running_total_and_lines_to_copy() -> None:
    panel = InventoryExplorer(told())
    panel.controls["s-2,s-3"].value = panel.controls["m-2"].value = True
    assert summary(panel)[0] == "Deleting the 2 ticked saves 3.96 CNY of 5.16 CNY: 4 steps."
    assert [(row[1], row[2], row[3]) for row in steps(panel)] == [
        ("DeleteImage", "old (m-2)", "0.00"),
        ("DeleteSnapshot", "s-4", "0.96"),
        ("DeleteSnapshot", "s-2", "1.56"),
        ("DeleteSnapshot", "s-3", "3.96"),
    ]
    lines = re.search("<pre[^>]*>(.*?)</pre>", panel.parts["commands"].value, re.DOTALL)
    assert lines
    assert lines[1].splitlines() == panel.script().splitlines()
    assert "aliyun ecs DeleteSnapshot --RegionId cn-beijing --SnapshotId s-2" in panel.script()


def test_two_ticks_of_one_snapshot_delete_it_once() -> None:
    panel = InventoryExplorer(told())
    with panel.together():
        for name in ("s-2,s-3", "s-2", "s-3"):
            panel.controls[name].value = True
    assert [row[2] for row in steps(panel)] == ["s-2", "s-3"]


def test_the_list_may_be_of_one_verdict_or_kind_and_what_is_ticked_stays_so() -> None:
    panel = InventoryExplorer(told())
    panel.controls["m-2"].value = True
    panel.controls["show"].value = "proved unused"
    boxes = panel.controls_box.children[1].children
    assert [box.description.split(" · ")[0] for box in boxes] == ["s-2 and s-3", "s-2", "s-3"]
    assert panel.ticked == ["m-2"]
    assert "old (m-2)" in panel.parts["steps"].value
    panel.controls["show"].value = "never_launched"
    assert [box.description.split(" · ")[0] for box in panel.controls_box.children[1].children] == ["old (m-2)"]


def test_what_was_seen_and_what_would_settle_it_stand_beside_the_list() -> None:
    panel = InventoryExplorer(told())
    panel.controls["show"].value = "never_launched"
    page = panel.parts["findings"].value
    assert "no instance and no disk here comes from it" in page
    assert "DescribeLaunchTemplateVersions" in page
    assert "its disk is released" not in page


def test_what_cannot_go_is_said_to_be_held_back_and_has_no_step() -> None:
    panel = InventoryExplorer(told(missing=("DescribeDisks",)))
    panel.controls["m-2"].value = True
    assert summary(panel)[0] == "Deleting the 1 ticked saves 0.00 CNY of 5.16 CNY: 0 steps."
    assert summary(panel)[1].startswith("Held back: m-2, not all lists of its region are here")
    assert panel.parts["steps"].value == ""


def test_missing_lists_are_said_in_the_answer() -> None:
    panel = InventoryExplorer(told(missing=("DescribeDisks",)))
    assert any(line.startswith("1 list of this account missing or in doubt") for line in summary(panel))


def test_an_amount_without_all_totals_is_at_least_so_much() -> None:
    """Of a chain whose total is in no list nothing is known, and that is not 0."""
    inventory = account(
        snapshots=[snapshot("s-1", "sl-1", 10), snapshot("s-2", "sl-2", 10)], chains=[chain("sl-1", 10, 1)]
    )
    first, *others = summary(InventoryExplorer(inventory))
    assert "cost at least 1.20 CNY" in first
    assert any(line.startswith("1 use in no amount") for line in others)


def test_what_nothing_bounds_saves_so_much_or_more() -> None:
    """Of the second chain neither total nor full size is told."""
    inventory = account(snapshots=[snapshot("s-1", "sl-1", 10), snapshot("s-2", "sl-2")], chains=[chain("sl-1", 10, 1)])
    panel = InventoryExplorer(inventory)
    with panel.together():
        panel.controls["s-1"].value = panel.controls["s-2"].value = True
    assert "saves 1.20 CNY or more of 1.20 CNY" in summary(panel)[0]
    assert steps(panel)[-1][3] == "1.20 or more"


def test_lines_can_only_be_saved_of_what_is_ticked() -> None:
    panel = InventoryExplorer(told())
    with pytest.raises(InputError, match="nothing is ticked"):
        panel.script()
    panel.controls_box.children[2].click()
    assert "nothing is ticked" in panel.notice.value
    panel.controls["m-2"].value = True
    panel.controls_box.children[2].click()
    assert panel.frame.file["name"] == "clean.sh"
    assert panel.frame.file["text"] == panel.script()


def test_an_account_without_findings_shows_its_cost_and_no_controls() -> None:
    panel = InventoryExplorer(
        account(snapshots=[snapshot("s-1", "sl-1", 10, usage="disk")], chains=[chain("sl-1", 10, 1)])
    )
    assert panel.controls == {}
    assert "1.20 CNY" in summary(panel)[0]
    assert "cn-beijing" in panel.parts["picture"].value


def test_a_state_of_ticks_comes_back() -> None:
    panel, other = InventoryExplorer(told()), InventoryExplorer(told())
    panel.controls["s-2"].value = True
    other.restore(json.loads(panel.state))
    assert other.ticked == ["s-2"]
    assert other.parts["steps"].value == panel.parts["steps"].value


def test_prices_of_ones_own_count() -> None:
    from helpers import tier

    dear = ecs.Prices([tier(1.0)])
    assert "30,960.00 CNY" in summary(InventoryExplorer(told(), dear))[0], "43 GiB for 720 hours at 1 CNY"


def test_a_saved_notebook_shows_the_answer() -> None:
    panel = InventoryExplorer(told())
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == "<inventory explorer>"
    assert "5.16 CNY" in bundle["text/html"]


@pytest.mark.slow
def test_of_the_sample_account_everything_ticked_frees_all_of_it_and_a_tick_is_quick() -> None:
    panel = InventoryExplorer(Inventory.read(ecs.sample("shop") / "inventory"))
    ticks = [control for name, control in panel.controls.items() if name != "show"]
    took = []
    for control in ticks[:10]:
        start = perf_counter()
        control.value = True
        took.append(perf_counter() - start)
    assert min(took) < 0.1
    with panel.together():
        for control in ticks:
            control.value = True
    assert "53.33 CNY of 53.33 CNY" in summary(panel)[0]
