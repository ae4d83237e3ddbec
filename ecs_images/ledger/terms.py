"""The terms of subscriptions: weeks, and months and years of the calendar (IBILL-2).

A month ends on the day of the month it began, at the same time of day on the billing clock; where a
month has no such day, on its last. Every end is counted from the beginning, so that days do not drift: what
begins on 31 January ends its first month on 28 February and its second on 31 March.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

Period = Literal["week", "month", "year"]

_MONTHS = {"month": 1, "year": 12}


def end_of_term(start: datetime, period: Period, periods: int) -> datetime:
    """When so many periods that begin at `start`, a moment of the billing clock, are over."""
    if period == "week":
        return start + timedelta(weeks=periods)
    year, month = divmod(start.year * 12 + start.month - 1 + periods * _MONTHS[period], 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def periods_left(start: datetime, period: Period, periods: int, at: datetime) -> Fraction:
    """How many of the periods are still to come at a moment; of the one under way, the part by time.

    Example: of three months that began on 1 January, half of February and all of March are left at noon
    of 15 February (14 days of 28 have gone by midnight of the 15th), 1.482 periods.
    """
    for number in range(1, periods + 1):
        end = end_of_term(start, period, number)
        if at < end:
            whole = end - max(end_of_term(start, period, number - 1), start)
            return periods - number + Fraction((end - at) // timedelta(seconds=1), whole // timedelta(seconds=1))
    return Fraction(0)
