"""History: the state after any number of events, without a replay from the beginning."""

from __future__ import annotations

from collections.abc import Sequence

from ..memory import without_cycle_collector
from .events import Event
from .state import State

_APART = 1 << 14
"""A replay of so many events is no wait, and a ledger of no more keeps no states."""
_MOST = 32
"""So many states are kept at most: each has its own copy of all chains that changed since the last one."""


class History:
    """States on the way through a ledger, kept when they are first passed, from which later questions go on.

    events: they may grow at the end only, so what is kept stays right
    apart: so many events lie between two states that are kept; twice as many each time that they become too many
    """

    def __init__(self, events: Sequence[Event], apart: int = _APART) -> None:
        self._events, self._apart = events, apart
        self._kept: dict[int, State] = {}

    def fork(self, events: Sequence[Event]) -> History:
        """The history of other events that begin with these, or are the first of them."""
        twin = History(events, self._apart)
        twin._kept = {count: state for count, state in list(self._kept.items()) if count <= len(events)}
        return twin

    def after(self, count: int) -> State:
        """The state after the first `count` events; it belongs to whoever asks."""
        while len(self._events) > _MOST * self._apart:
            self._apart *= 2
            self._kept = {kept: state for kept, state in self._kept.items() if kept % self._apart == 0}
        place = max((kept for kept in list(self._kept) if kept <= count), default=0)
        state = self._kept[place].fork() if place else State()
        with without_cycle_collector():
            while place < count:
                end = min(count, (place // self._apart + 1) * self._apart)
                for event in self._events[place:end]:
                    event.apply(state)
                if end % self._apart == 0:
                    self._kept[end] = state.fork()
                place = end
        return state
