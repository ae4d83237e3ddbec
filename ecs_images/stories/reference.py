"""Every word of a story file, as a page: its parts, its commands with their arguments, its expectations.

What commands take is read from their signatures and docstrings, as the story reader itself reads it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection

from ..billing.dimensions import ANY_TAG
from ..cloud.account import Account
from ..cloud.arguments import Argument, Choice, Kind, Several
from .expect import KINDS
from .steps import COMMANDS, REPEAT_KEYS, STEP_KEYS
from .story import KEYS

_HEAD = """# Story files

A story says what happens to images over time, in YAML. `ecs-images bill STORY` bills it, `ecs-images check STORY` holds
what it expects against what happens. This page is written by `python -m ecs_images.dictionary`; do not edit it by hand.

```yaml
start: 2026-01-15
until: 2026-05-01
accounts: [acme, partner]
parameters: {written: 12}
steps:
  - run_instance: {as: web, account: acme, region: cn-beijing, image: aliyun_3, system_disk: 40, written: "{written}"}
  - create_image: {as: v1, account: acme, instance: web, name: golden-v1}
  - at: 2026-02-14T10:00+08:00
    share_image: {account: acme, image: v1, with_accounts: [partner]}
  - delete_image: {account: acme, image: v1}
    refused: ImageUseShared
expect:
  - {where: {meter: snapshot_standard}, cost: {at_most: 10}}
```

Times without a zone are UTC+8, the billing clock of the service. A name given with `as` stands for what a step makes:
`web`, its disks `web.system_disk` and `web.data_disk_1`, and for an image `v1.system_snapshot` and
`v1.data_snapshot_1`. A step takes place right after the one above it unless `at` or `after` says when.
"""
_FIELD = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<meaning>.*)")


def markdown() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD, "## Parts of a story\n", _table(KEYS), "## Beside a command\n", _table(STEP_KEYS)]
    parts += ["## Repeat\n", "`repeat: {times: 52, every: 7d, as: week}` with `steps` below it.\n", _table(REPEAT_KEYS)]
    parts += ["## Expectations\n", "Each has one of these, and beside it the keys named.\n"]
    rows = {
        kind: f"{meaning}; takes {', '.join(keys)}{_where(names)}" for kind, (meaning, keys, names) in KINDS.items()
    }
    parts += [_table(rows), _BOUNDS, _NAMES, "## Commands\n", "Every command has `account`, who gives it.\n"]
    for name, command in sorted(COMMANDS.items()):
        documented = _documented(name)
        summary = (inspect.getdoc(getattr(Account, name)) or "").partition("\n")[0]
        parts.append(f"### {name}\n\n{summary}\n")
        rows = {key: _described(argument, documented.get(key, "")) for key, argument in command.arguments.items()}
        parts.append(_table(rows))
    return "\n".join(parts)


_BOUNDS = """A figure is a number, right to within 0.0005 unless `within` says otherwise, or a budget: `{at_most: 5}`,
`{at_least: 2}` or `{between: [2, 5]}`.
"""

_NAMES = """## Names of images, and prices of your own

An image goes by its id, a public image family, a short name (`ecs-images images` lists them) or a product code
(`ecs-images products`). A public id that no list has is read: system, size and day stand in it. An instance type that
no list has is read from its name too; where a fee goes by a size that the name does not tell, say `vcpus: 4`. A
marketplace image's fee is not published: `prices: example_prices_china.csv` has a made-up one, to replace with yours.

`prices: FILE` layers prices of your own over the published book. Six columns are enough:

```csv
meter,region_id,unit,currency,price,valid_from
snapshot_standard,all_regions,per_gib_month,CNY,0.06,2026-01-01
```

`data/README.md` has the others. A row of `os_licence` without an `item` prices every system that has a licence. A row
without an effect is a problem, and so is a price more than 20 times off the book's own; `status` `own` says that it is
meant. `ecs-images prices --missing STORY -o mine.csv` writes the rows that a story's bill lacks, to fill in.
"""


def _where(names: Collection[str]) -> str:
    """What the `where` of an expectation may name."""
    return f"; `where` names any of {', '.join(names)}".replace(ANY_TAG, f"`{ANY_TAG}`") if names else ""


def _table(rows: dict[str, str]) -> str:
    lines = ["| key | meaning |", "|---|---|", *(f"| {key} | {meaning} |" for key, meaning in rows.items())]
    return "\n".join(lines) + "\n"


def _described(argument: Argument, meaning: str) -> str:
    need = "" if argument.required else " (may be left out)"
    words = ", ".join(filter(None, (meaning, _in_words(argument.kind))))
    return f"{words}{need}".replace("|", "\\|")


def _in_words(kind: Kind) -> str:
    """What a value must be, where its name does not say so."""
    if isinstance(kind, Choice):
        return f"one of {', '.join(kind.words)}"
    if isinstance(kind, Several):
        return "a list"
    return ""


def _documented(name: str) -> dict[str, str]:
    """What the docstring of a command says of each argument."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(getattr(Account, name)) or "").splitlines():
        field = _FIELD.fullmatch(line)
        if field:
            names = field["names"].split(", ")
            found |= dict.fromkeys(names, field["meaning"])
        elif names and line.startswith("    "):
            found |= {key: f"{found[key]} {line.strip()}" for key in names}
        else:
            names = []
    return found
