"""Parameters of a story: names that stand for values, put in before its steps are read.

parameters: {keep: 12, regions: [cn-shanghai, cn-hongkong]}
steps:
  - repeat: {times: 52, every: 7d, as: week}
    steps:
      - create_image: {as: "golden{week}", account: acme, instance: builder}
      - for: {region: "{regions}"}
        copy_image: {as: "{region} {week}", account: acme, image: "golden{week}", to: "{region}"}
      - delete_image: {account: acme, image: "golden{week-keep}"}
        rounds: "{keep+1}-"

`"{keep}"` alone is the value itself, also a number or a list; inside a longer text it is written out. `{keep+1}` and
`{week-keep}` count. A step with `for` is done once for each value. Other names in braces, such as the
counter `{week}`, are left to the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from ..errors import InputError, Problem, UnknownName, shown
from .lined_yaml import Located, LocatedMap

Value = str | int | float | list[Any]
_TEXTS = ("title", "note", "source")
_NAME = re.compile(r"[A-Za-z_]\w*")
_BRACES = re.compile(r"\{(?P<name>[A-Za-z_]\w*)(?:(?P<sign>[+-])(?P<by>\w+))?\}")


def with_parameters(
    root: Located, given: Mapping[str, Value], problems: list[Problem]
) -> tuple[Located, dict[str, Value]]:
    """Put the values of its parameters into a story.

    root: the story as it is written
    given: values instead of those that the story declares; a text is read as the declared value is, a list by commas
    problems: where problems are added, with their lines

    Returns the story without its part `parameters`, and the value of every parameter.
    """
    top = root.value
    declared = top.get("parameters")
    if declared is not None and not isinstance(declared.value, LocatedMap):
        problems.append(Problem(declared.line, "parameters is a mapping such as {keep: 12, regions: [cn-shanghai]}"))
        return root, {}
    nodes: Mapping[str, Located] = declared.value if declared is not None else {}
    values: dict[str, Value] = {}
    for name in given.keys() - nodes.keys():
        problems.append(Problem(declared.line if declared else 0, str(UnknownName("parameter", name, nodes))))
    for name, node in nodes.items():
        try:
            values[name] = node.plain()  # stands in where what is given is refused, so that steps can be read
            values[name] = _value(name, node, given)
        except InputError as error:
            problems.append(Problem(node.line, str(error)))
    filler = _Filler(values, problems)
    filled = LocatedMap()
    for key, node in top.items():
        if key != "parameters":
            filled[key] = filler.filled(node, values)
        if key in _TEXTS:
            filler.used.clear()  # Texts only speak of a parameter; they come first or not at all.
    for name in values.keys() - filler.used:
        problems.append(Problem(nodes[name].line, f'nothing uses the parameter {name}; write "{{{name}}}" in a step'))
    return Located(root.line, filled), values


def _value(name: str, node: Located, given: Mapping[str, Value]) -> Value:
    """The value of a parameter, declared or given; raises InputError where they are of different kinds."""
    if not _NAME.fullmatch(name):
        raise InputError(f"a parameter is named by one word, not {shown(name)}")
    declared = _checked(name, node.plain())
    if name not in given:
        return declared
    value = given[name]
    if isinstance(value, str) and isinstance(declared, list):
        parts = [part.strip() for part in value.split(",") if part.strip()]
        of_numbers = bool(declared) and not any(isinstance(part, str) for part in declared)
        value = [_number(part) for part in parts] if of_numbers else parts
    elif isinstance(value, str) and not isinstance(declared, str):
        value = _number(value)
    elif isinstance(declared, str) and isinstance(value, int | float):
        value = str(value)
    value = _checked(name, value)
    if _kind(declared) != _kind(value):
        raise InputError(f"the parameter {name} is {_kind(declared)}, not {shown(value)}")
    return value


def _kind(value: Value) -> str:
    return "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a number"


def _number(text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _checked(name: str, value: Any) -> Value:
    parts = value if isinstance(value, list) else [value]
    if any(isinstance(part, bool) or not isinstance(part, str | int | float) for part in parts):
        raise InputError(f"the parameter {name} is a number, a text or a list of them, not {shown(value)}")
    return value  # type: ignore[no-any-return]


class _Filler:
    """Puts values into the parts of a story.

    values: the value of each parameter
    problems: where problems are added
    used: the parameters used so far
    """

    def __init__(self, values: Mapping[str, Value], problems: list[Problem]) -> None:
        self.values = values
        self.problems = problems
        self.used: set[str] = set()

    def filled(self, node: Located, scope: Mapping[str, Value]) -> Located:
        """A part of the story with the values of `scope` put in."""
        if isinstance(node.value, list):
            parts: list[Located] = []
            for item in node.value:
                scopes = (
                    self._each(item, scope) if isinstance(item.value, LocatedMap) and "for" in item.value else [scope]
                )
                parts += [self.filled(item, inner) for inner in scopes]
            return Located(node.line, parts)
        if isinstance(node.value, LocatedMap):
            if (
                len(node.value) == 1
                and node.value.keys() <= scope.keys()
                and next(iter(node.value.values())).value is None
            ):
                (name,) = node.value
                self._problem(node.line, f'write "{{{name}}}" in quotes; without them YAML reads a mapping')
            self._check_counter(node.value, scope)
            inside = node.value.items()
            return Located(
                node.line, LocatedMap({key: self.filled(item, scope) for key, item in inside if key != "for"})
            )
        if isinstance(node.value, str) and "{" in node.value:
            return self._text(node, scope)
        return node

    def _each(self, step: Located, scope: Mapping[str, Value]) -> Iterator[Mapping[str, Value]]:
        """The scope of each time that a step with `for` is done: every combination of its values."""
        names = step.value["for"]
        if not isinstance(names.value, LocatedMap) or not names.value:
            self._problem(names.line, 'for is a mapping such as {region: "{regions}"} or {region: [cn-shanghai]}')
            return
        lists: dict[str, list[Any]] = {}
        for name, node in names.value.items():
            values = self.filled(node, scope).plain()
            if not _NAME.fullmatch(name) or name in scope:
                self._problem(node.line, f"for names its value by a word of its own, not {shown(name)}")
            elif not isinstance(values, list):
                self._problem(node.line, f"{name} goes through a list, not {shown(values)}")
            else:
                lists[name] = values
        for combination in product(*lists.values()) if len(lists) == len(names.value) else ():
            yield {**scope, **dict(zip(lists, combination, strict=True))}

    def _check_counter(self, fields: LocatedMap, scope: Mapping[str, Value]) -> None:
        """A repeat's counter cannot have the name of a parameter: it would never be put in."""
        repeat = fields.get("repeat")
        if repeat is not None and isinstance(repeat.value, LocatedMap):
            counter = repeat.value["as"].value if "as" in repeat.value else "n"
            if isinstance(counter, str) and counter in scope:
                self._problem(repeat.line, f"{counter} is both the counter and a parameter; rename one of them")

    def _text(self, node: Located, scope: Mapping[str, Value]) -> Located:
        """A text with the values of `scope` in place of their names; a name alone becomes the value itself."""
        whole = _BRACES.fullmatch(node.value)
        if whole:
            value = self._braces(whole, node.line, scope)
            if isinstance(value, list):
                return Located(node.line, [Located(node.line, part) for part in value])
            return Located(node.line, value)

        def written(match: re.Match[str]) -> str:
            value = self._braces(match, node.line, scope)
            if isinstance(value, list):
                self._problem(node.line, f"{match[0]} is a list; it stands alone, or a step goes through it with for")
            return str(value)

        return Located(node.line, _BRACES.sub(written, node.value))

    def _braces(self, match: re.Match[str], line: int, scope: Mapping[str, Value]) -> Value:
        """What stands for one name in braces; the braces themselves where they are of the steps."""
        name, sign, by = match["name"], match["sign"], match["by"]
        self.used.update({name, by} & self.values.keys())
        change = scope[by] if by in scope else int(by) if by and by.isdecimal() else None
        counted = scope.get(name, 0)  # A counter of the steps is a whole number too.
        if sign is not None and (by in scope or name in scope):
            if not isinstance(counted, int) or not isinstance(change, int):
                wrong = (by, change) if isinstance(counted, int) else (name, counted)
                self._problem(line, f"{match[0]} counts with whole numbers; {wrong[0]} is {shown(wrong[1])}")
            elif name not in scope:
                return f"{{{name}{sign}{change}}}"  # {week-keep} becomes {week-12}.
            else:
                return counted + change if sign == "+" else counted - change
        return scope[name] if name in scope and sign is None else match[0]

    def _problem(self, line: int, message: str) -> None:
        if (problem := Problem(line, message)) not in self.problems:
            self.problems.append(problem)
