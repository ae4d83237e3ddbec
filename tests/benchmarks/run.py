"""How fast an estate is billed, against a named rival in the same run.

    python tests/benchmarks/run.py

100,000 snapshots in 2,000 chains over 3 years in 20 regions and 5 accounts: each chain is
written to and snapshotted every three weeks and keeps its newest 12. One price layer covers all
regions. The rival is plain pandas: it cuts every stored copy at month borders and multiplies. The last rows are
those of `commands.py`, which runs alone in under a minute.
"""

from __future__ import annotations

import compileall
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import commands
import pandas as pd

import ecs_images as ecs
from ecs_images.catalog.prices import Prices
from ecs_images.ledger import events as ev
from ecs_images.ledger.ledger import Ledger
from ecs_images.units import BYTES_PER_GIB, BYTES_PER_MIB, parse_time

REGIONS, ACCOUNTS, CHAINS, SNAPSHOTS_PER_CHAIN, KEEP = 20, 5, 2_000, 50, 12
START, UNTIL = parse_time("2023-01-01"), parse_time("2026-01-01")
T = TypeVar("T")


def estate() -> Ledger:
    """The ledger of the estate, events in order of time."""
    regions = list(ecs.regions()["region_id"])[:REGIONS]
    rows: list[tuple[object, int, ev.Event]] = []
    for chain in range(CHAINS):
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
    """The rival: cut every copy at month borders, price it, sum."""
    months = pd.date_range("2023-01-01", "2026-01-01", freq="MS", tz=usage["charge_period_start"].dt.tz)
    parts = []
    for start, end in pairwise(months):
        alive = usage[(usage["charge_period_start"] < end) & (usage["charge_period_end"] > start)]
        hours = alive["charge_period_end"].clip(upper=end) - alive["charge_period_start"].clip(lower=start)
        cost = alive["x_quantity"] / BYTES_PER_GIB * hours.dt.total_seconds() / 3600 * 0.12 / 720
        parts.append(alive[["region_id", "billing_account_id"]].assign(month=start, list_cost=cost))
    keys = ["month", "region_id", "billing_account_id"]
    return pd.concat(parts).groupby(keys, observed=True)["list_cost"].sum().reset_index()


def ask_for_routes(cloud: ecs.Cloud) -> pd.DataFrame:
    """Every route of the first image of a cloud to 50 accounts in 30 regions, which nobody has asked for before."""
    cloud = cloud.fork()
    names = [cloud.account(f"account{n}").name for n in range(50)]
    return ecs.routes(cloud, "m-00000001", accounts=names, regions=list(ecs.regions()["region_id"])[:30])


def cloud_of_250_events() -> ecs.Cloud:
    """What routes fork again and again: a machine that is written to, snapshotted and made into images."""
    cloud = ecs.Cloud(START)
    owner = cloud.account("owner")
    web = owner.run_instance(region="cn-beijing", image="centos_7_9", written=12)
    while len(cloud.ledger) < 250:
        owner.write(web, overwrite=1, offset=len(cloud.ledger) % 11)
        owner.copy_image(owner.create_image(web), to="cn-hangzhou", name=f"copy-{len(cloud.ledger)}")
    return cloud


def timed(what: str, work: Callable[[], T]) -> tuple[T, float]:
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - begin)
    print(f"{what:<58}{best:8.2f} s")
    return result, best


def import_seconds(modules: Sequence[str]) -> list[float]:
    """The shortest of seven starts of Python with each import, in turns, compiled as set-up does."""
    compileall.compile_dir(Path(ecs.__file__).parent, quiet=2)
    best = dict.fromkeys(modules, float("inf"))
    for module in list(modules) * 7:
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        best[module] = min(best[module], time.perf_counter() - begin)
    return list(best.values())


def main() -> None:
    ledger, prices = estate(), one_price_everywhere()
    print(f"{len(ledger):,} events\n\n{'step (best of 3)':<58}{'time':>10}")
    usage, measured = timed("measure: events to the lives of stored copies", lambda: ecs.measure(ledger, until=UNTIL))
    charges, rated = timed("rate: lives to charges", lambda: ecs.rate(usage, prices))
    table, summed = timed("by month, region, account", lambda: ecs.Bill(charges).by("month", "region", "account"))
    print(f"{'all of it':<58}{measured + rated + summed:8.2f} s   (target: under 2)")
    rival, slow = timed("rival for rate and sum: plain pandas, month by month", lambda: by_plain_pandas(usage))
    difference = abs(rival["list_cost"].sum() / table["list_cost"].sum() - 1)
    print(f"\n{len(usage):,} copies, {len(charges):,} charges, {len(table):,} groups")
    times = slow / (rated + summed)
    print(f"rate and sum are {times:.1f} times as fast as plain pandas; totals differ by {difference:.1e}")
    cloud = cloud_of_250_events()
    found, _ = timed("routes: 30 regions x 50 accounts, target under 3 s", lambda: ask_for_routes(cloud))
    print(f"{len(found):,} routes")
    _, forked = timed("1,000 forks of a cloud of 250 events", lambda: [cloud.fork() for _ in range(1_000)])
    _, replayed = timed("100 replays of its ledger", lambda: [cloud.ledger.replay() for _ in range(100)])
    print(f"a fork is {replayed * 10 / forked:.0f} times as fast as a replay   (target: at least 10)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MiB, the rival's included   (target: under 1,024)")
    ours, pandas_alone = import_seconds(["ecs_images", "pandas"])
    ratio = f"{ours / pandas_alone:.2f} times   (target: at most 1.3)"
    print(f"import ecs_images {ours:.2f} s, import pandas {pandas_alone:.2f} s: {ratio}")
    commands.main()


if __name__ == "__main__":
    main()
