"""The neutral form of a real account: the tables that `data/columns.csv` calls inventory, whatever files were read.

Ids are the provider's own. What is not known is empty (NaN for sizes), never 0. Every row knows where it comes
from: `account_id`, `region_id`, `taken_at` (when the answer was saved, empty where nothing says so) and
`source_file`. What has no column of its own is kept in `extra`, as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ..catalog.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

COVERAGE = TABLES["inventory coverage"]
BY_NAME = {
    table.removeprefix("inventory "): declared
    for table, declared in TABLES.items()
    if table.startswith("inventory ") and table != "inventory coverage"
}
"""The tables of an inventory by what they are called there."""


UNDATED = (
    "nothing says when the answers were saved; name a folder after the day, such as 2026-11-01, or give --taken to "
    "the commands account and reconcile (taken= in Python)"
)
"""What is said where that moment is needed."""


class HasTables(Protocol):
    """An inventory, as functions about one need it: its tables by name, what is missing, and its newest moment."""

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]: ...
    @property
    def coverage(self) -> pd.DataFrame: ...
    @property
    def now(self) -> datetime | None: ...
