"""Kinds of event fields: what a field must name in the state before its event, or in the catalogue.

Events use them as annotations, so each field says how a record of a ledger's file is checked:
`account: AccountName` is an account that was opened, `disk: NewDisk` an id not used yet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated

from ..catalog.images import marketplace_images
from ..catalog.regions import regions
from ..catalog.sites import sites
from .state import State


@dataclass(frozen=True, slots=True)
class Existing:
    """The field must be a key of this table of the state."""

    table: str

    def problem(self, value: str, state: State) -> str:
        return "" if value in getattr(state, self.table) else f"{value!r} is not among the {self.table}"


@dataclass(frozen=True, slots=True)
class New:
    """The field must not be a key of this table of the state yet."""

    table: str

    def problem(self, value: str, state: State) -> str:
        if not value:
            return "is empty"
        return f"{value!r} is among the {self.table} already" if value in getattr(state, self.table) else ""


@dataclass(frozen=True, slots=True)
class Published:
    """The field must be a name of the catalogue."""

    kind: str
    known: Callable[[], Collection[str]]

    def problem(self, value: str, state: State) -> str:
        return "" if value in self.known() else f"{value!r} is no {self.kind}"


Rule = Existing | New | Published

AccountName = Annotated[str, Existing("accounts")]
InstanceId = Annotated[str, Existing("instances")]
DiskId = Annotated[str, Existing("disks")]
SnapshotId = Annotated[str, Existing("snapshots")]
ImageId = Annotated[str, Existing("images")]
FilesId = Annotated[str, Existing("files")]
PolicyId = Annotated[str, Existing("policies")]
PurchaseId = Annotated[str, Existing("purchases")]
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
