"""The ways to bring an image to accounts in regions, each with everything that belongs to it.

A way is one `Way` among `WAYS`: the commands that play it, what it stores and sends, how long it
takes, who pays, what breaks later. Whoever compares ways loops over them and asks each, so that a new
one is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

import numpy as np

from ..catalog.limits import duration_seconds
from ..catalog.meters import COPY_TRAFFIC, FILE_TRAFFIC, IMAGE_TRAFFIC, STORAGE
from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..errors import UnknownName
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR
from .updates import Sizes, Updates, Versions


class Target(NamedTuple):
    """An account that must be able to launch the image in a region."""

    account: str
    region: str


@dataclass(frozen=True)
class Lives:
    """What is stored and sent, one row a piece.

    meter: the meter it is charged by
    size_bytes: how large it is [bytes]
    start: when it is stored, or sent (a meter of traffic) [s since 1970]
    end: when it goes; of what is sent, `start` again [s since 1970]
    """

    meter: np.ndarray
    size_bytes: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, *parts: tuple[str, np.ndarray, np.ndarray, np.ndarray]) -> Lives:
        """Parts of one meter each, as (meter, sizes, starts, ends); pieces of no size are left out."""
        meter = np.repeat(np.array([part[0] for part in parts], dtype=object), [len(part[1]) for part in parts])
        size, start, end = (
            np.concatenate([np.empty(0, np.int64), *(np.asarray(part[k], np.int64) for part in parts)])
            for k in (1, 2, 3)
        )
        used = size > 0
        return cls(meter[used], size[used], start[used], end[used])


@dataclass(frozen=True, eq=False)
class Way:
    """A way to bring an image to a region so that accounts there can launch it.

    name: what people call it
    bring: its commands: given where it is played and the id of a version of the image, they bring that version
        to the region and return the id of the image to launch there; they do not know who will launch it
    lives: what it stores and sends to serve one region, for the sizes and times of the versions. Work takes no
        time, as with instant durations, so that exported files lie nowhere for any time
    if_withdrawn: what breaks when the owner later deletes or unshares
    tasks: what takes time until the first version can be launched, by its name among the durations
    tasks_between_regions: what takes time besides when the region is not the image's own
    rules: the rule behind a code of refusal where it is another than for all ways
    receivers_make_their_own: every receiver makes and pays an image of its own; else the image's owner makes and
        pays one, and shares it with all receivers of the region
    """

    name: str
    bring: Callable[[Stage, str], str]
    lives: Callable[[Sizes, Versions], Lives]
    if_withdrawn: str
    tasks: tuple[str, ...] = ()
    tasks_between_regions: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    receivers_make_their_own: bool = False

    def maker(self, owner: str, receiver: str) -> str:
        """The account that makes, keeps and pays what a receiver launches."""
        return receiver if self.receivers_make_their_own else owner

    def rule(self, code: str) -> str:
        """The rule behind a refusal with this code; empty where none is known."""
        return self.rules.get(code) or _RULES.get(code, "")

    def hours_to_launch(self, content_bytes: int, away: bool) -> float:
        """The typical time until a version of that size can be launched (CREATE-13) [hour]."""
        gib = content_bytes / BYTES_PER_GIB
        tasks = self.tasks + (self.tasks_between_regions if away else ())
        return sum(fixed + per_gib * gib for fixed, per_gib in map(duration_seconds, tasks)) / SECONDS_PER_HOUR


@dataclass
class Stage:
    """Where a way is played, version after version: a cloud, who gives the commands, the region to reach.

    `builder` is the instance that builds there from version to version, where the way has one.
    """

    cloud: Cloud
    maker: Account
    region: str
    updates: Updates
    builder: str = ""


@dataclass(frozen=True)
class Delivery:
    """What a way brings to a region once: made by one account, launched by all that it serves there."""

    way: Way
    region: str
    maker: str
    receivers: tuple[str, ...]

    def stage(self, cloud: Cloud, updates: Updates) -> Stage:
        """Where it is to be played."""
        return Stage(cloud, cloud.account(self.maker), self.region, updates)

    def play(self, stage: Stage, image: str) -> str:
        """Bring a version there and let all receivers launch it. Returns the id of the image they launch."""
        brought = self.way.bring(stage, image)
        let_launch(stage.cloud, brought, self.region, self.receivers)
        return brought


def deliveries(chosen: Mapping[Target, Way], owner: str) -> list[Delivery]:
    """What a way for each target comes to: fifty accounts of a region can share one copy."""
    served: dict[tuple[Way, str, str], list[str]] = {}
    for (account, region), way in chosen.items():
        served.setdefault((way, region, way.maker(owner, account)), []).append(account)
    return [Delivery(*which, tuple(accounts)) for which, accounts in served.items()]


def let_launch(cloud: Cloud, image: str, region: str, receivers: Iterable[str]) -> None:
    """Share an image with the receivers that are not its owner, and prove that all can launch it in a region.

    What they run is not the cost of a way, so it runs for no time at all.
    """
    for receiver in map(cloud.account, receivers):
        _share(cloud, image, receiver)
        instance = receiver.run_instance(region=region, image=image)
        receiver.release_instance(instance, force=True)


def _share(cloud: Cloud, image: str, receiver: Account) -> None:
    found = cloud.image(image)
    if receiver.name != found.account and receiver.name not in found.shared_with:
        cloud.account(found.account).share_image(image, with_accounts=[receiver])


def way_named(name: object) -> Way:
    """The way of that name, or the way itself; raises UnknownName."""
    if isinstance(name, Way):
        return name
    if not isinstance(name, str) or name not in WAYS:
        raise UnknownName("route", name if isinstance(name, str) else repr(name), WAYS)
    return WAYS[name]


# The ways -----------------------------------------------------------------------------------------


def _share_it(stage: Stage, image: str) -> str:
    """The image itself serves; it can be launched in its own region only (SHARE-1)."""
    return image


def _share_lives(sizes: Sizes, versions: Versions) -> Lives:
    """Sharing stores nothing (SHARE-8)."""
    return Lives.of()


_SHARE = Way(
    "share",
    bring=_share_it,
    lives=_share_lives,
    if_withdrawn="nothing new starts; what runs cannot be re-initialised (SHARE-9)",
)


def _copy(stage: Stage, image: str) -> str:
    """Copy the image to the region (COPY-11), by a name that its owner does not use there yet (CREATE-11)."""
    owner, region = stage.maker.name, stage.region
    there = stage.cloud.state.images.values()
    taken = {i.name for i in there if (i.account, i.region) == (owner, region) and not i.deleted_at}
    name = next(name for number in count(1) if (name := f"{image}-copy-{number}") not in taken)
    copy = stage.maker.copy_image(image, to=region, name=name)
    stage.cloud.wait(copy)
    return copy


def _copy_lives(sizes: Sizes, versions: Versions) -> Lives:
    """Each copy of an image is full, in chains of its own, and sent whole (COPY-2, UNK-11)."""
    made, content = versions.made, versions.content
    return Lives.of((STORAGE, content, made, versions.gone), (IMAGE_TRAFFIC, content, made, made))


_COPY = Way(
    "copy, then share",
    bring=_copy,
    lives=_copy_lives,
    if_withdrawn="the original may go; if the copy is withdrawn, as with sharing (COPY-2, SHARE-9)",
    tasks=("image_copy",),
)


def _copy_snapshots(stage: Stage, image: str) -> str:
    """Copy the snapshots and make an image of them there (COPY-9)."""
    copies = []
    for snapshot in stage.cloud.image(image).snapshots:
        copies.append(stage.maker.copy_snapshot(snapshot, to=stage.region))
        stage.cloud.wait(copies[-1])
    return stage.maker.create_image(snapshots=copies)


def _copied_snapshots_lives(sizes: Sizes, versions: Versions) -> Lives:
    """Copied snapshots are full once for each chain they come from (SCOPY-2).

    The first version lies in the chain it was made in, all later ones in the builder's. Of the
    latter, what no update touches is stored once, and every version has its changed part.

    12 GiB of which 1 changes, four versions, two of them kept: sent are 12, 12, 1 and 1 GiB; stored are
    12 while version 0 is there, 11 from version 1 to the end, and 1 while each of the versions 1 to 3 is there.
    """
    made, gone, content = versions.made, versions.gone, versions.content
    sent = np.full(len(made), sizes.changed + sizes.added)
    sent[:2] = content[:2]
    kept = np.full(len(made), sizes.added)
    kept[:2] = content[:2] - sizes.changed
    to_the_end = np.full(len(made) - 1, versions.end)
    return Lives.of(
        (STORAGE, content[:1], made[:1], gone[:1]),
        (STORAGE, kept[1:], made[1:], to_the_end),
        (STORAGE, np.full(len(made) - 1, sizes.changed), made[1:], gone[1:]),
        (COPY_TRAFFIC, sent, made, made),
    )


_COPY_SNAPSHOTS = Way(
    "copy snapshots",
    bring=_copy_snapshots,
    lives=_copied_snapshots_lives,
    if_withdrawn="the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
    tasks=("snapshot_copy",),
    rules={"": "SCOPY-1"},  # refused within a region, without a code of the service's
)


def _make_own(stage: Stage, image: str) -> str:
    """Share, and let the receiver make an image of an instance: that one it owns fully (SHARE-7)."""
    receiver = stage.maker
    _share(stage.cloud, image, receiver)
    instance = receiver.run_instance(region=stage.region, image=image)
    own = receiver.create_image(instance)
    stage.cloud.wait(own)
    receiver.release_instance(instance, force=True)
    return own


def _own_lives(sizes: Sizes, versions: Versions) -> Lives:
    """Each image of a new instance is full, since its disks begin chains of their own (CHAIN-4)."""
    own = versions.content.copy()
    own[0] = sizes.renewed + sizes.data_renewed
    return Lives.of((STORAGE, own, versions.made, versions.gone))


_RECEIVERS_OWN = Way(
    "receiver's own image",
    bring=_make_own,
    lives=_own_lives,
    if_withdrawn="nothing: the receiver owns its image (SHARE-7)",
    tasks=("snapshot",),
    receivers_make_their_own=True,
)


def _rebuild(stage: Stage, image: str) -> str:
    """Build the image in the region from what it was first built from, on a builder of its own there.

    Between builds the builder rests in economical mode, so that no fee of its system runs.
    """
    cloud, owner, updates = stage.cloud, stage.maker, stage.updates
    if not stage.builder:
        found = cloud.image(image)
        disks = [cloud.snapshot(snapshot) for snapshot in found.snapshots]
        stage.builder = owner.run_instance(
            region=stage.region,
            image=found.lineage.origin,
            system_disk=found.size_gib,
            written=disks[0].content_bytes / BYTES_PER_GIB,
            data_disks=[{"size": d.size_gib, "written": d.content_bytes / BYTES_PER_GIB} for d in disks[1:]],
        )
    else:
        owner.start_instance(stage.builder)
        if updates.change_gib or updates.new_gib:
            owner.write(stage.builder, overwrite=updates.change_gib, new=updates.new_gib)
    built = owner.create_image(stage.builder)
    cloud.wait(built)
    owner.stop_instance(stage.builder, mode="economical")
    return built


def _rebuilt_lives(sizes: Sizes, versions: Versions) -> Lives:
    """All versions lie in the chain of one builder: what no update touches is stored once (CHAIN-1)."""
    made, gone = versions.made, versions.gone
    kept = np.full(len(made), sizes.added)
    kept[0] = sizes.renewed + sizes.data_renewed - sizes.changed
    return Lives.of(
        (STORAGE, kept, made, np.full(len(made), versions.end)),
        (STORAGE, np.full(len(made), sizes.changed), made, gone),
    )


_REBUILD = Way(
    "rebuild there",
    bring=_rebuild,
    lives=_rebuilt_lives,
    if_withdrawn="the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
    tasks=("snapshot",),
)


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


def _imported_lives(sizes: Sizes, versions: Versions) -> Lives:
    """Each import is as large as its files, which are sent whole (IMP-6, EXP-3)."""
    made, content = versions.made, versions.content
    return Lives.of((STORAGE, content, made, versions.gone), (FILE_TRAFFIC, content, made, made))


_EXPORT_AND_IMPORT = Way(
    "export and import",
    bring=_export_and_import,
    lives=_imported_lives,
    if_withdrawn="the original may go; if the image there is withdrawn, as with sharing (SHARE-9)",
    tasks=("image_export", "image_import"),
    tasks_between_regions=("file_replication",),
    rules={"IncorrectImageStatus": "EXP-2"},
)

WAYS: Mapping[str, Way] = {
    way.name: way for way in (_SHARE, _COPY, _COPY_SNAPSHOTS, _RECEIVERS_OWN, _REBUILD, _EXPORT_AND_IMPORT)
}
"""Every way by its name."""

_RULES = {
    "InvalidImageId.NotFound": "TYPE-3",
    "IncorrectDestinationRegion": "COPY-3",
    "OperationDenied.SameRegionOnly": "COPY-3",
    "InvalidImageId.BidMismatch": "SHARE-5",
    "OperationDeined.EncryptedSnapshot": "SHARE-6",
    "OperationDenied.InvalidImageStatus": "STATUS-4",
    "OperationDenied.ImageNotValid": "STATUS-3",
    "IncorrectImageStatus": "COPY-1",
    "OperationDenied.NotPublished": "COPY-8",
    "OperationDenied.CommunityImage": "COMM-1",
    "Image.Public": "COMM-1",
    "QuotaExceed.ShareImageUser": "SHARE-2",
    "QuotaExceed.ShareImage": "SHARE-3",
    "QuotaExceed.Image": "UNK-8",
    "ImageNotSupported": "EXP-2",
    "InvalidImageLicense.NotSupported": "EXP-2",
    "InvalidImage.DiskAmountOrSize": "EXP-2",
}
"""The rule behind a code of refusal, whatever the way."""
