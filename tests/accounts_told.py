"""Small accounts for tests, told row by row; what is not told is empty, as in an answer that lacks it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ecs_images.accounts.inventory import Inventory
from ecs_images.accounts.tables import BY_NAME, COVERAGE

GIB = 1 << 30
LISTS = ("DescribeImages", "DescribeSnapshots", "DescribeSnapshotLinks", "DescribeDisks", "DescribeInstances")
PLACE = {"account_id": "1", "region_id": "cn-beijing", "taken_at": "2026-06-01T00:00:00Z", "source_file": "a.json"}


def account(*, missing: tuple[str, ...] = (), **tables: list[dict[str, Any]]) -> Inventory:
    """An inventory of some rows by table; lists of operations that are not `missing` are complete in every region."""
    frames = {}
    for name, table in BY_NAME.items():
        rows = []
        for row in tables.get(name, []):
            blank = {column.name: "" for column in table.columns if column.kind == "text"}
            rows.append({**dict.fromkeys(table.names), **blank, **PLACE, **row})
        frames[name] = table.frame(pd.DataFrame(rows, columns=table.names)) if rows else table.frame()
    regions = {row["region_id"] for rows in frames.values() for row in rows.to_dict("records")}
    seen = [
        ("1", region, what, 1, 1, None, "missing" if what in missing else "complete", "", "", None)
        for region in sorted(regions)
        for what in LISTS
    ]
    return Inventory(frames, COVERAGE.frame(seen))


def snapshot(name: str, chain: str, gib: float | None = None, *, day: int = 1, **more: Any) -> dict[str, Any]:
    """A snapshot of a chain, taken on a day of May 2026."""
    row = {"snapshot_id": name, "chain_id": chain, "disk_id": f"d-{chain}", "category": "standard", "usage": "none"}
    row |= {"created_at": f"2026-05-{day:02d}T00:00:00Z", "status": "accomplished"}
    return row | {"full_bytes": None if gib is None else gib * GIB} | more


def chain(name: str, gib: float, count: int, **more: Any) -> dict[str, Any]:
    return {"chain_id": name, "disk_id": f"d-{name}", "category": "standard"} | {
        "total_bytes": gib * GIB,
        "snapshot_count": count,
        **more,
    }


def image(name: str, /, *snapshots: str, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An own image and its disks."""
    row = {"image_id": name, "name": name, "owner_alias": "self", "status": "Available", "is_shared": "false"}
    row |= {"created_at": "2026-05-01T00:00:00Z"}
    disks = [{"image_id": name, "device": f"/dev/{k}", "snapshot_id": s} for k, s in enumerate(snapshots)]
    return row | more, disks
