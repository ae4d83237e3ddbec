"""Routes: how an image can reach accounts in regions, what each way adds to the bill, and who pays.

routes(cloud, golden, accounts=["partner"], regions=["cn-shanghai"], updates=Updates())
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ..catalog.prices import Prices
from ..catalog.regions import Region
from ..catalog.schemas import TABLES
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..ledger.events import SnapshotSeen
from ..ledger.resources import Image
from ..tables import answers
from ..units import BYTES_PER_GIB, show_time
from .costs import Sum, added, sum_of
from .machines import disks_gib
from .question import Question, Refusal, Situation
from .updates import Updates
from .ways import WAYS, Target, Way

ROUTES_TABLE = TABLES["routes"]

FRAME_TABLE = TABLES["routes_frame"]


@answers(ROUTES_TABLE)
def routes(
    cloud: Cloud,
    image: str | Image,
    *,
    accounts: Sequence[str | Account],
    regions: Sequence[str | Region],
    updates: Updates | None = None,
    prices: Prices | None = None,
) -> pd.DataFrame:
    """Every way to bring an image to accounts in regions: allowed or not, what it adds, who pays.

    cloud: the cloud the image lies in; it is looked at as it is now and not changed
    image: the image's id
    accounts: names of the accounts that must be able to launch it
    regions: ids of the regions where they must be able to
    updates: how the image will be renewed over which horizon; as `Updates()` unless said
    prices: the price lists; the published ones unless said

    Returns one row for every way, account and region; `ecs.routes.columns` says what its columns mean. The
    money of a row is what that target alone would add to the bill of whoever pays, beside what is there
    already; a machine is billed as it goes, and where a part of it has no price, `x_not_counted` says so beside
    the money. What the answer holds for stands in `routes(…).attrs["frame"]`, a list of (part, value) pairs
    that `FRAME_TABLE` declares: period, updates, sizes, machines, what is supposed, what is not counted.

    Raises UnknownName for accounts, regions or images that do not exist, InputError for an
    image that is deleted or still waits, and for updates that it cannot have.

    >>> found = ecs.routes(cloud, golden, accounts=["acme"], regions=["cn-hangzhou"]).set_index("route")
    >>> found.loc[["share", "copy snapshots"], "x_allowed"].tolist()
    [False, True]
    """
    situation = Situation(cloud, image)
    return answer(Question(situation, updates, prices), situation.targets(accounts, regions))


class Route(NamedTuple):
    """A row of `ROUTES_TABLE`, which says what each part means."""

    way: str
    account: str
    region: str
    allowed: bool
    code: str
    rule: str
    cost: float
    currency: str
    payer: str
    hours_to_launch: float
    if_withdrawn: str
    opens: bool
    not_counted: str
    note: str

    @property
    def target(self) -> Target:
        """Who must launch the image, and where."""
        return Target(self.account, self.region)


def answer(question: Question, targets: Sequence[Target]) -> pd.DataFrame:
    """The `ROUTES_TABLE` of a question: every way for each target."""
    table = ROUTES_TABLE.frame(every_route(question, targets))
    table.attrs["frame"] = frame_of(question)
    return table


def every_route(question: Question, targets: Sequence[Target]) -> list[Route]:
    """Every way for each target, the ways to one target one after the other, in the order of `WAYS`."""
    known: dict[tuple[object, ...], tuple[Sum, float, str]] = {}
    alike, found = dict[tuple[str, ...], list[Route]](), list[Route]()
    for target in targets:
        account, region = target
        same = question.situation.alike[account], region, account if account in question.busy else ""
        first = alike.get(same)
        if first is None:
            alike[same] = [_route(question, way, target, known) for way in WAYS.values()]
            found += alike[same]
            continue
        for way, route in zip(WAYS.values(), first, strict=True):
            if not route.allowed and route.account in route.note:  # A reason that names the other is not this one's.
                found.append(_route(question, way, target, known))
            else:
                payer = account if way.receivers_make_their_own else route.payer
                found.append(Route(route[0], account, *route[2:8], payer, *route[9:]))
    return found


def _route(
    question: Question, way: Way, target: Target, known: dict[tuple[object, ...], tuple[Sum, float, str]]
) -> Route:
    """One way for a target; `known` keeps what it adds, its hours and its note for other targets of which they hold."""
    situation, nothing = question.situation, float("nan")
    payer, tried = way.maker(situation.owner, target.account), question.tried(way, target)
    currency = situation.currency(payer)
    if isinstance(tried, Refusal):
        return Route(
            way.name, target.account, target.region, False, tried.code, tried.rule, nothing, currency, payer, nothing,
            "", way.opens, "", tried.why,
        )  # fmt: skip
    # Whoever launches it, and whoever pays and uses nothing else, what one account brings costs the same.
    same = way, target.region, tried.via, currency, payer if payer in question.busy else ""
    if same not in known:
        paid, away = sum_of(added(question, [tried])), target.region != situation.home
        hours = way.hours_to_launch(question.sizes.content(0), away, question.updates)
        note = "; ".join(filter(None, (f"by way of {tried.via}" if tried.via else "", paid.unpriced)))
        known[same] = paid, hours, note
    paid, hours, note = known[same]
    return Route(
        way.name, target.account, target.region, True, "", "", paid.cost, currency, payer, hours, way.if_withdrawn,
        way.opens, paid.not_counted, note,
    )  # fmt: skip


def frame_of(question: Question) -> list[tuple[str, str]]:
    """What an answer holds for, as rows of `FRAME_TABLE`."""
    situation, updates, sizes = question.situation, question.updates, question.sizes
    cloud, machines = situation.cloud, updates.machines
    image, now = cloud.image(situation.image), cloud.now
    disks = " and ".join(f"{gib} GiB of {category}" for category, gib in disks_gib(cloud, image, machines).items())
    between = "stopped economically" if machines.keep_builder else "released"
    supposed = "copying an image costs no transfer fee (UNK-2); " if question.copies_are_free else ""
    if any(isinstance(event, SnapshotSeen) for event in cloud.ledger):
        supposed += "what snapshots of a real account share, and sizes that its lists lack (ASSUME-14); "
    if question.prices.bridged:
        supposed += "a price that is missing in a region is that of the nearest; "
    files = "" if cloud.state.durations == "instant" else " and, for files that lie meanwhile, exports and imports"
    return [
        ("period", f"{show_time(now)} to {show_time(updates.end(now))}, {updates.horizon_days:g} days"),
        (
            "updates",
            f"a new version every {updates.every_days:g} days, {updates.versions_kept} kept; each changes "
            f"{updates.change_gib:g} GiB and adds {updates.new_gib:g} GiB",
        ),
        (
            "sizes",
            f"{sizes.first / BYTES_PER_GIB:g} GiB written on the system disk, "
            f"{sizes.data / BYTES_PER_GIB:g} GiB on data disks",
        ),
        (
            "machines",
            f"{machines.type_for(image).name} with {disks}, billed as they go; "
            f"{machines.minutes:g} minutes a build, the owner's builder elsewhere {between} in between",
        ),
        (
            "supposed",
            f"{supposed}every copy is full (UNK-11); work takes no time but builds{files}; "
            "exported files are as large as what is written (ASSUME-6)",
        ),
        (
            "not counted",
            "what a row says beside its money; the renewal in the image's own region; what receivers run later",
        ),
    ]
