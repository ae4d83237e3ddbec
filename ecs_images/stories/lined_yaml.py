"""YAML with line numbers: the text of a story file → values that know their line."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..errors import FileProblems, InputError, Problem, shown
from ..saving import read

_DEEPEST = 12
_LIBYAML_IS_LAXER = re.compile(r"[\t?]")


_Loader: type[Any] = yaml.SafeLoader
_FastLoader: type[Any] = getattr(yaml, "CSafeLoader", _Loader)
"""Reads the same through libyaml, where PyYAML has it: many times faster, but with other error messages."""


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


# For each kind of plain value: its possible first characters, how it is written, and how its text is converted. They
# are those of YAML 1.2: 012 is twelve, while 1:30 and yes are text, and times stay text too. The library's own YAML 1.1
# would read 10, 90 and true.
_PLAIN: tuple[tuple[Collection[str], re.Pattern[str], Callable[[str], object]], ...] = (
    (("~", "n", "N", ""), re.compile(r"~|null|Null|NULL|"), lambda _: None),
    (tuple("tTfF"), re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text.lower() == "true"),
    (tuple("-+0123456789"), re.compile(r"[-+]?[0-9]{1,400}"), int),
    (
        tuple("-+.0123456789"),
        re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
        _float,
    ),
)


class Located(NamedTuple):
    """A YAML value and its line; the value is plain, a list of `Located`, or a `LocatedMap`."""

    line: int
    value: Any

    def __repr__(self) -> str:
        """As it stands in the file, which is how messages show a value, even one inside a list."""
        return repr(self.plain())

    def plain(self) -> Any:
        """The value without line numbers."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, LocatedMap):
            return {key: item.plain() for key, item in self.value.items()}
        return self.value


class LocatedMap(dict[str, Located]):
    """A mapping whose values know their lines."""


def read_yaml(path: str | Path) -> Located:
    """The content of a YAML file with line numbers; raises FileProblems or InputError."""
    return parse_yaml(read(path, "a story"), str(path))


def parse_yaml(text: str, name: str) -> Located:
    """The content of a YAML text with line numbers; `name` stands in messages."""
    if not isinstance(text, str):
        raise InputError(f"a story is text, not {shown(text)}")
    try:
        located, problems = _read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"this is not YAML: {error.problem or error.context}"
        raise FileProblems(name, [Problem(mark.line + 1 if mark else 0, message)]) from None
    except (yaml.YAMLError, _BadShape, ValueError) as error:
        line = error.line if isinstance(error, _BadShape) else 0
        raise FileProblems(name, [Problem(line, str(error).splitlines()[0])]) from None
    if located is None:
        problems = [Problem(0, "the file is empty; a story has at least start, accounts and steps")]
    if problems or located is None:
        raise FileProblems(name, problems)
    return located


class _BadShape(Exception):
    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


def _read(text: str) -> tuple[Located | None, list[Problem]]:
    """What is in a text. What libyaml cannot read is read again by PyYAML itself, whose error messages are shown."""
    # Only libyaml accepts tabs between words and question marks inside braces. Texts with them go to PyYAML itself,
    # so that the same stories are refused where libyaml is missing.
    if not _LIBYAML_IS_LAXER.search(text):
        with suppress(yaml.YAMLError, UnicodeError):
            return _Reader(text, _FastLoader).read()
    return _Reader(text, _Loader).read()


class _Reader:
    """Makes values of the events of a YAML text, which are read once; deep nesting, tags and aliases are refused."""

    def __init__(self, text: str, loader: type[Any]) -> None:
        self._events: Iterator[Any] = yaml.parse(text, loader)
        self._problems: list[Problem] = []

    def read(self) -> tuple[Located | None, list[Problem]]:
        """What is in the text, None where nothing is, and what is wrong with its keys."""
        found = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found is not None:
                    raise _BadShape(_line(event), "this is not YAML of one document; here another begins")
                found = self._value(next(self._events), 0)
        return found, self._problems

    def _value(self, event: Any, depth: int) -> Located:
        line = _line(event)
        if event.anchor is not None:
            raise _BadShape(line, "YAML anchors and aliases are not used in stories")
        if event.tag is not None:
            raise _BadShape(line, "YAML tags such as !!str are not used in stories")
        if isinstance(event, yaml.ScalarEvent):
            return Located(line, _plain(event.value) if event.implicit[0] else event.value)
        if depth == _DEEPEST:
            raise _BadShape(line, f"nested deeper than {_DEEPEST} levels; no story is")
        inside = takewhile(_goes_on, self._events)
        if isinstance(event, yaml.SequenceStartEvent):
            return Located(line, [self._value(item, depth + 1) for item in inside])
        return Located(line, self._mapping(inside, depth + 1))

    def _mapping(self, keys: Iterator[Any], depth: int) -> LocatedMap:
        found = LocatedMap()
        for event in keys:
            line, key = _line(event), self._value(event, depth)
            located = self._value(next(self._events), depth)
            if not isinstance(key.value, str):
                written = event.value if isinstance(event, yaml.ScalarEvent) else key.plain()
                self._problems.append(Problem(line, f"a key must be a word, not {shown(written)}"))
                continue
            if key.value in found:
                self._problems.append(Problem(line, f"{shown(key.value)} is given twice in the same mapping"))
            plain = not isinstance(located.value, LocatedMap | list)
            found[key.value] = Located(line, located.value) if plain else located
        return found


def _plain(text: str) -> object:
    """A value without quotes."""
    for first, pattern, made in _PLAIN:
        if text[:1] in first and pattern.fullmatch(text):
            return made(text)
    return text


def _goes_on(event: Any) -> bool:
    return not isinstance(event, yaml.CollectionEndEvent)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
