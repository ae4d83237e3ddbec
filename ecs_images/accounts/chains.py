"""The chains of an account with what is known of each: which snapshots, what total, how they may be bounded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..units import BYTES_PER_GIB
from ..wire.answers import LISTINGS
from .bounds import KnownChain
from .tables import HasTables

_LISTED_BY = {listing.table: listing.operation for listing in LISTINGS} | {"image_disks": "DescribeImages"}
UNPLACED = "(unplaced)"
"""Where snapshots stand of which nothing tells the chain."""


@dataclass(frozen=True)
class AccountChain:
    """A chain of an account.

    chain_id: its id, or `UNPLACED` for the snapshots of a region of which nothing tells the chain
    account_id, region_id: where it is
    category: standard or archive
    disk_id: its disk; empty where not told
    known: its snapshots, and what bounds them
    """

    chain_id: str
    account_id: str
    region_id: str
    category: str
    disk_id: str
    known: KnownChain

    @property
    def key(self) -> tuple[str, str]:
        return self.region_id, self.chain_id


def current(inventory: HasTables, name: str) -> pd.DataFrame:
    """The rows of a table that exist now: those of the newest answer of each account and region.

    What only an older answer lists is gone by now, also where the newest lists nothing at all, of which only the
    coverage tells. Rows without a date are taken to be of now.
    """
    table, coverage = inventory.tables[name], inventory.coverage
    keys = ["account_id", "region_id"]
    taken = table["taken_at"]
    lists = coverage[coverage["what"] == _LISTED_BY.get(name, "")]
    if pd.concat([taken, lists["taken_at"]]).nunique() < 2:  # as in most accounts: nothing is older than the rest
        return table
    newest = table.groupby(keys, observed=True)["taken_at"].transform("max")
    saved = table[keys].merge(lists.groupby(keys, as_index=False)["taken_at"].max(), on=keys, how="left")["taken_at"]
    saved.index = table.index
    newest = newest.where(saved.isna() | (saved <= newest), saved)
    return table[taken.isna() | (taken == newest)]


def records(inventory: HasTables, name: str) -> Iterator[Any]:
    """The rows that exist now, as named tuples."""
    table = current(inventory, name)
    # Text that stays in the columns' own form is made a Python text one by one, which takes four times as long.
    return table.astype(dict.fromkeys(table.columns[table.dtypes == "str"], object)).itertuples(index=False)


def own_images(inventory: HasTables) -> list[Any]:
    """The images that exist now and belong to the account that lists them, as far as their rows tell."""
    return [
        row
        for row in records(inventory, "images")
        if row.owner_alias == "self" or (not row.owner_alias and row.owner_id in ("", row.account_id))
    ]


def complete(inventory: HasTables, what: str, region_id: str) -> bool:
    """Whether every answer of an operation for a region was read, as the coverage says."""
    table = inventory.coverage
    found = table[(table["what"] == what) & (table["region_id"] == region_id)]
    return len(found) > 0 and bool((found["state"] == "complete").all())


def chains_of(inventory: HasTables) -> list[AccountChain]:
    """Every chain with its snapshots, oldest first; a row of `UNPLACED` for those of a region without a chain.

    A snapshot belongs to the chain that it names, else to the only one of its disk and category.
    """
    totals = {(row.region_id, row.chain_id): row for row in records(inventory, "chains")}
    of_disk: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in totals.values():
        of_disk[row.region_id, row.disk_id, row.category or "standard"].append(row.chain_id)
    members: dict[tuple[str, str], list[Any]] = {key: [] for key in totals}
    for row in records(inventory, "snapshots"):
        if row.status == "failed":
            continue
        among = of_disk[row.region_id, row.disk_id, row.category or "standard"] if row.disk_id else []
        chain = row.chain_id or (among[0] if len(among) == 1 else UNPLACED)
        members.setdefault((row.region_id, chain), []).append(row)
    readings = _readings(inventory)
    return [
        _chain(inventory, key, totals.get(key), rows, readings.get(key, ())) for key, rows in sorted(members.items())
    ]


def _readings(inventory: HasTables) -> dict[tuple[str, str], list[Any]]:
    """Every total of each chain that was saved with its time and its number of snapshots."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    row: Any
    for row in inventory.tables["chains"].itertuples(index=False):
        if row.taken_at == row.taken_at and row.snapshot_count == row.snapshot_count:
            found[row.region_id, row.chain_id].append(row)
    return found


def _chain(
    inventory: HasTables, key: tuple[str, str], total: Any | None, rows: list[Any], readings: Iterable[Any]
) -> AccountChain:
    rows = sorted(rows, key=lambda row: (_moment(row.created_at), row.snapshot_id))
    known = total is not None and total.total_bytes >= 0
    count = total.snapshot_count if total is not None else float("nan")
    moments = [_moment(row.created_at) for row in rows]
    ordered = all(row.created_at == row.created_at for row in rows)
    copied = any(row.source_region_id not in ("", row.region_id) or not row.disk_id for row in rows)
    in_runs = ordered and not copied and max(Counter(moments).values(), default=1) == 1
    some = total if total is not None else rows[0]
    listed = count == len(rows) if count == count else complete(inventory, "DescribeSnapshots", key[0])
    return AccountChain(
        chain_id=key[1],
        account_id=some.account_id,
        region_id=key[0],
        category=some.category or "standard",
        disk_id=some.disk_id,
        known=KnownChain(
            full={r.snapshot_id: int(r.full_bytes) if r.full_bytes == r.full_bytes else None for r in rows},
            most={
                r.snapshot_id: r.source_disk_gib * BYTES_PER_GIB for r in rows if r.source_disk_gib == r.source_disk_gib
            },
            total=int(total.total_bytes) if known and total is not None else None,
            listed_whole=listed and key[1] != UNPLACED,
            in_runs=in_runs and some.category != "archive",
            growth=_growth(rows, readings) if in_runs else {},
            one_moment=not count < len(rows) and _same_snapshots(total, rows),
        ),
    )


def _same_snapshots(total: Any | None, rows: list[Any]) -> bool:
    """Whether a total is of just these snapshots, where both were saved at different times.

    So it is if all were there when the total was saved, and the list of them is the newer one.
    """
    if total is None or not rows or total.taken_at != total.taken_at or rows[0].taken_at != rows[0].taken_at:
        return True
    later = [row for row in rows if row.created_at == row.created_at and row.created_at > total.taken_at]
    return bool(rows[0].taken_at == total.taken_at or (rows[0].taken_at > total.taken_at and not later))


def _growth(rows: list[Any], readings: Iterable[Any]) -> dict[int, int]:
    """What the chain stored when it had just its oldest snapshots.

    Those that live now and were taken before a reading were all there then. Where the reading counts no more than
    them, the chain had these and no others, so its total then is the size of just those.
    """
    growth = {}
    for reading in readings:
        there = sum(row.created_at <= reading.taken_at for row in rows)
        if 0 < there == reading.snapshot_count < len(rows) and reading.total_bytes == reading.total_bytes:
            growth[there] = int(reading.total_bytes)
    return growth


def _moment(time: Any) -> float:
    return float(time.timestamp()) if time == time else 0.0
