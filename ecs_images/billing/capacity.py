"""Stored GiB over time: by region, account, chain, snapshot or image."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..catalog.meters import STORAGE
from ..columns import seconds_of, split, times_of
from ..errors import look_up
from ..ledger.state import State
from ..units import BILLING_CLOCK, BYTES_PER_GIB, SECONDS_PER_HOUR, from_seconds
from .attribution import holdings, split_among_holders

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
    cut = split(stored, edges[1:-1])
    names, byte_hours, start = _byte_hours(cut, state, by)
    period = np.searchsorted(edges, start, "right") - 1
    hours = np.diff(edges) / SECONDS_PER_HOUR
    frame = pd.DataFrame(
        {
            "x_period_start": times_of(edges[period]),
            COLUMN_OF[by]: pd.Series(names, dtype="str"),
            "x_stored_gib": byte_hours / hours[period] / BYTES_PER_GIB,
        }
    )
    stored_gib = frame.groupby(["x_period_start", COLUMN_OF[by]])["x_stored_gib"].sum()
    periods = pd.Index(times_of(edges[:-1]), name="x_period_start")
    everywhere = pd.MultiIndex.from_product([periods, sorted(set(names))], names=stored_gib.index.names)
    return stored_gib.reindex(everywhere, fill_value=0.0).reset_index()


def period_edges(window: tuple[int, int], freq: str) -> np.ndarray:
    """The borders of the periods of a window [s since 1970], its own ends included."""
    first, last = (from_seconds(second).replace(tzinfo=None) for second in window)
    inner = pd.date_range(pd.Timestamp(first).floor("h"), last, freq=FREQUENCIES[freq], normalize=freq != "hour")
    seconds = seconds_of(pd.Series(inner.tz_localize(BILLING_CLOCK)))
    inside = seconds[(seconds > window[0]) & (seconds < window[1])]
    return np.concatenate([[window[0]], inside, [window[1]]])


def _byte_hours(cut: pd.DataFrame, state: State, by: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each piece of use: the name it counts for, its byte-hours, and its start [s]."""
    start, end = seconds_of(cut["charge_period_start"]), seconds_of(cut["charge_period_end"])
    quantity = cut["x_quantity"].to_numpy("float64")
    if by in ("region", "account", "chain"):
        names = cut[COLUMN_OF[by]].astype(object).to_numpy()
        return names, quantity * (end - start) / SECONDS_PER_HOUR, start
    held = holdings(cut, state)
    hours = split_among_holders(held, np.arange(len(held.row)), lambda moment: moment / SECONDS_PER_HOUR)
    byte_hours = hours * quantity[held.row]
    if by == "snapshot":
        return np.array(held.lives.ids, dtype=object)[held.snapshot], byte_hours, held.start
    part, names = held.by_image()
    byte_hours = byte_hours / np.bincount(part, minlength=len(byte_hours))
    return names, byte_hours[part], held.start[part]
