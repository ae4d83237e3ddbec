"""Settlements: what is charged together, an hour before 2020-07-08 and a day of UTC+8 since (BILL-5)."""

from __future__ import annotations

import numpy as np

from ..catalog.limits import turning_day
from ..units import CLOCK_OFFSET_SECONDS, SECONDS_PER_DAY, SECONDS_PER_HOUR, day_start_seconds


def settlement_borders(low: int, high: int) -> np.ndarray:
    """Where settlements meet within `(low, high)`: each hour before 2020-07-08, each day since (BILL-5)."""
    turn = day_start_seconds(turning_day("daily_settlement_starts"))
    hours = np.arange(low // SECONDS_PER_HOUR + 1, -(-min(high, turn) // SECONDS_PER_HOUR)) * SECONDS_PER_HOUR
    first = max(low, turn) + CLOCK_OFFSET_SECONDS
    days = np.arange(first // SECONDS_PER_DAY, -(-(high + CLOCK_OFFSET_SECONDS) // SECONDS_PER_DAY))
    borders = np.concatenate([hours, days * SECONDS_PER_DAY - CLOCK_OFFSET_SECONDS])
    return borders[(borders > low) & (borders < high)]


def settlement_of(seconds: np.ndarray) -> np.ndarray:
    """The settlement a moment falls in: the first second of its hour or day."""
    turn = day_start_seconds(turning_day("daily_settlement_starts"))
    hour = seconds // SECONDS_PER_HOUR * SECONDS_PER_HOUR
    day = (seconds + CLOCK_OFFSET_SECONDS) // SECONDS_PER_DAY * SECONDS_PER_DAY - CLOCK_OFFSET_SECONDS
    return np.where(seconds < turn, hour, day)
