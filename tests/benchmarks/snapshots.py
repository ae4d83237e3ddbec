"""What an estate of snapshots is asked for: what deleting them frees, and what is stored by day and image."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
from rows import OURS, Row, Work

import ecs_images as ecs
from ecs_images.billing.attribution import holdings, shares
from ecs_images.billing.capacity import period_edges
from ecs_images.columns import seconds_of, split
from ecs_images.units import BYTES_PER_GIB, SECONDS_PER_HOUR, to_seconds

DAYS, START, UNTIL = 60, "2026-01-15", "2026-03-16"


def stored_by_image(images: int) -> ecs.Cloud:
    """A cloud in which so many images are made over 60 days, each of its own snapshot, 200 of a disk."""
    cloud = ecs.Cloud(START)
    acme = cloud.account("acme", quotas={"images": 1_000_000})
    for number in range(images):
        if number % 200 == 0:
            web = acme.run_instance(region="cn-beijing", image="aliyun_3", written=12)
        if number % 10 == 0:
            acme.write(web, overwrite=1, offset=number % 11)
        acme.create_image(web, name=f"image-{number}")
        if number % 50 == 0:
            cloud.advance(hours=DAYS * 24 / (images / 50 + 1))
    return cloud


def freed() -> Row:
    """Sets of 1 to 20 snapshots anywhere among all that live, a tenth as many sets, against run by run."""
    return _freed(1, 20)


def freed_of_large_sets() -> Row:
    """The same of 100 snapshots."""
    return _freed(100, 100)


def _freed(fewest: int, most: int) -> Row:
    def asked(size: int) -> tuple[ecs.Cloud, list[list[str]]]:
        cloud, chance = stored_by_image(size), random.Random(1)
        names = list(cloud.state.snapshots)
        return cloud, [chance.sample(names, chance.randint(fewest, most)) for _ in range(size // 10)]

    def ours(size: int, folder: Path) -> Work:
        cloud, sets = asked(size)
        return lambda: cloud.freed_gib(sets)

    def run_by_run(size: int, folder: Path) -> Work:
        cloud, sets = asked(size)
        return lambda: [_freed_run_by_run(cloud, one) for one in sets]

    work = f"freed by a tenth as many sets of at most {most} of {{size:,}} snapshots"
    goal, engines = "10,000 sets of 100,000 under 1,000 ms", {OURS: ours, "run by run": run_by_run}
    return Row(work, goal, 4_000, engines, None, (10_000, 25_000, 50_000, 100_000), 4)


def _freed_run_by_run(cloud: ecs.Cloud, snapshots: list[str]) -> float:
    """For every run of their chains, whether all that hold it are among them [GiB]."""
    freed = 0
    for chain_id in {cloud.snapshot(snapshot).chain for snapshot in snapshots}:
        chain, runs = cloud.state.chains[chain_id], cloud.state.chains[chain_id].runs()
        gone = {cloud.snapshot(snapshot).number for snapshot in snapshots if cloud.snapshot(snapshot).chain == chain_id}
        held, kept = np.zeros(len(runs.first), dtype=bool), np.zeros(len(runs.first), dtype=bool)
        for number in chain.live:
            (held if number in gone else kept)[runs.held_by(number)] = True
        freed += int(runs.blocks[held & ~kept].sum()) * chain.block_bytes
    return freed / BYTES_PER_GIB


def capacity() -> Row:
    """Stored GiB by day and image, against cutting every stored copy at midnight."""

    def ours(size: int, folder: Path) -> Work:
        bill = ecs.bill(stored_by_image(size), until=UNTIL)
        return lambda: [bill.capacity("day", "image")["x_stored_gib"].sum()]

    def cuts(size: int, folder: Path) -> Work:
        cloud = stored_by_image(size)
        period = ecs.bill(cloud, until=UNTIL).period
        edges = period_edges((to_seconds(period[0]), to_seconds(period[1])), "day")
        return lambda: [_cut_at_midnight(cloud, edges).sum() / BYTES_PER_GIB / 24]

    work = f"stored GiB by day and image, {{size:,}} images over {DAYS} days"
    goal = "30,000 images under 2,000 ms and 1,024 MiB"
    return Row(work, goal, 3_000, {OURS: ours, "cut at midnight": cuts}, None, (3_000, 7_500, 15_000, 30_000))


def _cut_at_midnight(cloud: ecs.Cloud, edges: np.ndarray) -> pd.Series:
    """Byte-hours by day and image."""
    usage = ecs.measure(cloud, until=UNTIL)
    cut = split(usage[usage["sku_meter"] == "snapshot_standard"].reset_index(drop=True), edges[1:-1])
    held = holdings(cut, cloud.state)
    day = np.searchsorted(edges, seconds_of(cut["charge_period_start"]), "right")[held.row]
    quantity, found = cut["x_quantity"].to_numpy()[held.row], []
    for share in shares(held, np.arange(len(held.row)), lambda moment: moment / SECONDS_PER_HOUR):
        place, code, among = held.named(share.part, "image")
        borne = (share.borne * quantity[share.part])[place] / among
        found.append(pd.Series(borne).groupby([day[share.part][place], held.names("image")[code]]).sum())
    return pd.concat(found).groupby(level=[0, 1]).sum()
