"""Events as columns: a number for the kind of each, and the values of a field of all events of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from datetime import datetime, timedelta
from functools import cache, lru_cache
from itertools import repeat
from operator import sub
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints, overload

import numpy as np

from ..units import from_seconds
from .events import KINDS, Event

if TYPE_CHECKING:
    import pyarrow as pa

_BEGIN = from_seconds(0)
"""On the billing clock, as the times of events are: two times of one clock are subtracted at a quarter of the cost."""
_NUMBERS = {kind: number for number, kind in enumerate(KINDS.values())}
_AT_ONCE = 1 << 14
"""So many events are made at a time where all are asked for one after the other."""


def number_of(kind: type[Event]) -> int:
    """The number of a kind of events."""
    return _NUMBERS[kind]


def kind_numbers(events: Iterable[Event]) -> np.ndarray:
    """For each event, the number of its kind."""
    return np.fromiter(map(_NUMBERS.__getitem__, map(type, events)), np.int16)


def as_column(hint: Any, values: Iterable[Any], count: int) -> np.ndarray:
    """Values of a type as a column: int64 for whole numbers and times [s since 1970], else objects."""
    if hint is datetime:
        since = map(sub, values, repeat(_BEGIN))
        return np.fromiter(map(timedelta.total_seconds, since), np.float64, count).astype(np.int64)
    return np.fromiter(values, np.int64 if hint is int else object, count)


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
    columns: for all fields of a name, a column; null stands for a field's default, and times are milliseconds
    of_json: what makes the text of a list or a record, and its type, into a value
    """

    def __init__(
        self, numbers: np.ndarray, columns: Mapping[str, pa.Array], of_json: Callable[[str, Any], Any]
    ) -> None:
        self.numbers, self._columns, self._of_json = numbers, columns, of_json

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[Event]:
        for first in range(0, len(self), _AT_ONCE):
            yield from self.take(np.arange(first, min(first + _AT_ONCE, len(self))))

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        return self.take(np.array([range(len(self))[index]]))[0]

    def take(self, places: np.ndarray) -> list[Event]:
        """The events at these places."""
        made = np.empty(len(places), dtype=object)
        for kind in KINDS.values():
            where = np.flatnonzero(self.numbers[places] == number_of(kind))
            if len(where):
                made[where] = np.fromiter(self._made(kind, places[where]), object, len(where))
        return list(made)

    def _made(self, kind: type[Event], places: np.ndarray) -> Iterator[Event]:
        names = [part.name for part in fields(kind)]
        columns = [self._values(part, hints(kind)[part.name], places) for part in fields(kind)]
        return (kind(**dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True))

    def _values(self, part: Field[Any], hint: Any, places: np.ndarray) -> Sequence[Any]:
        """The values of a field of events of a kind, as their objects have them."""
        default = None if part.default is MISSING else part.default
        if part.name not in self._columns:
            return [default] * len(places)
        column, plain = self._columns[part.name].take(places), plain_kind(hint)
        if plain is datetime:
            return [None if at is None else _moment(at // 1000) for at in column.cast("int64").to_pylist()]
        values: list[Any] = column.to_pylist()
        if plain is None:
            values = [None if text is None else self._of_json(text, hint) for text in values]
        return values if default is None else [default if value is None else value for value in values]

    def columns(self, kind: type[Event], names: Iterable[str]) -> dict[str, np.ndarray]:
        """Fields of the events of a kind, as `Ledger.columns` says."""
        places = np.flatnonzero(self.numbers == number_of(kind))
        found = {"place": places}
        parts = {part.name: part for part in fields(kind)}
        for part in map(parts.__getitem__, names):
            hint = hints(kind)[part.name]
            column = self._columns[part.name].take(places) if part.name in self._columns else None
            if column is not None and hint is str and not column.null_count:
                texts = column.dictionary_encode()  # so that equal ones are in memory once
                found[part.name] = texts.dictionary.to_numpy(zero_copy_only=False)[texts.indices.to_numpy()]
            elif column is not None and hint in (int, datetime) and not column.null_count:
                values = column.cast("int64").to_numpy()
                found[part.name] = values // 1000 if hint is datetime else values
            else:
                found[part.name] = as_column(hint, self._values(part, hint, places), len(places))
        return found


@lru_cache(maxsize=1_000)
def _moment(seconds: int) -> datetime:
    """A time; neighbouring events share theirs."""
    return from_seconds(seconds)
