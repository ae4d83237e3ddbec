"""What a route stores and sends, without playing it: the lives of its copies, for any region.

The lives are the same in every region and for every account; only prices differ. Work is taken to
need no time, as with instant durations, so that exported files lie nowhere for any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ..catalog.meters import COPY_TRAFFIC, FILE_TRAFFIC, IMAGE_TRAFFIC, STORAGE
from ..cloud.cloud import Cloud
from ..errors import InputError
from ..units import BYTES_PER_GIB, gib_to_bytes, to_seconds
from .scripts import RECEIVERS_OWN
from .updates import Updates


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
    """The sizes that the versions of an image will have; raises InputError for those its disk cannot hold."""
    image, block = cloud.image(image_id), cloud.state.block_bytes

    def whole(size: float) -> int:
        return -(-round(size) // block) * block

    contents = {m.kind: 0 for m in image.mappings} | {"system": 0, "data": 0}
    renewed = dict(contents)
    for mapping in image.mappings:
        content = cloud.snapshot(mapping.snapshot).content_bytes
        if mapping.kind == "system" and updates.size_gib is not None:
            if updates.size_gib > mapping.size_gib:
                raise InputError(f"{image.id} has a system disk of {mapping.size_gib} GiB; size_gib is at most that")
            content = whole(gib_to_bytes(updates.size_gib))
        contents[mapping.kind] += content
        renewed[mapping.kind] += whole(content)
    changed, added = whole(updates.change_gib * BYTES_PER_GIB), whole(updates.new_gib * BYTES_PER_GIB)
    if changed > renewed["system"]:
        held = renewed["system"] / BYTES_PER_GIB
        raise InputError(f"{image.id} has {held:g} GiB on its system disk; {updates.change_gib:g} cannot change")
    return Sizes(contents["system"], renewed["system"], contents["data"], renewed["data"], changed, added)


@dataclass(frozen=True)
class Lives:
    """Bytes stored from `start` to `end`, or sent at `start` (a meter of traffic); times in s since 1970."""

    meter: np.ndarray
    size_bytes: np.ndarray
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, parts: Sequence[tuple[str, np.ndarray, np.ndarray, np.ndarray]]) -> Lives:
        """Parts of one meter each, as (meter, sizes, starts, ends); what has no size is left out."""
        meter = np.repeat(np.array([part[0] for part in parts], dtype=object), [len(part[1]) for part in parts])
        size, start, end = (
            np.concatenate([np.empty(0, np.int64), *(np.asarray(part[k], np.int64) for part in parts)])
            for k in (1, 2, 3)
        )
        used = size > 0
        return cls(meter[used], size[used], start[used], end[used])


@dataclass(frozen=True)
class Versions:
    """Every version of an image over a horizon: when it is made and when it goes [s], and what it restores [bytes]."""

    made: np.ndarray
    gone: np.ndarray
    content: np.ndarray
    end: int

    @classmethod
    def of(cls, sizes: Sizes, updates: Updates, start: datetime) -> Versions:
        """The versions that the updates make of an image of these sizes."""
        spans = [(to_seconds(made), to_seconds(gone)) for made, gone in updates.versions(start)]
        made, gone = np.array(spans, dtype=np.int64).T
        content = sizes.content(1) + (np.arange(len(spans), dtype=np.int64) - 1) * sizes.added
        content[0] = sizes.content(0)
        return cls(made, gone, content, to_seconds(updates.end(start)))


def lives_of(route: str, sizes: Sizes, versions: Versions) -> Lives:
    """What a route stores and sends to serve one region."""
    made, gone, content = versions.made, versions.gone, versions.content
    stored = STORAGE, content, made, gone
    match route:
        case "share":  # Sharing stores nothing (SHARE-8).
            return Lives.of([])
        case "copy, then share":  # Each copy of an image is full, in chains of its own (COPY-2, UNK-11).
            return Lives.of([stored, (IMAGE_TRAFFIC, content, made, made)])
        case "export and import":  # Each import is as large as its files, which are sent whole (IMP-6, EXP-3).
            return Lives.of([stored, (FILE_TRAFFIC, content, made, made)])
        case "copy snapshots":
            return _incremental_copies(sizes, versions)
        case "rebuild there":
            return _rebuilt(sizes, versions)
    assert route == RECEIVERS_OWN, route
    # Each image of a new instance is full, since its disks begin chains of their own (CHAIN-4).
    own = content.copy()
    own[0] = sizes.renewed + sizes.data_renewed
    return Lives.of([(STORAGE, own, made, gone)])


def _incremental_copies(sizes: Sizes, versions: Versions) -> Lives:
    """Copied snapshots are full once for each chain they come from (SCOPY-2).

    The first version lies in the chain it was made in, all later ones in the builder's. Of the
    latter, what no update touches is stored once, and every version has its changed part.
    """
    made, gone, content = versions.made, versions.gone, versions.content
    sent = np.full(len(made), sizes.changed + sizes.added)
    sent[:2] = content[:2]
    kept = np.full(len(made), sizes.added)
    kept[:2] = content[:2] - sizes.changed
    to_the_end = np.full(len(made) - 1, versions.end)
    return Lives.of(
        [
            (STORAGE, content[:1], made[:1], gone[:1]),
            (STORAGE, kept[1:], made[1:], to_the_end),
            (STORAGE, np.full(len(made) - 1, sizes.changed), made[1:], gone[1:]),
            (COPY_TRAFFIC, sent, made, made),
        ]
    )


def _rebuilt(sizes: Sizes, versions: Versions) -> Lives:
    """All versions lie in the chain of one builder: what no update touches is stored once (CHAIN-1)."""
    made, gone = versions.made, versions.gone
    kept = np.full(len(made), sizes.added)
    kept[0] = sizes.renewed + sizes.data_renewed - sizes.changed
    return Lives.of(
        [
            (STORAGE, kept, made, np.full(len(made), versions.end)),
            (STORAGE, np.full(len(made), sizes.changed), made, gone),
        ]
    )
