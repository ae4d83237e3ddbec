"""Laws that hold for every story: of the ledger, of the bill, and of everybody's share of it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from strategies import NAMES, STARTS, VERBS, Played, Story, fingerprint, play, stories, tables, toy_prices

import ecs_images as ecs
from ecs_images.catalog.meters import STORAGE
from ecs_images.catalog.sites import sites
from ecs_images.ledger import events as ev
from ecs_images.ledger.ledger import Ledger

TOY = toy_prices()
WHERE = ["billing_account_id", "billing_currency", "region_id", "sku_meter"]

played_stories = stories().map(play)


def bill(played: Played, ledger: Ledger | None = None, prices: ecs.Prices = TOY, **window: datetime) -> ecs.Bill:
    return ecs.bill(ledger or played.cloud.ledger, prices=prices, **({"until": played.until} | window))


def costs(table: pd.DataFrame, columns: Iterable[str] = WHERE) -> dict[tuple[str, ...], float]:
    """The list cost of a table, summed over some columns."""
    summed = table.groupby(list(columns), observed=True, as_index=False)["list_cost"].sum()
    return {tuple(map(str, key)): cost for *key, cost in summed.itertuples(index=False)}


def assert_same(got: dict, expected: dict) -> None:
    """Equal within 1e-9 of the larger; what one side lacks must be 0 on the other."""
    for key in {*got, *expected}:
        assert got.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), rel=1e-9, abs=0), key


# The stories themselves ---------------------------------------------------------------------------


def thirty_stories() -> Iterator[Played]:
    """Always the same ones, each with forty commands."""
    random = Random(1)
    for number in range(30):
        numbers = ((random.randrange(60), random.randrange(60), random.randrange(60)) for _ in range(40))
        commands = tuple((random.choice(VERBS), *n) for n in numbers)
        yield play(Story(STARTS[number % 3], ("instant", "typical")[number % 2], commands))


@pytest.mark.slow
def test_the_stories_make_every_kind_of_event_but_publishing_and_what_real_accounts_have() -> None:
    """A guard: laws say little when the stories they are tried on are empty."""
    seen: Counter[str] = Counter()
    refused = done = 0
    for played in thirty_stories():
        seen.update(type(event).__name__ for event in played.cloud.ledger)
        refused, done = refused + len(played.refused), done + played.done
    missing = set(ev.KINDS) - set(seen)
    assert missing == {"ImagePublished", "ImageUnpublished", "SnapshotSeen", "DiskSeen", "InstanceSeen"}
    assert refused > 100
    assert done > 500


@pytest.mark.slow
def test_the_stories_copy_snapshots_whole_and_in_part_copy_copies_and_delete_them() -> None:
    """A guard: SCOPY-1 and SCOPY-2 show only where snapshots of one chain are copied again and again."""
    seen: Counter[str] = Counter()
    for played in thirty_stories():
        copies = {e.snapshot: e for e in played.cloud.ledger if isinstance(e, ev.SnapshotCopied)}
        for event in played.cloud.ledger:
            if isinstance(event, ev.SnapshotCopied):
                full = played.cloud.state.snapshots[event.snapshot].content_bytes
                seen["in part" if event.copied_bytes < full else "whole"] += 1
                seen["copies of copies"] += event.source in copies
            elif isinstance(event, ev.SnapshotDeleted) and event.snapshot in copies:
                seen["deleted"] += 1
                seen["deleted under way"] += event.at < copies[event.snapshot].finishes_at
    kinds = "whole", "in part", "copies of copies", "deleted", "deleted under way"
    assert [kind for kind in kinds if not seen[kind]] == []


# Ledger and cloud ---------------------------------------------------------------------------------


@pytest.mark.slow
@given(played_stories)
def test_replaying_the_ledger_rebuilds_the_state_exactly(played: Played) -> None:
    """Design ground rule 1: only `apply` changes state."""
    assert tables(played.cloud.ledger.replay()) == tables(played.cloud.state)


@pytest.mark.slow
@given(played_stories)
def test_a_refused_command_changes_nothing(played: Played) -> None:
    """Design ground rule 2: no event, no id used up, no clock moved, no table touched."""
    assert played.changed_by_refusal == []


@pytest.mark.slow
@given(stories())
def test_the_same_story_told_twice_is_the_same_ledger(story: Story) -> None:
    """Design ground rule 7: ids come from counters, nothing is random, nothing reads the wall clock."""
    assert play(story).cloud.ledger == play(story).cloud.ledger


@pytest.mark.slow
@given(played_stories)
def test_a_fork_is_the_same_cloud_and_goes_its_own_way(played: Played) -> None:
    """Design ground rule 1: forking a cloud is copying a ledger."""
    cloud = played.cloud
    before = fingerprint(cloud)
    fork = cloud.fork()
    assert fingerprint(fork) == before
    assert fork.ledger == cloud.ledger
    fork.advance(days=1)
    fork.account("newcomer").import_image(region="cn-beijing", file=1)
    assert fingerprint(cloud) == before
    assert len(fork.ledger) > len(cloud.ledger)


@pytest.mark.slow
@given(played_stories)
def test_a_ledger_written_read_and_written_again_is_the_same_bytes(played: Played) -> None:
    """Design ground rule 1: the ledger's file loses nothing."""
    with tempfile.TemporaryDirectory() as folder:
        once, twice = Path(folder, "once.jsonl"), Path(folder, "twice.jsonl")
        played.cloud.ledger.save(once)
        read = Ledger.load(once)
        read.save(twice)
        assert once.read_bytes() == twice.read_bytes()
    assert read == played.cloud.ledger
    assert tables(read.replay()) == tables(played.cloud.state)


# The bill -----------------------------------------------------------------------------------------


@pytest.mark.slow
@given(played_stories, st.integers(0, 72))
def test_the_cost_up_to_an_hour_and_the_cost_after_it_are_the_whole(played: Played, hours: int) -> None:
    """BILL-2, design ground rule 7: periods are [start, end) and nothing is counted twice or lost."""
    first = played.cloud.ledger[0].at.replace(minute=0, second=0) + timedelta(hours=1)
    between = min(first + timedelta(hours=hours), played.until - timedelta(hours=1))
    before, after = bill(played, until=between), bill(played, since=between)
    parts = pd.concat([before.charges[[*WHERE, "list_cost"]], after.charges[[*WHERE, "list_cost"]]])
    assert_same(costs(parts), costs(bill(played).charges))


@pytest.mark.slow
@given(played_stories, st.sampled_from([0.5, 2.0, 3.0, 0.001]))
def test_prices_multiplied_multiply_the_bill(played: Played, factor: float) -> None:
    """BILL-1: the bill is linear in the prices."""
    scaled = costs(bill(played, prices=TOY.changed(factor=factor)).charges)
    assert_same(scaled, {key: factor * cost for key, cost in costs(bill(played).charges).items()})


@pytest.mark.slow
@given(played_stories)
def test_the_act_of_sharing_adds_nothing_to_anybody_s_bill(played: Played) -> None:
    """SHARE-8: without the sharing itself, all else being as it was, the bill is the same to the last bit."""
    sharing = (ev.ImageShared, ev.ImageUnshared)
    unshared = Ledger(event for event in played.cloud.ledger if not isinstance(event, sharing))
    pd.testing.assert_frame_equal(bill(played, unshared).charges, bill(played).charges)


@pytest.mark.slow
@given(stories())
def test_other_names_of_the_accounts_change_no_sum(story: Story) -> None:
    """Design ground rule 7: nothing depends on what an account is called, or how names sort."""
    others = dict(zip(("zeta", "alpha", "mu"), NAMES, strict=True))
    renamed, played = play(story, tuple(others)), play(story)
    found = {(others[key[0]], *key[1:]): cost for key, cost in costs(bill(renamed).charges).items()}
    assert_same(found, costs(bill(played).charges))


@pytest.mark.slow
@given(played_stories)
def test_the_bills_of_the_accounts_make_up_the_bill_of_all(played: Played) -> None:
    """Design ground rule 6: parts of an estate, rated apart, add up."""
    usage = bill(played).usage
    parts = [ecs.rate(part, TOY) for _, part in usage.groupby("billing_account_id", observed=True)]
    if parts:
        assert_same(costs(pd.concat(parts)), costs(bill(played).charges))


@pytest.mark.slow
@given(played_stories)
def test_every_settlement_is_cut_by_less_than_the_last_digit_paid(played: Played) -> None:
    """BILL-5, BILL-6: the exact costs of the invoice make up the bill; paid is at most that, cut off."""
    whole = bill(played)
    invoice = whole.invoice()
    assert_same(costs(invoice), costs(whole.charges))
    for row in invoice.itertuples():
        digit = 10.0 ** -{site.currency: site.paid_decimals for site in sites().values()}[row.billing_currency]
        assert -digit < row.x_rounding <= 1e-9
        assert row.billed_cost == pytest.approx(row.list_cost + row.x_rounding, rel=1e-12)


# Everybody's share --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("to", ["snapshot", "image", "account"])
@given(played_stories)
def test_the_shares_of_all_add_up_to_the_bill(to: str, played: Played) -> None:
    """Design ground rule 6: attribution sums to the bill, per account, region and meter."""
    whole = bill(played)
    assert_same(costs(whole.attribute(to)), costs(whole.charges))


@pytest.mark.slow
@given(played_stories)
def test_what_is_explained_of_a_snapshot_is_its_share(played: Played) -> None:
    """Design ground rule 11: the bill can explain every amount, traffic too; a chain is the sum of its snapshots."""
    whole, state = bill(played), played.cloud.state
    share = costs(whole.attribute("snapshot"), ["x_snapshot_id"])
    for chain, members in list(state.chain_snapshots.items())[:4]:
        for snapshot in members[:3]:
            assert whole.explain(snapshot).total == pytest.approx(share.get((snapshot,), 0.0), rel=1e-9, abs=0)
        together = sum(share.get((snapshot,), 0.0) for snapshot in members)
        assert whole.explain(chain).total == pytest.approx(together, rel=1e-9, abs=0)


@pytest.mark.slow
@given(played_stories)
def test_what_is_explained_of_an_image_is_its_share(played: Played) -> None:
    """IBILL-1, IBILL-5, ground rules 10, 11: its part of the snapshots, and the fees of what runs from it."""
    whole, state = bill(played), played.cloud.state
    table = whole.attribute("image")
    share = costs(table, ["x_image_id", "billing_currency"])
    provider = sorted(set(table["x_image_id"]) - set(state.images) - {""})
    for image in [*list(state.images)[:5], *provider]:
        explained = costs(whole.explain(image).amounts, ["billing_currency"])
        expected = {key[1:]: cost for key, cost in share.items() if key[0] == image}
        assert_same(explained, expected)


@pytest.mark.slow
def test_what_an_image_costs_in_two_currencies_has_no_total() -> None:
    """Design ground rule 10, IBILL-5: the owner pays storage in CNY, a sharee abroad its licence in USD."""
    cloud = ecs.Cloud(start="2026-01-31")
    acme, globex = cloud.account("acme"), cloud.account("globex", site="international")
    web = acme.run_instance(region="cn-beijing", image="rhel_9", written=12)
    golden = acme.create_image(web)
    acme.share_image(golden, with_accounts=[globex])
    globex.run_instance(region="cn-beijing", image=golden)
    whole = ecs.bill(cloud, until="2026-02-01", prices=TOY)
    with pytest.raises(ecs.MixedCurrencies) as caught:
        _ = whole.explain(golden).total
    assert caught.value.currencies == ("CNY", "USD")


@pytest.mark.slow
@given(played_stories)
def test_every_explained_amount_is_quantity_times_hours_times_price(played: Played) -> None:
    """Design ground rule 11, BILL-2, SCOPY-3: a price per month is for 720 hours; traffic counts one."""
    whole = bill(played)
    state = played.cloud.state
    copies = [event.snapshot for event in played.cloud.ledger if isinstance(event, ev.SnapshotCopied)]
    for resource in [*list(state.images)[:2], *list(state.instances)[:2], *copies[:2]]:
        for row in whole.explain(resource).amounts.itertuples():
            hours = row.x_hours / (720 if row.pricing_unit.endswith("-Month") else 1)
            assert row.list_cost == pytest.approx(row.x_amount * hours * row.list_unit_price, rel=1e-9)


# What is stored -----------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=40)
@given(played_stories, st.sampled_from(["hour", "day", "week", "month"]))
def test_mean_gib_times_hours_is_what_was_consumed(played: Played, freq: str) -> None:
    """BILL-1, BILL-2: capacity over time, however it is cut and split, comes to the GiB-hours rated."""
    whole = bill(played)
    stored = whole.charges[whole.charges["sku_meter"] == STORAGE]
    consumed = float(Oracle(played.cloud.ledger, TOY, played.until).gib_hours)
    assert stored["consumed_quantity"].sum() == pytest.approx(consumed, rel=1e-9)
    for by in ("region", "account", "chain", "snapshot", "image"):
        table = whole.capacity(freq, by)
        table["gib_hours"] = table["x_stored_gib"] * _hours(table, played, freq)
        assert table["gib_hours"].sum() == pytest.approx(consumed, rel=1e-9)
        # However long the periods are, each name comes to the same: hour by hour nothing is cut within a period.
        name = table.columns[1]
        hourly = whole.capacity("hour", by).groupby(name)["x_stored_gib"].sum()
        assert table.groupby(name)["gib_hours"].sum().to_dict() == pytest.approx(hourly.to_dict(), rel=1e-9)


def _hours(table: pd.DataFrame, played: Played, freq: str) -> list[float]:
    """The hours of each row's period: to the next border of the billing clock, or the end of the bill."""
    found = []
    for start in table["x_period_start"]:
        day = start.normalize()
        border = {
            "hour": start + pd.Timedelta(hours=1),
            "day": day + pd.Timedelta(days=1),
            "week": day + pd.Timedelta(days=7 - day.weekday()),
            "month": day.replace(day=1) + pd.DateOffset(months=1),
        }[freq]
        found.append((min(border, pd.Timestamp(played.until)) - start).total_seconds() / 3600)
    return found
