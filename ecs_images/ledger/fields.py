"""Kinds of event fields: what a field must name in the state before its event, or in the catalogue.

Events use them as annotations, so each field says how a record of a ledger's file is checked:
`account: AccountName` is an account that was opened, `disk: NewDisk` an id not used yet, and `disk: LiveDiskId`
a disk that is not released.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated

from ..catalog.images import marketplace_images
from ..catalog.regions import regions
from ..catalog.sites import sites
from .resources import gone_at
from .state import State


@dataclass(frozen=True, slots=True)
class Existing:
    """The field must be a key of this table of the state.

    `gone` is what is said of one that was deleted or released before; empty where such a one may stand there.
    """

    table: str
    gone: str = ""

    def problem(self, name: str, value: str, state: State) -> str:
        found = getattr(state, self.table).get(value)
        if found is None:
            return f"{name} {value!r} is not among the {self.table}"
        return self.gone.format(value) if self.gone and gone_at(found) else ""


@dataclass(frozen=True, slots=True)
class New:
    """The field must not be a key of this table of the state yet."""

    table: str

    def problem(self, name: str, value: str, state: State) -> str:
        if not value:
            return f"{name} is empty"
        return f"{name} {value!r} is among the {self.table} already" if value in getattr(state, self.table) else ""


@dataclass(frozen=True, slots=True)
class Published:
    """The field must be a name of the catalogue."""

    kind: str
    known: Callable[[], Collection[str]]

    def problem(self, name: str, value: str, state: State) -> str:
        return "" if value in self.known() else f"{name} {value!r} is no {self.kind}"


Rule = Existing | New | Published
_DELETED = "{} was deleted before"

AccountName = Annotated[str, Existing("accounts")]
InstanceId = Annotated[str, Existing("instances")]
DiskId = Annotated[str, Existing("disks")]
SnapshotId = Annotated[str, Existing("snapshots")]
ImageId = Annotated[str, Existing("images")]
FilesId = Annotated[str, Existing("files")]
PolicyId = Annotated[str, Existing("policies")]
PurchaseId = Annotated[str, Existing("purchases")]
LiveDiskId = Annotated[str, Existing("disks", "disk {} was released before")]
LiveSnapshotId = Annotated[str, Existing("snapshots", _DELETED)]
LiveImageId = Annotated[str, Existing("images", _DELETED)]
LiveFilesId = Annotated[str, Existing("files", _DELETED)]
LivePolicyId = Annotated[str, Existing("policies", _DELETED)]
NewAccount = Annotated[str, New("accounts")]
NewInstance = Annotated[str, New("instances")]
NewDisk = Annotated[str, New("disks")]
NewSnapshot = Annotated[str, New("snapshots")]
NewImage = Annotated[str, New("images")]
NewFiles = Annotated[str, New("files")]
NewPolicy = Annotated[str, New("policies")]
NewPurchase = Annotated[str, New("purchases")]
RegionId = Annotated[str, Published("region", regions)]
ProductCode = Annotated[str, Published("marketplace product", marketplace_images)]
SiteName = Annotated[str, Published("site", sites)]
