"""Charges in the columns of FOCUS 1.2, the FinOps Open Cost and Usage Specification: files for other tools."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from ..catalog.meters import METERS
from ..catalog.regions import regions
from ..catalog.schemas import TABLES

_PROVIDER = "Alibaba Cloud"
_ACCOUNT_TYPE = "Account"
FOCUS = TABLES["focus"]


def focus(charges: pd.DataFrame) -> pd.DataFrame:
    """A `CHARGES` table as a `FOCUS` table, row by row."""
    starts = charges["charge_period_start"]
    months = [moment.replace(day=1, hour=0, minute=0, second=0) for moment in starts]
    meter, item, region = (charges[name].astype(str) for name in ("sku_meter", "x_item", "region_id"))
    prepaid = charges["x_term"].astype(str) != ""
    sku = meter + item.where(item == "", "/" + item)
    count = len(charges)
    columns: dict[str, object] = dict.fromkeys(FOCUS.names, [None] * count)
    columns |= dict.fromkeys(["BilledCost", "ContractedCost", "EffectiveCost", "ListCost"], charges["list_cost"])
    columns |= dict.fromkeys(["ContractedUnitPrice", "ListUnitPrice"], charges["list_unit_price"])
    columns |= dict.fromkeys(["BillingAccountId", "BillingAccountName"], charges["billing_account_id"].astype(str))
    columns |= dict.fromkeys(["InvoiceIssuerName", "ProviderName", "PublisherName"], [_PROVIDER] * count)
    columns |= {
        "BillingAccountType": [_ACCOUNT_TYPE] * count,
        "BillingCurrency": charges["billing_currency"].astype(str),
        "BillingPeriodStart": [_utc(month) for month in months],
        "BillingPeriodEnd": [_utc(month + pd.DateOffset(months=1)) for month in months],
        "ChargeCategory": prepaid.map({True: "Purchase", False: "Usage"}),
        "ChargeDescription": [
            f"{METERS[name].label}{f' of {what}' if what else ''} in {place}"
            for name, what, place in zip(meter, item, region, strict=True)
        ],
        "ChargeFrequency": prepaid.map({True: "One-Time", False: "Usage-Based"}),
        "ChargePeriodStart": [_utc(moment) for moment in starts],
        "ChargePeriodEnd": [_utc(moment) for moment in charges["charge_period_end"]],
        "ConsumedQuantity": charges["consumed_quantity"].mask(prepaid),
        "ConsumedUnit": charges["consumed_unit"].map(_unit).mask(prepaid),
        "PricingCategory": ["Standard"] * count,
        "PricingQuantity": charges["pricing_quantity"],
        "PricingUnit": charges["pricing_unit"].map(_unit),
        "RegionId": region,
        "RegionName": region.map({name: found.name_en for name, found in regions().items()}),
        "ServiceName": meter.map(lambda name: METERS[name].service),
        "ServiceCategory": meter.map(lambda name: METERS[name].service_category),
        "ServiceSubcategory": meter.map(lambda name: METERS[name].service_subcategory),
        "SkuId": sku,
        "SkuMeter": meter.map(lambda name: METERS[name].label),
        "SkuPriceId": sku + "/" + region + "/" + charges["x_price_row"].astype(str),
        "Tags": ["{}"] * count,
    }
    frame = pd.DataFrame({name: pd.Series(columns[name]).reset_index(drop=True) for name in FOCUS.names})
    return FOCUS.check(FOCUS.frame(frame))


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _unit(name: str) -> str:
    """A unit as FOCUS writes it: GiB-Hour is GiB-Hours."""
    return f"{name}s" if "-" in name else name
