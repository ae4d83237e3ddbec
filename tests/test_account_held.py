"""What an image held alone over time lies between bounds that the totals of that day allow (CHAIN-2)."""

from __future__ import annotations

from typing import Any

import pytest
from accounts_told import account, chain, image, snapshot

from ecs_images.accounts.inventory import Inventory

JUNE, JULY = "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"


def two_months(*chains: dict[str, Any], days: tuple[int, ...] = (1,), later: tuple[str, ...] = ()) -> Inventory:
    """Images m-1, m-2 … of snapshots of 10 GiB of one disk; those of `later` were taken in June, the others in May."""
    names = [f"{number}" for number in range(1, len(days) + 1)]
    rows = [
        snapshot(f"s-{name}", "sl-1", 10, day=day, taken_at=JULY)
        | ({"created_at": "2026-06-10T00:00:00Z"} if name in later else {})
        for name, day in zip(names, days, strict=True)
    ]
    made = [
        image(f"m-{name}", f"s-{name}", taken_at=JULY, created_at=row["created_at"])
        for name, row in zip(names, rows, strict=True)
    ]
    disks = [disk | {"taken_at": JULY} for _, some in made for disk in some]
    return account(images=[row for row, _ in made], image_disks=disks, snapshots=rows, chains=list(chains))


def held(inventory: Inventory) -> dict[tuple[str, str], tuple[float, float]]:
    """By month and image."""
    table = inventory.held()
    return {
        (f"{row.x_at.tz_convert('UTC'):%Y-%m}", row.x_name): (row.x_held_low_gib, row.x_held_high_gib)
        for row in table.itertuples(index=False)
    }


def test_an_image_alone_in_its_chain_holds_all_of_it_on_every_day() -> None:
    inventory = two_months(chain("sl-1", 10, 1, taken_at=JUNE), chain("sl-1", 10, 1, taken_at=JULY))
    assert held(inventory) == {("2026-06", "m-1"): (10, 10), ("2026-07", "m-1"): (10, 10)}


def test_a_later_image_of_the_same_blocks_leaves_the_earlier_one_nothing() -> None:
    """In June a second snapshot is taken of the same 10 GiB: the total stays 10, so either alone frees nothing."""
    inventory = two_months(
        chain("sl-1", 10, 1, taken_at=JUNE), chain("sl-1", 10, 2, taken_at=JULY), days=(1, 2), later=("2",)
    )
    assert held(inventory) == {("2026-06", "m-1"): (10, 10), ("2026-07", "m-1"): (0, 0), ("2026-07", "m-2"): (0, 0)}


def test_what_cannot_be_told_apart_is_a_range() -> None:
    """Three snapshots of 10 GiB store 12: the 2 GiB that came later may be the second's, the third's, or of both."""
    inventory = two_months(chain("sl-1", 12, 3, taken_at=JULY), days=(1, 2, 3))
    low, high = held(inventory)["2026-07", "m-2"]
    assert low == 0
    assert 0 < high <= 2


def test_a_chain_that_had_a_snapshot_deleted_since_is_known_by_its_total_only() -> None:
    """In June it had two snapshots in 13 GiB, of which one is left: alone it held at most 10 GiB, at least nothing."""
    inventory = two_months(chain("sl-1", 13, 2, taken_at=JUNE), chain("sl-1", 10, 1, taken_at=JULY))
    assert held(inventory) == {("2026-06", "m-1"): (0, 10), ("2026-07", "m-1"): (10, 10)}


def test_where_totals_of_a_region_were_not_saved_there_is_no_row() -> None:
    assert {month for month, _ in held(two_months(chain("sl-1", 10, 1, taken_at=JULY)))} == {"2026-07"}


def test_at_the_newest_moment_an_image_held_what_deleting_it_frees() -> None:
    """0.12 CNY per GiB."""
    inventory = two_months(
        chain("sl-1", 10, 1, taken_at=JUNE), chain("sl-1", 13, 2, taken_at=JULY), days=(1, 2), later=("2",)
    )
    now = inventory.costs("image").set_index("x_name")
    for (month, name), (low, high) in held(inventory).items():
        if month == "2026-07":
            saved = now.loc[name, ["x_freed_low_cost", "x_freed_high_cost"]].tolist()
            assert saved == pytest.approx([0.12 * low, 0.12 * high])
