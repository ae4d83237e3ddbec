"""Stored GiB over time: by region, account, chain, snapshot or image."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..catalog.meters import STORAGE
from ..columns import pieces, seconds_of, times_of
from ..errors import look_up
from ..ledger.state import State
from ..units import BILLING_CLOCK, BYTES_PER_GIB, SECONDS_PER_HOUR, from_seconds
from .attribution import holdings, shares

FREQUENCIES = {"hour": "h", "day": "D", "week": "W-MON", "month": "MS"}
COLUMN_OF = {
    "region": "region_id",
    "account": "billing_account_id",
    "chain": "resource_id",
    "snapshot": "x_snapshot_id",
    "image": "x_image_id",
}


def capacity(usage: pd.DataFrame, state: State, window: tuple[int, int], freq: str, by: str) -> pd.DataFrame:
    """Mean GiB stored in each period of the billing clock, times its hours being GiB-hours.

    Columns: `x_period_start`, the column of `by`, `x_stored_gib`. A snapshot's or image's GiB
    is its share as in attribution. Every name has a row for every period, with 0 where it stores
    nothing. Periods at the ends of the window count only its part.
    """
    look_up("frequency", freq, FREQUENCIES, f"one of {', '.join(FREQUENCIES)}")
    look_up("capacity by", by, COLUMN_OF, f"one of {', '.join(COLUMN_OF)}")
    edges = period_edges(window, freq)
    stored = usage[usage["sku_meter"] == STORAGE].reset_index(drop=True)
    names, byte_hours = _byte_hours(stored, state, by, edges[1:-1])
    order = np.argsort(names)
    stored_gib = byte_hours[:, order] / (np.diff(edges) / SECONDS_PER_HOUR)[:, np.newaxis] / BYTES_PER_GIB
    periods, name = (place.ravel() for place in np.indices(stored_gib.shape))
    return pd.DataFrame(
        {
            "x_period_start": times_of(edges[:-1])[periods],
            COLUMN_OF[by]: pd.array(names[order], dtype="str")[name],
            "x_stored_gib": stored_gib.ravel(),
        }
    )


def period_edges(window: tuple[int, int], freq: str) -> np.ndarray:
    """The borders of the periods of a window [s since 1970], its own ends included."""
    first, last = (from_seconds(second).replace(tzinfo=None) for second in window)
    inner = pd.date_range(pd.Timestamp(first).floor("h"), last, freq=FREQUENCIES[freq], normalize=freq != "hour")
    seconds = seconds_of(pd.Series(inner.tz_localize(BILLING_CLOCK)))
    inside = seconds[(seconds > window[0]) & (seconds < window[1])]
    return np.concatenate([[window[0]], inside, [window[1]]])


def _byte_hours(stored: pd.DataFrame, state: State, by: str, borders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The names that stored bytes count for, and the byte-hours of each period (row) and name (column)."""
    quantity = stored["x_quantity"].to_numpy("float64")
    if by in ("region", "account", "chain"):
        codes, found = pd.factorize(stored[COLUMN_OF[by]])
        names, byte_hours = np.array(found, dtype=object), np.zeros((len(borders) + 1, len(found)))
        spans = seconds_of(stored["charge_period_start"]), seconds_of(stored["charge_period_end"])
        row, period, start, end = pieces(*spans, borders)
        np.add.at(byte_hours, (period, codes[row]), quantity[row] * (end - start) / SECONDS_PER_HOUR)
        return names, byte_hours
    held = holdings(stored, state)
    names = held.names(by)
    byte_hours, there = np.zeros((len(borders) + 1, len(names))), np.zeros(len(names), dtype=bool)
    for share in shares(held, np.arange(len(held.row)), lambda moment: moment / SECONDS_PER_HOUR, borders):
        place, code, among = held.named(share.part, by)
        borne = (share.borne * quantity[held.row[share.part]])[place] / among
        np.add.at(byte_hours, (share.period[place], code), borne)
        there[code] = True
    return names[there], byte_hours[:, there]
