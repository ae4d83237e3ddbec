"""What may be superfluous: nothing that has a use is called unused, and what is not known is said, with what tells."""

from __future__ import annotations

import random
from typing import Any

import pandas as pd
import pytest
from accounts_told import account, chain, image, snapshot

from ecs_images.accounts.findings import IN_USE, KINDS, UNKNOWN, UNUSED, findings
from ecs_images.accounts.inventory import Inventory

USES = (
    "image", "shared image", "newest of a family", "image that runs", "disk", "only the service says so",
    "its disk lives", "its disk has a policy", "not accomplished", "no disk told", "being copied", "a copy itself",
    "tags",
)  # fmt: skip


def planted(chance: random.Random) -> tuple[Inventory, set[str], set[str]]:
    """A random account, the snapshots in it without any use, and the regions of which a list is missing."""
    tables: dict[str, list[dict[str, Any]]] = {
        name: [] for name in ("snapshots", "chains", "images", "image_disks", "disks", "instances", "shares")
    }
    unused = set()
    for number in range(chance.randint(1, 12)):
        place = {"region_id": chance.choice(["cn-beijing", "cn-hangzhou"])}
        count = chance.randint(1, 4)
        for k in range(count):
            name = f"s-{number}-{k}"
            row = snapshot(name, f"sl-{number}", 3 + k, day=k + 1, **place, disk_id=f"d-{number}-{k}")
            uses = [use for use in USES if chance.random() < 0.06]
            for use in uses:
                match use:
                    case "image" | "shared image" | "newest of a family" | "image that runs":
                        family = "web" if use == "newest of a family" else ""
                        its, disks = image(f"m-{use}-{name}", name, family=family, **place)
                        tables["images"].append(its)
                        tables["image_disks"] += [disk | place for disk in disks]
                        if use == "shared image":
                            tables["shares"].append(place | {"image_id": its["image_id"], "with_account_id": "77"})
                        if use == "image that runs":
                            tables["instances"].append(
                                place | {"instance_id": f"i-{name}", "image_id": its["image_id"]}
                            )
                    case "disk":
                        tables["disks"].append(place | {"disk_id": f"d-of-{name}", "source_snapshot_id": name})
                    case "only the service says so":
                        row["usage"] = chance.choice(["image", "disk", "image_disk", ""])
                    case "its disk lives" | "its disk has a policy":
                        policy = "sp-1" if use == "its disk has a policy" else ""
                        tables["disks"].append(place | {"disk_id": row["disk_id"], "policy_id": policy})
                        row["automatic"] = "true" if policy else ""
                    case "not accomplished":
                        row["status"] = "progressing"
                    case "no disk told":
                        row["disk_id"] = ""
                    case "being copied":
                        far = {"region_id": "cn-shanghai", "status": "progressing", "source_snapshot_id": name}
                        tables["snapshots"].append(snapshot(f"copy-of-{name}", "", disk_id="", **far))
                    case "a copy itself":
                        row["source_region_id"] = "cn-shanghai"
                    case "tags":
                        row["tags"] = '{"do-not-delete": "true"}'
            tables["snapshots"].append(row)
            unused |= set() if uses else {name}
        tables["chains"].append(chain(f"sl-{number}", 9, count, **place))
    missing = chance.choice([(), (), ("DescribeDisks",), ("DescribeImages",), ("DescribeInstances",)])
    return account(missing=missing, **tables), unused, set(missing)


@pytest.mark.slow
def test_over_80_random_accounts_only_what_has_no_use_is_called_unused() -> None:
    chance = random.Random(11)
    proved = 0
    for _ in range(80):
        inventory, unused, missing = planted(chance)
        table = inventory.findings()
        said = {name for row in table[table["x_verdict"] == UNUSED].itertuples() for name in row.x_resources.split(",")}
        assert said == (set() if missing else unused)
        proved += len(said)
    assert proved > 150


def one(table: Any, kind: str) -> Any:
    rows = table[table["x_kind"] == kind]
    assert len(rows) == 1, table.to_string()
    return rows.iloc[0]


def test_a_snapshot_that_an_older_list_shows_behind_an_image_is_left_behind_by_it() -> None:
    gone, disks = image("m-gone", "s", taken_at="2026-05-10T00:00:00Z")
    kept, _ = image("m-kept")
    found = account(
        images=[gone, kept],
        image_disks=[disk | {"taken_at": "2026-05-10T00:00:00Z"} for disk in disks],
        snapshots=[snapshot("s", "sl-1", 12)],
        chains=[chain("sl-1", 12, 1)],
    ).findings()
    row = one(found, "left_behind")
    assert row["x_verdict"] == UNUSED
    assert "it was behind m-gone, deleted since" in row["x_evidence"]
    assert not (found["x_kind"] == "released_disk").any()


def test_a_list_that_was_read_empty_on_another_day_proves_nothing() -> None:
    """The disks were listed on May 10, and there were none; a disk of the snapshot may have been made since."""
    told = account(snapshots=[snapshot("s", "sl-1", 12)], chains=[chain("sl-1", 12, 1)])
    assert (told.findings()["x_verdict"] == UNUSED).any()
    coverage = told.coverage
    empty = coverage["what"] == "DescribeDisks"
    old = coverage.assign(taken_at=coverage["taken_at"].mask(empty, pd.Timestamp("2026-05-10T00:00:00Z")))
    assert not (Inventory(told.tables, old).findings()["x_verdict"] == UNUSED).any()


def test_lists_of_another_account_in_the_region_are_not_taken_for_its_own() -> None:
    """Account 2 listed its disks on June 1 as account 1 did its snapshots; account 1 listed its disks in May."""
    old = {"disk_id": "d-other", "taken_at": "2026-05-10T00:00:00Z"}
    found = account(
        disks=[old, {"disk_id": "d-2", "account_id": "2"}],
        snapshots=[snapshot("s", "sl-1", 12)],
        chains=[chain("sl-1", 12, 1)],
    ).findings()
    assert not (found["x_verdict"] == UNUSED).any()


def test_a_chain_with_snapshots_that_no_list_has_is_not_called_without_use() -> None:
    found = account(snapshots=[snapshot("s", "sl-1", 12)], chains=[chain("sl-1", 15, 2)]).findings()
    assert found["x_kind"].tolist() == ["released_disk"]


def test_a_tagged_snapshot_of_a_released_disk_says_whom_to_ask() -> None:
    tagged = snapshot("s", "sl-1", 12, tags='{"team": "shop"}')
    row = one(account(snapshots=[tagged], chains=[chain("sl-1", 12, 1)]).findings(), "released_disk")
    assert (row["x_verdict"], row["x_settle"]) == (UNKNOWN, "ask who set team=shop")


def test_lists_of_different_days_prove_nothing() -> None:
    old = {"taken_at": "2026-05-10T00:00:00Z"}
    found = account(
        disks=[{"disk_id": "d-other"} | old], snapshots=[snapshot("s", "sl-1", 12)], chains=[chain("sl-1", 12, 1)]
    ).findings()
    assert not (found["x_verdict"] == UNUSED).any()


def test_the_command_that_would_settle_a_missing_list_fetches_all_of_its_pages() -> None:
    row, disks = image("m-1", "s")
    found = account(missing=("DescribeDisks",), images=[row], image_disks=disks).findings()
    settle = one(found, "never_launched")["x_settle"]
    assert settle == "aliyun ecs DescribeDisks --RegionId cn-beijing --PageSize 100 --pager"


@pytest.mark.slow
def test_an_image_is_never_proved_unused_and_the_command_that_would_settle_it_is_given() -> None:
    row, disks = image("m-1", "s", family="web")
    found = account(
        images=[row], image_disks=disks, snapshots=[snapshot("s", "sl-1", 12)], chains=[chain("sl-1", 12, 1)]
    ).findings()
    never = one(found, "never_launched")
    assert never["x_verdict"] == UNKNOWN
    assert "newest of the family web" in never["x_evidence"]
    assert never["x_settle"].startswith("aliyun ecs DescribeLaunchTemplateVersions --RegionId cn-beijing")


def test_a_shared_image_asks_its_receivers_and_says_that_a_share_is_free() -> None:
    row, _ = image("m-1", is_shared="true")
    found = account(images=[row], shares=[{"image_id": "m-1", "with_account_id": "77"}]).findings()
    shared = one(found, "shared")
    assert shared["x_settle"] == "ask 77 whether they launch it"
    assert "a share itself costs nothing" in shared["x_evidence"]
    assert one(found, "never_launched")["x_verdict"] == UNKNOWN


@pytest.mark.slow
def test_an_old_version_that_runs_is_in_use_and_its_successors_are_counted() -> None:
    images = [
        image(f"m-{day}", name=f"web-2026-05-0{day}", created_at=f"2026-05-0{day}T00:00:00Z")[0] for day in (1, 2, 3)
    ]
    found = account(images=images, instances=[{"instance_id": "i-1", "image_id": "m-1"}]).findings()
    old = found[found["x_kind"] == "old_version"].set_index("x_resources")
    assert old["x_verdict"].to_dict() == {"m-1": IN_USE, "m-2": UNKNOWN}
    assert old.loc["m-1", "x_evidence"].startswith("2 newer images of web…; i-1 run")


def test_a_copy_where_nothing_runs_is_found_as_copy_and_as_the_same_build_elsewhere() -> None:
    here, _ = image("m-1", name="web")
    there, _ = image("m-2", name="web", region_id="cn-hangzhou", is_copied="true")
    found = account(images=[here, there], instances=[{"instance_id": "i-1", "image_id": "m-1"}]).findings()
    assert one(found, "copied_and_unused")["x_resources"] == "m-2"
    assert "runs in cn-beijing" in one(found, "regions_without_use")["x_evidence"]


def test_images_without_a_name_are_not_one_build_in_two_regions() -> None:
    here, _ = image("m-1", name="")
    there, _ = image("m-2", name="", region_id="cn-shanghai")
    found = account(images=[here, there], instances=[{"instance_id": "i-1", "image_id": "m-1"}]).findings()
    assert "regions_without_use" not in set(found["x_kind"])


def test_an_image_of_a_charged_system_carries_its_fee_and_a_free_one_does_not() -> None:
    windows, _ = image("m-w", os="Windows Server 2022 Data Center")
    ubuntu, _ = image("m-u", os="Ubuntu  22.04 64 bit")
    fee = one(account(images=[windows, ubuntu]).findings(), "carries_a_fee")
    assert fee["x_resources"] == "m-w"
    assert fee["x_evidence"] == "whoever launches it pays for Windows Server"


def test_a_chain_without_any_use_frees_its_whole_total_and_its_snapshots_a_range() -> None:
    found = account(
        snapshots=[snapshot("a", "sl-1"), snapshot("b", "sl-1", day=2)], chains=[chain("sl-1", 15, 2)]
    ).findings()
    whole = one(found, "chain_without_use")
    assert whole["x_freed_low_cost"] == pytest.approx(whole["x_freed_high_cost"])
    single = found[found["x_kind"] == "released_disk"]
    assert single["x_freed_low_cost"].tolist() == [0, 0]


def test_automatic_snapshots_without_an_end_and_those_under_the_services_key_are_found() -> None:
    found = account(
        disks=[{"disk_id": "d-sl-1"}],
        snapshots=[
            snapshot("a", "sl-1", 5, automatic="true", retention_days=None),
            snapshot("b", "sl-1", 5, day=2, automatic="true", retention_days=30, encrypted="true"),
        ],
        chains=[chain("sl-1", 6, 2)],
    ).findings()
    assert one(found, "kept_for_good")["x_resources"] == "a"
    assert one(found, "service_key")["x_resources"] == "b"
    assert set(found["x_verdict"]) == {UNKNOWN}


def test_every_kind_is_explained() -> None:
    assert all(words[0].islower() and not words.endswith(".") for words in KINDS.values())
    assert findings(account(images=[]).bill(at="2026-06-01")).empty
