"""The data dictionary is what the declared tables say, and the files have the declared columns."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ecs_images.catalog.files import data_dir
from ecs_images.catalog.schemas import FILES
from ecs_images.dictionary import PAGES
from ecs_images.stories.expect import KINDS
from ecs_images.stories.steps import COMMANDS, STEP_KEYS
from ecs_images.stories.story import KEYS


def _files() -> list[tuple[Path, str]]:
    return [(path, pattern) for pattern in FILES for path in sorted(data_dir().glob(pattern))]


@pytest.mark.parametrize("name", PAGES)
def test_the_written_page_is_the_declared_one(name: str) -> None:
    written = (data_dir() / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run: python -m ecs_images.dictionary"


def test_every_part_of_a_story_and_argument_of_a_command_stands_on_the_page_of_stories() -> None:
    page = (data_dir() / "STORIES.md").read_text(encoding="utf-8")
    for name, command in COMMANDS.items():
        section = page.partition(f"### {name}\n")[2].partition("### ")[0]
        assert {line.split(" ")[1] for line in section.splitlines() if line.startswith("| ")} >= {*command.arguments}
    assert all(f"| {key} | " in page for key in (*KEYS, *STEP_KEYS, *KINDS))


@pytest.mark.parametrize(("path", "pattern"), _files(), ids=lambda value: getattr(value, "name", ""))
def test_a_file_has_its_declared_columns_values_and_no_hole_in_a_required_one(path: Path, pattern: str) -> None:
    table = FILES[pattern]
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == table.names
        rows = list(reader)
    assert rows
    for line, row in enumerate(rows, 2):
        for column in table.columns:
            assert row[column.name] or not column.required, f"line {line}: {column.name} is empty"
            if column.values and row[column.name]:
                assert row[column.name] in column.values, f"line {line}: {column.name} {row[column.name]!r}"
