"""The declared columns of every table: of the data files, and of what the toolkit answers.

They are rows of data too: `tables.csv` says what a row of each table is, `columns.csv` what its columns are;
`data/README.md` is written from them. Columns that several tables have stand there once, under a name such as `*key`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import cast

from ..tables import Column, Kind, Table
from .files import published

_ROWS: dict[str, list[dict[str, str]]] = {}
for _row in published("columns.csv"):
    _ROWS.setdefault(_row["table"], []).append(_row)


def _columns(table: str) -> Iterator[Column]:
    for row in _ROWS[table]:
        if row["column"].startswith("*"):
            yield from _columns(row["column"])
            continue
        yield Column(
            row["column"],
            cast(Kind, row["kind"]),
            row["unit"],
            row["meaning"],
            required=row["required"] == "true",
            values=tuple(row["values"].split(";")) if row["values"] else (),
        )


def _table(name: str, row: str) -> Table:
    words = name.split("/")[0].removesuffix(".csv").replace("_", " ")
    return Table(words, row, tuple(_columns(name)))


TABLES: Mapping[str, Table] = MappingProxyType(
    {row["table"]: _table(row["table"], row["row"]) for row in published("tables.csv")}
)
"""Every table by its name; that of a data file is its path below `data/`."""
_FILES = {name: table for name, table in TABLES.items() if name.endswith(".csv")}
FILES: Mapping[str, Table] = MappingProxyType(_FILES | {"examples/*.csv": _FILES["prices/*/*.csv"]})
"""The table of each data file; price files are many, of one form."""
