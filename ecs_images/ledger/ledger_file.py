"""A ledger as a file that people can read: JSON lines, a header and then one event a line. `column_file` is the other.

    {"ledger": "ecs_images", "format": 3, "records": 2, "checksum": "sha256:…"}
    {"event": "CloudStarted", "at": "2026-01-15T00:00:00+08:00", "block_bytes": 2097152, "durations": "instant"}
    {"event": "AccountOpened", "at": "2026-01-15T00:00:00+08:00", "account": "acme", "site": "china"}

Format 3 leaves out fields that have their default value, so fields with a default can be added later without
changing what older files mean. The checksum covers the records. A file whose checksum is right is as it was
written, and is trusted; where the checksum is wrong or missing, every record is checked against the state
before it. Format 2 had all fields in every record and no checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from ..errors import FileProblems, InputError, Problem, shown
from ..saving import can_be_stored, path_of, save, starts_with
from ..saving import read as read_text
from ..units import parse_time
from .event_columns import hints, plain_kind
from .events import KINDS, CloudStarted, Event, problems, unfinished
from .state import State

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter

_FORMATS = (2, 3)
_KINDS = {bool: "true or false", int: "a whole number", str: "text"}


def write(events: Sequence[Event], path: str | Path) -> None:
    """Write events to a file; raises InputError where that cannot be done."""
    lines = [json.dumps(_to_record(event), ensure_ascii=False) + "\n" for event in events]
    for number, line in enumerate(lines, 1):
        if not can_be_stored(line):
            raise InputError(f"record {number} holds half a character, which no file can keep")
    body = "".join(lines)
    head = header(len(events), checksum_of([body.encode("utf-8")]))
    save(path_of(path, "a ledger"), f"{head}\n{body}")


def is_in_columns(path: str | Path, what: str = "a ledger") -> bool:
    """Whether a file, which is to be `what`, is one of columns, whatever it is called."""
    return starts_with(path, b"PAR1", what)


def is_ledger(path: str | Path) -> bool:
    """Whether a file begins as a ledger does, of whatever format; raises InputError where it cannot be read."""
    what = "a story or a ledger"
    return is_in_columns(path, what) or read_text(path, what).startswith('{"ledger"')


def read(path: str | Path) -> list[Event]:
    """The events of a file; raises FileProblems with the first record that cannot be used."""
    text = read_text(path, "a ledger")
    head, _, body = text.partition("\n")
    promised = promise(head)
    if promised is None:
        known = " or ".join(map(str, _FORMATS))
        raise FileProblems(str(path), [Problem(1, f"the first line is not the header of a ledger of format {known}")])
    count, checksum = promised
    lines = body.removesuffix("\n").split("\n") if body else []
    trusted = checksum == checksum_of([body.encode("utf-8")])
    events = _as_written(lines) if trusted else []
    if len(events) != count:
        events = checked(path, lines, count, trusted=trusted, is_cut=not text.endswith("\n"))
    return events


def checked(
    path: str | Path, lines: Sequence[str], count: int, *, trusted: bool = False, is_cut: bool = False, first: int = 2
) -> list[Event]:
    """The events of lines that anybody may have written, checked record by record.

    path: the file, for messages
    lines: a record each
    count: how many there should be
    trusted: whether only the records themselves are checked, and not what they say
    is_cut: whether the end of the last line is missing
    first: the line of the file in which the first of them stands; 0 for a file without lines
    """
    events: list[Event] = []
    state = State()

    def refused(number: int, message: str) -> FileProblems:
        return FileProblems(str(path), [Problem(first and first + number - 1, message)])

    for number, line in enumerate(lines, 1):
        try:
            event = _from_record(_checked(line))
            why = [] if trusted else _problems(event, events, state)
        except RecursionError:
            why = ["nested too deeply"]
        except TypeError:
            why = ["a plain value, a list or a record stands where another of them belongs"]
        except (ValueError, KeyError) as error:
            why = [f"missing {error}" if isinstance(error, KeyError) else str(error)]
        if why:
            cut = "; the file is cut off here" if is_cut and number == len(lines) else ""
            reasons = "; ".join(map(_short, why))
            raise refused(number, f"record {number} cannot be used: {reasons}{cut}")
        if not trusted:
            event.apply(state)
        events.append(event)
    if len(events) != count:
        short = f"the file ends after record {len(events)} of {shown(count)}: it is cut off"
        long = f"the header promises {shown(count)} records and the file has {len(events)}"
        raise refused(len(lines), short if len(events) < count else long)
    missing = [] if trusted or not events else list(unfinished(state, events[-1].at))
    if missing:
        raise refused(count, f"record {count} cannot be the last: {'; '.join(missing[:3])}")
    return events


def _as_written(lines: Sequence[str]) -> list[Event]:
    """The events of lines that are as this toolkit wrote them; none where they turn out not to be.

    All lines are read at once, as one list, and no value is checked, only made into what it stands for.
    """
    try:
        return [_trusted(KINDS[record.pop("event")])(record) for record in json.loads(f"[{','.join(lines)}]")]
    except (RecursionError, TypeError, ValueError, KeyError, AttributeError):
        return []


@cache
def _trusted(kind: type[Event]) -> Callable[[dict[str, Any]], Event]:
    """Makes an event of the fields of a record whose values need no check."""
    made = {name: hook for name, hint in hints(kind).items() if (hook := _hook(hint))}

    def event(record: dict[str, Any]) -> Event:
        for name in made.keys() & record.keys():
            record[name] = made[name](record[name])
        return kind(**record)

    return event


def _hook(hint: Any) -> Callable[[Any], Any] | None:
    """What makes a JSON value into one of a type; None for types whose values JSON has too."""
    plain = plain_kind(hint)
    if plain is None:
        return lambda value: _converter().structure(value, hint)
    return _moment if plain is datetime else None


def as_json(value: Any) -> str:
    """A value of a field as JSON text."""
    return json.dumps(_converter().unstructure(value), ensure_ascii=False)


@lru_cache(maxsize=1_000)
def of_json(text: str, hint: Any) -> Any:
    """The value of a field of a type whose JSON text is right; the events of an estate share few lists and records."""
    return _converter().structure(json.loads(text), hint)


@lru_cache(maxsize=1_000)
def _moment(text: str | None) -> datetime | None:
    """A time; neighbouring events share theirs."""
    return None if text is None else parse_time(text)


def _problems(event: Event, before: Sequence[Event], state: State) -> list[str]:
    if before and event.at < before[-1].at:
        return [f"an event of {event.at} cannot follow one of {before[-1].at}"]
    if not before and not isinstance(event, CloudStarted):
        return ["a ledger begins with CloudStarted"]
    return problems(event, state)


def header(count: int, checksum: str) -> str:
    """The header of a ledger of that many records."""
    return json.dumps({"ledger": "ecs_images", "format": _FORMATS[-1], "records": count, "checksum": checksum})


def promise(head: str | bytes) -> tuple[int, str] | None:
    """The number of records that a header promises, and their checksum (empty: none); None for no header."""
    try:
        said = json.loads(head)
        if said["ledger"] == "ecs_images" and said["format"] in _FORMATS and type(said["records"]) is int:
            return said["records"], str(said.get("checksum", ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return None


def checksum_of(content: Iterable[bytes]) -> str:
    """The checksum of the content of a file, given in parts."""
    found = hashlib.sha256()
    for part in content:
        found.update(part)
    return f"sha256:{found.hexdigest()}"


def _checked(line: str) -> Any:
    """The record of a line that a person may have written."""
    try:
        return json.loads(line, object_pairs_hook=_fields, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON from its character {error.pos + 1} on ({error.msg})") from None


def _whole(digits: str) -> int:
    if len(digits) > 400:
        raise ValueError(f"a number of {len(digits)} digits is more than there can be")
    return int(digits)


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a record; raises ValueError for one that is there twice."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is given twice")
    return fields


def _to_record(event: Event) -> dict[str, Any]:
    return {"event": type(event).__name__, **_converter().unstructure(event)}


def _from_record(record: dict[str, Any]) -> Event:
    if not isinstance(record, dict) or not isinstance(record.get("event"), str):
        raise ValueError(f"{shown(record)} is not a record with the name of its event")
    said = dict(record)
    kind = KINDS.get(said.pop("event"))
    if kind is None:
        raise ValueError(f"unknown event {shown(record['event'])}; this toolkit may be older than the file")
    known = {part.name for part in fields(kind)}
    if extra := sorted(set(said) - known):
        raise ValueError(f"{kind.__name__} has no {', '.join(extra)}")
    event: Event = _converter().structure(said, kind)
    return event


@cache
def _converter() -> JsonConverter:
    """Events to JSON values and back, strictly: a value of another JSON type is refused, not converted."""
    from cattrs.preconf.json import make_converter

    converter = make_converter(omit_if_default=True, detailed_validation=False)
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook(datetime, lambda text, _: parse_time(_exactly(text, str)))
    for kind in _KINDS:
        converter.register_structure_hook(kind, lambda value, wanted: _exactly(value, wanted))
    converter.register_structure_hook_func(_is_literal, _one_of)
    converter.register_structure_hook_func(_is_list, partial(_list, converter))
    return converter


def _exactly(value: Any, kind: type) -> Any:
    """A value of exactly that type: neither true nor "1" passes for 1."""
    if type(value) is not kind:
        raise ValueError(f"{shown(value)} is not {_KINDS[kind]}")
    if isinstance(value, str) and not can_be_stored(value):
        raise ValueError(f"{shown(value)} holds half a character, which no file can keep")
    return value


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _list(converter: JsonConverter, value: Any, kind: Any) -> tuple[Any, ...]:
    """The values of a list; text is none, though Python would take it apart into letters."""
    if type(value) is not list:
        raise ValueError(f"{shown(value)} is not a list")
    each = get_args(kind)
    kinds = each[:1] * len(value) if each[1:] == (...,) else each
    if len(kinds) != len(value):
        raise ValueError(f"{shown(value)} is not a list of {len(kinds)}")
    return tuple(converter.structure(part, of) for part, of in zip(value, kinds, strict=True))


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _one_of(value: Any, words: Any) -> Any:
    """A value of a `Literal`."""
    if value not in get_args(words):
        raise ValueError(f"{shown(value)} is not {' or '.join(get_args(words))}")
    return value


def _short(reason: str) -> str:
    """The first line of a reason, with the beginning and the end of it if it is long."""
    line = reason.partition("\n")[0] or "it has another form"
    return line if len(line) <= 400 else f"{line[:120]} … {line[-120:]}"
