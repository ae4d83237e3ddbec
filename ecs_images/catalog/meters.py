"""What bills meter: for each meter what is counted, the units it may be priced in, and its rules.

Metering, rating, price files, explanations, the price browser and the data dictionary read this one
table, and charts write a meter's name in the same words. A new meter is one row of `meters.csv`;
`billing.metering` says when its use begins and ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Literal

from ..errors import InputError, look_up, shown
from ..units import BYTES_PER_GIB, in_words
from .files import records

Basis = Literal["GiB", "vCPU", "Instance", ""]
Counts = Literal["byte", "instance"]
Item = Literal["", "system", "product", "region", "category", "type"]

PARTS_OF_A_TERM = 10**12
"""Usage counts whole numbers, so that sums stay exact; half a month that is prepaid is half so many parts."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a price is for.

    unit: what price files call it
    basis: GiB, vCPU or Instance; empty for units that no meter is priced in
    hours: how long it is held for that price [hour]
    name: how bills write the unit
    once: the price is for the quantity itself, however long it takes; such use is metered as one hour
    term: what is paid for in advance: week, month or year, or once for good; empty where use is paid by time
    """

    unit: str
    basis: Basis
    hours: float
    name: str
    once: bool
    term: str

    @property
    def consumed(self) -> str:
        """The unit in which use is shown, such as GiB-Hour."""
        return self.name if self.term else self.basis if self.once else f"{self.basis}-Hour"

    @property
    def billing_method(self) -> Literal["pay_as_you_go", "subscription"]:
        """How a fee with a price in this unit is paid: what is for a term, or for good, is prepaid."""
        return "subscription" if self.term else "pay_as_you_go"

    def per_quantity(self, vcpus: int) -> float:
        """How much of the basis one byte, one instance of so many vCPUs, or one part of a term is."""
        amount = {"GiB": 1 / BYTES_PER_GIB, "vCPU": vcpus}.get(self.basis, 1)
        return amount / PARTS_OF_A_TERM if self.term else amount


@cache
def units() -> Mapping[str, Unit]:
    """Every unit a price may have, by name; a pricing month has 720 hours (BILL-2), and OSS prints GB (ASSUME-7)."""
    return records(Unit, "units.csv")


@dataclass(frozen=True, slots=True)
class Meter:
    """Something that bills meter.

    name: as in price files and charges
    counts: what a row of usage counts, whole bytes or instances
    units: the units its prices may have, the usual one first
    item: what `item` of a price and of usage names: nothing, an operating system, a product code, a category
        of disks, an instance type, or, for what is sent, the region it goes to (`to_region_id` in price files)
    rules: ids of the rules that an amount follows from
    chinese: what the service calls it, where the glossary has a word
    free_unless_priced: no source names a fee, so it is 0 by an assumption until a price row says otherwise
    on_request: bills leave it out unless it is asked for, because it is no cost of images themselves
    service: its service, of which FOCUS wants one category each, with `service_category` and `service_subcategory`
    """

    name: str
    counts: Counts
    units: tuple[str, ...]
    item: Item
    rules: tuple[str, ...]
    chinese: str
    free_unless_priced: bool
    on_request: bool
    service: str
    service_category: str
    service_subcategory: str

    @property
    def label(self) -> str:
        """The meter in English words."""
        return in_words(self.name)

    def consumed_unit(self, term: str) -> str:
        """The unit in which use is shown where no price says another: GiB-Hour, Instance-Hour, or Instance-Month."""
        if self.counts == "byte":
            return units()[self.units[0]].consumed
        return {"": "Instance-Hour", "once": "Purchase"}.get(term, f"Instance-{term.title()}")

    @property
    def bounds(self) -> Literal["GiB", "vCPU"]:
        """What bounds of its prices count: tiers of GiB, or bands of the size of an instance (LIC-4)."""
        return "GiB" if self.counts == "byte" else "vCPU"


STORAGE, OS_LICENCE, MARKETPLACE_FEE = "snapshot_standard", "os_licence", "marketplace_fee"
COPY_TRAFFIC, IMAGE_TRAFFIC = "snapshot_copy_traffic", "image_copy_traffic"
FILE_STORAGE, FILE_TRAFFIC = "oss_standard_lrs_storage", "oss_cross_region_replication"
DISK, INSTANCE = "disk", "instance"

METERS = records(Meter, "meters.csv")
"""Every meter by its name."""


def asked_for(meters: str | Iterable[str] | None) -> frozenset[str]:
    """The meters that are billed beside the usual ones.

    meters: "all", or one or several names of meters that bills leave out otherwise, such as disk; None: none

    Raises UnknownName, and InputError for a meter that is billed in any case.
    """
    on_request = {name: meter for name, meter in METERS.items() if meter.on_request}
    if meters is None or meters == "all":
        return frozenset(on_request if meters else ())
    if not isinstance(meters, str | Sequence | Set):
        raise InputError(f'meters is "all" or names such as {" and ".join(on_request)}, not {shown(meters)}')
    names = [meters] if isinstance(meters, str) else list(meters)
    for name in names:
        if name in METERS and name not in on_request:
            raise InputError(f"{name} is billed in any case; meters adds {', '.join(on_request)} or all")
        look_up("meter to add", name, on_request)
    return frozenset(names)


def goes_to_a_region(meter: str) -> bool:
    """Whether a meter bills what is sent from one region to another."""
    return meter in METERS and METERS[meter].item == "region"


def item_in_words(meter: str, item: str, term: str = "") -> str:
    """The item of a meter, for a sentence: of what is sent, the region it goes to; of what is prepaid, its term too."""
    prepaid = {"": "", "once": " once for good"}.get(term, f" by the {term}")
    return f"to {item}" if goes_to_a_region(meter) else f"{item}{prepaid}"
