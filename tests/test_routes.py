"""Routes: what is allowed, what it adds to whose bill; held against the same routes played in a cloud."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from helpers import BEIJING, HANGZHOU
from hypothesis import given, settings
from hypothesis import strategies as st

import ecs_images as ecs
from ecs_images import Account, Cloud, CloudError, InputError, Updates, bill, routes
from ecs_images.decisions.scripts import ROUTES, Target, play

SHANGHAI, HONG_KONG, JAKARTA = "cn-shanghai", "cn-hongkong", "ap-southeast-5"


def golden(account: Account, written: float = 12, **others: object) -> str:
    """An image of 12 GiB on a system disk of 40, in Beijing."""
    web = account.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=written, **others)  # type: ignore[arg-type]
    return account.create_image(web, name="golden")


def of(found: pd.DataFrame, route: str, region: str, account: str = "partner") -> pd.Series:
    """The row of a route."""
    rows = found[(found["route"] == route) & (found["region_id"] == region) & (found["billing_account_id"] == account)]
    return rows.iloc[0]


def test_sharing_is_free_and_for_the_home_region_only(cloud: Cloud, acme: Account, partner: Account) -> None:
    """SHARE-1, SHARE-8, TYPE-3."""
    found = routes(cloud, golden(acme), accounts=["partner"], regions=[BEIJING, SHANGHAI])
    at_home, away = of(found, "share", BEIJING), of(found, "share", SHANGHAI)
    assert (at_home["x_allowed"], at_home["list_cost"], at_home["x_hours_to_launch"]) == (True, 0, 0)
    assert (away["x_allowed"], away["x_code"], away["x_rule"]) == (False, "InvalidImageId.NotFound", "TYPE-3")
    assert away["x_note"].endswith("copy it to cn-shanghai first")
    assert math.isnan(away["list_cost"])


def test_a_copy_is_full_for_every_version_that_is_kept(cloud: Cloud, acme: Account, partner: Account) -> None:
    """COPY-2, UNK-11: 30 days, a version every 10, two kept: 12 GiB for 20 + 20 + 10 days at 0.12 per 30 days."""
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    row = of(
        routes(cloud, golden(acme), accounts=["partner"], regions=[SHANGHAI], updates=updates),
        "copy, then share",
        SHANGHAI,
    )
    assert row["list_cost"] == pytest.approx(12 * 0.12 / 30 * (20 + 20 + 10))
    assert (row["x_payer"], row["billing_currency"]) == ("acme", "CNY")
    assert row["x_hours_to_launch"] == pytest.approx(12 * 0.5 / 60)


def test_copied_snapshots_bring_only_what_changed_but_pay_for_the_way(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """SCOPY-2, SCOPY-3: sent 12, 12 and 1 GiB at 0.5; stored 12 for 20 days, 11 for 20, and 1 + 1 for 20 and 10.

    The second version is full again: it lies in the chain of the builder that renews the image.
    """
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    row = of(
        routes(cloud, golden(acme), accounts=["partner"], regions=[SHANGHAI], updates=updates),
        "copy snapshots",
        SHANGHAI,
    )
    storage = (12 * 20 + 11 * 20 + 1 * 20 + 1 * 10) * 0.12 / 30
    assert row["list_cost"] == pytest.approx(storage + (12 + 12 + 1) * 0.5)


def test_an_image_of_its_own_is_paid_by_the_receiver_in_its_currency(cloud: Cloud, acme: Account) -> None:
    """SHARE-7: in Hangzhou the price in USD is known, elsewhere it is not, and the cell says so."""
    globex = cloud.account("globex", site="international")
    web = acme.run_instance(region=HANGZHOU, image="aliyun_3", system_disk=40, written=12)
    image = acme.create_image(web, name="golden")
    updates = Updates(every_days=30, versions_kept=1, change_gib=1, horizon_days=30)
    row = of(
        routes(cloud, image, accounts=[globex.name], regions=[HANGZHOU], updates=updates),
        "receiver's own image",
        HANGZHOU,
        "globex",
    )
    assert (row["x_payer"], row["billing_currency"]) == ("globex", "USD")
    assert row["list_cost"] == pytest.approx(12 * 0.0173)


def test_a_pipeline_in_the_region_stores_what_changes_and_the_rest_once(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """CHAIN-1: 11 GiB for 30 days, and 1 GiB of each version for 20, 20 and 10, at 0.12 per 30 days."""
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    found = routes(cloud, golden(acme), accounts=["partner"], regions=[SHANGHAI], updates=updates)
    assert of(found, "rebuild there", SHANGHAI)["list_cost"] == pytest.approx((11 * 30 + 20 + 20 + 10) * 0.12 / 30)


def test_an_imported_image_cannot_be_rebuilt_from_its_origin(cloud: Cloud, acme: Account, partner: Account) -> None:
    """TYPE-3: no public image stands behind a file of one's own."""
    image = acme.import_image(region=BEIJING, file=5)
    row = of(routes(cloud, image, accounts=["partner"], regions=[SHANGHAI]), "rebuild there", SHANGHAI)
    assert (row["x_allowed"], row["x_code"]) == (False, "InvalidImageId.NotFound")


def test_a_cell_without_a_price_names_the_meter_and_hides_nothing_else(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Ground rule 8: Jakarta has no price of snapshots; the row says so and is not 0."""
    found = routes(cloud, golden(acme), accounts=["partner"], regions=[JAKARTA, SHANGHAI])
    unknown = of(found, "copy, then share", JAKARTA)
    assert unknown["x_allowed"]
    assert math.isnan(unknown["list_cost"])
    assert unknown["x_note"] == "no price for snapshot_standard in ap-southeast-5"
    assert of(found, "copy, then share", SHANGHAI)["list_cost"] > 0


def test_a_marketplace_image_does_not_cross_to_the_other_site(cloud: Cloud, acme: Account) -> None:
    """SHARE-5."""
    cloud.account("globex", site="international")
    web = acme.run_instance(region=BEIJING, image="cmjj027560", written=12)
    found = routes(cloud, acme.create_image(web, name="shop"), accounts=["globex"], regions=[BEIJING])
    assert of(found, "share", BEIJING, "globex")["x_code"] == "InvalidImageId.BidMismatch"


def test_a_deprecated_image_can_be_neither_shared_nor_copied(cloud: Cloud, acme: Account, partner: Account) -> None:
    """STATUS-4, COPY-1."""
    image = golden(acme)
    acme.modify_image(image, status="Deprecated")
    found = routes(cloud, image, accounts=["partner"], regions=[BEIJING, SHANGHAI])
    assert of(found, "share", BEIJING)["x_code"] == "OperationDenied.InvalidImageStatus"
    assert of(found, "copy, then share", SHANGHAI)["x_code"] == "IncorrectImageStatus"


def test_a_name_that_is_taken_elsewhere_stands_in_no_copy_s_way(cloud: Cloud, acme: Account, partner: Account) -> None:
    """CREATE-11 forbids the same name twice in a region; the route gives its copies names of their own."""
    image = golden(acme)
    acme.copy_image(image, to=SHANGHAI)
    assert of(routes(cloud, image, accounts=["partner"], regions=[SHANGHAI]), "copy, then share", SHANGHAI)["x_allowed"]


def test_asking_changes_nothing(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden(acme)
    before = list(cloud.ledger)
    routes(cloud, image, accounts=["partner"], regions=[BEIJING, SHANGHAI])
    assert list(cloud.ledger) == before


updates_of = st.builds(
    Updates,
    every_days=st.sampled_from([1, 2.5, 7]),
    versions_kept=st.integers(1, 4),
    change_gib=st.sampled_from([0, 0.001, 1, 3.3, 12]),
    new_gib=st.sampled_from([0, 0.5]),
    horizon_days=st.sampled_from([1, 6.5, 20]),
)


def estate() -> tuple[Cloud, str]:
    """Accounts of both sites, an image with a data disk, and storage that is there already."""
    cloud = Cloud(start="2026-01-15T10:20")
    acme = cloud.account("acme")
    cloud.account("partner")
    cloud.account("globex", site="international")
    image = golden(acme, data_disks=[{"size": 50, "written": 3}])
    abroad = acme.run_instance(region=HONG_KONG, image="aliyun_3", written=3)
    acme.create_snapshot(abroad)
    cloud.at("2026-02-01T09:30")
    return cloud, image


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=12)
@given(updates_of)
def test_every_route_adds_what_playing_it_adds(updates: Updates) -> None:
    """Issue of routes: money equals that of the played cloud, a refused route is refused there by the same code."""
    cloud, image = estate()
    found = routes(
        cloud, image, accounts=["partner", "globex"], regions=[BEIJING, SHANGHAI, HONG_KONG], updates=updates
    )
    home = cloud.fork()
    end = play(home, image, updates, {})
    without = bill(home, until=end)
    for row in found.itertuples():
        played = cloud.fork()
        plan = {Target(str(row.billing_account_id), str(row.region_id)): str(row.route)}
        if not row.x_allowed:
            with pytest.raises((CloudError, InputError)) as caught:
                play(played, image, updates, plan)
            assert getattr(caught.value, "code", "") == row.x_code
            continue
        play(played, image, updates, plan)
        if math.isnan(row.list_cost):
            with pytest.raises(ecs.PriceNotFound):
                bill(played, until=end)
            continue
        added = bill(played, until=end).total(row.billing_currency) - without.total(row.billing_currency)
        assert row.list_cost == pytest.approx(added, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"every_days": 0},
        {"every_days": float("nan")},
        {"horizon_days": -1},
        {"horizon_days": 10**6},
        {"versions_kept": 0},
        {"versions_kept": 2.5},
        {"change_gib": -1},
        {"new_gib": float("inf")},
    ],
)
def test_updates_that_make_no_sense_are_told(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Updates(**wrong)  # type: ignore[arg-type]


def test_wrong_questions_are_told(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden(acme)
    with pytest.raises(InputError, match="unknown account 'partnr'; did you mean partner"):
        routes(cloud, image, accounts=["partnr"], regions=[BEIJING])
    with pytest.raises(InputError, match="unknown region 'cn-bejing'"):
        routes(cloud, image, accounts=["partner"], regions=["cn-bejing"])
    with pytest.raises(InputError, match="at least one name"):
        routes(cloud, image, accounts=[], regions=[BEIJING])
    with pytest.raises(InputError, match="13 cannot change"):
        routes(cloud, image, accounts=["partner"], regions=[BEIJING], updates=Updates(change_gib=13))
    acme.delete_image(image)
    with pytest.raises(InputError, match="is deleted"):
        routes(cloud, image, accounts=["partner"], regions=[BEIJING])


def test_a_copy_that_waits_for_its_turn_has_nothing_to_ask_about_yet() -> None:
    """COPY-4: the sixth copy waits, and until it starts it has no snapshots."""
    slow = Cloud(start="2026-01-15", durations="typical")
    acme = slow.account("acme")
    machines = [acme.run_instance(region=BEIJING, image="aliyun_3", written=12) for _ in range(6)]
    images = [acme.create_image(web) for web in machines]
    slow.wait(images[-1])
    *_, waiting = [acme.copy_image(image, to=HANGZHOU) for image in images]
    with pytest.raises(InputError, match="is Waiting and has no snapshots yet"):
        routes(slow, waiting, accounts=["acme"], regions=[HANGZHOU])


def test_an_import_in_the_region_is_full_for_every_version_and_so_is_what_is_sent(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """EXP-3, IMP-6: three versions of 12 GiB sent at 0.5, and stored for 20, 20 and 10 days at 0.12 per 30 days."""
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    found = routes(cloud, golden(acme), accounts=["partner"], regions=[BEIJING, SHANGHAI], updates=updates)
    away, home = (of(found, "export and import", region) for region in (SHANGHAI, BEIJING))
    stored = 12 * 0.12 / 30 * (20 + 20 + 10)
    assert away["list_cost"] == pytest.approx(stored + 3 * 12 * 0.5)
    assert home["list_cost"] == pytest.approx(stored)
    # Exported, replicated and imported, or exported and imported, at half a minute a GiB each.
    assert away["x_hours_to_launch"] == pytest.approx(3 * 12 * 0.5 / 60)
    assert home["x_hours_to_launch"] == pytest.approx(2 * 12 * 0.5 / 60)


def test_an_image_under_a_licence_is_not_exported(cloud: Cloud, acme: Account, partner: Account) -> None:
    """EXP-2."""
    web = acme.run_instance(region=BEIJING, image="rhel_9", written=12)
    row = of(
        routes(cloud, acme.create_image(web), accounts=["partner"], regions=[SHANGHAI]), "export and import", SHANGHAI
    )
    assert (row["x_allowed"], row["x_code"], row["x_rule"]) == (False, "InvalidImageLicense.NotSupported", "EXP-2")


def test_a_copy_costs_its_way_when_a_price_is_given_for_it(
    cloud: Cloud, acme: Account, partner: Account, tmp_path: Path
) -> None:
    """COPY-10: free by assumption; with a row of one's own three versions of 12 GiB pay 0.25 per GiB more."""
    layer = tmp_path / "mine.csv"
    layer.write_text(
        "meter,region_id,to_region_id,unit,currency,price,valid_from\n"
        "image_copy_traffic,all_regions,all_regions,per_gib,CNY,0.25,2026-01-01\n"
    )
    image, updates = golden(acme), Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    costs = [
        of(
            routes(cloud, image, accounts=["partner"], regions=[SHANGHAI], updates=updates, prices=prices),
            "copy, then share",
            SHANGHAI,
        )["list_cost"]
        for prices in (None, ecs.Prices.published(layer))
    ]
    assert costs[1] - costs[0] == pytest.approx(3 * 12 * 0.25)


@pytest.mark.parametrize("route", [route for route in ROUTES if route != "share"])
def test_a_supposed_size_costs_what_an_image_of_that_size_costs(route: str) -> None:
    """One image holds 20 GiB, the other 12 and is supposed to hold 20."""
    costs = []
    for written, supposed in ((20, None), (12, 20)):
        cloud = Cloud(start="2026-01-15")
        acme = cloud.account("acme")
        cloud.account("partner")
        updates = Updates(every_days=3, versions_kept=2, change_gib=15, horizon_days=20, size_gib=supposed)
        found = routes(cloud, golden(acme, written), accounts=["partner"], regions=[SHANGHAI, BEIJING], updates=updates)
        region = BEIJING if route == "receiver's own image" else SHANGHAI
        costs.append(of(found, route, region)["list_cost"])
    assert costs[0] == costs[1] > 0


def test_an_image_holds_no_more_than_its_disk(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden(acme)
    with pytest.raises(InputError, match="system disk of 40 GiB; size_gib is at most that"):
        routes(cloud, image, accounts=["partner"], regions=[BEIJING], updates=Updates(size_gib=40.5))
    with pytest.raises(InputError, match="10 GiB on its system disk; 11 cannot change"):
        routes(cloud, image, accounts=["partner"], regions=[BEIJING], updates=Updates(size_gib=10, change_gib=11))
    with pytest.raises(InputError, match="size_gib"):
        Updates(size_gib=0)


def test_the_routes_are_those_that_can_be_played() -> None:
    assert list(ROUTES) == [
        "share", "copy, then share", "copy snapshots", "receiver's own image", "rebuild there", "export and import",
    ]  # fmt: skip
