"""What a lesson needs besides the model: predictions, tasks with hints, and common misconceptions.

`compare(guess, value, unit="GiB")` compares a guess with the model's value; `check(task, answer)` checks the
answer to a task. Both print plain text, the same on every run. `MISCONCEPTIONS` and `TASKS` are dictionaries by name.
"""

from __future__ import annotations

from .misconceptions import MISCONCEPTIONS, Misconception
from .predict import compare
from .tasks import TASKS, check

__all__ = ["MISCONCEPTIONS", "TASKS", "Misconception", "check", "compare"]
