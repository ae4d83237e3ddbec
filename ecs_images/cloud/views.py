"""What a person wants to see of a cloud, as tables: the blocks of a chain, the lives of images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ..tables import Column, Table
from ..units import BILLING_CLOCK, BYTES_PER_GIB
from . import events as ev
from .chains import chain_view
from .ledger import Ledger
from .resources import Image, Snapshot
from .state import State, apply

BLOCK_MAP = Table(
    "block map",
    "one live snapshot of a chain and one run of stored blocks that it holds",
    (
        Column("resource_id", "text", "", "the chain", True),
        Column("x_snapshot_id", "text", "", "the live snapshot", True),
        Column("x_number", "integer", "", "its number in the chain", True),
        Column("x_first_snapshot", "integer", "", "number of the snapshot that first stored the run; 0: holds nothing"),
        Column("x_last_snapshot", "integer", "", "number of the last one to hold the run, be it live or not; 0: none"),
        Column("x_stored_gib", "number", "GiB", "size of the run, which is stored once for all its holders", True),
        Column("x_holders", "integer", "", "how many live snapshots hold the run", True),
    ),
)

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

_DTYPES: dict[str, Any] = {"text": "str", "integer": "int64", "number": "float64", "truth": "bool"}


# Blocks -------------------------------------------------------------------------------------------


def block_map(state: State, of: str) -> pd.DataFrame:
    """Which live snapshots of a chain hold which stored blocks, as a `BLOCK_MAP` table.

    `of` is a chain, disk, instance (its system disk) or snapshot. Runs come in order of birth,
    snapshots oldest first; a snapshot of an empty disk has one row of 0 GiB. A run is freed
    exactly when all its rows' snapshots are deleted. Raises UnknownName for what has no chain.
    """
    view = chain_view(state, of)
    chain = state.chains[view.id]
    runs = chain.runs()
    live = np.array(chain.live, dtype=np.int64)
    order = np.lexsort((runs.last, runs.first))
    first, last, size_bytes = runs.first[order], runs.last[order], runs.blocks[order] * chain.block_bytes
    held = (first <= live[:, None]) & (live[:, None] <= last)
    # A snapshot that holds nothing has a row too: a run of no blocks, which only it holds.
    empty = np.flatnonzero(~held.any(axis=1))
    snapshot, run = np.nonzero(held)
    found = pd.DataFrame(
        {
            "resource_id": view.id,
            "x_snapshot_id": np.array(view.snapshots, dtype=object)[np.r_[snapshot, empty]],
            "x_number": live[np.r_[snapshot, empty]],
            "x_first_snapshot": np.r_[first[run], 0 * empty],
            "x_last_snapshot": np.r_[last[run], 0 * empty],
            "x_stored_gib": np.r_[size_bytes[run], 0 * empty] / BYTES_PER_GIB,
            "x_holders": np.r_[held.sum(axis=0)[run], 0 * empty + 1],
        }
    ).sort_values("x_number", kind="stable", ignore_index=True)
    return BLOCK_MAP.check(_typed(BLOCK_MAP, found))


# Lives --------------------------------------------------------------------------------------------


def lifecycle(ledger: Ledger, until: datetime) -> pd.DataFrame:
    """What became of every image and snapshot up to `until`, as a `LIFECYCLE` table.

    An image is followed by the snapshots behind it, which outlive it (DEL-5); snapshots behind no
    image come last. A stretch of no length has no row.
    """
    state = State()
    spans: dict[str, list[tuple[str, datetime, datetime | None]]] = {}
    marks: dict[str, list[tuple[str, str, datetime]]] = {}
    for event in ledger:
        apply(state, event)
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
    return LIFECYCLE.check(frame(LIFECYCLE, rows))


def _touched(event: ev.Event) -> Iterator[str]:
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


def _marks(state: State, event: ev.Event) -> Iterator[tuple[str, str, str]]:
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


# Frames -------------------------------------------------------------------------------------------


def frame(table: Table, rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """A frame of a declared table; an empty one has its columns and kinds too."""
    return _typed(table, pd.DataFrame(list(rows), columns=table.names))


def _typed(table: Table, found: pd.DataFrame) -> pd.DataFrame:
    """The frame with the kinds of a declared table."""
    for column in table.columns:
        values = found[column.name]
        if column.kind == "time":
            found[column.name] = pd.to_datetime(values, utc=True).dt.tz_convert(BILLING_CLOCK)
        else:
            found[column.name] = values.astype(_DTYPES[column.kind])
    return found
