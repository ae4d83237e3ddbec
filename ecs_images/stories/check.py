"""What a story expects, held against what it costs and stores."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from ..billing.bill import Bill, bill
from ..billing.dimensions import DIMENSIONS
from ..catalog.images import find_public_image, marketplace_images, public_images
from ..catalog.prices import Prices
from ..catalog.regions import regions
from ..catalog.sites import site
from ..cloud.cloud import Cloud
from ..errors import FileProblems, InputError, PriceNotFound, Problem, UnknownName
from ..ledger.chains import freed_gib
from ..ledger.ledger import Ledger
from ..units import Time, bytes_to_gib, parse_time, show_time
from .expect import Expectation
from .story import Outcome, Run, Story, billing_end, resolve

_WITHIN = 0.0005
_COLUMNS = {"detail": "x_detail_cost", "paid": "billed_cost"}
_PLACES = {"region": "region", "account": "account"}


def bill_of(story: Story, run: Run, *, until: Time | None = None, prices: Prices | None = None) -> Bill:
    """The bill of a story that has been run, with the price layers it names."""
    prices = prices or Prices.published(*story.price_layers)
    return bill(run.cloud, until=billing_end(story, until), prices=prices)


def check(story: Story, run: Run, prices: Prices | None = None) -> list[Outcome]:
    """Every refusal and expectation of a story, and how it turned out.

    Raises FileProblems, with lines, for expectations that make no sense.
    """
    outcomes, problems = list(run.outcomes), []
    bills: dict[datetime, Bill] = {}
    for expectation in story.expectations:
        try:
            outcomes.append(_outcome(story, run, expectation, bills, prices))
        except (InputError, PriceNotFound) as error:
            problems.append(Problem(expectation.line, str(error)))
    if problems:
        raise FileProblems(story.path, problems)
    return sorted(outcomes, key=lambda outcome: outcome.line)


def _outcome(
    story: Story, run: Run, expectation: Expectation, bills: dict[datetime, Bill], prices: Prices | None
) -> Outcome:
    fields, kind, line = expectation.fields, expectation.kind, expectation.line
    if kind == "image":
        instance = resolve(run.cloud, run.ids, fields["instance"])
        found = run.cloud.instance(instance).image
        wanted = resolve(run.cloud, run.ids, fields["image"])
        listed = find_public_image(wanted, run.cloud.instance(instance).launched_at.date())
        what = f"{fields['instance']} runs from {fields['image']}"
        return Outcome(line, what, found == (listed.image_id if listed else wanted), f"from {found}")
    if kind == "freed_gib":
        of = fields["of"] if isinstance(fields["of"], list) else [fields["of"]]
        value = freed_gib(run.cloud.state, resolve(run.cloud, run.ids, of))
    elif kind == "stored_gib":
        value = _stored_gib(story, run, fields)
    else:
        end = billing_end(story, fields.get("until"))
        if end not in bills:
            bills[end] = bill_of(story, run, until=end, prices=prices)
        try:
            value = _cost(bills[end], run, kind, fields.get("where") or {})
        except _NothingMatches:
            if fields[kind]:
                raise
            _check_possible(fields["where"], story, end, bills[end].prices)
            value = 0.0
    near = math.isclose(value, fields[kind], rel_tol=0, abs_tol=fields.get("within", _WITHIN))
    what = f"{kind} {fields[kind]}" + (f" where {_words(fields['where'])}" if fields.get("where") else "")
    return Outcome(line, what, near, f"{value:.9g}")


def _cost(found: Bill, run: Run, kind: str, where: dict[str, Any]) -> float:
    """The cost of the charges that match; raises InputError when none does."""
    if kind in _COLUMNS:
        settled = found.invoice()
        day = settled["x_settlement_start"].dt.strftime("%Y-%m-%d")
        settled = settled.assign(x_day=day, x_month=day.str.slice(0, 7))
        return float(_matching(settled, where)[_COLUMNS[kind]].sum())
    names = where.keys() & {"image", "snapshot"}
    wanted = where | {name: resolve(run.cloud, run.ids, where[name]) for name in names}
    return float(_matching(found.by(*where), wanted)["list_cost"].sum())


def _matching(table: pd.DataFrame, where: dict[str, Any]) -> pd.DataFrame:
    """The rows that match; raises InputError, with what there is, for a value that none has."""
    for name, value in where.items():
        column = DIMENSIONS[name].column
        found = table[table[column].astype(str) == str(value)]
        if not len(found) and len(table):
            there = sorted(set(table[column].astype(str)))
            raise _NothingMatches(f"no charge matches {name} {value}; there are {', '.join(there[:8]) or 'none'}")
        table = found
    if len(currencies := sorted(set(table["billing_currency"]))) > 1:
        raise InputError(f"the charges are in {' and '.join(currencies)}; say which with where: {{currency: …}}")
    return table


def _check_possible(where: dict[str, Any], story: Story, end: datetime, prices: Prices) -> None:
    """Raise InputError where nothing could ever match, so that an expectation of 0 is no slip that passes."""
    start, last = story.start, end - timedelta(seconds=1)
    for key, form in (("month", "%Y-%m"), ("day", "%Y-%m-%d")):
        if key in where and not f"{start:{form}}" <= str(where[key]) <= f"{last:{form}}":
            raise InputError(f"{key} {where[key]} lies outside the bill, {show_time(start)} to {show_time(end)}")
    paid_in = {site(settings.site).currency for settings in story.accounts.values()}
    if "currency" in where and where["currency"] not in paid_in:
        raise InputError(f"no account of this story pays in {where['currency']}; they pay in {', '.join(paid_in)}")
    if "item" in where:
        systems = {image.os_family for image in public_images().values()}
        known = {*systems, *marketplace_images(), *regions(), *(row.item for row in prices.rows)}
        if str(where["item"]) not in known:
            raise UnknownName("item", str(where["item"]), known)


class _NothingMatches(InputError):
    """No charge is of that kind; right when nothing was to be paid."""


def _stored_gib(story: Story, run: Run, fields: dict[str, Any]) -> float:
    """GiB stored at a moment (default: at the end of the story), in some region or account or in all."""
    where = fields.get("where") or {}
    cloud = run.cloud
    if "at" in fields:
        moment = parse_time(fields["at"], "at")
        end = max(story.until or run.cloud.now, run.cloud.now)
        if not story.start <= moment <= end:
            raise InputError(f"at lies outside the story, {show_time(story.start)} to {show_time(end)}")
        cloud = Cloud.from_ledger(Ledger(event for event in run.cloud.ledger if event.at <= moment))
    total = 0.0
    disk = resolve(run.cloud, run.ids, where["disk"]) if "disk" in where else None
    chain_id = cloud.chain(disk).id if disk else None
    for name, members in cloud.state.chain_snapshots.items():
        first = cloud.state.snapshots[members[0]]
        if all(getattr(first, _PLACES[key]) == where[key] for key in _PLACES if key in where) and chain_id in (
            None,
            name,
        ):
            chain = cloud.state.chains[name]
            total += bytes_to_gib(chain.total_blocks() * chain.block_bytes)
    return total


def _words(where: dict[str, Any]) -> str:
    return ", ".join(f"{name} is {value}" for name, value in where.items()) or "the whole bill"
