"""How an image lives on: how often it is renewed, how much changes, how many versions stay."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from numbers import Real

from ..errors import InputError
from ..units import positive_gib, size_gib

_LONGEST_DAYS = 36_525


@dataclass(frozen=True)
class Updates:
    """The time ahead of an image.

    Every `every_days` a new version is made, in which `change_gib` of the system disk are written
    over, always the same ones, and `new_gib` are added. The newest `versions_kept` stay, for
    `horizon_days` in all. With `size_gib` it is supposed that so much is written on the image's
    system disk; without, it is what it is.
    """

    every_days: float = 7
    versions_kept: int = 12
    change_gib: float = 1.0
    new_gib: float = 0.0
    horizon_days: float = 365
    size_gib: float | None = None

    def __post_init__(self) -> None:
        for name in ("every_days", "horizon_days"):
            days = getattr(self, name)
            good = isinstance(days, Real) and not isinstance(days, bool) and math.isfinite(days)
            if not good or not 1 / 24 <= days <= _LONGEST_DAYS:
                raise InputError(f"{name} is a number of days, at least an hour and at most a century, not {days!r}")
        kept = self.versions_kept
        if isinstance(kept, bool) or not isinstance(kept, int) or kept < 1:
            raise InputError(f"versions_kept is a whole number from 1 on, not {kept!r}")
        size_gib(self.change_gib, "change_gib")
        size_gib(self.new_gib, "new_gib")
        if self.size_gib is not None:
            positive_gib(self.size_gib, "size_gib")

    def versions(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """When each version is made and when it goes; the first is there at `start`."""
        every, end, number = timedelta(days=self.every_days), self.end(start), 0
        while (made := _whole_second(start + number * every)) < end:
            yield made, min(_whole_second(start + (number + self.versions_kept) * every), end)
            number += 1

    def end(self, start: datetime) -> datetime:
        """The end of the horizon."""
        return _whole_second(start + timedelta(days=self.horizon_days))


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
