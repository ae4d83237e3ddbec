"""What the lines of a bill that name an instance, a disk or a product should cost, by an inventory that has them.

How long something ran no inventory says, but the line does. So the hours are the line's own, and compared is what an
hour costs: by the type of the machine, the size of the disk, and the system and product of the image, at list price.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..cards import counted
from ..catalog.meters import DISK, INSTANCE, MARKETPLACE_FEE, OS_LICENCE, units
from ..catalog.prices import Prices
from ..errors import PriceNotFound
from .bill_arithmetic import Line
from .chains import records
from .costs import Fees, category_of, vcpus_of
from .inventory import Inventory
from .modelled import Cell, Model

_NAMED = frozenset((INSTANCE, OS_LICENCE, MARKETPLACE_FEE, DISK))
OUTSIDE = "outside the model"


def add_named_use(model: Model, inventory: Inventory, lines: Iterable[Line], prices: Prices) -> list[Line]:
    """Add to a model what lines that name something should cost, for as long as they say.

    Returns the lines; those that name what no list of the inventory has are marked as outside the model.
    """
    lines = list(lines)
    meters = {line.meter for line in lines}
    book = _Book(inventory, prices, INSTANCE in meters and OS_LICENCE not in meters)
    found, outside = [], set()
    for line in lines:
        if line.meter not in _NAMED or line.kind not in ("usage", "purchase") or line.account not in model.accounts:
            found.append(line)
            continue
        cell = Cell(line.account, line.currency, line.region, line.meter, line.day or line.month)
        price = book.price_of(line)
        if isinstance(price, Decimal) and line.before is not None:
            model.cost[cell] += price * line.before
            model.quantity[cell] += line.before
            model.basis[cell] = "the hours of the lines, at the price of what they name"
        elif price == OUTSIDE:
            outside.add(line.resource)
            line = line._replace(kind=OUTSIDE)
        else:
            model.why[cell] = price if isinstance(price, str) else "the line says neither a use nor how long it lasted"
        found.append(line)
    if outside:
        named = f"{counted(len(outside), 'resource')} that no list of the inventory has, such as {min(outside)[:40]}"
        model.remarks += (f"lines of the bill name {named}",)
    return found


@dataclass
class _Book:
    """Prices of what lines name.

    licence_inside: whether the lines of machines have the licences in them, because the bill has no others
    """

    inventory: Inventory
    prices: Prices
    licence_inside: bool

    def __post_init__(self) -> None:
        self._instances = {row.instance_id: row for row in records(self.inventory, "instances")}
        self._disks = {row.disk_id: row for row in records(self.inventory, "disks")}
        self._fees = Fees(self.inventory, self.prices)

    def price_of(self, line: Line) -> Decimal | str:
        """The list price of a unit of a line; or why there is none, which is `OUTSIDE` for what is in no list."""
        name, *more = line.resource.split(";")
        if line.kind == "purchase":
            return "it is paid for a term, which an inventory does not say"
        if name in self._disks and line.meter == DISK:
            disk = self._disks[name]
            size = Decimal(1) if "g" in line.unit.lower() else Decimal(disk.size_gib)
            return self._hour(line, [(DISK, category_of(disk), 0)], size)
        if name in self._instances:
            return self._of_instance(line, self._instances[name])
        if name == line.region and more:  # the item and the size, as bills that this toolkit writes name them
            vcpus = int(more[1]) if len(more) > 1 and more[1].isdigit() else 0
            return self._hour(line, [(line.meter, more[0], vcpus)])
        return OUTSIDE if name.startswith(("i-", "d-")) else "the line names no instance, disk or product"

    def _of_instance(self, line: Line, row: Any) -> Decimal | str:
        image, kind = row.image_id, row.instance_type
        vcpus = vcpus_of(kind)
        if vcpus is None:
            return f"how many vCPUs {kind} has is not known"
        system, product = self._fees.system_of(image), self._fees.product_of(image)
        if line.meter == MARKETPLACE_FEE:
            return self._hour(line, [(MARKETPLACE_FEE, product, vcpus)]) if product else f"{image} has no product"
        if line.meter == DISK:
            return "the line names the instance, not the disk"
        if system is None and (line.meter == OS_LICENCE or self.licence_inside):
            return f"the system of its image {image} is not told"
        licence = [(OS_LICENCE, system, vcpus)] if system else []
        if line.meter == OS_LICENCE:
            return self._hour(line, licence) if licence else f"the system of {image} has no licence to pay"
        return self._hour(line, [(INSTANCE, kind, 0), *(licence if self.licence_inside else [])])

    def _hour(self, line: Line, parts: list[tuple[str, str, int]], size: Decimal = Decimal(1)) -> Decimal | str:
        """What parts, each a meter, an item and vCPUs, cost in a unit of a line."""
        if line.currency not in self.prices.books:
            return f"there is no price book in {line.currency or 'no currency'}"
        if not line.month and not line.day:
            return "the line names no day and no month, and prices change"
        total = Decimal()
        for meter, item, vcpus in parts:
            day = line.day or f"{line.month}-01"
            try:
                tiers = self.prices.book(line.currency).at(meter, line.region, day, item, vcpus)
            except PriceNotFound:
                return f"the price book has no price of {item} there"
            if len(tiers) > 1:
                return f"{item} has several prices by how much is used"
            tier, unit = tiers[0], units()[tiers[0].unit]
            by_vcpu = unit.basis == "vCPU" and not ("核" in line.unit or "vcpu" in line.unit.lower())
            total += Decimal(repr(tier.price)) / Decimal(unit.hours) * (vcpus if by_vcpu else 1)
        return total * size
