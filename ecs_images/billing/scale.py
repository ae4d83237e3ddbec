"""Levels of more usage than fits into memory: Parquet files are read part by part, here or by the workers of a cluster.

Levels add up exactly, so nothing else has to be shared: whoever reads a part returns its levels. Another engine can
add them too, with the query of `levels_sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, shown
from ..saving import path_of
from .levels import Levels, added, curves_of_codes, levels_of_spans
from .schema import KEY_COLUMNS, USAGE, WHO_WHERE_WHAT

if TYPE_CHECKING:
    import pandas as pd

_TEXT = [column.name for column in KEY_COLUMNS if column.kind == "text"]
_TIMES = ["charge_period_start", "charge_period_end"]
_COLUMNS = [*WHO_WHERE_WHAT, "x_quantity", *_TIMES]
_ROWS_AT_ONCE = 2_000_000
_Part = tuple[Path, list[int]]
"""A file, and some of its row groups."""


def read_usage_levels(
    files: str | PathLike[str] | Iterable[str | PathLike[str]], executor: Executor | None = None
) -> pd.DataFrame:
    """The levels of usage that lies in Parquet files, of which only a part is in memory at a time.

    files: a file with the columns of a `USAGE` table, a folder with such files (*.parquet), or several files
    executor: who reads the parts, such as `dask.distributed.Client(…).get_executor()` or a pool of the standard
        library; None: one after another, here

    Returns a `LEVELS` table, the same whoever reads and in whatever order. `rate_levels` says what they cost.
    Needs pyarrow. Raises InputError for what is no file of usage. BILL-1.
    """
    if not isinstance(executor, Executor | None):
        raise InputError(f"an executor is one of concurrent.futures, or Client.get_executor(), not {shown(executor)}")
    parts = [part for path in _paths(files) for part in _parts(path)]
    waiting: list[Levels] = []
    for levels in executor.map(_levels, parts) if executor else map(_levels, parts):
        waiting.append(levels)
        # Added now and then, so that the levels of many parts do not fill the memory.
        if sum(len(one.moment) for one in waiting) > 2 * max(len(waiting[0].moment), _ROWS_AT_ONCE):
            waiting = [added(waiting)]
    return added(waiting).table()


def levels_sql(usage: str) -> str:
    """The query by which DuckDB or Spark adds levels: what it returns, `rate_levels` prices.

    usage: what usage is called there: a table, or such as `read_parquet('usage/*.parquet')`

    Tried with DuckDB 2.0 and Spark 4.3. Spark's `toPandas()` leaves the zone of its session out of `x_moment`, which
    is then refused: give it back, `levels["x_moment"].dt.tz_localize(…)`.

    >>> "GROUP BY" in ecs.levels_sql("usage")
    True
    """
    keys = ", ".join(WHO_WHERE_WHAT)
    return f"""SELECT {keys}, x_moment, CAST(sum(x_change) AS BIGINT) AS x_change
FROM (
    SELECT {keys}, charge_period_start AS x_moment, x_quantity AS x_change FROM {usage}
    UNION ALL
    SELECT {keys}, charge_period_end AS x_moment, -x_quantity AS x_change FROM {usage}
) AS changes
GROUP BY {keys}, x_moment
ORDER BY {keys}, x_moment"""


def _paths(files: str | PathLike[str] | Iterable[str | PathLike[str]]) -> list[Path]:
    """The files of usage, in order of their names where a folder is given."""
    if isinstance(files, Iterable) and not isinstance(files, str | PathLike):
        several = [_path(file) for file in files]
        if not several:
            raise InputError("give at least one file of usage")
        if len(set(several)) < len(several):
            twice = next(file for place, file in enumerate(several) if file in several[:place])
            raise InputError(f"{twice}: named twice, so its usage would count twice")
        return several
    path = _path(files)
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.parquet"))
    if not found:
        raise InputError(f"{path}: no file *.parquet is there")
    return found


def _path(file: Any) -> Path:
    return path_of(Path(file) if isinstance(file, PathLike) else file, "a file of usage")


def _parts(path: Path) -> Iterator[_Part]:
    """A file in parts of some millions of rows, after a look at its columns."""
    metadata = _opened(path).metadata
    part: list[int] = []
    rows = 0
    for group in range(metadata.num_row_groups):
        part.append(group)
        rows += metadata.row_group(group).num_rows
        if rows >= _ROWS_AT_ONCE or group + 1 == metadata.num_row_groups:
            yield path, part
            part, rows = [], 0


def _opened(path: Path) -> Any:
    """A Parquet file of usage, whose text is read as positions in a list of names."""
    try:
        import pyarrow.parquet as pq
        from pyarrow import ArrowException
    except ImportError:
        raise InputError("parquet needs pyarrow; install the extra: pip install 'ecs-images[parquet]'") from None
    try:
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
    except (OSError, ArrowException, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not read as Parquet ({shown(str(error))})") from None
    if missing := [name for name in _COLUMNS if name not in schema.names]:
        raise InputError(f"{path}: not a {USAGE.name} table: it lacks {', '.join(missing)}")
    if len(set(schema.names)) < len(schema.names):
        raise InputError(f"{path}: not a {USAGE.name} table: a column is there twice")
    for name in (*_TEXT, "x_vcpus", "x_quantity"):
        if not _is_of_its_kind(name, schema.field(name).type):
            raise InputError(f"{path}: {name} is {shown(str(schema.field(name).type))}, which is not its kind")
    for name in _TIMES:
        if not getattr(schema.field(name).type, "tz", None):
            raise InputError(f"{path}: {name} is {schema.field(name).type}, not a time with a zone")
    return pq.ParquetFile(path, metadata=metadata, read_dictionary=_TEXT)


def _is_of_its_kind(name: str, kind: Any) -> bool:
    """Whether a column of that type can be the one of a usage table: text, whole numbers, or amounts that are whole."""
    from pyarrow import types

    if name in _TEXT:
        kind = kind.value_type if types.is_dictionary(kind) else kind
        return bool(types.is_string(kind) or types.is_large_string(kind))
    whole = types.is_integer(kind)
    return bool(whole or (name == "x_quantity" and (types.is_floating(kind) or types.is_decimal(kind))))


def _levels(part: _Part) -> Levels:
    """The levels of one part of a file."""
    import pyarrow as pa

    path, groups = part
    file = _opened(path)
    try:
        same = {name: value for name in WHO_WHERE_WHAT if (value := _value_of_all(file, groups, name)) is not None}
        table = file.read_row_groups(groups, columns=[name for name in _COLUMNS if name not in same])
        one_value = np.zeros(1, np.int64)
        coded = [(one_value, [same[n]]) if n in same else _coded(table.column(n)) for n in WHO_WHERE_WHAT]
        curve, keys = curves_of_codes(coded, len(table))
        for name in (*_TIMES, "x_quantity"):
            if missing := table.column(name).null_count:
                raise InputError(f"{name} is missing in {missing:,} rows")
        times = (table.column(name).cast(pa.timestamp("s", "UTC")) for name in _TIMES)
        start, end = (time.cast(pa.int64()).to_numpy() for time in times)
        return levels_of_spans(curve, keys, start, end, table.column("x_quantity").cast(pa.int64()).to_numpy())
    except (OSError, pa.ArrowException, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{path}: not a {USAGE.name} table: {error}") from None


def _value_of_all(file: Any, groups: Sequence[int], column: str) -> str | int | None:
    """The value that the file says a column has in all rows of some row groups; None where it is not one."""
    place = file.schema_arrow.get_field_index(column)
    values = set()
    for group in groups:
        told = file.metadata.row_group(group).column(place).statistics
        if told is None or not told.has_min_max or told.null_count != 0 or told.min != told.max:
            return None
        values.add(told.min)
    return values.pop() if len(values) == 1 else None


def _coded(column: Any) -> tuple[np.ndarray, list[str | int]]:
    """A column as the position of every row's value, and the values; -1 where there is none."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = column.unify_dictionaries().combine_chunks()
    return codes.indices.fill_null(-1).to_numpy(), codes.dictionary.to_pylist()
