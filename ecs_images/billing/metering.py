"""Metering: a ledger → usage, the lives of stored copies and the stretches that fees run.

Storage is metered by the lives of copies, not of snapshots: when a snapshot goes and another
holds its blocks, nothing is billed twice and nothing is lost (BILL-4). A copy alive at any instant of a
billing hour counts for the whole hour (BILL-2), from the end of the snapshot's creation (BILL-3).
Keeping an image costs only its snapshots (IBILL-1), and one that is never launched costs no fee
(IBILL-6). Licence and marketplace fees run by the second from launch to release (IBILL-2, IBILL-4)
and are paid by whoever launched (IBILL-5); a stop in economical mode suspends them (IBILL-3), and a
change of system ends one and begins the other (OS-6).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from ..catalog import meters
from ..catalog.meters import PARTS_OF_A_TERM, asked_for
from ..catalog.rule_book import supposed, taken
from ..catalog.sites import sites
from ..columns import FOR_EVER, times_of, whole_hours
from ..errors import InputError, shown
from ..ledger import events as ev
from ..ledger.ledger import Ledger
from ..ledger.plain_chains import PlainChains, plain_chains
from ..ledger.resources import Disk, Lineage, OpenedAccount, Snapshot
from ..ledger.state import State
from ..units import BYTES_PER_GIB, SECONDS_PER_HOUR, Time, next_full_hour, parse_time, show_time, to_seconds
from .schema import USAGE
from .subscriptions import Prepaid, prepaid

_SECOND = timedelta(seconds=1)


class HasLedger(Protocol):
    """Something that has happened, such as a cloud."""

    @property
    def ledger(self) -> Ledger: ...


def measure(
    ledger: Ledger | HasLedger,
    *,
    until: Time,
    since: Time | None = None,
    assume: Mapping[str, str] | None = None,
    meters: str | Iterable[str] | None = None,
) -> pd.DataFrame:
    """The usage of a ledger between two moments.

    ledger: what happened: a ledger, or a cloud; after its last event everything goes on as it is
    until: the end, taken to the next full hour
    since: the beginning, a full hour; None: the hour of the first event
    assume: for assumptions that bills read, such as `{"UNK-5": "start"}`, the value to suppose instead of
        what the ledger supposes
    meters: what to meter beside images and their fees: "all", or names such as disk and instance

    Returns a `USAGE` table. Raises InputError for an empty ledger, for an `until` that is not after the
    beginning, and for assumptions that bills do not read.
    """
    ledger = ledger_of(ledger)
    start, end = billing_window(ledger, until, since)
    chains, state = plain_chains(ledger)
    return usage_of(ledger, state, (start, end), in_force(state, assume), asked_for(meters), chains)


def ledger_of(source: object) -> Ledger:
    """The ledger itself, or that of a cloud; raises InputError for anything else."""
    ledger = source if isinstance(source, Ledger) else getattr(source, "ledger", None)
    if not isinstance(ledger, Ledger):
        raise InputError(f"a bill is made of a cloud or a ledger, not of {shown(source)}")
    return ledger


def in_force(state: State, assume: Mapping[str, str] | None) -> dict[str, str]:
    """What is supposed instead of defaults: by the ledger, unless `assume` chooses otherwise."""
    return {**state.assume, **supposed(assume, "bills")}


def usage_of(
    ledger: Ledger,
    state: State,
    window: tuple[int, int],
    assume: Mapping[str, str],
    meters: Collection[str] = (),
    plain: PlainChains | None = None,
) -> pd.DataFrame:
    """The usage of a ledger within a window.

    ledger: what happened
    state: the state after it, but for the chains of `plain`
    window: the beginning and the end [s since 1970]
    assume: what is supposed instead of defaults
    meters: what to meter besides, as `asked_for` says
    plain: the plain chains, where the state is without them
    """
    storage, rows = _storage_usage(state, plain, window), _rows_of_fees(ledger, state, assume, meters)
    rows = [row for row in rows if _within(row[-2], row[-1], window)]
    return _joined(storage, _fee_usage(rows, window)) if rows else storage


def _within(start: Any, end: Any, window: tuple[int, int]) -> Any:
    """Whether spans [s since 1970] have a part in a window."""
    return (end > window[0]) & (start < window[1])


def _joined(storage: pd.DataFrame, fees: pd.DataFrame) -> pd.DataFrame:
    for name in storage.columns[storage.dtypes == "category"]:
        names = [*storage[name].cat.categories, *fees[name].unique()]
        both = pd.CategoricalDtype(sorted(set(names)))
        storage[name], fees[name] = storage[name].astype(both), fees[name].astype(both)
    return pd.concat([storage, fees], ignore_index=True)


def billing_window(ledger: Ledger, until: Time, since: Time | None) -> tuple[int, int]:
    """The seconds `[since, until)` to bill, both on full hours, checked."""
    end = next_full_hour(parse_time(until, "until"))
    if not len(ledger):
        raise InputError("the ledger is empty; there is nothing to bill")
    begin = ledger[0].at if since is None else parse_time(since, "since")
    if since is not None and next_full_hour(begin) != begin:
        raise InputError(f"since {show_time(begin)} is not a full hour")
    if end <= begin:
        raise InputError(f"until {show_time(end)} must be after {show_time(begin)}")
    return to_seconds(begin) // SECONDS_PER_HOUR * SECONDS_PER_HOUR, to_seconds(end)


# Storage ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SnapshotLives:
    """When the snapshots of all chains held their copies, laid end to end.

    Snapshot `number` of chain k stands at `offsets[k] + number - 1`. All times are seconds since
    1970: it refers to copies that are there already from `started` on, stores its own from
    `stored` on, and `ended` is `FOR_EVER` while it lives.
    """

    chains: tuple[str, ...]
    offsets: np.ndarray
    ids: tuple[str, ...]
    started: np.ndarray
    stored: np.ndarray
    ended: np.ndarray


def snapshot_lives(state: State) -> SnapshotLives:
    """The lives of all snapshots of a state."""
    chains = tuple(state.chain_snapshots)
    members = [state.chain_snapshots[chain] for chain in chains]
    ids = tuple(snapshot for chain in members for snapshot in chain)
    table = state.snapshots
    started = np.fromiter((to_seconds(table[s].started_at) for s in ids), np.int64, len(ids))
    stored = np.fromiter((to_seconds(table[s].finishes_at) for s in ids), np.int64, len(ids))
    ended = np.fromiter((_end_seconds(table[s].deleted_at) for s in ids), np.int64, len(ids))
    sizes = np.fromiter((len(chain) for chain in members), np.int64, len(members))
    return SnapshotLives(chains, np.cumsum(sizes) - sizes, ids, started, stored, ended)


def _end_seconds(moment: datetime | None) -> int:
    return FOR_EVER if moment is None else to_seconds(moment)


def _storage_usage(state: State, plain: PlainChains | None, window: tuple[int, int]) -> pd.DataFrame:
    lives = snapshot_lives(state)
    chains, offsets, stored, ended = lives.chains, lives.offsets, lives.stored, lives.ended
    runs = [state.chains[chain].runs() for chain in chains]
    counts = np.fromiter((len(run.first) for run in runs), np.int64, len(runs))
    chain = np.repeat(np.arange(len(runs)), counts)
    first, last, blocks = (
        np.concatenate([getattr(run, name) for run in runs] or [np.empty(0, np.int64)])
        for name in ("first", "last", "blocks")
    )
    skipped = np.concatenate([*(run.skipped_texts() for run in runs), np.array([""], object)])
    sizes = np.fromiter((state.chains[c].block_bytes for c in chains), np.int64, len(runs))
    owners: list[Snapshot | Disk] = [state.snapshots[state.chain_snapshots[c][0]] for c in chains]
    if plain is not None:
        chain = np.concatenate([chain, plain.chain + len(chains)])
        first, last = np.concatenate([first, plain.first]), np.concatenate([last, plain.last])
        blocks = np.concatenate([blocks, plain.blocks])
        sizes = np.append(sizes, np.full(len(plain.disks), state.block_bytes))
        offsets = np.concatenate([offsets, plain.offsets + len(stored)])
        stored, ended = np.concatenate([stored, plain.stored]), np.concatenate([ended, plain.ended])
        owners += [state.disks[disk] for disk in plain.disks]
        chains += tuple(f"sl-{disk}" for disk in plain.disks)
    low = offsets[chain] + first - 1
    start = stored[low]
    end = range_maximum(ended, low, offsets[chain] + last)
    # A run that skips snapshots ends with the last of those that do hold it.
    for k in np.flatnonzero(skipped != ""):
        held = np.setdiff1d(np.arange(first[k], last[k] + 1), numbers_of(skipped[k]))
        end[k] = ended[offsets[chain[k]] + held - 1].max()
    alive = start < end
    start, end = whole_hours(start, end)
    used = np.flatnonzero(alive & _within(start, end, window))
    # Each of these is as long as the usage: one is released before the next is made.
    start = start[used]
    end = end[used]
    chain = chain[used]
    first = first[used]
    last = last[used]
    blocks = blocks[used]
    same = np.zeros(len(chain), np.int8)
    return _usage_frame(
        {
            "billing_account_id": _codes([owner.account for owner in owners], chain),
            "billing_currency": _codes([_currency(state.accounts[o.account]) for o in owners], chain),
            "region_id": _codes([owner.region for owner in owners], chain),
            "sku_meter": _codes([meters.STORAGE], same),
            "x_item": _codes([""], same),
            "x_vcpus": np.zeros(len(chain), np.int64),
            "x_term": _codes([""], same),
            "resource_id": _codes(chains, chain),
            "x_image_id": _codes([""], same),
            "x_first_snapshot": first,
            "x_last_snapshot": last,
            "x_skipped_snapshots": _codes(skipped, np.minimum(used, len(skipped) - 1)),  # no plain chain's runs skip
            "x_quantity": blocks * sizes[chain],
        },
        (start, end),
        window,
    )


def numbers_of(skipped: str) -> list[int]:
    """The numbers of snapshots that a stored copy skips, which a usage table holds as a text."""
    return [int(number) for number in skipped.split(",")]


def range_maximum(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The largest of `values[low[k]:high[k]]` for every k."""
    if not len(low):
        return np.empty(0, values.dtype)
    padded = np.append(values, values.min())
    return np.maximum.reduceat(padded, np.column_stack([low, high]).ravel())[::2]


def _codes(names: Iterable[str], codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Text by position, kept as codes: a hundred thousand rows name few accounts."""
    text = list(names)
    categories = sorted(set(text))
    position = {name: k for k, name in enumerate(categories)}
    to_category = np.array([position[name] for name in text] or [0], dtype=np.int32)
    dtype = pd.CategoricalDtype(pd.Index(categories, dtype="str"))  # of text also where there is none
    return pd.Categorical.from_codes(to_category[codes], dtype=dtype)


def _currency(account: OpenedAccount) -> str:
    return sites()[account.site].currency


# Fees ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Running:
    """A stretch during which an instance's fee runs."""

    since: datetime
    launched: ev.InstanceLaunched
    image: str
    lineage: Lineage
    purchase: str | None


_OF_FEES: tuple[type[ev.Event], ...] = (
    ev.SnapshotCopied,
    ev.ImageCopyStarted,
    ev.FilesReplicated,
    ev.InstanceLaunched,
    ev.InstanceStopped,
    ev.InstanceStarted,
    ev.SystemDiskReplaced,
    ev.SystemDiskReplacementStarted,
    ev.InstanceReleased,
)
"""The kinds of events that send something, or begin or end a fee."""


def _rows_of_fees(
    ledger: Ledger, state: State, assume: Mapping[str, str], wanted: Collection[str]
) -> list[tuple[Any, ...]]:
    """What is not snapshot storage: what is sent, fees of running instances, files of images, and machines."""
    rows: list[tuple[Any, ...]] = []
    running: dict[str, _Running] = {}
    suspended: dict[str, _Running] = {}
    # The new licence runs from the end of the change, unless from its start is supposed (UNK-5).
    late = taken("UNK-5", assume) == "completion"
    change = ev.SystemDiskReplaced if late else ev.SystemDiskReplacementStarted

    def end(instance: str, at: datetime | None) -> _Running | None:
        stretch = running.pop(instance, None)
        if stretch is not None:
            rows.extend(_fee_rows(stretch, _end_seconds(at), state))
        return stretch

    for event in ledger.of(*_OF_FEES):
        match event:
            case ev.SnapshotCopied() if event.copied_bytes:
                event = _as_sent(event, state.snapshots[event.snapshot].deleted_at, assume)
                rows.append(_traffic_row(event, state, meters.COPY_TRAFFIC, event.snapshot))
            case ev.ImageCopyStarted() if event.copied_bytes:
                event = _as_sent(event, state.images[event.image].deleted_at, assume)
                rows.append(_traffic_row(event, state, meters.IMAGE_TRAFFIC, event.image, event.image))
            case ev.FilesReplicated() if event.copied_bytes:
                rows.append(
                    _traffic_row(event, state, meters.FILE_TRAFFIC, event.files, state.files[event.files].image)
                )
            case ev.InstanceLaunched(billing="pay_as_you_go"):
                running[event.instance] = _Running(event.at, event, event.image, event.lineage, event.purchase)
            case ev.InstanceStopped(licence_suspended=True):
                stretch = end(event.instance, event.at)
                if stretch is not None:
                    suspended[event.instance] = stretch
            case ev.InstanceStarted():
                stretch = suspended.pop(event.instance, None)
                if stretch is not None:
                    stretch.since = event.at
                    running[event.instance] = stretch
            case ev.SystemDiskReplaced() | ev.SystemDiskReplacementStarted() if isinstance(event, change):
                stretch = end(event.instance, event.at) or suspended.pop(event.instance, None)
                if stretch is not None:  # Of a subscription the change is settled at once.
                    new = event.image, event.lineage, event.purchase
                    running[event.instance] = _Running(event.at, stretch.launched, *new)
            case ev.InstanceReleased():
                end(event.instance, event.at)
                suspended.pop(event.instance, None)
            case _:
                pass
    for instance in list(running):
        end(instance, None)
    rows.extend(_file_rows(state))
    if meters.DISK in wanted:
        rows.extend(_disk_rows(ledger, state))
    if meters.INSTANCE in wanted:
        rows.extend(_instance_rows(ledger, state))
    paid_ahead = prepaid(ledger, state, assume)
    # Whoever asks for machines, or their disks, hears of prepaid ones: no price is known for those.
    machines = bool({meters.DISK, meters.INSTANCE} & set(wanted))
    rows.extend(_prepaid_row(paid, state) for paid in paid_ahead if machines or paid.meter != meters.INSTANCE)
    return rows


def _fee_usage(rows: list[tuple[Any, ...]], window: tuple[int, int]) -> pd.DataFrame:
    names = [column for column in USAGE.names if not column.startswith("charge_period")]
    frame = pd.DataFrame(rows, columns=[*names, "start", "end"])
    fields = {name: frame[name] for name in names}
    return _usage_frame(fields, (frame["start"].to_numpy("int64"), frame["end"].to_numpy("int64")), window)


def _row(
    payer: OpenedAccount,
    region: str,
    meter: str,
    resource: str,
    use: tuple[int, int, int],
    item: str,
    image: str,
    vcpus: int = 0,
    term: str = "",
) -> tuple[Any, ...]:
    """A row of usage that no snapshots hold, in the order of `USAGE`; `use` is quantity, start and end [s]."""
    return (payer.name, _currency(payer), region, meter, item, vcpus, term, resource, image, 0, 0, "", *use)


def _prepaid_row(paid: Prepaid, state: State) -> tuple[Any, ...]:
    """What is paid at once, metered in the hour in which it is paid, in parts of a term."""
    hour = to_seconds(paid.at) // SECONDS_PER_HOUR * SECONDS_PER_HOUR
    use = round(paid.terms * PARTS_OF_A_TERM), hour, hour + SECONDS_PER_HOUR
    payer = state.accounts[paid.account]
    return _row(payer, paid.region, paid.meter, paid.resource, use, paid.item, paid.image, paid.vcpus, paid.term)


_Copied = TypeVar("_Copied", ev.SnapshotCopied, ev.ImageCopyStarted)


def cut_short(event: ev.SnapshotCopied | ev.ImageCopyStarted, ended: datetime | None) -> bool:
    """Whether a copy that sends something is cancelled, or deleted, before it is done (UNK-14)."""
    return bool(event.copied_bytes) and ended is not None and ended < event.finishes_at


def _as_sent(event: _Copied, ended: datetime | None, assume: Mapping[str, str]) -> _Copied:
    """A copy with what it sends: of one cut short, the part of its time that has gone by then (UNK-14)."""
    if ended is None or not cut_short(event, ended) or taken("UNK-14", assume) == "whole":
        return event
    part = Fraction((ended - event.at) // _SECOND, (event.finishes_at - event.at) // _SECOND)
    return replace(event, copied_bytes=round(event.copied_bytes * part))


def _traffic_row(
    event: ev.SnapshotCopied | ev.ImageCopyStarted | ev.FilesReplicated,
    state: State,
    meter: str,
    resource: str,
    image: str = "",
) -> tuple[Any, ...]:
    """What is sent between regions, charged once (SCOPY-3, COPY-10): metered in the hour it begins."""
    hour = to_seconds(event.at) // SECONDS_PER_HOUR * SECONDS_PER_HOUR
    sent = event.copied_bytes, hour, hour + SECONDS_PER_HOUR
    return _row(state.accounts[event.account], event.region, meter, resource, sent, event.to, image)


def _file_rows(state: State) -> Iterable[tuple[Any, ...]]:
    """Files of images in OSS, from when they are written until they are deleted (EXP-3, ASSUME-7)."""
    for files in state.files.values():
        start, end = to_seconds(files.finishes_at), _end_seconds(files.deleted_at)
        if files.total_bytes and start < end:
            first, last = (int(hour[0]) for hour in whole_hours(np.array([start]), np.array([end])))
            stored = files.total_bytes, first, last
            yield _row(
                state.accounts[files.account], files.region, meters.FILE_STORAGE, files.id, stored, "", files.image
            )


def _fee_rows(stretch: _Running, end: int, state: State) -> Iterable[tuple[Any, ...]]:
    """The fees of one stretch: of a licence (LIC-1), of a marketplace product (MKT-4), or none."""
    launched, lineage, use = stretch.launched, stretch.lineage, (1, to_seconds(stretch.since), end)
    once = stretch.purchase is not None and state.purchases[stretch.purchase].billing == "once"
    product = None if once else lineage.product_code  # What was bought for good costs nothing more (MKT-3).
    for meter, item in ((meters.OS_LICENCE, lineage.charged_system), (meters.MARKETPLACE_FEE, product)):
        if item and use[1] < end:
            payer, size = state.accounts[launched.account], launched.vcpus
            yield _row(payer, launched.region, meter, launched.instance, use, item, stretch.image, size)


def _disk_rows(ledger: Ledger, state: State) -> Iterable[tuple[Any, ...]]:
    """Pay-as-you-go disks by their whole size, from creation to release, whether their instance runs (IBILL-3)."""
    created = (event for event in ledger.of(ev.DiskCreated) if event.instance)
    prepaid_ones = {disk.disk for disk in created if state.instances[str(disk.instance)].billing == "subscription"}
    for disk in state.disks.values():
        if disk.id in prepaid_ones:
            continue
        held = disk.size_gib * BYTES_PER_GIB, to_seconds(disk.created_at), _end_seconds(disk.released_at)
        if held[1] < held[2]:
            yield _row(state.accounts[disk.account], disk.region, meters.DISK, disk.id, held, disk.category, "")


def _instance_rows(ledger: Ledger, state: State) -> Iterable[tuple[Any, ...]]:
    """Pay-as-you-go instances by the second from launch to release, without economical stops (IBILL-3)."""
    since: dict[str, datetime] = {}

    def end(instance: str, at: datetime | None) -> Iterable[tuple[Any, ...]]:
        if instance in since:
            there, start = state.instances[instance], to_seconds(since.pop(instance))
            if start < _end_seconds(at):
                payer, use = state.accounts[there.account], (1, start, _end_seconds(at))
                yield _row(payer, there.region, meters.INSTANCE, instance, use, there.instance_type, "")

    for event in ledger.of(*_OF_FEES):
        match event:
            case ev.InstanceLaunched(billing="pay_as_you_go"):
                since[event.instance] = event.at
            case ev.InstanceStarted() | ev.SystemDiskReplaced() if (
                state.instances[event.instance].billing == "pay_as_you_go"
            ):
                since.setdefault(event.instance, event.at)
            case ev.InstanceStopped(mode="economical") | ev.InstanceReleased():
                yield from end(event.instance, event.at)
            case _:
                pass
    for instance in list(since):
        yield from end(instance, None)


def _usage_frame(
    fields: Mapping[str, object], spans: tuple[np.ndarray, np.ndarray], window: tuple[int, int]
) -> pd.DataFrame:
    """Usage during spans, which are cut where they cross a border of the window; it takes the columns as they are."""
    start, end = (times_of(np.clip(moments, *window)) for moments in spans)
    columns = {**fields, "charge_period_start": start, "charge_period_end": end}
    return USAGE.frame(pd.DataFrame(columns, copy=False))  # All were made for it.
