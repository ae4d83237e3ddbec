"""The lessons that travel with the package, and what a learner's copy of one does not show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..catalog.files import shipped
from ..errors import InputError, look_up, shown

_ANSWERS = ("**Explain.**", "**What a good answer has.**")


@cache
def lessons() -> dict[str, Path]:
    """The notebooks by what their file name begins with: `"00"`, `"03b"`, `"index"`."""
    return {path.stem.split("_")[0]: path for path in sorted(shipped("notebooks").glob("*.ipynb"))}


@cache
def title(lesson: str) -> str:
    """The question that a lesson asks."""
    return _source(_cells(lesson)[0]).splitlines()[0].removeprefix("# ")


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text that a notebook shows as Markdown."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def explain(lesson: str, number: int) -> Explanation:
    """Returns an explanation of a lesson, which a notebook displays.

    lesson: what the file name of the lesson begins with, such as `"05"`
    number: which of its explanations, counted from 1

    Raises UnknownName for an unknown lesson, and InputError for a number that the lesson does not have.
    """
    look_up("lesson", lesson, lessons())
    texts = [_source(cell) for cell in _cells(lesson) if gives_answers(cell)]
    if not isinstance(number, int) or not 1 <= number <= len(texts):
        raise InputError(f"lesson {lesson} has explanations 1 to {len(texts)}, not {shown(number)}")
    return Explanation(texts[number - 1])


def edition(lesson: str) -> str:
    """What tells one edition of a lesson from another; a copy keeps that of the edition it was made of."""
    return sha256(lessons()[lesson].read_bytes()).hexdigest()[:12]


def learners_copy(lesson: str) -> str:
    """A lesson as a notebook file without outputs, in which each answer is a call that shows it."""
    notebook = _notebook(lesson)
    notebook["metadata"]["ecs_images"] = {"edition": edition(lesson)}
    number = 0
    for cell in notebook["cells"]:
        if gives_answers(cell):
            number += 1
            cell["cell_type"] = "code"
            cell["source"] = f'teaching.explain("{lesson}", {number})'
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def gives_answers(cell: dict[str, Any]) -> bool:
    """Whether a cell holds what the learner is to find out first."""
    return cell["cell_type"] == "markdown" and _source(cell).startswith(_ANSWERS)


def _notebook(lesson: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lessons()[lesson].read_text(encoding="utf-8"))
    return found


def _cells(lesson: str) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = _notebook(lesson)["cells"]
    return cells


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])
