"""Single amounts: what some snapshots, images or instances cost, stretch by stretch.

A stretch is a time in which the holders of a chain's copies, the images behind them and the
price stay the same, so that its cost reads as quantity × hours × price.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import isfinite

import numpy as np
import pandas as pd

from ..catalog.meters import METERS, STORAGE, item_in_words, units
from ..catalog.price_files import PriceRow
from ..catalog.prices import stands_in, stated_by
from ..catalog.schemas import TABLES
from ..columns import FOR_EVER, seconds_of, split, times_of
from ..ledger.state import State
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR
from .attribution import held_cost, holdings
from .rating import Curve, groups
from .schema import WHO_WHERE_WHAT, Key

AMOUNTS = TABLES["amounts"]
_WHERE = ["billing_account_id", "billing_currency", "region_id"]


def storage_amounts(
    usage: pd.DataFrame, state: State, curves: Collection[Curve], snapshots: Collection[str], image: str | None = None
) -> pd.DataFrame:
    """What the storage of some snapshots costs; with `image`, only that image's share of it."""
    chains = {state.snapshots[snapshot].chain for snapshot in snapshots if snapshot in state.snapshots}
    concerned = usage[usage["resource_id"].isin(chains)].reset_index(drop=True)
    if not len(concerned):
        return AMOUNTS.frame()
    by_key = {curve.key: curve for curve in curves}
    concerned = concerned[np.array([bool(by_key[key].lines) for key in _keys(concerned)], dtype=bool)].reset_index(
        drop=True
    )
    if not len(concerned):
        return AMOUNTS.frame()
    concerned_curves = [by_key[key] for key, _ in groups(concerned)]
    held = holdings(concerned, state)
    borders = np.unique(np.concatenate([held.start, held.end, *(c.price_changes() for c in concerned_curves)]))
    cut = split(concerned, borders[borders < FOR_EVER])
    held = holdings(cut, state)
    cost = held_cost(cut, held, concerned_curves)
    gib = cut["x_quantity"].to_numpy("float64")[held.row] / BYTES_PER_GIB
    gib /= np.bincount(held.row, minlength=len(cut))[held.row]
    part, code, among = held.named(np.arange(len(cost)), "image")
    names = held.names("snapshot")[held.snapshot]
    keep = np.isin(names, list(snapshots))[part]
    if image is not None:
        keep &= held.names("image")[code] == image
    part, among = part[keep], among[keep]
    frame = cut.loc[held.row[part], _WHERE].astype(str).reset_index(drop=True)
    frame["resource_id"] = pd.Series(names[part], dtype="str")
    frame["start"], frame["end"] = held.start[part], held.end[part]
    frame["x_amount"], frame["list_cost"] = gib[part] / among, cost[part] / among
    frame = frame.groupby([*_WHERE, "resource_id", "start", "end"], as_index=False)[["x_amount", "list_cost"]].sum()
    frame["sku_meter"], frame["x_item"], frame["x_vcpus"], frame["x_term"] = STORAGE, "", 0, ""
    return _finished(frame, by_key)


def fee_amounts(usage: pd.DataFrame, curves: Collection[Curve], concerned: np.ndarray) -> pd.DataFrame:
    """What the fees of the usage rows marked in `concerned` cost."""
    fees = usage[concerned & (usage["sku_meter"] != STORAGE).to_numpy()].reset_index(drop=True)
    if not len(fees):
        return AMOUNTS.frame()
    by_key = {curve.key: curve for curve in curves}
    parts = []
    for key, rows in groups(fees):
        curve = by_key[key]
        if not curve.lines:
            continue  # Free unless priced: no amount, and the assumption stands in the bill's list.
        cut = split(fees.iloc[rows.positions].reset_index(drop=True), curve.price_changes())
        start, end = seconds_of(cut["charge_period_start"]), seconds_of(cut["charge_period_end"])
        spent = curve.unit_cost_until(end) - curve.unit_cost_until(start)
        unit = units()[curve.lines[0].price.unit]
        frame = cut[[*WHO_WHERE_WHAT, "resource_id"]].copy()
        frame["start"], frame["end"] = start, end
        frame["x_amount"] = cut["x_quantity"] * unit.per_quantity(key.vcpus)
        frame["list_cost"] = spent * cut["x_quantity"]
        parts.append(frame)
    return _finished(pd.concat(parts, ignore_index=True), by_key) if parts else AMOUNTS.frame()


def _keys(frame: pd.DataFrame) -> Iterator[Key]:
    """The curve that each row belongs to."""
    for account, currency, region, meter, item, vcpus, term in frame[WHO_WHERE_WHAT].itertuples(index=False):
        yield Key(account, currency, region, meter, item, int(vcpus), term)


def _finished(frame: pd.DataFrame, by_key: dict[Key, Curve]) -> pd.DataFrame:
    """Hours, the price and its source, and the rules beside every stretch; what has no price is left out."""
    lines = [_lines_at(by_key[key], int(start)) for key, start in zip(_keys(frame), frame["start"], strict=True)]
    priced = np.array([bool(rows) for rows in lines], dtype=bool)  # An empty list would choose no column.
    frame, found = frame[priced].reset_index(drop=True), [rows for rows in lines if rows]
    frame["x_hours"] = (frame["end"] - frame["start"]) / SECONDS_PER_HOUR
    used = [units()[rows[0].unit] for rows in found]
    frame["x_unit"] = [unit.name if unit.term else unit.basis for unit in used]
    frame["pricing_unit"] = [unit.name for unit in used]
    hours = np.array([unit.hours for unit in used], dtype=np.float64)
    priced_quantity = frame["x_amount"] * frame["x_hours"] / hours
    single = np.array([rows[0].price if len(rows) == 1 else np.nan for rows in found], dtype=np.float64)
    mean = frame["list_cost"] / priced_quantity
    frame["list_unit_price"] = np.where(np.isnan(single), mean, single)
    places = list(zip(found, frame["region_id"], frame["x_item"], strict=True))
    frame["x_stated_by"] = ["; ".join(dict.fromkeys(_by(row, *place) for row in rows)) for rows, *place in places]
    frame["x_price_source"] = ["; ".join(_show(row, *place) for row in rows) for rows, *place in places]
    frame["x_rules"] = [" ".join(METERS[meter].rules) for meter in frame["sku_meter"]]
    frame["charge_period_start"] = times_of(frame["start"].to_numpy("int64"))
    frame["charge_period_end"] = times_of(frame["end"].to_numpy("int64"))
    return AMOUNTS.frame(frame)


def _lines_at(curve: Curve, moment: int) -> list[PriceRow]:
    """The price rows that a curve uses at a moment."""
    segment = int(np.searchsorted(curve.borders, moment, "right")) - 1
    return [
        line.price for line in curve.lines if line.low <= segment < line.high and line.quantity[segment - line.low] != 0
    ]


def _by(row: PriceRow, region: str, item: str) -> str:
    """Who says a price, in a few words; first of which region it is, if it stands in for another's."""
    return f"of {row.region_id}, {stated_by(row)}" if stands_in(row, region, item) else stated_by(row)


def _show(row: PriceRow, region: str, item: str) -> str:
    """A price row in words: amount, unit, tier, first day and source; and for what it stands in, if it does."""
    day = "" if row.valid_from_basis == "stated" else f" (first day {row.valid_from_basis})"
    tier = ""
    if row.quantity_unit != "vCPU":
        if row.from_quantity:
            tier = f" above {row.from_quantity:,g} GiB"
        elif isfinite(row.to_quantity):
            tier = f" for the first {row.to_quantity:,g} GiB"
    what = f" {row.item}" if row.item else ""
    instead = ""
    if stands_in(row, region, item):
        to = f" to {row.to_region_id}" if row.to_region_id else ""
        instead = f"{to}, which stands in for {region}{f' {item_in_words(row.meter, item)}' if to else ''}"
    return (
        f"{row.price:g} {row.currency} per {units()[row.unit].name}{what} in {row.region_id}{instead}{tier} "
        f"from {row.valid_from}{day} [{row.source}, {row.source_date}, {row.confidence}]"
    )
