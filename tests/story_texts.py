"""Story texts for tests: a story whose lines are known, and the problems a text has."""

from __future__ import annotations

import pytest

from ecs_images.errors import FileProblems, Problem
from ecs_images.stories.story import Story

HEAD = ["start: 2026-01-15T10:00+08:00", "until: 2026-02-14", "accounts: [acme, partner]"]
RUN = "  - run_instance: {as: web, account: acme, region: cn-beijing, image: aliyun_3, system_disk: 40, written: 12}"
IMAGE = "  - create_image: {as: v1, account: acme, instance: web, name: golden-v1}"


def told(*lines: str) -> str:
    """A story of these lines, after the usual start, end and accounts on lines 1 to 3."""
    return "\n".join([*HEAD, *lines]) + "\n"


def steps(*lines: str) -> str:
    """A story with an instance `web` on line 5, an image `v1` on line 6, and these lines from line 7 on."""
    return told("steps:", RUN, IMAGE, *lines)


def problems(text: str) -> list[Problem]:
    with pytest.raises(FileProblems) as caught:
        Story.parse(text, "golden.yaml")
    assert str(caught.value).startswith("golden.yaml: ")
    return list(caught.value.problems)


def only_problem(text: str) -> Problem:
    (problem,) = problems(text)
    return problem
