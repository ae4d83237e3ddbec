"""Output of the command line: tables for people or for programs.

Text from a story, a ledger or a price file is only ever shown: no control characters reach a terminal, and no
formulas a spreadsheet.
"""

from __future__ import annotations

import io
import json
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..saving import save

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console


class Format(StrEnum):
    """The form in which a table is printed."""

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
    "x_image_id": "image",
    "x_snapshot_id": "snapshot",
    "x_month": "month",
    "x_day": "day",
    "list_cost": "list cost",
    "x_stand_in_cost": "at stand-in prices",
}
# Terminal escapes, controls of the reading direction, and lone surrogates.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def visible(text: str) -> str:
    r"""Returns a text with its control characters spelled out, an escape as \x1b; line ends and tabs are kept."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


def console(*, stderr: bool = False) -> Console:
    """A console that interprets no markup, 120 characters wide where it is not a terminal."""
    from rich.console import Console

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else 120
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """Print lines for people."""
    sys.stdout.write(visible(text) + "\n")


def emit(frame: pd.DataFrame, form: Format, *, title: str = "", output: Path | None = None) -> None:
    """Print a table, or write it to a file.

    frame: the table
    form: `table` for people (numbers aligned right, costs with four decimals, no empty columns), or `csv`,
        `json` (a list of records) or `parquet` for programs
    title: a line above it, in the form for people only
    output: the file, replaced in one step; None: the standard output

    In a CSV, text that a spreadsheet would take for a formula gets an apostrophe in front. Raises InputError
    where the file cannot be written, or Parquet would go to a terminal.
    """
    if form is Format.table:
        _write(_drawn(frame, title, output), output)
    elif form is Format.json:
        emit_json(records(frame), output)
    elif form is Format.csv:
        _write(frame.map(_harmless).to_csv(index=False, lineterminator="\n"), output)
    else:
        buffer = io.BytesIO()
        try:
            frame.to_parquet(buffer, index=False)
        except ImportError:
            raise InputError("parquet needs pyarrow; install the extra: pip install 'ecs-images[parquet]'") from None
        _write(buffer.getvalue(), output)


def emit_json(value: object, output: Path | None = None) -> None:
    """Print a JSON value, or write it to a file (UTF-8); a standard output of another encoding gets ASCII."""
    ascii_only = output is None and (sys.stdout.encoding or "utf-8").lower() not in ("utf-8", "utf8")
    text = json.dumps(value, ensure_ascii=ascii_only, indent=2)
    _write(_CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n", output)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON values; times in ISO 8601, missing values as null."""
    text = frame.to_json(orient="records", date_format="iso", date_unit="s", double_precision=15)
    rows: list[dict[str, Any]] = json.loads(text or "[]")
    return rows


def _drawn(frame: pd.DataFrame, title: str, output: Path | None) -> str:
    """A table as lines of text, with bold heads where it goes to a terminal."""
    from pandas.api.types import is_numeric_dtype
    from rich.console import Console
    from rich.table import Table

    table = Table(title=visible(title) or None, title_justify="left", header_style="bold")
    shown = [name for name in frame.columns if len(frame) == 0 or (frame[name].astype(str) != "").any()]
    for name in shown:
        right = bool(is_numeric_dtype(frame[name].dtype))
        # What a row is about stands in one line; what is said of it folds. A least width would not do:
        # where the page is too narrow for all the columns, rich then cuts the last one off, text and all.
        head = _SHORT.get(str(name), str(name))
        longest = max([len(head), *frame[name].astype(str).str.len()])
        width = min(28, longest) if len(frame) and name == shown[0] and not right else None
        table.add_column(head, justify="right" if right else "left", overflow="fold", width=width)
    for row in frame[shown].itertuples(index=False):
        table.add_row(*(_cell(value, str(name)) for value, name in zip(row, shown, strict=True)))
    page = console() if output is None else Console(file=io.StringIO(), width=120, markup=False, emoji=False)
    with page.capture() as lines:
        page.print(table)
    return lines.get()


def _cell(value: object, column: str) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}" if column.endswith("cost") else f"{value:,g}"
    return visible(str(value))


def _harmless(value: object) -> object:
    """A cell that no spreadsheet evaluates: `=1+1` becomes `'=1+1`; -1 and "-1" are kept."""
    if not isinstance(value, str):
        return value
    risky = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return visible(f"'{value}" if risky else value)


def _write(content: str | bytes, output: Path | None) -> None:
    if output is not None:
        save(output, content)
    elif isinstance(content, str):
        sys.stdout.write(content)
    elif sys.stdout.isatty():
        raise InputError("parquet cannot be shown on a terminal; add --output FILE, or redirect it")
    else:
        sys.stdout.buffer.write(content)
