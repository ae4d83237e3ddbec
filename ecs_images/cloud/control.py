"""The control plane: the clock, the events so far, and the state that they lead to.

A command first checks everything and raises a `CloudError`, or else hands its events to
`record`. Nothing else adds events, so a refused command changes nothing.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from heapq import heapify, heappop, heappush
from threading import RLock
from typing import get_args

from ..catalog.limits import duration_seconds
from ..ledger.automatic import is_needed
from ..ledger.events import (
    DiskReleased,
    Event,
    ImageDeleted,
    ImageFailed,
    SnapshotDeleted,
    SnapshotModified,
    SnapshotStarted,
)
from ..ledger.history import History
from ..ledger.ledger import Ledger
from ..ledger.resources import Durations
from ..ledger.state import ID_PREFIXES, State
from ..units import bytes_to_gib

DURATIONS: tuple[Durations, ...] = get_args(Durations)


class Control:
    """State, events and clock of one simulated cloud.

    `lock` is held by whoever gives a command or moves the clock, so that threads wait for each other.
    """

    def __init__(self, events: list[Event], state: State, now: datetime, history: History | None = None) -> None:
        self._events, self.state, self.now = events, state, now
        self._history = history or History(events)
        self.lock = RLock()
        state.index.build()
        # Ends of retention to look at, earliest first. One that an image or a disk holds up is left out when its
        # time comes, and comes back, already over, when the image or the disk goes.
        self._ends = [(until, name) for name, until in state.expiring.items()]
        heapify(self._ends)
        # Moments at which work under way is due, earliest first, also of work that was given up since.
        self._dues = sorted(set(state.pending.values()))

    def fork(self) -> Control:
        """An independent control plane with the same past."""
        with self.lock:
            events = list(self._events)
            return Control(events, self.state.fork(), self.now, self._history.fork(events))

    def as_of(self, moment: datetime) -> Control:
        """An independent control plane as this one was at a moment."""
        with self.lock:
            events = self._events[: self.ledger.count_until(moment)]
            is_present = len(events) == len(self._events)
            state = self.state.fork() if is_present else self._history.after(len(events))
            return Control(events, state, moment, self._history.fork(events))

    @property
    def ledger(self) -> Ledger:
        """What has happened up to now."""
        return Ledger.growing(self._events, self._history)

    @property
    def today(self) -> date:
        return self.now.date()

    def record(self, *events: Event) -> None:
        """Let events happen: the only way in."""
        for event in events:
            event.apply(self.state)
            self._events.append(event)
            due = getattr(event, "finishes_at", None)
            if due is not None and due > event.at:
                heappush(self._dues, due)
            if not self.state.expiring:  # so in most clouds; asking an event for its kind takes longer
                continue
            for snapshot in _retention_to_look_at(event, self.state):
                if snapshot in self.state.expiring:
                    heappush(self._ends, (self.state.expiring[snapshot], snapshot))

    @property
    def next_due(self) -> datetime | None:
        """When work under way is to be finished next."""
        while self._dues and not self.state.index.pending.of("due", self._dues[0]):
            heappop(self._dues)
        return self._dues[0] if self._dues else None

    @property
    def next_end(self) -> datetime | None:
        """When an end of retention is to be looked at next."""
        return self._ends[0][0] if self._ends else None

    def end_retention(self) -> None:
        """Delete snapshots whose retention is over, unless an image or a disk still needs them (SNAP-7, SNAP-9)."""
        while self._ends and self._ends[0][0] <= self.now:
            until, snapshot = heappop(self._ends)
            if self.state.expiring.get(snapshot) == until and not is_needed(self.state, snapshot):
                self.record(SnapshotDeleted(at=self.now, snapshot=snapshot))

    # Ids and time -------------------------------------------------------------------

    def new_ids(self, kind: str, count: int) -> list[str]:
        """Ids the next resources of a kind will get; used up only when an event carries them."""
        prefix = ID_PREFIXES[kind]
        last = self.state.last_numbers.get(prefix, 0)
        return [f"{prefix}-{last + n:08d}" for n in range(1, count + 1)]

    def done_at(self, task: str, stored_bytes: int = 0) -> datetime:
        """When a task that begins now is done: now, or after its typical duration (CREATE-13)."""
        if self.state.durations == "instant":
            return self.now
        fixed, per_gib = duration_seconds(task)
        return self.now + timedelta(seconds=-(-(fixed + per_gib * bytes_to_gib(stored_bytes)) // 1))

    def blocks(self, gib: float) -> int:
        """Whole blocks that a written size takes; a part of a block takes all of it."""
        return -(-round(gib * (1 << 30)) // self.state.block_bytes)


def _retention_to_look_at(event: Event, state: State) -> tuple[str, ...]:
    """The snapshots whose retention an event begins or changes, or no longer holds up."""
    match event:
        case SnapshotStarted() | SnapshotModified():
            return (event.snapshot,)
        case ImageDeleted() | ImageFailed():
            return state.images[event.image].snapshots
        case DiskReleased():
            return (state.disks[event.disk].snapshot or "",)
    return ()
