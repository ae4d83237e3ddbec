"""A learner's copies of the lessons, in a folder of their own. What is there already is never written over."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

from ..catalog.files import shipped
from ..errors import InputError, look_up
from ..saving import read, save
from .lessons import edition, learners_copy, lessons
from .solved import begin


def hand_out(folder: Path, fresh: str | None = None) -> list[str]:
    """Make the copies that a folder lacks, and keep progress there.

    folder: where; made where it does not exist
    fresh: a lesson, such as `"05"`, to begin anew; the copy worked in so far is renamed and stays beside the new one

    Returns what was done, in sentences. Raises UnknownName for an unknown lesson, and InputError where the folder
    cannot be used; nothing is made then.
    """
    if fresh is not None:
        look_up("lesson", fresh, lessons())
    if folder.resolve().is_relative_to(shipped("notebooks").resolve()):
        raise InputError(f"{folder} holds the lessons themselves; choose another folder for copies")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        said = _put_aside(folder / lessons()[fresh].name) if fresh is not None else []
    except OSError as error:
        raise InputError(f"{folder}: cannot be used as a folder for copies ({error.strerror})") from None
    begin(folder)
    copies = {lesson: folder / path.name for lesson, path in lessons().items()}
    missing = [lesson for lesson, copy in copies.items() if not copy.exists()]
    for lesson in missing:
        save(copies[lesson], learners_copy(lesson))
    if missing:
        said.append(f"copied to {folder}: {', '.join(missing)}")
    if len(missing) < len(copies):
        said.append(f"kept as they are in {folder}: {len(copies) - len(missing)} of {len(copies)} notebooks")
    older = [lesson for lesson, copy in copies.items() if _edition_of(copy) not in ("", edition(lesson))]
    if older:
        said.append(f"copied of an older edition, whose explanations may not fit: {', '.join(older)}; see --fresh")
    return said


def _edition_of(copy: Path) -> str:
    """The edition of the lesson that a copy was made of; empty where the file does not say."""
    try:
        return str(json.loads(read(copy, "a notebook"))["metadata"]["ecs_images"]["edition"])
    except (json.JSONDecodeError, KeyError, TypeError):
        return ""


def _put_aside(copy: Path) -> list[str]:
    if not copy.exists():
        return []
    aside = next(path for n in count(1) if not (path := copy.with_name(f"{copy.stem}_before_{n}.ipynb")).exists())
    copy.rename(aside)
    return [f"what was done in {copy.name} is kept as {aside.name}"]
