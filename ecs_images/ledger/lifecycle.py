"""The lives of images and snapshots as a table: which status when, and what was done to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import pandas as pd

from ..tables import Column, Table
from . import events as ev
from .events import Event
from .ledger import Ledger
from .resources import Image, Snapshot
from .state import State

LIFECYCLE = Table(
    "lifecycle",
    "a stretch that an image or snapshot spent in one status, or a moment at which something was done to it",
    (
        Column("resource_id", "text", "", "the image or snapshot", True),
        Column("x_kind", "text", "", "what it is", True, ("image", "snapshot")),
        Column("x_name", "text", "", "its name when it was made; empty when it has none"),
        Column("billing_account_id", "text", "", "the account that owns it", True),
        Column("region_id", "text", "", "its region", True),
        Column("x_form", "text", "", "a stretch of time or a moment", True, ("span", "mark")),
        Column(
            "x_status", "text", "",
            "of a span, the status as the service spells it; of a mark, what was done: shared, unshared, "
            "published, unpublished, copied or deleted", True,
        ),
        Column("x_detail", "text", "", "of a mark, the account shared with or the region copied to"),
        Column("x_start", "time", "", "first moment", True),
        Column("x_end", "time", "", "first moment after; of a mark, the moment itself", True),
        Column("x_goes_on", "truth", "", "true for a span that had not ended by the end of the table", True),
    ),
)  # fmt: skip


def lifecycle(ledger: Ledger, until: datetime) -> pd.DataFrame:
    """What became of every image and snapshot up to `until`, as a `LIFECYCLE` table.

    An image is followed by the snapshots behind it, which outlive it (DEL-5); snapshots behind no
    image come last. A stretch of no length has no row.
    """
    state = State()
    spans: dict[str, list[tuple[str, datetime, datetime | None]]] = {}
    marks: dict[str, list[tuple[str, str, datetime]]] = {}
    for event in ledger:
        event.apply(state)
        for name in _touched(event):
            past, status = spans.setdefault(name, []), _status(state, name)
            if past and past[-1][2] is None:
                if past[-1][0] == status:
                    continue
                past[-1] = (*past[-1][:2], event.at)
            if status:
                past.append((status, event.at, None))
        for name, what, detail in _marks(state, event):
            marks.setdefault(name, []).append((what, detail, event.at))
    rows = []
    for name in _images_with_snapshots(state):
        resource = _resource(state, name)
        who = (
            name, "image" if name in state.images else "snapshot", resource.name, resource.account, resource.region,
        )  # fmt: skip
        for status, start, end in spans[name]:
            last = until if end is None else end
            if start < last:
                rows.append((*who, "span", status, "", start, last, end is None))
        rows += [(*who, "mark", what, detail, at, at, False) for what, detail, at in marks.get(name, ())]
    return LIFECYCLE.frame(rows)


def _touched(event: Event) -> Iterator[str]:
    """The images and snapshots whose status an event may change."""
    match event:
        case ev.ImageCreated() | ev.ImageCopyStarted() | ev.ImageFinished() | ev.ImageFailed():
            yield event.image
        case ev.ImageModified() | ev.ImageDeleted():
            yield event.image
        case ev.SnapshotStarted() | ev.SnapshotStored() | ev.SnapshotCopied():
            yield event.snapshot
        case ev.SnapshotFinished() | ev.SnapshotFailed() | ev.SnapshotDeleted():
            yield event.snapshot


def _marks(state: State, event: Event) -> Iterator[tuple[str, str, str]]:
    """What an event marks: on which image or snapshot, what was done, with whom or where to."""
    match event:
        case ev.ImageCreated(made_from="copy") if event.source in state.images:
            yield event.source, "copied", event.region
        case ev.SnapshotCopied():
            yield event.source, "copied", event.to
        case ev.ImageShared():
            yield event.image, "shared", event.account
        case ev.ImageUnshared():
            yield event.image, "unshared", event.account
        case ev.ImagePublished():
            yield event.image, "published", ""
        case ev.ImageUnpublished():
            yield event.image, "unpublished", ""
        case ev.ImageDeleted():
            yield event.image, "deleted", ""
        case ev.SnapshotDeleted():
            yield event.snapshot, "deleted", ""


def _resource(state: State, name: str) -> Image | Snapshot:
    return state.images[name] if name in state.images else state.snapshots[name]


def _status(state: State, name: str) -> str | None:
    """The status of an image or snapshot; None when it is gone."""
    resource = _resource(state, name)
    return None if resource.deleted_at else resource.status


def _images_with_snapshots(state: State) -> Iterable[str]:
    """Every image and snapshot once: an image, then the snapshots behind it; the rest at the end."""
    names = [name for image in state.images.values() for name in (image.id, *image.snapshots)]
    # A copy that was cancelled while it waited has ids of snapshots that never came to be.
    known = [name for name in names if name in state.images or name in state.snapshots]
    return dict.fromkeys([*known, *state.snapshots])
