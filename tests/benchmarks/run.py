"""How fast an estate is worked on: each row against named rivals in the same run, and how it grows.

    python tests/benchmarks/run.py             every row: medians of five runs in turns, and growth at four sizes
    python tests/benchmarks/run.py --quick     every row once, of less work: under a minute
    python tests/benchmarks/run.py rating.rate one row

Rivals (DuckDB, Polars) come with the extra `bench`. A row is a function that returns a `rows.Row`; to add one, write
it and name it here. The last lines are those of `commands.py`, which also runs alone.
"""

from __future__ import annotations

import sys

import commands
import rows

ROWS = ("rating.rate", *(f"estate.{row}" for row in ("load", "measure", "bill", "charge", "routes", "fork", "start")))


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    for name in [name for name in arguments if name != "--quick"] or ROWS:
        rows.show(name, quick)
    if not set(arguments) - {"--quick"} and not quick:
        commands.main()


if __name__ == "__main__":
    main(sys.argv[1:])
