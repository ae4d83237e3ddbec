"""Plans: a route for each target, and the bill of them all; held against the same plan played in a cloud."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pandas as pd
import pytest
from helpers import BEIJING, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st
from played import play
from test_routes import HONG_KONG, MACHINES_PRICED, SHANGHAI, estate, golden, of, updates_of

from ecs_images import Account, Cloud, CloudError, InputError, Updates, bill, plan, routes
from ecs_images.decisions.ways import WAYS

MONTH = Updates(every_days=10, versions_kept=2, change_gib=1, horizon_days=30)
FULL_COPIES = 12 * 0.12 / 30 * (20 + 20 + 10)
"""What copies of a golden image of 12 GiB cost in a mainland region over that month."""


def test_the_accounts_of_a_region_share_one_copy(cloud: Cloud, acme: Account) -> None:
    """COPY-11: what fifty accounts need is there once; by itself each target would add the whole of it."""
    image, names = golden(acme), [cloud.account(f"team-{n}").name for n in range(50)]
    found = plan(cloud, image, chosen={(name, SHANGHAI): "copy, then share" for name in names}, updates=MONTH)
    assert found["list_cost"].sum() == pytest.approx(FULL_COPIES)
    alone = routes(cloud, image, accounts=names[:1], regions=[SHANGHAI], updates=MONTH)
    assert of(alone, "copy, then share", SHANGHAI, names[0])["list_cost"] == pytest.approx(FULL_COPIES)


def test_every_receiver_makes_an_image_of_its_own(cloud: Cloud, acme: Account) -> None:
    """SHARE-7: two receivers, two images, two payers."""
    image, names = golden(acme), [cloud.account(name).name for name in ("one", "two")]
    found = plan(cloud, image, chosen={(name, BEIJING): "receiver's own image" for name in names}, updates=MONTH)
    stored = found[found["sku_meter"] == "snapshot_standard"]
    assert list(stored["billing_account_id"]) == names
    # The first version goes when the third is built, 20 minutes into an hour that is billed whole (BILL-2).
    assert list(stored["list_cost"]) == pytest.approx([FULL_COPIES + 12 * 0.12 / 720] * 2)


def test_a_plan_names_the_parts_of_machines_by_payer(cloud: Cloud, acme: Account) -> None:
    """Three builds of 20 minutes at the 0.39 of ecs.c6.large in Beijing; its disks have no price there."""
    image, name = golden(acme), cloud.account("one").name
    found = plan(cloud, image, chosen={(name, BEIJING): "receiver's own image"}, updates=MONTH).set_index("sku_meter")
    assert found.loc["instance", ["x_item", "list_cost"]].tolist() == ["ecs.c6.large", pytest.approx(0.39)]
    assert found.loc["disk", "x_note"] == "no price for disk cloud_essd_pl0 in cn-beijing"


def test_a_plan_says_what_is_paid_where_and_for_what(cloud: Cloud, acme: Account, partner: Account) -> None:
    """SCOPY-3, EXP-3: storage lies where the image goes, traffic is paid where it comes from."""
    chosen = {("partner", SHANGHAI): "export and import", ("partner", BEIJING): "share"}
    found = plan(cloud, golden(acme), chosen=chosen, updates=MONTH)
    rows = found[["region_id", "sku_meter", "x_item"]].values.tolist()
    assert rows == [[BEIJING, "oss_cross_region_replication", SHANGHAI], [SHANGHAI, "snapshot_standard", ""]]
    assert list(found["list_cost"]) == pytest.approx([3 * 12 * 0.5, FULL_COPIES])


def test_a_meter_without_a_price_is_named_and_hides_nothing_else(cloud: Cloud, acme: Account, partner: Account) -> None:
    """Ground rule 8."""
    chosen = {("partner", "ap-southeast-5"): "copy, then share", ("partner", SHANGHAI): "copy, then share"}
    found = plan(cloud, golden(acme), chosen=chosen, updates=MONTH).set_index("region_id")
    assert found["list_cost"].isna().to_dict() == {"ap-southeast-5": True, SHANGHAI: False}
    assert found.loc["ap-southeast-5", "x_note"] == "no price for snapshot_standard in ap-southeast-5"


def test_every_refused_target_is_named_at_once(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden(acme)
    chosen = {("partner", SHANGHAI): "share", ("acme", SHANGHAI): "share", ("partner", BEIJING): "share"}
    with unchanged(cloud), pytest.raises(InputError) as caught:
        plan(cloud, image, chosen=chosen)
    assert str(caught.value).startswith("2 of 3 targets are refused; 'share' for partner in cn-shanghai: InvalidImageI")
    assert "'share' for acme in cn-shanghai: InvalidImageId.NotFound (TYPE-3)" in str(caught.value)


def test_a_plan_can_be_refused_as_a_whole(cloud: Cloud, acme: Account) -> None:
    """SHARE-2: each of 51 accounts can be let in, all of them cannot."""
    image, names = golden(acme), [cloud.account(f"team-{n}").name for n in range(51)]
    with unchanged(cloud), pytest.raises(CloudError) as caught:
        plan(cloud, image, chosen={(name, BEIJING): "share" for name in names})
    assert caught.value.code == "QuotaExceed.ShareImageUser"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (None, "chosen is a route for at least one"),
        ("share", "chosen is a route for at least one .account, region., not 'share'"),
        ({"partner": "share"}, "a target is a pair .account, region., not 'partner'"),
        ({("partner",): "share"}, "a target is a pair"),
        ({("partner", BEIJING): None}, "unknown route 'None'"),
        ({(7, BEIJING): "share"}, "an account is given by its name, not by 7"),
        ({("partner", 7): "share"}, "a region is given by its id"),
    ],
)
def test_what_is_no_plan_is_said_in_a_sentence(
    cloud: Cloud, acme: Account, partner: Account, chosen: Any, words: str
) -> None:
    image = golden(acme)
    with unchanged(cloud), pytest.raises(InputError, match=words) as caught:
        plan(cloud, image, chosen=chosen)
    assert len(str(caught.value)) <= 200


def test_a_target_has_one_route(cloud: Cloud, acme: Account, partner: Account) -> None:
    """An account and its name are the same target."""
    image, chosen = golden(acme), {(partner, BEIJING): "share", ("partner", BEIJING): "rebuild there"}
    with pytest.raises(InputError, match="an account in a region twice"):
        plan(cloud, image, chosen=chosen)  # type: ignore[arg-type]


def test_the_order_of_a_plan_decides_nothing(cloud: Cloud, acme: Account, partner: Account) -> None:
    image, route = golden(acme), "copy, then share"
    chosen = {(name, region): route for name in ("partner", "acme") for region in (SHANGHAI, HONG_KONG)}
    turned = dict(reversed(chosen.items()))
    pd.testing.assert_frame_equal(plan(cloud, image, chosen=chosen), plan(cloud, image, chosen=turned))
    assert list(plan.columns) == list(plan(cloud, image, chosen=chosen))


def test_wrong_plans_are_answered_with_what_is_wrong(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden(acme)
    with pytest.raises(InputError, match="a route for at least one"):
        plan(cloud, image, chosen={})
    with pytest.raises(InputError, match="unknown route 'sharing'; did you mean share"):
        plan(cloud, image, chosen={("partner", BEIJING): "sharing"})
    with pytest.raises(InputError, match="unknown account 'partnr'"):
        plan(cloud, image, chosen={("partnr", BEIJING): "share"})


AT_HOME = ("share", "publish", "encrypted copy", "receiver's own image", "rebuild there")
AWAY = ("copy, then share", "copy snapshots", "relay", "rebuild there", "export and import")
DIRECT = tuple(name for name, way in WAYS.items() if not way.third_region)
"""Ways that are played without saying which third region they take."""


@st.composite
def plans(draw: st.DrawFn) -> dict[tuple[str, str], str]:
    """A few targets with a route each, most of which make sense where they go."""
    pairs = st.tuples(st.sampled_from(("acme", "partner", "globex")), st.sampled_from((BEIJING, SHANGHAI, HONG_KONG)))
    chosen = {}
    for account, region in draw(st.lists(pairs, min_size=1, max_size=5, unique=True)):
        sensible = AT_HOME if region == BEIJING else AWAY
        chosen[account, region] = draw(st.sampled_from(sensible if draw(st.integers(0, 9)) else DIRECT))
    return chosen


_KEYS = ["billing_account_id", "billing_currency", "region_id", "sku_meter", "x_item"]


@pytest.mark.slow
def test_a_random_plan_costs_what_playing_it_adds() -> None:
    """Issue of plans: every payer's money equals the played cloud's, and what is refused is refused there."""
    seen: Counter[str] = Counter()

    @settings(derandomize=True, deadline=None, max_examples=60)
    @given(updates_of, plans())
    def law(updates: Updates, chosen: dict[tuple[str, str], str]) -> None:
        seen[_outcome(updates, chosen)] += 1

    law()
    assert min(seen["refused"], seen["priced"], seen["no price"]) >= 5, f"the law says little: {seen}"


def _outcome(updates: Updates, chosen: dict[tuple[str, str], str]) -> str:
    """Hold a plan against the cloud in which it is played; tells which kind of plan it is."""
    cloud, image = estate()
    played, home = cloud.fork(), cloud.fork()
    end = play(home, image, updates, {})
    refused, found = "", None
    try:
        found = plan(cloud, image, chosen=chosen, updates=updates, prices=MACHINES_PRICED)
    except (CloudError, InputError) as error:
        refused = str(error)
    if found is None:
        with pytest.raises((CloudError, InputError)) as caught:
            play(played, image, updates, chosen)
        assert getattr(caught.value, "code", "") in refused
        return "refused"
    play(played, image, updates, chosen)
    if found["list_cost"].isna().any():
        assert len(bill(played, until=end, prices=MACHINES_PRICED, meters="all").unpriced)
        return "no price"
    expected = _by_key(played, end).sub(_by_key(home, end), fill_value=0)
    costs = found.set_index(_KEYS)["list_cost"]
    both = pd.concat([costs, expected], axis=1).fillna(0)
    assert list(both.iloc[:, 0]) == pytest.approx(list(both.iloc[:, 1]), rel=1e-9, abs=1e-9)
    return "priced"


def _by_key(cloud: Cloud, until: datetime) -> pd.Series:
    """The bill of a cloud by payer, region, meter and where traffic goes."""
    charges = bill(cloud, until=until, prices=MACHINES_PRICED, meters="all").charges
    return charges.groupby(_KEYS, observed=True)["list_cost"].sum()
