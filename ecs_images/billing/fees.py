"""Which fees follow an image through its lineage, who pays them, and what ends them (IBILL-5, ID-4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from ..catalog.images import find_public_image, known_references, marketplace_images
from ..catalog.instance_types import instance_type as type_of
from ..catalog.meters import MARKETPLACE_FEE, METERS, OS_LICENCE, STORAGE, units
from ..catalog.price_files import PriceRow
from ..catalog.prices import PriceBook, Prices, stated_by
from ..catalog.regions import region as known_region
from ..catalog.schemas import TABLES
from ..catalog.sites import sites
from ..errors import InputError, PriceNotFound, UnknownName, look_up, shown
from ..ledger.ledger import Ledger
from ..ledger.resources import Image, Lineage, published_lineage
from ..tables import answers
from ..units import Time, parse_time
from .metering import HasLedger, ledger_of

FEES = TABLES["fees"]
_Fields = dict[str, object]
_PAID = {
    "": "by time",
    "week": "by the week, in advance",
    "month": "by the month, in advance",
    "year": "by the year, in advance",
    "once": "once, for good",
}
_ENDS = {
    "": "release of the instance, a stop in economical mode, or a change to another system",
    "once": "never; a released instance leaves it to the next",
}
_TERM_ENDS = "the end of the term, unless it is renewed"


@answers(FEES)
def fees(
    cloud: HasLedger | Ledger,
    image: str | Image,
    *,
    account: str | None = None,
    region: str | None = None,
    instance_type: str | None = None,
    at: Time | None = None,
    prices: Prices | None = None,
) -> pd.DataFrame:
    """Which fees follow an image through its lineage, who pays them, what they cost, and what ends them.

    cloud: what happened: a cloud, or a ledger
    image: a custom image by its id or record; or a public one by its id, family or short name, or a marketplace
        one by its id or product code
    account: who launches it, which decides the price list; the owner of a custom image unless said
    region: where it is launched; where a custom image is unless said
    instance_type: of what type, for fees that go by size; ecs.g6.large unless said
    at: the day of the prices; None: the present of the cloud
    prices: the price books; None: `Prices.published()`

    Returns a table with a row for each way in which a fee may be paid (`fees.columns`); an image without a
    licence or a product has the row of its storage alone, and a public one none. Raises UnknownName for an image
    or an account that is not there, InputError where account or region must be said. IBILL-1, 5, LIC-1, MKT-2.
    """
    ledger = ledger_of(cloud)
    state, name = ledger.replay(), image.id if isinstance(image, Image) else image
    if not isinstance(prices, Prices | None):
        raise InputError(f"prices are a Prices object such as Prices.published(), not {shown(prices)}")
    if not isinstance(name, str):
        raise InputError(f"an image is given by its id, a name or its record, not as {shown(image)}")
    moment = parse_time(at, "at") if at is not None else getattr(cloud, "now", ledger[-1].at)
    own, listed = state.images.get(name), find_public_image(name, moment.date())
    lineage = own.lineage if own else published_lineage(listed.image_id if listed else name)
    if lineage is None:
        raise UnknownName("image", name, [*state.images, *known_references()])
    account = account or (own.account if own else None)
    region = region or (own.region if own else None)
    if account is None or region is None:
        raise InputError(f"{name} is nobody's own image; say which account launches it, and in which region")
    currency = sites()[look_up("account", account, state.accounts).site].currency
    book = (prices or Prices.published()).book(currency)
    vcpus = type_of(instance_type or "ecs.g6.large").vcpus
    if vcpus is None:
        raise InputError(f"the name of {instance_type} does not tell its vCPUs, by which fees go; give another type")
    place = known_region(region).region_id
    there = _At(book, place, moment, vcpus)
    rows = [_stored(own, there)] if own else []
    for meter, item, who in _followed(name, lineage):
        rows += _ways_to_pay(meter, item, who, there)
    return FEES.frame(pd.DataFrame(rows, columns=FEES.names))


def _followed(image: str, lineage: Lineage) -> Iterator[tuple[str, str, _Fields]]:
    """The fees of a lineage: meter, item, and where it comes from, who sells it and who pays."""
    origin = "the image itself" if lineage.origin == image else f"it comes from {lineage.origin}"
    if lineage.charged_system:
        who: _Fields = {"x_follows_from": origin, "x_sold_by": "Alibaba Cloud", "x_payer": "whoever launches it"}
        yield OS_LICENCE, lineage.charged_system, who
    if lineage.product_code:
        product = marketplace_images()[lineage.product_code]
        who = {"x_follows_from": f"{origin} ({product.name})", "x_sold_by": product.sold_by}
        yield MARKETPLACE_FEE, product.product_code, who | {"x_payer": "whoever launches it, anew for each launch"}


def _stored(image: Image, at: _At) -> _Fields:
    """The storage of a custom image, which its owner pays whether it is launched or not (IBILL-1, IBILL-6)."""
    who: _Fields = {
        "x_follows_from": "the snapshots behind it",
        "x_sold_by": "Alibaba Cloud",
        "x_payer": f"its owner, {image.account}",
        "x_ends": "deletion of the image and of its snapshots",
    }
    return who | at.priced(STORAGE, "", "", at.price(STORAGE, "", ""))


def _ways_to_pay(meter: str, item: str, who: _Fields, at: _At) -> Iterator[_Fields]:
    """A row by time, and one for each term in which it is sold at a published price."""
    hourly = at.price(meter, item, "")
    for term in dict.fromkeys(units()[unit].term for unit in METERS[meter].units):
        price = at.price(meter, item, term)
        if price is None and term:
            continue
        ends = {"x_ends": _ENDS.get(term, _TERM_ENDS)}
        # What a term costs, in hours of what an hour costs: 70.43 a month by 0.1041 an hour is 676.6 hours.
        hours = at.amount(price) / at.amount(hourly) if term and price and hourly and hourly.price else None
        yield who | ends | at.priced(meter, item, term, price) | {"x_break_even_hours": hours}


@dataclass(frozen=True)
class _At:
    """Where, when and for what size of instance prices are asked for."""

    book: PriceBook
    region: str
    moment: datetime
    vcpus: int

    def price(self, meter: str, item: str, term: str) -> PriceRow | None:
        """The price in force, the highest tier where there are several; None where there is none."""
        try:
            return self.book.at(meter, self.region, self.moment, item, self.vcpus, term)[-1]
        except PriceNotFound:
            return None

    def amount(self, price: PriceRow) -> float:
        """What an instance costs for an hour, or for a term."""
        assert price.price is not None
        return price.price * (self.vcpus if units()[price.unit].basis == "vCPU" else 1)

    def priced(self, meter: str, item: str, term: str, price: PriceRow | None) -> _Fields:
        """The columns that say how a fee is paid and what it costs."""
        known = f"{price.source}, {price.source_date}, {price.confidence}" if price else "not published"
        return {
            "sku_meter": meter,
            "x_item": item,
            "x_paid": _PAID[term],
            "list_unit_price": price.price if price else None,
            "billing_currency": self.book.currency,
            "pricing_unit": units()[price.unit].name if price else "",
            "x_break_even_hours": None,
            "x_stated_by": stated_by(price) if price else "",
            "x_price_source": known,
            "x_rules": " ".join(METERS[meter].rules),
        }
