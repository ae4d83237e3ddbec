"""The ledger: every event in order. Its files are described by `ledger_file` (lines) and `column_file` (Parquet)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import islice, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, Self, TypeVar, overload

import numpy as np

from ..errors import InputError
from ..memory import without_cycle_collector
from ..saving import path_of
from ..units import Time, parse_time
from .event_columns import AT_ONCE, EventColumns, as_column, hints, joined, kind_numbers, number_of
from .events import KINDS, Event
from .history import History
from .state import State

_Event = TypeVar("_Event", bound=Event)


class Ledger(Sequence[Event]):
    """Events in order of time; read-only.

    events: the events

    A cloud's ledger grows, but one that was handed out does not change. Raises InputError for events that are not
    in order of time.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events: Sequence[Event] = list(events)
        self._length, self._history = len(self._events), History(self._events)
        for before, event in pairwise(self._events):
            if event.at < before.at:
                raise InputError(f"an event of {event.at} cannot follow one of {before.at}")

    @classmethod
    def growing(cls, events: Sequence[Event], history: History | None = None) -> Self:
        """A ledger of the events that a growing list has now, without copying it; later ones do not belong to it.

        history: the history of that list; a new one unless given
        """
        ledger = cls.__new__(cls)
        ledger._events, ledger._length, ledger._history = events, len(events), history or History(events)
        return ledger

    def __iter__(self) -> Iterator[Event]:
        return islice(self._events, self._length)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> Ledger: ...
    def __getitem__(self, index: int | slice) -> Event | Ledger:
        if isinstance(index, slice):
            return Ledger(map(self._events.__getitem__, range(self._length)[index]))
        return self._events[range(self._length)[index]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if not self:
            return "<Ledger: empty>"
        return f"<Ledger: {len(self)} events, {self[0].at:%Y-%m-%d} to {self[-1].at:%Y-%m-%d}>"

    def of(self, *kinds: type[_Event]) -> Iterator[_Event]:
        """The events of these kinds, and of kinds that are special cases of them, in order."""
        wanted = np.isin(self._numbers, [number_of(kind) for kind in KINDS.values() if issubclass(kind, kinds)])
        return iter(self.take(np.flatnonzero(wanted)))  # type: ignore[arg-type]

    @cached_property
    def _numbers(self) -> np.ndarray:
        return self._events.numbers if isinstance(self._events, EventColumns) else kind_numbers(self)

    def take(self, places: np.ndarray) -> list[Event]:
        """The events at these places; raises IndexError where one is none of the ledger's."""
        if len(places) and not 0 <= places.min() <= places.max() < self._length:
            raise IndexError(f"places of a ledger of {self._length:,} events are 0 to {self._length - 1:,}")
        if isinstance(self._events, EventColumns):
            return self._events.take(places)
        return list(map(self._events.__getitem__, places.tolist()))

    def columns(self, kind: type[Event], *names: str) -> dict[str, Any]:
        """Fields of the events of a kind, in order, as columns.

        kind: the kind
        names: the names of the fields; whole numbers and times [s since 1970] are int64, text is `str`, all else are
            objects

        Returns the columns by name, and `place`, where each event stands in the ledger.
        """
        if isinstance(self._events, EventColumns):
            return self._events.columns(kind, names)
        places = np.flatnonzero(self._numbers == number_of(kind))
        parts: dict[str, list[Any]] = {name: [] for name in names}
        # All fields of some events, then of the next: what was fetched from memory once is still in the caches.
        for low in range(0, len(places) or 1, AT_ONCE):
            events = self.take(places[low : low + AT_ONCE])
            for name, part in parts.items():
                part.append(as_column(hints(kind)[name], map(attrgetter(name), events), len(events)))
        return {"place": places, **{name: joined(part) for name, part in parts.items()}}

    def count_until(self, when: datetime) -> int:
        """How many events happened up to a moment, those at it included."""
        return bisect_right(self._events, when, hi=self._length, key=attrgetter("at"))

    def state_at(self, when: Time) -> State:
        """What existed or had existed at a moment, after all events up to it; to be looked at only.

        when: the moment; before the first event there is nothing, after the last one everything stays as it is

        The first question about a long ledger replays it that far and keeps a state now and then, at most 32; later
        ones go on from there.

        >>> cloud.ledger.state_at("2026-01-20").images[golden].status
        'Available'
        """
        return self._history.after(self.count_until(parse_time(when, "when"))).read_only()

    @without_cycle_collector()
    def replay(self) -> State:
        """The state after all events."""
        state = State()
        for event in self:
            event.apply(state)
        return state

    def save(self, path: str | Path) -> None:
        """Write the ledger to a file of format 3, replaced in one step; raises InputError where that fails.

        path: the file; one called .parquet has the events in columns, which needs the extra `parquet`, and is loaded
            several times as fast; any other has a readable line an event
        """
        from . import column_file, ledger_file

        file = column_file if path_of(path, "a ledger").suffix == ".parquet" else ledger_file
        file.write(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a ledger file of format 2 or 3.

        path: the file, of lines or of columns. If it is as this toolkit wrote it, it is trusted; an edited file is
            checked record by record

        Raises FileProblems, naming the record, for a file that cannot be used.
        """
        from . import column_file, ledger_file

        return cls.growing((column_file if ledger_file.is_in_columns(path) else ledger_file).read(path))
