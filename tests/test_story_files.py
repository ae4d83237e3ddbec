"""Story files as files: what is no YAML, what is no story, and what a story says besides its steps."""

from __future__ import annotations

import pytest
from story_texts import only_problem, problems, steps

from ecs_images import InputError
from ecs_images.stories.story import Story

# The file -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "the file is empty"),
        ("# nothing\n", 0, "the file is empty"),
        ("- a\n- b\n", 1, "a story is a mapping"),
        ("\n\nstory\n", 3, "a story is a mapping"),
        ("start: [2026\n", 2, "this is not YAML"),
        ("start: 2026-01-15\n\tuntil: 5\n", 2, "this is not YAML"),
        ("start: 2026-01-15\nstart: 2026-01-16\naccounts: [a]\nsteps: [{wait: {}}]\n", 2, "'start' is given twice"),
        ("a: 1\n---\nb: 1\n", 2, "this is not YAML of one document"),
        ("start: &day 2026-01-15\nuntil: *day\n", 1, "anchors and aliases are not used"),
        ("5: a\n", 1, "a key must be a word, not '5'"),
        ("steps:\n  ? [a, b]\n  : c\n", 2, "a key must be a word"),
        ("title: " + "[" * 13 + "]" * 13, 1, "nested deeper than 12 levels"),
        ("title: " + "[" * 100_000, 1, "nested deeper than 12 levels"),
        ("title: !!python/name:os.system x\n", 1, "YAML tags such as !!str are not used in stories"),
        ("title: \x01\n", 0, "special characters are not allowed"),
    ],
)
def test_a_file_that_is_no_story_is_told_so(text: str, line: int, words: str):
    found = problems(text)
    assert found[0].line == line
    assert words in found[0].message


def test_a_key_twice_in_a_step_is_told_with_its_line():
    problem = only_problem(
        steps("  - write:", "      account: acme", "      disk: web", "      new: 1", "      new: 2")
    )
    assert (problem.line, problem.message) == (11, "'new' is given twice in the same mapping")


def test_an_explosion_of_aliases_is_refused_at_the_first_anchor():
    bomb = ["a: &a [x, x, x]", *(f"{new}: &{new} [{', '.join(['*' + old] * 9)}]" for old, new in ("ab", "bc", "cd"))]
    assert only_problem("\n".join(bomb)).line == 1


def test_a_file_that_is_no_text_or_no_file_is_told_so(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    for name, words in (
        ("binary.yaml", "it is not UTF-8 text"),
        ("none.yaml", "No such file"),
        (".", "Is a directory"),
    ):
        with pytest.raises(InputError, match=words):
            Story.load(tmp_path / name)


# Prices and expectations -----------------------------------------------------------------------------


def test_price_layers_are_found_beside_the_story_or_among_the_examples(tmp_path):
    (tmp_path / "mine.csv").write_text("", encoding="utf-8")
    path = tmp_path / "story.yaml"
    path.write_text(steps("prices: [mine.csv, example_prices_china.csv]"), encoding="utf-8")
    mine, example = Story.load(path).price_layers
    assert mine == tmp_path / "mine.csv"
    assert (example.parent.name, example.name) == ("examples", "example_prices_china.csv")


def test_a_price_layer_that_is_not_there_is_told_with_its_line():
    found = problems(steps("prices:", "  - example_prices_china.csv", "  - nowhere.csv", "  - ..", "  -"))
    assert [problem.line for problem in found] == [9, 10, 11]
    assert found[0].message == "no price file 'nowhere.csv' beside the story"


@pytest.mark.parametrize("given", ["5", "{cost: 1}", ""])
def test_expectations_are_a_list(given: str):
    assert only_problem(steps(f"expect: {given}")).message == "expect must be a list"


@pytest.mark.parametrize("given", ["{}", "{within: 1}", "{cost: 1, detail: 1}", "{where: {meter: os_licence}}"])
def test_an_expectation_says_one_thing(given: str):
    problem = only_problem(steps("expect:", f"  - {given}"))
    assert problem.line == 8
    assert problem.message == "an expectation has one of cost, detail, paid, stored_gib, freed_gib, image"


def test_a_title_is_one_line():
    """A line end after the last line, as a folded text of YAML has, is no second line."""
    problem = only_problem(steps('title: "Weeks\\nof gold"'))
    assert problem.message == "title is one line of text, not 'Weeks\\nof gold'"
    assert Story.parse(steps("title: >\n  Weeks\n  of gold")).title == "Weeks of gold"


def test_a_story_without_a_title_is_called_after_its_file(tmp_path):
    path = tmp_path / "golden_weeks.yaml"
    path.write_text(steps(), encoding="utf-8")
    assert Story.load(path).title == "golden_weeks"
    assert Story.parse(steps("title: Weeks of gold")).title == "Weeks of gold"
