"""Where the published data lies, and how one of its CSV files is read.

The data is the top-level `data/` of a checkout, and `ecs_images/data/` in an installed wheel.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def data_dir() -> Path:
    """The folder that holds the data files."""
    installed = _PACKAGE / "data"
    return installed if installed.is_dir() else _PACKAGE.parent / "data"


def data_path(name: str) -> Path:
    """The path of one data file, such as `"regions.csv"` or `"stories/first_five_minutes.yaml"`."""
    return data_dir() / name


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as text, in order."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@cache
def published(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one published data file; the file is read once."""
    return tuple(read_rows(data_path(name)))
