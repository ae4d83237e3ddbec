"""The data dictionary is what the declared tables say, and the files have the declared columns."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ecs_images.accounts.findings import KINDS as KINDS_OF_FINDINGS
from ecs_images.accounts.findings import VERDICTS
from ecs_images.accounts.reconcile import CAUSES
from ecs_images.catalog.files import data_dir, published
from ecs_images.catalog.schemas import FILES, TABLES
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


@pytest.mark.parametrize(
    ("table", "column", "words"),
    [
        ("findings", "x_kind", tuple(KINDS_OF_FINDINGS)),
        ("findings", "x_verdict", VERDICTS),
        ("causes of differences", "cause", tuple(CAUSES)),
    ],
)
def test_a_column_names_all_words_that_it_may_hold(table: str, column: str, words: tuple[str, ...]) -> None:
    (declared,) = (one for one in TABLES[table].columns if one.name == column)
    assert declared.values == words


def test_every_column_of_a_table_stands_there_once() -> None:
    assert [name for name, table in TABLES.items() if len(set(table.names)) < len(table.names)] == []


def test_columns_are_those_of_tables_that_there_are() -> None:
    declared = {row["table"] for row in published("columns.csv")}
    groups = {row["column"] for row in published("columns.csv") if row["column"].startswith("*")}
    assert declared == {*(row["table"] for row in published("tables.csv")), *groups}
