"""Output of the command line: tables for people or for programs, on the screen or in a file.

Text from a story, a ledger or a price file is only ever shown: no control characters reach a terminal, and no
formulas a spreadsheet.
"""

from __future__ import annotations

import html
import io
import json
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, UnknownName
from ..saving import save
from .drawing import CONTROL, cell, drawn, drawn_texts, filled, heading, visible

if TYPE_CHECKING:
    import pandas as pd


class Format(StrEnum):
    """The form in which a table is printed or written."""

    table = "table"
    csv = "csv"
    json = "json"
    md = "md"
    html = "html"
    parquet = "parquet"
    xlsx = "xlsx"
    focus_csv = "focus-csv"
    focus_parquet = "focus-parquet"


FOCUS_FORMS = {Format.focus_csv: Format.csv, Format.focus_parquet: Format.parquet}
"""The forms in which a bill has the columns of FOCUS, and the plain form of their files."""
PICTURES = (".png", ".svg", ".pdf")
_ENDINGS = {f".{form}": form for form in Format if form is not Format.table and form not in FOCUS_FORMS} | {
    ".markdown": Format.md,
    ".htm": Format.html,
}
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Output:
    """Where and in which form a command prints.

    form: the form
    path: the file, replaced in one step; None: the standard output
    rounded: whether money has the four decimals that people see, also in a file
    bom: whether a CSV begins with a byte order mark
    """

    form: Format
    path: Path | None = None
    rounded: bool = False
    bom: bool = False

    @classmethod
    def of(cls, form: Format | None, path: Path | None, *, rounded: bool = False, bom: bool = False) -> Output:
        """The output that options ask for: without a form, that of the file's ending, or a table on the screen.

        Raises UnknownName for an ending that names no form, and InputError for `bom` without a CSV and for the
        columns of FOCUS, which only a bill has.
        """
        if form in FOCUS_FORMS:
            raise InputError(f"--format {form} is for ecs-images bill, and goes without --by, --invoice and --explain")
        if form is None and path is not None:
            ending = path.suffix.lower()
            if ending not in _ENDINGS:
                raise UnknownName(
                    "ending of an output file", ending or path.name, _ENDINGS, f"one of {', '.join(_ENDINGS)}"
                )
            form = _ENDINGS[ending]
        if bom and form is not Format.csv:
            raise InputError("--bom is the beginning of a CSV; add --format csv or -o FILE.csv")
        return cls(form or Format.table, path, rounded, bom)

    @property
    def for_people(self) -> bool:
        """Whether sentences about a table may stand beside it: it is drawn on the screen, or goes to a file."""
        return self.path is not None or self.form is Format.table

    def table(self, frame: pd.DataFrame, title: str = "", *, drawn_as: pd.DataFrame | None = None) -> None:
        """Print a table, or write it to the file.

        frame: the table
        title: a line above it, in the forms for people only
        drawn_as: what of it is drawn for people, where a screen has no room for the whole; None: all

        In a CSV or a workbook, text that a spreadsheet would take for a formula gets an apostrophe in front. Raises
        InputError where the file cannot be written, a library is missing, or bytes would go to a terminal.
        """
        if self.rounded and self.form is not Format.table:
            frame = frame.round(
                {name: 4 for name in frame if str(name).endswith(("cost", "_before", "_after", "_change"))}
            )
        match self.form:
            case Format.table:
                content: str | bytes = drawn(
                    frame if drawn_as is None else drawn_as, title, to_file=self.path is not None
                )
            case Format.json:
                return self.json(records(frame))
            case Format.csv:
                content = frame.map(_harmless).to_csv(index=False, lineterminator="\n")
                content = "\ufeff" + content if self.bom else content
            case Format.md:
                content = _markdown(frame, title)
            case Format.html:
                content = html_table(frame, title)
            case Format.parquet | Format.xlsx:
                content = _workbook(frame) if self.form is Format.xlsx else _parquet(frame)
        self._write(content, _counted(len(frame)))

    def texts(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Draw a table of texts for people, as `table` does, without its empty columns."""
        shown = [place for place in range(len(heads)) if not rows or any(row[place] for row in rows)]
        lines = [[visible(row[place]) for place in shown] for row in rows]
        names = [heading(heads[place]) for place in shown]
        content = drawn_texts(names, lines, [False] * len(shown), "", to_file=self.path is not None)
        self._write(content, _counted(len(rows)))

    def json(self, value: object) -> None:
        """Print a JSON value, or write it to the file (UTF-8); a standard output of another encoding gets ASCII."""
        ascii_only = self.path is None and (sys.stdout.encoding or "utf-8").lower() not in ("utf-8", "utf8")
        text = json.dumps(value, ensure_ascii=ascii_only, indent=2)
        self._write(CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n", "JSON")

    def text(self, content: str) -> None:
        """Print a text that is no table, such as an explanation, or write it to the file."""
        self._write(content if self.path else filled(visible(content)) + "\n", "text")

    def _write(self, content: str | bytes, what: str) -> None:
        if self.path is not None:
            save(self.path, content)
            with suppress(OSError):  # who closed the output, or filled it, has the file all the same
                say(f"wrote {self.path} ({what})")
        elif isinstance(content, str):
            sys.stdout.write(content)
        elif sys.stdout.isatty():
            raise InputError(f"{self.form} cannot be shown on a terminal; add -o FILE.{self.form}, or redirect it")
        else:
            sys.stdout.buffer.write(content)


def _counted(rows: int) -> str:
    return f"{rows} row{'s' if rows != 1 else ''}"


def say(text: str) -> None:
    """Print lines for people."""
    sys.stdout.write(filled(visible(text)) + "\n")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON values; times in ISO 8601, missing values as null."""
    text = frame.to_json(orient="records", date_format="iso", date_unit="s", double_precision=15)
    rows: list[dict[str, Any]] = json.loads(text or "[]")
    return rows


def _harmless(value: object) -> object:
    """A cell that no spreadsheet evaluates: `=1+1` becomes `'=1+1`; -1 and "-1" are kept."""
    if not isinstance(value, str):
        return value
    risky = _FORMULA.match(value) and not _NUMBER.fullmatch(value)
    return visible(f"'{value}" if risky else value)


def _markdown(frame: pd.DataFrame, title: str) -> str:
    """A table of Markdown, as GitHub draws it; numbers are aligned right."""
    lines = [[heading(name) for name in frame], ["---:" if frame[name].dtype.kind in "if" else "---" for name in frame]]
    lines += [
        [cell(value, str(name)) for value, name in zip(row, frame, strict=True)]
        for row in frame.itertuples(index=False)
    ]
    safe = [[html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ") for text in line] for line in lines]
    head = f"**{html.escape(title, quote=False)}**\n\n" if title else ""
    return head + "".join(f"| {' | '.join(line)} |\n" for line in safe)


def html_table(frame: pd.DataFrame, title: str) -> str:
    """A table of HTML; money as on the screen."""
    shown = frame.rename(columns=heading)
    for name, head in zip(frame, shown, strict=True):
        shown[head] = [cell(value, str(name)) for value in frame[name]]
    caption = f"<caption>{html.escape(visible(title))}</caption>" if title else ""
    return shown.to_html(index=False, border=0).replace("<thead>", f"{caption}<thead>", 1) + "\n"


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError:
        raise InputError("parquet needs pyarrow; install the extra: pip install 'ecs-images[parquet]'") from None
    return buffer.getvalue()


def _workbook(frame: pd.DataFrame) -> bytes:
    """A workbook of one sheet; times, which a sheet keeps without a zone, are texts."""
    buffer = io.BytesIO()
    frame = frame.map(lambda value: value.isoformat() if hasattr(value, "isoformat") else _harmless(value))
    try:
        frame.to_excel(buffer, index=False)
    except ImportError:
        raise InputError("a workbook needs openpyxl; install the extra: pip install 'ecs-images[excel]'") from None
    return buffer.getvalue()
