"""Stories whose values have the wrong shape: told with their line, never a traceback."""

from __future__ import annotations

import pytest
from story_texts import problems, steps, told

from ecs_images.errors import EcsImagesError
from ecs_images.stories.check import check
from ecs_images.stories.story import Story

RUN = "run_instance: {account: acme, region: cn-beijing, image: aliyun_3"
HUGE = "1" + "0" * 400


@pytest.mark.parametrize(
    "line",
    [
        "  - run_instance: {account: acme, region: [cn-beijing], image: aliyun_3}",
        f"  - {RUN}, instance_type: [ecs.g7.large]}}",
        "  - run_instance: {account: [acme], region: cn-beijing, image: aliyun_3}",
        "  - share_image: {account: acme, image: v1, with_accounts: [[partner]]}",
        "  - share_image: {account: acme, image: v1, with_accounts: {partner: 1}}",
        "  - create_snapshot: {account: acme, disk: web, name: 5}",
        "  - import_image: {account: acme, region: cn-beijing, file: 5, data_files: 5}",
        f"  - {RUN}, written: {HUGE}}}",
        "  - repeat: {times: 2, every: 99999999999d}\n    steps:\n      - wait: {image: v1}",
        "  - repeat: {times: 10000, every: 3650d}\n    steps:\n      - wait: {image: v1}",
        "  - repeat: {times: 2}\n    steps:\n      - {wait: {image: v1}, after: 99999999999d}",
        "note: !!bool foo",
        "note: !!timestamp foo",
        "note: !!int ''",
    ],
)
def test_a_step_of_the_wrong_shape_is_told_and_does_not_crash(line: str):
    with pytest.raises(EcsImagesError):
        Story.parse(steps(line)).run()


@pytest.mark.parametrize("accounts", ["{acme: [china]}", "{acme: {site: china}}"])
def test_a_site_of_the_wrong_shape_is_told(accounts: str):
    with pytest.raises(EcsImagesError):
        Story.parse(f"start: 2026-01-15\naccounts: {accounts}\nsteps:\n  - wait: {{}}\n")


@pytest.mark.parametrize(
    "given",
    [
        "{where: foo, cost: 1}",
        "{where: [a], cost: 1}",
        "{where: 5, stored_gib: 1}",
        "{where: {disk: [web]}, stored_gib: 1}",
        "{freed_gib: 1, of: 5}",
        "{freed_gib: 1, of: {a: 1}}",
        "{freed_gib: 1, of: [[a]]}",
        "{image: v1, instance: [web]}",
        "{cost: 0.24, within: -1}",
        f"{{cost: {HUGE}}}",
        # Silently accepted, though they cannot mean anything:
        "{cost: 0.72, at: 2026-01-16}",
        "{cost: 0.72, of: [v1]}",
        "{stored_gib: 0, where: {region: cn-bejing}}",
        "{stored_gib: 0, where: {account: acne}}",
        "{image: v9, instance: web}",
    ],
)
def test_an_expectation_of_the_wrong_shape_is_told(given: str):
    with pytest.raises(EcsImagesError):
        load_and_check(steps("expect:", f"  - {given}"))


def load_and_check(text: str) -> None:
    story = Story.parse(text)
    check(story, story.run())


def test_two_problems_on_one_line_are_both_told():
    found = problems(told("steps:", "  - run_instance: {account: acme, region: cn-bejing, image: aliyun_33}"))
    assert len(found) == 2


def test_a_wrong_start_does_not_hide_the_problems_of_the_steps():
    found = problems("start: soon\naccounts: [acme]\nsteps:\n  - make_image: {account: acme}\n")
    assert [problem.line for problem in found] == [1, 4]


def test_a_repeat_in_a_repeat_is_told_as_such():
    text = steps(
        "  - repeat: {times: 2}", "    steps:", "      - repeat: {times: 2}", "        steps: [{wait: {image: v1}}]"
    )
    assert "repeat" in problems(text)[0].message
    assert "one command" not in problems(text)[0].message


def test_a_block_that_is_no_whole_number_of_bytes_is_told_with_its_line():
    assert problems(steps("block_size_mib: 0.0000001"))[0].line == 7


def test_a_blank_account_is_told_with_its_line():
    found = problems("start: 2026-01-15\naccounts: ['acme', ' ']\nsteps:\n  - wait: {}\n")
    assert found[0].line == 2
