"""The tasks of lesson 05: share or copy?"""

from __future__ import annotations

from functools import cache

from ..decisions.routes import routes
from ..decisions.updates import Updates
from .scene import machine
from .task import Slip, Task

_SHANGHAI = "cn-shanghai"
_IMAGES, _SNAPSHOTS = "copy, then share", "copy snapshots"


@cache
def _cost(
    route: str, *, kept: int = 12, changed: float = 1.0, every: float = 7, horizon: float = 360, disk: float = 12
) -> float:
    """What a route of the lesson's image to partner in Shanghai costs [CNY]."""
    cloud, acme, web = machine("2026-03-02", disk)
    cloud.account("partner")
    image = acme.create_image(web)
    updates = Updates(every_days=every, versions_kept=kept, change_gib=changed, horizon_days=horizon)
    table = routes(cloud, image, accounts=["partner"], regions=[_SHANGHAI], updates=updates)
    return float(table.loc[table["route"] == route, "list_cost"].iloc[0])


def _first_kept_where_snapshots_win(changed: float = 1.0) -> int:
    """The smallest number of kept versions at which copying snapshots is cheaper than copying images."""
    kept = 1
    while _cost(_SNAPSHOTS, kept=kept, changed=changed) >= _cost(_IMAGES, kept=kept, changed=changed):
        kept += 1
    return kept


TASKS: dict[str, Task] = {
    "05-small": Task(
        wanted="what copying the image, then sharing, costs when there is one version only",
        unit="CNY",
        right=lambda: _cost(_IMAGES, every=360),
        because="One full copy of what is written, for twelve price months; sharing adds nothing (COPY-10, SHARE-8).",
        slips=(
            Slip(lambda: _cost(_IMAGES, every=360, disk=40), "That is with a full disk; 12 of the 40 GiB are written."),
            Slip(lambda: _cost(_IMAGES), "That is with a new version every week; set every_days to 360."),
            Slip(lambda: _cost(_SNAPSHOTS, every=360), "That is copying snapshots, with its traffic."),
            Slip(lambda: _cost(_IMAGES, every=360, horizon=30), "That is one price month; 360 days have twelve."),
            Slip(lambda: 0, "Sharing is free, but in Shanghai there must be a copy first, and it is stored."),
        ),
        hint="12 GiB for 360 × 24 hours, at 0.12 / 720.",
    ),
    "05-medium": Task(
        wanted="what copying snapshots costs with 2 GiB changed a week",
        unit="CNY",
        right=lambda: _cost(_SNAPSHOTS, changed=2),
        because="Only changes are sent and stored; the rest is already there (SCOPY-2, SCOPY-3).",
        slips=(
            Slip(lambda: _cost(_SNAPSHOTS), "That is with 1 GiB changed; set change_gib to 2."),
            Slip(lambda: 2 * _cost(_SNAPSHOTS), "Twice the change is not twice the bill; the first copy is the same."),
            Slip(lambda: _cost(_IMAGES, changed=2), "That is copying the images; they are full, whatever changes."),
            Slip(lambda: _cost(_SNAPSHOTS, changed=2, kept=1), "That is with one version kept; keep twelve."),
            Slip(lambda: _cost(_SNAPSHOTS, changed=2, horizon=365), "That is for 365 days; the lesson asks for 360."),
        ),
        hint="Ask ecs.routes with change_gib=2 and read the row of copy snapshots in Shanghai.",
    ),
    "05-large": Task(
        wanted="the smallest number of kept versions at which copying snapshots is cheaper",
        unit="versions",
        right=_first_kept_where_snapshots_win,
        because="A further version is a full copy of an image, but a small change of snapshots (COPY-2, SCOPY-2).",
        slips=(
            Slip(lambda: _first_kept_where_snapshots_win() - 1, "There images are still cheaper; keep one more."),
            Slip(lambda: _first_kept_where_snapshots_win() + 1, "There snapshots are cheaper, but also with one less."),
            Slip(lambda: 12, "With twelve it is, but also with fewer; where does it begin?"),
            Slip(lambda: 1, "With one version kept, copies share nothing; compare both amounts."),
        ),
        hint="Compare both routes with one version kept, then with two, and so on, until the cheaper one changes.",
    ),
}
