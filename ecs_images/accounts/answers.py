"""Saved answers of the service, told apart by what they hold: pages of a list, one table, or what is kept aside."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from shlex import quote
from typing import Any

from ..catalog.limits import constant
from ..catalog.regions import regions
from ..errors import InputError, shown
from ..wire.answers import BY_OPERATION, LISTINGS, Listing, known_as, respelt, squashed
from ..wire.bills import NAMES
from .files import Source
from .values import values_of

USAGE, OMS, STATE, MANIFEST = "DescribeSnapshotsUsage", "QueryUserOmsData", "terraform state", "packer manifest"
_DEEPEST = 4
_WHERE = {"regionid": "RegionId", "region": "RegionId", "accountid": "AccountId"}
_AROUND = _WHERE | {squashed(name): name for name in ("TotalCount", "NextToken", "RequestId")}
_OTHERS = ("ami-", "img-", "snap-", "ins-", "image-")
"""What the ids of other providers begin with."""
_AMOUNTS = frozenset(squashed(name) for name in (*NAMES["gross"], *NAMES["payable"]))


@dataclass(frozen=True)
class Page:
    """Some records of one kind.

    what: the operation, or `STATE` or `MANIFEST`
    records: the records as they stand, those of a state as pairs of a resource's type and its attributes
    around: the fields beside the list, such as RegionId, TotalCount and NextToken; empty for bare records
    alone: whether it is one record that stands in no list, and so may be one of many
    """

    what: str
    records: list[Any]
    around: Mapping[str, Any] = field(default_factory=dict)
    alone: bool = False

    @property
    def listing(self) -> Listing | None:
        return BY_OPERATION.get(self.what)


def pages_of(source: Source) -> Iterator[Page]:
    """The pages of a saved file: one answer, several after one another or in an array, or bare records.

    Raises InputError, with why, for a file that holds none, and after the whole pages of one that is cut off.
    """
    text = source.text().strip()
    if not text:
        raise InputError(f"{source.name}: it is empty")
    found, values = 0, []
    broken: InputError | None = None
    try:
        for value in values_of(source.name, text):
            values.append(value)
    except InputError as error:
        broken = error
    # Bare records, one a line, are the same list as in an array.
    for value in [values] if len(values) > 1 else values:
        for page in _pages(value, 0, {}):
            found += 1
            yield page
    if not found and (
        why := _why_not(values, text) or (not broken and "no saved answer is known that looks like this")
    ):
        raise InputError(f"{source.name}: {why}")
    if broken is not None:
        raise InputError(f"{broken}; what stands before it was read") if found else broken


def fetching(what: str, region: str) -> str:
    """The line of the service's own tool that fetches a whole list; empty for what it does not list page by page."""
    if what in (USAGE, OMS):
        return ""
    own = " --ImageOwnerAlias self" if what == "DescribeImages" else ""
    paging = f" --PageSize {constant('page_size_max'):g} --pager{' NextToken=' if what == 'DescribeImages' else ''}"
    return f"aliyun ecs {what} --RegionId {quote(region or 'REGION')}{own}{paging}"


def _why_not(values: list[Any], text: str) -> str:
    """Why there is no answer in a file, where it is something else that people save; else empty."""
    for value in values:
        if isinstance(value, dict) and {"Code", "Message"} <= value.keys() and value["Code"] not in ("Success", "OK"):
            return f"the service refused: {shown(value['Code'])}, {shown(value['Message'])}"
    if refused := re.match(r"ERROR: SDK[^\n]*\nErrorCode: (\S+)", text):
        return f"the service refused: {shown(refused[1])}"
    if 'resource "alicloud_' in text or 'provider "alicloud"' in text:
        return "Terraform's source is not read; save its state: terraform state pull"
    if "PretaxAmount" in text:
        return "an answer of the billing API; ecs-images reconcile reads it"
    if "," in text.partition("\n")[0] and text[0] not in "[{<":
        return "a table, not an answer; if it is a bill, ecs-images reconcile reads it"
    return ""


def _pages(value: Any, depth: int, around: Mapping[str, Any]) -> Iterator[Page]:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)  # a body that was saved as a text
        except (ValueError, RecursionError):
            return
    if isinstance(value, list):
        yield from _array(value, depth, around)
    if not isinstance(value, dict) or depth > _DEEPEST:
        return
    state = _state(value)
    if state is not None:
        yield Page(STATE, state, value)
        return
    if "builds" in value and "last_run_uuid" in value:
        yield Page(MANIFEST, value["builds"] if isinstance(value["builds"], list) else [], value)
        return
    if "SnapshotSize" in value and "SnapshotCount" in value:
        yield Page(USAGE, [value], value)
        return
    if isinstance(value.get("Data"), dict) and "OmsData" in value["Data"]:
        rows = value["Data"]["OmsData"]
        try:
            rows = json.loads(rows) if isinstance(rows, str) and rows.startswith("[") else rows
        except (ValueError, RecursionError):
            raise InputError("OmsData is damaged or cut off") from None
        yield Page(OMS, [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else [], value["Data"])
        return
    known = [listing for listing in LISTINGS if isinstance(value.get(listing.path[0]), dict)]
    for listing in known:
        inner = value[listing.path[0]]
        if listing.path[1] in inner or not inner:
            # `null` is what the service's own command line writes for an empty list.
            rows = inner.get(listing.path[1]) or []
            rows = [rows] if isinstance(rows, dict) else rows  # converters of XML make no list of one
            if not isinstance(rows, list):
                raise InputError(f"{'.'.join(listing.path)} is {shown(rows)}, not a list")
            yield Page(listing.operation, rows, {key: around[key] for key in _WHERE.values() if key in around} | value)
    if known:
        return
    if _listing(value):
        yield from (replace(page, alone=True) for page in _array([value], depth, around))
        return
    told = {_AROUND[name]: part for key, part in value.items() if (name := squashed(str(key))) in _AROUND}
    for key, inner in value.items():
        # Who fetched region by region may have put each answer under the region's name.
        here = {"RegionId": key} if isinstance(inner, dict | list) and key in regions() else {}
        for page in _pages(inner, depth + 1, {**around, **told, **here}):
            # A group of snapshots is no list of all that there are.
            yield replace(page, alone=True) if key == "SnapshotGroups" else page


def _array(values: list[Any], depth: int, around: Mapping[str, Any]) -> Iterator[Page]:
    """An array of answers, or of bare records of one kind."""
    rows = [value for value in values if isinstance(value, dict)]
    kinds = {_listing(row) for row in rows}
    if len(kinds) == 1 and (listing := kinds.pop()):
        found = [respelt(row, listing.fields) for row in rows]
        if str(found[0].get(listing.key)).startswith(_OTHERS):
            raise InputError(f"the id {shown(found[0][listing.key])} is of another provider")
        yield Page(listing.operation, found, around)
    elif depth <= _DEEPEST:
        for value in values:
            yield from _pages(value, depth + 1, around)


def _listing(record: dict[str, Any]) -> Listing | None:
    """The list operation that a bare record is of; None for any other, and for the line of a bill."""
    names = frozenset(map(str, record))
    return None if _AMOUNTS & {squashed(name).rpartition("/")[2] for name in names} else known_as(names)


# Terraform ------------------------------------------------------------------------------------------


def _state(value: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]] | None:
    """The managed resources of a state, as pairs of type and attributes; None where this is no state.

    A state pulled is known by its serial, one of before Terraform 0.12 has modules, and `terraform show -json` writes
    values.
    """
    if "terraform_version" not in value and "serial" not in value:
        return None
    if isinstance(value.get("values"), dict):
        return list(_shown(value["values"].get("root_module")))
    if isinstance(value.get("modules"), list):
        parts = [module.get("resources") for module in _dicts(value["modules"])]
        olds = [old for part in parts if isinstance(part, dict) for old in _dicts(list(part.values()))]
        found = [
            (old.get("type"), primary.get("attributes")) for old in olds for primary in _dicts([old.get("primary")])
        ]
    elif isinstance(value.get("resources"), list):
        managed = [part for part in _dicts(value["resources"]) if part.get("mode") != "data"]
        found = [(part.get("type"), one.get("attributes")) for part in managed for one in _dicts(part.get("instances"))]
    else:
        return None
    return [(str(kind), attributes) for kind, attributes in found if isinstance(attributes, dict)]


def _shown(module: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(module, dict):
        for part in _dicts(module.get("resources")):
            if part.get("mode") != "data" and isinstance(part.get("values"), dict):
                yield str(part.get("type")), part["values"]
        for child in _dicts(module.get("child_modules")):
            yield from _shown(child)


def _dicts(value: Any) -> list[dict[str, Any]]:
    """The dicts of a list; none of what is no list."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
