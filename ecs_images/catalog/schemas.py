"""The declared columns of every data file; `data/README.md` is written from them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..tables import Column, Table
from .price_files import PRICE_TABLE

_FROM = (
    Column("source", "text", "", "where it stands", True),
    Column("source_date", "text", "", "date of the source; undated where it prints none", True),
)
_CONFIDENCE = Column("confidence", "text", "", "how firm the source is: official, third_party, assumed …", True)
_STATUS = Column("status", "text", "", "published, example, current, superseded …", True)
_NOTE = Column("note", "text", "", "what else a reader must know")
_DATED, _LISTED = (*_FROM, _CONFIDENCE, _NOTE), (*_FROM, _STATUS, _NOTE)
_OS = (Column("os_family", "text", "", "operating system", True), Column("os_version", "text", "", "its version", True))
_ARCHITECTURE = Column("architecture", "text", "", "architecture of the processor", True, ("x86_64", "arm64", "i386"))
_FEE = Column(
    "fee_kind", "text", "", "who is charged a licence (LIC-1, LIC-2)", True, ("free", "fee", "fee_outside_mainland")
)

_PARTS = ("size", "memory", "arm64", "generation", "series_before")
_AREAS = ("mainland_china", "hongkong", "overseas")

_PUBLIC_IMAGE = (
    Column("image_id", "text", "", "id of the image", True),
    *_OS,
    Column("platform", "text", "", "Linux or Windows", True, ("Linux", "Windows")),
    _ARCHITECTURE,
    Column("boot_mode", "text", "", "boot mode where one is published"),
    Column("variant", "text", "", "what sets it apart from the plain image, such as container"),
    Column("language", "text", "", "language of a Windows edition"),
    Column("system_disk_gib", "integer", "GiB", "size of its system disk, as in the id", True),
    _FEE,
    Column("kernel", "text", "", "kernel where one is published"),
    Column("release_date", "date", "", "first day it can be used", True),
    Column("end_of_life_date", "date", "", "end of the vendor's support (PUB-1)"),
    Column("end_of_life_source", "text", "", "where that date stands"),
    *_LISTED,
)


def _file(name: str, row: str, *columns: Column) -> Table:
    return Table(name.replace("_", " "), row, columns)


_TABLES = (
    _file(
        "regions",
        "a region (地域)",
        Column("region_id", "text", "", "id", True),
        Column("name_en", "text", "", "English name", True),
        Column("name_zh", "text", "", "Chinese name", True),
        Column("area", "text", "", "area that decides scopes and licences", True, _AREAS),
        Column("country", "text", "", "ISO 3166 code", True),
        Column("status", "text", "", "open, closing, closed …", True),
        Column("closed_on", "date", "", "last day of service; empty: it goes on"),
        *_FROM,
    ),
    _file(
        "nearest_regions",
        "a region, and whose price stands in for a missing one of its own where that is asked for",
        Column("region_id", "text", "", "the region", True),
        Column("nearest", "text", "", "all others by semicolon, the nearest first", True),
        _FROM[0],
    ),
    _file(
        "sites",
        "a site of the provider",
        Column("site", "text", "", "china or international", True),
        Column("currency", "text", "", "currency of its price list", True),
        Column("detail_decimals", "integer", "", "decimals of the bill's detail, half up (BILL-6)", True),
        Column("paid_decimals", "integer", "", "decimals of what is paid, cut off (BILL-6)", True),
        *_FROM,
    ),
    _file(
        "limits",
        "a limit, quota or switch, from a date",
        Column("key", "text", "", "name, with its unit where it has one", True),
        Column("value", "text", "unit", "a whole number, or a date", True),
        Column("unit", "text", "", "unit of the value", True),
        Column("site", "text", "", "site it holds on; empty: both"),
        Column("valid_from", "date", "", "first day with this value", True),
        *_DATED,
    ),
    _file(
        "dated_rules",
        "a rule that changed, and when each form of it was seen (UNK-18)",
        Column("key", "text", "", "name", True),
        Column("rule_id", "text", "", "the rule", True),
        Column("topic", "text", "", "what it is about", True),
        Column("older", "text", "", "what held", True),
        Column("newer", "text", "", "what holds", True),
        Column("older_last_seen", "date", "", "the last day on which a source says the older", True),
        Column("newer_first_seen", "date", "", "the first day on which a source says the newer", True),
        Column("older_source", "text", "", "where the older stands", True),
        Column("newer_source", "text", "", "where the newer stands", True),
        _NOTE,
    ),
    _file(
        "durations",
        "how long a task typically takes (CREATE-13)",
        Column("task", "text", "", "what is done", True),
        Column("minutes_fixed", "number", "min", "time it takes in any case", True),
        Column("minutes_per_gib", "number", "min per GiB", "time for each GiB it stores", True),
        *_DATED,
    ),
    _file(
        "assumptions",
        "something no source settles",
        Column("assumption_id", "text", "", "UNK of the rule book, ASSUME of the model", True),
        Column("subject", "text", "", "what is not known", True),
        Column("default", "text", "", "what the model takes", True),
        Column("value", "text", "", "the word for that, where `assume` may say another; else empty"),
        Column("values", "text", "", "the words that `assume` may say, by semicolon"),
        Column("used_by", "text", "", "who reads the choice; empty: there is none", values=("", "bills", "commands")),
        Column("why", "text", "", "why that", True),
        _FROM[0],
    ),
    _file(
        "instance_types",
        "an instance type",
        Column("instance_type", "text", "", "name", True),
        Column("family", "text", "", "family", True),
        Column("vcpus", "integer", "vCPU", "what licence fees go by", True),
        Column("memory_gib", "number", "GiB", "memory", True),
        _ARCHITECTURE,
        Column("gpus", "number", "", "graphics processors", True),
        *_FROM,
    ),
    _file(
        "instance_type_names",
        "a part of the names of instance types, and what it tells",
        Column("part", "text", "", "what it is part of", True, _PARTS),
        Column("word", "text", "", "the part", True),
        Column("value", "number", "unit", "the number it stands for; empty: none"),
        Column("unit", "text", "", "unit of the number"),
        *_FROM,
        _NOTE,
    ),
    _file("public_images", "a public image (公共镜像)", *_PUBLIC_IMAGE),
    _file("example_images", "an id that stands for a real one", *_PUBLIC_IMAGE),
    _file(
        "image_families",
        "a public image family (镜像族系)",
        Column("image_family", "text", "", "name; empty where the system has none"),
        Column("short_name", "text", "", "name to use instead where it has none"),
        *_OS,
        _ARCHITECTURE,
        Column("variant", "text", "", "variant of the image"),
        Column("language", "text", "", "language of a Windows edition", values=("", "en", "zh")),
        Column("system_disk_gib", "integer", "GiB", "supposed size where no image of it is known", True),
        _FEE,
        *_FROM,
    ),
    _file(
        "image_id_systems",
        "how the ids of a system's public images begin (ID-1)",
        Column("starts_with", "text", "", "first word of the id", True),
        Column("word", "text", "", "word that stands in the id too; empty: none need"),
        Column("os_family", "text", "", "operating system", True),
        Column("platform", "text", "", "Linux or Windows", True, ("Linux", "Windows")),
        _FEE,
        *_FROM,
        _NOTE,
    ),
    _file(
        "image_short_names",
        "what a short name stands for from a day on",
        Column("short_name", "text", "", "name to use in stories and notebooks", True),
        Column("valid_from", "date", "", "first day it stands for this image", True),
        Column("image_id", "text", "", "the image", True),
        _STATUS,
        _NOTE,
    ),
    _file(
        "marketplace_images",
        "a marketplace product (镜像市场镜像)",
        Column("product_code", "text", "", "product code (商品码); the image goes by it too", True),
        Column("name", "text", "", "name of the product", True),
        Column("vendor", "text", "", "seller where known"),
        Column("site", "text", "", "site it is sold on", True, ("china", "international")),
        Column("regions", "text", "", "regions with it, by semicolon; empty: not published"),
        Column("os_family", "text", "", "operating system", True),
        Column("platform", "text", "", "Linux or Windows", True, ("Linux", "Windows")),
        _ARCHITECTURE,
        Column("system_disk_gib", "integer", "GiB", "size of its system disk", True),
        *_LISTED,
    ),
    _file(
        "scu_coefficients",
        "how much of a storage capacity unit (SCU) a product uses",
        Column("product", "text", "", "product", True),
        Column("region_id", "text", "", "region or scope", True),
        Column("coefficient", "number", "unit", "SCU GiB per GiB", True),
        Column("unit", "text", "", "unit", True),
        *_FROM,
        _CONFIDENCE,
        _STATUS,
        _NOTE,
    ),
    _file(
        "error_codes",
        "a code with which the service refuses an operation",
        Column("operation", "text", "", "API operation; any: every one", True),
        Column("code", "text", "", "code in the service's own spelling", True),
        Column("http_status", "integer", "", "HTTP status; empty where no source gives one (UNK-9)"),
        Column("when", "text", "", "when it comes", True),
        _FROM[0],
    ),
    _file(
        "rules",
        "a rule of the service, and whether it is built",
        Column("rule_id", "text", "", "id, cited in code and tests", True),
        Column("strength", "text", "", "A official 2022-2026, B official 2018-2021, C choice, X superseded"),
        Column("section", "text", "", "subject", True),
        Column("title", "text", "", "the rule in a sentence", True),
        _FROM[0],
        Column("status", "text", "", "whether the model has it", True, ("built", "part", "not built", "text")),
        Column("where", "text", "", "modules that have it"),
        Column("reason", "text", "", "what is missing, and why"),
    ),
    _file(
        "glossary",
        "a word of the service in English and Chinese",
        Column("english", "text", "", "English", True),
        Column("chinese", "text", "", "Chinese", True),
        Column("meaning", "text", "", "meaning", True),
    ),
)
FILES: Mapping[str, Table] = MappingProxyType(
    {f"{table.name.replace(' ', '_')}.csv": table for table in _TABLES}
    | {"prices/*/*.csv": PRICE_TABLE, "examples/*.csv": PRICE_TABLE}
)
"""The table of each data file, by its path below `data/`."""
