"""The rule book: rules of the service, its error codes, and what no source settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from ..errors import InputError, look_up, shown
from .files import published, records


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something no source settles: what the model takes, and why.

    assumption_id: `UNK-…` of the rule book, or `ASSUME-…` of the model
    subject: what is not known
    default: what the model takes, in words
    why: why that
    value: the word for the default, where `assume` may choose another; else empty
    values: the words that `assume` may choose from
    used_by: who reads the choice: commands, or bills
    """

    assumption_id: str
    subject: str
    default: str
    why: str
    value: str
    values: tuple[str, ...]
    used_by: str


@cache
def assumptions() -> Mapping[str, Assumption]:
    """Every named assumption by id; read-only."""
    return records(Assumption, "assumptions.csv")


def supposed(assume: Mapping[str, str] | None, used_by: Literal["commands", "bills"] | None = None) -> dict[str, str]:
    """What is supposed instead of defaults, checked.

    assume: for ids of assumptions, the value to suppose
    used_by: accept only assumptions that commands, or that bills, read; None: either

    Raises UnknownName for an id that is not known, InputError for any other that would have no effect.
    """
    if assume is not None and not isinstance(assume, Mapping):
        raise InputError(f'assume is a mapping such as {{"UNK-5": "start"}}, not {shown(assume)}')
    for name, value in (assume or {}).items():
        known = look_up("assumption", name, assumptions())
        if not known.values:
            raise InputError(f"{name} ({known.subject}) has one answer here: {known.default}")
        if not isinstance(value, str) or value not in known.values:
            raise InputError(f"{name} is {' or '.join(known.values)}, not {shown(value)}")
        if used_by not in (None, known.used_by):
            raise InputError(f"{name} ({known.subject}) is for {known.used_by}; it has no effect on {used_by}")
    return dict(assume or {})


def taken(name: str, assume: Mapping[str, str]) -> str:
    """The value in force of an assumption that has several."""
    return assume.get(name, assumptions()[name].value)


@cache
def http_statuses() -> Mapping[tuple[str, str], int]:
    """The HTTP status of each (operation, error code); 0 where no source gives one. Read-only."""
    statuses: dict[tuple[str, str], int] = {}
    for row in published("error_codes.csv"):
        statuses.setdefault((row["operation"], row["code"]), int(row["http_status"] or 0))
    return MappingProxyType(statuses)


@cache
def rules_behind(operation: str, code: str) -> str:
    """The ids of the rules that a refusal of an operation follows from, by blanks; empty where none is known."""
    rows = (row for row in published("error_codes.csv") if (row["operation"], row["code"]) == (operation, code))
    return next((row["rule_id"] for row in rows), "")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the service: its id, one sentence, how well it is sourced, and whether it is built."""

    rule_id: str
    strength: str
    section: str
    title: str
    source: str
    status: str
    where: str
    reason: str


@cache
def rules() -> Mapping[str, Rule]:
    """The rule book by rule id; read-only."""
    return records(Rule, "rules.csv")


def rule(rule_id: str) -> Rule:
    """The rule of that id, in upper or lower case; raises UnknownName with the nearest ids."""
    return look_up("rule", rule_id.upper() if isinstance(rule_id, str) else rule_id, rules())
