"""The tasks of lesson 05: share or copy?"""

from __future__ import annotations

from functools import cache

from ..catalog.prices import Prices
from ..decisions.breakeven import break_even
from ..decisions.routes import routes
from ..decisions.updates import Updates
from .scene import freed_by_the_oldest, hours_billed, machine
from .task import Slip, Task

_SHANGHAI = "cn-shanghai"
_IMAGES, _SNAPSHOTS = "copy, then share", "copy snapshots"


def _freed(count: int) -> float:
    """What deleting the oldest of the three snapshots of the second question frees [GiB]."""
    return freed_by_the_oldest(count, of=3, changed=1.75, written=9)


def _updates(kept: int = 12, changed: float = 1.0, every: float = 7, written: float = 12) -> Updates:
    return Updates(every_days=every, versions_kept=kept, change_gib=changed, horizon_days=360, size_gib=written)


@cache
def _cost(route: str, updates: Updates) -> float:
    """What a route of the lesson's image to partner in Shanghai costs [CNY]."""
    cloud, acme, web = machine("2026-03-02")
    cloud.account("partner")
    table = routes(cloud, acme.create_image(web), accounts=["partner"], regions=[_SHANGHAI], updates=updates)
    return float(table.loc[table["route"] == route, "list_cost"].iloc[0])


@cache
def _equal_price(kept: int) -> float:
    """The price of image copies at which both routes cost the same [CNY per GiB]."""
    cloud, acme, web = machine("2026-03-02")
    cloud.account("partner")
    found = break_even(
        cloud,
        acme.create_image(web),
        account="partner",
        region=_SHANGHAI,
        along="price",
        meter="image_copy_traffic",
        between=(0, 1),
        updates=_updates(kept),
        prices=Prices.published().changed("image_copy_traffic", price=1),
    )
    at = found.crossings[0].value
    assert at is not None
    return at


def _first_kept_where_snapshots_win(changed: float) -> int:
    """The smallest number of kept versions at which copying snapshots is cheaper than copying images."""
    kept = 1
    while _cost(_SNAPSHOTS, _updates(kept, changed)) >= _cost(_IMAGES, _updates(kept, changed)):
        kept += 1
    return kept


_ONCE = _updates(every=360, written=20)

TASKS: dict[str, Task] = {
    "05-recall-1": Task(
        "how many hours are billed",
        "hours",
        lambda: hours_billed("2026-05-11T09:50", "2026-05-11T17:10"),
        "It touches the clock hours from 9 to 17, and each counts whole (BILL-2).",
        Slip(lambda: 7 + 20 / 60, "That is the time that passed; clock hours are billed."),
        Slip(lambda: 8, "One clock hour too few: the first and the last both count, though touched only partly."),
        Slip(lambda: 7, "That leaves out the clock hours that are touched only partly; they count whole."),
        hint="Write down the clock hours in which the snapshot exists, even for a minute.",
    ),
    "05-recall-2": Task(
        "how many GiB deleting the first two snapshots frees",
        "GiB",
        lambda: _freed(2),
        "Each of the two alone holds what was overwritten after it; the third needs the rest (CHAIN-2).",
        Slip(lambda: 9, "That is what one restores; most of it is needed by the third."),
        Slip(lambda: 18, "That is what both restore; most of it is needed by the third."),
        Slip(lambda: _freed(1), "That is the first alone; the second holds something, too."),
        Slip(lambda: _freed(3), "That is all three; the third stays."),
        Slip(lambda: 0, "Each holds something alone: what was overwritten afterwards, as it was before."),
        Slip(lambda: 40, "That is the disk; blocks never written are not stored."),
        hint="What is in each of the two snapshots that is not in the third?",
    ),
    "05-small": Task(
        "what copying the image of 20 GiB, then sharing, costs when there is one version only",
        "CNY",
        lambda: _cost(_IMAGES, _ONCE),
        "One full copy of what is written, for twelve price months; sharing adds nothing (COPY-10, SHARE-8).",
        Slip(
            lambda: _cost(_IMAGES, _updates(every=360, written=40)),
            "That is with a full disk; 20 of the 40 GiB are written.",
        ),
        Slip(lambda: _cost(_IMAGES, _updates(every=360)), "That is with 12 GiB written; the task has 20."),
        Slip(lambda: _cost(_IMAGES, _updates(written=20)), "That is with a new version every week; here is one."),
        Slip(lambda: _cost(_IMAGES, _updates()), "That is the lesson's: 12 GiB, and a new version every week."),
        Slip(lambda: _cost(_SNAPSHOTS, _ONCE), "That has the traffic of copied snapshots; image copies pay none here."),
        Slip(lambda: _cost(_IMAGES, _ONCE) / 12, "That is one price month; 360 days have twelve."),
        Slip(lambda: 0, "Sharing is free, but in Shanghai there must be a copy first, and it is stored."),
        hint="What is stored in Shanghai, and for how many price months of 720 hours?",
    ),
    "05-medium": Task(
        "the price of image copies at which both ways cost the same, with two versions kept",
        "CNY per GiB",
        lambda: _equal_price(2),
        "What lies between both ways is divided by the 624 GiB that image copies send (UNK-2, SCOPY-3).",
        Slip(lambda: _equal_price(1), "That is with one version kept; set versions_kept to 2."),
        Slip(
            lambda: _cost(_SNAPSHOTS, _updates(2)) - _cost(_IMAGES, _updates(2)),
            "That is what lies between both in the year; how much is it for each GiB that is sent?",
        ),
        Slip(
            lambda: (_cost(_SNAPSHOTS, _updates(2)) - _cost(_IMAGES, _updates(2))) / 52,
            "That is for each version; one version sends 12 GiB.",
        ),
        Slip(lambda: _cost(_SNAPSHOTS, _updates(2)) / 624, "Copies of images are stored too; take the difference."),
        hint="Find both costs with versions_kept=2, and how many GiB the 52 image copies send.",
    ),
    "05-large": Task(
        "the smallest number of kept versions at which copying snapshots is cheaper, with 2 GiB changed",
        "versions",
        lambda: _first_kept_where_snapshots_win(2),
        "A further version is a full copy of an image, but a small change of snapshots (COPY-2, SCOPY-2).",
        Slip(lambda: _first_kept_where_snapshots_win(1), "That is with 1 GiB changed; here it is 2."),
        Slip(lambda: _first_kept_where_snapshots_win(2) - 1, "There images are still cheaper; keep one more."),
        Slip(lambda: _first_kept_where_snapshots_win(2) + 1, "There snapshots are cheaper, but also with one less."),
        Slip(lambda: 8, "With eight it is, but also with fewer; where does it begin?"),
        Slip(lambda: 12, "With twelve it is, but also with fewer; where does it begin?"),
        Slip(lambda: 1, "With one version kept, copies share nothing; compare both amounts."),
        Slip(lambda: 2, "With two kept, images are cheaper; compare both amounts."),
        hint="Compare both ways with change_gib=2 for more and more versions kept, until the cheaper one changes.",
    ),
}
