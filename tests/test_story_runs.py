"""Stories as they run: names and their parts, foreseen refusals, and rounds that repeat."""

from __future__ import annotations

import pytest
from story_texts import only_problem, problems, steps, told

from ecs_images.billing.expectations import check
from ecs_images.cloud.story import Outcome, Run, Story
from ecs_images.errors import FileProblems, Problem

WITH_DATA = (
    "  - run_instance: {as: db, account: acme, region: cn-beijing, image: aliyun_3, system_disk: 40, written: 5, "
    "data_disks: [{size: 20, written: 2}, {size: 30, written: 3}]}"
)


def run(text: str) -> Run:
    return Story.parse(text, "golden.yaml").run()


def refusal(text: str) -> Problem:
    """The one refusal that a story did not foresee."""
    story = Story.parse(text, "golden.yaml")
    with pytest.raises(FileProblems) as caught:
        story.run()
    (problem,) = caught.value.problems
    return problem


# Names and parts ------------------------------------------------------------------------------------


def test_a_name_stands_for_the_id_that_a_step_gives():
    done = run(steps("  - copy_image: {as: away, account: acme, image: v1, to: cn-hangzhou}"))
    assert set(done.ids) == {"web", "v1", "away"}
    assert done.cloud.image(done.ids["v1"]).name == "golden-v1"
    assert done.cloud.image(done.ids["away"]).region == "cn-hangzhou"


def test_a_name_is_given_once():
    problem = only_problem(steps("  - create_image: {as: web, account: acme, instance: web}"))
    assert (problem.line, problem.message) == (7, "the name 'web' is taken by an earlier run_instance")


@pytest.mark.parametrize("name", ["a.b", "5", "''", "[a]", ""])
def test_a_name_is_a_word_without_a_dot(name: str):
    problem = only_problem(steps(f"  - create_image: {{as: {name}, account: acme, instance: web}}"))
    assert problem.message.startswith("as gives a name without a dot")


def test_a_name_is_known_only_after_the_step_that_gives_it():
    problem = only_problem(
        steps(
            "  - delete_image: {account: acme, image: v2}",
            "  - create_image: {as: v2, account: acme, instance: web, name: golden-v2}",
        )
    )
    assert problem.line == 7
    assert "unknown image 'v2'" in problem.message


def test_a_refused_step_gives_no_name():
    problem = only_problem(
        steps(
            "  - create_image: {as: v2, account: acme, instance: web, name: golden-v1}",
            "    refused: InvalidImageName.Duplicated",
            "  - delete_image: {account: acme, image: v2}",
        )
    )
    assert problem.line == 9
    assert "unknown image 'v2'" in problem.message


def test_the_disks_of_an_instance_are_parts_of_its_name():
    done = run(
        told(
            "steps:",
            WITH_DATA,
            "  - create_snapshot: {as: s, account: acme, disk: db.system_disk}",
            "  - create_snapshot: {as: d1, account: acme, disk: db.data_disk_1}",
            "  - create_snapshot: {as: d2, account: acme, disk: db.data_disk_2}",
        )
    )
    stored = {name: done.cloud.chain(done.ids[name]).total_gib for name in ("s", "d1", "d2")}
    assert stored == {"s": 5, "d1": 2, "d2": 3}


def test_the_snapshots_of_an_image_are_parts_of_its_name():
    """Without the system disk's snapshot first and the first data disk's then, the second data disk's 3 GiB stay."""
    done = run(
        told(
            "steps:",
            WITH_DATA,
            "  - create_image: {as: v1, account: acme, instance: db}",
            "  - create_image: {as: v2, account: acme, snapshots: [v1.system_snapshot, v1.data_snapshot_2]}",
            "  - delete_image: {account: acme, image: v1}",
            "  - delete_snapshot: {account: acme, snapshot: v1.data_snapshot_1}",
            "  - delete_snapshot: {account: acme, snapshot: v1.system_snapshot}",
            "    refused: SnapshotCreatedImage",
        )
    )
    assert [outcome.passed for outcome in done.outcomes] == [True]
    image = done.cloud.image(done.ids["v2"])
    assert [done.cloud.snapshot(part).content_bytes >> 30 for part in image.snapshots] == [5, 3]
    assert done.cloud.chain(image.system_snapshot).total_gib == 5


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  - create_snapshot: {account: acme, disk: v1.system_disk}", "'v1' comes from create_image, which has no"),
        ("  - delete_snapshot: {account: acme, snapshot: web.system_snapshot}", "'web' comes from run_instance"),
        ("  - delete_snapshot: {account: acme, snapshot: v2.system_snapshot}", "unknown snapshot"),
        ("  - delete_snapshot: {account: acme, snapshot: v1.third_snapshot}", "unknown snapshot"),
        ("  - create_snapshot: {account: acme, disk: 5}", "disk is a name, not 5"),
    ],
)
def test_a_part_that_a_thing_cannot_have_is_told_before_anything_runs(line: str, words: str):
    problem = only_problem(steps(line))
    assert problem.line == 7
    assert words in problem.message


@pytest.mark.parametrize("part", ["v1.data_snapshot_1", "v1.data_snapshot_0"])
def test_a_part_that_a_thing_turns_out_to_lack_is_told_with_its_line(part: str):
    found = refusal(steps(f"  - delete_snapshot: {{account: acme, snapshot: {part}}}"))
    assert (found.line, found.message) == (7, f"{part}: there are 0 of that kind")


def test_a_family_is_a_name_once_an_image_was_put_into_it():
    done = run(
        steps(
            "  - modify_image: {account: acme, image: v1, family: gold}",
            "  - run_instance: {as: new, account: acme, region: cn-beijing, image: gold}",
        )
    )
    assert done.cloud.instance(done.ids["new"]).image == done.ids["v1"]


# Refusals -------------------------------------------------------------------------------------------


def test_a_foreseen_refusal_is_an_outcome_and_changes_nothing():
    done = run(steps("  - delete_snapshot: {account: acme, snapshot: web}", "    refused: InvalidSnapshotId.NotFound"))
    assert [outcome.line for outcome in done.outcomes] == [7]
    foreseen = run(
        steps("  - delete_snapshot: {account: acme, snapshot: v1.system_snapshot}", "    refused: SnapshotCreatedImage")
    )
    what = "delete_snapshot is refused with SnapshotCreatedImage"
    assert foreseen.outcomes == (Outcome(7, what, True, ""),)
    assert len(foreseen.cloud.ledger) == len(run(steps()).cloud.ledger)


def test_a_refusal_with_another_code_is_an_outcome_that_failed():
    (outcome,) = run(
        steps("  - delete_snapshot: {account: acme, snapshot: v1.system_snapshot}", "    refused: SnapshotCreatedDisk")
    ).outcomes
    assert not outcome.passed
    assert outcome.instead.startswith("refused with SnapshotCreatedImage: ")


def test_a_foreseen_refusal_that_does_not_come_is_an_outcome_that_failed():
    (outcome,) = run(
        steps(
            "  - at: 2026-01-20",
            "    delete_image: {account: acme, image: v1}",
            "    refused: ImageUseShared",
        )
    ).outcomes
    assert (outcome.line, outcome.passed, outcome.instead) == (8, False, "it was done at 2026-01-20")


def test_a_refusal_nobody_foresaw_is_told_with_its_line_and_reason():
    found = refusal(
        steps("  - wait: {image: v1}", "", "  - delete_snapshot: {account: acme, snapshot: v1.system_snapshot}")
    )
    assert found.line == 9
    assert found.message.startswith("delete_snapshot is refused. SnapshotCreatedImage: ")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("delete_image: {account: partner, image: v1}", "InvalidImageId.NotFound"),
        ("run_instance: {account: acme, region: cn-beijing, image: m-nowhere}", "InvalidImageId.NotFound"),
        ("run_instance: {account: acme, region: cn-nowhere, image: v1}", "InvalidRegionId.NotFound"),
        ("copy_image: {account: acme, image: v1, to: cn-nowhere}", "DestinationRegion.NotFound"),
        ("share_image: {account: acme, image: v1, with_accounts: [nobody]}", "InvalidAccount.NotFound"),
        ("stop_instance: {account: acme, instance: i-nowhere}", "InvalidInstanceId.NotFound"),
        ("create_snapshot: {account: acme, disk: d-nowhere}", "InvalidDiskId.NotFound"),
        ("create_image: {account: acme, snapshot: s-nowhere}", "InvalidSnapshotId.NotFound"),
    ],
)
def test_a_name_that_is_nowhere_may_stand_where_not_found_is_foreseen(line: str, code: str):
    (outcome,) = run(steps(f"  - {line}", f"    refused: {code}")).outcomes
    assert outcome.passed, outcome


def test_where_another_refusal_is_foreseen_names_must_be_known():
    assert only_problem(steps("  - delete_image: {account: acme, image: v9}", "    refused: ImageUseShared")).line == 7


# Repeat ---------------------------------------------------------------------------------------------


def test_a_repeat_does_its_steps_in_rounds_that_lie_a_span_apart():
    done = run(
        steps(
            "  - repeat: {times: 3, every: 7d, as: week}",
            "    at: 2026-01-16",
            "    steps:",
            '      - create_image: {as: "w{week}", account: acme, instance: web, name: "week-{week}"}',
            "      - stop_instance: {account: acme, instance: web}",
            "        after: 6h",
            "      - start_instance: {account: acme, instance: web}",
            "        after: 90m",
            "        rounds: 9-",
            '      - delete_image: {account: acme, image: "w{week-2}"}',
            "        rounds: 3-",
            "      - start_instance: {account: acme, instance: web}",
            "        rounds: 1, 2",
        ).replace("until: 2026-02-14", "until: 2026-03-01")
    )
    images = [done.cloud.image(done.ids[name]) for name in ("w1", "w2", "w3")]
    assert [image.name for image in images] == ["week-1", "week-2", "week-3"]
    assert [f"{image.created_at:%m-%d %H:%M}" for image in images] == ["01-16 00:00", "01-23 00:00", "01-30 00:00"]
    # Round 3 deletes the first, at 06:00, when the instance has just been stopped.
    assert f"{images[0].deleted_at:%m-%d %H:%M}" == "01-30 06:00"
    assert images[1].deleted_at is None
    assert done.cloud.instance(done.ids["web"]).status == "Stopped"


def test_the_counter_is_n_unless_named_and_every_may_be_left_out():
    done = run(
        steps(
            "  - repeat: {times: 2}",
            "    steps:",
            '      - create_image: {as: "copy{n}", account: acme, instance: web, name: "n-{n}-{m}x"}',
        ).replace("-{m}x", "")
    )
    first, second = (done.cloud.image(done.ids[name]) for name in ("copy1", "copy2"))
    assert (first.name, second.name) == ("n-1", "n-2")
    assert first.created_at == second.created_at


@pytest.mark.parametrize("times", ["0", "-1", "1.5", "10001", "many", "true", "", "[2]"])
def test_a_repeat_is_done_a_whole_number_of_times(times: str):
    found = problems(steps(f"  - repeat: {{times: {times}, every: 1d}}", "    steps:", "      - wait: {image: v1}"))
    assert found[0].line == 7
    assert found[0].message.startswith("times is a whole number from 1 to 10000")


@pytest.mark.parametrize("span", ["7", "a week", "1.5d", "-1d", "7 weeks", "''"])
def test_a_span_of_time_is_minutes_hours_or_days(span: str):
    """Told once, though the round that says it comes twice."""
    body = ["    steps:", "      - wait: {image: v1}"]
    every = only_problem(steps(f"  - repeat: {{times: 2, every: {span}}}", *body))
    after = only_problem(steps("  - repeat: {times: 2, every: 1d}", *body, f"        after: {span}"))
    assert (every.line, after.line) == (7, 10)
    for problem in (every, after):
        assert problem.message.endswith("is not a span of time like 30m, 6h or 7d")


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (["  - repeat: {every: 1d}"], 7, "repeat has times, every (such as 7d) and as"),
        (["  - repeat: 5"], 7, "repeat has times, every (such as 7d) and as"),
        (["  - repeat: {times: 2, evry: 1d}"], 7, "repeat has times, every (such as 7d) and as"),
        (["  - repeat: {times: 2}"], 7, "a repeat needs steps"),
        (["  - repeat: {times: 2}", "    steps: []"], 7, "a repeat needs steps"),
        (
            ["  - repeat: {times: 2}", "    refused: ImageUseShared"],
            7,
            "a repeat has repeat, steps and at, not refused",
        ),
        (["  - wait: {image: v1}", "    after: 1d"], 8, "after stands inside a repeat only"),
        (["  - wait: {image: v1}", "    rounds: 1-"], 7, "rounds stands inside a repeat"),
    ],
)
def test_what_is_wrong_with_a_repeat_is_told_with_its_line(lines: list[str], line: int, words: str):
    found = problems(steps(*lines))
    assert found[0].line == line
    assert words in found[0].message


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("at: 2026-01-20", "inside a repeat say after"),
        ("rounds: third", "rounds stands inside a repeat, like 13-"),
    ],
)
def test_what_does_not_belong_in_a_round_is_told_once(inner: str, words: str):
    problem = only_problem(
        steps("  - repeat: {times: 3, every: 1d}", "    steps:", "      - wait: {image: v1}", f"        {inner}")
    )
    assert words in problem.message


def test_the_steps_of_a_round_are_in_order_of_time():
    problem = only_problem(
        steps(
            "  - repeat: {times: 2, every: 1d}",
            "    steps:",
            "      - {after: 6h, wait: {image: v1}}",
            "      - {after: 5h, wait: {image: v1}}",
        )
    )
    assert problem.line == 10
    assert "lies before the step above it" in problem.message


# Expectations ---------------------------------------------------------------------------------------


def test_every_expectation_that_makes_no_sense_is_told_with_its_line():
    story = Story.parse(
        steps(
            "expect:",
            "  - {where: {regoin: cn-beijing}, cost: 1}",
            "  - {where: {region: cn-hangzhou}, cost: 1}",
            "  - {cost: a lot}",
            "  - {cost: .nan}",
            "  - {cost: 1, within: some}",
            "  - {stored_gib: 12, where: {month: 2026-01}}",
            "  - {stored_gib: 12, at: noon}",
            "  - {freed_gib: 12, of: [v9]}",
            "  - {cost: 1, until: 2020-01-01}",
            "  - {image: v1, instance: v1}",
            "  - {stored_gib: 12}",
        )
    )
    with pytest.raises(FileProblems) as caught:
        check(story, story.run())
    assert [problem.line for problem in caught.value.problems] == list(range(8, 18))
    assert "where knows" in caught.value.problems[0].message
    assert "region" in caught.value.problems[0].message
    assert caught.value.problems[1].message == "no charge matches region is cn-hangzhou"


def test_a_cost_in_two_currencies_is_no_cost_until_one_is_asked_for():
    lines = [
        "start: 2026-01-15",
        "until: 2026-01-16",
        "accounts: {acme: china, globex: international}",
        "steps:",
        "  - import_image: {account: acme, region: cn-hangzhou, file: 30}",
        "  - import_image: {account: globex, region: cn-hangzhou, file: 30}",
        "expect:",
    ]
    story = Story.parse("\n".join([*lines, "  - {cost: 1}"]))
    with pytest.raises(FileProblems, match="line 8: the charges are in CNY and USD"):
        check(story, story.run())
    # 30 x 0.12 / 720 x 24 CNY and 30 x 0.0173 / 720 x 24 USD
    asked = ["  - {where: {currency: CNY}, cost: 0.12}", "  - {where: {currency: USD}, cost: 0.0173, within: 0.00001}"]
    story = Story.parse("\n".join([*lines, *asked]))
    assert [outcome.passed for outcome in check(story, story.run())] == [True, True]


def test_outcomes_come_in_the_order_of_lines():
    story = Story.parse(
        steps(
            "  - {refused: SnapshotCreatedImage, delete_snapshot: {account: acme, snapshot: v1.system_snapshot}}",
            "expect:",
            "  - {stored_gib: 13, within: 1}",
            "  - {stored_gib: 13}",
        )
    )
    outcomes = check(story, story.run())
    assert [(outcome.line, outcome.passed) for outcome in outcomes] == [(7, True), (9, True), (10, False)]
