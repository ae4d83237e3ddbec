"""What an account costs: storage by the totals of chains, fees by lineage, and shares beside what deletion frees."""

from __future__ import annotations

import math
import random
from itertools import permutations
from pathlib import Path

import pytest
from accounts_told import GIB, account, chain, image, snapshot

from ecs_images.accounts.allocation import NO_IMAGE, allocated, costs
from ecs_images.accounts.bounds import Freed
from ecs_images.accounts.inventory import Inventory
from ecs_images.catalog.prices import Prices
from ecs_images.errors import InputError, PriceNotFound, UnknownName

LAYER = """meter,region_id,unit,currency,price,valid_from
snapshot_standard,cn-beijing,per_gib_month,CNY,1,2026-01-01
"""


@pytest.fixture
def one_a_gib(tmp_path: Path) -> Prices:
    """A GiB-month of snapshots in Beijing costs 1, so money of 30 days reads as GiB."""
    (tmp_path / "own.csv").write_text(LAYER)
    return Prices.published(tmp_path / "own.csv")


def golden() -> Inventory:
    """12 GiB in snapshot a behind image m-1, 3 of them rewritten in b behind m-2; and a chain of 5 GiB of nobody."""
    images, disks = zip(image("m-1", "a", family="web"), image("m-2", "b", family="web"), strict=True)
    return account(
        images=list(images),
        image_disks=[disk for some in disks for disk in some],
        snapshots=[snapshot("a", "sl-1", 12), snapshot("b", "sl-1", 12, day=2), snapshot("c", "sl-2", 5)],
        chains=[chain("sl-1", 15, 2), chain("sl-2", 5, 1)],
    )


def test_storage_of_30_days_is_the_totals_of_the_chains(one_a_gib: Prices) -> None:
    bill = golden().bill(prices=one_a_gib)
    assert bill.total() == pytest.approx(20)
    assert bill.by("region")["list_cost"].tolist() == pytest.approx([20])


def test_shares_of_images_follow_full_sizes_and_stand_beside_what_deletion_frees(one_a_gib: Prices) -> None:
    """Each image has half of the 15 of its chain; deleting either frees just the 3 that it holds alone."""
    table = golden().costs(bill=golden().bill(prices=one_a_gib)).set_index("x_name")
    assert table["list_cost"].to_dict() == pytest.approx({"m-1": 7.5, "m-2": 7.5, NO_IMAGE: 5})
    assert table["x_freed_low_cost"].to_dict() == pytest.approx({"m-1": 3, "m-2": 3, NO_IMAGE: 5})
    assert table["x_freed_high_cost"].to_dict() == pytest.approx({"m-1": 3, "m-2": 3, NO_IMAGE: 5})


def test_a_family_frees_more_than_its_images_one_by_one(one_a_gib: Prices) -> None:
    web = costs(golden().bill(prices=one_a_gib), "family").set_index("x_name").loc["web"]
    assert web["x_freed_low_cost"] == pytest.approx(15)
    assert web["x_freed_high_cost"] == pytest.approx(15)


def test_families_of_one_name_in_two_accounts_are_two_families(one_a_gib: Prices) -> None:
    """Account 1 stores 12 GiB for its family web, account 2 stores 5 GiB for its own."""
    there = {"account_id": "2"}
    ours, our_disks = image("m-1", "a", family="web")
    theirs, their_disks = image("m-2", "b", family="web", **there)
    found = account(
        images=[ours, theirs],
        image_disks=[*our_disks, *(disk | there for disk in their_disks)],
        snapshots=[snapshot("a", "sl-1", 12), snapshot("b", "sl-2", 5, **there)],
        chains=[chain("sl-1", 12, 1), chain("sl-2", 5, 1, **there)],
    )
    table = costs(found.bill(prices=one_a_gib), "family").set_index("x_name")
    assert table["list_cost"].to_dict() == pytest.approx({"web of account 1": 12, "web of account 2": 5})
    assert table["x_freed_low_cost"].to_dict() == pytest.approx({"web of account 1": 12, "web of account 2": 5})


def test_an_image_that_shares_its_snapshot_with_another_frees_nothing(one_a_gib: Prices) -> None:
    first, second = image("m-1", "a"), image("m-2", "a")
    both = account(
        images=[first[0], second[0]],
        image_disks=first[1] + second[1],
        snapshots=[snapshot("a", "sl-1", 12)],
        chains=[chain("sl-1", 12, 1)],
    )
    table = costs(both.bill(prices=one_a_gib))
    assert table["list_cost"].tolist() == pytest.approx([6, 6])
    assert table["x_freed_high_cost"].tolist() == [0, 0]


def test_a_chain_without_listed_snapshots_is_allocated_to_itself_and_frees_its_total(one_a_gib: Prices) -> None:
    bare = account(chains=[chain("sl-1", 9, 4)]).bill(prices=one_a_gib)
    row = costs(bare, "chain").iloc[0]
    assert (row["list_cost"], row["x_freed_low_cost"]) == pytest.approx((9, 9))


def test_only_the_newest_list_of_a_region_exists_and_older_totals_are_its_history(one_a_gib: Prices) -> None:
    """Growth from 10 to 14 and to 15 proves that deleting the newest of three frees exactly 1."""
    early = {"taken_at": "2026-05-02T12:00:00Z"}
    inventory = account(
        snapshots=[
            snapshot("gone", "sl-1", 10, taken_at="2026-04-01T00:00:00Z"),
            snapshot("a", "sl-1", 10),
            snapshot("b", "sl-1", 10, day=2),
            snapshot("c", "sl-1", 10, day=3),
        ],
        chains=[chain("sl-1", 14, 2, **early), chain("sl-1", 15, 3)],
    )
    table = costs(inventory.bill(prices=one_a_gib), "snapshot").set_index("x_name")
    assert sorted(table.index) == ["a", "b", "c"]
    assert (table.loc["c", "x_freed_low_cost"], table.loc["c", "x_freed_high_cost"]) == pytest.approx((1, 1))


@pytest.mark.slow
def test_allocated_sums_to_the_storage_of_the_bill_over_random_accounts() -> None:
    chance = random.Random(7)
    for _ in range(50):
        chains, snapshots, disks, images = [], [], [], []
        for number in range(chance.randint(1, 8)):
            count, place = chance.randint(0, 4), {"region_id": chance.choice(["cn-beijing", "cn-hangzhou"])}
            chains.append(chain(f"sl-{number}", chance.randint(0, 90), count, **place))
            for k in range(count):
                size = chance.choice([None, chance.randint(0, 40)])
                name = f"s-{number}-{k}"
                snapshots.append(snapshot(name, f"sl-{number}", size, day=k + 1, **place))
                for copy in range(chance.randint(0, 2)):
                    row, its = image(f"m-{number}-{k}-{copy}", name, **place)
                    images.append(row)
                    disks += [disk | place for disk in its]
        bill = account(chains=chains, snapshots=snapshots, images=images, image_disks=disks).bill()
        assert allocated(bill)["list_cost"].sum() == pytest.approx(bill.total(), rel=1e-9, abs=1e-12)


def test_a_licence_is_billed_by_the_system_that_its_image_names_and_a_prepaid_one_is_not() -> None:
    """Windows is charged by vCPU where it runs pay-as-you-go; a subscription is listed and in no amount."""
    windows, _ = image("m-w", os="Windows Server  2022 Data Center 64bit English Edition", product_code="cmjj027560")
    running = {"image_id": "m-w", "instance_type": "ecs.g6.large", "status": "Running"}
    bill = account(
        images=[windows],
        instances=[
            running | {"instance_id": "i-1", "charge_type": "PostPaid"},
            running | {"instance_id": "i-2", "charge_type": "PrePaid"},
            running
            | {"instance_id": "i-3", "charge_type": "PostPaid", "status": "Stopped", "stopped_mode": "StopCharging"},
            running | {"instance_id": "i-4", "charge_type": "PostPaid", "image_id": "m-unknown"},
        ],
    ).bill()
    usage = bill.usage[["resource_id", "sku_meter", "x_item", "x_vcpus"]].values.tolist()
    assert usage == [["i-1", "os_licence", "Windows Server", 2], ["i-1", "marketplace_fee", "cmjj027560", 2]]
    why = bill.not_billed.groupby("resource_id")["why"].first().to_dict()
    assert why["i-2"] == "it is prepaid: Windows Server"
    assert why["i-4"] == "the system of its image m-unknown is not told"


def test_what_has_no_place_or_total_or_is_archived_is_listed_and_in_no_amount(one_a_gib: Prices) -> None:
    bill = account(
        chains=[chain("sl-1", 9, 1, region_id=""), chain("sl-2", 9, 1, category="archive"), chain("sl-3", 4, 1)],
        snapshots=[snapshot("a", "sl-4", 3), snapshot("b", "sl-2", 3, category="archive")],
    ).bill(prices=one_a_gib)
    assert bill.total() == pytest.approx(4)
    assert sorted(bill.not_billed["resource_id"]) == ["sl-1", "sl-2", "sl-4"]
    freed = costs(bill, "snapshot")
    assert freed.empty or math.isnan(bill.saved(["b"]).high)


def test_an_image_without_an_amount_says_whether_its_snapshots_or_the_total_of_their_chain_are_lacking() -> None:
    images, disks = zip(image("m-1", "a"), image("m-2", "gone"), strict=True)
    of_disks = [disk for some in disks for disk in some]
    found = costs(account(images=list(images), image_disks=of_disks, snapshots=[snapshot("a", "", 12)]).bill())
    assert dict(zip(found["x_name"], found["x_known_by"], strict=True)) == {
        "m-1": "its snapshots are in no standard chain with a total",
        "m-2": "its snapshots are in no list",
    }


def test_an_image_whose_list_does_not_tell_owners_is_the_accounts_own() -> None:
    """The table of a console tells none; an image that names another account is not."""
    mine, _ = image("m-1", owner_alias="")
    theirs, _ = image("m-2", owner_alias="", owner_id="2")
    assert costs(account(images=[mine, theirs]).bill())["x_name"].tolist() == ["m-1"]


def test_a_region_without_a_price_is_named_and_never_costs_nothing() -> None:
    bill = account(chains=[chain("sl-1", 9, 1, region_id="na-south-1")], snapshots=[snapshot("a", "sl-1", 9)]).bill()
    with pytest.raises(PriceNotFound, match="na-south-1"):
        bill.total()


def test_the_month_so_far_is_known_only_where_every_hour_was_saved(one_a_gib: Prices) -> None:
    """At 02:00 on the first of June (UTC+8) two hours have passed; 720 GiB for one and 1,440 for the other cost 3."""
    hours = [
        {"chain_id": "sl-1", "hour_start": f"2026-05-31T{16 + k}:00:00Z", "stored_bytes": size * GIB, "source": "oms"}
        for k, size in enumerate((720, 1440))
    ]
    now = {"taken_at": "2026-05-31T18:00:00Z"}
    for saved, expected in ((hours, 3.0), (hours[:1], math.nan)):
        bill = account(chains=[chain("sl-1", 1440, 1, **now)], usage_hours=[hour | now for hour in saved]).bill(
            prices=one_a_gib
        )
        row = bill.month_so_far.iloc[0]
        assert row["list_cost"] == pytest.approx(expected, nan_ok=True)
        assert row["x_at_todays_rate"] == pytest.approx(4)


def test_two_readings_of_a_chain_within_an_hour_are_one_hour_of_the_larger(one_a_gib: Prices) -> None:
    """At 01:00 one hour has passed, in which the chain grew from 360 GiB to 720: the hour costs 1 (BILL-2)."""
    now = {"taken_at": "2026-05-31T17:00:00Z"}
    readings = [
        {"chain_id": "sl-1", "hour_start": f"2026-05-31T16:{minute}:00Z", "stored_bytes": size * GIB, "source": "oms"}
        for minute, size in (("00", 360), ("30", 720))
    ]
    bill = account(chains=[chain("sl-1", 720, 1, **now)], usage_hours=[one | now for one in readings]).bill(
        prices=one_a_gib
    )
    assert bill.month_so_far["list_cost"].tolist() == pytest.approx([1])


def test_hours_of_one_answer_fill_the_holes_of_another(one_a_gib: Prices) -> None:
    """Of two hours of 720 GiB the first is told by its chain, the second by the region as a whole."""
    now = {"taken_at": "2026-05-31T18:00:00Z"}
    told = ("oms", "sl-1", 16), ("monitor", "", 17)
    hours = [
        {"chain_id": chain_id, "hour_start": f"2026-05-31T{hour}:00:00Z", "stored_bytes": 720 * GIB, "source": source}
        for source, chain_id, hour in told
    ]
    bill = account(chains=[chain("sl-1", 720, 1, **now)], usage_hours=[hour | now for hour in hours]).bill(
        prices=one_a_gib
    )
    assert bill.month_so_far["list_cost"].tolist() == pytest.approx([2])


def test_what_deletions_save_does_not_depend_on_the_order_in_which_regions_are_added(tmp_path: Path) -> None:
    """0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1 to the last digit."""
    regions = "cn-beijing", "cn-hangzhou", "cn-shanghai"
    rows = [LAYER.replace("cn-beijing", region).splitlines()[1].replace(",1,", ",0.1,") for region in regions]
    (tmp_path / "own.csv").write_text("\n".join([LAYER.splitlines()[0], *rows]))
    chains = [chain(f"sl-{size}", size, 1, region_id=region) for size, region in enumerate(regions, 1)]
    bill = account(chains=chains).bill(prices=Prices.published(tmp_path / "own.csv"))
    freed = [(one, Freed(one.known.total, one.known.total)) for one in bill.chains]
    assert len({bill.money(order) for order in permutations(freed)}) == 1


def test_without_a_date_nothing_is_billed() -> None:
    with pytest.raises(InputError, match="nothing says when"):
        account(chains=[chain("sl-1", 9, 1, taken_at=None)]).bill()


def test_costs_by_an_unknown_part_name_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="image, snapshot, chain"):
        costs(golden().bill(), "flavour")
