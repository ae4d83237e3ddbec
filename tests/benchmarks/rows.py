"""One row of the table of benchmarks: a piece of work, done by us and by named rivals in turns, and how it grows.

Every run has a process of its own, in which the package and its libraries are loaded before (100 MiB), so that its
peak of memory is its own. Rivals are compared by time in turns, growth is told by processor time, in which other work
on the machine counts little.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

OURS = "ecs_images"
_Answer = TypeVar("_Answer")
Work = Callable[[], Sequence[float]]
"""What is timed; it returns the answer, so that rivals can be compared."""


@dataclass(frozen=True)
class Row:
    """A piece of work.

    work: what is done, with {size:,} where its size belongs
    goal: what is wanted
    size: at which it is compared with rivals
    engines: who does it: each loads what it needs of the folder, and returns the work. Times are compared with the
        first, which is also the one that grows
    prepare: writes what all engines read, for a size, into a folder; None where they read nothing
    sizes: at which the first is measured alone, ascending, to see how it grows
    quick: by what the size is divided in the quick lane
    """

    work: str
    goal: str
    size: int
    engines: Mapping[str, Callable[[int, Path], Work]]
    prepare: Callable[[int, Path], None] | None = None
    sizes: tuple[int, ...] = ()
    quick: int = 20


@dataclass(frozen=True)
class Run:
    """One run: its seconds, also of processors, the peak of memory of its process [MiB], and its answer."""

    seconds: float
    busy_seconds: float
    peak_mib: float
    answer: list[float]


def show(name: str, quick: bool = False) -> None:
    """Measure a row and print it: medians of five runs in turns, or in the quick lane one run of less work.

    name: module and function, such as rating.rate
    """
    row = _row(name)
    part, times = (row.quick, 1) if quick else (1, 5)
    size = row.size // part
    print(f"\n{name}: {row.work.format(size=size)}\n  goal: {row.goal}", flush=True)
    with TemporaryDirectory() as folder:
        _prepare(name, size, folder)
        turns = [{engine: _run(name, engine, size, folder) for engine in row.engines} for _ in range(times)]
    first: list[Run] = []
    for engine in row.engines:
        runs = [found for turn in turns if (found := turn[engine])]
        if not runs:
            print(f"  {engine:<20} not installed")
            continue
        versus = ""
        if first:
            ratio = median(run.seconds / own.seconds for run, own in zip(runs, first, strict=True))
            versus = f"   {ratio:6.1f} times the first{_apart(first[0], runs[0])}"
        first = first or runs
        print(f"  {engine:<20}{_told(median(run.seconds for run in runs), runs)}{versus}", flush=True)
    if not quick:
        _show_growth(name, row)


def _show_growth(name: str, row: Row) -> None:
    """How time and memory of the first engine grow, each in relation to the size before."""
    engine = next(iter(row.engines))
    found: list[tuple[int, float]] = []
    for size in row.sizes:
        with TemporaryDirectory() as folder:
            _prepare(name, size, folder)
            runs = [run for _ in range(3) if (run := _run(name, engine, size, folder))]
        seconds = median(run.busy_seconds for run in runs)
        more = ""
        if found:
            before, shorter = found[-1]
            more = f"   {size / before:.1f} times the size, {seconds / shorter:.1f} times the work"
        print(f"  {size:>20,}{_told(seconds, runs)} busy{more}", flush=True)
        found.append((size, seconds))


def _told(seconds: float, runs: Sequence[Run]) -> str:
    return f"{max(run.peak_mib for run in runs):8,.0f} MiB{seconds * 1000:10,.1f} ms"


def _apart(first: Run, rival: Run) -> str:
    """How far two answers are apart, where the row has any; raises AssertionError where they are not the same."""
    if not first.answer:
        return ""
    assert len(first.answer) == len(rival.answer), f"{len(first.answer)} groups, not {len(rival.answer)}"
    far = max((abs(a - b) / max(abs(b), 1e-300) for a, b in zip(first.answer, rival.answer, strict=True)), default=0)
    assert far < 1e-9, f"answers differ by {far:.1e}"
    return f", answers differ by {far:.0e}"


def _row(name: str) -> Row:
    module, function = name.split(".")
    row: Row = getattr(import_module(module), function)()
    return row


def _prepare(name: str, size: int, folder: str) -> None:
    if prepare := _row(name).prepare:
        _alone(partial(prepare, size, Path(folder)))


def _run(name: str, engine: str, size: int, folder: str) -> Run | None:
    """A run of an engine; None where it is not installed."""
    return _alone(partial(_measured, name, engine, size, folder))


def _alone(work: Callable[[], _Answer]) -> _Answer:
    """What a process of its own returns for some work."""
    processes = get_context("forkserver")
    processes.set_forkserver_preload(["ecs_images.widgets.explorers"])
    with ProcessPoolExecutor(1, processes) as executor:
        return executor.submit(work).result()


def _measured(name: str, engine: str, size: int, folder: str) -> Run | None:
    try:
        work = _row(name).engines[engine](size, Path(folder))
    except ImportError:
        return None
    begin, busy = time.perf_counter(), time.process_time()
    answer = work()
    seconds, busy_seconds = time.perf_counter() - begin, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(seconds, busy_seconds, peak, [float(amount) for amount in answer])
