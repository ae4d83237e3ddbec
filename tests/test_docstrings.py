"""What is documented field by field and argument by argument, is so for every one of them."""

from __future__ import annotations

import doctest
import inspect
import re
from dataclasses import fields
from typing import Any

import pytest

import ecs_images as ecs
from ecs_images import Account, Bill, Cloud
from ecs_images.ledger.events import KINDS, Event

COMMANDS = {name: method for name, method in inspect.getmembers(Account, inspect.isfunction) if name[0] != "_"}
FOR_ALL = {"at", "assumed"}
"""Fields that the module explains once for all events."""


def described(thing: object) -> list[str]:
    """The names that begin a line of a docstring with their description."""
    return re.findall(r"^(\w+): \S", inspect.getdoc(thing) or "", re.MULTILINE)


def test_every_field_of_an_event_has_a_line_in_its_docstring() -> None:
    """Events are read years later, by people with only the names. A kind of another event adds what is new in it."""
    said = {name: sorted({part for one in kind.__mro__ for part in described(one)}) for name, kind in KINDS.items()}
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


# Examples -------------------------------------------------------------------------------------------


def with_examples() -> dict[str, str]:
    """The docstrings with an example: of the package's names, and of the methods of those that have many."""
    public = {name: getattr(ecs, name) for name in ecs.__all__}
    for kind in (Account, Bill, Cloud):
        methods = ((name, method) for name, method in inspect.getmembers(kind) if name[0] != "_")
        public |= {f"{kind.__name__}.{name}": method for name, method in methods}
    texts = {name: inspect.getdoc(thing) or "" for name, thing in public.items()}
    return {name: text for name, text in texts.items() if ">>>" in text}


@pytest.fixture
def begun() -> dict[str, Any]:
    """What examples go on from: the lines that the package's own docstring begins with, and a bill of 30 days."""
    _, *first, _ = (ecs.__doc__ or "").split("\n\n")
    names: dict[str, Any] = {}
    exec("\n".join(first), names)
    return names | {"bill": ecs.bill(names["cloud"], until="2026-02-14")}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "text"), with_examples().items(), ids=with_examples())
def test_an_example_comes_out_as_it_is_printed(begun: dict[str, Any], name: str, text: str) -> None:
    example = doctest.DocTestParser().get_doctest(text, begun, name, None, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=said.append)
    assert said == []


def test_what_is_called_most_has_an_example() -> None:
    """The commands and questions of the first lesson, and the nouns of the field."""
    wanted = {"bill", "Prices", "Updates", "Story", "Cloud.account", "Cloud.at", "Cloud.fork", "Cloud.chain", "Bill.by"}
    wanted |= {"Bill.total", "Bill.compare", "Bill.explain", "Account.run_instance", "Account.create_image"}
    wanted |= {"Account.copy_image", "Account.share_image", "Account.delete_image", "Account.create_snapshot"}
    assert wanted <= with_examples().keys()
