"""Checks what a story expects against what it costs and stores."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from ..billing.bill import Bill
from ..billing.dimensions import TAG, chosen
from ..billing.unpriced import price_not_found
from ..catalog.images import find_public_image, marketplace_image, marketplace_images, public_images
from ..catalog.prices import Prices
from ..catalog.regions import regions
from ..catalog.sites import site
from ..errors import FileProblems, InputError, PriceNotFound, Problem, UnknownName
from ..units import bytes_to_gib, parse_time, show_time
from .expect import Expectation, bounds
from .run import Outcome, Run, resolve
from .story import Story

_COLUMNS = {"detail": "x_detail_cost", "paid": "billed_cost"}


def check(story: Story, run: Run, prices: Prices | None = None) -> list[Outcome]:
    """Returns an outcome for each refusal and expectation of a story, in order of lines.

    story: the story
    run: its run
    prices: as for `Run.bill`

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
        instance = run.cloud.instance(resolve(run.cloud, run.ids, fields["instance"]))
        expected = _id_of(run, fields["image"])
        public = find_public_image(expected, instance.launched_at.date())
        passed = instance.image == (public.image_id if public else expected)
        return Outcome(line, f"{fields['instance']} runs from {fields['image']}", passed, f"from {instance.image}")
    wanted = bounds(fields[kind], fields.get("within"))
    if kind == "freed_gib":
        of = fields["of"] if isinstance(fields["of"], list) else [fields["of"]]
        value = run.cloud.freed_gib(resolve(run.cloud, run.ids, of))
    elif kind == "stored_gib":
        value = _stored_gib(story, run, fields)
    else:
        end = run.end(fields.get("until"))
        if end not in bills:
            bills[end] = run.bill(until=end, prices=prices)
        where = fields.get("where") or {}
        if len(lacking := _unpriced(bills[end], run, where)):
            raise price_not_found(lacking)
        try:
            value = _cost(bills[end], run, kind, where)
        except _NothingMatches:
            if wanted.low > 0:
                raise
            _check_possible(fields["where"], story, run, end, bills[end].prices)
            value = 0.0
    where = ", ".join(f"{name} is {wanted}" for name, wanted in (fields.get("where") or {}).items())
    what = f"{kind} {wanted.words}{where and f' where {where}'}"
    return Outcome(line, what, wanted.miss(value) == 0, f"{value:.9g}", value, wanted)


def _cost(billed: Bill, run: Run, kind: str, where: dict[str, Any]) -> float:
    """The cost of the charges that match; raises InputError when none does."""
    if kind in _COLUMNS:
        settled = billed.invoice()
        day = settled["x_settlement_start"].dt.strftime("%Y-%m-%d")
        settled = settled.assign(x_day=day, x_month=day.str.slice(0, 7))
        return float(_matching(settled, where)[_COLUMNS[kind]].sum())
    names = where.keys() & {"image", "snapshot"}
    wanted = where | {name: _charged_id(run, where[name]) for name in names}
    return float(_matching(billed.by(*where), wanted)["list_cost"].sum())


def _id_of(run: Run, name: str) -> str:
    """The id that a name of the story, or a product code, stands for."""
    found: str = resolve(run.cloud, run.ids, name)
    product = marketplace_image(found)
    return product.image_id if product else found


def _charged_id(run: Run, name: str) -> str:
    """The id that charges have for a name; a name of a public image means what it meant when it was launched."""
    found = _id_of(run, name)
    launched = {
        instance.image
        for instance in run.cloud.state.instances.values()
        if (public := find_public_image(found, instance.launched_at.date())) and public.image_id == instance.image
    }
    if len(launched) > 1:
        raise InputError(f"{name} means {' and '.join(sorted(launched))} in this story; say which by its id")
    return launched.pop() if launched else found


def _unpriced(found: Bill, run: Run, where: dict[str, Any]) -> pd.DataFrame:
    """What of a bill's use has no price and would count for the charges that match, as an `UNPRICED` table."""
    lacking = found.unpriced
    for dimension, (name, value) in zip(chosen(where), where.items(), strict=True):
        column = dimension.column
        if column in lacking:
            lacking = lacking[lacking[column].astype(str) == str(value)]
        elif name in ("month", "day"):
            form = "%Y-%m" if name == "month" else "%Y-%m-%d"
            first = lacking["charge_period_start"].dt.strftime(form)
            last = (lacking["charge_period_end"] - pd.Timedelta(seconds=1)).dt.strftime(form)
            lacking = lacking[(first <= str(value)) & (last >= str(value))]
        elif len(lacking):  # an image, a snapshot or a tag
            shares = found.unpriced_by(name)
            wanted = str(value) if name.startswith(TAG) else _charged_id(run, value)
            its = shares[shares[column] == wanted]
            keys = ["billing_account_id", "region_id", "sku_meter"]
            lacking = lacking.merge(its[keys].drop_duplicates(), on=keys)
    return lacking


def _matching(table: pd.DataFrame, where: dict[str, Any]) -> pd.DataFrame:
    """The rows that match; raises InputError, with the values that exist, where none does."""
    for dimension, (name, value) in zip(chosen(where), where.items(), strict=True):
        column = dimension.column
        matching = table[table[column].astype(str) == str(value)]
        if not len(matching) and len(table):
            existing = sorted(set(table[column].astype(str).replace("", "(empty)")))
            raise _NothingMatches(f"no charge matches {name} {value}; there are charges of {', '.join(existing[:8])}")
        table = matching
    if len(currencies := sorted(set(table["billing_currency"]))) > 1:
        raise InputError(f"the charges are in {' and '.join(currencies)}; choose one with where: {{currency: …}}")
    return table


def _check_possible(where: dict[str, Any], story: Story, run: Run, end: datetime, prices: Prices) -> None:
    """Raise InputError where nothing could ever match, so that an expectation of 0 is no slip that passes."""
    start, last = story.start, end - timedelta(seconds=1)
    for key, form in (("month", "%Y-%m"), ("day", "%Y-%m-%d")):
        if key in where and not f"{start:{form}}" <= str(where[key]) <= f"{last:{form}}":
            raise InputError(f"{key} {where[key]} is outside the bill, {show_time(start)} to {show_time(end)}")
    paid_in = {site(settings.site).currency for settings in story.accounts.values()}
    if "currency" in where and where["currency"] not in paid_in:
        raise InputError(f"no account of this story pays in {where['currency']}; they pay in {', '.join(paid_in)}")
    if "item" in where:
        systems = {image.os_family for image in public_images().values()}
        known = {*systems, *marketplace_images(), *regions(), *(row.item for row in prices.rows)}
        if str(where["item"]) not in known:
            raise UnknownName("item", str(where["item"]), known)
    tags = [pair for pairs in run.cloud.state.tags.values() for pair in pairs]
    for name in (name for name in where if name.startswith(TAG)):
        values = {"", *(value for key, value in tags if key == name.removeprefix(TAG))}
        if str(where[name]) not in values:
            raise UnknownName(f"value of {name}", str(where[name]), values)


class _NothingMatches(InputError):
    """No charge matches, which is right where the expected cost is 0."""


def _stored_gib(story: Story, run: Run, fields: dict[str, Any]) -> float:
    """GiB stored at a moment (default: at the end of the story), in some region or account or in all."""
    where = fields.get("where") or {}
    cloud = run.cloud
    if "at" in fields:
        moment = parse_time(fields["at"], "at")
        end = max(story.until or run.cloud.now, run.cloud.now)
        if not story.start <= moment <= end:
            raise InputError(f"at is outside the story, {show_time(story.start)} to {show_time(end)}")
        cloud = cloud.as_of(min(moment, cloud.now))
    of_disk = cloud.chain(resolve(run.cloud, run.ids, where["disk"])).id if "disk" in where else None
    stored_bytes = 0
    for chain_id, members in cloud.state.chain_snapshots.items():
        first = cloud.state.snapshots[members[0]]
        place = {"region": first.region, "account": first.account}
        if of_disk in (None, chain_id) and all(place[key] == where[key] for key in place if key in where):
            chain = cloud.state.chains[chain_id]
            stored_bytes += chain.total_blocks() * chain.block_bytes
    return bytes_to_gib(stored_bytes)
