"""What the cloud looks like after its events: only `apply` changes a `State`.

Replaying a ledger's events in order rebuilds the state exactly.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from . import effects
from . import events as ev
from .existing import State as State


def replay(events: Iterable[ev.Event]) -> State:
    """The state after these events."""
    state = State()
    with _cycle_search_paused():
        for event in events:
            apply(state, event)
    return state


@contextmanager
def _cycle_search_paused() -> Iterator[None]:
    """Records hold no cycles, and searching a large ledger for some takes a third of a replay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def apply(state: State, event: ev.Event) -> None:
    """Let one event happen to the state."""
    _MEANING[type(event)](state, event)


_MEANING: dict[type, Callable[[State, Any], None]] = {
    ev.CloudStarted: effects.cloud_started,
    ev.AccountOpened: effects.account_opened,
    ev.DiskCreated: effects.disk_created,
    ev.DiskWritten: effects.disk_written,
    ev.DiskReinitialised: effects.disk_reinitialised,
    ev.DiskReleased: effects.disk_released,
    ev.InstanceLaunched: effects.instance_launched,
    ev.InstanceStopped: effects.instance_stopped,
    ev.InstanceStarted: effects.instance_started,
    ev.InstanceReleased: effects.instance_released,
    ev.SystemDiskReplacementStarted: effects.replacement_started,
    ev.SystemDiskReplaced: effects.system_disk_replaced,
    ev.SnapshotStarted: effects.snapshot_started,
    ev.SnapshotStored: effects.snapshot_stored,
    ev.SnapshotCopied: effects.snapshot_copied,
    ev.SnapshotFinished: effects.snapshot_finished,
    ev.SnapshotFailed: effects.snapshot_failed,
    ev.SnapshotDeleted: effects.snapshot_deleted,
    ev.ImageCreated: effects.image_created,
    ev.ImageCopyStarted: effects.image_copy_started,
    ev.ImageFinished: effects.image_finished,
    ev.ImageFailed: effects.image_failed,
    ev.ImageExported: effects.image_exported,
    ev.FilesReplicated: effects.files_replicated,
    ev.FilesFinished: effects.files_finished,
    ev.FilesDeleted: effects.files_deleted,
    ev.ImageShared: effects.image_shared,
    ev.ImageUnshared: effects.image_unshared,
    ev.ImagePublished: effects.image_published,
    ev.ImageUnpublished: effects.image_unpublished,
    ev.ImageModified: effects.image_modified,
    ev.ImageDeleted: effects.image_deleted,
}
