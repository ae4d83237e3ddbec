"""Break-even: where two routes cost the same; by hand, in algebra, and played in a cloud.

A golden image of 12 GiB lies in Beijing; storage is 0.12 a month of 30 days there and in Shanghai, the way to Shanghai
0.5 per GiB. Renewed each month for a year, six versions kept, d GiB changed: versions 1 to 11 live 51 months together
(6 × 6 + 5 + 4 + 3 + 2 + 1), the second of which copied snapshots store once, for 11 months. So copies of
the image cost 0.12 × 40 × (12 - d) more storage and 0.5 × (24 + 10 d) less traffic: 45.6 - 9.8 d in all.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from closed_form import closed_form
from helpers import BEIJING, HANGZHOU, machine, unchanged
from played import play

from ecs_images import Account, Cloud, InputError, PriceNotFound, Prices, Updates, bill, charts, routes
from ecs_images.catalog.regions import region
from ecs_images.decisions.breakeven import TOLERANCE, BreakEven, break_even, break_even_surface

SHANGHAI, HONG_KONG, JAKARTA = "cn-shanghai", "cn-hongkong", "ap-southeast-5"
COPY, SNAPSHOTS = "copy, then share", "copy snapshots"
YEAR = Updates(every_days=30, versions_kept=6, change_gib=1, horizon_days=360)


@pytest.fixture
def golden(acme: Account, partner: Account) -> str:
    """An image of 12 GiB in Beijing."""
    return acme.create_image(machine(acme), name="golden")


def found(cloud: Cloud, image: str, along: str, updates: Updates = YEAR, **others: object) -> BreakEven:
    """The break-even of the two ways to copy, for partner in Shanghai."""
    wanted: dict = {"account": "partner", "region": SHANGHAI, "updates": updates, **others}
    return break_even(cloud, image, along=along, **wanted)


def test_the_change_at_which_copying_snapshots_no_longer_pays(cloud: Cloud, golden: str) -> None:
    """45.6 - 9.8 d = 0; sizes are stored in blocks of 2 MiB, 512 to the GiB: 4.653 × 512 = 2382.4."""
    (crossing,) = found(cloud, golden, "change_gib", between=(0, 12)).crossings
    assert crossing.value == pytest.approx(45.6 / 9.8, rel=1e-9)
    assert (crossing.low, crossing.high) == (2382 / 512, 2383 / 512)
    assert (crossing.cheaper_below, crossing.cheaper_above) == (SNAPSHOTS, COPY)


def test_versions_come_in_whole_steps(cloud: Cloud, golden: str) -> None:
    """1.32 a month of extra lives less 17: two versions 10 months (10 × 2 + 1 - 11), three 19 (9 × 3 + 2 + 1 - 11)."""
    for asked in ({"between": (1, 12)}, {"values": [12, 1]}, {"values": np.array([1.0, 6, 12])}):
        (crossing,) = found(cloud, golden, "versions_kept", **asked).crossings
        assert (crossing.low, crossing.high, crossing.value) == (2, 3, None)
        assert (crossing.cheaper_below, crossing.cheaper_above) == (COPY, SNAPSHOTS)


def test_within_bounds_every_number_of_versions_is_tried(cloud: Cloud, golden: str) -> None:
    """So that two changes of sign between neighbours cannot hide one another."""
    told = found(cloud, golden, "versions_kept", between=(1, 52))
    assert sorted(set(told.costs["x_value"])) == [*range(1, 53)]
    assert [type(bound) for crossing in told.crossings for bound in (crossing.low, crossing.high)] == [int, int]


@pytest.mark.slow
def test_both_routes_played_on_either_side_of_a_crossing_change_places(cloud: Cloud, golden: str) -> None:
    """1.32 × 10 - 17 = -3.8 with two versions kept, 1.32 × 19 - 17 = 8.08 with three."""
    (crossing,) = found(cloud, golden, "versions_kept", values=[1, 12]).crossings
    differences = []
    for kept in (crossing.low, crossing.high):
        totals = []
        for route in (COPY, SNAPSHOTS):
            fork = cloud.fork()
            end = play(fork, golden, replace(YEAR, versions_kept=int(kept)), {("partner", SHANGHAI): route})
            totals.append(bill(fork, until=end).total())
        differences.append(totals[0] - totals[1])
    assert differences == pytest.approx([-3.8, 8.08])


@pytest.mark.slow
def test_the_factor_on_a_price(cloud: Cloud, golden: str) -> None:
    """One GiB changed: storage 4.8 × 11 = 52.8 dearer, traffic 0.5 × 34 = 17 saved, so 52.8 = 17 f, or 52.8 f = 17."""
    (traffic,) = found(cloud, golden, "price", values=[0, 1, 10]).crossings
    assert traffic.value == pytest.approx(52.8 / 17, rel=1e-9)
    assert traffic.high - traffic.low <= TOLERANCE * 10
    dear = found(cloud, golden, "price", values=[0.1, 1], meter="snapshot_standard")
    assert [crossing.value for crossing in dear.crossings] == pytest.approx([17 / 52.8], rel=1e-9)
    assert set(dear.costs["x_parameter"]) == {"price of snapshot_standard [× list]"}


@pytest.mark.slow
def test_the_same_cost_at_a_value_that_was_asked_for_is_one_crossing(cloud: Cloud, golden: str) -> None:
    """Nothing changed: 57.6 more storage, 12 less traffic, the same at 4.8 times the price of traffic."""
    never = replace(YEAR, change_gib=0)
    (crossing,) = found(cloud, golden, "price", never, values=[1, 4.8, 10]).crossings
    assert crossing.value == pytest.approx(4.8)
    assert found(cloud, golden, "price", never, values=[1, 4.8]).crossings == ()


def test_a_smaller_image_makes_copies_of_it_pay(cloud: Cloud, golden: str) -> None:
    """Of S GiB, 1 changed: 0.12 × 40 × (S - 1) more storage, 0.5 × (2 S + 10) less traffic: 3.8 S - 9.8 = 0."""
    (crossing,) = found(cloud, golden, "size_gib", between=(1, 40)).crossings
    assert crossing.value == pytest.approx(9.8 / 3.8, rel=1e-9)
    assert (crossing.cheaper_below, crossing.cheaper_above) == (COPY, SNAPSHOTS)


def test_a_horizon_is_paid_in_whole_hours(cloud: Cloud, golden: str) -> None:
    """Twelve kept: after 6 months 1.32 × (5 m - 20) less 14.5 of traffic; 4461 hours give 14.4925, 4462 14.5017."""
    longer = replace(YEAR, versions_kept=12)
    (crossing,) = found(cloud, golden, "horizon_days", longer, values=[150, 360]).crossings
    assert crossing.low * 24 == pytest.approx(4461, abs=0.001)
    assert crossing.low <= (crossing.value or 0) <= crossing.high


@pytest.mark.slow
def test_the_costs_are_those_of_the_routes(cloud: Cloud, golden: str) -> None:
    """Both ways, at each value; and `charts.break_even` draws them as they are."""
    costs = found(cloud, golden, "change_gib", values=[5, 0, 0]).costs
    assert list(costs["x_value"]) == [0, 0, 5, 5]
    assert set(costs["x_parameter"]) == {"changed per version [GiB]"}
    for change, rows in costs.groupby("x_value"):
        updates = replace(YEAR, change_gib=change)
        asked = routes(cloud, golden, accounts=["partner"], regions=[SHANGHAI], updates=updates)
        told = asked.set_index("route")["list_cost"]
        assert list(rows["list_cost"]) == [told[route] for route in rows["route"]]
    axes = charts.break_even(costs)
    assert axes.get_ylabel() == "list cost [CNY]"
    assert "between 0 and 5" in axes.get_title(loc="left")


def test_the_parameter_followed_need_not_fit_beforehand(cloud: Cloud, acme: Account, partner: Account) -> None:
    """An image of half a GiB, of which the usual 1 GiB cannot change: 0.12 × 40 × (0.5 - d) less 0.5 × (1 + 10 d)."""
    small = acme.create_image(machine(acme, written=0.5), name="small")
    (crossing,) = found(cloud, small, "change_gib", between=(0, 0.5)).crossings
    assert crossing.value == pytest.approx(1.9 / 9.8)
    assert closed_form(cloud, small, region=SHANGHAI, updates=YEAR) == pytest.approx(1.9 / 9.8)


def test_any_two_routes_are_compared(cloud: Cloud, golden: str) -> None:
    """Sharing costs nothing; an image of its own costs the receiver 12 GiB for each version and month, and a machine.

    Eleven versions are there 20 minutes into an hour in which the next one is; the machine runs 20 minutes for each
    of twelve at 0.39 an hour, and its disk has no price in Beijing, which is told.
    """
    sharing = found(
        cloud, golden, "versions_kept", routes=("share", "receiver's own image"), region=BEIJING, values=[1]
    )
    assert list(sharing.costs["list_cost"]) == pytest.approx([0, 12 * (12 * 0.12 + 11 * 0.12 / 720) + 12 * 0.39 / 3])
    assert sharing.not_counted == (
        "receiver's own image: machine not priced: no price for disk cloud_essd_pl0 in cn-beijing",
    )
    assert sharing.crossings == ()


def test_a_break_even_says_which_route_opens_the_image_to_everybody(cloud: Cloud, golden: str) -> None:
    """COMM-1: publishing costs nothing, and gives the image to every account."""
    asked: dict = {"along": "versions_kept", "region": BEIJING, "values": [1]}
    opened = found(cloud, golden, routes=("publish", "receiver's own image"), **asked)
    assert opened.opens == ("publish",)
    assert dict(zip(opened.costs["route"], opened.costs["x_opens"], strict=True)) == {
        "publish": True,
        "receiver's own image": False,
    }
    assert found(cloud, golden, "change_gib", values=[1]).opens == ()


def test_a_surface_tells_the_difference_over_two_parameters(cloud: Cloud, golden: str) -> None:
    """0.12 × months × (12 - d) - 0.5 × (24 + 10 d), months 10 and 40 with two and six versions kept."""
    wanted: dict = {"account": "partner", "region": SHANGHAI, "updates": YEAR}
    table = break_even_surface(cloud, golden, first=("change_gib", [0, 5]), second=("versions_kept", [2, 6]), **wanted)
    assert list(zip(table["x_first"], table["x_second"], strict=True)) == [(0, 2), (0, 6), (5, 2), (5, 6)]
    assert list(table["x_difference"]) == pytest.approx([14.4 - 12, 57.6 - 12, 8.4 - 37, 33.6 - 37])
    names = table[["x_first_name", "x_second_name", "billing_currency"]].drop_duplicates()
    assert names.to_numpy().tolist() == [["changed per version [GiB]", "versions kept", "CNY"]]
    ax = charts.break_even_surface(table)
    assert (ax.get_ylabel(), ax.figure.axes[1].get_ylabel()) == ("versions kept", f"{COPY} less {SNAPSHOTS} [CNY]")


@pytest.mark.slow
@pytest.mark.parametrize(
    "updates",
    [
        YEAR,
        Updates(every_days=7, versions_kept=12, horizon_days=365),
        Updates(every_days=1, versions_kept=40, new_gib=0.25, horizon_days=100.5),
        Updates(every_days=30, versions_kept=50, horizon_days=720),
        Updates(every_days=20, versions_kept=5, new_gib=0.5, horizon_days=190),
        Updates(every_days=30, versions_kept=1, horizon_days=360),
        Updates(every_days=30, versions_kept=3, horizon_days=60),
        Updates(every_days=30, versions_kept=3, horizon_days=20),
        Updates(every_days=90, versions_kept=4, new_gib=0.1, horizon_days=3600),
    ],
)
def test_the_closed_form_agrees_with_the_search(updates: Updates) -> None:
    """In a region of flat price it does not matter what is stored already; a data disk goes along."""
    cloud = Cloud(start="2026-01-15")
    acme = cloud.account("acme")
    cloud.account("partner")
    image = acme.create_image(machine(acme, data_disks=[{"size": 50, "written": 3}]), name="golden")
    acme.create_snapshot(machine(acme, region=SHANGHAI, written=7))
    cloud.at("2026-02-01T09:00")
    searched = found(cloud, image, "change_gib", updates, values=[0, 12]).crossings
    expected = closed_form(cloud, image, region=SHANGHAI, updates=updates)
    assert [crossing.value for crossing in searched] == pytest.approx([] if expected is None else [expected], rel=1e-6)


def test_the_closed_form_by_hand(cloud: Cloud, golden: str) -> None:
    assert closed_form(cloud, golden, region=SHANGHAI, updates=YEAR) == pytest.approx(45.6 / 9.8, rel=1e-12)


def test_the_way_of_image_copies_counts_once_it_has_a_price(cloud: Cloud, golden: str, tmp_path: Path) -> None:
    """COPY-10: at 0.1 a GiB twelve copies of 12 GiB send 14.4 more, so 60 - 9.8 d = 0."""
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,region_id,to_region_id,unit,currency,price,valid_from\n"
        "image_copy_traffic,all_regions,all_regions,per_gib,CNY,0.1,2026-01-01\n"
    )
    prices = Prices.published(layer)
    assert closed_form(cloud, golden, region=SHANGHAI, updates=YEAR, prices=prices) == pytest.approx(60 / 9.8)
    (crossing,) = found(cloud, golden, "change_gib", between=(0, 12), prices=prices).crossings
    assert crossing.value == pytest.approx(60 / 9.8, rel=1e-9)


def test_without_any_price_to_weigh_there_is_no_closed_form(cloud: Cloud, golden: str, tmp_path: Path) -> None:
    """One version kept and traffic for nothing: both ways cost the same whatever changes."""
    layer = tmp_path / "free.csv"
    layer.write_text(
        "meter,region_id,to_region_id,unit,currency,price,valid_from\n"
        f"snapshot_copy_traffic,{BEIJING},{SHANGHAI},per_gib,CNY,0,2026-01-01\n"
    )
    asked: dict = {"updates": replace(YEAR, versions_kept=1), "prices": Prices.published(layer)}
    assert closed_form(cloud, golden, region=SHANGHAI, **asked) is None
    assert found(cloud, golden, "change_gib", values=[0, 12], **asked).crossings == ()


@pytest.mark.slow
def test_a_tiered_price_has_no_closed_form_but_a_break_even(cloud: Cloud, golden: str) -> None:
    """Hong Kong as published: 5 GiB free, so nothing is a matter of one price (UNK-12)."""
    prices = Prices.published().supposing({"UNK-12": "as_published"})
    with pytest.raises(InputError, match="snapshot_standard in cn-hongkong has tiers"):
        closed_form(cloud, golden, region=HONG_KONG, updates=YEAR, prices=prices)
    told = found(cloud, golden, "price", values=[0.1, 10], region=HONG_KONG, prices=prices)
    assert len(told.crossings) == 1


def test_a_route_that_is_refused_has_no_break_even(cloud: Cloud, golden: str) -> None:
    with (
        unchanged(cloud),
        pytest.raises(
            InputError, match="'share' for partner in cn-shanghai is refused, so it has no break-even; InvalidImageId"
        ),
    ):
        found(cloud, golden, "change_gib", routes=("share", COPY), values=[1])


def test_a_region_without_a_price_says_which(cloud: Cloud, golden: str) -> None:
    with pytest.raises(PriceNotFound, match="no CNY price for snapshot_standard in ap-southeast-5"):
        found(cloud, golden, "change_gib", region=JAKARTA, values=[1])
    with pytest.raises(PriceNotFound, match="ap-southeast-5"):
        closed_form(cloud, golden, region=JAKARTA)


def test_routes_paid_in_two_currencies_have_no_break_even(cloud: Cloud, acme: Account) -> None:
    """Sharing is paid by acme in CNY, its own image by globex in USD."""
    cloud.account("globex", site="international")
    image = acme.create_image(machine(acme, region=HANGZHOU), name="golden")
    with pytest.raises(InputError, match='by acme in CNY, "receiver\'s own image" by globex in USD'):
        found(
            cloud, image, "change_gib", routes=("share", "receiver's own image"),
            account="globex", region=HANGZHOU, values=[1],
        )  # fmt: skip


@pytest.mark.parametrize(
    ("along", "others", "words"),
    [
        ("change", {"values": [1]}, "unknown parameter 'change'; did you mean change_gib"),
        ("change_gib", {}, "either values"),
        ("change_gib", {"values": [1], "between": (0, 1)}, "either values"),
        ("change_gib", {"values": []}, "at least one value"),
        ("change_gib", {"values": ["1"]}, "are numbers, not '1'"),
        ("change_gib", {"values": [float("nan")]}, "are numbers, not nan"),
        ("change_gib", {"between": (3, 1)}, "a low and a higher value"),
        ("change_gib", {"values": [13]}, "13 cannot change"),
        ("versions_kept", {"values": [2.5]}, "a whole number"),
        ("price", {"values": [-1]}, "multiplied by 0 or more"),
        ("price", {"values": [1], "meter": "snapshot_copy"}, "unknown meter 'snapshot_copy'"),
        ("price", {"values": [1], "routes": ("copy", COPY)}, "unknown route 'copy'"),
        ("price", {"values": [1], "routes": (COPY, COPY)}, "two different routes"),
        ("change_gib", {"values": 5}, "give at least one value of change_gib in a list, not 5"),
        ("change_gib", {"between": "01"}, "give at least one value"),
        ("change_gib", {"between": (0, 1, 2)}, "a low and a higher value"),
        ("change_gib", {"values": [10**400]}, "are numbers, not a number of"),
        ("versions_kept", {"values": [1_000_000]}, "versions_kept is a whole number from 1 to 876600, not 1000000"),
        (None, {"values": [1]}, "unknown parameter"),
        ("price", {"values": [1], "routes": COPY}, "two names of routes, not 'copy, then share'"),
        ("price", {"values": [1], "routes": None}, "two names of routes"),
        ("price", {"values": [1], "routes": (COPY,)}, "two different routes"),
        ("price", {"values": [1], "routes": (COPY, 7)}, "unknown route '7'"),
        ("price", {"values": [1], "meter": 7}, "unknown meter"),
        ("change_gib", {"values": [1], "meter": "snapshot_standard"}, "along change_gib it has no effect"),
        ("price", {"values": [1], "updates": {"every_days": 7}}, "updates is an Updates"),
        ("price", {"values": [1], "prices": {}}, "prices is a Prices"),
        ("price", {"values": [1], "account": None}, "an account is given by its name"),
        ("price", {"values": [1], "region": ["cn-shanghai"]}, "a region is given by its id"),
        ("price", {"values": [1], "account": "partnr"}, "unknown account 'partnr'"),
        ("price", {"values": [1], "region": "cn-shangai"}, "unknown region 'cn-shangai'"),
    ],
)
def test_wrong_questions_are_answered_with_what_is_wrong(
    cloud: Cloud, golden: str, along: str, others: dict, words: str
) -> None:
    with unchanged(cloud), pytest.raises(InputError, match=words) as caught:
        found(cloud, golden, along, **others)
    assert len(str(caught.value)) <= 250


def test_records_stand_for_their_ids(cloud: Cloud, partner: Account, golden: str) -> None:
    asked: dict = {"along": "change_gib", "values": [1], "updates": YEAR}
    by_record = break_even(cloud, cloud.image(golden), account=partner, region=region(SHANGHAI), **asked)  # type: ignore[arg-type]
    by_name = break_even(cloud, golden, account="partner", region=SHANGHAI, **asked)
    assert by_record.costs.equals(by_name.costs)


def test_the_tables_say_what_their_columns_mean(cloud: Cloud, golden: str) -> None:
    costs = found(cloud, golden, "change_gib", values=[1]).costs
    assert list(break_even.columns) == list(costs)
    assert break_even.columns["list_cost"] == "what the target adds over the horizon [currency]"
    table = break_even_surface(
        cloud, golden, account="partner", region=SHANGHAI, first=("change_gib", [0]), second=("new_gib", [0])
    )
    assert list(break_even_surface.columns) == list(table)


def test_a_surface_needs_two_parameters(cloud: Cloud, golden: str) -> None:
    twice = ("change_gib", [1])
    for wrong in (None, "change_gib", ("change_gib",)):
        with pytest.raises(InputError, match="second is a parameter and its values"):
            break_even_surface(cloud, golden, account="partner", region=SHANGHAI, first=twice, second=wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="two different parameters"):
        break_even_surface(cloud, golden, account="partner", region=SHANGHAI, first=twice, second=twice)
