"""The ways to bring an image to an account in a region, as commands given to a cloud.

A script is what a route means. Tried in a fork it tells whether the route is allowed; played over
a whole horizon it is the truth that the quick costs of `routes` must equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..cloud.account import Account
from ..cloud.cloud import Cloud
from ..errors import InputError
from ..units import BYTES_PER_GIB
from .updates import Updates


@dataclass(frozen=True)
class Target:
    """An account that must be able to launch the image in a region."""

    account: str
    region: str


@dataclass(frozen=True)
class Delivery:
    """What one route brings to a region once, for all the accounts that it serves there."""

    route: str
    region: str
    accounts: tuple[str, ...]


@dataclass(frozen=True)
class Version:
    """One version of the image at home; the first has number 0."""

    image: str
    number: int


@dataclass(frozen=True)
class Made:
    """What a route made of a version, and whose it is: to be deleted when the version goes."""

    account: Account
    images: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()


@dataclass
class Plan:
    """What bringing an image about means: the cloud it is done in, the image's owner, how it is renewed."""

    cloud: Cloud
    owner: Account
    updates: Updates
    builders: dict[Delivery, str] = field(default_factory=dict)


Route = Callable[[Plan, Version, Delivery], Made]


def deliveries(chosen: Mapping[Target, str]) -> list[Delivery]:
    """What a route for each target comes to: fifty accounts of a region can share one copy.

    An image that receivers make for themselves is made by each.
    """
    served: dict[tuple[str, str, str], list[str]] = {}
    for target, route in chosen.items():
        alone = target.account if route == RECEIVERS_OWN else ""
        served.setdefault((route, target.region, alone), []).append(target.account)
    return [Delivery(route, region, tuple(accounts)) for (route, region, _), accounts in served.items()]


def share(plan: Plan, version: Version, to: Delivery) -> Made:
    """Share the image itself; it can be launched in its own region only (SHARE-1)."""
    cloud, owner = plan.cloud, plan.owner
    _let_launch(cloud, owner, version.image, to)
    return Made(owner)


def copy_then_share(plan: Plan, version: Version, to: Delivery) -> Made:
    """Copy the image to the region, and share the copy (COPY-11)."""
    cloud, owner = plan.cloud, plan.owner
    name = f"{version.image}-for-{to.accounts[0]}"  # the original's name may be taken there
    copy = owner.copy_image(version.image, to=to.region, name=name)
    cloud.wait(copy)
    _let_launch(cloud, owner, copy, to)
    return Made(owner, (copy,), cloud.image(copy).snapshots)


def copy_snapshots(plan: Plan, version: Version, to: Delivery) -> Made:
    """Copy the snapshots, make an image of them there, and share it (COPY-9)."""
    cloud, owner = plan.cloud, plan.owner
    copies = []
    for snapshot in cloud.image(version.image).snapshots:
        copies.append(owner.copy_snapshot(snapshot, to=to.region))
        cloud.wait(copies[-1])
    image = owner.create_image(snapshots=copies)
    _let_launch(cloud, owner, image, to)
    return Made(owner, (image,), tuple(copies))


def receiver_makes_own(plan: Plan, version: Version, to: Delivery) -> Made:
    """Share, and let the receiver make an image of an instance: that one it owns fully (SHARE-7)."""
    cloud, owner, (name,) = plan.cloud, plan.owner, to.accounts
    if name != owner.name and name not in cloud.image(version.image).shared_with:
        owner.share_image(version.image, with_accounts=[name])
    receiver = cloud.account(name)
    instance = receiver.run_instance(region=to.region, image=version.image)
    own = receiver.create_image(instance)
    cloud.wait(own)
    receiver.release_instance(instance, force=True)
    return Made(receiver, (own,), cloud.image(own).snapshots)


def rebuild_there(plan: Plan, version: Version, to: Delivery) -> Made:
    """Build the image in the region from what it was first built from, on a builder of its own there.

    Between builds the builder rests in economical mode, so that no fee of its system runs.
    """
    cloud, owner, updates = plan.cloud, plan.owner, plan.updates
    image = cloud.image(version.image)
    if to not in plan.builders:
        disks = [cloud.snapshot(mapping.snapshot) for mapping in image.mappings]
        plan.builders[to] = owner.run_instance(
            region=to.region,
            image=image.lineage.origin,
            system_disk=image.size_gib,
            written=disks[0].content_bytes / BYTES_PER_GIB,
            data_disks=[{"size": d.size_gib, "written": d.content_bytes / BYTES_PER_GIB} for d in disks[1:]],
        )
    else:
        owner.start_instance(plan.builders[to])
        if updates.change_gib or updates.new_gib:
            owner.write(plan.builders[to], overwrite=updates.change_gib, new=updates.new_gib)
    built = owner.create_image(plan.builders[to])
    cloud.wait(built)
    owner.stop_instance(plan.builders[to], mode="economical")
    _let_launch(cloud, owner, built, to)
    return Made(owner, (built,), cloud.image(built).snapshots)


def export_and_import(plan: Plan, version: Version, to: Delivery) -> Made:
    """Export the image, take its files to the region, import them there, and share that (EXP-1, IMP-1).

    The files are deleted as soon as they are imported.
    """
    cloud, owner = plan.cloud, plan.owner
    files = [owner.export_image(version.image)]
    cloud.wait(files[0])
    if to.region != cloud.image(version.image).region:
        files.append(owner.replicate_files(files[0], to=to.region))
        cloud.wait(files[1])
    image = owner.import_image(region=to.region, file=files[-1])
    cloud.wait(image)
    for written in files:
        owner.delete_files(written)
    _let_launch(cloud, owner, image, to)
    return Made(owner, (image,), cloud.image(image).snapshots)


RECEIVERS_OWN = "receiver's own image"
ROUTES: dict[str, Route] = {
    "share": share,
    "copy, then share": copy_then_share,
    "copy snapshots": copy_snapshots,
    RECEIVERS_OWN: receiver_makes_own,
    "rebuild there": rebuild_there,
    "export and import": export_and_import,
}
"""Every route by its name."""


def play(cloud: Cloud, image: str, updates: Updates, chosen: Mapping[Target, str]) -> datetime:
    """Live through a horizon in a cloud, bringing every version to each target by its route.

    A builder started from the image renews it at home; with nothing chosen that is all. Gives the
    end of the horizon. Raises CloudError for a route that is refused, InputError for updates that
    suppose another size than the image has.
    """
    if updates.size_gib is not None:
        raise InputError("an image is played as it is; build one of the size wanted, and leave out size_gib")
    start, source = cloud.now, cloud.image(image)
    owner = cloud.account(source.account)
    plan = Plan(cloud, owner, updates)
    builder = owner.run_instance(region=source.region, image=image)
    kept: list[tuple[datetime, Version, list[Made]]] = []
    for number, (made_at, gone_at) in enumerate(updates.versions(start)):
        cloud.at(made_at)
        if number:
            if updates.change_gib or updates.new_gib:
                owner.write(builder, overwrite=updates.change_gib, new=updates.new_gib)
            image = owner.create_image(builder)
            cloud.wait(image)
        version = Version(image, number)
        kept.append((gone_at, version, [ROUTES[to.route](plan, version, to) for to in deliveries(chosen)]))
        for _, old, made in [entry for entry in kept if entry[0] <= made_at]:
            _retire(cloud, owner, old, made)
        kept = [entry for entry in kept if entry[0] > made_at]
    return updates.end(start)


def _retire(cloud: Cloud, owner: Account, version: Version, results: list[Made]) -> None:
    """A version and all that was made of it goes, with its snapshots.

    The first version stays: it was there before, and it is what the builder runs from.
    """
    for made in results:
        for image in made.images:
            _unshare_and_delete(cloud, made.account, image)
        for snapshot in made.snapshots:
            made.account.delete_snapshot(snapshot, force=True)
    if version.number:
        _unshare_and_delete(cloud, owner, version.image)
        for snapshot in cloud.image(version.image).snapshots:
            owner.delete_snapshot(snapshot, force=True)


def _unshare_and_delete(cloud: Cloud, account: Account, image: str) -> None:
    shared = sorted(cloud.image(image).shared_with)
    for first in range(0, len(shared), 10):
        account.unshare_image(image, from_accounts=shared[first : first + 10])
    account.delete_image(image, force=True)


def _let_launch(cloud: Cloud, owner: Account, image: str, to: Delivery) -> None:
    """Share with every account served but the owner, and prove that it can launch.

    What they run is not the cost of the route, so it runs for no time at all.
    """
    for name in to.accounts:
        if name != owner.name and name not in cloud.image(image).shared_with:
            owner.share_image(image, with_accounts=[name])
        receiver = cloud.account(name)
        instance = receiver.run_instance(region=to.region, image=image)
        receiver.release_instance(instance, force=True)
