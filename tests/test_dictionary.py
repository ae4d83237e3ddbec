"""The data dictionary is what the declared tables say, and the files have the declared columns."""

from __future__ import annotations

import csv
from pathlib import Path

from ecs_images.catalog.files import data_dir
from ecs_images.catalog.schemas import FILES
from ecs_images.dictionary import markdown


def _files() -> list[tuple[Path, str]]:
    return [(path, pattern) for pattern in FILES for path in sorted(data_dir().glob(pattern))]


def test_the_written_dictionary_is_the_declared_one() -> None:
    written = (data_dir() / "README.md").read_text(encoding="utf-8")
    assert written == markdown(), "run: python -m ecs_images.dictionary"


def test_every_csv_file_of_the_data_folder_is_declared() -> None:
    assert {path for path, _ in _files()} == set(data_dir().rglob("*.csv"))


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
