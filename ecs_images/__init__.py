"""Alibaba Cloud ECS images: what you may do with them, and what they cost.

import ecs_images as ecs

cloud = ecs.Cloud(start="2026-01-15")
acme = cloud.account("acme")
web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=12)
golden = acme.create_image(web, name="golden-v1")
ecs.bill(cloud, until="2026-03-01").by("month", "meter")

Examples in docstrings go on from these lines; in those of bills `bill` is `ecs.bill(cloud, until="2026-02-14")`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import charts as charts
    from . import teaching as teaching
    from . import widgets as widgets
    from .accounts.bill_files import read_bill as read_bill
    from .accounts.inventory import Inventory as Inventory
    from .accounts.reconcile import reconcile as reconcile
    from .billing.bill import Bill as Bill
    from .billing.bill import bill as bill
    from .billing.fees import fees as fees
    from .billing.levels import usage_levels as usage_levels
    from .billing.metering import measure as measure
    from .billing.rating import rate as rate
    from .billing.rating import rate_levels as rate_levels
    from .billing.scale import levels_sql as levels_sql
    from .billing.scale import read_usage_levels as read_usage_levels
    from .catalog.files import sample as sample
    from .catalog.listing import changed_rules as changed_rules
    from .catalog.listing import images as images
    from .catalog.listing import instance_types as instance_types
    from .catalog.listing import products as products
    from .catalog.listing import regions as regions
    from .catalog.listing import rules as rules
    from .catalog.prices import Prices as Prices
    from .cloud.account import Account as Account
    from .cloud.cloud import Cloud as Cloud
    from .decisions.breakeven import break_even as break_even
    from .decisions.breakeven import break_even_surface as break_even_surface
    from .decisions.machines import Machines as Machines
    from .decisions.plan import plan as plan
    from .decisions.routes import routes as routes
    from .decisions.updates import Updates as Updates
    from .errors import CloudError as CloudError
    from .errors import EcsImagesError as EcsImagesError
    from .errors import FileProblems as FileProblems
    from .errors import InputError as InputError
    from .errors import MixedCurrencies as MixedCurrencies
    from .errors import PriceNotFound as PriceNotFound
    from .errors import UnknownName as UnknownName
    from .ledger.ledger import Ledger as Ledger
    from .stories.story import Story as Story

__version__ = "0.2.0"

_HOMES = {
    "accounts.bill_files": "read_bill",
    "accounts.inventory": "Inventory",
    "accounts.reconcile": "reconcile",
    "billing.bill": "Bill bill",
    "billing.fees": "fees",
    "billing.levels": "usage_levels",
    "billing.metering": "measure",
    "billing.rating": "rate rate_levels",
    "billing.scale": "levels_sql read_usage_levels",
    "catalog.files": "sample",
    "catalog.listing": "changed_rules images instance_types products regions rules",
    "catalog.prices": "Prices",
    "cloud.account": "Account",
    "cloud.cloud": "Cloud",
    "decisions.breakeven": "break_even break_even_surface",
    "decisions.machines": "Machines",
    "decisions.plan": "plan",
    "decisions.routes": "routes",
    "decisions.updates": "Updates",
    "errors": "CloudError EcsImagesError FileProblems InputError MixedCurrencies PriceNotFound UnknownName",
    "ledger.ledger": "Ledger",
    "stories.story": "Story",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
_ROOMS = ("charts", "teaching", "widgets")

__all__ = sorted([*_HOME, *_ROOMS])


def __getattr__(name: str) -> Any:
    """Load a name on first use: what needs no tables, plots or YAML does not wait for their libraries."""
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
