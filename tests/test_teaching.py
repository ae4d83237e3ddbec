"""Teaching: guesses beside values, answers and their hints, the catalogue of misconceptions, and lesson 03's table."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from helpers import BEIJING, HANGZHOU, ROOT
from plausible_answers import PLAUSIBLE

from ecs_images import Account, Cloud, CloudError, UnknownName, teaching
from ecs_images.catalog.rule_book import rules
from ecs_images.teaching.answers import same
from ecs_images.teaching.task import Task

every_task = pytest.mark.parametrize("task_id", sorted(teaching.TASKS))


@pytest.fixture
def said(capsys) -> Callable[[], list[str]]:
    """The lines printed since the last call."""
    return lambda: capsys.readouterr().out.splitlines()


# Predict -------------------------------------------------------------------------------------------


def test_without_a_guess_the_value_is_shown(said):
    teaching.compare(None, 42.0, unit="GiB", disk_size=140)
    assert said() == ["the model says 42 GiB", "no guess yet"]


@pytest.mark.parametrize("guess", [4.704, 4.7, 4.72, np.float64(4.704)])
def test_a_guess_is_right_within_half_a_percent(said, guess):
    teaching.compare(guess, 4.704, unit="CNY")
    assert said()[1].endswith(" is right")


@pytest.mark.parametrize(
    ("guess", "verdict"),
    [
        (110, "110 GiB is near: 10 GiB too much"),
        (90, "90 GiB is near: 10 GiB too little"),
        (111, "111 GiB is off: 11 GiB too much"),
        (0, "0 GiB is off: 100 GiB too little"),
        (-5, "-5 GiB is off: 105 GiB too little"),
    ],
)
def test_a_guess_is_near_within_a_tenth_and_else_off(said, guess, verdict):
    teaching.compare(guess, 100, unit="GiB")
    assert said() == ["the model says 100 GiB", f"your guess {verdict}"]


def test_only_nothing_is_near_to_nothing(said):
    teaching.compare(0, 0.0, unit="CNY")
    teaching.compare(0.001, 0.0, unit="CNY")
    assert said()[1::2] == ["your guess 0 CNY is right", "your guess 0.001 CNY is off: 0.001 CNY too much"]


def test_a_guess_that_a_misconception_would_give_is_told_why_it_is_wrong(said):
    teaching.compare(140, 42, unit="GiB", disk_size=140, system_disk_only=12)
    *_, why = said()
    assert why == (
        'that is what this would give: "An image takes as much room as its disks are large." '
        "But a snapshot holds only blocks that were ever written (SNAP-2)."
    )


def test_a_right_guess_is_right_whatever_a_misconception_would_give(said):
    teaching.compare(42, 42, unit="GiB", disk_size=42)
    assert len(said()) == 2


def test_texts_are_compared_by_their_letters(said):
    teaching.compare(" running", "Running", deprecated_is_gone="refused")
    teaching.compare("refused", "Running", deprecated_is_gone="refused")
    lines = said()
    assert lines[1] == "your guess running is right"
    assert lines[3] == "your guess refused is off"
    assert "still starts instances" in lines[4]


@pytest.mark.parametrize("guess", ["42", "42 GiB", True, math.nan, math.inf, [42], 42j])
def test_a_guess_of_another_kind_is_answered_with_a_sentence(said, guess):
    teaching.compare(guess, 42, unit="GiB")
    assert said()[1].startswith("your guess cannot be compared: write it as a number of GiB")


def test_a_number_where_a_text_is_asked_for_is_answered_with_a_sentence(said):
    teaching.compare(1, "Running")
    assert said()[1] == "your guess cannot be compared: write it as text in quotes, not 1"


def test_a_misconception_out_of_the_catalogue_is_an_error_with_the_nearest_names():
    with pytest.raises(UnknownName, match="disk_size"):
        teaching.compare(None, 42, disk_sizes=140)


@pytest.mark.parametrize(
    ("value", "text"), [(1234567, "1234567"), (0.0001234, "0.000123"), (2.48, "2.48"), (10.079999999999995, "10.08")]
)
def test_values_are_shown_short_and_the_same_everywhere(said, value, text):
    teaching.compare(None, value)
    assert said()[0] == f"the model says {text}"


# Check ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_id", "by_hand"),
    [
        ("00-small", 30 * 0.12 * 672 / 720),
        ("00-medium", 2 * 12 * 0.12),
        ("00-large", (12 + 3) * 0.12),
        ("01-small", 12 + 50),
        ("01-medium", 31 * 24 * 8 * 0.1041),  # hours of March, vCPUs, price an hour
        ("01-large", 2 * 42 * 0.12),  # April has the 720 hours of a price month
        ("02-medium", 3 + 2 + 6),  # held by both alone, by the second alone, by the third alone
        ("03-recall-1", 8 - 3),
        ("03-small", 30 * 20 / 40),
        ("03-medium", 3 * 24 * 20 / 40),  # one after the other
        ("03-large", 4),  # two while it is shared, two while it is Deprecated
        ("03b-recall-2", 25 + 11),
        ("03b-small", 12 + 30 + 4),
        ("03b-medium", 15 * 24 * 0.5),
        ("03b-large", 12 + 7 + 30),
        ("05-small", 20 * 12 * 0.12),  # twelve months of 720 hours
        ("06-small", 20 + 9 * 0.5),
        ("06-medium", 6 * 0.5 * 0.12),
        ("06-large", 48 * 168 * 0.12 / 720),  # 48 deletions of 1 GiB each come a week later
        ("09-recall-1", 3.5 + 4.25),
        ("09-recall-2", 37.5 * 0.12),
        ("09-small", 21 - 2),
        ("09-medium", (9 + 4) * 0.12),
        ("10-recall-1", 4),  # the hours from 22, 23, 0 and 1 o'clock
        ("10-recall-2", 3 * 16.5),
        ("10-small", (9 * 163.5 + 15 * 178.75) * 0.12 / 720),
    ],
)
def test_the_right_answers_are_those_worked_out_by_hand(task_id, by_hand):
    right = teaching.TASKS[task_id].right()
    assert right == (by_hand if isinstance(by_hand, str) else pytest.approx(by_hand, rel=1e-9))


@every_task
def test_without_an_answer_a_task_says_what_to_set(said, task_id):
    teaching.check(task_id, None)
    (line,) = said()
    assert line.startswith(f"{task_id}: no answer yet; set answer to {teaching.TASKS[task_id].wanted}")


@pytest.mark.slow
@every_task
def test_a_right_answer_is_said_to_be_right_and_what_it_shows(said, task_id):
    task = teaching.TASKS[task_id]
    teaching.check(task_id, task.right())
    (line,) = said()
    assert " is right. " in line
    assert line.endswith(task.because)


@pytest.mark.slow
@every_task
def test_each_wrong_way_gets_its_own_hint_and_any_other_the_general_one(said, task_id):
    task = teaching.TASKS[task_id]
    assert task.slips
    wrong = [slip.gives() for slip in task.slips]
    for answer in [*wrong, unlike(task, wrong)]:
        teaching.check(task_id, answer)
    hints = [line.split(" is not it yet. ")[1] for line in said()]
    assert hints == [*(slip.hint for slip in task.slips), task.hint]
    assert len(set(hints)) == len(hints)


def unlike(task: Task, others: list) -> float | str:
    """A wrong answer that no known way leads to."""
    right = task.right()
    found = "NoSuchCode" if isinstance(right, str) else 7.77 * (1 + abs(right))
    assert not any(same(found, other) for other in [right, *others])
    return found


@pytest.mark.slow
@every_task
def test_plausible_wrong_answers_are_known_to_every_task_and_none_is_right(task_id):
    wrong = PLAUSIBLE[task_id].values()
    assert len(wrong) >= (3 if "recall" in task_id else 4)
    right = teaching.TASKS[task_id].right()
    assert [answer for answer in wrong if same(answer, right)] == []


@pytest.mark.slow
@pytest.mark.parametrize("lesson", sorted({task_id.split("-")[0] for task_id in teaching.TASKS}))
def test_two_thirds_of_the_plausible_wrong_answers_of_a_lesson_get_a_hint_of_their_own(lesson):
    met, missed = [], []
    for task_id, task in teaching.TASKS.items():
        if task_id.split("-")[0] == lesson:
            slips = [slip.gives() for slip in task.slips]
            for thought, answer in PLAUSIBLE[task_id].items():
                (met if any(same(answer, slip) for slip in slips) else missed).append(f"{task_id}: {thought}")
    assert 2 * len(missed) <= len(met), missed


def test_plausible_wrong_answers_are_of_tasks_that_exist():
    assert set(PLAUSIBLE) <= set(teaching.TASKS)


@pytest.mark.slow
@every_task
def test_an_answer_of_another_kind_is_answered_with_a_sentence(said, task_id):
    text = isinstance(teaching.TASKS[task_id].right(), str)
    teaching.check(task_id, 1 if text else "1")
    (line,) = said()
    assert "write it as text in quotes" in line if text else "write it as a number" in line


@every_task
def test_the_rules_that_a_task_names_exist(task_id):
    task = teaching.TASKS[task_id]
    texts = " ".join([task.because, task.hint, *(slip.hint for slip in task.slips)])
    assert set(re.findall(r"\b[A-Z]+-\d+\b", texts)) <= set(rules())


def test_a_task_that_no_lesson_has_is_an_error_with_the_nearest_names():
    with pytest.raises(UnknownName, match="01-small"):
        teaching.check("1-small", None)


def test_every_lesson_has_two_tasks_of_earlier_ones_and_three_of_its_own():
    lessons = sorted({task_id.split("-")[0] for task_id in teaching.TASKS})
    own, recalled = ("small", "medium", "large"), ("recall-1", "recall-2")
    wanted = [f"{n}-{task}" for n in lessons for task in (own if n == lessons[0] else (*recalled, *own))]
    assert sorted(teaching.TASKS) == sorted(wanted)


# Misconceptions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(teaching.MISCONCEPTIONS))
def test_a_misconception_names_rules_that_exist_and_reads_as_two_sentences(name):
    known = teaching.MISCONCEPTIONS[name]
    assert known.rules
    assert set(known.rules) <= set(rules())
    assert known.claim.endswith(".")
    assert not known.why.endswith(".")


# The table of lesson 03 ----------------------------------------------------------------------------

COMMANDS: dict[str, Callable[[Account, str], object]] = {
    "start an instance, change a system disk": lambda acme, image: acme.run_instance(region=BEIJING, image=image),
    "share": lambda acme, image: acme.share_image(image, with_accounts=["partner"]),
    "copy": lambda acme, image: acme.copy_image(image, to=HANGZHOU),
    "set Deprecated": lambda acme, image: acme.modify_image(image, status="Deprecated"),
    "delete": lambda acme, image: acme.delete_image(image),
}
USED = "delete while instances use it"


def table_of_lesson_03() -> list[tuple[str, str, str]]:
    """The cells of the table as (command, status, what is answered)."""
    notebook = json.loads((ROOT / "notebooks" / "03_lifecycle.ipynb").read_text(encoding="utf-8"))
    (text,) = ("".join(c["source"]) for c in notebook["cells"] if "".join(c["source"]).startswith("## Which command"))
    head, _, *rows = ([part.strip() for part in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line)
    return [(row[0], status, answer) for row in rows for status, answer in zip(head[1:], row[1:], strict=True)]


def image_in(status: str) -> tuple[Account, str]:
    """An image of acme in a status that the table names."""
    cloud = Cloud(start="2026-03-02", durations="typical")
    acme = cloud.account("acme")
    cloud.account("partner")
    web = acme.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=12)
    image = acme.create_image(web)
    if status == "CreateFailed":
        acme.stop_instance(web)
    elif status != "Creating":
        cloud.wait(image)
    if status == "Available and shared":
        acme.share_image(image, with_accounts=["partner"])
    elif status == "Deprecated":
        acme.modify_image(image, status="Deprecated")
    assert cloud.image(image).status == status.split(" and ")[0]
    return acme, image


def answer_to(command: Callable[[], object]) -> str:
    try:
        command()
    except CloudError as refused:
        return f"`{refused.code}`"
    return "yes"


@pytest.mark.parametrize(("command", "status", "answer"), table_of_lesson_03())
def test_the_table_of_lesson_03_says_what_the_model_does(command, status, answer):
    acme, image = image_in(status)
    if command != USED:
        assert answer_to(lambda: COMMANDS[command](acme, image)) == answer
    elif answer != "–":  # nothing starts from an image that was never Available
        acme.run_instance(region=BEIJING, image=image)
        found = answer_to(lambda: acme.delete_image(image))
        by_force = answer_to(lambda: acme.delete_image(image, force=True))
        assert (f"{found}, or force" if by_force == "yes" else found) == answer
