"""The ledger: every event in order. `ledger_file` describes its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import Self, TypeVar, overload

from ..errors import InputError
from .events import Event
from .state import State

_Event = TypeVar("_Event", bound=Event)


class Ledger(Sequence[Event]):
    """Events in order of time; read-only.

    events: the events

    A cloud's ledger grows, but one that was handed out does not change. Raises InputError for events that are not
    in order of time.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._events = list(events)
        self._length = len(self._events)
        for before, event in pairwise(self._events):
            if event.at < before.at:
                raise InputError(f"an event of {event.at} cannot follow one of {before.at}")

    @classmethod
    def growing(cls, events: list[Event]) -> Self:
        """A ledger of the events that a growing list has now, without copying it; later ones do not belong to it."""
        ledger = cls.__new__(cls)
        ledger._events, ledger._length = events, len(events)
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
            return Ledger(self._events[: self._length][index])
        return self._events[range(self._length)[index]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if not self:
            return "<Ledger: empty>"
        return f"<Ledger: {len(self)} events, {self[0].at:%Y-%m-%d} to {self[-1].at:%Y-%m-%d}>"

    def of(self, *kinds: type[_Event]) -> Iterator[_Event]:
        """The events of these kinds, in order: of a large ledger, most are of a few other kinds."""
        wanted = frozenset(kinds)
        return (event for event in self if type(event) in wanted)  # type: ignore[misc]

    def replay(self) -> State:
        """The state after all events."""
        state = State()
        for event in self:
            event.apply(state)
        return state

    def save(self, path: str | Path) -> None:
        """Write the ledger to a file of format 3, replaced in one step; raises InputError where that fails."""
        from .ledger_file import write

        write(self, path)

    @classmethod
    def load(cls, path: str | Path) -> Ledger:
        """Read a ledger file of format 2 or 3.

        path: the file. If it is as this toolkit wrote it, it is trusted; an edited file is checked record by record

        Raises FileProblems, naming the record, for a file that cannot be used.
        """
        from .ledger_file import read

        return Ledger.growing(read(path))
