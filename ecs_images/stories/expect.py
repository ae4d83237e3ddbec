"""The expectations of a story: read, and checked to make sense before anything runs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from ..billing.dimensions import ANY_TAG, names_of, tag
from ..catalog.meters import METERS
from ..catalog.price_files import CURRENCIES
from ..catalog.regions import region
from ..errors import InputError, Problem, UnknownName, shown
from ..units import parse_time
from .lined_yaml import Located, LocatedMap
from .steps import check_reference

_STORED = ("region", "account", "disk")
KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "cost": (
        "list cost of the charges that match `where`",
        ("where", "within", "until"),
        (*names_of("charges", "shares"), ANY_TAG),
    ),
    "detail": ("cost of the invoice before it is truncated", ("where", "within", "until"), names_of("invoice")),
    "paid": ("what the invoice asks for", ("where", "within", "until"), names_of("invoice")),
    "stored_gib": ("GiB stored at a moment, the end unless `at` says when", ("where", "within", "at"), _STORED),
    "freed_gib": ("GiB freed if the snapshots `of` were deleted", ("of", "within"), ()),
    "image": ("the image that an instance runs from", ("instance",), ()),
}
"""For each kind of expectation: its meaning, the keys it takes, and what its `where` may name."""
_PERIODS = {"month": ("2026-02", "-01"), "day": ("2026-02-14", "")}
"""An example of each, and what completes it to a date."""


_NEAR = 0.0005
"""How far a figure may be from what is expected, unless `within` says otherwise."""


class Bounds(NamedTuple):
    """What a figure may be: its least and most, both allowed, and how a story says so."""

    low: float
    high: float
    words: str

    def miss(self, value: float) -> float:
        """By how much a figure is above (or, negative, below) what it may be; 0 where it is allowed.

        Sums of many amounts end in a digit or so more than is written: 1.2000000000000002 is at most 1.2.
        """
        missed = max(value - self.high, 0.0) + min(value - self.low, 0.0)
        return missed if abs(missed) > 1e-9 else 0.0


def bounds(wanted: Any, within: float | None = None) -> Bounds:
    """What an expectation allows.

    wanted: a number, or a mapping of one of at_most, at_least and between (two numbers)
    within: how far a figure may be from a number; 0.0005 unless given

    Raises InputError for anything else.
    """
    if not isinstance(wanted, dict):
        value, near = number(wanted, "what is expected"), _NEAR if within is None else within
        return Bounds(value - near, value + near, f"{wanted}")
    if len(wanted) != 1 or not wanted.keys() <= {"at_most", "at_least", "between"}:
        raise InputError(f"a bound is at_most, at_least or between, such as {{at_most: 5}}, not {shown(wanted)}")
    ((word, limit),) = wanted.items()
    if word == "at_most":
        return Bounds(-math.inf, _not_negative(limit, word), f"at most {limit}")
    if word == "at_least":
        return Bounds(_not_negative(limit, word), math.inf, f"at least {limit}")
    if not isinstance(limit, list) or len(limit) != 2:
        raise InputError(f"between is two numbers, such as [2, 5], not {shown(limit)}")
    low, high = (_not_negative(edge, word) for edge in limit)
    if low > high:
        raise InputError(f"between goes from the smaller to the larger number, not {shown(limit)}")
    return Bounds(low, high, f"between {limit[0]} and {limit[1]}")


def _not_negative(value: object, what: str) -> float:
    found = number(value, what)
    if found < 0:
        raise InputError(f"{what} cannot be negative: {shown(value)}")
    return found


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
        kinds = [key for key in item.value if key in KINDS]
        if len(kinds) != 1:
            self._problem(item.line, f"an expectation has one of {', '.join(KINDS)}")
            return None
        (kind,), (_, keys, where) = kinds, KINDS[kinds[0]]
        for key, value in item.value.items():
            if key not in (kind, "note", *keys):
                hint = f"{kind} goes with {', '.join(keys)}"
                self._problem(value.line, str(UnknownName("part of an expectation", key, keys, hint)))
                continue
            try:
                self._check(kind, key, value, where)
            except InputError as error:
                self._problem(value.line, str(error))
        if "within" in item.value and isinstance(item.value[kind].value, LocatedMap):
            self._problem(item.value["within"].line, "within goes with a number; a bound is exact")
        if (kind == "freed_gib" and "of" not in item.value) or (kind == "image" and "instance" not in item.value):
            self._problem(item.line, f"{kind} needs {keys[0]}")
        return Expectation(item.line, kind, item.plain())

    def _check(self, kind: str, key: str, item: Located, where: tuple[str, ...]) -> None:
        if key == kind and isinstance(item.value, LocatedMap):
            bounds(item.plain())
        elif key == "where":
            self._check_where(item, where)
        elif key in ("at", "until"):
            parse_time(item.value, key)
        elif key in ("image", "instance"):
            self._check_name(key, item.value)
        elif key == "of":
            names = item.plain() if isinstance(item.value, list) else [item.plain()]
            if not names:
                raise InputError("of is one snapshot or several, not none")
            for name in names:
                self._check_name("snapshot", name)
        elif key in (kind, "within"):
            _not_negative(item.plain(), key)

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
