"""Where the files that travel with the package lie, and how one of the CSV files of its data is read.

`data/` and `notebooks/` lie at the top of a checkout, and in `ecs_images/` in an installed wheel.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import look_up

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Record = TypeVar("_Record", bound="DataclassInstance")
_PACKAGE = Path(__file__).resolve().parent.parent
_READ: dict[Any, Callable[[str], Any]] = {
    "bool": lambda text: text == "true",
    "int": int,
    "int | None": lambda text: int(text) if text else None,
    "float": float,
    "date": date.fromisoformat,
    "date | None": lambda text: date.fromisoformat(text) if text else None,
}
"""How the text of a field is read, by the annotation of the record's field."""


def data_dir() -> Path:
    """The folder that holds the data files."""
    return shipped("data")


@cache
def shipped(folder: str) -> Path:
    """A folder that travels with the package, `"data"` or `"notebooks"`."""
    installed = _PACKAGE / folder
    return installed if installed.is_dir() else _PACKAGE.parent / folder


def data_path(name: str) -> Path:
    """The path of one data file, such as `"regions.csv"` or `"stories/first_five_minutes.yaml"`."""
    return data_dir() / name


def sample(name: str) -> Path:
    """The path of an example that travels with the package, whatever folder one works in.

    name: a story, such as `"golden_pipeline"`, or a price file, such as `"example_prices_china"`, without its ending;
        or `"shop"`, the folder of a sample account, with `inventory`, `bill` and `focus`

    Raises UnknownName for any other, with the nearest ones.

    >>> ecs.sample("golden_pipeline").name
    'golden_pipeline.yaml'
    """
    accounts = (path for path in data_path("accounts").iterdir() if path.is_dir())
    found = [*data_path("stories").rglob("*.yaml"), *data_path("examples").glob("*.csv"), *accounts]
    return look_up("sample", name, {path.stem: path for path in found})


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as text, in order."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, restval=""))


@cache
def published(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one published data file; the file is read once."""
    return tuple(read_rows(data_path(name)))


def records(kind: type[_Record], *files: str) -> Mapping[str, _Record]:
    """The rows of published files as records by their first field; read-only.

    Each field of the record is the column of its name, read as its annotation says.
    """
    rows = [row for name in files for row in published(name)]
    read = [(field.name, _reader(field.type)) for field in fields(kind)]
    return MappingProxyType({row[read[0][0]]: kind(**{name: of(row[name]) for name, of in read}) for row in rows})


def _reader(kind: Any) -> Callable[[str], Any]:
    """How a field of that annotation is read; a name that is not listed is one of a `Literal`, whose words are text."""
    if str(kind).startswith("tuple["):
        return lambda text: tuple(filter(None, text.split(";")))
    return str if kind not in _READ and str(kind).isidentifier() else _READ[kind]
