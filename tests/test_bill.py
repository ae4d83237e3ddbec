"""The questions a bill answers: sums, shares, stored GiB, explanations and what it takes for granted.

Toy prices are 1 CNY per GiB and hour unless a test says otherwise, so that a cost is GiB × hours.
"""

import pandas as pd
import pytest
from helpers import HANGZHOU, golden_image, machine, tier

from ecs_images import Bill, Cloud, InputError, MixedCurrencies, Prices, UnknownName, bill, measure, rate
from ecs_images.billing.invoice import invoice

ONE = Prices(
    [
        tier(1),
        tier(1, currency="USD"),
        tier(1, meter="os_licence", item="Red Hat Enterprise Linux", unit="per_instance_hour", quantity_unit=""),
    ]
)


def shares(found: Bill, to: str) -> dict[str, float]:
    table = found.attribute(to)
    return dict(zip(table[f"x_{to}_id"], table["list_cost"], strict=True))


def stored(found: Bill, freq: str, by: str) -> list[tuple[str, str, float]]:
    """Rows of a capacity table: (month-day hour, name, GiB)."""
    table = found.capacity(freq, by)
    moments = [f"{moment:%m-%d %H}" for moment in table["x_period_start"]]
    return list(zip(moments, table.iloc[:, 1], table["x_stored_gib"], strict=True))


@pytest.fixture(scope="module")
def two_sites() -> Bill:
    """One hour of 12 GiB of a china account and 5 GiB of an international one; no question changes a bill."""
    cloud = Cloud(start="2026-01-15")
    acme = cloud.account("acme")
    acme.create_snapshot(machine(acme))
    globex = cloud.account("globex", "international")
    globex.create_snapshot(machine(globex, written=5, region=HANGZHOU))
    return bill(cloud, until="2026-01-15T01:00", prices=ONE)


@pytest.fixture
def sharing_pair(cloud, acme) -> tuple[str, str, Bill]:
    """A snapshot of 12 GiB, an hour later one that shares 10 GiB with it and has 2 of its own; two hours."""
    web = machine(acme)
    first = acme.create_snapshot(web)
    cloud.at("2026-01-15T01:00")
    acme.write(web, overwrite=2)
    second = acme.create_snapshot(web)
    return first, second, bill(cloud, until="2026-01-15T02:00", prices=ONE)


# Sums ----------------------------------------------------------------------------------------------


def test_a_bill_can_be_summed_along_every_dimension(cloud, acme, partner):
    """12 GiB in Beijing from 23:00 to 01:00, a licence of 2 hours; 5 GiB of partner's in Hangzhou."""
    cloud.at("2026-01-31T23:00")
    acme.create_snapshot(machine(acme, image="rhel_9", written=40))
    partner.create_snapshot(machine(partner, written=5, region=HANGZHOU))
    found = bill(cloud, until="2026-02-01T01:00", prices=ONE)

    def sums(*dimensions: str) -> list[tuple]:
        return [tuple(row) for row in found.by(*dimensions).drop(columns="billing_currency").to_numpy()]

    assert sums("account") == [("acme", 82), ("partner", 10)]
    assert sums("region") == [("cn-beijing", 82), (HANGZHOU, 10)]
    assert sums("meter") == [("os_licence", 2), ("snapshot_standard", 90)]
    assert sums("item") == [("", 90), ("Red Hat Enterprise Linux", 2)]
    assert sums("month") == [("2026-01", 46), ("2026-02", 46)]
    assert sums("day", "account") == [
        ("2026-01-31", "acme", 41),
        ("2026-01-31", "partner", 5),
        ("2026-02-01", "acme", 41),
        ("2026-02-01", "partner", 5),
    ]
    assert sums("region_id") == sums("region")
    assert sums() == [(92,)]


def test_an_unknown_dimension_lists_the_known_ones(two_sites):
    with pytest.raises(UnknownName, match="did you mean region\\? one of month, day, account, region, meter"):
        two_sites.by("regoin")


def test_a_bill_by_image_or_snapshot_is_what_is_attributed_to_them(cloud, acme):
    """12 GiB for an hour at 1, behind one image made of one snapshot."""
    image = acme.create_image(machine(acme))
    found = bill(cloud, until="2026-01-15T01:00", prices=ONE)
    assert found.by("image").to_dict("records") == [{"x_image_id": image, "billing_currency": "CNY", "list_cost": 12}]
    (row,) = found.by("account", "snapshot").to_dict("records")
    assert row == {
        "billing_account_id": "acme",
        "x_snapshot_id": cloud.image(image).system_snapshot,
        "billing_currency": "CNY",
        "list_cost": 12,
    }


BESIDE = "month, day, account, region, meter and currency"


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        (("image", "item"), f"image goes with {BESIDE}, not with item"),
        (("item", "snapshot", "tag:a"), f"snapshot goes with {BESIDE}, not with item, tag:a"),
        (("image", "snapshot"), f"image goes with {BESIDE}, not with snapshot"),
    ],
)
def test_dimensions_that_no_table_has_together_are_refused_in_one_sentence(two_sites, dimensions, message):
    with pytest.raises(InputError) as error:
        two_sites.by(*dimensions)
    assert str(error.value) == message


def test_a_dimension_named_twice_counts_once(two_sites):
    assert list(two_sites.by("region", "region_id", "region")["list_cost"]) == [12, 5]


def test_two_currencies_have_no_total(two_sites):
    """Ground rule 10."""
    with pytest.raises(MixedCurrencies, match="CNY and USD"):
        two_sites.total()
    assert (two_sites.total("CNY"), two_sites.total("USD")) == (12, 5)
    assert list(two_sites.by("meter")["billing_currency"]) == ["CNY", "USD"]
    assert repr(two_sites) == "<Bill: 12.00 CNY and 5.00 USD, acme and globex, 2026-01-15 to 2026-01-15 01:00>"


def test_a_bill_over_nothing_is_empty(cloud, acme):
    found = bill(cloud, until="2026-02-01")
    assert repr(found) == "<Bill: empty, acme, 2026-01-15 to 2026-02-01>"
    assert found.total() == 0
    tables = (found.by("month"), found.invoice(), found.capacity(), found.attribute("image"), found.assumptions())
    assert [len(table) for table in tables] == [0] * 5


def test_a_bill_of_charges_alone_sums_and_invoices_but_cannot_explain(two_sites):
    alone = Bill(two_sites.charges)
    assert alone.total("CNY") == 12
    assert len(alone.invoice()) == 2
    assert list(alone.attribute("account")["list_cost"]) == [12, 5]
    questions = (alone.capacity, alone.assumptions, lambda: alone.explain("m-1"), lambda: alone.attribute("image"))
    for question in (*questions, lambda: alone.usage):
        with pytest.raises(InputError, match=r"make it with ecs_images\.bill"):
            question()


def test_a_table_that_is_no_charges_makes_no_bill(two_sites):
    with pytest.raises(InputError, match="not a charges table: it lacks consumed_quantity"):
        Bill(two_sites.usage)


def test_what_is_paid_is_the_list_cost_and_the_rounding(cloud, acme):
    """BILL-6: 12 GiB at 0.12 per 720 h are 0.048 a day, of which 0.04 is paid; the rest is shown."""
    acme.create_snapshot(machine(acme))
    lines = bill(cloud, until="2026-01-18").invoice()
    assert list(lines["billed_cost"]) == [0.04] * 3
    assert list(lines["x_detail_cost"]) == [0.048] * 3
    assert list(lines["x_rounding"]) == pytest.approx([-0.008] * 3)


# Shares --------------------------------------------------------------------------------------------


def test_two_snapshots_that_share_10_gib_pay_half_of_them_each(sharing_pair):
    """Design, floor 3: the first pays 12, then 2 + 10/2; the second 2 + 10/2. In all 12 + 14."""
    first, second, found = sharing_pair
    assert shares(found, "snapshot") == pytest.approx({first: 12 + 7, second: 7})
    assert found.total() == 26


def test_a_snapshots_share_is_split_among_the_images_it_backs(cloud, acme):
    """Hour by hour 12 GiB: behind no image, behind one, behind two, and behind the second alone."""
    snapshot = acme.create_snapshot(machine(acme))
    cloud.at("2026-01-15T01:00")
    one = acme.create_image(snapshot=snapshot, name="one")
    cloud.at("2026-01-15T02:00")
    two = acme.create_image(snapshot=snapshot, name="two")
    cloud.at("2026-01-15T03:00")
    acme.delete_image(one)
    found = bill(cloud, until="2026-01-15T04:00", prices=ONE)
    assert shares(found, "image") == pytest.approx({"": 12, one: 12 + 6, two: 6 + 12})


def test_an_image_of_two_disks_bears_both_snapshots(cloud, acme):
    """CREATE-2: 12 + 7 GiB for an hour."""
    image = acme.create_image(machine(acme, data_disks=[{"size": 20, "written": 7}]))
    assert shares(bill(cloud, until="2026-01-15T01:00", prices=ONE), "image") == pytest.approx({image: 19})


def test_a_fee_belongs_to_the_image_the_instance_runs_from(cloud, acme):
    """IBILL-5: the licence of one hour is 1, on the custom image; the machine it came from ran 0 h."""
    web = machine(acme, image="rhel_9", written=40)
    custom = acme.create_image(web)
    acme.release_instance(web, force=True)
    machine(acme, image=custom, written=None)
    found = bill(cloud, until="2026-01-15T01:00", prices=ONE)
    table = found.attribute("image")
    assert set(table["x_image_id"]) == {custom}
    assert dict(zip(table["sku_meter"], table["list_cost"], strict=True)) == {"os_licence": 1, "snapshot_standard": 40}


@pytest.mark.parametrize("to", ["image", "snapshot", "resource"])
def test_shares_of_a_bill_without_storage_are_numbers(cloud, acme, to):
    """A licence for 2 hours at 1 is all there is; amounts that are no numbers would not be rounded, and nobody told."""
    machine(acme, image="rhel_9")
    found = bill(cloud, until="2026-01-15T02:00", prices=ONE)
    assert found.attribute(to)["list_cost"].tolist() == [2]
    assert found.attribute(to)["list_cost"].dtype == float
    assert found.unpriced_by(to)["consumed_quantity"].dtype == float


def test_tiers_bend_every_share_alike(cloud, acme):
    """Two chains of 6 GiB, the first 4 GiB free: 8 CNY in all, 4 for each."""
    pair = [acme.create_snapshot(machine(acme, written=6)) for _ in range(2)]
    found = bill(cloud, until="2026-01-15T01:00", prices=Prices([tier(0, 0, 4), tier(1, 4)]))
    assert shares(found, "snapshot") == pytest.approx(dict.fromkeys(pair, 4))


def test_the_shares_add_up_when_a_snapshot_goes_while_the_next_is_under_way():
    """Ground rule 6: attribution sums to the bill.

    The second snapshot takes 120 minutes for its 240 GiB (CREATE-13); 100 GiB of the first pass to
    it. Between the end of the first's last hour and 12:00 they are stored and billed.
    """
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    web = machine(acme, system_disk=400, written=340)
    first = acme.create_snapshot(web)
    cloud.at("2026-01-15T10:00")
    acme.write(web, overwrite=240)
    second = acme.create_snapshot(web)
    cloud.at("2026-01-15T10:05")
    acme.delete_snapshot(first)
    found = bill(cloud, until="2026-01-15T14:00", prices=ONE)
    assert f"{cloud.snapshot(second).finishes_at:%H:%M}" == "12:00"
    # 02:00 (340 GiB take 170 min from 00:00) to 11:00, then 100, then 340 GiB.
    assert found.total() == 340 * 9 + 100 * 1 + 340 * 2
    assert sum(shares(found, "snapshot").values()) == pytest.approx(found.total())


def test_an_unknown_attribution_lists_the_known_ones(two_sites):
    with pytest.raises(UnknownName, match="one of snapshot, image, resource, account"):
        two_sites.attribute("region")


# Stored GiB ----------------------------------------------------------------------------------------


def test_capacity_is_the_mean_of_each_period(cloud, acme):
    """12 GiB from noon of the 15th to noon of the 16th, billed to the 17th: half of each day.

    2026-01-15 is a Thursday, so all of it lies in one week and one month of 48 h: 12 × 24 / 48.
    """
    cloud.at("2026-01-15T12:00")
    snapshot = acme.create_snapshot(machine(acme))
    cloud.at("2026-01-16T12:00")
    acme.delete_snapshot(snapshot)
    found = bill(cloud, until="2026-01-17", prices=ONE)
    assert stored(found, "day", "region") == [("01-15 00", "cn-beijing", 6), ("01-16 00", "cn-beijing", 6)]
    assert stored(found, "week", "region") == [("01-15 00", "cn-beijing", 6)]
    assert stored(found, "month", "region") == [("01-15 00", "cn-beijing", 6)]
    assert [gib for _, _, gib in stored(found, "hour", "region")] == [0] * 12 + [12] * 24 + [0] * 12


def test_weeks_begin_on_monday_and_months_on_the_first(cloud, acme):
    """12 GiB throughout. From Thursday 2026-01-15: Mondays are 19, 26 January and 2 February."""
    acme.create_snapshot(machine(acme))
    found = bill(cloud, until="2026-02-03", prices=ONE)
    assert [when for when, _, _ in stored(found, "week", "region")] == ["01-15 00", "01-19 00", "01-26 00", "02-02 00"]
    assert stored(found, "month", "region") == [("01-15 00", "cn-beijing", 12), ("02-01 00", "cn-beijing", 12)]


def test_capacity_by_snapshot_and_image_are_shares_and_by_chain_the_whole(sharing_pair):
    """As in attribution: 12, then 7 and 7 GiB; the chain holds 12, then 14. No image is behind them."""
    first, second, found = sharing_pair
    parts = [("01-15 00", first, 12), ("01-15 00", second, 0), ("01-15 01", first, 7), ("01-15 01", second, 7)]
    assert stored(found, "hour", "snapshot") == parts
    assert [row[::2] for row in stored(found, "hour", "chain")] == [("01-15 00", 12), ("01-15 01", 14)]
    assert stored(found, "hour", "image") == [("01-15 00", "", 12), ("01-15 01", "", 14)]
    assert stored(found, "hour", "account") == [("01-15 00", "acme", 12), ("01-15 01", "acme", 14)]


def test_capacity_of_a_window_counts_from_since(cloud, acme):
    acme.create_snapshot(machine(acme))
    found = bill(cloud, since="2026-01-16T12:00", until="2026-01-17T06:00", prices=ONE)
    assert stored(found, "day", "region") == [("01-16 12", "cn-beijing", 12), ("01-17 00", "cn-beijing", 12)]


def test_unknown_periods_and_names_of_capacity_are_refused(two_sites):
    with pytest.raises(UnknownName, match="one of hour, day, week, month"):
        two_sites.capacity("monthly")
    with pytest.raises(UnknownName, match="one of region, account, chain, snapshot, image"):
        two_sites.capacity(by="disk")


# Explanations --------------------------------------------------------------------------------------


def test_an_image_is_explained_down_to_the_source_of_its_price(cloud, acme):
    """Ground rule 11. 12 GiB × 30 h × 0.12 / 720 = 0.06 CNY (BILL-2)."""
    image = golden_image(acme, "golden-v1")
    prices = Prices([tier(0.12, unit="per_gib_month")])
    found = bill(cloud, until="2026-01-16T06:00", prices=prices).explain(image)
    assert found.totals == {"CNY": pytest.approx(0.06)}
    (row,) = found.amounts.to_dict("records")
    assert (row["x_amount"], row["x_unit"], row["x_hours"]) == (12, "GiB", 30)
    assert (row["list_unit_price"], row["pricing_unit"]) == (0.12, "GiB-Month")
    text = str(found)
    assert text.startswith(f"{image}: image golden-v1 of acme in cn-beijing, made from i-")
    assert "12 GiB × 30 h × 0.12 / 720 = 0.060000 CNY" in text
    assert "0.12 CNY per GiB-Month in all_regions from 2019-01-01 [toy page, 2026-01-01, official]" in text
    assert "BILL-2" in text
    assert "image created: image " in text


@pytest.mark.slow
def test_a_deleted_image_is_explained_by_what_it_bore(cloud, acme):
    """DEL-5: one hour is the image's; what its snapshot costs afterwards is not."""
    image = golden_image(acme)
    (snapshot,) = cloud.image(image).snapshots
    cloud.at("2026-01-15T01:00")
    acme.delete_image(image)
    found = bill(cloud, until="2026-01-15T03:00", prices=ONE)
    assert "deleted 2026-01-15 01:00" in str(found.explain(image))
    assert found.explain(image).total == pytest.approx(12)
    assert found.explain(snapshot).total == pytest.approx(36)


def test_a_snapshot_is_explained_stretch_by_stretch(sharing_pair):
    first, second, found = sharing_pair
    amounts = found.explain(first).amounts
    assert list(amounts["x_amount"]) == pytest.approx([12, 7])
    assert list(amounts["list_cost"]) == pytest.approx([12, 7])
    assert found.explain(second).total == pytest.approx(7)


def test_a_disk_and_its_chain_are_explained_by_all_their_snapshots(cloud, sharing_pair):
    first, _, found = sharing_pair
    snapshot = cloud.snapshot(first)
    assert found.explain(snapshot.chain).total == pytest.approx(26)
    assert found.explain(snapshot.disk).total == pytest.approx(26)


def test_an_instance_is_explained_by_its_fees(cloud, acme):
    """IBILL-2: two hours at 1."""
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    found = bill(cloud, until="2026-01-15T02:00", prices=ONE)
    assert "1 Instance × 2 h × 1 = 2.000000 CNY" in str(found.explain(web))
    assert found.explain("rhel_9_x64_40G_example.vhd").total == pytest.approx(2)


def test_every_amount_of_an_explanation_is_quantity_times_hours_times_price(cloud, acme):
    """Ground rule 11, and the `AMOUNTS` table: list_cost is x_amount × x_hours × list_unit_price.

    3 GiB lie in a free tier of 5 for two hours; then another 7 GiB of the region lift the total to
    10, so that 5 are charged and 3/10 of them are the snapshot's: 1.5 an hour, for two hours.
    """
    snapshot = acme.create_snapshot(machine(acme, written=3))
    cloud.at("2026-01-15T02:00")
    acme.create_snapshot(machine(acme, written=7))
    found = bill(cloud, until="2026-01-15T04:00", prices=Prices([tier(0, 0, 5), tier(1, 5)])).explain(snapshot)
    assert found.total == pytest.approx(3)
    amounts = found.amounts
    assert list(amounts["x_amount"] * amounts["x_hours"] * amounts["list_unit_price"]) == pytest.approx(
        list(amounts["list_cost"])
    )


def test_what_costs_nothing_says_so(cloud, acme):
    web = machine(acme)
    assert "nothing was charged" in str(bill(cloud, until="2026-01-16", prices=ONE).explain(web))


def test_explaining_something_unknown_names_the_nearest(cloud, acme):
    image = golden_image(acme)
    with pytest.raises(UnknownName, match=image):
        bill(cloud, until="2026-01-16", prices=ONE).explain(image[:-1] + "9")


# What a bill takes for granted ---------------------------------------------------------------------


def test_a_bill_lists_the_assumptions_it_rests_on(cloud, acme):
    """Ground rule 8, rule book section 18: block size, copy fee, full copy, size and type not said, an example id."""
    web = acme.run_instance(region=HANGZHOU, image="rhel_9")
    acme.copy_image(acme.create_image(web), to="cn-beijing")
    found = bill(cloud, until="2026-01-16").assumptions()
    assert list(found.columns) == ["assumption", "subject", "taken", "why", "stated_by"]
    named = set(found["assumption"])
    assert {"UNK-1", "UNK-2", "UNK-11", "ASSUME-1", "ASSUME-2", "example", "price"} <= named
    assert "example image rhel_9_x64_40G_example.vhd" in set(found["subject"])
    assert (found["taken"].str.len() > 0).all()


@pytest.mark.parametrize(("given", "stated"), [(None, "2 MiB"), (0.5, "0.5 MiB (chosen; the default is 2 MiB)")])
def test_a_bill_states_the_block_size_in_use(given: float | None, stated: str):
    """UNK-1."""
    cloud = Cloud(start="2026-01-15", block_size_mib=given)
    cloud.account("acme").import_image(region="cn-beijing", file=10)
    taken = bill(cloud, until="2026-01-16").assumptions().set_index("assumption")["taken"]
    assert taken["UNK-1"] == stated


def test_firm_toy_prices_and_a_plain_story_assume_the_block_size_only(cloud, acme):
    """UNK-1; nothing else was left open."""
    acme.create_snapshot(machine(acme))
    assert list(bill(cloud, until="2026-01-16", prices=ONE).assumptions()["assumption"]) == ["UNK-1"]


def test_an_assumed_price_is_listed_with_its_source(cloud, acme):
    acme.create_snapshot(machine(acme))
    prices = Prices([tier(1, valid_from_basis="assumed")])
    last = bill(cloud, until="2026-01-16", prices=prices).assumptions().iloc[-1]
    assert (last["assumption"], last["subject"]) == ("price", "snapshot_standard all_regions")
    assert (last["taken"], last["why"]) == ("1 CNY per_gib_hour from 2019-01-01", "first day assumed [toy page]")


# Wrong objects, and records in place of ids --------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, 5, "story.yaml", [], {"ledger": 1}])
def test_a_bill_is_made_of_a_cloud_or_a_ledger(wrong):
    for question in (bill, measure):
        with pytest.raises(InputError, match="a bill is made of a cloud or a ledger, not of ") as error:
            question(wrong, until="2026-02-01")
        assert len(str(error.value)) <= 200


def test_use_may_be_measured_of_a_cloud_as_well_as_of_its_ledger(cloud, acme):
    acme.create_snapshot(machine(acme))
    pd.testing.assert_frame_equal(measure(cloud, until="2026-02-01"), measure(cloud.ledger, until="2026-02-01"))


@pytest.mark.parametrize(
    "question",
    [
        lambda b: bill(b._origin.ledger, until="2026-01-16", prices="mine.csv"),
        lambda b: rate(b.usage, "mine.csv"),
        lambda b: rate(None, ONE),
        lambda b: rate(b.charges, ONE),
        lambda b: rate(b.usage.assign(sku_meter="snapshot_standart"), ONE),
        lambda b: bill(b._origin.ledger, until="x" * 5000),
        lambda b: bill(b._origin.ledger, until=None),
        lambda b: bill(b._origin.ledger, until="2026-01-16", since=[]),
        lambda b: Bill(None),
        lambda b: Bill(5),
        lambda b: Bill(pd.DataFrame()),
        lambda b: invoice(7),
        lambda b: b.compare(None),
        lambda b: b.compare(b, 5),
        lambda b: b.by(5),
        lambda b: b.by(["month"]),
        lambda b: b.by(None),
        lambda b: b.by("x" * 5000),
        lambda b: b.total(5),
        lambda b: b.total("EUR"),
        lambda b: b.capacity([], "region"),
        lambda b: b.capacity("month", None),
        lambda b: b.attribute(["image"]),
        lambda b: b.explain(5),
        lambda b: b.explain(None),
        lambda b: b.explain("m-unknown"),
    ],
)
def test_a_wrong_object_gets_one_short_sentence(two_sites, question):
    with pytest.raises(InputError) as error:
        question(two_sites)
    assert 20 < len(str(error.value)) <= 200
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_record_is_explained_as_its_id_is(cloud, acme):
    web = machine(acme, image="rhel_9", written=40)
    image = cloud.image(acme.create_image(web))
    snapshot = cloud.snapshot(image.system_snapshot)
    found = bill(cloud, until="2026-01-15T01:00", prices=ONE)
    disk = cloud.state.disks[cloud.instance(web).system_disk]
    for record in (image, snapshot, cloud.instance(web), disk, cloud.chain(web)):
        assert str(found.explain(record)) == str(found.explain(record.id))


def test_a_bill_is_taken_where_its_charges_are_meant(two_sites):
    pd.testing.assert_frame_equal(invoice(two_sites), invoice(two_sites.charges))
    pd.testing.assert_frame_equal(Bill(two_sites.charges).compare(two_sites), two_sites.compare(two_sites.charges))
    assert Bill(two_sites).attribute("image")["list_cost"].sum() == 17


# Read-only -----------------------------------------------------------------------------------------


def test_what_a_bill_hands_out_may_be_edited_without_changing_the_bill(two_sites):
    before = two_sites.charges.copy(), two_sites.usage.copy()
    charges, usage = two_sites.charges, two_sites.usage
    charges["list_cost"] = 0.0
    charges.loc[0, "region_id"] = "moon"
    del charges["sku_meter"]
    usage.loc[:, "x_quantity"] = 0
    usage.insert(0, "mine", 1)
    pd.testing.assert_frame_equal(two_sites.charges, before[0])
    pd.testing.assert_frame_equal(two_sites.usage, before[1])
    assert two_sites.total("CNY") == 12
    assert two_sites.attribute("image")["list_cost"].sum() == 17


def test_a_bill_keeps_the_charges_it_was_made_of(two_sites):
    charges = two_sites.charges
    alone = Bill(charges)
    charges["list_cost"] = 0.0
    assert alone.total("CNY") == 12
    with pytest.raises(AttributeError):
        alone.charges = charges


# Assumptions that are chosen -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("assume", "message"),
    [
        ({"UNK-10": "refused"}, "UNK-10 .* is for commands; it has no effect on bills"),
        ({"UNK-5": "never"}, "UNK-5 is completion or start, not 'never'"),
        ({"UNK-1": "4 MiB"}, "UNK-1 .* has one answer here"),
        ({"UNK5": "start"}, "unknown assumption 'UNK5'; did you mean UNK-5"),
        ({5: "x"}, "unknown assumption '5'"),
        ("UNK-5", "assume is a mapping such as"),
    ],
)
def test_an_assumption_that_bills_do_not_read_is_refused(cloud, acme, assume, message):
    acme.create_snapshot(machine(acme))
    for question in (bill, measure):
        with pytest.raises(InputError, match=message) as error:
            question(cloud, until="2026-02-01", assume=assume)
        assert len(str(error.value)) <= 200


def test_what_images_cost_is_told_apart_by_month_and_adds_up_to_each_month():
    cloud = Cloud(start="2026-01-15")
    acme = cloud.account("acme")
    web = acme.run_instance(region="cn-beijing", image="rhel_9", instance_type="ecs.g7.large", written=12)
    first = acme.create_image(web)
    cloud.at("2026-02-10")
    acme.write(web, new=3)
    second = acme.create_image(web)
    found = bill(cloud, until="2026-03-01", prices=Prices.published())
    table = found.by("month", "image", "meter")
    stored = table[table["sku_meter"] == "snapshot_standard"].set_index(["x_month", "x_image_id"])["list_cost"]
    # 12 GiB × 17 days of January; from 10 February on the two images share them, and the second adds 3 GiB.
    assert stored["2026-01", first] == pytest.approx(12 * 17 / 30 * 0.12)
    assert stored["2026-02", first] == pytest.approx((12 * 9 + 6 * 19) / 30 * 0.12)
    assert stored["2026-02", second] == pytest.approx((6 + 3) * 19 / 30 * 0.12)
    by_month = found.by("month").set_index("x_month")["list_cost"]
    assert table.groupby("x_month")["list_cost"].sum().to_dict() == pytest.approx(by_month.to_dict())
