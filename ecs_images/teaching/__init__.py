"""What a lesson needs besides the model: predictions, tasks with hints, explanations, and common misconceptions.

`compare(guess, value, unit="GiB")` compares a guess with the model's value; `check(task, answer)` checks the
answer to a task. Both print plain text, the same on every run. `explain(lesson, number)` shows what a learner's copy
folds away, `progress()` which tasks are solved, `glossary(subject)` the words in English and Chinese.
`MISCONCEPTIONS` and `TASKS` are dictionaries by name.
"""

from __future__ import annotations

from .glossary import glossary
from .lessons import explain
from .misconceptions import MISCONCEPTIONS, Misconception
from .predict import compare
from .reply import check
from .solved import progress
from .tasks import TASKS

__all__ = ["MISCONCEPTIONS", "TASKS", "Misconception", "check", "compare", "explain", "glossary", "progress"]
