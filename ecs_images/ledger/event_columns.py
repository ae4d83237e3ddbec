"""Events as columns: a number for the kind of each, and the values of a field of all events of a kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, get_type_hints

import numpy as np

from ..units import to_seconds
from .events import KINDS, Event

_NUMBERS = {kind: number for number, kind in enumerate(KINDS.values())}


def number_of(kind: type[Event]) -> int:
    """The number of a kind of events."""
    return _NUMBERS[kind]


def kind_numbers(events: Iterable[Event]) -> np.ndarray:
    """For each event, the number of its kind."""
    return np.fromiter(map(_NUMBERS.__getitem__, map(type, events)), np.int16)


def column(kind: type[Event], name: str, events: Sequence[Event]) -> np.ndarray:
    """A field of events of a kind: int64 for whole numbers and times [s since 1970], else objects."""
    hint, values = _hints(kind)[name], map(attrgetter(name), events)
    if hint is datetime:
        return np.fromiter(map(to_seconds, values), np.int64, len(events))
    return np.fromiter(values, np.int64 if hint is int else object, len(events))


@cache
def _hints(kind: type[Event]) -> dict[str, Any]:
    return get_type_hints(kind)
