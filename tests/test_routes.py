"""Routes: what is allowed, what it adds to whose bill; held against the same routes played in a cloud."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import strategies
from helpers import BEIJING, HANGZHOU, tier, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st
from played import play
from strategies import tables

import ecs_images as ecs
from ecs_images import Account, Cloud, CloudError, InputError, Machines, Prices, Updates, bill, routes
from ecs_images.catalog.regions import region as region_of
from ecs_images.decisions.question import Question, Situation
from ecs_images.decisions.routes import every_route
from ecs_images.decisions.ways import WAYS

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
    # A machine of 40 GiB for 20 minutes at 0.00016 per GiB-hour; the price of its type is not known.
    assert row["list_cost"] == pytest.approx(12 * 0.0173 + 40 * 0.00016 / 3)
    assert row["x_not_counted"] == "machine not priced: no price for instance ecs.c6.large in cn-hangzhou"


def test_a_pipeline_in_the_region_stores_what_changes_and_the_rest_once(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """CHAIN-1: 11 GiB for 30 days, and 1 GiB of each version for 20, 20 and 10, at 0.12 per 30 days.

    The first version goes when the third is built, 20 minutes into an hour that is billed whole (BILL-2).
    """
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    found = routes(cloud, golden(acme), accounts=["partner"], regions=[SHANGHAI], updates=updates)
    row = of(found, "rebuild there", SHANGHAI)
    assert row["list_cost"] == pytest.approx((11 * 30 + 20 + 20 + 10) * 0.12 / 30 + 0.12 / 720)
    assert row["x_not_counted"] == (
        "machine not priced: no price for disk cloud_essd_pl0 in cn-shanghai, "
        "no price for instance ecs.c6.large in cn-shanghai"
    )


def test_a_builder_that_is_kept_pays_its_disk_all_the_time_and_itself_for_each_build(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """IBILL-3: 40 GiB for 720 hours at 0.001 are 28.80; three builds of 20 minutes at 0.3 an hour are 0.30.

    Released after each build, its disk is there for an hour in all, 0.04, but every version is full.
    """
    image, costs = golden(acme), []
    for machines in (Machines(), Machines(keep_builder=False)):
        updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30, machines=machines)
        asked: dict[str, Any] = {"accounts": ["partner"], "regions": [SHANGHAI], "updates": updates}
        costs.append(of(routes(cloud, image, prices=MACHINES_PRICED, **asked), "rebuild there", SHANGHAI)["list_cost"])
    stored = [(11 * 30 + 20 + 20 + 10) * 0.12 / 30 + 0.12 / 720, 12 * ((20 + 20 + 10) * 0.12 / 30 + 0.12 / 720)]
    assert costs == [pytest.approx(stored[0] + 28.80 + 0.30), pytest.approx(stored[1] + 0.04 + 0.30)]


def test_the_system_disk_of_a_machine_has_its_category_and_data_disks_the_supposed_one(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """ASSUME-8: in Hangzhou 40 GiB of PL1 at 0.0021 and 50 of PL0 at 0.00105 an hour, 20 minutes; c7.large 0.407698."""
    web = acme.run_instance(region=HANGZHOU, image="aliyun_3", system_disk=40, written=12, data_disks=[50])
    image = acme.create_image(web)
    machines = Machines("ecs.c7.large", "cloud_essd_pl1")
    once = Updates(every_days=30, versions_kept=1, horizon_days=30, machines=machines)
    found = routes(cloud, image, accounts=["partner"], regions=[HANGZHOU], updates=once)
    row = of(found, "receiver's own image", HANGZHOU)
    assert row["x_not_counted"] == ""
    assert row["list_cost"] == pytest.approx(12 * 0.12 + (40 * 0.0021 + 50 * 0.00105 + 0.407698) / 3)


def test_a_machine_without_a_price_is_bridged_by_name_and_the_frame_says_so(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """A disk of 40 GiB for an hour in all, three builds of 20 minutes, at the 0.00105 of Hangzhou."""
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    asked: dict[str, Any] = {"accounts": ["partner"], "regions": [BEIJING], "updates": updates}
    image, bridged = golden(acme), ecs.Prices.published().supposing(assume_prices="nearest")
    found = [routes(cloud, image, prices=prices, **asked) for prices in (None, bridged)]
    lacking, whole = (of(one, "receiver's own image", BEIJING) for one in found)
    assert (lacking["x_not_counted"] != "", whole["x_not_counted"]) == (True, "")
    assert whole["list_cost"] - lacking["list_cost"] == pytest.approx(40 * 0.00105)
    said = [dict(one.attrs["frame"])["supposed"] for one in found]
    assert ["that of the nearest" in words for words in said] == [False, True]


def test_an_answer_says_what_it_holds_for(cloud: Cloud, acme: Account, partner: Account) -> None:
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    frame = routes(cloud, golden(acme), accounts=["partner"], regions=[BEIJING], updates=updates).attrs["frame"]
    assert [part for part, _ in frame] == ["period", "updates", "sizes", "machines", "supposed", "not counted"]
    told = dict(frame)
    assert told["updates"] == "a new version every 10 days, 2 kept; each changes 1 GiB and adds 0 GiB"
    assert told["sizes"] == "12 GiB written on the system disk, 0 GiB on data disks"
    assert told["machines"].startswith("ecs.c6.large with 40 GiB of cloud_essd_pl0, billed as they go; 20 minutes")


def test_a_licence_runs_on_the_machine_that_builds(cloud: Cloud, acme: Account, partner: Account) -> None:
    """IBILL-2, LIC-1: a receiver's machine of 2 vCPUs for 20 minutes at the 0.1041 a vCPU-hour of RHEL."""
    web = acme.run_instance(region=BEIJING, image="rhel_9", system_disk=40, written=12)
    image = acme.create_image(web)
    once = Updates(every_days=30, versions_kept=1, horizon_days=30)
    found = routes(cloud, image, accounts=["partner"], regions=[BEIJING], updates=once, prices=MACHINES_PRICED)
    machine = (40 * 0.001 + 0.3 + 2 * 0.1041) / 3
    assert of(found, "receiver's own image", BEIJING)["list_cost"] == pytest.approx(12 * 0.12 + machine)


def test_the_receiver_copies_within_the_region_encrypted_and_owns_the_copy(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """COPY-3, COPY-11: a full copy that the receiver pays, of which nothing leaves the region, and no machine."""
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    found = routes(cloud, golden(acme), accounts=["partner"], regions=[BEIJING, SHANGHAI], updates=updates)
    here, away = (of(found, "encrypted copy", region) for region in (BEIJING, SHANGHAI))
    assert (here["x_allowed"], here["x_payer"], here["x_not_counted"]) == (True, "partner", "")
    assert here["list_cost"] == pytest.approx(12 * 0.12 / 30 * (20 + 20 + 10))
    assert (away["x_allowed"], away["x_rule"]) == (False, "COPY-3")
    assert away["x_note"].startswith("only the owner can copy")


def test_the_receiver_relays_a_shared_image_to_another_region_and_pays(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """SHARE-7, COPY-2: a machine at home for each of three versions, and full copies of 12 GiB where they go."""
    updates = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
    asked: dict[str, Any] = {"accounts": ["partner"], "regions": [BEIJING, SHANGHAI], "updates": updates}
    found = routes(cloud, golden(acme), prices=MACHINES_PRICED, **asked)
    away, here = (of(found, "relay", region) for region in (SHANGHAI, BEIJING))
    assert away["x_payer"] == "partner"
    stored = 12 * ((20 + 20 + 10) * 0.12 / 30 + 0.12 / 720)  # The first goes 20 minutes into an hour (BILL-2).
    assert away["list_cost"] == pytest.approx(stored + 3 * (40 * 0.001 + 0.3) / 3)
    # 20 minutes of building, half a minute a GiB for the snapshot and for the copy.
    assert away["x_hours_to_launch"] == pytest.approx((20 + 12 * 0.5 * 2) / 60)
    assert not here["x_allowed"]
    assert here["x_note"].endswith("the receiver's own image serves there")


def test_a_community_image_serves_everybody_in_its_region_at_once(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """COMM-1: published it cannot be shared, copied or exported; whoever wants it elsewhere makes an image of it."""
    image = golden(acme)
    acme.publish_image(image)
    found = routes(cloud, image, accounts=["partner"], regions=[BEIJING, SHANGHAI])
    here = of(found, "community", BEIJING)
    assert (here["x_allowed"], here["list_cost"], here["x_hours_to_launch"]) == (True, 0, 0)
    assert of(found, "share", BEIJING)["x_code"] == "Image.Public"
    assert of(found, "encrypted copy", BEIJING)["x_code"] == "OperationDenied.CommunityImage"
    assert of(found, "publish", BEIJING)["x_note"] == f"{image} is public already"
    assert of(found, "community", SHANGHAI)["x_rule"] == "COMM-1"
    assert of(found, "relay", SHANGHAI)["x_allowed"]


def test_publishing_is_a_way_that_says_who_else_may_launch(cloud: Cloud, acme: Account, partner: Account) -> None:
    """COMM-1."""
    image = golden(acme)
    with unchanged(cloud):
        found = routes(cloud, image, accounts=["partner"], regions=[BEIJING])
    row = of(found, "publish", BEIJING)
    assert (row["x_allowed"], row["list_cost"]) == (True, 0)
    assert "everybody in the region may launch it" in row["x_if_withdrawn"]
    assert of(found, "community", BEIJING)["x_note"] == f"{image} is not public; publishing it is a way of its own"


def own_prices(tmp_path: Path, *rows: str) -> ecs.Prices:
    """The published books with prices of what is sent with copies of images, as `region,to,price`."""
    layer = tmp_path / "mine.csv"
    head = "meter,region_id,to_region_id,unit,currency,price,valid_from\n"
    lines = [",".join(["image_copy_traffic", *row.split(",")[:2], "per_gib,CNY", row.split(",")[2]]) for row in rows]
    layer.write_text(head + "".join(f"{line},2026-01-01\n" for line in lines))
    return ecs.Prices.published(layer)


def test_a_third_region_is_tried_where_the_direct_copy_is_dearer(
    cloud: Cloud, acme: Account, partner: Account, tmp_path: Path
) -> None:
    """COPY-11: 12 GiB at 0.1 + 0.2 by way of Hangzhou, held for 30 days at 0.12; the direct copy pays 0.5."""
    legs = f"{BEIJING},{SHANGHAI},0.5", f"{BEIJING},{HANGZHOU},0.1", f"{HANGZHOU},{SHANGHAI},0.2"
    once, image = Updates(every_days=30, versions_kept=1, horizon_days=30), golden(acme)
    asked: dict[str, Any] = {"accounts": ["partner"], "regions": [BEIJING, SHANGHAI], "updates": once}
    prices = own_prices(tmp_path, *legs)
    found = routes(cloud, image, prices=prices, **asked)
    row = of(found, "copy via third region", SHANGHAI)
    assert (row["x_allowed"], row["x_payer"], row["x_note"]) == (True, "acme", "by way of cn-hangzhou")
    assert row["list_cost"] == pytest.approx(12 * 0.12 + 12 * (0.1 + 0.2))
    home, played = cloud.fork(), cloud.fork()
    end = play(home, image, once, {})
    play(played, image, once, {("partner", SHANGHAI): "copy via third region"}, HANGZHOU)
    with_it, without = (bill(one, until=end, prices=prices).total() for one in (played, home))
    assert row["list_cost"] == pytest.approx(with_it - without, rel=1e-9)


def test_a_third_region_is_not_tried_where_it_cannot_be_cheaper(
    cloud: Cloud, acme: Account, partner: Account, tmp_path: Path
) -> None:
    """COPY-10: the way of a copy is free unless priced; and a leg whose price is not known is no way."""
    image, way = golden(acme), "copy via third region"
    asked: dict[str, Any] = {"accounts": ["partner"], "regions": [SHANGHAI]}
    free = of(routes(cloud, image, **asked), way, SHANGHAI)
    assert free["x_note"] == "the direct copy to cn-shanghai is allowed and its way is free"
    prices = own_prices(tmp_path, f"{BEIJING},{SHANGHAI},0.5", f"{BEIJING},{HANGZHOU},0.1")
    unknown = of(routes(cloud, image, prices=prices, **asked), way, SHANGHAI)
    assert unknown["x_note"].startswith("no third region on the way to cn-shanghai has known prices below")


@pytest.mark.parametrize("region", [BEIJING, SHANGHAI])
def test_files_are_paid_while_they_lie_where_work_takes_time(region: str) -> None:
    """EXP-3, CREATE-13: exported, replicated and imported within the hour, by which OSS bills; the bill agrees."""
    cloud = Cloud(start="2026-01-15", durations="typical")
    acme = cloud.account("acme")
    image = golden(acme)
    cloud.wait(image)
    cloud.at("2026-01-15T01:00")
    once = Updates(every_days=30, versions_kept=1, horizon_days=30)
    prices = ecs.Prices.published().changed("oss_standard_lrs_storage", price=0.72, unit="per_gib_month")
    found = routes(cloud, image, accounts=["acme"], regions=[region], updates=once, prices=prices)
    hours = 1 if region == BEIJING else 2  # An hour of files at home, and one where they go.
    traffic = 0 if region == BEIJING else 12 * 0.5
    cost = of(found, "export and import", region, "acme")["list_cost"]
    assert cost == pytest.approx(12 * 0.12 + hours * 12 * 0.72 / 720 + traffic)
    home, played = cloud.fork(), cloud.fork()
    end = play(home, image, once, {})
    play(played, image, once, {("acme", region): "export and import"})
    with_it, without = (bill(one, until=end, prices=prices).total() for one in (played, home))
    assert cost == pytest.approx(with_it - without, rel=1e-9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"instance_type": "ecs.c6.lrge"}, "unknown instance type 'ecs.c6.lrge'"),
        ({"category": "cloud_essd_pl9"}, "category is .*cloud_essd_pl0.* not 'cloud_essd_pl9'"),
        ({"build_minutes": 0}, "build_minutes is a number of minutes above 0"),
        ({"build_minutes": "20"}, "build_minutes is a number of minutes above 0"),
        ({"keep_builder": 1}, "keep_builder is True or False"),
    ],
)
def test_machines_that_make_no_sense_are_refused_in_a_sentence(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Machines(**wrong)


def test_a_build_ends_before_the_next_version() -> None:
    with pytest.raises(InputError, match="a build takes 90 minutes, longer than the time from one version to the next"):
        Updates(every_days=1 / 24, machines=Machines(build_minutes=90))


def test_whole_numbers_of_numpy_say_how_many_versions_stay() -> None:
    kept = Updates(versions_kept=np.int64(4)).versions_kept
    assert (kept, type(kept)) == (4, int)
    with pytest.raises(InputError, match="versions_kept is a whole number from 1 to"):
        Updates(versions_kept=np.float64(4))  # type: ignore[arg-type]


def test_an_imported_image_cannot_be_rebuilt_from_its_origin(cloud: Cloud, acme: Account, partner: Account) -> None:
    """TYPE-3: no public image stands behind a file of one's own."""
    image = acme.import_image(region=BEIJING, file=5)
    row = of(routes(cloud, image, accounts=["partner"], regions=[SHANGHAI]), "rebuild there", SHANGHAI)
    assert (row["x_allowed"], row["x_rule"]) == (False, "TYPE-3")
    assert (
        row["x_note"]
        == f"nothing public to rebuild {image} from is known: it was imported, or nothing tells its origin"
    )


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
    for number in (1, 2):
        acme.copy_image(image, to=SHANGHAI, name=f"{image}-copy-{number}")
    found = routes(cloud, image, accounts=["partner"], regions=[SHANGHAI, HANGZHOU])
    assert [of(found, "copy, then share", region)["x_allowed"] for region in (SHANGHAI, HANGZHOU)] == [True, True]


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
    machines=st.sampled_from([Machines(), Machines(build_minutes=45, keep_builder=False)]),
)
MACHINES_PRICED = (
    ecs.Prices.published().changed("disk", price=0.001, unit="per_gib_hour").changed("instance", price=0.3)
)
"""Books in which a machine has a price in every region: 0.001 per GiB-hour and 0.3 per hour."""


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
@settings(derandomize=True, deadline=None, max_examples=3)
@given(updates_of)
def test_every_route_adds_what_playing_it_adds(updates: Updates) -> None:
    """Issue of routes: money equals that of the played cloud, a refused route is refused there by the same code."""
    cloud, image = estate()
    found = routes(
        cloud,
        image,
        accounts=["partner", "globex"],
        regions=[BEIJING, SHANGHAI, HONG_KONG],
        updates=updates,
        prices=MACHINES_PRICED,
    )
    home = cloud.fork()
    end = play(home, image, updates, {})
    without = bill(home, until=end, prices=MACHINES_PRICED, meters="all")
    by_payer: dict[tuple[str, ...], float] = {}
    for row in found[found["route"] != "copy via third region"].itertuples():
        played = cloud.fork()
        plan = {(str(row.billing_account_id), str(row.region_id)): str(row.route)}
        if not row.x_allowed:
            with pytest.raises((CloudError, InputError)) as caught:
                play(played, image, updates, plan)
            assert getattr(caught.value, "code", "") == row.x_code
            continue
        paid = row.route, row.region_id, row.x_payer
        if paid in by_payer:  # Another receiver of the same copy: what is paid for it was played already.
            assert row.list_cost == pytest.approx(by_payer[paid], nan_ok=True)
            continue
        by_payer[paid] = row.list_cost
        play(played, image, updates, plan)
        whole = bill(played, until=end, prices=MACHINES_PRICED, meters="all")
        if math.isnan(row.list_cost):
            with pytest.raises(ecs.PriceNotFound):
                whole.total(row.billing_currency)
            continue
        assert row.x_not_counted == ""
        added = whole.total(row.billing_currency) - without.total(row.billing_currency)
        assert row.list_cost == pytest.approx(added, rel=1e-9, abs=1e-9)


SEEN = ("partner", "newcomer", "laden", "full-1", "full-2", "globex", "acme", "globex-2", "fresh", "fresh-2")
"""Accounts that differ in what the service allows them, but for the last two kinds of two: see `crowded`."""


@pytest.fixture(scope="module")
def crowded() -> tuple[Cloud, str]:
    """An image shared with all it may be shared with, among them partner, and accounts at their quotas.

    newcomer receives another image; laden receives a hundred (SHARE-3); full-1 and full-2 have a hundred of
    their own in Beijing, and acme has in Hangzhou (UNK-8). Of globex, fresh and their twins nothing is known but
    that they were opened.
    """
    cloud = Cloud(start="2026-01-15")
    acme, giver = cloud.account("acme"), cloud.account("giver")
    image = golden(acme)
    names = ["partner", "full-1", "full-2", *(f"team-{number}" for number in range(47))]
    for first in range(0, 50, 10):
        acme.share_image(image, with_accounts=[cloud.account(name) for name in names[first : first + 10]])
    for name, region in (("giver", BEIJING), ("full-1", BEIJING), ("full-2", BEIJING), ("acme", HANGZHOU)):
        web = cloud.account(name).run_instance(region=region, image="aliyun_3", written=1)
        for _ in range(100):
            cloud.account(name).create_image(web)
    for twin in ("", "-2"):
        cloud.account(f"globex{twin}", site="international")
        cloud.account(f"fresh{twin}")
    laden, newcomer = cloud.account("laden"), cloud.account("newcomer")
    given_away = [found.id for found in cloud.state.images.values() if found.account == "giver"]
    giver.share_image(given_away[0], with_accounts=[newcomer])
    for one in given_away:
        giver.share_image(one, with_accounts=[laden])
    return cloud, image


@pytest.mark.parametrize("accounts", [["partner", "newcomer"], ["newcomer", "partner"]])
def test_who_has_the_image_may_go_on_and_who_has_not_is_one_too_many(
    crowded: tuple[Cloud, str], accounts: list[str]
) -> None:
    """SHARE-2, in whatever order they are asked about."""
    cloud, image = crowded
    found = routes(cloud, image, accounts=accounts, regions=[BEIJING])
    assert of(found, "share", BEIJING, "partner")["x_allowed"]
    refused = of(found, "share", BEIJING, "newcomer")
    assert (refused["x_code"], refused["x_rule"]) == ("QuotaExceed.ShareImageUser", "SHARE-2")


def test_accounts_at_their_quota_are_each_named_in_their_own_row(crowded: tuple[Cloud, str]) -> None:
    """UNK-8: a receiver makes its own image, so that its own quota counts; for a copy it is that of the owner."""
    cloud, image = crowded
    found = routes(cloud, image, accounts=list(SEEN), regions=[BEIJING, HANGZHOU, SHANGHAI])
    for name in ("full-1", "full-2"):
        row = of(found, "receiver's own image", BEIJING, name)
        assert (row["x_code"], row["x_note"].split(" custom")[0]) == ("QuotaExceed.Image", f"{name} has 100 of 100")
        copied = of(found, "copy, then share", HANGZHOU, name)
        assert copied["x_note"].startswith("acme has 100 of 100 custom images in cn-hangzhou")
        assert of(found, "copy, then share", SHANGHAI, name)["x_allowed"]
    assert of(found, "receiver's own image", BEIJING, "partner")["x_allowed"]


def test_an_account_that_receives_all_it_may_receives_no_copy_either(crowded: tuple[Cloud, str]) -> None:
    """SHARE-3."""
    cloud, image = crowded
    found = routes(cloud, image, accounts=["newcomer", "laden"], regions=[SHANGHAI])
    row = of(found, "copy, then share", SHANGHAI, "laden")
    assert (row["x_code"], row["x_note"]) == (
        "QuotaExceed.ShareImage",
        "laden already receives 100 images, the most allowed",
    )
    assert of(found, "copy, then share", SHANGHAI, "newcomer")["x_allowed"]


@pytest.mark.slow
def test_the_order_of_accounts_and_regions_decides_nothing_and_plans_agree(crowded: tuple[Cloud, str]) -> None:
    """Every target is tried for itself: what routes refuses, a plan refuses for the same reason, and nothing else."""
    cloud, image = crowded
    regions = [BEIJING, HANGZHOU, SHANGHAI]
    by = ["route", "billing_account_id", "region_id"]
    found = routes(cloud, image, accounts=list(SEEN), regions=regions).sort_values(by, ignore_index=True)
    for turn in range(1, len(SEEN)):
        turned = routes(cloud, image, accounts=[*SEEN[turn:], *SEEN[:turn]], regions=regions[:: (-1) ** turn])
        pd.testing.assert_frame_equal(turned.sort_values(by, ignore_index=True), found)
    for name, rows in found.groupby("route"):
        chosen = {(str(row.billing_account_id), str(row.region_id)): str(name) for row in rows.itertuples()}
        with pytest.raises(InputError) as caught:
            ecs.plan(cloud, image, chosen=chosen)
        refused = rows[~rows["x_allowed"]]
        assert str(caught.value).startswith(f"{len(refused)} of {len(rows)} targets are refused")
        for row in refused.itertuples():
            why = f"{row.x_code} ({row.x_rule}): {row.x_note}".lstrip()
            assert f"{name!r} for {row.billing_account_id} in {row.region_id}: {why}" in str(caught.value)


def test_whoever_pays_already_pays_by_the_tiers_reached_and_all_others_alike(cloud: Cloud, partner: Account) -> None:
    """10 GiB at 1 an hour, the rest at 3. 12 GiB for a day: 24 × (10 + 2 × 3) = 384, or on top 24 × 12 × 3 = 864."""
    partner.create_snapshot(partner.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=12))
    image, newcomers = golden(cloud.account("acme")), [cloud.account(name).name for name in ("first", "last")]
    prices, day = Prices([tier(1, 0, 10), tier(3, 10)]), Updates(horizon_days=1)
    names = [newcomers[0], "partner", newcomers[1]]
    found = routes(cloud, image, accounts=names, regions=[BEIJING], updates=day, prices=prices)
    costs = [of(found, "receiver's own image", BEIJING, name)["list_cost"] for name in names]
    assert costs == pytest.approx([384, 864, 384])


@pytest.mark.slow
def test_what_targets_share_is_what_each_finds_out_alone(crowded: tuple[Cloud, str]) -> None:
    """The commands that bring an image to a region do not know who will launch it: played alone, the same refusals."""
    cloud, image = crowded
    day = Updates(horizon_days=1)
    found = routes(cloud, image, accounts=list(SEEN), regions=[BEIJING, HANGZHOU, SHANGHAI], updates=day)
    for row in found[found["route"] != "copy via third region"].itertuples():
        target, code, why = (str(row.billing_account_id), str(row.region_id)), "", ""
        try:
            play(cloud.fork(), image, day, {target: str(row.route)})
        except CloudError as error:
            code, why = error.code, error.reason
        except InputError as error:
            why = str(error)
        assert (row.x_allowed, row.x_code) == (not why, code), (row.route, target)
        if why:
            assert row.x_note == why


def test_a_question_at_other_prices_is_answered_as_if_it_were_asked_anew(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """Prices may change, be 0, come or be missing: nothing of what was priced before is seen."""
    situation, month = Situation(cloud, golden(acme)), Updates(horizon_days=30)
    targets = situation.targets(["partner", "acme"], [BEIJING, SHANGHAI])
    asked, published = Question(situation, month), Prices.published()
    some = Prices([tier(1, 0, 10), tier(3, 10)])
    copies = published.changed("image_copy_traffic", price=0.3)
    for prices in (published, copies, published.changed(factor=2), some, published.changed(factor=0), published, some):
        again = every_route(asked.at(prices), targets)
        assert repr(again) == repr(every_route(Question(situation, month, prices), targets))


def test_accounts_asked_together_have_the_routes_that_each_has_alone(cloud: Cloud, acme: Account) -> None:
    """Of accounts that are alike one is asked; who pays and whom a reason names stay each account's own."""
    image, places = golden(acme), [BEIJING, SHANGHAI, HANGZHOU]
    names = [cloud.account(f"team-{number}").name for number in range(3)]
    cloud.account("busy").run_instance(region=SHANGHAI, image="aliyun_3")
    situation, names = Situation(cloud, image), [*names, "busy", "acme"]
    together = every_route(Question(situation), situation.targets(names, places))
    alone = [
        route
        for place in places
        for name in names
        for route in every_route(Question(Situation(cloud, image)), situation.targets([name], [place]))
    ]
    assert {route.payer for route in together if route.way == "receiver's own image"} == set(names)
    assert repr(together) == repr(alone)


def test_what_commands_read_is_the_same_for_accounts_that_share_an_answer(crowded: tuple[Cloud, str]) -> None:
    """Their names may be exchanged everywhere in the state: only their opening names them, on the same terms."""
    cloud, image = crowded
    alike, state = Situation(cloud, image).alike, tables(cloud.state)
    shared = {"fresh-2": "fresh", "globex-2": "globex"}
    assert {name: first for name, first in alike.items() if name != first} == shared
    accounts = cast(dict[str, Any], state.pop("accounts"))
    for name, first in shared.items():
        assert f"'{name}'" not in repr(state)
        assert f"'{first}'" not in repr(state)
        assert replace(accounts[name], name=first) == accounts[first]


@pytest.mark.slow
@settings(max_examples=30)
@given(strategies.stories(20))
def test_nothing_in_any_story_names_an_account_that_shares_the_answer_of_another(story: strategies.Story) -> None:
    """So a new kind of record that names accounts must be looked at too."""
    cloud = strategies.play(story).cloud
    newest = cloud.account("newest", next(iter(cloud.state.accounts.values())).site)
    made = golden(newest)
    for name in ("last-1", "last-2"):
        cloud.account(name)
    state = tables(cloud.state)
    del state["accounts"]
    alike = Situation(cloud, made).alike
    assert alike["last-2"] != "last-2"
    sharing = {one for pair in alike.items() if len(set(pair)) > 1 for one in pair}
    assert [name for name in sharing if f"'{name}'" in repr(state)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"every_days": 0},
        {"every_days": float("nan")},
        {"every_days": "7"},
        {"horizon_days": -1},
        {"horizon_days": 10**6},
        {"horizon_days": 10**400},
        {"versions_kept": 0},
        {"versions_kept": 2.5},
        {"versions_kept": 1_000_000},
        {"versions_kept": 10**5000},
        {"change_gib": -1},
        {"new_gib": float("inf")},
    ],
)
def test_updates_that_make_no_sense_are_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(InputError, match=f"^{name} ") as caught:
        Updates(**wrong)
    assert len(str(caught.value)) <= 200


@pytest.mark.slow
def test_versions_kept_beyond_the_horizon_go_with_it(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Three versions, however many may stay: 30, 20 and 10 days of 12 GiB at 0.12 per 30 days."""
    image = golden(acme)
    for kept in (3, 4, 876_600):
        updates = Updates(every_days=10, versions_kept=kept, change_gib=1, horizon_days=30)
        found = routes(cloud, image, accounts=["partner"], regions=[SHANGHAI], updates=updates)
        assert of(found, "copy, then share", SHANGHAI)["list_cost"] == pytest.approx(12 * 0.12 / 30 * 60)


def test_more_than_anything_holds_is_not_counted(cloud: Cloud, acme: Account, partner: Account) -> None:
    much = Updates(every_days=1, new_gib=10**9, horizon_days=3650)
    with pytest.raises(InputError, match="3650 versions, each 1e\\+09 GiB larger, are more than"):
        routes(cloud, golden(acme), accounts=["partner"], regions=[SHANGHAI], updates=much)


def test_what_is_obviously_meant_is_taken(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden(acme)
    found = routes(cloud, cloud.image(image), accounts=[partner], regions=[region_of(SHANGHAI)])  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(found, routes(cloud, image, accounts=["partner"], regions=[SHANGHAI]))
    planned = ecs.plan(cloud, cloud.image(image), chosen={(partner, SHANGHAI): "copy snapshots"})  # type: ignore[arg-type,dict-item]
    pd.testing.assert_frame_equal(planned, ecs.plan(cloud, image, chosen={("partner", SHANGHAI): "copy snapshots"}))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cloud": None}, "give the cloud first"),
        ({"image": None}, "image is .*, such as m-00000001, not None"),
        ({"image": ["m-00000001"]}, "image is .*, such as m-00000001, not ..m-00000001"),
        ({"accounts": "partner"}, "accounts is a list with at least one name, not 'partner'"),
        ({"accounts": None}, "accounts is a list"),
        ({"accounts": {"partner": 1}}, "accounts is a list"),
        ({"accounts": [["partner"]]}, "an account is given by its name"),
        ({"accounts": ["x" * 10_000]}, "unknown account 'xxx"),
        ({"regions": BEIJING}, "regions is a list"),
        ({"regions": [7]}, "a region is given by its id"),
        ({"updates": {"every_days": 7}}, "updates is an Updates"),
        ({"prices": "prices.csv"}, "prices is a Prices"),
    ],
)
def test_what_is_no_question_is_said_in_a_sentence(
    cloud: Cloud, acme: Account, partner: Account, wrong: dict[str, Any], words: str
) -> None:
    asked: dict[str, Any] = {"cloud": cloud, "image": golden(acme), "accounts": ["partner"], "regions": [BEIJING]}
    with unchanged(cloud), pytest.raises(InputError, match=words) as caught:
        routes(**{**asked, **wrong})
    assert len(str(caught.value)) <= 200


def test_a_bill_is_no_image(cloud: Cloud, acme: Account, partner: Account) -> None:
    golden(acme)
    with pytest.raises(InputError, match=r"image is .*, such as m-00000001, not <Bill"):
        routes(cloud, bill(cloud, until="2026-02-01"), accounts=["partner"], regions=[BEIJING])  # type: ignore[arg-type]


def test_columns_say_what_they_mean(cloud: Cloud, acme: Account, partner: Account) -> None:
    found = routes(cloud, golden(acme), accounts=["partner"], regions=[BEIJING])
    assert list(routes.columns) == list(found)
    assert routes.columns["x_hours_to_launch"] == "typical time until the first version can be launched [hour]"
    with pytest.raises(TypeError):
        routes.columns["x_payer"] = "changed"  # type: ignore[index]


def test_wrong_questions_are_answered_with_what_is_wrong(cloud: Cloud, acme: Account, partner: Account) -> None:
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


@pytest.mark.parametrize("route", sorted(set(WAYS) - {"share", "community", "publish", "copy via third region"}))
def test_a_supposed_size_costs_what_an_image_of_that_size_costs(route: str) -> None:
    """One image holds 20 GiB, the other 12 and is supposed to hold 20."""
    costs = []
    for written, supposed in ((20, None), (12, 20)):
        cloud = Cloud(start="2026-01-15")
        acme = cloud.account("acme")
        cloud.account("partner")
        updates = Updates(every_days=3, versions_kept=2, change_gib=15, horizon_days=20, size_gib=supposed)
        found = routes(cloud, golden(acme, written), accounts=["partner"], regions=[SHANGHAI, BEIJING], updates=updates)
        region = BEIJING if route in ("receiver's own image", "encrypted copy") else SHANGHAI
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
