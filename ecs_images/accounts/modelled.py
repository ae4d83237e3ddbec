"""What a model says an account should be billed by day: the side of a reconciliation that no bill is needed for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..billing.bill import Bill, bill
from ..billing.metering import numbers_of
from ..billing.rating import charges_of, curves, unpriced_of
from ..catalog.meters import STORAGE
from ..catalog.prices import Prices
from ..cloud.cloud import Cloud
from ..columns import seconds_of, times_of
from ..errors import InputError, shown
from ..ledger.state import State
from ..stories.run import Run
from ..units import (
    BILLING_CLOCK,
    BYTES_PER_GIB,
    CLOCK_OFFSET_SECONDS,
    SECONDS_PER_DAY,
    SECONDS_PER_HOUR,
    day_start_seconds,
    from_seconds,
    to_seconds,
)
from .costs import stored_by_hour, stored_usage
from .inventory import Inventory
from .tables import UNDATED

_HOURS = SECONDS_PER_DAY // SECONDS_PER_HOUR


class Cell(NamedTuple):
    """Where and when something is billed; `day` is a day of the billing clock."""

    account: str
    currency: str
    region: str
    meter: str
    day: str


@dataclass
class Model:
    """What should be billed.

    cost: list cost by cell [currency]
    quantity: use by cell; of storage [GiB-hour]
    basis: how the use of a cell is known; of a run always exactly
    unknown: why nothing can be said about an account, currency, region and meter
    others: what storage by cell [GiB-hour] would be if it was counted otherwise, by what would be done otherwise
    until: the first day that nothing is known about
    whole_until: the first day that may be known in part only: nobody misses lines of it
    accounts: the accounts it has
    of_cells: whether it is an inventory, which knows only the cells of `basis`
    why: why nothing can be said about other cells, where there is a reason of their own
    remarks: what is wrong with what it rests on; a sentence each
    """

    cost: dict[Cell, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    quantity: dict[Cell, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    basis: dict[Cell, str] = field(default_factory=dict)
    unknown: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    others: dict[str, Callable[[], Mapping[Cell, Decimal]]] = field(default_factory=dict)
    until: str = ""
    whole_until: str = "9999"
    accounts: frozenset[str] = frozenset()
    of_cells: bool = False
    why: dict[Cell, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def modelled(
    source: object, start: datetime, end: datetime, currencies: Mapping[str, str], prices: Prices | None
) -> Model:
    """The model of a source.

    source: a run of a story, a cloud, a bill, or an inventory
    start: the first day that is asked about
    end: the end of what is asked about; a model never goes past its own clock
    currencies: the currency of each account of the real bill, which an inventory does not know
    prices: the price books; None: the story's or the published ones

    Raises InputError for any other source.
    """
    match source:
        case Inventory():
            return _of_inventory(source, start, end, currencies, prices or Prices.published())
        case Bill():
            if prices is not None:
                raise InputError("a bill has its own prices; give prices= with a cloud, a run or an inventory")
            return _of_bill(source)
        case Run() | Cloud():
            cloud = source.cloud if isinstance(source, Run) else source
            last = max(cloud.now, source.until or cloud.now) if isinstance(source, Run) else cloud.now
            until = min(end, last)
            if not len(cloud.ledger) or until <= cloud.ledger[0].at:
                return Model(until=f"{last:%Y-%m-%d}", accounts=frozenset(cloud.ledger.replay().accounts))
            layers = source.price_layers if isinstance(source, Run) else ()
            found = bill(cloud, until=until, prices=prices or Prices.published(*layers), meters="all")
            model, span = _of_bill(found), (to_seconds(found.period[0]), to_seconds(found.period[1]))
            model.others["clock hours"] = cache(lambda: _elapsed(_storage(found.usage), cloud.ledger.replay(), *span))
            return model
    raise InputError(f"a bill is reconciled with an inventory, a run, a cloud or a bill, not with {shown(source)}")


def _of_bill(found: Bill) -> Model:
    model = _priced(found.usage, found.charges, found.unpriced)
    model.until = f"{found.period[1] - timedelta(seconds=1) + timedelta(days=1):%Y-%m-%d}"
    return model


def _priced(usage: pd.DataFrame, charges: pd.DataFrame, unpriced: pd.DataFrame) -> Model:
    model = Model(accounts=frozenset(usage["billing_account_id"].astype(str)))
    for row in rows_of(charges):
        cell = _cell(row, row.charge_period_start.tz_convert(BILLING_CLOCK))
        model.cost[cell] += Decimal(row.list_cost)
        model.quantity[cell] += Decimal(row.consumed_quantity)
    for row in rows_of(unpriced):
        key = str(row.billing_account_id), str(row.billing_currency), str(row.region_id), str(row.sku_meter)
        model.unknown[key] = "the price book has no price for some of this use; add it with prices"
    model.others["UTC days"] = cache(lambda: _by_day(_storage(usage), 0))
    return model


def _cell(row: Any, moment: datetime) -> Cell:
    return Cell(
        str(row.billing_account_id),
        str(row.billing_currency),
        str(row.region_id),
        str(row.sku_meter),
        f"{moment:%Y-%m-%d}",
    )


def rows_of(frame: pd.DataFrame) -> list[Any]:
    """The rows of a table, with its columns as attributes."""
    return list(frame.itertuples(index=False))


def _storage(usage: pd.DataFrame) -> pd.DataFrame:
    return usage[usage["sku_meter"].astype(str) == STORAGE].reset_index(drop=True)


def _by_day(usage: pd.DataFrame, offset: int) -> dict[Cell, Decimal]:
    """Storage of each day [GiB-hour], with days that begin `offset` seconds before midnight UTC.

    Rows become steps of each region's level, as rating does, so that no day of a row is written out.
    """
    found: dict[Cell, Decimal] = {}
    keys = ["billing_account_id", "billing_currency", "region_id", "sku_meter"]
    who, size = usage[keys].astype("str"), usage["x_quantity"]
    steps = pd.concat(
        [
            who.assign(moment=seconds_of(usage["charge_period_start"]), change=size),
            who.assign(moment=seconds_of(usage["charge_period_end"]), change=-size),
        ]
    )
    for key, region in steps.groupby([*keys, "moment"], as_index=False)[["change"]].sum().groupby(keys):
        moments = region["moment"].to_numpy()
        levels = np.cumsum(region["change"].to_numpy())[:-1] / BYTES_PER_GIB
        held = np.concatenate([[0.0], np.cumsum(levels * np.diff(moments))]) / SECONDS_PER_HOUR
        first, last = (moments[[0, -1]] + offset) // SECONDS_PER_DAY
        days = np.arange(first, last + 2)
        hours = np.diff(np.interp(days * SECONDS_PER_DAY - offset, moments, held))
        for day, amount in zip(days.astype("datetime64[D]").astype(str), hours, strict=False):
            found[Cell._make((*key, day))] = Decimal(float(amount))
    return found


def _elapsed(usage: pd.DataFrame, state: State, since: int, until: int) -> dict[Cell, Decimal]:
    """Storage of each day [GiB-hour] by the time that passed, where the service counts every clock hour touched."""
    starts, ends = [], []
    for row in rows_of(usage):
        members = state.chain_snapshots[str(row.resource_id)]
        held = set(range(row.x_first_snapshot, row.x_last_snapshot + 1)) - set(
            numbers_of(row.x_skipped_snapshots) if row.x_skipped_snapshots else ()
        )
        gone = [state.snapshots[members[number - 1]].deleted_at for number in held]
        first = state.snapshots[members[row.x_first_snapshot - 1]]
        starts.append(max(to_seconds(first.finishes_at), since))
        ends.append(min(until, max(to_seconds(moment) if moment else until for moment in gone)))
    exact = usage.assign(charge_period_start=times_of(np.array(starts)), charge_period_end=times_of(np.array(ends)))
    return _by_day(exact, CLOCK_OFFSET_SECONDS)


# Inventories ----------------------------------------------------------------------------------------


def _of_inventory(
    found: Inventory, start: datetime, end: datetime, currencies: Mapping[str, str], prices: Prices
) -> Model:
    """What an inventory's storage costs: by the hour where it has hours, else by the totals saved last."""
    only = next(iter(currencies)) if len(currencies) == 1 else ""
    hours, totals = stored_by_hour(found.usage_hours, only), _totals(found.chains, found.usage_hours, only)
    others = [found.tables[name]["account_id"] for name in ("instances", "disks")]
    accounts = frozenset(account for account, _ in hours.keys() | totals.keys())
    accounts |= {str(account) or only for table in others for account in table.unique()}
    if currencies.keys() == {""}:  # a bill that names no account
        currencies = dict.fromkeys(accounts, currencies[""])
    currencies = {account: currency for account, currency in currencies.items() if currency in prices.books}
    # The day of the newest answer counts as known: it may be dated by its day alone.
    last = min(end, (found.now or end) + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    days = range(day_start_seconds(start.date()), to_seconds(last), SECONDS_PER_DAY)
    known_hours: dict[str, set[int]] = defaultdict(set)
    for (account, _), by_hour in hours.items():
        known_hours[account] |= by_hour.keys()
    rows: list[tuple[str, str, str, int, int, int]] = []
    basis: dict[Cell, str] = {}
    for account, region in sorted(hours.keys() | totals.keys()):
        by_hour, saved = hours.get((account, region), {}), totals.get((account, region), {})
        for day in days if account in currencies and region else ():
            cell = Cell(account, currencies[account], region, STORAGE, f"{from_seconds(day):%Y-%m-%d}")
            covered = known_hours[account].intersection(range(day, day + SECONDS_PER_DAY, SECONDS_PER_HOUR))
            if covered and by_hour:
                basis[cell] = "hours" if len(covered) == _HOURS else f"{len(covered)} of {_HOURS} hours"
                rows += [(*cell[:3], by_hour.get(hour, 0), hour, 1) for hour in sorted(covered)]
            elif saved and min(saved) < day + SECONDS_PER_DAY:  # what was stored before the first save is not known
                moment = max(at for at in saved if at < day + SECONDS_PER_DAY)
                basis[cell] = f"totals of {from_seconds(moment):%Y-%m-%d}"
                rows.append((*cell[:3], saved[moment], day, _HOURS))
    usage = stored_usage(rows)
    levels = curves(usage, prices)
    model = _priced(usage, charges_of(levels, prices), unpriced_of(levels))
    model.basis, model.until = basis, f"{last:%Y-%m-%d}"
    model.whole_until = f"{min(end, found.now or end):%Y-%m-%d}"
    model.accounts = accounts
    model.of_cells, model.remarks = True, tuple(_doubts(found))
    for cell in basis:  # a day on which nothing was stored is known too
        model.quantity[cell] += 0
        model.cost[cell] += 0
    return model


def _doubts(found: Inventory) -> Iterator[str]:
    """Why the sizes of an inventory may be wrong."""
    if found.now is None:
        yield UNDATED
    for row in rows_of(found.coverage):
        if row.what == "DescribeSnapshotLinks" and row.state != "complete":
            yield f"the snapshot chains of {row.region_id or 'an unknown region'} are {row.state}: {row.why}"


def _totals(chains: pd.DataFrame, hours: pd.DataFrame, only: str) -> dict[tuple[str, str], dict[int, int]]:
    """Bytes stored by account, region and the moment they were saved: the sum of the standard chains."""
    found: dict[tuple[str, str], dict[int, int]] = {}
    standard = chains[(chains["category"].str.lower() != "archive") & chains["taken_at"].notna()]
    sums = standard.groupby(["account_id", "region_id", "taken_at"], as_index=False)[["total_bytes"]].sum()
    for row in rows_of(sums):
        found.setdefault((row.account_id or only, row.region_id), {})[to_seconds(row.taken_at)] = int(row.total_bytes)
    for row in rows_of(hours):
        if row.source == "usage":
            by_moment = found.setdefault((row.account_id or only, row.region_id), {})
            by_moment.setdefault(to_seconds(row.hour_start), int(row.stored_bytes))
    return found
