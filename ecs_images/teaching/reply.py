"""The reply to an answer."""

from __future__ import annotations

from ..errors import look_up
from .answers import Answer, same, shown, unusable
from .solved import note
from .tasks import TASKS


def check(task_id: str, answer: Answer | None) -> None:
    """Print whether the answer to a task is right, or a hint.

    task_id: the number of the lesson and the name of the task, such as `"02-small"`; a key of `TASKS`
    answer: a number in the unit of the task, or a text; None prints what to set

    A number is right within half a percent, a text whatever its case. A wrong answer that a common mistake leads
    to gets the hint for that mistake. In a folder that `ecs-images learn` made, a right answer is noted there and a
    line says how far the lesson is. Raises UnknownName for an unknown task.
    """
    task = look_up("task", task_id, TASKS)
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
        note(task_id)
    else:
        fitting = [slip.hint for slip in task.slips if same(answer, slip.gives())]
        print(f"{task_id}: {shown(answer, task.unit)} is not it yet. {(fitting or [task.hint])[0]}")
