"""Work that makes many objects and no cycles, without Python's search for cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_cycle_collector() -> Iterator[None]:
    """Pause Python's search for objects that only each other hold.

    The search walks all events and steps that are alive, again and again while they become more. Reading and running
    a story or replaying a ledger makes none of what it looks for.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
