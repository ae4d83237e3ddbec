"""`ecs-images images`, `types`, `products` and `regions`: what there is, and what an hour of it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .drawing import console
from .options import File, Form, Layers
from .output import Format, Output

if TYPE_CHECKING:
    import pandas as pd

Word = Annotated[str, typer.Argument(help="only what contains this, in any case")]
Region = Annotated[str, typer.Option(help="where the price is asked for")]
Type = Annotated[str, typer.Option("--type", help="the instance type that the fee is asked for")]
Currency = Annotated[str, typer.Option(help="CNY or USD")]
At = Annotated[str | None, typer.Option(help="the price of this day; default: the newest known")]


def images(
    word: Word = "",
    instance_type: Type = "ecs.c6.large",
    region: Region = "cn-hangzhou",
    currency: Currency = "CNY",
    at: At = None,
    prices: Layers = None,
    form: Form = None,
    path: File = None,
) -> None:
    """List public images and image families, since when each is known, and its licence fee an hour."""
    from ..catalog import listing
    from ..catalog.prices import Prices

    book = Prices.published(*(prices or ()))
    table = listing.images(word, region=region, instance_type=instance_type, currency=currency, prices=book, at=at)
    shown = table[["image_id", "short_names"]].rename(columns={"image_id": "image", "short_names": "short name"})
    shown["system"] = table["os_family"] + " " + table["os_version"] + " " + table["architecture"]
    shown["GiB"], shown["since"] = table["system_disk_gib"], table["known_since"]
    shown["licence"] = _in_words(table)
    Output.of(form, path).table(table, f"licence an hour: {instance_type} in {region}", drawn_as=shown)


def types(
    word: Word = "",
    region: Region = "cn-hangzhou",
    currency: Currency = "CNY",
    at: At = None,
    prices: Layers = None,
    form: Form = None,
    path: File = None,
) -> None:
    """List instance types, and what an hour costs; one that is not listed is read from its name."""
    from ..catalog import listing
    from ..catalog.prices import Prices

    book = Prices.published(*(prices or ()))
    table = listing.instance_types(word, region=region, currency=currency, prices=book, at=at)
    shown = table[["instance_type", "vcpus", "memory_gib", "architecture"]]
    shown = shown.rename(columns={"instance_type": "type", "vcpus": "vCPU", "memory_gib": "GiB"})
    shown["price"], shown["status"] = _in_words(table), table["status"]
    Output.of(form, path).table(table, f"an hour in {region}", drawn_as=shown)


def products(
    word: Word = "",
    instance_type: Type = "ecs.c6.large",
    region: Region = "cn-hangzhou",
    at: At = None,
    prices: Layers = None,
    form: Form = None,
    path: File = None,
) -> None:
    """List marketplace products, and the fee of each an hour."""
    from ..catalog import listing
    from ..catalog.prices import Prices

    book = Prices.published(*(prices or ()))
    table = listing.products(word, region=region, instance_type=instance_type, prices=book, at=at)
    shown = table[["product_code", "image_id", "name", "vendor", "site"]]
    shown = shown.rename(columns={"product_code": "product", "image_id": "image"})
    shown["vendor"] = shown["vendor"].where(shown["vendor"] != "", "not published")
    shown["seen"], shown["fee"] = table["source_date"], _in_words(table)
    Output.of(form, path).table(table, f"fee an hour: {instance_type} in {region}", drawn_as=shown)


def regions(word: Word = "", form: Form = None, path: File = None) -> None:
    """List regions, and the last day of those that have closed."""
    from ..catalog import listing

    table = listing.regions(word)
    Output.of(form, path).table(table, drawn_as=table.drop(columns=["source"]))


def _changed_rules(at: str, rule_id: str | None, output: Output) -> None:
    """Print the rules that differed on a day from today, or may have."""
    from ..catalog import listing

    if rule_id is not None:
        raise InputError("say either a rule or --at; rules of a day are listed together")
    table = listing.changed_rules(at)
    if output.form is Format.table and not len(table):
        console().print(f"all rules were on {at} what they are today")
        return
    output.table(table, drawn_as=table.drop(columns=["key", "older_source", "newer_source", "note"]))


def _in_words(table: pd.DataFrame) -> list[str]:
    """Prices as text, each with how firm it is and the date of its source beside it."""
    columns = [table[name] for name in ("fee_per_hour", "currency", "fee_basis", "fee_source_date")]
    return [
        basis if fee != fee else f"{fee:g} {currency}, {basis} {day}".rstrip()
        for fee, currency, basis, day in zip(*columns, strict=True)
    ]


def rules(
    rule_id: Annotated[str | None, typer.Argument(help="one rule, such as SHARE-1, or a family, such as SHARE")] = None,
    at: Annotated[str | None, typer.Option(help="only rules that differed on this day, such as 2021-06-01")] = None,
    form: Form = None,
    path: File = None,
) -> None:
    """List the rules of the service and whether each is built; or one rule, or one family, in full."""
    from ..catalog import listing, rule_book

    output = Output.of(form, path)
    if at is not None:
        _changed_rules(at, rule_id, output)
        return
    family = [r for r in rule_book.rules().values() if rule_id is None or r.rule_id.startswith(rule_id.upper() + "-")]
    listed = family or [rule_book.rule(str(rule_id))]
    fields = {name: str(getattr(listed[0], name)) for name in listed[0].__slots__}
    if output.form is Format.table and family:
        output.texts(
            ["rule_id", "status", "title", "reason"], [[r.rule_id, r.status, r.title, r.reason] for r in family]
        )
    elif output.form is Format.table:
        output.text("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in fields.items() if value))
    elif output.form is Format.json and not family:
        output.json(fields)
    else:
        output.table(listing.RULES.frame(tuple(getattr(r, name) for name in r.__slots__) for r in listed))
