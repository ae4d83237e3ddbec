"""Events as columns: a number for the kind of each, and the values of a field of all events of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from datetime import datetime, timedelta
from functools import cache, cached_property, lru_cache
from itertools import repeat
from operator import sub
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints, overload

import numpy as np
import pandas as pd

from ..units import from_seconds
from .events import KINDS, Event

if TYPE_CHECKING:
    import pyarrow as pa

_BEGIN = from_seconds(0)
"""On the billing clock, as the times of events are: two times of one clock are subtracted at a quarter of the cost."""
_NUMBERS = {kind: number for number, kind in enumerate(KINDS.values())}
AT_ONCE = 1 << 14
"""So many events are made, or read, at a time where all are asked for one after the other."""


def number_of(kind: type[Event]) -> int:
    """The number of a kind of events."""
    return _NUMBERS[kind]


def kind_numbers(events: Iterable[Event]) -> np.ndarray:
    """For each event, the number of its kind."""
    return np.fromiter(map(_NUMBERS.__getitem__, map(type, events)), np.int16)


def as_column(hint: Any, values: Iterable[Any], count: int) -> Any:
    """Values of a type as a column: int64 for whole numbers and times [s since 1970], `str` for text, else objects."""
    if hint is str:
        return pd.array(np.fromiter(values, object, count), dtype="str")
    if hint is datetime:
        since = map(sub, values, repeat(_BEGIN))
        return np.fromiter(map(timedelta.total_seconds, since), np.float64, count).astype(np.int64)
    return np.fromiter(values, np.int64 if hint is int else object, count)


def joined(parts: Sequence[Any]) -> Any:
    """Columns of one type as one column."""
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else pd.concat(map(pd.Series, parts)).array


@cache
def hints(kind: type[Event]) -> dict[str, Any]:
    """The types of the fields of a kind of events."""
    return get_type_hints(kind)


def plain_kind(hint: Any) -> type | None:
    """What values of a type are, where they are not None: bool, int, float, str or datetime; None for all else."""
    if get_origin(hint) in (Literal, tuple):
        return str if get_origin(hint) is Literal else None
    for part in get_args(hint):  # a type or None
        if part is not type(None):
            return plain_kind(part)
    return hint if hint in (bool, int, float, str, datetime) else None


class EventColumns(Sequence[Event]):
    """Events that are kept as Arrow columns, and made when they are asked for.

    numbers: for each event, the number of its kind
    columns: for each kind of which there are events, the columns of their fields; null stands for a field's default,
        as a column does that is not there, and times are milliseconds
    of_json: what makes the text of a list or a record, and its type, into a value
    """

    def __init__(
        self,
        numbers: np.ndarray,
        columns: Mapping[type[Event], Mapping[str, pa.Array]],
        of_json: Callable[[str, Any], Any],
    ) -> None:
        self.numbers, self._columns, self._of_json = numbers, columns, of_json

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Event]:
        for first in range(0, len(self), AT_ONCE):
            yield from self.take(np.arange(first, min(first + AT_ONCE, len(self))))

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return self.take(np.array([range(len(self))[index]]))[0]

    def _places(self, kind: type[Event]) -> np.ndarray:
        return np.flatnonzero(self.numbers == number_of(kind))

    @cached_property
    def _rows(self) -> np.ndarray:
        """For each event, where it stands among those of its kind."""
        rows = np.empty(len(self), dtype=np.int32)
        for kind in self._columns:
            places = self._places(kind)
            rows[places] = np.arange(len(places))
        return rows

    def take(self, places: np.ndarray) -> list[Event]:
        """The events at these places."""
        made = np.empty(len(places), dtype=object)
        for kind in self._columns:
            where = np.flatnonzero(self.numbers[places] == number_of(kind))
            if len(where):
                made[where] = np.fromiter(self._made(kind, self._rows[places[where]]), object, len(where))
        return list(made)

    def _made(self, kind: type[Event], rows: np.ndarray) -> Iterator[Event]:
        names = [part.name for part in fields(kind)]
        columns = [self._values(kind, part, rows) for part in fields(kind)]
        return (kind(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True))

    def _values(self, kind: type[Event], part: Field[Any], rows: np.ndarray) -> Sequence[Any]:
        """The values of a field of some events of a kind, as their objects have them."""
        default = None if part.default is MISSING else part.default
        if part.name not in self._columns[kind]:
            return [default] * len(rows)
        hint = hints(kind)[part.name]
        column, plain = self._columns[kind][part.name].take(rows), plain_kind(hint)
        if plain is datetime:
            return [None if at is None else _moment(at // 1000) for at in column.cast("int64").to_pylist()]
        values: list[Any] = column.to_pylist()
        if plain is None:
            values = [None if text is None else self._of_json(text, hint) for text in values]
        return values if default is None else [default if value is None else value for value in values]

    def columns(self, kind: type[Event], names: Iterable[str]) -> dict[str, Any]:
        """Fields of the events of a kind, as `Ledger.columns` says."""
        found = {"place": self._places(kind)}
        parts = {part.name: part for part in fields(kind)}
        for part in map(parts.__getitem__, names):
            hint, column = hints(kind)[part.name], self._columns.get(kind, {}).get(part.name)
            if column is None or column.null_count or hint not in (int, str, datetime):
                count = len(found["place"])
                values = self._values(kind, part, np.arange(count)) if count else ()
                found[part.name] = as_column(hint, values, count)
            elif hint is str:
                found[part.name] = pd.array(column, dtype="str")
            else:
                numbers = column.cast("int64").to_numpy()
                found[part.name] = numbers // 1000 if hint is datetime else numbers
        return found


@lru_cache(maxsize=1_000)
def _moment(seconds: int) -> datetime:
    """A time; neighbouring events share theirs."""
    return from_seconds(seconds)
