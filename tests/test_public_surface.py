"""What `import ecs_images` offers, and what it does not load."""

from __future__ import annotations

import subprocess
import sys

import ecs_images as ecs


def test_the_surface_is_complete_sorted_and_about_thirty_names() -> None:
    assert ecs.__all__ == sorted(ecs.__all__)
    assert 15 <= len(ecs.__all__) <= 40
    assert all(getattr(ecs, name) is not None for name in ecs.__all__)
    assert dir(ecs) == ecs.__all__


def test_every_public_name_says_what_it_is() -> None:
    undocumented = [name for name in ecs.__all__ if not (getattr(ecs, name).__doc__ or "").strip()]
    assert undocumented == []


def test_importing_loads_neither_plotting_nor_yaml_nor_the_command_line() -> None:
    heavy = ("matplotlib", "yaml", "typer", "rich", "cattrs")
    code = f"import sys, ecs_images; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
