"""How fast the ledger of an estate is read and billed, from lines, from columns and from memory, each against a rival.

    python tests/benchmarks/ledgers.py

Under a minute. Times are processor time, so that other work on the machine counts little; what is to be read are
the ratios of one run. The estate is that of `run.py`: 276,006 events.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import ecs_images as ecs
from ecs_images.billing.metering import billing_window, usage_of
from run import UNTIL, estate, one_price_everywhere

T = TypeVar("T")


def seconds(work: Callable[[], T]) -> float:
    """The least processor time of three runs."""
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


def row(what: str, ours: float, rival: float, against: str, target: str) -> None:
    print(f"{what:<34}{ours:6.2f} s, {rival / ours:5.1f} times as fast as {against}   (target: {target})")


def loads(lines: Path, columns: Path) -> None:
    """Reading a file, against reading the JSON of its lines and doing nothing with it."""
    texts = lines.read_text(encoding="utf-8").splitlines()
    rival = seconds(lambda: [json.loads(text) for text in texts])
    for what, path, target in (("lines", lines, "under 3 s"), ("columns", columns, "under 1 s")):
        row(f"load from {what}", seconds(lambda path=path: ecs.Ledger.load(path)), rival, "the JSON alone", target)


def measures(ledger: ecs.Ledger) -> None:
    """The usage of a ledger, against the same from a replay of all its events."""
    window = billing_window(ledger, UNTIL, None)
    rival = seconds(lambda: usage_of(ledger, ledger.replay(), window, {}))
    row("measure", seconds(lambda: ecs.measure(ledger, until=UNTIL)), rival, "a replay of all events", "3 times")


def bills(ledger: ecs.Ledger, columns: Path) -> None:
    """A bill by month, region and account, against reading the events and replaying them."""
    prices = one_price_everywhere()

    def work(source: ecs.Ledger) -> None:
        ecs.bill(source, until=UNTIL, prices=prices).by("month", "region", "account")

    rival = seconds(lambda: ecs.Ledger(ecs.Ledger.load(columns)).replay())
    against = "to read and replay it"
    row("bill from memory", seconds(lambda: work(ledger)), rival, against, "under 0.8 s")
    row("bill from a file of columns", seconds(lambda: work(ecs.Ledger.load(columns))), rival, against, "under 1.5 s")


def main() -> None:
    ledger = estate()
    with TemporaryDirectory() as folder:
        lines, columns = Path(folder) / "estate.jsonl", Path(folder) / "estate.parquet"
        ledger.save(lines)
        ledger.save(columns)
        sizes = [path.stat().st_size / 1e6 for path in (lines, columns)]
        print(f"{len(ledger):,} events; {sizes[0]:.0f} MB of lines, {sizes[1]:.0f} MB of columns")
        loads(lines, columns)
        measures(ledger)
        bills(ledger, columns)


if __name__ == "__main__":
    main()
