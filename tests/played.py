"""Ways lived through in a cloud over a whole horizon: the truth that the quick costs must equal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ecs_images import Account, Cloud, InputError, Updates
from ecs_images.decisions.ways import Delivery, Target, deliveries, perform, way_named


def play(cloud: Cloud, image: str, updates: Updates, chosen: Mapping[tuple[str, str], str], via: str = "") -> datetime:
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
    whole = deliveries(ways, owner.name, lambda way, target: via if way.third_region else "")
    stages = {delivery: delivery.stage(cloud, updates, image) for delivery in whole}
    builder = owner.run_instance(region=source.region, image=image)
    own: list[str] = []
    brought: dict[Delivery, list[str]] = {delivery: [] for delivery in stages}
    for number, (made_at, _) in enumerate(updates.versions(start)):
        cloud.at(made_at)
        if number:
            if updates.change_gib or updates.new_gib:
                owner.write(builder, overwrite=updates.change_gib, new=updates.new_gib)
            image = owner.create_image(builder)
            cloud.wait(image)
        own.append(image)
        old = number - updates.versions_kept
        # The first version stays: it was there before, and it is what the builder runs from.
        if old > 0:
            _retire(cloud, owner, own[old])
        for delivery, there in perform(stages, image):
            brought[delivery].append(there)
            if old >= 0 and brought[delivery][old] not in own:
                _retire(cloud, stages[delivery].maker, brought[delivery][old])
    return updates.end(start)


def _retire(cloud: Cloud, account: Account, image: str) -> None:
    """An image goes, with its snapshots."""
    if cloud.image(image).is_public:
        account.unpublish_image(image)
    shared = sorted(cloud.image(image).shared_with)
    for first in range(0, len(shared), 10):
        account.unshare_image(image, from_accounts=shared[first : first + 10])
    account.delete_image(image, force=True)
    for snapshot in cloud.image(image).snapshots:
        account.delete_snapshot(snapshot, force=True)
