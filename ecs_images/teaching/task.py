"""A task of a lesson as data: what to find, what is right, and the hint for each wrong way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .answers import Answer


@dataclass(frozen=True, slots=True)
class Slip:
    """A known wrong way to an answer.

    gives: computes what the wrong way yields, in the unit of the task
    hint: the reply to an answer that equals it
    """

    gives: Callable[[], Answer]
    hint: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task that checks itself.

    wanted: what to set as the answer, read after "set answer to"
    unit: the unit of the answer; empty for texts and counts
    right: computes the right answer with the model
    because: what a right answer shows, with rule ids
    slips: known wrong ways, each with its hint; the first that fits is used
    hint: the reply to any other wrong answer
    """

    wanted: str
    unit: str
    right: Callable[[], Answer]
    because: str
    slips: tuple[Slip, ...]
    hint: str
