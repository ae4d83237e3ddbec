"""Charges in the columns of FOCUS 1.2, the FinOps Open Cost and Usage Specification: files for other tools."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from ..catalog.meters import (
    COPY_TRAFFIC,
    DISK,
    FILE_STORAGE,
    FILE_TRAFFIC,
    IMAGE_TRAFFIC,
    INSTANCE,
    MARKETPLACE_FEE,
    METERS,
    OS_LICENCE,
    STORAGE,
)
from ..catalog.regions import regions
from ..tables import Column, Table

_PROVIDER = "Alibaba Cloud"
_ACCOUNT_TYPE = "Account"
_SNAPSHOTS, _MACHINES = (
    ("Snapshots", "Storage", "Block Storage"),
    ("Elastic Compute Service", "Compute", "Virtual Machines"),
)
_FILES = ("Object Storage Service", "Storage", "Object Storage")
_SERVICES = {
    STORAGE: _SNAPSHOTS,
    COPY_TRAFFIC: _SNAPSHOTS,
    IMAGE_TRAFFIC: _SNAPSHOTS,
    FILE_STORAGE: _FILES,
    FILE_TRAFFIC: _FILES,
    OS_LICENCE: _MACHINES,
    MARKETPLACE_FEE: _MACHINES,
    DISK: ("Elastic Block Storage", "Storage", "Block Storage"),
    INSTANCE: _MACHINES,
}
"""The service of each meter, with its category and subcategory; FOCUS wants one category a service."""
_MONEY = "BillingCurrency"

FOCUS = Table(
    "focus",
    "what one account owes in one region for one meter, settlement and price, in FOCUS 1.2; amounts are list costs",
    (
        Column("BilledCost", "number", _MONEY, "the list cost: discounts and roundings are not modelled", True),
        Column("BillingAccountId", "text", "", "the account that pays", True),
        Column("BillingAccountName", "text", "", "the same"),
        Column("BillingAccountType", "text", "", "what the provider calls such an account", True),
        Column("BillingCurrency", "text", "", "currency of its site", True),
        Column("BillingPeriodEnd", "text", "", "first moment after the month of the bill, in UTC", True),
        Column("BillingPeriodStart", "text", "", "first moment of the month, in UTC; months begin in UTC+8", True),
        Column("ChargeCategory", "text", "", "purchase: what is prepaid", True, ("Usage", "Purchase")),
        Column("ChargeClass", "text", "", "always empty: nothing corrects an earlier bill"),
        Column("ChargeDescription", "text", "", "the charge in words"),
        Column("ChargeFrequency", "text", "", "how often it comes", True, ("Usage-Based", "One-Time")),
        Column("ChargePeriodEnd", "text", "", "first moment after the use, in UTC", True),
        Column("ChargePeriodStart", "text", "", "first moment of the use, in UTC", True),
        Column("ConsumedQuantity", "number", "ConsumedUnit", "use; empty for purchases"),
        Column("ConsumedUnit", "text", "", "its unit; empty for purchases"),
        Column("ContractedCost", "number", _MONEY, "the list cost: no contract is modelled", True),
        Column("ContractedUnitPrice", "number", _MONEY, "the list price", True),
        Column("EffectiveCost", "number", _MONEY, "the list cost", True),
        Column("InvoiceId", "text", "", "always empty: no invoice is issued"),
        Column("InvoiceIssuerName", "text", "", "who sends the invoice", True),
        Column("ListCost", "number", _MONEY, "list unit price × priced quantity", True),
        Column("ListUnitPrice", "number", _MONEY, "list price of a PricingUnit", True),
        Column("PricingCategory", "text", "", "always Standard: on-demand list prices", True, ("Standard",)),
        Column("PricingQuantity", "number", "PricingUnit", "quantity that the price is for", True),
        Column("PricingUnit", "text", "", "unit of the price", True),
        Column("ProviderName", "text", "", "who provides the service", True),
        Column("PublisherName", "text", "", "who made it", True),
        Column("RegionId", "text", "", "region", True),
        Column("RegionName", "text", "", "its English name", True),
        Column("ResourceId", "text", "", "always empty: real bills charge storage by region, and so does this one"),
        Column("ServiceCategory", "text", "", "class of service", True, ("Compute", "Storage")),
        Column("ServiceName", "text", "", "service", True),
        Column("ServiceSubcategory", "text", "", "finer class", True),
        Column("SkuId", "text", "", "what is priced: the meter, and its item", True),
        Column("SkuMeter", "text", "", "the meter in words", True),
        Column("SkuPriceId", "text", "", "the meter, the region and the position of the price in the book", True),
        Column("Tags", "text", "", "always {}: storage of a region has no tags", True),
    ),
)


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
        "ServiceName": meter.map(lambda name: _SERVICES[name][0]),
        "ServiceCategory": meter.map(lambda name: _SERVICES[name][1]),
        "ServiceSubcategory": meter.map(lambda name: _SERVICES[name][2]),
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
