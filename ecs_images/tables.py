"""Declared tables: one tuple of columns makes a frame, checks it, documents it and exports it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Protocol, TypeVar, cast

from .errors import InputError, shown
from .units import BILLING_CLOCK

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
Kind = Literal["text", "integer", "number", "truth", "time", "date"]
DTYPES: dict[Kind, Any] = {
    "text": "str",
    "integer": "int64",
    "number": "float64",
    "truth": "bool",
    "time": "datetime64[s, UTC+08:00]",
    "date": "str",
}
"""The dtype of a frame's column of each kind; text that repeats may be kept as categories too."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    name: its name
    kind: the kind of its values
    unit: their unit; empty where they have none
    meaning: what they mean, for the data dictionary
    required: whether no value may be empty
    values: the only values allowed; empty where any is
    """

    name: str
    kind: Kind
    unit: str
    meaning: str
    required: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A declared table.

    name: what it is called in messages
    row: what one row of it is
    columns: its columns, in order
    """

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def frame(self, data: Iterable[tuple[object, ...]] | Mapping[str, Any] | pd.DataFrame = ()) -> pd.DataFrame:
        """A frame of this table, with the dtypes of its columns.

        data: rows, or columns by name; without any the frame is empty
        """
        import pandas as pd

        content = data if isinstance(data, Mapping | pd.DataFrame) else list(data)
        if isinstance(content, list) and not content:
            return _empty(self).copy(deep=False)
        if isinstance(content, pd.DataFrame):
            return self._of_its_kinds(content.reindex(columns=self.names))  # which copies nothing
        return self._of_its_kinds(pd.DataFrame(content, columns=self.names))

    def _of_its_kinds(self, frame: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        dtypes, changed = frame.dtypes.astype(str), {}
        for column in self.columns:
            if dtypes[column.name] not in ("category", DTYPES[column.kind]):
                values = frame[column.name]
                if column.kind == "time":
                    values = pd.to_datetime(values, utc=True).dt.tz_convert(BILLING_CLOCK)
                changed[column.name] = values.astype(DTYPES[column.kind])
        return frame.assign(**changed)

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Returns `frame` itself if it has these columns, in this order and of these kinds.

        Raises InputError otherwise, naming the columns at fault.
        """
        import pandas as pd

        if not isinstance(frame, pd.DataFrame):
            raise InputError(f"a {self.name} table is a DataFrame, not {shown(frame)}")
        if list(frame.columns) != self.names:
            missing = [name for name in self.names if name not in frame.columns]
            extra = [name for name in frame.columns if name not in self.names]
            wrong = [f"it lacks {_few(missing)}"] if missing else []
            wrong += [f"{_few(extra)} {'does' if len(extra) == 1 else 'do'} not belong to it"] if extra else []
            wrong = wrong or [f"its columns are in another order than {_few(self.names)}"]
            raise InputError(f"not a {self.name} table: {'; '.join(wrong)}")
        wrong = [
            f"{column.name} is {frame[column.name].dtype}, not {column.kind} ({DTYPES[column.kind]})"
            for column in self.columns
            if not _is_kind(frame[column.name].dtype, column.kind)
        ]
        if wrong:
            raise InputError(f"not a {self.name} table: {_few(wrong)}")
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


@cache
def _empty(table: Table) -> pd.DataFrame:
    """Built once for each table: most tables of a small account are empty, and setting 20 dtypes takes milliseconds."""
    import pandas as pd

    return table._of_its_kinds(pd.DataFrame([], columns=table.names))


class Answer(Protocol[P, R]):
    """A function that returns a declared table; `columns` says what each of its columns means."""

    columns: Mapping[str, str]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


def answers(table: Table) -> Callable[[Callable[P, R]], Answer[P, R]]:
    """Decorator: documents the columns of the table that a function returns, as `ecs.routes.columns["x_payer"]`."""

    def mark(function: Callable[P, R]) -> Answer[P, R]:
        marked = cast(Any, function)
        marked.columns = MappingProxyType(
            {column.name: column.meaning + (f" [{column.unit}]" if column.unit else "") for column in table.columns}
        )
        return cast("Answer[P, R]", marked)

    return mark


def _few(names: Sequence[object]) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - 2} more" if len(names) > 3 else ""
    return ", ".join(str(name)[:80] for name in names[: 2 if more else 3]) + more


def _is_kind(dtype: Any, kind: Kind) -> bool:
    """Whether a column of that dtype is of a kind; times may have any resolution, text may be categories."""
    if kind == "time":
        return str(dtype).startswith("datetime64[") and str(getattr(dtype, "tz", "")) == "UTC+08:00"
    if dtype == "category":
        return kind in ("text", "date") and _is_kind(dtype.categories.dtype, kind)
    return bool(str(dtype) == DTYPES[kind])
