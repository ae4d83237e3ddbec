"""What a route stores and sends, without playing it: the lives of its copies, for any region.

The lives are the same in every region and for every account; only prices differ. Work is taken to
need no time, as with instant durations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from ..billing.metering import times_of, whole_hours
from ..billing.schema import COPY_TRAFFIC, STORAGE, USAGE
from ..cloud.cloud import Cloud
from ..errors import InputError
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR, to_seconds
from .updates import Updates


@dataclass(frozen=True, slots=True)
class Life:
    """Bytes stored from `start` to `end`, or sent at `start` (meter of traffic)."""

    meter: str
    size_bytes: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Sizes:
    """The sizes of an image's versions [bytes], in whole blocks from the second version on."""

    first: int
    renewed: int
    data: int
    data_renewed: int
    changed: int
    added: int

    def content(self, number: int) -> int:
        """What version `number` restores, all disks together."""
        if number == 0:
            return self.first + self.data
        return self.renewed + number * self.added + self.data_renewed


def sizes_of(cloud: Cloud, image_id: str, updates: Updates) -> Sizes:
    """The sizes that the versions of an image will have; raises InputError for a change too large."""
    image, block = cloud.image(image_id), cloud.state.block_bytes

    def whole(size: float) -> int:
        return -(-round(size) // block) * block

    contents = {m.kind: 0 for m in image.mappings} | {"system": 0, "data": 0}
    renewed = dict(contents)
    for mapping in image.mappings:
        content = cloud.snapshot(mapping.snapshot).content_bytes
        contents[mapping.kind] += content
        renewed[mapping.kind] += whole(content)
    changed, added = whole(updates.change_gib * BYTES_PER_GIB), whole(updates.new_gib * BYTES_PER_GIB)
    if changed > renewed["system"]:
        held = renewed["system"] / BYTES_PER_GIB
        raise InputError(f"{image.id} has {held:g} GiB on its system disk; {updates.change_gib:g} cannot change")
    return Sizes(contents["system"], renewed["system"], contents["data"], renewed["data"], changed, added)


def lives_of(route: str, sizes: Sizes, updates: Updates, start: datetime) -> list[Life]:
    """What a route stores and sends for one target."""
    made = {
        "share": _nothing,
        "copy, then share": _full_copies,
        "copy snapshots": _incremental_copies,
        "receiver's own image": _own_images,
        "rebuild there": _rebuilt_images,
    }[route]
    return list(made(sizes, updates, start))


def _nothing(sizes: Sizes, updates: Updates, start: datetime) -> Iterator[Life]:
    """Sharing stores nothing (SHARE-8)."""
    return iter(())


def _full_copies(sizes: Sizes, updates: Updates, start: datetime) -> Iterator[Life]:
    """Each copy of an image is full, in chains of its own (COPY-2, UNK-11)."""
    for number, (made, gone) in enumerate(updates.versions(start)):
        yield Life(STORAGE, sizes.content(number), made, gone)


def _own_images(sizes: Sizes, updates: Updates, start: datetime) -> Iterator[Life]:
    """Each image of a new instance is full, since its disks begin chains of their own (CHAIN-4)."""
    for number, (made, gone) in enumerate(updates.versions(start)):
        content = sizes.content(number) if number else sizes.renewed + sizes.data_renewed
        yield Life(STORAGE, content, made, gone)


def _incremental_copies(sizes: Sizes, updates: Updates, start: datetime) -> Iterator[Life]:
    """Copied snapshots are full once for each chain they come from (SCOPY-2).

    The first version lies in the chain it was made in, all later ones in the builder's. Of the
    latter, what no update touches is stored once, and every version has its changed part.
    """
    end = updates.end(start)
    for number, (made, gone) in enumerate(updates.versions(start)):
        if number == 0:
            yield Life(STORAGE, sizes.content(0), made, gone)
            yield Life(COPY_TRAFFIC, sizes.content(0), made, made)
        elif number == 1:
            yield Life(STORAGE, sizes.content(1) - sizes.changed, made, end)
            yield Life(STORAGE, sizes.changed, made, gone)
            yield Life(COPY_TRAFFIC, sizes.content(1), made, made)
        else:
            yield Life(STORAGE, sizes.added, made, end)
            yield Life(STORAGE, sizes.changed, made, gone)
            yield Life(COPY_TRAFFIC, sizes.changed + sizes.added, made, made)


def _rebuilt_images(sizes: Sizes, updates: Updates, start: datetime) -> Iterator[Life]:
    """All versions lie in the chain of one builder: what no update touches is stored once (CHAIN-1)."""
    end = updates.end(start)
    yield Life(STORAGE, sizes.renewed + sizes.data_renewed - sizes.changed, start, end)
    for number, (made, gone) in enumerate(updates.versions(start)):
        yield Life(STORAGE, sizes.changed, made, gone)
        if number:
            yield Life(STORAGE, sizes.added, made, end)


def usage_of(lives: list[Life], *, account: str, currency: str, home: str, region: str) -> pd.DataFrame:
    """Lives as usage of an account: storage in the target region, traffic from home to it."""
    used = [life for life in lives if life.size_bytes]
    start = np.array([to_seconds(life.start) for life in used], dtype=np.int64)
    end = np.array([to_seconds(life.end) for life in used], dtype=np.int64)
    start, end = whole_hours(start, end)
    sent = np.array([life.meter == COPY_TRAFFIC for life in used], dtype=bool)
    end = np.where(sent, start + SECONDS_PER_HOUR, end)
    frame = pd.DataFrame(
        {
            "billing_account_id": account,
            "billing_currency": currency,
            "region_id": np.where(sent, home, region),
            "sku_meter": [life.meter for life in used],
            "x_item": np.where(sent, region, ""),
            "x_vcpus": 0,
            "resource_id": "",
            "x_image_id": "",
            "x_first_snapshot": 0,
            "x_last_snapshot": 0,
            "x_quantity": np.array([life.size_bytes for life in used], dtype=np.int64),
            "charge_period_start": times_of(start),
            "charge_period_end": times_of(end),
        },
        index=range(len(used)),
    )
    return USAGE.check(frame)
