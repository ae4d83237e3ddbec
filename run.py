"""Set up and run, with nothing but Python 3.11+ with pip and venv.

    python3 run.py               set up, then bill the example story: a table, and a chart in out/
    python3 run.py test          set up for testing, then run all tests
    python3 run.py fast          set up for testing, then run the quick tests only, in under half a minute
    python3 run.py browser-test  set up, then try the page in Chromium (Debian: apt-get install chromium)
    python3 run.py lab           set up JupyterLab and open copies of the lessons in my_lessons
    python3 run.py app           set up, then show the share-or-copy workbench as a page
    python3 run.py python …      set up, then run Python with the package
    python3 run.py COMMAND …     set up, then run `ecs-images COMMAND …`:
                                 bill, diff, sweep, check, routes, fees, ledger, account, reconcile; learn; prices,
                                 rules, images, types, products, regions; each has a --help of its own
    python3 run.py --help        print this

The environment lives in .venv and is brought up to date when the project's pins change.
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
UNFINISHED = HERE / ".venv-unfinished"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
EXAMPLE = HERE / "data" / "stories" / "golden_pipeline.yaml"
SIDE_BY_SIDE = ["-q", "-n", "2", "--dist", "loadfile"]


def set_up(extra: str) -> None:
    """Install the project and one of its extras, unless that was done before with the same pins.

    UNFINISHED exists while this works. Where it was left behind, by a lost network or Ctrl-C, nothing in the
    environment is trusted and it is made from nothing.
    """
    wanted = pins(extra)
    stamp = ENVIRONMENT / f"ready-{extra or 'run'}"
    usable = PYTHON.exists() and not UNFINISHED.exists()
    if usable and stamp.exists() and stamp.read_text() == wanted:
        return
    print("Setting up; the first time this takes about a minute.", flush=True)
    UNFINISHED.touch()
    if not usable:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    target = f"{HERE}[{extra}]" if extra else str(HERE)
    arguments = ["-c", str(HERE / "constraints.txt"), "-e", target]
    # uv is quick; where it cannot be had, pip does the same. Compiled once, every later start is fast.
    quick = _quietly([PYTHON, "-m", "pip", "install", "-q", "uv"]) and _quietly(
        [PYTHON, "-m", "uv", "pip", "install", "-q", "--python", PYTHON, "--compile-bytecode", *arguments]
    )
    if not quick and subprocess.run([PYTHON, "-m", "pip", "install", "-q", *arguments]).returncode:
        sys.exit("The libraries were not installed; pip says why above. Only one run.py can set up at a time.")
    _quietly([PYTHON, "-m", "compileall", "-q", HERE / "ecs_images"])
    stamp.write_text(wanted)
    UNFINISHED.unlink()


def pins(extra: str) -> str:
    """A digest of all that decides what set_up installs."""
    files = b"".join((HERE / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return hashlib.sha256(files + sys.version.encode() + extra.encode()).hexdigest()


def _quietly(command: list[object]) -> bool:
    done = subprocess.run([str(part) for part in command], capture_output=True)
    return done.returncode == 0


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python meets first
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
        return 2
    word, others = (arguments[0], arguments[1:]) if arguments else ("", [])
    if word in ("-h", "--help"):
        print(__doc__)
        return 0
    if word == "test":
        return _in("test", "pytest", *(others or SIDE_BY_SIDE))
    if word == "fast":
        return _in("test", "pytest", *SIDE_BY_SIDE, "-m", "not slow", *(others or ["tests"]))
    if word == "browser-test":
        return _in("browser", "pytest", "-q", "tests/browser", *others)
    if word == "lab":
        arguments = ["learn", *others]
    set_up("lab" if word in ("app", "lab", "learn") else "")
    if not arguments:
        (HERE / "out").mkdir(exist_ok=True)
        arguments = ["bill", str(EXAMPLE), "--chart", str(HERE / "out" / "golden_pipeline.png")]
    command = [str(PYTHON), *(others if word == "python" else ["-m", "ecs_images.cli", *arguments])]
    if os.name == "posix":
        os.execv(PYTHON, command)  # so that Ctrl+C and a stop reach the command itself, and it can clean up
    return subprocess.run(command).returncode


def _in(extra: str, module: str, *arguments: str) -> int:
    """Set up an extra, then run a Python module that it installs; returns the exit code."""
    set_up(extra)
    # Where the environment forbids bytecode, every worker would compile all tests again, which takes seconds.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([PYTHON, "-m", module, *arguments], cwd=HERE, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
