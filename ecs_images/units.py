"""Time, sizes and the billing clock.

Times are aware and whole seconds. The service bills on the clock of UTC+8 (BILL-2), so a time
written without a zone means that clock, and hours, days and months begin on it.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from numbers import Real

from .errors import InputError, shown

BILLING_CLOCK = timezone(timedelta(hours=8), "UTC+08:00")
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86400
CLOCK_OFFSET_SECONDS = 8 * SECONDS_PER_HOUR
BYTES_PER_GIB = 1 << 30
BYTES_PER_MIB = 1 << 20

EARLIEST, LATEST = datetime(2010, 1, 1, tzinfo=BILLING_CLOCK), datetime(2200, 1, 1, tzinfo=BILLING_CLOCK)

Time = str | date | datetime
"""How a time may be given: text in ISO 8601, a date (its midnight), or a datetime."""


def parse_time(value: Time, what: str = "time") -> datetime:
    """A time as a datetime on the billing clock.

    value: the time; without a zone it is on the billing clock (UTC+8)
    what: what the time is, for messages

    Raises InputError for a value that is no time, has a fraction of a second, or is outside 2010 to 2200.
    """
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            raise InputError(
                f"{what} {shown(value)} cannot be read; write it like 2026-01-15 or 2026-01-15T10:00+08:00"
            ) from None
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        raise InputError(f"{what} {shown(value)} is not a time; write it like 2026-01-15T10:00+08:00")
    if moment.microsecond:
        raise InputError(f"{what} {value!s} has a fraction of a second; the clock counts whole seconds")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=BILLING_CLOCK)
    if not EARLIEST <= moment <= LATEST:
        raise InputError(f"{what} {value!s} is outside the years 2010 to 2200")
    return moment.astimezone(BILLING_CLOCK)


def to_seconds(moment: datetime) -> int:
    """Whole seconds since 1970-01-01T00:00Z."""
    return int(moment.timestamp())


def from_seconds(seconds: int) -> datetime:
    """The moment `seconds` after 1970-01-01T00:00Z, on the billing clock."""
    return datetime.fromtimestamp(int(seconds), UTC).astimezone(BILLING_CLOCK)


def day_start_seconds(day: date) -> int:
    """The first second of a day of the billing clock."""
    return to_seconds(datetime(day.year, day.month, day.day, tzinfo=BILLING_CLOCK))


def next_full_hour(moment: datetime) -> datetime:
    """`moment` rounded up to the full hour (BILL-2: a started hour counts whole)."""
    floor = moment.replace(minute=0, second=0)
    return floor if floor == moment else floor + timedelta(hours=1)


def show_time(moment: datetime) -> str:
    """A short text for people: the date, and the time of day unless it is midnight."""
    local = moment.astimezone(BILLING_CLOCK)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local:%Y-%m-%d}"
    return f"{local:%Y-%m-%d %H:%M}" if local.second == 0 else f"{local:%Y-%m-%d %H:%M:%S}"


def positive_gib(value: object, what: str) -> float:
    """`value` as a size [GiB] above zero; raises InputError otherwise."""
    size = _number(value, what)
    if size <= 0:
        raise InputError(f"{what} must be more than 0 GiB, not {value}")
    return size


def size_gib(value: object, what: str) -> float:
    """`value` as a size [GiB] of zero or more; raises InputError otherwise."""
    size = _number(value, what)
    if size < 0:
        raise InputError(f"{what} cannot be negative: {value} GiB")
    return size


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InputError(f"{what} must be a number of GiB, not {shown(value)}")
    try:
        size = float(value)
    except OverflowError:
        size = math.inf
    if not math.isfinite(size):
        raise InputError(f"{what} must be a finite number of GiB, not {shown(value)}")
    if size > 1 << 30:
        raise InputError(f"{what} of {shown(value)} GiB is larger than anything the service stores")
    return size


def gib_to_bytes(gib: float) -> int:
    """Whole bytes, rounded half up."""
    return math.floor(gib * BYTES_PER_GIB + 0.5)


def in_words(name: str) -> str:
    """A name in words: `os_licence` is "OS licence"."""
    return " ".join(word.upper() if word in ("os", "oss", "lrs") else word for word in name.split("_"))


def bytes_to_gib(size_bytes: float) -> float:
    """GiB of a number of bytes."""
    return size_bytes / BYTES_PER_GIB
