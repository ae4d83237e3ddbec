"""Ways lived through in a cloud over a whole horizon: the truth that the quick costs must equal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ecs_images import Account, Cloud, InputError, Updates
from ecs_images.decisions.ways import Target, deliveries, way_named


def play(cloud: Cloud, image: str, updates: Updates, chosen: Mapping[tuple[str, str], str]) -> datetime:
    """Bring every version of an image to each (account, region) by its way. Returns the end of the horizon.

    A builder started from the image renews it at home; with nothing chosen that is all. Raises
    CloudError for a way that is refused, InputError for updates that suppose another size than the
    image has.
    """
    if updates.size_gib is not None:
        raise InputError("an image is played as it is; build one of the size wanted, and leave out size_gib")
    start, source = cloud.now, cloud.image(image)
    owner = cloud.account(source.account)
    ways = {Target(*target): way_named(name) for target, name in chosen.items()}
    stages = {delivery: delivery.stage(cloud, updates) for delivery in deliveries(ways, owner.name)}
    builder = owner.run_instance(region=source.region, image=image)
    kept: list[tuple[datetime, list[tuple[Account, str]]]] = []
    for number, (made_at, gone_at) in enumerate(updates.versions(start)):
        cloud.at(made_at)
        if number:
            if updates.change_gib or updates.new_gib:
                owner.write(builder, overwrite=updates.change_gib, new=updates.new_gib)
            image = owner.create_image(builder)
            cloud.wait(image)
        brought = [(stage.maker, delivery.play(stage, image)) for delivery, stage in stages.items()]
        made = [(maker, there) for maker, there in brought if there != image]
        # The first version stays: it was there before, and it is what the builder runs from.
        kept.append((gone_at, made + [(owner, image)] * bool(number)))
        for _, gone in [entry for entry in kept if entry[0] <= made_at]:
            for maker, name in gone:
                _retire(cloud, maker, name)
        kept = [entry for entry in kept if entry[0] > made_at]
    return updates.end(start)


def _retire(cloud: Cloud, account: Account, image: str) -> None:
    """An image goes, with its snapshots."""
    shared = sorted(cloud.image(image).shared_with)
    for first in range(0, len(shared), 10):
        account.unshare_image(image, from_accounts=shared[first : first + 10])
    account.delete_image(image, force=True)
    for snapshot in cloud.image(image).snapshots:
        account.delete_snapshot(snapshot, force=True)
