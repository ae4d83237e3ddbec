"""How fast it is: each piece of work against named rivals in the same run, and how it grows.

    python tests/benchmarks/run.py             every row: medians of five runs in turns, and growth at four sizes
    python tests/benchmarks/run.py --quick     every row once, of less work: under a minute
    python tests/benchmarks/run.py rating.rate one row

Rivals (DuckDB, Polars, Dask) come with the extra `bench`; moto is one where `moto[ec2]` and boto3 are installed: they
would hold back the versions of others. A row is a function that returns a `rows.Row`; to add
one, write it and name it here. `redraw.py` measures what a browser shows.
"""

from __future__ import annotations

import sys

import rows

ROWS = {
    "rating": ("rate",),
    "estate": ("load", "measure", "bill", "large_bill", "charge", "state"),
    "commands": ("command", "fork", "story"),
    "snapshots": ("freed", "freed_of_large_sets", "capacity"),
    "decisions": ("route", "routes", "workbench", "large_workbench", "first_draw"),
    "starts": ("package", "command"),
}


def main(arguments: list[str]) -> None:
    quick = "--quick" in arguments
    every = [f"{module}.{row}" for module, found in ROWS.items() for row in found]
    for name in [name for name in arguments if name != "--quick"] or every:
        rows.show(name, quick)


if __name__ == "__main__":
    main(sys.argv[1:])
