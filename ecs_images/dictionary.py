"""The data dictionary: every declared table in words.

`python -m ecs_images.dictionary` writes `data/README.md`, `data/STORIES.md` and `data/datapackage.json`; a test keeps
them as they are declared.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .accounts.allocation import ALLOCATED, COSTS
from .accounts.bill_lines import BILL_LINES
from .accounts.cleaning import DECISIONS, STEPS
from .accounts.costs import MONTH_SO_FAR, NOT_BILLED
from .accounts.findings import FINDINGS
from .accounts.held import HELD
from .accounts.reconcile import CAUSES_TABLE, RECONCILIATION
from .billing import dimensions
from .billing.amounts import AMOUNTS
from .billing.compare import COMPARISON
from .billing.focus import FOCUS
from .billing.invoice import INVOICE
from .billing.levels import LEVELS
from .billing.schema import CHARGES, USAGE
from .catalog import meters
from .catalog.files import data_dir, data_path
from .catalog.listing import CHANGED_RULES, IMAGES, INSTANCE_TYPES, PRODUCTS
from .catalog.schemas import FILES
from .decisions.breakeven import COSTS_TABLE, SURFACE_TABLE
from .decisions.plan import PLAN_TABLE
from .decisions.routes import FRAME_TABLE, ROUTES_TABLE
from .ledger.chains import BLOCK_MAP
from .ledger.lifecycle import LIFECYCLE
from .ledger.lineage import LINEAGE
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


def markdown() -> str:
    """Returns the whole dictionary as Markdown."""
    catalogue = IMAGES, INSTANCE_TYPES, PRODUCTS, CHANGED_RULES
    bill = USAGE, LEVELS, CHARGES, INVOICE, AMOUNTS, COMPARISON, FOCUS
    answers = ALLOCATED, COSTS, MONTH_SO_FAR, NOT_BILLED, FINDINGS, DECISIONS, STEPS, HELD
    real = *answers, BILL_LINES, RECONCILIATION, CAUSES_TABLE
    other = BLOCK_MAP, LIFECYCLE, LINEAGE, ROUTES_TABLE, FRAME_TABLE, PLAN_TABLE, COSTS_TABLE, SURFACE_TABLE
    sections = {
        "Files": [f"`{path}`\n\n{table.to_markdown()}" for path, table in FILES.items()],
        "Meters": [meters.markdown()],
        "What a bill may be grouped by": [dimensions.markdown()],
        "Tables of the catalogue": [table.to_markdown() for table in catalogue],
        "Tables of a bill": [table.to_markdown() for table in bill],
        "Tables of a real account": [table.to_markdown() for table in real],
        "Tables of a cloud and of decisions": [table.to_markdown() for table in other],
    }
    return "\n".join([_HEAD, *("\n".join([f"## {title}", "", *parts]) for title, parts in sections.items())])


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
