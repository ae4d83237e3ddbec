"""How the command line shows a table: for people, or for programs."""

from __future__ import annotations

import io
import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table


class Format(StrEnum):
    """How to print a table."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


_SHORT = {
    "billing_account_id": "account",
    "billing_currency": "currency",
    "region_id": "region",
    "sku_meter": "meter",
    "x_item": "item",
    "x_month": "month",
    "x_day": "day",
    "list_cost": "list cost",
}


def console(*, stderr: bool = False) -> Console:
    """A console that is wide enough for a table when it is no terminal."""
    from rich.console import Console

    class Quiet(Console):
        """A console that ends well when whoever reads it has stopped."""

        def on_broken_pipe(self) -> None:
            self.quiet = True
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, sys.stdout.fileno())
            raise SystemExit(0)

    stream = sys.stderr if stderr else sys.stdout
    return Quiet(stderr=stderr, width=None if stream.isatty() else 120, highlight=False)


def emit(frame: pd.DataFrame, form: Format, *, title: str = "", output: Path | None = None) -> None:
    """Print a table in a format, or write it to a file."""
    if form is Format.table:
        _emit_table(frame, title, output)
        return
    if form is Format.parquet:
        buffer = io.BytesIO()
        try:
            frame.to_parquet(buffer, index=False)
        except ImportError:
            raise InputError("parquet needs pyarrow; install the extra: pip install 'ecs-images[parquet]'") from None
        _write_bytes(buffer.getvalue(), output)
    elif form is Format.json:
        _write_text(json.dumps(records(frame), ensure_ascii=False, indent=2) + "\n", output)
    else:
        _write_text(frame.to_csv(index=False, lineterminator="\n"), output)


def emit_json(value: dict[str, Any], output: Path | None = None) -> None:
    """Print a JSON object, or write it to a file."""
    _write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", output)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON values; times in ISO 8601, nothing as null."""
    text = frame.to_json(orient="records", date_format="iso", date_unit="s", double_precision=15)
    found: list[dict[str, Any]] = json.loads(text or "[]")
    return found


def _emit_table(frame: pd.DataFrame, title: str, output: Path | None) -> None:
    if output is None:
        print_table(frame, title)
        return
    from rich.console import Console

    page = Console(file=io.StringIO(), width=120)
    page.print(_table(frame, title))
    _write_text(page.file.getvalue(), output)  # type: ignore[attr-defined]


def print_table(frame: pd.DataFrame, title: str = "") -> None:
    """A table for people: numbers to the right, costs with four decimals, no empty columns."""
    console().print(_table(frame, title))


def _table(frame: pd.DataFrame, title: str) -> Table:
    from pandas.api.types import is_numeric_dtype
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title) or None, title_justify="left", header_style="bold")
    shown = [name for name in frame.columns if len(frame) == 0 or (frame[name].astype(str) != "").any()]
    for name in shown:
        right = bool(is_numeric_dtype(frame[name].dtype))
        table.add_column(_SHORT.get(str(name), str(name)), justify="right" if right else "left", overflow="fold")
    for row in frame[shown].itertuples(index=False):
        table.add_row(*(_cell(value, str(name)) for value, name in zip(row, shown, strict=True)))
    return table


def _cell(value: object, column: str) -> str:
    from rich.markup import escape

    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}" if column.endswith("cost") else f"{value:,g}"
    return escape(str(value))


def _write_text(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        _to_file(output, text.encode())


def _write_bytes(content: bytes, output: Path | None) -> None:
    if output is not None:
        _to_file(output, content)
    elif sys.stdout.isatty():
        raise InputError("parquet is not for a terminal; add --output FILE, or send it to a file or program")
    else:
        sys.stdout.buffer.write(content)


def _to_file(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
