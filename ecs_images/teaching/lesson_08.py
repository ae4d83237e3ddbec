"""The tasks of lesson 08: what does a golden-image pipeline cost in a year?"""

from __future__ import annotations

from functools import cache

from ..billing.bill import Bill, bill
from ..catalog.files import data_path
from ..catalog.prices import Prices
from ..stories.story import Story
from .task import Slip, Task

_STORAGE = "snapshot_standard"
_REGIONS = ("cn-beijing", "cn-shanghai", "cn-hongkong", "ap-southeast-1")


@cache
def _year(kept: int = 12, worker: str = "ecs.g7.xlarge", begin: int | None = None) -> Bill:
    """The bill of the pipeline's year with so many versions kept, the workers on this instance type.

    The first version is deleted in round `begin`, by default the one after so many.
    """
    text = data_path("stories/golden_pipeline.yaml").read_text(encoding="utf-8")
    text = text.replace("week-12", f"week-{kept}").replace("rounds: 13-", f"rounds: {begin or kept + 1}-")
    text = text.replace("ecs.g7.xlarge", worker)
    prices = Prices.published(data_path("examples/example_prices_china.csv"))
    return bill(Story.parse(text).run().cloud, until="2026-09-01", prices=prices)


def _storage(*regions: str, kept: int = 12, begin: int | None = None) -> float:
    """What acme's storage in these regions costs in the year [CNY]."""
    parts = _year(kept, begin=begin).by("region", "meter")
    stored = (parts["sku_meter"] == _STORAGE) & parts["region_id"].isin(regions)
    return float(parts.loc[stored, "list_cost"].sum())


def _of_partner(worker: str) -> float:
    """What partner's bill is in the year [CNY]."""
    parts = _year(worker=worker).by("account")
    return float(parts.loc[parts["billing_account_id"] == "partner", "list_cost"].sum())


TASKS: dict[str, Task] = {
    "08-small": Task(
        wanted="partner's bill for the year, with the worker on 2 vCPUs",
        unit="CNY",
        right=lambda: _of_partner("ecs.g7.large"),
        because="The licence counts vCPUs and time, and whoever launches pays it (LIC-4, IBILL-5).",
        slips=(
            Slip(lambda: _of_partner("ecs.g7.xlarge"), "That is with 4 vCPUs; the price is for each vCPU."),
            Slip(lambda: _of_partner("ecs.g7.large") / 4, "That is one fortnight; there are four in the year."),
            Slip(lambda: 0, "partner owns no image, and still pays for what it launches (IBILL-5)."),
        ),
        hint="2 vCPUs × price × 336 h, four times; the table of who pays has it for 4 vCPUs.",
    ),
    "08-medium": Task(
        wanted="acme's storage in the year, with copies in Shanghai only",
        unit="CNY",
        right=lambda: _storage(*_REGIONS[:2]),
        because="Every region has its own copies and its own price, so regions simply add up (COPY-10).",
        slips=(
            Slip(lambda: _storage(*_REGIONS[2:]), "That is what is saved; what is left?"),
            Slip(lambda: _storage(_REGIONS[1]), "That is Shanghai alone; the originals stay in Beijing."),
            Slip(lambda: _storage(_REGIONS[0]), "That is Beijing alone; the copies in Shanghai cost too."),
            Slip(lambda: 2 * _storage(_REGIONS[0]), "That takes copies to be incremental; they are full (COPY-2)."),
            Slip(lambda: _storage(*_REGIONS) / 2, "That halves the bill, but home costs less than half of it."),
        ),
        hint="Storage in Beijing and storage in Shanghai; `waterfall` and `bill.by` show both.",
    ),
    "08-large": Task(
        wanted="acme's storage in the year, with four versions kept everywhere",
        unit="CNY",
        right=lambda: _storage(*_REGIONS, kept=4),
        because="Copies are full, so almost two thirds of them go; at home the base stays (COPY-2, CHAIN-2).",
        slips=(
            Slip(lambda: _storage(*_REGIONS), "That is with twelve versions: run the changed file, and bill that run."),
            Slip(lambda: _storage(*_REGIONS, kept=4, begin=13), "Deletions begin in week 5: change `rounds: 13-`."),
            Slip(lambda: _storage(*_REGIONS[1:], kept=4), "That is the copies; the originals at home cost too."),
            Slip(lambda: _storage(*_REGIONS, kept=5), "That keeps five: in which round is the first one deleted?"),
            Slip(lambda: _storage(*_REGIONS) - _storage(*_REGIONS, kept=4), "That is what is saved; what is left?"),
        ),
        hint="Run the changed story with the example prices and read acme's snapshot_standard.",
    ),
}
