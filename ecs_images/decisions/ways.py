"""The ways to bring an image to a region: each with the commands that play it, and all that it uses.

A way is one object: what it does to a cloud (`begin`, `bring`), what it uses of every meter over the versions of
an image (`uses`), who pays, how long it takes, what breaks when the owner takes the image back, when it does not
apply and by which rule it is refused. A new one is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import count
from typing import NamedTuple

import numpy as np

from ..catalog.limits import duration_seconds, limit
from ..catalog.meters import (
    COPY_TRAFFIC,
    DISK,
    FILE_STORAGE,
    FILE_TRAFFIC,
    IMAGE_TRAFFIC,
    INSTANCE,
    MARKETPLACE_FEE,
    OS_LICENCE,
    STORAGE,
)
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..columns import whole_hours
from ..errors import InputError, UnknownName
from ..ledger.resources import Image
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR, from_seconds
from .machines import disks_gib, system_disk_gib
from .updates import Sizes, Updates, Versions


class Target(NamedTuple):
    """An account that must be able to launch the image in a region."""

    account: str
    region: str


class Use(NamedTuple):
    """What is used of one meter somewhere, one row a piece.

    meter: the meter it is charged by
    region: where it is used, or sent from
    item: as of the meter: the region it is sent to, a disk category, an instance type …
    vcpus: of the instance, for fees that go by them; else 0
    quantity: bytes or instances
    start: since when, of what is billed by the hour in whole hours [s since 1970]
    end: until when; of what is sent, an hour later [s since 1970]
    """

    meter: str
    region: str
    item: str
    vcpus: int
    quantity: np.ndarray
    start: np.ndarray
    end: np.ndarray


@dataclass(frozen=True, eq=False)
class Case:
    """A region that a way is to serve, and all that its use there depends on.

    What is brought counts as there when its version is made, or built by a machine: minutes of copying beside a year.

    cloud: where the image is; exported files lie as long as work takes there, instant or typical
    image: the image
    updates: how it lives on
    sizes: the sizes of its versions
    versions: its versions
    region: the region to serve
    via: a third region on the way, for the way that has one
    """

    cloud: Cloud
    image: Image
    updates: Updates
    sizes: Sizes
    versions: Versions
    region: str
    via: str = ""

    @property
    def home(self) -> str:
        """The region that the image lies in."""
        return self.image.region

    @property
    def built(self) -> np.ndarray:
        """When a machine that starts with each version has built its image [s since 1970]."""
        return self.versions.made + self.updates.machines.seconds

    @cached_property
    def fresh(self) -> np.ndarray:
        """What the image of a new machine holds, whose disks begin chains of their own (CHAIN-4) [bytes]."""
        content = self.versions.content.copy()
        content[0] = self.sizes.renewed + self.sizes.data_renewed
        return content

    def after(self, moments: np.ndarray, task: str, content: np.ndarray) -> np.ndarray:
        """When a task that begins at these moments is done, in the durations of the cloud [s since 1970]."""
        if self.cloud.state.durations == "instant":
            return moments
        fixed, per_gib = duration_seconds(task)
        return moments + np.ceil(fixed + per_gib * content / BYTES_PER_GIB).astype(np.int64)

    def stored(
        self, region: str, content: np.ndarray | int, start: np.ndarray, end: np.ndarray | int, meter: str = STORAGE
    ) -> Use:
        """What is stored, by the billing hours it touches (BILL-2)."""
        found = self.used(meter, region, "", content, start, end)
        first, last = whole_hours(found.start, found.end)
        return found._replace(start=first, end=last)

    def sent(self, meter: str, origin: str, to: str, content: np.ndarray, at: np.ndarray) -> Use:
        """What is sent, in the hour it begins; within a region nothing is."""
        hour, _ = whole_hours(at, at)
        return self.used(meter, origin, to, content * (origin != to), hour, hour + SECONDS_PER_HOUR)

    def used(
        self,
        meter: str,
        region: str,
        item: str,
        quantity: np.ndarray | int,
        start: np.ndarray,
        end: np.ndarray | int,
        vcpus: int = 0,
    ) -> Use:
        """What is used up to the end of the horizon; pieces of no size or no time are left out."""
        end = np.minimum(end, self.versions.end)
        quantity, start, end = np.broadcast_arrays(np.asarray(quantity, np.int64), start, end)
        some = (quantity > 0) & (start < end)
        return Use(meter, region, item, vcpus, quantity[some], start[some], end[some])

    def machine(self, region: str, *, stays: bool = False) -> list[Use]:
        """A machine that runs from the beginning of each build to its end, with what its system costs (IBILL-2).

        stays: the same machine for all versions; between them it is stopped economically, its disks go on and its
            fees rest (IBILL-3), or run on at the time of the older rule; else each version has a new one
        """
        machines, on, off = self.updates.machines, self.versions.made, self.built
        kind, disks = machines.type_for(self.image), disks_gib(self.cloud, self.image, machines)
        disk_end = np.full(1, self.versions.end) if stays else off
        found = [
            self.used(DISK, region, category, gib * BYTES_PER_GIB, on[: len(disk_end)], disk_end)
            for category, gib in disks.items()
        ]
        found.append(self.used(INSTANCE, region, kind.name, 1, on, off))
        lineage, fee_end = self.image.lineage, off
        if stays and (lineage.charged_system or lineage.product_code):
            rests = [bool(limit("economical_stop_suspends_licence", from_seconds(int(stop)))) for stop in off]
            fee_end = np.where(rests, off, np.append(on[1:], self.versions.end))
        for meter, item in ((OS_LICENCE, lineage.charged_system), (MARKETPLACE_FEE, lineage.product_code)):
            if item:
                found.append(self.used(meter, region, item, 1, on, fee_end, kind.vcpus or 0))
        return found


BESIDE = dict.fromkeys((DISK, INSTANCE, OS_LICENCE, MARKETPLACE_FEE), "machine") | {FILE_STORAGE: "files"}
"""Meters of what a way needs beside what it brings: where one has no price the rest is counted, and that is said."""


@dataclass
class Stage:
    """Where a way is played, version after version: a cloud, who gives the commands, the region to reach.

    `via` is a third region on the way, where the way has one; `builder` the machine that builds the image, as long
    as there is one.
    """

    cloud: Cloud
    maker: Account
    region: str
    updates: Updates
    via: str = ""
    builder: str = ""


def _always(image: Image, region: str) -> str:
    return ""


@dataclass(frozen=True, eq=False)
class Way:
    """A way to bring an image to a region so that accounts there can launch it.

    name: what people call it
    bring: its commands: given where it is played and the id of a version of the image, they bring that version
        to the region and return the id of the image to launch there; they do not know who will launch it
    uses: what it uses to serve one region
    if_withdrawn: what breaks when the owner later deletes or unshares
    begin: the commands that start its machine, which then runs for the time of a build before `bring`
    unfit: why it does not apply to an image and a region, whatever the service allows; empty where it may be tried
    tasks: what takes time until the first version can be launched, by its name among the durations
    tasks_between_regions: what takes time besides when the region is not the image's own
    rule: the rule behind a refusal that has no code of the service's
    receivers_make_their_own: every receiver makes and pays an image of its own; else the image's owner makes and
        pays one, and shares it with all receivers of the region
    open_to_all: everybody in the region may launch what it brings, so that it is shared with nobody
    opens: it makes public what is not, which nobody should do for being cheap
    third_region: it goes through a third region
    """

    name: str
    bring: Callable[[Stage, str], str]
    uses: Callable[[Case], list[Use]]
    if_withdrawn: str
    begin: Callable[[Stage, str], None] | None = None
    unfit: Callable[[Image, str], str] = _always
    tasks: tuple[str, ...] = ()
    tasks_between_regions: tuple[str, ...] = ()
    rule: str = ""
    receivers_make_their_own: bool = False
    open_to_all: bool = False
    opens: bool = False
    third_region: bool = False

    def maker(self, owner: str, receiver: str) -> str:
        """The account that makes, keeps and pays what a receiver launches."""
        return receiver if self.receivers_make_their_own else owner

    def hours_to_launch(self, content_bytes: int, away: bool, updates: Updates) -> float:
        """The typical time until a version of that size can be launched (CREATE-13) [hour]."""
        gib = content_bytes / BYTES_PER_GIB
        tasks = self.tasks + (self.tasks_between_regions if away else ())
        seconds = sum(fixed + per_gib * gib for fixed, per_gib in map(duration_seconds, tasks))
        return (seconds + (updates.machines.seconds if self.begin else 0)) / SECONDS_PER_HOUR


class Delivery(NamedTuple):
    """What a way brings to a region once: made by one account, launched by all that it serves there."""

    way: Way
    region: str
    maker: str
    receivers: tuple[str, ...]
    via: str = ""

    def stage(self, cloud: Cloud, updates: Updates, image: str) -> Stage:
        """Where it is to be played; raises InputError where the way does not apply to the image."""
        if why := self.way.unfit(cloud.image(image), self.region):
            raise InputError(why)
        return Stage(cloud, cloud.account(self.maker), self.region, updates, self.via)


def perform(stages: Mapping[Delivery, Stage], image: str) -> Iterator[tuple[Delivery, str]]:
    """Bring a version of an image by some deliveries in one cloud, as it is iterated.

    Machines start at once and run for the time of a build; what needs none is there at once. Returns each
    delivery with the image launched there, at the moment it is.
    """
    building = [delivery for delivery in stages if delivery.way.begin]
    for delivery in building:
        assert delivery.way.begin
        delivery.way.begin(stages[delivery], image)
    for delivery, stage in stages.items():
        if delivery not in building:
            yield delivery, _brought(delivery, stage, image)
    if building:
        cloud, machines = stages[building[0]].cloud, stages[building[0]].updates.machines
        cloud.at(cloud.now + timedelta(seconds=machines.seconds))
    for delivery in building:
        yield delivery, _brought(delivery, stages[delivery], image)


def _brought(delivery: Delivery, stage: Stage, image: str) -> str:
    brought = delivery.way.bring(stage, image)
    let_launch(stage.cloud, brought, delivery)
    return brought


def deliveries(
    chosen: Mapping[Target, Way], owner: str, via: Callable[[Way, Target], str] = lambda way, target: ""
) -> list[Delivery]:
    """What a way for each target comes to: fifty accounts of a region can share one copy.

    via: the third region for a target of a way that has one
    """
    served: dict[tuple[Way, str, str, str], list[str]] = {}
    for target, way in chosen.items():
        maker = way.maker(owner, target.account)
        served.setdefault((way, target.region, maker, via(way, target)), []).append(target.account)
    return [
        Delivery(way, region, maker, tuple(accounts), third) for (way, region, maker, third), accounts in served.items()
    ]


def let_launch(cloud: Cloud, image: str, delivery: Delivery) -> None:
    """Share an image with the receivers that are not its owner, and prove that all can launch it in the region.

    What they run is not the cost of a way, so it runs for no time at all.
    """
    for receiver in map(cloud.account, delivery.receivers):
        if not delivery.way.open_to_all:
            _share(cloud, image, receiver)
        instance = receiver.run_instance(region=delivery.region, image=image)
        receiver.release_instance(instance, force=True)


def _share(cloud: Cloud, image: str, receiver: Account) -> None:
    found = cloud.image(image)
    if receiver.name != found.account and receiver.name not in found.shared_with:
        cloud.account(found.account).share_image(image, with_accounts=[receiver])


def _let_use(cloud: Cloud, image: str, receiver: Account) -> None:
    """Share an image unless everybody may use it."""
    if not cloud.image(image).is_public:
        _share(cloud, image, receiver)


def _delete(account: Account, cloud: Cloud, image: str) -> None:
    """An image that was needed on the way only goes, with its snapshots."""
    account.delete_image(image)
    for snapshot in cloud.image(image).snapshots:
        account.delete_snapshot(snapshot)


def way_named(name: object) -> Way:
    """The way of that name, or the way itself; raises UnknownName."""
    if isinstance(name, Way):
        return name
    if not isinstance(name, str) or name not in WAYS:
        raise UnknownName("route", name if isinstance(name, str) else repr(name), WAYS)
    return WAYS[name]


# Nothing is made: the image itself serves -----------------------------------------------------------


def _as_it_is(stage: Stage, image: str) -> str:
    """The image itself serves; it can be launched in its own region only (SHARE-1)."""
    return image


def _nothing(case: Case) -> list[Use]:
    """Sharing and publishing store and send nothing (SHARE-8, COMM-2)."""
    return []


_SHARE = Way(
    "share",
    bring=_as_it_is,
    uses=_nothing,
    if_withdrawn="nothing new starts; what runs cannot be re-initialised (SHARE-9)",
)


def _publish(stage: Stage, image: str) -> str:
    """Open the image to everybody in its region (COMM-1), unless it is open."""
    if not stage.cloud.image(image).is_public:
        stage.maker.publish_image(image)
    return image


def _not_public_here(image: Image, region: str) -> str:
    if not image.is_public:
        return f"{image.id} is not public; publishing it is a way of its own"
    return _not_at_home(image, region)


def _public_or_away(image: Image, region: str) -> str:
    return f"{image.id} is public already" if image.is_public else _not_at_home(image, region)


def _not_at_home(image: Image, region: str) -> str:
    return "" if region == image.region else f"a community image is launched in its own region, {image.region}, only"


_COMMUNITY = Way(
    "community",
    bring=_publish,
    uses=_nothing,
    if_withdrawn="nothing new starts; while public it cannot be shared, copied or exported (COMM-1)",
    unfit=_not_public_here,
    rule="COMM-1",
    open_to_all=True,
)
_PUBLISH = Way(
    "publish",
    bring=_publish,
    uses=_nothing,
    if_withdrawn="nothing new starts; until then everybody in the region may launch it, and it cannot be shared, "
    "copied or exported (COMM-1)",
    unfit=_public_or_away,
    rule="COMM-1",
    open_to_all=True,
    opens=True,
)

# Copies of the image --------------------------------------------------------------------------------


def _copied(cloud: Cloud, account: Account, image: str, to: str, *, encrypted: bool = False) -> str:
    """Copy an image, by a name that the account does not use there yet (CREATE-11)."""
    names, found = (f"{image}-copy-{number}" for number in count(1)), cloud.state.index.images
    name = next(name for name in names if not found.of("name", account.name, to, name))
    copy = account.copy_image(image, to=to, name=name, encrypted=encrypted)
    cloud.wait(copy)
    return copy


def _copy(stage: Stage, image: str) -> str:
    """Copy the image to the region (COPY-11)."""
    return _copied(stage.cloud, stage.maker, image, stage.region)


def _copy_uses(case: Case) -> list[Use]:
    """Each copy of an image is full, in chains of its own, and sent whole (COPY-2, UNK-11)."""
    made, content = case.versions.made, case.versions.content
    return [
        case.stored(case.region, content, made, case.versions.gone(made)),
        case.sent(IMAGE_TRAFFIC, case.home, case.region, content, made),
    ]


_BY_COPY = "the original may go; if the copy is withdrawn, as with sharing (COPY-2, SHARE-9)"
_COPY = Way("copy, then share", bring=_copy, uses=_copy_uses, if_withdrawn=_BY_COPY, tasks=("image_copy",))


def _copy_through(stage: Stage, image: str) -> str:
    """Copy to a third region, on from there, and delete what is left on the way."""
    between = _copied(stage.cloud, stage.maker, image, stage.via)
    copy = _copied(stage.cloud, stage.maker, between, stage.region)
    _delete(stage.maker, stage.cloud, between)
    return copy


def _copy_through_uses(case: Case) -> list[Use]:
    """Sent twice and stored at the end; what is in the third region goes as soon as it has been sent on."""
    made, content = case.versions.made, case.versions.content
    return [
        case.stored(case.region, content, made, case.versions.gone(made)),
        case.sent(IMAGE_TRAFFIC, case.home, case.via, content, made),
        case.sent(IMAGE_TRAFFIC, case.via, case.region, content, made),
    ]


def _at_home(image: Image, region: str) -> str:
    return f"{image.id} lies in {region} already" if region == image.region else ""


_THROUGH = Way(
    "copy via third region",
    bring=_copy_through,
    uses=_copy_through_uses,
    if_withdrawn=_BY_COPY,
    unfit=_at_home,
    tasks=("image_copy", "image_copy"),
    rule="COPY-11",
    third_region=True,
)


def _copy_encrypted(stage: Stage, image: str) -> str:
    """Share, and let the receiver copy the image within its region, encrypted: that one it owns fully (COPY-11)."""
    _let_use(stage.cloud, image, stage.maker)
    return _copied(stage.cloud, stage.maker, image, stage.region, encrypted=True)


def _encrypted_uses(case: Case) -> list[Use]:
    """A full copy in chains of its own, of which nothing leaves the region (COPY-2, COPY-3)."""
    made, content = case.versions.made, case.versions.content
    return [case.stored(case.region, content, made, case.versions.gone(made))]


def _away(image: Image, region: str) -> str:
    return "" if region == image.region else f"only the owner can copy {image.id} out of {image.region}"


_ENCRYPTED = Way(
    "encrypted copy",
    bring=_copy_encrypted,
    uses=_encrypted_uses,
    if_withdrawn="nothing: the receiver owns its copy, which is encrypted (COPY-3)",
    unfit=_away,
    tasks=("image_copy",),
    rule="COPY-3",
    receivers_make_their_own=True,
)


def _copy_snapshots(stage: Stage, image: str) -> str:
    """Copy the snapshots and make an image of them there (COPY-9)."""
    copies = []
    for snapshot in stage.cloud.image(image).snapshots:
        copies.append(stage.maker.copy_snapshot(snapshot, to=stage.region))
        stage.cloud.wait(copies[-1])
    return stage.maker.create_image(snapshots=copies)


def _copied_snapshots_uses(case: Case) -> list[Use]:
    """Copied snapshots are full once for each chain they come from (SCOPY-2).

    The first version lies in the chain it was made in, all later ones in the builder's. Of the
    latter, what no update touches is stored once, and every version has its changed part.

    12 GiB of which 1 changes, four versions, two of them kept: sent are 12, 12, 1 and 1 GiB; stored are
    12 while version 0 is there, 11 from version 1 to the end, and 1 while each of the versions 1 to 3 is there.
    """
    sizes, versions, region = case.sizes, case.versions, case.region
    made, content, gone = versions.made, versions.content, versions.gone(versions.made)
    sent = np.full(len(made), sizes.changed + sizes.added)
    sent[:2] = content[:2]
    kept = np.full(len(made), sizes.added)
    kept[:2] = content[:2] - sizes.changed
    return [
        case.stored(region, content[:1], made[:1], gone[:1]),
        case.stored(region, kept[1:], made[1:], versions.end),
        case.stored(region, sizes.changed, made[1:], gone[1:]),
        case.sent(COPY_TRAFFIC, case.home, region, sent, made),
    ]


_AS_SHARED_THERE = "the original may go; if the image there is withdrawn, as with sharing (SHARE-9)"
_COPY_SNAPSHOTS = Way(
    "copy snapshots",
    bring=_copy_snapshots,
    uses=_copied_snapshots_uses,
    if_withdrawn=_AS_SHARED_THERE,
    tasks=("snapshot_copy",),
    rule="SCOPY-1",  # refused within a region, without a code of the service's
)

# Built on a machine ---------------------------------------------------------------------------------


def _launch_there(stage: Stage, image: str) -> None:
    """Let the receiver launch the image in the region it wants it in."""
    _launch_shared(stage, image, stage.region)


def _launch_at_home(stage: Stage, image: str) -> None:
    """Let the receiver launch the image where it lies."""
    _launch_shared(stage, image, stage.cloud.image(image).region)


def _launch_shared(stage: Stage, image: str, region: str) -> None:
    cloud, receiver, found = stage.cloud, stage.maker, stage.cloud.image(image)
    _let_use(cloud, image, receiver)
    stage.builder = receiver.run_instance(
        region=region,
        image=image,
        instance_type=stage.updates.machines.type_for(found).name,
        system_disk=system_disk_gib(cloud, found),
        system_disk_category=stage.updates.machines.category,
    )


def _make_own(stage: Stage, image: str) -> str:
    """The receiver makes an image of its instance: that one it owns fully (SHARE-7)."""
    own = stage.maker.create_image(stage.builder)
    stage.cloud.wait(own)
    stage.maker.release_instance(stage.builder, force=True)
    return own


def _own_uses(case: Case) -> list[Use]:
    """Each image of a new instance is full, since its disks begin chains of their own (CHAIN-4)."""
    return [
        case.stored(case.region, case.fresh, case.built, case.versions.gone(case.built)),
        *case.machine(case.region),
    ]


_RECEIVERS_OWN = Way(
    "receiver's own image",
    begin=_launch_there,
    bring=_make_own,
    uses=_own_uses,
    if_withdrawn="nothing: the receiver owns its image (SHARE-7)",
    tasks=("snapshot",),
    receivers_make_their_own=True,
)


def _relay(stage: Stage, image: str) -> str:
    """The receiver copies an image of its own to the region, and deletes what it was copied from."""
    own = _make_own(stage, image)
    copy = _copied(stage.cloud, stage.maker, own, stage.region)
    _delete(stage.maker, stage.cloud, own)
    return copy


def _relay_uses(case: Case) -> list[Use]:
    """A full copy of each version there, sent whole; at home a machine for each, whose image goes when it is copied."""
    return [
        case.stored(case.region, case.fresh, case.built, case.versions.gone(case.built)),
        case.sent(IMAGE_TRAFFIC, case.home, case.region, case.fresh, case.built),
        *case.machine(case.home),
    ]


def _relay_at_home(image: Image, region: str) -> str:
    return f"{image.id} lies in {region}; the receiver's own image serves there" if region == image.region else ""


_RELAY = Way(
    "relay",
    begin=_launch_at_home,
    bring=_relay,
    uses=_relay_uses,
    if_withdrawn="nothing: the receiver owns its image (SHARE-7)",
    unfit=_relay_at_home,
    tasks=("snapshot", "image_copy"),
    rule="COPY-11",
    receivers_make_their_own=True,
)


def _start_builder(stage: Stage, image: str) -> None:
    """A builder in the region: a new one from what the image was first built from, or the one that was kept."""
    cloud, owner, updates = stage.cloud, stage.maker, stage.updates
    if stage.builder:
        owner.start_instance(stage.builder)
        if updates.change_gib or updates.new_gib:
            owner.write(stage.builder, overwrite=updates.change_gib, new=updates.new_gib)
        return
    found = cloud.image(image)
    disks = [cloud.snapshot(snapshot) for snapshot in found.snapshots]
    stage.builder = owner.run_instance(
        region=stage.region,
        image=found.lineage.origin,
        instance_type=updates.machines.type_for(found).name,
        system_disk=system_disk_gib(cloud, found),
        system_disk_category=updates.machines.category,
        written=disks[0].content_bytes / BYTES_PER_GIB,
        data_disks=[{"size": d.size_gib, "written": d.content_bytes / BYTES_PER_GIB} for d in disks[1:]],
    )


def _rebuild(stage: Stage, image: str) -> str:
    """Make the image of the builder, which then rests in economical mode or is released."""
    built = stage.maker.create_image(stage.builder)
    stage.cloud.wait(built)
    if stage.updates.machines.keep_builder:
        stage.maker.stop_instance(stage.builder, mode="economical")
    else:
        stage.maker.release_instance(stage.builder, force=True)
        stage.builder = ""
    return built


def _rebuilt_uses(case: Case) -> list[Use]:
    """All versions lie in the chain of a builder that is kept: what no update touches is stored once (CHAIN-1).

    Where each version has a builder of its own, each is full (CHAIN-4).
    """
    sizes, versions = case.sizes, case.versions
    if not case.updates.machines.keep_builder:
        return _own_uses(case)
    kept = np.full(len(versions.made), sizes.added)
    kept[0] = sizes.renewed + sizes.data_renewed - sizes.changed
    return [
        case.stored(case.region, kept, case.built, versions.end),
        case.stored(case.region, sizes.changed, case.built, versions.gone(case.built)),
        *case.machine(case.region, stays=True),
    ]


def _imported(image: Image, region: str) -> str:
    origin = image.lineage.origin
    why = "it was imported, or nothing tells its origin"
    return f"nothing public to rebuild {image.id} from is known: {why}" if origin == "import" else ""


_REBUILD = Way(
    "rebuild there",
    begin=_start_builder,
    bring=_rebuild,
    uses=_rebuilt_uses,
    if_withdrawn=_AS_SHARED_THERE,
    unfit=_imported,
    tasks=("snapshot",),
    rule="TYPE-3",
)

# Through files --------------------------------------------------------------------------------------


def _export_and_import(stage: Stage, image: str) -> str:
    """Export the image, take its files to the region and import them there (EXP-1, IMP-1).

    The files are deleted as soon as they are imported.
    """
    cloud, owner, region = stage.cloud, stage.maker, stage.region
    files = [owner.export_image(image)]
    cloud.wait(files[0])
    if region != cloud.image(image).region:
        files.append(owner.replicate_files(files[0], to=region))
        cloud.wait(files[1])
    imported = owner.import_image(region=region, file=files[-1])
    cloud.wait(imported)
    for written in files:
        owner.delete_files(written)
    return imported


def _imported_uses(case: Case) -> list[Use]:
    """Each import is as large as its files, which are sent whole (IMP-6, EXP-3) and lie until it is done.

    12 GiB with typical durations of half a minute a GiB: exported at 0:06, replicated at 0:12, imported at 0:18;
    so that files lie at home from 0:06 and in the region from 0:12, both to 0:18.
    """
    made, content, home, region = case.versions.made, case.versions.content, case.home, case.region
    exported = case.after(made, "image_export", content)
    arrived = exported if home == region else case.after(exported, "file_replication", content)
    there = case.after(arrived, "image_import", content)
    return [
        case.stored(home, content, exported, there, FILE_STORAGE),
        case.stored(region, content * (home != region), arrived, there, FILE_STORAGE),
        case.sent(FILE_TRAFFIC, home, region, content, made),
        case.stored(region, content, made, case.versions.gone(made)),
    ]


_EXPORT_AND_IMPORT = Way(
    "export and import",
    bring=_export_and_import,
    uses=_imported_uses,
    if_withdrawn=_AS_SHARED_THERE,
    tasks=("image_export", "image_import"),
    tasks_between_regions=("file_replication",),
)

_ALL = (
    _SHARE,
    _COMMUNITY,
    _PUBLISH,
    _COPY,
    _COPY_SNAPSHOTS,
    _THROUGH,
    _ENCRYPTED,
    _RECEIVERS_OWN,
    _RELAY,
    _REBUILD,
    _EXPORT_AND_IMPORT,
)
WAYS: Mapping[str, Way] = {way.name: way for way in _ALL}
"""Every way by its name."""
DIRECT_COPY = _COPY
"""What a copy via third region is compared with."""
