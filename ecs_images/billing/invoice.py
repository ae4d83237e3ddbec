"""The invoice: charges → what is paid, rounded as the site's bill rounds (BILL-5, BILL-6).

One row for every account, region, meter and settlement: an hour before 2020-07-08, a day of
UTC+8 since. The detail is rounded half up, the amount paid is cut off; rounding happens here only.
"""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

import pandas as pd

from ..catalog.schemas import TABLES
from ..catalog.sites import site_of_currency
from ..columns import seconds_of, times_of
from .schema import CHARGES
from .settlement import settlement_of

INVOICE = TABLES["invoice"]

# Costs are sums of binary fractions; an exact 0.67 may stand as 0.66999…. Twelve decimals are
# far below any price and far above that noise.
_EXACT = Decimal("1e-12")


def invoice(charges: pd.DataFrame) -> pd.DataFrame:
    """The invoice of a `CHARGES` table (or of the bill that has it), as an `INVOICE` table."""
    charges = CHARGES.check(getattr(charges, "charges", charges))
    keys = ["billing_account_id", "billing_currency", "region_id", "sku_meter", "x_settlement_start"]
    settlement = times_of(settlement_of(seconds_of(charges["charge_period_start"])))
    settled = (
        charges.assign(x_settlement_start=settlement)
        .groupby(keys, as_index=False, observed=True, sort=True)[["list_cost"]]
        .sum()
    )
    detail, paid = [], []
    for currency, cost in zip(settled["billing_currency"], settled["list_cost"], strict=True):
        site = site_of_currency(currency)
        exact = Decimal(float(cost)).quantize(_EXACT, ROUND_HALF_UP)
        detail.append(float(exact.quantize(Decimal(1).scaleb(-site.detail_decimals), ROUND_HALF_UP)))
        paid.append(float(exact.quantize(Decimal(1).scaleb(-site.paid_decimals), ROUND_DOWN)))
    settled["x_detail_cost"] = pd.Series(detail, dtype="float64")
    settled["billed_cost"] = pd.Series(paid, dtype="float64")
    settled["x_rounding"] = settled["billed_cost"] - settled["list_cost"]
    return INVOICE.check(settled)
