"""The smaller published tables: instance types, sites, durations, assumptions, error codes, rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..errors import InputError, UnknownName
from .files import published


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type: what licence fees and compatibility depend on."""

    name: str
    vcpus: int
    memory_gib: float
    architecture: str


@cache
def instance_types() -> dict[str, InstanceType]:
    """Every instance type by name."""
    return {
        row["instance_type"]: InstanceType(
            row["instance_type"], int(row["vcpus"]), float(row["memory_gib"]), row["architecture"]
        )
        for row in published("instance_types.csv")
    }


def instance_type(name: str) -> InstanceType:
    """The instance type of that name; raises UnknownName with the nearest ones."""
    try:
        return instance_types()[name]
    except KeyError:
        raise UnknownName("instance type", str(name), instance_types()) from None


@dataclass(frozen=True, slots=True)
class Site:
    """A site of the provider: its currency and how its bills round (BILL-6)."""

    name: str
    currency: str
    detail_decimals: int
    paid_decimals: int


@cache
def sites() -> dict[str, Site]:
    """The china and the international site."""
    return {
        row["site"]: Site(row["site"], row["currency"], int(row["detail_decimals"]), int(row["paid_decimals"]))
        for row in published("sites.csv")
    }


def site(name: str) -> Site:
    """The site of that name; raises UnknownName."""
    try:
        return sites()[name]
    except KeyError:
        raise UnknownName("site", str(name), sites()) from None


def site_of_currency(currency: str) -> Site:
    """The site that bills in a currency (each has one)."""
    for found in sites().values():
        if found.currency == currency:
            return found
    raise UnknownName("currency", currency, [found.currency for found in sites().values()])


@cache
def duration_seconds(task: str) -> tuple[float, float]:
    """How long a task typically takes: (fixed seconds, seconds per GiB); CREATE-13."""
    for row in published("durations.csv"):
        if row["task"] == task:
            return float(row["minutes_fixed"]) * 60, float(row["minutes_per_gib"]) * 60
    raise InputError(f"no typical duration is known for {task!r}")


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something no source settles: what the model takes, and why."""

    assumption_id: str
    subject: str
    default: str
    why: str


@cache
def assumptions() -> dict[str, Assumption]:
    """Every named assumption by id (`UNK-…` of the rule book, `ASSUME-…` of the model)."""
    return {
        row["assumption_id"]: Assumption(row["assumption_id"], row["subject"], row["default"], row["why"])
        for row in published("assumptions.csv")
    }


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
