"""The answer about routes in a sentence: the cheapest way first, and why sharing is refused."""

from __future__ import annotations

from helpers import BEIJING

from ecs_images import Account, Cloud, Prices, Updates
from ecs_images.decisions.in_words import Alike, alike
from ecs_images.decisions.question import Question, Situation
from ecs_images.decisions.routes import every_route

SHANGHAI, JAKARTA = "cn-shanghai", "ap-southeast-5"
MONTH = Updates(every_days=30, versions_kept=1, change_gib=0, horizon_days=30)


def answers(cloud: Cloud, image: str, accounts: list[str], regions: list[str], updates: Updates = MONTH) -> list[Alike]:
    situation = Situation(cloud, image)
    question = Question(situation, updates, Prices.published())
    return alike(question, every_route(question, situation.targets(accounts, regions)))


def golden(account: Account) -> str:
    web = account.run_instance(region=BEIJING, image="aliyun_3", system_disk=40, written=10)
    return account.create_image(web, name="golden")


def test_where_the_image_lies_sharing_is_the_answer_and_free(cloud: Cloud, acme: Account, partner: Account) -> None:
    """SHARE-1, SHARE-8."""
    (found,) = answers(cloud, golden(acme), ["partner"], [BEIJING])
    assert found.answer == f"Cheapest fully counted way to {BEIJING} for partner: share, 0.00 CNY for 30 days."


def test_elsewhere_the_answer_says_what_a_copy_costs_and_why_sharing_is_refused(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """TYPE-3: 10 GiB for 30 days at 0.12; copied snapshots pay 10 GiB x 0.50 for their way besides."""
    image = golden(acme)
    (found,) = answers(cloud, image, ["partner"], [SHANGHAI])
    begin, _, end = found.answer.partition("; sharing is refused: ")
    assert begin == f"Cheapest fully counted way to {SHANGHAI} for partner: copy, then share, 1.20 CNY for 30 days"
    assert end == f"{image} lies in {BEIJING}; copy it to {SHANGHAI} first."


def test_what_is_lower_only_because_a_part_is_not_counted_is_never_the_answer(
    cloud: Cloud, acme: Account, partner: Account
) -> None:
    """A builder in Shanghai renews the image in one chain there, but its machine has no price."""
    weekly = Updates(every_days=7, versions_kept=4, change_gib=1, horizon_days=365)
    (found,) = answers(cloud, golden(acme), ["partner"], [SHANGHAI], weekly)
    assert "Cheapest fully counted way to cn-shanghai for partner: copy" in found.answer
    assert "; lower, but not fully counted: rebuild there, " in found.answer
    assert found.routes[0].way == "rebuild there"
    assert found.routes[0].not_counted


def test_accounts_that_share_one_copy_are_one_answer_of_one_amount(cloud: Cloud, acme: Account) -> None:
    """Three accounts and two regions are two answers; the copy in Shanghai is paid once, 1.20 CNY."""
    teams = [cloud.account(f"team-{number}").name for number in (1, 2, 3)]
    at_home, away = answers(cloud, golden(acme), teams, [BEIJING, SHANGHAI])
    assert (at_home.region, away.region) == (BEIJING, SHANGHAI)
    assert at_home.accounts == away.accounts == ("team-1", "team-2", "team-3")
    assert "to cn-shanghai for team-1, team-2 and team-3: copy, then share, 1.20 CNY for 30 days" in away.answer


def test_a_region_without_any_price_is_not_called_cheap(cloud: Cloud, acme: Account, partner: Account) -> None:
    """No list has Jakarta's storage in CNY."""
    (found,) = answers(cloud, golden(acme), ["partner"], [JAKARTA])
    assert found.answer.startswith(f"No way has a price; one that is allowed to {JAKARTA} for partner: ")
    assert "no price for snapshot_standard" in found.answer
