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


def test_a_file_has_its_declared_columns_values_and_no_hole_in_a_required_one() -> None:
    wrong = []
    for path, pattern in _files():
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            assert reader.fieldnames == FILES[pattern].names, path
            rows = list(reader)
        assert rows, path
        for column in FILES[pattern].columns:
            # An empty field is a value where the column may be empty.
            allowed = {*column.values, ""} if column.values else {row[column.name] for row in rows}
            allowed -= {""} if column.required else set()
            for line, row in enumerate(rows, 2):
                if row[column.name] not in allowed:
                    wrong.append(f"{path}, line {line}: {column.name} {row[column.name]!r}")
    assert wrong == []
