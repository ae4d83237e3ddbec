"""FOCUS 1.2: the columns a file must have, what may be empty, and what must agree."""

from __future__ import annotations

import re

import pytest
from helpers import golden_image, machine

from ecs_images import Cloud, bill
from ecs_images.billing.bill import Bill
from ecs_images.billing.focus import FOCUS

# Columns of the specification (tag v1.2, specification/columns), and whether each may be empty.
MANDATORY = {
    "BilledCost": False,
    "BillingAccountId": False,
    "BillingAccountName": True,
    "BillingCurrency": False,
    "BillingPeriodEnd": False,
    "BillingPeriodStart": False,
    "ChargeCategory": False,
    "ChargeClass": True,
    "ChargeDescription": True,
    "ChargePeriodEnd": False,
    "ChargePeriodStart": False,
    "ContractedCost": False,
    "EffectiveCost": False,
    "InvoiceIssuerName": False,
    "ListCost": False,
    "PricingQuantity": True,
    "PricingUnit": True,
    "ProviderName": False,
    "PublisherName": False,
    "ServiceCategory": False,
    "ServiceName": False,
}
CATEGORIES = {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
UNIT = re.compile(r"GiB|[A-Za-z]+|(GiB|[A-Za-z]+)-(Hours|Months|Years|Weeks)")


@pytest.fixture
def two_months(cloud: Cloud) -> Bill:
    """Storage, a copy, a machine with a licence, and a disk, over the end of a month."""
    acme = cloud.account("acme")
    image = golden_image(acme)
    machine(acme, image="rhel_9")
    acme.copy_image(image, to="cn-hangzhou")
    cloud.at("2026-02-03")
    return bill(cloud, until="2026-02-03", meters="all")


def test_every_mandatory_column_is_there_and_filled_where_it_must_be(two_months):
    table = two_months.focus()
    assert set(MANDATORY) <= set(table)
    for name, may_be_empty in MANDATORY.items():
        assert may_be_empty or table[name].notna().all(), name
    assert not [column.name for column in FOCUS.columns if column.required and table[column.name].isna().any()]


def test_periods_are_in_utc_and_months_begin_on_the_billing_clock(two_months):
    table = two_months.focus()
    for name in ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"):
        assert all(MOMENT.fullmatch(value) for value in table[name])
    assert set(table["BillingPeriodStart"]) == {"2025-12-31T16:00:00Z", "2026-01-31T16:00:00Z"}
    assert (table["BillingPeriodStart"] <= table["ChargePeriodStart"]).all()
    assert (table["ChargePeriodEnd"] <= table["BillingPeriodEnd"]).all()


def test_costs_sum_to_the_bill_and_follow_from_price_and_quantity(two_months):
    table = two_months.focus()
    assert table["ListCost"].sum() == pytest.approx(two_months.total(priced_only=True), rel=1e-12)
    assert (table["ListUnitPrice"] * table["PricingQuantity"]).tolist() == pytest.approx(table["ListCost"].tolist())
    for name in ("BilledCost", "ContractedCost", "EffectiveCost"):
        assert table[name].equals(table["ListCost"])


def test_words_come_from_the_lists_of_the_specification(two_months):
    table = two_months.focus()
    assert set(table["ChargeCategory"]) <= CATEGORIES
    assert set(table["PricingCategory"]) == {"Standard"}
    assert table["ChargeClass"].isna().all()
    for name in ("PricingUnit", "ConsumedUnit"):
        assert all(UNIT.fullmatch(unit) for unit in table[name]), set(table[name])
    assert table.groupby("ServiceName")["ServiceCategory"].nunique().eq(1).all()
    assert table.groupby("SkuPriceId")["SkuId"].nunique().eq(1).all()


def test_a_prepaid_licence_is_a_purchase_without_consumption(cloud, acme):
    machine(acme, image="rhel_9", billing="subscription", period="month", periods=1)
    table = bill(cloud, until="2026-01-16").focus()
    bought = table[table["ChargeCategory"] == "Purchase"]
    assert len(bought) > 0
    assert set(bought["ChargeFrequency"]) == {"One-Time"}
    assert bought["ConsumedQuantity"].isna().all()
