"""What snapshot storage costs, by hand: hours, price changes, tiers, rounding, and whose bill it is on.

Toy prices are 1 CNY per GiB and hour, so that a cost is GiB × hours; `SNAP-EX` are the examples
of the provider's own pages with its prices.
"""

from datetime import date

import pytest
from helpers import HANGZHOU, golden_image, machine, tier

from ecs_images import Cloud, InputError, Ledger, PriceNotFound, Prices, bill, measure

ONE = Prices([tier(1)])


def cost(cloud: Cloud, until: str, prices: Prices = ONE, since: str | None = None) -> float:
    return bill(cloud, until=until, since=since, prices=prices).total()


def by_hour(cloud: Cloud, until: str) -> list[float]:
    """GiB stored in each hour, of a cloud that keeps something from its first hour on."""
    return list(bill(cloud, until=until, prices=ONE).capacity("hour")["x_stored_gib"])


# Hours ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("until", "hours"), [("11:00", 1), ("23:00", 13), ("22:20", 13), ("10:21", 1), ("22:00", 12)])
def test_a_snapshot_pays_every_hour_it_touches(cloud, acme, until, hours):
    """BILL-2: finished 10:20 and settled at 23:00 is 13 h; `until` is taken to the next full hour."""
    cloud.at("2026-01-15T10:20")
    acme.create_snapshot(machine(acme))
    assert cost(cloud, f"2026-01-15T{until}") == 12 * hours


@pytest.mark.parametrize(("deleted", "hours"), [("10:40", 1), ("11:00", 1), ("11:00:01", 2), ("12:00", 2)])
def test_the_hour_of_deletion_counts_whole(cloud, acme, deleted, hours):
    """BILL-2, BILL-3: billing ends with the release; an hour begun is paid."""
    cloud.at("2026-01-15T10:20")
    snapshot = acme.create_snapshot(machine(acme))
    cloud.at(f"2026-01-15T{deleted}")
    acme.delete_snapshot(snapshot)
    assert cost(cloud, "2026-01-16") == 12 * hours


def test_billing_starts_when_the_snapshot_is_finished():
    """BILL-3, conflict 41. CREATE-13: half a minute per GiB, so 40 GiB from 10:50 are done at 11:10."""
    cloud = Cloud(start="2026-01-15T10:50", durations="typical")
    acme = cloud.account("acme")
    acme.create_snapshot(machine(acme, written=40))
    assert cost(cloud, "2026-01-15T11:00") == 0
    assert cost(cloud, "2026-01-15T12:00") == 40


def test_a_snapshot_cancelled_before_it_is_finished_costs_nothing():
    """SDEL-1: deleting one in progress cancels it."""
    cloud = Cloud(start="2026-01-15T10:50", durations="typical")
    acme = cloud.account("acme")
    snapshot = acme.create_snapshot(machine(acme, written=40))
    cloud.at("2026-01-15T11:09")
    acme.delete_snapshot(snapshot)
    assert cost(cloud, "2026-01-16") == 0


def test_deleting_and_taking_again_within_an_hour_pays_both_for_that_hour(cloud, acme):
    """BILL-2: each copy existed for part of the hour from 10:00, so 12 + 12 GiB; then 12."""
    web = machine(acme)
    first = acme.create_snapshot(web)
    cloud.at("2026-01-15T10:20")
    acme.delete_snapshot(first)
    cloud.at("2026-01-15T10:40")
    acme.create_snapshot(web)
    assert by_hour(cloud, "2026-01-15T12:00") == [12] * 10 + [24, 12]


def test_what_passes_to_the_next_snapshot_is_billed_once(cloud, acme):
    """CHAIN-2: 12 GiB, then 2 of them anew (14); without the first snapshot its 2 old ones go (12)."""
    web = machine(acme)
    first = acme.create_snapshot(web)
    cloud.at("2026-01-15T01:00")
    acme.write(web, overwrite=2)
    acme.create_snapshot(web)
    cloud.at("2026-01-15T02:00")
    acme.delete_snapshot(first)
    assert by_hour(cloud, "2026-01-15T03:00") == [12, 14, 12]
    assert cost(cloud, "2026-01-15T03:00") == 38


def test_deleting_an_image_leaves_its_snapshot_and_the_bill(cloud, acme):
    """DEL-5: snapshots survive and keep billing until they are deleted themselves."""
    golden = golden_image(acme)
    (snapshot,) = cloud.image(golden).snapshots
    cloud.at("2026-01-15T01:00")
    acme.delete_image(golden)
    cloud.at("2026-01-15T02:00")
    acme.delete_snapshot(snapshot)
    assert by_hour(cloud, "2026-01-15T02:00") == [12, 12]
    assert cost(cloud, "2026-01-15T05:00") == 24


def test_months_and_days_begin_at_midnight_of_utc_plus_8():
    """BILL-2. One hour on each side of the border, 12 GiB each."""
    cloud = Cloud(start="2026-01-31T23:00+08:00")
    acme = cloud.account("acme")
    acme.create_snapshot(machine(acme))
    found = bill(cloud, until="2026-01-31T17:00Z", prices=ONE)  # 01:00 of 1 February
    assert list(found.by("month")["list_cost"]) == [12, 12]
    assert list(found.by("day")["x_day"]) == ["2026-01-31", "2026-02-01"]


# Windows -------------------------------------------------------------------------------------------


def test_the_bills_of_two_halves_add_up_to_the_whole(cloud, acme):
    acme.create_snapshot(machine(acme))
    assert cost(cloud, "2026-01-15T05:00") == 12 * 5
    assert cost(cloud, "2026-01-16T05:00", since="2026-01-15T05:00") == 12 * 24


def test_what_was_gone_before_since_is_not_on_the_bill(cloud, acme):
    snapshot = acme.create_snapshot(machine(acme))
    cloud.at("2026-01-15T03:00")
    acme.delete_snapshot(snapshot)
    assert cost(cloud, "2026-01-16", since="2026-01-15T03:00") == 0


def test_since_is_a_full_hour_and_until_comes_after_it(cloud, acme):
    with pytest.raises(InputError, match="since 2026-01-15 10:30 is not a full hour"):
        measure(cloud.ledger, since="2026-01-15T10:30", until="2026-01-16")
    with pytest.raises(InputError, match="until 2026-01-15 must be after 2026-01-15"):
        measure(cloud.ledger, until="2026-01-15")
    with pytest.raises(InputError, match="ledger is empty"):
        measure(Ledger(), until="2026-01-15")


# Prices --------------------------------------------------------------------------------------------


def test_a_charge_says_quantity_unit_price_and_time(cloud, acme):
    """BILL-2: a GiB-month has 720 h. 12 GiB × 6 h = 72 GiB-hours = 0.1 GiB-months, at 5 CNY."""
    acme.create_snapshot(machine(acme))
    prices = Prices([tier(5, unit="per_gib_month")])
    (row,) = bill(cloud, until="2026-01-15T06:00", prices=prices).charges.to_dict("records")
    assert (row["consumed_quantity"], row["consumed_unit"]) == (72, "GiB-Hour")
    assert (row["pricing_quantity"], row["pricing_unit"]) == (0.1, "GiB-Month")
    assert (row["list_unit_price"], row["list_cost"], row["x_price_row"]) == (5, 0.5, 0)
    assert f"{row['charge_period_start']:%H:%M}–{row['charge_period_end']:%H:%M}" == "00:00–06:00"


def test_a_new_price_splits_the_charges_at_its_first_day(cloud, acme):
    """Ground rule 8. 12 GiB from 22:00: two hours at 1, then three at 2 CNY from midnight."""
    cloud.at("2026-01-15T22:00")
    acme.create_snapshot(machine(acme))
    prices = Prices([tier(1), tier(2, valid_from=date(2026, 1, 16))])
    charges = bill(cloud, until="2026-01-16T03:00", prices=prices).charges
    assert list(charges["consumed_quantity"]) == [24, 36]
    assert list(charges["list_cost"]) == [24, 72]


def test_tiers_are_marginal_and_count_all_chains_of_a_region_together(cloud, acme):
    """Worked examples F: a tier prices the part between. 8 + 6 = 14 GiB: 10 at 1 and 4 at 2 CNY."""
    for written in (8, 6):
        acme.create_snapshot(machine(acme, written=written))
    charges = bill(cloud, until="2026-01-15T01:00", prices=Prices([tier(1, 0, 10), tier(2, 10)])).charges
    assert list(charges["consumed_quantity"]) == [10, 4]
    assert list(charges["list_cost"]) == [10, 8]


def test_regions_and_accounts_have_tiers_of_their_own(cloud, acme, partner):
    """BILL-4: summed per account and region. No total reaches 10 GiB, so all is at 1 CNY."""
    acme.create_snapshot(machine(acme, written=8))
    acme.create_snapshot(machine(acme, written=6, region=HANGZHOU))
    partner.create_snapshot(machine(partner, written=9))
    assert cost(cloud, "2026-01-15T01:00", Prices([tier(1, 0, 10), tier(100, 10)])) == 8 + 6 + 9


def test_a_total_that_grows_and_shrinks_moves_through_the_tiers(cloud, acme):
    """10 GiB at 1, above at 2 CNY: 8, then 14, then 6 GiB cost 8, 10 + 8 and 6 an hour."""
    first = acme.create_snapshot(machine(acme, written=8))
    cloud.at("2026-01-15T01:00")
    acme.create_snapshot(machine(acme, written=6))
    cloud.at("2026-01-15T02:00")
    acme.delete_snapshot(first)
    assert cost(cloud, "2026-01-15T03:00", Prices([tier(1, 0, 10), tier(2, 10)])) == 8 + 18 + 6


def test_a_free_tier_is_free_once_per_region(cloud, acme):
    """BILL-7: 5 GiB free. Two chains of 3 and 4 GiB pay 7 - 5 = 2 GiB."""
    for written in (3, 4):
        acme.create_snapshot(machine(acme, written=written))
    assert cost(cloud, "2026-01-15T01:00", Prices([tier(0, 0, 5), tier(1, 5)])) == 2


@pytest.mark.parametrize("tiers", [[tier(1, 0, 10)], [tier(1, 5)]], ids=["nothing above 10", "nothing below 5"])
def test_a_quantity_that_no_tier_covers_has_no_price(cloud, acme, tiers):
    """Ground rule 8: a missing price raises; it is never 0. 12 GiB reach beyond both tables."""
    acme.create_snapshot(machine(acme))
    with pytest.raises(PriceNotFound):
        cost(cloud, "2026-01-15T01:00", Prices(tiers))


def test_storage_before_the_first_price_names_its_first_day(cloud, acme):
    """Ground rule 8."""
    acme.create_snapshot(machine(acme))
    with pytest.raises(PriceNotFound) as error:
        cost(cloud, "2026-03-01", Prices([tier(1, valid_from=date(2026, 2, 1))]))
    assert error.value.missing == (("snapshot_standard", "", "cn-beijing", "2026-01-15", "CNY"),)


def test_a_gap_between_prices_names_the_day_it_begins(cloud, acme):
    acme.create_snapshot(machine(acme))
    prices = Prices([tier(1, valid_until=date(2026, 1, 20)), tier(1, valid_from=date(2026, 1, 25))])
    with pytest.raises(PriceNotFound, match="on 2026-01-20"):
        cost(cloud, "2026-03-01", prices)


def test_every_missing_price_is_named_at_once(cloud, acme, partner):
    acme.create_snapshot(machine(acme))
    partner.create_snapshot(machine(partner, region=HANGZHOU))
    with pytest.raises(PriceNotFound) as error:
        cost(cloud, "2026-01-16", Prices([]))
    assert [region for _, _, region, _, _ in error.value.missing] == ["cn-beijing", HANGZHOU]


# What is stored ------------------------------------------------------------------------------------


def test_a_snapshot_of_an_unwritten_disk_costs_nothing(cloud, acme):
    """SNAP-2: never-written blocks are skipped."""
    acme.create_snapshot(machine(acme, written=0))
    assert cost(cloud, "2026-02-15") == 0


def test_an_image_of_two_disks_is_billed_for_both(cloud, acme):
    """CREATE-2: 12 GiB and 122 GiB written make storage rise by 134 GiB."""
    acme.create_image(machine(acme, data_disks=[{"size": 200, "written": 122}]))
    assert cost(cloud, "2026-01-15T01:00") == 134


def test_a_copy_is_billed_in_full_where_it_lies(cloud, acme):
    """COPY-2, COPY-10, UNK-2, UNK-11: storage in the target region, no fee for the way."""
    acme.copy_image(golden_image(acme), to=HANGZHOU)
    found = bill(cloud, until="2026-01-15T01:00", prices=ONE).by("region", "meter")
    assert found.to_dict("list") == {
        "region_id": ["cn-beijing", HANGZHOU],
        "sku_meter": ["snapshot_standard"] * 2,
        "billing_currency": ["CNY"] * 2,
        "list_cost": [12, 12],
    }


def test_an_import_is_billed_for_its_file(cloud, acme):
    """IMP-6: a 6.4 GiB file on a 40 GiB disk is billed as 6.4 GiB."""
    acme.import_image(region="cn-beijing", file=6.4, system_disk=40)
    assert cost(cloud, "2026-01-15T01:00") == pytest.approx(6.4, rel=1e-9)


def test_sharing_is_free_for_both_and_the_owner_goes_on_paying(cloud, acme, partner):
    """SHARE-8."""
    acme.share_image(golden_image(acme), with_accounts=[partner])
    found = bill(cloud, until="2026-01-15T01:00", prices=ONE).by("account")
    assert list(found["billing_account_id"]) == ["acme"]
    assert list(found["list_cost"]) == [12]


# Settlement and rounding ---------------------------------------------------------------------------


def three_disks(site: str, start: str) -> Cloud:
    """SNAP-EX: snapshots of 50, 220 and 40 GiB, made at 10:20 in Hangzhou."""
    cloud = Cloud(start=start)
    owner = cloud.account("owner", site)
    acme_disks = [{"size": 300, "written": 220}, {"size": 300, "written": 40}]
    web = machine(owner, image="aliyun_2", region=HANGZHOU, system_disk=50, written=50, data_disks=acme_disks)
    owner.create_image(web)
    return cloud


def test_snap_ex_3_thirteen_hours_of_310_gib_on_the_mainland():
    """SNAP-EX-3 (zh snapshot billing 2021-05-11), BILL-6: 310 × 0.12 / 720 × 13 = 0.671667."""
    found = bill(three_disks("china", "2021-05-11T10:20"), until="2021-05-11T23:00")
    assert found.total() == pytest.approx(0.671667, abs=5e-7)
    (line,) = found.invoice().to_dict("records")
    assert (line["billed_cost"], line["x_detail_cost"]) == (0.67, 0.672)
    assert line["x_rounding"] == pytest.approx(0.67 - 0.671667, abs=5e-7)


def test_snap_ex_5_one_hour_on_the_international_site_with_5_gib_free():
    """SNAP-EX-5 (2019-07-17), BILL-6, BILL-7: (310 - 5) × 0.02 / 720 = USD 0.0084722."""
    found = bill(three_disks("international", "2019-07-17T10:20"), until="2019-07-17T11:00")
    assert found.total("USD") == pytest.approx(0.0084722, abs=5e-8)
    (line,) = found.invoice().to_dict("records")
    assert (line["billing_currency"], line["billed_cost"], line["x_detail_cost"]) == ("USD", 0.008, 0.0085)


@pytest.mark.parametrize(
    ("start", "until", "settlements"),
    [
        ("2020-07-07T10:20", "2020-07-07T14:00", 4),  # four hours
        ("2020-07-08T10:20", "2020-07-08T14:00", 1),  # one day
        ("2020-07-08T10:20", "2020-07-09T14:00", 2),
        ("2020-07-07T22:20", "2020-07-08T14:00", 3),  # 22:00, 23:00, and the day
    ],
)
def test_an_hour_is_settled_before_2020_07_08_and_a_day_since(start, until, settlements):
    """BILL-5, conflict 20."""
    found = bill(three_disks("china", start), until=until)
    assert len(found.invoice()) == settlements
    assert found.invoice()["list_cost"].sum() == pytest.approx(found.total(), rel=1e-12)


@pytest.mark.parametrize(
    ("amount", "detail", "paid"),
    [
        (0.29, 0.29, 0.29),  # 0.29 is no binary fraction; still not 0.28
        (0.67, 0.67, 0.67),
        (0.0005, 0.001, 0.0),
        (0.0004, 0.0, 0.0),
        (1.9999, 2.0, 1.99),
        (1.0045, 1.005, 1.0),
    ],
)
def test_the_detail_is_rounded_half_up_and_the_payment_cut_off(cloud, acme, amount, detail, paid):
    """BILL-6: 3 and 2 decimals on the china site. 1 GiB for an hour costs the amount."""
    acme.create_snapshot(machine(acme, written=1))
    (line,) = bill(cloud, until="2026-01-15T01:00", prices=Prices([tier(amount)])).invoice().to_dict("records")
    assert (line["x_detail_cost"], line["billed_cost"]) == (detail, paid)
    assert line["x_rounding"] == pytest.approx(paid - amount)


def test_what_is_settled_together_is_added_before_it_is_rounded(cloud, acme):
    """BILL-4: two chains of 1 GiB at 0.006 are 0.012 in one region, of which 0.01 is paid; apart it were 0."""
    for _ in range(2):
        acme.create_snapshot(machine(acme, written=1))
    acme.create_snapshot(machine(acme, written=1, region=HANGZHOU))
    lines = bill(cloud, until="2026-01-15T01:00", prices=Prices([tier(0.006)])).invoice()
    assert list(lines["region_id"]) == ["cn-beijing", HANGZHOU]
    assert list(lines["billed_cost"]) == [0.01, 0.0]
