"""Budgets: expectations that allow a range instead of one figure."""

from __future__ import annotations

import pytest
from story_texts import only_problem

from ecs_images.errors import FileProblems
from ecs_images.stories.check import check
from ecs_images.stories.run import Outcome
from ecs_images.stories.story import Story

# 10 GiB of an import for 30 days: 1.2 CNY.
STORY = """\
start: 2026-01-15
until: 2026-02-14
accounts: [acme]
steps:
  - import_image: {as: golden, account: acme, region: cn-beijing, file: 10, name: golden}
expect:
  - {where: {account: acme}, EXPECTED}
"""


def outcome(expected: str) -> Outcome:
    story = Story.parse(STORY.replace("EXPECTED", expected))
    (found,) = check(story, story.run())
    return found


@pytest.mark.parametrize(
    ("expected", "missed_by"),
    [
        ("cost: {at_most: 1.2001}", 0),
        ("cost: {at_most: 1}", 0.2),
        ("cost: {at_least: 1}", 0),
        ("cost: {at_least: 1.5}", -0.3),
        ("cost: {between: [1, 2]}", 0),
        ("cost: {between: [1.3, 2]}", -0.1),
        ("cost: {between: [0, 0.5]}", 0.7),
        ("paid: {at_most: 1.2}", 0),
        ("stored_gib: {at_least: 11}", -1),
        ("cost: 1.2", 0),
    ],
)
def test_a_budget_says_by_how_much_it_is_missed(expected: str, missed_by: float):
    found = outcome(expected)
    assert found.passed == (missed_by == 0)
    assert found.missed_by == pytest.approx(missed_by, abs=0.001)


def test_a_budget_is_shown_in_words():
    assert outcome("cost: {at_most: 5}").what == "cost at most 5 where account is acme"
    assert outcome("cost: {between: [2, 5]}").what == "cost between 2 and 5 where account is acme"


def test_nothing_is_within_a_budget_but_not_a_least_amount():
    nothing = STORY.replace("account: acme}, EXPECTED", "meter: os_licence}, EXPECTED")
    story = Story.parse(nothing.replace("EXPECTED", "cost: {at_most: 5}"))
    assert [found.value for found in check(story, story.run())] == [0]
    story = Story.parse(nothing.replace("EXPECTED", "cost: {at_least: 5}"))
    with pytest.raises(FileProblems, match="no charge matches meter os_licence"):
        check(story, story.run())


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("cost: {most: 5}", "a bound is at_most, at_least or between, such as {at_most: 5}, not {'most': 5}"),
        ("cost: {at_most: 5, at_least: 1}", "a bound is at_most, at_least or between"),
        ("cost: {at_most: -1}", "at_most cannot be negative: -1"),
        ("cost: {at_most: five}", "at_most must be a number, not 'five'"),
        ("cost: {between: 5}", "between is two numbers, such as [2, 5], not 5"),
        ("cost: {between: [5, 2]}", "between goes from the smaller to the larger number, not [5, 2]"),
        ("cost: {at_most: 5}, within: 1", "within goes with a number; a bound is exact"),
        ("cost: {at_most: 5}, where: {account: acm}", "is given twice"),
    ],
)
def test_a_budget_that_makes_no_sense_is_refused(expected: str, said: str):
    problem = only_problem(STORY.replace("EXPECTED", expected))
    assert problem.line == 7
    assert said in problem.message


LAUNCHED = """\
start: 2026-01-15
until: 2026-01-16
accounts: [acme]
steps:
  - run_instance: {as: web, account: acme, region: cn-beijing, image: rhel_9, instance_type: ecs.g7.large}
  - at: 2026-01-15T10:00+08:00
    release_instance: {account: acme, instance: web, force: true}
expect:
  - {where: {image: rhel_9}, cost: EXPECTED}
"""


@pytest.mark.parametrize(("cost", "passed"), [("2.082", True), ("0", False)])
def test_a_short_name_of_a_public_image_means_the_image_that_was_launched(cost: str, passed: bool):
    """Red Hat on 2 vCPU for 10 hours: 2 x 0.1041 x 10 = 2.082; an expected 0 does not pass in silence."""
    story = Story.parse(LAUNCHED.replace("EXPECTED", cost))
    (found,) = check(story, story.run())
    assert found.value == pytest.approx(2.082)
    assert found.passed is passed


def test_a_short_name_that_meant_two_images_is_not_guessed_at():
    """aliyun_3 means another release from 2026-01-22 on."""
    later = "  - {at: 2026-01-23, run_instance: {account: acme, region: cn-beijing, image: aliyun_3}}\nexpect:"
    text = LAUNCHED.replace("rhel_9", "aliyun_3").replace("EXPECTED", "0").replace("expect:", later)
    story = Story.parse(text.replace("2026-01-16", "2026-02-14"))
    with pytest.raises(FileProblems, match=r"aliyun_3 means aliyun_3_\w+\.vhd and aliyun_3_\w+\.vhd in this story"):
        check(story, story.run())
