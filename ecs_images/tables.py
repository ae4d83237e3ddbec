"""Declared tables: one tuple of columns checks a frame, documents it and exports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column: its name, its kind (text, integer, number, truth, time, date), unit and meaning.

    `required` columns may not be empty; `values`, where given, are the only ones allowed.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table's name, what one row of it is, and its columns."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """`frame` itself, when it has these columns in this order; raises InputError otherwise."""
        if list(frame.columns) != self.names:
            missing = [name for name in self.names if name not in frame.columns]
            extra = [name for name in frame.columns if name not in self.names]
            raise InputError(
                f"not a {self.name} table: missing columns {missing or 'none'}, "
                f"unexpected columns {extra or 'none'}, expected order {self.names}"
            )
        return frame

    def to_markdown(self) -> str:
        """The table's page of the data dictionary."""
        lines = [f"### {self.name}", "", f"One row: {self.row}", ""]
        lines += ["| column | kind | unit | meaning |", "|---|---|---|---|"]
        for column in self.columns:
            kind = column.kind + (" (required)" if column.required else "")
            meaning = column.meaning
            if column.values:
                meaning += f" One of: {', '.join(column.values)}."
            lines.append(f"| {column.name} | {kind} | {column.unit} | {meaning} |")
        return "\n".join(lines) + "\n"
