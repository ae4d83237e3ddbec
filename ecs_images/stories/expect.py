"""The expectations of a story: read, and checked to make sense before anything runs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..billing.dimensions import ANY_TAG, names_of, tag
from ..catalog.meters import METERS
from ..catalog.price_files import CURRENCIES
from ..catalog.regions import region
from ..errors import InputError, Problem, UnknownName, shown
from ..units import parse_time
from .lined_yaml import Located, LocatedMap
from .steps import check_reference

_STORED = ("region", "account", "disk")
# For each kind of expectation: the keys it takes, and what its `where` may name.
_KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cost": (("where", "within", "until"), (*names_of("charges", "shares"), ANY_TAG)),
    "detail": (("where", "within", "until"), names_of("invoice")),
    "paid": (("where", "within", "until"), names_of("invoice")),
    "stored_gib": (("where", "within", "at"), _STORED),
    "freed_gib": (("of", "within"), ()),
    "image": (("instance",), ()),
}
_PERIODS = {"month": ("2026-02", "-01"), "day": ("2026-02-14", "")}
"""An example of each, and what completes it to a date."""


@dataclass(frozen=True)
class Expectation:
    """An amount or a fact that a story expects.

    line: its line in the file
    kind: which one it is; a key of `fields`
    fields: its keys and values as written
    """

    line: int
    kind: str
    fields: dict[str, Any]


@dataclass
class ExpectationReader:
    """Reads the expectations of a story and collects every problem.

    accounts: the accounts of the story
    names: the names given with `as` in its steps
    problems: where problems are added
    """

    accounts: Collection[str]
    names: Mapping[str, str]
    problems: list[Problem]

    def read(self, node: Located) -> list[Expectation]:
        """Read the list of expectations."""
        if not isinstance(node.value, list):
            self._problem(node.line, "expect must be a list")
            return []
        return [read for item in node.value if (read := self._expectation(item)) is not None]

    def _problem(self, line: int, message: str) -> None:
        self.problems.append(Problem(line, message))

    def _expectation(self, item: Located) -> Expectation | None:
        if not isinstance(item.value, LocatedMap):
            self._problem(item.line, "an expectation is a mapping such as {where: {meter: …}, cost: 1.44}")
            return None
        kinds = [key for key in item.value if key in _KINDS]
        if len(kinds) != 1:
            self._problem(item.line, f"an expectation has one of {', '.join(_KINDS)}")
            return None
        (kind,), (keys, where) = kinds, _KINDS[kinds[0]]
        for key, value in item.value.items():
            if key not in (kind, "note", *keys):
                hint = f"{kind} goes with {', '.join(keys)}"
                self._problem(value.line, str(UnknownName("part of an expectation", key, keys, hint)))
                continue
            try:
                self._check(kind, key, value, where)
            except InputError as error:
                self._problem(value.line, str(error))
        if (kind == "freed_gib" and "of" not in item.value) or (kind == "image" and "instance" not in item.value):
            self._problem(item.line, f"{kind} needs {keys[0]}")
        return Expectation(item.line, kind, item.plain())

    def _check(self, kind: str, key: str, item: Located, where: tuple[str, ...]) -> None:
        if key == "where":
            self._check_where(item, where)
        elif key in ("at", "until"):
            parse_time(item.value, key)
        elif key == "image" or key == "instance":
            self._check_name(key, item.value)
        elif key == "of":
            names = item.plain() if isinstance(item.value, list) else [item.plain()]
            if not names:
                raise InputError("of is one snapshot or several, not none")
            for name in names:
                self._check_name("snapshot", name)
        elif key in (kind, "within") and (number(item.plain(), key) < 0):
            raise InputError(f"{key} cannot be negative: {shown(item.value)}")

    def _check_where(self, node: Located, known: tuple[str, ...]) -> None:
        if not isinstance(node.value, LocatedMap):
            raise InputError(f"where is a mapping such as {{meter: snapshot_standard}}, not {shown(node.plain())}")
        for key, item in node.value.items():
            if key not in known and not (ANY_TAG in known and tag(key)):
                raise UnknownName("part of where", key, known, f"it takes {', '.join(known)}")
            if isinstance(item.value, list | LocatedMap):
                raise InputError(f"{key} is one value, not {shown(item.plain())}")
            _check_known_value(key, item.value)
            if key == "region":
                region(str(item.value))
            elif key == "account" and item.value not in self.accounts:
                raise UnknownName("account", str(item.value), self.accounts)
            elif key in ("image", "snapshot", "disk"):
                self._check_name(key, item.value)

    def _check_name(self, kind: str, name: object) -> None:
        if not isinstance(name, str):
            raise InputError(f"{kind} is a name, not {shown(name)}")
        check_reference(kind, name, self.names)


def _check_known_value(key: str, value: object) -> None:
    """Raise InputError for a value that no charge can have: with a misspelt one an expectation of 0 would pass."""
    if key == "meter" and value not in METERS:
        raise UnknownName("meter", str(value), METERS)
    if key == "currency" and value not in CURRENCIES:
        raise UnknownName("currency", str(value), CURRENCIES)
    if key in _PERIODS:
        example, rest = _PERIODS[key]
        try:
            as_written = date.fromisoformat(f"{value}{rest}").isoformat() == f"{value}{rest}"
        except ValueError:
            as_written = False
        if not as_written:
            raise InputError(f"{key} is written like {example}, not {shown(value)}")


def number(value: object, what: str) -> float:
    """`value` as a finite number; raises InputError, naming `what`, for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            if math.isfinite(float(value)):
                return float(value)
        except OverflowError:
            pass
    raise InputError(f"{what} must be a number, not {shown(value)}")
