"""Stories as they run: names and their parts, foreseen refusals, and what is expected."""

from __future__ import annotations

import gc

import pytest
from story_texts import only_problem, problems, steps, told

from ecs_images.errors import FileProblems, Problem
from ecs_images.stories.check import check
from ecs_images.stories.story import Outcome, Run, Story

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


@pytest.mark.parametrize("on", [True, False])
def test_a_story_leaves_python_s_cycle_collector_as_it_was_also_where_it_is_refused(on: bool):
    good, refused = steps(), steps("  - delete_image: {account: acme, image: aliyun_3}")
    try:
        gc.enable() if on else gc.disable()
        run(good)
        assert gc.isenabled() == on
        refusal(refused)
        assert gc.isenabled() == on
        problems(good.replace("golden-v1", "[golden-v1"))
        assert gc.isenabled() == on
    finally:
        gc.enable()


def test_nothing_in_a_story_waits_for_the_cycle_collector_which_pauses_meanwhile():
    text = steps(
        "  - repeat: {times: 5, every: 1d}",
        "    steps:",
        '      - create_image: {as: "i{n}", account: acme, instance: web, name: "n-{n}"}',
        '      - share_image: {account: acme, image: "i{n}", with_accounts: [acme]}',
        "        refused: InvalidAccount.Forbbiden",
        '      - delete_image: {account: acme, image: "i{n}", with_snapshots: true}',
    ).replace("until: 2026-02-14", "until: 2026-03-01")
    run(text)
    gc.collect()
    story = Story.parse(text)
    done = story.run()
    assert gc.collect() == 0
    assert len(done.outcomes) == 5


# Names and parts ------------------------------------------------------------------------------------


def test_a_name_stands_for_the_id_that_a_step_gives():
    done = run(steps("  - copy_image: {as: away, account: acme, image: v1, to: cn-hangzhou}"))
    assert set(done.ids) == {"web", "v1", "away"}
    assert done.cloud.image(done.ids["v1"]).name == "golden-v1"
    assert done.cloud.image(done.ids["away"]).region == "cn-hangzhou"


def test_a_name_is_given_once():
    problem = only_problem(steps("  - create_image: {as: web, account: acme, instance: web}"))
    assert (problem.line, problem.message) == (7, "the name 'web' is taken by an earlier instance")


@pytest.mark.parametrize("name", ["a.b", "5", "''", "[a]", ""])
def test_a_name_is_a_word_without_a_dot(name: str):
    problem = only_problem(steps(f"  - create_image: {{as: {name}, account: acme, instance: web}}"))
    assert problem.message.startswith("as needs a name without a dot")


def test_a_name_is_known_only_after_the_step_that_gives_it():
    problem = only_problem(
        steps(
            "  - delete_image: {account: acme, image: v2}",
            "  - create_image: {as: v2, account: acme, instance: web, name: golden-v2}",
        )
    )
    assert problem.line == 7
    assert "unknown image 'v2'" in problem.message


def test_a_step_that_makes_nothing_gives_no_name():
    found = problems(
        steps(
            "  - create_image: {as: v2, account: acme, instance: web, name: golden-v1}",
            "    refused: InvalidImageName.Duplicated",
            "  - delete_image: {account: acme, image: v2}",
            "  - stop_instance: {as: stopped, account: acme, instance: web}",
            "  - wait: {as: waited, image: v1}",
        )
    )
    assert [(problem.line, problem.message) for problem in found] == [
        (7, "a step that is refused makes nothing that as could name; leave as out"),
        (9, "unknown image 'v2'; did you mean v1?"),
        (10, "stop_instance makes nothing that as could name; leave as out"),
        (11, "wait makes nothing that as could name; leave as out"),
    ]


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
        ("  - create_snapshot: {account: acme, disk: v1.system_disk}", "'v1' is an image, which has no system_disk"),
        (
            "  - delete_snapshot: {account: acme, snapshot: web.system_snapshot}",
            "'web' is an instance, which has no system_snapshot",
        ),
        ("  - delete_snapshot: {account: acme, snapshot: v2.system_snapshot}", "unknown snapshot"),
        ("  - delete_snapshot: {account: acme, snapshot: v1.third_snapshot}", "unknown snapshot"),
        ("  - create_snapshot: {account: acme, disk: 5}", "disk is one id or name, such as d-00000001, not 5"),
    ],
)
def test_a_part_that_a_thing_cannot_have_is_told_before_anything_runs(line: str, words: str):
    problem = only_problem(steps(line))
    assert problem.line == 7
    assert words in problem.message


@pytest.mark.parametrize("part", ["v1.data_snapshot_1", "v1.data_snapshot_0"])
def test_a_part_that_a_thing_turns_out_to_lack_is_told_with_its_line(part: str):
    found = refusal(steps(f"  - delete_snapshot: {{account: acme, snapshot: {part}}}"))
    assert (found.line, found.message) == (7, f"{part}: v1 has only 0 of that kind")


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
        steps("  - at: 2026-01-20", "    delete_image: {account: acme, image: v1}", "    refused: ImageUseShared")
    ).outcomes
    assert (outcome.line, outcome.passed, outcome.instead) == (8, False, "it was allowed at 2026-01-20")


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


# Expectations ---------------------------------------------------------------------------------------


def test_every_expectation_that_makes_no_sense_is_told_with_its_line_before_anything_runs():
    with pytest.raises(FileProblems) as caught:
        Story.parse(
            steps(
                "expect:",
                "  - {where: {regoin: cn-beijing}, cost: 1}",
                "  - {cost: a lot}",
                "  - {cost: .nan}",
                "  - {cost: 1, within: some}",
                "  - {stored_gib: 12, where: {month: 2026-01}}",
                "  - {stored_gib: 12, at: noon}",
                "  - {freed_gib: 12, of: [v9]}",
                "  - {stored_gib: 12}",
            )
        )
    assert [problem.line for problem in caught.value.problems] == list(range(8, 15))
    assert "did you mean region" in caught.value.problems[0].message


def test_an_expectation_that_the_run_cannot_answer_is_told_with_its_line():
    story = Story.parse(
        steps("expect:", "  - {where: {region: cn-hangzhou}, cost: 1}", "  - {cost: 1, until: 2020-01-01}")
    )
    with pytest.raises(FileProblems) as caught:
        check(story, story.run())
    assert [problem.line for problem in caught.value.problems] == [8, 9]
    assert caught.value.problems[0].message == "no charge matches region cn-hangzhou; there are charges of cn-beijing"


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


def test_what_the_service_leaves_undone_without_refusing_it_is_noted_with_its_line():
    names = [f"a{n}" for n in range(1, 12)]
    text = steps(f"  - share_image: {{account: acme, image: v1, with_accounts: [{', '.join(names)}]}}")
    done = run(text.replace("[acme, partner]", f"[acme, partner, {', '.join(names)}]"))
    assert [(note.line, note.message) for note in done.notes] == [
        (7, "share_image: ignored, since a call names at most 10 accounts (SHARE-2): a11")
    ]


def test_a_refusal_names_what_was_left_undone_before_it():
    """The eleventh account was ignored in line 7, so it cannot launch in line 8."""
    names = [f"a{n}" for n in range(1, 12)]
    text = steps(
        f"  - share_image: {{account: acme, image: v1, with_accounts: [{', '.join(names)}]}}",
        "  - run_instance: {account: a11, region: cn-beijing, image: v1}",
    )
    problem = refusal(text.replace("[acme, partner]", f"[acme, partner, {', '.join(names)}]"))
    assert problem.line == 8
    assert problem.message.endswith(
        "before, in line 7, share_image: ignored, since a call names at most 10 accounts (SHARE-2): a11"
    )


def test_an_account_of_a_story_may_have_quotas():
    text = told("steps:", "  - import_image: {account: acme, region: cn-beijing, file: 1}").replace(
        "accounts: [acme, partner]", "accounts: {acme: {site: china, quotas: {images: 500}}}"
    )
    assert run(text).cloud.state.accounts["acme"].quotas == (("images", 500),)
    assert only_problem(text.replace("500", "0")).message.startswith("acme: a quota of images is a whole number")
    wrong = only_problem(text.replace("images:", "image:"))
    assert wrong.message == "acme: unknown quota 'image'; did you mean images?"


# Expectations by tags -------------------------------------------------------------------------------

# Red Hat on 2 vCPUs for the 30 days to 2026-02-14T10:00 at 0.1041: 2 × 720 × 0.1041 = 149.904.
TAGGED = (
    "steps:",
    "  - run_instance: {account: acme, region: cn-beijing, image: rhel_9, instance_type: ecs.g7.large, "
    "tags: {team: web}}",
    "  - run_instance: {account: acme, region: cn-beijing, image: rhel_9, instance_type: ecs.g7.large}",
    "expect:",
)


def tagged(where: str, cost: float = 149.904) -> str:
    return told(*TAGGED, f"  - {{where: {{{where}}}, cost: {cost}}}").replace("2026-02-14", "2026-02-14T10:00+08:00")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "cost"),
    [
        ('"tag:team": web', 149.904),
        ('"tag:team": ""', 149.904),
        ('"tag:team": web, meter: os_licence, region: cn-beijing', 149.904),
        ('"tag:team": web, account: partner', 0),
    ],
)
def test_a_story_expects_the_cost_of_a_tag(where: str, cost: float) -> None:
    story = Story.parse(tagged(where, cost), "golden.yaml")
    (outcome,) = check(story, story.run())
    assert outcome.passed, outcome


@pytest.mark.slow
@pytest.mark.parametrize("cost", [0, 1])
@pytest.mark.parametrize(
    ("where", "words"),
    [
        ('"tag:teams": web', "unknown tag 'teams'; did you mean team? no resource has a tag of that key"),
        ('"tag:owner": web', "unknown tag 'owner'; no resource has a tag of that key"),
        ('"tag:team": wep', None),
        (
            '"tag:team": web, item: aliyun_3',
            "tag:team goes with month, day, account, region, meter and currency, not with item",
        ),
    ],
)
def test_a_tag_that_no_resource_has_is_a_problem_of_its_line_even_where_0_is_expected(
    where: str, words: str | None, cost: float
) -> None:
    story = Story.parse(tagged(where, cost), "golden.yaml")
    with pytest.raises(FileProblems) as caught:
        check(story, story.run())
    (problem,) = caught.value.problems
    unknown_value = "no charge matches tag:team wep; there are charges of (empty), web"
    if cost == 0:
        unknown_value = "unknown value of tag:team 'wep'; did you mean web?"
    assert (problem.line, problem.message) == (8, words or unknown_value)


def test_only_a_cost_is_expected_by_tags_and_a_tag_has_a_key() -> None:
    for where, kind in (('"tag:team": web', "paid"), ('"tag:": web', "cost")):
        problem = only_problem(tagged(where).replace("cost:", f"{kind}:"))
        assert problem.message.startswith("unknown part of where 'tag:")


def test_use_without_a_price_is_a_problem_only_of_the_tag_that_has_it() -> None:
    """Windows has no price in Hong Kong (UNK-4); the other instance is Red Hat in Beijing."""
    text = tagged('"tag:team": web').replace(
        "region: cn-beijing, image: rhel_9, instance_type: ecs.g7.large}",
        "region: cn-hongkong, image: windows_2022, instance_type: ecs.g7.large, tags: {team: desk}}",
    )
    story = Story.parse(text, "golden.yaml")
    assert [outcome.passed for outcome in check(story, story.run())] == [True]
    lacking = Story.parse(text.replace('"tag:team": web', '"tag:team": desk'), "golden.yaml")
    with pytest.raises(FileProblems, match="no CNY price for os_licence of Windows Server in cn-hongkong"):
        check(lacking, lacking.run())
