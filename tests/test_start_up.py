"""What needs no tables does not wait for the libraries of tables."""

from __future__ import annotations

import subprocess
import sys

import pytest

_RUN = """
import sys
from ecs_images.cli import main
try:
    main()
finally:
    print(*sorted({"matplotlib", "numpy", "pandas"} & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["--help"], ["rules"], ["rules", "SHARE-1"], ["prices"], ["prices", "--assumptions"]]
)
def test_help_rules_and_prices_load_no_tables_library(command: list[str]) -> None:
    """Design ground rule 14: frames are made when asked for."""
    done = subprocess.run([sys.executable, "-c", _RUN, *command], capture_output=True, text=True, encoding="utf-8")
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert done.stdout
