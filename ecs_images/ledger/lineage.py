"""Where images come from and where they go, as a table: made from, copied, exported, shared, run from."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from ..catalog.images import marketplace_image
from ..catalog.schemas import TABLES
from ..errors import UnknownName
from . import events as ev
from .ledger import Ledger
from .state import State

LINEAGE = TABLES["lineage"]


def lineage(ledger: Ledger, of: str | None = None) -> pd.DataFrame:
    """How images were made, copied, exported and shared, and what runs from them.

    ledger: the events
    of: id of an image, snapshot or instance, a product code, or the name of an account: only what it comes from
        and what came from it; None: everything

    Returns a `LINEAGE` table in order of time. Deleted resources are included. Snapshots appear where they were
    copied, or an image was made from them. Raises UnknownName for an id that never appears.
    """
    state = ledger.replay()
    edges = _edges(ledger, state)
    if of is not None:
        names = {name for source, target, _ in edges for name in (source, target)}
        if of not in names and (product := marketplace_image(of)):
            of = product.image_id
        if of not in names:
            raise UnknownName("image, snapshot, instance or account of the lineage", of, names)
        kept = _reached(edges, of, 0, 1) | _reached(edges, of, 1, 0)
        edges = {edge: at for edge, at in edges.items() if edge in kept}
    rows = []
    for (source, target, relation), at in edges.items():
        kind, name, account, region, gone = _node(state, target)
        if relation == "shared with":
            image = state.images[source]
            region, gone = image.region, target not in image.shared_with or image.deleted_at is not None
        rows.append((source, *_node(state, source)[:2], relation, target, kind, name, account, region, at, gone))
    return LINEAGE.frame(rows)


_Edges = dict[tuple[str, str, str], datetime]
"""(source, target, relation) and when it first happened."""


def _edges(ledger: Ledger, state: State) -> _Edges:
    edges: _Edges = {}
    taken: dict[str, tuple[str, datetime]] = {}
    attached: dict[str, str] = {}
    for event in ledger:
        match event:
            case ev.InstanceLaunched() | ev.SystemDiskReplaced():
                edges.setdefault((event.image, event.instance, "runs from"), event.at)
            case ev.DiskCreated(instance=str(instance)) | ev.DiskAttached(instance=instance):
                attached[event.disk] = instance
            case ev.SnapshotStarted():
                # A detached disk counts for the instance that it was attached to last, where that is known.
                if event.disk in attached:
                    taken[event.snapshot] = attached[event.disk], event.at
            case ev.SnapshotCopied():
                edges[event.source, event.snapshot, "copied to"] = event.at
            case ev.ImageExported():
                edges[event.image, event.files, "exported to"] = event.at
            case ev.FilesReplicated():
                edges[event.source, event.files, "copied to"] = event.at
            case ev.ImageCreated(made_from="import", source="file"):
                edges[f"file of {event.image}", event.image, "made from"] = event.at
            case ev.ImageCreated():
                edges[event.source, event.image, "copied to" if event.made_from == "copy" else "made from"] = event.at
            case ev.ImageShared():
                edges.setdefault((event.image, event.account, "shared with"), event.at)
    sources = {source for source, _, _ in edges}
    for snapshot, (instance, at) in taken.items():
        if snapshot in sources:
            edges[instance, snapshot, "made from"] = at
    return dict(sorted(edges.items(), key=lambda item: item[1]))


def _reached(edges: _Edges, start: str, near: int, far: int) -> set[tuple[str, str, str]]:
    """The edges that can be reached from `start`, following each from its end `near` to its end `far` (0 or 1)."""
    reached: set[tuple[str, str, str]] = set()
    todo, seen = [start], {start}
    while todo:
        name = todo.pop()
        for edge in edges:
            if edge[near] == name:
                reached.add(edge)
                if edge[far] not in seen:
                    seen.add(edge[far])
                    todo.append(edge[far])
    return reached


def _node(state: State, name: str) -> tuple[str, str, str, str, bool]:
    """Kind, name, account and region of a node of the lineage, and whether it is deleted or released."""
    if name in state.images or name in state.snapshots:
        resource = state.images[name] if name in state.images else state.snapshots[name]
        kind = "image" if name in state.images else "snapshot"
        return kind, resource.name, resource.account, resource.region, resource.deleted_at is not None
    if name in state.instances:
        instance = state.instances[name]
        return "instance", "", instance.account, instance.region, instance.released_at is not None
    if name in state.accounts:
        return "account", "", name, "", False
    if name in state.files:
        files = state.files[name]
        return "file", "", files.account, files.region, files.deleted_at is not None
    if name.startswith("file of "):
        return "file", "", "", "", False
    return "marketplace image" if marketplace_image(name) else "public image", "", "", "", False
