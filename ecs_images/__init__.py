"""Alibaba Cloud ECS images: what you may do with them, and what they cost.

import ecs_images as ecs

cloud = ecs.Cloud(start="2026-01-15")
acme = cloud.account("acme")
web = acme.run_instance(region="cn-beijing", image="aliyun_3", system_disk=40, written=12)
golden = acme.create_image(web, name="golden-v1")
ecs.bill(cloud, until="2026-03-01").by("month", "meter")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .billing.bill import Bill, bill
from .billing.metering import measure
from .billing.rating import rate
from .catalog.prices import Prices
from .catalog.regions import regions
from .catalog.tables import rules
from .cloud.account import Account
from .cloud.cloud import Cloud
from .cloud.ledger import Ledger
from .decisions.breakeven import break_even, break_even_surface
from .decisions.plan import plan
from .decisions.routes import routes
from .decisions.updates import Updates
from .errors import (
    CloudError,
    EcsImagesError,
    FileProblems,
    InputError,
    MixedCurrencies,
    PriceNotFound,
    UnknownName,
)

if TYPE_CHECKING:
    from . import charts as charts
    from . import teaching as teaching
    from . import widgets as widgets
    from .cloud.story import Story as Story

__all__ = [
    "Account",
    "Bill",
    "Cloud",
    "CloudError",
    "EcsImagesError",
    "FileProblems",
    "InputError",
    "Ledger",
    "MixedCurrencies",
    "PriceNotFound",
    "Prices",
    "Story",
    "UnknownName",
    "Updates",
    "bill",
    "break_even",
    "break_even_surface",
    "charts",
    "measure",
    "plan",
    "rate",
    "regions",
    "routes",
    "rules",
    "teaching",
    "widgets",
]


def __getattr__(name: str) -> Any:
    """What needs a plotting or a YAML library, or is for lessons only, is loaded on first use."""
    from importlib import import_module

    if name in ("charts", "teaching", "widgets"):
        return import_module(f".{name}", __name__)
    if name == "Story":
        return import_module(".cloud.story", __name__).Story
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
