"""What the provider publishes, as tables for people: images, instance types, products, regions, rules.

images("ubuntu"), images("sles", instance_type="ecs.g7.4xlarge"), instance_types("ecs.c9a.large")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import InputError, did_you_mean, shown
from ..tables import Table
from ..units import Time, parse_time, to_seconds
from . import instance_types as types
from .changes import changes
from .files import published
from .images import (
    PublicImage,
    marketplace_image,
    marketplace_images,
    of_family,
    public_families,
    public_images,
    read_public_id,
    short_names,
)
from .meters import MARKETPLACE_FEE, OS_LICENCE, units
from .prices import PriceBook, Prices
from .regions import region as region_of
from .rule_book import rules as rule_rows
from .schemas import TABLES
from .sites import site

if TYPE_CHECKING:
    import pandas as pd

_USUAL_REGION, _USUAL_TYPE = "cn-hangzhou", "ecs.c6.large"
IMAGES = TABLES["images"]
INSTANCE_TYPES = TABLES["instance types and prices"]
PRODUCTS = TABLES["products and fees"]
REGIONS, RULES = TABLES["regions.csv"], TABLES["rules.csv"]
CHANGED_RULES = TABLES["changed rules"]


def images(
    word: str = "",
    *,
    region: str = _USUAL_REGION,
    instance_type: str = _USUAL_TYPE,
    currency: str = "CNY",
    prices: Prices | None = None,
    at: Time | None = None,
) -> pd.DataFrame:
    """The public images, with the licence fee of each, and the end of its vendor's support (PUB-1).

    word: only those whose id, names or system contain it, in any case; empty: all
    region: where the fee is asked for
    instance_type: the type of the instance it is asked for
    currency: CNY or USD
    prices: the price books; the published ones unless said
    at: the day of the fee; the newest known unless said

    Returns an `IMAGES` table. Raises UnknownName for names, InputError where nothing contains `word`.
    """
    fees = _Fees(region, instance_type, currency, prices, at)
    short: dict[str, list[str]] = {}
    for name, dated in short_names().items():
        for _, image_id in dated:
            short.setdefault(image_id, []).append(name)
    families: dict[str, list[str]] = {}
    for name, dated in public_families().items():
        for _, image_id in dated:
            families.setdefault(image_id, []).append(name)
    rows = []
    family_rows = {row["image_family"] or row["short_name"]: row for row in published("image_families.csv")}
    for row in (*published("public_images.csv"), *published("example_images.csv")):
        names = ", ".join(sorted(set(short.get(row["image_id"], ())))), ", ".join(families.get(row["image_id"], ()))
        system = [row[name] for name in ("os_family", "os_version", "platform", "architecture", "boot_mode", "variant")]
        known = row["release_date"], row["end_of_life_date"], row["status"], row["source"], row["source_date"]
        fee = fees.licence(row["os_family"], row["fee_kind"])
        rows.append((row["image_id"], *names, *system, int(row["system_disk_gib"]), row["fee_kind"], *fee, *known))
    for image in _unlisted(word):
        row = family_rows.get(image.image_id, {})
        source = row.get("source", image.note), row.get("source_date", "")
        known = str(image.release_date or ""), "", image.status, *source
        system = [image.os_family, image.os_version, image.platform, image.architecture, "", image.variant]
        fee = fees.licence(image.os_family, image.fee_kind)
        names = row.get("short_name", ""), row.get("image_family", "")
        rows.append((image.image_id, *names, *system, image.system_disk_gib, image.fee_kind, *fee, *known))
    if isinstance(word, str) and marketplace_image(word):
        raise InputError(f"{word} is a marketplace image; products lists those")
    return _containing(IMAGES, rows, word, range(6))


def _unlisted(word: str) -> Iterator[PublicImage]:
    """The families without a known image and, where `word` is an id that can be read, its image."""
    for name in public_families():
        if (image := of_family(name)) is not None:
            yield image
    if isinstance(word, str) and word not in public_images() and (read := read_public_id(word)) is not None:
        yield read


def instance_types(
    word: str = "",
    *,
    region: str = _USUAL_REGION,
    currency: str = "CNY",
    prices: Prices | None = None,
    at: Time | None = None,
) -> pd.DataFrame:
    """The instance types, with the price of an hour where the book knows one.

    word: only those whose name contains it; a type that is not listed is read from its name
    region, currency, prices, at: as for `images`

    Returns an `INSTANCE_TYPES` table. Raises UnknownName for names, InputError where nothing contains `word`.
    """
    fees = _Fees(region, _USUAL_TYPE, currency, prices, at)
    rows = []
    for row in published("instance_types.csv"):
        name, family, vcpus = row["instance_type"], row["family"], int(row["vcpus"])
        size = name, family, vcpus, float(row["memory_gib"]), row["architecture"]
        rows.append((*size, *fees.price("instance", name), "listed", row["source"], row["source_date"]))
    if str(word).startswith("ecs.") and not any(word.lower() in str(row[0]) for row in rows):
        read = types.read_name(word)
        size = read.name, word.rpartition(".")[0], read.vcpus or 0, read.memory_gib or float("nan"), read.architecture
        rows = [(*size, *fees.price("instance", word), "read from its name", "naming convention", "undated")]
    return _containing(INSTANCE_TYPES, rows, word, range(2))


def products(
    word: str = "",
    *,
    region: str = _USUAL_REGION,
    instance_type: str = _USUAL_TYPE,
    prices: Prices | None = None,
    at: Time | None = None,
) -> pd.DataFrame:
    """The marketplace products, with the fee of each in the currency of the site that sells it.

    word: only those whose code, image id, name, seller or system contain it; empty: all
    region, instance_type, prices, at: as for `images`

    Returns a `PRODUCTS` table. Raises UnknownName for names, InputError where nothing contains `word`.
    """
    rows = []
    by_currency: dict[str, _Fees] = {}
    for row in published("marketplace_images.csv"):
        currency = site(row["site"]).currency
        fees = by_currency.setdefault(currency, _Fees(region, instance_type, currency, prices, at))
        code = row["product_code"]
        values = [row[column.name] for column in PRODUCTS.columns[2:9]]
        known = row["source"], row["source_date"], row["status"]
        size, fee = int(row["system_disk_gib"]), fees.price(MARKETPLACE_FEE, code)
        rows.append((code, marketplace_images()[code].image_id, *values, size, *fee, *known))
    return _containing(PRODUCTS, rows, word, (0, 1, 2, 3, 6))


def regions(word: str = "") -> pd.DataFrame:
    """The regions, those that have closed too.

    word: only those whose id, name, area or country contain it; empty: all

    Returns a table with the columns of `regions.csv`. Raises InputError where nothing contains `word`.

    >>> ecs.regions("cn-beijing")["region_id"].tolist()
    ['cn-beijing']
    """
    return _containing(REGIONS, [tuple(row.values()) for row in published("regions.csv")], word, range(5))


def rules(word: str = "") -> pd.DataFrame:
    """The rules of the service, and whether each is built.

    word: only those whose id, section or sentence contain it; empty: all

    Returns a table with the columns of `rules.csv`. Raises InputError where nothing contains `word`.

    >>> ecs.rules("CHAIN-2")["rule_id"].tolist()
    ['CHAIN-2']
    """
    rows = [tuple(getattr(rule, name) for name in RULES.names) for rule in rule_rows().values()]
    return _containing(RULES, rows, word, (0, 2, 3))


def changed_rules(at: Time) -> pd.DataFrame:
    """The rules of which a day knew an older form than today, or of which no source tells (UNK-18).

    at: the day

    Returns a `CHANGED_RULES` table, empty where all rules were those of today.
    """
    when = parse_time(at, "at")
    rows = []
    for change in changes().values():
        form = "in doubt" if change.in_doubt(when) else "" if change.newer_holds(when, {}) else "older"
        if form:
            told = asdict(change) | {"that_day": form}
            rows.append(tuple(str(told[name]) for name in CHANGED_RULES.names))
    return CHANGED_RULES.frame(rows)


class _Fees:
    """What the price book says of an hour in a region, on a type of instance."""

    def __init__(self, region: str, instance_type: str, currency: str, prices: Prices | None, at: Time | None) -> None:
        self._region = region_of(region).region_id
        vcpus = types.instance_type(instance_type).vcpus
        if vcpus is None:
            raise InputError(f"the name of {instance_type} does not tell its vCPUs, by which fees go")
        self._vcpus = vcpus
        self._book: PriceBook = (prices or Prices.published()).book(currency)
        self._at: datetime | None = None if at is None else parse_time(at, "at")
        self._known: dict[tuple[str, str], tuple[float, str, str, str]] = {}

    def price(self, meter: str, item: str) -> tuple[float, str, str, str]:
        """The price of an hour, its currency, how firm it is and the date of its source."""
        if (meter, item) not in self._known:
            self._known[meter, item] = self._look_up(meter, item)
        return self._known[meter, item]

    def _look_up(self, meter: str, item: str) -> tuple[float, str, str, str]:
        epochs = self._book.schedule(meter, self._region, item, self._vcpus)
        if self._at is not None:
            second = to_seconds(self._at)
            epochs = tuple(epoch for epoch in epochs if epoch.start <= second < epoch.end)
        if not epochs:
            return float("nan"), self._book.currency, "not published", ""
        row = epochs[-1].tiers[0]
        amount = (row.price or 0) * units()[row.unit].per_quantity(self._vcpus)
        return amount, row.currency, row.confidence.replace("_", " "), row.source_date

    def licence(self, os_family: str, fee_kind: str) -> tuple[float, str, str, str]:
        """The same of a system's licence; one that is free for everybody needs no price row (LIC-1)."""
        found = self.price(OS_LICENCE, os_family)
        if fee_kind == "free" and found[2] == "not published":
            return 0.0, found[1], "free by LIC-1", ""
        return found


def _containing(table: Table, rows: Iterable[tuple[object, ...]], word: str, places: Iterable[int]) -> pd.DataFrame:
    """The rows of which one of some columns contains a word; raises InputError for one that none does."""
    if not isinstance(word, str):
        raise InputError(f"word is text to look for, not {shown(word)}")
    everything, places = list(rows), list(places)
    found = [row for row in everything if any(word.lower() in str(row[place]).lower() for place in places)]
    if word and not found:
        near = did_you_mean(word, {str(row[place]) for row in everything for place in places if row[place]})
        raise InputError(f"none of the {table.name} contains {shown(word)}{near}")
    return table.frame(found)
