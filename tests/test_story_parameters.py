"""Parameters of a story: values put in by name, changed from outside, and steps done for each of a list."""

from __future__ import annotations

import pytest

from ecs_images.errors import FileProblems
from ecs_images.stories.story import Run, Story

STORY = """\
title: Versions kept
start: 2026-01-15
until: 2026-03-01
accounts: [acme]
parameters: {keep: 2, written: 12, regions: [cn-shanghai, cn-hangzhou]}
steps:
  - run_instance: {as: web, account: acme, region: cn-beijing, image: aliyun_3, system_disk: 40, written: "{written}"}
  - repeat: {times: 4, every: 7d, as: week}
    steps:
      - create_image: {as: "v{week}", account: acme, instance: web, name: "v-{week}"}
      - for: {region: "{regions}"}
        copy_image: {as: "{region} {week}", account: acme, image: "v{week}", to: "{region}"}
      - delete_image: {account: acme, image: "v{week-keep}"}
        rounds: "{keep+1}-"
"""


def run(**parameters: object) -> Run:
    return Story.parse(STORY, "kept.yaml", parameters).run()


def problems(text: str, **parameters: object) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        Story.parse(text, "kept.yaml", parameters)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def kept(done: Run) -> list[str]:
    images = done.cloud.state.images.values()
    return [image.name for image in images if image.region == "cn-beijing" and not image.deleted_at]


def test_a_parameter_stands_for_its_value_and_counts():
    done = run()
    assert kept(done) == ["v-3", "v-4"]
    assert done.cloud.chain(done.ids["v1"] and done.cloud.image(done.ids["v4"]).system_snapshot).total_gib == 12


def test_a_step_is_done_for_each_value_of_a_list():
    copies = [image.region for image in run().cloud.state.images.values() if image.made_from == "copy"]
    assert copies == 4 * ["cn-shanghai", "cn-hangzhou"]


def test_for_with_two_names_goes_through_every_pair():
    text = STORY.replace('{region: "{regions}"}', '{region: "{regions}", again: [a, b]}')
    done = Story.parse(
        text.replace('"{region} {week}"', '"{region} {week} {again}"').replace(
            'to: "{region}"', 'to: "{region}", name: "{again}{week}"'
        ),
        "kept.yaml",
    ).run()
    copies = [image for image in done.cloud.state.images.values() if image.made_from == "copy"]
    assert len(copies) == 4 * 2 * 2


@pytest.mark.parametrize("keep", [3, "3"])
def test_a_value_from_outside_is_taken_instead_also_as_the_text_of_a_command_line(keep: object):
    assert kept(run(keep=keep)) == ["v-2", "v-3", "v-4"]


def test_a_list_from_a_command_line_is_separated_by_commas_and_may_be_empty():
    regions = {image.region for image in run(regions="cn-hangzhou, cn-hongkong").cloud.state.images.values()}
    assert regions == {"cn-beijing", "cn-hangzhou", "cn-hongkong"}
    assert {image.region for image in run(regions="").cloud.state.images.values()} == {"cn-beijing"}


def test_a_list_of_numbers_stays_one_when_a_command_line_gives_it():
    text = STORY.replace("regions: [", "sizes: [10, 12], regions: [").replace(
        'written: "{written}"', 'written: "{written}"'
    )
    text = text.replace(
        "  - repeat:", '  - for: {size: "{sizes}"}\n    write: {account: acme, disk: web, new: "{size}"}\n  - repeat:'
    )
    assert Story.parse(text, "kept.yaml", {"sizes": "1, 2.5"}).parameters["sizes"] == [1, 2.5]


def test_a_story_says_which_values_it_was_read_with():
    assert Story.parse(STORY, "kept.yaml", {"keep": "3"}).parameters == {
        "keep": 3, "written": 12, "regions": ["cn-shanghai", "cn-hangzhou"],
    }  # fmt: skip


def test_parameters_may_stand_in_expectations_and_times_and_texts():
    text = STORY.replace("until: 2026-03-01", 'until: "2026-03-0{written}"').replace("written: 12", "written: 1")
    text = text.replace("Versions kept", "Keep {keep}") + 'expect:\n  - {stored_gib: "{written}", where: {disk: web}}\n'
    story = Story.parse(text, "kept.yaml")
    assert story.title == "Keep 2"
    assert story.expectations[0].fields["stored_gib"] == 1
    assert f"{story.until:%Y-%m-%d}" == "2026-03-01"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kep": 3}, "5: unknown parameter 'kep'; did you mean keep?"),
        ({"keep": "x"}, "5: the parameter keep is a number, not 'x'"),
        ({"keep": True}, "5: the parameter keep is a number, a text or a list of them, not True"),
        ({"regions": 3}, "5: the parameter regions is a list, not 3"),
        ({"keep": 1.5}, "13: {week-keep} counts with whole numbers; keep is 1.5"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_line_of_the_parameter(given: dict, said: str):
    assert said in problems(STORY, **given)


def test_only_the_parameter_is_a_problem_where_a_step_lacks_its_value():
    assert len(problems(STORY, keep="x")) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("keep: 2,", "keep: 2, spare: 1,", "5: nothing uses the parameter spare; write \"{spare}\" in a step"),
        ('written: "{written}"', "written: {written}", '7: write "{written}" in quotes'),
        ("as: week}", "as: keep}", "8: keep is both the counter and a parameter"),
        ("times: 4, every: 7d, as: week", "times: 4, every: 7d, as: keep", "both the counter and a parameter"),
        ('{region: "{regions}"}', "{region: cn-shanghai}", "11: region goes through a list, not 'cn-shanghai'"),
        ('{region: "{regions}"}', '{keep: "{regions}"}', "11: for names its value by a word of its own, not 'keep'"),
        ('{region: "{regions}"}', '"{regions}"', "11: for is a mapping"),
        ('to: "{region}"', 'to: "in {regions}"', "12: {regions} is a list; it stands alone"),
        ("{keep: 2, written: 12, regions: [cn-shanghai, cn-hangzhou]}", "[a]", "5: parameters is a mapping"),
        ("keep: 2,", "keep: {a: 1},", "5: the parameter keep is a number, a text or a list of them"),
    ],
)  # fmt: skip
def test_a_parameter_that_cannot_be_used_is_told_with_its_line(old: str, new: str, said: str):
    assert any(said in problem for problem in problems(STORY.replace(old, new)))
