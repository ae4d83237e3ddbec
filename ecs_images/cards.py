"""What a value shows of itself in a notebook: its one line, its facts, and a short table.

Plain HTML without colours of its own, so that it can be read on a dark page too; every text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import datetime
from html import escape
from itertools import islice
from typing import Any

from .units import show_time

_LONGEST = 200
"""Characters of a fact; a longer one is cut."""
_MOST_ROWS = 40
"""Rows of a table; the rest is left out, and three dots say so."""


def printable(text: object) -> str:
    """A text on one line, without control characters: a line break, tab or wide space becomes a space, and
    what cannot be shown (terminal escapes, changes of direction, lone surrogates) becomes �."""
    words = str(text)
    if words.isprintable():
        return words
    return "".join(letter if letter.isprintable() else " " if letter.isspace() else "�" for letter in words)


def escaped(text: object) -> str:
    """A printable text for HTML and SVG, between tags or in an attribute."""
    return escape(printable(text))


def counted(number: int, noun: str) -> str:
    """A number of things, such as 1 image or 1,200 images."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def line(what: str, *said: str) -> str:
    """A `repr` of one line: what it is, and what is said of it; what is empty is left out."""
    return f"<{printable(what)}: {printable(', '.join(filter(None, said)))}>"


def card(
    thing: object, facts: Mapping[str, object], heads: Iterable[str] = (), rows: Iterable[Sequence[object]] = ()
) -> str:
    """The HTML of a value.

    thing: the value, whose `repr` stands above the rest
    facts: what is said of it, by name; what is empty, None or False is left out
    heads: the heads of a table below
    rows: the rows of that table, under each head a value
    """
    known = ((name, value) for name, value in facts.items() if value is not False and (value or value == 0))
    tables = [[[_cell("th", name), _cell("td", _words(value))] for name, value in known]]
    tables.append([[_cell("td", value) for value in row] for row in islice(rows, _MOST_ROWS + 1)])
    if len(tables[1]) > _MOST_ROWS:
        tables[1][-1] = [_cell("td", "…")]
    if tables[1]:
        tables[1].insert(0, [_cell("th", head) for head in heads])
    written = ("".join(f"<tr>{''.join(row)}</tr>" for row in table) for table in tables if table)
    return f"<div><b>{escaped(repr(thing)[1:-1])}</b>{''.join(f'<table>{table}</table>' for table in written)}</div>"


def facts_card(record: Any) -> str:
    """The HTML of a record: its `repr`, and every field that has a value; a 0 may stand for what is not known."""
    return card(record, {name: value for name, value in _fields(record).items() if value})


def _fields(record: Any) -> dict[str, object]:
    names = getattr(record, "_fields", None) or [field.name for field in fields(record)]
    return {name: getattr(record, name) for name in names}


def _cell(tag: str, value: object) -> str:
    side = "right" if isinstance(value, int | float) and not isinstance(value, bool) else "left"
    return f'<{tag} style="text-align: {side}">{escaped(_words(value))}</{tag}>'


def _words(value: object) -> str:
    """A value in words: what is in a list or a record one after the other, cut where it is long."""
    if isinstance(value, datetime):
        return show_time(value)
    if isinstance(value, float):
        return f"{value:,.8g}"
    if is_dataclass(value):
        value = [f"{name} {part}" for name, part in _fields(value).items() if part]
    if isinstance(value, Set):
        value = sorted(value)
    words = ", ".join(map(_words, value)) if isinstance(value, tuple | list) else str(value)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
