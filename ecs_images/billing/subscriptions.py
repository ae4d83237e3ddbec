"""Fees that are paid at once: of subscriptions, prepaid with the instance, and of products bought for good.

A licence or a marketplace product is prepaid for the instance's periods when it is launched or renewed, at the
price of that day (IBILL-2, MKT-2); whatever image it is launched from, each launch is a new purchase (MKT-4).
When the system of a subscription changes, the rest of its time is settled: the new licence is charged and the old
one credited for the periods left (OS-6), and a product that is not the same is charged for them, the one
before credited only where its supplier pays back (MKT-5, UNK-17). Credits are at the list price of the day.

Example: three months of Red Hat at 70.43 CNY a vCPU-month for 2 vCPUs cost 3 × 2 × 70.43 at launch. Changed to
Ubuntu when one and a half months are left, 1.5 × 2 × 70.43 are credited, and 0 is charged for Ubuntu.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from ..catalog.images import marketplace_images
from ..catalog.meters import INSTANCE, MARKETPLACE_FEE, OS_LICENCE
from ..catalog.rule_book import taken
from ..ledger import events as ev
from ..ledger.ledger import Ledger
from ..ledger.resources import Lineage
from ..ledger.state import State
from ..ledger.terms import periods_left

_Fees = tuple[tuple[str, str | None], ...]
"""Pairs of a meter and an item, None where there is no such fee."""


@dataclass(frozen=True, slots=True)
class Prepaid:
    """Something paid at once, or credited where it counts less than 0 terms.

    at: when
    account: who pays
    region: where it is used
    meter: os_licence or marketplace_fee
    item: the operating system or the product code
    vcpus: size of the instance; 0 for a product bought alone [vCPU]
    term: week, month, year, or once for good
    terms: how many of them
    resource: the instance, or the purchase
    image: the image it runs from, or that of the product
    """

    at: datetime
    account: str
    region: str
    meter: str
    item: str
    vcpus: int
    term: str
    terms: Fraction
    resource: str
    image: str


@dataclass(slots=True)
class _Subscription:
    launched: ev.InstanceLaunched
    periods: int
    image: str
    lineage: Lineage
    purchase: str | None

    def pays(self, at: datetime, terms: Fraction, fees: _Fees) -> Iterator[Prepaid]:
        """The fees that there are of these, for so many terms."""
        launched = self.launched
        for meter, item in fees:
            if item and terms:
                yield Prepaid(
                    at=at,
                    account=launched.account,
                    region=launched.region,
                    meter=meter,
                    item=item,
                    vcpus=launched.vcpus,
                    term=str(launched.period),
                    terms=terms,
                    resource=launched.instance,
                    image=self.image,
                )

    @property
    def machine(self) -> _Fees:
        """The machine with the disks that it is launched with, which are prepaid too."""
        return ((INSTANCE, self.launched.instance_type),)

    @property
    def fees(self) -> _Fees:
        """What is prepaid with it: not a product that was bought for good (MKT-3)."""
        product = None if self.purchase else self.lineage.product_code
        return (OS_LICENCE, self.lineage.charged_system), (MARKETPLACE_FEE, product)

    def left(self, at: datetime) -> Fraction:
        """The periods that are left at a moment."""
        assert self.launched.period is not None
        return periods_left(self.launched.at, self.launched.period, self.periods, at)

    def change(self, event: ev.SystemDiskReplacementStarted, at: datetime) -> Iterator[Prepaid]:
        """Settle a change of system at a moment, and go on with the new one."""
        left, before, system, product = self.left(at), self.fees, self.lineage.charged_system, self.lineage.product_code
        other_system, other_product = system != event.lineage.charged_system, product != event.lineage.product_code
        if other_system:
            yield from self.pays(at, -left, before[:1])
        if other_product and event.refunded:
            yield from self.pays(at, -left, before[1:])
        self.image, self.lineage, self.purchase = event.image, event.lineage, event.purchase
        if other_system:
            yield from self.pays(at, left, self.fees[:1])
        if other_product:
            yield from self.pays(at, left, self.fees[1:])


_OF_PREPAID: tuple[type[ev.Event], ...] = (
    ev.ProductBought,
    ev.PurchaseRefunded,
    ev.InstanceLaunched,
    ev.InstanceRenewed,
    ev.SystemDiskReplacementStarted,
    ev.SystemDiskReplaced,
)
"""The kinds of events with which something is paid at once."""


def prepaid(ledger: Ledger, state: State, assume: Mapping[str, str]) -> Iterator[Prepaid]:
    """Everything in a ledger that is paid at once, machines included.

    ledger: what happened
    state: the state after it
    assume: what is supposed instead of defaults; UNK-5 says when a change of system counts
    """
    late = taken("UNK-5", assume) == "completion"
    subscriptions: dict[str, _Subscription] = {}
    changes: dict[str, ev.SystemDiskReplacementStarted] = {}
    for event in ledger.of(*_OF_PREPAID):
        match event:
            case ev.ProductBought(billing="once") | ev.PurchaseRefunded():
                bought = state.purchases[event.purchase]
                terms = Fraction(1 if isinstance(event, ev.ProductBought) else -1)
                yield Prepaid(
                    at=event.at,
                    account=bought.account,
                    region=bought.region,
                    meter=MARKETPLACE_FEE,
                    item=bought.product,
                    vcpus=0,
                    term="once",
                    terms=terms,
                    resource=bought.id,
                    image=marketplace_images()[bought.product].image_id,
                )
            case ev.InstanceLaunched(billing="subscription"):
                began = _Subscription(event, event.periods, event.image, event.lineage, event.purchase)
                subscriptions[event.instance] = began
                yield from began.pays(event.at, Fraction(event.periods), began.machine + began.fees)
            case ev.InstanceRenewed():
                renewed = subscriptions[event.instance]
                renewed.periods += event.periods
                yield from renewed.pays(event.at, Fraction(event.periods), renewed.machine + renewed.fees)
            case ev.SystemDiskReplacementStarted() if event.instance in subscriptions:
                changes[event.instance] = event
                if not late:
                    yield from subscriptions[event.instance].change(event, event.at)
            case ev.SystemDiskReplaced() if late and event.instance in subscriptions:
                yield from subscriptions[event.instance].change(changes[event.instance], event.at)
            case _:
                pass
