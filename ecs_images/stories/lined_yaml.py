"""YAML with line numbers: the text of a story file → values that know their line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from ..errors import FileProblems, InputError, Problem, shown
from ..saving import read

_DEEPEST = 12
_LIBYAML_IS_LAXER = re.compile(r"[\t?]")


class _Loader(yaml.SafeLoader):
    """Reads plain values as YAML 1.2 does: 012 is twelve; 1:30 and yes are text. Times stay text too.

    The library's own YAML 1.1 would read them as 10, 90 and true.
    """


class _FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads the same through libyaml, where PyYAML has it: many times faster, but with other error messages."""


def _plain(made: Callable[[str], object], loader: _Loader, node: yaml.ScalarNode) -> object:
    return made(node.value)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


# For each kind of plain value: how it is written, its possible first characters, and how its text is converted.
_PLAIN: tuple[tuple[str, str, list[str], Callable[[str], object]], ...] = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""], lambda _: None),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF"), lambda text: text.lower() == "true"),
    ("int", r"[-+]?[0-9]{1,400}", list("-+0123456789"), int),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
        _float,
    ),
)
for _reads in _Loader, _FastLoader:
    _reads.yaml_implicit_resolvers = {}
    for _kind, _pattern, _first, _made in _PLAIN:
        _reads.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first)
        _reads.add_constructor(f"tag:yaml.org,2002:{_kind}", partial(_plain, _made))


@dataclass(frozen=True)
class Located:
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
    problems: list[Problem] = []
    try:
        node = _composed(text)
        located = _locate(node, _Loader(""), problems) if node else None
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


def _composed(text: str) -> yaml.Node | None:
    """The text as nodes. What libyaml cannot read is read again by PyYAML itself, whose error messages are shown."""
    # Only libyaml accepts tabs between words and question marks inside braces. Texts with them go to PyYAML itself,
    # so that the same stories are refused where libyaml is missing.
    if not _LIBYAML_IS_LAXER.search(text):
        with suppress(yaml.YAMLError, UnicodeError):
            return _composed_by(text, _FastLoader)
    return _composed_by(text, _Loader)


def _composed_by(text: str, loader: type[Any]) -> yaml.Node | None:
    _check_shape(text, loader)
    return yaml.compose(text, loader)


def _check_shape(text: str, loader: type[Any]) -> None:
    """Refuse deep nesting, tags and aliases before anything is built from the text."""
    depth = 0
    for event in yaml.parse(text, loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _BadShape(_line(event), f"nested deeper than {_DEEPEST} levels; no story is")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            raise _BadShape(_line(event), "YAML tags such as !!str are not used in stories")
        if isinstance(event, yaml.AliasEvent):
            raise _BadShape(_line(event), "YAML anchors and aliases are not used in stories")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _locate(node: yaml.Node, loader: _Loader, problems: list[Problem]) -> Located:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return Located(line, LocatedMap(_pairs(node, loader, problems)))
    if isinstance(node, yaml.SequenceNode):
        return Located(line, [_locate(item, loader, problems) for item in node.value])
    return Located(line, loader.construct_object(node))


def _pairs(node: yaml.MappingNode, loader: _Loader, problems: list[Problem]) -> Iterator[tuple[str, Located]]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = loader.construct_object(key_node) if isinstance(key_node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            problems.append(Problem(line, f"a key must be a word, not {shown(key_node.value)}"))
            continue
        if key in seen:
            problems.append(Problem(line, f"{shown(key)} is given twice in the same mapping"))
        seen.add(key)
        located = _locate(value_node, loader, problems)
        yield key, Located(line, located.value) if not isinstance(located.value, LocatedMap | list) else located
