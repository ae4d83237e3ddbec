"""Which tasks a learner has solved. It is kept in one file beside the learner's copies and sent nowhere.

Where there is no such file nothing is kept, so the lessons of the project itself never change when they are run.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import InputError
from ..saving import read, save
from .lessons import title
from .tasks import TASKS

FILE = "ecs_images_progress.json"


def begin(folder: Path) -> None:
    """Keep progress in this folder from now on; what is kept there already stays."""
    if not (folder / FILE).exists():
        _keep(folder, [])


def note(task_id: str) -> None:
    """Keep that a task is solved, and print how far its lesson is; outside a learner's folder do nothing."""
    here = Path.cwd()
    if not (here / FILE).exists():
        return
    solved = _solved(here)
    if task_id not in solved:
        solved = [*solved, task_id]
        _keep(here, solved)
    lesson = task_id.split("-")[0]
    print(f"Progress in lesson {lesson}: {_how_far(lesson, solved)}.")


def progress(folder: Path | str = ".") -> None:
    """Print which tasks are solved, lesson by lesson.

    folder: a folder that `ecs-images learn` made; by default the one that a notebook works in
    """
    place = Path(folder)
    if not (place / FILE).exists():
        print("No progress is kept here; `ecs-images learn` makes a folder of copies to work in, which keeps it.")
        return
    solved = _solved(place)
    for lesson in sorted({task_id.split("-")[0] for task_id in TASKS}):
        print(f"{lesson:<4}{title(lesson)} {_how_far(lesson, solved)}")
    print(f"In all {len(set(solved) & set(TASKS))} of {len(TASKS)} tasks are solved.")


def _how_far(lesson: str, solved: list[str]) -> str:
    tasks = [task_id for task_id in TASKS if task_id.split("-")[0] == lesson]
    left = [task_id.partition("-")[2] for task_id in tasks if task_id not in solved]
    done = f"{len(tasks) - len(left)} of {len(tasks)} tasks solved"
    return f"{done}, left: {', '.join(left)}" if left else f"{done}, done"


def _solved(folder: Path) -> list[str]:
    path = folder / FILE
    try:
        kept = json.loads(read(path, "a record of progress"))["solved"]
    except (json.JSONDecodeError, KeyError, TypeError):
        kept = None
    if not isinstance(kept, list):
        raise InputError(f"{path}: is no record of progress; delete it, and `ecs-images learn` begins a new one")
    return [str(task_id) for task_id in kept]


def _keep(folder: Path, solved: list[str]) -> None:
    save(folder / FILE, json.dumps({"solved": solved}, indent=1) + "\n")
