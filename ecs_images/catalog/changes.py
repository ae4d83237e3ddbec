"""Rules that changed: which one holds on a day.

Sources tell on which days a rule was seen, not when it changed. Until the older one was seen last it
holds, from the day the newer one was seen first that one does; in between nobody knows, and the
newer is taken unless the older is supposed (UNK-18).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from ..units import BILLING_CLOCK
from .files import records
from .rule_book import taken


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that changed: in a few words what it is about, what held and what holds, and when each was seen.

    `refused_as` is the code with which a command is refused while the older holds, empty where none is.
    """

    key: str
    rule_id: str
    topic: str
    older: str
    newer: str
    older_last_seen: date
    newer_first_seen: date
    older_source: str
    newer_source: str
    note: str
    refused_as: str
    http_status: int | None

    def in_doubt(self, when: datetime) -> bool:
        """Whether no source tells which of the two held on a day."""
        return self.older_last_seen < when.astimezone(BILLING_CLOCK).date() < self.newer_first_seen

    def newer_holds(self, when: datetime, assume: Mapping[str, str]) -> bool:
        """Whether the newer rule holds on a day."""
        if self.in_doubt(when):
            return taken("UNK-18", assume) == "newer"
        return when.astimezone(BILLING_CLOCK).date() >= self.newer_first_seen


@cache
def changes() -> Mapping[str, Change]:
    """Every rule that changed, by key; read-only."""
    return records(Change, "dated_rules.csv")
