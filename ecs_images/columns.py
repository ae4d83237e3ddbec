"""Columns of times: conversion to whole seconds; spans widened to billing hours and split.

Arrays hold seconds since 1970-01-01T00:00Z; columns of tables hold times on the billing clock.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .units import BILLING_CLOCK, LATEST, SECONDS_PER_HOUR, to_seconds

FOR_EVER = to_seconds(LATEST)


def seconds_of(times: pd.Series) -> np.ndarray:
    """A time column as seconds since 1970."""
    utc = times.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[s]")
    return np.asarray(utc).astype("int64")


def times_of(seconds: np.ndarray) -> pd.DatetimeIndex:
    """Seconds since 1970 as times on the billing clock."""
    return pd.DatetimeIndex(seconds.view("datetime64[s]")).tz_localize("UTC").tz_convert(BILLING_CLOCK)


def whole_hours(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The starts and ends of spans [s since 1970], widened to the billing hours they touch (BILL-2)."""
    return start // SECONDS_PER_HOUR * SECONDS_PER_HOUR, -(-end // SECONDS_PER_HOUR) * SECONDS_PER_HOUR


def pieces(start: np.ndarray, end: np.ndarray, borders: np.ndarray) -> tuple[np.ndarray, ...]:
    """Spans cut at the borders they cross, all in seconds since 1970, borders ascending.

    Returns four arrays of one piece each: its span, its period, which lies before border 0 or 1 …, its start, its end.
    """
    low = np.searchsorted(borders, start, "right")
    counts = np.searchsorted(borders, end, "left") - low + 1
    span = np.repeat(np.arange(len(start)), counts)
    period = low[span] + np.arange(len(span)) - np.repeat(np.cumsum(counts) - counts, counts)
    edges = np.concatenate([[0], borders, [FOR_EVER]])
    return span, period, np.maximum(start[span], edges[period]), np.minimum(end[span], edges[period + 1])


def split(usage: pd.DataFrame, borders: np.ndarray) -> pd.DataFrame:
    """A usage table with every row cut at the borders it crosses [s since 1970, ascending]."""
    first, last = seconds_of(usage["charge_period_start"]), seconds_of(usage["charge_period_end"])
    row, _, start, end = pieces(first, last, borders)
    cut = usage.iloc[row].reset_index(drop=True)
    cut["charge_period_start"], cut["charge_period_end"] = times_of(start), times_of(end)
    return cut
