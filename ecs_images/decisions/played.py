"""Ways lived through in a cloud over a whole horizon: what quick costs stand for, command by command."""

from __future__ import annotations

from collections.abc import Sequence

from ..cloud.account import Account
from ..cloud.cloud import Cloud
from .updates import Updates
from .ways import Delivery, perform


def play(cloud: Cloud, image: str, updates: Updates, whole: Sequence[Delivery]) -> None:
    """Bring every version of an image by some deliveries; its clock then stands at the last version.

    cloud: where it is played; it changes
    image: the id of the first version, which stays; a builder started from it renews it at home
    updates: how it is renewed; `size_gib` is not looked at, the image is played as it is
    whole: what brings each version somewhere; with none the image is renewed at home and that is all

    Raises CloudError for what is refused.
    """
    source = cloud.image(image)
    owner = cloud.account(source.account)
    stages = {delivery: delivery.stage(cloud, updates, image) for delivery in whole}
    builder = owner.run_instance(region=source.region, image=image)
    own: list[str] = []
    brought: dict[Delivery, list[str]] = {delivery: [] for delivery in stages}
    for number, (made_at, _) in enumerate(updates.versions(cloud.now)):
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
