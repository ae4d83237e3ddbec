"""A plan of deletions keeps what the policy says, comes in an order the service allows, and frees a proven range."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from accounts_told import account, chain, image, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Story, play, stories

import ecs_images as ecs
from ecs_images.accounts.cleaning import Cleaning, clean_chosen, played, steps_for
from ecs_images.accounts.costs import AccountBill
from ecs_images.accounts.findings import Uses
from ecs_images.accounts.inventory import Inventory
from ecs_images.accounts.written import account_numbers, write_answers
from ecs_images.errors import InputError, UnknownName


def weekly(count: int, **more: Any) -> Inventory:
    """An image of the family web for each of the first days of May, of 10 GiB with 1 rewritten each time."""
    images, disks = [], []
    for day in range(1, count + 1):
        row, its = image(f"m-{day}", f"s-{day}", family="web", created_at=f"2026-05-0{day}T00:00:00Z")
        images.append(row)
        disks += its
    return account(
        images=images,
        image_disks=disks,
        snapshots=[snapshot(f"s-{day}", "sl-1", 10, day=day) for day in range(1, count + 1)],
        chains=[chain("sl-1", 10 + count - 1, count)],
        **more,
    )


def decisions(inventory: Inventory, keep: str) -> dict[str, str]:
    table = inventory.clean(keep).decisions
    return dict(zip(table["x_image_id"], table["x_decision"], strict=True))


def test_the_newest_of_a_family_and_what_is_in_use_stay() -> None:
    running = weekly(4, instances=[{"instance_id": "i-1", "image_id": "m-1"}])
    said = decisions(running, "newest 2 per family, anything in use")
    assert said == {"m-1": "keep", "m-2": "delete", "m-3": "keep", "m-4": "keep"}


def test_deletions_come_first_and_every_decision_has_its_reason() -> None:
    table = weekly(3).clean("newest 1 per family").decisions
    assert table["x_decision"].tolist() == ["delete", "delete", "keep"]
    assert table["x_why"].iloc[2] == "one of the newest 1 of its family"
    assert table["x_why"].iloc[0].startswith("cannot be known from here: no instance")


@pytest.mark.slow
def test_the_newest_of_a_family_is_the_newest_of_its_account() -> None:
    """What another account builds in its family of that name keeps nobody's image, and makes none old."""
    older, _ = image("m-1", family="web", created_at="2026-05-01T00:00:00Z", account_id="1")
    newer, _ = image("m-2", family="web", created_at="2026-05-02T00:00:00Z", account_id="2")
    both = account(images=[older, newer])
    assert decisions(both, "newest 1 per family") == {"m-1": "keep", "m-2": "keep"}
    assert "old_version" not in set(both.findings()["x_kind"])
    assert both.findings()["x_evidence"].str.contains("newest of the family web").all()


def test_one_a_quarter_keeps_the_newest_of_each_quarter_of_utc_plus_8() -> None:
    """2026-03-31 at 20:00 UTC is the first of April in UTC+8, so m-b belongs to the second quarter."""
    times = {"m-a": "2026-02-01T00:00:00Z", "m-b": "2026-03-31T20:00:00Z", "m-c": "2026-05-01T00:00:00Z"}
    rows = [image(name, family="web", created_at=time)[0] for name, time in times.items()]
    assert decisions(account(images=rows), "one a quarter") == {"m-a": "keep", "m-b": "delete", "m-c": "keep"}


def test_each_image_goes_before_its_snapshot_and_is_unshared_first() -> None:
    shared = weekly(2, shares=[{"image_id": "m-1", "with_account_id": "77"}])
    steps = shared.clean("newest 1 per family").steps
    assert steps["x_command"].tolist() == [
        "aliyun ecs ModifyImageSharePermission --RegionId cn-beijing --ImageId m-1 --RemoveAccount.1 77",
        "aliyun ecs DeleteImage --RegionId cn-beijing --ImageId m-1",
        "aliyun ecs DeleteSnapshot --RegionId cn-beijing --SnapshotId s-1",
    ]


@pytest.mark.slow
def test_deleting_images_frees_nothing_until_their_snapshots_go_and_then_a_range() -> None:
    """Of 13 GiB 10 stay with the newest, so all three others free 3 for certain, and each alone 0 to 3 or less."""
    plan = weekly(4).clean("newest 1 per family")
    steps = plan.steps
    first_image = steps.iloc[0]
    assert (first_image["x_freed_low_cost"], first_image["x_freed_high_cost"]) == (0, 0)
    assert (steps["x_freed_low_cost"] <= steps["x_freed_high_cost"]).all()
    assert steps["x_freed_low_cost"].is_monotonic_increasing
    last = steps.iloc[-1]
    assert last["x_freed_low_cost"] == pytest.approx(last["x_freed_high_cost"])
    whole = weekly(4).bill().total()
    assert last["x_freed_low_cost"] == pytest.approx(whole * 3 / 13)


def test_a_forced_deletion_says_which_instances_lose_their_image() -> None:
    running = weekly(2, instances=[{"instance_id": "i-1", "image_id": "m-1"}])
    step = running.clean("newest 1 per family").steps.iloc[0]
    assert step["x_command"].endswith("--ImageId m-1 --Force true")
    assert step["x_takes_away"] == "i-1 can never be re-initialised to m-1"


def test_a_snapshot_that_a_kept_image_or_a_disk_needs_stays() -> None:
    one, disks_of_one = image("m-1", "s-1", family="web", created_at="2026-05-01T00:00:00Z")
    two, disks_of_two = image("m-2", "s-1", family="web", created_at="2026-05-02T00:00:00Z")
    old, disks_of_old = image("m-0", "s-0", family="web", created_at="2026-04-01T00:00:00Z")
    inventory = account(
        images=[one, two, old],
        image_disks=disks_of_one + disks_of_two + disks_of_old,
        snapshots=[snapshot("s-0", "sl-1", 5), snapshot("s-1", "sl-1", 5, day=2)],
        chains=[chain("sl-1", 6, 2)],
        disks=[{"disk_id": "d-9", "source_snapshot_id": "s-0"}],
    )
    assert inventory.clean("newest 1 per family").steps["x_operation"].tolist() == ["DeleteImage", "DeleteImage"]


@pytest.mark.slow
def test_an_image_whose_receivers_or_uses_are_not_known_is_held_back_with_the_command_that_tells() -> None:
    receivers = account(images=[image("m-1", is_shared="true")[0]]).clean("anything in use")
    assert receivers.decisions["x_decision"].tolist() == ["held back"]
    assert "DescribeImageSharePermission" in receivers.decisions["x_why"].iloc[0]
    lists = account(images=[image("m-1")[0]], missing=("DescribeInstances",)).clean("anything in use")
    assert "aliyun ecs DescribeInstances" in lists.decisions["x_why"].iloc[0]
    assert len(receivers.steps) == len(lists.steps) == 0


def test_a_step_that_the_cloud_cannot_judge_says_so_and_all_others_were_allowed() -> None:
    """The chain of m-2's snapshot has no total, so neither is in the simulated cloud."""
    told, other = weekly(2), weekly(1)
    row, disks = image("m-0", "s-0", family="web", created_at="2026-04-01T00:00:00Z")
    extra = account(images=[row], image_disks=disks, snapshots=[snapshot("s-0", "sl-0", 5)])
    tables = {name: pd.concat([told.tables[name], extra.tables[name]], ignore_index=True) for name in told.tables}
    steps = Inventory(tables, other.coverage).clean("newest 1 per family").steps
    assert dict(zip(steps["x_resource_id"], steps["x_answer"], strict=True)) == {
        "m-0": "not judged: m-0 is not in the account's simulated cloud",
        "s-0": "not judged: s-0 is not in the account's simulated cloud",
        "m-1": "allowed",
        "s-1": "allowed",
    }


def test_a_community_image_is_made_private_before_it_goes() -> None:
    told = weekly(2)
    public = told.images.assign(extra=['{"IsPublic": true}', ""])
    steps = Inventory({**told.tables, "images": public}, told.coverage).clean("newest 1 per family").steps
    assert steps["x_command"].iloc[0].endswith("--ImageId m-1 --IsPublic false")
    assert set(steps["x_answer"]) == {"allowed"}


@pytest.mark.slow
def test_an_image_is_held_back_for_a_step_that_the_cloud_refuses_and_all_that_follows_from_it() -> None:
    """In the other order the snapshot goes while its image is there, and the image while others may use it."""
    shared = weekly(2, shares=[{"image_id": "m-1", "with_account_id": "77"}])
    uses = Uses(shared.bill())
    steps = list(steps_for(uses, [uses.images["m-1"]]))
    assert played(shared.cloud(), steps)[1] == {}
    answers, refused = played(shared.cloud(), steps[::-1])
    assert [(step.operation, answer) for step, answer in answers] == [("ModifyImageSharePermission", "allowed")]
    assert refused["m-1"].startswith("the service would refuse DeleteSnapshot (SnapshotCreatedImage)")


KEEP = ("newest 1 per family, anything in use", "anything in use", "one a month", "newest 1 per name", "one a week")


@pytest.mark.slow
@settings(max_examples=25)
@given(stories(), st.sampled_from(KEEP))
def test_every_plan_plays_in_the_cloud_that_was_written_without_a_refusal_and_saves_within_its_range(
    story: Story, keep: str
) -> None:
    """The cloud knows which blocks its snapshots share; the plan is made from saved answers, which do not tell."""
    truth = play(story).cloud
    truth.at(truth.now.replace(hour=0, minute=0, second=0) + timedelta(days=2))
    with TemporaryDirectory() as folder:
        write_answers(truth, folder, taken=[f"{truth.now:%Y-%m-%d}"])
        inventory = Inventory.read(folder)
    bill = inventory.bill()
    steps = inventory.clean(keep, bill=bill).steps
    images = inventory.images
    failed = set(images.loc[images["status"] == "CreateFailed", "image_id"])
    before = monthly(truth, bill)
    for step in steps.to_dict("records"):
        assert step["x_answer"] == "allowed" or step["x_resource_id"] in failed
        owner = truth.account(truth.state.resources[step["x_resource_id"]].account)
        told = dict(zip(step["x_command"].split()[3::2], step["x_command"].split()[4::2], strict=True))
        if step["x_operation"] == "DeleteSnapshot":
            owner.delete_snapshot(told["--SnapshotId"])
        elif step["x_operation"] == "DeleteImage":
            owner.delete_image(told["--ImageId"], force="--Force" in told)
        else:
            receiver = next(
                n for n, number in account_numbers(truth.state.accounts).items() if number == told["--RemoveAccount.1"]
            )
            owner.unshare_image(told["--ImageId"], from_accounts=[receiver])
        saved = before - monthly(truth, bill)
        assert step["x_freed_low_cost"] - 1e-9 <= saved <= step["x_freed_high_cost"] + 1e-9


def monthly(cloud: ecs.Cloud, bill: AccountBill) -> float:
    """What the snapshots of a cloud cost in 30 days at the rates of a bill."""
    stored: dict[tuple[str, str], int] = defaultdict(int)
    for name, its in cloud.state.chains.items():
        for member in cloud.state.live_snapshots(name)[:1]:
            stored[member.account, member.region] += its.total_blocks() * its.block_bytes
    return sum(bill.rates.month(region, size) for (_, region), size in stored.items())


def test_images_of_others_are_never_deleted() -> None:
    assert decisions(account(images=[image("m-1", owner_alias="others")[0]]), "anything in use") == {}


@pytest.mark.slow
def test_an_image_in_no_family_is_kept_unless_names_are_counted() -> None:
    rows = [image(f"m-{k}", name=f"web-v{k}", created_at=f"2026-05-0{k}T00:00:00Z")[0] for k in (1, 2)]
    assert set(decisions(account(images=rows), "newest 1 per family").values()) == {"keep"}
    assert decisions(account(images=rows), "newest 1 per name") == {"m-1": "delete", "m-2": "keep"}


def test_the_script_has_its_warnings_as_comments() -> None:
    lines = weekly(2).clean("newest 1 per family").script().splitlines()
    assert lines[0].startswith("# Nothing here was run")
    assert [line for line in lines if not line.startswith(("#", "aliyun ecs "))] == []
    assert "# s-1 can never be restored" in lines


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["", "everything", "newest three per family", 3])
def test_a_rule_that_is_not_known_names_the_known_ones(keep: Any) -> None:
    with pytest.raises(InputError, match="newest 3 per family"):
        weekly(1).clean(keep)


# What a person chose ---------------------------------------------------------------------------------


def chosen(inventory: Inventory, *resources: str) -> Cleaning:
    return clean_chosen(Uses(inventory.bill()), resources)


def test_a_chosen_image_goes_with_its_snapshot_and_the_rest_stays() -> None:
    plan = chosen(weekly(3), "m-1")
    assert plan.steps["x_resource_id"].tolist() == ["m-1", "s-1"]
    assert plan.decisions["x_image_id"].tolist() == ["m-1"]


@pytest.mark.slow
def test_a_chosen_snapshot_behind_an_image_is_held_back_unless_the_image_goes_too() -> None:
    """SDEL-2."""
    plan = chosen(weekly(3), "s-1")
    assert plan.steps.empty
    assert plan.decisions["x_why"].tolist() == ["m-1 needs it (SDEL-2)"]
    both = chosen(weekly(3), "s-1", "m-1")
    assert both.steps["x_resource_id"].tolist() == ["m-1", "s-1"]
    assert both.decisions["x_decision"].tolist() == ["delete", "delete"]


def test_a_chosen_snapshot_that_a_disk_was_made_from_is_held_back() -> None:
    inventory = account(
        snapshots=[snapshot("s-1", "sl-1", 10, usage="disk")],
        chains=[chain("sl-1", 10, 1)],
        disks=[{"disk_id": "d-9", "source_snapshot_id": "s-1"}],
    )
    plan = chosen(inventory, "s-1")
    assert plan.steps.empty
    assert "d-9" in plan.decisions["x_why"].iloc[0]


def test_a_chosen_snapshot_that_the_service_says_is_used_is_held_back() -> None:
    """The image that it backs may be in no list."""
    inventory = account(snapshots=[snapshot("s-1", "sl-1", 10, usage="image")], chains=[chain("sl-1", 10, 1)])
    plan = chosen(inventory, "s-1")
    assert plan.steps.empty
    assert plan.decisions["x_why"].tolist() == ["the service says that it is used: image (SDEL-2)"]


def test_nothing_that_was_chosen_goes_from_a_region_without_all_its_lists() -> None:
    plan = chosen(weekly(2, missing=("DescribeDisks",)), "m-1")
    assert plan.steps.empty
    assert "aliyun ecs DescribeDisks" in plan.decisions["x_why"].iloc[0]


def test_snapshots_of_a_released_disk_that_were_chosen_free_their_whole_chain() -> None:
    """Two snapshots of 10 GiB with 1 rewritten store 11: the second alone frees from 0 on, both all of it."""
    inventory = account(
        snapshots=[snapshot(f"s-{day}", "sl-1", 10, day=day) for day in (1, 2)], chains=[chain("sl-1", 11, 2)]
    )
    steps = chosen(inventory, "s-1", "s-2").steps
    assert steps["x_operation"].tolist() == ["DeleteSnapshot", "DeleteSnapshot"]
    assert steps["x_freed_low_cost"].tolist() == pytest.approx([0.12, 11 * 0.12])
    assert steps["x_freed_high_cost"].tolist() == pytest.approx([0.12, 11 * 0.12])


def test_an_id_in_no_list_cannot_be_chosen() -> None:
    with pytest.raises(UnknownName, match="unknown image or snapshot of this account 'm-77'"):
        chosen(weekly(1), "m-77")


def test_what_a_shell_would_read_in_an_id_is_quoted() -> None:
    row, disks = image("m-1; reboot #\nreboot", "s-1", family="web")
    held = account(
        images=[row], image_disks=disks, snapshots=[snapshot("s-1", "sl-1", 10)], chains=[chain("sl-1", 10, 1)]
    )
    lines = held.clean("anything in use").script()
    assert "--ImageId 'm-1; reboot #\nreboot'" in lines
    assert "\nreboot\n" not in lines
