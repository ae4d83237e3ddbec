"""The tasks of all lessons: those of every module of this folder that is called `lesson_` and the lesson's number."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from .task import Task

_LESSONS = [import_module(f".{path.stem}", __package__) for path in sorted(Path(__file__).parent.glob("lesson_*.py"))]
TASKS: dict[str, Task] = {name: task for lesson in _LESSONS for name, task in lesson.TASKS.items()}
"""Every task by its name: the number of its lesson, and which one it is, as in 02-small or 02-recall-1."""
