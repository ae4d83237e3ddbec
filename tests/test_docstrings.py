"""What is documented field by field and argument by argument, is so for every one of them."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

from ecs_images import Account
from ecs_images.ledger.events import KINDS, Event

COMMANDS = {name: method for name, method in inspect.getmembers(Account, inspect.isfunction) if name[0] != "_"}
FOR_ALL = {"at", "assumed"}
"""Fields that the module explains once for all events."""


def described(thing: object) -> list[str]:
    """The names that begin a line of a docstring with their description."""
    return re.findall(r"^(\w+): \S", inspect.getdoc(thing) or "", re.MULTILINE)


def test_every_field_of_an_event_has_a_line_in_its_docstring() -> None:
    """Events are read years later, by people who have only the names."""
    said = {name: sorted(described(kind)) for name, kind in KINDS.items()}
    assert said == {name: sorted({part.name for part in fields(kind)} - FOR_ALL) for name, kind in KINDS.items()}


def test_what_all_events_have_is_explained_once() -> None:
    explained = inspect.getdoc(inspect.getmodule(Event)) or ""
    assert all(f"`{name}`" in explained for name in FOR_ALL)


def test_quantities_of_events_come_with_their_unit() -> None:
    """`size_gib` in GiB, blocks in blocks, bytes in bytes, vCPUs in vCPUs."""
    for kind in KINDS.values():
        for name, unit in re.findall(
            r"^(\w+_gib|\w+_blocks|\w+_bytes|vcpus): .*?(\[.+\])?$", inspect.getdoc(kind) or "", re.M
        ):
            assert unit in ("[GiB]", "[block]", "[byte]", "[vCPU]"), f"{kind.__name__}.{name}"


def test_every_argument_of_a_command_has_a_line_in_its_docstring() -> None:
    said = {name: described(command) for name, command in COMMANDS.items()}
    assert said == {name: list(inspect.signature(command).parameters)[1:] for name, command in COMMANDS.items()}
