"""How an image lives on: how often it is renewed, how much changes, how many versions stay."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from numbers import Integral, Real

import numpy as np

from ..cards import counted, facts_card
from ..cloud.cloud import Cloud
from ..errors import InputError, shown
from ..units import BYTES_PER_GIB, gib_to_bytes, next_full_hour, positive_gib, size_gib, to_seconds
from .machines import Machines

_LONGEST_DAYS = 36_525
_MOST_VERSIONS = _LONGEST_DAYS * 24
"""As many as there are where an hour lies between two, for a century."""


@dataclass(frozen=True, repr=False)
class Updates:
    """The time ahead of an image, in which a new version of it is made again and again.

    every_days: time from one version to the next, at least an hour [day]
    versions_kept: how many of the newest versions stay, a whole number
    change_gib: what of the system disk is written over for each version, always the same part of it [GiB]
    new_gib: what is added to the system disk for each version [GiB]
    horizon_days: the time looked ahead, at least an hour and at most a century [day]
    size_gib: what to suppose is written on the system disk; None: what the image holds [GiB]
    machines: the machines of ways that build images; as `Machines()` unless said

    Raises InputError for a value that makes no sense.

    >>> ecs.Updates(every_days=7, versions_kept=4, change_gib=3)
    <Updates: every 7 days for 365 days, 4 versions kept, 3 GiB changed and 0 GiB added in each>
    """

    every_days: float = 7
    versions_kept: int = 12
    change_gib: float = 1.0
    new_gib: float = 0.0
    horizon_days: float = 365
    size_gib: float | None = None
    machines: Machines = field(default_factory=Machines)

    def __post_init__(self) -> None:
        for name in ("every_days", "horizon_days"):
            days = getattr(self, name)
            good = isinstance(days, Real) and not isinstance(days, bool)
            if not good or not 1 / 24 <= days <= _LONGEST_DAYS:
                raise InputError(
                    f"{name} is a number of days, at least an hour and at most a century, not {shown(days)}"
                )
        kept = self.versions_kept
        if isinstance(kept, bool) or not isinstance(kept, Integral) or not 1 <= kept <= _MOST_VERSIONS:
            raise InputError(f"versions_kept is a whole number from 1 to {_MOST_VERSIONS}, not {shown(kept)}")
        object.__setattr__(self, "versions_kept", int(kept))
        size_gib(self.change_gib, "change_gib")
        size_gib(self.new_gib, "new_gib")
        if self.size_gib is not None:
            positive_gib(self.size_gib, "size_gib")
        if not isinstance(self.machines, Machines):
            raise InputError(f"machines is a Machines, such as Machines(build_minutes=30), not {shown(self.machines)}")
        if self.machines.minutes > self.every_days * 24 * 60:
            raise InputError(
                f"a build takes {self.machines.minutes:g} minutes, longer than the time from one version to the next"
            )

    def __repr__(self) -> str:
        changes = f"{self.change_gib:g} GiB changed and {self.new_gib:g} GiB added in each"
        kept = f"{counted(self.versions_kept, 'version')} kept"
        return f"<Updates: every {self.every_days:g} days for {self.horizon_days:g} days, {kept}, {changes}>"

    _repr_html_ = facts_card

    def versions(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When each version is made and when it goes; the first is there at `start`."""
        every, horizon, end = timedelta(days=self.every_days), timedelta(days=self.horizon_days), self.end(start)
        count, number = math.ceil(horizon / every), 0
        while (made := _whole_second(start + number * every)) < end:
            # The last ones kept go with the horizon; when they would go else may be after all years.
            goes = number + self.versions_kept
            yield made, end if goes > count else min(_whole_second(start + goes * every), end)
            number += 1

    def end(self, start: datetime) -> datetime:
        """The end of the horizon."""
        return _whole_second(start + timedelta(days=self.horizon_days))


def updates_or_usual(updates: Updates | None) -> Updates:
    """The updates given, the usual ones for none; raises InputError for anything else."""
    if updates is not None and not isinstance(updates, Updates):
        raise InputError(f"updates is an Updates, such as Updates(every_days=7), not {shown(updates)}")
    return updates or Updates()


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


@dataclass(frozen=True)
class Sizes:
    """The sizes of an image's versions [bytes], in whole blocks from the second version on.

    first: of the first version's system disk
    renewed: of the second version's system disk, before anything was added
    data: of the first version's data disks
    data_renewed: of all later versions' data disks
    changed: what each later version writes over
    added: what each later version adds
    """

    first: int
    renewed: int
    data: int
    data_renewed: int
    changed: int
    added: int

    @classmethod
    def of(cls, cloud: Cloud, image_id: str, updates: Updates) -> Sizes:
        """The sizes that the versions of an image will have; raises InputError for those its disk cannot hold."""
        image, block = cloud.image(image_id), cloud.state.block_bytes

        def whole(size: float) -> int:
            return -(-round(size) // block) * block

        contents, renewed = ({"system": 0, "data": 0} for _ in range(2))
        for mapping in image.mappings:
            content = cloud.snapshot(mapping.snapshot).content_bytes
            if mapping.kind == "system" and updates.size_gib is not None:
                if updates.size_gib > mapping.size_gib:
                    raise InputError(
                        f"{image.id} has a system disk of {mapping.size_gib} GiB; size_gib is at most that"
                    )
                content = whole(gib_to_bytes(updates.size_gib))
            contents[mapping.kind] += content
            renewed[mapping.kind] += whole(content)
        changed, added = whole(updates.change_gib * BYTES_PER_GIB), whole(updates.new_gib * BYTES_PER_GIB)
        if changed > renewed["system"]:
            held = renewed["system"] / BYTES_PER_GIB
            raise InputError(f"{image.id} has {held:g} GiB on its system disk; {updates.change_gib:g} cannot change")
        return cls(contents["system"], renewed["system"], contents["data"], renewed["data"], changed, added)

    def content(self, number: int) -> int:
        """What version `number` restores, all disks together."""
        if number == 0:
            return self.first + self.data
        return self.renewed + number * self.added + self.data_renewed


@dataclass(frozen=True)
class Versions:
    """Every version of an image over a horizon.

    made: when each is made in the image's own region [s since 1970]
    content: what each restores [bytes]
    kept: how many of the newest stay
    end: the end of the billing hour in which the horizon ends [s since 1970]
    """

    made: np.ndarray
    content: np.ndarray
    kept: int
    end: int

    @classmethod
    def of(cls, sizes: Sizes, updates: Updates, start: datetime) -> Versions:
        """The versions that the updates make of an image of these sizes; raises InputError for too much to count."""
        made = np.array([to_seconds(made) for made, _ in updates.versions(start)], dtype=np.int64)
        if sizes.content(len(made)) * len(made) >= 1 << 62:
            raise InputError(f"{len(made)} versions, each {updates.new_gib:g} GiB larger, are more than anything holds")
        content = sizes.content(1) + (np.arange(len(made), dtype=np.int64) - 1) * sizes.added
        content[0] = sizes.content(0)
        return cls(made, content, updates.versions_kept, to_seconds(next_full_hour(updates.end(start))))

    def gone(self, ready: np.ndarray) -> np.ndarray:
        """When what was ready somewhere at these moments goes there: when the version so many later is ready."""
        later = ready[self.kept :]
        return np.append(later, np.full(len(ready) - len(later), self.end, dtype=np.int64))
