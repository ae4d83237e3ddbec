"""Bills from files: every form gives the same lines, each once, with exact amounts."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from ecs_images.accounts.bill_files import read_bill
from ecs_images.accounts.bill_forms import AMOUNTS
from ecs_images.errors import InputError

REAL = Path(__file__).parent / "bills" / "detail_of_2026-05.csv"
"""Three of the 156 lines of a real detail file, of another product; ids are replaced."""
DAY = (
    "资源归属账号ID,账单月份,账单日期,产品Code,资产/资源实例ID,地域,计费项,资源包抵扣量,"
    "用量,用量单位,目录价,目录总价, 优惠金额,优惠券抵扣金额,应付金额,定价币种\n"
    "1000000000000002,2026-06,2026-06-15,snapshot,cn-hangzhou;snapshot,华东1（杭州）,快照容量,600,1800,GB*小时,0.0001,0.12,0.02,0,0.10,CNY\n"
)
ITEM = {
    "BillingDate": "2026-06-15",
    "OwnerID": 1000000000000002,
    "CommodityCode": "snapshot",
    "ProductCode": "snapshot",
    "InstanceID": "cn-hangzhou",
    "Region": "China (Hangzhou)",
    "BillingItemCode": "Size",
    "Usage": "1800",
    "DeductedByResourcePackage": "600",
    "UsageUnit": "GB",
    "ListPrice": "0.0001",
    "PretaxGrossAmount": 0.12,
    "InvoiceDiscount": 0.02,
    "DeductedByCoupons": 0,
    "PretaxAmount": 0.1,
    "Currency": "CNY",
    "Tag": "key:team value:web; key:env value:prod",
}
ANSWER = {"Data": {"AccountID": "1000000000000001", "BillingCycle": "2026-06", "TotalCount": 1, "Items": [ITEM]}}


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def figures(path: Path) -> tuple[str, ...]:
    (line,) = read_bill(path).lines.to_dict("records")
    names = "day region_id quantity_before quantity_deducted quantity list_price gross discount payable currency"
    return tuple(line[name] for name in names.split())


SAME = ("2026-06-15", "cn-hangzhou", "1800", "600", "1200", "0.0001", "0.12", "0.02", "0.1", "CNY")


def test_a_real_detail_file_holds_in_every_line():
    """Use is before less deducted, list cost is price × use to 10 decimals, to pay is what discounts leave."""
    lines = read_bill(REAL).lines
    for line in lines.to_dict("records"):
        amount = {name: Decimal(line[name] or 0) for name in AMOUNTS}
        assert amount["quantity"] == amount["quantity_before"] - amount["quantity_deducted"]
        gross = (amount["list_price"] * amount["quantity"]).quantize(Decimal("1e-10"), ROUND_HALF_UP)
        assert amount["gross"] == gross
        assert amount["payable"] == amount["gross"] - amount["discount"] - amount["coupon"]
    assert list(lines["payable"]) == ["0", "6.4", "0.2"]
    assert set(lines["tax_mode"]) == {"included"}


def test_a_detail_file_keeps_every_column():
    lines = read_bill(REAL).lines
    kept = json.loads(lines["extra"][1])
    assert kept["产品信息/产品名称"] == "大模型服务平台百炼"
    assert lines["payer_id"][1] == "1000000000000001"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_day_file_reads_in_every_encoding(tmp_path, encoding):
    assert figures(written(tmp_path, "any name.csv", DAY, encoding)) == SAME


def test_an_english_detail_file_says_the_same(tmp_path):
    text = (
        "IdentityDetails/ResourceOwnerAccountId,BillingDetails/BillingMonth,BillingDetails/BillingDate,"
        "ProductDetails/CommodityCode,ResourceDetails/RegionCode,UsageDetails/Usage,PricingDetails/Currency,"
        "FeeDetails/GrossAmount,DiscountDetails/DiscountAmount,PayableDetails/TaxExclusivePayableAmount\n"
        "5,202606,20260615,snapshot,cn-hangzhou,1200,USD,0.12,0.02,0.10\n"
    )
    (line,) = read_bill(written(tmp_path, "x.csv", text)).lines.to_dict("records")
    assert (line["month"], line["day"], line["quantity"], line["quantity_before"]) == (
        "2026-06",
        "2026-06-15",
        "1200",
        "",
    )
    assert (line["payable"], line["tax_mode"], line["currency"]) == ("0.1", "excluded", "USD")


def test_an_older_file_takes_the_day_from_the_time_of_use(tmp_path):
    text = (
        "BillingCycle,AccountID,OwnerID,ProductCode,UsageStartTime,UsageEndTime,Item,InstanceID,Region,Tag,"
        "PretaxGrossAmount,InvoiceDiscount,DeductedByCoupons,PretaxAmount\n"
        "2026-06,1,2,snapshot,2026-06-15 23:00:00,2026-06-16 00:00:00,PayAsYouGoBill,cn-hangzhou,,a:b;c:d,1.5,0.5,0,1\n"
    )
    found = read_bill(written(tmp_path, "x.csv", text))
    (line,) = found.lines.to_dict("records")
    assert (line["payer_id"], line["account_id"], line["day"]) == ("1", "2", "2026-06-15")
    assert json.loads(line["tags"]) == {"a": "b", "c": "d"}
    assert found.remarks == (
        "x.csv lacks the column 定价币种; the currency is not known",
        "x.csv lacks the column 官网目录价; prices are worked out from list costs",
        "x.csv lacks the column 计费项Code; its lines name no item",
        "x.csv lacks the column 用量信息/用量; use is not known",
    )


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER,
        {"headers": {}, "statusCode": 200, "body": ANSWER},
        [ANSWER],
        {"Data": {**ANSWER["Data"], "Items": {"Item": [ITEM]}}},
        {"Items": {"Item": [ITEM]}},
        [ITEM],
    ],
    ids=["page", "sdk", "pages", "query", "pager", "rows"],
)
def test_an_answer_reads_whatever_is_around_it(tmp_path, answer):
    path = written(tmp_path, "x.json", json.dumps(answer))
    assert figures(path) == SAME
    assert read_bill(path).lines["account_id"][0] == "1000000000000002"


def test_a_page_of_many_says_that_the_others_are_missing(tmp_path):
    answer = {"Data": {**ANSWER["Data"], "TotalCount": 3}}
    found = read_bill(written(tmp_path, "x.json", json.dumps(answer)))
    assert found.remarks == ("the answers for 2026-06-15 of 1000000000000001 hold 1 of 3 lines; fetch the other pages",)


def test_the_export_in_focus_columns_counts_days_on_the_billing_clock(tmp_path):
    text = (
        "BillingAccountId,SubAccountId,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,RegionId,"
        "x_CommodityCode,x_BillingItemCode,PricingQuantity,ListUnitPrice,ListCost,BilledCost,BillingCurrency\n"
        "1,2,2026-05-31T16:00:00Z,2026-06-14T16:00:00Z,2026-06-15T16:00:00Z,Usage,cn-hangzhou,snapshot,Size,1200,"
        "0.0001,0.12,0.10,CNY\n"
    )
    (line,) = read_bill(written(tmp_path, "x.csv", text)).lines.to_dict("records")
    assert (line["month"], line["day"], line["quantity"]) == ("2026-06", "2026-06-15", "1200")
    assert (line["discount"], line["payable"]) == ("0.02", "0.1")


def test_lines_with_ids_of_overlapping_files_count_once(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(REAL.read_bytes())
    found = read_bill(tmp_path)
    assert found.total() == {"CNY": Decimal("6.6")}
    assert found.remarks == ("3 lines were read twice and counted once",)


def test_equal_lines_without_ids_count_twice_in_one_file_but_not_over_two(tmp_path):
    """A charge may be split over equal lines; a day file saved twice must not double it."""
    twice = DAY + DAY.splitlines()[1] + "\n"
    written(tmp_path, "a.csv", twice)
    written(tmp_path, "b.csv", twice)
    assert read_bill(tmp_path).total() == {"CNY": Decimal("0.2")}


def test_a_zip_of_several_files_reads_the_good_ones(tmp_path):
    with zipfile.ZipFile(tmp_path / "bill.zip", "w") as archive:
        archive.writestr("one.csv", DAY)
        archive.writestr("empty.csv", "")
        archive.writestr("other.csv", "name,age\nAda,36\n")
    found = read_bill(tmp_path / "bill.zip")
    assert found.total() == {"CNY": Decimal("0.1")}
    assert found.remarks == (
        "bill.zip/empty.csv is empty",
        "bill.zip/other.csv has no column of a bill's amounts, such as 应付金额 or PretaxAmount",
    )


def test_half_a_line_and_a_sum_are_kept_aside(tmp_path):
    text = DAY + "合计,,,,,,,,,,,0.12,0.02,0,0.10,CNY\n" + "1000000000000002,2026-06-16,snapsh"
    found = read_bill(written(tmp_path, "x.csv", text))
    assert found.total() == {"CNY": Decimal("0.1")}
    assert found.remarks == (
        "x.csv, line 3: a sum of other lines; it was not counted",
        "x.csv, line 4: 3 fields under 16 headers; the line was kept aside",
    )


@pytest.mark.parametrize("above", ["sep=,\n", "账单明细 2026-06\n\n", "a title, with a comma\n"])
def test_a_title_above_the_headers_is_no_line(tmp_path, above):
    assert figures(written(tmp_path, "x.csv", above + DAY)) == SAME


def test_a_line_below_a_title_is_named_by_its_own_number(tmp_path):
    found = read_bill(written(tmp_path, "x.csv", "a title\n" + DAY + "1000000000000002,2026-06-16,snapsh"))
    assert found.remarks == ("x.csv, line 4: 3 fields under 16 headers; the line was kept aside",)


@pytest.mark.parametrize(
    "content",
    [
        repr(ANSWER).encode(),
        gzip.compress(json.dumps(ANSWER).encode(), mtime=0),
        json.dumps({"statusCode": 200, "body": ANSWER}).encode(),
        b"<R><Data><AccountID>1</AccountID><BillingCycle>2026-06</BillingCycle><Items><Item>"
        + "".join(f"<{name}>{value}</{name}>" for name, value in ITEM.items()).encode()
        + b"</Item></Items></Data></R>",
    ],
)
def test_an_answer_reads_the_same_whatever_it_was_saved_as(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    assert figures(tmp_path / "x") == SAME


def test_an_answer_in_lower_case_with_underscores_reads_the_same(tmp_path):
    snake = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(): value for name, value in ITEM.items()}
    assert figures(written(tmp_path, "x.json", json.dumps([snake | {"billing_cycle": "2026-06"}]))) == SAME


def test_what_stands_before_the_damage_of_an_answer_is_read(tmp_path):
    found = read_bill(written(tmp_path, "x.json", json.dumps(ANSWER) + "\n" + json.dumps(ANSWER)[:99]))
    assert len(found.lines) == 1
    assert "line 2 is not whole; what stands before it was read" in found.remarks[0]


def test_several_payers_are_said(tmp_path):
    for payer in ("1", "2"):
        answer = {"Data": {"AccountID": payer, "BillingCycle": "2026-06", "Items": [ITEM]}}
        written(tmp_path, f"{payer}.json", json.dumps(answer))
    assert read_bill(tmp_path).remarks == ("the lines have 2 payers, such as 1, 2; each account stays apart",)


def test_lines_are_counted_over_the_borders_at_which_they_are_read(tmp_path):
    """9,001 equal lines of one file are parts of one charge; reading tells how far it is."""
    head, line = DAY.splitlines()
    seen: list[int] = []
    found = read_bill(written(tmp_path, "x.csv", "\n".join([head, *[line] * 9001])), progress=seen.append)
    assert found.total() == {"CNY": Decimal("900.1")}
    assert found.remarks[-1].startswith("9000 lines are equal to another")
    assert seen[-1] == 9001


@pytest.mark.parametrize("amount", ["n/a", "NaN", "Infinity", "1e999999999", "1e-999999999", "0.1.0"])
def test_an_amount_that_is_none_keeps_its_line_aside(tmp_path, amount):
    found = read_bill(written(tmp_path, "x.csv", DAY + DAY.splitlines()[1].replace("0.10", amount)))
    assert found.total() == {"CNY": Decimal("0.1")}
    assert found.remarks == ("x.csv, line 3: payable is not an amount; the line was kept aside",)


def test_without_the_column_to_pay_it_is_computed_and_said(tmp_path):
    text = DAY.replace("应付金额", "别的金额")
    found = read_bill(written(tmp_path, "x.csv", text))
    assert found.total() == {"CNY": Decimal("0.1")}
    assert found.remarks == (
        "x.csv lacks the column 应付金额(含税); it is computed as list cost less discount and coupons",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "x is not text, and was kept aside"),
        (b'{"Images": {"Image": []}}', "x has no column of a bill's amounts, such as 应付金额 or PretaxAmount"),
        (b"", "x is empty"),
        (DAY.splitlines()[0].encode(), "x has headers and no whole line"),
        (b"PK\x03\x04 [Content_Types].xml", "it is a workbook; save its sheet as CSV"),
    ],
)
def test_what_is_no_bill_is_refused_in_a_sentence(tmp_path, content, message):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_bill(tmp_path / "x")
