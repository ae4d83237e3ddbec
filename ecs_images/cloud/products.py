"""Commands on marketplace products: buy one as a step of its own, and give it back unused (MKT-1, MKT-6)."""

from __future__ import annotations

from datetime import timedelta

from ..catalog.images import marketplace_images
from ..catalog.rule_book import taken
from ..errors import InputError, did_you_mean, look_up, shown
from ..ledger import events as ev
from ..ledger.resources import Billing, BoughtAs, Lineage, Purchase
from ..units import show_time
from .arguments import ProductCode, PurchaseRef, RefundDays, RegionName
from .control import Control
from .request import Caller, Request, command


class ProductCommands(Caller):
    """Commands on marketplace products."""

    __slots__ = ()

    @command
    def buy_product(
        self,
        product: ProductCode,
        *,
        region: RegionName,
        billing: BoughtAs = "pay_as_you_go",
        refund_days: RefundDays | None = None,
    ) -> PurchaseRef:
        """Buy a marketplace product, for one instance at a time in one region (MKT-1). Returns the purchase's id.

        A subscription of a product cannot be bought alone: it is prepaid with a subscription instance (MKT-2).

        product: its product code
        region: where it may be used
        billing: pay_as_you_go, whose fee runs with an instance, or once, for good (MKT-3)
        refund_days: by the product's own terms, how long it may be given back unused; not at all unless
            said, since no such terms are published (UNK-17) [day]
        """
        request = self._request("CreateOrder")
        region = request.region(region)
        _check_sold(request, product, region)
        if refund_days is not None and billing != "once":
            raise InputError("refund_days is for billing=once; pay_as_you_go prepays nothing that could be paid back")
        until = request.now + timedelta(days=refund_days) if refund_days else None
        (purchase,) = request.control.new_ids("purchase", 1)
        request.control.record(
            ev.ProductBought(
                at=request.now,
                purchase=purchase,
                account=request.account,
                region=region,
                product=product,
                billing=billing,
                refund_until=until,
                assumed=("ASSUME-13", *(() if marketplace_images()[product].regions else ("ASSUME-3",))),
            )
        )
        return purchase

    @command
    def refund_product(self, purchase: PurchaseRef) -> None:
        """Give a product back that was bought for good and never used; what it cost is paid back (MKT-6).

        purchase: the purchase's id
        """
        control = self._control
        own = {name: bought for name, bought in control.state.purchases.items() if bought.account == self.name}
        if why := _why_no_refund(control, look_up("purchase", purchase, own)):
            raise InputError(f"{purchase} {why} (MKT-6)")
        control.record(ev.PurchaseRefunded(at=control.now, purchase=purchase))


def _why_no_refund(control: Control, bought: Purchase) -> str:
    if bought.refunded_at:
        return f"was given back on {show_time(bought.refunded_at)}"
    if bought.billing != "once":
        return "is pay-as-you-go: nothing is prepaid that could be paid back"
    if bought.used:
        return "was used; only an unused image is taken back"
    if bought.refund_until is None:
        return "has no agreed time in which it is taken back; buy_product takes refund_days"
    if control.now > bought.refund_until:
        return f"could be given back until {show_time(bought.refund_until)}"
    return ""


def _check_sold(request: Request, product: str, region: str) -> None:
    known, site = marketplace_images().get(product), request.state.accounts[request.account].site
    if known is None:
        why = f"no marketplace product has the code {shown(product)}{did_you_mean(product, marketplace_images())}"
    elif why := known.why_not_sold(site, region):
        why = f"{product} {why}" + (f"; {request.account} is on the {site} site" if known.site != site else "")
    else:
        return
    raise request.refusal("InvalidMarketImage.NotFound", why, product=product)


def purchase_for(request: Request, lineage: Lineage, region: str, billing: Billing) -> str | None:
    """The purchase that a new use of a product takes; None where starting from the image buys it (ASSUME-4, MKT-4).

    A product bought for good goes first, and with a subscription only that: what a subscription pays for is
    bought with it (MKT-2). Refused where a product must be bought before, and is not (MKT-1).
    """
    if lineage.product_code is None:
        return None
    state = request.state
    kept = state.index.purchases.of("product", request.account, region, lineage.product_code)
    unused = [
        bought
        for bought in map(state.purchases.__getitem__, kept)
        if not ev.purchase_in_use(state, bought.id) and (bought.billing == "once" or billing == "pay_as_you_go")
    ]
    if not unused and billing == "pay_as_you_go" and taken("ASSUME-4", request.state.assume) == "bought_before":
        raise request.refusal(
            "QuotaExceed.BuyImage",
            f"{lineage.product_code} is not bought in {region}, or every purchase is in use; buy_product first (MKT-1)",
            product=lineage.product_code,
        )
    return min(unused, key=lambda bought: bought.billing != "once").id if unused else None
