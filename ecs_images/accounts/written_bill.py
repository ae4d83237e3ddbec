"""A bill written as the provider's detail file: one file an account and month, one row a charge and day.

    1000000000000001-20260301000000_202602_consumedetailbillv2.csv

Codes are the provider's where a source names them. Where none does, they begin with `ecs_images`, as the rows of
`data/bill_codes.csv` say. The decimals that are cut from what is paid (BILL-6) are rows of their own (抹零费用).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

from ..billing.bill import Bill
from ..catalog.files import published
from ..catalog.meters import METERS, STORAGE
from ..catalog.regions import region
from ..catalog.sites import site_of_currency
from ..saving import path_of, save_in_folder
from ..units import BILLING_CLOCK
from ..wire.detail_bill import DETAIL_COLUMNS, WITHOUT_TAX
from .bill_arithmetic import FINEST
from .bill_forms import text_of

_UNITS = {"GiB-Hour": "GB*小时", "GiB": "GB", "Instance-Hour": "个*小时", "vCPU-Hour": "核*小时"}
_CURRENCIES = {"CNY": "元", "USD": "美元"}
_CELL = (
    "身份信息/资源归属账号ID",
    "账单信息/账单月份",
    "产品信息/商品Code",
    "产品信息/计费项Code",
    "资源信息/地域Code",
    "定价信息/定价币种",
)
Row = dict[str, str]


def write_bill(bill: Bill, folder: str | Path, numbers: Mapping[str, str]) -> list[Path]:
    """Write a bill as detail files.

    bill: the bill; what of it has no price is in no row
    folder: where to; files that are there and have the same names are replaced
    numbers: the number of each account whose bill is written

    Returns the files. Raises InputError where one cannot be written.
    """
    home = path_of(folder, "the folder of a bill")
    months: dict[tuple[str, str], list[Row]] = defaultdict(list)
    charges = list(_charges(bill, numbers))
    for row in (*charges, *_cut_off(bill, numbers, charges)):
        months[row["身份信息/资源归属账号ID"], row["账单信息/账单月份"]].append(row)
    files = []
    for (account, month), rows in sorted(months.items()):
        rows.sort(key=lambda row: row["账单信息/账单日期"])
        for place, row in enumerate(rows, 1):
            row["标识信息/账单明细ID"] = f"{month}_ecs_images_{account}_{place:020}"
        file = home / _file_name(account, month, bill.period[1])
        save_in_folder(file, _csv(rows))
        files.append(file)
    return files


def _file_name(account: str, month: str, made_at: datetime) -> str:
    """The name of a file, as the provider gives it: whose, made when, and of which month."""
    return f"{account}-{made_at.astimezone(BILLING_CLOCK):%Y%m%d%H%M%S}_{month}_consumedetailbillv2.csv"


def _csv(rows: list[Row]) -> str:
    """A file's text: with the mark of UTF-8 and lines that end as real files have them."""
    taxed = site_of_currency(rows[0]["定价信息/定价币种"]).site == "china"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, DETAIL_COLUMNS, restval="", lineterminator="\n")
    writer.writerow({name: name if taxed or name != DETAIL_COLUMNS[-1] else WITHOUT_TAX for name in DETAIL_COLUMNS})
    writer.writerows(rows)
    return "\ufeff" + text.getvalue()


def _charges(bill: Bill, numbers: Mapping[str, str]) -> Iterable[Row]:
    table: Any = bill.charges
    for charge in table[table["billing_account_id"].isin(list(numbers))].itertuples(index=False):
        used = Decimal(charge.consumed_quantity).quantize(FINEST, ROUND_HALF_UP)
        price = Decimal(f"{charge.list_cost / charge.consumed_quantity if charge.consumed_quantity else 0.0:.16g}")
        gross = (price * used).quantize(FINEST, ROUND_HALF_UP)
        unit = _UNITS.get(str(charge.consumed_unit), str(charge.consumed_unit))
        start, end = (
            moment.tz_convert(BILLING_CLOCK) for moment in (charge.charge_period_start, charge.charge_period_end)
        )
        kind = "云资源按量费用" if not charge.x_term else "订阅预付费用" if gross >= 0 else "订阅退订费用"
        yield _common(charge, numbers, f"{start:%Y%m%d}") | {
            "账单信息/费用类型": kind,
            "账单信息/交易类型": "预付费" if charge.x_term else "后付费",
            "账单信息/消费时间": f"{start:%Y-%m-%d %H:%M:%S}",
            "账单信息/服务开始时间": f"{start:%Y-%m-%d %H:%M:%S}",
            "账单信息/服务结束时间": f"{end:%Y-%m-%d %H:%M:%S}",
            "用量信息/抵扣前用量": text_of(used),
            "用量信息/抵扣用量": "0",
            "用量信息/用量": text_of(used),
            "用量信息/用量单位": unit,
            "定价信息/官网目录价": text_of(price),
            "定价信息/价格单位": f"{_CURRENCIES[charge.billing_currency]}/{unit}",
            "费用信息/目录总价": text_of(gross),
            "费用信息/计费公式": "官网目录价*用量",
            "优惠信息/优惠金额": "0",
            "优惠信息/优惠后金额": text_of(gross),
            "优惠券抵扣信息/优惠券抵扣金额": "0",
            DETAIL_COLUMNS[-1]: text_of(gross),
        }


def _cut_off(bill: Bill, numbers: Mapping[str, str], charges: Iterable[Row]) -> Iterable[Row]:
    """What is cut from a region's amounts of a meter in a month, on the last day that it is billed.

    With it the rows add up to the invoice exactly.
    """
    invoice: Any = bill.invoice()
    invoice = invoice[invoice["billing_account_id"].isin(list(numbers))]
    months = invoice["x_settlement_start"].dt.tz_convert(BILLING_CLOCK).dt.strftime("%Y%m")
    sums: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in charges:
        sums[tuple(row[name] for name in _CELL)] += Decimal(row[DETAIL_COLUMNS[-1]])
    keys = ["billing_account_id", "billing_currency", "region_id", "sku_meter"]
    for _, rows in invoice.groupby([*keys, months], observed=True):
        day = rows["x_settlement_start"].max().tz_convert(BILLING_CLOCK)
        found = _common(rows.iloc[-1], numbers, f"{day:%Y%m%d}")
        paid = sum((Decimal(repr(amount)) for amount in rows["billed_cost"].tolist()), Decimal())
        if cut := paid - sums[tuple(found[name] for name in _CELL)]:
            yield found | {
                "账单信息/费用类型": "抹零费用",
                "账单信息/交易类型": "后付费",
                "费用信息/目录总价": "0",
                "优惠信息/优惠金额": "0",
                "优惠信息/优惠后金额": "0",
                "优惠券抵扣信息/优惠券抵扣金额": "0",
                DETAIL_COLUMNS[-1]: text_of(cut),
            }


def _common(charge: Any, numbers: Mapping[str, str], day: str) -> Row:
    """What says whose use of what it was."""
    account, place, meter = str(charge.billing_account_id), str(charge.region_id), str(charge.sku_meter)
    commodity, item = _code(meter)
    item_name, ours = METERS[meter].chinese or METERS[meter].label, commodity == "ecs_images"
    more = [str(part) for part in (getattr(charge, "x_item", ""), getattr(charge, "x_vcpus", 0)) if part]
    return {
        "身份信息/资源购买账号ID": numbers[account],
        "身份信息/资源购买账号": account,
        "身份信息/资源归属账号ID": numbers[account],
        "身份信息/资源归属账号": account,
        "账单信息/账单月份": day[:6],
        "账单信息/账单日期": day,
        "产品信息/产品Code": commodity,
        "产品信息/商品Code": commodity,
        "产品信息/商品名称": "云服务器ECS-快照" if meter == STORAGE else "",
        "产品信息/计费项Code": item,
        "产品信息/计费项名称": f"{item_name} (no code is published; this one is of ecs_images)" if ours else item_name,
        "资源信息/实例ID（出账粒度）": ";".join([place, *more]),
        "资源信息/地域Code": place,
        "资源信息/地域": region(place).name_zh,
        "定价信息/定价币种": str(charge.billing_currency),
    }


@cache
def _code(meter: str) -> tuple[str, str]:
    """The codes under which a meter is billed: commodity and item."""
    row = next(row for row in published("bill_codes.csv") if row["meter"] == meter)
    return row["commodity_code"], meter if row["item"] == "any" else row["item"]
