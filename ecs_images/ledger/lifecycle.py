"""The lives of images and snapshots as a table: their status over time, and what was done to them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from ..catalog.schemas import TABLES
from . import events as ev
from .events import Event
from .ledger import Ledger
from .resources import Image, Snapshot
from .state import State

LIFECYCLE = TABLES["lifecycle"]


def lifecycle(ledger: Ledger, until: datetime) -> pd.DataFrame:
    """The status of every image and snapshot over time, and what was done to them.

    ledger: the events
    until: the end of the table

    Returns a `LIFECYCLE` table: each image is followed by the snapshots behind it, which outlive it (DEL-5);
    snapshots without an image come last. Deleted ones are included; spans of no length are not.
    """
    state = State()
    spans: dict[str, list[tuple[str, datetime, datetime | None]]] = {}
    marks: dict[str, list[tuple[str, str, datetime]]] = {}
    for event in ledger:
        event.apply(state)
        what = type(event)
        if what in _TOUCHED:
            name = getattr(event, _TOUCHED[what])
            past, status = spans.setdefault(name, []), _status(state, name)
            goes_on = bool(past) and past[-1][2] is None
            if not goes_on or past[-1][0] != status:
                if goes_on:
                    past[-1] = (*past[-1][:2], event.at)
                if status:
                    past.append((status, event.at, None))
        if what in _MARKS and not (isinstance(event, ev.ImageCreated) and not _is_copy(event, state)):
            of, deed, detail = _MARKS[what]
            mark = deed, getattr(event, detail) if detail else "", event.at
            marks.setdefault(getattr(event, of), []).append(mark)
    rows = []
    for name, image in _images_with_snapshots(state).items():
        resource = _resource(state, name)
        kind = "image" if name in state.images else "snapshot"
        who = name, kind, resource.name, image, resource.account, resource.region
        for status, start, end in spans[name]:
            last = until if end is None else end
            if start < last:
                rows.append((*who, "span", status, "", start, last, end is None))
        rows += [(*who, "mark", what, detail, at, at, False) for what, detail, at in marks.get(name, ())]
    return LIFECYCLE.frame(rows)


# By type, and not by matching each event with all of these: of a long ledger few events concern one of them.
_TOUCHED: dict[type[Event], str] = {
    **dict.fromkeys((ev.ImageCreated, ev.ImageCopyStarted, ev.ImageFinished, ev.ImageFailed), "image"),
    **dict.fromkeys((ev.ImageModified, ev.ImageDeleted), "image"),
    **dict.fromkeys((ev.SnapshotStarted, ev.SnapshotStored, ev.SnapshotSeen, ev.SnapshotCopied), "snapshot"),
    **dict.fromkeys((ev.SnapshotFinished, ev.SnapshotFailed, ev.SnapshotDeleted), "snapshot"),
}
"""Events that may change a status, with the field that says whose."""
_MARKS: dict[type[Event], tuple[str, str, str]] = {
    ev.ImageCreated: ("source", "copied", "region"),
    ev.SnapshotCopied: ("source", "copied", "to"),
    ev.ImageShared: ("image", "shared", "account"),
    ev.ImageUnshared: ("image", "unshared", "account"),
    ev.ImagePublished: ("image", "published", ""),
    ev.ImageUnpublished: ("image", "unpublished", ""),
    ev.ImageDeleted: ("image", "deleted", ""),
    ev.SnapshotDeleted: ("snapshot", "deleted", ""),
}
"""Events that are marks: the field that says of what, what was done, and the field of the other account or region."""


def _is_copy(event: ev.ImageCreated, state: State) -> bool:
    return event.made_from == "copy" and event.source in state.images


def _resource(state: State, name: str) -> Image | Snapshot:
    return state.images[name] if name in state.images else state.snapshots[name]


def _status(state: State, name: str) -> str | None:
    """The status of an image or snapshot; None once it is deleted."""
    resource = _resource(state, name)
    return None if resource.deleted_at else resource.status


def _images_with_snapshots(state: State) -> dict[str, str]:
    """Every image and snapshot once, each image before the snapshots behind it, all other snapshots last; with the
    image, or the first image that a snapshot is behind."""
    found: dict[str, str] = {}
    for image in state.images.values():
        for name in (image.id, *image.snapshots):
            # A copy that was cancelled while waiting names snapshots that were never created.
            if name in state.images or name in state.snapshots:
                found.setdefault(name, image.id)
    return {**found, **{name: "" for name in state.snapshots if name not in found}}
