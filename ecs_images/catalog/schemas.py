"""The declared columns of every data file; `data/README.md` is written from them.

They are rows of data too: `files.csv` says what a row of each file is, `columns.csv` what its columns are.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from ..tables import Column, Kind, Table
from .files import published


def _columns(file: str) -> tuple[Column, ...]:
    return tuple(
        Column(
            row["column"],
            cast(Kind, row["kind"]),
            row["unit"],
            row["meaning"],
            required=row["required"] == "true",
            values=tuple(row["values"].split(";")) if row["values"] else (),
        )
        for row in published("columns.csv")
        if row["file"] == file
    )


_FILES = {
    row["file"]: Table(
        row["file"].split("/")[0].removesuffix(".csv").replace("_", " "), row["row"], _columns(row["file"])
    )
    for row in published("files.csv")
}
FILES: Mapping[str, Table] = MappingProxyType(_FILES | {"examples/*.csv": _FILES["prices/*/*.csv"]})
"""The table of each data file, by its path below `data/`; price files are many, of one form."""
