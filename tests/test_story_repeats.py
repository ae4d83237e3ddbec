"""Rounds of a story: what repeats, how far apart, with its counter, and in which rounds only."""

from __future__ import annotations

import pytest
from story_texts import only_problem, problems, steps

from ecs_images.stories.story import Run, Story


def run(text: str) -> Run:
    return Story.parse(text, "golden.yaml").run()


def test_a_repeat_does_its_steps_in_rounds_that_lie_a_span_apart():
    done = run(
        steps(
            "  - repeat: {times: 3, every: 7d, as: week}",
            "    at: 2026-01-16",
            "    steps:",
            '      - create_image: {as: "w{week}", account: acme, instance: web, name: "week-{week}"}',
            "      - stop_instance: {account: acme, instance: web}",
            "        after: 6h",
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


def test_a_counter_stands_in_lists_and_mappings_beside_signs_that_mean_something_elsewhere():
    done = run(
        steps(
            "  - repeat: {times: 3, as: day}",
            "    steps:",
            "      - create_snapshot:",
            "          {account: acme, disk: web, tags: {share: '{day}0 % of {day-1}, %d', of: '{day}'}}",
        )
    )
    tags = [dict(done.cloud.state.tags[name]) for name in done.cloud.state.snapshots if name in done.cloud.state.tags]
    assert [tag["share"] for tag in tags] == ["10 % of 0, %d", "20 % of 1, %d", "30 % of 2, %d"]
    assert [tag["of"] for tag in tags] == ["1", "2", "3"]


def test_a_wrong_value_without_a_counter_is_told_once_and_one_with_it_names_its_first_round():
    found = problems(
        steps(
            "  - repeat: {times: 3}",
            "    steps:",
            "      - copy_image: {account: acme, image: v1, to: cn-bejing}",
            '      - delete_image: {account: acme, image: "v{n}"}',
        )
    )
    assert [problem.line for problem in found] == [9, 10]
    assert "cn-bejing" in found[0].message
    assert "'v2'" in found[1].message
    assert "(round 2;" in found[1].message


def test_the_counter_is_n_unless_named_and_every_may_be_left_out():
    done = run(
        steps(
            "  - repeat: {times: 2}",
            "    steps:",
            '      - create_image: {as: "copy{n}", account: acme, instance: web, name: "n-{n}"}',
        )
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
        (["  - wait: {image: v1}", "    after: 1d"], 8, "after is only allowed inside a repeat"),
        (["  - wait: {image: v1}", "    rounds: 1-"], 8, "rounds is only allowed inside a repeat"),
    ],
)
def test_what_is_wrong_with_a_repeat_is_told_with_its_line(lines: list[str], line: int, words: str):
    found = problems(steps(*lines))
    assert found[0].line == line
    assert words in found[0].message


@pytest.mark.parametrize(
    ("inner", "words"), [("at: 2026-01-20", "inside a repeat use after"), ("rounds: third", "rounds are like 13- or")]
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
    assert "is before the step above it" in problem.message
