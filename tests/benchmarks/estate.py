"""An estate of 100,000 snapshots over 3 years in 20 regions and 5 accounts.

Each of 2,000 chains is written to and snapshotted every three weeks and keeps its newest 12. One price layer covers
all regions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pandas as pd
from rows import OURS, Row, Work

import ecs_images as ecs
from ecs_images.billing.metering import billing_window, usage_of
from ecs_images.catalog.prices import Prices
from ecs_images.ledger import events as ev
from ecs_images.ledger.ledger import Ledger
from ecs_images.ledger.state import State
from ecs_images.units import BYTES_PER_GIB, BYTES_PER_MIB, parse_time

REGIONS, ACCOUNTS, SNAPSHOTS_PER_CHAIN, KEEP = 20, 5, 50, 12
OF_COLUMNS, OF_LINES = "from columns", "from lines"
FILES = {OF_COLUMNS: "estate.parquet", OF_LINES: "estate.jsonl"}
BILL = "bill {} snapshots over 3 years: events → usage → charges → by month × region × account"
START, UNTIL = parse_time("2023-01-01"), parse_time("2026-01-01")


def estate(snapshots: int) -> Ledger:
    """The ledger of an estate of so many snapshots, events in order of time."""
    regions = list(ecs.regions()["region_id"])[:REGIONS]
    rows: list[tuple[object, int, ev.Event]] = []
    for chain in range(snapshots // SNAPSHOTS_PER_CHAIN):
        disk, account = f"d-{chain:08d}", f"account{chain % ACCOUNTS}"
        created = ev.DiskCreated(
            at=START,
            disk=disk,
            account=account,
            region=regions[chain % REGIONS],
            instance="i-0",
            kind="system",
            size_gib=40,
            written_blocks=6_144,
            initial_blocks=6_144,
            image=None,
            snapshot=None,
            lineage=None,
        )
        rows.append((START, 0, created))
        for number in range(SNAPSHOTS_PER_CHAIN):
            at = START + timedelta(days=21 * number, hours=chain % 24, minutes=number)
            snapshot = f"s-{chain * SNAPSHOTS_PER_CHAIN + number:08d}"
            if number:
                rows.append(
                    (at, 1, ev.DiskWritten(at=at, disk=disk, appended=5, start=number * 97 % 5_000, overwritten=512))
                )
            rows.append((at, 2, ev.SnapshotStarted(at=at, snapshot=snapshot, disk=disk, name="", finishes_at=at)))
            if number >= KEEP:
                old = f"s-{chain * SNAPSHOTS_PER_CHAIN + number - KEEP:08d}"
                rows.append((at, 3, ev.SnapshotDeleted(at=at, snapshot=old)))
    rows.sort(key=lambda row: row[:2])
    opened = [ev.AccountOpened(at=START, account=f"account{n}", site="china") for n in range(ACCOUNTS)]
    return Ledger(
        [
            ev.CloudStarted(at=START, block_bytes=2 * BYTES_PER_MIB, durations="instant"),
            *opened,
            *(row[2] for row in rows),
        ]
    )


def one_price_everywhere() -> Prices:
    """The published book with one mainland price spread over all regions."""
    rows = Prices.published().rows
    spread = next(
        r for r in rows if r.meter == "snapshot_standard" and r.region_id == "cn-hangzhou" and r.price == 0.12
    )
    return Prices([replace(spread, region_id="all_regions", layer=1)])


def by_plain_pandas(usage: pd.DataFrame) -> pd.DataFrame:
    """Cut every copy at month borders, price it, sum."""
    months = pd.date_range("2023-01-01", "2026-01-01", freq="MS", tz=usage["charge_period_start"].dt.tz)
    parts = []
    for start, end in pairwise(months):
        alive = usage[(usage["charge_period_start"] < end) & (usage["charge_period_end"] > start)]
        hours = alive["charge_period_end"].clip(upper=end) - alive["charge_period_start"].clip(lower=start)
        cost = alive["x_quantity"] / BYTES_PER_GIB * hours.dt.total_seconds() / 3600 * 0.12 / 720
        parts.append(alive[["region_id", "billing_account_id"]].assign(month=start, list_cost=cost))
    keys = ["month", "region_id", "billing_account_id"]
    return pd.concat(parts).groupby(keys, observed=True)["list_cost"].sum().reset_index()


# Rows -----------------------------------------------------------------------------------------------


def _write(size: int, folder: Path) -> None:
    """The estate's ledger, as lines and as columns."""
    ledger = estate(size)
    for name in FILES.values():
        ledger.save(folder / name)


def _write_columns(size: int, folder: Path) -> None:
    estate(size).save(folder / FILES[OF_COLUMNS])


def load() -> Row:
    """Reading a file, against reading the JSON of its lines and doing nothing with it."""

    def loads(name: str) -> Callable[[int, Path], Work]:
        return lambda size, folder: lambda: [len(Ledger.load(folder / name))]

    def parses(size: int, folder: Path) -> Work:
        path = folder / FILES[OF_LINES]
        return lambda: [len([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]])]

    engines = {OURS: loads(FILES[OF_COLUMNS]), OF_LINES: loads(FILES[OF_LINES]), "the JSON alone": parses}
    work = "load the ledger of {size:,} snapshots, from a file of columns"
    return Row(work, "under 1,000 ms, from lines under 3,000 ms", 100_000, engines, _write)


def measure() -> Row:
    """The usage of a ledger, against the same from a replay of all its events."""

    def ours(size: int, folder: Path) -> Work:
        ledger = estate(size)
        return lambda: [int(ecs.measure(ledger, until=UNTIL)["x_quantity"].sum())]

    def replays(size: int, folder: Path) -> Work:
        ledger = estate(size)
        window = billing_window(ledger, UNTIL, None)
        return lambda: [int(usage_of(ledger, ledger.replay(), window, {})["x_quantity"].sum())]

    return Row("measure {size:,} snapshots", "3 times a replay", 100_000, {OURS: ours, "a full replay": replays})


def bill() -> Row:
    """From events to sums: from memory, and from files."""

    def ours(size: int, folder: Path) -> Work:
        ledger = estate(size)
        return _bills(lambda: ledger)

    engines = {OURS: ours} | {name: _bill_of(name) for name in FILES}
    sizes = (12_500, 25_000, 50_000, 100_000)
    return Row(BILL.format("{size:,}"), "under 800 ms, from columns under 1,500 ms", 100_000, engines, _write, sizes)


def large_bill() -> Row:
    """The same from columns, of ten times as many."""
    sizes = (125_000, 250_000, 500_000, 1_000_000)
    goal = "under 10,000 ms and 1,024 MiB"
    return Row(BILL.format("{size:,}"), goal, 1_000_000, {OF_COLUMNS: _bill_of(OF_COLUMNS)}, _write_columns, sizes, 40)


def _bill_of(name: str) -> Callable[[int, Path], Work]:
    return lambda size, folder: _bills(lambda: Ledger.load(folder / FILES[name]))


def _bills(ledger: Callable[[], Ledger]) -> Work:
    prices = one_price_everywhere()
    return lambda: list(ecs.bill(ledger(), until=UNTIL, prices=prices).by("month", "region", "account")["list_cost"])


def charge() -> Row:
    """From usage to sums."""

    def usage_of(size: int) -> pd.DataFrame:
        return ecs.measure(estate(size), until=UNTIL)

    def ours(size: int, folder: Path) -> Work:
        usage, prices = usage_of(size), one_price_everywhere()
        return lambda: list(ecs.Bill(ecs.rate(usage, prices)).by("month", "region", "account")["list_cost"])

    def pandas(size: int, folder: Path) -> Work:
        usage = usage_of(size)
        return lambda: list(by_plain_pandas(usage)["list_cost"])

    work = "charge the usage of {size:,} snapshots over 3 years, by month × region × account"
    return Row(work, "faster than plain pandas", 100_000, {OURS: ours, "plain pandas": pandas})


def state() -> Row:
    """What existed at a date, asked again and for the first time, against a replay of all events up to it."""
    when = parse_time("2025-06-01")

    def live(state: State) -> list[int]:
        return [len(state.snapshots), sum(not snapshot.deleted_at for snapshot in state.snapshots.values())]

    def again(size: int, folder: Path) -> Work:
        ledger = estate(size)
        ledger.state_at(UNTIL)
        return lambda: live(ledger.state_at(when))

    def first(size: int, folder: Path) -> Work:
        ledger = estate(size)
        return lambda: live(ledger.state_at(when))

    def replays(size: int, folder: Path) -> Work:
        ledger = estate(size)
        return lambda: live(Ledger(event for event in ledger if event.at <= when).replay())

    engines = {OURS: again, "asked first": first, "a replay": replays}
    return Row("what existed at a date, of {size:,} snapshots over 3 years", "under 200 ms", 100_000, engines)
