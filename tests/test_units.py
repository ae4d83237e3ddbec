"""Time, sizes and the billing clock: what may be written for them, and what it means (BILL-2)."""

import math
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecs_images.errors import InputError
from ecs_images.units import (
    BILLING_CLOCK,
    bytes_to_gib,
    day_start_seconds,
    from_seconds,
    gib_to_bytes,
    next_full_hour,
    parse_time,
    positive_gib,
    show_time,
    size_gib,
    to_seconds,
)

DERANDOMISED = settings(derandomize=True, max_examples=60, deadline=None)
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=BILLING_CLOCK)
)


def beijing(*parts: int) -> datetime:
    """A moment of the billing clock, built without the code under test."""
    return datetime(*parts, tzinfo=timezone(timedelta(hours=8)))


# Times ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    ["2026-01-15", " 2026-01-15 ", date(2026, 1, 15), datetime(2026, 1, 15), "2026-01-15T00:00", "2026-01-14T16:00Z"],
)
def test_one_moment_may_be_written_in_several_ways(written):
    """Ground rule 7: a time without a zone is on the clock of UTC+8."""
    assert parse_time(written) == beijing(2026, 1, 15)


def test_a_time_with_another_zone_is_shown_on_the_billing_clock():
    """BILL-2: the service bills on UTC+8. 10:00 in India (+05:30) is 04:30 UTC and so 12:30."""
    parsed = parse_time("2026-01-15T10:00+05:30")
    assert parsed == beijing(2026, 1, 15, 12, 30)
    assert (parsed.hour, parsed.minute, parsed.utcoffset()) == (12, 30, timedelta(hours=8))


@pytest.mark.parametrize("written", ["", "tomorrow", "2026-02-30", "15.01.2026", "2026-01-15T25:00"])
def test_text_that_is_no_time_is_refused_with_an_example(written):
    with pytest.raises(InputError, match="write it like 2026-01-15") as error:
        parse_time(written, "until")
    assert str(error.value).startswith("until ")


@pytest.mark.parametrize("written", [None, 5, 1.5, True, ("2026", 1, 15)])
def test_what_is_no_time_at_all_is_refused(written):
    with pytest.raises(InputError, match="is not a time"):
        parse_time(written)


@pytest.mark.parametrize("written", ["2026-01-15T10:00:00.5", datetime(2026, 1, 15, microsecond=1)])
def test_a_fraction_of_a_second_is_refused(written):
    with pytest.raises(InputError, match="fraction of a second"):
        parse_time(written)


@pytest.mark.parametrize("written", ["2009-12-31", "0001-01-01", "9999-12-31T23:59:59-12:00", "2200-01-01T00:00:01"])
def test_a_time_outside_the_years_2010_to_2200_is_refused(written):
    with pytest.raises(InputError, match="outside the years"):
        parse_time(written)


@pytest.mark.parametrize("written", ["2010-01-01", "2200-01-01"])
def test_the_ends_of_the_range_themselves_are_allowed(written):
    assert show_time(parse_time(written)) == written


def test_seconds_are_counted_from_1970_in_utc():
    """2026-01-15 00:00 UTC+8 is 16:00 UTC the day before; 1970-01-02 UTC is 86400 s."""
    assert to_seconds(datetime(1970, 1, 2, tzinfo=UTC)) == 86400
    assert from_seconds(0) == beijing(1970, 1, 1, 8)
    assert to_seconds(beijing(1970, 1, 1, 8, 0, 5)) == 5


@pytest.mark.slow
@DERANDOMISED
@given(MOMENTS)
def test_a_moment_survives_seconds_and_text(moment):
    assert from_seconds(to_seconds(moment)) == moment
    assert parse_time(moment.isoformat()) == moment


def test_a_day_of_the_billing_clock_begins_at_16_utc():
    """BILL-2: days begin on UTC+8."""
    assert day_start_seconds(date(1970, 1, 2)) == 16 * 3600


# Hours ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "hour"),
    [
        (beijing(2026, 1, 15, 10), beijing(2026, 1, 15, 10)),
        (beijing(2026, 1, 15, 10, 0, 1), beijing(2026, 1, 15, 11)),
        (beijing(2026, 1, 15, 10, 59, 59), beijing(2026, 1, 15, 11)),
        (beijing(2025, 12, 31, 23, 20), beijing(2026, 1, 1, 0)),
    ],
)
def test_a_part_hour_is_taken_to_the_next_full_hour(moment, hour):
    """BILL-2: part hours count as whole ones; a full hour stays as it is."""
    assert next_full_hour(moment) == hour


def test_a_half_hour_zone_still_counts_hours_of_the_billing_clock():
    """BILL-2: 10:00 in India is 12:30 on the billing clock, so its next full hour is 13:00."""
    assert next_full_hour(parse_time("2026-01-15T10:00+05:30")) == beijing(2026, 1, 15, 13)


@DERANDOMISED
@given(MOMENTS)
def test_the_next_full_hour_is_less_than_an_hour_away(moment):
    hour = next_full_hour(moment)
    assert timedelta(0) <= hour - moment < timedelta(hours=1)
    assert to_seconds(hour) % 3600 == 0


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (beijing(2026, 1, 15), "2026-01-15"),
        (beijing(2026, 1, 15, 9, 5), "2026-01-15 09:05"),
        (beijing(2026, 1, 15, 9, 5, 7), "2026-01-15 09:05:07"),
        (datetime(2026, 1, 14, 16, tzinfo=UTC), "2026-01-15"),
    ],
)
def test_a_time_is_shown_as_short_as_it_can_be(moment, text):
    assert show_time(moment) == text


# Sizes ---------------------------------------------------------------------------------------------


def test_a_gib_is_1024_mib():
    """Rule book section 0: 1 GiB = 1024 MiB = 1 073 741 824 bytes; half a byte rounds up."""
    assert gib_to_bytes(1) == 1_073_741_824
    assert gib_to_bytes(0.5) == 1024**3 // 2
    assert gib_to_bytes(1.5 / 1024**3) == 2
    assert bytes_to_gib(3 * 1024**3) == 3


@DERANDOMISED
@given(st.integers(0, 2**50))
def test_bytes_survive_being_written_as_gib(size):
    """2**50 bytes are a PiB; such numbers are exact in GiB."""
    assert gib_to_bytes(bytes_to_gib(size)) == size


@pytest.mark.parametrize("value", [0, -1, -0.5])
def test_a_size_that_must_be_positive_is_not_zero_or_less(value):
    with pytest.raises(InputError, match="system_disk must be more than 0 GiB"):
        positive_gib(value, "system_disk")


def test_a_size_that_may_be_zero_is_not_negative():
    assert size_gib(0, "new") == 0
    with pytest.raises(InputError, match="new cannot be negative: -1 GiB"):
        size_gib(-1, "new")


@pytest.mark.parametrize("value", ["40", None, True, [40]])
def test_a_size_is_a_number(value):
    with pytest.raises(InputError, match="must be a number of GiB"):
        size_gib(value, "file")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_size_is_finite(value):
    with pytest.raises(InputError, match="finite"):
        size_gib(value, "file")


def test_a_size_beyond_all_storage_is_refused():
    """2**30 GiB is an exbibyte: allowed; one more is not."""
    assert size_gib(2**30, "file") == 2**30
    with pytest.raises(InputError, match="larger than anything"):
        size_gib(2**30 + 1, "file")
