"""A task of a lesson as data: what to find, the right answer, and a hint for each common mistake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .answers import Answer


@dataclass(frozen=True, slots=True)
class Slip:
    """A common mistake.

    gives: computes the answer that it leads to, in the unit of the task
    hint: the reply to an answer that equals it
    """

    gives: Callable[[], Answer]
    hint: str


class Task:
    """A task that checks itself.

    wanted: what to find; continues after "set answer to"
    unit: the unit of the answer; empty for texts and counts
    right: computes the right answer with the model
    because: why the right answer is right, with rule ids
    slips: common mistakes, each with its hint; the first that fits is used
    hint: the reply to any other wrong answer
    """

    def __init__(
        self, wanted: str, unit: str, right: Callable[[], Answer], because: str, *slips: Slip, hint: str
    ) -> None:
        self.wanted, self.unit, self.right, self.because = wanted, unit, right, because
        self.slips, self.hint = slips, hint
