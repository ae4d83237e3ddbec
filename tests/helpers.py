"""What many tests need: a small machine, and the proof that a refused command changed nothing."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ecs_images import Account, Cloud, CloudError, InputError
from ecs_images.catalog.price_files import PriceRow

ROOT = Path(__file__).resolve().parent.parent
BEIJING, HANGZHOU = "cn-beijing", "cn-hangzhou"
NOT_A_SIZE = (-1, 0, float("nan"), float("inf"), "40", True, None)
"""What no size above zero may be; None where the argument has no default."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, what it printed, and what it said on the error channel."""

    code: int
    out: str
    err: str


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, read without the package's own reader."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def tier(amount: float, low: float = 0, high: float = math.inf, **fields: object) -> PriceRow:
    """A toy price: `amount` CNY per GiB-hour of what lies between two totals, everywhere, since 2019."""
    return PriceRow(
        **{
            "meter": "snapshot_standard",
            "item": "",
            "region_id": "all_regions",
            "to_region_id": "",
            "billing_method": "pay_as_you_go",
            "from_quantity": low,
            "to_quantity": high,
            "quantity_unit": "GiB",
            "unit": "per_gib_hour",
            "currency": "CNY",
            "price": amount,
            "valid_from": date(2019, 1, 1),
            "valid_until": None,
            "valid_from_basis": "stated",
            "source": "toy page",
            "source_date": "2026-01-01",
            "confidence": "official",
            "status": "current",
            "note": "",
            **fields,
        }
    )


def machine(account: Account, *, region: str = BEIJING, written: float = 12, **others: object) -> str:
    """An instance with a 40 GiB system disk of which 12 GiB are written."""
    wanted: dict = {"image": "aliyun_3", "system_disk": 40, "written": written, **others}
    return account.run_instance(region=region, **wanted)


def golden_image(account: Account, name: str | None = None, **others: object) -> str:
    """An image whose instance is gone again: nothing uses it."""
    instance = machine(account, **others)
    image = account.create_image(instance, name=name)
    account.release_instance(instance, force=True)
    return image


def stored_gib(cloud: Cloud) -> float:
    """What all snapshot chains of a cloud store together."""
    return sum(cloud.chain(chain).total_gib for chain in cloud.state.chain_snapshots)


@contextmanager
def refused(cloud: Cloud, code: str, *, operation: str | None = None) -> Iterator[pytest.ExceptionInfo[CloudError]]:
    """The block is refused with this code and the HTTP status of the table, and nothing changed."""
    with unchanged(cloud), pytest.raises(CloudError) as caught:
        yield caught
    error = caught.value
    assert error.code == code, error
    assert operation in (None, error.operation), error.operation
    assert error.http_status in _statuses(error.operation, code), error.http_status
    assert str(error).startswith(f"{code}: ")
    assert len(error.reason) > 10, "a refusal says what happened"


@contextmanager
def unusable(cloud: Cloud, words: str | None = None) -> Iterator[pytest.ExceptionInfo[InputError]]:
    """The block is given a value that makes no sense: an InputError, and nothing changed."""
    with unchanged(cloud), pytest.raises(InputError, match=words) as caught:
        yield caught


@contextmanager
def unchanged(cloud: Cloud) -> Iterator[None]:
    """The block leaves no event behind, uses up no id and moves no clock."""
    before = list(cloud.ledger), dict(cloud.state.last_numbers), cloud.now
    yield
    assert (list(cloud.ledger), dict(cloud.state.last_numbers), cloud.now) == before


def _statuses(operation: str, code: str) -> set[int]:
    """The statuses that the published table gives, 0 where it gives none (UNK-9)."""
    rows = [row for row in read_csv(ROOT / "data" / "error_codes.csv") if row["code"] == code]
    for wanted in (operation, "any"):
        found = {int(row["http_status"] or 0) for row in rows if row["operation"] == wanted}
        if found:
            return found
    return {0}
