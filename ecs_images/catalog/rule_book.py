"""The rule book: rules of the service, its error codes, and what no source settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..errors import InputError, UnknownName, shown
from .files import published


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something no source settles: what the model takes, and why.

    `default` says it in words. Where `assume` may say otherwise, `values` are the words it may say
    and `value` the one that stands for the default; elsewhere both are empty.
    """

    assumption_id: str
    subject: str
    default: str
    why: str
    value: str
    values: tuple[str, ...]


@cache
def assumptions() -> dict[str, Assumption]:
    """Every named assumption by id (`UNK-…` of the rule book, `ASSUME-…` of the model)."""
    return {
        row["assumption_id"]: Assumption(
            row["assumption_id"],
            row["subject"],
            row["default"],
            row["why"],
            row["value"],
            tuple(filter(None, row["values"].split(";"))),
        )
        for row in published("assumptions.csv")
    }


def supposed(assume: Mapping[str, str] | None) -> dict[str, str]:
    """What is supposed instead of defaults, checked; raises UnknownName or InputError."""
    if assume is not None and not isinstance(assume, Mapping):
        raise InputError(f'assume is a mapping such as {{"UNK-10": "refused"}}, not {shown(assume)}')
    for name, value in (assume or {}).items():
        known = assumptions().get(name) if isinstance(name, str) else None
        if known is None:
            raise UnknownName("assumption", str(name), assumptions())
        if not known.values:
            raise InputError(f"{name} ({known.subject}) has one answer here: {known.default}")
        if value not in known.values:
            raise InputError(f"{name} is {' or '.join(known.values)}, not {shown(value)}")
    return dict(assume or {})


def taken(name: str, assume: Mapping[str, str]) -> str:
    """The value in force of an assumption that has several."""
    return assume.get(name, assumptions()[name].value)


@cache
def http_statuses() -> dict[tuple[str, str], int]:
    """The HTTP status of each (operation, error code); 0 where no source gives one."""
    statuses: dict[tuple[str, str], int] = {}
    for row in published("error_codes.csv"):
        statuses.setdefault((row["operation"], row["code"]), int(row["http_status"] or 0))
    return statuses


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
def rules() -> dict[str, Rule]:
    """The rule book by rule id."""
    return {row["rule_id"]: Rule(**{key: value or "" for key, value in row.items()}) for row in published("rules.csv")}


def rule(rule_id: str) -> Rule:
    """The rule of that id; raises UnknownName with the nearest ids."""
    try:
        return rules()[rule_id.upper()]
    except KeyError:
        raise UnknownName("rule", rule_id, rules()) from None
