"""Files that tell what happened: a story, which is run, or a ledger, in which everything has happened already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os.path import isdir
from pathlib import Path

from ..cloud.cloud import Cloud
from ..errors import InputError
from ..ledger.ledger import Ledger
from ..ledger.ledger_file import is_ledger
from .parameters import Value
from .run import Run
from .story import Story


def opened(
    path: str | Path, parameters: Mapping[str, Value] | None = None, progress: Callable[[int, int], None] | None = None
) -> tuple[Story | None, Run]:
    """Read a story and run it, or read a ledger.

    path: the file, told apart by its content
    parameters: values instead of those that the story declares
    progress: called after each step of a story with the number of steps done and of all

    Returns the story, None for a ledger, and its run. A ledger has no end of its bill. Raises FileProblems or
    InputError for a file that is neither, and InputError for parameters of a ledger.
    """
    if isdir(path):
        raise InputError(
            f"{path} is a folder, and a story or a ledger is a file; a folder of saved answers of an account is for "
            "ecs-images account, reconcile, routes and app"
        )
    if is_ledger(path):
        if parameters:
            raise InputError(f"{path} is a ledger, which has no parameters; set {', '.join(parameters)} in its story")
        return None, Run(Cloud.from_ledger(Ledger.load(path)), {}, title=Path(path).name, path=str(path))
    story = Story.load(path, parameters)
    return story, story.run(None if progress is None else lambda done: progress(done, len(story.steps)))
