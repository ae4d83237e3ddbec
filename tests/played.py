"""Ways lived through in a cloud over a whole horizon: the truth that the quick costs must equal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ecs_images import Cloud, InputError, Updates
from ecs_images.decisions import played
from ecs_images.decisions.ways import Target, deliveries, way_named


def play(cloud: Cloud, image: str, updates: Updates, chosen: Mapping[tuple[str, str], str], via: str = "") -> datetime:
    """Bring every version of an image to each (account, region) by its way. Returns the end of the horizon.

    A builder started from the image renews it at home; with nothing chosen that is all. Raises
    CloudError for a way that is refused, InputError for updates that suppose another size than the
    image has.
    """
    if updates.size_gib is not None:
        raise InputError("an image is played as it is; build one of the size wanted, and leave out size_gib")
    start, owner = cloud.now, cloud.image(image).account
    ways = {Target(*target): way_named(name) for target, name in chosen.items()}
    whole = deliveries(ways, owner, lambda way, target: via if way.third_region else "")
    played.play(cloud, image, updates, whole)
    return updates.end(start)
