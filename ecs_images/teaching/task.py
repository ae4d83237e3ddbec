"""A task of a lesson as data: what to find, what is right, and the hint for each wrong way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .answers import Answer


@dataclass(frozen=True, slots=True)
class Slip:
    """A wrong way to an answer: what it gives, asked of the model, and the hint that fits it."""

    gives: Callable[[], Answer]
    hint: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task that checks itself.

    `wanted` says what to set as the answer, in `unit` (empty for texts and counts); `right` asks
    the model for it; `because` is what a right answer shows; `slips` are wrong ways that are
    known, and `hint` helps with any other.
    """

    wanted: str
    unit: str
    right: Callable[[], Answer]
    because: str
    slips: tuple[Slip, ...]
    hint: str
