"""What a saved file says, whatever it is written in: JSON in many wrappings, YAML, XML, or a table.

Every form comes out as the same plain values, dicts, lists and texts, in which `accounts.answers` looks for answers.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator
from functools import partial
from io import StringIO
from typing import Any
from xml.etree import ElementTree

import yaml

from ..errors import InputError, shown

_BETWEEN = re.compile(r"[\s,;\x1e]*")
_REMARKS = re.compile(
    r'("(?:[^"\\]|\\.)*+"?)|^[^\S\n]*(?:#|\$ |>).*?$|//[^\n]*|/\*.*?(?:\*/|\Z)|,(?=\s*[\]}])', re.DOTALL | re.MULTILINE
)
"""Texts, which stay; and what is no JSON: comments, prompts of a terminal, a comma before a closing bracket.

What is opened and never closed reaches to the end, so that damaged text is searched once.
"""
_HALF = re.compile(r"(\\+u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2})|(\\+)u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Escapes of a whole character beyond 16 bits, which stay; and of half a one, which no table can hold."""
_RULE = re.compile(r"[\s|+:=─-]+")
"""A line that rules off the head of a table, or is its border."""


class _Texts(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads every plain value of YAML as the text that stands there, but for null: ids and times stay exact."""


_Texts.yaml_implicit_resolvers = {}
_Texts.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""])


def values_of(name: str, text: str, *, exact: bool = False) -> Iterator[Any]:
    """The values of a text, in order; several follow one another where answers were added to one file.

    name: what the file is called in messages
    text: its text, not empty
    exact: whether numbers stay the digits that stand there

    Raises InputError with why, at the place where the text is damaged or is none of the forms.
    """
    text = _HALF.sub(lambda found: found[1] or f"{found[2]}ufffd", text)
    if text[0] == "<":
        yield _xml(name, text)
    elif text[0] in "[{" or re.search(r"^[\[{]", text, re.MULTILINE):
        digits: dict[str, Any] = {"parse_float": str, "parse_int": str} if exact else {}
        yield from _json(name, text, json.JSONDecoder(object_pairs_hook=partial(_object, name), **digits))
    elif (rows := _table(text)) and (whole := [row for row in rows if len(row) == len(rows[0])])[1:]:
        yield [dict(zip(rows[0], row, strict=True)) for row in whole[1:]]
        if left := len(rows) - len(whole):
            raise InputError(f"{name}: {left} lines have more or fewer fields than its first line has names")
    elif re.match(r"(?:---\s|- |[\w.-]+:\s)", text):
        yield from _yaml(name, text)
    else:
        raise InputError(f"{name}: it is not JSON")


def _object(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; one key twice would leave only the last of its values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"{name}: the key {shown(twice)} stands twice in an object; save what the service answers")
    return found


def _json(name: str, text: str, decoder: json.JSONDecoder) -> Iterator[Any]:
    """One value, or several: as lines, or simply one after another."""
    position = 0
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except InputError:
            raise
        except RecursionError:
            raise InputError(f"{name}: it is nested too deeply") from None
        except ValueError as error:
            plain = _REMARKS.sub(lambda found: found[1] or "", text).strip()
            if position == 0 and plain != text and plain[:1] in ("[", "{"):
                yield from _json(name, plain, decoder)
                return
            if position == 0 and (printed := _printed(text)) is not None:
                yield printed
                return
            line = text.count("\n", 0, position) + 1
            why = str(error) if isinstance(error, json.JSONDecodeError) else "a number has thousands of digits"
            where = f"what begins in line {line} is not whole" if position else why
            raise InputError(f"{name}: the file is damaged or cut off: {where}") from None
        yield value
        found = _BETWEEN.match(text, position)
        position = found.end() if found else position


def _printed(text: str) -> Any:
    """What Python's print has made of a dict or list; None for anything else."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _yaml(name: str, text: str) -> Iterator[Any]:
    try:
        # A few names that stand for one another can stand for billions of values, or for themselves.
        if "*" in text and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Texts)):
            raise InputError(f"{name}: YAML with names for its parts (&a, *a) is not read; save it as JSON")
        yield from yaml.load_all(text, Loader=_Texts)
    except InputError:
        raise
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise InputError(f"{name}: it is neither JSON nor whole YAML{where}") from None


def _xml(name: str, text: str) -> Any:
    """An answer in XML, which was the service's usual form: elements as dicts, lists where names say that they are.

    `<Images><Image>…</Image></Images>` becomes the same as in JSON, also with one image or none.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"{name}: a page for a browser, not an answer; save what the service answers")
    try:
        root = ElementTree.fromstring(re.sub(r"^<\?xml[^>]*\?>", "", text))
    except (ElementTree.ParseError, ValueError) as error:
        raise InputError(f"{name}: the file is damaged or cut off: {error}") from None
    try:
        return _element(root)
    except RecursionError:
        raise InputError(f"{name}: it is nested too deeply") from None


def _element(element: ElementTree.Element) -> Any:
    tag = element.tag.rpartition("}")[2]
    if not len(element):
        # An empty list has nothing in it that would say so: only its name does.
        return {} if tag.endswith("s") and not (element.text or "").strip() else (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in element:
        found.setdefault(child.tag.rpartition("}")[2], []).append(_element(child))
    lists = {part for part in found if tag in (f"{part}s", f"{part.removesuffix('y')}ies") or len(found[part]) > 1}
    lists |= {"DataPoint"} & found.keys()
    return {part: values if part in lists else values[0] for part, values in found.items()}


def _table(text: str) -> list[list[str]]:
    """The heads and rows of a table: a CSV, or columns between bars as command lines draw them; else nothing."""
    first, _, rest = text.partition("\n")
    if "|" in first or _RULE.fullmatch(first):
        lines = [line.strip().strip("|") for line in text.splitlines() if not _RULE.fullmatch(line)]
        cells = [[cell.strip() for cell in line.split("|")] for line in lines if "|" in line]
    else:
        if first.startswith("sep="):
            first, _, _ = (text := rest).partition("\n")
        csv.field_size_limit(1 << 24)
        try:
            cells = list(csv.reader(StringIO(text, newline=""), delimiter=max(",\t;", key=first.count)))
        except csv.Error:
            return []
    if len(cells) < 2 or len(cells[0]) < 2:
        return []
    empty = {"<nil>", "<null>", "null", "-"}
    rows = [["" if cell in empty else cell for cell in row] for row in cells[1:] if any(row)]
    return [[head.strip() for head in cells[0]], *rows]
