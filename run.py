"""Set up and run, with nothing but Python 3.11+ with pip and venv.

    python3 run.py             set up, then bill the example story: a table, and a chart in out/
    python3 run.py test        set up for testing, then run all tests
    python3 run.py browser-test  set up, then try the page in Chromium (Debian: apt-get install chromium)
    python3 run.py lab         set up JupyterLab and open the first lesson
    python3 run.py app         set up, then show the share-or-copy workbench as a page
    python3 run.py COMMAND …   set up, then run `ecs-images COMMAND …`

The environment lives in .venv and is made again only when the project's pins change.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE / ".venv"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
EXAMPLE = HERE / "data" / "stories" / "golden_pipeline.yaml"


def set_up(extra: str) -> None:
    """Install the project and one of its extras, unless that was done before with the same pins."""
    pins = b"".join((HERE / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    wanted = hashlib.sha256(pins + sys.version.encode() + extra.encode()).hexdigest()
    stamp = ENVIRONMENT / f"ready-{extra or 'run'}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Setting up; the first time this takes about a minute.", flush=True)
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    target = f"{HERE}[{extra}]" if extra else str(HERE)
    arguments = ["-c", str(HERE / "constraints.txt"), "-e", target]
    # uv is quick; where it cannot be had, pip does the same. Compiled once, every later start is fast.
    quick = _quietly([PYTHON, "-m", "pip", "install", "-q", "uv"]) and _quietly(
        [PYTHON, "-m", "uv", "pip", "install", "-q", "--python", PYTHON, "--compile-bytecode", *arguments]
    )
    if not quick:
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", *arguments], check=True)
    _quietly([PYTHON, "-m", "compileall", "-q", HERE / "ecs_images"])
    stamp.write_text(wanted)


def _quietly(command: list[object]) -> bool:
    done = subprocess.run([str(part) for part in command], capture_output=True)
    return done.returncode == 0


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python meets first
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    if arguments[:1] == ["test"]:
        set_up("test")
        options = arguments[1:] or ["-q", "-n", "2", "--dist", "loadfile"]
        return subprocess.run([PYTHON, "-m", "pytest", *options], cwd=HERE).returncode
    if arguments[:1] == ["browser-test"]:
        set_up("browser")
        return subprocess.run([PYTHON, "-m", "pytest", "-q", "tests/browser", *arguments[1:]], cwd=HERE).returncode
    if arguments[:1] == ["lab"]:
        set_up("lab")
        lesson = HERE / "notebooks" / "00_first_five_minutes.ipynb"
        return subprocess.run([PYTHON, "-m", "jupyter", "lab", lesson, *arguments[1:]]).returncode
    set_up("lab" if arguments[:1] == ["app"] else "")
    if not arguments:
        (HERE / "out").mkdir(exist_ok=True)
        arguments = ["bill", str(EXAMPLE), "--chart", str(HERE / "out" / "golden_pipeline.png")]
    return subprocess.run([PYTHON, "-m", "ecs_images.cli", *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
