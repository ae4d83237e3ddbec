"""Story files: what is wrong with one is told with its line, all at once, before anything runs."""

from __future__ import annotations

import pytest
from story_texts import RUN, only_problem, problems, steps, told

from ecs_images.stories.story import Story

# What is misspelt ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words", "nearest"),
    [
        ("  - crate_image: {account: acme, instance: web}", "unknown command 'crate_image'", "create_image"),
        ("  - create_image: {account: acme, instanc: web}", "no argument 'instanc'", "instance"),
        ("  - copy_image: {account: acme, image: v1, to: cn-hangzou}", "unknown region 'cn-hangzou'", "cn-hangzhou"),
        ("  - run_instance: {account: acme, region: cn-bejing, image: v1}", "unknown region 'cn-bejing'", "cn-beijing"),
        (
            "  - run_instance: {account: acme, region: cn-beijing, image: v1, instance_type: ecs.g7.larg}",
            "unknown instance type 'ecs.g7.larg'",
            "ecs.g7.large",
        ),
        ("  - create_image: {account: acm, instance: web}", "unknown account 'acm'", "acme"),
        ("  - share_image: {account: acme, image: v1, with_accounts: [parner]}", "unknown account 'parner'", "partner"),
        ("  - create_image: {account: acme, instance: webb}", "unknown instance 'webb'", "web"),
        (
            "  - run_instance: {account: acme, region: cn-beijing, image: ubuntu_2204}",
            "unknown image 'ubuntu_2204'",
            "ubuntu_22_04",
        ),
        ("  - delete_image: {account: acme, image: v11}", "unknown image 'v11'", "v1"),
        (
            "  - delete_image: {account: acme, image: v1}\n    refused: ImageUsedByInstance",
            "unknown error code 'ImageUsedByInstance'",
            "ImageUsingByInstance",
        ),
    ],
)
def test_a_misspelt_name_is_told_with_its_line_and_the_nearest_right_one(line: str, words: str, nearest: str):
    problem = only_problem(steps(line))
    assert problem.line == 7 + line.count("\n")
    assert words in problem.message
    assert nearest in problem.message.partition(words)[2]


def test_an_unknown_part_of_a_story_is_told_with_the_nearest():
    problem = only_problem(steps("untill: 2026-03-01"))
    assert (problem.line, problem.message) == (7, "unknown part of a story 'untill'; did you mean until or title?")


def test_an_unknown_part_of_an_expectation_is_told_with_the_nearest():
    problem = only_problem(steps("expect:", "  - {cost: 1, wher: {meter: os_licence}}"))
    assert problem.line == 8
    assert "'wher'; did you mean where" in problem.message


def test_an_unknown_site_of_an_account_is_told_with_the_known_one():
    text = "\n".join(["start: 2026-01-15", "accounts:", "  acme: china", "  globex: internatinal", "steps:", RUN])
    problem = only_problem(text)
    assert problem.line == 4
    assert problem.message == "'globex': unknown site 'internatinal'; did you mean international?"


def test_every_problem_of_a_story_is_told_at_once_in_the_order_of_lines():
    found = problems(
        "\n".join(
            [
                "start: 2026-01-15",
                "until: never",
                "accounts: [acme]",
                "durations: slow",
                "block_size_mib: 0",
                "prices: nowhere.csv",
                "steps:",
                "  - run_instance: {as: web, account: acme, region: cn-nowhere, image: aliyun_3}",
                "  - make_image: {account: acme}",
                "  - create_image: {account: bob, instance: web}",
                "  - write: {account: acme, disk: web, new: -1}",
                "  - wait: {image: web, instance: web}",
                "expect:",
                "  - {cost: 1, paid: 1}",
                "  - five",
            ]
        )
    )
    assert [problem.line for problem in found] == [2, 4, 5, 6, 8, 9, 10, 11, 12, 12, 14, 15]


def test_a_story_with_a_problem_at_its_end_runs_nothing():
    """The refusal on line 7 would be told too, had anything run."""
    found = problems(steps("  - delete_snapshot: {account: acme, snapshot: v1.system_snapshot}", "  - nonsense: {}"))
    assert [problem.line for problem in found] == [8]


# What lacks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["start", "accounts", "steps"])
def test_a_story_has_a_start_accounts_and_steps(key: str):
    parts = {"start": "start: 2026-01-15", "accounts": "accounts: [acme]", "steps": f"steps:\n{RUN}"}
    del parts[key]
    found = problems("\n".join(parts.values()))
    assert (0, f"the story lacks {key}") in [(problem.line, problem.message) for problem in found]


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("  - run_instance: {account: acme, image: aliyun_3}", "run_instance lacks region"),
        ("  - copy_image: {account: acme, image: v1}", "copy_image lacks to"),
        ("  - import_image: {account: acme}", "import_image lacks region, file"),
        ("  - create_image: {instance: web}", "which account does this?"),
        ("  - wait: {}", "wait lacks one of image, snapshot, instance"),
        ("  - {}", "a step has one command, not none"),
        ("  - at: 2026-01-16", "a step has one command, not none"),
        ("  -", "a step is a command with its arguments, not None"),
        ("  - create_image", "a step is a command with its arguments, not 'create_image'"),
        ("  - create_image: web", "create_image needs its arguments as a mapping, not 'web'"),
        (
            "  - {delete_image: {account: acme, image: v1}, wait: {image: v1}}",
            "a step has one command, not delete_image, wait",
        ),
    ],
)
def test_an_incomplete_step_is_told_what_it_lacks(line: str, lacks: str):
    problem = only_problem(steps(line))
    assert problem.line == 7
    assert lacks in problem.message


@pytest.mark.parametrize("given", ["[]", "5", "acme", "{}"])
def test_steps_are_a_list_that_is_not_empty(given: str):
    problem = only_problem(told(f"steps: {given}"))
    assert (problem.line, problem.message) == (4, "steps is a list with at least one step")


@pytest.mark.parametrize("given", ["acme", "[]", "{}", "5", "[acme, 5]"])
def test_accounts_are_names_or_names_with_sites(given: str):
    found = problems(f"start: 2026-01-15\naccounts: {given}\nsteps:\n  - wait: {{}}\n")
    assert found[0].line == 2
    assert found[0].message.startswith("accounts must be a list of names, or a mapping")


# Times ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", ["soon", "2026-02-30", "2026-01-15T25:00", "1999-12-31", "2300-01-01", "12:30", "''"])
@pytest.mark.parametrize("key", ["start", "until"])
def test_a_date_that_is_none_is_told_with_its_line(key: str, time: str):
    lines = {"start": "start: 2026-01-15", "until": "until: 2026-02-14"}
    lines[key] = f"{key}: {time}"
    problem = only_problem("\n".join([*lines.values(), "accounts: [acme]", "steps:", RUN]))
    assert problem.line == list(lines).index(key) + 1
    assert problem.message.startswith(key)


@pytest.mark.parametrize("time", ["soon", "2026-13-01", "2026-01-16T10:00:00.5", ".nan", "[2026-01-16]"])
def test_a_step_at_no_time_is_told_with_its_line(time: str):
    problem = only_problem(steps("  - stop_instance: {account: acme, instance: web}", f"    at: {time}"))
    assert problem.line == 8
    assert problem.message.startswith("at ")


def test_steps_are_in_order_of_time():
    found = only_problem(
        steps(
            "  - at: 2026-01-20",
            "    stop_instance: {account: acme, instance: web}",
            "  - at: 2026-01-19T23:59:59",
            "    start_instance: {account: acme, instance: web}",
        )
    )
    assert found.line == 9
    assert found.message.startswith("2026-01-19 23:59:59 is before the step above it, 2026-01-20;")


def test_no_step_lies_before_the_start():
    found = only_problem(steps("  - at: 2026-01-15T09:59+08:00", "    stop_instance: {account: acme, instance: web}"))
    assert found.line == 7
    assert "is before the step above it, 2026-01-15 10:00" in found.message


def test_a_story_ends_after_its_last_step():
    found = only_problem(steps("  - at: 2026-02-14", "    stop_instance: {account: acme, instance: web}"))
    assert (found.line, found.message) == (2, "until 2026-02-14 must be after the last step, 2026-02-14")


def test_a_time_without_a_zone_is_on_the_billing_clock():
    story = Story.parse(steps("  - {at: 2026-01-16T02:00Z, stop_instance: {account: acme, instance: web}}"))
    # 02:00 UTC is 10:00 of UTC+8; the end is midnight of UTC+8, 16:00 UTC of the day before.
    assert story.steps[2].at is not None
    assert story.steps[2].at.isoformat() == "2026-01-16T10:00:00+08:00"
    assert story.until is not None
    assert story.until.isoformat() == "2026-02-14T00:00:00+08:00"


# Sizes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["0", "-1", ".nan", ".inf", "-.inf", "forty", "'40'", "true", "[40]", "", "1e10"])
def test_a_disk_or_file_has_a_size_above_zero(size: str):
    found = problems(
        told(
            "steps:",
            f"  - run_instance: {{account: acme, region: cn-beijing, image: aliyun_3, system_disk: {size}}}",
            f"  - import_image: {{account: acme, region: cn-beijing, file: {size}}}",
        )
    )
    assert [problem.line for problem in found] == [5, 6]
    assert found[0].message.startswith("system_disk")
    # Text for a file is a name that no step gave.
    assert found[1].message.startswith(("file", "unknown file"))


@pytest.mark.parametrize("size", ["-0.001", ".nan", ".inf", "some", "true", "2000000000"])
@pytest.mark.parametrize("key", ["new", "overwrite", "offset"])
def test_what_is_written_has_a_size_of_zero_or_more(key: str, size: str):
    given = {"new": "1", key: size}
    arguments = ", ".join(f"{name}: {value}" for name, value in given.items())
    problem = only_problem(steps(f"  - write: {{account: acme, disk: web, {arguments}}}"))
    assert problem.line == 7
    assert problem.message.startswith(key)


@pytest.mark.parametrize("size", ["0", "-2", ".nan", ".inf", "two", "true", "1048576"])
def test_a_block_has_a_size_above_zero(size: str):
    problem = only_problem(steps(f"block_size_mib: {size}"))
    assert problem.line == 7
    assert problem.message.startswith("block_size_mib must be a number of MiB above 0")
