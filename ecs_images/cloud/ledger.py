"""The ledger: every event in order, in memory and in a file.

The file is JSON lines: a header with the number of records, then one event a line. Writing a
ledger that was read gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..errors import FileProblems, InputError, Problem
from ..units import parse_time
from . import events as ev
from .state import State, apply, replay

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter

_FORMAT = 2
_KINDS = {kind.__name__: kind for kind in get_args(ev.Event)}


class Ledger:
    """Events in order of time. It grows at its end only."""

    def __init__(self, events: Iterable[ev.Event] = ()) -> None:
        self._events: list[ev.Event] = list(events)

    def __iter__(self) -> Iterator[ev.Event]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def __getitem__(self, index: int) -> ev.Event:
        return self._events[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ledger) and self._events == other._events

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if not self._events:
            return "<Ledger: empty>"
        return f"<Ledger: {len(self)} events, {self[0].at:%Y-%m-%d} to {self[-1].at:%Y-%m-%d}>"

    def append(self, event: ev.Event) -> None:
        """Add an event; raises InputError if it is older than the last one."""
        if self._events and event.at < self._events[-1].at:
            raise InputError(f"an event of {event.at} cannot follow one of {self._events[-1].at}")
        self._events.append(event)

    def replay(self) -> State:
        """The state after all events."""
        return replay(self._events)

    def save(self, path: str | Path) -> None:
        """Write the ledger to a file."""
        lines = [json.dumps({"ledger": "ecs_images", "format": _FORMAT, "records": len(self)})]
        lines += [json.dumps(_to_record(event), ensure_ascii=False) for event in self._events]
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Ledger:
        """Read a ledger file; raises FileProblems, naming the record, and then loads nothing."""
        from cattrs.errors import ForbiddenExtraKeysError

        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read as a ledger ({error})") from None
        lines = text.splitlines()
        count = _records_promised(path, lines[0] if lines else "")
        problems: list[Problem] = []
        ledger, state = cls(), State()
        for line, content in enumerate(lines[1:], 2):
            try:
                event = _from_record(json.loads(content))
                ledger.append(event)
                apply(state, event)
            except (ValueError, KeyError, TypeError, IndexError, AttributeError, ForbiddenExtraKeysError) as error:
                whole = "" if line < len(lines) or text.endswith("\n") else "; the file is cut off here"
                problems.append(Problem(line, f"record {line - 1} cannot be used: {_short(error)}{whole}"))
                break
        else:
            if len(ledger) != count:
                problems.append(
                    Problem(len(lines), f"the file ends after record {len(ledger)} of {count}: it is cut off")
                )
        if problems:
            raise FileProblems(str(path), problems)
        return ledger


def _records_promised(path: str | Path, header: str) -> int:
    try:
        fields = json.loads(header)
        if fields["ledger"] == "ecs_images" and fields["format"] == _FORMAT:
            return int(fields["records"])
    except (ValueError, KeyError, TypeError):
        pass
    raise FileProblems(str(path), [Problem(1, f"the first line is not the header of a ledger of format {_FORMAT}")])


def _to_record(event: ev.Event) -> dict[str, Any]:
    return {"event": type(event).__name__, **_converter().unstructure(event)}


def _from_record(record: dict[str, Any]) -> ev.Event:
    fields = dict(record)
    name = fields.pop("event")
    if name not in _KINDS:
        raise ValueError(f"unknown event {name!r}")
    event: ev.Event = _converter().structure(fields, _KINDS[name])
    return event


@cache
def _converter() -> JsonConverter:
    from cattrs.preconf.json import make_converter

    converter = make_converter(forbid_extra_keys=True, detailed_validation=False)
    converter.register_unstructure_hook(datetime, lambda moment: moment.isoformat())
    converter.register_structure_hook(datetime, lambda text, _: parse_time(str(text)))
    return converter


def _short(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"missing {text}" if isinstance(error, KeyError) else text
