"""Limits, quotas and switches of the service, each valid from a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache

from ..errors import InputError
from ..units import BILLING_CLOCK
from .files import published


@dataclass(frozen=True, slots=True)
class _Row:
    valid_from: date
    value: str
    site: str


@cache
def _table() -> Mapping[str, tuple[_Row, ...]]:
    rows: dict[str, list[_Row]] = {}
    for row in published("limits.csv"):
        rows.setdefault(row["key"], []).append(_Row(date.fromisoformat(row["valid_from"]), row["value"], row["site"]))
    return {key: tuple(sorted(found, key=lambda r: r.valid_from)) for key, found in rows.items()}


@lru_cache(maxsize=1_000)
def _lookup(key: str, day: date, site: str) -> int:
    valid = [row for row in _table()[key] if row.valid_from <= day and row.site in ("", site)]
    if not valid:
        raise InputError(f"no value of the limit {key!r} is known for {day}")
    return int(valid[-1].value)


def limit(key: str, when: datetime, site: str = "") -> int:
    """The limit's whole-number value on the day of `when`, for a site where the limit differs."""
    return _lookup(key, when.astimezone(BILLING_CLOCK).date(), site)


@cache
def constant(key: str) -> float:
    """A value that has never changed, such as the 720 hours of a pricing month (BILL-2)."""
    (row,) = _table()[key]
    return float(row.value)


@cache
def setting(key: str) -> str:
    """A word that has never changed, such as the instance type that builds images unless said."""
    (row,) = _table()[key]
    return row.value


@cache
def turning_day(key: str) -> date:
    """A day from which a rule holds, such as the start of daily settlement (BILL-5)."""
    (row,) = _table()[key]
    return date.fromisoformat(row.value)


@cache
def duration_seconds(task: str) -> tuple[float, float]:
    """How long a task typically takes: (fixed seconds, seconds per GiB); CREATE-13."""
    (row,) = (row for row in published("durations.csv") if row["task"] == task)
    return float(row["minutes_fixed"]) * 60, float(row["minutes_per_gib"]) * 60
