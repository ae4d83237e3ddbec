"""The columns of the provider's bills, in each of its forms, beside ours; no logic.

A header is compared without its case, blanks and group (`账单信息/账单月份` is `账单月份`), full-width brackets as
plain ones. Of several names that a file has, the first that is not empty counts.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, tuple[str, ...]] = {
    "row_id": ("账单明细ID", "主键"),
    "payer_id": ("资源购买账号ID", "ResourcePurchaseAccountId", "AccountID", "BillingAccountId"),
    "account_id": ("资源归属账号ID", "ResourceOwnerAccountId", "SubAccountId", "OwnerID", "BillAccountID"),
    "account_name": (
        "资源归属账号",
        "ResourceOwnerAccountName",
        "ResourceOwnerAccount",
        "SubAccountName",
        "OwnerAccountName",
        "BillAccountName",
    ),
    "month": ("账单月份", "BillingMonth", "BillingCycle", "账期", "BillingPeriodStart"),
    "day": ("账单日期", "BillingDate"),
    "charge_period_start": ("服务开始时间", "ServiceStartTime", "UsageStartTime", "ChargePeriodStart"),
    "charge_period_end": ("服务结束时间", "ServiceEndTime", "UsageEndTime", "ChargePeriodEnd"),
    "fee_kind": ("费用类型", "LineItemType", "Item", "ChargeCategory"),
    "product_code": ("产品Code", "ProductCode"),
    "commodity_code": ("商品Code", "CommodityCode", "x_CommodityCode"),
    "commodity_name": ("商品名称", "CommodityName", "ProductDetail", "x_CommodityName"),
    "item_code": ("计费项Code", "BillingItemCode", "x_BillingItemCode"),
    "item_name": ("计费项名称", "计费项", "BillingItemName", "BillingItem", "x_BillingItemName"),
    "resource_id": (
        "实例ID(出账粒度)",
        "资源实例ID",
        "实例ID",
        "InstanceID",
        "x_InstanceID",
        "资源ID",
        "资产ID",
        "ResourceId",
    ),
    "region_id": ("地域Code", "RegionCode", "RegionId", "地域", "Region"),
    "quantity_before": ("抵扣前用量", "用量", "Usage"),
    "quantity_deducted": ("抵扣用量", "资源包抵扣量", "DeductedByResourcePackage"),
    "quantity": ("用量信息/用量", "UsageDetails/Usage", "PricingQuantity"),
    "unit": ("用量单位", "UsageUnit", "PricingUnit"),
    "duration": ("时长", "ServicePeriod"),
    "duration_unit": ("时长单位", "ServicePeriodUnit"),
    "list_price": ("官网目录价", "目录价", "ListPrice", "ListUnitPrice"),
    "gross": ("目录总价", "GrossAmount", "PretaxGrossAmount", "ListCost"),
    "discount": ("优惠金额", "DiscountAmount", "InvoiceDiscount"),
    "coupon": ("优惠券抵扣金额", "DeductedByCoupons"),
    "payable": (
        "应付金额(含税)",
        "TaxInclusivePayableAmount",
        "应付金额(不含税)",
        "TaxExclusivePayableAmount",
        "应付金额",
        "PretaxAmount",
        "BilledCost",
    ),
    "currency": ("定价币种", "Currency", "BillingCurrency"),
    "tags": ("实例标签", "资源标签", "标签", "ResourceTag", "Tag", "Tags"),
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
