"""How soon the package and its commands start, each in a new Python, which set-up has compiled."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rows import OURS, Row, Work

Starts = Callable[[int, Path], Work]


def package() -> Row:
    """A first import of the package."""
    engines = {OURS: _python("import ecs_images"), "pandas": _python("import pandas")}
    return Row("start Python and import the package", "at most 1.3 times pandas", 1, engines, quick=1)


def command() -> Row:
    """Commands that need no pandas."""
    engines = {
        "ecs-images --help": _command("--help"),
        "ecs-images rules": _command("rules"),
        "ecs-images prices": _command("prices"),
        "import pandas": _python("import pandas"),
    }
    return Row("start a command that needs no pandas", "under 350 ms", 1, engines, quick=1)


def _command(name: str) -> Starts:
    return _python(f"import sys; sys.argv[1:] = [{name!r}]; from ecs_images.cli import main; main()")


def _python(code: str) -> Starts:
    def load(size: int, folder: Path) -> Work:
        def work() -> Sequence[float]:
            subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
            return []

        work()
        return work

    return load
