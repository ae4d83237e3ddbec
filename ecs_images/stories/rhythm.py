"""The rhythm in which a story makes versions of an image, where it has an obvious one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from .story import Story


class Rhythm(NamedTuple):
    """How often a new version is made [day], and how many stay; None where the story never deletes one."""

    every_days: float
    versions_kept: int | None


def rhythm_of(story: Story, ids: Mapping[str, str], image: str) -> Rhythm | None:
    """The rhythm of the repeated step that makes an image; None where there is none.

    story: the story
    ids: the id behind every name of it, as of its run
    image: the image, by its name in the story or its id

    A step in a `repeat` that makes golden1, golden2 … every 7 days and, after golden13, deletes golden1, keeps 12.
    """
    makers = [step for step in story.steps if step.name and image in (step.name, ids.get(step.name))]
    if not makers or makers[0].command != "create_image":
        return None
    made: list[str] = []
    moments, kept, now = [], set(), story.start
    for step in story.steps:
        now = step.at or now
        if step.line == makers[0].line and step.name:
            made.append(step.name)
            moments.append(now)
        elif step.command == "delete_image" and step.refused is None and step.arguments.get("image") in made:
            kept.add(len(made) - 1 - made.index(str(step.arguments["image"])))
    gaps = {after - before for before, after in pairwise(moments)}
    if len(gaps) != 1 or gaps == {timedelta(0)}:
        return None
    return Rhythm(gaps.pop() / timedelta(days=1), kept.pop() if len(kept) == 1 and 0 not in kept else None)
