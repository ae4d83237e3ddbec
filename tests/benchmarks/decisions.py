"""How soon decisions are answered; the workbench in Python only, `redraw.py` measures it in the browser."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from commands import estate_of
from rows import OURS, Row, Work
from snapshots import stored_by_image

import ecs_images as ecs
from ecs_images.widgets.chain import chain_explorer
from ecs_images.widgets.explorers import explorers
from ecs_images.widgets.lifecycle import lifecycle_explorer
from ecs_images.widgets.share_or_copy import Settings, ShareOrCopy
from ecs_images.widgets.workbench import share_or_copy

REGIONS = 30
Load = Callable[[int, Path], Work]


def route() -> Row:
    """All ways to bring one image to one target, among many images."""

    def ask(cloud: ecs.Cloud) -> list[float]:
        return [len(ecs.routes(cloud, next(iter(cloud.state.images)), accounts=["partner"], regions=["cn-shanghai"]))]

    def load(size: int, folder: Path) -> Work:
        cloud, _ = estate_of(size)
        ask(estate_of(1)[0])  # the catalogue is read once
        return lambda: ask(cloud)

    sizes = (100, 1_000, 10_000, 30_000)
    return Row("routes of an image to one target, among {size:,}", "under 200 ms", 30_000, {OURS: load}, None, sizes)


def routes() -> Row:
    """Every route of one image, to accounts alike and to accounts each with a quota of its own."""

    def asks(alike: bool) -> Load:
        def load(size: int, folder: Path) -> Work:
            cloud = _cloud_of_250_events()
            quotas = [{} if alike else {"images": 100 + number} for number in range(size)]
            names = [cloud.account(f"account{number}", quotas=own).name for number, own in enumerate(quotas)]
            regions = list(ecs.regions()["region_id"])[:REGIONS]
            return lambda: [len(ecs.routes(cloud, "m-00000001", accounts=names, regions=regions))]

        return load

    engines = {OURS: asks(True), "none alike": asks(False)}
    work = f"routes of an image to {REGIONS} regions x {{size}} accounts"
    return Row(work, "under 1,000 ms", 50, engines, quick=10)


def _cloud_of_250_events() -> ecs.Cloud:
    """What routes fork again and again: a machine that is written to, snapshotted and made into images."""
    cloud = ecs.Cloud("2023-01-01")
    owner = cloud.account("owner")
    web = owner.run_instance(region="cn-beijing", image="centos_7_9", written=12)
    while len(cloud.ledger) < 250:
        owner.write(web, overwrite=1, offset=len(cloud.ledger) % 11)
        owner.copy_image(owner.create_image(web), to="cn-hangzhou", name=f"copy-{len(cloud.ledger)}")
    return cloud


def workbench() -> Row:
    """A step of a control, against a workbench that is new."""
    return _redraws(12, 10, "under 30 ms")


def large_workbench() -> Row:
    """The same for many targets."""
    return _redraws(REGIONS, 50, "under 150 ms")


def _redraws(regions: int, accounts: int, goal: str) -> Row:
    cloud = ecs.Cloud("2026-01-15")
    owner = cloud.account("owner")
    names = tuple(cloud.account(f"team-{number}").name for number in range(accounts))
    web = owner.run_instance(region="cn-beijing", image="centos_7_9", written=12)
    image, targets = owner.create_image(web), tuple(ecs.regions()["region_id"][:regions])
    values = cycle(range(1, 40))

    def draws(control: str, kept: bool) -> Load:
        def load(size: int, folder: Path) -> Work:
            model = ShareOrCopy(cloud)

            def redraw() -> list[float]:
                value = next(values)
                updates = ecs.Updates(every_days=value) if control == "every" else ecs.Updates()
                price = value / 20 if control == "copies" else 0.0
                answer = (model if kept else ShareOrCopy(cloud)).answer(
                    Settings(image, names, targets, updates, copy_price=price)
                )
                answer.cells(), answer.sentences(), answer.picture(), answer.payers()
                return []

            redraw()
            return redraw

        return load

    engines = {"every": draws("every", True), "copies": draws("copies", True), "new, every": draws("every", False)}
    return Row(f"the workbench of {regions} regions x {accounts} accounts, in Python", goal, 1, engines, quick=1)


def first_draw() -> Row:
    """The first picture of each explorer, among images with a snapshot each."""

    def draws(draw: Callable[[ecs.Cloud, str], object]) -> Load:
        def load(size: int, folder: Path) -> Work:
            small, large = stored_by_image(10), stored_by_image(size)
            draw(small, next(iter(small.state.instances)))
            web = next(iter(large.state.instances))

            def work() -> list[float]:
                draw(large, web)
                return []

            return work

        return load

    engines = {
        "lifecycle explorer": draws(lambda cloud, _: lifecycle_explorer(cloud)),
        "chain explorer": draws(chain_explorer),
        "workbench": draws(lambda cloud, _: share_or_copy(cloud)),
        "all explorers": draws(lambda cloud, _: explorers(cloud)),
    }
    sizes = (1_000, 2_500, 5_000, 10_000)
    return Row("first draw of {size:,} images with a snapshot each", "each under 500 ms", 10_000, engines, None, sizes)
