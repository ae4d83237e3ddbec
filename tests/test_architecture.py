"""The house: packages are rooms on floors; a module imports from floors below, or from its own room."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import ecs_images

PACKAGE = Path(ecs_images.__file__).parent

# From the ground floor up. What is named here is a room, or a module that stands on a floor by itself;
# rooms of a floor stand side by side and know nothing of each other.
FLOORS = [
    {"errors", "units", "columns", "tables", "saving", "memory", "wording", "cards"},
    {"catalog"},
    {"ledger"},
    {"cloud", "billing", "wire"},
    {"stories", "decisions"},
    {"charts", "accounts"},
    {"widgets", "teaching"},
    {"cli", "dictionary", "__init__"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
CHARTS_KNOW = {"charts", "errors", "units", "cards"}


MODULES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}


class Facts(NamedTuple):
    """What the text of a module says: a tree of its syntax is too large to keep.

    inside: the modules of the package that it imports, wherever in its text
    outside: the packages that it imports from elsewhere
    calls: the functions that it calls by a name with a dot
    """

    inside: frozenset[str]
    outside: frozenset[str]
    calls: tuple[str, ...]


@cache
def _facts(name: str) -> Facts:
    room = name.split(".")[:-1]
    inside: set[str] = set()
    outside: set[str] = set()
    calls = []
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(room[: len(room) - node.level + 1] + (node.module.split(".") if node.module else []))
            inside |= {_module(base, alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            inside |= {whole for whole in names if whole.startswith("ecs_images")}
            outside |= {whole.split(".")[0] for whole in names}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            calls.append(ast.unparse(node.func))
    # `__version__` is a word, not a module.
    return Facts(frozenset(inside - {name, "__version__"}), frozenset(outside), tuple(calls))


def _module(base: str, name: str) -> str:
    """The module that `from base import name` reads: base itself, its part of that name, or a package."""
    part = f"{base}.{name}" if base else name
    known = (found for found in (base, part, f"{part}.__init__", f"{base}.__init__") if found in MODULES)
    return next(known, part)


def _room(name: str) -> str:
    return name.split(".")[0]


def test_every_module_has_a_floor() -> None:
    assert {_room(name) for name in MODULES} == set(FLOOR)


def test_imports_point_down_or_stay_in_their_room() -> None:
    wrong = [
        f"{name} imports {imported}"
        for name in MODULES
        if name != "__init__"  # which loads everything on first use
        for imported in _facts(name).inside
        if _room(imported) != _room(name) and FLOOR[_room(imported)] >= max(FLOOR[_room(name)], 1)
    ]
    assert wrong == []


def test_the_ground_floor_and_every_room_have_an_order_without_a_circle() -> None:
    TopologicalSorter({name: _facts(name).inside for name in MODULES}).prepare()


def test_charts_know_no_model_code() -> None:
    rooms = [name for name in MODULES if _room(name) == "charts"]
    assert len(rooms) > 5
    assert {_room(found) for name in rooms for found in _facts(name).inside} <= CHARTS_KNOW
    outside = {found for name in rooms for found in _facts(name).outside}
    assert outside - sys.stdlib_module_names == {"matplotlib", "numpy", "pandas"}


def test_no_module_reads_the_wall_clock_or_chance() -> None:
    forbidden = {"now", "today", "utcnow", "time_ns", "uuid4", "random", "urandom"}
    called = [
        f"{name}: {call}" for name in MODULES for call in _facts(name).calls if call.rpartition(".")[2] in forbidden
    ]
    assert called == []
