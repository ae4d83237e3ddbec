"""The tasks of all lessons, and what is said to an answer."""

from __future__ import annotations

from ..errors import UnknownName
from .answers import Answer, same, shown, unusable
from .lesson_00 import TASKS as LESSON_00
from .lesson_01 import TASKS as LESSON_01
from .lesson_02 import TASKS as LESSON_02
from .lesson_03 import TASKS as LESSON_03
from .lesson_04 import TASKS as LESSON_04
from .lesson_05 import TASKS as LESSON_05
from .lesson_06 import TASKS as LESSON_06
from .lesson_07 import TASKS as LESSON_07
from .lesson_08 import TASKS as LESSON_08
from .task import Task

TASKS: dict[str, Task] = {
    **LESSON_00,
    **LESSON_01,
    **LESSON_02,
    **LESSON_03,
    **LESSON_04,
    **LESSON_05,
    **LESSON_06,
    **LESSON_07,
    **LESSON_08,
}
"""Every task by its name: the number of the lesson, and small, medium or large."""


def check(task_id: str, answer: Answer | None) -> None:
    """Print what to set (for None), that an answer is right, or the hint that fits a wrong one.

    Raises UnknownName for a task that no lesson has.
    """
    if task_id not in TASKS:
        raise UnknownName("task", str(task_id), TASKS)
    task = TASKS[task_id]
    in_unit = f" [{task.unit}]" if task.unit else ""
    if answer is None:
        print(f"{task_id}: no answer yet; set answer to {task.wanted}{in_unit}")
        return
    right = task.right()
    problem = unusable(answer, right, task.unit)
    if problem:
        print(f"{task_id}: {problem}")
    elif same(answer, right):
        print(f"{task_id}: {shown(answer, task.unit)} is right. {task.because}")
    else:
        fitting = [slip.hint for slip in task.slips if same(answer, slip.gives())]
        print(f"{task_id}: {shown(answer, task.unit)} is not it yet. {(fitting or [task.hint])[0]}")
