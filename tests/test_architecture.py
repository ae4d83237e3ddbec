"""The house: a module imports only from floors below its own, or from its own room below itself."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import ecs_images

PACKAGE = Path(ecs_images.__file__).parent

# From the ground floor up; a module may import what stands on an earlier line of its room, or on
# a lower floor. Every module has its place here.
FLOORS: list[list[str]] = [
    ["errors", "units", "tables"],
    [
        "catalog.files", "catalog.regions", "catalog.limits", "catalog.images", "catalog.tables",
        "catalog.price_files", "catalog.prices", "catalog.schemas",
    ],
    [
        "cloud.resources", "cloud.blocks", "cloud.image_events", "cloud.events", "cloud.existing", "cloud.effects",
        "cloud.state",
        "cloud.ledger", "cloud.chains", "cloud.views", "cloud.lineage", "cloud.control", "cloud.naming",
        "cloud.snapshots", "cloud.disks", "cloud.instances", "cloud.images", "cloud.importing", "cloud.exporting",
        "cloud.sharing", "cloud.copying", "cloud.account", "cloud.cloud", "cloud.story_yaml",
        "cloud.story_steps", "cloud.story_expect", "cloud.story",
    ],
    [
        "billing.schema", "billing.metering", "billing.rating", "billing.attribution", "billing.capacity",
        "billing.amounts", "billing.explain", "billing.invoice", "billing.bill", "billing.compare",
        "billing.expectations",
    ],
    [
        "decisions.updates", "decisions.scripts", "decisions.lives", "decisions.question", "decisions.costs",
        "decisions.routes", "decisions.plan", "decisions.breakeven",
        "decisions.closed_form",
    ],
    ["dictionary"],
    [
        "charts.style", "charts.cost", "charts.capacity", "charts.route_cells", "charts.routes", "charts.breakeven",
        "charts.chain_blocks", "charts.chain", "charts.lifecycle", "charts.lineage", "charts.__init__",
    ],
    [
        "teaching.answers", "teaching.misconceptions", "teaching.predict", "teaching.task",
        "teaching.lesson_00", "teaching.lesson_01", "teaching.lesson_02", "teaching.lesson_03",
        "teaching.lesson_04", "teaching.lesson_05", "teaching.lesson_06", "teaching.lesson_07",
        "teaching.lesson_08", "teaching.tasks", "teaching.__init__",
    ],
    [
        "widgets.pages", "widgets.svg", "widgets.panel", "widgets.route_picture", "widgets.share_or_copy",
        "widgets.workbench", "widgets.chain_picture", "widgets.chain", "widgets.life_picture",
        "widgets.lifecycle", "widgets.price_browser", "widgets.__init__",
    ],
    ["cli.output", "cli.show", "cli.page", "cli.app", "cli.__main__", "cli.__init__", "__init__"],
]  # fmt: skip
RANK = {name: rank for rank, name in enumerate(name for floor in FLOORS for name in floor)}
EMPTY = {"catalog.__init__", "cloud.__init__", "billing.__init__", "decisions.__init__"}


def _modules() -> dict[str, ast.Module]:
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def _imports(name: str, tree: ast.Module) -> set[str]:
    """The modules of the package that a module imports, wherever in its text."""
    room = name.split(".")[:-1]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = room[: len(room) - node.level + 1] + (node.module.split(".") if node.module else [])
            found |= {_module(".".join(base), alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("ecs_images")}
    return found


def _module(base: str, name: str) -> str:
    """The module that `from base import name` reads: base itself, its part of that name, or a package."""
    part = f"{base}.{name}" if base else name
    known = (found for found in (base, part, f"{part}.__init__", f"{base}.__init__") if found in RANK)
    return next(known, part)


def test_every_module_has_a_place_in_the_house() -> None:
    assert set(_modules()) == set(RANK) | EMPTY


def test_imports_point_down() -> None:
    upward = [
        f"{name} imports {imported}"
        for name, tree in _modules().items()
        for imported in _imports(name, tree)
        if name not in EMPTY and RANK.get(imported, len(RANK)) >= RANK[name]
    ]
    assert upward == []


def test_charts_know_no_model_code() -> None:
    rooms = {name: tree for name, tree in _modules().items() if name.split(".")[0] == "charts"}
    assert len(rooms) > 5
    assert {found for name, tree in rooms.items() for found in _imports(name, tree)} <= set(rooms)
    outside = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else node.names[0].name.split(".")[0]
        for tree in rooms.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
    }
    assert outside - sys.stdlib_module_names == {"matplotlib", "numpy", "pandas"}


def test_no_module_reads_the_wall_clock_or_chance() -> None:
    forbidden = {"now", "today", "utcnow", "time_ns", "uuid4", "random", "urandom"}
    called = [
        f"{name}: {ast.unparse(node.func)}"
        for name, tree in _modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in forbidden
    ]
    assert called == []


def test_no_module_is_longer_than_a_head_can_hold() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 400} == {}
