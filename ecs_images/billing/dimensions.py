"""What a bill may be grouped by: one table that bills, expectations of stories and the command line read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..catalog.files import records
from ..errors import InputError, UnknownName, shown

Source = Literal["charges", "invoice", "shares"]
"""Where amounts come from: what is charged, what is paid, or what each image or snapshot bears."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """Something a bill may be grouped by.

    name: what a person writes
    column: the column of tables that has it
    meaning: what it is
    sources: the tables of amounts that know it
    """

    name: str
    column: str
    meaning: str
    sources: tuple[Source, ...]

    @property
    def split(self) -> str:
        """What bears a share that is told apart by this: for tags the billed resource, which has them."""
        return "resource" if self.name.startswith(TAG) else self.name


TAG = "tag:"
"""What begins a dimension of tags: `tag:team` is what the tag `team` of the billed resource says, or empty."""
ANY_TAG = f"{TAG}KEY"
"""How lists of names write the dimensions of tags."""
DIMENSIONS = records(Dimension, "dimensions.csv")
"""Every dimension by its name."""
BY_COLUMN = {dimension.column: dimension for dimension in DIMENSIONS.values()}


def names_of(*sources: Source) -> tuple[str, ...]:
    """The dimensions that any of these sources knows."""
    return tuple(name for name, found in DIMENSIONS.items() if set(found.sources) & set(sources))


def chosen(names: Iterable[str]) -> list[Dimension]:
    """The dimensions of these names (columns are names too), each once.

    Raises UnknownName, and InputError for dimensions that no table of amounts has together.
    """
    found: list[Dimension] = []
    for name in names:
        known = DIMENSIONS.get(name) or BY_COLUMN.get(name) or tag(name) if isinstance(name, str) else None
        if known is None:
            kinds = f"one of {', '.join(DIMENSIONS)}, or {TAG} and a tag's key"
            raise UnknownName("dimension", shown(name, 40).strip("'"), DIMENSIONS, kinds)
        if known not in found:
            found.append(known)
    split = [dimension for dimension in found if "charges" not in dimension.sources]
    beside = [dimension.name for dimension in found if "shares" not in dimension.sources]
    beside += [dimension.name for dimension in split if dimension.split != split[0].split]
    if split and beside:
        *fitting, last = (name for name in names_of("shares") if "charges" in DIMENSIONS[name].sources)
        raise InputError(f"{split[0].name} goes with {', '.join(fitting)} and {last}, not with {', '.join(beside)}")
    return found


def tag(name: str) -> Dimension | None:
    """The dimension of a tag, such as `tag:team`; None for any other name."""
    key = name.removeprefix(TAG)
    return Dimension(name, name, f"the value of tag {key}", ("shares",)) if name.startswith(TAG) and key else None


def split_over(dimensions: Iterable[Dimension]) -> str:
    """What the bill must be split over to have these dimensions: image, snapshot or resource; empty where nothing."""
    return next((dimension.split for dimension in dimensions if "charges" not in dimension.sources), "")
