"""The columns of the provider's detail bill, in the order of a real file of 2026-05; no logic."""

from __future__ import annotations

_GROUPS = {
    "标识信息": "账单明细ID 订单号",
    "身份信息": "客户名称 资源购买账号ID 资源购买账号 资源归属账号ID 资源归属账号",
    "账单信息": "服务主体 账单月份 账单日期 费用类型 交易类型 消费时间 服务开始时间 服务结束时间",
    "产品信息": "产品Code 产品名称 商品Code 商品名称 计费项Code 计费项名称 选型配置 规格",
    "资源信息": "资源ID 实例ID（出账粒度） 资源名称 地域Code 地域 可用区",
    "时长信息": "抵扣前时长 抵扣时长 时长 时长单位 时长详情",
    "用量信息": "抵扣前用量 抵扣用量 用量 用量单位 用量详情",
    "定价信息": "官网目录价 价格单位 目录价用量阶梯 用量阶梯累计规则 目录价转换信息 目录价因子 定价币种",
    "费用信息": "目录总价 计费公式 计费辅助信息 计费过程 计费规则说明",
    "订阅抵扣信息": "订阅抵扣目录总价 订阅抵扣后金额 订阅抵扣金额 订阅抵扣详情",
    "优惠信息": "优惠金额 优惠后金额 优惠详情",
    "优惠券抵扣信息": "优惠券抵扣金额 优惠券抵扣详情",
    "应付信息": "应付金额（含税）",
}
DETAIL_COLUMNS = tuple(f"{group}/{name}" for group, names in _GROUPS.items() for name in names.split())
"""All 61 headers, each with its group; the last is that of the china site, whose amounts have the tax in them."""
WITHOUT_TAX = "应付信息/应付金额（不含税）"
"""The last header on the international site, whose amounts have no tax in them."""
