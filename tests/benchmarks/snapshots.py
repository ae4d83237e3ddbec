"""What an estate of snapshots is asked for, each against a rival or itself at a smaller size in the same run.

    python tests/benchmarks/snapshots.py

Under a minute. Times are processor time, so that other work on the machine counts little; what is to be read are
the ratios of one run.
"""

from __future__ import annotations

import random
import resource

import commands
import numpy as np
import pandas as pd
from commands import processor_seconds

import ecs_images as ecs
from ecs_images.billing.attribution import holdings, shares
from ecs_images.billing.capacity import period_edges
from ecs_images.columns import seconds_of, split
from ecs_images.units import BYTES_PER_GIB, SECONDS_PER_HOUR, to_seconds
from ecs_images.widgets.chain import chain_explorer
from ecs_images.widgets.explorers import explorers
from ecs_images.widgets.lifecycle import lifecycle_explorer
from ecs_images.widgets.workbench import share_or_copy

START, UNTIL = "2026-01-15", "2026-03-16"


def one_set_at_a_time(cloud: ecs.Cloud, sets: list[list[str]]) -> list[float]:
    """The rival for what sets free: for every run of their chains, whether all that hold it are among them."""
    found = []
    for one in sets:
        freed = 0
        for chain_id in {cloud.snapshot(snapshot).chain for snapshot in one}:
            chain, runs = cloud.state.chains[chain_id], cloud.state.chains[chain_id].runs()
            gone = {cloud.snapshot(snapshot).number for snapshot in one if cloud.snapshot(snapshot).chain == chain_id}
            held, kept = np.zeros(len(runs.first), dtype=bool), np.zeros(len(runs.first), dtype=bool)
            for number in chain.live:
                (held if number in gone else kept)[runs.held_by(number)] = True
            freed += int(runs.blocks[held & ~kept].sum()) * chain.block_bytes
        found.append(freed / BYTES_PER_GIB)
    return found


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
            cloud.advance(hours=60 * 24 / (images / 50 + 1))
    return cloud


def many_sets(cloud: ecs.Cloud) -> None:
    """10,000 sets of snapshots anywhere among all that live."""
    names, chance = list(cloud.state.snapshots), random.Random(1)
    for most in (20, 100):
        sets = [chance.sample(names, chance.randint(1, 20) if most == 20 else most) for _ in range(10_000)]
        seconds, some = processor_seconds(lambda sets=sets: cloud.freed_gib(sets), 3), sets[: 100 // most]
        slow = processor_seconds(lambda some=some: one_set_at_a_time(cloud, some)) / len(some) * len(sets)
        assert cloud.freed_gib(some) == one_set_at_a_time(cloud, some)
        print(f"freed by 10,000 sets of up to {most:>3} of {len(names):,} snapshots: {seconds:5.2f} s", end="")
        print(f"   (target: under 1), {slow / seconds:,.0f} times as fast as run by run")


def shared_bill(cloud: ecs.Cloud) -> None:
    """A bill shared out among all snapshots, in all and by month."""
    bill = ecs.bill(cloud, until=UNTIL)
    whole = processor_seconds(lambda: bill.attribute("snapshot"))
    months = processor_seconds(lambda: bill.by("month", "snapshot"))
    print(f"attribute {len(cloud.state.snapshots):,} snapshots {whole:5.2f} s", end="")
    print(f"; by month {months:5.2f} s, {months / whole:.1f} times as long")


def cut_first(cloud: ecs.Cloud, edges: np.ndarray) -> pd.Series:
    """The rival for capacity: every stored copy is cut at midnight, then shared out; in byte-hours by day and image."""
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


def capacity() -> None:
    """Stored GiB by day and image, 30,000 images over 60 days, and the rival at a tenth."""
    cloud = stored_by_image(3_000)
    bill = ecs.bill(cloud, until=UNTIL)
    edges = period_edges((to_seconds(bill.period[0]), to_seconds(bill.period[1])), "day")
    ours = processor_seconds(lambda: bill.capacity("day", "image"))
    rival = processor_seconds(lambda: cut_first(cloud, edges))
    stored = bill.capacity("day", "image")["x_stored_gib"].sum() * 24 * BYTES_PER_GIB
    assert abs(cut_first(cloud, edges).sum() / stored - 1) < 1e-9
    bill = ecs.bill(stored_by_image(30_000), until=UNTIL)
    large = processor_seconds(lambda: bill.capacity("day", "image"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"GiB by day and image, 30,000 images x 60 days: {large:5.2f} s   (target: under 2)", end="")
    print(f", {large / ours:.1f} times that of 3,000 images, where it is {rival / ours:.1f} times as fast", end="")
    print(f" as cutting copies at midnight; peak of all so far {peak:,.0f} MiB")


def first_draws() -> None:
    """The first picture of each explorer at 10,000 images."""
    small, large = commands.estate_of(100), commands.estate_of(10_000)
    for name, draw in (
        ("workbench", lambda cloud, web: share_or_copy(cloud)),
        ("lifecycle explorer", lambda cloud, web: lifecycle_explorer(cloud)),
        ("chain explorer", chain_explorer),
        ("explorers", lambda cloud, web: explorers(cloud)),
    ):
        draw(*small)
        few, many = (processor_seconds(lambda of=of, draw=draw: draw(*of), 3) for of in (small, large))
        print(f"first draw of {name:<19} at 10,000 images {many:5.2f} s   (target: under 0.5)", end="")
        print(f", {many / few:4.1f} times that at 100 images")


def main() -> None:
    cloud = stored_by_image(100_000)
    many_sets(cloud)
    shared_bill(cloud)
    capacity()
    first_draws()


if __name__ == "__main__":
    main()
