"""A ledger as a file of columns (Parquet): a row an event, and for all fields of a name one column.

    event              at                         account   disk         …
    AccountOpened      2026-01-15 00:00:00+08:00  acme      (null)
    DiskCreated        2026-01-15 10:00:00+08:00  acme      d-00000001

What a line leaves out (`ledger_file`) is null: a field that has its default value. Lists and records are JSON text,
and times have milliseconds because Parquet knows no seconds.
The header of the ledger is in the metadata of the file; its checksum covers all columns. As with lines, a file
whose checksum is right is trusted, and any other is checked record by record.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import MISSING, Field, fields
from datetime import datetime
from functools import cache
from itertools import chain, starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..errors import FileProblems, InputError, Problem
from ..saving import path_of, save
from ..units import to_seconds
from .event_columns import EventColumns, hints, kind_numbers, number_of, plain_kind
from .events import KINDS, Event
from .ledger_file import as_json, checked, checksum_of, header, of_json, promise

if TYPE_CHECKING:
    import pyarrow as pa

_HEADER = b"ecs_images.ledger"


def write(events: Sequence[Event], path: str | Path) -> None:
    """Write events to a file of columns; raises InputError where that cannot be done."""
    pa, parquet = _pyarrow()
    numbers, columns = kind_numbers(events), {name: np.full(len(events), None) for name in ("event", "at")}
    for name, kind in KINDS.items():
        places = np.flatnonzero(numbers == number_of(kind))
        of_kind = [events[place] for place in places.tolist()]
        columns["event"][places] = name
        for part in fields(kind) if of_kind else ():
            column = columns.setdefault(part.name, np.full(len(events), None))
            column[places] = np.fromiter(_stored(part, of_kind), object, len(places))
    kept = {name: column for name, column in columns.items() if name in ("event", "at") or pd.notna(column).any()}
    try:
        arrays = {name: pa.array(column, _types()[name]) for name, column in kept.items()}
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}: the ledger cannot be kept in columns ({str(error)[:80]})") from None
    head = header(len(events), checksum_of(chain.from_iterable(starmap(_content, arrays.items()))))
    content = io.BytesIO()
    parquet.write_table(pa.table(arrays).replace_schema_metadata({_HEADER: head}), content, write_page_checksum=True)
    save(path_of(path, "a ledger"), content.getvalue())


def _stored(part: Field[Any], events: Iterable[Event]) -> Iterator[Any]:
    """The values of a field as its column has them: None for the default."""
    kind = _kinds()[part.name]
    for event in events:
        value = getattr(event, part.name)
        if value is None or value == part.default:
            yield None
        else:
            yield to_seconds(value) * 1000 if kind is datetime else as_json(value) if kind is None else value


def read(path: str | Path) -> Sequence[Event]:
    """The events of a file of columns; raises FileProblems with the first record that cannot be used."""
    pa, _ = _pyarrow()
    try:
        return _read(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _refused(path, f"it cannot be read ({str(error)[:80]})") from None


def _read(path: str | Path) -> Sequence[Event]:
    arrow, parquet = _pyarrow()
    # Checksums of pages tell a damaged file from an edited one, whose pages are new.
    data = arrow.BufferReader(path_of(path, "a ledger").read_bytes())
    file = parquet.ParquetFile(data, page_checksum_verification=True)
    _check_columns(path, file)
    count, checksum = promise(file.schema_arrow.metadata[_HEADER]) or (0, "")
    kinds = _column(file, "event").dictionary_encode()
    found = kinds.dictionary.to_pylist()
    if set(found) <= KINDS.keys():
        numbers = np.array([number_of(KINDS[name]) for name in found], dtype=np.int16)[kinds.indices.to_numpy()]
        places = {KINDS[name]: np.flatnonzero(numbers == number_of(KINDS[name])) for name in found}
        columns: dict[type[Event], dict[str, pa.Array]] = {kind: {} for kind in places}

        def content() -> Iterator[Any]:
            # A column is mostly null, so of each only what a kind of events has is kept before the next one is read.
            for name in file.schema_arrow.names:
                column = _column(file, name)
                yield from _content(name, column)
                for kind in places:
                    if name in hints(kind):
                        columns[kind][name] = column.take(places[kind])

        if (checksum, count) == (checksum_of(content()), len(numbers)):
            arrow.default_memory_pool().release_unused()  # what the columns took whole, several times what is left
            return EventColumns(numbers, columns, of_json)
    return checked(path, list(_lines(file.read())), count, first=0)


def _column(file: pa.ParquetFile, name: str) -> pa.Array:
    """A column of a file in one piece."""
    return file.read([name])[name].combine_chunks()


def _check_columns(path: str | Path, file: pa.ParquetFile) -> None:
    """Raises FileProblems where the columns of a file are not those of a ledger."""
    schema = file.schema_arrow
    if promise((schema.metadata or {}).get(_HEADER, b"")) is None:
        raise _refused(path, "its metadata do not contain the header of a ledger of format 3")
    types = dict(zip(schema.names, schema.types, strict=True))
    if wrong := [name for name, kind in types.items() if kind != _types().get(name)]:
        raise _refused(path, f"no ledger that this toolkit knows has these columns: {', '.join(wrong)[:80]}")
    if len(types) < len(schema.names) or not {"event", "at"} <= types.keys():
        raise _refused(path, "a ledger has a column event and a column at, and no column twice")


def _refused(path: str | Path, why: str) -> FileProblems:
    return FileProblems(str(path), [Problem(0, why)])


@cache
def _kinds() -> dict[str, type | None]:
    """What the values of each column are, by its name; None for JSON text."""
    of_fields = {name: plain_kind(hint) for kind in KINDS.values() for name, hint in hints(kind).items()}
    return {"event": str, **of_fields}


@cache
def _types() -> dict[str, pa.DataType]:
    """The type of each column that there can be, by its name."""
    import pyarrow as pa

    known = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), datetime: pa.timestamp("ms", tz="+08:00")}
    return {name: known.get(kind or str, pa.string()) for name, kind in _kinds().items()}


def _lines(table: pa.Table) -> Iterator[str]:
    """The records of a table as lines of JSON, to be checked."""
    for place, name in enumerate(table.column_names):
        if _kinds()[name] is datetime:
            table = table.set_column(place, name, table[name].cast("int64"))
    for record in table.to_pylist():
        kind = KINDS.get(record["event"])
        needed = [part.name for part in fields(kind) if part.default is MISSING] if kind else []
        given = dict.fromkeys(needed) | {name: value for name, value in record.items() if value is not None}
        yield f"{{{', '.join(f'{json.dumps(name)}: {_in_line(name, given[name])}' for name in given)}}}"


def _in_line(name: str, value: Any) -> str:
    """A value of a column as a line has it."""
    kind = _kinds()[name]
    if value is None or kind is None:
        return value or "null"
    return json.dumps(f"{np.datetime64(value, 'ms')}+00:00" if kind is datetime else value, ensure_ascii=False)


def _content(name: str, column: pa.Array) -> Iterator[Any]:
    """What the checksum covers: of each column its name, which values are there, the lengths of texts, the values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = _kinds()[name]
    yield name.encode()
    yield column.is_valid().to_numpy(zero_copy_only=False)
    if kind in (str, None):
        column = column.fill_null("")
        yield pc.binary_length(column).to_numpy()
        yield pc.binary_join(pa.ListArray.from_arrays([0, len(column)], column), "")[0].as_buffer()
    else:
        column = column.cast("int64") if kind is datetime else column
        yield column.fill_null(False if kind is bool else 0).to_numpy(zero_copy_only=False)


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        what = "a ledger in columns needs pyarrow; install the extra: pip install 'ecs-images[parquet]'"
        raise InputError(what) from None
    return pyarrow, pyarrow.parquet
