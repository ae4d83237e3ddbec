"""Stories whose values have the wrong shape: told with their line, never a traceback."""

from __future__ import annotations

import pytest
from story_texts import only_problem, problems, steps, told

from ecs_images.errors import EcsImagesError, FileProblems
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


# Without effect ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", ["5-", "8-3", "0", "1, 9", "2-7", "4", "0-2"])
def test_rounds_that_never_come_are_told_instead_of_dropping_the_step(rounds: str):
    problem = only_problem(
        steps(
            "  - repeat: {times: 3, every: 1d, as: day}",
            "    steps:",
            '      - create_image: {account: acme, instance: web, name: "day-{day}"}',
            f"        rounds: {rounds}",
        )
    )
    assert problem.line == 10
    assert problem.message.endswith("never happen; this repeat has rounds 1 to 3")


def test_a_misspelt_counter_is_told_with_the_one_there_is():
    found = problems(
        steps(
            "  - repeat: {times: 2, every: 1d, as: week}",
            "    steps:",
            '      - create_image: {account: acme, instance: web, name: "v{wek}"}',
            '      - create_image: {account: acme, instance: web, name: "w{week+1}"}',
            '  - create_snapshot: {account: acme, disk: web, name: "after-{week}"}',
        )
    )
    assert [problem.line for problem in found] == [9, 10, 11]
    assert "unknown counter '{wek}'; this repeat has {week} or {week-1}" in found[0].message
    assert "'{week+1}'" in found[1].message
    assert found[2].message == "unknown counter '{week}'; counters exist only inside a repeat"


def test_a_name_given_with_as_shadows_nothing_of_the_service():
    found = problems(
        steps(
            "  - create_image: {as: aliyun_3, account: acme, instance: web, name: own}",
            "  - create_image: {as: m-00000001, account: acme, instance: web, name: own-2}",
            "  - create_image: {account: acme, instance: web, name: own-3, family: base}",
            "  - create_image: {as: base, account: acme, instance: web, name: own-4}",
            "  - create_image: {account: acme, instance: web, name: own-5, family: web}",
        )
    )
    assert [problem.line for problem in found] == [7, 8, 10, 11]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  - run_instance: {account: acme, region: cn-beijing, image: [aliyun_3]}", "image is one id or name"),
        ("  - run_instance: {account: acme, region: [cn-beijing], image: aliyun_3}", "region is text"),
        ("  - create_snapshot: {account: acme, disk: [web]}", "disk is one id or name"),
        ("  - create_image: {account: acme, snapshots: v1.system_snapshot}", "snapshots is a list"),
        ("  - share_image: {account: acme, image: v1, with_accounts: partner}", "with_accounts is a list"),
        ("  - stop_instance: {account: acme, instance: web, mode: {a: b}}", "mode is standard or economical"),
    ],
)
def test_a_list_where_one_name_belongs_is_told_and_the_other_way_round(line: str, words: str):
    problem = only_problem(steps(line))
    assert problem.line == 7
    assert problem.message.startswith(words)


def test_numbers_are_those_of_yaml_1_2():
    """YAML 1.1, which the library reads by itself, takes 012 for ten and 1:30 for ninety."""
    assert Story.parse(steps("  - write: {account: acme, disk: web, new: 012}")).steps[-1].arguments["new"] == 12
    assert (
        "new must be a number of GiB, not '1:30'"
        in only_problem(steps("  - write: {account: acme, disk: web, new: 1:30}")).message
    )
    assert (
        "force is true or false, not 'yes'"
        in only_problem(steps("  - delete_image: {account: acme, image: v1, force: yes}")).message
    )


def test_an_argument_that_says_nothing_is_told():
    problem = only_problem(steps("  - run_instance: {account: acme, region: cn-beijing, image: aliyun_3, written: }"))
    assert problem.message == "written is empty; give it a value, or leave it out"


# Settings ------------------------------------------------------------------------------------------


def test_an_account_may_say_its_site_as_a_setting():
    text = steps().replace("accounts: [acme, partner]", "accounts: {acme: {}, partner: {site: international}}")
    sites = {name: settings.site for name, settings in Story.parse(text).accounts.items()}
    assert sites == {"acme": "china", "partner": "international"}
    problem = only_problem(text.replace("{site: international}", "{sight: international}"))
    assert (problem.line, problem.message) == (3, "partner: unknown setting of an account 'sight'; did you mean site?")


def test_a_story_may_suppose_what_no_source_settles():
    told_so = steps("assume: {UNK-10: refused}")
    assert Story.parse(told_so).run().cloud.state.assume == {"UNK-10": "refused"}
    assert only_problem(told_so.replace("refused", "perhaps")).message == "UNK-10 is allowed or refused, not 'perhaps'"
    assert "did you mean UNK-1" in only_problem(told_so.replace("UNK-10", "UNK-1O")).message
    assert only_problem(told_so.replace("UNK-10", "UNK-11")).message.startswith("UNK-11 (whether the first snapshot")


@pytest.mark.parametrize("key", ["title", "source", "note", "prices"])
def test_a_mapping_where_a_line_of_text_belongs_is_told_in_its_own_words(key: str):
    problem = only_problem(steps(f"{key}: {{a: [b]}}"))
    assert problem.line == 7
    assert "{'a': ['b']}" in problem.message


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("meter: snapshot_standart", "unknown meter 'snapshot_standart'; did you mean snapshot_standard"),
        ("month: 2026-13", "month is written like 2026-02, not '2026-13'"),
        ("month: 2026-2", "month is written like 2026-02, not '2026-2'"),
        ("day: 20260114", "day is written like 2026-02-14, not 20260114"),
        ("currency: CNN", "unknown currency 'CNN'; did you mean CNY?"),
        ("image: v9", "unknown image 'v9'; did you mean v1?"),
    ],
)
@pytest.mark.parametrize("kind", ["cost", "paid"])
def test_an_expectation_of_nothing_is_not_met_by_a_slip(kind: str, where: str, words: str):
    if kind == "paid" and where.startswith("image"):
        pytest.skip("an invoice names no image")
    problem = only_problem(steps("expect:", f"  - {{where: {{{where}}}, {kind}: 0}}"))
    assert problem.line == 8
    assert problem.message.startswith(words)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("month: 2062-02", "month 2062-02 is outside the bill, 2026-01-15 10:00 to 2026-02-14"),
        ("day: 2026-02-15", "day 2026-02-15 is outside the bill"),
        ("item: Windows Servre", "unknown item 'Windows Servre'; did you mean Windows Server"),
    ],
)
def test_an_expectation_of_nothing_where_nothing_can_be_is_told(where: str, words: str):
    story = Story.parse(steps("expect:", f"  - {{where: {{{where}}}, cost: 0}}"))
    with pytest.raises(FileProblems) as caught:
        check(story, story.run())
    assert caught.value.problems[0].line == 8
    assert caught.value.problems[0].message.startswith(words)


@pytest.mark.slow
def test_nothing_may_be_expected_of_a_meter_that_nobody_used():
    story = Story.parse(steps("expect:", "  - {where: {meter: os_licence, month: 2026-01}, cost: 0}"))
    assert [outcome.passed for outcome in check(story, story.run())] == [True]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "  - share_image: {account: acme, image: web, with_accounts: [partner]}",
            "'web' is an instance, not an image",
        ),
        ("  - delete_snapshot: {account: acme, snapshot: v1}", "'v1' is an image, not a snapshot"),
        (
            "  - delete_snapshot: {account: acme, snapshot: web.system_disk}",
            "'web.system_disk' is a disk, not a snapshot",
        ),
        (
            "  - write: {account: acme, disk: v1.system_snapshot, new: 1}",
            "'v1.system_snapshot' is a snapshot, not a disk",
        ),
        ("  - wait: {instance: v1}", "'v1' is an image, not an instance"),
        ("expect:\n  - {where: {image: web}, cost: 0}", "'web' is an instance, not an image"),
        ("expect:\n  - {where: {snapshot: v1}, cost: 0}", "'v1' is an image, not a snapshot"),
        ("expect:\n  - {where: {disk: v1}, stored_gib: 0}", "'v1' is an image, not a disk"),
        ("expect:\n  - {of: v1, freed_gib: 0}", "'v1' is an image, not a snapshot"),
        ("expect:\n  - {image: web, instance: web}", "'web' is an instance, not an image"),
    ],
)
def test_a_name_of_another_kind_of_thing_is_told_before_anything_runs(line: str, words: str):
    assert only_problem(steps(line)).message == words


def test_an_unknown_name_is_likened_to_names_of_its_own_kind_only():
    line = "  - delete_snapshot: {account: acme, snapshot: web1}"
    assert only_problem(steps(line)).message == "unknown snapshot 'web1'; name it with as: in an earlier step"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("{where: {currency: USD}, paid: 0}", "no account of this story pays in USD; they pay in CNY"),
        ("{where: {month: 2026-03}, cost: 0}", "month 2026-03 is outside the bill, 2026-01-15 10:00 to 2026-03-01"),
        ("{where: {day: 2026-03-01}, cost: 0}", "day 2026-03-01 is outside the bill, 2026-01-15 10:00 to 2026-03-01"),
        ("{stored_gib: 0, at: 2026-01-15T09:59}", "at is outside the story, 2026-01-15 10:00 to 2026-03-01"),
        ("{stored_gib: 12, at: 2026-03-02}", "at is outside the story, 2026-01-15 10:00 to 2026-03-01"),
        ("{freed_gib: 0, of: []}", "of is one snapshot or several, not none"),
    ],
)
def test_an_expectation_of_nothing_about_what_cannot_be_is_a_problem(given: str, words: str):
    text = steps("expect:", f"  - {given}").replace("until: 2026-02-14", "until: 2026-03-01")
    with pytest.raises(FileProblems, match=words):
        load_and_check(text)


@pytest.mark.parametrize("rounds", ["1, 1", "1-3, 2", "2, 1-"])
def test_rounds_that_name_a_round_twice_are_a_problem(rounds: str):
    lines = ["  - repeat: {times: 3}", "    steps:", f"      - {{wait: {{image: v1}}, rounds: '{rounds}'}}"]
    assert "repeat a round" in only_problem(steps(*lines)).message


@pytest.mark.parametrize("counter", ["[week]", "5", "{a: b}", "we ek", "a-1", ""])
def test_a_counter_is_one_word(counter: str):
    lines = [f"  - repeat: {{times: 3, as: {counter}}}", "    steps:", "      - wait: {image: v1}"]
    assert only_problem(steps(*lines)).message.startswith("as names the counter with one word, not ")


@pytest.mark.parametrize(
    "text",
    [
        told("steps: {a: [b]}", "until: [{a: b}]"),
        steps("  - {stop_instance: {account: acme, instance: web}, refused: [{a: b}]}"),
        steps("  - repeat: {times: [[a]]}"),
        steps("  - repeat: {times: 3, every: [{a: b}]}", "    steps:", "      - wait: {image: v1}"),
        steps("  - repeat: {times: 3}", "    steps:", "      - {wait: {image: v1}, rounds: [[1]]}"),
        steps("expect:", "  - {image: v1, instance: [web]}"),
        steps("expect:", "  - {stored_gib: 0, at: [{a: b}]}"),
    ],
)
def test_a_problem_shows_a_value_as_the_file_has_it(text: str):
    assert "Located" not in "".join(str(problem) for problem in problems(text))


@pytest.mark.parametrize("name", ["x" * 5000, '"a\\0b"', '"\\ud800"'])
def test_a_price_file_of_a_name_that_no_file_has_is_a_problem(name: str):
    assert only_problem(steps().replace("steps:", f"prices: {name}\nsteps:")).message.startswith("no price file ")
