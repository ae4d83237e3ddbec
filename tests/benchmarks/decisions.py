"""How soon decisions are answered, each beside a rival of the same run: the answer without what makes it quick.

    python tests/benchmarks/decisions.py

Under a minute. Times are processor time, as in `commands.py`, whose estate this uses; the workbench is measured in
Python only, `redraw.py` measures it in the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

from commands import estate_of, processor_seconds

import ecs_images as ecs
from ecs_images.widgets.share_or_copy import Settings, ShareOrCopy

IMAGES = 30_000
REGIONS = list(ecs.regions()["region_id"])[:30]
NAMES = [f"team-{number}" for number in range(50)]


def row(what: str, seconds: float, rival: str, slow: float, target: str) -> None:
    print(f"{what:<44}{seconds * 1000:8.1f} ms   {rival}: {slow * 1000:,.0f} ms, {slow / seconds:.0f} times", end="")
    print(f"   (target: under {target})", flush=True)


def cloud_for(accounts: Sequence[str], *, own_quotas: bool = False) -> tuple[ecs.Cloud, str]:
    """A cloud with an image in Beijing and so many other accounts, which may each have a quota of its own."""
    cloud = ecs.Cloud("2026-01-15")
    owner = cloud.account("owner")
    for number, name in enumerate(accounts):
        cloud.account(name, quotas={"images": 100 + number} if own_quotas else {})
    web = owner.run_instance(region="cn-beijing", image="centos_7_9", written=12)
    return cloud, owner.create_image(web)


def forks(cloud: ecs.Cloud) -> None:
    fork, replay = processor_seconds(cloud.fork, 9), processor_seconds(cloud.ledger.replay)
    row(f"a fork at {IMAGES:,} images", fork, "a replay", replay, "10 ms")


def one_target(cloud: ecs.Cloud) -> None:
    def ask(among: ecs.Cloud, image: str) -> Callable[[], object]:
        return lambda: ecs.routes(among, image, accounts=["partner"], regions=["cn-shanghai"])

    among_one = processor_seconds(ask(*cloud_for(["partner"])), 3)
    among_all = processor_seconds(ask(cloud, next(iter(cloud.state.images))), 3)
    print(f"{f'routes to one target at {IMAGES:,} images':<44}{among_all * 1000:8.1f} ms", end="")
    print(f"   at one image: {among_one * 1000:.0f} ms   (target: under 200 ms)", flush=True)


def all_targets() -> None:
    def ask(cloud: ecs.Cloud, image: str) -> Callable[[], object]:
        return lambda: ecs.routes(cloud, image, accounts=NAMES, regions=REGIONS)

    alike, apart = ask(*cloud_for(NAMES)), ask(*cloud_for(NAMES, own_quotas=True))
    quick, slow = processor_seconds(alike, 3), processor_seconds(apart)
    row("routes to 30 regions x 50 accounts", quick, "no two accounts alike", slow, "1 s")


def workbench(regions: int, accounts: int, control: str, target: str) -> None:
    cloud, image = cloud_for(NAMES)
    kept, values = ShareOrCopy(cloud), cycle(range(1, 40))

    def redraw(model: ShareOrCopy) -> None:
        value, updates, copy_price = next(values), ecs.Updates(), 0.0
        if control == "copies":
            copy_price = value / 20
        else:
            updates = ecs.Updates(every_days=value)
        settings = Settings(image, tuple(NAMES[:accounts]), tuple(REGIONS[:regions]), updates, copy_price=copy_price)
        answer = model.answer(settings)
        answer.cells(), answer.sentences(), answer.picture(), answer.payers()

    redraw(kept)
    quick, slow = processor_seconds(lambda: redraw(kept), 7), processor_seconds(lambda: redraw(ShareOrCopy(cloud)))
    row(f"workbench {regions} x {accounts}, {control}", quick, "a new workbench", slow, target)


def main() -> None:
    cloud, _ = estate_of(IMAGES)
    forks(cloud)
    one_target(cloud)
    del cloud
    all_targets()
    for control in ("every", "copies"):
        workbench(12, 10, control, "30 ms")
        workbench(30, 50, control, "150 ms")


if __name__ == "__main__":
    main()
