"""Plans: a route for each target, and the bill of them all; held against the same plan played in a cloud."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pandas as pd
import pytest
from helpers import BEIJING, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st
from test_routes import HONG_KONG, SHANGHAI, estate, golden, of, updates_of

from ecs_images import Account, Cloud, CloudError, InputError, PriceNotFound, Updates, bill, plan, routes
from ecs_images.decisions.scripts import ROUTES, Target, play

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
    assert list(found["billing_account_id"]) == names
    assert list(found["list_cost"]) == pytest.approx([FULL_COPIES] * 2)


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


def test_wrong_plans_are_told(cloud: Cloud, acme: Account, partner: Account) -> None:
    image = golden(acme)
    with pytest.raises(InputError, match="a route for at least one target"):
        plan(cloud, image, chosen={})
    with pytest.raises(InputError, match="unknown route 'sharing'; did you mean share"):
        plan(cloud, image, chosen={("partner", BEIJING): "sharing"})
    with pytest.raises(InputError, match="unknown account 'partnr'"):
        plan(cloud, image, chosen={("partnr", BEIJING): "share"})


AT_HOME = ("share", "receiver's own image", "rebuild there", "export and import")
AWAY = ("copy, then share", "copy snapshots", "rebuild there", "export and import")


@st.composite
def plans(draw: st.DrawFn) -> dict[tuple[str, str], str]:
    """A few targets with a route each, most of which make sense where they go."""
    pairs = st.tuples(st.sampled_from(("acme", "partner", "globex")), st.sampled_from((BEIJING, SHANGHAI, HONG_KONG)))
    chosen = {}
    for account, region in draw(st.lists(pairs, min_size=1, max_size=5, unique=True)):
        sensible = AT_HOME if region == BEIJING else AWAY
        chosen[account, region] = draw(st.sampled_from(sensible if draw(st.integers(0, 9)) else tuple(ROUTES)))
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
    targets = {Target(*target): route for target, route in chosen.items()}
    played, home = cloud.fork(), cloud.fork()
    end = play(home, image, updates, {})
    refused, found = "", None
    try:
        found = plan(cloud, image, chosen=chosen, updates=updates)
    except (CloudError, InputError) as error:
        refused = str(error)
    if found is None:
        with pytest.raises((CloudError, InputError)) as caught:
            play(played, image, updates, targets)
        assert getattr(caught.value, "code", "") in refused
        return "refused"
    play(played, image, updates, targets)
    if found["list_cost"].isna().any():
        with pytest.raises(PriceNotFound):
            bill(played, until=end)
        return "no price"
    expected = _by_key(played, end).sub(_by_key(home, end), fill_value=0)
    costs = found.set_index(_KEYS)["list_cost"]
    both = pd.concat([costs, expected], axis=1).fillna(0)
    assert list(both.iloc[:, 0]) == pytest.approx(list(both.iloc[:, 1]), rel=1e-9, abs=1e-9)
    return "priced"


def _by_key(cloud: Cloud, until: datetime) -> pd.Series:
    """The bill of a cloud by payer, region, meter and where traffic goes."""
    charges = bill(cloud, until=until).charges
    return charges.groupby(_KEYS, observed=True)["list_cost"].sum()
