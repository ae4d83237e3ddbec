"""The data dictionary: every declared table in words.

`python -m ecs_images.dictionary` writes `data/README.md`, `data/STORIES.md` and `data/datapackage.json`; a test keeps
them as they are declared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .billing.dimensions import ANY_TAG
from .catalog.files import data_dir, data_path, published
from .catalog.schemas import FILES, TABLES
from .stories import reference
from .tables import Column, Kind, Table

_HEAD = """# Data dictionary

What the provider publishes, as the toolkit reads it, and the tables a bill is made of. This page
is written by `python -m ecs_images.dictionary`; do not edit it by hand.

Every figure is a row with its source and date. Prices are list prices; those of the china site
are in CNY, those of the international site in USD, each with its own list under `prices/`, and
nothing converts between them. `stories/` holds story files, `stories/official/` those of the
provider's own worked examples, and `examples/` price layers whose figures are **made up** and
say so, for what no source publishes. `accounts/` has a sample account: the story
of its year, and what would be saved of a real one: answers of the service in `inventory/`, its bill in `bill/`, FOCUS
rows in `focus/`.

Sources are public documentation, catalogues and repositories; only facts and figures were taken.
A later row of a price ends an earlier one. Where a source names no first day, `valid_from` is
the day it was seen (`observed`), or an `assumed` day explained in the note.
"""
_TAGS = f"And `{ANY_TAG}`: what the billed resource's tag KEY says at the end of the bill, empty where it has none.\n"


def markdown() -> str:
    """Returns the whole dictionary as Markdown."""
    sections = {
        "Files": [f"`{path}`\n\n{table.to_markdown()}" for path, table in FILES.items()],
        "Meters": [_rows("meters.csv")],
        "What a bill may be grouped by": [_rows("dimensions.csv"), _TAGS],
    }
    for row in published("tables.csv"):
        if row["table"] not in FILES:
            sections.setdefault(row["section"], []).append(TABLES[row["table"]].to_markdown())
    return "\n".join([_HEAD, *("\n".join([f"## {title}", "", *parts]) for title, parts in sections.items())])


def _rows(file: str) -> str:
    """The rows of a data file, as a table."""
    rows = published(file)
    lines = [rows[0].keys(), ["---"] * len(rows[0]), *(row.values() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def datapackage() -> str:
    """The descriptor of the data files as a Frictionless Data Package."""
    files = ((path, table) for pattern, table in FILES.items() for path in sorted(data_dir().glob(pattern)))
    package = {
        "profile": "tabular-data-package",
        "name": "ecs-images",
        "title": "Alibaba Cloud ECS images: prices, limits, rules and catalogues",
        "licenses": [{"name": "Apache-2.0", "path": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "resources": [_resource(path, table) for path, table in files],
    }
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def _resource(path: Path, table: Table) -> dict[str, Any]:
    place = path.relative_to(data_dir())
    return {
        "profile": "tabular-data-resource",
        "name": place.with_suffix("").as_posix().replace("/", "-").replace("_", "-").lower(),
        "path": place.as_posix(),
        "title": table.row,
        "encoding": "utf-8",
        "schema": {"fields": [_field(column) for column in table.columns]},
    }


_TYPES: dict[Kind, str] = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "truth": "boolean",
    "time": "datetime",
    "date": "date",
}


def _field(column: Column) -> dict[str, Any]:
    """A column as a field of a Table Schema."""
    field: dict[str, Any] = {"name": column.name, "type": _TYPES[column.kind], "description": column.meaning}
    if column.unit:
        field["unit"] = column.unit
    constraints = {"required": True} if column.required else {}
    return field | ({"constraints": constraints | ({"enum": list(column.values)} if column.values else {})})


PAGES = {"README.md": markdown, "STORIES.md": reference.markdown, "datapackage.json": datapackage}
"""The files of the data folder that are written from declarations, and what writes each."""


if __name__ == "__main__":
    for name, written in PAGES.items():
        data_path(name).write_text(written(), encoding="utf-8")
