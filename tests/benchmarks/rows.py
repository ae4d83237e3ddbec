"""One row of the table of benchmarks: a piece of work, done by us and by named rivals in turns, and how it grows.

Every run has a process of its own, so that its peak of memory is its own; what it loads first is not counted.
Rivals are compared by time in turns, growth is told by processor time, in which other work on the machine counts
little.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

OURS = "ecs_images"
Work = Callable[[], Sequence[float]]
"""What is timed; it returns the answer, so that rivals can be compared."""


@dataclass(frozen=True)
class Row:
    """A piece of work.

    work: what is done, with {size:,} where its size belongs
    goal: what is wanted
    size: at which it is compared with rivals
    engines: who does it, `ecs_images` first: each loads what it needs of the folder, and returns the work
    prepare: writes what all engines read, for a size, into a folder; None where they read nothing
    sizes: at which ours is measured alone, ascending, to see how it grows
    quick: by what the sizes are divided in the quick lane; 0 leaves the row out
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


def row_of(name: str) -> Row:
    """A row by its module and function, such as rating.rate."""
    module, function = name.split(".")
    row: Row = getattr(import_module(module), function)()
    return row


def show(name: str, quick: bool = False) -> None:
    """Measure a row and print it: medians of five runs in turns, or in the quick lane one run of less work."""
    row = row_of(name)
    part, times = (row.quick, 1) if quick else (1, 5)
    if not part:
        return
    size = row.size // part
    print(f"\n{name}: {row.work.format(size=size)}\n  goal: {row.goal}", flush=True)
    with TemporaryDirectory() as folder:
        if row.prepare:
            _run(name, "", size, folder)
        turns = [{engine: _run(name, engine, size, folder) for engine in row.engines} for _ in range(times)]
    ours: list[Run] = []
    for engine in row.engines:
        runs = [found for turn in turns if (found := turn[engine])]
        if not runs:
            print(f"  {engine:<14} not installed (extra bench)")
            continue
        ours = ours or runs
        seconds = median(run.seconds for run in runs)
        ratio = median(run.seconds / own.seconds for run, own in zip(runs, ours, strict=True))
        peak = max(run.peak_mib for run in runs)
        versus = "" if engine == OURS else f"   {ratio:5.1f} times our time, {_apart(ours[0], runs[0])}"
        print(f"  {engine:<14}{seconds:8.2f} s{peak:8,.0f} MiB{versus}", flush=True)
    _show_growth(name, [size // part for size in row.sizes][: 2 if quick else None], 1 if quick else 3)


def _show_growth(name: str, sizes: Sequence[int], times: int) -> None:
    """How our time and memory grow, each in relation to the size before."""
    found: list[tuple[int, float]] = []
    for size in sizes:
        with TemporaryDirectory() as folder:
            if row_of(name).prepare:
                _run(name, "", size, folder)
            runs = [run for _ in range(times) if (run := _run(name, OURS, size, folder))]
        seconds = median(run.busy_seconds for run in runs)
        more = ""
        if found:
            before, shorter = found[-1]
            more = f"   {size / before:.1f} times the size, {seconds / shorter:.1f} times the work"
        print(f"  {size:>14,}{seconds:8.2f} s busy{max(run.peak_mib for run in runs):8,.0f} MiB{more}", flush=True)
        found.append((size, seconds))


def _apart(ours: Run, rival: Run) -> str:
    """How far two answers are apart; raises AssertionError where they are not the same."""
    assert len(ours.answer) == len(rival.answer), f"{len(ours.answer)} groups, not {len(rival.answer)}"
    far = max((abs(a - b) / max(abs(b), 1e-300) for a, b in zip(ours.answer, rival.answer, strict=True)), default=0)
    assert far < 1e-9, f"answers differ by {far:.1e}"
    return f"answers differ by {far:.0e}"


def _run(name: str, engine: str, size: int, folder: str) -> Run | None:
    """A run in a process of its own, of an engine or, without one, of what prepares; None where it is not installed."""
    command = [sys.executable, str(Path(__file__)), name, engine, str(size), folder]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        return None
    if done.returncode:
        sys.exit(f"{name} by {engine}: {done.stderr}")
    return Run(*json.loads(done.stdout.splitlines()[-1]))


def main(name: str, engine: str, size: str, folder: str) -> None:
    """What the process of a run does."""
    import resource

    row = row_of(name)
    try:
        load = row.engines[engine] if engine else lambda *given: partial(row.prepare, *given)
        work = load(int(size), Path(folder))
    except ImportError:
        sys.exit(3)
    begin, busy = time.perf_counter(), time.process_time()
    answer = work() or ()
    spent = time.perf_counter() - begin, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([*spent, peak, [float(amount) for amount in answer]]))


if __name__ == "__main__":
    main(*sys.argv[1:])
