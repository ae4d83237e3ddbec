"""The engine against the oracle, which bills hour by hour in exact fractions (design rules 4 to 6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Key, Oracle, per_hour, price_rows, storage_cost
from strategies import PRODUCT, SITES, Played, local, play, price, storage, stories, toy_prices, traffic

import ecs_images as ecs
from ecs_images.billing.rating import curves
from ecs_images.billing.schema import USAGE
from ecs_images.catalog.meters import COPY_TRAFFIC, STORAGE
from ecs_images.columns import times_of
from ecs_images.units import to_seconds

TOY = toy_prices()
ONE_A_GIB_HOUR = ecs.Prices([storage("all_regions", 1)])
ONE_A_GIB = ecs.Prices([storage("all_regions", 1), traffic("all_regions", "all_regions", 1)])
"""1 a GiB-hour stored, 1 a GiB sent."""


def sums(bill: ecs.Bill) -> dict[Key, float]:
    """The engine's bill by account, currency, region, meter and month."""
    columns = ["billing_account_id", "billing_currency", "region_id", "sku_meter", "x_month"]
    table = bill.by("account", "currency", "region", "meter", "month")
    return {tuple(map(str, names)): cost for *names, cost in table[[*columns, "list_cost"]].itertuples(index=False)}


def shares(bill: ecs.Bill, to: str) -> dict[tuple[str, str], float]:
    """The engine's attribution by name and currency."""
    table = bill.attribute(to).groupby([f"x_{to}_id", "billing_currency"])["list_cost"].sum()
    return {(str(name), str(currency)): cost for (name, currency), cost in table.items()}


def assert_same(got: dict, expected: dict) -> None:
    """Equal within 1e-9 of the larger; what is missing on one side must be 0 on the other."""
    for key in {*got, *expected}:
        assert got.get(key, 0.0) == pytest.approx(float(expected.get(key, 0)), rel=1e-9, abs=0), key


# The oracle itself, by hand -----------------------------------------------------------------------


def test_the_oracle_bills_a_small_chain_as_one_does_by_hand() -> None:
    """BILL-2, CHAIN-2: hours are whole, and a freed copy counts for the hour in which it goes."""
    cloud = ecs.Cloud(start="2026-01-15T10:20", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=3)
    first = acme.create_snapshot(web)
    acme.write(web, overwrite=1)
    cloud.at("2026-01-15T11:30")
    second = acme.create_snapshot(web)
    cloud.at("2026-01-15T11:45")
    acme.delete_snapshot(first)
    oracle = Oracle(cloud.ledger, ONE_A_GIB_HOUR, local(2026, 1, 15, 13))
    # 10 h: 3 GiB; 11 h: 3 and the 1 overwritten; 12 h: 3, for the old copy is freed. 3 + 4 + 3 = 10.
    assert dict(oracle.bill) == {("acme", "CNY", "cn-beijing", STORAGE, "2026-01"): 10}
    assert oracle.gib_hours == 10
    # In hour 11 both hold 2 copies (1 each), the first its own 1, the second its own 1: 3 + 2 and 2 + 3.
    assert dict(oracle.snapshots) == {(first, "CNY"): 5, (second, "CNY"): 5}


def test_the_oracle_prices_only_the_part_of_a_tier_and_looks_prices_up_by_the_day_of_utc_8() -> None:
    """BILL-2, design rule 8: marginal tiers; a later row ends an earlier; a layer goes before the book."""
    before, after = datetime.fromisoformat("2026-02-01T15:59:59Z"), datetime.fromisoformat("2026-02-01T16:00Z")
    free_then_four = price_rows(TOY, "CNY", STORAGE, "", "cn-hongkong", 0, before)
    # 7 GiB: 5 free, 2 at 4 = 8. The layer's 8 a GiB begins at midnight of UTC+8, 16:00 UTC: 56.
    assert storage_cost(free_then_four, 7 << 30) == 8
    assert storage_cost(price_rows(TOY, "CNY", STORAGE, "", "cn-hongkong", 0, after), 7 << 30) == 56
    # Beijing, 104 GiB: 30 at 1, 70 at 0.5, 4 at 0.25 = 30 + 35 + 1.
    assert storage_cost(price_rows(TOY, "CNY", STORAGE, "", "cn-beijing", 0, before), 104 << 30) == 66
    # Silicon Valley's own row ends on 2 February; all regions pay 72 a month, which is 0.1 an hour.
    (own,) = price_rows(TOY, "CNY", STORAGE, "", "us-west-1", 0, before)
    (wide,) = price_rows(TOY, "CNY", STORAGE, "", "us-west-1", 0, after)
    assert (per_hour(own), per_hour(wide)) == (16, Fraction(1, 10))


def test_the_oracle_prices_traffic_by_where_it_comes_from_before_where_it_goes() -> None:
    """SCOPY-3, design rule 8: of a pair of regions or scopes the layer's goes first, then the source's own."""
    before, after = datetime.fromisoformat("2026-02-01T15:59:59Z"), datetime.fromisoformat("2026-02-01T16:00Z")
    beijing, hongkong, valley = "cn-beijing", "cn-hongkong", "us-west-1"
    expected = {
        (beijing, hongkong): (4, 2),  # from all regions, less from 2 February on
        (beijing, valley): (32, 32),  # the pair's own, not the 8 from all regions
        (hongkong, beijing): (16, 16),  # from Hong Kong to all regions, not the 1 from all regions to Beijing
        (valley, beijing): (1, 64),  # a layer from Silicon Valley to the mainland from 2 February on
        (valley, hongkong): (4, 2),
    }
    for (source, to), amounts in expected.items():
        for currency, times in (("CNY", 1), ("USD", 3)):
            rows = [price_rows(TOY, currency, COPY_TRAFFIC, "", source, 0, hour, to) for hour in (before, after)]
            assert [row.price for (row,) in rows] == [amount * times for amount in amounts], (source, to)


def test_the_oracle_bills_copies_of_snapshots_as_one_does_by_hand() -> None:
    """SCOPY-2, SCOPY-3: the first copy is full, the second brings what changed; each is sent once."""
    cloud = ecs.Cloud(start="2026-01-15T10:20", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=3)
    first = acme.copy_snapshot(acme.create_snapshot(web), to="cn-hongkong")
    acme.write(web, overwrite=1, new=1)
    cloud.at("2026-01-15T11:30")
    second = acme.copy_snapshot(acme.create_snapshot(web), to="cn-hongkong")
    acme.delete_snapshot(first)
    copied = acme.copy_snapshot(second, to="us-west-1")
    oracle = Oracle(cloud.ledger, ONE_A_GIB, local(2026, 1, 15, 13))
    # Sent: 3 GiB, then the 1 overwritten and the 1 new; then all 4 from Hong Kong.
    # Kept: in Beijing 3 + 5 + 5; in Hong Kong 3, then 3 + 2, then 4, for the overwritten one is freed;
    # in Silicon Valley 4 + 4.
    costs = {(region, meter): cost for (_, _, region, meter, _), cost in oracle.bill.items()}
    assert costs == {
        ("cn-beijing", COPY_TRAFFIC): 5,
        ("cn-hongkong", COPY_TRAFFIC): 4,
        ("cn-beijing", STORAGE): 13,
        ("cn-hongkong", STORAGE): 12,
        ("us-west-1", STORAGE): 8,
    }
    # In hour 11 the first holds its own 1 and half of 2, the second its own 2 and half of 2; in hour 12
    # the second holds 4. With what was sent: 3 + 3 + 2, 2 + 3 + 4 and 4 + 8.
    shares = {name: cost for (name, _), cost in oracle.snapshots.items() if name in (first, second, copied)}
    assert shares == {first: 8, second: 9, copied: 12}
    assert_same(sums(ecs.bill(cloud, until="2026-01-15T13:00", prices=ONE_A_GIB)), oracle.bill)


# The engine against it ----------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=80)
@given(stories())
def test_the_engine_bills_what_the_oracle_bills(story) -> None:
    """BILL-1 to BILL-3, IBILL-2, IBILL-3, IBILL-5, CHAIN-2, SCOPY-2, SCOPY-3: per account, region, meter, month."""
    played = play(story)
    oracle = Oracle(played.cloud.ledger, TOY, played.until)
    assert_same(sums(_bill(played)), oracle.bill)


@pytest.mark.slow
@settings(max_examples=40)
@given(stories())
def test_the_engine_shares_costs_as_the_oracle_does(story) -> None:
    """Design, billing room: a copy's cost splits among its holders, a snapshot's among its images.

    What a copied snapshot sent is its own (SCOPY-3), and no image's.
    """
    played = play(story)
    bill, oracle = _bill(played), Oracle(played.cloud.ledger, TOY, played.until)
    assert_same(shares(bill, "image"), oracle.images)
    of_snapshots = {key: cost for key, cost in shares(bill, "snapshot").items() if key[0].startswith("s-")}
    assert_same(of_snapshots, oracle.snapshots)


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["lacking", "whole"])
@settings(max_examples=40)
@given(
    durations=st.sampled_from(["instant", "typical"]),
    changes=st.lists(st.tuples(st.integers(0, 7), st.integers(1, 4)), min_size=3, max_size=5),
    moves=st.lists(
        st.tuples(st.sampled_from(["copy", "copy", "copy onward", "delete", "minutes"]), st.integers(0, 59)),
        min_size=6,
        max_size=16,
    ),
)
def test_snapshots_copied_in_any_order_cost_and_share_what_the_oracle_says(
    answer: str, durations: str, changes: list[tuple[int, int]], moves: list[tuple[str, int]]
) -> None:
    """UNK-15, SCOPY-2, design rules 4 to 6: older ones after newer ones, copies of copies, deletions between."""
    cloud = ecs.Cloud(start="2026-01-15T10:20", durations=durations, block_size_mib=1024, assume={"UNK-15": answer})
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=12)
    for offset, gib in changes:
        acme.write(web, overwrite=gib, offset=offset)
        cloud.wait(acme.create_snapshot(web))
    copies: list[str] = []
    for move, number in moves:
        live = [s for s in cloud.state.snapshots.values() if not s.deleted_at]
        done = [s.id for s in live if s.status == "accomplished"]
        if move == "minutes":
            cloud.advance(hours=(number + 1) / 60)
        elif move == "delete" and len(live) > 1:
            acme.delete_snapshot(live[number % len(live)].id)
        elif move == "copy" and (here := [name for name in done if name not in copies]):
            copies.append(acme.copy_snapshot(here[number % len(here)], to="cn-shanghai"))
        elif move == "copy onward" and (there := [s for s in done if cloud.snapshot(s).region == "cn-shanghai"]):
            copies.append(acme.copy_snapshot(there[number % len(there)], to="cn-hongkong"))
    until = local(2026, 1, 16, 12)
    bill, oracle = ecs.bill(cloud, until=until, prices=ONE_A_GIB), Oracle(cloud.ledger, ONE_A_GIB, until)
    assert_same(sums(bill), oracle.bill)
    found = {key: cost for key, cost in shares(bill, "snapshot").items() if key[0].startswith("s-")}
    assert_same(found, oracle.snapshots)
    for name in copies:
        assert bill.explain(name).total == pytest.approx(found.get((name, "CNY"), 0), rel=1e-9)


@pytest.mark.slow
@settings(max_examples=15)
@given(stories(starts=("2026-01-31T21:17",)))
def test_the_engine_bills_a_later_window_as_the_oracle_does(story) -> None:
    """BILL-2: `since` cuts the same whole hours out of the bill."""
    played = play(story)
    since = played.until - timedelta(hours=12)
    bill = ecs.bill(played.cloud, since=since, until=played.until, prices=TOY)
    assert_same(sums(bill), Oracle(played.cloud.ledger, TOY, played.until, since).bill)


@pytest.mark.slow
@pytest.mark.parametrize("sites", [SITES, ("china", "china", "china")])
@settings(max_examples=25)
@given(stories(starts=("2026-01-31T21:17",)))
def test_with_the_published_book_both_bill_what_has_a_price_and_list_the_same_rest(
    sites: tuple[str, ...], story
) -> None:
    """Design rule 8: a missing price hides nothing else and is never 0; the published tiers count.

    In USD little is published for these regions, in CNY the storage in all and the traffic from one.
    """
    played = play(story, sites=sites)
    prices = ecs.Prices.published()
    oracle = Oracle(played.cloud.ledger, prices, played.until, machines=True)
    bill = _bill(played, prices, "all")
    assert_same(sums(bill), oracle.bill)
    keys = ["billing_account_id", "billing_currency", "region_id", "sku_meter"]
    lacking = bill.unpriced.groupby(keys)["consumed_quantity"].sum()
    assert_same({tuple(map(str, names)): quantity for names, quantity in lacking.items()}, oracle.unpriced)
    if oracle.unpriced:
        with pytest.raises(ecs.PriceNotFound):
            bill.total(next(iter(oracle.unpriced))[1])


@pytest.mark.slow
@settings(max_examples=30)
@given(stories())
def test_the_engine_bills_machines_as_the_oracle_does(story) -> None:
    """IBILL-3: disks from creation to release, instances but for economical stops; neither is an image's."""
    played = play(story)
    bill, oracle = _bill(played, meters="all"), Oracle(played.cloud.ledger, TOY, played.until, machines=True)
    assert_same(sums(bill), oracle.bill)
    assert_same(shares(bill, "image"), oracle.images)


def _bill(played: Played, prices: ecs.Prices = TOY, meters: str | None = None) -> ecs.Bill:
    return ecs.bill(played.cloud, until=played.until, prices=prices, meters=meters)


# Corners, by hand ---------------------------------------------------------------------------------


def test_deletions_and_new_snapshots_inside_one_hour_count_for_that_hour_once_each() -> None:
    """BILL-2, CHAIN-2: every copy alive at any instant of the hour counts for it, freed or not."""
    cloud = ecs.Cloud(start="2026-01-15T10:05", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=4)
    for minute in (10, 20, 30, 40):
        cloud.at(f"2026-01-15T10:{minute}")
        snapshot = acme.create_snapshot(web)
        cloud.at(f"2026-01-15T10:{minute + 5}")
        acme.delete_snapshot(snapshot)
    cloud.at("2026-01-15T10:50")
    acme.create_snapshot(web)
    bill = ecs.bill(cloud, until="2026-01-15T12:00", prices=ONE_A_GIB_HOUR)
    # Nothing was left to refer to each time, so five full copies of 4 GiB in hour 10, one in hour 11.
    assert bill.total() == 5 * 4 + 4
    assert_same(sums(bill), Oracle(cloud.ledger, ONE_A_GIB_HOUR, local(2026, 1, 15, 12)).bill)


def test_a_snapshot_that_takes_over_inside_an_hour_is_not_billed_twice() -> None:
    """CHAIN-2, design rule 5: the middle snapshot goes, the next holds its blocks: still one copy."""
    cloud = ecs.Cloud(start="2026-01-15T10:05", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=4)
    for minute in (10, 20, 30, 40):
        cloud.at(f"2026-01-15T10:{minute}")
        newest = acme.create_snapshot(web)
        for older in cloud.chain(web).snapshots:
            if older != newest:
                acme.delete_snapshot(older)
    bill = ecs.bill(cloud, until="2026-01-15T12:00", prices=ONE_A_GIB_HOUR)
    # One copy of 4 GiB in hours 10 and 11.
    assert bill.total() == 8


def test_a_copy_deleted_on_the_full_hour_does_not_touch_the_next() -> None:
    """BILL-2, design rule 7: times are [start, end)."""
    cloud = ecs.Cloud(start="2026-01-15T10:00", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=4)
    snapshot = acme.create_snapshot(web)
    cloud.at("2026-01-15T12:00")
    acme.delete_snapshot(snapshot)
    assert ecs.bill(cloud, until="2026-01-16", prices=ONE_A_GIB_HOUR).total() == 4 * 2


def test_a_fee_runs_by_the_second_through_stops_and_a_change_of_system() -> None:
    """IBILL-2, IBILL-3, OS-6, MKT-4: economical stops suspend it, a new system disk changes it."""
    licence = {"item": "Red Hat Enterprise Linux", "unit": "per_vcpu_hour", "counts": "vCPU", "tier": (1, 9)}
    prices = ecs.Prices(
        [
            price("os_licence", "all_regions", 1, **licence),
            price("marketplace_fee", "all_regions", 10, item=PRODUCT, unit="per_instance_hour"),
        ]
    )
    cloud = ecs.Cloud(start="2026-01-15T10:00")
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="rhel_9", instance_type="ecs.g6.large")
    cloud.at("2026-01-15T10:30")
    acme.stop_instance(web, mode="economical")
    cloud.at("2026-01-15T11:00")
    acme.start_instance(web)
    cloud.at("2026-01-15T11:15")
    acme.stop_instance(web, mode="economical")
    cloud.at("2026-01-15T11:30")
    acme.replace_system_disk(web, PRODUCT)
    cloud.at("2026-01-15T11:33")
    acme.stop_instance(web, mode="standard")
    cloud.at("2026-01-15T11:36")
    acme.start_instance(web)
    cloud.at("2026-01-15T11:42")
    acme.release_instance(web, force=True)
    bill = ecs.bill(cloud, until="2026-01-16", prices=prices)
    # Red Hat, 2 vCPUs: 30 min and 15 min of running = 0.75 h × 2 × 1 = 1.5.
    # The product: from 11:30 to 11:42, the standard stop included = 0.2 h × 10 = 2.
    costs = {meter: cost for (_, _, _, meter, _), cost in sums(bill).items()}
    assert costs == pytest.approx({"os_licence": 1.5, "marketplace_fee": 2}, rel=1e-12)
    assert_same(sums(bill), Oracle(cloud.ledger, prices, local(2026, 1, 16)).bill)


def test_a_snapshot_copied_to_the_same_region_twice_is_sent_once() -> None:
    """SCOPY-2: the second is a later copy, and nothing differs from the newest there; both hold the same blocks."""
    cloud = ecs.Cloud(start="2026-01-15T10:00", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=4)
    original = acme.create_snapshot(web)
    copies = [acme.copy_snapshot(original, to="cn-hongkong") for _ in range(2)]
    bill = ecs.bill(cloud, until="2026-01-15T11:00", prices=ONE_A_GIB)
    # 4 GiB sent, and 4 kept for an hour at either end. Of the 4 kept both copies bear 2; the first sent 4.
    assert bill.total() == 4 + 4 + 4
    found = shares(bill, "snapshot")
    assert [found[copy, "CNY"] for copy in copies] == [6, 2]
    assert_same(sums(bill), Oracle(cloud.ledger, ONE_A_GIB, local(2026, 1, 15, 11)).bill)


@pytest.mark.slow
@pytest.mark.parametrize(("then", "total"), [("finished", 4960), ("cancelled", 120)])
def test_the_cost_of_a_copy_that_only_a_snapshot_under_way_still_needs_is_somebody_s(then: str, total: float) -> None:
    """Design rules 4 to 6, CHAIN-2: a copy lives while any snapshot refers to it, and attribution sums to the bill.

    The first snapshot goes while the second, which refers to its blocks, is still being made for hours.
    """
    cloud = ecs.Cloud(start="2026-01-15T10:00", durations="typical", block_size_mib=1024)
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=500, written=40)
    first = acme.create_snapshot(web)
    cloud.wait(first)
    acme.write(web, new=400)
    # 40 GiB take 20 minutes and 400 take 200: the second is under way from 10:20 to 13:40.
    second = acme.create_snapshot(web)
    cloud.at("2026-01-15T10:26")
    acme.delete_snapshot(first)
    cloud.at("2026-01-15T12:56")
    if then == "cancelled":
        acme.delete_snapshot(second)
    bill = ecs.bill(cloud, until="2026-01-16", prices=ONE_A_GIB_HOUR)
    # Finished: 40 GiB from 10 h to 24 h, 400 from 13 h: 560 + 4400. Cancelled: 40 GiB from 10 h to 13 h.
    # Of that the first bears half of the 40 in hour 10, which is 20.
    assert bill.total() == total
    expected = {first: 20, second: total - 20}
    assert shares(bill, "snapshot") == pytest.approx({(name, "CNY"): cost for name, cost in expected.items()})
    assert shares(bill, "image") == pytest.approx({("", "CNY"): total})
    assert_same(sums(bill), Oracle(cloud.ledger, ONE_A_GIB_HOUR, local(2026, 1, 16)).bill)


@pytest.mark.slow
def test_a_hundred_thousand_additions_and_removals_end_at_exactly_nothing() -> None:
    """Design rule 6: sizes are whole bytes, so running sums return to 0 without a remainder."""
    count, rng = 100_000, np.random.default_rng(7)
    january = to_seconds(local(2026, 1, 1))
    start = january + 3600 * rng.integers(0, 600, count)
    end = start + 3600 * rng.integers(1, 100, count)
    size = rng.integers(1, 1 << 41, count)
    # A last copy of 1 GiB, in March, for 10 hours.
    march = to_seconds(local(2026, 3, 1))
    start, end, size = np.append(start, march), np.append(end, march + 36_000), np.append(size, 1 << 30)
    usage = _storage_usage(start, end, size)
    (curve,) = curves(usage, ONE_A_GIB_HOUR)
    # The last copy of January ends in its hour 599 + 99 at most, so February holds nothing.
    in_february = (curve.borders[:-1] >= to_seconds(local(2026, 2, 1))) & (curve.borders[:-1] < march)
    assert in_february.any()
    assert set(curve.levels[in_february]) == {0}
    assert curve.levels[-1] == 1 << 30
    assert curve.levels.min() == 0
    # At 1 a GiB-hour the cost is the sum of bytes × hours over 2^30, here in whole numbers of Python.
    byte_hours = sum(int(q) * int(b - a) // 3600 for q, a, b in zip(size, start, end, strict=True))
    exact = Fraction(byte_hours, 1 << 30)
    assert ecs.rate(usage, ONE_A_GIB_HOUR)["list_cost"].sum() == pytest.approx(float(exact), rel=1e-9)


def _storage_usage(start: np.ndarray, end: np.ndarray, size: np.ndarray) -> pd.DataFrame:
    """A usage table of stored copies of one account in Beijing."""
    fixed = {
        "billing_account_id": "acme",
        "billing_currency": "CNY",
        "region_id": "cn-beijing",
        "sku_meter": STORAGE,
        "x_item": "",
        "x_vcpus": 0,
        "x_term": "",
        "resource_id": "sl-1",
        "x_image_id": "",
        "x_first_snapshot": 1,
        "x_last_snapshot": 1,
        "x_skipped_snapshots": "",
    }
    frame = pd.DataFrame({name: [value] * len(size) for name, value in fixed.items()})
    frame["x_quantity"] = size
    frame["charge_period_start"], frame["charge_period_end"] = times_of(start), times_of(end)
    return USAGE.check(frame[USAGE.names])
