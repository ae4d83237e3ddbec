"""Predict, check, hints and misconceptions: what a lesson needs beside the model itself.

`compare(guess, value, unit="GiB")` sets a guess beside the model's value; `check(task, answer)` replies to the
answer to a task. Both print plain text, the same at every run. `MISCONCEPTIONS` and `TASKS` are dictionaries by name.
"""

from __future__ import annotations

from .misconceptions import MISCONCEPTIONS, Misconception
from .predict import compare
from .tasks import TASKS, check

__all__ = ["MISCONCEPTIONS", "TASKS", "Misconception", "check", "compare"]
