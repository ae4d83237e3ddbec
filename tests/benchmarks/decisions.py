"""How soon decisions are answered, each beside the answer without what makes it quick, in the same run.

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


def cloud_for(accounts: Sequence[str]) -> tuple[ecs.Cloud, str]:
    """A cloud with an image in Beijing and so many other accounts."""
    cloud = ecs.Cloud("2026-01-15")
    owner = cloud.account("owner")
    for name in accounts:
        cloud.account(name)
    web = owner.run_instance(region="cn-beijing", image="centos_7_9", written=12)
    return cloud, owner.create_image(web)


def one_target(cloud: ecs.Cloud) -> None:
    def ask(among: ecs.Cloud, image: str) -> Callable[[], object]:
        return lambda: ecs.routes(among, image, accounts=["partner"], regions=["cn-shanghai"])

    among_one = processor_seconds(ask(*cloud_for(["partner"])), 3)
    among_all = processor_seconds(ask(cloud, next(iter(cloud.state.images))), 3)
    print(f"{f'routes to one target at {IMAGES:,} images':<44}{among_all * 1000:8.1f} ms", end="")
    print(f"   at one image: {among_one * 1000:.0f} ms   (target: under 200 ms)", flush=True)


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
    print(f"{f'workbench {regions} x {accounts}, {control}':<44}{quick * 1000:8.1f} ms", end="")
    print(f"   a new workbench: {slow * 1000:,.0f} ms, {slow / quick:.0f} times   (target: under {target})", flush=True)


def main() -> None:
    cloud, _ = estate_of(IMAGES)
    one_target(cloud)
    del cloud
    for control in ("every", "copies"):
        workbench(12, 10, control, "30 ms")
        workbench(30, 50, control, "150 ms")


if __name__ == "__main__":
    main()
