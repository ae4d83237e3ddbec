"""A real bill beside a model: each kind of difference is planted by itself, and comes back by its name, exactly.

12 GiB are stored in Beijing through June 2026 at a toy price of 1 CNY per GiB-hour: 288 a day, in 30 days 8,640.
"""

from __future__ import annotations

import csv
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from helpers import golden_image, tier

from ecs_images import Cloud, InputError, Prices
from ecs_images.accounts.bill_files import read_bill
from ecs_images.accounts.inventory import Inventory
from ecs_images.accounts.reconcile import CAUSES, Reconciliation, reconcile
from ecs_images.accounts.tables import BY_NAME, COVERAGE
from ecs_images.units import BILLING_CLOCK

PRICES = Prices([tier(1.0)])
LINE = {
    "标识信息/账单明细ID": "",
    "身份信息/资源归属账号ID": "acme",
    "账单信息/账单月份": "202606",
    "账单信息/账单日期": "",
    "账单信息/费用类型": "云资源按量费用",
    "产品信息/商品Code": "snapshot",
    "产品信息/计费项Code": "Size",
    "资源信息/实例ID（出账粒度）": "cn-beijing",
    "资源信息/地域Code": "cn-beijing",
    "用量信息/抵扣前用量": "288",
    "用量信息/抵扣用量": "0",
    "用量信息/用量": "288",
    "用量信息/用量单位": "GB",
    "定价信息/官网目录价": "1",
    "定价信息/定价币种": "CNY",
    "费用信息/目录总价": "288",
    "优惠信息/优惠金额": "0",
    "优惠券抵扣信息/优惠券抵扣金额": "0",
    "应付信息/应付金额（含税）": "288",
}
SHORT = {head.rpartition("/")[2]: head for head in LINE}
Lines = list[dict[str, str]]


@pytest.fixture
def june() -> Cloud:
    """12 GiB stored from 2026-06-01 on; the clock stands at the end of the month."""
    cloud = Cloud(start="2026-06-01")
    golden_image(cloud.account("acme"), written=12)
    cloud.at("2026-07-01")
    return cloud


def bill_of_june() -> Lines:
    return [changed(LINE, 账单明细ID=f"row{day}", 账单日期=f"202606{day:02}") for day in range(1, 31)]


def changed(line: dict[str, str], **values: str) -> dict[str, str]:
    return line | {
        SHORT[name.replace("_", "（") + "）" if "_" in name else name]: text for name, text in values.items()
    }


def against(source: object, lines: Lines, folder: Path, prices: Prices | None = PRICES) -> Reconciliation:
    path = folder / "bill.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(LINE))
        writer.writeheader()
        writer.writerows(lines)
    return reconcile(source, read_bill(path), prices=prices)


def causes(found: Reconciliation) -> dict[tuple[str, str], str]:
    """The amounts of causes, and of what is unexplained, by day."""
    named = {(row["day"], row["cause"]): row["amount"] for row in found.causes.to_dict("records")}
    rest = {(row["day"], "unexplained"): row["unexplained"] for row in found.table.to_dict("records")}
    return named | {key: amount for key, amount in rest.items() if amount not in ("0", "")}


def test_a_bill_of_what_happened_is_explained_to_the_digit(june, tmp_path):
    found = against(june, bill_of_june(), tmp_path)
    assert found.by("month").to_dict("records") == [
        {
            "month": "2026-06",
            "currency": "CNY",
            "billed": "8640",
            "modelled": "8640",
            "difference": "0",
            "unexplained": "0",
            "not_compared": "0",
        }
    ]
    assert causes(found) == {}


PAY = "应付金额_含税"
PLANTED = {
    "discount": ({"优惠金额": "28.8", PAY: "259.2"}, "discount", "-28.8"),
    "coupon": ({"优惠券抵扣金额": "10", PAY: "278"}, "coupon", "-10"),
    "round-down": ({"优惠金额": "0.005", PAY: "287.99"}, "round-down", "-0.005"),
    "a plan took all": (
        {"抵扣用量": "288", "用量": "0", "目录总价": "0", "官网目录价": "0", PAY: "0"},
        "plan deduction",
        "-288",
    ),
    "a plan took a part": ({"抵扣用量": "88", "用量": "200", "目录总价": "200", PAY: "200"}, "plan deduction", "-88"),
    "price": ({"官网目录价": "1.5", "目录总价": "432", PAY: "432"}, "price", "144"),
    "outside": ({"抵扣前用量": "300", "用量": "300", "目录总价": "300", PAY: "300"}, "outside the model", "12"),
    "sizes cut": (
        {"抵扣前用量": "287.99999", "用量": "287.99999", "目录总价": "287.99999", PAY: "287.99999"},
        "rounding",
        "-0.00001",
    ),
    "a cent": ({PAY: "288.01"}, "unexplained", "0.01"),
    "a cent of list cost": ({"目录总价": "288.01", PAY: "288.01"}, "unexplained", "0.01"),
    "too little": ({"抵扣前用量": "276", "用量": "276", "目录总价": "276", PAY: "276"}, "unexplained", "-12"),
}


@pytest.mark.parametrize(("values", "cause", "amount"), PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_difference_comes_back_by_its_name(june, tmp_path, values, cause, amount):
    lines = bill_of_june()
    lines[4] = changed(lines[4], **values)
    found = causes(against(june, lines, tmp_path))
    if cause == "round-down":
        assert found.pop(("2026-06-05", "discount")) == "-0.005"
    assert found == {("2026-06-05", cause): amount}


@pytest.mark.parametrize(
    ("kind", "pay", "cause"),
    [("订阅退订费用", "-5", "refund"), ("调账费用", "3", "refund"), ("抹零费用", "-0.07", "round-down")],
)
def test_a_line_that_is_no_use_is_kept_apart(june, tmp_path, kind, pay, cause):
    line = changed(
        LINE,
        账单明细ID="x",
        账单日期="20260610",
        费用类型=kind,
        抵扣前用量="",
        用量="",
        目录总价=pay,
        应付金额_含税=pay,
    )
    assert causes(against(june, [*bill_of_june(), line], tmp_path)) == {("2026-06-10", cause): pay}


@pytest.mark.parametrize("printed", ["0.12", "0.0002", "0.00016666666667"])
def test_a_price_may_be_printed_by_the_month_or_rounded(june, tmp_path, printed):
    """0.12 a month of 720 hours: 0.048 for 288 GiB-hours, whatever price is printed beside it."""
    monthly = Prices([tier(0.12, unit="per_gib_month")])
    lines = [changed(line, 官网目录价=printed, 目录总价="0.048", 应付金额_含税="0.048") for line in bill_of_june()]
    assert causes(against(june, lines, tmp_path, monthly)) == {}


def test_a_refund_that_the_model_has_too_is_no_difference(june, tmp_path):
    """The model stores 288 that day; the bill charges 300 and gives 12 back."""
    lines = bill_of_june()
    lines[4] = changed(lines[4], 目录总价="300", 应付金额_含税="300")
    back = {"费用类型": "订阅退订费用", "抵扣前用量": "", "用量": "", "目录总价": "-12", PAY: "-12"}
    lines.append(changed(LINE, 账单明细ID="x", 账单日期="20260605", **back))
    found = against(june, lines, tmp_path)
    assert causes(found) == {}


def test_a_late_line_of_the_month_before_is_named(june, tmp_path):
    late = changed(LINE, 账单明细ID="x", 账单日期="20260531")
    assert causes(against(june, [*bill_of_june(), late], tmp_path)) == {("2026-05-31", "late line"): "288"}


def test_days_that_are_not_settled_yet_are_provisional(june, tmp_path):
    found = causes(against(june, bill_of_june()[:28], tmp_path))
    assert found == {("2026-06-29", "provisional month"): "-288", ("2026-06-30", "provisional month"): "-288"}


def test_a_day_that_is_missing_in_the_middle_is_not_explained(june, tmp_path):
    lines = bill_of_june()
    del lines[10]
    assert causes(against(june, lines, tmp_path)) == {("2026-06-11", "unexplained"): "-288"}


def test_tax_on_every_line_is_one_cause(june, tmp_path):
    lines = [changed(line, 应付金额_含税="305.28") for line in bill_of_june()]
    found = against(june, lines, tmp_path).by("month").iloc[0]
    assert (found["tax"], found["unexplained"]) == ("518.4", "0")


def test_a_charge_in_two_lines_and_lines_read_twice_differ_in_nothing(june, tmp_path):
    half = {"抵扣前用量": "144", "用量": "144", "目录总价": "144", PAY: "144"}
    lines = bill_of_june()
    lines[0] = changed(lines[0], **half)
    lines += [changed(lines[0], 账单明细ID="other half"), lines[7], lines[8]]
    found = against(june, lines, tmp_path)
    assert causes(found) == {}
    assert found.remarks == ("2 lines were read twice and counted once",)


def test_days_of_utc_are_recognised(tmp_path):
    """Stored from 12:00 of the billing clock, 04:00 UTC: 12 hours of its first day, 20 of the first UTC day."""
    cloud = Cloud(start="2026-06-10T12:00")
    golden_image(cloud.account("acme"), written=12)
    cloud.at("2026-06-12")
    lines = []
    for day, use in (("20260610", "240"), ("20260611", "192")):
        values = {"抵扣前用量": use, "用量": use, "目录总价": use, PAY: use}
        lines.append(changed(LINE, 账单明细ID=day, 账单日期=day, **values))
    found = causes(against(cloud, lines, tmp_path))
    assert found == {("2026-06-10", "UTC days"): "96", ("2026-06-11", "UTC days"): "-96"}


def test_time_that_passed_instead_of_clock_hours_is_recognised(tmp_path):
    """Stored from 10:30: 13.5 hours passed on the first day, 14 clock hours were touched."""
    cloud = Cloud(start="2026-06-10T10:30")
    golden_image(cloud.account("acme"), written=12)
    cloud.at("2026-06-11")
    values = {"抵扣前用量": "162", "用量": "162", "目录总价": "162", PAY: "162"}
    lines = [changed(LINE, 账单明细ID="x", 账单日期="20260610", **values)]
    assert causes(against(cloud, lines, tmp_path)) == {("2026-06-10", "clock hours"): "-6"}


def test_a_code_that_no_source_explains_is_shown_and_not_modelled(june, tmp_path):
    line = changed(LINE, 账单明细ID="x", 账单日期="20260610", 计费项Code="ArchiveSize", 应付金额_含税="7")
    found = against(june, [*bill_of_june(), line], tmp_path)
    assert causes(found) == {("2026-06-10", "not modelled"): "7"}
    assert list(found.table["basis"][found.table["meter"] == "not modelled"]) == ["snapshot/ArchiveSize"]


def test_other_accounts_and_currencies_are_told_apart_and_not_compared(june, tmp_path):
    lines = [*bill_of_june(), changed(LINE, 账单明细ID="x", 账单日期="20260610", 资源归属账号ID="partner")]
    lines.append(changed(LINE, 账单明细ID="y", 账单日期="20260610", 定价币种="USD"))
    table = against(june, lines, tmp_path).table
    odd = table[table["modelled"] == ""]
    assert sorted(odd["basis"]) == ["the model does not have the account partner", "the model has this account in CNY"]
    assert list(odd["unexplained"]) == ["", ""]


def test_the_only_account_of_a_story_stands_for_that_of_the_bill(june, tmp_path):
    """A story says acme, a real bill a number."""
    lines = [changed(line, 资源归属账号ID="1000000000000001") for line in bill_of_june()]
    found = against(june, lines, tmp_path)
    assert causes(found) == {}
    assert found.remarks == (
        "the bill is of account 1000000000000001; it is compared with acme, the only one of the model",
    )


def test_another_number_is_another_account_of_an_inventory(tmp_path):
    lines = [changed(line, 资源归属账号ID="1000000000000001") for line in bill_of_june()]
    table = against(inventory(chains=[chain(30, 12)]), lines, tmp_path).table
    assert set(table["basis"]) == {"the model does not have the account 1000000000000001"}


def test_a_bill_of_another_time_says_so(june, tmp_path):
    lines = [changed(LINE, 账单明细ID="x", 账单月份="202608", 账单日期="20260810")]
    table = against(june, lines, tmp_path).table
    assert list(table["basis"]) == ["the model ends before 2026-07-01"]


@pytest.mark.parametrize(
    ("currency", "why"), [("EUR", "no price list is in EUR"), ("", "the bill does not say its currency")]
)
def test_a_bill_in_a_currency_without_prices_says_so_and_is_still_read(tmp_path, currency, why):
    lines = [changed(line, 定价币种=currency) for line in bill_of_june()]
    found = against(inventory(chains=[chain(1, 12)]), lines, tmp_path)
    assert set(found.table["basis"]) == {why}
    assert found.by("currency")["not_compared"].tolist() == ["8640"]
    assert found.remarks[-1].startswith("nothing could be compared: the bill is of 2026-06; the model is of acme")


def test_an_account_in_several_currencies_is_said(june, tmp_path):
    lines = [*bill_of_june(), changed(LINE, 账单明细ID="x", 账单日期="20260610", 定价币种="USD")]
    assert "lines of account acme are in several currencies" in against(june, lines, tmp_path).remarks


def test_a_line_of_the_month_beside_lines_of_days_doubles_nothing(june, tmp_path):
    """What is cut off for the month names no day; the days are compared as they are."""
    cut = changed(LINE, 账单明细ID="cut", 费用类型="抹零费用", 目录总价="0", 应付金额_含税="-0.5")
    found = against(june, [*bill_of_june(), cut], tmp_path)
    assert causes(found) == {("2026-06", "round-down"): "-0.5"}
    assert found.by("month")["modelled"].tolist() == ["8640"]


def test_a_bill_without_days_is_compared_by_month(june, tmp_path):
    values = {"抵扣前用量": "8640", "用量": "8640", "目录总价": "8640", PAY: "8640.5"}
    found = against(june, [changed(LINE, 账单明细ID="x", **values)], tmp_path)
    assert causes(found) == {("2026-06", "unexplained"): "0.5"}


def test_the_causes_add_up_whatever_is_wrong(june, tmp_path):
    lines = [changed(line, **values) for line, (values, _, _) in zip(bill_of_june(), PLANTED.values(), strict=False)]
    table = against(june, lines, tmp_path).by("day")
    named = [name for name in table if name in CAUSES]
    for row in table.to_dict("records"):
        parts = [Decimal(row[name]) for name in [*named, "unexplained"]]
        assert sum(parts) == Decimal(row["difference"]) == Decimal(row["billed"]) - Decimal(row["modelled"])


# Inventories ----------------------------------------------------------------------------------------


def inventory(**rows: list[dict[str, object]]) -> Inventory:
    tables = {}
    for name, table in BY_NAME.items():
        empty = {column.name: "" if column.kind == "text" else None for column in table.columns}
        tables[name] = table.frame(pd.DataFrame([empty | row for row in rows.get(name, [])], columns=table.names))
    return Inventory(tables, COVERAGE.frame())


def place(day: int, hour: int = 0) -> dict[str, object]:
    moment = datetime(2026, 6, day, hour, tzinfo=BILLING_CLOCK)
    return {"account_id": "acme", "region_id": "cn-beijing", "taken_at": moment, "source_file": "x"}


def chain(day: int, gib: int, **others: object) -> dict[str, object]:
    return place(day) | {"chain_id": "sl-1", "category": "standard", "total_bytes": gib << 30} | others


def test_an_inventory_with_hours_is_exact(tmp_path):
    hours = [
        place(30, 23) | {"chain_id": name, "hour_start": datetime(2026, 6, 1, hour, tzinfo=BILLING_CLOCK)}
        | {"stored_bytes": 6 << 30, "source": "oms"}
        for hour in range(24)
        for name in ("sl-1", "sl-2")
    ]  # fmt: skip
    found = against(inventory(usage_hours=hours), bill_of_june()[:1], tmp_path).table.iloc[0]
    assert (found["modelled"], found["unexplained"], found["basis"]) == ("288", "0", "hours")


def test_what_was_stored_before_the_first_total_is_not_known(tmp_path):
    """Nothing was stored on the first two days; a total of the third says nothing of them."""
    found = against(inventory(chains=[chain(3, 12)]), bill_of_june()[2:4], tmp_path).table
    assert "2026-06-01" not in set(found["day"][found["modelled"] != ""])
    assert set(found["unexplained"]) <= {"0", ""}


def test_an_inventory_with_totals_says_of_which_day_they_are(tmp_path):
    found = against(inventory(chains=[chain(3, 11), chain(5, 12)]), bill_of_june()[:4], tmp_path)
    table = found.table[found.table["lines"] > 0]
    unknown = "the inventory has no sizes of this region up to that day"
    assert list(table["basis"]) == [unknown, unknown, "totals of 2026-06-03", "totals of 2026-06-03"]
    assert causes(found)["2026-06-04", "outside the model"] == "24"


def test_a_region_that_the_inventory_does_not_have_is_not_compared(tmp_path):
    found = against(inventory(chains=[chain(30, 12, region_id="cn-shanghai")]), bill_of_june()[:1], tmp_path)
    assert list(found.table["basis"][found.table["region_id"] == "cn-beijing"]) == [
        "the inventory has no sizes of this region up to that day"
    ]


def test_an_inventory_without_a_date_says_what_it_lacks(tmp_path):
    found = against(inventory(chains=[chain(30, 12, taken_at=None)]), bill_of_june()[:1], tmp_path)
    assert found.by("month")["not_compared"].tolist() == ["288"]
    assert any(remark.startswith("nothing says when the answers") for remark in found.remarks)


def test_archive_chains_are_no_standard_storage(tmp_path):
    chains = [chain(1, 12), chain(1, 500, chain_id="sl-2", category="archive")]
    found = against(inventory(chains=chains), bill_of_june()[:1], tmp_path)
    assert found.table["modelled"].iloc[0] == "288"


@pytest.mark.parametrize(("source", "words"), [(3, "an inventory, a run"), (None, "an inventory, a run")])
def test_what_is_no_model_is_refused(source, words, tmp_path):
    with pytest.raises(InputError, match=words):
        against(source, bill_of_june(), tmp_path)


# Machines, disks, licences and products that a line names -------------------------------------------

MACHINE = {
    "instance_id": "i-1", "instance_type": "ecs.g7.xlarge", "image_id": "m-1", "charge_type": "PostPaid",
    "status": "Running",
}  # fmt: skip
WINDOWS = {"image_id": "m-1", "os": "Windows Server 2022", "product_code": "cmjj1"}
FULL_DISK = {"disk_id": "d-1", "category": "cloud_essd", "performance_level": "PL1", "size_gib": 40}


def fees() -> Prices:
    """An hour of the machine is 2 CNY, of its licence 0.25 a vCPU (it has 4), of its product 0.5, of a GiB 0.01."""
    fee = {"quantity_unit": "", "from_quantity": 0}
    rows = [
        tier(2.0, meter="instance", item="ecs.g7.xlarge", unit="per_instance_hour", **fee),
        tier(0.25, meter="os_licence", item="Windows Server", unit="per_vcpu_hour", **fee),
        tier(0.5, meter="marketplace_fee", item="cmjj1", unit="per_instance_hour", **fee),
        tier(0.01, meter="disk", item="cloud_essd_pl1"),
    ]
    return Prices(rows)


def owned() -> Inventory:
    here = place(30)
    return inventory(instances=[here | MACHINE], images=[here | WINDOWS], disks=[here | FULL_DISK])


def named(commodity: str, item: str, resource: str, hours: str, price: str, cost: str, unit: str = "小时") -> Lines:
    values = {
        "商品Code": commodity,
        "计费项Code": item,
        "实例ID_出账粒度": resource,
        "抵扣前用量": hours,
        "用量": hours,
    }
    values |= {"官网目录价": price, "目录总价": cost, "应付金额_含税": cost, "用量单位": unit}
    return [changed(LINE, 账单明细ID="row1", 账单日期="20260615", **values)]


@pytest.mark.parametrize(
    ("line", "modelled"),
    [
        (named("ecs", "instance_type", "i-1", "24", "3", "72"), "72"),  # with the licence in it, as no line has it
        (named("ecs_images", "os_licence", "i-1", "24", "1", "24"), "24"),
        (named("ecs_images", "os_licence", "cn-beijing;Windows Server;4", "96", "0.25", "24", "核*小时"), "24"),
        (named("ecs_images", "marketplace_fee", "i-1", "10", "0.5", "5"), "5"),
        (named("yundisk", "", "d-1", "24", "0.4", "9.6"), "9.6"),
        (named("yundisk", "", "d-1", "960", "0.01", "9.6", "GB*小时"), "9.6"),
    ],
)
def test_what_a_line_names_costs_its_hours_at_the_price_of_the_book(tmp_path, line, modelled):
    (row,) = against(owned(), line, tmp_path, fees()).table.to_dict("records")
    assert (row["modelled"], row["unexplained"]) == (modelled, "0")
    assert row["basis"] == "the hours of the lines, at the price of what they name"


def test_another_price_of_a_machine_is_the_cause(tmp_path):
    found = against(owned(), named("ecs", "instance_type", "i-1", "24", "4", "96"), tmp_path, fees())
    assert causes(found) == {("2026-06-15", "price"): "24"}


def test_an_instance_in_no_list_is_outside_the_model_and_named(tmp_path):
    lines = named("ecs", "instance_type", "i-1", "24", "3", "72")
    lines += [changed(lines[0], 账单明细ID="row2", 实例ID_出账粒度="i-gone")]
    found = against(owned(), lines, tmp_path, fees())
    assert causes(found) == {("2026-06-15", "outside the model"): "72"}
    assert any("such as i-gone" in remark for remark in found.remarks)


def test_a_machine_on_no_day_is_not_compared_since_prices_change(tmp_path):
    lines = named("ecs", "instance_type", "i-1", "24", "3", "72")
    lines += [changed(lines[0], 账单明细ID="row2", 账单月份="", 账单日期="")]
    bases = against(owned(), lines, tmp_path, fees()).table["basis"].tolist()
    assert "the line names no day and no month, and prices change" in bases


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (named("ecs", "instance_type", "i-1", "", "3", "72"), "neither a use nor how long it lasted"),
        (named("ecs", "instance_type", "cn-beijing", "24", "3", "72"), "names no instance, disk or product"),
        (named("yundisk", "", "i-1", "24", "3", "72"), "the line names the instance, not the disk"),
        (named("ecs_images", "marketplace_fee", "cn-beijing;other;4", "24", "3", "72"), "no price of other"),
    ],
)
def test_what_a_line_does_not_tell_is_not_compared_and_said(tmp_path, line, why):
    (row,) = against(owned(), line, tmp_path, fees()).table.to_dict("records")
    assert row["modelled"] == ""
    assert why in row["basis"]


def test_how_long_a_machine_ran_may_be_its_only_use(tmp_path):
    """As answers of the service write it: 86,400 seconds at 3 CNY an hour."""
    item = {
        "BillingDate": "2026-06-15", "OwnerID": "acme", "CommodityCode": "ecs", "BillingItemCode": "instance_type",
        "InstanceID": "i-1", "Region": "China (Beijing)", "ServicePeriod": "86400", "ServicePeriodUnit": "Seconds",
        "ListPrice": "3", "PretaxGrossAmount": "72", "InvoiceDiscount": "0", "DeductedByCoupons": "0",
        "PretaxAmount": "72", "Currency": "CNY",
    }  # fmt: skip
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({"Data": {"BillingCycle": "2026-06", "Items": [item]}}), encoding="utf-8")
    (row,) = reconcile(owned(), path, prices=fees()).table.to_dict("records")
    assert (row["modelled"], row["unexplained"]) == ("72", "0")
