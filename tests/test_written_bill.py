"""A simulated bill written as the provider's detail file: every row adds up, and nothing of it is unexplained."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from helpers import golden_image, machine, tier
from hypothesis import given, settings
from strategies import STARTS, Story, play, stories, toy_prices

import ecs_images as ecs
from ecs_images.accounts.bill_files import read_bill
from ecs_images.accounts.inventory import Inventory
from ecs_images.accounts.reconcile import reconcile
from ecs_images.accounts.written import account_numbers, write_answers
from ecs_images.accounts.written_bill import write_bill

NUMBERS = ("5000000000000001", "5000000000000002", "5000000000000003")
"""Accounts that are called by their numbers, as those of a real bill are."""


@pytest.fixture
def cloud() -> ecs.Cloud:
    """12 GiB in Beijing from the 30th of January on, for three days."""
    cloud = ecs.Cloud(start="2026-01-30")
    golden_image(cloud.account(NUMBERS[0]))
    cloud.at("2026-02-02")
    return cloud


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return [{head.partition("/")[2]: value for head, value in row.items()} for row in csv.DictReader(opened)]


def test_each_day_of_each_month_is_a_row(cloud: ecs.Cloud, tmp_path: Path) -> None:
    """12 GiB for 24 hours at 0.1 a GiB and hour: 288 GiB-hours, 28.8 a day."""
    bill = ecs.bill(cloud, until=cloud.now, prices=ecs.Prices([tier(0.1)]))
    january, february = write_bill(bill, tmp_path, {NUMBERS[0]: NUMBERS[0]})
    assert january.name == "5000000000000001-20260202000000_202601_consumedetailbillv2.csv"
    assert february.name == "5000000000000001-20260202000000_202602_consumedetailbillv2.csv"
    found = rows(january)
    assert [row["账单日期"] for row in found] == ["20260130", "20260131"]
    first = found[0]
    assert (first["商品Code"], first["计费项Code"], first["实例ID（出账粒度）"]) == ("snapshot", "Size", "cn-beijing")
    assert (first["用量"], first["官网目录价"], first["目录总价"], first["应付金额（含税）"]) == (
        "288",
        "0.1",
        "28.8",
        "28.8",
    )
    assert (first["服务开始时间"], first["服务结束时间"]) == ("2026-01-30 00:00:00", "2026-01-31 00:00:00")


def test_a_file_has_the_61_columns_of_a_real_one(cloud: ecs.Cloud, tmp_path: Path) -> None:
    (file, _) = write_bill(ecs.bill(cloud, until=cloud.now), tmp_path, {NUMBERS[0]: NUMBERS[0]})
    real = (Path(__file__).parent / "bills" / "detail_of_2026-05.csv").read_text(encoding="utf-8-sig")
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    assert file.read_text(encoding="utf-8-sig").partition("\n")[0] == real.partition("\n")[0]


def test_what_is_cut_from_the_amounts_is_a_row_of_its_own(cloud: ecs.Cloud, tmp_path: Path) -> None:
    """288 × 0.00121 = 0.34848 a day; 0.34 is paid; in two days of January 0.01696 are cut."""
    bill = ecs.bill(cloud, until=cloud.now, prices=ecs.Prices([tier(0.00121)]))
    january, _ = write_bill(bill, tmp_path, {NUMBERS[0]: NUMBERS[0]})
    *days, cut = rows(january)
    assert [row["应付金额（含税）"] for row in days] == ["0.34848", "0.34848"]
    assert (cut["费用类型"], cut["账单日期"], cut["应付金额（含税）"]) == ("抹零费用", "20260131", "-0.01696")


def test_a_code_of_ours_says_so(tmp_path: Path) -> None:
    cloud = ecs.Cloud(start="2026-01-30")
    machine(cloud.account(NUMBERS[0]), image="rhel_9")
    cloud.at("2026-01-31")
    prices = toy_prices()
    (file,) = write_bill(ecs.bill(cloud, until=cloud.now, prices=prices), tmp_path, {NUMBERS[0]: NUMBERS[0]})
    row = rows(file)[0]
    assert (row["商品Code"], row["计费项Code"]) == ("ecs_images", "os_licence")
    assert "no code is published" in row["计费项名称"]


def test_without_tax_on_the_international_site(tmp_path: Path) -> None:
    cloud = ecs.Cloud(start="2026-01-30")
    golden_image(cloud.account(NUMBERS[0], site="international"))
    cloud.at("2026-01-31")
    dollars = ecs.Prices([tier(0.1, currency="USD")])
    (file,) = write_bill(ecs.bill(cloud, until=cloud.now, prices=dollars), tmp_path, {NUMBERS[0]: NUMBERS[0]})
    lines = read_bill(file).lines
    assert set(lines["tax_mode"]) == {"excluded"}
    assert set(lines["currency"]) == {"USD"}


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(story=stories(starts=STARTS[:2]))
def test_out_and_in_again_every_row_adds_up_and_nothing_is_unexplained(story: Story) -> None:
    cloud = play(story, names=NUMBERS).cloud
    cloud.at((cloud.now + timedelta(days=1)).replace(hour=0, minute=0, second=0))
    prices, numbers = toy_prices(), account_numbers(cloud.state.accounts)
    bill = ecs.bill(cloud, until=cloud.now, prices=prices)
    with TemporaryDirectory() as folder:
        home = Path(folder)
        files = write_bill(bill, home / "bill", numbers)
        for row in (row for file in files for row in rows(file) if row["费用类型"] != "抹零费用"):
            exact = Decimal(row["官网目录价"]) * Decimal(row["用量"])
            assert Decimal(row["目录总价"]) == exact.quantize(Decimal("1e-10"), ROUND_HALF_UP)
        real = read_bill(home / "bill")
        paid = bill.invoice().groupby("billing_currency", observed=True)["billed_cost"].sum().to_dict()
        assert {key: float(sum_) for key, sum_ in real.total().items()} == pytest.approx(paid, abs=1e-9)
        write_answers(cloud, home / "answers")
        for source in (bill, Inventory.read(home / "answers")):
            found = reconcile(source, real, prices=None if source is bill else prices)
            storage = found.table[found.table["meter"] == "snapshot_standard"]
            assert set(storage["unexplained"]) <= {"0"}
            assert not (storage["modelled"] == "").any()
            causes = set(found.causes["cause"][found.causes["meter"] == "snapshot_standard"])
            assert causes <= {"rounding", "round-down"}
        assert set(reconcile(bill, real).table["unexplained"]) <= {"0"}
