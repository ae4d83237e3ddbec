"""The rhythm in which a story makes versions."""

from __future__ import annotations

import pytest

from ecs_images.stories.rhythm import Rhythm, rhythm_of
from ecs_images.stories.story import Story

HEAD = """
title: versions
start: 2026-01-15
accounts: [acme]
steps:
  - run_instance: {as: web, account: acme, region: cn-beijing, image: aliyun_3, system_disk: 40, written: 2}
"""
EVERY_TWO_DAYS = """
  - repeat: {times: 5, every: 2d, as: n}
    steps:
      - create_image: {as: "v{n}", account: acme, instance: web, name: "v-{n}"}
      - delete_image: {account: acme, image: "v{n-3}"}
        rounds: 4-
"""
NEVER_DELETED = """
  - repeat: {times: 3, every: 6h, as: n}
    steps:
      - create_image: {as: "v{n}", account: acme, instance: web, name: "v-{n}"}
"""
ONCE = """
  - create_image: {as: v1, account: acme, instance: web, name: v-1}
"""
TWICE_AT_ONCE = """
  - repeat: {times: 2, as: n}
    steps:
      - create_image: {as: "v{n}", account: acme, instance: web, name: "v-{n}"}
"""


@pytest.mark.parametrize(
    ("steps", "rhythm"),
    [(EVERY_TWO_DAYS, Rhythm(2, 3)), (NEVER_DELETED, Rhythm(0.25, None)), (ONCE, None), (TWICE_AT_ONCE, None)],
)
def test_a_repeat_that_makes_versions_says_how_often_and_how_many_stay(steps: str, rhythm: Rhythm | None) -> None:
    """After v4, v1 goes, so that three stay; what is made once, or at once, has no rhythm."""
    story = Story.parse(HEAD + steps)
    ids = story.run().ids
    assert rhythm_of(story, ids, "v1") == rhythm
    assert rhythm_of(story, ids, ids["v1"]) == rhythm


def test_what_no_step_makes_has_no_rhythm() -> None:
    story = Story.parse(HEAD + ONCE)
    assert rhythm_of(story, {}, "elsewhere") is None
    assert rhythm_of(story, {}, "web") is None
