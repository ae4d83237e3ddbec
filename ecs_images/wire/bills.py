"""The columns of the provider's bills, in each of its forms, beside ours; no logic.

A header is compared without its case, blanks and group (`账单信息/账单月份` is `账单月份`), full-width brackets as
plain ones. Of several names that a file has, the first that is not empty counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..catalog.files import published

NAMES: Mapping[str, tuple[str, ...]] = {
    row["column"]: tuple(row["headers"].split(";")) for row in published("bill_headers.csv")
}
"""Names of our columns of bill lines: the detail file of 61 columns in Chinese and English, the day file of 39, the
older file and the answers of DescribeInstanceBill, QueryInstanceBill and DescribeSplitItemBill, the FOCUS export."""

TAX_MODES: Mapping[str, str] = {
    "应付金额(含税)": "included",
    "TaxInclusivePayableAmount": "included",
    "应付金额(不含税)": "excluded",
    "TaxExclusivePayableAmount": "excluded",
}
"""Whether the amount to be paid has the tax in it, by the header that it stands under."""
