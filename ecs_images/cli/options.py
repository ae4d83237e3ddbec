"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .output import Format

Layers = Annotated[
    list[Path] | None,
    typer.Option("--prices", help="a price file of your own over the published book; may be repeated"),
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="a value of a parameter of the story, such as keep=8; may be repeated")
]
Form = Annotated[
    Format | None, typer.Option("--format", help="how to print; default: as the file's name ends, or a table")
]
File = Annotated[
    Path | None, typer.Option("--output", "-o", help="write to this file: .csv, .json, .md, .html, .parquet or .xlsx")
]
Site = Annotated[
    str | None, typer.Option(help="of a folder: china or international, which decides its prices; default: china")
]
Rounded = Annotated[bool, typer.Option("--round", help="money to four decimals in a file, as it is on the screen")]
ByteOrderMark = Annotated[bool, typer.Option("--bom", help="begin a CSV as spreadsheets on Windows want it")]
StandIns = Annotated[
    str | None, typer.Option("--assume-prices", help="nearest: where a price is missing, the nearest region's")
]
Meters = Annotated[
    str | None, typer.Option("--meters", help="also bill machines: disk, instance or all; default: as the story says")
]
Until = Annotated[str | None, typer.Option(help="bill up to this time, taken to the next full hour")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="only the table: no totals, assumptions or notes")]
